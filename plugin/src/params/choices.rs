//! Parameters with a few named values: the names that hosts show, and the ids that songs save.

use nice_plug::prelude::*;
use segue_engine::host;
use segue_model::limits::Scale;
use segue_model::note::Ticks;

/// The parameter for [`host::StartGrid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Start {
    /// Without a grid.
    #[id = "free"]
    Free,
    /// A quarter note.
    #[id = "quarter"]
    #[name = "1/4"]
    Quarter,
    /// An eighth note.
    #[id = "eighth"]
    #[name = "1/8"]
    Eighth,
    /// A sixteenth note.
    #[id = "sixteenth"]
    #[name = "1/16"]
    Sixteenth,
    /// A bar line.
    #[id = "bar"]
    Bar,
}

/// Whether the audio thread may wait for the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Render {
    /// If the host says that it renders, or seems to.
    #[id = "auto"]
    Auto,
    /// Yes: for renders that must come out the same every time.
    #[id = "offline"]
    Offline,
    /// Never.
    #[id = "live"]
    Live,
}

/// The parameter for [`host::Mode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ModeChoice {
    /// Segue answers when the player leaves room.
    #[id = "answer"]
    Answer,
    /// Player and Segue have the same number of bars in turn.
    #[id = "trade"]
    Trade,
    /// Segue plays along all the time.
    #[id = "duet"]
    Duet,
}

impl From<ModeChoice> for host::Mode {
    fn from(mode: ModeChoice) -> Self {
        match mode {
            ModeChoice::Answer => Self::Answer,
            ModeChoice::Trade => Self::Trade,
            ModeChoice::Duet => Self::Duet,
        }
    }
}

/// How long each side's turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum TradeBars {
    /// One.
    #[id = "1"]
    #[name = "1 bar"]
    One,
    /// Two.
    #[id = "2"]
    #[name = "2 bars"]
    Two,
    /// Four.
    #[id = "4"]
    #[name = "4 bars"]
    Four,
    /// Eight.
    #[id = "8"]
    #[name = "8 bars"]
    Eight,
    /// Twelve.
    #[id = "12"]
    #[name = "12 bars"]
    Twelve,
}

impl TradeBars {
    /// The number of bars.
    pub fn bars(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
            Self::Twelve => 12,
        }
    }
}

/// Who has the first bars of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum First {
    /// The player.
    #[id = "player"]
    #[name = "You"]
    Player,
    /// Segue.
    #[id = "segue"]
    Segue,
}

/// The parameter for [`host::Yield`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum YieldAs {
    /// With the player's note.
    #[id = "at_once"]
    #[name = "At once"]
    AtOnce,
    /// Each note at its own end.
    #[id = "after_note"]
    #[name = "After the note"]
    AfterNote,
    /// At the next beat at the latest.
    #[id = "at_beat"]
    #[name = "At the beat"]
    AtBeat,
}

/// What an answer that is played again is played to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum AgainTo {
    /// Its notes are those that sounded.
    #[id = "as_it_was"]
    #[name = "As it was"]
    AsItWas,
    /// Its notes are fitted to the chords in force now.
    #[id = "present_chords"]
    #[name = "Present chords"]
    PresentChords,
}

/// Which of Segue's parts are sent out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum SendsParts {
    /// Its line.
    #[id = "line"]
    Line,
    /// The comping.
    #[id = "comping"]
    Comping,
    /// Both.
    #[id = "both"]
    Both,
}

/// The parameter for [`host::TempoFrom`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum TempoSource {
    /// The tempo that is set or tapped.
    #[id = "setting"]
    Setting,
    /// The tempo of what is played.
    #[id = "phrase"]
    Phrase,
}

/// The key of a scale, in the order of the keyboard from C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum KeyName {
    /// C.
    #[id = "c"]
    C,
    /// C♯.
    #[id = "c#"]
    #[name = "C♯"]
    CSharp,
    /// D.
    #[id = "d"]
    D,
    /// E♭.
    #[id = "d#"]
    #[name = "E♭"]
    DSharp,
    /// E.
    #[id = "e"]
    E,
    /// F.
    #[id = "f"]
    F,
    /// F♯.
    #[id = "f#"]
    #[name = "F♯"]
    FSharp,
    /// G.
    #[id = "g"]
    G,
    /// A♭.
    #[id = "g#"]
    #[name = "A♭"]
    GSharp,
    /// A.
    #[id = "a"]
    A,
    /// B♭.
    #[id = "a#"]
    #[name = "B♭"]
    ASharp,
    /// B.
    #[id = "b"]
    B,
}

/// The scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ScaleName {
    /// Every key.
    #[id = "chromatic"]
    Chromatic,
    /// Ionian.
    #[id = "major"]
    Major,
    /// Natural minor, aeolian.
    #[id = "minor"]
    Minor,
    /// With a raised seventh.
    #[id = "harmonic_minor"]
    #[name = "Harmonic minor"]
    HarmonicMinor,
    /// The ascending form.
    #[id = "melodic_minor"]
    #[name = "Melodic minor"]
    MelodicMinor,
    /// The second mode.
    #[id = "dorian"]
    Dorian,
    /// The third mode.
    #[id = "phrygian"]
    Phrygian,
    /// The fourth mode.
    #[id = "lydian"]
    Lydian,
    /// The fifth mode.
    #[id = "mixolydian"]
    Mixolydian,
    /// The seventh mode.
    #[id = "locrian"]
    Locrian,
    /// Five notes without semitones.
    #[id = "major_pentatonic"]
    #[name = "Major pentatonic"]
    MajorPentatonic,
    /// The same notes from the sixth on.
    #[id = "minor_pentatonic"]
    #[name = "Minor pentatonic"]
    MinorPentatonic,
    /// Minor pentatonic with a flat fifth.
    #[id = "blues"]
    Blues,
}

impl From<ScaleName> for Scale {
    fn from(name: ScaleName) -> Self {
        match name {
            ScaleName::Chromatic => Self::Chromatic,
            ScaleName::Major => Self::Major,
            ScaleName::Minor => Self::Minor,
            ScaleName::HarmonicMinor => Self::HarmonicMinor,
            ScaleName::MelodicMinor => Self::MelodicMinor,
            ScaleName::Dorian => Self::Dorian,
            ScaleName::Phrygian => Self::Phrygian,
            ScaleName::Lydian => Self::Lydian,
            ScaleName::Mixolydian => Self::Mixolydian,
            ScaleName::Locrian => Self::Locrian,
            ScaleName::MajorPentatonic => Self::MajorPentatonic,
            ScaleName::MinorPentatonic => Self::MinorPentatonic,
            ScaleName::Blues => Self::Blues,
        }
    }
}

/// Where Segue's onsets are moved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum QuantiseTo {
    /// Where the style puts them.
    #[id = "off"]
    Off,
    /// Eighth notes.
    #[id = "eighth"]
    #[name = "1/8"]
    Eighth,
    /// Triplets of eighth notes.
    #[id = "eighth_triplet"]
    #[name = "1/8 T"]
    EighthTriplet,
    /// Sixteenth notes.
    #[id = "sixteenth"]
    #[name = "1/16"]
    Sixteenth,
    /// Triplets of sixteenth notes.
    #[id = "sixteenth_triplet"]
    #[name = "1/16 T"]
    SixteenthTriplet,
}

impl QuantiseTo {
    /// The distance between grid points.
    pub fn step(self) -> Option<Ticks> {
        let beat = Ticks::quarters(1).0;
        match self {
            Self::Off => None,
            Self::Eighth => Some(Ticks(beat / 2)),
            Self::EighthTriplet => Some(Ticks(beat / 3)),
            Self::Sixteenth => Some(Ticks(beat / 4)),
            Self::SixteenthTriplet => Some(Ticks(beat / 6)),
        }
    }
}

/// The parameter for [`host::Harmony`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ChordSource {
    /// The chord chart.
    #[id = "chart"]
    Chart,
    /// All held keys.
    #[id = "played"]
    #[name = "What you hold"]
    Played,
    /// The keys below the split point.
    #[id = "low"]
    #[name = "Left hand"]
    Low,
    /// The keys of one channel.
    #[id = "channel"]
    #[name = "A channel"]
    Channel,
    /// No chords.
    #[id = "off"]
    Off,
}
