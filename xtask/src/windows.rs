//! Segue for Windows, tried on Linux under Wine.
//!
//! Wine is not Windows: [`NOT_SHOWN`] lists what it cannot show.

mod package;
mod wine;

use crate::bundle::{self, Bundles, Kind};
use crate::cargo::{self, Workspace};
use crate::check::{self, Extent, announce, step};
use crate::platform::Platform;
use crate::{mingw, release};
use anyhow::{Context, Result, ensure};
use std::process::Command;
use wine::Wine;

/// Promises that do not run under Wine, each with the reason.
const LEFT_OUT: [(&str, &str); 3] = [
    ("editor::", "a window needs a screen, and the host of these tests opens windows by X11"),
    ("life::", "threads and memory are counted by Linux's /proc"),
    ("hosts::", "pedalboard, dawdreamer and Ardour are programs for Linux here"),
];

/// What no test here shows of Segue on Windows.
const NOT_SHOWN: [&str; 6] = [
    "the window: drawing, keys, scale, file dialogs, and 100 openings under automation",
    "sound cards and MIDI ports, in the program without a DAW",
    "real hosts, such as Cubase, Live, Reaper and FL Studio",
    "the priority of the worker thread, and how late notes are on a real Windows",
    "a build by Microsoft's compilers, as `cargo xtask release` makes it on Windows",
    "threads and memory that are left when 100 instances have gone",
];

/// Sequences that the random host plays here; it plays more on Linux.
const SEQUENCES: &str = "20";
/// Renders that are compared with those on Linux, event by event.
const RENDERS: &str = "20";

/// Builds plugin, hosts and programs for Windows, and runs under Wine what needs no window.
///
/// # Errors
/// When something cannot be installed or built, or a test fails.
pub fn everything(here: &Workspace) -> Result<()> {
    let windows = mingw::workspace(here)?;
    let wine = Wine::ready(&windows)?;
    let windows = windows.with_environment(wine.environment());
    let windows = windows.with_environment(&[(mingw::for_cargo("RUNNER"), wine.program().into())]);
    let extent = Extent::usual();
    let tests = || {
        let mut cargo = windows.cargo();
        cargo.envs(extent.environment()).env_remove("DISPLAY");
        cargo
    };
    step("tests of the host, under Wine", check::host_tests(&mut tests()))?;
    step("tests of the engine, under Wine", check::engine_tests(&mut tests()))?;
    step("tests of the plugin and its programs, under Wine", check::plugin_tests(&mut tests()))?;
    announce("the bundle under test, for Windows");
    let checked = bundle::build(&windows, Kind::Checked)?;
    step("promises, under Wine", &mut promises(&windows, &checked))?;
    announce("the same notes as on Linux");
    same_notes_as_here(here, &windows, &wine)?;
    announce("the package for Windows");
    let archive = release::make(&windows, &release::folder(here))?;
    package::try_out(&windows, &wine, &archive)?;
    for (promises, reason) in LEFT_OUT {
        println!("Not run under Wine: the promises {promises} ({reason}).");
    }
    for what in NOT_SHOWN {
        println!("Not shown by Wine: {what}.");
    }
    Ok(())
}

/// Those of the promises that can be kept under Wine. One after the other, because live tests would be late.
fn promises(windows: &Workspace, bundles: &Bundles) -> Command {
    let mut promises = check::promises(windows, wine::path(bundles.folder()));
    promises.env(check::SEQUENCES, SEQUENCES);
    promises.args(LEFT_OUT.iter().flat_map(|(left_out, _)| ["--skip", *left_out])).arg("--test-threads=1");
    promises
}

/// Renders the same sequences with the plugin for this system and with the one for Windows.
fn same_notes_as_here(here: &Workspace, windows: &Workspace, wine: &Wine) -> Result<()> {
    let folder = windows.target().join("renders");
    std::fs::create_dir_all(&folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    let mut written = Vec::new();
    for workspace in [here, windows] {
        let bundles = bundle::build(workspace, Kind::Shipped)?;
        let mut build = workspace.cargo();
        cargo::run(build.args(["build", "--release", "-p", "segue-tests", "--bin", "renders"]))?;
        let out = folder.join(format!("{}.txt", workspace.platform().name()));
        let program = workspace.binary("renders");
        let mut renders = if workspace.platform() == Platform::HERE {
            let mut renders = Command::new(program);
            renders.arg("--plugin").arg(bundles.clap).arg("--out").arg(&out);
            renders
        } else {
            let mut renders = wine.command(&program);
            renders.args(["--plugin", &wine::path(&bundles.clap), "--out", &wine::path(&out)]);
            renders
        };
        cargo::run(renders.args(["--count", RENDERS]))?;
        written.push(std::fs::read_to_string(&out).with_context(|| format!("{}: cannot be read", out.display()))?);
    }
    let [ours, theirs] = written.as_slice() else { return Ok(()) };
    let differ = ours.lines().zip(theirs.lines()).find(|(one, other)| one != other);
    ensure!(differ.is_none(), "the first difference between Linux and Windows, of {}: {differ:?}", folder.display());
    ensure!(ours == theirs, "one system plays more than the other, see {}", folder.display());
    println!("{RENDERS} renders, {} lines, and every event of them is the same", ours.lines().count());
    Ok(())
}
