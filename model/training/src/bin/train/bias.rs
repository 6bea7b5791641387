//! Finds the poise anew of weights that were trained before; the network stays as it is.

use crate::data::{DataArguments, learnt};
use anyhow::Context;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::{Corpus, Split};
use segue_model::poise::Poise;
use segue_model::vocabulary::Vocabulary;
use segue_model::weights;
use segue_training::bias_search::refitted;
use segue_training::two_sample_test::PromptSet;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Bias {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// Where the weights go [default: back to where they were].
    #[arg(long)]
    out: Option<PathBuf>,
}

pub fn renew(wish: &Bias) -> anyhow::Result<()> {
    let vocabulary = weights::card_of(&wish.weights)?.vocabulary;
    let corpus = wish.source.read_for(&vocabulary)?;
    settle(&wish.weights, &corpus, &vocabulary, wish.out.as_ref().unwrap_or(&wish.weights))
}

/// Lets the mind of a weights file play on in the tunes for validation, and writes the file with the poise so found.
pub fn settle(weights: &Path, corpus: &Corpus, vocabulary: &Vocabulary, out: &Path) -> anyhow::Result<()> {
    let asked: Vec<(&str, &Tune)> = corpus
        .pieces
        .iter()
        .filter(|read| read.split == Split::Valid)
        .map(|read| (read.source.as_str(), &read.tune))
        .collect();
    println!("it plays, to find its poise");
    let (bytes, poise) = refitted(weights, &PromptSet::of(vocabulary, &learnt(corpus), &asked))?;
    match poise {
        Some(Poise { faith, again, chord }) => println!(
            "faith {faith} in quotations, {again:+} nats for the same pitch again, {chord:+} for the chord's tones on the beat"
        ),
        None => println!("there are too few tunes for validation to find any"),
    }
    std::fs::write(out, bytes).with_context(|| format!("{}: cannot be written", out.display()))
}
