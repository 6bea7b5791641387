//! The place where the mind runs: one thread for each instance.
//!
//! It sleeps until the audio thread wakes it, works off what the link holds, in order, and sleeps again. Whatever goes
//! wrong in the mind ends here: a panic is caught, counted and answered, and another mind goes on with the same past.

mod checkpoint;
mod improvise;
mod priority;

pub use improvise::Improvise;

use crate::host::StyleNumber;
use crate::link::{Command, Disconnected, NOTES_PER_REQUEST, Received, Reply, Request, TurnNumber, WorkerEnd};
use crate::stats::{Stats, WorkerStatus};
use checkpoint::{Checkpoint, MOST_STEPS, STEPS_WHEN_IDLE};
use segue_model::harmony::HarmonySource;
use segue_model::improviser::{Begin, DecisionRequest};
use segue_model::note::Ticks;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

/// Notes at one onset after which the next must come later: more than ten fingers, so that a mind stuck in a chord
/// goes on.
const CHORD: usize = 12;

/// The thread. Dropping it ends and joins it.
#[derive(Debug)]
pub struct Worker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread. `make` runs on it and makes a mind of a style, if it can: a blank one at first, and else out of
    /// the one that played before. `None` when the system has no thread left.
    pub fn start<M: Improvise>(
        end: WorkerEnd,
        stats: Arc<Stats>,
        make: impl Fn(StyleNumber, Option<M>) -> Option<M> + Send + 'static,
    ) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = thread::Builder::new().name("segue mind".into()).spawn(move || {
            priority::take();
            WorkerState::new(end, stats, make).run(&flag);
        });
        Some(Self { stop, thread: Some(thread.ok()?) })
    }

    /// Whom to wake.
    pub fn thread(&self) -> Option<Thread> {
        self.thread.as_ref().map(|handle| handle.thread().clone())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(handle) = self.thread.take() {
            handle.thread().unpark();
            // It cannot have panicked outside the mind; if it did, there is nobody left to tell.
            let _ = handle.join();
        }
    }
}

/// The worker's own room: the mind and what it needs.
pub(crate) struct WorkerState<M, F> {
    end: WorkerEnd,
    stats: Arc<Stats>,
    make: F,
    /// None before the first word.
    style: Option<StyleNumber>,
    /// For a mind that is made anew.
    chords_from: HarmonySource,
    mind: Option<M>,
    past: Checkpoint<M>,
}

impl<M: Improvise, F: Fn(StyleNumber, Option<M>) -> Option<M>> WorkerState<M, F> {
    /// Without a mind until it is told which style to play.
    pub fn new(end: WorkerEnd, stats: Arc<Stats>, make: F) -> Self {
        Self {
            end,
            stats,
            make,
            style: None,
            chords_from: HarmonySource::default(),
            mind: None,
            past: Checkpoint::default(),
        }
    }

    /// Does what there is to do, and returns when there is nothing more.
    #[cfg(test)]
    pub fn run_until_idle(&mut self) {
        while let Received::Command(word) = self.end.receive() {
            self.handle(word);
        }
    }

    /// The mind as it is now.
    #[cfg(test)]
    pub fn mind(&self) -> Option<&M> {
        self.mind.as_ref()
    }

    fn run(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            match self.end.receive() {
                Received::Command(word) => {
                    self.handle(word);
                    self.end.count_done();
                }
                Received::Nothing => {
                    self.end.free_charts();
                    self.guarded(|mind, _, _| mind.catch_up());
                    self.keep_spare(STEPS_WHEN_IDLE);
                    thread::park();
                }
                Received::Disconnected => return,
            }
        }
    }

    fn handle(&mut self, word: Command) {
        if let Command::Style(style) = word {
            self.style = Some(style);
        }
        if let Command::ChordSource(source) = word {
            self.chords_from = source;
        }
        if matches!(word, Command::Style(_) | Command::ReloadFiles) {
            self.change_mind();
            self.end.free_charts();
            self.end.send_chart(self.mind.as_ref().and_then(Improvise::chart));
            return;
        }
        let done = self.guarded(|mind, past, end| match word {
            Command::Request(request) => fulfil(mind, request, past, end),
            word => {
                past.tell(mind, word);
                Ok(())
            }
        });
        // Whoever asked must not wait for ever. Nobody may be there any more: then the next look says so.
        let _ = match (done, word) {
            (Some(said), _) => said,
            (None, Command::Request(Request { generation, .. })) => self.end.reply(Reply::Failed { generation }),
            (None, _) => Ok(()),
        };
        self.keep_spare(MOST_STEPS);
    }

    /// Plays the style that is wished, or to other chords, with the past that there is. When that breaks, what played
    /// before plays on.
    fn change_mind(&mut self) {
        let Some(style) = self.style else { return };
        let before = self.mind.take();
        if let Ok(mind) = catch_unwind(AssertUnwindSafe(|| self.made(style, before))) {
            self.mind = mind;
            self.past.forget();
            self.keep_spare(0);
        } else {
            self.stats.panics.add_one();
            self.mind = self.past.relived();
        }
        self.say_how_it_is();
    }

    fn made(&self, style: StyleNumber, before: Option<M>) -> Option<M> {
        let mut mind = (self.make)(style, before)?;
        mind.set_source(self.chords_from);
        Some(mind)
    }

    /// Does something with the mind. `None` when there is none, or when it broke and another one took its place.
    fn guarded<R>(&mut self, work: impl FnOnce(&mut M, &mut Checkpoint<M>, &WorkerEnd) -> R) -> Option<R> {
        let Self { mind, past, end, .. } = self;
        let mind = mind.as_mut()?;
        let done = catch_unwind(AssertUnwindSafe(|| work(mind, past, end))).ok();
        if done.is_none() {
            self.stats.panics.add_one();
            // Dropped before the next one is made, and whatever it has become may break once more.
            let broken = self.mind.take();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
            self.mind = self.past.relived();
            if self.mind.is_none() {
                let blank = || {
                    let mind = self.made(self.style?, None)?;
                    self.past.begin_from(&mind);
                    Some(mind)
                };
                self.mind = catch_unwind(AssertUnwindSafe(blank)).ok().flatten();
            }
            self.say_how_it_is();
        }
        done
    }

    /// Sees to it that no more than so many steps would have to be gone again.
    fn keep_spare(&mut self, steps: usize) {
        if self.past.length() >= steps {
            self.guarded(|mind, past, _| past.begin_from(mind));
        }
    }

    fn say_how_it_is(&self) {
        self.stats.set_worker_status(if self.mind.is_some() { WorkerStatus::Ready } else { WorkerStatus::NoWeights });
    }
}

/// Decides notes until no other can begin before the horizon, or nobody listens any more.
fn fulfil<M: Improvise>(
    mind: &mut M,
    request: Request,
    past: &mut Checkpoint<M>,
    end: &WorkerEnd,
) -> Result<(), Disconnected> {
    let Request { generation, turn, horizon, bars, form, ends, along, sampling, swing, .. } = request;
    let TurnNumber(turn) = turn;
    let started = Instant::now();
    let (Begin::At(mut earliest_next) | Begin::NotBefore(mut earliest_next)) = request.begin;
    let mut begin = request.begin;
    let mut together = 0;
    if let Begin::NotBefore(_) = begin {
        earliest_next = mind.earliest(&DecisionRequest { turn, begin, bars, form, ends, along, parameters: sampling });
    }
    for _ in 0..NOTES_PER_REQUEST {
        // Its own last note may last beyond the horizon: then it is too early to decide the next.
        if earliest_next >= horizon {
            break;
        }
        let note = past.decide(mind, DecisionRequest { turn, begin, bars, form, ends, along, parameters: sampling });
        let sounding = swing.no_longer(note, sampling.limits.longest);
        end.reply(Reply::Note { generation, note: sounding })?;
        let next = mind.earliest_after(&note);
        together = if next == earliest_next { together + 1 } else { 0 };
        earliest_next = if together < CHORD { next } else { note.onset + Ticks(1) };
        begin = Begin::NotBefore(earliest_next);
    }
    let elapsed_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    end.reply(Reply::Done { generation, earliest_next, elapsed_ns })
}

#[cfg(test)]
mod tests;
