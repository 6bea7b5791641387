//! Lays a mind's continuations beside real ones, and asks the judge whether it can tell them.

use crate::data::{DataArguments, learnt, split};
use crate::sampling::SamplingArguments;
use anyhow::Context;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::Split;
use segue_model::mind::Mind;
use segue_training::continuations::{CONTINUATION, PLACES, PROMPT};
use segue_training::two_sample_test::{PromptSet, RolloutRequest, TwoSampleTest};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct Discriminate {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    #[command(flatten)]
    playing: SamplingArguments,
    /// Continuations that are asked for.
    #[arg(long, default_value_t = PLACES)]
    places: usize,
    /// Whose tunes are gone on with: train, valid or test.
    #[arg(long, default_value = "test", value_parser = split)]
    split: Split,
    /// Also writes all figures to this file, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

pub fn discriminate(wish: &Discriminate) -> anyhow::Result<()> {
    let mind = Arc::new(Mind::from_file(&wish.weights)?);
    let corpus = wish.source.read_for(mind.vocabulary())?;
    let asked: Vec<(&str, &Tune)> =
        wish.source.pieces(&corpus, wish.split)?.iter().map(|read| (read.source.as_str(), &read.tune)).collect();
    let knobs = wish.playing.knobs();
    let prompts = PromptSet::of(mind.vocabulary(), &learnt(&corpus), &asked);
    let trial = TwoSampleTest::of(&mind, &prompts, &RolloutRequest { places: wish.places, knobs });
    println!(
        "{}, {:?} split of {}: {CONTINUATION} notes after {PROMPT}, {}",
        mind.card().style,
        wish.split,
        wish.source.named(),
        wish.playing
    );
    println!("{trial}");
    if let Some(path) = &wish.json {
        let text = serde_json::to_vec_pretty(&trial)?;
        std::fs::write(path, text).with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    Ok(())
}
