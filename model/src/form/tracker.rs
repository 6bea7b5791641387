//! The form of a session, kept up to date bar by bar.
//!
//! How well each lag fits a bar is computed once, when the bar is over, and again only where the past changes. What is
//! returned depends on the notes alone.

use super::{BarLabel, Fit, FormRuns, LAGS, LONGEST_LAG, best_path, fits};
use crate::note::{Bars, Note, Ticks};

/// The bars that are labelled. Those that they repeat may lie [`LONGEST_LAG`] bars before.
const BARS: i64 = 48;

/// So many more are kept, for a past that changes.
const SPARE_BARS: i64 = 32;

/// The latest bars that are over.
#[derive(Debug, Clone, Default)]
pub struct FormTracker {
    /// In order, without gaps, all of one length.
    bars: Vec<TrackedBar>,
}

#[derive(Debug, Clone)]
struct TrackedBar {
    from: Ticks,
    length: Ticks,
    fits: [Fit; LAGS],
}

impl FormTracker {
    /// The first moment whose notes matter for the form at a bar line.
    pub fn first_moment(bars: Bars, line: Ticks) -> Ticks {
        Ticks(line.0 - (BARS + i64::from(LONGEST_LAG)) * bars.metre.bar().0)
    }

    /// The past has changed from this moment on.
    pub fn truncate(&mut self, moment: Ticks) {
        let over = self.bars.partition_point(|bar| bar.from + bar.length <= moment);
        self.bars.truncate(over);
    }

    /// Keeps the bars that are over at the bar line `line`. `notes` are those since [`Self::first_moment`], or more.
    pub fn extend(&mut self, notes: &[Note], bars: Bars, line: Ticks) {
        let missing: Vec<TrackedBar> = self.missing(notes, bars, line).collect();
        let begins = missing.first().map_or(line, |bar| bar.from);
        let goes_on = self.bars.last().is_some_and(|last| last.from + last.length == begins);
        if !goes_on || self.bars.last().is_some_and(|last| last.length != bars.metre.bar()) {
            self.bars.clear();
        }
        self.bars.extend(missing);
        let surplus = self.bars.len().saturating_sub(usize::try_from(BARS + SPARE_BARS).unwrap_or(0));
        self.bars.drain(..surplus);
    }

    /// The runs of lags before the bar line `line`. `notes` are those since [`Self::first_moment`], or more.
    pub fn runs(&self, notes: &[Note], bars: Bars, line: Ticks) -> FormRuns {
        let missing: Vec<TrackedBar> = self.missing(notes, bars, line).collect();
        let first = missing.first().map_or(line, |bar| bar.from);
        let earliest = earliest(notes, bars, line);
        let kept = self.bars.iter().filter(|bar| bar.from >= earliest && bar.from < first);
        let all: Vec<&TrackedBar> = kept.chain(&missing).collect();
        let mut runs = FormRuns::default();
        for lag in best_path(all.iter().map(|bar| &bar.fits)) {
            runs.push(u8::try_from(lag).unwrap_or(0));
        }
        runs
    }

    /// The bars before `line` that are not tracked, from the first note on.
    fn missing(&self, notes: &[Note], bars: Bars, line: Ticks) -> impl Iterator<Item = TrackedBar> {
        let (length, earliest) = (bars.metre.bar(), earliest(notes, bars, line));
        let is_tracked = |bar: &TrackedBar| bar.length == length && bars.place(bar.from) == Ticks::ZERO;
        let reaches_back = self.bars.first().is_some_and(|first| first.from <= earliest);
        let tracked = self.bars.last().filter(|last| reaches_back && is_tracked(last));
        let tracked = tracked.map(|last| last.from + last.length);
        let from = tracked.filter(|end| *end <= line).unwrap_or(earliest).max(earliest);
        let count = (line.0 - from.0).div_euclid(length.0).max(0);
        (0..count).map(move |index| {
            let from = Ticks(from.0 + index * length.0);
            let fits = fits(notes, &BarLabel { from, length, lag: 0, transposed: 0 });
            TrackedBar { from, length, fits }
        })
    }
}

/// The first bar that is labelled.
fn earliest(notes: &[Note], bars: Bars, line: Ticks) -> Ticks {
    let first = notes.iter().find(|note| note.onset >= FormTracker::first_moment(bars, line));
    let begun = first.map_or(line, |first| Ticks(first.onset.0 - bars.place(first.onset).0));
    Ticks(line.0 - BARS * bars.metre.bar().0).max(begun)
}
