//! A second classifier two-sample test, of another kind than the random forest: a bidirectional LSTM ([Graves and
//! Schmidhuber 2005](https://doi.org/10.1016/j.neunet.2005.06.042)) reads the notes themselves, learns from
//! continuations of tunes that the model was trained and validated on, and is asked about those of other tunes.
//!
//! What the forest measures by hand, this one has to find. A model that is tuned until one of them is content still
//! meets the other. Knows no model that plays and no files.

mod chains;
mod symbols;
#[cfg(test)]
mod tests;
mod trial;

use super::discriminator::auc;
use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::{relu, softplus};
use burn::tensor::{Device, Int, Tensor, TensorData};
use fastrand::Rng;
use segue_model::network::cell;
pub use symbols::{NoteSymbols, Sight};
pub use trial::{RecurrentTrial, TrialRequest};

/// A prompt with one of its continuations, as the discriminator reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledPassage {
    /// The label to predict.
    pub is_generated: bool,
    /// Prompt and continuation. All passages have the same number of notes.
    pub notes: Vec<NoteSymbols>,
}

/// How a discriminator learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DiscriminatorPlan {
    /// Rows of the embedding table: see [`Sight::rows`].
    pub rows: usize,
    /// Rows that are summed for each note: see [`Sight::kinds`].
    pub kinds: usize,
    /// Notes of a passage before the continuation.
    pub prompt: usize,
    /// Passes through the passages.
    pub epochs: usize,
    /// Seeds the first weights, the order of the passages and dropout.
    pub seed: u64,
}

/// Units of the embedding and of each direction.
const HIDDEN: usize = 48;
/// The share of units that dropout silences.
const DROPOUT: f32 = 0.2;
/// Passages of an optimiser step.
const BATCH: usize = 64;
/// The highest learning rate of `AdamW`. The rate rises over the first [`WARM_UP`] steps, then falls along a cosine.
const LEARNING_RATE: f64 = 2e-3;
const WARM_UP: usize = 50;
const WEIGHT_DECAY: f32 = 0.01;
/// As in training: burn's default would halve the steps.
const EPSILON: f32 = 1e-8;
const LARGEST_GRADIENT: f32 = 1.0;

/// The classifier.
#[derive(Debug)]
pub struct RecurrentDiscriminator {
    network: ClassifierNetwork,
    prompt: usize,
}

#[derive(Module, Debug)]
struct ClassifierNetwork {
    /// Rows for the classes of a note; its embedding is their sum.
    note: Embedding,
    forwards: Linear,
    backwards: Linear,
    /// From the mean and the maximum over the continuation, in both directions.
    hidden: Linear,
    out: Linear,
}

impl RecurrentDiscriminator {
    /// Learns to tell the labels apart.
    pub fn train(passages: &[LabelledPassage], plan: &DiscriminatorPlan) -> Self {
        let device = Device::flex().autodiff();
        let mut rng = Rng::with_seed(plan.seed);
        let mut network = ClassifierNetwork::new((plan.rows, plan.kinds), &device, &mut rng);
        let mut optimizer = AdamWConfig::new()
            .with_weight_decay(WEIGHT_DECAY)
            .with_epsilon(EPSILON)
            .with_grad_clipping(Some(GradientClippingConfig::Norm(LARGEST_GRADIENT)))
            .init();
        let steps = plan.epochs * passages.len().div_ceil(BATCH);
        let mut order: Vec<&LabelledPassage> = passages.iter().collect();
        let mut step = 0;
        for _ in 0..plan.epochs {
            rng.shuffle(&mut order);
            for batch in order.chunks(BATCH) {
                let logits = network.forward(batch, plan.prompt, Some(&mut rng), &device);
                let labels: Vec<f32> = batch.iter().map(|passage| f32::from(u8::from(passage.is_generated))).collect();
                let labels = Tensor::<1>::from_data(TensorData::new(labels, [batch.len()]), &device);
                // The cross-entropy of a logit: softplus(z) − y z.
                let loss = (softplus(logits.clone(), 1.0) - labels * logits).mean();
                let gradients = GradientsParams::from_grads(loss.backward(), &network);
                network = optimizer.step(learning_rate_at(step, steps), network, gradients);
                step += 1;
            }
        }
        Self { network: network.valid(), prompt: plan.prompt }
    }

    /// The logit of "generated" for each passage.
    pub fn scores(&self, passages: &[LabelledPassage]) -> Vec<f32> {
        let device = Device::flex();
        let passages: Vec<&LabelledPassage> = passages.iter().collect();
        let scores = |batch| {
            let logits = self.network.forward(batch, self.prompt, None, &device);
            logits.to_data().convert::<f32>().try_into_vec::<f32>().unwrap_or_default()
        };
        passages.chunks(BATCH).flat_map(scores).collect()
    }

    /// The area under the ROC curve on other passages: see [`super::discriminator::DiscriminatorResult::auc`].
    pub fn auc(&self, passages: &[LabelledPassage]) -> f64 {
        auc(passages.iter().map(|passage| passage.is_generated).zip(self.scores(passages)))
    }
}

impl ClassifierNetwork {
    /// All random numbers come from `rng`: burn's own generator is shared by all threads.
    fn new((rows, kinds): (usize, usize), device: &Device, rng: &mut Rng) -> Self {
        let mut random = |[inputs, outputs]: [usize; 2], inputs_summed: usize| {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
            let bound = 1.0 / (inputs_summed as f32).sqrt();
            let numbers: Vec<f32> = (0..inputs * outputs).map(|_| bound * (2.0 * rng.f32() - 1.0)).collect();
            Param::from_tensor(Tensor::<2>::from_data(TensorData::new(numbers, [inputs, outputs]), device))
        };
        let mut map = |linear: Linear| {
            let shape = linear.weight.dims();
            Linear { weight: random(shape, shape[0]), ..linear }
        };
        let zeros = |inputs, outputs| {
            let bias = Param::from_tensor(Tensor::zeros([outputs], device));
            Linear { bias: Some(bias), ..LinearConfig::new(inputs, outputs).init(device) }
        };
        let forwards = map(cell::layer(HIDDEN, HIDDEN, device));
        let backwards = map(cell::layer(HIDDEN, HIDDEN, device));
        let (hidden, out) = (map(zeros(4 * HIDDEN, HIDDEN)), map(zeros(HIDDEN, 1)));
        let mut note = EmbeddingConfig::new(rows, HIDDEN).init(device);
        note.weight = random([rows, HIDDEN], kinds);
        Self { note, forwards, backwards, hidden, out }
    }

    /// The logit of "generated" for each passage, `[batch]`. `dropout` silences units in training.
    fn forward(
        &self,
        passages: &[&LabelledPassage],
        prompt: usize,
        dropout: Option<&mut Rng>,
        device: &Device,
    ) -> Tensor<1> {
        let length = passages.first().map_or(0, |passage| passage.notes.len());
        let masks = dropout.map(|rng| [HIDDEN, 4 * HIDDEN].map(|width| mask([passages.len(), width], rng, device)));
        let masked = |numbers: Tensor<2>, index: usize| match &masks {
            Some(masks) => numbers * masks[index].clone(),
            None => numbers,
        };
        // One mask for all notes of a passage (Gal and Ghahramani 2016, https://arxiv.org/abs/1512.05287).
        let inputs: Vec<Tensor<2>> =
            (0..length).map(|index| masked(self.embedded(passages, index, device), 0)).collect();
        let forwards = states(&self.forwards, inputs.iter());
        let backwards = states(&self.backwards, inputs.iter().rev()).into_iter().rev().collect();
        let pooled = [forwards, backwards].into_iter().flat_map(|states: Vec<Tensor<2>>| {
            let of_continuation = states.into_iter().skip(prompt).collect();
            let states = Tensor::stack::<3>(of_continuation, 1); // [batch, notes, hidden]
            [states.clone().mean_dim(1), states.max_dim(1)].map(|pooled| pooled.squeeze_dim::<2>(1))
        });
        let pooled = masked(Tensor::cat(pooled.collect(), 1), 1);
        self.out.forward(relu(self.hidden.forward(pooled))).squeeze_dim(1)
    }

    /// The embeddings of the notes at `index`, `[batch, hidden]`.
    fn embedded(&self, passages: &[&LabelledPassage], index: usize, device: &Device) -> Tensor<2> {
        let rows: Vec<i32> =
            passages.iter().flat_map(|passage| &passage.notes[index]).map(|row| i32::from(*row)).collect();
        let shape = [passages.len(), rows.len() / passages.len()];
        let rows = Tensor::<2, Int>::from_data(TensorData::new(rows, shape), device);
        self.note.forward(rows).sum_dim(1).squeeze_dim(1)
    }
}

/// Zeros in the places of silent units, and what makes up for them elsewhere.
fn mask(shape: [usize; 2], rng: &mut Rng, device: &Device) -> Tensor<2> {
    let number = |_| if rng.f32() < DROPOUT { 0.0 } else { 1.0 / (1.0 - DROPOUT) };
    let numbers: Vec<f32> = (0..shape[0] * shape[1]).map(number).collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// The hidden states of a layer after each input.
fn states<'a>(layer: &Linear, inputs: impl Iterator<Item = &'a Tensor<2>>) -> Vec<Tensor<2>> {
    let mut state: Option<(Tensor<2>, Tensor<2>)> = None;
    let after = |input: &Tensor<2>| {
        let before = state.take().unwrap_or_else(|| (input.zeros_like(), input.zeros_like()));
        let next = cell::step(layer, input.clone(), before);
        state.insert(next).0.clone()
    };
    inputs.map(after).collect()
}

fn learning_rate_at(step: usize, steps: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand steps")]
    let share = |part: usize, whole: usize| (part as f64 / whole.max(1) as f64).min(1.0);
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share(step, steps)).cos());
    LEARNING_RATE * share(step + 1, WARM_UP.min(steps)) * cosine
}
