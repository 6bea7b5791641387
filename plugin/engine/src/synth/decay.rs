//! An amplitude that decays exponentially, computed block by block.
//!
//! Does not know what decays.

use fundsp::MAX_BUFFER_SIZE;

/// Frames made at once: the longest block that fundsp makes, 1.3 ms at 48 kHz.
pub(super) const BLOCK: usize = MAX_BUFFER_SIZE;
/// Below this amplitude (-106 dBFS) a tine counts as still.
pub(super) const STILL: f32 = 5e-6;

/// An amplitude that decays exponentially. It is computed once per block and linear in between.
#[derive(Clone, Copy)]
pub(super) struct Decay {
    pub(super) level: f32,
    kept_per_block: f32,
}

impl Decay {
    pub(super) fn new(level: f32, decay_s: f32, sample_rate: f32) -> Self {
        Self { level, kept_per_block: (-block_s(sample_rate) / decay_s).exp() }
    }

    /// The level at the start of the block and at its end.
    pub(super) fn next(&mut self) -> (f32, f32) {
        let start = self.level;
        // Inaudible levels become zero at once, because arithmetic with denormal numbers is slow.
        self.level = if start > STILL { start * self.kept_per_block } else { 0.0 };
        (start, self.level)
    }
}

/// The duration of one block in seconds.
#[allow(clippy::cast_precision_loss, reason = "a block is 64 frames")]
pub(super) fn block_s(sample_rate: f32) -> f32 {
    BLOCK as f32 / sample_rate
}
