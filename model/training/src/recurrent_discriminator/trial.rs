//! The trial: collects continuations, lets the discriminator learn from some of them and asks it about the others.

use super::chains::NoteChains;
use super::{DiscriminatorPlan, LabelledPassage, NoteSymbols, RecurrentDiscriminator, Sight};
use crate::continuations::{CONTINUATION, ContinuationRequest, PROMPT, PromptPosition, draw_positions};
use crate::rollout::{continue_prompt, in_vocabulary};
use crate::statistics::{mean, spread};
use crate::style_metrics::Passage;
use crate::two_sample_test::seeded;
use fastrand::Rng;
use segue_corpus::Tune;
use segue_model::lstm::Model;
use segue_model::note::Note;
use segue_model::sampling::SamplingParameters;
use segue_model::vocabulary::Vocabulary;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// How to test a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialRequest {
    /// Continuations of each kind to learn from.
    pub learnt: usize,
    /// Continuations of each kind to be asked about.
    pub places: usize,
    /// Passes through the continuations to learn from.
    pub epochs: usize,
    /// What the discriminator is shown.
    pub sight: Sight,
    /// How the model plays. Its seed is the first one.
    pub parameters: SamplingParameters,
    /// So many seeds, each with places, continuations and first weights of its own.
    pub seeds: u64,
    /// Whether it is also tested on real continuations and on a Markov chain.
    pub has_controls: bool,
}

/// Tunes with the names that the draw of places depends on.
type NamedTunes<'a> = &'a [(&'a str, &'a Tune)];

/// AUC of the discriminator on tunes that neither it nor the model has seen, one for each seed. 0.5 is chance, 1 is
/// certainty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecurrentTrial {
    /// The model's continuations against real ones.
    pub model: Vec<f64>,
    /// Real continuations of other places against real ones, where there is no difference to find.
    pub real: Vec<f64>,
    /// Continuations by Markov chains against real ones.
    pub markov: Vec<f64>,
}

/// Seeds of the places from which others than the usual ones are drawn.
const OTHER_PLACES: u64 = 1 << 32;
/// The continuations to learn from have other seeds than those to be asked about.
const LEARNT_SEEDS: u64 = 1 << 18;

/// What is compared with real continuations.
#[derive(Clone, Copy)]
enum Generator<'a> {
    Model(&'a Arc<Model>, SamplingParameters),
    OtherPlaces,
    Markov(&'a NoteChains<'a>),
}

/// Tunes in the style's classes, and how many continuations are drawn from them.
struct PassageSet<'a> {
    tunes: &'a [(String, Tune)],
    count: usize,
    /// Added to the number of a continuation, which is its seed.
    first_seed: u64,
    vocabulary: &'a Vocabulary,
    sight: Sight,
}

impl RecurrentTrial {
    /// `learnt` are tunes that the model was trained and validated on, `asked` are others.
    pub fn of(model: &Arc<Model>, (learnt, asked): (NamedTunes, NamedTunes), request: &TrialRequest) -> Self {
        let vocabulary = model.vocabulary();
        let encoded = |tunes: NamedTunes| -> Vec<(String, Tune)> {
            tunes.iter().map(|(name, tune)| ((*name).to_owned(), in_vocabulary(tune, vocabulary))).collect()
        };
        let (learnt, asked) = (encoded(learnt), encoded(asked));
        let set = |tunes, count, first_seed| PassageSet { tunes, count, first_seed, vocabulary, sight: request.sight };
        let sets = [set(&learnt, request.learnt, LEARNT_SEEDS), set(&asked, request.places, 0)];
        let chains = NoteChains::of(learnt.iter().map(|(_, tune)| tune.notes.as_slice()), vocabulary);
        let auc = |seed: u64, generator: Generator| {
            let [learnt, asked] = sets.each_ref().map(|set| set.passages(seed, generator));
            let plan = DiscriminatorPlan {
                rows: request.sight.rows(vocabulary),
                kinds: request.sight.kinds(vocabulary),
                prompt: PROMPT,
                epochs: request.epochs,
                seed,
            };
            RecurrentDiscriminator::train(&learnt, &plan).auc(&asked)
        };
        let seeds = || (0..request.seeds).map(|seed| request.parameters.seed.wrapping_add(seed));
        let controls = || seeds().filter(|_| request.has_controls);
        let of_model = |seed| Generator::Model(model, SamplingParameters { seed, ..request.parameters });
        Self {
            model: seeds().map(|seed| auc(seed, of_model(seed))).collect(),
            real: controls().map(|seed| auc(seed, Generator::OtherPlaces)).collect(),
            markov: controls().map(|seed| auc(seed, Generator::Markov(&chains))).collect(),
        }
    }
}

impl PassageSet<'_> {
    /// Real continuations, then those of the generator.
    fn passages(&self, seed: u64, generator: Generator) -> Vec<LabelledPassage> {
        let real = self.continuations(seed, |request, place| place.real(&request.tune.notes).to_vec());
        let other = match generator {
            Generator::Model(model, parameters) => self.continuations(seed, |request, _| {
                let parameters = seeded(parameters, self.first_seed + request.seed);
                let notes = continue_prompt(model, request.tune, request.prompt, request.notes, &parameters);
                in_classes(notes, self.vocabulary)
            }),
            Generator::OtherPlaces => self.continuations(seed.wrapping_add(OTHER_PLACES), |request, place| {
                place.real(&request.tune.notes).to_vec()
            }),
            Generator::Markov(chains) => self.continuations(seed, |request, _| {
                let mut rng = Rng::with_seed(seed.wrapping_mul(OTHER_PLACES) + self.first_seed + request.seed);
                chains.continue_prompt(request.prompt, request.notes, &mut rng)
            }),
        };
        let labelled = |is_generated| move |notes| LabelledPassage { is_generated, notes };
        real.into_iter().map(labelled(false)).chain(other.into_iter().map(labelled(true))).collect()
    }

    /// The symbols of each prompt and of what `generate` makes of it.
    fn continuations(
        &self,
        seed: u64,
        generate: impl Fn(&ContinuationRequest, PromptPosition) -> Vec<Note>,
    ) -> Vec<Vec<NoteSymbols>> {
        let lengths: Vec<(&str, usize)> = self.tunes.iter().map(|(name, tune)| (&**name, tune.notes.len())).collect();
        let places = draw_positions(&lengths, self.count, seed);
        let symbols = |(seed, place): (u64, &PromptPosition)| {
            let tune = &self.tunes[place.tune].1;
            let prompt = place.prompt(&tune.notes);
            let notes = generate(&ContinuationRequest { tune, prompt, notes: CONTINUATION, seed }, *place);
            let (bars, chord) = (|moment| tune.bars_at(moment), |moment| tune.chord_at(moment));
            self.sight.symbols(&Passage { prompt, notes: &notes, bars: &bars, chord: &chord }, self.vocabulary)
        };
        (0..).zip(&places).map(symbols).collect()
    }
}

/// A continuation with velocities of the style's classes, as the real ones have. A model moves its velocities to the
/// level of the prompt, so they lie between the classes, which would give it away.
fn in_classes(mut notes: Vec<Note>, vocabulary: &Vocabulary) -> Vec<Note> {
    for note in &mut notes {
        let class = vocabulary.velocity_class(note.velocity);
        note.velocity = vocabulary.velocity(class.into()).unwrap_or(note.velocity);
    }
    notes
}

impl fmt::Display for RecurrentTrial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, aucs) in [
            ("the model", &self.model),
            ("real continuations of other places", &self.real),
            ("Markov chains of order 5", &self.markov),
        ]
        .into_iter()
        .filter(|(_, aucs)| !aucs.is_empty())
        {
            let seeds: Vec<String> = aucs.iter().map(|auc| format!("{auc:.3}")).collect();
            let of = || aucs.iter().copied();
            writeln!(out, "AUC of {name:<36} {:.3} (± {:.3}: {})", mean(of()), spread(of()), seeds.join(", "))?;
        }
        Ok(())
    }
}
