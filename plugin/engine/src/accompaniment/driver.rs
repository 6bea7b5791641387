//! Comping and click in the course of a block: when they begin and end, and what they ask of the mind's side.
//!
//! With a song they go with it, and end with it. Without one, the comping comes in with the player's next key and ends when
//! nobody has played for a while; the click goes on.

use crate::accompaniment::comping::{self, Due, Stretch};
use crate::host::Stage;
use crate::link::{Nerve, SharedChart};
use crate::performer::{Performer, Scene};
use crate::time::clock::{Flow, Position, float};
use crate::turns::turn::beat_at_or_after;
use segue_model::note::Ticks;

impl Performer {
    /// What a new block means for those who accompany.
    pub(crate) fn accompany(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, flow: Flow) {
        if flow == Flow::Broken {
            self.comping.stop(scene.at(), scene.stage, &mut self.ledger);
            self.click.forget();
        }
        if comping::is_wanted(&scene.block.settings) {
            if self.clock.follows_host() || self.comping.plays() {
                self.comping_begins(scene);
            }
        } else if self.comping.plays() {
            self.comping.stop(scene.at(), scene.stage, &mut self.ledger);
        }
    }

    /// The player begins: without a song that is where the comping comes in.
    pub(crate) fn accompany_from_here<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        if comping::is_wanted(&scene.block.settings) && !self.comping.plays() {
            self.comping_begins(scene);
        }
    }

    /// Where bars have moved it begins anew by the new ones; else it goes on.
    pub(crate) fn comping_begins<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        let from = self.swung(scene.beats, &scene.block.settings).first_tick_from(scene.cursor(), 0.0);
        self.comping.play(from, scene.position(), self.clock.bars());
    }

    /// When the comping ends because nobody plays; only without a song.
    pub(crate) fn comping_ends(&self) -> Option<Position> {
        let since = self.quiet_since.filter(|_| self.comping.plays() && !self.clock.follows_host())?;
        Some(since.plus(self.silence_frames()))
    }

    pub(crate) fn comp(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, due: Due) {
        match due {
            Due::Off => self.comping.let_go(scene.at(), scene.stage, &mut self.ledger),
            Due::On => {
                let channel = scene.block.settings.comping_channel;
                if !self.comping.strike(channel, scene.at(), scene.stage, &mut self.ledger) {
                    self.vitals.refused.add_one();
                }
            }
            Due::LookUp(from) => self.look_up_chord(scene, from),
        }
    }

    fn look_up_chord(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, from: Ticks) {
        if self.comping.awaits_chart() && !self.wait_for_chart(scene) {
            self.vitals.time_outs.add_one();
            self.comping.lose();
            return;
        }
        if let Some(stretch) = self.comping.look_up(from, self.clock.form()) {
            self.prepare_chord(scene, stretch);
        }
    }

    /// A rendering waits for the chart that is under way. False when it does not come.
    fn wait_for_chart(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) -> bool {
        self.say_unsaid(scene);
        while scene.nerve.awaits_chart() {
            let Some(chart) = scene.nerve.wait_for_chart_offline() else { return false };
            self.play_chart(scene, chart);
        }
        self.comping.set_awaits_chart(self.unsaid.changes_chart());
        !self.comping.awaits_chart()
    }

    /// Takes the charts that have come.
    pub(crate) fn take_charts(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        while let Some(chart) = scene.nerve.take_chart() {
            self.play_chart(scene, chart);
        }
        self.comping.set_awaits_chart(self.unsaid.changes_chart() || scene.nerve.awaits_chart());
    }

    fn play_chart<S>(&mut self, scene: &mut Scene<'_, S, impl Nerve>, chart: SharedChart) {
        if let Some(before) = self.comping.replace_chart(chart) {
            scene.nerve.give_back(before);
        }
    }

    /// A chord is known. One that comes a little late is struck at once; later, it comes in on the next beat, because
    /// between the beats it would only disturb.
    fn prepare_chord<S, N>(&mut self, scene: &Scene<'_, S, N>, stretch: Stretch) {
        let beats = self.swung(scene.beats, &scene.block.settings);
        let late = scene.cursor() - beats.offset_of(float(stretch.from));
        let begin = if late <= self.look_ahead(scene) {
            stretch.from
        } else {
            beat_at_or_after(beats.first_tick_from(scene.cursor(), 0.0), self.clock.bars())
        };
        if !self.comping.prepare(stretch, begin) && stretch.chord.is_some() {
            self.vitals.dropped.add_one();
        }
    }
}
