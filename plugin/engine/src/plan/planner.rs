//! The planner: carries out the arbiter's orders, requests notes from the worker in time, and begins and ends them. The
//! only writer of what will sound.
//!
//! Does not decide whose turn it is, and sends notes only through [`Output`].

mod again;
mod replies;
mod wait;

pub use again::Silence;
pub use wait::BeatWait;

use super::outbox::Outbox;
use super::requests::Requests;
use super::schedule::{Schedule, ScheduledNote};
use crate::answers::memory::AnswerMemory;
use crate::answers::repeat::Repeat;
use crate::block::{BlockContext, RESERVE};
use crate::host::{HostIo, StyleNumber, Yield};
use crate::input::held_notes::{HeldNote, HeldNotes};
use crate::link::{Command, WorkerPort};
use crate::output::Output;
use crate::stats::Stats;
use crate::time::Time;
use crate::time::beat_grid::beat_at_or_after;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use crate::turns::Decision;
use crate::turns::turn::{Order, Part, Turn};
use segue_model::chord::Chord;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::note::{Bars, Note, Ticks};
use segue_model::sampling::SamplingParameters;

/// Requests, schedule and outbox, and the answers that may be played again.
#[derive(Debug, Default)]
pub struct Planner {
    requests: Requests,
    schedule: Schedule,
    outbox: Outbox,
    answers: AnswerMemory,
    repeat: Repeat,
    /// Nothing is requested and nothing sounds.
    is_muted: bool,
    /// The latest beat on which a note waits, or waited, for a chord.
    wait: Option<BeatWait>,
    /// The chord in force where the next note begins.
    present_chord: Option<Chord>,
}

impl Planner {
    /// Drops the plan at a tick, without a host at hand. Sounding notes are only removed here: the output keeps their
    /// pending note-offs.
    pub fn stop(&mut self, now: Ticks) {
        self.withdraw_from(now);
        self.schedule.clear();
        self.answers.end();
    }

    /// Forgets all positions, because frames are counted from zero again.
    pub fn forget_positions(&mut self) {
        self.requests.forget_positions();
        self.wait = None;
    }

    /// Starts a new performance without memory.
    pub fn start_afresh(&mut self) {
        self.requests.forget_positions();
        self.requests.restart_turns();
        self.outbox.start_afresh();
        self.answers.start_afresh();
    }

    /// Requests no note before this tick, because time went on to it at once.
    pub fn skip_to(&mut self, tick: Ticks) {
        self.requests.skip_to(tick);
    }

    /// Notes the sampling parameters that hold from this position on.
    pub fn note_sampling(&mut self, position: FramePosition, sampling: SamplingParameters) {
        self.requests.note_sampling(position, sampling);
    }

    /// Tells the worker to play another style.
    pub fn set_style(&mut self, style: StyleNumber) {
        self.outbox.style = Some(style);
    }

    /// Tells the worker to read the chart and the own style again.
    pub fn reload_files(&mut self) {
        self.outbox.reloads_files = true;
    }

    /// Tells the worker where the chords come from.
    pub fn set_chord_source(&mut self, source: HarmonySource) {
        self.outbox.chord_source = Some(source);
    }

    /// Tells the worker to forget everything.
    pub fn forget_memory(&mut self) {
        self.outbox.forgets_all = true;
    }

    /// Whether the worker will send a chart once the outbox is empty.
    pub fn changes_chart(&self) -> bool {
        self.outbox.changes_chart()
    }

    /// Whether a note of Segue sounds.
    pub fn is_sounding(&self) -> bool {
        self.schedule.is_sounding()
    }

    /// The notes that have not begun, in order of onset.
    pub fn planned(&self) -> impl Iterator<Item = &Note> {
        self.schedule.planned()
    }

    /// The onset of the next note to begin.
    pub fn next_on(&self) -> Option<Ticks> {
        self.schedule.next_on()
    }

    /// When the next sounding note ends, in ticks.
    pub fn next_off(&self) -> Option<f64> {
        self.schedule.next_off()
    }

    /// The offset as of which the next request is to be made; negative when that has passed.
    pub fn request_due(&self, now: &Now<'_>) -> Option<i64> {
        self.requests.due(&now.maps.style, now.start, now.look_ahead).filter(|_| !self.is_muted)
    }

    /// Carries out an order of the arbiter. `room` gives the first tick, at or after a given one, that a run of the
    /// player leaves free.
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
                self.repeat.end_before(from);
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
                self.repeat.stop();
                self.schedule.begin_plan();
                self.schedule.end_before(part.start, now.at(), ctx.host, output);
                while let Some(never_begun) = self.schedule.skip_before(part.start) {
                    self.outbox.forget_unplayed(never_begun);
                }
            }
            Order::Begin => {
                self.requests.count_turn();
                self.begin_answer(before, &now, time);
            }
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
            Order::Rejoin { part: Some(part), .. } if part.is_again => self.go_on_again(part, &now),
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
                self.yield_turn(ctx, output, time);
            }
            Order::Stop => {
                self.withdraw_from(now.first_tick(lag));
                self.schedule.end_all(now.at(), ctx.host, output);
            }
            Order::Close => self.withdraw_from(now.first_tick(lag)),
        }
    }

    /// Ends all notes and withdraws the plan from a tick of the previous style on, because the new style counts other
    /// ticks.
    pub fn leave_time(&mut self, from: Option<Ticks>, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        self.schedule.end_all(now.at(), host, output);
        if let Some(from) = from {
            self.withdraw_from(from);
        }
    }

    /// Drops the plan. Notes that have not begun before `from` are also retracted from the model's context.
    fn withdraw_from(&mut self, from: Ticks) {
        self.repeat.stop();
        let (planned, under_way) = (self.schedule.next_on(), self.requests.drop_draft());
        self.schedule.withdraw();
        if let Some(first) = planned.into_iter().chain(under_way).min() {
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
        if part.is_again {
            self.repeat.begin(part.start);
            self.plan_again();
        } else {
            self.requests.begin(part, now.position());
        }
    }

    /// Ends the sounding notes as the musician has set it, because the player takes the turn.
    fn yield_turn(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        output: &mut Output,
        time: &Time,
    ) {
        let now = &ctx.now;
        match now.settings().turn.on_yield {
            Yield::AtOnce => self.schedule.end_all(now.at(), ctx.host, output),
            Yield::AfterNote => {}
            Yield::AtBeat => {
                let later = now.maps.beats.first_tick_from(now.offset() + 1, 0.0);
                let beat = beat_at_or_after(later, time.beats().bars());
                self.schedule.end_by(now.in_style(beat));
            }
        }
    }

    /// In a duet, decides again what begins after the look-ahead, because the player's note is new context. Earlier
    /// notes stay, because a downbeat of the player must not cancel Segue's.
    fn redecide_rest(&mut self, part: Part, cut: Ticks, free: Ticks, now: &Now<'_>) {
        self.requests.reshape(part);
        self.withdraw_beyond(cut, free, now);
        if self.requests.failed().is_some() {
            self.requests.restart(cut, Part { start: free, ..part }, now.position());
        }
    }

    fn redecide(&mut self, part: Part, begun: Option<Ticks>, now: &Now<'_>) {
        let soonest = now.first_free_tick(part.lag);
        // With another swing, a tick that has sounded may come again.
        let cut = begun.map_or(soonest, |begun| soonest.max(begun + Ticks(1)));
        self.withdraw_beyond(cut, cut, now);
        if self.requests.failed().is_some() {
            self.requests.restart(cut, Part { start: part.start.max(cut), ..part }, now.position());
        }
    }

    /// Goes on with the part on the next beat after the model failed over a request; the worker has restored the model
    /// by then. If it fails again, the part goes on one beat later.
    fn restart(&mut self, now: &Now<'_>, time: &Time) {
        let Some((part, known)) = self.requests.failed() else { return };
        let soonest = now.first_free_tick(part.lag);
        let start = beat_at_or_after(soonest.max(known + Ticks(1)), time.of_style().bars());
        if !part.is_over_at(start) {
            self.requests.restart(start, Part { start, ..part }, now.position());
        }
    }

    /// Withdraws the notes that begin at `cut` or later and decides them again, with no note before `free`.
    fn withdraw_beyond(&mut self, cut: Ticks, free: Ticks, now: &Now<'_>) {
        if self.requests.redecide_from(cut, free, now.position()) {
            self.schedule.withdraw_from(cut);
            self.retract(cut);
        }
    }

    /// Adapts the plan to a part with another end.
    fn reshape(&mut self, part: Part, had_end: bool, now: &Now<'_>) {
        self.requests.reshape(part);
        let is_beyond_end = self.schedule.last_on().is_some_and(|last| part.is_over_at(last));
        if had_end || is_beyond_end {
            let cut = now.first_free_tick(part.lag);
            self.withdraw_beyond(cut, cut, now);
        }
        if let Some(end) = part.end {
            self.schedule.end_by((end + part.ring).as_f64() + part.lag);
        }
    }

    /// Begins the next note.
    pub fn begin_next(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        turn: Turn,
        keys: &HeldNotes,
        output: &mut Output,
        (bars, stats): (Bars, &Stats),
    ) {
        let Some(part) = turn.part() else {
            // Outside Segue's turn nothing is planned; if something were, it must not sound.
            self.schedule.withdraw();
            return;
        };
        let chord = self.present_chord;
        if part.is_again {
            self.fit_next(chord, ctx.now.settings());
        }
        let midi = ctx.now.settings().midi;
        let channel = midi.out_channel;
        // The player holds this key and it is passed through: the key is the player's.
        let next = self.schedule.planned().next().copied();
        let is_players = next.is_some_and(|note| keys.is_passed_on(channel, note.pitch));
        // Where the beat has moved, a planned note may be behind us.
        let is_over = next.is_some_and(|note| has_passed(part.cut(note.onset + note.duration), part.lag, &ctx.now));
        if is_players || is_over || !self.schedule.has_room() {
            if let Some(scheduled) = self.schedule.skip_next() {
                self.outbox.forget_unplayed(scheduled);
                self.send(ctx);
            }
            return;
        }
        if !part.is_again
            && let Some(note) = next
        {
            self.answers.add(note, chord, bars);
        }
        if !self.schedule.begin_next(part, (channel, midi.sends.line), ctx.now.at(), ctx.host, output) {
            stats.refused.add_one();
        }
        self.plan_again();
    }

    /// Ends the notes that are due to end.
    pub fn end_due(&mut self, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        if let Some(until) = self.next_off() {
            self.schedule.end_due(until, now.at(), host, output);
        }
    }

    /// Sends what waits in the outbox, in order, as far as there is room. Offline there is room in the end.
    pub fn send(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>) {
        ctx.make_room_offline();
        self.outbox.send(ctx.port);
    }

    /// Sends a heard note. False when there is no room: room must remain for the ends of all `held` keys and of their
    /// pedal, and a heard note must not overtake what waits in the outbox.
    pub fn send_heard(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        heard: Command,
        held: usize,
    ) -> bool {
        self.send(ctx);
        let has_room = ctx.port.free_slots() > 2 * held + RESERVE && self.outbox.is_empty();
        has_room && ctx.port.send(heard)
    }

    /// Tells the worker of a chord that the player began.
    pub fn send_chord(&mut self, chord: HeardChord) {
        self.outbox.chord = Some(chord);
    }

    /// Tells the worker that a heard note is over after `duration`.
    pub fn amend(&mut self, held: &HeldNote, duration: Ticks) {
        self.outbox.amend(held, duration);
    }

    /// Tells the worker that the key of a heard note is up after `duration` and the pedal holds the note.
    pub fn lift(&mut self, held: &HeldNote, duration: Ticks) {
        self.outbox.lift(held, duration);
    }
}

/// Whether a note that ends at this tick is over. If it began now, it would only click.
fn has_passed(end: Ticks, lag: f64, now: &Now<'_>) -> bool {
    now.maps.style.offset_of(end.as_f64() + lag) <= now.offset()
}
