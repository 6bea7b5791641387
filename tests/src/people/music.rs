//! Music as it is notated: tunes from files, laid out in turns, repeated, or combined from two hands.

use crate::prompt::Prompt;
use anyhow::{Context, Result, bail};
use segue_corpus::{Tune, abc};
use segue_model::chart::Chart;
use segue_model::chord::Chord;
use segue_model::note::{Metre, Note, Ticks};
use std::path::Path;

/// The tempo of music that does not state one.
const USUAL_TEMPO_BPM: f64 = 120.0;
/// The share of a beat that the first of two straight eighths takes.
const STRAIGHT: f64 = 0.5;

/// Notes on a time line that begins with a bar line at 0, and what a player has to know about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Music {
    /// What it is called.
    pub title: String,
    /// In order of onset.
    pub notes: Vec<Note>,
    /// The one metre of its bars.
    pub metre: Metre,
    /// Whole bars, above zero.
    pub length: Ticks,
    /// The chords of each bar as a chart writes them, from the bar at 0 on; empty when there are none.
    pub chords: Vec<String>,
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// Where in its beat the second eighth is played: 0.5 is straight.
    pub swing: f64,
}

impl Music {
    /// The notes in bars of this metre: straight eighths, 120 bpm, no chords.
    pub fn new(title: &str, notes: Vec<Note>, metre: Metre) -> Self {
        let end = notes.iter().map(|note| note.onset + note.duration).max().unwrap_or_default();
        let bar = metre.bar().0;
        let length = Ticks((end.0 + bar - 1).div_euclid(bar).max(1) * bar);
        Self {
            title: title.to_owned(),
            notes,
            metre,
            length,
            chords: Vec::new(),
            tempo_bpm: USUAL_TEMPO_BPM,
            swing: STRAIGHT,
        }
    }

    /// A whole tune with its repeats, in its first metre; `None` if it has fewer than three notes.
    pub fn of(tune: &Tune) -> Option<Self> {
        let metre = tune.bars.first().map_or(Metre::COMMON, |bars| bars.metre);
        let line = tune.bars.first().map_or(0, |bars| bars.line.0);
        let last = tune.notes.iter().map(|note| note.onset.0 + 1).max()?;
        let bars = (last - line + metre.bar().0 - 1).div_euclid(metre.bar().0).max(1);
        let Prompt { title, notes, metre, end, chart } = Prompt::of(tune, 0, bars)?;
        let form: Vec<String> =
            chart.split('|').map(|bar| bar.trim().to_owned()).filter(|bar| !bar.is_empty()).collect();
        // An upbeat has a bar of its own on the time line, but not in the form of the tune.
        let bars = usize::try_from(end.0.div_euclid(metre.bar().0)).unwrap_or_default();
        let chords = form.iter().cycle().take(bars).cloned().collect();
        Some(Self { length: end, chords, ..Self::new(&title, notes, metre) })
    }

    /// The tune with this number (`X:`) of a book in `tests/tunes`, such as `oneills`.
    ///
    /// # Errors
    /// If there is no such tune.
    pub fn shipped(book: &str, number: u32) -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tunes").join(book).with_extension("abc");
        let tunes = abc::read_book(&path)?.tunes;
        let tune = tunes.iter().find(|(found, _)| *found == Some(number));
        let (_, tune) = tune.with_context(|| format!("{}: it has no tune {number}", path.display()))?;
        let Some(music) = Self::of(tune) else { bail!("{}: tune {number} has no notes", path.display()) };
        Ok(music)
    }

    /// The length of a bar.
    pub const fn bar(&self) -> Ticks {
        self.metre.bar()
    }

    /// How many bars it has.
    pub const fn bars(&self) -> i64 {
        self.length.0 / self.bar().0
    }

    /// The same music at another tempo.
    #[must_use]
    pub fn at(self, tempo_bpm: f64) -> Self {
        Self { tempo_bpm, ..self }
    }

    /// The same music with the second eighth at this part of its beat, such as 0.62.
    #[must_use]
    pub fn swung(self, swing: f64) -> Self {
        Self { swing, ..self }
    }

    /// The same music with these chords, one string for each bar; they repeat after the last.
    #[must_use]
    pub fn over(self, chords: &[&str]) -> Self {
        Self { chords: chords.iter().map(ToString::to_string).collect(), ..self }
    }

    /// The same music with this many bars: repeated if it is too short, cut if it is too long.
    #[must_use]
    pub fn for_bars(&self, bars: i64) -> Self {
        let length = Ticks(bars.max(1) * self.bar().0);
        let again = (0..).map(|round| Ticks(round * self.length.0)).take_while(|from| *from < length);
        let moved =
            again.flat_map(|from| self.notes.iter().map(move |note| Note { onset: note.onset + from, ..*note }));
        let inside = moved.filter(|note| note.onset < length);
        let notes = inside.map(|note| Note { duration: note.duration.min(length - note.onset), ..note }).collect();
        Self { notes, length, ..self.clone() }
    }

    /// The music in parts, with room for Segue after each: `played` bars of music, then `rest` bars. The rest repeats
    /// the chords of the bars before it.
    #[must_use]
    pub fn in_turns(&self, played: i64, rest: i64) -> Self {
        let bar = self.bar().0;
        let turns = (self.bars() + played - 1) / played;
        let place = |onset: Ticks| Ticks(onset.0 + onset.0.max(0) / (played * bar) * rest * bar);
        let turn_end = |onset: Ticks| Ticks((onset.0.max(0) / (played * bar) + 1) * played * bar);
        let note = |note: &Note| Note {
            onset: place(note.onset),
            duration: note.duration.min(turn_end(note.onset) - note.onset),
            ..*note
        };
        let chords = chords_in_turns(&self.chords, turns as f64, played, rest);
        let notes = self.notes.iter().map(note).collect();
        Self { notes, chords, length: Ticks(turns * (played + rest) * bar), ..self.clone() }
    }

    /// This music together with what another hand plays; tempo, swing and chords are this one's.
    #[must_use]
    pub fn with(&self, hand: &Self) -> Self {
        let mut notes: Vec<Note> = self.notes.iter().chain(&hand.for_bars(self.bars()).notes).copied().collect();
        notes.sort_unstable();
        Self { title: format!("{} over {}", self.title, hand.title), notes, ..self.clone() }
    }

    /// The same music higher or lower; notes that would leave the keyboard stay where they are.
    #[must_use]
    pub fn transposed(&self, semitones: i8) -> Self {
        let moved = |note: &Note| Note { pitch: note.pitch.transposed(semitones).unwrap_or(note.pitch), ..*note };
        let up = |bar: &String| {
            let symbol = |word: &str| match Chord::parse(word) {
                Ok(Some(chord)) => chord.transposed(semitones).to_string(),
                _ => word.to_owned(),
            };
            bar.split_whitespace().map(symbol).collect::<Vec<_>>().join(" ")
        };
        let notes = self.notes.iter().map(moved).collect();
        Self { notes, chords: self.chords.iter().map(up).collect(), ..self.clone() }
    }

    /// All chords as a chart; empty if there are none.
    pub fn chart(&self) -> String {
        self.chords.join(" | ")
    }

    /// The chord at a moment, according to the chart.
    ///
    /// # Panics
    /// If the chart cannot be read.
    pub fn chord_at(&self, moment: Ticks) -> Option<Chord> {
        let chart = Chart::parse(&self.chart()).unwrap_or_else(|error| panic!("{}: {error}", self.title));
        chart?.at(moment, self.metre)
    }
}

/// The chords of this many turns; the rest of each turn repeats the chords of the bars before it.
pub(super) fn chords_in_turns(chords: &[String], turns: f64, played: i64, rest: i64) -> Vec<String> {
    #[expect(clippy::cast_possible_truncation, reason = "some turns")]
    let bars = (0..turns as i64).flat_map(|turn| (0..played + rest).map(move |bar| turn * played + bar % played));
    let place = |bar: i64| usize::try_from(bar).unwrap_or(0) % chords.len().max(1);
    bars.filter_map(|bar| chords.get(place(bar)).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Pitch, Velocity};

    fn quarters(bars: i64) -> Music {
        let note = |index: i64| Note {
            onset: Ticks(index * 48),
            pitch: Pitch::new(60).unwrap(),
            duration: Ticks(48),
            velocity: Velocity::DEFAULT,
        };
        Music::new("quarters", (0..bars * 4).map(note).collect(), Metre::COMMON)
    }

    #[test]
    fn turns_leave_whole_bars_free_and_take_their_chords_with_them() {
        let music = quarters(4).over(&["C", "F", "G7"]).in_turns(2, 3);
        let bars: Vec<i64> = music.notes.iter().map(|note| note.onset.0 / 192).collect();
        assert_eq!(bars, [0, 0, 0, 0, 1, 1, 1, 1, 5, 5, 5, 5, 6, 6, 6, 6]);
        assert_eq!(music.chords, ["C", "F", "C", "F", "C", "G7", "C", "G7", "C", "G7"]);
        assert_eq!(music.bars(), 10);
    }

    /// Music that is too short starts again, and music that is too long is cut.
    #[test]
    fn music_is_repeated_or_cut_to_the_wanted_length() {
        assert_eq!(quarters(3).for_bars(2), quarters(2));
        assert_eq!(quarters(2).for_bars(5).notes, quarters(5).notes);
        let mut long = quarters(1);
        long.notes[3].duration = Ticks(480);
        assert_eq!(long.for_bars(1).notes[3].duration, Ticks(48));
    }

    #[test]
    fn every_tune_that_ships_is_read_with_its_metre_and_its_chords() {
        for (book, number, bar, chords) in
            [("oneills", 946, 144, 0), ("oneills", 1348, 192, 0), ("folk", 1, 144, 9), ("blues", 1, 192, 4)]
        {
            let music = Music::shipped(book, number).unwrap();
            assert_eq!(music.bar(), Ticks(bar), "{book} {number}");
            assert_eq!(music.chords.len(), chords, "{book} {number}");
            assert!(music.notes.len() > 15);
        }
        assert!(Music::shipped("folk", 99).unwrap_err().to_string().contains("no tune 99"));
    }
}
