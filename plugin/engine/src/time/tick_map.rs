//! Ticks against frames within one block, and the sums that both need.
//!
//! Within a block, musical time is a straight line over frames. Where the music swings, a [`Swing`] divides each beat
//! unevenly. Until our time has caught up with the host's song, the first part of the line is a little steeper or
//! flatter. Before the block the line has the slope of the block before: at another one, a tick that was rounded up to
//! this block's first frame would have been missed by a frame.
//!
//! Knows neither the transport nor bars.

use crate::time::swing::Swing;
use segue_model::note::{TICKS_PER_QUARTER, Ticks};

/// Ticks in a quarter note, for sums with the host's beats.
#[allow(clippy::cast_precision_loss, reason = "48")]
pub(super) const PER_QUARTER: f64 = TICKS_PER_QUARTER as f64;
/// Added before rounding down, so that halves go up. The extra 1/1024 keeps that true when the host's position is
/// noisy. At whole-number tempos up to 300 no other onset lies this close to a half.
pub(super) const HALF_UP: f64 = 0.5 + 1.0 / 1024.0;
/// Two positions closer than this, in ticks, are the same position.
pub(super) const SAME_TICKS: f64 = 1e-6;
/// Musical time runs faster or slower by this part of its speed until it matches the song again.
const CORRECTION_RATE: f64 = 0.125;

/// A frame counted from the activation, across all blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FramePosition(pub i64);

impl FramePosition {
    /// The position `frames` later; earlier where that is negative.
    #[must_use]
    pub fn plus(self, frames: i64) -> Self {
        Self(self.0.saturating_add(frames))
    }
}

/// Ticks against frames within one block. Offsets are frames from the block's first frame, and may lie outside the
/// block; moments are ticks with a fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TickMap {
    /// The moment of the block's first frame, as the song has it.
    pub(super) start: f64,
    /// Above zero.
    pub(super) frames_per_tick: f64,
    /// The same before the block.
    frames_per_tick_before: f64,
    swing: Swing,
    /// What applies to the first frames instead, until our time matches the song.
    correction: Option<Correction>,
}

/// A line with another slope, by which time returns to the song without a jump.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Correction {
    /// The moment of the block's first frame, as it is performed.
    start: f64,
    frames_per_tick: f64,
    /// How many frames the correction takes; above zero.
    frames: f64,
}

impl Correction {
    /// Corrects a time that is `ahead` ticks ahead of the song (behind it if negative). The song is at `start`.
    fn new(start: f64, ahead: f64, frames_per_tick: f64) -> Self {
        // How many ticks are performed while one tick of the song passes.
        let pace = 1.0 - CORRECTION_RATE * ahead.signum();
        let frames = ahead.abs() / CORRECTION_RATE * frames_per_tick;
        Self { start: start + ahead, frames_per_tick: frames_per_tick / pace, frames }
    }
}

impl TickMap {
    pub(super) fn new(start: f64, frames_per_tick: f64) -> Self {
        let frames_per_tick_before = frames_per_tick;
        Self { start, frames_per_tick, frames_per_tick_before, swing: Swing::STRAIGHT, correction: None }
    }

    /// The same map behind a block that ended with another slope.
    pub(super) fn behind(self, frames_per_tick_before: f64) -> Self {
        Self { frames_per_tick_before, ..self }
    }

    /// The slope on a frame of the block, or behind it.
    #[allow(clippy::cast_precision_loss, reason = "frames of a block")]
    pub(super) fn frames_per_tick_at(&self, offset: i64) -> f64 {
        match self.correction {
            Some(Correction { frames_per_tick, frames, .. }) if (offset as f64) < frames => frames_per_tick,
            _ => self.frames_per_tick,
        }
    }

    /// The moment of the block's first frame, as it is performed.
    fn first_moment(&self) -> f64 {
        self.correction.map_or(self.start, |correction| correction.start)
    }

    /// The same map for a time that is `ahead` ticks ahead of the song at the block's first frame.
    pub(super) fn ahead(self, ahead: f64) -> Self {
        let correction = Correction::new(self.start, ahead, self.frames_per_tick);
        Self { correction: (ahead.abs() > SAME_TICKS).then_some(correction), ..self }
    }

    /// How many ticks time is ahead of the song at a frame.
    #[allow(clippy::cast_precision_loss, reason = "frames of a block")]
    pub(super) fn ahead_at(&self, offset: i64) -> f64 {
        self.performed_at(offset) - (self.start + offset as f64 / self.frames_per_tick)
    }

    /// The same division of the beat on another line: the moment of the block's first frame, and frames per tick.
    pub(super) fn on_line(self, start: f64, frames_per_tick: f64) -> Self {
        Self { start, frames_per_tick, ..self }
    }

    /// The same map with another division of the beat.
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

    /// The moment of a frame as it is played: swung where the music swings.
    #[allow(clippy::cast_precision_loss, reason = "frames of a block and its neighbours")]
    pub(super) fn performed_at(&self, offset: i64) -> f64 {
        let offset = offset as f64;
        if offset < 0.0 {
            return self.first_moment() + offset / self.frames_per_tick_before;
        }
        match self.correction {
            Some(Correction { start, frames_per_tick, frames }) if offset < frames => start + offset / frames_per_tick,
            _ => self.start + offset / self.frames_per_tick,
        }
    }

    /// The frame, with its fraction, at which a moment is performed.
    fn frame_of(&self, performed: f64) -> f64 {
        let behind = performed - self.first_moment();
        if behind < 0.0 {
            return behind * self.frames_per_tick_before;
        }
        let frame = (performed - self.start) * self.frames_per_tick;
        match self.correction {
            Some(Correction { start, frames_per_tick, frames }) if frame < frames => {
                (performed - start) * frames_per_tick
            }
            _ => frame,
        }
    }

    /// The straight tick that a note-on at this frame means, given the tick of the note-on before it.
    pub fn heard_tick(&self, offset: i64, before: Option<Ticks>) -> Ticks {
        nearest(self.swing.heard(self.performed_at(offset), before))
    }

    /// The tick nearest to a frame as it is played: swung where the music swings.
    pub fn played_tick(&self, offset: i64) -> Ticks {
        nearest(self.performed_at(offset))
    }

    /// The straight tick that a note-off at this frame means.
    pub fn lifted_tick(&self, offset: i64) -> Ticks {
        nearest(self.swing.lifted(self.performed_at(offset)))
    }

    /// The frame nearest to a moment, counted from the block's first frame: negative before the block.
    pub fn offset_of(&self, moment: f64) -> i64 {
        saturating((self.frame_of(self.swing.performed(moment)) + HALF_UP).floor())
    }

    /// The tick nearest to a frame.
    pub fn nearest_tick(&self, offset: i64) -> Ticks {
        nearest(self.moment_of(offset))
    }

    /// The first tick that falls on this frame or a later one, when every tick is moved by `lag` ticks.
    pub fn first_tick_from(&self, offset: i64, lag: f64) -> Ticks {
        let near = Ticks(saturating((self.moment_of(offset) - lag).floor()) - 1);
        // A tick is longer than a frame, however the beat is divided, so the answer is one of the next three.
        (0..3)
            .map(|ahead| near + Ticks(ahead))
            .find(|&tick| self.offset_of(tick.as_f64() + lag) >= offset)
            .unwrap_or(near + Ticks(3))
    }

    /// How many ticks a number of frames lasts, with the fraction of a tick; negative for negative numbers.
    #[allow(clippy::cast_precision_loss, reason = "frames of a few bars")]
    pub fn ticks_of(&self, frames: i64) -> f64 {
        frames as f64 / self.frames_per_tick
    }

    /// How many whole ticks a number of frames lasts, to the nearest.
    pub fn ticks_in_frames(&self, frames: f64) -> Ticks {
        Ticks(saturating((frames / self.frames_per_tick).round()))
    }

    /// When a moment of the song comes by our time, which may be a little ahead of the song or behind it.
    pub(super) fn when_song_reaches(&self, moment: f64) -> f64 {
        let frame = (moment - self.start) * self.frames_per_tick;
        let is_corrected = self.correction.is_some_and(|correction| frame < correction.frames);
        if is_corrected { self.performed_at(saturating(frame)) } else { moment }
    }
}

/// The tick nearest to a moment; of two equally near ones the later, whatever noise the position carries.
pub(super) fn nearest(moment: f64) -> Ticks {
    Ticks(saturating((moment + 0.5 + SAME_TICKS).floor()))
}

/// The number without its fraction, as far as it fits; NaN becomes 0.
#[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and that is the point")]
pub(super) fn saturating(value: f64) -> i64 {
    // A quarter of the range leaves room for sums.
    value.clamp(-4e18, 4e18) as i64
}
