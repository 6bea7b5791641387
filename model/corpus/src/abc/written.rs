//! A tune as it is written on the page: sounds, bar lines and marks in the order of writing, with nothing repeated.

use super::exact::Exact;
use super::key::Spelled;
use segue_model::chord::Chord;
use segue_model::note::{Metre, Pitch};

/// One item on the page, and the metre there (`None` is free time).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub item: Item,
    pub metre: Option<Metre>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Sound(WrittenSound),
    /// A chord symbol; `None` means that there is no chord.
    Symbol(Option<Chord>),
    Bar(BarLine),
    /// A quarter note lasts this many microseconds from here on.
    Tempo(u32),
    /// A part with this name begins here.
    Part(char),
}

/// A note, a chord or (without notes) a rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrittenSound {
    pub notes: Vec<WrittenNote>,
    /// From its onset to the onset of the next sound.
    pub advance: Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenNote {
    pub spelled: Spelled,
    pub pitch: Pitch,
    pub length: Exact,
    /// Whether it continues in the next note, if that has the same pitch.
    pub tied: bool,
}

/// A bar line with everything that it says about the order of playing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct BarLine {
    /// How often the section that ends here is repeated: 1 for `:|`, 2 for `::|`, 0 for other lines.
    pub again: u8,
    /// `|:`: the section that begins here may be repeated.
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
    /// As described in words: `["last time"`.
    Named(String),
}
