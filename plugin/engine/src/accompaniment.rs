//! The comping and the click.

pub mod comping;
pub mod driver;
pub mod metronome;
