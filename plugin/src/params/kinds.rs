//! Kinds of parameters: how their values are shown and read.

use crate::styles;
use nice_plug::formatters::{self, s2v_f32_gain_to_db, v2s_f32_gain_to_db};
use nice_plug::prelude::*;
use nice_plug::util::db_to_gain;
use segue_engine::host::StyleNumber;
use std::sync::Arc;

const OWN_NAME: &str = "My own";
pub(super) const SWING_BY_STYLE: i32 = 49;
const SWING_WORD: &str = "By style";

pub(super) fn swing_text(percent: i32) -> String {
    if percent == SWING_BY_STYLE { SWING_WORD.to_owned() } else { format!("{percent} %") }
}

pub(super) fn swing_value(text: &str) -> Option<i32> {
    if text.trim().eq_ignore_ascii_case(SWING_WORD) { Some(SWING_BY_STYLE) } else { whole(text, "%") }
}

pub(super) fn channel_or(name: &str, none: &'static str) -> IntParam {
    let text = move |number: i32| if number == 0 { none.to_owned() } else { number.to_string() };
    let value = move |text: &str| if text.trim().eq_ignore_ascii_case(none) { Some(0) } else { whole(text, "") };
    IntParam::new(name, 0, IntRange::Linear { min: 0, max: 16 })
        .with_value_to_string(Arc::new(text))
        .with_string_to_value(Arc::new(value))
}

/// A piano key, shown by its name: 60 is C4.
pub(super) fn key(name: &str, default: i32) -> IntParam {
    IntParam::new(name, default, IntRange::Linear { min: 0, max: 127 })
        .with_value_to_string(formatters::v2s_i32_key_formatter())
        .with_string_to_value(Arc::new(key_value))
}

/// The number of a key, from its name with sharps or flats, or from its number.
// WORKAROUND(nice-plug 0.4.2): its reader knows neither `♯` nor flats, and panics at `C♯4` because it cuts the `♯` in
// two. Not reported, see <https://docs.rs/crate/nice-plug-core/0.4.2/source/src/formatters.rs#L305>. Tested by
// `the_key_reader_of_nice_plug_cuts_a_sharp_in_two`. Delete when `s2v_i32_key_formatter` reads `♯` and `♭`.
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

pub(super) fn percent(name: &str, default: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min: 0.0, max: 1.0 })
        .with_step_size(0.001)
        .with_unit(" %")
        .with_value_to_string(formatters::v2s_f32_percentage(0))
        .with_string_to_value(formatters::s2v_f32_percentage())
}

pub(super) fn milliseconds(name: &str, default: f32, min: f32, max: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min, max }).with_step_size(1.0).with_unit(" ms")
}

/// A gain shown in decibels, silent at the bottom.
pub(super) fn level(name: &str) -> FloatParam {
    const TOP_DB: f32 = 6.0;
    // The bottom is silence itself; the skew gives most of the travel to the useful decibels.
    let range = FloatRange::Skewed { min: 0.0, max: db_to_gain(TOP_DB), factor: FloatRange::skew_factor(-1.5) };
    FloatParam::new(name, 1.0, range)
        .with_unit(" dB")
        .with_value_to_string(v2s_f32_gain_to_db(1))
        .with_string_to_value(s2v_f32_gain_to_db())
}

pub(super) fn style_name(number: i32) -> String {
    if number == i32::from(styles::OWN.0) {
        return OWN_NAME.to_owned();
    }
    let style = u8::try_from(number).ok().and_then(|number| styles::style(StyleNumber(number)));
    style.map_or_else(|| format!("Style {number}"), |style| style.name.to_owned())
}

pub(super) fn style_number(text: &str) -> Option<i32> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(OWN_NAME) {
        return Some(styles::OWN.0.into());
    }
    let named = styles::STYLES.iter().find(|style| style.name.eq_ignore_ascii_case(text));
    let number = || text.trim_start_matches(|character: char| !character.is_ascii_digit()).parse().ok();
    named.map(|style| i32::from(style.number.0)).or_else(number)
}

pub(super) fn whole(text: &str, unit: &str) -> Option<i32> {
    text.trim().trim_end_matches(unit).trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::key_value;

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
    #[should_panic(expected = "char boundary")]
    fn the_key_reader_of_nice_plug_cuts_a_sharp_in_two() {
        let _ = nice_plug::formatters::s2v_i32_key_formatter()("C♯4");
    }
}
