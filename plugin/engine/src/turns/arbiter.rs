//! How time is shared with the player: where Segue's part lies, in every mode.
//!
//! The answer follows the player's last key-up: when the gap is over, and not while the next note of a row that is played
//! detached may still come (`row.rs`). Other parts (the bars of a trade, a duet) are dealt: at the very moment
//! from which on they are known, and anew where bars change under them. Nothing of them begins sooner after that moment
//! than the mind needs to decide it, so in the middle of its bars Segue joins on the grid.
//!
//! - In a song bars are traded from its first bar on, by their numbers, so that each place in the song is on the same
//!   side each time; and a duet is played all along, from the first bar on. A pre-roll is the player's.
//! - Without a song a trade begins with the bar in which the player begins, on the player's side whoever has the first
//!   bars in a song. Whoever leaves a turn empty rests: Segue's bars come all the same, and the bar lines stay where
//!   they are. Whoever leaves two of them empty, one after the other, has gone: Segue rests too, and the next key begins
//!   another trade. A key that is held fills a turn. A duet begins with the player's first note and is over when no key
//!   was held for as many bars as an answer has.
//! - Another style goes on with what the one before had begun. A setting that means nothing in the mode changes nothing.
//! - *Your turn* begins an answer or a duet on the next point of the grid. In a trade Segue has the next bars, and all
//!   that follow are traded from there, until the song starts, stops or jumps.

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

/// So many empty turns of the player's, one after the other, end a trade without a song: the first may be a rest.
const EMPTY_TURNS: u8 = 2;

/// Decides whose turn it is. The only writer of it.
#[derive(Debug, Default)]
pub struct TurnArbiter {
    turn: Turn,
    /// The settings of the block before, as far as they mean anything in its mode; `None` before the first.
    rules: Option<(Mode, Option<(u8, bool)>)>,
    /// Who has which bars; `None` while none are traded.
    grid: Option<TradeGrid>,
    /// Bars and tempo as they were when Segue's part was dealt.
    dealt_in: Option<(BarCount, f64)>,
    loop_ahead: LoopAhead,
    /// From when on the player leaves room for an answer, as far as is known.
    room_from: Option<FramePosition>,
    /// The player has struck or lifted a key since Segue's last part.
    player_is_there: bool,
    /// Turns of the player's, one after the other, in which no key was down.
    empty_turns: u8,
}

/// What happens that may change the turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TurnInput {
    /// The song started, stopped or jumped, or the settings of the turn are others.
    Discontinuity {
        /// The settings or the style are others.
        is_changed: bool,
    },
    /// The style counts time otherwise than the one before, for which this was the map of the block.
    OtherTime(TickMap),
    /// The style is another and counts time as the one before did.
    OtherStyle,
    /// Bars may have moved.
    BarsMoved,
    /// A key of the melody goes down, heard at this onset.
    KeyDown(Ticks),
    /// The last key that keeps the turn is up; a next note of the player's row would be too late from this offset on.
    KeysUp {
        /// Counted from the block's first frame.
        row_overdue: i64,
    },
    /// The player asks Segue to play.
    YourTurn,
    /// Everything is to be silent at once.
    AllSoundOff,
    /// There is a part of Segue's that nobody has dealt yet.
    DealDue,
    /// The start of Segue's part is reached, or its end.
    TurnDue,
    /// The next pass of the loop is to be foreseen.
    LoopDue,
    /// The song did not go round, or will not do so as was foreseen.
    LoopPassed,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// What.
    pub order: Order,
    /// Segue's part before.
    pub before: Option<Part>,
}

impl TurnArbiter {
    /// What follows when something happens.
    pub fn on(&mut self, input: TurnInput, at: &Situation<'_>) -> Option<Decision> {
        let before = self.turn.part();
        let order = match input {
            TurnInput::Discontinuity { is_changed } => self.begin_again(is_changed, at),
            TurnInput::OtherTime(before) => self.recast(&before, at),
            TurnInput::OtherStyle => Some(Order::Redecide(before)),
            TurnInput::BarsMoved => self.deal_again(at),
            TurnInput::KeyDown(onset) => self.cue(Cue::KeyDown(onset), at),
            TurnInput::KeysUp { row_overdue } => self.keys_are_up(row_overdue, at),
            TurnInput::YourTurn => self.hand_over(at),
            TurnInput::AllSoundOff => self.cue(Cue::Broken { keys_down: at.keys_play }, at),
            TurnInput::DealDue => self.deal(at),
            TurnInput::TurnDue => self.reach_change(at),
            TurnInput::LoopDue => self.foresee_loop(at),
            TurnInput::LoopPassed => self.rejoin(at),
        }?;
        Some(Decision { order, before })
    }

    /// The performance stops: it is the player's turn.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whose turn it is.
    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// What Segue plays or is about to play.
    pub fn part(&self) -> Option<Part> {
        self.turn.part()
    }

    /// How far beside its tick every note of Segue's part sounds, as a part of a tick.
    pub fn lag(&self) -> f64 {
        self.part().map_or(0.0, |part| part.lag)
    }

    /// The pass of the loop that is foreseen and has a part of Segue's.
    pub fn next_pass(&self) -> Option<LoopPass> {
        self.loop_ahead.planned()
    }

    /// When the next pass of the loop is to be foreseen, as an offset.
    pub fn loop_due(&self, now: &Now<'_>, time: &Time) -> Option<i64> {
        self.loop_ahead.due(now, time)
    }

    /// When the song will have passed the end of its loop, if it does not go round, as an offset.
    pub fn loop_passes(&self, now: &Now<'_>) -> Option<i64> {
        self.loop_ahead.passes(now)
    }

    /// Whether the loop that is ahead of us is not any more the one that was foreseen.
    pub fn is_loop_another(&self, now: &Now<'_>, time: &Time) -> bool {
        self.loop_ahead.is_another(now, time)
    }

    /// Whether there is a part of Segue's that nobody has dealt yet.
    pub fn is_deal_due(&self, mode: Mode, time: &Time) -> bool {
        self.turn.part().is_none()
            && match mode {
                Mode::Answer => false,
                Mode::Trade => self.grid.is_some(),
                Mode::Duet => time.beats().follows_host() || self.turn == Turn::Hearing,
            }
    }

    /// Takes the settings of a new block in. True when they share time otherwise than those before.
    pub fn enter(&mut self, settings: &Settings) -> bool {
        let sides = (settings.trade.bars, settings.trade.segue_first);
        let rules = Some((settings.mode, (settings.mode == Mode::Trade).then_some(sides)));
        std::mem::replace(&mut self.rules, rules) != rules
    }

    /// The player strikes or lifts a key.
    pub fn player_is_there(&mut self) {
        self.player_is_there = true;
        self.empty_turns = 0;
    }

    /// The player strikes a key: without a song a trade may begin with it.
    pub fn meet_player(&mut self, at: &Situation<'_>) {
        self.player_is_there();
        let settings = at.now.settings();
        if settings.mode == Mode::Trade && self.grid.is_none() {
            self.grid = Some(TradeGrid::new(at.bar_number(0), false, settings.trade));
        }
    }

    /// Asks the table of turns.
    fn cue(&mut self, cue: Cue, at: &Situation<'_>) -> Option<Order> {
        let (turn, order) = self.turn.after(cue);
        self.turn = turn;
        match order {
            Some(Order::Prepare(_) | Order::Yield | Order::Break) => drop(self.loop_ahead.forget()),
            Some(Order::Land(_)) if at.now.block.offline => drop(self.loop_ahead.forget()),
            Some(Order::Close) => {
                self.loop_ahead.forget();
                self.player_is_there = false;
            }
            _ => {}
        }
        order
    }

    /// Nothing of what was shared before holds any more.
    fn begin_again(&mut self, is_changed: bool, at: &Situation<'_>) -> Option<Order> {
        let settings = at.now.settings();
        let pass = self.next_pass().filter(|_| !is_changed);
        let in_song = at.time.beats().follows_host();
        self.grid = in_song.then(|| TradeGrid::new(0, settings.trade.segue_first, settings.trade));
        self.player_is_there = false;
        self.empty_turns = 0;
        self.loop_ahead.forget();
        let cue = match pass {
            Some(pass) => self.go_round(&pass, at),
            None if is_changed => None,
            None => self.landed(at).map(Cue::Landed),
        };
        self.cue(cue.unwrap_or(Cue::Broken { keys_down: at.keys_play }), at)
    }

    /// The song jumps: to where the next pass begins, if this is it.
    fn go_round(&mut self, pass: &LoopPass, at: &Situation<'_>) -> Option<Cue> {
        let part = pass.part.filter(|_| at.time.beats().has_wrapped(pass.landing))?;
        self.grid = Some(pass.bars);
        self.note_deal(at);
        Some(Cue::Looped(part))
    }

    /// A song that jumps unforeseen, to bars of Segue's, just where Segue's bars would have begun: the part that is ready to
    /// begin, as long as it is there. Every other jump leaves nothing that could be decided in time.
    fn landed(&mut self, at: &Situation<'_>) -> Option<Part> {
        let settings = at.now.settings();
        let Turn::Waiting(ready) = self.turn else { return None };
        let begins_now = at.now.maps.style.offset_of(ready.start.as_f64() + ready.lag) == at.now.offset();
        if ready.mode != Mode::Trade || settings.mode != Mode::Trade || settings.free_time || !begins_now {
            return None;
        }
        let (count, start_grid) = (at.time.beats().count(), settings.start_grid.to_join());
        let mut grid = self.grid?;
        let (first, after) = grid.deal(at.bar_number(0));
        if count.line_of(first) > ready.start || start_grid.at_or_after(ready.start, count.bars) != ready.start {
            return None;
        }
        self.grid = Some(grid);
        self.note_deal(at);
        Some(Part { end: Some(count.line_of(after)), ..ready })
    }

    fn note_deal(&mut self, at: &Situation<'_>) {
        let clock = at.time.beats();
        self.dealt_in = Some((clock.count(), clock.tempo_bpm()));
    }

    fn deal(&mut self, at: &Situation<'_>) -> Option<Order> {
        let part = match at.now.settings().mode {
            Mode::Answer => return None,
            Mode::Trade => at.part_of_bars(self.grid.as_mut()?.deal(at.bar_number(0))),
            Mode::Duet => at.duet_from_now(),
        };
        self.note_deal(at);
        self.cue(Cue::Dealt(part), at)
    }

    /// Where bars have changed under the bars that were dealt, they are the same ones, elsewhere.
    fn deal_again(&mut self, at: &Situation<'_>) -> Option<Order> {
        let (count, tempo_bpm) = self.dealt_in?;
        let clock = at.time.beats();
        let is_traded = self.part().is_some_and(|part| part.mode == Mode::Trade);
        let bars_moved = !count.goes_on_as(clock.count());
        #[allow(clippy::float_cmp, reason = "a tempo that was not touched is the very same number")]
        let seconds_moved = at.time.in_free_time() && tempo_bpm != clock.tempo_bpm();
        if !is_traded || !(bars_moved || seconds_moved) {
            return None;
        }
        let bars = self.grid.and_then(|grid| grid.dealt())?;
        self.note_deal(at);
        let part = at.part_of_bars(bars);
        let cue = match self.turn {
            // What is ready to begin on this very line begins on it.
            Turn::Waiting(ready) if is_ready(at, ready, bars) => Cue::Landed(Part { end: part.end, ..ready }),
            _ => Cue::Dealt(part),
        };
        self.cue(cue, at)
    }

    /// Another style plays from now on and counts time otherwise: the part goes on as soon as can be.
    fn recast(&mut self, before: &TickMap, at: &Situation<'_>) -> Option<Order> {
        let part = self.part()?;
        self.loop_ahead.forget();
        let now = at.now;
        let again = match part.mode {
            Mode::Answer => {
                let begins = before.offset_of(part.start.as_f64() + part.lag);
                let grid = now.settings().start_grid;
                let is_soon = begins < now.soonest();
                let (over, grid) = if is_soon { (now.soonest(), grid.to_join()) } else { (begins, grid) };
                let (start, lag) = at.place(over, grid);
                let end = part.end.map(|end| now.maps.style.nearest_tick(before.offset_of(end.as_f64() + part.lag)));
                Some(Part { start, end, lag, ..part })
            }
            Mode::Trade => self.grid.and_then(|grid| grid.dealt()).map(|bars| at.part_of_bars(bars)),
            Mode::Duet => Some(at.duet_from_now()),
        };
        // Where nothing is left of it, it is over at once.
        let again = again.unwrap_or(Part { end: Some(part.start), ..part });
        self.note_deal(at);
        self.cue(Cue::Recast(again), at)
    }

    /// The player has let go of the last key that keeps the turn.
    fn keys_are_up(&mut self, row_overdue: i64, at: &Situation<'_>) -> Option<Order> {
        let settings = at.now.settings();
        let part = match settings.mode {
            Mode::Answer => {
                let over = at.now.offset() + at.now.frames_in_ms(settings.response_gap_ms);
                self.answer_from(over.max(row_overdue), at)
            }
            Mode::Duet if !at.time.beats().follows_host() => at.duet_from_now(),
            Mode::Trade | Mode::Duet => return None,
        };
        self.cue(Cue::LastKeyUp(part), at)
    }

    fn answer_from(&mut self, over: i64, at: &Situation<'_>) -> Part {
        self.room_from = Some(at.now.start.plus(over));
        at.answer_from(over)
    }

    /// The player asks Segue to play.
    fn hand_over(&mut self, at: &Situation<'_>) -> Option<Order> {
        let settings = at.now.settings();
        let part = match settings.mode {
            Mode::Answer => self.answer_from(at.now.soonest(), at),
            Mode::Duet => at.duet_from_now(),
            Mode::Trade => {
                let soon = at.now.look_ahead;
                let number = at.bar_number(soon);
                let line = at.time.beats().count().line_of(number);
                let begins = at.now.maps.beats.offset_of(line.as_f64()) >= at.now.soonest();
                let mut grid = TradeGrid::new(if begins { number } else { number + 1 }, true, settings.trade);
                let part = at.part_of_bars(grid.deal(number));
                let is_news = match self.turn {
                    Turn::Playing(_) => false,
                    Turn::Waiting(before) => part.start < before.start,
                    Turn::Listening | Turn::Hearing | Turn::Resting => true,
                };
                if !is_news {
                    return None;
                }
                self.grid = Some(grid);
                self.player_is_there();
                part
            }
        };
        self.note_deal(at);
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

    /// At the end of a turn of the player's: whether it was one empty turn too many.
    fn player_has_gone(&mut self, at: &Situation<'_>) -> bool {
        let is_empty = !self.player_is_there && !at.keys_down;
        self.empty_turns = if is_empty { self.empty_turns.saturating_add(1) } else { 0 };
        self.empty_turns >= EMPTY_TURNS
    }

    /// Foresees the part with which the next pass of the loop begins, if one does.
    fn foresee_loop(&mut self, at: &Situation<'_>) -> Option<Order> {
        let pass = self.loop_ahead.foresee(at, self.turn, self.room_from)?;
        pass.part.map(|part| Order::PrepareBeside { from: pass.first, part })
    }

    /// The song did not go round, or will not do so as was foreseen: the part that was played, or would have begun, is joined
    /// again on the grid.
    fn rejoin(&mut self, at: &Situation<'_>) -> Option<Order> {
        if !self.loop_ahead.forget() {
            return None;
        }
        let part = self.part().and_then(|part| {
            let grid = joining(at.now.settings());
            let soonest = grid.at_or_after(at.now.first_free_tick(part.lag), at.time.of_style().bars());
            let start = part.start.max(soonest);
            (!part.is_over_at(start)).then_some(Part { start, ..part })
        });
        Some(Order::Rejoin { part, plays: matches!(self.turn, Turn::Playing(_)) })
    }
}

/// Whether a part is about to begin on the line of these bars, too soon for another to be decided.
fn is_ready(at: &Situation<'_>, ready: Part, (first, _): (i64, i64)) -> bool {
    let maps = &at.now.maps;
    let begins = maps.style.offset_of(ready.start.as_f64() + ready.lag);
    let is_soon = (at.now.offset()..at.now.soonest()).contains(&begins);
    is_soon && maps.beats.offset_of(at.time.beats().count().line_of(first).as_f64()) == begins
}
