use super::copies::moves;
use super::histogram::{NOTE_VALUES, duration_bin};
use super::*;
use fastrand::Rng;
use segue_model::chord::ChordKind;
use segue_model::note::{Metre, Pitch, Velocity};

const EIGHTH: i64 = 24;

/// Eighth notes one after another.
fn eighths(keys: &[u8]) -> Vec<Note> {
    let note = |(index, key): (i64, &u8)| Note {
        onset: Ticks(index * EIGHTH),
        pitch: Pitch::new(*key).unwrap(),
        duration: Ticks(EIGHTH),
        velocity: Velocity::DEFAULT,
    };
    (0..).zip(keys).map(note).collect()
}

fn later(notes: &[Note], by: Ticks) -> Vec<Note> {
    notes.iter().map(|note| Note { onset: note.onset + by, ..*note }).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "as a passage asks for it")]
fn common_time(_: Ticks) -> Option<Bars> {
    Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON })
}

#[expect(clippy::unnecessary_wraps, reason = "as a passage asks for it")]
fn c_major(_: Ticks) -> Option<Chord> {
    Some(Chord::new(0, ChordKind::Major, 0))
}

fn measured(prompt: &[Note], notes: &[Note]) -> StyleMetrics {
    let mut reference = Reference::default();
    reference.add(notes, &common_time);
    let passage = Passage { prompt, notes, bars: &common_time, chord: &c_major };
    StyleMetrics::of(&passage, &reference, &CopyIndex::from([prompt]))
}

fn is(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-9
}

#[test]
fn a_scale_has_the_figures_that_one_reckons_by_hand() {
    let prompt = eighths(&[60, 64, 67, 72]);
    let of = measured(&prompt, &eighths(&[60, 62, 64, 65, 67, 67, 69, 71, 72]));
    assert!(is(of.notes_per_beat, 2.0), "{of:?}");
    assert!(is(of.repeated_pitches, 1.0 / 8.0));
    assert!(is(of.interval, 12.0 / 8.0));
    assert!(is(of.range, 12.0));
    // C and G twice, five others once.
    let entropy = -(2.0 * (2.0 / 9.0) * (2.0f64 / 9.0).log2() + 5.0 * (1.0 / 9.0) * (1.0f64 / 9.0).log2());
    assert!(is(of.pitch_class_entropy, entropy));
    // The prompt has C half of the time, E and G a quarter each.
    assert!(is(of.prompt_overlap, 2.0 / 9.0 + 1.0 / 9.0 + 2.0 / 9.0));
    // On the beat: C, E, G, A, C.
    assert_eq!(of.chord_tones.map(|share| is(share, 0.8)), Some(true));
    assert!(is(of.place_distance.unwrap(), 0.0) && is(of.duration_distance, 0.0));
    assert!(is(of.polyphony, 1.0) && is(of.velocity_spread, 0.0));
}

/// From note to note, on beats and at peaks.
#[test]
fn velocity_metrics_match_a_sum_by_hand() {
    let mut notes = eighths(&[60, 64, 62, 60, 67, 60]);
    for (note, value) in notes.iter_mut().zip([80, 100, 70, 60, 110, 60]) {
        note.velocity = Velocity::new(value).unwrap();
    }
    let of = measured(&eighths(&[60, 62]), &notes);
    assert!(is(of.velocity, 0.0), "a mean of 80 after 80");
    assert!(is(of.velocity_step, (20.0 + 30.0 + 10.0 + 50.0 + 50.0) / 5.0));
    // On beats: 80, 70 and 110. Between them: 100, 60 and 60. Of the notes with two neighbours, 100 and 110 are peaks.
    assert!(is(of.velocity_accent.unwrap(), 260.0 / 3.0 - 220.0 / 3.0));
    assert!(is(of.velocity_peak.unwrap(), 105.0 - 65.0));
    assert_eq!(measured(&notes, &eighths(&[60, 62])).velocity_peak, None);
}

#[test]
fn figures_are_found_in_any_key_and_counted_once_as_new() {
    let prompt = eighths(&[60, 62, 64, 65]);
    // The prompt's figure on G, then again a tone higher.
    let of = measured(&prompt, &eighths(&[67, 69, 71, 72, 69, 71, 73, 74]));
    // Steps: 2 2 1 -3 2 2 1. Of the five 3-figures two occur in the prompt, and one of those came before.
    assert!(is(of.prompt_figures_3, 2.0 / 5.0), "{of:?}");
    assert!(is(of.own_figures_3, 1.0 / 5.0));
    assert!(is(of.prompt_figures_2, 4.0 / 6.0) && is(of.prompt_figures_4, 0.0));
}

#[test]
fn a_quotation_of_the_prompt_is_verbatim_from_eight_notes_on() {
    let prompt = eighths(&[60, 62, 64, 65, 67, 69, 71, 72, 74, 76]);
    let quoted = measured(&prompt, &[&eighths(&[50])[..], &later(&prompt[1..9], Ticks(500))].concat());
    assert!(is(quoted.verbatim_longest, 8.0) && is(quoted.verbatim, 8.0 / 9.0), "{quoted:?}");
    let shorter = measured(&prompt, &[&eighths(&[50])[..], &later(&prompt[1..8], Ticks(500))].concat());
    assert!(is(shorter.verbatim_longest, 7.0) && is(shorter.verbatim, 0.0));
    let higher: Vec<Note> =
        prompt.iter().map(|note| Note { pitch: note.pitch.transposed(1).unwrap(), ..*note }).collect();
    assert!(is(measured(&prompt, &higher).verbatim_longest, 1.0), "another key is not verbatim");
    assert!(is(measured(&prompt, &higher).copied, 10.0), "but copied");
}

/// The longest run equals that of trying every position.
#[test]
fn the_copy_index_finds_what_brute_force_finds() {
    let mut rng = Rng::with_seed(5);
    let mut melody = |length: usize| {
        let mut notes = eighths(&(0..length).map(|_| 60 + rng.u8(0..3)).collect::<Vec<_>>());
        for note in &mut notes {
            note.onset += Ticks(12 * i64::from(rng.bool()));
        }
        notes
    };
    let tunes: Vec<Vec<Note>> = (0..40).map(|length| melody(5 * length)).collect();
    let learnt = CopyIndex::from(tunes.iter().map(Vec::as_slice));
    for _ in 0..50 {
        let notes = melody(40);
        let wanted = moves(&notes).collect::<Vec<_>>();
        let mut longest = 0;
        for tune in &tunes {
            let known = moves(tune).collect::<Vec<_>>();
            for (from, at) in (0..wanted.len()).flat_map(|from| (0..known.len()).map(move |at| (from, at))) {
                let shared = wanted[from..].iter().zip(&known[at..]).take_while(|(a, b)| a == b).count();
                longest = longest.max(shared + 1);
            }
        }
        assert_eq!(learnt.longest_run(&notes), longest);
    }
    assert_eq!(learnt.longest_run(&tunes[20]), tunes[20].len());
    assert_eq!(CopyIndex::default().longest_run(&tunes[20]), 0);
}

#[test]
fn nothing_and_a_single_note_have_figures_that_are_numbers() {
    for notes in [&[][..], &eighths(&[60])] {
        let of = measured(&eighths(&[60, 62, 64, 65]), notes);
        assert!(METRICS.iter().filter_map(|figure| (figure.value)(&of)).all(f64::is_finite), "{of:?}");
    }
}

#[test]
fn durations_are_binned_by_the_nearest_note_value() {
    for (ticks, value) in [(1, 3), (24, 24), (23, 24), (27, 24), (28, 32), (48, 48), (384, 384), (9_999, 384)] {
        assert_eq!(NOTE_VALUES[usize::try_from(duration_bin(Ticks(ticks))).unwrap()], value, "{ticks} ticks");
    }
}

/// Of 200 bootstrap intervals, about 190 contain the true mean.
#[test]
fn a_confidence_interval_holds_the_mean_in_95_percent() {
    let mut rng = Rng::with_seed(3);
    let holds = (0..200).filter(|seed| {
        let values: Vec<f64> = (0..100).map(|_| rng.f64()).collect();
        Estimate::of(&values, *seed).unwrap().distance(0.5) == 0.0
    });
    // Of 200 tries 190 are expected, with a standard deviation of 3.
    let held = holds.count();
    assert!((180..=199).contains(&held), "{held}");
    assert_eq!(Estimate::of(&[], 1), None);
    assert_eq!(Estimate::of(&[1.0, 2.0], 1), Estimate::of(&[1.0, 2.0], 1));
}

/// Compared with themselves, real continuations lie inside every interval.
#[test]
fn a_comparison_shows_only_the_metric_that_differs() {
    let real: Vec<StyleMetrics> =
        (0..20u8).map(|key| measured(&eighths(&[60, 62]), &eighths(&[60, 60 + key]))).collect();
    let same = Comparison::of(&real, &real, 1);
    assert_eq!(same.missed().count(), 0);
    let other: Vec<StyleMetrics> = real.iter().map(|of| StyleMetrics { repeated_pitches: 0.9, ..*of }).collect();
    let comparison = Comparison::of(&real, &other, 1);
    assert_eq!(comparison.missed().map(|row| row.name).collect::<Vec<_>>(), ["repeated pitches"]);
    assert!(comparison.to_string().contains("+0."), "{comparison}");
}
