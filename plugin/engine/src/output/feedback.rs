//! The MIDI feedback filter: recognises our own events when a routing loop brings them back to our input.
//!
//! The first rule: a note-on with the channel, key and velocity of one that we sent within the last 0.2 s is ours,
//! once. The other rules keep the player's notes from being lost to the first. Each names a test that checks it:
//! - When eight notes in a row have not returned there is no loop. Then the first match is still the player's, and only
//!   a second one means that a loop was closed (`a_second_match_after_lost_notes_tells_of_a_loop`).
//! - A note that was passed through returns while its key is down. A note-on to a released key is a new note, unless a
//!   loop is known or the note is punctual (`a_passed_note_returns_while_its_key_is_down`).
//! - A host that routes output to input does so from block to block: an event returns with the next block, at its first
//!   frame or at the same offset. That is punctual. A player hits this timing about once in 1,000 notes; with the same
//!   key and velocity, practically never (`a_punctual_note_is_ours_and_a_repeated_one_is_not`).
//! - A note-off is ours only when its note-on returned and the note ended within the window
//!   (`a_returned_note_is_ours_once_and_so_is_its_note_off`).
//! - While the player holds the key, a note-off may be the player's. It is ours only where it is punctual or the loop
//!   is sure: a note of Segue's has returned (`a_note_off_is_the_players_until_a_loop_is_sure`).
//! - Where notes return punctually several times in a row, or after the same number of frames, an event at any other
//!   time is the player's (`a_constant_round_trip_protects_quick_note_offs`).
//! - In a sure loop nothing returns within the host's block in which it was sent
//!   (`nothing_returns_in_the_block_in_which_it_was_sent`).
//! - Players repeat pedal and bend messages quickly, so a control is ours only in a known loop, or when the same
//!   message has gone round several times (`a_control_goes_round_only_a_few_times`).
//!
//! Knows nothing of turns and time in ticks.

use crate::host::{ChannelMessage, HostEvent, Key, KeyPattern, Message, NoteSource};
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;

/// How long an event may take to return, in seconds: two of the longest blocks that hosts commonly use.
const WINDOW_SECONDS: f64 = 0.2;
/// After this many notes in a row that did not return there is no loop.
const NO_LOOP: u32 = 8;
/// After this many punctual returns in a row only punctual note-ons are taken for ours. For note-offs one return is
/// enough, because in doubt a note-off is the player's.
const PUNCTUAL: u8 = 2;
/// How many sent notes and controls are remembered; the oldest is dropped.
const NOTES: usize = 64;
const CONTROLS: usize = 64;
/// A control must return this often before we treat it as a loop.
const CONTROL_ROUNDS: u8 = 2;
/// Velocities closer than this are the same after a way with seven bits.
const SAME_VELOCITY: f32 = 0.6 / 127.0;

/// A note that we sent.
#[derive(Debug, Clone, Copy)]
struct SentNote {
    key: Key,
    velocity: f32,
    by: NoteSource,
    begun: FramePosition,
    ended: Option<FramePosition>,
    /// Whether its note-on has returned.
    back: bool,
}

/// A message without a note that we sent.
#[derive(Debug, Clone, Copy)]
struct SentControl {
    at: FramePosition,
    message: Message,
    /// How often the same message had already returned before it was sent.
    rounds: u8,
}

/// What was sent within the window, and what is known of a loop.
#[derive(Debug, Default)]
pub struct FeedbackFilter {
    window_frames: i64,
    /// The first frame of the host's present block, and of the block before.
    block: FramePosition,
    block_before: FramePosition,
    notes: ArrayVec<SentNote, NOTES>,
    controls: ArrayVec<SentControl, CONTROLS>,
    /// The message that has just returned and is passed through again, and how often it has returned.
    returning: Option<(Message, u8)>,
    /// Notes in a row that did not return.
    lost: u32,
    /// A note has returned, and since then fewer than `NO_LOOP` were lost.
    loop_is_known: bool,
    /// A note of Segue's has returned, which could not have been the player's.
    loop_is_sure: bool,
    /// How many frames the last returned note took.
    round_trip_frames: Option<i64>,
    /// Punctual returns in a row.
    punctual: u8,
    /// A match was left to the player because no loop was known. The next match is ours; otherwise a passed note could
    /// go round for ever.
    loop_is_suspected: bool,
}

impl FeedbackFilter {
    /// A block begins; the host's own block begins at `block`.
    pub fn begin_block(&mut self, block: FramePosition, sample_rate: f64) {
        #[allow(clippy::cast_possible_truncation, reason = "a fifth of a second; `as` saturates")]
        let frames = (WINDOW_SECONDS * sample_rate) as i64;
        self.window_frames = frames;
        // The host's block may arrive in pieces.
        if block != self.block {
            self.block_before = std::mem::replace(&mut self.block, block);
        }
    }

    /// A note-on was sent.
    pub fn note_begun(&mut self, at: FramePosition, key: Key, velocity: f32, by: NoteSource) {
        self.forget_before(at);
        self.remember(SentNote { key, velocity, by, begun: at, ended: None, back: false });
    }

    /// A note was sent before a reset and still sounds; its note-off may return.
    pub fn note_sounds(&mut self, key: Key) {
        self.remember(SentNote {
            key,
            velocity: 0.0,
            by: NoteSource::Segue,
            begun: FramePosition(0),
            ended: None,
            back: true,
        });
    }

    /// A note-off was sent.
    pub fn note_ended(&mut self, at: FramePosition, key: Key) {
        let same = |sent: &&mut SentNote| sent.ended.is_none() && is_key(sent, key);
        if let Some(sent) = self.notes.iter_mut().find(same) {
            sent.ended = Some(at);
        }
    }

    /// A message without a note was sent.
    pub fn passed(&mut self, at: FramePosition, message: Message) {
        if self.controls.is_full() {
            self.controls.remove(0);
        }
        let rounds = self.returning.take().filter(|(again, _)| *again == message).map_or(0, |(_, rounds)| rounds);
        self.controls.push(SentControl { at, message, rounds });
    }

    /// Whether an event is ours; each sent event matches once. `key_is_down` says whether the player holds its key.
    pub fn take(&mut self, at: FramePosition, event: &HostEvent, key_is_down: bool) -> bool {
        self.forget_before(at);
        match *event {
            HostEvent::NoteOn { key, velocity } => self.take_note_on(at, key, velocity, key_is_down),
            HostEvent::NoteOff { keys, .. } => self.take_note_off(at, keys, key_is_down),
            HostEvent::Control(message) => self.take_control(Message::Control(message)),
            HostEvent::Shape { keys, shape } => self.take_control(Message::Shape { keys, shape }),
        }
    }

    fn take_note_on(&mut self, at: FramePosition, key: Key, velocity: f32, key_is_down: bool) -> bool {
        let known = self.loop_is_known || self.loop_is_suspected;
        let is_strict = self.all_is_punctual(PUNCTUAL);
        let (may_be_back, is_punctual) = (self.what_may_be_back(), self.what_is_punctual(at));
        let alike = |sent: &SentNote| {
            !sent.back
                && may_be_back(sent.begun)
                && is_key(sent, key)
                && (sent.velocity - velocity).abs() <= SAME_VELOCITY
                && (sent.by != NoteSource::Player || key_is_down || known || is_punctual(sent.begun))
        };
        let on_time = |sent: &&mut SentNote| alike(sent) && (!is_strict || is_punctual(sent.begun));
        let Some(sent) = self.notes.iter_mut().find(on_time) else {
            if self.notes.iter().any(alike) {
                // The round trip may have changed: from now on other times are accepted again.
                self.punctual = 0;
            }
            return false;
        };
        sent.back = true;
        let was_punctual = is_punctual(sent.begun);
        let is_segues = sent.by != NoteSource::Player;
        let round_trip_frames = at.0.saturating_sub(sent.begun.0);
        let believed = self.lost < NO_LOOP;
        self.lost = 0;
        self.loop_is_known = believed;
        self.loop_is_sure = believed && (self.loop_is_sure || is_segues);
        self.loop_is_suspected = !believed;
        self.round_trip_frames = Some(round_trip_frames);
        self.punctual = if was_punctual { self.punctual.saturating_add(1) } else { 0 };
        if !believed {
            // The player's after all, and so is its note-off.
            self.notes.retain(|sent| !(sent.back && is_key(sent, key)));
        }
        believed
    }

    fn take_note_off(&mut self, at: FramePosition, keys: KeyPattern, key_is_down: bool) -> bool {
        let Some((channel, pitch)) = keys.channel.zip(keys.pitch) else { return false };
        let key = Key { voice: None, channel, pitch };
        let (may_be_back, is_punctual) = (self.what_may_be_back(), self.what_is_punctual(at));
        let has_ended = |sent: &SentNote| sent.back && is_key(sent, key) && sent.ended.is_some_and(&may_be_back);
        let on_time = |sent: &SentNote| has_ended(sent) && sent.ended.is_some_and(&is_punctual);
        let is_strict = key_is_down && self.all_is_punctual(1);
        let ended = self.notes.iter().position(on_time);
        let ended = ended.or_else(|| self.notes.iter().position(|sent| !is_strict && has_ended(sent)));
        // Removed in either case: the note-off of a sent note returns at most once.
        let Some(sent) = ended.and_then(|ended| self.notes.pop_at(ended)) else { return false };
        !key_is_down || self.loop_is_sure || sent.ended.is_some_and(is_punctual)
    }

    fn take_control(&mut self, message: Message) -> bool {
        let may_be_back = self.what_may_be_back();
        let same = |passed: &SentControl| passed.message == message && may_be_back(passed.at);
        let passed = self.controls.iter().position(same).and_then(|at| self.controls.pop_at(at));
        let ours = passed
            .is_some_and(|passed| self.loop_is_known || (passed.rounds >= CONTROL_ROUNDS && sets_something(message)));
        self.returning = passed.filter(|_| !ours).map(|passed| (message, passed.rounds.saturating_add(1)));
        ours
    }

    fn remember(&mut self, sent: SentNote) {
        if self.notes.is_full() {
            self.notes.remove(0);
        }
        self.notes.push(sent);
    }

    /// Whether an event sent at a position can have returned by now.
    fn what_may_be_back(&self) -> impl Fn(FramePosition) -> bool + use<> {
        let (is_sure, block) = (self.loop_is_sure, self.block);
        move |left_at| !is_sure || left_at < block
    }

    /// Whether an event sent at a position would be punctual at `at`, or took as long as the last returned note.
    fn what_is_punctual(&self, at: FramePosition) -> impl Fn(FramePosition) -> bool + use<> {
        let (block, before, round_trip_frames) = (self.block, self.block_before, self.round_trip_frames);
        let frames = |from: FramePosition, to: FramePosition| to.0.saturating_sub(from.0);
        move |left_at| {
            let left_in_the_block_before = (before..block).contains(&left_at);
            round_trip_frames == Some(frames(left_at, at))
                || left_in_the_block_before && (at == block || frames(block, at) == frames(before, left_at))
        }
    }

    /// Whether at least `notes` returns in a row were punctual, in a sure loop.
    fn all_is_punctual(&self, notes: u8) -> bool {
        self.loop_is_sure && self.punctual >= notes
    }

    fn forget_before(&mut self, at: FramePosition) {
        let since = at.plus(-self.window_frames);
        let mut lost = 0;
        self.notes.retain(|sent| {
            let stays = match (sent.back, sent.ended) {
                (true, None) => true,
                (true, Some(ended)) => ended >= since,
                (false, _) => sent.begun >= since,
            };
            lost += u32::from(!stays && !sent.back);
            stays
        });
        self.lost = self.lost.saturating_add(lost);
        self.loop_is_suspected &= lost == 0;
        self.loop_is_known &= self.lost < NO_LOOP;
        self.loop_is_sure &= self.loop_is_known;
        if !self.loop_is_known {
            (self.round_trip_frames, self.punctual) = (None, 0);
        }
        self.controls.retain(|passed| passed.at >= since);
    }
}

/// Whether a repeated message changes nothing. For most controllers that is unknown: an endless knob sends the same
/// step again and again.
fn sets_something(message: Message) -> bool {
    match message {
        Message::Control(ChannelMessage::Controller { number, .. }) => matches!(number, 1 | 7 | 11 | 64..=69 | 120..),
        Message::Control(_) | Message::Shape { .. } => true,
        Message::NoteOn { .. } | Message::NoteOff { .. } => false,
    }
}

fn is_key(sent: &SentNote, key: Key) -> bool {
    sent.key.channel == key.channel && sent.key.pitch == key.pitch
}

#[cfg(test)]
mod tests;
