//! The place where the mind runs: one thread for each instance.
//!
//! It sleeps until the audio thread wakes it, works off what the link holds, in order, and sleeps again. Whatever goes
//! wrong in the mind ends here: a panic is caught, counted and answered, and another mind goes on with the same past.

use crate::link::{ChordWish, Look, MindEnd, NOTES_PER_WISH, NobodyListens, Planned, ToMind, Wish};
use crate::realtime::comping::Stretch;
use crate::realtime::host::StyleNumber;
use crate::vitals::{MindState, Vitals};
use segue_model::chord::Chord;
use segue_model::harmony::{HeardChord, Source};
use segue_model::improviser::{Ask, Begin, HeardKey, Improviser};
use segue_model::note::{Metre, Note, Ticks};
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
    /// A key went down under a higher one that is held.
    fn hear_below(&mut self, key: HeardKey) {
        self.hear(key);
    }
    /// A chord was struck. Minds that know no chords have nothing to do.
    fn hear_chord(&mut self, _chord: HeardChord) {}
    /// The chords come from here.
    fn set_source(&mut self, _source: Source) {}
    /// What the chart says at a moment of the song, which began at `form`, and up to when; `None` when there is no chart.
    fn chart_at(&self, _moment: Ticks, _form: Ticks, _metre: Metre) -> Option<(Option<Chord>, Ticks)> {
        None
    }
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
    /// Another one that goes on as this one would, in case that this one breaks.
    #[must_use]
    fn spare(&self) -> Self
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
    fn set_source(&mut self, source: Source) {
        self.set_source(source);
    }
    fn chart_at(&self, moment: Ticks, form: Ticks, metre: Metre) -> Option<(Option<Chord>, Ticks)> {
        let (chord, until) = self.harmony().chart()?.stretch_at(moment - form, metre);
        Some((chord, until + form))
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
    fn spare(&self) -> Self {
        self.spare()
    }
}

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
    /// For a mind that is made anew.
    chords_from: Source,
    mind: Option<M>,
    past: Past<M>,
}

impl<M: Improvise, F: Fn(StyleNumber, Option<M>) -> Option<M>> Room<M, F> {
    /// Without a mind until it is told which style to play.
    pub fn new(end: MindEnd, vitals: Arc<Vitals>, make: F) -> Self {
        Self { end, vitals, make, style: None, chords_from: Source::default(), mind: None, past: Past::default() }
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
                    self.guarded(|mind, _, _| mind.catch_up());
                    self.keep_spare(STEPS_WHEN_IDLE);
                    thread::park();
                }
                Look::Gone => return,
            }
        }
    }

    fn attend(&mut self, word: ToMind) {
        if let ToMind::Style(style) = word {
            self.style = Some(style);
        }
        if let ToMind::ChordsFrom(source) = word {
            self.chords_from = source;
        }
        if matches!(word, ToMind::Style(_) | ToMind::Files) {
            self.change_mind();
            return;
        }
        let done = self.guarded(|mind, past, end| match word {
            ToMind::Wish(wish) => fulfil(mind, wish, past, end),
            ToMind::ChordWish(wish) => end.say(chord_of(mind, wish)),
            word => {
                past.tell(mind, word);
                Ok(())
            }
        });
        // Whoever asked must not wait for ever. Nobody may be there any more: then the next look says so.
        let _ = match (done, word) {
            (Some(said), _) => said,
            (None, ToMind::Wish(Wish { generation, .. })) => self.end.say(Planned::Failed { generation }),
            (None, ToMind::ChordWish(wish)) => self.end.say(without_chart(wish)),
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
            self.vitals.panics.add_one();
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
    fn guarded<R>(&mut self, work: impl FnOnce(&mut M, &mut Past<M>, &MindEnd) -> R) -> Option<R> {
        let Self { mind, past, end, .. } = self;
        let mind = mind.as_mut()?;
        let done = catch_unwind(AssertUnwindSafe(|| work(mind, past, end))).ok();
        if done.is_none() {
            self.vitals.panics.add_one();
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
        if self.past.since.len() >= steps {
            self.guarded(|mind, past, _| past.begin_from(mind));
        }
    }

    fn say_how_it_is(&self) {
        self.vitals.set_mind(if self.mind.is_some() { MindState::Ready } else { MindState::NoWeights });
    }
}

/// Steps after which a spare mind is made while nobody waits: they are gone again in some milliseconds.
const STEPS_WHEN_IDLE: usize = 128;
/// Steps after which one is made in any case, so that the list is bounded: gone again in a tenth of a second.
const MOST_STEPS: usize = 1024;

/// What the mind has gone through, so that another one can go through it again.
struct Past<M> {
    /// As it was once; `None` without a mind.
    spare: Option<M>,
    /// What came since, in order.
    since: Vec<Step>,
}

/// One thing that a mind goes through.
#[derive(Debug, Clone, Copy)]
enum Step {
    Told(ToMind),
    /// It decided a note.
    Asked(Ask),
}

impl<M> Default for Past<M> {
    fn default() -> Self {
        Self { spare: None, since: Vec::new() }
    }
}

impl<M: Improvise> Past<M> {
    /// Nothing before counts any more.
    fn forget(&mut self) {
        self.spare = None;
        self.since.clear();
    }

    /// What counts begins with this mind.
    fn begin_from(&mut self, mind: &M) {
        self.spare = Some(mind.spare());
        self.since.clear();
    }

    /// A word counts only when the mind survives it.
    fn tell(&mut self, mind: &mut M, word: ToMind) {
        take(mind, Step::Told(word));
        self.since.push(Step::Told(word));
    }

    /// And so does a note.
    fn decide(&mut self, mind: &mut M, ask: Ask) -> Note {
        let note = mind.decide(&ask);
        self.since.push(Step::Asked(ask));
        note
    }

    /// A mind that has gone through the same. What broke the last one may have been done to it earlier than it showed;
    /// then the other one goes on from further back. `None` when that breaks too.
    fn relived(&mut self) -> Option<M> {
        let again = |steps: &[Step]| {
            let live = || {
                let mut mind = self.spare.as_ref()?.spare();
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
        Step::Told(ToMind::Heard(key)) => mind.hear(key),
        Step::Told(ToMind::HeardBelow(key)) => mind.hear_below(key),
        Step::Told(ToMind::Chord(chord)) => mind.hear_chord(chord),
        Step::Told(ToMind::ChordsFrom(source)) => mind.set_source(source),
        Step::Told(ToMind::Amend { id, duration }) => mind.amend(id, duration),
        Step::Told(ToMind::TakeBack { from }) => mind.take_back(from),
        Step::Told(ToMind::Blank) => mind.reset(),
        // What the room does, not the mind.
        Step::Told(ToMind::Style(_) | ToMind::Files | ToMind::Wish(_) | ToMind::ChordWish(_)) => {}
        Step::Asked(ask) => {
            mind.decide(&ask);
        }
    }
}

/// What the chart says.
fn chord_of(mind: &impl Improvise, wish: ChordWish) -> Planned {
    let ChordWish { generation, at: from, bars, form } = wish;
    let Some((chord, until)) = mind.chart_at(from, form, bars.metre) else { return without_chart(wish) };
    Planned::Chord { generation, stretch: Stretch { from, until, chord } }
}

/// A rest up to the next bar line.
fn without_chart(ChordWish { generation, at: from, bars, .. }: ChordWish) -> Planned {
    let until = from - bars.place(from) + bars.metre.bar();
    Planned::Chord { generation, stretch: Stretch { from, until, chord: None } }
}

/// Decides notes until no other can begin before the horizon, or nobody listens any more.
fn fulfil<M: Improvise>(mind: &mut M, wish: Wish, past: &mut Past<M>, end: &MindEnd) -> Result<(), NobodyListens> {
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
        let note = past.decide(mind, Ask { turn, begin, bars, form, ends, knobs });
        end.say(Planned::Note { generation, note })?;
        let next = mind.nothing_before(&note);
        together = if next == nothing_before { together + 1 } else { 0 };
        nothing_before = if together < CHORD { next } else { note.onset + Ticks(1) };
        begin = Begin::NotBefore(nothing_before);
    }
    let think_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    end.say(Planned::Until { generation, nothing_before, think_ns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{AudioEnd, Nerve, link};
    use segue_model::note::{Pitch, Velocity};
    use segue_model::sampling::Knobs;
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
            from.max(self.last)
        }
        fn nothing_before(&self, last: &Note) -> Ticks {
            last.onset
        }
        fn take_back(&mut self, _: Ticks) {}
        fn reset(&mut self) {}
        fn catch_up(&mut self) {}
        fn spare(&self) -> Self {
            self.clone()
        }
    }

    /// Turns and keys that kill a mind, and how.
    const DEADLY_TURN: u32 = 13;
    const DEADLY_KEY: u8 = 127;
    /// It is heard, and kills only when it is taken in.
    const POISONOUS_KEY: u8 = 126;

    /// A real mind that breaks in the middle of something, and is then in no state to be used.
    struct Brittle(Improviser);

    impl Brittle {
        fn spoil(&mut self) -> ! {
            self.0.reset();
            panic!("planted");
        }
    }

    impl Improvise for Brittle {
        fn hear(&mut self, key: HeardKey) {
            self.0.hear(key);
            if key.pitch.key() == DEADLY_KEY {
                self.spoil();
            }
        }
        fn amend(&mut self, id: u32, duration: Ticks) {
            self.0.amend(id, duration);
        }
        fn decide(&mut self, ask: &Ask) -> Note {
            let note = self.0.decide(ask);
            if ask.turn == DEADLY_TURN && note.onset > Ticks(500) {
                self.spoil();
            }
            note
        }
        fn earliest(&self, ask: &Ask) -> Ticks {
            self.0.earliest(ask)
        }
        fn nothing_before(&self, last: &Note) -> Ticks {
            last.onset + last.duration
        }
        fn take_back(&mut self, from: Ticks) {
            self.0.take_back(from);
        }
        fn reset(&mut self) {
            self.0.reset();
        }
        fn catch_up(&mut self) {
            self.0.catch_up();
            if self.0.recent().any(|note| note.pitch.key() == POISONOUS_KEY) {
                self.spoil();
            }
        }
        fn spare(&self) -> Self {
            Self(self.0.spare())
        }
    }

    type MakeBrittle = fn(StyleNumber, Option<Brittle>) -> Option<Brittle>;

    /// A jam in which the same is told to a worker's room, and what it answers is written down.
    struct Jam {
        audio: AudioEnd,
        room: Room<Brittle, MakeBrittle>,
        vitals: Arc<Vitals>,
        heard: u32,
    }

    impl Jam {
        fn begin() -> Self {
            fn make(_: StyleNumber, before: Option<Brittle>) -> Option<Brittle> {
                before.or_else(|| Some(Brittle(Improviser::new(crate::preset::mind(crate::preset::DEFAULT)?))))
            }
            let (audio, end) = link();
            let vitals = Arc::new(Vitals::default());
            let mut jam =
                Self { audio, room: Room::new(end, Arc::clone(&vitals), make as MakeBrittle), vitals, heard: 0 };
            jam.tell(ToMind::Style(StyleNumber(0)));
            jam
        }

        fn tell(&mut self, word: ToMind) {
            assert!(self.audio.tell(word));
            self.room.work_off();
        }

        /// Plays eighths from here on, one for each key.
        fn play(&mut self, from: i64, keys: &[u8]) {
            for (index, key) in (0..).zip(keys) {
                let id = self.heard;
                self.heard += 1;
                self.tell(ToMind::Heard(HeardKey {
                    id,
                    onset: Ticks(from + 24 * index),
                    pitch: Pitch::new(*key).unwrap(),
                    velocity: Velocity::DEFAULT,
                    bars: None,
                    together: Ticks(1),
                    form: Ticks::ZERO,
                    memory: 1.0,
                    seed: 0,
                }));
                self.tell(ToMind::Amend { id, duration: Ticks(24) });
            }
        }

        /// What is said to a wish.
        fn answer(&mut self, turn: u32, from: i64, horizon: i64) -> Vec<Planned> {
            let (begin, form, knobs) = (Begin::At(Ticks(from)), Ticks::ZERO, Knobs::default());
            let horizon = Ticks(horizon);
            self.tell(ToMind::Wish(Wish { generation: 0, turn, begin, horizon, bars: None, form, ends: None, knobs }));
            let timeless = |said| match said {
                Planned::Until { generation, nothing_before, .. } => {
                    Planned::Until { generation, nothing_before, think_ns: 0 }
                }
                said => said,
            };
            std::iter::from_fn(|| self.audio.reply()).map(timeless).collect()
        }
    }

    const PHRASE: [u8; 16] = [62, 64, 66, 69, 71, 69, 66, 64, 62, 66, 69, 74, 73, 71, 69, 66];

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
    fn a_wish_for_a_time_that_the_last_note_still_fills_is_answered_without_a_note() {
        let (mut audio, _worker, _) = start(Ticks(24));
        assert!(audio.tell(wish(1, Ticks(96))));
        assert_eq!(onsets(&mut audio), [48, 72, 96]);
        let ToMind::Wish(early) = wish(2, Ticks(60)) else { panic!("it is a wish") };
        assert!(audio.tell(ToMind::Wish(Wish { begin: Begin::NotBefore(Ticks(50)), ..early })));
        let reply = audio.wait_offline();
        assert!(matches!(reply, Some(Planned::Until { nothing_before: Ticks(96), .. })), "{reply:?}");
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
    fn after_a_panic_the_next_decision_is_that_of_a_mind_that_never_panicked() {
        // Short of the first spare mind, and beyond some of them.
        for rounds in [1, 80] {
            let [mut whole, mut broken] = [Jam::begin(), Jam::begin()];
            let mut at = 0;
            for round in 0..rounds {
                for jam in [&mut whole, &mut broken] {
                    jam.play(at, &PHRASE);
                    assert!(jam.answer(round + 100, at + 384, at + 500).len() > 2);
                    jam.tell(ToMind::TakeBack { from: Ticks(at + 450) });
                }
                at += 768;
            }
            broken.play(at, &[DEADLY_KEY]);
            assert_eq!(broken.vitals.panics.get(), 1);
            whole.heard += 1;
            let expected = whole.answer(1, at + 24, at + 800);
            assert!(expected.len() > 10, "{expected:?}");
            assert_eq!(broken.answer(1, at + 24, at + 800), expected, "after {rounds} rounds");
            assert_eq!((broken.vitals.panics.get(), broken.vitals.mind()), (1, MindState::Ready));
        }
    }

    #[test]
    fn notes_that_were_told_before_a_decision_broke_stay_in_mind() {
        let [mut whole, mut broken] = [Jam::begin(), Jam::begin()];
        for jam in [&mut whole, &mut broken] {
            jam.play(0, &PHRASE);
        }
        // The note after 500 kills: the ones before it are told, and then that it failed.
        let told = broken.answer(DEADLY_TURN, 384, 900);
        let (last, notes) = told.split_last().unwrap();
        assert_eq!(*last, Planned::Failed { generation: 0 });
        let Some(Planned::Note { note: until, .. }) = notes.last() else { panic!("{told:?}") };
        // A mind that is asked for these alone.
        assert_eq!(&whole.answer(DEADLY_TURN, 384, until.onset.0 + 1)[..notes.len()], notes);
        assert_eq!(broken.answer(14, 960, 1_200), whole.answer(14, 960, 1_200));
        assert_eq!((broken.vitals.panics.get(), whole.vitals.panics.get()), (1, 0));
    }

    #[test]
    fn what_breaks_every_mind_that_hears_it_is_left_behind_with_what_came_since_the_last_spare_one() {
        let mut jam = Jam::begin();
        jam.play(0, &PHRASE);
        jam.room.keep_spare(0);
        jam.play(400, &[60, POISONOUS_KEY, 62]);
        jam.room.guarded(|mind, _, _| mind.catch_up());
        assert_eq!((jam.vitals.panics.get(), jam.vitals.mind()), (1, MindState::Ready));
        let mut whole = Jam::begin();
        whole.play(0, &PHRASE);
        assert_eq!(jam.answer(1, 800, 1_200), whole.answer(1, 800, 1_200));
    }

    #[test]
    fn what_would_have_to_be_gone_through_again_is_bounded() {
        let mut jam = Jam::begin();
        for round in 0..100 {
            jam.play(round * 400, &PHRASE);
            assert!(jam.room.past.since.len() <= MOST_STEPS);
        }
        jam.room.keep_spare(STEPS_WHEN_IDLE);
        assert!(jam.room.past.since.is_empty());
    }

    #[test]
    fn a_style_whose_making_breaks_leaves_the_one_before_in_its_place() {
        let (mut audio, end) = link();
        let vitals = Arc::new(Vitals::default());
        let make = |style: StyleNumber, before: Option<Fragile>| {
            assert_ne!(style, StyleNumber(9), "the style that kills");
            before.or(Some(Fragile { step: Ticks(24), last: Ticks::ZERO }))
        };
        let mut room = Room::new(end, Arc::clone(&vitals), make);
        for word in [ToMind::Style(StyleNumber(0)), ToMind::Style(StyleNumber(9)), wish(1, Ticks(96))] {
            assert!(audio.tell(word));
        }
        room.work_off();
        assert!(matches!(audio.reply(), Some(Planned::Note { .. })));
        assert_eq!((vitals.panics.get(), vitals.mind()), (1, MindState::Ready));
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
            fn decide(&mut self, ask: &Ask) -> Note {
                thread::sleep(LONG);
                self.0.decide(ask)
            }
            fn earliest(&self, ask: &Ask) -> Ticks {
                self.0.earliest(ask)
            }
            fn nothing_before(&self, last: &Note) -> Ticks {
                last.onset
            }
            fn take_back(&mut self, _: Ticks) {}
            fn reset(&mut self) {}
            fn catch_up(&mut self) {}
            fn spare(&self) -> Self {
                Self(self.0.clone())
            }
        }
        let (mut audio, mind) = link();
        let make = |_, _| Some(Slow(Fragile { step: Ticks(24), last: Ticks::ZERO }));
        let worker = Worker::start(mind, Arc::default(), make).expect("a thread");
        audio.set_worker(worker.thread().expect("it runs"));
        let begun = Instant::now();
        assert!(audio.tell(ToMind::Style(StyleNumber(0))) && audio.tell(wish(1, Ticks(49))));
        audio.wake();
        assert_eq!(audio.reply(), None);
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
            fn decide(&mut self, ask: &Ask) -> Note {
                self.decided.set(self.decided.get() + 1);
                if self.decided.get() == 3 {
                    self.audio.take();
                }
                self.mind.decide(ask)
            }
            fn earliest(&self, ask: &Ask) -> Ticks {
                self.mind.earliest(ask)
            }
            fn nothing_before(&self, last: &Note) -> Ticks {
                last.onset
            }
            fn take_back(&mut self, _: Ticks) {}
            fn reset(&mut self) {}
            fn catch_up(&mut self) {}
            fn spare(&self) -> Self {
                let Self { mind, audio, decided } = self;
                Self { mind: mind.clone(), audio: Rc::clone(audio), decided: Rc::clone(decided) }
            }
        }
        let (mut audio, end) = link();
        assert!(audio.tell(ToMind::Style(StyleNumber(0))) && audio.tell(wish(1, Ticks(1_000))));
        let (audio, decided) = (Rc::new(RefCell::new(Some(audio))), Rc::new(Cell::new(0)));
        let vitals = Arc::new(Vitals::default());
        let mind = Left { mind: Fragile { step: Ticks(24), last: Ticks::ZERO }, audio, decided: Rc::clone(&decided) };
        let mut room = Room::new(end, Arc::clone(&vitals), move |_, _| Some(mind.spare()));
        room.work_off();
        assert_eq!((vitals.panics.get(), decided.get()), (0, 3));
        assert!(matches!(room.end.look(), Look::Gone));
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
