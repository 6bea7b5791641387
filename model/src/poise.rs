//! Poise: how a mind keeps its line while it hears nobody but itself.
//!
//! A network learns to go on after what others played. After its own notes it drifts: it loses a quotation at a note that
//! it had not meant, and repeats pitches more often than any tune it knows. Two numbers make up for that, and are found by
//! letting it play (`training::poise`). They belong to playing: what the network foretells stays what it is. Knows nothing
//! of networks or of time.

use serde::{Deserialize, Serialize};

/// How a mind keeps its line. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Poise {
    /// What the scores of pitches are multiplied by while a figure of this session is quoted, 1 to [`MOST_FAITH`]; the
    /// reciprocal is a temperature.
    pub faith: f32,
    /// What is added to the score of the pitch that sounded last, in nats, within [`MOST_AGAIN`] of 0.
    pub again: f32,
}

/// More would be a copyist.
pub const MOST_FAITH: f32 = 4.0;
/// Times seven and a half, or as much less likely.
pub const MOST_AGAIN: f32 = 2.0;

/// Classes of a figure's length, as in [`crate::lookback::Figure`], from which it is a quotation: three intervals. Two are
/// found everywhere.
const QUOTATION: u8 = 2;

impl Default for Poise {
    fn default() -> Self {
        Self { faith: 1.0, again: 0.0 }
    }
}

impl Poise {
    /// Leans the scores of pitch classes. `figure` is the class of the length of the figure that was found, `last` the
    /// class of the pitch that sounded last.
    pub fn lean(self, scores: &mut [f32], figure: u8, last: Option<u8>) {
        if figure >= QUOTATION {
            scores.iter_mut().for_each(|score| *score *= self.faith);
        }
        if let Some(score) = last.and_then(|last| scores.get_mut(usize::from(last))) {
            *score += self.again;
        }
    }

    /// What no tuning finds, in words.
    pub(crate) fn fault(self) -> Option<&'static str> {
        let is_possible = (1.0..=MOST_FAITH).contains(&self.faith) && (-MOST_AGAIN..=MOST_AGAIN).contains(&self.again);
        (!is_possible).then_some("its poise is beyond what any tuning finds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_held_and_the_last_pitch_is_held_back() {
        let poise = Poise { faith: 2.0, again: -0.5 };
        let leant = |poise: Poise, figure, last| {
            let mut scores = [1.0, -1.0, 0.5];
            poise.lean(&mut scores, figure, last);
            scores
        };
        assert_eq!(leant(poise, QUOTATION, Some(2)), [2.0, -2.0, 0.5]);
        assert_eq!(leant(poise, QUOTATION - 1, Some(0)), [0.5, -1.0, 0.5], "what is found everywhere is no quotation");
        assert_eq!(leant(poise, 0, None), [1.0, -1.0, 0.5]);
        assert_eq!(leant(poise, 0, Some(200)), [1.0, -1.0, 0.5], "of another range");
        assert_eq!(leant(Poise::default(), 7, Some(1)), [1.0, -1.0, 0.5]);
    }

    #[test]
    fn what_no_tuning_finds_is_a_fault() {
        assert_eq!(Poise::default().fault(), None);
        for (faith, again) in [(0.9, 0.0), (4.1, 0.0), (f32::NAN, 0.0), (1.0, 2.1), (1.0, -2.1), (1.0, f32::NAN)] {
            assert!(Poise { faith, again }.fault().is_some(), "{faith} {again}");
        }
    }
}
