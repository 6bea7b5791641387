//! Every note-on that the host has taken and not yet seen the end of.
//!
//! Invariant: each of them gets exactly one note-off. A note-off that the host refuses stays here and is offered again
//! with every block; a note-on is not even offered when there is no room to remember it. On one channel a key sounds
//! once: striking it again ends it first, whoever struck it before.

use super::host::{FrameOffset, Key, Message, Sent, Stage};
use arrayvec::ArrayVec;

/// Notes that may sound at once, player's and Segue's together.
const CAPACITY: usize = 256;

/// A claim on a note-off. Only whoever struck a note last can end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(u32);

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Key,
    token: Token,
    /// The note is over, but the host would not hear of it.
    overdue: bool,
}

/// What became of a note-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// The host has it, and is owed its end.
    Sounds(Token),
    /// The host would not take it.
    Refused,
    /// The host takes no notes at all.
    NobodyListens,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: ArrayVec<Entry, CAPACITY>,
    next: u32,
}

impl Ledger {
    /// Begins a note.
    pub fn strike(&mut self, stage: &mut impl Stage, at: FrameOffset, key: Key, velocity: f32) -> Struck {
        self.end_where(stage, at, |entry| entry.key.channel == key.channel && entry.key.pitch == key.pitch);
        let still_sounds =
            self.entries.iter().any(|entry| entry.key.channel == key.channel && entry.key.pitch == key.pitch);
        if still_sounds || self.entries.is_full() {
            return Struck::Refused;
        }
        match stage.send(at, Message::On { key, velocity }) {
            Sent::Taken => {
                let token = Token(self.next);
                self.next = self.next.wrapping_add(1);
                self.entries.push(Entry { key, token, overdue: false });
                Struck::Sounds(token)
            }
            Sent::Refused => Struck::Refused,
            Sent::NobodyListens => Struck::NobodyListens,
        }
    }

    /// Ends a note, unless somebody else has taken over its key.
    pub fn end(&mut self, stage: &mut impl Stage, at: FrameOffset, token: Token) {
        self.end_where(stage, at, |entry| entry.token == token);
    }

    /// Offers the note-offs again that were refused.
    pub fn pay_overdue(&mut self, stage: &mut impl Stage, at: FrameOffset) {
        self.end_where(stage, at, |entry| entry.overdue);
    }

    /// Marks every note as over when there is no host to tell; the next block will.
    pub fn all_overdue(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.overdue = true);
    }

    fn end_where(&mut self, stage: &mut impl Stage, at: FrameOffset, which: impl Fn(&Entry) -> bool) {
        self.entries.retain(|entry| {
            if !which(entry) {
                return true;
            }
            entry.overdue = stage.send(at, Message::Off { key: entry.key, velocity: 0.0 }) == Sent::Refused;
            entry.overdue
        });
    }
}
