//! Measures weights on tunes that they have not seen.

use crate::data::{lessons, named};
use anyhow::bail;
use clap::Args;
use segue_model::mind::Mind;
use segue_model::training::evaluate;
use std::path::PathBuf;

#[derive(Args)]
pub struct Evaluate {
    /// The weights file.
    weights: PathBuf,
    /// The folder that the style was trained on; may be given more than once.
    #[arg(long, required = true)]
    data: Vec<PathBuf>,
    /// train, valid or test.
    #[arg(long, default_value = "test")]
    split: String,
}

pub fn measure(wish: &Evaluate) -> anyhow::Result<()> {
    let mind = Mind::from_file(&wish.weights)?;
    let lessons = lessons(&wish.data, mind.vocabulary())?;
    let pieces = match wish.split.as_str() {
        "train" => &lessons.train,
        "valid" => &lessons.valid,
        "test" => &lessons.test,
        other => bail!("there is no split {other:?}; say train, valid or test"),
    };
    if pieces.is_empty() {
        bail!("{}: no tune there is in the split {}", named(&wish.data), wish.split);
    }
    let chain = evaluate::markov(&lessons.train, mind.vocabulary());
    println!(
        "{}, {} split of {}: {}",
        mind.card().style,
        wish.split,
        named(&wish.data),
        evaluate::evaluate(&mind, pieces, &chain)
    );
    Ok(())
}
