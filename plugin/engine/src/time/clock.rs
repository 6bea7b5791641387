//! The one place where ticks and frames meet.
//!
//! Performance time is counted in ticks from the first activation and never goes back, whatever the song does: where
//! the host's transport plays, a tick is the host's beat plus an offset in whole ticks that is chosen anew at every
//! jump; where it stands or there is none, our own clock counts frames. Within one block both are a straight line, a
//! [`TickMap`]. Where the music swings the line has a step in every beat: a [`Swing`] lies between.
//!
//! A host's clock may jitter, and its song be nudged. Where it is a little beside where it was to be, time goes on as if
//! nothing had happened, and then a little slower or faster until it is at one with the song again: so no note is skipped,
//! and none is cut to a click.
//!
//! Bars have an anchor of their own. The host's bar position is only a hint, because in blocks that were split for
//! automation it has been recomputed as if the song had always had its present metre.
//!
//! Bars are counted too: in a song from its beginning, through the changes of metre that were passed, so that a place in
//! the song has the same number each time that the song comes there; without one from the first beat of our own.
//!
//! Knows nothing of notes or turns.

use crate::host::Transport;
use crate::time::swing::Swing;
use arrayvec::ArrayVec;
use segue_model::note::{Bars, Metre, TICKS_PER_QUARTER, Ticks};

/// Ticks in a quarter note, for sums with the host's beats.
#[allow(clippy::cast_precision_loss, reason = "48")]
const PER_QUARTER: f64 = TICKS_PER_QUARTER as f64;
/// Added before rounding down. Halves go up; the sliver keeps them going up when the host's position carries noise, and
/// is smaller than the distance of any other onset from a half at whole tempos up to 300.
const HALF_UP: f64 = 0.5 + 1.0 / 1024.0;
/// A position this near to the predicted one, in seconds, is rounded, and followed at once.
const ROUNDED_SECONDS: f64 = 0.002;
/// A song that is so many seconds beside our time, or one block, has been nudged; one that is further away has jumped. A
/// clock that jitters by 50 ms either way, and our time, which began with one of its words, may be twice as far apart.
const NUDGE_SECONDS: f64 = 0.105;
/// The same, of the length of a block: a host that leaves out a block, or tells of one twice, does so to the frame.
const NUDGE_BLOCKS: f64 = 1.25;
/// No block counts as longer than this, in seconds. Hosts play in shorter ones, and renderings tell the truth.
const LONGEST_BLOCK_SECONDS: f64 = 0.35;
/// The part by which time is slower or faster until it is at one with the song again.
const CATCHING_UP: f64 = 0.125;
/// A loop is at least so many ticks long.
const SHORTEST_LOOP_TICKS: f64 = 12.0;
/// Two positions closer than this are the same one.
const SAME_TICKS: f64 = 1e-6;
/// What a host may report; beyond lies nonsense that would make ticks shorter than frames.
const TEMPO_BPM: std::ops::RangeInclusive<f64> = 1.0..=1000.0;
/// A song is shorter than this many quarter notes either way.
const LONGEST_SONG_BEATS: f64 = 1e9;
/// Where a host reports no tempo and the setting is none either.
const FALLBACK_BPM: f64 = 120.0;
/// Changes of metre of one song that are remembered; beyond them bars are counted as if there were no others.
const CHANGES: usize = 64;
/// What bars may be longer than by rounding alone, as a part of a bar.
const SAME_BARS: f64 = 1e-3;

/// A frame counted from the activation. Blocks come and go, positions stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FramePosition(pub i64);

impl FramePosition {
    /// So many frames later, or earlier.
    #[must_use]
    pub fn plus(self, frames: i64) -> Self {
        Self(self.0.saturating_add(frames))
    }
}

/// Ticks against frames within one block: a straight line, and how the beat is divided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TickMap {
    /// The moment of the block's first frame, in ticks; rarely a whole number.
    start: f64,
    /// Above zero.
    frames_per_tick: f64,
    swing: Swing,
    /// The first part of it, where time is not at one with the song yet.
    catching_up: Option<CatchingUp>,
}

/// Time is beside the song, and slower or faster until it is not any more.
#[derive(Debug, Clone, Copy, PartialEq)]
struct CatchingUp {
    /// The moment of the block's first frame.
    start: f64,
    frames_per_tick: f64,
    /// How many frames that takes; above zero.
    frames: f64,
}

impl CatchingUp {
    /// From so many ticks ahead of the song, or behind it where that is negative, which is at `start` now.
    fn new(start: f64, ahead: f64, frames_per_tick: f64) -> Self {
        // While a tick of the song passes, so much of one is made up for.
        let pace = 1.0 - CATCHING_UP * ahead.signum();
        let frames = ahead.abs() / CATCHING_UP * frames_per_tick;
        Self { start: start + ahead, frames_per_tick: frames_per_tick / pace, frames }
    }
}

impl TickMap {
    fn new(start: f64, frames_per_tick: f64) -> Self {
        Self { start, frames_per_tick, swing: Swing::STRAIGHT, catching_up: None }
    }

    /// The same, where time is so many ticks ahead of the song at the block's first frame.
    fn ahead(self, ahead: f64) -> Self {
        let catching_up = CatchingUp::new(self.start, ahead, self.frames_per_tick);
        Self { catching_up: (ahead.abs() > SAME_TICKS).then_some(catching_up), ..self }
    }

    /// How many ticks time is ahead of the song at a frame.
    #[allow(clippy::cast_precision_loss, reason = "frames of a block")]
    fn ahead_at(&self, offset: i64) -> f64 {
        self.performed_at(offset) - (self.start + offset as f64 / self.frames_per_tick)
    }

    /// The same stretch of time with another division of the beat.
    #[must_use]
    pub fn with(self, swing: Swing) -> Self {
        Self { swing, ..self }
    }

    /// How the beat is divided.
    pub fn swing(&self) -> Swing {
        self.swing
    }

    /// The moment of a frame, counted from the block's start.
    pub fn moment_of(&self, offset: i64) -> f64 {
        self.swing.straight(self.performed_at(offset))
    }

    /// The moment of a frame as it is played.
    #[allow(clippy::cast_precision_loss, reason = "frames of a block and its neighbours")]
    fn performed_at(&self, offset: i64) -> f64 {
        let offset = offset as f64;
        match self.catching_up {
            Some(CatchingUp { start, frames_per_tick, frames }) if offset < frames => start + offset / frames_per_tick,
            _ => self.start + offset / self.frames_per_tick,
        }
    }

    /// The frame, with its fraction, at which a moment is performed.
    fn frame_of(&self, performed: f64) -> f64 {
        let frame = (performed - self.start) * self.frames_per_tick;
        match self.catching_up {
            Some(CatchingUp { start, frames_per_tick, frames }) if frame < frames => {
                (performed - start) * frames_per_tick
            }
            _ => frame,
        }
    }

    /// The tick that a stroke on this frame means, given the one before it.
    pub fn heard_tick(&self, offset: i64, before: Option<Ticks>) -> Ticks {
        nearest(self.swing.heard(self.performed_at(offset), before))
    }

    /// The tick nearest to a frame as it is played, swung where that swings.
    pub fn played_tick(&self, offset: i64) -> Ticks {
        nearest(self.performed_at(offset))
    }

    /// The tick at which a finger comes up on this frame.
    pub fn lifted_tick(&self, offset: i64) -> Ticks {
        nearest(self.swing.lifted(self.performed_at(offset)))
    }

    /// The frame on which a moment falls, counted from the block's start: negative before the block.
    pub fn offset_of(&self, moment: f64) -> i64 {
        saturating((self.frame_of(self.swing.performed(moment)) + HALF_UP).floor())
    }

    /// The tick nearest to a frame.
    pub fn nearest_tick(&self, offset: i64) -> Ticks {
        nearest(self.moment_of(offset))
    }

    /// The first tick that falls on this frame or a later one, when every tick is moved by `lag`.
    pub fn first_tick_from(&self, offset: i64, lag: f64) -> Ticks {
        let near = Ticks(saturating((self.moment_of(offset) - lag).floor()) - 1);
        // A tick is longer than a frame, however the beat is divided, so the answer is one of the next three.
        (0..3)
            .map(|ahead| near + Ticks(ahead))
            .find(|&tick| self.offset_of(tick.as_f64() + lag) >= offset)
            .unwrap_or(near + Ticks(3))
    }

    /// How many ticks so many frames last, with the fraction of a tick; negative where they lie behind.
    #[allow(clippy::cast_precision_loss, reason = "frames of a few bars")]
    pub fn ticks_of(&self, frames: i64) -> f64 {
        frames as f64 / self.frames_per_tick
    }

    /// How many ticks a span of seconds lasts, given the sample rate, to the nearest.
    pub fn ticks_in_frames(&self, frames: f64) -> Ticks {
        Ticks(saturating((frames / self.frames_per_tick).round()))
    }
}

/// The host's bar line, in quarter notes, where it can only be the host's own word.
fn own_line(transport: &Transport, beats: f64, metre: Metre) -> Option<f64> {
    let bar_beats = metre.bar().as_f64() / PER_QUARTER;
    let near = 1.0 / PER_QUARTER;
    let reported = transport.bar_beats.filter(|line| *line < beats + near && beats < line + bar_beats + near);
    // The position that the line was recomputed from, if it was, is the one that was reported.
    let recomputed = (transport.beats.unwrap_or(beats) / bar_beats).floor() * bar_beats;
    reported.filter(|line| (line - recomputed).abs() > SAME_TICKS)
}

/// The bar line before a song position, in quarter notes, if the song had always had this metre.
fn plain_line(beats: f64, metre: Metre) -> f64 {
    let bar_beats = metre.bar().as_f64() / PER_QUARTER;
    (beats / bar_beats + SAME_TICKS).floor() * bar_beats
}

/// The tick nearest to a moment; of two equally near ones the later, whatever noise the position carries.
fn nearest(moment: f64) -> Ticks {
    Ticks(saturating((moment + 0.5 + SAME_TICKS).floor()))
}

/// The nearest number that fits; NaN becomes 0.
#[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and that is the point")]
fn saturating(value: f64) -> i64 {
    // A quarter of the range leaves room for sums.
    value.clamp(-4e18, 4e18) as i64
}

/// Bars and their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The bars.
    pub bars: Bars,
    /// The number of the bar that begins at their line.
    pub number: i64,
}

impl Count {
    /// The number of the bar in which a moment lies.
    pub fn number_at(self, moment: Ticks) -> i64 {
        let Bars { line, metre } = self.bars;
        self.number + (moment - line).0.div_euclid(metre.bar().0)
    }

    /// Where the bar of this number begins, or would if it had this metre.
    pub fn line_of(self, number: i64) -> Ticks {
        let Bars { line, metre } = self.bars;
        Ticks(line.0.saturating_add((number - self.number).saturating_mul(metre.bar().0)))
    }

    /// Whether bar lines and numbers are the same from here on.
    pub fn goes_on_as(self, other: Self) -> bool {
        self.bars.metre == other.bars.metre && self.line_of(other.number) == other.bars.line
    }
}

/// A change of metre in the song.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// The song position of its bar line, in quarter notes.
    beats: f64,
    before: Metre,
    metre: Metre,
    number: i64,
}

/// What comes when the song's loop ends, if the host does as it says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopWrap {
    /// When that is, of the song.
    end: f64,
    /// When that is, by our time.
    pub reached: f64,
    /// The first tick after it.
    pub first: Ticks,
    /// The bars from then on.
    pub count: Count,
    offset: Ticks,
}

impl LoopWrap {
    /// Whether it is the same one, foreseen from another place.
    #[allow(clippy::float_cmp, reason = "a loop that was not touched ends at the very same number")]
    pub fn is(&self, other: &Self) -> bool {
        let Self { end, reached: _, first, count, offset } = *other;
        (self.end, self.first, self.count, self.offset) == (end, first, count, offset)
    }
}

/// What a new block means for what was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Time goes on.
    Continuous,
    /// The song started, stopped or jumped: nothing that was planned is true any more.
    Discontinuity,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// The host's song, moved by whole ticks so that performance time goes on.
    Host {
        offset: Ticks,
        tempo_bpm: f64,
        /// Where the song will be at the next block if nothing happens, in quarter notes.
        next_beats: f64,
        /// The length of the block before it.
        frames: u32,
        /// How many ticks our time will be ahead of the song then.
        ahead: f64,
    },
    /// Our own: so many ticks at a frame, at a tempo.
    Own { anchor: f64, anchored_at: FramePosition, tempo_bpm: f64 },
}

/// Performance time.
#[derive(Debug, Clone)]
pub struct Clock {
    sample_rate: f64,
    source: Source,
    count: Count,
    /// The changes of metre that were passed in the song, in order.
    changes: ArrayVec<Change, CHANGES>,
    /// The moment of the next block's first frame, as far as is known now.
    now: f64,
    landing: Option<LoopWrap>,
    largest_block: u32,
}

impl Clock {
    /// Stands at tick zero, which is a bar line of 4/4.
    pub fn new(sample_rate: f64) -> Self {
        Self {
            sample_rate,
            source: Source::Own { anchor: 0.0, anchored_at: FramePosition(0), tempo_bpm: FALLBACK_BPM },
            count: Count { bars: Bars { line: Ticks::ZERO, metre: Metre::COMMON }, number: 0 },
            changes: ArrayVec::new(),
            now: 0.0,
            landing: None,
            largest_block: 0,
        }
    }

    /// Goes on from here at another sample rate, when frames are counted from zero again.
    pub fn restart_frames(&mut self, sample_rate: f64) {
        self.sample_rate = sample_rate;
        self.largest_block = 0;
        let tempo_bpm = self.tempo_bpm();
        self.source = Source::Own { anchor: self.now, anchored_at: FramePosition(0), tempo_bpm };
    }

    /// The first tick that no block has reached yet.
    pub fn next_tick(&self) -> Ticks {
        Ticks(saturating(self.now.ceil()))
    }

    /// The moment of the next block's first frame, as far as is known now.
    pub fn now(&self) -> f64 {
        self.now
    }

    /// The bars at this moment.
    pub fn bars(&self) -> Bars {
        self.count.bars
    }

    /// The bars at this moment with their numbers.
    pub fn count(&self) -> Count {
        self.count
    }

    /// Where a chart begins: with the first bar, or where that would have begun in the present metre, because a chart is
    /// told bar by bar, whatever the length of its bars.
    pub fn form(&self) -> Ticks {
        self.count.line_of(0)
    }

    /// Whether the host's song moves us.
    pub fn follows_host(&self) -> bool {
        matches!(self.source, Source::Host { .. })
    }

    /// What comes when the song's loop ends; `None` where it does not go round, or has left its loop behind.
    pub fn landing(&self) -> Option<LoopWrap> {
        self.landing
    }

    /// Whether what was foreseen has come.
    pub fn has_landed(&self, foreseen: LoopWrap) -> bool {
        matches!(self.source, Source::Host { offset, .. } if offset == foreseen.offset) && self.count == foreseen.count
    }

    /// The tempo of this block.
    pub fn tempo_bpm(&self) -> f64 {
        match self.source {
            Source::Host { tempo_bpm, .. } | Source::Own { tempo_bpm, .. } => tempo_bpm,
        }
    }

    /// How many frames so many ticks last at the tempo of this block.
    pub fn frames_in(&self, ticks: Ticks) -> i64 {
        saturating((ticks.as_f64() * self.frames_per_tick(self.tempo_bpm())).round())
    }

    /// Enters the next block. The own tempo counts where no song runs.
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
        if let Source::Host { ahead, .. } = &mut self.source {
            span = span.ahead(*ahead);
            *ahead = span.ahead_at(i64::from(frames));
        }
        self.now = span.performed_at(i64::from(frames));
        self.landing = beats.and_then(|beats| self.foreseen(transport, beats, &span));
        (span, flow)
    }

    /// Makes the frame at `position` the first beat of a bar and returns the span as it is from then on: only where
    /// our own clock runs, because the host's bars are not ours to move.
    pub fn begin_bar(&mut self, span: TickMap, offset: i64, position: FramePosition, frames: u32) -> TickMap {
        let Source::Own { anchor, anchored_at, .. } = &mut self.source else { return span };
        // Up to a whole tick, so that time does not go back; but what is one already, but for noise, is that one.
        let line = Ticks(saturating((span.performed_at(offset) - SAME_TICKS).ceil()));
        (*anchor, *anchored_at) = (line.as_f64(), position);
        self.count = Count { bars: Bars { line, ..self.count.bars }, number: 0 };
        let start = line.as_f64() - span.performed_at(offset) + span.start;
        let span = TickMap { start, ..span };
        self.now = span.performed_at(i64::from(frames));
        span
    }

    /// Makes this tick the first beat of a bar without moving time, where our own clock runs.
    pub fn begin_bar_on(&mut self, line: Ticks) {
        if !self.follows_host() {
            self.count = Count { bars: Bars { line, ..self.count.bars }, number: 0 };
        }
    }

    /// Goes on from a frame at another tempo, `place` ticks after the line of the present bars, and returns the span as it
    /// is from then on: only where our own clock runs. Time itself goes on where it is, or by less than a tick further, so
    /// that the frame is on a whole one, as bars are; else it is the bars that move.
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
        let Source::Own { anchor, anchored_at, tempo_bpm: before } = &mut self.source else { return span };
        (*anchor, *anchored_at, *before) = (now, position, tempo_bpm);
        self.count.bars.line = Ticks(saturating(now)) - place;
        #[allow(clippy::cast_precision_loss, reason = "frames of a block")]
        let start = now - offset as f64 / frames_per_tick;
        let span = TickMap { start, frames_per_tick, ..span };
        self.now = span.performed_at(i64::from(frames));
        span
    }

    fn follow_own(&mut self, transport: &Transport, tempo_bpm: f64, position: FramePosition) -> (f64, Flow) {
        let (start, flow) = match self.source {
            Source::Host { .. } => (self.now, Flow::Discontinuity),
            Source::Own { anchor, anchored_at, tempo_bpm } => {
                let frames = position.0.saturating_sub(anchored_at.0);
                #[allow(clippy::cast_precision_loss, reason = "2^53 frames last 1,500 years at 192 kHz")]
                let ticks = frames as f64 / self.frames_per_tick(tempo_bpm);
                (anchor + ticks, Flow::Continuous)
            }
        };
        #[allow(clippy::float_cmp, reason = "a tempo that was not touched is the very same number")]
        if flow == Flow::Discontinuity || self.tempo_bpm() != tempo_bpm {
            self.source = Source::Own { anchor: start, anchored_at: position, tempo_bpm };
        }
        if let Some(metre) = transport.metre.filter(|metre| *metre != self.count.bars.metre) {
            // The bar that runs becomes one of the new metre.
            let number = self.count.number_at(Ticks(saturating(start.floor())));
            self.count = Count { bars: Bars { line: self.count.line_of(number), metre }, number };
        }
        (start, flow)
    }

    fn follow_host(&mut self, transport: &Transport, beats: f64, tempo_bpm: f64, frames: u32) -> (f64, Flow) {
        let beats_in = |frames: u32, tempo_bpm: f64| f64::from(frames) * tempo_bpm / (60.0 * self.sample_rate);
        let goes_on = match self.source {
            Source::Host { offset, tempo_bpm: tempo_before, next_beats, frames, ahead } => {
                // The tempo may have changed anywhere in the block before, so the song may be anywhere between the
                // prediction with the old tempo and the one with the new.
                let change = (beats_in(frames, tempo_bpm) - beats_in(frames, tempo_before)).abs();
                let beats_per_second = tempo_bpm / 60.0;
                let away = beats - next_beats;
                let is_rounded = away.abs() <= change + ROUNDED_SECONDS * beats_per_second;
                let ahead = if is_rounded { ahead } else { ahead - away * PER_QUARTER };
                let nudge = change + self.nudge_seconds() * beats_per_second;
                (is_rounded || ahead.abs() <= nudge * PER_QUARTER).then_some((offset, ahead))
            }
            Source::Own { .. } => None,
        };
        let flow = if goes_on.is_some() { Flow::Continuous } else { Flow::Discontinuity };
        let next_beats = beats + beats_in(frames, tempo_bpm);
        let (offset, ahead) =
            goes_on.or_else(|| self.round_from(beats)).unwrap_or_else(|| (self.offset_from(self.now, beats), 0.0));
        self.source = Source::Host { offset, tempo_bpm, next_beats, frames, ahead };
        self.adopt_bars(transport, beats, offset, flow);
        (beats * PER_QUARTER + offset.as_f64(), flow)
    }

    /// How far beside our time the song may be and has been nudged, no more.
    fn nudge_seconds(&self) -> f64 {
        let block = (f64::from(self.largest_block) / self.sample_rate).min(LONGEST_BLOCK_SECONDS);
        (block * NUDGE_BLOCKS).max(NUDGE_SECONDS)
    }

    /// The whole ticks between a song position and the moment at which the song goes on there.
    fn offset_from(&self, now: f64, beats: f64) -> Ticks {
        // A tick that falls on the block's first frame has not been played yet, also where it lies a little before it.
        let rounding = HALF_UP / self.frames_per_tick(self.tempo_bpm());
        Ticks(saturating((now - beats * PER_QUARTER - rounding).ceil()))
    }

    /// The same, where this is the round of the loop that was foreseen. Hosts that go round on a whole frame may do so up to
    /// a frame later than the loop ends, and that must not cost a tick.
    fn round_from(&self, beats: f64) -> Option<(Ticks, f64)> {
        let Source::Host { ahead, .. } = self.source else { return None };
        let frame = 1.0 / self.frames_per_tick(self.tempo_bpm());
        let offset = self.offset_from(self.now - ahead - frame, beats);
        self.landing.filter(|landing| landing.offset == offset).map(|landing| (landing.offset, ahead))
    }

    /// What comes when the loop ends that the host tells of, as far as it can be known: the bars are counted on from the
    /// changes of metre that were passed, because the host tells its bars only where it is.
    fn foreseen(&self, transport: &Transport, beats: f64, span: &TickMap) -> Option<LoopWrap> {
        let (begin, end) = transport.loop_beats?;
        let Source::Host { offset, .. } = self.source else { return None };
        let can_be = begin.abs() < LONGEST_SONG_BEATS && end.abs() < LONGEST_SONG_BEATS;
        if !can_be || beats >= end || end - begin < SHORTEST_LOOP_TICKS / PER_QUARTER {
            return None;
        }
        let end = end * PER_QUARTER + offset.as_f64();
        let offset = self.offset_from(end, begin);
        let passed = self.changes.iter().rev().find(|change| change.beats < begin + SAME_TICKS);
        let ahead = self.changes.iter().find(|change| change.beats >= begin + SAME_TICKS);
        let metre = passed.map(|change| change.metre).or(ahead.map(|change| change.before));
        let metre = metre.unwrap_or(self.count.bars.metre);
        let from = passed.map_or(0.0, |change| change.beats);
        let line_beats = from + plain_line(begin - from, metre);
        let line = Ticks(saturating((line_beats * PER_QUARTER).round())) + offset;
        let count = Count { bars: Bars { line, metre }, number: self.number_in_song(line_beats, metre) };
        let first = Ticks(saturating((begin * PER_QUARTER - SAME_TICKS).ceil())) + offset;
        // The song reaches it on this frame, and our time is a little beside it.
        let frame = (end - span.start) * span.frames_per_tick;
        let behind = span.catching_up.is_some_and(|catching_up| frame < catching_up.frames);
        let reached = if behind { span.performed_at(saturating(frame)) } else { end };
        Some(LoopWrap { end, reached, first, count, offset })
    }

    /// Takes the host's bar line where it can only be the host's own word, or where we have none that still holds.
    fn adopt_bars(&mut self, transport: &Transport, beats: f64, offset: Ticks, flow: Flow) {
        let before = self.count;
        let metre = transport.metre.unwrap_or(before.bars.metre);
        // Who tells no metre tells no bars either: in the middle of the song such a line would only move the beat.
        let tells_bars = transport.metre.is_some() || flow == Flow::Discontinuity;
        let own_word = own_line(transport, beats, metre).filter(|_| tells_bars);
        let lost = flow == Flow::Discontinuity || metre != before.bars.metre;
        let line_beats = match own_word {
            Some(line) => line,
            None if flow == Flow::Continuous && lost && self.is_at_bar_line(beats, offset) => beats,
            None if lost => plain_line(beats, metre),
            None => return,
        };
        let line = Ticks(saturating((line_beats * PER_QUARTER).round())) + offset;
        let number = match flow {
            // The change passed: a bar that it cut short counts as one.
            Flow::Continuous => {
                let bars = (line - before.bars.line).as_f64() / before.bars.metre.bar().as_f64();
                before.number + saturating((bars - SAME_BARS).ceil())
            }
            Flow::Discontinuity => self.number_in_song(line_beats, metre),
        };
        self.count = Count { bars: Bars { line, metre }, number };
        if flow == Flow::Continuous && metre != before.bars.metre {
            self.remember(Change { beats: line_beats, before: before.bars.metre, metre, number });
        }
    }

    /// Whether a song position lies on a line of the bars that run: where the metre changes on one, a bar begins.
    fn is_at_bar_line(&self, beats: f64, offset: Ticks) -> bool {
        let place = self.count.bars.place(Ticks(saturating((beats * PER_QUARTER).round())) + offset);
        place <= Ticks(1) || place >= self.count.bars.metre.bar() - Ticks(1)
    }

    /// The number of the bar that begins at a song position: counted from the change of metre before it, if that was
    /// passed, or else as if the song had always had this metre.
    fn number_in_song(&self, line_beats: f64, metre: Metre) -> i64 {
        let bar_beats = metre.bar().as_f64() / PER_QUARTER;
        let passed = self.changes.iter().rev().find(|change| change.beats < line_beats + SAME_TICKS);
        let (from, number) =
            passed.filter(|change| change.metre == metre).map_or((0.0, 0), |change| (change.beats, change.number));
        number + saturating(((line_beats - from) / bar_beats + SAME_BARS).floor())
    }

    fn remember(&mut self, change: Change) {
        self.changes.retain(|other| (other.beats - change.beats).abs() > SAME_TICKS);
        let at = self.changes.partition_point(|other| other.beats < change.beats);
        // With too many, bars are counted from an earlier one: the same each time all the same.
        let _ = self.changes.try_insert(at, change);
    }

    fn frames_per_tick(&self, tempo_bpm: f64) -> f64 {
        self.sample_rate * 60.0 / (tempo_bpm * PER_QUARTER)
    }
}

/// A tempo that can be.
pub fn sane(tempo_bpm: Option<f64>) -> Option<f64> {
    tempo_bpm.filter(|tempo| TEMPO_BPM.contains(tempo))
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "made-up frames and ticks below a million")]
mod tests {
    use super::*;

    /// A host whose song plays from beat 0 at the tempos given, each from a frame on.
    struct Song {
        rate: f64,
        tempos: Vec<(i64, f64)>,
    }

    impl Song {
        fn tempo_at(&self, frame: i64) -> f64 {
            self.tempos.iter().rev().find(|(from, _)| *from <= frame).unwrap().1
        }

        fn beats_at(&self, frame: i64) -> f64 {
            let ends = self.tempos.iter().skip(1).map(|(from, _)| *from).chain([i64::MAX]);
            let parts = self.tempos.iter().zip(ends);
            parts.map(|((from, tempo), end)| (frame.min(end) - from).max(0) as f64 * tempo / (60.0 * self.rate)).sum()
        }

        fn transport(&self, frame: i64) -> Transport {
            let beats = Some(self.beats_at(frame));
            Transport { playing: true, tempo_bpm: Some(self.tempo_at(frame)), beats, ..Transport::default() }
        }
    }

    /// The frames of these ticks when the song is cut into blocks of the lengths given, again and again. Blocks end
    /// where the tempo changes.
    fn frames_of(song: &Song, ticks: &[i64], lengths: &[u32], last: i64) -> Vec<i64> {
        let mut clock = Clock::new(song.rate);
        let mut found = Vec::new();
        let mut at = 0;
        for &length in lengths.iter().cycle() {
            let change = song.tempos.iter().map(|(from, _)| *from).find(|from| *from > at).unwrap_or(i64::MAX);
            let length = i64::from(length).min(change - at);
            let frames = u32::try_from(length).unwrap();
            let (span, _) = clock.enter(&song.transport(at), FramePosition(at), frames, 120.0);
            for &tick in ticks {
                let offset = span.offset_of(tick as f64);
                if (0..length).contains(&offset) {
                    found.push(at + offset);
                }
            }
            at += length;
            if at > last {
                found.retain(|frame| *frame <= last);
                return found;
            }
        }
        found
    }

    #[test]
    fn a_tick_falls_on_the_same_frame_wherever_the_host_cuts_its_blocks() {
        let ticks: Vec<i64> = (1..400).step_by(7).collect();
        for rate in [44_100.0, 48_000.0, 96_000.0] {
            for tempos in [vec![(0, 120.0)], vec![(0, 97.3)], vec![(0, 60.0), (50_001, 240.0), (70_000, 133.7)]] {
                let song = Song { rate, tempos };
                let whole = frames_of(&song, &ticks, &[1 << 20], 120_000);
                assert!(!whole.is_empty() && whole.is_sorted());
                for lengths in [&[1_u32][..], &[64], &[441], &[4096], &[17, 900, 3, 2048, 1]] {
                    assert_eq!(frames_of(&song, &ticks, lengths, 120_000), whole, "{rate} Hz, {lengths:?}");
                }
            }
        }
    }

    #[test]
    fn a_tick_falls_on_the_rounded_frame_of_its_beat_and_halves_go_up() {
        let song = Song { rate: 44_100.0, tempos: vec![(0, 120.0)] };
        // One tick is 459.375 frames.
        assert_eq!(frames_of(&song, &[1, 4, 24, 48], &[100], 50_000), [459, 1_838, 11_025, 22_050]);
    }

    fn playing(beats: f64, metre: Metre, bar_beats: f64) -> Transport {
        Transport {
            playing: true,
            tempo_bpm: Some(120.0),
            beats: Some(beats),
            metre: Some(metre),
            bar_beats: Some(bar_beats),
            loop_beats: None,
        }
    }

    /// Half a second, one beat.
    const BEAT: u32 = 24_000;

    #[test]
    fn time_does_not_go_back_when_the_song_does() {
        let mut clock = Clock::new(48_000.0);
        let mut last = 0.0;
        for (beats, flow) in [
            (7.3, Flow::Discontinuity),
            (8.3, Flow::Continuous),
            (4.0, Flow::Discontinuity),
            (5.0, Flow::Continuous),
            (-2.0, Flow::Discontinuity),
        ] {
            let (span, met) = clock.enter(&playing(beats, Metre::COMMON, 0.0), FramePosition(0), BEAT, 120.0);
            assert_eq!(met, flow, "at beat {beats}");
            assert!(span.moment_of(0) >= last - SAME_TICKS, "at beat {beats}");
            assert!((span.moment_of(0) - beats * 48.0).fract().abs() < 1e-6, "only whole ticks are added");
            last = span.moment_of(i64::from(BEAT));
        }
    }

    #[test]
    fn a_stop_and_a_start_break_the_flow_and_a_standing_position_is_ignored() {
        let mut clock = Clock::new(48_000.0);
        let stopped = |beats| Transport { playing: false, ..playing(beats, Metre::COMMON, 0.0) };
        let mut position = FramePosition(0);
        let mut met = Vec::new();
        // While it stands, the position runs on as it does in blocks that the framework cut.
        for transport in [
            playing(0.0, Metre::COMMON, 0.0),
            stopped(1.0),
            stopped(1.2),
            stopped(1.0),
            playing(1.0, Metre::COMMON, 0.0),
        ] {
            met.push(clock.enter(&transport, position, BEAT, 120.0).1);
            position = position.plus(i64::from(BEAT));
        }
        assert_eq!(
            met,
            [Flow::Discontinuity, Flow::Discontinuity, Flow::Continuous, Flow::Continuous, Flow::Discontinuity]
        );
    }

    #[test]
    fn a_bar_line_recomputed_from_the_present_metre_is_not_believed() {
        let waltz = Metre::new(3, 4).unwrap();
        let mut clock = Clock::new(48_000.0);
        // Four bars of 4/4, then 3/4 from beat 16 on: the host's own word.
        let _ = clock.enter(&playing(15.0, Metre::COMMON, 12.0), FramePosition(0), BEAT, 120.0);
        let _ = clock.enter(&playing(16.0, waltz, 16.0), FramePosition(0), BEAT, 120.0);
        let line = clock.bars().line;
        // In a block that was cut, 17 / 3 gives a bar line at beat 15.
        let _ = clock.enter(&playing(17.0, waltz, 15.0), FramePosition(0), BEAT, 120.0);
        assert_eq!(clock.bars(), Bars { line, metre: waltz });
        assert_eq!(waltz.bar(), Ticks(144));
    }

    #[test]
    fn a_change_of_metre_on_a_bar_line_begins_a_bar_whatever_the_host_says_of_bars() {
        let waltz = Metre::new(3, 4).unwrap();
        for said in [Some(15.0), Some(0.0), None] {
            let mut clock = Clock::new(48_000.0);
            let _ = clock.enter(&playing(15.0, Metre::COMMON, 12.0), FramePosition(0), BEAT, 120.0);
            let change = Transport { bar_beats: said, ..playing(16.0, waltz, 0.0) };
            let (span, _) = clock.enter(&change, FramePosition(0), BEAT, 120.0);
            assert_eq!(clock.bars().place(span.nearest_tick(0)), Ticks(0), "{said:?}");
        }
    }

    #[test]
    fn without_a_metre_bar_lines_in_the_middle_of_the_song_are_not_believed() {
        let mut clock = Clock::new(48_000.0);
        let silent = |beats, line| Transport { metre: None, ..playing(beats, Metre::COMMON, line) };
        let _ = clock.enter(&silent(7.0, 7.0), FramePosition(0), BEAT, 120.0);
        let bars = clock.bars();
        for beat in 8..20 {
            // Bars of seven eighths, of which the host tells only where they begin.
            let beat = f64::from(beat);
            let _ = clock.enter(&silent(beat, (beat / 3.5).floor() * 3.5), FramePosition(0), BEAT, 120.0);
            assert_eq!(clock.bars(), bars, "at beat {beat}");
        }
    }

    #[test]
    fn a_place_in_the_song_has_the_same_bar_number_each_time_the_song_comes_there() {
        let waltz = Metre::new(3, 4).unwrap();
        let mut clock = Clock::new(48_000.0);
        let mut number = |beats: f64, metre| {
            let line =
                if metre == waltz { 16.0 + ((beats - 16.0) / 3.0).floor() * 3.0 } else { (beats / 4.0).floor() * 4.0 };
            let (span, _) = clock.enter(&playing(beats, metre, line), FramePosition(0), BEAT, 120.0);
            clock.count().number_at(span.nearest_tick(0))
        };
        // Four bars of four beats, then bars of three.
        let played: Vec<i64> =
            (0..28).map(|beat| number(f64::from(beat), if beat < 16 { Metre::COMMON } else { waltz })).collect();
        let wanted: Vec<i64> = (0..28).map(|beat| if beat < 16 { beat / 4 } else { 4 + (beat - 16) / 3 }).collect();
        assert_eq!(played, wanted);
        // Loops and jumps.
        for (beats, metre, wanted) in
            [(16.0, waltz, 4), (24.0, waltz, 6), (20.0, waltz, 5), (5.0, Metre::COMMON, 1), (-4.0, Metre::COMMON, -1)]
        {
            assert_eq!(number(beats, metre), wanted, "at beat {beats}");
        }
    }

    #[test]
    fn a_chart_begins_where_its_first_bar_would_have_begun_in_the_present_metre() {
        let waltz = Metre::new(3, 4).unwrap();
        let mut clock = Clock::new(48_000.0);
        let _ = clock.enter(&playing(15.0, Metre::COMMON, 12.0), FramePosition(0), BEAT, 120.0);
        let (span, _) = clock.enter(&playing(16.0, waltz, 16.0), FramePosition(0), BEAT, 120.0);
        assert_eq!(span.nearest_tick(0) - clock.form(), Ticks(4 * waltz.bar().0), "it is the fifth bar of the chart");
        // A pickup is no bar of the chart.
        let (span, _) = clock.enter(&playing(33.0, Metre::COMMON, 33.0), FramePosition(0), BEAT, 120.0);
        assert_eq!(span.nearest_tick(0) - clock.form(), Ticks(8 * Metre::COMMON.bar().0));
    }

    #[test]
    fn on_our_own_clock_the_bar_that_runs_takes_the_new_metre() {
        let waltz = Metre::new(3, 4).unwrap();
        let mut clock = Clock::new(48_000.0);
        let standing = |metre| Transport { metre: Some(metre), ..Transport::default() };
        for beat in 0..5 {
            let _ = clock.enter(&standing(Metre::COMMON), FramePosition(beat * i64::from(BEAT)), BEAT, 120.0);
        }
        let _ = clock.enter(&standing(waltz), FramePosition(5 * i64::from(BEAT)), BEAT, 120.0);
        assert_eq!(clock.count(), Count { bars: Bars { line: Ticks::quarters(4), metre: waltz }, number: 1 });
    }

    #[test]
    fn a_bar_position_that_cannot_be_is_not_believed_and_a_jump_brings_the_hosts_bars() {
        let mut clock = Clock::new(48_000.0);
        // This host says beat 0 whatever the position.
        let (span, _) = clock.enter(&playing(10.0, Metre::COMMON, 0.0), FramePosition(0), BEAT, 120.0);
        let bar_line = span.nearest_tick(0) - Ticks::quarters(2);
        assert_eq!(clock.bars().place(bar_line), Ticks(0));
        // This one has a pickup of one beat.
        let (span, _) = clock.enter(&playing(30.0, Metre::COMMON, 29.0), FramePosition(0), BEAT, 120.0);
        assert_eq!(clock.bars().place(span.nearest_tick(0)), Ticks::quarters(1));
    }

    #[test]
    fn the_own_clock_is_the_same_in_any_blocks_and_through_changes_of_tempo() {
        let run = |length: u32| {
            let mut clock = Clock::new(44_100.0);
            let mut at = 0_i64;
            let mut found = Vec::new();
            while at < 200_000 {
                let tempo = if at < 60_000 { 97.0 } else { 151.0 };
                let frames = if at < 60_000 { length.min(u32::try_from(60_000 - at).unwrap()) } else { length };
                let (span, flow) = clock.enter(&Transport::default(), FramePosition(at), frames, tempo);
                assert_eq!(flow, Flow::Continuous);
                let offsets = (0..400).map(|tick| span.offset_of(f64::from(tick)));
                found
                    .extend(offsets.filter(|offset| (0..i64::from(frames)).contains(offset)).map(|offset| at + offset));
                at += i64::from(frames);
            }
            found.retain(|frame| *frame < 200_000);
            found
        };
        assert_eq!(run(1), run(4096));
        assert_eq!(run(64), run(1000));
    }

    #[test]
    fn a_bar_begun_by_the_player_begins_on_the_frame_of_the_note() {
        let mut clock = Clock::new(48_000.0);
        let (span, _) = clock.enter(&Transport::default(), FramePosition(0), 1_000, 120.0);
        let span = clock.begin_bar(span, 333, FramePosition(333), 1_000);
        let line = clock.bars().line;
        assert_eq!(span.offset_of(line.as_f64()), 333);
        let (next, _) = clock.enter(&Transport::default(), FramePosition(1_000), 1_000, 120.0);
        assert_eq!(next.offset_of((line + Ticks(48)).as_f64()), 333 + 24_000 - 1_000);
    }

    /// How far time is from the song in blocks of this length, when the song is so many seconds beside its place from
    /// each block on: in ticks, at the end of each; and whether it was ever broken off.
    fn beside(length: u32, blocks: u32, noise: impl Fn(u32) -> f64) -> (Vec<f64>, bool) {
        let mut clock = Clock::new(48_000.0);
        let (mut ends, mut broken, mut last) = (Vec::new(), false, 0.0);
        for block in 0..blocks {
            let at = i64::from(block) * i64::from(length);
            let beats = 101.0 + at as f64 / 24_000.0;
            let told = playing(beats + noise(block) * 2.0, Metre::COMMON, 100.0);
            let (span, flow) = clock.enter(&told, FramePosition(at), length, 120.0);
            broken |= block > 0 && flow == Flow::Discontinuity;
            assert!(span.moment_of(0) >= last - 0.2, "time goes back in block {block} of {length}");
            let (begin, end) = (span.moment_of(0), span.moment_of(i64::from(length)));
            let pace = (end - begin) / (f64::from(length) / 500.0);
            assert!((0.87..1.13).contains(&pace), "block {block} of {length}: {pace} times as fast");
            let offset = clock.count().bars.line.as_f64() - 4_800.0;
            ends.push(end - offset - (beats * 48.0 + f64::from(length) / 500.0));
            last = end;
        }
        (ends, broken)
    }

    #[test]
    fn a_song_that_is_nudged_has_not_jumped_and_time_catches_up_with_it() {
        for length in [64, 441, 1_024, 4_096] {
            for nudge_ms in [-50.0, -22.0, -3.0, 1.0, 10.0, 22.0, 50.0_f64] {
                let from = 48_000 / length;
                let nudge = |block| if block < from { 0.0 } else { nudge_ms / 1000.0 };
                let (ends, broken) = beside(length, 3 * from, nudge);
                assert!(!broken, "{nudge_ms} ms in blocks of {length}");
                let last = ends.last().unwrap();
                // A tick is 10.4 ms long.
                assert!((last - nudge_ms * 0.096).abs() < 1e-6, "{nudge_ms} ms in blocks of {length}: {last}");
            }
        }
    }

    #[test]
    fn a_song_whose_position_jitters_is_followed_by_its_mean() {
        for length in [64, 256, 1_024, 4_096] {
            for noise_ms in [3.0, 10.0, 25.0, 50.0] {
                // Between the two, in no order.
                let part = |block: u32| f64::from(block.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 23) - 1.0;
                let (ends, broken) = beside(length, 10 * 48_000 / length, |block| part(block) * noise_ms / 1000.0);
                assert!(!broken, "{noise_ms} ms in blocks of {length}");
                let worst = ends.iter().map(|end| end.abs()).fold(0.0, f64::max);
                assert!(worst * 10.42 <= noise_ms + 2.1, "{noise_ms} ms in blocks of {length}: {worst} ticks");
            }
        }
    }

    #[test]
    fn a_block_that_is_left_out_or_told_twice_is_no_jump_and_an_eighth_of_a_second_is_one() {
        for length in [1_024, 4_096, 8_192] {
            let block_seconds = f64::from(length) / 48_000.0;
            for blocks in [1.0, -1.0] {
                let (_, broken) = beside(length, 20, |block| if block < 9 { 0.0 } else { blocks * block_seconds });
                assert!(!broken, "{blocks} blocks of {length}");
            }
        }
        for seconds in [0.125, -0.125] {
            assert!(beside(256, 20, |block| if block < 9 { 0.0 } else { seconds }).1, "{seconds} s");
        }
    }

    #[test]
    fn after_a_nudge_a_tick_falls_on_the_same_frame_wherever_the_host_cuts_its_blocks() {
        for nudge in [0.044, -0.044, 0.09] {
            let run = |lengths: &[u32]| {
                let mut clock = Clock::new(48_000.0);
                let (mut at, mut found) = (0_i64, Vec::new());
                let mut lengths = lengths.iter().cycle();
                while at < 96_000 {
                    let change = if at < 24_123 { 24_123 - at } else { i64::MAX };
                    let frames = i64::from(*lengths.next().unwrap()).min(change);
                    let beats = at as f64 / 24_000.0 + if at < 24_123 { 0.0 } else { nudge };
                    let told = playing(beats, Metre::COMMON, 0.0);
                    let frames = u32::try_from(frames).unwrap();
                    let (span, _) = clock.enter(&told, FramePosition(at), frames, 120.0);
                    let offsets = (0..150).map(|tick| span.offset_of(f64::from(tick)));
                    found.extend(
                        offsets.filter(|offset| (0..i64::from(frames)).contains(offset)).map(|offset| at + offset),
                    );
                    at += i64::from(frames);
                }
                found
            };
            let whole = run(&[4_096]);
            assert_eq!(whole.len(), 150, "each tick comes once");
            for lengths in [&[1_u32][..], &[64], &[441], &[17, 900, 3, 2048, 1]] {
                assert_eq!(run(lengths), whole, "{nudge}, {lengths:?}");
            }
        }
    }

    #[test]
    fn nonsense_from_the_host_does_no_harm() {
        let mut clock = Clock::new(48_000.0);
        for number in [f64::NAN, f64::INFINITY, -1e300, 1e300, 0.0] {
            let transport = Transport { tempo_bpm: Some(number), ..playing(number, Metre::COMMON, number) };
            let (span, _) = clock.enter(&transport, FramePosition(i64::MAX), 64, number);
            let tick = span.nearest_tick(3);
            let _ = (span.first_tick_from(5, 0.0), span.offset_of(tick.as_f64()), clock.bars().place(tick));
        }
    }
}
