//! When the player's next note is due, judged by the notes before it.
//!
//! Between detached notes all keys are up, and that is no room for an answer. After one onset nobody knows yet whether
//! a row begins, so its time until the next is taken as a quarter note. After two that are held it is taken as the time
//! between them. After two detached ones it is longer: that time may be the shorter one of two swung eighths, so it is
//! at least two thirds of a quarter note, and up to a quarter note if the present key was held for longer than the one
//! before. From three onsets on, the ratio of time to held time counts without a limit. A row of even, detached times
//! goes on evenly, however long the present key was down.
//!
//! Counts frames; knows neither beats nor the turn.

use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;

/// The latest onsets that count: three times between them, one round of a rhythm like long, short, short.
const ONSETS: usize = 4;
/// Onsets within this time of the first one of a chord belong to it, even if the chord is rolled.
const ROLLED_MS: i64 = 60;
/// How late a note may be: two onsets may each be some 30 ms off, one early and the next late, and the expected time is
/// itself read from such onsets.
const LATE_MS: i64 = 75;
/// A key that goes up this short before the next onset, and within this part of the time between them, was held legato.
const LEGATO_MS: i64 = 45;
const LEGATO_PART: i64 = 5;
/// A longer silence ends the row.
const LONGEST_REST_MS: i64 = 1_000;
/// Times that differ by no more than this are even, because two onsets may each be 30 ms off; and so are swung eighths,
/// of which the longer one is at most twice as long as the other.
const UNEVEN_MS: i64 = 60;
/// The rest after a note is at most this many times the longest rest in the row: a note is rarely more than four times
/// as long as the longest of the three before it.
const LONGEST_REST: i64 = 4;

/// An onset of the player; a chord is one.
#[derive(Debug, Clone, Copy)]
struct Onset {
    down: FramePosition,
    /// When the last key went up before the next onset.
    up: Option<FramePosition>,
}

/// The player's latest onsets.
#[derive(Debug, Default)]
pub struct Row {
    onsets: ArrayVec<Onset, ONSETS>,
}

/// The time from one onset to the next, in frames.
#[derive(Debug, Clone, Copy)]
struct Interval {
    whole: i64,
    /// The end of it in which no key was down.
    rest: i64,
}

impl Row {
    /// Forgets all onsets.
    pub fn forget(&mut self) {
        self.onsets.clear();
    }

    /// A key goes down.
    pub fn note_on(&mut self, at: FramePosition, sample_rate: f64) {
        if let Some(last) = self.onsets.last_mut() {
            if between(last.down, at) <= frames(ROLLED_MS, sample_rate) {
                last.up = None;
                return;
            }
            if last.up.is_some_and(|up| between(up, at) > frames(LONGEST_REST_MS, sample_rate)) {
                self.onsets.clear();
            }
        }
        if self.onsets.is_full() {
            let _ = self.onsets.pop_at(0);
        }
        let _ = self.onsets.try_push(Onset { down: at, up: None });
    }

    /// No key is down any more.
    pub fn keys_up(&mut self, at: FramePosition) {
        if let Some(last) = self.onsets.last_mut() {
            last.up = Some(at);
        }
    }

    /// The position from which on the next note would be too late for the row, now that all keys are up. `None` when
    /// the last key was held until the next note was due, or when there is no row. `quarter` is a quarter note in
    /// frames.
    pub fn overdue_at(&self, now: FramePosition, quarter: i64, sample_rate: f64) -> Option<FramePosition> {
        let last = self.onsets.last()?;
        let held = between(last.down, now);
        let expected = self.expected(held, quarter, sample_rate).unwrap_or(quarter);
        let rest = expected - held;
        let waits = rest <= frames(LONGEST_REST_MS, sample_rate) && !is_legato(rest, expected, sample_rate);
        waits.then(|| last.down.plus(expected + frames(LATE_MS, sample_rate)))
    }

    /// The expected time from the last onset to the next one, in frames, if the last key was down for `held` frames.
    fn expected(&self, held: i64, quarter: i64, sample_rate: f64) -> Option<i64> {
        let pairs = || self.onsets.iter().zip(self.onsets.iter().skip(1));
        let times = || pairs().map(|(one, next)| Interval::between(one, *next, sample_rate));
        let (longest, shortest) = (times().map(|time| time.whole).max()?, times().map(|time| time.whole).min()?);
        let longest_held = times().map(Interval::held).max()?;
        let longest_rest = times().map(|time| time.rest).max()?;
        // Each earlier onset gives a ratio of time to held time.
        let by_touch = times().map(|time| held.saturating_mul(time.whole) / time.held()).max()?;
        let by_touch = if by_touch - held <= LONGEST_REST * longest_rest { by_touch } else { held };
        if self.onsets.len() == 2 {
            // After the second one of two swung eighths, a detached note may fill the time between the two, or more.
            let rest = longest - held;
            let is_held = longest_rest == 0 && rest >= 0 && is_legato(rest, longest, sample_rate);
            let detached = longest.max(2 * quarter / 3).max(by_touch.min(quarter));
            return Some(if is_held { longest } else { detached });
        }
        // Playing is less exact than the rhythm, so a time of the row that is about as long is taken instead.
        let meant = times().map(|time| time.whole).filter(|whole| is_about(*whole, by_touch)).max().unwrap_or(by_touch);
        let alike = times().filter(|time| is_about(time.held(), held)).map(|time| time.whole).max();
        let is_even = longest - shortest <= frames(UNEVEN_MS, sample_rate).max(shortest) && longest_rest > 0;
        Some(match (is_even, alike) {
            (true, Some(alike)) => alike.max(longest),
            (false, Some(alike)) => alike,
            (true, None) if held < longest_held * 3 / 2 => longest,
            _ => meant,
        })
    }
}

impl Interval {
    /// A rest as short as in legato playing counts as none.
    fn between(one: &Onset, next: Onset, sample_rate: f64) -> Self {
        let whole = between(one.down, next.down);
        let rest = one.up.map_or(0, |up| between(up, next.down));
        Self { whole, rest: if is_legato(rest, whole, sample_rate) { 0 } else { rest } }
    }

    /// For how long a key was down.
    fn held(self) -> i64 {
        (self.whole - self.rest).max(1)
    }
}

/// Whether a rest at the end of a time is short enough for legato.
fn is_legato(rest: i64, whole: i64, sample_rate: f64) -> bool {
    rest <= frames(LEGATO_MS, sample_rate) && rest <= whole / LEGATO_PART
}

/// Whether one time may have been meant as the other.
fn is_about(one: i64, other: i64) -> bool {
    (other - other / 5..=other + other / 4).contains(&one)
}

fn between(one: FramePosition, next: FramePosition) -> i64 {
    next.0.saturating_sub(one.0)
}

#[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and a second has fewer frames")]
fn frames(milliseconds: i64, sample_rate: f64) -> i64 {
    #[allow(clippy::cast_precision_loss, reason = "a thousand")]
    let seconds = milliseconds as f64 / 1000.0;
    (seconds * sample_rate).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame is a millisecond here.
    const RATE: f64 = 1_000.0;
    const QUARTER: i64 = 500;

    /// A name, the onsets with their held times, and when the next onset would be too late.
    type Case<'a> = (&'a str, &'a [(i64, i64)], Option<i64>);

    /// Plays onsets, each with the time its key is down. Returns when the next one would be too late.
    fn overdue_at(onsets: &[(i64, i64)]) -> Option<i64> {
        let mut row = Row::default();
        for (at, held) in onsets {
            row.note_on(FramePosition(*at), RATE);
            row.keys_up(FramePosition(at + held));
        }
        let (at, held) = onsets.last().unwrap();
        row.overdue_at(FramePosition(at + held), QUARTER, RATE).map(|due| due.0)
    }

    #[test]
    fn the_next_note_of_a_row_is_due_by_its_times_and_its_touch() {
        let table: [Case<'_>; 22] = [
            ("one short note: a beat", &[(0, 75)], Some(500 + 75)),
            ("one note that fills most of a beat", &[(0, 400)], Some(500 + 75)),
            ("one long note: there is no row", &[(0, 480)], None),
            ("two notes, half held", &[(0, 125), (250, 125)], Some(583 + 75)),
            ("two notes, the second longer", &[(0, 125), (250, 200)], Some(650 + 75)),
            ("two notes, the second shorter", &[(0, 400), (500, 75)], Some(1_000 + 75)),
            ("two notes, held", &[(0, 240), (250, 240)], None),
            ("a swung upbeat and its beat, half held", &[(0, 95), (190, 155)], Some(523 + 75)),
            ("a swung upbeat and its beat, mostly held", &[(0, 154), (181, 214)], Some(514 + 75)),
            ("an upbeat and a quarter, half held", &[(0, 125), (250, 250)], Some(750 + 75)),
            ("an upbeat and a half note", &[(0, 125), (250, 500)], None),
            ("eighths, half held", &[(0, 125), (250, 125), (500, 125)], Some(750 + 75)),
            ("eighths, the last key shorter", &[(0, 200), (250, 200), (500, 100)], Some(750 + 75)),
            ("eighths, held, and a short one at the end", &[(0, 250), (250, 250), (500, 100)], None),
            ("eighths by a person", &[(0, 120), (270, 130), (480, 110), (770, 125)], Some(770 + 290 + 75)),
            ("a quarter after eighths", &[(0, 125), (250, 125), (500, 125), (750, 250)], Some(1_250 + 75)),
            ("eighths, now short, now long", &[(0, 75), (250, 187), (500, 75), (750, 187)], Some(1_000 + 75)),
            ("a whole note after eighths", &[(0, 125), (250, 125), (500, 125), (750, 1_500)], None),
            ("swung eighths, some keys shorter", &[(0, 100), (310, 50), (500, 70), (810, 90)], Some(1_120 + 75)),
            ("long, short, short", &[(0, 250), (500, 125), (750, 125), (1_000, 250)], Some(1_500 + 75)),
            ("a rest that is none of the row", &[(0, 125), (1_500, 125)], Some(2_000 + 75)),
            ("slow notes, far apart", &[(0, 400), (1_300, 400), (2_600, 250)], None),
        ];
        for (what, onsets, wanted) in table {
            assert_eq!(overdue_at(onsets), wanted, "{what}");
        }
    }

    #[test]
    fn a_rolled_chord_is_one_onset() {
        let roll = |at: i64| [(at, 20), (at + 25, 20), (at + 50, 75)];
        let chords: Vec<(i64, i64)> = [0, 250, 500].into_iter().flat_map(roll).collect();
        assert_eq!(overdue_at(&chords), Some(750 + 75));
    }

    #[test]
    fn detached_eighths_are_waited_for_and_held_ones_are_not() {
        // Up to 30 ms early or late, in no order.
        let off = [0, -30, 17, 30, -22, 8, -30, 30, -11];
        for time in [125, 250, 333, 500, 700] {
            for gate in [30, 50, 80, 95, 105] {
                let onsets: Vec<(i64, i64)> =
                    (0_i64..).zip(off).map(|(n, off)| (100 + n * time + off, time * gate / 100)).collect();
                for count in 3..onsets.len() {
                    let due = overdue_at(&onsets[..count]);
                    let (at, held) = onsets[count - 1];
                    let next = onsets[count].0;
                    let waits = due.is_some_and(|due| due > next);
                    let is_held = next - (at + held) <= LEGATO_MS + UNEVEN_MS;
                    assert!(waits || is_held, "{time} ms, {gate} %, onset {count}: {due:?}, {next}");
                    assert!(
                        due.is_none_or(|due| due <= at + time + LATE_MS + 2 * UNEVEN_MS),
                        "{time} ms, {gate} %: {due:?}"
                    );
                }
            }
        }
    }
}
