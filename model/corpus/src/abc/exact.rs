//! Written time in units finer than ticks, so that nested triplets do not drift.

use segue_model::note::{Metre, Ticks};
use std::ops::{Add, AddAssign};

/// A moment or length in 720,720ths of a tick. That is the least common multiple of 1 to 16, so every tuplet and
/// division used in practice is a whole number. Anything finer is rounded, by less than a millionth of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Exact(i64);

const PER_TICK: i64 = 720_720;

impl Exact {
    pub const WHOLE_NOTE: Self = Self(Ticks::quarters(4).0 * PER_TICK);

    pub fn of(ticks: Ticks) -> Self {
        Self(ticks.0 * PER_TICK)
    }

    pub fn bar(metre: Metre) -> Self {
        Self::of(metre.bar())
    }

    /// Multiplied by `numerator / denominator`. A result that is too large becomes the largest value.
    pub fn scaled(self, numerator: i64, denominator: i64) -> Self {
        let (numerator, denominator) = (i128::from(numerator), i128::from(denominator.max(1)));
        let rounded = (i128::from(self.0) * numerator + denominator / 2).div_euclid(denominator);
        Self(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    /// The number of quarter notes.
    #[expect(clippy::cast_precision_loss, reason = "a length of a few whole notes")]
    pub fn quarters(self) -> f64 {
        self.0 as f64 / (PER_TICK * Ticks::quarters(1).0) as f64
    }

    /// The nearest tick.
    pub fn ticks(self) -> Ticks {
        Ticks((self.0.saturating_add(PER_TICK / 2)).div_euclid(PER_TICK))
    }
}

impl Add for Exact {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Exact {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
