//! A silent stand-in for the built-in electric piano.

pub use crate::realtime::host::Who;

#[derive(Debug)]
pub struct Sound;

impl Sound {
    pub fn new(_sample_rate: f32) -> Self {
        Self
    }
    pub fn note_on(&mut self, _who: Who, _pitch: u8, _velocity: u8) {}
    pub fn note_off(&mut self, _who: Who, _pitch: u8) {}
    pub fn set_levels(&mut self, _player: f32, _segue: f32) {}
    pub fn pedal(&mut self, _down: bool) {}
    pub fn silence(&mut self) {}
    pub fn render(&mut self, _left: &mut [f32], _right: &mut [f32]) {}
}
