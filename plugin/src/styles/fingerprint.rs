//! How the file of a user's own style is recognised wherever it lies, and where such files are searched for.

use segue_model::hash::Fnv1a;
use segue_model::weights;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A file's length and a hash of its content: equal for equal files, and practically only for those.
///
/// Saved songs contain it, so it must never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    length: u64,
    content: u64,
}

impl Fingerprint {
    /// The fingerprint of a content. Takes less than a millisecond per megabyte.
    pub fn of(bytes: &[u8]) -> Self {
        /// FNV-1a over eight-byte words would not carry high bits downwards, so each step also rotates.
        const TURN: u32 = 29;
        const WORD: usize = size_of::<u64>();
        let content = bytes.chunks(WORD).fold(Fnv1a::BASIS, |hash, part| {
            let mut word = [0; WORD];
            word.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            (hash ^ u64::from_le_bytes(word)).wrapping_mul(Fnv1a::PRIME).rotate_left(TURN)
        });
        Self { length: bytes.len() as u64, content }
    }

    /// The first of these files with this fingerprint. Only files of the right length are read.
    pub fn find(self, files: Vec<PathBuf>) -> Option<PathBuf> {
        let has_length = |file: &Path| file.metadata().is_ok_and(|data| data.is_file() && data.len() == self.length);
        let is_it =
            |file: &Path| has_length(file) && weights::bytes_of(file).is_ok_and(|bytes| Self::of(&bytes) == self);
        files.into_iter().find(|file| is_it(file))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}-{:016x}", self.length, self.content)
    }
}

/// The text is not a fingerprint; a later version of Segue may have written it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAFingerprint;

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let (length, content) = text.split_once('-').ok_or(NotAFingerprint)?;
        let number = |digits| u64::from_str_radix(digits, 16).map_err(|_| NotAFingerprint);
        Ok(Self { length: number(length)?, content: number(content)? })
    }
}

/// The extension of weights files.
pub const ENDING: &str = "segue";
/// The name of the folder within the system's data and music folders.
const FOLDER: &str = "Segue";

/// The folders in which a musician may put weights files; messages name the first.
pub fn folders() -> Vec<PathBuf> {
    let places = [dirs::data_dir(), dirs::audio_dir(), dirs::home_dir().map(|home| home.join("Music"))];
    let mut folders: Vec<PathBuf> = places.into_iter().flatten().map(|place| place.join(FOLDER)).collect();
    folders.dedup();
    folders
}

/// The weights files in those folders, and those beside the last chosen file.
pub fn files(last: &Path) -> Vec<PathBuf> {
    /// More files than anybody keeps; the limit stops a wrong folder from blocking the window.
    const MOST: usize = 200;
    let beside = last.parent().filter(|folder| folder.is_absolute()).map(Path::to_owned);
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in folders().into_iter().chain(beside) {
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
        found.extend(files.filter(|path| path.extension().is_some_and(|ending| ending == ENDING)).take(MOST));
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fingerprint of a file never changes, because saved songs contain it, and survives as text.
    #[test]
    fn fingerprints_never_change_and_survive_as_text() {
        for (bytes, text) in [
            (&b""[..], "0-cbf29ce484222325"),
            (b"segue", "5-9f16d0845a50c8d9"),
            (b"segue, seguono, seguivano", "19-d53b443ae30a178a"),
        ] {
            let fingerprint = Fingerprint::of(bytes);
            assert_eq!(fingerprint.to_string(), text);
            assert_eq!(text.parse(), Ok(fingerprint));
        }
        for text in ["", "5", "5-", "-5", "x-y", "5-d29ac7ef01b1e1ad0"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NotAFingerprint), "{text}");
        }
    }

    /// Another byte, another length or another order of bytes changes the fingerprint.
    #[test]
    fn any_change_of_a_file_changes_its_fingerprint() {
        let bytes: Vec<u8> = (0..=200).collect();
        let fingerprint = Fingerprint::of(&bytes);
        for index in 0..bytes.len() {
            for bit in [1, 0x80] {
                let mut other = bytes.clone();
                other[index] ^= bit;
                assert_ne!(Fingerprint::of(&other), fingerprint, "byte {index}");
            }
        }
        assert_ne!(Fingerprint::of(&bytes[1..]), fingerprint);
        assert_ne!(Fingerprint::of(&[&bytes[..], &[0]].concat()), fingerprint);
        let mut swapped = bytes.clone();
        swapped.swap(3, 75);
        assert_ne!(Fingerprint::of(&swapped), fingerprint);
    }
}
