//! What the mind has gone through, so that another one can go through it again when it breaks.
//!
//! A spare mind stands where the last one stood some time ago, and what came since is written down; both together are
//! the same past. Nobody waits for them: the spare one is made when there is nothing else to do, or when the list has
//! become long.

use super::Improvise;
use crate::link::Command;
use segue_model::improviser::DecisionRequest;
use segue_model::note::Note;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Steps after which a spare mind is made while nobody waits: they are gone again in some milliseconds.
pub(super) const STEPS_WHEN_IDLE: usize = 128;
/// Steps after which one is made in any case, so that the list is bounded: gone again in a tenth of a second.
pub(super) const MOST_STEPS: usize = 1024;

/// See the module.
pub(super) struct Checkpoint<M> {
    /// As it was once; `None` without a mind.
    spare: Option<M>,
    /// What came since, in order.
    since: Vec<Step>,
}

/// One thing that a mind goes through.
#[derive(Debug, Clone, Copy)]
enum Step {
    Told(Command),
    /// It decided a note.
    Asked(DecisionRequest),
}

impl<M> Default for Checkpoint<M> {
    fn default() -> Self {
        Self { spare: None, since: Vec::new() }
    }
}

impl<M: Improvise> Checkpoint<M> {
    /// Steps that would have to be gone again.
    pub fn length(&self) -> usize {
        self.since.len()
    }

    /// Nothing before counts any more.
    pub fn forget(&mut self) {
        self.spare = None;
        self.since.clear();
    }

    /// What counts begins with this mind.
    pub fn begin_from(&mut self, mind: &M) {
        self.spare = Some(mind.checkpoint());
        self.since.clear();
    }

    /// A word counts only when the mind survives it.
    pub fn tell(&mut self, mind: &mut M, word: Command) {
        take(mind, Step::Told(word));
        self.since.push(Step::Told(word));
    }

    /// And so does a note.
    pub fn decide(&mut self, mind: &mut M, ask: DecisionRequest) -> Note {
        let note = mind.decide(&ask);
        self.since.push(Step::Asked(ask));
        note
    }

    /// A mind that has gone through the same. What broke the last one may have been done to it earlier than it showed;
    /// then the other one goes on from further back. `None` when that breaks too.
    pub fn relived(&mut self) -> Option<M> {
        let again = |steps: &[Step]| {
            let live = || {
                let mut mind = self.spare.as_ref()?.checkpoint();
                for step in steps {
                    take(&mut mind, *step);
                }
                mind.catch_up();
                Some(mind)
            };
            catch_unwind(AssertUnwindSafe(live)).ok().flatten()
        };
        if let Some(mind) = again(&self.since) {
            return Some(mind);
        }
        let further_back = again(&[]);
        self.since.clear();
        if further_back.is_none() {
            self.spare = None;
        }
        further_back
    }
}

/// Lets a mind go through a step.
fn take(mind: &mut impl Improvise, step: Step) {
    match step {
        Step::Told(Command::Heard(key)) => mind.hear(key),
        Step::Told(Command::HeardBelow(key)) => mind.hear_below(key),
        Step::Told(Command::Chord(chord)) => mind.hear_chord(chord),
        Step::Told(Command::ChordSource(source)) => mind.set_source(source),
        Step::Told(Command::Amend { id, duration }) => mind.amend(id, duration),
        Step::Told(Command::ReleaseKey { id, duration }) => mind.release_key(id, duration),
        Step::Told(Command::ReleasePedal { id, duration }) => mind.release_pedal(id, duration),
        Step::Told(Command::Retract { from }) => mind.retract(from),
        Step::Told(Command::ForgetUnplayed { onset, pitch }) => mind.forget_unplayed(onset, pitch),
        Step::Told(Command::ForgetAll) => mind.reset(),
        // What the room does, not the mind.
        Step::Told(Command::Style(_) | Command::ReloadFiles | Command::Request(_)) => {}
        Step::Asked(ask) => {
            mind.decide(&ask);
        }
    }
}

#[cfg(test)]
mod tests;
