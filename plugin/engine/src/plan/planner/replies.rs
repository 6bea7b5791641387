//! Requests to the worker when they are due, and the replies that come back.

use super::{Planner, ScheduledNote, has_passed};
use crate::block::BlockContext;
use crate::host::HostIo;
use crate::link::{Command, Reply, WorkerPort};
use crate::plan::requests::Accepted;
use crate::stats::Stats;
use crate::time::Time;
use crate::time::now::Now;
use crate::time::swing::in_octave;
use crate::turns::TurnArbiter;
use segue_model::note::{Note, Ticks};
use std::sync::atomic::Ordering;

impl Planner {
    /// Makes the request that is due.
    pub fn request(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        arbiter: &TurnArbiter,
        time: &Time,
        stats: &Stats,
    ) {
        let now = ctx.now;
        let Some(as_of) = self.request_due(&now) else { return };
        // Where blocks are longer than the look-ahead, one reply must bring all notes of a block.
        let wanted = now.frames_in_ms(now.settings().timing.look_ahead_ms);
        let is_long = !now.block.offline && i64::from(time.largest_block()) > wanted;
        let style = &now.maps.style;
        let beyond = if is_long { style.ticks_in_frames(f64::from(time.largest_block())) } else { Ticks::ZERO };
        // Notes after the loop's end belong to the bars and chords of the next pass.
        let pass = arbiter.next_pass().filter(|_| !time.in_free_time());
        let count = pass.map_or(time.of_style().count(), |pass| pass.landing.count);
        let bars = (count.bars, count.line_of(0));
        let Some(request) = self.requests.make(now.start.plus(as_of), beyond, bars, style.swing()) else { return };
        self.send(ctx);
        // Even if there is no room: a repeated request would only be later still. The notes are lost and counted.
        self.requests.requested();
        if !ctx.port.send(Command::Request(request)) {
            stats.dropped.add_one();
            let _ = self.requests.accept(Reply::Failed { generation: request.generation });
            return;
        }
        while now.block.offline && self.requests.is_requested() {
            let Some(reply) = ctx.port.wait_for_reply_offline() else {
                stats.time_outs.add_one();
                return;
            };
            self.take(reply, &now, arbiter, time, stats);
        }
    }

    /// Takes the replies that have arrived. Offline it also waits for replies to requests that were made live, because
    /// no request can be made in time while they are open.
    pub fn receive(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        arbiter: &TurnArbiter,
        time: &Time,
        stats: &Stats,
    ) {
        while let Some(reply) = ctx.port.receive() {
            self.take(reply, &ctx.now, arbiter, time, stats);
        }
        while ctx.now.block.offline && self.requests.any_open() {
            // A time-out is counted with the next request.
            let Some(reply) = ctx.port.wait_for_reply_offline() else { return };
            self.take(reply, &ctx.now, arbiter, time, stats);
        }
    }

    fn take(&mut self, reply: Reply, now: &Now<'_>, arbiter: &TurnArbiter, time: &Time, stats: &Stats) {
        if let Reply::Done { elapsed_ns, .. } = reply {
            stats.elapsed_ns.store(elapsed_ns, Ordering::Relaxed);
        }
        let accepted = self.requests.accept(reply);
        if let Reply::Failed { .. } = reply {
            self.restart(now, time);
        }
        let note = match accepted {
            Accepted::Note(note) => note,
            Accepted::Unplayed(note) => {
                return self.outbox.forget_unplayed(ScheduledNote { note, model_pitch: note.pitch });
            }
            Accepted::Nothing => return,
        };
        // The model does not know the octave setting: it keeps to the register it was trained on.
        let pitch = in_octave(note.pitch, now.settings().midi.octave);
        let scheduled = ScheduledNote { note: Note { pitch, ..note }, model_pitch: note.pitch };
        let lag = arbiter.lag_at(note.onset);
        let due = self.begins_at(note.onset, now.maps.style.offset_of(note.onset.as_f64() + lag), now);
        let late = now.offset() - due;
        if late > 0 {
            stats.late.add_one();
        }
        let is_over = has_passed(note.onset + note.duration, lag, now);
        // A note before the part belongs to the pass of the loop that is over.
        let is_of_last_pass =
            arbiter.next_pass().is_none() && arbiter.part().is_some_and(|part| note.onset < part.start);
        if is_over || is_of_last_pass || late > now.look_ahead || !self.schedule.plan(scheduled) {
            stats.dropped.add_one();
            self.outbox.forget_unplayed(scheduled);
        }
    }
}
