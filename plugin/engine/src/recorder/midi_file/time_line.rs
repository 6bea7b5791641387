//! Where a tick of the jam lies in the MIDI file.
//!
//! In a file, bars follow each other without a gap. In a jam they may not: after a silence, or where the tempo is read
//! from a phrase, a bar may begin before the last one is over. The time before such a bar is therefore stretched in the
//! file until the bar begins on a bar line, and its tempo changes with it. Where nobody played, the silence is
//! stretched. Every note still sounds at its time in seconds.
//!
//! Knows nothing of MIDI.

use crate::recorder::{Change, History};
use segue_model::note::{Bars, Ticks};

/// Bar lines closer than this, in ticks, are the same.
const SAME_TICKS: f64 = 0.06;
/// The shortest silence that can be stretched, in ticks.
const SILENCE_TICKS: f64 = 60.0;
/// Time may shrink to this share of its length at the least.
const SHORTEST: f64 = 0.5;

/// A stretch of the file, from one moment to the next span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileSpan {
    /// The moment at which it begins, in ticks of the jam.
    pub from: f64,
    /// Where it lies in the file, in ticks of the same length.
    at: f64,
    /// How many ticks of the file one tick of the jam takes.
    pub pace: f64,
}

impl FileSpan {
    fn place(&self, moment: f64) -> f64 {
        self.at + (moment - self.from) * self.pace
    }
}

/// The file's time line, as a list of spans.
#[derive(Debug, Clone)]
pub struct FileTimeline {
    /// In order; the first begins with the file.
    spans: Vec<FileSpan>,
}

impl FileTimeline {
    /// The time line of a history that begins with this bar line.
    pub fn new(history: &History, begins: Ticks) -> Self {
        let mut timeline = Self { spans: vec![FileSpan { from: begins.as_f64(), at: 0.0, pace: 1.0 }] };
        let mut line = 0.0;
        for pair in history.bars.windows(2) {
            let [before, change] = pair else { continue };
            if change.to.line < begins && change.from <= begins.as_f64() {
                continue;
            }
            line = timeline.begin_bar(history, before.to, *change, line);
        }
        timeline
    }

    /// Where a tick of the jam lies in the file, in ticks of the file.
    pub fn place(&self, moment: f64) -> f64 {
        self.stretch_at(moment).place(moment)
    }

    /// How many ticks of the file one tick of the jam takes.
    pub fn pace_at(&self, moment: f64) -> f64 {
        self.stretch_at(moment).pace
    }

    /// The spans in order.
    pub fn spans(&self) -> &[FileSpan] {
        &self.spans
    }

    fn stretch_at(&self, moment: f64) -> &FileSpan {
        let behind = self.spans.partition_point(|span| span.from <= moment);
        let at = behind.saturating_sub(1);
        self.spans.get(at).unwrap_or(&NOTHING)
    }

    /// The bars change, and one of the old bars begins at `line` in the file. Returns where one of the new bars begins.
    fn begin_bar(&mut self, history: &History, before: Bars, change: Change<Bars>, line: f64) -> f64 {
        let bar = before.metre.bar().as_f64();
        let place = |moment: f64, bars: Bars| (moment - bars.line.as_f64()).rem_euclid(bars.metre.bar().as_f64());
        // When the new bars begin to hold, and how far into a bar that is.
        let now = change.from.max(change.to.line.as_f64());
        let into = if now > change.from { 0.0 } else { place(now, change.to) };
        let begins = self.place(now - into);
        let away = begins - line;
        let lines = (away / bar).round();
        if (away - lines * bar).abs() < SAME_TICKS {
            return line + lines * bar;
        }
        let Some(from) = self.elastic_from(history, now, before) else { return begins };
        let at = self.place(from);
        let shortest = at + (self.place(now) - at) * SHORTEST;
        let mut target = line + lines * bar + into;
        while target < shortest {
            target += bar;
        }
        self.spans.retain(|span| span.from < from);
        self.spans.push(FileSpan { from, at, pace: (target - at) / (now - from) });
        self.spans.push(FileSpan { from: now, at: target, pace: 1.0 });
        target - into
    }

    /// From where time may be stretched up to a moment: from the silence before it, or, where the bars are the player's
    /// own, from the last bar line.
    fn elastic_from(&self, history: &History, now: f64, before: Bars) -> Option<f64> {
        let earliest = self.spans.last().map_or(0.0, |span| span.from);
        let earlier = history.notes.iter().filter(|note| note.onset < now - 0.5);
        let silent = earlier.clone().map(|note| note.end.unwrap_or(f64::INFINITY)).fold(earliest, f64::max);
        if silent + SILENCE_TICKS <= now {
            return Some(silent);
        }
        let bar = before.metre.bar().as_f64();
        let last_line = now - (now - before.line.as_f64()).rem_euclid(bar);
        let last_line = if last_line + 1.0 > now { last_line - bar } else { last_line };
        let from = last_line.max(earliest);
        (!history.in_song_at(now) && from + 1.0 < now).then_some(from)
    }
}

const NOTHING: FileSpan = FileSpan { from: 0.0, at: 0.0, pace: 1.0 };
