//! The model that plays: LSTM inference, one note at a time, with the arithmetic of [`crate::network::Network`].
//!
//! At batch size 1 the time goes into reading weights from memory. So the weights are packed in the order in which they
//! are read, and everything that enters the first layer is multiplied by its weights once, at loading. All sums are
//! made in a fixed order, so wider registers give the same bits.

use crate::bias::DecodingBias;
mod kernel;
#[cfg(test)]
mod tests;

use crate::lookback::{LookBackFeatures, RepeatFeatures};
use crate::network::{self, Context, EmbeddingTable, EmbeddingTables, GATES, Network};
use crate::ngram::{NgramModel, PitchHistory};
use crate::vocabulary::{Tokens, Vocabulary};
use crate::weights::card::ModelCard;
use burn::tensor::{Device, Tensor};
use kernel::{Matrix, Rows, floats, lstm_cell, numbers};

/// A trained network with its vocabulary. It never changes, so instances of the plugin share one in an `Arc`.
#[derive(Debug, Clone)]
pub struct Model {
    card: ModelCard,
    tables: EmbeddingTables,
    hidden: usize,
    head: usize,
    /// What each class of the previous note adds to the gates of the first layer, `[rows, 4 × hidden]`.
    event: Rows,
    /// What each entry of the pitch-class profile adds to them, `[12, 4 × hidden]`.
    event_profile: Rows,
    first: Matrix,
    /// The layers above the first. The input is the output of the layer below, then the layer's own hidden state.
    further: Vec<Matrix>,
    trunk: Matrix,
    step: OutputHead,
    pitch: OutputHead,
    /// What each entry of the profile adds to the pitch head, `[12, head]`.
    pitch_profile: Rows,
    /// What each chord adds to each pitch, `[chords, pitches]`, and how much each place in the bar scales it,
    /// `[places]`.
    harmony: Option<(Rows, Vec<f32>)>,
    duration: OutputHead,
    velocity: Option<OutputHead>,
    /// The n-gram model that is added to the pitch logits; `None` when the style has none.
    ngram: Option<NgramModel>,
}

/// The state after all notes so far. The default is empty and fits no model: use [`Model::initial_state`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelState {
    /// Hidden then cell state of each layer: `layers × 2 × hidden`.
    numbers: Box<[f32]>,
    /// The last note.
    heard: Tokens,
    /// The look-back features of the next note.
    features: LookBackFeatures,
    /// The last pitches, for the n-gram model.
    past: PitchHistory,
}

/// Buffers, so that a decision allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    input: Vec<f32>,
    gates: Vec<f32>,
    trunk: Vec<f32>,
    head_input: Vec<f32>,
    logits: Vec<f32>,
    probabilities: Vec<f32>,
}

/// One output head: embedding rows for its context, and the linear map to the logits.
#[derive(Debug, Clone)]
struct OutputHead {
    given: Rows,
    out: Matrix,
}

impl Model {
    /// Packs a network for the processor. `card` must describe the network.
    pub fn new(card: ModelCard, network: &Network) -> Self {
        Self::on(None, card, network)
    }

    /// The same with the large matrices on `device`; without one they are packed for the processor.
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

    /// The same network with another n-gram model, or with none.
    #[must_use]
    pub fn with_ngram(self, ngram: Option<NgramModel>) -> Self {
        let card = ModelCard { ngram_weights: ngram.as_ref().map(|ngram| *ngram.mixing_weights()), ..self.card };
        Self { card, ngram, ..self }
    }

    /// The same model with another decoding bias.
    #[must_use]
    pub fn with_bias(self, decoding_bias: DecodingBias) -> Self {
        Self { card: ModelCard { decoding_bias, ..self.card }, ..self }
    }

    /// The card of the weights file.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The classes of the model's notes.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.card.vocabulary
    }

    /// The state before the first note: hidden and cell state zero.
    pub fn initial_state(&self) -> ModelState {
        ModelState {
            numbers: vec![0.0; self.card.sizes.layers * 2 * self.hidden].into(),
            heard: Tokens::default(),
            features: LookBackFeatures::default(),
            past: PitchHistory::default(),
        }
    }

    /// One LSTM step: updates `state` with the note that was just played, and with the look-back features of the next
    /// one.
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

    /// The output heads for the next note.
    pub fn heads<'scratch>(&self, state: &ModelState, scratch: &'scratch mut Scratch) -> Heads<'_, 'scratch> {
        let top = (self.card.sizes.layers - 1) * 2 * self.hidden;
        scratch.trunk.resize(self.trunk.outputs, 0.0);
        self.trunk.apply(&state.numbers[top..top + self.hidden], &mut scratch.trunk);
        Heads { model: self, context: state.context(), past: state.past, scratch }
    }
}

impl ModelState {
    /// The length class of the motif match that the last step was given.
    pub(crate) fn figure(&self) -> u8 {
        self.features.figure.length
    }

    /// The context of the next note before any part of it is chosen.
    fn context(&self) -> Context {
        Context { heard: self.heard, features: self.features, ..Context::default() }
    }
}

/// The output heads. Each depends on the parts chosen before it, so call them in the order step, pitch, duration,
/// velocity.
#[derive(Debug)]
pub struct Heads<'model, 'scratch> {
    model: &'model Model,
    context: Context,
    past: PitchHistory,
    scratch: &'scratch mut Scratch,
}

impl Heads<'_, '_> {
    /// The logits of the step classes.
    pub fn step_logits(&mut self) -> &mut [f32] {
        self.logits(&self.model.step, 0, &self.model.tables.step, false)
    }

    /// The logits of the pitch classes, given step, place in the bar and chord of `next`, and what sounded whole bars
    /// before its onset.
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

    /// The logits of the duration classes, given also the pitch of `next`.
    pub fn duration_logits(&mut self, next: Tokens, repeats: RepeatFeatures) -> &mut [f32] {
        (self.context.next, self.context.repeats) = (next, repeats);
        self.logits(&self.model.duration, 2, &self.model.tables.duration, false)
    }

    /// The logits of the velocity classes, given all other parts of `next`; `None` when the style has no dynamics.
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
