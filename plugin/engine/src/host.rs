//! The host as the engine sees it: events, settings and outputs as plain data.
//!
//! Knows no plugin format; the plugin translates from and to the real host. Only key patterns have behaviour.

mod settings;

pub use settings::{
    AccompanimentSettings, AgainSettings, Buttons, Harmony, MidiSettings, Mode, Sends, Settings, SoundSettings,
    StartGrid, StyleNumber, StyleSettings, TempoFrom, TimingSettings, Trade, TurnSettings, Yield,
};

use segue_model::note::{Metre, Pitch};

/// Frames from the start of the current block. Invariant: less than the block's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FrameOffset(pub u32);

/// The host's transport for one block. `None` where the host does not report a value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Transport {
    /// Whether the song plays. While it is stopped, positions mean nothing: some hosts let them run on.
    pub playing: bool,
    /// Quarter notes per minute.
    pub tempo_bpm: Option<f64>,
    /// The song position at the block's first frame, in quarter notes; negative in a pre-roll.
    pub beats: Option<f64>,
    /// The time signature.
    pub metre: Option<Metre>,
    /// Where the current bar began, in quarter notes. Some hosts report it wrongly; [`crate::time::clock`] checks it.
    pub bar_beats: Option<f64>,
    /// Start and end of the loop in quarter notes, if the song loops.
    pub loop_beats: Option<(f64, f64)>,
}

/// One block of audio, with everything that is constant during it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// Its length; above zero.
    pub frames: u32,
    /// Where the host's own block was split: frames of it that lie before this block.
    pub into: u32,
    /// The host's transport.
    pub transport: Transport,
    /// The parameters.
    pub settings: Settings,
    /// The host renders offline, so the audio thread may wait for the worker.
    pub offline: bool,
}

/// A key of a channel, with the host's note id if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The host's note id.
    pub voice: Option<i32>,
    /// 0 to 15.
    pub channel: u8,
    /// The key.
    pub pitch: Pitch,
}

/// The keys that an event means: `None` stands for any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPattern {
    /// The host's note id.
    pub voice: Option<i32>,
    /// 0 to 15.
    pub channel: Option<u8>,
    /// The key.
    pub pitch: Option<Pitch>,
}

impl KeyPattern {
    /// Whether the pattern means this key. Some hosts send a note id with the note-on and not with the note-off, or the
    /// other way round, so an id counts only where both have one. A pattern with an id and without a pitch means
    /// exactly the note with that id.
    pub fn matches(self, key: Key) -> bool {
        let has_id = |voice| key.voice.map_or(self.pitch.is_some(), |other| voice == other);
        self.channel.is_none_or(|channel| channel == key.channel)
            && self.pitch.is_none_or(|pitch| pitch == key.pitch)
            && self.voice.is_none_or(has_id)
    }
}

impl From<Key> for KeyPattern {
    fn from(key: Key) -> Self {
        Self { voice: key.voice, channel: Some(key.channel), pitch: Some(key.pitch) }
    }
}

/// An event of the host within a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HostEvent {
    /// A key goes down. Velocity is above 0, up to 1.
    NoteOn {
        /// The key.
        key: Key,
        /// Its velocity, above 0 and up to 1.
        velocity: f32,
    },
    /// Keys go up.
    NoteOff {
        /// The keys.
        keys: KeyPattern,
        /// The release velocity, 0 to 1.
        velocity: f32,
    },
    /// A channel message that is not a note.
    Control(ChannelMessage),
    /// A note expression.
    Shape {
        /// The notes that it changes.
        keys: KeyPattern,
        /// The change.
        shape: Shape,
    },
}

/// A note expression: it changes one sounding note. Ranges are the host's own.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names are MIDI's and CLAP's")]
pub enum Shape {
    Pressure(f32),
    Volume(f32),
    Pan(f32),
    Tuning(f32),
    Vibrato(f32),
    Expression(f32),
    Brightness(f32),
}

/// A channel message that is not a note; values are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ChannelMessage {
    /// A controller such as the pedal.
    Controller {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        number: u8,
        /// 0 to 1.
        value: f32,
    },
    /// Pitch bend; 0.5 is none.
    Bend {
        /// 0 to 15.
        channel: u8,
        /// 0 to 1.
        value: f32,
    },
    /// Channel pressure.
    Pressure {
        /// 0 to 15.
        channel: u8,
        /// 0 to 1.
        value: f32,
    },
    /// Program change.
    Program {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        number: u8,
    },
}

impl ChannelMessage {
    /// 0 to 15.
    pub const fn channel(self) -> u8 {
        match self {
            Self::Controller { channel, .. }
            | Self::Bend { channel, .. }
            | Self::Pressure { channel, .. }
            | Self::Program { channel, .. } => channel,
        }
    }
}

/// A message to the host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Message {
    /// A note begins.
    NoteOn {
        /// The key.
        key: Key,
        /// Its velocity, above 0 and up to 1.
        velocity: f32,
    },
    /// A note ends.
    NoteOff {
        /// The key.
        key: Key,
        /// The release velocity, 0 to 1.
        velocity: f32,
    },
    /// The player's pedal, bend and the like, passed through.
    Control(ChannelMessage),
    /// A note expression of the player for a note that was passed through.
    Shape {
        /// The notes that it changes.
        keys: KeyPattern,
        /// The change.
        shape: Shape,
    },
}

/// The host's reaction to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The host accepted it.
    Accepted,
    /// The host's event list is full; a later attempt may succeed.
    Refused,
    /// The host takes no events at all, so no note-off is pending either.
    NoOutput,
}

/// Who plays a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteSource {
    /// The musician.
    Player,
    /// The improviser.
    Segue,
    /// The comping.
    Comping,
    /// The metronome.
    Click,
}

/// An event for the built-in sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SynthEvent {
    /// A note begins.
    NoteOn {
        /// Who plays it.
        source: NoteSource,
        /// The channel, 0 to 15.
        channel: u8,
        /// The key.
        pitch: Pitch,
        /// Its velocity, above 0 and up to 1.
        velocity: f32,
    },
    /// A note ends.
    NoteOff {
        /// Who played it.
        source: NoteSource,
        /// The channel, 0 to 15.
        channel: u8,
        /// The key.
        pitch: Pitch,
    },
    /// The sustain pedal moves.
    Pedal {
        /// The channel, 0 to 15.
        channel: u8,
        /// Whether it is down.
        down: bool,
    },
    /// All sound fades at once.
    AllSoundOff,
}

/// The host's event lists during one block. All calls come in order of time.
pub trait HostEvents {
    /// The next event of the host.
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)>;
    /// Sends a message to the host.
    fn send(&mut self, at: FrameOffset, message: Message) -> Sent;
}

/// The host and the built-in sound during one block.
pub trait HostIo: HostEvents {
    /// Sends an event to the built-in sound.
    fn play(&mut self, at: FrameOffset, what: SynthEvent);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part that a note-off does not give means any, and a note id alone means exactly that note.
    #[test]
    fn a_note_off_matches_by_what_it_names() {
        let pitch = |key| Pitch::new(key).unwrap();
        let key = |voice| Key { voice, channel: 2, pitch: pitch(60) };
        let (with_id, other_id, without_id) = (key(Some(7)), key(Some(8)), key(None));
        let table = [
            // The note-off's id, channel and pitch, and whether it applies to each of the three keys.
            (None, None, None, [true, true, true]),
            (None, Some(2), Some(60), [true, true, true]),
            (None, Some(2), None, [true, true, true]),
            (None, Some(3), Some(60), [false; 3]),
            (None, None, Some(61), [false; 3]),
            (Some(7), Some(2), Some(60), [true, false, true]),
            (Some(7), None, Some(60), [true, false, true]),
            (Some(7), None, None, [true, false, false]),
            (Some(7), Some(2), None, [true, false, false]),
            (Some(7), Some(3), None, [false; 3]),
        ];
        for (voice, channel, number, means) in table {
            let release = KeyPattern { voice, channel, pitch: number.map(pitch) };
            assert_eq!([with_id, other_id, without_id].map(|key| release.matches(key)), means, "{release:?}");
        }
    }
}
