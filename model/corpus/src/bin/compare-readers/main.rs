//! Reads files beside readers that others wrote, and prints where they disagree: `abc2midi` (Debian's abcmidi) for
//! letters, `mido` (of Python) for MIDI. Ends with a failure where a disagreement is not explained in `explained.txt`.
//!
//! `compare-readers [--python PYTHON] [--all] FOLDER…`, the Python being one that has mido. Without `--all` it takes a
//! sample of the MIDI files of a large folder, and says so.
#![allow(clippy::print_stdout, reason = "a program that prints")]

mod others;

use others::{BookCopy, Mido, NoteStart, by_abc2midi, together};
use segue_corpus::Tune;
use segue_corpus::abc::{self, Book, write_abc};
use segue_corpus::folder::{is_abc, is_midi};
use segue_corpus::midi::{MidiOptions, read_midi};
use segue_corpus::sheet::key_signature;
use segue_model::note::{Note, Ticks};
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `file#number: why`, a line for each.
const EXPLAINED: &str = include_str!("explained.txt");
/// Of a larger folder so many MIDI files are compared, evenly spread: mido takes a second for a long performance.
const MOST_MIDI_FILES: usize = 300;
/// Longer music is not written as letters: it is a performance and no tune.
const MOST_LETTERS: usize = 2_000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let python = match arguments.next_if(|first| first == "--python") {
        Some(_) => arguments.next().ok_or("--python takes a program")?,
        None => "python3".to_owned(),
    };
    let all = arguments.next_if(|first| first == "--all").is_some();
    let lines = EXPLAINED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let explained = lines.map(|line| line.split_once(": ").ok_or_else(|| format!("“{line}” says no reason")));
    let mut comparison = ReaderComparison {
        mido: Mido::start(&python)?,
        most_midi_files: if all { usize::MAX } else { MOST_MIDI_FILES },
        explained: explained.collect::<Result<_, _>>()?,
        explained_count: 0,
        alike: 0,
        refused: Vec::new(),
        different: Vec::new(),
    };
    for folder in arguments.map(PathBuf::from) {
        comparison.folder(&folder)?;
    }
    Ok(comparison.report())
}

struct ReaderComparison {
    mido: Mido,
    most_midi_files: usize,
    explained: BTreeMap<&'static str, &'static str>,
    /// Different, and in the list of explanations.
    explained_count: usize,
    alike: usize,
    /// Refused by one of the two, in the other's words.
    refused: Vec<String>,
    different: Vec<String>,
}

/// All files of a folder and of those in it, in order.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

impl ReaderComparison {
    fn folder(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let files = files_below(folder)?;
        let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
        for path in files.iter().filter(|path| is_abc(path)) {
            self.book(path, &name(path))?;
        }
        let midi: Vec<&PathBuf> = files.iter().filter(|path| is_midi(path)).collect();
        let step = midi.len().div_ceil(self.most_midi_files).max(1);
        if step > 1 {
            println!("{}: every {step}th of its {} MIDI files", folder.display(), midi.len());
        }
        for path in midi.iter().step_by(step) {
            self.midi(path, &name(path))?;
        }
        Ok(())
    }

    fn book(&mut self, path: &Path, name: &str) -> Result<(), Box<dyn Error>> {
        let Book { tunes, refused, .. } = match abc::read_book(path) {
            Ok(book) => book,
            Err(refused) => {
                self.refused.push(refused.to_string());
                return Ok(());
            }
        };
        self.refused.extend(refused.iter().map(ToString::to_string));
        let mut count: HashMap<Option<u32>, u32> = HashMap::new();
        for (number, _) in &tunes {
            *count.entry(*number).or_default() += 1;
        }
        let copy = BookCopy::without_ornaments(path)?;
        for (number, tune) in &tunes {
            let source = format!("{name}#{}", number.map_or_else(|| "-".to_owned(), |number| number.to_string()));
            if count.get(number) != Some(&1) || number.is_none() {
                self.refused
                    .push(format!("{source}: abc2midi cannot be asked for it, because its number is not its own"));
                continue;
            }
            let (theirs, _) = by_abc2midi(copy.tune(number.unwrap_or_default()), number.unwrap_or_default())?;
            let mut ours = onsets(&tune.notes);
            together(&mut ours);
            self.compare(&source, &ours, &theirs);
            self.written(&source, tune)?;
        }
        Ok(())
    }

    fn midi(&mut self, path: &Path, name: &str) -> Result<(), Box<dyn Error>> {
        let theirs = self.mido.notes(path)?;
        match (read_midi(path, MidiOptions::default()), theirs) {
            (Ok(tune), Ok(theirs)) => {
                self.compare(name, &onsets(&tune.notes), &[theirs]);
                // A performance is moved onto a grid before it is written, which this comparison does not do.
                if tune.notes.len() <= MOST_LETTERS && tune.notes.iter().all(is_on_grid) {
                    self.written(name, &tune)?;
                }
            }
            (Ok(_), Err(reason)) => self.refused.push(format!("{name}: mido: {reason}")),
            (Err(refused), Ok(theirs)) if !theirs.is_empty() => self.different.push(refused.to_string()),
            (Err(refused), _) => self.refused.push(refused.to_string()),
        }
        Ok(())
    }

    /// The tune as Segue writes it in letters comes back from abc2midi, and without a complaint.
    fn written(&mut self, source: &str, tune: &Tune) -> Result<(), Box<dyn Error>> {
        let letters = write_abc(tune, key_signature(&tune.notes))?;
        let (voices, said) = by_abc2midi(letters.as_bytes(), 1)?;
        // A bar that the tune itself cuts short is not full in letters either.
        let is_cut = tune.bars.windows(2).any(|pair| pair[0].place(pair[1].line) != Ticks::ZERO);
        let is_complaint = |line: &&str| line.contains("Error") || line.contains("Warning");
        let complaints = said.lines().filter(is_complaint).filter(|line| !(is_cut && line.contains("time units")));
        self.different.extend(complaints.map(|line| format!("{source}, written: {line}")));
        let mut ours = onsets(&tune.notes);
        together(&mut ours);
        self.compare(&format!("{source}, written"), &ours, &voices);
        Ok(())
    }

    /// `theirs` has several voices, of which Segue reads one.
    fn compare(&mut self, source: &str, ours: &[NoteStart], theirs: &[Vec<NoteStart>]) {
        if theirs.iter().any(|voice| are_alike(voice, ours)) {
            self.alike += 1;
            return;
        }
        // The list names files without their folders.
        let file = source.rsplit_once('/').map_or(source, |(_, file)| file);
        if self.explained.contains_key(file) {
            self.explained_count += 1;
            return;
        }
        let nearest = theirs.iter().max_by_key(|voice| alike_at_first(voice, ours));
        let Some(nearest) = nearest else {
            self.different.push(format!("{source}: {} notes, and none of theirs", ours.len()));
            return;
        };
        let same = alike_at_first(nearest, ours);
        let from = |notes: &[NoteStart]| {
            let next = notes.iter().skip(same).take(4).map(|(at, key)| format!("{key} at {at}"));
            next.collect::<Vec<_>>().join(", ")
        };
        let (count, their_count) = (ours.len(), nearest.len());
        self.different.push(format!(
            "{source}: from note {} of {count} on ({}), theirs of {their_count} ({})",
            same + 1,
            from(ours),
            from(nearest)
        ));
    }

    fn report(&self) -> ExitCode {
        for refused in &self.refused {
            println!("refused    {refused}");
        }
        for different in &self.different {
            println!("different  {different}");
        }
        println!(
            "{} alike, {} different, {} explained, {} refused by one or both",
            self.alike,
            self.different.len(),
            self.explained_count,
            self.refused.len()
        );
        if self.different.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Whether a note lies on the grid of notation: sixty-fourths, and triplets down to sixteenths.
fn is_on_grid(note: &Note) -> bool {
    let fits = |ticks: Ticks| ticks.0 % 3 == 0 || ticks.0 % 8 == 0;
    fits(note.onset) && fits(note.duration)
}

/// Tuplets do not fall on whole ticks, and readers round them in their own ways.
fn is_alike(one: NoteStart, other: NoteStart) -> bool {
    one.1 == other.1 && one.0.abs_diff(other.0) <= 1
}

fn alike_at_first(one: &[NoteStart], other: &[NoteStart]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| is_alike(**one, **other)).count()
}

fn are_alike(one: &[NoteStart], other: &[NoteStart]) -> bool {
    one.len() == other.len() && alike_at_first(one, other) == one.len()
}

/// In order, each once.
fn onsets(notes: &[Note]) -> Vec<NoteStart> {
    let mut onsets: Vec<NoteStart> = notes.iter().map(|note| (note.onset.0, note.pitch.key())).collect();
    onsets.sort_unstable();
    onsets.dedup();
    onsets
}
