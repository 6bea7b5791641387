//! Fits a note of an old answer to another chord.
//!
//! A tone of the old chord becomes the same tone of the new one: its third the third, its seventh the seventh. Any
//! other tone keeps its distance from the root. Knows neither keys of a scale nor the range.

use segue_model::chord::{Chord, OCTAVE};
use segue_model::note::Pitch;

/// The pitch nearest to `pitch` that is to the new chord what `pitch` was to the old one.
pub fn fitted(pitch: Pitch, old: Chord, new: Chord) -> Pitch {
    let above = |chord: Chord| (pitch.key() + OCTAVE - chord.root()) % OCTAVE;
    let (old_tones, new_tones) = (old.kind().tones(), new.kind().tones());
    let tone = old_tones.iter().position(|tone| *tone == above(old));
    let interval = match tone {
        // A sixth or a seventh over a chord that has none is its fifth.
        Some(index) => new_tones.get(index).or(new_tones.last()).copied().unwrap_or(0),
        None => above(old),
    };
    let up = (new.root() + interval + 2 * OCTAVE - pitch.key() % OCTAVE) % OCTAVE;
    let moved = if up > OCTAVE / 2 { pitch.key().checked_sub(OCTAVE - up) } else { pitch.key().checked_add(up) };
    let other = if up > OCTAVE / 2 { pitch.key().checked_add(up) } else { pitch.key().checked_sub(OCTAVE - up) };
    moved.and_then(Pitch::new).or(other.and_then(Pitch::new)).unwrap_or(pitch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::chord::ChordKind::{Major, Minor, MinorSeventh, Seventh};

    #[test]
    fn a_third_stays_a_third_and_other_tones_keep_their_distance() {
        let (c7, f_minor, g) = (Chord::new(0, Seventh, 0), Chord::new(5, Minor, 5), Chord::new(7, Major, 7));
        let dm7 = Chord::new(2, MinorSeventh, 2);
        let table = [
            // The key, the old and the new chord, the key that it becomes.
            (64, c7, f_minor, 68),
            (70, c7, dm7, 72),
            (60, c7, g, 55),
            (62, c7, g, 57),
            (62, c7, f_minor, 67),
            (70, c7, g, 74),
            (64, c7, c7, 64),
            (127, g, dm7, 122),
            (0, c7, g, 7),
        ];
        for (key, old, new, wanted) in table {
            let pitch = fitted(Pitch::new(key).unwrap(), old, new);
            assert_eq!(pitch.key(), wanted, "{key} from {old:?} to {new:?}");
        }
    }
}
