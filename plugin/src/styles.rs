//! The built-in styles, with one copy of each style's weights for all instances.
//!
//! A copy is freed with the last instance that plays it. Nothing is loaded before a worker asks for it, so that
//! scanning the plugin is cheap.

mod chart_text;
mod device;
mod file_facts;
mod fingerprint;
mod own;

mod atomic {
    pub use std::sync::atomic::{AtomicU32, Ordering};
}

pub use chart_text::ChartText;
pub use device::problem as device_problem;
pub use file_facts::FileFacts;
pub use fingerprint::{files as weights_files, folders as weights_folders};
pub use own::{News, OwnFingerprint, OwnStyle};

use fingerprint::Fingerprint;
use segue_engine::host::StyleNumber;
use segue_model::chart::Chart;
use segue_model::improviser::Improviser;
use segue_model::lstm::Model;
use segue_model::weights::{self, WeightsError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A built-in style; `presets/CREDITS.md` names its sources.
#[derive(Debug)]
pub struct Style {
    /// The number by which parameters and saved songs know it; never reused.
    pub number: StyleNumber,
    /// The name that the musician sees.
    pub name: &'static str,
    /// Whether it plays in seconds, whatever the tempo.
    pub free_time: bool,
    /// The share of the beat that its first eighth takes, unless the musician sets it.
    pub swing: f32,
    /// The density of the music that it learnt from, in notes per quarter note, counted in 150 pieces of each style. In
    /// free time a quarter is half a second.
    pub notes_a_beat: f32,
    /// What it plays, in a few words for the musician.
    pub plays: &'static str,
    /// Whether it has learnt to play over chords.
    pub plays_chords: bool,
    /// The chords that it plays to if the musician gives none, as a chart; may be empty.
    usual_chart: &'static str,
    weights: &'static [u8],
}

/// A twelve-bar blues as jazz musicians play it.
#[cfg(feature = "blues")]
const TWELVE_BARS: &str = "F7 | Bb7 | F7 | Cm7 F7 | Bb7 | Bdim | F7 | Am7b5 D7 | Gm7 | C7 | F7 D7 | Gm7 C7";

/// All styles. A build leaves out those whose cargo feature is off.
pub static STYLES: &[Style] = &[
    #[cfg(feature = "jazz")]
    Style {
        swing: SWUNG,
        plays: "swinging solos",
        plays_chords: true,
        ..metric(0, "Jazz", 1.51, "", include_bytes!("../../presets/jazz.segue"))
    },
    #[cfg(feature = "blues")]
    Style {
        swing: SWUNG,
        plays: "solos on a blues",
        plays_chords: true,
        ..metric(1, "Blues", 1.56, TWELVE_BARS, include_bytes!("../../presets/blues.segue"))
    },
    #[cfg(feature = "folk")]
    Style {
        plays: "British and American folk tunes",
        plays_chords: true,
        ..metric(2, "Folk", 1.49, "", include_bytes!("../../presets/folk.segue"))
    },
    #[cfg(feature = "irish")]
    Style {
        plays: "jigs, reels and airs",
        ..metric(3, "Irish", 1.85, "", include_bytes!("../../presets/irish.segue"))
    },
    #[cfg(feature = "piano")]
    Style {
        free_time: true,
        plays: "classical piano with both hands, in free time",
        ..metric(4, "Piano", 4.86, "", include_bytes!("../../presets/piano.segue"))
    },
];

/// Eighths of equal length.
pub const STRAIGHT: f32 = 0.5;
/// Eighths as in jazz. In the swinging solos that these styles learnt from, which are notated as straight eighths, half
/// of the second eighths begin between 0.51 and 0.65 of the beat. With this share, a second eighth that is played on
/// the triplet still counts as an eighth.
const SWUNG: f32 = 0.62;

/// The style of a new instance.
pub const DEFAULT: StyleNumber = StyleNumber(3);
/// The musician's own style: weights from a file.
pub const OWN: StyleNumber = StyleNumber(63);

const fn metric(
    number: u8,
    name: &'static str,
    notes_a_beat: f32,
    usual_chart: &'static str,
    weights: &'static [u8],
) -> Style {
    let (number, free_time, swing) = (StyleNumber(number), false, STRAIGHT);
    Style { number, name, free_time, swing, notes_a_beat, plays: "", plays_chords: false, usual_chart, weights }
}

/// The style with a number; `None` if this build does not have it.
pub fn style(number: StyleNumber) -> Option<&'static Style> {
    STYLES.iter().find(|style| style.number == number)
}

/// The style that plays if the chosen one is missing; `None` in a build without styles.
pub fn usual() -> Option<&'static Style> {
    style(DEFAULT).or(STYLES.first())
}

impl Style {
    /// The chords that it plays to if the musician gives none.
    pub fn chart(&self) -> Option<Arc<Chart>> {
        Chart::parse(self.usual_chart).ok().flatten().map(Arc::new)
    }

    /// What it plays, and whether it plays over chords.
    pub fn about(&self) -> String {
        let chords = if self.plays_chords { "over chords" } else { "without chords" };
        format!("{}, {chords}", self.plays)
    }

    /// Whether there are such chords.
    pub fn has_chart(&self) -> bool {
        !self.usual_chart.is_empty()
    }
}

/// Identifies weights. A file that was trained again under the same name gives different ones.
#[derive(Debug, Clone, PartialEq, Eq)]
enum WeightsSource {
    BuiltIn(StyleNumber),
    File { path: PathBuf, content: Fingerprint },
}

/// The copies in use, if any.
static SHARED: Mutex<Vec<(WeightsSource, Weak<Model>)>> = Mutex::new(Vec::new());

/// The copy that is in use, or a new one from `make`. Other threads that ask meanwhile wait, so that none is made
/// twice.
fn shared(
    source: WeightsSource,
    make: impl FnOnce() -> Result<Model, WeightsError>,
) -> Result<Arc<Model>, WeightsError> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.retain(|(_, model)| model.strong_count() > 0);
    let found = shared.iter().find(|(other, _)| *other == source).and_then(|(_, model)| model.upgrade());
    if let Some(found) = found {
        return Ok(found);
    }
    let model = Arc::new(make()?);
    shared.push((source, Arc::downgrade(&model)));
    Ok(model)
}

/// The model of a style; `None` if this build does not have the style, or its weights are refused. Takes as long as
/// unpacking the weights: not for the audio thread.
pub fn model(number: StyleNumber) -> Option<Arc<Model>> {
    let style = style(number)?;
    shared(WeightsSource::BuiltIn(number), || Model::at(device::chosen(), style.weights, style.name)).ok()
}

/// The model of a musician's own file, shared by all instances that play the same content under the same path.
///
/// # Errors
/// If the file cannot be read or is refused.
fn model_of_file(path: &Path) -> Result<Arc<Model>, WeightsError> {
    let name = path.display().to_string();
    let bytes = weights::bytes_of(path)?;
    let content = Fingerprint::of(&bytes);
    // The same file may be reached by several names.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    shared(WeightsSource::File { path, content }, || Model::at(device::chosen(), &bytes, &name))
}

/// What makes the improviser of a style on the worker's thread, with the chart and the own style of an instance: with
/// the context of the improviser that played before, if there was one. A style without a model leaves that one playing.
pub fn improviser_maker(
    chart: &ChartText,
    own: &OwnStyle,
) -> impl Fn(StyleNumber, Option<Improviser>) -> Option<Improviser> + Send + 'static {
    let (chart, own) = (chart.clone(), own.clone());
    move |number, before| {
        let Some(model) = (if number == OWN { own.model() } else { model(number) }) else { return before };
        let mut improviser = match before {
            Some(mut improviser) if !Arc::ptr_eq(improviser.model(), &model) => {
                improviser.change_model(model);
                improviser
            }
            Some(improviser) => improviser,
            None => Improviser::new(model),
        };
        improviser.set_chart(chart.chart().or_else(|| style(number)?.chart()));
        Some(improviser)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::vocabulary::TimeBase;

    #[test]
    fn instances_share_one_copy_of_the_weights() {
        let (one, other) = (model(DEFAULT).unwrap(), model(DEFAULT).unwrap());
        assert!(Arc::ptr_eq(&one, &other));
    }

    /// Every style has weights, its own number, and a chart that can be read.
    #[test]
    fn every_style_has_weights_a_number_and_a_chart() {
        for (index, style) in STYLES.iter().enumerate() {
            let model = model(style.number).expect(style.name);
            assert_eq!(model.card().style, style.name.to_lowercase());
            assert_eq!(model.vocabulary().time_base == TimeBase::Free, style.free_time, "{}", style.name);
            assert_eq!(model.vocabulary().chords, style.plays_chords, "{}", style.name);
            assert_eq!(style.chart().is_some(), style.has_chart(), "{}", style.name);
            assert!(!style.plays.is_empty(), "{} says what it plays", style.name);
            assert!(STYLES[..index].iter().all(|other| other.number != style.number));
        }
        assert!(style(DEFAULT).is_some());
    }
}
