//! `train beginnings`: how a model begins after nothing, a few notes or a phrase, beside the beginnings of tunes.

use crate::data::{DataArguments, split};
use anyhow::bail;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::Split;
use segue_model::lstm::Model;
use segue_model::note::{Note, TICKS_PER_QUARTER};
use segue_model::sampling::SamplingParameters;
use segue_training::beginnings::{BEGINNING, BeginningFigures, BeginningsRow, HEADER, HEARD, bar_of};
use segue_training::rollout::{continue_prompt, in_vocabulary};
use segue_training::two_sample_test::seeded;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct Beginnings {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// Beginnings of each kind.
    #[arg(long, default_value_t = 200)]
    places: usize,
    /// How many beginnings of each kind at temperature 1 are also printed as notes.
    #[arg(long, default_value_t = 0)]
    shown: usize,
    /// The seed of all random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The split whose tunes are begun: train, valid or test.
    #[arg(long, default_value = "valid", value_parser = split)]
    split: Split,
}

/// At the first, the figures are compared with those of the tunes; at the others, only loops and shares are.
const TEMPERATURES: [f32; 4] = [1.0, 0.3, 0.6, 1.2];

pub fn beginnings(arguments: &Beginnings) -> anyhow::Result<()> {
    let model = Arc::new(Model::from_file(&arguments.weights)?);
    let corpus = arguments.source.read_for(model.vocabulary())?;
    let pieces = arguments.source.pieces(&corpus, arguments.split)?;
    let tunes: Vec<Tune> = pieces.iter().map(|read| in_vocabulary(&read.tune, model.vocabulary())).collect();
    println!(
        "{}: {BEGINNING} notes of Segue's; [2.5 %, 97.5 %] of the tunes, and how many lie outside",
        model.card().style
    );
    println!("{HEADER}");
    let mut shown = Vec::new();
    for heard in HEARD {
        let long_enough = |tune: &&Tune| tune.notes.len() >= heard.of(tune) + BEGINNING;
        let long: Vec<&Tune> = tunes.iter().filter(long_enough).collect();
        if long.is_empty() {
            bail!("{}: no tune of this split is long enough; choose another --split", arguments.source.named());
        }
        let real = |tune: &&Tune| {
            let from = heard.of(tune);
            BeginningFigures::of(&tune.notes[from..from + BEGINNING], bar_of(tune))
        };
        let real: Vec<BeginningFigures> = long.iter().map(real).collect();
        for temperature in TEMPERATURES {
            let parameters = SamplingParameters { temperature, seed: arguments.seed, ..SamplingParameters::default() };
            let played: Vec<(&Tune, Vec<Note>)> = (0..)
                .zip(long.iter().cycle())
                .take(arguments.places)
                .map(|(place, tune)| {
                    let prompt = &tune.notes[..heard.of(tune)];
                    (*tune, continue_prompt(&model, tune, prompt, BEGINNING, &seeded(parameters, place)))
                })
                .collect();
            let own = played.iter().map(|(tune, notes)| BeginningFigures::of(notes, bar_of(tune))).collect();
            println!("{}", BeginningsRow { heard, temperature, real: real.clone(), own });
            if temperature.total_cmp(&TEMPERATURES[0]).is_eq() {
                let texts = played.iter().take(arguments.shown).map(|(_, notes)| format!("{heard}: {}", named(notes)));
                shown.extend(texts);
            }
        }
    }
    for text in shown {
        println!("{text}");
    }
    Ok(())
}

/// The notes by name, middle C being C4, with the onset of each in quarters.
fn named(notes: &[Note]) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"];
    let name = |key: u8| format!("{}{}", NAMES[usize::from(key % 12)], i16::from(key / 12) - 1);
    let from = notes.first().map_or(0, |note| note.onset.0);
    let quarters = |note: &Note| {
        #[expect(clippy::cast_precision_loss, reason = "a few bars of ticks")]
        let quarters = (note.onset.0 - from) as f64 / TICKS_PER_QUARTER as f64;
        quarters
    };
    let names: Vec<String> =
        notes.iter().map(|note| format!("{}@{:.2}", name(note.pitch.key()), quarters(note))).collect();
    names.join(" ")
}
