//! Swing and octaves, where the model's straight ticks become frames.

use super::*;

/// The share of the first eighth: five eighths of the beat. At 120 bpm the second eighth begins at [`SECOND`].
const SWUNG: f32 = 0.625;
const SECOND: i64 = BEAT * 5 / 8;

fn swinging() -> FakeHost {
    let mut host = FakeHost::with_phrase();
    host.settings.timing.swing = SWUNG;
    host
}

fn heard_onsets(heard: &Heard) -> Vec<i64> {
    let onset = |command: &Command| match command {
        Command::Heard(key) => Some(key.onset.0),
        _ => None,
    };
    heard.commands.iter().filter_map(onset).collect()
}

/// The straight tick of a frame, if it is one.
fn straight_tick(frame: i64) -> Option<i64> {
    // Sixteenths move in proportion to their eighths, and triplets are even: tick, and place in 48ths of a beat.
    const PLACES: [(i64, i64); 9] =
        [(0, 0), (8, 8), (12, 15), (16, 16), (24, 30), (32, 32), (36, 39), (40, 40), (48, 48)];
    let (beat, place) = (frame.div_euclid(BEAT), frame.rem_euclid(BEAT));
    let played = |tick: i64| {
        let piece = PLACES.windows(2).find(|piece| tick < piece[1].0).unwrap();
        let ((from, to), (end, moved)) = (piece[0], piece[1]);
        let part = to as f64 + ((tick - from) * (moved - to)) as f64 / (end - from) as f64;
        (part * (BEAT / 48) as f64).round() as i64
    };
    Some(beat * 48 + (0..48).find(|tick| played(*tick) == place)?)
}

#[test]
fn what_the_player_swings_is_heard_straight() {
    let mut host = swinging();
    host.events = [0, SECOND, BEAT, BEAT + SECOND].map(|at| (at, press(60))).to_vec();
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        assert_eq!(heard_onsets(&host.play(2 * BEAT, lengths)), [0, 24, 48, 72], "{lengths:?}");
    }
}

#[test]
fn triplets_are_heard_as_triplets_and_swung_eighths_as_eighths() {
    // Places in a beat, and the ticks that are heard.
    let beats: [(&[f64], &[i64]); 6] = [
        (&[0.0, 1.0 / 3.0, 2.0 / 3.0], &[0, 16, 32]),
        (&[0.0, 0.31, 0.64], &[0, 15, 32]),
        (&[0.0, 0.5], &[0, 24]),
        (&[0.0, 0.625], &[0, 24]),
        (&[0.0, 2.0 / 3.0], &[0, 24]),
        (&[0.0, 0.25, 0.5, 0.75], &[0, 12, 24, 36]),
    ];
    for (parts, ticks) in beats {
        let mut host = swinging();
        host.events = (0..4_i32)
            .flat_map(|beat| parts.iter().map(move |part| ((f64::from(beat) + part) * BEAT as f64).round() as i64))
            .map(|at| (at, press(60)))
            .collect();
        let expected: Vec<i64> = (0..4).flat_map(|beat| ticks.iter().map(move |tick| beat * 48 + tick)).collect();
        for (heard, tick) in heard_onsets(&host.play(4 * BEAT, &[64])).iter().zip(&expected) {
            assert!((heard - tick).abs() <= 1, "{parts:?}: {heard}, not {tick}");
        }
        assert_eq!(heard_onsets(&host.play(4 * BEAT, &[64])).len(), expected.len());
    }
}

#[test]
fn segue_swings_to_the_frame_and_the_same_in_all_blocks() {
    let mut host = swinging();
    // From one share to another and back, during the answer.
    host.turns =
        vec![(130_001, |settings| settings.timing.swing = 0.5), (160_007, |settings| settings.timing.swing = SWUNG)];
    let whole = host.play(20 * BEAT, &[1 << 20]);
    // The first eighth after the gap is the second eighth of the third beat.
    assert_eq!(whole.ons()[0], 2 * BEAT + SECOND);
    for (at, message) in &whole.messages {
        let swings = !(130_001..160_007).contains(at);
        assert!(!swings || straight_tick(*at).is_some(), "{message:?} at {at}");
        assert!(swings || at % 500 == 0, "{message:?} at {at}");
    }
    assert!(whole.ons().len() > 8);
    whole.check_pairs().unwrap();
    for lengths in [&[1_u32][..], &[64], &[441], &[4096], &[13, 900, 1, 2048, 77]] {
        assert_eq!(host.play(20 * BEAT, lengths).messages, whole.messages, "{lengths:?}");
    }
    host.offline = false;
    let live = host.play(20 * BEAT, &[256]);
    assert_eq!((live.messages, live.stats.late.get()), (whole.messages, 0));
}

#[test]
fn nothing_is_late_where_the_beat_is_divided_anew_in_its_middle() {
    const BEATS: i64 = 80;
    let [jig, waltz] = [(6, 8), (3, 4)].map(|(above, below)| Metre::new(above, below).unwrap());
    let mut played = 0;
    for first in (0..BEAT).step_by(1_500) {
        let mut host = swinging();
        host.events.clear();
        host.settings.turn.mode = Mode::Duet;
        host.settings.timing.swing = 0.75;
        host.single_line = true;
        host.song.push((BEATS * BEAT, None));
        // To a metre that does not swing and back, at changing places in the beat.
        let change = |index: i64| (2 * index * BEAT + (first + index * 1_700) % BEAT, [waltz, jig][index as usize % 2]);
        host.metres.extend((1..BEATS / 2).map(change));
        let heard = host.play((BEATS + 1) * BEAT, &[512]);
        assert_eq!((heard.stats.late.get(), heard.stats.dropped.get()), (0, 0), "from {first} frames into the beat");
        heard.check_pairs().unwrap();
        played += heard.ons().len() as i64;
    }
    assert!(played > 16 * BEATS / 2, "too few notes to test anything: {played}");
}

#[test]
fn without_a_song_the_players_bar_swings_from_its_first_note() {
    let mut host = swinging();
    host.song = vec![(0, None)];
    host.events = [0, SECOND].map(|at| (123_457 + at, press(60))).to_vec();
    host.events.push((123_457 + BEAT - 1, lift(60)));
    for lengths in [&[1_u32][..], &[64], &[100_000]] {
        let heard = host.play(10 * BEAT, lengths);
        let onsets = heard_onsets(&heard);
        assert_eq!(onsets[1] - onsets[0], 24, "{lengths:?}");
        assert_eq!(heard.ons()[0], 123_457 + BEAT + SECOND, "{lengths:?}");
    }
}

#[test]
fn free_time_does_not_swing() {
    let mut host = FakeHost::with_phrase();
    host.settings.style.free_time = true;
    let straight = host.play(10 * BEAT, &[512]).messages;
    host.settings.timing.swing = SWUNG;
    assert_eq!(host.play(10 * BEAT, &[512]).messages, straight);
}

#[test]
fn octaves_move_what_is_played_and_not_what_is_thought() {
    let mut host = FakeHost::with_phrase();
    let keys = |heard: &Heard| -> Vec<u8> {
        let key = |(_, message): &(i64, Message)| match message {
            Message::NoteOn { key, .. } => Some(key.pitch.key()),
            _ => None,
        };
        heard.messages.iter().filter_map(key).collect()
    };
    let plain = host.play(20 * BEAT, &[512]);
    host.settings.midi.octave = -2;
    let moved = host.play(20 * BEAT, &[512]);
    assert_eq!(keys(&moved), keys(&plain).iter().map(|key| key - 24).collect::<Vec<_>>());
    moved.check_pairs().unwrap();
    moved.check_sounds().unwrap();
}
