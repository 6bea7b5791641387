//! `train discriminate`: compares a model's continuations with real ones, and tests whether a classifier can tell them
//! apart.

use crate::data::{DataArguments, learnt, split};
use crate::sampling::SamplingArguments;
use anyhow::Context;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::Split;
use segue_model::lstm::Model;
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
    /// How many continuations to generate.
    #[arg(long, default_value_t = PLACES)]
    places: usize,
    /// The split whose tunes are continued: train, valid or test.
    #[arg(long, default_value = "test", value_parser = split)]
    split: Split,
    /// Also writes all numbers to this file, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

pub fn discriminate(arguments: &Discriminate) -> anyhow::Result<()> {
    let model = Arc::new(Model::from_file(&arguments.weights)?);
    let corpus = arguments.source.read_for(model.vocabulary())?;
    let asked: Vec<(&str, &Tune)> = arguments
        .source
        .pieces(&corpus, arguments.split)?
        .iter()
        .map(|read| (read.source.as_str(), &read.tune))
        .collect();
    let parameters = arguments.playing.parameters();
    let prompts = PromptSet::of(model.vocabulary(), &learnt(&corpus), &asked);
    let trial = TwoSampleTest::of(&model, &prompts, &RolloutRequest { places: arguments.places, parameters });
    println!(
        "{}, {:?} split of {}: {CONTINUATION} notes after {PROMPT}, {}",
        model.card().style,
        arguments.split,
        arguments.source.named(),
        arguments.playing
    );
    println!("{trial}");
    if let Some(path) = &arguments.json {
        let text = serde_json::to_vec_pretty(&trial)?;
        std::fs::write(path, text).with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    Ok(())
}
