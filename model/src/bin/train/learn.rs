//! Learns a style.

use crate::data::lessons;
use anyhow::{Context, bail};
use clap::Args;
use segue_model::training::{styles, train};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Args)]
pub struct Train {
    /// What the style is called; `irish` is a style that ships, any other name is your own.
    #[arg(long)]
    style: String,
    /// The folder with the tunes; its split.csv says what to train on, else a tenth each is kept for validation and
    /// test. May be given more than once.
    #[arg(long, required = true)]
    data: Vec<PathBuf>,
    /// Where the weights go [default: STYLE.segue in the working folder].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where checkpoints, loss.png and summary.json are kept [default: target/training/STYLE].
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Forgets the checkpoint and begins anew.
    #[arg(long)]
    fresh: bool,
    /// Passes through the tunes, at most.
    #[arg(long)]
    epochs: Option<usize>,
    /// Epochs without improvement after which training stops.
    #[arg(long)]
    patience: Option<usize>,
    /// Tunes side by side in one optimizer step.
    #[arg(long)]
    rows: Option<usize>,
    /// Notes of each in one optimizer step.
    #[arg(long)]
    steps: Option<usize>,
    /// The highest learning rate.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// The share of units silenced in training, 0 to 1.
    #[arg(long)]
    dropout: Option<f64>,
    /// LSTM layers.
    #[arg(long)]
    layers: Option<usize>,
    /// Units of each layer.
    #[arg(long)]
    hidden: Option<usize>,
    /// Of all that is left to chance.
    #[arg(long)]
    seed: Option<u64>,
}

pub fn learn(wish: &Train) -> anyhow::Result<()> {
    let mut plan = styles::plan(&wish.style);
    plan.epochs = wish.epochs.unwrap_or(plan.epochs);
    plan.patience = wish.patience.unwrap_or(plan.patience);
    plan.rows = wish.rows.unwrap_or(plan.rows);
    plan.steps = wish.steps.unwrap_or(plan.steps);
    plan.learning_rate = wish.learning_rate.unwrap_or(plan.learning_rate);
    plan.dropout = wish.dropout.unwrap_or(plan.dropout);
    plan.sizes.layers = wish.layers.unwrap_or(plan.sizes.layers);
    plan.sizes.hidden = wish.hidden.unwrap_or(plan.sizes.hidden);
    plan.seed = wish.seed.unwrap_or(plan.seed);
    if let Some(fault) = plan.sizes.fault() {
        bail!("no such network can be made: {fault}");
    }
    if plan.rows == 0 || plan.steps == 0 || plan.epochs == 0 || !(0.0..1.0).contains(&plan.dropout) {
        bail!("rows, steps and epochs begin at 1, and dropout lies between 0 and 1");
    }
    let lessons = lessons(&wish.data, &plan.vocabulary)?;
    let folder = wish.folder.clone().unwrap_or_else(|| Path::new("target/training").join(&wish.style));
    let out = wish.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.segue", wish.style)));
    if wish.fresh && folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("{}: cannot be removed", folder.display()))?;
    }
    let summary = train(&plan, &lessons, &folder, &out, &commit())?;
    println!("best after epoch {} of {}", summary.best, summary.epochs.len());
    println!("on the test split, with the weights in half precision: {}", summary.test);
    println!("{}: the weights; {}: loss.png and summary.json", out.display(), folder.display());
    Ok(())
}

/// Of this program, for the weights' provenance.
fn commit() -> String {
    let asked = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    let answer = asked.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    answer.and_then(|text| String::from_utf8(text).ok()).map_or_else(|| "unknown".into(), |text| text.trim().to_owned())
}
