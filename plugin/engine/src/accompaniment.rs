//! Who accompanies: the comping and the click. The only writer of both.
//!
//! With a song they go with it, and end with it. Without one, the comping comes in with the player's next key and ends when
//! nobody has played for a while; the click goes on. Knows nothing of turns.

pub mod comping;
pub mod metronome;

use crate::block::BlockContext;
use crate::host::HostIo;
use crate::link::{SharedChart, WorkerPort};
use crate::output::Output;
use crate::stats::Stats;
use crate::time::Time;
use crate::time::beat_grid::beat_at_or_after;
use crate::time::clock::Flow;
use crate::time::now::Now;
use crate::time::tick_map::TickMap;
use comping::{ChordSpan, Comping, Due};
use metronome::Metronome;
use segue_model::note::Ticks;

/// See the module.
#[derive(Debug, Default)]
pub struct Accompaniment {
    comping: Comping,
    click: Metronome,
}

impl Accompaniment {
    /// Everything is over; there is no host to tell.
    pub fn stop(&mut self) {
        self.comping.clear();
        self.click.forget();
    }

    /// What a new block means for those who accompany.
    pub fn enter(&mut self, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output, time: &Time, flow: Flow) {
        if flow == Flow::Discontinuity {
            self.comping.stop(now.at(), host, output);
            self.click.forget();
        }
        if comping::is_wanted(now.settings()) {
            if time.beats().follows_host() || self.comping.plays() {
                self.begin(now, time);
            }
        } else if self.comping.plays() {
            self.comping.stop(now.at(), host, output);
        }
    }

    /// The player begins: without a song that is where the comping comes in.
    pub fn meet_player(&mut self, now: &Now<'_>, time: &Time) {
        if comping::is_wanted(now.settings()) && !self.comping.plays() {
            self.begin(now, time);
        }
    }

    /// Beats have moved under the comping.
    pub fn follow_beats(&mut self, now: &Now<'_>, time: &Time) {
        if self.comping.plays() {
            self.begin(now, time);
        }
    }

    /// Where bars have moved it begins again by the new ones; else it goes on.
    fn begin(&mut self, now: &Now<'_>, time: &Time) {
        let from = swung(now, time).first_tick_from(now.offset(), 0.0);
        self.comping.play(from, now.position(), time.beats().bars());
    }

    /// The comping ends because nobody plays any more.
    pub fn fall_silent(&mut self, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        self.comping.stop(now.at(), host, output);
    }

    /// Takes the comping's hand off the keys.
    pub fn let_go(&mut self, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        self.comping.let_go(now.at(), host, output);
    }

    /// Whether the comping plays and nobody but the player keeps it going.
    pub fn depends_on_player(&self, time: &Time) -> bool {
        self.comping.plays() && !time.beats().follows_host()
    }

    /// What the comping does next, and at which offset.
    pub fn due(&self, now: &Now<'_>, time: &Time) -> Option<(i64, Due)> {
        self.comping.due(&swung(now, time), now.start, now.block.offline)
    }

    /// At which offset the next click falls, if it is on.
    pub fn click_due(&self, now: &Now<'_>, time: &Time) -> Option<(i64, Ticks)> {
        now.settings().click.then(|| self.click.due(&now.maps.beats, now.offset(), time.beats().bars()))
    }

    /// Clicks.
    pub fn click(&mut self, now: &Now<'_>, host: &mut impl HostIo, time: &Time) {
        if let Some((_, beat)) = self.click_due(now, time) {
            self.click.strike(beat, time.beats().bars(), now.at(), host);
        }
    }

    /// Does what the comping is due to do.
    pub fn comp(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        output: &mut Output,
        time: &Time,
        stats: &Stats,
    ) {
        let now = ctx.now;
        match self.due(&now, time) {
            Some((_, Due::Off)) => self.comping.let_go(now.at(), ctx.host, output),
            Some((_, Due::On)) => {
                let all_taken = self.comping.strike(now.settings().comping_channel, now.at(), ctx.host, output);
                stats.refused.add(u32::from(!all_taken));
            }
            Some((_, Due::LookUp(from))) => {
                if self.comping.awaits_chart() && !self.wait_for_chart(ctx.port) {
                    stats.time_outs.add_one();
                    self.comping.lose();
                } else if let Some(stretch) = self.comping.look_up(from, time.beats().form()) {
                    self.prepare(stretch, &now, time, stats);
                }
            }
            None => {}
        }
    }

    /// A rendering waits for the chart that is under way. False when it does not come.
    fn wait_for_chart(&mut self, port: &mut impl WorkerPort) -> bool {
        while port.awaits_chart() {
            let Some(chart) = port.wait_for_chart_offline() else { return false };
            self.play_chart(chart, port);
        }
        self.comping.set_awaits_chart(false);
        true
    }

    /// Takes the charts that have come. `changes_chart` says that the worker is still to be told of a change.
    pub fn take_charts(&mut self, port: &mut impl WorkerPort, changes_chart: bool) {
        while let Some(chart) = port.take_chart() {
            self.play_chart(chart, port);
        }
        self.comping.set_awaits_chart(changes_chart || port.awaits_chart());
    }

    fn play_chart(&mut self, chart: SharedChart, port: &mut impl WorkerPort) {
        if let Some(before) = self.comping.replace_chart(chart) {
            port.give_back(before);
        }
    }

    /// A chord is known. One that comes a little late is struck at once; later, it comes in on the next beat, because
    /// between the beats it would only disturb.
    fn prepare(&mut self, stretch: ChordSpan, now: &Now<'_>, time: &Time, stats: &Stats) {
        let beats = swung(now, time);
        let late = now.offset() - beats.offset_of(stretch.from.as_f64());
        let begin = if late <= now.look_ahead {
            stretch.from
        } else {
            beat_at_or_after(beats.first_tick_from(now.offset(), 0.0), time.beats().bars())
        };
        if !self.comping.prepare(stretch, begin) && stretch.chord.is_some() {
            stats.dropped.add_one();
        }
    }
}

/// Beats as they are divided now.
fn swung(now: &Now<'_>, time: &Time) -> TickMap {
    time.swung(now.maps.beats, now.settings())
}
