//! Reading a folder of music, split into what is learnt from and what is only measured on.

use super::abc::{Book, read_book};
use super::midi::{self, read_midi};
use super::{Refused, Tune};
use crate::note::Note;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What a tune is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from.
    Train,
    /// To decide by while learning.
    #[serde(alias = "validation")]
    Valid,
    /// To report on at the end.
    Test,
}

/// What a folder held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corpus {
    /// In the order of `split.csv`, or else of the paths.
    pub pieces: Vec<Piece>,
    /// What was passed over, and why.
    pub refused: Vec<Refused>,
}

/// A tune with where it comes from and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is for.
    pub split: Split,
    /// Its file below the folder, and its number in a book: `cobb.abc#12`.
    pub source: String,
    /// The music.
    pub tune: Tune,
}

/// How the files of a folder are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// For `.mid` files.
    pub midi: midi::Reading,
    /// Where `split.csv` names the same music as `file` and as `abc_file` with `x`, read the latter: it has chord
    /// symbols.
    pub prefer_abc: bool,
}

/// Why a folder gave nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum FolderError {
    #[error("{path}: there is no such folder")]
    Missing { path: String },
    #[error("{path}: cannot be read ({source})")]
    Unreadable { path: String, source: std::io::Error },
    #[error("{path}: no .abc, .mid or .midi file is in it")]
    Empty { path: String },
    #[error("{path}: not one tune in it could be read; the first reason: {first}")]
    NothingRead { path: String, first: Refused },
    #[error("{path}: is not a table with the columns file and split ({reason})")]
    BadTable { path: String, reason: String },
}

const TABLE: &str = "split.csv";

/// Reads the music that the folder's `split.csv` lists; without one, every `.abc`, `.mid` and `.midi` file below the
/// folder, split 80 / 10 / 10 by its melody, so that the same tune in two files is on one side.
///
/// # Errors
/// When the folder is not there or holds nothing to learn from. Single files and tunes that are wrong are no error:
/// see [`Corpus::refused`].
pub fn read_folder(folder: &Path, reading: Reading) -> Result<Corpus, FolderError> {
    let path = || folder.display().to_string();
    if !folder.is_dir() {
        return Err(FolderError::Missing { path: path() });
    }
    let mut reader = Reader { folder, reading, books: HashMap::new(), corpus: Corpus::default() };
    let table = folder.join(TABLE);
    if table.is_file() {
        for row in rows(&table)? {
            reader.row(&row);
        }
    } else {
        let files = music_below(folder).map_err(|source| FolderError::Unreadable { path: path(), source })?;
        for file in files {
            reader.file(&file);
        }
    }
    let corpus = reader.corpus;
    match corpus.refused.first() {
        _ if !corpus.pieces.is_empty() => Ok(corpus),
        Some(first) => Err(FolderError::NothingRead { path: path(), first: first.clone() }),
        None => Err(FolderError::Empty { path: path() }),
    }
}

/// One row of `split.csv`. Other columns are ignored.
#[derive(Debug, Deserialize)]
struct Row {
    file: String,
    split: Split,
    x: Option<u32>,
    abc_file: Option<String>,
    /// `no` where the table knows of music that the folder does not have.
    present: Option<String>,
}

fn rows(table: &Path) -> Result<Vec<Row>, FolderError> {
    let bad =
        |error: csv::Error| FolderError::BadTable { path: table.display().to_string(), reason: error.to_string() };
    csv::Reader::from_path(table).map_err(bad)?.deserialize().collect::<Result<_, _>>().map_err(bad)
}

struct Reader<'a> {
    folder: &'a Path,
    reading: Reading,
    /// Each book is read once, for all of its rows; tunes by their numbers.
    books: HashMap<String, HashMap<u32, Tune>>,
    corpus: Corpus,
}

impl Reader<'_> {
    fn row(&mut self, row: &Row) {
        if row.present.as_deref() == Some("no") {
            return;
        }
        let book = row.abc_file.as_ref().filter(|_| self.reading.prefer_abc).unwrap_or(&row.file);
        if is_abc(Path::new(book)) {
            self.tune_of_book(book, row);
        } else {
            match read_midi(&self.folder.join(&row.file), self.reading.midi) {
                Ok(tune) => self.take(row.split, row.file.clone(), tune),
                Err(error) => self.refuse(&row.file, None, &error),
            }
        }
    }

    fn tune_of_book(&mut self, file: &str, row: &Row) {
        if !self.books.contains_key(file) {
            let book = self.book(file);
            // Of several tunes with one number the first is meant.
            let mut tunes = HashMap::new();
            for (number, tune) in book.tunes {
                tunes.entry(number.unwrap_or(0)).or_insert(tune);
            }
            self.books.insert(file.to_owned(), tunes);
        }
        let number = row.x.unwrap_or(0);
        let tune = self.books.get_mut(file).and_then(|tunes| tunes.remove(&number));
        let was_refused = self.corpus.refused.iter().any(|refused| {
            Path::new(&refused.path) == self.folder.join(file) && refused.tune.is_none_or(|tune| tune == number)
        });
        match tune {
            Some(tune) => self.take(row.split, format!("{file}#{number}"), tune),
            None if was_refused => {}
            None => self.corpus.refused.push(Refused {
                path: self.folder.join(file).display().to_string(),
                tune: row.x,
                line: None,
                reason: format!("{TABLE} lists it, but it is not there"),
            }),
        }
    }

    /// A book's tunes; its refusals go to the corpus.
    fn book(&mut self, file: &str) -> Book {
        let mut book = read_book(&self.folder.join(file))
            .unwrap_or_else(|refused| Book { tunes: Vec::new(), refused: vec![refused] });
        self.corpus.refused.append(&mut book.refused);
        book
    }

    /// A file that no table lists.
    fn file(&mut self, path: &Path) {
        let name = path.strip_prefix(self.folder).unwrap_or(path).display().to_string();
        if is_abc(path) {
            for (number, tune) in self.book(&name).tunes {
                let source = number.map_or_else(|| name.clone(), |number| format!("{name}#{number}"));
                self.take(split_by_melody(&tune.notes), source, tune);
            }
            return;
        }
        match read_midi(path, self.reading.midi) {
            Ok(tune) => self.take(split_by_melody(&tune.notes), name, tune),
            Err(error) => self.refuse(&name, None, &error),
        }
    }

    fn take(&mut self, split: Split, source: String, tune: Tune) {
        self.corpus.pieces.push(Piece { split, source, tune });
    }

    fn refuse(&mut self, file: &str, tune: Option<u32>, error: &midi::MidiError) {
        let path = self.folder.join(file).display().to_string();
        // The error's sentence begins with the path, which the refusal says itself.
        let sentence = error.to_string();
        let reason = sentence.strip_prefix(&format!("{path}: ")).unwrap_or(&sentence).to_owned();
        self.corpus.refused.push(Refused { path, tune, line: None, reason });
    }
}

/// Music files below a folder, in the order of their paths. Links to folders are not followed, so this ends.
fn music_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if is_abc(&path) || has_extension(&path, "mid") || has_extension(&path, "midi") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_abc(path: &Path) -> bool {
    has_extension(path, "abc")
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// Eight parts in ten to learn from. The same beginning, in any key, always comes to the same side.
fn split_by_melody(notes: &[Note]) -> Split {
    match melody_hash(notes) % 10 {
        0..=7 => Split::Train,
        8 => Split::Valid,
        _ => Split::Test,
    }
}

/// A hash (FNV-1a) of the first intervals of the upper voice, which is the same on every machine and for ever.
fn melody_hash(notes: &[Note]) -> u64 {
    const INTERVALS: usize = 32;
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let melody: Vec<i16> = notes
        .chunk_by(|one, next| one.onset == next.onset)
        .filter_map(|chord| chord.iter().map(|note| i16::from(note.pitch.key())).max())
        .take(INTERVALS + 1)
        .collect();
    let intervals = melody.windows(2).flat_map(|pair| (pair[1] - pair[0]).to_le_bytes());
    intervals.fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests;
