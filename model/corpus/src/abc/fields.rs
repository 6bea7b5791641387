//! The values of single fields: metre, unit of length, order of parts.

use super::exact::Exact;
use segue_model::note::Metre;

/// What `M:` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// Bars have a length.
    Metric(Metre),
    /// `M:none`, or no `M:` at all.
    Free,
}

impl Time {
    pub fn metre(self) -> Option<Metre> {
        match self {
            Self::Metric(metre) => Some(metre),
            Self::Free => None,
        }
    }

    /// The unit of length where no `L:` states one: a sixteenth for metres below 3/4, else an eighth.
    pub fn default_unit(self) -> Exact {
        match self {
            Self::Metric(metre) if 4 * u32::from(metre.numerator) < 3 * u32::from(metre.denominator) => {
                Exact::WHOLE_NOTE.scaled(1, 16)
            }
            _ => Exact::WHOLE_NOTE.scaled(1, 8),
        }
    }
}

/// Reads a metre from the start of `text`; the rest of the text comes back with it.
pub(super) fn time(text: &str) -> Result<(Time, &str), String> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("C|") {
        return Ok((Time::Metric(Metre { numerator: 2, denominator: 2 }), rest));
    }
    if let Some(rest) = text.strip_prefix('C') {
        return Ok((Time::Metric(Metre::COMMON), rest));
    }
    if text.is_empty() || text.to_ascii_lowercase().starts_with("none") {
        return Ok((Time::Free, ""));
    }
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '+' | '/' | '(' | ')')).unwrap_or(text.len());
    let (fraction, rest) = text.split_at(end);
    let no_metre = || format!("“{}” is no metre", text.trim_end());
    let (beats, value) = fraction.split_once('/').ok_or_else(no_metre)?;
    let numerator = beats
        .split('+')
        .map(|beat| beat.trim_matches(['(', ')']).parse::<u8>().ok())
        .try_fold(0u8, |sum, beat| sum.checked_add(beat?))
        .ok_or_else(no_metre)?;
    let denominator = value.parse().map_err(|_| no_metre())?;
    let metre = Metre::new(numerator, denominator).ok_or_else(no_metre)?;
    Ok((Time::Metric(metre), rest))
}

/// Reads `1/8`. The shortest unit taken is a 512th.
pub(super) fn unit(text: &str) -> Result<Exact, String> {
    const FINEST: i64 = 512;
    let text = text.trim();
    let no_unit = || format!("“{text}” is no unit of length");
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    let numerator: i64 = numerator.trim().parse().map_err(|_| no_unit())?;
    let denominator: i64 = denominator.trim().parse().map_err(|_| no_unit())?;
    if !(1..=4).contains(&numerator) || !(1..=FINEST).contains(&denominator) {
        return Err(no_unit());
    }
    Ok(Exact::WHOLE_NOTE.scaled(numerator, denominator))
}

/// Expands `A2(BC)3` to `AABCBCBC`. Other signs than letters, digits and brackets mean nothing.
pub(super) fn part_order(text: &str) -> Result<Vec<char>, String> {
    const MOST_PARTS: usize = 256;
    const DEEPEST: usize = 8;
    // The innermost open bracket is last. What a digit repeats is the last letter or closed bracket.
    let mut open: Vec<Vec<char>> = vec![Vec::new()];
    let mut last: Vec<char> = Vec::new();
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
                // Once is there already.
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
