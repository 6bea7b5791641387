//! Where a part of Segue's would lie, as things stand now: on the grid, in bars, and no sooner than it can be decided.
//!
//! Only works it out; whether it comes is the arbiter's to say.

use super::turn::Part;
use crate::host::{Mode, StartGrid};
use crate::time::now::Now;
use crate::time::{FREE_BPM, Time};
use segue_model::note::Ticks;

/// How long the last note of an answer or a duet may ring beyond its end: a sixteenth note.
pub const RING: Ticks = Ticks(Ticks::quarters(1).0 / 4);
/// How long the last note of a trade may ring into the player's bars, where it may: longer than any note is.
pub const RING_OVER: Ticks = Ticks::quarters(64);

/// What the arbiter may look at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The block, and how far it is walked.
    pub now: &'a Now<'a>,
    /// The clocks.
    pub time: &'a Time,
    /// A finger is on a key of the melody that is no drone.
    pub keys_play: bool,
    /// A finger is on any key.
    pub keys_down: bool,
}

impl Situation<'_> {
    /// The first point of a grid at this offset or later, and how far beside a tick it lies: in free time, where there
    /// is no grid, this offset itself.
    pub fn place(&self, over: i64, grid: StartGrid) -> (Ticks, f64) {
        let style = &self.now.maps.style;
        if self.now.settings().free_time || grid == StartGrid::Free {
            let start = style.nearest_tick(over);
            return (start, style.moment_of(over) - start.as_f64());
        }
        (grid.at_or_after(style.first_tick_from(over, 0.0), self.time.of_style().bars()), 0.0)
    }

    /// An answer that begins at this offset or later.
    pub fn answer_from(&self, over: i64) -> Part {
        let (start, lag) = self.place(over, self.now.settings().start_grid);
        Part { mode: Mode::Answer, start, end: Some(start + self.answer_length()), ring: RING, lag }
    }

    /// A duet that begins as soon as can be. Without a song it is over some bars after the last key is up.
    pub fn duet_from_now(&self) -> Part {
        let Self { now, time, .. } = self;
        let in_song = time.beats().follows_host();
        let first_bar = now.maps.beats.offset_of(time.beats().count().line_of(0).as_f64());
        let over = if in_song { now.soonest().max(first_bar) } else { now.soonest() };
        let (start, lag) = self.place(over, now.settings().start_grid.to_join());
        let alone = !in_song && !self.keys_play;
        let end = alone.then(|| now.maps.style.nearest_tick(now.offset()) + self.answer_length());
        Part { mode: Mode::Duet, start, end, ring: RING, lag }
    }

    /// A trade from one bar up to another.
    pub fn part_of_bars(&self, (first, after): (i64, i64)) -> Part {
        let Self { now, time, .. } = self;
        let settings = now.settings();
        let count = time.beats().count();
        let offset_of = |number| now.maps.beats.offset_of(count.line_of(number).as_f64());
        // What is under way already is joined on the grid.
        let is_ahead = offset_of(first) >= now.soonest();
        let grid = if is_ahead { StartGrid::Bar } else { settings.start_grid.to_join() };
        let (start, lag) = self.place(offset_of(first).max(now.soonest()), grid);
        let ring = if settings.trade.rings_over { RING_OVER } else { Ticks::ZERO };
        // In free time the tick before the bar line, if none lies on it.
        let end = if settings.free_time {
            now.maps.style.first_tick_from(offset_of(after) + 1, lag) - Ticks(1)
        } else {
            count.line_of(after)
        };
        Part { mode: Mode::Trade, start, end: Some(end), ring, lag }
    }

    /// The number of the bar so many frames from now.
    pub fn bar_number(&self, frames: i64) -> i64 {
        let tick = self.now.maps.beats.first_tick_from(self.now.offset() + frames, 0.0);
        self.time.beats().count().number_at(tick)
    }

    /// Turns last bars of the host in free time too, although ticks are no part of them then.
    fn answer_length(&self) -> Ticks {
        let settings = self.now.settings();
        let stretched = if settings.free_time { FREE_BPM / self.time.beats().tempo_bpm() } else { 1.0 };
        let bars = stretched * f64::from(settings.answer_bars);
        #[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and no turn is that long")]
        Ticks((self.time.beats().bars().metre.bar().as_f64() * bars).round() as i64)
    }
}
