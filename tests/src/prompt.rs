//! The prompt of the demo: the first bars of a tune in a file.

use anyhow::{Context, Result};
use segue_corpus::Tune;
use segue_corpus::midi::{MidiOptions, Voices};
use segue_corpus::tunes::{TuneSelection, read_tunes};
use segue_model::note::{Bars, Metre, Note, Ticks};
use std::path::Path;

/// The opening of a tune, on a time line that begins with a bar line at 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What the tune is called.
    pub title: String,
    /// In order of onset.
    pub notes: Vec<Note>,
    /// The metre of its bars.
    pub metre: Metre,
    /// The bar line at which the prompt ends.
    pub end: Ticks,
    /// The chords of its bars as a chart, from the bar at 0 on; empty when the tune has none.
    pub chart: String,
}

/// A phrase has at least this many notes.
const LEAST_NOTES: usize = 3;

impl Prompt {
    /// Some bars of a tune, beginning at bar `from`; an upbeat is included in the first bar.
    pub fn of(tune: &Tune, from: i64, bars: i64) -> Option<Self> {
        let grid = tune.bars.first().copied().unwrap_or(Bars { line: Ticks::ZERO, metre: Metre::COMMON });
        let bar = grid.metre.bar();
        let first_line = Ticks(grid.line.0 + from * bar.0);
        let last_line = Ticks(first_line.0 + bars * bar.0);
        let wanted = |note: &&Note| note.onset < last_line && (from == 0 || note.onset >= first_line);
        let earliest = tune.notes.iter().filter(wanted).map(|note| note.onset).min()?;
        // Whole bars, so that the time line begins on a bar line even before an upbeat.
        let begin = Ticks(first_line.0 + (earliest - first_line).0.min(0).div_euclid(bar.0) * bar.0);
        let place = |note: &Note| Note {
            onset: note.onset - begin,
            duration: note.duration.min(last_line - note.onset),
            ..*note
        };
        let notes: Vec<Note> = tune.notes.iter().filter(wanted).map(place).collect();
        let chart = tune.chart(begin, last_line);
        let prompt = Self { title: tune.title.clone(), notes, metre: grid.metre, end: last_line - begin, chart };
        (prompt.notes.len() >= LEAST_NOTES).then_some(prompt)
    }

    /// The same notes, higher or lower; unchanged if they would leave the keyboard.
    #[must_use]
    pub fn transposed(&self, semitones: i8) -> Self {
        let moved = |note: &Note| Note { pitch: note.pitch.transposed(semitones).unwrap_or(note.pitch), ..*note };
        Self { notes: self.notes.iter().map(moved).collect(), ..self.clone() }
    }
}

/// Two different openings: one to play, and another whose answer is compared with the first. The first is from the
/// selected tune, or from the first tune that is long enough. The second is from another tune; if there is none, it is
/// the bars that follow, or in a short tune the same bars a fourth higher.
///
/// # Errors
/// When the file cannot be read or holds no such tune that is long enough.
pub fn two_openings(path: &Path, selection: TuneSelection, bars: i64) -> Result<(Prompt, Prompt)> {
    const FOURTH: i8 = 5;
    // The prompt is played by one hand; the other parts of an arrangement are no phrase.
    let tunes = read_tunes(path, selection, MidiOptions { voices: Voices::Melody, ..MidiOptions::default() })?;
    tunes.chosen()?;
    tunes.notices().iter().for_each(|notice| eprintln!("{notice}"));
    let (number, tunes) = (selection.number, tunes.all);
    // A MIDI file of one piece has no numbers.
    let chosen = |(found, _): &&(Option<u32>, Tune)| number.is_none() || found.is_none() || *found == number;
    let mut openings = tunes.iter().filter(chosen).filter_map(|(_, tune)| Some((tune, Prompt::of(tune, 0, bars)?)));
    let (tune, first) = openings.next().with_context(|| {
        format!(
            "{}: no tune there has {LEAST_NOTES} notes in its first {bars} bars, so there is nothing to answer",
            path.display()
        )
    })?;
    let differs = |other: &Prompt| other.notes != first.notes;
    let other_tune = tunes.iter().filter_map(|(_, tune)| Prompt::of(tune, 0, bars)).find(differs);
    let later_bars = || Prompt::of(tune, bars, bars).filter(differs);
    let other = other_tune.or_else(later_bars).unwrap_or_else(|| first.transposed(FOURTH));
    Ok((first, other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Pitch, Velocity};

    fn tune(line: i64, onsets: &[i64]) -> Tune {
        let note = |onset: &i64| Note {
            onset: Ticks(*onset),
            pitch: Pitch::MAX,
            velocity: Velocity::DEFAULT,
            duration: Ticks(48),
        };
        let bars = vec![Bars { line: Ticks(line), metre: Metre::COMMON }];
        Tune { notes: onsets.iter().map(note).collect(), bars, ..Tune::default() }
    }

    fn check(line: i64, onsets: &[i64], wanted: &[i64], end: i64) {
        let prompt = Prompt::of(&tune(line, onsets), 0, 1).unwrap();
        assert_eq!(prompt.notes.iter().map(|note| note.onset.0).collect::<Vec<_>>(), wanted);
        assert_eq!(prompt.end, Ticks(end));
        assert!(prompt.notes.iter().all(|note| note.onset + note.duration <= prompt.end));
    }

    /// A prompt begins and ends on a bar line, whether the tune has an upbeat or not.
    #[test]
    fn a_prompt_is_whole_bars_with_or_without_an_upbeat() {
        check(0, &[0, 48, 180, 192, 240], &[0, 48, 180], 192);
        check(24, &[0, 24, 72, 216], &[168, 192, 240], 384);
        check(0, &[96, 120, 144], &[96, 120, 144], 192);
    }

    #[test]
    fn too_few_notes_are_no_prompt() {
        assert_eq!(Prompt::of(&tune(0, &[0, 48]), 0, 1), None);
        assert_eq!(Prompt::of(&tune(0, &[]), 0, 1), None);
    }
}
