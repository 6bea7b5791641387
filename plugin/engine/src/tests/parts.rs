//! Who plays what: drums, keyboards with a channel for each key, and which of Segue's parts leave.

use super::modes::{BAR, alone};
use super::*;
use crate::host::Sends;

const DRUMS: u8 = 9;

fn on(channel: u8, pitch: u8) -> HostEvent {
    HostEvent::NoteOn { key: Key { channel, ..key(pitch) }, velocity: 0.7 }
}

fn off(channel: u8, pitch: u8) -> HostEvent {
    HostEvent::NoteOff { keys: Key { channel, ..key(pitch) }.into(), velocity: 0.0 }
}

fn control(channel: u8, number: u8, value: u8) -> HostEvent {
    HostEvent::Control(ChannelMessage::Controller { channel, number, value: f32::from(value) / 127.0 })
}

fn heard_keys(heard: &Heard) -> Vec<u8> {
    let key = |command: &Command| if let Command::Heard(key) = command { Some(key.pitch.key()) } else { None };
    heard.commands.iter().filter_map(key).collect()
}

/// A phrase in the first bar, and drums in eighths all along.
fn with_drums() -> FakeHost {
    let mut host = FakeHost::with_phrase();
    for eighth in 0..40 {
        let at = eighth * BEAT / 2 + 100;
        host.events.extend([(at, on(DRUMS, 42)), (at + 4_000, off(DRUMS, 42))]);
    }
    host.events.sort_by_key(|(at, _)| *at);
    host
}

/// Drums on channel 10 are neither heard nor take the turn, and the answer is the same as without them.
#[test]
fn drums_on_channel_10_change_nothing_that_segue_plays() {
    let without = FakeHost::with_phrase().play_in_any_blocks(5 * BAR);
    let with = with_drums().play_in_any_blocks(5 * BAR);
    assert!(!without.messages.is_empty());
    assert_eq!(with.messages, without.messages);
    let drums = |heard: &Heard| {
        heard.sounds.iter().filter(|(_, sound)| matches!(sound, SynthEvent::NoteOn { channel: DRUMS, .. })).count()
    };
    assert_eq!(drums(&with), 0, "the piano does not play them");
}

/// Channel 10 is melody where it is the input channel, and it is heard where every key has its own channel.
#[test]
fn channel_10_is_heard_where_it_was_chosen_or_with_mpe() {
    let events = [(0, on(DRUMS, 60)), (10_000, off(DRUMS, 60))];
    let turned: [(Turned, &[u8]); 4] = [
        (|_| {}, &[]),
        (|settings| settings.midi.in_channel = Some(DRUMS), &[60]),
        (|settings| settings.midi.mpe = true, &[60]),
        (|settings| settings.midi.in_channel = Some(0), &[]),
    ];
    for (turn, keys) in turned {
        let mut host = alone(Mode::Answer);
        host.events = events.to_vec();
        turn(&mut host.settings);
        assert_eq!(heard_keys(&host.play(BAR, &[512])), keys);
    }
    // The keyboard says itself that it has a channel for each key.
    let mut host = alone(Mode::Answer);
    host.events = vec![(0, control(0, 101, 0)), (0, control(0, 100, 6)), (0, control(0, 6, 15))];
    host.events.extend(events.map(|(at, event)| (at + 10, event)));
    assert_eq!(heard_keys(&host.play_in_any_blocks(BAR)), [60]);
}

/// With *Thru* on, drums leave as they came.
#[test]
fn drums_are_passed_through() {
    let mut host = alone(Mode::Answer);
    host.settings.midi.thru = true;
    host.events = vec![(100, on(DRUMS, 42)), (4_100, off(DRUMS, 42))];
    let heard = host.play_in_any_blocks(BAR);
    assert_eq!((heard.ons(), heard.offs()), (vec![100], vec![4_100]));
    heard.check_pairs().unwrap();
}

/// With MPE the pedal of channel 1 holds the notes of all channels, also when a key was played on channel 1.
#[test]
fn with_mpe_the_pedal_of_channel_1_holds_all_channels() {
    for mpe in [false, true] {
        let mut host = alone(Mode::Answer);
        host.settings.midi.mpe = mpe;
        host.settings.turn.response_gap_ms = 2_000.0;
        host.events = vec![
            (0, on(0, 48)),
            (1_000, off(0, 48)),
            (2_000, control(0, 64, 127)),
            (3_000, on(4, 60)),
            (10_000, off(4, 60)),
            (40_000, control(0, 64, 0)),
        ];
        let heard = host.play_in_any_blocks(BAR);
        let released = heard.commands.iter().filter(|command| matches!(command, Command::ReleasePedal { .. })).count();
        assert_eq!(released, usize::from(mpe));
    }
}

/// Of Segue's line and its comping only what is chosen leaves; the built-in sound plays both.
#[test]
fn only_the_chosen_parts_leave() {
    let play = |sends: Sends| {
        let mut host = alone(Mode::Duet);
        host.settings.accompaniment.comping = true;
        host.settings.accompaniment.comping_channel = Some(3);
        host.settings.midi.sends = sends;
        let heard = host.play_in_any_blocks(4 * BAR);
        let count = |of: u8| {
            let is_of =
                |message: &&(i64, Message)| matches!(message.1, Message::NoteOn { key, .. } if key.channel == of);
            heard.messages.iter().filter(is_of).count()
        };
        let sounds = heard.sounds.iter().filter(|(_, sound)| matches!(sound, SynthEvent::NoteOn { .. })).count();
        (count(0), count(3), sounds)
    };
    let (line, comping, sounds) = play(Sends { line: true, comping: true });
    assert!(line > 0 && comping > 0);
    assert_eq!(play(Sends { line: true, comping: false }), (line, 0, sounds));
    assert_eq!(play(Sends { line: false, comping: true }), (0, comping, sounds));
}
