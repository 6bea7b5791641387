//! Coverage-guided fuzzing, by libFuzzer, of everything that Segue reads: the targets of `tests/fuzz`.
//!
//! Only the crates of this workspace are compiled to say where they have been; what they stand on is what every other
//! build has. For that, this program takes the compiler's place while the targets are built. Any compiler will do.

use crate::bundle::CHECKED;
use crate::cargo::{self, Workspace};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, ExitCode};

/// How long each target runs unless the user says otherwise.
pub const USUAL_MINUTES: u32 = 10;
/// An input that takes longer than so many seconds is a hang.
const LONGEST_SECONDS: u32 = 2;
/// A run that takes more memory than this has found a bomb. No sanitizer is built in, so it is what Segue takes.
const MOST_MEBIBYTES: u32 = 256;

/// Set for cargo, this makes the program a compiler.
const COMPILE: &str = "SEGUE_FUZZ_COMPILE";
/// What libFuzzer wants to know: which edges of the code were taken, and what was compared with what.
const COVERAGE: [&str; 7] = [
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-sanitizer-coverage-stack-depth",
];

/// Runs every target, or one, each for so many minutes. Stops at the first that finds something: its input is kept in
/// `tests/fuzz/artifacts`, and libFuzzer prints its name.
pub fn run(workspace: &Workspace, minutes: u32, only: Option<&str>) -> Result<()> {
    let folder = workspace.root().join("tests/fuzz");
    let targets = targets(&folder)?;
    let wanted: Vec<&String> = targets.iter().filter(|target| only.is_none_or(|only| only == *target)).collect();
    if wanted.is_empty() {
        bail!("there is no such target; there are {}", targets.join(", "));
    }
    let mut build = workspace.cargo();
    build.args(["build", "--release", "--config", CHECKED, "-p", "segue-fuzz"]);
    build.env(COMPILE, "1").env("RUSTC_WORKSPACE_WRAPPER", std::env::current_exe()?);
    cargo::run(&mut build)?;
    let artifacts = folder.join("artifacts");
    std::fs::create_dir_all(&artifacts).with_context(|| format!("{}: cannot be made", artifacts.display()))?;
    for target in wanted {
        eprintln!("\n== fuzzing {target} for {minutes} min");
        let mut run = Command::new(workspace.binary(&format!("fuzz-{target}")));
        run.arg(folder.join("corpus").join(target)).arg(format!("-artifact_prefix={}/{target}-", artifacts.display()));
        run.args([format!("-max_total_time={}", 60 * minutes), format!("-timeout={LONGEST_SECONDS}")]);
        run.arg(format!("-rss_limit_mb={MOST_MEBIBYTES}")).arg("-print_final_stats=1");
        cargo::run(&mut run)?;
    }
    Ok(())
}

/// Where cargo has started this program instead of the compiler, calls the compiler. `None` everywhere else.
pub fn compile() -> Option<ExitCode> {
    std::env::var_os(COMPILE)?;
    let mut arguments = std::env::args_os().skip(1);
    let mut compiler = Command::new(arguments.next()?);
    compiler.args(arguments);
    // What cargo asks of the compiler itself belongs to no package.
    if std::env::var_os("CARGO_PKG_NAME").is_some() {
        compiler.args(COVERAGE);
    }
    Some(cargo::hand_over(&mut compiler).unwrap_or(ExitCode::FAILURE))
}

/// The names of the targets, in order.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let files =
        folder.join("fuzz_targets").read_dir().with_context(|| format!("{}: is not there", folder.display()))?;
    let paths = files.filter_map(|file| Some(file.ok()?.path()));
    let mut names: Vec<String> = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every target is built, and has something to begin with.
    #[test]
    fn every_fuzz_target_is_built_and_has_a_corpus() {
        let folder = Workspace::find().unwrap().root().join("tests/fuzz");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let targets = targets(&folder).unwrap();
        assert!(targets.len() >= 8, "{targets:?}");
        for target in targets {
            assert!(manifest.contains(&format!("name = \"fuzz-{target}\"")), "{target} is not in the manifest");
            assert!(folder.join("corpus").join(&target).read_dir().unwrap().count() > 0, "{target} has no corpus");
        }
    }
}
