//! Whole bars that come again.

use super::Passage;
use crate::statistics::share;
use segue_model::note::{Pitch, Ticks};
use std::collections::{BTreeMap, HashMap};

/// A bar with fewer notes is too plain to be recognised.
const FEWEST_NOTES: usize = 2;

/// The share of the whole bars of a continuation that sounded at least twice before, with the same pitches at the same
/// places. `None` in free time, and without a whole bar.
pub fn third_time(passage: &Passage) -> Option<f64> {
    let (first, last) = (passage.notes.first()?.onset, passage.notes.last()?.onset);
    let mut bars: BTreeMap<Ticks, (Ticks, Vec<(Ticks, Pitch)>)> = BTreeMap::new();
    for note in passage.prompt.iter().chain(passage.notes) {
        let of = (passage.bars)(note.onset)?;
        let place = of.place(note.onset);
        let line = note.onset - place;
        bars.entry(line).or_insert_with(|| (line + of.metre.bar(), Vec::new())).1.push((place, note.pitch));
    }
    let mut sounded: HashMap<&[(Ticks, Pitch)], usize> = HashMap::new();
    let (mut whole, mut again) = (0, 0);
    for (line, (end, content)) in &bars {
        let before = sounded.entry(content).or_default();
        if *line >= first && *end <= last && content.len() >= FEWEST_NOTES {
            whole += 1;
            again += usize::from(*before >= 2);
        }
        *before += 1;
    }
    (whole > 0).then(|| share(again, whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Bars, Metre, Note, Velocity};

    /// Bars of four quarters, each of one kind: what is heard, and what goes on.
    fn share_of(heard: &[u8], played: &[u8]) -> Option<f64> {
        let bar = Metre::COMMON.bar();
        let note = |(index, kind): (usize, u8), quarter: u8| Note {
            onset: Ticks(i64::try_from(index).unwrap() * bar.0) + Ticks::quarters(quarter.into()),
            pitch: Pitch::new(60 + 5 * kind + quarter).unwrap(),
            duration: Ticks::quarters(1),
            velocity: Velocity::DEFAULT,
        };
        let kinds = heard.iter().chain(played).copied().enumerate();
        let notes: Vec<Note> = kinds.flat_map(|bar| (0..4).map(move |quarter| note(bar, quarter))).collect();
        let (prompt, notes) = notes.split_at(4 * heard.len());
        let bars = |_| Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON });
        third_time(&Passage { prompt, notes, bars: &bars, chord: &|_| None })
    }

    /// The last bar is not known to be over.
    #[test]
    fn a_bar_counts_when_it_sounded_twice_before() {
        assert_eq!(share_of(&[0, 1], &[0, 1, 0, 1, 2]), Some(0.5));
        assert_eq!(share_of(&[0, 1], &[0, 1, 2, 3, 2]), Some(0.0));
        assert_eq!(share_of(&[0, 0], &[0, 1, 1, 1, 0]), Some(0.5));
        assert_eq!(share_of(&[0, 0], &[0]), None);
    }
}
