//! The tune that Segue begins from: read from a file, on a time line that begins with a bar line at 0.

use anyhow::Result;
use segue_corpus::midi::{MidiOptions, TickUnit, Voices};
use segue_corpus::tunes::{TuneSelection, read_tunes};
use segue_corpus::{Tempo, Tune};
use segue_model::chart::Chart;
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use std::path::Path;

/// Music in free time is counted at this tempo.
pub const FREE_BPM: f64 = 120.0;

/// A tune to play to Segue.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// Its title; may be empty.
    pub title: String,
    /// Its notes in order; none begins before 0.
    pub notes: Vec<Note>,
    /// The bars, each with the line from which it is counted; never empty, and the first is at 0.
    pub bars: Vec<Bars>,
    /// The chords that the file states, as a chart whose first bar begins at 0; empty when it has none.
    pub chart: String,
    /// The tempo that the file states, if any.
    pub tempo_bpm: Option<f64>,
    /// Whether the file states another tempo later, which is not followed.
    pub tempo_changes: bool,
    /// Whether its first bar contains only an upbeat.
    pub has_upbeat: bool,
    /// What was read from the file and what was not, each in one line.
    pub notices: Vec<String>,
}

impl Prompt {
    /// Reads a tune. In free time every voice is read, in seconds; otherwise the melody, in beats.
    ///
    /// # Errors
    /// With a sentence that names the file.
    pub fn read(path: &Path, selection: TuneSelection, free_time: bool) -> Result<Self> {
        let reading = if free_time {
            MidiOptions { voices: Voices::All, clock: TickUnit::Seconds, pedal: true, chords: false }
        } else {
            MidiOptions { voices: Voices::Melody, chords: true, ..MidiOptions::default() }
        };
        let tunes = read_tunes(path, selection, reading)?;
        Ok(Self { notices: tunes.notices(), ..Self::of(tunes.chosen()?) })
    }

    /// The prompt without a tune: one note in a whole bar, then Segue. The bars are those of a chart in whose first bar
    /// this note lies.
    pub fn one_note(pitch: Pitch, chart: Option<&Chart>) -> Self {
        /// Enough bars for the longest answer.
        const BARS: usize = 64;
        let metres = chart.map(|chart| chart.metres(Metre::COMMON)).filter(|metres| !metres.is_empty());
        let metres = metres.unwrap_or_else(|| vec![Metre::COMMON]);
        let mut bars: Vec<Bars> = Vec::new();
        let mut line = Ticks::ZERO;
        for metre in metres.iter().cycle().take(BARS) {
            if bars.last().is_none_or(|last| last.metre != *metre) {
                bars.push(Bars { line, metre: *metre });
            }
            line += metre.bar();
        }
        let note = Note { onset: Ticks::ZERO, pitch, duration: metres[0].bar(), velocity: Velocity::DEFAULT };
        Self {
            title: String::new(),
            notes: vec![note],
            bars,
            chart: String::new(),
            tempo_bpm: None,
            tempo_changes: false,
            has_upbeat: false,
            notices: Vec::new(),
        }
    }

    fn of(tune: &Tune) -> Self {
        let first = tune.notes.first().map_or(Ticks::ZERO, |note| note.onset);
        let bars = tune.bars_at(first).unwrap_or(Bars { line: first, metre: Metre::COMMON });
        let start = first - bars.place(first);
        let since = |moment: Ticks| moment - start;
        let later = tune.bars.iter().filter(|later| later.line > start && later.line > bars.line).copied();
        let prompt = Self {
            title: tune.title.clone(),
            notes: tune.notes.iter().map(|note| Note { onset: since(note.onset), ..*note }).collect(),
            bars: std::iter::once(Bars { line: start, ..bars })
                .chain(later)
                .map(|bars| Bars { line: since(bars.line), ..bars })
                .collect(),
            chart: String::new(),
            tempo_bpm: tune.tempo_at(first).map(Tempo::bpm),
            tempo_changes: tune.tempos.iter().any(|tempo| tempo.at > first),
            has_upbeat: bars.line > first,
            notices: Vec::new(),
        };
        Self { chart: tune.chart(start, prompt.end() + start), ..prompt }
    }

    /// The bars at a moment.
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
            let prompt = Prompt::of(&tune(line, &onsets));
            assert_eq!(prompt.notes.iter().map(|note| note.onset.0).collect::<Vec<_>>(), wanted);
            assert_eq!((prompt.end(), prompt.bars[0].line), (Ticks(end), Ticks::ZERO));
        }
    }
}
