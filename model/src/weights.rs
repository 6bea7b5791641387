//! The weights file: a card that says what it is, then the tensors in half precision, in burn's own format, and behind
//! them, where there are some, the ngram.
//!
//! A file is refused with one sentence and without a panic when it is foreign, damaged, made for another vocabulary,
//! or not finite; whatever was loaded before stays with its owner.

use crate::bias::DecodingBias;
use crate::device::{ComputeDevice, DeviceError};
use crate::lstm::Model;
use crate::network::{Network, Sizes};
use crate::ngram::{MAX_MIXING_WEIGHT, MixingWeights, NgramModel};
use crate::vocabulary::{Fingerprint, Vocabulary};
use burn::module::{Module, ModuleVisitor, Param};
use burn::store::{BurnpackStore, HalfPrecisionAdapter, ModuleSnapshot, ModuleStore};
use burn::tensor::{Bytes, DType, Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The version of the format that this build writes and reads.
pub const FORMAT: u32 = 2;
/// The ending of a weights file's name.
pub const EXTENSION: &str = "segue";
/// Under this name the card lies in the file's metadata, as JSON.
const CARD: &str = "segue";
/// Under this name the ngram lie among the tensors, as bytes.
const NGRAM: &str = "licks";

/// What a weights file says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// [`FORMAT`] when it was written.
    pub format: u32,
    /// What the style is called.
    pub style: String,
    /// What it can say.
    pub vocabulary: Vocabulary,
    /// Of the vocabulary with which the weights were trained.
    pub fingerprint: Fingerprint,
    /// Of the network.
    pub sizes: Sizes,
    /// Trained with features of what this session has played; without, it must not be shown any.
    pub look_back: bool,
    /// How far the ngram behind the network are believed; `None` when there are none, as in files that are older.
    #[serde(rename = "licks", default, skip_serializing_if = "Option::is_none")]
    pub ngram_weights: Option<MixingWeights>,
    /// How it keeps its line; files that are older have none.
    #[serde(rename = "poise", default)]
    pub decoding_bias: DecodingBias,
    /// Where the weights come from.
    pub provenance: Provenance,
    /// Figures on the test split, by name; nats per note unless the name says otherwise.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
}

/// Where weights come from.
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
    /// A card for new weights.
    pub fn new(style: &str, vocabulary: Vocabulary, sizes: Sizes, provenance: Provenance) -> Self {
        Self {
            format: FORMAT,
            style: style.to_owned(),
            fingerprint: vocabulary.fingerprint(),
            vocabulary,
            sizes,
            look_back: true,
            ngram_weights: None,
            decoding_bias: DecodingBias::default(),
            provenance,
            figures: BTreeMap::new(),
        }
    }
}

/// Why a weights file is refused. Each begins with the file's name.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file is not there or not readable.
    #[error("{name}: cannot be read: {reason}")]
    Unreadable {
        /// The file.
        name: String,
        /// What the system says.
        reason: std::io::Error,
    },
    /// Not a weights file, or cut short.
    #[error("{name}: is no weights file of Segue, or it is damaged ({reason}); train it again or get a new copy")]
    Damaged {
        /// The file.
        name: String,
        /// What burn's reader says.
        reason: String,
    },
    /// Written by a later or a much earlier Segue.
    #[error(
        "{name}: has format {found}; this Segue reads format {FORMAT} (get the Segue that it was made for, or train it again)"
    )]
    OtherFormat {
        /// The file.
        name: String,
        /// Its format.
        found: u32,
    },
    /// The vocabulary is not the one that the weights were trained with.
    #[error("{name}: made for another vocabulary ({expected}; the file has {found})")]
    OtherVocabulary {
        /// The file.
        name: String,
        /// Of the vocabulary in the file.
        found: Fingerprint,
        /// That the weights were trained with.
        expected: Fingerprint,
    },
    /// Sizes or a vocabulary that no training makes.
    #[error("{name}: describes an impossible network: {reason}")]
    Impossible {
        /// The file.
        name: String,
        /// What is impossible.
        reason: &'static str,
    },
    /// The device is not there.
    #[error(transparent)]
    DeviceError(#[from] DeviceError),
    /// NaN or infinite weights.
    #[error("{name}: has weights that are not finite numbers; its training went wrong")]
    NotFinite {
        /// The file.
        name: String,
    },
}

/// Writes card, network and ngram; `half` stores half-precision tensors, as shipped.
///
/// # Errors
/// Says in burn's words why the bytes could not be made.
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
        Some(_) => rewritten(bytes, None, ngram).map_err(|error| error.to_string()),
        None => Ok(bytes.to_vec()),
    }
}

/// The same file with another decoding_bias; everything else in it stays as it is, to the bit.
///
/// # Errors
/// See [`WeightsError`].
pub fn with_bias(bytes: &[u8], name: &str, decoding_bias: DecodingBias) -> Result<Vec<u8>, WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    let card = ModelCard { decoding_bias, ..card(bytes, name)? };
    let text = serde_json::to_string(&card).map_err(|error| damaged(error.to_string()))?;
    rewritten(Bytes::from_bytes_vec(bytes.to_vec()), Some(text), None).map_err(|error| damaged(error.to_string()))
}

/// The file with another card, or with ngram. burn's store writes the parameters of a network and nothing else, so the
/// ngram are put behind them.
fn rewritten(bytes: Bytes, card: Option<String>, ngram: Option<&NgramModel>) -> Result<Vec<u8>, burn_pack::Error> {
    let reader = burn_pack::Reader::from_bytes(bytes)?;
    let mut metadata = reader.metadata().clone();
    metadata.extend(card.map(|card| (CARD.to_owned(), card)));
    let mut tensors = reader.into_tensors()?;
    tensors.extend(ngram.map(|ngram| {
        let counted = ngram.to_bytes();
        let shape = [counted.len()];
        burn_pack::Tensor::new(NGRAM.into(), DType::U8, shape, None, Bytes::from_bytes_vec(counted))
    }));
    let writer =
        metadata.iter().fold(burn_pack::Writer::new(tensors), |writer, (key, value)| writer.with_metadata(key, value));
    Ok(writer.into_bytes()?.to_vec())
}

/// Reads a network with its card, in full precision, onto `device`.
///
/// # Errors
/// See [`WeightsError`]; `name` is the file's name in it.
pub fn read(bytes: &[u8], name: &str, device: &Device) -> Result<(ModelCard, Network), WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    // burn's reader checks what it reads, but a panic in it must not take the host down.
    catch_unwind(AssertUnwindSafe(|| read_checked(bytes, name, device)))
        .unwrap_or_else(|_| Err(damaged("its tensors are not what they claim to be".into())))
}

fn read_checked(bytes: &[u8], name: &str, device: &Device) -> Result<(ModelCard, Network), WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    let card = card(bytes, name)?;
    let mut network = Network::new(&card.vocabulary, card.sizes, 0.0, device);
    let mut store = opened(bytes).map_err(damaged)?;
    let applied = network.load_from(&mut store).map_err(|error| damaged(error.to_string()))?;
    if !applied.is_success() || !applied.missing.is_empty() {
        return Err(damaged("it lacks tensors, or they have other shapes".into()));
    }
    if !is_finite(&network) {
        return Err(WeightsError::NotFinite { name: name.to_owned() });
    }
    Ok((card, network))
}

/// The ngram that a card speaks of.
fn ngram_of(card: &ModelCard, bytes: &[u8], name: &str) -> Result<Option<NgramModel>, WeightsError> {
    let Some(mixing_weights) = card.ngram_weights else { return Ok(None) };
    let damaged = |reason: String| WeightsError::Damaged { name: name.to_owned(), reason };
    let reader = burn_pack::Reader::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()));
    let counted = reader.and_then(|reader| reader.tensor_data(NGRAM)).map_err(|error| damaged(error.to_string()))?;
    let ngram = NgramModel::from_bytes(&counted, mixing_weights).ok_or_else(|| damaged("its n-gram table".into()))?;
    Ok(Some(ngram))
}

/// A store that gives full precision.
fn opened(bytes: &[u8]) -> Result<BurnpackStore, String> {
    let mut store = BurnpackStore::from_bytes(Some(Bytes::from_bytes_vec(bytes.to_vec())));
    let tensors = store.get_all_tensors().map_err(|error| error.to_string())?;
    // The adapter turns half into full precision and full into half, so it must see the former only.
    if tensors.values().any(|tensor| tensor.dtype == DType::F16) {
        store = store.with_from_adapter(HalfPrecisionAdapter::new());
    }
    Ok(store)
}

/// Fills an existing network of the same shape from a file of either precision, so that it keeps its dropout and device.
///
/// # Errors
/// See [`WeightsError`].
pub fn load_into(mut network: Network, path: &std::path::Path) -> Result<Network, WeightsError> {
    let name = path.display().to_string();
    let damaged = |reason: String| WeightsError::Damaged { name: name.clone(), reason };
    let mut store = opened(&bytes_of(path)?).map_err(damaged)?;
    network.load_from(&mut store).map_err(|error| damaged(error.to_string()))?;
    Ok(network)
}

/// Reads and checks the card of a file.
///
/// # Errors
/// See [`WeightsError`].
pub fn card_of(path: &std::path::Path) -> Result<ModelCard, WeightsError> {
    card(&bytes_of(path)?, &path.display().to_string())
}

fn bytes_of(path: &std::path::Path) -> Result<Vec<u8>, WeightsError> {
    std::fs::read(path).map_err(|reason| WeightsError::Unreadable { name: path.display().to_string(), reason })
}

/// Reads and checks the card alone; touches no weights.
///
/// # Errors
/// See [`WeightsError`].
pub fn card(bytes: &[u8], name: &str) -> Result<ModelCard, WeightsError> {
    let name = || name.to_owned();
    let damaged = |reason: String| WeightsError::Damaged { name: name(), reason };
    let reader = burn_pack::Reader::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()));
    let reader = reader.map_err(|error| damaged(error.to_string()))?;
    let text = reader.metadata().get(CARD).ok_or_else(|| damaged("it has no card".into()))?;
    let format: Format = serde_json::from_str(text).map_err(|error| damaged(format!("its card: {error}")))?;
    if format.format != FORMAT {
        return Err(WeightsError::OtherFormat { name: name(), found: format.format });
    }
    let card: ModelCard = serde_json::from_str(text).map_err(|error| damaged(format!("its card: {error}")))?;
    let is_possible = card.ngram_weights.iter().flatten().all(|weight| (0.0..=MAX_MIXING_WEIGHT).contains(weight));
    let fault = if is_possible { None } else { Some(WEIGHT_FAULT) };
    if let Some(reason) = card.vocabulary.fault().or(card.sizes.fault()).or(fault).or(card.decoding_bias.fault()) {
        return Err(WeightsError::Impossible { name: name(), reason });
    }
    let found = card.vocabulary.fingerprint();
    if found != card.fingerprint {
        return Err(WeightsError::OtherVocabulary { name: name(), found, expected: card.fingerprint });
    }
    Ok(card)
}

const WEIGHT_FAULT: &str = "an n-gram mixing weight is out of range";

/// The one field that every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Model {
    /// Reads a weights file that is already in memory.
    ///
    /// # Errors
    /// See [`WeightsError`]; `name` is the file's name in it.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, WeightsError> {
        Self::at(ComputeDevice::Cpu, bytes, name)
    }

    /// The same, to think at a place.
    ///
    /// # Errors
    /// See [`WeightsError`]; a place that is not there is one of them.
    pub fn at(place: ComputeDevice, bytes: &[u8], name: &str) -> Result<Self, WeightsError> {
        let (card, network) = read(bytes, name, &Device::flex())?;
        let ngram = ngram_of(&card, bytes, name)?;
        let device = if place == ComputeDevice::Cpu { None } else { Some(place.open()?) };
        Ok(Self::on(device.as_ref(), card, &network).with_ngram(ngram))
    }

    /// Reads a weights file.
    ///
    /// # Errors
    /// See [`WeightsError`].
    pub fn from_file(path: &std::path::Path) -> Result<Self, WeightsError> {
        Self::from_bytes(&bytes_of(path)?, &path.display().to_string())
    }

    /// A model that has learnt nothing, for tests.
    pub fn random(vocabulary: Vocabulary, sizes: Sizes) -> Self {
        let device = Device::flex();
        let network = Network::new(&vocabulary, sizes, 0.0, &device);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookback::MOTIF_LENGTHS;
    use std::sync::OnceLock;

    const SIZES: Sizes = Sizes { layers: 1, hidden: 16, event: 16, head: 16 };

    fn tiny() -> (ModelCard, Network) {
        let vocabulary = Vocabulary::dance();
        let network = Network::new(&vocabulary, SIZES, 0.0, &Device::flex());
        (ModelCard::new("tiny", vocabulary, SIZES, Provenance::default()), network)
    }

    fn sound() -> &'static [u8] {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        BYTES.get_or_init(|| to_bytes(&tiny().0, &tiny().1, Some(&NgramModel::with_two_figures()), true).unwrap())
    }

    /// Refused, with a sentence that names the file and holds `reason`.
    fn check(bytes: &[u8], reason: &str) {
        let sentence = Model::from_bytes(bytes, "my.segue").map(|_| ()).unwrap_err().to_string();
        assert!(sentence.starts_with("my.segue: ") && sentence.contains(reason), "{sentence}");
    }

    fn check_card(change: impl FnOnce(&mut ModelCard), reason: &str) {
        let (mut card, network) = tiny();
        change(&mut card);
        check(&to_bytes(&card, &network, None, true).unwrap(), reason);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (card, network) = tiny();
        let bytes = to_bytes(&card, &network, None, false).unwrap();
        let (card_read, network_read) = read(&bytes, "my.segue", &Device::flex()).unwrap();
        assert_eq!(card_read, card);
        assert_eq!(network_read.event.weight.val().to_data(), network.event.weight.val().to_data());
        assert!(sound().len() < bytes.len() * 2 / 3, "half precision takes half the room");
        let (_, from_half) = read(sound(), "my.segue", &Device::flex()).unwrap();
        assert_eq!(from_half.event.weight.val().dtype(), DType::F32);
        assert_eq!(
            to_bytes(&card_read, &from_half, Some(&NgramModel::with_two_figures()), true).unwrap().len(),
            sound().len(),
            "and can be written so again"
        );
    }

    /// An n-gram model survives writing and reading, and a file without one plays too.
    #[test]
    fn the_ngram_model_is_optional_and_read_again() {
        let with = Model::from_bytes(sound(), "my.segue").unwrap();
        assert_eq!(with.card().ngram_weights, Some(*NgramModel::with_two_figures().mixing_weights()));
        let (card, network) = tiny();
        let without = to_bytes(&card, &network, None, true).unwrap();
        assert!(!String::from_utf8_lossy(&without).contains("licks"), "an older Segue reads the same bytes");
        assert_eq!(Model::from_bytes(&without, "my.segue").unwrap().card().ngram_weights, None);
        assert_eq!(ngram_of(with.card(), sound(), "my.segue").unwrap(), Some(NgramModel::with_two_figures()));
        let sentence = ngram_of(with.card(), &without, "my.segue").unwrap_err().to_string();
        assert!(sentence.contains("damaged"), "{sentence}");
    }

    #[test]
    fn licks_that_are_believed_absurdly_much_are_refused() {
        for weight in [f32::NAN, -0.1, 5.0] {
            let absurd = NgramModel::with_two_figures().with_mixing_weights([weight; MOTIF_LENGTHS]);
            let (card, network) = tiny();
            let bytes = to_bytes(&card, &network, Some(&absurd), true).unwrap();
            // What is no number has no place in JSON at all.
            check(&bytes, if weight.is_nan() { "damaged" } else { "out of range" });
        }
    }

    #[test]
    fn a_truncated_file_is_refused_wherever_it_ends() {
        for length in (0..sound().len()).step_by(97).chain([sound().len() - 1]) {
            check(&sound()[..length], "damaged");
        }
    }

    #[test]
    fn a_foreign_file_is_refused() {
        check(b"RIFF....WAVEfmt and so on and so on", "no weights file of Segue");
        check(&[0; 4096], "no weights file of Segue");
    }

    #[test]
    fn damage_anywhere_never_panics() {
        for position in (0..sound().len()).step_by(13) {
            let mut bytes = sound().to_vec();
            bytes[position] ^= 0x5a;
            // Damage inside the numbers may go unseen; a panic may not.
            let _ = Model::from_bytes(&bytes, "my.segue");
        }
    }

    #[test]
    fn weights_for_another_vocabulary_are_refused_by_name() {
        let other: Fingerprint = serde_json::from_str("12345").unwrap();
        check_card(|card| card.fingerprint = other, "made for another vocabulary (0000000000003039;");
    }

    #[test]
    fn impossible_sizes_are_refused_before_anything_is_allocated() {
        check_card(|card| card.sizes.hidden = 1 << 40, "absurdly large");
        check_card(|card| card.sizes.layers = 0, "no layers");
        check_card(|card| card.sizes.hidden = 32, "damaged");
    }

    /// Files from before the decoding bias load with a neutral one; an impossible bias is refused.
    #[test]
    fn a_file_without_decoding_bias_has_a_neutral_one() {
        let text = serde_json::to_value(tiny().0).unwrap();
        let older = text.as_object().unwrap().iter().filter(|(key, _)| *key != "poise");
        let older: serde_json::Map<_, _> = older.map(|(key, value)| (key.clone(), value.clone())).collect();
        assert!(older.len() + 1 == text.as_object().unwrap().len());
        let card: ModelCard = serde_json::from_value(older.into()).unwrap();
        assert_eq!(card.decoding_bias, DecodingBias::default());
        check_card(|card| card.decoding_bias.quotation_gain = 99.0, "decoding bias");
    }

    #[test]
    fn another_format_is_refused() {
        check_card(|card| card.format = 9, "has format 9");
        check_card(|card| card.format = 1, "has format 1");
    }

    #[test]
    fn weights_that_are_not_finite_are_refused() {
        let (card, mut network) = tiny();
        let spoilt = network.pitch.out.weight.val().mul_scalar(f32::NAN);
        network.pitch.out.weight = Param::from_tensor(spoilt);
        check(&to_bytes(&card, &network, None, true).unwrap(), "not finite");
    }

    #[test]
    fn a_missing_file_is_said_by_name() {
        let missing = Model::from_file(std::path::Path::new("/no/such.segue")).map(|_| ()).unwrap_err().to_string();
        assert!(missing.starts_with("/no/such.segue: cannot be read"), "{missing}");
    }
}
