//! Trains the form model of a style: counts how bars of tunes repeat each other, and finds how closely they do.

use super::dataset::EncodedTune;
use super::rollout::in_vocabulary;
use super::statistics::{count, share};
use segue_corpus::Tune;
use segue_model::form::{
    AGREEMENTS, ChordEvidence, FOLLOW_STATES, FollowRates, Form, FormModel, FormRuns, FormTracker, HIGHEST_RATE, LAGS,
    OTHER_CHORD, RecentNotes, agreement, label,
};
use segue_model::lstm::{InferenceBuffers, Model};
use segue_model::note::Ticks;
use segue_model::vocabulary::{TimeBase, Tokens};
use segue_model::weights;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// Sessions begin anywhere in a tune, so the counts begin at every so-manieth bar of a training tune.
const BARS_BETWEEN_CUTS: usize = 3;
/// A part of a tune that is shorter than this is not counted, in bars.
const FEWEST_BARS: usize = 4;
/// Contexts that were seen less often are not kept.
const FEWEST_SEEN: u32 = 3;

/// What is known of the form at one bar line of a tune, and how the tune goes on.
#[derive(Debug, Clone)]
pub struct BarCase {
    /// The lags of the bars so far, as they are labelled in a session: without the bars to come.
    pub before: FormRuns,
    /// The lag of the next bar.
    pub lag: u8,
    /// For each lag, how well the chords agree: see [`agreement`].
    pub agreements: [usize; LAGS],
}

/// Every bar line of a tune, heard from its first bar on and from later bars on: what lies before has not been heard.
pub fn cases(tune: &Tune) -> Vec<BarCase> {
    let bars = |moment| tune.bars_at(moment);
    let whole = label(&tune.notes, bars);
    let cuts = (BARS_BETWEEN_CUTS..whole.len().saturating_sub(FEWEST_BARS)).step_by(BARS_BETWEEN_CUTS);
    let mut cases = Vec::new();
    for cut in std::iter::once(0).chain(cuts) {
        let begin = |moment: Ticks| tune.notes.partition_point(|note| note.onset < moment);
        let heard = if cut == 0 { 0 } else { begin(whole[cut].from) };
        let mut tracker = FormTracker::default();
        for bar in &label(&tune.notes[heard..], bars) {
            let Some(of_bar) = bars(bar.from) else { continue };
            let so_far = &tune.notes[heard..begin(bar.from).max(heard)];
            tracker.extend(so_far, of_bar, bar.from);
            let before = tracker.runs(so_far, of_bar, bar.from);
            let mut agreements = [0; LAGS];
            for (lag, agreed) in (1..).zip(&mut agreements[1..]) {
                *agreed = agreement(|at| tune.chord_at(at), of_bar.metre, bar.from, Ticks(lag * bar.length.0));
            }
            cases.push(BarCase { before, lag: bar.lag, agreements });
        }
    }
    cases
}

/// The form model of a style, for the network of `model`: counted in `learnt`, and fitted to `valid`. `None` in free
/// time, and where tunes hardly return to what they played.
pub fn train(model: &Model, learnt: &[&Tune], valid: &[&Tune]) -> Option<Form> {
    /// The least share of notes in bars that repeat earlier ones.
    const FEWEST_REPEATS: f64 = 0.2;
    let repeats = 1.0 - FormShares::of(learnt).notes[0];
    if model.vocabulary().time_base == TimeBase::Free || repeats < FEWEST_REPEATS {
        return None;
    }
    let lags = count_lags(learnt);
    let rates = follow_rates(model, valid);
    let chord_evidence =
        if model.vocabulary().chords { chord_evidence(&lags, valid) } else { ChordEvidence::default() };
    Some(Form { lags, rates, chord_evidence })
}

/// The bytes of a weights file with a form model of these tunes, or with none; and whether it has one.
///
/// # Errors
/// When the file cannot be read.
pub fn refitted(path: &Path, learnt: &[&Tune], valid: &[&Tune]) -> anyhow::Result<(Vec<u8>, Option<Form>)> {
    let name = path.display().to_string();
    let bytes = weights::bytes_of(path)?;
    let form = train(&Model::from_bytes(&bytes, &name)?.with_form(None), learnt, valid);
    Ok((weights::with_form(&bytes, &name, form.as_ref())?, form))
}

/// Counts how the labels of tunes go on.
pub fn count_lags(tunes: &[&Tune]) -> FormModel {
    let mut model = FormModel::default();
    for case in tunes.iter().flat_map(|tune| cases(tune)) {
        model.observe(&case.before, case.lag);
    }
    model.without_rare(FEWEST_SEEN)
}

/// Finds what the chords say of a lag, beyond what the counts expect: the weights of a logistic model, by gradient
/// ascent on its log-likelihood, which is concave.
fn chord_evidence(model: &FormModel, tunes: &[&Tune]) -> ChordEvidence {
    const ROUNDS: usize = 100;
    const RATE: f64 = 2.0;
    let known: Vec<(BarCase, [f32; LAGS])> = tunes
        .iter()
        .flat_map(|tune| cases(tune))
        .filter(|case| case.agreements.iter().any(|agreed| *agreed > 0))
        .map(|case| (case.clone(), model.probabilities(&case.before)))
        .collect();
    let mut evidence = [0.0_f64; AGREEMENTS];
    for _ in 0..ROUNDS {
        let mut slope = [0.0; AGREEMENTS];
        for (case, prior) in &known {
            let weight = |lag: usize| f64::from(prior[lag]) * evidence[case.agreements[lag]].exp();
            let sum: f64 = (0..LAGS).map(weight).sum();
            for lag in 0..LAGS {
                let is_true = if lag == usize::from(case.lag) { 1.0 } else { 0.0 };
                slope[case.agreements[lag]] += is_true - weight(lag) / sum.max(f64::MIN_POSITIVE);
            }
        }
        for (evidence, slope) in evidence[1..].iter_mut().zip(&slope[1..]) {
            *evidence += RATE * slope / count(known.len().max(1));
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "a summand needs few digits")]
    let rounded = evidence.map(|summand| summand as f32);
    rounded
}

/// A note that a tune may have repeated: the probability of the repeated class by the network, and whether the tune
/// has it.
#[derive(Debug, Clone, Copy)]
struct Repeatable {
    probability: f64,
    is_repeated: bool,
}

/// How closely the tunes follow what they repeat, beyond what the network of `model` expects anyway.
fn follow_rates(model: &Model, tunes: &[&Tune]) -> FollowRates {
    const HEADS: usize = 3;
    let vocabulary = model.vocabulary();
    let mut seen: [[Vec<Repeatable>; FOLLOW_STATES]; HEADS] = Default::default();
    let mut buffers = InferenceBuffers::default();
    for tune in tunes {
        let tune = in_vocabulary(tune, vocabulary);
        let labels = label(&tune.notes, |moment| tune.bars_at(moment));
        let mut state = model.initial_state();
        for (index, step) in EncodedTune::of(&tune, vocabulary).steps(vocabulary).iter().enumerate() {
            model.step(step.heard, step.features, &mut state, &mut buffers);
            let (Some(next), Some(note)) = (step.next, tune.notes.get(index + 1)) else { continue };
            let Some(bar) = labels.iter().rfind(|bar| bar.from <= note.onset).filter(|bar| bar.lag > 0) else {
                continue;
            };
            if bar.transposed != 0 {
                continue;
            }
            let back = note.onset - bar.source(note.onset).unwrap_or(note.onset);
            let notes = RecentNotes(&tune.notes[..=index]);
            let follows = notes.state(back, bar.from);
            let last = &tune.notes[index];
            let mut heads = model.heads(&state, &mut buffers);
            let earliest = if vocabulary.polyphony == 1 { last.onset + last.duration } else { last.onset };
            let logits = heads.step_logits();
            let from = earliest.max(bar.from);
            let onset = notes.first_onset(from - back, bar.from + bar.length - back);
            if let Some(onset) = onset.filter(|_| notes.has_boundary(from - back)) {
                let class = usize::from(vocabulary.step_class(onset + back - last.onset));
                let allowed = |step| last.onset + vocabulary.step(step) >= earliest;
                let is_repeated = note.onset == onset + back;
                seen[0][follows].push(Repeatable { probability: share_of(logits, allowed, class), is_repeated });
            }
            if let Some(source) = notes.at(note.onset - back).first() {
                let chords = tune.chord_at(note.onset).zip(tune.chord_at(note.onset - back));
                let is_other = vocabulary.chords && chords.is_some_and(|(here, there)| here != there);
                let over_chord = if is_other { OTHER_CHORD } else { follows };
                let class = vocabulary.pitch_class(source.pitch);
                let logits = heads.pitch_logits(Tokens { pitch: 0, duration: 0, velocity: 0, ..next }, step.repeats);
                let probability = share_of(logits, |_| true, class.into());
                seen[1][over_chord].push(Repeatable { probability, is_repeated: next.pitch == class });
                let class = vocabulary.duration_class(source.duration);
                let logits = heads.duration_logits(Tokens { duration: 0, velocity: 0, ..next }, step.repeats);
                let probability = share_of(logits, |_| true, class.into());
                seen[2][follows].push(Repeatable { probability, is_repeated: next.duration == class });
            }
        }
    }
    let rates = |head: usize| std::array::from_fn(|state| rate_of(&seen[head][state]));
    FollowRates { step: rates(0), pitch: rates(1), duration: rates(2) }
}

/// The probability of a class among the allowed ones.
fn share_of(logits: &[f32], allowed: impl Fn(usize) -> bool, class: usize) -> f64 {
    let peak = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |class: usize| f64::from(logits[class] - peak).exp();
    let sum: f64 = (0..logits.len()).filter(|class| allowed(*class)).map(weight).sum();
    if sum > 0.0 && allowed(class) { weight(class) / sum } else { 0.0 }
}

/// The most probable rate, by expectation maximisation: a note is repeated by the rate, or by the network.
fn rate_of(seen: &[Repeatable]) -> f32 {
    const ROUNDS: usize = 50;
    const FEWEST: usize = 20;
    if seen.len() < FEWEST {
        return 0.0;
    }
    let rate = (0..ROUNDS).fold(0.5, |rate: f64, _| {
        let by_rate = seen
            .iter()
            .filter(|note| note.is_repeated)
            .map(|note| rate / (rate + (1.0 - rate) * note.probability).max(f64::MIN_POSITIVE));
        by_rate.sum::<f64>() / count(seen.len())
    });
    #[expect(clippy::cast_possible_truncation, reason = "a rate needs few digits")]
    let rate = rate as f32;
    rate.clamp(0.0, HIGHEST_RATE)
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
        for case in tunes.iter().flat_map(|tune| cases(tune)) {
            let probabilities = model.probabilities(&case.before);
            let probability = probabilities[usize::from(case.lag)];
            nats -= f64::from(probability.max(f32::MIN_POSITIVE)).ln();
            right += usize::from(probabilities.iter().all(|other| *other <= probability));
            stays += usize::from(case.before.last() == Some(case.lag));
            bars += 1;
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
    use segue_model::network::Sizes;
    use segue_model::vocabulary::Vocabulary;

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
        let lags: Vec<u8> = cases(&tunes()[1]).iter().map(|case| case.lag).collect();
        assert_eq!(lags, [vec![0, 0, 0, 0, 4, 4, 4, 4], vec![0, 0, 0, 0, 4]].concat());
    }

    /// A tune over the chords of its first part probably repeats it.
    #[test]
    fn equal_chords_speak_for_a_repeat() {
        let book = |order: [&str; 4]| {
            let part = |name: &&str| match *name {
                "A" => "\"C\"CDEF|\"F\"ABcA|",
                "B" => "\"G\"GBdB|\"Am\"ecAE|",
                _ => "\"Dm\"DFAF|\"E\"EGBG|",
            };
            format!("X:1\nL:1/4\nM:4/4\nK:C\n{}\n", order.iter().map(part).collect::<String>())
        };
        let orders = [["A", "A", "B", "B"], ["A", "B", "A", "B"], ["A", "B", "A", "C"], ["A", "B", "C", "A"]];
        let tunes: Vec<Tune> =
            orders.iter().flat_map(|order| parse_book(&book(*order), "book.abc").tunes).map(|(_, tune)| tune).collect();
        let tunes: Vec<&Tune> = tunes.iter().collect();
        let evidence = chord_evidence(&count_lags(&tunes), &tunes);
        assert!(evidence[0].abs() < f32::EPSILON && evidence[1] < 0.0 && evidence[3] > 0.0, "{evidence:?}");
    }

    /// Free time has no bars, and tunes that never return need no form.
    #[test]
    fn a_style_without_returns_has_no_form() {
        let sizes = Sizes { layers: 1, hidden: 16, event: 16, head: 16 };
        let tunes = tunes();
        let returning: Vec<&Tune> = tunes.iter().collect();
        let dance = Model::random(Vocabulary::dance(), sizes);
        let form = train(&dance, &returning, &returning).unwrap();
        assert!(!form.lags.is_empty() && form.chord_evidence.iter().all(|summand| summand.abs() < f32::EPSILON));
        let rambling = parse_book("X:1\nL:1/4\nM:4/4\nK:C\nCDEF|GABc|cGEC|FDAc|BGDB|\n", "book.abc").tunes;
        let rambling: Vec<&Tune> = rambling.iter().map(|(_, tune)| tune).collect();
        assert_eq!(train(&dance, &rambling, &rambling), None);
        assert_eq!(train(&Model::random(Vocabulary::piano(), sizes), &returning, &returning), None);
    }

    /// A rate is what the tunes repeat beyond the network's own expectation.
    #[test]
    fn the_rate_leaves_out_what_the_network_expects_anyway() {
        let seen = |repeated: usize, probability| -> Vec<Repeatable> {
            (0..1000).map(|index| Repeatable { probability, is_repeated: index < repeated }).collect()
        };
        for (repeated, probability, expected) in [(900, 0.0, 0.9), (900, 0.5, 0.8), (500, 0.5, 0.0), (100, 0.5, 0.0)] {
            let rate = rate_of(&seen(repeated, probability));
            assert!((rate - expected).abs() < 0.02, "{repeated} {probability}: {rate}");
        }
        assert!(rate_of(&seen(900, 0.0)[..19]).abs() < f32::EPSILON, "too few");
    }

    #[test]
    fn counts_predict_a_tune_of_the_same_form() {
        let tunes = tunes();
        let counted = count_lags(&[&tunes[0]; 3]);
        let measured = |model: &FormModel| FormLikelihood::of(model, &[&tunes[1]]);
        assert!(measured(&counted).nats < 0.5 * measured(&FormModel::default()).nats);
        assert!(measured(&counted).top_1 > 0.9 && measured(&counted).stays < 0.9);
    }
}
