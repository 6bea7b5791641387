//! The trade grid: which bars are Segue's and which the player's.
//!
//! Arithmetic on bar numbers; knows neither ticks nor whose turn it is.

use crate::host::Trade;

/// Who has which bars, from a first bar on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeGrid {
    /// The first traded bar. All bars before it, in a pre-roll, are the player's.
    first: i64,
    segue_first: bool,
    /// Bars for each side; above zero.
    bars: i64,
    /// The first of Segue's bars that were allocated last.
    allocated: Option<i64>,
}

impl TradeGrid {
    /// A grid that begins with this bar.
    pub fn new(first: i64, segue_first: bool, trade: Trade) -> Self {
        Self { first, segue_first, bars: i64::from(trade.bars.max(1)), allocated: None }
    }

    /// Allocates the next bars of Segue that are not over in bar `now`: the first of them, and the first bar after
    /// them. Bars are allocated once, so bars that the player has taken over do not come back.
    pub fn allocate(&mut self, now: i64) -> (i64, i64) {
        let round = 2 * self.bars;
        let first = if self.segue_first { self.first } else { self.first + self.bars };
        let over = now - self.bars;
        let earliest = self.allocated.map_or(over, |allocated| allocated.max(over));
        // Segue's first turn that begins after `earliest`.
        let rounds = ((earliest - first).div_euclid(round) + 1).max(0);
        let begin = first + rounds * round;
        self.allocated = Some(begin);
        (begin, begin + self.bars)
    }

    /// The bars that were allocated last.
    pub fn allocated(&self) -> Option<(i64, i64)> {
        self.allocated.map(|begin| (begin, begin + self.bars))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(first: i64, segue_first: bool, bars: u8) -> TradeGrid {
        TradeGrid::new(first, segue_first, Trade { bars, segue_first, rings_over: false })
    }

    #[test]
    fn a_bar_of_a_song_is_always_on_the_same_side() {
        let table = [
            // Segue first, bars, now: Segue's bars.
            (false, 4, 0, (4, 8)),
            (false, 4, 3, (4, 8)),
            (false, 4, 4, (4, 8)),
            (false, 4, 7, (4, 8)),
            (false, 4, 8, (12, 16)),
            (true, 4, 0, (0, 4)),
            (true, 4, 3, (0, 4)),
            (true, 4, 4, (8, 12)),
            (false, 1, 0, (1, 2)),
            (false, 1, 1, (1, 2)),
            (true, 1, 1, (2, 3)),
            (false, 12, 700, (708, 720)),
            // A pre-roll is the player's.
            (false, 4, -2, (4, 8)),
            (true, 4, -2, (0, 4)),
            (true, 1, -200, (0, 1)),
        ];
        for (segue_first, bars, now, allocated) in table {
            assert_eq!(grid(0, segue_first, bars).allocate(now), allocated, "{segue_first}, {bars} bars, in bar {now}");
        }
    }

    #[test]
    fn bars_are_allocated_once() {
        let mut grid = grid(3, false, 2);
        assert_eq!(grid.allocated(), None);
        assert_eq!(grid.allocate(3), (5, 7));
        assert_eq!(grid.allocate(5), (9, 11), "the player took them");
        assert_eq!(grid.allocate(11), (13, 15));
        assert_eq!(grid.allocated(), Some((13, 15)));
    }
}
