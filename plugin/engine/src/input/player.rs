//! What the player does: keys, pedals and controllers, heard, passed on and followed to their ends.

use crate::accompaniment::metronome as click;
use crate::host::{Audible, ChannelMessage, Harmony, HostEvent, Key, KeyPattern, Message, Sent, Stage, TempoFrom, Who};
use crate::input::held_notes::{CHANNELS, Held, Part};
use crate::link::{Nerve, ToMind};
use crate::output::active_notes::{Struck, Token};
use crate::output::thru;
use crate::performer::{Performer, RESERVE, Scene};
use crate::time::clock::{Position, float, sane};
use crate::time::swing::Groove;
use crate::time::tempo::{Beat, Reading};
use crate::turns::turn::Cue;
use segue_model::improviser::HeardKey;
use segue_model::note::{Bars, Ticks, Velocity};

/// Without a song, the first note after this much silence is the first beat of a bar.
const SILENCE_MS: f32 = 2_000.0;
/// Keys struck within this time are one chord.
pub(crate) const CHORD_MS: f32 = 30.0;
/// MIDI controllers that mean something here.
pub const SUSTAIN: u8 = 64;
pub const ALL_SOUND_OFF: u8 = 120;
pub const RESET_CONTROLLERS: u8 = 121;
/// From here to the last: the messages that change the mode let go of all notes too.
pub const ALL_NOTES_OFF: u8 = 123;
/// From here on a pedal is down.
pub const PEDAL_DOWN: f32 = 0.5;

impl Performer {
    pub(crate) fn hear(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, event: HostEvent) {
        let key_is_down = match event {
            HostEvent::Press { key, .. } => self.keys.is_down(key),
            HostEvent::Release { keys, .. } => self.keys.any_match(keys),
            HostEvent::Control(_) | HostEvent::Shape { .. } => false,
        };
        let settings = &scene.block.settings;
        // What comes back on a channel that is not heard tells of a loop all the same.
        if self.ledger.has_returned(scene.at(), &event, key_is_down) {
            return;
        }
        if !thru::is_heard(settings, &event) {
            // Struck again, a key that is down was let go, and the release that comes may have the new stroke's name.
            if let HostEvent::Press { key, .. } = event {
                self.lift(scene, Key { voice: None, ..key }.into(), 0.0);
            }
            return;
        }
        match event {
            HostEvent::Press { key, velocity } => self.press(scene, key, velocity),
            HostEvent::Release { keys, velocity } => self.lift(scene, keys, velocity),
            HostEvent::Control(message) => self.control(scene, message),
            HostEvent::Shape { keys, shape } => {
                if settings.thru && self.keys.any_passed(keys) {
                    let sent = self.ledger.pass(scene.stage, scene.at(), Message::Shape { keys, shape });
                    self.count_refused(sent);
                }
            }
        }
    }

    fn press(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, key: Key, velocity: f32) {
        // The same key struck again without a release: some keyboards and hosts do that, each stroke with a name of its
        // own.
        self.lift_all(scene, Key { voice: None, ..key }.into(), 0.0);
        while let Some(held) = self.keys.damp(key) {
            self.over(scene, &held);
        }
        let part = crate::input::chord_detector::part_of(&scene.block.settings, key);
        self.begin_bar_after_silence(scene);
        self.follow_phrase(scene);
        self.meet_player(scene);
        self.accompany_from_here(scene);
        let onset = scene.span.heard_tick(scene.cursor(), self.strokes.last().copied()).max(self.last_onset);
        if part == Part::Melody {
            self.note_stroke(scene, onset);
            self.row.strike(scene.position(), self.sample_rate);
            self.cue(scene, Cue::KeyDown(onset));
        }
        let id = if part == Part::Melody { self.tell_heard(scene, key, velocity, onset) } else { None };
        scene
            .stage
            .sound(scene.at(), Audible::Strike { who: Who::Player, channel: key.channel, pitch: key.pitch, velocity });
        let token = if scene.block.settings.thru { self.pass_on(scene, key, velocity) } else { None };
        let held = Held { key, onset, id, token, part, struck: scene.position(), down: true, drone: false };
        let pedalled = self.keys.pedalled();
        let is_followed = self.keys.press(held);
        if self.keys.pedalled() != pedalled {
            // A channel with keys is no master channel.
            self.follow_pedals(scene);
        }
        if !is_followed {
            // Nobody will follow this note to its end, so it ends here.
            scene.stage.sound(scene.at(), Audible::Damp { who: Who::Player, channel: key.channel, pitch: key.pitch });
            if let Some(token) = token {
                self.ledger.end(scene.stage, scene.at(), token);
            }
        }
        self.ear.finger_down(&held, &scene.block.settings);
        self.quiet_since = None;
    }

    fn pass_on(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, key: Key, velocity: f32) -> Option<Token> {
        match self.ledger.strike(scene.stage, scene.at(), key, velocity, Who::Player) {
            Struck::Sounds(token) => Some(token),
            Struck::NobodyListens | Struck::IsAnothers => None,
            Struck::Refused => {
                self.vitals.refused.add_one();
                None
            }
        }
    }

    fn lift(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, keys: KeyPattern, velocity: f32) {
        let was_playing = self.keys.any_playing();
        self.lift_all(scene, keys, velocity);
        if was_playing && !self.keys.any_playing() {
            self.row.let_go(scene.position());
            self.keys_are_up(scene);
        }
    }

    fn lift_all(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, keys: KeyPattern, velocity: f32) {
        if self.keys.any_match(keys) {
            // A chord that is struck short was a chord all the same.
            self.hear_chord(scene);
        }
        while let Some((held, over)) = self.keys.lift(keys) {
            self.sharing.player_is_there();
            if let Some(token) = held.token {
                self.ledger.release(scene.stage, scene.at(), token, velocity);
            }
            scene.stage.sound(
                scene.at(),
                Audible::Damp { who: Who::Player, channel: held.key.channel, pitch: held.key.pitch },
            );
            let together = self.together(scene);
            self.keys.hold_drones(held.onset, together, scene.block.settings.drone_below);
            let held_for = scene.span.lifted_tick(scene.cursor()) - held.onset;
            if held.part == Part::Melody {
                self.gate.key_up(held.onset, scene.span.played_tick(scene.cursor()));
            }
            if over {
                self.over(scene, &held);
            } else {
                self.unsaid.lift(&held, held_for);
                self.say_unsaid(scene);
            }
        }
        self.note_silence(scene);
    }

    /// Remembers when the player struck of late; a chord is one stroke.
    fn note_stroke<S, N>(&mut self, scene: &Scene<'_, S, N>, onset: Ticks) {
        let together = self.together(scene);
        if self.strokes.last().is_some_and(|last| onset - *last <= together) {
            return;
        }
        if self.strokes.is_full() {
            let _ = self.strokes.pop_at(0);
        }
        let _ = self.strokes.try_push(onset);
        self.gate.key_down(onset, scene.span.played_tick(scene.cursor()));
    }

    /// How long fingers may take to strike one chord.
    fn together<S, N>(&self, scene: &Scene<'_, S, N>) -> Ticks {
        scene.span.ticks_in_frames(f64::from(CHORD_MS) * self.sample_rate / 1000.0)
    }

    /// The fingers have come to rest on a chord, or leave it.
    pub(crate) fn hear_chord(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let bars = self.time().bars();
        if let Some((struck, heard)) = self.ear.hear(&self.keys, &scene.block.settings, bars) {
            self.heard_chord = Some((heard.chord, scene.beats.moment_of(struck.0.saturating_sub(scene.start.0))));
            self.unsaid.chord = Some(heard);
            self.say_unsaid(scene);
        }
    }

    /// A heard note has come to its end: the network is given its length.
    fn over(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, held: &Held) {
        self.unsaid.amend(held, scene.span.lifted_tick(scene.cursor()) - held.onset);
        self.say_unsaid(scene);
    }

    fn control(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, message: ChannelMessage) {
        if let ChannelMessage::Controller { channel, number, value } = message {
            let all_keys = KeyPattern { voice: None, channel: Some(channel), pitch: None };
            match number {
                SUSTAIN => self.move_pedal(scene, channel, value >= PEDAL_DOWN),
                RESET_CONTROLLERS => self.move_pedal(scene, channel, false),
                ALL_NOTES_OFF.. => self.lift(scene, all_keys, 0.0),
                ALL_SOUND_OFF => self.hush(scene, channel),
                _ => {}
            }
        }
        let settings = &scene.block.settings;
        let is_on = settings.thru && thru::hears(settings, message.channel());
        let sent = self.thru.pass(message, is_on, scene.at(), scene.stage, &mut self.ledger);
        self.count_refused(sent);
    }

    /// Everything is to be silent at once: the keys of this channel, and Segue.
    fn hush(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, channel: u8) {
        self.move_pedal(scene, channel, false);
        self.lift_all(scene, KeyPattern { voice: None, channel: Some(channel), pitch: None }, 0.0);
        if thru::hears(&scene.block.settings, channel) {
            self.cue(scene, Cue::Broken { keys_down: self.keys.any_playing() });
            self.comping.let_go(scene.at(), scene.stage, &mut self.ledger);
            scene.stage.sound(scene.at(), Audible::Hush);
        }
    }

    fn count_refused(&self, sent: Sent) {
        if sent == Sent::Refused {
            self.vitals.refused.add_one();
        }
    }

    fn move_pedal(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, channel: u8, down: bool) {
        self.keys.set_pedal(channel, down);
        self.follow_pedals(scene);
    }

    /// Ends what no pedal holds any more, here and in the built-in sound.
    fn follow_pedals(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        while let Some(held) = self.keys.let_go() {
            self.over(scene, &held);
        }
        let pedalled = self.keys.pedalled();
        for channel in 0..CHANNELS {
            let down = pedalled >> channel & 1 == 1;
            scene.stage.sound(scene.at(), Audible::Pedal { channel, down });
        }
    }

    /// Without a song, a player who begins after a silence begins a bar.
    pub(crate) fn begin_bar_after_silence<S, N>(&mut self, scene: &mut Scene<'_, S, N>) {
        if self.is_silent(scene.position()) && !self.clock.follows_host() {
            self.tempo.begin_phrase();
            let (offset, position) = (scene.cursor(), scene.position());
            if scene.block.settings.click {
                // The player plays to the click: it stays where it is, and the nearest beat is the first.
                let beat = click::nearest_beat(scene.beats.nearest_tick(offset), self.clock.bars());
                self.clock.begin_bar_on(beat);
            } else {
                scene.beats = self.clock.begin_bar(scene.beats, offset, position, scene.block.frames);
            }
            scene.span = if self.in_free_time {
                self.free_clock.begin_bar(scene.span, offset, position, scene.block.frames)
            } else {
                self.swung(scene.beats, &scene.block.settings)
            };
        }
    }

    /// Nobody has played for a while.
    pub(crate) fn is_silent(&self, at: Position) -> bool {
        self.quiet_since.is_some_and(|since| at.0.saturating_sub(since.0) >= self.silence_frames())
    }

    pub(crate) fn silence_frames(&self) -> i64 {
        self.frames_in_ms(SILENCE_MS)
    }

    /// Without a song, the tempo and the beat may be read from what the player plays.
    fn follow_phrase(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let transport = &scene.block.transport;
        // A host that plays and tells a tempo keeps it, also when it does not tell where in the song it is.
        let host_keeps_time = transport.playing && sane(transport.tempo_bpm).is_some();
        if scene.block.settings.tempo_from != TempoFrom::Phrase || self.clock.follows_host() || host_keeps_time {
            return;
        }
        let (offset, position) = (scene.cursor(), scene.position());
        let Bars { line, metre } = self.clock.bars();
        let place = (scene.beats.moment_of(offset) - float(line)) / float(Ticks::quarters(1));
        let swings = self.swung(scene.beats, &scene.block.settings).groove() != Groove::STRAIGHT;
        let beat = Beat { metre, swings };
        let reading = self.tempo.hear(position, self.sample_rate, beat, self.clock.tempo_bpm(), place);
        let Some(Reading { tempo_bpm, quarters }) = reading else { return };
        #[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and no phrase is that long")]
        let place = Ticks((quarters * float(Ticks::quarters(1))).round() as i64);
        scene.beats = self.clock.retime(scene.beats, offset, position, scene.block.frames, (tempo_bpm, place));
        if !self.in_free_time {
            scene.span = self.swung(scene.beats, &scene.block.settings);
        }
        if self.comping.plays() {
            self.comping_begins(scene);
        }
        self.deal_anew(scene);
    }

    pub(crate) fn note_silence<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        if !self.keys.any_down() && !self.schedule.is_sounding() && self.turn.part().is_none() {
            self.quiet_since.get_or_insert(scene.position());
        } else {
            self.quiet_since = None;
        }
    }

    fn tell_heard(
        &mut self,
        scene: &mut Scene<'_, impl Stage, impl Nerve>,
        key: Key,
        velocity: f32,
        onset: Ticks,
    ) -> Option<u32> {
        self.say_unsaid(scene);
        scene.make_room_offline();
        let id = self.next_id;
        let heard = HeardKey {
            id,
            onset,
            pitch: key.pitch,
            velocity: Velocity::nearest(velocity * 127.0),
            bars: Some(self.time().bars()),
            together: self.together(scene),
            form: self.time().form(),
            gate_percent: self.gate.percent(),
            memory: scene.block.settings.knobs.memory,
            seed: scene.block.settings.knobs.seed,
        };
        // A heard note leaves room for its ends, of the key and of the pedal, and never overtakes what should have been said before it.
        let room = scene.nerve.room() > 2 * self.keys.count() + RESERVE && self.unsaid.is_empty();
        let two_handed = scene.block.settings.harmony == Harmony::Played;
        let below = two_handed && self.keys.any_above(key.pitch, Part::Melody);
        let word = if below { ToMind::HeardBelow(heard) } else { ToMind::Heard(heard) };
        if !room || !scene.nerve.tell(word) {
            self.vitals.unheard.add_one();
            return None;
        }
        self.next_id = self.next_id.wrapping_add(1);
        self.last_onset = onset;
        Some(id)
    }
}
