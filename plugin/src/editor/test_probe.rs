//! Writes the place of each control to a file for the tests that click it: only in the bundle under test, and only on
//! request.

use egui::Rect;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The environment variable in which a test names that file.
const VARIABLE: &str = "SEGUE_TEST_PROBE";

/// How often the frame count is written while nothing else changes.
const COUNT: Duration = Duration::from_millis(250);

/// The places of the controls in this frame, and what was written last.
#[derive(Default)]
pub struct TestProbe {
    /// `None` if no test asks.
    file: Option<PathBuf>,
    now: String,
    published: String,
    frames: u64,
    counted: Option<Instant>,
    /// The places in the last frame, for the tests of this crate.
    #[cfg(test)]
    pub places: std::collections::BTreeMap<String, Rect>,
    /// The names that two controls of the last frame had. The pointer reaches only one of them.
    #[cfg(test)]
    pub twice: std::collections::BTreeSet<String>,
}

impl TestProbe {
    /// Begins a frame.
    pub fn begin(&mut self) {
        self.file.get_or_insert_with(|| {
            let asked = cfg!(feature = "assert_process_allocs").then(|| std::env::var_os(VARIABLE)).flatten();
            asked.map(PathBuf::from).unwrap_or_default()
        });
        self.now.clear();
        #[cfg(test)]
        {
            self.places.clear();
            self.twice.clear();
        }
        self.frames += 1;
    }

    /// Notes the place of a control.
    pub fn note(&mut self, name: &str, rect: Rect) {
        #[cfg(test)]
        if self.places.insert(name.to_owned(), rect).is_some() {
            self.twice.insert(name.to_owned());
        }
        if self.file.as_ref().is_some_and(|file| !file.as_os_str().is_empty()) {
            let Rect { min, max } = rect;
            // Writing to a string cannot fail.
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
            // Writes another file first, so that a reader never sees half of it.
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
