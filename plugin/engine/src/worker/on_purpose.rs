//! What a test asks a bundle under test to do wrong or slowly, by environment variables.

use crate::link::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// Panics at the decision whose number `SEGUE_PANIC_AT` names, counted from 1 over all instances.
pub fn panic() {
    static WANTED: OnceLock<Option<u32>> = OnceLock::new();
    static DECISIONS: AtomicU32 = AtomicU32::new(0);
    let wanted = *WANTED.get_or_init(|| std::env::var("SEGUE_PANIC_AT").ok()?.parse().ok());
    assert!(wanted != Some(DECISIONS.fetch_add(1, Ordering::Relaxed) + 1), "a test has asked for this panic");
}

/// Whether a worker is as slow as on a busy machine. With `SEGUE_SLOW_WORKERS=1` every second one of the process is, so
/// that a test can compare the two.
pub struct Slowness(bool);

impl Slowness {
    /// Of a worker that starts now.
    pub fn of_next_worker() -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let is_second = STARTED.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        Self(is_second && std::env::var_os("SEGUE_SLOW_WORKERS").is_some_and(|value| value == "1"))
    }

    /// Waits as long as the command takes longer.
    pub fn wait_before(&self, command: &Command) {
        const LOADING: Duration = Duration::from_millis(100);
        const THINKING: Duration = Duration::from_micros(200);
        if self.0 {
            sleep(if matches!(command, Command::Style(_) | Command::ReloadFiles) { LOADING } else { THINKING });
        }
    }
}
