//! The parameters, in the groups that hosts show.

use super::choices::{
    AgainTo, ChordSource, First, KeyName, ModeChoice, QuantiseTo, Render, ScaleName, SendsParts, Start, TempoSource,
    TradeBars, YieldAs,
};
use super::kinds::{SWING_BY_STYLE, channel_or, key, level, milliseconds, percent};
use super::kinds::{style_name, style_number, swing_text, swing_value, whole};
use crate::styles;
use nice_plug::formatters;
use nice_plug::prelude::*;
use segue_engine::answers::ANSWERS;
use std::sync::Arc;

/// The highest style number. Saved songs contain these numbers, so there is room for future styles; the last number is
/// the user's own style.
const MOST_STYLES: i32 = styles::OWN.0 as i32;
/// The answers that are remembered.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "eight")]
const MOST_ANSWERS: i32 = ANSWERS as i32;

/// The style and how it plays.
#[derive(Debug, Params)]
pub struct ModelParams {
    /// Which style plays.
    #[id = "style"]
    pub style: IntParam,
    /// How daring the choices are.
    #[id = "temperature"]
    pub temperature: FloatParam,
    /// The nucleus: how much of the probability is sampled from.
    #[id = "top_p"]
    pub top_p: FloatParam,
    /// How often phrases of this session return.
    #[id = "memory"]
    pub memory: FloatParam,
    /// The seed of the random draws: another seed gives another answer.
    #[id = "seed"]
    pub seed: IntParam,
    /// Clears the memory of this session.
    #[id = "forget"]
    pub forget: BoolParam,
}

/// Who plays when.
#[derive(Debug, Params)]
pub struct TurnParams {
    /// Whether Segue answers, trades or plays along.
    #[id = "mode"]
    pub mode: EnumParam<ModeChoice>,
    /// How long an answer lasts.
    #[id = "answer_length"]
    pub answer_length: IntParam,
    /// The silence before an answer.
    #[id = "response_gap"]
    pub response_gap: FloatParam,
    /// Where an answer begins.
    #[id = "start_grid"]
    pub start_grid: EnumParam<Start>,
    /// How long each side's turn is.
    #[id = "trade_bars"]
    pub trade_bars: EnumParam<TradeBars>,
    /// Who has the first bars.
    #[id = "trade_first"]
    pub trade_first: EnumParam<First>,
    /// Whether Segue's last note may ring into the player's bars.
    #[id = "ring_over"]
    pub ring_over: BoolParam,
    /// How Segue stops when the player comes in.
    #[id = "yield"]
    pub yields: EnumParam<YieldAs>,
    /// Hands the turn to Segue.
    #[id = "your_turn"]
    pub your_turn: BoolParam,
    /// Held keys below this one are a drone.
    #[id = "drone_below"]
    pub drone_below: IntParam,
    /// Segue is silent and listens.
    #[id = "mute"]
    pub mute: BoolParam,
    /// Plays an answer again.
    #[id = "again"]
    pub again: BoolParam,
    /// Which of the last answers that is: 1 is the last.
    #[id = "recall"]
    pub recall: IntParam,
    /// Whether an answer that is played again is fitted to the present chords.
    #[id = "again_to"]
    pub again_to: EnumParam<AgainTo>,
    /// Keeps the last answers as they are.
    #[id = "keep_answers"]
    pub keep_answers: BoolParam,
}

/// Which notes Segue may play.
#[derive(Debug, Params)]
pub struct NoteParams {
    /// The key of the scale.
    #[id = "key"]
    pub key: EnumParam<KeyName>,
    /// The scale.
    #[id = "scale"]
    pub scale: EnumParam<ScaleName>,
    /// The lowest key that Segue plays.
    #[id = "range_low"]
    pub range_low: IntParam,
    /// The highest key that Segue plays.
    #[id = "range_high"]
    pub range_high: IntParam,
    /// Moves Segue's notes by octaves.
    #[id = "octave"]
    pub octave: IntParam,
    /// How much Segue plays.
    #[id = "density"]
    pub density: FloatParam,
    /// How many notes of Segue sound at once at most.
    #[id = "polyphony"]
    pub polyphony: IntParam,
    /// The longest note.
    #[id = "longest"]
    pub longest: FloatParam,
    /// How the beat is divided.
    #[id = "swing"]
    pub swing: IntParam,
    /// The grid of Segue's onsets.
    #[id = "quantise"]
    pub quantise: EnumParam<QuantiseTo>,
}

/// The chords and the accompaniment.
#[derive(Debug, Params)]
pub struct ChordParams {
    /// Where the chords come from.
    #[id = "chords"]
    pub source: EnumParam<ChordSource>,
    /// Keys of the player's below this one are chords.
    #[id = "chord_split"]
    pub chord_split: IntParam,
    /// The channel of the player's chords.
    #[id = "chord_channel"]
    pub chord_channel: IntParam,
    /// How long a note on a beat waits for a chord that the player strikes there.
    #[id = "chord_window"]
    pub chord_window: FloatParam,
    /// Plays the chords softly.
    #[id = "comping"]
    pub comping: BoolParam,
    /// How loud the comping is.
    #[id = "comping_level"]
    pub comping_level: FloatParam,
    /// The channel on which the comping is sent.
    #[id = "comping_channel"]
    pub comping_channel: IntParam,
}

/// The built-in sound.
#[derive(Debug, Params)]
pub struct SoundParams {
    /// Whether the built-in sound plays.
    #[id = "sound"]
    pub on: BoolParam,
    /// How loud it plays the player's notes.
    #[id = "player_level"]
    pub player_level: FloatParam,
    /// How loud it plays Segue's notes.
    #[id = "segue_level"]
    pub segue_level: FloatParam,
    /// A click on the beats.
    #[id = "click"]
    pub click: BoolParam,
}

/// Tempo without a host, and how far ahead notes are decided.
#[derive(Debug, Params)]
pub struct TimingParams {
    /// The tempo if the host has none.
    #[id = "tempo"]
    pub tempo: FloatParam,
    /// Where the tempo comes from without a host.
    #[id = "tempo_from"]
    pub tempo_from: EnumParam<TempoSource>,
    /// Taps the tempo.
    #[id = "tap"]
    pub tap: BoolParam,
    /// How long before its sound a note is decided.
    #[id = "look_ahead"]
    pub look_ahead: FloatParam,
    /// Whether the audio thread may wait.
    #[id = "render"]
    pub render: EnumParam<Render>,
}

/// Which notes come in, and which go out.
#[derive(Debug, Params)]
pub struct MidiParams {
    /// The channel that Segue listens to.
    #[id = "in_channel"]
    pub in_channel: IntParam,
    /// The channel of Segue's notes.
    #[id = "out_channel"]
    pub out_channel: IntParam,
    /// Whether the player's notes are sent out too.
    #[id = "thru"]
    pub thru: BoolParam,
    /// Which of Segue's parts are sent out.
    #[id = "sends"]
    pub sends: EnumParam<SendsParts>,
    /// Whether the player's keys each have a channel.
    #[id = "mpe"]
    pub mpe: BoolParam,
}

impl Default for ModelParams {
    fn default() -> Self {
        // With this skew a temperature of 1 lies just right of the middle.
        let temperature = FloatRange::Skewed { min: 0.05, max: 2.0, factor: FloatRange::skew_factor(-0.05) };
        Self {
            // Not a list of the present styles: adding a style later must not change the values in saved songs.
            style: IntParam::new("Style", i32::from(styles::DEFAULT.0), IntRange::Linear { min: 0, max: MOST_STYLES })
                .with_value_to_string(Arc::new(style_name))
                .with_string_to_value(Arc::new(style_number)),
            temperature: FloatParam::new("Temperature", 1.0, temperature).with_step_size(0.001),
            top_p: FloatParam::new("Top-p", 0.98, FloatRange::Linear { min: 0.1, max: 1.0 }).with_step_size(0.001),
            memory: percent("Memory", 1.0),
            seed: IntParam::new("Seed", 0, IntRange::Linear { min: 0, max: 9999 }),
            forget: BoolParam::new("Forget", false),
        }
    }
}

impl Default for TurnParams {
    fn default() -> Self {
        Self {
            mode: EnumParam::new("Mode", ModeChoice::Answer),
            answer_length: IntParam::new("Answer length", 4, IntRange::Linear { min: 1, max: 16 })
                .with_unit(" bars")
                .with_value_to_string(Arc::new(|bars| bars.to_string()))
                .with_string_to_value(Arc::new(|text| whole(text, "bars").or_else(|| whole(text, "bar")))),
            response_gap: milliseconds("Response gap", 100.0, 0.0, 2000.0),
            start_grid: EnumParam::new("Start", Start::Eighth),
            trade_bars: EnumParam::new("Trade", TradeBars::Four),
            trade_first: EnumParam::new("First", First::Player),
            ring_over: BoolParam::new("Ring over", false),
            yields: EnumParam::new("Yield", YieldAs::AtOnce),
            your_turn: BoolParam::new("Your turn", false),
            drone_below: key("Drone below", 48),
            // The host's own bypass button sets it too.
            mute: BoolParam::new("Mute", false).make_bypass(),
            again: BoolParam::new("Again", false),
            recall: IntParam::new("Which answer", 1, IntRange::Linear { min: 1, max: MOST_ANSWERS }),
            again_to: EnumParam::new("Again to", AgainTo::AsItWas),
            keep_answers: BoolParam::new("Keep answers", false),
        }
    }
}

impl Default for NoteParams {
    fn default() -> Self {
        Self {
            key: EnumParam::new("Key", KeyName::C),
            scale: EnumParam::new("Scale", ScaleName::Chromatic),
            range_low: key("Lowest key", 0),
            range_high: key("Highest key", 127),
            octave: IntParam::new("Octave", 0, IntRange::Linear { min: -3, max: 3 }),
            density: percent("Density", 1.0),
            polyphony: IntParam::new("Polyphony", 16, IntRange::Linear { min: 1, max: 16 }),
            longest: FloatParam::new("Longest note", 16.0, FloatRange::Skewed { min: 0.25, max: 16.0, factor: 0.5 })
                .with_step_size(0.25)
                .with_unit(" beats")
                // nice-plug would show a quarter of a beat as 0.2.
                .with_value_to_string(formatters::v2s_f32_rounded(2)),
            // The value below straight means the style's own swing.
            swing: IntParam::new("Swing", SWING_BY_STYLE, IntRange::Linear { min: SWING_BY_STYLE, max: 75 })
                .with_value_to_string(Arc::new(swing_text))
                .with_string_to_value(Arc::new(swing_value)),
            quantise: EnumParam::new("Quantise", QuantiseTo::Off),
        }
    }
}

impl Default for ChordParams {
    fn default() -> Self {
        Self {
            source: EnumParam::new("Chords", ChordSource::Chart),
            chord_split: key("Chords below", 60),
            chord_channel: IntParam::new("Chord channel", 2, IntRange::Linear { min: 1, max: 16 }),
            chord_window: milliseconds("Chord window", 30.0, 0.0, 40.0),
            comping: BoolParam::new("Comping", false),
            comping_level: level("Comping level"),
            comping_channel: channel_or("Comping channel", "None"),
        }
    }
}

impl Default for SoundParams {
    fn default() -> Self {
        Self {
            on: BoolParam::new("Sound", true),
            player_level: level("Player level"),
            segue_level: level("Segue level"),
            click: BoolParam::new("Click", false),
        }
    }
}

impl Default for TimingParams {
    fn default() -> Self {
        Self {
            tempo: FloatParam::new("Tempo without host", 120.0, FloatRange::Linear { min: 40.0, max: 300.0 })
                .with_step_size(0.1)
                .with_unit(" bpm"),
            tempo_from: EnumParam::new("Tempo from", TempoSource::Phrase),
            tap: BoolParam::new("Tap tempo", false),
            look_ahead: milliseconds("Look-ahead", 20.0, 5.0, 100.0),
            render: EnumParam::new("Render", Render::Auto).non_automatable(),
        }
    }
}

impl Default for MidiParams {
    fn default() -> Self {
        Self {
            in_channel: channel_or("Input channel", "All"),
            out_channel: IntParam::new("Output channel", 1, IntRange::Linear { min: 1, max: 16 }),
            thru: BoolParam::new("Thru", false),
            sends: EnumParam::new("Sends", SendsParts::Both),
            mpe: BoolParam::new("MPE", false),
        }
    }
}
