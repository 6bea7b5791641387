//! Reads music into tunes. Knows files and notations; does not know classes or tensors.

pub mod abc;
mod chart;
pub mod folder;
mod melody;
pub mod midi;
#[cfg(feature = "sheet")]
pub mod sheet;
pub mod solos;
mod tempo;
mod text;
#[cfg(feature = "sheet")]
pub mod tunes;

#[cfg(test)]
mod tests_support;

use segue_model::chord::Chord;
use segue_model::note::{Bars, Note, Ticks};
use std::fmt;
use tempo::push_tempo;
pub use tempo::{Tempo, TempoMap, tempo_after};

/// One piece of music, to learn from or to play to Segue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tune {
    /// The title in the file; may be empty.
    pub title: String,
    /// In order of onset, then pitch, with repeats written out.
    pub notes: Vec<Note>,
    /// Bar lines from which bars are counted, in order of time; empty for free time. The first may come after a pickup.
    pub bars: Vec<Bars>,
    /// Changes of tempo, in order of time: each holds until the next and differs from it. Empty if the tune states
    /// none. Repeats are written out.
    pub tempos: Vec<Tempo>,
    /// How many sharps its first key signature has (flats if negative), -7 to 7; `None` if it states none, or if it
    /// sounds in another key than it is written in.
    pub sharps: Option<i8>,
    /// Changes of harmony, in order of onset: each holds until the next and differs from it. `None` means no chord from
    /// here on. Repeats are written out.
    pub chords: Vec<(Ticks, Option<Chord>)>,
}

impl Tune {
    /// The bars at `moment`: the last entry at or before it, or the first one for a pickup. `None` in free time.
    pub fn bars_at(&self, moment: Ticks) -> Option<Bars> {
        let later = self.bars.partition_point(|bars| bars.line <= moment);
        self.bars.get(later.saturating_sub(1)).copied()
    }

    /// The tempo at `moment`; `None` if the tune states none.
    pub fn tempo_at(&self, moment: Ticks) -> Option<Tempo> {
        let later = self.tempos.partition_point(|tempo| tempo.at <= moment);
        self.tempos.get(later.saturating_sub(1)).copied()
    }

    /// The chord at `moment`; `None` before the first one, and where there is explicitly none.
    pub fn chord_at(&self, moment: Ticks) -> Option<Chord> {
        let later = self.chords.partition_point(|(onset, _)| *onset <= moment);
        self.chords.get(later.checked_sub(1)?)?.1
    }
}

/// Appends a change of harmony. Of several at one moment the last counts, and a change to the same chord is left out.
fn push_chord(chords: &mut Vec<(Ticks, Option<Chord>)>, onset: Ticks, chord: Option<Chord>) {
    chords.pop_if(|(last, _)| *last == onset);
    if chords.last().and_then(|(_, last)| *last) != chord {
        chords.push((onset, chord));
    }
}

/// Music that could not be read, and why. The display is one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file, as it was named to the reader.
    pub path: String,
    /// The number of the tune in its book (`X:`), if it has one.
    pub tune: Option<u32>,
    /// The number of the track in its MIDI file, from 1, if the reason lies in one track.
    pub track: Option<usize>,
    /// The line in the file, from 1, if the reason lies in one line.
    pub line: Option<usize>,
    /// The byte in the file, from 0, if the reason lies at one byte.
    pub byte: Option<usize>,
    /// What is wrong, in words that follow a colon.
    pub reason: String,
}

impl Refused {
    /// A reason that concerns a whole file.
    fn new(path: &str, reason: String) -> Self {
        Self { path: path.to_owned(), tune: None, track: None, line: None, byte: None, reason }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path)?;
        if let Some(tune) = self.tune {
            write!(formatter, ", tune {tune}")?;
        }
        if let Some(track) = self.track {
            write!(formatter, ", track {track}")?;
        }
        if let Some(line) = self.line {
            write!(formatter, ", line {line}")?;
        }
        if let Some(byte) = self.byte {
            write!(formatter, ", byte {byte}")?;
        }
        write!(formatter, ": {}", self.reason)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chord_holds_until_the_next_one() {
        let chord = |symbol| Chord::parse(symbol).unwrap();
        let mut chords = Vec::new();
        for (onset, symbol) in
            [(0, "NC"), (12, "C"), (24, "C"), (48, "D"), (48, "G7"), (96, "NC"), (120, "A"), (120, "NC")]
        {
            push_chord(&mut chords, Ticks(onset), chord(symbol));
        }
        assert_eq!(chords, [(Ticks(12), chord("C")), (Ticks(48), chord("G7")), (Ticks(96), None)]);
        let tune = Tune { chords, ..Tune::default() };
        for (moment, symbol) in [(-1, "NC"), (11, "NC"), (12, "C"), (47, "C"), (48, "G7"), (95, "G7"), (96, "NC")] {
            assert_eq!(tune.chord_at(Ticks(moment)), chord(symbol), "at {moment}");
        }
        assert_eq!(Tune::default().chord_at(Ticks::ZERO), None);
    }
}
