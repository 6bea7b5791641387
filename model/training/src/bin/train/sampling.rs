//! How a mind is to play, for all that lets it play.

use clap::Args;
use segue_model::sampling::Knobs;
use std::fmt;

/// As the plugin's parameters of the same names.
#[derive(Args)]
pub struct SamplingArguments {
    /// How far from the most probable note it may stray, 0.05 to 2.
    #[arg(long, default_value_t = 1.0)]
    pub temperature: f32,
    /// Only the most probable choices that together have this share are considered, above 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    pub top_p: f32,
    /// How often it is shown what was played before, 0 to 1.
    #[arg(long, default_value_t = 1.0)]
    pub memory: f32,
    /// Of all that is left to chance.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl SamplingArguments {
    pub fn knobs(&self) -> Knobs {
        let Self { temperature, top_p, memory, seed } = *self;
        Knobs { temperature, top_p, memory, seed, ..Knobs::default() }
    }
}

impl fmt::Display for SamplingArguments {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { temperature, top_p, memory, seed } = self;
        write!(out, "temperature {temperature}, top-p {top_p}, memory {memory}, seed {seed}")
    }
}
