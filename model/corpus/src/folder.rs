//! Reads a folder of music, split into tunes to learn from and tunes that are only measured.

mod cache;
mod summary;
mod table;

use super::abc::{Book, read_book};
use super::midi::{self, read_pieces};
use super::solos::{self, read_solo};
use super::{Refused, Tune};
use segue_model::hash::Fnv1a;
use segue_model::note::Note;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use table::{SplitRow, TABLE, rows};

/// What a tune is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For training.
    Train,
    /// For decisions during training.
    #[serde(alias = "validation")]
    Valid,
    /// For the final measurement.
    Test,
}

/// The content of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corpus {
    /// In the order of `split.csv`, or of the paths if there is none.
    pub pieces: Vec<Piece>,
    /// What could not be read, and why.
    pub refused: Vec<Refused>,
    /// What was skipped within tunes that were read, such as chord symbols that are not chords.
    pub skipped: Vec<Refused>,
    /// A sentence for each file with several parts: which part was taken as the melody.
    pub melodies: Vec<String>,
}

/// A tune with its source and its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is used for.
    pub split: Split,
    /// Its file below the folder, and its number in a book: `cobb.abc#12`.
    pub source: String,
    /// The music.
    pub tune: Tune,
}

/// How the files of a folder are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FolderOptions {
    /// For MIDI files.
    pub midi: midi::MidiOptions,
    /// If `split.csv` names the same music as `file` and as `abc_file` with `x`, read the latter, because it has chord
    /// symbols.
    pub prefer_abc: bool,
}

/// Why a folder could not be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages describe them")]
pub enum FolderError {
    #[error("{path}: there is no such folder")]
    Missing { path: String },
    #[error("{path}: cannot be read ({source})")]
    Unreadable { path: String, source: std::io::Error },
    #[error("{path}: no .abc, .mid, .midi, .kar or .rmi file and no solo table is in it")]
    Empty { path: String },
    #[error("{path}: not one tune in it could be read; the first reason: {first}")]
    NothingRead { path: String, first: Box<Refused> },
    #[error("{path}: is read already as a part of {other}; name it once")]
    Twice { path: String, other: String },
    #[error("{path}: is not a table with the columns file and split ({reason})")]
    BadTable { path: String, reason: String },
}

/// Reads several folders into one corpus, each with its own `split.csv`; see [`read_folder`].
///
/// # Errors
/// If one of the folders cannot be used, or lies in another.
pub fn read_folders(folders: &[PathBuf], reading: FolderOptions, cache: Option<&Path>) -> Result<Corpus, FolderError> {
    let mut corpus = Corpus::default();
    for (index, folder) in folders.iter().enumerate() {
        let within = |other: &&PathBuf| is_within(folder, other) || is_within(other, folder);
        if let Some(other) = folders[..index].iter().find(within) {
            let (path, other) = (folder.display().to_string(), other.display().to_string());
            return Err(FolderError::Twice { path, other });
        }
        let read = read_folder(folder, reading, cache)?;
        corpus.pieces.extend(read.pieces);
        corpus.refused.extend(read.refused);
        corpus.skipped.extend(read.skipped);
        corpus.melodies.extend(read.melodies);
    }
    Ok(corpus)
}

/// Whether a folder lies in another, with links followed. A missing folder lies in none.
fn is_within(folder: &Path, other: &Path) -> bool {
    matches!((folder.canonicalize(), other.canonicalize()), (Ok(folder), Ok(other)) if folder.starts_with(&other))
}

/// Reads the music that the folder's `split.csv` lists. Without one, it reads every file of [`is_abc`] and [`is_midi`]
/// and every solo table (`notes/NAME.tsv`) below the folder, and splits them 80 / 10 / 10 by their melodies, so that
/// copies of a tune in two files are on the same side. Hidden files are skipped.
///
/// If `cache` is given, the result is stored in that folder and used again while the files have the same names, sizes
/// and times. A cache that is damaged or cannot be written only costs time.
///
/// # Errors
/// If the folder is missing or contains nothing to learn from. Faulty files and tunes are not an error: see
/// [`Corpus::refused`].
pub fn read_folder(folder: &Path, reading: FolderOptions, cache: Option<&Path>) -> Result<Corpus, FolderError> {
    let path = || folder.display().to_string();
    if !folder.is_dir() {
        return Err(FolderError::Missing { path: path() });
    }
    let table = folder.join(TABLE);
    let listing = if table.is_file() {
        let rows = rows(&table)?.into_iter().filter(|row| row.present.as_deref() != Some("no"));
        Listing::Table(rows.collect())
    } else {
        Listing::Everything(music_below(folder).map_err(|source| FolderError::Unreadable { path: path(), source })?)
    };
    let files = listing.files(reading);
    let kept = cache.map(|cache| cache::CacheLocation::new(cache, folder, reading, &files));
    if let Some(corpus) = kept.as_ref().and_then(cache::CacheLocation::load) {
        return Ok(corpus);
    }
    let corpus = CorpusReader::new(folder, &files, reading).take_all(&listing, reading);
    match corpus.refused.first() {
        _ if !corpus.pieces.is_empty() => {}
        Some(first) => return Err(FolderError::NothingRead { path: path(), first: Box::new(first.clone()) }),
        None => return Err(FolderError::Empty { path: path() }),
    }
    if let Some(kept) = kept {
        kept.store(&corpus);
    }
    Ok(corpus)
}

/// What is to be read.
enum Listing {
    /// The rows of a table.
    Table(Vec<SplitRow>),
    /// Files, named relative to the folder.
    Everything(Vec<PathBuf>),
}

impl Listing {
    /// Each file once, in order of first mention.
    fn files(&self, reading: FolderOptions) -> Vec<PathBuf> {
        let rows = match self {
            Self::Table(rows) => rows,
            Self::Everything(files) => return files.clone(),
        };
        let mut met = HashSet::new();
        let files = rows.iter().map(|row| row.music(reading)).filter(|file| met.insert(*file));
        files.map(Path::to_owned).collect()
    }
}

/// The content of one file.
enum Found {
    Book(Book),
    /// The pieces of a MIDI file.
    Pieces(Vec<midi::MidiPiece>),
    Tune(Tune),
    Nothing(Refused),
}

/// Reads files on all cores. Each is in memory only while it is read.
fn read_all(folder: &Path, files: &[PathBuf], reading: midi::MidiOptions) -> Vec<Found> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else {
                return found;
            };
            found.push((index, read_file(&folder.join(file), reading)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let mut found = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let found = workers.into_iter().flat_map(|worker| match worker.join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        found.collect::<Vec<_>>()
    });
    // Whichever thread read a file, the order is that of the listing.
    found.sort_unstable_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, found)| found).collect()
}

fn read_file(path: &Path, reading: midi::MidiOptions) -> Found {
    if is_abc(path) {
        return read_book(path).map_or_else(Found::Nothing, Found::Book);
    }
    if is_solo(path) {
        return read_solo(path).map_or_else(Found::Nothing, Found::Tune);
    }
    read_pieces(path, reading).map_or_else(Found::Nothing, Found::Pieces)
}

/// Puts the content of the files into the order of the listing.
struct CorpusReader<'a> {
    folder: &'a Path,
    found: HashMap<&'a Path, Found>,
    /// Tunes by number, for books of which single tunes were requested.
    books: HashMap<&'a Path, HashMap<u32, Tune>>,
    /// By file and number.
    taken: HashSet<(&'a Path, Option<u32>)>,
    corpus: Corpus,
}

impl<'a> CorpusReader<'a> {
    fn new(folder: &'a Path, files: &'a [PathBuf], reading: FolderOptions) -> Self {
        let found = files.iter().map(PathBuf::as_path).zip(read_all(folder, files, reading.midi)).collect();
        Self { folder, found, books: HashMap::new(), taken: HashSet::new(), corpus: Corpus::default() }
    }

    fn take_all(mut self, listing: &'a Listing, reading: FolderOptions) -> Corpus {
        match listing {
            Listing::Table(rows) => rows.iter().for_each(|row| self.row(row, row.music(reading))),
            Listing::Everything(files) => {
                for file in files {
                    self.file(file);
                }
                leave_enough_to_learn_from(&mut self.corpus.pieces);
            }
        }
        self.corpus
    }

    fn row(&mut self, row: &SplitRow, file: &'a Path) {
        let number = is_abc(file).then(|| row.x.unwrap_or(0));
        if !self.taken.insert((file, number)) {
            self.refuse_row(file, number, "lists it more than once; the first row counts");
            return;
        }
        match self.found.remove(file) {
            Some(Found::Tune(tune)) => self.take(row.split, file.display().to_string(), tune),
            Some(Found::Pieces(pieces)) => self.pieces(file, pieces, |_| row.split),
            Some(Found::Nothing(refused)) => self.corpus.refused.push(refused),
            Some(Found::Book(book)) => self.open(file, book),
            None => {}
        }
        if let Some(number) = number {
            self.tune_of_book(file, number, row.split);
        }
    }

    fn open(&mut self, file: &'a Path, mut book: Book) {
        self.corpus.refused.append(&mut book.refused);
        self.corpus.skipped.append(&mut book.skipped);
        // If several tunes have one number, the first is meant.
        let mut tunes = HashMap::new();
        for (number, tune) in book.tunes {
            tunes.entry(number.unwrap_or(0)).or_insert(tune);
        }
        self.books.insert(file, tunes);
    }

    fn tune_of_book(&mut self, file: &Path, number: u32, split: Split) {
        let path = self.folder.join(file).display().to_string();
        let was_refused =
            |refused: &Refused| refused.path == path && refused.tune.is_none_or(|refused| refused == number);
        match self.books.get_mut(file).and_then(|tunes| tunes.remove(&number)) {
            Some(tune) => self.take(split, format!("{}#{number}", file.display()), tune),
            None if self.corpus.refused.iter().any(was_refused) => {}
            None => self.refuse_row(file, Some(number), "lists it, but it is not there"),
        }
    }

    /// Adds a file that no table lists.
    fn file(&mut self, file: &Path) {
        let name = file.display().to_string();
        match self.found.remove(file) {
            Some(Found::Tune(tune)) => self.take(split_by_melody(&tune.notes, BEGINNING), name, tune),
            Some(Found::Pieces(pieces)) => self.pieces(file, pieces, |tune| split_by_melody(&tune.notes, BEGINNING)),
            Some(Found::Nothing(refused)) => self.corpus.refused.push(refused),
            Some(Found::Book(book)) => {
                self.corpus.refused.extend(book.refused);
                self.corpus.skipped.extend(book.skipped);
                for (number, tune) in book.tunes {
                    let source = number.map_or_else(|| name.clone(), |number| format!("{name}#{number}"));
                    self.take(split_by_melody(&tune.notes, BEGINNING), source, tune);
                }
            }
            None => {}
        }
    }

    /// The pieces of a file; if there are several, each is named by its number, from 1.
    fn pieces(&mut self, file: &Path, pieces: Vec<midi::MidiPiece>, split: impl Fn(&Tune) -> Split) {
        let name = file.display().to_string();
        let is_one = pieces.len() == 1;
        for (index, piece) in pieces.into_iter().enumerate() {
            let source = if is_one { name.clone() } else { format!("{name}#{}", index + 1) };
            if let Some(taken) = piece.taken.filter(|taken| taken.parts > 1) {
                self.corpus.melodies.push(format!("{source}: the melody is {taken}"));
            }
            self.take(split(&piece.tune), source, piece.tune);
        }
    }

    fn take(&mut self, split: Split, source: String, tune: Tune) {
        self.corpus.pieces.push(Piece { split, source, tune });
    }

    fn refuse_row(&mut self, file: &Path, tune: Option<u32>, what: &str) {
        let path = self.folder.join(file).display().to_string();
        self.corpus.refused.push(Refused { tune, ..Refused::new(&path, format!("{TABLE} {what}")) });
    }
}

/// Music files, named relative to the folder, in the order of their names. Links to folders are not followed, so this
/// always ends. Hidden files, such as the `._tune.mid` that macOS leaves on other disks, contain no music.
fn music_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if is_music(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found.iter().map(|path| path.strip_prefix(folder).unwrap_or(path).to_owned()).collect())
}

fn is_music(path: &Path) -> bool {
    let is_table_of_notes = || {
        let folder = path.parent().and_then(Path::file_name);
        is_solo(path) && folder.is_some_and(|folder| folder == solos::NOTES)
    };
    is_abc(path) || is_midi(path) || is_table_of_notes()
}

/// Whether the file name is that of an ABC book.
pub fn is_abc(path: &Path) -> bool {
    has_extension(path, "abc")
}

/// Whether the file name is that of a MIDI file: karaoke (`.kar`) and RIFF files (`.rmi`) contain the same data.
pub fn is_midi(path: &Path) -> bool {
    ["mid", "midi", "kar", "rmi", "smf"].iter().any(|extension| has_extension(path, extension))
}

fn is_solo(path: &Path) -> bool {
    has_extension(path, "tsv")
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// The number of intervals that identify a tune, in any key.
const BEGINNING: usize = 32;

/// In collections where most tunes begin alike, with a count-in or because they are exercises, the beginnings do not
/// identify a tune, and all might fall into the test split. If less than half would be left to learn from, whole
/// melodies decide; if these are alike too, the position in the folder does.
fn leave_enough_to_learn_from(pieces: &mut [Piece]) {
    /// Of every ten pieces in the folder, the last two are not learnt from.
    const BY_PLACE: [Split; 10] = {
        let mut splits = [Split::Train; 10];
        (splits[8], splits[9]) = (Split::Valid, Split::Test);
        splits
    };
    let is_enough =
        |pieces: &[Piece]| 2 * pieces.iter().filter(|piece| piece.split == Split::Train).count() >= pieces.len();
    if !is_enough(pieces) {
        for piece in pieces.iter_mut() {
            piece.split = split_by_melody(&piece.tune.notes, usize::MAX - 1);
        }
    }
    if !is_enough(pieces) {
        for (piece, split) in pieces.iter_mut().zip(BY_PLACE.iter().cycle()) {
            piece.split = *split;
        }
    }
}

/// Eight parts of ten are for training. The same intervals at the beginning, in any key, always give the same split.
fn split_by_melody(notes: &[Note], intervals: usize) -> Split {
    match melody_hash(notes, intervals) % 10 {
        0..=7 => Split::Train,
        8 => Split::Valid,
        _ => Split::Test,
    }
}

/// A hash (FNV-1a) of the first intervals of the upper voice. It is the same on every machine and must never change.
fn melody_hash(notes: &[Note], intervals: usize) -> u64 {
    let melody: Vec<i16> = notes
        .chunk_by(|one, next| one.onset == next.onset)
        .filter_map(|chord| chord.iter().map(|note| i16::from(note.pitch.key())).max())
        .take(intervals + 1)
        .collect();
    let intervals = melody.windows(2).flat_map(|pair| (pair[1] - pair[0]).to_le_bytes());
    Fnv1a::hash(intervals)
}

#[cfg(test)]
mod tests;
