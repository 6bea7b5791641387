//! A message that the status line shows for a while.

use std::time::{Duration, Instant};

/// How long a message is shown.
const SPOKEN: Duration = Duration::from_secs(8);

/// The message that is shown now, if any.
#[derive(Default)]
pub struct Notice(Option<(String, Instant)>);

impl Notice {
    /// Shows a message from now on.
    pub fn say(&mut self, words: String) {
        self.0 = Some((words, Instant::now()));
    }

    /// The message that is shown now.
    pub fn words(&self) -> Option<&str> {
        self.0.as_ref().filter(|(_, since)| since.elapsed() < SPOKEN).map(|(words, _)| words.as_str())
    }

    /// How long it will still be shown.
    pub fn remaining(&self) -> Option<Duration> {
        let (_, since) = self.0.as_ref()?;
        SPOKEN.checked_sub(since.elapsed())
    }
}
