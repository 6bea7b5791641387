//! Counts how bars of tunes repeat each other, and measures how well the counts predict other tunes.

use super::statistics::{count, share};
use segue_corpus::Tune;
use segue_model::form::{BarLabel, FormModel, FormRuns, LAGS, label};
use serde::Serialize;
use std::fmt;

/// Sessions begin anywhere in a tune, so the counts begin at every so-manieth bar of a training tune.
const BARS_BETWEEN_CUTS: usize = 3;
/// A part of a tune that is shorter than this is not counted, in bars.
const FEWEST_BARS: usize = 4;
/// Contexts that were seen less often are not kept.
const FEWEST_SEEN: u32 = 3;

/// The labels of a tune from its first bar on, and of what is left of it from later bars on: what lies before has not
/// been heard.
pub fn labels_from_cuts(tune: &Tune) -> Vec<Vec<BarLabel>> {
    let whole = label(&tune.notes, |moment| tune.bars_at(moment));
    let cuts = (BARS_BETWEEN_CUTS..whole.len().saturating_sub(FEWEST_BARS)).step_by(BARS_BETWEEN_CUTS);
    let cut = |bar: usize| {
        let heard = tune.notes.partition_point(|note| note.onset < whole[bar].from);
        label(&tune.notes[heard..], |moment| tune.bars_at(moment))
    };
    let later: Vec<Vec<BarLabel>> = cuts.map(cut).collect();
    std::iter::once(whole).chain(later).collect()
}

/// Counts how the labels of tunes go on.
pub fn train(tunes: &[&Tune]) -> FormModel {
    let mut model = FormModel::default();
    for labels in tunes.iter().flat_map(|tune| labels_from_cuts(tune)) {
        let mut before = FormRuns::default();
        for bar in labels {
            model.observe(&before, bar.lag);
            before.push(bar.lag);
        }
    }
    model.without_rare(FEWEST_SEEN)
}

/// Which lags a set of tunes has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FormShares {
    /// The share of notes in bars of each lag, 0 to 1; lag 0 is new.
    pub notes: Vec<f64>,
    /// The share of the repeating bars that are transposed.
    pub transposed: f64,
    /// The share of bar lines at which the lag changes.
    pub changes: f64,
}

impl FormShares {
    /// Measures whole tunes.
    pub fn of(tunes: &[&Tune]) -> Self {
        let (mut notes, mut transposed, mut repeating) = ([0; LAGS], 0, 0);
        let (mut changes, mut lines) = (0, 0);
        for tune in tunes {
            let labels = label(&tune.notes, |moment| tune.bars_at(moment));
            for bar in &labels {
                let begin = |moment| tune.notes.partition_point(|note| note.onset < moment);
                notes[usize::from(bar.lag)] += begin(bar.from + bar.length) - begin(bar.from);
                repeating += usize::from(bar.lag > 0);
                transposed += usize::from(bar.transposed != 0);
            }
            changes += labels.windows(2).filter(|pair| pair[0].lag != pair[1].lag).count();
            lines += labels.len().saturating_sub(1);
        }
        let all = notes.iter().sum();
        Self {
            notes: notes.iter().map(|of_lag| share(*of_lag, all)).collect(),
            transposed: share(transposed, repeating),
            changes: share(changes, lines),
        }
    }
}

/// How well a form model predicts the lags of tunes, in nats per bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FormLikelihood {
    /// Bars.
    pub bars: usize,
    /// With all contexts.
    pub nats: f64,
    /// The share of bars whose lag was the most probable one.
    pub top_1: f64,
    /// The share of bars that have the lag of the bar before: what always staying predicts.
    pub stays: f64,
}

impl FormLikelihood {
    /// Measures whole tunes, and what is left of them from later bars on.
    pub fn of(model: &FormModel, tunes: &[&Tune]) -> Self {
        let (mut bars, mut nats, mut right, mut stays) = (0, 0.0, 0, 0);
        for labels in tunes.iter().flat_map(|tune| labels_from_cuts(tune)) {
            let mut before = FormRuns::default();
            let mut last = 0;
            for bar in labels {
                let probabilities = model.probabilities(&before);
                let probability = probabilities[usize::from(bar.lag)];
                nats -= f64::from(probability.max(f32::MIN_POSITIVE)).ln();
                right += usize::from(probabilities.iter().all(|other| *other <= probability));
                stays += usize::from(bar.lag == last);
                last = bar.lag;
                before.push(bar.lag);
                bars += 1;
            }
        }
        Self { bars, nats: nats / count(bars.max(1)), top_1: share(right, bars), stays: share(stays, bars) }
    }
}

impl fmt::Display for FormShares {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LEAST: f64 = 0.005;
        write!(out, "notes by lag in bars:")?;
        for (lag, share) in self.notes.iter().enumerate().filter(|(_, share)| **share >= LEAST) {
            match lag {
                0 => write!(out, " new {:.0} %", 100.0 * share)?,
                _ => write!(out, ", {lag}: {:.0} %", 100.0 * share)?,
            }
        }
        let (transposed, changes) = (100.0 * self.transposed, 100.0 * self.changes);
        writeln!(
            out,
            "\n{transposed:.0} % of the repeats are transposed; the lag changes at {changes:.0} % of bar lines"
        )
    }
}

impl fmt::Display for FormLikelihood {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bars, nats, top_1, stays } = self;
        let (top_1, stays) = (100.0 * top_1, 100.0 * stays);
        writeln!(out, "{bars} bars: {nats:.3} nats per bar, {top_1:.1} % right; the lag stays at {stays:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_corpus::abc::parse_book;

    const BOOK: &str = "X:1\nL:1/4\nM:4/4\nK:C\nCDEF|GABc|cBAG|FEDC|CDEF|GABc|cBAG|FEDC|\n\n\
                        X:2\nL:1/4\nM:4/4\nK:C\ncGEC|DDEE|CEGc|EEDF|cGEC|DDEE|CEGc|EEDF|\n";

    fn tunes() -> Vec<Tune> {
        parse_book(BOOK, "book.abc").tunes.into_iter().map(|(_, tune)| tune).collect()
    }

    #[test]
    fn half_of_a_tune_that_comes_twice_is_new() {
        let tunes = tunes();
        let shares = FormShares::of(&tunes.iter().collect::<Vec<_>>());
        assert!((shares.notes[0] - 0.5).abs() < 1e-9 && (shares.notes[4] - 0.5).abs() < 1e-9, "{shares}");
        assert!(shares.transposed.abs() < 1e-9);
    }

    /// From the fourth bar on, the first three have not been heard.
    #[test]
    fn what_lies_before_a_cut_is_not_repeated() {
        let cuts = labels_from_cuts(&tunes()[1]);
        let lags: Vec<Vec<u8>> = cuts.iter().map(|labels| labels.iter().map(|bar| bar.lag).collect()).collect();
        assert_eq!(lags, [vec![0, 0, 0, 0, 4, 4, 4, 4], vec![0, 0, 0, 0, 4]]);
    }

    #[test]
    fn counts_predict_a_tune_of_the_same_form() {
        let tunes = tunes();
        let counted = train(&[&tunes[0]; 3]);
        let measured = |model: &FormModel| FormLikelihood::of(model, &[&tunes[1]]);
        assert!(measured(&counted).nats < 0.5 * measured(&FormModel::default()).nats);
        assert!(measured(&counted).top_1 > 0.9 && measured(&counted).stays < 0.9);
    }
}
