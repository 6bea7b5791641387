//! Where a tick of the jam lies in the MIDI file.
//!
//! In a file, bars follow one another without a gap. In a jam they need not: after a silence, and where the tempo is
//! read from a phrase, a bar may begin before the last one is over. So the time before such a bar is stretched in the
//! file, and its tempo with it, until the bar begins on a bar line; where nobody played, that is the silence. Every
//! note still sounds at its time in seconds.
//!
//! Knows nothing of MIDI.

use crate::recorder::{Change, History};
use segue_model::note::{Bars, Ticks};

/// Bar lines closer than this, in ticks, are the same.
const SAME_TICKS: f64 = 0.06;
/// The shortest silence that can be stretched, in ticks.
const SILENCE_TICKS: f64 = 60.0;
/// Time is shortened to no less than this part of its length.
const SHORTEST: f64 = 0.5;

/// From a moment on, a span of the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileSpan {
    /// The moment, in ticks of the jam.
    pub from: f64,
    /// Where it lies, in ticks of the file that are as long.
    at: f64,
    /// How many ticks of the file one of the jam is.
    pub pace: f64,
}

impl FileSpan {
    fn place(&self, moment: f64) -> f64 {
        self.at + (moment - self.from) * self.pace
    }
}

/// The time line of the file, as a list of spans.
#[derive(Debug, Clone)]
pub struct FileTimeline {
    /// In order; the first begins with the file.
    spans: Vec<FileSpan>,
}

impl FileTimeline {
    /// The timeline for a history that begins with this bar line.
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

    /// Where a tick of the jam lies, in ticks of the file.
    pub fn place(&self, moment: f64) -> f64 {
        self.stretch_at(moment).place(moment)
    }

    /// How many ticks of the file one of the jam is.
    pub fn pace_at(&self, moment: f64) -> f64 {
        self.stretch_at(moment).pace
    }

    /// In order.
    pub fn spans(&self) -> &[FileSpan] {
        &self.spans
    }

    fn stretch_at(&self, moment: f64) -> &FileSpan {
        let behind = self.spans.partition_point(|span| span.from <= moment);
        let at = behind.saturating_sub(1);
        self.spans.get(at).unwrap_or(&NOTHING)
    }

    /// The bars change, of which one began at `line` in the file. Where one of the new ones does.
    fn begin_bar(&mut self, history: &History, before: Bars, change: Change<Bars>, line: f64) -> f64 {
        let bar = before.metre.bar().as_f64();
        let place = |moment: f64, bars: Bars| (moment - bars.line.as_f64()).rem_euclid(bars.metre.bar().as_f64());
        // From when on the new bars hold, and how far into one that is.
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

    /// From when on time may be stretched up to a moment: since the silence before it, or else, where the bars are the
    /// player's own, since the last bar line.
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
