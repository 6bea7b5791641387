//! How many commands the worker has done. When it is as many as were sent, all replies are in their queue.
//!
//! The crate `tests/loom` compiles this file with loom's atomics.

use super::atomic::AtomicU32;
use super::atomic::Ordering::{Acquire, Release};

/// The count, which wraps around.
#[derive(Debug)]
pub struct DoneCount(AtomicU32);

impl DoneCount {
    /// Nothing is done.
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// One more command is done; its replies were sent before. For the worker.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Release);
    }

    /// The count. Who sees it sees the replies to so many commands. For the audio thread.
    pub fn get(&self) -> u32 {
        self.0.load(Acquire)
    }
}
