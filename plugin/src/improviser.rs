//! A stand-in for the mind of the model crate, of the same shape: it walks about near what it heard.

use segue_model::note::{Bars, Note, Pitch, Ticks, Velocity};
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knobs {
    pub temperature: f32,
    pub top_p: f32,
    pub seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    At(Ticks),
    NotBefore(Ticks),
}

#[derive(Debug, Clone, Copy)]
pub struct Ask {
    pub turn: u32,
    pub begin: Begin,
    pub bars: Option<Bars>,
    pub knobs: Knobs,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeardKey {
    pub id: u32,
    pub onset: Ticks,
    pub pitch: Pitch,
    pub velocity: Velocity,
    pub bars: Option<Bars>,
    pub together: Ticks,
}

#[derive(Debug)]
pub struct Mind;

#[derive(Debug)]
pub struct Improviser {
    _mind: Arc<Mind>,
    last: u8,
    turn: u32,
    index: u64,
}

impl Improviser {
    pub fn new(mind: Arc<Mind>) -> Self {
        Self { _mind: mind, last: 60, turn: 0, index: 0 }
    }

    pub fn hear(&mut self, key: HeardKey) {
        self.last = key.pitch.key();
    }

    pub fn amend(&mut self, _id: u32, _duration: Ticks) {}

    pub fn decide(&mut self, ask: &Ask) -> Note {
        if ask.turn != self.turn {
            (self.turn, self.index) = (ask.turn, 0);
        }
        self.index += 1;
        let mut draw = ask.knobs.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(ask.turn) << 32 ^ self.index;
        for _ in 0..4 {
            draw ^= draw >> 29;
            draw = draw.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        }
        let reach = (ask.knobs.temperature * 6.0) as u64 + 1;
        let up = (draw % (2 * reach + 1)) as i64 - reach as i64;
        let pitch = (i64::from(self.last) + up).clamp(48, 84) as u8;
        self.last = pitch;
        let length = [12, 24, 24, 48][(draw >> 40) as usize % 4];
        let onset = match ask.begin {
            Begin::At(onset) => onset,
            Begin::NotBefore(onset) => onset + Ticks(length),
        };
        Note {
            onset,
            pitch: Pitch::new(pitch).unwrap_or(Pitch::MAX),
            duration: Ticks(length),
            velocity: Velocity::DEFAULT,
        }
    }

    pub fn take_back(&mut self, _from: Ticks) {}

    pub fn reset(&mut self) {
        (self.last, self.turn, self.index) = (60, 0, 0);
    }
}
