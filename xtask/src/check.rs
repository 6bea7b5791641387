//! All that must hold before a change is good, cheapest first.

use crate::bundle::{self, CHECKED, Kind};
use crate::cargo::{self, Workspace};
use crate::{machine, venv};
use anyhow::{Context, Result, ensure};
use std::process::Command;

/// For lints and docs, which look at everything at once.
const ALL_FEATURES: [&str; 2] = ["--features", "segue-model/training,segue-plugin/assert_process_allocs"];

/// Runs every step; stops at the first that fails. Nothing is printed after the last, so that a run ends with its result.
pub fn everything(workspace: &Workspace) -> Result<()> {
    machine::ready_to_build()?;
    machine::ready_to_check()?;
    step("format", workspace.cargo().args(["fmt", "--all", "--check"]))?;
    step("tests of xtask", workspace.cargo().args(["test", "--quiet", "-p", "xtask"]))?;
    announce("no thread pool in the plugin");
    refuse_thread_pool(workspace)?;
    step("lints", lints(&mut workspace.cargo()))?;
    step("docs", docs(&mut workspace.cargo()))?;
    step("tests of the host", host_tests(&mut workspace.cargo()))?;
    step("tests of the plugin", plugin_tests(&mut workspace.cargo()))?;
    step("tests of the mind", model_tests(&mut workspace.cargo()))?;
    announce("the bundle under test");
    let checked = bundle::build(workspace, Kind::Checked)?;
    announce("the VST3 hosts");
    let python = venv::python(workspace)?;
    let folder = checked.clap.parent().unwrap_or(workspace.target());
    let promises = || {
        let mut promises = workspace.cargo();
        promises.args(["test", "--release", "-p", "segue-tests", "--test", "promises", "--config", CHECKED, "--"]);
        promises.env("SEGUE_BUNDLES", folder).env("SEGUE_PYTHON", &python);
        promises
    };
    if cfg!(target_os = "linux") {
        machine::ready_for_windows()?;
        // One after the other: a hand that plays a window must not wait for another window's drawing.
        step("the window", promises().args(["editor::", "--test-threads=1"]))?;
    }
    step("promises", promises().args(["--skip", "editor::"]))
}

/// burn brings rayon unless it is told not to, and a pool of threads does not belong into somebody's DAW.
fn refuse_thread_pool(workspace: &Workspace) -> Result<()> {
    let tree = workspace
        .cargo()
        .args(["tree", "--quiet", "-p", "segue-plugin", "-e", "normal", "--prefix", "none"])
        .output()
        .context("cargo cannot be started")?;
    let packages = String::from_utf8_lossy(&tree.stdout);
    ensure!(tree.status.success() && packages.contains("nice-plug"), "cargo does not tell what the plugin is made of");
    ensure!(!packages.lines().any(|package| package.starts_with("rayon")), "the plugin is built with rayon");
    Ok(())
}

fn lints(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["clippy", "--release", "--workspace", "--all-targets"])
        .args(ALL_FEATURES)
        .args(["--", "-D", "warnings"])
}

fn docs(cargo: &mut Command) -> &mut Command {
    cargo.args(["doc", "--release", "--workspace", "--no-deps"]).args(ALL_FEATURES).env("RUSTDOCFLAGS", "-D warnings")
}

fn host_tests(cargo: &mut Command) -> &mut Command {
    cargo.args(["test", "--release", "-p", "segue-tests", "--lib", "--bins", "--config", CHECKED])
}

fn plugin_tests(cargo: &mut Command) -> &mut Command {
    cargo.args(["test", "--release", "-p", "segue-plugin"]).args(Kind::Checked.arguments())
}

fn model_tests(cargo: &mut Command) -> &mut Command {
    cargo.args(["test", "--release", "-p", "segue-model", "--features", "training", "--config", CHECKED])
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    announce(name);
    cargo::run(command)
}

fn announce(name: &str) {
    eprintln!("\n== {name}");
}
