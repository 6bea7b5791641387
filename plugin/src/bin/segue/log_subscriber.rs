//! Prints nice-plug's messages about sound and MIDI: why a device cannot be opened, or what failed.
//!
//! WORKAROUND(nice-plug 0.4.2): its standalone wrapper reports problems through the crate `tracing` only, and they are
//! lost unless the program listens. Not reported, see
//! <https://docs.rs/crate/nice-plug/0.4.2/source/src/wrapper/standalone.rs#L142>. No test: this is a choice of its
//! authors. Delete when it returns its errors or prints them.

use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The module that handles sound cards and servers.
const HEARD: &str = "nice_plug::wrapper::standalone";
/// The only message of this module warns that our Ctrl-C handler was installed before its own, which is intended.
const UNHEARD: &str = "nice_plug::wrapper::standalone::wrapper";

/// A repeated problem is printed again only after this time.
const ONCE: Duration = Duration::from_secs(10);

/// Prints problems on the terminal.
#[derive(Default)]
struct Terminal {
    /// The last message, and when it was printed.
    said: Mutex<Option<(String, Instant)>>,
}

impl Terminal {
    /// The line to print for a message; `None` if the same one was printed recently.
    fn line(&self, message: String, now: Instant) -> Option<String> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |(before, at): &(String, Instant)| *before == message && now.duration_since(*at) < ONCE;
        if said.as_ref().is_some_and(is_known) {
            return None;
        }
        let way_out = if message.contains("underrun") { " A larger --period-size helps." } else { "" };
        let line = format!("segue: {message}{way_out}");
        *said = Some((message, now));
        Some(line)
    }
}

/// Prints problems on the terminal from now on.
pub fn listen() {
    // Fails only if another subscriber is already set.
    let _ = tracing::subscriber::set_global_default(Terminal::default());
}

impl Subscriber for Terminal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let from = metadata.module_path().unwrap_or_default();
        *metadata.level() <= Level::WARN && from.starts_with(HEARD) && from != UNHEARD
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = LogMessage::default();
        event.record(&mut message);
        if let Some(line) = self.line(message.0, Instant::now()) {
            eprintln!("{line}");
        }
    }

    // Spans are ignored.

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The text of one event.
#[derive(Default)]
struct LogMessage(String);

impl Visit for LogMessage {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repeated problem is reported only from time to time, and the message says what to do.
    #[test]
    fn a_repeated_problem_is_reported_rarely_and_with_a_remedy() {
        let (terminal, begun) = (Terminal::default(), Instant::now());
        let line = |message: &str, seconds| terminal.line(message.to_owned(), begun + Duration::from_secs(seconds));
        let underrun = "A buffer underrun occurred.";
        let said = Some(format!("segue: {underrun} A larger --period-size helps."));
        assert_eq!([line(underrun, 0), line(underrun, 9), line(underrun, 10)], [said.clone(), None, said.clone()]);
        assert_eq!(line("Gone.", 11).as_deref(), Some("segue: Gone."));
        assert_eq!(line(underrun, 12), said);
    }
}
