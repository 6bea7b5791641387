//! Recognises the chord of keys that sound together.

use super::{Chord, ChordKind, OCTAVE};
use crate::note::Pitch;

/// A set of pitch classes, one bit each.
type Tones = u16;

// What counts against a chord; the chord with the lowest sum is taken. A sounding tone that does not belong weighs
// most, because players leave out tones more often than they add foreign ones.
const STRANGE_TONE: u32 = 6;
const NO_ROOT: u32 = 9;
const NO_FIFTH: u32 = 2;
const NO_OTHER_TONE: u32 = 4;
/// `Am7` and `C6` have the same keys; only the bass differs.
const OTHER_BASS: u32 = 3;

/// Perfect, diminished and augmented fifths.
const FIFTHS: [u8; 3] = [7, 6, 8];

/// The order in which equally good chords are taken: the simplest first.
const PLAINEST_FIRST: [ChordKind; 12] = [
    ChordKind::Major,
    ChordKind::Minor,
    ChordKind::Seventh,
    ChordKind::MinorSeventh,
    ChordKind::MajorSeventh,
    ChordKind::Suspended,
    ChordKind::Diminished,
    ChordKind::HalfDiminished,
    ChordKind::Sixth,
    ChordKind::MinorSixth,
    ChordKind::Augmented,
    ChordKind::Altered,
];

impl Chord {
    /// The chord of keys that sound together: the one that fits best, with the lowest key as its bass. `None` if there
    /// are no keys.
    pub fn heard(keys: &[Pitch]) -> Option<Self> {
        let bass = keys.iter().min()?.key() % OCTAVE;
        let heard = keys.iter().fold(0, |tones, key| tones | bit(key.key()));
        let roots = (0..OCTAVE).map(|up| bass + up);
        let chords = roots.flat_map(|root| PLAINEST_FIRST.map(|kind| Self::new(root, kind, bass)));
        chords.min_by_key(|chord| chord.mismatch(heard))
    }

    fn mismatch(self, heard: Tones) -> u32 {
        let own = self.tones().fold(0, |tones, tone| tones | bit(tone));
        let missing = self.kind.tones().iter().filter(|tone| heard & bit(self.root + **tone) == 0);
        let missing: u32 = missing.map(|tone| without(*tone)).sum();
        let inverted = if self.bass == self.root { 0 } else { OTHER_BASS };
        missing + STRANGE_TONE * (heard & !own).count_ones() + inverted
    }
}

fn without(tone: u8) -> u32 {
    match tone {
        0 => NO_ROOT,
        fifth if FIFTHS.contains(&fifth) => NO_FIFTH,
        _ => NO_OTHER_TONE,
    }
}

fn bit(pitch_class: u8) -> Tones {
    1 << (pitch_class % OCTAVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &[u8], expected: &str) {
        let keys: Vec<Pitch> = keys.iter().filter_map(|key| Pitch::new(*key)).collect();
        let heard = Chord::heard(&keys).map_or_else(|| "nothing".to_owned(), |chord| chord.to_string());
        assert_eq!(heard, expected, "{keys:?}");
    }

    #[test]
    fn the_tones_of_every_chord_are_heard_as_that_chord() {
        for kind in ChordKind::ALL {
            for root in 0..OCTAVE {
                let chord = Chord::new(root, kind, root);
                let keys: Vec<u8> = kind.tones().iter().map(|tone| 48 + root + tone).collect();
                check(&keys, &chord.to_string());
            }
        }
    }

    #[test]
    fn the_lowest_key_is_the_bass_and_tells_inversions_apart() {
        check(&[52, 55, 60], "C/E");
        check(&[54, 57, 60, 62], "D7/F#");
        check(&[57, 60, 64, 67], "Am7");
        check(&[48, 57, 64, 67], "C6");
        check(&[59, 60, 62, 65], "Bdim7");
    }

    #[test]
    fn what_is_incomplete_or_strange_is_the_nearest_chord() {
        check(&[], "nothing");
        check(&[60], "C");
        check(&[48, 55, 60], "C");
        check(&[48, 52, 58], "C7");
        check(&[48, 52, 55, 58, 62], "C7");
        check(&[48, 51, 54], "Cdim7");
    }
}
