//! The decoding bias: corrects the drift of a model that hears only itself.
//!
//! A network is trained on other people's notes. After its own notes it drifts: it loses a quotation at a note that was
//! drawn by chance, repeats pitches more often than tunes do, and follows the chords less. Three numbers correct this.
//! `segue_training::bias_search` finds them. They act on sampling only; the likelihoods of the model do not change.

use crate::chord::{Chord, OCTAVE};
use crate::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};

/// The three corrections. The default changes nothing. The names in a weights file are those of older versions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DecodingBias {
    /// The factor on all pitch logits while a motif of this session is continued, 1 to [`MAX_QUOTATION_GAIN`]. It is
    /// the reciprocal of a temperature.
    #[serde(rename = "faith")]
    pub quotation_gain: f32,
    /// The summand on the logit of the last pitch, in nats, at most [`MAX_BIAS`] in either direction.
    #[serde(rename = "again")]
    pub repetition: f32,
    /// The summand on the logits of chord tones on a beat, in nats, at most [`MAX_BIAS`] in either direction.
    #[serde(rename = "chord")]
    pub chord_tone: f32,
}

/// The greatest gain. More would only copy.
pub const MAX_QUOTATION_GAIN: f32 = 4.0;
/// The greatest summand: 7.4 times as probable.
pub const MAX_BIAS: f32 = 2.0;

/// The class of a motif's length from which it is a quotation: three intervals. Two occur everywhere.
const QUOTATION: u8 = 2;

/// The context of a pitch that is being sampled.
#[derive(Debug, Clone, Copy)]
pub struct BiasContext {
    /// The length class of the motif match: see [`crate::lookback::MotifMatch`].
    pub figure: u8,
    /// The class of the last pitch.
    pub last: Option<u8>,
    /// The chord, if the note begins on a beat.
    pub chord: Option<Chord>,
}

impl Default for DecodingBias {
    fn default() -> Self {
        Self { quotation_gain: 1.0, repetition: 0.0, chord_tone: 0.0 }
    }
}

impl DecodingBias {
    /// Adds the bias to the pitch logits.
    pub fn apply(self, logits: &mut [f32], context: BiasContext, vocabulary: &Vocabulary) {
        if context.figure >= QUOTATION {
            for logit in logits.iter_mut() {
                *logit *= self.quotation_gain;
            }
        }
        if let Some(logit) = context.last.and_then(|last| logits.get_mut(usize::from(last))) {
            *logit += self.repetition;
        }
        if let Some(chord) = context.chord.filter(|_| self.chord_tone != 0.0) {
            for (class, logit) in logits.iter_mut().enumerate() {
                let degree = vocabulary.pitch(class).key() % OCTAVE;
                if chord.tones().any(|tone| tone == degree) {
                    *logit += self.chord_tone;
                }
            }
        }
    }

    /// What is wrong with a bias from a file; `None` when it is possible.
    pub(crate) fn fault(self) -> Option<&'static str> {
        let leanings = [self.repetition, self.chord_tone];
        let is_possible = (1.0..=MAX_QUOTATION_GAIN).contains(&self.quotation_gain)
            && leanings.iter().all(|leaning| (-MAX_BIAS..=MAX_BIAS).contains(leaning));
        (!is_possible).then_some("its decoding bias is out of range")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gain scales all logits within a quotation; the last pitch and the chord's tones get their own bias.
    #[test]
    fn the_bias_acts_on_quotations_repeats_and_chord_tones() {
        let vocabulary = Vocabulary::song();
        let bias = DecodingBias { quotation_gain: 2.0, repetition: -0.5, chord_tone: 0.25 };
        let biased = |bias: DecodingBias, figure, last, chord: Option<&str>| {
            let chord = chord.map(|text| Chord::parse(text).unwrap().unwrap());
            let mut logits = vec![1.0; vocabulary.counts().pitch];
            bias.apply(&mut logits, BiasContext { figure, last, chord }, &vocabulary);
            logits
        };
        let none = vec![1.0; vocabulary.counts().pitch];
        assert_eq!(biased(bias, QUOTATION, None, None), vec![2.0; none.len()]);
        assert_eq!(biased(bias, QUOTATION - 1, None, None), none, "a figure that occurs everywhere is not a quotation");
        let mut without_repeat = none.clone();
        without_repeat[3] = 0.5;
        assert_eq!(biased(bias, 0, Some(3), None), without_repeat);
        assert_eq!(biased(bias, 0, Some(200), None), none, "of another range");
        let over_chord = biased(bias, 0, None, Some("C"));
        for (class, logit) in over_chord.iter().enumerate() {
            let is_tone = [0, 4, 7].contains(&(vocabulary.pitch(class).key() % OCTAVE));
            assert!((logit - if is_tone { 1.25 } else { 1.0 }).abs() < 1e-6);
        }
        assert_eq!(biased(DecodingBias::default(), 7, Some(1), Some("C")), none);
    }

    #[test]
    fn what_no_tuning_finds_is_a_fault() {
        assert_eq!(DecodingBias::default().fault(), None);
        let with =
            |quotation_gain, repetition, chord_tone| DecodingBias { quotation_gain, repetition, chord_tone }.fault();
        for absurd in [0.9, 4.1, f32::NAN] {
            assert!(with(absurd, 0.0, 0.0).is_some(), "{absurd}");
        }
        for absurd in [2.1, -2.1, f32::NAN] {
            assert!(with(1.0, absurd, 0.0).is_some() && with(1.0, 0.0, absurd).is_some(), "{absurd}");
        }
    }
}
