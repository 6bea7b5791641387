//! What the machine must have. On Debian and related systems, missing packages are installed; on others they are named.

use anyhow::{Result, bail};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// Something that the system must provide.
struct Requirement {
    /// What it is, and what it is for.
    what: &'static str,
    /// A command that succeeds when it is there.
    probe: &'static [&'static str],
    /// How to get it.
    fix: Fix,
}

/// How to install a missing requirement.
enum Fix {
    /// With these packages of Debian.
    Packages(&'static [&'static str]),
    /// With this command, which needs no special rights.
    Command(&'static [&'static str]),
}

/// Building needs a linker and, for the VST3, a C++ compiler; the plugin links to no other system library.
const COMPILER: Requirement = Requirement {
    what: "a C++ compiler, which builds the VST3 and links everything",
    probe: &["sh", "-c", "cc --version && c++ --version"],
    fix: Fix::Packages(&["g++", "libc6-dev"]),
};

const FORMATTER: Requirement = Requirement {
    what: "rustfmt, which checks the format",
    probe: &["cargo", "fmt", "--version"],
    fix: Fix::Command(&["rustup", "component", "add", "rustfmt"]),
};

const LINTER: Requirement = Requirement {
    what: "clippy, which looks for lints",
    probe: &["cargo", "clippy", "--version"],
    fix: Fix::Command(&["rustup", "component", "add", "clippy"]),
};

/// Python with the module that makes virtual environments.
const PYTHON: Requirement = Requirement {
    what: "Python 3 with venv, for the VST3 hosts that test the plugin",
    probe: &["python3", "-c", "import venv, ensurepip"],
    fix: Fix::Packages(&["python3", "python3-venv"]),
};

/// A driver for the graphics card; Mesa's works without a card.
const VULKAN: Requirement = Requirement {
    what: "a Vulkan driver, which the tests on the graphics card need",
    probe: &[
        "sh",
        "-c",
        "ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json 2>/dev/null | grep -q . && \
         ldconfig -p | grep -q libvulkan.so.1",
    ],
    fix: Fix::Packages(&["mesa-vulkan-drivers", "libvulkan1"]),
};

/// Reads letters, to compare with.
const ABC_READER: Requirement = Requirement {
    what: "abc2midi, a reader of ABC to compare ours with",
    probe: &["abc2midi", "-ver"],
    fix: Fix::Packages(&["abcmidi"]),
};

const GRAPHICS: Requirement = Requirement {
    what: "libGL.so.1, without which the VST3 host dawdreamer does not start",
    probe: &["python3", "-c", "import ctypes; ctypes.CDLL('libGL.so.1')"],
    fix: Fix::Packages(&["libgl1"]),
};

const SCREEN: Requirement = Requirement {
    what: "Xvfb, the screen on which the editor is tested",
    probe: &["Xvfb", "-help"],
    fix: Fix::Packages(&["xvfb", "xauth"]),
};

/// Libraries that every desktop has and a bare machine lacks. The plugin loads them when its window opens; the last
/// ones are for hosts made with JUCE.
const WINDOWS: Requirement = Requirement {
    what: "what a window needs: OpenGL in software, the keyboard and the pointer of X11",
    probe: &[
        "python3",
        "-c",
        "import ctypes; [ctypes.CDLL(name) for name in ('libGL.so.1', 'libEGL.so.1', 'libX11-xcb.so.1', \
         'libxkbcommon-x11.so.0', 'libXcursor.so.1', 'libXext.so.6', 'libXinerama.so.1', 'libXrandr.so.2')]",
    ],
    fix: Fix::Packages(&[
        "libgl1",
        "libegl1",
        "libgl1-mesa-dri",
        "libx11-xcb1",
        "libxkbcommon-x11-0",
        "libxcursor1",
        "libxext6",
        "libxinerama1",
        "libxrandr2",
    ]),
};

/// A sound server without sound, for the standalone program.
const JACK: Requirement = Requirement {
    what: "jackd, the sound server on which the program without a DAW is tested",
    probe: &["jackd", "--version"],
    fix: Fix::Packages(&["jackd2"]),
};

/// The standalone program uses the system's sound; the plugin does not.
const SOUND: Requirement = Requirement {
    what: "what ALSA and JACK are built against, for the program without a DAW",
    probe: &["pkg-config", "--exists", "alsa", "jack"],
    fix: Fix::Packages(&["libasound2-dev", "libjack-jackd2-dev", "pkg-config"]),
};

/// Compiles C++ for Windows and links for it.
const MINGW: Requirement = Requirement {
    what: "mingw-w64 with POSIX threads, the compilers for Windows",
    probe: &["sh", "-c", "x86_64-w64-mingw32-gcc-posix --version && x86_64-w64-mingw32-g++-posix --version"],
    fix: Fix::Packages(&["gcc-mingw-w64-x86-64-posix", "g++-mingw-w64-x86-64-posix"]),
};

/// Runs programs for Windows.
const WINE: Requirement = Requirement {
    what: "Wine, which runs what was built for Windows",
    probe: &["sh", "-c", "command -v wine64 || test -x /usr/lib/wine/wine64 || command -v wine"],
    fix: Fix::Packages(&["wine64"]),
};

const ZIP: Requirement = Requirement {
    what: "zip and unzip, for the package that is for Windows",
    probe: &["sh", "-c", "zip --version && unzip -v"],
    fix: Fix::Packages(&["zip", "unzip"]),
};

/// Watches a program's memory.
const VALGRIND: Requirement = Requirement {
    what: "valgrind, which finds memory that is never given back",
    probe: &["valgrind", "--version"],
    fix: Fix::Packages(&["valgrind", "libc6-dbg"]),
};

/// Makes sure that leaks can be found.
pub fn ready_to_find_leaks() -> Result<()> {
    VALGRIND.ensure()
}

/// Makes sure that the plugin can be built.
pub fn ready_to_build() -> Result<()> {
    // Other systems use the linker that was installed with Rust.
    if cfg!(target_os = "linux") { COMPILER.ensure() } else { Ok(()) }
}

/// Makes sure that format and lints can be checked.
pub fn ready_to_check() -> Result<()> {
    FORMATTER.ensure()?;
    LINTER.ensure()
}

/// Makes sure that the standalone program can be built.
pub fn ready_for_standalone() -> Result<()> {
    // Other systems have their sound libraries already.
    if cfg!(target_os = "linux") { SOUND.ensure() } else { Ok(()) }
}

/// Makes sure that the standalone program can be tested.
pub fn ready_to_test_standalone() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    JACK.ensure()?;
    ready_for_windows()
}

/// Makes sure that the VST3 hosts can be installed.
pub fn ready_for_python() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    PYTHON.ensure()?;
    GRAPHICS.ensure()
}

/// Makes sure that the readers of files can be compared with others.
pub fn ready_to_compare_readers() -> Result<()> {
    ABC_READER.ensure()
}

/// Makes sure that the editor's window can be opened.
pub fn ready_for_windows() -> Result<()> {
    PYTHON.ensure()?;
    SCREEN.ensure()?;
    WINDOWS.ensure()
}

/// Makes sure that code can be compiled for another system.
pub fn ready_for_system(system: &str) -> Result<()> {
    let add = ["rustup", "target", "add", system];
    if succeeds(&add) {
        return Ok(());
    }
    bail!("Rust's standard library for {system} is missing; `{}` brings it", add.join(" "))
}

/// Makes sure that C++ can be compiled and linked for Windows.
pub fn ready_to_build_for_windows() -> Result<()> {
    MINGW.ensure()
}

/// Makes sure that programs for Windows can be run.
pub fn ready_for_wine() -> Result<()> {
    WINE.ensure()
}

/// Makes sure that a .zip can be written and unpacked.
pub fn ready_to_zip() -> Result<()> {
    ZIP.ensure()
}

/// Makes sure that a graphics card or a driver without one is available.
pub fn ready_for_vulkan() -> Result<()> {
    if cfg!(target_os = "linux") { VULKAN.ensure() } else { Ok(()) }
}

/// Set by `--no-install`: nothing is installed, only named.
static NO_INSTALL: AtomicBool = AtomicBool::new(false);

/// From now on, the command that installs a missing package is only printed.
pub fn install_nothing() {
    NO_INSTALL.store(true, Ordering::Relaxed);
}

impl Requirement {
    fn ensure(&self) -> Result<()> {
        if succeeds(self.probe) {
            return Ok(());
        }
        println!("Missing: {}.", self.what);
        let may_install = !NO_INSTALL.load(Ordering::Relaxed);
        let (commands, advice) = match self.fix {
            Fix::Command(command) => (vec![words(command)], command.join(" ")),
            Fix::Packages(packages) => {
                let advice = format!("apt-get install -y {}", packages.join(" "));
                let Some(apt_get) = apt_get() else {
                    bail!(
                        "{} is missing; on Debian or Ubuntu `{advice}` as root installs it, on another system its \
                         package of the same purpose does",
                        self.what
                    );
                };
                // A fresh machine has no package lists yet.
                let install = [apt_get.clone(), words(&["install", "-y"]), words(packages)].concat();
                (vec![[apt_get, words(&["update"])].concat(), install], advice)
            }
        };
        if !may_install {
            bail!("{} is missing; `{advice}` installs it (packages as root)", self.what);
        }
        for command in commands {
            println!("Installing it: {}", command.join(" "));
            // An update of the lists may fail without harm; the check below decides.
            let [program, arguments @ ..] = command.as_slice() else { continue };
            let _ended = Command::new(program).args(arguments).status();
        }
        if succeeds(self.probe) {
            return Ok(());
        }
        bail!("{} could not be installed; run `{advice}` (packages as root) and try again", self.what)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Runs a command without output; true if it succeeds.
fn succeeds(command: &[&str]) -> bool {
    let [program, arguments @ ..] = command else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The package manager, with the rights to install and without questions; `None` if there is none.
fn apt_get() -> Option<Vec<String>> {
    let apt_get = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    if !cfg!(target_os = "linux") || !succeeds(&["apt-get", "--version"]) {
        return None;
    }
    if is_root() {
        return Some(words(&apt_get));
    }
    succeeds(&["sudo", "--version"]).then(|| words(&[&["sudo"], apt_get.as_slice()].concat()))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}
