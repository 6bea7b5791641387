//! Trains a style from tunes and measures it. The result is a weights file that `segue-model` plays.
//!
//! ```text
//! Tune → dataset → trainer (network, loss) → weights file → evaluate, rollout → two_sample_test
//! ```
//!
//! Every epoch ends with a checkpoint. A stopped training goes on from the last one and gives the same weights, to the
//! bit, as one that was never stopped. The plugin does not depend on this crate.

pub mod beginnings;
pub mod bias_search;
pub mod choice;
pub mod continuations;
pub mod curve;
pub mod dataset;
pub mod discriminator;
pub mod drift;
pub mod evaluate;
pub mod examples;
pub mod form;
mod loss;
pub mod markov;
pub mod ngram;
pub mod recurrent_discriminator;
pub mod rollout;
mod statistics;
pub mod style_metrics;
pub mod styles;
pub mod temperature_sweep;
mod trainer;
pub mod two_sample_test;
pub mod user_style;

use curve::Epoch;
use dataset::{EncodedTune, FeatureDropout};
use segue_model::network::Sizes;
use segue_model::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
pub use trainer::train;

/// The settings of one training run. A checkpoint stores them, and only the same plan may resume it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingPlan {
    /// The name of the style.
    pub style: String,
    /// A weights file to start from. Its vocabulary and sizes must be those of the plan. `None` starts from random
    /// weights.
    #[serde(default)]
    pub from: Option<PathBuf>,
    /// The classes of every note.
    pub vocabulary: Vocabulary,
    /// The size of the network.
    pub sizes: Sizes,
    /// The most passes through the training tunes.
    pub epochs: usize,
    /// Training stops after this many epochs without a lower validation loss.
    pub patience: usize,
    /// Tunes side by side in a batch.
    pub rows: usize,
    /// Notes of each tune in one optimiser step. Gradients do not reach further back.
    pub steps: usize,
    /// The highest learning rate of `AdamW`. The rate rises over the first steps, then falls along a cosine to zero at
    /// the last epoch.
    pub learning_rate: f64,
    /// The share of units that dropout silences, 0 to 1.
    pub dropout: f64,
    /// How often chords and look-back features are hidden.
    #[serde(alias = "silence")]
    pub feature_dropout: FeatureDropout,
    /// The weight of the duration loss; step and pitch have 1. Played durations are mostly noise, and the loss of what
    /// cannot be learnt must not crowd out the rest.
    pub duration_weight: f64,
    /// The weight of the velocity loss, for the same reason.
    pub velocity_weight: f64,
    /// Seeds the order of the tunes, transposition, dropout and the first weights.
    pub seed: u64,
    /// The data sets, for the weights file.
    pub data: Vec<String>,
    /// The licence of each entry of `data`.
    pub licences: Vec<String>,
}

/// The tunes of each split, encoded for the style.
#[derive(Debug, Default)]
pub struct Splits {
    /// The network learns from these.
    pub train: Vec<EncodedTune>,
    /// The loss on these decides when training stops, and which epoch is kept.
    pub valid: Vec<EncodedTune>,
    /// These are measured once, at the end.
    pub test: Vec<EncodedTune>,
}

/// The result of a training, as `summary.json`.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The settings.
    pub plan: TrainingPlan,
    /// The losses of each epoch.
    pub epochs: Vec<Epoch>,
    /// The epoch whose weights were kept, counted from 1.
    pub best: usize,
    /// The shipped half-precision weights on the test split.
    pub test: evaluate::Likelihoods,
    /// The full-precision weights on the test split.
    pub test_full_precision: evaluate::Likelihoods,
}
