//! The accompaniment: comping and metronome. The only writer of both.
//!
//! With a song both start and stop with it. Without one, the comping starts with the player's next key and ends after a
//! silence, and the metronome goes on. Knows nothing of turns.

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
use comping::{ChordSpan, Comping, CompingStep};
use metronome::Metronome;
use segue_model::chord::Chord;
use segue_model::note::Ticks;

/// Comping and metronome.
#[derive(Debug, Default)]
pub struct Accompaniment {
    comping: Comping,
    metronome: Metronome,
}

impl Accompaniment {
    /// Stops both without a host at hand; the output keeps the pending note-offs.
    pub fn stop(&mut self) {
        self.comping.clear();
        self.metronome.forget();
    }

    /// Starts or stops the comping with a new block, as settings and transport require.
    pub fn enter(&mut self, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output, time: &Time, flow: Flow) {
        if flow == Flow::Discontinuity {
            self.comping.stop(now.at(), host, output);
            self.metronome.forget();
        }
        if comping::is_wanted(now.settings()) {
            if time.beats().follows_host() || self.comping.plays() {
                self.begin(now, time);
            }
        } else if self.comping.plays() {
            self.comping.stop(now.at(), host, output);
        }
    }

    /// A key of the player goes down: without a song the comping starts with it.
    pub fn meet_player(&mut self, now: &Now<'_>, time: &Time) {
        if comping::is_wanted(now.settings()) && !self.comping.plays() {
            self.begin(now, time);
        }
    }

    /// Restarts the comping by the new bars, because the beats have moved.
    pub fn follow_beats(&mut self, now: &Now<'_>, time: &Time) {
        if self.comping.plays() {
            self.begin(now, time);
        }
    }

    /// Starts the comping; if it plays already, it goes on unless the bars have moved.
    fn begin(&mut self, now: &Now<'_>, time: &Time) {
        let from = swung(now, time).first_tick_from(now.offset(), 0.0);
        self.comping.play(from, now.position(), time.beats().bars());
    }

    /// Stops the comping after a silence.
    pub fn fall_silent(&mut self, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        self.comping.stop(now.at(), host, output);
    }

    /// Ends the sounding chord of the comping.
    pub fn end_chord(&mut self, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        self.comping.end_chord(now.at(), host, output);
    }

    /// Whether the comping plays without a song, so that a silence stops it.
    pub fn depends_on_player(&self, time: &Time) -> bool {
        self.comping.plays() && !time.beats().follows_host()
    }

    /// The next step of the comping, and its offset.
    pub fn due(&self, now: &Now<'_>, time: &Time) -> Option<(i64, CompingStep)> {
        self.comping.due(&swung(now, time), now.start, now.block.offline)
    }

    /// The offset and the tick of the next click; `None` when the metronome is off.
    pub fn click_due(&self, now: &Now<'_>, time: &Time) -> Option<(i64, Ticks)> {
        now.settings()
            .accompaniment
            .click
            .then(|| self.metronome.due(&now.maps.beats, now.offset(), time.beats().bars()))
    }

    /// Plays the click that is due.
    pub fn click(&mut self, now: &Now<'_>, host: &mut impl HostIo, time: &Time) {
        if let Some((_, beat)) = self.click_due(now, time) {
            self.metronome.click(beat, time.beats().bars(), now.at(), host);
        }
    }

    /// Takes the step of the comping that is due.
    pub fn comp(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        output: &mut Output,
        time: &Time,
        stats: &Stats,
    ) {
        let now = ctx.now;
        match self.due(&now, time) {
            Some((_, CompingStep::Off)) => self.comping.end_chord(now.at(), ctx.host, output),
            Some((_, CompingStep::On)) => {
                let all_taken = self.comping.begin_chord(now.settings(), now.at(), ctx.host, output);
                stats.refused.add(u32::from(!all_taken));
            }
            Some((_, CompingStep::LookUp(from))) => {
                if self.comping.awaits_chart() && !self.wait_for_chart(ctx.port) {
                    stats.time_outs.add_one();
                    self.comping.skip_bar();
                } else if let Some(span) = self.comping.look_up(from, time.beats().form()) {
                    self.prepare(span, &now, time, stats);
                }
            }
            None => {}
        }
    }

    /// The chord of the chart at a tick. Offline it waits for a chart that is under way.
    pub fn chord_at(&mut self, at: Ticks, port: &mut impl WorkerPort, time: &Time, offline: bool) -> Option<Chord> {
        if offline && self.comping.awaits_chart() {
            self.wait_for_chart(port);
        }
        let clock = time.of_style();
        self.comping.chord_at(at - clock.form(), clock.bars().metre)
    }

    /// Offline, waits for the chart that is under way. False after a time-out.
    fn wait_for_chart(&mut self, port: &mut impl WorkerPort) -> bool {
        while port.awaits_chart() {
            let Some(chart) = port.wait_for_chart_offline() else { return false };
            self.play_chart(chart, port);
        }
        self.comping.set_awaits_chart(false);
        true
    }

    /// Takes the charts that have arrived. `changes_chart`: the outbox holds a command that will bring another one.
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

    /// Plans a chord. One that is late by no more than the look-ahead begins at once. A later one begins on the next
    /// beat, because a chord between the beats would disturb the music.
    fn prepare(&mut self, span: ChordSpan, now: &Now<'_>, time: &Time, stats: &Stats) {
        let beats = swung(now, time);
        let late = now.offset() - beats.offset_of(span.from.as_f64());
        let begin = if late <= now.look_ahead {
            span.from
        } else {
            beat_at_or_after(beats.first_tick_from(now.offset(), 0.0), time.beats().bars())
        };
        if !self.comping.prepare(span, begin) && span.chord.is_some() {
            stats.dropped.add_one();
        }
    }
}

/// The tick map of beats, with the present swing.
fn swung(now: &Now<'_>, time: &Time) -> TickMap {
    time.swung(now.maps.beats, now.settings())
}
