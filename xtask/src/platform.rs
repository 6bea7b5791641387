//! The systems that Segue is built for, and what files are called there.

/// A system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    Linux,
    MacOs,
    Windows,
}

impl Platform {
    /// The system that this program was built for, and runs on.
    pub const HERE: Self = if cfg!(target_os = "macos") {
        Self::MacOs
    } else if cfg!(windows) {
        Self::Windows
    } else {
        Self::Linux
    };

    /// As in the names of packages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::MacOs => "macos",
            Self::Windows => "windows",
        }
    }

    /// The file of a shared library.
    pub fn library(self, name: &str) -> String {
        match self {
            Self::Linux => format!("lib{name}.so"),
            Self::MacOs => format!("lib{name}.dylib"),
            Self::Windows => format!("{name}.dll"),
        }
    }

    /// The file of a program.
    pub fn program(self, name: &str) -> String {
        if self == Self::Windows { format!("{name}.exe") } else { name.to_owned() }
    }
}
