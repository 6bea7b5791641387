//! Learns the licks anew of weights that were trained before; the network stays as it is.

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
    /// A folder whose licks are learnt too, but by whose tunes it is not tuned how far they are believed. May be given
    /// more than once.
    #[arg(long)]
    learnt: Vec<PathBuf>,
    /// Where the weights go [default: back to where they were].
    #[arg(long)]
    out: Option<PathBuf>,
}

pub fn renew(wish: &Ngram) -> anyhow::Result<()> {
    let vocabulary = weights::card_of(&wish.weights)?.vocabulary;
    let mut splits = splits(&wish.source, &wish.source.read_for(&vocabulary)?, &vocabulary);
    if !wish.learnt.is_empty() {
        let also =
            DataArguments { data: wish.learnt.clone(), cache: wish.source.cache.clone() }.read_for(&vocabulary)?;
        splits.train.extend(learnt(&also).into_iter().map(|tune| EncodedTune::of(tune, &vocabulary)));
    }
    let (bytes, figures) = retrained(&wish.weights, &splits)?;
    let out = wish.out.as_ref().unwrap_or(&wish.weights);
    std::fs::write(out, bytes).with_context(|| format!("{}: cannot be written", out.display()))?;
    println!("on the test split: {figures}{}: the weights", out.display());
    Ok(())
}
