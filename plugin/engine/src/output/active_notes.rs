//! Every note-on that the host has taken and not yet seen the end of.
//!
//! Invariant: each of them gets exactly one note-off. A note-off that the host refuses stays here and is offered again
//! with every block; a note-on is not even offered when there is no room to remember it. On one channel a key sounds
//! once, and whoever struck it last owns it: striking it again ends it first, and the note-off of whoever struck it
//! before has then been sent already.

use crate::host::{FrameOffset, HostEvent, HostIo, Key, Message, NoteSource, Sent};
use crate::output::feedback::FeedbackFilter;
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;

/// Notes that may sound at once, player's and Segue's together.
const CAPACITY: usize = 256;

/// A claim on a note-off. Only whoever struck a note last can end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteToken(u32);

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Key,
    token: NoteToken,
    by: NoteSource,
    begun: FramePosition,
    /// The note is over, but the host would not hear of it; the number is how fast its key went up.
    pending_off: Option<f32>,
}

/// What became of a note-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteOnResult {
    /// The host has it, and is owed its end.
    Sounds(NoteToken),
    /// The host would not take it.
    Refused,
    /// The key sounds already for somebody who is not accompanied on it.
    KeyTaken,
    /// The host takes no notes at all.
    NoOutput,
}

/// See the module.
#[derive(Debug, Default)]
pub struct ActiveNotes {
    entries: ArrayVec<Entry, CAPACITY>,
    next: u32,
    feedback: FeedbackFilter,
    /// The position of the block's first frame.
    start: FramePosition,
}

impl ActiveNotes {
    /// A block begins here, so many frames into the host's own.
    pub fn begin_block(&mut self, start: FramePosition, into: u32, sample_rate: f64) {
        self.start = start;
        self.feedback.listen(start.plus(-i64::from(into)), sample_rate);
    }

    /// Frames are counted from zero again, or another performance begins.
    pub fn reset_feedback(&mut self) {
        self.feedback = FeedbackFilter::default();
        self.entries.iter().for_each(|entry| self.feedback.note_sounds(entry.key));
    }

    /// Whether an event is one of ours that comes back by a routing loop. `key_is_down` says that the player holds the
    /// key that it is about.
    pub fn is_feedback(&mut self, at: FrameOffset, event: &HostEvent, key_is_down: bool) -> bool {
        self.feedback.take(self.position(at), event, key_is_down)
    }

    /// Begins a note.
    pub fn note_on(
        &mut self,
        host: &mut impl HostIo,
        at: FrameOffset,
        key: Key,
        velocity: f32,
        by: NoteSource,
    ) -> NoteOnResult {
        let same = |entry: &Entry| entry.key.channel == key.channel && entry.key.pitch == key.pitch;
        let begun = self.position(at);
        if let Some(sounding) = self.entries.iter_mut().find(|entry| same(entry) && entry.pending_off.is_none()) {
            if by == NoteSource::Comping && sounding.by != NoteSource::Comping {
                return NoteOnResult::KeyTaken;
            }
            if sounding.by == NoteSource::Comping && by == NoteSource::Segue && sounding.begun == begun {
                // Struck together: one note, which nobody has heard in vain.
                (sounding.by, sounding.token) = (by, NoteToken(self.next));
                self.next = self.next.wrapping_add(1);
                return NoteOnResult::Sounds(sounding.token);
            }
        }
        self.end_where(host, at, 0.0, same);
        let still_sounds = self.entries.iter().any(same);
        if still_sounds || self.entries.is_full() {
            return NoteOnResult::Refused;
        }
        match host.send(at, Message::NoteOn { key, velocity }) {
            Sent::Accepted => {
                let token = NoteToken(self.next);
                self.next = self.next.wrapping_add(1);
                self.entries.push(Entry { key, token, by, begun, pending_off: None });
                self.feedback.note_begun(begun, key, velocity, by);
                NoteOnResult::Sounds(token)
            }
            Sent::Refused => NoteOnResult::Refused,
            Sent::NoOutput => NoteOnResult::NoOutput,
        }
    }

    /// Ends a note, unless somebody else has taken over its key.
    pub fn note_off(&mut self, host: &mut impl HostIo, at: FrameOffset, token: NoteToken) {
        self.note_off_with_velocity(host, at, token, 0.0);
    }

    /// The same, with the speed at which the key goes up.
    pub fn note_off_with_velocity(&mut self, host: &mut impl HostIo, at: FrameOffset, token: NoteToken, velocity: f32) {
        self.end_where(host, at, velocity, |entry| entry.token == token);
    }

    /// Passes on what is no note.
    pub fn pass(&mut self, host: &mut impl HostIo, at: FrameOffset, message: Message) -> Sent {
        let sent = host.send(at, message);
        if sent == Sent::Accepted {
            self.feedback.passed(self.position(at), message);
        }
        sent
    }

    /// Offers the note-offs again that were refused.
    pub fn send_pending(&mut self, host: &mut impl HostIo, at: FrameOffset) {
        self.end_where(host, at, 0.0, |entry| entry.pending_off.is_some());
    }

    /// Marks every note as over when there is no host to tell; the next block will.
    pub fn all_pending(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.pending_off = entry.pending_off.or(Some(0.0)));
    }

    fn position(&self, at: FrameOffset) -> FramePosition {
        self.start.plus(i64::from(at.0))
    }

    fn end_where(&mut self, host: &mut impl HostIo, at: FrameOffset, velocity: f32, which: impl Fn(&Entry) -> bool) {
        let (feedback, position) = (&mut self.feedback, self.start.plus(i64::from(at.0)));
        self.entries.retain(|entry| {
            if !which(entry) {
                return true;
            }
            let velocity = entry.pending_off.unwrap_or(velocity);
            let sent = host.send(at, Message::NoteOff { key: entry.key, velocity });
            if sent == Sent::Accepted {
                feedback.note_ended(position, entry.key);
            }
            entry.pending_off = (sent == Sent::Refused).then_some(velocity);
            entry.pending_off.is_some()
        });
    }
}

#[cfg(test)]
mod tests;
