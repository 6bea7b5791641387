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
mod tests {
    use super::*;
    use crate::link::{AudioEnd, Generation, WorkerPort, link};
    use crate::time::swing::Swing;
    use segue_model::improviser::HeardKey;
    use segue_model::note::{Note, Pitch, Velocity};
    use segue_model::sampling::SamplingParameters;
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use std::time::Duration;

    /// Plays one note again and again; the highest key kills it.
    #[derive(Clone)]
    struct Fragile {
        step: Ticks,
        last: Ticks,
    }

    impl Improvise for Fragile {
        fn hear(&mut self, key: HeardKey) {
            assert_ne!(key.pitch, Pitch::MAX, "the key that kills");
        }
        fn amend(&mut self, _: u32, _: Ticks) {}
        fn decide(&mut self, ask: &DecisionRequest) -> Note {
            assert_ne!(ask.turn, 13, "the turn that kills");
            self.last = match ask.begin {
                Begin::At(onset) => onset,
                Begin::NotBefore(earliest) => earliest.max(self.last + self.step),
            };
            Note { onset: self.last, pitch: Pitch::MAX, duration: Ticks(1), velocity: Velocity::DEFAULT }
        }
        fn earliest(&self, ask: &DecisionRequest) -> Ticks {
            let (Begin::At(from) | Begin::NotBefore(from)) = ask.begin;
            from.max(self.last)
        }
        fn earliest_after(&self, last: &Note) -> Ticks {
            last.onset
        }
        fn retract(&mut self, _: Ticks) {}
        fn forget_unplayed(&mut self, _: Ticks, _: Pitch) {}
        fn reset(&mut self) {}
        fn catch_up(&mut self) {}
        fn checkpoint(&self) -> Self {
            self.clone()
        }
    }

    fn start(step: Ticks) -> (AudioEnd, Worker, Arc<Stats>) {
        let (mut audio, mind) = link();
        let stats = Arc::new(Stats::default());
        let make = move |_, _| Some(Fragile { step, last: Ticks::ZERO });
        let worker = Worker::start(mind, Arc::clone(&stats), make).expect("a thread");
        audio.set_worker(worker.thread().expect("it runs"));
        assert!(audio.send(Command::Style(StyleNumber(0))));
        (audio, worker, stats)
    }

    fn request(turn: u32, horizon: Ticks) -> Command {
        let (begin, form, sampling) = (Begin::At(Ticks(48)), Ticks::ZERO, SamplingParameters::default());
        Command::Request(Request {
            generation: Generation(turn),
            turn: TurnNumber(turn),
            begin,
            horizon,
            bars: None,
            form,
            ends: None,
            along: false,
            sampling,
            swing: Swing::STRAIGHT,
        })
    }

    fn onsets(audio: &mut AudioEnd) -> Vec<i64> {
        let mut onsets = Vec::new();
        loop {
            match audio.wait_for_reply_offline() {
                Some(Reply::Note { note, .. }) => onsets.push(note.onset.0),
                Some(Reply::Done { .. }) => return onsets,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_wish_is_answered_until_nothing_can_begin_before_its_horizon() {
        let (mut audio, _worker, _) = start(Ticks(24));
        assert!(audio.send(request(1, Ticks(96))));
        assert_eq!(onsets(&mut audio), [48, 72, 96]);
    }

    #[test]
    fn a_wish_for_a_time_that_the_last_note_still_fills_is_answered_without_a_note() {
        let (mut audio, _worker, _) = start(Ticks(24));
        assert!(audio.send(request(1, Ticks(96))));
        assert_eq!(onsets(&mut audio), [48, 72, 96]);
        let Command::Request(early) = request(2, Ticks(60)) else { panic!("it is a request") };
        assert!(audio.send(Command::Request(Request { begin: Begin::NotBefore(Ticks(50)), ..early })));
        let reply = audio.wait_for_reply_offline();
        assert!(matches!(reply, Some(Reply::Done { earliest_next: Ticks(96), .. })), "{reply:?}");
    }

    #[test]
    fn a_mind_stuck_in_a_chord_is_moved_on_and_its_reply_is_bounded() {
        let (mut audio, _worker, _) = start(Ticks::ZERO);
        assert!(audio.send(request(1, Ticks(1_000_000))));
        let onsets = onsets(&mut audio);
        assert_eq!(onsets.len(), NOTES_PER_REQUEST);
        assert!(onsets[CHORD] > onsets[0] && onsets.is_sorted());
    }

    #[test]
    fn a_panic_of_the_mind_is_survived_and_counted() {
        let (mut audio, _worker, stats) = start(Ticks(24));
        assert!(audio.send(request(13, Ticks(49))));
        assert_eq!(audio.wait_for_reply_offline(), Some(Reply::Failed { generation: Generation(13) }));
        assert!(audio.send(request(14, Ticks(49))));
        assert_eq!(onsets(&mut audio), [48, 72], "the next request is fulfilled by a new mind");
        assert_eq!(stats.panics.get(), 1);
        assert_eq!(stats.worker_status(), WorkerStatus::Ready);
    }

    #[test]
    fn a_style_whose_making_breaks_leaves_the_one_before_in_its_place() {
        let (mut audio, end) = link();
        let stats = Arc::new(Stats::default());
        let make = |style: StyleNumber, before: Option<Fragile>| {
            assert_ne!(style, StyleNumber(9), "the style that kills");
            before.or(Some(Fragile { step: Ticks(24), last: Ticks::ZERO }))
        };
        let mut room = WorkerState::new(end, Arc::clone(&stats), make);
        for word in [Command::Style(StyleNumber(0)), Command::Style(StyleNumber(9)), request(1, Ticks(96))] {
            assert!(audio.send(word));
        }
        room.run_until_idle();
        assert!(matches!(audio.receive(), Some(Reply::Note { .. })));
        assert_eq!((stats.panics.get(), stats.worker_status()), (1, WorkerStatus::Ready));
    }

    #[test]
    fn a_mind_that_takes_long_keeps_nobody_waiting() {
        const LONG: Duration = Duration::from_millis(300);
        struct Slow(Fragile);
        impl Improvise for Slow {
            fn hear(&mut self, key: HeardKey) {
                self.0.hear(key);
            }
            fn amend(&mut self, _: u32, _: Ticks) {}
            fn decide(&mut self, ask: &DecisionRequest) -> Note {
                thread::sleep(LONG);
                self.0.decide(ask)
            }
            fn earliest(&self, ask: &DecisionRequest) -> Ticks {
                self.0.earliest(ask)
            }
            fn earliest_after(&self, last: &Note) -> Ticks {
                last.onset
            }
            fn retract(&mut self, _: Ticks) {}
            fn forget_unplayed(&mut self, _: Ticks, _: Pitch) {}
            fn reset(&mut self) {}
            fn catch_up(&mut self) {}
            fn checkpoint(&self) -> Self {
                Self(self.0.clone())
            }
        }
        let (mut audio, mind) = link();
        let make = |_, _| Some(Slow(Fragile { step: Ticks(24), last: Ticks::ZERO }));
        let worker = Worker::start(mind, Arc::default(), make).expect("a thread");
        audio.set_worker(worker.thread().expect("it runs"));
        let begun = Instant::now();
        assert!(audio.send(Command::Style(StyleNumber(0))) && audio.send(request(1, Ticks(49))));
        audio.wake();
        assert_eq!(audio.receive(), None);
        assert!(begun.elapsed() < LONG, "neither telling, waking nor looking for a reply waits");
        assert_eq!(
            onsets(&mut audio),
            [48, 72],
            "it comes all the same; what is too late by then is the hands' to drop"
        );
    }

    #[test]
    fn refused_weights_are_said_and_every_wish_is_answered_all_the_same() {
        let (mut audio, mind) = link();
        let stats = Arc::new(Stats::default());
        let make = |_, _| None::<Fragile>;
        let worker = Worker::start(mind, Arc::clone(&stats), make).expect("a thread");
        audio.set_worker(worker.thread().expect("it runs"));
        assert!(audio.send(Command::Style(StyleNumber(0))));
        assert!(audio.send(request(1, Ticks(49))));
        assert_eq!(audio.wait_for_reply_offline(), Some(Reply::Failed { generation: Generation(1) }));
        assert_eq!(stats.worker_status(), WorkerStatus::NoWeights);
    }

    #[test]
    fn an_instance_that_goes_while_its_mind_decides_is_no_fault_and_nothing_more_is_decided() {
        /// Its instance goes with the third note.
        struct Left {
            mind: Fragile,
            audio: Rc<RefCell<Option<AudioEnd>>>,
            decided: Rc<Cell<u32>>,
        }
        impl Improvise for Left {
            fn hear(&mut self, _: HeardKey) {}
            fn amend(&mut self, _: u32, _: Ticks) {}
            fn decide(&mut self, ask: &DecisionRequest) -> Note {
                self.decided.set(self.decided.get() + 1);
                if self.decided.get() == 3 {
                    self.audio.take();
                }
                self.mind.decide(ask)
            }
            fn earliest(&self, ask: &DecisionRequest) -> Ticks {
                self.mind.earliest(ask)
            }
            fn earliest_after(&self, last: &Note) -> Ticks {
                last.onset
            }
            fn retract(&mut self, _: Ticks) {}
            fn forget_unplayed(&mut self, _: Ticks, _: Pitch) {}
            fn reset(&mut self) {}
            fn catch_up(&mut self) {}
            fn checkpoint(&self) -> Self {
                let Self { mind, audio, decided } = self;
                Self { mind: mind.clone(), audio: Rc::clone(audio), decided: Rc::clone(decided) }
            }
        }
        let (mut audio, end) = link();
        assert!(audio.send(Command::Style(StyleNumber(0))) && audio.send(request(1, Ticks(1_000))));
        let (audio, decided) = (Rc::new(RefCell::new(Some(audio))), Rc::new(Cell::new(0)));
        let stats = Arc::new(Stats::default());
        let mind = Left { mind: Fragile { step: Ticks(24), last: Ticks::ZERO }, audio, decided: Rc::clone(&decided) };
        let mut room = WorkerState::new(end, Arc::clone(&stats), move |_, _| Some(mind.checkpoint()));
        room.run_until_idle();
        assert_eq!((stats.panics.get(), decided.get()), (0, 3));
        assert!(matches!(room.end.receive(), Received::Disconnected));
    }

    #[test]
    fn dropping_the_worker_ends_its_thread_even_with_work_waiting() {
        let (mut audio, worker, _) = start(Ticks(24));
        for turn in 0..3 {
            assert!(audio.send(request(turn, Ticks(49))));
        }
        drop(worker);
    }
}
