//! Where a part of Segue would lie: on the grid, within its bars, and no earlier than it can be decided.
//!
//! Does not know whether that part will be played; the arbiter decides.

use super::turn::Part;
use crate::host::{Mode, StartGrid};
use crate::time::now::Now;
use crate::time::{FREE_BPM, Time};
use segue_model::note::Ticks;

/// How long the last note of an answer or a duet may sound after the end of its part: a sixteenth note.
pub const RING: Ticks = Ticks(Ticks::quarters(1).0 / 4);
/// The same for a trade whose last note may sound into the player's bars: longer than every note.
pub const RING_OVER: Ticks = Ticks::quarters(64);

/// What the arbiter decides by.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The block and its present frame.
    pub now: &'a Now<'a>,
    /// The clocks.
    pub time: &'a Time,
    /// Whether the player holds a melody key that is no drone.
    pub keys_play: bool,
    /// Whether the player holds any key.
    pub keys_down: bool,
}

impl Situation<'_> {
    /// The first grid point at this offset or later, and its lag behind the tick: without a grid, this offset itself.
    pub fn place(&self, offset: i64, grid: StartGrid) -> (Ticks, f64) {
        let style = &self.now.maps.style;
        if self.now.settings().style.free_time || grid == StartGrid::Free {
            let start = style.nearest_tick(offset);
            return (start, style.moment_of(offset) - start.as_f64());
        }
        (grid.at_or_after(style.first_tick_from(offset, 0.0), self.time.of_style().bars()), 0.0)
    }

    /// An answer that begins at this offset or later.
    pub fn answer_from(&self, offset: i64) -> Part {
        let (start, lag) = self.place(offset, self.now.settings().turn.start_grid);
        Part { mode: Mode::Answer, start, end: Some(start + self.answer_length()), ring: RING, lag, is_again: false }
    }

    /// A duet that begins as soon as it can be decided. Without a song it ends [`answer_bars`] after the last key-up.
    ///
    /// [`answer_bars`]: crate::host::TurnSettings::answer_bars
    pub fn duet_from_now(&self) -> Part {
        let Self { now, time, .. } = self;
        let in_song = time.beats().follows_host();
        let first_bar = now.maps.beats.offset_of(time.beats().count().line_of(0).as_f64());
        let from = if in_song { now.soonest().max(first_bar) } else { now.soonest() };
        let (start, lag) = self.place(from, now.settings().turn.start_grid.to_join());
        let ends = !in_song && !self.keys_play;
        let end = ends.then(|| now.maps.style.nearest_tick(now.offset()) + self.answer_length());
        Part { mode: Mode::Duet, start, end, ring: RING, lag, is_again: false }
    }

    /// An answer of this length that is played again: from the next moment on that is its place in the bar.
    pub fn again(&self, place: Ticks, length: Ticks) -> Part {
        let Self { now, time, .. } = self;
        let mode = if now.settings().turn.mode == Mode::Duet { Mode::Duet } else { Mode::Answer };
        let bars = time.of_style().bars();
        let (start, lag) = if now.settings().style.free_time {
            self.place(now.offset(), StartGrid::Free)
        } else {
            let first = now.first_tick(0.0);
            let bar = bars.metre.bar().0;
            (first + Ticks((place - bars.place(first)).0.rem_euclid(bar)), 0.0)
        };
        Part { mode, start, end: Some(start + length), ring: Ticks::ZERO, lag, is_again: true }
    }

    /// A trade from the first bar up to, and without, the second.
    pub fn part_of_bars(&self, (first, after): (i64, i64)) -> Part {
        let Self { now, time, .. } = self;
        let settings = now.settings();
        let count = time.beats().count();
        let offset_of = |number| now.maps.beats.offset_of(count.line_of(number).as_f64());
        // Bars that are already under way are joined on the grid.
        let is_ahead = offset_of(first) >= now.soonest();
        let grid = if is_ahead { StartGrid::Bar } else { settings.turn.start_grid.to_join() };
        let (start, lag) = self.place(offset_of(first).max(now.soonest()), grid);
        let ring = if settings.turn.trade.rings_over { RING_OVER } else { Ticks::ZERO };
        // In free time no tick may lie on the bar line: then the part ends on the tick before it.
        let end = if settings.style.free_time {
            now.maps.style.first_tick_from(offset_of(after) + 1, lag) - Ticks(1)
        } else {
            count.line_of(after)
        };
        Part { mode: Mode::Trade, start, end: Some(end), ring, lag, is_again: false }
    }

    /// The number of the bar that lies `frames` after the present frame.
    pub fn bar_number(&self, frames: i64) -> i64 {
        let tick = self.now.maps.beats.first_tick_from(self.now.offset() + frames, 0.0);
        self.time.beats().count().number_at(tick)
    }

    /// The length of an answer. In free time it is still counted in bars of the host, whose ticks are others.
    fn answer_length(&self) -> Ticks {
        let settings = self.now.settings();
        let stretched = if settings.style.free_time { FREE_BPM / self.time.beats().tempo_bpm() } else { 1.0 };
        let bars = stretched * f64::from(settings.turn.answer_bars);
        #[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and no turn is that long")]
        Ticks((self.time.beats().bars().metre.bar().as_f64() * bars).round() as i64)
    }
}
