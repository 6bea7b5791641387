//! The notes that the player holds, by key or by pedal.
//!
//! Melody keys that are down decide whose turn it is. The pedal only lengthens notes, and chord keys accompany. A low
//! key that stays down while later keys go up is a drone and keeps no turn.
//!
//! MPE keyboards give each key a channel of its own and send the pedal on a master channel, the first or the last of
//! the sixteen, on which no key is played. That pedal holds the notes of all channels. Knows nothing of the turn.

use crate::host::{Key, KeyPattern};
use crate::output::active_notes::NoteToken;
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;
use segue_model::note::{Pitch, Ticks};

/// The most notes that are followed: more than two hands and a pedal hold.
pub const HELD: usize = 128;

/// What a key is played for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// Melody, or melody and chords together.
    Melody,
    /// Chords alone.
    Chords,
    /// Drums: neither heard nor part of any turn.
    Drums,
}

/// A note that the player holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldNote {
    /// Which key.
    pub key: Key,
    /// Its onset as the model hears it.
    pub onset: Ticks,
    /// The id by which the worker knows it; `None` when it was not sent to the worker.
    pub id: Option<u32>,
    /// For its note-off, if the note was passed through.
    pub token: Option<NoteToken>,
    /// What it is played for.
    pub role: KeyRole,
    /// The position at which it went down.
    pub down_at: FramePosition,
    /// Whether its key is down; otherwise only the pedal holds it.
    pub down: bool,
    /// Whether it is a drone.
    pub drone: bool,
}

/// All held notes.
#[derive(Debug, Default)]
pub struct HeldNotes {
    held: ArrayVec<HeldNote, HELD>,
    /// Channels whose pedal is down, one bit each.
    pedals: u16,
    /// Channels on which a key was played, one bit each.
    played: u16,
    /// Whether the first channel is an MPE master channel also when keys are played on it.
    is_mpe: bool,
}

/// MIDI channels.
pub const CHANNELS: u8 = 16;
/// The master channels of MPE: of the lower and of the upper zone.
const MASTERS: [u8; 2] = [0, CHANNELS - 1];

impl HeldNotes {
    /// Adds a note whose key goes down. False when there is no room.
    #[must_use]
    pub fn add(&mut self, held: HeldNote) -> bool {
        self.played |= bit(held.key.channel);
        self.held.try_push(held).is_ok()
    }

    /// Takes the next matching key up. True when the note is over with it; false when the pedal holds it.
    pub fn key_up(&mut self, keys: KeyPattern) -> Option<(HeldNote, bool)> {
        let at = self.held.iter().position(|held| held.down && keys.matches(held.key))?;
        if self.pedal(self.held.get(at)?.key.channel) {
            let held = self.held.get_mut(at)?;
            held.down = false;
            let released = *held;
            // Its note-off goes out with the key-up; only its duration is still open.
            held.token = None;
            return Some((released, false));
        }
        self.held.pop_at(at).map(|held| (held, true))
    }

    /// Sets whether the first channel is an MPE master channel in any case.
    pub fn set_mpe(&mut self, is_mpe: bool) {
        self.is_mpe = is_mpe;
    }

    /// Sets the pedal of a channel.
    pub fn set_pedal(&mut self, channel: u8, down: bool) {
        let bit = bit(channel);
        self.pedals = if down { self.pedals | bit } else { self.pedals & !bit };
    }

    /// The channels whose notes a pedal holds, one bit each: their own pedal or that of a master channel.
    pub fn pedalled(&self) -> u16 {
        let is_of_master = |master: &u8| self.pedals & !self.played & bit(*master) != 0;
        let is_of_zone = self.is_mpe && self.pedals & bit(MASTERS[0]) != 0;
        if is_of_zone || MASTERS.iter().any(is_of_master) { u16::MAX } else { self.pedals }
    }

    /// Removes the next note whose key is up and that no pedal holds any more.
    pub fn next_unpedalled(&mut self) -> Option<HeldNote> {
        let at = self.held.iter().position(|held| !held.down && !self.pedal(held.key.channel))?;
        self.held.pop_at(at)
    }

    /// Removes the next note of this key that only the pedal holds, because the same key goes down again.
    pub fn end_pedalled(&mut self, key: Key) -> Option<HeldNote> {
        let same = |held: &HeldNote| !held.down && held.key.channel == key.channel && held.key.pitch == key.pitch;
        let at = self.held.iter().position(same)?;
        self.held.pop_at(at)
    }

    /// Removes one note after the other, and all pedals.
    pub fn drop_one(&mut self) -> Option<HeldNote> {
        (self.pedals, self.played) = (0, 0);
        self.held.pop()
    }

    /// Whether this key is down.
    pub fn is_down(&self, key: Key) -> bool {
        self.held.iter().any(|held| held.down && held.key.channel == key.channel && held.key.pitch == key.pitch)
    }

    /// Whether any of these keys is down.
    pub fn any_match(&self, keys: KeyPattern) -> bool {
        self.held.iter().any(|held| held.down && keys.matches(held.key))
    }

    /// Whether a note of these keys was passed through and still sounds there.
    pub fn any_passed(&self, keys: KeyPattern) -> bool {
        self.held.iter().any(|held| held.token.is_some() && keys.matches(held.key))
    }

    /// Whether any of these keys is down, except for drums.
    pub fn any_heard_match(&self, keys: KeyPattern) -> bool {
        self.held.iter().any(|held| held.down && held.role != KeyRole::Drums && keys.matches(held.key))
    }

    /// Whether any key is down, except for drums.
    pub fn any_down(&self) -> bool {
        self.held.iter().any(|held| held.down && held.role != KeyRole::Drums)
    }

    /// Whether any melody key is down that is no drone.
    pub fn any_playing(&self) -> bool {
        self.held.iter().any(|held| held.down && !held.drone && held.role == KeyRole::Melody)
    }

    /// Marks drones, because a key with this onset went up: the held keys below a pitch that went down before it or
    /// within `together` of it.
    pub fn mark_drones(&mut self, onset: Ticks, together: Ticks, below: u8) {
        for held in &mut self.held {
            held.drone |= held.key.pitch.key() < below && held.onset <= onset + together;
        }
    }

    /// Whether this key is down and its note was passed through.
    pub fn is_passed_on(&self, channel: u8, pitch: Pitch) -> bool {
        let same = |held: &HeldNote| held.key.channel == channel && held.key.pitch == pitch;
        self.held.iter().any(|held| held.down && held.token.is_some() && same(held))
    }

    /// Whether a key of this role is down above a pitch.
    pub fn any_above(&self, pitch: Pitch, role: KeyRole) -> bool {
        self.down(role).any(|held| held.key.pitch > pitch)
    }

    /// The notes of a role whose keys are down.
    pub fn down(&self, role: KeyRole) -> impl Iterator<Item = &HeldNote> + Clone {
        self.held.iter().filter(move |held| held.down && held.role == role)
    }

    /// The number of held notes.
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
