//! Where a moment of the jam lies in the file.
//!
//! A file has no bars of its own choosing: they follow one another without a gap. The player's do not: after a silence, and
//! where the tempo is read from a phrase, a bar begins where the last one is not over. So the time before such a bar is
//! stretched in the file, and its tempo with it, until the bar begins on a bar line; where nobody played, that is the
//! silence. What sounds, sounds when it did.
//!
//! Knows nothing of MIDI.

use crate::recorder::{Change, History};
use segue_model::note::{Bars, Ticks};

/// Bar lines that are nearer than this, in ticks, are one.
const SAME_TICKS: f64 = 0.06;
/// A silence of so many ticks can be stretched.
const SILENCE_TICKS: f64 = 60.0;
/// Time is shortened to no less than this part of it.
const SHORTEST: f64 = 0.5;

/// From a moment on, a stretch of the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChordSpan {
    /// The moment, in ticks of the jam.
    pub from: f64,
    /// Where it lies, in ticks of the file that are as long.
    at: f64,
    /// How many ticks of the file one of the jam is.
    pub pace: f64,
}

impl ChordSpan {
    fn place(&self, moment: f64) -> f64 {
        self.at + (moment - self.from) * self.pace
    }
}

/// Where moments lie in the file.
#[derive(Debug, Clone)]
pub struct Paper {
    /// In order; the first begins with the file.
    stretches: Vec<ChordSpan>,
}

impl Paper {
    /// The paper for a history that begins with this bar line.
    pub fn new(history: &History, begins: Ticks) -> Self {
        let mut paper = Self { stretches: vec![ChordSpan { from: begins.as_f64(), at: 0.0, pace: 1.0 }] };
        let mut line = 0.0;
        for pair in history.bars.windows(2) {
            let [before, change] = pair else { continue };
            if change.to.line < begins && change.from <= begins.as_f64() {
                continue;
            }
            line = paper.begin_bar(history, before.to, *change, line);
        }
        paper
    }

    /// Where a moment lies.
    pub fn place(&self, moment: f64) -> f64 {
        self.stretch_at(moment).place(moment)
    }

    /// How many ticks of the file one of the jam is.
    pub fn pace_at(&self, moment: f64) -> f64 {
        self.stretch_at(moment).pace
    }

    /// In order.
    pub fn stretches(&self) -> &[ChordSpan] {
        &self.stretches
    }

    fn stretch_at(&self, moment: f64) -> &ChordSpan {
        let behind = self.stretches.partition_point(|stretch| stretch.from <= moment);
        let at = behind.saturating_sub(1);
        self.stretches.get(at).unwrap_or(&NOTHING)
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
        self.stretches.retain(|stretch| stretch.from < from);
        self.stretches.push(ChordSpan { from, at, pace: (target - at) / (now - from) });
        self.stretches.push(ChordSpan { from: now, at: target, pace: 1.0 });
        target - into
    }

    /// From when on time may be stretched up to a moment: since the silence before it, or else, where the bars are the
    /// player's own, since the last bar line.
    fn elastic_from(&self, history: &History, now: f64, before: Bars) -> Option<f64> {
        let earliest = self.stretches.last().map_or(0.0, |stretch| stretch.from);
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

const NOTHING: ChordSpan = ChordSpan { from: 0.0, at: 0.0, pace: 1.0 };
