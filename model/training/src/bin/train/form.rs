//! `train form`: prints which bars of tunes repeat which, and how well a model of that predicts other tunes.

use crate::data::{DataArguments, learnt};
use anyhow::Context;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::{Corpus, Split};
use segue_model::weights;
use segue_training::form::{FormLikelihood, FormShares, count_lags, refitted};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct FormArguments {
    #[command(flatten)]
    source: DataArguments,
    /// Also prints the lag of every bar of this many validation tunes.
    #[arg(long, default_value_t = 0)]
    tunes: usize,
    /// A weights file. Its form model is counted again, and how closely it follows a repeat.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Where to write the weights [default: over the weights file].
    #[arg(long, requires = "weights")]
    out: Option<PathBuf>,
}

pub fn form(arguments: &FormArguments) -> anyhow::Result<()> {
    let corpus = arguments.source.read_melodies()?;
    let learnt = learnt(&corpus);
    let valid = arguments.source.pieces(&corpus, Split::Valid)?;
    let valid: Vec<&Tune> = valid.iter().map(|piece| &piece.tune).collect();
    println!("{}, training tunes: {}", arguments.source.named(), FormShares::of(&learnt));
    let model = count_lags(&learnt);
    println!("{} contexts in {} bytes", model.len(), model.to_bytes().len());
    print!("validation tunes, {}", FormLikelihood::of(&model, &valid));
    for tune in valid.iter().take(arguments.tunes) {
        let labels = segue_model::form::label(&tune.notes, |moment| tune.bars_at(moment));
        let lags: Vec<String> = labels
            .iter()
            .map(|bar| match bar.transposed {
                0 => bar.lag.to_string(),
                by => format!("{}{by:+}", bar.lag),
            })
            .collect();
        println!("{}: {}", tune.title, lags.join(" "));
    }
    if let Some(path) = &arguments.weights {
        let vocabulary = weights::card_of(path)?.vocabulary;
        let corpus = arguments.source.read_for(&vocabulary)?;
        write(path, &corpus, arguments.out.as_ref().unwrap_or(path))?;
    }
    Ok(())
}

/// Writes the weights with a form model of the tunes, if they have a form.
pub fn write(weights: &Path, corpus: &Corpus, out: &Path) -> anyhow::Result<()> {
    let valid: Vec<&Tune> =
        corpus.pieces.iter().filter(|piece| piece.split == Split::Valid).map(|piece| &piece.tune).collect();
    let (bytes, form) = refitted(weights, &learnt(corpus), &valid)?;
    match form {
        Some(form) => println!(
            "form model: {} contexts; a line follows a repeat with {:.0} to {:.0} % certainty",
            form.lags.len(),
            100.0 * form.rates.pitch[1],
            100.0 * form.rates.pitch[4]
        ),
        None => println!("no form model: the tunes hardly return to what they played, or have no bars"),
    }
    std::fs::write(out, bytes).with_context(|| format!("{}: cannot be written", out.display()))
}
