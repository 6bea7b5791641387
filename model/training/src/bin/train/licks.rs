//! Learns the licks anew of weights that were trained before; the network stays as it is.

use crate::data::{Source, learnt, lessons};
use anyhow::Context;
use clap::Args;
use segue_model::weights;
use segue_training::licks::renewed;
use segue_training::pieces::Piece;
use std::path::PathBuf;

#[derive(Args)]
pub struct Licks {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: Source,
    /// A folder whose licks are learnt too, but by whose tunes it is not tuned how far they are believed. May be given
    /// more than once.
    #[arg(long)]
    learnt: Vec<PathBuf>,
    /// Where the weights go [default: back to where they were].
    #[arg(long)]
    out: Option<PathBuf>,
}

pub fn renew(wish: &Licks) -> anyhow::Result<()> {
    let vocabulary = weights::card_of(&wish.weights)?.vocabulary;
    let mut lessons = lessons(&wish.source, &wish.source.read_for(&vocabulary)?, &vocabulary);
    if !wish.learnt.is_empty() {
        let also = Source { data: wish.learnt.clone(), cache: wish.source.cache.clone() }.read_for(&vocabulary)?;
        lessons.train.extend(learnt(&also).into_iter().map(|tune| Piece::of(tune, &vocabulary)));
    }
    let (bytes, figures) = renewed(&wish.weights, &lessons)?;
    let out = wish.out.as_ref().unwrap_or(&wish.weights);
    std::fs::write(out, bytes).with_context(|| format!("{}: cannot be written", out.display()))?;
    println!("on the test split: {figures}{}: the weights", out.display());
    Ok(())
}
