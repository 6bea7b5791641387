//! The level of the built-in sound, and what the instance counted.

use super::{Checker, Rule};
use crate::random_host::param_map::Param;
use crate::random_host::play::Take;
use crate::random_host::sequence::Activation;
use crate::stats::Stats;
use crate::timeline::Frame;

impl Checker<'_> {
    pub(super) fn check_totals(&mut self, activation: &Activation, take: &Take) {
        let Some(stats) = take.stats else { return };
        let before = std::mem::replace(&mut self.counted, stats);
        let counts = Stats {
            late: stats.late - before.late,
            dropped: stats.dropped - before.dropped,
            refused: stats.refused - before.refused,
            unheard: stats.unheard - before.unheard,
            time_outs: stats.time_outs - before.time_outs,
            waits: stats.waits - before.waits,
            panics: stats.panics - before.panics,
        };
        if counts.panics > 0 {
            self.say(activation.length, Rule::Panicked);
        }
        let Stats { late, dropped, unheard, time_outs, .. } = counts;
        let refused = if activation.accepts_everything() { counts.refused } else { 0 };
        if self.is_waited_for(activation) && late + dropped + unheard + time_outs + refused > 0 {
            self.say(activation.length, Rule::Lost { counts });
        }
    }

    pub(super) fn listen(&mut self, activation: &Activation, take: &Take) {
        let off = |param| self.is_steadily(param, 0.0);
        let silent = off(Param::Sound) && off(Param::Click) && off(Param::Comping);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample rate")]
        let rate = activation.timeline.sample_rate() as Frame;
        for (second, heard) in (0..).zip(&take.sound) {
            let at = second * rate;
            if heard.broken > 0 {
                self.say(at, Rule::NoNumber);
            }
            if heard.peak >= 1.0 {
                self.say(at, Rule::TooLoud { peak: heard.peak });
            }
            if silent && heard.peak > 0.0 {
                self.say(at, Rule::SoundWhenOff { peak: heard.peak });
            }
        }
    }
}
