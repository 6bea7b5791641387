//! The LSTM in burn: what is trained, and what a weights file holds.
//!
//! One LSTM step per note, then a chain of heads, each seeing what was chosen before it: step, pitch, duration, velocity.
//! Tensors stay in here and in training; what plays is [`crate::mind::Mind`], the same arithmetic one note at a time.

use crate::vocabulary::{Classes, Counts, Vocabulary};
use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig, Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::activation::{relu, sigmoid, tanh};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// How large a network is; everything else follows from the vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// LSTM layers, 1 to 4.
    pub layers: usize,
    /// Units of each layer, a multiple of 16 up to 2048.
    pub hidden: usize,
    /// Width of what enters the first layer, up to 1024.
    pub event: usize,
    /// Width of each head but the first, a multiple of 16 up to 1024.
    pub head: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { layers: 2, hidden: 256, event: 128, head: 192 }
    }
}

impl Sizes {
    /// What is wrong with sizes that were read from a file; `None` for possible ones.
    pub fn fault(self) -> Option<&'static str> {
        let whole = |width: usize, most: usize| width >= 16 && width <= most && width.is_multiple_of(16);
        if !(1..=4).contains(&self.layers) {
            Some("it has no layers, or more than 4")
        } else if !whole(self.hidden, 2048) || !whole(self.head, 1024) || !whole(self.event, 1024) {
            Some("a layer is absurdly large, or no multiple of 16 wide")
        } else {
            None
        }
    }
}

/// How many kinds of classes describe one note at the LSTM's input: see [`Network::forward`].
pub const EVENT_KINDS: usize = 6;

/// The gates of a cell, in the order in which they lie in its outputs.
pub(crate) const GATES: usize = 4;

/// The whole network.
#[derive(Module, Debug)]
pub struct Network {
    /// Rows for all classes of the note that just happened, kind after kind; a note is the sum of its rows.
    pub(crate) event: Embedding,
    /// Per layer `[input + hidden → 4 hidden]`: input, forget and output gate, then the candidate.
    pub(crate) cells: Vec<Linear>,
    /// `[hidden → step classes + head (pitch) + head (duration) + head (velocity)]`.
    pub(crate) trunk: Linear,
    /// What the pitch head is told: rows for steps, places in the bar, and the pitch before.
    pub(crate) pitch_given: Embedding,
    pub(crate) pitch: Linear,
    /// What the duration head is told: rows for steps, places, pitches.
    pub(crate) duration_given: Embedding,
    pub(crate) duration: Linear,
    /// What the velocity head is told: rows for steps, places, pitches, durations.
    pub(crate) velocity_given: Option<Embedding>,
    pub(crate) velocity: Option<Linear>,
    dropout: Dropout,
}

/// Hidden and cell state of every layer, each `[batch, hidden]`.
pub type BatchState = Vec<(Tensor<2>, Tensor<2>)>;

/// Notes as the network is fed with them: `batch` tunes side by side over `steps` notes.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Per note: rows of the event table, `[batch, EVENT_KINDS]`.
    events: Vec<Tensor<2, Int>>,
    /// Per note: 0 where the state is cleared before it, else 1: `[batch, 1]`. `None`: nowhere.
    carry: Vec<Option<Tensor<2>>>,
    /// Rows that tell the heads of the next note, `[batch × steps, 3 or 4]`, batch-major.
    pitch_given: Tensor<2, Int>,
    duration_given: Tensor<2, Int>,
    velocity_given: Tensor<2, Int>,
}

/// One place in a [`Batch`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// The note that just happened.
    pub heard: Classes,
    /// The next note: its parts are told to the heads behind them. `None` at the end of a tune.
    pub next: Option<Classes>,
    /// A tune begins with `heard`, so what came before is forgotten.
    pub begins: bool,
}

impl Batch {
    /// From one row of moments per tune; all rows are equally long.
    pub fn of(rows: &[Vec<Moment>], vocabulary: &Vocabulary, device: &Device) -> Self {
        let offsets = Offsets::of(vocabulary.counts());
        let steps = rows.first().map_or(0, Vec::len);
        let column = |step: usize| rows.iter().map(move |row| row[step]);
        let all = || rows.iter().flatten();
        let next = |moment: &Moment| moment.next.unwrap_or_default();
        let carry = |step: usize| {
            let kept: Vec<f32> = column(step).map(|moment| if moment.begins { 0.0 } else { 1.0 }).collect();
            let shape = [kept.len(), 1];
            column(step).any(|moment| moment.begins).then(|| Tensor::from_data(TensorData::new(kept, shape), device))
        };
        Self {
            events: (0..steps)
                .map(|step| table(column(step).map(|moment| offsets.event(moment.heard)), device))
                .collect(),
            carry: (0..steps).map(carry).collect(),
            pitch_given: table(all().map(|moment| offsets.pitch_given(moment.heard, next(moment))), device),
            duration_given: table(all().map(|moment| offsets.duration_given(next(moment))), device),
            velocity_given: table(all().map(|moment| offsets.velocity_given(next(moment))), device),
        }
    }
}

/// Rows of tables, as a tensor `[rows, N]`.
fn table<const N: usize>(rows: impl Iterator<Item = [usize; N]>, device: &Device) -> Tensor<2, Int> {
    let numbers: Vec<i32> = rows.flatten().map(|row| i32::try_from(row).unwrap_or(0)).collect();
    let shape = [numbers.len() / N, N];
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// Unnormalised scores of the classes of the next note, each `[batch × steps, classes]`, batch-major.
#[derive(Debug)]
pub struct Scores {
    /// Of steps.
    pub step: Tensor<2>,
    /// Of pitches.
    pub pitch: Tensor<2>,
    /// Of durations.
    pub duration: Tensor<2>,
    /// Of velocities; `None` when the style has none.
    pub velocity: Option<Tensor<2>>,
}

impl Network {
    /// A network that has learnt nothing; `dropout` (0 to 1) acts in training only.
    pub fn new(vocabulary: &Vocabulary, sizes: Sizes, dropout: f64, device: &Device) -> Self {
        let counts = vocabulary.counts();
        let dynamics = vocabulary.has_velocity();
        let heads = if dynamics { 3 } else { 2 };
        let shapes = pitch_shapes(vocabulary, device); // [pitches, SHAPES]
        // Rows for kinds of classes, one kind after the other; pitches that sound alike begin alike.
        let rows = |kinds: &[Kind], width: usize| {
            let random = |count: usize| Tensor::random([count, width], Distribution::Normal(0.0, ROW_SPREAD), device);
            let parts = kinds.iter().map(|kind| match kind {
                Kind::Pitch => shapes.clone().matmul(random(SHAPES)),
                other => random(other.count(counts)),
            });
            let weight = Tensor::cat(parts.collect(), 0);
            let mut rows = EmbeddingConfig::new(weight.dims()[0], width).init(device);
            rows.weight = Param::from_tensor(weight);
            rows
        };
        let mut pitch = LinearConfig::new(sizes.head, counts.pitch).init(device);
        #[expect(clippy::cast_precision_loss, reason = "widths are small")]
        let spread = 1.0 / ((sizes.head * SHAPES) as f64).sqrt();
        let out = Tensor::random([sizes.head, SHAPES], Distribution::Normal(0.0, spread), device);
        pitch.weight = Param::from_tensor(out.matmul(shapes.clone().transpose()));
        let cells = (0..sizes.layers)
            .map(|layer| {
                let input = if layer == 0 { sizes.event } else { sizes.hidden };
                cell(input, sizes.hidden, device)
            })
            .collect();
        Self {
            event: rows(EVENT, sizes.event),
            cells,
            trunk: LinearConfig::new(sizes.hidden, counts.step + heads * sizes.head).init(device),
            pitch_given: rows(PITCH_GIVEN, sizes.head),
            pitch,
            duration_given: rows(DURATION_GIVEN, sizes.head),
            duration: LinearConfig::new(sizes.head, counts.duration).init(device),
            velocity_given: dynamics.then(|| rows(VELOCITY_GIVEN, sizes.head)),
            velocity: dynamics.then(|| LinearConfig::new(sizes.head, counts.velocity).init(device)),
            dropout: DropoutConfig::new(dropout).init(),
        }
    }

    /// Units of a layer.
    fn hidden(&self) -> usize {
        self.trunk.weight.dims()[0]
    }

    /// The state before the first note.
    pub fn blank(&self, batch: usize, device: &Device) -> BatchState {
        let zeros = || Tensor::zeros([batch, self.hidden()], device);
        self.cells.iter().map(|_| (zeros(), zeros())).collect()
    }

    /// Hears a batch note by note from `state` on, and scores each next note given its true earlier parts.
    pub fn forward(&self, batch: &Batch, mut state: BatchState) -> (Scores, BatchState) {
        let mut tops = Vec::with_capacity(batch.events.len());
        // The table is looked up inside the loop: back-propagation through slices of one big tensor costs time squared.
        for (event, carry) in batch.events.iter().zip(&batch.carry) {
            if let Some(carry) = carry {
                state = state.into_iter().map(|(h, c)| (h * carry.clone(), c * carry.clone())).collect();
            }
            let mut input = summed(&self.event, event.clone()); // [batch, event]
            for (layer, (cell, memory)) in self.cells.iter().zip(&mut state).enumerate() {
                if layer > 0 {
                    input = self.dropout.forward(input);
                }
                *memory = lstm(cell, input, memory.clone());
                input = memory.0.clone();
            }
            tops.push(input);
        }
        let top = Tensor::stack::<3>(tops, 1).flatten::<2>(0, 1); // [batch × steps, hidden]
        let trunk = self.trunk.forward(self.dropout.forward(top));
        (self.heads(&trunk, batch), state)
    }

    fn heads(&self, trunk: &Tensor<2>, batch: &Batch) -> Scores {
        let head = self.pitch.weight.dims()[0];
        let steps = trunk.dims()[1] - head * if self.velocity.is_some() { 3 } else { 2 };
        let part = |index: usize| trunk.clone().narrow(1, steps + index * head, head);
        let voice = |room: Tensor<2>, given: &Embedding, rows: &Tensor<2, Int>, out: &Linear| {
            let told = room + summed(given, rows.clone());
            out.forward(self.dropout.forward(relu(told)))
        };
        Scores {
            step: trunk.clone().narrow(1, 0, steps),
            pitch: voice(part(0), &self.pitch_given, &batch.pitch_given, &self.pitch),
            duration: voice(part(1), &self.duration_given, &batch.duration_given, &self.duration),
            velocity: self
                .velocity
                .as_ref()
                .zip(self.velocity_given.as_ref())
                .map(|(out, given)| voice(part(2), given, &batch.velocity_given, out)),
        }
    }
}

/// `[batch, kinds]` rows of a table, summed: `[batch, width]`.
fn summed(table: &Embedding, rows: Tensor<2, Int>) -> Tensor<2> {
    table.forward(rows).sum_dim(1).squeeze_dim(1)
}

/// An LSTM layer as one linear map, with the forget gates open at first (Jozefowicz et al. 2015).
fn cell(input: usize, hidden: usize, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(input + hidden, GATES * hidden).init(device);
    let open = Tensor::cat(
        vec![Tensor::zeros([hidden], device), Tensor::ones([hidden], device), Tensor::zeros([2 * hidden], device)],
        0,
    );
    linear.bias = Some(Param::from_tensor(open));
    linear
}

/// One step of one layer (Hochreiter and Schmidhuber 1997, with forget gates): one matrix product for all four gates.
fn lstm(cell: &Linear, input: Tensor<2>, (hidden, memory): (Tensor<2>, Tensor<2>)) -> (Tensor<2>, Tensor<2>) {
    let width = hidden.dims()[1];
    let gates = cell.forward(Tensor::cat(vec![input, hidden], 1)); // [batch, 4 hidden]
    let open = sigmoid(gates.clone().narrow(1, 0, 3 * width));
    let candidate = tanh(gates.narrow(1, 3 * width, width));
    let gate = |index: usize| open.clone().narrow(1, index * width, width);
    let memory = gate(1) * memory + gate(0) * candidate;
    (gate(2) * tanh(memory.clone()), memory)
}

/// A kind of classes that has rows in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Step,
    Place,
    Pitch,
    Duration,
    Velocity,
    Metre,
}

/// Whose rows lie in which table, in this order.
const EVENT: &[Kind] = &[Kind::Step, Kind::Place, Kind::Pitch, Kind::Duration, Kind::Velocity, Kind::Metre];
/// The pitch is the one before: what follows a note depends on it most of all, and so is learnt at once.
const PITCH_GIVEN: &[Kind] = &[Kind::Step, Kind::Place, Kind::Pitch];
const DURATION_GIVEN: &[Kind] = &[Kind::Step, Kind::Place, Kind::Pitch];
const VELOCITY_GIVEN: &[Kind] = &[Kind::Step, Kind::Place, Kind::Pitch, Kind::Duration];

/// Of the rows at first; the sum of six then moves the gates about as much as other libraries' defaults do.
const ROW_SPREAD: f64 = 0.7;

impl Kind {
    fn count(self, counts: Counts) -> usize {
        match self {
            Self::Step => counts.step,
            Self::Place => counts.place,
            Self::Pitch => counts.pitch,
            Self::Duration => counts.duration,
            Self::Velocity => counts.velocity,
            Self::Metre => counts.metre,
        }
    }

    fn class(self, note: Classes) -> usize {
        usize::from(match self {
            Self::Step => note.step,
            Self::Place => note.place,
            Self::Pitch => note.pitch,
            Self::Duration => note.duration,
            Self::Velocity => note.velocity,
            Self::Metre => note.metre,
        })
    }
}

/// Numbers that describe a pitch: see [`pitch_shapes`].
const SHAPES: usize = 18;

/// Pitches as points on circles, `[pitches, SHAPES]`: six that turn once to six times in an octave, three that turn
/// once in two, four and eight octaves. Two pitches an interval apart are then a turn apart, wherever they lie, so that
/// a melody learnt in one key is half learnt in all.
fn pitch_shapes(vocabulary: &Vocabulary, device: &Device) -> Tensor<2> {
    const PERIODS: [f32; SHAPES / 2] = [12.0, 6.0, 4.0, 3.0, 2.4, 2.0, 24.0, 48.0, 96.0];
    let pitches = vocabulary.counts().pitch;
    let points = |class: usize| {
        let key = f32::from(vocabulary.pitch(class).key());
        PERIODS.into_iter().flat_map(move |period| {
            let (sine, cosine) = (key / period * std::f32::consts::TAU).sin_cos();
            [sine, cosine]
        })
    };
    let numbers: Vec<f32> = (0..pitches).flat_map(points).collect();
    Tensor::from_data(TensorData::new(numbers, [pitches, SHAPES]), device)
}

/// Where the rows of each kind lie in the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offsets {
    counts: Counts,
}

impl Offsets {
    pub fn of(counts: Counts) -> Self {
        Self { counts }
    }

    /// Rows of the event table for a note that happened.
    pub fn event(self, heard: Classes) -> [usize; EVENT_KINDS] {
        self.rows(EVENT, heard)
    }

    /// Rows that tell the pitch head, before the next pitch is known.
    pub fn pitch_given(self, heard: Classes, next: Classes) -> [usize; 3] {
        self.rows(PITCH_GIVEN, Classes { pitch: heard.pitch, ..next })
    }

    /// Rows that tell the duration head.
    pub fn duration_given(self, next: Classes) -> [usize; 3] {
        self.rows(DURATION_GIVEN, next)
    }

    /// Rows that tell the velocity head.
    pub fn velocity_given(self, next: Classes) -> [usize; 4] {
        self.rows(VELOCITY_GIVEN, next)
    }

    fn rows<const N: usize>(self, kinds: &[Kind], note: Classes) -> [usize; N] {
        let mut before = 0;
        let mut rows = [0; N];
        for (row, kind) in rows.iter_mut().zip(kinds) {
            *row = before + kind.class(note);
            before += kind.count(self.counts);
        }
        rows
    }
}
