//! The package that musicians unpack: plugins, programs, presets, licences and installation notes.

use crate::bundle::{self, Kind, LICENCES, copy};
use crate::cargo::{self, Workspace};
use crate::platform::Platform;
use crate::{mingw, prerequisites};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::env::consts::ARCH;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The installation notes for a system.
const fn note(platform: Platform) -> &'static str {
    match platform {
        Platform::Linux => include_str!("release/linux.txt"),
        Platform::MacOs => include_str!("release/macos.txt"),
        Platform::Windows => include_str!("release/windows.txt"),
    }
}

/// The programs, each with the feature that it needs.
const PROGRAMS: [(&str, &str); 2] = [("segue", "standalone"), ("segue-cli", "cli")];

/// Makes the package for the system that the workspace is built for, and a file with its checksum.
///
/// # Errors
/// When something cannot be built or packed.
pub fn make(workspace: &Workspace) -> Result<PathBuf> {
    prerequisites::ready_to_build()?;
    let platform = workspace.platform();
    if platform == Platform::HERE {
        prerequisites::ready_for_standalone()?;
    }
    let name = format!("segue-{}-{}-{ARCH}", env!("CARGO_PKG_VERSION"), platform.name());
    let packages = workspace.target().join("packages");
    fill(workspace, &packages.join(&name))?;
    let archive = packages.join(format!("{name}.{}", if platform == Platform::Windows { "zip" } else { "tar.gz" }));
    // zip would keep files of an older archive.
    bundle::remove(&archive)?;
    let [program, flags] = archiver(platform)?;
    cargo::run(Command::new(program).arg(flags).current_dir(&packages).arg(&archive).arg(&name))?;
    write_checksum(&archive)?;
    Ok(archive)
}

/// The program that packs, and its flags before the names of the archive and of the folder.
fn archiver(platform: Platform) -> Result<[&'static str; 2]> {
    match (platform, Platform::HERE) {
        // Windows has `tar`, which makes a .zip there if the name says so.
        (Platform::Windows, Platform::Windows) => Ok(["tar", "-acf"]),
        (Platform::Windows, _) => prerequisites::ready_to_zip().map(|()| ["zip", "-qrX"]),
        _ => Ok(["tar", "-czf"]),
    }
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
        copy(&workspace.binary(program), &folder.join(workspace.platform().program(program)))?;
    }
    for (file, name) in LICENCES {
        copy(&workspace.root().join(file), &folder.join("licences").join(name))?;
    }
    if workspace.platform() != Platform::HERE {
        for (file, name) in mingw::RUNTIME_LICENCES {
            copy(Path::new(file), &folder.join("licences").join(name)).context(
                "the licences of mingw-w64's libraries belong into the package; pack on Debian or Ubuntu, with \
                 /usr/share/doc",
            )?;
        }
    }
    let presets = workspace.root().join("presets");
    for entry in presets.read_dir().with_context(|| format!("{}: cannot be listed", presets.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            copy(&path, &folder.join("presets").join(bundle::file_name(&path)?))?;
        }
    }
    for page in ["GUIDE.md", "HOSTS.md"] {
        copy(&workspace.root().join("plugin").join(page), &folder.join(page))?;
    }
    bundle::write(&folder.join("INSTALL.txt"), note(workspace.platform()))
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
