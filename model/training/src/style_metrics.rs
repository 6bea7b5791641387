//! What a continuation sounds like, as numbers, so that generated ones can be laid beside real ones.
//!
//! Knows no networks, no files and no styles. Notes come as the style hears them, on its grid of time, in order of
//! onset, then pitch; an interval is from one note of that order to the next, in a chord too.

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

/// A continuation with what it is measured against.
#[derive(Clone, Copy)]
pub struct Passage<'a> {
    /// What was heard before.
    pub prompt: &'a [Note],
    /// What goes on from there, on the same time line.
    pub notes: &'a [Note],
    /// The bars at a moment; `None` in free time.
    pub bars: &'a dyn Fn(Ticks) -> Option<Bars>,
    /// The chord at a moment; `None` where none is known.
    pub chord: &'a dyn Fn(Ticks) -> Option<Chord>,
}

/// The numbers of one continuation. Shares lie between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct StyleMetrics {
    /// Onsets in a quarter note, on average from the first to the last.
    pub notes_per_beat: f64,
    /// Share of notes that have the pitch of the note before.
    pub repeated_pitches: f64,
    /// Mean size of an interval, in semitones.
    pub interval: f64,
    /// From the lowest to the highest note, in semitones.
    pub range: f64,
    /// Shannon entropy of the pitch classes, 0 to 3.58 bits.
    pub pitch_class_entropy: f64,
    /// Intersection of its histogram of pitch classes with the prompt's (Swain and Ballard 1991), a share.
    pub prompt_overlap: f64,
    /// Share of its figures of two intervals, in any key and rhythm, that stand in the prompt already.
    pub prompt_figures_2: f64,
    /// Share of its figures of three intervals that stand in the prompt already.
    pub prompt_figures_3: f64,
    /// Share of its figures of four intervals that stand in the prompt already.
    pub prompt_figures_4: f64,
    /// Share of its figures of six intervals that stand in the prompt already.
    pub prompt_figures_6: f64,
    /// Share of its figures of three intervals that it has played before itself.
    pub own_figures_3: f64,
    /// Share of the notes that begin on a beat under a chord and are tones of it; `None` where there are no such notes.
    pub chord_tones: Option<f64>,
    /// Total variation between its places in the bar and the reference's in bars as long, a share; `None` in free time
    /// and in bars that the reference does not know.
    pub place_distance: Option<f64>,
    /// Total variation between its durations and the reference's, a share.
    pub duration_distance: f64,
    /// The longest run of notes that stands in the training set with the same intervals and steps, in notes.
    pub copied: f64,
    /// The longest run of notes that stands in the prompt with the same pitches and steps, in notes.
    pub verbatim_longest: f64,
    /// Share of its notes inside runs of [`VERBATIM`] or more that stand so in the prompt.
    pub verbatim: f64,
    /// Notes that sound at once, on average from the first onset to the last end; rests count as 0.
    pub polyphony: f64,
    /// Mean velocity above that of the prompt, in MIDI steps.
    pub velocity: f64,
    /// Standard deviation of velocity, 0 to 63 MIDI steps.
    pub velocity_spread: f64,
    /// Mean difference of velocity from note to note, in MIDI steps.
    pub velocity_step: f64,
    /// How much louder notes on a beat are than others, in MIDI steps; `None` in free time and where there are not both.
    pub velocity_accent: Option<f64>,
    /// How much louder notes are that are higher than both their neighbours than others, in MIDI steps; `None` where there
    /// are not both.
    pub velocity_peak: Option<f64>,
}

/// So many notes in the same pitches and steps are a quotation.
pub const VERBATIM: usize = 8;

impl StyleMetrics {
    /// Measures a continuation. Of one with fewer than two notes most figures are 0.
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
            pitch_class_entropy: pitch_classes.entropy_bits(),
            prompt_overlap: pitch_classes.overlap(&self::pitch_classes(prompt)),
            prompt_figures_2: from_prompt(2),
            prompt_figures_3: from_prompt(3),
            prompt_figures_4: from_prompt(4),
            prompt_figures_6: from_prompt(6),
            own_figures_3: own_figures(&steps, 3),
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

/// What a figure is called and how it is told.
#[derive(Clone, Copy)]
pub struct Metric {
    /// In the table.
    pub name: &'static str,
    /// Of its values; empty for a share.
    pub unit: &'static str,
    /// Whether it is one of the six that generated continuations are held to.
    pub counts: bool,
    /// Its value in a continuation.
    pub value: fn(&StyleMetrics) -> Option<f64>,
}

/// All figures, in the order of the table.
pub const METRICS: [Metric; 23] = {
    const fn told(name: &'static str, unit: &'static str, value: fn(&StyleMetrics) -> Option<f64>) -> Metric {
        Metric { name, unit, counts: false, value }
    }
    const fn held_to(name: &'static str, unit: &'static str, value: fn(&StyleMetrics) -> Option<f64>) -> Metric {
        Metric { name, unit, counts: true, value }
    }
    [
        held_to("notes per beat", "", |of| Some(of.notes_per_beat)),
        held_to("repeated pitches", "", |of| Some(of.repeated_pitches)),
        told("mean interval", "semitones", |of| Some(of.interval)),
        told("range", "semitones", |of| Some(of.range)),
        told("pitch-class entropy", "bits", |of| Some(of.pitch_class_entropy)),
        held_to("pitch classes shared with the prompt", "", |of| Some(of.prompt_overlap)),
        told("2-interval figures from the prompt", "", |of| Some(of.prompt_figures_2)),
        held_to("3-interval figures from the prompt", "", |of| Some(of.prompt_figures_3)),
        told("4-interval figures from the prompt", "", |of| Some(of.prompt_figures_4)),
        told("6-interval figures from the prompt", "", |of| Some(of.prompt_figures_6)),
        held_to("3-interval figures of its own again", "", |of| Some(of.own_figures_3)),
        told("chord tones on the beat", "", |of| of.chord_tones),
        told("distance of places in the bar", "", |of| of.place_distance),
        held_to("distance of durations", "", |of| Some(of.duration_distance)),
        told("longest run from the training set", "notes", |of| Some(of.copied)),
        told("longest run from the prompt", "notes", |of| Some(of.verbatim_longest)),
        told("in runs of 8 and more from the prompt", "", |of| Some(of.verbatim)),
        told("notes at once", "", |of| Some(of.polyphony)),
        told("velocity above the prompt's", "steps", |of| Some(of.velocity)),
        told("velocity spread", "steps", |of| Some(of.velocity_spread)),
        told("velocity from note to note", "steps", |of| Some(of.velocity_step)),
        told("velocity on the beat above others", "steps", |of| of.velocity_accent),
        told("velocity of peaks above others", "steps", |of| of.velocity_peak),
    ]
};

fn velocities(notes: &[Note]) -> impl Iterator<Item = f64> + Clone {
    notes.iter().map(|note| f64::from(note.velocity.value()))
}

/// How much louder the marked notes are than the others; `None` where there are not both.
fn louder<'a>(notes: impl Iterator<Item = (&'a Note, bool)>) -> Option<f64> {
    let (marked, others): (Vec<_>, Vec<_>) = notes.partition(|(_, is_marked)| *is_marked);
    let loudness = |notes: &[(&Note, bool)]| mean(notes.iter().map(|(note, _)| f64::from(note.velocity.value())));
    (!marked.is_empty() && !others.is_empty()).then(|| loudness(&marked) - loudness(&others))
}

/// Semitones from each note to the next.
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
    let told = passage.notes.iter().filter_map(|note| Some((note, chord_on_the_beat(note)?)));
    let fits: Vec<bool> =
        told.map(|(note, chord)| chord.tones().any(|tone| tone == note.pitch.key() % OCTAVE)).collect();
    (!fits.is_empty()).then(|| share(fits.iter().filter(|fits| **fits).count(), fits.len()))
}

/// False in free time.
pub(crate) fn is_on_the_beat(note: &Note, bars: &dyn Fn(Ticks) -> Option<Bars>) -> bool {
    bars(note.onset).is_some_and(|bars| bars.is_on_beat(note.onset))
}

/// Onsets in a quarter note from the first onset to the last.
pub(crate) fn notes_per_beat(notes: &[Note]) -> f64 {
    let (Some(first), Some(last)) = (notes.first(), notes.last()) else { return 0.0 };
    // A single chord has no length; it is taken for a tick.
    count(notes.len() - 1) / (last.onset - first.onset).max(Ticks(1)).as_quarters()
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

/// For each note the length of the longest run around it that stands in the prompt with the same pitches and steps.
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
