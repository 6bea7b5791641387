//! The VST3 hosts and the MIDI reader by other authors: Python packages, in a folder of their own in the build folder.

use crate::cargo::Workspace;
use crate::prerequisites;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Pinned, because a test whose tools change proves nothing.
const PACKAGES: [&str; 4] = ["numpy==2.3.5", "pedalboard==0.9.26", "dawdreamer==0.9.0", "mido==1.3.3"];

/// The Python that has the hosts; it is created if it is missing or has other versions.
pub fn python(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("venv");
    let python = if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python3") };
    let stamp = folder.join("segue-packages");
    let wanted = PACKAGES.join("\n");
    if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    prerequisites::ready_for_python()?;
    make(&folder, &python)?;
    std::fs::write(&stamp, wanted).with_context(|| format!("{}: cannot be written", stamp.display()))?;
    Ok(python)
}

fn make(folder: &Path, python: &Path) -> Result<()> {
    let system = if cfg!(windows) { "python" } else { "python3" };
    println!("Making {} with {}.", folder.display(), PACKAGES.join(", "));
    let made = Command::new(system).args(["-m", "venv", "--clear"]).arg(folder).status();
    if !made.is_ok_and(|status| status.success()) {
        bail!("`{system} -m venv {}` failed; install the packages python3 and python3-venv", folder.display());
    }
    let mut install = Command::new(python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]);
    if !install.args(PACKAGES).status().is_ok_and(|status| status.success()) {
        bail!("what the tests need of PyPI ({}) cannot be fetched; they need the network once", PACKAGES.join(", "));
    }
    Ok(())
}
