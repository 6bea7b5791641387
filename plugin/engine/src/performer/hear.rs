//! The events of the player: passes each to the parts that it concerns.

use super::Performer;
use crate::block::BlockContext;
use crate::host::{ChannelMessage, Harmony, HostEvent, HostIo, Key, KeyPattern, Message, NoteSource, Sent, SynthEvent};
use crate::input::Lifted;
use crate::input::held_notes::{CHANNELS, HeldNote, KeyRole};
use crate::link::{Command, WorkerPort};
use crate::output::active_notes::{NoteOnResult, NoteToken};
use crate::output::thru::{self, ALL_NOTES_OFF, ALL_SOUND_OFF, PEDAL_DOWN, RESET_CONTROLLERS, SUSTAIN};
use crate::plan::BeatWait;
use crate::time::beat_grid::nearest_beat;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use crate::turns::{Situation, TurnInput};
use segue_model::harmony::HarmonySource;
use segue_model::note::Ticks;

impl Performer {
    pub(super) fn hear(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, event: HostEvent) {
        let held = self.player.held();
        let key_is_down = match event {
            HostEvent::NoteOn { key, .. } => held.is_down(key),
            HostEvent::NoteOff { keys, .. } => held.any_match(keys),
            HostEvent::Control(_) | HostEvent::Shape { .. } => false,
        };
        // A note that returns on a channel that is not heard is evidence of a feedback loop all the same.
        if self.output.is_feedback(ctx.now.at(), &event, key_is_down) {
            return;
        }
        if !thru::is_heard(ctx.now.settings(), &event) {
            // A second note-on ends the held note of this key, because the next note-off may carry the new note's id.
            if let HostEvent::NoteOn { key, .. } = event {
                self.note_off(ctx, Key { voice: None, ..key }.into(), 0.0);
            }
            return;
        }
        match event {
            HostEvent::NoteOn { key, velocity } => self.note_on(ctx, key, velocity),
            HostEvent::NoteOff { keys, velocity } => self.note_off(ctx, keys, velocity),
            HostEvent::Control(message) => self.control(ctx, message),
            HostEvent::Shape { keys, shape } => {
                if ctx.now.settings().midi.thru && self.player.held().any_passed(keys) {
                    let sent = self.output.pass(ctx.host, ctx.now.at(), Message::Shape { keys, shape });
                    self.count_refused(sent);
                }
            }
        }
    }

    fn note_on(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, key: Key, velocity: f32) {
        // Some keyboards and hosts send a second note-on without a note-off, each with its own note id.
        self.release_keys(ctx, Key { voice: None, ..key }.into(), 0.0);
        while let Some(held) = self.player.end_pedalled(key) {
            self.end_heard(ctx, &held);
        }
        let role = self.player.role_of(&ctx.now, key);
        if role == KeyRole::Drums {
            return self.drum_on(ctx, key, velocity);
        }
        self.follow_player(ctx);
        let onset = self.player.onset(&ctx.now);
        if role == KeyRole::Melody {
            self.player.onset_played(onset, &ctx.now);
            self.take_turn(ctx, TurnInput::KeyDown(onset));
        }
        let id = if role == KeyRole::Melody { self.send_heard(ctx, key, velocity, onset) } else { None };
        let at = ctx.now.at();
        let Key { channel, pitch, .. } = key;
        ctx.host.play(at, SynthEvent::NoteOn { source: NoteSource::Player, channel, pitch, velocity });
        let token = if ctx.now.settings().midi.thru { self.pass_on(ctx, key, velocity) } else { None };
        let held = HeldNote { key, onset, id, token, role, down_at: ctx.now.position(), down: true, drone: false };
        let pedalled = self.player.held().pedalled();
        let is_followed = self.player.key_down(held, &ctx.now);
        if self.player.held().pedalled() != pedalled {
            // A channel on which keys are played is no MPE master channel.
            self.follow_pedals(ctx);
        }
        if !is_followed {
            // The list of held keys is full, so this note's end would be missed.
            ctx.host.play(at, SynthEvent::NoteOff { source: NoteSource::Player, channel, pitch });
            if let Some(token) = token {
                self.output.note_off(ctx.host, at, token);
            }
        }
        if let Some(chord) = self.player.break_chord(&ctx.now, &self.time, &held) {
            self.planner.send_chord(chord);
            self.planner.send(ctx);
        }
        self.quiet_since = None;
    }

    /// A drum is struck: it is passed through, and nothing of Segue hears it.
    fn drum_on(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, key: Key, velocity: f32) {
        let (onset, role, down_at) = (self.player.onset(&ctx.now), KeyRole::Drums, ctx.now.position());
        let token = if ctx.now.settings().midi.thru { self.pass_on(ctx, key, velocity) } else { None };
        let held = HeldNote { key, onset, id: None, token, role, down_at, down: true, drone: false };
        if !self.player.key_down(held, &ctx.now)
            && let Some(token) = token
        {
            self.output.note_off(ctx.host, ctx.now.at(), token);
        }
    }

    /// Adapts time, turn and accompaniment to a key that goes down.
    fn follow_player(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>) {
        if self.silence_at().is_some_and(|silence| ctx.now.position() >= silence) {
            self.time.begin_phrase(&mut ctx.now);
        }
        if self.time.follow_phrase(&mut ctx.now) {
            // The beat has moved, so ticks may be behind us that were still to come.
            self.planner.skip_to(ctx.now.first_tick(self.arbiter.lag()));
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

    /// Sends a key to the worker. Returns the id by which the worker knows it; `None` when it could not be sent.
    fn send_heard(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        key: Key,
        velocity: f32,
        onset: Ticks,
    ) -> Option<u32> {
        let heard = self.player.heard_key(&ctx.now, &self.time, key, velocity, onset);
        let has_chords = ctx.now.settings().harmony == Harmony::Played;
        let is_below = has_chords && self.player.held().any_above(key.pitch, KeyRole::Melody);
        let heard_command = if is_below { Command::HeardBelow(heard) } else { Command::Heard(heard) };
        if !self.planner.send_heard(ctx, heard_command, self.player.held().count()) {
            self.stats.unheard.add_one();
            return None;
        }
        self.player.was_heard(onset);
        Some(heard.id)
    }

    fn note_off(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, keys: KeyPattern, velocity: f32) {
        let was_playing = self.player.held().any_playing();
        self.release_keys(ctx, keys, velocity);
        if was_playing && !self.player.held().any_playing() {
            self.player.keys_up(&ctx.now);
            let row_overdue = self.player.row_overdue(&ctx.now, &self.time);
            self.take_turn(ctx, TurnInput::KeysUp { row_overdue });
        }
    }

    fn release_keys(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        keys: KeyPattern,
        velocity: f32,
    ) {
        if self.player.held().any_heard_match(keys) {
            // A short chord counts too.
            self.hear_chord(ctx, true);
        }
        while let Some(Lifted { held, is_over, held_for }) = self.player.key_up(keys, &ctx.now) {
            let at = ctx.now.at();
            if let Some(token) = held.token {
                self.output.note_off_with_velocity(ctx.host, at, token, velocity);
            }
            if held.role == KeyRole::Drums {
                continue;
            }
            self.arbiter.note_activity();
            let Key { channel, pitch, .. } = held.key;
            ctx.host.play(at, SynthEvent::NoteOff { source: NoteSource::Player, channel, pitch });
            if is_over {
                self.end_heard(ctx, &held);
            } else {
                self.planner.lift(&held, held_for);
                self.planner.send(ctx);
            }
        }
        self.note_silence(&ctx.now);
    }

    /// The keys of a chord are complete, or the first of them goes up.
    pub(super) fn hear_chord(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, keys_go_up: bool) {
        let before = self.player.chord().map(|(chord, _)| chord);
        let Some((since, heard)) = self.player.detect_chord(&ctx.now, &self.time, keys_go_up) else { return };
        self.planner.send_chord(heard);
        if before == Some(heard.chord) {
            self.planner.stop_waiting(&ctx.now);
        } else if let Some(wait) = self.chord_wait(&ctx.now, since, heard.from) {
            self.planner.decide_beat_again(wait, &ctx.now);
        }
        self.planner.send(ctx);
    }

    /// How long the note on the beat nearest to a chord may wait for it; `None` when the chord was struck off the beat.
    fn chord_wait(&self, now: &Now<'_>, since: FramePosition, from: Ticks) -> Option<BeatWait> {
        let beat = nearest_beat(from, self.time.of_style().bars());
        let wait = self.beat_wait(now, beat)?;
        let away = now.offset_of(since).saturating_sub(now.offset_of(wait.at)).abs();
        (away <= wait.until.0.saturating_sub(wait.at.0)).then_some(wait)
    }

    /// How long a note on this beat may wait for a chord; `None` where the player does not give the chords.
    fn beat_wait(&self, now: &Now<'_>, beat: Ticks) -> Option<BeatWait> {
        let window = now.frames_in_ms(now.settings().timing.chord_window_ms);
        let is_heard = self.selection.chord_source == HarmonySource::Hands && !self.time.in_free_time();
        if !is_heard || window == 0 {
            return None;
        }
        let at = now.start.plus(now.maps.style.offset_of(beat.as_f64() + self.arbiter.lag()));
        Some(BeatWait { beat, at, until: at.plus(window) })
    }

    /// Whether the next note waits for a chord that may be struck on its beat.
    pub(super) fn waits_for_chord(&mut self, now: &Now<'_>) -> bool {
        let Some(onset) = self.planner.next_on() else { return false };
        let is_beat = nearest_beat(onset, self.time.of_style().bars()) == onset;
        if !is_beat || self.planner.has_waited(onset, now) || !self.player.may_strike_chord(now, &self.time) {
            return false;
        }
        let wait = self.beat_wait(now, onset).filter(|wait| wait.until > now.position());
        wait.is_some_and(|wait| {
            self.planner.wait(wait);
            true
        })
    }

    /// Tells the worker the duration of a heard note that has ended.
    fn end_heard(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, held: &HeldNote) {
        let duration = ctx.now.maps.style.lifted_tick(ctx.now.offset()) - held.onset;
        self.planner.amend(held, duration);
        self.planner.send(ctx);
    }

    fn control(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, message: ChannelMessage) {
        if let ChannelMessage::Controller { channel, number, value } = message {
            if self.player.control(ctx.now.settings(), channel, number, value) {
                self.follow_pedals(ctx);
            }
            let all_keys = KeyPattern { voice: None, channel: Some(channel), pitch: None };
            match number {
                SUSTAIN => self.move_pedal(ctx, channel, value >= PEDAL_DOWN),
                RESET_CONTROLLERS => self.move_pedal(ctx, channel, false),
                ALL_NOTES_OFF.. => self.note_off(ctx, all_keys, 0.0),
                ALL_SOUND_OFF => self.all_sound_off(ctx, channel),
                _ => {}
            }
        }
        let settings = ctx.now.settings();
        let is_on = settings.midi.thru && thru::hears(settings, message.channel());
        let sent = self.output.pass_control(ctx.host, ctx.now.at(), message, is_on);
        self.count_refused(sent);
    }

    /// Ends the keys of this channel and all notes of Segue at once.
    fn all_sound_off(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, channel: u8) {
        self.move_pedal(ctx, channel, false);
        self.release_keys(ctx, KeyPattern { voice: None, channel: Some(channel), pitch: None }, 0.0);
        if thru::hears(ctx.now.settings(), channel) {
            self.take_turn(ctx, TurnInput::AllSoundOff);
            self.accompaniment.end_chord(&ctx.now, ctx.host, &mut self.output);
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

    /// Ends the notes that no pedal holds any more, here and in the built-in sound.
    pub(super) fn follow_pedals(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>) {
        while let Some(held) = self.player.next_unpedalled() {
            self.end_heard(ctx, &held);
        }
        let pedalled = self.player.held().pedalled();
        for channel in 0..CHANNELS {
            let down = pedalled >> channel & 1 == 1;
            ctx.host.play(ctx.now.at(), SynthEvent::Pedal { channel, down });
        }
    }
}
