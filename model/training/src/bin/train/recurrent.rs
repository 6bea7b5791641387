//! `train recurrent`: tests whether an LSTM that reads the notes can tell a model's continuations from real ones.

use crate::data::DataArguments;
use crate::sampling::SamplingArguments;
use clap::{Args, ValueEnum};
use segue_corpus::Tune;
use segue_corpus::folder::{Corpus, Split};
use segue_model::lstm::Model;
use segue_training::continuations::{CONTINUATION, PLACES, PROMPT};
use segue_training::recurrent_discriminator::{RecurrentTrial, Sight, TrialRequest};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Args)]
pub struct Recurrent {
    /// The weights file.
    weights: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    #[command(flatten)]
    playing: SamplingArguments,
    /// How many continuations of each kind it is asked about.
    #[arg(long, default_value_t = PLACES)]
    places: usize,
    /// How many continuations of each kind it learns from.
    #[arg(long, default_value_t = 2000)]
    learnt: usize,
    /// How often it sees each of them.
    #[arg(long, default_value_t = 5)]
    epochs: usize,
    /// How often all of it is done, with other seeds.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// The tunes that it is asked about: those of the test split, or, for tuning, those of the validation split, which
    /// it then does not learn from.
    #[arg(long, default_value = "test", value_enum)]
    asked: Asked,
    /// Does not show it which notes repeat earlier ones. It finds repeats by itself only after many more continuations.
    #[arg(long)]
    notes_only: bool,
    /// Tests the model only, without real against real and the Markov chain.
    #[arg(long)]
    model_only: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Asked {
    Test,
    Valid,
}

pub fn recurrent(arguments: &Recurrent) -> anyhow::Result<()> {
    let model = Arc::new(Model::from_file(&arguments.weights)?);
    let corpus = arguments.source.read_for(model.vocabulary())?;
    let (learnt, asked): (&[Split], &[Split]) = match arguments.asked {
        Asked::Test => (&[Split::Train, Split::Valid], &[Split::Test]),
        Asked::Valid => (&[Split::Train], &[Split::Valid]),
    };
    let request = TrialRequest {
        learnt: arguments.learnt,
        places: arguments.places,
        epochs: arguments.epochs,
        sight: if arguments.notes_only { Sight::Notes } else { Sight::NotesAndRepeats },
        parameters: arguments.playing.parameters(),
        seeds: arguments.seeds,
        has_controls: !arguments.model_only,
    };
    let trial = RecurrentTrial::of(&model, (&tunes(&corpus, learnt), &tunes(&corpus, asked)), &request);
    println!(
        "{}, {asked:?} of {}: {CONTINUATION} notes after {PROMPT}, {}; {} continuations learnt in {} epochs, {} asked",
        model.card().style,
        arguments.source.named(),
        arguments.playing,
        arguments.learnt,
        arguments.epochs,
        arguments.places
    );
    print!("{trial}");
    Ok(())
}

fn tunes<'corpus>(corpus: &'corpus Corpus, splits: &[Split]) -> Vec<(&'corpus str, &'corpus Tune)> {
    let of_splits = corpus.pieces.iter().filter(|piece| splits.contains(&piece.split));
    of_splits.map(|piece| (piece.source.as_str(), &piece.tune)).collect()
}
