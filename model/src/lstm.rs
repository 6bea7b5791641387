//! The model that plays: LSTM inference, one note at a time, with the arithmetic of [`crate::network::Network`].
//!
//! At batch size 1 the time goes into reading weights from memory. So the weights are packed in the order in which they
//! are read, and everything that enters the first layer is multiplied by its weights once, at loading. All sums are
//! made in a fixed order, so wider registers give the same bits.

mod half;
mod heads;
mod kernel;
#[cfg(test)]
mod tests;

use crate::bias::DecodingBias;
use crate::card::ModelCard;
use crate::drift::DriftCorrection;
use crate::form::Form;
use crate::lookback::LookBackFeatures;
use crate::network::{EmbeddingTables, GATES, HeadContext, Network};
use crate::ngram::{NgramModel, PitchHistory};
use crate::vocabulary::{Tokens, Vocabulary};
use burn::tensor::{Device, Tensor};
pub use heads::Heads;
use heads::OutputHeads;
use kernel::{Matrix, Rows, floats, lstm_cell, numbers};

/// A trained network with its vocabulary. It never changes, so instances of the plugin share one in an `Arc`.
#[derive(Debug, Clone)]
pub struct Model {
    card: ModelCard,
    tables: EmbeddingTables,
    hidden: usize,
    /// What each class of the previous note adds to the gates of the first layer, `[rows, 4 × hidden]`.
    event: Rows,
    /// What each entry of the pitch-class profile adds to them, `[12, 4 × hidden]`.
    event_profile: Rows,
    first: Matrix,
    /// The layers above the first. The input is the output of the layer below, then the layer's own hidden state.
    further: Vec<Matrix>,
    heads: OutputHeads,
    /// The n-gram model that is added to the pitch logits; `None` when the style has none.
    ngram: Option<NgramModel>,
    /// What the style knows of form; `None` when nothing.
    form: Option<Form>,
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
pub struct InferenceBuffers {
    input: Vec<f32>,
    gates: Vec<f32>,
    trunk: Vec<f32>,
    head_input: Vec<f32>,
    logits: Vec<f32>,
    probabilities: Vec<f32>,
}

impl Model {
    /// Packs a network for the processor. `card` must describe the network.
    pub fn new(card: ModelCard, network: &Network) -> Self {
        Self::on(None, card, network)
    }

    /// The same with the large matrices on `device`; without one they are packed for the processor.
    pub(crate) fn on(device: Option<&Device>, card: ModelCard, network: &Network) -> Self {
        let (hidden, width) = (card.sizes.hidden, card.sizes.event);
        let (weight, bias) = numbers(&network.cells[0]);
        let entering = Matrix::new(None, &weight[..width * GATES * hidden], &[], GATES * hidden);
        let entered = |rows: &Tensor<2>| Rows {
            width: GATES * hidden,
            numbers: floats(rows).chunks_exact(width).flat_map(|row| entering.times(row)).collect(),
        };
        Self {
            tables: EmbeddingTables::of(card.vocabulary.counts()),
            hidden,
            event: entered(&network.event.weight.val()),
            event_profile: entered(&network.event_profile.weight.val()),
            first: Matrix::new(device, &weight[width * GATES * hidden..], &bias, GATES * hidden),
            further: network.cells[1..].iter().map(|cell| Matrix::of(device, cell)).collect(),
            heads: OutputHeads::of(device, &card, network),
            ngram: None,
            form: None,
            card,
        }
    }

    /// The same network with another n-gram model, or with none.
    #[must_use]
    pub fn with_ngram(self, ngram: Option<NgramModel>) -> Self {
        let card = ModelCard { ngram_weights: ngram.as_ref().map(|ngram| *ngram.mixing_weights()), ..self.card };
        Self { card, ngram, ..self }
    }

    /// The same network with another form model, or with none.
    #[must_use]
    pub fn with_form(self, form: Option<Form>) -> Self {
        let card = self.card.with_form(form.as_ref());
        Self { card, form, ..self }
    }

    /// What the style knows of form; `None` when nothing.
    pub fn form(&self) -> Option<&Form> {
        self.form.as_ref()
    }

    /// The same model with another decoding bias.
    #[must_use]
    pub fn with_bias(self, decoding_bias: DecodingBias) -> Self {
        Self { card: ModelCard { decoding_bias, ..self.card }, ..self }
    }

    /// The same network with another correction of drift, or with none.
    #[must_use]
    pub fn with_drift(self, drift: Option<DriftCorrection>) -> Self {
        Self { card: ModelCard { drift, ..self.card }, ..self }
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
    pub fn step(
        &self,
        note: Tokens,
        features: LookBackFeatures,
        state: &mut ModelState,
        buffers: &mut InferenceBuffers,
    ) {
        let hidden = self.hidden;
        (state.heard, state.features) = (note, features);
        state.past.push(note.pitch);
        buffers.gates.clear();
        buffers.gates.resize(GATES * hidden, 0.0);
        let mut below = 0;
        for layer in 0..self.card.sizes.layers {
            let own = layer * 2 * hidden;
            if layer == 0 {
                self.first.apply(&state.numbers[own..own + hidden], &mut buffers.gates);
                self.event.add(self.tables.event.rows(state.context()), &mut buffers.gates);
                self.event_profile.add_shares(&features.profile, &mut buffers.gates);
            } else {
                buffers.input.clear();
                buffers.input.extend_from_slice(&state.numbers[below..below + hidden]);
                buffers.input.extend_from_slice(&state.numbers[own..own + hidden]);
                self.further[layer - 1].apply(&buffers.input, &mut buffers.gates);
            }
            let (outputs, cells) = state.numbers[own..own + 2 * hidden].split_at_mut(hidden);
            lstm_cell(&buffers.gates, outputs, cells);
            below = own;
        }
    }

    /// The output heads for the next note.
    pub fn heads<'buffers>(&self, state: &ModelState, buffers: &'buffers mut InferenceBuffers) -> Heads<'_, 'buffers> {
        let top = (self.card.sizes.layers - 1) * 2 * self.hidden;
        buffers.trunk.resize(self.heads.trunk.outputs, 0.0);
        self.heads.trunk.apply(&state.numbers[top..top + self.hidden], &mut buffers.trunk);
        Heads::new(self, state.context(), state.past, buffers)
    }
}

impl ModelState {
    /// The length class of the motif match that the last step was given.
    pub(crate) fn figure(&self) -> u8 {
        self.features.figure.length
    }

    /// The context of the next note before any part of it is chosen.
    fn context(&self) -> HeadContext {
        HeadContext { heard: self.heard, features: self.features, ..HeadContext::default() }
    }
}
