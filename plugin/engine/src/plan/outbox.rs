//! What the mind must be told and could not be yet, because the link was full.

use crate::host::StyleNumber;
use crate::input::held_notes::{HELD, HeldNote};
use crate::link::{Command, NOTES_PER_REQUEST, WorkerPort};
use crate::plan::schedule::ScheduledNote;
use arrayvec::ArrayVec;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::note::{Pitch, Ticks};

/// Notes that did not sound and of which nothing was said yet: as many as one reply has. Beyond that the mind believes that
/// they did.
const UNPLAYED: usize = NOTES_PER_REQUEST;

/// What the mind must be told and could not be, because the link was full.
#[derive(Debug, Default)]
pub struct Outbox {
    pub style: Option<StyleNumber>,
    pub files: bool,
    pub blank: bool,
    pub chords_from: Option<HarmonySource>,
    /// The latest; one that could not be told before it is no more.
    pub chord: Option<HeardChord>,
    retract: Option<Ticks>,
    /// Onsets and pitches, as the mind told them.
    forget_unplayed: ArrayVec<(Ticks, Pitch), UNPLAYED>,
    /// How long keys were down, and notes lasted: with a pedal, one after the other.
    ends: ArrayVec<NoteEnd, { 2 * HELD }>,
}

/// How long a key was down, or a note lasted.
#[derive(Debug, Clone, Copy)]
struct NoteEnd {
    id: u32,
    duration: Ticks,
    what: Ended,
}

#[derive(Debug, Clone, Copy)]
enum Ended {
    /// The key is up, and the note is over.
    Both,
    /// The key is up, and the pedal lets the note ring on.
    Key,
    /// The note is over, whose key was up before.
    Note,
}

impl From<NoteEnd> for Command {
    fn from(NoteEnd { id, duration, what }: NoteEnd) -> Self {
        match what {
            Ended::Both => Self::Amend { id, duration },
            Ended::Key => Self::ReleaseKey { id, duration },
            Ended::Note => Self::ReleasePedal { id, duration },
        }
    }
}

impl Outbox {
    /// Sends it, in order, as far as there is room.
    pub fn send(&mut self, port: &mut impl WorkerPort) {
        // Before anything that may make the worker decide the same once more.
        while let Some(&(onset, pitch)) = self.forget_unplayed.first() {
            if !port.send(Command::ForgetUnplayed { onset, pitch }) {
                return;
            }
            self.forget_unplayed.pop_at(0);
        }
        if self.blank {
            self.blank = !port.send(Command::ForgetAll);
        }
        if let Some(from) = self.retract.filter(|_| !self.blank)
            && port.send(Command::Retract { from })
        {
            self.retract = None;
        }
        if let Some(style) = self.style.filter(|_| self.retract.is_none() && !self.blank)
            && port.send(Command::Style(style))
        {
            self.style = None;
        }
        if self.files && port.send(Command::ReloadFiles) {
            self.files = false;
        }
        if let Some(source) = self.chords_from.filter(|_| !self.blank)
            && port.send(Command::ChordSource(source))
        {
            self.chords_from = None;
        }
        if let Some(chord) = self.chord.filter(|_| self.chords_from.is_none() && !self.blank)
            && port.send(Command::Chord(chord))
        {
            self.chord = None;
        }
        while let Some(&end) = self.ends.first() {
            if self.must_come_first() || !port.send(end.into()) {
                return;
            }
            self.ends.pop_at(0);
        }
    }

    /// Nothing of what was before must be said any more, but that it is to be forgotten, and what is to be played.
    pub fn start_afresh(&mut self) {
        let Self { style, files, chords_from, .. } = *self;
        *self = Self { style, files, chords_from, blank: true, ..Self::default() };
    }

    pub fn is_empty(&self) -> bool {
        !self.must_come_first() && self.ends.is_empty()
    }

    /// Whether another chart will count once all is said.
    pub fn changes_chart(&self) -> bool {
        self.style.is_some() || self.files
    }

    fn must_come_first(&self) -> bool {
        let chords = self.chords_from.is_some() || self.chord.is_some();
        self.blank
            || !self.forget_unplayed.is_empty()
            || self.retract.is_some()
            || self.style.is_some()
            || self.files
            || chords
    }

    pub fn retract(&mut self, from: Ticks) {
        self.retract = Some(self.retract.map_or(from, |before| before.min(from)));
    }

    /// This note will not sound.
    pub fn forget_unplayed(&mut self, ScheduledNote { note, told }: ScheduledNote) {
        let _ = self.forget_unplayed.try_push((note.onset, told));
    }

    /// A note that the player held with a finger or, at last, with the pedal alone, is over, and has lasted so long.
    pub fn amend(&mut self, held: &HeldNote, duration: Ticks) {
        self.end(held, duration, if held.down { Ended::Both } else { Ended::Note });
    }

    /// The key of a heard note is up after so long, and the pedal lets it ring on.
    pub fn lift(&mut self, held: &HeldNote, duration: Ticks) {
        self.end(held, duration, Ended::Key);
    }

    /// The list has room for every key that can be held, and heard notes are refused while anything is in it; beyond
    /// that the network keeps the length that it expected.
    fn end(&mut self, held: &HeldNote, duration: Ticks, what: Ended) {
        if let Some(id) = held.id {
            let _ = self.ends.try_push(NoteEnd { id, duration: duration.max(Ticks(1)), what });
        }
    }
}
