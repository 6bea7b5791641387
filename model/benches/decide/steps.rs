//! The LSTM step in several sizes, in half and in single precision, beside a loop that only reads as many numbers.
//!
//! All of one size take turns, so whatever else the machine does meets all of them.

use multiversion::multiversion;
use segue_model::card::{ModelCard, Provenance};
use segue_model::lookback::LookBackFeatures;
use segue_model::lstm::{InferenceBuffers, Model, ModelState};
use segue_model::network::{Network, Sizes};
use segue_model::vocabulary::{Tokens, Vocabulary};
use segue_model::weights;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Layers and units of each.
const SIZES: [(usize, usize); 5] = [(1, 128), (1, 256), (1, 512), (2, 256), (3, 512)];
/// Turns of each, with warm caches. In each turn the first step warms them, and the others are measured.
const TURNS: usize = 100;
/// Steps in a turn.
const STEPS: usize = 20;
/// Turns of each after the caches were swept.
const COLD_TURNS: usize = 60;
/// Bytes that are written to sweep the caches: more than a core's own, and more than its share of the last one.
const SWEPT: usize = 128 << 20;

/// Gates of a unit, each with weights of its own.
const GATES: usize = 4;

/// A model, and what a step of it needs.
struct Stepper {
    model: Model,
    state: ModelState,
    buffers: InferenceBuffers,
}

impl Stepper {
    fn new(sizes: Sizes, is_half: bool) -> Result<Self, String> {
        let vocabulary = Vocabulary::dance();
        let network = Network::seeded(&vocabulary, sizes, 0);
        let card = ModelCard::new("random", vocabulary, sizes, Provenance::default());
        let bytes = weights::to_bytes(&card, &network, None, is_half)?;
        let model = Model::from_bytes(&bytes, "random").map_err(|error| error.to_string())?;
        let state = model.initial_state();
        Ok(Self { model, state, buffers: InferenceBuffers::default() })
    }

    fn step(&mut self) {
        self.model.step(Tokens::default(), LookBackFeatures::default(), &mut self.state, &mut self.buffers);
    }
}

/// Prints a line for each size.
///
/// # Errors
/// When a model cannot be made.
pub fn print_table() -> Result<(), String> {
    println!("\nthe LSTM step, medians in µs (99th percentiles); “reads” adds up as many single numbers");
    let [single, part, cold] = ["single", "half/single", "cold: half"];
    println!("size      {:<16} {single:<16} {:<16} {part:<12} half/reads  {cold:<11} single  ratio", "half", "reads");
    let mut swept = vec![0_u8; SWEPT];
    for (layers, hidden) in SIZES {
        let sizes = Sizes { layers, hidden, ..Sizes::default() };
        let (mut half, mut single) = (Stepper::new(sizes, true)?, Stepper::new(sizes, false)?);
        let read = vec![1.0_f32; GATES * hidden * hidden * (2 * layers - 1)];
        let mut times: [Vec<Duration>; 3] = Default::default();
        for _ in 0..TURNS {
            let turn = |times: &mut Vec<Duration>, round: &mut dyn FnMut()| {
                round();
                times.extend((1..STEPS).map(|_| time(round)));
            };
            let [of_half, of_single, of_reads] = &mut times;
            turn(of_half, &mut || half.step());
            turn(of_single, &mut || single.step());
            turn(of_reads, &mut || {
                black_box(sum(black_box(&read)));
            });
        }
        let mut cold: [Vec<Duration>; 2] = Default::default();
        for turn in 0..COLD_TURNS {
            let mut sweep = || swept.iter_mut().for_each(|byte| *byte = byte.wrapping_add(u8::from(turn % 2 == 0)));
            let [of_half, of_single] = &mut cold;
            sweep();
            of_half.push(time(&mut || half.step()));
            sweep();
            of_single.push(time(&mut || single.step()));
        }
        black_box(&swept);
        let [half, single, reads] = times.map(Percentiles::of);
        let [cold_half, cold_single] = cold.map(Percentiles::of);
        println!(
            "{layers} × {hidden}   {half:<16} {single:<16} {reads:<16} {:<12.2} {:<11.2} {:<11.1} {:<7.1} {:.2}",
            half.median / single.median,
            half.median / reads.median,
            cold_half.median,
            cold_single.median,
            cold_half.median / cold_single.median,
        );
    }
    Ok(())
}

fn time(round: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    round();
    start.elapsed()
}

/// In microseconds.
struct Percentiles {
    median: f64,
    late: f64,
}

impl Percentiles {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e6;
        Self { median: at(50), late: at(99) }
    }
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(&format!("{:.1} ({:.1})", self.median, self.late))
    }
}

/// Adds numbers up in as many sums side by side as the step does.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2", "x86_64+avx"))]
fn sum(numbers: &[f32]) -> f32 {
    let mut sums = [0.0; 64];
    for chunk in numbers.chunks_exact(sums.len()) {
        for (sum, number) in sums.iter_mut().zip(chunk) {
            *sum += number;
        }
    }
    sums.iter().sum()
}
