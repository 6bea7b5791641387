//! Beats and grid points within bars.
//!
//! Knows neither the transport nor the player; every answer follows from the bars alone.

use crate::host::StartGrid;
use segue_model::note::{Bars, Ticks};

impl StartGrid {
    /// The distance between two points within a bar; `None` where there is no grid.
    fn step(self, bars: Bars) -> Option<Ticks> {
        match self {
            Self::Free => None,
            Self::Quarter => Some(Ticks::quarters(1)),
            Self::Eighth => Some(Ticks(Ticks::quarters(1).0 / 2)),
            Self::Sixteenth => Some(Ticks(Ticks::quarters(1).0 / 4)),
            Self::Bar => Some(bars.metre.bar()),
        }
    }

    /// The grid for joining a line that is already under way: never as coarse as a bar.
    #[must_use]
    pub fn to_join(self) -> Self {
        if self == Self::Bar { Self::Quarter } else { self }
    }

    /// The first point at or after a moment. Points are counted from each bar line, and a bar line is always a point.
    pub fn at_or_after(self, moment: Ticks, bars: Bars) -> Ticks {
        self.step(bars).map_or(moment, |step| point_at_or_after(step, moment, bars))
    }
}

/// The first beat at or after a moment. Beats are counted from each bar line, and a bar line is always a beat.
pub fn beat_at_or_after(moment: Ticks, bars: Bars) -> Ticks {
    point_at_or_after(bars.metre.beat(), moment, bars)
}

/// The beat nearest to a moment; the earlier one if two are equally near.
pub fn nearest_beat(moment: Ticks, bars: Bars) -> Ticks {
    let half = Ticks(bars.metre.beat().0 / 2);
    let beat = beat_at_or_after(moment - half, bars);
    let next = beat_at_or_after(beat + Ticks(1), bars);
    if (next - moment).0.abs() < (beat - moment).0.abs() { next } else { beat }
}

fn point_at_or_after(step: Ticks, moment: Ticks, bars: Bars) -> Ticks {
    let place = bars.place(moment);
    let point = (place.0 + step.0 - 1).div_euclid(step.0) * step.0;
    moment - place + Ticks(point.min(bars.metre.bar().0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::Metre;

    #[test]
    fn a_moment_on_a_point_is_that_point_and_a_bar_line_is_one() {
        let common = Bars { line: Ticks(0), metre: Metre::COMMON };
        let odd = Bars { line: Ticks(10), metre: Metre::new(5, 16).unwrap() };
        let table = [
            (StartGrid::Eighth, common, 0, 0),
            (StartGrid::Eighth, common, 1, 24),
            (StartGrid::Eighth, common, 24, 24),
            (StartGrid::Quarter, common, 25, 48),
            (StartGrid::Sixteenth, common, 13, 24),
            (StartGrid::Bar, common, 1, 192),
            (StartGrid::Bar, common, 192, 192),
            (StartGrid::Bar, common, -5, 0),
            (StartGrid::Free, common, 7, 7),
            // Bars of 60 ticks from 10 on: points at 10, 34, 58, and then the bar line at 70.
            (StartGrid::Eighth, odd, 58, 58),
            (StartGrid::Eighth, odd, 59, 70),
            (StartGrid::Eighth, odd, 70, 70),
        ];
        for (grid, bars, moment, point) in table {
            assert_eq!(grid.at_or_after(Ticks(moment), bars), Ticks(point), "{grid:?} from {moment} with {bars:?}");
        }
    }

    #[test]
    fn beats_are_counted_from_each_bar_line() {
        let common = Bars { line: Ticks(10), metre: Metre::COMMON };
        let bars = |beats, unit| Bars { line: Ticks(0), metre: Metre::new(beats, unit).unwrap() };
        let (jig, seven, five) = (bars(6, 8), bars(7, 8), bars(5, 16));
        let table = [
            (common, 10, 10),
            (common, 11, 58),
            (common, -30, 10),
            (jig, 1, 72),
            (jig, 72, 72),
            (jig, 73, 144),
            (seven, 1, 24),
            (seven, 145, 168),
            (five, 49, 60),
        ];
        for (bars, moment, beat) in table {
            assert_eq!(beat_at_or_after(Ticks(moment), bars), Ticks(beat), "from {moment} with {bars:?}");
        }
        for (moment, beat) in [(10, 10), (33, 10), (35, 58), (57, 58), (195, 202)] {
            assert_eq!(nearest_beat(Ticks(moment), common), Ticks(beat), "near {moment}");
        }
    }
}
