//! What has left Segue and may come back at its input by a routing loop: then it is not the player's.
//!
//! A note that comes in with the channel, key and velocity of one that left a moment ago is taken for it, each note
//! once. So that no real note is lost to that:
//! - When notes leave and none comes back there is no loop; then the first that looks like one is still the player's,
//!   and only a second tells that somebody has closed a loop.
//! - A note of the player's that was passed on comes back while its key is down. A key struck again is another note,
//!   unless a loop is known or the note is punctual.
//! - A host that routes output to input does so from block to block: what left comes in with the next one, at its first
//!   frame or as far into it as it was. That is punctual, and what a player does is so once in a thousand times; struck
//!   again so soon, on the same key and as hard, it is good as never.
//! - Where a loop is known and the player strikes just the note that is about to come back, the one that comes back is
//!   taken for the player's: one of the two is heard.
//! - A release is ours only when its note came back and ended a moment ago.
//! - A key that a finger is on has been struck again since; then a release may be the finger's as well as the end of
//!   the note before, and only where it is punctual or the loop is sure is it taken for the end. It is sure when a note
//!   of Segue's has come back, or one punctually to a key that is down, or the end of one to a key that nobody held.
//! - Where notes come back punctually again and again, or after the very same time, whatever comes at another moment is
//!   the player's.
//! - What left within the host's block that runs cannot have come back in it. In a loop that is sure, that settles what
//!   is whose; before that nothing but what is punctual hangs on where the host cuts its blocks.
//!
//! Pedals, bends and the like are sent back and forth quickly by players too, so they are only taken for ours when a
//! loop is known, or when one and the same has gone round several times: else it would do so until a note comes back,
//! and one that lets all keys go would keep that from ever being known.

use crate::host::{ChannelMessage, HostEvent, Key, KeyPattern, Message, NoteSource};
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;

/// How long a way back may be: the longest blocks of ordinary hosts, and one more.
const WINDOW_SECONDS: f64 = 0.2;
/// So many notes in a row that do not come back tell that there is no loop.
const NO_LOOP: u32 = 8;
/// So many notes in a row that came back punctually tell that the next will, too. For its end a single one does: a
/// finger is believed when in doubt.
const PUNCTUAL: u8 = 2;
/// What is remembered; the oldest goes when there is more.
const NOTES: usize = 64;
const CONTROLS: usize = 64;
/// So often a control goes round before it is known to.
const ROUNDS: u8 = 2;
/// Velocities that are the same on a way that has seven bits for them.
const SAME_VELOCITY: f32 = 0.6 / 127.0;

#[derive(Debug, Clone, Copy)]
struct Left {
    key: Key,
    velocity: f32,
    by: NoteSource,
    begun: FramePosition,
    ended: Option<FramePosition>,
    /// It has come back.
    back: bool,
}

/// What has left and is no note.
#[derive(Debug, Clone, Copy)]
struct Passed {
    at: FramePosition,
    message: Message,
    /// How often it had come in before it left, each time a moment after it had left.
    rounds: u8,
}

/// See the module.
#[derive(Debug, Default)]
pub struct FeedbackFilter {
    window_frames: i64,
    /// The first frame of the host's block that runs, and of the one before.
    block: FramePosition,
    block_before: FramePosition,
    notes: ArrayVec<Left, NOTES>,
    controls: ArrayVec<Passed, CONTROLS>,
    /// What came in just now as it had left, and how often that makes.
    again: Option<(Message, u8)>,
    /// Notes in a row that did not come back.
    lost: u32,
    /// Something has come back, and since then not too much was lost.
    loop_is_known: bool,
    /// And what came back was nothing that a player would do.
    loop_is_sure: bool,
    /// How long the last note that came back was on its way.
    way_frames: Option<i64>,
    /// Notes in a row that came back punctually.
    punctual: u8,
    /// Something looked as if it came back where no loop was, and was left to the player: the next is not. Else what is
    /// passed on would come back, and be passed on again, for ever.
    loop_is_suspected: bool,
}

impl FeedbackFilter {
    /// The host's block that begins at `block` runs, at this sample rate.
    pub fn listen(&mut self, block: FramePosition, sample_rate: f64) {
        #[allow(clippy::cast_possible_truncation, reason = "a fifth of a second; `as` saturates")]
        let frames = (WINDOW_SECONDS * sample_rate) as i64;
        self.window_frames = frames;
        // A block may come in pieces.
        if block != self.block {
            self.block_before = std::mem::replace(&mut self.block, block);
        }
    }

    /// A note has left.
    pub fn note_begun(&mut self, at: FramePosition, key: Key, velocity: f32, by: NoteSource) {
        self.forget_before(at);
        self.remember(Left { key, velocity, by, begun: at, ended: None, back: false });
    }

    /// A note began before everything was forgotten, and still sounds; its end may come back.
    pub fn note_sounds(&mut self, key: Key) {
        self.remember(Left {
            key,
            velocity: 0.0,
            by: NoteSource::Segue,
            begun: FramePosition(0),
            ended: None,
            back: true,
        });
    }

    /// The end of a note has left.
    pub fn note_ended(&mut self, at: FramePosition, key: Key) {
        let same = |left: &&mut Left| left.ended.is_none() && is_key(left, key);
        if let Some(left) = self.notes.iter_mut().find(same) {
            left.ended = Some(at);
        }
    }

    /// What is no note has left.
    pub fn passed(&mut self, at: FramePosition, message: Message) {
        if self.controls.is_full() {
            self.controls.remove(0);
        }
        let rounds = self.again.take().filter(|(again, _)| *again == message).map_or(0, |(_, rounds)| rounds);
        self.controls.push(Passed { at, message, rounds });
    }

    /// Whether this is ours; then it is taken off the list. `key_is_down` says that the player holds the key that it is
    /// about.
    pub fn take(&mut self, at: FramePosition, event: &HostEvent, key_is_down: bool) -> bool {
        self.forget_before(at);
        match *event {
            HostEvent::NoteOn { key, velocity } => self.take_press(at, key, velocity, key_is_down),
            HostEvent::NoteOff { keys, .. } => self.take_release(at, keys, key_is_down),
            HostEvent::Control(message) => self.take_control(Message::Control(message)),
            HostEvent::Shape { keys, shape } => self.take_control(Message::Shape { keys, shape }),
        }
    }

    fn take_press(&mut self, at: FramePosition, key: Key, velocity: f32, key_is_down: bool) -> bool {
        let known = self.loop_is_known || self.loop_is_suspected;
        let is_strict = self.all_is_punctual(PUNCTUAL);
        let (may_be_back, is_punctual) = (self.what_may_be_back(), self.what_is_punctual(at));
        let alike = |left: &Left| {
            !left.back
                && may_be_back(left.begun)
                && is_key(left, key)
                && (left.velocity - velocity).abs() <= SAME_VELOCITY
                && (left.by != NoteSource::Player || key_is_down || known || is_punctual(left.begun))
        };
        let on_time = |left: &&mut Left| alike(left) && (!is_strict || is_punctual(left.begun));
        let Some(left) = self.notes.iter_mut().find(on_time) else {
            if self.notes.iter().any(alike) {
                // If the way has become another one, this was the last note that goes round on it.
                self.punctual = 0;
            }
            return false;
        };
        left.back = true;
        let was_punctual = is_punctual(left.begun);
        let is_no_players = left.by != NoteSource::Player || (key_is_down && was_punctual);
        let way_frames = at.0.saturating_sub(left.begun.0);
        let believed = self.lost < NO_LOOP;
        self.lost = 0;
        self.loop_is_known = believed;
        self.loop_is_sure = believed && (self.loop_is_sure || is_no_players);
        self.loop_is_suspected = !believed;
        self.way_frames = Some(way_frames);
        self.punctual = if was_punctual { self.punctual.saturating_add(1) } else { 0 };
        if !believed {
            // The player's after all; its release is the player's too.
            self.notes.retain(|left| !(left.back && is_key(left, key)));
        }
        believed
    }

    fn take_release(&mut self, at: FramePosition, keys: KeyPattern, key_is_down: bool) -> bool {
        let Some((channel, pitch)) = keys.channel.zip(keys.pitch) else { return false };
        let key = Key { voice: None, channel, pitch };
        let (may_be_back, is_punctual) = (self.what_may_be_back(), self.what_is_punctual(at));
        let has_ended = |left: &Left| left.back && is_key(left, key) && left.ended.is_some_and(&may_be_back);
        let on_time = |left: &Left| has_ended(left) && left.ended.is_some_and(&is_punctual);
        let is_strict = key_is_down && self.all_is_punctual(1);
        let ended = self.notes.iter().position(on_time);
        let ended = ended.or_else(|| self.notes.iter().position(|left| !is_strict && has_ended(left)));
        // Also when the finger is believed: if it was the end, another does not come.
        let Some(left) = ended.and_then(|ended| self.notes.pop_at(ended)) else { return false };
        if key_is_down && !self.loop_is_sure && !left.ended.is_some_and(is_punctual) {
            return false;
        }
        self.loop_is_sure |= self.loop_is_known;
        true
    }

    fn take_control(&mut self, message: Message) -> bool {
        let may_be_back = self.what_may_be_back();
        let same = |passed: &Passed| passed.message == message && may_be_back(passed.at);
        let passed = self.controls.iter().position(same).and_then(|at| self.controls.pop_at(at));
        let ours =
            passed.is_some_and(|passed| self.loop_is_known || (passed.rounds >= ROUNDS && sets_something(message)));
        self.again = passed.filter(|_| !ours).map(|passed| (message, passed.rounds.saturating_add(1)));
        ours
    }

    fn remember(&mut self, left: Left) {
        if self.notes.is_full() {
            self.notes.remove(0);
        }
        self.notes.push(left);
    }

    /// Whether what left at a position can have come back by now.
    fn what_may_be_back(&self) -> impl Fn(FramePosition) -> bool + use<> {
        let (is_sure, block) = (self.loop_is_sure, self.block);
        move |left_at| !is_sure || left_at < block
    }

    /// Whether what left at a position comes back at this one as hosts bring it, or after the same time as the last
    /// note.
    fn what_is_punctual(&self, at: FramePosition) -> impl Fn(FramePosition) -> bool + use<> {
        let (block, before, way_frames) = (self.block, self.block_before, self.way_frames);
        let frames = |from: FramePosition, to: FramePosition| to.0.saturating_sub(from.0);
        move |left_at| {
            let left_in_the_block_before = (before..block).contains(&left_at);
            way_frames == Some(frames(left_at, at))
                || left_in_the_block_before && (at == block || frames(block, at) == frames(before, left_at))
        }
    }

    /// Whether what comes back comes at no other moment, as so many notes in a row tell.
    fn all_is_punctual(&self, notes: u8) -> bool {
        self.loop_is_sure && self.punctual >= notes
    }

    fn forget_before(&mut self, at: FramePosition) {
        let since = at.plus(-self.window_frames);
        let mut lost = 0;
        self.notes.retain(|left| {
            let stays = match (left.back, left.ended) {
                (true, None) => true,
                (true, Some(ended)) => ended >= since,
                (false, _) => left.begun >= since,
            };
            lost += u32::from(!stays && !left.back);
            stays
        });
        self.lost = self.lost.saturating_add(lost);
        self.loop_is_suspected &= lost == 0;
        self.loop_is_known &= self.lost < NO_LOOP;
        self.loop_is_sure &= self.loop_is_known;
        if !self.loop_is_known {
            (self.way_frames, self.punctual) = (None, 0);
        }
        self.controls.retain(|passed| passed.at >= since);
    }
}

/// Whether a message says the same when it is said twice. Of most controllers nobody knows: a knob without end sends
/// the same step again and again.
fn sets_something(message: Message) -> bool {
    match message {
        Message::Control(ChannelMessage::Controller { number, .. }) => matches!(number, 1 | 7 | 11 | 64..=69 | 120..),
        Message::Control(_) | Message::Shape { .. } => true,
        Message::NoteOn { .. } | Message::NoteOff { .. } => false,
    }
}

fn is_key(left: &Left, key: Key) -> bool {
    left.key.channel == key.channel && left.key.pitch == key.pitch
}

#[cfg(test)]
mod tests;
