//! Generated continuations beside real ones, metric by metric, with confidence intervals.

use super::{METRICS, Metric, StyleMetrics};
use crate::statistics::mean;
use fastrand::Rng;
use serde::Serialize;
use std::fmt;

/// A mean with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean of the values.
    pub mean: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
}

impl Estimate {
    /// The mean with its percentile bootstrap interval ([Efron 1979](https://doi.org/10.1214/aos/1176344552)). The same
    /// seed gives the same interval; no values give `None`.
    pub fn of(values: &[f64], seed: u64) -> Option<Self> {
        const RESAMPLES: usize = 2_000;
        const OUTSIDE_EACH_END: usize = RESAMPLES / 40;
        if values.is_empty() {
            return None;
        }
        let mut rng = Rng::with_seed(seed);
        let mut resample = || mean((0..values.len()).map(|_| values[rng.usize(..values.len())]));
        let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
        means.sort_unstable_by(f64::total_cmp);
        let (low, high) = (means[OUTSIDE_EACH_END], means[RESAMPLES - 1 - OUTSIDE_EACH_END]);
        Some(Self { mean: mean(values.iter().copied()), low, high })
    }

    /// How far a value lies above the interval, or below it (negative); 0 inside.
    pub fn distance(self, value: f64) -> f64 {
        (value - self.high).max(0.0) + (value - self.low).min(0.0)
    }
}

/// The metrics of generated continuations beside those of real ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// In the order of [`METRICS`], without those that no continuation has.
    pub rows: Vec<ComparisonRow>,
}

/// One metric of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ComparisonRow {
    /// The name of the metric.
    pub name: &'static str,
    /// The unit of all numbers in the row; empty for a share.
    pub unit: &'static str,
    /// Whether generated continuations must lie inside the interval.
    pub required: bool,
    /// The real continuations.
    pub real: Estimate,
    /// The mean of the generated ones.
    pub generated: f64,
    /// How far the generated mean lies above the real interval, or below it (negative); 0 inside.
    pub distance: f64,
}

impl Comparison {
    /// Compares generated continuations with real ones. `seed` is the bootstrap's.
    pub fn of(real: &[StyleMetrics], generated: &[StyleMetrics], seed: u64) -> Self {
        let row = |figure: &Metric| {
            let values = |of: &[StyleMetrics]| of.iter().filter_map(figure.value).collect::<Vec<f64>>();
            let real = Estimate::of(&values(real), seed)?;
            let generated = values(generated);
            let middle = mean(generated.iter().copied());
            let Metric { name, unit, required, .. } = *figure;
            let row = ComparisonRow { name, unit, required, real, generated: middle, distance: real.distance(middle) };
            (!generated.is_empty()).then_some(row)
        };
        Self { rows: METRICS.iter().filter_map(row).collect() }
    }

    /// The metrics that must lie inside their interval and do not.
    pub fn missed(&self) -> impl Iterator<Item = &ComparisonRow> {
        self.rows.iter().filter(|row| row.required && row.distance != 0.0)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<40} {:>7}  {:^17} {:>9}", "(* required)", "real", "95 % interval", "generated")?;
        for row in &self.rows {
            let mark = if row.required { "*" } else { " " };
            let name = if row.unit.is_empty() { row.name.to_owned() } else { format!("{}, {}", row.name, row.unit) };
            let Estimate { mean, low, high } = row.real;
            write!(out, "{mark} {name:<38} {mean:>7.3}  [{low:>7.3},{high:>7.3}] {:>9.3}  ", row.generated)?;
            if row.distance == 0.0 {
                writeln!(out, "inside")?;
            } else {
                writeln!(out, "{:+.3}", row.distance)?;
            }
        }
        Ok(())
    }
}
