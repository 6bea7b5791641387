//! The chord chart of an instance: the text that a song saves, its chart, and the charts of earlier versions.

use nice_plug::params::persist::PersistentField;
use segue_engine::host::StyleNumber;
use segue_model::chart::Chart;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The chord chart of an instance. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ChartText(Arc<Written>);

#[derive(Debug, Default)]
struct Written {
    text: RwLock<String>,
    charts: Mutex<Charts>,
    version: AtomicU32,
}

/// The latest charts, each with its version. The last one is in force.
type Charts = VecDeque<(u32, Option<Arc<Chart>>)>;

/// The number of charts that are kept. While the musician types, each letter that makes a valid chart adds one.
const REMEMBERED: usize = 256;

impl ChartText {
    /// The chart; `None` if the text is empty or cannot be read.
    pub fn chart(&self) -> Option<Arc<Chart>> {
        self.charts().back()?.1.clone()
    }

    /// The chart of a version, in a style; `None` also if that version is too old.
    pub fn chart_of(&self, version: u32, style: StyleNumber) -> Option<Arc<Chart>> {
        let usual = || super::style(style)?.chart();
        let charts = self.charts();
        match charts.iter().rev().find(|(from, _)| *from <= version) {
            Some((_, chart)) => chart.clone().or_else(usual),
            // There was no chart before the first one.
            None if charts.len() < REMEMBERED => usual(),
            None => None,
        }
    }

    fn charts(&self) -> MutexGuard<'_, Charts> {
        self.0.charts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that changes with every change. Never waits, so the audio thread may ask.
    pub fn version(&self) -> u32 {
        self.0.version.load(Ordering::Acquire)
    }
}

impl PersistentField<'_, String> for ChartText {
    /// A chart that cannot be read, perhaps from a later Segue, stays in the song as text and is not played.
    fn set(&self, text: String) {
        let chart = Chart::parse(&text).ok().flatten().map(Arc::new);
        // If another thread sets a chart at the same time, it waits here, so that each chart gets its own version.
        let mut written = self.0.text.write().unwrap_or_else(PoisonError::into_inner);
        let mut charts = self.charts();
        if charts.back().is_none_or(|(_, before)| *before != chart) {
            if charts.len() >= REMEMBERED {
                charts.pop_front();
            }
            charts.push_back((self.version().wrapping_add(1), chart));
        }
        *written = text;
        self.0.version.fetch_add(1, Ordering::Release);
    }

    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        look(&self.0.text.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A song brings its own chart, and keeps one that cannot be read.
    #[test]
    fn a_song_keeps_a_chart_that_cannot_be_read() {
        let text = ChartText::default();
        let open = |song: &str| {
            let before = text.version();
            text.set(song.to_owned());
            assert_ne!(text.version(), before);
            assert_eq!(text.map(String::clone), song);
            text.chart().is_some()
        };
        assert!(open("C7 | F7"));
        assert!(!open("C7 | Q7"), "neither the faulty chart nor the previous song's");
        assert!(open("C7"));
        assert!(!open(""));
    }

    /// Charts of earlier versions are kept for drawing what was played to them, but only up to a limit.
    #[test]
    fn charts_of_earlier_versions_are_kept_up_to_a_bound() {
        /// A style that has its own chart, and one that has none.
        const BLUES: StyleNumber = StyleNumber(1);
        const IRISH: StyleNumber = StyleNumber(3);
        let text = ChartText::default();
        let chart = |symbols: &str| Chart::parse(symbols).unwrap().map(Arc::new);
        let versions = ["", "C7 | F7", "C7 |  F7 |", "Dm7", "C7 | Q7"].map(|symbols| {
            text.set(symbols.to_owned());
            text.version()
        });
        let found = versions.map(|version| text.chart_of(version, IRISH));
        assert_eq!(found, [None, chart("C7 | F7"), chart("C7 | F7"), chart("Dm7"), None]);
        let usual = crate::styles::style(BLUES).and_then(crate::styles::Style::chart);
        assert!(usual.is_some());
        assert_eq!(
            [versions[0], versions[4], 0].map(|version| text.chart_of(version, BLUES)),
            [(); 3].map(|()| usual.clone())
        );
        for bar in 0..REMEMBERED {
            text.set(if bar % 2 == 0 { "Am" } else { "Em" }.to_owned());
        }
        assert_eq!(text.0.charts.lock().unwrap().len(), REMEMBERED);
        assert_eq!([versions[1], 0].map(|version| text.chart_of(version, BLUES)), [None, None], "too long ago");
        assert_eq!(text.chart_of(text.version(), BLUES), chart("Em"));
    }
}
