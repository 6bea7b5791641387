//! Which chord a note is played over: from a chart, or from the player's hands.
//!
//! Does not know how a chord is recognised from keys.

use crate::chart::Chart;
use crate::chord::Chord;
use crate::note::{Bars, Metre, Ticks};
use std::collections::VecDeque;
use std::sync::Arc;

/// Where the chords come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HarmonySource {
    /// The chart.
    #[default]
    Chart,
    /// The player's hands.
    Hands,
    /// Nowhere: the style plays without chords.
    Nowhere,
}

/// A chord that the player has struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardChord {
    /// The onset of its first key, as played. The chord holds until the next one, also after its keys are released.
    pub from: Ticks,
    /// The bars at that moment; `None` when there are none.
    pub bars: Option<Bars>,
    /// The chord.
    pub chord: Chord,
}

/// The chords of a session.
#[derive(Debug, Clone, Default)]
pub struct ChordTrack {
    source: HarmonySource,
    chart: Option<Arc<Chart>>,
    /// The player's chords in order of time; each holds until the next.
    heard: VecDeque<(Ticks, Chord)>,
}

/// How many heard chords are kept: as many as notes can be decided again.
const HEARD: usize = 64;

impl ChordTrack {
    /// Changes the source. Returns whether it is another one.
    pub fn set_source(&mut self, source: HarmonySource) -> bool {
        std::mem::replace(&mut self.source, source) != source
    }

    /// Changes the chart; `None` removes it.
    pub fn set_chart(&mut self, chart: Option<Arc<Chart>>) {
        self.chart = chart;
    }

    /// The chart.
    pub fn chart(&self) -> Option<&Arc<Chart>> {
        self.chart.as_ref()
    }

    /// Whether the chords to come are known.
    pub fn is_known_ahead(&self) -> bool {
        self.source == HarmonySource::Chart && self.chart.is_some()
    }

    /// The player's chord changes. Returns whether notes are played over the player's chords.
    pub fn hear(&mut self, from: Ticks, chord: Chord) -> bool {
        // Beats and free time count ticks separately, so a chord heard with the other clock may lie later.
        while self.heard.back().is_some_and(|(later, _)| *later >= from) {
            self.heard.pop_back();
        }
        if self.heard.len() >= HEARD {
            self.heard.pop_front();
        }
        self.heard.push_back((from, chord));
        self.source == HarmonySource::Hands
    }

    /// Forgets the heard chords.
    pub fn forget(&mut self) {
        self.heard.clear();
    }

    /// The chord at a moment, in bars of `metre`, with the chart's first bar at `form`. `None` when there is none.
    pub fn at(&self, moment: Ticks, form: Ticks, metre: Metre) -> Option<Chord> {
        match self.source {
            HarmonySource::Chart => self.chart.as_ref()?.at(moment - form, metre),
            HarmonySource::Hands => self.heard.iter().rev().find(|(from, _)| *from <= moment).map(|(_, chord)| *chord),
            HarmonySource::Nowhere => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(text: &str) -> Chord {
        Chord::parse(text).unwrap().unwrap()
    }

    /// It counts only where the player's hands are the source of chords.
    #[test]
    fn a_heard_chord_holds_until_the_next() {
        let mut harmony = ChordTrack::default();
        harmony.set_chart(Chart::parse("| C | F |").unwrap().map(Arc::new));
        assert!(!harmony.hear(Ticks(10), chord("Am")));
        let at = |harmony: &ChordTrack, moment| harmony.at(Ticks(moment), Ticks::ZERO, Metre::COMMON);
        assert_eq!(at(&harmony, 200), Some(chord("F")));
        assert!(harmony.set_source(HarmonySource::Hands) && !harmony.set_source(HarmonySource::Hands));
        assert!(harmony.hear(Ticks(300), chord("D7")));
        let found = [9, 10, 299, 300, 9_000].map(|moment| at(&harmony, moment));
        assert_eq!(found, [None, Some(chord("Am")), Some(chord("Am")), Some(chord("D7")), Some(chord("D7"))]);
        harmony.hear(Ticks(200), chord("E"));
        assert_eq!(at(&harmony, 400), Some(chord("E")), "what comes later in the jam counts");
        harmony.set_source(HarmonySource::Nowhere);
        assert_eq!(at(&harmony, 400), None);
    }

    #[test]
    fn what_is_heard_is_bounded() {
        let mut harmony = ChordTrack::default();
        harmony.set_source(HarmonySource::Hands);
        for moment in 0..1_000 {
            harmony.hear(Ticks(moment), chord("C"));
        }
        assert_eq!(harmony.heard.len(), HEARD);
    }
}
