//! What a host says and what it is told, in plain data of our own: the hands know no plugin format.
//!
//! Deliberately without any behaviour but matching; the shell translates from and to the real host.

use segue_model::note::{Metre, Pitch};
use segue_model::sampling::SamplingParameters;

/// Frames from the start of the current block. Invariant: less than the block's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FrameOffset(pub u32);

/// What the host reports of its transport for one block. `None` is "the host does not say".
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Transport {
    /// Whether the song moves. While it stands, positions mean nothing: some hosts let them run on.
    pub playing: bool,
    /// Quarter notes per minute.
    pub tempo_bpm: Option<f64>,
    /// The song position at the block's first frame, in quarter notes; negative in a pre-roll.
    pub beats: Option<f64>,
    /// The time signature.
    pub metre: Option<Metre>,
    /// Where the current bar began, in quarter notes. Not to be trusted blindly: see [`super::clock`].
    pub bar_beats: Option<f64>,
    /// From where to where the song goes round, in quarter notes, if it does.
    pub loop_beats: Option<(f64, f64)>,
}

/// One stretch of audio that the host asks for, with everything that holds still during it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// Its length; above zero.
    pub frames: u32,
    /// Frames of the host's own block that lie before it, where that comes in pieces.
    pub into: u32,
    /// The host's transport.
    pub transport: Transport,
    /// The parameters.
    pub settings: Settings,
    /// Nobody listens: the audio thread may wait for the mind.
    pub offline: bool,
}

/// Names a style in parameters and saved songs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StyleNumber(pub u8);

/// Where an answer may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartGrid {
    /// Exactly when the response gap is over, off any grid.
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
    /// Segue answers when the player leaves room.
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

/// The parameters as they are during one block.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own that the musician turns")]
pub struct Settings {
    /// How time is shared.
    pub mode: Mode,
    /// For [`Mode::Trade`].
    pub trade: Trade,
    /// How sounding notes end when the turn is lost.
    pub yields: Yield,
    /// A held key below this one is a drone and does not keep the turn.
    pub drone_below: u8,
    /// Momentary: a change to true hands the turn over.
    pub your_turn: bool,
    /// Momentary: a change to true is a tap of the tempo.
    pub tap: bool,
    /// Momentary: a change to true clears the memory of this session.
    pub forget: bool,
    /// For the time without a transport.
    pub tempo_from: TempoFrom,
    /// Where the chords come from.
    pub harmony: Harmony,
    /// The part of the beat that its first eighth has, 0.5 (straight) to 0.75.
    pub swing: f32,
    /// Octaves by which Segue's notes are moved.
    pub octave: i8,
    /// The channel that is heard, 0 to 15; `None` is every one.
    pub in_channel: Option<u8>,
    /// The built-in sound plays the chords softly.
    pub comping: bool,
    /// The channel on which the comping goes out, 0 to 15; `None` keeps it in the built-in sound.
    pub comping_channel: Option<u8>,
    /// The built-in sound ticks on the beats.
    pub click: bool,
    /// Which style the mind plays.
    pub style: StyleNumber,
    /// The style plays in free time: in seconds, whatever the tempo.
    pub free_time: bool,
    /// Changes with every change of the chord chart or of the file of the musician's own style.
    pub files: (u32, u32),
    /// What the mind is asked with.
    pub sampling: SamplingParameters,
    /// Silence after the last key-up before Segue may begin.
    pub response_gap_ms: f32,
    /// How long an answer lasts; above zero.
    pub answer_bars: u8,
    /// Where it begins.
    pub start_grid: StartGrid,
    /// Whether the player's notes go out too.
    pub thru: bool,
    /// How long before a note could sound it is decided.
    pub look_ahead_ms: f32,
    /// The tempo of our own clock, for hosts that have none.
    pub tempo_bpm: f64,
    /// The channel of Segue's notes, 0 to 15.
    pub channel: u8,
}

/// One key of one channel, perhaps with the name that the host gave to the note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The host's note id.
    pub voice: Option<i32>,
    /// 0 to 15.
    pub channel: u8,
    /// Which key.
    pub pitch: Pitch,
}

/// Which keys a release means: `None` stands for any.
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
    /// Some hosts name the note at its start and not at its end, or the other way round, so an id counts only where both
    /// sides have one; but an id without a pitch means the note of that name and no other.
    pub fn matches(self, key: Key) -> bool {
        let is_named = |voice| key.voice.map_or(self.pitch.is_some(), |other| voice == other);
        self.channel.is_none_or(|channel| channel == key.channel)
            && self.pitch.is_none_or(|pitch| pitch == key.pitch)
            && self.voice.is_none_or(is_named)
    }
}

impl From<Key> for KeyPattern {
    fn from(key: Key) -> Self {
        Self { voice: key.voice, channel: Some(key.channel), pitch: Some(key.pitch) }
    }
}

/// Something that the host says in the course of a block.
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
    /// Sounding notes are shaped.
    Shape {
        /// Which keys.
        keys: KeyPattern,
        /// How.
        shape: Shape,
    },
}

/// How a note is shaped while it sounds, one note apart from the others; ranges are the host's own.
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

/// Something that the host is told.
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
    /// What the player does to notes that were passed through.
    Shape {
        /// Which keys.
        keys: KeyPattern,
        /// How.
        shape: Shape,
    },
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The host has it.
    Accepted,
    /// The host's buffer is full; it may be asked again later.
    Refused,
    /// The host takes no events at all, so it owes and is owed nothing.
    NoOutput,
}

/// Who plays a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteSource {
    /// The musician.
    Player,
    /// The improviser.
    Segue,
    /// Whoever plays the chords of the chart.
    Comping,
    /// The click.
    Click,
}

/// Something to be heard from the built-in sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SynthEvent {
    /// A note begins.
    NoteOn {
        /// Whose.
        who: NoteSource,
        /// On which channel, 0 to 15.
        channel: u8,
        /// Which key.
        pitch: Pitch,
        /// How hard, above 0 and up to 1.
        velocity: f32,
    },
    /// A note ends.
    NoteOff {
        /// Whose.
        who: NoteSource,
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

/// The host as the performer meets it during one block. Calls come in order of time.
pub trait HostIo {
    /// The next thing that the host says, in order of time.
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)>;
    /// Lets the built-in sound hear something.
    fn play(&mut self, at: FrameOffset, what: SynthEvent);
    /// Tells the host something.
    fn send(&mut self, at: FrameOffset, message: Message) -> Sent;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_release_does_not_say_means_any_and_a_name_alone_means_that_note() {
        let pitch = |key| Pitch::new(key).unwrap();
        let key = |voice| Key { voice, channel: 2, pitch: pitch(60) };
        let (named, other, nameless) = (key(Some(7)), key(Some(8)), key(None));
        let table = [
            // Voice, channel and pitch of the release: whether it means each of the three.
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
            assert_eq!([named, other, nameless].map(|key| release.matches(key)), means, "{release:?}");
        }
    }
}
