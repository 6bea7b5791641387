//! Trains the n-gram model beside the network: counts what tunes have in common, then tunes the mixing weights on tunes
//! that were not counted.

use super::Splits;
use super::dataset::{EncodedTune, FeatureDropout, NO_DROPOUT, drop_features};
use super::evaluate::{Likelihoods, evaluate, markov};
use burn::tensor::Device;
use fastrand::Rng;
use segue_model::lookback::MOTIF_LENGTHS;
use segue_model::lstm::{InferenceBuffers, Model};
use segue_model::ngram::{
    CountedNode, LONGEST, MAX_MIXING_WEIGHT, MixingWeights, NgramModel, PitchHistory, Successor, interval,
};
use segue_model::vocabulary::Vocabulary;
use segue_model::weights;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Successors that fewer tunes share are left out, so that the model holds common turns and no single tune.
const FEWEST_TUNES: u32 = 2;
/// A repeated note is counted as a figure up to this many intervals. With longer ones the model would predict the next
/// repetition, and repeated notes would never end.
const LONGEST_ON_ONE_NOTE: usize = 1;
/// From this class of the motif length on (seven intervals) the mixing weight is 0: where the session already repeats a
/// long motif, the n-gram model would only keep it going round.
const FOUND_ENOUGH: usize = 6;
/// The least gain on tunes that were not counted, in nats per note; below it the model is left out.
const LEAST_GAIN: f64 = 0.005;

/// Trains an n-gram model for the network of `model` on `train` and tunes it on `valid`.
///
/// `None` when it does not improve the prediction, and for polyphonic styles. There the next note often belongs to
/// another voice; n-grams of that predict well and play badly, because they circle on a few notes.
pub fn train(model: &Model, train: &[EncodedTune], valid: &[EncodedTune]) -> Option<NgramModel> {
    let vocabulary = model.vocabulary();
    if vocabulary.polyphony > 1 {
        return None;
    }
    let melodies: Vec<Vec<u8>> = train.iter().map(|piece| melody(piece, vocabulary)).collect();
    let ngram = counted(&melodies)?;
    let predictions = Predictions::of(model, &ngram, valid);
    let mixing_weights = predictions.mixing_weights();
    let gain = predictions.loss(&[0.0; MOTIF_LENGTHS]) - predictions.loss(&mixing_weights);
    let (figures, successors) = ngram.sizes();
    println!(
        "n-gram model: {successors} successors of {figures} figures lower the pitch loss by {gain:.3} nats per note"
    );
    (gain >= LEAST_GAIN).then(|| ngram.with_mixing_weights(mixing_weights))
}

/// Retrains the n-gram model of a weights file. Returns the new bytes in half precision, and the likelihoods on the
/// test split.
///
/// # Errors
/// When the file cannot be read.
pub fn retrained(path: &Path, splits: &Splits) -> anyhow::Result<(Vec<u8>, Likelihoods)> {
    let name = path.display().to_string();
    let bytes = weights::bytes_of(path)?;
    let (mut card, network) = weights::read(&bytes, &name, &Device::flex())?;
    let ngram = train(&Model::new(card.clone(), &network), &splits.train, &splits.valid);
    let model = Model::new(card.clone(), &network).with_ngram(ngram.clone());
    let figures = evaluate(&model, &splits.test, &markov(&splits.train, model.vocabulary()));
    card.figures = figures.named().into_iter().collect();
    let bytes = weights::to_bytes(&card, &network, ngram.as_ref(), true).map_err(anyhow::Error::msg)?;
    Ok((bytes, figures))
}

fn melody(piece: &EncodedTune, vocabulary: &Vocabulary) -> Vec<u8> {
    piece.tokens(vocabulary).iter().map(|note| note.pitch).collect()
}

/// Counts what at least [`FEWEST_TUNES`] melodies play after each figure; `None` when they share nothing.
fn counted(melodies: &[Vec<u8>]) -> Option<NgramModel> {
    /// How often, in how many melodies, and in which one last.
    #[derive(Default)]
    struct Seen {
        count: u32,
        tunes: u32,
        last: Option<usize>,
    }
    let mut figures: Vec<CountedNode> = Vec::new();
    // For each note, the longest shared figure so far that ends with it.
    let mut ends: Vec<Vec<Option<usize>>> = melodies.iter().map(|melody| vec![Some(0); melody.len()]).collect();
    for length in 0..=LONGEST {
        let earliest = |melody: &[u8], at: usize| {
            if length == 0 { 0 } else { interval(melody[at - length], melody[at + 1 - length]) }
        };
        let mut seen: BTreeMap<(usize, i8, i8), Seen> = BTreeMap::new();
        for (tune, (melody, ends)) in melodies.iter().zip(&ends).enumerate() {
            for at in length..melody.len().saturating_sub(1) {
                let Some(parent) = ends[at] else { continue };
                let seen =
                    seen.entry((parent, earliest(melody, at), interval(melody[at], melody[at + 1]))).or_default();
                seen.count += 1;
                if seen.last.replace(tune) != Some(tune) {
                    seen.tunes += 1;
                }
            }
        }
        let mut level: HashMap<(usize, i8), usize> = HashMap::new();
        for ((parent, earliest, interval), seen) in seen {
            if seen.tunes < FEWEST_TUNES {
                continue;
            }
            let index = *level.entry((parent, earliest)).or_insert_with(|| {
                figures.push(CountedNode { parent, interval: earliest, successors: Vec::new() });
                figures.len() - 1
            });
            if length <= LONGEST_ON_ONE_NOTE || !is_one_note(&figures, index) {
                figures[index].successors.push(Successor { interval, count: seen.count });
            }
        }
        for (melody, ends) in melodies.iter().zip(&mut ends) {
            for (at, end) in ends.iter_mut().enumerate() {
                let parent = end.take().filter(|_| at >= length);
                *end = parent.and_then(|parent| level.get(&(parent, earliest(melody, at))).copied());
            }
        }
    }
    (!figures.is_empty()).then(|| NgramModel::of(figures))
}

/// Whether all intervals of a figure are zero.
fn is_one_note(figures: &[CountedNode], figure: usize) -> bool {
    figure == 0 || (figures[figure].interval == 0 && is_one_note(figures, figures[figure].parent))
}

/// The output of network and n-gram model for each note of some tunes.
struct Predictions {
    pitches: usize,
    /// The network's logits, `[notes × pitches]`.
    network: Vec<f32>,
    /// The log ratios of the n-gram model, `[notes × pitches]`.
    ngram: Vec<f32>,
    notes: Vec<Target>,
}

/// The right answer for one note.
#[derive(Clone, Copy)]
struct Target {
    /// The class of its pitch.
    pitch: usize,
    /// The class of the length of the motif match.
    found: usize,
}

/// The loss of a mixing weight, and its first two derivatives.
#[derive(Default)]
struct LossDerivatives {
    loss: f64,
    first: f64,
    second: f64,
}

impl Predictions {
    /// Predicts with every feature shown, and again without chords where the style has some.
    fn of(model: &Model, ngram: &NgramModel, pieces: &[EncodedTune]) -> Self {
        let vocabulary = model.vocabulary();
        let pitches = vocabulary.counts().pitch;
        let mut predictions = Self { pitches, network: Vec::new(), ngram: Vec::new(), notes: Vec::new() };
        let no_chords = vocabulary.chords.then_some(FeatureDropout { chords: 1.0, ..NO_DROPOUT });
        for dropout in std::iter::once(NO_DROPOUT).chain(no_chords) {
            for piece in pieces {
                predictions.hear(model, ngram, piece, dropout);
            }
        }
        predictions
    }

    fn hear(&mut self, model: &Model, ngram: &NgramModel, piece: &EncodedTune, dropout: FeatureDropout) {
        let mut steps = piece.steps(model.vocabulary());
        drop_features(&mut steps, dropout, &mut Rng::with_seed(0));
        let (mut state, mut buffers) = (model.initial_state(), InferenceBuffers::default());
        let (mut past, mut ratios) = (PitchHistory::default(), Vec::new());
        for step in steps {
            past.push(step.heard.pitch);
            model.step(step.heard, step.features, &mut state, &mut buffers);
            let Some(next) = step.next else { continue };
            self.network.extend_from_slice(model.heads(&state, &mut buffers).pitch_logits(next, step.repeats));
            ngram.log_ratios(&past, self.pitches, &mut ratios);
            self.ngram.extend_from_slice(&ratios[..self.pitches]);
            self.notes.push(Target { pitch: next.pitch.into(), found: step.features.figure.length.into() });
        }
    }

    fn rows(&self) -> impl Iterator<Item = (Target, &[f32], &[f32])> {
        let both = self.network.chunks_exact(self.pitches).zip(self.ngram.chunks_exact(self.pitches));
        self.notes.iter().zip(both).map(|(asked, (network, ngram))| (*asked, network, ngram))
    }

    /// The loss, in nats per note.
    fn loss(&self, mixing_weights: &MixingWeights) -> f64 {
        let mut slope = LossDerivatives::default();
        for (asked, network, ngram) in self.rows() {
            slope.add(mixing_weights[asked.found], asked.pitch, network, ngram);
        }
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 notes")]
        let notes = self.notes.len().max(1) as f64;
        slope.loss / notes
    }

    /// The mixing weights with the least loss: first one for all notes, then one for each motif length, shrunk towards
    /// the common one as if by [`LossDerivatives::anchored`]'s extra notes. From [`FOUND_ENOUGH`] on the weight is 0.
    fn mixing_weights(&self) -> MixingWeights {
        let all = self.tuned(|_| true, 0.0);
        let weight =
            |found: usize| if found < FOUND_ENOUGH { self.tuned(|asked| asked.found == found, all) } else { 0.0 };
        std::array::from_fn(weight)
    }

    /// Minimises by Newton's method. The loss is convex, and smooth enough for full steps.
    fn tuned(&self, counts: impl Fn(Target) -> bool, anchor: f32) -> f32 {
        const ROUNDS: usize = 10;
        (0..ROUNDS).fold(anchor, |weight, _| {
            let mut slope = LossDerivatives::anchored(weight, anchor);
            for (asked, network, ngram) in self.rows().filter(|(asked, _, _)| counts(*asked)) {
                slope.add(weight, asked.pitch, network, ngram);
            }
            #[expect(clippy::cast_possible_truncation, reason = "a weight needs few digits")]
            let better = (f64::from(weight) - slope.first / slope.second) as f32;
            better.clamp(0.0, MAX_MIXING_WEIGHT)
        })
    }
}

impl LossDerivatives {
    /// A quadratic penalty on the distance from `anchor`, worth this many notes.
    fn anchored(weight: f32, anchor: f32) -> Self {
        const NOTES: f64 = 30.0;
        let off = f64::from(weight - anchor);
        Self { loss: NOTES / 2.0 * off * off, first: NOTES * off, second: NOTES }
    }

    /// Adds the note whose pitch is `truth`. Under softmax the gradient is the mean of the log ratios minus the ratio
    /// of the truth, and the second derivative is their variance.
    fn add(&mut self, weight: f32, truth: usize, network: &[f32], ngram: &[f32]) {
        let logit = |pitch: usize| f64::from(network[pitch] + weight * ngram[pitch]);
        let peak = (0..network.len()).map(logit).fold(f64::NEG_INFINITY, f64::max);
        let (mut whole, mut mean, mut square) = (0.0, 0.0, 0.0);
        for (pitch, added) in ngram.iter().map(|added| f64::from(*added)).enumerate() {
            let weight = (logit(pitch) - peak).exp();
            whole += weight;
            mean += weight * added;
            square += weight * added * added;
        }
        let (mean, square) = (mean / whole, square / whole);
        self.loss += whole.ln() - (logit(truth) - peak);
        self.first += mean - f64::from(ngram[truth]);
        self.second += square - mean * mean;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_corpus::abc::parse_book;
    use segue_model::network::Sizes;

    const PITCHES: usize = 30;

    fn melodies(of: &[&[u8]]) -> Vec<Vec<u8>> {
        of.iter().map(|melody| melody.to_vec()).collect()
    }

    /// The log ratio of the pitch `next` after `before`.
    fn log_ratio(ngram: &NgramModel, before: &[u8], next: u8) -> f32 {
        let mut past = PitchHistory::default();
        for pitch in before {
            past.push(*pitch);
        }
        let mut ratios = Vec::new();
        ngram.log_ratios(&past, PITCHES, &mut ratios);
        ratios[usize::from(next)]
    }

    /// A turn that one tune repeats is not counted.
    #[test]
    fn a_turn_counts_when_two_tunes_share_it_in_any_key() {
        let turn = [0, 7, 3, 5, 4];
        let in_key = |key: u8| turn.map(|pitch| pitch + key);
        let once = counted(&melodies(&[&in_key(2).repeat(9), &[10, 12, 14, 15]]));
        assert!(once.is_none_or(|ngram| log_ratio(&ngram, &in_key(5)[..4], 9).abs() < 1e-6));
        let twice = counted(&melodies(&[&in_key(2), &in_key(9), &[10, 12, 14, 15]])).unwrap();
        assert!(log_ratio(&twice, &in_key(5)[..4], 9) > 0.1);
        assert_eq!(counted(&melodies(&[&[1], &[], &[5]])).map(|ngram| ngram.sizes()), None);
    }

    #[test]
    fn counts_are_those_of_counting_one_by_one() {
        let mut random = Rng::with_seed(1);
        let tune = |random: &mut Rng| (0..400).map(|_| random.u8(10..14)).collect::<Vec<u8>>();
        let melodies: Vec<Vec<u8>> = (0..6).map(|_| tune(&mut random)).collect();
        let ngram = counted(&melodies).unwrap();
        for length in 0..=LONGEST {
            let mut seen: HashMap<Vec<i8>, Vec<u32>> = HashMap::new();
            for (index, melody) in melodies.iter().enumerate() {
                let intervals: Vec<i8> = melody.windows(2).map(|pair| interval(pair[0], pair[1])).collect();
                for run in intervals.windows(length + 1) {
                    seen.entry(run.to_vec()).or_insert_with(|| vec![0; melodies.len()])[index] += 1;
                }
            }
            seen.retain(|run, tunes| {
                let figure = &run[..length];
                let is_counted = length <= LONGEST_ON_ONE_NOTE || figure.iter().any(|interval| *interval != 0);
                is_counted && tunes.iter().filter(|count| **count > 0).count() >= 2
            });
            assert!(seen.len() > 10 || length == 0);
            for (run, tunes) in &seen {
                assert_eq!(ngram.counted(&run[..length], run[length]), tunes.iter().sum::<u32>(), "{run:?}");
            }
            assert_eq!(ngram.successors_of_length(length), seen.len());
        }
    }

    #[test]
    fn a_note_that_is_repeated_does_not_ask_to_be_repeated_for_ever() {
        let knocking = counted(&melodies(&[&[9; 40], &[5; 40]])).unwrap();
        let twice = log_ratio(&knocking, &[7, 7], 7);
        assert!(
            (log_ratio(&knocking, &[7; 9], 7) - twice).abs() < 1e-6,
            "the ratios after one repetition are those after eight"
        );
        let then_up = counted(&melodies(&[&[9, 9, 9, 12], &[5, 5, 5, 8]])).unwrap();
        assert!(log_ratio(&then_up, &[4, 7, 7, 7], 10).is_finite());
    }

    fn pieces(book: &str) -> Vec<EncodedTune> {
        parse_book(book, "book.abc").tunes.iter().map(|(_, tune)| EncodedTune::of(tune, &Vocabulary::dance())).collect()
    }

    #[test]
    fn licks_that_help_are_believed_and_others_are_left_out() {
        let sizes = Sizes { layers: 1, hidden: 16, event: 16, head: 16 };
        let model = Model::random(Vocabulary::dance(), sizes);
        let tune = |key: &str| format!("X:1\nM:4/4\nL:1/8\nK:{key}\nCDEF GABc|cBAG FEDC|CEDF EGFA|GBAc BGEC|]\n\n");
        let learnt_from = pieces(&[tune("C"), tune("D"), tune("G")].concat());
        let ngram = train(&model, &learnt_from, &pieces(&tune("F"))).unwrap();
        assert!(ngram.mixing_weights()[0] > 0.3, "{:?}", ngram.mixing_weights());
        assert!(ngram.mixing_weights()[FOUND_ENOUGH..].iter().all(|weight| *weight <= 0.0));
        let mut random = Rng::with_seed(2);
        let noise = |random: &mut Rng| {
            let notes: String = (0..400).map(|_| char::from(random.u8(b'A'..=b'G'))).collect();
            pieces(&format!("X:1\nM:4/4\nL:1/8\nK:C\n{notes}|]\n"))
        };
        let other: Vec<EncodedTune> = noise(&mut random);
        let wide = "X:1\nM:4/4\nL:1/8\nK:C\nC,c' C,c' C,c' C,c'|C,c' C,c' C,c' C,c'|]\n\n".repeat(2);
        assert!(train(&model, &pieces(&wide), &other).is_none(), "what nobody plays there is of no use");
        let voices = Model::random(Vocabulary::piano(), sizes);
        assert!(train(&voices, &learnt_from, &learnt_from).is_none(), "polyphonic styles have no n-gram model");
    }

    #[test]
    fn newtons_way_ends_where_no_step_to_any_side_is_better() {
        let mut random = Rng::with_seed(3);
        let mut number = || random.f32() * 4.0 - 2.0;
        let rows = || 0..500 * PITCHES;
        let network: Vec<f32> = rows().map(|_| number()).collect();
        let ngram: Vec<f32> = rows().map(|_| number()).collect();
        let notes = (0..500).map(|note| {
            let sum = |pitch: usize| network[note * PITCHES + pitch] + 0.6 * ngram[note * PITCHES + pitch];
            let best = (0..PITCHES).max_by(|one, other| (sum(*one) + number()).total_cmp(&sum(*other)));
            Target { pitch: best.unwrap_or(0), found: note % 2 }
        });
        let predictions =
            Predictions { pitches: PITCHES, notes: notes.collect(), network: network.clone(), ngram: ngram.clone() };
        let mixing_weights = predictions.mixing_weights();
        let least = predictions.loss(&mixing_weights);
        assert!(least < predictions.loss(&[0.0; MOTIF_LENGTHS]) - 0.05);
        for beside in [-0.2, 0.2] {
            let mut other = mixing_weights;
            other[0] += beside;
            assert!(predictions.loss(&other) > least, "{beside}");
        }
    }
}
