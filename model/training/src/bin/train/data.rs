//! Reads folders of tunes for the subcommands.

use anyhow::bail;
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::{self, Corpus, Piece as Read, Split, read_folders};
use segue_corpus::midi::{self, Voices};
use segue_model::vocabulary::{TimeBase, Vocabulary};
use segue_training::Splits;
use segue_training::dataset::EncodedTune;
use std::path::PathBuf;

/// The default folder for what was read.
pub const CACHE: &str = "target/training/cache";

/// Where the tunes are.
#[derive(Args)]
pub struct DataArguments {
    /// A folder of tunes (.abc, .mid or solo tables). Its split.csv assigns files to train, valid and test; without
    /// one, a tenth each goes to valid and test. May be given more than once.
    #[arg(long, required = true)]
    pub data: Vec<PathBuf>,
    /// What was read is cached in this folder, so that the next start is faster.
    #[arg(long, default_value = CACHE)]
    pub cache: PathBuf,
    /// The track of each MIDI file that is read, from 1. Otherwise styles of single lines choose the most likely
    /// melody, and others read all tracks.
    #[arg(long)]
    pub track: Option<u16>,
    /// The channel of each MIDI file that is read, from 1.
    #[arg(long)]
    pub channel: Option<u8>,
}

impl DataArguments {
    /// Reads the tunes for a style with this vocabulary.
    pub fn read_for(&self, vocabulary: &Vocabulary) -> anyhow::Result<Corpus> {
        let voices = if vocabulary.polyphony == 1 { Voices::Melody } else { Voices::All };
        let is_free = vocabulary.time_base == TimeBase::Free;
        let clock = if is_free { midi::TickUnit::Seconds } else { midi::TickUnit::Beats };
        self.read(midi::MidiOptions { voices, clock, pedal: is_free, chords: vocabulary.chords })
    }

    /// Reads the tunes as melodies with chords.
    pub fn read_melodies(&self) -> anyhow::Result<Corpus> {
        self.read(midi::MidiOptions { voices: Voices::Melody, chords: true, ..midi::MidiOptions::default() })
    }

    /// Reads the tunes and reports the files that were refused.
    fn read(&self, midi: midi::MidiOptions) -> anyhow::Result<Corpus> {
        let (track, channel) = (self.track, self.channel);
        let is_chosen = track.is_some() || channel.is_some();
        let voices = if is_chosen { Voices::Chosen { track, channel } } else { midi.voices };
        let midi = midi::MidiOptions { voices, ..midi };
        let reading = folder::FolderOptions { midi, ..folder::FolderOptions::default() };
        let corpus = read_folders(&self.data, reading, Some(&self.cache))?;
        for reason in &corpus.refused {
            eprintln!("refused: {reason}");
        }
        for melody in &corpus.melodies {
            eprintln!("{melody}");
        }
        for skipped in &corpus.skipped {
            eprintln!("passed over: {skipped}");
        }
        eprint!("{}", corpus.summary());
        Ok(corpus)
    }

    /// Other folders, read in the same way.
    pub fn of_folders(&self, folders: &[PathBuf]) -> Self {
        Self { data: folders.to_vec(), cache: self.cache.clone(), ..*self }
    }

    /// The folders as one line of text.
    pub fn named(&self) -> String {
        self.data.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" and ")
    }

    /// The tunes of a split; never none.
    pub fn pieces<'corpus>(&self, corpus: &'corpus Corpus, split: Split) -> anyhow::Result<Vec<&'corpus Read>> {
        let pieces: Vec<&Read> = of_split(corpus, split).collect();
        if pieces.is_empty() {
            bail!("{}: no tune belongs to the split {split:?}; choose another --split", self.named());
        }
        Ok(pieces)
    }
}

fn of_split(corpus: &Corpus, split: Split) -> impl Iterator<Item = &Read> {
    corpus.pieces.iter().filter(move |piece| piece.split == split)
}

/// The tunes of the training split.
pub fn learnt(corpus: &Corpus) -> Vec<&Tune> {
    of_split(corpus, Split::Train).map(|piece| &piece.tune).collect()
}

/// Encodes the tunes of each split, and prints how many there are.
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

/// A split by name.
pub fn split(name: &str) -> Result<Split, String> {
    match name {
        "train" => Ok(Split::Train),
        "valid" => Ok(Split::Valid),
        "test" => Ok(Split::Test),
        other => Err(format!("there is no split {other:?}; use train, valid or test")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A track that is asked for is read in place of the melody, and a file without it is refused.
    #[test]
    fn a_track_or_channel_chooses_what_is_learnt() {
        let folder = tempfile::tempdir().unwrap();
        // A quarter of C5 in track 1 on channel 1, and of C3 in track 2 on channel 2.
        let track = |channel: u8, key: u8| {
            let events = [0, 0x90 | channel, key, 100, 96, 0x80 | channel, key, 0, 0, 0xff, 0x2f, 0];
            [&b"MTrk\0\0\0\x0c"[..], &events].concat()
        };
        let bytes = [b"MThd\0\0\0\x06\0\x01\0\x02\0\x60".to_vec(), track(0, 72), track(1, 48)].concat();
        std::fs::write(folder.path().join("two.mid"), bytes).unwrap();
        let read = |track, channel| {
            let cache = folder.path().join("cache");
            let source = DataArguments { data: vec![folder.path().to_owned()], cache, track, channel };
            source.read_melodies().map(|corpus| corpus.pieces[0].tune.notes[0].pitch.key())
        };
        assert_eq!(read(None, None).unwrap(), 72, "the melody");
        assert_eq!(read(Some(2), None).unwrap(), 48);
        assert_eq!(read(None, Some(2)).unwrap(), 48);
        assert_eq!(read(Some(1), None).unwrap(), 72);
        let refused = read(Some(3), None).unwrap_err().to_string();
        assert!(refused.contains("has no notes on the track and channel that were asked for"), "{refused}");
    }
}
