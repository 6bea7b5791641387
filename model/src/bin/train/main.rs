//! `cargo xtask train`: learns a style from a folder of tunes, or measures one that was learnt.

mod data;
mod evaluate;
mod learn;

use clap::{Parser, Subcommand};
use evaluate::Evaluate;
use learn::Train;
use std::process::ExitCode;

/// Teaches Segue a style from a folder of .abc or .mid files. A stopped training goes on where it was.
#[derive(Parser)]
#[command(name = "cargo xtask train", args_conflicts_with_subcommands = true)]
struct Line {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    train: Option<Train>,
}

#[derive(Subcommand)]
enum Verb {
    /// Measures a weights file on a split of its data, beside a Markov chain.
    Evaluate(Evaluate),
}

fn main() -> ExitCode {
    let line = Line::parse();
    let done = match (line.verb, line.train) {
        (Some(Verb::Evaluate(wish)), _) => evaluate::measure(&wish),
        (None, Some(wish)) => learn::learn(&wish),
        (None, None) => Err(anyhow::anyhow!("say --style NAME --data FOLDER, or --help")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
