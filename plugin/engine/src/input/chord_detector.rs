//! The chord that the player's fingers make, and which fingers play chords at all.
//!
//! Fingers that come within 30 ms are one chord. It holds until the next one, also when the keys are up. A hand that
//! plays chords on keys of its own neither takes nor keeps the turn: it may accompany Segue's solo. Where melody and
//! chords come from the same keys, the highest one is the melody when it comes alone.

use crate::host::{Harmony, Key, Settings};
use crate::input::held_notes::{HELD, HeldNote, HeldNotes, Part};
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;
use segue_model::chord::Chord;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::note::{Bars, Pitch, Ticks};

/// So many different tones make a chord where a hand plays nothing else: a root with its seventh, third or fifth.
const TONES_APART: u32 = 2;
/// And so many where they may as well be two lines that meet.
const TONES_TOGETHER: u32 = 3;
const OCTAVE: u8 = 12;

/// What a key is played for.
pub fn part_of(settings: &Settings, key: Key) -> Part {
    let chords = match settings.harmony {
        Harmony::Low(split) => key.pitch < split,
        Harmony::Channel(channel) => key.channel == channel,
        Harmony::Chart | Harmony::Played | Harmony::Off => false,
    };
    if chords { Part::Chords } else { Part::Melody }
}

/// Where the mind has its chords from.
pub fn source(settings: &Settings) -> HarmonySource {
    match settings.harmony {
        Harmony::Chart => HarmonySource::Chart,
        Harmony::Played | Harmony::Low(_) | Harmony::Channel(_) => HarmonySource::Hands,
        Harmony::Off => HarmonySource::Nowhere,
    }
}

/// The part that chords are heard from; `None` where they do not come from the player.
fn part_heard(settings: &Settings) -> Option<Part> {
    match settings.harmony {
        Harmony::Low(_) | Harmony::Channel(_) => Some(Part::Chords),
        Harmony::Played => Some(Part::Melody),
        Harmony::Chart | Harmony::Off => None,
    }
}

/// Listens for chords.
#[derive(Debug, Default)]
pub struct ChordDetector {
    /// The first finger of what may become a chord: its position and tick.
    first: Option<(FramePosition, Ticks)>,
}

impl ChordDetector {
    /// A finger goes down.
    pub fn finger_down(&mut self, held: &HeldNote, settings: &Settings) {
        if part_heard(settings) == Some(held.part) {
            self.first.get_or_insert((held.struck, held.onset));
        }
    }

    /// When the fingers have come to rest; `None` when none is on its way.
    pub fn rest(&self, within_frames: i64) -> Option<FramePosition> {
        self.first.map(|(struck, _)| struck.plus(within_frames))
    }

    /// Nothing is on its way any more.
    pub fn forget(&mut self) {
        self.first = None;
    }

    /// What the fingers hold, now that they rest, if a new chord has come of it; and the position of its first finger.
    pub fn hear(&mut self, keys: &HeldNotes, settings: &Settings, bars: Bars) -> Option<(FramePosition, HeardChord)> {
        let (since, from) = self.first.take()?;
        let chord = match part_heard(settings)? {
            Part::Chords => chord_of(keys.fingers(Part::Chords).map(|held| held.key.pitch), TONES_APART),
            Part::Melody => chord_under_melody(keys, since),
        }?;
        Some((since, HeardChord { from, bars: Some(bars), chord }))
    }
}

/// Of the fingers that came since a position and those that were there before.
fn chord_under_melody(keys: &HeldNotes, since: FramePosition) -> Option<Chord> {
    let fingers = keys.fingers(Part::Melody);
    let top = fingers.clone().max_by_key(|held| held.key.pitch)?;
    let moved = fingers.clone().filter(|held| held.struck >= since);
    let top_moved = top.struck >= since;
    if top_moved && moved.count() == 1 {
        // The melody went on above what is held.
        return None;
    }
    // A top voice of its own has its own tones; one that was struck with the others belongs to them.
    let pitches = fingers.map(|held| held.key.pitch).filter(|pitch| top_moved || *pitch < top.key.pitch);
    chord_of(pitches, TONES_TOGETHER)
}

fn chord_of(pitches: impl Iterator<Item = Pitch>, least_tones: u32) -> Option<Chord> {
    let pitches: ArrayVec<Pitch, HELD> = pitches.take(HELD).collect();
    let tones = pitches.iter().fold(0_u16, |tones, pitch| tones | 1 << (pitch.key() % OCTAVE));
    if tones.count_ones() >= least_tones { Chord::heard(&pitches) } else { None }
}
