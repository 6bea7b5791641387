//! `train temperatures`: plays at every temperature, and checks that the model neither falls silent nor loops.

use crate::data::{DataArguments, split};
use anyhow::bail;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::Split;
use segue_model::lstm::Model;
use segue_model::sampling::SamplingParameters;
use segue_training::continuations::draw_positions;
use segue_training::rollout::{continue_prompt, in_vocabulary};
use segue_training::temperature_sweep::{HEADER, SweepRow, TEMPERATURES, faults, rank_correlation};
use segue_training::two_sample_test::seeded;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct Temperatures {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// Continuations at each temperature.
    #[arg(long, default_value_t = 60)]
    places: usize,
    /// Notes of each continuation.
    #[arg(long, default_value_t = 96)]
    notes: usize,
    /// Top-p: sample only from the most probable classes with this total probability, above 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    top_p: f32,
    /// How often the model sees what was played before, 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    memory: f32,
    /// The seed of all random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The split whose tunes are continued: train, valid or test.
    #[arg(long, default_value = "test", value_parser = split)]
    split: Split,
}

pub fn temperatures(arguments: &Temperatures) -> anyhow::Result<()> {
    let model = Arc::new(Model::from_file(&arguments.weights)?);
    let corpus = arguments.source.read_for(model.vocabulary())?;
    let pieces = arguments.source.pieces(&corpus, arguments.split)?;
    let tunes: Vec<Tune> = pieces.iter().map(|read| in_vocabulary(&read.tune, model.vocabulary())).collect();
    let names: Vec<(&str, usize)> =
        pieces.iter().zip(&tunes).map(|(read, tune)| (read.source.as_str(), tune.notes.len())).collect();
    let places = draw_positions(&names, arguments.places, arguments.seed);
    if places.is_empty() {
        bail!(
            "{}: no tune in this split is long enough; choose another --split or more --data",
            arguments.source.named()
        );
    }
    println!("{}: {} notes after each of {} prompts", model.card().style, arguments.notes, places.len());
    println!("{HEADER}");
    let mut rows = Vec::new();
    for temperature in TEMPERATURES {
        let (top_p, memory, seed) = (arguments.top_p, arguments.memory, arguments.seed);
        let parameters = SamplingParameters { temperature, top_p, memory, seed, ..SamplingParameters::default() };
        let continued: Vec<_> = (0..)
            .zip(&places)
            .map(|(index, place)| {
                let tune = &tunes[place.tune];
                continue_prompt(&model, tune, place.prompt(&tune.notes), arguments.notes, &seeded(parameters, index))
            })
            .collect();
        let row = SweepRow::of(temperature, &continued, arguments.notes);
        println!("{row}");
        rows.push(row);
    }
    println!("rank correlation of the entropy of pitches with the temperature: {:.2}", rank_correlation(&rows));
    let faults = faults(&rows);
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    Ok(())
}
