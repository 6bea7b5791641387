//! What the audio thread asks about the musician's own style: one word, so that it never sees one half of a change.
//!
//! The crate `tests/loom` compiles this file with loom's atomics.

use super::atomic::AtomicU32;
use super::atomic::Ordering::{Acquire, Relaxed, Release};

/// Facts about a weights file. Any thread may look at them; none waits.
#[derive(Debug)]
pub struct SharedFacts(AtomicU32);

/// Facts about a weights file, as of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// Whether it could be read when its name was set.
    pub is_playable: bool,
    /// Whether it plays in seconds, whatever the tempo.
    pub is_free_time: bool,
    /// A number that changes with every change of the file.
    pub version: u32,
}

/// The lowest bits; the version is above them.
const PLAYABLE: u32 = 1;
const FREE_TIME: u32 = 2;
const VERSION: u32 = 4;

impl Default for SharedFacts {
    /// Of no file.
    fn default() -> Self {
        Self(AtomicU32::new(0))
    }
}

impl SharedFacts {
    /// The present facts.
    pub fn get(&self) -> FileFacts {
        let word = self.0.load(Acquire);
        FileFacts { is_playable: word & PLAYABLE != 0, is_free_time: word & FREE_TIME != 0, version: word / VERSION }
    }

    /// There is another file now, or another content. Called when all else about it is written.
    pub fn change(&self, is_playable: bool, is_free_time: bool) {
        let facts = u32::from(is_playable) * PLAYABLE + u32::from(is_free_time) * FREE_TIME;
        let next = |word: u32| Some((word - word % VERSION).wrapping_add(VERSION) + facts);
        // The closure always gives a word, so this always succeeds.
        let _ = self.0.fetch_update(Release, Relaxed, next);
    }

    /// The file turned out not to play.
    pub fn refuse(&self) {
        self.0.fetch_and(!PLAYABLE, Relaxed);
    }
}
