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
    /// Changes of tempo, the first at 0; empty if the file states none.
    pub tempos: Vec<Tempo>,
    /// The sharps of the key that the file states (flats if negative).
    pub sharps: Option<i8>,
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
        let (prompt, left_out) = Self::of(tunes.chosen()?);
        let left_out = left_out.map(|what| format!("{}: {what}", path.display()));
        Ok(Self { notices: tunes.notices().into_iter().chain(left_out).collect(), ..prompt })
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
            tempos: Vec::new(),
            sharps: None,
            has_upbeat: false,
            notices: Vec::new(),
        }
    }

    /// The end of a tune that is not too long, from a bar line on, and a sentence about what is left out.
    fn of(tune: &Tune) -> (Self, Option<String>) {
        let (notes, left_out) = heard(tune);
        let first = notes.first().map_or(Ticks::ZERO, |note| note.onset);
        let bars = tune.bars_at(first).unwrap_or(Bars { line: first, metre: Metre::COMMON });
        let has_upbeat = bars.line > first;
        // An upbeat lies in the last bar of the form, so its bar has the metre of that.
        let last_metre = notes.last().and_then(|note| tune.bars_at(note.onset)).map_or(bars.metre, |last| last.metre);
        let is_of_last = has_upbeat && last_metre != bars.metre && bars.line - last_metre.bar() <= first;
        let start = if is_of_last { bars.line - last_metre.bar() } else { first - bars.place(first) };
        let begin = Bars { line: start, metre: if is_of_last { last_metre } else { bars.metre } };
        let since = |moment: Ticks| moment - start;
        let is_later = |later: &&Bars| later.line > start && (later.line > bars.line || is_of_last);
        let later = tune.bars.iter().filter(is_later).copied();
        let tempos =
            tune.tempo_at(start).into_iter().chain(tune.tempos.iter().filter(|tempo| tempo.at > start).copied());
        let longest = notes.last().map_or(Ticks::ZERO, |note| note.onset) + LONGEST;
        let cut =
            |note: &Note| Note { onset: since(note.onset), duration: note.duration.min(longest - note.onset), ..*note };
        let prompt = Self {
            title: tune.title.clone(),
            notes: notes.iter().map(cut).collect(),
            bars: std::iter::once(begin).chain(later).map(|bars| Bars { line: since(bars.line), ..bars }).collect(),
            chart: String::new(),
            tempos: tempos.map(|tempo| Tempo { at: since(tempo.at).max(Ticks::ZERO), ..tempo }).collect(),
            sharps: tune.sharps,
            has_upbeat,
            notices: Vec::new(),
        };
        (Self { chart: tune.chart(start, prompt.end() + start), ..prompt }, left_out)
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

/// The most notes that are heard.
const MOST_NOTES: usize = 20_000;
/// No more of a tune is heard, and no note lasts longer: fourteen hours at a usual tempo.
const LONGEST: Ticks = Ticks::quarters(100_000);

/// The notes of a tune that are heard: those at its end, if it is very long.
fn heard(tune: &Tune) -> (&[Note], Option<String>) {
    let notes = &tune.notes[..];
    let Some(last) = notes.last() else { return (notes, None) };
    let enough = notes.len().saturating_sub(MOST_NOTES);
    let recent = notes.partition_point(|note| note.onset < last.onset - LONGEST);
    let with_chords = notes.partition_point(|note| note.onset < chart_begin(tune));
    let from = enough.max(recent).max(with_chords);
    if from == 0 {
        let is_cut = notes.iter().any(|note| note.onset + note.duration > last.onset + LONGEST);
        let quarters = LONGEST.0 / Ticks::quarters(1).0;
        return (
            notes,
            is_cut.then(|| format!("a note lasts longer than {quarters} quarter notes, and is cut there.")),
        );
    }
    // From the next bar line on, if there is one.
    let onset = notes[from].onset;
    let line = tune.bars_at(onset).map_or(onset, |bars| match bars.place(onset) {
        Ticks::ZERO => onset,
        place => onset - place + bars.metre.bar(),
    });
    let from = Some(notes.partition_point(|note| note.onset < line)).filter(|from| *from < notes.len()).unwrap_or(from);
    let why = match from {
        _ if from >= enough.max(recent) && with_chords > enough.max(recent) => {
            format!("a chart has at most {} bars", Chart::MOST_BARS)
        }
        _ if recent > enough => format!("it lasts longer than {} quarter notes", LONGEST.0 / Ticks::quarters(1).0),
        _ => format!("at most {MOST_NOTES} are heard"),
    };
    let sentence = format!("of its {} notes the last {} are heard, because {why}.", notes.len(), notes.len() - from);
    (&notes[from..], Some(sentence))
}

/// The bar line from which on a chart can hold the chords of a tune to its end.
fn chart_begin(tune: &Tune) -> Ticks {
    let end = tune.notes.iter().map(|note| note.onset + note.duration).max().unwrap_or_default();
    // One bar is left for an upbeat.
    let mut left = i64::try_from(Chart::MOST_BARS).unwrap_or(0) - 1;
    let mut until = end.min(tune.notes.last().map_or(end, |last| last.onset + LONGEST));
    if tune.chords.is_empty() {
        return Ticks(i64::MIN);
    }
    for bars in tune.bars.iter().rev().filter(|bars| bars.line < end) {
        let bar = bars.metre.bar();
        let count = (until - bars.line).0.div_euclid(bar.0) + i64::from(bars.place(until) != Ticks::ZERO);
        if count > left {
            return bars.line + Ticks((count - left) * bar.0);
        }
        left -= count.max(0);
        until = until.min(bars.line);
    }
    Ticks(i64::MIN)
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
            let (prompt, _) = Prompt::of(&tune(line, &onsets));
            assert_eq!(prompt.notes.iter().map(|note| note.onset.0).collect::<Vec<_>>(), wanted);
            assert_eq!((prompt.end(), prompt.bars[0].line), (Ticks(end), Ticks::ZERO));
        }
    }

    /// The bar of an upbeat has the metre of the last bar, in which it lies when the form comes round.
    #[test]
    fn an_upbeat_lies_in_a_bar_of_the_last_metre() {
        let chord = segue_model::chord::Chord::parse("C").unwrap();
        let waltz = Bars { line: Ticks(48 + 192), metre: Metre::new(3, 4).unwrap() };
        let plain = tune(48, &[0, 48, 96, 144, 192, 240]);
        let bars = vec![plain.bars[0], waltz];
        let (prompt, _) = Prompt::of(&Tune { bars, chords: vec![(Ticks(48), chord)], ..plain });
        let bars: Vec<_> = prompt.bars.iter().map(|bars| (bars.line.0, bars.metre.numerator)).collect();
        assert_eq!((prompt.notes[0].onset, bars), (Ticks(96), vec![(0, 3), (144, 4), (336, 3)]));
        assert_eq!(prompt.chart, "3/4 C | 4/4 C");
    }

    /// Only the end of a very long tune is heard, from a bar line on, and this is said.
    #[test]
    fn only_the_end_of_a_very_long_tune_is_heard() {
        let many: Vec<i64> = (0..20_010).map(|number| number * 24).collect();
        let (prompt, said) = Prompt::of(&tune(0, &many));
        assert_eq!((prompt.notes.len(), prompt.notes[0].onset), (19_994, Ticks::ZERO));
        let sentence = "of its 20010 notes the last 19994 are heard, because at most 20000 are heard.";
        assert_eq!(said.as_deref(), Some(sentence));
        let (prompt, said) = Prompt::of(&tune(0, &[0, 48, 20_000_000, 20_000_048]));
        assert_eq!(prompt.notes.len(), 2);
        let sentence = "of its 4 notes the last 2 are heard, because it lasts longer than 100000 quarter notes.";
        assert_eq!(said.as_deref(), Some(sentence));
        let chords = vec![(Ticks::ZERO, segue_model::chord::Chord::parse("C").unwrap())];
        let bars: Vec<i64> = (0..520).map(|bar| bar * 192).collect();
        let (prompt, said) = Prompt::of(&Tune { chords, ..tune(0, &bars) });
        assert_eq!(prompt.notes.len(), 511);
        let sentence = "of its 520 notes the last 511 are heard, because a chart has at most 512 bars.";
        assert_eq!(said.as_deref(), Some(sentence));
        assert_eq!(Prompt::of(&tune(0, &[0, 48])).1, None);
    }
}
