//! Writes where each control is, for the tests that click it: only in the bundle under test, and only on request.

use egui::Rect;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The variable in which a test names the file that it wants to read.
const VARIABLE: &str = "SEGUE_TEST_PROBE";

/// How often the number of frames is written while nothing else changes.
const COUNT: Duration = Duration::from_millis(250);

/// The places of the controls in this frame, and what was written last.
#[derive(Default)]
pub struct TestProbe {
    /// Empty when no test asks.
    file: Option<PathBuf>,
    now: String,
    published: String,
    frames: u64,
    counted: Option<Instant>,
}

impl TestProbe {
    /// Begins a frame.
    pub fn begin(&mut self) {
        self.file.get_or_insert_with(|| {
            let asked = cfg!(feature = "assert_process_allocs").then(|| std::env::var_os(VARIABLE)).flatten();
            asked.map(PathBuf::from).unwrap_or_default()
        });
        self.now.clear();
        self.frames += 1;
    }

    /// Notes the place of a control.
    pub fn note(&mut self, name: &str, rect: Rect) {
        if self.file.as_ref().is_some_and(|file| !file.as_os_str().is_empty()) {
            let Rect { min, max } = rect;
            // Writing into a string does not fail.
            let _ = writeln!(self.now, "{name}\t{}\t{}\t{}\t{}", min.x, min.y, max.x, max.y);
        }
    }

    /// Ends a frame.
    pub fn publish(&mut self) {
        let Some(path) = self.file.as_ref().filter(|file| !file.as_os_str().is_empty()) else { return };
        let counts = self.counted.is_none_or(|counted| counted.elapsed() >= COUNT);
        if self.now != self.published || counts {
            self.counted = Some(Instant::now());
            let _ = writeln!(self.now, "frames\t{}\t0\t0\t0", self.frames);
            // A reader never sees half of it.
            let fresh = path.with_extension("new");
            let written = std::fs::write(&fresh, &self.now).and_then(|()| std::fs::rename(&fresh, path));
            if written.is_ok() {
                let places = self.now.rfind("frames\t").unwrap_or(self.now.len());
                self.now.truncate(places);
                self.published.clone_from(&self.now);
            }
        }
    }
}
