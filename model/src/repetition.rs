//! The repetition guard: a figure may be repeated three times in a row, and not a fourth time.
//!
//! It acts at every temperature. Without it, the coldest one would play one figure for ever.

use crate::vocabulary::Tokens;

/// How often a figure may occur in a row.
const MOST_IN_A_ROW: usize = 3;
/// The longest figure that is watched, in notes: eight bars of eighths.
pub const LONGEST_FIGURE: usize = 64;
/// A figure whose rhythm varies may fill this many notes, three bars of eighths, if that allows more repetitions.
const LONGEST_OSTINATO: usize = 24;
/// The same for a single pitch, which sounds stuck sooner. Tunes repeat one up to eight times.
const LONGEST_ROW: usize = 17;

/// The pitch classes of the vocabulary with which the next note, of step class `step`, would complete one repetition
/// too many. `past` holds the notes before it, the latest first.
pub fn looping_pitches(past: &[Tokens], step: u8) -> impl Iterator<Item = u8> {
    let same_pitch = |new: &Tokens, old: &Tokens| new.pitch == old.pitch;
    (1..=LONGEST_FIGURE).filter_map(move |length| {
        // The next note would be the last of the fourth repetition, so it and all notes before it equal those one
        // figure earlier.
        let compared = MOST_IN_A_ROW * length - 1;
        // The step to the figure's first note leads to the figure, and is not part of it.
        let same_note = |(at, (new, old)): (usize, (&Tokens, &Tokens))| {
            same_pitch(new, old) && (new.step == old.step || at + 1 == compared)
        };
        let pairs = |compared: usize| Some(past.get(..compared)?.iter().zip(past.get(length..compared + length)?));
        let last = past.get(length - 1)?;
        let is_loop = last.step == step && pairs(compared)?.enumerate().all(same_note);
        let longest = if length == 1 { LONGEST_ROW } else { LONGEST_OSTINATO };
        let compared = compared.max(longest.saturating_sub(length + 1));
        let is_ostinato = || pairs(compared).is_some_and(|mut pairs| pairs.all(|(new, old)| same_pitch(new, old)));
        (is_loop || is_ostinato()).then_some(last.pitch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays pitches given as digits, all with the same step, and checks which next ones are forbidden.
    fn check(played: &str, forbidden: &[u8]) {
        let past: Vec<_> =
            played.bytes().rev().map(|digit| Tokens { pitch: digit - b'0', step: 1, ..Tokens::default() }).collect();
        assert_eq!(looping_pitches(&past, 1).collect::<Vec<_>>(), forbidden, "after {played}");
        assert_eq!(looping_pitches(&past, 2).count(), 0, "another rhythm is not a loop");
    }

    #[test]
    fn a_figure_may_be_entered_after_any_rest() {
        let note = |pitch, step| Tokens { step, pitch, ..Tokens::default() };
        let mut past = vec![note(1, 9)];
        past.extend([note(2, 1), note(1, 1), note(2, 1), note(1, 1), note(2, 1), note(1, 1)]);
        past.reverse();
        assert_eq!(looping_pitches(&past, 1).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_figure_goes_on_in_changing_rhythms_but_not_for_ever() {
        // Steps that never repeat within a figure of so few notes.
        let played = |figure: &[u8], notes: usize| -> Vec<Tokens> {
            let note = |at: usize| Tokens {
                pitch: figure[at % figure.len()],
                step: u8::try_from(at * at % 31).unwrap(),
                ..Tokens::default()
            };
            (0..notes).rev().map(note).collect()
        };
        let figures = [(&[1][..], LONGEST_ROW), (&[1, 2], LONGEST_OSTINATO), (&[1, 2, 3, 1, 4], LONGEST_OSTINATO)];
        for (figure, longest) in figures {
            let would_be = figure[(longest - 1) % figure.len()];
            assert_eq!(looping_pitches(&played(figure, longest - 2), 99).count(), 0);
            let forbidden: Vec<u8> = looping_pitches(&played(figure, longest - 1), 99).collect();
            assert!(!forbidden.is_empty() && forbidden.iter().all(|pitch| *pitch == would_be), "{forbidden:?}");
        }
        let long: Vec<u8> = (0..11).collect();
        assert_eq!(looping_pitches(&played(&long, 42), 99).count(), 0);
        assert_eq!(looping_pitches(&played(&long, 43), 99).collect::<Vec<_>>(), [10], "four turns");
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
