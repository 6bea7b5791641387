//! The worker thread, on which the model runs: one for each instance.
//!
//! It sleeps until the audio thread wakes it, handles the commands in the link in order, and sleeps again. A panic of
//! the model ends here: it is caught, counted and answered, and another copy goes on from a checkpoint with the same
//! context.
//!
//! Knows nothing of blocks, frames and the host.

mod checkpoint;
mod improvise;
#[cfg(feature = "write_stats")]
mod on_purpose;
mod priority;
mod sleep;

mod sync {
    pub use std::sync::atomic::{AtomicBool, Ordering};
    pub use std::thread::{Thread, park};
}

pub use improvise::Improvise;

use crate::host::StyleNumber;
use crate::link::{Command, Disconnected, NOTES_PER_REQUEST, Received, Reply, Request, TurnNumber, WorkerEnd};
use crate::stats::{Stats, WorkerStatus};
use checkpoint::{Checkpoint, MOST_STEPS, STEPS_WHEN_IDLE};
use segue_model::harmony::HarmonySource;
use segue_model::improviser::{Begin, DecisionRequest};
use segue_model::note::Ticks;
use sleep::{AfterLook, StopFlag};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

/// The most notes at one onset; the next note must come later. More than ten fingers, so it only ends a model that is
/// stuck in a chord.
const CHORD: usize = 12;
/// No note is played shorter because of the swing: a thirty-second.
const SHORTEST: Ticks = Ticks(Ticks::quarters(1).0 / 8);

/// The handle of the thread. Dropping it ends and joins the thread.
#[derive(Debug)]
pub struct Worker {
    stop: Arc<StopFlag>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread. `make` runs on it and makes the model of a style, if it can: with an empty context at first,
    /// then with that of the model that played before. `None` when the system refuses the thread.
    pub fn start<M: Improvise>(
        end: WorkerEnd,
        stats: Arc<Stats>,
        make: impl Fn(StyleNumber, Option<M>) -> Option<M> + Send + 'static,
    ) -> Option<Self> {
        let stop = Arc::new(StopFlag::new());
        let flag = Arc::clone(&stop);
        let thread = thread::Builder::new().name("segue worker".into()).spawn(move || {
            priority::set();
            WorkerState::new(end, stats, make).run(&flag);
        });
        Some(Self { stop, thread: Some(thread.ok()?) })
    }

    /// The thread to wake.
    pub fn thread(&self) -> Option<Thread> {
        self.thread.as_ref().map(|handle| handle.thread().clone())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(handle) = self.thread.take() {
            self.stop.set(handle.thread());
            // It cannot have panicked outside the model, and after a panic there would be nothing left to do.
            let _ = handle.join();
        }
    }
}

/// What the thread owns: the model and what it needs.
pub(crate) struct WorkerState<M, F> {
    end: WorkerEnd,
    stats: Arc<Stats>,
    make: F,
    /// None before the first command.
    style: Option<StyleNumber>,
    /// Remembered for a model that is made later.
    chords_from: HarmonySource,
    model: Option<M>,
    checkpoint: Checkpoint<M>,
}

impl<M: Improvise, F: Fn(StyleNumber, Option<M>) -> Option<M>> WorkerState<M, F> {
    /// Without a model until a command names the style.
    pub fn new(end: WorkerEnd, stats: Arc<Stats>, make: F) -> Self {
        Self {
            end,
            stats,
            make,
            style: None,
            chords_from: HarmonySource::default(),
            model: None,
            checkpoint: Checkpoint::default(),
        }
    }

    /// Handles commands until the queue is empty.
    #[cfg(test)]
    pub fn run_until_idle(&mut self) {
        while let Received::Command(command) = self.end.receive() {
            self.handle(command);
        }
    }

    /// The present model.
    #[cfg(test)]
    pub fn model(&self) -> Option<&M> {
        self.model.as_ref()
    }

    fn run(&mut self, stop: &StopFlag) {
        #[cfg(feature = "write_stats")]
        let slowness = on_purpose::Slowness::of_next_worker();
        stop.run(|| match self.end.receive() {
            Received::Command(command) => {
                #[cfg(feature = "write_stats")]
                slowness.wait_before(&command);
                self.handle(command);
                self.end.count_done();
                AfterLook::LookAgain
            }
            Received::Nothing => {
                self.end.free_charts();
                self.guarded(|model, _, _| model.catch_up());
                self.keep_checkpoint(STEPS_WHEN_IDLE);
                AfterLook::Sleep
            }
            Received::Disconnected => AfterLook::End,
        });
    }

    fn handle(&mut self, command: Command) {
        if let Command::Style(style) = command {
            self.style = Some(style);
        }
        if let Command::ChordSource(source) = command {
            self.chords_from = source;
        }
        if matches!(command, Command::Style(_) | Command::ReloadFiles) {
            self.change_model();
            self.end.free_charts();
            self.end.send_chart(self.model.as_ref().and_then(Improvise::chart));
            return;
        }
        let done = self.guarded(|model, checkpoint, end| match command {
            Command::Request(request) => answer_request(model, request, checkpoint, end),
            command => {
                checkpoint.apply(model, command);
                Ok(())
            }
        });
        // Every request gets its terminator. If the audio end was dropped, the next receive says so.
        let _ = match (done, command) {
            (Some(said), _) => said,
            (None, Command::Request(Request { generation, .. })) => self.end.reply(Reply::Failed { generation }),
            (None, _) => Ok(()),
        };
        self.keep_checkpoint(MOST_STEPS);
    }

    /// Makes the model of the chosen style, or of changed files, with the present context. When that panics, the model
    /// from before plays on.
    fn change_model(&mut self) {
        let Some(style) = self.style else { return };
        let before = self.model.take();
        if let Ok(model) = catch_unwind(AssertUnwindSafe(|| self.made(style, before))) {
            self.model = model;
            self.checkpoint.forget();
            self.keep_checkpoint(0);
        } else {
            self.stats.panics.add_one();
            self.model = self.checkpoint.restore();
        }
        self.report_status();
    }

    fn made(&self, style: StyleNumber, before: Option<M>) -> Option<M> {
        let mut model = (self.make)(style, before)?;
        model.set_source(self.chords_from);
        Some(model)
    }

    /// Runs `work` on the model. `None` without a model, or when it panicked and another copy took its place.
    fn guarded<R>(&mut self, work: impl FnOnce(&mut M, &mut Checkpoint<M>, &WorkerEnd) -> R) -> Option<R> {
        let Self { model, checkpoint, end, .. } = self;
        let model = model.as_mut()?;
        let done = catch_unwind(AssertUnwindSafe(|| work(model, checkpoint, end))).ok();
        if done.is_none() {
            self.stats.panics.add_one();
            // Dropped before the next one is made. Its state may be broken, so the drop may panic too.
            let broken = self.model.take();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
            self.model = self.checkpoint.restore();
            if self.model.is_none() {
                let empty = || {
                    let model = self.made(self.style?, None)?;
                    self.checkpoint.set(&model);
                    Some(model)
                };
                self.model = catch_unwind(AssertUnwindSafe(empty)).ok().flatten();
            }
            self.report_status();
        }
        done
    }

    /// Takes a checkpoint when at least so many steps have been logged since the last one.
    fn keep_checkpoint(&mut self, steps: usize) {
        if self.checkpoint.length() >= steps {
            self.guarded(|model, checkpoint, _| checkpoint.set(model));
        }
    }

    fn report_status(&self) {
        self.stats.set_worker_status(if self.model.is_some() { WorkerStatus::Ready } else { WorkerStatus::NoWeights });
    }
}

/// Decides notes until none can begin before the horizon, or the audio end was dropped.
fn answer_request<M: Improvise>(
    model: &mut M,
    request: Request,
    checkpoint: &mut Checkpoint<M>,
    end: &WorkerEnd,
) -> Result<(), Disconnected> {
    let Request { generation, turn, horizon, bars, form, ends, along, sampling, swing, .. } = request;
    let TurnNumber(turn) = turn;
    let started = Instant::now();
    let (Begin::At(mut earliest_next) | Begin::NotBefore(mut earliest_next)) = request.begin;
    let mut begin = request.begin;
    let mut together = 0;
    if let Begin::NotBefore(_) = begin {
        earliest_next = model.earliest(&DecisionRequest { turn, begin, bars, form, ends, along, parameters: sampling });
    }
    for _ in 0..NOTES_PER_REQUEST {
        // The last note may reach beyond the horizon; then the next one is not decided yet.
        if earliest_next >= horizon {
            break;
        }
        #[cfg(feature = "write_stats")]
        on_purpose::panic();
        let note =
            checkpoint.decide(model, DecisionRequest { turn, begin, bars, form, ends, along, parameters: sampling });
        let sounding = swing.no_longer(swing.no_shorter(note, SHORTEST), sampling.limits.longest);
        end.reply(Reply::Note { generation, note: sounding })?;
        let mut next = model.earliest_after(&note);
        if next > note.onset {
            // A single line waits for the end of its note.
            next = next.max(note.onset + sounding.duration);
        }
        together = if next == earliest_next { together + 1 } else { 0 };
        earliest_next = if together < CHORD { next } else { note.onset + Ticks(1) };
        begin = Begin::NotBefore(earliest_next);
    }
    let elapsed_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    end.reply(Reply::Done { generation, earliest_next, elapsed_ns })
}

#[cfg(test)]
mod tests;
