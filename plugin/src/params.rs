//! What the musician can set.
//!
//! The ids are promises to people's saved songs: a test freezes them. A setting exists when someone can hear it.

mod choices;
mod setting;

pub use choices::*;
pub use setting::{NoValue, Setting};

use crate::editor::WindowMemory;
use crate::preset::{self, ChartText, OwnStyle};
use crate::realtime::host::{Harmony, Settings, StartGrid, StyleNumber, TempoFrom, Trade, Yield};
use nice_plug::formatters::{self, s2v_f32_gain_to_db, v2s_f32_gain_to_db};
use nice_plug::prelude::*;
use nice_plug::util::db_to_gain;
use segue_model::chord::OCTAVE;
use segue_model::limits::{Limits, Scale};
use segue_model::note::{Pitch, Ticks};
use segue_model::sampling::Knobs;
use std::sync::Arc;

/// Room for styles to come, in whose numbers saved songs speak; the last is the musician's own.
const MOST_STYLES: i32 = preset::OWN.0 as i32;
const OWN_NAME: &str = "My own";

/// All parameters, and what else a song saves.
#[derive(Debug, Params)]
pub struct SegueParams {
    /// The chord chart.
    #[persist = "chart"]
    pub chart: ChartText,
    /// The file of the musician's own style.
    #[persist = "own_style"]
    pub own: OwnStyle,
    /// The size of the editor's window.
    #[persist = "window"]
    pub window: WindowMemory,
    /// Which style plays.
    #[id = "style"]
    pub style: IntParam,
    /// How daring the choices are.
    #[id = "temperature"]
    pub temperature: FloatParam,
    /// How often what was played in this session is taken up.
    #[id = "memory"]
    pub memory: FloatParam,
    /// How much of the improbable is left out.
    #[id = "top_p"]
    pub top_p: FloatParam,
    /// Silence before an answer.
    #[id = "response_gap"]
    pub response_gap: FloatParam,
    /// How long an answer lasts.
    #[id = "answer_length"]
    pub answer_length: IntParam,
    /// Where it begins.
    #[id = "start_grid"]
    pub start_grid: EnumParam<Start>,
    /// Whether the player's notes go out too.
    #[id = "thru"]
    pub thru: BoolParam,
    /// Another seed, another answer.
    #[id = "seed"]
    pub seed: IntParam,
    /// The built-in sound.
    #[id = "sound"]
    pub sound: BoolParam,
    /// How loud it plays the player's notes.
    #[id = "player_level"]
    pub player_level: FloatParam,
    /// How loud it plays Segue's notes.
    #[id = "segue_level"]
    pub segue_level: FloatParam,
    /// The tempo where the host has none.
    #[id = "tempo"]
    pub tempo: FloatParam,
    /// The channel of Segue's notes.
    #[id = "out_channel"]
    pub out_channel: IntParam,
    /// How long before it could sound a note is decided.
    #[id = "look_ahead"]
    pub look_ahead: FloatParam,
    /// Whether the audio thread may wait.
    #[id = "render"]
    pub render: EnumParam<Render>,
    /// Whether Segue answers, trades or plays along.
    #[id = "mode"]
    pub mode: EnumParam<Mode>,
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
    /// How much room is left.
    #[id = "density"]
    pub density: FloatParam,
    /// Hands the turn over.
    #[id = "your_turn"]
    pub your_turn: BoolParam,
    /// Below it held keys are a drone.
    #[id = "drone_below"]
    pub drone_below: IntParam,
    /// Taps the tempo.
    #[id = "tap"]
    pub tap: BoolParam,
    /// Where the tempo comes from without a host.
    #[id = "tempo_from"]
    pub tempo_from: EnumParam<TempoSource>,
    /// Clears the memory of this session.
    #[id = "forget"]
    pub forget: BoolParam,
    /// The key of the scale.
    #[id = "key"]
    pub key: EnumParam<KeyName>,
    /// What may be played.
    #[id = "scale"]
    pub scale: EnumParam<ScaleName>,
    /// The lowest key that Segue plays.
    #[id = "range_low"]
    pub range_low: IntParam,
    /// The highest.
    #[id = "range_high"]
    pub range_high: IntParam,
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
    /// Moves Segue's notes by octaves.
    #[id = "octave"]
    pub octave: IntParam,
    /// Where the chords come from.
    #[id = "chords"]
    pub chords: EnumParam<ChordSource>,
    /// Below it the player's keys are chords.
    #[id = "chord_split"]
    pub chord_split: IntParam,
    /// The channel of the player's chords.
    #[id = "chord_channel"]
    pub chord_channel: IntParam,
    /// Plays the chords softly.
    #[id = "comping"]
    pub comping: BoolParam,
    /// How loud.
    #[id = "comping_level"]
    pub comping_level: FloatParam,
    /// The channel on which they go out.
    #[id = "comping_channel"]
    pub comping_channel: IntParam,
    /// A click on the beats.
    #[id = "click"]
    pub click: BoolParam,
    /// The channel that is heard.
    #[id = "in_channel"]
    pub in_channel: IntParam,
}

impl Default for SegueParams {
    fn default() -> Self {
        // With this skew a temperature of 1 lies just right of the middle.
        let temperature = FloatRange::Skewed { min: 0.05, max: 2.0, factor: FloatRange::skew_factor(-0.05) };
        Self {
            chart: ChartText::default(),
            own: OwnStyle::default(),
            window: WindowMemory::default(),
            // Not a list of the styles there are: a style that is added later must not move those in saved songs.
            style: IntParam::new("Style", i32::from(preset::DEFAULT.0), IntRange::Linear { min: 0, max: MOST_STYLES })
                .with_value_to_string(Arc::new(style_name))
                .with_string_to_value(Arc::new(style_number)),
            temperature: FloatParam::new("Temperature", 1.0, temperature).with_step_size(0.001),
            memory: percent("Memory", 1.0),
            top_p: FloatParam::new("Top-p", 0.98, FloatRange::Linear { min: 0.1, max: 1.0 }).with_step_size(0.001),
            response_gap: milliseconds("Response gap", 100.0, 0.0, 2000.0),
            answer_length: IntParam::new("Answer length", 4, IntRange::Linear { min: 1, max: 16 })
                .with_unit(" bars")
                .with_value_to_string(Arc::new(|bars| bars.to_string()))
                .with_string_to_value(Arc::new(|text| whole(text, "bars").or_else(|| whole(text, "bar")))),
            start_grid: EnumParam::new("Start", Start::Eighth),
            thru: BoolParam::new("Thru", false),
            seed: IntParam::new("Seed", 0, IntRange::Linear { min: 0, max: 9999 }),
            sound: BoolParam::new("Sound", true),
            player_level: level("Player level"),
            segue_level: level("Segue level"),
            tempo: FloatParam::new("Tempo without host", 120.0, FloatRange::Linear { min: 40.0, max: 300.0 })
                .with_step_size(0.1)
                .with_unit(" bpm"),
            out_channel: IntParam::new("Output channel", 1, IntRange::Linear { min: 1, max: 16 }),
            look_ahead: milliseconds("Look-ahead", 20.0, 5.0, 100.0),
            render: EnumParam::new("Render", Render::Auto).non_automatable(),
            mode: EnumParam::new("Mode", Mode::Answer),
            trade_bars: EnumParam::new("Trade", TradeBars::Four),
            trade_first: EnumParam::new("First", First::Player),
            ring_over: BoolParam::new("Ring over", false),
            yields: EnumParam::new("Yield", YieldAs::AtOnce),
            density: percent("Density", 1.0),
            your_turn: BoolParam::new("Your turn", false),
            drone_below: key("Drone below", 48),
            tap: BoolParam::new("Tap tempo", false),
            tempo_from: EnumParam::new("Tempo from", TempoSource::Setting),
            forget: BoolParam::new("Forget", false),
            key: EnumParam::new("Key", KeyName::C),
            scale: EnumParam::new("Scale", ScaleName::Chromatic),
            range_low: key("Lowest key", 0),
            range_high: key("Highest key", 127),
            polyphony: IntParam::new("Polyphony", 16, IntRange::Linear { min: 1, max: 16 }),
            longest: FloatParam::new("Longest note", 16.0, FloatRange::Skewed { min: 0.25, max: 16.0, factor: 0.5 })
                .with_step_size(0.25)
                .with_unit(" beats")
                // The framework would show a quarter of a beat as 0.2.
                .with_value_to_string(formatters::v2s_f32_rounded(2)),
            // One below straight is the style's own.
            swing: IntParam::new("Swing", SWING_BY_STYLE, IntRange::Linear { min: SWING_BY_STYLE, max: 75 })
                .with_value_to_string(Arc::new(swing_text))
                .with_string_to_value(Arc::new(swing_value)),
            quantise: EnumParam::new("Quantise", QuantiseTo::Off),
            octave: IntParam::new("Octave", 0, IntRange::Linear { min: -3, max: 3 }),
            chords: EnumParam::new("Chords", ChordSource::Chart),
            chord_split: key("Chords below", 60),
            chord_channel: IntParam::new("Chord channel", 2, IntRange::Linear { min: 1, max: 16 }),
            comping: BoolParam::new("Comping", false),
            comping_level: level("Comping level"),
            comping_channel: channel_or("Comping channel", "None"),
            click: BoolParam::new("Click", false),
            in_channel: channel_or("Input channel", "All"),
        }
    }
}

impl SegueParams {
    /// The values at this moment, for the hands.
    pub fn settings(&self) -> Settings {
        let (style, free_time) = self.playing();
        Settings {
            mode: self.mode.value().into(),
            trade: Trade {
                bars: self.trade_bars.value().bars(),
                segue_first: self.trade_first.value() == First::Segue,
                rings_over: self.ring_over.value(),
            },
            yields: match self.yields.value() {
                YieldAs::AtOnce => Yield::AtOnce,
                YieldAs::AfterNote => Yield::AfterNote,
                YieldAs::AtBeat => Yield::AtBeat,
            },
            drone_below: byte(self.drone_below.value()),
            your_turn: self.your_turn.value(),
            tap: self.tap.value(),
            forget: self.forget.value(),
            tempo_from: match self.tempo_from.value() {
                TempoSource::Setting => TempoFrom::Setting,
                TempoSource::Phrase => TempoFrom::Phrase,
            },
            harmony: self.harmony(),
            swing: match self.swing.value() {
                SWING_BY_STYLE => preset::style(style).map_or(preset::STRAIGHT, |style| style.swing),
                percent => f32::from(byte(percent)) / 100.0,
            },
            octave: i8::try_from(self.octave.value()).unwrap_or(0),
            in_channel: channel(self.in_channel.value()),
            comping: self.comping.value(),
            comping_channel: channel(self.comping_channel.value()),
            click: self.click.value(),
            style,
            free_time,
            files: (self.chart.version(), self.own.version()),
            knobs: Knobs {
                temperature: self.temperature.value(),
                top_p: self.top_p.value(),
                memory: self.memory.value(),
                seed: u64::from(self.seed.value().unsigned_abs()),
                limits: self.limits(),
            },
            response_gap_ms: self.response_gap.value(),
            answer_bars: u8::try_from(self.answer_length.value()).unwrap_or(1).max(1),
            start_grid: match self.start_grid.value() {
                Start::Free => StartGrid::Free,
                Start::Quarter => StartGrid::Quarter,
                Start::Eighth => StartGrid::Eighth,
                Start::Sixteenth => StartGrid::Sixteenth,
                Start::Bar => StartGrid::Bar,
            },
            thru: self.thru.value(),
            look_ahead_ms: self.look_ahead.value(),
            tempo_bpm: f64::from(self.tempo.value()),
            channel: u8::try_from(self.out_channel.value() - 1).unwrap_or(0).min(15),
        }
    }
}

impl SegueParams {
    /// What may be decided.
    fn limits(&self) -> Limits {
        let scale = Scale::from(self.scale.value());
        let (lowest, highest) = self.range();
        #[allow(clippy::cast_possible_truncation, reason = "some beats; `as` saturates")]
        let sixteenths = (self.longest.value() * 4.0).round() as i64;
        Limits {
            classes: scale.on(self.key.value() as u8),
            lowest,
            highest,
            polyphony: byte(self.polyphony.value()),
            longest: Ticks(sixteenths * Ticks::quarters(1).0 / 4),
            density: self.density.value(),
            grid: self.quantise.value().step(),
        }
    }

    /// The range of what is decided. The parameters say what sounds, after it was moved by octaves; where that would lead
    /// beyond the keyboard, the range as a whole lies at its end.
    fn range(&self) -> (Pitch, Pitch) {
        let (one, other) = (self.range_low.value(), self.range_high.value());
        let (low, high) = (one.min(other), one.max(other));
        let top = i32::from(Pitch::MAX.key());
        let lowest = (low - self.octave.value() * i32::from(OCTAVE)).clamp(0, (top - (high - low)).max(0));
        let pitch = |key: i32| Pitch::new(byte(key)).unwrap_or(Pitch::MAX);
        (pitch(lowest), pitch(lowest + (high - low)))
    }

    fn harmony(&self) -> Harmony {
        match self.chords.value() {
            ChordSource::Chart => Harmony::Chart,
            ChordSource::Played => Harmony::Played,
            ChordSource::Low => Pitch::new(byte(self.chord_split.value())).map_or(Harmony::Played, Harmony::Low),
            ChordSource::Channel => channel(self.chord_channel.value()).map_or(Harmony::Played, Harmony::Channel),
            ChordSource::Off => Harmony::Off,
        }
    }

    /// The style that plays, and whether it does so in free time: the one that is asked for, or the usual one where that
    /// is not there.
    fn playing(&self) -> (StyleNumber, bool) {
        let wished = StyleNumber(u8::try_from(self.style.value()).unwrap_or(0));
        if wished == preset::OWN && self.own.is_playable() {
            return (wished, self.own.is_free_time());
        }
        let style = preset::style(wished).or_else(preset::usual);
        style.map_or((wished, false), |style| (style.number, style.free_time))
    }
}

const SWING_BY_STYLE: i32 = 49;
const SWING_WORD: &str = "By style";

fn swing_text(percent: i32) -> String {
    if percent == SWING_BY_STYLE { SWING_WORD.to_owned() } else { format!("{percent} %") }
}

fn swing_value(text: &str) -> Option<i32> {
    if text.trim().eq_ignore_ascii_case(SWING_WORD) { Some(SWING_BY_STYLE) } else { whole(text, "%") }
}

fn byte(value: i32) -> u8 {
    u8::try_from(value).unwrap_or(0)
}

/// A channel as musicians count them, or none, which is 0.
fn channel(number: i32) -> Option<u8> {
    byte(number).checked_sub(1).map(|channel| channel.min(15))
}

fn channel_or(name: &str, none: &'static str) -> IntParam {
    let text = move |number: i32| if number == 0 { none.to_owned() } else { number.to_string() };
    let value = move |text: &str| if text.trim().eq_ignore_ascii_case(none) { Some(0) } else { whole(text, "") };
    IntParam::new(name, 0, IntRange::Linear { min: 0, max: 16 })
        .with_value_to_string(Arc::new(text))
        .with_string_to_value(Arc::new(value))
}

/// A key of the piano, which reads as its name: 60 is C4.
fn key(name: &str, default: i32) -> IntParam {
    IntParam::new(name, default, IntRange::Linear { min: 0, max: 127 })
        .with_value_to_string(formatters::v2s_i32_key_formatter())
        .with_string_to_value(Arc::new(key_value))
}

/// The number of a key's name, with sharps or flats, or of its number. (The framework's own reader cuts a `♯` in two.)
fn key_value(text: &str) -> Option<i32> {
    const NAMES: [(char, i32); 7] = [('C', 0), ('D', 2), ('E', 4), ('F', 5), ('G', 7), ('A', 9), ('B', 11)];
    let text = text.trim();
    let mut rest = text.chars();
    let Some(letter) = rest.next().filter(char::is_ascii_alphabetic) else { return text.parse().ok() };
    let (_, key) = NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(&letter))?;
    let rest = rest.as_str();
    let (octave, sign) = match (rest.strip_prefix(['#', '♯']), rest.strip_prefix(['b', '♭'])) {
        (Some(octave), _) => (octave, 1),
        (None, Some(octave)) => (octave, -1),
        (None, None) => (rest, 0),
    };
    let octave: i32 = octave.trim().parse().ok()?;
    Some(12 * octave.checked_add(1)?.clamp(-1, 20) + key + sign)
}

fn percent(name: &str, default: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min: 0.0, max: 1.0 })
        .with_step_size(0.001)
        .with_unit(" %")
        .with_value_to_string(formatters::v2s_f32_percentage(0))
        .with_string_to_value(formatters::s2v_f32_percentage())
}

fn milliseconds(name: &str, default: f32, min: f32, max: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min, max }).with_step_size(1.0).with_unit(" ms")
}

/// A gain that reads in decibels, silent at the bottom.
fn level(name: &str) -> FloatParam {
    const TOP_DB: f32 = 6.0;
    // The bottom is silence itself; the skew gives most of the way to the decibels that matter.
    let range = FloatRange::Skewed { min: 0.0, max: db_to_gain(TOP_DB), factor: FloatRange::skew_factor(-1.5) };
    FloatParam::new(name, 1.0, range)
        .with_unit(" dB")
        .with_value_to_string(v2s_f32_gain_to_db(1))
        .with_string_to_value(s2v_f32_gain_to_db())
}

fn style_name(number: i32) -> String {
    if number == i32::from(preset::OWN.0) {
        return OWN_NAME.to_owned();
    }
    let style = u8::try_from(number).ok().and_then(|number| preset::style(StyleNumber(number)));
    style.map_or_else(|| format!("Style {number}"), |style| style.name.to_owned())
}

fn style_number(text: &str) -> Option<i32> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(OWN_NAME) {
        return Some(preset::OWN.0.into());
    }
    let named = preset::STYLES.iter().find(|style| style.name.eq_ignore_ascii_case(text));
    let number = || text.trim_start_matches(|character: char| !character.is_ascii_digit()).parse().ok();
    named.map(|style| i32::from(style.number.0)).or_else(number)
}

fn whole(text: &str, unit: &str) -> Option<i32> {
    text.trim().trim_end_matches(unit).trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_and_defaults_that_saved_songs_rely_on_never_change() {
        let params = SegueParams::default();
        let frozen = [
            ("style", "Irish"),
            ("temperature", "1.000"),
            ("memory", "100 %"),
            ("top_p", "0.980"),
            ("response_gap", "100 ms"),
            ("answer_length", "4 bars"),
            ("start_grid", "1/8"),
            ("thru", "Off"),
            ("seed", "0"),
            ("sound", "On"),
            ("player_level", "0.0 dB"),
            ("segue_level", "0.0 dB"),
            ("tempo", "120.0 bpm"),
            ("out_channel", "1"),
            ("look_ahead", "20 ms"),
            ("render", "Auto"),
            ("mode", "Answer"),
            ("trade_bars", "4 bars"),
            ("trade_first", "You"),
            ("ring_over", "Off"),
            ("yield", "At once"),
            ("density", "100 %"),
            ("your_turn", "Off"),
            ("drone_below", "C3"),
            ("tap", "Off"),
            ("tempo_from", "Setting"),
            ("forget", "Off"),
            ("key", "C"),
            ("scale", "Chromatic"),
            ("range_low", "C-1"),
            ("range_high", "G9"),
            ("polyphony", "16"),
            ("longest", "16.00 beats"),
            ("swing", "By style"),
            ("quantise", "Off"),
            ("octave", "0"),
            ("chords", "Chart"),
            ("chord_split", "C4"),
            ("chord_channel", "2"),
            ("comping", "Off"),
            ("comping_level", "0.0 dB"),
            ("comping_channel", "None"),
            ("click", "Off"),
            ("in_channel", "All"),
        ];
        let map = params.param_map();
        let found: Vec<(String, String)> = map
            .iter()
            // SAFETY: the pointers point into `params`, which outlives them.
            .map(|(id, param, _)| unsafe {
                (id.clone(), param.normalized_value_to_string(param.default_normalized_value(), true))
            })
            .collect();
        assert_eq!(found, frozen.map(|(id, default)| (id.to_owned(), default.to_owned())));
        let choices: [(Option<&[&str]>, &[&str]); 11] = [
            (Start::ids(), &["free", "quarter", "eighth", "sixteenth", "bar"]),
            (Render::ids(), &["auto", "offline", "live"]),
            (Mode::ids(), &["answer", "trade", "duet"]),
            (TradeBars::ids(), &["1", "2", "4", "8", "12"]),
            (First::ids(), &["player", "segue"]),
            (YieldAs::ids(), &["at_once", "after_note", "at_beat"]),
            (TempoSource::ids(), &["setting", "phrase"]),
            (KeyName::ids(), &["c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b"]),
            (
                ScaleName::ids(),
                &[
                    "chromatic",
                    "major",
                    "minor",
                    "harmonic_minor",
                    "melodic_minor",
                    "dorian",
                    "phrygian",
                    "lydian",
                    "mixolydian",
                    "locrian",
                    "major_pentatonic",
                    "minor_pentatonic",
                    "blues",
                ],
            ),
            (QuantiseTo::ids(), &["off", "eighth", "eighth_triplet", "sixteenth", "sixteenth_triplet"]),
            (ChordSource::ids(), &["chart", "played", "low", "channel", "off"]),
        ];
        for (found, frozen) in choices {
            assert_eq!(found, Some(frozen));
        }
    }

    #[test]
    fn every_parameter_reads_back_the_text_that_it_writes() {
        let params = SegueParams::default();
        for (id, param, _) in params.param_map() {
            for step in 0_u8..=20 {
                // SAFETY: as above.
                unsafe {
                    let text = param.normalized_value_to_string(f32::from(step) / 20.0, true);
                    let value = param.string_to_normalized_value(&text);
                    let again = value.map(|value| param.normalized_value_to_string(value, true));
                    assert_eq!(again.as_deref(), Some(text.as_str()), "{id}");
                }
            }
        }
    }

    #[test]
    fn the_guide_says_what_every_parameter_sounds_like_in_one_line() {
        const GUIDE: &str = include_str!("../GUIDE.md");
        for (id, setting) in SegueParams::default().each() {
            let name = format!("**{}**", setting.name());
            let explains = |line: &&str| line.starts_with('|') && line.contains(&name) || line.starts_with(&name);
            assert!(GUIDE.lines().any(|line| explains(&line)), "{id}: {name}");
        }
        for entry in preset::Shelf::open_at(None).entries() {
            assert!(GUIDE.contains(&format!("| {} | {} |", entry.preset.name, entry.preset.style)));
        }
    }

    #[test]
    fn every_parameter_has_a_name_of_its_own_that_fits_where_hosts_show_it() {
        const LONGEST: usize = 20;
        let params = SegueParams::default();
        let names: Vec<String> = params.each().map(|(_, setting)| setting.name()).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{name} twice");
            assert!((1..=LONGEST).contains(&name.chars().count()), "{name}");
        }
    }

    #[test]
    fn keys_are_read_with_sharps_flats_and_numbers() {
        for (text, key) in
            [("C4", 60), ("c4", 60), ("F#3", 54), ("G♭3", 54), ("Db4", 61), ("B♯3", 60), ("C-1", 0), ("60", 60)]
        {
            assert_eq!(key_value(text), Some(key), "{text}");
        }
        for text in ["", "♯", "H2", "C", "C##4", "C99999999999", "é4"] {
            assert_eq!(key_value(text), None, "{text}");
        }
    }

    #[test]
    fn the_range_says_what_sounds_scales_are_called_by_their_names_and_no_limit_is_set_at_first() {
        let check = |(low, high, octave), expected: (u8, u8)| {
            let params = SegueParams {
                range_low: key("Lowest key", low),
                range_high: key("Highest key", high),
                octave: IntParam::new("Octave", octave, IntRange::Linear { min: -3, max: 3 }),
                ..SegueParams::default()
            };
            let Limits { lowest, highest, .. } = params.settings().knobs.limits;
            assert_eq!((lowest.key(), highest.key()), expected, "{low} to {high}, moved by {octave} octaves");
        };
        check((48, 72, 0), (48, 72));
        check((72, 48, 0), (48, 72));
        check((36, 60, -2), (60, 84));
        check((0, 127, 3), (0, 127));
        check((100, 124, -2), (103, 127));
        for (index, scale) in Scale::ALL.into_iter().enumerate() {
            let name = ScaleName::from_index(index);
            assert_eq!((Scale::from(name), format!("{name:?}")), (scale, format!("{scale:?}")));
        }
        let limits = SegueParams::default().settings().knobs.limits;
        let none = Limits { polyphony: 16, longest: Ticks::quarters(16), ..Limits::NONE };
        assert_eq!(limits, none);
    }

    #[test]
    fn a_temperature_of_one_lies_near_the_middle_and_levels_reach_silence() {
        let params = SegueParams::default();
        assert!((params.temperature.preview_normalized(1.0) - 0.5).abs() < 0.05);
        assert!(params.segue_level.preview_plain(0.0) == 0.0);
    }
}
