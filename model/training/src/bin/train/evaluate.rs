//! `train evaluate`: measures how well a weights file predicts a split of its data.

use crate::data::{DataArguments, learnt, split};
use anyhow::bail;
use clap::Args;
use segue_corpus::folder::Split;
use segue_model::lstm::Model;
use segue_training::dataset::EncodedTune;
use segue_training::evaluate::{self, Likelihoods};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Evaluate {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// A folder that the style was also trained on: the Markov chain learns from it too, and its tunes are not
    /// measured. May be given more than once.
    #[arg(long)]
    learnt: Vec<PathBuf>,
    /// The split to measure: train, valid or test.
    #[arg(long, default_value = "test", value_parser = split)]
    split: Split,
    /// The same weights in full precision, to measure what half precision costs.
    #[arg(long)]
    full: Option<PathBuf>,
}

/// The most that half precision may change any likelihood, in nats per note.
const MOST_LOST: f64 = 0.005;

pub fn measure(arguments: &Evaluate) -> anyhow::Result<()> {
    let model = Model::from_file(&arguments.weights)?;
    let files: Vec<&Path> = std::iter::once(&arguments.weights).chain(&arguments.full).map(PathBuf::as_path).collect();
    let figures = figures(&files, &arguments.source, &arguments.learnt, arguments.split)?;
    let shipped = &figures[0];
    println!("{}, {:?} split of {}: {shipped}", model.card().style, arguments.split, arguments.source.named());
    let Some(full) = figures.get(1) else { return Ok(()) };
    let lost = shipped.differences(full);
    for (name, difference) in &lost {
        println!("  {name:<24} {difference:+.5} against full precision");
    }
    if let Some((name, _)) = lost.iter().find(|(_, difference)| difference.abs() >= MOST_LOST) {
        bail!(
            "half precision costs too much: {name} differs by {MOST_LOST} or more; ship full precision, or train again"
        );
    }
    println!("  every difference is below {MOST_LOST}");
    Ok(())
}

/// Measures weights files of one vocabulary on a split of `source`. The Markov chain learns from the training splits of
/// `source` and of the folders `also`.
pub fn figures(
    weights: &[&Path],
    source: &DataArguments,
    also: &[PathBuf],
    split: Split,
) -> anyhow::Result<Vec<Likelihoods>> {
    let models = weights.iter().map(|path| Model::from_file(path)).collect::<Result<Vec<Model>, _>>()?;
    let Some(vocabulary) = models.first().map(Model::vocabulary) else { return Ok(Vec::new()) };
    if models.iter().any(|model| model.vocabulary() != vocabulary) {
        bail!("the weights files have different vocabularies; compare files of one style");
    }
    let corpus = source.read_for(vocabulary)?;
    let also = match also {
        [] => None,
        folders => Some(source.of_folders(folders).read_for(vocabulary)?),
    };
    let tunes = std::iter::once(&corpus).chain(&also).flat_map(learnt);
    let train: Vec<EncodedTune> = tunes.map(|tune| EncodedTune::of(tune, vocabulary)).collect();
    let asked = source.pieces(&corpus, split)?;
    let asked: Vec<EncodedTune> = asked.iter().map(|read| EncodedTune::of(&read.tune, vocabulary)).collect();
    let chain = evaluate::markov(&train, vocabulary);
    Ok(models.iter().map(|model| evaluate::evaluate(model, &asked, &chain)).collect())
}
