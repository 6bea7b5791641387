//! `train ngram`: retrains the n-gram model of a weights file. The network stays as it is.

use crate::data::{DataArguments, learnt, splits};
use anyhow::Context;
use clap::Args;
use segue_model::weights;
use segue_training::dataset::EncodedTune;
use segue_training::ngram::retrained;
use std::path::PathBuf;

#[derive(Args)]
pub struct Ngram {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// A folder whose tunes are counted too, but do not tune the mixing weights. May be given more than once.
    #[arg(long)]
    learnt: Vec<PathBuf>,
    /// Where to write the weights [default: over the weights file].
    #[arg(long)]
    out: Option<PathBuf>,
}

pub fn retrain(arguments: &Ngram) -> anyhow::Result<()> {
    let vocabulary = weights::card_of(&arguments.weights)?.vocabulary;
    let mut splits = splits(&arguments.source, &arguments.source.read_for(&vocabulary)?, &vocabulary);
    if !arguments.learnt.is_empty() {
        let also = arguments.source.of_folders(&arguments.learnt).read_for(&vocabulary)?;
        splits.train.extend(learnt(&also).into_iter().map(|tune| EncodedTune::of(tune, &vocabulary)));
    }
    let (bytes, figures) = retrained(&arguments.weights, &splits)?;
    let out = arguments.out.as_ref().unwrap_or(&arguments.weights);
    std::fs::write(out, bytes).with_context(|| format!("{}: cannot be written", out.display()))?;
    println!("on the test split: {figures}{}: the weights", out.display());
    Ok(())
}
