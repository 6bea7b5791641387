//! Logits → a class: temperature, top-p, constraints, all seeded.
//!
//! Plain slices and numbers; knows neither what a class means nor where the logits come from.

use crate::limits::Limits;
use crate::note::Ticks;

/// What a musician can turn while Segue plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingParameters {
    /// 0.05 to 2: how far from the most probable a choice may stray. At 0.05 and below it is the most probable one.
    pub temperature: f32,
    /// Above 0, up to 1: only the most probable classes that together have this share are considered.
    pub top_p: f32,
    /// 0 to 1: how often the network is shown what this session has played. 0 is never.
    pub memory: f32,
    /// The same seed and the same input give the same notes.
    pub seed: u64,
    /// What may be played at all.
    pub limits: Limits,
    /// How dense the music is that the style has learnt from, in notes a quarter; `None` where nobody has counted. Only a
    /// duet keeps to it.
    pub notes_per_quarter: Option<f32>,
}

impl Default for SamplingParameters {
    fn default() -> Self {
        Self { temperature: 1.0, top_p: 0.98, memory: 1.0, seed: 0, limits: Limits::NONE, notes_per_quarter: None }
    }
}

impl SamplingParameters {
    /// The same for steps and durations. Rests and long notes are improbable one by one, and without them there are no
    /// phrases: so the nucleus is all there is, and heat and cold count half (the geometric mean with 1) and no more than
    /// `RHYTHM`. Measured on jazz at 0.9 and a nucleus of 0.95: 2.1 notes a beat instead of 2.5, where solos have 1.8.
    #[must_use]
    pub fn for_rhythm(&self) -> Self {
        Self { temperature: self.temperature.max(0.0).sqrt().clamp(RHYTHM.0, RHYTHM.1), top_p: 1.0, ..*self }
    }
}

/// The lowest temperature: the most probable class, ties to the lowest.
pub const COLDEST: f32 = 0.05;
/// The highest temperature.
pub const HOTTEST: f32 = 2.0;
/// The temperatures of the rhythm. Where it is colder a line gets into a run of equal notes that knows no rest, and where
/// it is hotter one stumble brings the next.
const RHYTHM: (f32, f32) = (0.6, 1.3);
/// In the greatest heat of the rhythm, the part that is left of what leads astray.
const LEAST_ASTRAY: f32 = 0.1;

/// Which part of a note is drawn; draws of different heads are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawStream {
    /// Time since the onset before.
    Step,
    /// The key.
    Pitch,
    /// How long.
    Duration,
    /// How hard.
    Velocity,
    /// No part of it, but whether the session's memory is shown.
    Memory,
    /// Nor this: whether a note is as loud for its place as the one before.
    Likeness,
}

/// What a draw depends on, and nothing else: planning again shifts no later draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawKey {
    /// [`SamplingParameters::seed`].
    pub seed: u64,
    /// Which of Segue's turns.
    pub turn: u32,
    /// Which note of the turn, from 0.
    pub note: u32,
    /// In a duet, the onset of the last note that was heard: with the next one the draws are others. A draw that says
    /// "not now" would say it again otherwise, whatever is heard.
    pub heard: Option<Ticks>,
}

impl DrawKey {
    /// A number in 0..1 for one head.
    ///
    /// The mixing is the finaliser of `SplitMix64` (Steele, Lea, Flood 2014), applied once per part of the key.
    pub fn draw(&self, head: DrawStream) -> f32 {
        let Self { seed, turn, note, heard } = *self;
        let parts = [seed, u64::from(turn), u64::from(note), head as u64].into_iter();
        fraction(parts.chain(heard.map(|onset| onset.0.cast_unsigned())))
    }
}

/// A number in 0..1 for a turn's note and head, outside of a duet.
pub fn draw(seed: u64, turn: u32, note: u32, head: DrawStream) -> f32 {
    DrawKey { seed, turn, note, heard: None }.draw(head)
}

fn fraction(parts: impl Iterator<Item = u64>) -> f32 {
    let mixed = parts.fold(0x9e37_79b9_7f4a_7c15, |state: u64, part| {
        let mut z = state.wrapping_add(part.wrapping_mul(0xd134_2543_de82_ef95)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    });
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit an f32 exactly, so the result stays below 1")]
    let fraction = (mixed >> 40) as f32 / (1u64 << 24) as f32;
    fraction
}

/// Chooses a class. `logits` are unnormalised log-probabilities and are overwritten;
/// classes for which `allowed` is false get no probability, unless that would leave none:
/// then all are allowed again. `draw` lies in 0..1. An empty slice gives 0.
pub fn sample(
    logits: &mut [f32],
    allowed: impl Fn(usize) -> bool,
    parameters: &SamplingParameters,
    draw: f32,
) -> usize {
    mask(logits, allowed);
    let best = argmax(logits);
    if parameters.temperature <= COLDEST || logits.is_empty() {
        return best;
    }
    let peak = logits[best];
    let mut total = 0.0;
    for logit in logits.iter_mut() {
        // A NaN counts as impossible.
        let weight = ((*logit - peak) / parameters.temperature.min(HOTTEST)).exp();
        *logit = if weight.is_finite() { weight } else { 0.0 };
        total += *logit;
    }
    let least = nucleus_threshold(logits, total, parameters.top_p);
    let kept = |weight: f32| if weight >= least { weight } else { 0.0 };
    let mut left = draw * logits.iter().copied().map(kept).sum::<f32>();
    for (class, weight) in logits.iter().copied().map(kept).enumerate() {
        left -= weight;
        if weight > 0.0 && left < 0.0 {
            return class;
        }
    }
    best
}

/// What classes stand for that are spans of time.
pub struct Spans<Span, Astray> {
    /// How long a class is, in ticks.
    pub span: Span,
    /// Whether it leads off the beaten track.
    pub astray: Astray,
    /// In the mean they shall be so many times as long as they are at temperature 1: 1 or more.
    pub times: f32,
}

/// Chooses as [`sample`] does, without a nucleus, among classes that stand for spans of time. In the mean they are `times`
/// as long as at temperature 1, at every temperature, or nearly as long as the longest, where that is out of reach.
///
/// Heat would make long spans more frequent, because they are improbable one by one, and cold would leave them out: the
/// temperature would say how many notes there are and not how surprising they are. Of the ways to get to the mean it takes
/// one that makes each span a little longer and not some of them as long as can be: each probability is multiplied by a
/// power of the span and a sixteenth. What is left to the mean has to be drawn, at the lowest temperature too. And those
/// that lead astray are together less probable in the heat than at temperature 1: what is off the grid is no surprise but
/// a stumble, and who has stumbled once does so again.
pub fn sample_span(
    logits: &mut [f32],
    allowed: impl Fn(usize) -> bool,
    spans: &Spans<impl Fn(usize) -> f32, impl Fn(usize) -> bool>,
    (parameters, draw): (&SamplingParameters, f32),
) -> usize {
    mask(logits, &allowed);
    let temperature = parameters.temperature.clamp(COLDEST, HOTTEST);
    // As learnt, to the bit.
    if spans.times > 1.0 || temperature.total_cmp(&1.0).is_ne() {
        let usual = Tilted { logits, power: 0.0 }.mean(&spans.span);
        let heat = ((temperature - 1.0) / (RHYTHM.1 - 1.0)).clamp(0.0, 1.0);
        let astray = (1.0 - (1.0 - LEAST_ASTRAY) * heat) * Tilted { logits, power: 0.0 }.share(spans);
        for logit in logits.iter_mut() {
            *logit /= temperature;
        }
        let heated = Tilted { logits, power: 0.0 }.share(spans);
        if astray < heated {
            let odds = |share: f32| (share / (1.0 - share)).max(f32::MIN_POSITIVE).ln();
            let (lowered, is_astray) = (odds(astray) - odds(heated), &spans.astray);
            for (_, logit) in logits.iter_mut().enumerate().filter(|(class, _)| is_astray(*class)) {
                *logit += lowered;
            }
        }
        let power = power_for(logits, &spans.span, usual, spans.times);
        for (class, logit) in logits.iter_mut().enumerate() {
            *logit += power * logarithm((spans.span)(class));
        }
    }
    sample(logits, allowed, &SamplingParameters { temperature: 1.0, top_p: 1.0, ..*parameters }, draw)
}

/// Logits of spans, each probability multiplied by a power of the span and a sixteenth.
#[derive(Clone, Copy)]
struct Tilted<'a> {
    logits: &'a [f32],
    power: f32,
}

impl Tilted<'_> {
    /// Tokens with their weights, the greatest of which is 1.
    fn weights(self, span: &impl Fn(usize) -> f32) -> impl Iterator<Item = (usize, f32)> {
        let possible = || self.logits.iter().enumerate().filter(|(_, logit)| logit.is_finite());
        let tilted = move |class: usize, logit: f32| logit + self.power * logarithm(span(class));
        let peak = possible().map(|(class, logit)| tilted(class, *logit)).fold(f32::NEG_INFINITY, f32::max);
        possible().map(move |(class, logit)| (class, (tilted(class, *logit) - peak).exp()))
    }

    fn mean(self, span: &impl Fn(usize) -> f32) -> f32 {
        let (total, sum) = self
            .weights(span)
            .fold((0.0, 0.0), |(total, sum), (class, weight)| (total + weight, sum + weight * span(class)));
        if total > 0.0 { sum / total } else { 0.0 }
    }

    /// Of all probability, the part of those that lead astray.
    fn share(self, spans: &Spans<impl Fn(usize) -> f32, impl Fn(usize) -> bool>) -> f32 {
        let (total, astray) = self.weights(&spans.span).fold((0.0, 0.0), |(total, astray), (class, weight)| {
            (total + weight, if (spans.astray)(class) { astray + weight } else { astray })
        });
        if total > 0.0 { astray / total } else { 0.0 }
    }
}

/// Of a span of ticks, and a sixteenth: fingers that strike together, or nearly so, are one chord, and fewer chords are
/// wanted, not chords of fewer fingers.
fn logarithm(span: f32) -> f32 {
    const SIXTEENTH: f32 = 12.0;
    (span + SIXTEENTH).ln()
}

/// The power of the span by which each probability must be multiplied, so that the mean span becomes `times` as large as
/// `usual`.
fn power_for(logits: &[f32], span: &impl Fn(usize) -> f32, usual: f32, times: f32) -> f32 {
    /// Of the way from the usual mean to the longest span, no more than this: at its end there is but one choice.
    const FURTHEST: f32 = 0.95;
    const DOUBLINGS: u32 = 12;
    const HALVINGS: u32 = 12;
    let mean = |power| Tilted { logits, power }.mean(span);
    let longest = Tilted { logits, power: 0.0 }.weights(span).map(|(class, _)| span(class)).fold(0.0, f32::max);
    let wanted = (usual * times).min(usual + FURTHEST * (longest - usual));
    // Shorter is found as longer is, the other way round.
    let way = if wanted < mean(0.0) { -1.0 } else { 1.0 };
    let is_short_of = |power: f32| way * (wanted - mean(way * power)) > 0.0;
    if !is_short_of(0.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..DOUBLINGS {
        if !is_short_of(high) {
            break;
        }
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..HALVINGS {
        let middle = f32::midpoint(low, high);
        if is_short_of(middle) { low = middle } else { high = middle }
    }
    way * high
}

/// Makes spans of time so many `times` as long in the mean, or nearly as long as the longest, where that is out of reach.
/// Below 1 they become shorter, but only so far as no rare rhythm becomes a usual one. What is not allowed gets no
/// probability.
///
/// Of all ways to get there it takes the one that changes the probabilities least: each is multiplied by a power of the
/// span (exponential tilting).
pub fn tilt_spans(logits: &mut [f32], allowed: impl Fn(usize) -> bool, span: impl Fn(usize) -> f32, times: f32) {
    mask(logits, allowed);
    let tilt = tilt_for(logits, &span, times);
    for (class, logit) in logits.iter_mut().enumerate() {
        *logit += tilt * span(class);
    }
}

/// What must be added to each logit per unit of its span, so that the mean span becomes `times` as large.
fn tilt_for(logits: &[f32], span: impl Fn(usize) -> f32, times: f32) -> f32 {
    /// Of the way from the mean as it is to the longest span, no more than this: at its end there is but one choice.
    const FURTHEST: f32 = 0.95;
    /// Per tick: an eighth becomes eighteen times as probable beside a quarter, and no more.
    const MOST_SHORTENED: f32 = -0.12;
    const DOUBLINGS: u32 = 20;
    const HALVINGS: u32 = 20;
    let possible = || logits.iter().enumerate().filter(|(_, logit)| logit.is_finite());
    let longest = possible().map(|(class, _)| span(class)).fold(0.0, f32::max);
    let mean = |tilt: f32| {
        let peak = possible().map(|(class, logit)| logit + tilt * span(class)).fold(f32::NEG_INFINITY, f32::max);
        let (mut total, mut sum) = (0.0, 0.0);
        for (class, logit) in possible() {
            let weight = (logit + tilt * span(class) - peak).exp();
            total += weight;
            sum += weight * span(class);
        }
        if total > 0.0 { sum / total } else { 0.0 }
    };
    let as_it_is = mean(0.0);
    if times < 1.0 {
        let (mut low, mut high) = (MOST_SHORTENED, 0.0);
        for _ in 0..HALVINGS {
            let middle = f32::midpoint(low, high);
            if mean(middle) < as_it_is * times { low = middle } else { high = middle }
        }
        return high;
    }
    let wanted = (as_it_is * times).min(as_it_is + FURTHEST * (longest - as_it_is));
    if wanted <= as_it_is {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0 / longest);
    for _ in 0..DOUBLINGS {
        if mean(high) >= wanted {
            break;
        }
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..HALVINGS {
        let middle = f32::midpoint(low, high);
        if mean(middle) < wanted { low = middle } else { high = middle }
    }
    high
}

/// A logit that leaves no chance beside any other, and is one all the same.
const ALL_BUT_IMPOSSIBLE: f32 = -1e30;

/// Leaves no probability to what is not allowed, unless nothing is.
fn mask(logits: &mut [f32], allowed: impl Fn(usize) -> bool) {
    if (0..logits.len()).any(&allowed) {
        for (class, logit) in logits.iter_mut().enumerate() {
            // What is allowed stays above what is not, even where the network gives it no chance or no number.
            *logit = if allowed(class) { logit.max(ALL_BUT_IMPOSSIBLE) } else { f32::NEG_INFINITY };
        }
    }
}

/// The class of the highest logit, ties to the lowest class.
pub fn argmax(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if *logit > logits[best] || logits[best].is_nan() {
            best = class;
        }
    }
    best
}

/// The smallest weight inside the nucleus (Holtzman et al. 2020): the fewest classes that together have `share` of all.
fn nucleus_threshold(weights: &[f32], total: f32, share: f32) -> f32 {
    let (mut least, mut sum) = (f32::INFINITY, 0.0);
    while sum == 0.0 || sum < share * total {
        // The next smaller weight, and all classes that have it: equal classes stay or go together.
        let next = weights.iter().copied().filter(|weight| *weight < least).fold(0.0, f32::max);
        if next <= 0.0 {
            break;
        }
        sum += weights.iter().filter(|weight| **weight >= next && **weight < least).sum::<f32>();
        least = next;
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANY: fn(usize) -> bool = |_| true;

    fn parameters(temperature: f32, top_p: f32) -> SamplingParameters {
        SamplingParameters { temperature, top_p, ..SamplingParameters::default() }
    }

    /// How often each class is chosen in 10,000 draws.
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
        // Four standard deviations of a share of 10,000 draws are 200.
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
        for logits in
            [vec![f32::NAN; 4], vec![f32::NEG_INFINITY; 4], vec![f32::INFINITY, 0.0], vec![f32::NAN, 1.0], vec![]]
        {
            for temperature in [0.05, 1.0, 2.0] {
                assert!(sample(&mut logits.clone(), ANY, &parameters(temperature, 0.9), 0.5) < logits.len().max(1));
            }
        }
    }

    /// The mean span of 10,000 choices.
    fn chosen_span(logits: &[f32], spans: &[f32], temperature: f32, times: f32) -> f32 {
        let parameters = parameters(temperature, 0.9);
        let span = |class: usize| spans[class];
        let spans = Spans { span, astray: |_| false, times };
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
                (parameters(temperature, 1.0), Spans { span: |_| 24.0, astray: |class| class % 2 == 1, times: 1.0 });
            let chosen = |note| {
                sample_span(&mut logits.to_vec(), ANY, &spans, (&parameters, draw(7, 0, note, DrawStream::Step)))
            };
            (0..10_000).filter(|note| chosen(*note) % 2 == 1).count()
        };
        // Four standard deviations of a share of 0.05 of 10,000 draws are below 90.
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
        let spans = |span: f32| Spans { span: move |_| span, astray: |_| false, times: 4.0 };
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
                    let spans = Spans { span, astray: |class| class == 0, times: 2.0 };
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
            let spans = Spans { span, astray: |class| class % 3 == 1, times };
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
}
