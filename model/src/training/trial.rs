//! A mind before the judge: its continuations beside what really follows, measured and suspected.
//!
//! Knows no files; whoever reads tunes says which were learnt from.

use super::continuations::{Pair, pairs, places};
use super::judge::{Sample, Verdict, floor, judge};
use super::likeness::{Comparison, Learnt, Likeness, Reference};
use super::playing::{as_said, continue_prompt};
use crate::corpus::Tune;
use crate::mind::Mind;
use crate::sampling::Knobs;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// Continuations of each kind.
    pub places: usize,
    /// Tunes that they are from.
    pub tunes: usize,
    /// Figure by figure.
    pub comparison: Comparison,
    /// Whether they can be told apart; `None` when there are too few to say.
    pub verdict: Option<Verdict>,
    /// The judge's area for real against real ones, where there is nothing to tell.
    pub floor: Option<f64>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// Continuations.
    pub places: usize,
    /// How to play; another seed at every place.
    pub knobs: Knobs,
}

impl Trial {
    /// Asks `mind` to play on in the `asked` tunes, each with the name that the draw of places depends on. `learnt` are
    /// the tunes that it was trained on.
    pub fn of(mind: &Arc<Mind>, learnt: &[&Tune], asked: &[(&str, &Tune)], wish: &Wish) -> Self {
        let vocabulary = mind.vocabulary();
        let learnt: Vec<Tune> = learnt.iter().map(|tune| as_said(tune, vocabulary)).collect();
        let mut reference = Reference::default();
        for tune in &learnt {
            reference.add(&tune.notes, &|moment| tune.bars_at(moment));
        }
        let copies = Learnt::from(learnt.iter().map(|tune| tune.notes.as_slice()));
        let said: Vec<Tune> = asked.iter().map(|(_, tune)| as_said(tune, vocabulary)).collect();
        let tunes: Vec<&Tune> = said.iter().collect();
        let names: Vec<(&str, usize)> =
            asked.iter().zip(&tunes).map(|((name, _), tune)| (*name, tune.notes.len())).collect();
        let places = places(&names, wish.places, wish.knobs.seed);
        let pairs = pairs(&tunes, &places, (&reference, &copies), &Tune::chord_at, |ask| {
            continue_prompt(mind, ask.tune, ask.prompt, ask.notes, &seeded(wish.knobs, ask.seed))
        });
        let likenesses = |of: fn(&Pair) -> Likeness| pairs.iter().map(of).collect::<Vec<_>>();
        let (real, generated) = (likenesses(|pair| pair.real_likeness), likenesses(|pair| pair.generated_likeness));
        let samples: Vec<Sample> = pairs.iter().flat_map(|pair| pair.samples.clone()).collect();
        let mut used: Vec<usize> = places.iter().map(|place| place.tune).collect();
        used.sort_unstable();
        used.dedup();
        Self {
            places: pairs.len(),
            tunes: used.len(),
            comparison: Comparison::of(&real, &generated, wish.knobs.seed),
            verdict: judge(&samples, wish.knobs.seed),
            floor: floor(&samples, wish.knobs.seed),
        }
    }
}

/// The knobs with a seed for one of many continuations.
#[must_use]
pub fn seeded(knobs: Knobs, place: u64) -> Knobs {
    /// More than there are places, so that neighbouring seeds share no continuation.
    const PLACES: u64 = 1 << 20;
    Knobs { seed: knobs.seed.wrapping_mul(PLACES).wrapping_add(place), ..knobs }
}

impl fmt::Display for Trial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} continuations in {} tunes", self.places, self.tunes)?;
        write!(out, "{}", self.comparison)?;
        let missed: Vec<&str> = self.comparison.missed().map(|row| row.name).collect();
        if missed.is_empty() {
            writeln!(out, "all figures that count lie inside")?;
        } else {
            writeln!(out, "outside, of those that count: {}", missed.join(", "))?;
        }
        match (&self.verdict, self.floor) {
            (Some(verdict), Some(floor)) => write!(out, "{verdict}  real against real: {floor:.3}")?,
            _ => write!(out, "too few continuations for the judge")?,
        }
        Ok(())
    }
}
