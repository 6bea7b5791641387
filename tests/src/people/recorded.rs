//! Recorded players: solos from the tables of the Weimar Jazz Database and pianists from MIDI files, with their own
//! timing, note lengths and dynamics.

use super::music::Music;
use super::rendition::{Keystroke, Pedal, Rendition};
use anyhow::{Context, Result, bail, ensure};
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};
use segue_model::chord::Chord;
use segue_model::note::{Metre, Pitch, Ticks, Velocity};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A solo's velocities are spread between these limits by rank, because each recording has its own loudness.
const SOFTEST: f64 = 40.0;
const LOUDEST: f64 = 110.0;

/// The note tables or MIDI files below a folder of the training data, in order of their names.
///
/// # Errors
/// If the folder cannot be read.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| format!("{}: cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else if matches!(ending.as_str(), "tsv" | "mid" | "midi") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A solo from its note table `notes/NAME.tsv`, with `beats/NAME.tsv` beside that folder: at most `bars` bars, from its
/// first chorus on. The tempo is made even; the player's timing against the beat stays.
///
/// # Errors
/// If a table cannot be read, or has no whole bar.
pub fn solo(notes: &Path, bars: usize) -> Result<Rendition> {
    let name = notes.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let beats = notes.with_file_name("..").join("beats").join(notes.file_name().unwrap_or_default());
    let beats = Grid::read(&beats, bars)?;
    let table = Table::read(notes)?;
    let loudness: Vec<Option<f64>> = table.rows.iter().map(|row| table.number(row, "loudness_db").ok()).collect();
    let mut keys = Vec::new();
    for (row, velocity) in table.rows.iter().zip(by_rank(&loudness)) {
        let (onset, length) = (table.number(row, "onset_s")?, table.number(row, "dur_s")?);
        let Some(down) = beats.place(onset) else { continue };
        let up = beats.place(onset + length.max(SHORTEST_SECONDS)).unwrap_or(beats.length());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a MIDI key")]
        let pitch = Pitch::new(table.number(row, "pitch")? as u8).context("a MIDI key")?;
        keys.push(Keystroke { down, up, pitch, velocity });
    }
    let music = Music {
        chords: beats.chords.clone(),
        length: Ticks(beats.metre.bar().0 * i64::try_from(beats.chords.len())?),
        tempo_bpm: beats.tempo_bpm(),
        ..Music::new(&name, Vec::new(), beats.metre)
    };
    Ok(Rendition::new(&music, keys, Vec::new()))
}

/// A pianist from a MIDI file: `seconds` seconds from the first note on, with the pedal. Such files have no meaningful
/// beats, so 4/4 at 120 bpm stands for seconds.
///
/// # Errors
/// If the file cannot be read.
pub fn pianist(path: &Path, seconds: i64) -> Result<Rendition> {
    const BEATS_PER_SECOND: f64 = 2.0;
    const SUSTAIN: u8 = 64;
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let file = Smf::parse(&bytes).with_context(|| format!("{}: is not a MIDI file", path.display()))?;
    let mut events = timed(&file)?;
    // Note-offs before note-ons, so that a repeated key gives two notes.
    events.sort_by(|one, other| one.0.total_cmp(&other.0).then(is_down(one.1).cmp(&is_down(other.1))));
    let first = events.iter().find(|event| is_down(event.1)).map(|event| event.0);
    let first = first.with_context(|| format!("{}: has no notes", path.display()))?;
    let mut down: BTreeMap<u8, (f64, u8)> = BTreeMap::new();
    let (mut keys, mut pedal) = (Vec::new(), Vec::new());
    for (at, message) in events {
        let at = (at - first) * BEATS_PER_SECOND;
        match message {
            MidiMessage::NoteOn { key, vel } if vel > 0 => _ = down.insert(key.as_int(), (at, vel.as_int())),
            MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => {
                if let Some((begun, velocity)) = down.remove(&key.as_int())
                    && let Some(pitch) = Pitch::new(key.as_int())
                {
                    keys.push(Keystroke { down: begun, up: at, pitch, velocity: Velocity::nearest(velocity.into()) });
                }
            }
            MidiMessage::Controller { controller, value } if controller == SUSTAIN => {
                let pressed = value >= 64;
                if pedal.last().is_none_or(|last: &Pedal| last.down != pressed) {
                    pedal.push(Pedal { at: at.max(0.0), down: pressed });
                }
            }
            _ => {}
        }
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let bars = seconds / 2;
    let music = Music { length: Ticks(bars * 192), ..Music::new(&name, Vec::new(), Metre::COMMON) };
    pedal.retain(|pedal| pedal.at < (bars * 4) as f64);
    Ok(Rendition::new(&music, keys, pedal))
}

fn is_down(message: MidiMessage) -> bool {
    matches!(message, MidiMessage::NoteOn { vel, .. } if vel.as_int() > 0)
}

/// All messages with their times in seconds.
fn timed(file: &Smf<'_>) -> Result<Vec<(f64, MidiMessage)>> {
    let Timing::Metrical(ticks_per_quarter) = file.header.timing else {
        bail!("files in SMPTE time are not supported")
    };
    let mut events: Vec<(u64, &TrackEventKind<'_>)> = Vec::new();
    for track in &file.tracks {
        let mut at = 0;
        for event in track {
            at += u64::from(event.delta.as_int());
            events.push((at, &event.kind));
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let mut seconds_per_tick = 0.5 / f64::from(ticks_per_quarter.as_int());
    let (mut last, mut now) = (0, 0.0);
    let mut messages = Vec::new();
    for (at, kind) in events {
        now += (at - last) as f64 * seconds_per_tick;
        last = at;
        match kind {
            TrackEventKind::Meta(MetaMessage::Tempo(tempo)) => {
                seconds_per_tick = f64::from(tempo.as_int()) / 1e6 / f64::from(ticks_per_quarter.as_int());
            }
            TrackEventKind::Midi { message, .. } => messages.push((now, *message)),
            _ => {}
        }
    }
    Ok(messages)
}

/// The length of the database's 22 notes without a length.
const SHORTEST_SECONDS: f64 = 0.02;

/// The beats of an excerpt with their times in seconds, and its bars.
struct Grid {
    /// One more than there are beats: the last one is the end of the excerpt.
    seconds: Vec<f64>,
    metre: Metre,
    /// The chords of each bar.
    chords: Vec<String>,
}

impl Grid {
    /// At most `most_bars` whole bars in one metre, from the first line of a chorus on.
    fn read(path: &Path, most_bars: usize) -> Result<Self> {
        let table = Table::read(path)?;
        let number = |index: usize, column| table.number(&table.rows[index], column);
        let is_line = |index: &usize| table.text(&table.rows[*index], "beat").is_ok_and(|beat| beat == "1");
        let in_chorus = |index: &usize| number(*index, "chorus").is_ok_and(|chorus| chorus >= 1.0);
        let lines: Vec<usize> = (0..table.rows.len()).filter(is_line).collect();
        let first = lines.iter().position(in_chorus).unwrap_or(0);
        let beats = lines.get(first).map_or(Ok(0.0), |line| number(*line, "beats_per_bar"))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "beats of a bar")]
        let beats = beats as usize;
        let whole = |pair: &&[usize]| pair[1] - pair[0] == beats;
        let bars: Vec<&[usize]> =
            lines[first.min(lines.len())..].windows(2).take_while(whole).take(most_bars).collect();
        let Some((begin, end)) = bars.first().zip(bars.last()).map(|(first, last)| (first[0], last[1])) else {
            bail!("{}: it has no whole bar", path.display());
        };
        let denominator =
            table.text(&table.rows[begin], "signature")?.split('/').nth(1).and_then(|text| text.parse().ok());
        let metre = denominator.and_then(|denominator| Metre::new(u8::try_from(beats).ok()?, denominator));
        let seconds = (begin..=end).map(|index| number(index, "onset_s")).collect::<Result<Vec<f64>>>()?;
        ensure!(seconds.is_sorted_by(|one, next| one < next), "{}: the beats are not in order", path.display());
        let chords = bars.iter().map(|bar| table.chords(bar[0]..bar[1])).collect::<Result<_>>()?;
        Ok(Self { seconds, metre: metre.with_context(|| format!("{}: a metre", path.display()))?, chords })
    }

    /// A moment in quarter notes from the beginning; `None` outside the excerpt.
    fn place(&self, second: f64) -> Option<f64> {
        let index = self.seconds.partition_point(|beat| *beat <= second).checked_sub(1)?;
        let (beat, next) = (self.seconds[index], *self.seconds.get(index + 1)?);
        Some((index as f64 + (second - beat) / (next - beat)) * self.quarters_a_beat())
    }

    fn quarters_a_beat(&self) -> f64 {
        4.0 / f64::from(self.metre.denominator)
    }

    fn length(&self) -> f64 {
        (self.seconds.len() - 1) as f64 * self.quarters_a_beat()
    }

    fn tempo_bpm(&self) -> f64 {
        let seconds = self.seconds[self.seconds.len() - 1] - self.seconds[0];
        self.length() * 60.0 / seconds
    }
}

/// A tab-separated table with the names of its columns.
struct Table {
    path: PathBuf,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let mut rows = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
        let columns = rows.next().with_context(|| format!("{}: is empty", path.display()))?;
        Ok(Self { path: path.to_owned(), columns, rows: rows.collect() })
    }

    fn text<'a>(&self, row: &'a [String], column: &str) -> Result<&'a str> {
        let place = self.columns.iter().position(|found| found == column);
        let text = place.and_then(|place| row.get(place)).map(String::as_str);
        text.with_context(|| format!("{}: it has no column {column}", self.path.display()))
    }

    fn number(&self, row: &[String], column: &str) -> Result<f64> {
        let text = self.text(row, column)?;
        text.parse().with_context(|| format!("{}: {column} is {text:?}, no number", self.path.display()))
    }

    /// The chords of a bar as a chart writes them: one, or one for each half.
    fn chords(&self, beats: std::ops::Range<usize>) -> Result<String> {
        let half = beats.start + beats.len() / 2;
        let symbol = |index: usize| {
            let text = self.text(&self.rows[index], "chord")?;
            let chord = Chord::parse(text).map_err(|error| anyhow::anyhow!("{}: {error}", self.path.display()))?;
            Ok::<String, anyhow::Error>(chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string()))
        };
        let (first, second) = (symbol(beats.start)?, symbol(half)?);
        Ok(if first == second { first } else { format!("{first} {second}") })
    }
}

/// Velocities spread evenly by rank; a note without a loudness gets the middle one.
fn by_rank(loudness: &[Option<f64>]) -> Vec<Velocity> {
    let mut known: Vec<f64> = loudness.iter().copied().flatten().collect();
    known.sort_unstable_by(f64::total_cmp);
    let highest = known.len().saturating_sub(1).max(1) as f64;
    let velocity = |loudness: f64| {
        let rank = known.partition_point(|other| *other < loudness) as f64;
        #[expect(clippy::cast_possible_truncation, reason = "a velocity")]
        Velocity::nearest((SOFTEST + rank / highest * (LOUDEST - SOFTEST)) as f32)
    };
    loudness.iter().map(|loudness| loudness.map_or(Velocity::DEFAULT, velocity)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recorded solo keeps its timing within the beat and loses its changes of tempo.
    #[test]
    fn a_recorded_solo_keeps_its_timing_and_loses_its_tempo_drift() {
        let folder = std::env::temp_dir().join(format!("segue-solo-{}", std::process::id()));
        for part in ["notes", "beats"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        let notes =
            "onset_s\tdur_s\tpitch\tloudness_db\n0.5\t0.1\t60\t55\n1.1\t0.5\t62\t60\n2.3\t0.6\t64\t\n9.9\t1\t65\t70\n";
        std::fs::write(folder.join("notes/a.tsv"), notes).unwrap();
        let beats = "onset_s\tbar\tbeat\tbeats_per_bar\tsignature\tchord\tchorus\n0.4\t0\t2\t2\t2/4\tNC\t0\n\
                     1.0\t1\t1\t2\t2/4\tF7\t1\n1.5\t1\t2\t2\t2/4\tF7\t1\n2.0\t2\t1\t2\t2/4\tC-7\t1\n\
                     3.0\t2\t2\t2\t2/4\tBbj7\t1\n4.0\t3\t1\t2\t2/4\tF7\t1\n4.5\t3\t2\t2\t2/4\tF7\t1\n";
        std::fs::write(folder.join("beats/a.tsv"), beats).unwrap();
        let solo = solo(&folder.join("notes/a.tsv"), 8).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let played: Vec<(f64, f64)> = solo.keys.iter().map(|key| (key.down, key.up)).collect();
        assert!(
            played
                .iter()
                .zip([(0.2, 1.2), (2.3, 2.9)])
                .all(|(one, other)| { (one.0 - other.0).abs() < 1e-9 && (one.1 - other.1).abs() < 1e-9 })
        );
        assert_eq!(played.len(), 2, "notes before the chorus and after the last whole bar are left out");
        assert_eq!(solo.chords, ["F7", "Cm7 Bbmaj7"]);
        assert!((solo.tempo_bpm - 80.0).abs() < 1e-9 && (solo.length - 4.0).abs() < 1e-9);
        assert_eq!(solo.keys[0].velocity.value(), 75);
    }

    #[test]
    fn a_pianist_keeps_seconds_velocities_and_pedal() {
        use midly::num::{u4, u7, u15, u24, u28};
        use midly::{Format, Header, Track, TrackEvent};
        let event = |delta: u32, kind| TrackEvent { delta: u28::from(delta), kind };
        let midi = |delta, message| event(delta, TrackEventKind::Midi { channel: u4::from(0), message });
        let on = |key, vel| MidiMessage::NoteOn { key: u7::from(key), vel: u7::from(vel) };
        let pedal = |value| MidiMessage::Controller { controller: u7::from(64), value: u7::from(value) };
        let mut file = Smf::new(Header::new(Format::SingleTrack, Timing::Metrical(u15::from(100))));
        let tempo = TrackEventKind::Meta(MetaMessage::Tempo(u24::from(1_000_000)));
        let track: Track<'_> = vec![
            event(0, tempo),
            midi(100, on(60, 33)),
            midi(50, pedal(100)),
            midi(50, on(60, 0)),
            midi(0, on(60, 44)),
            midi(100, pedal(20)),
            midi(100, on(60, 0)),
        ];
        file.tracks.push(track);
        let path = std::env::temp_dir().join(format!("segue-pianist-{}.mid", std::process::id()));
        file.save(&path).unwrap();
        let played = pianist(&path, 10).unwrap();
        std::fs::remove_file(&path).unwrap();
        let keys: Vec<(f64, f64, u8)> =
            played.keys.iter().map(|key| (key.down, key.up, key.velocity.value())).collect();
        assert_eq!(keys, [(0.0, 2.0, 33), (2.0, 6.0, 44)]);
        assert_eq!(played.pedal, [Pedal { at: 1.0, down: true }, Pedal { at: 4.0, down: false }]);
    }
}
