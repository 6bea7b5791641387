use super::*;
use crate::chart::Chart;
use crate::hash::splitmix64;
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
        let drawn: Vec<u8> =
            (0..100_u8).map(|part| model.sample(&runs(before), &[0.0; LAGS], f32::from(part) / 100.0)).collect();
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

fn shares(logits: &[f32]) -> Vec<f32> {
    let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
    logits.iter().map(|logit| logit.exp() / sum).collect()
}

/// The class gets the rate and its part of the rest; the others keep their proportions.
#[test]
fn following_is_a_mixture_with_certainty() {
    let plain = [0.3_f32, -1.0, 2.0, 0.0];
    let (before, rate) = (shares(&plain), 0.75);
    let mut logits = plain;
    follow(&mut logits, |_| true, 1, rate);
    let after = shares(&logits);
    assert!((after[1] - (rate + (1.0 - rate) * before[1])).abs() < 1e-5, "{after:?}");
    for other in [0, 2, 3] {
        assert!((after[other] - (1.0 - rate) * before[other]).abs() < 1e-5, "{after:?}");
    }
}

#[test]
fn what_is_not_allowed_is_not_followed() {
    let plain = [0.3_f32, -1.0, 2.0, 0.0];
    for (class, rate) in [(2, 0.9), (9, 0.9), (1, 0.0)] {
        let mut logits = plain;
        follow(&mut logits, |class| class != 2, class, rate);
        assert_eq!(logits.map(f32::to_bits), plain.map(f32::to_bits), "{class} {rate}");
    }
    // Where the other classes are out of reach, the rate is a share of the allowed ones.
    let mut logits = plain;
    follow(&mut logits, |class| class != 2, 1, 0.5);
    let allowed = shares(&[logits[0], logits[1], logits[3]]);
    let before = shares(&[plain[0], plain[1], plain[3]]);
    assert!((allowed[1] - (0.5 + 0.5 * before[1])).abs() < 1e-5);
}

/// 0 after the bar line, 1 after a note that differs, then one more than the number of matching notes, at most four.
#[test]
fn the_state_of_following_counts_matching_notes() {
    let bar = Metre::COMMON.bar();
    let states = |second: [u8; 8]| -> Vec<usize> {
        let notes = tune(&[A, second]);
        (8..=notes.len()).map(|end| RecentNotes(&notes[..end]).state(bar, bar)).collect()
    };
    assert_eq!(states(A), [0, 2, 3, 4, 5, 5, 5, 5, 5]);
    let mut varied = A;
    varied[2] = 50;
    assert_eq!(states(varied), [0, 2, 3, 1, 2, 3, 4, 5, 5]);
}

/// Bars that were tracked before, in whatever order the past changed, are those of a tracker that begins now.
#[test]
fn a_tracked_session_has_the_form_of_a_fresh_one() {
    let mut draws = 0..;
    let mut draw = |below: usize| usize::try_from(splitmix64(draws.next().unwrap_or(0)) >> 32).unwrap_or(0) % below;
    let figures = [A, B, C, D, E, REST];
    let mut repeats = 0;
    for _ in 0..6 {
        let bars: Vec<[u8; 8]> = (0..80).map(|_| figures[draw(figures.len())]).collect();
        let notes = tune(&bars);
        let grids = [Metre::COMMON, Metre::new(3, 4).unwrap()];
        let mut tracker = FormTracker::default();
        let mut heard = 0;
        for _ in 0..30 {
            heard = (heard + 1 + draw(39)).min(notes.len());
            if draw(4) == 0 {
                heard = heard.saturating_sub(draw(60)).max(1);
                tracker.truncate(notes[heard - 1].onset);
            }
            let bars = Bars { line: Ticks::ZERO, metre: if draw(6) == 0 { grids[1] } else { grids[0] } };
            let last = notes[heard - 1].onset;
            let over = Ticks(last.0 - bars.place(last).0);
            let since = |line| {
                let first = FormTracker::first_moment(bars, line);
                notes[..heard].iter().copied().filter(|note| note.onset >= first).collect::<Vec<_>>()
            };
            tracker.extend(&since(over), bars, over);
            for ahead in 0..3 {
                let line = over + Ticks(ahead * bars.metre.bar().0);
                let fresh = FormTracker::default().runs(&since(line), bars, line);
                assert_eq!(tracker.runs(&since(over), bars, line), fresh);
                repeats += usize::from(fresh != FormRuns::default());
            }
        }
    }
    assert!(repeats > 300, "{repeats}");
}

/// Bars over the chords of an earlier one agree with it on all beats, on some, or on none; without chords nothing is
/// known.
#[test]
fn chords_agree_on_all_beats_or_some_or_none() {
    let chart = Chart::parse("| C | F G | C | C G | D | % |").unwrap().unwrap();
    let bar = Metre::COMMON.bar();
    let agreed = |bar_index: i64, lag: i64| {
        let chord_at = |moment: Ticks| if moment < Ticks::ZERO { None } else { chart.at(moment, Metre::COMMON) };
        agreement(chord_at, Metre::COMMON, Ticks(bar_index * bar.0), Ticks(lag * bar.0))
    };
    assert_eq!([agreed(2, 2), agreed(3, 2), agreed(4, 2), agreed(5, 1), agreed(1, 2)], [3, 2, 1, 3, 0]);
}

/// What the chords say is added to the log probability.
#[test]
fn evidence_moves_the_drawn_lag() {
    let mut model = FormModel::default();
    let mut before = FormRuns::default();
    for lag in [0, 0, 0, 0, 4, 2, 0, 4, 2] {
        model.observe(&before, lag);
        before.push(lag);
    }
    let share = |evidence: f32| {
        let mut all = [0.0; LAGS];
        all[4] = evidence;
        let draws = (0..200_u8).filter(|part| model.sample(&before, &all, f32::from(*part) / 200.0) == 4);
        draws.count()
    };
    assert!(share(-20.0) == 0 && share(0.0) > 0 && share(0.0) < share(2.0) && share(15.0) > 195);
}
