//! Every note-on that the host has taken and not yet seen the end of.
//!
//! Invariant: each of them gets exactly one note-off. A note-off that the host refuses stays here and is offered again
//! with every block; a note-on is not even offered when there is no room to remember it. On one channel a key sounds
//! once, and whoever struck it last owns it: striking it again ends it first, and the note-off of whoever struck it
//! before has then been sent already.

use crate::host::{FrameOffset, HostEvent, HostIo, Key, Message, NoteSource, Sent};
use crate::output::feedback::FeedbackFilter;
use crate::time::clock::FramePosition;
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
mod tests {
    use super::*;
    use segue_model::note::Pitch;

    const AT: FrameOffset = FrameOffset(5);
    const LATER: FrameOffset = FrameOffset(6);

    /// Writes down what it takes; refuses everything while it is full.
    #[derive(Default)]
    struct Paper {
        full: bool,
        taken: Vec<Message>,
    }

    impl HostIo for Paper {
        fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
            None
        }
        fn play(&mut self, _: FrameOffset, _: crate::host::SynthEvent) {}
        fn send(&mut self, _: FrameOffset, message: Message) -> Sent {
            if self.full {
                return Sent::Refused;
            }
            self.taken.push(message);
            Sent::Accepted
        }
    }

    fn key(pitch: u8) -> Key {
        Key { voice: None, channel: 0, pitch: Pitch::new(pitch).unwrap() }
    }

    fn on(key: Key) -> Message {
        Message::NoteOn { key, velocity: 0.5 }
    }

    fn off(key: Key, velocity: f32) -> Message {
        Message::NoteOff { key, velocity }
    }

    fn strike(active_notes: &mut ActiveNotes, host: &mut Paper, key: Key, by: NoteSource) -> NoteToken {
        match active_notes.note_on(host, AT, key, 0.5, by) {
            NoteOnResult::Sounds(token) => token,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_that_both_want_belongs_to_whoever_struck_it_last_and_ends_once() {
        let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
        let players = Key { voice: Some(9), ..key(60) };
        let first = strike(&mut active_notes, &mut host, players, NoteSource::Player);
        let second = strike(&mut active_notes, &mut host, key(60), NoteSource::Segue);
        active_notes.note_off_with_velocity(&mut host, AT, first, 0.9);
        active_notes.note_off(&mut host, AT, second);
        active_notes.note_off(&mut host, AT, second);
        assert_eq!(host.taken, [on(players), off(players, 0.0), on(key(60)), off(key(60), 0.0)]);
    }

    #[test]
    fn whoever_accompanies_leaves_a_key_to_those_who_sound_on_it() {
        for other in [NoteSource::Player, NoteSource::Segue] {
            let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
            let others = strike(&mut active_notes, &mut host, key(60), other);
            assert_eq!(active_notes.note_on(&mut host, AT, key(60), 0.5, NoteSource::Comping), NoteOnResult::KeyTaken);
            active_notes.note_off(&mut host, AT, others);
            strike(&mut active_notes, &mut host, key(60), NoteSource::Comping);
            assert!(matches!(active_notes.note_on(&mut host, LATER, key(60), 0.5, other), NoteOnResult::Sounds(_)));
            assert_eq!(host.taken, [on(key(60)), off(key(60), 0.0), on(key(60)), off(key(60), 0.0), on(key(60))]);
        }
    }

    #[test]
    fn a_key_that_is_struck_together_with_the_comping_is_one_note() {
        let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
        let compings = strike(&mut active_notes, &mut host, key(60), NoteSource::Comping);
        let segues = strike(&mut active_notes, &mut host, key(60), NoteSource::Segue);
        active_notes.note_off(&mut host, LATER, compings);
        assert_eq!(host.taken, [on(key(60))]);
        active_notes.note_off(&mut host, LATER, segues);
        assert_eq!(host.taken, [on(key(60)), off(key(60), 0.0)]);
    }

    #[test]
    fn the_same_key_on_two_channels_is_two_notes() {
        let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
        let other = Key { channel: 3, ..key(60) };
        let first = strike(&mut active_notes, &mut host, key(60), NoteSource::Player);
        strike(&mut active_notes, &mut host, other, NoteSource::Segue);
        active_notes.note_off(&mut host, AT, first);
        assert_eq!(host.taken, [on(key(60)), on(other), off(key(60), 0.0)]);
    }

    #[test]
    fn a_note_off_that_is_refused_is_kept_with_its_speed_and_sent_again() {
        let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
        let token = strike(&mut active_notes, &mut host, key(60), NoteSource::Player);
        host.full = true;
        active_notes.note_off_with_velocity(&mut host, AT, token, 0.7);
        active_notes.send_pending(&mut host, AT);
        assert_eq!(active_notes.note_on(&mut host, AT, key(60), 0.5, NoteSource::Segue), NoteOnResult::Refused);
        host.full = false;
        active_notes.send_pending(&mut host, AT);
        active_notes.send_pending(&mut host, AT);
        assert_eq!(host.taken, [on(key(60)), off(key(60), 0.7)]);
    }
}
