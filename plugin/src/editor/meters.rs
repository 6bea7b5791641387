//! How loud each part of the built-in sound is, beside its fader.

use segue_engine::stats::Peaks;
use std::time::Instant;

/// The bottom of a meter, in decibels.
const BOTTOM_DB: f32 = -48.0;
/// How fast a meter falls, in decibels per second.
const FALL_DB: f32 = 30.0;

/// What the meters show: of the player, Segue and the comping.
#[derive(Debug)]
pub struct Meters {
    decibels: [f32; Peaks::PARTS],
    read: Option<Instant>,
}

impl Default for Meters {
    fn default() -> Self {
        Self { decibels: [BOTTOM_DB; Peaks::PARTS], read: None }
    }
}

impl Meters {
    /// Reads the peaks since the last frame. True while a meter moves.
    pub fn read(&mut self, peaks: &Peaks) -> bool {
        let now = Instant::now();
        let seconds = self.read.replace(now).map_or(0.0, |before| now.duration_since(before).as_secs_f32());
        for (shown, peak) in self.decibels.iter_mut().zip(peaks.take()) {
            let decibels = 20.0 * peak.max(f32::MIN_POSITIVE).log10();
            *shown = decibels.max(*shown - FALL_DB * seconds).clamp(BOTTOM_DB, 0.0);
        }
        self.decibels.iter().any(|shown| *shown > BOTTOM_DB)
    }

    /// How much of each meter is lit, from 0 to 1.
    pub fn lit(&self) -> [f32; Peaks::PARTS] {
        self.decibels.map(|shown| 1.0 - shown / BOTTOM_DB)
    }
}
