//! All checks that a change must pass, the cheapest first.

use crate::bundle::{self, CHECKED, Kind};
use crate::cargo::{self, SYSTEMS, Workspace};
use crate::{licences, prerequisites, venv};
use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// For lints and docs, which cover everything at once.
const ALL_FEATURES: [&str; 2] =
    ["--features", "segue-plugin/assert_process_allocs,segue-plugin/cli,segue-plugin/standalone"];

/// Tests that measure print their figures: this shows them even if the tests pass.
const FIGURES: &str = "--show-output";

/// How long the long runs are, and which seeds the random tests use.
pub struct Extent {
    /// The environment of the tests.
    environment: Vec<(&'static str, String)>,
}

/// The variables that lengthen the promises; `tests/` describes them.
const NIGHTLY: &str = "SEGUE_NIGHTLY";
const SEQUENCES: &str = "SEGUE_SEQUENCES";
const SEED: &str = "SEGUE_SEED";

/// The variable that names the folder of the bundles under test.
const BUNDLES: &str = "SEGUE_BUNDLES";

/// The same for property tests: proptest reads these itself.
const CASES: &str = "PROPTEST_CASES";
const CASES_SEED: &str = "PROPTEST_RNG_SEED";

/// The promises that take long or need the machine to themselves.
const LONG_RUNS: [&str; 4] = ["random_host::", "long_jam::", "people::", "fast_hosts::"];

impl Extent {
    /// The usual extent, always the same, so that a change never fails because of an unrelated random case.
    pub fn usual() -> Self {
        Self { environment: vec![(CASES_SEED, "1".to_owned())] }
    }

    /// The environment of the tests.
    fn environment(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.environment.iter().cloned()
    }

    /// The nightly extent, half an hour long: more cases, and different ones every night.
    pub fn of_this_night() -> Self {
        const PER_NIGHT: u64 = 2_000;
        const CASES_PER_NIGHT: u64 = 4_096;
        const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
        let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        let first = now / SECONDS_PER_DAY * PER_NIGHT;
        println!("This night's sequences have the seeds from {first} on.");
        let count = |variable, count: u64| (variable, count.to_string());
        let promises = [count(NIGHTLY, 1), count(SEQUENCES, PER_NIGHT), count(SEED, first)];
        let properties = [count(CASES, CASES_PER_NIGHT), count(CASES_SEED, first)];
        Self { environment: promises.into_iter().chain(properties).collect() }
    }
}

/// Runs every step and stops at the first that fails. Nothing is printed after the last step, so that a run ends with
/// its result.
pub fn everything(workspace: &Workspace, extent: &Extent) -> Result<()> {
    prerequisites::ready_to_build()?;
    prerequisites::ready_to_check()?;
    prerequisites::ready_for_standalone()?;
    step("format", workspace.cargo().args(["fmt", "--all", "--check"]))?;
    step("tests of xtask", workspace.cargo().args(["test", "--quiet", "-p", "xtask"]))?;
    step("orders of threads", workspace.cargo().args(["test", "--quiet", "-p", "segue-loom"]))?;
    announce("the packages of the plugin");
    check_packages(workspace)?;
    announce("the licences of what is built in");
    licences::check(workspace)?;
    step("lints", lints(&mut workspace.cargo()))?;
    step("docs", docs(&mut workspace.cargo()))?;
    let tests = || {
        let mut cargo = workspace.cargo();
        cargo.envs(extent.environment());
        cargo
    };
    step("tests of the host", host_tests(&mut tests()))?;
    prerequisites::ready_to_test_standalone()?;
    step("tests of the engine", engine_tests(&mut tests()))?;
    step("tests of the plugin", plugin_tests(&mut tests()))?;
    step("tests of the model", model_tests(&mut tests()))?;
    announce("the bundle under test");
    let checked = bundle::build(workspace, Kind::Checked)?;
    announce("the VST3 hosts");
    let python = venv::python(workspace)?;
    let promises = || {
        let mut promises = promises(workspace, checked.folder());
        promises.env("SEGUE_PYTHON", &python);
        promises
    };
    if cfg!(target_os = "linux") {
        prerequisites::ready_for_windows()?;
        // One after the other: a test that uses a window's controls must not wait while another window is drawn.
        step("the window", promises().args(["editor::", "--test-threads=1"]))?;
    }
    let skipped = LONG_RUNS.into_iter().chain(["editor::"]).flat_map(|test| ["--skip", test]);
    step("promises", promises().args(skipped))?;
    // Last, because they take longest; and alone, because live tests would be late beside others, and a host that is
    // fast would not be fast enough to be noticed.
    step("long runs", promises().args(LONG_RUNS).arg("--test-threads=1").envs(extent.environment()))
}

/// Runs the random host alone: this many sequences, with seeds from this one on.
pub fn random_host(workspace: &Workspace, count: u64, seed: u64) -> Result<()> {
    prerequisites::ready_to_build()?;
    let checked = bundle::build(workspace, Kind::Checked)?;
    let mut random_host = promises(workspace, checked.folder());
    random_host.arg("random_host::whatever").env(SEQUENCES, count.to_string()).env(SEED, seed.to_string());
    step("the random host", &mut random_host)
}

/// Plays a hundred instances of the built plugin under valgrind. Whatever nothing points to any more is an error.
pub fn leaks(workspace: &Workspace) -> Result<()> {
    const RUNNER: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER";
    // Values that depend on uninitialised memory are left to Miri: there valgrind takes what the compiler makes of
    // comparisons for mistakes.
    const VALGRIND: &str = "valgrind --leak-check=full --errors-for-leak-kinds=definite,indirect --error-exitcode=9 \
                            --undef-value-errors=no";
    prerequisites::ready_to_build()?;
    prerequisites::ready_to_find_leaks()?;
    let checked = bundle::build(workspace, Kind::Checked)?;
    let mut instances = promises(workspace, checked.folder());
    instances.args(["--ignored", "--exact", "life::instances_one_after_the_other"]).env(RUNNER, VALGRIND);
    step("a hundred instances under valgrind", &mut instances)
}

/// The tests of the built plugin in a folder of bundles, with their figures; the caller adds arguments for the tests.
pub fn promises(workspace: &Workspace, bundles: impl AsRef<OsStr>) -> Command {
    let mut promises = workspace.cargo();
    promises.args(["test", "--release", "-p", "segue-tests", "--test", "promises", "--config", CHECKED, "--"]);
    promises.arg(FIGURES).env(BUNDLES, bundles);
    promises
}

/// The tests that need a graphics card, or a Vulkan driver that works without one: the feature `gpu` of model and
/// plugin.
pub fn graphics(workspace: &Workspace) -> Result<()> {
    prerequisites::ready_to_build()?;
    prerequisites::ready_for_vulkan()?;
    let mut model = workspace.cargo();
    model.args(["test", "--release", "-p", "segue-training", "--features", "gpu", "--test", "gpu"]);
    step("the model and its training on the graphics card", model.args(["--", "--nocapture"]))?;
    let mut plugin = workspace.cargo();
    plugin.args(["test", "--release", "-p", "segue-plugin", "--features", "gpu", "--lib", "--", "device"]);
    step("the plugin on the graphics card", &mut plugin)
}

/// Checks that the code compiles for other systems. It is neither linked nor run, which needs none of their tools; so
/// the VST3, which is C++ (on macOS Objective-C++), is left out.
pub fn other_systems(workspace: &Workspace) -> Result<()> {
    const OTHERS: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];
    const WITHOUT_VST3: &str = "segue-plugin/cli,segue-plugin/standalone,segue-plugin/jazz,segue-plugin/blues,\
                                segue-plugin/folk,segue-plugin/irish,segue-plugin/piano";
    const OURS: [&str; 8] = ["-p", "segue-engine", "-p", "segue-plugin", "-p", "segue-tests", "-p", "xtask"];
    prerequisites::ready_to_build()?;
    prerequisites::ready_to_check()?;
    for system in OTHERS {
        prerequisites::ready_for_system(system)?;
        let mut clippy = workspace.cargo();
        clippy.arg("clippy").args(OURS).args(["--all-targets", "--target", system]);
        clippy.args(["--no-default-features", "--features", WITHOUT_VST3, "--", "-D", "warnings"]);
        step(&format!("the code for {system}"), &mut clippy)?;
    }
    Ok(())
}

/// Packages that must not be built into the plugin and its programs: no pool of threads in a DAW (burn brings rayon by
/// default), no access to a network, and training and graphics cards only in `segue-training` and in builds that ask
/// for them. burn needs the packages of cubecl that only describe data.
const REFUSED: [&str; 23] = [
    "rayon",
    "reqwest",
    "hyper",
    "ureq",
    "attohttpc",
    "curl",
    "tokio",
    "rustls",
    "native-tls",
    "openssl",
    "tungstenite",
    "quinn",
    "burn-autodiff",
    "burn-optim",
    "burn-train",
    "burn-dataset",
    "burn-wgpu",
    "burn-cubecl",
    "cubecl",
    "cubecl-core",
    "cubecl-runtime",
    "wgpu",
    "wgpu-core",
];

/// The layers: each crate with the packages above it, which it must not use.
const LAYERS: [(&str, &[&str]); 2] = [
    ("segue-engine", &["nice-plug", "nice-plug-core", "egui", "clap-sys", "segue-corpus", "segue-training"]),
    ("segue-model", &["segue-engine", "segue-corpus", "segue-midi", "segue-training", "midly"]),
];

/// The largest number of packages in the plugin, on all systems together and without programs. A commit that adds a
/// package raises it and says why the package is worth it.
const MOST_PACKAGES: usize = 309;

/// Checks which packages the plugin contains.
fn check_packages(workspace: &Workspace) -> Result<()> {
    let with_programs = packages(workspace, "segue-plugin", &["--features", "cli,standalone"])?;
    ensure!(with_programs.iter().any(|name| name == "nice-plug"), "cargo does not list the packages of the plugin");
    refuse("the plugin", &with_programs, &REFUSED)?;
    for (name, above) in LAYERS {
        refuse(name, &packages(workspace, name, &[])?, above)?;
    }
    let count = packages(workspace, "segue-plugin", &[])?.len();
    ensure!(count <= MOST_PACKAGES, "the plugin contains {count} packages, and {MOST_PACKAGES} are allowed");
    println!("{count} packages");
    Ok(())
}

/// The names of all packages in a crate, on all systems; a package in two versions counts twice.
fn packages(workspace: &Workspace, name: &str, features: &[&str]) -> Result<Vec<String>> {
    let tree = workspace
        .cargo()
        .args(["tree", "--quiet", "-p", name, "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .args(features)
        .args(SYSTEMS.iter().flat_map(|system| ["--target", system]))
        .output()
        .context("cargo cannot be started")?;
    ensure!(tree.status.success(), "cargo tree: {}", String::from_utf8_lossy(&tree.stderr).trim());
    let tree = String::from_utf8_lossy(&tree.stdout);
    let mut packages: Vec<&str> =
        tree.lines().filter_map(|line| Some(line.trim_end_matches(" (*)")).filter(|line| !line.is_empty())).collect();
    packages.sort_unstable();
    packages.dedup();
    Ok(packages.into_iter().filter_map(|package| Some(package.split_whitespace().next()?.to_owned())).collect())
}

fn refuse(what: &str, packages: &[String], refused: &[&str]) -> Result<()> {
    let found: Vec<&str> = packages.iter().map(String::as_str).filter(|name| refused.contains(name)).collect();
    ensure!(found.is_empty(), "{what} is built with {}", found.join(", "));
    Ok(())
}

fn lints(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["clippy", "--release", "--workspace", "--all-targets"])
        .args(without_fuzzing())
        .args(ALL_FEATURES)
        .args(["--", "-D", "warnings"])
}

/// The fuzzing compiles libFuzzer, which is in C++ and made for Linux and macOS.
const fn without_fuzzing() -> &'static [&'static str] {
    if cfg!(unix) { &[] } else { &["--exclude", "segue-fuzz"] }
}

fn docs(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["doc", "--release", "--workspace", "--no-deps", "--exclude", "segue-fuzz"])
        .args(ALL_FEATURES)
        .env("RUSTDOCFLAGS", "-D warnings")
}

fn host_tests(cargo: &mut Command) -> &mut Command {
    cargo.args(["test", "--release", "-p", "segue-tests", "--lib", "--bins", "--config", CHECKED])
}

fn engine_tests(cargo: &mut Command) -> &mut Command {
    cargo.args(["test", "--release", "-p", "segue-engine", "--config", CHECKED, "--", FIGURES])
}

fn plugin_tests(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["test", "--release", "-p", "segue-plugin", "--features", "cli,standalone"])
        .args(Kind::Checked.arguments())
        .args(["--", FIGURES])
}

fn model_tests(cargo: &mut Command) -> &mut Command {
    let ours = ["-p", "segue-model", "-p", "segue-midi", "-p", "segue-corpus", "-p", "segue-training"];
    cargo.args(["test", "--release"]).args(ours).args(["--config", CHECKED])
}

pub fn step(name: &str, command: &mut Command) -> Result<()> {
    announce(name);
    cargo::run(command)
}

/// Prints the name of the step that begins, and how long the previous one took. Nothing is printed after the last step.
pub fn announce(name: &str) {
    static BEGAN: Mutex<Option<Instant>> = Mutex::new(None);
    let before = BEGAN.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
    if let Some(before) = before {
        eprintln!("   took {:.0} s", before.elapsed().as_secs_f64());
    }
    eprintln!("\n== {name}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo xtask test` checks this first; it takes a second, so it runs with the tests of xtask too.
    #[test]
    fn the_plugin_is_made_of_no_more_than_it_needs() {
        check_packages(&Workspace::find().unwrap()).unwrap();
    }

    /// A package that is refused, or stands above its layer, is found by name.
    #[test]
    fn a_refused_package_is_named() {
        let packages = ["egui".to_owned(), "wgpu".to_owned(), "wgpu-types".to_owned()];
        let error = refuse("the plugin", &packages, &REFUSED).unwrap_err();
        assert_eq!(error.to_string(), "the plugin is built with wgpu");
        assert!(refuse("segue-engine", &packages, LAYERS[0].1).is_err());
        assert!(refuse("segue-model", &packages, LAYERS[1].1).is_ok());
    }
}
