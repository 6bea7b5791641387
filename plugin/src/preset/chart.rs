//! The chord chart of an instance: text that a song saves, and what it says.

use nice_plug::params::persist::PersistentField;
use segue_model::chart::Chart;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The chord chart of an instance. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ChartText(Arc<Written>);

#[derive(Debug, Default)]
struct Written {
    text: RwLock<String>,
    chart: Mutex<Option<Arc<Chart>>>,
    version: AtomicU32,
}

impl ChartText {
    /// What it says; `None` when it is empty, or cannot be read.
    pub fn chart(&self) -> Option<Arc<Chart>> {
        self.0.chart.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another number after every change. Never waits, so the audio thread may ask.
    pub fn version(&self) -> u32 {
        self.0.version.load(Ordering::Acquire)
    }
}

impl PersistentField<'_, String> for ChartText {
    /// A chart that cannot be read, perhaps one of a later Segue, stays in the song as text and is not played.
    fn set(&self, text: String) {
        let chart = Chart::parse(&text).ok().flatten().map(Arc::new);
        *self.0.chart.lock().unwrap_or_else(PoisonError::into_inner) = chart;
        *self.0.text.write().unwrap_or_else(PoisonError::into_inner) = text;
        self.0.version.fetch_add(1, Ordering::Release);
    }

    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        look(&self.0.text.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_song_brings_its_own_chart_and_loses_none_that_cannot_be_read() {
        let text = ChartText::default();
        let open = |song: &str| {
            let before = text.version();
            text.set(song.to_owned());
            assert_ne!(text.version(), before);
            assert_eq!(text.map(String::clone), song);
            text.chart().is_some()
        };
        assert!(open("C7 | F7"));
        assert!(!open("C7 | Q7"), "neither the faulty chart nor the one of the song before");
        assert!(open("C7"));
        assert!(!open(""));
    }
}
