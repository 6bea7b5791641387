//! Tries what musicians unpack: the programs and plugins of the package for Windows, under Wine.

use super::wine::{self, Wine};
use crate::bundle;
use crate::cargo::{self, Workspace};
use crate::check::step;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The promises that are tested with the plugins of the package, which have no debug assertions.
const PROMISES: [&str; 2] = ["turns::", "vst3::same_notes::"];

/// How long the program without a DAW runs; at first its window takes a while to open.
const JAM: Duration = Duration::from_secs(15);
/// How long it may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(20);

/// Unpacks a package, and tries everything in it.
///
/// # Errors
/// When something in it does not run as it should.
pub fn try_out(windows: &Workspace, wine: &Wine, archive: &Path) -> Result<()> {
    let folder = unpack(archive, &windows.target().join("unpacked"))?;
    improvise(windows, wine, &folder)?;
    jam(wine, &folder)?;
    step("promises of the package, under Wine", &mut super::promises(windows, &folder, &PROMISES))
}

/// Checks the checksum, and returns the folder that was packed.
fn unpack(archive: &Path, folder: &Path) -> Result<PathBuf> {
    let name = bundle::file_name(archive)?.to_string_lossy();
    let packages = archive.parent().context("an archive lies in a folder")?;
    let mut check = Command::new("sha256sum");
    cargo::run(check.current_dir(packages).args(["--check", "--strict"]).arg(format!("{name}.sha256")))?;
    bundle::remove(folder)?;
    cargo::run(Command::new("unzip").arg("-q").arg(archive).arg("-d").arg(folder))?;
    Ok(folder.join(archive.file_stem().context("an archive has a name")?))
}

/// Plays on from a tune, and writes MIDI.
fn improvise(windows: &Workspace, wine: &Wine, folder: &Path) -> Result<()> {
    let tune = windows.root().join("tests/tunes/folk.abc");
    let out = folder.join("answer.mid");
    let mut improvise = wine.command(&folder.join("segue-cli.exe"));
    cargo::run(improvise.args(["improvise", &wine::path(&tune), "--bars", "4", "-o", &wine::path(&out)]))?;
    let written = std::fs::read(&out).with_context(|| format!("{}: was not written", out.display()))?;
    ensure!(written.starts_with(b"MThd"), "{}: is not a MIDI file", out.display());
    println!("segue-cli.exe has written {} bytes of MIDI.", written.len());
    Ok(())
}

/// Starts the program without a DAW, lets it run for a while, and asks it to end as Ctrl-C does.
fn jam(wine: &Wine, folder: &Path) -> Result<()> {
    const STARTED: &str = "no audio device is chosen";
    const NO_WINDOW: &str = "the window does not open";
    // A file and no pipe, because programs that Wine starts beside it may keep a pipe open.
    let log = folder.join("segue.log");
    let file = std::fs::File::create(&log).with_context(|| format!("{}: cannot be written", log.display()))?;
    let mut segue = wine.command(&folder.join("segue.exe"));
    segue.args(["--backend", "dummy", "--preset", "Session"]);
    segue.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut running = segue.spawn().context("segue.exe cannot be started")?;
    std::thread::sleep(JAM);
    if running.try_wait()?.is_none() {
        // Wine makes of the signal what Windows makes of Ctrl-C.
        cargo::run(Command::new("kill").args(["-INT", &running.id().to_string()]))?;
    } else {
        bail!("segue.exe has ended by itself; what it printed is in {}", log.display());
    }
    wait_for_end(&mut running)?;
    let said = std::fs::read_to_string(&log).with_context(|| format!("{}: cannot be read", log.display()))?;
    let is_well = said.contains(STARTED) && !said.contains(NO_WINDOW);
    ensure!(is_well, "segue.exe has not played with its window open; what it printed is in {}", log.display());
    println!("segue.exe has run for {JAM:?} with its window open, and ended when it was asked to.");
    Ok(())
}

fn wait_for_end(running: &mut Child) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = running.try_wait()? {
            ensure!(status.success(), "segue.exe was asked to end as by Ctrl-C, and failed ({status})");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    running.kill()?;
    bail!("segue.exe does not end when it is asked to as by Ctrl-C")
}
