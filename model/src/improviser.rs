//! Hears notes and decides notes, one LSTM step each.
//!
//! It keeps, for each note of its recent history, the state before that note. That one mechanism serves all of:
//! a key that goes up late, notes planned and taken back, fingers that strike a chord one by one. Nothing is ever run
//! again from further back than the change. It does not know what a host, a thread or a wall clock is.
//!
//! `history` remembers, `decision` decides.

mod decision;
mod history;
mod length;
#[cfg(test)]
mod tests;

use crate::chart::Chart;
use crate::harmony::{ChordTrack, HarmonySource, HeardChord};
use crate::lstm::{Model, ModelState, Scratch};
use crate::note::{Bars, Note, Pitch, Ticks, Velocity};
use crate::sampling::SamplingParameters;
use decision::{Decided, Decision, note_context};
use history::{History, LookBackShare, PlayedBy};
pub use length::LEGATO_PERCENT;
use std::sync::Arc;

/// A key that the player has struck.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeardKey {
    /// Names this stroke when its key goes up: never used twice.
    pub id: u32,
    /// When, as played.
    pub onset: Ticks,
    /// Which key.
    pub pitch: Pitch,
    /// How hard.
    pub velocity: Velocity,
    /// The bars at that moment; `None` when there are none.
    pub bars: Option<Bars>,
    /// Fingers that come within this time are one chord: 30 ms at the tempo of the moment.
    pub together: Ticks,
    /// Where the chart's first bar began, or begins.
    pub form: Ticks,
    /// Of the time from stroke to stroke, the player's keys were down so much of late, in percent: [`LEGATO_PERCENT`] when
    /// each is held until the next.
    pub gate_percent: u8,
    /// [`SamplingParameters::memory`] at that moment.
    pub memory: f32,
    /// [`SamplingParameters::seed`] at that moment.
    pub seed: u64,
}

/// Where a decided note may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Exactly there: a turn begins.
    At(Ticks),
    /// There or later, as the network likes.
    NotBefore(Ticks),
}

/// What is to be decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecisionRequest {
    /// Which of Segue's turns; part of the key of every draw.
    pub turn: u32,
    /// Where the note may begin.
    pub begin: Begin,
    /// The bars at that moment; `None` when there are none.
    pub bars: Option<Bars>,
    /// Where the chart's first bar began, or begins.
    pub form: Ticks,
    /// Where the answer ends: no note begins there or later. `None` when it goes on without end.
    pub ends: Option<Ticks>,
    /// The player goes on playing meanwhile: a duet.
    pub along: bool,
    /// The musician's settings as of the decision.
    pub parameters: SamplingParameters,
}

/// One jam's memory and the model that it thinks with.
#[derive(Debug)]
pub struct Improviser {
    model: Arc<Model>,
    /// The chords that are played to.
    harmony: ChordTrack,
    history: History,
    scratch: Scratch,
}

impl Improviser {
    /// With a blank memory.
    pub fn new(model: Arc<Model>) -> Self {
        let history = History::new(&model);
        Self { model, harmony: ChordTrack::default(), history, scratch: Scratch::default() }
    }

    /// The model that it thinks with.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// From now on plays to these chords; `None` to none. What was heard keeps the chords it was heard with.
    pub fn set_chart(&mut self, chart: Option<Arc<Chart>>) {
        self.harmony.set_chart(chart);
    }

    /// From now on takes its chords from here. What was heard keeps the chords it was heard with.
    pub fn set_source(&mut self, source: HarmonySource) {
        self.harmony.set_source(source);
    }

    /// The chords that it plays to.
    pub fn harmony(&self) -> &ChordTrack {
        &self.harmony
    }

    /// Hears a chord. It is known only when its last finger is down, so notes that were heard or decided since its first
    /// are played to it too.
    pub fn hear_chord(&mut self, heard: HeardChord) {
        let from = self.model.vocabulary().quantised(heard.from, heard.bars);
        if self.harmony.hear(from, heard.chord) {
            self.history.set_chord_from(heard.chord, from);
        }
    }

    /// Hears a key go down under a higher one that is held. In a style of single lines the higher one is the melody.
    pub fn hear_below(&mut self, key: HeardKey) {
        if !self.is_single_line() {
            self.hear(key);
        }
    }

    /// From now on thinks with another model, which is told all that this one remembers. Between beats and free time
    /// there is no common memory: then it begins blank.
    pub fn change_model(&mut self, model: Arc<Model>) {
        let speaks_of_the_same_time = model.vocabulary().time_base == self.model.vocabulary().time_base;
        self.model = model;
        if speaks_of_the_same_time {
            self.history.replay(&self.model);
        } else {
            self.reset();
        }
    }

    /// Another one that goes on as this one would, to the bit. It is small, and takes its recent history in again when it
    /// is used.
    #[must_use]
    pub fn checkpoint(&self) -> Self {
        Self {
            model: Arc::clone(&self.model),
            harmony: self.harmony.clone(),
            history: self.history.checkpoint(),
            scratch: Scratch::default(),
        }
    }

    /// Forgets all that was played.
    pub fn reset(&mut self) {
        self.harmony.forget();
        self.history.forget(&self.model);
    }

    /// Hears a key go down. Until [`Self::amend`] says how long it was held, its duration is what the network expects.
    ///
    /// A stroke close behind another of the player's is one chord with it: sorted low to high, as in training. A style of
    /// single lines keeps the top voice.
    pub fn hear(&mut self, key: HeardKey) {
        let Some((first, finger)) = self.history.chord_at(key.onset, key.together) else {
            let onset = self.model.vocabulary().quantised(key.onset, key.bars);
            self.insert(&key, onset);
            return;
        };
        let (onset, is_higher) = (finger.onset, finger.pitch < key.pitch);
        if self.is_single_line() {
            if !is_higher {
                return;
            }
            // There is one finger only, because each that was higher took the place of the one before.
            self.history.remove(first);
        }
        self.insert(&key, onset);
    }

    /// The note of stroke `id` is over, after so long. Ids that are unknown, or too long ago, are ignored.
    pub fn amend(&mut self, id: u32, duration: Ticks) {
        self.history.amend(id, duration.max(Ticks(1)), &self.model);
    }

    /// The key of stroke `id` went up, and the pedal lets the note ring on. To a single line the note is over: its style
    /// has learnt from instruments without a pedal. Of a piano's note it says nothing yet.
    pub fn release_key(&mut self, id: u32, duration: Ticks) {
        if self.is_single_line() {
            self.amend(id, duration);
        }
    }

    /// The note of stroke `id`, whose key went up before, rings no more: it lasted so long, as the piano's notes do that
    /// were learnt from.
    pub fn release_pedal(&mut self, id: u32, duration: Ticks) {
        if !self.is_single_line() {
            self.amend(id, duration);
        }
    }

    /// Takes in whatever is still waiting, so that the next decision is quick. Never needed for the right result.
    pub fn catch_up(&mut self) {
        self.history.catch_up(&self.model, &mut self.scratch);
    }

    /// Decides the next note; from then on it is part of the history.
    pub fn decide(&mut self, ask: &DecisionRequest) -> Note {
        self.catch_up();
        let decision = Decision::new(ask, &self.model, &self.history, &self.harmony);
        let Decided { said, sounding, by, context } = decision.decide(&mut self.scratch);
        self.history.push(said, by, context, (&self.model, &mut self.scratch));
        sounding
    }

    /// Forgets its own notes with an onset at or after `from`, as if they had never been decided.
    pub fn retract(&mut self, from: Ticks) {
        self.history.retract(from);
    }

    /// Forgets one note of its own, of this onset and with the pitch that it was told with, because it never sounded. What it
    /// has decided since then it has decided, and remembers as what followed the note before.
    pub fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch) {
        self.history.forget_unplayed(onset, pitch);
    }

    /// The notes of the recent past, in order: the player's as understood, and its own.
    pub fn recent(&self) -> impl Iterator<Item = Note> {
        self.history.notes().copied()
    }

    /// The state after every note so far.
    pub fn state(&mut self) -> &ModelState {
        self.catch_up();
        self.history.state()
    }

    /// The earliest moment at which the next note can begin. A single line does not run over its own last note, and where
    /// only so many notes may sound the next one waits until one of them is over.
    pub fn earliest(&self, ask: &DecisionRequest) -> Ticks {
        decision::earliest(ask, &self.model, &self.history)
    }

    /// The earliest moment at which a note after the one that it decided last can begin. A single line waits until that note
    /// is over as it was meant, also where the musician wants it shorter.
    pub fn earliest_after(&self, last: &Note) -> Ticks {
        let meant = self.history.last().map_or(last.duration, |(meant, _)| meant.duration.max(last.duration));
        if self.is_single_line() { last.onset + meant } else { last.onset }
    }

    fn is_single_line(&self) -> bool {
        self.model.vocabulary().polyphony <= 1
    }

    /// Puts a stroke where its onset and pitch belong.
    fn insert(&mut self, key: &HeardKey, onset: Ticks) {
        let note = Note { onset, pitch: key.pitch, duration: Ticks(1), velocity: key.velocity };
        let by = PlayedBy::Player { id: key.id, struck: key.onset, held: None, gate_percent: key.gate_percent };
        let look_back = LookBackShare { share: key.memory, seed: key.seed };
        let context = note_context(self.model.vocabulary(), &self.harmony, onset, (key.bars, key.form, look_back));
        self.history.insert(note, by, context, (&self.model, &mut self.scratch));
    }
}
