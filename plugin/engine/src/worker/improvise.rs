//! What the worker needs of a model, so that tests can use fakes and models that panic.

use crate::link::SharedChart;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::improviser::{DecisionRequest, HeardKey, Improviser};
use segue_model::note::{Note, Pitch, Ticks};

/// A model with the context of one session.
pub trait Improvise {
    /// A key went down.
    fn hear(&mut self, key: HeardKey);
    /// A key went down below a higher one that is held.
    fn hear_below(&mut self, key: HeardKey) {
        self.hear(key);
    }
    /// The player played a chord. Models without chords ignore it.
    fn hear_chord(&mut self, _chord: HeardChord) {}
    /// Chords come from this source from now on.
    fn set_source(&mut self, _source: HarmonySource) {}
    /// The chart that it plays to, if any.
    fn chart(&self) -> SharedChart {
        None
    }
    /// The heard note with this id lasted this long.
    fn amend(&mut self, id: u32, duration: Ticks);
    /// The key of the heard note with this id was down this long, and the pedal holds the note.
    fn release_key(&mut self, _id: u32, _duration: Ticks) {}
    /// The heard note with this id, which the pedal held, lasted this long.
    fn release_pedal(&mut self, id: u32, duration: Ticks) {
        self.amend(id, duration);
    }
    /// Decides the next note.
    fn decide(&mut self, ask: &DecisionRequest) -> Note;
    /// The earliest tick at which the next note can begin.
    fn earliest(&self, ask: &DecisionRequest) -> Ticks;
    /// The earliest tick at which a note after this one can begin.
    fn earliest_after(&self, last: &Note) -> Ticks;
    /// Decided notes with an onset at or after this tick will not sound.
    fn retract(&mut self, from: Ticks);
    /// The decided note with this onset and pitch will not sound.
    fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch);
    /// Forgets everything.
    fn reset(&mut self);
    /// Does work ahead of the next decision, while the worker is idle.
    fn catch_up(&mut self);
    /// A copy with the same context, for the case that this one panics.
    #[must_use]
    fn checkpoint(&self) -> Self
    where
        Self: Sized;
}

impl Improvise for Improviser {
    fn hear(&mut self, key: HeardKey) {
        self.hear(key);
    }
    fn hear_below(&mut self, key: HeardKey) {
        self.hear_below(key);
    }
    fn hear_chord(&mut self, chord: HeardChord) {
        self.hear_chord(chord);
    }
    fn set_source(&mut self, source: HarmonySource) {
        self.set_source(source);
    }
    fn chart(&self) -> SharedChart {
        self.harmony().chart().cloned()
    }
    fn amend(&mut self, id: u32, duration: Ticks) {
        self.amend(id, duration);
    }
    fn release_key(&mut self, id: u32, duration: Ticks) {
        self.release_key(id, duration);
    }
    fn release_pedal(&mut self, id: u32, duration: Ticks) {
        self.release_pedal(id, duration);
    }
    fn decide(&mut self, ask: &DecisionRequest) -> Note {
        self.decide(ask)
    }
    fn earliest(&self, ask: &DecisionRequest) -> Ticks {
        self.earliest(ask)
    }
    fn retract(&mut self, from: Ticks) {
        self.retract(from);
    }
    fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch) {
        self.forget_unplayed(onset, pitch);
    }
    fn reset(&mut self) {
        self.reset();
    }
    fn earliest_after(&self, last: &Note) -> Ticks {
        self.earliest_after(last)
    }
    fn catch_up(&mut self) {
        self.catch_up();
    }
    fn checkpoint(&self) -> Self {
        self.checkpoint()
    }
}
