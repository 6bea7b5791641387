//! What the machine must have. On Debian and its relatives, what is missing is installed; elsewhere it is named.

use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// Something that the system provides.
struct Need {
    /// For whom it is missing.
    what: &'static str,
    /// A command that succeeds when it is there.
    probe: &'static [&'static str],
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
}

/// Building takes a linker and nothing else: the plugin opens no system library.
const LINKER: Need =
    Need { what: "a C compiler, to link with", probe: &["cc", "--version"], packages: &["gcc", "libc6-dev"] };

/// Python and its way to make a folder with packages, for the hosts that others wrote.
const PYTHON: Need = Need {
    what: "Python 3 with venv, for the VST3 hosts that test the plugin",
    probe: &["python3", "-c", "import venv, ensurepip"],
    packages: &["python3", "python3-venv"],
};

/// Sees to it that the plugin can be built.
pub fn ready_to_build() -> Result<()> {
    // Other systems link with what their Rust was installed with.
    if cfg!(target_os = "linux") { LINKER.meet() } else { Ok(()) }
}

/// Sees to it that the VST3 hosts can be set up.
pub fn ready_for_python() -> Result<()> {
    PYTHON.meet()
}

impl Need {
    fn meet(&self) -> Result<()> {
        if self.is_met() {
            return Ok(());
        }
        println!("Missing: {}.", self.what);
        let advice = format!("apt-get install -y {}", self.packages.join(" "));
        let Some(mut install) = apt_get() else {
            bail!(
                "{} is missing; on Debian or Ubuntu `{advice}` as root installs it, elsewhere the packages of the same \
                 purpose do",
                self.what
            );
        };
        install.args(["install", "-y"]).args(self.packages);
        println!("Installing it: {}{advice}", if is_root() { "" } else { "sudo " });
        let installed = install.status().is_ok_and(|status| status.success());
        if installed && self.is_met() {
            return Ok(());
        }
        bail!("{} could not be installed; run `{advice}` as root and try again", self.what)
    }

    fn is_met(&self) -> bool {
        succeeds(self.probe)
    }
}

/// Quiet, and true when the command ends well.
fn succeeds(command: &[&str]) -> bool {
    let [program, arguments @ ..] = command else {
        return false;
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The installer, with the right to install; `None` where there is none.
fn apt_get() -> Option<Command> {
    if !cfg!(target_os = "linux") || !succeeds(&["apt-get", "--version"]) {
        return None;
    }
    if is_root() {
        // A fresh image has no lists of packages yet.
        succeeds(&["apt-get", "update"]);
        return Some(Command::new("apt-get"));
    }
    if !succeeds(&["sudo", "--version"]) {
        return None;
    }
    let mut sudo = Command::new("sudo");
    sudo.arg("apt-get");
    Some(sudo)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}
