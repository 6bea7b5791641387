//! Wine, with a prefix of its own in the build folder: no user's Wine is changed, and none changes a test.

use super::screen::Screen;
use crate::bundle;
use crate::cargo::{self, Workspace};
use crate::mingw::COMPILER;
use crate::prerequisites;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The shim for a library that Debian's Wine lacks.
const SHIM: &str = include_str!("bcryptprimitives.c");

/// Where distributions put the program.
const PLACES: [&str; 2] = ["wine64", "/usr/lib/wine/wine64"];

/// How long Wine's own programs take to end.
const TIME_TO_END: Duration = Duration::from_secs(1);

type Environment = Vec<(String, OsString)>;

/// Runs programs for Windows.
pub struct Wine {
    program: &'static str,
    environment: Environment,
    /// A shell that waits for words, until this is dropped. Without it, Wine's server ends after each program, and a
    /// program that starts at that moment fails.
    _shell: Child,
    /// The screen of all its programs: if the first of them had none, the later ones could not open a window.
    _screen: Screen,
}

impl Wine {
    /// Installs Wine, and makes its prefix and what it lacks.
    pub fn ready(workspace: &Workspace) -> Result<Self> {
        prerequisites::ready_for_wine()?;
        let is_there = |place: &&str| Command::new(place).arg("--version").output().is_ok();
        let program = PLACES.into_iter().find(is_there).unwrap_or("wine");
        let folder = workspace.target().join("wine");
        let shim = shim(&folder)?;
        let screen = Screen::start()?;
        let environment = [
            ("WINEPREFIX", folder.join("prefix").into_os_string()),
            // A folder in which programs look for libraries, beside their own.
            ("WINEPATH", path(&shim).into()),
            ("WINEDEBUG", "-all".into()),
            ("DISPLAY", screen.display.clone().into()),
            // No menus on the desktop, and no offers to install .NET and a browser.
            ("WINEDLLOVERRIDES", "winemenubuilder.exe,mscoree,mshtml=".into()),
        ];
        let environment: Environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut shell = prepare(program, &environment, Path::new("cmd"));
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let shell = shell.with_context(|| format!("{program} cannot be started"))?;
        let wine = Self { program, environment, _shell: shell, _screen: screen };
        wine.keep_temporary_files_in(&folder.join("temporary"))?;
        Ok(wine)
    }

    /// The program that runs a program for Windows, for cargo.
    pub fn program(&self) -> &'static str {
        self.program
    }

    /// What it needs in its environment.
    pub fn environment(&self) -> &[(String, OsString)] {
        &self.environment
    }

    /// Prepares a program for Windows.
    pub fn command(&self, program: &Path) -> Command {
        prepare(self.program, &self.environment, program)
    }

    /// On the drive of the checkout, because a path without a drive is one of the drive on which a program runs.
    fn keep_temporary_files_in(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
        for variable in ["TEMP", "TMP"] {
            let mut add = self.command(Path::new("reg"));
            add.args(["add", r"HKCU\Environment", "/f", "/v", variable, "/d", &path(folder)]).stdout(Stdio::null());
            cargo::run(&mut add)?;
        }
        Ok(())
    }
}

impl Drop for Wine {
    /// Ends what Wine still runs beside its programs, which would complain in the terminal when the screen goes.
    fn drop(&mut self) {
        let killed = self.command(Path::new("wineboot")).arg("--kill").status();
        if killed.is_ok() {
            std::thread::sleep(TIME_TO_END);
        }
    }
}

fn prepare(wine: &str, environment: &Environment, program: &Path) -> Command {
    let mut command = Command::new(wine);
    command.arg(program).envs(environment.iter().cloned());
    command
}

/// A path as programs under Wine write it.
pub fn path(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', r"\"))
}

/// The folder of the shim, which is built there.
fn shim(folder: &Path) -> Result<PathBuf> {
    let (source, library) = (folder.join("shim/bcryptprimitives.c"), folder.join("shim/bcryptprimitives.dll"));
    bundle::write(&source, SHIM)?;
    let mut build = Command::new(COMPILER);
    cargo::run(build.args(["-shared", "-O2", "-o"]).arg(&library).arg(&source).arg("-ladvapi32"))?;
    Ok(folder.join("shim"))
}

#[cfg(test)]
mod tests {
    use super::path;
    use std::path::Path;

    #[test]
    fn a_path_under_wine_is_on_its_drive_of_the_whole_system() {
        assert_eq!(path(Path::new("/tmp/a b/Segue.clap")), r"Z:\tmp\a b\Segue.clap");
    }
}
