//! What the plugin sent in a session, and which faults it has.
//!
//! Nothing here repairs anything: a note-off without its note-on is a fault.

use crate::timeline::{Frame, Timeline, frames};
use clack_host::prelude::ProcessStatus;
use segue_model::note::{Pitch, Ticks, Velocity};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What the plugin sent at a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sent {
    /// A note begins.
    On {
        /// MIDI channel.
        channel: u16,
        /// MIDI key.
        key: u16,
        /// 0 to 1.
        velocity: f64,
    },
    /// A note ends.
    Off {
        /// MIDI channel.
        channel: u16,
        /// MIDI key.
        key: u16,
    },
    /// Another MIDI message.
    Midi([u8; 3]),
}

/// One event of the plugin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedEvent {
    /// The frame, counted from the first of the session.
    pub at: Frame,
    /// The event itself.
    pub sent: Sent,
}

/// A note that has begun and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sounded {
    /// The frame of its note-on.
    pub on: Frame,
    /// The frame of its note-off.
    pub off: Frame,
    /// Which key.
    pub pitch: Pitch,
    /// How hard.
    pub velocity: Velocity,
    /// The MIDI channel.
    pub channel: u16,
}

/// One call of `process`.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The frame at which its block begins.
    pub at: Frame,
    /// The number of its frames.
    pub frames: u32,
    /// How long the plugin took.
    pub took: Duration,
    /// Whether it asks to be called again.
    pub status: ProcessStatus,
}

/// Everything that came back in one session.
#[derive(Debug, Clone, Default)]
pub struct Performance {
    /// In the order in which the plugin sent them.
    pub events: Vec<TimedEvent>,
    /// Stereo.
    pub audio: [Vec<f32>; 2],
    /// Every call of `process` that was made.
    pub calls: Vec<Call>,
}

/// A broken rule, with its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An event was sent after a later one.
    OutOfOrder {
        /// Its frame.
        at: Frame,
    },
    /// A note-off for a key that was not down.
    OffWithoutOn {
        /// Its frame.
        at: Frame,
        /// The key.
        key: u16,
    },
    /// A note-on for a key that was down.
    OnTwice {
        /// Its frame.
        at: Frame,
        /// The key.
        key: u16,
    },
    /// A note-on whose note-off never came.
    NeverEnds {
        /// The frame of the note-on.
        at: Frame,
        /// The key.
        key: u16,
    },
    /// A note without length.
    NoLength {
        /// Its frame.
        at: Frame,
        /// The key.
        key: u16,
    },
    /// A key or a velocity outside MIDI's range.
    NoMidi {
        /// Its frame.
        at: Frame,
        /// The key.
        key: u16,
    },
    /// A note-on that is not on the rounded frame of a tick: it was late, or its clock is wrong.
    OffTheGrid {
        /// Its frame.
        at: Frame,
        /// How many frames it is from the nearest tick.
        frames_away: i64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfOrder { at } => {
                write!(out, "the event at frame {at} was sent after a later one")
            }
            Self::OffWithoutOn { at, key } => write!(out, "the note-off of key {key} at frame {at} has no note-on"),
            Self::OnTwice { at, key } => {
                write!(out, "key {key} was struck at frame {at} while it was down")
            }
            Self::NeverEnds { at, key } => {
                write!(out, "the note of key {key} at frame {at} never ends")
            }
            Self::NoLength { at, key } => {
                write!(out, "the note of key {key} at frame {at} has no length")
            }
            Self::NoMidi { at, key } => {
                write!(out, "the note at frame {at} (key {key}) is not a MIDI note")
            }
            Self::OffTheGrid { at, frames_away } => {
                write!(out, "the note-on at frame {at} is {frames_away} frames away from the nearest tick")
            }
        }
    }
}

impl Performance {
    /// The notes, in order of their beginning, and every fault in the way they were sent.
    pub fn notes(&self) -> (Vec<Sounded>, Vec<Fault>) {
        let mut down: BTreeMap<(u16, u16), (Frame, f64)> = BTreeMap::new();
        let mut notes = Vec::new();
        let mut faults = Vec::new();
        let mut now = 0;
        for &TimedEvent { at, sent } in &self.events {
            if at < now {
                faults.push(Fault::OutOfOrder { at });
            }
            now = now.max(at);
            match sent {
                Sent::On { channel, key, velocity } => {
                    if down.insert((channel, key), (at, velocity)).is_some() {
                        faults.push(Fault::OnTwice { at, key });
                    }
                }
                Sent::Off { channel, key } => match down.remove(&(channel, key)) {
                    None => faults.push(Fault::OffWithoutOn { at, key }),
                    Some((on, _)) if on >= at => faults.push(Fault::NoLength { at, key }),
                    Some((on, velocity)) => match midi(key, velocity) {
                        Some((pitch, velocity)) => notes.push(Sounded { on, off: at, pitch, velocity, channel }),
                        None => faults.push(Fault::NoMidi { at: on, key }),
                    },
                },
                Sent::Midi(_) => {}
            }
        }
        faults.extend(down.iter().map(|((_, key), (at, _))| Fault::NeverEnds { at: *at, key: *key }));
        notes.sort_by_key(|note| (note.on, note.pitch, note.off));
        (notes, faults)
    }

    /// The notes of a performance without faults.
    ///
    /// # Errors
    /// All faults, one a line.
    pub fn sound_notes(&self) -> Result<Vec<Sounded>, String> {
        let (notes, faults) = self.notes();
        if faults.is_empty() { Ok(notes) } else { Err(lines(&faults)) }
    }

    /// How long the calls took, sorted.
    pub fn times(&self) -> Times {
        Times::of(self.calls.iter().map(|call| call.took).collect())
    }
}

fn midi(key: u16, velocity: f64) -> Option<(Pitch, Velocity)> {
    let pitch = Pitch::new(u8::try_from(key).ok()?)?;
    if !(velocity > 0.0 && velocity <= 1.0) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 127")]
    Some((pitch, Velocity::nearest((velocity * 127.0) as f32)))
}

/// Every note-on that is not on the rounded frame of a tick.
pub fn off_the_grid(notes: &[Sounded], timeline: &Timeline) -> Vec<Fault> {
    /// Rounding may cost half a frame; the rest allows for ticks that lie between two frames.
    const ROUNDING: f64 = 0.5 + 1e-4;
    let misplaced = |note: &Sounded| {
        let tick = timeline.ticks(note.on).round();
        let samples_per_tick = timeline.sample_rate() * 60.0 / timeline.tempo_bpm(note.on) / 48.0;
        let away = (timeline.ticks(note.on) - tick) * samples_per_tick;
        #[expect(clippy::cast_possible_truncation, reason = "less than a tick")]
        (away.abs() > ROUNDING).then(|| Fault::OffTheGrid { at: note.on, frames_away: away.round() as i64 })
    };
    notes.iter().filter_map(misplaced).collect()
}

/// The first difference between two performances of one score; `None` when they are equal.
pub fn difference(one: &[Sounded], other: &[Sounded]) -> Option<String> {
    let at = one.iter().zip(other).position(|(one, other)| one != other);
    match at {
        Some(index) => Some(format!("note {index} is {:?} in one and {:?} in the other", one[index], other[index])),
        None if one.len() != other.len() => Some(format!("one has {} notes, the other {}", one.len(), other.len())),
        None => None,
    }
}

/// The pitches and their distances, without the beginning: equal for the same answer to prompts of different length.
pub fn melody(notes: &[Sounded], timeline: &Timeline) -> Vec<(Ticks, Pitch)> {
    let Some(first) = notes.first() else {
        return Vec::new();
    };
    #[expect(clippy::cast_possible_truncation, reason = "songs are shorter than 2^63 ticks")]
    let tick = |frame| timeline.ticks(frame).round() as i64;
    notes.iter().map(|note| (Ticks(tick(note.on) - tick(first.on)), note.pitch)).collect()
}

/// Many durations, sorted.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Sorts them.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// How many.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that this many of a thousand do not exceed; zero when there are none.
    pub fn per_mille(&self, per_mille: usize) -> Duration {
        let index = (self.0.len() * per_mille).div_ceil(1000).saturating_sub(1);
        self.0.get(index).copied().unwrap_or_default()
    }

    /// The middle one.
    pub fn median(&self) -> Duration {
        self.per_mille(500)
    }
}

/// Faults as text, one a line.
pub fn lines(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The length of a block in seconds.
pub fn seconds(count: u32, sample_rate: f64) -> Duration {
    Duration::from_secs_f64(frames(Frame::from(count)) / sample_rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::Metre;

    fn performance(events: &[(Frame, bool, u16)]) -> Performance {
        let events = events.iter().map(|&(at, on, key)| {
            let sent = if on { Sent::On { channel: 0, key, velocity: 0.5 } } else { Sent::Off { channel: 0, key } };
            TimedEvent { at, sent }
        });
        Performance { events: events.collect(), ..Performance::default() }
    }

    #[test]
    fn a_clean_performance_has_no_fault() {
        let (notes, faults) =
            performance(&[(0, true, 60), (500, true, 64), (500, false, 60), (900, false, 64)]).notes();
        assert_eq!((notes.len(), faults), (2, vec![]));
    }

    #[test]
    fn every_kind_of_fault_is_seen() {
        type Case<'a> = (&'a [(Frame, bool, u16)], Fault);
        let cases: [Case<'_>; 6] = [
            (&[(10, true, 60)], Fault::NeverEnds { at: 10, key: 60 }),
            (&[(10, false, 60)], Fault::OffWithoutOn { at: 10, key: 60 }),
            (&[(10, true, 60), (20, true, 60), (30, false, 60)], Fault::OnTwice { at: 20, key: 60 }),
            (&[(10, true, 60), (10, false, 60)], Fault::NoLength { at: 10, key: 60 }),
            (&[(10, true, 200), (20, false, 200)], Fault::NoMidi { at: 10, key: 200 }),
            (&[(10, true, 60), (30, false, 60), (20, true, 62), (40, false, 62)], Fault::OutOfOrder { at: 20 }),
        ];
        for (events, fault) in cases {
            assert_eq!(performance(events).notes().1, [fault], "{events:?}");
        }
    }

    #[test]
    fn a_note_a_frame_beside_its_tick_is_seen() {
        let timeline = Timeline::steady(44_100.0, 120.0, Metre::COMMON);
        // One tick is 459.375 frames.
        let note = |on| Sounded { on, off: on + 9, pitch: Pitch::MAX, velocity: Velocity::DEFAULT, channel: 0 };
        assert_eq!(off_the_grid(&[note(459), note(919), note(22_050)], &timeline), []);
        assert_eq!(off_the_grid(&[note(461)], &timeline), [Fault::OffTheGrid { at: 461, frames_away: 2 }]);
    }

    #[test]
    fn per_mille_of_few_times_are_the_times_themselves() {
        let times = Times::of((1..=10).map(Duration::from_micros).collect());
        assert_eq!(times.median(), Duration::from_micros(5));
        assert_eq!(times.per_mille(999), Duration::from_micros(10));
        assert_eq!(Times::default().median(), Duration::ZERO);
    }
}
