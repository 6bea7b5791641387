//! `cargo xtask train`: trains a style from a folder of tunes, or measures one.

mod beginnings;
mod bias;
mod choose;
mod data;
mod discriminate;
mod evaluate;
mod examples;
mod form;
mod learn;
mod ngram;
mod recurrent;
mod sampling;
mod table;
mod temperatures;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Trains a style for Segue from a folder of .abc or .mid files. A stopped training resumes where it was.
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
    /// Measures how well a weights file predicts a split of its data, beside a Markov chain.
    Evaluate(evaluate::Evaluate),
    /// Retrains the n-gram model (the licks) of a weights file; the network stays as it is.
    #[command(alias = "licks")]
    Ngram(ngram::Ngram),
    /// Finds the decoding bias and the correction of drift of a weights file again, by playing on in validation tunes;
    /// the network stays as it is.
    #[command(alias = "poise")]
    Bias(bias::Bias),
    /// Measures the shipped weights and prints the tables of model/EVALUATION.md.
    Table(table::TableArguments),
    /// Compares a model's continuations with real ones, and tests whether a classifier can tell them apart.
    #[command(alias = "judge")]
    Discriminate(discriminate::Discriminate),
    /// The same by another judge: an LSTM that reads the notes, and has learnt from continuations of training tunes.
    Recurrent(recurrent::Recurrent),
    /// Tests whether a model finds the true continuation of a passage among four, by likelihood.
    Choose(choose::Choose),
    /// Prints which bars of tunes repeat which, and how well a model of that predicts other tunes.
    Form(form::FormArguments),
    /// Plays at every temperature, and checks that the model neither falls silent nor loops for ever.
    Temperatures(temperatures::Temperatures),
    /// Begins tunes after nothing, a few notes or two bars, and compares the beginnings with those of the tunes.
    Beginnings(beginnings::Beginnings),
    /// Writes prompts with a model's continuations as .mid, .wav and .png, and single lines as .abc.
    Examples(examples::Examples),
}

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let done = match (line.verb, line.train) {
        (Some(TrainCommand::Evaluate(arguments)), _) => evaluate::measure(&arguments),
        (Some(TrainCommand::Ngram(arguments)), _) => ngram::retrain(&arguments),
        (Some(TrainCommand::Bias(arguments)), _) => bias::refit(&arguments),
        (Some(TrainCommand::Table(arguments)), _) => table::print(&arguments),
        (Some(TrainCommand::Discriminate(arguments)), _) => discriminate::discriminate(&arguments),
        (Some(TrainCommand::Recurrent(arguments)), _) => recurrent::recurrent(&arguments),
        (Some(TrainCommand::Choose(arguments)), _) => choose::choose(&arguments),
        (Some(TrainCommand::Form(arguments)), _) => form::form(&arguments),
        (Some(TrainCommand::Temperatures(arguments)), _) => temperatures::temperatures(&arguments),
        (Some(TrainCommand::Beginnings(arguments)), _) => beginnings::beginnings(&arguments),
        (Some(TrainCommand::Examples(arguments)), _) => examples::examples(&arguments),
        (None, Some(arguments)) => learn::train_style(&arguments),
        (None, None) => Err(anyhow::anyhow!("nothing to do; use --style NAME --data FOLDER to train, or --help")),
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

    /// Training needs a style and a folder.
    #[test]
    fn every_subcommand_parses() {
        CommandLine::command().debug_assert();
        let parsed = |line: &str| {
            CommandLine::try_parse_from(line.split(' ')).map(|line| (line.verb.is_some(), line.train.is_some()))
        };
        assert_eq!(parsed("train --style mine --data here --data there --from jazz").ok(), Some((false, true)));
        assert_eq!(parsed("train --style mine --data here --kind piano --epochs 3").ok(), Some((false, true)));
        assert!(
            parsed("train --style mine").is_err() && parsed("train --style mine --data here --kind opera").is_err()
        );
        for verb in [
            "evaluate",
            "choose",
            "ngram",
            "licks",
            "bias",
            "poise",
            "discriminate",
            "judge",
            "recurrent",
            "temperatures",
        ] {
            assert_eq!(parsed(&format!("train {verb} w.segue --data here")).ok(), Some((true, false)), "{verb}");
        }
        assert_eq!(parsed("train examples w.segue --data here --out there").ok(), Some((true, false)));
        assert_eq!(parsed("train form --data here").ok(), Some((true, false)));
        assert_eq!(parsed("train table --data all").ok(), Some((true, false)));
    }
}
