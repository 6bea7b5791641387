//! What a player and Segue played, written as a picture, a MIDI file or ABC.
//!
//! Does not know networks, hosts or sound.

mod notated;
pub mod roll;

use crate::Tune;
use crate::abc::write_abc;
use anyhow::Context;
use midly::MetaMessage;
use notated::notated;
use roll::{RollNote, RollPicture};
use segue_midi::{FileNote, FileTrack};
use segue_model::chord::{Chord, OCTAVE};
use segue_model::note::{Bars, Note, TICKS_PER_QUARTER, Ticks};
use std::path::Path;

/// The tempos that a sheet can have, in quarter notes per minute.
pub const TEMPOS_BPM: (f64, f64) = (20.0, 400.0);

/// Two voices on one time line, which begins at 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The title; may be empty.
    pub title: String,
    /// The player's notes.
    pub player: Vec<Note>,
    /// Segue's notes.
    pub segue: Vec<Note>,
    /// The bar lines from which bars are counted; none in free time.
    pub bars: Vec<Bars>,
    /// Changes of harmony, in order.
    pub chords: Vec<(Ticks, Option<Chord>)>,
    /// Quarter notes per minute, within [`TEMPOS_BPM`].
    pub tempo_bpm: f64,
}

impl Sheet {
    /// Where the last note ends.
    pub fn end(&self) -> Ticks {
        self.all().map(|note| note.onset + note.duration).max().unwrap_or_default()
    }

    /// A moment in seconds.
    #[expect(clippy::cast_precision_loss, reason = "a sheet is shorter than 2^52 ticks")]
    pub fn seconds(&self, at: Ticks) -> f64 {
        at.0 as f64 / TICKS_PER_QUARTER as f64 * 60.0 / self.tempo_bpm
    }

    fn all(&self) -> impl Iterator<Item = &Note> {
        self.player.iter().chain(&self.segue)
    }

    /// Every bar line up to the end.
    pub fn bar_lines(&self) -> Vec<Ticks> {
        let mut lines = Vec::new();
        for (index, bars) in self.bars.iter().enumerate() {
            let until = self.bars.get(index + 1).map_or(self.end(), |next| next.line);
            let mut line = bars.line;
            while line < until {
                lines.push(line);
                line += bars.metre.bar();
            }
        }
        lines
    }
}

/// The major key whose scale contains the most notes, as `K:` in ABC writes it; a minor or modal tune gets the
/// signature of its relative major.
pub fn key_signature(notes: &[Note]) -> &'static str {
    // Keys with few accidentals come first, because the first of equal ones is taken.
    const KEYS: [(&str, u8); 12] = [
        ("C", 0),
        ("G", 7),
        ("F", 5),
        ("D", 2),
        ("Bb", 10),
        ("A", 9),
        ("Eb", 3),
        ("E", 4),
        ("Ab", 8),
        ("B", 11),
        ("Db", 1),
        ("F#", 6),
    ];
    const SCALE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
    let inside = |tonic: u8| {
        let degree = |note: &&Note| SCALE.contains(&((note.pitch.key() + OCTAVE - tonic) % OCTAVE));
        notes.iter().filter(degree).count()
    };
    KEYS.iter().rev().max_by_key(|(_, tonic)| inside(*tonic)).map_or("C", |(name, _)| name)
}

/// ABC.
impl Sheet {
    /// Both voices as one tune, as somebody would write them down: on a grid, without the short rests between detached
    /// notes. If Segue's notes follow the player's, a header line says which note is Segue's first.
    ///
    /// # Errors
    /// If `key` is not a key.
    pub fn abc(&self, key: &str) -> Result<String, String> {
        let mut notes = [notated(&self.player, &self.bars), notated(&self.segue, &self.bars)].concat();
        notes.sort_unstable();
        let tune = Tune {
            title: self.title.clone(),
            notes,
            bars: self.bars.clone(),
            chords: self.chords.clone(),
            ..Tune::default()
        };
        let text = write_abc(&tune, key)?;
        let follows = self.player.iter().map(|note| note.onset).max() < self.segue.iter().map(|note| note.onset).min();
        if !follows || self.player.is_empty() {
            return Ok(text);
        }
        let note = format!("\nN:Segue plays from note {} on\nK:", self.player.len() + 1);
        Ok(text.replacen("\nK:", &note, 1))
    }
}

/// MIDI.
impl Sheet {
    /// Writes two tracks. The player's has the tempo, the time signatures, and the chords as markers.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_midi(&self, path: &Path) -> anyhow::Result<()> {
        let names: Vec<(Ticks, String)> = self
            .chords
            .iter()
            .map(|(at, chord)| (*at, chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string())))
            .collect();
        let tempo = segue_midi::tempo(self.tempo_bpm.clamp(TEMPOS_BPM.0, TEMPOS_BPM.1));
        let signatures = self.bars.iter().map(|bars| (tick(bars.line), segue_midi::signature(bars.metre)));
        let markers = names.iter().map(|(at, name)| (tick(*at), MetaMessage::Marker(name.as_bytes())));
        let heading = std::iter::once((0, tempo)).chain(signatures).chain(markers).collect();
        let player = FileTrack { name: "Player", channel: 0, heading, notes: file_notes(&self.player) };
        let segue = FileTrack { name: "Segue", channel: 1, heading: Vec::new(), notes: file_notes(&self.segue) };
        let bytes = segue_midi::bytes(u16::try_from(TICKS_PER_QUARTER)?, &[player, segue])?;
        std::fs::write(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
    }
}

/// A moment as a tick of the file; the file begins at 0.
fn tick(at: Ticks) -> u32 {
    u32::try_from(at.0).unwrap_or(0)
}

fn file_notes(notes: &[Note]) -> Vec<FileNote> {
    let note = |note: &Note| FileNote {
        on: tick(note.onset),
        off: tick(note.onset + note.duration),
        pitch: note.pitch,
        velocity: note.velocity,
    };
    notes.iter().map(note).collect()
}

/// Picture.
impl Sheet {
    /// Draws a piano roll into a PNG file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn draw(&self, path: &Path) -> anyhow::Result<()> {
        let blocks = |notes: &[Note]| notes.iter().map(|note| self.block(note)).collect::<Vec<_>>();
        let lines: Vec<f64> = self.bar_lines().into_iter().map(|line| self.across(line)).collect();
        let roll = RollPicture {
            title: &self.title,
            player: &blocks(&self.player),
            segue: &blocks(&self.segue),
            bar_lines: &lines,
            end: self.across(self.end()).max(1.0),
            across: if self.bars.is_empty() { "seconds" } else { "quarter notes, with bar lines" },
            label: &|at| ((10.0 * at).round() / 10.0).to_string(),
            labels: 24,
        };
        roll.draw(path).with_context(|| format!("{}: cannot be drawn", path.display()))
    }

    fn block(&self, note: &Note) -> RollNote {
        RollNote { from: self.across(note.onset), to: self.across(note.onset + note.duration), pitch: note.pitch }
    }

    /// The quarter notes, or the seconds in free time.
    fn across(&self, at: Ticks) -> f64 {
        if self.bars.is_empty() { self.seconds(at) } else { self.seconds(at) * self.tempo_bpm / 60.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::midi::{MidiOptions, read_midi};
    use midly::num::u24;
    use midly::{Smf, TrackEventKind};
    use segue_model::note::{Metre, Pitch, Velocity};

    fn note(onset: i64, key: u8) -> Note {
        let pitch = Pitch::new(key).unwrap();
        Note { onset: Ticks(onset), pitch, duration: Ticks(24), velocity: Velocity::DEFAULT }
    }

    fn sheet() -> Sheet {
        Sheet {
            title: "Both".to_owned(),
            player: vec![note(0, 62), note(24, 64)],
            segue: vec![note(48, 66), note(192, 62)],
            bars: vec![Bars { line: Ticks::ZERO, metre: Metre::COMMON }],
            chords: vec![(Ticks(0), Chord::parse("D7").unwrap()), (Ticks(192), None)],
            tempo_bpm: 100.0,
        }
    }

    /// The MIDI file is read back with both voices, bars, tempo and chords.
    #[test]
    fn the_midi_file_is_read_back_with_all_that_was_in_it() {
        let folder = std::env::temp_dir().join(format!("segue-sheet-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("both.mid");
        let sheet = sheet();
        sheet.write_midi(&path).unwrap();
        let tune = read_midi(&path, MidiOptions::default()).unwrap();
        assert_eq!(tune.notes, [&sheet.player[..], &sheet.segue].concat());
        assert_eq!(tune.bars, sheet.bars);
        let bytes = std::fs::read(&path).unwrap();
        let heading: Vec<TrackEventKind> =
            Smf::parse(&bytes).unwrap().tracks[0].iter().map(|event| event.kind).collect();
        let has = |meta| heading.contains(&TrackEventKind::Meta(meta));
        assert!(has(MetaMessage::Tempo(u24::from(600_000))));
        assert!(has(MetaMessage::Marker(b"D7")) && has(MetaMessage::Marker(b"N.C.")));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_letters_say_where_segue_begins_if_it_follows_the_player() {
        let mut sheet = sheet();
        assert!(sheet.abc("D").unwrap().contains("\nN:Segue plays from note 3 on\nK:D\n"));
        sheet.segue.push(note(0, 74));
        assert!(!sheet.abc("D").unwrap().contains("\nN:"), "both at once");
        sheet.player.clear();
        assert!(!sheet.abc("D").unwrap().contains("\nN:"), "Segue alone");
    }
}
