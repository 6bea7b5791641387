//! The chord detector: which keys form a chord, and which keys play chords at all.
//!
//! Keys that go down within 30 ms form one chord, which holds until the next one. With a window for chords, three tones
//! are a chord as soon as they are down, and a later key of the same 30 ms changes it. Where chords have keys of their
//! own, those keys neither take nor keep the turn, so the player can accompany Segue's solo. Where melody and chords
//! come from the same keys, a highest key that moves alone is melody. Knows nothing of the turn.

use crate::host::{Harmony, Key, Settings};
use crate::input::held_notes::{HELD, HeldNote, HeldNotes, KeyRole};
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;
use segue_model::chord::Chord;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::note::{Bars, Pitch, Ticks};

/// Different pitch classes that make a chord on keys that play only chords: a root with its third, fifth or seventh.
const TONES_APART: u32 = 2;
/// The same on keys that also play melody, where two may be two lines that meet.
const TONES_TOGETHER: u32 = 3;
const OCTAVE: u8 = 12;

/// The channel of the drums, 0 to 15.
const DRUMS: u8 = 9;

/// The role of a key under these settings. The drums' channel has drums unless it was chosen for something else, or
/// every key has a channel of its own.
pub fn role_of(settings: &Settings, is_mpe: bool, key: Key) -> KeyRole {
    let is_chosen = settings.midi.in_channel.is_some() || settings.harmony == Harmony::Channel(DRUMS);
    if key.channel == DRUMS && !is_chosen && !is_mpe {
        return KeyRole::Drums;
    }
    let chords = match settings.harmony {
        Harmony::Low(split) => key.pitch < split,
        Harmony::Channel(channel) => key.channel == channel,
        Harmony::Chart | Harmony::Played | Harmony::Off => false,
    };
    if chords { KeyRole::Chords } else { KeyRole::Melody }
}

/// Where the model takes the chords from.
pub fn source(settings: &Settings) -> HarmonySource {
    match settings.harmony {
        Harmony::Chart => HarmonySource::Chart,
        Harmony::Played | Harmony::Low(_) | Harmony::Channel(_) => HarmonySource::Hands,
        Harmony::Off => HarmonySource::Nowhere,
    }
}

/// The role of the keys that form chords; `None` where the chords do not come from the player.
fn chord_role(settings: &Settings) -> Option<KeyRole> {
    match settings.harmony {
        Harmony::Low(_) | Harmony::Channel(_) => Some(KeyRole::Chords),
        Harmony::Played => Some(KeyRole::Melody),
        Harmony::Chart | Harmony::Off => None,
    }
}

/// Collects the keys of the next chord.
#[derive(Debug, Default)]
pub struct ChordDetector {
    /// Position and onset of the first key of a possible chord; `None` while none is collected.
    first: Option<(FramePosition, Ticks)>,
    /// The position of the latest key that was not looked at, where a chord counts as soon as it is down.
    landed: Option<FramePosition>,
    /// The chord that these keys were taken for so far.
    told: Option<Chord>,
}

impl ChordDetector {
    /// A key goes down. True when it is the first one of a possible chord.
    pub fn key_down(&mut self, held: &HeldNote, settings: &Settings) -> bool {
        let is_of_chord = chord_role(settings) == Some(held.role);
        let begins = is_of_chord && self.first.is_none();
        if begins {
            self.told = None;
        }
        if is_of_chord {
            self.first.get_or_insert((held.down_at, held.onset));
            self.landed = (settings.timing.chord_window_ms > 0.0).then_some(held.down_at);
        }
        begins
    }

    /// When the keys are to be looked at: now, where a chord counts as soon as it is down, or so many frames after the
    /// first key; `None` while none is collected.
    pub fn complete_at(&self, within_frames: i64) -> Option<FramePosition> {
        self.landed.or_else(|| self.ends_at(within_frames))
    }

    /// When no further key belongs to the chord.
    pub fn ends_at(&self, within_frames: i64) -> Option<FramePosition> {
        self.first.map(|(since, _)| since.plus(within_frames))
    }

    /// Whether keys of a chord are down that is not known yet.
    pub fn awaits_keys(&self) -> bool {
        self.first.is_some() && self.told.is_none()
    }

    /// Discards the keys collected so far.
    pub fn forget(&mut self) {
        (self.first, self.landed) = (None, None);
    }

    /// The chord of the held keys, if it is a new one, and the position of its first key. `is_over`: no further key
    /// belongs to it.
    pub fn detect(
        &mut self,
        keys: &HeldNotes,
        settings: &Settings,
        bars: Bars,
        is_over: bool,
    ) -> Option<(FramePosition, HeardChord)> {
        self.landed = None;
        let (since, from) = if is_over { self.first.take()? } else { self.first? };
        let least = if is_over { TONES_APART } else { TONES_TOGETHER };
        let chord = match chord_role(settings)? {
            KeyRole::Chords => chord_of(keys.down(KeyRole::Chords).map(|held| held.key.pitch), least),
            KeyRole::Melody => chord_under_melody(keys, since),
            KeyRole::Drums => None,
        }?;
        if self.told.replace(chord) == Some(chord) {
            return None;
        }
        Some((since, HeardChord { from, bars: Some(bars), chord }))
    }
}

/// The chord under a melody: from the keys that went down since a position and those held before.
fn chord_under_melody(keys: &HeldNotes, since: FramePosition) -> Option<Chord> {
    let held = keys.down(KeyRole::Melody);
    let top = held.clone().max_by_key(|held| held.key.pitch)?;
    let moved = held.clone().filter(|held| held.down_at >= since);
    let top_moved = top.down_at >= since;
    if top_moved && moved.count() == 1 {
        // Only the melody above the held chord moved.
        return None;
    }
    // A highest key from before is melody; one that went down with the others belongs to the chord.
    let pitches = held.map(|held| held.key.pitch).filter(|pitch| top_moved || *pitch < top.key.pitch);
    chord_of(pitches, TONES_TOGETHER)
}

fn chord_of(pitches: impl Iterator<Item = Pitch>, least_tones: u32) -> Option<Chord> {
    let pitches: ArrayVec<Pitch, HELD> = pitches.take(HELD).collect();
    let tones = pitches.iter().fold(0_u16, |tones, pitch| tones | 1 << (pitch.key() % OCTAVE));
    if tones.count_ones() >= least_tones { Chord::heard(&pitches) } else { None }
}
