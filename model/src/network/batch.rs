//! The input of a forward pass.

use super::degrees;
use super::embedding::{EmbeddingTables, HeadContext};
use crate::lookback::{LookBackFeatures, PROFILE, RepeatFeatures};
use crate::vocabulary::{Tokens, Vocabulary};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// The input of a forward pass: `batch` tunes side by side over `steps` notes.
#[derive(Debug, Clone)]
pub struct Batch {
    /// For each step, the rows of the event table, `[batch, kinds]`.
    pub(super) events: Vec<Tensor<2, Int>>,
    /// For each step, the pitch-class profile, `[batch, 12]`.
    pub(super) profiles: Vec<Tensor<2>>,
    /// For each step, 0 where the state is cleared before it and 1 elsewhere, `[batch, 1]`; `None` where no state is
    /// cleared.
    pub(super) carry: Vec<Option<Tensor<2>>>,
    /// For each head, the rows of its context, `[batch × steps, kinds]`, batch-major.
    pub(super) given: [Tensor<2, Int>; 4],
    /// The profiles again, `[batch × steps, 12]`, batch-major.
    pub(super) profile: Tensor<2>,
    /// For each next note, the degree of each pitch over its chord, `[batch × steps, pitches]`, and its place in the
    /// bar, `[batch × steps, 1]`.
    pub(super) degrees: Option<(Tensor<2, Int>, Tensor<2, Int>)>,
}

/// One step of a [`Batch`].
#[derive(Debug, Clone, Copy, Default)]
pub struct SequenceStep {
    /// The note that was just played.
    pub heard: Tokens,
    /// The look-back features after it.
    pub features: LookBackFeatures,
    /// The next note, which is the target. Its parts are the context of the heads after them. `None` at the end of a
    /// tune.
    pub next: Option<Tokens>,
    /// What sounded whole bars before the onset of the next note.
    pub repeats: RepeatFeatures,
    /// A tune begins with `heard`, so the state is cleared before it.
    pub begins: bool,
}

impl SequenceStep {
    fn context(&self) -> HeadContext {
        HeadContext {
            heard: self.heard,
            next: self.next.unwrap_or_default(),
            features: self.features,
            repeats: self.repeats,
        }
    }
}

impl Batch {
    /// Builds a batch from one row of steps per tune. All rows must have the same length.
    pub fn of(rows: &[Vec<SequenceStep>], vocabulary: &Vocabulary, device: &Device) -> Self {
        let tables = EmbeddingTables::of(vocabulary.counts());
        let steps = rows.first().map_or(0, Vec::len);
        let column = |step: usize| rows.iter().map(move |row| row[step]);
        let all = || rows.iter().flatten();
        let carry = |step: usize| {
            let kept: Vec<f32> = column(step).map(|step| if step.begins { 0.0 } else { 1.0 }).collect();
            let shape = [kept.len(), 1];
            column(step).any(|step| step.begins).then(|| Tensor::from_data(TensorData::new(kept, shape), device))
        };
        let profile = |profiles: Vec<f32>| {
            let shape = [profiles.len() / PROFILE, PROFILE];
            Tensor::from_data(TensorData::new(profiles, shape), device)
        };
        Self {
            events: (0..steps)
                .map(|step| row_tensor(column(step).map(|step| tables.event.rows(step.context())), device))
                .collect(),
            profiles: (0..steps)
                .map(|step| profile(column(step).flat_map(|step| step.features.profile).collect()))
                .collect(),
            carry: (0..steps).map(carry).collect(),
            given: [&tables.step, &tables.pitch, &tables.duration, &tables.velocity]
                .map(|table| row_tensor(all().map(|step| table.rows(step.context())), device)),
            profile: profile(all().flat_map(|step| step.features.profile).collect()),
            degrees: vocabulary.chords.then(|| {
                let next = || all().map(|step| step.next.unwrap_or_default());
                (
                    row_tensor(next().map(|next| degrees(vocabulary, next.chord)), device),
                    row_tensor(next().map(|next| std::iter::once(usize::from(next.place))), device),
                )
            }),
        }
    }
}

/// Rows of an embedding table as a tensor `[steps, kinds]`.
fn row_tensor<Rows: Iterator<Item = usize>>(steps: impl Iterator<Item = Rows>, device: &Device) -> Tensor<2, Int> {
    let mut count = 0;
    let rows = steps.inspect(|_| count += 1).flatten();
    let numbers: Vec<i32> = rows.map(|row| i32::try_from(row).unwrap_or(0)).collect();
    let shape = [count, numbers.len() / count.max(1)];
    Tensor::from_data(TensorData::new(numbers, shape), device)
}
