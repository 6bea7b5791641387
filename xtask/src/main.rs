//! Starts the others: `bundle`, `demo`, `test`, `train`, `bench`.
//!
//! It builds in seconds, because it knows no plugin and no tensor: it only calls `cargo` and moves files.

mod bundle;
mod cargo;
mod check;
mod machine;
mod venv;

use anyhow::{Result, bail};
use bundle::Kind;
use cargo::Workspace;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask VERB

  demo [--bars N] [--tune NUMBER] [FILE.mid | FILE.abc]
                     build the plugin, load it in a headless host, play the first bars of a tune at it,
                     and write what came of it to demo.mid, demo.wav and demo.png in the current folder
  test               format, lints, docs, all tests, and the built plugin in real hosts, cheapest first
  bundle [--install] build the CLAP and the VST3; with --install into your plugin folders
  bundle --checked   build those that the tests load: with debug assertions, and no allocation in process()
  bench              how long a decision and a block take on this machine
  train [ARGUMENTS]  train a style on .abc and .mid files; `cargo xtask train --help` lists the arguments
  help               print this
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let (verb, rest) = arguments.split_first().map_or(("help", arguments), |(verb, rest)| (verb.as_str(), rest));
    match (verb, rest) {
        ("demo", _) => demo(&Workspace::find()?, rest),
        ("test", []) => check::everything(&Workspace::find()?),
        ("bundle", _) => bundle(&Workspace::find()?, rest),
        ("bench", []) => bench(&Workspace::find()?),
        ("train", _) => train(&Workspace::find()?, rest),
        ("help" | "--help" | "-h", _) => {
            print!("{HELP}");
            Ok(())
        }
        ("test" | "bench", [first, ..]) => bail!("`{verb}` takes no arguments, so not {first}"),
        (other, _) => bail!("there is no verb {other}\n\n{HELP}"),
    }
}

fn bundle(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let (kind, install) = match arguments {
        [] => (Kind::Shipped, false),
        [flag] if flag == "--install" => (Kind::Shipped, true),
        [flag] if flag == "--checked" => (Kind::Checked, false),
        [other, ..] => bail!("`bundle` takes --install, --checked or nothing, so not {other}"),
    };
    machine::ready_to_build()?;
    let bundles = bundle::build(workspace, kind)?;
    for path in bundles.paths() {
        println!("Built {}", path.display());
    }
    if install {
        for path in bundles.install()? {
            println!("Installed {}", path.display());
        }
    }
    Ok(())
}

fn demo(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    machine::ready_to_build()?;
    let bundles = bundle::build(workspace, Kind::Shipped)?;
    let mut demo = workspace.cargo_here();
    demo.args(["run", "--release", "-p", "segue-tests", "--bin", "demo", "--", "--plugin"]).arg(&bundles.clap);
    cargo::run(demo.args(arguments))
}

fn bench(workspace: &Workspace) -> Result<()> {
    machine::ready_to_build()?;
    cargo::run(workspace.cargo().args(["bench", "-p", "segue-model", "--bench", "decide"]))?;
    let bundles = bundle::build(workspace, Kind::Shipped)?;
    let mut bench = workspace.cargo();
    bench.args(["run", "--release", "-p", "segue-tests", "--bin", "bench", "--"]);
    cargo::run(bench.arg(&bundles.clap))
}

fn train(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    machine::ready_to_build()?;
    let mut train = workspace.cargo_here();
    train.args(["run", "--release", "-p", "segue-model", "--features", "training", "--bin", "train", "--"]);
    cargo::run(train.args(arguments))
}
