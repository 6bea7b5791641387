//! The hands: they play on time and never wait.
//!
//! Rules, each held by a test; that nothing can panic is held by the lints at the head of the crate too:
//! - Nothing in here allocates, frees, locks, waits, does I/O, logs or can panic. Offline rendering alone may wait for
//!   the mind, through the one method of the link that says so, and not for ever.
//! - Every list has a bound and an answer to what happens when it is full. No note-off is ever what is dropped.
//! - Every note-on that leaves is followed by exactly one note-off (`active_notes.rs`).
//! - Offsets lie inside the block and never go back.
//! - What is played follows from positions alone, never from where the host cuts its blocks.
//!
//! A block is walked from one moment to the next: what the host says, what ends, whose turn it becomes, when the mind
//! is asked, what begins, in this order where several fall on one frame. So a request as of a position has heard everything
//! up to that position and nothing after it, and the player's note comes before Segue's.

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
mod block;
pub mod host;
mod input;
pub mod link;
mod output;
mod performer;
mod plan;
pub mod recorder;
pub mod snapshot;
pub mod stats;
pub mod synth;
#[cfg(test)]
mod tests;
pub mod time;
mod turns;
pub mod worker;

pub use performer::Performer;
