//! The decoding bias: corrects the drift of a model that hears only itself.
//!
//! A network is trained on other people's notes. After its own notes it drifts: it loses a quotation at a note that was
//! drawn by chance, repeats pitches more often than tunes do, follows the chords less, and stays in one register. Five
//! numbers correct this.
//! `segue_training::bias_search` finds them. They act on sampling only; the likelihoods of the model do not change.

use crate::chord::{Chord, OCTAVE};
use crate::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};

/// The five corrections. The default changes nothing. The names in a weights file are those of older versions.
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
    /// Outside of bars that repeat an earlier one, the summand on a pitch for each octave that it lies higher, in nats,
    /// at most [`MAX_BIAS`] in either direction. New sections of tunes lie higher than those before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rise: f32,
    /// The factor on [`SamplingParameters::memory`](crate::sampling::SamplingParameters::memory), 0 to 1. A line that
    /// remembers all that the tunes would quotes its own quotations too.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub recall: f32,
}

const fn one() -> f32 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn is_one(number: &f32) -> bool {
    number.total_cmp(&1.0).is_eq()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn is_zero(number: &f32) -> bool {
    number.total_cmp(&0.0).is_eq()
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
    /// Whether the note repeats none of an earlier bar.
    pub is_new: bool,
}

impl Default for DecodingBias {
    fn default() -> Self {
        Self { quotation_gain: 1.0, repetition: 0.0, chord_tone: 0.0, rise: 0.0, recall: 1.0 }
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
        if context.is_new && !is_zero(&self.rise) {
            for (class, logit) in logits.iter_mut().enumerate() {
                *logit += self.rise * f32::from(vocabulary.pitch(class).key()) / f32::from(OCTAVE);
            }
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
        let leanings = [self.repetition, self.chord_tone, self.rise];
        let is_possible = (1.0..=MAX_QUOTATION_GAIN).contains(&self.quotation_gain)
            && leanings.iter().all(|leaning| (-MAX_BIAS..=MAX_BIAS).contains(leaning))
            && (0.0..=1.0).contains(&self.recall);
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
        let bias = DecodingBias { quotation_gain: 2.0, repetition: -0.5, chord_tone: 0.25, ..DecodingBias::default() };
        let biased = |bias: DecodingBias, figure, last, chord: Option<&str>| {
            let chord = chord.map(|text| Chord::parse(text).unwrap().unwrap());
            let mut logits = vec![1.0; vocabulary.counts().pitch];
            bias.apply(&mut logits, BiasContext { figure, last, chord, is_new: false }, &vocabulary);
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

    /// What repeats an earlier bar stays where it was.
    #[test]
    fn new_bars_rise_and_repeated_ones_do_not() {
        let vocabulary = Vocabulary::song();
        let biased = |is_new| {
            let mut logits = vec![1.0; vocabulary.counts().pitch];
            let context = BiasContext { figure: 0, last: None, chord: None, is_new };
            DecodingBias { rise: 0.5, ..DecodingBias::default() }.apply(&mut logits, context, &vocabulary);
            logits
        };
        let octave = usize::from(OCTAVE);
        assert!((biased(true)[octave] - biased(true)[0] - 0.5).abs() < 1e-5);
        assert_eq!(biased(false), vec![1.0; vocabulary.counts().pitch]);
    }

    /// The card of an older file names three numbers only.
    #[test]
    fn an_older_bias_neither_rises_nor_forgets() {
        let read: DecodingBias = serde_json::from_str(r#"{"faith":1.5,"again":-0.25,"chord":0.5}"#).unwrap();
        let expected = DecodingBias { quotation_gain: 1.5, repetition: -0.25, chord_tone: 0.5, rise: 0.0, recall: 1.0 };
        assert_eq!(read, expected);
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"faith":1.5,"again":-0.25,"chord":0.5}"#);
        assert!(DecodingBias { rise: 2.1, ..read }.fault().is_some());
        assert!(DecodingBias { recall: 1.1, ..read }.fault().is_some());
    }

    #[test]
    fn what_no_tuning_finds_is_a_fault() {
        assert_eq!(DecodingBias::default().fault(), None);
        let with = |quotation_gain, repetition, chord_tone| {
            DecodingBias { quotation_gain, repetition, chord_tone, ..DecodingBias::default() }.fault()
        };
        for absurd in [0.9, 4.1, f32::NAN] {
            assert!(with(absurd, 0.0, 0.0).is_some(), "{absurd}");
        }
        for absurd in [2.1, -2.1, f32::NAN] {
            assert!(with(1.0, absurd, 0.0).is_some() && with(1.0, 0.0, absurd).is_some(), "{absurd}");
        }
    }
}
