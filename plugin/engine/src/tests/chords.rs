//! Chords that come from the player.

use super::*;

/// The chords that were sent to the worker, with their ticks.
fn chords(heard: &Heard) -> Vec<(i64, String)> {
    let chord = |command: &Command| match command {
        Command::Chord(heard) => Some((heard.from.0, heard.chord.to_string())),
        _ => None,
    };
    heard.commands.iter().filter_map(chord).collect()
}

/// The keys that were sent to the worker; `true` if a higher key is held.
fn melody(heard: &Heard) -> Vec<(u8, bool)> {
    let key = |command: &Command| match command {
        Command::Heard(key) => Some((key.pitch.key(), false)),
        Command::HeardBelow(key) => Some((key.pitch.key(), true)),
        _ => None,
    };
    heard.commands.iter().filter_map(key).collect()
}

fn host(harmony: Harmony, events: &[(i64, HostEvent)]) -> FakeHost {
    let mut host = FakeHost::with_phrase();
    host.settings.harmony = harmony;
    host.events = events.to_vec();
    host.events.sort_by_key(|(at, _)| *at);
    host
}

/// Keys held from one frame to another, 5 ms apart.
fn held(keys: &[u8], from: i64, until: i64) -> Vec<(i64, HostEvent)> {
    let downs = (0..).zip(keys).map(|(index, key)| (from + index * 240, press(*key)));
    downs.chain(keys.iter().map(|key| (until, lift(*key)))).collect()
}

const SPLIT: Harmony = Harmony::Low(Pitch::new(60).unwrap());

fn named(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(from, name)| (*from, (*name).to_owned())).collect()
}

/// Keys that go down together are one chord from the first key on, at every block size.
#[test]
fn keys_within_30_ms_are_one_chord_in_all_blocks() {
    let events = [held(&[48, 52, 55], 0, BEAT), held(&[57, 53, 48, 60], 2 * BEAT, 3 * BEAT)].concat();
    let host = host(Harmony::Played, &events);
    for lengths in [&[1_u32][..], &[64], &[4096], &[1 << 20]] {
        let heard = host.play(4 * BEAT, lengths);
        assert_eq!(chords(&heard), named(&[(0, "C"), (96, "F/C")]), "{lengths:?}");
        let source = heard.commands.iter().find(|command| matches!(command, Command::ChordSource(_)));
        assert!(matches!(source, Some(Command::ChordSource(HarmonySource::Hands))));
    }
}

#[test]
fn a_chord_is_sent_after_30_ms_or_with_its_first_key_up() {
    // Segue decides two notes: one before the chord is complete, one after.
    let mut host = host(Harmony::Played, &held(&[48, 52, 55], 0, 1_000));
    host.settings.turn.response_gap_ms = 0.0;
    let order = |heard: &Heard| -> Vec<&'static str> {
        let name = |command: &Command| match command {
            Command::Heard(_) => Some("key"),
            Command::Chord(_) => Some("chord"),
            Command::Amend { .. } => Some("up"),
            _ => None,
        };
        heard.commands.iter().filter_map(name).collect()
    };
    assert_eq!(order(&host.play(BEAT / 2, &[64])), ["key", "key", "key", "chord", "up", "up", "up"]);
    // The fourth key comes after 30 ms.
    host.events = held(&[48, 52, 55], 0, BEAT);
    host.events.insert(3, (1_441, press(58)));
    assert_eq!(order(&host.play(BEAT / 2, &[64])), ["key", "key", "key", "chord", "key"]);
}

/// The melody above a held chord is not a chord, and the keys below it are not melody.
#[test]
fn melody_above_a_chord_is_no_chord_and_keys_below_no_melody() {
    let mut events = held(&[48, 52, 55], 0, 6 * BEAT);
    events.extend(held(&[74], BEAT, 2 * BEAT));
    // The hand changes its chord under a held melody note.
    events.extend(held(&[79], 3 * BEAT, 6 * BEAT));
    events.extend([48, 52, 55].map(|key| (4 * BEAT - 100, lift(key))));
    events.extend(held(&[47, 50, 53, 55], 4 * BEAT, 5 * BEAT));
    let heard = host(Harmony::Played, &events).play(6 * BEAT, &[512]);
    assert_eq!(chords(&heard), named(&[(0, "C"), (192, "G7/B")]));
    let top = [(48, false), (52, false), (55, false), (74, false), (79, false)];
    let under = [47, 50, 53, 55].map(|key| (key, true));
    assert_eq!(melody(&heard), [&top[..], &under[..]].concat());
}

#[test]
fn two_tones_are_a_chord_only_on_keys_that_play_chords() {
    let events = [held(&[48, 58], 0, BEAT), held(&[50], 2 * BEAT, 3 * BEAT)].concat();
    assert_eq!(chords(&host(Harmony::Played, &events).play(4 * BEAT, &[512])), []);
    // A single passing key is not a chord either.
    assert_eq!(chords(&host(SPLIT, &events).play(4 * BEAT, &[512])), named(&[(0, "C7")]));
    for harmony in [Harmony::Chart, Harmony::Off] {
        let triad = held(&[48, 52, 55], 0, BEAT);
        assert_eq!(chords(&host(harmony, &triad).play(4 * BEAT, &[512])), [], "{harmony:?}");
    }
}

/// Chord keys are heard and followed, and neither take nor keep the turn.
#[test]
fn chord_keys_are_heard_and_neither_take_nor_keep_the_turn() {
    for by_channel in [false, true] {
        let harmony = if by_channel { Harmony::Channel(4) } else { SPLIT };
        let mut plain = FakeHost::with_phrase();
        plain.settings.harmony = harmony;
        let alone = plain.play(20 * BEAT, &[512]);
        let channel = if by_channel { 4 } else { 0 };
        let on = |pitch| Key { channel, ..key(pitch) };
        let mut host = plain;
        // Chord keys are held through the key-up that hands over the turn, and played again during the answer.
        for (from, until) in [(1_000, 70_000), (100_000, 130_000)] {
            for pitch in [48, 52, 55] {
                host.events.push((from, HostEvent::NoteOn { key: on(pitch), velocity: 0.5 }));
                host.events.push((until, HostEvent::NoteOff { keys: on(pitch).into(), velocity: 0.0 }));
            }
        }
        host.events.sort_by_key(|(at, _)| *at);
        let heard = host.play(20 * BEAT, &[512]);
        assert_eq!(melody(&heard), melody(&alone), "its keys are no melody");
        assert_eq!(chords(&heard).len(), 2);
        assert_eq!(heard.ons()[0], alone.ons()[0]);
        assert!(heard.ons().iter().filter(|on| **on > 100_000).count() > 3, "Segue plays on");
        heard.check_pairs().unwrap();
        heard.check_sounds().unwrap();
    }
}

#[test]
fn offline_what_follows_a_chord_is_the_same_in_all_blocks() {
    let mut host = FakeHost::with_phrase();
    host.settings.harmony = SPLIT;
    for (from, chord) in [(0, [48, 52, 55]), (70_123, [50, 53, 57]), (120_777, [43, 47, 53])] {
        host.events.extend(held(&chord, from, from + 40_000));
    }
    host.events.sort_by_key(|(at, _)| *at);
    let whole = host.play(20 * BEAT, &[1 << 20]);
    for lengths in [&[1_u32][..], &[64], &[441], &[4096], &[13, 900, 1, 2048, 77]] {
        assert_eq!(host.play(20 * BEAT, lengths).messages, whole.messages, "{lengths:?}");
    }
    let mut silent = FakeHost::with_phrase();
    silent.settings.harmony = SPLIT;
    assert_ne!(silent.play(20 * BEAT, &[64]).messages, whole.messages, "the chords are heard");
}
