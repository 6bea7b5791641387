//! From the page, in the order of playing, to notes, bars and chords in ticks.

use super::exact::Exact;
use super::written::{Item, Placed, WrittenSound};
use crate::{Tempo, Tune, push_chord, push_tempo};
use segue_model::chord::Chord;
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};

/// A bar line as it was played, and the metre after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlayedLine {
    pub at: Ticks,
    pub metre: Option<Metre>,
}

/// Plays the written items. The caller sets the title and the key.
pub(super) fn play(items: &[Placed], order: &[usize]) -> Tune {
    let mut playing = Playing::default();
    for index in order {
        playing.meet(&items[*index]);
    }
    playing.finish()
}

#[derive(Default)]
struct Playing {
    now: Exact,
    sounding: Vec<TiedNote>,
    /// The indices of notes that continue in the next sound, if that sound has them when they end.
    tied: Vec<usize>,
    lines: Vec<PlayedLine>,
    tempos: Vec<Tempo>,
    chords: Vec<(Ticks, Option<Chord>)>,
}

struct TiedNote {
    pitch: Pitch,
    onset: Exact,
    end: Exact,
}

impl Playing {
    fn meet(&mut self, placed: &Placed) {
        // A change of metre counts as a bar line even if none is drawn.
        if self.lines.last().is_none_or(|line| line.metre != placed.metre) {
            self.line(placed.metre);
        }
        match &placed.item {
            Item::Sound(sound) => self.sound(sound),
            Item::Symbol(chord) => push_chord(&mut self.chords, self.now.ticks(), *chord),
            Item::Bar(_) => self.line(placed.metre),
            Item::Tempo(quarter_us) => {
                push_tempo(&mut self.tempos, Tempo { at: self.now.ticks(), quarter_us: *quarter_us });
            }
            Item::Part(_) => {}
        }
    }

    fn line(&mut self, metre: Option<Metre>) {
        let line = PlayedLine { at: self.now.ticks(), metre };
        match self.lines.last_mut() {
            Some(last) if last.at == line.at => *last = line,
            _ => self.lines.push(line),
        }
    }

    fn sound(&mut self, sound: &WrittenSound) {
        let before = std::mem::take(&mut self.tied);
        for note in &sound.notes {
            let end = self.now + note.length;
            let goes_on = before
                .iter()
                .copied()
                .find(|index| self.sounding[*index].pitch == note.pitch && self.sounding[*index].end == self.now);
            let index = goes_on.unwrap_or(self.sounding.len());
            match goes_on {
                Some(index) => self.sounding[index].end = end,
                None => self.sounding.push(TiedNote { pitch: note.pitch, onset: self.now, end }),
            }
            if note.tied {
                self.tied.push(index);
            }
        }
        self.now += sound.advance;
    }

    fn finish(self) -> Tune {
        let mut notes: Vec<Note> =
            self.sounding.iter().filter(|note| note.end > note.onset).map(TiedNote::note).collect();
        notes.sort_unstable();
        notes.dedup_by_key(|note| (note.onset, note.pitch));
        Tune {
            title: String::new(),
            notes,
            bars: bars(&self.lines, self.now.ticks()),
            tempos: self.tempos,
            sharps: None,
            chords: self.chords,
        }
    }
}

impl TiedNote {
    fn note(&self) -> Note {
        let (onset, end) = (self.onset.ticks(), self.end.ticks());
        // A note has at least one tick, because its length must not be zero.
        let duration = Ticks((end - onset).0.max(1));
        Note { onset, pitch: self.pitch, velocity: Velocity::DEFAULT, duration }
    }
}

/// The entries from which bars are counted, so that they fall on the bar lines that were played.
///
/// A bar line within a bar needs no entry if the bar is complete: it is a repeat sign before a pickup.
fn bars(lines: &[PlayedLine], end: Ticks) -> Vec<Bars> {
    let mut entries: Vec<Bars> = Vec::new();
    let mut metre = None;
    for (index, line) in lines.iter().enumerate() {
        let changed = line.metre != metre;
        metre = line.metre;
        let Some(metre) = metre else {
            continue;
        };
        let entry = Bars { line: line.at, metre };
        match entries.last() {
            None => entries.push(first_entry(&lines[index..], metre)),
            Some(last) if changed && (last.metre != metre || last.place(line.at) != Ticks::ZERO) => entries.push(entry),
            Some(last) if line.at > last.line && line.at < end && !continues(*last, *line, &lines[index..], end) => {
                entries.push(entry);
            }
            Some(_) => {}
        }
    }
    entries
}

/// Bars begin at the first bar line, or at once if that line is a whole number of bars away.
fn first_entry(lines: &[PlayedLine], metre: Metre) -> Bars {
    let start = Bars { line: lines.first().map_or(Ticks::ZERO, |line| line.at), metre };
    match lines.get(1) {
        Some(next) if next.metre == Some(metre) && start.place(next.at) != Ticks::ZERO => Bars { line: next.at, metre },
        _ => start,
    }
}

/// Whether a line lies on one of the entry's bar lines, or within a bar that is complete.
fn continues(entry: Bars, line: PlayedLine, from_line: &[PlayedLine], end: Ticks) -> bool {
    let place = entry.place(line.at);
    let next = line.at - place + entry.metre.bar();
    place == Ticks::ZERO || next >= end || from_line.binary_search_by_key(&next, |line| line.at).is_ok()
}
