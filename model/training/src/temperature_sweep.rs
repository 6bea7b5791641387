//! Measures continuations at several temperatures, and checks that a model keeps playing at each of them.
//!
//! Knows no networks and no files: continuations come as notes.

use super::statistics::{count, mean, share};
use super::style_metrics::{Histogram, pitch_classes};
use segue_model::note::Note;
use serde::Serialize;
use std::fmt;

/// The temperatures, from the lowest to nearly the highest.
pub const TEMPERATURES: [f32; 10] = [0.05, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8];

/// The continuations at one temperature.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct SweepRow {
    /// The temperature.
    pub temperature: f32,
    /// Mean Shannon entropy of the pitch classes of a continuation, 0 to 3.58 bits.
    pub pitch_class_entropy: f64,
    /// The same of the pitches, 0 to 7 bits.
    pub pitch_entropy: f64,
    /// Mean number of distinct pitches divided by the number of notes, 0 to 1.
    pub distinct: f64,
    /// The longest run of one pitch, in notes.
    pub longest_run: usize,
    /// The most consecutive repetitions of a figure with the same pitches and steps.
    pub most_turns: usize,
    /// The most notes with one onset.
    pub most_at_once: usize,
    /// Notes that repeat a pitch at the same onset.
    pub doubled: usize,
    /// Continuations with fewer notes than requested.
    pub unfinished: usize,
    /// Continuations whose second half is a single pitch.
    pub one_note: usize,
    /// Continuations whose second half repeats one short figure of pitches.
    pub loops: usize,
}

/// The longest figure that is looked for, in notes.
const LONGEST_FIGURE: usize = 64;
/// A second half that repeats a figure at least this often is an endless loop.
const ENDLESS_TURNS: usize = 4;
/// More than two hands can play: time has stopped advancing.
const MOST_AT_ONCE: usize = 16;
/// Entropy must grow with temperature from here on. Below, the repetition guard decides what varies.
const COLD: f32 = 0.2;
/// The least rank correlation of entropy with temperature.
const LEAST_RANK_CORRELATION: f64 = 0.9;

impl SweepRow {
    /// Measures the continuations at one temperature. Each should have `asked` notes.
    pub fn of(temperature: f32, continuations: &[Vec<Note>], asked: usize) -> Self {
        let all = || continuations.iter().map(Vec::as_slice);
        let most = |of: fn(&[Note]) -> usize| all().map(of).max().unwrap_or(0);
        let how_many = |of: &dyn Fn(&[Note]) -> bool| all().filter(|notes| of(notes)).count();
        Self {
            temperature,
            pitch_class_entropy: mean(all().map(|notes| pitch_classes(notes).entropy_bits())),
            pitch_entropy: mean(all().map(|notes| pitches(notes).collect::<Histogram>().entropy_bits())),
            distinct: mean(all().map(distinct)),
            longest_run: most(longest_run),
            most_turns: most(most_turns),
            most_at_once: most(|notes| {
                notes.chunk_by(|one, next| one.onset == next.onset).map(<[_]>::len).max().unwrap_or(0)
            }),
            doubled: all().map(doubled).sum(),
            unfinished: how_many(&|notes| notes.len() < asked),
            one_note: how_many(&|notes| is_figure(second_half(notes), 1)),
            loops: how_many(&|notes| {
                let half = second_half(notes);
                (2..=half.len() / ENDLESS_TURNS).any(|length| is_figure(half, length)) && !is_figure(half, 1)
            }),
        }
    }

    /// What is wrong at this temperature, one sentence each.
    fn faults(&self) -> impl Iterator<Item = String> {
        let found = [
            (self.unfinished, "continuations have too few notes"),
            (self.one_note, "continuations end on one note for ever"),
            (self.loops, "continuations end in a loop"),
            (self.doubled, "keys are struck twice at one moment"),
            (self.most_at_once.saturating_sub(MOST_AT_ONCE), "notes too many begin at one moment"),
        ];
        let temperature = self.temperature;
        found
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(move |(number, what)| format!("at temperature {temperature}, {number} {what}"))
    }
}

/// What is wrong at any temperature, and whether entropy grows over all of them; empty when all is well.
pub fn faults(rows: &[SweepRow]) -> Vec<String> {
    let mut faults: Vec<String> = rows.iter().flat_map(SweepRow::faults).collect();
    let correlation = rank_correlation(rows);
    if correlation <= LEAST_RANK_CORRELATION {
        faults.push(format!("entropy does not grow with the temperature: rank correlation {correlation:.2}"));
    }
    faults
}

/// Spearman's rank correlation of pitch entropy with temperature, from 0.2 on; -1 to 1, or 0 with fewer than two
/// temperatures.
pub fn rank_correlation(rows: &[SweepRow]) -> f64 {
    let rows: Vec<SweepRow> = rows.iter().copied().filter(|row| row.temperature >= COLD).collect();
    let ranks = |value: fn(&SweepRow) -> f64| {
        let below = |row: &SweepRow| rows.iter().filter(|other| value(other) < value(row)).count();
        let equal = |row: &SweepRow| rows.iter().filter(|other| value(other).total_cmp(&value(row)).is_eq()).count();
        // Ties share the mean of their ranks.
        rows.iter().map(|row| count(below(row)) + (count(equal(row)) - 1.0) / 2.0).collect::<Vec<f64>>()
    };
    let (one, other) = (ranks(|row| f64::from(row.temperature)), ranks(|row| row.pitch_entropy));
    let (middle, other_middle) = (mean(one.iter().copied()), mean(other.iter().copied()));
    let product = |a: &[f64], b: &[f64], (am, bm): (f64, f64)| mean(a.iter().zip(b).map(|(a, b)| (a - am) * (b - bm)));
    let together = product(&one, &other, (middle, other_middle));
    let apart = product(&one, &one, (middle, middle)) * product(&other, &other, (other_middle, other_middle));
    if apart > 0.0 { together / apart.sqrt() } else { 0.0 }
}

fn pitches(notes: &[Note]) -> impl Iterator<Item = i64> {
    notes.iter().map(|note| i64::from(note.pitch.key()))
}

fn distinct(notes: &[Note]) -> f64 {
    let mut keys: Vec<i64> = pitches(notes).collect();
    keys.sort_unstable();
    keys.dedup();
    share(keys.len(), notes.len())
}

fn longest_run(notes: &[Note]) -> usize {
    notes.chunk_by(|one, next| one.pitch == next.pitch).map(<[_]>::len).max().unwrap_or(0)
}

fn doubled(notes: &[Note]) -> usize {
    let mut strokes: Vec<_> = notes.iter().map(|note| (note.onset, note.pitch)).collect();
    strokes.sort_unstable();
    strokes.dedup();
    notes.len() - strokes.len()
}

/// Complete repetitions of the figure that recurs most often in a row; 1 without repetition.
fn most_turns(notes: &[Note]) -> usize {
    let step = |at: usize| notes[at].onset - notes[at - 1].onset;
    let longest_of = |length: usize| {
        // The step to the first note leads to the figure, and is not part of it.
        let same_step = |at: usize| at == length || step(at) == step(at - length);
        let alike = |at: &usize| notes[*at].pitch == notes[at - length].pitch && same_step(*at);
        let marks: Vec<bool> = (length..notes.len()).map(|at| alike(&at)).collect();
        let run = marks.chunk_by(|one, next| one == next).filter(|run| run[0]).map(<[_]>::len).max().unwrap_or(0);
        1 + run / length
    };
    (1..=LONGEST_FIGURE.min(notes.len() / 2)).map(longest_of).max().unwrap_or(1)
}

fn second_half(notes: &[Note]) -> &[Note] {
    &notes[notes.len() / 2..]
}

/// Whether the notes repeat one figure of `length` pitches at least [`ENDLESS_TURNS`] times.
fn is_figure(notes: &[Note], length: usize) -> bool {
    let enough = notes.len() >= length * ENDLESS_TURNS;
    enough && notes.iter().zip(&notes[length.min(notes.len())..]).all(|(one, later)| one.pitch == later.pitch)
}

impl fmt::Display for SweepRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { temperature, pitch_class_entropy, pitch_entropy, distinct, .. } = self;
        write!(out, "{temperature:>5.2} {pitch_class_entropy:>8.3} {pitch_entropy:>8.3} {distinct:>9.3}")?;
        let Self { longest_run, most_turns, most_at_once, doubled, unfinished, one_note, loops, .. } = self;
        write!(
            out,
            "{longest_run:>9} {most_turns:>6} {most_at_once:>8} {doubled:>7} {unfinished:>6} {one_note:>9} {loops:>6}"
        )
    }
}

/// The heading above the rows.
pub const HEADER: &str = "\
 temp  classes  pitches  distinct  longest   most   at one  struck    too  one note   end-
          bits     bits     share      run  turns   moment   twice    few  for ever   less";

#[cfg(test)]
mod tests {
    use super::*;
    use fastrand::Rng;
    use segue_model::note::{Pitch, Ticks, Velocity};

    fn tune(keys: impl IntoIterator<Item = u8>) -> Vec<Note> {
        let note = |(index, key): (i64, u8)| Note {
            onset: Ticks(24 * index),
            pitch: Pitch::new(key).unwrap(),
            duration: Ticks(24),
            velocity: Velocity::DEFAULT,
        };
        (0..).zip(keys).map(note).collect()
    }

    /// A random walk over `keys` pitches: more of them for a higher temperature.
    fn warmer(temperature: f32, keys: u8) -> SweepRow {
        let mut rng = Rng::with_seed(u64::from(keys));
        let continuations: Vec<Vec<Note>> = (0..9).map(|_| tune((0..96).map(|_| 60 + rng.u8(..keys)))).collect();
        SweepRow::of(temperature, &continuations, 96)
    }

    fn check(continuation: &[Note], fault: &str) {
        let mut rows: Vec<SweepRow> = TEMPERATURES.iter().zip(4..).map(|(at, keys)| warmer(*at, keys)).collect();
        assert_eq!(faults(&rows), Vec::<String>::new());
        let broken = SweepRow::of(0.2, &[continuation.to_vec()], 96);
        rows[1] = SweepRow { pitch_entropy: rows[1].pitch_entropy, ..broken };
        let found = faults(&rows);
        assert!(found.len() == 1 && found[0].contains(fault), "{found:?}");
    }

    #[test]
    fn who_falls_silent_or_never_stops_a_figure_is_caught() {
        check(&[], "too few notes");
        let varied = |at: u8| 48 + 7 * (at % 31) % 31;
        check(&tune((0..96).map(|at| if at < 40 { varied(at) } else { 60 })), "one note for ever");
        check(&tune((0..96).map(|at| if at < 40 { varied(at) } else { 60 + at % 5 })), "end in a loop");
        let mut chord = tune(20..116);
        chord[..40].iter_mut().for_each(|note| note.onset = Ticks::ZERO);
        check(&chord, "begin at one moment");
        let mut twice = tune((0..96).map(varied));
        twice[50] = twice[49];
        check(&twice, "struck twice");
    }

    #[test]
    fn entropy_that_does_not_grow_is_caught() {
        let rows: Vec<SweepRow> = TEMPERATURES.iter().map(|at| warmer(*at, 7)).collect();
        assert!(faults(&rows).iter().any(|fault| fault.contains("does not grow")), "{:?}", rank_correlation(&rows));
        let falling: Vec<SweepRow> =
            TEMPERATURES.iter().zip((4..14).rev()).map(|(at, keys)| warmer(*at, keys)).collect();
        assert!((rank_correlation(&falling) + 1.0).abs() < 1e-9);
    }

    #[test]
    fn turns_are_counted_with_their_steps() {
        assert_eq!(most_turns(&tune([60, 61, 62, 60, 61, 62, 60, 61, 62, 63])), 3);
        assert_eq!(most_turns(&tune([60, 61, 63, 62, 60])), 1);
        let mut uneven = tune([60, 61, 60, 61, 60, 61]);
        uneven[3].onset += Ticks(6);
        assert_eq!(most_turns(&uneven), 1);
    }
}
