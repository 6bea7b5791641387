//! The lines of bars and beats in the roll, and the numbers of the bars.

use super::{float, floor};
use segue_engine::recorder::{History, Present};
use segue_model::note::{Bars, Ticks};

/// Beats that are nearer than this, in points, are not drawn.
const LEAST_BEAT: f64 = 7.0;

/// A line of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridLine {
    /// Where it lies, in ticks.
    pub tick: f64,
    /// What it is.
    pub kind: LineKind,
    /// The bar that begins here, if something was played in it.
    pub number: Option<i64>,
}

/// What a line of the grid is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A beat within a bar.
    Beat,
    /// The beginning of a bar.
    Bar,
    /// The beginning of a bar that does not follow the bar before: the count begins again, or the song has jumped.
    Jump,
}

/// The lines between two ticks, in order. There are never two bar lines for one beat: where the bars were counted again
/// within a bar, the later count holds from its own bar line on.
pub fn grid(
    history: &History,
    present: Option<&Present>,
    (from, to): (f64, f64),
    points_per_tick: f64,
) -> Vec<GridLine> {
    let counts = counts(history, present);
    let mut lines: Vec<GridLine> = Vec::new();
    for (index, count) in counts.iter().enumerate() {
        let (begin, bars) = (count.begin, count.bars);
        let end = counts.get(index + 1).map_or(f64::INFINITY, |next| next.begin.max(next.since));
        if let Some(before) = index.checked_sub(1).and_then(|before| counts.get(before)) {
            let beat = before.bars.metre.beat().min(bars.metre.beat());
            lines.retain(|line| line.tick <= begin - beat.as_f64());
        }
        // One bar more on the left, because a number is compared with the number before.
        let bar = bars.metre.bar();
        let (first, end) = (begin.max(from - bar.as_f64()), end.min(to));
        if first < end {
            let with_beats = bars.metre.beat().as_f64() * points_per_tick >= LEAST_BEAT;
            add(&mut lines, history, count, (first, end), with_beats);
        }
    }
    mark_jumps(&mut lines);
    lines.retain(|line| line.tick >= from);
    lines
}

/// Bars that are counted from a bar line on.
#[derive(Debug, Clone, Copy)]
struct Count {
    /// The bar line from which this count holds; the first one holds since ever.
    begin: f64,
    /// The moment with which it was written down.
    since: f64,
    bars: Bars,
}

/// The counts of bars, in order.
fn counts(history: &History, present: Option<&Present>) -> Vec<Count> {
    let ever = |bars| Count { begin: f64::NEG_INFINITY, since: f64::NEG_INFINITY, bars };
    let Some((first, later)) = history.bars.split_first() else {
        return present.map(|present| ever(present.snapshot.bars)).into_iter().collect();
    };
    let later = later.iter().map(|change| {
        let (since, bars) = (change.from, change.to);
        let moment = floor(since);
        let within = float(moment - bars.place(Ticks(moment)).0);
        // A count is written down with the event before it, which may lie before the bar line.
        Count { begin: if bars.line.as_f64() >= since { bars.line.as_f64() } else { within }, since, bars }
    });
    std::iter::once(ever(first.to)).chain(later).collect()
}

fn add(lines: &mut Vec<GridLine>, history: &History, count: &Count, (from, end): (f64, f64), with_beats: bool) {
    let bars = count.bars;
    let (bar, beat) = (bars.metre.bar().0, bars.metre.beat().0.max(1));
    let step = if with_beats { beat } else { bar };
    let first = floor(from);
    let mut line = first - bars.place(Ticks(first)).0;
    while float(line) < end {
        let mut at = line;
        while at < line + bar {
            let tick = float(at);
            if tick >= from && tick < end {
                let is_bar = at == line;
                let kind = if is_bar { LineKind::Bar } else { LineKind::Beat };
                let number = if is_bar { number(history, at, bar, count.since) } else { None };
                lines.push(GridLine { tick, kind, number });
            }
            at += step;
        }
        line += bar;
    }
}

/// The number of the bar that begins at a tick, in a count that was written down at `since`; `None` before the first
/// bar.
fn number(history: &History, tick: i64, bar: i64, since: f64) -> Option<i64> {
    let moment = float(tick).max(since);
    let of = |form: Ticks| Some((tick - form.0).div_euclid(bar) + 1).filter(|number| *number > 0);
    // A beginning may be written down before its tick; until then the one before holds.
    let known = history.forms.iter().rev().filter(|change| change.from <= moment);
    known.map(|change| change.to).find_map(of).or_else(|| of(history.form_at(moment)))
}

fn mark_jumps(lines: &mut [GridLine]) {
    let mut before = None;
    for line in lines.iter_mut().filter(|line| line.kind != LineKind::Beat) {
        if line.number.is_some() && before.is_some() && line.number != before.map(|before: i64| before + 1) {
            line.kind = LineKind::Jump;
        }
        before = line.number;
    }
}
