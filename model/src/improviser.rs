//! The improviser: hears notes and decides notes, with one LSTM step per note.
//!
//! For each note of the recent history it keeps the model's state before that note. This one mechanism serves key
//! releases that come late, plans that are retracted, and chords that are struck one key at a time. Nothing is computed
//! again from before the change. It knows no host, no threads and no wall clock.
//!
//! `history` keeps the notes, `decision` chooses the next one.

mod decision;
mod density;
mod history;
mod length;
mod onset;
mod recurrence;
#[cfg(test)]
mod tests;

use crate::chart::Chart;
use crate::harmony::{ChordTrack, HarmonySource, HeardChord};
use crate::lstm::{InferenceBuffers, Model, ModelState};
use crate::note::{Bars, Note, Pitch, Ticks, Velocity};
use crate::sampling::SamplingParameters;
use decision::{Decided, NoteDecision, note_context};
use history::{LookBackShare, NoteHistory, PlayedBy};
pub use length::LEGATO_PERCENT;
use std::sync::Arc;

/// A key that the player has pressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeardKey {
    /// Identifies this key press when the key is released. Never used twice.
    pub id: u32,
    /// The onset, as played.
    pub onset: Ticks,
    /// The key.
    pub pitch: Pitch,
    /// The velocity.
    pub velocity: Velocity,
    /// The bars at that moment; `None` when there are none.
    pub bars: Option<Bars>,
    /// Keys pressed within this time are one chord: 30 ms at the current tempo.
    pub together: Ticks,
    /// The first bar of the chart, which may lie in the future.
    pub form: Ticks,
    /// The recent ratio of key time to time between key presses, in percent: [`LEGATO_PERCENT`] when each key is held
    /// until the next.
    pub gate_percent: u8,
    /// [`SamplingParameters::memory`] at that moment.
    pub memory: f32,
    /// [`SamplingParameters::seed`] at that moment.
    pub seed: u64,
}

impl HeardKey {
    /// A key press without bars and chart, by a player who plays legato, with full memory and seed 0.
    pub fn new(id: u32, onset: Ticks, pitch: Pitch, velocity: Velocity) -> Self {
        let (gate_percent, memory, seed) = (LEGATO_PERCENT, 1.0, 0);
        let (together, form) = (Ticks::ZERO, Ticks::ZERO);
        Self { id, onset, pitch, velocity, bars: None, together, form, gate_percent, memory, seed }
    }
}

/// Where a note may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Exactly there, at the beginning of a turn.
    At(Ticks),
    /// There or later, as the model decides.
    NotBefore(Ticks),
}

/// A request to decide the next note.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecisionRequest {
    /// The number of Segue's turn. Every draw depends on it.
    pub turn: u32,
    /// Where the note may begin.
    pub begin: Begin,
    /// The bars at that moment; `None` when there are none.
    pub bars: Option<Bars>,
    /// The first bar of the chart, which may lie in the future.
    pub form: Ticks,
    /// The end of the answer: no note begins at or after it. `None` when the answer has no end yet.
    pub ends: Option<Ticks>,
    /// Whether the player goes on playing meanwhile: a duet.
    pub along: bool,
    /// The sampling parameters at the moment of the decision.
    pub parameters: SamplingParameters,
}

impl DecisionRequest {
    /// A request in turn 0 without bars, chart and end, while the player listens.
    pub fn new(begin: Begin, parameters: SamplingParameters) -> Self {
        Self { turn: 0, begin, bars: None, form: Ticks::ZERO, ends: None, along: false, parameters }
    }
}

/// The memory of a session, and the model that plays in it.
#[derive(Debug)]
pub struct Improviser {
    model: Arc<Model>,
    /// The chords to play over.
    harmony: ChordTrack,
    history: NoteHistory,
    buffers: InferenceBuffers,
}

impl Improviser {
    /// An improviser with an empty memory.
    pub fn new(model: Arc<Model>) -> Self {
        let history = NoteHistory::new(&model);
        Self { model, harmony: ChordTrack::default(), history, buffers: InferenceBuffers::default() }
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Changes the chart; `None` removes it. Notes that were heard keep their chords.
    pub fn set_chart(&mut self, chart: Option<Arc<Chart>>) {
        self.harmony.set_chart(chart);
    }

    /// Changes the source of chords. Notes that were heard keep their chords.
    pub fn set_source(&mut self, source: HarmonySource) {
        self.harmony.set_source(source);
    }

    /// The chords to play over.
    pub fn harmony(&self) -> &ChordTrack {
        &self.harmony
    }

    /// Hears a chord. A chord is complete only with its last key, so it also applies to notes since its first one.
    pub fn hear_chord(&mut self, heard: HeardChord) {
        let from = self.model.vocabulary().quantised(heard.from, heard.bars);
        if self.harmony.hear(from, heard.chord) {
            self.history.set_chord_from(heard.chord, from);
        }
    }

    /// Hears a key below a higher one that is held. For a single-line style the higher one is the melody, and this one
    /// is ignored.
    pub fn hear_below(&mut self, key: HeardKey) {
        if !self.is_single_line() {
            self.hear(key);
        }
    }

    /// Changes the model and replays the recent history with it. Styles in beats and in free time cannot share a
    /// history: between them the memory is cleared.
    pub fn change_model(&mut self, model: Arc<Model>) {
        let speaks_of_the_same_time = model.vocabulary().time_base == self.model.vocabulary().time_base;
        self.model = model;
        if speaks_of_the_same_time {
            self.history.replay(&self.model);
        } else {
            self.reset();
        }
    }

    /// A checkpoint: a copy that will decide the same notes, bit for bit. It is small, because it replays its recent
    /// history when it is used.
    #[must_use]
    pub fn checkpoint(&self) -> Self {
        Self {
            model: Arc::clone(&self.model),
            harmony: self.harmony.clone(),
            history: self.history.checkpoint(),
            buffers: InferenceBuffers::default(),
        }
    }

    /// Forgets everything that was played.
    pub fn reset(&mut self) {
        self.harmony.forget();
        self.history.forget(&self.model);
    }

    /// Hears a key press. Until [`Self::amend`] gives the duration, the model's expectation stands in for it.
    ///
    /// Keys pressed almost together are one chord: sorted from low to high, as in training. A single-line style keeps
    /// the top voice.
    pub fn hear(&mut self, key: HeardKey) {
        let Some((first, finger)) = self.history.chord_at(key.onset, key.together) else {
            let onset = onset::settled(self.model.vocabulary(), key.onset, key.bars);
            self.insert(&key, onset);
            return;
        };
        let (onset, is_higher) = (finger.onset, finger.pitch < key.pitch);
        if self.is_single_line() {
            if !is_higher {
                return;
            }
            // Only one key, because each higher one has replaced the one before.
            self.history.remove(first);
        }
        self.insert(&key, onset);
    }

    /// The note of key press `id` is over after this duration. Unknown and forgotten ids are ignored.
    pub fn amend(&mut self, id: u32, duration: Ticks) {
        self.history.amend(id, duration.max(Ticks(1)), &self.model);
    }

    /// The key of `id` was released, and the pedal sustains the note. For a single line the note is over, because its
    /// style was trained on instruments without a pedal. A piano's note goes on.
    pub fn release_key(&mut self, id: u32, duration: Ticks) {
        if self.is_single_line() {
            self.amend(id, duration);
        }
    }

    /// The pedal was released, which ends the note of `id`. Its duration includes the pedal, as in the recordings that
    /// a piano style was trained on.
    pub fn release_pedal(&mut self, id: u32, duration: Ticks) {
        if !self.is_single_line() {
            self.amend(id, duration);
        }
    }

    /// Processes waiting notes, so that the next decision is quick. Not needed for a correct result.
    pub fn catch_up(&mut self) {
        self.history.catch_up(&self.model, &mut self.buffers);
    }

    /// Decides the next note, which becomes part of the history.
    pub fn decide(&mut self, request: &DecisionRequest) -> Note {
        self.catch_up();
        if let Some(bars) = request.bars.filter(|_| self.model.form().is_some()) {
            self.history.track_form(bars);
        }
        // A turn that repeated an earlier one is followed by a new one.
        let is_worn = self.model.form().is_some() && !request.along && self.history.has_repeated_itself(request.turn);
        let parameters =
            SamplingParameters { memory: if is_worn { 0.0 } else { request.parameters.memory }, ..request.parameters };
        let request = &DecisionRequest { parameters, ..*request };
        let decision = NoteDecision::new(request, &self.model, &self.history, &self.harmony);
        let Decided { note, sounding, by, context } = decision.decide(&mut self.buffers);
        self.history.push(note, by, context, (&self.model, &mut self.buffers));
        sounding
    }

    /// Retracts its own notes with an onset at or after `from`, as if they had never been decided.
    pub fn retract(&mut self, from: Ticks) {
        self.history.retract(from);
    }

    /// Removes one of its own notes that never sounded, by its onset and sounding pitch. Notes decided after it stay,
    /// and now follow the note before it.
    pub fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch) {
        self.history.forget_unplayed(onset, pitch);
    }

    /// The recent notes in order: the player's as understood, and its own.
    pub fn recent(&self) -> impl Iterator<Item = Note> {
        self.history.notes().copied()
    }

    /// The state after all notes.
    pub fn state(&mut self) -> &ModelState {
        self.catch_up();
        self.history.state()
    }

    /// The earliest onset of the next note. A single line does not overlap itself, and where polyphony is limited the
    /// next note waits for a free voice.
    pub fn earliest(&self, request: &DecisionRequest) -> Ticks {
        decision::earliest(request, &self.model, &self.history)
    }

    /// The earliest onset of a note after the last decided one. A single line waits until that note is over as the
    /// model meant it, also where the musician limits its length.
    pub fn earliest_after(&self, last: &Note) -> Ticks {
        let meant = self.history.last().map_or(last.duration, |(meant, _)| meant.duration.max(last.duration));
        if self.is_single_line() { last.onset + meant } else { last.onset }
    }

    fn is_single_line(&self) -> bool {
        self.model.vocabulary().polyphony <= 1
    }

    /// Inserts a key press where its onset and pitch belong.
    fn insert(&mut self, key: &HeardKey, onset: Ticks) {
        let note = Note { onset, pitch: key.pitch, duration: Ticks(1), velocity: key.velocity };
        let by = PlayedBy::Player { id: key.id, struck: key.onset, held: None, gate_percent: key.gate_percent };
        let look_back = LookBackShare { share: key.memory, seed: key.seed };
        let context = note_context(self.model.vocabulary(), &self.harmony, onset, (key.bars, key.form, look_back));
        self.history.insert(note, by, context, (&self.model, &mut self.buffers));
    }
}
