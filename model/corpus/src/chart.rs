//! The chords of a tune as a chart that fits its bars.

use super::Tune;
use segue_model::chart::Chart;
use segue_model::chord::Chord;
use segue_model::note::{Bars, Metre, Ticks};

/// A bar of a tune, with its real length.
struct TuneBar {
    from: Ticks,
    to: Ticks,
    /// A metre with this length.
    metre: Metre,
}

impl TuneBar {
    fn length(&self) -> i64 {
        (self.to - self.from).0
    }
}

impl Tune {
    /// The chords of the bars from the bar line `from` to `end` as the text of a chart whose first bar begins at
    /// `from`; empty if the tune has no chords. Chords lie on their beats, and the chart states changes of metre.
    ///
    /// A tune with an upbeat ends that much before its last bar is full, and its form has as many bars as it has
    /// without the upbeat's bar. So the upbeat lies in the last bar of the previous repeat.
    pub fn chart(&self, from: Ticks, end: Ticks) -> String {
        let bars = self.bars_between(from, end);
        let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return String::new() };
        if self.chords.is_empty() {
            return String::new();
        }
        let mut changes: Vec<Vec<(i64, Option<Chord>)>> = bars.iter().map(|bar| self.changes(bar)).collect();
        let is_upbeat = bars.len() > 1 && self.has_upbeat(first) && first.length() == last.length();
        let mut order: Vec<usize> = (0..bars.len()).collect();
        if is_upbeat {
            self.join_upbeat(first, last, &mut changes);
            order[0] = bars.len() - 1;
            order.pop();
        }
        let is_mixed = order.iter().any(|index| bars[*index].metre != bars[order[0]].metre);
        let mut metre = None;
        let texts = order.iter().map(|index| {
            let bar = &bars[*index];
            let is_stated = is_mixed && metre.replace(bar.metre) != Some(bar.metre);
            let stated =
                if is_stated { format!("{}/{} ", bar.metre.numerator, bar.metre.denominator) } else { String::new() };
            stated + &shares(bar.length(), &changes[*index])
        });
        texts.collect::<Vec<_>>().join(" | ")
    }

    fn bars_between(&self, from: Ticks, end: Ticks) -> Vec<TuneBar> {
        let mut bars = Vec::new();
        let mut line = from;
        // A longer chart would not be valid.
        while line < end && bars.len() < Chart::MOST_BARS {
            let here = self.bars_at(line).unwrap_or(Bars { line: from, metre: Metre::COMMON });
            let full = line + here.metre.bar();
            // The next metre may begin before the bar is full.
            let later = self.bars.partition_point(|entry| entry.line <= line);
            let next = self.bars.get(later).map(|entry| entry.line).filter(|next| *next < full);
            let cut = next.and_then(|next| Some((next, metre_of((next - line).0)?)));
            let (to, metre) = cut.unwrap_or((full, here.metre));
            bars.push(TuneBar { from: line, to, metre });
            line = to;
        }
        bars
    }

    /// Whether the tune begins within this bar: its first bar line comes later, or neither note nor chord comes
    /// earlier.
    fn has_upbeat(&self, bar: &TuneBar) -> bool {
        let Some(first) = self.notes.first().map(|note| note.onset) else { return false };
        let is_late = first > bar.from;
        let has_chord = self.chords.iter().any(|(at, _)| *at < bar.to);
        is_late && (!has_chord || self.bars.first().is_some_and(|bars| bars.line > first))
    }

    /// Writes chords over the upbeat into the last bar, if that has room for them.
    fn join_upbeat(&self, first: &TuneBar, last: &TuneBar, changes: &mut [Vec<(i64, Option<Chord>)>]) {
        let end = self.notes.iter().map(|note| note.onset + note.duration).max().unwrap_or(last.to);
        let used = (end - last.from).0;
        let over_upbeat: Vec<_> = self
            .chords
            .iter()
            .filter(|(at, _)| *at >= first.from && *at < first.to)
            .map(|(at, chord)| ((*at - first.from).0, *chord))
            .filter(|(place, _)| *place >= used)
            .collect();
        if let Some(last) = changes.last_mut() {
            last.extend(over_upbeat);
        }
    }

    /// The chord at the beginning of the bar, and the changes within it, by their places in the bar.
    fn changes(&self, bar: &TuneBar) -> Vec<(i64, Option<Chord>)> {
        let within = self.chords.iter().filter(|(at, _)| *at > bar.from && *at < bar.to);
        let within = within.map(|(at, chord)| ((*at - bar.from).0, *chord));
        std::iter::once((0, self.chord_at(bar.from))).chain(within).collect()
    }
}

/// A metre with bars of this length, in quarters if possible.
pub(crate) fn metre_of(length: i64) -> Option<Metre> {
    [4u8, 8, 16, 32, 64].iter().find_map(|denominator| {
        let beat = Ticks::quarters(4).0 / i64::from(*denominator);
        let is_whole = beat > 0 && length % beat == 0;
        is_whole.then(|| Metre::new(u8::try_from(length / beat).ok()?, *denominator))?
    })
}

/// A bar as text, in as few equal shares as put each chord in its place, with `/` for shares on which the chord
/// continues.
fn shares(length: i64, changes: &[(i64, Option<Chord>)]) -> String {
    /// Finer places, as in music that was played and not written, are moved to the nearest of these.
    const FINEST: i64 = 12;
    const MOST_SHARES: i64 = 24;
    let divisor = |changes: &[(i64, Option<Chord>)]| {
        changes.iter().fold(length, |divisor, (at, _)| greatest_common_divisor(divisor, *at))
    };
    let mut changes = changes.to_vec();
    if length / divisor(&changes) > MOST_SHARES && length % FINEST == 0 {
        for (at, _) in &mut changes {
            *at = (*at + FINEST / 2) / FINEST * FINEST;
        }
        changes.retain(|(at, _)| *at < length);
    }
    let share = divisor(&changes).max(1);
    let words = (0..length / share).map(|number| {
        // If several changes fall on one place, the last one counts.
        let change = changes.iter().rev().find(|(at, _)| *at == number * share);
        change.map_or_else(
            || "/".to_owned(),
            |(_, chord)| chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string()),
        )
    });
    words.collect::<Vec<_>>().join(" ")
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use crate::abc::parse_book;
    use segue_model::chart::Chart;
    use segue_model::note::{Metre, Ticks};

    /// The chart of a tune from the bar of its first note on, after being read again.
    fn chart(abc: &str) -> String {
        let mut book = parse_book(&format!("X:1\n{abc}"), "book");
        assert_eq!(book.refused, []);
        let tune = book.tunes.remove(0).1;
        let bars = tune.bars_at(Ticks::ZERO).unwrap();
        let from = Ticks::ZERO - bars.place(Ticks::ZERO);
        let end = tune.notes.iter().map(|note| note.onset + note.duration).max().unwrap();
        let text = tune.chart(from, end);
        let read = Chart::parse(&text).unwrap().unwrap();
        // At every moment of the tune the chart has the tune's chord, except during an upbeat without one.
        let first_chord = tune.chords.first().map_or(end, |(at, _)| *at);
        for moment in (first_chord.0..end.0).step_by(12) {
            let place = Ticks(moment - from.0);
            assert_eq!(read.at(place, bars.metre), tune.chord_at(Ticks(moment)), "{abc}: {text} at {moment}");
        }
        text
    }

    #[test]
    fn a_chart_fits_the_bars_of_its_tune() {
        for (abc, expected, why) in [
            ("M:4/4\nL:1/4\nK:G\n\"G\"GABc|\"C\"cBcd|", "G | C", "a bar each"),
            (
                "M:4/4\nL:1/4\nK:G\nD|\"G\"GABc|\"C\"cBcd|\"D\"dcBA|\"G\"G3||",
                "G | G | C | D",
                "an upbeat lies in the last bar",
            ),
            ("M:4/4\nL:1/4\nK:G\n\"D7\"D|\"G\"GABc|\"C\"cBcd|\"G\"G3||", "G / / D7 | G | C", "with a chord of its own"),
            ("M:4/4\nL:1/4\nK:G\nD|\"G\"GABc|\"C\"cBcd|\"G\"G4||", "G | G | C", "a last bar that is full"),
            ("M:3/4\nL:1/4\nK:D\n\"G\"G2\"D7\"A|\"G\"G3|", "G / D7 | G", "the third beat of a waltz"),
            ("M:9/8\nL:1/8\nK:G\n\"G\"G3\"C\"A3\"D\"B3|\"G\"G9|", "G C D | G", "three chords of a slip jig"),
            ("M:5/4\nL:1/4\nK:C\n\"Am\"A3\"E\"B2|\"Am\"A5|", "Am / / E / | Am", "three and two"),
            ("M:6/8\nL:1/8\nK:C\n\"Am\"A3\"E\"B3|\"Am\"A6|", "Am E | Am", "halves"),
            ("M:4/4\nL:1/8\nK:C\n\"C\"c3\"F\"f5|", "C / / F / / / /", "on the upbeat of the second beat"),
            (
                "M:4/4\nL:1/4\nK:C\n\"C\"cccc|\"F\"ffff|[M:3/4]\"G\"ggg|\"Am\"aaa|",
                "4/4 C | F | 3/4 G | Am",
                "another metre",
            ),
            ("M:4/4\nL:1/4\nK:C\n\"C\"cccc|ff|\"G\"gggg|", "4/4 C | 2/4 C | 4/4 G", "a bar that is shorter"),
            ("M:4/4\nL:1/4\nK:C\nc\"C\"ccc|\"N.C.\"f4|", "N.C. C / / | N.C.", "no chord"),
        ] {
            assert_eq!(chart(abc), expected, "{why}");
        }
    }

    #[test]
    fn chords_that_were_played_are_moved_to_sixteenths() {
        let chord = |text| segue_model::chord::Chord::parse(text).unwrap();
        let changes = [(0, chord("C")), (49, chord("F")), (97, chord("G")), (190, chord("Am"))];
        assert_eq!(super::shares(192, &changes), "C F G /");
        assert_eq!(super::metre_of(Metre::new(7, 8).unwrap().bar().0), Metre::new(7, 8));
        assert_eq!(super::metre_of(7), None);
    }
}
