//! Builds for Windows, made on Linux by mingw-w64.
//!
//! The packages that Windows itself makes are built by Microsoft's compilers instead.

use crate::bundle;
use crate::cargo::{CrossBuild, Workspace};
use crate::platform::Platform;
use crate::prerequisites;
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Rust's name for the system.
const TRIPLE: &str = "x86_64-pc-windows-gnu";
/// The variant of mingw-w64's compilers whose C++ has mutexes, which clap-wrapper needs.
pub const COMPILER: &str = "x86_64-w64-mingw32-gcc-posix";
const CPP_COMPILER: &str = "x86_64-w64-mingw32-g++-posix";

/// The licences of what the compilers add to each program and plugin, where Debian's packages have them.
pub const RUNTIME_LICENCES: [(&str, &str); 2] = [
    ("/usr/share/doc/gcc-mingw-w64-base/copyright", "GCC-RUNTIME.txt"),
    ("/usr/share/doc/mingw-w64-x86-64-dev/copyright", "MINGW-W64.txt"),
];

/// Whether this system can build for Windows.
pub const IS_POSSIBLE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// The same checkout, built for Windows. Installs what that needs.
///
/// # Errors
/// When this is not Linux on `x86_64`, or something cannot be installed.
pub fn workspace(here: &Workspace) -> Result<Workspace> {
    ensure!(IS_POSSIBLE, "this needs Linux on x86_64; on Windows, the verb without --windows does it");
    prerequisites::ready_to_build()?;
    prerequisites::ready_for_system(TRIPLE)?;
    prerequisites::ready_to_build_for_windows()?;
    let environment = environment(&here.target().join(Platform::Windows.name()))?;
    Ok(here.crossed(CrossBuild { platform: Platform::Windows, triple: TRIPLE, environment }))
}

/// The environment in which cargo builds for Windows.
fn environment(folder: &Path) -> Result<Vec<(String, OsString)>> {
    let links = libraries(&folder.join("links"))?;
    // Static, because no other machine has the compiler's libraries. clap-wrapper does not name all that it uses.
    let flags = format!("-Lnative={} -Clink-arg=-static -Clink-arg=-luuid -Clink-arg=-lole32", links.display());
    Ok(vec![
        (of_triple("CC"), COMPILER.into()),
        (of_triple("CXX"), CPP_COMPILER.into()),
        (of_triple("AR"), "x86_64-w64-mingw32-ar".into()),
        (for_cargo("LINKER"), CPP_COMPILER.into()),
        (for_cargo("RUSTFLAGS"), flags.into()),
    ])
}

/// The variable by which the crate `cc` knows a tool for this system.
fn of_triple(tool: &str) -> String {
    format!("{tool}_{}", TRIPLE.replace('-', "_"))
}

/// The variable by which cargo knows a setting for this system.
pub fn for_cargo(setting: &str) -> String {
    format!("CARGO_TARGET_{}_{setting}", TRIPLE.replace('-', "_").to_uppercase())
}

/// A folder in which the linker looks first. Windows does not mind capitals, so clap-wrapper asks for `Shell32`. Of the
/// C++ library only the static one is there, because Rust asks for a shared one, which no musician's machine has.
fn libraries(folder: &Path) -> Result<PathBuf> {
    const LIBRARIES: [(&str, &str); 2] = [("libshell32.a", "libShell32.a"), ("libstdc++.a", "libstdc++.a")];
    for (name, alias) in LIBRARIES {
        let asked = Command::new(CPP_COMPILER).arg(format!("-print-file-name={name}")).output();
        let path = asked.with_context(|| format!("{CPP_COMPILER} cannot be started"))?.stdout;
        bundle::copy(Path::new(String::from_utf8_lossy(&path).trim()), &folder.join(alias))?;
    }
    Ok(folder.to_owned())
}
