//! The player's latest onsets, and whether they form a run.
//!
//! Knows nothing of the turn.

use arrayvec::ArrayVec;
use segue_model::note::Ticks;

/// This many onsets within a quarter note are a run: four sixteenths, or triplets.
const RUN: usize = 4;
const RUN_SPAN: Ticks = Ticks::quarters(1);
/// Fast notes that go on for longer are no run any more.
const LONGEST_RUN: Ticks = Ticks::quarters(8);
/// In a duet, Segue begins no note this soon after an onset of the player's run: an eighth note, longer than the time
/// between two onsets of a run.
const ROOM: Ticks = Ticks(Ticks::quarters(1).0 / 2);

/// The latest onsets; a chord is one.
#[derive(Debug, Default)]
pub struct Run {
    onsets: ArrayVec<Ticks, RUN>,
    /// The onset with which the present run began.
    from: Option<Ticks>,
}

impl Run {
    /// Forgets all onsets.
    pub fn forget(&mut self) {
        self.onsets.clear();
    }

    /// The latest onset.
    pub fn last(&self) -> Option<Ticks> {
        self.onsets.last().copied()
    }

    /// Adds an onset. False when it lies within `together` of the latest one and so belongs to the same chord.
    pub fn note_on(&mut self, onset: Ticks, together: Ticks) -> bool {
        if self.last().is_some_and(|last| onset - last <= together) {
            return false;
        }
        if self.onsets.is_full() {
            let _ = self.onsets.pop_at(0);
        }
        let _ = self.onsets.try_push(onset);
        true
    }

    /// The first tick at or after `cut` that a run of the player leaves free. A run of more than two bars is what the
    /// player plays throughout, and Segue plays along with it.
    pub fn room_after(&mut self, cut: Ticks) -> Ticks {
        let onsets = self.onsets.first().zip(self.onsets.last()).filter(|_| self.onsets.is_full());
        let Some((first, last)) = onsets.filter(|(first, last)| **last - **first <= RUN_SPAN) else {
            self.from = None;
            return cut;
        };
        let from = *self.from.get_or_insert(*first);
        if *last - from <= LONGEST_RUN { cut.max(*last + ROOM) } else { cut }
    }
}
