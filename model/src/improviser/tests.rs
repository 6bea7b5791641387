//! Shared fixtures of the tests of hearing and deciding.

mod catching_up;
mod decision;
mod form;
mod history;

use super::*;
use crate::chord::Chord;
use crate::limits::Limits;
use crate::network::{Network, Sizes};
use crate::ngram::NgramModel;
use crate::note::Metre;
use crate::repetition::LONGEST_FIGURE;
use crate::vocabulary::Vocabulary;
use crate::weights::{ModelCard, Provenance};
use std::sync::OnceLock;

const BARS: Bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
const TOGETHER: Ticks = Ticks(3);

const SIZES: Sizes = Sizes { layers: 2, hidden: 32, event: 32, head: 32 };

fn new_improviser() -> Improviser {
    Improviser::new(Arc::clone(&models().0))
}

/// The same weights twice: with look-back, then without.
fn models() -> &'static (Arc<Model>, Arc<Model>) {
    static MODELS: OnceLock<(Arc<Model>, Arc<Model>)> = OnceLock::new();
    MODELS.get_or_init(|| {
        let network = Network::seeded(&Vocabulary::dance(), SIZES, 2);
        let card = ModelCard::new("test", Vocabulary::dance(), SIZES, Provenance::default());
        let without = ModelCard { look_back: false, ..card.clone() };
        // Both have an n-gram model, so that its history is rewound too.
        let model = |card| Arc::new(Model::new(card, &network).with_ngram(Some(NgramModel::with_two_figures())));
        (model(card), model(without))
    })
}

fn key(id: u32, onset: i64, pitch: u8) -> HeardKey {
    HeardKey {
        id,
        onset: Ticks(onset),
        pitch: Pitch::new(pitch).unwrap(),
        velocity: Velocity::DEFAULT,
        bars: Some(BARS),
        together: TOGETHER,
        form: Ticks::ZERO,
        gate_percent: LEGATO_PERCENT,
        memory: 1.0,
        seed: 0,
    }
}

fn request(begin: Begin, temperature: f32, seed: u64) -> DecisionRequest {
    DecisionRequest {
        turn: 1,
        begin,
        bars: Some(BARS),
        form: Ticks::ZERO,
        ends: None,
        along: false,
        parameters: SamplingParameters { temperature, top_p: 1.0, seed, ..SamplingParameters::default() },
    }
}

/// Onset, pitch, and how long the key is held.
const PHRASE: [(i64, u8, i64); 8] =
    [(0, 62, 24), (25, 64, 20), (47, 66, 50), (97, 69, 22), (120, 66, 12), (133, 64, 11), (144, 62, 90), (240, 57, 40)];

fn hear_phrase(improviser: &mut Improviser) {
    for (id, (onset, pitch, held)) in (0..).zip(PHRASE) {
        improviser.hear(key(id, onset, pitch));
        improviser.amend(id, Ticks(held));
    }
}
