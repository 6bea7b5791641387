//! The cost of one note on one core, with the shipped sizes: hearing it, deciding it, and the same LSTM in burn.
//!
//! `cargo xtask bench`. The times are medians. The ratios count, because all are measured in one run.

mod steps;

use burn::nn::LstmConfig;
use burn::tensor::{Device, Tensor};
use segue_model::improviser::{Begin, DecisionRequest, HeardKey, Improviser};
use segue_model::lookback::LookBackFeatures;
use segue_model::lstm::{InferenceBuffers, Model};
use segue_model::network::Sizes;
use segue_model::note::{Bars, Metre, Pitch, Ticks, Velocity};
use segue_model::sampling::SamplingParameters;
use segue_model::vocabulary::{Tokens, Vocabulary};
use segue_model::weights::WeightsError;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 5_000;

fn main() {
    let sizes = Sizes::default();
    let model = Arc::new(Model::random(Vocabulary::dance(), sizes));
    println!("{} layers of {} units; medians and 99th percentiles of {ROUNDS} rounds", sizes.layers, sizes.hidden);

    let decided = measure_decisions("a decided note, everything", Arc::clone(&model));
    for style in ["jazz", "folk"] {
        if let Err(reason) = measure_style(style) {
            println!("{reason}");
        }
    }

    let (mut state, mut buffers) = (model.initial_state(), InferenceBuffers::default());
    let step = measure("its LSTM step alone", || {
        model.step(Tokens::default(), LookBackFeatures::default(), &mut state, &mut buffers);
    });

    let device = Device::flex();
    let lstm = |input| LstmConfig::new(input, sizes.hidden, true).init(&device);
    let (first, second) = (lstm(sizes.event), lstm(sizes.hidden));
    let input = Tensor::<3>::zeros([1, 1, sizes.event], &device);
    let (mut below, mut above) = (None, None);
    let burn = measure("burn::nn::Lstm, the same step", || {
        let (middle, state) = first.forward(input.clone(), below.take());
        below = Some(state);
        let (_, state) = second.forward(middle, above.take());
        above = Some(state);
    });
    println!("burn's step takes {:.2} times as long as ours", ratio(burn, step));
    println!("a decided note takes {:.2} times as long as burn's step alone", ratio(decided, burn));
    if let Err(reason) = steps::print_table() {
        println!("{reason}");
    }
}

/// Measures a decided note of a shipped style, then without what it knows besides its network.
fn measure_style(style: &str) -> Result<(), WeightsError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../presets/{style}.segue"));
    let model = Model::from_file(&path)?;
    measure_decisions(&format!("the same by {style}"), Arc::new(model.clone()));
    let without_form = model.with_form(None);
    measure_decisions("  without form", Arc::new(without_form.clone()));
    let without_drift = without_form.with_drift(None);
    measure_decisions("  without the correction of drift", Arc::new(without_drift.clone()));
    measure_decisions("  without n-grams", Arc::new(without_drift.with_ngram(None)));
    Ok(())
}

/// Measures a decided note, after one heard note.
fn measure_decisions(name: &str, model: Arc<Model>) -> Duration {
    let mut improviser = Improviser::new(model);
    let bars = Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON });
    let pitch = Pitch::try_from(62).unwrap_or(Pitch::MAX);
    let onset = Ticks::ZERO;
    improviser.hear(HeardKey { bars, together: Ticks(3), ..HeardKey::new(0, onset, pitch, Velocity::DEFAULT) });
    let begin = Begin::NotBefore(onset);
    let request = DecisionRequest { bars, ..DecisionRequest::new(begin, SamplingParameters::default()) };
    measure(name, || {
        black_box(improviser.decide(&request));
    })
}

/// Runs a round many times, prints the percentiles, and returns the median.
fn measure(name: &str, mut round: impl FnMut()) -> Duration {
    for _ in 0..ROUNDS / 10 {
        round();
    }
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let (median, late) = (times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
    println!("{name:<36} {:>8.1} µs {:>8.1} µs", micros(median), micros(late));
    median
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
