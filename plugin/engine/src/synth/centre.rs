//! Keeps the sound around its centre: every strike begins with a swing to the same side, and many of them would push it
//! off, slower than any tone.

use std::f64::consts::TAU;

/// What is slower than this is no tone: the lowest key of a piano swings five times as fast.
const SLOWEST_HZ: f64 = 5.0;

/// So near (-120 dBFS) it has come to rest, because by itself it never does.
const AT_REST: f64 = 1e-6;

/// A high-pass of first order for two sides.
pub(super) struct Centre {
    kept: f64,
    before: [f64; 2],
    passed: [f64; 2],
}

impl Centre {
    pub fn new(sample_rate: f32) -> Self {
        Self { kept: (-TAU * SLOWEST_HZ / f64::from(sample_rate)).exp(), before: [0.0; 2], passed: [0.0; 2] }
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        (self.before, self.passed) = ([0.0; 2], [0.0; 2]);
    }

    /// Whether nothing comes from it when nothing goes in.
    pub fn is_at_rest(&self) -> bool {
        self.passed.iter().chain(&self.before).all(|value| value.abs() <= 0.0)
    }

    /// One frame, left and right.
    #[allow(clippy::cast_possible_truncation, reason = "audio is f32; only what is carried on needs more")]
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
