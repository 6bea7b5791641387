use super::*;
use proptest::prelude::*;
use segue_model::note::Metre;

fn bars(line: i64, metre: Metre) -> Bars {
    Bars { line: Ticks(line), metre }
}

#[test]
fn the_second_eighth_comes_late_and_the_beats_stay() {
    let swing = Swing::new(0.625, bars(7, Metre::COMMON));
    for (straight, performed) in [
        (7.0, 7.0),
        (15.0, 15.0),
        (19.0, 22.0),
        (31.0, 37.0),
        (43.0, 46.0),
        (55.0, 55.0),
        (-17.0, -11.0),
        (48_007.0, 48_007.0),
    ] {
        assert!((swing.performed(straight) - performed).abs() < 1e-9, "{straight}");
        assert!((swing.straight(performed) - straight).abs() < 1e-9, "{straight}");
    }
}

/// Triplets are even up to triplet swing, and beyond it they keep their order.
#[test]
fn triplets_are_even_up_to_triplet_swing() {
    for share in [0.52, 0.58, 0.62, 0.64] {
        let swing = Swing::new(share, bars(0, Metre::COMMON));
        for place in [16.0, 32.0, -16.0, 64.0] {
            assert!((swing.performed(place) - place).abs() < 0.2, "{place} at {share}: {}", swing.performed(place));
        }
    }
    let hard = Swing::new(0.75, bars(0, Metre::COMMON));
    assert!(hard.performed(16.0) > hard.performed(12.0) && hard.performed(32.0) > hard.performed(24.0));
}

/// A note-off within a swung eighth keeps the note's share of that eighth.
#[test]
fn a_key_up_in_a_swung_eighth_keeps_its_share() {
    let swing = Swing::new(0.62, bars(0, Metre::COMMON));
    for part in [0.0, 0.3, 0.5, 0.8] {
        for (from, played, length) in [(0.0, 0.0, 0.62 * BEAT), (EIGHTH, 0.62 * BEAT, 0.38 * BEAT)] {
            let up = swing.lifted(played + part * length);
            assert!((up - (from + part * EIGHTH)).abs() < 1e-4, "{part} of the eighth at {from}: {up}");
        }
    }
}

#[test]
fn what_does_not_swing_is_not_moved_by_a_hair() {
    let odd = Metre::new(6, 8).unwrap();
    for swing in [
        Swing::STRAIGHT,
        Swing::new(0.5, bars(3, Metre::COMMON)),
        Swing::new(0.66, bars(0, odd)),
        Swing::new(f32::NAN, bars(0, Metre::COMMON)),
        Swing::new(7.0, bars(0, Metre::COMMON)),
    ] {
        let moment = 1_234.567_890_123;
        assert!(swing.performed(moment).to_bits() == moment.to_bits(), "{swing:?}");
        assert!(swing.straight(moment).to_bits() == moment.to_bits(), "{swing:?}");
    }
}

/// A note is played no longer than the limit, wherever in its beat it begins.
#[test]
fn a_note_is_played_no_longer_than_the_limit() {
    let note = |onset, duration| Note {
        onset: Ticks(onset),
        pitch: Pitch::MAX,
        duration: Ticks(duration),
        velocity: segue_model::note::Velocity::DEFAULT,
    };
    let swung = Swing::new(0.66, bars(0, Metre::COMMON));
    for (onset, duration, longest) in [(0, 12, 12), (12, 12, 12), (24, 24, 12), (0, 24, 24), (6, 200, 96), (30, 1, 12)]
    {
        let cut = swung.no_longer(note(onset, duration), Ticks(longest));
        let at = |tick: Ticks| swung.performed(tick.as_f64());
        let played = at(cut.onset + cut.duration) - at(cut.onset);
        assert!(played <= Ticks(longest).as_f64() + 1e-9, "{onset}: {played}");
        assert!(cut.duration.0 >= 1 && cut.duration.0 <= duration);
        let more = at(cut.onset + cut.duration + Ticks(1)) - at(cut.onset);
        assert!(cut.duration.0 == duration || more > Ticks(longest).as_f64(), "no shorter than it must be");
    }
    for swing in [swung, Swing::STRAIGHT] {
        assert_eq!(swing.no_longer(note(7, 500), Ticks(i64::MAX)), note(7, 500));
    }
    assert_eq!(Swing::STRAIGHT.no_longer(note(7, 500), Ticks(24)), note(7, 24));
}

/// Between the second eighth and the third note of a triplet there are only two or three ticks.
#[test]
fn a_note_is_played_no_shorter_because_of_the_swing() {
    let note = |onset, duration| Note {
        onset: Ticks(onset),
        pitch: Pitch::MAX,
        duration: Ticks(duration),
        velocity: segue_model::note::Velocity::DEFAULT,
    };
    let swung = Swing::new(0.62, bars(0, Metre::COMMON));
    let at = |tick: Ticks| swung.performed(tick.as_f64());
    for (onset, duration) in [(0, 6), (12, 6), (16, 6), (24, 6), (24, 8), (30, 6), (36, 6), (42, 6), (24, 48)] {
        let longer = swung.no_shorter(note(onset, duration), Ticks(6));
        assert!(at(longer.onset + longer.duration) - at(longer.onset) >= 6.0 - 1e-9, "{onset}: {longer:?}");
        let is_long = at(Ticks(onset + duration)) - at(Ticks(onset)) >= 6.0;
        assert!(!is_long || longer.duration.0 == duration, "{onset}: {longer:?}");
    }
    assert_eq!(Swing::STRAIGHT.no_shorter(note(7, 2), Ticks(6)), note(7, 2));
}

proptest! {
    #[test]
    fn the_map_turns_round_and_keeps_order(
        share in 0.5..=0.75_f32,
        line in -10_000..10_000_i64,
        one in -1e6..1e6_f64,
        step in 1e-3..500.0_f64,
    ) {
        let swing = Swing::new(share, bars(line, Metre::COMMON));
        for moment in [one, one + step] {
            // At the slowest tempo a frame is a hundredth of a tick.
            prop_assert!((swing.straight(swing.performed(moment)) - moment).abs() < 1e-8);
            prop_assert!((swing.performed(swing.straight(moment)) - moment).abs() < 1e-8);
        }
        prop_assert!(swing.performed(one) < swing.performed(one + step));
        prop_assert!(swing.straight(one) < swing.straight(one + step));
    }
}

#[test]
fn octaves_stay_on_the_keyboard() {
    let moved = |key, octaves| in_octave(Pitch::new(key).unwrap(), octaves).key();
    assert_eq!([moved(60, 1), moved(60, -3), moved(120, 1), moved(5, -2), moved(127, 3)], [72, 24, 120, 5, 127]);
}
