use super::*;
use crate::link::{AudioEnd, Generation, WorkerPort, link};
use crate::time::swing::Swing;
use segue_model::improviser::HeardKey;
use segue_model::note::{Note, Pitch, Velocity};
use segue_model::sampling::SamplingParameters;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// Plays one note again and again; the highest key makes it panic.
#[derive(Clone)]
struct Fragile {
    step: Ticks,
    last: Ticks,
}

impl Improvise for Fragile {
    fn hear(&mut self, key: HeardKey) {
        assert_ne!(key.pitch, Pitch::MAX, "the key that makes it panic");
    }
    fn amend(&mut self, _: u32, _: Ticks) {}
    fn decide(&mut self, ask: &DecisionRequest) -> Note {
        assert_ne!(ask.turn, 13, "the turn that makes it panic");
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
    let (mut audio, model) = link();
    let stats = Arc::new(Stats::default());
    let make = move |_, _| Some(Fragile { step, last: Ticks::ZERO });
    let worker = Worker::start(model, Arc::clone(&stats), make).expect("a thread");
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

/// A request is answered until nothing can begin before its horizon.
#[test]
fn a_request_is_answered_up_to_its_horizon() {
    let (mut audio, _worker, _) = start(Ticks(24));
    assert!(audio.send(request(1, Ticks(96))));
    assert_eq!(onsets(&mut audio), [48, 72, 96]);
}

/// A request for a time that the last note still fills is answered without a note.
#[test]
fn a_request_within_the_last_note_brings_no_note() {
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
    assert_eq!(onsets(&mut audio), [48, 72], "a new model answers the next request");
    assert_eq!(stats.panics.get(), 1);
    assert_eq!(stats.worker_status(), WorkerStatus::Ready);
}

/// If building a style panics, the previous style stays.
#[test]
fn a_style_that_cannot_be_made_leaves_the_one_before() {
    let (mut audio, end) = link();
    let stats = Arc::new(Stats::default());
    let make = |style: StyleNumber, before: Option<Fragile>| {
        assert_ne!(style, StyleNumber(9), "the style that cannot be built");
        before.or(Some(Fragile { step: Ticks(24), last: Ticks::ZERO }))
    };
    let mut room = WorkerState::new(end, Arc::clone(&stats), make);
    for command in [Command::Style(StyleNumber(0)), Command::Style(StyleNumber(9)), request(1, Ticks(96))] {
        assert!(audio.send(command));
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
    let (mut audio, model) = link();
    let make = |_, _| Some(Slow(Fragile { step: Ticks(24), last: Ticks::ZERO }));
    let worker = Worker::start(model, Arc::default(), make).expect("a thread");
    audio.set_worker(worker.thread().expect("it runs"));
    let begun = Instant::now();
    assert!(audio.send(Command::Style(StyleNumber(0))) && audio.send(request(1, Ticks(49))));
    audio.wake();
    assert_eq!(audio.receive(), None);
    assert!(begun.elapsed() < LONG, "sending, waking and receiving do not wait");
    assert_eq!(onsets(&mut audio), [48, 72], "the reply still comes; the audio thread drops notes that are too late");
}

/// If weights are refused, that is reported, and every request still gets a reply.
#[test]
fn refused_weights_are_reported_and_requests_answered() {
    let (mut audio, model) = link();
    let stats = Arc::new(Stats::default());
    let make = |_, _| None::<Fragile>;
    let worker = Worker::start(model, Arc::clone(&stats), make).expect("a thread");
    audio.set_worker(worker.thread().expect("it runs"));
    assert!(audio.send(Command::Style(StyleNumber(0))));
    assert!(audio.send(request(1, Ticks(49))));
    assert_eq!(audio.wait_for_reply_offline(), Some(Reply::Failed { generation: Generation(1) }));
    assert_eq!(stats.worker_status(), WorkerStatus::NoWeights);
}

/// An instance may be dropped while its model decides, and then nothing more is decided.
#[test]
fn an_instance_may_go_while_its_model_decides() {
    /// A model whose instance is dropped with the third note.
    struct Left {
        model: Fragile,
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
            self.model.decide(ask)
        }
        fn earliest(&self, ask: &DecisionRequest) -> Ticks {
            self.model.earliest(ask)
        }
        fn earliest_after(&self, last: &Note) -> Ticks {
            last.onset
        }
        fn retract(&mut self, _: Ticks) {}
        fn forget_unplayed(&mut self, _: Ticks, _: Pitch) {}
        fn reset(&mut self) {}
        fn catch_up(&mut self) {}
        fn checkpoint(&self) -> Self {
            let Self { model, audio, decided } = self;
            Self { model: model.clone(), audio: Rc::clone(audio), decided: Rc::clone(decided) }
        }
    }
    let (mut audio, end) = link();
    assert!(audio.send(Command::Style(StyleNumber(0))) && audio.send(request(1, Ticks(1_000))));
    let (audio, decided) = (Rc::new(RefCell::new(Some(audio))), Rc::new(Cell::new(0)));
    let stats = Arc::new(Stats::default());
    let model = Left { model: Fragile { step: Ticks(24), last: Ticks::ZERO }, audio, decided: Rc::clone(&decided) };
    let mut room = WorkerState::new(end, Arc::clone(&stats), move |_, _| Some(model.checkpoint()));
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
