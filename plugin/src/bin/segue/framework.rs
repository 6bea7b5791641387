//! What the framework has to say about sound and MIDI, on the terminal: why a device is not to be had, or what broke.
//!
//! It says so to whoever listens to the crate `tracing`, and nobody does unless this is asked to.

use std::fmt::{self, Write};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// What talks to sound cards and servers.
const HEARD: &str = "nice_plug::wrapper::standalone";
/// Of all that it says, that our handler of Ctrl-C is there before its own, which is as we want it.
const UNHEARD: &str = "nice_plug::wrapper::standalone::wrapper";

/// See the module.
struct Terminal;

/// Has what goes wrong written on the terminal from now on.
pub fn listen() {
    // Refused only when somebody listens already.
    let _ = tracing::subscriber::set_global_default(Terminal);
}

impl Subscriber for Terminal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let from = metadata.module_path().unwrap_or_default();
        *metadata.level() <= Level::WARN && from.starts_with(HEARD) && from != UNHEARD
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        eprintln!("segue: {}", message.0);
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
