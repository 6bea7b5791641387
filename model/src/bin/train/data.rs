//! Tunes from folders, as a style sees them.

use segue_model::corpus::folder::{self, Corpus, Split, read_folders};
use segue_model::corpus::midi::{self, Voices};
use segue_model::training::Lessons;
use segue_model::training::pieces::Piece;
use segue_model::vocabulary::{TimeBase, Vocabulary};
use std::path::PathBuf;

/// Reads the folder and says what was refused.
pub fn lessons(data: &[PathBuf], vocabulary: &Vocabulary) -> anyhow::Result<Lessons> {
    let voices = if vocabulary.polyphony == 1 { Voices::Melody } else { Voices::All };
    let is_free = vocabulary.time_base == TimeBase::Free;
    let clock = if is_free { midi::Clock::Seconds } else { midi::Clock::Beats };
    let midi = midi::Reading { voices, clock, pedal: is_free, chords: vocabulary.chords };
    let reading = folder::Reading { midi, ..folder::Reading::default() };
    let Corpus { pieces, refused } = read_folders(data, reading, None)?;
    for reason in &refused {
        eprintln!("refused: {reason}");
    }
    let mut lessons = Lessons::default();
    for read in &pieces {
        let piece = Piece::of(&read.tune, vocabulary);
        match read.split {
            Split::Train => lessons.train.push(piece),
            Split::Valid => lessons.valid.push(piece),
            Split::Test => lessons.test.push(piece),
        }
    }
    println!(
        "{}: {} tunes to learn from, {} to validate, {} to test; {} refused",
        named(data),
        lessons.train.len(),
        lessons.valid.len(),
        lessons.test.len(),
        refused.len()
    );
    Ok(lessons)
}

pub fn named(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" and ")
}
