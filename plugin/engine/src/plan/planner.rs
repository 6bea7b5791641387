//! What Segue will play: carries out what the arbiter orders, asks the worker in time, and begins and ends what it has
//! decided. The only writer of what will sound.
//!
//! Knows whose turn it is only by what it is told; sends notes only through [`Output`].

use super::outbox::Outbox;
use super::requests::{Requests, Taken};
use super::schedule::{Schedule, ScheduledNote};
use crate::block::{BlockContext, RESERVE};
use crate::host::{HostIo, StyleNumber, Yield};
use crate::input::held_notes::{HeldNote, HeldNotes};
use crate::link::{Command, Reply, WorkerPort};
use crate::output::Output;
use crate::stats::Stats;
use crate::time::Time;
use crate::time::beat_grid::beat_at_or_after;
use crate::time::now::Now;
use crate::time::swing::in_octave;
use crate::time::tick_map::FramePosition;
use crate::turns::turn::{Order, Part, Turn};
use crate::turns::{Decision, TurnArbiter};
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::note::{Note, Ticks};
use segue_model::sampling::SamplingParameters;
use std::sync::atomic::Ordering;

/// The plan.
#[derive(Debug, Default)]
pub struct Planner {
    requests: Requests,
    schedule: Schedule,
    outbox: Outbox,
}

impl Planner {
    /// Lets go of the whole plan, from a tick on. There is no host to tell, so what sounds is only forgotten: its note-offs are
    /// pending already.
    pub fn stop(&mut self, now: Ticks) {
        self.withdraw_from(now);
        self.schedule.clear();
    }

    /// Frames are counted from zero again.
    pub fn forget_positions(&mut self) {
        self.requests.forget_positions();
    }

    /// A new performance with a blank memory.
    pub fn start_afresh(&mut self) {
        self.requests.forget_positions();
        self.requests.restart_turns();
        self.outbox.start_afresh();
    }

    /// The beat is divided otherwise from now on: nothing is asked for that would begin before this tick.
    pub fn skip_to(&mut self, now: Ticks) {
        self.requests.skip_to(now);
    }

    /// Remembers the sampling parameters from this position on.
    pub fn note_sampling(&mut self, position: FramePosition, sampling: SamplingParameters) {
        self.requests.note_sampling(position, sampling);
    }

    /// The worker is to play another style.
    pub fn set_style(&mut self, style: StyleNumber) {
        self.outbox.style = Some(style);
    }

    /// The worker is to read the chart and the file of the own style again.
    pub fn read_files(&mut self) {
        self.outbox.files = true;
    }

    /// The worker is to take the chords from elsewhere.
    pub fn set_chord_source(&mut self, source: HarmonySource) {
        self.outbox.chords_from = Some(source);
    }

    /// The worker is to forget everything.
    pub fn forget_memory(&mut self) {
        self.outbox.blank = true;
    }

    /// Whether another chart will count once the worker has been told everything.
    pub fn changes_chart(&self) -> bool {
        self.outbox.changes_chart()
    }

    /// Whether anything of Segue's sounds.
    pub fn is_sounding(&self) -> bool {
        self.schedule.is_sounding()
    }

    /// What has not begun, in order of onset.
    pub fn planned(&self) -> impl Iterator<Item = &Note> {
        self.schedule.planned()
    }

    /// The onset of the next note to begin.
    pub fn next_on(&self) -> Option<Ticks> {
        self.schedule.next_on()
    }

    /// The moment of the next note to end.
    pub fn next_off(&self) -> Option<f64> {
        self.schedule.next_off()
    }

    /// As of which offset the next request is; negative when its time has passed.
    pub fn request_due(&self, now: &Now<'_>) -> Option<i64> {
        self.requests.due(&now.maps.style, now.start, now.look_ahead)
    }

    /// Carries out what the arbiter orders. `room` tells from which tick on, at or after a given one, the player leaves room.
    pub fn follow(
        &mut self,
        Decision { order, before }: Decision,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        output: &mut Output,
        time: &Time,
        room: impl FnOnce(Ticks) -> Ticks,
    ) {
        let lag = before.map_or(0.0, |part| part.lag);
        let had_end = before.is_some_and(|part| part.end.is_some());
        let now = ctx.now;
        match order {
            Order::Prepare(part) => self.prepare(part, lag, &now),
            Order::PrepareBeside { from, part } => {
                self.schedule.withdraw_from(from);
                self.retract(from);
                self.requests.begin_after(from, part, now.position());
            }
            Order::Reshape(part) => self.reshape(part, had_end, &now),
            Order::Land(part) => {
                self.schedule.end_all(now.at(), ctx.host, output);
                if now.block.offline { self.prepare(part, part.lag, &now) } else { self.reshape(part, had_end, &now) }
            }
            Order::Enter(part) => {
                self.schedule.begin_plan();
                self.schedule.end_before(part.start, now.at(), ctx.host, output);
                while let Some(never_begun) = self.schedule.skip_before(part.start) {
                    self.outbox.forget_unplayed(never_begun);
                }
            }
            Order::Begin => self.requests.count_turn(),
            Order::RedecideRest(part) => {
                let cut = now.first_free_tick(part.lag);
                self.redecide_rest(part, cut, room(cut), &now);
            }
            Order::Redecide(part) => {
                let begun = self.schedule.last_begun();
                self.schedule.end_all(now.at(), ctx.host, output);
                if let Some(part) = part {
                    self.redecide(part, begun, &now);
                }
            }
            Order::Rejoin { part, plays } => {
                self.withdraw_from(now.first_tick(lag));
                if let Some(part) = part {
                    // What sounds makes room then, because two lines would be more voices than may be.
                    self.schedule.end_by(part.start.as_f64() + part.lag);
                    self.requests.begin(part, now.position());
                }
                if plays {
                    self.requests.count_turn();
                }
            }
            Order::Yield => {
                self.withdraw_from(now.first_tick(lag));
                self.give_way(ctx, output, time);
            }
            Order::Break => {
                self.withdraw_from(now.first_tick(lag));
                self.schedule.end_all(now.at(), ctx.host, output);
            }
            Order::Close => self.withdraw_from(now.first_tick(lag)),
        }
    }

    /// Another style counts time otherwise: what sounds ends, and of the plan nothing holds from a tick of the old time on.
    pub fn leave_time(&mut self, from: Option<Ticks>, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        self.schedule.end_all(now.at(), host, output);
        if let Some(from) = from {
            self.withdraw_from(from);
        }
    }

    /// Drops the plan: what has not sounded before `from` is taken back from the worker's memory too.
    fn withdraw_from(&mut self, from: Ticks) {
        let (planned, unknown) = (self.schedule.next_on(), self.requests.drop_draft());
        self.schedule.withdraw();
        if let Some(first) = planned.into_iter().chain(unknown).min() {
            self.retract(first.min(from));
        }
    }

    fn retract(&mut self, from: Ticks) {
        self.outbox.retract(from);
        self.requests.retracted(from);
    }

    fn prepare(&mut self, part: Part, lag: f64, now: &Now<'_>) {
        self.withdraw_from(now.first_tick(lag));
        self.schedule.begin_plan();
        self.requests.begin(part, now.position());
    }

    /// What sounds when the player takes the turn ends as the musician has set it.
    fn give_way(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, output: &mut Output, time: &Time) {
        let now = &ctx.now;
        match now.settings().yields {
            Yield::AtOnce => self.schedule.end_all(now.at(), ctx.host, output),
            Yield::AfterNote => {}
            Yield::AtBeat => {
                let later = now.maps.beats.first_tick_from(now.offset() + 1, 0.0);
                let beat = beat_at_or_after(later, time.beats().bars());
                self.schedule.end_by(now.in_style(beat));
            }
        }
    }

    /// In a duet: what is about to sound stays, because the player's own downbeat must not cancel Segue's; what comes
    /// later is decided again, now that another note is known.
    fn redecide_rest(&mut self, part: Part, cut: Ticks, free: Ticks, now: &Now<'_>) {
        self.requests.reshape(part);
        self.withdraw_beyond(cut, free, now);
        if self.requests.broken().is_some() {
            self.requests.restart(cut, Part { start: free, ..part }, now.position());
        }
    }

    fn redecide(&mut self, part: Part, begun: Option<Ticks>, now: &Now<'_>) {
        let soonest = now.first_free_tick(part.lag);
        // Where the new style divides the beat otherwise, a tick that has sounded may come again.
        let cut = begun.map_or(soonest, |begun| soonest.max(begun + Ticks(1)));
        self.withdraw_beyond(cut, cut, now);
        if self.requests.broken().is_some() {
            self.requests.restart(cut, Part { start: part.start.max(cut), ..part }, now.position());
        }
    }

    /// The model broke over a request. Another one has taken its place and goes on with the part on the next beat; when that
    /// breaks too, on the one after it.
    fn restart(&mut self, now: &Now<'_>, time: &Time) {
        let Some((part, known)) = self.requests.broken() else { return };
        let soonest = now.first_free_tick(part.lag);
        let start = beat_at_or_after(soonest.max(known + Ticks(1)), time.of_style().bars());
        if !part.is_over_at(start) {
            self.requests.restart(start, Part { start, ..part }, now.position());
        }
    }

    /// Drops what begins at `cut` or later, if anything does: it is decided again, not before `free`.
    fn withdraw_beyond(&mut self, cut: Ticks, free: Ticks, now: &Now<'_>) {
        if self.requests.redecide_from(cut, free, now.position()) {
            self.schedule.withdraw_from(cut);
            self.retract(cut);
        }
    }

    /// The part that is played ends elsewhere than was planned.
    fn reshape(&mut self, part: Part, had_end: bool, now: &Now<'_>) {
        self.requests.reshape(part);
        let is_planned_beyond = self.schedule.last_on().is_some_and(|last| part.is_over_at(last));
        if had_end || is_planned_beyond {
            let cut = now.first_free_tick(part.lag);
            self.withdraw_beyond(cut, cut, now);
        }
        if let Some(end) = part.end {
            self.schedule.end_by((end + part.ring).as_f64() + part.lag);
        }
    }

    /// Makes the request that is due.
    pub fn ask(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        arbiter: &TurnArbiter,
        time: &Time,
        stats: &Stats,
    ) {
        let now = ctx.now;
        let Some(as_of) = self.request_due(&now) else { return };
        // With blocks longer than the look-ahead one reply must bring all the notes of a block.
        let wanted = now.frames_in_ms(now.settings().look_ahead_ms);
        let long = !now.block.offline && i64::from(time.largest_block()) > wanted;
        let style = &now.maps.style;
        let beyond = if long { style.ticks_in_frames(f64::from(time.largest_block())) } else { Ticks::ZERO };
        // What comes after the loop is played to the bars and chords from there on.
        let pass = arbiter.next_pass().filter(|_| !time.in_free_time());
        let count = pass.map_or(time.of_style().count(), |pass| pass.landing.count);
        let bars = (count.bars, count.line_of(0));
        let Some(request) = self.requests.make(now.start.plus(as_of), beyond, bars, style.swing()) else { return };
        self.send(ctx);
        ctx.make_room_offline();
        // Also when there is no room: it would only be later and later. The turn is lost, and said so.
        self.requests.asked();
        if !ctx.port.send(Command::Request(request)) {
            stats.dropped.add_one();
            let _ = self.requests.take(Reply::Failed { generation: request.generation });
            return;
        }
        while now.block.offline && self.requests.is_asked() {
            let Some(reply) = ctx.port.wait_for_reply_offline() else {
                stats.time_outs.add_one();
                return;
            };
            self.take(reply, &now, arbiter, time, stats);
        }
    }

    /// Takes the replies that have come. A rendering also waits for what is still under way of a jam before it: while that
    /// takes up the room for requests nothing could be asked in time.
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
            // In vain, it is counted when something is requested.
            let Some(reply) = ctx.port.wait_for_reply_offline() else { return };
            self.take(reply, &ctx.now, arbiter, time, stats);
        }
    }

    fn take(&mut self, reply: Reply, now: &Now<'_>, arbiter: &TurnArbiter, time: &Time, stats: &Stats) {
        if let Reply::Done { elapsed_ns, .. } = reply {
            stats.elapsed_ns.store(elapsed_ns, Ordering::Relaxed);
        }
        let taken = self.requests.take(reply);
        if let Reply::Failed { .. } = reply {
            self.restart(now, time);
        }
        let note = match taken {
            Taken::Note(note) => note,
            Taken::Unplayed(note) => return self.outbox.forget_unplayed(ScheduledNote { note, told: note.pitch }),
            Taken::Nothing => return,
        };
        // The worker does not know of it: it keeps to the register that it learnt, as at a transposing instrument.
        let pitch = in_octave(note.pitch, now.settings().octave);
        let intended = ScheduledNote { note: Note { pitch, ..note }, told: note.pitch };
        let lag = arbiter.lag();
        let late = now.offset() - now.maps.style.offset_of(note.onset.as_f64() + lag);
        if late > 0 {
            stats.late.add_one();
        }
        // What would be over already would only click.
        let is_over = now.maps.style.offset_of((note.onset + note.duration).as_f64() + lag) <= now.offset();
        // It belongs to what was played before the song went round.
        let is_astray = arbiter.next_pass().is_none() && arbiter.part().is_some_and(|part| note.onset < part.start);
        if is_over || is_astray || late > now.look_ahead || !self.schedule.plan(intended) {
            stats.dropped.add_one();
            self.outbox.forget_unplayed(intended);
        }
    }

    /// Begins the next note.
    pub fn begin_next(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        turn: Turn,
        keys: &HeldNotes,
        output: &mut Output,
        stats: &Stats,
    ) {
        let Some(part) = turn.part() else {
            // Nothing is planned outside Segue's turn; if it were, it would not be played.
            self.schedule.withdraw();
            return;
        };
        let channel = ctx.now.settings().channel;
        // A finger is on this very key, and the host hears it: the key is the player's.
        let is_players = self.schedule.next_pitch().is_some_and(|pitch| keys.are_passed_on(channel, pitch));
        if is_players || !self.schedule.has_room() {
            if let Some(intended) = self.schedule.skip_next() {
                self.outbox.forget_unplayed(intended);
                self.send(ctx);
            }
            return;
        }
        if !self.schedule.begin_next(part, channel, ctx.now.at(), ctx.host, output) {
            stats.refused.add_one();
        }
    }

    /// Ends the notes that are due to end.
    pub fn end_due(&mut self, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        if let Some(until) = self.next_off() {
            self.schedule.end_due(until, now.at(), host, output);
        }
    }

    /// Tells the worker what it must know, in order, as far as there is room.
    pub fn send(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>) {
        self.outbox.send(ctx.port);
    }

    /// Tells the worker of a key. False when there is no room for it: it leaves room for the ends of all keys that are held,
    /// of the finger and of the pedal, and never overtakes what should have been said before it.
    pub fn tell_heard(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        word: Command,
        held: usize,
    ) -> bool {
        self.send(ctx);
        ctx.make_room_offline();
        let has_room = ctx.port.free_slots() > 2 * held + RESERVE && self.outbox.is_empty();
        has_room && ctx.port.send(word)
    }

    /// The worker is to be told of a chord that was struck.
    pub fn tell_chord(&mut self, chord: HeardChord) {
        self.outbox.chord = Some(chord);
    }

    /// A heard note is over, and has lasted so long.
    pub fn amend(&mut self, held: &HeldNote, duration: Ticks) {
        self.outbox.amend(held, duration);
    }

    /// The key of a heard note is up after so long, and the pedal lets it ring on.
    pub fn lift(&mut self, held: &HeldNote, duration: Ticks) {
        self.outbox.lift(held, duration);
    }
}
