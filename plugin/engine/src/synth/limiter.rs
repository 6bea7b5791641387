//! A limiter: nothing leaves above full scale, and nothing below the threshold changes.

/// Samples up to here (-3 dBFS) pass unchanged.
const THRESHOLD: f32 = 0.7;

/// Sound that stays loud is held below this (-2 dBFS).
const CEILING: f32 = 0.8;

/// No sample exceeds this. It is a little below full scale, because hosts and their meters show full scale as clipping.
const TOP: f32 = 0.999;

/// The seconds for 63 % of the way when the sound gets louder: short, but slower than a bass note's vibration.
const ATTACK_S: f32 = 0.001;

/// The seconds for 63 % of the way when it gets softer.
const RELEASE_S: f32 = 0.15;

/// Below this the memory of past peaks is cleared, because arithmetic with denormal numbers is slow.
const FORGOTTEN: f32 = 1e-6;

/// Turns down loud sound, both channels alike, and rounds off peaks that come too fast for that.
pub(super) struct Limiter {
    /// The recent peak level.
    peak: f32,
    attack: f32,
    release: f32,
}

impl Limiter {
    pub fn new(sample_rate: f32) -> Self {
        let step = |seconds: f32| 1.0 - (-1.0 / (seconds * sample_rate)).exp();
        Self { peak: 0.0, attack: step(ATTACK_S), release: step(RELEASE_S) }
    }

    /// Forgets its past input.
    pub fn reset(&mut self) {
        self.peak = 0.0;
    }

    /// Limits one frame, left and right. The results lie strictly between -1 and 1.
    pub fn limit(&mut self, left: f32, right: f32) -> (f32, f32) {
        let now = left.abs().max(right.abs());
        let step = if now > self.peak { self.attack } else { self.release };
        self.peak += (now - self.peak) * step;
        if self.peak < FORGOTTEN {
            self.peak = 0.0;
        }
        let gain = if self.peak > THRESHOLD { bend(self.peak, THRESHOLD, CEILING) / self.peak } else { 1.0 };
        (round_off(left * gain), round_off(right * gain))
    }
}

/// Rounds off a sample that is too fast for the gain to follow.
fn round_off(sample: f32) -> f32 {
    bend(sample.abs(), CEILING, TOP).copysign(sample)
}

/// Linear up to `from`, then bent towards `to`, which it never exceeds. Slope and curvature are continuous there,
/// because a corner is heard as crackle.
fn bend(amplitude: f32, from: f32, to: f32) -> f32 {
    let over = (amplitude - from) / (to - from);
    if over > 0.0 { from + (to - from) * over.tanh() } else { amplitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Soft sound passes unchanged, and loud sound stays below full scale.
    #[test]
    fn soft_passes_untouched_and_loud_stays_below_full_scale() {
        let mut limiter = Limiter::new(48_000.0);
        for (input, limit) in [(0.1, 0.1), (-0.799, 0.799), (1.0, TOP), (-40.0, TOP), (1e30, TOP)] {
            let (left, right) = limiter.limit(input, 0.0);
            assert!(left.abs() <= limit && right == 0.0, "{input} became {left}");
            if input.abs() < THRESHOLD {
                assert!(left.to_bits() == input.to_bits());
            }
        }
    }
}
