//! Numbers that describe how a continuation sounds, so that generated ones can be compared with real ones.
//!
//! Knows no networks, no files and no styles. Notes must come on the style's grid, ordered by onset, then pitch. An
//! interval goes from one note of that order to the next, within chords too.

mod bars;
mod comparison;
mod copies;
mod histogram;
#[cfg(test)]
mod tests;

use crate::statistics::{count, mean, share, spread};
pub use comparison::{Comparison, ComparisonRow, Estimate};
pub use copies::CopyIndex;
pub use histogram::{Histogram, Reference};
pub(crate) use histogram::{durations, pitch_classes};
use segue_model::chord::{Chord, OCTAVE};
use segue_model::note::{Bars, Note, Ticks};
use serde::Serialize;
use std::collections::HashSet;

/// A continuation and its context.
#[derive(Clone, Copy)]
pub struct Passage<'a> {
    /// The notes before the continuation.
    pub prompt: &'a [Note],
    /// The continuation, on the same time line.
    pub notes: &'a [Note],
    /// The bars at a tick; `None` in free time.
    pub bars: &'a dyn Fn(Ticks) -> Option<Bars>,
    /// The chord at a tick; `None` where it is unknown.
    pub chord: &'a dyn Fn(Ticks) -> Option<Chord>,
}

/// The metrics of one continuation, one field for each row of the printed table. Shares lie between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct StyleMetrics {
    /// Onsets per quarter note, from the first onset to the last.
    pub notes_per_beat: f64,
    /// Share of notes with the pitch of the note before.
    pub repeated_pitches: f64,
    /// Mean absolute interval, in semitones.
    pub interval: f64,
    /// From the lowest note to the highest, in semitones.
    pub range: f64,
    /// Mean pitch above that of the prompt, in semitones.
    pub rise: f64,
    /// Shannon entropy of the pitch classes, 0 to 3.58 bits.
    pub pitch_class_entropy: f64,
    /// Intersection of its pitch-class histogram with the prompt's: see [`Histogram::overlap`].
    pub prompt_overlap: f64,
    /// Share of its figures of two intervals, in any key and rhythm, that occur in the prompt.
    pub prompt_figures_2: f64,
    /// Share of its figures of three intervals that occur in the prompt.
    pub prompt_figures_3: f64,
    /// Share of its figures of four intervals that occur in the prompt.
    pub prompt_figures_4: f64,
    /// Share of its figures of six intervals that occur in the prompt.
    pub prompt_figures_6: f64,
    /// Share of its figures of three intervals that occurred in it before.
    pub own_figures_3: f64,
    /// Share of its whole bars that sounded at least twice before, in it or in the prompt; `None` in free time.
    pub third_time: Option<f64>,
    /// Share of chord tones among the notes on a beat with a known chord; `None` without such notes.
    pub chord_tones: Option<f64>,
    /// Total variation distance between its places in the bar and the reference's, in bars of the same length; `None`
    /// in free time and where the reference has no such bars.
    pub place_distance: Option<f64>,
    /// Total variation distance between its durations and the reference's.
    pub duration_distance: f64,
    /// The longest run that occurs in the training set with the same intervals and steps, in notes.
    pub copied: f64,
    /// The longest run that occurs in the prompt with the same pitches and steps, in notes.
    pub verbatim_longest: f64,
    /// Share of its notes in runs of at least [`VERBATIM`] notes that occur so in the prompt.
    pub verbatim: f64,
    /// Notes that sound at once, averaged from the first onset to the last end; rests count as 0.
    pub polyphony: f64,
    /// Mean velocity minus that of the prompt, in MIDI steps.
    pub velocity: f64,
    /// Standard deviation of velocity, 0 to 63 MIDI steps.
    pub velocity_spread: f64,
    /// Mean absolute difference of velocity from note to note, in MIDI steps.
    pub velocity_step: f64,
    /// Mean velocity of notes on a beat minus that of the others, in MIDI steps; `None` in free time, and unless there
    /// are both.
    pub velocity_accent: Option<f64>,
    /// Mean velocity of notes higher than both their neighbours minus that of the others, in MIDI steps; `None` unless
    /// there are both.
    pub velocity_peak: Option<f64>,
}

/// A run of this many notes with the same pitches and steps counts as a quotation.
pub const VERBATIM: usize = 8;

impl StyleMetrics {
    /// Measures a continuation. With fewer than two notes, most metrics are 0.
    pub fn of(passage: &Passage, reference: &Reference, learnt: &CopyIndex) -> Self {
        let (prompt, notes) = (passage.prompt, passage.notes);
        let steps = intervals(notes);
        let from_prompt = |length| figures_of_prompt(&intervals(prompt), &steps, length);
        let pitch_classes = pitch_classes(notes);
        let runs = verbatim_runs(prompt, notes);
        Self {
            notes_per_beat: notes_per_beat(notes),
            repeated_pitches: share(steps.iter().filter(|step| **step == 0).count(), steps.len()),
            interval: mean(steps.iter().map(|step| f64::from(step.abs()))),
            range: range(notes),
            rise: mean_pitch(notes) - mean_pitch(prompt),
            pitch_class_entropy: pitch_classes.entropy_bits(),
            prompt_overlap: pitch_classes.overlap(&self::pitch_classes(prompt)),
            prompt_figures_2: from_prompt(2),
            prompt_figures_3: from_prompt(3),
            prompt_figures_4: from_prompt(4),
            prompt_figures_6: from_prompt(6),
            own_figures_3: own_figures(&steps, 3),
            third_time: bars::third_time(passage),
            chord_tones: chord_tones(passage),
            place_distance: reference.place_distance(passage),
            duration_distance: durations(notes).distance(&reference.durations),
            copied: count(learnt.longest_run(notes)),
            verbatim_longest: count(runs.iter().copied().max().unwrap_or(0)),
            verbatim: share(runs.iter().filter(|run| **run >= VERBATIM).count(), runs.len()),
            polyphony: polyphony(notes),
            velocity: mean(velocities(notes)) - mean(velocities(prompt)),
            velocity_spread: spread(velocities(notes)),
            velocity_step: mean(velocities(notes).zip(velocities(notes).skip(1)).map(|(one, next)| (next - one).abs())),
            velocity_accent: louder(notes.iter().map(|note| {
                let bars = (passage.bars)(note.onset);
                (note, bars.is_some_and(|bars| bars.is_on_beat(note.onset)))
            })),
            velocity_peak: louder(notes.windows(3).map(|three| {
                let [before, note, after] = [0, 1, 2].map(|index| three[index].pitch);
                (&three[1], note > before && note > after)
            })),
        }
    }
}

/// One row of the table: a name and how to read the value.
#[derive(Clone, Copy)]
pub struct Metric {
    /// The name in the table.
    pub name: &'static str,
    /// The unit of the values; empty for a share.
    pub unit: &'static str,
    /// Whether generated continuations must lie inside the interval of the real ones.
    pub required: bool,
    /// The value of a continuation; `None` where it has none.
    pub value: fn(&StyleMetrics) -> Option<f64>,
}

/// All metrics, in the order of the table.
pub const METRICS: [Metric; 25] = {
    const fn optional(name: &'static str, unit: &'static str, value: fn(&StyleMetrics) -> Option<f64>) -> Metric {
        Metric { name, unit, required: false, value }
    }
    const fn required(name: &'static str, unit: &'static str, value: fn(&StyleMetrics) -> Option<f64>) -> Metric {
        Metric { name, unit, required: true, value }
    }
    [
        required("notes per beat", "", |of| Some(of.notes_per_beat)),
        required("repeated pitches", "", |of| Some(of.repeated_pitches)),
        optional("mean interval", "semitones", |of| Some(of.interval)),
        optional("range", "semitones", |of| Some(of.range)),
        optional("higher than the prompt", "semitones", |of| Some(of.rise)),
        optional("pitch-class entropy", "bits", |of| Some(of.pitch_class_entropy)),
        required("pitch classes shared with the prompt", "", |of| Some(of.prompt_overlap)),
        optional("2-interval figures from the prompt", "", |of| Some(of.prompt_figures_2)),
        required("3-interval figures from the prompt", "", |of| Some(of.prompt_figures_3)),
        optional("4-interval figures from the prompt", "", |of| Some(of.prompt_figures_4)),
        optional("6-interval figures from the prompt", "", |of| Some(of.prompt_figures_6)),
        required("3-interval figures of its own again", "", |of| Some(of.own_figures_3)),
        optional("bars that sound a third time or more", "", |of| of.third_time),
        optional("chord tones on the beat", "", |of| of.chord_tones),
        optional("distance of places in the bar", "", |of| of.place_distance),
        required("distance of durations", "", |of| Some(of.duration_distance)),
        optional("longest run from the training set", "notes", |of| Some(of.copied)),
        optional("longest run from the prompt", "notes", |of| Some(of.verbatim_longest)),
        optional("in runs of 8 and more from the prompt", "", |of| Some(of.verbatim)),
        optional("notes at once", "", |of| Some(of.polyphony)),
        optional("velocity above the prompt's", "steps", |of| Some(of.velocity)),
        optional("velocity spread", "steps", |of| Some(of.velocity_spread)),
        optional("velocity from note to note", "steps", |of| Some(of.velocity_step)),
        optional("velocity on the beat above others", "steps", |of| of.velocity_accent),
        optional("velocity of peaks above others", "steps", |of| of.velocity_peak),
    ]
};

fn velocities(notes: &[Note]) -> impl Iterator<Item = f64> + Clone {
    notes.iter().map(|note| f64::from(note.velocity.value()))
}

/// Mean velocity of the marked notes minus that of the others; `None` unless there are both.
fn louder<'a>(notes: impl Iterator<Item = (&'a Note, bool)>) -> Option<f64> {
    let (marked, others): (Vec<_>, Vec<_>) = notes.partition(|(_, is_marked)| *is_marked);
    let loudness = |notes: &[(&Note, bool)]| mean(notes.iter().map(|(note, _)| f64::from(note.velocity.value())));
    (!marked.is_empty() && !others.is_empty()).then(|| loudness(&marked) - loudness(&others))
}

/// The interval from each note to the next, in semitones.
pub(crate) fn intervals(notes: &[Note]) -> Vec<i16> {
    notes.windows(2).map(|pair| i16::from(pair[1].pitch.key()) - i16::from(pair[0].pitch.key())).collect()
}

fn figures_of_prompt(prompt: &[i16], steps: &[i16], length: usize) -> f64 {
    let known: HashSet<&[i16]> = prompt.windows(length).collect();
    let figures = || steps.windows(length);
    share(figures().filter(|figure| known.contains(figure)).count(), figures().count())
}

fn own_figures(steps: &[i16], length: usize) -> f64 {
    let mut played = HashSet::new();
    let again = steps.windows(length).filter(|figure| !played.insert(*figure)).count();
    share(again, steps.windows(length).count())
}

fn chord_tones(passage: &Passage) -> Option<f64> {
    let chord_on_the_beat = |note: &Note| is_on_the_beat(note, passage.bars).then(|| (passage.chord)(note.onset))?;
    let on_beat = passage.notes.iter().filter_map(|note| Some((note, chord_on_the_beat(note)?)));
    let fits: Vec<bool> =
        on_beat.map(|(note, chord)| chord.tones().any(|tone| tone == note.pitch.key() % OCTAVE)).collect();
    (!fits.is_empty()).then(|| share(fits.iter().filter(|fits| **fits).count(), fits.len()))
}

/// Whether a note begins on a beat; false in free time.
pub(crate) fn is_on_the_beat(note: &Note, bars: &dyn Fn(Ticks) -> Option<Bars>) -> bool {
    bars(note.onset).is_some_and(|bars| bars.is_on_beat(note.onset))
}

/// Onsets per quarter note, from the first onset to the last.
pub(crate) fn notes_per_beat(notes: &[Note]) -> f64 {
    let (Some(first), Some(last)) = (notes.first(), notes.last()) else { return 0.0 };
    // A single chord spans no time; it counts as one tick.
    count(notes.len() - 1) / (last.onset - first.onset).max(Ticks(1)).as_quarters()
}

/// The mean key number.
pub(crate) fn mean_pitch(notes: &[Note]) -> f64 {
    mean(notes.iter().map(|note| f64::from(note.pitch.key())))
}

fn range(notes: &[Note]) -> f64 {
    let keys = || notes.iter().map(|note| note.pitch.key());
    f64::from(keys().max().unwrap_or(0) - keys().min().unwrap_or(0))
}

fn polyphony(notes: &[Note]) -> f64 {
    let sounding: f64 = notes.iter().map(|note| note.duration.as_quarters()).sum();
    let from = notes.first().map_or(Ticks::ZERO, |note| note.onset);
    let to = notes.iter().map(|note| note.onset + note.duration).max().unwrap_or(from);
    sounding / (to - from).max(Ticks(1)).as_quarters()
}

/// For each note, the length of the longest run around it that occurs in the prompt with the same pitches and steps.
fn verbatim_runs(prompt: &[Note], notes: &[Note]) -> Vec<usize> {
    let mut longest = vec![0; notes.len()];
    for from in 0..notes.len() {
        let run = (0..prompt.len()).map(|at| same_run(&prompt[at..], &notes[from..])).max().unwrap_or(0);
        for note in &mut longest[from..from + run] {
            *note = run.max(*note);
        }
    }
    longest
}

fn same_run(one: &[Note], other: &[Note]) -> usize {
    let step = |notes: &[Note], at: usize| if at == 0 { Ticks::ZERO } else { notes[at].onset - notes[at - 1].onset };
    let is_same = |at: &usize| one[*at].pitch == other[*at].pitch && step(one, *at) == step(other, *at);
    (0..one.len().min(other.len())).take_while(is_same).count()
}
