//! How surely a mind foretells the notes of tunes, beside the Markov chain.

use super::markov::Markov;
use super::pieces::Piece;
use crate::mind::{Mind, Room};
use crate::sampling::most_probable;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The order of the chain that is printed beside the network.
pub const MARKOV_ORDER: usize = 5;

/// Means over all notes but the first of each tune, in nats per note unless said otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Notes that were foretold.
    pub notes: usize,
    /// Of the step.
    pub step: f64,
    /// Of the pitch.
    pub pitch: f64,
    /// Of the duration.
    pub duration: f64,
    /// Of the velocity; 0 when the style has none.
    pub velocity: f64,
    /// The share of notes whose pitch was the most probable one, 0 to 1.
    pub top_1: f64,
    /// Of the pitch, by a Markov chain of [`MARKOV_ORDER`].
    pub markov: f64,
    /// Of the pitch, by how often each pitch occurs.
    pub unigram: f64,
}

impl Figures {
    /// All of them by name, as they stand in a weights file.
    pub fn named(&self) -> [(&'static str, f64); 7] {
        [
            ("step", self.step),
            ("pitch", self.pitch),
            ("duration", self.duration),
            ("velocity", self.velocity),
            ("pitch top-1", self.top_1),
            ("pitch, Markov order 5", self.markov),
            ("pitch, unigram", self.unigram),
        ]
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} notes, nats per note:", self.notes)?;
        writeln!(out, "  step      {:.3}", self.step)?;
        writeln!(out, "  pitch     {:.3}   top-1 {:.1} %", self.pitch, 100.0 * self.top_1)?;
        writeln!(out, "            {:.3}   Markov chain of order {MARKOV_ORDER}", self.markov)?;
        writeln!(out, "            {:.3}   unigram", self.unigram)?;
        writeln!(out, "  duration  {:.3}", self.duration)?;
        write!(out, "  velocity  {:.3}", self.velocity)
    }
}

/// The chain that has learnt from `pieces` as they are written, untransposed.
pub fn markov(pieces: &[Piece], pitches: usize) -> Markov {
    let melodies: Vec<_> = pieces.iter().map(melody).collect();
    Markov::learnt(MARKOV_ORDER, pitches, melodies.iter().map(Vec::as_slice))
}

/// Foretells every note of every piece, one by one, as in playing.
pub fn evaluate(mind: &Mind, pieces: &[Piece], chain: &Markov) -> Figures {
    let mut sum = Figures::default();
    let mut room = Room::default();
    for piece in pieces {
        let melody = melody(piece);
        let mut state = mind.blank();
        for (index, pair) in piece.notes().windows(2).enumerate() {
            let next = pair[1];
            mind.take_in(pair[0], &mut state, &mut room);
            let mut heads = mind.listen(&state, &mut room);
            sum.step += nats(heads.step(), next.step);
            let pitches = heads.pitch(next);
            sum.pitch += nats(pitches, next.pitch);
            sum.top_1 += f64::from(u8::from(most_probable(pitches) == usize::from(next.pitch)));
            sum.duration += nats(heads.duration(next), next.duration);
            sum.velocity += heads.velocity(next).map_or(0.0, |scores| nats(scores, next.velocity));
            sum.markov -= chain.probability(&melody[..=index], next.pitch, MARKOV_ORDER).ln();
            sum.unigram -= chain.probability(&[], next.pitch, 0).ln();
            sum.notes += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 notes")]
    let notes = sum.notes.max(1) as f64;
    for figure in [
        &mut sum.step,
        &mut sum.pitch,
        &mut sum.duration,
        &mut sum.velocity,
        &mut sum.top_1,
        &mut sum.markov,
        &mut sum.unigram,
    ] {
        *figure /= notes;
    }
    sum
}

fn melody(piece: &Piece) -> Vec<u8> {
    piece.notes().iter().map(|note| note.pitch).collect()
}

/// The negative log-probability of a class under softmax.
fn nats(scores: &[f32], class: u8) -> f64 {
    let peak = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = scores.iter().map(|score| f64::from(score - peak).exp()).sum();
    total.ln() - f64::from(scores[usize::from(class)] - peak)
}
