//! Plays an answer again: its notes, one after the other, from a tick on.
//!
//! Knows neither the schedule nor the turn.

use super::{AnswerNote, PastAnswer};
use segue_model::note::{Note, Ticks};

/// The answer that is being played again.
#[derive(Debug, Default)]
pub struct Repeat {
    answer: PastAnswer,
    /// The tick at which it begins; `None` while nothing is repeated.
    start: Option<Ticks>,
    /// The index of the next note.
    next: usize,
    /// No note of it begins at this tick or later.
    until: Option<Ticks>,
}

impl Repeat {
    /// Chooses an answer, without beginning it.
    pub fn choose(&mut self, answer: &PastAnswer) {
        self.answer.copy_from(answer);
        self.start = None;
    }

    /// Begins the chosen answer at a tick.
    pub fn begin(&mut self, start: Ticks) {
        (self.start, self.next, self.until) = (Some(start), 0, None);
    }

    /// The same, unless it goes on already.
    pub fn begin_if_stopped(&mut self, start: Ticks) {
        if self.start.is_none() {
            self.begin(start);
        }
    }

    /// Stops.
    pub fn stop(&mut self) {
        self.start = None;
    }

    /// Goes on with the first note at this tick or later.
    pub fn go_on_from(&mut self, tick: Ticks) {
        let Some(start) = self.start else { return };
        self.until = None;
        self.next = self.answer.notes().take_while(|note| start + note.onset < tick).count();
    }

    /// No note of it begins at this tick or later.
    pub fn end_before(&mut self, until: Ticks) {
        self.until = Some(until);
    }

    /// The next note, if there is one.
    pub fn next_note(&mut self) -> Option<Note> {
        let start = self.start?;
        let AnswerNote { onset, duration, pitch, velocity, .. } = self.answer.note(self.next)?;
        let onset = start + onset;
        if self.until.is_some_and(|until| onset >= until) {
            return None;
        }
        self.next += 1;
        Some(Note { onset, duration, pitch, velocity })
    }

    /// A note of the answer at this tick with this pitch.
    pub fn find(&self, note: &Note) -> Option<AnswerNote> {
        let onset = note.onset - self.start?;
        self.answer.notes().find(|other| other.onset == onset && other.pitch == note.pitch)
    }
}
