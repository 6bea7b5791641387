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

use super::situation::{RING, RING_OVER, Situation};
use super::trade_grid::TradeGrid;
use super::turn::{Part, Turn};
use crate::host::{Mode, Settings, StartGrid};
use crate::time::Time;
use crate::time::loop_wrap::LoopWrap;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use segue_model::note::{Bars, Ticks};

/// A pass of the loop that is still to come.
#[derive(Debug, Clone, Copy)]
pub struct LoopPass {
    /// Where it begins.
    pub landing: LoopWrap,
    /// Its first tick, as the style that plays counts it.
    pub first: Ticks,
    /// Segue's part from its beginning on; `None` where it does not begin there.
    pub part: Option<Part>,
    /// Who has which bars then.
    pub bars: TradeGrid,
}

/// The next pass of the song's loop.
///
/// | state    | what happens                                      | then     |
/// |----------|---------------------------------------------------|----------|
/// | unknown  | the loop's end is the look-ahead away             | foreseen |
/// | foreseen | the song goes round: its part begins              | unknown  |
/// | foreseen | the song has passed the end, or the loop is another | unknown: the part is joined again |
/// | foreseen | the plan is withdrawn                             | unknown  |
#[derive(Debug, Clone, Copy, Default)]
pub enum LoopAhead {
    /// Nothing is decided of it.
    #[default]
    Unknown,
    /// This is what will be played.
    Foreseen(LoopPass),
}

impl LoopAhead {
    /// When the next pass is to be foreseen, as an offset: as long before as any note is decided.
    pub fn due(&self, now: &Now<'_>, time: &Time) -> Option<i64> {
        let settings = now.settings();
        let can_be_ready = settings.mode == Mode::Answer || !settings.free_time;
        let is_new = can_be_ready && matches!(self, Self::Unknown);
        let landing = time.beats().loop_wrap().filter(|_| is_new)?;
        let end = now.maps.beats.offset_of(landing.reached);
        (end >= now.offset()).then_some(end.saturating_sub(now.look_ahead))
    }

    /// Foresees the next pass. `room_from` is where the player has left room for an answer.
    pub fn foresee(&mut self, at: &Situation<'_>, turn: Turn, room_from: Option<FramePosition>) -> Option<LoopPass> {
        let landing = at.time.beats().loop_wrap()?;
        let pass = LoopPass::of(landing, at.now.settings(), turn, &WrapPoint::of(at.now, landing, room_from));
        *self = Self::Foreseen(pass);
        Some(pass)
    }

    /// The pass that is foreseen and has a part of Segue's.
    pub fn planned(&self) -> Option<LoopPass> {
        match self {
            Self::Foreseen(pass) => Some(*pass).filter(|pass| pass.part.is_some()),
            Self::Unknown => None,
        }
    }

    /// When the song will have passed the end of its loop, if it does not go round, as an offset.
    pub fn passes(&self, now: &Now<'_>) -> Option<i64> {
        let Self::Foreseen(pass) = self else { return None };
        // Where the end falls between two frames, some hosts go round on the first and some on the second.
        Some(now.maps.beats.offset_of(pass.landing.reached).saturating_add(1))
    }

    /// Whether the loop that is ahead of us is not any more the one that was foreseen.
    pub fn is_another(&self, now: &Now<'_>, time: &Time) -> bool {
        let Self::Foreseen(pass) = self else { return false };
        let is_another = !time.beats().loop_wrap().is_some_and(|landing| landing.is_same_as(&pass.landing));
        is_another && now.maps.beats.offset_of(pass.landing.reached) > now.offset()
    }

    /// Nothing of the next pass is decided any more. True when a part of Segue's was.
    pub fn forget(&mut self) -> bool {
        let had_part = self.planned().is_some();
        *self = Self::Unknown;
        had_part
    }
}

impl LoopPass {
    /// As these settings share time in it.
    fn of(landing: LoopWrap, settings: &Settings, turn: Turn, seam: &WrapPoint) -> Self {
        let LoopWrap { first, count, .. } = landing;
        let mut bars = TradeGrid::new(0, settings.trade.segue_first, settings.trade);
        let grid = settings.start_grid.to_join();
        let part = match settings.mode {
            Mode::Answer => seam.answer(turn),
            Mode::Duet => {
                let start = grid.at_or_after(first.max(count.line_of(0)), count.bars);
                Some(Part { mode: Mode::Duet, start, end: None, ring: RING, lag: 0.0 })
            }
            Mode::Trade => {
                let number = count.number_at(first);
                let (begin, after) = bars.deal(number);
                let ring = if settings.trade.rings_over { RING_OVER } else { Ticks::ZERO };
                let start = grid.at_or_after(first, count.bars);
                let end = Some(count.line_of(after));
                (begin <= number).then_some(Part { mode: Mode::Trade, start, end, ring, lag: 0.0 })
            }
        };
        Self { landing, first: seam.first, part, bars }
    }
}

/// Where a loop ends and begins again, as the style that plays counts time.
#[derive(Debug, Clone, Copy)]
struct WrapPoint {
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

impl WrapPoint {
    fn of(now: &Now<'_>, landing: LoopWrap, room_from: Option<FramePosition>) -> Self {
        let (settings, maps) = (now.settings(), &now.maps);
        let offset = maps.beats.offset_of(landing.reached);
        // Positions of the present block and its neighbours.
        let since = |position| now.offset_of(position).saturating_sub(offset);
        let room = room_from.map_or(0.0, |position| maps.style.ticks_of(since(position)));
        let bars = landing.count.bars;
        if settings.free_time {
            let end = maps.style.moment_of(offset);
            let (first, lag) = nearest(end);
            return Self { end, first, lag, bars, grid: StartGrid::Free, room };
        }
        Self { end: landing.reached, first: landing.first, lag: 0.0, bars, grid: settings.start_grid, room }
    }

    /// What becomes of an answer. See the table at the head of the module.
    fn answer(&self, turn: Turn) -> Option<Part> {
        let (part, is_under_way) = match turn {
            Turn::Playing(part) => (part, true),
            Turn::Waiting(part) => (part, part.start.as_f64() + part.lag < self.end),
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
            StartGrid::Free => nearest(first.as_f64() + lag + self.room),
            _ => (grid.at_or_after(first + Ticks(whole(self.room.ceil())), bars), 0.0),
        };
        Some(Part { start, lag, end: part.end.map(|end| start + (end - part.start)), ..part })
    }
}

/// The nearest tick, and how far beside it the moment lies.
fn nearest(moment: f64) -> (Ticks, f64) {
    let tick = Ticks(whole(moment.round()));
    (tick, moment - tick.as_f64())
}

#[allow(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole(moment: f64) -> i64 {
    moment as i64
}

/// The grid on which a line that is under way is joined: none in free time.
pub fn joining(settings: &Settings) -> StartGrid {
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
            let seam = WrapPoint { end: Ticks(end).as_f64(), first: Ticks(end), lag: 0.0, bars, grid, room };
            assert_eq!(seam.answer(turn), wanted, "{what}");
        }
    }
}
