//! What the musician can set.
//!
//! The ids are promises to people's saved songs: a test freezes them. A setting exists when someone can hear it.

use crate::preset::{self, ChartText, OwnStyle};
use crate::realtime::host::{Settings, StartGrid, StyleNumber};
use nice_plug::formatters::{self, s2v_f32_gain_to_db, v2s_f32_gain_to_db};
use nice_plug::prelude::*;
use nice_plug::util::db_to_gain;
use segue_model::sampling::Knobs;
use std::sync::Arc;

/// Room for styles to come, in whose numbers saved songs speak; the last is the musician's own.
const MOST_STYLES: i32 = preset::OWN.0 as i32;
const OWN_NAME: &str = "My own";

/// See [`StartGrid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Start {
    /// Off any grid.
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

/// Whether the audio thread may wait for the mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Render {
    /// As the host says, or seems to do.
    #[id = "auto"]
    Auto,
    /// Yes: for bounces that must come out the same every time.
    #[id = "offline"]
    Offline,
    /// Never.
    #[id = "live"]
    Live,
}

/// All parameters, and what else a song saves.
#[derive(Debug, Params)]
pub struct SegueParams {
    /// The chord chart.
    #[persist = "chart"]
    pub chart: ChartText,
    /// The file of the musician's own style.
    #[persist = "own_style"]
    pub own: OwnStyle,
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
}

impl Default for SegueParams {
    fn default() -> Self {
        // With this skew a temperature of 1 lies just right of the middle.
        let temperature = FloatRange::Skewed { min: 0.05, max: 2.0, factor: FloatRange::skew_factor(-0.05) };
        Self {
            chart: ChartText::default(),
            own: OwnStyle::default(),
            // Not a list of the styles there are: a style that is added later must not move those in saved songs.
            style: IntParam::new("Style", i32::from(preset::DEFAULT.0), IntRange::Linear { min: 0, max: MOST_STYLES })
                .with_value_to_string(Arc::new(style_name))
                .with_string_to_value(Arc::new(style_number)),
            temperature: FloatParam::new("Temperature", 0.9, temperature).with_step_size(0.001),
            memory: FloatParam::new("Memory", 1.0, FloatRange::Linear { min: 0.0, max: 1.0 })
                .with_step_size(0.001)
                .with_unit(" %")
                .with_value_to_string(formatters::v2s_f32_percentage(0))
                .with_string_to_value(formatters::s2v_f32_percentage()),
            top_p: FloatParam::new("Top-p", 0.95, FloatRange::Linear { min: 0.1, max: 1.0 }).with_step_size(0.001),
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
        }
    }
}

impl SegueParams {
    /// The values at this moment, for the hands.
    pub fn settings(&self) -> Settings {
        let (style, free_time) = self.playing();
        Settings {
            style,
            free_time,
            files: (self.chart.version(), self.own.version()),
            knobs: Knobs {
                temperature: self.temperature.value(),
                top_p: self.top_p.value(),
                memory: self.memory.value(),
                seed: u64::from(self.seed.value().unsigned_abs()),
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
            ("temperature", "0.900"),
            ("memory", "100 %"),
            ("top_p", "0.950"),
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
        assert_eq!(Start::ids(), Some(["free", "quarter", "eighth", "sixteenth", "bar"].as_slice()));
        assert_eq!(Render::ids(), Some(["auto", "offline", "live"].as_slice()));
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
    fn a_temperature_of_one_lies_near_the_middle_and_levels_reach_silence() {
        let params = SegueParams::default();
        assert!((params.temperature.preview_normalized(1.0) - 0.5).abs() < 0.05);
        assert!(params.segue_level.preview_plain(0.0) == 0.0);
    }
}
