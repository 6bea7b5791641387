//! Removes direct current: every strike first swings to the same side, so many strikes would slowly push the sound off
//! centre.

use std::f64::consts::TAU;

/// Anything slower than this is not a tone: the lowest key of a piano vibrates five times as fast.
const SLOWEST_HZ: f64 = 5.0;

/// A value this close to zero (-120 dBFS) counts as zero, because the filter never quite reaches it.
const AT_REST: f64 = 1e-6;

/// A first-order high-pass filter for two channels.
pub(super) struct Centre {
    kept: f64,
    before: [f64; 2],
    passed: [f64; 2],
}

impl Centre {
    pub fn new(sample_rate: f32) -> Self {
        Self { kept: (-TAU * SLOWEST_HZ / f64::from(sample_rate)).exp(), before: [0.0; 2], passed: [0.0; 2] }
    }

    /// Forgets its past input.
    pub fn reset(&mut self) {
        (self.before, self.passed) = ([0.0; 2], [0.0; 2]);
    }

    /// Whether silence in gives silence out.
    pub fn is_at_rest(&self) -> bool {
        self.passed.iter().chain(&self.before).all(|value| value.abs() <= 0.0)
    }

    /// Filters one frame, left and right.
    #[allow(clippy::cast_possible_truncation, reason = "audio is f32; only the state needs more")]
    pub fn pass(&mut self, left: f32, right: f32) -> (f32, f32) {
        let sides = self.before.iter_mut().zip(&mut self.passed);
        for ((before, passed), now) in sides.zip([left, right].map(f64::from)) {
            *passed = now - *before + self.kept * *passed;
            if now == 0.0 && passed.abs() < AT_REST {
                *passed = 0.0;
            }
            *before = now;
        }
        let [left, right] = self.passed;
        (left as f32, right as f32)
    }
}
