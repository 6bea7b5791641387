//! Poise: how a mind keeps its line while it hears nobody but itself.
//!
//! A network learns to go on after what others played. After its own notes it drifts: it loses a quotation at a note that
//! it had not meant, repeats pitches more often than any tune it knows, and minds the chord less. Three numbers make up
//! for that, and are found by letting it play (`training::poise`). They belong to playing: what the network foretells stays
//! what it is.

use crate::chord::{Chord, OCTAVE};
use crate::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};

/// How a mind keeps its line. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Poise {
    /// What the scores of pitches are multiplied by while a figure of this session is quoted, 1 to [`MOST_FAITH`]; the
    /// reciprocal is a temperature.
    pub faith: f32,
    /// What is added to the score of the pitch that sounded last, in nats, within [`MOST_LEANING`] of 0.
    pub again: f32,
    /// What is added to the scores of the chord's tones on the beat, in nats, within [`MOST_LEANING`] of 0.
    pub chord: f32,
}

/// More would be a copyist.
pub const MOST_FAITH: f32 = 4.0;
/// Seven and a half times as likely, or as unlikely.
pub const MOST_LEANING: f32 = 2.0;

/// Classes of a figure's length, as in [`crate::lookback::Figure`], from which it is a quotation: three intervals. Two are
/// found everywhere.
const QUOTATION: u8 = 2;

/// What there is about a pitch that is to be chosen.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The class of the length of the figure that was found in the session.
    pub figure: u8,
    /// The class of the pitch that sounded last.
    pub last: Option<u8>,
    /// The chord, where the note begins on a beat.
    pub chord: Option<Chord>,
}

impl Default for Poise {
    fn default() -> Self {
        Self { faith: 1.0, again: 0.0, chord: 0.0 }
    }
}

impl Poise {
    /// Leans the scores of the pitch classes of a vocabulary.
    pub fn lean(self, scores: &mut [f32], about: About, vocabulary: &Vocabulary) {
        if about.figure >= QUOTATION {
            for score in scores.iter_mut() {
                *score *= self.faith;
            }
        }
        if let Some(score) = about.last.and_then(|last| scores.get_mut(usize::from(last))) {
            *score += self.again;
        }
        if let Some(chord) = about.chord.filter(|_| self.chord != 0.0) {
            for (class, score) in scores.iter_mut().enumerate() {
                let degree = vocabulary.pitch(class).key() % OCTAVE;
                if chord.tones().any(|tone| tone == degree) {
                    *score += self.chord;
                }
            }
        }
    }

    /// What no tuning finds, in words.
    pub(crate) fn fault(self) -> Option<&'static str> {
        let leanings = [self.again, self.chord];
        let is_possible = (1.0..=MOST_FAITH).contains(&self.faith)
            && leanings.iter().all(|leaning| (-MOST_LEANING..=MOST_LEANING).contains(leaning));
        (!is_possible).then_some("its poise is beyond what any tuning finds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gain scales all logits within a quotation; the last pitch and the chord's tones get their own bias.
    #[test]
    fn the_bias_acts_on_quotations_repeats_and_chord_tones() {
        let vocabulary = Vocabulary::song();
        let poise = Poise { faith: 2.0, again: -0.5, chord: 0.25 };
        let leant = |poise: Poise, figure, last, chord: Option<&str>| {
            let chord = chord.map(|text| Chord::parse(text).unwrap().unwrap());
            let mut scores = vec![1.0; vocabulary.counts().pitch];
            poise.lean(&mut scores, About { figure, last, chord }, &vocabulary);
            scores
        };
        let none = vec![1.0; vocabulary.counts().pitch];
        assert_eq!(leant(poise, QUOTATION, None, None), vec![2.0; none.len()]);
        assert_eq!(leant(poise, QUOTATION - 1, None, None), none, "what is found everywhere is no quotation");
        let mut held_back = none.clone();
        held_back[3] = 0.5;
        assert_eq!(leant(poise, 0, Some(3), None), held_back);
        assert_eq!(leant(poise, 0, Some(200), None), none, "of another range");
        let minded = leant(poise, 0, None, Some("C"));
        for (class, score) in minded.iter().enumerate() {
            let is_tone = [0, 4, 7].contains(&(vocabulary.pitch(class).key() % OCTAVE));
            assert!((score - if is_tone { 1.25 } else { 1.0 }).abs() < 1e-6);
        }
        assert_eq!(leant(Poise::default(), 7, Some(1), Some("C")), none);
    }

    #[test]
    fn what_no_tuning_finds_is_a_fault() {
        assert_eq!(Poise::default().fault(), None);
        let with = |faith, again, chord| Poise { faith, again, chord }.fault();
        for absurd in [0.9, 4.1, f32::NAN] {
            assert!(with(absurd, 0.0, 0.0).is_some(), "{absurd}");
        }
        for absurd in [2.1, -2.1, f32::NAN] {
            assert!(with(1.0, absurd, 0.0).is_some() && with(1.0, 0.0, absurd).is_some(), "{absurd}");
        }
    }
}
