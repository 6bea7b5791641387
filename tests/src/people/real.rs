//! The same figures for the music from which the styles learnt.

use super::figures::{Figures, Ground, Timed};
use super::recorded;
use super::repertoire::Style;
use super::table::Row;
use anyhow::{Context, Result};
use segue_corpus::Tune;
use segue_corpus::folder::{FolderOptions, read_folder};
use segue_model::note::{Metre, Ticks};
use std::ops::Range;
use std::path::Path;

/// The most pieces of each style that are counted, spread over all of them.
const MOST_PIECES: usize = 150;
/// As many bars as the player's numbers have.
const BARS: i64 = 24;
/// As many bars as their turns have.
const TURN_BARS: i64 = 2;

/// A piece on its time line.
struct Piece {
    line: Vec<Timed>,
    tune: Tune,
    metre: Metre,
}

/// Two rows: stretches of 24 bars, and the same in rooms of 2 bars, as if each had been a turn.
///
/// # Errors
/// If the folder has no music of the style.
pub fn rows(data: &Path, style: Style) -> Result<[Row; 2]> {
    let pieces = pieces(data, style)?;
    let row = |number: &str, bars: i64| {
        let mut figures = Figures::default();
        for piece in &pieces {
            for rooms in piece.rooms(bars) {
                figures += piece.figures(&rooms);
            }
        }
        let (style, has_beats) = (style.name().to_owned(), style.has_beats());
        Row { style, mode: "real".to_owned(), number: number.to_owned(), figures, has_beats }
    };
    Ok([row("24 bars", BARS), row("turns of 2 bars", TURN_BARS)])
}

impl Piece {
    fn of(tune: Tune) -> Self {
        let metre = tune.bars.first().map_or(Metre::COMMON, |bars| bars.metre);
        Self { line: tune.notes.iter().map(Timed::notated).collect(), tune, metre }
    }

    /// Stretches of 24 bars of the piece, each divided into rooms of this many bars.
    fn rooms(&self, bars: i64) -> Vec<Vec<Range<f64>>> {
        let bar = self.metre.bar().0 as f64 / 48.0;
        let (first, last) = self.line.first().zip(self.line.last()).map_or((0.0, 0.0), |(a, b)| (a.onset, b.onset));
        let line = self.tune.bars.first().map_or(0.0, |bars| bars.line.0 as f64 / 48.0);
        let begin = ((first - line) / bar).ceil().mul_add(bar, line);
        let whole = BARS as f64 * bar;
        // A shorter tune is one stretch.
        let length = (((last - begin) / bar).ceil() * bar).min(whole);
        let begins = (0_u32..).map(|count| f64::from(count).mul_add(whole, begin));
        let stretches = begins.take_while(|begin| length > 0.0 && begin + length <= last + bar);
        let rooms = |stretch: f64| {
            let size = (bars as f64 * bar).min(length);
            let begins = (0_u32..).map(|count| f64::from(count).mul_add(size, stretch));
            begins
                .take_while(|begin| begin + size <= stretch + length + 1e-6)
                .map(|begin| begin..begin + size)
                .collect()
        };
        stretches.map(rooms).collect()
    }

    fn figures(&self, rooms: &[Range<f64>]) -> Figures {
        #[expect(clippy::cast_possible_truncation, reason = "a piece is short")]
        let chord_at = |beats: f64| self.tune.chord_at(Ticks((beats * 48.0).floor() as i64));
        let beat = self.metre.beat().0 as f64 / 48.0;
        let inside = |note: &&Timed| rooms.iter().any(|room| room.contains(&note.onset));
        let line: Vec<Timed> = self.line.iter().filter(inside).copied().collect();
        Figures::of(
            &line,
            &Ground { rooms, begins: &[], seams: &[], steady: &[], swing: 0.5, beat, chord_at: &chord_at },
        )
    }
}

fn pieces(data: &Path, style: Style) -> Result<Vec<Piece>> {
    let folder = data.join(style.folder());
    if !style.has_beats() {
        return pianists(&folder);
    }
    let reading = FolderOptions { prefer_abc: true, ..FolderOptions::default() };
    let corpus = read_folder(&folder, reading, None).with_context(|| format!("the music of {}", style.name()))?;
    let metre = |tune: &Tune| tune.bars.first().map_or(Metre::COMMON, |bars| bars.metre);
    let plain = |tune: &Tune| tune.notes.len() > 30 && tune.bars.len() == 1 && metre(tune).denominator > 1;
    let tunes: Vec<Tune> = corpus.pieces.into_iter().map(|piece| piece.tune).filter(plain).collect();
    let step = tunes.len().div_ceil(MOST_PIECES).max(1);
    Ok(tunes.into_iter().step_by(step).map(Piece::of).collect())
}

fn pianists(folder: &Path) -> Result<Vec<Piece>> {
    /// Only the first minutes of a piece are counted.
    const SECONDS: i64 = 144;
    let files = recorded::files_below(&folder.join("midi"))?;
    let step = files.len().div_ceil(MOST_PIECES).max(1);
    let piece = |file: &std::path::PathBuf| {
        let played = recorded::pianist(file, SECONDS)?;
        let timed = |key: &super::rendition::Keystroke| Timed {
            onset: key.down,
            end: key.up,
            key: key.pitch.key(),
            velocity: key.velocity.value(),
        };
        let line = played.keys.iter().map(timed).collect();
        Ok(Piece { line, tune: Tune::default(), metre: Metre::COMMON })
    };
    files.iter().step_by(step).map(piece).collect()
}
