//! `cargo xtask train`: learns a style from a folder of tunes, or measures one that was learnt.

mod bias;
mod data;
mod discriminate;
mod evaluate;
mod examples;
mod learn;
mod ngram;
mod sampling;
mod table;
mod temperatures;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Teaches Segue a style from a folder of .abc or .mid files. A stopped training goes on where it was.
#[derive(Parser)]
#[command(name = "cargo xtask train", args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    verb: Option<TrainCommand>,
    #[command(flatten)]
    train: Option<learn::Train>,
}

#[derive(Subcommand)]
enum TrainCommand {
    /// Measures a weights file on a split of its data, beside a Markov chain.
    Evaluate(evaluate::Evaluate),
    /// Learns anew what tunes play after a figure, beside a network that stays as it is.
    #[command(alias = "licks")]
    Ngram(ngram::Ngram),
    /// Lets a mind play on in tunes it has not learnt from, to find how to keep its line; the network stays as it is.
    #[command(alias = "poise")]
    Bias(bias::Bias),
    /// Measures the shipped weights and prints the tables of the README.
    Table(table::TableArguments),
    /// Lays a mind's continuations beside real ones, and says whether and by what they can be told.
    #[command(alias = "judge")]
    Discriminate(discriminate::Discriminate),
    /// Lets a mind play at every temperature, and checks that it neither falls silent nor gets caught in a loop.
    Temperatures(temperatures::Temperatures),
    /// Writes prompts with a mind's continuations as .mid, .wav and .png, and as .abc where letters can say them.
    Examples(examples::Examples),
}

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let done = match (line.verb, line.train) {
        (Some(TrainCommand::Evaluate(wish)), _) => evaluate::measure(&wish),
        (Some(TrainCommand::Ngram(wish)), _) => ngram::renew(&wish),
        (Some(TrainCommand::Bias(wish)), _) => bias::renew(&wish),
        (Some(TrainCommand::Table(wish)), _) => table::print(&wish),
        (Some(TrainCommand::Discriminate(wish)), _) => discriminate::discriminate(&wish),
        (Some(TrainCommand::Temperatures(wish)), _) => temperatures::temperatures(&wish),
        (Some(TrainCommand::Examples(wish)), _) => examples::examples(&wish),
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_verb_is_understood_and_training_needs_a_style_and_a_folder() {
        CommandLine::command().debug_assert();
        let parsed = |line: &str| {
            CommandLine::try_parse_from(line.split(' ')).map(|line| (line.verb.is_some(), line.train.is_some()))
        };
        assert_eq!(parsed("train --style mine --data here --data there --from jazz").ok(), Some((false, true)));
        assert_eq!(parsed("train --style mine --data here --kind piano --epochs 3").ok(), Some((false, true)));
        assert!(
            parsed("train --style mine").is_err() && parsed("train --style mine --data here --kind opera").is_err()
        );
        for verb in ["evaluate", "ngram", "licks", "bias", "poise", "discriminate", "judge", "temperatures"] {
            assert_eq!(parsed(&format!("train {verb} w.segue --data here")).ok(), Some((true, false)), "{verb}");
        }
        assert_eq!(parsed("train examples w.segue --data here --out there").ok(), Some((true, false)));
        assert_eq!(parsed("train table --data all").ok(), Some((true, false)));
    }
}
