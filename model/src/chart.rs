//! The chords of a piece over time, and the text format of a chart.
//!
//! Knows nothing of who plays the chords.

mod parse;
mod token;

pub use parse::ChartError;

use crate::chord::Chord;
use crate::note::{Metre, Ticks};
use std::fmt;

/// A chart: which chord sounds when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart(Content);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    /// Changes in order of time; each holds until the next, and before the first there is no chord.
    Once(Vec<(Ticks, Option<Chord>)>),
    /// Bar by bar; after the last one the chart repeats. Never empty.
    Round(Vec<Bar>),
}

/// A bar of a chart, divided into equal shares.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bar {
    /// The metre; `None` for that of the host. Either all bars of a chart have one, or none.
    metre: Option<Metre>,
    /// The number of shares; at least one.
    shares: usize,
    /// The shares at which chords begin, in order; the first is 0.
    changes: Vec<(usize, Option<Chord>)>,
}

impl Bar {
    fn length(&self, metre: Metre) -> i64 {
        self.metre.unwrap_or(metre).bar().0
    }

    /// The chord at a place in the bar, and where in the bar the next one begins.
    fn stretch_at(&self, place: i64, length: i64) -> (Option<Chord>, i64) {
        let shares = i64::try_from(self.shares).unwrap_or(1);
        let share = usize::try_from(place * shares / length).unwrap_or(0);
        let later = self.changes.partition_point(|(from, _)| *from <= share);
        let chord = later.checked_sub(1).and_then(|index| self.changes[index].1);
        let next = self.changes.get(later).map_or(shares, |(from, _)| i64::try_from(*from).unwrap_or(shares));
        // The first place in the next share.
        (chord, (next * length + shares - 1) / shares)
    }

    fn last_chord(&self) -> Option<Chord> {
        self.changes.last().and_then(|(_, chord)| *chord)
    }
}

impl Chart {
    /// The most bars of a chart with its repeats written out.
    pub const MOST_BARS: usize = 512;

    /// Chords that are played once, in order of their moments; each holds until the next.
    pub fn once(changes: Vec<(Ticks, Option<Chord>)>) -> Self {
        Self(Content::Once(changes))
    }

    /// Reads a chart such as `| Dm7 G7 | Cmaj7 | % | N.C. |`, as written on lead sheets, in iReal Pro and in
    /// `ChordPro`. `None` if it has no bars.
    ///
    /// - Bar strokes and line ends separate bars. The chords of a bar share it evenly; `/` or `.` is a share on which
    ///   the chord continues: `G / D7` in 3/4. An empty bar continues the chord before it.
    /// - `%` or `x` repeats the bar before. `|: … :|` or `{ … }` is played twice, `:| x3` three times; a `:|` without a
    ///   beginning goes back to the last repeat or double line. `|1 … :|2 …` are endings.
    /// - `3/4` (or `3/4:`, or `T34`) at the beginning of a bar is the metre from there on. A chart without one uses the
    ///   song's; one that changes its metre begins with one.
    /// - `[A]` and `*A` name sections and are ignored.
    ///
    /// # Errors
    /// With the number of the bar, counted as written from 1, and what is wrong in it.
    pub fn parse(text: &str) -> Result<Option<Self>, ChartError> {
        let bars = parse::bars(text)?;
        Ok((!bars.is_empty()).then_some(Self(Content::Round(bars))))
    }

    /// The chord at a moment, counted from the start of the form; `metre` applies to bars without their own. `None` if
    /// no chord is known there.
    pub fn at(&self, moment: Ticks, metre: Metre) -> Option<Chord> {
        self.stretch_at(moment, metre).0
    }

    /// The length after which it repeats; `metre` applies to bars without their own. `None` if it never repeats.
    pub fn length(&self, metre: Metre) -> Option<Ticks> {
        let Content::Round(bars) = &self.0 else { return None };
        Some(Ticks(bars.iter().map(|bar| bar.length(metre)).sum()))
    }

    /// The chord at a moment, and where the next one may begin: where the chart changes, or at the next bar line.
    pub fn stretch_at(&self, moment: Ticks, metre: Metre) -> (Option<Chord>, Ticks) {
        match &self.0 {
            Content::Once(changes) => {
                let later = changes.partition_point(|(change, _)| *change <= moment);
                let chord = later.checked_sub(1).and_then(|index| changes[index].1);
                let bar = metre.bar().0;
                (chord, Ticks((moment.0.div_euclid(bar) + 1) * bar))
            }
            Content::Round(bars) => {
                let form: i64 = bars.iter().map(|bar| bar.length(metre)).sum();
                // Before the form begins, its end is heard.
                let mut place = moment.0.rem_euclid(form);
                for bar in bars {
                    let length = bar.length(metre);
                    if place < length {
                        let (chord, next) = bar.stretch_at(place, length);
                        return (chord, Ticks(moment.0 - place + next));
                    }
                    place -= length;
                }
                (None, moment)
            }
        }
    }

    /// The metre of each bar of one pass; `metre` applies to bars without their own. A chart that is played once has no
    /// bars.
    pub fn metres(&self, metre: Metre) -> Vec<Metre> {
        match &self.0 {
            Content::Once(_) => Vec::new(),
            Content::Round(bars) => bars.iter().map(|bar| bar.metre.unwrap_or(metre)).collect(),
        }
    }

    /// A chart made of bars of this one, each with a metre. Bars are counted from 0 and repeat after the last. It ends
    /// when it has the most bars that a chart may have.
    #[must_use]
    pub fn arranged(&self, bars: &[(usize, Metre)]) -> Self {
        match &self.0 {
            Content::Once(_) => self.clone(),
            Content::Round(_) if bars.is_empty() => self.clone(),
            Content::Round(all) => {
                let bars = bars.iter().take(Self::MOST_BARS);
                let arranged = bars.map(|(index, metre)| Bar { metre: Some(*metre), ..all[index % all.len()].clone() });
                Self(Content::Round(arranged.collect()))
            }
        }
    }

    /// The same chart moved by some bars: its last bars become the first.
    #[must_use]
    pub fn later_by(&self, bars: usize) -> Self {
        let mut later = self.clone();
        if let Content::Round(all) = &mut later.0 {
            let bars = bars % all.len();
            all.rotate_right(bars);
        }
        later
    }
}

/// The text from which the chart can be read again: `Dm7 G7 | 3/4 Cmaj7 / A7 | N.C.` A chart that is played once has no
/// bars and gives an empty text.
impl fmt::Display for Chart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Content::Round(bars) = &self.0 else { return Ok(()) };
        let mut metre = None;
        for (index, bar) in bars.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" | ")?;
            }
            if let Some(stated) = bar.metre.filter(|_| bar.metre != metre) {
                write!(formatter, "{}/{} ", stated.numerator, stated.denominator)?;
                metre = bar.metre;
            }
            let mut changes = bar.changes.iter().peekable();
            for share in 0..bar.shares {
                if share > 0 {
                    formatter.write_str(" ")?;
                }
                match changes.next_if(|(from, _)| *from == share) {
                    Some((_, Some(chord))) => write!(formatter, "{chord}")?,
                    Some((_, None)) => formatter.write_str("N.C.")?,
                    None => formatter.write_str("/")?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
