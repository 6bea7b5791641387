//! The styles that are built in, and the chords that are played to.
//!
//! All instances in a process share one copy of the same weights, which goes when the last of them does. Nothing is
//! read before a worker asks, so that scanning the plugin costs nothing.

use crate::realtime::host::StyleNumber;
use nice_plug::params::persist::PersistentField;
use segue_model::chart::Chart;
use segue_model::mind::Mind;
use segue_model::vocabulary::TimeBase;
use segue_model::weights;
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
#[cfg(feature = "blues")]
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

/// The style that plays where the one that is asked for is not there; `None` in a build without any.
pub fn usual() -> Option<&'static Style> {
    style(DEFAULT).or(STYLES.first())
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
    playable: AtomicBool,
    free_time: AtomicBool,
    version: AtomicU32,
}

impl OwnStyle {
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

    /// Whether there was a file of weights when its name came. Never waits, so the audio thread may ask.
    pub fn is_playable(&self) -> bool {
        self.0.playable.load(Ordering::Relaxed)
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
    /// A file that is gone is still named by the song, so that saving it elsewhere loses nothing.
    fn set(&self, path: String) {
        let card = weights::card_of(Path::new(&path)).ok();
        self.0.playable.store(card.is_some(), Ordering::Relaxed);
        let is_free = card.is_some_and(|card| card.vocabulary.time_base == TimeBase::Free);
        self.0.free_time.store(is_free, Ordering::Relaxed);
        *self.0.path.write().unwrap_or_else(PoisonError::into_inner) = path;
        self.0.version.fetch_add(1, Ordering::Release);
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

    #[test]
    fn a_song_keeps_the_name_of_a_style_whose_file_is_gone_and_forgets_the_one_before() {
        let own = OwnStyle::default();
        assert!(!own.is_playable());
        own.set(concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/piano.segue").to_owned());
        assert!(own.is_playable() && own.is_free_time() && own.mind().is_some());
        own.set("/no/such.segue".to_owned());
        assert!(!own.is_playable() && !own.is_free_time() && own.mind().is_none());
        assert_eq!(own.map(String::clone), "/no/such.segue");
    }
}
