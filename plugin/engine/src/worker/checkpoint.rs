//! A copy of the model and a log of what came since, so that the worker can go on after a panic.
//!
//! Replaying the log on the copy gives the context that the model had. The copy is taken while the worker is idle, or
//! when the log has become long.
//!
//! Knows nothing of threads and replies.

use super::Improvise;
use crate::link::Command;
use segue_model::improviser::DecisionRequest;
use segue_model::note::Note;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A checkpoint is taken after this many steps when the worker is idle; replaying them costs a few milliseconds.
pub(super) const STEPS_WHEN_IDLE: usize = 128;
/// A checkpoint is taken after this many steps in any case, so that the log is bounded; replaying them costs a tenth of
/// a second.
pub(super) const MOST_STEPS: usize = 1024;

/// The last copy of the model, and the log since.
pub(super) struct Checkpoint<M> {
    /// The copy; `None` without a model.
    model: Option<M>,
    /// What the model has gone through since, in order.
    log: Vec<LogStep>,
}

/// One step of the log.
#[derive(Debug, Clone, Copy)]
enum LogStep {
    /// The model received a command.
    Received(Command),
    /// The model decided a note.
    Decided(DecisionRequest),
}

impl<M> Default for Checkpoint<M> {
    fn default() -> Self {
        Self { model: None, log: Vec::new() }
    }
}

impl<M: Improvise> Checkpoint<M> {
    /// How many steps a restore would replay.
    pub fn length(&self) -> usize {
        self.log.len()
    }

    /// Drops the copy and the log.
    pub fn forget(&mut self) {
        self.model = None;
        self.log.clear();
    }

    /// Takes a copy of this model and begins a new log.
    pub fn set(&mut self, model: &M) {
        self.model = Some(model.checkpoint());
        self.log.clear();
    }

    /// Applies a command, and logs it if the model did not panic.
    pub fn apply(&mut self, model: &mut M, command: Command) {
        apply(model, LogStep::Received(command));
        self.log.push(LogStep::Received(command));
    }

    /// Decides a note, and logs the request if the model did not panic.
    pub fn decide(&mut self, model: &mut M, ask: DecisionRequest) -> Note {
        let note = model.decide(&ask);
        self.log.push(LogStep::Decided(ask));
        note
    }

    /// A copy that has replayed the log. When the replay panics too, the cause lies in the log: then the log is dropped
    /// and the copy goes on from the checkpoint itself. `None` when that panics as well.
    pub fn restore(&mut self) -> Option<M> {
        let replayed = |steps: &[LogStep]| {
            let replay = || {
                let mut model = self.model.as_ref()?.checkpoint();
                for step in steps {
                    apply(&mut model, *step);
                }
                model.catch_up();
                Some(model)
            };
            catch_unwind(AssertUnwindSafe(replay)).ok().flatten()
        };
        if let Some(model) = replayed(&self.log) {
            return Some(model);
        }
        let without_log = replayed(&[]);
        self.log.clear();
        if without_log.is_none() {
            self.model = None;
        }
        without_log
    }
}

/// Applies one step to the model.
fn apply(model: &mut impl Improvise, step: LogStep) {
    match step {
        LogStep::Received(Command::Heard(key)) => model.hear(key),
        LogStep::Received(Command::HeardBelow(key)) => model.hear_below(key),
        LogStep::Received(Command::Chord(chord)) => model.hear_chord(chord),
        LogStep::Received(Command::ChordSource(source)) => model.set_source(source),
        LogStep::Received(Command::Amend { id, duration }) => model.amend(id, duration),
        LogStep::Received(Command::ReleaseKey { id, duration }) => model.release_key(id, duration),
        LogStep::Received(Command::ReleasePedal { id, duration }) => model.release_pedal(id, duration),
        LogStep::Received(Command::Retract { from }) => model.retract(from),
        LogStep::Received(Command::ForgetUnplayed { onset, pitch }) => model.forget_unplayed(onset, pitch),
        LogStep::Received(Command::ForgetAll) => model.reset(),
        // The worker handles these itself.
        LogStep::Received(Command::Style(_) | Command::ReloadFiles | Command::Request(_)) => {}
        LogStep::Decided(ask) => {
            model.decide(&ask);
        }
    }
}

#[cfg(test)]
mod tests;
