//! `train choose`: tests whether a model finds the true continuation among four.

use crate::data::{DataArguments, split};
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::Split;
use segue_model::lstm::Model;
use segue_training::choice::ContinuationChoice;
use segue_training::continuations::{CONTINUATION, PLACES, PROMPT};
use std::path::PathBuf;

#[derive(Args)]
pub struct Choose {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// How many passages are asked about.
    #[arg(long, default_value_t = PLACES)]
    places: usize,
    /// The seed of the draw of passages.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The split whose tunes are asked about: train, valid or test.
    #[arg(long, default_value = "test", value_parser = split)]
    split: Split,
}

pub fn choose(arguments: &Choose) -> anyhow::Result<()> {
    let model = Model::from_file(&arguments.weights)?;
    let corpus = arguments.source.read_for(model.vocabulary())?;
    let pieces = arguments.source.pieces(&corpus, arguments.split)?;
    let tunes: Vec<(&str, &Tune)> = pieces.iter().map(|read| (read.source.as_str(), &read.tune)).collect();
    let choice = ContinuationChoice::of(&model, &tunes, arguments.places, arguments.seed);
    println!(
        "{}, {:?} split of {}: {CONTINUATION} notes after {PROMPT}, seed {}",
        model.card().style,
        arguments.split,
        arguments.source.named(),
        arguments.seed
    );
    print!("{choice}");
    Ok(())
}
