//! How long a note is in letters: multiples of a unit whose denominator is a power of two, and triplets.
//!
//! A tick is a third of a sixty-fourth of a beat, so lengths outside the straight grid are thirds of something, and ABC
//! has thirds only in tuplets: within `(3` every length in ticks is a multiple of the unit by a power of two.

use segue_model::note::{TICKS_PER_QUARTER, Ticks};

/// Straight lengths are multiples of this: a sixty-fourth note.
const STRAIGHT: i64 = TICKS_PER_QUARTER / 16;
/// Where a run of triplets may end: on every sixteenth note of the bar.
const WHOLE: i64 = TICKS_PER_QUARTER / 4;
/// ABC writes the number of notes with one digit, and some of these are written as two.
const MOST: usize = 5;

/// Notes that stand side by side and are written in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// How many; above zero.
    pub count: usize,
    /// Whether they are three in the time of two.
    pub is_tuplet: bool,
}

/// Divides the lengths of a bar; that of an upbeat ends where the bar does.
pub(super) fn grouped(lengths: &[Ticks]) -> Vec<Group> {
    let mut place = -lengths.iter().map(|length| length.0).sum::<i64>();
    let mut groups = Vec::new();
    let mut rest = lengths;
    while let Some(first) = rest.first() {
        let is_tuplet = first.0 % STRAIGHT != 0;
        let count = if is_tuplet { tuplet(rest, place) } else { 1 };
        groups.push(Group { count, is_tuplet });
        let (group, behind) = rest.split_at(count);
        place += group.iter().map(|length| length.0).sum::<i64>();
        rest = behind;
    }
    groups
}

/// A length as a sum of those that one note head can have, plain or with a dot, each to be tied to the next. A length
/// in ticks that no note head has, as in a quintuplet that was read, stays whole.
pub(super) fn pieces(length: Ticks, in_tuplet: bool) -> Vec<Ticks> {
    // Straight lengths are multiples of a sixty-fourth, and within triplets of two thirds of one.
    let smallest = if in_tuplet { STRAIGHT * 2 / 3 } else { STRAIGHT };
    if length.0 % smallest != 0 {
        return vec![length];
    }
    let mut rest = length.0 / smallest;
    let mut pieces = Vec::new();
    while rest > 0 {
        let power = 1 << rest.ilog2();
        let piece = if rest >= power + power / 2 && power > 1 { power + power / 2 } else { power };
        pieces.push(Ticks(piece * smallest));
        rest -= piece;
    }
    pieces
}

/// How many notes belong to the tuplet that begins with the first, at a place before the end of the bar.
fn tuplet(lengths: &[Ticks], mut place: i64) -> usize {
    for (index, length) in lengths.iter().enumerate().take(MOST) {
        place += length.0;
        if place % WHOLE == 0 {
            return index + 1;
        }
    }
    lengths.len().min(MOST)
}

/// A length as a multiple of the unit: nothing for one, `2`, `/`, `3/2`.
pub(super) fn length_text(length: Ticks, unit: Ticks, in_tuplet: bool) -> String {
    let (numerator, denominator) = if in_tuplet { (3 * length.0, 2 * unit.0) } else { (length.0, unit.0) };
    let divisor = greatest_common_divisor(numerator, denominator);
    let (numerator, denominator) = (numerator / divisor, denominator / divisor);
    let mut text = if numerator == 1 { String::new() } else { numerator.to_string() };
    match denominator {
        1 => {}
        2 if text.is_empty() => text.push('/'),
        _ => text = format!("{text}/{denominator}"),
    }
    text
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(lengths: &[i64]) -> String {
        let lengths: Vec<Ticks> = lengths.iter().copied().map(Ticks).collect();
        let group = |group: Group| format!("{}{}", group.count, if group.is_tuplet { "t" } else { "" });
        grouped(&lengths).into_iter().map(group).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn triplets_are_found_where_lengths_are_thirds() {
        assert_eq!(groups(&[24, 12, 12, 36, 3, 9]), "1 1 1 1 1 1");
        assert_eq!(groups(&[16, 16, 16, 48]), "3t 1");
        assert_eq!(groups(&[8, 8, 8, 24, 32, 16]), "3t 1 2t");
        assert_eq!(groups(&[32, 32, 32, 25, 23]), "3t 2t");
        assert_eq!(groups(&[4, 20, 24, 24, 24]), "2t 1 1 1", "straight notes stay outside");
        assert_eq!(groups(&[1]), "1t");
        assert_eq!(groups(&[7; 11]), "5t 5t 1t");
    }

    #[test]
    fn a_length_is_made_of_note_heads() {
        let of = |ticks| pieces(Ticks(ticks), ticks % STRAIGHT != 0).iter().map(|piece| piece.0).collect::<Vec<_>>();
        assert_eq!(of(24), [24]);
        assert_eq!(of(36), [36]);
        assert_eq!(of(120), [96, 24]);
        assert_eq!(of(168), [144, 24]);
        assert_eq!(of(15), [12, 3]);
        assert_eq!(of(16), [16]);
        assert_eq!(of(40), [32, 8]);
        assert_eq!(of(25), [25], "of no grid");
        assert_eq!(pieces(Ticks(36), true), [Ticks(32), Ticks(4)], "which would be nine quarters of an eighth");
    }

    #[test]
    fn no_length_is_written_in_thirds() {
        for (ticks, in_tuplet, text) in
            [(24, false, ""), (48, false, "2"), (12, false, "/"), (36, false, "3/2"), (3, false, "/8"), (16, true, "")]
        {
            assert_eq!(length_text(Ticks(ticks), Ticks(24), in_tuplet), text, "{ticks}");
        }
        for ticks in 1..400 {
            let text = length_text(Ticks(ticks), Ticks(24), ticks % STRAIGHT != 0);
            let denominator = text.split_once('/').map_or(1, |(_, number)| number.parse().unwrap_or(2));
            assert!(u32::is_power_of_two(denominator), "{ticks}: {text}");
        }
    }
}
