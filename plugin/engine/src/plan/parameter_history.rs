//! The sampling parameters of the recent past, by position.
//!
//! A request that is made late must use the values of the moment at which it was due. Knows nothing of requests.

use crate::time::tick_map::FramePosition;
use segue_model::sampling::SamplingParameters;

/// Changes that are remembered: one every millisecond, for as long as a plan may be late.
const LENGTH: usize = 64;

/// The latest changes of the sampling parameters, each with the position from which on it holds.
#[derive(Debug)]
pub struct ParameterHistory {
    ring: [Option<(FramePosition, SamplingParameters)>; LENGTH],
    newest: usize,
}

impl Default for ParameterHistory {
    fn default() -> Self {
        Self { ring: [None; LENGTH], newest: 0 }
    }
}

impl ParameterHistory {
    /// Notes the values that hold from this position on. Equal values are noted once.
    pub fn note(&mut self, position: FramePosition, sampling: SamplingParameters) {
        let newest = self.ring.get(self.newest).copied().flatten();
        if newest.is_some_and(|(_, newest)| is_same(newest, sampling)) {
            return;
        }
        self.newest = (self.newest + 1) % LENGTH;
        if let Some(slot) = self.ring.get_mut(self.newest) {
            *slot = Some((position, sampling));
        }
    }

    /// The values at a position. Where that lies before everything that is remembered, the oldest values; `None` when
    /// nothing was noted.
    pub fn at(&self, position: FramePosition) -> Option<SamplingParameters> {
        let known = self.ring.iter().flatten();
        let past = known.clone().filter(|(since, _)| *since <= position).max_by_key(|(since, _)| *since);
        past.or_else(|| known.min_by_key(|(since, _)| *since)).map(|(_, sampling)| *sampling)
    }
}

/// Compares bits, because a parameter that was not touched is the very same number.
fn is_same(one: SamplingParameters, other: SamplingParameters) -> bool {
    one.temperature.to_bits() == other.temperature.to_bits()
        && one.top_p.to_bits() == other.top_p.to_bits()
        && one.memory.to_bits() == other.memory.to_bits()
        && one.seed == other.seed
        && one.limits == other.limits
}
