//! What is read from a piano bench: whose turn it is and for how long, and the present and the coming chord.

use super::super::theme;
use super::chords::ChordChange;
use crate::params::ModeChoice;
use egui::{Align2, Color32, Painter, Rect, pos2};
use segue_engine::snapshot::Snapshot;
use segue_model::chord::Chord;

/// The part of the roll that lies before the present moment, without its head.
pub fn past(roll: Rect) -> Rect {
    Rect::from_min_max(
        pos2(roll.left(), roll.top() + super::HEAD),
        pos2(roll.left() + roll.width() * super::NOW, roll.bottom()),
    )
}

/// Whose turn it is, and how long it lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnWords {
    /// Whose turn, in one word.
    pub whose: &'static str,
    /// How long, in a few words; may be empty.
    pub rest: String,
    /// Whether it is Segue's.
    pub is_segues: bool,
}

/// A count of bars or beats, begun ones included.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn count(ticks: f64, one: i64) -> i64 {
    // A moment that lies a rounding before the line belongs to what begins there.
    ((ticks - 1e-3) / super::float(one)).ceil().max(1.0) as i64
}

fn plural(number: i64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

impl TurnWords {
    /// The words for a moment, which may lie a little after that of the snapshot.
    pub fn of(mode: ModeChoice, snapshot: &Snapshot, now: f64) -> Self {
        let metre = snapshot.bars.metre;
        let (bar, beat) = (metre.bar().0, metre.beat().0.max(1));
        let until = |tick: f64| {
            let left = tick - now;
            if left > super::float(bar) { plural(count(left, bar), "bar") } else { plural(count(left, beat), "beat") }
        };
        let you = |rest: String| Self { whose: "You", rest, is_segues: false };
        let segue = |rest: String| Self { whose: "Segue", rest, is_segues: true };
        match (mode, snapshot.part) {
            (ModeChoice::Duet, Some(part)) if part.plays => {
                Self { whose: "Together", rest: String::new(), is_segues: true }
            }
            (ModeChoice::Duet, _) => you("begin, and Segue joins you".to_owned()),
            (_, Some(part)) if part.plays || now >= part.start => {
                segue(if part.end.is_finite() { until(part.end) } else { String::new() })
            }
            (ModeChoice::Trade, Some(part)) => {
                let left = part.start - now;
                // The last bar is counted in.
                if left > super::float(bar) {
                    you(until(part.start))
                } else {
                    you(format!("Segue in {}", count(left, beat)))
                }
            }
            (ModeChoice::Answer, Some(_)) => segue("answers".to_owned()),
            (_, None) => you(String::new()),
        }
    }
}

/// Draws turn and chords into the part of the roll that lies ahead.
pub fn draw(painter: &Painter, rect: Rect, words: &TurnWords, now: f64, chords: (Option<Chord>, Option<ChordChange>)) {
    let colour = if words.is_segues { theme::SEGUE_TEXT } else { theme::PLAYER };
    let left = rect.left() + 10.0;
    let behind = |from: f32, to: f32| {
        let place = Rect::from_x_y_ranges(rect.left() + 1.0..=rect.right(), from..=to);
        painter.rect_filled(place, 0.0, theme::PAPER.gamma_multiply(0.8));
    };
    behind(rect.top(), rect.top() + 66.0);
    let width = rect.width() - 16.0;
    let line = |at: egui::Pos2, text: &str, font, colour: Color32| {
        let galley = theme::elided(painter, text, font, colour, width);
        painter.galley(at, galley, colour);
    };
    line(pos2(left, rect.top() + 4.0), words.whose, theme::huge(), colour);
    line(pos2(left, rect.top() + 39.0), &words.rest, theme::large(), colour);
    let (present, next) = chords;
    let Some(present) = present else { return };
    // Above the legend.
    let bottom = rect.bottom() - 26.0;
    behind(bottom - 44.0, bottom);
    let half = rect.width() / 2.0;
    let chord = |x: f32, heading: &str, name: &str, colour: Color32| {
        painter.text(pos2(x, bottom - 42.0), Align2::LEFT_TOP, heading, theme::small(), theme::QUIET);
        let galley = theme::elided(painter, name, theme::large(), colour, half - 12.0);
        painter.galley(pos2(x, bottom - 26.0), galley, colour);
    };
    chord(left, "now", &present.to_string(), theme::TEXT);
    if let Some((from, coming)) = next {
        let beats = count(from - now, super::TICKS_PER_QUARTER);
        let name = coming.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string());
        chord(left + half - 4.0, &format!("in {beats}"), &name, theme::DIM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_engine::snapshot::ShownPart;
    use segue_model::note::{Bars, Metre, Ticks};

    const BAR: f64 = 192.0;

    fn words(mode: ModeChoice, now: f64, part: Option<(f64, f64, bool)>) -> (&'static str, String) {
        let snapshot = Snapshot {
            now,
            tempo_bpm: 120.0,
            tempo_is_read: false,
            bars: Bars { line: Ticks::ZERO, metre: Metre::COMMON },
            form: Ticks::ZERO,
            follows_host: true,
            is_segues_turn: false,
            part: part.map(|(start, end, plays)| ShownPart { start, end, plays }),
            planned: std::iter::empty().collect(),
        };
        let words = TurnWords::of(mode, &snapshot, now);
        assert_eq!(words.is_segues, words.whose != "You");
        (words.whose, words.rest)
    }

    #[test]
    fn the_turn_and_its_length_are_said_in_a_few_words() {
        use ModeChoice::{Answer, Duet, Trade};
        let segues = Some((2.0 * BAR, 4.0 * BAR, true));
        let next = Some((4.0 * BAR, 6.0 * BAR, false));
        for (mode, now, part, whose, rest) in [
            (Trade, 2.0 * BAR, segues, "Segue", "2 bars"),
            (Trade, 2.5 * BAR, segues, "Segue", "2 bars"),
            (Trade, 3.0 * BAR, segues, "Segue", "4 beats"),
            (Trade, 3.9 * BAR, segues, "Segue", "1 beat"),
            (Trade, 2.0 * BAR, next, "You", "2 bars"),
            (Trade, 3.0 * BAR, next, "You", "Segue in 4"),
            (Trade, 3.8 * BAR, next, "You", "Segue in 1"),
            (Trade, 0.0, None, "You", ""),
            (Answer, 0.0, Some((20.0, BAR, false)), "Segue", "answers"),
            (Answer, 0.0, Some((0.0, f64::INFINITY, true)), "Segue", ""),
            (Answer, 0.0, None, "You", ""),
            (Duet, 0.0, Some((0.0, f64::INFINITY, true)), "Together", ""),
            (Duet, 0.0, None, "You", "begin, and Segue joins you"),
        ] {
            assert_eq!(words(mode, now, part), (whose, rest.to_owned()), "{mode:?} at {now}, {part:?}");
        }
    }
}
