//! Uniform access to any parameter by its id, as the text that a musician reads and writes.
//!
//! For presets, the editor, the command line and tests. Not for the audio thread: text takes memory.
//!
//! `nice-plug` has no safe way to go through parameters of different types: it hands out raw pointers. This is the one
//! file that follows them. A [`Setting`] borrows the parameters that it points into, and its pointer never leaves this
//! file, so that nothing else in the crate has to be unsafe for it.

#![allow(unsafe_code, reason = "nice-plug gives raw pointers to parameters of different types")]

use super::SegueParams;
use nice_plug::context::gui::ParamSetter;
use nice_plug::params::Params;
use nice_plug::params::internals::ParamPtr;
use std::fmt;
use std::marker::PhantomData;

/// A parameter of a [`SegueParams`] that lives as long.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    ptr: ParamPtr,
    params: PhantomData<&'a SegueParams>,
}

/// Why a text is not a value of a setting. Its display is meant to follow the setting's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoValue {
    /// It takes one of these.
    NotOneOf(Vec<String>),
    /// It goes from here to there.
    Outside(String, String),
    /// It is written like these two.
    NotLike(String, String),
}

impl fmt::Display for NoValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOneOf(choices) => write!(out, "is one of {}", choices.join(", ")),
            Self::Outside(least, most) => write!(out, "goes from {least} to {most}"),
            Self::NotLike(least, most) => write!(out, "is written like {least} or {most}"),
        }
    }
}

/// A setting with fewer values than this is a list of their names.
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

    /// The parameter with this id.
    pub fn setting(&self, id: &str) -> Option<Setting<'_>> {
        self.each().find(|(other, _)| other == id).map(|(_, setting)| setting)
    }
}

// SAFETY, for every block in here: a setting's lifetime is that of a borrow of the parameters that it was made from, so
// that they can neither move nor be dropped while it is there.
impl Setting<'_> {
    /// As hosts show it.
    pub fn name(&self) -> String {
        // SAFETY: see above.
        unsafe { self.ptr.name() }.to_owned()
    }

    /// The value now, without modulation, 0 to 1.
    pub fn value(self) -> f32 {
        // SAFETY: see above.
        unsafe { self.ptr.unmodulated_normalized_value() }
    }

    /// The value of a new instance, 0 to 1.
    pub fn default_value(self) -> f32 {
        // SAFETY: see above.
        unsafe { self.ptr.default_normalized_value() }
    }

    /// A value, 0 to 1, with its unit.
    pub fn text(self, value: f32) -> String {
        // SAFETY: see above.
        unsafe { self.ptr.normalized_value_to_string(value, true) }
    }

    /// Every value's text, where there are few.
    pub fn choices(self) -> Option<Vec<String>> {
        // SAFETY: see above.
        let steps = unsafe { self.ptr.step_count() }.filter(|steps| (1..FEW).contains(steps))?;
        #[expect(clippy::cast_precision_loss, reason = "a few steps")]
        Some((0..=steps).map(|step| self.text(step as f32 / steps as f32)).collect())
    }

    /// The value, 0 to 1, of what a musician writes. Capital or small letters are the same.
    ///
    /// # Errors
    /// When the text is not a value, or lies outside the range.
    pub fn read(self, text: &str) -> Result<f32, NoValue> {
        let text = text.trim();
        if matches!(self.ptr, ParamPtr::BoolParam(_) | ParamPtr::EnumParam(_)) {
            return self.read_choice(text);
        }
        let (least, most) = (self.text(0.0), self.text(1.0));
        // SAFETY: see above.
        let value = unsafe { self.ptr.string_to_normalized_value(text) };
        let Some(value) = value.filter(|value| value.is_finite()) else { return Err(NoValue::NotLike(least, most)) };
        // A value outside the range was moved to its end, and reads differently there.
        let is_end = value <= 0.0 || value >= 1.0;
        let moved = number(text).zip(number(&self.text(value))).is_some_and(|(wished, end)| !is_near(wished, end));
        if is_end && moved { Err(NoValue::Outside(least, most)) } else { Ok(value) }
    }

    fn read_choice(self, text: &str) -> Result<f32, NoValue> {
        let choices = self.choices().unwrap_or_default();
        let text = match (self.ptr, text) {
            (ParamPtr::BoolParam(_), "true") => "On",
            (ParamPtr::BoolParam(_), "false") => "Off",
            _ => text,
        };
        let is_meant = |choice: &&String| choice.to_lowercase() == text.to_lowercase();
        let exact = choices.iter().find(is_meant);
        // SAFETY: see above.
        let value = exact.and_then(|choice| unsafe { self.ptr.string_to_normalized_value(choice) });
        value.ok_or(NoValue::NotOneOf(choices))
    }
}

/// Who moves parameters, as a musician's hand does. In the editor that is the host, which may record each gesture.
pub trait Gestures {
    /// The musician takes hold of the control.
    fn begin(&mut self, setting: Setting<'_>);
    /// Moves it, 0 to 1.
    fn set(&mut self, setting: Setting<'_>, value: f32);
    /// Lets go.
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

/// Moves the parameters of an instance that has no host to be told.
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

/// Near enough to be the same number, shown with fewer digits.
fn is_near(wished: f32, shown: f32) -> bool {
    (wished - shown).abs() <= 0.01 * shown.abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(id: &str, text: &str) -> Result<String, String> {
        let params = SegueParams::default();
        let setting = params.setting(id).expect("it is there");
        setting.read(text).map(|value| setting.text(value)).map_err(|error| error.to_string())
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
            ("temperature", "5", "goes from 0.050 to 2.000"),
            ("temperature", "hot", "is written like 0.050 or 2.000"),
            ("mode", "solo", "is one of Answer, Trade, Duet"),
            ("comping", "maybe", "is one of Off, On"),
            ("answer_length", "99", "goes from 1 bars to 16 bars"),
            ("octave", "-7", "goes from -3 to 3"),
            ("range_low", "♯", "is written like C-1 or G9"),
        ] {
            assert_eq!(read(id, text), Err(why.to_owned()), "{id} = {text}");
        }
    }
}
