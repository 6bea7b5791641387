//! A mind before the judge: its continuations beside what really follows, measured and suspected.
//!
//! Knows no files; whoever reads tunes says which were learnt from.

use super::continuations::{ContinuationPair, ContinuationRequest, draw_positions, pairs};
use super::discriminator::{DiscriminatorResult, Sample, discriminate, null_auc};
use super::rollout::{continue_prompt, in_vocabulary};
use super::style_metrics::{Comparison, CopyIndex, Reference, StyleMetrics};
use segue_corpus::Tune;
use segue_model::mind::Mind;
use segue_model::note::Note;
use segue_model::sampling::Knobs;
use segue_model::vocabulary::Vocabulary;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TwoSampleTest {
    /// Continuations of each kind.
    pub places: usize,
    /// Tunes that they are from.
    pub tunes: usize,
    /// Figure by figure.
    pub comparison: Comparison,
    /// Whether they can be told apart; `None` when there are too few to say.
    pub verdict: Option<DiscriminatorResult>,
    /// The judge's area for real against real ones, where there is nothing to tell.
    pub null_auc: Option<f64>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RolloutRequest {
    /// Continuations.
    pub places: usize,
    /// How to play; another seed at every place.
    pub knobs: Knobs,
}

/// Tunes that minds of one vocabulary are asked to play on in; made ready once for many askings.
#[derive(Debug)]
pub struct PromptSet {
    /// As the style could have said them, each with the name that the draw of places depends on.
    tunes: Vec<(String, Tune)>,
    learnt: Vec<Tune>,
    reference: Reference,
    copies: CopyIndex,
}

impl PromptSet {
    /// Of the `asked` tunes; `learnt` are the tunes that the mind was trained on.
    pub fn of(vocabulary: &Vocabulary, learnt: &[&Tune], asked: &[(&str, &Tune)]) -> Self {
        let learnt: Vec<Tune> = learnt.iter().map(|tune| in_vocabulary(tune, vocabulary)).collect();
        let mut reference = Reference::default();
        for tune in &learnt {
            reference.add(&tune.notes, &|moment| tune.bars_at(moment));
        }
        let copies = CopyIndex::from(learnt.iter().map(|tune| tune.notes.as_slice()));
        let said = |(name, tune): &(&str, &Tune)| ((*name).to_owned(), in_vocabulary(tune, vocabulary));
        Self { tunes: asked.iter().map(said).collect(), learnt, reference, copies }
    }

    /// What a mind plays beside what really follows, place by place.
    pub fn pairs(&self, mind: &Arc<Mind>, request: &RolloutRequest) -> Vec<ContinuationPair> {
        let named: Vec<(&str, &Tune)> = self.tunes.iter().map(|(name, tune)| (&**name, tune)).collect();
        self.pairs_of(&named, request.places, request.knobs.seed, |ask| {
            continue_prompt(mind, ask.tune, ask.prompt, ask.notes, &seeded(request.knobs, ask.seed))
        })
    }

    /// What tunes are like, those that were learnt from with those that are asked: more than the latter alone can tell.
    pub fn real(&self, places: usize, seed: u64) -> Vec<StyleMetrics> {
        let learnt = self.learnt.iter().map(|tune| (tune.title.as_str(), tune));
        let named: Vec<(&str, &Tune)> = learnt.chain(self.tunes.iter().map(|(name, tune)| (&**name, tune))).collect();
        // Nobody plays.
        let pairs = self.pairs_of(&named, places, seed, |_| Vec::new());
        pairs.iter().map(|pair| pair.real_metrics).collect()
    }

    fn pairs_of<'a>(
        &self,
        named: &[(&str, &'a Tune)],
        count: usize,
        seed: u64,
        generate: impl FnMut(&ContinuationRequest<'a>) -> Vec<Note>,
    ) -> Vec<ContinuationPair> {
        let tunes: Vec<&Tune> = named.iter().map(|(_, tune)| *tune).collect();
        let lengths: Vec<(&str, usize)> = named.iter().map(|(name, tune)| (*name, tune.notes.len())).collect();
        let places = draw_positions(&lengths, count, seed);
        pairs(&tunes, &places, (&self.reference, &self.copies), &Tune::chord_at, generate)
    }
}

impl TwoSampleTest {
    /// Asks `mind` to play on, and the judge what it makes of it.
    pub fn of(mind: &Arc<Mind>, prompts: &PromptSet, request: &RolloutRequest) -> Self {
        let pairs = prompts.pairs(mind, request);
        let likenesses = |of: fn(&ContinuationPair) -> StyleMetrics| pairs.iter().map(of).collect::<Vec<_>>();
        let (real, generated) = (likenesses(|pair| pair.real_metrics), likenesses(|pair| pair.generated_metrics));
        let samples: Vec<Sample> = pairs.iter().flat_map(|pair| pair.samples.clone()).collect();
        let mut used: Vec<usize> = pairs.iter().map(|pair| pair.place.tune).collect();
        used.sort_unstable();
        used.dedup();
        Self {
            places: pairs.len(),
            tunes: used.len(),
            comparison: Comparison::of(&real, &generated, request.knobs.seed),
            verdict: discriminate(&samples, request.knobs.seed),
            null_auc: null_auc(&samples, request.knobs.seed),
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

impl fmt::Display for TwoSampleTest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} continuations in {} tunes", self.places, self.tunes)?;
        write!(out, "{}", self.comparison)?;
        let missed: Vec<&str> = self.comparison.missed().map(|row| row.name).collect();
        if missed.is_empty() {
            writeln!(out, "all figures that count lie inside")?;
        } else {
            writeln!(out, "outside, of those that count: {}", missed.join(", "))?;
        }
        match (&self.verdict, self.null_auc) {
            (Some(verdict), Some(null_auc)) => write!(out, "{verdict}  real against real: {null_auc:.3}")?,
            _ => write!(out, "too few continuations for the judge")?,
        }
        Ok(())
    }
}
