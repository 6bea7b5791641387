//! From messages to notes, in the file's own time.

use super::events::{ChannelEvent, TrackEvents, VoiceMessage, controller};
use super::time::TimeScale;
use super::{PERCUSSION_CHANNEL, TrackChannel};
use segue_model::note::{Note, Pitch, Ticks, Velocity};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// A channel message with its track.
#[derive(Clone, Copy)]
pub(super) struct PartEvent {
    at: u64,
    pub part: TrackChannel,
    message: VoiceMessage,
}

/// The channel messages of these parts, in order of time and then of track, without a copy of them all.
pub(super) fn merged<'a>(
    tracks: &'a [TrackEvents<'_>],
    belongs: impl Fn(TrackChannel) -> bool + 'a,
) -> impl Iterator<Item = PartEvent> + 'a {
    let next = |track: usize, place: usize| {
        tracks[track].messages.get(place).map(|event: &ChannelEvent| Reverse((event.at, track, place)))
    };
    let mut ahead: BinaryHeap<Reverse<(u64, usize, usize)>> =
        (0..tracks.len()).filter_map(|track| next(track, 0)).collect();
    let all = std::iter::from_fn(move || {
        let mut first = ahead.peek_mut()?;
        let Reverse((at, track, place)) = *first;
        match next(track, place + 1) {
            // Put in its place when the borrow ends.
            Some(following) => *first = following,
            None => drop(std::collections::binary_heap::PeekMut::pop(first)),
        }
        let ChannelEvent { channel, message, .. } = tracks[track].messages[place];
        Some(PartEvent { at, part: TrackChannel { track, channel }, message })
    });
    all.filter(move |event| event.part.channel != PERCUSSION_CHANNEL && belongs(event.part))
}

/// The time at which the piece ends.
pub(super) fn end(tracks: &[TrackEvents<'_>]) -> u64 {
    tracks.iter().map(|track| track.end).max().unwrap_or(0)
}

/// The pedal is down from this value on.
const PEDAL_DOWN: u8 = 64;

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
pub(super) fn notes(events: impl Iterator<Item = PartEvent>, end: u64, pedal: bool) -> Vec<RawNote> {
    let mut pairing = Pairing { pedal, ..Pairing::default() };
    events.for_each(|event| pairing.take(event));
    for channel in &mut pairing.channels {
        channel.end_all(end, &mut pairing.done);
    }
    pairing.done
}

/// A key of a track.
type TrackKey = (usize, u8);

/// Pairs each note-on with what ends it.
#[derive(Default)]
struct Pairing {
    /// Whether the sustain pedal holds notes.
    pedal: bool,
    done: Vec<RawNote>,
    channels: [ChannelNotes; 16],
}

/// What sounds on a channel. Its pedal may be in another track than its notes.
#[derive(Default)]
struct ChannelNotes {
    /// A key of a track sounds at most once.
    sounding: HashMap<TrackKey, SoundingKey>,
    pedal_is_down: bool,
    /// Keys that were released while the pedal was down; some may have been struck again.
    held_by_pedal: Vec<TrackKey>,
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
        let (TrackChannel { track, channel }, at) = (event.part, event.at);
        let Some(channel) = self.channels.get_mut(usize::from(channel)) else { return };
        match event.message {
            VoiceMessage::NoteOn { key, velocity } => channel.note_on((track, key), velocity, at, &mut self.done),
            VoiceMessage::NoteOff { key } => channel.note_off((track, key), at, self.pedal, &mut self.done),
            VoiceMessage::Controller { number: controller::SUSTAIN, value } if self.pedal => {
                channel.pedal(value >= PEDAL_DOWN, at, &mut self.done);
            }
            VoiceMessage::Controller { number: controller::ALL_SOUND_OFF | controller::ALL_NOTES_OFF, .. } => {
                channel.end_all(at, &mut self.done);
            }
            _ => {}
        }
    }
}

impl ChannelNotes {
    fn note_on(&mut self, key: TrackKey, velocity: u8, at: u64, done: &mut Vec<RawNote>) {
        let before = self.end(key, at, done);
        let pending_note_off = before.is_some_and(|before| !before.released);
        self.sounding.insert(key, SoundingKey { onset: at, velocity, released: false, pending_note_off });
    }

    fn note_off(&mut self, key: TrackKey, at: u64, pedal: bool, done: &mut Vec<RawNote>) {
        match self.sounding.get_mut(&key) {
            Some(sounding) if sounding.pending_note_off && sounding.onset == at => sounding.pending_note_off = false,
            Some(sounding) if pedal && self.pedal_is_down => {
                if !std::mem::replace(&mut sounding.released, true) {
                    self.held_by_pedal.push(key);
                }
            }
            _ => {
                self.end(key, at, done);
            }
        }
    }

    fn pedal(&mut self, is_down: bool, at: u64, done: &mut Vec<RawNote>) {
        self.pedal_is_down = is_down;
        if is_down {
            return;
        }
        for key in std::mem::take(&mut self.held_by_pedal) {
            if self.sounding.get(&key).is_some_and(|sounding| sounding.released) {
                self.end(key, at, done);
            }
        }
    }

    fn end_all(&mut self, at: u64, done: &mut Vec<RawNote>) {
        self.held_by_pedal.clear();
        done.extend(std::mem::take(&mut self.sounding).into_iter().map(|((_, key), sounding)| sounding.note(key, at)));
    }

    fn end(&mut self, key: TrackKey, at: u64, done: &mut Vec<RawNote>) -> Option<SoundingKey> {
        let sounding = self.sounding.remove(&key)?;
        done.push(sounding.note(key.1, at));
        Some(sounding)
    }
}

impl SoundingKey {
    fn note(self, key: u8, end: u64) -> RawNote {
        RawNote { onset: self.onset, end, key, velocity: self.velocity }
    }
}
