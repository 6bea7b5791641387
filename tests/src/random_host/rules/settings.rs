//! What the parameters' values mean for what may be played, and when.

use super::{Checker, Key};
use crate::random_host::param_map::Param;
use crate::random_host::sequence::Activation;
use crate::timeline::{Frame, TransportReport};

/// Half a frame of rounding, the margin with which halves go up, and a little for positions that are not whole numbers.
pub(super) const ROUNDING_FRAMES: f64 = 0.5 + 2e-3;
/// Values of a parameter with named values, as the plugin orders them.
pub(super) const ANSWER: f64 = 0.0;
const FREE_START: f64 = 0.0;
const METRIC_STYLES: [f64; 2] = [2.0, 3.0];
const SWINGING_STYLES: [f64; 2] = [0.0, 1.0];
const SWING_BY_STYLE: f64 = 0.0;
const STRAIGHT: f64 = 1.0;
const RENDER_AUTO: f64 = 0.0;
const RENDER_OFFLINE: f64 = 1.0;
const TRADE: f64 = 1.0;
const SEGUE_FIRST: f64 = 1.0;
const TRADED_BARS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 12.0];
const NO_OCTAVES: f64 = 3.0;
const CHART: f64 = 0.0;
const NO_CHORDS: f64 = 4.0;
/// *Chord window* at its greatest value, 1.
const LONGEST_WINDOW_MS: f64 = 40.0;
/// Ticks in a sixteenth and in a quarter note.
const SIXTEENTH: f64 = 12.0;
const TICKS: f64 = 48.0;
const CLASSES: usize = 12;
/// The steps of each scale above its root, in the order of the parameter's values.
const SCALES: [&[usize]; 13] = [
    &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    &[0, 2, 4, 5, 7, 9, 11],
    &[0, 2, 3, 5, 7, 8, 10],
    &[0, 2, 3, 5, 7, 8, 11],
    &[0, 2, 3, 5, 7, 9, 11],
    &[0, 2, 3, 5, 7, 9, 10],
    &[0, 1, 3, 5, 7, 8, 10],
    &[0, 2, 4, 6, 7, 9, 11],
    &[0, 2, 4, 5, 7, 9, 10],
    &[0, 1, 3, 5, 6, 8, 10],
    &[0, 2, 4, 7, 9],
    &[0, 3, 5, 7, 10],
    &[0, 3, 5, 6, 7, 10],
];

/// Whose bars are playing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Side {
    Players,
    Segues { until_beats: f64 },
}

impl Checker<'_> {
    pub(super) fn is_in_scale(&self, key: Key) -> bool {
        let (Some(root), Some(scale)) = (self.steady(Param::Key), self.steady(Param::Scale)) else { return true };
        let Some(classes) = SCALES.get(index(scale)) else { return true };
        let above_root = (usize::from(key.key) + CLASSES - index(root)) % CLASSES;
        classes.contains(&above_root)
    }

    /// A range of at least an octave applies as it stands, because every scale has a pitch in it.
    pub(super) fn is_in_range(&self, key: Key) -> bool {
        let ends = [self.steady(Param::LowestKey), self.steady(Param::HighestKey)];
        let ([Some(one), Some(other)], true) = (ends, self.is_steadily(Param::Octave, NO_OCTAVES)) else { return true };
        let (low, high) = (one.min(other), one.max(other));
        high - low < CLASSES as f64 || (low..=high).contains(&f64::from(key.key))
    }

    /// Whose bars these are, if bars are traded by the bar numbers of a song that never changes its metre; `None` if
    /// that cannot be known.
    pub(super) fn side_of_trade(&self, activation: &Activation, at: Frame) -> Option<Side> {
        let known = self.is_steadily(Param::Mode, TRADE)
            && activation.report == TransportReport::Everything
            && !self.was_handed_over;
        if !known {
            return None;
        }
        let bars = *TRADED_BARS.get(index(self.steady(Param::Trade)?))?;
        let first = if same(self.steady(Param::First)?, SEGUE_FIRST) { 0.0 } else { bars };
        let bar_beats = activation.timeline.bar_beats_of_a_plain_song()?;
        // A frame may be rounded to just before its bar line.
        let beats = activation.timeline.beats(at) + activation.timeline.beats_in_frames(at, ROUNDING_FRAMES);
        let number = (beats / bar_beats).floor() - first;
        let begin = (number / (2.0 * bars)).floor() * 2.0 * bars;
        let is_segues = number >= 0.0 && number - begin < bars;
        Some(if is_segues { Side::Segues { until_beats: (begin + first + bars) * bar_beats } } else { Side::Players })
    }

    /// Whether every onset of Segue's must lie on a tick of the song: the host reports beats, the song plays, the style
    /// has beats and plays straight, nothing starts off the grid, and the host waits for the worker.
    pub(super) fn is_on_a_grid(&self, activation: &Activation, at: Frame) -> bool {
        let metric = self.is_one_of(Param::Style, METRIC_STYLES) || self.is_one_of(Param::Style, SWINGING_STYLES);
        let metric = metric && self.plays_straight();
        let on_grid = self.steady(Param::Start).is_some_and(|start| !same(start, FREE_START));
        activation.report.has_beats()
            && activation.timeline.is_playing(at)
            && metric
            && on_grid
            && self.is_waited_for(activation)
    }

    /// Whether a note that begins here may have waited on a beat for a player's chord. Every beat is a sixteenth.
    pub(super) fn may_have_waited(&self, activation: &Activation, at: Frame) -> bool {
        let by_player =
            self.steady(Param::Chords).is_none_or(|source| !same(source, CHART) && !same(source, NO_CHORDS));
        let longest_ms = self.steady(Param::ChordWindow).unwrap_or(1.0) * LONGEST_WINDOW_MS;
        let frames = longest_ms / 1000.0 * activation.timeline.sample_rate() + 1.0;
        let behind_beats = activation.timeline.ticks(at).rem_euclid(SIXTEENTH) / TICKS;
        by_player && behind_beats <= activation.timeline.beats_in_frames(at, frames)
    }

    fn is_one_of(&self, param: Param, values: [f64; 2]) -> bool {
        self.steady(param).is_some_and(|value| values.into_iter().any(|other| same(value, other)))
    }

    /// Whether eighths never swing.
    fn plays_straight(&self) -> bool {
        let by_style = self.is_steadily(Param::Swing, SWING_BY_STYLE) && self.is_one_of(Param::Style, METRIC_STYLES);
        by_style || self.is_steadily(Param::Swing, STRAIGHT)
    }

    /// Whether the host waits for the worker, so that no note can be late.
    pub(super) fn is_waited_for(&self, activation: &Activation) -> bool {
        self.steady(Param::Render)
            .is_some_and(|render| same(render, RENDER_OFFLINE) || same(render, RENDER_AUTO) && activation.offline)
    }
}

/// The beats that a value of *Longest note* means: from a quarter of a beat to 16, in finer steps at the lower end.
pub(super) fn longest_beats(value: f64) -> f64 {
    const STEP: f64 = 0.25;
    let beats = 0.25 + value * value * (16.0 - 0.25);
    (beats / STEP).round() * STEP
}

/// The value of a parameter with named values.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above zero and small")]
pub(super) fn index(value: f64) -> usize {
    value.round() as usize
}

/// Whether two values of a parameter are equal; different ones are at least a step apart.
pub(super) fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6
}
