//! The file format of presets: TOML that a musician can read, write and send to a friend.
//!
//! ```toml
//! name = "Slow blues"
//! for = "Two bars you, two bars Segue, late at night."
//! style = "Blues"
//! chart = "A7 | D7 | A7 | %"
//!
//! [settings]
//! mode = "Trade"
//! trade_bars = "2 bars"
//! temperature = 0.8
//! ```

use super::{Preset, STYLE, is_of_presets};
use crate::params::{SegueParams, Setting};
use segue_model::chart::Chart;
use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::Range;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

/// Longer names fit neither on a screen nor in a file name.
pub(super) const LONGEST_NAME: usize = 64;
const NAME: &str = "name";
const PURPOSE: &str = "for";
const CREDITS: &str = "credits";
const OWN_STYLE: &str = "own_style";
const CHART: &str = "chart";
const SETTINGS: &str = "settings";

/// A file that is not a preset, and why. The display is one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetRefused {
    /// The file.
    pub path: String,
    /// The line, from 1, if the reason lies in one line.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl fmt::Display for PresetRefused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}, line {line}: {}", self.path, self.reason),
            None => write!(out, "{}: {}", self.path, self.reason),
        }
    }
}

impl std::error::Error for PresetRefused {}

/// What is wrong, and where in the text.
struct PresetFault {
    span: Option<Range<usize>>,
    reason: String,
}

fn fault(span: Range<usize>, reason: String) -> PresetFault {
    PresetFault { span: Some(span), reason }
}

impl Preset {
    /// Reads a preset; `path` is only used in the error message.
    ///
    /// # Errors
    /// With the first mistake.
    pub fn parse(text: &str, path: &str) -> Result<Self, PresetRefused> {
        read(text).map_err(|PresetFault { span, reason }| {
            let before = span.and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            PresetRefused { path: path.to_owned(), line, reason }
        })
    }

    /// The preset as a file.
    pub fn text(&self) -> String {
        let file = PresetFile {
            name: &self.name,
            purpose: &self.purpose,
            style: &self.style,
            own_style: &self.own_style,
            chart: &self.chart,
            credits: &self.credits,
            settings: &self.settings,
        };
        // Strings and numbers can always be written.
        toml::to_string_pretty(&file).unwrap_or_default()
    }
}

fn read(text: &str) -> Result<Preset, PresetFault> {
    let table = DeTable::parse(text).map_err(|error| PresetFault {
        span: error.span(),
        reason: format!("is not valid TOML here ({}); a line is written like: name = \"Slow blues\"", error.message()),
    })?;
    let params = SegueParams::default();
    let mut preset = Preset::default();
    for (key, value) in table.get_ref() {
        let part = match key.get_ref().as_ref() {
            NAME => &mut preset.name,
            PURPOSE => &mut preset.purpose,
            CREDITS => &mut preset.credits,
            STYLE => &mut preset.style,
            OWN_STYLE => &mut preset.own_style,
            CHART => &mut preset.chart,
            SETTINGS => {
                preset.settings = settings(value, &params)?;
                continue;
            }
            other => {
                let known = [NAME, PURPOSE, STYLE, OWN_STYLE, CHART, CREDITS];
                let known = known.join(", ");
                let reason =
                    format!("a preset has no entry {other}; it has {known}, and the settings below [{SETTINGS}]");
                return Err(fault(key.span(), reason));
            }
        };
        let DeValue::String(words) = value.get_ref() else {
            return Err(fault(value.span(), format!("{} is a text; write it in quotation marks", key.get_ref())));
        };
        words.trim().clone_into(part);
    }
    let span = |key: &str| table.get_ref().get(key).map_or(0..0, Spanned::span);
    check_name(&preset.name).map_err(|reason| fault(span(NAME), reason))?;
    preset.style = style_named(&preset.style, &params).map_err(|reason| fault(span(STYLE), reason))?;
    if let Err(error) = Chart::parse(&preset.chart) {
        return Err(fault(span(CHART), format!("the chart: {error}")));
    }
    preset.sort_settings(&params);
    Ok(preset)
}

/// Checks whether this can be the name of a preset.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("a preset needs a name; write: {NAME} = \"Slow blues\""));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(format!("a name has at most {LONGEST_NAME} letters; find a shorter one"));
    }
    if name.chars().any(char::is_control) {
        return Err("a name is one line of letters; leave out line ends and tabs".to_owned());
    }
    Ok(())
}

/// The name of a style as its parameter writes it.
///
/// # Errors
/// With the styles that exist, if this is not one of them.
pub fn style_named(name: &str, params: &SegueParams) -> Result<String, String> {
    let setting = params.setting(STYLE).ok_or("there are no styles")?;
    let all = || {
        let named = crate::styles::STYLES.iter().map(|style| style.name.to_owned());
        named.chain([setting.text(1.0)]).collect::<Vec<_>>().join(", ")
    };
    if name.is_empty() {
        return Err(format!("the style is missing; write {STYLE} = and one of {}", all()));
    }
    let value = setting.read(name).map_err(|_| format!("there is no style {name}; there are {}", all()))?;
    Ok(setting.text(value))
}

fn settings(value: &Spanned<DeValue<'_>>, params: &SegueParams) -> Result<Vec<(String, String)>, PresetFault> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(fault(value.span(), format!("write the settings below a line [{SETTINGS}], one on each line")));
    };
    let one = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let id: &str = AsRef::<str>::as_ref(key.get_ref());
        let text = written(value)?;
        let shown = setting(id, &text, params).map_err(|reason| fault(key.span(), reason))?;
        Ok((id.to_owned(), shown))
    };
    table.iter().map(one).collect()
}

/// The text of a value as it is written in the file.
fn written(value: &Spanned<DeValue<'_>>) -> Result<String, PresetFault> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.trim().to_owned()),
        DeValue::Integer(number) => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(on) => Ok(on.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            Err(fault(value.span(), "a setting is one number, one text in quotation marks, true or false".to_owned()))
        }
    }
}

/// The text of a value as its parameter writes it.
fn setting(id: &str, text: &str, params: &SegueParams) -> Result<String, String> {
    if id == STYLE {
        return Err(format!("write the style above [{SETTINGS}], not below it"));
    }
    let Some(setting) = params.setting(id) else { return Err(no_such_setting(id, params)) };
    if !is_of_presets(id) {
        return Err(format!("{id} belongs to the song and not to a preset; leave the line out"));
    }
    let value = setting.read(text).map_err(|error| format!("{id} {error}, not {text}"))?;
    Ok(setting.text(value))
}

fn no_such_setting(id: &str, params: &SegueParams) -> String {
    let ids: Vec<String> = params.each().map(|(id, _)| id).filter(|id| is_of_presets(id) && id != STYLE).collect();
    let begin = |other: &&String| other.chars().zip(id.chars()).take_while(|(one, other)| one == other).count();
    match ids.iter().rev().max_by_key(begin).filter(|near| begin(near) >= 3) {
        Some(near) => format!("there is no setting {id}; did you mean {near}?"),
        None => format!("there is no setting {id}; there are {}", ids.join(", ")),
    }
}

/// The entries in the order in which they are written.
#[derive(Serialize)]
struct PresetFile<'a> {
    name: &'a str,
    #[serde(rename = "for", skip_serializing_if = "str::is_empty")]
    purpose: &'a str,
    style: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    own_style: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    chart: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    credits: &'a str,
    #[serde(serialize_with = "as_table")]
    settings: &'a [(String, String)],
}

fn as_table<S: Serializer>(settings: &&[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let params = SegueParams::default();
    let is_switch = |id: &str| params.setting(id).and_then(Setting::choices).is_some_and(|all| all == ["Off", "On"]);
    serializer.collect_map(settings.iter().map(|(id, text)| (id, value_of(text, is_switch(id)))))
}

/// Switches are written as true and false, numbers as numbers, and everything else in quotation marks.
fn value_of(text: &str, is_switch: bool) -> Value {
    match (text, text.parse::<i64>(), text.parse::<f64>()) {
        ("On", ..) if is_switch => Value::Boolean(true),
        ("Off", ..) if is_switch => Value::Boolean(false),
        (_, Ok(whole), _) => Value::Integer(whole),
        (_, _, Ok(number)) if number.is_finite() => Value::Float(number),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: &str = r#"
name = "Slow"
for = "Late at night."
style = "irish"
chart = "A7 | D7"
credits = "Me"

[settings]
swing = "66 %"
temperature = 0.8
mode = "Trade"
comping = true
octave = -1
"#;

    fn sentence(text: &str) -> String {
        Preset::parse(text, "slow.toml").unwrap_err().to_string()
    }

    /// Every later version of Segue must read this text in the same way.
    #[test]
    fn the_format_never_changes() {
        let preset = Preset::parse(SLOW, "slow.toml").unwrap();
        let parts = [&preset.name, &preset.purpose, &preset.style, &preset.chart, &preset.credits, &preset.own_style];
        assert_eq!(parts, ["Slow", "Late at night.", "Irish", "A7 | D7", "Me", ""]);
        let settings: Vec<_> = preset.settings().collect();
        let wanted =
            [("temperature", "0.800"), ("mode", "Trade"), ("octave", "-1"), ("swing", "66 %"), ("comping", "On")];
        assert_eq!(settings, wanted);
    }

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let mut preset = Preset::parse(SLOW, "slow.toml").unwrap();
        preset.name = "Quotes \" and \\ and “these”".to_owned();
        preset.chart = "C | F\nG7 | C".to_owned();
        preset.own_style = "/music/mine.segue".to_owned();
        assert_eq!(Preset::parse(&preset.text(), "again").unwrap(), preset, "{}", preset.text());
        let bare = Preset { name: "Bare".to_owned(), style: "Irish".to_owned(), ..Preset::default() };
        assert_eq!(Preset::parse(&bare.text(), "again").unwrap(), bare, "{}", bare.text());
    }

    /// Every value of every list and switch that a preset can have: *Off* is a value of lists too.
    #[test]
    fn every_choice_is_written_and_read_back() {
        let params = SegueParams::default();
        for (id, setting) in params.each().filter(|(id, _)| is_of_presets(id) && id != STYLE) {
            for choice in setting.choices().unwrap_or_default() {
                let settings = vec![(id.clone(), choice)];
                let preset =
                    Preset { name: "One".to_owned(), style: "Irish".to_owned(), settings, ..Preset::default() };
                assert_eq!(Preset::parse(&preset.text(), &id), Ok(preset));
            }
        }
        let earlier = Preset::parse(&SLOW.replace("octave = -1", "chords = false"), "earlier").unwrap();
        assert_eq!(earlier.get("chords"), Some("Off"));
    }

    /// A bad file is refused with its line, the reason, and what to do.
    #[test]
    fn a_bad_file_is_refused_with_line_reason_and_remedy() {
        let with = |line: &str| format!("{SLOW}{line}\n");
        let cases = [
            (with("tempr = 1"), "slow.toml, line 14: there is no setting tempr; did you mean temperature?"),
            (with("xyz = 1"), "line 14: there is no setting xyz; there are temperature, "),
            (with("top_p = 3"), "line 14: top_p must be between 0.100 and 1.000, not 3"),
            (with("key = \"H\""), "line 14: key must be one of C, C♯, D"),
            (with("seed = 7"), "line 14: seed belongs to the song and not to a preset; leave the line out"),
            (with("style = \"Jazz\""), "line 14: write the style above [settings], not below it"),
            (with("density = [1]"), "line 14: a setting is one number"),
            (SLOW.replace("\"irish\"", "\"Polka\""), "line 4: there is no style Polka; there are "),
            (SLOW.replace("style = \"irish\"", ""), "the style is missing; write style = and one of "),
            (SLOW.replace("name = \"Slow\"", ""), "a preset needs a name; write: name = "),
            (SLOW.replace("| D7", "| Q7"), "line 5: the chart: bar 2: "),
            (SLOW.replace("credits", "credit"), "line 6: a preset has no entry credit; it has name, for, style"),
            (SLOW.replace("\"Me\"", "7"), "line 6: credits is a text; write it in quotation marks"),
            (SLOW.replace("\"Me\"", "\"Me"), "line 6: is not valid TOML here"),
            ("name = \"A\"\nstyle = \"Irish\"\nsettings = 3".to_owned(), "line 3: write the settings below a line"),
            (SLOW.replace("\"Slow\"", &format!("\"{}\"", "a".repeat(65))), "line 2: a name has at most 64 letters"),
            (String::new(), "a preset needs a name"),
        ];
        for (text, words) in cases {
            assert!(sentence(&text).contains(words), "{:?} in {}", words, sentence(&text));
        }
    }
}
