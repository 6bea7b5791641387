//! The chords of a piece along its time.
//!
//! Knows nothing of how a chart is drawn or of who plays the chords.

use crate::chord::Chord;
use crate::note::Ticks;

/// Which chord sounds when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chart {
    /// In order of time; each holds until the next, and before the first there is none.
    changes: Vec<(Ticks, Option<Chord>)>,
    /// After so long it begins anew, before its start too; above zero. `None`: it is played once.
    length: Option<Ticks>,
}

impl Chart {
    /// Chords that are played once, in order of their moments; each holds until the next.
    pub fn once(changes: Vec<(Ticks, Option<Chord>)>) -> Self {
        Self { changes, length: None }
    }

    /// Chords from tick 0 on that begin anew after `length`; `None` when that is not above zero.
    pub fn looping(changes: Vec<(Ticks, Option<Chord>)>, length: Ticks) -> Option<Self> {
        (length > Ticks::ZERO).then_some(Self { changes, length: Some(length) })
    }

    /// The chord at a moment; `None` when none is known there.
    pub fn at(&self, moment: Ticks) -> Option<Chord> {
        let moment = self.length.map_or(moment, |length| Ticks(moment.0.rem_euclid(length.0)));
        let later = self.changes.partition_point(|(change, _)| *change <= moment);
        self.changes.get(later.checked_sub(1)?)?.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::ChordKind;

    #[test]
    fn a_chord_holds_until_the_next_and_a_loop_begins_anew() {
        let chord = |root| Some(Chord::new(root, ChordKind::Seventh, root));
        let changes = vec![(Ticks(0), chord(0)), (Ticks(96), chord(5)), (Ticks(144), None)];
        let once = Chart::once(changes.clone());
        for (moment, root) in [(-1, None), (0, Some(0)), (95, Some(0)), (96, Some(5)), (144, None), (900, None)] {
            assert_eq!(once.at(Ticks(moment)).map(Chord::root), root, "at {moment}");
        }
        let round = Chart::looping(changes, Ticks(192)).unwrap();
        for (moment, root) in [(-1, None), (-95, Some(5)), (192, Some(0)), (192 * 7 + 100, Some(5))] {
            assert_eq!(round.at(Ticks(moment)).map(Chord::root), root, "at {moment}");
        }
        assert_eq!(Chart::looping(Vec::new(), Ticks::ZERO), None);
    }
}
