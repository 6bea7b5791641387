//! How a model begins: with nothing heard, with a few notes, or with a phrase of two bars, beside real beginnings.
//!
//! Knows no networks and no files: beginnings come as notes.

use super::statistics::{count, mean, share};
use super::style_metrics::pitch_classes;
use segue_corpus::Tune;
use segue_model::chord::OCTAVE;
use segue_model::note::{Metre, Note, Ticks};
use std::fmt;

/// The notes of a beginning, after those that were heard.
pub const BEGINNING: usize = 32;
/// In free time, onsets are counted for each four quarters.
const FREE_BAR: Ticks = Metre::COMMON.bar();
/// A figure that comes more often than this in a row, and is shorter than a bar, is a loop.
const MOST_TURNS: usize = 3;

/// What is heard before a beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// So many first notes of a tune.
    Notes(usize),
    /// The first two bars of a tune; in free time, eight quarters.
    TwoBars,
}

/// All that are measured.
pub const HEARD: [Heard; 5] = [Heard::Notes(0), Heard::Notes(1), Heard::Notes(2), Heard::Notes(3), Heard::TwoBars];

impl Heard {
    /// How many notes of a tune that is.
    pub fn of(self, tune: &Tune) -> usize {
        match self {
            Self::Notes(notes) => notes.min(tune.notes.len()),
            Self::TwoBars => {
                let from = tune.notes.first().map_or(Ticks::ZERO, |note| note.onset);
                tune.notes.partition_point(|note| note.onset < from + Ticks(2 * bar_of(tune).0))
            }
        }
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notes(notes) => write!(out, "{notes} notes"),
            Self::TwoBars => write!(out, "two bars"),
        }
    }
}

/// The length of a tune's first bar.
pub fn bar_of(tune: &Tune) -> Ticks {
    let first = tune.notes.first().map_or(Ticks::ZERO, |note| note.onset);
    tune.bars_at(first).map_or(FREE_BAR, |bars| bars.metre.bar())
}

/// The figures of one beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeginningFigures {
    /// The number of different pitch classes.
    pub pitch_classes: f64,
    /// From the lowest note to the highest, in semitones.
    pub range: f64,
    /// Onsets per bar.
    pub onsets_per_bar: f64,
    /// The share of the most frequent pitch class.
    pub largest_share: f64,
    /// Whether a figure shorter than a bar comes more than three times in a row.
    pub loops: bool,
}

impl BeginningFigures {
    /// Measures a beginning in bars of this length.
    pub fn of(notes: &[Note], bar: Ticks) -> Self {
        let classes = pitch_classes(notes);
        let shares = || (0..i64::from(OCTAVE)).map(|class| classes.share(class));
        let keys = || notes.iter().map(|note| note.pitch.key());
        let onsets = notes.chunk_by(|one, next| one.onset == next.onset).count();
        let time = notes.last().zip(notes.first()).map_or(Ticks::ZERO, |(last, first)| last.onset - first.onset);
        Self {
            pitch_classes: count(shares().filter(|share| *share > 0.0).count()),
            range: f64::from(keys().max().unwrap_or(0) - keys().min().unwrap_or(0)),
            onsets_per_bar: count(onsets.saturating_sub(1)) * bar.as_quarters() / time.max(Ticks(1)).as_quarters(),
            largest_share: shares().fold(0.0, f64::max),
            loops: has_loop(notes, bar),
        }
    }

    fn values(self) -> [f64; 4] {
        [self.pitch_classes, self.range, self.onsets_per_bar, self.largest_share]
    }
}

/// Whether a figure of two notes or more, shorter than a bar, comes more than [`MOST_TURNS`] times in a row with the
/// same pitches and steps. (A single note that is struck again is no figure; the largest share counts those.)
fn has_loop(notes: &[Note], bar: Ticks) -> bool {
    let step = |at: usize| notes[at + 1].onset - notes[at].onset;
    let longest = notes.len() / (MOST_TURNS + 1);
    (2..=longest).any(|length| {
        let equal = |at: usize| notes[at].pitch == notes[at + length].pitch && step(at) == step(at + length);
        let is_short = |at: usize| notes[at + length].onset - notes[at].onset < bar;
        // In `needed` equal pairs in a row, the figure comes once more than they are turns long.
        let needed = MOST_TURNS * length;
        let ends = notes.len().saturating_sub(length + 1);
        let mut run = 0;
        (0..ends).any(|at| {
            run = if equal(at) && is_short(at) { run + 1 } else { 0 };
            run >= needed && notes[at + 1 - needed..=at + length].windows(2).any(|pair| pair[0].pitch != pair[1].pitch)
        })
    })
}

/// Real and own beginnings, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct BeginningsRow {
    /// What was heard before.
    pub heard: Heard,
    /// The sampling temperature.
    pub temperature: f32,
    /// The figures of the tunes.
    pub real: Vec<BeginningFigures>,
    /// The figures of the model.
    pub own: Vec<BeginningFigures>,
}

/// The names of the columns of a [`BeginningsRow`].
pub const HEADER: &str = "heard     temp.   pitch classes        range, semitones     onsets a bar         \
                          largest share        over half  loops (real)";

impl fmt::Display for BeginningsRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:<9} {:<5}", self.heard.to_string(), self.temperature)?;
        for column in 0..4 {
            let mut real: Vec<f64> = self.real.iter().map(|figures| figures.values()[column]).collect();
            real.sort_by(f64::total_cmp);
            let (low, high) = (percentile(&real, 0.025), percentile(&real, 0.975));
            let own = || self.own.iter().map(|figures| figures.values()[column]);
            let outside = share(own().filter(|value| !(low..=high).contains(value)).count(), self.own.len());
            write!(out, "  {:>5.2} [{:.2}, {:.2}] {:>2.0} %", mean(own()), low, high, 100.0 * outside)?;
        }
        let part = |of: &[BeginningFigures], is: fn(&BeginningFigures) -> bool| {
            100.0 * share(of.iter().filter(|figures| is(figures)).count(), of.len())
        };
        let over_half = part(&self.own, |figures| figures.largest_share > 0.5);
        let loops = |of: &[BeginningFigures]| part(of, |figures| figures.loops);
        write!(out, "  {over_half:>4.1} %  {:>4.1} % ({:.1} %)", loops(&self.own), loops(&self.real))
    }
}

/// The value below which a share of the sorted values lies; 0 of none.
fn percentile(sorted: &[f64], part: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into the values")]
    let index = (part * count(sorted.len().saturating_sub(1))).round() as usize;
    sorted.get(index).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Pitch, Velocity};

    fn line(notes: &[(i64, u8)]) -> Vec<Note> {
        let mut onset = 0;
        let mut note = |(step, key): &(i64, u8)| {
            onset += step;
            let pitch = Pitch::new(*key).unwrap();
            Note { onset: Ticks(onset), pitch, duration: Ticks(24), velocity: Velocity::DEFAULT }
        };
        notes.iter().map(&mut note).collect()
    }

    #[test]
    fn the_figures_of_a_scale_are_known() {
        let scale = line(&[60, 62, 64, 65, 67, 69, 71, 72].map(|key| (24, key)));
        let figures = BeginningFigures::of(&scale, FREE_BAR);
        let equal =
            |one: [f64; 4], other: [f64; 4]| one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-9);
        assert!(equal(figures.values(), [7.0, 12.0, 8.0, 0.25]), "{figures:?}");
        assert!(!figures.loops);
        assert!(equal(BeginningFigures::of(&[], FREE_BAR).values(), [0.0; 4]));
    }

    #[test]
    fn a_short_figure_that_comes_four_times_is_a_loop() {
        let turns = |figure: &[(i64, u8)], turns: usize| {
            let repeated: Vec<(i64, u8)> = figure.iter().cycle().take(figure.len() * turns).copied().collect();
            BeginningFigures::of(&line(&[repeated, vec![(24, 80), (24, 81)]].concat()), FREE_BAR).loops
        };
        let figure = [(24, 60), (24, 62), (12, 64)];
        assert!(turns(&figure, 4) && !turns(&figure, 3));
        assert!(!turns(&[(24, 60)], 12), "a note that is struck again is no figure");
        assert!(!turns(&[(96, 60), (96, 62)], 4), "a bar is not shorter than a bar");
    }

    #[test]
    fn what_is_heard_are_the_first_notes_of_a_tune() {
        let notes = line(&[60; 20].map(|key| (24, key)));
        let tune = Tune { notes, ..Tune::default() };
        assert_eq!(HEARD.map(|heard| heard.of(&tune)), [0, 1, 2, 3, 16]);
    }

    #[test]
    fn a_row_names_what_lies_outside_of_the_tunes() {
        let of = |pitch_classes| BeginningFigures {
            pitch_classes,
            range: 10.0,
            onsets_per_bar: 6.0,
            largest_share: 0.6,
            loops: pitch_classes > 5.0,
        };
        let row = BeginningsRow {
            heard: Heard::Notes(2),
            temperature: 1.0,
            real: vec![of(3.0), of(4.0), of(5.0)],
            own: vec![of(4.0), of(6.0)],
        };
        let text = row.to_string();
        assert!(text.starts_with("2 notes   1       5.00 [3.00, 5.00] 50 %  10.00 [10.00, 10.00]  0 %"), "{text}");
        assert!(text.ends_with("100.0 %  50.0 % (0.0 %)"), "{text}");
    }
}
