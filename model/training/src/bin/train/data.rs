//! Tunes from folders, as a style sees them.

use anyhow::bail;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::{self, Corpus, Piece as Read, Split, read_folders};
use segue_corpus::midi::{self, Voices};
use segue_model::vocabulary::{TimeBase, Vocabulary};
use segue_training::Splits;
use segue_training::dataset::EncodedTune;
use std::path::PathBuf;

/// Where what was read is kept unless told otherwise.
pub const CACHE: &str = "target/training/cache";

/// Where tunes are.
#[derive(Args)]
pub struct DataArguments {
    /// The folder with the tunes (.abc, .mid, tables of solos); its split.csv says what is for training, validation and
    /// test, else a tenth each is kept for the last two. May be given more than once.
    #[arg(long, required = true)]
    pub data: Vec<PathBuf>,
    /// What was read is kept in this folder, so that the next start is quicker.
    #[arg(long, default_value = CACHE)]
    pub cache: PathBuf,
}

impl DataArguments {
    /// As a style with this vocabulary reads it.
    pub fn read_for(&self, vocabulary: &Vocabulary) -> anyhow::Result<Corpus> {
        let voices = if vocabulary.polyphony == 1 { Voices::Melody } else { Voices::All };
        let is_free = vocabulary.time_base == TimeBase::Free;
        let clock = if is_free { midi::Clock::Seconds } else { midi::Clock::Beats };
        self.read(midi::Reading { voices, clock, pedal: is_free, chords: vocabulary.chords })
    }

    /// As melodies with all that may go with them.
    pub fn read_melodies(&self) -> anyhow::Result<Corpus> {
        self.read(midi::Reading { voices: Voices::Melody, chords: true, ..midi::Reading::default() })
    }

    /// Says what was refused.
    fn read(&self, midi: midi::Reading) -> anyhow::Result<Corpus> {
        let reading = folder::Reading { midi, ..folder::Reading::default() };
        let corpus = read_folders(&self.data, reading, Some(&self.cache))?;
        for reason in &corpus.refused {
            eprintln!("refused: {reason}");
        }
        Ok(corpus)
    }

    /// The folders in one line.
    pub fn named(&self) -> String {
        self.data.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" and ")
    }

    /// The tunes of a split, which are some.
    pub fn pieces<'corpus>(&self, corpus: &'corpus Corpus, split: Split) -> anyhow::Result<Vec<&'corpus Read>> {
        let pieces: Vec<&Read> = of_split(corpus, split).collect();
        if pieces.is_empty() {
            bail!("{}: no tune there is in the split {split:?}", self.named());
        }
        Ok(pieces)
    }
}

fn of_split(corpus: &Corpus, split: Split) -> impl Iterator<Item = &Read> {
    corpus.pieces.iter().filter(move |piece| piece.split == split)
}

/// The tunes that are learnt from.
pub fn learnt(corpus: &Corpus) -> Vec<&Tune> {
    of_split(corpus, Split::Train).map(|piece| &piece.tune).collect()
}

/// The tunes as splits, with a line that says how many.
pub fn splits(source: &DataArguments, corpus: &Corpus, vocabulary: &Vocabulary) -> Splits {
    let pieces =
        |split| of_split(corpus, split).map(|read| EncodedTune::of(&read.tune, vocabulary)).collect::<Vec<_>>();
    let splits = Splits { train: pieces(Split::Train), valid: pieces(Split::Valid), test: pieces(Split::Test) };
    println!(
        "{}: {} tunes to learn from, {} to validate, {} to test; {} refused",
        source.named(),
        splits.train.len(),
        splits.valid.len(),
        splits.test.len(),
        corpus.refused.len()
    );
    splits
}

/// A split by its name.
pub fn split(name: &str) -> Result<Split, String> {
    match name {
        "train" => Ok(Split::Train),
        "valid" => Ok(Split::Valid),
        "test" => Ok(Split::Test),
        other => Err(format!("there is no split {other:?}; say train, valid or test")),
    }
}
