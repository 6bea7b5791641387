//! The active notes: every note-on that the host has accepted and whose note-off it has not.
//!
//! Invariant: each of them gets exactly one note-off. A note-off that the host refuses stays pending and is sent again
//! with every block. A note-on is not sent when the list is full. On one channel a key sounds once and belongs to the
//! last note-on: a new note-on first ends the note before, whose own note-off is then ignored.
//!
//! Knows nothing of why a note begins or ends.

use crate::host::{FrameOffset, HostEvent, HostEvents, Key, Message, NoteSource, Sent};
use crate::output::feedback::FeedbackFilter;
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;

/// The most notes that may be active at once, from all sources together.
const CAPACITY: usize = 256;

/// Identifies one note-on, so that only its own note-off ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteToken(u32);

/// One note-on without its note-off.
#[derive(Debug, Clone, Copy)]
struct ActiveNote {
    key: Key,
    token: NoteToken,
    by: NoteSource,
    began_at: FramePosition,
    /// The host's event list was full, so this note-off is still pending. Holds the release velocity, 0 to 1.
    pending_off: Option<f32>,
}

/// The result of a note-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteOnResult {
    /// The host accepted it; the token ends it.
    Sounds(NoteToken),
    /// The host's event list, or ours, was full.
    Refused,
    /// The player or Segue sounds on this key, so the accompaniment leaves it alone.
    KeyTaken,
    /// The host takes no note events at all.
    NoOutput,
}

/// The active notes of all sources, and the filter that recognises them when they return.
#[derive(Debug, Default)]
pub struct ActiveNotes {
    notes: ArrayVec<ActiveNote, CAPACITY>,
    next: u32,
    feedback: FeedbackFilter,
    /// The position of the block's first frame.
    start: FramePosition,
}

impl ActiveNotes {
    /// A block begins at `start`, `into` frames after the beginning of the host's own block.
    pub fn begin_block(&mut self, start: FramePosition, into: u32, sample_rate: f64) {
        self.start = start;
        self.feedback.begin_block(start.plus(-i64::from(into)), sample_rate);
    }

    /// Frames are counted from zero again, or a new performance begins.
    pub fn reset_feedback(&mut self) {
        self.feedback = FeedbackFilter::default();
        self.notes.iter().for_each(|note| self.feedback.note_sounds(note.key));
    }

    /// Whether an event is one of ours that returned through a routing loop. `key_is_down` says whether the player
    /// holds its key.
    pub fn is_feedback(&mut self, at: FrameOffset, event: &HostEvent, key_is_down: bool) -> bool {
        self.feedback.take(self.position(at), event, key_is_down)
    }

    /// Sends a note-on.
    pub fn note_on(
        &mut self,
        host: &mut impl HostEvents,
        at: FrameOffset,
        key: Key,
        velocity: f32,
        by: NoteSource,
    ) -> NoteOnResult {
        let same = |note: &ActiveNote| note.key.channel == key.channel && note.key.pitch == key.pitch;
        let began_at = self.position(at);
        if let Some(sounding) = self.notes.iter_mut().find(|note| same(note) && note.pending_off.is_none()) {
            if by == NoteSource::Comping && sounding.by != NoteSource::Comping {
                return NoteOnResult::KeyTaken;
            }
            if sounding.by == NoteSource::Comping && by == NoteSource::Segue && sounding.began_at == began_at {
                // Both begin on the same frame: one note, which now belongs to Segue.
                (sounding.by, sounding.token) = (by, NoteToken(self.next));
                self.next = self.next.wrapping_add(1);
                return NoteOnResult::Sounds(sounding.token);
            }
        }
        self.end_where(host, at, 0.0, same);
        let still_sounds = self.notes.iter().any(same);
        if still_sounds || self.notes.is_full() {
            return NoteOnResult::Refused;
        }
        match host.send(at, Message::NoteOn { key, velocity }) {
            Sent::Accepted => {
                let token = NoteToken(self.next);
                self.next = self.next.wrapping_add(1);
                self.notes.push(ActiveNote { key, token, by, began_at, pending_off: None });
                self.feedback.note_begun(began_at, key, velocity, by);
                NoteOnResult::Sounds(token)
            }
            Sent::Refused => NoteOnResult::Refused,
            Sent::NoOutput => NoteOnResult::NoOutput,
        }
    }

    /// Sends a note-off with release velocity 0, unless a later note-on took over the key.
    pub fn note_off(&mut self, host: &mut impl HostEvents, at: FrameOffset, token: NoteToken) {
        self.note_off_with_velocity(host, at, token, 0.0);
    }

    /// The same with a release velocity, 0 to 1.
    pub fn note_off_with_velocity(
        &mut self,
        host: &mut impl HostEvents,
        at: FrameOffset,
        token: NoteToken,
        velocity: f32,
    ) {
        self.end_where(host, at, velocity, |note| note.token == token);
    }

    /// Sends a message that is neither note-on nor note-off.
    pub fn pass(&mut self, host: &mut impl HostEvents, at: FrameOffset, message: Message) -> Sent {
        let sent = host.send(at, message);
        if sent == Sent::Accepted {
            self.feedback.passed(self.position(at), message);
        }
        sent
    }

    /// Sends the pending note-offs again.
    pub fn send_pending(&mut self, host: &mut impl HostEvents, at: FrameOffset) {
        self.end_where(host, at, 0.0, |note| note.pending_off.is_some());
    }

    /// Marks all notes as ended; the next block sends their note-offs.
    pub fn all_pending(&mut self) {
        self.notes.iter_mut().for_each(|note| note.pending_off = note.pending_off.or(Some(0.0)));
    }

    fn position(&self, at: FrameOffset) -> FramePosition {
        self.start.plus(i64::from(at.0))
    }

    fn end_where(
        &mut self,
        host: &mut impl HostEvents,
        at: FrameOffset,
        velocity: f32,
        which: impl Fn(&ActiveNote) -> bool,
    ) {
        let (feedback, position) = (&mut self.feedback, self.start.plus(i64::from(at.0)));
        self.notes.retain(|note| {
            if !which(note) {
                return true;
            }
            let velocity = note.pending_off.unwrap_or(velocity);
            let sent = host.send(at, Message::NoteOff { key: note.key, velocity });
            if sent == Sent::Accepted {
                feedback.note_ended(position, note.key);
            }
            note.pending_off = (sent == Sent::Refused).then_some(velocity);
            note.pending_off.is_some()
        });
    }
}

#[cfg(test)]
mod tests;
