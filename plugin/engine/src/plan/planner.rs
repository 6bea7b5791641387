//! What Segue does: when the mind is asked, what is played of its plan, and how it gives way.

use crate::host::{Stage, Yield};
use crate::link::{Nerve, Planned, ToMind};
use crate::performer::{Performer, Scene};
use crate::plan::requests::Taken;
use crate::plan::schedule::Intended;
use crate::time::clock::{Position, float};
use crate::time::swing::in_octave;
use crate::turns::turn::{Cue, Order, Part, Turn, beat_at_or_after};
use segue_model::note::{Note, Ticks};

/// So many strokes of the player within a quarter note are a run: four sixteenths, or triplets.
pub(crate) const RUN: usize = 4;
const RUN_SPAN: Ticks = Ticks::quarters(1);
/// A row of strokes that goes on for longer is no run any more.
const LONGEST_RUN: Ticks = Ticks::quarters(8);
/// In a duet, nothing begins so soon after a stroke of the player's run: an eighth, which is longer than the time between
/// two strokes of one.
const ROOM: Ticks = Ticks(Ticks::quarters(1).0 / 2);

impl Performer {
    pub(crate) fn cue(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, cue: Cue) {
        let before = self.turn.part();
        let lag = self.turn_lag();
        let (turn, order) = self.turn.after(cue);
        self.turn = turn;
        match order {
            Some(Order::Prepare(part)) => self.prepare(scene, part, lag),
            Some(Order::Reshape(part)) => self.reshape(scene, part, before.and_then(|before| before.end)),
            Some(Order::Land(part)) => self.land(scene, part, before.and_then(|before| before.end)),
            Some(Order::Enter(part)) => {
                self.schedule.end_before(part.start, scene.at(), scene.stage, &mut self.ledger);
                while let Some(never_begun) = self.schedule.skip_before(part.start) {
                    self.unsaid.unplayed(never_begun);
                }
            }
            Some(Order::Rethink(part)) => self.rethink(scene, part),
            Some(Order::Yield) => {
                self.withdraw_from(scene.span.first_tick_from(scene.cursor(), lag));
                self.give_way(scene);
            }
            Some(Order::Break) => {
                self.withdraw_from(scene.span.first_tick_from(scene.cursor(), lag));
                self.schedule.end_all(scene.at(), scene.stage, &mut self.ledger);
            }
            Some(Order::Close) => {
                self.withdraw_from(scene.span.first_tick_from(scene.cursor(), lag));
                self.sharing.player_is_there = false;
            }
            None if cue == Cue::Start => self.wishes.count_turn(),
            None => return,
        }
        self.note_silence(scene);
        self.say_unsaid(scene);
    }

    /// Thinks about a part that begins after the loop's end, beside the one that is played until then.
    pub(crate) fn prepare_after(&mut self, loop_end: Ticks, part: Part, known: Position) {
        self.schedule.withdraw_from(loop_end);
        self.take_back(loop_end);
        self.wishes.begin_after(loop_end, part, known);
    }

    /// Drops the plan: what has not sounded before `from` is taken back from the mind too.
    pub(crate) fn withdraw_from(&mut self, from: Ticks) {
        self.sharing.round = None;
        let (planned, unknown) = (self.schedule.next_on(), self.wishes.drop_thought());
        self.schedule.withdraw();
        if let Some(first) = planned.into_iter().chain(unknown).min() {
            self.take_back(first.min(from));
        }
    }

    fn take_back(&mut self, from: Ticks) {
        self.unsaid.take_back(from);
        self.wishes.taken_back(from);
    }

    /// What sounds when the player takes the turn ends as the musician has set it.
    fn give_way(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        match scene.block.settings.yields {
            Yield::AtOnce => self.schedule.end_all(scene.at(), scene.stage, &mut self.ledger),
            Yield::AfterNote => {}
            Yield::AtBeat => {
                let later = scene.beats.first_tick_from(scene.cursor() + 1, 0.0);
                let beat = beat_at_or_after(later, self.clock.bars());
                self.schedule.end_by(scene.in_style(beat));
            }
        }
    }

    /// The song has jumped, and the part begins here all the same. Live, what is about to sound stays, because it is too late
    /// to think about it again; a rendering does so, now that bars and chords are known.
    fn land(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, part: Part, before: Option<Ticks>) {
        self.schedule.end_all(scene.at(), scene.stage, &mut self.ledger);
        if scene.block.offline {
            self.prepare(scene, part, part.lag);
        } else {
            self.reshape(scene, part, before);
        }
    }

    fn prepare<S, N>(&mut self, scene: &Scene<'_, S, N>, part: Part, lag: f64) {
        self.withdraw_from(scene.span.first_tick_from(scene.cursor(), lag));
        self.wishes.begin(part, scene.position());
    }

    /// In a duet: what is about to sound stays, because the player's own downbeat must not cancel Segue's; what comes
    /// later is thought about anew, now that another note is known.
    fn rethink(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, part: Part) {
        let cut = scene.span.first_tick_from(scene.cursor() + self.look_ahead(scene), part.lag);
        let free = self.room_after(cut);
        self.wishes.reshape(part);
        self.withdraw_beyond(scene, cut, free);
        if self.wishes.broken().is_some() {
            self.wishes.begin_anew(cut, Part { start: free, ..part }, scene.position());
        }
    }

    /// Another style plays: what sounds ends, what is about to sound stays, and what comes later is decided by the new one.
    pub(crate) fn decide_anew(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let begun = self.schedule.last_begun();
        self.schedule.end_all(scene.at(), scene.stage, &mut self.ledger);
        let Some(part) = self.turn.part() else { return };
        let soonest = scene.span.first_tick_from(scene.cursor() + self.look_ahead(scene), part.lag);
        // Where the new style divides the beat otherwise, a tick that has sounded may come again.
        let cut = begun.map_or(soonest, |begun| soonest.max(begun + Ticks(1)));
        self.withdraw_beyond(scene, cut, cut);
        if self.wishes.broken().is_some() {
            self.wishes.begin_anew(cut, Part { start: part.start.max(cut), ..part }, scene.position());
        }
    }

    /// The mind broke over a wish. Another one has taken its place and goes on with the part on the next beat; when that
    /// breaks too, on the one after it.
    fn begin_anew<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        let Some((part, known)) = self.wishes.broken() else { return };
        let soonest = scene.span.first_tick_from(scene.cursor() + self.look_ahead(scene), part.lag);
        let start = beat_at_or_after(soonest.max(known + Ticks(1)), self.time().bars());
        if !part.is_over_at(start) {
            self.wishes.begin_anew(start, Part { start, ..part }, scene.position());
        }
    }

    /// Drops what begins at `cut` or later, if anything does: it is decided anew, not before `free`.
    fn withdraw_beyond<S, N>(&mut self, scene: &Scene<'_, S, N>, cut: Ticks, free: Ticks) {
        if self.wishes.rethink(cut, free, scene.position()) {
            self.schedule.withdraw_from(cut);
            self.take_back(cut);
        }
    }

    /// The earliest moment from `cut` on that the player leaves free. A run has room for itself; one that goes on for bars
    /// is what the player plays, and is played along with.
    fn room_after(&mut self, cut: Ticks) -> Ticks {
        let strokes = self.strokes.first().zip(self.strokes.last()).filter(|_| self.strokes.is_full());
        let Some((first, last)) = strokes.filter(|(first, last)| **last - **first <= RUN_SPAN) else {
            self.run_from = None;
            return cut;
        };
        let from = *self.run_from.get_or_insert(*first);
        if *last - from <= LONGEST_RUN { cut.max(*last + ROOM) } else { cut }
    }

    /// The part that is played ends elsewhere than was thought.
    fn reshape(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, part: Part, before: Option<Ticks>) {
        self.wishes.reshape(part);
        let is_planned_beyond = self.schedule.last_on().is_some_and(|last| part.is_over_at(last));
        if before.is_some() || is_planned_beyond {
            let cut = scene.span.first_tick_from(scene.cursor() + self.look_ahead(scene), part.lag);
            self.withdraw_beyond(scene, cut, cut);
        }
        if let Some(end) = part.end {
            self.schedule.end_by(float(end + part.ring) + part.lag);
        }
    }

    pub(crate) fn ask(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, as_of: i64) {
        // With blocks longer than the look-ahead one reply must bring all the notes of a block.
        let wanted = self.frames_in_ms(scene.block.settings.look_ahead_ms);
        let long = !scene.block.offline && i64::from(self.largest_block) > wanted;
        let beyond = if long { scene.span.ticks_in_frames(f64::from(self.largest_block)) } else { Ticks::ZERO };
        // What comes after the loop is played to the bars and chords from there on.
        let round = self.next_round().filter(|_| !self.in_free_time);
        let count = round.map_or(self.time().count(), |round| round.landing.count);
        let (bars, groove) = ((count.bars, count.line_of(0)), scene.span.groove());
        let Some(wish) = self.wishes.make(scene.start.plus(as_of), beyond, bars, groove) else {
            return;
        };
        self.say_unsaid(scene);
        scene.make_room_offline();
        // Also when there is no room: it would only be later and later. The turn is lost, and said so.
        self.wishes.asked();
        if !scene.nerve.tell(ToMind::Wish(wish)) {
            self.vitals.dropped.add_one();
            let _ = self.wishes.take(Planned::Failed { generation: wish.generation });
            return;
        }
        while scene.block.offline && self.wishes.is_asked() {
            let Some(reply) = scene.nerve.wait_offline() else {
                self.vitals.time_outs.add_one();
                return;
            };
            self.take(scene, reply);
        }
    }

    /// Takes what the mind has said. A rendering also waits for what is still under way of a jam before it: while that
    /// takes up the room for wishes nothing could be asked in time.
    pub(crate) fn hear_the_mind_out(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        while let Some(reply) = scene.nerve.reply() {
            self.take(scene, reply);
        }
        while scene.block.offline && self.wishes.any_open() {
            // In vain, it is counted when something is wished.
            let Some(reply) = scene.nerve.wait_offline() else { return };
            self.take(scene, reply);
        }
    }

    pub(crate) fn take<S: Stage, N: Nerve>(&mut self, scene: &mut Scene<'_, S, N>, reply: Planned) {
        if let Planned::Until { think_ns, .. } = reply {
            self.vitals.think_ns.store(think_ns, std::sync::atomic::Ordering::Relaxed);
        }
        let taken = self.wishes.take(reply);
        if let Planned::Failed { .. } = reply {
            self.begin_anew(scene);
        }
        let note = match taken {
            Taken::Note(note) => note,
            Taken::Unplayed(note) => return self.unsaid.unplayed(Intended { note, told: note.pitch }),
            Taken::Nothing => return,
        };
        // The mind does not know of it: it keeps to the register that it learnt, as at a transposing instrument.
        let intended = Intended {
            note: Note { pitch: in_octave(note.pitch, scene.block.settings.octave), ..note },
            told: note.pitch,
        };
        let late = scene.cursor() - scene.span.offset_of(float(note.onset) + self.turn_lag());
        if late > 0 {
            self.vitals.late.add_one();
        }
        // What would be over already would only click.
        let over = scene.span.offset_of(float(note.onset + note.duration) + self.turn_lag()) <= scene.cursor();
        // It belongs to what was played before the song went round.
        let astray = self.next_round().is_none() && self.turn.part().is_some_and(|part| note.onset < part.start);
        if over || astray || late > self.look_ahead(scene) || !self.schedule.plan(intended) {
            self.vitals.dropped.add_one();
            self.unsaid.unplayed(intended);
        }
    }

    pub(crate) fn begin_next(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let (Turn::Waiting(part) | Turn::Playing(part)) = self.turn else {
            // Nothing is planned outside Segue's turn; if it were, it would not be played.
            self.schedule.withdraw();
            return;
        };
        let channel = scene.block.settings.channel;
        // A finger is on this very key, and the host hears it: the key is the player's.
        let is_players = self.schedule.next_pitch().is_some_and(|pitch| self.keys.are_passed_on(channel, pitch));
        if is_players || !self.schedule.has_room() {
            if let Some(intended) = self.schedule.skip_next() {
                self.unsaid.unplayed(intended);
                self.say_unsaid(scene);
            }
            return;
        }
        if !self.schedule.begin_next(part, channel, scene.at(), scene.stage, &mut self.ledger) {
            self.vitals.refused.add_one();
        }
        self.quiet_since = None;
    }

    pub(crate) fn end_due(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, until: f64) {
        self.schedule.end_due(until, scene.at(), scene.stage, &mut self.ledger);
        self.note_silence(scene);
    }
}
