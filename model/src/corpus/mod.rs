//! Reading music into tunes. Knows files and notations; knows no classes and no tensors.

//ABC
//MIDI

use crate::note::{Bars, Note};

/// One piece of music to learn from or to play at Segue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tune {
    /// What the file calls it; may be empty.
    pub title: String,
    /// In order of onset, then pitch. Repeats are played out.
    pub notes: Vec<Note>,
    /// Bar lines from which bars are counted, in order of time; empty for free time. The first may lie behind a pickup.
    pub bars: Vec<Bars>,
}
