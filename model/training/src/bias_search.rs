//! Finds the decoding bias of a model: it continues validation tunes until it repeats pitches, quotes the prompt and
//! keeps to its pitch classes as often as the tunes do.

use super::drift;
use super::style_metrics::{Comparison, ComparisonRow, StyleMetrics};
use super::two_sample_test::{PromptSet, RolloutRequest};
use segue_model::bias::DecodingBias;
use segue_model::lstm::Model;
use segue_model::sampling::SamplingParameters;
use segue_model::weights;
use std::path::Path;
use std::sync::Arc;

/// The metrics that the bias acts on, by name.
const CORRECTED: [&str; 6] = [
    "repeated pitches",
    "pitch classes shared with the prompt",
    "3-interval figures from the prompt",
    "3-interval figures of its own again",
    "chord tones on the beat",
    "higher than the prompt",
];
/// The values that are tried. Higher gains would bring folk and piano still closer to their tunes, but then the
/// temperature would have no effect within a quotation.
const QUOTATION_GAINS: [f32; 6] = [1.0, 1.15, 1.3, 1.5, 1.75, 2.0];
const REPETITION_BIASES: [f32; 7] = [0.15, 0.0, -0.15, -0.3, -0.45, -0.65, -0.9];
/// Never negative: a player who writes a chart wants it followed.
const CHORD_TONE_BIASES: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
const RECALLS: [f32; 7] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6];
const RISES: [f32; 6] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5];
/// Fewer continuations are too few to compare.
const FEWEST_PLACES: usize = 50;
/// Continuations for each value that is tried.
const PLACES: usize = 250;
/// The seed of the continuations and of the choice of real ones.
const SEED: u64 = 1;
/// Real continuations to compare with. The validation split alone is too small, so training tunes are used too.
const REAL_PLACES: usize = 1_000;

/// The decoding bias with which the model's continuations are closest to the tunes, at temperature 1; `None` when there
/// are too few tunes.
///
/// One number is tried after the other, then all once more around the result, because each affects the others.
pub fn best_bias(model: &Model, prompts: &PromptSet) -> Option<DecodingBias> {
    Search { model, prompts, places: PLACES, real: prompts.real(REAL_PLACES, SEED) }.run()
}

struct Search<'a> {
    model: &'a Model,
    prompts: &'a PromptSet,
    /// Continuations for each value.
    places: usize,
    real: Vec<StyleMetrics>,
}

impl Search<'_> {
    fn run(&self) -> Option<DecodingBias> {
        let mut bias = DecodingBias::default();
        for around in [usize::MAX, 1] {
            bias = self.best(
                neighbours(&QUOTATION_GAINS, bias.quotation_gain, around)
                    .map(|quotation_gain| DecodingBias { quotation_gain, ..bias }),
            )?;
            bias = self.best(
                neighbours(&REPETITION_BIASES, bias.repetition, around)
                    .map(|repetition| DecodingBias { repetition, ..bias }),
            )?;
            bias =
                self.best(neighbours(&RECALLS, bias.recall, around).map(|recall| DecodingBias { recall, ..bias }))?;
            bias = self.best(neighbours(&RISES, bias.rise, around).map(|rise| DecodingBias { rise, ..bias }))?;
            if self.model.vocabulary().chords {
                bias = self.best(
                    neighbours(&CHORD_TONE_BIASES, bias.chord_tone, around)
                        .map(|chord_tone| DecodingBias { chord_tone, ..bias }),
                )?;
            }
        }
        Some(bias)
    }

    /// The first of the best candidates; `None` when there are too few continuations.
    fn best(&self, candidates: impl Iterator<Item = DecodingBias>) -> Option<DecodingBias> {
        let tried: Option<Vec<(f64, DecodingBias)>> =
            candidates.map(|bias| Some((self.distance(bias)?, bias))).collect();
        tried?.into_iter().min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, bias)| bias)
    }

    /// The distance from the real continuations: the sum of squared differences of the [`CORRECTED`] metrics, each in
    /// widths of its confidence interval.
    fn distance(&self, bias: DecodingBias) -> Option<f64> {
        let request = RolloutRequest { places: self.places, parameters: SamplingParameters::as_learnt(SEED) };
        let played = self.prompts.pairs(&Arc::new(self.model.clone().with_bias(bias)), &request);
        let generated: Vec<StyleMetrics> = played.iter().map(|pair| pair.generated_metrics).collect();
        let comparison = Comparison::of(&self.real, &generated, SEED);
        let counted = comparison.rows.iter().filter(|row| CORRECTED.contains(&row.name));
        let apart =
            |row: &ComparisonRow| (row.generated - row.real.mean) / (row.real.high - row.real.low).max(f64::EPSILON);
        (played.len() >= FEWEST_PLACES).then(|| counted.map(|row| apart(row).powi(2)).sum())
    }
}

/// The values at most `places` positions away from `value`.
fn neighbours(values: &[f32], value: f32, places: usize) -> impl Iterator<Item = f32> {
    let middle = values.iter().position(|other| other.total_cmp(&value).is_eq()).unwrap_or(0);
    let (first, last) = (middle.saturating_sub(places), middle.saturating_add(places));
    values.iter().enumerate().filter(move |(at, _)| (first..=last).contains(at)).map(|(_, value)| *value)
}

/// The bytes of a weights file with its best decoding bias, and with the correction of the drift that is left.
/// Everything else in it stays the same. If it `keeps` its bias, only the correction is found again. `None` with too
/// few tunes.
///
/// # Errors
/// When the file cannot be read.
pub fn refitted(path: &Path, prompts: &PromptSet, keeps: bool) -> anyhow::Result<(Vec<u8>, Option<DecodingBias>)> {
    let name = path.display().to_string();
    let bytes = weights::bytes_of(path)?;
    let model = Model::from_bytes(&bytes, &name)?.with_drift(None);
    let bias = if keeps { Some(model.card().decoding_bias) } else { best_bias(&model, prompts) };
    let Some(bias) = bias else { return Ok((bytes, None)) };
    let drift = drift::correction(&model.with_bias(bias), prompts);
    Ok((weights::with_corrections(&bytes, &name, bias, drift)?, Some(bias)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style_metrics::METRICS;
    use segue_corpus::Tune;
    use segue_corpus::abc::parse_book;
    use segue_model::network::Sizes;
    use segue_model::vocabulary::Vocabulary;

    const BOOK: &str = include_str!("../../../tests/tunes/oneills.abc");

    /// A metric that was renamed in the table alone would silently no longer count.
    #[test]
    fn every_metric_that_the_bias_corrects_is_in_the_table() {
        for name in CORRECTED {
            assert!(METRICS.iter().any(|metric| metric.name == name), "{name}");
        }
    }

    /// Too few tunes give no bias.
    #[test]
    fn the_search_finds_a_bias_closer_to_the_tunes() {
        let book = parse_book(BOOK, "oneills.abc");
        let tunes: Vec<&Tune> = book.tunes.iter().map(|(_, tune)| tune).collect();
        let names: Vec<(&str, &Tune)> = tunes.iter().map(|tune| (tune.title.as_str(), *tune)).collect();
        let sizes = Sizes { layers: 1, hidden: 16, event: 16, head: 16 };
        let model = Model::random(Vocabulary::dance(), sizes);
        let prompts = PromptSet::of(model.vocabulary(), &tunes, &names);
        let real = prompts.real(REAL_PLACES, SEED);
        let search = Search { model: &model, prompts: &prompts, places: FEWEST_PLACES, real };
        let repeats = |repetition| {
            let model = Arc::new(model.clone().with_bias(DecodingBias { repetition, ..DecodingBias::default() }));
            let pairs =
                prompts.pairs(&model, &RolloutRequest { places: 60, parameters: SamplingParameters::as_learnt(SEED) });
            let generated: Vec<StyleMetrics> = pairs.iter().map(|pair| pair.generated_metrics).collect();
            let rows = Comparison::of(&generated, &generated, 1).rows;
            rows.iter().find(|row| row.name == CORRECTED[0]).map(|row| row.generated).unwrap()
        };
        assert!(repeats(-1.1) < repeats(0.0) && repeats(0.0) < repeats(1.1));
        let bias = search.run().unwrap();
        let worst = REPETITION_BIASES
            .iter()
            .filter_map(|repetition| search.distance(DecodingBias { repetition: *repetition, ..bias }))
            .fold(0.0, f64::max);
        assert!(search.distance(bias).unwrap() <= search.distance(DecodingBias::default()).unwrap());
        assert!(search.distance(bias).unwrap() < worst);
        let few = PromptSet::of(model.vocabulary(), &tunes, &names[..0]);
        assert_eq!(best_bias(&model, &few), None);
    }

    #[test]
    fn the_second_round_looks_around_what_the_first_has_found() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let around = |value, places| neighbours(&values, value, places).collect::<Vec<_>>();
        assert_eq!(around(1.0, usize::MAX), values);
        assert_eq!(around(1.0, 1), [1.0, 2.0]);
        assert_eq!(around(3.0, 1), [2.0, 3.0, 4.0]);
    }
}
