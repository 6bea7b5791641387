//! Accidentals that are written in a bar, and how far they reach.

use std::collections::HashMap;

/// How far an accidental reaches (ABC 2.1, section 11.3): the values of `propagate-accidentals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reach {
    /// Its note alone.
    Note,
    /// Its letter in its octave, to the end of the bar, as in print.
    Octave,
    /// Its letter in all octaves, to the end of the bar: the standard's default.
    #[default]
    AllOctaves,
}

/// The accidentals that hold in the bar.
#[derive(Clone, Default)]
pub(super) struct Accidentals {
    pub reach: Reach,
    /// By letter and octave; the octave is 0 where it does not matter.
    written: HashMap<(u8, i8), i8>,
}

impl Accidentals {
    /// What holds for a note, before which `written` may stand; `None` where only the key says it.
    pub fn in_force(&mut self, letter: u8, octave: i8, written: Option<i8>) -> Option<i8> {
        let place = if self.reach == Reach::AllOctaves { (letter, 0) } else { (letter, octave) };
        if let Some(accidental) = written.filter(|_| self.reach != Reach::Note) {
            self.written.insert(place, accidental);
        }
        written.or_else(|| self.written.get(&place).copied())
    }

    /// At a bar line, or with another key.
    pub fn clear(&mut self) {
        self.written.clear();
    }
}
