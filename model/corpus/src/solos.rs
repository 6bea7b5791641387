//! Reads the solo tables of the Weimar Jazz Database: a table of notes and a table of beats, tab-separated.
//!
//! Time is counted in beats, not in seconds: a note lies where the table says that it is meant (bar, beat, part of the
//! beat), and is as long as it was played, in beats at that moment. The player's timing against the beat is lost.

use super::{Refused, Tune, push_chord};
use segue_model::bounded_file::SizeLimit;
use segue_model::chord::Chord;
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// The velocities between which a solo's notes are spread evenly, from the softest to the loudest. Loudness itself
/// cannot be used, because each recording has its own scale.
const SOFTEST: f32 = 40.0;
const LOUDEST: f32 = 110.0;

/// The folder with the tables of notes; its neighbours are [`BEATS`] and [`TITLES`].
pub(super) const NOTES: &str = "notes";
const BEATS: &str = "beats";
const TITLES: &str = "solos.csv";

/// One row of the table of notes. Other columns are ignored.
#[derive(Debug, Deserialize)]
struct NoteRow {
    dur_s: f64,
    pitch: u8,
    loudness_db: Option<f32>,
    bar: i64,
    beat: i64,
    tatum: i64,
    division: i64,
    beat_dur_s: f64,
}

/// One row of the table of beats.
#[derive(Debug, Deserialize)]
struct BeatRow {
    bar: i64,
    beat: i64,
    beats_per_bar: i64,
    signature: String,
    chord: String,
}

#[derive(Debug, Deserialize)]
struct TitleRow {
    id: String,
    performer: String,
    title: String,
}

/// The other files that are read for a solo, whether they exist or not.
pub(super) fn companions(notes: &Path) -> [PathBuf; 2] {
    let folder = notes.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    [folder.join(BEATS).join(notes.file_name().unwrap_or_default()), folder.join(TITLES)]
}

/// Reads the solo with notes in `notes/NAME.tsv`, and beats and chords in `beats/NAME.tsv` beside that folder. Moment 0
/// is the bar line before the first note. Notes never overlap, and no two begin together: of two notes on one tick, the
/// later is moved by one tick.
///
/// # Errors
/// One sentence that names the file, the line and what is wrong with it.
pub fn read_solo(notes: &Path) -> Result<Tune, Refused> {
    let [beats, titles] = companions(notes);
    let (note_rows, beat_rows) = (bytes_of(notes)?, bytes_of(&beats)?);
    let tune = parse_solo(&note_rows, &notes.display().to_string(), &beat_rows, &beats.display().to_string())?;
    Ok(Tune { title: title(notes, &titles), ..tune })
}

/// Reads the bytes of a table of notes and of its table of beats; the names are what errors call them. The tune has no
/// title.
///
/// # Errors
/// See [`read_solo`].
pub fn parse_solo(notes: &[u8], notes_name: &str, beats: &[u8], beats_name: &str) -> Result<Tune, Refused> {
    let note_rows = Table::<NoteRow>::parse(notes, notes_name)?;
    let beat_rows = Table::<BeatRow>::parse(beats, beats_name)?;
    let grid = Grid::new(&beat_rows)?;
    let mut tune = Tune { notes: played(&note_rows, &grid)?, ..Tune::default() };
    let first = tune.notes.first().ok_or_else(|| note_rows.fault(None, "has no notes"))?.onset;
    let start = grid.bar_line_before(first);
    for note in &mut tune.notes {
        note.onset = note.onset - start;
    }
    for (bar, metre) in grid.bars.values() {
        let entry = Bars { line: *bar - start, metre: *metre };
        if entry.line >= Ticks::ZERO && tune.bars.last().is_none_or(|last| last.metre != entry.metre) {
            tune.bars.push(entry);
        }
    }
    for (at, chord) in grid.chords {
        // What holds at the start may have begun before it.
        push_chord(&mut tune.chords, (at - start).max(Ticks::ZERO), chord);
    }
    Ok(tune)
}

/// The longest solo of the database has tables of 0.3 MiB.
const LARGEST: SizeLimit = SizeLimit::mebibytes("table of solos", 16);

fn bytes_of(path: &Path) -> Result<Vec<u8>, Refused> {
    LARGEST.read(path).map_err(|error| Refused::new(&path.display().to_string(), error.to_string()))
}

/// A table with the line number of each row.
struct Table<Row> {
    path: String,
    rows: Vec<(usize, Row)>,
}

impl<Row: DeserializeOwned> Table<Row> {
    fn parse(bytes: &[u8], name: &str) -> Result<Self, Refused> {
        let refused = |error: &csv::Error| {
            let line = error.position().and_then(|position| usize::try_from(position.line()).ok());
            let reason = match error.kind() {
                csv::ErrorKind::Io(error) => format!("cannot be read ({error})"),
                csv::ErrorKind::Deserialize { err, .. } => format!("is not a row of a solo table ({err})"),
                _ => format!("is not a tab-separated table ({error})"),
            };
            Refused { line, ..Refused::new(name, reason) }
        };
        let reader = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_reader(bytes);
        let rows = reader.into_deserialize::<Row>();
        // Line 1 has the names of the columns.
        let rows = rows.zip(2..).map(|(row, line)| Ok((line, row.map_err(|error| refused(&error))?)));
        Ok(Self { path: name.to_owned(), rows: rows.collect::<Result<_, _>>()? })
    }
}

impl<Row> Table<Row> {
    fn fault(&self, line: Option<usize>, reason: impl Into<String>) -> Refused {
        Refused { line, ..Refused::new(&self.path, reason.into()) }
    }
}

/// Where bars begin, counted from the first bar in the table, and which chords hold where.
struct Grid {
    /// By bar number.
    bars: BTreeMap<i64, (Ticks, Metre)>,
    chords: Vec<(Ticks, Option<Chord>)>,
}

impl Grid {
    fn new(table: &Table<BeatRow>) -> Result<Self, Refused> {
        let mut grid = Self { bars: BTreeMap::new(), chords: Vec::new() };
        for (line, row) in &table.rows {
            let fault = |reason: String| table.fault(Some(*line), reason);
            let metre = metre(row).ok_or_else(|| fault(format!("“{}” is not a time signature", row.signature)))?;
            let at = match grid.bars.get(&row.bar) {
                Some((at, _)) => *at,
                None => grid.end_before(row.bar).map_err(fault)?,
            };
            grid.bars.insert(row.bar, (at, metre));
            let chord = Chord::parse(&row.chord).map_err(|error| fault(error.to_string()))?;
            let at = grid.place(row.bar, row.beat, 1, 1).map_err(fault)?;
            if grid.chords.last().is_some_and(|(last, _)| *last >= at) {
                return Err(fault("its beat lies before that of the row above".to_owned()));
            }
            grid.chords.push((at, chord));
        }
        Ok(grid)
    }

    /// Where a bar begins that follows the known ones; bars that the table leaves out are like the last one.
    fn end_before(&self, bar: i64) -> Result<Ticks, String> {
        let Some((last, (at, metre))) = self.bars.last_key_value() else {
            return Ok(Ticks::ZERO);
        };
        let bars = bar.checked_sub(*last).filter(|bars| (1..=MOST_BARS).contains(bars));
        let bars = bars.ok_or_else(|| format!("bar {bar} cannot follow bar {last}"))?;
        Ok(Ticks(at.0 + bars * metre.bar().0))
    }

    /// The nearest tick to part `tatum` of `division` of a beat; all three count from 1.
    fn place(&self, bar: i64, beat: i64, tatum: i64, division: i64) -> Result<Ticks, String> {
        let (at, metre) = self.bars.get(&bar).ok_or_else(|| format!("bar {bar} is not in the table of beats"))?;
        let beats = i64::from(metre.numerator);
        if !(1..=beats).contains(&beat) || !(1..=MOST_PARTS).contains(&division) || !(1..=division).contains(&tatum) {
            return Err(format!("there is no beat {beat}, part {tatum} of {division}, in a bar of {beats} beats"));
        }
        let parts = (beat - 1) * division + tatum - 1;
        let (numerator, denominator) = (metre.bar().0 * parts, beats * division);
        Ok(Ticks(at.0 + (2 * numerator + denominator) / (2 * denominator)))
    }

    fn bar_line_before(&self, moment: Ticks) -> Ticks {
        self.bars.values().map(|(at, _)| *at).take_while(|at| *at <= moment).last().unwrap_or(Ticks::ZERO)
    }

    /// The length of a beat in a bar.
    fn beat(&self, bar: i64) -> f64 {
        let in_or_before = (Bound::Unbounded, Bound::Included(bar));
        let metre = self.bars.range(in_or_before).next_back().map_or(Metre::COMMON, |(_, (_, metre))| *metre);
        #[expect(clippy::cast_precision_loss, reason = "a bar is far shorter than 2^52 ticks")]
        let bar = metre.bar().0 as f64;
        bar / f64::from(metre.numerator)
    }
}

/// More than any solo has; keeps sums small if a table is damaged.
const MOST_BARS: i64 = 10_000;
const MOST_PARTS: i64 = 1_000;

/// The metre of the signature, with the number of beats counted in the bar.
fn metre(row: &BeatRow) -> Option<Metre> {
    let (_, denominator) = row.signature.split_once('/')?;
    Metre::new(u8::try_from(row.beats_per_bar).ok()?, denominator.trim().parse().ok()?)
}

/// The notes in order, from the start of the table of beats.
fn played(table: &Table<NoteRow>, grid: &Grid) -> Result<Vec<Note>, Refused> {
    let velocities = velocities(&table.rows.iter().map(|(_, row)| row.loudness_db).collect::<Vec<_>>());
    let mut notes: Vec<Note> = Vec::new();
    let mut before = Ticks(i64::MIN);
    for ((line, row), velocity) in table.rows.iter().zip(velocities) {
        let fault = |reason: String| table.fault(Some(*line), reason);
        let place = grid.place(row.bar, row.beat, row.tatum, row.division).map_err(fault)?;
        if place < before {
            return Err(fault("its place lies before that of the note above".to_owned()));
        }
        before = place;
        let pitch = Pitch::new(row.pitch).ok_or_else(|| fault(format!("{} is no MIDI key (0 to 127)", row.pitch)))?;
        let onset = notes.last().map_or(place, |last| place.max(last.onset + Ticks(1)));
        if let Some(last) = notes.last_mut() {
            last.duration = last.duration.min(onset - last.onset);
        }
        notes.push(Note { onset, pitch, duration: length(row, grid.beat(row.bar)), velocity });
    }
    Ok(notes)
}

/// The length as played, in ticks of the beat at that moment; at least one, because it must not be zero.
fn length(row: &NoteRow, beat: f64) -> Ticks {
    /// Four bars of common time; longer values come from a wrongly measured beat.
    const LONGEST: f64 = 768.0;
    let ticks = (row.dur_s / row.beat_dur_s * beat).round();
    #[expect(clippy::cast_possible_truncation, reason = "clamped to 1..=768 first; NaN becomes 0 and then 1")]
    let ticks = ticks.clamp(1.0, LONGEST) as i64;
    Ticks(ticks.max(1))
}

/// Velocities spread evenly by rank; equal loudness gives equal velocity. Notes without a loudness get the default
/// velocity.
fn velocities(loudness: &[Option<f32>]) -> Vec<Velocity> {
    let mut known: Vec<f32> = loudness.iter().copied().flatten().collect();
    known.sort_unstable_by(f32::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a solo has far fewer than 2^23 notes")]
    let of = |loudness: f32| {
        let below = known.partition_point(|other| other.total_cmp(&loudness).is_lt());
        let up_to = known.partition_point(|other| other.total_cmp(&loudness).is_le());
        let rank = (below + up_to - 1) as f32 / 2.0;
        let highest = known.len() - 1;
        let share = if highest == 0 { 0.5 } else { rank / highest as f32 };
        Velocity::nearest(SOFTEST + share * (LOUDEST - SOFTEST))
    };
    loudness.iter().map(|loudness| loudness.map_or(Velocity::DEFAULT, of)).collect()
}

/// `title (performer)` from the table of solos; the file name if the table does not have it.
fn title(notes: &Path, titles: &Path) -> String {
    let id = notes.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let titles = LARGEST.read(titles).unwrap_or_default();
    let rows = csv::Reader::from_reader(titles.as_slice()).into_deserialize::<TitleRow>();
    let row = rows.filter_map(Result::ok).find(|row| row.id == id);
    row.map_or(id, |row| format!("{} ({})", row.title, row.performer))
}

#[cfg(test)]
mod tests;
