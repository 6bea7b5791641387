//! Words of 64 bits that one thread writes and others read without a lock: a ring of entries, and a page.
//!
//! The writer only stores numbers; no reader can hold it up. A reader that is overtaken notices, and drops what was
//! overwritten while it read. The crate `tests/loom` compiles this file with loom's atomics and tries every order in
//! which the threads can see each other's stores.
//!
//! Knows nothing of what the words mean.

use super::atomic::Ordering::{Acquire, Relaxed, Release};
use super::atomic::{AtomicU64, fence};

/// The last entries that were written, of `WIDTH` words each.
#[derive(Debug)]
pub struct WordRing<const WIDTH: usize> {
    slots: Box<[[AtomicU64; WIDTH]]>,
    /// Entries that are written or being written.
    claimed: AtomicU64,
    /// Entries that are written.
    written: AtomicU64,
}

impl<const WIDTH: usize> WordRing<WIDTH> {
    /// Room for so many entries; allocates them at once.
    pub fn new(entries: usize) -> Self {
        let slots = (0..entries).map(|_| std::array::from_fn(|_| AtomicU64::new(0))).collect();
        Self { slots, claimed: AtomicU64::new(0), written: AtomicU64::new(0) }
    }

    /// Every entry that was written since `seen`, and from where to go on. Entries that were overwritten in the
    /// meantime are left out.
    pub fn since(&self, seen: u64) -> (Vec<[u64; WIDTH]>, u64) {
        let written = self.written.load(Acquire);
        let first = seen.clamp(self.oldest(written), written);
        let mut read: Vec<(u64, [u64; WIDTH])> = Vec::with_capacity(usize::try_from(written - first).unwrap_or(0));
        for number in first..written {
            let Some(slot) = self.slot(number) else { continue };
            read.push((number, slot.each_ref().map(|word| word.load(Relaxed))));
        }
        // A reader that saw a word of a newer entry sees the claim for it too.
        fence(Acquire);
        let oldest = self.oldest(self.claimed.load(Relaxed));
        (read.into_iter().filter(|(number, _)| *number >= oldest).map(|(_, words)| words).collect(), written)
    }

    /// The first entry that is still there when so many are written.
    fn oldest(&self, entries: u64) -> u64 {
        entries.saturating_sub(self.slots.len() as u64)
    }

    fn slot(&self, number: u64) -> Option<&[AtomicU64; WIDTH]> {
        self.slots.get(usize::try_from(number.checked_rem(self.slots.len() as u64)?).ok()?)
    }

    /// Writes an entry; for one writer only.
    pub fn write(&self, words: [u64; WIDTH]) {
        let number = self.written.load(Relaxed);
        self.claimed.store(number + 1, Relaxed);
        fence(Release);
        if let Some(slot) = self.slot(number) {
            for (word, value) in slot.iter().zip(words) {
                word.store(value, Relaxed);
            }
        }
        self.written.store(number + 1, Release);
    }
}

/// A page of `LENGTH` words, which is written again and again.
#[derive(Debug)]
pub struct WordPage<const LENGTH: usize> {
    /// Odd while the page is being written.
    version: AtomicU64,
    words: [AtomicU64; LENGTH],
}

impl<const LENGTH: usize> Default for WordPage<LENGTH> {
    fn default() -> Self {
        Self { version: AtomicU64::new(0), words: std::array::from_fn(|_| AtomicU64::new(0)) }
    }
}

/// What a reader finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look<const LENGTH: usize> {
    /// Nothing was ever written.
    Empty,
    /// It was written meanwhile; another look may help.
    Overtaken,
    /// One writing, whole.
    Whole([u64; LENGTH]),
}

impl<const LENGTH: usize> WordPage<LENGTH> {
    /// One look.
    pub fn look(&self) -> Look<LENGTH> {
        let version = self.version.load(Acquire);
        if version == 0 {
            return Look::Empty;
        }
        let words = self.words.each_ref().map(|word| word.load(Relaxed));
        fence(Acquire);
        let is_whole = version.is_multiple_of(2) && self.version.load(Relaxed) == version;
        if is_whole { Look::Whole(words) } else { Look::Overtaken }
    }

    /// Writes the page; for one writer only. Words that are not given stay.
    pub fn write(&self, words: impl IntoIterator<Item = u64>) {
        let version = self.version.load(Relaxed);
        self.version.store(version + 1, Relaxed);
        fence(Release);
        for (word, value) in self.words.iter().zip(words) {
            word.store(value, Relaxed);
        }
        self.version.store(version + 2, Release);
    }
}
