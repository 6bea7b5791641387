use super::*;
use proptest::prelude::*;

const ANY: fn(usize) -> bool = |_| true;

fn parameters(temperature: f32, top_p: f32) -> SamplingParameters {
    SamplingParameters { temperature, top_p, ..SamplingParameters::default() }
}

/// How often each class is sampled in 10,000 draws.
fn tally(logits: &[f32], allowed: impl Fn(usize) -> bool + Copy, parameters: &SamplingParameters) -> Vec<u32> {
    let mut counts = vec![0; logits.len()];
    for note in 0..10_000 {
        counts[sample(&mut logits.to_vec(), allowed, parameters, draw(7, 0, note, DrawStream::Pitch))] += 1;
    }
    counts
}

/// Ties go to the lowest class.
#[test]
fn the_coldest_choice_is_the_argmax() {
    for point in [0.0, 0.5, 0.999_999] {
        assert_eq!(sample(&mut [1.0, 3.0, 3.0, 2.0], ANY, &parameters(0.05, 1.0), point), 1);
    }
}

/// 10,000 draws at temperature 1 without a nucleus.
#[test]
fn at_temperature_one_frequencies_match_probabilities() {
    let counts = tally(&[0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()], ANY, &parameters(1.0, 1.0));
    // Four standard deviations of a share in 10,000 draws are 200.
    for (count, share) in counts.iter().zip([5000u32, 3000, 2000]) {
        assert!(count.abs_diff(share) < 200, "{counts:?}");
    }
}

#[test]
fn heat_evens_out_and_cold_sharpens() {
    let logits = [2.0, 1.0, 0.0];
    let first = |temperature| tally(&logits, ANY, &parameters(temperature, 1.0))[0];
    assert!(first(0.3) > first(1.0) && first(1.0) > first(2.0));
}

#[test]
fn top_p_keeps_the_fewest_classes_that_have_the_share() {
    let logits = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
    assert_eq!(tally(&logits, ANY, &parameters(1.0, 0.79))[2], 0);
    assert!(tally(&logits, ANY, &parameters(1.0, 0.81))[2] > 0);
    assert_eq!(tally(&logits, ANY, &parameters(1.0, 0.0))[1..], [0, 0]);
}

/// If every class were masked, none is.
#[test]
fn masked_classes_are_never_chosen() {
    let counts = tally(&[5.0, 1.0, 0.0], |class| class != 0, &parameters(2.0, 1.0));
    assert_eq!(counts[0], 0);
    assert!(counts[1] > counts[2] && counts[2] > 0);
    assert_eq!(sample(&mut [0.0, 9.0], |_| false, &parameters(1.0, 0.5), 0.3), 1);
}

#[test]
fn broken_scores_still_give_a_class() {
    for logits in [vec![f32::NAN; 4], vec![f32::NEG_INFINITY; 4], vec![f32::INFINITY, 0.0], vec![f32::NAN, 1.0], vec![]]
    {
        for temperature in [0.05, 1.0, 2.0] {
            assert!(sample(&mut logits.clone(), ANY, &parameters(temperature, 0.9), 0.5) < logits.len().max(1));
        }
    }
}

/// The mean span of 10,000 draws.
fn chosen_span(logits: &[f32], spans: &[f32], temperature: f32, times: f32) -> f32 {
    let parameters = parameters(temperature, 0.9);
    let span = |class: usize| spans[class];
    let spans = Spans { span, off_grid: |_| false, times };
    let drawn = |note| (&parameters, draw(7, 0, note, DrawStream::Step));
    let chosen = |note| sample_span(&mut logits.to_vec(), ANY, &spans, drawn(note));
    (0..10_000).map(|note| span(chosen(note))).sum::<f32>() / 10_000.0
}

/// The mean length stays what it is at temperature 1, times the requested factor.
#[test]
fn mean_spans_are_kept_at_every_temperature() {
    let spans = [0.0, 12.0, 24.0, 48.0, 96.0, 192.0];
    let sure = [-9.0, -6.0, 0.0, -5.0, -9.0, -14.0];
    let unsure = [-2.0, -1.0, 0.0, -0.5, -2.0, -3.0];
    for logits in [sure, unsure] {
        for temperature in [0.05, 0.3, 1.0, 2.0] {
            let as_learnt = chosen_span(&logits, &spans, 1.0, 1.0);
            for times in [1.0f32, 1.3, 2.0, 3.0] {
                let wanted = (times * as_learnt).min(as_learnt + 0.95 * (192.0 - as_learnt));
                let mean = chosen_span(&logits, &spans, temperature, times);
                // Four standard deviations of the mean of 10,000 draws between 0 and 192 are below 4.
                assert!((mean - wanted).abs() < 4.0, "{times} times at {temperature}: {mean}, not {wanted}");
            }
        }
    }
}

#[test]
fn in_the_heat_what_leads_astray_is_less_frequent() {
    let logits = [0.0, -4.0, -1.0, -3.0];
    let share = |temperature| {
        let (parameters, spans) =
            (parameters(temperature, 1.0), Spans { span: |_| 24.0, off_grid: |class| class % 2 == 1, times: 1.0 });
        let chosen =
            |note| sample_span(&mut logits.to_vec(), ANY, &spans, (&parameters, draw(7, 0, note, DrawStream::Step)));
        (0..10_000).filter(|note| chosen(*note) % 2 == 1).count()
    };
    // Four standard deviations of a share of 0.05 in 10,000 draws are below 90.
    assert!(share(1.3).abs_diff(share(1.0) / 10) < 90, "{} and {}", share(1.3), share(1.0));
    assert!(share(1.1) < share(1.0) && share(0.3) < share(1.0) / 2);
}

/// Tilting reaches the requested mean and makes no improbable span a usual one.
#[test]
fn tilting_changes_the_mean_span_and_keeps_the_rare_rare() {
    let spans = [4.0, 24.0, 48.0, 96.0];
    let mean = |times: f32| {
        let mut logits = [1e-6_f32.ln(), 0.2_f32.ln(), 0.7_f32.ln(), 0.1_f32.ln()];
        tilt_spans(&mut logits, ANY, |class| spans[class], times);
        let weights = logits.map(f32::exp);
        weights.iter().zip(spans).map(|(weight, span)| weight * span).sum::<f32>() / weights.iter().sum::<f32>()
    };
    for times in [0.8, 1.0, 1.2, 1.5] {
        assert!((mean(times) - times * mean(1.0)).abs() < 0.5, "{times} times: {}", mean(times));
    }
    assert!(mean(0.01) > 24.0, "{}", mean(0.01));
}

#[test]
fn rhythm_is_cooled_and_heated_half_as_much_and_never_far() {
    for (temperature, expected) in [(0.0, 0.6), (0.05, 0.6), (0.49, 0.7), (1.0, 1.0), (1.44, 1.2), (2.0, 1.3)] {
        let rhythm = parameters(temperature, 0.3).for_rhythm();
        assert!((rhythm.temperature - expected).abs() < 1e-4, "{temperature}: {}", rhythm.temperature);
        assert!(rhythm.top_p >= 1.0);
    }
}

#[test]
fn a_certain_span_is_not_made_longer_by_chance_of_nothing() {
    let only = |class| class == 1;
    let spans = |span: f32| Spans { span: move |_| span, off_grid: |_| false, times: 4.0 };
    let chosen = sample_span(&mut [3.0, 0.0, 1.0], only, &spans(24.0), (&parameters(1.0, 1.0), 0.99));
    assert_eq!(chosen, 1);
    let chosen = sample_span(&mut [0.0, f32::NAN], ANY, &spans(0.0), (&parameters(1.0, 1.0), 0.99));
    assert_eq!(chosen, 0, "no time at all has no longer one");
}

/// Even where the network gives it no probability or no number.
#[test]
fn the_only_allowed_class_is_chosen_even_if_impossible() {
    for logit in [f32::NAN, f32::NEG_INFINITY] {
        for temperature in [0.05, 1.0] {
            for only in [0, 1] {
                let mut logits = [0.0, 0.0];
                logits[only] = logit;
                let parameters = parameters(temperature, 0.9);
                assert_eq!(sample(&mut logits.clone(), |class| class == only, &parameters, 0.5), only);
                let span = |class: usize| if class == 0 { 1.0 } else { 2.0 };
                let spans = Spans { span, off_grid: |class| class == 0, times: 2.0 };
                assert_eq!(sample_span(&mut logits, |class| class == only, &spans, (&parameters, 0.5)), only);
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_scores_the_choice_is_allowed(
        logits in prop::collection::vec(prop_oneof![
            8 => -50.0..50.0_f32,
            1 => Just(f32::NEG_INFINITY),
            1 => Just(f32::NAN),
            1 => Just(f32::INFINITY),
        ], 1..90),
        allowed in prop::collection::vec(any::<bool>(), 90),
        temperature in 0.0..2.5_f32,
        top_p in 0.0..1.1_f32,
        times in 1.0..9.0_f32,
        point in 0.0..1.0_f32,
    ) {
        let parameters = parameters(temperature, top_p);
        let any = allowed[..logits.len()].contains(&true);
        let is_allowed = |class: usize| allowed[class];
        let span = |class: usize| f32::from(u8::try_from(class).unwrap());
        let spans = Spans { span, off_grid: |class| class % 3 == 1, times };
        let plain = sample(&mut logits.clone(), is_allowed, &parameters, point);
        let longer = sample_span(&mut logits.clone(), is_allowed, &spans, (&parameters, point));
        for class in [plain, longer] {
            prop_assert!(class < logits.len() && (!any || allowed[class]));
        }
    }
}

#[test]
fn draws_are_even_and_change_with_every_part_of_their_key() {
    let mean = (0..10_000u16).map(|note| draw(3, 1, note.into(), DrawStream::Step)).sum::<f32>() / 10_000.0;
    assert!((mean - 0.5).abs() < 0.015, "{mean}");
    let one = draw(3, 1, 5, DrawStream::Step);
    for other in [
        draw(4, 1, 5, DrawStream::Step),
        draw(3, 2, 5, DrawStream::Step),
        draw(3, 1, 6, DrawStream::Step),
        draw(3, 1, 5, DrawStream::Pitch),
        DrawKey { seed: 3, turn: 1, note: 5, heard: Some(Ticks(0)) }.draw(DrawStream::Step),
        DrawKey { seed: 3, turn: 1, note: 5, heard: Some(Ticks(48)) }.draw(DrawStream::Step),
    ] {
        assert!((one - other).abs() > f32::EPSILON);
    }
}
