//! What leaves for the host: the only sender of note-on and note-off, and of what the player's events become on their way
//! through.

pub mod active_notes;
mod feedback;
pub mod thru;

use crate::host::{ChannelMessage, FrameOffset, HostEvent, HostIo, Key, Message, NoteSource, Sent};
use crate::time::now::Now;
use active_notes::{ActiveNotes, NoteOnResult, NoteToken};
use thru::Thru;

/// Everything that the host has been told and not yet seen the end of.
#[derive(Debug, Default)]
pub struct Output {
    notes: ActiveNotes,
    thru: Thru,
}

impl Output {
    /// A block begins: what is pending is offered again.
    pub fn begin_block(&mut self, now: &Now<'_>, host: &mut impl HostIo) {
        self.notes.begin_block(now.start, now.block.into, now.sample_rate);
        self.notes.send_pending(host, now.at());
        self.thru.send_pending(now.settings(), now.at(), host, &mut self.notes);
    }

    /// There is no host to tell: everything that sounds, and every controller, is pending.
    pub fn stop(&mut self) {
        self.notes.all_pending();
        self.thru.all_pending();
    }

    /// Frames are counted from zero again, or another performance begins.
    pub fn forget_positions(&mut self) {
        self.notes.reset_feedback();
    }

    /// Whether an event is one of ours that comes back by a routing loop. `key_is_down` says that the player holds the
    /// key that it is about.
    pub fn is_feedback(&mut self, at: FrameOffset, event: &HostEvent, key_is_down: bool) -> bool {
        self.notes.is_feedback(at, event, key_is_down)
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
        self.notes.note_on(host, at, key, velocity, by)
    }

    /// Ends a note, unless somebody else has taken over its key.
    pub fn note_off(&mut self, host: &mut impl HostIo, at: FrameOffset, token: NoteToken) {
        self.notes.note_off(host, at, token);
    }

    /// The same, with the speed at which the key goes up.
    pub fn note_off_with_velocity(&mut self, host: &mut impl HostIo, at: FrameOffset, token: NoteToken, velocity: f32) {
        self.notes.note_off_with_velocity(host, at, token, velocity);
    }

    /// Passes on what is no note.
    pub fn pass(&mut self, host: &mut impl HostIo, at: FrameOffset, message: Message) -> Sent {
        self.notes.pass(host, at, message)
    }

    /// Passes a controller on. One that was passed on comes to rest whether or not things are passed on by now.
    pub fn pass_control(
        &mut self,
        host: &mut impl HostIo,
        at: FrameOffset,
        message: ChannelMessage,
        is_on: bool,
    ) -> Sent {
        self.thru.pass(message, is_on, at, host, &mut self.notes)
    }
}
