//! The weights file: a card (JSON) that describes the model, the tensors in half precision in burn's format, and the
//! n-gram model as bytes.
//!
//! A file that is foreign, damaged, not finite or made for another vocabulary is refused with a sentence and without a
//! panic. What was loaded before keeps playing.

mod error;
#[cfg(test)]
mod tests;

use crate::bias::DecodingBias;
use crate::bounded_file::SizeLimit;
pub use crate::card::{FORMAT, ModelCard, Provenance};
use crate::device::ComputeDevice;
use crate::drift::DriftCorrection;
use crate::form::{Form, FormModel};
use crate::lstm::Model;
use crate::network::{Network, Sizes};
use crate::ngram::{MAX_MIXING_WEIGHT, NgramModel};
use crate::vocabulary::Vocabulary;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bytes, DType, Device, Tensor};
use burn_store::{BurnpackStore, HalfPrecisionAdapter, ModuleSnapshot, ModuleStore};
pub use error::WeightsError;
use serde::Deserialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The file name extension.
pub const EXTENSION: &str = "segue";
/// The key of the card in the file's metadata.
const CARD: &str = "segue";
/// How long a weight is in half precision.
const BYTES_OF_HALF: usize = 2;
/// The name of the n-gram model among the tensors. Older versions called it so, and it stays.
const NGRAM: &str = "licks";
/// The name of the form model among the tensors.
const FORM: &str = "form";

/// Serialises a weights file. `half` stores the tensors in half precision, as shipped.
///
/// # Errors
/// burn's reason why the bytes could not be made.
pub fn to_bytes(
    card: &ModelCard,
    network: &Network,
    ngram: Option<&NgramModel>,
    half: bool,
) -> Result<Vec<u8>, String> {
    let card = ModelCard { ngram_weights: ngram.map(|ngram| *ngram.mixing_weights()), ..card.clone() };
    let text = serde_json::to_string(&card).map_err(|error| error.to_string())?;
    let mut store = BurnpackStore::from_bytes(None).metadata(CARD, text);
    if half {
        store = store.with_to_adapter(HalfPrecisionAdapter::new());
    }
    network.save_into(&mut store).map_err(|error| error.to_string())?;
    let bytes = store.get_bytes().map_err(|error| error.to_string())?;
    match ngram {
        Some(ngram) => rewritten(bytes, None, Some((NGRAM, ngram.to_bytes()))).map_err(|error| error.to_string()),
        None => Ok(bytes.to_vec()),
    }
}

/// The same file with other corrections of what a line plays by itself. All other bytes of its content stay the same.
///
/// # Errors
/// When `bytes` is no valid weights file; `name` stands in the message.
pub fn with_corrections(
    bytes: &[u8],
    name: &str,
    decoding_bias: DecodingBias,
    drift: Option<DriftCorrection>,
) -> Result<Vec<u8>, WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    let card = ModelCard { decoding_bias, drift, ..card(bytes, name)? };
    let text = serde_json::to_string(&card).map_err(|error| damaged(error.to_string()))?;
    rewritten(Bytes::from_bytes_vec(bytes.to_vec()), Some(text), None).map_err(|error| damaged(error.to_string()))
}

/// The same file with another form model, or with none. All other bytes of its content stay the same.
///
/// # Errors
/// When `bytes` is no valid weights file; `name` stands in the message.
pub fn with_form(bytes: &[u8], name: &str, form: Option<&Form>) -> Result<Vec<u8>, WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    let card = card(bytes, name)?.with_form(form);
    let text = serde_json::to_string(&card).map_err(|error| damaged(error.to_string()))?;
    let counted = form.map(|form| (FORM, form.lags.to_bytes()));
    rewritten(Bytes::from_bytes_vec(bytes.to_vec()), Some(text), counted).map_err(|error| damaged(error.to_string()))
}

/// The file with another card, or with other counts under a name. burn's store writes only the parameters of a network,
/// so counts are appended as one more tensor.
fn rewritten(
    bytes: Bytes,
    card: Option<String>,
    counted: Option<(&str, Vec<u8>)>,
) -> Result<Vec<u8>, burn_pack::Error> {
    let reader = burn_pack::Reader::from_bytes(bytes)?;
    let mut metadata = reader.metadata().clone();
    metadata.extend(card.map(|card| (CARD.to_owned(), card)));
    let mut tensors = reader.into_tensors()?;
    if let Some((name, counted)) = counted {
        tensors.retain(|tensor| tensor.name != name);
        let shape = [counted.len()];
        tensors.push(burn_pack::Tensor::new(name.to_owned(), DType::U8, shape, None, Bytes::from_bytes_vec(counted)));
    }
    let writer =
        metadata.iter().fold(burn_pack::Writer::new(tensors), |writer, (key, value)| writer.with_metadata(key, value));
    Ok(writer.into_bytes()?.to_vec())
}

/// Reads card and network in full precision onto `device`.
///
/// # Errors
/// When `bytes` is no valid weights file; `name` stands in the message.
pub fn read(bytes: &[u8], name: &str, device: &Device) -> Result<(ModelCard, Network), WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    // burn's reader checks its input, but a panic in it must not reach the host.
    catch_unwind(AssertUnwindSafe(|| read_checked(bytes, name, device)))
        .unwrap_or_else(|_| Err(damaged("its tensors are inconsistent".into())))
}

fn read_checked(bytes: &[u8], name: &str, device: &Device) -> Result<(ModelCard, Network), WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    let card = card(bytes, name)?;
    // Before memory is taken for them.
    if bytes.len() / BYTES_OF_HALF < card.sizes.least_weights() {
        return Err(damaged("it is too short for the network that it describes".into()));
    }
    let mut network = Network::new(&card.vocabulary, card.sizes, 0.0, device);
    let mut store = opened(bytes).map_err(damaged)?;
    let applied = network.load_from(&mut store).map_err(|error| damaged(error.to_string()))?;
    if !applied.is_success() || !applied.missing.is_empty() {
        return Err(damaged("tensors are missing or have other shapes".into()));
    }
    if !is_finite(&network) {
        return Err(WeightsError::NotFinite { name: name.to_owned() });
    }
    Ok((card, network))
}

/// The n-gram model that the card announces.
fn ngram_of(card: &ModelCard, bytes: &[u8], name: &str) -> Result<Option<NgramModel>, WeightsError> {
    let Some(mixing_weights) = card.ngram_weights else { return Ok(None) };
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    let reader = burn_pack::Reader::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()));
    let counted = reader.and_then(|reader| reader.tensor_data(NGRAM)).map_err(|error| damaged(error.to_string()))?;
    let ngram = NgramModel::from_bytes(&counted, mixing_weights).ok_or_else(|| damaged("its n-gram table".into()))?;
    Ok(Some(ngram))
}

/// The form model that the card announces.
fn form_of(card: &ModelCard, bytes: &[u8], name: &str) -> Result<Option<Form>, WeightsError> {
    let Some(rates) = card.follow_rates else { return Ok(None) };
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    let reader = burn_pack::Reader::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()));
    let counted = reader.and_then(|reader| reader.tensor_data(FORM)).map_err(|error| damaged(error.to_string()))?;
    let lags = FormModel::from_bytes(&counted).ok_or_else(|| damaged("its form counts".into()))?;
    Ok(Some(Form { lags, rates, chord_evidence: card.chord_evidence }))
}

/// A store that returns full precision.
fn opened(bytes: &[u8]) -> Result<BurnpackStore, String> {
    let mut store = BurnpackStore::from_bytes(Some(Bytes::from_bytes_vec(bytes.to_vec())));
    let tensors = store.get_all_tensors().map_err(|error| error.to_string())?;
    // The adapter converts in both directions, so it must only see half precision.
    if tensors.values().any(|tensor| tensor.dtype == DType::F16) {
        store = store.with_from_adapter(HalfPrecisionAdapter::new());
    }
    Ok(store)
}

/// Loads the weights of a file of either precision into a network of the same shape, which keeps its dropout and
/// device.
///
/// # Errors
/// When the file cannot be read or has other tensors.
pub fn load_into(mut network: Network, path: &Path) -> Result<Network, WeightsError> {
    let name = path.display().to_string();
    let damaged = |reason: String| WeightsError::Damaged { name: name.clone(), reason };
    let mut store = opened(&bytes_of(path)?).map_err(damaged)?;
    network.load_from(&mut store).map_err(|error| damaged(error.to_string()))?;
    Ok(network)
}

/// Reads and checks the card of a file.
///
/// # Errors
/// When the file cannot be read or is no valid weights file.
pub fn card_of(path: &Path) -> Result<ModelCard, WeightsError> {
    card(&bytes_of(path)?, &path.display().to_string())
}

/// The largest network that a card may describe, in full precision, with its n-gram model.
const LARGEST: SizeLimit = SizeLimit::mebibytes("weights file of Segue", 1024);

/// The bytes of a weights file, unchecked.
///
/// # Errors
/// When the file cannot be read or is larger than any weights file.
pub fn bytes_of(path: &Path) -> Result<Vec<u8>, WeightsError> {
    LARGEST.read(path).map_err(|reason| WeightsError::Unreadable { name: path.display().to_string(), reason })
}

/// Reads and checks the card without the weights.
///
/// # Errors
/// When `bytes` is no valid weights file; `name` stands in the message.
pub fn card(bytes: &[u8], name: &str) -> Result<ModelCard, WeightsError> {
    let name = || name.to_owned();
    let damaged = |reason: String| WeightsError::Damaged { name: name(), reason };
    let reader = burn_pack::Reader::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()));
    let reader = reader.map_err(|error| damaged(error.to_string()))?;
    let text = reader.metadata().get(CARD).ok_or_else(|| damaged("it has no card".into()))?;
    let format: FormatField = serde_json::from_str(text).map_err(|error| damaged(format!("its card: {error}")))?;
    if format.format != FORMAT {
        return Err(WeightsError::OtherFormat { name: name(), found: format.format });
    }
    let card: ModelCard = serde_json::from_str(text).map_err(|error| damaged(format!("its card: {error}")))?;
    let is_possible = card.ngram_weights.iter().flatten().all(|weight| (0.0..=MAX_MIXING_WEIGHT).contains(weight));
    let fault = if is_possible { None } else { Some(WEIGHT_FAULT) };
    let is_evidence = card.chord_evidence.iter().all(|summand| summand.abs() <= MAX_EVIDENCE);
    let follows = is_evidence && card.follow_rates.is_none_or(|rates| rates.is_possible());
    let fault = fault.or((!follows).then_some(RATE_FAULT));
    let fault = card.vocabulary.fault().or(card.sizes.fault()).or(fault).or(card.decoding_bias.fault());
    // Its tables are as long as the vocabulary asks, which must be possible for that.
    let drifts = || card.drift.as_ref().is_some_and(|drift| !drift.fits(&card.vocabulary));
    if let Some(reason) = fault.or_else(|| drifts().then_some(DRIFT_FAULT)) {
        return Err(WeightsError::Impossible { name: name(), reason });
    }
    let found = card.vocabulary.fingerprint();
    if found != card.fingerprint {
        return Err(WeightsError::OtherVocabulary { name: name(), found, expected: card.fingerprint });
    }
    Ok(card)
}

const WEIGHT_FAULT: &str = "an n-gram mixing weight is out of range";
/// The most that chords may say of a lag, in nats.
const MAX_EVIDENCE: f32 = 20.0;
const DRIFT_FAULT: &str = "its correction of drift has other features than this build, or a summand out of range";
const RATE_FAULT: &str = "a rate of its form model is out of range";

/// The field that every format has.
#[derive(Deserialize)]
struct FormatField {
    format: u32,
}

impl Model {
    /// Loads a model from a weights file in memory.
    ///
    /// # Errors
    /// When `bytes` is no valid weights file; `name` stands in the message.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, WeightsError> {
        Self::at(ComputeDevice::Cpu, bytes, name)
    }

    /// The same, computing on `place`.
    ///
    /// # Errors
    /// When `bytes` is no valid weights file, or the device is not available.
    pub fn at(place: ComputeDevice, bytes: &[u8], name: &str) -> Result<Self, WeightsError> {
        let (card, network) = read(bytes, name, &Device::flex())?;
        let (ngram, form) = (ngram_of(&card, bytes, name)?, form_of(&card, bytes, name)?);
        let device = if place == ComputeDevice::Cpu { None } else { Some(place.open()?) };
        Ok(Self::on(device.as_ref(), card, &network).with_ngram(ngram).with_form(form))
    }

    /// Loads a model from a weights file.
    ///
    /// # Errors
    /// When the file cannot be read or is no valid weights file.
    pub fn from_file(path: &Path) -> Result<Self, WeightsError> {
        Self::from_bytes(&bytes_of(path)?, &path.display().to_string())
    }

    /// A model for tests and examples. Its weights are random, and the same each time.
    pub fn random(vocabulary: Vocabulary, sizes: Sizes) -> Self {
        let network = Network::seeded(&vocabulary, sizes, 0);
        Self::new(ModelCard::new("random", vocabulary, sizes, Provenance::default()), &network)
    }
}

fn is_finite(network: &Network) -> bool {
    struct Finite(bool);
    impl ModuleVisitor for Finite {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let numbers = param.val().to_data().convert::<f32>().try_into_vec::<f32>().unwrap_or_default();
            self.0 &= !numbers.is_empty() && numbers.iter().all(|number| number.is_finite());
        }
    }
    let mut finite = Finite(true);
    network.visit(&mut finite);
    finite.0
}
