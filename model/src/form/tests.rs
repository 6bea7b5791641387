use super::*;
use crate::note::{Metre, Pitch, Velocity};

const EIGHTH: i64 = 24;

/// Bars of four quarters in eighth notes, written as key numbers; 0 is a rest.
fn tune(bars: &[[u8; 8]]) -> Vec<Note> {
    let note = |(index, key): (i64, &u8)| {
        let (onset, duration) = (Ticks(index * EIGHTH), Ticks(EIGHTH));
        (*key > 0).then(|| Note { onset, pitch: Pitch::new(*key).unwrap(), duration, velocity: Velocity::DEFAULT })
    };
    (0..).zip(bars.iter().flatten()).filter_map(note).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "as labels ask for it")]
fn common_time(_: Ticks) -> Option<Bars> {
    Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON })
}

fn lags(bars: &[[u8; 8]]) -> Vec<u8> {
    label(&tune(bars), common_time).iter().map(|bar| bar.lag).collect()
}

const A: [u8; 8] = [60, 62, 64, 65, 67, 65, 64, 62];
const B: [u8; 8] = [72, 71, 69, 67, 65, 67, 69, 71];
const C: [u8; 8] = [64, 60, 67, 60, 72, 60, 67, 55];
const D: [u8; 8] = [59, 74, 57, 71, 66, 61, 73, 70];
const E: [u8; 8] = [81, 80, 79, 78, 77, 76, 75, 74];
const REST: [u8; 8] = [0; 8];

#[test]
fn bars_that_return_have_the_lag_to_what_they_repeat() {
    assert_eq!(lags(&[A, B, C, D, A, B, C, D]), [0, 0, 0, 0, 4, 4, 4, 4]);
    assert_eq!(lags(&[A, A, A, B]), [0, 1, 1, 0]);
    assert_eq!(lags(&[A, B, A, C, D, E, A, B]), [0, 0, 2, 0, 0, 0, 6, 6]);
    assert_eq!(lags(&[A, B, C, D, E]), [0; 5]);
    assert_eq!(lags(&[]), [0; 0]);
}

/// Two notes of eight are different, and the last bar of the phrase is another one.
#[test]
fn a_repeat_may_be_varied_and_may_end_differently() {
    let mut varied = B;
    (varied[3], varied[6]) = (66, 70);
    assert_eq!(lags(&[A, B, C, D, A, varied, C, E]), [0, 0, 0, 0, 4, 4, 4, 0]);
    // Half of a bar is not enough.
    let mut other = B;
    other[..4].copy_from_slice(&[50, 52, 53, 55]);
    assert_eq!(lags(&[B, C, D, other]), [0, 0, 0, 0]);
}

#[test]
fn a_sequence_is_a_transposed_repeat() {
    let higher = |bar: [u8; 8], by: u8| bar.map(|key| key + by);
    let labels = label(&tune(&[A, B, higher(A, 2), higher(B, 2), A]), common_time);
    let seen: Vec<(u8, i8)> = labels.iter().map(|bar| (bar.lag, bar.transposed)).collect();
    assert_eq!(seen, [(0, 0), (0, 0), (2, 2), (2, 2), (4, 0)]);
}

#[test]
fn a_lag_holds_through_a_rest_and_ends_at_the_longest() {
    assert_eq!(lags(&[A, B, REST, C, A, B, REST, C]), [0, 0, 0, 0, 4, 4, 4, 4]);
    let far = |between: u8| {
        let bars: Vec<[u8; 8]> =
            [vec![A], (0..between).map(|index| D.map(|key| key + 5 * (index % 7))).collect()].concat();
        *lags(&[bars, vec![A]].concat()).last().unwrap()
    };
    assert_eq!((far(23), far(24)), (24, 0));
}

#[test]
fn the_source_of_a_moment_lies_whole_bars_before() {
    let labels = label(&tune(&[A, B, A]), common_time);
    assert_eq!(labels[2].source(Ticks(400)), Some(Ticks(16)));
    assert_eq!(labels[1].source(Ticks(200)), None);
    assert_eq!(labels[2].from, Ticks(384));
}

#[test]
fn without_bars_there_is_no_form() {
    assert_eq!(label(&tune(&[A, A]), |_| None), []);
}

/// The runs of a list of lags.
fn runs(lags: &[u8]) -> FormRuns {
    let mut runs = FormRuns::default();
    for lag in lags {
        runs.push(*lag);
    }
    runs
}

fn counted(tunes: &[&[u8]]) -> FormModel {
    let mut model = FormModel::default();
    for tune in tunes {
        (0..tune.len()).for_each(|bar| model.observe(&runs(&tune[..bar]), tune[bar]));
    }
    model
}

#[test]
fn the_model_repeats_the_form_that_it_has_counted() {
    let model = counted(&[&[0, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0][..]; 9]);
    let likely = |lags: &[u8]| {
        let probabilities = model.probabilities(&runs(lags));
        (0..).zip(probabilities).max_by(|one, other| one.1.total_cmp(&other.1)).map(|(lag, _): (u8, f32)| lag)
    };
    assert_eq!(likely(&[0, 0]), Some(0));
    assert_eq!(likely(&[0, 0, 0, 0]), Some(4));
    assert_eq!(likely(&[0, 0, 0, 0, 4, 4]), Some(4));
    assert_eq!(likely(&[0, 0, 0, 0, 4, 4, 4, 4]), Some(0));
}

#[test]
fn probabilities_make_one_and_reach_no_unheard_bar() {
    let model = counted(&[&[0, 0, 0, 0, 4, 4, 4, 4], &[0, 1, 1, 0]]);
    for before in [&[][..], &[0], &[0, 0, 0], &[0, 0, 0, 0, 0, 2]] {
        let probabilities = model.probabilities(&runs(before));
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(probabilities[before.len() + 1..].iter().all(|probability| *probability == 0.0), "{before:?}");
        let drawn: Vec<u8> = (0..100_u8).map(|part| model.sample(&runs(before), f32::from(part) / 100.0)).collect();
        assert!(drawn.iter().all(|lag| usize::from(*lag) <= before.len()));
    }
}

#[test]
fn counts_survive_a_file_and_damaged_ones_are_refused() {
    let model = counted(&[&[0, 0, 0, 0, 4, 4, 4, 4], &[0, 1, 1, 0, 3, 24]]);
    let bytes = model.to_bytes();
    assert_eq!(FormModel::from_bytes(&bytes), Some(model));
    assert!((0..bytes.len()).all(|length| FormModel::from_bytes(&bytes[..length]).is_none()), "cut");
    assert_eq!(FormModel::from_bytes(&[bytes, vec![0]].concat()), None, "with a tail");
    assert_eq!(FormModel::from_bytes(&[1, 0, 0, 0, 0, 1, 25, 1]), None, "an impossible lag");
}
