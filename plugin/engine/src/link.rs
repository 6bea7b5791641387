//! The link between the audio thread and the worker: bounded queues of plain data and of shared charts.
//!
//! All commands go through one queue, so that the worker meets them in the order in which they happened. When the queue
//! is full, `send` returns `false`; it never waits. The worker sleeps in [`std::thread::park`], never in `recv`,
//! because a receiver asleep there would make the sender take a lock to wake it.
//!
//! Invariant: every reply finds room. The audio end counts the replies that may still come, and sends no request whose
//! replies might not fit. So the worker neither waits nor loses a reply.
//!
//! Knows nothing of what commands and replies mean.

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

/// Commands that the queue holds: some seconds of the densest playing.
pub const COMMANDS: usize = 1024;
/// The most notes in the reply to one request.
pub const NOTES_PER_REQUEST: usize = 64;
/// The notes, and one terminator: [`Reply::Done`] or [`Reply::Failed`].
const REPLIES_PER_REQUEST: usize = NOTES_PER_REQUEST + 1;
/// The most requests that may be open at once. In a duet, each note of a run that arrives in one block causes another
/// request.
pub const OPEN_REQUESTS: usize = 16;
/// Replies that the queue holds: those to all open requests.
const REPLIES: usize = OPEN_REQUESTS * REPLIES_PER_REQUEST;
/// The most commands that may be waiting for a chart at once.
const OPEN_CHARTS: usize = 4;

/// What the audio thread sends to the worker.
#[derive(Debug, Clone, Copy)]
pub enum Command {
    /// A key went down.
    Heard(HeardKey),
    /// A key went down below a higher one that is held, where the player plays melody and chords together.
    HeardBelow(HeardKey),
    /// The player played a chord.
    Chord(HeardChord),
    /// Chords come from this source from now on.
    ChordSource(HarmonySource),
    /// A heard note ended: its key is up, and the pedal does not hold it.
    Amend {
        /// The id of the note in [`HeardKey`].
        id: u32,
        /// How long the note lasted.
        duration: Ticks,
    },
    /// The key of a heard note is up, and the pedal holds the note.
    ReleaseKey {
        /// The id of the note in [`HeardKey`].
        id: u32,
        /// How long the key was down.
        duration: Ticks,
    },
    /// A heard note that the pedal held ended.
    ReleasePedal {
        /// The id of the note in [`HeardKey`].
        id: u32,
        /// How long the note lasted.
        duration: Ticks,
    },
    /// Decided notes with an onset at or after this tick will not sound.
    Retract {
        /// The first tick that did not sound.
        from: Ticks,
    },
    /// One decided note will not sound: it came too late, or the player holds its key.
    ForgetUnplayed {
        /// When the note was to begin.
        onset: Ticks,
        /// The pitch in the reply, before the octave setting.
        pitch: Pitch,
    },
    /// Decide notes.
    Request(Request),
    /// Forget everything: a new performance begins.
    ForgetAll,
    /// Play this style from now on. The worker sends back the chart that holds then.
    Style(StyleNumber),
    /// The chord chart or the file of the musician's own style has changed; the worker knows their paths. It sends back
    /// the chart that holds then.
    ReloadFiles,
}

impl Command {
    /// The most replies that this command can have.
    const fn replies(self) -> usize {
        match self {
            Self::Request(_) => REPLIES_PER_REQUEST,
            _ => 0,
        }
    }

    /// Whether the worker sends back a chart.
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

/// Decide every note with an onset before the horizon. All commands before it in the queue have been heard.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The plan it belongs to. Replies for an older plan are never played.
    pub generation: Generation,
    /// The running number of the turn.
    pub turn: TurnNumber,
    /// Where the first of the notes begins.
    pub begin: Begin,
    /// Notes are decided up to this tick, exclusive.
    pub horizon: Ticks,
    /// The present bars; `None` in free time.
    pub bars: Option<Bars>,
    /// The tick at which the chart begins.
    pub form: Ticks,
    /// The end of the answer: no note begins at this tick or later. `None` for an answer without end.
    pub ends: Option<Ticks>,
    /// Whether the player goes on playing meanwhile: a duet.
    pub along: bool,
    /// The sampling parameters now.
    pub sampling: SamplingParameters,
    /// The division of the beat with which the notes are played.
    pub swing: Swing,
}

/// What the worker sends back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// A decided note.
    Note {
        /// The plan that it belongs to.
        generation: Generation,
        /// The note.
        note: Note,
    },
    /// All notes of the request have been sent.
    Done {
        /// The plan that it belongs to.
        generation: Generation,
        /// No later note of the plan begins before this tick.
        earliest_next: Ticks,
        /// How long the worker took for the request, in nanoseconds.
        elapsed_ns: u64,
    },
    /// The model panicked, or there is none; the worker has replaced it if it could.
    Failed {
        /// The plan that it belongs to.
        generation: Generation,
    },
}

impl Reply {
    /// How many reserved replies become free with this one. A request's last reply frees all of its reservation.
    const fn frees(self) -> usize {
        match self {
            Self::Note { .. } => 0,
            Self::Done { .. } | Self::Failed { .. } => REPLIES_PER_REQUEST,
        }
    }
}

/// The chart that the accompaniment plays; `None` without a chart.
pub type SharedChart = Option<Arc<Chart>>;

// Only plain data crosses, and charts that are sent back, so the audio thread never frees memory.
const fn crosses_as_plain_data<T: Copy + Send>() {}
const _: () = {
    crosses_as_plain_data::<Command>();
    crosses_as_plain_data::<Reply>();
};

/// The audio thread's view of the link. Fakes stand in for it in tests.
pub trait WorkerPort {
    /// Sends a command without waiting. False when the queue is full, or when the replies might not fit; the caller
    /// counts it and plays on.
    #[must_use]
    fn send(&mut self, command: Command) -> bool;
    /// How many more commands fit.
    fn free_slots(&self) -> usize;
    /// The next reply, if there is one.
    fn receive(&mut self) -> Option<Reply>;
    /// The next chart that the worker has sent, if any. The caller gives the previous one back.
    fn take_chart(&mut self) -> Option<SharedChart>;
    /// Sends a chart back to be freed.
    fn give_back(&mut self, chart: Arc<Chart>);
    /// Whether a chart has been asked for and not arrived.
    fn awaits_chart(&self) -> bool;
    /// For offline rendering alone: waits for a reply, up to a time-out.
    fn wait_for_reply_offline(&mut self) -> Option<Reply>;
    /// For offline rendering alone: waits for a chart, up to a time-out.
    fn wait_for_chart_offline(&mut self) -> Option<SharedChart>;
    /// For offline rendering alone: waits until half of the command queue is free, up to a time-out.
    fn make_room_offline(&mut self);
}

/// The audio thread's end. Only the methods named `*_offline` and [`Self::catch_up`] can wait.
#[derive(Debug)]
pub struct AudioEnd {
    commands: Sender<Command>,
    replies: Receiver<Reply>,
    charts: Receiver<SharedChart>,
    spent_charts: Sender<Arc<Chart>>,
    /// Charts that were asked for and have not arrived.
    awaited_charts: usize,
    worker: Option<Thread>,
    /// Replies that may still arrive or wait in the queue. Invariant: they fit into it.
    reserved_replies: usize,
    /// Whether a command was sent since the worker was last woken.
    has_sent: bool,
    /// How many commands were sent, and how many of them the worker has done; both wrap around.
    sent: u32,
    done: Arc<AtomicU32>,
    /// How long an offline rendering waits. Zero after a time-out, until the worker replies again.
    time_out: Duration,
}

/// How long an offline rendering waits for the worker: longer than a busy machine takes to load a model.
const TIME_OUT: Duration = Duration::from_secs(5);
/// How many times a waiting thread polls before it sleeps between polls.
const BUSY_POLLS: u32 = 2_000;
const POLL_INTERVAL: Duration = Duration::from_micros(50);

impl AudioEnd {
    /// Wakes the worker if a command was sent. Called once per block, because it costs a system call.
    pub fn wake(&mut self) {
        if std::mem::take(&mut self.has_sent)
            && let Some(worker) = &self.worker
        {
            worker.unpark();
        }
    }

    /// Waits until the worker has done everything that was sent, or the limit is over. True when it waited at all. For
    /// hosts that render offline without saying so; the next block takes the replies.
    pub fn catch_up(&mut self, limit: Duration) -> bool {
        if self.worker.is_none() || self.is_caught_up() {
            return false;
        }
        let begun = Instant::now();
        let mut polls = 0_u32;
        while !self.is_caught_up() && begun.elapsed() < limit {
            polls = polls.saturating_add(1);
            if polls < BUSY_POLLS { std::thread::yield_now() } else { std::thread::sleep(POLL_INTERVAL) }
        }
        true
    }

    /// Whether the worker has done everything that was sent.
    fn is_caught_up(&self) -> bool {
        self.done.load(Ordering::Acquire) == self.sent
    }

    /// The thread to wake.
    pub fn set_worker(&mut self, worker: Thread) {
        self.worker = Some(worker);
    }

    fn wait<T>(&mut self, mut poll: impl FnMut(&mut Self) -> Option<T>) -> Option<T> {
        self.wake();
        let begun = Instant::now();
        for polls in 0_u32.. {
            if let Some(found) = poll(self) {
                self.time_out = TIME_OUT;
                return Some(found);
            }
            if begun.elapsed() > self.time_out {
                break;
            }
            if polls < BUSY_POLLS { std::thread::yield_now() } else { std::thread::sleep(POLL_INTERVAL) }
        }
        self.time_out = Duration::ZERO;
        None
    }
}

impl WorkerPort for AudioEnd {
    fn send(&mut self, command: Command) -> bool {
        let reserved_replies = self.reserved_replies + command.replies();
        let awaited_charts = self.awaited_charts + usize::from(command.brings_a_chart());
        let has_room = reserved_replies <= REPLIES && awaited_charts <= OPEN_CHARTS;
        let sent = has_room && self.commands.try_send(command).is_ok();
        if sent {
            (self.reserved_replies, self.awaited_charts) = (reserved_replies, awaited_charts);
            self.has_sent = true;
            self.sent = self.sent.wrapping_add(1);
        }
        sent
    }

    fn free_slots(&self) -> usize {
        COMMANDS.saturating_sub(self.commands.len())
    }

    fn receive(&mut self) -> Option<Reply> {
        let reply = self.replies.try_recv().ok();
        if let Some(reply) = reply {
            self.reserved_replies = self.reserved_replies.saturating_sub(reply.frees());
            self.time_out = TIME_OUT;
        }
        reply
    }

    fn take_chart(&mut self) -> Option<SharedChart> {
        let chart = self.charts.try_recv().ok();
        self.awaited_charts -= usize::from(chart.is_some());
        chart
    }

    fn give_back(&mut self, chart: Arc<Chart>) {
        if let Err(error) = self.spent_charts.try_send(chart) {
            // The queue has room for every chart that can be out, so the worker has ended, which happens only when the
            // whole instance is dropped. A drop here would free memory on the audio thread.
            std::mem::forget(error.into_inner());
        }
    }

    fn awaits_chart(&self) -> bool {
        self.awaited_charts > 0
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
    commands: Receiver<Command>,
    replies: Sender<Reply>,
    charts: Sender<SharedChart>,
    spent_charts: Receiver<Arc<Chart>>,
    done: Arc<AtomicU32>,
}

/// What the worker finds in the command queue.
#[derive(Debug, Clone, Copy)]
pub enum Received {
    /// A command.
    Command(Command),
    /// The queue is empty.
    Nothing,
    /// The audio end was dropped, so no command will come.
    Disconnected,
}

/// The audio end was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disconnected;

impl WorkerEnd {
    /// The next command, without waiting.
    pub fn receive(&self) -> Received {
        match self.commands.try_recv() {
            Ok(command) => Received::Command(command),
            Err(TryRecvError::Empty) => Received::Nothing,
            Err(TryRecvError::Disconnected) => Received::Disconnected,
        }
    }

    /// Counts one more command as done, with all of its replies sent.
    pub fn count_done(&self) {
        self.done.fetch_add(1, Ordering::Release);
    }

    /// Answers a command that brings a chart.
    pub fn send_chart(&self, chart: SharedChart) {
        // An audio end that was dropped needs no chart, and no more are asked for than fit.
        let sent = self.charts.try_send(chart);
        debug_assert!(!matches!(sent, Err(TrySendError::Full(_))), "no chart is sent without a command for it");
    }

    /// Frees the charts that have come back.
    pub fn free_charts(&self) {
        while self.spent_charts.try_recv().is_ok() {}
    }

    /// Sends one reply to a request.
    ///
    /// # Errors
    /// When the audio end was dropped.
    pub fn reply(&self, reply: Reply) -> Result<(), Disconnected> {
        match self.replies.try_send(reply) {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(_)) => Err(Disconnected),
            Err(TrySendError::Full(_)) => {
                debug_assert!(false, "no request is sent whose replies might not fit");
                Ok(())
            }
        }
    }
}

/// Both ends of a new link.
pub fn link() -> (AudioEnd, WorkerEnd) {
    let (send_command, commands) = bounded(COMMANDS);
    let (send_reply, replies) = bounded(REPLIES);
    let (send_chart, charts) = bounded(OPEN_CHARTS);
    // The charts in the other queue, and the one that is played.
    let (return_chart, spent_charts) = bounded(OPEN_CHARTS + 1);
    let done = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&done);
    let audio = AudioEnd {
        commands: send_command,
        replies,
        charts,
        spent_charts: return_chart,
        awaited_charts: 0,
        worker: None,
        reserved_replies: 0,
        has_sent: false,
        sent: 0,
        done,
        time_out: TIME_OUT,
    };
    (audio, WorkerEnd { commands, replies: send_reply, charts: send_chart, spent_charts, done: counted })
}

#[cfg(test)]
mod tests;
