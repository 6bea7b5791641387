//! The LSTM in burn: what is trained, and what a weights file holds.
//!
//! One LSTM step per note, then a chain of heads, each seeing what was chosen before it: step, pitch, duration, velocity.
//! Tensors stay in here and in training; what plays is [`crate::lstm::Model`], the same arithmetic one note at a time.

use crate::chord::{ChordKind, OCTAVE};
use crate::lookback::{LAGS, LookBackFeatures, MOTIF_LENGTHS, PROFILE, RepeatFeatures};
use crate::vocabulary::{ClassCounts, Tokens, Vocabulary};
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

/// The gates of a cell, in the order in which they lie in its outputs.
pub(crate) const GATES: usize = 4;

/// The whole network.
#[derive(Module, Debug)]
pub struct Network {
    /// Rows for all classes of the note that just happened, kind after kind; a note is the sum of its rows.
    pub(crate) event: Embedding,
    /// What the pitch-class profile adds to an event, `[PROFILE → event]`.
    pub(crate) event_profile: Linear,
    /// Per layer `[input + hidden → 4 hidden]`: input, forget and output gate, then the candidate.
    pub(crate) cells: Vec<Linear>,
    /// `[hidden → head × heads]`: what the LSTM says to each head.
    pub(crate) trunk: Linear,
    pub(crate) step: HeadLayers,
    pub(crate) pitch: HeadLayers,
    /// What the pitch-class profile says to the pitch head, `[PROFILE → head]`.
    pub(crate) pitch_profile: Linear,
    /// What the chord says to each pitch directly; `None` when the style knows no chords.
    pub(crate) harmony: Option<ChordLayer>,
    pub(crate) duration: HeadLayers,
    pub(crate) velocity: Option<HeadLayers>,
    dropout: Dropout,
}

/// How well each degree over a chord's root sounds: the same in every key, more or less so at each place in the bar.
#[derive(Module, Debug)]
pub(crate) struct ChordLayer {
    /// One number for each degree over each kind of chord, then for each pitch class where there is no chord:
    /// `[DEGREES, 1]`.
    pub degrees: Embedding,
    /// How much the place in the bar asks for it, `[places, 1]`.
    pub weight: Embedding,
}

/// Chooses one part of the next note.
#[derive(Module, Debug)]
pub(crate) struct HeadLayers {
    /// Rows for all classes that the head is context of, kind after kind.
    pub given: Embedding,
    /// `[head → classes]`.
    pub out: Linear,
}

/// Hidden and cell state of every layer, each `[batch, hidden]`.
pub type BatchState = Vec<(Tensor<2>, Tensor<2>)>;

/// Notes as the network is fed with them: `batch` tunes side by side over `steps` notes.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Per note: rows of the event table, `[batch, kinds]`.
    events: Vec<Tensor<2, Int>>,
    /// Per note: the profile, `[batch, PROFILE]`.
    profiles: Vec<Tensor<2>>,
    /// Per note: 0 where the state is cleared before it, else 1: `[batch, 1]`. `None`: nowhere.
    carry: Vec<Option<Tensor<2>>>,
    /// Rows that tell the heads of the next note, `[batch × steps, kinds]`, batch-major.
    given: [Tensor<2, Int>; 4],
    /// The profiles again, `[batch × steps, PROFILE]`, batch-major.
    profile: Tensor<2>,
    /// The degree that each pitch is over the next note's chord, `[batch × steps, pitches]`, and its place in the bar,
    /// `[batch × steps, 1]`.
    degrees: Option<(Tensor<2, Int>, Tensor<2, Int>)>,
}

/// One place in a [`Batch`].
#[derive(Debug, Clone, Copy, Default)]
pub struct SequenceStep {
    /// The note that just happened.
    pub heard: Tokens,
    /// What the session tells of the next note.
    pub features: LookBackFeatures,
    /// The next note: its parts are context to the heads behind them. `None` at the end of a tune.
    pub next: Option<Tokens>,
    /// What the session tells of the next note's onset.
    pub repeats: RepeatFeatures,
    /// A tune begins with `heard`, so what came before is forgotten.
    pub begins: bool,
}

impl SequenceStep {
    fn context(&self) -> Context {
        Context {
            heard: self.heard,
            next: self.next.unwrap_or_default(),
            features: self.features,
            repeats: self.repeats,
        }
    }
}

impl Batch {
    /// From one row of moments per tune; all rows are equally long.
    pub fn of(rows: &[Vec<SequenceStep>], vocabulary: &Vocabulary, device: &Device) -> Self {
        let tables = EmbeddingTables::of(vocabulary.counts());
        let steps = rows.first().map_or(0, Vec::len);
        let column = |step: usize| rows.iter().map(move |row| row[step]);
        let all = || rows.iter().flatten();
        let carry = |step: usize| {
            let kept: Vec<f32> = column(step).map(|moment| if moment.begins { 0.0 } else { 1.0 }).collect();
            let shape = [kept.len(), 1];
            column(step).any(|moment| moment.begins).then(|| Tensor::from_data(TensorData::new(kept, shape), device))
        };
        let profile = |profiles: Vec<f32>| {
            let shape = [profiles.len() / PROFILE, PROFILE];
            Tensor::from_data(TensorData::new(profiles, shape), device)
        };
        Self {
            events: (0..steps)
                .map(|step| looked_up(column(step).map(|moment| tables.event.rows(moment.context())), device))
                .collect(),
            profiles: (0..steps)
                .map(|step| profile(column(step).flat_map(|moment| moment.features.profile).collect()))
                .collect(),
            carry: (0..steps).map(carry).collect(),
            given: [&tables.step, &tables.pitch, &tables.duration, &tables.velocity]
                .map(|table| looked_up(all().map(|moment| table.rows(moment.context())), device)),
            profile: profile(all().flat_map(|moment| moment.features.profile).collect()),
            degrees: vocabulary.chords.then(|| {
                let next = || all().map(|moment| moment.next.unwrap_or_default());
                (
                    looked_up(next().map(|next| degrees(vocabulary, next.chord)), device),
                    looked_up(next().map(|next| std::iter::once(usize::from(next.place))), device),
                )
            }),
        }
    }
}

/// Rows of a table, as a tensor `[moments, kinds]`.
fn looked_up<Rows: Iterator<Item = usize>>(moments: impl Iterator<Item = Rows>, device: &Device) -> Tensor<2, Int> {
    let mut count = 0;
    let rows = moments.inspect(|_| count += 1).flatten();
    let numbers: Vec<i32> = rows.map(|row| i32::try_from(row).unwrap_or(0)).collect();
    let shape = [count, numbers.len() / count.max(1)];
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// Unnormalised logits of the classes of the next note, each `[batch × steps, classes]`, batch-major.
#[derive(Debug)]
pub struct Logits {
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
                cell(input, sizes.hidden, device)
            })
            .collect();
        let profile = |width: usize| LinearConfig::new(PROFILE, width).with_bias(false).init(device);
        Self {
            event: shapes.rows(&tables.event, sizes.event, device),
            event_profile: profile(sizes.event),
            cells,
            trunk: LinearConfig::new(sizes.hidden, sizes.head * if dynamics { 4 } else { 3 }).init(device),
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

    /// Units of a layer.
    fn hidden(&self) -> usize {
        self.trunk.weight.dims()[0]
    }

    /// The state before the first note.
    pub fn initial_state(&self, batch: usize, device: &Device) -> BatchState {
        let zeros = || Tensor::zeros([batch, self.hidden()], device);
        self.cells.iter().map(|_| (zeros(), zeros())).collect()
    }

    /// Hears a batch note by note from `state` on, and logits each next note given its true earlier parts.
    pub fn forward(&self, batch: &Batch, mut state: BatchState) -> (Logits, BatchState) {
        let mut tops = Vec::with_capacity(batch.events.len());
        // The table is looked up inside the loop: back-propagation through slices of one big tensor costs time squared.
        for ((event, profile), carry) in batch.events.iter().zip(&batch.profiles).zip(&batch.carry) {
            if let Some(carry) = carry {
                state = state.into_iter().map(|(h, c)| (h * carry.clone(), c * carry.clone())).collect();
            }
            // [batch, event]
            let mut input = summed(&self.event, event.clone()) + self.event_profile.forward(profile.clone());
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

    fn heads(&self, trunk: &Tensor<2>, batch: &Batch) -> Logits {
        let width = self.pitch.out.weight.dims()[0];
        let voice = |head: &HeadLayers, index: usize, also: Option<Tensor<2>>| {
            let said = trunk.clone().narrow(1, index * width, width) + summed(&head.given, batch.given[index].clone());
            let context = also.into_iter().fold(said, |said, also| said + also);
            head.out.forward(self.dropout.forward(relu(context)))
        };
        let pitch = voice(&self.pitch, 1, Some(self.pitch_profile.forward(batch.profile.clone())));
        let harmony = self.harmony.as_ref().zip(batch.degrees.as_ref()).map(|(harmony, (degrees, places))| {
            let fits = harmony.degrees.forward(degrees.clone()).squeeze_dim::<2>(2); // [batch × steps, pitches]
            fits * summed(&harmony.weight, places.clone())
        });
        Logits {
            step: voice(&self.step, 0, None),
            pitch: harmony.into_iter().fold(pitch, |pitch, harmony| pitch + harmony),
            duration: voice(&self.duration, 2, None),
            velocity: self.velocity.as_ref().map(|head| voice(head, 3, None)),
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

/// Rows of [`ChordLayer::degrees`]: each degree over each kind of chord, and each pitch class without a chord.
pub(crate) const DEGREES: usize = (ChordKind::ALL.len() + 1) * OCTAVE as usize;

/// For each pitch its degree over a chord, as a row of [`ChordLayer::degrees`].
pub(crate) fn degrees(vocabulary: &Vocabulary, chord: u8) -> impl Iterator<Item = usize> {
    let kinds = ChordKind::ALL.len();
    let (kind, root) = usize::from(chord).checked_sub(1).map_or((kinds, 0), |chord| (chord % kinds, chord / kinds));
    let octave = usize::from(OCTAVE);
    (0..vocabulary.counts().pitch)
        .map(move |class| kind * octave + (usize::from(vocabulary.pitch(class).key()) + octave - root) % octave)
}

/// All that is known around one decision; what is not known yet is not looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context {
    /// The note that just happened.
    pub heard: Tokens,
    /// The next note, as far as it is chosen.
    pub next: Tokens,
    /// What the session tells once `heard` was taken in.
    pub features: LookBackFeatures,
    /// What the session tells once the next onset is chosen.
    pub repeats: RepeatFeatures,
}

/// A kind of classes that has rows in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenKind {
    Step,
    ComputeDevice,
    Pitch,
    Duration,
    Velocity,
    Metre,
    Chord,
    Bass,
    FigureLength,
    FigurePitch,
    FigureStep,
    FigureDuration,
    EchoedStep(usize),
    EchoedPitch(usize),
    EchoedDuration(usize),
}

/// The rows of one table: first those of the kinds of one note, then those of the features.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddingTable {
    note: fn(&Context) -> Tokens,
    kinds: Vec<(TokenKind, usize)>,
    length: usize,
}

/// Where the rows of each kind lie in each table.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddingTables {
    pub event: EmbeddingTable,
    pub step: EmbeddingTable,
    pub pitch: EmbeddingTable,
    pub duration: EmbeddingTable,
    pub velocity: EmbeddingTable,
}

/// Of the sum of a table's rows at first; the gates are then moved about as much as by other libraries' defaults.
const SUM_SPREAD: f64 = 1.7;

impl EmbeddingTables {
    pub fn of(counts: ClassCounts) -> Self {
        use TokenKind::{
            Bass, Chord, ComputeDevice, Duration, EchoedDuration, EchoedPitch, EchoedStep, FigureDuration,
            FigureLength, FigurePitch, FigureStep, Metre, Pitch, Step, Velocity,
        };
        let table = |note: fn(&Context) -> Tokens, kinds: &[TokenKind], echoed: Option<fn(usize) -> TokenKind>| {
            let echoed = echoed.into_iter().flat_map(|kind| (0..LAGS).map(kind));
            let mut length = 0;
            let kinds = kinds.iter().copied().chain(echoed).map(|kind| {
                let first = length;
                length += kind.count(counts);
                (kind, first)
            });
            EmbeddingTable { note, kinds: kinds.collect(), length }
        };
        // What follows a note depends on its pitch most of all, so the head sees that one directly and learns it at once.
        let before = |context: &Context| Tokens { pitch: context.heard.pitch, ..context.next };
        Self {
            event: table(
                |context| context.heard,
                &[
                    Step,
                    ComputeDevice,
                    Pitch,
                    Duration,
                    Velocity,
                    Metre,
                    Chord,
                    Bass,
                    FigureLength,
                    FigurePitch,
                    FigureStep,
                    FigureDuration,
                ],
                None,
            ),
            step: table(
                |context| context.heard,
                &[ComputeDevice, Duration, FigureLength, FigureStep],
                Some(EchoedStep),
            ),
            pitch: table(
                before,
                &[Step, ComputeDevice, Pitch, Chord, Bass, FigureLength, FigurePitch, FigureStep],
                Some(EchoedPitch),
            ),
            duration: table(
                |context| context.next,
                &[Step, ComputeDevice, Pitch, Chord, Bass, FigureLength, FigurePitch, FigureStep, FigureDuration],
                Some(EchoedDuration),
            ),
            velocity: table(|context| context.next, &[Step, ComputeDevice, Pitch, Duration], None),
        }
    }
}

impl EmbeddingTable {
    /// The rows of what is context, one for each kind.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = usize> {
        let note = (self.note)(&context);
        self.kinds.iter().map(move |(kind, first)| first + kind.class(note, &context))
    }
}

impl TokenKind {
    fn count(self, counts: ClassCounts) -> usize {
        match self {
            Self::Step => counts.step,
            Self::ComputeDevice => counts.place,
            Self::Pitch => counts.pitch,
            Self::Duration => counts.duration,
            Self::Velocity => counts.velocity,
            Self::Metre => counts.metre,
            Self::Chord => counts.chord,
            Self::Bass => counts.bass,
            Self::FigureLength => MOTIF_LENGTHS,
            Self::FigurePitch | Self::EchoedPitch(_) => 1 + counts.pitch,
            Self::FigureStep | Self::EchoedStep(_) => 1 + counts.step,
            Self::FigureDuration | Self::EchoedDuration(_) => 1 + counts.duration,
        }
    }

    fn class(self, note: Tokens, context: &Context) -> usize {
        usize::from(match self {
            Self::Step => note.step,
            Self::ComputeDevice => note.place,
            Self::Pitch => note.pitch,
            Self::Duration => note.duration,
            Self::Velocity => note.velocity,
            Self::Metre => note.metre,
            Self::Chord => note.chord,
            Self::Bass => note.bass,
            Self::FigureLength => context.features.figure.length,
            Self::FigurePitch => context.features.figure.pitch,
            Self::FigureStep => context.features.figure.step,
            Self::FigureDuration => context.features.figure.duration,
            Self::EchoedStep(place) => context.features.steps[place],
            Self::EchoedPitch(place) => context.repeats.pitches[place],
            Self::EchoedDuration(place) => context.repeats.durations[place],
        })
    }
}

/// Numbers that describe a pitch: see [`Shapes`].
const SHAPES: usize = 2 * PERIODS.len();
/// Semitones in which each circle turns once: six circles for an octave's parts, three for two, four and eight octaves.
const PERIODS: [f32; 9] = [12.0, 6.0, 4.0, 3.0, 2.4, 2.0, 24.0, 48.0, 96.0];
/// The circles that turn whole times in an octave.
const IN_OCTAVE: usize = 6;

/// Pitches as points on circles, so that two pitches an interval apart are a turn apart, wherever they lie, and a
/// melody learnt in one key is half learnt in all. A chord is the mean of its tones, moved by its root.
struct Shapes {
    /// `[pitches, SHAPES]`
    pitch: Tensor<2>,
    /// The same behind a row of zeros, for "none".
    maybe_pitch: Tensor<2>,
    /// `[1 + chords, 2 × SHAPES]`: the root, then the tones.
    chord: Tensor<2>,
    /// `[1 + 12, SHAPES]`
    bass: Tensor<2>,
}

impl Shapes {
    fn of(vocabulary: &Vocabulary, device: &Device) -> Self {
        let tensor = |numbers: Vec<f32>, width: usize| {
            let shape = [numbers.len() / width, width];
            Tensor::from_data(TensorData::new(numbers, shape), device)
        };
        let none = || [0.0; SHAPES];
        let pitches =
            || (0..vocabulary.counts().pitch).map(|class| circles(vocabulary.pitch(class).key(), PERIODS.len()));
        let tone = |class: u8| circles(class, IN_OCTAVE);
        let chords = (0..OCTAVE).flat_map(|root| ChordKind::ALL.map(|kind| (root, kind.tones())));
        let chord = |(root, tones): (u8, &[u8])| {
            let mut sum = none();
            for point in tones.iter().map(|above| tone(root + above)) {
                sum.iter_mut().zip(point).for_each(|(sum, number)| *sum += number / 2.0);
            }
            [tone(root), sum]
        };
        Self {
            pitch: tensor(pitches().flatten().collect(), SHAPES),
            maybe_pitch: tensor(std::iter::once(none()).chain(pitches()).flatten().collect(), SHAPES),
            chord: tensor(
                std::iter::once([none(); 2]).chain(chords.map(chord)).flatten().flatten().collect(),
                2 * SHAPES,
            ),
            bass: tensor(std::iter::once(none()).chain((0..OCTAVE).map(tone)).flatten().collect(), SHAPES),
        }
    }

    /// The rows of a table at first: random, but pitches that sound alike begin alike, and no hint says nothing.
    fn rows(&self, table: &EmbeddingTable, width: usize, device: &Device) -> Embedding {
        #[expect(clippy::cast_precision_loss, reason = "there are a dozen kinds")]
        let spread = SUM_SPREAD / (table.kinds.len() as f64).sqrt();
        let random = |count: usize| Tensor::random([count, width], Distribution::Normal(0.0, spread), device);
        let hint = |count: usize| Tensor::cat(vec![Tensor::zeros([1, width], device), random(count - 1)], 0);
        let shaped = |shapes: &Tensor<2>| shapes.clone().matmul(random(shapes.dims()[1]));
        let ends = table.kinds.iter().skip(1).map(|(_, first)| *first).chain([table.length]);
        let parts = table.kinds.iter().zip(ends).map(|((kind, first), end)| match kind {
            TokenKind::Pitch => shaped(&self.pitch),
            TokenKind::FigurePitch | TokenKind::EchoedPitch(_) => shaped(&self.maybe_pitch),
            TokenKind::Chord if end - first > 1 => shaped(&self.chord),
            TokenKind::Bass if end - first > 1 => shaped(&self.bass),
            TokenKind::Step
            | TokenKind::ComputeDevice
            | TokenKind::Duration
            | TokenKind::Velocity
            | TokenKind::Metre => random(end - first),
            _ => hint(end - first),
        });
        let mut rows = EmbeddingConfig::new(table.length, width).init(device);
        rows.weight = Param::from_tensor(Tensor::cat(parts.collect(), 0));
        rows
    }
}

/// A point on each of the first `turning` circles; the others stay at zero.
fn circles(key: u8, turning: usize) -> [f32; SHAPES] {
    let mut point = [0.0; SHAPES];
    for (at, period) in point.chunks_exact_mut(2).zip(PERIODS).take(turning) {
        let (sine, cosine) = (f32::from(key) / period * std::f32::consts::TAU).sin_cos();
        at.copy_from_slice(&[sine, cosine]);
    }
    point
}
