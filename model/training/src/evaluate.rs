//! Measures how well a model predicts the notes of tunes, beside Markov chains.

use super::dataset::{EncodedTune, FeatureDropout, NO_DROPOUT, drop_features};
use super::markov::Markov;
use fastrand::Rng;
use segue_model::lstm::{InferenceBuffers, Model};
use segue_model::network::SequenceStep;
use segue_model::sampling::argmax;
use segue_model::vocabulary::{Tokens, Vocabulary};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// The order of the Markov chain that is printed beside the network.
pub const MARKOV_ORDER: usize = 5;
/// The escape weight of the chain: the power of two with the lowest loss on the validation splits of irish, folk and
/// jazz. With 1, as in Witten–Bell smoothing, contexts that were seen once count too much: 2.44 nats on folk instead of
/// 1.88.
const ESCAPE_WEIGHT: f64 = 16.0;
/// The same for the counts of the tune itself, which are more reliable.
const OWN_ESCAPE_WEIGHT: f64 = 1.0;
/// A run of at least this many notes that the tune has played before, with the same steps and pitches, is a literal
/// repeat.
const REPEAT: usize = 8;

/// Means over notes, without the first note of each tune; in nats per note unless said otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MeanLikelihood {
    /// Notes that were predicted.
    pub notes: f64,
    /// Negative log-likelihood of the step.
    pub step: f64,
    /// Of the pitch.
    pub pitch: f64,
    /// Of the duration.
    pub duration: f64,
    /// Of the velocity; 0 when the style has no dynamics.
    pub velocity: f64,
    /// Share of notes whose pitch was the most probable one, 0 to 1.
    pub top_1: f64,
}

/// Negative log-likelihood of the pitch by Markov chains, which see no chords; in nats per note.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MarkovLikelihoods {
    /// Notes that were predicted.
    pub notes: f64,
    /// By a chain of order [`MARKOV_ORDER`].
    pub markov: f64,
    /// By that chain, interpolated with counts of what the tune has played so far.
    pub cached: f64,
    /// By the frequency of each pitch.
    pub unigram: f64,
}

/// The likelihoods of a model and of the chains on one split.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Likelihoods {
    /// With every feature shown.
    #[serde(rename = "told")]
    pub full_context: MeanLikelihood,
    /// Without chords; `None` when the style has none.
    pub no_chords: Option<MeanLikelihood>,
    /// Without look-back; `None` when the model was trained without.
    pub no_look_back: Option<MeanLikelihood>,
    /// Without either.
    pub neither: Option<MeanLikelihood>,
    /// With every feature: the notes in literal repeats of eight or more.
    pub repeats: MeanLikelihood,
    /// With every feature: the other notes.
    pub first_pass: MeanLikelihood,
    /// The chains on all notes.
    pub chains: MarkovLikelihoods,
    /// The chains in literal repeats.
    pub chains_repeats: MarkovLikelihoods,
    /// The chains on the other notes.
    pub chains_first_pass: MarkovLikelihoods,
}

impl Likelihoods {
    /// The main numbers by name, as a weights file stores them.
    pub fn named(&self) -> Vec<(String, f64)> {
        let mut named = Vec::new();
        let mut add = |name: &str, value: f64| named.push((name.to_owned(), (value * 1e4).round() / 1e4));
        add("step", self.full_context.step);
        add("pitch", self.full_context.pitch);
        add("duration", self.full_context.duration);
        add("velocity", self.full_context.velocity);
        add("pitch top-1", self.full_context.top_1);
        for (name, measure) in
            [("chords", self.no_chords), ("look-back", self.no_look_back), ("chords and look-back", self.neither)]
        {
            if let Some(measure) = measure {
                add(&format!("pitch without {name}"), measure.pitch);
            }
        }
        add("pitch, Markov order 5", self.chains.markov);
        add("pitch, unigram", self.chains.unigram);
        named
    }

    /// How much higher each mean is than in `other`, by name, in nats per note.
    pub fn differences(&self, other: &Self) -> Vec<(String, f64)> {
        let measures = [
            ("all features", Some(self.full_context), Some(other.full_context)),
            ("without chords", self.no_chords, other.no_chords),
            ("without look-back", self.no_look_back, other.no_look_back),
            ("without either", self.neither, other.neither),
        ];
        let values = |of: MeanLikelihood| {
            [("step", of.step), ("pitch", of.pitch), ("duration", of.duration), ("velocity", of.velocity)]
        };
        let pairs =
            measures.into_iter().filter_map(|(name, ours, theirs)| Some((name, values(ours?), values(theirs?))));
        pairs
            .flat_map(|(name, ours, theirs)| {
                ours.into_iter()
                    .zip(theirs)
                    .map(move |((head, our), (_, their))| (format!("{head}, {name}"), our - their))
            })
            .collect()
    }
}

impl fmt::Display for Likelihoods {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} notes, nats per note:", self.full_context.notes)?;
        writeln!(out, "                          pitch  top-1    step  duration  velocity")?;
        let rows = [
            ("all features", Some(self.full_context)),
            ("without chords", self.no_chords),
            ("without look-back", self.no_look_back),
            ("without either", self.neither),
            ("in literal repeats", Some(self.repeats)),
            ("in first passes", Some(self.first_pass)),
        ];
        for (name, measure) in rows {
            let Some(of) = measure else { continue };
            let share = 100.0 * of.notes / self.full_context.notes.max(1.0);
            write!(out, "  {name:<22} {:>6.3} {:>5.1}%  {:>6.3}", of.pitch, 100.0 * of.top_1, of.step)?;
            writeln!(out, "    {:>6.3}    {:>6.3}   ({share:.0} % of the notes)", of.duration, of.velocity)?;
        }
        let rows = [
            ("all", self.chains),
            ("in literal repeats", self.chains_repeats),
            ("in first passes", self.chains_first_pass),
        ];
        writeln!(out, "  pitch by chains:    order {MARKOV_ORDER}  with the tune's own notes  unigram")?;
        for (name, of) in rows {
            writeln!(out, "  {name:<18} {:>7.3}  {:>25.3}  {:>7.3}", of.markov, of.cached, of.unigram)?;
        }
        Ok(())
    }
}

/// A chain trained on `pieces` as written, without transposition.
pub fn markov(pieces: &[EncodedTune], vocabulary: &Vocabulary) -> Markov {
    let mut chain = Markov::empty(MARKOV_ORDER, vocabulary.counts().pitch, ESCAPE_WEIGHT);
    for piece in pieces {
        let melody = melody(&piece.tokens(vocabulary));
        (0..melody.len()).for_each(|index| chain.observe(&melody[..index], melody[index]));
    }
    chain
}

/// Predicts every note of every tune, one by one, as in playing: with every feature, without chords, without look-back,
/// and without both.
pub fn evaluate(model: &Model, pieces: &[EncodedTune], chain: &Markov) -> Likelihoods {
    let vocabulary = model.vocabulary();
    let chords = vocabulary.chords.then_some(FeatureDropout { chords: 1.0, ..NO_DROPOUT });
    let look_back = model.card().look_back.then_some(FeatureDropout { look_back: 1.0, ..NO_DROPOUT });
    let neither = chords.and(look_back).map(|dropout| FeatureDropout { chords: 1.0, ..dropout });
    let mut figures = Likelihoods::default();
    for piece in pieces {
        let steps = piece.steps(vocabulary);
        let melody = melody(&piece.tokens(vocabulary));
        let repeated = in_repeats(&piece.tokens(vocabulary));
        for (index, measure) in predictions(model, &steps, NO_DROPOUT).enumerate() {
            figures.full_context.add(measure);
            (if repeated[index + 1] { &mut figures.repeats } else { &mut figures.first_pass }).add(measure);
        }
        for (dropout, sum) in
            [(chords, &mut figures.no_chords), (look_back, &mut figures.no_look_back), (neither, &mut figures.neither)]
        {
            if let Some(dropout) = dropout {
                let sum = sum.get_or_insert_default();
                predictions(model, &steps, dropout).for_each(|measure| sum.add(measure));
            }
        }
        for (index, chains) in chain_predictions(chain, &melody).enumerate() {
            figures.chains.add(chains);
            let part = if repeated[index + 1] { &mut figures.chains_repeats } else { &mut figures.chains_first_pass };
            part.add(chains);
        }
    }
    let Likelihoods { full_context, repeats, first_pass, no_chords, no_look_back, neither, .. } = &mut figures;
    let optional = [no_chords, no_look_back, neither].into_iter().flatten();
    [full_context, repeats, first_pass].into_iter().chain(optional).for_each(MeanLikelihood::average);
    let Likelihoods { chains, chains_repeats, chains_first_pass, .. } = &mut figures;
    [chains, chains_repeats, chains_first_pass].into_iter().for_each(MarkovLikelihoods::average);
    figures
}

/// The prediction of each note but the first, with the features that `dropout` leaves.
pub(crate) fn predictions(
    model: &Model,
    steps: &[SequenceStep],
    dropout: FeatureDropout,
) -> impl Iterator<Item = MeanLikelihood> {
    let mut steps = steps.to_vec();
    drop_features(&mut steps, dropout, &mut Rng::with_seed(0));
    let (mut state, mut buffers) = (model.initial_state(), InferenceBuffers::default());
    steps.into_iter().filter_map(move |step| {
        let (next, repeats) = (step.next?, step.repeats);
        model.step(step.heard, step.features, &mut state, &mut buffers);
        let mut heads = model.heads(&state, &mut buffers);
        let step = nats(heads.step_logits(), next.step);
        let pitches = heads.pitch_logits(next, repeats);
        let top_1 = f64::from(u8::from(argmax(pitches) == usize::from(next.pitch)));
        let pitch = nats(pitches, next.pitch);
        let duration = nats(heads.duration_logits(next, repeats), next.duration);
        let velocity = heads.velocity_logits(next).map_or(0.0, |logits| nats(logits, next.velocity));
        Some(MeanLikelihood { notes: 1.0, step, pitch, duration, velocity, top_1 })
    })
}

fn chain_predictions(chain: &Markov, melody: &[u8]) -> impl Iterator<Item = MarkovLikelihoods> {
    let mut own = Markov::empty(MARKOV_ORDER, 1, OWN_ESCAPE_WEIGHT);
    (0..melody.len()).filter_map(move |index| {
        let (past, next) = (&melody[..index], melody[index]);
        let markov = chain.probability(past, next, MARKOV_ORDER);
        let cached = own.probability_above(markov, past, next, 1..=MARKOV_ORDER);
        own.observe(past, next);
        let unigram = chain.probability(&[], next, 0);
        (index > 0).then(|| MarkovLikelihoods {
            notes: 1.0,
            markov: -markov.ln(),
            cached: -cached.ln(),
            unigram: -unigram.ln(),
        })
    })
}

impl MeanLikelihood {
    fn add(&mut self, other: Self) {
        self.notes += other.notes;
        self.step += other.step;
        self.pitch += other.pitch;
        self.duration += other.duration;
        self.velocity += other.velocity;
        self.top_1 += other.top_1;
    }

    fn average(&mut self) {
        let Self { step, pitch, duration, velocity, top_1, notes } = self;
        for sum in [step, pitch, duration, velocity, top_1] {
            *sum /= notes.max(1.0);
        }
    }
}

impl MarkovLikelihoods {
    fn add(&mut self, other: Self) {
        self.notes += other.notes;
        self.markov += other.markov;
        self.cached += other.cached;
        self.unigram += other.unigram;
    }

    fn average(&mut self) {
        let Self { markov, cached, unigram, notes } = self;
        for sum in [markov, cached, unigram] {
            *sum /= notes.max(1.0);
        }
    }
}

fn melody(notes: &[Tokens]) -> Vec<u8> {
    notes.iter().map(|note| note.pitch).collect()
}

/// For each note, whether it is part of a run of at least [`REPEAT`] notes that the tune has played before.
fn in_repeats(notes: &[Tokens]) -> Vec<bool> {
    let mut repeated = vec![false; notes.len()];
    let mut seen = HashMap::new();
    for (first, run) in notes.windows(REPEAT).enumerate() {
        // The first step of a run leads to it, and is not part of it.
        let figure: Vec<_> =
            run.iter().enumerate().map(|(index, note)| (note.pitch, if index == 0 { 0 } else { note.step })).collect();
        if seen.insert(figure, first).is_some() {
            repeated[first..first + REPEAT].fill(true);
        }
    }
    repeated
}

/// The negative log-probability of a class under softmax.
fn nats(logits: &[f32], class: u8) -> f64 {
    let peak = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|logit| f64::from(logit - peak).exp()).sum();
    total.ln() - f64::from(logits[usize::from(class)] - peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of eight notes and more that the tune has played before.
    #[test]
    fn a_repeat_is_marked_from_its_first_note_to_its_last() {
        let note = |pitch| Tokens { pitch, step: 1, ..Tokens::default() };
        let tune = |pitches: &str| pitches.bytes().map(note).collect::<Vec<_>>();
        let marks =
            |pitches: &str| in_repeats(&tune(pitches)).iter().map(|&is| if is { 'r' } else { '.' }).collect::<String>();
        let check = |pitches: &str, expected: &str| assert_eq!(marks(pitches), expected.to_owned(), "{pitches}");
        check("abcdefgh", "........");
        check("abcdefghXabcdefghi", ".........rrrrrrrr.");
        check("abcdefgXabcdefg", "...............");
        check("aaaaaaaaaa", ".rrrrrrrrr");
    }

    /// The cached chain becomes sure of an unseen tune that repeats itself.
    #[test]
    fn counting_a_tunes_own_notes_predicts_its_repeats() {
        let chain = Markov::empty(MARKOV_ORDER, 60, ESCAPE_WEIGHT);
        let melody: Vec<u8> = (0..60).map(|index| 7 * (index % 6)).collect();
        let chains: Vec<_> = chain_predictions(&chain, &melody).collect();
        assert_eq!(chains.len(), melody.len() - 1);
        assert!(chains[4].cached > 2.0 && chains[50].cached < 0.5 && chains[50].markov > 2.0);
    }
}
