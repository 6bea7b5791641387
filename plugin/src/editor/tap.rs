//! Writes a tapped tempo into *Tempo*, so that the window shows one tempo, and a preset keeps it.

use super::ui_context::UiContext;
use crate::params::SegueParams;
use nice_plug::prelude::Param;
use segue_engine::recorder::Present;
use std::time::{Duration, Instant};

/// The musician has stopped tapping by then. It is shorter than the pause before a phrase that could give another
/// tempo.
const RESTED: Duration = Duration::from_millis(900);
/// Tempos that differ by less look the same.
const SAME_BPM: f64 = 0.05;

/// The taps in the window that have not been written yet.
#[derive(Debug, Default)]
pub struct Taps {
    was_down: bool,
    count: u32,
    last: Option<Instant>,
}

impl Taps {
    /// Whether taps have not been written yet.
    pub fn is_tapping(&self) -> bool {
        self.last.is_some()
    }

    /// Looks at the switch. True once after at least two taps, when the musician has stopped.
    fn rested(&mut self, is_down: bool, now: Instant) -> bool {
        if is_down && !std::mem::replace(&mut self.was_down, is_down) {
            self.count += 1;
            self.last = Some(now);
        }
        self.was_down = is_down;
        if self.last.is_none_or(|last| now.duration_since(last) < RESTED) {
            return false;
        }
        self.last = None;
        std::mem::take(&mut self.count) >= 2
    }
}

/// Writes the tempo once the musician has stopped tapping.
pub fn write(cx: &mut UiContext<'_>, taps: &mut Taps, params: &SegueParams, present: Option<&Present>) {
    let has_rested = taps.rested(params.timing.tap.value(), Instant::now());
    if taps.last.is_some() {
        cx.ui.ctx().request_repaint_after(RESTED);
    }
    let Some(present) = present.filter(|_| has_rested) else { return };
    let snapshot = &present.snapshot;
    let tempo = &params.timing.tempo;
    if !snapshot.follows_host && (snapshot.tempo_bpm - f64::from(tempo.value())).abs() > SAME_BPM {
        #[expect(clippy::cast_possible_truncation, reason = "a tempo")]
        cx.set(tempo, tempo.preview_normalized(snapshot.tempo_bpm as f32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_taps_counts_once_when_it_is_over() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut taps = Taps::default();
        for tap in [0, 500, 1000] {
            assert!(
                !taps.rested(true, at(tap)) && !taps.rested(true, at(tap + 100)) && !taps.rested(false, at(tap + 250))
            );
        }
        assert!(!taps.rested(false, at(1800)));
        assert!(taps.rested(false, at(2000)));
        assert!(!taps.rested(false, at(2100)), "only once");
        assert!(!taps.rested(true, at(9000)) && !taps.rested(false, at(9900)), "a single tap gives no tempo");
    }
}
