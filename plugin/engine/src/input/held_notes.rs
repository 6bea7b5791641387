//! The keys that the player holds, with fingers or with the pedal.
//!
//! Fingers on the melody decide whose turn it is; the pedal only lengthens what was heard, and a hand that plays chords
//! accompanies. A low key that goes on while others that were not struck before it are lifted is a drone: no finger to
//! wait for.
//!
//! Keyboards that bend each key by itself (MPE) give it a channel of its own, and move their pedal on a master channel, the
//! first or the last of the sixteen, on which no key is ever struck: that pedal is everybody's.

use crate::host::{Key, KeyPattern};
use crate::output::active_notes::NoteToken;
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;
use segue_model::note::{Pitch, Ticks};

/// More keys than two hands and their pedal hold; beyond it new ones are not followed.
pub const HELD: usize = 128;

/// What a key is played for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Melody, or melody and chords together.
    Melody,
    /// Chords alone.
    Chords,
}

/// A key that the player holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldNote {
    /// Which key.
    pub key: Key,
    /// When it went down.
    pub onset: Ticks,
    /// The name by which the mind knows it; `None` when the mind never heard of it.
    pub id: Option<u32>,
    /// The claim on its note-off, when the note was passed through.
    pub token: Option<NoteToken>,
    /// What it is played for.
    pub part: Part,
    /// The position at which it went down.
    pub struck: FramePosition,
    /// A finger is on it; else only the pedal holds it.
    pub down: bool,
    /// It goes on under what is played.
    pub drone: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct HeldNotes {
    held: ArrayVec<HeldNote, HELD>,
    /// One bit a channel.
    pedals: u16,
    /// Channels on which a key was struck; one bit each.
    struck: u16,
}

/// MIDI channels.
pub const CHANNELS: u8 = 16;
/// Where a master channel may be: that of the lower zone and that of the upper one.
const MASTERS: [u8; 2] = [0, CHANNELS - 1];

impl HeldNotes {
    /// A finger goes down. False when there are too many to follow.
    #[must_use]
    pub fn press(&mut self, held: HeldNote) -> bool {
        self.struck |= bit(held.key.channel);
        self.held.try_push(held).is_ok()
    }

    /// Lifts the next finger that matches. The flag says whether the note is over with it, or held by the pedal.
    pub fn lift(&mut self, keys: KeyPattern) -> Option<(HeldNote, bool)> {
        let at = self.held.iter().position(|held| held.down && keys.matches(held.key))?;
        if self.pedal(self.held.get(at)?.key.channel) {
            let held = self.held.get_mut(at)?;
            held.down = false;
            let lifted = *held;
            // Its claim is settled with the finger; only the length is still open.
            held.token = None;
            return Some((lifted, false));
        }
        self.held.pop_at(at).map(|held| (held, true))
    }

    /// Moves a channel's pedal.
    pub fn set_pedal(&mut self, channel: u8, down: bool) {
        let bit = bit(channel);
        self.pedals = if down { self.pedals | bit } else { self.pedals & !bit };
    }

    /// The channels whose notes a pedal holds, their own or that of a master channel; one bit each.
    pub fn pedalled(&self) -> u16 {
        let is_everybodys = |master: &u8| self.pedals & !self.struck & bit(*master) != 0;
        if MASTERS.iter().any(is_everybodys) { u16::MAX } else { self.pedals }
    }

    /// The next note that only the pedal held and that it holds no more.
    pub fn let_go(&mut self) -> Option<HeldNote> {
        let at = self.held.iter().position(|held| !held.down && !self.pedal(held.key.channel))?;
        self.held.pop_at(at)
    }

    /// The next note of this key that only the pedal holds: struck again, it is over.
    pub fn damp(&mut self, key: Key) -> Option<HeldNote> {
        let same = |held: &HeldNote| !held.down && held.key.channel == key.channel && held.key.pitch == key.pitch;
        let at = self.held.iter().position(same)?;
        self.held.pop_at(at)
    }

    /// Takes everything away, finger by finger.
    pub fn drop_one(&mut self) -> Option<HeldNote> {
        (self.pedals, self.struck) = (0, 0);
        self.held.pop()
    }

    /// Whether a finger is on this key.
    pub fn is_down(&self, key: Key) -> bool {
        self.held.iter().any(|held| held.down && held.key.channel == key.channel && held.key.pitch == key.pitch)
    }

    /// Whether a finger is on any of these keys.
    pub fn any_match(&self, keys: KeyPattern) -> bool {
        self.held.iter().any(|held| held.down && keys.matches(held.key))
    }

    /// Whether any of these keys was passed on, and still sounds where it went.
    pub fn any_passed(&self, keys: KeyPattern) -> bool {
        self.held.iter().any(|held| held.token.is_some() && keys.matches(held.key))
    }

    /// Whether any finger is on a key.
    pub fn any_down(&self) -> bool {
        self.held.iter().any(|held| held.down)
    }

    /// Whether any finger is on a key of the melody that is no drone.
    pub fn any_playing(&self) -> bool {
        self.held.iter().any(|held| held.down && !held.drone && held.part == Part::Melody)
    }

    /// A key has been lifted that was struck at `onset`: keys below a pitch that were down before it, or as good as
    /// together with it, are drones.
    pub fn hold_drones(&mut self, onset: Ticks, together: Ticks, below: u8) {
        for held in &mut self.held {
            held.drone |= held.key.pitch.key() < below && held.onset <= onset + together;
        }
    }

    /// Whether a finger is on this key and the host has been told so.
    pub fn are_passed_on(&self, channel: u8, pitch: Pitch) -> bool {
        let same = |held: &HeldNote| held.key.channel == channel && held.key.pitch == pitch;
        self.held.iter().any(|held| held.down && held.token.is_some() && same(held))
    }

    /// Whether a finger holds a key of this part above a pitch.
    pub fn any_above(&self, pitch: Pitch, part: Part) -> bool {
        self.fingers(part).any(|held| held.key.pitch > pitch)
    }

    /// The keys of a part that fingers hold.
    pub fn fingers(&self, part: Part) -> impl Iterator<Item = &HeldNote> + Clone {
        self.held.iter().filter(move |held| held.down && held.part == part)
    }

    /// How many are held one way or the other.
    pub fn count(&self) -> usize {
        self.held.len()
    }

    fn pedal(&self, channel: u8) -> bool {
        self.pedalled() & bit(channel) != 0
    }
}

fn bit(channel: u8) -> u16 {
    1 << (channel & 15)
}
