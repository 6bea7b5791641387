//! The table of a folder, `split.csv`: which music there is, and what it is for.

use super::{FolderError, FolderOptions, Split};
use segue_model::bounded_file::SizeLimit;
use serde::Deserialize;
use std::path::Path;

/// The name of the table in its folder.
pub(super) const TABLE: &str = "split.csv";

/// One row of `split.csv`. Other columns are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct SplitRow {
    pub(super) file: String,
    pub(super) split: Split,
    pub(super) x: Option<u32>,
    pub(super) abc_file: Option<String>,
    /// `no` for music that the table lists but the folder does not have.
    pub(super) present: Option<String>,
}

impl SplitRow {
    /// The file that is read for it.
    pub(super) fn music(&self, reading: FolderOptions) -> &Path {
        Path::new(self.abc_file.as_ref().filter(|_| reading.prefer_abc).unwrap_or(&self.file))
    }
}

/// All rows of a table.
pub(super) fn rows(table: &Path) -> Result<Vec<SplitRow>, FolderError> {
    /// A row for each tune of the largest collections.
    const LARGEST: SizeLimit = SizeLimit::mebibytes("table of a folder", 64);
    let bad = |reason: String| FolderError::BadTable { path: table.display().to_string(), reason };
    let bytes = LARGEST.read(table).map_err(|error| bad(error.to_string()))?;
    let rows = csv::Reader::from_reader(bytes.as_slice()).into_deserialize();
    rows.collect::<Result<_, _>>().map_err(|error| bad(error.to_string()))
}
