//! What the chart has said, so that a chord is known where the song is about to begin, and where it comes back to.
//!
//! Places are counted from where the chart begins; where it goes round, in any of its rounds. What is kept is true for one
//! chart and one metre; with another one it is forgotten. More than is kept: the oldest goes, and is asked for again when
//! it is needed. A chart of which all can be kept is known as a whole after a while, so that a chord is known wherever the
//! song may jump.

use crate::accompaniment::comping::Stretch;
use arrayvec::ArrayVec;
use segue_model::note::{Metre, Ticks};

/// Stretches that are kept: a chart of 64 bars in which every bar has two chords.
const TOLD: usize = 128;

/// See the module.
#[derive(Debug, Default)]
pub struct Recall {
    metre: Option<Metre>,
    /// How long the chart is, when it goes round.
    round: Option<Ticks>,
    /// They do not overlap. The oldest comes first.
    told: ArrayVec<Stretch, TOLD>,
    /// Of a chart that goes round, everything before this place is known, or was.
    looked_through: Ticks,
}

impl Recall {
    /// The chart is no more.
    pub fn forget(&mut self) {
        self.told.clear();
        self.looked_through = Ticks::ZERO;
    }

    /// Keeps what the chart has said; after `round` it begins again.
    pub fn keep(&mut self, metre: Metre, round: Option<Ticks>, stretch: Stretch) {
        let round = round.filter(|round| *round > Ticks::ZERO);
        let before = (self.metre.replace(metre), std::mem::replace(&mut self.round, round));
        if before != (Some(metre), round) {
            self.forget();
        }
        let moved = self.place(stretch.from) - stretch.from;
        let stretch = Stretch { from: stretch.from + moved, until: stretch.until + moved, ..stretch };
        self.told.retain(|told| told.until <= stretch.from || stretch.until <= told.from);
        if self.told.is_full() {
            let _ = self.told.pop_at(0);
        }
        let _ = self.told.try_push(stretch);
    }

    /// What the chart says from a place on, if that is known.
    pub fn at(&self, metre: Metre, place: Ticks) -> Option<Stretch> {
        let in_round = self.place(place);
        let told = self.told.iter().filter(|_| self.metre == Some(metre));
        let stretch = told.copied().find(|told| told.from <= in_round && in_round < told.until)?;
        Some(Stretch { from: place, until: place + (stretch.until - in_round), ..stretch })
    }

    /// A place as it is counted in the first round.
    fn place(&self, place: Ticks) -> Ticks {
        self.round.map_or(place, |round| Ticks(place.0.rem_euclid(round.0)))
    }

    /// The first place of a chart that goes round of which nothing was told yet, as long as there is room for it.
    pub fn untold(&mut self, metre: Metre) -> Option<Ticks> {
        let round = self.round.filter(|_| self.metre == Some(metre) && !self.told.is_full())?;
        while let Some(known) = self.at(metre, self.looked_through).filter(|_| self.looked_through < round) {
            self.looked_through = known.until;
        }
        (self.looked_through < round).then_some(self.looked_through)
    }

    /// The first place from here on that is not known, if it lies no further than so many ticks ahead.
    pub fn unknown(&self, metre: Metre, from: Ticks, ahead: Ticks) -> Option<Ticks> {
        let end = from + ahead;
        let mut place = from;
        while place <= end {
            match self.at(metre, place) {
                Some(known) => place = known.until,
                None => return Some(place),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::chord::Chord;

    const WALTZ: Metre = Metre { numerator: 3, denominator: 4 };

    fn stretch(from: i64, until: i64, name: &str) -> Stretch {
        Stretch { from: Ticks(from), until: Ticks(until), chord: Chord::parse(name).unwrap() }
    }

    #[test]
    fn what_was_told_is_known_from_any_place_in_it_on_and_only_by_its_own_metre() {
        let mut recall = Recall::default();
        assert_eq!(recall.at(Metre::COMMON, Ticks(0)), None);
        recall.keep(Metre::COMMON, None, stretch(96, 192, "G7"));
        recall.keep(Metre::COMMON, None, stretch(0, 96, "Dm7"));
        assert_eq!(recall.at(Metre::COMMON, Ticks(95)), Some(stretch(95, 96, "Dm7")));
        assert_eq!(recall.at(Metre::COMMON, Ticks(96)), Some(stretch(96, 192, "G7")));
        assert_eq!((recall.at(Metre::COMMON, Ticks(-1)), recall.at(Metre::COMMON, Ticks(192))), (None, None));
        assert_eq!(recall.at(WALTZ, Ticks(0)), None);
        recall.keep(WALTZ, None, stretch(0, 144, "C"));
        assert_eq!(recall.at(Metre::COMMON, Ticks(0)), None, "the other metre is forgotten");
        recall.forget();
        assert_eq!(recall.at(WALTZ, Ticks(0)), None);
    }

    #[test]
    fn the_first_gap_ahead_is_found_and_one_that_lies_further_is_not() {
        let mut recall = Recall::default();
        let unknown =
            |recall: &Recall, from| recall.unknown(Metre::COMMON, Ticks(from), Ticks(48)).map(|place| place.0);
        assert_eq!(unknown(&recall, 10), Some(10));
        recall.keep(Metre::COMMON, None, stretch(10, 50, "C"));
        assert_eq!(unknown(&recall, 10), Some(50));
        assert_eq!(unknown(&recall, 1), Some(1));
        recall.keep(Metre::COMMON, None, stretch(50, 58, "N.C."));
        assert_eq!(unknown(&recall, 10), Some(58), "where a beat ahead something begins it is wanted too");
        recall.keep(Metre::COMMON, None, stretch(58, 59, "F"));
        assert_eq!(unknown(&recall, 10), None);
    }

    #[test]
    fn a_chart_that_goes_round_is_known_in_every_round_and_after_a_while_as_a_whole() {
        let mut recall = Recall::default();
        let round = Some(Ticks(384));
        assert_eq!(recall.untold(Metre::COMMON), None, "nobody knows yet whether it goes round");
        recall.keep(Metre::COMMON, round, stretch(2 * 384 + 96, 2 * 384 + 192, "G7"));
        for first in [-384, 0, 10 * 384] {
            assert_eq!(
                recall.at(Metre::COMMON, Ticks(first + 100)),
                Some(stretch(first + 100, first + 192, "G7")),
                "in the round from {first} on"
            );
        }
        assert_eq!(recall.untold(Metre::COMMON), Some(Ticks(0)));
        recall.keep(Metre::COMMON, round, stretch(0, 96, "Dm7"));
        assert_eq!(recall.untold(Metre::COMMON), Some(Ticks(192)));
        assert_eq!(recall.untold(WALTZ), None);
        recall.keep(Metre::COMMON, round, stretch(192, 384, "C"));
        assert_eq!(recall.untold(Metre::COMMON), None);
        assert_eq!(recall.unknown(Metre::COMMON, Ticks(383), Ticks(400)), None);
        recall.keep(Metre::COMMON, Some(Ticks(192)), stretch(0, 192, "C"));
        assert_eq!(recall.at(Metre::COMMON, Ticks(100)), Some(stretch(100, 192, "C")), "the other chart is forgotten");
        recall.forget();
        assert_eq!(recall.untold(Metre::COMMON), Some(Ticks(0)));
    }

    #[test]
    fn of_a_chart_that_is_longer_than_can_be_kept_no_more_is_asked_for_than_is_needed() {
        let mut recall = Recall::default();
        let round = Some(Ticks(200 * 192));
        for bar in 0..128 {
            recall.keep(Metre::COMMON, round, stretch(192 * bar, 192 * bar + 192, "F"));
        }
        assert_eq!(recall.untold(Metre::COMMON), None);
    }

    #[test]
    fn the_newest_are_kept_and_what_is_told_again_is_kept_once() {
        let mut recall = Recall::default();
        for bar in 0..200 {
            recall.keep(Metre::COMMON, None, stretch(192 * bar + 50, 192 * bar + 192, "F"));
            recall.keep(Metre::COMMON, None, stretch(192 * bar, 192 * bar + 192, "C"));
        }
        assert_eq!(recall.at(Metre::COMMON, Ticks(199 * 192 + 60)).map(|known| known.until), Some(Ticks(200 * 192)));
        assert!(recall.at(Metre::COMMON, Ticks(100 * 192)).is_some() && recall.at(Metre::COMMON, Ticks(0)).is_none());
        assert_eq!(recall.told.len(), TOLD);
    }
}
