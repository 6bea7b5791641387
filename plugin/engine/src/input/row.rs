//! When the player's next note is due, judged by the notes before it.
//!
//! Who plays detached lets go of all keys between two notes, and that is no room for an answer. From one stroke nobody can
//! tell how long its time is: at least an eighth, and twice as long as its key is held where that is more, but no more than
//! a beat. From two on the player's touch is known: how
//! much longer than a key is held its time lasts. And a row of even, detached times goes on evenly, however long this one key was held.
//!
//! Counts frames and knows neither beats nor whose turn it is.

use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;

/// So many of the latest strokes are looked at: three times between them, which is one round of a rhythm like long, short,
/// short.
const STROKES: usize = 4;
/// Strokes that follow the first of a chord within this time belong to it, also where the chord is rolled.
const ROLLED_MS: i64 = 60;
/// How much later than expected a note may come: two strokes may each be some 30 ms beside their time, one early and the
/// next late, and what is expected is itself read from such strokes.
const LATE_MS: i64 = 75;
/// A key that goes up this short before the next note, and this part of its time before it, has been held for all of it.
const LEGATO_MS: i64 = 45;
const LEGATO_PART: i64 = 5;
/// Nobody who plays a row leaves more silence than this before its next note.
const LONGEST_REST_MS: i64 = 1_000;
/// Times that differ by no more than this, or by half of the shorter one, are even: two strokes that are 30 ms beside
/// their time.
const UNEVEN_MS: i64 = 60;
/// A rest after a note is at most so many times the longest rest in the row: a note is rarely more than four times as long
/// as the longest of the three before it.
const LONGEST_REST: i64 = 4;

/// A stroke of the player's; a chord is one.
#[derive(Debug, Clone, Copy)]
struct Stroke {
    down: FramePosition,
    /// When no finger was on a key any more before the next stroke.
    up: Option<FramePosition>,
}

/// The latest strokes of the player's.
#[derive(Debug, Default)]
pub struct Row {
    strokes: ArrayVec<Stroke, STROKES>,
}

/// The time from one stroke to the next, in frames.
#[derive(Debug, Clone, Copy)]
struct Time {
    whole: i64,
    /// The part of it in which no key was down.
    rest: i64,
}

impl Row {
    /// Nothing was played.
    pub fn forget(&mut self) {
        self.strokes.clear();
    }

    /// The player strikes a key.
    pub fn strike(&mut self, at: FramePosition, sample_rate: f64) {
        if let Some(last) = self.strokes.last_mut() {
            if between(last.down, at) <= frames(ROLLED_MS, sample_rate) {
                last.up = None;
                return;
            }
            if last.up.is_some_and(|up| between(up, at) > frames(LONGEST_REST_MS, sample_rate)) {
                self.strokes.clear();
            }
        }
        if self.strokes.is_full() {
            let _ = self.strokes.pop_at(0);
        }
        let _ = self.strokes.try_push(Stroke { down: at, up: None });
    }

    /// No finger is on a key any more.
    pub fn let_go(&mut self, at: FramePosition) {
        if let Some(last) = self.strokes.last_mut() {
            last.up = Some(at);
        }
    }

    /// The player has just let go of all keys: the moment at which the next note would be too late to belong to the row.
    /// `None` when the last key was held until the next note was due, or when there is no row. A `quarter` note is so many frames.
    pub fn overdue_at(&self, now: FramePosition, quarter: i64, sample_rate: f64) -> Option<FramePosition> {
        let last = self.strokes.last()?;
        let held = between(last.down, now);
        let expected = self.expected(held, sample_rate).unwrap_or_else(|| (2 * held).max(quarter / 2).min(quarter));
        let rest = expected - held;
        let waits = rest <= frames(LONGEST_REST_MS, sample_rate) && !is_legato(rest, expected, sample_rate);
        waits.then(|| last.down.plus(expected + frames(LATE_MS, sample_rate)))
    }

    /// How long after the last stroke the next one is to be expected, where its key was held for so many frames.
    fn expected(&self, held: i64, sample_rate: f64) -> Option<i64> {
        let pairs = || self.strokes.iter().zip(self.strokes.iter().skip(1));
        let times = || pairs().map(|(one, next)| Time::between(one, *next, sample_rate));
        let (longest, shortest) = (times().map(|time| time.whole).max()?, times().map(|time| time.whole).min()?);
        let longest_held = times().map(Time::held).max()?;
        let longest_rest = times().map(|time| time.rest).max()?;
        // Each stroke before this one says how long a key is held for its time.
        let by_touch = times().map(|time| held.saturating_mul(time.whole) / time.held()).max()?;
        let by_touch = if by_touch - held <= LONGEST_REST * longest_rest { by_touch } else { held };
        if self.strokes.len() == 2 {
            // One time is no row yet, and says how long another may be at most.
            return Some(by_touch.min(longest));
        }
        // Fingers are less exact than the rhythm: a time of the row that is about as long is meant.
        let meant = times().map(|time| time.whole).filter(|whole| is_about(*whole, by_touch)).max().unwrap_or(by_touch);
        let alike = times().filter(|time| is_about(time.held(), held)).map(|time| time.whole).max();
        let is_even = longest - shortest <= frames(UNEVEN_MS, sample_rate).max(shortest / 2) && longest_rest > 0;
        Some(match (is_even, alike) {
            (true, Some(alike)) => alike.max(longest),
            (false, Some(alike)) => alike,
            (true, None) if held < longest_held * 3 / 2 => longest,
            _ => meant,
        })
    }
}

impl Time {
    /// A rest as short as in legato playing is none.
    fn between(one: &Stroke, next: Stroke, sample_rate: f64) -> Self {
        let whole = between(one.down, next.down);
        let rest = one.up.map_or(0, |up| between(up, next.down));
        Self { whole, rest: if is_legato(rest, whole, sample_rate) { 0 } else { rest } }
    }

    /// For how long a key was down.
    fn held(self) -> i64 {
        (self.whole - self.rest).max(1)
    }
}

/// Whether so short a rest at the end of a time is none.
fn is_legato(rest: i64, whole: i64, sample_rate: f64) -> bool {
    rest <= frames(LEGATO_MS, sample_rate) && rest <= whole / LEGATO_PART
}

/// Whether fingers may have meant the one by the other.
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

    /// What it is, the strokes, and when the next would be too late.
    type Case<'a> = (&'a str, &'a [(i64, i64)], Option<i64>);

    /// Plays strokes, each at a time and held for some time; when the next would be too late.
    fn overdue_at(strokes: &[(i64, i64)]) -> Option<i64> {
        let mut row = Row::default();
        for (at, held) in strokes {
            row.strike(FramePosition(*at), RATE);
            row.let_go(FramePosition(at + held));
        }
        let (at, held) = strokes.last().unwrap();
        row.overdue_at(FramePosition(at + held), QUARTER, RATE).map(|due| due.0)
    }

    #[test]
    fn the_next_note_of_a_row_is_due_by_its_times_and_its_touch() {
        let table: [Case<'_>; 17] = [
            ("one short note: an eighth", &[(0, 75)], Some(250 + 75)),
            ("one note: twice as long as it was held", &[(0, 150)], Some(300 + 75)),
            ("the same, but within a beat", &[(0, 400)], Some(500 + 75)),
            ("one long note: there is no row", &[(0, 480)], None),
            ("two notes, half held", &[(0, 125), (250, 125)], Some(500 + 75)),
            ("two notes, the second longer", &[(0, 125), (250, 200)], Some(500 + 75)),
            ("two notes, held", &[(0, 240), (250, 240)], None),
            ("eighths, half held", &[(0, 125), (250, 125), (500, 125)], Some(750 + 75)),
            ("eighths, the last key shorter", &[(0, 200), (250, 200), (500, 100)], Some(750 + 75)),
            ("eighths, held, and a short one at the end", &[(0, 250), (250, 250), (500, 100)], None),
            ("eighths by a person", &[(0, 120), (270, 130), (480, 110), (770, 125)], Some(770 + 290 + 75)),
            ("a quarter after eighths", &[(0, 125), (250, 125), (500, 125), (750, 250)], Some(1_250 + 75)),
            ("eighths, now short, now long", &[(0, 75), (250, 187), (500, 75), (750, 187)], Some(1_000 + 75)),
            ("a whole note after eighths", &[(0, 125), (250, 125), (500, 125), (750, 1_500)], None),
            ("long, short, short", &[(0, 250), (500, 125), (750, 125), (1_000, 250)], Some(1_500 + 75)),
            ("a rest that is none of the row", &[(0, 125), (1_500, 125)], Some(1_750 + 75)),
            ("slow notes, far apart", &[(0, 400), (1_300, 400), (2_600, 250)], None),
        ];
        for (what, strokes, wanted) in table {
            assert_eq!(overdue_at(strokes), wanted, "{what}");
        }
    }

    #[test]
    fn a_rolled_chord_is_one_stroke() {
        let roll = |at: i64| [(at, 20), (at + 25, 20), (at + 50, 75)];
        let chords: Vec<(i64, i64)> = [0, 250, 500].into_iter().flat_map(roll).collect();
        assert_eq!(overdue_at(&chords), Some(750 + 75));
    }

    #[test]
    fn whoever_plays_eighths_detached_is_waited_for_and_whoever_holds_them_is_not() {
        // Beside its time by up to 30 ms, in no order.
        let beside = [0, -30, 17, 30, -22, 8, -30, 30, -11];
        for time in [125, 250, 333, 500, 700] {
            for gate in [30, 50, 80, 95, 105] {
                let strokes: Vec<(i64, i64)> =
                    (0_i64..).zip(beside).map(|(n, beside)| (100 + n * time + beside, time * gate / 100)).collect();
                for count in 3..strokes.len() {
                    let due = overdue_at(&strokes[..count]);
                    let (at, held) = strokes[count - 1];
                    let next = strokes[count].0;
                    let waits = due.is_some_and(|due| due > next);
                    let is_held = next - (at + held) <= LEGATO_MS + UNEVEN_MS;
                    assert!(waits || is_held, "{time} ms, {gate} %, stroke {count}: {due:?}, {next}");
                    assert!(
                        due.is_none_or(|due| due <= at + time + LATE_MS + 2 * UNEVEN_MS),
                        "{time} ms, {gate} %: {due:?}"
                    );
                }
            }
        }
    }
}
