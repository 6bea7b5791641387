//! The tunes of a file that a user names, whatever its kind.

use crate::midi::{Reading, read_midi};
use crate::{Tune, abc};
use anyhow::{Result, anyhow, bail};
use std::path::Path;

/// Whether a file is a book of tunes in ABC, by its name.
pub fn is_book(path: &Path) -> bool {
    ending(path) == "abc"
}

/// All tunes of a `.mid`, `.midi` or `.abc` file, those of a book with their numbers. A book that can be read in part
/// is good enough.
///
/// # Errors
/// With a sentence that names the file.
pub fn read_tunes(path: &Path, reading: Reading) -> Result<Vec<(Option<u32>, Tune)>> {
    match ending(path).as_str() {
        "abc" => {
            let book = abc::read_book(path)?;
            match book.refused.into_iter().next() {
                Some(refused) if book.tunes.is_empty() => Err(refused.into()),
                _ => Ok(book.tunes),
            }
        }
        "mid" | "midi" => {
            // The message is a whole sentence; the cause behind it would only repeat it.
            let tune = read_midi(path, reading).map_err(|error| anyhow!("{error}"))?;
            Ok(vec![(None, tune)])
        }
        _ => bail!("{}: is neither .mid nor .abc; give a file of one of these kinds", path.display()),
    }
}

fn ending(path: &Path) -> String {
    path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase()
}
