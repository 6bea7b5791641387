//! A trained network, ready to play: the arithmetic of [`crate::network::Network`], one note at a time.
//!
//! Batch 1 spends its time fetching weights, so they lie packed in the order in which they are read, and what enters
//! the first layer is a sum of rows that were multiplied out once at loading. Only additions, multiplications and
//! divisions in a fixed order are used, so a machine with wider registers gives the same bits. NgramModel join at the end.

use crate::bias::DecodingBias;
use crate::lookback::{LookBackFeatures, PROFILE, RepeatFeatures};
use crate::network::{self, Context, EmbeddingTable, EmbeddingTables, GATES, Network};
use crate::ngram::{NgramModel, PitchHistory};
use crate::vocabulary::{Tokens, Vocabulary};
use crate::weights::ModelCard;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use multiversion::multiversion;

/// A trained network with its vocabulary. Never changes; instances share one by `Arc`.
#[derive(Debug, Clone)]
pub struct Model {
    card: ModelCard,
    tables: EmbeddingTables,
    hidden: usize,
    head: usize,
    /// What each class of a note that happened adds to the gates of the first layer: rows of `4 × hidden`.
    event: Rows,
    /// What each share of the profile adds to them: a row for each pitch class.
    event_profile: Rows,
    first: Matrix,
    /// Each further layer, fed with the layer below and its own hidden state, one behind the other.
    further: Vec<Matrix>,
    trunk: Matrix,
    step: OutputHead,
    pitch: OutputHead,
    /// What each share of the profile says to the pitch head.
    pitch_profile: Rows,
    /// What each chord says to each pitch, a row for each chord; and how much each place in the bar asks for it.
    harmony: Option<(Rows, Vec<f32>)>,
    duration: OutputHead,
    velocity: Option<OutputHead>,
    /// What joins the pitch head; `None` when the style has learnt none.
    ngram: Option<NgramModel>,
}

/// What the network remembers of all notes so far. By default none at all, not even that of [`Model::initial_state`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelState {
    /// Hidden then cell state of each layer, layer after layer: `layers × 2 × hidden`.
    numbers: Box<[f32]>,
    /// The last note that was taken in.
    heard: Tokens,
    /// What it was context of the next one.
    features: LookBackFeatures,
    /// The last pitches, for the ngram.
    past: PitchHistory,
}

/// Scratch to think in, so that deciding a note allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    input: Vec<f32>,
    gates: Vec<f32>,
    trunk: Vec<f32>,
    head_input: Vec<f32>,
    logits: Vec<f32>,
    probabilities: Vec<f32>,
}

/// One head: rows of what it is context, and the map from there to its logits.
#[derive(Debug, Clone)]
struct OutputHead {
    given: Rows,
    out: Matrix,
}

impl Model {
    /// Packs a network for the processor. `card` must describe it; [`crate::weights`] and training see to that.
    pub fn new(card: ModelCard, network: &Network) -> Self {
        Self::on(None, card, network)
    }

    /// The same with its large matrices on a device, or packed where there is none.
    pub(crate) fn on(device: Option<&Device>, card: ModelCard, network: &Network) -> Self {
        let (hidden, head, width) = (card.sizes.hidden, card.sizes.head, card.sizes.event);
        let (weight, bias) = numbers(&network.cells[0]);
        let entering = Matrix::new(None, &weight[..width * GATES * hidden], &[], GATES * hidden);
        let entered = |rows: &Tensor<2>| Rows {
            width: GATES * hidden,
            numbers: floats(rows).chunks_exact(width).flat_map(|row| entering.times(row)).collect(),
        };
        let rows = |table: &Tensor<2>| Rows { width: head, numbers: floats(table) };
        let output = |head: &network::HeadLayers| OutputHead {
            given: rows(&head.given.weight.val()),
            out: Matrix::of(device, &head.out),
        };
        Self {
            tables: EmbeddingTables::of(card.vocabulary.counts()),
            hidden,
            head,
            event: entered(&network.event.weight.val()),
            event_profile: entered(&network.event_profile.weight.val()),
            first: Matrix::new(device, &weight[width * GATES * hidden..], &bias, GATES * hidden),
            further: network.cells[1..].iter().map(|cell| Matrix::of(device, cell)).collect(),
            trunk: Matrix::of(device, &network.trunk),
            step: output(&network.step),
            pitch: output(&network.pitch),
            pitch_profile: rows(&network.pitch_profile.weight.val()),
            harmony: network.harmony.as_ref().map(|harmony| {
                let (fits, weight) = (floats(&harmony.degrees.weight.val()), floats(&harmony.weight.weight.val()));
                let counts = card.vocabulary.counts();
                let chords = (0..=u8::MAX).take(counts.chord);
                let numbers = chords.flat_map(|chord| network::degrees(&card.vocabulary, chord)).map(|row| fits[row]);
                (Rows { width: counts.pitch, numbers: numbers.collect() }, weight)
            }),
            duration: output(&network.duration),
            velocity: network.velocity.as_ref().map(output),
            ngram: None,
            card,
        }
    }

    /// The same network beside these ngram, or none.
    #[must_use]
    pub fn with_ngram(self, ngram: Option<NgramModel>) -> Self {
        let card = ModelCard { ngram_weights: ngram.as_ref().map(|ngram| *ngram.mixing_weights()), ..self.card };
        Self { card, ngram, ..self }
    }

    /// The same model with this decoding_bias.
    #[must_use]
    pub fn with_bias(self, decoding_bias: DecodingBias) -> Self {
        Self { card: ModelCard { decoding_bias, ..self.card }, ..self }
    }

    /// What the weights file says of itself.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// What this model can say.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.card.vocabulary
    }

    /// The state before the first note.
    pub fn initial_state(&self) -> ModelState {
        ModelState {
            numbers: vec![0.0; self.card.sizes.layers * 2 * self.hidden].into(),
            heard: Tokens::default(),
            features: LookBackFeatures::default(),
            past: PitchHistory::default(),
        }
    }

    /// Takes in the note that just happened, with what the session tells of the next one: one LSTM step.
    pub fn step(&self, note: Tokens, features: LookBackFeatures, state: &mut ModelState, scratch: &mut Scratch) {
        let hidden = self.hidden;
        (state.heard, state.features) = (note, features);
        state.past.push(note.pitch);
        scratch.gates.clear();
        scratch.gates.resize(GATES * hidden, 0.0);
        let mut below = 0;
        for layer in 0..self.card.sizes.layers {
            let own = layer * 2 * hidden;
            if layer == 0 {
                self.first.apply(&state.numbers[own..own + hidden], &mut scratch.gates);
                self.event.add(self.tables.event.rows(state.context()), &mut scratch.gates);
                self.event_profile.add_shares(&features.profile, &mut scratch.gates);
            } else {
                scratch.input.clear();
                scratch.input.extend_from_slice(&state.numbers[below..below + hidden]);
                scratch.input.extend_from_slice(&state.numbers[own..own + hidden]);
                self.further[layer - 1].apply(&scratch.input, &mut scratch.gates);
            }
            let (outputs, cells) = state.numbers[own..own + 2 * hidden].split_at_mut(hidden);
            lstm_cell(&scratch.gates, outputs, cells);
            below = own;
        }
    }

    /// Begins the next note: from here on its heads can be asked.
    pub fn heads<'scratch>(&self, state: &ModelState, scratch: &'scratch mut Scratch) -> Heads<'_, 'scratch> {
        let top = (self.card.sizes.layers - 1) * 2 * self.hidden;
        scratch.trunk.resize(self.trunk.outputs, 0.0);
        self.trunk.apply(&state.numbers[top..top + self.hidden], &mut scratch.trunk);
        Heads { model: self, context: state.context(), past: state.past, scratch }
    }
}

impl ModelState {
    /// The class of the length of the figure of this session that it was context to go on with.
    pub(crate) fn figure(&self) -> u8 {
        self.features.figure.length
    }

    /// What is known before anything of the next note is.
    fn context(&self) -> Context {
        Context { heard: self.heard, features: self.features, ..Context::default() }
    }
}

/// The logits of the next note's parts. Each head is context what was chosen before it, so ask them in order.
#[derive(Debug)]
pub struct Heads<'model, 'scratch> {
    model: &'model Model,
    context: Context,
    past: PitchHistory,
    scratch: &'scratch mut Scratch,
}

impl Heads<'_, '_> {
    /// Unnormalised logits of the step classes.
    pub fn step_logits(&mut self) -> &mut [f32] {
        self.logits(&self.model.step, 0, &self.model.tables.step, false)
    }

    /// Unnormalised logits of the pitch classes, given `step`, `place` and chord of the next note, and what the session
    /// tells of its onset.
    pub fn pitch_logits(&mut self, next: Tokens, repeats: RepeatFeatures) -> &mut [f32] {
        (self.context.next, self.context.repeats) = (next, repeats);
        let model = self.model;
        let logits = self.logits(&model.pitch, 1, &model.tables.pitch, true);
        if let Some((fits, weight)) = &model.harmony {
            let weight = weight[usize::from(next.place)];
            logits.iter_mut().zip(fits.row(next.chord.into())).for_each(|(score, fit)| *score += fit * weight);
        }
        let Scratch { logits, probabilities, .. } = &mut *self.scratch;
        if let Some(ngram) = &model.ngram {
            ngram.add_to(&self.past, self.context.features.figure.length, logits, probabilities);
        }
        logits
    }

    /// Unnormalised logits of the duration classes, given `step`, `place`, chord and `pitch` of the next note.
    pub fn duration_logits(&mut self, next: Tokens, repeats: RepeatFeatures) -> &mut [f32] {
        (self.context.next, self.context.repeats) = (next, repeats);
        self.logits(&self.model.duration, 2, &self.model.tables.duration, false)
    }

    /// Unnormalised logits of the velocity classes, given all else of the next note; `None` when the style has none.
    pub fn velocity_logits(&mut self, next: Tokens) -> Option<&mut [f32]> {
        self.context.next = next;
        let velocity = self.model.velocity.as_ref()?;
        Some(self.logits(velocity, 3, &self.model.tables.velocity, false))
    }

    fn logits(&mut self, output: &OutputHead, index: usize, table: &EmbeddingTable, sees_profile: bool) -> &mut [f32] {
        let (head, scratch) = (self.model.head, &mut *self.scratch);
        scratch.head_input.clear();
        scratch.head_input.extend_from_slice(&scratch.trunk[index * head..(index + 1) * head]);
        output.given.add(table.rows(self.context), &mut scratch.head_input);
        if sees_profile {
            self.model.pitch_profile.add_shares(&self.context.features.profile, &mut scratch.head_input);
        }
        for number in &mut scratch.head_input {
            *number = number.max(0.0);
        }
        scratch.logits.resize(output.out.outputs, 0.0);
        output.out.apply(&scratch.head_input, &mut scratch.logits);
        &mut scratch.logits
    }
}

/// A table whose rows are added up.
#[derive(Debug, Clone)]
struct Rows {
    width: usize,
    numbers: Vec<f32>,
}

impl Rows {
    fn add(&self, rows: impl Iterator<Item = usize>, sum: &mut [f32]) {
        for row in rows {
            sum.iter_mut().zip(self.row(row)).for_each(|(sum, number)| *sum += number);
        }
    }

    /// Each row as often as its share says.
    fn add_shares(&self, shares: &[f32; PROFILE], sum: &mut [f32]) {
        for (row, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            sum.iter_mut().zip(self.row(row)).for_each(|(sum, number)| *sum += share * number);
        }
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.numbers[row * self.width..(row + 1) * self.width]
    }
}

/// Outputs that are worked out side by side: their sums fit the registers of every processor since AVX.
const LANES: usize = 64;

/// A linear map.
#[derive(Debug, Clone)]
struct Matrix {
    outputs: usize,
    inputs: usize,
    product: Product,
}

/// Where the product with a matrix is worked out.
#[derive(Debug, Clone)]
enum Product {
    /// In the registers of this processor: for each [`LANES`] outputs, the weights of input after input.
    Packed {
        weights: Vec<f32>,
        /// One for each output, then zeros up to whole blocks.
        bias: Vec<f32>,
    },
    /// On a device.
    OnDevice(Box<OnDevice>),
}

/// A linear map on a device: `[inputs, outputs]` and `[1, outputs]`.
#[derive(Debug, Clone)]
struct OnDevice {
    weights: Tensor<2>,
    bias: Tensor<2>,
    device: Device,
}

impl Matrix {
    fn of(device: Option<&Device>, linear: &Linear) -> Self {
        let (weight, bias) = numbers(linear);
        Self::new(device, &weight, &bias, linear.weight.dims()[1])
    }

    /// `weight` is `[inputs, outputs]`, row after row; a missing bias is zero.
    fn new(device: Option<&Device>, weight: &[f32], bias: &[f32], outputs: usize) -> Self {
        let inputs = weight.len() / outputs;
        let mut bias = bias.to_vec();
        let product = if let Some(device) = device {
            bias.resize(outputs, 0.0);
            let sent = |numbers: Vec<f32>, rows| Tensor::from_data(TensorData::new(numbers, [rows, outputs]), device);
            let (weights, bias) = (sent(weight.to_vec(), inputs), sent(bias, 1));
            Product::OnDevice(Box::new(OnDevice { weights, bias, device: device.clone() }))
        } else {
            let blocks = outputs.div_ceil(LANES);
            let mut weights = vec![0.0; blocks * inputs * LANES];
            for (input, row) in weight.chunks_exact(outputs).enumerate() {
                for (block, part) in row.chunks(LANES).enumerate() {
                    let to = (block * inputs + input) * LANES;
                    weights[to..to + part.len()].copy_from_slice(part);
                }
            }
            bias.resize(blocks * LANES, 0.0);
            Product::Packed { weights, bias }
        };
        Self { outputs, inputs, product }
    }

    fn times(&self, input: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; self.outputs];
        self.apply(input, &mut out);
        out
    }

    fn apply(&self, input: &[f32], out: &mut [f32]) {
        let input = &input[..self.inputs];
        match &self.product {
            Product::Packed { weights, bias } => multiply(weights, bias, input, out),
            Product::OnDevice(remote) => {
                let input = Tensor::<2>::from_data(TensorData::new(input.to_vec(), [1, self.inputs]), &remote.device);
                let sum = input.matmul(remote.weights.clone()) + remote.bias.clone();
                out[..self.outputs].copy_from_slice(&floats(&sum));
            }
        }
    }
}

/// `out = bias + input × weights`, the weights packed as in [`Product::Packed`].
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2", "x86_64+avx"))]
fn multiply(weights: &[f32], bias: &[f32], input: &[f32], out: &mut [f32]) {
    let blocks = weights.chunks_exact(input.len() * LANES).zip(bias.chunks_exact(LANES));
    for ((block, bias), out) in blocks.zip(out.chunks_mut(LANES)) {
        let mut sums = [0.0; LANES];
        sums.copy_from_slice(bias);
        for (row, input) in block.chunks_exact(LANES).zip(input) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += weight * input;
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
    }
}

/// One LSTM cell per unit, from its four gates; see `network::lstm`.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2", "x86_64+avx"))]
fn lstm_cell(gates: &[f32], outputs: &mut [f32], cells: &mut [f32]) {
    let width = outputs.len();
    let (open, candidate) = gates.split_at(3 * width);
    let (input, rest) = open.split_at(width);
    let (forget, output) = rest.split_at(width);
    for unit in 0..width {
        let cell = sigmoid(forget[unit]) * cells[unit] + sigmoid(input[unit]) * tanh(candidate[unit]);
        cells[unit] = cell;
        outputs[unit] = sigmoid(output[unit]) * tanh(cell);
    }
}

#[inline]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// e to the x, within 3 units in the last place, without branches, so that a loop of it is vectorised.
///
/// x = n ln 2 + r; e^r by the degree-6 polynomial of Cephes' `expf` (Moshier 1989), 2^n by the exponent bits.
#[inline]
fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding and taking away 1.5 × 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut polynomial = 1.987_569_2e-4;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5] {
        polynomial = polynomial * r + coefficient;
    }
    let of_r = polynomial * r * r + r + 1.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "n lies in -126..=126, so n + 127 is an exponent"
    )]
    let power = f32::from_bits(((n as i32 + 127) as u32) << 23);
    of_r * power
}

/// Weight `[inputs, outputs]` row after row, and bias.
fn numbers(linear: &Linear) -> (Vec<f32>, Vec<f32>) {
    (floats(&linear.weight.val()), linear.bias.as_ref().map_or_else(Vec::new, |bias| floats(&bias.val())))
}

fn floats<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().convert::<f32>().try_into_vec().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookback::{MOTIF_LENGTHS, MotifMatch};
    use crate::network::{Batch, SequenceStep, Sizes};
    use crate::note::Ticks;
    use crate::weights::{ModelCard, Provenance};
    use burn::module::Param;
    use burn::tensor::{Device, Distribution};

    const NOTES: u8 = 40;

    /// Some moments with every kind of class, hint and echo in them.
    fn moments(vocabulary: &Vocabulary) -> Vec<SequenceStep> {
        let counts = vocabulary.counts();
        let class = |number: u8, of: usize| u8::try_from((usize::from(number).pow(2) + 3) % of).unwrap();
        let note = |number: u8| Tokens {
            step: class(number, counts.step),
            pitch: class(number + 1, counts.pitch),
            duration: class(number + 2, counts.duration),
            velocity: class(number + 3, counts.velocity),
            place: class(number + 4, counts.place),
            metre: class(number, counts.metre),
            chord: class(number + 5, counts.chord),
            bass: class(number + 6, counts.bass),
        };
        let features = |number: u8| LookBackFeatures {
            figure: MotifMatch {
                length: class(number, MOTIF_LENGTHS),
                pitch: class(number + 1, counts.pitch + 1),
                step: class(number + 2, counts.step + 1),
                duration: class(number + 3, counts.duration + 1),
            },
            steps: std::array::from_fn(|place| class(number * 4 + u8::try_from(place).unwrap(), counts.step + 1)),
            profile: std::array::from_fn(|tone| f32::from(class(number, tone + 2)) / 12.0),
        };
        let repeats = |number: u8| RepeatFeatures {
            pitches: std::array::from_fn(|place| class(number * 3 + u8::try_from(place).unwrap(), counts.pitch + 1)),
            durations: std::array::from_fn(|place| {
                class(number * 5 + u8::try_from(place).unwrap(), counts.duration + 1)
            }),
        };
        let moment = |number| SequenceStep {
            heard: note(number),
            features: features(number),
            next: Some(note(number + 1)),
            repeats: repeats(number),
            begins: false,
        };
        (0..NOTES).map(moment).collect()
    }

    #[test]
    fn note_by_note_it_says_what_the_network_in_burn_says() {
        for vocabulary in [Vocabulary::dance(), Vocabulary::solo(), Vocabulary::piano()] {
            check_against_burn(vocabulary);
        }
    }

    fn check_against_burn(vocabulary: Vocabulary) {
        let device = Device::flex();
        let sizes = Sizes { layers: 2, hidden: 48, event: 32, head: 80 };
        let mut network = Network::new(&vocabulary, sizes, 0.0, &device);
        if let Some(harmony) = &mut network.harmony {
            // It begins at nothing, which would compare nothing.
            let random = |shape| Param::from_tensor(Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device));
            harmony.degrees.weight = random(harmony.degrees.weight.dims());
            harmony.weight.weight = random(harmony.weight.weight.dims());
        }
        let moments = moments(&vocabulary);
        let model = Model::new(ModelCard::new("test", vocabulary, sizes, Provenance::default()), &network);
        let batch = Batch::of(std::slice::from_ref(&moments), model.vocabulary(), &device);
        let (logits, _) = network.forward(&batch, network.initial_state(1, &device));
        let (mut state, mut scratch) = (model.initial_state(), Scratch::default());
        // Sums of some hundred terms in another order differ in the last of f32's seven digits.
        let same = |ours: &[f32], theirs: &Tensor<2>, note: usize| {
            let theirs = floats(&theirs.clone().narrow(0, note, 1));
            assert_eq!(ours.len(), theirs.len());
            let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-5, "note {note}: {worst}");
        };
        for (index, moment) in moments.iter().enumerate() {
            let next = moment.next.unwrap();
            model.step(moment.heard, moment.features, &mut state, &mut scratch);
            let mut heads = model.heads(&state, &mut scratch);
            same(heads.step_logits(), &logits.step, index);
            same(heads.pitch_logits(next, moment.repeats), &logits.pitch, index);
            same(heads.duration_logits(next, moment.repeats), &logits.duration, index);
            match (heads.velocity_logits(next), &logits.velocity) {
                (Some(ours), Some(theirs)) => same(ours, theirs, index),
                (None, None) => {}
                _ => panic!("one of the two has no velocity"),
            }
        }
        check_licks(model, &moments, &logits.pitch);
    }

    /// With ngram the pitches are the sum of what burn and the ngram say; all else is as it was.
    fn check_licks(model: Model, moments: &[SequenceStep], pitches: &Tensor<2>) {
        let ngram = NgramModel::with_two_figures();
        let model = model.with_ngram(Some(ngram.clone()));
        let (mut state, mut scratch, mut past, mut context) =
            (model.initial_state(), Scratch::default(), PitchHistory::default(), Vec::new());
        let mut most = 0.0;
        for (index, moment) in moments.iter().enumerate() {
            model.step(moment.heard, moment.features, &mut state, &mut scratch);
            past.push(moment.heard.pitch);
            let mut heads = model.heads(&state, &mut scratch);
            let ours = heads.pitch_logits(moment.next.unwrap(), moment.repeats);
            let theirs = floats(&pitches.clone().narrow(0, index, 1));
            let weight = ngram.mixing_weights()[usize::from(moment.features.figure.length)];
            assert!(ngram.log_ratios(&past, theirs.len(), &mut context));
            for (class, (our, their)) in ours.iter().zip(&theirs).enumerate() {
                assert!((our - (their + weight * context[class])).abs() < 2e-5, "note {index}");
                most = context[class].max(most);
            }
        }
        assert!(most > 1.0, "the ngram must have said something");
    }

    #[test]
    fn the_exponential_is_right_to_six_digits_and_never_overflows() {
        for step in -8000i16..=8000 {
            let x = f32::from(step) / 100.0;
            let error = (f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs();
            assert!(error < 1e-6, "exp({x}): {error}");
        }
        assert!(exp(f32::INFINITY).is_finite() && exp(f32::NEG_INFINITY) >= 0.0);
        assert!((tanh(20.0) - 1.0).abs() < 1e-6 && (tanh(-20.0) + 1.0).abs() < 1e-6 && tanh(0.0).abs() < 1e-6);
    }

    #[test]
    fn a_grid_point_has_a_class_for_each_of_its_ticks() {
        // Places are context in units of four ticks; sixteenths and triplets must not fall together.
        let vocabulary = Vocabulary::dance();
        let bars = Some(crate::note::Bars { line: Ticks::ZERO, metre: crate::note::Metre::COMMON });
        let places: Vec<_> = [0, 12, 16, 24, 32, 36, 48].map(|tick| vocabulary.place_class(Ticks(tick), bars)).to_vec();
        assert!(places.is_sorted_by(|a, b| a < b) && places[0] > 0, "{places:?}");
    }
}
