//! A note on a beat that waits for the chord which the player strikes on that beat.

use super::Planner;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use segue_model::note::Ticks;

/// How long before it sounds a note is decided that waited for a chord. Live, blocks up to this length are not late.
const DECIDED_BEFORE_MS: f32 = 10.0;

/// For how long a beat is remembered on which a note has waited: longer than the longest look-ahead, and shorter than a
/// loop.
const SOON_MS: f32 = 150.0;

/// How long a note on a beat may wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeatWait {
    /// The beat, in ticks of the style.
    pub beat: Ticks,
    /// Its position.
    pub at: FramePosition,
    /// Notes on it begin at this position at the latest.
    pub until: FramePosition,
}

impl Planner {
    /// Notes on this beat wait.
    pub fn wait(&mut self, wait: BeatWait) {
        self.wait = Some(wait);
    }

    /// Whether notes with this onset wait, or have just waited. In a loop, the same beat comes again.
    pub fn has_waited(&self, onset: Ticks, now: &Now<'_>) -> bool {
        let is_past = |wait: BeatWait| now.position() > wait.until.plus(now.frames_in_ms(SOON_MS));
        self.wait.is_some_and(|wait| wait.beat == onset && !is_past(wait))
    }

    /// The chord is the same as before: notes wait no longer.
    pub fn stop_waiting(&mut self, now: &Now<'_>) {
        if let Some(wait) = &mut self.wait {
            wait.until = wait.until.min(now.position()).max(wait.at);
        }
    }

    /// The offset at which a note that is due at an offset begins: later, if it waits.
    pub fn begins_at(&self, onset: Ticks, due: i64, now: &Now<'_>) -> i64 {
        let wait = self.wait.filter(|wait| wait.beat == onset);
        wait.map_or(due, |wait| due.max(now.offset_of(wait.until)))
    }

    /// Another chord is struck on a beat: decides the notes from there on again, if none of them has begun.
    pub fn decide_beat_again(&mut self, wait: BeatWait, now: &Now<'_>) {
        if self.is_muted || now.position() > wait.until || self.schedule.has_begun_from(wait.beat) {
            return;
        }
        let decided = now.position().plus(now.frames_in_ms(DECIDED_BEFORE_MS));
        let until = decided.min(wait.until).max(now.position()).max(wait.at);
        self.wait = Some(BeatWait { until, ..wait });
        self.withdraw_beyond(wait.beat, wait.beat, now);
    }
}
