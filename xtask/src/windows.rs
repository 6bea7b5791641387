//! Segue for Windows, tried on Linux under Wine.
//!
//! Wine is not Windows: [`NOT_SHOWN`] lists what it cannot show.

mod package;
mod screen;
mod wine;

use crate::bundle::{self, Kind};
use crate::cargo::Workspace;
use crate::check::{self, announce, step};
use crate::{mingw, release};
use anyhow::Result;
use std::path::Path;
use std::process::Command;
use wine::Wine;

/// The promises that are tested under Wine, in CLAP and, where they are kept there too, in VST3.
const PROMISES: [&str; 5] = ["turns::", "same_notes::", "states::", "bad_input::", "long_jam::"];

/// What no test here shows of Segue on Windows.
const NOT_SHOWN: [&str; 6] = [
    "more of the window than that it opens: drawing, keys, scale, file dialogs, and 100 openings under automation",
    "sound cards and MIDI ports, in the program without a DAW",
    "real hosts, such as Cubase, Live, Reaper and FL Studio",
    "the priority of the worker thread, and how late notes are on a real Windows",
    "a build by Microsoft's compilers, as `cargo xtask release` makes it on Windows",
    "threads and memory that are left when 100 instances have gone",
];

/// Builds plugin, hosts and programs for Windows, and runs under Wine promises of the bundle under test and the package
/// that musicians unpack.
///
/// # Errors
/// When something cannot be installed or built, or a test fails.
pub fn everything(here: &Workspace) -> Result<()> {
    let windows = mingw::workspace(here)?;
    let wine = Wine::ready(&windows)?;
    let windows = windows.with_environment(wine.environment());
    let windows = windows.with_environment(&[(mingw::for_cargo("RUNNER"), wine.program().into())]);
    announce("the bundle under test, for Windows");
    let checked = bundle::build(&windows, Kind::Checked)?;
    step("promises, under Wine", &mut promises(&windows, checked.folder(), &PROMISES))?;
    announce("the package for Windows");
    let archive = release::make(&windows)?;
    package::try_out(&windows, &wine, &archive)?;
    for what in NOT_SHOWN {
        println!("Not shown by Wine: {what}.");
    }
    Ok(())
}

/// Promises of the plugins in a folder. One after the other, because live tests would be late.
fn promises(windows: &Workspace, folder: &Path, wanted: &[&str]) -> Command {
    let mut promises = check::promises(windows, wine::path(folder));
    promises.args(wanted).arg("--test-threads=1");
    promises
}
