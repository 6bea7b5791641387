//! Counters of the audio thread and the worker, for the window and for tests.
//!
//! Only relaxed atomics: no number depends on another one.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A counter that only grows, and wraps around.
#[derive(Debug, Default)]
pub struct Counter(AtomicU32);

impl Counter {
    /// Adds one.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// Adds `count`.
    pub fn add(&self, count: u32) {
        self.0.fetch_add(count, Relaxed);
    }

    /// The present count.
    pub fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

/// The loudest sample of each part of the built-in sound since a reader last looked: of the player, Segue and the
/// comping.
#[derive(Debug, Default)]
pub struct Peaks([AtomicU32; Peaks::PARTS]);

impl Peaks {
    /// The number of parts.
    pub const PARTS: usize = 3;

    /// Takes the peaks of a block, which are not negative. Called by the audio thread.
    pub fn raise(&self, peaks: [f32; Self::PARTS]) {
        for (part, peak) in self.0.iter().zip(peaks) {
            if peak > 0.0 {
                // Numbers that are not negative have the order of their bits.
                part.fetch_max(peak.to_bits(), Relaxed);
            }
        }
    }

    /// The peaks since the last call.
    pub fn take(&self) -> [f32; Self::PARTS] {
        self.0.each_ref().map(|part| f32::from_bits(part.swap(0, Relaxed)))
    }
}

/// The health of one instance.
#[derive(Debug, Default)]
pub struct Stats {
    /// Decided notes that arrived after their onset.
    pub late: Counter,
    /// Decided notes that were not played: they arrived more than the look-ahead late, or a list was full.
    pub dropped: Counter,
    /// Note-ons that the host refused because its event list was full.
    pub refused: Counter,
    /// Heard notes that the worker never received because the command queue was full.
    pub unheard: Counter,
    /// Times that an offline rendering waited until the time-out.
    pub time_outs: Counter,
    /// Blocks that waited for the worker because a host rendered much faster than real time without saying so.
    pub waits: Counter,
    /// Times that the model panicked and was replaced.
    pub panics: Counter,
    /// How long the last request took, in nanoseconds.
    pub elapsed_ns: AtomicU64,
    /// How loud the built-in sound is.
    pub peaks: Peaks,
    worker_status: AtomicU8,
}

/// What the worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum WorkerStatus {
    /// The model is not loaded yet.
    Loading = 0,
    /// The model is loaded.
    Ready = 1,
    /// The weights could not be loaded.
    NoWeights = 2,
    /// The system refused the thread.
    NoThread = 3,
}

impl Stats {
    /// In a bundle under test, writes the counters to the file that `SEGUE_STATS` names, because a headless host cannot
    /// read them otherwise. Not for the audio thread.
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
        // A test that finds no file fails by itself.
        let _ = std::fs::write(path, lines);
    }

    /// The worker's status.
    pub fn worker_status(&self) -> WorkerStatus {
        match self.worker_status.load(Relaxed) {
            1 => WorkerStatus::Ready,
            2 => WorkerStatus::NoWeights,
            3 => WorkerStatus::NoThread,
            _ => WorkerStatus::Loading,
        }
    }

    /// Sets the worker's status. Called by the worker, or where it could not be started.
    pub fn set_worker_status(&self, state: WorkerStatus) {
        self.worker_status.store(state as u8, Relaxed);
    }
}
