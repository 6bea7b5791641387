//! The present frame of the block that is being walked, and its moment in ticks.
//!
//! Knows neither notes nor turns.

use crate::host::{Block, FrameOffset, Settings};
use crate::time::tick_map::{FramePosition, TickMap};
use segue_model::note::Ticks;

/// Ticks against frames in the present block.
#[derive(Debug, Clone, Copy)]
pub struct TickMaps {
    /// Ticks of the style that plays, swung where it swings.
    pub style: TickMap,
    /// Ticks of beats: straight, even while a style in free time plays.
    pub beats: TickMap,
    /// Ticks of seconds, even while a style on the beat plays.
    pub seconds: TickMap,
}

/// How far the block has been walked.
#[derive(Debug, Clone, Copy)]
pub struct Now<'a> {
    /// The block.
    pub block: &'a Block,
    /// Ticks against its frames.
    pub maps: TickMaps,
    /// The position of its first frame.
    pub start: FramePosition,
    /// Frames a second.
    pub sample_rate: f64,
    /// How long before its sound a note is decided, in frames.
    pub look_ahead: i64,
    /// The present frame; offsets never go back.
    pub frame: u32,
}

impl<'a> Now<'a> {
    /// The parameters in this block.
    pub fn settings(&self) -> &'a Settings {
        &self.block.settings
    }

    /// The present frame, for messages to the host.
    pub fn at(&self) -> FrameOffset {
        FrameOffset(self.frame)
    }

    /// The present frame, for calculations.
    pub fn offset(&self) -> i64 {
        i64::from(self.frame)
    }

    /// The present frame, counted from the activation.
    pub fn position(&self) -> FramePosition {
        self.start.plus(self.offset())
    }

    /// Where a position lies, counted from the block's first frame.
    pub fn offset_of(&self, position: FramePosition) -> i64 {
        position.0.saturating_sub(self.start.0)
    }

    /// The first tick of the style that falls on this frame or later, when every tick is moved by `lag`.
    pub fn first_tick(&self, lag: f64) -> Ticks {
        self.maps.style.first_tick_from(self.offset(), lag)
    }

    /// The first tick that can still be decided in time.
    pub fn first_free_tick(&self, lag: f64) -> Ticks {
        self.maps.style.first_tick_from(self.soonest(), lag)
    }

    /// The first frame for which a note can still be decided in time.
    pub fn soonest(&self) -> i64 {
        self.offset() + self.look_ahead
    }

    /// A tick of beats as the style that plays counts it.
    pub fn in_style(&self, tick: Ticks) -> f64 {
        let TickMaps { style, beats, .. } = &self.maps;
        if self.settings().style.free_time { style.moment_of(beats.offset_of(tick.as_f64())) } else { tick.as_f64() }
    }

    /// An offset as a frame of this block; `None` if it lies behind the block. Overdue offsets become the present
    /// frame.
    pub fn within(&self, offset: i64) -> Option<u32> {
        let offset = u32::try_from(offset.max(self.offset())).ok()?;
        (offset < self.block.frames).then_some(offset)
    }

    /// Milliseconds in frames, to the nearest.
    pub fn frames_in_ms(&self, milliseconds: f32) -> i64 {
        frames_in_ms(milliseconds, self.sample_rate)
    }
}

/// Milliseconds in frames, to the nearest.
pub fn frames_in_ms(milliseconds: f32, sample_rate: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a few seconds; `as` saturates")]
    let frames = (f64::from(milliseconds) * sample_rate / 1000.0).round() as i64;
    frames.max(0)
}
