//! The last minutes of a jam as a MIDI file: tempo and bars, a track for the player, a track for Segue, and markers for
//! the chords in force, whether they came from a chart or from the player.
//!
//! Reads the recorder, which always runs, so the musician need not switch on anything before playing. Not for the audio
//! thread. Does not know files.

mod time_line;

use crate::host::{NoteSource, StyleNumber};
use crate::recorder::{EventLog, History, RecordedNote};
use crate::snapshot::Chords;
use midly::MetaMessage;
use segue_midi::{FileNote, FileTrack, signature, tempo};
use segue_model::chart::Chart;
use segue_model::chord::Chord;
use segue_model::note::{Bars, Metre, TICKS_PER_QUARTER, Ticks, Velocity};
use std::sync::Arc;
use time_line::FileTimeline;

/// How far back a capture reaches, in nanoseconds of audio: ten minutes.
pub const LONGEST_NS: u64 = 600_000_000_000;
/// Ticks of the file per engine tick. They are finer than a frame, so a note on the grid is on the grid in the file.
const FINER: i64 = 10;
const FILE_TICKS_PER_QUARTER: i64 = TICKS_PER_QUARTER * FINER;
/// The chart of a version, in a style; `None` if there was none.
pub type ChartLookup<'a> = &'a dyn Fn(u32, StyleNumber) -> Option<Arc<Chart>>;

/// What was played in the last ten minutes.
pub fn history(pages: &EventLog) -> History {
    let (entries, _) = pages.since(0);
    let mut history = History::default();
    history.extend(entries);
    history.forget_before(history.newest_ns.saturating_sub(LONGEST_NS));
    history
}

/// A history as the bytes of a MIDI file; `None` if it has no note. The file begins with the bar of the first note.
pub fn file(history: &History, charts: ChartLookup<'_>) -> Option<Vec<u8>> {
    let first = history.notes.first()?.onset;
    let end = history.notes.iter().map(|note| note.end.unwrap_or(history.newest)).fold(history.newest, f64::max);
    let bars = history.bars_at(first);
    let moment = nearest(first);
    let timeline = FileTimeline::new(history, moment - bars.place(moment));
    let markers = chords(history, charts, moment.as_f64(), end);
    let time = FileTrack {
        name: "Segue: time and chords",
        channel: 0,
        heading: timeline.time(history, &markers),
        notes: Vec::new(),
    };
    let part =
        |channel, who, name| FileTrack { name, channel, heading: Vec::new(), notes: timeline.notes(history, who) };
    let parts = [time, part(0, NoteSource::Player, "Player"), part(1, NoteSource::Segue, "Segue")];
    segue_midi::bytes(u16::try_from(FILE_TICKS_PER_QUARTER).ok()?, &parts).ok()
}

/// The chords between two moments, each with the moment at which it begins.
fn chords(history: &History, charts: ChartLookup<'_>, from: f64, end: f64) -> Vec<(f64, String)> {
    let mut markers = Markers::default();
    let ends = history.chords.iter().skip(1).map(|next| next.from).chain([f64::INFINITY]);
    for (index, (span, until)) in history.chords.iter().zip(ends).enumerate() {
        // The first known chords also held before they were recorded.
        let begin = if index == 0 { from } else { span.from.max(from) };
        if until <= begin || begin > end {
            continue;
        }
        match span.to {
            Chords::Heard(chord) => markers.add(begin, chord.map_or(Marker::Nothing, Marker::Chord)),
            Chords::Off => markers.add(begin, Marker::Nothing),
            Chords::Chart { version, style } => match charts(version, style) {
                None => markers.add(begin, Marker::Nothing),
                Some(chart) => {
                    let ticks = (nearest(begin.ceil()).0..)
                        .map(|tick| Ticks(tick).as_f64())
                        .take_while(|tick| *tick < until && *tick <= end);
                    for tick in ticks {
                        let moment = nearest(tick) - history.form_at(tick);
                        markers.add(tick, chart.at(moment, metre_at(history, tick)).into());
                    }
                }
            },
        }
    }
    markers.written
}

/// What a marker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Marker {
    /// There is no chord.
    #[default]
    Nothing,
    /// The chart has a rest.
    Rest,
    Chord(Chord),
}

impl From<Option<Chord>> for Marker {
    fn from(chord: Option<Chord>) -> Self {
        chord.map_or(Self::Rest, Self::Chord)
    }
}

/// The chord markers, each with the moment at which it begins.
#[derive(Default)]
struct Markers {
    written: Vec<(f64, String)>,
    last: Marker,
}

impl Markers {
    /// Adds a marker from this moment on. Where chords end without new ones, the marker is a rest.
    fn add(&mut self, at: f64, marker: Marker) {
        let last = std::mem::replace(&mut self.last, marker);
        let name = match (last, marker) {
            (Marker::Rest, Marker::Nothing) => return,
            (last, marker) if last == marker => return,
            (_, Marker::Nothing | Marker::Rest) => "N.C.".to_owned(),
            (_, Marker::Chord(chord)) => chord.to_string(),
        };
        self.written.push((at, name));
    }
}

/// The metre of the bar in which a moment lies. The recorder writes a change with the block that brings it, and that
/// block begins a little before the bar line.
fn metre_at(history: &History, moment: f64) -> Metre {
    let begun = history.bars.iter().rev().find(|change| first_line(change.to, change.from) <= moment);
    begun.or(history.bars.first()).map_or(Metre::COMMON, |change| change.to.metre)
}

type Timed<'a> = (u32, MetaMessage<'a>);

impl FileTimeline {
    fn tick(&self, moment: f64) -> u32 {
        #[expect(clippy::cast_precision_loss, reason = "10")]
        let fine = self.place(moment) * FINER as f64;
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        u32::try_from(fine.round() as i64).unwrap_or(0)
    }

    /// Tempos, time signatures and markers, in order of time.
    fn time<'a>(&self, history: &History, markers: &'a [(f64, String)]) -> Vec<Timed<'a>> {
        let mut events: Vec<Timed<'a>> = Vec::new();
        for change in &history.tempos {
            events.push((self.tick(change.from), tempo(self.file_tempo(change.to, change.from))));
        }
        // Each span keeps the jam's tempo, multiplied by how fast the file runs there.
        for span in self.spans().iter().skip(1) {
            if let Some(bpm) = history.tempo_at(span.from) {
                events.push((self.tick(span.from), tempo(self.file_tempo(bpm, span.from))));
            }
        }
        for (index, change) in history.bars.iter().enumerate() {
            let at = if index == 0 { 0 } else { self.tick(first_line(change.to, change.from)) };
            events.push((at, signature(change.to.metre)));
        }
        for (moment, chord) in markers {
            events.push((self.tick(*moment), MetaMessage::Marker(chord.as_bytes())));
        }
        // Of several events at one moment, the last was in force.
        events.sort_by_key(|(tick, _)| *tick);
        keep_last(events)
    }

    /// The tempo in the file for this tempo of the jam.
    fn file_tempo(&self, bpm: f32, moment: f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, reason = "seven digits of a tempo are plenty")]
        let pace = self.pace_at(moment) as f32;
        f64::from(bpm * pace)
    }

    fn notes(&self, history: &History, who: NoteSource) -> Vec<FileNote> {
        let note = |note: &RecordedNote| {
            let on = self.tick(note.onset);
            let off = self.tick(note.end.unwrap_or(history.newest)).max(on + 1);
            FileNote { on, off, pitch: note.pitch, velocity: Velocity::nearest(note.velocity.into()) }
        };
        let mut notes: Vec<FileNote> = history.notes.iter().filter(|note| note.who == who).map(note).collect();
        notes.sort_by_key(|note| note.pitch);
        notes
    }
}

/// The first bar line at or after a moment.
fn first_line(bars: Bars, moment: f64) -> f64 {
    let moment = nearest(moment);
    let place = bars.place(moment);
    let line = if place == Ticks::ZERO { moment } else { moment - place + bars.metre.bar() };
    line.as_f64()
}

/// Drops a tempo or time signature if another one follows at the same moment.
fn keep_last(events: Vec<Timed<'_>>) -> Vec<Timed<'_>> {
    let overrules = |(tick, meta): &Timed<'_>, (later, other): &Timed<'_>| {
        let same = |is: fn(&MetaMessage<'_>) -> bool| is(meta) && is(other);
        tick == later
            && (same(|meta| matches!(meta, MetaMessage::Tempo(_)))
                || same(|meta| matches!(meta, MetaMessage::TimeSignature(..))))
    };
    let mut kept: Vec<Timed<'_>> = Vec::with_capacity(events.len());
    for event in events {
        kept.retain(|before| !overrules(before, &event));
        kept.push(event);
    }
    kept
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and no jam is that long")]
fn nearest(moment: f64) -> Ticks {
    Ticks(moment.round() as i64)
}

#[cfg(test)]
mod tests;
