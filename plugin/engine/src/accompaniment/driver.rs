//! Comping and click in the course of a block: when they begin and end, and what they ask of the mind's side.
//!
//! With a song they go with it, and end with it. Without one, the comping comes in with the player's next key and ends when
//! nobody has played for a while; the click goes on.

use crate::accompaniment::comping::{self, Due, Outlook, Stretch};
use crate::host::Stage;
use crate::link::{ChordWish, Nerve, ToMind};
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
            self.foresee(scene);
        } else if self.comping.plays() {
            self.comping.stop(scene.at(), scene.stage, &mut self.ledger);
        }
    }

    /// Asks for what may have to be struck without warning: where the player may begin, where the song stands, and where
    /// its loop begins; and when all that is known, for the rest of the chart.
    fn foresee(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let transport = &scene.block.transport;
        let stands = transport.beats.filter(|_| !transport.playing);
        let in_song = self.clock.follows_host();
        let again = transport.loop_beats.map(|(begin, _)| begin);
        let outlook = Outlook { stands, again, metre: self.clock.bars().metre, in_song };
        if !self.comping.is_news(outlook) {
            return;
        }
        let player = (!in_song).then_some((Ticks::ZERO, outlook.metre));
        let [song, again] = [stands, outlook.again].map(|beats| self.clock.place_of_start(transport, beats?));
        let mut places = [player, song, again].into_iter().flatten();
        let needed = places.find_map(|(place, metre)| Some((self.comping.unforeseen(place, metre)?, metre)));
        match needed.or_else(|| Some((self.comping.untold(outlook.metre)?, outlook.metre))) {
            // When there is no room now, there will be.
            Some((place, metre)) => drop(self.ask_chart(scene, ChordWish { place, metre }, None)),
            None => self.comping.foreseen(outlook),
        }
    }

    /// Asks what the chart says; for the present plan when it is told where the chart begins. False when there is no room.
    fn ask_chart(
        &mut self,
        scene: &mut Scene<'_, impl Stage, impl Nerve>,
        wish: ChordWish,
        form: Option<Ticks>,
    ) -> bool {
        self.say_unsaid(scene);
        scene.make_room_offline();
        let told = scene.nerve.tell(ToMind::ChordWish(wish));
        if told {
            self.comping.asked(wish.metre, form);
        }
        told
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
            Due::Ask(from) => self.look_up_chord(scene, from),
        }
    }

    fn look_up_chord(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, from: Ticks) {
        let form = self.clock.form();
        if let Some(stretch) = self.comping.recalled(from, form) {
            self.prepare_chord(scene, stretch);
            return;
        }
        let Some(metre) = self.comping.metre() else { return };
        if !self.ask_chart(scene, ChordWish { place: from - form, metre }, Some(form)) {
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

    pub(crate) fn take_chord<S, N>(&mut self, scene: &Scene<'_, S, N>, told: Stretch, round: Option<Ticks>) {
        if let Some(stretch) = self.comping.answered(told, round) {
            self.prepare_chord(scene, stretch);
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
