//! The package that musicians unpack: plugins, programs, presets, licences and installation notes.

use crate::bundle::{self, Kind, LICENCES, copy};
use crate::cargo::{self, Workspace};
use crate::prerequisites;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::env::consts::{ARCH, EXE_SUFFIX, OS};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The installation notes for this system.
const NOTE: &str = if cfg!(target_os = "macos") {
    include_str!("release/macos.txt")
} else if cfg!(target_os = "windows") {
    include_str!("release/windows.txt")
} else {
    include_str!("release/linux.txt")
};

/// The programs, each with the feature that it needs.
const PROGRAMS: [(&str, &str); 2] = [("segue", "standalone"), ("segue-cli", "cli")];

/// Makes the package for this system, and a file with its checksum.
///
/// # Errors
/// When something cannot be built or packed.
pub fn make(workspace: &Workspace) -> Result<PathBuf> {
    prerequisites::ready_to_build()?;
    prerequisites::ready_for_standalone()?;
    let name = format!("segue-{}-{OS}-{ARCH}", env!("CARGO_PKG_VERSION"));
    let packages = workspace.target().join("packages");
    let folder = packages.join(&name);
    fill(workspace, &folder)?;
    let archive = packages.join(format!("{name}.{}", if cfg!(windows) { "zip" } else { "tar.gz" }));
    // Windows has `tar` too, which makes a .zip there if the name says so.
    let mut tar = Command::new("tar");
    let how = if cfg!(windows) { "-acf" } else { "-czf" };
    cargo::run(tar.arg(how).arg(&archive).arg("-C").arg(&packages).arg(&name))?;
    write_checksum(&archive)?;
    Ok(archive)
}

fn fill(workspace: &Workspace, folder: &Path) -> Result<()> {
    let bundles = bundle::build(workspace, Kind::Shipped)?;
    bundle::remove(folder)?;
    for bundle in bundles.paths() {
        copy(bundle, &folder.join(bundle::file_name(bundle)?))?;
    }
    for (program, feature) in PROGRAMS {
        let mut build = workspace.cargo();
        build.args(["build", "--release", "-p", "segue-plugin", "--bin", program, "--features", feature]);
        cargo::run(&mut build)?;
        copy(&workspace.binary(program), &folder.join(format!("{program}{EXE_SUFFIX}")))?;
    }
    for (file, name) in LICENCES {
        copy(&workspace.root().join(file), &folder.join("licences").join(name))?;
    }
    let presets = workspace.root().join("presets");
    for entry in presets.read_dir().with_context(|| format!("{}: cannot be listed", presets.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            copy(&path, &folder.join("presets").join(bundle::file_name(&path)?))?;
        }
    }
    copy(&workspace.root().join("plugin/GUIDE.md"), &folder.join("GUIDE.md"))?;
    bundle::write(&folder.join("INSTALL.txt"), NOTE)
}

/// In the format of `sha256sum --check`.
fn write_checksum(archive: &Path) -> Result<()> {
    let bytes = std::fs::read(archive).with_context(|| format!("{}: cannot be read", archive.display()))?;
    let mut sum = String::new();
    for byte in Sha256::digest(bytes) {
        write!(sum, "{byte:02x}")?;
    }
    let name = bundle::file_name(archive)?.to_string_lossy().into_owned();
    bundle::write(&archive.with_file_name(format!("{name}.sha256")), &format!("{sum}  {name}\n"))
}
