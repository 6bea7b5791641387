//! Reads files beside readers that others wrote, and prints where they disagree: `abc2midi` (Debian's abcmidi) for
//! letters, `mido` (of Python) for MIDI. Ends with a failure where a disagreement is not explained in `explained.txt`.
//!
//! `compare-readers [--python PYTHON] FOLDER…`, the Python being one that has mido.
#![allow(clippy::print_stdout, reason = "a program that prints")]

use midly::{MidiMessage, Smf, Timing, TrackEventKind};
use segue_corpus::Tune;
use segue_corpus::abc::{self, Book, write_abc};
use segue_corpus::folder::{is_abc, is_midi};
use segue_corpus::midi::{MidiOptions, read_midi};
use segue_corpus::sheet::key_signature;
use segue_model::note::{Note, TICKS_PER_QUARTER, Ticks};
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What mido makes of a file: `onset key` in ticks of 48 to a quarter, a line for each note.
const MIDO: &str = include_str!("notes_by_mido.py");
/// `file#number: why`, a line for each.
const EXPLAINED: &str = include_str!("explained.txt");

/// Where a note begins, in ticks, and which key it is.
type NoteStart = (i64, u8);
/// The notes of each track.
type Tracks = Vec<Vec<NoteStart>>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let python = match arguments.next_if(|first| first == "--python") {
        Some(_) => arguments.next().ok_or("--python takes a program")?,
        None => "python3".to_owned(),
    };
    let lines = EXPLAINED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let explained = lines.map(|line| line.split_once(": ").ok_or_else(|| format!("“{line}” says no reason")));
    let mut comparison =
        ReaderComparison { python, explained: explained.collect::<Result<_, _>>()?, ..ReaderComparison::default() };
    for folder in arguments.map(PathBuf::from) {
        comparison.folder(&folder, &folder)?;
    }
    Ok(comparison.report())
}

#[derive(Default)]
struct ReaderComparison {
    python: String,
    explained: BTreeMap<&'static str, &'static str>,
    /// Different, and in the list of explanations.
    explained_count: usize,
    alike: usize,
    /// Refused by one of the two, in the other's words.
    refused: Vec<String>,
    different: Vec<String>,
}

impl ReaderComparison {
    fn folder(&mut self, folder: &Path, root: &Path) -> Result<(), Box<dyn Error>> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
        paths.sort();
        for path in paths {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            if path.is_dir() {
                self.folder(&path, root)?;
            } else if is_abc(&path) {
                self.book(&path, &name)?;
            } else if is_midi(&path) {
                self.midi(&path, &name)?;
            }
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
        let copy = without_ornaments(path)?;
        for (number, tune) in &tunes {
            let source = format!("{name}#{}", number.map_or_else(|| "-".to_owned(), |number| number.to_string()));
            if count.get(number) != Some(&1) || number.is_none() {
                self.refused
                    .push(format!("{source}: abc2midi cannot be asked for it, because its number is not its own"));
                continue;
            }
            let (theirs, _) = by_abc2midi(&copy, number.unwrap_or_default())?;
            let mut ours = onsets(&tune.notes);
            together(&mut ours);
            self.compare(&source, &ours, &theirs);
            self.written(&source, tune)?;
        }
        Ok(())
    }

    fn midi(&mut self, path: &Path, name: &str) -> Result<(), Box<dyn Error>> {
        let theirs = by_mido(&self.python, path)?;
        match (read_midi(path, MidiOptions::default()), theirs) {
            (Ok(tune), Ok(theirs)) => {
                self.compare(name, &onsets(&tune.notes), &[theirs]);
                self.written(name, &tune)?;
            }
            (Ok(_), Err(reason)) => self.refused.push(format!("{name}: mido: {reason}")),
            (Err(refused), Ok(theirs)) if !theirs.is_empty() => self.different.push(refused.to_string()),
            (Err(refused), _) => self.refused.push(refused.to_string()),
        }
        Ok(())
    }

    /// The tune as Segue writes it in letters comes back from abc2midi, and without a complaint.
    fn written(&mut self, source: &str, tune: &Tune) -> Result<(), Box<dyn Error>> {
        let path = std::env::temp_dir().join(format!("segue-written-{}.abc", std::process::id()));
        fs::write(&path, write_abc(tune, key_signature(&tune.notes))?)?;
        let (voices, said) = by_abc2midi(&path, 1)?;
        // A bar that the tune itself cuts short is not full in letters either.
        let is_cut = tune.bars.windows(2).any(|pair| pair[0].place(pair[1].line) != Ticks::ZERO);
        let is_complaint = |line: &&str| line.contains("Error") || line.contains("Warning");
        let complaints = said.lines().filter(is_complaint).filter(|line| !(is_cut && line.contains("time units")));
        self.different.extend(complaints.map(|line| format!("{source}, written: {line}")));
        let mut ours = onsets(&tune.notes);
        together(&mut ours);
        self.compare(&format!("{source}, written"), &ours, &voices);
        fs::remove_file(path)?;
        Ok(())
    }

    /// `theirs` has several voices, of which Segue reads one.
    fn compare(&mut self, source: &str, ours: &[NoteStart], theirs: &[Vec<NoteStart>]) {
        if theirs.iter().any(|voice| are_alike(voice, ours)) {
            self.alike += 1;
            return;
        }
        if self.explained.contains_key(source) {
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

/// A copy in the folder for temporary files without grace notes and ornaments, which abc2midi plays out and Segue does
/// not, and without the rhythm's name, by which it swings hornpipes.
fn without_ornaments(book: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut copy = Vec::new();
    for line in fs::read(book)?.split_inclusive(|byte| *byte == b'\n') {
        let is_field = matches!(line, [b'A'..=b'Z' | b'a'..=b'z', b':', ..]) && !line.starts_with(b"|:");
        // The Nottingham database has the order of the parts there.
        if let Some(order) = line.strip_prefix(b"Y:") {
            copy.extend_from_slice(b"P:");
            copy.extend_from_slice(order);
            continue;
        }
        if line.starts_with(b"R:") {
            // Not an empty line, which would end the tune.
            copy.extend_from_slice(b"%\n");
            continue;
        }
        let (mut in_braces, mut in_quotes) = (false, false);
        for byte in line {
            match byte {
                _ if is_field => copy.push(*byte),
                b'"' => {
                    in_quotes = !in_quotes;
                    copy.push(*byte);
                }
                _ if in_quotes => copy.push(*byte),
                b'{' => in_braces = true,
                b'}' => in_braces = false,
                b'~' | b'T' | b'M' | b'P' => {}
                // A brace that is never closed ends with its line.
                b'\n' => copy.push(*byte),
                _ if !in_braces => copy.push(*byte),
                _ => {}
            }
        }
    }
    let path = std::env::temp_dir().join(format!("segue-readers-{}.abc", std::process::id()));
    fs::write(&path, copy)?;
    Ok(path)
}

/// Each track as abc2midi writes it, without an accompaniment, and what abc2midi says.
fn by_abc2midi(book: &Path, number: u32) -> Result<(Tracks, String), Box<dyn Error>> {
    let out = std::env::temp_dir().join(format!("segue-readers-{}.mid", std::process::id()));
    let _ = fs::remove_file(&out);
    let mut command = Command::new("abc2midi");
    command.arg(book).arg(number.to_string()).arg("-o").arg(&out).args(["-NGUI", "-NFER", "-OCC"]);
    let output =
        command.output().map_err(|error| format!("abc2midi cannot be started ({error}); install Debian's abcmidi"))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let Ok(bytes) = fs::read(&out) else { return Ok((Vec::new(), said)) };
    let _ = fs::remove_file(&out);
    let file = Smf::parse(&bytes)?;
    let Timing::Metrical(division) = file.header.timing else { return Err("abc2midi writes beats".into()) };
    let division = i64::from(division.as_int());
    let mut voices = Vec::new();
    for track in &file.tracks {
        let (mut at, mut voice) = (0_i64, Vec::new());
        for event in track {
            at += i64::from(event.delta.as_int());
            if let TrackEventKind::Midi { message: MidiMessage::NoteOn { key, vel }, .. } = event.kind
                && vel > 0
            {
                voice.push(((at * TICKS_PER_QUARTER * 2 + division) / (2 * division), key.as_int()));
            }
        }
        together(&mut voice);
        if !voice.is_empty() {
            voices.push(voice);
        }
    }
    Ok((voices, said))
}

/// Puts onsets together that lie two ticks apart: abc2midi lets the notes of a chord begin one behind the other.
fn together(voice: &mut Vec<NoteStart>) {
    voice.sort_unstable();
    let mut first = None;
    for (at, _) in voice.iter_mut() {
        let together = *first.filter(|first| *at - first <= 2).get_or_insert(*at);
        first = Some(together);
        *at = together;
    }
    voice.sort_unstable();
    voice.dedup();
}

/// All notes but drums, or why mido reads none.
fn by_mido(python: &str, path: &Path) -> Result<Result<Vec<NoteStart>, String>, Box<dyn Error>> {
    let output = Command::new(python).args(["-c", MIDO]).arg(path).output()?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        return Ok(Err(reason));
    }
    let text = String::from_utf8(output.stdout)?;
    let mut onsets = Vec::new();
    for line in text.lines() {
        let (at, key) = line.split_once(' ').ok_or("a line of two numbers")?;
        onsets.push((at.parse()?, key.parse()?));
    }
    onsets.sort_unstable();
    onsets.dedup();
    Ok(Ok(onsets))
}
