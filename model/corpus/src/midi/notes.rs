//! From messages to notes, in the file's own time.

use super::events::{EventKind, FileEvent, VoiceMessage};
use super::time::TimeScale;
use super::{PERCUSSION_CHANNEL, TrackChannel};
use segue_model::note::{Note, Pitch, Ticks, Velocity};
use std::collections::HashMap;

/// A channel message with its track.
#[derive(Clone, Copy)]
pub(super) struct PartEvent {
    at: u64,
    pub part: TrackChannel,
    message: VoiceMessage,
}

/// All channel messages except those for drums, in order of time and then of track, and the time at which the piece
/// ends.
pub(super) fn merged(tracks: &[Vec<FileEvent<'_>>]) -> (Vec<PartEvent>, u64) {
    let mut merged = Vec::new();
    let mut end = 0;
    for (track, events) in tracks.iter().enumerate() {
        for event in events {
            end = end.max(event.at);
            match event.kind {
                EventKind::Channel { channel, message } if channel != PERCUSSION_CHANNEL => {
                    merged.push(PartEvent { at: event.at, part: TrackChannel { track, channel }, message });
                }
                _ => {}
            }
        }
    }
    // The sort is stable: messages at one time keep the order of their tracks.
    merged.sort_by_key(|event| event.at);
    (merged, end)
}

const SUSTAIN: u8 = 64;
/// The pedal is down from this value on.
const PEDAL_DOWN: u8 = 64;
const ALL_SOUND_OFF: u8 = 120;
const ALL_NOTES_OFF: u8 = 123;

/// A note in the file's own time.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawNote {
    pub onset: u64,
    pub end: u64,
    pub key: u8,
    velocity: u8,
}

impl RawNote {
    pub fn note(&self, scale: &TimeScale) -> Note {
        let (onset, end) = (scale.ticks(self.onset), scale.ticks(self.end));
        Note {
            onset,
            // MIDI has seven bits for both, which the reader of events has checked.
            pitch: Pitch::new(self.key).unwrap_or(Pitch::MAX),
            // A note has at least one tick, because its length must not be zero.
            duration: Ticks((end - onset).0.max(1)),
            velocity: Velocity::new(self.velocity).unwrap_or(Velocity::DEFAULT),
        }
    }
}

/// The notes of these messages. Notes that still sound at `end` end there.
pub(super) fn notes<'a>(events: impl Iterator<Item = &'a PartEvent>, end: u64, pedal: bool) -> Vec<RawNote> {
    let mut pairing = Pairing { pedal, ..Pairing::default() };
    events.for_each(|event| pairing.take(*event));
    let hanging: Vec<_> = pairing.sounding.keys().copied().collect();
    for place in hanging {
        pairing.end(place, end);
    }
    pairing.done
}

/// A key of a part.
type PartKey = (TrackChannel, u8);

/// Pairs each note-on with what ends it.
#[derive(Default)]
struct Pairing {
    /// Whether the sustain pedal holds notes.
    pedal: bool,
    done: Vec<RawNote>,
    /// A key of a part sounds at most once.
    sounding: HashMap<PartKey, SoundingKey>,
    /// By channel: the pedal may be in another track than the notes.
    pedal_down: [bool; 16],
}

#[derive(Clone, Copy)]
struct SoundingKey {
    onset: u64,
    velocity: u8,
    /// Whether only the pedal holds it.
    released: bool,
    /// Whether a note-off at `onset` belongs to the previous note, which this one cut off.
    pending_note_off: bool,
}

impl Pairing {
    fn take(&mut self, event: PartEvent) {
        let (part, at) = (event.part, event.at);
        match event.message {
            VoiceMessage::NoteOn { key, velocity } => self.note_on((part, key), velocity, at),
            VoiceMessage::NoteOff { key } => self.note_off((part, key), at),
            VoiceMessage::Controller { number: SUSTAIN, value } if self.pedal => {
                self.pedal(part.channel, value >= PEDAL_DOWN, at);
            }
            VoiceMessage::Controller { number: ALL_SOUND_OFF | ALL_NOTES_OFF, .. } => {
                self.end_where(at, |channel, _| channel == part.channel);
            }
            _ => {}
        }
    }

    fn note_on(&mut self, place: PartKey, velocity: u8, at: u64) {
        let before = self.end(place, at);
        let pending_note_off = before.is_some_and(|before| !before.released);
        self.sounding.insert(place, SoundingKey { onset: at, velocity, released: false, pending_note_off });
    }

    fn note_off(&mut self, place: PartKey, at: u64) {
        let down = self.pedal && self.pedal_down.get(usize::from(place.0.channel)).copied().unwrap_or(false);
        match self.sounding.get_mut(&place) {
            Some(sounding) if sounding.pending_note_off && sounding.onset == at => sounding.pending_note_off = false,
            Some(sounding) if down => sounding.released = true,
            _ => {
                self.end(place, at);
            }
        }
    }

    fn pedal(&mut self, channel: u8, down: bool, at: u64) {
        if let Some(pedal_down) = self.pedal_down.get_mut(usize::from(channel)) {
            *pedal_down = down;
        }
        if !down {
            self.end_where(at, |of, sounding| of == channel && sounding.released);
        }
    }

    fn end_where(&mut self, at: u64, ends: impl Fn(u8, &SoundingKey) -> bool) {
        let found = self.sounding.iter().filter(|((part, _), sounding)| ends(part.channel, sounding));
        let found: Vec<_> = found.map(|(place, _)| *place).collect();
        for place in found {
            self.end(place, at);
        }
    }

    fn end(&mut self, place: PartKey, at: u64) -> Option<SoundingKey> {
        let sounding = self.sounding.remove(&place)?;
        self.done.push(RawNote { onset: sounding.onset, end: at, key: place.1, velocity: sounding.velocity });
        Some(sounding)
    }
}
