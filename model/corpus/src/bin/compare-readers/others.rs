//! The readers that others wrote.

use midly::{MidiMessage, Smf, Timing, TrackEventKind};
use segue_model::note::TICKS_PER_QUARTER;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where a note begins, in ticks, and which key it is.
pub type NoteStart = (i64, u8);
/// The notes of each track.
type Tracks = Vec<Vec<NoteStart>>;

/// A Python that reads MIDI files with mido, one after the other: to start it takes longer than to read most files.
pub struct Mido {
    process: Child,
    paths: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Mido {
    pub fn start(python: &str) -> Result<Self, Box<dyn Error>> {
        const PROGRAM: &str = include_str!("notes_by_mido.py");
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| format!("{python} cannot be started ({error})"))?;
        let (paths, lines) = process.stdin.take().zip(process.stdout.take()).ok_or("both are pipes")?;
        Ok(Self { process, paths, lines: BufReader::new(lines) })
    }

    /// All notes but drums, or why mido reads none.
    pub fn notes(&mut self, path: &Path) -> Result<Result<Vec<NoteStart>, String>, Box<dyn Error>> {
        writeln!(self.paths, "{}", path.display())?;
        let mut onsets = Vec::new();
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line)? == 0 {
                return Err("Python ended; does it have mido?".into());
            }
            let text = line.trim_end();
            if text == "." {
                break;
            }
            if let Some(reason) = text.strip_prefix("! ") {
                return Ok(Err(reason.to_owned()));
            }
            let (at, key) = text.split_once(' ').ok_or("a line of two numbers")?;
            onsets.push((at.parse()?, key.parse()?));
        }
        onsets.sort_unstable();
        onsets.dedup();
        Ok(Ok(onsets))
    }
}

impl Drop for Mido {
    fn drop(&mut self) {
        // It ends by itself where there are no more names; nothing is lost if it cannot be stopped.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A book without grace notes and ornaments, which abc2midi plays out and Segue does not, and without the rhythm's
/// name, by which it swings hornpipes.
pub struct BookCopy {
    bytes: Vec<u8>,
    /// Where each tune begins.
    tunes: Vec<usize>,
}

impl BookCopy {
    pub fn without_ornaments(book: &Path) -> Result<Self, Box<dyn Error>> {
        let (mut copy, mut tunes) = (Vec::new(), Vec::new());
        for line in fs::read(book)?.split_inclusive(|byte| *byte == b'\n') {
            if line.trim_ascii_start().starts_with(b"X:") {
                tunes.push(copy.len());
            }
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
        Ok(Self { bytes: copy, tunes })
    }

    /// The header of the book and the tune with a number.
    pub fn tune(&self, number: u32) -> Vec<u8> {
        let ends = self.tunes.iter().skip(1).copied().chain([self.bytes.len()]);
        let mut tunes = self.tunes.iter().zip(ends).map(|(begin, end)| &self.bytes[*begin..end]);
        let is_number = |tune: &&[u8]| {
            let line =
                String::from_utf8_lossy(tune.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
            let digits: String =
                line.trim_start().chars().skip(2).skip_while(|c| *c == ' ').take_while(char::is_ascii_digit).collect();
            digits.parse() == Ok(number)
        };
        let header = &self.bytes[..self.tunes.first().copied().unwrap_or(0)];
        [header, tunes.find(is_number).unwrap_or_default()].concat()
    }
}

/// Each track as abc2midi writes it, without an accompaniment, and what abc2midi says.
pub fn by_abc2midi(book: impl AsRef<[u8]>, number: u32) -> Result<(Tracks, String), Box<dyn Error>> {
    let input = std::env::temp_dir().join(format!("segue-readers-{}.abc", std::process::id()));
    fs::write(&input, book)?;
    let out = std::env::temp_dir().join(format!("segue-readers-{}.mid", std::process::id()));
    let _ = fs::remove_file(&out);
    let mut command = Command::new("abc2midi");
    command.arg(&input).arg(number.to_string()).arg("-o").arg(&out).args(["-NGUI", "-NFER", "-OCC"]);
    let output =
        command.output().map_err(|error| format!("abc2midi cannot be started ({error}); install Debian's abcmidi"))?;
    fs::remove_file(&input)?;
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

/// Puts onsets together that lie few ticks apart: abc2midi lets the notes of a chord begin one behind the other.
pub fn together(voice: &mut Vec<NoteStart>) {
    /// For chords of six notes; less than a thirty-second note.
    const SPREAD: i64 = 5;
    voice.sort_unstable();
    let mut first = None;
    for (at, _) in voice.iter_mut() {
        let together = *first.filter(|first| *at - first <= SPREAD).get_or_insert(*at);
        first = Some(together);
        *at = together;
    }
    voice.sort_unstable();
    voice.dedup();
}
