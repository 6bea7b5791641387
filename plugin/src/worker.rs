//! The place where the mind runs: one thread for each instance.
//!
//! It sleeps until the audio thread wakes it, works off what the link holds, in order, and sleeps again. Whatever goes
//! wrong in the mind ends here: a panic is caught, counted and answered, and the mind is made anew.

use crate::link::{Look, MindEnd, NOTES_PER_WISH, Planned, ToMind, Wish};
use crate::realtime::host::StyleNumber;
use crate::vitals::{MindState, Vitals};
use segue_model::improviser::{Ask, Begin, HeardKey, Improviser};
use segue_model::note::{Note, Ticks};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;
use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

/// Of 0 to 99: before what merely computes, behind what makes the sound.
const PRIORITY: u8 = 80;
/// Notes at one onset after which the next must come later: more than ten fingers, so that a mind stuck in a chord
/// goes on.
const CHORD: usize = 12;

/// What the worker needs of a mind.
pub trait Improvise {
    /// A key went down.
    fn hear(&mut self, key: HeardKey);
    /// It lasted this long.
    fn amend(&mut self, id: u32, duration: Ticks);
    /// The next note.
    fn decide(&mut self, ask: &Ask) -> Note;
    /// The earliest moment at which the next note can begin.
    fn earliest(&self, ask: &Ask) -> Ticks;
    /// The earliest moment at which a note after this one can begin.
    fn nothing_before(&self, last: &Note) -> Ticks;
    /// Own notes from here on have not sounded.
    fn take_back(&mut self, from: Ticks);
    /// Forget everything.
    fn reset(&mut self);
    /// Work that can be done before the next decision, while nobody waits for it.
    fn catch_up(&mut self);
}

impl Improvise for Improviser {
    fn hear(&mut self, key: HeardKey) {
        self.hear(key);
    }
    fn amend(&mut self, id: u32, duration: Ticks) {
        self.amend(id, duration);
    }
    fn decide(&mut self, ask: &Ask) -> Note {
        self.decide(ask)
    }
    fn earliest(&self, ask: &Ask) -> Ticks {
        self.earliest(ask)
    }
    fn take_back(&mut self, from: Ticks) {
        self.take_back(from);
    }
    fn reset(&mut self) {
        self.reset();
    }
    fn nothing_before(&self, last: &Note) -> Ticks {
        let is_single_line = self.mind().vocabulary().polyphony == 1;
        if is_single_line { last.onset + last.duration } else { last.onset }
    }
    fn catch_up(&mut self) {
        self.catch_up();
    }
}

/// The thread. Dropping it ends and joins it.
#[derive(Debug)]
pub struct Worker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread. `make` runs on it and makes a mind of a style, if it can: a blank one at first and after
    /// every panic, and else out of the one that played before. `None` when the system has no thread left.
    pub fn start<M: Improvise>(
        end: MindEnd,
        vitals: Arc<Vitals>,
        make: impl Fn(StyleNumber, Option<M>) -> Option<M> + Send + 'static,
    ) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = thread::Builder::new().name("segue mind".into()).spawn(move || {
            // Best effort: a system that refuses gives us what every thread gets.
            let _ = ThreadPriorityValue::try_from(PRIORITY)
                .map(|priority| set_current_thread_priority(ThreadPriority::Crossplatform(priority)));
            Room::new(end, vitals, make).run(&flag);
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
pub(crate) struct Room<M, F> {
    end: MindEnd,
    vitals: Arc<Vitals>,
    make: F,
    /// None before the first word.
    style: Option<StyleNumber>,
    mind: Option<M>,
}

impl<M: Improvise, F: Fn(StyleNumber, Option<M>) -> Option<M>> Room<M, F> {
    /// Without a mind until it is told which style to play.
    pub fn new(end: MindEnd, vitals: Arc<Vitals>, make: F) -> Self {
        Self { end, vitals, make, style: None, mind: None }
    }

    /// Does what there is to do, and returns when there is nothing more.
    #[cfg(test)]
    pub fn work_off(&mut self) {
        while let Look::Word(word) = self.end.look() {
            self.attend(word);
        }
    }

    fn run(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            match self.end.look() {
                Look::Word(word) => self.attend(word),
                Look::Nothing => {
                    self.guarded(|mind, _| mind.catch_up());
                    thread::park();
                }
                Look::Gone => return,
            }
        }
    }

    fn make_mind(&mut self, before: Option<M>) {
        let Some(style) = self.style else { return };
        let made = catch_unwind(AssertUnwindSafe(|| (self.make)(style, before))).ok().flatten();
        self.vitals.set_mind(if made.is_some() { MindState::Ready } else { MindState::NoWeights });
        self.mind = made;
    }

    fn attend(&mut self, word: ToMind) {
        if let ToMind::Style(style) = word {
            self.style = Some(style);
        }
        if matches!(word, ToMind::Style(_) | ToMind::Files) {
            let before = self.mind.take();
            self.make_mind(before);
            return;
        }
        let done = self.guarded(|mind, end| meet(mind, word, end));
        if let (false, ToMind::Wish(Wish { generation, .. })) = (done, word) {
            // Whoever asked must not wait for ever.
            say(&self.end, Planned::Failed { generation });
        }
    }

    /// Does something with the mind. False when there is none, or when it broke and was made anew.
    fn guarded(&mut self, work: impl FnOnce(&mut M, &MindEnd)) -> bool {
        let Some(mind) = &mut self.mind else { return false };
        let done = catch_unwind(AssertUnwindSafe(|| work(mind, &self.end))).is_ok();
        if !done {
            self.vitals.panics.add_one();
            self.make_mind(None);
        }
        done
    }
}

fn meet(mind: &mut impl Improvise, word: ToMind, end: &MindEnd) {
    match word {
        ToMind::Heard(key) => mind.hear(key),
        ToMind::Amend { id, duration } => mind.amend(id, duration),
        ToMind::TakeBack { from } => mind.take_back(from),
        ToMind::Blank => mind.reset(),
        // What the room does, not the mind.
        ToMind::Style(_) | ToMind::Files => {}
        ToMind::Wish(wish) => fulfil(mind, wish, end),
    }
}

/// Decides notes until no other can begin before the horizon.
fn fulfil(mind: &mut impl Improvise, wish: Wish, end: &MindEnd) {
    let Wish { generation, turn, horizon, bars, form, ends, knobs, .. } = wish;
    let started = Instant::now();
    let (Begin::At(mut nothing_before) | Begin::NotBefore(mut nothing_before)) = wish.begin;
    let mut begin = wish.begin;
    let mut together = 0;
    if let Begin::NotBefore(_) = begin {
        nothing_before = mind.earliest(&Ask { turn, begin, bars, form, ends, knobs });
    }
    for _ in 0..NOTES_PER_WISH {
        // Its own last note may last beyond the horizon: then it is too early to decide the next.
        if nothing_before >= horizon {
            break;
        }
        let note = mind.decide(&Ask { turn, begin, bars, form, ends, knobs });
        say(end, Planned::Note { generation, note });
        let next = mind.nothing_before(&note);
        together = if next == nothing_before { together + 1 } else { 0 };
        nothing_before = if together < CHORD { next } else { note.onset + Ticks(1) };
        begin = Begin::NotBefore(nothing_before);
    }
    let think_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    say(end, Planned::Until { generation, nothing_before, think_ns });
}

fn say(end: &MindEnd, planned: Planned) {
    let said = end.say(planned);
    debug_assert!(said, "the bound on open wishes leaves room for every reply");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{AudioEnd, Nerve, link};
    use segue_model::note::{Pitch, Velocity};
    use segue_model::sampling::Knobs;

    /// Plays one note again and again; the highest key kills it.
    struct Fragile {
        step: Ticks,
        last: Ticks,
    }

    impl Improvise for Fragile {
        fn hear(&mut self, key: HeardKey) {
            assert_ne!(key.pitch, Pitch::MAX, "the key that kills");
        }
        fn amend(&mut self, _: u32, _: Ticks) {}
        fn decide(&mut self, ask: &Ask) -> Note {
            assert_ne!(ask.turn, 13, "the turn that kills");
            self.last = match ask.begin {
                Begin::At(onset) => onset,
                Begin::NotBefore(earliest) => earliest.max(self.last + self.step),
            };
            Note { onset: self.last, pitch: Pitch::MAX, duration: Ticks(1), velocity: Velocity::DEFAULT }
        }
        fn earliest(&self, ask: &Ask) -> Ticks {
            let (Begin::At(from) | Begin::NotBefore(from)) = ask.begin;
            from
        }
        fn nothing_before(&self, last: &Note) -> Ticks {
            last.onset
        }
        fn take_back(&mut self, _: Ticks) {}
        fn reset(&mut self) {}
        fn catch_up(&mut self) {}
    }

    fn start(step: Ticks) -> (AudioEnd, Worker, Arc<Vitals>) {
        let (mut audio, mind) = link();
        let vitals = Arc::new(Vitals::default());
        let make = move |_, _| Some(Fragile { step, last: Ticks::ZERO });
        let worker = Worker::start(mind, Arc::clone(&vitals), make).expect("a thread");
        audio.set_worker(worker.thread().expect("it runs"));
        assert!(audio.tell(ToMind::Style(StyleNumber(0))));
        (audio, worker, vitals)
    }

    fn wish(turn: u32, horizon: Ticks) -> ToMind {
        let (begin, form, knobs) = (Begin::At(Ticks(48)), Ticks::ZERO, Knobs::default());
        ToMind::Wish(Wish { generation: turn, turn, begin, horizon, bars: None, form, ends: None, knobs })
    }

    fn onsets(audio: &mut AudioEnd) -> Vec<i64> {
        let mut onsets = Vec::new();
        loop {
            match audio.wait_offline() {
                Some(Planned::Note { note, .. }) => onsets.push(note.onset.0),
                Some(Planned::Until { .. }) => return onsets,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_wish_is_answered_until_nothing_can_begin_before_its_horizon() {
        let (mut audio, _worker, _) = start(Ticks(24));
        assert!(audio.tell(wish(1, Ticks(96))));
        assert_eq!(onsets(&mut audio), [48, 72, 96]);
    }

    #[test]
    fn a_mind_stuck_in_a_chord_is_moved_on_and_its_reply_is_bounded() {
        let (mut audio, _worker, _) = start(Ticks::ZERO);
        assert!(audio.tell(wish(1, Ticks(1_000_000))));
        let onsets = onsets(&mut audio);
        assert_eq!(onsets.len(), NOTES_PER_WISH);
        assert!(onsets[CHORD] > onsets[0] && onsets.is_sorted());
    }

    #[test]
    fn a_panic_of_the_mind_is_survived_and_counted() {
        let (mut audio, _worker, vitals) = start(Ticks(24));
        assert!(audio.tell(wish(13, Ticks(49))));
        assert_eq!(audio.wait_offline(), Some(Planned::Failed { generation: 13 }));
        assert!(audio.tell(wish(14, Ticks(49))));
        assert_eq!(onsets(&mut audio), [48, 72], "the next wish is fulfilled by a new mind");
        assert_eq!(vitals.panics.get(), 1);
        assert_eq!(vitals.mind(), MindState::Ready);
    }

    #[test]
    fn refused_weights_are_said_and_every_wish_is_answered_all_the_same() {
        let (mut audio, mind) = link();
        let vitals = Arc::new(Vitals::default());
        let make = |_, _| None::<Fragile>;
        let worker = Worker::start(mind, Arc::clone(&vitals), make).expect("a thread");
        audio.set_worker(worker.thread().expect("it runs"));
        assert!(audio.tell(ToMind::Style(StyleNumber(0))));
        assert!(audio.tell(wish(1, Ticks(49))));
        assert_eq!(audio.wait_offline(), Some(Planned::Failed { generation: 1 }));
        assert_eq!(vitals.mind(), MindState::NoWeights);
    }

    #[test]
    fn dropping_the_worker_ends_its_thread_even_with_work_waiting() {
        let (mut audio, worker, _) = start(Ticks(24));
        for turn in 0..3 {
            assert!(audio.tell(wish(turn, Ticks(49))));
        }
        drop(worker);
    }
}
