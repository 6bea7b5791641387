//! What is heard of the built-in sound, and what the instance has counted of its own troubles.

use super::{Rule, Watch};
use crate::random_host::board::Knob;
use crate::random_host::play::Take;
use crate::random_host::sequence::Act;
use crate::timeline::Frame;
use crate::vitals::Vitals;

impl Watch<'_> {
    pub(super) fn take_stock(&mut self, act: &Act, take: &Take) {
        let Some(vitals) = take.vitals else { return };
        let before = std::mem::replace(&mut self.counted, vitals);
        let counts = Vitals {
            late: vitals.late - before.late,
            dropped: vitals.dropped - before.dropped,
            refused: vitals.refused - before.refused,
            unheard: vitals.unheard - before.unheard,
            time_outs: vitals.time_outs - before.time_outs,
            waits: vitals.waits - before.waits,
            panics: vitals.panics - before.panics,
        };
        if counts.panics > 0 {
            self.say(act.length, Rule::Panicked);
        }
        let Vitals { late, dropped, unheard, time_outs, .. } = counts;
        let refused = if act.is_all_ears() { counts.refused } else { 0 };
        if self.is_waited_for(act) && late + dropped + unheard + time_outs + refused > 0 {
            self.say(act.length, Rule::Lost { counts });
        }
    }

    pub(super) fn listen(&mut self, act: &Act, take: &Take) {
        let off = |knob| self.is_steadily(knob, 0.0);
        let silent = off(Knob::Sound) && off(Knob::Click) && off(Knob::Comping);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample rate")]
        let rate = act.timeline.sample_rate() as Frame;
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
