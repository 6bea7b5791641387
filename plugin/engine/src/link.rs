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
mod tests;
