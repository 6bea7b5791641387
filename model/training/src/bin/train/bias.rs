//! `train bias`: finds the decoding bias and the correction of drift of a weights file again. The network does not
//! change.

use crate::data::{DataArguments, learnt};
use anyhow::Context;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::{Corpus, Split};
use segue_model::bias::DecodingBias;
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
    /// Keeps the decoding bias, and finds the correction of drift alone.
    #[arg(long)]
    keep: bool,
    /// Where to write the weights [default: over the weights file].
    #[arg(long)]
    out: Option<PathBuf>,
}

pub fn refit(arguments: &Bias) -> anyhow::Result<()> {
    let vocabulary = weights::card_of(&arguments.weights)?.vocabulary;
    let corpus = arguments.source.read_for(&vocabulary)?;
    let out = arguments.out.as_ref().unwrap_or(&arguments.weights);
    search_and_write((&arguments.weights, arguments.keep), &corpus, &vocabulary, out)
}

/// Lets the model of a weights file continue the validation tunes, and writes the file with the correction of drift
/// that fits best, and with the decoding bias that does unless the file `keeps` its own.
pub fn search_and_write(
    (weights, keeps): (&Path, bool),
    corpus: &Corpus,
    vocabulary: &Vocabulary,
    out: &Path,
) -> anyhow::Result<()> {
    let asked: Vec<(&str, &Tune)> = corpus
        .pieces
        .iter()
        .filter(|read| read.split == Split::Valid)
        .map(|read| (read.source.as_str(), &read.tune))
        .collect();
    println!("searching the decoding bias and the correction of drift by playing on in validation tunes");
    let prompts = PromptSet::of(vocabulary, &learnt(corpus), &asked);
    let (bytes, found) = refitted(weights, &prompts, keeps)?;
    match found {
        Some(DecodingBias { quotation_gain, repetition, chord_tone, rise, recall }) => println!(
            "gain {quotation_gain} in quotations, {repetition:+} nats on repeats, {chord_tone:+} nats on chord tones, \
             {rise:+} nats an octave in new bars, {recall} of the memory"
        ),
        None => println!("too few validation tunes to find a decoding bias; it stays as it is"),
    }
    std::fs::write(out, bytes).with_context(|| format!("{}: cannot be written", out.display()))
}
