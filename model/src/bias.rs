//! DecodingBias: how a model keeps its line while it hears nobody but itself.
//!
//! A network learns to go on after what others played. After its own notes it drifts: it loses a quotation at a note that
//! it had not meant, repeats pitches more often than any tune it knows, and models the chord less. Three numbers make up
//! for that, and are found by letting it play (`training::bias`). They belong to playing: what the network foretells stays
//! what it is.

use crate::chord::{Chord, OCTAVE};
use crate::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};

/// How a model keeps its line. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DecodingBias {
    /// What the logits of pitches are multiplied by while a figure of this session is quoted, 1 to [`MAX_QUOTATION_GAIN`]; the
    /// reciprocal is a temperature.
    #[serde(rename = "faith")]
    pub quotation_gain: f32,
    /// What is added to the logit of the pitch that sounded last, in nats, within [`MAX_BIAS`] of 0.
    #[serde(rename = "again")]
    pub repetition: f32,
    /// What is added to the logits of the chord's tones on the beat, in nats, within [`MAX_BIAS`] of 0.
    #[serde(rename = "chord")]
    pub chord_tone: f32,
}

/// More would be a copyist.
pub const MAX_QUOTATION_GAIN: f32 = 4.0;
/// Seven and a half times as likely, or as unlikely.
pub const MAX_BIAS: f32 = 2.0;

/// Tokens of a figure's length, as in [`crate::lookback::Figure`], from which it is a quotation: three intervals. Two are
/// found everywhere.
const QUOTATION: u8 = 2;

/// What there is context a pitch that is to be chosen.
#[derive(Debug, Clone, Copy)]
pub struct BiasContext {
    /// The class of the length of the figure that was found in the session.
    pub figure: u8,
    /// The class of the pitch that sounded last.
    pub last: Option<u8>,
    /// The chord, where the note begins on a beat.
    pub chord: Option<Chord>,
}

impl Default for DecodingBias {
    fn default() -> Self {
        Self { quotation_gain: 1.0, repetition: 0.0, chord_tone: 0.0 }
    }
}

impl DecodingBias {
    /// Leans the logits of the pitch classes of a vocabulary.
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

    /// What no tuning finds, in words.
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
        let leant = |bias: DecodingBias, figure, last, chord: Option<&str>| {
            let chord = chord.map(|text| Chord::parse(text).unwrap().unwrap());
            let mut logits = vec![1.0; vocabulary.counts().pitch];
            bias.apply(&mut logits, BiasContext { figure, last, chord }, &vocabulary);
            logits
        };
        let none = vec![1.0; vocabulary.counts().pitch];
        assert_eq!(leant(bias, QUOTATION, None, None), vec![2.0; none.len()]);
        assert_eq!(leant(bias, QUOTATION - 1, None, None), none, "what is found everywhere is no quotation");
        let mut held_back = none.clone();
        held_back[3] = 0.5;
        assert_eq!(leant(bias, 0, Some(3), None), held_back);
        assert_eq!(leant(bias, 0, Some(200), None), none, "of another range");
        let minded = leant(bias, 0, None, Some("C"));
        for (class, logit) in minded.iter().enumerate() {
            let is_tone = [0, 4, 7].contains(&(vocabulary.pitch(class).key() % OCTAVE));
            assert!((logit - if is_tone { 1.25 } else { 1.0 }).abs() < 1e-6);
        }
        assert_eq!(leant(DecodingBias::default(), 7, Some(1), Some("C")), none);
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
