//! What goes into one block and what comes out of it, as plain data.

use crate::performance;
use crate::timeline::Frame;
use clack_host::events::event_types::{TransportEvent, TransportFlags};

/// What a plugin hears.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A key goes down.
    On {
        /// The note's name, or -1.
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
        /// The note's name, or -1.
        id: i32,
        /// MIDI channel.
        channel: i16,
        /// MIDI key.
        key: i16,
    },
    /// A key is pressed harder.
    Pressure {
        /// The note's name, or -1.
        id: i32,
        /// MIDI channel.
        channel: i16,
        /// MIDI key.
        key: i16,
        /// 0 to 1.
        pressure: f32,
    },
    /// A value of one note changes.
    Expression {
        /// The note's name.
        id: i32,
        /// VST3's number: 0 volume, 1 pan, 2 tuning, 3 vibrato, 4 expression, 5 brightness.
        kind: u32,
        /// 0 to 1.
        value: f64,
    },
}

/// An event at an offset, in frames from the block's beginning; hosts give any.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cue {
    /// Where.
    pub offset: i32,
    /// What.
    pub event: Event,
}

/// A value of a parameter at an offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// VST3's number of the parameter.
    pub parameter: u32,
    /// Where.
    pub offset: i32,
    /// 0 to 1.
    pub value: f64,
}

/// Where the host's transport is when a block begins. What is not given is not valid.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moment {
    /// It runs.
    pub playing: bool,
    /// Quarter notes a minute.
    pub tempo_bpm: Option<f64>,
    /// The position, in quarter notes.
    pub beats: Option<f64>,
    /// Where the bar began, in quarter notes.
    pub bar_beats: Option<f64>,
    /// The time signature.
    pub metre: Option<(i32, i32)>,
    /// The loop is on.
    pub cycle_active: bool,
    /// The loop, in quarter notes.
    pub cycle_beats: Option<(f64, f64)>,
}

impl Moment {
    /// The same as a CLAP host says.
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
    /// How many frames.
    pub frames: u32,
    /// Frames since the host began.
    pub at: Frame,
    /// In the order of the host's list.
    pub cues: &'a [Cue],
    /// Points of one parameter are in one queue.
    pub points: &'a [Point],
    /// No context without.
    pub moment: Option<Moment>,
    /// So many events find room in the host's list.
    pub room: usize,
    /// The host has a list for what leaves.
    pub has_outputs: bool,
}

impl<'a> Block<'a> {
    /// So many frames, in a host whose list has no end.
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

/// A note that left, or something that is none.
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

/// What left, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sent {
    /// Frames from the block's beginning.
    pub offset: i32,
    /// What.
    pub out: Out,
}

impl Sent {
    /// As a performance has it, when its block begins at this frame.
    ///
    /// # Panics
    /// When it lies before its block, or is no note.
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

/// What came back from one call of `process`.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// The plugin took the block.
    pub ok: bool,
    /// In the order in which they were sent.
    pub sent: Vec<Sent>,
    /// What the host's list refused.
    pub refused: usize,
    /// Values of parameters that the plugin has changed.
    pub points: Vec<Point>,
}
