use super::*;
use crate::note::Metre;
use crate::vocabulary::Vocabulary;

fn pitch(key: u8) -> Pitch {
    Pitch::new(key).unwrap()
}

/// The keys that sound within these limits.
fn keys(limits: &Limits, vocabulary: &Vocabulary) -> Vec<u8> {
    let pitches = limits.pitches(vocabulary);
    (0..128).filter(|class| pitches.has(*class)).map(|class| pitches.sounding(vocabulary.pitch(class)).key()).collect()
}

fn ranged(scale: Scale, lowest: u8, highest: u8) -> Limits {
    Limits { classes: scale.on(0), lowest: pitch(lowest), highest: pitch(highest), ..Limits::NONE }
}

fn check(scale: Scale, range: (u8, u8), expected: &[u8]) {
    for (low, high) in [range, (range.1, range.0)] {
        assert_eq!(keys(&ranged(scale, low, high), &Vocabulary::dance()), expected, "{scale:?} {low}-{high}");
    }
}

#[test]
fn each_scale_has_the_notes_that_its_name_says() {
    const NAMES: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];
    let table = [
        (Scale::Chromatic, "C", "C Db D Eb E F Gb G Ab A Bb B"),
        (Scale::Major, "D", "D E Gb G A B Db"),
        (Scale::Minor, "A", "A B C D E F G"),
        (Scale::HarmonicMinor, "A", "A B C D E F Ab"),
        (Scale::MelodicMinor, "A", "A B C D E Gb Ab"),
        (Scale::Dorian, "D", "D E F G A B C"),
        (Scale::Phrygian, "E", "E F G A B C D"),
        (Scale::Lydian, "F", "F G A B C D E"),
        (Scale::Mixolydian, "G", "G A B C D E F"),
        (Scale::Locrian, "B", "B C D E F G A"),
        (Scale::MajorPentatonic, "G", "G A B D E"),
        (Scale::MinorPentatonic, "E", "E G A B D"),
        (Scale::Blues, "C", "C Eb F Gb G Bb"),
    ];
    assert_eq!(table.map(|(scale, _, _)| scale), Scale::ALL);
    let class = |name: &str| u8::try_from(NAMES.iter().position(|other| *other == name).unwrap()).unwrap();
    for (scale, key, notes) in table {
        let expected = PitchClasses::of(notes.split(' ').map(class));
        assert_eq!(scale.on(class(key)), expected, "{key} {scale:?}");
    }
}

#[test]
fn no_limits_leave_every_pitch_where_it_is() {
    for vocabulary in [Vocabulary::dance(), Vocabulary::song(), Vocabulary::solo(), Vocabulary::piano()] {
        let every: Vec<u8> = (0..vocabulary.counts().pitch).map(|class| vocabulary.pitch(class).key()).collect();
        assert_eq!(keys(&Limits::NONE, &vocabulary), every);
    }
}

/// Where range and scale have no pitch in common, the nearest pitch of the scale remains.
#[test]
fn a_range_holds_or_gives_way_to_the_nearest_scale_pitch() {
    check(Scale::Chromatic, (60, 63), &[60, 61, 62, 63]);
    check(Scale::Major, (60, 67), &[60, 62, 64, 65, 67]);
    // C sharp alone: C and D are equally near, so the lower one.
    check(Scale::Major, (61, 61), &[60]);
    check(Scale::MinorPentatonic, (68, 69), &[67]);
}

#[test]
fn a_range_beyond_the_style_is_served_from_another_octave() {
    // The style has keys 43 to 103.
    check(Scale::MajorPentatonic, (24, 36), &[24, 26, 28, 31, 33, 36]);
    check(Scale::Chromatic, (12, 13), &[12, 13]);
    check(Scale::Chromatic, (126, 127), &[126, 127]);
    // Enough of the range lies within the style, so nothing is transposed.
    check(Scale::Major, (30, 55), &[43, 45, 47, 48, 50, 52, 53, 55]);
}

/// A bar line itself is a grid point, also in bars that the grid does not divide.
#[test]
fn grid_points_are_counted_from_every_bar_line() {
    let bars = Bars { line: Ticks(7), metre: Metre::new(7, 8).unwrap() };
    let limits = Limits { grid: Some(Ticks(48)), ..Limits::NONE };
    for (moment, point) in [(7, 7), (8, 55), (151, 151), (152, 175), (175, 175), (0, 7), (-10, -10 + 17)] {
        assert_eq!(limits.begin_from(Ticks(moment), Some(bars)), Ticks(point), "from {moment}");
    }
    assert_eq!(limits.begin_from(Ticks(3), None), Ticks(3));
    assert_eq!(Limits::NONE.begin_from(Ticks(8), Some(bars)), Ticks(8));
}

#[test]
fn a_share_of_the_notes_is_left_at_every_density() {
    let stretch = |density| Limits { density, ..Limits::NONE }.stretch();
    assert!((stretch(1.0), stretch(2.0), stretch(f32::NAN)) == (1.0, 1.0, 1.0));
    assert!((stretch(0.0) - 8.0).abs() < 1e-6 && (stretch(-1.0) - 8.0).abs() < 1e-6);
    assert!((stretch(0.5) - 1.0 / 0.5625).abs() < 1e-6);
}

/// For every scale, key and range some pitch remains, in the scale and within two semitones of the range.
#[test]
fn there_is_always_a_pitch_in_the_scale_near_the_range() {
    /// The widest gap in a scale is three semitones, so its middle lies within two of both sides.
    const NEAR: u8 = 2;
    let vocabularies = [Vocabulary::dance(), Vocabulary::song(), Vocabulary::solo(), Vocabulary::piano()];
    let ranges = || (0..128_u8).flat_map(|low| (low..=(low + 13).min(127)).map(move |high| (low, high)));
    for (scale, key) in Scale::ALL.into_iter().flat_map(|scale| (0..OCTAVE).map(move |key| (scale, key))) {
        for ((low, high), vocabulary) in ranges().flat_map(|range| vocabularies.iter().map(move |own| (range, own))) {
            let limits = Limits { classes: scale.on(key), lowest: pitch(low), highest: pitch(high), ..Limits::NONE };
            let keys = keys(&limits, vocabulary);
            assert!(!keys.is_empty());
            for sounding in keys {
                assert!(limits.classes.contains(pitch(sounding)), "{scale:?} on {key}, {low}-{high}: {sounding}");
                let is_near = sounding + NEAR >= low && sounding <= high + NEAR;
                assert!(is_near, "{scale:?} on {key}, {low}-{high}: {sounding}");
            }
        }
    }
}
