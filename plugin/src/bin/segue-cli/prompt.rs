//! What Segue is given to begin with: a tune from a file, on a time line that begins with a bar line at 0.

use anyhow::{Context, Result, bail};
use midly::{MetaMessage, Smf, TrackEventKind};
use segue_corpus::Tune;
use segue_corpus::midi::{Clock, Reading, Voices};
use segue_corpus::tunes::{is_book, read_tunes};
use segue_model::chord::Chord;
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use std::path::Path;

/// Music in free time is counted as if at this tempo.
pub const FREE_BPM: f64 = 120.0;

/// A tune to play at Segue.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// What it is called; may be empty.
    pub title: String,
    /// In order; none before 0.
    pub notes: Vec<Note>,
    /// From which lines bars are counted; never empty, the first at 0.
    pub bars: Vec<Bars>,
    /// Changes of harmony that the file states.
    pub chords: Vec<(Ticks, Option<Chord>)>,
    /// The tempo that the file states, if any.
    pub tempo_bpm: Option<f64>,
    /// It states another one later, and that is not followed.
    pub tempo_changes: bool,
}

impl Prompt {
    /// Reads a tune. In free time every voice is read, in seconds; else the melody, in beats.
    ///
    /// # Errors
    /// With a sentence that names the file.
    pub fn read(path: &Path, number: Option<u32>, free_time: bool) -> Result<Self> {
        let reading = if free_time {
            Reading { voices: Voices::All, clock: Clock::Seconds, pedal: true, chords: false }
        } else {
            Reading { voices: Voices::Melody, chords: true, ..Reading::default() }
        };
        let tunes = read_tunes(path, reading)?;
        if is_book(path) {
            let wanted = tunes.iter().find(|(found, _)| number.is_none() || *found == number);
            return match (wanted, number) {
                (Some((_, tune)), _) => Ok(Self::of(tune, None)),
                (None, None) => bail!("{}: there is no tune in it", path.display()),
                (None, Some(number)) => bail!("{}: there is no tune {number} in it", path.display()),
            };
        }
        let (_, tune) = tunes.first().with_context(|| format!("{}: there is no tune in it", path.display()))?;
        let tempos = if free_time { vec![FREE_BPM] } else { tempos(path) };
        let tempo_changes = tempos.iter().any(|tempo| Some(tempo) != tempos.first());
        Ok(Self { tempo_changes, ..Self::of(tune, tempos.first().copied()) })
    }

    /// One note, where nothing else is given: a whole bar, then Segue.
    pub fn one_note(pitch: Pitch) -> Self {
        let bars = vec![Bars { line: Ticks::ZERO, metre: Metre::COMMON }];
        let note = Note { onset: Ticks::ZERO, pitch, duration: Metre::COMMON.bar(), velocity: Velocity::DEFAULT };
        Self {
            title: String::new(),
            notes: vec![note],
            bars,
            chords: Vec::new(),
            tempo_bpm: None,
            tempo_changes: false,
        }
    }

    fn of(tune: &Tune, tempo_bpm: Option<f64>) -> Self {
        let first = tune.notes.first().map_or(Ticks::ZERO, |note| note.onset);
        let bars = tune.bars_at(first).unwrap_or(Bars { line: first, metre: Metre::COMMON });
        let start = first - bars.place(first);
        let since = |moment: Ticks| moment - start;
        let later = tune.bars.iter().filter(|later| later.line > start && later.line > bars.line).copied();
        Self {
            title: tune.title.clone(),
            notes: tune.notes.iter().map(|note| Note { onset: since(note.onset), ..*note }).collect(),
            bars: std::iter::once(Bars { line: start, ..bars })
                .chain(later)
                .map(|bars| Bars { line: since(bars.line), ..bars })
                .collect(),
            chords: moved(&tune.chords, start),
            tempo_bpm,
            tempo_changes: false,
        }
    }

    /// The bars that count at a moment.
    pub fn bars_at(&self, moment: Ticks) -> Bars {
        let later = self.bars.partition_point(|bars| bars.line <= moment);
        let found = later.checked_sub(1).and_then(|index| self.bars.get(index)).or(self.bars.first());
        found.copied().unwrap_or(Bars { line: Ticks::ZERO, metre: Metre::COMMON })
    }

    /// The bar line at or after the end of the last note.
    pub fn end(&self) -> Ticks {
        let end = self.notes.iter().map(|note| note.onset + note.duration).max().unwrap_or_default();
        let bars = self.bars_at(end);
        let place = bars.place(end);
        if place == Ticks::ZERO { end } else { end - place + bars.metre.bar() }
    }

    /// The chords of the file as a chart; empty when it has none.
    pub fn chart(&self) -> String {
        if self.chords.is_empty() {
            return String::new();
        }
        let tune = Tune { chords: self.chords.clone(), ..Tune::default() };
        let (bar, end) = (self.bars_at(Ticks::ZERO).metre.bar(), self.end());
        let lines = (0..).map(|count| Ticks(count * bar.0)).take_while(|line| *line < end);
        tune.chart(lines, bar)
    }
}

/// Changes of harmony from a moment on, with the one that holds there.
fn moved(chords: &[(Ticks, Option<Chord>)], start: Ticks) -> Vec<(Ticks, Option<Chord>)> {
    chords.iter().map(|(at, chord)| ((*at - start).max(Ticks::ZERO), *chord)).collect()
}

/// The tempos of a MIDI file that could be read, in the order of its tracks.
fn tempos(path: &Path) -> Vec<f64> {
    const MICROSECONDS_PER_MINUTE: f64 = 60_000_000.0;
    let bytes = std::fs::read(path).unwrap_or_default();
    let Ok(file) = Smf::parse(&bytes) else { return Vec::new() };
    let tempo = |event: &midly::TrackEvent<'_>| match event.kind {
        TrackEventKind::Meta(MetaMessage::Tempo(quarter)) if quarter.as_int() > 0 => Some(quarter.as_int()),
        _ => None,
    };
    let quarters = file.tracks.iter().flat_map(|track| track.iter().filter_map(tempo));
    quarters.map(|quarter| MICROSECONDS_PER_MINUTE / f64::from(quarter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// A prompt begins and ends on a bar line, whether the tune has an upbeat or not.
    #[test]
    fn a_prompt_is_whole_bars_with_or_without_an_upbeat() {
        for (line, onsets, wanted, end) in [
            (0, [0, 48, 240], [0, 48, 240], 384),
            (24, [0, 24, 168], [168, 192, 336], 384),
            (0, [576, 600, 720], [0, 24, 144], 192),
        ] {
            let prompt = Prompt::of(&tune(line, &onsets), None);
            assert_eq!(prompt.notes.iter().map(|note| note.onset.0).collect::<Vec<_>>(), wanted);
            assert_eq!((prompt.end(), prompt.bars[0].line), (Ticks(end), Ticks::ZERO));
        }
    }
}
