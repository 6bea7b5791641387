//! Ticks and frames: the clock, the tempo, and swing.

pub mod clock;
pub mod swing;
pub mod tempo;
