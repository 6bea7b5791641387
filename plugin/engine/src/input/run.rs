//! The player's latest strokes, and whether they are a run.
//!
//! Knows nothing of whose turn it is.

use arrayvec::ArrayVec;
use segue_model::note::Ticks;

/// So many strokes within a quarter note are a run: four sixteenths, or triplets.
const RUN: usize = 4;
const RUN_SPAN: Ticks = Ticks::quarters(1);
/// A row of strokes that goes on for longer is no run any more.
const LONGEST_RUN: Ticks = Ticks::quarters(8);
/// In a duet, nothing begins so soon after a stroke of the player's run: an eighth, which is longer than the time between
/// two strokes of one.
const ROOM: Ticks = Ticks(Ticks::quarters(1).0 / 2);

/// The latest strokes; a chord is one.
#[derive(Debug, Default)]
pub struct Run {
    strokes: ArrayVec<Ticks, RUN>,
    /// Where the run began in which the player is, in a duet.
    from: Option<Ticks>,
}

impl Run {
    /// Nothing was struck.
    pub fn forget(&mut self) {
        self.strokes.clear();
    }

    /// The onset of the last stroke.
    pub fn last(&self) -> Option<Ticks> {
        self.strokes.last().copied()
    }

    /// The player strikes a key. False when it belongs to the chord of the last stroke: fingers may take `together` for one.
    pub fn strike(&mut self, onset: Ticks, together: Ticks) -> bool {
        if self.last().is_some_and(|last| onset - last <= together) {
            return false;
        }
        if self.strokes.is_full() {
            let _ = self.strokes.pop_at(0);
        }
        let _ = self.strokes.try_push(onset);
        true
    }

    /// The earliest moment from `cut` on that the player leaves free. A run has room for itself; one that goes on for bars
    /// is what the player plays, and is played along with.
    pub fn room_after(&mut self, cut: Ticks) -> Ticks {
        let strokes = self.strokes.first().zip(self.strokes.last()).filter(|_| self.strokes.is_full());
        let Some((first, last)) = strokes.filter(|(first, last)| **last - **first <= RUN_SPAN) else {
            self.from = None;
            return cut;
        };
        let from = *self.from.get_or_insert(*first);
        if *last - from <= LONGEST_RUN { cut.max(*last + ROOM) } else { cut }
    }
}
