//! The LSTM in burn: what training optimises and what a weights file stores.
//!
//! One LSTM step per note, then a chain of output heads: step, pitch, duration, velocity. Each head also sees the parts
//! that were chosen before it. [`crate::lstm::Model`] computes the same one note at a time, without tensors.
//!
//! The field names of [`Network`] and its parts are the tensor names in the weights file, so they must not change.

mod batch;
pub mod cell;
mod embedding;
mod pitch_geometry;
mod seeded;

use crate::chord::{ChordKind, OCTAVE};
use crate::lookback::PROFILE;
use crate::vocabulary::Vocabulary;
pub use batch::{Batch, SequenceStep};
use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig, Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Int, Tensor};
pub(crate) use cell::GATES;
pub(crate) use embedding::{EmbeddingTable, EmbeddingTables, HeadContext};
use pitch_geometry::{SHAPES, Shapes};
use serde::{Deserialize, Serialize};

/// The size of a network. All other dimensions follow from the vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// LSTM layers, 1 to 4.
    pub layers: usize,
    /// Units per layer, a multiple of 16 from 16 to 2048.
    pub hidden: usize,
    /// The width of the note embedding, a multiple of 16 from 16 to 1024.
    pub event: usize,
    /// The hidden width of each output head, a multiple of 16 from 16 to 1024.
    pub head: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { layers: 2, hidden: 256, event: 128, head: 192 }
    }
}

impl Sizes {
    /// What is wrong with sizes from a file; `None` when they are possible.
    pub fn fault(self) -> Option<&'static str> {
        let whole = |width: usize, most: usize| width >= 16 && width <= most && width.is_multiple_of(16);
        if !(1..=4).contains(&self.layers) {
            Some("it does not have 1 to 4 layers")
        } else if !whole(self.hidden, 2048) || !whole(self.head, 1024) || !whole(self.event, 1024) {
            Some("a layer is too wide, or its width is not a multiple of 16")
        } else {
            None
        }
    }

    /// How many weights a network of these sizes has at least: those of the layers and the trunk, nearly all of them.
    pub(crate) fn least_weights(self) -> usize {
        let layers = self.event + self.hidden + (self.layers - 1) * 2 * self.hidden;
        layers * GATES * self.hidden + self.hidden * LEAST_HEADS * self.head
    }
}

/// Step, pitch and duration.
const LEAST_HEADS: usize = 3;

/// The network.
#[derive(Module, Debug)]
pub struct Network {
    /// Embedding rows for all classes of a note, kind after kind. A note's embedding is the sum of its rows.
    pub(crate) event: Embedding,
    /// What the pitch-class profile adds to the embedding, `[12 → event]`.
    pub(crate) event_profile: Linear,
    /// The layers, each `[input + hidden → 4 × hidden]`: input, forget and output gate, then the candidate.
    pub(crate) cells: Vec<Linear>,
    /// The input of the heads, `[hidden → heads × head]`.
    pub(crate) trunk: Linear,
    pub(crate) step: HeadLayers,
    pub(crate) pitch: HeadLayers,
    /// What the pitch-class profile adds to the pitch head, `[12 → head]`.
    pub(crate) pitch_profile: Linear,
    /// What the chord adds to the pitch logits; `None` when the style has no chords.
    pub(crate) harmony: Option<ChordLayer>,
    pub(crate) duration: HeadLayers,
    pub(crate) velocity: Option<HeadLayers>,
    dropout: Dropout,
}

/// How well each degree over a chord fits. It is the same in every key, and scaled by the place in the bar.
#[derive(Module, Debug)]
pub(crate) struct ChordLayer {
    /// One number for each degree over each kind of chord, then for each pitch class without a chord: `[DEGREES, 1]`.
    pub degrees: Embedding,
    /// The scale at each place in the bar, `[places, 1]`.
    pub weight: Embedding,
}

/// An output head.
#[derive(Module, Debug)]
pub(crate) struct HeadLayers {
    /// Embedding rows for all classes in the head's context, kind after kind.
    pub given: Embedding,
    /// The map to the logits, `[head → classes]`.
    pub out: Linear,
}

/// The hidden and the cell state of each layer, `[batch, hidden]` each.
pub type BatchState = Vec<(Tensor<2>, Tensor<2>)>;

/// The logits of each head, `[batch × steps, classes]`, batch-major.
#[derive(Debug)]
pub struct Logits {
    /// Steps.
    pub step: Tensor<2>,
    /// Pitches.
    pub pitch: Tensor<2>,
    /// Durations.
    pub duration: Tensor<2>,
    /// Velocities; `None` when the style has none.
    pub velocity: Option<Tensor<2>>,
}

impl Network {
    /// A network with random weights. `dropout` (0 to 1) acts in training only.
    pub fn new(vocabulary: &Vocabulary, sizes: Sizes, dropout: f64, device: &Device) -> Self {
        let counts = vocabulary.counts();
        let tables = EmbeddingTables::of(counts);
        let dynamics = vocabulary.has_velocity();
        let shapes = Shapes::of(vocabulary, device);
        let head = |table: &EmbeddingTable, classes: usize| HeadLayers {
            given: shapes.rows(table, sizes.head, device),
            out: LinearConfig::new(sizes.head, classes).init(device),
        };
        let mut pitch = head(&tables.pitch, counts.pitch);
        #[expect(clippy::cast_precision_loss, reason = "widths are small")]
        let spread = 1.0 / ((sizes.head * SHAPES) as f64).sqrt();
        let out = Tensor::random([sizes.head, SHAPES], Distribution::Normal(0.0, spread), device);
        pitch.out.weight = Param::from_tensor(out.matmul(shapes.pitch.clone().transpose()));
        let cells = (0..sizes.layers)
            .map(|layer| {
                let input = if layer == 0 { sizes.event } else { sizes.hidden };
                cell::layer(input, sizes.hidden, device)
            })
            .collect();
        let profile = |width: usize| LinearConfig::new(PROFILE, width).with_bias(false).init(device);
        Self {
            event: shapes.rows(&tables.event, sizes.event, device),
            event_profile: profile(sizes.event),
            cells,
            trunk: LinearConfig::new(sizes.hidden, sizes.head * (LEAST_HEADS + usize::from(dynamics))).init(device),
            step: head(&tables.step, counts.step),
            pitch,
            pitch_profile: profile(sizes.head),
            harmony: vocabulary.chords.then(|| {
                let number = |rows: usize, value: f64| {
                    let mut table = EmbeddingConfig::new(rows, 1).init(device);
                    table.weight = Param::from_tensor(Tensor::full([rows, 1], value, device));
                    table
                };
                ChordLayer { degrees: number(DEGREES, 0.0), weight: number(counts.place, 1.0) }
            }),
            duration: head(&tables.duration, counts.duration),
            velocity: dynamics.then(|| head(&tables.velocity, counts.velocity)),
            dropout: DropoutConfig::new(dropout).init(),
        }
    }

    /// The units of a layer.
    fn hidden(&self) -> usize {
        self.trunk.weight.dims()[0]
    }

    /// The state before the first note: zeros, `[batch, hidden]`.
    pub fn initial_state(&self, batch: usize, device: &Device) -> BatchState {
        let zeros = || Tensor::zeros([batch, self.hidden()], device);
        self.cells.iter().map(|_| (zeros(), zeros())).collect()
    }

    /// Runs the batch from `state` on. Each head sees the true earlier parts of the next note (teacher forcing).
    /// Returns the logits and the state after the last step.
    pub fn forward(&self, batch: &Batch, mut state: BatchState) -> (Logits, BatchState) {
        let mut tops = Vec::with_capacity(batch.events.len());
        // Rows are looked up inside the loop: back-propagation through slices of one large tensor takes quadratic time.
        for ((event, profile), carry) in batch.events.iter().zip(&batch.profiles).zip(&batch.carry) {
            if let Some(carry) = carry {
                state = state.into_iter().map(|(h, c)| (h * carry.clone(), c * carry.clone())).collect();
            }
            // `[batch, event]`
            let mut input = summed(&self.event, event.clone()) + self.event_profile.forward(profile.clone());
            for (layer, (cell, memory)) in self.cells.iter().zip(&mut state).enumerate() {
                if layer > 0 {
                    input = self.dropout.forward(input);
                }
                *memory = cell::step(cell, input, memory.clone());
                input = memory.0.clone();
            }
            tops.push(input);
        }
        let top = Tensor::stack::<3>(tops, 1).flatten::<2>(0, 1); // [batch × steps, hidden]
        let trunk = self.trunk.forward(self.dropout.forward(top));
        (self.heads(&trunk, batch), state)
    }

    fn heads(&self, trunk: &Tensor<2>, batch: &Batch) -> Logits {
        let width = self.pitch.out.weight.dims()[0];
        let logits = |head: &HeadLayers, index: usize, also: Option<Tensor<2>>| {
            let input = trunk.clone().narrow(1, index * width, width) + summed(&head.given, batch.given[index].clone());
            let context = also.into_iter().fold(input, |input, also| input + also);
            head.out.forward(self.dropout.forward(relu(context)))
        };
        let pitch = logits(&self.pitch, 1, Some(self.pitch_profile.forward(batch.profile.clone())));
        let harmony = self.harmony.as_ref().zip(batch.degrees.as_ref()).map(|(harmony, (degrees, places))| {
            let fits = harmony.degrees.forward(degrees.clone()).squeeze_dim::<2>(2); // [batch × steps, pitches]
            fits * summed(&harmony.weight, places.clone())
        });
        Logits {
            step: logits(&self.step, 0, None),
            pitch: harmony.into_iter().fold(pitch, |pitch, harmony| pitch + harmony),
            duration: logits(&self.duration, 2, None),
            velocity: self.velocity.as_ref().map(|head| logits(head, 3, None)),
        }
    }
}

/// Looks up `[batch, kinds]` rows and sums them: `[batch, width]`.
fn summed(table: &Embedding, rows: Tensor<2, Int>) -> Tensor<2> {
    table.forward(rows).sum_dim(1).squeeze_dim(1)
}

/// Rows of [`ChordLayer::degrees`]: each degree over each kind of chord, then each pitch class without a chord.
pub(crate) const DEGREES: usize = (ChordKind::ALL.len() + 1) * OCTAVE as usize;

/// For each pitch, its row of [`ChordLayer::degrees`] over a chord.
pub(crate) fn degrees(vocabulary: &Vocabulary, chord: u8) -> impl Iterator<Item = usize> {
    let kinds = ChordKind::ALL.len();
    let (kind, root) = usize::from(chord).checked_sub(1).map_or((kinds, 0), |chord| (chord % kinds, chord / kinds));
    let octave = usize::from(OCTAVE);
    (0..vocabulary.counts().pitch)
        .map(move |class| kind * octave + (usize::from(vocabulary.pitch(class).key()) + octave - root) % octave)
}
