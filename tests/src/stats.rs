//! The counts that the bundle under test writes when an instance is deactivated.

use anyhow::{Context, Result};
use std::path::PathBuf;

/// The variable that names the file for the counts. It holds those of the instance that was deactivated last.
pub const STATS_VARIABLE: &str = "SEGUE_STATS";

/// What one instance has counted since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Planned notes that came after their time.
    pub late: u32,
    /// Planned notes that were not played.
    pub dropped: u32,
    /// Note-ons that the host would not take.
    pub refused: u32,
    /// Heard notes that never reached the model.
    pub unheard: u32,
    /// How often a render stopped waiting for the worker because of the time-out.
    pub time_outs: u32,
    /// Blocks that waited for the worker because the host called much faster than real time.
    pub waits: u32,
    /// How often the worker panicked.
    pub panics: u32,
}

impl Stats {
    /// The counts of the instance that was deactivated last; `None` if the variable is not set.
    ///
    /// # Errors
    /// When the file is missing or cannot be read.
    pub fn read() -> Result<Option<Self>> {
        let Some(path) = std::env::var_os(STATS_VARIABLE).map(PathBuf::from) else { return Ok(None) };
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("{}: the plugin has not written its counts there; is it the bundle under test?", path.display())
        })?;
        Self::parse(&text).map(Some).with_context(|| format!("{}: these are not counts", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let count = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            Ok::<u32, anyhow::Error>(line.with_context(|| format!("{name} is not among them"))?.parse()?)
        };
        Ok(Self {
            late: count("late")?,
            dropped: count("dropped")?,
            refused: count("refused")?,
            unheard: count("unheard")?,
            time_outs: count("time_outs")?,
            waits: count("waits")?,
            panics: count("panics")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_by_name_and_a_missing_one_is_said() {
        let text = "late 1\ndropped 2\nrefused 3\nunheard 4\ntime_outs 5\nwaits 7\npanics 6\n";
        let wanted = Stats { late: 1, dropped: 2, refused: 3, unheard: 4, time_outs: 5, waits: 7, panics: 6 };
        assert_eq!(Stats::parse(text).unwrap(), wanted);
        let error = Stats::parse("late 1\n").unwrap_err();
        assert!(error.to_string().contains("dropped"), "{error}");
    }
}
