//! What Segue does: whose turn it is, when the mind is asked, and what is played of its plan.

use super::clock::float;
use super::groove::in_octave;
use super::host::{Block, Stage, StartGrid};
use super::turns::{Answer, Cue, Order, Turn};
use super::{FREE_BPM, Performer, Scene};
use crate::link::{Nerve, Planned, ToMind};
use segue_model::note::{Note, Ticks};

impl Performer {
    /// The answer that follows when the last key goes up now.
    pub(super) fn answer_from<S, N>(&self, scene: &Scene<'_, S, N>) -> Answer {
        let settings = &scene.block.settings;
        let over = scene.cursor() + self.frames_in_ms(settings.response_gap_ms);
        let bars = self.time().bars();
        let grid = if settings.free_time { StartGrid::Free } else { settings.start_grid };
        let (start, lag) = match grid {
            StartGrid::Free => {
                let start = scene.span.nearest_tick(over);
                (start, scene.span.moment_of(over) - float(start))
            }
            grid => (grid.at_or_after(scene.span.first_tick_from(over, 0.0), bars), 0.0),
        };
        // Turns last bars of the host in free time too, although ticks are no part of them then.
        let stretched = if settings.free_time { FREE_BPM / host_bpm(scene.block) } else { 1.0 };
        let end = start + scaled(bars.metre.bar(), stretched * f64::from(settings.answer_bars));
        Answer { start, end, lag }
    }

    pub(super) fn cue(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, cue: Cue) {
        let lag = self.turn_lag();
        let (turn, order) = self.turn.after(cue);
        self.turn = turn;
        match order {
            Some(Order::Prepare(answer)) => self.wishes.begin(answer, scene.position()),
            Some(Order::Yield) => {
                self.withdraw_from(scene.span.first_tick_from(scene.cursor(), lag));
                self.schedule.end_all(scene.at(), scene.stage, &mut self.ledger);
                self.note_silence(scene);
                self.say_unsaid(scene);
            }
            None if cue == Cue::Start => self.wishes.count_turn(),
            Some(Order::Close) => {
                self.withdraw_from(scene.span.first_tick_from(scene.cursor(), lag));
                self.note_silence(scene);
                self.say_unsaid(scene);
            }
            None => {}
        }
    }

    /// Drops the plan: what has not sounded before `from` is taken back from the mind too.
    pub(super) fn withdraw_from(&mut self, from: Ticks) {
        let planned = self.schedule.next_on();
        self.schedule.withdraw();
        if let Some(unknown) = self.wishes.drop_thought() {
            self.unsaid.take_back(planned.map_or(from, |planned| planned.min(from)).min(unknown));
        }
    }

    pub(super) fn ask(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, as_of: i64) {
        // With blocks longer than the look-ahead one reply must bring all the notes of a block.
        let wanted = self.frames_in_ms(scene.block.settings.look_ahead_ms);
        let long = !scene.block.offline && i64::from(self.largest_block) > wanted;
        let beyond = if long { scene.span.ticks_in_frames(f64::from(self.largest_block)) } else { Ticks::ZERO };
        let Some(wish) = self.wishes.make(scene.start.plus(as_of), beyond, self.time().bars(), self.time().form())
        else {
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

    pub(super) fn take<S: Stage, N: Nerve>(&mut self, scene: &mut Scene<'_, S, N>, reply: Planned) {
        if let Planned::Until { think_ns, .. } = reply {
            self.vitals.think_ns.store(think_ns, std::sync::atomic::Ordering::Relaxed);
        }
        let Some(note) = self.wishes.take(reply) else { return };
        // The mind does not know of it: it keeps to the register that it learnt, as at a transposing instrument.
        let note = Note { pitch: in_octave(note.pitch, scene.block.settings.octave), ..note };
        let late = scene.cursor() - scene.span.offset_of(float(note.onset) + self.turn_lag());
        if late > 0 {
            self.vitals.late.add_one();
        }
        // What would be over already would only click.
        let over = scene.span.offset_of(float(note.onset + note.duration) + self.turn_lag()) <= scene.cursor();
        if over || late > self.look_ahead(scene) || !self.schedule.plan(note) {
            self.vitals.dropped.add_one();
        }
    }

    pub(super) fn begin_next(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let (Turn::Waiting(answer) | Turn::Answering(answer)) = self.turn else {
            // Nothing is planned outside Segue's turn; if it were, it would not be played.
            self.schedule.withdraw();
            return;
        };
        let channel = scene.block.settings.channel;
        if !self.schedule.begin_next(answer, channel, scene.at(), scene.stage, &mut self.ledger) {
            self.vitals.refused.add_one();
        }
        self.quiet_since = None;
    }

    pub(super) fn end_due(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, until: f64) {
        self.schedule.end_due(until, scene.at(), scene.stage, &mut self.ledger);
        self.note_silence(scene);
    }
}

/// The tempo that the host or the setting says, whatever the style makes of it.
fn host_bpm(block: &Block) -> f64 {
    let said = block.transport.tempo_bpm.filter(|tempo| *tempo >= 1.0);
    said.unwrap_or(block.settings.tempo_bpm).max(1.0)
}

fn scaled(ticks: Ticks, by: f64) -> Ticks {
    #[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and no turn is that long")]
    Ticks((float(ticks) * by).round() as i64)
}
