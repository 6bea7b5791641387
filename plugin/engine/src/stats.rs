//! What the hands and the worker count, for those who look at it: the editor, tests.
//!
//! Only relaxed atomics: each number stands for itself.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU32);

impl Count {
    /// One more.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// So many more.
    pub fn add(&self, count: u32) {
        self.0.fetch_add(count, Relaxed);
    }

    /// So far.
    pub fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

/// The health of one instance.
#[derive(Debug, Default)]
pub struct Stats {
    /// Planned notes that came after their moment.
    pub late: Count,
    /// Planned notes that were not played: they came more than the look-ahead late, or there was no room.
    pub dropped: Count,
    /// Note-ons that the host would not take.
    pub refused: Count,
    /// Heard notes that the mind never got because it was too far behind.
    pub unheard: Count,
    /// Times that an offline rendering waited in vain.
    pub time_outs: Count,
    /// Blocks that waited for the worker because a host asked for them much faster than time without a word about it.
    pub waits: Count,
    /// Times that the mind panicked and was made anew.
    pub panics: Count,
    /// How long the last request took.
    pub elapsed_ns: AtomicU64,
    mind: AtomicU8,
}

/// How the mind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum WorkerStatus {
    /// Not there yet.
    Loading = 0,
    /// Listening.
    Ready = 1,
    /// Its weights were refused.
    NoWeights = 2,
    /// The system gave it no thread.
    NoThread = 3,
}

impl Stats {
    /// In a bundle under test, writes the counts to the file that `SEGUE_STATS` names: a headless host sees them no
    /// other way. Not for the audio thread.
    #[cfg(feature = "write_stats")]
    pub fn write_to_file(&self) {
        let Some(path) = std::env::var_os("SEGUE_STATS") else { return };
        let Self { late, dropped, refused, unheard, time_outs, waits, panics, .. } = self;
        let counts = [
            ("late", late),
            ("dropped", dropped),
            ("refused", refused),
            ("unheard", unheard),
            ("time_outs", time_outs),
            ("waits", waits),
            ("panics", panics),
        ];
        let lines: String = counts.map(|(name, count)| format!("{name} {}\n", count.get())).concat();
        // A test that finds no file says so itself.
        let _ = std::fs::write(path, lines);
    }

    /// How the mind is.
    pub fn worker_status(&self) -> WorkerStatus {
        match self.mind.load(Relaxed) {
            1 => WorkerStatus::Ready,
            2 => WorkerStatus::NoWeights,
            3 => WorkerStatus::NoThread,
            _ => WorkerStatus::Loading,
        }
    }

    /// Says how the mind is.
    pub fn set_worker_status(&self, state: WorkerStatus) {
        self.mind.store(state as u8, Relaxed);
    }
}
