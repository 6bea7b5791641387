//! Which bars of a piece repeat which, in words.

use segue_model::form::{BarLabel, label};
use segue_model::note::{Bars, Note, Ticks};

/// The form of notes that are ordered by onset, such as "1-4 new, 5-7 as 1-3, 8 new"; `None` in free time, and where
/// nothing is repeated. The first bar with a note is bar 1.
pub fn described(notes: &[Note], bars: &[Bars]) -> Option<String> {
    let bars_at = |moment: Ticks| bars.iter().rfind(|bars| bars.line <= moment).or(bars.first()).copied();
    let labels = label(notes, bars_at);
    let runs = labels.chunk_by(|one, next| one.lag == next.lag && one.transposed == next.transposed);
    let mut first = 1;
    let described: Vec<String> = runs
        .map(|run| {
            let from = first;
            first += run.len();
            run_described(run, from)
        })
        .collect();
    labels.iter().any(|bar| bar.lag > 0).then(|| described.join(", "))
}

/// Bars with one label, of which the first has this number.
fn run_described(run: &[BarLabel], from: usize) -> String {
    let to = from + run.len() - 1;
    let numbers = |from: usize, to: usize| if from == to { from.to_string() } else { format!("{from}-{to}") };
    let own = numbers(from, to);
    let lag = run.first().map_or(0, |bar| usize::from(bar.lag));
    if lag == 0 {
        return format!("{own} new");
    }
    // A run that is longer than its lag repeats itself.
    let source = numbers(from - lag, to.min(from + lag - 1) - lag);
    match run.first().map_or(0, |bar| bar.transposed) {
        0 => format!("{own} as {source}"),
        by => format!("{own} as {source}, {by:+} semitones"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Metre, Pitch, Velocity};

    const BARS: [Bars; 1] = [Bars { line: Ticks::ZERO, metre: Metre::COMMON }];

    /// Four quarters in each bar, each bar from another list.
    fn line(bars: &[[u8; 4]]) -> Vec<Note> {
        let keys = bars.iter().flatten();
        let note = |(at, key): (i64, &u8)| Note {
            onset: Ticks(48 * at),
            pitch: Pitch::new(*key).expect("a key"),
            duration: Ticks(48),
            velocity: Velocity::DEFAULT,
        };
        (0..).zip(keys).map(note).collect()
    }

    const A: [u8; 4] = [60, 62, 64, 65];
    const B: [u8; 4] = [67, 71, 74, 71];
    const C: [u8; 4] = [72, 69, 66, 61];
    const A_UP: [u8; 4] = [63, 65, 67, 68];
    const B_UP: [u8; 4] = [70, 74, 77, 74];

    #[test]
    fn runs_of_bars_name_what_they_repeat() {
        let form = |bars: &[[u8; 4]]| described(&line(bars), &BARS);
        assert_eq!(form(&[A, B, A, B, C]).as_deref(), Some("1-2 new, 3-4 as 1-2, 5 new"));
        assert_eq!(form(&[A, A, A, A]).as_deref(), Some("1 new, 2-4 as 1"));
        assert_eq!(form(&[A, B, A_UP, B_UP]).as_deref(), Some("1-2 new, 3-4 as 1-2, +3 semitones"));
        assert_eq!(form(&[A, B, C]), None);
        assert_eq!(described(&line(&[A, A]), &[]), None, "free time has no bars");
        assert_eq!(described(&[], &BARS), None);
    }
}
