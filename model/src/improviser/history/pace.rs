//! How dense the latest notes are.

use super::entry::HistoryEntry;
use super::{NoteHistory, PlayedBy};
use crate::note::Ticks;

/// How many of the latest notes determine the pace.
const PACE_NOTES: usize = 16;
/// A rest counts as at most this long in the pace.
const PACE_REST: Ticks = Ticks::quarters(2);

impl NoteHistory {
    /// The number of recent notes for each one of this turn, at most three.
    pub fn notes_for_each(&self, turn: u32) -> f32 {
        const NOTES: usize = 32;
        const MOST: f32 = 3.0;
        let latest = self.notes.iter().rev().take(NOTES);
        let own = latest.clone().filter(|entry| matches!(entry.by, PlayedBy::Segue { turn: of, .. } if of == turn));
        #[expect(clippy::cast_precision_loss, reason = "a few notes")]
        let share = latest.count() as f32 / own.count().max(1) as f32;
        share.min(MOST)
    }

    /// The density of the latest `notes` of a turn, in notes per quarter; `None` with too few notes.
    pub fn density_of_turn(&self, turn: u32, notes: usize) -> Option<f32> {
        const FEWEST: usize = 4;
        let of_turn = |entry: &&HistoryEntry| matches!(entry.by, PlayedBy::Segue { turn: of, .. } if of == turn);
        let own = self.notes.iter().rev().filter(of_turn).take(notes);
        let (count, first) = (own.clone().count(), own.last()?.note.onset);
        let time = self.last_onset()? - first;
        #[expect(clippy::cast_precision_loss, reason = "a few notes")]
        let density = (count - 1) as f32 * Ticks::quarters(1).as_f32() / time.as_f32();
        (count >= FEWEST && time > Ticks::ZERO).then_some(density)
    }

    /// The mean time from note to note, recently.
    pub fn pace(&self) -> Ticks {
        let onsets = self.notes().rev().take(PACE_NOTES + 1).map(|note| note.onset);
        let steps = onsets.clone().skip(1).zip(onsets).map(|(before, after)| (after - before).min(PACE_REST));
        let (sum, count) = steps.fold((0, 0), |(sum, count), step| (sum + step.0, count + 1));
        if count > 0 { Ticks(sum / count) } else { PACE_REST }
    }
}
