//! Which bars are whose, when bars are traded.
//!
//! Pure arithmetic on the numbers of bars; knows neither ticks nor whose turn it has become.

use crate::host::Trade;

/// Who has which bars, from a first bar on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeGrid {
    /// The first bar that is traded. Before it, in a pre-roll, all bars are the player's.
    first: i64,
    segue_first: bool,
    /// Bars for each side; above zero.
    bars: i64,
    /// The first of Segue's bars that were dealt last.
    dealt: Option<i64>,
}

impl TradeGrid {
    /// Bars traded from this one on.
    pub fn new(first: i64, segue_first: bool, trade: Trade) -> Self {
        Self { first, segue_first, bars: i64::from(trade.bars.max(1)), dealt: None }
    }

    /// Deals the next bars of Segue that are not over in bar `now`, and that were not dealt before: once the player has
    /// taken the rest of them they are gone. The first of them, and the first that is the player's again.
    pub fn deal(&mut self, now: i64) -> (i64, i64) {
        let round = 2 * self.bars;
        let first = if self.segue_first { self.first } else { self.first + self.bars };
        let over = now - self.bars;
        let earliest = self.dealt.map_or(over, |dealt| dealt.max(over));
        // The first of Segue's beginnings after `earliest`.
        let rounds = ((earliest - first).div_euclid(round) + 1).max(0);
        let begin = first + rounds * round;
        self.dealt = Some(begin);
        (begin, begin + self.bars)
    }

    /// The bars that were dealt last.
    pub fn dealt(&self) -> Option<(i64, i64)> {
        self.dealt.map(|begin| (begin, begin + self.bars))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(first: i64, segue_first: bool, bars: u8) -> TradeGrid {
        TradeGrid::new(first, segue_first, Trade { bars, segue_first, rings_over: false })
    }

    #[test]
    fn each_bar_of_a_song_is_always_the_same_sides() {
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
        for (segue_first, bars, now, dealt) in table {
            assert_eq!(sides(0, segue_first, bars).deal(now), dealt, "{segue_first}, {bars} bars, in bar {now}");
        }
    }

    #[test]
    fn bars_that_were_dealt_are_not_dealt_again() {
        let mut sides = sides(3, false, 2);
        assert_eq!(sides.dealt(), None);
        assert_eq!(sides.deal(3), (5, 7));
        assert_eq!(sides.deal(5), (9, 11), "the player took them");
        assert_eq!(sides.deal(11), (13, 15));
        assert_eq!(sides.dealt(), Some((13, 15)));
    }
}
