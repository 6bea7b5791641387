//! A message that the status line shows for a while.

use std::time::{Duration, Instant};

/// How long a message is shown.
const SPOKEN: Duration = Duration::from_secs(8);
/// How long it is shown when something went wrong, because it says what to do.
const WARNED: Duration = Duration::from_secs(20);

/// The message that is shown now, if any.
#[derive(Default)]
pub struct Notice(Option<ShownNotice>);

struct ShownNotice {
    words: String,
    since: Instant,
    is_warning: bool,
}

impl Notice {
    /// Shows a message from now on.
    pub fn say(&mut self, words: String) {
        self.0 = Some(ShownNotice { words, since: Instant::now(), is_warning: false });
    }

    /// The same for something that went wrong.
    pub fn warn(&mut self, words: String) {
        self.0 = Some(ShownNotice { words, since: Instant::now(), is_warning: true });
    }

    /// The message that is shown now.
    pub fn words(&self) -> Option<&str> {
        self.remaining()?;
        self.0.as_ref().map(|message| message.words.as_str())
    }

    /// Whether the message says that something went wrong.
    pub fn is_warning(&self) -> bool {
        self.0.as_ref().is_some_and(|message| message.is_warning)
    }

    /// How long it will still be shown.
    pub fn remaining(&self) -> Option<Duration> {
        let message = self.0.as_ref()?;
        let shown = if message.is_warning { WARNED } else { SPOKEN };
        shown.checked_sub(message.since.elapsed())
    }
}
