//! Sampling among classes that are spans of time: steps and durations.

use super::{COLDEST, HOTTEST, LEAST_OFF_GRID, RHYTHM, SamplingParameters, mask, sample};

/// How classes that are spans of time are sampled by [`sample_span`].
pub struct Spans<Span, Astray> {
    /// The length of a class, in ticks.
    pub span: Span,
    /// Whether a class leads off the grid.
    pub off_grid: Astray,
    /// The mean length is multiplied by this factor, 1 or more.
    pub times: f32,
}

/// Samples among classes that are spans of time, without a nucleus. At every temperature the mean length is `times`
/// that of temperature 1, or nearly the longest where that is out of reach.
///
/// A plain temperature would change the number of notes: a high one makes long spans more frequent, because each single
/// one is improbable, and a low one leaves them out. So the mean is restored by multiplying each probability by a power
/// of the span plus a sixteenth. This makes all spans a little longer, and not a few of them very long. The length is
/// drawn at the lowest temperature too.
///
/// At high temperatures classes that lead off the grid get less probability than at temperature 1, because one note off
/// the grid brings the next.
pub fn sample_span(
    logits: &mut [f32],
    allowed: impl Fn(usize) -> bool,
    spans: &Spans<impl Fn(usize) -> f32, impl Fn(usize) -> bool>,
    (parameters, draw): (&SamplingParameters, f32),
) -> usize {
    mask(logits, &allowed);
    let temperature = parameters.temperature.clamp(COLDEST, HOTTEST);
    // At temperature 1 the learnt distribution is used, bit for bit.
    if spans.times > 1.0 || temperature.total_cmp(&1.0).is_ne() {
        let usual = Tilted { logits, power: 0.0 }.mean(&spans.span);
        let excess = ((temperature - 1.0) / (RHYTHM.1 - 1.0)).clamp(0.0, 1.0);
        let off_grid = (1.0 - (1.0 - LEAST_OFF_GRID) * excess) * Tilted { logits, power: 0.0 }.share(spans);
        for logit in logits.iter_mut() {
            *logit /= temperature;
        }
        let raised = Tilted { logits, power: 0.0 }.share(spans);
        if off_grid < raised {
            let odds = |share: f32| (share / (1.0 - share)).max(f32::MIN_POSITIVE).ln();
            let (lowered, is_off_grid) = (odds(off_grid) - odds(raised), &spans.off_grid);
            for (_, logit) in logits.iter_mut().enumerate().filter(|(class, _)| is_off_grid(*class)) {
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

/// Logits of spans, with each probability multiplied by a power of the span plus a sixteenth.
#[derive(Clone, Copy)]
struct Tilted<'a> {
    logits: &'a [f32],
    power: f32,
}

impl Tilted<'_> {
    /// The possible classes with their weights. The greatest weight is 1.
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

    /// The probability of all classes that lead off the grid.
    fn share(self, spans: &Spans<impl Fn(usize) -> f32, impl Fn(usize) -> bool>) -> f32 {
        let (total, off_grid) = self.weights(&spans.span).fold((0.0, 0.0), |(total, off_grid), (class, weight)| {
            (total + weight, if (spans.off_grid)(class) { off_grid + weight } else { off_grid })
        });
        if total > 0.0 { off_grid / total } else { 0.0 }
    }
}

/// The logarithm of a span plus a sixteenth. The sixteenth keeps chords together: their notes are at most a few ticks
/// apart, and a low density should mean fewer chords and not smaller ones.
fn logarithm(span: f32) -> f32 {
    const SIXTEENTH: f32 = 12.0;
    (span + SIXTEENTH).ln()
}

/// The power that makes the mean span `times` the `usual` one.
fn power_for(logits: &[f32], span: &impl Fn(usize) -> f32, usual: f32, times: f32) -> f32 {
    /// The greatest part of the way from the usual mean to the longest span. At the end of that way only one class
    /// would be left.
    const FURTHEST: f32 = 0.95;
    const DOUBLINGS: u32 = 12;
    const HALVINGS: u32 = 12;
    let mean = |power| Tilted { logits, power }.mean(span);
    let longest = Tilted { logits, power: 0.0 }.weights(span).map(|(class, _)| span(class)).fold(0.0, f32::max);
    let wanted = (usual * times).min(usual + FURTHEST * (longest - usual));
    // Shorter means are found with negative powers.
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

/// Makes spans `times` as long in the mean, or nearly as long as the longest where that is out of reach. Factors below
/// 1 shorten only so far that no rare rhythm becomes a usual one. Classes that are not `allowed` get no probability.
///
/// Each probability is multiplied by an exponential of the span (exponential tilting): of all distributions with the
/// wanted mean it is the closest to the given one.
pub fn tilt_spans(logits: &mut [f32], allowed: impl Fn(usize) -> bool, span: impl Fn(usize) -> f32, times: f32) {
    mask(logits, allowed);
    let tilt = tilt_for(logits, &span, times);
    for (class, logit) in logits.iter_mut().enumerate() {
        *logit += tilt * span(class);
    }
}

/// The summand per tick of a span that makes the mean span `times` as large.
fn tilt_for(logits: &[f32], span: impl Fn(usize) -> f32, times: f32) -> f32 {
    /// The greatest part of the way from the mean to the longest span. At the end of that way only one class would be
    /// left.
    const FURTHEST: f32 = 0.95;
    /// The strongest shortening, per tick: an eighth becomes eighteen times as probable relative to a quarter.
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
