//! Bars and their numbers, and the changes of metre that a song has gone through.
//!
//! The host's bar position is only a hint: in blocks that nice-plug splits for automation, it recomputes the position
//! as if the song had always had its present metre. So a bar line counts as reported only where that calculation would
//! not give it.
//!
//! Bars of a song are counted from its beginning, through the changes of metre that were passed, so that a place in the
//! song has the same number each time the song comes there.
//!
//! Knows nothing of frames and tempo.

use crate::host::Transport;
use crate::time::tick_map::{PER_QUARTER, SAME_TICKS, saturating};
use arrayvec::ArrayVec;
use segue_model::note::{Bars, Metre, Ticks};

/// The most changes of metre that are remembered. Beyond them bars are counted as if there were no others.
const MAX_CHANGES: usize = 64;
/// Rounding alone may put a position off a whole number of bars by this part of a bar.
pub(super) const SAME_BARS: f64 = 1e-3;

/// Bars with their numbers, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarCount {
    /// The bars.
    pub bars: Bars,
    /// The number of the bar that begins at `bars.line`.
    pub number: i64,
}

impl BarCount {
    /// The number of the bar in which a moment lies.
    pub fn number_at(self, moment: Ticks) -> i64 {
        let Bars { line, metre } = self.bars;
        self.number + (moment - line).0.div_euclid(metre.bar().0)
    }

    /// Where the bar with this number begins if every bar up to it has the present metre.
    pub fn line_of(self, number: i64) -> Ticks {
        let Bars { line, metre } = self.bars;
        Ticks(line.0.saturating_add((number - self.number).saturating_mul(metre.bar().0)))
    }

    /// Whether both have the same bar lines with the same numbers from here on.
    pub fn goes_on_as(self, other: Self) -> bool {
        self.bars.metre == other.bars.metre && self.line_of(other.number) == other.bars.line
    }
}

/// A change of metre in the song.
#[derive(Debug, Clone, Copy)]
pub(super) struct MetreChange {
    /// The song position of its bar line, in quarter notes.
    pub beats: f64,
    pub before: Metre,
    pub metre: Metre,
    /// The number of the bar that begins there.
    pub number: i64,
}

/// The changes of metre that the song has passed, ordered by song position.
#[derive(Debug, Clone, Default)]
pub(super) struct MetreChanges(ArrayVec<MetreChange, MAX_CHANGES>);

impl MetreChanges {
    /// Remembers a change, replacing one at the same song position.
    pub fn remember(&mut self, change: MetreChange) {
        self.0.retain(|other| (other.beats - change.beats).abs() > SAME_TICKS);
        let at = self.0.partition_point(|other| other.beats < change.beats);
        // When the list is full, bars are counted from an earlier change: still the same number at each visit.
        let _ = self.0.try_insert(at, change);
    }

    /// The last known change at or before a song position in quarter notes.
    fn passed_at(&self, beats: f64) -> Option<&MetreChange> {
        self.0.iter().rev().find(|change| change.beats < beats + SAME_TICKS)
    }

    /// The number of the bar that begins at a song position, counted from the change of metre before it. Where that is
    /// not known, the song is taken to have had this metre from its beginning.
    pub fn number_at(&self, line_beats: f64, metre: Metre) -> i64 {
        let bar_beats = metre.bar().as_f64() / PER_QUARTER;
        let passed = self.passed_at(line_beats).filter(|change| change.metre == metre);
        let (from, number) = passed.map_or((0.0, 0), |change| (change.beats, change.number));
        number + saturating(((line_beats - from) / bar_beats + SAME_BARS).floor())
    }

    /// The bar line at or before a song position and the metre there, as far as the changes tell; `present` is the
    /// metre where they do not. In quarter notes.
    pub fn line_before(&self, beats: f64, present: Metre) -> (f64, Metre) {
        let passed = self.passed_at(beats);
        let ahead = self.0.iter().find(|change| change.beats >= beats + SAME_TICKS);
        let metre = passed.map(|change| change.metre).or(ahead.map(|change| change.before)).unwrap_or(present);
        let from = passed.map_or(0.0, |change| change.beats);
        (from + plain_line(beats - from, metre), metre)
    }
}

/// The bar line that the transport reports, in quarter notes, where it was not recomputed from the present metre.
pub(super) fn reported_line(transport: &Transport, beats: f64, metre: Metre) -> Option<f64> {
    let bar_beats = metre.bar().as_f64() / PER_QUARTER;
    let near = 1.0 / PER_QUARTER;
    let reported = transport.bar_beats.filter(|line| *line < beats + near && beats < line + bar_beats + near);
    // A recomputed line follows from the reported position.
    let recomputed = (transport.beats.unwrap_or(beats) / bar_beats).floor() * bar_beats;
    reported.filter(|line| (line - recomputed).abs() > SAME_TICKS)
}

/// The bar line at or before a song position, in quarter notes, if the song had always had this metre.
pub(super) fn plain_line(beats: f64, metre: Metre) -> f64 {
    let bar_beats = metre.bar().as_f64() / PER_QUARTER;
    (beats / bar_beats + SAME_TICKS).floor() * bar_beats
}
