//! The host as the engine sees it: events, settings and outputs as plain data.
//!
//! Knows no plugin format; the plugin translates from and to the real host. Only key patterns have behaviour.

use segue_model::note::{Metre, Pitch};
use segue_model::sampling::SamplingParameters;

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

/// Names a style in parameters and saved songs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StyleNumber(pub u8);

/// Where an answer may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartGrid {
    /// Exactly when the response gap is over, without a grid.
    Free,
    /// On a quarter note.
    Quarter,
    /// On an eighth note.
    Eighth,
    /// On a sixteenth note.
    Sixteenth,
    /// On a bar line.
    Bar,
}

/// How Segue and the player share time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Segue answers when the player pauses.
    Answer,
    /// So many bars each, on the bar lines.
    Trade,
    /// Segue plays along all the time.
    Duet,
}

/// How bars are traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Bars for each side; above zero.
    pub bars: u8,
    /// Segue has the first ones.
    pub segue_first: bool,
    /// Segue's last note may ring into the player's bars.
    pub rings_over: bool,
}

/// How Segue's sounding notes end when it loses the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Yield {
    /// With the player's note.
    AtOnce,
    /// Each at its own end.
    AfterNote,
    /// At the next beat at the latest.
    AtBeat,
}

/// Where the tempo comes from without the host's transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TempoFrom {
    /// The parameter, or what was tapped since it moved.
    Setting,
    /// The player's phrase.
    Phrase,
}

/// Where the chords come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harmony {
    /// From the chart.
    Chart,
    /// From all that the player holds.
    Played,
    /// From what the player holds below this key; what lies above is the melody.
    Low(Pitch),
    /// From what comes on this channel, 0 to 15; other channels are the melody.
    Channel(u8),
    /// From nowhere.
    Off,
}

/// The parameters as they are during one block, grouped as in the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Whose turn it is, and for how long.
    pub turn: TurnSettings,
    /// Buttons that act when they go down.
    pub buttons: Buttons,
    /// Which style plays.
    pub style: StyleSettings,
    /// How the model's output is sampled.
    pub sampling: SamplingParameters,
    /// Where the chords come from.
    pub harmony: Harmony,
    /// Comping and metronome.
    pub accompaniment: AccompanimentSettings,
    /// Tempo, swing and look-ahead.
    pub timing: TimingSettings,
    /// Channels, register and thru.
    pub midi: MidiSettings,
}

/// Whose turn it is, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TurnSettings {
    /// How Segue and the player share time.
    pub mode: Mode,
    /// For [`Mode::Trade`].
    pub trade: Trade,
    /// For [`Mode::Answer`]: silence after the last key-up before Segue may begin, in milliseconds.
    pub response_gap_ms: f32,
    /// The length of an answer in bars, above zero. A duet without a song goes on for as long after the last key-up.
    pub answer_bars: u8,
    /// Where an answer may begin.
    pub start_grid: StartGrid,
    /// How sounding notes end when Segue loses the turn.
    pub on_yield: Yield,
    /// A held key below this one is a drone and does not keep the turn; 0 to 127.
    pub drone_below: u8,
}

/// Buttons that act when they go down: a change from false to true counts, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Buttons {
    /// Hands the turn to Segue.
    pub your_turn: bool,
    /// Taps the tempo.
    pub tap: bool,
    /// Clears the memory of this session.
    pub forget: bool,
}

/// Which style plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StyleSettings {
    /// Its number.
    pub number: StyleNumber,
    /// Whether it plays in free time: in seconds, whatever the tempo.
    pub free_time: bool,
    /// Versions of the chord chart and of the file of the musician's own style; each changes with its file.
    pub files: (u32, u32),
}

/// Comping and metronome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccompanimentSettings {
    /// Whether the chords are comped.
    pub comping: bool,
    /// The channel on which the comping is sent, 0 to 15; `None` keeps it in the built-in sound.
    pub comping_channel: Option<u8>,
    /// Whether the metronome clicks.
    pub click: bool,
}

/// Tempo, swing and look-ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimingSettings {
    /// The tempo of the engine's own clock, for hosts that have none, in quarter notes per minute.
    pub tempo_bpm: f64,
    /// Where the tempo comes from without the host's transport.
    pub tempo_from: TempoFrom,
    /// The share of the beat that its first eighth takes, 0.5 (straight) to 0.75.
    pub swing: f32,
    /// How long before the earliest moment at which a note could sound it is decided, in milliseconds.
    pub look_ahead_ms: f32,
}

/// Channels, register and thru.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MidiSettings {
    /// The channel on which the player is heard, 0 to 15; `None` is every channel.
    pub in_channel: Option<u8>,
    /// The channel of Segue's notes, 0 to 15.
    pub out_channel: u8,
    /// Octaves by which Segue's notes are moved; negative is down.
    pub octave: i8,
    /// Whether the player's notes are passed on to the output.
    pub thru: bool,
}

/// A key of a channel, with the host's note id if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The host's note id.
    pub voice: Option<i32>,
    /// 0 to 15.
    pub channel: u8,
    /// Which key.
    pub pitch: Pitch,
}

/// The keys that an event means: `None` stands for any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPattern {
    /// The host's note id.
    pub voice: Option<i32>,
    /// 0 to 15.
    pub channel: Option<u8>,
    /// Which key.
    pub pitch: Option<Pitch>,
}

impl KeyPattern {
    /// Whether the pattern means this key. Some hosts send a note id with the note-on and not with the note-off, or the other
    /// way round, so an id counts only where both have one. A pattern with an id and without a pitch means exactly the note
    /// with that id.
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
        /// Which key.
        key: Key,
        /// How hard, above 0 and up to 1.
        velocity: f32,
    },
    /// Keys go up.
    NoteOff {
        /// Which keys.
        keys: KeyPattern,
        /// How fast, 0 to 1.
        velocity: f32,
    },
    /// A channel message that is no note.
    Control(ChannelMessage),
    /// A note expression.
    Shape {
        /// Which keys.
        keys: KeyPattern,
        /// How.
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

/// A channel message that is no note; values are 0 to 1.
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
        /// Which key.
        key: Key,
        /// How hard, above 0 and up to 1.
        velocity: f32,
    },
    /// A note ends.
    NoteOff {
        /// Which key.
        key: Key,
        /// How fast, 0 to 1.
        velocity: f32,
    },
    /// The player's pedal, bend and the like, passed through.
    Control(ChannelMessage),
    /// A note expression of the player for a note that was passed through.
    Shape {
        /// Which keys.
        keys: KeyPattern,
        /// How.
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

/// Whose note it is.
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
        /// Whose note it is.
        source: NoteSource,
        /// On which channel, 0 to 15.
        channel: u8,
        /// Which key.
        pitch: Pitch,
        /// How hard, above 0 and up to 1.
        velocity: f32,
    },
    /// A note ends.
    NoteOff {
        /// Whose note it is.
        source: NoteSource,
        /// On which channel, 0 to 15.
        channel: u8,
        /// Which key.
        pitch: Pitch,
    },
    /// The sustain pedal moves.
    Pedal {
        /// Of this channel, 0 to 15.
        channel: u8,
        /// Down or up.
        down: bool,
    },
    /// Everything fades at once.
    AllSoundOff,
}

/// The host during one block. All calls come in order of time.
pub trait HostIo {
    /// The next event of the host.
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)>;
    /// Sends an event to the built-in sound.
    fn play(&mut self, at: FrameOffset, what: SynthEvent);
    /// Sends a message to the host.
    fn send(&mut self, at: FrameOffset, message: Message) -> Sent;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a note-off leaves out means any, and a note id alone means that note.
    #[test]
    fn a_note_off_matches_by_what_it_names() {
        let pitch = |key| Pitch::new(key).unwrap();
        let key = |voice| Key { voice, channel: 2, pitch: pitch(60) };
        let (with_id, other_id, without_id) = (key(Some(7)), key(Some(8)), key(None));
        let table = [
            // Id, channel and pitch of the note-off: whether it means each of the three keys.
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
