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

mod done_count;
mod messages;

mod atomic {
    pub use std::sync::atomic::{AtomicU32, Ordering};
}

pub use messages::{Command, Generation, Reply, Request, TurnNumber};

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use done_count::DoneCount;
use segue_model::chart::Chart;
use std::sync::Arc;
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
/// The charts that one block may ask for: one for the style and one for the files.
const CHARTS_PER_BLOCK: usize = 2;

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
    /// Whether there is room for all that one block may send: half of the command queue is free, and the style and the
    /// files may be changed.
    fn has_room(&self) -> bool;
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
    /// For offline rendering alone: waits until [`Self::has_room`], up to a time-out.
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
    /// The latest chart that arrived while room was waited for.
    arrived_chart: Option<SharedChart>,
    worker: Option<Thread>,
    /// Replies that may still arrive or wait in the queue. Invariant: they fit into it.
    reserved_replies: usize,
    /// Whether a command was sent since the worker was last woken.
    has_sent: bool,
    /// How many commands were sent, and how many of them the worker has done; both wrap around.
    sent: u32,
    done: Arc<DoneCount>,
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

    /// The next chart in the queue.
    fn receive_chart(&mut self) -> Option<SharedChart> {
        let chart = self.charts.try_recv().ok();
        self.awaited_charts = self.awaited_charts.saturating_sub(usize::from(chart.is_some()));
        chart
    }

    /// Makes room for more charts: of those that have arrived only the latest counts.
    fn keep_latest_chart(&mut self) {
        while let Some(chart) = self.receive_chart() {
            if let Some(Some(before)) = self.arrived_chart.replace(chart) {
                self.give_back(before);
            }
        }
    }

    /// Whether the worker has done everything that was sent.
    fn is_caught_up(&self) -> bool {
        self.done.get() == self.sent
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

    fn has_room(&self) -> bool {
        self.free_slots() > COMMANDS / 2 && self.awaited_charts + CHARTS_PER_BLOCK <= OPEN_CHARTS
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
        self.arrived_chart.take().or_else(|| self.receive_chart())
    }

    fn give_back(&mut self, chart: Arc<Chart>) {
        if let Err(error) = self.spent_charts.try_send(chart) {
            // The queue has room for every chart that can be out, so the worker has ended, which happens only when the
            // whole instance is dropped. A drop here would free memory on the audio thread.
            std::mem::forget(error.into_inner());
        }
    }

    fn awaits_chart(&self) -> bool {
        self.awaited_charts > 0 || self.arrived_chart.is_some()
    }

    fn wait_for_reply_offline(&mut self) -> Option<Reply> {
        self.wait(Self::receive)
    }

    fn wait_for_chart_offline(&mut self) -> Option<SharedChart> {
        self.wait(Self::take_chart)
    }

    fn make_room_offline(&mut self) {
        let _ = self.wait(|end| {
            end.keep_latest_chart();
            end.has_room().then_some(())
        });
    }
}

/// The worker's end.
#[derive(Debug)]
pub struct WorkerEnd {
    commands: Receiver<Command>,
    replies: Sender<Reply>,
    charts: Sender<SharedChart>,
    spent_charts: Receiver<Arc<Chart>>,
    done: Arc<DoneCount>,
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
        self.done.add_one();
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
    // The charts in the other queue, the one that arrived, and the one that is played.
    let (return_chart, spent_charts) = bounded(OPEN_CHARTS + 2);
    let done = Arc::new(DoneCount::new());
    let counted = Arc::clone(&done);
    let audio = AudioEnd {
        commands: send_command,
        replies,
        charts,
        spent_charts: return_chart,
        awaited_charts: 0,
        arrived_chart: None,
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
