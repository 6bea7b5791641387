//! `train form`: prints which bars of tunes repeat which, and how well a model of that predicts other tunes.

use crate::data::{DataArguments, learnt};
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::Split;
use segue_training::form::{FormLikelihood, FormShares, train};

#[derive(Args)]
pub struct FormArguments {
    #[command(flatten)]
    source: DataArguments,
    /// Also prints the lag of every bar of this many validation tunes.
    #[arg(long, default_value_t = 0)]
    tunes: usize,
}

pub fn form(arguments: &FormArguments) -> anyhow::Result<()> {
    let corpus = arguments.source.read_melodies()?;
    let learnt = learnt(&corpus);
    let valid = arguments.source.pieces(&corpus, Split::Valid)?;
    let valid: Vec<&Tune> = valid.iter().map(|piece| &piece.tune).collect();
    println!("{}, training tunes: {}", arguments.source.named(), FormShares::of(&learnt));
    let model = train(&learnt);
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
    Ok(())
}
