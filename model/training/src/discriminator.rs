//! A classifier two-sample test ([Lopez-Paz and Oquab 2017](https://arxiv.org/abs/1610.06545)): a random forest
//! ([Breiman 2001](https://doi.org/10.1023/A:1010933404324)) tries to tell generated continuations from real ones, and
//! says by which features.
//!
//! The forest never classifies a tune that it was trained on. Knows no networks and no files.

use super::statistics::{count, mean, share, spread};
use super::style_metrics::{
    Passage, StyleMetrics, durations, intervals, is_on_the_beat, notes_per_beat, pitch_classes,
};
use fastrand::Rng;
use rafor::prelude::{ClassDecode, CommonTrainerBuilder, EnsembleTrainerBuilder};
use rafor::rf;
use segue_model::chord::OCTAVE;
use segue_model::note::Note;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One continuation with its label.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The tune that it comes from. All continuations of a tune are in the same fold.
    pub tune: usize,
    /// The label that the forest has to predict.
    pub is_generated: bool,
    /// The features that it may use. All samples have the same ones.
    pub features: Vec<Feature>,
}

/// The name and the value of one feature. The value is finite.
pub type Feature = (&'static str, f32);

/// How well generated continuations can be told from real ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiscriminatorResult {
    /// Area under the ROC curve, averaged over the folds: the probability that a generated continuation gets a higher
    /// score than a real one ([Hanley and McNeil 1982](https://doi.org/10.1148/radiology.143.1.7063747)). 0.5 is
    /// chance, 1 is certainty.
    pub auc: f64,
    /// Standard deviation of the folds' AUC.
    pub spread: f64,
    /// The features, the most important first.
    pub importances: Vec<FeatureImportance>,
}

/// What one feature contributes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FeatureImportance {
    /// The name of the feature.
    pub name: &'static str,
    /// Permutation importance: how much AUC is lost when the feature is shuffled among the held-out samples. Correlated
    /// features stand in for each other, so all of them can be near 0.
    pub importance: f64,
    /// AUC of the feature alone; below 0.5 where generated continuations have less of it.
    pub alone: f64,
    /// Mean of the real continuations.
    pub real: f64,
    /// Mean of the generated ones.
    pub generated: f64,
}

const FOLDS: usize = 5;
const TREES: usize = 300;
/// The smallest leaf of a tree. Smaller leaves would memorise single samples.
const SMALLEST_LEAF: usize = 3;
/// How often each feature is shuffled; the losses are averaged.
const SHUFFLES: usize = 5;
const GENERATED: i64 = 1;
const REAL: i64 = 0;

/// Cross-validates a forest over five groups of tunes. `None` when there are too few tunes, or samples of one label
/// only.
pub fn discriminate(samples: &[Sample], seed: u64) -> Option<DiscriminatorResult> {
    let folds = folds(samples, seed);
    let fitted: Vec<Fold> = folds.iter().filter_map(|fold| Fold::new(samples, fold, seed)).collect();
    if fitted.is_empty() {
        return None;
    }
    let mut rng = Rng::with_seed(seed);
    let features = samples.first()?.features.len();
    let mut importances: Vec<FeatureImportance> =
        (0..features).filter_map(|index| importance_of(samples, &fitted, index, &mut rng)).collect();
    importances.sort_by(|one, other| other.importance.total_cmp(&one.importance));
    let aucs = fitted.iter().map(|fold| fold.auc);
    Some(DiscriminatorResult { auc: mean(aucs.clone()), spread: spread(aucs), importances })
}

/// The AUC of real against other real continuations, where there is no difference to find: the mean over random halves.
/// Generated samples are ignored.
pub fn null_auc(samples: &[Sample], seed: u64) -> Option<f64> {
    const HALVES: u64 = 5;
    let real: Vec<&Sample> = samples.iter().filter(|sample| !sample.is_generated).collect();
    let areas: Option<Vec<f64>> = (0..HALVES)
        .map(|half| {
            let mut rng = Rng::with_seed(seed.wrapping_add(half));
            let mut order: Vec<usize> = (0..real.len()).collect();
            rng.shuffle(&mut order);
            let relabelled_half: BTreeSet<usize> = order.into_iter().take(real.len() / 2).collect();
            let relabelled = |(index, sample): (usize, &&Sample)| Sample {
                is_generated: relabelled_half.contains(&index),
                ..(*sample).clone()
            };
            let halves: Vec<Sample> = real.iter().enumerate().map(relabelled).collect();
            mean_auc(&halves, seed.wrapping_add(half))
        })
        .collect();
    areas.map(|areas| mean(areas.into_iter()))
}

/// As [`discriminate`], without importances.
fn mean_auc(samples: &[Sample], seed: u64) -> Option<f64> {
    let fitted: Vec<Fold> = folds(samples, seed).iter().filter_map(|fold| Fold::new(samples, fold, seed)).collect();
    (!fitted.is_empty()).then(|| mean(fitted.iter().map(|fold| fold.auc)))
}

/// A trained forest and the samples that were held out.
struct Fold<'a> {
    forest: rf::Classifier,
    /// The column of the forest's output with the probability of "generated".
    column: usize,
    held_out: Vec<&'a Sample>,
    auc: f64,
}

impl<'a> Fold<'a> {
    /// `None` when either side lacks one of the two labels.
    fn new(samples: &'a [Sample], fold: &BTreeSet<usize>, seed: u64) -> Option<Self> {
        let (held_out, learnt): (Vec<&Sample>, Vec<&Sample>) =
            samples.iter().partition(|sample| fold.contains(&sample.tune));
        let has_both = |of: &[&Sample]| {
            of.iter().any(|sample| sample.is_generated) && of.iter().any(|sample| !sample.is_generated)
        };
        if !has_both(&held_out) || !has_both(&learnt) {
            return None;
        }
        let truth: Vec<i64> = learnt.iter().map(|sample| if sample.is_generated { GENERATED } else { REAL }).collect();
        // One thread, because several would add up in a different order every time.
        let forest: rf::Classifier = rf::Classifier::trainer()
            .with_trees(TREES)
            .with_min_samples_leaf(SMALLEST_LEAF)
            .with_seed(seed)
            .with_threads(1)
            .train(&table(&learnt), &truth);
        let column = forest.get_decode_table().iter().position(|class| *class == GENERATED)?;
        let mut fold = Self { forest, column, held_out, auc: 0.0 };
        fold.auc = fold.auc_of(&table(&fold.held_out));
        Some(fold)
    }

    fn auc_of(&self, table: &[f32]) -> f64 {
        let classes = self.forest.get_decode_table().len();
        let scores = self.forest.proba(table, 1);
        let scores = scores.chunks(classes).map(|chances| chances.get(self.column).copied().unwrap_or(0.0));
        auc(self.held_out.iter().map(|sample| sample.is_generated).zip(scores))
    }

    /// How much AUC is lost when a feature is shuffled.
    fn loss(&self, feature: usize, rng: &mut Rng) -> f64 {
        let mut table = table(&self.held_out);
        let width = table.len() / self.held_out.len();
        let mut values: Vec<f32> = table.iter().skip(feature).step_by(width).copied().collect();
        let mut shuffled = || {
            rng.shuffle(&mut values);
            table.iter_mut().skip(feature).step_by(width).zip(&values).for_each(|(cell, value)| *cell = *value);
            self.auc - self.auc_of(&table)
        };
        mean((0..SHUFFLES).map(|_| shuffled()))
    }
}

fn importance_of(samples: &[Sample], fitted: &[Fold], index: usize, rng: &mut Rng) -> Option<FeatureImportance> {
    let (name, _) = *samples.first()?.features.get(index)?;
    let values = || samples.iter().map(|sample| (sample.is_generated, sample.features[index].1));
    let middle = |of: bool| mean(values().filter(|(is, _)| *is == of).map(|(_, value)| f64::from(value)));
    let importance = mean(fitted.iter().map(|fold| fold.loss(index, rng)));
    Some(FeatureImportance { name, importance, alone: auc(values()), real: middle(false), generated: middle(true) })
}

/// The features as the forest wants them: sample after sample.
fn table(samples: &[&Sample]) -> Vec<f32> {
    samples.iter().flat_map(|sample| sample.features.iter().map(|(_, value)| *value)).collect()
}

/// Splits the tunes into five folds with about equally many samples: the largest tune first, each into the smallest
/// fold.
fn folds(samples: &[Sample], seed: u64) -> Vec<BTreeSet<usize>> {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for sample in samples {
        *sizes.entry(sample.tune).or_default() += 1;
    }
    let mut tunes: Vec<(usize, usize)> = sizes.into_iter().collect();
    Rng::with_seed(seed).shuffle(&mut tunes);
    tunes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let mut folds = vec![(0, BTreeSet::new()); FOLDS];
    for (tune, size) in tunes {
        if let Some(smallest) = folds.iter_mut().min_by_key(|(held, _)| *held) {
            smallest.0 += size;
            smallest.1.insert(tune);
        }
    }
    folds.into_iter().map(|(_, tunes)| tunes).collect()
}

/// The Mann–Whitney statistic ([1947](https://doi.org/10.1214/aoms/1177730491)) as a share: how often a generated
/// sample scores above a real one. A tie counts half.
pub(crate) fn auc(scores: impl Iterator<Item = (bool, f32)>) -> f64 {
    let mut scores: Vec<(bool, f32)> = scores.collect();
    scores.sort_by(|one, other| one.1.total_cmp(&other.1));
    let (mut real_below, mut wins) = (0, 0.0);
    for ties in scores.chunk_by(|one, next| one.1.total_cmp(&next.1).is_eq()) {
        let generated = ties.iter().filter(|(is_generated, _)| *is_generated).count();
        let real = ties.len() - generated;
        wins += count(generated) * (count(real_below) + 0.5 * count(real));
        real_below += real;
    }
    let pairs = real_below * (scores.len() - real_below);
    if pairs == 0 { 0.5 } else { wins / count(pairs) }
}

impl fmt::Display for DiscriminatorResult {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PRINTED: usize = 12;
        writeln!(
            out,
            "AUC against real ones {:.3} (± {:.3} over {FOLDS} folds); most important features:",
            self.auc, self.spread
        )?;
        writeln!(out, "  {:<38} {:>6} {:>6} {:>8} {:>9}", "", "loss", "alone", "real", "generated")?;
        for FeatureImportance { name, importance, alone, real, generated } in self.importances.iter().take(PRINTED) {
            writeln!(out, "  {name:<38} {importance:>6.3} {alone:>6.3} {real:>8.3} {generated:>9.3}")?;
        }
        Ok(())
    }
}

/// The features of a continuation: its metrics, without those that measure copying from the training set, and further
/// details of melody, rhythm and prompt.
pub fn features(passage: &Passage, of: &StyleMetrics) -> Vec<Feature> {
    /// The value where there are no chords or no bars, for real and generated continuations alike.
    const NONE: f64 = -1.0;
    let figures = [
        ("notes per beat", of.notes_per_beat),
        ("repeated pitches", of.repeated_pitches),
        ("mean interval", of.interval),
        ("range", of.range),
        ("pitch-class entropy", of.pitch_class_entropy),
        ("pitch classes shared with the prompt", of.prompt_overlap),
        ("2-interval figures from the prompt", of.prompt_figures_2),
        ("3-interval figures from the prompt", of.prompt_figures_3),
        ("4-interval figures from the prompt", of.prompt_figures_4),
        ("6-interval figures from the prompt", of.prompt_figures_6),
        ("3-interval figures of its own again", of.own_figures_3),
        ("chord tones on the beat", of.chord_tones.unwrap_or(NONE)),
        ("distance of places in the bar", of.place_distance.unwrap_or(NONE)),
        ("distance of durations", of.duration_distance),
        ("in runs of 8 and more from the prompt", of.verbatim),
        ("notes at once", of.polyphony),
        ("velocity spread", of.velocity_spread),
    ];
    let all = figures.into_iter().chain(melodic(passage.notes)).chain(rhythmic(passage)).chain(beside_prompt(passage));
    #[expect(clippy::cast_possible_truncation, reason = "the forest computes in f32")]
    all.map(|(name, value)| (name, value as f32)).collect()
}

fn melodic(notes: &[Note]) -> [(&'static str, f64); 9] {
    let steps = intervals(notes);
    let sizes = |from: u16, to: u16| {
        share(steps.iter().filter(|step| (from..=to).contains(&step.unsigned_abs())).count(), steps.len())
    };
    let rising: Vec<bool> = steps.iter().filter(|step| **step != 0).map(|step| *step > 0).collect();
    let turns = rising.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let (first, second) = notes.split_at(notes.len() / 2);
    let longest_way = rising.chunk_by(|one, next| one == next).map(<[bool]>::len).max().unwrap_or(0);
    [
        ("intervals of 1 and 2 semitones", sizes(1, 2)),
        ("intervals of 3 and 4 semitones", sizes(3, 4)),
        ("intervals of 5 to 7 semitones", sizes(5, 7)),
        ("intervals of 8 to 12 semitones", sizes(8, 12)),
        ("intervals over 12 semitones", sizes(13, 127)),
        ("rising intervals", share(rising.iter().filter(|rises| **rises).count(), rising.len())),
        ("changes of direction", share(turns, rising.len().saturating_sub(1))),
        ("longest way in one direction", count(longest_way)),
        ("likeness of its halves' pitch classes", correlation(first, second)),
    ]
}

fn rhythmic(passage: &Passage) -> [(&'static str, f64); 5] {
    let notes = passage.notes;
    let lengths = || notes.iter().map(|note| note.duration.as_quarters());
    let same = notes.windows(2).filter(|pair| pair[0].duration == pair[1].duration).count();
    let off_beat = notes.iter().filter(|note| !is_on_the_beat(note, passage.bars)).count();
    [
        ("longest note, quarters", lengths().fold(0.0, f64::max)),
        ("last note, quarters", lengths().next_back().unwrap_or(0.0)),
        ("as long as the note before", share(same, notes.len().saturating_sub(1))),
        ("off the beat", share(off_beat, notes.len())),
        ("entropy of durations", durations(notes).entropy_bits()),
    ]
}

fn beside_prompt(passage: &Passage) -> [(&'static str, f64); 5] {
    let (prompt, notes) = (passage.prompt, passage.notes);
    let height = |of: &[Note]| mean(of.iter().map(|note| f64::from(note.pitch.key())));
    let known = pitch_classes(prompt);
    let foreign = notes.iter().filter(|note| known.share(i64::from(note.pitch.key() % OCTAVE)) == 0.0).count();
    let joint = prompt.last().zip(notes.first());
    let leap = joint.map_or(0, |(last, first)| first.pitch.key().abs_diff(last.pitch.key()));
    [
        ("higher than the prompt, semitones", height(notes) - height(prompt)),
        ("faster than the prompt, notes per beat", notes_per_beat(notes) - notes_per_beat(prompt)),
        ("pitch classes foreign to the prompt", share(foreign, notes.len())),
        ("leap from the prompt, semitones", f64::from(leap)),
        ("durations shared with the prompt", durations(notes).overlap(&durations(prompt))),
    ]
}

/// Pearson correlation of two pitch-class histograms; 0 where one of them is flat.
fn correlation(one: &[Note], other: &[Note]) -> f64 {
    let profile = |notes: &[Note]| {
        let histogram = pitch_classes(notes);
        (0..i64::from(OCTAVE)).map(|tone| histogram.share(tone)).collect::<Vec<f64>>()
    };
    let (one, other) = (profile(one), profile(other));
    let spreads = spread(one.iter().copied()) * spread(other.iter().copied());
    let (middle, other_middle) = (mean(one.iter().copied()), mean(other.iter().copied()));
    let together = mean(one.iter().zip(&other).map(|(a, b)| (a - middle) * (b - other_middle)));
    if spreads > 0.0 { together / spreads } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::continuations::{ContinuationPair, ContinuationRequest, draw_positions, pairs};
    use super::super::style_metrics::{CopyIndex, Reference};
    use super::*;
    use segue_corpus::Tune;
    use segue_corpus::abc::parse_book;
    use segue_model::note::Pitch;

    const BOOK: &str = include_str!("../../../tests/tunes/oneills.abc");

    /// The book's tunes in four keys each, to have enough of them.
    fn tunes() -> Vec<Tune> {
        let book = parse_book(BOOK, "oneills.abc");
        let higher = |tune: &Tune, by: i8| {
            let moved = |note: &Note| Note { pitch: note.pitch.transposed(by).unwrap(), ..*note };
            Tune { notes: tune.notes.iter().map(moved).collect(), ..tune.clone() }
        };
        book.tunes.iter().flat_map(|(_, tune)| (0..4).map(|by| higher(tune, by))).collect()
    }

    fn held_out(generate: impl FnMut(&ContinuationRequest) -> Vec<Note>) -> (DiscriminatorResult, f64) {
        let tunes = tunes();
        let tunes: Vec<&Tune> = tunes.iter().collect();
        let names: Vec<String> = (0..tunes.len()).map(|index| format!("{index}")).collect();
        let names: Vec<(&str, usize)> =
            names.iter().zip(&tunes).map(|(name, tune)| (name.as_str(), tune.notes.len())).collect();
        let places = draw_positions(&names, 120, 1);
        let mut reference = Reference::default();
        for tune in &tunes {
            reference.add(&tune.notes, &|moment| tune.bars_at(moment));
        }
        let pairs = pairs(&tunes, &places, (&reference, &CopyIndex::default()), &|_, _| None, generate);
        let samples: Vec<Sample> = pairs.into_iter().flat_map(|ContinuationPair { samples, .. }| samples).collect();
        (discriminate(&samples, 1).unwrap(), null_auc(&samples, 1).unwrap())
    }

    /// Another real passage of the same tune.
    fn other_passage(request: &ContinuationRequest) -> Vec<Note> {
        let from = Rng::with_seed(request.seed ^ 0x5eed).usize(..=request.tune.notes.len() - request.notes);
        request.tune.notes[from..from + request.notes].to_vec()
    }

    #[test]
    fn random_pitches_are_told_from_real_tunes() {
        let (verdict, _) = held_out(|request| {
            let mut rng = Rng::with_seed(request.seed);
            let random = |note: Note| Note { pitch: Pitch::new(rng.u8(60..85)).unwrap(), ..note };
            other_passage(request).into_iter().map(random).collect()
        });
        assert!(verdict.auc > 0.95, "{verdict}");
        assert!(!verdict.importances[0].name.contains("durations"), "the rhythm is real: {verdict}");
        assert!(
            verdict
                .importances
                .iter()
                .any(|importance_of| importance_of.name == "mean interval" && importance_of.alone > 0.9),
            "{verdict}"
        );
    }

    #[test]
    fn nothing_is_told_where_there_is_nothing_to_tell() {
        let samples = |seed: u64| {
            let mut rng = Rng::with_seed(seed);
            let mut sample = |index: usize| Sample {
                tune: index / 4,
                is_generated: index % 2 == 1,
                features: vec![("one", rng.f32()), ("two", rng.f32()), ("three", rng.f32())],
            };
            (0..400).map(&mut sample).collect::<Vec<_>>()
        };
        // With 200 samples of each label, the AUC has a standard deviation of 0.03; the mean of four has 0.015.
        let middle = mean((0..4).map(|seed| discriminate(&samples(seed), seed).unwrap().auc));
        assert!((middle - 0.5).abs() < 0.05, "{middle}");
        let (_, null_auc) = held_out(other_passage);
        assert!((null_auc - 0.5).abs() < 0.12, "60 on each side, five times: {null_auc}");
    }

    /// The same seed gives the same result; one tune cannot be trained on and tested.
    #[test]
    fn the_seed_decides_and_too_few_tunes_give_no_result() {
        assert_eq!(held_out(other_passage).0, held_out(other_passage).0);
        assert_eq!(discriminate(&[], 1), None);
        let lonely = |is_generated| Sample { tune: 0, is_generated, features: vec![("one", 0.0)] };
        assert_eq!(
            discriminate(&[lonely(true), lonely(false)], 1),
            None,
            "one tune cannot be learnt from and held out"
        );
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        let of = |scores: &[(bool, f32)]| auc(scores.iter().copied());
        assert!((of(&[(false, 0.1), (true, 0.9)]) - 1.0).abs() < 1e-12);
        assert!((of(&[(false, 0.5), (true, 0.5)]) - 0.5).abs() < 1e-12);
        assert!((of(&[(false, 1.0), (true, 2.0), (false, 3.0), (true, 2.0)]) - 0.5).abs() < 1e-12);
        assert!((of(&[(false, 1.0), (true, 2.0), (false, 2.0), (true, 3.0)]) - 0.875).abs() < 1e-12);
    }

    #[test]
    fn no_tune_is_in_two_folds_and_folds_are_even() {
        let samples: Vec<Sample> =
            (0..100).map(|index| Sample { tune: index / 7, is_generated: false, features: Vec::new() }).collect();
        let folds = folds(&samples, 1);
        let all: Vec<usize> = folds.iter().flatten().copied().collect();
        assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (15, 15));
        assert!(folds.iter().all(|fold| fold.len() == 3));
    }
}
