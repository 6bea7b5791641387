//! Builds the plugin and bundles it as hosts expect it.

use crate::cargo::{self, Workspace};
use crate::platform::Platform;
use anyhow::{Context, Result, bail};
use std::env::consts::ARCH;
use std::path::{Path, PathBuf};

const NAME: &str = "Segue";
const LIBRARY: &str = "segue";
const BUNDLE_ID: &str = "org.segue.segue";

/// The licences that are shipped with it: of Segue, of the packages in it, and of the music that it was trained on.
pub const LICENCES: [(&str, &str); 4] = [
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("plugin/THIRD-PARTY.txt", "THIRD-PARTY.txt"),
    ("presets/CREDITS.md", "CREDITS.md"),
];

/// The profile of the bundle under test and of all tests, with debug assertions in our crates.
pub const CHECKED: &str = "xtask/checked.toml";

/// Which build of the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For musicians.
    Shipped,
    /// For the tests: with debug assertions, and with a check that aborts when the audio thread allocates.
    Checked,
}

impl Kind {
    /// The arguments for cargo.
    pub const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Shipped => &[],
            Self::Checked => &["--config", "xtask/checked.toml", "--features", "segue-plugin/assert_process_allocs"],
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::Shipped => "bundled",
            Self::Checked => "checked",
        }
    }
}

/// A CLAP and a VST3, ready to be loaded.
pub struct Bundles {
    /// A file; on macOS a folder.
    pub clap: PathBuf,
    /// A folder.
    pub vst3: PathBuf,
}

impl Bundles {
    /// The paths of both.
    pub fn paths(&self) -> [&Path; 2] {
        [&self.clap, &self.vst3]
    }

    /// The folder in which both lie.
    pub fn folder(&self) -> &Path {
        self.clap.parent().unwrap_or(&self.clap)
    }

    /// Copies both into the user's plugin folders and returns their paths.
    pub fn install(&self) -> Result<[PathBuf; 2]> {
        let folders = Folders::of_user()?;
        let clap = folders.clap.join(file_name(&self.clap)?);
        let vst3 = folders.vst3.join(file_name(&self.vst3)?);
        copy(&self.clap, &clap)?;
        copy(&self.vst3, &vst3)?;
        Ok([clap, vst3])
    }
}

/// Builds the plugin and bundles it in the build folder.
///
/// The plugin is built alone, because cargo unites the features of everything that it builds together, and the features
/// for training and tests do not belong in a DAW.
pub fn build(workspace: &Workspace, kind: Kind) -> Result<Bundles> {
    let mut build = workspace.cargo();
    build.args(["build", "--release", "-p", "segue-plugin"]).args(kind.arguments());
    cargo::run(&mut build)?;
    let folder = workspace.target().join(kind.folder());
    let bundles = lay_out(workspace.platform(), &workspace.library(LIBRARY), &folder)?;
    let resources = bundles.vst3.join("Contents/Resources");
    for (file, name) in LICENCES {
        copy(&workspace.root().join(file), &resources.join(name))?;
    }
    Ok(bundles)
}

fn lay_out(platform: Platform, library: &Path, folder: &Path) -> Result<Bundles> {
    let bundles = Bundles { clap: folder.join(format!("{NAME}.clap")), vst3: folder.join(format!("{NAME}.vst3")) };
    for old in bundles.paths() {
        remove(old)?;
    }
    if platform == Platform::MacOs {
        for bundle in bundles.paths() {
            copy(library, &bundle.join("Contents/MacOS").join(NAME))?;
            write(&bundle.join("Contents/PkgInfo"), "BNDL????")?;
            write(&bundle.join("Contents/Info.plist"), &info_plist())?;
        }
    } else {
        copy(library, &bundles.clap)?;
        copy(library, &bundles.vst3.join("Contents").join(vst3_binary(platform)))?;
    }
    Ok(bundles)
}

/// The path of the library within a VST3 folder, as the VST3 documentation defines it.
fn vst3_binary(platform: Platform) -> String {
    if platform == Platform::Windows {
        let arch = if ARCH == "aarch64" { "arm64" } else { ARCH };
        format!("{arch}-win/{NAME}.vst3")
    } else {
        format!("{ARCH}-linux/{NAME}.so")
    }
}

fn info_plist() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let entries = [
        ("CFBundleExecutable", NAME),
        ("CFBundleIdentifier", BUNDLE_ID),
        ("CFBundleName", NAME),
        ("CFBundlePackageType", "BNDL"),
        ("CFBundleSignature", "????"),
        ("CFBundleShortVersionString", version),
        ("CFBundleVersion", version),
        ("NSHumanReadableCopyright", "MIT OR Apache-2.0"),
    ];
    let lines: String =
        entries.map(|(key, value)| format!("  <key>{key}</key>\n  <string>{value}</string>\n")).concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n{lines}</dict>\n</plist>\n"
    )
}

/// The folders in which hosts look for the plugins of this user.
struct Folders {
    clap: PathBuf,
    vst3: PathBuf,
}

impl Folders {
    fn of_user() -> Result<Self> {
        let (variable, clap, vst3) = if cfg!(target_os = "macos") {
            ("HOME", "Library/Audio/Plug-Ins/CLAP", "Library/Audio/Plug-Ins/VST3")
        } else if cfg!(target_os = "windows") {
            ("LOCALAPPDATA", "Programs/Common/CLAP", "Programs/Common/VST3")
        } else {
            ("HOME", ".clap", ".vst3")
        };
        let Some(home) = std::env::var_os(variable).map(PathBuf::from).filter(|home| home.is_absolute()) else {
            bail!("{variable} names no folder to install to; copy the bundles by hand");
        };
        Ok(Self { clap: home.join(clap), vst3: home.join(vst3) })
    }
}

/// The last part of a path.
pub fn file_name(path: &Path) -> Result<&std::ffi::OsStr> {
    path.file_name().with_context(|| format!("{}: has no name", path.display()))
}

/// Copies a file or a folder. The old one is removed first: a host that has it open keeps it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    remove(to)?;
    if from.is_dir() {
        for entry in from.read_dir().with_context(|| format!("{}: cannot be listed", from.display()))? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    make_room_for(to)?;
    std::fs::copy(from, to).with_context(|| format!("{}: cannot be copied to {}", from.display(), to.display()))?;
    Ok(())
}

/// Writes a file, and its folders.
pub fn write(path: &Path, text: &str) -> Result<()> {
    make_room_for(path)?;
    std::fs::write(path, text).with_context(|| format!("{}: cannot be written", path.display()))
}

fn make_room_for(path: &Path) -> Result<()> {
    let folder = path.parent().with_context(|| format!("{}: lies in no folder", path.display()))?;
    std::fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))
}

/// Removes a file or a folder; a missing one is no error.
pub fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{}: cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}
