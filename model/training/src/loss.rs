//! The training loss: the cross-entropy of each head, in nats per note.

use super::TrainingPlan;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use segue_model::network::{Logits, SequenceStep};
use segue_model::vocabulary::Tokens;

/// The mean loss of each head over the notes of a batch, in nats.
pub(super) struct Losses {
    /// How many notes were predicted.
    pub notes: f64,
    pub step: Tensor<1>,
    pub pitch: Tensor<1>,
    pub duration: Tensor<1>,
    pub velocity: Option<Tensor<1>>,
}

impl Losses {
    /// The weighted sum that training minimises, `[1]`.
    pub fn total(&self, plan: &TrainingPlan) -> Tensor<1> {
        let three = self.step.clone() + self.pitch.clone() + self.duration.clone() * plan.duration_weight;
        self.velocity.iter().fold(three, |sum, velocity| sum + velocity.clone() * plan.velocity_weight)
    }
}

/// The losses of a batch; `None` when no step of it has a next note. `rows` is `[batch][steps]`, as the batch was made.
pub(super) fn losses(logits: &Logits, rows: &[Vec<SequenceStep>], device: &Device) -> Option<Losses> {
    let next = || rows.iter().flatten().map(|step| step.next);
    let mask: Vec<f32> = next().map(|next| if next.is_some() { 1.0 } else { 0.0 }).collect();
    let notes = next().flatten().count();
    if notes == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a block is far smaller than 2^52 notes")]
    let notes = notes as f64;
    let shape = [mask.len(), 1];
    let mask = Tensor::<2>::from_data(TensorData::new(mask, shape), device);
    let loss = |logits: &Tensor<2>, class: fn(Tokens) -> u8| {
        let classes: Vec<i32> = next().map(|next| next.map_or(0, |next| i32::from(class(next)))).collect();
        let truth = Tensor::<2, Int>::from_data(TensorData::new(classes, shape), device);
        let log_probability = log_softmax(logits.clone(), 1).gather(1, truth); // [batch × steps, 1]
        (log_probability * mask.clone()).sum().neg() / notes
    };
    Some(Losses {
        notes,
        step: loss(&logits.step, |next| next.step),
        pitch: loss(&logits.pitch, |next| next.pitch),
        duration: loss(&logits.duration, |next| next.duration),
        velocity: logits.velocity.as_ref().map(|logits| loss(logits, |next| next.velocity)),
    })
}
