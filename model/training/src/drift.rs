//! Finds the correction of drift: plays on in tunes, counts the features of what was played and of real continuations,
//! and moves each summand until both have the feature equally often.

use super::statistics::{count, spread};
use super::two_sample_test::{PromptSet, RolloutRequest};
use segue_corpus::Tune;
use segue_model::drift::{Before, Beginning, DriftCorrection, MOST, MOST_GAIN};
use segue_model::lookback::LookBack;
use segue_model::lstm::Model;
use segue_model::note::Note;
use segue_model::sampling::SamplingParameters;
use segue_model::vocabulary::{TimeBase, Vocabulary};
use std::sync::Arc;

/// Fewer continuations are too few to compare.
const FEWEST_PLACES: usize = 50;
/// Continuations in each round. Each round has others.
const PLACES: usize = 250;
/// Real continuations to compare with.
const REAL_PLACES: usize = 2_000;
/// The rounds, with the part of the difference that each corrects. Features depend on each other, so the whole
/// difference would be too much.
const ROUNDS: [f32; 14] = [0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3, 0.2, 0.2, 0.2, 0.2];
/// The result is the mean of the last rounds, so that the chance of none of them counts.
const AVERAGED: usize = 4;
/// Added to both counts of a feature, so that rare ones move little.
const PSEUDO_COUNT: f32 = 10.0;
/// The seed that chooses real continuations. Each round has its own, from 1 on.
const SEED: u64 = 0;

/// The correction with which the model's continuations have the features of the tunes as often as the tunes; `None`
/// when there are too few tunes.
pub fn correction(model: &Model, prompts: &PromptSet) -> Option<DriftCorrection> {
    let vocabulary = model.vocabulary();
    let mut real = FeatureCounts::new(vocabulary);
    prompts.read(REAL_PLACES, SEED, |tune, prompt, notes| real.add(vocabulary, tune, prompt, notes));
    let mut drift = DriftCorrection::none(vocabulary);
    let mut last = Vec::new();
    for (seed, part) in (1..).zip(ROUNDS) {
        let own = FeatureCounts::played(&model.clone().with_drift(Some(drift.clone())), prompts, seed);
        if real.passages.min(own.passages) < FEWEST_PLACES {
            return None;
        }
        own.move_towards(&real, part, &mut drift, sounds_as_drawn(vocabulary));
        last.push(drift.clone());
    }
    Some(mean_of(&last[last.len() - AVERAGED..]))
}

/// Whether rhythm and velocities sound as they were drawn. In solos, onsets and ends settle on the grid afterwards, and
/// no note is shorter than a thirty-second: the summands would try to undo that and find no end. Their velocities are
/// ranks, which the player's own spread scales.
fn sounds_as_drawn(vocabulary: &Vocabulary) -> bool {
    vocabulary.is_notation() || vocabulary.time_base == TimeBase::Free
}

/// How often each feature occurred.
#[derive(Debug, Clone)]
struct FeatureCounts {
    step: Vec<f32>,
    pitch: Vec<f32>,
    duration: Vec<f32>,
    /// The sum over the passages of the standard deviation of velocity, in MIDI steps.
    velocity: f32,
    passages: usize,
}

impl FeatureCounts {
    fn new(vocabulary: &Vocabulary) -> Self {
        let DriftCorrection { step, pitch, duration, .. } = DriftCorrection::none(vocabulary);
        Self { step, pitch, duration, velocity: 0.0, passages: 0 }
    }

    /// Counts what a model plays.
    fn played(model: &Model, prompts: &PromptSet, seed: u64) -> Self {
        let mut counts = Self::new(model.vocabulary());
        let request = RolloutRequest { places: PLACES, parameters: SamplingParameters::as_learnt(seed) };
        prompts.play(&Arc::new(model.clone()), &request, |tune, prompt, notes| {
            counts.add(model.vocabulary(), tune, prompt, notes);
        });
        counts
    }

    /// Counts the notes of a continuation.
    fn add(&mut self, vocabulary: &Vocabulary, tune: &Tune, prompt: &[Note], notes: &[Note]) {
        let mut session = LookBack::default();
        for note in prompt {
            session.push(note);
        }
        let mut last = prompt.last();
        for note in notes {
            let before = Before::of(vocabulary, &session, true);
            let bars = tune.bars_at(note.onset);
            let at = Beginning { onset: note.onset, bars, chord: tune.chord_at(note.onset) };
            if let Some(last) = last {
                let step = vocabulary.step_class(note.onset - last.onset);
                before.step(step.into(), bars).iter().for_each(|feature| self.step[*feature] += 1.0);
            }
            before.pitch(note.pitch, &at).iter().for_each(|feature| self.pitch[*feature] += 1.0);
            let duration = vocabulary.duration_class(note.duration);
            before.duration(duration.into(), &at).iter().for_each(|feature| self.duration[*feature] += 1.0);
            session.push(note);
            last = Some(note);
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 63 steps")]
        let apart = spread(notes.iter().map(|note| f64::from(note.velocity.value()))) as f32;
        self.velocity += apart;
        self.passages += 1;
    }

    /// Moves the correction with which this was played towards one with which it would be as in `real`.
    fn move_towards(&self, real: &Self, part: f32, drift: &mut DriftCorrection, moves_all: bool) {
        let scale = self.passages_for_each(real);
        let moved = |table: &mut [f32], own: &[f32], real: &[f32]| {
            // The first feature means none.
            for ((summand, own), real) in table.iter_mut().zip(own).zip(real).skip(1) {
                let apart = ((real * scale + PSEUDO_COUNT) / (own + PSEUDO_COUNT)).ln();
                *summand = (*summand + part * apart).clamp(-MOST, MOST);
            }
        };
        moved(&mut drift.pitch, &self.pitch, &real.pitch);
        if moves_all {
            moved(&mut drift.step, &self.step, &real.step);
            moved(&mut drift.duration, &self.duration, &real.duration);
        }
        if moves_all && self.velocity > 0.0 {
            let louder = (real.velocity * scale / self.velocity).powf(part);
            drift.velocity_gain = (drift.velocity_gain * louder).clamp(1.0, MOST_GAIN);
        }
    }

    fn passages_for_each(&self, real: &Self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a ratio needs few digits")]
        let ratio = (count(self.passages) / count(real.passages.max(1))) as f32;
        ratio
    }
}

/// The mean of some corrections, in hundredths of a nat.
fn mean_of(corrections: &[DriftCorrection]) -> DriftCorrection {
    let mean = |of: &dyn Fn(&DriftCorrection) -> f32| {
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let mean = corrections.iter().map(of).sum::<f32>() / corrections.len() as f32;
        (100.0 * mean).round() / 100.0
    };
    let table = |of: fn(&DriftCorrection) -> &Vec<f32>| {
        let length = corrections.first().map_or(0, |first| of(first).len());
        (0..length).map(|index| mean(&|drift| of(drift)[index])).collect()
    };
    DriftCorrection {
        step: table(|drift| &drift.step),
        pitch: table(|drift| &drift.pitch),
        duration: table(|drift| &drift.duration),
        velocity_gain: mean(&|drift| drift.velocity_gain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_corpus::abc::parse_book;
    use segue_model::network::Sizes;

    const BOOK: &str = include_str!("../../../tests/tunes/oneills.abc");

    /// The sum of the differences between shares of pitch features.
    fn apart(one: &FeatureCounts, other: &FeatureCounts) -> f32 {
        let shares = |counts: &FeatureCounts| {
            let all: f32 = counts.pitch.iter().skip(1).sum();
            counts.pitch.iter().skip(1).map(|feature| feature / all).collect::<Vec<_>>()
        };
        shares(one).iter().zip(shares(other)).map(|(one, other)| (one - other).abs()).sum()
    }

    /// A network without training plays all pitches alike, far from any tune. Too few tunes give no correction.
    #[test]
    fn a_line_comes_closer_to_its_tunes() {
        let book = parse_book(BOOK, "oneills.abc");
        let tunes: Vec<&Tune> = book.tunes.iter().map(|(_, tune)| tune).collect();
        let named: Vec<(&str, &Tune)> = tunes.iter().map(|tune| (tune.title.as_str(), *tune)).collect();
        let model = Model::random(Vocabulary::dance(), Sizes { layers: 1, hidden: 16, event: 16, head: 16 });
        let prompts = PromptSet::of(model.vocabulary(), &tunes, &named);
        let drift = correction(&model, &prompts).unwrap();
        let mut real = FeatureCounts::new(model.vocabulary());
        prompts.read(REAL_PLACES, 0, |tune, prompt, notes| real.add(model.vocabulary(), tune, prompt, notes));
        let plain = FeatureCounts::played(&model, &prompts, 99);
        let corrected = FeatureCounts::played(&model.clone().with_drift(Some(drift)), &prompts, 99);
        let (before, after) = (apart(&plain, &real), apart(&corrected, &real));
        assert!(after < 0.5 * before, "{before} {after}");
        let few = PromptSet::of(model.vocabulary(), &tunes, &named[..0]);
        assert_eq!(correction(&model, &few), None);
    }

    /// Velocities that lie too close together are spread, and those that do not stay.
    #[test]
    fn differences_of_velocity_become_as_large_as_in_the_tunes() {
        let vocabulary = Vocabulary::piano();
        let counts = |velocity| FeatureCounts { velocity, passages: 10, ..FeatureCounts::new(&vocabulary) };
        for (own, real, gain) in [(100.0, 110.0, 1.1), (100.0, 90.0, 1.0), (100.0, 900.0, MOST_GAIN), (0.0, 90.0, 1.0)]
        {
            let mut drift = DriftCorrection::none(&vocabulary);
            counts(own).move_towards(&counts(real), 1.0, &mut drift, true);
            assert!((drift.velocity_gain - gain).abs() < 1e-5, "{own} {real}: {}", drift.velocity_gain);
        }
    }

    #[test]
    fn the_result_is_the_mean_in_hundredths() {
        let vocabulary = Vocabulary::dance();
        let with = |summand| {
            let mut drift = DriftCorrection::none(&vocabulary);
            drift.pitch[1] = summand;
            drift
        };
        let mean = mean_of(&[with(0.5), with(0.253)]);
        assert!((mean.pitch[1] - 0.38).abs() < 1e-6 && mean.pitch[2].abs() < 1e-6, "{:?}", &mean.pitch[..3]);
        assert_eq!(mean.step, with(0.0).step);
    }
}
