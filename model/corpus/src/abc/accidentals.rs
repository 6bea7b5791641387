//! The accidentals written in a bar, and how far they apply.

use std::collections::HashMap;

/// How far an accidental applies (ABC 2.1, section 11.3): the values of `propagate-accidentals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reach {
    /// To its note only.
    Note,
    /// To its letter in its octave, up to the end of the bar, as in print.
    Octave,
    /// To its letter in all octaves, up to the end of the bar: the standard's default.
    #[default]
    AllOctaves,
}

/// The accidentals in force in the bar.
#[derive(Clone, Default)]
pub(super) struct Accidentals {
    pub reach: Reach,
    /// By letter and octave; the octave is 0 if it does not matter.
    written: HashMap<(u8, i8), i8>,
}

impl Accidentals {
    /// The accidental of a note, which may have its own `written` one; `None` if only the key decides.
    pub fn in_force(&mut self, letter: u8, octave: i8, written: Option<i8>) -> Option<i8> {
        let place = if self.reach == Reach::AllOctaves { (letter, 0) } else { (letter, octave) };
        if let Some(accidental) = written.filter(|_| self.reach != Reach::Note) {
            self.written.insert(place, accidental);
        }
        written.or_else(|| self.written.get(&place).copied())
    }

    /// Clears them, at a bar line or a change of key.
    pub fn clear(&mut self) {
        self.written.clear();
    }
}
