//! Starts everything else: `cargo xtask help` lists the verbs.
//!
//! It builds in seconds, because it does not depend on the plugin or the model: it only calls `cargo` and moves files.

mod bundle;
mod cargo;
mod check;
#[cfg(test)]
mod conventions;
mod fuzz;
mod licences;
mod mingw;
mod platform;
mod prerequisites;
mod release;
mod validate;
mod venv;
mod windows;

use anyhow::{Result, anyhow, bail};
use bundle::Kind;
use cargo::Workspace;
use check::Extent;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask [--no-install] VERB

What a verb needs and the system lacks is installed on Debian and Ubuntu; --no-install only prints the command.

  demo [--style NAME] [--preset NAME] [--bars N] [--tune NUMBER] [FILE.mid | FILE.abc]
                     build the plugin, load it in a headless host, play the first bars of a tune at it,
                     and write what came of it to demo.mid, demo.wav and demo.png in the current folder
  improvise [FILE] -o OUT.mid [ARGUMENTS]
                     play on from a tune, or from nothing, and write it as MIDI, sound, picture or letters;
                     `cargo xtask improvise --help` lists the arguments
  standalone [--list] [ARGUMENTS]
                     Segue without a DAW: with your sound card, your MIDI keyboard or the computer's own
  test               format, lints, docs, all tests, and the built plugin in real hosts, cheapest first
  test --nightly     the same with long runs: an hour of a duet, 2,000 minutes with a random host,
                     all of the table that `people` prints with its limits, more cases of each property, other ones
                     every night, and what `readers` finds in the repository's tunes and in the folders that the
                     variable SEGUE_MUSIC names (about half an hour on two cores)
  test --sequences N [--seed SEED]
                     of all tests only that random host, for N minutes of music made of SEED, SEED + 1, ...: a faulty
                     one is reported with its seed, and --sequences 1 --seed SEED plays it again
  test --windows     plugin, hosts and programs built for Windows, packed, and run under Wine; an hour at first
  test --other-systems
                     that the code but the VST3 compiles for Windows and macOS, wherever this is; a quarter of an hour
                     at first
  test --leaks       a hundred instances of the built plugin under valgrind: memory that is never given back; on
                     x86-64 Linux
  test --gpu         what a graphics card works out, against the processor; takes half an hour to build
  bundle [--install] build the CLAP and the VST3; with --install into your plugin folders
  bundle --checked   build those that the tests load: with debug assertions, and no allocation in process()
  people [--style NAME] [--seeds N] [--first-seed N] [--part NAME] [--data FOLDER] [--tsv FILE]
                     play with Segue as people do, in all styles and modes, and print what came of it as a table; with
                     --data beside the music of the training data (a minute for four seeds)
  readers FOLDER ... read files beside abc2midi and mido, and print every tune and file that they read in another way
  renders --out FILE [--count N]
                     write down every event of a fixed set of offline renders, to compare two builds note for note
  validate           clap-validator, Steinberg's validator and pluginval on the built bundles: those that are on the
                     PATH, or named by SEGUE_CLAP_VALIDATOR, SEGUE_VST3_VALIDATOR and SEGUE_PLUGINVAL
  fuzz [--minutes N] [TARGET]
                     look for inputs that break a reader, guided by coverage: MIDI, ABC, solo tables, charts, presets,
                     states, weights and parameter texts, ten minutes each
  release [--own]    pack plugins, programs, presets and licences for this system and, on Linux, for Windows, with a
                     note on how to install them; with --own for this system alone
  licences           write the licences of all that is built in to plugin/THIRD-PARTY.txt
  bench              how long a decision and a block take on this machine
  train [ARGUMENTS]  train a style on .abc and .mid files; `cargo xtask train --help` lists the arguments
  help               print this
";

fn main() -> ExitCode {
    if let Some(code) = fuzz::compile() {
        return code;
    }
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // Checked before the verb, so that it is not taken for one of the verb's arguments.
    if arguments.first().is_some_and(|first| first == "--no-install") {
        arguments.remove(0);
        prerequisites::install_nothing();
    }
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let (verb, rest) = arguments.split_first().map_or(("help", arguments), |(verb, rest)| (verb.as_str(), rest));
    match (verb, rest) {
        ("demo", _) => with_plugin("demo", rest),
        ("improvise", _) => improvise(&Workspace::find()?, rest),
        ("standalone", _) => standalone(&Workspace::find()?, rest),
        ("test", _) => done(test(&Workspace::find()?, rest)),
        ("bundle", _) => done(bundle(&Workspace::find()?, rest)),
        ("people", _) => with_plugin("people", rest),
        ("readers", _) => done(readers(&Workspace::find()?, rest)),
        ("renders", _) => with_plugin("renders", rest),
        ("release", _) => done(release(&Workspace::find()?, rest)),
        ("fuzz", _) => done(fuzz(&Workspace::find()?, rest)),
        ("licences", []) => done(licences::write(&Workspace::find()?)),
        ("validate", []) => done(validate::everything(&Workspace::find()?)),
        ("bench", []) => bench(&Workspace::find()?),
        ("train", _) => train(&Workspace::find()?, rest),
        ("help" | "--help" | "-h", _) => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        ("bench" | "licences" | "validate", [first, ..]) => {
            bail!("`{verb}` takes no arguments, but was given {first}")
        }
        (other, _) => bail!("there is no verb {other}\n\n{HELP}"),
    }
}

fn done(result: Result<()>) -> Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

fn test(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |flag: &str, word: &str| {
        word.parse().map_err(|_| anyhow!("{flag} takes a whole number, not {word}; such as `{flag} 100`"))
    };
    match words[..] {
        [] => check::everything(workspace, &Extent::usual()),
        ["--nightly"] => {
            let music = std::env::var_os("SEGUE_MUSIC").unwrap_or_default();
            let named = std::env::split_paths(&music).filter(|folder| !folder.as_os_str().is_empty());
            let folders: Vec<PathBuf> = named.chain([workspace.root().join("tests/tunes")]).collect();
            readers(workspace, &folders)?;
            check::everything(workspace, &Extent::of_this_night())
        }
        ["--gpu"] => check::graphics(workspace),
        ["--other-systems"] => check::other_systems(workspace),
        ["--windows"] => windows::everything(workspace),
        ["--leaks"] => check::leaks(workspace),
        ["--sequences", count] => check::random_host(workspace, number("--sequences", count)?, 0),
        ["--sequences", count, "--seed", seed] => {
            check::random_host(workspace, number("--sequences", count)?, number("--seed", seed)?)
        }
        _ => bail!(
            "`test` takes --nightly, --windows, --other-systems, --gpu, --leaks, or --sequences N and --seed SEED, or \
             nothing; not {}",
            arguments.join(" ")
        ),
    }
}

fn release(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let for_windows = match arguments {
        [] => mingw::IS_POSSIBLE,
        [flag] if flag == "--own" => false,
        [other, ..] => bail!("`release` takes --own or nothing, not {other}"),
    };
    println!("Packed {}", release::make(workspace)?.display());
    if for_windows {
        println!("Packed {}", release::make(&mingw::workspace(workspace)?)?.display());
    }
    Ok(())
}

fn fuzz(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (minutes, target) = match words[..] {
        [] => (None, None),
        ["--minutes", minutes] => (Some(minutes), None),
        ["--minutes", minutes, target] => (Some(minutes), Some(target)),
        [target] if !target.starts_with('-') => (None, Some(target)),
        _ => bail!("`fuzz` takes --minutes N and the name of a target, or nothing; not {}", arguments.join(" ")),
    };
    let minutes = minutes.map_or(Ok(fuzz::USUAL_MINUTES), str::parse);
    fuzz::run(workspace, minutes.map_err(|_| anyhow!("--minutes takes a whole number, such as 10"))?, target)
}

fn bundle(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let (kind, install) = match arguments {
        [] => (Kind::Shipped, false),
        [flag] if flag == "--install" => (Kind::Shipped, true),
        [flag] if flag == "--checked" => (Kind::Checked, false),
        [other, ..] => bail!("`bundle` takes --install, --checked or nothing, not {other}"),
    };
    prerequisites::ready_to_build()?;
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

/// Runs one of the test programs on the built plugin.
fn with_plugin(program: &str, arguments: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    prerequisites::ready_to_build()?;
    let bundles = bundle::build(&workspace, Kind::Shipped)?;
    start(&workspace, "segue-tests", program, [OsStr::new("--plugin"), bundles.clap.as_os_str()], arguments)
}

fn improvise(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    prerequisites::ready_to_build()?;
    start(workspace, "segue-plugin", "segue-cli", [OsStr::new("improvise")], arguments)
}

fn standalone(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    prerequisites::ready_to_build()?;
    prerequisites::ready_for_standalone()?;
    start(workspace, "segue-plugin", "segue", [], arguments)
}

fn bench(workspace: &Workspace) -> Result<ExitCode> {
    prerequisites::ready_to_build()?;
    cargo::run(workspace.cargo().args(["bench", "-p", "segue-model", "--bench", "decide"]))?;
    let bundles = bundle::build(workspace, Kind::Shipped)?;
    start(workspace, "segue-tests", "bench", [bundles.clap.as_os_str()], &[])
}

/// Compares our readers of files with others.
fn readers<F: AsRef<OsStr>>(workspace: &Workspace, folders: &[F]) -> Result<()> {
    if folders.is_empty() {
        bail!("`readers` takes folders of .abc and .mid files, such as tests/tunes");
    }
    prerequisites::ready_to_build()?;
    prerequisites::ready_to_compare_readers()?;
    let python = venv::python(workspace)?;
    let mut build = workspace.cargo();
    build.args(["build", "--release", "-p", "segue-corpus", "--bin", "compare-readers", "--features", "sheet"]);
    cargo::run(&mut build)?;
    let mut compare = Command::new(workspace.binary("compare-readers"));
    cargo::run(compare.arg("--python").arg(python).args(folders))
}

fn train(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    prerequisites::ready_to_build()?;
    start(workspace, "segue-training", "train", [], arguments)
}

/// The feature that a program needs besides the defaults of its package.
fn feature_of(program: &str) -> Option<&'static str> {
    match program {
        "segue-cli" => Some("cli"),
        "segue" => Some("standalone"),
        _ => None,
    }
}

/// Builds one of our programs and runs it in the user's folder. The program reports its own errors; only its exit code
/// is passed on.
fn start<const N: usize>(
    workspace: &Workspace,
    package: &str,
    program: &str,
    ours: [&OsStr; N],
    users: &[String],
) -> Result<ExitCode> {
    let mut build = workspace.cargo();
    build.args(["build", "--release", "-p", package, "--bin", program]);
    if let Some(feature) = feature_of(program) {
        build.args(["--features", feature]);
    }
    // This takes half an hour to build, and most users never need it.
    if users.windows(2).any(|pair| pair == ["--device", "gpu"]) || users.iter().any(|user| user == "--device=gpu") {
        build.args(["--features", "gpu"]);
    }
    cargo::run(&mut build)?;
    cargo::hand_over(Command::new(workspace.binary(program)).args(ours).args(users))
}
