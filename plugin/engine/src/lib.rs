//! The engine of Segue: a block of host events in, notes and sound out; and the worker thread that runs the model.
//!
//! Knows no plugin framework, no window and no preset. The audio thread runs everything but [`worker`]; the two threads
//! meet in [`link`]. A program drives an [`Engine`]; within it the [`Performer`] decides what is played.
//! `ARCHITECTURE.md` has the map of the rooms.
//!
//! ```
//! use segue_engine::host::{Block, FrameOffset, HostEvent, HostEvents, HostIo, Key};
//! use segue_engine::host::{Message, Sent, Settings, SynthEvent, Transport};
//! use segue_engine::link::{Command, Received, link};
//! use segue_engine::{Performer, stats::Stats};
//! use segue_model::note::Pitch;
//!
//! /// A host in whose first block a key goes down.
//! struct OneKey(Option<HostEvent>);
//! impl HostEvents for OneKey {
//!     fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> { Some((FrameOffset(0), self.0.take()?)) }
//!     fn send(&mut self, _: FrameOffset, _: Message) -> Sent { Sent::Accepted }
//! }
//! impl HostIo for OneKey { fn play(&mut self, _: FrameOffset, _: SynthEvent) {} }
//!
//! let (mut port, worker) = link();
//! let mut performer = Performer::new(48_000.0, std::sync::Arc::new(Stats::default()));
//! let (transport, settings) = (Transport::default(), Settings::default());
//! let block = Block { frames: 64, into: 0, transport, settings, offline: false };
//! let key = Key { voice: None, channel: 0, pitch: Pitch::new(60).unwrap() };
//! performer.perform(&block, &mut OneKey(Some(HostEvent::NoteOn { key, velocity: 0.7 })), &mut port);
//! let mut commands = std::iter::from_fn(|| match worker.receive() {
//!     Received::Command(command) => Some(command),
//!     _ => None,
//! });
//! assert!(commands.any(|command| matches!(command, Command::Heard(heard) if heard.pitch == key.pitch)));
//! ```
//!
//! Rules of the audio thread, each held by a test:
//! - Nothing allocates, frees, locks, waits, does I/O, logs or can panic; the lints below deny panics. Only an offline
//!   rendering may wait for the worker, through the methods of the link that say so, and with a time-out.
//! - Every list has a bound and an answer to what happens when it is full. No note-off is ever dropped.
//! - Every note-on that leaves is followed by exactly one note-off (`output/active_notes.rs`).
//! - Offsets lie inside the block and never go back.
//! - What is played follows from positions alone, never from where the host cuts its blocks.
//!
//! A block is walked from step to step; the declaration order of `performer::Step` says what comes first on one frame.
//! A request as of a frame has heard everything up to that frame and nothing after it.

#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests may")
)]

mod accompaniment;
pub mod answers;
mod block;
mod engine;
pub mod host;
mod input;
pub mod link;
mod output;
mod performer;
mod plan;
pub mod recorder;
mod shared_words;
pub mod snapshot;
pub mod stats;
pub mod synth;
#[cfg(test)]
mod tests;
pub mod time;
mod turns;
pub mod worker;

mod atomic {
    pub use std::sync::atomic::{AtomicU64, Ordering, fence};
}

pub use engine::Engine;
pub use performer::Performer;
