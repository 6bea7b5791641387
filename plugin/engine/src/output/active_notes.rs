//! Every note-on that the host has taken and not yet seen the end of.
//!
//! Invariant: each of them gets exactly one note-off. A note-off that the host refuses stays here and is offered again
//! with every block; a note-on is not even offered when there is no room to remember it. On one channel a key sounds
//! once, and whoever struck it last owns it: striking it again ends it first, and the note-off of whoever struck it
//! before has then been sent already.

use crate::host::{FrameOffset, HostEvent, Key, Message, Sent, Stage, Who};
use crate::output::feedback::Returns;
use crate::time::clock::Position;
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
    by: Who,
    begun: Position,
    /// The note is over, but the host would not hear of it; the number is how fast its key went up.
    overdue: Option<f32>,
}

/// What became of a note-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// The host has it, and is owed its end.
    Sounds(Token),
    /// The host would not take it.
    Refused,
    /// The key sounds already for somebody who is not accompanied on it.
    IsAnothers,
    /// The host takes no notes at all.
    NobodyListens,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: ArrayVec<Entry, CAPACITY>,
    next: u32,
    returns: Returns,
    /// The position of the block's first frame.
    start: Position,
}

impl Ledger {
    /// A block begins here, so many frames into the host's own.
    pub fn begin_block(&mut self, start: Position, into: u32, sample_rate: f64) {
        self.start = start;
        self.returns.listen(start.plus(-i64::from(into)), sample_rate);
    }

    /// Frames are counted from zero again, or another performance begins.
    pub fn forget_returns(&mut self) {
        self.returns = Returns::default();
        self.entries.iter().for_each(|entry| self.returns.note_sounds(entry.key));
    }

    /// Whether an event is one of ours that comes back by a routing loop. `key_is_down` says that the player holds the
    /// key that it is about.
    pub fn has_returned(&mut self, at: FrameOffset, event: &HostEvent, key_is_down: bool) -> bool {
        self.returns.take(self.position(at), event, key_is_down)
    }

    /// Begins a note.
    pub fn strike(&mut self, stage: &mut impl Stage, at: FrameOffset, key: Key, velocity: f32, by: Who) -> Struck {
        let same = |entry: &Entry| entry.key.channel == key.channel && entry.key.pitch == key.pitch;
        let begun = self.position(at);
        if let Some(sounding) = self.entries.iter_mut().find(|entry| same(entry) && entry.overdue.is_none()) {
            if by == Who::Comping && sounding.by != Who::Comping {
                return Struck::IsAnothers;
            }
            if sounding.by == Who::Comping && by == Who::Segue && sounding.begun == begun {
                // Struck together: one note, which nobody has heard in vain.
                (sounding.by, sounding.token) = (by, Token(self.next));
                self.next = self.next.wrapping_add(1);
                return Struck::Sounds(sounding.token);
            }
        }
        self.end_where(stage, at, 0.0, same);
        let still_sounds = self.entries.iter().any(same);
        if still_sounds || self.entries.is_full() {
            return Struck::Refused;
        }
        match stage.send(at, Message::On { key, velocity }) {
            Sent::Taken => {
                let token = Token(self.next);
                self.next = self.next.wrapping_add(1);
                self.entries.push(Entry { key, token, by, begun, overdue: None });
                self.returns.note_begun(begun, key, velocity, by);
                Struck::Sounds(token)
            }
            Sent::Refused => Struck::Refused,
            Sent::NobodyListens => Struck::NobodyListens,
        }
    }

    /// Ends a note, unless somebody else has taken over its key.
    pub fn end(&mut self, stage: &mut impl Stage, at: FrameOffset, token: Token) {
        self.release(stage, at, token, 0.0);
    }

    /// The same, with the speed at which the key goes up.
    pub fn release(&mut self, stage: &mut impl Stage, at: FrameOffset, token: Token, velocity: f32) {
        self.end_where(stage, at, velocity, |entry| entry.token == token);
    }

    /// Passes on what is no note.
    pub fn pass(&mut self, stage: &mut impl Stage, at: FrameOffset, message: Message) -> Sent {
        let sent = stage.send(at, message);
        if sent == Sent::Taken {
            self.returns.passed(self.position(at), message);
        }
        sent
    }

    /// Offers the note-offs again that were refused.
    pub fn pay_overdue(&mut self, stage: &mut impl Stage, at: FrameOffset) {
        self.end_where(stage, at, 0.0, |entry| entry.overdue.is_some());
    }

    /// Marks every note as over when there is no host to tell; the next block will.
    pub fn all_overdue(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.overdue = entry.overdue.or(Some(0.0)));
    }

    fn position(&self, at: FrameOffset) -> Position {
        self.start.plus(i64::from(at.0))
    }

    fn end_where(&mut self, stage: &mut impl Stage, at: FrameOffset, velocity: f32, which: impl Fn(&Entry) -> bool) {
        let (returns, position) = (&mut self.returns, self.start.plus(i64::from(at.0)));
        self.entries.retain(|entry| {
            if !which(entry) {
                return true;
            }
            let velocity = entry.overdue.unwrap_or(velocity);
            let sent = stage.send(at, Message::Off { key: entry.key, velocity });
            if sent == Sent::Taken {
                returns.note_ended(position, entry.key);
            }
            entry.overdue = (sent == Sent::Refused).then_some(velocity);
            entry.overdue.is_some()
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

    impl Stage for Paper {
        fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
            None
        }
        fn sound(&mut self, _: FrameOffset, _: crate::host::Audible) {}
        fn send(&mut self, _: FrameOffset, message: Message) -> Sent {
            if self.full {
                return Sent::Refused;
            }
            self.taken.push(message);
            Sent::Taken
        }
    }

    fn key(pitch: u8) -> Key {
        Key { voice: None, channel: 0, pitch: Pitch::new(pitch).unwrap() }
    }

    fn on(key: Key) -> Message {
        Message::On { key, velocity: 0.5 }
    }

    fn off(key: Key, velocity: f32) -> Message {
        Message::Off { key, velocity }
    }

    fn strike(ledger: &mut Ledger, stage: &mut Paper, key: Key, by: Who) -> Token {
        match ledger.strike(stage, AT, key, 0.5, by) {
            Struck::Sounds(token) => token,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_that_both_want_belongs_to_whoever_struck_it_last_and_ends_once() {
        let (mut ledger, mut stage) = (Ledger::default(), Paper::default());
        let players = Key { voice: Some(9), ..key(60) };
        let first = strike(&mut ledger, &mut stage, players, Who::Player);
        let second = strike(&mut ledger, &mut stage, key(60), Who::Segue);
        ledger.release(&mut stage, AT, first, 0.9);
        ledger.end(&mut stage, AT, second);
        ledger.end(&mut stage, AT, second);
        assert_eq!(stage.taken, [on(players), off(players, 0.0), on(key(60)), off(key(60), 0.0)]);
    }

    #[test]
    fn whoever_accompanies_leaves_a_key_to_those_who_sound_on_it() {
        for other in [Who::Player, Who::Segue] {
            let (mut ledger, mut stage) = (Ledger::default(), Paper::default());
            let others = strike(&mut ledger, &mut stage, key(60), other);
            assert_eq!(ledger.strike(&mut stage, AT, key(60), 0.5, Who::Comping), Struck::IsAnothers);
            ledger.end(&mut stage, AT, others);
            strike(&mut ledger, &mut stage, key(60), Who::Comping);
            assert!(matches!(ledger.strike(&mut stage, LATER, key(60), 0.5, other), Struck::Sounds(_)));
            assert_eq!(stage.taken, [on(key(60)), off(key(60), 0.0), on(key(60)), off(key(60), 0.0), on(key(60))]);
        }
    }

    #[test]
    fn a_key_that_is_struck_together_with_the_comping_is_one_note() {
        let (mut ledger, mut stage) = (Ledger::default(), Paper::default());
        let compings = strike(&mut ledger, &mut stage, key(60), Who::Comping);
        let segues = strike(&mut ledger, &mut stage, key(60), Who::Segue);
        ledger.end(&mut stage, LATER, compings);
        assert_eq!(stage.taken, [on(key(60))]);
        ledger.end(&mut stage, LATER, segues);
        assert_eq!(stage.taken, [on(key(60)), off(key(60), 0.0)]);
    }

    #[test]
    fn the_same_key_on_two_channels_is_two_notes() {
        let (mut ledger, mut stage) = (Ledger::default(), Paper::default());
        let other = Key { channel: 3, ..key(60) };
        let first = strike(&mut ledger, &mut stage, key(60), Who::Player);
        strike(&mut ledger, &mut stage, other, Who::Segue);
        ledger.end(&mut stage, AT, first);
        assert_eq!(stage.taken, [on(key(60)), on(other), off(key(60), 0.0)]);
    }

    #[test]
    fn a_note_off_that_is_refused_is_kept_with_its_speed_and_sent_again() {
        let (mut ledger, mut stage) = (Ledger::default(), Paper::default());
        let token = strike(&mut ledger, &mut stage, key(60), Who::Player);
        stage.full = true;
        ledger.release(&mut stage, AT, token, 0.7);
        ledger.pay_overdue(&mut stage, AT);
        assert_eq!(ledger.strike(&mut stage, AT, key(60), 0.5, Who::Segue), Struck::Refused);
        stage.full = false;
        ledger.pay_overdue(&mut stage, AT);
        ledger.pay_overdue(&mut stage, AT);
        assert_eq!(stage.taken, [on(key(60)), off(key(60), 0.7)]);
    }
}
