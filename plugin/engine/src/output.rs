//! What leaves for the host: the only sender of note-on and note-off, and of the player's events that pass through.
//!
//! Knows nothing of turns, plans and time in ticks.

pub mod active_notes;
mod feedback;
pub mod thru;

use crate::host::{ChannelMessage, FrameOffset, HostEvent, HostEvents, Key, Message, NoteSource, Sent};
use crate::time::now::Now;
use active_notes::{ActiveNotes, NoteOnResult, NoteToken};
use thru::Thru;

/// The active notes, and the controllers that were passed through and are not at rest.
#[derive(Debug, Default)]
pub struct Output {
    notes: ActiveNotes,
    thru: Thru,
}

impl Output {
    /// A block begins: sends what is pending.
    pub fn begin_block(&mut self, now: &Now<'_>, host: &mut impl HostEvents) {
        self.notes.begin_block(now.start, now.block.into, now.sample_rate);
        self.notes.send_pending(host, now.at());
        self.thru.send_pending(now.settings(), now.at(), host, &mut self.notes);
    }

    /// Marks all active notes and controllers as pending, because there is no block to send their ends in.
    pub fn stop(&mut self) {
        self.notes.all_pending();
        self.thru.all_pending();
    }

    /// Frames are counted from zero again, or a new performance begins.
    pub fn forget_positions(&mut self) {
        self.notes.reset_feedback();
    }

    /// Whether an event is one of ours that returned through a routing loop. `key_is_down` says whether the player
    /// holds its key.
    pub fn is_feedback(&mut self, at: FrameOffset, event: &HostEvent, key_is_down: bool) -> bool {
        self.notes.is_feedback(at, event, key_is_down)
    }

    /// Sends a note-on, unless the key is taken or the host refuses.
    pub fn note_on(
        &mut self,
        host: &mut impl HostEvents,
        at: FrameOffset,
        key: Key,
        velocity: f32,
        by: NoteSource,
    ) -> NoteOnResult {
        self.notes.note_on(host, at, key, velocity, by)
    }

    /// Sends the note-off of an active note, with release velocity 0. Does nothing if a later note-on took over its
    /// key.
    pub fn note_off(&mut self, host: &mut impl HostEvents, at: FrameOffset, token: NoteToken) {
        self.notes.note_off(host, at, token);
    }

    /// The same with a release velocity, 0 to 1.
    pub fn note_off_with_velocity(
        &mut self,
        host: &mut impl HostEvents,
        at: FrameOffset,
        token: NoteToken,
        velocity: f32,
    ) {
        self.notes.note_off_with_velocity(host, at, token, velocity);
    }

    /// Sends a message that is neither note-on nor note-off.
    pub fn pass(&mut self, host: &mut impl HostEvents, at: FrameOffset, message: Message) -> Sent {
        self.notes.pass(host, at, message)
    }

    /// Passes a controller through if `is_on`. A controller that was passed through returns to rest in any case.
    pub fn pass_control(
        &mut self,
        host: &mut impl HostEvents,
        at: FrameOffset,
        message: ChannelMessage,
        is_on: bool,
    ) -> Sent {
        self.thru.pass(message, is_on, at, host, &mut self.notes)
    }
}
