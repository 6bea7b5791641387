//! The output heads of the model.

use super::kernel::{Matrix, Rows, floats};
use super::{InferenceBuffers, Model};
use crate::card::ModelCard;
use crate::lookback::RepeatFeatures;
use crate::network::{self, EmbeddingTable, HeadContext, Network};
use crate::ngram::PitchHistory;
use crate::vocabulary::Tokens;
use burn::tensor::{Device, Tensor};

/// The weights of all heads.
#[derive(Debug, Clone)]
pub(super) struct OutputHeads {
    /// The hidden width of a head.
    width: usize,
    /// From the top layer to the input of each head, `[hidden → heads × width]`.
    pub trunk: Matrix,
    step: OutputHead,
    pitch: OutputHead,
    /// What each entry of the profile adds to the pitch head, `[12, width]`.
    pitch_profile: Rows,
    /// What each chord adds to each pitch, `[chords, pitches]`, and how much each place in the bar scales it,
    /// `[places]`.
    harmony: Option<(Rows, Vec<f32>)>,
    duration: OutputHead,
    velocity: Option<OutputHead>,
}

/// One head: embedding rows for its context, and the linear map to the logits.
#[derive(Debug, Clone)]
struct OutputHead {
    given: Rows,
    out: Matrix,
}

impl OutputHeads {
    /// Packs the heads of a network, with their large matrices on `device` if there is one.
    pub fn of(device: Option<&Device>, card: &ModelCard, network: &Network) -> Self {
        let width = card.sizes.head;
        let rows = |table: &Tensor<2>| Rows { width, numbers: floats(table) };
        let output = |head: &network::HeadLayers| OutputHead {
            given: rows(&head.given.weight.val()),
            out: Matrix::of(device, &head.out),
        };
        Self {
            width,
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
        }
    }
}

/// The output heads. Each depends on the parts chosen before it, so call them in the order step, pitch, duration,
/// velocity.
#[derive(Debug)]
pub struct Heads<'model, 'buffers> {
    model: &'model Model,
    context: HeadContext,
    past: PitchHistory,
    buffers: &'buffers mut InferenceBuffers,
}

impl<'model, 'buffers> Heads<'model, 'buffers> {
    /// Of a model whose buffers hold the output of the trunk.
    pub(super) const fn new(
        model: &'model Model,
        context: HeadContext,
        past: PitchHistory,
        buffers: &'buffers mut InferenceBuffers,
    ) -> Self {
        Self { model, context, past, buffers }
    }

    /// The logits of the step classes.
    pub fn step_logits(&mut self) -> &mut [f32] {
        self.logits(&self.model.heads.step, 0, &self.model.tables.step, false)
    }

    /// The logits of the pitch classes, given step, place in the bar and chord of `next`, and what sounded whole bars
    /// before its onset.
    pub fn pitch_logits(&mut self, next: Tokens, repeats: RepeatFeatures) -> &mut [f32] {
        (self.context.next, self.context.repeats) = (next, repeats);
        let model = self.model;
        let logits = self.logits(&model.heads.pitch, 1, &model.tables.pitch, true);
        if let Some((fits, weight)) = &model.heads.harmony {
            let weight = weight[usize::from(next.place)];
            logits.iter_mut().zip(fits.row(next.chord.into())).for_each(|(logit, fit)| *logit += fit * weight);
        }
        let InferenceBuffers { logits, probabilities, .. } = &mut *self.buffers;
        if let Some(ngram) = &model.ngram {
            ngram.add_to(&self.past, self.context.features.figure.length, logits, probabilities);
        }
        logits
    }

    /// The logits of the duration classes, given also the pitch of `next`.
    pub fn duration_logits(&mut self, next: Tokens, repeats: RepeatFeatures) -> &mut [f32] {
        (self.context.next, self.context.repeats) = (next, repeats);
        self.logits(&self.model.heads.duration, 2, &self.model.tables.duration, false)
    }

    /// The logits of the velocity classes, given all other parts of `next`; `None` when the style has no dynamics.
    pub fn velocity_logits(&mut self, next: Tokens) -> Option<&mut [f32]> {
        self.context.next = next;
        let velocity = self.model.heads.velocity.as_ref()?;
        Some(self.logits(velocity, 3, &self.model.tables.velocity, false))
    }

    fn logits(&mut self, output: &OutputHead, index: usize, table: &EmbeddingTable, sees_profile: bool) -> &mut [f32] {
        let (head, buffers) = (self.model.heads.width, &mut *self.buffers);
        buffers.head_input.clear();
        buffers.head_input.extend_from_slice(&buffers.trunk[index * head..(index + 1) * head]);
        output.given.add(table.rows(self.context), &mut buffers.head_input);
        if sees_profile {
            self.model.heads.pitch_profile.add_shares(&self.context.features.profile, &mut buffers.head_input);
        }
        for number in &mut buffers.head_input {
            *number = number.max(0.0);
        }
        buffers.logits.resize(output.out.outputs, 0.0);
        output.out.apply(&buffers.head_input, &mut buffers.logits);
        &mut buffers.logits
    }
}
