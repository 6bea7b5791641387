//! The chords of a piece along its time, and how a chart is written.
//!
//! Knows nothing of who plays the chords.

use crate::chord::{Chord, ChordError};
use crate::note::{Metre, Ticks};

/// Which chord sounds when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart(Content);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    /// In order of time; each holds until the next, and before the first there is none.
    Once(Vec<(Ticks, Option<Chord>)>),
    /// Bar by bar, each shared evenly by its chords; after the last the first comes again. Neither list is empty.
    Round(Vec<Vec<Option<Chord>>>),
}

/// Why a chart cannot be read. Its display is one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum ChartError {
    #[error("bar {bar}: {reason}")]
    Symbol { bar: usize, reason: ChordError },
    #[error("bar {bar}: % repeats the bar before it, and there is none")]
    NothingToRepeat { bar: usize },
    #[error("bar {bar}: :| ends a repeat that was never begun; write |: where it begins")]
    NothingToClose { bar: usize },
    #[error("bar {bar}: |: begins a repeat that is never ended; write :| where it ends")]
    NeverClosed { bar: usize },
    #[error("a chart has at most {most} bars, and this one has more", most = Chart::MOST_BARS)]
    TooLong,
}

impl Chart {
    /// Bars that a chart may have when its repeats are written out.
    pub const MOST_BARS: usize = 512;

    /// Chords that are played once, in order of their moments; each holds until the next.
    pub fn once(changes: Vec<(Ticks, Option<Chord>)>) -> Self {
        Self(Content::Once(changes))
    }

    /// Reads a chart such as `| Dm7 G7 | Cmaj7 | % | N.C. |`: bars between strokes, the chords of a bar sharing it
    /// evenly, `%` for the bar before again, `|: … :|` played twice. Line ends are strokes too. `None` when there are no
    /// bars in it.
    ///
    /// # Errors
    /// With the number of the bar, counted as written from 1, and what is wrong in it.
    pub fn parse(text: &str) -> Result<Option<Self>, ChartError> {
        let mut bars: Vec<Vec<Option<Chord>>> = Vec::new();
        let mut written = 0;
        // Where an open repeat began: among the bars played and among those written.
        let mut open = None;
        // A repeat's dots stand inside the strokes of their bar: `|: C :|`.
        let spaced = text.replace("|:", "| :< ").replace(":|", " :> |");
        for bar in spaced.split(['|', '\n']) {
            let mut chords = Vec::new();
            let (mut closes, number) = (false, written + 1);
            for symbol in bar.split_whitespace() {
                match symbol {
                    ":<" => open = Some((bars.len(), number)),
                    ":>" => closes = true,
                    "%" => chords.clone_from(bars.last().ok_or(ChartError::NothingToRepeat { bar: number })?),
                    symbol => {
                        let chord = Chord::parse(symbol);
                        chords.push(chord.map_err(|reason| ChartError::Symbol { bar: number, reason })?);
                    }
                }
            }
            if !chords.is_empty() {
                bars.push(chords);
                written += 1;
            }
            if closes {
                let (from, _) = open.take().ok_or(ChartError::NothingToClose { bar: number })?;
                bars.extend_from_within(from..);
            }
            if bars.len() > Self::MOST_BARS {
                return Err(ChartError::TooLong);
            }
        }
        if let Some((_, bar)) = open {
            return Err(ChartError::NeverClosed { bar });
        }
        Ok((!bars.is_empty()).then_some(Self(Content::Round(bars))))
    }

    /// The chord at a moment, counted from the start of the form; in bars of this metre. `None` when none is known
    /// there.
    pub fn at(&self, moment: Ticks, metre: Metre) -> Option<Chord> {
        match &self.0 {
            Content::Once(changes) => {
                let later = changes.partition_point(|(change, _)| *change <= moment);
                changes.get(later.checked_sub(1)?)?.1
            }
            Content::Round(_) => {
                let bar = metre.bar().0;
                let chords = self.bar_at(moment, metre)?;
                let place = usize::try_from(moment.0.rem_euclid(bar)).ok()?;
                *chords.get(place * chords.len() / usize::try_from(bar).ok()?)?
            }
        }
    }

    /// How long it is until it begins again, in bars of this metre; `None` when it never does.
    pub fn length(&self, metre: Metre) -> Option<Ticks> {
        let Content::Round(bars) = &self.0 else { return None };
        Some(Ticks(metre.bar().0 * i64::try_from(bars.len()).ok()?))
    }

    fn bar_at(&self, moment: Ticks, metre: Metre) -> Option<&Vec<Option<Chord>>> {
        let Content::Round(bars) = &self.0 else { return None };
        let bar = metre.bar().0;
        let number = usize::try_from(moment.0.div_euclid(bar)).ok();
        // Before the form begins, its end is heard.
        let back = || bars.len() - 1 - usize::try_from(-1 - moment.0.div_euclid(bar)).unwrap_or(0) % bars.len();
        bars.get(number.map_or_else(back, |number| number % bars.len()))
    }
}

impl Chart {
    /// The chord at a moment, and where the next one may begin: at the end of its share of the bar, or with the next bar
    /// where the chart has no bars of its own.
    pub fn stretch_at(&self, moment: Ticks, metre: Metre) -> (Option<Chord>, Ticks) {
        let bar = metre.bar().0;
        let place = moment.0.rem_euclid(bar);
        let shares = match &self.0 {
            Content::Once(_) => 1,
            Content::Round(_) => i64::try_from(self.bar_at(moment, metre).map_or(1, Vec::len)).unwrap_or(1),
        };
        // The first place that lies in the next share.
        let end = ((place * shares / bar + 1) * bar + shares - 1) / shares;
        (self.at(moment, metre), Ticks(moment.0 - place + end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: i64 = 192;

    /// The chords at each half bar from `from` on, as written.
    fn check(text: &str, from: i64, expected: &[&str]) {
        let chart = Chart::parse(text).unwrap().unwrap();
        let name = |half: usize| {
            let chord = chart.at(Ticks(from + BAR / 2 * i64::try_from(half).unwrap()), Metre::COMMON);
            chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string())
        };
        assert_eq!((0..expected.len()).map(name).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn a_chart_begins_again_after_its_length_in_any_metre_and_what_is_played_once_has_none() {
        let waltz = Metre::new(3, 4).unwrap();
        let chart = Chart::parse("|: C F :| G | N.C.").unwrap().unwrap();
        for (metre, length) in [(Metre::COMMON, 4 * 192), (waltz, 4 * 144)] {
            assert_eq!(chart.length(metre), Some(Ticks(length)));
            for place in -30..30 {
                let place = place * 36;
                assert_eq!(chart.at(Ticks(place), metre), chart.at(Ticks(place + length), metre), "{place}");
            }
        }
        assert_eq!(Chart::once(Vec::new()).length(Metre::COMMON), None);
    }

    #[test]
    fn bars_are_shared_by_their_chords_and_begin_anew_after_the_last() {
        let chart = "| Dm7 G7 | Cmaj7 |";
        check(chart, 0, &["Dm7", "G7", "Cmaj7", "Cmaj7", "Dm7", "G7"]);
        check(chart, -BAR, &["Cmaj7", "Cmaj7", "Dm7"]);
        check(chart, -5 * BAR, &["Cmaj7", "Cmaj7", "Dm7"]);
        check("C7 | N.C. F7/A", 0, &["C7", "C7", "N.C.", "F7/A"]);
    }

    #[test]
    fn repeats_and_repeated_bars_are_played_out() {
        check("|: C | % :| G7 |", 0, &["C", "C", "C", "C", "C", "C", "C", "C", "G7", "G7", "C"]);
        check("F\nG |: C :|\n", 0, &["F", "F", "G", "G", "C", "C", "C", "C", "F"]);
    }

    #[test]
    fn a_stretch_reaches_up_to_the_next_chord_or_bar() {
        for (text, metre) in [("C7 | F7 G7 | C7 A7 D7 | N.C. |", (4, 4)), ("C G Am F C | E", (7, 8)), ("C F G", (2, 4))]
        {
            let chart = Chart::parse(text).unwrap().unwrap();
            let metre = Metre::new(metre.0, metre.1).unwrap();
            let mut at = Ticks(-3 * metre.bar().0);
            while at < Ticks(9 * metre.bar().0) {
                let (chord, until) = chart.stretch_at(at, metre);
                assert!(until > at && until - at <= metre.bar());
                for moment in at.0..until.0 {
                    assert_eq!(chart.at(Ticks(moment), metre), chord, "{text}: {moment} from {at:?}");
                    assert_eq!(chart.stretch_at(Ticks(moment), metre).1, until);
                }
                let bars = until.0.div_euclid(metre.bar().0) - at.0.div_euclid(metre.bar().0);
                assert!(bars == 0 || until.0 % metre.bar().0 == 0, "{text}: a stretch ends with its bar");
                at = until;
            }
        }
    }

    #[test]
    fn a_mistake_is_said_with_its_bar() {
        let sentence = |text: &str| Chart::parse(text).unwrap_err().to_string();
        assert!(sentence("| C | Dm7 Hx7 |").starts_with("bar 2: "), "{}", sentence("| C | Dm7 Hx7 |"));
        assert!(sentence("| % | C |").starts_with("bar 1: %"));
        assert!(sentence("| C :| D").starts_with("bar 1: :|"));
        assert!(sentence("| C |: D | E").starts_with("bar 2: |:"));
        assert_eq!(Chart::parse(" | \n "), Ok(None));
        let long = format!("|: {} :|", "C | ".repeat(400));
        assert_eq!(Chart::parse(&long), Err(ChartError::TooLong));
    }

    #[test]
    fn a_chord_that_is_played_once_holds_until_the_next() {
        let chord = |text| Chord::parse(text).unwrap();
        let chart = Chart::once(vec![(Ticks(0), chord("C")), (Ticks(96), chord("F")), (Ticks(144), None)]);
        for (moment, expected) in [(-1, "NC"), (0, "C"), (95, "C"), (96, "F"), (144, "NC"), (900, "NC")] {
            assert_eq!(chart.at(Ticks(moment), Metre::COMMON), chord(expected), "at {moment}");
        }
    }
}
