//! The values of single fields: metre, unit length, tempo, order of parts.

use super::exact::Exact;
use crate::Tempo;
use segue_model::note::{Metre, Ticks};

/// The value of `M:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetreField {
    /// Bars have a length.
    Metric(Metre),
    /// `M:none`, or no `M:` at all.
    Free,
}

impl MetreField {
    pub fn metre(self) -> Option<Metre> {
        match self {
            Self::Metric(metre) => Some(metre),
            Self::Free => None,
        }
    }

    /// The unit length if no `L:` states one: a sixteenth for metres below 3/4, otherwise an eighth.
    pub fn default_unit(self) -> Exact {
        match self {
            Self::Metric(metre) if 4 * u32::from(metre.numerator) < 3 * u32::from(metre.denominator) => {
                Exact::WHOLE_NOTE.scaled(1, 16)
            }
            _ => Exact::WHOLE_NOTE.scaled(1, 8),
        }
    }
}

/// Reads a metre from the start of `text`. Returns it with the rest of the text.
pub(super) fn time(text: &str) -> Result<(MetreField, &str), String> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("C|") {
        return Ok((MetreField::Metric(Metre { numerator: 2, denominator: 2 }), rest));
    }
    if let Some(rest) = text.strip_prefix('C') {
        return Ok((MetreField::Metric(Metre::COMMON), rest));
    }
    if text.is_empty() || text.to_ascii_lowercase().starts_with("none") {
        return Ok((MetreField::Free, ""));
    }
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '+' | '/' | '(' | ')')).unwrap_or(text.len());
    let (sum, rest) = text.split_at(end);
    let metre = sum_of_fractions(sum).ok_or_else(|| format!("“{}” is not a metre", text.trim_end()))?;
    Ok((MetreField::Metric(metre), rest))
}

/// Reads `6/8`, `(2+3+2)/8`, `3/8+2/8+3/8`, `2/4+3/8`. Old prints write a single number: 3 is 3/4 and 2 is 2/2.
fn sum_of_fractions(text: &str) -> Option<Metre> {
    match text {
        "2" => return Some(Metre { numerator: 2, denominator: 2 }),
        "3" => return Metre::new(3, 4),
        "4" => return Some(Metre::COMMON),
        _ => {}
    }
    // Numbers before a slash count in the note value after it: `2+3/8` is five eighths.
    let mut fractions: Vec<(u32, u32)> = Vec::new();
    let mut beats: u32 = 0;
    for word in text.split('+') {
        let word = word.trim_matches(['(', ')']);
        match word.split_once('/') {
            Some((numerator, denominator)) => {
                let numerator: u32 = numerator.trim_end_matches(')').parse().ok()?;
                let denominator: u32 = denominator.parse().ok().filter(|value: &u32| value.is_power_of_two())?;
                fractions.push((beats.checked_add(numerator)?, denominator));
                beats = 0;
            }
            None => beats = beats.checked_add(word.parse().ok()?)?,
        }
    }
    if beats > 0 {
        return None;
    }
    let smallest = fractions.iter().map(|(_, denominator)| *denominator).max()?;
    let numerator = fractions.iter().try_fold(0u32, |sum, (numerator, denominator)| {
        sum.checked_add(numerator.checked_mul(smallest / denominator)?)
    })?;
    Metre::new(u8::try_from(numerator).ok()?, u8::try_from(smallest).ok()?)
}

/// Reads the value of `Q:` as microseconds per quarter note: `1/4=120`, `"Andante" 3/8=80`, `1/4 1/8=50`, and the old
/// forms `C3=40` and `120`, which count unit lengths. `None` if it contains only words.
pub(super) fn tempo(text: &str, unit_length: Exact) -> Result<Option<u32>, String> {
    let no_tempo = || format!("“{}” is not a tempo; write Q:1/4=120", text.trim());
    // Words in quotation marks may come before or after.
    let plain: String = text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let plain = plain.trim();
    if plain.is_empty() {
        return Ok(None);
    }
    let (beat, count) = plain.split_once('=').unwrap_or(("C", plain));
    let digits: String = count.trim().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let count: f64 = digits.parse().map_err(|_| no_tempo())?;
    let mut quarters = 0.0;
    for word in beat.split([' ', '+']).filter(|word| !word.is_empty()) {
        quarters += match word.strip_prefix('C') {
            Some("") => unit_length.quarters(),
            Some(units) => unit_length.quarters() * units.parse::<f64>().map_err(|_| no_tempo())?,
            None => unit(word).map_err(|_| no_tempo())?.quarters(),
        };
    }
    Ok(Some(Tempo::of_bpm(Ticks::ZERO, count * quarters).ok_or_else(no_tempo)?.quarter_us))
}

/// The letter of the part that `P:` names in the music; `None` for other labels, such as `segno`, `pizz` or `3`.
pub(super) fn part_name(text: &str) -> Option<char> {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let word = words.next().filter(|word| !word.eq_ignore_ascii_case("part")).or_else(|| words.next())?;
    let mut letters = word.chars();
    let letter = letters.next().filter(char::is_ascii_alphabetic)?;
    letters.next().is_none().then_some(letter)
}

/// Reads a value such as `1/8`. The shortest unit accepted is a 512th.
pub(super) fn unit(text: &str) -> Result<Exact, String> {
    const FINEST: i64 = 512;
    let text = text.trim();
    let no_unit = || format!("“{text}” is not a unit length");
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    let numerator: i64 = numerator.trim().parse().map_err(|_| no_unit())?;
    let denominator: i64 = denominator.trim().parse().map_err(|_| no_unit())?;
    if !(1..=4).contains(&numerator) || !(1..=FINEST).contains(&denominator) {
        return Err(no_unit());
    }
    Ok(Exact::WHOLE_NOTE.scaled(numerator, denominator))
}

/// Expands `A2(BC)3` to `AABCBCBC`. Characters other than letters, digits and brackets are ignored, and so are words:
/// `labels` are the parts in the music, which tell words from parts with small letters.
pub(super) fn part_order(text: &str, labels: &[char]) -> Result<Vec<char>, String> {
    const MOST_PARTS: usize = 256;
    const DEEPEST: usize = 8;
    // The innermost open bracket is the last one. A digit repeats the last letter or closed bracket.
    let mut open: Vec<Vec<char>> = vec![Vec::new()];
    let mut last: Vec<char> = Vec::new();
    let is_of_parts = |word: &&str| {
        word.chars()
            .filter(char::is_ascii_alphabetic)
            .all(|letter| letter.is_ascii_uppercase() || labels.contains(&letter))
    };
    let text: String = text.split_whitespace().filter(is_of_parts).collect();
    for character in text.chars() {
        match character {
            'A'..='Z' | 'a'..='z' => last = vec![character],
            '(' if open.len() > DEEPEST => return Err("the part order is nested too deep".to_owned()),
            '(' => {
                open.push(Vec::new());
                continue;
            }
            ')' if open.len() > 1 => last = open.pop().unwrap_or_default(),
            '1'..='9' => {
                // One copy is already there.
                let more = usize::try_from(character.to_digit(10).unwrap_or(1)).unwrap_or(1) - 1;
                last = last.repeat(more);
            }
            _ => continue,
        }
        if let Some(order) = open.last_mut() {
            order.extend(&last);
        }
        if open.iter().map(Vec::len).sum::<usize>() > MOST_PARTS {
            return Err(format!("the part order is longer than {MOST_PARTS} parts"));
        }
    }
    Ok(open.concat())
}
