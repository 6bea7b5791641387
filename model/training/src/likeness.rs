//! What a continuation sounds like, as numbers, so that generated ones can be laid beside real ones.
//!
//! Knows no networks, no files and no styles. Notes come as the style hears them, on its grid of time, in order of
//! onset, then pitch; an interval is from one note of that order to the next, in a chord too.

use fastrand::Rng;
use segue_model::chord::{Chord, OCTAVE};
use segue_model::note::{Bars, Note, TICKS_PER_QUARTER, Ticks};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

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
pub struct Likeness {
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

impl Likeness {
    /// Measures a continuation. Of one with fewer than two notes most figures are 0.
    pub fn of(passage: &Passage, reference: &Reference, learnt: &Learnt) -> Self {
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
pub struct Figure {
    /// In the table.
    pub name: &'static str,
    /// Of its values; empty for a share.
    pub unit: &'static str,
    /// Whether it is one of the six that generated continuations are held to.
    pub counts: bool,
    /// Its value in a continuation.
    pub value: fn(&Likeness) -> Option<f64>,
}

/// All figures, in the order of the table.
pub const FIGURES: [Figure; 23] = {
    const fn told(name: &'static str, unit: &'static str, value: fn(&Likeness) -> Option<f64>) -> Figure {
        Figure { name, unit, counts: false, value }
    }
    const fn held_to(name: &'static str, unit: &'static str, value: fn(&Likeness) -> Option<f64>) -> Figure {
        Figure { name, unit, counts: true, value }
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
    /// How much of all lies in a bin, 0 to 1.
    pub fn share(&self, bin: i64) -> f64 {
        share(self.counts.get(&bin).copied().unwrap_or(0), self.total)
    }

    /// Intersection of two histograms (Swain and Ballard 1991): 1 for equal ones, 0 for such as share no bin.
    pub fn overlap(&self, other: &Self) -> f64 {
        self.counts.keys().map(|bin| self.share(*bin).min(other.share(*bin))).sum()
    }

    /// Total variation, 0 to 1: half the sum of all differences, which is what the overlap leaves.
    pub fn distance(&self, other: &Self) -> f64 {
        (1.0 - self.overlap(other)).max(0.0)
    }

    /// Shannon entropy in bits.
    pub fn entropy_bits(&self) -> f64 {
        self.counts.keys().map(|bin| self.share(*bin)).map(|share| -share * share.log2()).sum()
    }
}

/// Where in the bar and how long the notes of a style are. It is best made from tunes that are not measured by it:
/// what is measured would be nearer to it than it ought to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// By the length of the bar in ticks.
    places: BTreeMap<i64, Histogram>,
    durations: Histogram,
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

    fn place_distance(&self, passage: &Passage) -> Option<f64> {
        let known = places(passage.notes, passage.bars).into_iter();
        let known: Vec<_> = known.filter_map(|(bar, places)| Some((self.places.get(&bar)?, places))).collect();
        let notes: usize = known.iter().map(|(_, places)| places.total).sum();
        let weighed = known.iter().map(|(all, places)| share(places.total, notes) * places.distance(all));
        (notes > 0).then(|| weighed.sum())
    }
}

/// Places are told apart down to a twelfth of a quarter note, which all straight and triplet grids share.
const PLACE_BIN: i64 = TICKS_PER_QUARTER / 12;

/// Places in the bar by the bar's length in ticks.
fn places(notes: &[Note], bars: &dyn Fn(Ticks) -> Option<Bars>) -> BTreeMap<i64, Histogram> {
    let mut places: BTreeMap<i64, Histogram> = BTreeMap::new();
    for (note, bars) in notes.iter().filter_map(|note| Some((note, bars(note.onset)?))) {
        let bar = bars.metre.bar().0;
        // A hair before the bar line is on it.
        let bin = ((bars.place(note.onset).0 + PLACE_BIN / 2) % bar) / PLACE_BIN;
        places.entry(bar).or_default().extend([bin]);
    }
    places
}

/// From a sixty-fourth to two whole notes, in ticks; the note values that music is written in.
const NOTE_VALUES: [i64; 16] = [3, 4, 6, 8, 12, 16, 24, 32, 36, 48, 72, 96, 144, 192, 288, 384];

/// The index of the note value that a duration is nearest to as a ratio.
fn duration_bin(duration: Ticks) -> i64 {
    // Two are told apart at their geometric mean.
    let square = duration.0.max(0).saturating_mul(duration.0);
    let shorter = NOTE_VALUES.windows(2).take_while(|pair| square >= pair[0] * pair[1]);
    shorter.fold(0, |bin, _| bin + 1)
}

/// A histogram of note values.
pub(super) fn durations(notes: &[Note]) -> Histogram {
    notes.iter().map(|note| duration_bin(note.duration)).collect()
}

fn velocities(notes: &[Note]) -> impl Iterator<Item = f64> + Clone {
    notes.iter().map(|note| f64::from(note.velocity.value()))
}

/// How much louder the marked notes are than the others; `None` where there are not both.
fn louder<'a>(notes: impl Iterator<Item = (&'a Note, bool)>) -> Option<f64> {
    let (marked, others): (Vec<_>, Vec<_>) = notes.partition(|(_, is_marked)| *is_marked);
    let loudness = |notes: &[(&Note, bool)]| mean(notes.iter().map(|(note, _)| f64::from(note.velocity.value())));
    (!marked.is_empty() && !others.is_empty()).then(|| loudness(&marked) - loudness(&others))
}

/// A histogram of pitch classes.
pub(super) fn pitch_classes(notes: &[Note]) -> Histogram {
    notes.iter().map(|note| i64::from(note.pitch.key() % OCTAVE)).collect()
}

/// All that was learnt from, so that copies of it are found: a suffix array (Manber and Myers 1993) over pairs of
/// interval and step. 8 bytes a note.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learnt {
    /// The tunes one after another, each with [`END`] behind it.
    text: Vec<u32>,
    /// Where suffixes begin, in the order of the suffixes' first [`LONGEST_RUN`] symbols.
    suffixes: Vec<u32>,
}

/// Longer copies are not told apart from copies of this length, in notes.
const LONGEST_RUN: usize = 256;
/// Ends a tune; no pair of notes makes it.
const END: u32 = u32::MAX;
/// Longer steps are taken for this one.
const LONGEST_STEP: i64 = 0xffff;

impl Learnt {
    /// From the notes of each tune, on the same grid of time as those that will be looked up.
    pub fn from<'notes>(tunes: impl IntoIterator<Item = &'notes [Note]>) -> Self {
        let mut text = Vec::new();
        for notes in tunes {
            text.extend(moves(notes));
            text.push(END);
        }
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut suffixes: Vec<u32> = (0..end).collect();
        suffixes.sort_unstable_by(|one, other| head(&text, *one).cmp(head(&text, *other)));
        Self { text, suffixes }
    }

    /// The longest run of notes that was learnt in some key with the same steps, in notes: 0, or 2 up to 257.
    pub fn longest_run(&self, notes: &[Note]) -> usize {
        let moves: Vec<u32> = moves(notes).collect();
        let longest = (0..moves.len()).map(|from| self.longest_match(&moves[from..])).max().unwrap_or(0);
        if longest == 0 { 0 } else { longest + 1 }
    }

    /// Moves that stand at the beginning of some suffix. The suffix that shares most of them is a neighbour of the place
    /// where they would be sorted in.
    fn longest_match(&self, moves: &[u32]) -> usize {
        let moves = &moves[..moves.len().min(LONGEST_RUN)];
        let place = self.suffixes.partition_point(|suffix| head(&self.text, *suffix) < moves);
        let neighbours = [place.checked_sub(1), Some(place)].into_iter().flatten();
        let shared = |suffix: &u32| head(&self.text, *suffix).iter().zip(moves).take_while(|(a, b)| a == b).count();
        neighbours.filter_map(|index| self.suffixes.get(index)).map(shared).max().unwrap_or(0)
    }
}

fn head(text: &[u32], from: u32) -> &[u32] {
    let suffix = text.get(from as usize..).unwrap_or_default();
    &suffix[..suffix.len().min(LONGEST_RUN)]
}

/// Interval and step from each note to the next, as one number.
fn moves(notes: &[Note]) -> impl Iterator<Item = u32> {
    notes.windows(2).map(|pair| {
        let interval = 128 + u32::from(pair[1].pitch.key()) - u32::from(pair[0].pitch.key());
        let step = (pair[1].onset - pair[0].onset).0.clamp(0, LONGEST_STEP);
        interval << 16 | u32::try_from(step).unwrap_or(0)
    })
}

/// Semitones from each note to the next.
pub(super) fn intervals(notes: &[Note]) -> Vec<i16> {
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
pub(super) fn is_on_the_beat(note: &Note, bars: &dyn Fn(Ticks) -> Option<Bars>) -> bool {
    bars(note.onset).is_some_and(|bars| bars.is_on_beat(note.onset))
}

/// Onsets in a quarter note from the first onset to the last.
pub(super) fn notes_per_beat(notes: &[Note]) -> f64 {
    let (Some(first), Some(last)) = (notes.first(), notes.last()) else { return 0.0 };
    // A single chord has no length; it is taken for a tick.
    count(notes.len() - 1) / quarters((last.onset - first.onset).max(Ticks(1)))
}

fn range(notes: &[Note]) -> f64 {
    let keys = || notes.iter().map(|note| note.pitch.key());
    f64::from(keys().max().unwrap_or(0) - keys().min().unwrap_or(0))
}

fn polyphony(notes: &[Note]) -> f64 {
    let sounding: f64 = notes.iter().map(|note| quarters(note.duration)).sum();
    let from = notes.first().map_or(Ticks::ZERO, |note| note.onset);
    let to = notes.iter().map(|note| note.onset + note.duration).max().unwrap_or(from);
    sounding / quarters((to - from).max(Ticks(1)))
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

/// Quarter notes in a span.
#[expect(clippy::cast_precision_loss, reason = "no tune is 2^52 ticks long")]
pub(super) fn quarters(span: Ticks) -> f64 {
    span.0 as f64 / TICKS_PER_QUARTER as f64
}

/// A number of things as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "notes are far fewer than 2^52")]
pub(super) fn count(things: usize) -> f64 {
    things as f64
}

/// 0 of nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    count(part) / count(whole.max(1))
}

/// 0 of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, number) = values.fold((0.0, 0), |(sum, number), value| (sum + value, number + 1));
    sum / count(number.max(1))
}

/// Standard deviation of all there is; 0 of nothing.
pub(super) fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let middle = mean(values.clone());
    mean(values.map(|value| (value - middle).powi(2))).sqrt()
}

/// A mean and how far chance may have moved it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Of the values themselves.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl Estimate {
    /// The mean with its percentile bootstrap interval (Efron 1979); the same for the same seed. `None` of nothing.
    pub fn of(values: &[f64], seed: u64) -> Option<Self> {
        const RESAMPLES: usize = 2_000;
        const OUTSIDE_EACH_END: usize = RESAMPLES / 40;
        if values.is_empty() {
            return None;
        }
        let mut rng = Rng::with_seed(seed);
        let mut resample = || mean((0..values.len()).map(|_| values[rng.usize(..values.len())]));
        let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
        means.sort_unstable_by(f64::total_cmp);
        let (low, high) = (means[OUTSIDE_EACH_END], means[RESAMPLES - 1 - OUTSIDE_EACH_END]);
        Some(Self { mean: mean(values.iter().copied()), low, high })
    }

    /// How far a value lies above the interval, or below it (negative); 0 inside.
    pub fn distance(self, value: f64) -> f64 {
        (value - self.high).max(0.0) + (value - self.low).min(0.0)
    }
}

/// Generated continuations beside real ones, figure by figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// In the order of [`FIGURES`], without those that no continuation has.
    pub rows: Vec<Row>,
}

/// One figure of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    /// Of the figure.
    pub name: &'static str,
    /// Of all numbers in the row; empty for a share.
    pub unit: &'static str,
    /// Whether generated continuations are held to it.
    pub counts: bool,
    /// Of the real continuations.
    pub real: Estimate,
    /// Mean of the generated ones.
    pub generated: f64,
    /// How far the generated mean lies above the real interval, or below it (negative); 0 inside.
    pub distance: f64,
}

impl Comparison {
    /// Lays the figures of generated continuations beside those of real ones. `seed` is that of the bootstrap.
    pub fn of(real: &[Likeness], generated: &[Likeness], seed: u64) -> Self {
        let row = |figure: &Figure| {
            let values = |of: &[Likeness]| of.iter().filter_map(figure.value).collect::<Vec<f64>>();
            let real = Estimate::of(&values(real), seed)?;
            let generated = values(generated);
            let middle = mean(generated.iter().copied());
            let Figure { name, unit, counts, .. } = *figure;
            let row = Row { name, unit, counts, real, generated: middle, distance: real.distance(middle) };
            (!generated.is_empty()).then_some(row)
        };
        Self { rows: FIGURES.iter().filter_map(row).collect() }
    }

    /// Figures that count and lie outside.
    pub fn missed(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.counts && row.distance != 0.0)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<40} {:>7}  {:^17} {:>9}", "(* held to)", "real", "95 % interval", "generated")?;
        for row in &self.rows {
            let mark = if row.counts { "*" } else { " " };
            let name = if row.unit.is_empty() { row.name.to_owned() } else { format!("{}, {}", row.name, row.unit) };
            let Estimate { mean, low, high } = row.real;
            write!(out, "{mark} {name:<38} {mean:>7.3}  [{low:>7.3},{high:>7.3}] {:>9.3}  ", row.generated)?;
            if row.distance == 0.0 {
                writeln!(out, "inside")?;
            } else {
                writeln!(out, "{:+.3}", row.distance)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
