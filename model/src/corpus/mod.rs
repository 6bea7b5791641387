//! Reading music into tunes. Knows files and notations; knows no classes and no tensors.

pub mod abc;
pub mod folder;
pub mod midi;

#[cfg(test)]
mod tests_support;

use crate::note::{Bars, Note, Ticks};
use std::fmt;

/// One piece of music to learn from or to play at Segue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tune {
    /// What the file calls it; may be empty.
    pub title: String,
    /// In order of onset, then pitch. Repeats are played out.
    pub notes: Vec<Note>,
    /// Bar lines from which bars are counted, in order of time; empty for free time. The first may lie behind a pickup.
    pub bars: Vec<Bars>,
    /// Chord symbols as they are written (`Dm7`, `G7/B`), in order of onset. Repeats are played out.
    pub chords: Vec<(Ticks, String)>,
}

impl Tune {
    /// The bars in which `moment` lies: the last entry at or before it, or the first one for a pickup.
    /// `None` in free time.
    pub fn bars_at(&self, moment: Ticks) -> Option<Bars> {
        let later = self.bars.partition_point(|bars| bars.line <= moment);
        self.bars.get(later.saturating_sub(1)).copied()
    }

    pub fn chord_at(&self, _moment: Ticks) -> Option<crate::chord::Chord> {
        None
    }
}

/// Music that was not taken, and why. Its display is one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file, as it was named to the reader.
    pub path: String,
    /// Number of the tune in its book (`X:`), where it has one.
    pub tune: Option<u32>,
    /// Line in the file, from 1, where the reason can be said to lie in one line.
    pub line: Option<usize>,
    /// What is wrong, in words that follow a colon.
    pub reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path)?;
        if let Some(tune) = self.tune {
            write!(formatter, ", tune {tune}")?;
        }
        if let Some(line) = self.line {
            write!(formatter, ", line {line}")?;
        }
        write!(formatter, ": {}", self.reason)
    }
}

impl std::error::Error for Refused {}
