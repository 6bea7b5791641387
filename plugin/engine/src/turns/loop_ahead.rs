//! The loop look-ahead: plans Segue's part after the end of the host's loop before the loop ends.
//!
//! A host that reports its loop says where the song will go on. So a part that begins there is drafted as early as any
//! other, beside the part that plays until then, and its first note can sound on the first frame after the loop. Where
//! the song does not go round as reported, the plan is withdrawn as after any other jump. A jump that is not reported
//! cannot be planned for; the arbiter handles it.
//!
//! An answer keeps its length across the loop's end. Sounding notes end there, as with every jump:
//!
//! | the answer when the loop ends                      | after the loop's end                                   |
//! |----------------------------------------------------|--------------------------------------------------------|
//! | plays, and a beat or more of it is left            | goes on, on the loop's first beat                      |
//! | plays, and less is left                            | is over                                                |
//! | waits, and would begin before the loop's end       | as if it played                                        |
//! | waits, would begin later, response gap over        | begins on the loop's first beat                        |
//! | waits, would begin later, response gap not over    | begins on the first grid point after the gap           |
//! | is over, or the turn is the player's               | nothing: the turn is the player's                      |
//! | is an earlier one that is played again             | is over                                                |
//!
//! Knows the turn and the grid; does not change either.

use super::situation::{RING, RING_OVER, Situation};
use super::trade_grid::TradeGrid;
use super::turn::{Part, Turn};
use crate::host::{Mode, Settings, StartGrid};
use crate::time::Time;
use crate::time::loop_wrap::LoopWrap;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use segue_model::note::{Bars, Ticks};

/// The next pass of the loop, as it was planned.
#[derive(Debug, Clone, Copy)]
pub struct LoopPass {
    /// Where the song wraps.
    pub landing: LoopWrap,
    /// Its first tick, in ticks of the style that plays.
    pub first: Ticks,
    /// Segue's part at its beginning; `None` if it does not begin with one.
    pub part: Option<Part>,
    /// The trade grid in it.
    pub grid: TradeGrid,
}

/// The next pass of the song's loop.
///
/// | state   | event                                                  | next state                            |
/// |---------|--------------------------------------------------------|---------------------------------------|
/// | unknown | the loop's end comes within the look-ahead             | planned                               |
/// | planned | the song wraps as planned                              | unknown; the planned part begins      |
/// | planned | the song passes the loop's end, or the loop changes    | unknown; the previous part goes on    |
/// | planned | the plan is withdrawn                                  | unknown                               |
#[derive(Debug, Clone, Copy, Default)]
pub enum LoopAhead {
    /// The next pass is not planned.
    #[default]
    Unknown,
    /// The next pass is planned like this.
    Planned(LoopPass),
}

impl LoopAhead {
    /// The offset at which the next pass is to be planned: the look-ahead before the loop's end. `None` when it is
    /// planned already or there is no loop.
    pub fn due(&self, now: &Now<'_>, time: &Time) -> Option<i64> {
        let settings = now.settings();
        let can_be_ready = settings.turn.mode == Mode::Answer || !settings.style.free_time;
        let is_new = can_be_ready && matches!(self, Self::Unknown);
        let landing = time.beats().loop_wrap().filter(|_| is_new)?;
        let end = now.maps.beats.offset_of(landing.reached);
        (end >= now.offset()).then_some(end.saturating_sub(now.look_ahead))
    }

    /// Plans the next pass. `room_from` is the position at which the response gap is over.
    pub fn plan(&mut self, at: &Situation<'_>, turn: Turn, room_from: Option<FramePosition>) -> Option<LoopPass> {
        let landing = at.time.beats().loop_wrap()?;
        let pass = LoopPass::of(landing, at.now.settings(), turn, &WrapPoint::of(at.now, landing, room_from));
        *self = Self::Planned(pass);
        Some(pass)
    }

    /// The next pass, if it is planned and begins with a part of Segue.
    pub fn planned(&self) -> Option<LoopPass> {
        match self {
            Self::Planned(pass) => Some(*pass).filter(|pass| pass.part.is_some()),
            Self::Unknown => None,
        }
    }

    /// The offset after which the song has certainly passed the loop's end without wrapping.
    pub fn passes(&self, now: &Now<'_>) -> Option<i64> {
        let Self::Planned(pass) = self else { return None };
        // If the end lies between two frames, some hosts wrap on the first and some on the second.
        Some(now.maps.beats.offset_of(pass.landing.reached).saturating_add(1))
    }

    /// Whether the host now reports another loop than the planned one.
    pub fn has_changed(&self, now: &Now<'_>, time: &Time) -> bool {
        let Self::Planned(pass) = self else { return false };
        let has_changed = !time.beats().loop_wrap().is_some_and(|landing| landing.is_same_as(&pass.landing));
        has_changed && now.maps.beats.offset_of(pass.landing.reached) > now.offset()
    }

    /// Drops the planned pass. True when it began with a part of Segue.
    pub fn forget(&mut self) -> bool {
        let had_part = self.planned().is_some();
        *self = Self::Unknown;
        had_part
    }
}

impl LoopPass {
    /// The next pass, shared as these settings say.
    fn of(landing: LoopWrap, settings: &Settings, turn: Turn, wrap: &WrapPoint) -> Self {
        let LoopWrap { first, count, .. } = landing;
        let mut trades = TradeGrid::new(0, settings.turn.trade.segue_first, settings.turn.trade);
        let grid = settings.turn.start_grid.to_join();
        let part = match settings.turn.mode {
            Mode::Answer => wrap.answer(turn),
            Mode::Duet => {
                let start = grid.at_or_after(first.max(count.line_of(0)), count.bars);
                Some(Part { mode: Mode::Duet, start, end: None, ring: RING, lag: 0.0, is_again: false })
            }
            Mode::Trade => {
                let number = count.number_at(first);
                let (begin, after) = trades.allocate(number);
                let ring = if settings.turn.trade.rings_over { RING_OVER } else { Ticks::ZERO };
                let start = grid.at_or_after(first, count.bars);
                let end = Some(count.line_of(after));
                (begin <= number).then_some(Part { mode: Mode::Trade, start, end, ring, lag: 0.0, is_again: false })
            }
        };
        Self { landing, first: wrap.first, part, grid: trades }
    }
}

/// The point where the song wraps, in ticks of the style that plays.
#[derive(Debug, Clone, Copy)]
struct WrapPoint {
    /// The loop's end.
    end: f64,
    /// The first tick after the wrap, and the lag of the wrap behind that tick: 0 outside free time.
    first: Ticks,
    lag: f64,
    /// The bars after the wrap.
    bars: Bars,
    /// Where an answer may begin.
    grid: StartGrid,
    /// Ticks from the wrap to the end of the response gap; negative when the gap ends before the wrap.
    room: f64,
}

impl WrapPoint {
    fn of(now: &Now<'_>, landing: LoopWrap, room_from: Option<FramePosition>) -> Self {
        let (settings, maps) = (now.settings(), &now.maps);
        let offset = maps.beats.offset_of(landing.reached);
        let since = |position| now.offset_of(position).saturating_sub(offset);
        let room = room_from.map_or(0.0, |position| maps.style.ticks_of(since(position)));
        let bars = landing.count.bars;
        if settings.style.free_time {
            let end = maps.style.moment_of(offset);
            let (first, lag) = nearest(end);
            return Self { end, first, lag, bars, grid: StartGrid::Free, room };
        }
        Self { end: landing.reached, first: landing.first, lag: 0.0, bars, grid: settings.turn.start_grid, room }
    }

    /// The part after the wrap, by the table at the head of this file.
    fn answer(&self, turn: Turn) -> Option<Part> {
        let (part, plays) = match turn {
            Turn::Playing(part) => (part, true),
            Turn::Waiting(part) => (part, part.start.as_f64() + part.lag < self.end),
            Turn::Listening | Turn::Hearing | Turn::Resting => return None,
        };
        if part.is_again {
            return None;
        }
        let Self { first, lag, bars, grid, .. } = *self;
        let on_first_beat = grid.to_join().at_or_after(first, bars);
        if plays {
            let has_a_beat = part.end.is_none_or(|end| end - on_first_beat >= bars.metre.beat());
            return has_a_beat.then_some(Part { start: on_first_beat, lag, ..part });
        }
        let (start, lag) = match grid {
            _ if self.room <= 0.0 => (on_first_beat, lag),
            StartGrid::Free => nearest(first.as_f64() + lag + self.room),
            _ => (grid.at_or_after(first + Ticks(whole(self.room.ceil())), bars), 0.0),
        };
        Some(Part { start, lag, end: part.end.map(|end| start + (end - part.start)), ..part })
    }
}

/// The nearest tick, and the lag of the moment behind it.
fn nearest(moment: f64) -> (Ticks, f64) {
    let tick = Ticks(whole(moment.round()));
    (tick, moment - tick.as_f64())
}

#[allow(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole(moment: f64) -> i64 {
    moment as i64
}

/// The grid on which a part that is already under way is joined: none in free time.
pub fn joining(settings: &Settings) -> StartGrid {
    if settings.style.free_time { StartGrid::Free } else { settings.turn.start_grid.to_join() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::Metre;

    /// An answer of two bars from beat 4 on.
    const ANSWER: Part =
        Part { mode: Mode::Answer, start: Ticks(192), end: Some(Ticks(576)), ring: RING, lag: 0.0, is_again: false };

    /// Tests each row of the table at the head of this file, and its limits.
    #[test]
    fn an_answer_follows_the_table_where_a_loop_ends() {
        use StartGrid::{Bar, Eighth, Free};
        use Turn::{Hearing, Listening, Playing, Resting, Waiting};
        let to = |start, end| Some(Part { start: Ticks(start), end: Some(Ticks(end)), ..ANSWER });
        // The row, the grid, the turn, the loop's end, the ticks from there to the end of the gap, and the answer after
        // the wrap.
        let table = [
            ("plays, two bars are left", Eighth, Playing(ANSWER), 384, -180.0, to(384, 576)),
            ("plays, exactly a beat is left", Eighth, Playing(ANSWER), 528, -330.0, to(528, 576)),
            ("plays, less is left", Eighth, Playing(ANSWER), 530, -330.0, None),
            ("plays, the grid is bars", Bar, Playing(ANSWER), 240, -180.0, to(240, 576)),
            ("waits, begins just before the end", Eighth, Waiting(ANSWER), 193, -10.0, to(193 + 23, 576)),
            ("waits, begins on the end", Eighth, Waiting(ANSWER), 192, -10.0, to(192, 576)),
            ("waits, begins later, gap over", Bar, Waiting(ANSWER), 48, -10.0, to(48, 432)),
            ("waits, begins later, gap ends there", Eighth, Waiting(ANSWER), 168, 0.0, to(168, 552)),
            ("waits, begins later, gap not over", Eighth, Waiting(ANSWER), 168, 3.5, to(192, 576)),
            ("the same, the grid is bars", Bar, Waiting(ANSWER), 48, 3.5, to(192, 576)),
            ("the same, without a grid", Free, Waiting(ANSWER), 168, 3.0, to(171, 555)),
            ("an earlier one", Eighth, Playing(Part { is_again: true, ..ANSWER }), 384, -180.0, None),
            ("over", Eighth, Resting, 192, -10.0, None),
            ("the player plays", Eighth, Hearing, 192, -10.0, None),
            ("nobody has played", Eighth, Listening, 192, 0.0, None),
        ];
        for (row, grid, turn, end, room, wanted) in table {
            let bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
            let wrap = WrapPoint { end: Ticks(end).as_f64(), first: Ticks(end), lag: 0.0, bars, grid, room };
            assert_eq!(wrap.answer(turn), wanted, "{row}");
        }
    }
}
