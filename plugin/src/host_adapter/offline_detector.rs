//! Whether audio is asked for faster than it could be listened to, for hosts that do not say that they render.
//!
//! Best effort: the first moments of a rendering pass as live. Hosts that compute up to 200 ms ahead, or half a second
//! in one go, are live.

use std::time::Duration;

/// How far back is looked.
const WINDOW: Duration = Duration::from_secs(2);
/// The window is kept in so many pieces, of this length.
const PIECES: usize = 16;
const PIECE: Duration = Duration::from_millis(125);
/// Live hosts ask ahead by some buffers; this much more audio than time is no live host.
const AHEAD: Duration = Duration::from_millis(750);

/// Compares the audio that was asked for with the wall clock, over the last two seconds.
#[derive(Debug, Default)]
pub struct OfflineDetector {
    /// Wall clock and audio at the beginning of each piece, in a ring.
    marks: [Option<(Duration, Duration)>; PIECES],
    newest: usize,
    audio: Duration,
}

impl OfflineDetector {
    /// Counts one block that is asked for at `wall`, on any clock that does not go back. True when it is being
    /// rendered.
    pub fn is_hurried(&mut self, wall: Duration, frames: u32, sample_rate: f64) -> bool {
        let newest = self.marks.get(self.newest).copied().flatten();
        if newest.is_none_or(|(since, _)| wall.saturating_sub(since) >= PIECE) {
            self.newest = (self.newest + 1) % PIECES;
            if let Some(mark) = self.marks.get_mut(self.newest) {
                *mark = Some((wall, self.audio));
            }
        }
        let oldest = self.marks.iter().flatten().filter(|(since, _)| wall.saturating_sub(*since) <= WINDOW).min();
        let hurried = oldest.is_some_and(|(since, audio)| {
            self.audio.saturating_sub(*audio) > wall.saturating_sub(*since).saturating_add(AHEAD)
        });
        self.audio += Duration::from_secs_f64(f64::from(frames) / sample_rate);
        hurried
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(blocks: u32, wall_per_block: Duration) -> bool {
        let mut detector = OfflineDetector::default();
        (0..blocks).map(|block| detector.is_hurried(wall_per_block * block, 480, 48_000.0)).last().unwrap()
    }

    /// A live host with jitter is taken as live, and a host that is faster than time as rendering.
    #[test]
    fn jitter_is_live_and_a_fast_host_renders() {
        let live = Duration::from_millis(10);
        assert!(!after(1_000, live));
        assert!(!after(1_000, live.mul_f64(0.9)), "a sound card's clock may differ, though not by this much");
        assert!(after(200, Duration::from_micros(200)));
        assert!(after(2_000, Duration::from_millis(3)));
    }

    /// Wall clock and audio of blocks of 10 ms: is any of them taken for one of a rendering?
    fn is_ever_hurried(mut walls: impl Iterator<Item = Duration>) -> bool {
        let mut detector = OfflineDetector::default();
        walls.any(|wall| detector.is_hurried(wall, 480, 48_000.0))
    }

    /// A host may compute 200 ms ahead of what is heard, and ask for half a second at once, again and again.
    #[test]
    fn anticipation_and_bursts_are_no_rendering() {
        let block = Duration::from_millis(10);
        let ahead = (0..2_000_u32).map(|number| (block * number).saturating_sub(Duration::from_millis(200)));
        assert!(!is_ever_hurried(ahead));
        let bursts = (0..2_000_u32).map(|number| block * (number / 50 * 50));
        assert!(!is_ever_hurried(bursts));
        let both = (0..2_000_u32).map(|number| (block * (number / 50 * 50)).saturating_sub(Duration::from_millis(200)));
        assert!(!is_ever_hurried(both));
    }

    #[test]
    fn after_a_rendering_live_is_live_again_within_the_window() {
        let mut detector = OfflineDetector::default();
        let mut wall = Duration::ZERO;
        for _ in 0..1_000 {
            wall += Duration::from_micros(100);
            let _ = detector.is_hurried(wall, 480, 48_000.0);
        }
        for _ in 0..250 {
            wall += Duration::from_millis(10);
            let _ = detector.is_hurried(wall, 480, 48_000.0);
        }
        assert!(!detector.is_hurried(wall, 480, 48_000.0));
    }
}
