use super::super::WorkerState;
use super::*;
use crate::host::StyleNumber;
use crate::link::{AudioEnd, Generation, Reply, Request, TurnNumber, WorkerPort, link};
use crate::stats::{Stats, WorkerStatus};
use crate::time::swing::Swing;
use segue_model::improviser::{Begin, HeardKey, Improviser};
use segue_model::lstm::Model;
use segue_model::note::{Pitch, Ticks, Velocity};
use segue_model::sampling::SamplingParameters;
use std::sync::{Arc, OnceLock};

/// Turns and keys that make a model panic, and how.
const DEADLY_TURN: u32 = 13;
const DEADLY_KEY: u8 = 127;
/// The model hears this key, and panics only when it is processed.
const POISONOUS_KEY: u8 = 126;

/// A real model that panics in the middle of an operation and is then in an unusable state.
struct PanickingModel(Improviser);

impl PanickingModel {
    fn spoil(&mut self) -> ! {
        self.0.reset();
        panic!("planted");
    }
}

impl Improvise for PanickingModel {
    fn hear(&mut self, key: HeardKey) {
        self.0.hear(key);
        if key.pitch.key() == DEADLY_KEY {
            self.spoil();
        }
    }
    fn amend(&mut self, id: u32, duration: Ticks) {
        self.0.amend(id, duration);
    }
    fn decide(&mut self, ask: &DecisionRequest) -> Note {
        let note = self.0.decide(ask);
        if ask.turn == DEADLY_TURN && note.onset > Ticks(500) {
            self.spoil();
        }
        note
    }
    fn earliest(&self, ask: &DecisionRequest) -> Ticks {
        self.0.earliest(ask)
    }
    fn earliest_after(&self, last: &Note) -> Ticks {
        last.onset + last.duration
    }
    fn retract(&mut self, from: Ticks) {
        self.0.retract(from);
    }
    fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch) {
        self.0.forget_unplayed(onset, pitch);
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
    fn checkpoint(&self) -> Self {
        Self(self.0.checkpoint())
    }
}

type MakePanicking = fn(StyleNumber, Option<PanickingModel>) -> Option<PanickingModel>;

fn shipped_model() -> Arc<Model> {
    static SHIPPED: OnceLock<Arc<Model>> = OnceLock::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../presets/irish.segue");
    let load = || Arc::new(Model::from_bytes(&std::fs::read(path).unwrap(), "irish").unwrap());
    Arc::clone(SHIPPED.get_or_init(load))
}

/// A session in which a worker receives commands and its replies are recorded.
struct Jam {
    audio: AudioEnd,
    state: WorkerState<PanickingModel, MakePanicking>,
    stats: Arc<Stats>,
    heard: u32,
}

impl Jam {
    fn begin() -> Self {
        fn make(_: StyleNumber, before: Option<PanickingModel>) -> Option<PanickingModel> {
            before.or_else(|| Some(PanickingModel(Improviser::new(shipped_model()))))
        }
        let (audio, end) = link();
        let stats = Arc::new(Stats::default());
        let mut jam =
            Self { audio, state: WorkerState::new(end, Arc::clone(&stats), make as MakePanicking), stats, heard: 0 };
        jam.send(Command::Style(StyleNumber(0)));
        jam
    }

    fn send(&mut self, command: Command) {
        assert!(self.audio.send(command));
        self.state.run_until_idle();
    }

    /// Plays eighths from this tick on, one for each key.
    fn play(&mut self, from: i64, keys: &[u8]) {
        for (index, key) in (0..).zip(keys) {
            let id = self.heard;
            self.heard += 1;
            self.send(Command::Heard(HeardKey {
                id,
                onset: Ticks(from + 24 * index),
                pitch: Pitch::new(*key).unwrap(),
                velocity: Velocity::DEFAULT,
                bars: None,
                together: Ticks(1),
                form: Ticks::ZERO,
                gate_percent: 100,
                memory: 1.0,
                seed: 0,
            }));
            self.send(Command::Amend { id, duration: Ticks(24) });
        }
    }

    /// The worker's replies to a request.
    fn answer(&mut self, turn: u32, from: i64, horizon: i64) -> Vec<Reply> {
        let (begin, form, sampling) = (Begin::At(Ticks(from)), Ticks::ZERO, SamplingParameters::default());
        let horizon = Ticks(horizon);
        self.send(Command::Request(Request {
            generation: Generation(0),
            turn: TurnNumber(turn),
            begin,
            horizon,
            bars: None,
            form,
            ends: None,
            along: false,
            sampling,
            swing: Swing::STRAIGHT,
        }));
        let timeless = |reply| match reply {
            Reply::Done { generation, earliest_next, .. } => Reply::Done { generation, earliest_next, elapsed_ns: 0 },
            reply => reply,
        };
        std::iter::from_fn(|| self.audio.receive()).map(timeless).collect()
    }
}

const PHRASE: [u8; 16] = [62, 64, 66, 69, 71, 69, 66, 64, 62, 66, 69, 74, 73, 71, 69, 66];

/// After a panic, the next decision is that of a model that never panicked.
#[test]
fn after_a_panic_decisions_are_as_if_there_was_none() {
    // Before the first checkpoint, and after several.
    for rounds in [1, 80] {
        let [mut whole, mut broken] = [Jam::begin(), Jam::begin()];
        let mut at = 0;
        for round in 0..rounds {
            for jam in [&mut whole, &mut broken] {
                jam.play(at, &PHRASE);
                assert!(jam.answer(round + 100, at + 384, at + 500).len() > 2);
                jam.send(Command::Retract { from: Ticks(at + 450) });
            }
            at += 768;
        }
        broken.play(at, &[DEADLY_KEY]);
        assert_eq!(broken.stats.panics.get(), 1);
        whole.heard += 1;
        let expected = whole.answer(1, at + 24, at + 800);
        assert!(expected.len() > 10, "{expected:?}");
        assert_eq!(broken.answer(1, at + 24, at + 800), expected, "after {rounds} rounds");
        assert_eq!((broken.stats.panics.get(), broken.stats.worker_status()), (1, WorkerStatus::Ready));
    }
}

#[test]
fn notes_that_were_told_before_a_decision_broke_stay_in_mind() {
    let [mut whole, mut broken] = [Jam::begin(), Jam::begin()];
    for jam in [&mut whole, &mut broken] {
        jam.play(0, &PHRASE);
    }
    // The note after tick 500 makes the model panic: the notes before it arrive, then the failure.
    let replies = broken.answer(DEADLY_TURN, 384, 900);
    let (last, notes) = replies.split_last().unwrap();
    assert_eq!(*last, Reply::Failed { generation: Generation(0) });
    let Some(Reply::Note { note: until, .. }) = notes.last() else { panic!("{replies:?}") };
    // A model that is asked for these notes only.
    assert_eq!(&whole.answer(DEADLY_TURN, 384, until.onset.0 + 1)[..notes.len()], notes);
    assert_eq!(broken.answer(14, 960, 1_200), whole.answer(14, 960, 1_200));
    assert_eq!((broken.stats.panics.get(), whole.stats.panics.get()), (1, 0));
}

/// A command that makes every model panic is dropped, together with everything since the last checkpoint.
#[test]
fn what_breaks_every_model_is_left_behind() {
    let mut jam = Jam::begin();
    jam.play(0, &PHRASE);
    jam.state.keep_checkpoint(0);
    jam.play(400, &[60, POISONOUS_KEY, 62]);
    jam.state.guarded(|model, _, _| model.catch_up());
    assert_eq!((jam.stats.panics.get(), jam.stats.worker_status()), (1, WorkerStatus::Ready));
    let mut whole = Jam::begin();
    whole.play(0, &PHRASE);
    assert_eq!(jam.answer(1, 800, 1_200), whole.answer(1, 800, 1_200));
}

#[test]
fn what_would_have_to_be_gone_through_again_is_bounded() {
    let mut jam = Jam::begin();
    for round in 0..100 {
        jam.play(round * 400, &PHRASE);
        assert!(jam.state.checkpoint.log.len() <= MOST_STEPS);
    }
    jam.state.keep_checkpoint(STEPS_WHEN_IDLE);
    assert!(jam.state.checkpoint.log.is_empty());
}
