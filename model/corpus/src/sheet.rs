//! What a player and Segue played, written as a picture, a MIDI file or ABC.
//!
//! Does not know networks, hosts or sound.

mod notated;
pub mod roll;

use crate::abc::{KeySignature, write_abc};
use crate::chart::metre_of;
use crate::{Tempo, TempoMap, Tune};
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
    /// The bar lines from which bars are counted; none in free time. The first may come after an upbeat.
    pub bars: Vec<Bars>,
    /// Changes of harmony, in order.
    pub chords: Vec<(Ticks, Option<Chord>)>,
    /// Changes of tempo, in order of time, the first at 0 and each within [`TEMPOS_BPM`]. Without any it is 120.
    pub tempos: Vec<Tempo>,
    /// How many sharps the key signature has (flats if negative), -7 to 7; `None` if that is not known.
    pub sharps: Option<i8>,
}

impl Sheet {
    /// Where the last note ends.
    pub fn end(&self) -> Ticks {
        self.all().map(|note| note.onset + note.duration).max().unwrap_or_default()
    }

    /// A moment in seconds.
    pub fn seconds(&self, at: Ticks) -> f64 {
        TempoMap::new(&self.tempos).seconds(at)
    }

    fn all(&self) -> impl Iterator<Item = &Note> {
        self.player.iter().chain(&self.segue)
    }

    /// From a moment on, which becomes 0. Notes that begin earlier are left out.
    #[must_use]
    pub fn since(self, start: Ticks) -> Self {
        let moved = |notes: Vec<Note>| -> Vec<Note> {
            let later = notes.into_iter().filter(|note| note.onset >= start);
            later.map(|note| Note { onset: note.onset - start, ..note }).collect()
        };
        let moment = |at: Ticks| (at - start).max(Ticks::ZERO);
        // What began earlier holds from the start on.
        let chords = &self.chords[self.chords.partition_point(|(at, _)| *at <= start).saturating_sub(1)..];
        let tempos = &self.tempos[self.tempos.partition_point(|tempo| tempo.at <= start).saturating_sub(1)..];
        Self {
            player: moved(self.player),
            segue: moved(self.segue),
            bars: bars_since(&self.bars, start),
            chords: chords.iter().map(|(at, chord)| (moment(*at), *chord)).collect(),
            tempos: tempos.iter().map(|tempo| Tempo { at: moment(tempo.at), ..*tempo }).collect(),
            ..self
        }
    }

    /// Begins with the player's upbeat instead of the rest before it, if the first bar holds only an upbeat, with which
    /// the piece begins, and if a metre has the length of that.
    #[must_use]
    pub fn without_rest_before_upbeat(self, has_upbeat: bool) -> Self {
        let first = self.player.first().map(|note| note.onset);
        let earliest = self.all().map(|note| note.onset).min();
        let bar = self.bars.first().filter(|first| first.line == Ticks::ZERO).map(|first| first.metre.bar());
        let (Some(begin), Some(bar)) = (first.filter(|_| first == earliest), bar) else { return self };
        let is_short = begin > Ticks::ZERO && begin < bar && metre_of((bar - begin).0).is_some();
        if has_upbeat && is_short { self.since(begin) } else { self }
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

/// The bars from a moment on, which becomes 0.
fn bars_since(bars: &[Bars], start: Ticks) -> Vec<Bars> {
    let begun = bars.partition_point(|bars| bars.line <= start);
    let mut since: Vec<Bars> = Vec::new();
    if let Some(holding) = begun.checked_sub(1).map(|index| bars[index]) {
        let place = holding.place(start);
        let line = if place == Ticks::ZERO { Ticks::ZERO } else { holding.metre.bar() - place };
        since.push(Bars { line, ..holding });
    }
    let later = bars[begun..].iter().map(|bars| Bars { line: bars.line - start, ..*bars });
    since.extend(later);
    // A bar that the next entry cuts short has no line of its own after the start.
    if since.get(1).is_some_and(|second| second.line <= since[0].line) {
        since.remove(0);
    }
    since
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
            tempos: self.tempos.clone(),
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
    /// Writes two tracks. The player's has the tempos, the time and key signatures, and the chords as markers. An
    /// upbeat is a bar of its own, as notation programs write it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_midi(&self, path: &Path) -> anyhow::Result<()> {
        let bytes = self.midi().with_context(|| format!("{}: cannot be written", path.display()))?;
        std::fs::write(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
    }

    fn midi(&self) -> anyhow::Result<Vec<u8>> {
        let names: Vec<(Ticks, String)> = self
            .chords
            .iter()
            .map(|(at, chord)| (*at, chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string())))
            .collect();
        let tempo = |tempo: &Tempo| segue_midi::tempo(tempo.bpm().clamp(TEMPOS_BPM.0, TEMPOS_BPM.1));
        let tempos = self.tempos.iter().map(|change| (tick(change.at), tempo(change)));
        let upbeat = self.bars.first().filter(|first| first.line > Ticks::ZERO);
        let upbeat = upbeat.and_then(|first| Some(Bars { line: Ticks::ZERO, metre: metre_of(first.line.0)? }));
        let signatures = upbeat.iter().chain(&self.bars);
        let signatures = signatures.map(|bars| (tick(bars.line), segue_midi::signature(bars.metre)));
        let key = self.key_sharps().map(|sharps| (0, MetaMessage::KeySignature(sharps, false)));
        let markers = names.iter().map(|(at, name)| (tick(*at), MetaMessage::Marker(name.as_bytes())));
        let heading = tempos.chain(signatures).chain(key).chain(markers).collect();
        let player = FileTrack { name: "Player", channel: 0, heading, notes: file_notes(&self.player) };
        let segue = FileTrack { name: "Segue", channel: 1, heading: Vec::new(), notes: file_notes(&self.segue) };
        Ok(segue_midi::bytes(u16::try_from(TICKS_PER_QUARTER)?, &[player, segue])?)
    }

    /// The sharps of the key that is stated, or that fits the notes best; none in free time.
    fn key_sharps(&self) -> Option<i8> {
        if self.bars.is_empty() {
            return None;
        }
        let notes: Vec<Note> = self.all().copied().collect();
        self.sharps.or_else(|| KeySignature::parse(key_signature(&notes)).ok()?.sharps(0))
    }

    /// The key signature that is stated, or that fits the notes best, as `K:` in ABC writes it.
    pub fn key(&self) -> &'static str {
        let notes: Vec<Note> = self.all().copied().collect();
        self.sharps.map_or_else(|| key_signature(&notes), KeySignature::major_name)
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
        if self.bars.is_empty() { self.seconds(at) } else { at.as_f64() / Ticks::quarters(1).as_f64() }
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
            tempos: vec![Tempo::of_bpm(Ticks::ZERO, 100.0).unwrap()],
            sharps: None,
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
    fn a_sheet_may_begin_later() {
        let waltz = Metre::new(3, 4).unwrap();
        let late = Bars { line: Ticks(384), metre: waltz };
        let both = Sheet { bars: vec![sheet().bars[0], late], ..sheet() };
        let since = |start| both.clone().since(Ticks(start));
        let lines = |sheet: &Sheet| sheet.bars.iter().map(|bars| bars.line.0).collect::<Vec<_>>();
        assert_eq!((lines(&since(24)), since(24).player.len()), (vec![168, 360], 1), "within a bar");
        assert_eq!(lines(&since(192)), [0, 192], "at a bar line");
        assert_eq!((lines(&since(384)), since(384).chords), (vec![0], vec![(Ticks::ZERO, None)]), "at the next metre");
        assert_eq!(lines(&since(400)), [128]);
        let begins = |player: Note, has_upbeat| {
            let sheet = Sheet { player: vec![player], segue: vec![note(192, 60)], ..sheet() };
            let sheet = sheet.without_rest_before_upbeat(has_upbeat);
            (sheet.player[0].onset.0, lines(&sheet))
        };
        assert_eq!(begins(note(168, 62), true), (0, vec![24]));
        assert_eq!(begins(note(168, 62), false), (168, vec![0]), "a bar that begins with a rest");
        assert_eq!(begins(note(167, 62), true), (167, vec![0]), "no metre has 25 ticks");
        assert_eq!(begins(note(192, 62), true), (192, vec![0]));
    }

    /// The meta events of the first track at their ticks, as they stand in the file: kind and data in hexadecimal.
    fn metas(sheet: &Sheet) -> Vec<String> {
        let bytes = sheet.midi().unwrap();
        let track = &bytes[bytes.windows(4).position(|name| name == b"MTrk").unwrap() + 8..];
        // Delta times below 128 are one byte.
        let (mut at, mut place, mut found) = (0u32, 0, Vec::new());
        while track[place + 1] == 0xff {
            at += u32::from(track[place]);
            let (kind, length) = (track[place + 2], usize::from(track[place + 3]));
            let data = track[place + 4..place + 4 + length].iter().map(|byte| format!(" {byte:02X}"));
            let data = data.collect::<Vec<_>>().concat();
            found.push(format!("{at}: {kind:02X}{data}"));
            place += 4 + length;
        }
        found
    }

    #[test]
    fn bars_key_and_upbeat_are_in_the_bytes_of_the_midi_file() {
        let bars = |line| vec![Bars { line: Ticks(line), metre: Metre::new(6, 8).unwrap() }];
        let tempos = [(0, 100.0), (12, 60.0)].map(|(at, bpm)| Tempo::of_bpm(Ticks(at), bpm).unwrap()).to_vec();
        let upbeat = Sheet { bars: bars(24), sharps: Some(-2), chords: Vec::new(), tempos, ..sheet() };
        let upbeat = Sheet { player: vec![note(24, 64)], segue: vec![note(48, 66)], ..upbeat };
        let name = "0: 03 50 6C 61 79 65 72";
        let expected =
            [name, "0: 51 09 27 C0", "0: 58 01 03 18 08", "0: 59 FE 00", "12: 51 0F 42 40", "24: 58 06 03 18 08"];
        assert_eq!(metas(&upbeat), expected, "an eighth of an upbeat, 6/8 from there on, two flats");
        let plain = Sheet { chords: Vec::new(), ..sheet() };
        let expected = [name, "0: 51 09 27 C0", "0: 58 04 02 18 08", "0: 59 01 00"];
        assert_eq!(metas(&Sheet { player: vec![note(1, 66)], ..plain.clone() }), expected, "F sharp: one sharp fits");
        let free = Sheet { bars: Vec::new(), ..plain };
        assert_eq!(metas(&free), [name, "0: 51 09 27 C0"], "free time has neither bars nor a key");
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
