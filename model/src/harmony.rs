//! Which chord a note is played to: of a chart, or heard from the player's hands.
//!
//! Knows nothing of how a chord is told from keys.

use crate::chart::Chart;
use crate::chord::Chord;
use crate::note::{Bars, Metre, Ticks};
use std::collections::VecDeque;
use std::sync::Arc;

/// Where the chords come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HarmonySource {
    /// From the chart.
    #[default]
    Chart,
    /// From the player's hands.
    Hands,
    /// From nowhere: the style plays as if there were none.
    Nowhere,
}

/// A chord that the player has struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardChord {
    /// When its first key went down, as played. It holds until the next, also when its keys are up.
    pub from: Ticks,
    /// The bars at that moment; `None` when there are none.
    pub bars: Option<Bars>,
    /// Which.
    pub chord: Chord,
}

/// The chords of one jam.
#[derive(Debug, Clone, Default)]
pub struct ChordTrack {
    source: HarmonySource,
    chart: Option<Arc<Chart>>,
    /// In order of time; each holds until the next.
    heard: VecDeque<(Ticks, Chord)>,
}

/// How many heard chords are remembered: as many as notes can be decided anew.
const HEARD: usize = 64;

impl ChordTrack {
    /// Another source from now on. True when it was another.
    pub fn set_source(&mut self, source: HarmonySource) -> bool {
        std::mem::replace(&mut self.source, source) != source
    }

    /// Another chart from now on; `None` is no chart.
    pub fn set_chart(&mut self, chart: Option<Arc<Chart>>) {
        self.chart = chart;
    }

    /// The chart.
    pub fn chart(&self) -> Option<&Chart> {
        self.chart.as_deref()
    }

    /// From here on the player's chord is this one. True when it is what notes are played to.
    pub fn hear(&mut self, from: Ticks, chord: Chord) -> bool {
        // Ticks of beats and of free time are counted apart, so what was heard by another clock may lie later.
        while self.heard.back().is_some_and(|(later, _)| *later >= from) {
            self.heard.pop_back();
        }
        if self.heard.len() >= HEARD {
            self.heard.pop_front();
        }
        self.heard.push_back((from, chord));
        self.source == HarmonySource::Hands
    }

    /// Forgets what was heard.
    pub fn forget(&mut self) {
        self.heard.clear();
    }

    /// The chord at a moment; in bars of this metre, with the chart's first bar at `form`. `None` when there is none.
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
