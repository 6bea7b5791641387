//! Tries what musicians unpack: programs and plugins of the package for Windows, under Wine.

use super::wine::{self, Wine};
use crate::bundle;
use crate::cargo::{self, Workspace};
use crate::check;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Promises that are tested with the plugins of the package, which have no debug assertions and no counts.
const PROMISES: [&str; 3] = ["turns::", "vst3::same_notes::", "vst3::states::"];

/// How long a program may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the program without a DAW runs.
const JAM: Duration = Duration::from_secs(5);

/// Unpacks a package and tries everything in it.
///
/// # Errors
/// When something in it does not run as it should.
pub fn try_out(windows: &Workspace, wine: &Wine, archive: &Path) -> Result<()> {
    let folder = windows.target().join("unpacked");
    bundle::remove(&folder)?;
    cargo::run(Command::new("unzip").arg("-q").arg(archive).arg("-d").arg(&folder))?;
    let name = archive.file_stem().context("an archive has a name")?;
    let folder = folder.join(name);
    let tune = windows.root().join("tests/tunes/folk.abc");
    let out = folder.join("answer.mid");
    let mut improvise = wine.command(&folder.join("segue-cli.exe"));
    improvise.args(["improvise", &wine::path(&tune), "--bars", "4", "-o", &wine::path(&out)]);
    cargo::run(&mut improvise)?;
    let written = std::fs::read(&out).with_context(|| format!("{}: was not written", out.display()))?;
    ensure!(written.starts_with(b"MThd"), "{}: is not a MIDI file", out.display());
    println!("segue-cli.exe has improvised {} bytes of MIDI", written.len());
    jam(wine, &folder)?;
    cargo::run(check::promises(windows, wine::path(&folder)).args(PROMISES))
}

/// Starts the program without a DAW, lets it play for a while, and asks it to end as Ctrl-C does.
fn jam(wine: &Wine, folder: &Path) -> Result<()> {
    let mut segue = wine.command(&folder.join("segue.exe"));
    segue.args(["--backend", "dummy", "--preset", "Session"]).stdout(Stdio::piped());
    let mut running = segue.spawn().context("segue.exe cannot be started")?;
    let said = running.stdout.take().context("its output is ours")?;
    let first = BufReader::new(said).lines().next().context("segue.exe says nothing")??;
    std::thread::sleep(JAM);
    ensure!(running.try_wait()?.is_none(), "segue.exe has ended by itself");
    // Wine makes of the signal what Windows makes of Ctrl-C.
    cargo::run(Command::new("kill").args(["-INT", &running.id().to_string()]))?;
    end_of(&mut running)?;
    println!("segue.exe has run for {JAM:?} and ended when it was asked to; it said: {first}");
    Ok(())
}

fn end_of(running: &mut Child) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = running.try_wait()? {
            ensure!(status.success(), "segue.exe: {status}");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    running.kill()?;
    bail!("segue.exe does not end when it is asked to")
}
