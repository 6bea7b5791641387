//! The parameters.
//!
//! Saved songs contain the ids, so a test freezes them. A parameter exists only if its effect can be heard.

mod answers;
mod choices;
mod groups;
mod kinds;
mod preset_name;
mod setting;
pub(crate) mod window_size;

pub use answers::SavedAnswers;
pub use choices::*;
pub use groups::*;
pub use preset_name::PresetName;
pub use setting::{Gestures, NoValue, Setting, Unhosted};
pub use window_size::{LEAST_SIZE, WindowSize};

use crate::styles::{self, ChartText, FileFacts, OwnFingerprint, OwnStyle};
use kinds::SWING_BY_STYLE;
use nice_plug::prelude::*;
use segue_engine::host::{
    AccompanimentSettings, AgainSettings, Buttons, Harmony, MidiSettings, Sends, Settings, SoundSettings, StartGrid,
    StyleNumber, StyleSettings, TempoFrom, TimingSettings, Trade, TurnSettings, Yield,
};
use segue_model::chord::OCTAVE;
use segue_model::limits::{Limits, Scale};
use segue_model::note::{Pitch, Ticks};
use segue_model::sampling::SamplingParameters;

/// All parameters, and the other things that a song saves.
#[derive(Debug, Params)]
pub struct SegueParams {
    /// The chord chart.
    #[persist = "chart"]
    pub chart: ChartText,
    /// The file of the musician's own style.
    #[persist = "own_style"]
    pub own: OwnStyle,
    /// The fingerprint of that file, by which it is found wherever it lies.
    #[persist = "own_style_mark"]
    pub own_fingerprint: OwnFingerprint,
    /// The name of the preset that was chosen last; empty before the first.
    #[persist = "preset"]
    pub preset: PresetName,
    /// The last answers.
    #[persist = "answers"]
    pub answers: SavedAnswers,
    /// The size of the editor's window.
    #[persist = "window"]
    pub window: WindowSize,
    /// The style and how it plays.
    #[nested(group = "Style")]
    pub model: ModelParams,
    /// Who plays when.
    #[nested(group = "Turns")]
    pub turns: TurnParams,
    /// Which notes Segue may play.
    #[nested(group = "Notes")]
    pub notes: NoteParams,
    /// The chords and the accompaniment.
    #[nested(group = "Chords")]
    pub harmony: ChordParams,
    /// The built-in sound.
    #[nested(group = "Sound")]
    pub sound: SoundParams,
    /// Tempo without a host, and how far ahead notes are decided.
    #[nested(group = "Timing")]
    pub timing: TimingParams,
    /// Which notes come in, and which go out.
    #[nested(group = "MIDI")]
    pub midi: MidiParams,
}

impl Default for SegueParams {
    fn default() -> Self {
        let own = OwnStyle::default();
        Self {
            chart: ChartText::default(),
            own_fingerprint: own.fingerprint(),
            own,
            preset: PresetName::default(),
            answers: SavedAnswers::default(),
            window: WindowSize::default(),
            model: ModelParams::default(),
            turns: TurnParams::default(),
            notes: NoteParams::default(),
            harmony: ChordParams::default(),
            sound: SoundParams::default(),
            timing: TimingParams::default(),
            midi: MidiParams::default(),
        }
    }
}

impl SegueParams {
    /// The present values, for the engine.
    pub fn settings(&self) -> Settings {
        let own = self.own.facts();
        let (style, free_time) = self.playing(own);
        Settings {
            turn: self.turn_settings(),
            buttons: Buttons {
                your_turn: self.turns.your_turn.value(),
                again: self.turns.again.value(),
                tap: self.timing.tap.value(),
                forget: self.model.forget.value(),
            },
            style: StyleSettings { number: style, free_time, files: (self.chart.version(), own.version) },
            again: AgainSettings {
                back: byte(self.turns.recall.value() - 1),
                fits_chords: self.turns.again_to.value() == AgainTo::PresentChords,
                keeps: self.turns.keep_answers.value(),
            },
            sampling: SamplingParameters {
                temperature: self.model.temperature.value(),
                top_p: self.model.top_p.value(),
                memory: self.model.memory.value(),
                seed: u64::from(self.model.seed.value().unsigned_abs()),
                limits: self.limits(),
                notes_per_quarter: styles::style(style).map(|style| style.notes_a_beat),
            },
            harmony: self.harmony(),
            accompaniment: AccompanimentSettings {
                comping: self.harmony.comping.value(),
                comping_channel: channel(self.harmony.comping_channel.value()),
                click: self.sound.click.value(),
            },
            timing: TimingSettings {
                tempo_bpm: f64::from(self.timing.tempo.value()),
                tempo_from: match self.timing.tempo_from.value() {
                    TempoSource::Setting => TempoFrom::Setting,
                    TempoSource::Phrase => TempoFrom::Phrase,
                },
                swing: match self.notes.swing.value() {
                    SWING_BY_STYLE => styles::style(style).map_or(styles::STRAIGHT, |style| style.swing),
                    percent => f32::from(byte(percent)) / 100.0,
                },
                look_ahead_ms: self.timing.look_ahead.value(),
                chord_window_ms: self.harmony.chord_window.value(),
            },
            midi: MidiSettings {
                in_channel: channel(self.midi.in_channel.value()),
                out_channel: u8::try_from(self.midi.out_channel.value() - 1).unwrap_or(0).min(15),
                octave: i8::try_from(self.notes.octave.value()).unwrap_or(0),
                thru: self.midi.thru.value(),
                sends: match self.midi.sends.value() {
                    SendsParts::Line => Sends { line: true, comping: false },
                    SendsParts::Comping => Sends { line: false, comping: true },
                    SendsParts::Both => Sends { line: true, comping: true },
                },
                mpe: self.midi.mpe.value(),
            },
            sound: SoundSettings {
                is_on: self.sound.on.value(),
                player_level: self.sound.player_level.value(),
                segue_level: self.sound.segue_level.value(),
                comping_level: self.harmony.comping_level.value(),
            },
        }
    }

    fn turn_settings(&self) -> TurnSettings {
        TurnSettings {
            mode: self.turns.mode.value().into(),
            trade: Trade {
                bars: self.turns.trade_bars.value().bars(),
                segue_first: self.turns.trade_first.value() == First::Segue,
                rings_over: self.turns.ring_over.value(),
            },
            response_gap_ms: self.turns.response_gap.value(),
            answer_bars: u8::try_from(self.turns.answer_length.value()).unwrap_or(1).max(1),
            start_grid: match self.turns.start_grid.value() {
                Start::Free => StartGrid::Free,
                Start::Quarter => StartGrid::Quarter,
                Start::Eighth => StartGrid::Eighth,
                Start::Sixteenth => StartGrid::Sixteenth,
                Start::Bar => StartGrid::Bar,
            },
            on_yield: match self.turns.yields.value() {
                YieldAs::AtOnce => Yield::AtOnce,
                YieldAs::AfterNote => Yield::AfterNote,
                YieldAs::AtBeat => Yield::AtBeat,
            },
            drone_below: byte(self.turns.drone_below.value()),
            is_muted: self.turns.mute.value(),
        }
    }
}

impl SegueParams {
    /// The limits that apply to each decided note.
    fn limits(&self) -> Limits {
        let scale = Scale::from(self.notes.scale.value());
        let (lowest, highest) = self.range();
        #[allow(clippy::cast_possible_truncation, reason = "some beats; `as` saturates")]
        let sixteenths = (self.notes.longest.value() * 4.0).round() as i64;
        Limits {
            classes: scale.on(self.notes.key.value() as u8),
            lowest,
            highest,
            polyphony: byte(self.notes.polyphony.value()),
            longest: Ticks(sixteenths * Ticks::quarters(1).0 / 4),
            density: self.notes.density.value(),
            grid: self.notes.quantise.value().step(),
        }
    }

    /// The range of the decided pitches. The parameters limit the sounding pitches, after the octave shift. A range
    /// that would leave the keyboard is moved as a whole.
    fn range(&self) -> (Pitch, Pitch) {
        let (one, other) = (self.notes.range_low.value(), self.notes.range_high.value());
        let (low, high) = (one.min(other), one.max(other));
        let top = i32::from(Pitch::MAX.key());
        let lowest = (low - self.notes.octave.value() * i32::from(OCTAVE)).clamp(0, (top - (high - low)).max(0));
        let pitch = |key: i32| Pitch::new(byte(key)).unwrap_or(Pitch::MAX);
        (pitch(lowest), pitch(lowest + (high - low)))
    }

    fn harmony(&self) -> Harmony {
        match self.harmony.source.value() {
            ChordSource::Chart => Harmony::Chart,
            ChordSource::Played => Harmony::Played,
            ChordSource::Low => {
                Pitch::new(byte(self.harmony.chord_split.value())).map_or(Harmony::Played, Harmony::Low)
            }
            ChordSource::Channel => {
                channel(self.harmony.chord_channel.value()).map_or(Harmony::Played, Harmony::Channel)
            }
            ChordSource::Off => Harmony::Off,
        }
    }

    /// The style that plays, and whether it plays in free time: the chosen style, or the default one if that is
    /// missing.
    fn playing(&self, own: FileFacts) -> (StyleNumber, bool) {
        let wished = StyleNumber(u8::try_from(self.model.style.value()).unwrap_or(0));
        if wished == styles::OWN && own.is_playable {
            return (wished, own.is_free_time);
        }
        let style = styles::style(wished).or_else(styles::usual);
        style.map_or((wished, false), |style| (style.number, style.free_time))
    }
}

fn byte(value: i32) -> u8 {
    u8::try_from(value).unwrap_or(0)
}

/// A channel counted from 1, as musicians do; 0 means none.
fn channel(number: i32) -> Option<u8> {
    byte(number).checked_sub(1).map(|channel| channel.min(15))
}

#[cfg(test)]
mod tests {
    use super::kinds::key;
    use super::*;

    /// Saved songs rely on the ids and defaults, so they never change; hosts see the parameters in groups.
    #[test]
    fn ids_defaults_and_groups_never_change() {
        let params = SegueParams::default();
        let frozen = [
            ("Style", "style", "Irish"),
            ("Style", "temperature", "1.000"),
            ("Style", "top_p", "0.980"),
            ("Style", "memory", "100 %"),
            ("Style", "seed", "0"),
            ("Style", "forget", "Off"),
            ("Turns", "mode", "Answer"),
            ("Turns", "answer_length", "4 bars"),
            ("Turns", "response_gap", "100 ms"),
            ("Turns", "start_grid", "1/8"),
            ("Turns", "trade_bars", "4 bars"),
            ("Turns", "trade_first", "You"),
            ("Turns", "ring_over", "Off"),
            ("Turns", "yield", "At once"),
            ("Turns", "your_turn", "Off"),
            ("Turns", "drone_below", "C3"),
            ("Turns", "mute", "Off"),
            ("Turns", "again", "Off"),
            ("Turns", "recall", "1"),
            ("Turns", "again_to", "As it was"),
            ("Turns", "keep_answers", "Off"),
            ("Notes", "key", "C"),
            ("Notes", "scale", "Chromatic"),
            ("Notes", "range_low", "C-1"),
            ("Notes", "range_high", "G9"),
            ("Notes", "octave", "0"),
            ("Notes", "density", "100 %"),
            ("Notes", "polyphony", "16"),
            ("Notes", "longest", "16.00 beats"),
            ("Notes", "swing", "By style"),
            ("Notes", "quantise", "Off"),
            ("Chords", "chords", "Chart"),
            ("Chords", "chord_split", "C4"),
            ("Chords", "chord_channel", "2"),
            ("Chords", "chord_window", "30 ms"),
            ("Chords", "comping", "Off"),
            ("Chords", "comping_level", "0.0 dB"),
            ("Chords", "comping_channel", "None"),
            ("Sound", "sound", "On"),
            ("Sound", "player_level", "0.0 dB"),
            ("Sound", "segue_level", "0.0 dB"),
            ("Sound", "click", "Off"),
            ("Timing", "tempo", "120.0 bpm"),
            ("Timing", "tempo_from", "Phrase"),
            ("Timing", "tap", "Off"),
            ("Timing", "look_ahead", "20 ms"),
            ("Timing", "render", "Auto"),
            ("MIDI", "in_channel", "All"),
            ("MIDI", "out_channel", "1"),
            ("MIDI", "thru", "Off"),
            ("MIDI", "sends", "Both"),
            ("MIDI", "mpe", "Off"),
        ];
        let groups = params.param_map().into_iter().map(|(_, _, group)| group);
        let found: Vec<(String, String, String)> = groups
            .zip(params.each())
            .map(|(group, (id, setting))| (group, id, setting.text(setting.default_value())))
            .collect();
        let owned = |(group, id, default): (&str, &str, &str)| (group.to_owned(), id.to_owned(), default.to_owned());
        assert_eq!(found, frozen.map(owned));
        let choices: [(Option<&[&str]>, &[&str]); 13] = [
            (Start::ids(), &["free", "quarter", "eighth", "sixteenth", "bar"]),
            (Render::ids(), &["auto", "offline", "live"]),
            (ModeChoice::ids(), &["answer", "trade", "duet"]),
            (TradeBars::ids(), &["1", "2", "4", "8", "12"]),
            (First::ids(), &["player", "segue"]),
            (YieldAs::ids(), &["at_once", "after_note", "at_beat"]),
            (AgainTo::ids(), &["as_it_was", "present_chords"]),
            (SendsParts::ids(), &["line", "comping", "both"]),
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
        for (id, setting) in params.each() {
            for step in 0_u8..=20 {
                let text = setting.text(f32::from(step) / 20.0);
                let again = setting.read(&text).map(|value| setting.text(value));
                assert_eq!(again.as_deref(), Ok(text.as_str()), "{id}");
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
        for entry in crate::preset::Shelf::open_at(None).entries() {
            assert!(GUIDE.contains(&format!("| {} | {} |", entry.preset.name, entry.preset.style)));
        }
    }

    /// Every parameter has its own name, short enough for hosts to show.
    #[test]
    fn parameter_names_are_unique_and_short() {
        const LONGEST: usize = 20;
        let params = SegueParams::default();
        let names: Vec<String> = params.each().map(|(_, setting)| setting.name()).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{name} twice");
            assert!((1..=LONGEST).contains(&name.chars().count()), "{name}");
        }
    }

    /// The range limits what sounds after the octave shift, each scale has its own name, and a new instance sets no
    /// limit.
    #[test]
    fn range_scale_and_limits_reach_the_model_as_they_read() {
        let check = |(low, high, octave), expected: (u8, u8)| {
            let notes = NoteParams {
                range_low: key("Lowest key", low),
                range_high: key("Highest key", high),
                octave: IntParam::new("Octave", octave, IntRange::Linear { min: -3, max: 3 }),
                ..NoteParams::default()
            };
            let params = SegueParams { notes, ..SegueParams::default() };
            let Limits { lowest, highest, .. } = params.settings().sampling.limits;
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
        let limits = SegueParams::default().settings().sampling.limits;
        let none = Limits { polyphony: 16, longest: Ticks::quarters(16), ..Limits::NONE };
        assert_eq!(limits, none);
    }

    /// Temperature 1 lies near the middle of its control, and levels go down to silence.
    #[test]
    fn temperature_one_is_near_the_middle_and_levels_reach_silence() {
        let params = SegueParams::default();
        assert!((params.model.temperature.preview_normalized(1.0) - 0.5).abs() < 0.05);
        assert!(params.sound.segue_level.preview_plain(0.0) == 0.0);
    }
}
