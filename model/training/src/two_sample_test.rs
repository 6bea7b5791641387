//! Compares a model's continuations with the real ones: metric by metric, and by a discriminator.
//!
//! Knows no files: the caller says which tunes the model was trained on.

use super::continuations::{CONTINUATION, ContinuationPair, ContinuationRequest, PROMPT, draw_positions, pairs};
use super::discriminator::{DiscriminatorResult, Sample, discriminate, null_auc};
use super::rollout::{continue_prompt, in_vocabulary};
use super::style_metrics::{Comparison, CopyIndex, Reference, StyleMetrics};
use segue_corpus::Tune;
use segue_model::lstm::Model;
use segue_model::note::Note;
use segue_model::sampling::SamplingParameters;
use segue_model::vocabulary::Vocabulary;
use serde::Serialize;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The result of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TwoSampleTest {
    /// Continuations of each kind.
    pub places: usize,
    /// The number of tunes that they come from.
    pub tunes: usize,
    /// Metric by metric.
    pub comparison: Comparison,
    /// Whether a discriminator can tell them apart; `None` with too few continuations.
    pub verdict: Option<DiscriminatorResult>,
    /// The discriminator's AUC for real against real continuations.
    pub null_auc: Option<f64>,
}

/// How to generate continuations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RolloutRequest {
    /// The number of continuations.
    pub places: usize,
    /// The sampling parameters. Each continuation gets a seed of its own.
    pub parameters: SamplingParameters,
}

/// The tunes that a model is asked to continue, prepared once for many requests with the same vocabulary.
#[derive(Debug)]
pub struct PromptSet {
    /// Tunes in the style's classes, each with the name that the draw of positions depends on.
    tunes: Vec<(String, Tune)>,
    learnt: Vec<Tune>,
    reference: Reference,
    copies: CopyIndex,
}

impl PromptSet {
    /// Prepares the tunes to continue. `learnt` are the tunes that the model was trained on.
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

    /// The model's continuations beside the real ones, position by position.
    pub fn pairs(&self, model: &Arc<Model>, request: &RolloutRequest) -> Vec<ContinuationPair> {
        let named: Vec<(&str, &Tune)> = self.tunes.iter().map(|(name, tune)| (&**name, tune)).collect();
        self.pairs_of(&named, request.places, request.parameters.seed, |prompt| {
            continue_prompt(model, prompt.tune, prompt.prompt, prompt.notes, &seeded(request.parameters, prompt.seed))
        })
    }

    /// Plays the model's continuations, and shows each with its tune and its prompt. One in four begins a tune after
    /// no note or up to three.
    pub fn play(&self, model: &Arc<Model>, request: &RolloutRequest, mut shown: impl FnMut(&Tune, &[Note], &[Note])) {
        let named: Vec<(&str, &Tune)> = self.tunes.iter().map(|(name, tune)| (&**name, tune)).collect();
        for (seed, tune, prompt) in prompts_of(&named, request.places, request.parameters.seed) {
            let (prompt, parameters) = (&tune.notes[prompt], seeded(request.parameters, seed));
            shown(tune, prompt, &continue_prompt(model, tune, prompt, CONTINUATION, &parameters));
        }
    }

    /// Shows real continuations, from training tunes and prompts together, each with its tune and its prompt. One in
    /// four begins a tune.
    pub fn read(&self, places: usize, seed: u64, mut shown: impl FnMut(&Tune, &[Note], &[Note])) {
        for (_, tune, prompt) in prompts_of(&self.named(), places, seed) {
            let to = (prompt.end + CONTINUATION).min(tune.notes.len());
            shown(tune, &tune.notes[prompt.clone()], &tune.notes[prompt.end..to]);
        }
    }

    /// Training tunes and prompts together, with their names.
    fn named(&self) -> Vec<(&str, &Tune)> {
        let learnt = self.learnt.iter().map(|tune| (tune.title.as_str(), tune));
        learnt.chain(self.tunes.iter().map(|(name, tune)| (&**name, tune))).collect()
    }

    /// The metrics of real continuations, from training tunes and prompts together: more than the prompts alone would
    /// give.
    pub fn real(&self, places: usize, seed: u64) -> Vec<StyleMetrics> {
        // Nothing is generated.
        let pairs = self.pairs_of(&self.named(), places, seed, |_| Vec::new());
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
    /// Generates continuations with `model` and compares them with the real ones.
    pub fn of(model: &Arc<Model>, prompts: &PromptSet, request: &RolloutRequest) -> Self {
        let pairs = prompts.pairs(model, request);
        let likenesses = |of: fn(&ContinuationPair) -> StyleMetrics| pairs.iter().map(of).collect::<Vec<_>>();
        let (real, generated) = (likenesses(|pair| pair.real_metrics), likenesses(|pair| pair.generated_metrics));
        let samples: Vec<Sample> = pairs.iter().flat_map(|pair| pair.samples.clone()).collect();
        let mut used: Vec<usize> = pairs.iter().map(|pair| pair.place.tune).collect();
        used.sort_unstable();
        used.dedup();
        Self {
            places: pairs.len(),
            tunes: used.len(),
            comparison: Comparison::of(&real, &generated, request.parameters.seed),
            verdict: discriminate(&samples, request.parameters.seed),
            null_auc: null_auc(&samples, request.parameters.seed),
        }
    }
}

/// Prompts, each with a seed of its own: three in four at any place of a tune, the others at its beginning.
fn prompts_of<'a>(
    named: &[(&str, &'a Tune)],
    count: usize,
    seed: u64,
) -> impl Iterator<Item = (u64, &'a Tune, Range<usize>)> {
    const ONE_IN: u64 = 4;
    let lengths: Vec<(&str, usize)> = named.iter().map(|(name, tune)| (*name, tune.notes.len())).collect();
    let tunes: Vec<&Tune> = named.iter().map(|(_, tune)| *tune).collect();
    (0..).zip(draw_positions(&lengths, count, seed)).map(move |(seed, place)| {
        let begins = seed % ONE_IN == 0;
        let heard = usize::try_from(seed / ONE_IN % ONE_IN).unwrap_or(0);
        let prompt = if begins { 0..heard } else { place.from..place.from + PROMPT };
        (seed, tunes[place.tune], prompt)
    })
}

/// The parameters with a seed for one of many continuations.
#[must_use]
pub fn seeded(parameters: SamplingParameters, place: u64) -> SamplingParameters {
    /// More than there are positions, so that neighbouring seeds share no continuation.
    const PLACES: u64 = 1 << 20;
    SamplingParameters { seed: parameters.seed.wrapping_mul(PLACES).wrapping_add(place), ..parameters }
}

impl fmt::Display for TwoSampleTest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} continuations in {} tunes", self.places, self.tunes)?;
        write!(out, "{}", self.comparison)?;
        let missed: Vec<&str> = self.comparison.missed().map(|row| row.name).collect();
        if missed.is_empty() {
            writeln!(out, "all required metrics lie inside")?;
        } else {
            writeln!(out, "required metrics outside: {}", missed.join(", "))?;
        }
        match (&self.verdict, self.null_auc) {
            (Some(verdict), Some(null_auc)) => write!(out, "{verdict}  real against real: {null_auc:.3}")?,
            _ => write!(out, "too few continuations for the discriminator")?,
        }
        Ok(())
    }
}
