//! Writes prompts with what a mind makes of them, to look at, to listen to and to read.

use crate::data::{DataArguments, split};
use crate::sampling::SamplingArguments;
use anyhow::{Context, bail};
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::Split;
use segue_model::mind::Mind;
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
    /// Where the files go.
    #[arg(long)]
    out: PathBuf,
    /// How many.
    #[arg(long, default_value_t = 3)]
    count: usize,
    /// Notes that are played after each prompt [default: 64, or 120 in a style with chords of its own].
    #[arg(long)]
    notes: Option<usize>,
    /// Quarter notes in a minute; music in free time has its own.
    #[arg(long, default_value_t = 140.0)]
    tempo_bpm: f64,
    /// How far from the most probable note it may stray, 0.05 to 2.
    #[arg(long, default_value_t = 1.0)]
    temperature: f32,
    /// Only the most probable choices that together have this share are considered, above 0 to 1.
    #[arg(long, default_value_t = 0.98)]
    top_p: f32,
    /// How often it is shown what was played before, 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    memory: f32,
    /// Of all that is left to chance, the choice of tunes too.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Whose tunes are gone on with: train, valid or test.
    #[arg(long, default_value = "test", value_parser = split)]
    split: Split,
}

/// Notes after a prompt: a line, and music with chords.
const LINE: usize = 64;
const CHORDS: usize = 120;

pub fn examples(wish: &Examples) -> anyhow::Result<()> {
    let mind = Arc::new(Mind::from_file(&wish.weights)?);
    let style = &mind.card().style;
    let corpus = wish.source.read_for(mind.vocabulary())?;
    let pieces = wish.source.pieces(&corpus, wish.split)?;
    let tunes: Vec<Tune> = pieces.iter().map(|read| in_vocabulary(&read.tune, mind.vocabulary())).collect();
    let names: Vec<(&str, usize)> =
        pieces.iter().zip(&tunes).map(|(read, tune)| (read.source.as_str(), tune.notes.len())).collect();
    let places = draw_positions(&names, wish.count, wish.seed);
    if places.is_empty() {
        bail!("{}: no tune there is long enough to go on with", wish.source.named());
    }
    std::fs::create_dir_all(&wish.out).with_context(|| format!("{}: cannot be made", wish.out.display()))?;
    let playing =
        SamplingArguments { temperature: wish.temperature, top_p: wish.top_p, memory: wish.memory, seed: wish.seed };
    let count = wish.notes.unwrap_or(if mind.vocabulary().polyphony == 1 { LINE } else { CHORDS });
    for (index, place) in (0..).zip(&places) {
        let tune = &tunes[place.tune];
        let from = at_a_bar_line(tune, place.from);
        let prompt = &tune.notes[from..from + PROMPT];
        let continuation = continue_prompt(&mind, tune, prompt, count, &seeded(playing.knobs(), index));
        let title = if tune.title.is_empty() { file_name(names[place.tune].0) } else { &tune.title };
        let example = Example::new(tune, prompt, &continuation, wish.tempo_bpm)
            .titled(&format!("{style}: after {title} ({playing})"));
        let key = has_letters(mind.vocabulary()).then(|| key_signature(&tune.notes));
        for path in example.write(&wish.out, &format!("{style}-{}", index + 1), key)? {
            println!("{}", path.display());
        }
    }
    Ok(())
}

/// What a tune without a title is called: `midi/jigs1.mid` is jigs1.
fn file_name(source: &str) -> &str {
    Path::new(source).file_stem().and_then(|name| name.to_str()).unwrap_or(source)
}

/// The first note on a bar line at or after one, if there is one soon enough: a prompt that begins so is easier to read.
fn at_a_bar_line(tune: &Tune, from: usize) -> usize {
    const FAR: usize = 16;
    let begins_a_bar = |note: &Note| tune.bars_at(note.onset).is_some_and(|bars| bars.place(note.onset) == Ticks::ZERO);
    let found = tune.notes[from..].iter().take(FAR).position(begins_a_bar);
    found.map(|later| from + later).filter(|from| from + PROMPT <= tune.notes.len()).unwrap_or(from)
}

/// What can be written in ABC without losing anything.
fn has_letters(vocabulary: &Vocabulary) -> bool {
    vocabulary.polyphony == 1 && !vocabulary.has_velocity()
}
