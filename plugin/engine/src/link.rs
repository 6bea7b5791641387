//! The nerve between the hands and the mind: two bounded queues of plain data.
//!
//! Everything that the mind hears, is told to forget or is asked goes through one queue, so that it meets them in the
//! order in which they happened. A full queue is an answer (`false`), never a wait. The worker sleeps in
//! [`std::thread::park`], never in `recv`: a receiver asleep there would make the sender take a lock to wake it.
//!
//! Invariant: every reply finds room. The audio end counts the replies that it may still be given, and asks nothing to
//! which the answer might not fit; so the worker neither waits nor loses anything, whatever else goes wrong.

use crate::host::StyleNumber;
use crate::time::swing::Swing;
use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use segue_model::chart::Chart;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::improviser::{Begin, HeardKey};
use segue_model::note::{Bars, Note, Pitch, Ticks};
use segue_model::sampling::SamplingParameters;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Room for what the mind has not got round to yet: some seconds of the densest playing.
pub const COMMANDS: usize = 1024;
/// The most notes in the reply to one request.
pub const NOTES_PER_REQUEST: usize = 64;
/// Its notes, and one word more: that these are all, or that the mind broke.
const REPLIES_PER_REQUEST: usize = NOTES_PER_REQUEST + 1;
/// The most requests that are made before the first of them is answered. In a duet each note of a run that comes in one
/// block is a reason for another.
pub const OPEN_REQUESTS: usize = 16;
/// Room for the replies to all that is asked at once.
const REPLIES: usize = OPEN_REQUESTS * REPLIES_PER_REQUEST;
/// Commands that bring another chart and are not answered yet.
const OPEN_CHARTS: usize = 4;

/// One thing for the mind.
#[derive(Debug, Clone, Copy)]
pub enum Command {
    /// A key went down.
    Heard(HeardKey),
    /// A key went down under a higher one that is held, where hands play melody and chords together.
    HeardBelow(HeardKey),
    /// A chord was struck.
    Chord(HeardChord),
    /// The chords come from here.
    ChordSource(HarmonySource),
    /// A heard note is over: its key is up, and no pedal lets it ring on.
    Amend {
        /// The id it was heard under.
        id: u32,
        /// How long it lasted.
        duration: Ticks,
    },
    /// The key of a heard note is up, and the pedal lets it ring on.
    ReleaseKey {
        /// The id it was heard under.
        id: u32,
        /// How long the key was down.
        duration: Ticks,
    },
    /// A heard note that rang on in the pedal is over.
    ReleasePedal {
        /// The id it was heard under.
        id: u32,
        /// How long it lasted.
        duration: Ticks,
    },
    /// Own notes from here on have not sounded and will not.
    Retract {
        /// The first moment that did not sound.
        from: Ticks,
    },
    /// A note of its own that it told will not sound: it came too late, or its key is the player's.
    ForgetUnplayed {
        /// When it was to begin.
        onset: Ticks,
        /// Its key, as it was told.
        pitch: Pitch,
    },
    /// Decide some notes.
    Request(Request),
    /// Forget everything: a new performance.
    ForgetAll,
    /// Play this style from now on. The reply is the chart that counts then.
    Style(StyleNumber),
    /// The chord chart or the file of the own style has changed; the worker knows where they are. The reply is the chart
    /// that counts then.
    ReloadFiles,
}

impl Command {
    /// The most replies that it can have.
    const fn replies(self) -> usize {
        match self {
            Self::Request(_) => REPLIES_PER_REQUEST,
            _ => 0,
        }
    }

    /// Whether the reply is a chart.
    const fn brings_a_chart(self) -> bool {
        matches!(self, Self::Style(_) | Self::ReloadFiles)
    }
}

/// Numbers the plans. A reply with an older number answers a request of a plan that no longer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generation(pub u32);

/// Numbers the turns in which Segue plays; each has its own sequence of random draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TurnNumber(pub u32);

impl Generation {
    /// The number of the plan after this one. Wraps around.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl TurnNumber {
    /// The number of the turn after this one. Wraps around.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// *Decide every note with its onset before the horizon.* The place in the queue says as of when.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Which plan it belongs to: what comes back for an older one is never played.
    pub generation: Generation,
    /// The running number of the turn.
    pub turn: TurnNumber,
    /// Where the first of the notes begins.
    pub begin: Begin,
    /// Up to where it must be known what sounds.
    pub horizon: Ticks,
    /// The bars at this moment; `None` is free time.
    pub bars: Option<Bars>,
    /// Where the chart began, or begins.
    pub form: Ticks,
    /// Where the answer ends: no note begins there or later. `None` when it goes on without end.
    pub ends: Option<Ticks>,
    /// The player goes on playing meanwhile: a duet.
    pub along: bool,
    /// The controls at this moment.
    pub sampling: SamplingParameters,
    /// How the beat is divided where the notes are played.
    pub swing: Swing,
}

/// One thing from the mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// A decided note.
    Note {
        /// The plan that it belongs to.
        generation: Generation,
        /// The note.
        note: Note,
    },
    /// The request is fulfilled.
    Done {
        /// The plan that it belongs to.
        generation: Generation,
        /// No note of the plan that is not known yet begins earlier.
        earliest_next: Ticks,
        /// How long the whole request took.
        elapsed_ns: u64,
    },
    /// The mind broke over the request and is being made anew.
    Failed {
        /// The plan that it belongs to.
        generation: Generation,
    },
}

impl Reply {
    /// How many replies come no more, now that this one has come: of a request, all of them with its last.
    const fn settles(self) -> usize {
        match self {
            Self::Note { .. } => 0,
            Self::Done { .. } | Self::Failed { .. } => REPLIES_PER_REQUEST,
        }
    }
}

/// The chart that the comping plays: `None` is no chart.
pub type SharedChart = Option<Arc<Chart>>;

// Only plain data crosses, and charts that come back, so the audio thread never frees memory.
const fn crosses_as_plain_data<T: Copy + Send>() {}
const _: () = {
    crosses_as_plain_data::<Command>();
    crosses_as_plain_data::<Reply>();
};

/// What the performer needs of the nerve.
pub trait WorkerPort {
    /// False when the queue is full because the mind is behind, or the answer might find no room; the caller counts it
    /// and plays on.
    #[must_use]
    fn send(&mut self, command: Command) -> bool;
    /// How many more words fit.
    fn free_slots(&self) -> usize;
    /// The next thing that the mind has said, if any.
    fn receive(&mut self) -> Option<Reply>;
    /// The next chart that the worker has sent, if any. Whoever takes one gives the one before back.
    fn take_chart(&mut self) -> Option<SharedChart>;
    /// Sends a chart back to be freed.
    fn give_back(&mut self, chart: Arc<Chart>);
    /// Whether a chart is under way.
    fn awaits_chart(&self) -> bool;
    /// For offline rendering alone: waits until the mind says something or has taken too long.
    fn wait_for_reply_offline(&mut self) -> Option<Reply>;
    /// For offline rendering alone: waits for a chart that is under way, or until the worker has taken too long.
    fn wait_for_chart_offline(&mut self) -> Option<SharedChart>;
    /// For offline rendering alone: waits until there is room for another word, or the mind has taken too long.
    fn make_room_offline(&mut self);
}

/// The audio thread's end. Only the two methods that say so can wait.
#[derive(Debug)]
pub struct AudioEnd {
    to_mind: Sender<Command>,
    planned: Receiver<Reply>,
    charts: Receiver<SharedChart>,
    spent_charts: Sender<Arc<Chart>>,
    /// Charts that are still to come.
    charts_owed: usize,
    worker: Option<Thread>,
    /// The replies that may still come, or wait to be looked at. Invariant: they fit.
    owed: usize,
    /// Whether something was sent since the worker was last woken.
    told: bool,
    /// How many words were sent, and how many of them the worker has done; both wrap around.
    sent: u32,
    done: Arc<AtomicU32>,
    /// How long an offline rendering waits; nothing more after the first time in vain, until the mind answers again.
    patience: Duration,
}

/// How long an offline rendering waits for the mind: longer than a busy machine takes to load it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a waiting thread looks before it begins to sleep in between.
const EAGER_LOOKS: u32 = 2_000;
const NAP: Duration = Duration::from_micros(50);

impl AudioEnd {
    /// Lets the worker know that there is something to do, if there is. Once per block: it costs a system call.
    pub fn wake(&mut self) {
        if std::mem::take(&mut self.told)
            && let Some(worker) = &self.worker
        {
            worker.unpark();
        }
    }

    /// Waits until the worker has done all that was sent and answered, or the limit is over. True when it waited at all.
    /// For hosts that render without saying so; the answers are taken by the next block.
    pub fn catch_up(&mut self, limit: Duration) -> bool {
        if self.worker.is_none() || self.is_caught_up() {
            return false;
        }
        let begun = Instant::now();
        let mut looks = 0_u32;
        while !self.is_caught_up() && begun.elapsed() < limit {
            looks = looks.saturating_add(1);
            if looks < EAGER_LOOKS { std::thread::yield_now() } else { std::thread::sleep(NAP) }
        }
        true
    }

    /// The worker has done all that was sent.
    fn is_caught_up(&self) -> bool {
        self.done.load(Ordering::Acquire) == self.sent
    }

    /// Whom to wake; without it words are kept until somebody looks.
    pub fn set_worker(&mut self, worker: Thread) {
        self.worker = Some(worker);
    }

    fn wait<T>(&mut self, mut look: impl FnMut(&mut Self) -> Option<T>) -> Option<T> {
        self.wake();
        let begun = Instant::now();
        for looks in 0_u32.. {
            if let Some(found) = look(self) {
                self.patience = PATIENCE;
                return Some(found);
            }
            if begun.elapsed() > self.patience {
                break;
            }
            if looks < EAGER_LOOKS { std::thread::yield_now() } else { std::thread::sleep(NAP) }
        }
        self.patience = Duration::ZERO;
        None
    }
}

impl WorkerPort for AudioEnd {
    fn send(&mut self, command: Command) -> bool {
        let owed = self.owed + command.replies();
        let charts_owed = self.charts_owed + usize::from(command.brings_a_chart());
        let has_room = owed <= REPLIES && charts_owed <= OPEN_CHARTS;
        let sent = has_room && self.to_mind.try_send(command).is_ok();
        if sent {
            (self.owed, self.charts_owed) = (owed, charts_owed);
            self.told = true;
            self.sent = self.sent.wrapping_add(1);
        }
        sent
    }

    fn free_slots(&self) -> usize {
        COMMANDS.saturating_sub(self.to_mind.len())
    }

    fn receive(&mut self) -> Option<Reply> {
        let planned = self.planned.try_recv().ok();
        if let Some(planned) = planned {
            self.owed = self.owed.saturating_sub(planned.settles());
            self.patience = PATIENCE;
        }
        planned
    }

    fn take_chart(&mut self) -> Option<SharedChart> {
        let chart = self.charts.try_recv().ok();
        self.charts_owed -= usize::from(chart.is_some());
        chart
    }

    fn give_back(&mut self, chart: Arc<Chart>) {
        if let Err(error) = self.spent_charts.try_send(chart) {
            // There is room for every chart that can be out, so the worker is gone, which it is only when the whole instance
            // goes. Freed here, the memory would be freed by the audio thread.
            std::mem::forget(error.into_inner());
        }
    }

    fn awaits_chart(&self) -> bool {
        self.charts_owed > 0
    }

    fn wait_for_reply_offline(&mut self) -> Option<Reply> {
        self.wait(Self::receive)
    }

    fn wait_for_chart_offline(&mut self) -> Option<SharedChart> {
        self.wait(Self::take_chart)
    }

    fn make_room_offline(&mut self) {
        let _ = self.wait(|end| (end.free_slots() > COMMANDS / 2).then_some(()));
    }
}

/// The worker's end.
#[derive(Debug)]
pub struct WorkerEnd {
    words: Receiver<Command>,
    planned: Sender<Reply>,
    charts: Sender<SharedChart>,
    spent_charts: Receiver<Arc<Chart>>,
    done: Arc<AtomicU32>,
}

/// What the worker finds when it looks.
#[derive(Debug, Clone, Copy)]
pub enum Received {
    /// Something to do.
    Command(Command),
    /// Nothing yet.
    Nothing,
    /// Nothing ever again: the audio end is gone.
    Disconnected,
}

/// The audio end is gone, and with it whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disconnected;

impl WorkerEnd {
    /// The next word, without waiting.
    pub fn receive(&self) -> Received {
        match self.words.try_recv() {
            Ok(word) => Received::Command(word),
            Err(TryRecvError::Empty) => Received::Nothing,
            Err(TryRecvError::Disconnected) => Received::Disconnected,
        }
    }

    /// Counts one more word as done, its replies included.
    pub fn count_done(&self) {
        self.done.fetch_add(1, Ordering::Release);
    }

    /// Answers a command that brings a chart.
    pub fn send_chart(&self, chart: SharedChart) {
        // Whoever is gone needs none; and no more are asked for than there is room for.
        let sent = self.charts.try_send(chart);
        debug_assert!(!matches!(sent, Err(TrySendError::Full(_))), "no chart is sent that was not asked for");
    }

    /// Frees the charts that have come back.
    pub fn free_charts(&self) {
        while self.spent_charts.try_recv().is_ok() {}
    }

    /// Answers a request, by notes and one last reply.
    ///
    /// # Errors
    /// When the audio end is gone.
    pub fn reply(&self, planned: Reply) -> Result<(), Disconnected> {
        match self.planned.try_send(planned) {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(_)) => Err(Disconnected),
            Err(TrySendError::Full(_)) => {
                debug_assert!(false, "nothing is asked to which the answer might not fit");
                Ok(())
            }
        }
    }
}

/// Both ends of a new link.
pub fn link() -> (AudioEnd, WorkerEnd) {
    let (to_mind, words) = bounded(COMMANDS);
    let (say, planned) = bounded(REPLIES);
    let (give_chart, charts) = bounded(OPEN_CHARTS);
    // What was sent and is not looked at yet, and the one that is played.
    let (spend_chart, spent_charts) = bounded(OPEN_CHARTS + 1);
    let done = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&done);
    let audio = AudioEnd {
        to_mind,
        planned,
        charts,
        spent_charts: spend_chart,
        charts_owed: 0,
        worker: None,
        owed: 0,
        told: false,
        sent: 0,
        done,
        patience: PATIENCE,
    };
    (audio, WorkerEnd { words, planned: say, charts: give_chart, spent_charts, done: counted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use segue_model::note::Velocity;

    #[test]
    fn a_full_link_says_so_and_does_not_wait() {
        let (mut audio, mind) = link();
        assert_eq!((0..2 * COMMANDS).filter(|_| audio.send(Command::ForgetAll)).count(), COMMANDS);
        assert_eq!(audio.free_slots(), 0);
        assert!(matches!(mind.receive(), Received::Command(Command::ForgetAll)));
        assert!(audio.send(Command::ForgetAll), "there is room again");
    }

    fn request() -> Command {
        let (begin, horizon, sampling) = (Begin::At(Ticks::ZERO), Ticks(1), SamplingParameters::default());
        let form = Ticks::ZERO;
        Command::Request(Request {
            generation: Generation(0),
            turn: TurnNumber(0),
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

    /// All that the mind can say to a word; `broken` when it breaks after so many notes.
    fn replies_to(word: Command, notes: usize, breaks: bool) -> Vec<Reply> {
        let generation = Generation(0);
        let note = Note { onset: Ticks::ZERO, pitch: Pitch::MAX, duration: Ticks(1), velocity: Velocity::DEFAULT };
        let last = match word {
            Command::Request(_) if breaks => Reply::Failed { generation },
            Command::Request(_) => Reply::Done { generation, earliest_next: Ticks::ZERO, elapsed_ns: 0 },
            _ => return Vec::new(),
        };
        std::iter::repeat_n(Reply::Note { generation, note }, notes).chain([last]).collect()
    }

    #[test]
    fn as_much_as_may_be_asked_at_once_is_asked_and_more_is_not() {
        let (mut audio, _mind) = link();
        for _ in 0..OPEN_REQUESTS {
            assert!(audio.send(request()));
        }
        for _ in 0..OPEN_CHARTS {
            assert!(audio.send(Command::ReloadFiles));
        }
        assert!(!audio.send(request()) && !audio.send(Command::ReloadFiles) && audio.send(Command::ForgetAll));
    }

    /// What can happen at either end.
    #[derive(Debug, Clone, Copy)]
    enum Move {
        Ask(Command),
        /// The mind answers the next word, with so many notes, or breaks after them.
        Answer(usize, bool),
        /// So many replies are looked at.
        Look(usize),
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let notes = prop_oneof![Just(NOTES_PER_REQUEST), 0..=NOTES_PER_REQUEST];
        let one = prop_oneof![
            4 => Just(Move::Ask(request())),
            1 => Just(Move::Ask(Command::ForgetAll)),
            4 => (notes, any::<bool>()).prop_map(|(notes, breaks)| Move::Answer(notes, breaks)),
            1 => (0..NOTES_PER_REQUEST).prop_map(Move::Look),
        ];
        prop::collection::vec(one, 0..500)
    }

    proptest! {
        #[test]
        fn every_reply_finds_room_and_comes_whoever_is_slow(moves in moves()) {
            let (mut audio, mind) = link();
            let (mut said, mut seen) = (0, 0);
            for one in moves {
                match one {
                    Move::Ask(word) => drop(audio.send(word)),
                    Move::Answer(notes, breaks) => {
                        let Received::Command(word) = mind.receive() else { continue };
                        for reply in replies_to(word, notes, breaks) {
                            prop_assert_eq!(mind.reply(reply), Ok(()));
                            said += 1;
                        }
                    }
                    Move::Look(most) => seen += (0..most).map_while(|_| audio.receive()).count(),
                }
            }
            while let Received::Command(word) = mind.receive() {
                for reply in replies_to(word, NOTES_PER_REQUEST, false) {
                    prop_assert_eq!(mind.reply(reply), Ok(()));
                    said += 1;
                }
            }
            seen += std::iter::from_fn(|| audio.receive()).count();
            prop_assert_eq!((seen, audio.owed), (said, 0), "nothing is lost, and what is answered is owed no more");
        }
    }

    /// However many charts are asked for, each comes once, and the worker frees it: nothing is left behind, and no chart is
    /// freed by the audio thread.
    #[test]
    fn every_chart_comes_and_goes_back_to_be_freed() {
        let (mut audio, mind) = link();
        let chart = Arc::new(Chart::parse("C7 | F7").unwrap().unwrap());
        let mut played: SharedChart = None;
        for round in 0..20 {
            let asked = (0..=OPEN_CHARTS).filter(|_| audio.send(Command::ReloadFiles)).count();
            assert_eq!(asked, OPEN_CHARTS, "round {round}");
            assert!(audio.awaits_chart());
            while let Received::Command(_) = mind.receive() {
                mind.free_charts();
                mind.send_chart(Some(Arc::clone(&chart)));
            }
            while let Some(next) = audio.take_chart() {
                if let Some(before) = std::mem::replace(&mut played, next) {
                    audio.give_back(before);
                }
            }
            assert!(!audio.awaits_chart());
            assert_eq!(Arc::strong_count(&chart), 1 + mind.spent_charts.len() + 1);
        }
        mind.free_charts();
        drop(played);
        assert_eq!(Arc::strong_count(&chart), 1);
    }

    #[test]
    fn the_worker_learns_that_nobody_listens() {
        let (audio, mind) = link();
        drop(audio);
        let reply = Reply::Failed { generation: Generation(0) };
        assert_eq!(mind.reply(reply), Err(Disconnected));
    }

    /// It waits for what is done and no longer; without a worker, or with nothing to do, not at all.
    #[test]
    fn catching_up_ends_when_all_is_done_or_the_limit_is_over() {
        let (mut audio, mind) = link();
        assert!(audio.send(Command::ForgetAll));
        assert!(!audio.catch_up(Duration::from_mins(1)), "there is no worker");
        audio.set_worker(std::thread::current());
        assert!(audio.catch_up(Duration::from_millis(1)), "the limit ends it");
        let worker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            mind.count_done();
            mind
        });
        assert!(audio.catch_up(Duration::from_mins(1)) || audio.is_caught_up());
        drop(worker.join().unwrap());
        assert!(!audio.catch_up(Duration::from_mins(1)), "nothing is left to do");
    }

    #[test]
    fn an_offline_wait_ends_when_the_mind_never_answers_and_the_next_one_is_short() {
        let (mut audio, _mind) = link();
        audio.patience = Duration::from_millis(5);
        assert_eq!(audio.wait_for_reply_offline(), None);
        let begun = Instant::now();
        assert_eq!(audio.wait_for_reply_offline(), None);
        assert!(begun.elapsed() < Duration::from_millis(500), "patience is not spent twice");
    }

    #[test]
    fn the_worker_learns_that_the_audio_end_is_gone() {
        let (audio, mind) = link();
        drop(audio);
        assert!(matches!(mind.receive(), Received::Disconnected));
    }
}
