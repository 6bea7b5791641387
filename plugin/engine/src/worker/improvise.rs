//! What the worker needs of a mind, so that it can be tried with minds of paper, and with some that break.

use crate::link::SharedChart;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::improviser::{DecisionRequest, HeardKey, Improviser};
use segue_model::note::{Note, Pitch, Ticks};

/// See the module.
pub trait Improvise {
    /// A key went down.
    fn hear(&mut self, key: HeardKey);
    /// A key went down under a higher one that is held.
    fn hear_below(&mut self, key: HeardKey) {
        self.hear(key);
    }
    /// A chord was struck. Minds that know no chords have nothing to do.
    fn hear_chord(&mut self, _chord: HeardChord) {}
    /// The chords come from here.
    fn set_source(&mut self, _source: HarmonySource) {}
    /// The chart that it plays to; `None` when there is none.
    fn chart(&self) -> SharedChart {
        None
    }
    /// It lasted this long.
    fn amend(&mut self, id: u32, duration: Ticks);
    /// Its key was down this long, and the pedal lets it ring on.
    fn release_key(&mut self, _id: u32, _duration: Ticks) {}
    /// It rang on in the pedal and lasted this long.
    fn release_pedal(&mut self, id: u32, duration: Ticks) {
        self.amend(id, duration);
    }
    /// The next note.
    fn decide(&mut self, ask: &DecisionRequest) -> Note;
    /// The earliest moment at which the next note can begin.
    fn earliest(&self, ask: &DecisionRequest) -> Ticks;
    /// The earliest moment at which a note after this one can begin.
    fn earliest_after(&self, last: &Note) -> Ticks;
    /// Own notes from here on have not sounded.
    fn retract(&mut self, from: Ticks);
    /// Its own note of this onset and pitch, as it was told, has not sounded and will not.
    fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch);
    /// Forget everything.
    fn reset(&mut self);
    /// Work that can be done before the next decision, while nobody waits for it.
    fn catch_up(&mut self);
    /// Another one that goes on as this one would, in case that this one breaks.
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
