//! Chords that the player strikes on a beat, and the note of Segue's on that beat.

use super::modes::{BAR, alone};
use super::*;

const SPLIT: Harmony = Harmony::Low(Pitch::new(60).unwrap());
/// Thirty milliseconds.
const WINDOW: i64 = 1_440;
/// How long before it sounds a note is decided that waited.
const DECIDED_BEFORE: i64 = 480;

/// A duet with a note on every beat, over chords of the left hand.
fn duet(chords: &[(i64, [u8; 3])]) -> FakeHost {
    let mut host = alone(Mode::Duet);
    host.settings.harmony = SPLIT;
    host.settings.timing.chord_window_ms = 30.0;
    for (at, keys) in chords {
        for key in keys {
            host.key(*key, *at, 3 * BEAT);
        }
    }
    host
}

/// The first onset at or after a frame.
fn first_on(heard: &Heard, from: i64) -> i64 {
    *heard.ons().iter().find(|on| **on >= from).unwrap()
}

/// The frames at which notes begin that were planned for this beat: within the window.
fn on_beat(heard: &Heard, beat: i64) -> Vec<i64> {
    heard.ons().into_iter().filter(|on| (beat..=beat + WINDOW).contains(on)).collect()
}

/// The beats from bar 1 on that have a note when no chord is struck.
fn beats_with_notes() -> Vec<i64> {
    let plain = duet(&[]).play_in_any_blocks(6 * BAR).ons();
    (4..20).map(|beat| beat * BEAT).filter(|beat| plain.contains(beat)).collect()
}

/// A chord struck on a beat withdraws what was decided for that beat without it.
#[test]
fn a_chord_on_the_beat_decides_the_note_on_that_beat_again() {
    for beat in beats_with_notes() {
        let heard = duet(&[(beat, [48, 52, 55])]).play_in_any_blocks(6 * BAR);
        assert_eq!(on_beat(&heard, beat).iter().find(|on| **on < beat + DECIDED_BEFORE), None);
        let chord = heard.commands.iter().position(|command| matches!(command, Command::Chord(_))).unwrap();
        let after = heard.commands.iter().skip(chord).find_map(|command| match command {
            Command::Request(request) => Some(request.begin),
            _ => None,
        });
        assert_eq!(after, Some(Begin::NotBefore(Ticks(beat * 48 / BEAT))), "decided again, with the chord");
    }
}

/// Segue's first note on its bar line waits for a chord that is struck there, key by key, up to the window.
#[test]
fn the_first_note_on_the_line_waits_for_the_chord_there() {
    let line = 2 * BAR;
    let table: [(&[i64], i64); 6] = [
        (&[0, 0, 0], DECIDED_BEFORE),
        (&[-100, -50, -20], DECIDED_BEFORE - 20),
        (&[-900, -800, -700], 0),
        (&[0, 300, 700], 700 + DECIDED_BEFORE),
        (&[0, 700, 1_300], WINDOW),
        // The third key is too late for it.
        (&[0, 700, 1_500], WINDOW),
    ];
    for (keys, wanted) in table {
        let mut host = alone(Mode::Trade);
        host.settings.harmony = SPLIT;
        host.settings.timing.chord_window_ms = 30.0;
        for (key, at) in [48, 52, 55].into_iter().zip(keys) {
            host.key(key, line + at, BEAT);
        }
        assert_eq!(host.play_in_any_blocks(4 * BAR).ons()[0], line + wanted, "{keys:?}");
    }
}

/// Without a chord on it a beat's note is on the beat; so it is where chords come from the chart, or the window is 0.
#[test]
fn a_note_waits_only_for_a_chord_that_may_come() {
    let beats = beats_with_notes();
    let held = duet(&[(BEAT, [48, 52, 55])]);
    let ons = held.play_in_any_blocks(6 * BAR).ons();
    assert!(ons.iter().filter(|on| **on > 5 * BEAT).all(|on| on % 500 == 0), "the hand has left long ago: {ons:?}");
    let changes: [Turned; 2] =
        [|settings| settings.harmony = Harmony::Chart, |settings| settings.timing.chord_window_ms = 0.0];
    for change in changes {
        let mut host = duet(&[(beats[0], [48, 52, 55])]);
        change(&mut host.settings);
        assert_eq!(first_on(&host.play_in_any_blocks(6 * BAR), beats[0]) % 500, 0);
    }
}

/// A hand that has just left its chord may come down late: the note waits for it, but no longer than the window.
#[test]
fn after_a_hand_has_left_its_chord_the_note_waits_for_the_next() {
    let beat = 2 * BAR;
    for (late, wanted) in [(Some(600), beat + 600 + DECIDED_BEFORE), (None, beat + WINDOW)] {
        let mut host = alone(Mode::Trade);
        host.settings.harmony = SPLIT;
        host.settings.timing.chord_window_ms = 30.0;
        for key in [48, 52, 55] {
            host.key(key, beat - BEAT, BEAT - 1_000);
        }
        for key in [53, 57, 60 - 12] {
            if let Some(late) = late {
                host.key(key, beat + late, BEAT);
            }
        }
        assert_eq!(host.play_in_any_blocks(4 * BAR).ons()[0], wanted, "{late:?}");
    }
}

/// Live, with blocks that are shorter than the time for the decision, the notes are the same and none is late.
#[test]
fn live_the_note_waits_as_long_as_offline() {
    let mut host = alone(Mode::Trade);
    host.settings.harmony = SPLIT;
    host.settings.timing.chord_window_ms = 30.0;
    for (at, keys) in [(2 * BAR, [48, 52, 55]), (3 * BAR + 300, [53, 57, 48])] {
        for key in keys {
            host.key(key, at, 3 * BEAT);
        }
    }
    let offline = host.play_in_any_blocks(6 * BAR);
    host.offline = false;
    let live = host.play(6 * BAR, &[256]);
    assert_eq!(live.stats.late.get() + live.stats.dropped.get(), 0);
    let until = 4 * BAR;
    let ons = |heard: &Heard| heard.ons().into_iter().filter(|on| *on < until).collect::<Vec<i64>>();
    assert_eq!(ons(&live), ons(&offline));
}

/// A broken chord in the left hand is sent as a chord, once.
#[test]
fn a_broken_chord_is_sent_with_its_third_tone() {
    let mut host = duet(&[]);
    for (eighth, key) in (0..).zip([48, 55, 52, 55, 53, 48, 57, 48]) {
        host.key(key, BAR + eighth * BEAT / 2, BEAT / 2 - 500);
    }
    let heard = host.play_in_any_blocks(4 * BAR);
    let chords = heard.commands.iter().filter_map(|command| match command {
        Command::Chord(heard) => Some((heard.from.0, heard.chord.to_string())),
        _ => None,
    });
    assert_eq!(chords.collect::<Vec<_>>(), [(192, "C".to_owned()), (288, "F/C".to_owned())]);
}
