//! Puts the recorder's entries together: notes with their lengths, and the map of tempo and bars.

use super::{LogEntry, LogEvent};
use crate::host::NoteSource;
use crate::snapshot::Chords;
use segue_model::note::{Bars, Metre, Pitch, Ticks};

/// A note that has sounded or still sounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordedNote {
    /// Who played it.
    pub who: NoteSource,
    /// The key.
    pub pitch: Pitch,
    /// 1 to 127.
    pub velocity: u8,
    /// When it began, in ticks.
    pub onset: f64,
    /// When it ended, in ticks; `None` while it sounds.
    pub end: Option<f64>,
    /// When it began, in nanoseconds of audio.
    pub at_ns: u64,
}

/// A value that holds from a moment on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change<T> {
    /// The tick from which it holds.
    pub from: f64,
    /// The value.
    pub to: T,
}

/// What has sounded, in order of time.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// In order of onset.
    pub notes: Vec<RecordedNote>,
    /// Quarter notes per minute.
    pub tempos: Vec<Change<f32>>,
    /// Which bars hold, and since when.
    pub bars: Vec<Change<Bars>>,
    /// Where charts begin.
    pub forms: Vec<Change<Ticks>>,
    /// Whether the bars are those of the host's song.
    pub songs: Vec<Change<bool>>,
    /// Which chords the notes were played to.
    pub chords: Vec<Change<Chords>>,
    /// When the newest entry was written, in nanoseconds of audio.
    pub newest_ns: u64,
    /// The newest moment, in ticks.
    pub newest: f64,
    /// Added to the ticks of entries, because a rendering starts counting again.
    moved: f64,
    /// The last tick as it was written, before `moved` was added.
    last: Option<f64>,
}

impl History {
    /// Adds entries that were written since the last call.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = LogEntry>) {
        entries.into_iter().for_each(|entry| self.take(entry));
    }

    fn take(&mut self, entry: LogEntry) {
        /// Rounding can move time back by less than this. A larger step back means that counting has started again.
        const ROUNDED_TICKS: f64 = 1.0;
        let is_moment = !matches!(entry.event, LogEvent::Bars(_) | LogEvent::Form | LogEvent::Chords(_));
        if is_moment {
            if let Some(last) = self.last
                && entry.tick < last - ROUNDED_TICKS
            {
                self.end_all(last + self.moved);
                self.moved += last - entry.tick;
            }
            self.last = Some(entry.tick);
            self.newest = entry.tick + self.moved;
        }
        self.newest_ns = entry.at_ns;
        let (tick, now) = (entry.tick + self.moved, self.newest);
        match entry.event {
            LogEvent::NoteOn { who, pitch, velocity } => {
                self.end(who, pitch, tick);
                self.notes.push(RecordedNote { who, pitch, velocity, onset: tick, end: None, at_ns: entry.at_ns });
            }
            LogEvent::NoteOff { who, pitch } => self.end(who, pitch, tick),
            LogEvent::Silence => self.end_all(tick),
            LogEvent::Cut { plays } => change(&mut self.songs, tick, plays),
            LogEvent::Tempo { bpm } => change(&mut self.tempos, tick, bpm),
            LogEvent::Bars(metre) => {
                let line = nearest(tick);
                let same = self.bars.last().is_some_and(|last| same_bars(last.to, Bars { line, metre }));
                if !same {
                    change(&mut self.bars, now, Bars { line, metre });
                }
            }
            LogEvent::Form => change(&mut self.forms, now, nearest(tick)),
            LogEvent::Chords(chords) => {
                // A chord is known only once the fingers rest, so another change may have been recorded before it.
                let from = self.chords.last().map_or(tick, |last| tick.max(last.from));
                change(&mut self.chords, from, chords);
            }
        }
    }

    /// Drops the notes and changes that ended before a moment of the audio.
    pub fn forget_before(&mut self, at_ns: u64) {
        let first = self.notes.partition_point(|note| note.at_ns < at_ns);
        self.notes.drain(..first);
        let from = self.notes.first().map_or(self.newest, |note| note.onset);
        forget(&mut self.tempos, from);
        forget(&mut self.bars, from);
        forget(&mut self.forms, from);
        forget(&mut self.songs, from);
        forget(&mut self.chords, from);
    }

    /// The bars at a moment.
    pub fn bars_at(&self, tick: f64) -> Bars {
        at(&self.bars, tick).unwrap_or(Bars { line: Ticks::ZERO, metre: Metre::COMMON })
    }

    /// The tempo at a moment; `None` when none is known.
    pub fn tempo_at(&self, tick: f64) -> Option<f32> {
        at(&self.tempos, tick)
    }

    /// Whether the bars at a moment are those of a song.
    pub fn in_song_at(&self, tick: f64) -> bool {
        at(&self.songs, tick).unwrap_or(false)
    }

    /// Where the chart in force at a moment began.
    pub fn form_at(&self, tick: f64) -> Ticks {
        at(&self.forms, tick).unwrap_or(Ticks::ZERO)
    }

    /// The chords at a moment; `None` if nothing is known.
    pub fn chords_at(&self, tick: f64) -> Option<Chords> {
        at(&self.chords, tick)
    }

    /// Whether any note still sounds.
    pub fn is_sounding(&self) -> bool {
        self.sounding().next().is_some()
    }

    /// The notes that still sound.
    pub fn sounding(&self) -> impl Iterator<Item = &RecordedNote> {
        self.notes.iter().rev().take(Self::OPEN).filter(|note| note.end.is_none())
    }

    /// How many notes back a note that still sounds can lie.
    const OPEN: usize = 512;

    fn end(&mut self, who: NoteSource, pitch: Pitch, tick: f64) {
        let open = |note: &&mut RecordedNote| note.end.is_none() && note.who == who && note.pitch == pitch;
        if let Some(note) = self.notes.iter_mut().rev().take(Self::OPEN).find(open) {
            note.end = Some(tick.max(note.onset));
        }
    }

    fn end_all(&mut self, tick: f64) {
        for note in self.notes.iter_mut().rev().take(Self::OPEN).filter(|note| note.end.is_none()) {
            note.end = Some(tick.max(note.onset));
        }
    }
}

fn same_bars(one: Bars, other: Bars) -> bool {
    one.metre == other.metre && one.place(other.line) == Ticks::ZERO
}

fn change<T: PartialEq>(changes: &mut Vec<Change<T>>, from: f64, to: T) {
    if changes.last().is_none_or(|last| last.to != to) {
        changes.push(Change { from, to });
    }
}

fn at<T: Copy>(changes: &[Change<T>], tick: f64) -> Option<T> {
    let later = changes.partition_point(|change| change.from <= tick);
    changes.get(later.saturating_sub(1)).map(|change| change.to)
}

/// Keeps the value that holds at a moment, and everything after it.
fn forget<T>(changes: &mut Vec<Change<T>>, from: f64) {
    let later = changes.partition_point(|change| change.from <= from);
    changes.drain(..later.saturating_sub(1));
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and no jam is that long")]
fn nearest(tick: f64) -> Ticks {
    Ticks(tick.round() as i64)
}
