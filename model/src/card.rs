//! The card of a weights file: what a model says of itself.

use crate::bias::DecodingBias;
use crate::drift::DriftCorrection;
use crate::form::{ChordEvidence, FollowRates, Form};
use crate::network::Sizes;
use crate::ngram::MixingWeights;
use crate::vocabulary::{Vocabulary, VocabularyFingerprint};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format that this build reads and writes.
pub const FORMAT: u32 = 2;

/// The description of a model in its weights file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The [`FORMAT`] of the version that wrote it.
    pub format: u32,
    /// The name of the style.
    pub style: String,
    /// The classes of its notes.
    pub vocabulary: Vocabulary,
    /// The fingerprint of the vocabulary that the weights were trained with.
    pub fingerprint: VocabularyFingerprint,
    /// The size of the network.
    pub sizes: Sizes,
    /// Whether the network was trained with look-back features. Without, it must not be shown any.
    pub look_back: bool,
    /// How much the n-gram model counts; `None` when there is none, as in older files.
    #[serde(rename = "licks", default, skip_serializing_if = "Option::is_none")]
    pub ngram_weights: Option<MixingWeights>,
    /// How closely a line follows what it repeats; `None` when the style knows no form, as in older files.
    #[serde(rename = "form", default, skip_serializing_if = "Option::is_none")]
    pub follow_rates: Option<FollowRates>,
    /// What the chords say of a lag.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub chord_evidence: ChordEvidence,
    /// The correction of drift in playing; neutral in older files.
    #[serde(rename = "poise", default)]
    pub decoding_bias: DecodingBias,
    /// The correction of drift, feature by feature; `None` in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftCorrection>,
    /// The origin of the weights.
    pub provenance: Provenance,
    /// Measurements on the test split by name, in nats per note unless the name says otherwise.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
}

/// The origin of weights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The data sets, with their authors.
    pub data: Vec<String>,
    /// The licence of each data set, in the same order.
    pub licences: Vec<String>,
    /// The commit of the program that trained them.
    pub commit: String,
    /// The seed of the training.
    pub seed: u64,
}

impl ModelCard {
    /// The card of the same weights with another form model, or with none.
    #[must_use]
    pub fn with_form(self, form: Option<&Form>) -> Self {
        let chord_evidence = form.map_or(ChordEvidence::default(), |form| form.chord_evidence);
        Self { follow_rates: form.map(|form| form.rates), chord_evidence, ..self }
    }

    /// A card for newly trained weights.
    pub fn new(style: &str, vocabulary: Vocabulary, sizes: Sizes, provenance: Provenance) -> Self {
        Self {
            format: FORMAT,
            style: style.to_owned(),
            fingerprint: vocabulary.fingerprint(),
            vocabulary,
            sizes,
            look_back: true,
            ngram_weights: None,
            follow_rates: None,
            chord_evidence: ChordEvidence::default(),
            decoding_bias: DecodingBias::default(),
            drift: None,
            provenance,
            figures: BTreeMap::new(),
        }
    }
}

fn is_zero(evidence: &ChordEvidence) -> bool {
    evidence.iter().all(|summand| *summand == 0.0)
}
