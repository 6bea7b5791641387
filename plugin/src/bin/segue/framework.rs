//! What the framework has to say about sound and MIDI, on the terminal: why a device is not to be had, or what broke.
//!
//! It says so to whoever listens to the crate `tracing`, and nobody does unless this is asked to.

use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// What talks to sound cards and servers.
const HEARD: &str = "nice_plug::wrapper::standalone";
/// Of all that it says, that our handler of Ctrl-C is there before its own, which is as we want it.
const UNHEARD: &str = "nice_plug::wrapper::standalone::wrapper";

/// What goes wrong again and again is not said again before that.
const ONCE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Default)]
struct Terminal {
    /// What was said last, and when.
    said: Mutex<Option<(String, Instant)>>,
}

impl Terminal {
    /// What is to be written of a message: nothing, where it was written a moment ago.
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

/// Has what goes wrong written on the terminal from now on.
pub fn listen() {
    // Refused only when somebody listens already.
    let _ = tracing::subscriber::set_global_default(Terminal::default());
}

impl Subscriber for Terminal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let from = metadata.module_path().unwrap_or_default();
        *metadata.level() <= Level::WARN && from.starts_with(HEARD) && from != UNHEARD
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        if let Some(line) = self.line(message.0, Instant::now()) {
            eprintln!("{line}");
        }
    }

    // Nothing is told about what is going on.

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The words of one event.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // A string takes everything.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A problem that repeats is reported once in a while only, and the message says what to do.
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
