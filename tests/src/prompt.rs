//! What the demo plays at Segue: the first bars of a tune that a file holds.

use anyhow::{Context, Result, bail};
use segue_model::corpus::midi::{Reading, Voices, read_midi};
use segue_model::corpus::{Tune, abc};
use segue_model::note::{Bars, Metre, Note, Ticks};
use std::path::Path;

/// The opening of a tune, laid on a time line that begins at 0 with a bar line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What the tune is called.
    pub title: String,
    /// In order of onset.
    pub notes: Vec<Note>,
    /// The metre of its bars.
    pub metre: Metre,
    /// Where the tune's bars end that are played: a bar line.
    pub end: Ticks,
}

/// Fewer notes than these are no phrase.
const LEAST_NOTES: usize = 3;

impl Prompt {
    /// Some bars of a tune, from its bar `from` on; an upbeat comes with the first bar.
    pub fn of(tune: &Tune, from: i64, bars: i64) -> Option<Self> {
        let grid = tune.bars.first().copied().unwrap_or(Bars { line: Ticks::ZERO, metre: Metre::COMMON });
        let bar = grid.metre.bar();
        let first_line = Ticks(grid.line.0 + from * bar.0);
        let last_line = Ticks(first_line.0 + bars * bar.0);
        let wanted = |note: &&Note| note.onset < last_line && (from == 0 || note.onset >= first_line);
        let earliest = tune.notes.iter().filter(wanted).map(|note| note.onset).min()?;
        // Room for the upbeat, in whole bars, so that the time line begins on a bar line.
        let lead_in = Ticks(((first_line - earliest).0.max(0) as u64).div_ceil(bar.0 as u64) as i64 * bar.0);
        let shift = |moment: Ticks| moment - first_line + lead_in;
        let place = |note: &Note| Note {
            onset: shift(note.onset),
            duration: note.duration.min(last_line - note.onset),
            ..*note
        };
        let notes: Vec<Note> = tune.notes.iter().filter(wanted).map(place).collect();
        let prompt = Self { title: tune.title.clone(), notes, metre: grid.metre, end: shift(last_line) };
        (prompt.notes.len() >= LEAST_NOTES).then_some(prompt)
    }

    /// The same notes, higher or lower; as they were where that leaves the keyboard.
    #[must_use]
    pub fn transposed(&self, semitones: i8) -> Self {
        let moved = |note: &Note| Note { pitch: note.pitch.transposed(semitones).unwrap_or(note.pitch), ..*note };
        Self { notes: self.notes.iter().map(moved).collect(), ..self.clone() }
    }
}

/// Two openings that differ: the one to play, and another to compare the answers with.
///
/// The other is the next tune of the book; of a single tune the bars that follow; of a short one the same a fourth higher.
///
/// # Errors
/// When the file cannot be read or holds no tune that is long enough.
pub fn two_openings(path: &Path, bars: i64) -> Result<(Prompt, Prompt)> {
    const FOURTH: i8 = 5;
    let tunes = read(path)?;
    let mut openings = tunes.iter().filter_map(|tune| Prompt::of(tune, 0, bars));
    let first = openings.next().with_context(|| {
        format!(
            "{}: no tune in it has {LEAST_NOTES} notes in its first {bars} bars, so there is nothing to answer",
            path.display()
        )
    })?;
    let next_tune = openings.find(|other| other.notes != first.notes);
    let later_bars = || Prompt::of(&tunes[0], bars, bars).filter(|other| other.notes != first.notes);
    let other = next_tune.or_else(later_bars).unwrap_or_else(|| first.transposed(FOURTH));
    Ok((first, other))
}

fn read(path: &Path) -> Result<Vec<Tune>> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "abc" => {
            let book = abc::read_book(path)?;
            let tunes: Vec<Tune> = book.tunes.into_iter().map(|(_, tune)| tune).collect();
            // A book that has been read in part is good enough to play from.
            match book.refused.into_iter().next() {
                Some(refused) if tunes.is_empty() => Err(refused.into()),
                _ => Ok(tunes),
            }
        }
        "mid" | "midi" => {
            // One hand plays the prompt; the rest of an arrangement would be no phrase.
            let reading = Reading { voices: Voices::Melody, ..Reading::default() };
            Ok(vec![read_midi(path, reading)?])
        }
        _ => bail!("{}: is neither .mid nor .abc; give a file of one of these kinds", path.display()),
    }
}
