//! Validators from elsewhere, run on the built bundles. They are not installed here, but found in the environment or on
//! the PATH.

use crate::bundle::{self, Bundles, Kind};
use crate::cargo::Workspace;
use crate::prerequisites;
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that checks plugins.
struct Validator {
    /// Its name on the PATH.
    name: &'static str,
    /// The variable with its path, if it is elsewhere.
    variable: &'static str,
    /// The place to get it.
    source: &'static str,
    /// The checks that are run.
    checks: &'static [Check],
}

/// One run of a validator.
struct Check {
    arguments: &'static [&'static str],
    format: BundleFormat,
    times: u32,
    /// Whether it opens windows.
    needs_screen: bool,
}

#[derive(Clone, Copy)]
enum BundleFormat {
    Clap,
    Vst3,
}

/// How long the CLAP is fuzzed.
const FUZZ: &str = "2m";

const VALIDATORS: [Validator; 3] = [
    Validator {
        name: "clap-validator",
        variable: "SEGUE_CLAP_VALIDATOR",
        source: "https://github.com/free-audio/clap-validator",
        checks: &[
            Check {
                arguments: &["validate", "--hide-output"],
                format: BundleFormat::Clap,
                times: 1,
                needs_screen: false,
            },
            Check {
                arguments: &["fuzz", "--duration", FUZZ],
                format: BundleFormat::Clap,
                times: 1,
                needs_screen: false,
            },
        ],
    },
    Validator {
        name: "validator",
        variable: "SEGUE_VST3_VALIDATOR",
        source: "https://github.com/steinbergmedia/vst3sdk",
        checks: &[Check { arguments: &["-e"], format: BundleFormat::Vst3, times: 1, needs_screen: false }],
    },
    Validator {
        name: "pluginval",
        variable: "SEGUE_PLUGINVAL",
        source: "https://github.com/Tracktion/pluginval",
        checks: &[Check {
            arguments: &["--strictness-level", "10", "--validate"],
            format: BundleFormat::Vst3,
            times: 10,
            needs_screen: true,
        }],
    },
];

/// Builds the bundles that are shipped and runs every validator that is found, with a line for each. Their output is
/// kept in the build folder.
///
/// # Errors
/// When one of them finds a fault, or none is found.
pub fn everything(workspace: &Workspace) -> Result<()> {
    prerequisites::ready_to_build()?;
    let bundles = bundle::build(workspace, Kind::Shipped)?;
    let folder = workspace.target().join("validated");
    std::fs::create_dir_all(&folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    let (mut found, mut failed) = (0, 0);
    for validator in &VALIDATORS {
        let Some(program) = validator.find() else {
            let Validator { name, variable, source, .. } = validator;
            println!("{name}: not found; put it on the PATH or name it with {variable} ({source})");
            continue;
        };
        found += 1;
        for check in validator.checks {
            failed += u32::from(!check.passes(validator.name, &program, &bundles, &folder)?);
        }
    }
    ensure!(found > 0, "none of the validators was found, so nothing was checked");
    ensure!(failed == 0, "{failed} of the checks failed; what they printed is in {}", folder.display());
    Ok(())
}

impl Validator {
    fn find(&self) -> Option<PathBuf> {
        let named = std::env::var_os(self.variable).map(PathBuf::from);
        named.or_else(|| on_path(self.name, &std::env::var_os("PATH")?)).filter(|program| program.is_file())
    }
}

fn on_path(name: &str, path: &OsString) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(path).map(|folder| folder.join(&file)).find(|program| program.is_file())
}

impl Check {
    fn passes(&self, name: &str, program: &Path, bundles: &Bundles, folder: &Path) -> Result<bool> {
        if self.needs_screen && cfg!(target_os = "linux") {
            prerequisites::ready_for_windows()?;
        }
        let title = format!("{name} {}", self.arguments.join(" "));
        let mut last_line = String::new();
        for time in 1..=self.times {
            let output = self
                .command(program, bundles)
                .stdin(Stdio::null())
                .output()
                .with_context(|| format!("{}: cannot be started", program.display()))?;
            last_line = last_words(&String::from_utf8_lossy(&output.stdout));
            let printed = [output.stdout, output.stderr].concat();
            let log = folder.join(format!("{} {time}.log", title.replace('/', " ")));
            std::fs::write(&log, &printed).with_context(|| format!("{}: cannot be written", log.display()))?;
            if !output.status.success() {
                println!("{title}: FAILED, run {time} of {} ({}): {last_line}", self.times, output.status);
                return Ok(false);
            }
        }
        println!("{title}: {} of {} passed: {last_line}", self.times, self.times);
        Ok(true)
    }

    fn command(&self, program: &Path, bundles: &Bundles) -> Command {
        let mut command = if self.needs_screen && cfg!(target_os = "linux") {
            // On a screen of its own, so that a hundred windows do not open on the user's.
            let mut screen = Command::new("xvfb-run");
            screen.arg("-a").arg(program);
            screen
        } else {
            Command::new(program)
        };
        let bundle = match self.format {
            BundleFormat::Clap => &bundles.clap,
            BundleFormat::Vst3 => &bundles.vst3,
        };
        command.args(self.arguments).arg(bundle);
        command
    }
}

/// The last line that has a word in it, without colours.
fn last_words(printed: &str) -> String {
    let mut plain = String::new();
    let mut characters = printed.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A colour code ends with a letter.
            let _ends = characters.find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    let has_words = |line: &&str| line.chars().any(char::is_alphanumeric);
    plain.lines().rev().map(str::trim).find(has_words).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_those_of_the_result() {
        assert_eq!(last_words("a\n\u{1b}[1;32m36\u{1b}[0m passed\n------\n\n"), "36 passed");
        assert_eq!(last_words(""), "");
    }

    #[test]
    fn a_program_is_found_on_the_path_and_a_missing_one_is_not() {
        let path = std::env::var_os("PATH").unwrap();
        assert!(on_path("cargo", &path).is_some());
        assert_eq!(on_path("no-such-validator", &path), None);
    }

    /// A program that fails makes the check fail, and one that ends well does not.
    #[test]
    #[cfg(unix)]
    fn a_failing_program_is_a_failed_check() {
        let check = Check { arguments: &["-e"], format: BundleFormat::Vst3, times: 2, needs_screen: false };
        let folder = std::env::temp_dir();
        let bundles = Bundles { clap: "Segue.clap".into(), vst3: "Segue.vst3".into() };
        assert!(check.passes("true", Path::new("/bin/true"), &bundles, &folder).unwrap());
        assert!(!check.passes("false", Path::new("/bin/false"), &bundles, &folder).unwrap());
    }
}
