//! What is played within limits.

use super::jam::{BEAT, ShippedJam};
use proptest::prelude::*;
use segue_model::limits::{Limits, Scale};
use segue_model::note::{Note, Pitch, Ticks};
use segue_model::sampling::SamplingParameters;
use std::collections::BTreeSet;

const STYLES: [&str; 3] = ["irish", "jazz", "piano"];

fn pitch(key: u8) -> Pitch {
    Pitch::new(key).expect("a key")
}

/// What a style plays after a bar of eighths.
fn play(style: &str, parameters: SamplingParameters, count: usize) -> Vec<Note> {
    let mut jam = ShippedJam::after_eighths(style, parameters);
    (0..count).map(|_| jam.decide(None)).collect()
}

fn parameters(temperature: f32, seed: u64, limits: Limits) -> SamplingParameters {
    SamplingParameters { temperature, seed, limits, ..SamplingParameters::default() }
}

/// The most notes that sound together.
fn most_together(notes: &[Note]) -> usize {
    let sounding = |at: Ticks| notes.iter().filter(|note| note.onset <= at && note.onset + note.duration > at).count();
    notes.iter().map(|note| sounding(note.onset)).max().unwrap_or(0)
}

fn notes_per_beat(style: &str, density: f32, temperature: f32) -> f64 {
    const NOTES: u16 = 200;
    // A piano alternates between chords and single notes, so its pace takes several jams to measure.
    const JAMS: u16 = 16;
    let beats = |seed| {
        let notes = play(style, parameters(temperature, seed, Limits { density, ..Limits::NONE }), NOTES.into());
        let ticks = notes[notes.len() - 1].onset - notes[0].onset;
        f64::from(i32::try_from(ticks.0 / BEAT.0).expect("not that long"))
    };
    f64::from(NOTES * JAMS) / (0..u64::from(JAMS)).map(beats).sum::<f64>()
}

#[test]
fn a_thousand_notes_in_each_scale_are_all_in_it_hot_and_cold() {
    // A jig has two tones left where the blues scale forbids most of the phrase.
    for (style, least) in [("irish", 2), ("piano", 3)] {
        for (key, scale) in (0..).zip(Scale::ALL) {
            let classes = scale.on(key % 12);
            for temperature in [0.05, 0.3, 1.0, 2.0] {
                let limits = Limits { classes, ..Limits::NONE };
                let notes = play(style, parameters(temperature, 1, limits), 250);
                let strayed = notes.iter().find(|note| !classes.contains(note.pitch));
                assert_eq!(strayed, None, "{style}, {scale:?} on {key}, at {temperature}");
                let others: BTreeSet<Pitch> = notes.iter().map(|note| note.pitch).collect();
                assert!(others.len() >= least, "{style}, {scale:?} at {temperature}: one note for ever");
            }
        }
    }
}

#[test]
fn limits_that_forbid_nothing_change_nothing() {
    let wide = Limits {
        classes: Scale::Chromatic.on(3),
        lowest: pitch(127),
        highest: pitch(0),
        polyphony: 16,
        longest: Ticks::quarters(16),
        density: 1.0,
        grid: None,
    };
    for style in STYLES {
        for temperature in [0.05, 0.9] {
            let free = play(style, parameters(temperature, 3, Limits::NONE), 200);
            assert_eq!(play(style, parameters(temperature, 3, wide), 200), free, "{style}");
        }
    }
}

/// The limited music does not fall silent.
#[test]
fn limits_of_voices_and_length_hold_and_music_goes_on() {
    for (polyphony, longest) in [(1, BEAT), (2, Ticks::quarters(16)), (4, Ticks(BEAT.0 / 4))] {
        let notes = play("piano", parameters(0.9, 2, Limits { polyphony, longest, ..Limits::NONE }), 300);
        assert!(most_together(&notes) <= polyphony.into(), "{polyphony} voices");
        assert!(notes.iter().all(|note| note.duration <= longest), "none longer than {longest:?}");
        let beats = (notes[299].onset - notes[0].onset).0 / BEAT.0;
        assert!(beats < 300, "{polyphony} voices must not slow it down: 300 notes in {beats} beats");
    }
}

/// Density 0 is sparse, and not silent.
#[test]
fn density_sets_the_number_of_notes() {
    for style in STYLES {
        for temperature in [0.05, 1.0] {
            let [sparse, half, full] = [0.0, 0.5, 1.0].map(|density| notes_per_beat(style, density, temperature));
            // Each step is as much longer as it should be, and a piano that hears itself play slowly also slows down.
            let least = if style == "piano" { 0.25 } else { 0.35 };
            assert!(
                half < 0.8 * full && half > least * full,
                "{style} at {temperature}: {half} of {full} notes a beat"
            );
            // One note every eight bars would not be music.
            assert!(sparse < 0.3 * full && sparse > 0.04, "{style} at {temperature}: {sparse} of {full} notes a beat");
        }
    }
}

proptest! {
    // A quarter of the usual number of cases, because each plays a real style.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]
    #[test]
    fn whatever_the_limits_every_note_is_within_them(
        style in prop::sample::select(STYLES.as_slice()),
        scale in prop::sample::select(Scale::ALL.as_slice()),
        key in 0..12_u8,
        (one, other) in (0..128_u8, 0..128_u8),
        polyphony in 0..17_u8,
        longest in 12..768_i64,
        density in 0.0..1.0_f32,
        temperature in 0.05..2.0_f32,
        seed: u64,
    ) {
        /// The widest gap in a scale is three semitones, so its middle lies within two of both sides.
        const NEAR: u8 = 2;
        let longest = Ticks(longest);
        let (lowest, highest) = (pitch(one), pitch(other));
        let limits = Limits { classes: scale.on(key), lowest, highest, polyphony, longest, density, grid: None };
        let notes = play(style, parameters(temperature, seed, limits), 40);
        let (low, high) = (one.min(other), one.max(other));
        for note in &notes {
            prop_assert!(limits.classes.contains(note.pitch), "{:?} is not in {:?} on {}", note, scale, key);
            let is_near = note.pitch.key() + NEAR >= low && note.pitch.key() <= high + NEAR;
            prop_assert!(is_near, "{:?} is not between {} and {}", note, low, high);
            prop_assert!(note.duration <= longest, "{:?} is too long", note);
        }
        prop_assert!(notes.is_sorted_by_key(|note| note.onset));
        prop_assert!(most_together(&notes) <= polyphony.max(1).into());
    }
}

/// Free time has no grid.
#[test]
fn onsets_lie_on_the_requested_grid() {
    let distinct = |notes: &[Note]| notes.iter().map(|note| note.onset).collect::<BTreeSet<_>>().len();
    for grid in [24, 16, 12, 8].map(Ticks) {
        let limits = Limits { grid: Some(grid), ..Limits::NONE };
        for style in ["irish", "jazz"] {
            let notes = play(style, parameters(1.0, 5, limits), 200);
            assert!(notes.iter().all(|note| note.onset.0 % grid.0 == 0), "{style} on {grid:?}");
            assert_eq!(distinct(&notes), notes.len(), "one after the other");
        }
        assert_eq!(
            play("piano", parameters(1.0, 5, limits), 100),
            play("piano", parameters(1.0, 5, Limits::NONE), 100)
        );
    }
}
