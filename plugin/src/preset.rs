//! The styles that are built in, and the chords that are played to.
//!
//! All instances in a process share one copy of the same weights, which goes when the last of them does. Nothing is
//! read before a worker asks, so that scanning the plugin costs nothing.

use crate::realtime::host::StyleNumber;
use nice_plug::params::persist::PersistentField;
use segue_model::chart::{Chart, ChartError};
use segue_model::mind::Mind;
use segue_model::vocabulary::TimeBase;
use segue_model::weights::{self, WeightsError};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

/// A style that is built in; `presets/CREDITS.md` says where each comes from.
#[derive(Debug)]
pub struct Style {
    /// By which parameters and saved songs know it; never given to another.
    pub number: StyleNumber,
    /// As the musician sees it.
    pub name: &'static str,
    /// It plays in seconds, whatever the tempo.
    pub free_time: bool,
    /// The chords that it plays to when the musician gives none, as a chart; may be empty.
    usual_chart: &'static str,
    weights: &'static [u8],
}

/// A blues of twelve bars, as jazz plays it.
const TWELVE_BARS: &str = "F7 | Bb7 | F7 | Cm7 F7 | Bb7 | Bdim | F7 | Am7b5 D7 | Gm7 | C7 | F7 D7 | Gm7 C7";

/// All of them. A build leaves out those whose cargo feature is off.
pub static STYLES: &[Style] = &[
    #[cfg(feature = "jazz")]
    metric(0, "Jazz", "", include_bytes!("../../presets/jazz.segue")),
    #[cfg(feature = "blues")]
    metric(1, "Blues", TWELVE_BARS, include_bytes!("../../presets/blues.segue")),
    #[cfg(feature = "folk")]
    metric(2, "Folk", "", include_bytes!("../../presets/folk.segue")),
    #[cfg(feature = "irish")]
    metric(3, "Irish", "", include_bytes!("../../presets/irish.segue")),
    #[cfg(feature = "piano")]
    Style { free_time: true, ..metric(4, "Piano", "", include_bytes!("../../presets/piano.segue")) },
];

/// The style of a new instance.
pub const DEFAULT: StyleNumber = StyleNumber(3);
/// The musician's own style: weights from a file.
pub const OWN: StyleNumber = StyleNumber(63);

const fn metric(number: u8, name: &'static str, usual_chart: &'static str, weights: &'static [u8]) -> Style {
    Style { number: StyleNumber(number), name, free_time: false, usual_chart, weights }
}

/// The style of a number; `None` when this build has none of it.
pub fn style(number: StyleNumber) -> Option<&'static Style> {
    STYLES.iter().find(|style| style.number == number)
}

impl Style {
    /// The chords that it plays to when the musician gives none.
    pub fn chart(&self) -> Option<Arc<Chart>> {
        Chart::parse(self.usual_chart).ok().flatten().map(Arc::new)
    }
}

/// The copies that are shared now, if any, each with its style.
static SHARED: Mutex<Vec<(StyleNumber, Weak<Mind>)>> = Mutex::new(Vec::new());

/// The mind of a style; `None` when this build has none of it, or its weights are refused. Takes as long as unpacking
/// the weights takes: not for the audio thread.
pub fn mind(number: StyleNumber) -> Option<Arc<Mind>> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.retain(|(_, mind)| mind.strong_count() > 0);
    let found = shared.iter().find(|(style, _)| *style == number).and_then(|(_, mind)| mind.upgrade());
    if found.is_some() {
        return found;
    }
    let style = style(number)?;
    let mind = Arc::new(Mind::from_bytes(style.weights, style.name).ok()?);
    shared.push((number, Arc::downgrade(&mind)));
    Some(mind)
}

/// The file of the musician's own style. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct OwnStyle(Arc<OwnFile>);

#[derive(Debug, Default)]
struct OwnFile {
    path: RwLock<String>,
    /// As it was read for a version.
    mind: Mutex<Option<(u32, Arc<Mind>)>>,
    free_time: AtomicBool,
    version: AtomicU32,
}

impl OwnStyle {
    /// Another file of weights; what plays now goes on if it is refused.
    ///
    /// # Errors
    /// With the file and what is wrong with it.
    pub fn choose(&self, path: &str) -> Result<(), WeightsError> {
        let free_time = weights::card_of(Path::new(path))?.vocabulary.time_base == TimeBase::Free;
        self.0.free_time.store(free_time, Ordering::Relaxed);
        path.clone_into(&mut self.0.path.write().unwrap_or_else(PoisonError::into_inner));
        self.0.version.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Reads the weights; `None` when no file was chosen, or it is gone. Not for the audio thread.
    pub fn mind(&self) -> Option<Arc<Mind>> {
        let version = self.version();
        let mut read = self.0.mind.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, mind)) = &*read
            && *of == version
        {
            return Some(Arc::clone(mind));
        }
        let path = self.map(String::clone);
        let mind = Arc::new(Mind::from_file(Path::new(&path)).ok()?);
        *read = Some((version, Arc::clone(&mind)));
        Some(mind)
    }

    /// Whether it plays in seconds, whatever the tempo. Never waits, so the audio thread may ask.
    pub fn is_free_time(&self) -> bool {
        self.0.free_time.load(Ordering::Relaxed)
    }

    /// Another number after every change. Never waits, so the audio thread may ask.
    pub fn version(&self) -> u32 {
        self.0.version.load(Ordering::Acquire)
    }
}

impl PersistentField<'_, String> for OwnStyle {
    fn set(&self, path: String) {
        if !path.is_empty() {
            // A file that is gone leaves what plays now.
            let _ = self.choose(&path);
        }
    }

    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        look(&self.0.path.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The chord chart of an instance: text that a song saves, and what it says. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ChartText(Arc<Written>);

#[derive(Debug, Default)]
struct Written {
    text: RwLock<String>,
    chart: Mutex<Option<Arc<Chart>>>,
    version: AtomicU32,
}

impl ChartText {
    /// Another chart. One with a mistake is not taken, and the one before it stays.
    ///
    /// # Errors
    /// With the bar and what is wrong in it.
    pub fn write(&self, text: &str) -> Result<(), ChartError> {
        let chart = Chart::parse(text)?.map(Arc::new);
        text.clone_into(&mut self.0.text.write().unwrap_or_else(PoisonError::into_inner));
        *self.0.chart.lock().unwrap_or_else(PoisonError::into_inner) = chart;
        self.0.version.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// What it says; `None` when it is empty.
    pub fn chart(&self) -> Option<Arc<Chart>> {
        self.0.chart.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another number after every change. Never waits, so the audio thread may ask.
    pub fn version(&self) -> u32 {
        self.0.version.load(Ordering::Acquire)
    }
}

impl PersistentField<'_, String> for ChartText {
    fn set(&self, text: String) {
        // A song of a later Segue may hold a chart that this one cannot read; then there is none.
        let _ = self.write(&text);
    }

    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        look(&self.0.text.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_share_one_copy_of_the_weights() {
        let (one, other) = (mind(DEFAULT).unwrap(), mind(DEFAULT).unwrap());
        assert!(Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn every_style_has_weights_its_own_number_and_a_chart_that_can_be_read() {
        for (index, style) in STYLES.iter().enumerate() {
            let mind = mind(style.number).expect(style.name);
            assert_eq!(mind.card().style, style.name.to_lowercase());
            assert_eq!(mind.vocabulary().time_base == TimeBase::Free, style.free_time, "{}", style.name);
            assert_eq!(style.chart().is_some(), !style.usual_chart.is_empty(), "{}", style.name);
            assert!(STYLES[..index].iter().all(|other| other.number != style.number));
        }
        assert!(style(DEFAULT).is_some());
    }

    #[test]
    fn a_chart_with_a_mistake_is_not_taken_and_the_one_before_it_stays() {
        let text = ChartText::default();
        text.write("C7 | F7").unwrap();
        let (chart, version) = (text.chart(), text.version());
        assert!(text.write("C7 | Q7").is_err());
        assert_eq!((text.chart(), text.version()), (chart, version));
        assert_eq!(text.map(String::clone), "C7 | F7");
        text.write("").unwrap();
        assert_eq!(text.chart(), None);
    }
}
