//! The form of the history: which bars repeat which, and what Segue drew for its own.

use super::entry::HistoryEntry;
use super::{NoteHistory, PlayedBy};
use crate::form::FormTracker;
use crate::note::{Bars, Note, Ticks};

/// At most this many notes matter for the form: 72 bars of thirty-seconds.
const FORM_NOTES: usize = 1 << 12;

impl NoteHistory {
    /// Labels the bars that are over.
    pub fn track_form(&mut self, bars: Bars) {
        let Some(last) = self.last_onset() else { return };
        let line = Ticks(last.0 - bars.place(last).0);
        self.form.extend(&self.notes_for_form(bars, line), bars, line);
    }

    /// The notes that matter for the form at a bar line, and all later ones.
    pub fn notes_for_form(&self, bars: Bars, line: Ticks) -> Vec<Note> {
        self.session.since(FormTracker::first_moment(bars, line), FORM_NOTES)
    }

    /// The form of the processed notes.
    pub fn form(&self) -> &FormTracker {
        &self.form
    }

    /// The lag with which a turn's last note in a range of time was decided.
    pub fn lag_in(&self, turn: u32, from: Ticks, to: Ticks) -> Option<u8> {
        let entries = self.notes.iter().rev().skip_while(|entry| entry.note.onset >= to);
        let of_turn = |entry: &HistoryEntry| match entry.by {
            PlayedBy::Segue { turn: of, lag, .. } if of == turn => Some(lag),
            _ => None,
        };
        entries.take_while(|entry| entry.note.onset >= from).find_map(of_turn)
    }
}
