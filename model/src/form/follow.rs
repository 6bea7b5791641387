//! How closely a line follows the bar that it repeats.
//!
//! A network that draws note by note leaves a repeat after a few notes and does not find it again. So the note that
//! stands in the repeated bar gets a part of the probability, by a mixture with the network's distribution. How large
//! that part is was counted in the training tunes, by how closely the line has followed so far. Knows nothing of who
//! played what.

use crate::note::{Note, Ticks};
use serde::{Deserialize, Serialize};

/// The states of following: after the bar line before anything has matched, after a note that differs, then after one
/// to four and more matching notes in a row, and last, for a pitch, over another chord than the one that was repeated.
pub const FOLLOW_STATES: usize = 7;
/// The last state.
pub const OTHER_CHORD: usize = FOLLOW_STATES - 1;
/// More matching notes in a row than this count as this many.
const LONGEST_RUN: usize = FOLLOW_STATES - 3;

/// The part of the probability that goes to the repeated note, 0 to below 1, in each state.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct FollowRates {
    /// For the step to its onset.
    pub step: [f32; FOLLOW_STATES],
    /// For its pitch, where a note begins there.
    pub pitch: [f32; FOLLOW_STATES],
    /// For its duration, where a note begins there.
    pub duration: [f32; FOLLOW_STATES],
}

impl FollowRates {
    /// Whether every rate is possible.
    pub(crate) fn is_possible(&self) -> bool {
        let rates = self.step.iter().chain(&self.pitch).chain(&self.duration);
        rates.into_iter().all(|rate| (0.0..=HIGHEST_RATE).contains(rate))
    }
}

/// A higher rate would leave the network no say.
pub const HIGHEST_RATE: f32 = 0.995;

/// Mixes a distribution with one that is certain of `class`: the class gets `rate` of the probability, and the rest is
/// shared as the logits say. Only classes that are `allowed` count.
pub fn follow(logits: &mut [f32], allowed: impl Fn(usize) -> bool, class: usize, rate: f32) {
    if rate <= 0.0 || class >= logits.len() || !allowed(class) {
        return;
    }
    let of_allowed = || logits.iter().enumerate().filter(|(other, _)| allowed(*other)).map(|(_, logit)| *logit);
    let peak = of_allowed().fold(f32::NEG_INFINITY, f32::max);
    let others: f32 = logits
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != class && allowed(*other))
        .map(|(_, logit)| (logit - peak).exp())
        .sum();
    let own = (logits[class] - peak).exp();
    // The weight w with w / (w + others) = rate + (1 - rate) × own / (own + others).
    let weight = own + rate * (own + others) / (1.0 - rate.min(HIGHEST_RATE));
    if weight.is_finite() && weight > 0.0 {
        logits[class] = peak + weight.ln();
    }
}

/// The notes so far, ordered by onset, in which a repeated bar is looked up.
#[derive(Debug, Clone, Copy)]
pub struct RecentNotes<'a>(pub &'a [Note]);

impl<'a> RecentNotes<'a> {
    /// The notes that begin at a moment.
    pub fn at(self, moment: Ticks) -> &'a [Note] {
        let from = self.0.partition_point(|note| note.onset < moment);
        let count = self.0[from..].iter().take_while(|note| note.onset == moment).count();
        &self.0[from..from + count]
    }

    /// The first onset in a range of time.
    pub fn first_onset(self, from: Ticks, to: Ticks) -> Option<Ticks> {
        let first = self.0.partition_point(|note| note.onset < from);
        self.0.get(first).map(|note| note.onset).filter(|onset| *onset < to)
    }

    /// Whether a note begins or ends at a moment.
    pub fn has_boundary(self, moment: Ticks) -> bool {
        let later = self.0.partition_point(|note| note.onset < moment);
        let before = self.0[..later].last().is_some_and(|note| note.onset + note.duration == moment);
        before || self.0.get(later).is_some_and(|note| note.onset == moment)
    }

    /// The state of following what stood `back` earlier, in a bar that begins at `line`.
    pub fn state(self, back: Ticks, line: Ticks) -> usize {
        let matches = |note: &Note| self.at(note.onset - back).iter().any(|other| other.pitch == note.pitch);
        let run = self.0.iter().rev().take(LONGEST_RUN).take_while(|note| matches(note)).count();
        match self.0.last() {
            _ if run > 0 => run + 1,
            Some(last) if last.onset >= line => 1,
            _ => 0,
        }
    }
}
