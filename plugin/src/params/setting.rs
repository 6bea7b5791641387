//! Uniform access to any parameter by its id, as the text that a musician reads and writes.
//!
//! For presets, the editor, the command line and tests. Not for the audio thread: text allocates.
//!
//! `nice-plug` has no safe way to iterate over parameters of different types: it returns raw pointers. Only this file
//! dereferences them. A [`Setting`] borrows the parameters that it points into, and its pointer never leaves this file,
//! so the rest of the crate needs no unsafe code for it.

#![allow(unsafe_code, reason = "nice-plug gives raw pointers to parameters of different types")]

use super::SegueParams;
use nice_plug::context::gui::ParamSetter;
use nice_plug::params::internals::ParamPtr;
use nice_plug::params::{Param, Params};
use nice_plug::plugin::{ParamValue, PluginState};
use std::fmt;
use std::marker::PhantomData;

/// A parameter of a [`SegueParams`], valid as long as that one.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    ptr: ParamPtr,
    params: PhantomData<&'a SegueParams>,
}

/// Why a text is not a value of a setting. The display follows the setting's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoValue {
    /// Only one of these values is allowed.
    NotOneOf(Vec<String>),
    /// The value must lie between these two.
    Outside(String, String),
    /// The value is written like these two.
    NotLike(String, String),
}

impl fmt::Display for NoValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOneOf(choices) => write!(out, "must be one of {}", choices.join(", ")),
            Self::Outside(least, most) => write!(out, "must be between {least} and {most}"),
            Self::NotLike(least, most) => write!(out, "is written like {least} or {most}"),
        }
    }
}

/// A setting with fewer values than this shows a list of their names.
const FEW: usize = 16;

impl SegueParams {
    /// All parameters with their ids, in their order.
    pub fn each(&self) -> impl Iterator<Item = (String, Setting<'_>)> {
        self.param_map().into_iter().map(|(id, ptr, _)| (id, Setting { ptr, params: PhantomData }))
    }

    /// The parameter that a pointer points to, if it is one of these.
    pub fn setting_at(&self, ptr: ParamPtr) -> Option<Setting<'_>> {
        self.each().find(|(_, setting)| setting.ptr == ptr).map(|(_, setting)| setting)
    }

    /// Moves the numbers of a saved song into the ranges of this version, and leaves out choices that do not exist.
    ///
    /// WORKAROUND(nice-plug 0.4.2): it takes a state's numbers as they are, so that a parameter lies outside its range,
    /// and saving a choice beyond the last panics. Not reported, see
    /// <https://docs.rs/crate/nice-plug/0.4.2/source/src/wrapper/state.rs#L153>. Tested by
    /// `saved_numbers_beyond_the_range_are_moved_or_left_out`, `numbers_beyond_the_range_in_a_state_do_no_harm`.
    /// Delete when it moves them itself.
    pub fn keep_within_range(state: &mut PluginState) {
        let params = Self::default();
        state.params = std::mem::take(&mut state.params)
            .into_iter()
            .filter_map(|(id, saved)| match params.setting(&id) {
                Some(setting) => Some((id, setting.within_range(saved)?)),
                None => Some((id, saved)),
            })
            .collect();
    }

    /// The parameter with this id.
    pub fn setting(&self, id: &str) -> Option<Setting<'_>> {
        self.each().find(|(other, _)| other == id).map(|(_, setting)| setting)
    }
}

// SAFETY, for every block in here: a setting's lifetime is that of a borrow of the parameters that it was made from, so
// that they can neither move nor be dropped while it is there.
impl Setting<'_> {
    /// The name that hosts show.
    pub fn name(&self) -> String {
        // SAFETY: see above.
        unsafe { self.ptr.name() }.to_owned()
    }

    /// The present value, without modulation, 0 to 1.
    pub fn value(self) -> f32 {
        // SAFETY: see above.
        unsafe { self.ptr.unmodulated_normalized_value() }
    }

    /// The default value, 0 to 1.
    pub fn default_value(self) -> f32 {
        // SAFETY: see above.
        unsafe { self.ptr.default_normalized_value() }
    }

    /// A value, 0 to 1, as text with its unit.
    pub fn text(self, value: f32) -> String {
        // SAFETY: see above.
        unsafe { self.ptr.normalized_value_to_string(value, true) }
    }

    /// The text of every value, if there are few.
    pub fn choices(self) -> Option<Vec<String>> {
        // SAFETY: see above.
        let steps = unsafe { self.ptr.step_count() }.filter(|steps| (1..FEW).contains(steps))?;
        #[expect(clippy::cast_precision_loss, reason = "a few steps")]
        Some((0..=steps).map(|step| self.text(step as f32 / steps as f32)).collect())
    }

    /// Reads what a musician writes as a value, 0 to 1. Case does not matter.
    ///
    /// # Errors
    /// If the text is not a value, or lies outside the range.
    pub fn read(self, text: &str) -> Result<f32, NoValue> {
        let text = text.trim();
        if matches!(self.ptr, ParamPtr::BoolParam(_) | ParamPtr::EnumParam(_)) {
            return self.read_choice(text);
        }
        let (least, most) = (self.text(0.0), self.text(1.0));
        // SAFETY: see above.
        let value = unsafe { self.ptr.string_to_normalized_value(text) };
        let Some(value) = value.filter(|value| value.is_finite()) else { return Err(NoValue::NotLike(least, most)) };
        // A value outside the range was moved to its end, which has another text.
        let is_end = value <= 0.0 || value >= 1.0;
        let moved = number(text).zip(number(&self.text(value))).is_some_and(|(wanted, end)| !is_near(wanted, end));
        if is_end && moved { Err(NoValue::Outside(least, most)) } else { Ok(value) }
    }

    /// What of a saved value can be set: a number is moved into the range. `None` for a choice that does not exist.
    pub fn within_range(self, saved: ParamValue) -> Option<ParamValue> {
        match (self.ptr, saved) {
            (ParamPtr::FloatParam(param), ParamValue::F32(value)) => {
                // SAFETY: see above.
                let [one, other] = [0.0, 1.0].map(|end| unsafe { (*param).preview_plain(end) });
                (!value.is_nan()).then(|| ParamValue::F32(value.clamp(one.min(other), one.max(other))))
            }
            (ParamPtr::IntParam(param), ParamValue::I32(value)) => {
                // SAFETY: see above.
                let [one, other] = [0.0, 1.0].map(|end| unsafe { (*param).preview_plain(end) });
                Some(ParamValue::I32(value.clamp(one.min(other), one.max(other))))
            }
            (ParamPtr::EnumParam(param), ParamValue::I32(index)) => {
                // SAFETY: see above.
                let choices = unsafe { (*param).len() };
                usize::try_from(index).is_ok_and(|index| index < choices).then_some(ParamValue::I32(index))
            }
            // nice-plug leaves out what has another type, and names that it does not know.
            (_, saved) => Some(saved),
        }
    }

    fn read_choice(self, text: &str) -> Result<f32, NoValue> {
        let choices = self.choices().unwrap_or_default();
        let text = match (self.ptr, text) {
            (ParamPtr::BoolParam(_), "true") => "On",
            // Presets of earlier versions say so of lists too.
            (_, "false") => "Off",
            _ => text,
        };
        let is_meant = |choice: &&String| choice.to_lowercase() == text.to_lowercase();
        let exact = choices.iter().find(is_meant);
        // SAFETY: see above.
        let value = exact.and_then(|choice| unsafe { self.ptr.string_to_normalized_value(choice) });
        value.ok_or(NoValue::NotOneOf(choices))
    }
}

/// Moves parameters as a musician's hand does. In the editor the host receives the gestures and may record them.
pub trait Gestures {
    /// Begins a gesture.
    fn begin(&mut self, setting: Setting<'_>);
    /// Sets the value, 0 to 1.
    fn set(&mut self, setting: Setting<'_>, value: f32);
    /// Ends the gesture.
    fn end(&mut self, setting: Setting<'_>);
}

impl Gestures for ParamSetter<'_> {
    fn begin(&mut self, setting: Setting<'_>) {
        // SAFETY: the parameter is alive, because the setting borrows it.
        unsafe { self.raw_context.raw_begin_set_parameter(setting.ptr) }
    }

    fn set(&mut self, setting: Setting<'_>, value: f32) {
        // SAFETY: as above.
        unsafe { self.raw_context.raw_set_parameter_normalized(setting.ptr, value) }
    }

    fn end(&mut self, setting: Setting<'_>) {
        // SAFETY: as above.
        unsafe { self.raw_context.raw_end_set_parameter(setting.ptr) }
    }
}

/// Moves the parameters of an instance without a host.
pub struct Unhosted;

impl Gestures for Unhosted {
    fn begin(&mut self, _: Setting<'_>) {}

    fn set(&mut self, setting: Setting<'_>, value: f32) {
        // SAFETY: the parameter is alive, because the setting borrows it, and its value is an atomic.
        unsafe { setting.ptr._internal_set_normalized_value(value) };
    }

    fn end(&mut self, _: Setting<'_>) {}
}

/// The number at the beginning of a text.
fn number(text: &str) -> Option<f32> {
    let is_part = |character: char| character.is_ascii_digit() || matches!(character, '-' | '+' | '.');
    text.split(|character| !is_part(character)).next()?.parse().ok()
}

/// Whether two numbers are the same apart from the digits that are shown.
fn is_near(wanted: f32, shown: f32) -> bool {
    (wanted - shown).abs() <= 0.01 * shown.abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn read(id: &str, text: &str) -> Result<String, String> {
        let params = SegueParams::default();
        let setting = params.setting(id).expect("the setting exists");
        setting.read(text).map(|value| setting.text(value)).map_err(|error| error.to_string())
    }

    /// Of every parameter, whatever number a song has saved: a number moves to the nearest end, and a choice that does
    /// not exist is left out.
    #[test]
    #[expect(clippy::cast_precision_loss, reason = "numbers far beyond a range, or small ones within it")]
    fn saved_numbers_beyond_the_range_are_moved_or_left_out() {
        let params = SegueParams::default();
        let mut state = PluginState { version: String::new(), params: BTreeMap::new(), fields: BTreeMap::new() };
        for number in [i32::MIN, -1, 99, i32::MAX] {
            for (id, setting) in params.each() {
                let saved = match setting.ptr {
                    ParamPtr::FloatParam(_) => ParamValue::F32(number as f32 * 1e20),
                    _ => ParamValue::I32(number),
                };
                state.params.insert(id, saved);
            }
            SegueParams::keep_within_range(&mut state);
            for (id, setting) in params.each() {
                // SAFETY: the parameters are alive.
                let [least, most] = [0.0, 1.0].map(|end| unsafe { setting.ptr.preview_plain(end) });
                let value = match state.params.get(&id) {
                    Some(ParamValue::F32(value)) => *value,
                    Some(ParamValue::I32(value)) if !matches!(setting.ptr, ParamPtr::BoolParam(_)) => *value as f32,
                    _ => continue,
                };
                assert!((least..=most).contains(&value), "{id}: {number} has become {value}");
            }
        }
        assert!(!state.params.contains_key("scale"), "there are no so many scales");
        assert!(matches!(state.params["temperature"], ParamValue::F32(2.0)));
        assert!(matches!(state.params["octave"], ParamValue::I32(3)));
    }

    #[test]
    fn words_are_read_as_musicians_write_them() {
        for (id, text, meant) in [
            ("temperature", "0.8", "0.800"),
            ("mode", "trade", "Trade"),
            ("trade_bars", "2 bars", "2 bars"),
            ("swing", "66 %", "66 %"),
            ("swing", "by style", "By style"),
            ("comping", "true", "On"),
            ("comping", "off", "Off"),
            ("key", "e♭", "E♭"),
            ("scale", "minor pentatonic", "Minor pentatonic"),
            ("range_low", "C2", "C2"),
            ("style", "blues", "Blues"),
            ("longest", "2 beats", "2.00 beats"),
            ("temperature", "2", "2.000"),
        ] {
            assert_eq!(read(id, text).as_deref(), Ok(meant), "{id} = {text}");
        }
    }

    #[test]
    fn what_says_nothing_or_too_much_is_refused_with_what_there_is() {
        for (id, text, why) in [
            ("temperature", "5", "must be between 0.050 and 2.000"),
            ("temperature", "hot", "is written like 0.050 or 2.000"),
            ("mode", "solo", "must be one of Answer, Trade, Duet"),
            ("comping", "maybe", "must be one of Off, On"),
            ("answer_length", "99", "must be between 1 bars and 16 bars"),
            ("octave", "-7", "must be between -3 and 3"),
            ("range_low", "♯", "is written like C-1 or G9"),
        ] {
            assert_eq!(read(id, text), Err(why.to_owned()), "{id} = {text}");
        }
    }
}
