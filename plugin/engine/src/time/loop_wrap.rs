//! The end of the song's loop, foreseen from its transport.
//!
//! Knows nothing of turns and plans.

use crate::time::bar_count::BarCount;
use segue_model::note::Ticks;

/// Where the song goes on when its loop ends, if the host does what its transport says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopWrap {
    /// When the loop ends, in ticks of the song plus the present offset.
    pub(super) end: f64,
    /// When our time reaches the loop's end, in ticks. Our time may be a little ahead of the song or behind it.
    pub reached: f64,
    /// The first tick after the wrap.
    pub first: Ticks,
    /// The bars after the wrap.
    pub count: BarCount,
    /// The whole ticks between the song and our time after the wrap.
    pub(super) offset: Ticks,
}

impl LoopWrap {
    /// Whether both are the same wrap, seen from two blocks.
    #[allow(clippy::float_cmp, reason = "an unchanged loop ends at exactly the same number")]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let Self { end, reached: _, first, count, offset } = *other;
        (self.end, self.first, self.count, self.offset) == (end, first, count, offset)
    }
}
