//! MIDI in and out, rule by rule.

use super::*;
use crate::host::Shape;

fn control(channel: u8, number: u8, value: f32) -> HostEvent {
    HostEvent::Control(ChannelMessage::Controller { channel, number, value })
}

fn press_on(channel: u8, pitch: u8) -> HostEvent {
    HostEvent::NoteOn { key: Key { channel, ..key(pitch) }, velocity: 0.7 }
}

fn lift_on(channel: u8, pitch: u8) -> HostEvent {
    HostEvent::NoteOff { keys: Key { channel, ..key(pitch) }.into(), velocity: 0.0 }
}

/// The player's events; no answer comes for two seconds.
fn host(events: &[(i64, HostEvent)]) -> FakeHost {
    let mut host = FakeHost::with_phrase();
    host.events = events.to_vec();
    host.settings.turn.response_gap_ms = 2_000.0;
    host
}

impl Heard {
    fn heard_keys(&self) -> Vec<u8> {
        let key = |command: &Command| match command {
            Command::Heard(key) => Some(key.pitch.key()),
            _ => None,
        };
        self.commands.iter().filter_map(key).collect()
    }

    fn lengths(&self) -> Vec<i64> {
        let length = |command: &Command| match command {
            Command::Amend { duration, .. } | Command::ReleasePedal { duration, .. } => Some(duration.0),
            _ => None,
        };
        self.commands.iter().filter_map(length).collect()
    }
}

#[test]
fn one_channel_or_all_are_heard_and_older_notes_still_end() {
    let events = [(0, press_on(2, 60)), (10_000, lift_on(2, 60)), (20_000, press_on(5, 62)), (30_000, lift_on(5, 62))];
    let mut host = host(&events);
    assert_eq!(host.play(BEAT * 2, &[512]).heard_keys(), [60, 62]);
    host.settings.midi.in_channel = Some(5);
    assert_eq!(host.play(BEAT * 2, &[512]).heard_keys(), [62]);
    host.settings.harmony = Harmony::Channel(2);
    host.settings.midi.thru = true;
    let heard = host.play(BEAT * 2, &[512]);
    assert_eq!(heard.messages.len(), 4, "the channel of the chords is heard too");
    // The channel setting changes while a key of another channel is down.
    (host.settings.midi.in_channel, host.settings.harmony) = (None, Harmony::Chart);
    host.turns = vec![(5_000, |settings| settings.midi.in_channel = Some(5))];
    let heard = host.play(BEAT * 2, &[512]);
    assert_eq!(heard.lengths(), [20, 20]);
    heard.check_pairs().unwrap();
}

/// A key that was passed through ends when it is played again, even on a channel that is no longer heard.
#[test]
fn a_passed_on_key_ends_when_it_is_played_again() {
    let named = |voice| Key { voice: Some(voice), ..key(60) };
    let mut host = host(&[
        (0, HostEvent::NoteOn { key: named(1), velocity: 0.5 }),
        (9_000, HostEvent::NoteOn { key: named(2), velocity: 0.6 }),
        (12_000, HostEvent::NoteOff { keys: named(2).into(), velocity: 0.0 }),
    ]);
    host.settings.midi.thru = true;
    host.turns = vec![(5_000, |settings| settings.midi.in_channel = Some(5))];
    let heard = host.play(BEAT, &[512]);
    assert_eq!(heard.messages.last(), Some(&(9_000, Message::NoteOff { key: named(1), velocity: 0.0 })));
    assert_eq!(heard.heard_keys(), [60], "the second note-on itself is not heard");
    heard.check_pairs().unwrap();
}

#[test]
fn notes_are_sent_on_the_chosen_channel_and_end_there() {
    let mut host = FakeHost::with_phrase();
    host.settings.midi.out_channel = 3;
    // In the middle of a note.
    host.turns = vec![(61_003, |settings| settings.midi.out_channel = 9)];
    let heard = host.play(20 * BEAT, &[512]);
    let channels: Vec<u8> = heard
        .messages
        .iter()
        .filter_map(|(_, message)| match message {
            Message::NoteOn { key, .. } => Some(key.channel),
            _ => None,
        })
        .collect();
    assert_eq!((channels.first(), channels.last()), (Some(&3), Some(&9)));
    heard.check_pairs().unwrap();
}

/// With thru, note ids, release velocities, bends and note expressions pass through; without it, nothing does.
#[test]
fn thru_passes_ids_release_velocities_bends_and_expressions() {
    let named = Key { voice: Some(7), ..key(60) };
    let bend = ChannelMessage::Bend { channel: 0, value: 0.8 };
    let shape = |keys| HostEvent::Shape { keys, shape: Shape::Tuning(0.5) };
    let stranger = Key { voice: Some(8), ..key(64) };
    let events = [
        (100, HostEvent::NoteOn { key: named, velocity: 0.25 }),
        (200, HostEvent::Control(bend)),
        (300, shape(named.into())),
        (400, shape(stranger.into())),
        (500, HostEvent::NoteOff { keys: named.into(), velocity: 0.9 }),
    ];
    let mut host = host(&events);
    assert_eq!(host.play(BEAT / 2, &[64]).messages, []);
    host.settings.midi.thru = true;
    let expected = [
        (100, Message::NoteOn { key: named, velocity: 0.25 }),
        (200, Message::Control(bend)),
        (300, Message::Shape { keys: named.into(), shape: Shape::Tuning(0.5) }),
        (500, Message::NoteOff { key: named, velocity: 0.9 }),
    ];
    assert_eq!(host.play(BEAT / 2, &[64]).messages, expected);
}

#[test]
fn a_passed_on_pedal_goes_up_when_thru_ends_and_after_refusal() {
    let pedals = |heard: &Heard| -> Vec<f32> {
        let value = |(_, message): &(i64, Message)| match message {
            Message::Control(ChannelMessage::Controller { number: SUSTAIN, value, .. }) => Some(*value),
            _ => None,
        };
        heard.messages.iter().filter_map(value).collect()
    };
    let mut host = host(&[(100, control(1, SUSTAIN, 1.0)), (9_000, control(1, SUSTAIN, 0.0))]);
    host.settings.midi.thru = true;
    assert_eq!(pedals(&host.play(BEAT, &[64])), [1.0, 0.0]);
    host.turns = vec![(5_000, |settings| settings.midi.thru = false)];
    assert_eq!(pedals(&host.play(BEAT, &[64])), [1.0, 0.0], "once");
    host.turns.clear();
    host.refuses_each = Some(2);
    assert_eq!(pedals(&host.play(BEAT, &[64])), [1.0, 0.0], "refused, then sent again");
    host.refuses_each = None;
    host.reset_at = Some(4_000);
    assert_eq!(pedals(&host.play(8_000, &[64])), [1.0, 0.0], "a reset releases the pedal");
}

/// A controller that was passed through returns to rest when nothing passes through any more.
#[test]
fn passed_on_controllers_return_to_rest_when_thru_ends() {
    let bend = |channel, value| ChannelMessage::Bend { channel, value };
    let wheel = |channel, value| ChannelMessage::Controller { channel, number: 1, value };
    let pressure = |channel, value| ChannelMessage::Pressure { channel, value };
    let left = [bend(1, 0.8), wheel(1, 0.3), pressure(2, 0.6), bend(2, 0.1)];
    let rest = [wheel(1, 0.0), pressure(2, 0.0), bend(1, 0.5), bend(2, 0.5)];
    let mut host = host(&left.map(|message| (100, HostEvent::Control(message))));
    host.settings.midi.thru = true;
    let passed = |host: &FakeHost| -> Vec<(i64, ChannelMessage)> {
        let control = |(at, message): &(i64, Message)| match message {
            Message::Control(message) => Some((*at, *message)),
            _ => None,
        };
        host.play(BEAT, &[64]).messages.iter().filter_map(control).collect()
    };
    let ever = left.map(|message| (100, message));
    assert_eq!(passed(&host), ever, "nothing else is sent");
    let mut then = |turn: Turned, rest: &[ChannelMessage]| {
        host.turns = vec![(5_000, turn)];
        let rest = rest.iter().map(|message| (5_000, *message));
        assert_eq!(passed(&host), ever.into_iter().chain(rest).collect::<Vec<_>>());
    };
    then(|settings| settings.midi.thru = false, &rest);
    then(|settings| settings.midi.in_channel = Some(2), &[rest[0], rest[2]]);
    host.turns.clear();
    host.reset_at = Some(5_000);
    assert_eq!(passed(&host).len(), 8, "and after a reset");
    host.reset_at = None;
    host.events.push((9_000, control(1, RESET_CONTROLLERS, 0.0)));
    host.turns = vec![(10_000, |settings| settings.midi.thru = false)];
    let after = passed(&host);
    assert_eq!(after[5..], [(10_000, rest[1]), (10_000, rest[3])], "channel 1 was at rest: {after:?}");
}

/// A note-on for a key that is down begins a new note, and the first note-off ends only the new one.
#[test]
fn a_second_note_on_is_a_new_note() {
    let named = |voice| Key { voice: Some(voice), ..key(60) };
    let events = [
        (0, HostEvent::NoteOn { key: named(1), velocity: 0.5 }),
        (12_000, HostEvent::NoteOn { key: named(2), velocity: 0.6 }),
        (18_000, HostEvent::NoteOff { keys: named(1).into(), velocity: 0.0 }),
        (24_000, HostEvent::NoteOff { keys: named(2).into(), velocity: 0.0 }),
    ];
    let mut host = host(&events);
    host.settings.midi.thru = true;
    let heard = host.play(2 * BEAT, &[512]);
    assert_eq!(heard.lengths(), [24, 24]);
    heard.check_pairs().unwrap();
    heard.check_sounds().unwrap();
}

#[test]
fn quickly_repeated_notes_are_all_heard_and_all_passed_on() {
    // Sixteen per second, all alike, with thru: none of these may count as feedback.
    let events: Vec<_> =
        (0..32).flat_map(|index| [(index * 3_000, press(60)), (index * 3_000 + 2_000, lift(60))]).collect();
    let mut host = host(&events);
    host.settings.midi.thru = true;
    let heard = host.play(4 * BEAT, &[64]);
    assert_eq!((heard.heard_keys().len(), heard.ons().len()), (32, 32));
    heard.check_pairs().unwrap();
}

#[test]
fn all_notes_off_releases_a_channels_keys_but_not_its_pedal() {
    let events = [
        (0, press_on(1, 60)),
        (0, press_on(2, 64)),
        (1_000, control(1, SUSTAIN, 1.0)),
        (10_000, control(1, ALL_NOTES_OFF, 0.0)),
        (20_000, control(1, SUSTAIN, 0.0)),
        (30_000, control(2, 127, 0.0)),
    ];
    let heard = host(&events).play(10 * BEAT, &[512]);
    assert_eq!(heard.lengths()[..2], [40, 60], "the pedal held the first, a mode message ended the second");
    assert!(!heard.ons().is_empty(), "no key is down: Segue answers");
}

#[test]
fn all_sound_off_silences_everybody_at_once_and_is_not_answered() {
    let mut host = FakeHost::with_phrase();
    let off = 100_003;
    host.events.extend([(off - 3, press(70)), (off, control(0, ALL_SOUND_OFF, 0.0)), (off + 5, lift(70))]);
    let heard = host.play(20 * BEAT, &[512]);
    assert!(heard.messages.iter().all(|(at, _)| *at <= off));
    assert!(heard.sounds.contains(&(off, SynthEvent::AllSoundOff)));
    heard.check_pairs().unwrap();
    heard.check_sounds().unwrap();
    // The same during Segue's answer, with comping.
    let mut host = FakeHost::with_phrase();
    host.events.push((off, control(0, ALL_SOUND_OFF, 0.0)));
    (host.settings.accompaniment.comping, host.settings.accompaniment.comping_channel) = (true, Some(7));
    let heard = host.play(20 * BEAT, &[512]);
    let channel_of = |message: &Message| match message {
        Message::NoteOn { key, .. } | Message::NoteOff { key, .. } => Some(key.channel),
        Message::Control(_) | Message::Shape { .. } => None,
    };
    let is_comping = |message: &Message| channel_of(message) == Some(7);
    assert!(heard.messages.iter().all(|(at, message)| *at <= off || is_comping(message)));
    assert!(heard.messages.iter().filter(|(at, message)| *at == off && is_comping(message)).count() == 3);
    host.settings.accompaniment.comping = false;
    let heard = host.play(20 * BEAT, &[512]);
    assert!(heard.ons().len() > 2 && heard.messages.iter().all(|(at, _)| *at <= off));
    heard.check_pairs().unwrap();
}

/// On keyboards that give each key its own channel, the pedal of the first or last channel applies to all keys. On a
/// channel on which keys are played, the pedal applies to that channel alone.
#[test]
fn the_pedal_of_a_master_channel_holds_the_notes_of_all() {
    let lengths = |master: u8, others: &[(i64, HostEvent)]| {
        let pedal = [(100, control(master, SUSTAIN, 1.0)), (30_000, control(master, SUSTAIN, 0.0))];
        let keys =
            [(500, press_on(1, 60)), (2_500, press_on(2, 64)), (10_500, lift_on(1, 60)), (12_500, lift_on(2, 64))];
        let mut events: Vec<_> = others.iter().chain(&pedal).chain(&keys).copied().collect();
        events.sort_by_key(|(at, _)| *at);
        let heard = host(&events).play(BEAT * 2, &[512]);
        heard.check_pairs().unwrap();
        heard.lengths()
    };
    for master in [0, 15] {
        assert_eq!(lengths(master, &[]), [59, 55], "until the pedal goes up");
    }
    assert_eq!(lengths(7, &[]), [20, 20], "until the keys go up");
    let played = [(0, press_on(0, 40)), (50, lift_on(0, 40))];
    assert_eq!(lengths(0, &played)[1..], [20, 20], "a pedal for its own channel");
    // Keys are played on the channel while its pedal is down, so it is not a master channel: the notes that only its
    // pedal held end, and its own key is held.
    let later = [(15_000, press_on(0, 40)), (16_000, lift_on(0, 40))];
    assert_eq!(lengths(0, &later), [29, 25, 30]);
}

#[test]
fn reset_all_controllers_lifts_the_pedal() {
    let events = [
        (0, control(0, SUSTAIN, 1.0)),
        (0, press(60)),
        (6_000, lift(60)),
        (24_000, control(0, RESET_CONTROLLERS, 0.0)),
    ];
    assert_eq!(host(&events).play(2 * BEAT, &[512]).lengths(), [48]);
}

#[test]
fn segues_notes_that_come_back_by_a_routing_loop_change_nothing() {
    let mut host = FakeHost::with_phrase();
    host.settings.midi.thru = true;
    host.events.insert(0, (0, control(0, SUSTAIN, 1.0)));
    host.events.insert(3, (15_000, control(0, SUSTAIN, 0.0)));
    let alone = host.play(20 * BEAT, &[64]);
    for after in [64, 512, 4_800] {
        host.loops_back_after = Some(after);
        let looped = host.play(20 * BEAT, &[64]);
        assert_eq!(looped.heard_keys(), alone.heard_keys(), "back after {after} frames");
        let notes = |heard: &Heard| -> Vec<(i64, Message)> {
            heard.messages.iter().copied().filter(|(_, message)| !matches!(message, Message::Control(_))).collect()
        };
        assert_eq!(notes(&looped), notes(&alone), "back after {after} frames");
    }
}

#[test]
fn a_passed_on_key_ends_with_its_note_off_in_a_feedback_loop() {
    let onsets = [(0, press(60)), (12_000, press(60)), (12_003, lift(60))];
    // The second time round, the loop is already known.
    let events: Vec<_> =
        [0, 20_000, 40_000].iter().flat_map(|from| onsets.map(|(at, event)| (from + at, event))).collect();
    let mut host = host(&events);
    host.settings.midi.thru = true;
    for after in [None, Some(256), Some(512)] {
        host.loops_back_after = after;
        let heard = host.play(2 * BEAT + BEAT / 2, &[256]);
        let ends: Vec<i64> = heard
            .messages
            .iter()
            .filter(|(_, message)| matches!(message, Message::NoteOff { .. }))
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(ends, [12_000, 12_003, 32_000, 32_003, 52_000, 52_003], "{after:?}");
        heard.check_pairs().unwrap();
    }
}

#[test]
fn a_note_that_is_over_before_it_comes_back_does_not_go_round() {
    let mut host = host(&[(100, press(60)), (200, lift(60))]);
    host.settings.midi.thru = true;
    host.loops_back_after = Some(512);
    let heard = host.play(BEAT, &[512]);
    assert_eq!(heard.messages.len(), 2, "{:?}", heard.messages);
    assert_eq!(heard.heard_keys(), [60]);
}

/// Notes that were passed through do not repeat in a feedback loop, even if Segue's channel is not heard.
#[test]
fn a_feedback_loop_repeats_no_passed_on_note() {
    for mode in [Mode::Answer, Mode::Duet] {
        let mut host = FakeHost::with_phrase();
        host.settings.turn.mode = mode;
        host.settings.midi.thru = true;
        host.settings.midi.out_channel = 7;
        host.settings.midi.in_channel = Some(0);
        let until = 12 * BEAT;
        host.events.extend([(until, press(70)), (until + BEAT, lift(70))]);
        for after in [256, 512, 4_800] {
            host.loops_back_after = Some(after);
            let heard = host.play(until + 2 * BEAT, &[256]);
            let is_key = |key: Key| key.channel == 0 && key.pitch.key() == 70;
            let is_players =
                |message: &&(i64, Message)| matches!(message.1, Message::NoteOn { key, .. } if is_key(key));
            assert_eq!(heard.messages.iter().filter(is_players).count(), 1, "{mode:?}, back after {after} frames");
        }
    }
}

/// A player who plays a key of Segue's is heard, with and without a feedback loop.
#[test]
fn the_player_is_heard_on_a_key_that_segue_plays() {
    let mut host = FakeHost::with_phrase();
    host.loops_back_after = Some(64);
    let first = host.play(20 * BEAT, &[64]);
    let onsets = first.messages.iter().filter_map(|(at, message)| match *message {
        Message::NoteOn { key, velocity } => Some((*at, key, velocity)),
        _ => None,
    });
    let onsets: Vec<_> = onsets.collect();
    // The very note that Segue plays, slightly later, during the answer. With a loop, one of the two counts as the
    // player's.
    for (loops, index) in [(Some(64), 6), (None, 12)] {
        let (at, key, velocity) = onsets[index];
        host.loops_back_after = loops;
        host.events.truncate(8);
        host.events.push((at + 20, returning(Message::NoteOn { key, velocity })));
        let heard = host.play(at + 1_000, &[64]);
        assert_eq!(heard.heard_keys().len(), 5, "{loops:?}");
        heard.check_pairs().unwrap();
    }
}
