//! The parameters as the engine sees them during one block.
//!
//! Knows no parameter ids and no window; the plugin translates.

use segue_model::note::Pitch;
use segue_model::sampling::SamplingParameters;

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
    /// Each has a number of bars in turn, on the bar lines.
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
    /// Which answer is played again, and how.
    pub again: AgainSettings,
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
    /// The built-in sound.
    pub sound: SoundSettings,
}

impl Default for Settings {
    /// *Answer* over a chart: two bars, an eighth's grid, a tenth of a second after the last key-up, straight, at 120
    /// bpm, without accompaniment and without thru; all sounds at their own level.
    fn default() -> Self {
        Self {
            turn: TurnSettings {
                mode: Mode::Answer,
                trade: Trade { bars: 4, segue_first: false, rings_over: false },
                response_gap_ms: 100.0,
                answer_bars: 2,
                start_grid: StartGrid::Eighth,
                on_yield: Yield::AtOnce,
                drone_below: 0,
                is_muted: false,
            },
            buttons: Buttons::default(),
            style: StyleSettings { number: StyleNumber(0), free_time: false, files: (0, 0) },
            again: AgainSettings { back: 0, fits_chords: false, keeps: false },
            sampling: SamplingParameters { temperature: 1.0, top_p: 1.0, ..SamplingParameters::default() },
            harmony: Harmony::Chart,
            accompaniment: AccompanimentSettings { comping: false, comping_channel: None, click: false },
            timing: TimingSettings {
                tempo_bpm: 120.0,
                tempo_from: TempoFrom::Setting,
                swing: 0.5,
                look_ahead_ms: 20.0,
                chord_window_ms: 0.0,
            },
            midi: MidiSettings {
                in_channel: None,
                out_channel: 0,
                octave: 0,
                thru: false,
                sends: Sends { line: true, comping: true },
                mpe: false,
            },
            sound: SoundSettings { is_on: true, player_level: 1.0, segue_level: 1.0, comping_level: 1.0 },
        }
    }
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
    /// Whether Segue is silent, and only listens.
    pub is_muted: bool,
}

/// Which answer is played again, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgainSettings {
    /// Which one: 0 is the last, 1 the one before it, and so on.
    pub back: u8,
    /// Whether its notes are fitted to the present chords.
    pub fits_chords: bool,
    /// Whether the remembered answers stay as they are.
    pub keeps: bool,
}

/// Buttons that act when they go down: a change from false to true counts, and nothing else.
#[expect(clippy::struct_excessive_bools, reason = "each is a button")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Buttons {
    /// Hands the turn to Segue.
    pub your_turn: bool,
    /// Plays an answer again.
    pub again: bool,
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
    /// Where the player gives the chords: how long after a beat a note on it may sound, so that a chord struck on that
    /// beat counts for it, in milliseconds; 0 for never.
    pub chord_window_ms: f32,
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
    /// Which of Segue's parts are sent to the host.
    pub sends: Sends,
    /// Whether the player's keys each have a channel of their own (MPE), so that the tenth is no drum channel.
    pub mpe: bool,
}

/// Which of Segue's parts are sent to the host. The built-in sound plays both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sends {
    /// Its line.
    pub line: bool,
    /// The comping, where it has a channel.
    pub comping: bool,
}

/// The built-in sound. Levels are linear gains, 0 to 4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoundSettings {
    /// Whether it sounds at all.
    pub is_on: bool,
    /// Of the player's notes.
    pub player_level: f32,
    /// Of Segue's notes.
    pub segue_level: f32,
    /// Of the comping.
    pub comping_level: f32,
}
