//! Which chords stand over the roll: those of the chart, or those that the player has held.

use super::{TICKS, float, floor};
use crate::params::{ChordSource, SegueParams};
use crate::styles;
use segue_engine::recorder::{History, Present};
use segue_engine::snapshot::Chords;
use segue_model::chart::Chart;
use segue_model::chord::Chord;
use segue_model::note::{TICKS_PER_QUARTER, Ticks};
use std::sync::Arc;

/// Chords change on sixteenths at the finest.
const STEP: i64 = TICKS_PER_QUARTER / 4;
/// How far ahead the coming chord is looked for, in ticks.
const AHEAD: f64 = 64.0 * TICKS;

/// A chord and the tick from which it holds; `None` is a stretch without a chord.
pub type ChordChange = (f64, Option<Chord>);

/// The changes between two ticks, in order. The first is the chord in force at the beginning, whenever that began.
fn changes(from: f64, to: f64, chord_at: impl Fn(i64) -> Option<Chord>) -> Vec<ChordChange> {
    let mut found = vec![(from, chord_at(floor(from)))];
    let mut tick = (floor(from).div_euclid(STEP) + 1) * STEP;
    while float(tick) < to {
        let chord = chord_at(tick);
        if found.last().is_none_or(|(_, before)| *before != chord) {
            found.push((float(tick), chord));
        }
        tick += STEP;
    }
    found
}

/// The chords between two ticks; empty where Segue plays to none, or none has been held yet.
pub fn between(
    (from, to): (f64, f64),
    history: &History,
    present: Option<&Present>,
    params: &SegueParams,
) -> Vec<ChordChange> {
    match params.harmony.source.value() {
        ChordSource::Off => Vec::new(),
        ChordSource::Chart => {
            let Some(chart) = params.chart.chart().or_else(|| usual_chart(params)) else { return Vec::new() };
            let newest = present.map_or(history.newest, |present| present.snapshot.now);
            changes(from, to, |tick| {
                let (form, metre) = match present {
                    // The future is drawn with the present form.
                    Some(present) if float(tick) >= newest || history.forms.is_empty() => {
                        (present.snapshot.form, present.snapshot.bars.metre)
                    }
                    _ => (history.form_at(float(tick)), history.bars_at(float(tick)).metre),
                };
                chart.at(Ticks(tick) - form, metre)
            })
        }
        ChordSource::Played | ChordSource::Low | ChordSource::Channel => held((from, to), history),
    }
}

/// The chords that Segue has understood from what the player holds.
fn held((from, to): (f64, f64), history: &History) -> Vec<ChordChange> {
    let heard = |chords| match chords {
        Chords::Heard(chord) => chord,
        Chords::Chart { .. } | Chords::Off => None,
    };
    let first = history.chords.first().filter(|first| first.from <= from);
    let in_force = first.and_then(|_| history.chords_at(from)).and_then(heard);
    let later = history.chords.iter().filter(|change| change.from > from && change.from < to);
    let all = [(from, in_force)].into_iter().chain(later.map(|change| (change.from, heard(change.to))));
    // Before the first chord there is nothing to say.
    all.skip_while(|(_, chord)| chord.is_none()).collect()
}

/// The chord in force now, and the next one with its tick if it is known.
pub fn now_and_next(
    now: f64,
    history: &History,
    present: Option<&Present>,
    params: &SegueParams,
) -> (Option<Chord>, Option<ChordChange>) {
    let all = between((now, now + AHEAD), history, present, params);
    let mut all = all.into_iter();
    (all.next().and_then(|(_, chord)| chord), all.next())
}

/// The chart of the style that plays.
pub fn usual_chart(params: &SegueParams) -> Option<Arc<Chart>> {
    styles::style(params.settings().style.number)?.chart()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nice_plug::params::persist::PersistentField;
    use segue_engine::recorder::Change;
    use segue_model::chord::ChordKind;

    fn names(changes: &[ChordChange]) -> Vec<(f64, String)> {
        let name = |chord: &Option<Chord>| chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string());
        changes.iter().map(|(from, chord)| (*from, name(chord))).collect()
    }

    /// A chord that began before the left edge is in force at the edge.
    #[test]
    fn a_chord_that_began_earlier_stands_at_the_left_edge() {
        let params = SegueParams::default();
        params.chart.set("Dm7 | % | % | % | % | % | % | G7".to_owned());
        let history = History::default();
        let found = between((300.0, 900.0), &history, None, &params);
        assert_eq!(names(&found), [(300.0, "Dm7".to_owned())]);
        let found = between((300.0, 1500.0), &history, None, &params);
        assert_eq!(names(&found), [(300.0, "Dm7".to_owned()), (1344.0, "G7".to_owned())]);
        let (now, next) = now_and_next(1300.0, &history, None, &params);
        assert_eq!((now.unwrap().to_string(), next.unwrap().0), ("Dm7".to_owned(), 1344.0));
    }

    #[test]
    fn chords_that_are_held_are_shown_from_where_they_were_held() {
        let params = SegueParams::default();
        let [d, g] = [Chord::new(2, ChordKind::ALL[0], 2), Chord::new(7, ChordKind::ALL[0], 7)];
        let mut history = History::default();
        history.chords = [(0.0, None), (100.0, Some(d)), (400.0, Some(g))]
            .map(|(from, chord)| Change { from, to: Chords::Heard(chord) })
            .to_vec();
        assert_eq!(held((0.0, 90.0), &history), []);
        assert_eq!(held((0.0, 500.0), &history), [(100.0, Some(d)), (400.0, Some(g))]);
        assert_eq!(held((200.0, 300.0), &history), [(200.0, Some(d))]);
        assert!(
            params.harmony.source.value() == ChordSource::Chart
                && between((0.0, 9.0), &history, None, &params).is_empty()
        );
    }
}
