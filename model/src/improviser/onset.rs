//! Moves onsets to the grid of the style: those of the player's keys, and those of decided notes.
//!
//! Thirty-seconds are on the grid, but a key that is 40 ms late is not meant as one, nor is a quintuplet that the
//! classes of steps cannot express exactly. Does not know networks or the history.

use crate::note::{Bars, Ticks};
use crate::vocabulary::{TimeBase, Vocabulary};

/// Only an onset as close as this to a thirty-second is meant as one, in ticks.
const EXACT: i64 = 1;
const SIXTEENTH: i64 = Ticks::quarters(1).0 / 4;
const SIXTH: i64 = Ticks::quarters(1).0 / 6;
const THIRTY_SECOND: i64 = SIXTEENTH / 2;
/// The classes of steps and durations are rounded by at most this, in ticks: an end that is this little behind a grid
/// point is meant to be on it.
const ROUNDED: i64 = 2;

/// The grid point that an onset at this moment is meant for, counted from the bar line. Free time keeps every tick.
pub fn settled(vocabulary: &Vocabulary, onset: Ticks, bars: Option<Bars>) -> Ticks {
    let Some(bars) = bars.filter(|_| vocabulary.time_base == TimeBase::Beats) else { return onset };
    let place = (onset.0 - bars.line.0).rem_euclid(Ticks::quarters(1).0);
    let points = vocabulary.grid().iter().map(|point| point.0).chain([Ticks::quarters(1).0]);
    let is_meant = |point: &i64| !is_thirty_second(*point) || (point - place).abs() <= EXACT;
    let is_between = |point: &i64| point % Ticks::quarters(1).0 != 0;
    let nearest = points.filter(is_meant).min_by_key(|point| ((point - place).abs(), is_between(point)));
    onset + Ticks(nearest.unwrap_or(place) - place)
}

/// The end of a note in a single line: the grid point that it is a little behind of, so that the next note can begin
/// there, or the end itself.
pub fn settled_end(vocabulary: &Vocabulary, onset: Ticks, end: Ticks, bars: Option<Bars>) -> Ticks {
    let point = settled(vocabulary, end, bars);
    let is_long = (point - onset).0 >= THIRTY_SECOND;
    if is_long && (1..=ROUNDED).contains(&(end - point).0) { point } else { end }
}

/// Whether a moment may follow another in notation. A line that has left the beat stayed beside it for bars, because
/// each eighth led to the next. From a place between sixteenths and sixths of a quarter, the next step leads back.
pub fn leads_back(from: Ticks, to: Ticks, bars: Option<Bars>) -> bool {
    let is_beside = |moment: Ticks| {
        let place = bars.map_or(0, |bars| moment.0 - bars.line.0);
        place.rem_euclid(SIXTEENTH) != 0 && place.rem_euclid(SIXTH) != 0
    };
    !is_beside(from) || !is_beside(to)
}

/// Whether this place in a quarter note is a thirty-second, and no sixteenth.
fn is_thirty_second(place: i64) -> bool {
    place % THIRTY_SECOND == 0 && place % SIXTEENTH != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Metre;

    const BARS: Option<Bars> = Some(Bars { line: Ticks(7), metre: Metre::COMMON });

    /// A dotted sixteenth is followed by a thirty-second, and after the twelfth of a quarter comes no eighth.
    #[test]
    fn a_line_beside_the_beat_returns_to_it() {
        let leads = |from: i64, to: i64| leads_back(Ticks(7 + from), Ticks(7 + to), BARS);
        assert!(leads(0, 18) && leads(18, 24) && leads(0, 4) && leads(4, 8) && leads(4, 12) && leads(16, 40));
        assert!(!leads(4, 28) && !leads(18, 42) && !leads(52, 76));
        assert!(leads_back(Ticks(4), Ticks(28), None), "without bars there is no beat");
    }

    #[test]
    fn a_late_key_is_not_a_thirty_second() {
        let solo = Vocabulary::solo();
        for (place, meant) in [
            (0, 0),
            (4, 0),
            (-4, 0),
            (44, 48),
            (6, 6),
            (7, 6),
            (9, 8),
            (17, 16),
            (18, 18),
            (20, 16),
            (22, 24),
            (28, 24),
            (42, 42),
        ] {
            assert_eq!(settled(&solo, Ticks(7 + place), BARS), Ticks(7 + meant), "{place}");
        }
        assert_eq!(settled(&solo, Ticks(5), None), Ticks(5), "without bars there is no grid");
        assert_eq!(settled(&Vocabulary::piano(), Ticks(5), BARS), Ticks(5), "nor in free time");
    }

    #[test]
    fn a_note_that_is_a_little_too_long_ends_on_the_grid() {
        let solo = Vocabulary::solo();
        for (onset, end, meant) in [(0, 26, 24), (0, 20, 20), (0, 23, 23), (0, 10, 8), (24, 50, 48), (0, 2, 2)] {
            let [onset, end, meant] = [onset, end, meant].map(|tick| Ticks(7 + tick));
            assert_eq!(settled_end(&solo, onset, end, BARS), meant, "{onset:?} to {end:?}");
        }
    }
}
