//! A tune as it stands on the page: sounds, bar lines and marks in the order of writing, nothing repeated yet.

use super::exact::Exact;
use super::key::Spelled;
use segue_model::chord::Chord;
use segue_model::note::{Metre, Pitch};

/// One thing on the page, and the metre in force there (`None` is free time).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub item: Item,
    pub metre: Option<Metre>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Sound(Sound),
    /// A chord symbol; `None` says that there is no chord.
    Symbol(Option<Chord>),
    Bar(Bar),
    /// From here on a quarter note lasts so many microseconds.
    Tempo(u32),
    /// From here on stands the part of this name.
    Part(char),
}

/// A note, a chord or (without notes) a rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sound {
    pub notes: Vec<WrittenNote>,
    /// From its onset to the onset of what follows.
    pub advance: Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenNote {
    pub spelled: Spelled,
    pub pitch: Pitch,
    pub length: Exact,
    /// Goes on in the next note, if that has the same pitch.
    pub tied: bool,
}

/// A bar line with all that it says about the order of playing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bar {
    /// How often what ends here is played again: 1 for `:|`, 2 for `::|`, 0 for other lines.
    pub again: u8,
    /// `|:`: what begins here may be played again.
    pub opens: bool,
    /// A double or thick line: a section ends.
    pub section: bool,
    /// `[1,3`: what follows is played at some passes only.
    pub ending: Option<Ending>,
}

/// When an ending is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// At these passes.
    Passes(Vec<u8>),
    /// As words say it: `["last time"`.
    Named(String),
}
