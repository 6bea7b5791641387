//! Why a weights file is refused.

use crate::bounded_file::ReadError;
use crate::card::FORMAT;
use crate::device::DeviceError;
use crate::vocabulary::VocabularyFingerprint;

/// Why a weights file is refused. The sentence starts with the file's name and ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file does not exist, cannot be read, or is larger than any weights file.
    #[error("{name}: {reason}")]
    Unreadable {
        /// The file's name.
        name: String,
        /// The reason, with what to do.
        reason: ReadError,
    },
    /// The file is not a weights file, or it is damaged.
    #[error("{name}: is not a style of Segue, or is damaged ({reason}); get a new copy or train it again")]
    Damaged {
        /// The file's name.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The file was written by another version.
    #[error(
        "{name}: has format {found}, and this version reads format {FORMAT}; use the Segue that made it, or train again"
    )]
    OtherFormat {
        /// The file's name.
        name: String,
        /// The format of the file.
        found: u32,
    },
    /// The vocabulary in the file is not the one that the weights were trained with.
    #[error("{name}: made for another vocabulary ({expected}; the file has {found}); get a new copy or train it again")]
    OtherVocabulary {
        /// The file's name.
        name: String,
        /// The fingerprint of the vocabulary in the file.
        found: VocabularyFingerprint,
        /// The fingerprint that the weights were trained with.
        expected: VocabularyFingerprint,
    },
    /// The card describes sizes, a vocabulary or numbers that no training produces.
    #[error("{name}: describes an impossible network: {reason}; get a new copy or train it again")]
    Impossible {
        /// The file's name.
        name: String,
        /// What is impossible.
        reason: &'static str,
    },
    /// The compute device is not available.
    #[error(transparent)]
    DeviceError(#[from] DeviceError),
    /// Some weights are NaN or infinite.
    #[error("{name}: has weights that are not finite numbers; train it again with a lower --learning-rate")]
    NotFinite {
        /// The file's name.
        name: String,
    },
}
