//! The recent notes, each with the model's state before it.
//!
//! Only the first notes have been processed by the model. A change of the past rewinds to the state before the change,
//! and the rest is processed again when it is needed. Knows nothing of draws and limits.

mod entry;
mod form;
mod pace;

use super::length::KeyPress;
use crate::chord::Chord;
use crate::dynamics::{PlayerDynamics, StyleDynamics};
use crate::form::FormTracker;
use crate::lookback::{LookBack, LookBackFeatures, RepeatFeatures};
use crate::lstm::{InferenceBuffers, Model, ModelState};
use crate::note::{Note, Pitch, Ticks};
use crate::repetition::LONGEST_FIGURE;
use crate::sampling::argmax;
use crate::vocabulary::Tokens;
pub use entry::{BarLag, LookBackShare, NoteContext, PlayedBy};
use entry::{HistoryEntry, Retracted};
use form::FormNotes;
use std::collections::VecDeque;

/// How many notes can be retracted or amended. A key that is held for longer than these is not amended.
pub const HISTORY: usize = 4 * LONGEST_FIGURE;
/// Look-back features are shown or hidden for this many notes, a bar or two.
pub const MEMORY_STRETCH: usize = 16;

/// The history of a session.
#[derive(Debug)]
pub struct NoteHistory {
    notes: VecDeque<HistoryEntry>,
    /// The session up to the last processed note.
    session: LookBack,
    /// The state after the first `processed` notes.
    state: ModelState,
    processed: usize,
    /// The player's dynamics after the processed notes.
    dynamics: PlayerDynamics,
    /// How many notes have been dropped from the front.
    forgotten: usize,
    /// The onset of the last dropped note.
    before: Option<Ticks>,
    /// The onset of the last dropped note of the player's.
    heard_before: Option<Ticks>,
    /// The first note of the last retraction.
    retracted: Option<Retracted>,
    /// The form of the processed notes.
    form: FormTracker,
    /// The latest of the session's notes, for the form.
    form_notes: FormNotes,
}

impl NoteHistory {
    /// An empty history.
    pub fn new(model: &Model) -> Self {
        Self::after(model.initial_state(), LookBack::default(), PlayerDynamics::default())
    }

    fn after(state: ModelState, session: LookBack, dynamics: PlayerDynamics) -> Self {
        Self {
            notes: VecDeque::with_capacity(HISTORY + 1),
            session,
            state,
            processed: 0,
            dynamics,
            forgotten: 0,
            before: None,
            heard_before: None,
            retracted: None,
            form: FormTracker::default(),
            form_notes: FormNotes::default(),
        }
    }

    /// A copy that continues in the same way, bit for bit. It is small, because it processes its notes again when it is
    /// used.
    pub fn checkpoint(&self) -> Self {
        let mut session = self.session.clone();
        session.truncate(self.forgotten);
        let first = self.notes.front().filter(|_| self.processed > 0);
        let state = first.map_or(&self.state, |first| &first.before).clone();
        let dynamics = first.map_or(self.dynamics, |first| first.dynamics);
        let untaken = |entry: &HistoryEntry| HistoryEntry { before: ModelState::default(), ..*entry };
        let Self { forgotten, before, heard_before, retracted, .. } = *self;
        let after = Self::after(state, session, dynamics);
        let mut checkpoint = Self { forgotten, before, heard_before, retracted, ..after };
        checkpoint.notes.extend(self.notes.iter().map(untaken));
        checkpoint
    }

    /// Forgets everything.
    pub fn forget(&mut self, model: &Model) {
        self.session.clear();
        self.notes.clear();
        self.state = model.initial_state();
        (self.processed, self.dynamics, self.forgotten, self.before) = (0, PlayerDynamics::default(), 0, None);
        (self.heard_before, self.retracted) = (None, None);
        (self.form, self.form_notes) = (FormTracker::default(), FormNotes::default());
    }

    /// Marks all notes to be processed again, by this model.
    pub fn replay(&mut self, model: &Model) {
        if let Some(first) = self.notes.front().filter(|_| self.processed > 0) {
            self.dynamics = first.dynamics;
        }
        self.state = model.initial_state();
        self.processed = 0;
        self.truncate_session(self.forgotten);
    }

    /// Processes waiting notes.
    pub fn catch_up(&mut self, model: &Model, buffers: &mut InferenceBuffers) {
        while self.processed < self.notes.len() {
            let index = self.processed;
            let (previous, key) = (self.onset_before(index), self.keystroke(index));
            let entry = &mut self.notes[index];
            let vocabulary = model.vocabulary();
            entry.before.clone_from(&self.state);
            entry.dynamics = self.dynamics;
            let NoteContext { bars, chord, look_back } = entry.context;
            let mut seen = entry.note;
            if let PlayedBy::Player { .. } = entry.by {
                let style = StyleDynamics::of(vocabulary);
                self.dynamics.hear(seen.velocity, style);
                seen.velocity = self.dynamics.to_style(seen.velocity, style);
            }
            entry.tokens = vocabulary.tokens(&seen, previous, bars, chord);
            if let Some(key) = key {
                entry.expected = None;
                let length = key.length(vocabulary, None).unwrap_or_else(|| {
                    let shown = look_back.shows(model, &self.session);
                    let onset = entry.note.onset;
                    let repeats =
                        if shown { self.session.repeats(vocabulary, onset, bars) } else { RepeatFeatures::default() };
                    let mut heads = model.heads(&self.state, buffers);
                    let expected = vocabulary.duration(argmax(heads.duration_logits(entry.tokens, repeats)));
                    entry.expected = Some(expected);
                    key.length(vocabulary, entry.expected).unwrap_or(expected)
                });
                entry.note.duration = length;
                entry.tokens.duration = vocabulary.duration_class(length);
            }
            self.session.push(&entry.note);
            let shown = look_back.shows(model, &self.session);
            let features = if shown { self.session.features(vocabulary, bars) } else { LookBackFeatures::default() };
            model.step(entry.tokens, features, &mut self.state, buffers);
            self.processed += 1;
        }
    }

    /// Inserts a note that the player has just begun, sorted by onset and pitch.
    pub fn insert(
        &mut self,
        note: Note,
        by: PlayedBy,
        context: NoteContext,
        inference: (&Model, &mut InferenceBuffers),
    ) {
        let comes_later = |entry: &&HistoryEntry| (entry.note.onset, entry.note.pitch) > (note.onset, note.pitch);
        let later = self.notes.iter().rev().take_while(comes_later).count();
        let (index, behind) = (self.notes.len() - later, later + 1);
        self.rewind_to(index);
        let model = inference.0;
        self.remember(index, note, by, context, inference);
        self.reconsider_notes_before(self.notes.len() - behind, model);
    }

    /// The note at `index` is new. It may end the player's notes at the last earlier onset, of which there are several
    /// where key presses were quantised to the same point.
    fn reconsider_notes_before(&mut self, index: usize, model: &Model) {
        let onset = self.notes[index].note.onset;
        let is_players = |entry: &HistoryEntry| matches!(entry.by, PlayedBy::Player { .. });
        let is_earlier = |entry: &HistoryEntry| is_players(entry) && entry.note.onset < onset;
        let Some(last) = self.notes.range(..index).rposition(is_earlier) else { return };
        let ended = self.notes[last].note.onset;
        let first = self.notes.partition_point(|entry| entry.note.onset < ended);
        for before in first..=last {
            if is_players(&self.notes[before]) {
                self.reconsider_length(before, model);
            }
        }
    }

    /// Appends a note.
    pub fn push(&mut self, note: Note, by: PlayedBy, context: NoteContext, inference: (&Model, &mut InferenceBuffers)) {
        self.remember(self.notes.len(), note, by, context, inference);
    }

    fn remember(
        &mut self,
        index: usize,
        note: Note,
        by: PlayedBy,
        context: NoteContext,
        (model, buffers): (&Model, &mut InferenceBuffers),
    ) {
        // A retracted note may have ended the bar in which this one begins.
        self.form.truncate(note.onset);
        let (tokens, before, dynamics) = (Tokens::default(), self.state.clone(), self.dynamics);
        let entry = HistoryEntry { note, by, context, expected: None, tokens, before, dynamics };
        self.notes.insert(index, entry);
        if self.notes.len() > HISTORY {
            self.catch_up(model, buffers);
            self.processed -= 1;
            self.forgotten += 1;
            let Some(oldest) = self.notes.pop_front() else { return };
            self.before = Some(oldest.note.onset);
            if let PlayedBy::Player { .. } = oldest.by {
                self.heard_before = Some(oldest.note.onset);
            }
        }
    }

    /// The key of `id` was held this long. Unknown ids are ignored.
    pub fn amend(&mut self, id: u32, duration: Ticks, model: &Model) {
        let stroke = |entry: &HistoryEntry| matches!(entry.by, PlayedBy::Player { id: held, .. } if held == id);
        let Some(index) = self.notes.iter().rposition(stroke) else {
            return;
        };
        if let PlayedBy::Player { held, .. } = &mut self.notes[index].by {
            *held = Some(duration);
        }
        self.reconsider_length(index, model);
    }

    /// What is known of the key of a heard note; `None` for a note of Segue's.
    fn keystroke(&self, index: usize) -> Option<KeyPress> {
        let note = &self.notes[index];
        let PlayedBy::Player { held, gate_percent, .. } = note.by else { return None };
        let later =
            |other: &&HistoryEntry| matches!(other.by, PlayedBy::Player { .. }) && other.note.onset > note.note.onset;
        let next = self.notes.range(index + 1..).find(later).map(|next| next.note.onset - note.note.onset);
        Some(KeyPress { held, next, gate_percent })
    }

    /// More is known of a key. If this changes the length of its note, the note is processed again.
    fn reconsider_length(&mut self, index: usize, model: &Model) {
        let Some(key) = self.keystroke(index).filter(|_| index < self.processed) else { return };
        let (vocabulary, entry) = (model.vocabulary(), &mut self.notes[index]);
        match key.length(vocabulary, entry.expected) {
            Some(length) if vocabulary.duration_class(length) == entry.tokens.duration => entry.note.duration = length,
            _ => self.rewind_to(index),
        }
    }

    /// The index of the player's last note before `index`.
    fn player_before(&self, index: usize) -> Option<usize> {
        let is_players = |entry: &HistoryEntry| matches!(entry.by, PlayedBy::Player { .. });
        self.notes.range(..index).rposition(is_players)
    }

    /// Notes from here on were played over this chord.
    pub fn set_chord_from(&mut self, chord: Chord, from: Ticks) {
        let first = self.notes.len() - self.notes.iter().rev().take_while(|entry| entry.note.onset >= from).count();
        self.rewind_to(first);
        for entry in self.notes.range_mut(first..) {
            entry.context.chord = Some(chord);
        }
    }

    /// The first note, with its index, of the player's chord that a key press at `struck` belongs to: one pressed at
    /// most `together` before it.
    pub fn chord_at(&self, struck: Ticks, together: Ticks) -> Option<(usize, &Note)> {
        let near = |entry: &HistoryEntry| {
            let PlayedBy::Player { struck: other, .. } = entry.by else { return false };
            struck - other <= together && other <= struck
        };
        // In a duet, notes of Segue's may lie among those of the chord, and after them.
        let own =
            |entry: &HistoryEntry| matches!(entry.by, PlayedBy::Segue { .. }) && entry.note.onset + together >= struck;
        let context = self.notes.iter().rev().take_while(|entry| near(entry) || own(entry)).count();
        let mut fingers = (self.notes.len() - context..).zip(self.notes.range(self.notes.len() - context..));
        let (index, first) = fingers.find(|(_, entry)| near(entry))?;
        Some((index, &first.note))
    }

    /// Removes a note.
    pub fn remove(&mut self, index: usize) {
        self.rewind_to(index);
        self.notes.remove(index);
    }

    /// Retracts Segue's notes with an onset at or after `from`, as if they had never been decided.
    pub fn retract(&mut self, from: Ticks) {
        let planned = |entry: &HistoryEntry| matches!(entry.by, PlayedBy::Segue { .. }) && entry.note.onset >= from;
        if let Some(first) = self.notes.iter().position(planned) {
            let entry = &self.notes[first];
            if let PlayedBy::Segue { turn, index, .. } = entry.by {
                self.retracted = Some(Retracted { turn, index, onset: entry.note.onset });
            }
            self.rewind_to(first);
            self.notes.retain(|entry| !planned(entry));
        }
    }

    /// Removes one of Segue's notes, by onset and sounding pitch; unknown ones are ignored.
    pub fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch) {
        let same = |entry: &HistoryEntry| {
            matches!(entry.by, PlayedBy::Segue { sounding, .. } if sounding == pitch) && entry.note.onset == onset
        };
        if let Some(index) = self.notes.iter().rposition(same) {
            self.remove(index);
        }
    }

    /// Rewinds to the state before the note at `index`. A note that was not processed needs nothing.
    fn rewind_to(&mut self, index: usize) {
        if index < self.processed {
            self.state.clone_from(&self.notes[index].before);
            self.dynamics = self.notes[index].dynamics;
            self.processed = index;
            self.truncate_session(self.forgotten + index);
            self.form.truncate(self.notes[index].note.onset);
        }
    }

    fn truncate_session(&mut self, count: usize) {
        self.session.truncate(count);
        self.form_notes.truncate(count);
    }

    // Queries.

    /// The state after all processed notes.
    pub fn state(&self) -> &ModelState {
        &self.state
    }

    /// The session up to the last processed note.
    pub fn session(&self) -> &LookBack {
        &self.session
    }

    /// The notes in order.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = &Note> + Clone {
        self.notes.iter().map(|entry| &entry.note)
    }

    /// The last note, and who played it.
    pub fn last(&self) -> Option<(&Note, PlayedBy)> {
        self.notes.back().map(|entry| (&entry.note, entry.by))
    }

    /// The onset of the last note, including dropped ones.
    pub fn last_onset(&self) -> Option<Ticks> {
        self.onset_before(self.notes.len())
    }

    fn onset_before(&self, index: usize) -> Option<Ticks> {
        index.checked_sub(1).map_or(self.before, |previous| Some(self.notes[previous].note.onset))
    }

    /// The last note as the model saw it; `None` when it was dropped.
    pub fn last_tokens(&self) -> Option<Tokens> {
        self.notes.back().map(|entry| entry.tokens)
    }

    /// How many notes share the last onset.
    pub fn together(&self) -> usize {
        let last = self.last_onset();
        self.notes.iter().rev().take_while(|entry| Some(entry.note.onset) == last).count()
    }

    /// The notes as the model saw them, the latest first, for the repetition guard.
    pub fn latest(&self) -> Vec<Tokens> {
        self.notes.iter().rev().map(|entry| entry.tokens).collect()
    }

    /// How many notes Segue has decided in a turn.
    pub fn count_of_turn(&self, turn: u32) -> u32 {
        let of_turn = |entry: &HistoryEntry| match entry.by {
            PlayedBy::Segue { turn: of, index, .. } if of == turn => Some(index + 1),
            _ => None,
        };
        self.notes.iter().rev().find_map(of_turn).unwrap_or(0)
    }

    /// The onset of the first note of a turn; `None` if it was dropped or is not decided.
    pub fn first_of_turn(&self, turn: u32) -> Option<Ticks> {
        let is_first =
            |entry: &&HistoryEntry| matches!(entry.by, PlayedBy::Segue { turn: of, index: 0, .. } if of == turn);
        self.notes.iter().find(is_first).map(|entry| entry.note.onset)
    }

    /// The onset of this note of a turn, if it was retracted last.
    pub fn retracted(&self, turn: u32, index: u32) -> Option<Ticks> {
        self.retracted.filter(|note| (note.turn, note.index) == (turn, index)).map(|note| note.onset)
    }

    /// The onset of the player's last note.
    pub fn last_heard(&self) -> Option<Ticks> {
        let last = self.player_before(self.notes.len()).map(|index| self.notes[index].note.onset);
        last.or(self.heard_before)
    }

    /// The first moment from `bound` on at which fewer than `most` notes of a turn sound.
    pub fn free_voice(&self, turn: u32, most: usize, bound: Ticks) -> Ticks {
        let of_turn = |entry: &&HistoryEntry| matches!(entry.by, PlayedBy::Segue { turn: of, .. } if of == turn);
        let ends = self.notes.iter().filter(of_turn).map(|entry| entry.note.onset + entry.note.duration);
        let mut sounding: Vec<Ticks> = ends.filter(|end| *end > bound).collect();
        sounding.sort_unstable();
        sounding.len().checked_sub(most).map_or(bound, |first_to_end| sounding[first_to_end])
    }

    /// The end of the last note of a turn, if the player's last note begins no later.
    pub fn own_end(&self, turn: u32) -> Option<Ticks> {
        let of_turn = |entry: &&HistoryEntry| matches!(entry.by, PlayedBy::Segue { turn: of, .. } if of == turn);
        let own = self.notes.iter().rev().find(of_turn)?;
        let end = own.note.onset + own.note.duration;
        self.last_heard().filter(|heard| *heard <= end).map(|_| end)
    }

    /// The player's dynamics.
    pub fn dynamics(&self) -> PlayerDynamics {
        self.dynamics
    }
}
