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

use crate::host::{Mode, Settings, Stage, StartGrid};
use crate::link::Nerve;
use crate::performer::{FREE_BPM, Performer, Scene};
use crate::time::clock::{Count, Flow, Position, float};
use crate::turns::loop_ahead::Round;
use crate::turns::trade_grid::Sides;
use crate::turns::turn::{Cue, Part, Turn};
use segue_model::note::Ticks;

/// How long the last note of an answer or a duet may ring beyond its end: a sixteenth note.
pub(crate) const RING: Ticks = Ticks(Ticks::quarters(1).0 / 4);
/// How long the last note of a trade may ring into the player's bars, where it may: longer than any note is.
pub(crate) const RING_OVER: Ticks = Ticks::quarters(64);

/// So many empty turns of the player's, one after the other, end a trade without a song: the first may be a rest.
const EMPTY_TURNS: u8 = 2;

/// See the module.
#[derive(Debug, Default)]
pub struct Sharing {
    /// The settings of the block before, as far as they mean anything in its mode; `None` before the first.
    rules: Option<(Mode, Option<(u8, bool)>)>,
    /// Who has which bars; `None` while none are traded.
    pub(crate) sides: Option<Sides>,
    /// Bars and tempo as they were when Segue's part was dealt.
    pub(crate) dealt_in: Option<(Count, f64)>,
    /// The next round of the song's loop, once it is thought about.
    pub(crate) round: Option<Round>,
    /// From when on the player leaves room for an answer, as far as is known.
    pub(crate) room_from: Option<Position>,
    /// The player has struck or lifted a key since Segue's last part.
    pub(crate) player_is_there: bool,
    /// Turns of the player's, one after the other, in which no key was down.
    empty_turns: u8,
}

/// Whether another style plays from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StyleChange {
    /// The same.
    None,
    /// Another one, which counts time as the one before did.
    SameTime,
    /// One that plays in free time after one that keeps to the beat, or the other way round.
    OtherTime,
}

impl Sharing {
    /// The player strikes or lifts a key.
    pub(crate) fn player_is_there(&mut self) {
        self.player_is_there = true;
        self.empty_turns = 0;
    }
}

impl Performer {
    /// At the start of a block: what the host or the musician has changed.
    pub(crate) fn share_time(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, flow: Flow, style: StyleChange) {
        let settings = &scene.block.settings;
        let sides = (settings.trade.bars, settings.trade.segue_first);
        let rules = Some((settings.mode, (settings.mode == Mode::Trade).then_some(sides)));
        let before = std::mem::replace(&mut self.sharing.rules, rules);
        let changed = before != rules;
        if !changed && flow == Flow::On {
            if self.is_round_another(scene) {
                self.pass_round(scene);
            }
            match style {
                StyleChange::None => {}
                StyleChange::SameTime => self.decide_anew(scene),
                StyleChange::OtherTime => self.change_time(scene),
            }
            self.deal_anew(scene);
            return;
        }
        let changed = changed || style != StyleChange::None;
        let round = self.next_round().filter(|_| !changed);
        self.share_anew(settings);
        let cue = match round {
            Some(round) => self.go_round(round),
            None if changed => None,
            None => self.landed(scene).map(Cue::Landed),
        };
        self.cue(scene, cue.unwrap_or(Cue::Broken { keys_down: self.keys.any_playing() }));
    }

    /// Nothing of what was shared before holds any more.
    pub(crate) fn share_anew(&mut self, settings: &Settings) {
        let in_song = self.clock.follows_host();
        self.sharing.sides = in_song.then(|| Sides::new(0, settings.trade.segue_first, settings.trade));
        self.sharing.player_is_there = false;
        self.sharing.empty_turns = 0;
        self.sharing.round = None;
    }

    /// Whether there is a part of Segue's that nobody has dealt yet.
    pub(crate) fn is_deal_due(&self, mode: Mode) -> bool {
        self.turn.part().is_none()
            && match mode {
                Mode::Answer => false,
                Mode::Trade => self.sharing.sides.is_some(),
                Mode::Duet => self.clock.follows_host() || self.turn == Turn::Hearing,
            }
    }

    pub(crate) fn deal(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let part = match scene.block.settings.mode {
            Mode::Answer => None,
            Mode::Trade => self.bars_ahead(scene),
            Mode::Duet => Some(self.duet_from_now(scene)),
        };
        if let Some(part) = part {
            self.sharing.dealt_in = Some((self.clock.count(), self.clock.tempo_bpm()));
            self.cue(scene, Cue::Dealt(part));
        }
    }

    /// Where bars have changed under the bars that were dealt, they are the same ones, elsewhere.
    pub(crate) fn deal_anew(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let Some((count, tempo_bpm)) = self.sharing.dealt_in else { return };
        let is_traded = self.turn.part().is_some_and(|part| part.mode == Mode::Trade);
        let bars_moved = !count.goes_on_as(self.clock.count());
        #[allow(clippy::float_cmp, reason = "a tempo that was not touched is the very same number")]
        let seconds_moved = self.in_free_time && tempo_bpm != self.clock.tempo_bpm();
        if is_traded
            && (bars_moved || seconds_moved)
            && let Some(bars) = self.sharing.sides.and_then(|sides| sides.dealt())
        {
            self.sharing.dealt_in = Some((self.clock.count(), self.clock.tempo_bpm()));
            let part = self.part_of_bars(scene, bars);
            let cue = match self.turn {
                // What is ready to begin on this very line begins on it.
                Turn::Waiting(ready) if self.is_ready(scene, ready, bars) => {
                    Cue::Landed(Part { end: part.end, ..ready })
                }
                _ => Cue::Dealt(part),
            };
            self.cue(scene, cue);
        }
    }

    /// Whether a part is about to begin on the line of these bars, too soon for another to be decided.
    fn is_ready<S, N>(&self, scene: &Scene<'_, S, N>, ready: Part, (first, _): (i64, i64)) -> bool {
        let begins = scene.span.offset_of(float(ready.start) + ready.lag);
        let is_soon = (scene.cursor()..scene.cursor() + self.look_ahead(scene)).contains(&begins);
        is_soon && scene.beats.offset_of(float(self.clock.count().line_of(first))) == begins
    }

    /// Another style plays from now on and counts time otherwise: what sounds ends, and the part goes on as soon as can be.
    fn change_time(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let before = if scene.block.settings.free_time { scene.beats } else { scene.seconds };
        self.schedule.end_all(scene.at(), scene.stage, &mut self.ledger);
        let Some(part) = self.turn.part() else { return };
        self.withdraw_from(before.first_tick_from(scene.cursor(), part.lag));
        let again = match part.mode {
            Mode::Answer => {
                let begins = before.offset_of(float(part.start) + part.lag);
                let soonest = scene.cursor() + self.look_ahead(scene);
                let grid = scene.block.settings.start_grid;
                let (over, grid) = if begins < soonest { (soonest, grid.to_join()) } else { (begins, grid) };
                let (start, lag) = self.place(scene, over, grid);
                let end = part.end.map(|end| scene.span.nearest_tick(before.offset_of(float(end) + part.lag)));
                Some(Part { start, end, lag, ..part })
            }
            Mode::Trade => {
                let bars = self.sharing.sides.and_then(|sides| sides.dealt());
                bars.map(|bars| self.part_of_bars(scene, bars))
            }
            Mode::Duet => Some(self.duet_from_now(scene)),
        };
        // Where nothing is left of it, it is over at once.
        let again = again.unwrap_or(Part { end: Some(part.start), ..part });
        self.sharing.dealt_in = Some((self.clock.count(), self.clock.tempo_bpm()));
        self.cue(scene, Cue::Recast(again));
    }

    /// The player strikes a key: without a song a trade may begin with it.
    pub(crate) fn meet_player<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        self.sharing.player_is_there();
        if scene.block.settings.mode == Mode::Trade && self.sharing.sides.is_none() {
            let now = self.bar_number(scene, 0);
            self.sharing.sides = Some(Sides::new(now, false, scene.block.settings.trade));
        }
    }

    /// The player has let go of the last key that keeps the turn.
    pub(crate) fn keys_are_up(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let settings = &scene.block.settings;
        let part = match settings.mode {
            Mode::Answer => {
                let over = scene.cursor() + self.frames_in_ms(settings.response_gap_ms);
                self.answer_from(scene, over.max(self.overdue_in(scene)))
            }
            Mode::Duet if !self.clock.follows_host() => self.duet_from_now(scene),
            Mode::Trade | Mode::Duet => return,
        };
        self.cue(scene, Cue::LastKeyUp(part));
    }

    /// The player asks Segue to play.
    pub(crate) fn hand_over(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let part = match scene.block.settings.mode {
            Mode::Answer => self.answer_from(scene, scene.cursor() + self.look_ahead(scene)),
            Mode::Duet => self.duet_from_now(scene),
            Mode::Trade => {
                let soon = self.look_ahead(scene);
                let count = self.clock.count();
                let number = self.bar_number(scene, soon);
                let begins = scene.beats.offset_of(float(count.line_of(number))) >= scene.cursor() + soon;
                let mut sides = Sides::new(if begins { number } else { number + 1 }, true, scene.block.settings.trade);
                let part = self.part_of_bars(scene, sides.deal(number));
                let is_news = match self.turn {
                    Turn::Playing(_) => false,
                    Turn::Waiting(before) => part.start < before.start,
                    Turn::Listening | Turn::Hearing | Turn::Resting => true,
                };
                if !is_news {
                    return;
                }
                self.sharing.sides = Some(sides);
                self.sharing.player_is_there();
                part
            }
        };
        self.sharing.dealt_in = Some((self.clock.count(), self.clock.tempo_bpm()));
        self.cue(scene, Cue::YourTurn(part));
    }

    /// The start of Segue's part is reached, or its end.
    pub(crate) fn change_turn(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, cue: Cue) {
        let is_traded = self.turn.part().is_some_and(|part| part.mode == Mode::Trade);
        if cue == Cue::Start && is_traded && !self.clock.follows_host() && self.player_has_gone() {
            self.sharing.sides = None;
            self.cue(scene, Cue::Lapse);
        } else {
            self.cue(scene, cue);
        }
    }

    /// At the end of a turn of the player's: whether it was one empty turn too many.
    fn player_has_gone(&mut self) -> bool {
        let is_empty = !self.sharing.player_is_there && !self.keys.any_down();
        self.sharing.empty_turns = if is_empty { self.sharing.empty_turns.saturating_add(1) } else { 0 };
        self.sharing.empty_turns >= EMPTY_TURNS
    }

    /// Where the next note of the player's row would be too late to belong to it; the present where there is no row.
    fn overdue_in<S, N>(&self, scene: &Scene<'_, S, N>) -> i64 {
        let beat = self.clock.frames_in(Ticks::quarters(1));
        let due = self.row.overdue_at(scene.position(), beat, self.sample_rate);
        due.map_or(scene.cursor(), |due| due.0.saturating_sub(scene.start.0))
    }

    /// An answer that begins at this offset or later.
    fn answer_from<S, N>(&mut self, scene: &Scene<'_, S, N>, over: i64) -> Part {
        self.sharing.room_from = Some(scene.start.plus(over));
        let (start, lag) = self.place(scene, over, scene.block.settings.start_grid);
        Part { mode: Mode::Answer, start, end: Some(start + self.answer_length(scene)), ring: RING, lag }
    }

    /// A duet that begins as soon as can be. Without a song it is over some bars after the last key is up.
    fn duet_from_now<S, N>(&self, scene: &Scene<'_, S, N>) -> Part {
        let soonest = scene.cursor() + self.look_ahead(scene);
        let first_bar = scene.beats.offset_of(float(self.clock.count().line_of(0)));
        let over = if self.clock.follows_host() { soonest.max(first_bar) } else { soonest };
        let (start, lag) = self.place(scene, over, scene.block.settings.start_grid.to_join());
        let alone = !self.clock.follows_host() && !self.keys.any_playing();
        let end = alone.then(|| scene.span.nearest_tick(scene.cursor()) + self.answer_length(scene));
        Part { mode: Mode::Duet, start, end, ring: RING, lag }
    }

    /// The next of Segue's bars.
    fn bars_ahead<S, N>(&mut self, scene: &Scene<'_, S, N>) -> Option<Part> {
        let now = self.bar_number(scene, 0);
        let bars = self.sharing.sides.as_mut()?.deal(now);
        Some(self.part_of_bars(scene, bars))
    }

    /// From one bar up to another.
    fn part_of_bars<S, N>(&self, scene: &Scene<'_, S, N>, (first, after): (i64, i64)) -> Part {
        let settings = &scene.block.settings;
        let count = self.clock.count();
        let offset_of = |number| scene.beats.offset_of(float(count.line_of(number)));
        let soonest = scene.cursor() + self.look_ahead(scene);
        // What is under way already is joined on the grid.
        let grid = if offset_of(first) >= soonest { StartGrid::Bar } else { settings.start_grid.to_join() };
        let (start, lag) = self.place(scene, offset_of(first).max(soonest), grid);
        let ring = if settings.trade.rings_over { RING_OVER } else { Ticks::ZERO };
        // In free time the tick before the bar line, if none lies on it.
        let end = if settings.free_time {
            scene.span.first_tick_from(offset_of(after) + 1, lag) - Ticks(1)
        } else {
            count.line_of(after)
        };
        Part { mode: Mode::Trade, start, end: Some(end), ring, lag }
    }

    /// The first point of a grid at this offset or later, and how far beside a tick it lies: in free time, where there
    /// is no grid, this offset itself.
    fn place<S, N>(&self, scene: &Scene<'_, S, N>, over: i64, grid: StartGrid) -> (Ticks, f64) {
        if scene.block.settings.free_time || grid == StartGrid::Free {
            let start = scene.span.nearest_tick(over);
            return (start, scene.span.moment_of(over) - float(start));
        }
        (grid.at_or_after(scene.span.first_tick_from(over, 0.0), self.time().bars()), 0.0)
    }

    /// Turns last bars of the host in free time too, although ticks are no part of them then.
    fn answer_length<S, N>(&self, scene: &Scene<'_, S, N>) -> Ticks {
        let settings = &scene.block.settings;
        let stretched = if settings.free_time { FREE_BPM / self.clock.tempo_bpm() } else { 1.0 };
        let bars = stretched * f64::from(settings.answer_bars);
        #[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and no turn is that long")]
        Ticks((float(self.clock.bars().metre.bar()) * bars).round() as i64)
    }

    /// The number of the bar so many frames from now.
    pub(crate) fn bar_number<S, N>(&self, scene: &Scene<'_, S, N>, frames: i64) -> i64 {
        self.clock.count().number_at(scene.beats.first_tick_from(scene.cursor() + frames, 0.0))
    }
}
