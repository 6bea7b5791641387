//! `train examples`: writes prompts with a model's continuations as files.

use crate::data::{DataArguments, split};
use crate::sampling::SamplingArguments;
use anyhow::{Context, bail};
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::Split;
use segue_model::lstm::Model;
use segue_model::note::{Note, Ticks};
use segue_model::vocabulary::Vocabulary;
use segue_training::continuations::{PROMPT, draw_positions};
use segue_training::examples::{Example, key_signature};
use segue_training::rollout::{continue_prompt, in_vocabulary};
use segue_training::two_sample_test::seeded;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub struct Examples {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// The folder for the files.
    #[arg(long)]
    out: PathBuf,
    /// How many examples to write.
    #[arg(long, default_value_t = 3)]
    count: usize,
    /// Notes after each prompt [default: 64, or 120 in a style that plays chords].
    #[arg(long)]
    notes: Option<usize>,
    /// The tempo in quarter notes per minute; free time has its own.
    #[arg(long, default_value_t = 140.0)]
    tempo_bpm: f64,
    /// The sampling temperature, 0.05 (the most probable note) to 2.
    #[arg(long, default_value_t = 1.0)]
    temperature: f32,
    /// Top-p: sample only from the most probable classes with this total probability, above 0 to 1.
    #[arg(long, default_value_t = 0.98)]
    top_p: f32,
    /// How often the model sees what was played before, 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    memory: f32,
    /// The seed of all random choices, including the choice of tunes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The split whose tunes are continued: train, valid or test.
    #[arg(long, default_value = "test", value_parser = split)]
    split: Split,
}

/// Notes after a prompt, for a single line and for a style that plays chords.
const LINE: usize = 64;
const CHORDS: usize = 120;

pub fn examples(arguments: &Examples) -> anyhow::Result<()> {
    let model = Arc::new(Model::from_file(&arguments.weights)?);
    let style = &model.card().style;
    let corpus = arguments.source.read_for(model.vocabulary())?;
    let pieces = arguments.source.pieces(&corpus, arguments.split)?;
    let tunes: Vec<Tune> = pieces.iter().map(|read| in_vocabulary(&read.tune, model.vocabulary())).collect();
    let names: Vec<(&str, usize)> =
        pieces.iter().zip(&tunes).map(|(read, tune)| (read.source.as_str(), tune.notes.len())).collect();
    let places = draw_positions(&names, arguments.count, arguments.seed);
    if places.is_empty() {
        bail!(
            "{}: no tune in this split is long enough; choose another --split or more --data",
            arguments.source.named()
        );
    }
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("{}: cannot be created", arguments.out.display()))?;
    let playing = SamplingArguments {
        temperature: arguments.temperature,
        top_p: arguments.top_p,
        memory: arguments.memory,
        seed: arguments.seed,
    };
    let count = arguments.notes.unwrap_or(if model.vocabulary().polyphony == 1 { LINE } else { CHORDS });
    for (index, place) in (0..).zip(&places) {
        let tune = &tunes[place.tune];
        let from = at_a_bar_line(tune, place.from);
        let prompt = &tune.notes[from..from + PROMPT];
        let continuation = continue_prompt(&model, tune, prompt, count, &seeded(playing.parameters(), index));
        let title = if tune.title.is_empty() { file_name(names[place.tune].0) } else { &tune.title };
        let example = Example::new(tune, prompt, &continuation, arguments.tempo_bpm)
            .titled(&format!("{style}: after {title} ({playing})"));
        let key = has_letters(model.vocabulary()).then(|| key_signature(&tune.notes));
        for path in example.write(&arguments.out, &format!("{style}-{}", index + 1), key)? {
            println!("{}", path.display());
        }
    }
    Ok(())
}

/// A name for a tune without a title: `midi/jigs1.mid` is called jigs1.
fn file_name(source: &str) -> &str {
    Path::new(source).file_stem().and_then(|name| name.to_str()).unwrap_or(source)
}

/// The next note on a bar line, if there is one soon: a prompt that begins with a bar is easier to read.
fn at_a_bar_line(tune: &Tune, from: usize) -> usize {
    const FAR: usize = 16;
    let begins_a_bar = |note: &Note| tune.bars_at(note.onset).is_some_and(|bars| bars.place(note.onset) == Ticks::ZERO);
    let found = tune.notes[from..].iter().take(FAR).position(begins_a_bar);
    found.map(|later| from + later).filter(|from| from + PROMPT <= tune.notes.len()).unwrap_or(from)
}

/// Whether ABC can hold the style without loss.
fn has_letters(vocabulary: &Vocabulary) -> bool {
    vocabulary.polyphony == 1 && !vocabulary.has_velocity()
}
