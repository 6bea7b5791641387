//! What the player does, event by event, and whom it concerns.

use super::Performer;
use crate::block::BlockContext;
use crate::host::{ChannelMessage, Harmony, HostEvent, HostIo, Key, KeyPattern, Message, NoteSource, Sent, SynthEvent};
use crate::input::held_notes::{CHANNELS, HeldNote, Part};
use crate::input::{Lifted, Player};
use crate::link::{Command, WorkerPort};
use crate::output::active_notes::{NoteOnResult, NoteToken};
use crate::output::thru::{self, ALL_NOTES_OFF, ALL_SOUND_OFF, PEDAL_DOWN, RESET_CONTROLLERS, SUSTAIN};
use crate::turns::{Situation, TurnInput};
use segue_model::note::Ticks;

impl Performer {
    pub(super) fn hear(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, event: HostEvent) {
        let held = self.player.held();
        let key_is_down = match event {
            HostEvent::NoteOn { key, .. } => held.is_down(key),
            HostEvent::NoteOff { keys, .. } => held.any_match(keys),
            HostEvent::Control(_) | HostEvent::Shape { .. } => false,
        };
        // What comes back on a channel that is not heard tells of a loop all the same.
        if self.output.is_feedback(ctx.now.at(), &event, key_is_down) {
            return;
        }
        if !thru::is_heard(ctx.now.settings(), &event) {
            // Struck again, a key that is down was let go, and the release that comes may have the new note's name.
            if let HostEvent::NoteOn { key, .. } = event {
                self.lift(ctx, Key { voice: None, ..key }.into(), 0.0);
            }
            return;
        }
        match event {
            HostEvent::NoteOn { key, velocity } => self.press(ctx, key, velocity),
            HostEvent::NoteOff { keys, velocity } => self.lift(ctx, keys, velocity),
            HostEvent::Control(message) => self.control(ctx, message),
            HostEvent::Shape { keys, shape } => {
                if ctx.now.settings().thru && self.player.held().any_passed(keys) {
                    let sent = self.output.pass(ctx.host, ctx.now.at(), Message::Shape { keys, shape });
                    self.count_refused(sent);
                }
            }
        }
    }

    fn press(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, key: Key, velocity: f32) {
        // The same key struck again without a release: some keyboards and hosts do that, each note with a name of its own.
        self.lift_all(ctx, Key { voice: None, ..key }.into(), 0.0);
        while let Some(held) = self.player.damp(key) {
            self.note_is_over(ctx, &held);
        }
        let part = Player::part_of(&ctx.now, key);
        self.follow_player(ctx);
        let onset = self.player.onset(&ctx.now);
        if part == Part::Melody {
            self.player.strike(onset, &ctx.now);
            self.take_turn(ctx, TurnInput::KeyDown(onset));
        }
        let id = if part == Part::Melody { self.tell_heard(ctx, key, velocity, onset) } else { None };
        let at = ctx.now.at();
        let Key { channel, pitch, .. } = key;
        ctx.host.play(at, SynthEvent::NoteOn { who: NoteSource::Player, channel, pitch, velocity });
        let token = if ctx.now.settings().thru { self.pass_on(ctx, key, velocity) } else { None };
        let held = HeldNote { key, onset, id, token, part, struck: ctx.now.position(), down: true, drone: false };
        let pedalled = self.player.held().pedalled();
        let is_followed = self.player.press(held, &ctx.now);
        if self.player.held().pedalled() != pedalled {
            // A channel with keys is no master channel.
            self.follow_pedals(ctx);
        }
        if !is_followed {
            // Nobody will follow this note to its end, so it ends here.
            ctx.host.play(at, SynthEvent::NoteOff { who: NoteSource::Player, channel, pitch });
            if let Some(token) = token {
                self.output.note_off(ctx.host, at, token);
            }
        }
        self.quiet_since = None;
    }

    /// What a key of the player's means for time, and for those who wait for the player.
    fn follow_player(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>) {
        if self.silence_at().is_some_and(|silence| ctx.now.position() >= silence) {
            self.time.begin_phrase(&mut ctx.now);
        }
        if self.time.follow_phrase(&mut ctx.now) {
            self.accompaniment.follow_beats(&ctx.now, &self.time);
            self.take_turn(ctx, TurnInput::BarsMoved);
        }
        let held = self.player.held();
        let (keys_play, keys_down) = (held.any_playing(), held.any_down());
        self.arbiter.meet_player(&Situation { now: &ctx.now, time: &self.time, keys_play, keys_down });
        self.accompaniment.meet_player(&ctx.now, &self.time);
    }

    fn pass_on(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        key: Key,
        velocity: f32,
    ) -> Option<NoteToken> {
        match self.output.note_on(ctx.host, ctx.now.at(), key, velocity, NoteSource::Player) {
            NoteOnResult::Sounds(token) => Some(token),
            NoteOnResult::NoOutput | NoteOnResult::KeyTaken => None,
            NoteOnResult::Refused => {
                self.stats.refused.add_one();
                None
            }
        }
    }

    /// Tells the worker of a key; the name that it knows it by, if it could be told.
    fn tell_heard(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        key: Key,
        velocity: f32,
        onset: Ticks,
    ) -> Option<u32> {
        let heard = self.player.heard_key(&ctx.now, &self.time, key, velocity, onset);
        let two_handed = ctx.now.settings().harmony == Harmony::Played;
        let below = two_handed && self.player.held().any_above(key.pitch, Part::Melody);
        let word = if below { Command::HeardBelow(heard) } else { Command::Heard(heard) };
        if !self.planner.tell_heard(ctx, word, self.player.held().count()) {
            self.stats.unheard.add_one();
            return None;
        }
        self.player.was_heard(onset);
        Some(heard.id)
    }

    fn lift(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, keys: KeyPattern, velocity: f32) {
        let was_playing = self.player.held().any_playing();
        self.lift_all(ctx, keys, velocity);
        if was_playing && !self.player.held().any_playing() {
            self.player.let_go(&ctx.now);
            let row_overdue = self.player.row_overdue(&ctx.now, &self.time);
            self.take_turn(ctx, TurnInput::KeysUp { row_overdue });
        }
    }

    fn lift_all(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, keys: KeyPattern, velocity: f32) {
        if self.player.held().any_match(keys) {
            // A chord that is struck short was a chord all the same.
            self.hear_chord(ctx);
        }
        while let Some(Lifted { held, is_over, held_for }) = self.player.lift(keys, &ctx.now) {
            self.arbiter.player_is_there();
            let at = ctx.now.at();
            if let Some(token) = held.token {
                self.output.note_off_with_velocity(ctx.host, at, token, velocity);
            }
            let Key { channel, pitch, .. } = held.key;
            ctx.host.play(at, SynthEvent::NoteOff { who: NoteSource::Player, channel, pitch });
            if is_over {
                self.note_is_over(ctx, &held);
            } else {
                self.planner.lift(&held, held_for);
                self.planner.send(ctx);
            }
        }
        self.note_silence(&ctx.now);
    }

    /// The fingers have come to rest on a chord, or leave it.
    pub(super) fn hear_chord(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>) {
        if let Some(chord) = self.player.hear_chord(&ctx.now, &self.time) {
            self.planner.tell_chord(chord);
            self.planner.send(ctx);
        }
    }

    /// A heard note has come to its end: the worker is given its length.
    fn note_is_over(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, held: &HeldNote) {
        let duration = ctx.now.maps.style.lifted_tick(ctx.now.offset()) - held.onset;
        self.planner.amend(held, duration);
        self.planner.send(ctx);
    }

    fn control(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, message: ChannelMessage) {
        if let ChannelMessage::Controller { channel, number, value } = message {
            let all_keys = KeyPattern { voice: None, channel: Some(channel), pitch: None };
            match number {
                SUSTAIN => self.move_pedal(ctx, channel, value >= PEDAL_DOWN),
                RESET_CONTROLLERS => self.move_pedal(ctx, channel, false),
                ALL_NOTES_OFF.. => self.lift(ctx, all_keys, 0.0),
                ALL_SOUND_OFF => self.all_sound_off(ctx, channel),
                _ => {}
            }
        }
        let settings = ctx.now.settings();
        let is_on = settings.thru && thru::hears(settings, message.channel());
        let sent = self.output.pass_control(ctx.host, ctx.now.at(), message, is_on);
        self.count_refused(sent);
    }

    /// Everything is to be silent at once: the keys of this channel, and Segue.
    fn all_sound_off(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, channel: u8) {
        self.move_pedal(ctx, channel, false);
        self.lift_all(ctx, KeyPattern { voice: None, channel: Some(channel), pitch: None }, 0.0);
        if thru::hears(ctx.now.settings(), channel) {
            self.take_turn(ctx, TurnInput::AllSoundOff);
            self.accompaniment.let_go(&ctx.now, ctx.host, &mut self.output);
            ctx.host.play(ctx.now.at(), SynthEvent::AllSoundOff);
        }
    }

    fn count_refused(&self, sent: Sent) {
        if sent == Sent::Refused {
            self.stats.refused.add_one();
        }
    }

    fn move_pedal(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, channel: u8, down: bool) {
        self.player.set_pedal(channel, down);
        self.follow_pedals(ctx);
    }

    /// Ends what no pedal holds any more, here and in the built-in sound.
    fn follow_pedals(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>) {
        while let Some(held) = self.player.next_unpedalled() {
            self.note_is_over(ctx, &held);
        }
        let pedalled = self.player.held().pedalled();
        for channel in 0..CHANNELS {
            let down = pedalled >> channel & 1 == 1;
            ctx.host.play(ctx.now.at(), SynthEvent::Pedal { channel, down });
        }
    }
}
