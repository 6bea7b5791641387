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

/// A tune with more items than this is taken for a mistake.
pub(super) const MOST_ITEMS: usize = 200_000;

/// The items of one voice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct VoicePage {
    pub items: Vec<Placed>,
    /// The index of the last sound.
    last_sound: Option<usize>,
}

/// How much was written on a page at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageMark {
    items: usize,
    last_sound: Option<usize>,
}

impl VoicePage {
    /// Adds an item, unless the page is full.
    pub fn push(&mut self, item: Item, metre: Option<Metre>) {
        if self.is_full() {
            return;
        }
        if matches!(item, Item::Sound(_)) {
            self.last_sound = Some(self.items.len());
        }
        self.items.push(Placed { item, metre });
    }

    /// Whether it has more than the most items of a whole tune.
    pub fn is_full(&self) -> bool {
        self.items.len() > MOST_ITEMS
    }

    pub fn mark(&self) -> PageMark {
        PageMark { items: self.items.len(), last_sound: self.last_sound }
    }

    /// Removes everything that was written after the mark.
    pub fn back_to(&mut self, mark: PageMark) {
        self.items.truncate(mark.items);
        self.last_sound = mark.last_sound;
    }

    /// Whether there is a note or a rest.
    pub fn has_sound(&self) -> bool {
        self.last_sound.is_some()
    }

    /// Whether there is a note.
    pub fn has_notes(&self) -> bool {
        self.items.iter().any(|placed| matches!(&placed.item, Item::Sound(sound) if !sound.notes.is_empty()))
    }

    pub fn last_sound(&self) -> Option<&WrittenSound> {
        match &self.items.get(self.last_sound?)?.item {
            Item::Sound(sound) => Some(sound),
            _ => None,
        }
    }

    pub fn last_sound_mut(&mut self) -> Option<&mut WrittenSound> {
        match &mut self.items.get_mut(self.last_sound?)?.item {
            Item::Sound(sound) => Some(sound),
            _ => None,
        }
    }
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
