//! Histograms of note values, pitch classes and places in the bar, of a continuation and of a whole style.

use super::Passage;
use crate::statistics::share;
use segue_model::chord::OCTAVE;
use segue_model::note::{Bars, Note, TICKS_PER_QUARTER, Ticks};
use std::collections::BTreeMap;

/// How often each bin occurs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    counts: BTreeMap<i64, usize>,
    total: usize,
}

impl FromIterator<i64> for Histogram {
    fn from_iter<Bins: IntoIterator<Item = i64>>(bins: Bins) -> Self {
        let mut histogram = Self::default();
        histogram.extend(bins);
        histogram
    }
}

impl Extend<i64> for Histogram {
    fn extend<Bins: IntoIterator<Item = i64>>(&mut self, bins: Bins) {
        for bin in bins {
            *self.counts.entry(bin).or_default() += 1;
            self.total += 1;
        }
    }
}

impl Histogram {
    /// The share of one bin, 0 to 1.
    pub fn share(&self, bin: i64) -> f64 {
        share(self.counts.get(&bin).copied().unwrap_or(0), self.total)
    }

    /// Histogram intersection ([Swain and Ballard 1991](https://doi.org/10.1007/BF00130487)): 1 for equal histograms, 0
    /// for disjoint ones.
    pub fn overlap(&self, other: &Self) -> f64 {
        self.counts.keys().map(|bin| self.share(*bin).min(other.share(*bin))).sum()
    }

    /// Total variation distance, 0 to 1: half the sum of the absolute differences, which is 1 minus the overlap.
    pub fn distance(&self, other: &Self) -> f64 {
        (1.0 - self.overlap(other)).max(0.0)
    }

    /// Shannon entropy in bits.
    pub fn entropy_bits(&self) -> f64 {
        self.counts.keys().map(|bin| self.share(*bin)).map(|share| -share * share.log2()).sum()
    }
}

/// The places in the bar and the durations of a style. Build it from tunes that are not measured against it, or they
/// would seem closer to the style than they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// Places in the bar, by the length of the bar in ticks.
    places: BTreeMap<i64, Histogram>,
    pub(super) durations: Histogram,
}

impl Reference {
    /// Counts the notes of a tune.
    pub fn add(&mut self, notes: &[Note], bars: &dyn Fn(Ticks) -> Option<Bars>) {
        self.durations.extend(notes.iter().map(|note| duration_bin(note.duration)));
        for (bar, places) in places(notes, bars) {
            let all = self.places.entry(bar).or_default();
            for (bin, count) in places.counts {
                all.extend(std::iter::repeat_n(bin, count));
            }
        }
    }

    pub(super) fn place_distance(&self, passage: &Passage) -> Option<f64> {
        let known = places(passage.notes, passage.bars).into_iter();
        let known: Vec<_> = known.filter_map(|(bar, places)| Some((self.places.get(&bar)?, places))).collect();
        let notes: usize = known.iter().map(|(_, places)| places.total).sum();
        let weighed = known.iter().map(|(all, places)| share(places.total, notes) * places.distance(all));
        (notes > 0).then(|| weighed.sum())
    }
}

/// The width of a bin: a twelfth of a quarter note, which straight and triplet grids share.
const PLACE_BIN: i64 = TICKS_PER_QUARTER / 12;

/// Histograms of places in the bar, by the length of the bar in ticks.
fn places(notes: &[Note], bars: &dyn Fn(Ticks) -> Option<Bars>) -> BTreeMap<i64, Histogram> {
    let mut places: BTreeMap<i64, Histogram> = BTreeMap::new();
    for (note, bars) in notes.iter().filter_map(|note| Some((note, bars(note.onset)?))) {
        let bar = bars.metre.bar().0;
        // A note just before the bar line counts as on it.
        let bin = ((bars.place(note.onset).0 + PLACE_BIN / 2) % bar) / PLACE_BIN;
        places.entry(bar).or_default().extend([bin]);
    }
    places
}

/// The written note values from a sixty-fourth to two whole notes, in ticks.
pub(super) const NOTE_VALUES: [i64; 16] = [3, 4, 6, 8, 12, 16, 24, 32, 36, 48, 72, 96, 144, 192, 288, 384];

/// The index of the note value nearest by ratio.
pub(super) fn duration_bin(duration: Ticks) -> i64 {
    // The boundary between two note values is their geometric mean.
    let square = duration.0.max(0).saturating_mul(duration.0);
    let shorter = NOTE_VALUES.windows(2).take_while(|pair| square >= pair[0] * pair[1]);
    shorter.fold(0, |bin, _| bin + 1)
}

/// A histogram of note values.
pub(crate) fn durations(notes: &[Note]) -> Histogram {
    notes.iter().map(|note| duration_bin(note.duration)).collect()
}

/// A histogram of pitch classes.
pub(crate) fn pitch_classes(notes: &[Note]) -> Histogram {
    notes.iter().map(|note| i64::from(note.pitch.key() % OCTAVE)).collect()
}
