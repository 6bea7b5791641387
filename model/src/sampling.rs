//! From logits to a class: temperature, top-p and constraints, with reproducible draws.
//!
//! Works on plain slices. Knows neither what a class means nor where the logits come from.

mod spans;
#[cfg(test)]
mod tests;

use crate::hash::{SPLITMIX64_INCREMENT, splitmix64};
use crate::limits::Limits;
use crate::note::Ticks;
pub use spans::{Spans, sample_span, tilt_spans};

/// The parameters of sampling that a musician controls while Segue plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingParameters {
    /// The sampling temperature, 0.05 to 2. At 0.05 and below, the most probable class is chosen.
    pub temperature: f32,
    /// Top-p, above 0 and up to 1: only the most probable classes with this total probability are considered.
    pub top_p: f32,
    /// How often the model sees look-back features, 0 (never) to 1 (always).
    pub memory: f32,
    /// The seed. The same seed and the same input give the same notes.
    pub seed: u64,
    /// What may be played.
    pub limits: Limits,
    /// The density of the music that the style was trained on, in notes per quarter; `None` where it is unknown. Only
    /// duets use it.
    pub notes_per_quarter: Option<f32>,
}

impl Default for SamplingParameters {
    fn default() -> Self {
        Self { temperature: 1.0, top_p: 0.98, memory: 1.0, seed: 0, limits: Limits::NONE, notes_per_quarter: None }
    }
}

impl SamplingParameters {
    /// The learnt distribution, neither sharpened nor flattened, with nothing forbidden.
    #[must_use]
    pub const fn as_learnt(seed: u64) -> Self {
        Self { temperature: 1.0, top_p: 1.0, memory: 1.0, seed, limits: Limits::NONE, notes_per_quarter: None }
    }

    /// The parameters for steps and durations: no nucleus, and the geometric mean of the temperature and 1, within
    /// `RHYTHM`.
    ///
    /// Each single rest or long note is improbable, and without them there are no phrases. A nucleus or a low
    /// temperature would leave them out: jazz at 0.9 with a nucleus of 0.95 played 2.5 notes per beat where solos have
    /// 1.8, and plays 2.1 this way.
    #[must_use]
    pub fn for_rhythm(&self) -> Self {
        Self { temperature: self.temperature.max(0.0).sqrt().clamp(RHYTHM.0, RHYTHM.1), top_p: 1.0, ..*self }
    }
}

/// The lowest temperature. It chooses the most probable class, and the lowest of equally probable ones.
pub const COLDEST: f32 = 0.05;
/// The highest temperature.
pub const HOTTEST: f32 = 2.0;
/// The range of temperatures for rhythm. Below it a line falls into a run of equal notes without rests, and above it
/// one note off the grid brings the next.
const RHYTHM: (f32, f32) = (0.6, 1.3);
/// At the highest temperature of the rhythm, the part that is left of the probability of classes off the grid.
const LEAST_OFF_GRID: f32 = 0.1;

/// The random stream of a draw. Draws of different streams are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawStream {
    /// The step, the time since the last onset.
    Step,
    /// The pitch.
    Pitch,
    /// The duration.
    Duration,
    /// The velocity.
    Velocity,
    /// Not a part of the note: whether look-back features are shown.
    Memory,
    /// Not a part of the note: whether the draw for the velocity is that of the note before.
    Likeness,
    /// Not a part of the note: which earlier bar a bar repeats.
    Form,
    /// Not a part of the note: whether a bar may repeat an earlier one.
    FormMemory,
    /// Not a part of the note: whether a bar may repeat what its turn repeated before.
    FormReturn,
}

/// Everything that a draw depends on. Planning again therefore shifts no later draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawKey {
    /// [`SamplingParameters::seed`].
    pub seed: u64,
    /// The number of Segue's turn.
    pub turn: u32,
    /// The index of the note within the turn, from 0.
    pub note: u32,
    /// In a duet, the onset of the last heard note. Otherwise a draw that says "not now" would be repeated for ever,
    /// whatever the player does.
    pub heard: Option<Ticks>,
}

impl DrawKey {
    /// A number in 0..1 for one stream.
    ///
    /// Mixes the parts of the key with the finaliser of `SplitMix64`: see [`splitmix64`].
    pub fn draw(&self, head: DrawStream) -> f32 {
        let Self { seed, turn, note, heard } = *self;
        let parts = [seed, u64::from(turn), u64::from(note), head as u64].into_iter();
        fraction(parts.chain(heard.map(|onset| onset.0.cast_unsigned())))
    }
}

/// A number in 0..1 for a note of a turn, outside of a duet.
pub fn draw(seed: u64, turn: u32, note: u32, head: DrawStream) -> f32 {
    DrawKey { seed, turn, note, heard: None }.draw(head)
}

fn fraction(parts: impl Iterator<Item = u64>) -> f32 {
    /// An odd number, by which neighbouring parts of a key become very different.
    const SPREAD: u64 = 0xd134_2543_de82_ef95;
    let mixed = parts.fold(SPLITMIX64_INCREMENT, |state: u64, part| {
        splitmix64(state.wrapping_add(part.wrapping_mul(SPREAD)).wrapping_add(SPLITMIX64_INCREMENT))
    });
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit an f32 exactly, so the result stays below 1")]
    let fraction = (mixed >> 40) as f32 / (1u64 << 24) as f32;
    fraction
}

/// Samples a class. `logits` are overwritten. Classes that are not `allowed` get no probability, unless no class is
/// allowed: then all are. `draw` lies in 0..1. An empty slice gives 0.
pub fn sample(
    logits: &mut [f32],
    allowed: impl Fn(usize) -> bool,
    parameters: &SamplingParameters,
    draw: f32,
) -> usize {
    mask(logits, allowed);
    let best = argmax(logits);
    if parameters.temperature <= COLDEST || logits.is_empty() {
        return best;
    }
    let peak = logits[best];
    let mut total = 0.0;
    for logit in logits.iter_mut() {
        // NaN counts as impossible.
        let weight = ((*logit - peak) / parameters.temperature.min(HOTTEST)).exp();
        *logit = if weight.is_finite() { weight } else { 0.0 };
        total += *logit;
    }
    let least = nucleus_threshold(logits, total, parameters.top_p);
    let kept = |weight: f32| if weight >= least { weight } else { 0.0 };
    let mut left = draw * logits.iter().copied().map(kept).sum::<f32>();
    for (class, weight) in logits.iter().copied().map(kept).enumerate() {
        left -= weight;
        if weight > 0.0 && left < 0.0 {
            return class;
        }
    }
    best
}

/// A logit below every other, but above that of a masked class.
const ALL_BUT_IMPOSSIBLE: f32 = -1e30;

/// Masks the classes that are not allowed, unless none is allowed.
fn mask(logits: &mut [f32], allowed: impl Fn(usize) -> bool) {
    if (0..logits.len()).any(&allowed) {
        for (class, logit) in logits.iter_mut().enumerate() {
            // An allowed class stays above the masked ones, even where the network gives it no probability or NaN.
            *logit = if allowed(class) { logit.max(ALL_BUT_IMPOSSIBLE) } else { f32::NEG_INFINITY };
        }
    }
}

/// The class with the highest logit; the lowest of equal ones.
pub fn argmax(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if *logit > logits[best] || logits[best].is_nan() {
            best = class;
        }
    }
    best
}

/// The smallest weight in the nucleus ([Holtzman et al. 2020](https://arxiv.org/abs/1904.09751)): the fewest classes
/// that together have `share` of the total.
fn nucleus_threshold(weights: &[f32], total: f32, share: f32) -> f32 {
    let (mut least, mut sum) = (f32::INFINITY, 0.0);
    while sum == 0.0 || sum < share * total {
        // The next smaller weight, with all classes that have it: equal classes stay or go together.
        let next = weights.iter().copied().filter(|weight| *weight < least).fold(0.0, f32::max);
        if next <= 0.0 {
            break;
        }
        sum += weights.iter().filter(|weight| **weight >= next && **weight < least).sum::<f32>();
        least = next;
    }
    least
}
