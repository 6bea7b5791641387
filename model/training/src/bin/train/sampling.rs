//! The sampling parameters on the command line.

use clap::Args;
use segue_model::sampling::SamplingParameters;
use std::fmt;

/// They have the names of the plugin's parameters.
#[derive(Args)]
pub struct SamplingArguments {
    /// The sampling temperature, 0.05 (the most probable note) to 2.
    #[arg(long, default_value_t = 1.0)]
    pub temperature: f32,
    /// Top-p: sample only from the most probable classes with this total probability, above 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    pub top_p: f32,
    /// How often the model sees what was played before, 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    pub memory: f32,
    /// The seed of all random choices.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl SamplingArguments {
    pub fn parameters(&self) -> SamplingParameters {
        let Self { temperature, top_p, memory, seed } = *self;
        SamplingParameters { temperature, top_p, memory, seed, ..SamplingParameters::default() }
    }
}

impl fmt::Display for SamplingArguments {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { temperature, top_p, memory, seed } = self;
        write!(out, "temperature {temperature}, top-p {top_p}, memory {memory}, seed {seed}")
    }
}
