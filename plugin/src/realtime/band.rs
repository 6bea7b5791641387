//! Comping and click in the course of a block: when they begin and end, and what they ask of the mind's side.
//!
//! With a song they go with it, and end with it. Without one, the comping comes in with the player's next key and ends when
//! nobody has played for a while; the click goes on.

use super::clock::{Flow, Position, float};
use super::comping::{self, Due, Stretch};
use super::host::Stage;
use super::{Performer, Scene};
use crate::link::{Nerve, ToMind};

impl Performer {
    /// What a new block means for those who accompany.
    pub(super) fn accompany(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, flow: Flow) {
        if flow == Flow::Broken {
            self.comping.stop(scene.at(), scene.stage, &mut self.ledger);
            self.click.forget();
        }
        if !comping::is_wanted(&scene.block.settings) {
            if self.comping.plays() {
                self.comping.stop(scene.at(), scene.stage, &mut self.ledger);
            }
        } else if self.clock.follows_host() || self.comping.plays() {
            self.comping_begins(scene);
        }
    }

    /// The player begins: without a song that is where the comping comes in.
    pub(super) fn accompany_from_here<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        if comping::is_wanted(&scene.block.settings) && !self.comping.plays() {
            self.comping_begins(scene);
        }
    }

    fn comping_begins<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        let from = self.swung(scene.beats, &scene.block.settings).first_tick_from(scene.cursor(), 0.0);
        self.comping.play(from, scene.position(), self.clock.bars());
    }

    /// When the comping ends because nobody plays; only without a song.
    pub(super) fn comping_ends(&self) -> Option<Position> {
        let since = self.quiet_since.filter(|_| self.comping.plays() && !self.clock.follows_host())?;
        Some(since.plus(self.silence_frames()))
    }

    pub(super) fn comp(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, due: Due) {
        match due {
            Due::Off => self.comping.let_go(scene.at(), scene.stage, &mut self.ledger),
            Due::On => {
                let channel = scene.block.settings.comping_channel;
                if !self.comping.strike(channel, scene.at(), scene.stage, &mut self.ledger) {
                    self.vitals.refused.add_one();
                }
            }
            Due::Ask(from) => {
                let Some(wish) = self.comping.ask(from, self.clock.form()) else { return };
                self.say_unsaid(scene);
                scene.make_room_offline();
                if !scene.nerve.tell(ToMind::ChordWish(wish)) {
                    self.vitals.dropped.add_one();
                    self.comping.lose();
                    return;
                }
                while scene.block.offline && self.comping.is_asked() {
                    let Some(reply) = scene.nerve.wait_offline() else {
                        self.vitals.time_outs.add_one();
                        return;
                    };
                    self.take(scene, reply);
                }
            }
        }
    }

    pub(super) fn take_chord<S, N>(&mut self, scene: &Scene<'_, S, N>, generation: u32, stretch: Stretch) {
        let beats = self.swung(scene.beats, &scene.block.settings);
        let late = scene.cursor() - beats.offset_of(float(stretch.from));
        if !self.comping.take(generation, stretch, late, self.look_ahead(scene)) {
            self.vitals.dropped.add_one();
        }
    }
}
