//! Form: which earlier bar the present bar repeats.
//!
//! Tunes return by whole bars: a phrase comes again after four bars or eight, a part after sixteen. Here every bar of a
//! passage gets a label, the *lag* to the bars that it repeats, and a model of how the labels go on is counted. Knows
//! nothing of networks and of who played what.

mod chords;
mod follow;
mod model;
#[cfg(test)]
mod tests;
mod tracker;

use crate::note::{Bars, Note, Ticks};
pub use chords::{AGREEMENTS, ChordEvidence, agreement};
pub use follow::{FOLLOW_STATES, FollowRates, HIGHEST_RATE, OTHER_CHORD, RecentNotes, follow};
pub use model::{FormModel, FormRuns};
pub use tracker::FormTracker;

/// The longest lag, in bars. Lag 0 marks a new bar.
pub const LONGEST_LAG: u8 = 24;
/// The number of lags, new bars included.
pub const LAGS: usize = LONGEST_LAG as usize + 1;

/// What a note adds to the score of a lag at which the same pitch begins. New bars have score 0.
const MATCH: f32 = 1.0;
/// What it adds where another pitch begins, or none. A bar is a repeat where three of five notes match.
const MISMATCH: f32 = -1.5;
/// What every change of lag costs: two matching notes do not make a repeat.
const CHANGE: f32 = -2.0;
/// What a transposed repeat costs in each bar. A short figure is found in some key by chance.
const TRANSPOSED: f32 = -2.5;
/// Repeats are transposed by at most this many semitones.
const WIDEST_TRANSPOSITION: i16 = 12;
/// The longest passage that is labelled, in bars. Later ones stay new; no tune is that long.
const MOST_BARS: usize = 4096;

/// What a style knows of form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Which lag comes after which.
    pub lags: FormModel,
    /// How closely a line follows what it repeats.
    pub rates: FollowRates,
    /// What the chords say of a lag.
    pub chord_evidence: ChordEvidence,
}

/// A bar and what it repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarLabel {
    /// The bar line at which it begins.
    pub from: Ticks,
    /// The length of the bar.
    pub length: Ticks,
    /// How many bars of this length lie between it and the bar that it repeats, 1 to [`LONGEST_LAG`]; 0 when it is new.
    pub lag: u8,
    /// By how many semitones it lies above what it repeats, -12 to 12.
    pub transposed: i8,
}

impl BarLabel {
    /// The moment that a moment of this bar repeats; `None` in a new bar.
    pub fn source(&self, moment: Ticks) -> Option<Ticks> {
        (self.lag > 0).then(|| Ticks(moment.0 - i64::from(self.lag) * self.length.0))
    }
}

/// Labels every bar from the first note to the last. `notes` are ordered by onset. The labels stop where there are no
/// bars.
///
/// The labels are the most probable path through the lags ([Viterbi 1967](https://doi.org/10.1109/TIT.1967.1054010)):
/// each note says how well a lag fits, and a lag holds on unless another one fits better. So a repeat may differ in
/// some notes and may end differently.
pub fn label(notes: &[Note], bars: impl Fn(Ticks) -> Option<Bars>) -> Vec<BarLabel> {
    let mut labels = bars_of(notes, bars);
    let fits: Vec<[Fit; LAGS]> = labels.iter().map(|bar| fits(notes, bar)).collect();
    let path = best_path(fits.iter());
    for ((bar, fits), lag) in labels.iter_mut().zip(&fits).zip(path) {
        bar.lag = u8::try_from(lag).unwrap_or(0);
        bar.transposed = fits[lag].transposed;
    }
    labels
}

/// How well a lag fits a bar.
#[derive(Debug, Clone, Copy, Default)]
struct Fit {
    score: f32,
    transposed: i8,
}

/// The bars, all of them new.
fn bars_of(notes: &[Note], bars: impl Fn(Ticks) -> Option<Bars>) -> Vec<BarLabel> {
    let (Some(first), Some(last)) = (notes.first(), notes.last()) else { return Vec::new() };
    let bar_at = |moment: Ticks| {
        let bars = bars(moment)?;
        let from = Ticks(moment.0 - bars.place(moment).0);
        Some(BarLabel { from, length: bars.metre.bar(), lag: 0, transposed: 0 })
    };
    let next = |bar: &BarLabel| bar_at(bar.from + bar.length);
    std::iter::successors(bar_at(first.onset), next).take_while(|bar| bar.from <= last.onset).take(MOST_BARS).collect()
}

fn fits(notes: &[Note], bar: &BarLabel) -> [Fit; LAGS] {
    let begin = |moment: Ticks| notes.partition_point(|note| note.onset < moment);
    let own = &notes[begin(bar.from)..begin(bar.from + bar.length)];
    let first = notes.get(begin(Ticks(bar.from.0 - i64::from(LONGEST_LAG) * bar.length.0)));
    let mut fits = [Fit::default(); LAGS];
    for (lag, fit) in (1..).zip(&mut fits[1..]) {
        let back = Ticks(lag * bar.length.0);
        let is_inside = first.is_some_and(|first| bar.from + bar.length - back > first.onset);
        *fit = if is_inside { fit_at(notes, own, back) } else { Fit { score: f32::NEG_INFINITY, transposed: 0 } };
    }
    fits
}

/// The best transposition of what stood `back` before the notes.
fn fit_at(notes: &[Note], own: &[Note], back: Ticks) -> Fit {
    const KEYS: usize = 2 * WIDEST_TRANSPOSITION.unsigned_abs() as usize + 1;
    let mut matches = [0_u16; KEYS];
    for note in own {
        let moment = note.onset - back;
        let from = notes.partition_point(|other| other.onset < moment);
        for other in notes[from..].iter().take_while(|other| other.onset == moment) {
            let by = i16::from(note.pitch.key()) - i16::from(other.pitch.key()) + WIDEST_TRANSPOSITION;
            if let Some(count) = usize::try_from(by).ok().and_then(|by| matches.get_mut(by)) {
                *count += 1;
            }
        }
    }
    let of = |(by, count): (i16, &u16)| {
        let matching = f32::from(*count);
        let others = f32::from(u16::try_from(own.len()).unwrap_or(u16::MAX)) - matching;
        let transposed = if by == 0 { 0.0 } else { TRANSPOSED };
        Fit { score: MATCH * matching + MISMATCH * others + transposed, transposed: i8::try_from(by).unwrap_or(0) }
    };
    let all = (-WIDEST_TRANSPOSITION..).zip(&matches).map(of);
    all.reduce(|best, fit| if fit.score > best.score { fit } else { best }).unwrap_or_default()
}

/// The lag of each bar on the path with the highest score. Of equal ones, the shorter lag.
fn best_path<'a>(fits: impl ExactSizeIterator<Item = &'a [Fit; LAGS]>) -> Vec<usize> {
    let mut scores = [f32::NEG_INFINITY; LAGS];
    scores[0] = 0.0;
    let mut from: Vec<[usize; LAGS]> = Vec::with_capacity(fits.len());
    for fits in fits {
        let best = argmax(&scores);
        let mut next = [0.0; LAGS];
        let mut came_from = [0; LAGS];
        for lag in 0..LAGS {
            let (stays, changes) = (scores[lag], scores[best] + CHANGE);
            came_from[lag] = if stays >= changes { lag } else { best };
            next[lag] = stays.max(changes) + fits[lag].score;
        }
        scores = next;
        from.push(came_from);
    }
    let mut lag = argmax(&scores);
    let mut path: Vec<usize> = Vec::with_capacity(from.len());
    for came_from in from.iter().rev() {
        path.push(lag);
        lag = came_from[lag];
    }
    path.reverse();
    path
}

fn argmax(scores: &[f32; LAGS]) -> usize {
    (0..LAGS).fold(0, |best, lag| if scores[lag] > scores[best] { lag } else { best })
}
