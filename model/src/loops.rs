//! The loop breaker: a figure may come three times in a row, not a fourth time.
//!
//! It acts at every temperature, and is the reason why the coldest Segue cannot play one figure for ever.

use crate::vocabulary::Classes;

/// How often a figure may come in a row.
const MOST_IN_A_ROW: usize = 3;
/// Figures of up to this many notes are watched: eight bars of eighths.
pub const LONGEST_FIGURE: usize = 64;

/// The pitch class (of the vocabulary) with which the next note, with step class `step`, would complete a figure
/// once too often. `past` gives the notes before it, the latest first.
pub fn pitches_that_would_loop(past: &[Classes], step: u8) -> impl Iterator<Item = u8> {
    (1..=LONGEST_FIGURE).filter_map(move |length| {
        // The next note would be the last of the figure's fourth turn, so it and all before it lie one figure apart.
        let compared = MOST_IN_A_ROW * length - 1;
        let before = past.get(..compared + length)?;
        let alike = |index: usize| {
            let (new, old) = (&before[index], &before[index + length]);
            // How the first turn was entered is no part of the figure.
            new.pitch == old.pitch && (new.step == old.step || index + 1 == compared)
        };
        let repeats = (0..compared).all(alike);
        (repeats && before[length - 1].step == step).then_some(before[length - 1].pitch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pitches as digits, all with the same step; gives the forbidden next ones.
    fn check(played: &str, forbidden: &[u8]) {
        let past: Vec<_> =
            played.bytes().rev().map(|digit| Classes { pitch: digit - b'0', step: 1, ..Classes::default() }).collect();
        assert_eq!(pitches_that_would_loop(&past, 1).collect::<Vec<_>>(), forbidden, "after {played}");
        assert_eq!(pitches_that_would_loop(&past, 2).count(), 0, "another rhythm is no loop");
    }

    #[test]
    fn a_figure_may_be_entered_after_any_rest() {
        let note = |pitch, step| Classes { step, pitch, ..Classes::default() };
        let mut past = vec![note(1, 9)];
        past.extend([note(2, 1), note(1, 1), note(2, 1), note(1, 1), note(2, 1), note(1, 1)]);
        past.reverse();
        assert_eq!(pitches_that_would_loop(&past, 1).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn the_fourth_turn_of_a_figure_is_forbidden_at_its_last_note() {
        check("", &[]);
        check("777", &[7]);
        check("77", &[]);
        check("3777", &[7]);
        check("1212121", &[2]);
        check("121212", &[]);
        check("912391239123912", &[3]);
        check("912391239124912", &[]);
    }
}
