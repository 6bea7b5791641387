//! How programs are started, and where cargo puts its output.

use crate::platform::Platform;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The systems that Segue runs on. Other systems would add packages that no musician gets.
pub const SYSTEMS: [&str; 3] = ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc", "aarch64-apple-darwin"];

/// This checkout and its build folder.
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    /// `None` where cargo builds for this system.
    cross: Option<CrossBuild>,
}

/// How to build for another system.
pub struct CrossBuild {
    /// The system.
    pub platform: Platform,
    /// Rust's name for the system and its processor, which is the same as here.
    pub triple: &'static str,
    /// What cargo and the tests need in their environment.
    pub environment: Vec<(String, OsString)>,
}

impl Workspace {
    /// Asks cargo, because the environment or any of its configuration files may set the build folder.
    pub fn find() -> Result<Self> {
        let mut ask = Command::new(program());
        ask.args(["metadata", "--format-version", "1", "--no-deps"]).args(["--manifest-path", manifest()]);
        let answer = ask.output().context("cargo cannot be started")?;
        if !answer.status.success() {
            bail!("cargo cannot read this workspace: {}", String::from_utf8_lossy(&answer.stderr).trim());
        }
        let text = String::from_utf8_lossy(&answer.stdout);
        let path = |key| {
            string_in_json(&text, key).map(PathBuf::from).with_context(|| format!("cargo does not report its {key}"))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, cross: None })
    }

    /// The same checkout, built for another system in a folder of its own within the build folder.
    pub fn crossed(&self, cross: CrossBuild) -> Self {
        Self { root: self.root.clone(), target: self.target.join(cross.platform.name()), cross: Some(cross) }
    }

    /// The same with more in the environment of what is built for another system.
    pub fn with_environment(mut self, more: &[(String, OsString)]) -> Self {
        if let Some(cross) = &mut self.cross {
            cross.environment.extend_from_slice(more);
        }
        self
    }

    /// The system that it is built for.
    pub fn platform(&self) -> Platform {
        self.cross.as_ref().map_or(Platform::HERE, |cross| cross.platform)
    }

    /// The checkout.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The build folder.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A cargo command that runs in the checkout.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(program());
        // The target folder is absolute, because a relative path in the environment would mean another folder here.
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        if let Some(cross) = &self.cross {
            cargo.env("CARGO_BUILD_TARGET", cross.triple).envs(cross.environment.iter().cloned());
        }
        cargo
    }

    /// The path of a program in an optimised build.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.optimised().join(self.platform().program(name))
    }

    /// The path of a shared library in an optimised build.
    pub fn library(&self, name: &str) -> PathBuf {
        self.optimised().join(self.platform().library(name))
    }

    fn optimised(&self) -> PathBuf {
        let of_system = self.cross.as_ref().map_or(self.target.clone(), |cross| self.target.join(cross.triple));
        of_system.join("release")
    }
}

/// Runs a program and waits; its failure becomes an error.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = || {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    };
    let name = shown();
    let status = command.status().with_context(|| format!("`{name}` cannot be started"))?;
    if status.success() { Ok(()) } else { bail!("`{name}` failed ({status})") }
}

/// Runs a program that reports its own errors, and waits; its exit code becomes ours.
pub fn hand_over(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    // A program that was killed has no exit code.
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

const fn manifest() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")
}

/// The string under a key that occurs once. This is enough for two paths.
fn string_in_json(json: &str, key: &str) -> Option<String> {
    let rest = json.split_once(&format!("\"{key}\":\""))?.1;
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::string_in_json;

    #[test]
    fn paths_are_read_with_their_backslashes() {
        let json = r#"{"version":1,"workspace_root":"C:\\songs\\segue","target_directory":"/tmp/b"}"#;
        assert_eq!(string_in_json(json, "workspace_root").as_deref(), Some(r"C:\songs\segue"));
        assert_eq!(string_in_json(json, "target_directory").as_deref(), Some("/tmp/b"));
        assert_eq!(string_in_json(json, "missing"), None);
    }
}
