//! Who plays when: the prompt's notes and Segue's room on one time line, for each way of playing together.

use crate::prompt::Prompt;
use segue::params::Mode;
use segue_model::note::{Note, Ticks};

/// The session that is about to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// What the player plays.
    pub notes: Vec<Note>,
    /// Where it is over: what Segue would begin from here on is not asked for.
    pub end: Ticks,
}

/// In Answer, Segue has `bars` after the tune. In Trade, the tune is played a turn at a time, with a turn of Segue's after
/// (or before) each, up to `bars` of Segue's. In Duet both play until the tune is over, or `bars` bars.
pub fn lay_out(prompt: &Prompt, mode: Mode, turn_bars: i64, segue_first: bool, bars: Option<i64>) -> Layout {
    /// For as long as nobody says otherwise.
    const USUAL_BARS: i64 = 8;
    let bar = prompt.bars_at(Ticks::ZERO).metre.bar().0;
    match mode {
        Mode::Answer => {
            let room = bars.unwrap_or(USUAL_BARS) * prompt.bars_at(prompt.end()).metre.bar().0;
            Layout { notes: let_go(&prompt.notes, prompt.end()), end: Ticks(prompt.end().0 + room) }
        }
        Mode::Duet => {
            let end = bars.map_or(prompt.end(), |bars| Ticks(bars * bar));
            Layout { notes: cut(&prompt.notes, Ticks::ZERO, end), end }
        }
        Mode::Trade => {
            let turn = turn_bars.max(1) * bar;
            let of_tune = (prompt.end().0 + turn - 1) / turn;
            let turns = bars.map_or(of_tune, |bars| of_tune.min((bars * bar + turn - 1) / turn)).max(1);
            let notes = (0..turns).flat_map(|number| {
                let (from, to) = (Ticks(number * turn), Ticks((number + 1) * turn));
                let place = Ticks((2 * number + i64::from(segue_first)) * turn);
                let part = let_go(&cut(&prompt.notes, from, to), to);
                part.into_iter().map(move |note| Note { onset: note.onset - from + place, ..note })
            });
            Layout { notes: notes.collect(), end: Ticks(2 * turns * turn) }
        }
    }
}

/// The notes that begin in a stretch, ended where it ends.
fn cut(notes: &[Note], from: Ticks, to: Ticks) -> Vec<Note> {
    let inside = notes.iter().filter(|note| (from..to).contains(&note.onset));
    inside.map(|note| Note { duration: note.duration.min(to - note.onset), ..*note }).collect()
}

/// Fingers leave the last keys a little before the bar line, so that the answer can begin there.
fn let_go(notes: &[Note], end: Ticks) -> Vec<Note> {
    const EARLY: i64 = 2;
    let last = |note: &Note| (end - note.onset).0 - EARLY;
    notes.iter().map(|note| Note { duration: Ticks(note.duration.0.min(last(note)).max(1)), ..*note }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Bars, Metre, Pitch, Velocity};

    const BAR: i64 = 192;

    /// A note a bar.
    fn prompt(bars: i64) -> Prompt {
        let note = |number| Note {
            onset: Ticks(number * BAR),
            pitch: Pitch::MAX,
            duration: Ticks(BAR),
            velocity: Velocity::DEFAULT,
        };
        Prompt {
            title: String::new(),
            notes: (0..bars).map(note).collect(),
            bars: vec![Bars { line: Ticks::ZERO, metre: Metre::COMMON }],
            chords: Vec::new(),
            tempo_bpm: None,
        }
    }

    /// In which bars the player's notes begin, and how many bars there are.
    fn check(mode: Mode, segue_first: bool, bars: Option<i64>, wanted: &[i64], end: i64) {
        let layout = lay_out(&prompt(4), mode, 2, segue_first, bars);
        let begins: Vec<i64> = layout.notes.iter().map(|note| note.onset.0 / BAR).collect();
        assert_eq!((begins.as_slice(), layout.end.0), (wanted, end * BAR), "{mode:?} {bars:?}");
        assert!(layout.notes.iter().all(|note| note.duration.0 > 0 && note.onset + note.duration <= layout.end));
    }

    #[test]
    fn each_mode_gives_the_player_and_segue_their_bars() {
        check(Mode::Answer, false, None, &[0, 1, 2, 3], 12);
        check(Mode::Answer, false, Some(3), &[0, 1, 2, 3], 7);
        check(Mode::Duet, false, None, &[0, 1, 2, 3], 4);
        check(Mode::Duet, false, Some(2), &[0, 1], 2);
        check(Mode::Trade, false, None, &[0, 1, 4, 5], 8);
        check(Mode::Trade, true, None, &[2, 3, 6, 7], 8);
        check(Mode::Trade, false, Some(2), &[0, 1], 4);
        check(Mode::Trade, false, Some(99), &[0, 1, 4, 5], 8);
    }
}
