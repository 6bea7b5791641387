//! What the chart has said, so that a chord is known where the song is about to begin, and where it comes back to.
//!
//! Places are counted from where the chart begins. What is kept is true for one chart and one metre; with another one
//! it is forgotten. More than is kept: the oldest goes, and is asked for again when it is needed.

use super::comping::Stretch;
use arrayvec::ArrayVec;
use segue_model::note::{Metre, Ticks};

/// Stretches that are kept: four times round a blues in which every bar has two or three chords.
const TOLD: usize = 128;

/// See the module.
#[derive(Debug, Default)]
pub struct Recall {
    metre: Option<Metre>,
    /// They do not overlap. The oldest comes first.
    told: ArrayVec<Stretch, TOLD>,
}

impl Recall {
    /// The chart is no more.
    pub fn forget(&mut self) {
        self.told.clear();
    }

    /// Keeps what the chart has said.
    pub fn keep(&mut self, metre: Metre, stretch: Stretch) {
        if self.metre.replace(metre) != Some(metre) {
            self.forget();
        }
        self.told.retain(|told| told.until <= stretch.from || stretch.until <= told.from);
        if self.told.is_full() {
            let _ = self.told.pop_at(0);
        }
        let _ = self.told.try_push(stretch);
    }

    /// What the chart says from a place on, if that is known.
    pub fn at(&self, metre: Metre, place: Ticks) -> Option<Stretch> {
        let told = self.told.iter().filter(|_| self.metre == Some(metre));
        let stretch = told.copied().find(|told| told.from <= place && place < told.until)?;
        Some(Stretch { from: place, ..stretch })
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
        recall.keep(Metre::COMMON, stretch(96, 192, "G7"));
        recall.keep(Metre::COMMON, stretch(0, 96, "Dm7"));
        assert_eq!(recall.at(Metre::COMMON, Ticks(95)), Some(stretch(95, 96, "Dm7")));
        assert_eq!(recall.at(Metre::COMMON, Ticks(96)), Some(stretch(96, 192, "G7")));
        assert_eq!((recall.at(Metre::COMMON, Ticks(-1)), recall.at(Metre::COMMON, Ticks(192))), (None, None));
        assert_eq!(recall.at(WALTZ, Ticks(0)), None);
        recall.keep(WALTZ, stretch(0, 144, "C"));
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
        recall.keep(Metre::COMMON, stretch(10, 50, "C"));
        assert_eq!(unknown(&recall, 10), Some(50));
        assert_eq!(unknown(&recall, 1), Some(1));
        recall.keep(Metre::COMMON, stretch(50, 58, "N.C."));
        assert_eq!(unknown(&recall, 10), Some(58), "where a beat ahead something begins it is wanted too");
        recall.keep(Metre::COMMON, stretch(58, 59, "F"));
        assert_eq!(unknown(&recall, 10), None);
    }

    #[test]
    fn the_newest_are_kept_and_what_is_told_again_is_kept_once() {
        let mut recall = Recall::default();
        for bar in 0..200 {
            recall.keep(Metre::COMMON, stretch(192 * bar + 50, 192 * bar + 192, "F"));
            recall.keep(Metre::COMMON, stretch(192 * bar, 192 * bar + 192, "C"));
        }
        assert_eq!(recall.at(Metre::COMMON, Ticks(199 * 192 + 60)).map(|known| known.until), Some(Ticks(200 * 192)));
        assert!(recall.at(Metre::COMMON, Ticks(100 * 192)).is_some() && recall.at(Metre::COMMON, Ticks(0)).is_none());
        assert_eq!(recall.told.len(), TOLD);
    }
}
