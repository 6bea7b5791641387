//! The comping and the click.

pub mod chart_cache;
pub mod comping;
pub mod driver;
pub mod metronome;
