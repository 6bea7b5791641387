//! The input and output of one block, as plain data.

use crate::performance;
use crate::timeline::Frame;
use clack_host::events::event_types::{TransportEvent, TransportFlags};

/// What the plugin receives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A key goes down.
    On {
        /// The note's id, or -1.
        id: i32,
        /// MIDI channel.
        channel: i16,
        /// MIDI key.
        key: i16,
        /// 0 to 1.
        velocity: f32,
    },
    /// A key goes up.
    Off {
        /// The note's id, or -1.
        id: i32,
        /// MIDI channel.
        channel: i16,
        /// MIDI key.
        key: i16,
    },
    /// A key is pressed harder.
    Pressure {
        /// The note's id, or -1.
        id: i32,
        /// MIDI channel.
        channel: i16,
        /// MIDI key.
        key: i16,
        /// 0 to 1.
        pressure: f32,
    },
    /// An expression of one note changes.
    Expression {
        /// The note's id.
        id: i32,
        /// VST3's number: 0 volume, 1 pan, 2 tuning, 3 vibrato, 4 expression, 5 brightness.
        kind: u32,
        /// 0 to 1.
        value: f64,
    },
}

/// An event with its offset, in frames from the beginning of the block; hosts send any offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cue {
    /// The offset.
    pub offset: i32,
    /// The event.
    pub event: Event,
}

/// A value of a parameter with its offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// VST3's number of the parameter.
    pub parameter: u32,
    /// The offset.
    pub offset: i32,
    /// 0 to 1.
    pub value: f64,
}

/// The host's transport at the beginning of a block. What is `None` is not reported.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moment {
    /// Whether it runs.
    pub playing: bool,
    /// Quarter notes a minute.
    pub tempo_bpm: Option<f64>,
    /// The position, in quarter notes.
    pub beats: Option<f64>,
    /// Where the bar began, in quarter notes.
    pub bar_beats: Option<f64>,
    /// The time signature.
    pub metre: Option<(i32, i32)>,
    /// Whether the loop is on.
    pub cycle_active: bool,
    /// The loop, in quarter notes.
    pub cycle_beats: Option<(f64, f64)>,
}

impl Moment {
    /// Converts what a CLAP host reports.
    pub fn of(event: &TransportEvent) -> Self {
        let has = |flag| event.flags.contains(flag);
        let beats = has(TransportFlags::HAS_BEATS_TIMELINE);
        let looping = has(TransportFlags::IS_LOOP_ACTIVE);
        let metre = (event.time_signature_numerator, event.time_signature_denominator);
        Self {
            playing: has(TransportFlags::IS_PLAYING),
            tempo_bpm: has(TransportFlags::HAS_TEMPO).then_some(event.tempo),
            beats: beats.then(|| event.song_pos_beats.to_float()),
            bar_beats: beats.then(|| event.bar_start.to_float()),
            metre: has(TransportFlags::HAS_TIME_SIGNATURE).then(|| (metre.0.into(), metre.1.into())),
            cycle_active: looping,
            cycle_beats: looping.then(|| (event.loop_start_beats.to_float(), event.loop_end_beats.to_float())),
        }
    }
}

/// One call of `process`.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// The number of frames.
    pub frames: u32,
    /// Frames since the host began.
    pub at: Frame,
    /// In the order of the host's list.
    pub cues: &'a [Cue],
    /// Points of one parameter are in one queue.
    pub points: &'a [Point],
    /// The host gives no process context if this is `None`.
    pub moment: Option<Moment>,
    /// How many events fit into the host's list.
    pub room: usize,
    /// Whether the host has a list for outgoing events.
    pub has_outputs: bool,
}

impl<'a> Block<'a> {
    /// A block of this many frames, in a host whose list is never full.
    pub const fn of(at: Frame, frames: u32) -> Self {
        Self { frames, at, cues: &[], points: &[], moment: None, room: usize::MAX, has_outputs: true }
    }

    /// With these events.
    #[must_use]
    pub const fn hear(mut self, cues: &'a [Cue]) -> Self {
        self.cues = cues;
        self
    }

    /// With these values.
    #[must_use]
    pub const fn set(mut self, points: &'a [Point]) -> Self {
        self.points = points;
        self
    }

    /// With this transport.
    #[must_use]
    pub const fn during(mut self, moment: Moment) -> Self {
        self.moment = Some(moment);
        self
    }
}

/// An event that left: a note, or another kind that should not leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Out {
    /// A note begins.
    On {
        /// MIDI channel.
        channel: i16,
        /// MIDI key.
        key: i16,
        /// 0 to 1.
        velocity: f32,
    },
    /// A note ends.
    Off {
        /// MIDI channel.
        channel: i16,
        /// MIDI key.
        key: i16,
    },
    /// VST3's number of the kind of event.
    Other(u16),
}

/// An event that left, with its offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sent {
    /// Frames from the block's beginning.
    pub offset: i32,
    /// The event.
    pub out: Out,
}

impl Sent {
    /// Converts it for a performance; its block begins at the frame `at`.
    ///
    /// # Panics
    /// When its offset is negative, or it is not a note.
    pub fn answered(self, at: Frame) -> performance::TimedEvent {
        let number = |number: i16| u16::try_from(number).expect("a channel or key is not below zero");
        let sent = match self.out {
            Out::On { channel, key, velocity } => {
                performance::Sent::On { channel: number(channel), key: number(key), velocity: velocity.into() }
            }
            Out::Off { channel, key } => performance::Sent::Off { channel: number(channel), key: number(key) },
            Out::Other(kind) => panic!("an event of kind {kind} has left the plugin"),
        };
        let offset = Frame::try_from(self.offset).expect("an event lies in its block");
        performance::TimedEvent { at: at + offset, sent }
    }
}

/// The result of one call of `process`.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// Whether the plugin accepted the block.
    pub ok: bool,
    /// In the order in which they were sent.
    pub sent: Vec<Sent>,
    /// How many events the host's list refused.
    pub refused: usize,
    /// The values of parameters that the plugin has changed.
    pub points: Vec<Point>,
}
