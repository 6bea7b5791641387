//! Performance time: how the host's song, or our own clock, moves the ticks.
//!
//! Performance time is counted in ticks from the first activation and never goes back, whatever the song does. While
//! the host's transport plays, a tick is the host's beat plus an offset in whole ticks; each jump of the song brings a
//! new offset. While the transport stands, or where there is none, our own clock counts frames.
//!
//! A host's clock may jitter, and its song may be nudged. When the song is a little away from the predicted position,
//! time goes on without a jump and then runs a little slower or faster until it is at one with the song again. So no
//! note is skipped or cut short.
//!
//! Bars have an anchor of their own, because the host's bar position is only a hint (`bar_count.rs`).
//!
//! Knows nothing of notes or turns.

use crate::host::Transport;
use crate::time::bar_count::{BarCount, MetreChange, MetreChanges, SAME_BARS, plain_line, reported_line};
use crate::time::loop_wrap::LoopWrap;
use crate::time::tick_map::{FramePosition, HALF_UP, PER_QUARTER, SAME_TICKS, TickMap, saturating};
use segue_model::note::{Bars, Metre, Ticks};

/// A song position this near to the predicted one, in seconds, differs by rounding alone and is followed at once.
const ROUNDED_SECONDS: f64 = 0.002;
/// A song that is away from our time by no more than this, in seconds, or by one block, has been nudged; one that is
/// further away has jumped. A clock that jitters by 50 ms either way may be twice as far from our time, because our
/// time began with one of its reports.
const NUDGE_SECONDS: f64 = 0.105;
/// The same limit as a multiple of the block's length. A host that leaves out a block, or reports one twice, is off by
/// exactly one block; the quarter is room for jitter.
const NUDGE_BLOCKS: f64 = 1.25;
/// No block counts as longer than this, in seconds. Live hosts use shorter blocks, and offline positions are exact.
const LONGEST_BLOCK_SECONDS: f64 = 0.35;
/// A shorter loop is ignored, in ticks.
const SHORTEST_LOOP_TICKS: f64 = 12.0;
/// Tempos that are believed. Beyond them a tick could be shorter than a frame.
const TEMPO_BPM: std::ops::RangeInclusive<f64> = 1.0..=1000.0;
/// Song positions beyond this, in quarter notes either way, are not believed.
const LONGEST_SONG_BEATS: f64 = 1e9;
/// The tempo where neither the host nor the setting has a usable one.
const FALLBACK_BPM: f64 = 120.0;

/// Whether plans from before this block still hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Time goes on, and plans hold.
    Continuous,
    /// The transport started, stopped or jumped, and plans no longer hold.
    Discontinuity,
}

/// What moves the ticks.
#[derive(Debug, Clone, Copy)]
enum TimeSource {
    /// The host's song, moved by whole ticks so that performance time goes on.
    Host {
        offset: Ticks,
        tempo_bpm: f64,
        /// Where the song will be at the next block if nothing changes, in quarter notes.
        next_beats: f64,
        /// The length of the present block.
        frames: u32,
        /// How many ticks our time will be ahead of the song at the next block.
        ahead: f64,
    },
    /// Our own clock: it stood at `anchor` ticks on the frame `anchored_at`.
    Own { anchor: f64, anchored_at: FramePosition, tempo_bpm: f64 },
}

/// Performance time in ticks, against the frames of each block.
#[derive(Debug, Clone)]
pub struct Clock {
    sample_rate: f64,
    source: TimeSource,
    count: BarCount,
    /// The changes of metre that were passed in the song.
    changes: MetreChanges,
    /// The moment of the next block's first frame, as far as is known yet.
    now: f64,
    /// How many frames a tick lasted at the end of the block before; `None` before the first block.
    frames_per_tick_before: Option<f64>,
    loop_wrap: Option<LoopWrap>,
    largest_block: u32,
}

impl Clock {
    /// A clock at tick zero, which is a bar line of 4/4.
    pub fn new(sample_rate: f64) -> Self {
        Self {
            sample_rate,
            source: TimeSource::Own { anchor: 0.0, anchored_at: FramePosition(0), tempo_bpm: FALLBACK_BPM },
            count: BarCount { bars: Bars { line: Ticks::ZERO, metre: Metre::COMMON }, number: 0 },
            changes: MetreChanges::default(),
            now: 0.0,
            frames_per_tick_before: None,
            loop_wrap: None,
            largest_block: 0,
        }
    }

    /// Goes on from the present tick at another sample rate, with frames counted from zero again.
    pub fn restart_frames(&mut self, sample_rate: f64) {
        self.sample_rate = sample_rate;
        self.largest_block = 0;
        self.frames_per_tick_before = None;
        let tempo_bpm = self.tempo_bpm();
        self.source = TimeSource::Own { anchor: self.now, anchored_at: FramePosition(0), tempo_bpm };
    }

    /// The first tick that no block has reached yet.
    pub fn next_tick(&self) -> Ticks {
        Ticks(saturating(self.now.ceil()))
    }

    /// The moment of the next block's first frame, as far as is known yet.
    pub fn now(&self) -> f64 {
        self.now
    }

    /// The bars at this moment.
    pub fn bars(&self) -> Bars {
        self.count.bars
    }

    /// The bars at this moment with their numbers.
    pub fn count(&self) -> BarCount {
        self.count
    }

    /// The tick at which a chart begins. It begins with the first bar, or where that bar would have begun if the song
    /// had always had the present metre: a chart is written bar by bar, whatever the length of a bar.
    pub fn form(&self) -> Ticks {
        self.count.line_of(0)
    }

    /// Whether the host's transport moves the ticks.
    pub fn follows_host(&self) -> bool {
        matches!(self.source, TimeSource::Host { .. })
    }

    /// Where the song goes on when its loop ends. `None` where it has no loop, or has passed the loop's end.
    pub fn loop_wrap(&self) -> Option<LoopWrap> {
        self.loop_wrap
    }

    /// Whether this block follows the foreseen wrap.
    pub fn has_wrapped(&self, foreseen: LoopWrap) -> bool {
        matches!(self.source, TimeSource::Host { offset, .. } if offset == foreseen.offset)
            && self.count == foreseen.count
    }

    /// The tempo of this block.
    pub fn tempo_bpm(&self) -> f64 {
        match self.source {
            TimeSource::Host { tempo_bpm, .. } | TimeSource::Own { tempo_bpm, .. } => tempo_bpm,
        }
    }

    /// How many frames a number of ticks lasts at the tempo of this block.
    pub fn frames_in(&self, ticks: Ticks) -> i64 {
        saturating((ticks.as_f64() * self.frames_per_tick(self.tempo_bpm())).round())
    }

    /// Enters the next block, which begins at `position`. `own_tempo_bpm` applies where the host reports no tempo.
    pub fn enter(
        &mut self,
        transport: &Transport,
        position: FramePosition,
        frames: u32,
        own_tempo_bpm: f64,
    ) -> (TickMap, Flow) {
        let host_bpm = sane(transport.tempo_bpm).filter(|_| transport.playing);
        let tempo_bpm = host_bpm.or(sane(Some(own_tempo_bpm))).unwrap_or(FALLBACK_BPM);
        let beats = transport.beats.filter(|beats| transport.playing && beats.abs() < LONGEST_SONG_BEATS);
        self.largest_block = self.largest_block.max(frames);
        let (start, flow) = match beats {
            Some(beats) => self.follow_host(transport, beats, tempo_bpm, frames),
            None => self.follow_own(transport, tempo_bpm, position),
        };
        let mut span = TickMap::new(start, self.frames_per_tick(tempo_bpm));
        span = span.behind(self.frames_per_tick_before.unwrap_or(span.frames_per_tick));
        if let TimeSource::Host { ahead, .. } = &mut self.source {
            span = span.ahead(*ahead);
            *ahead = span.ahead_at(i64::from(frames));
        }
        self.now = span.performed_at(i64::from(frames));
        self.frames_per_tick_before = Some(span.frames_per_tick_at(i64::from(frames)));
        self.loop_wrap = beats.and_then(|beats| self.foreseen(transport, beats, &span));
        (span, flow)
    }

    /// Makes the frame at `position` the first beat of a bar, and returns the map that holds from then on. Does nothing
    /// while the host's transport plays.
    pub fn begin_bar(&mut self, span: TickMap, offset: i64, position: FramePosition, frames: u32) -> TickMap {
        let TimeSource::Own { anchor, anchored_at, .. } = &mut self.source else { return span };
        // Rounded up to a whole tick, so that time does not go back. A moment that is a tick apart from noise stays
        // there.
        let line = Ticks(saturating((span.performed_at(offset) - SAME_TICKS).ceil()));
        (*anchor, *anchored_at) = (line.as_f64(), position);
        self.count = BarCount { bars: Bars { line, ..self.count.bars }, number: 0 };
        let start = line.as_f64() - span.performed_at(offset) + span.start;
        let span = span.on_line(start, span.frames_per_tick);
        self.now = span.performed_at(i64::from(frames));
        span
    }

    /// Makes this tick the first beat of a bar without moving time. Does nothing while the host's transport plays.
    pub fn begin_bar_on(&mut self, line: Ticks) {
        if !self.follows_host() {
            self.count = BarCount { bars: Bars { line, ..self.count.bars }, number: 0 };
        }
    }

    /// Goes on from a frame at another tempo, with the bar line `place` ticks before it, and returns the map that holds
    /// from then on. Time moves forward by less than a tick, so that the frame lies on a whole tick as bar lines do;
    /// the rest of the change moves the bars. Does nothing while the host's transport plays.
    pub fn retime(
        &mut self,
        span: TickMap,
        offset: i64,
        position: FramePosition,
        frames: u32,
        (tempo_bpm, place): (f64, Ticks),
    ) -> TickMap {
        let now = (span.performed_at(offset) - SAME_TICKS).ceil();
        let frames_per_tick = self.frames_per_tick(tempo_bpm);
        let TimeSource::Own { anchor, anchored_at, tempo_bpm: before } = &mut self.source else { return span };
        (*anchor, *anchored_at, *before) = (now, position, tempo_bpm);
        self.count.bars.line = Ticks(saturating(now)) - place;
        #[allow(clippy::cast_precision_loss, reason = "frames of a block")]
        let start = now - offset as f64 / frames_per_tick;
        let span = span.on_line(start, frames_per_tick);
        self.now = span.performed_at(i64::from(frames));
        self.frames_per_tick_before = Some(frames_per_tick);
        span
    }

    fn follow_own(&mut self, transport: &Transport, tempo_bpm: f64, position: FramePosition) -> (f64, Flow) {
        let (start, flow) = match self.source {
            TimeSource::Host { .. } => (self.now, Flow::Discontinuity),
            TimeSource::Own { anchor, anchored_at, tempo_bpm } => {
                let frames = position.0.saturating_sub(anchored_at.0);
                #[allow(clippy::cast_precision_loss, reason = "2^53 frames last 1,500 years at 192 kHz")]
                let ticks = frames as f64 / self.frames_per_tick(tempo_bpm);
                (anchor + ticks, Flow::Continuous)
            }
        };
        #[allow(clippy::float_cmp, reason = "an unchanged tempo is exactly the same number")]
        if flow == Flow::Discontinuity || self.tempo_bpm() != tempo_bpm {
            self.source = TimeSource::Own { anchor: start, anchored_at: position, tempo_bpm };
        }
        if let Some(metre) = transport.metre.filter(|metre| *metre != self.count.bars.metre) {
            // The present bar takes the new metre.
            let number = self.count.number_at(Ticks(saturating(start.floor())));
            self.count = BarCount { bars: Bars { line: self.count.line_of(number), metre }, number };
        }
        (start, flow)
    }

    fn follow_host(&mut self, transport: &Transport, beats: f64, tempo_bpm: f64, frames: u32) -> (f64, Flow) {
        let beats_in = |frames: u32, tempo_bpm: f64| f64::from(frames) * tempo_bpm / (60.0 * self.sample_rate);
        let goes_on = match self.source {
            TimeSource::Host { offset, tempo_bpm: tempo_before, next_beats, frames, ahead } => {
                // The tempo may have changed anywhere in the block before, so the song may lie anywhere between the
                // predictions with the old tempo and with the new one.
                let change = (beats_in(frames, tempo_bpm) - beats_in(frames, tempo_before)).abs();
                let beats_per_second = tempo_bpm / 60.0;
                let away = beats - next_beats;
                let is_rounded = away.abs() <= change + ROUNDED_SECONDS * beats_per_second;
                let ahead = if is_rounded { ahead } else { ahead - away * PER_QUARTER };
                let nudge = change + self.nudge_seconds() * beats_per_second;
                (is_rounded || ahead.abs() <= nudge * PER_QUARTER).then_some((offset, ahead))
            }
            TimeSource::Own { .. } => None,
        };
        let flow = if goes_on.is_some() { Flow::Continuous } else { Flow::Discontinuity };
        let next_beats = beats + beats_in(frames, tempo_bpm);
        let (offset, ahead) =
            goes_on.or_else(|| self.round_from(beats)).unwrap_or_else(|| (self.offset_from(self.now, beats), 0.0));
        self.source = TimeSource::Host { offset, tempo_bpm, next_beats, frames, ahead };
        self.adopt_bars(transport, beats, offset, flow);
        (beats * PER_QUARTER + offset.as_f64(), flow)
    }

    /// How far the song may be away from our time and still count as nudged, in seconds.
    fn nudge_seconds(&self) -> f64 {
        let block = (f64::from(self.largest_block) / self.sample_rate).min(LONGEST_BLOCK_SECONDS);
        (block * NUDGE_BLOCKS).max(NUDGE_SECONDS)
    }

    /// The offset, in whole ticks, with which a song that goes on at `beats` at the moment `now` never goes back.
    fn offset_from(&self, now: f64, beats: f64) -> Ticks {
        // A tick that rounds to the block's first frame has not been played yet, even if it lies slightly before the
        // block.
        let rounding = HALF_UP / self.frames_per_tick(self.tempo_bpm());
        Ticks(saturating((now - beats * PER_QUARTER - rounding).ceil()))
    }

    /// The offset and the distance to the song where this jump is the foreseen loop wrap. A host may wrap on the first
    /// whole frame after the loop's end, up to one frame late, and that must not cost a tick.
    fn round_from(&self, beats: f64) -> Option<(Ticks, f64)> {
        let TimeSource::Host { ahead, .. } = self.source else { return None };
        let frame = 1.0 / self.frames_per_tick(self.tempo_bpm());
        let offset = self.offset_from(self.now - ahead - frame, beats);
        self.loop_wrap.filter(|wrap| wrap.offset == offset).map(|wrap| (wrap.offset, ahead))
    }

    /// The wrap at the end of the transport's loop. Its bars follow from the changes of metre that were passed, because
    /// the transport reports bars only for the present position.
    fn foreseen(&self, transport: &Transport, beats: f64, span: &TickMap) -> Option<LoopWrap> {
        let (begin, end) = transport.loop_beats?;
        let TimeSource::Host { offset, .. } = self.source else { return None };
        let can_be = begin.abs() < LONGEST_SONG_BEATS && end.abs() < LONGEST_SONG_BEATS;
        if !can_be || beats >= end || end - begin < SHORTEST_LOOP_TICKS / PER_QUARTER {
            return None;
        }
        let end = end * PER_QUARTER + offset.as_f64();
        let offset = self.offset_from(end, begin);
        let (line_beats, metre) = self.changes.line_before(begin, self.count.bars.metre);
        let line = Ticks(saturating((line_beats * PER_QUARTER).round())) + offset;
        let count = BarCount { bars: Bars { line, metre }, number: self.changes.number_at(line_beats, metre) };
        let first = Ticks(saturating((begin * PER_QUARTER - SAME_TICKS).ceil())) + offset;
        let reached = span.when_song_reaches(end);
        Some(LoopWrap { end, reached, first, count, offset })
    }

    /// Takes the transport's bar line where the host itself reported it, or where the present one no longer holds.
    fn adopt_bars(&mut self, transport: &Transport, beats: f64, offset: Ticks, flow: Flow) {
        let before = self.count;
        let metre = transport.metre.unwrap_or(before.bars.metre);
        // A host that reports no metre reports no usable bars either: within the song, such a line would only move the
        // beat.
        let tells_bars = transport.metre.is_some() || flow == Flow::Discontinuity;
        let reported = reported_line(transport, beats, metre).filter(|_| tells_bars);
        let lost = flow == Flow::Discontinuity || metre != before.bars.metre;
        let line_beats = match reported {
            Some(line) => line,
            None if flow == Flow::Continuous && lost && self.is_at_bar_line(beats, offset) => beats,
            None if lost => plain_line(beats, metre),
            None => return,
        };
        let line = Ticks(saturating((line_beats * PER_QUARTER).round())) + offset;
        let number = match flow {
            // The song has passed the change. A bar that it cut short counts as a bar.
            Flow::Continuous => {
                let bars = (line - before.bars.line).as_f64() / before.bars.metre.bar().as_f64();
                before.number + saturating((bars - SAME_BARS).ceil())
            }
            Flow::Discontinuity => self.changes.number_at(line_beats, metre),
        };
        self.count = BarCount { bars: Bars { line, metre }, number };
        if flow == Flow::Continuous && metre != before.bars.metre {
            self.changes.remember(MetreChange { beats: line_beats, before: before.bars.metre, metre, number });
        }
    }

    /// Whether a song position lies on a line of the present bars. A change of metre there begins a bar.
    fn is_at_bar_line(&self, beats: f64, offset: Ticks) -> bool {
        let place = self.count.bars.place(Ticks(saturating((beats * PER_QUARTER).round())) + offset);
        place <= Ticks(1) || place >= self.count.bars.metre.bar() - Ticks(1)
    }

    fn frames_per_tick(&self, tempo_bpm: f64) -> f64 {
        self.sample_rate * 60.0 / (tempo_bpm * PER_QUARTER)
    }
}

/// The tempo, if it lies within the believed range.
pub fn sane(tempo_bpm: Option<f64>) -> Option<f64> {
    tempo_bpm.filter(|tempo| TEMPO_BPM.contains(tempo))
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "made-up frames and ticks below a million")]
mod tests;
