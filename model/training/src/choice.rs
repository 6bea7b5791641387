//! Whether a model finds the true continuation of a passage among four, by likelihood. A task on which it is not
//! trained, and in which nothing is generated: it tells whether the model knows how *this* music goes on. After the
//! continuation task of MIREX and of the Jazz Transformer ([Wu and Yang 2020](https://arxiv.org/abs/2008.01307)), where
//! the other three come from other pieces.

use super::continuations::{CONTINUATION, PromptPosition, draw_positions};
use super::dataset::{EncodedTune, FeatureDropout, NO_DROPOUT};
use super::evaluate::{MeanLikelihood, predictions};
use super::rollout::in_vocabulary;
use super::statistics::share;
use super::style_metrics::{mean_pitch, pitch_classes};
use fastrand::Rng;
use segue_corpus::Tune;
use segue_model::lstm::Model;
use segue_model::note::{Bars, Note, Ticks};
use std::fmt;

/// The continuations that one chooses among.
const CANDIDATES: usize = 4;
/// How often another continuation is looked for.
const TRIES: usize = 64;

/// How often the true continuation was the most probable one. Each share is 0 to 1; chance is a quarter.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ContinuationChoice {
    /// The number of choices.
    pub places: usize,
    /// By the pitches alone.
    pub by_pitch: f64,
    /// By everything: steps, pitches, durations and velocities.
    pub by_all: f64,
    /// By everything, without look-back.
    pub without_look_back: f64,
    /// By how much likelier the prompt makes everything: what is a likely line anyhow does not win by that.
    pub by_prompt: f64,
}

impl ContinuationChoice {
    /// Asks the model at `count` places of the tunes. The three others come from other tunes, begin at the same place
    /// of the bar in the same metre, and are transposed to share as many pitch classes with the prompt as they can, so
    /// that the key alone does not tell. No chords are shown.
    pub fn of(model: &Model, tunes: &[(&str, &Tune)], count: usize, seed: u64) -> Self {
        let vocabulary = model.vocabulary();
        let tunes: Vec<(&str, Tune)> =
            tunes.iter().map(|(name, tune)| (*name, in_vocabulary(tune, vocabulary))).collect();
        let lengths: Vec<(&str, usize)> = tunes.iter().map(|(name, tune)| (*name, tune.notes.len())).collect();
        let tunes: Vec<&Tune> = tunes.iter().map(|(_, tune)| tune).collect();
        let (mut choice, mut rng) = (Self::default(), Rng::with_seed(seed));
        let mut found = [0; 4];
        for place in draw_positions(&lengths, count, seed) {
            let Some(candidates) = candidates(&tunes, place, &mut rng) else { continue };
            choice.places += 1;
            for (found, is_found) in found.iter_mut().zip(choose(model, &candidates)) {
                *found += usize::from(is_found);
            }
        }
        let [by_pitch, by_all, without_look_back, by_prompt] = found.map(|found| share(found, choice.places));
        Self { by_pitch, by_all, without_look_back, by_prompt, ..choice }
    }
}

/// Whether the first candidate is the most probable one, in the order of the fields of [`ContinuationChoice`].
fn choose(model: &Model, candidates: &[Tune]) -> [bool; 4] {
    let no_chords = FeatureDropout { chords: 1.0, ..NO_DROPOUT };
    let blind = FeatureDropout { look_back: 1.0, ..no_chords };
    let vocabulary = model.vocabulary();
    // The first note's step leads over from the prompt, so it is left out everywhere.
    let nats = |tune: &Tune, dropout, part: fn(&MeanLikelihood) -> f64| {
        let steps = EncodedTune::of(tune, vocabulary).steps(vocabulary);
        let heard = steps.len() - CONTINUATION;
        predictions(model, &steps, dropout).skip(heard).map(|of| part(&of)).sum::<f64>()
    };
    let everything = |of: &MeanLikelihood| of.step + of.pitch + of.duration + of.velocity;
    let all = |dropout, part| candidates.iter().map(|tune| nats(tune, dropout, part)).collect::<Vec<f64>>();
    let by_all = all(no_chords, everything);
    let alone = |tune: &Tune| {
        let notes = tune.notes[tune.notes.len() - CONTINUATION..].to_vec();
        nats(&Tune { notes, ..tune.clone() }, no_chords, everything)
    };
    let gained = candidates.iter().zip(&by_all).map(|(tune, nats)| nats - alone(tune)).collect();
    [all(no_chords, |of| of.pitch), by_all, all(blind, everything), gained]
        .map(|nats: Vec<f64>| nats[1..].iter().all(|other| nats[0] < *other))
}

impl fmt::Display for ContinuationChoice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places, by_pitch, by_all, without_look_back, by_prompt } = self;
        let percent = |share: f64| 100.0 * share;
        writeln!(
            out,
            "the true continuation among {CANDIDATES}, {places} places: {:.1} % by pitch, {:.1} % by everything, \
             {:.1} % without look-back, {:.1} % by how much the prompt says of everything",
            percent(*by_pitch),
            percent(*by_all),
            percent(*without_look_back),
            percent(*by_prompt)
        )
    }
}

/// The passage with its true continuation, then with three others. `None` where the tunes have too few.
fn candidates(tunes: &[&Tune], place: PromptPosition, rng: &mut Rng) -> Option<Vec<Tune>> {
    let tune = tunes[place.tune];
    let (prompt, real) = (place.prompt(&tune.notes), place.real(&tune.notes));
    let begins = real.first()?.onset;
    let mut all = vec![joined(tune, prompt, real.to_vec())];
    for _ in 0..TRIES {
        if all.len() == CANDIDATES {
            break;
        }
        let other = rng.usize(..tunes.len());
        let Some(last) = tunes[other].notes.len().checked_sub(CONTINUATION) else { continue };
        if other != place.tune {
            let others =
                continuation(tunes[other], rng.usize(..=last), tune.bars_at(begins).map(|bars| (bars, begins)));
            all.extend(others.map(|notes| joined(tune, prompt, like(prompt, shifted(&notes, begins)))));
        }
    }
    (all.len() == CANDIDATES).then_some(all)
}

/// [`CONTINUATION`] notes from note `from` on, or from the first one after it that stands in a bar of the same length
/// at the same place.
fn continuation(tune: &Tune, from: usize, at: Option<(Bars, Ticks)>) -> Option<Vec<Note>> {
    let fits = |note: &Note| match (tune.bars_at(note.onset), at) {
        (Some(here), Some((bars, begins))) => here.metre == bars.metre && here.place(note.onset) == bars.place(begins),
        (None, None) => true,
        _ => false,
    };
    let first = from + tune.notes[from..].iter().position(fits)?;
    tune.notes.get(first..first + CONTINUATION).map(<[Note]>::to_vec)
}

fn shifted(notes: &[Note], begins: Ticks) -> Vec<Note> {
    let by = notes.first().map_or(Ticks::ZERO, |first| begins - first.onset);
    notes.iter().map(|note| Note { onset: note.onset + by, ..*note }).collect()
}

/// Transposed to share as many pitch classes with the prompt as possible, in the octave that is nearest to it.
fn like(prompt: &[Note], notes: Vec<Note>) -> Vec<Note> {
    /// An octave and a half each way.
    const FARTHEST: i8 = 18;
    let (classes, height) = (pitch_classes(prompt), mean_pitch(prompt));
    let transposed = |by: i8| -> Option<Vec<Note>> {
        notes.iter().map(|note| Some(Note { pitch: note.pitch.transposed(by)?, ..*note })).collect()
    };
    let likeness = |notes: &[Note]| (pitch_classes(notes).overlap(&classes), -(mean_pitch(notes) - height).abs());
    let all = (-FARTHEST..=FARTHEST).filter_map(transposed).map(|notes| (likeness(&notes), notes));
    let nearest = all.max_by(|((one, near), _), ((other, far), _)| one.total_cmp(other).then(near.total_cmp(far)));
    nearest.map_or(notes, |(_, nearest)| nearest)
}

fn joined(tune: &Tune, prompt: &[Note], notes: Vec<Note>) -> Tune {
    Tune { notes: [prompt.to_vec(), notes].concat(), bars: tune.bars.clone(), ..Tune::default() }
}

#[cfg(test)]
mod tests {
    use super::super::continuations::PROMPT;
    use super::*;
    use segue_model::note::{Metre, Pitch, Velocity};

    /// The notes of a figure that goes round.
    const FIGURE: usize = 16;

    /// Tunes of eighths, or of eighths after a rest, in common time.
    fn tunes() -> Vec<Tune> {
        let tune = |seed: u8| {
            let mut rng = Rng::with_seed(seed.into());
            let note = |index: i64| Note {
                onset: Ticks(24 * (index + i64::from(seed))),
                pitch: Pitch::new(rng.u8(60..72)).unwrap(),
                duration: Ticks(24),
                velocity: Velocity::DEFAULT,
            };
            let bars = vec![Bars { line: Ticks::ZERO, metre: Metre::COMMON }];
            Tune { title: seed.to_string(), notes: (0..150).map(note).collect(), bars, ..Tune::default() }
        };
        (0..6).map(tune).collect()
    }

    fn named(tunes: &[Tune]) -> Vec<(&str, &Tune)> {
        tunes.iter().map(|tune| (tune.title.as_str(), tune)).collect()
    }

    /// The others begin where the true one does, at the same place of the bar, and are as long.
    #[test]
    fn the_others_stand_at_the_same_place() {
        let tunes = tunes();
        let lengths: Vec<(&str, usize)> = named(&tunes).iter().map(|(name, tune)| (*name, tune.notes.len())).collect();
        let tunes: Vec<&Tune> = tunes.iter().collect();
        let (mut rng, mut asked) = (Rng::with_seed(1), 0);
        for place in draw_positions(&lengths, 30, 1) {
            let Some(candidates) = candidates(&tunes, place, &mut rng) else { continue };
            asked += 1;
            assert_eq!(candidates[0].notes, tunes[place.tune].notes[place.from..][..PROMPT + CONTINUATION]);
            for other in &candidates[1..] {
                assert_eq!(other.notes[..PROMPT], candidates[0].notes[..PROMPT]);
                assert_eq!(other.notes[PROMPT].onset, candidates[0].notes[PROMPT].onset);
                assert_eq!(other.notes.len(), PROMPT + CONTINUATION);
                assert_ne!(other.notes, candidates[0].notes);
            }
        }
        assert!(asked >= 20, "{asked}");
    }

    /// A scale in another key is brought to the prompt's.
    #[test]
    fn another_key_does_not_tell() {
        let scale = [0, 2, 4, 5, 7, 9, 11, 12, 7, 4].map(|step| 60 + step);
        let tune = &tunes()[0];
        let note = |(note, key): (&Note, u8)| Note { pitch: Pitch::new(key).unwrap(), ..*note };
        let notes: Vec<Note> = tune.notes.iter().zip(scale).map(note).collect();
        let moved: Vec<Note> =
            notes.iter().map(|note| Note { pitch: note.pitch.transposed(5).unwrap(), ..*note }).collect();
        assert_eq!(like(&notes, moved), notes);
    }

    /// Each tune is a figure of two bars, again and again. Who hears it knows how it goes on.
    #[test]
    fn a_model_that_looks_back_finds_what_goes_on() {
        let mut tunes = tunes();
        for tune in &mut tunes {
            for index in FIGURE..tune.notes.len() {
                tune.notes[index].pitch = tune.notes[index - FIGURE].pitch;
            }
        }
        let model = Model::from_file("../../presets/irish.segue".as_ref()).unwrap();
        let choice = ContinuationChoice::of(&model, &named(&tunes), 40, 1);
        assert!(choice.places >= 30 && choice.by_pitch > 0.9, "{choice}");
        assert!(choice.without_look_back < choice.by_all, "{choice}");
    }
}
