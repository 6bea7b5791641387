//! How a session begins: with little to go by, a line takes its own first notes for the music.
//!
//! At a low temperature it would stay on one pitch class for bars, in all octaves. So in a beginning no pitch class may
//! fill more than half of what Segue has played.

use crate::chord::OCTAVE;
use crate::note::Pitch;

/// With fewer notes than this, one pitch class may fill everything: a tune may well begin with repeated notes.
const FEWEST: usize = 12;
/// After this many notes of Segue's, a session has begun.
const BEGINNING: usize = 48;

/// The pitch class that may not come again, given all of Segue's notes in the session.
pub fn filling_class(own: impl Iterator<Item = Pitch>) -> Option<u8> {
    let mut counts = [0_usize; OCTAVE as usize];
    for pitch in own.take(BEGINNING + 1) {
        counts[usize::from(pitch.key() % OCTAVE)] += 1;
    }
    let notes: usize = counts.iter().sum();
    let fills = |class: &u8| 2 * counts[usize::from(*class)] >= notes;
    (0..OCTAVE).find(fills).filter(|_| (FEWEST..=BEGINNING).contains(&notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filling(keys: &[u8]) -> Option<u8> {
        filling_class(keys.iter().map(|key| Pitch::new(*key).unwrap()))
    }

    /// Octaves count as one.
    #[test]
    fn no_class_fills_more_than_half_of_a_beginning() {
        assert_eq!(filling(&[50; FEWEST - 1]), None);
        assert_eq!(filling(&[50; FEWEST]), Some(2));
        assert_eq!(filling(&[50, 62, 38, 50, 74, 62, 57, 57, 57, 58, 58, 58]), Some(2), "half of them");
        assert_eq!(filling(&[50, 62, 38, 50, 74, 57, 57, 57, 57, 58, 58, 58]), None, "less than half");
        assert_eq!(filling(&[50; BEGINNING]), Some(2));
        assert_eq!(filling(&[50; BEGINNING + 1]), None, "the session has begun");
    }
}
