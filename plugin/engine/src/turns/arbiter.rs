//! The turn arbiter: where Segue's part lies in every mode, and whose turn it is. The only writer of the turn.
//!
//! | mode   | transport | where Segue's part lies                                                                |
//! |--------|-----------|----------------------------------------------------------------------------------------|
//! | answer | either    | after the last key-up, once the response gap is over and no note of a detached row     |
//! |        |           | is due (`row.rs`)                                                                      |
//! | trade  | a song    | bars are traded by number from the first bar on, so a place in the song is always on   |
//! |        |           | the same side; a pre-roll is the player's                                              |
//! | trade  | no song   | bars are traded from the bar of the player's first key on, which is the player's       |
//! |        |           | two empty turns of the player end the trade; a held key fills a turn                   |
//! | duet   | a song    | from the first bar on, without end                                                     |
//! | duet   | no song   | from the player's first key until `answer_bars` after the last key-up                  |
//!
//! The parts of trade and duet are *allocated*: as soon as they are known, and again when bars move. An allocated part
//! begins no earlier than its first note can be decided, so Segue joins its own bars on the grid when they are under
//! way.
//!
//! *Your turn* starts an answer or a duet on the next grid point. In a trade it gives Segue the next bars, and bars are
//! traded from there until the next transport discontinuity.
//!
//! A new style goes on with the part of the style before it. A setting that has no meaning in the mode changes nothing.

use super::loop_ahead::{LoopAhead, LoopPass, joining};
use super::situation::Situation;
use super::trade_grid::TradeGrid;
use super::turn::{Cue, Order, Part, Turn};
use crate::host::{Mode, Settings};
use crate::time::Time;
use crate::time::bar_count::BarCount;
use crate::time::now::Now;
use crate::time::tick_map::{FramePosition, TickMap};
use segue_model::note::Ticks;

/// Empty turns of the player in a row that end a trade without a song. A single one may be a rest.
const EMPTY_TURNS: u8 = 2;

/// Decides whose turn it is. The only writer of it.
#[derive(Debug, Default)]
pub struct TurnArbiter {
    turn: Turn,
    /// The settings of the block before that have a meaning in its mode; `None` before the first block.
    rules: Option<(Mode, Option<(u8, bool)>)>,
    /// The trade grid; `None` while no bars are traded.
    grid: Option<TradeGrid>,
    /// The bars and the tempo in which Segue's part was allocated.
    allocated_in: Option<(BarCount, f64)>,
    loop_ahead: LoopAhead,
    /// When the response gap of the latest answer is over.
    room_from: Option<FramePosition>,
    /// Whether a key went down or up since Segue's last part.
    player_was_active: bool,
    /// Turns of the player in a row in which no key was down.
    empty_turns: u8,
}

/// An event that may change the turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TurnInput {
    /// The song started, stopped or jumped, or the settings of the turn changed.
    Discontinuity {
        /// Whether the settings or the style changed.
        is_changed: bool,
    },
    /// The new style counts other ticks; this is the previous style's tick map of the block.
    TimeChanged(TickMap),
    /// The new style counts the same ticks as the previous one.
    StyleChanged,
    /// Bars may have moved.
    BarsMoved,
    /// A melody key goes down; its onset.
    KeyDown(Ticks),
    /// The last key that keeps the turn goes up.
    KeysUp {
        /// The offset from which on the next note of the player's detached row would be too late.
        row_overdue: i64,
    },
    /// The player presses *Your turn*.
    YourTurn,
    /// The player asks for an answer again.
    Again {
        /// Where in its bar it began.
        place: Ticks,
        /// How long it lasts.
        length: Ticks,
    },
    /// Segue may be heard again after it was silent.
    Unmuted,
    /// Everything is to be silent at once.
    AllSoundOff,
    /// A part of Segue is to be allocated.
    AllocationDue,
    /// The start of Segue's part is reached, or its end.
    TurnDue,
    /// The next pass of the loop is to be planned.
    LoopDue,
    /// The song did not wrap as planned, or will not.
    LoopPassed,
}

/// What follows from an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// What the planner is to do.
    pub order: Order,
    /// Segue's part before the event.
    pub before: Option<Part>,
}

impl TurnArbiter {
    /// Changes the turn because of an event; the planner carries out the decision. `None` when nothing is to be done.
    pub fn on(&mut self, input: TurnInput, at: &Situation<'_>) -> Option<Decision> {
        let before = self.turn.part();
        let order = match input {
            TurnInput::Discontinuity { is_changed } => self.restart(is_changed, at),
            TurnInput::TimeChanged(before) => self.convert(&before, at),
            TurnInput::StyleChanged => Some(Order::Redecide(before)),
            TurnInput::BarsMoved => self.reallocate(at),
            TurnInput::KeyDown(onset) => self.cue(Cue::KeyDown(onset), at),
            TurnInput::KeysUp { row_overdue } => self.keys_are_up(row_overdue, at),
            TurnInput::YourTurn => self.hand_over(at),
            TurnInput::Again { place, length } => self.cue(Cue::Again(at.again(place, length)), at),
            TurnInput::Unmuted => self.unmute(at),
            TurnInput::AllSoundOff => self.cue(Cue::Interrupted { keys_down: at.keys_play }, at),
            TurnInput::AllocationDue => self.allocate(at),
            TurnInput::TurnDue => self.reach_change(at),
            TurnInput::LoopDue => self.plan_loop(at),
            TurnInput::LoopPassed => self.rejoin(at),
        }?;
        Some(Decision { order, before })
    }

    /// Gives the turn to the player, because the performance stops.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whose turn it is.
    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// The part that Segue plays or waits to play.
    pub fn part(&self) -> Option<Part> {
        self.turn.part()
    }

    /// The lag of Segue's part: how much later than its tick each note sounds, in ticks, -0.5 to 0.5.
    pub fn lag(&self) -> f64 {
        self.part().map_or(0.0, |part| part.lag)
    }

    /// The lag of a note with this onset, which may belong to the next pass of the loop.
    pub fn lag_at(&self, onset: Ticks) -> f64 {
        let pass = self.next_pass().filter(|pass| onset >= pass.first);
        pass.and_then(|pass| pass.part).map_or(self.lag(), |part| part.lag)
    }

    /// The next pass of the loop, if it is planned and begins with a part of Segue.
    pub fn next_pass(&self) -> Option<LoopPass> {
        self.loop_ahead.planned()
    }

    /// The offset at which the next pass of the loop is to be planned.
    pub fn loop_due(&self, now: &Now<'_>, time: &Time) -> Option<i64> {
        self.loop_ahead.due(now, time)
    }

    /// The offset at which the song has passed the loop's end without wrapping.
    pub fn loop_passes(&self, now: &Now<'_>) -> Option<i64> {
        self.loop_ahead.passes(now)
    }

    /// Whether the host now reports another loop than the planned one.
    pub fn has_loop_changed(&self, now: &Now<'_>, time: &Time) -> bool {
        self.loop_ahead.has_changed(now, time)
    }

    /// Whether a part of Segue is to be allocated.
    pub fn is_allocation_due(&self, mode: Mode, time: &Time) -> bool {
        self.turn.part().is_none()
            && match mode {
                Mode::Answer => false,
                Mode::Trade => self.grid.is_some(),
                Mode::Duet => time.beats().follows_host() || self.turn == Turn::Hearing,
            }
    }

    /// Adopts the settings of a new block. True when those of the turn changed.
    pub fn enter(&mut self, settings: &Settings) -> bool {
        let sides = (settings.turn.trade.bars, settings.turn.trade.segue_first);
        let rules = Some((settings.turn.mode, (settings.turn.mode == Mode::Trade).then_some(sides)));
        std::mem::replace(&mut self.rules, rules) != rules
    }

    /// Notes that a key of the player goes down or up.
    pub fn note_activity(&mut self) {
        self.player_was_active = true;
        self.empty_turns = 0;
    }

    /// Notes that a key goes down: without a song a trade may begin with it.
    pub fn meet_player(&mut self, at: &Situation<'_>) {
        self.note_activity();
        let settings = at.now.settings();
        if settings.turn.mode == Mode::Trade && self.grid.is_none() {
            self.grid = Some(TradeGrid::new(at.bar_number(0), false, settings.turn.trade));
        }
    }

    /// Applies a cue to the state machine of turns.
    fn cue(&mut self, cue: Cue, at: &Situation<'_>) -> Option<Order> {
        let (turn, order) = self.turn.after(cue);
        self.turn = turn;
        match order {
            Some(Order::Prepare(_) | Order::Yield | Order::Stop) => drop(self.loop_ahead.forget()),
            Some(Order::Land(_)) if at.now.block.offline => drop(self.loop_ahead.forget()),
            Some(Order::Close) => {
                self.loop_ahead.forget();
                self.player_was_active = false;
            }
            _ => {}
        }
        order
    }

    /// Starts over after a discontinuity or with other settings of the turn.
    fn restart(&mut self, is_changed: bool, at: &Situation<'_>) -> Option<Order> {
        let settings = at.now.settings();
        let pass = self.next_pass().filter(|_| !is_changed);
        let in_song = at.time.beats().follows_host();
        self.grid = in_song.then(|| TradeGrid::new(0, settings.turn.trade.segue_first, settings.turn.trade));
        self.player_was_active = false;
        self.empty_turns = 0;
        self.loop_ahead.forget();
        let cue = match pass {
            Some(pass) => self.wrap_loop(&pass, at),
            None if is_changed => None,
            None => self.landed(at).map(Cue::Landed),
        };
        self.cue(cue.unwrap_or(Cue::Interrupted { keys_down: at.keys_play }), at)
    }

    /// The cue for a jump that is the planned wrap of the loop.
    fn wrap_loop(&mut self, pass: &LoopPass, at: &Situation<'_>) -> Option<Cue> {
        let part = pass.part.filter(|_| at.time.beats().has_wrapped(pass.landing))?;
        self.grid = Some(pass.grid);
        self.note_allocation(at);
        Some(Cue::Looped(part))
    }

    /// The part that survives a jump that was not planned for: one that waits to begin on this very frame, if the song
    /// jumps to bars that are Segue's too. After any other jump no note could be decided in time.
    fn landed(&mut self, at: &Situation<'_>) -> Option<Part> {
        let settings = at.now.settings();
        let Turn::Waiting(ready) = self.turn else { return None };
        let begins_now = at.now.maps.style.offset_of(ready.start.as_f64() + ready.lag) == at.now.offset();
        if ready.mode != Mode::Trade || settings.turn.mode != Mode::Trade || settings.style.free_time || !begins_now {
            return None;
        }
        let (count, start_grid) = (at.time.beats().count(), settings.turn.start_grid.to_join());
        let mut grid = self.grid?;
        let (first, after) = grid.allocate(at.bar_number(0));
        if count.line_of(first) > ready.start || start_grid.at_or_after(ready.start, count.bars) != ready.start {
            return None;
        }
        self.grid = Some(grid);
        self.note_allocation(at);
        Some(Part { end: Some(count.line_of(after)), ..ready })
    }

    fn note_allocation(&mut self, at: &Situation<'_>) {
        let clock = at.time.beats();
        self.allocated_in = Some((clock.count(), clock.tempo_bpm()));
    }

    fn allocate(&mut self, at: &Situation<'_>) -> Option<Order> {
        let part = match at.now.settings().turn.mode {
            Mode::Answer => return None,
            Mode::Trade => at.part_of_bars(self.grid.as_mut()?.allocate(at.bar_number(0))),
            Mode::Duet => at.duet_from_now(),
        };
        self.note_allocation(at);
        self.cue(Cue::Allocated(part), at)
    }

    /// Moves the allocated part with its bars: they keep their numbers when the metre or the bar line changes.
    fn reallocate(&mut self, at: &Situation<'_>) -> Option<Order> {
        let (count, tempo_bpm) = self.allocated_in?;
        let clock = at.time.beats();
        let is_traded = self.part().is_some_and(|part| part.mode == Mode::Trade);
        let bars_moved = !count.goes_on_as(clock.count());
        #[allow(clippy::float_cmp, reason = "a tempo that was not touched is the very same number")]
        let seconds_moved = at.time.in_free_time() && tempo_bpm != clock.tempo_bpm();
        if !is_traded || !(bars_moved || seconds_moved) {
            return None;
        }
        let bars = self.grid.and_then(|grid| grid.allocated())?;
        self.note_allocation(at);
        let part = at.part_of_bars(bars);
        let cue = match self.turn {
            // A part that is about to begin on this bar line keeps its start.
            Turn::Waiting(ready) if is_ready(at, ready, bars) => Cue::Landed(Part { end: part.end, ..ready }),
            _ => Cue::Allocated(part),
        };
        self.cue(cue, at)
    }

    /// Converts Segue's part to the ticks of a new style; it goes on as soon as it can be decided.
    fn convert(&mut self, before: &TickMap, at: &Situation<'_>) -> Option<Order> {
        let part = self.part()?;
        self.loop_ahead.forget();
        if part.is_again {
            return self.cue(Cue::Interrupted { keys_down: at.keys_play }, at);
        }
        let now = at.now;
        let converted = match part.mode {
            Mode::Answer => {
                let begins = before.offset_of(part.start.as_f64() + part.lag);
                let grid = now.settings().turn.start_grid;
                let is_soon = begins < now.soonest();
                let (from, grid) = if is_soon { (now.soonest(), grid.to_join()) } else { (begins, grid) };
                let (start, lag) = at.place(from, grid);
                let end = part.end.map(|end| now.maps.style.nearest_tick(before.offset_of(end.as_f64() + part.lag)));
                Some(Part { start, end, lag, ..part })
            }
            Mode::Trade => self.grid.and_then(|grid| grid.allocated()).map(|bars| at.part_of_bars(bars)),
            Mode::Duet => Some(at.duet_from_now()),
        };
        // A part that cannot be converted ends at once.
        let converted = converted.unwrap_or(Part { end: Some(part.start), ..part });
        self.note_allocation(at);
        self.cue(Cue::Converted(converted), at)
    }

    /// The last key that keeps the turn goes up.
    fn keys_are_up(&mut self, row_overdue: i64, at: &Situation<'_>) -> Option<Order> {
        let settings = at.now.settings();
        let part = match settings.turn.mode {
            Mode::Answer => {
                let gap_over = at.now.offset() + at.now.frames_in_ms(settings.turn.response_gap_ms);
                self.answer_from(gap_over.max(row_overdue), at)
            }
            Mode::Duet if !at.time.beats().follows_host() => at.duet_from_now(),
            Mode::Trade | Mode::Duet => return None,
        };
        self.cue(Cue::LastKeyUp(part), at)
    }

    fn answer_from(&mut self, offset: i64, at: &Situation<'_>) -> Part {
        self.room_from = Some(at.now.start.plus(offset));
        at.answer_from(offset)
    }

    /// The player presses *Your turn*: hands the turn over, or takes it back while Segue plays.
    fn hand_over(&mut self, at: &Situation<'_>) -> Option<Order> {
        if let Turn::Playing(part) = self.turn {
            return self.cue(Cue::YourTurn(part), at);
        }
        let settings = at.now.settings();
        let part = match settings.turn.mode {
            Mode::Answer => self.answer_from(at.now.soonest(), at),
            Mode::Duet => at.duet_from_now(),
            Mode::Trade => {
                let soon = at.now.look_ahead;
                let number = at.bar_number(soon);
                let line = at.time.beats().count().line_of(number);
                let begins = at.now.maps.beats.offset_of(line.as_f64()) >= at.now.soonest();
                let mut grid = TradeGrid::new(if begins { number } else { number + 1 }, true, settings.turn.trade);
                let part = at.part_of_bars(grid.allocate(number));
                let is_earlier = !matches!(self.turn, Turn::Waiting(before) if part.start >= before.start);
                if !is_earlier {
                    return None;
                }
                self.grid = Some(grid);
                self.note_activity();
                part
            }
        };
        self.note_allocation(at);
        self.cue(Cue::YourTurn(part), at)
    }

    /// The start of Segue's part is reached, or its end.
    fn reach_change(&mut self, at: &Situation<'_>) -> Option<Order> {
        let (_, _, cue) = self.turn.next_change()?;
        let is_traded = self.part().is_some_and(|part| part.mode == Mode::Trade);
        if cue == Cue::Start && is_traded && !at.time.beats().follows_host() && self.player_has_gone(at) {
            self.grid = None;
            return self.cue(Cue::Lapse, at);
        }
        self.cue(cue, at)
    }

    /// At the end of a turn of the player: whether the player has stopped playing.
    fn player_has_gone(&mut self, at: &Situation<'_>) -> bool {
        let is_empty = !self.player_was_active && !at.keys_down;
        self.empty_turns = if is_empty { self.empty_turns.saturating_add(1) } else { 0 };
        self.empty_turns >= EMPTY_TURNS
    }

    /// Plans the next pass of the loop.
    fn plan_loop(&mut self, at: &Situation<'_>) -> Option<Order> {
        let pass = self.loop_ahead.plan(at, self.turn, self.room_from)?;
        pass.part.map(|part| Order::PrepareBeside { from: pass.first, part })
    }

    /// Goes on with the present part on the grid, because the song does not wrap as planned.
    fn rejoin(&mut self, at: &Situation<'_>) -> Option<Order> {
        if !self.loop_ahead.forget() {
            return None;
        }
        Some(self.go_on(at))
    }

    /// Goes on with the present part, of which nothing was decided while Segue was silent.
    fn unmute(&mut self, at: &Situation<'_>) -> Option<Order> {
        self.loop_ahead.forget();
        self.part().map(|_| self.go_on(at))
    }

    /// The rest of the present part, from the next point of the grid on.
    fn go_on(&self, at: &Situation<'_>) -> Order {
        let part = self.part().and_then(|part| {
            let grid = joining(at.now.settings());
            let soonest = grid.at_or_after(at.now.first_free_tick(part.lag), at.time.of_style().bars());
            let start = if part.is_again { part.start } else { part.start.max(soonest) };
            (!part.is_over_at(start)).then_some(Part { start, ..part })
        });
        Order::Rejoin { part, plays: matches!(self.turn, Turn::Playing(_)) }
    }
}

/// Whether a part is about to begin with these bars, too soon for another to be decided.
fn is_ready(at: &Situation<'_>, ready: Part, (first, _): (i64, i64)) -> bool {
    let maps = &at.now.maps;
    let begins = maps.style.offset_of(ready.start.as_f64() + ready.lag);
    let is_soon = (at.now.offset()..at.now.soonest()).contains(&begins);
    is_soon && maps.beats.offset_of(at.time.beats().count().line_of(first).as_f64()) == begins
}

#[cfg(test)]
mod tests;
