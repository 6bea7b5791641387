//! When the song goes round its loop: what Segue plays from the loop's beginning on.
//!
//! Where the host tells of a loop it is known where the song will be after its end, and to which bars and chords. So a
//! part of Segue's that begins there is thought about as long before as any other, beside the one that is played until
//! then, and its first note may sound on the first frame after the loop. If the song does not go round as it was told,
//! that plan is as wrong as after any other jump.
//!
//! An answer keeps its length over the loop's end; what sounds there ends there, as with every jump:
//!
//! | the answer, where the loop ends      | from the loop's beginning on                                         |
//! |--------------------------------------|----------------------------------------------------------------------|
//! | is played, a beat or more is left    | it goes on, on the loop's first beat                                 |
//! | is played, less is left              | it is over                                                           |
//! | is to begin before the loop's end    | as if it were played                                                 |
//! | is to begin later, the gap is over   | it begins on the loop's first beat                                   |
//! | is to begin later, the gap is not    | it begins on the first point of the grid after the gap, as always    |
//! | is over, or the player plays         | nothing: the turn is the player's                                    |
//!
//! Of a jump that nobody tells of before it happens nothing can be known. One thing that is ready is kept: bars of Segue's
//! that would have begun on that very frame, where it has bars there too.

use crate::host::{Mode, Settings, Stage, StartGrid};
use crate::link::Nerve;
use crate::performer::{Performer, Scene};
use crate::time::clock::{Landing, float};
use crate::turns::arbiter::{RING, RING_OVER};
use crate::turns::trade_grid::Sides;
use crate::turns::turn::{Cue, Part, Turn};
use segue_model::note::{Bars, Ticks};

/// A round of the loop that is still to come.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Where it begins.
    pub landing: Landing,
    /// Its first tick, as the style that plays counts it.
    pub first: Ticks,
    /// Segue's part from its beginning on; `None` where it does not begin there.
    pub part: Option<Part>,
    /// Who has which bars then.
    sides: Sides,
}

impl Round {
    /// As these settings share it.
    fn of(landing: Landing, settings: &Settings, turn: Turn, seam: &Seam) -> Self {
        let Landing { first, count, .. } = landing;
        let mut sides = Sides::new(0, settings.trade.segue_first, settings.trade);
        let grid = settings.start_grid.to_join();
        let part = match settings.mode {
            Mode::Answer => seam.answer(turn),
            Mode::Duet => {
                let start = grid.at_or_after(first.max(count.line_of(0)), count.bars);
                Some(Part { mode: Mode::Duet, start, end: None, ring: RING, lag: 0.0 })
            }
            Mode::Trade => {
                let number = count.number_at(first);
                let (begin, after) = sides.deal(number);
                let ring = if settings.trade.rings_over { RING_OVER } else { Ticks::ZERO };
                let start = grid.at_or_after(first, count.bars);
                let end = Some(count.line_of(after));
                (begin <= number).then_some(Part { mode: Mode::Trade, start, end, ring, lag: 0.0 })
            }
        };
        Self { landing, first: seam.first, part, sides }
    }
}

/// Where a loop ends and begins again, as the style that plays counts time.
#[derive(Debug, Clone, Copy)]
struct Seam {
    /// The moment before it, as if the song did not go round.
    end: f64,
    /// The first tick behind it, and how far beside that the frame lies: nothing where there are beats.
    first: Ticks,
    lag: f64,
    /// The bars behind it.
    bars: Bars,
    /// Where an answer may begin.
    grid: StartGrid,
    /// How many ticks behind it the player has left room for an answer; negative when that is before it.
    room: f64,
}

impl Seam {
    /// What becomes of an answer. See the table at the head of the module.
    fn answer(&self, turn: Turn) -> Option<Part> {
        let (part, is_under_way) = match turn {
            Turn::Playing(part) => (part, true),
            Turn::Waiting(part) => (part, float(part.start) + part.lag < self.end),
            Turn::Listening | Turn::Hearing | Turn::Resting => return None,
        };
        let Self { first, lag, bars, grid, .. } = *self;
        let on_first_beat = grid.to_join().at_or_after(first, bars);
        if is_under_way {
            let is_worth_it = part.end.is_none_or(|end| end - on_first_beat >= bars.metre.beat());
            return is_worth_it.then_some(Part { start: on_first_beat, lag, ..part });
        }
        let (start, lag) = match grid {
            _ if self.room <= 0.0 => (on_first_beat, lag),
            StartGrid::Free => nearest(float(first) + lag + self.room),
            _ => (grid.at_or_after(first + Ticks(whole(self.room.ceil())), bars), 0.0),
        };
        Some(Part { start, lag, end: part.end.map(|end| start + (end - part.start)), ..part })
    }
}

/// The nearest tick, and how far beside it the moment lies.
fn nearest(moment: f64) -> (Ticks, f64) {
    let tick = Ticks(whole(moment.round()));
    (tick, moment - float(tick))
}

#[allow(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole(moment: f64) -> i64 {
    moment as i64
}

impl Performer {
    /// When the next round is to be thought about, as an offset in this block: as long before as any note is decided.
    pub(crate) fn round_due<S, N>(&self, scene: &Scene<'_, S, N>) -> Option<i64> {
        let settings = &scene.block.settings;
        let can_be_ready = settings.mode == Mode::Answer || !settings.free_time;
        let is_new = can_be_ready && self.sharing.round.is_none();
        let landing = self.clock.landing().filter(|_| is_new)?;
        let end = scene.beats.offset_of(landing.reached);
        (end >= scene.cursor()).then_some(end.saturating_sub(self.look_ahead(scene)))
    }

    /// Thinks about the part with which the next round begins, if one does.
    pub(crate) fn think_of_round<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        let Some(landing) = self.clock.landing() else { return };
        let round = Round::of(landing, &scene.block.settings, self.turn, &self.seam(scene, landing));
        if let Some(part) = round.part {
            self.prepare_after(round.first, part, scene.position());
        }
        self.sharing.round = Some(round);
    }

    /// Where the song goes round, as the style that plays counts time.
    fn seam<S, N>(&self, scene: &Scene<'_, S, N>, landing: Landing) -> Seam {
        let settings = &scene.block.settings;
        let offset = scene.beats.offset_of(landing.reached);
        // Positions of the present block and its neighbours.
        let since =
            |position: crate::time::clock::Position| position.0.saturating_sub(scene.start.0).saturating_sub(offset);
        let room = self.sharing.room_from.map_or(0.0, |position| scene.span.ticks_of(since(position)));
        let bars = landing.count.bars;
        if settings.free_time {
            let end = scene.span.moment_of(offset);
            let (first, lag) = nearest(end);
            return Seam { end, first, lag, bars, grid: StartGrid::Free, room };
        }
        Seam { end: landing.reached, first: landing.first, lag: 0.0, bars, grid: settings.start_grid, room }
    }

    /// The round that is thought about.
    pub(crate) fn next_round(&self) -> Option<Round> {
        self.sharing.round.filter(|round| round.part.is_some())
    }

    /// When the song will have passed the end of its loop, if it does not go round.
    pub(crate) fn round_passes<S, N>(&self, scene: &Scene<'_, S, N>) -> Option<i64> {
        // Where the end falls between two frames, some hosts go round on the first and some on the second.
        let round = self.sharing.round?;
        Some(scene.beats.offset_of(round.landing.reached).saturating_add(1))
    }

    /// The song did not go round, or will not do so as was thought: the part that was played, or would have begun, is joined
    /// again on the grid. What sounds sounds on until then and makes room, because two lines would be more voices than may
    /// be.
    pub(crate) fn pass_round(&mut self, scene: &Scene<'_, impl Stage, impl Nerve>) {
        let Some(Round { part: Some(_), .. }) = self.sharing.round.take() else { return };
        self.withdraw_from(scene.span.first_tick_from(scene.cursor(), self.turn_lag()));
        let Some(part) = self.turn.part() else { return };
        let soonest = scene.span.first_tick_from(scene.cursor() + self.look_ahead(scene), part.lag);
        let start = part.start.max(joining(&scene.block.settings).at_or_after(soonest, self.time().bars()));
        if !part.is_over_at(start) {
            self.schedule.end_by(float(start) + part.lag);
            self.wishes.begin(Part { start, ..part }, scene.position());
        }
        if let Turn::Playing(_) = self.turn {
            self.wishes.count_turn();
        }
    }

    /// Whether the loop that is ahead of us is not any more the one that was thought about.
    pub(crate) fn is_round_another<S, N>(&self, scene: &Scene<'_, S, N>) -> bool {
        let is_another = |round: &Round| !self.clock.landing().is_some_and(|landing| landing.is(&round.landing));
        let is_ahead = |round: &Round| scene.beats.offset_of(round.landing.reached) > scene.cursor();
        self.sharing.round.as_ref().is_some_and(|round| is_another(round) && is_ahead(round))
    }

    /// The song jumps: to where the next round begins, if this is it.
    pub(crate) fn go_round(&mut self, round: Round) -> Option<Cue> {
        let part = round.part.filter(|_| self.clock.has_landed(round.landing))?;
        self.sharing.sides = Some(round.sides);
        self.sharing.dealt_in = Some((self.clock.count(), self.clock.tempo_bpm()));
        Some(Cue::Looped(part))
    }

    /// A song that jumps unforeseen, to bars of Segue's, just where Segue's bars would have begun: the part that is ready to
    /// begin, as long as it is there. Every other jump leaves nothing that could be decided in time.
    pub(crate) fn landed<S, N>(&mut self, scene: &Scene<'_, S, N>) -> Option<Part> {
        let settings = &scene.block.settings;
        let Turn::Waiting(ready) = self.turn else { return None };
        let begins_now = scene.span.offset_of(float(ready.start) + ready.lag) == scene.cursor();
        if ready.mode != Mode::Trade || settings.mode != Mode::Trade || settings.free_time || !begins_now {
            return None;
        }
        let (count, grid) = (self.clock.count(), settings.start_grid.to_join());
        let mut sides = self.sharing.sides?;
        let (first, after) = sides.deal(self.bar_number(scene, 0));
        if count.line_of(first) > ready.start || grid.at_or_after(ready.start, count.bars) != ready.start {
            return None;
        }
        self.sharing.sides = Some(sides);
        self.sharing.dealt_in = Some((count, self.clock.tempo_bpm()));
        Some(Part { end: Some(count.line_of(after)), ..ready })
    }
}

/// The grid on which a line that is under way is joined: none in free time.
fn joining(settings: &Settings) -> StartGrid {
    if settings.free_time { StartGrid::Free } else { settings.start_grid.to_join() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::Metre;

    /// Two bars from beat 4 on.
    const ANSWER: Part = Part { mode: Mode::Answer, start: Ticks(192), end: Some(Ticks(576)), ring: RING, lag: 0.0 };

    #[test]
    fn what_becomes_of_an_answer_where_a_loop_ends() {
        use StartGrid::{Bar, Eighth, Free};
        use Turn::{Hearing, Listening, Playing, Resting, Waiting};
        let part = |start, end| Part { start: Ticks(start), end: Some(Ticks(end)), ..ANSWER };
        let to = |start, end| Some(part(start, end));
        // The grid, the turn, where the loop ends, how many ticks behind that the gap is over: the answer behind it.
        let table = [
            ("played", Eighth, Playing(ANSWER), 384, -180.0, to(384, 576)),
            ("a beat is left", Eighth, Playing(ANSWER), 528, -330.0, to(528, 576)),
            ("less is left", Eighth, Playing(ANSWER), 530, -330.0, None),
            ("played, and the grid is bars", Bar, Playing(ANSWER), 240, -180.0, to(240, 576)),
            ("begins just before", Eighth, Waiting(ANSWER), 193, -10.0, to(193 + 23, 576)),
            ("begins on it", Eighth, Waiting(ANSWER), 192, -10.0, to(192, 576)),
            ("begins later, and the gap is over", Bar, Waiting(ANSWER), 48, -10.0, to(48, 432)),
            ("the gap is over on it", Eighth, Waiting(ANSWER), 168, 0.0, to(168, 552)),
            ("the gap is not over", Eighth, Waiting(ANSWER), 168, 3.5, to(192, 576)),
            ("nor is it, and the grid is bars", Bar, Waiting(ANSWER), 48, 3.5, to(192, 576)),
            ("nor is it, off the grid", Free, Waiting(ANSWER), 168, 3.0, to(171, 555)),
            ("over", Eighth, Resting, 192, -10.0, None),
            ("the player plays", Eighth, Hearing, 192, -10.0, None),
            ("nobody has played", Eighth, Listening, 192, 0.0, None),
        ];
        for (what, grid, turn, end, room, wanted) in table {
            let bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
            let seam = Seam { end: float(Ticks(end)), first: Ticks(end), lag: 0.0, bars, grid, room };
            assert_eq!(seam.answer(turn), wanted, "{what}");
        }
    }
}
