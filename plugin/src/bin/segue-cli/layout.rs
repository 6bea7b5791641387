//! Who plays when: the prompt's notes and Segue's room on one time line, for each mode.

use crate::prompt::Prompt;
use segue::params::ModeChoice;
use segue_corpus::{Tempo, tempo_after};
use segue_model::note::{Bars, Metre, Note, Ticks};

/// A session to be played.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// What the player plays.
    pub notes: Vec<Note>,
    /// The bars, each with the line from which it is counted.
    pub bars: Vec<Bars>,
    /// In a trade, the bar of the tune whose chords hold in each bar, with its metre; otherwise empty.
    pub chords: Vec<(usize, Metre)>,
    /// Changes of tempo. For the answer, the last of the tune holds, or the one before a slowing-down at its end.
    pub tempos: Vec<Tempo>,
    /// The end of the session: notes of Segue's from here on are not requested.
    pub end: Ticks,
}

/// In Answer, Segue has `bars` after the tune. In Trade, the tune is played in turns, with a turn of Segue's after (or
/// before) each, up to `bars` of Segue's, in the metre of the tune there. In Duet both play until the tune ends, or for
/// `bars` bars.
pub fn lay_out(prompt: &Prompt, mode: ModeChoice, turn_bars: i64, segue_first: bool, bars: Option<i64>) -> Layout {
    /// The default length.
    const USUAL_BARS: i64 = 8;
    match mode {
        ModeChoice::Answer => {
            let notes = let_go(&prompt.notes, prompt.end());
            let (bars_of_tune, tempos) = (prompt.bars.clone(), prompt.tempos.clone());
            let mut layout = Layout { notes, bars: bars_of_tune, chords: Vec::new(), tempos, end: prompt.end() };
            layout.tempos.retain(|tempo| tempo.at < prompt.end());
            layout.push_tempo(tempo_after(&prompt.tempos, prompt.end()));
            let lines = BarsOfTune::of(prompt);
            // The chords of the tune repeat, and its metres with them.
            let first = usize::from(prompt.has_upbeat);
            let form = lines.count().saturating_sub(first).max(1);
            for bar in 0..count(bars.unwrap_or(USUAL_BARS)) {
                let is_round = !prompt.chart.is_empty();
                let metre = lines.metre(if is_round { first + bar % form } else { lines.count() });
                layout.add_bar(metre, metre.bar());
            }
            layout
        }
        ModeChoice::Duet => {
            let lines = BarsOfTune::of(prompt);
            let end = bars.map_or(prompt.end(), |bars| lines.line(count(bars)));
            let notes = cut(&prompt.notes, Ticks::ZERO, end);
            Layout { notes, bars: prompt.bars.clone(), chords: Vec::new(), tempos: prompt.tempos.clone(), end }
        }
        ModeChoice::Trade => {
            let lines = BarsOfTune::of(prompt);
            let turn = count(turn_bars.max(1));
            let of_tune = lines.count().div_ceil(turn);
            let turns = bars.map_or(of_tune, |bars| of_tune.min(count(bars).div_ceil(turn))).max(1);
            let mut layout = Layout::default();
            for number in 0..turns {
                let (first, after) = (number * turn, (number + 1) * turn);
                // Segue plays over the chords of the bars that it trades.
                let bars_of_turn = || first..after;
                let (from, to) = (lines.line(first), lines.line(after));
                if segue_first {
                    layout.add_tempos(prompt, from, from, layout.end);
                    layout.chords.extend(bars_of_turn().map(|bar| (bar, lines.metre(first))));
                    layout.leave_room(turn, lines.metre(first));
                }
                for bar in bars_of_turn() {
                    layout.chords.push((bar, lines.metre(bar)));
                    layout.add_bar(lines.metre(bar), lines.line(bar + 1) - lines.line(bar));
                }
                let place = layout.end - (to - from);
                layout.add_tempos(prompt, from, to, place);
                let part = let_go(&cut(&prompt.notes, from, to), to);
                layout.notes.extend(part.into_iter().map(|note| Note { onset: note.onset - from + place, ..note }));
                if !segue_first {
                    layout.chords.extend(bars_of_turn().map(|bar| (bar, lines.metre(after - 1))));
                    layout.leave_room(turn, lines.metre(after - 1));
                }
            }
            layout
        }
    }
}

fn count(bars: i64) -> usize {
    usize::try_from(bars).unwrap_or(0)
}

impl Layout {
    /// Adds bars in which the player does not play.
    fn leave_room(&mut self, bars: usize, metre: Metre) {
        for _ in 0..bars {
            self.add_bar(metre, metre.bar());
        }
    }

    /// Adds the tempo of the tune at `from` and its changes before `to`, from the moment `place` on.
    fn add_tempos(&mut self, prompt: &Prompt, from: Ticks, to: Ticks, place: Ticks) {
        let later = prompt.tempos.partition_point(|tempo| tempo.at <= from);
        let holding = later.checked_sub(1).and_then(|index| prompt.tempos.get(index));
        let changes = prompt.tempos[later..].iter().take_while(|tempo| tempo.at < to);
        let moved = |tempo: &Tempo| Tempo { at: place + (tempo.at - from).max(Ticks::ZERO), ..*tempo };
        for tempo in holding.into_iter().chain(changes).map(moved) {
            self.push_tempo(Some(tempo));
        }
    }

    /// Adds a change of tempo, unless it changes nothing.
    fn push_tempo(&mut self, tempo: Option<Tempo>) {
        let changes = |tempo: &Tempo| self.tempos.last().is_none_or(|last| last.quarter_us != tempo.quarter_us);
        self.tempos.extend(tempo.filter(changes));
    }

    /// Adds a bar. If the tune cuts it short, it is shorter than its metre.
    fn add_bar(&mut self, metre: Metre, length: Ticks) {
        let goes_on = self.bars.last().is_some_and(|last| last.metre == metre && last.place(self.end) == Ticks::ZERO);
        if !goes_on {
            self.bars.push(Bars { line: self.end, metre });
        }
        self.end += length;
    }
}

/// The bars of a tune.
struct BarsOfTune {
    /// Where each bar begins, and its metre.
    lines: Vec<(Ticks, Metre)>,
    end: Ticks,
}

impl BarsOfTune {
    fn of(prompt: &Prompt) -> Self {
        let end = prompt.end();
        let mut lines = Vec::new();
        let ends = prompt.bars.iter().skip(1).map(|next| next.line).chain([end]);
        for (bars, until) in prompt.bars.iter().zip(ends) {
            let mut line = bars.line;
            while line < until {
                lines.push((line, bars.metre));
                line += bars.metre.bar();
            }
        }
        Self { lines, end }
    }

    fn count(&self) -> usize {
        self.lines.len()
    }

    /// The metre of a bar; after the end of the tune, the last metre holds.
    fn metre(&self, bar: usize) -> Metre {
        self.lines.get(bar).or(self.lines.last()).map_or(Metre::COMMON, |(_, metre)| *metre)
    }

    /// Where a bar begins.
    fn line(&self, bar: usize) -> Ticks {
        let beyond = i64::try_from(bar.saturating_sub(self.count())).unwrap_or(0);
        let behind = Ticks(self.end.0 + beyond * self.metre(bar).bar().0);
        self.lines.get(bar).map_or(behind, |(line, _)| *line)
    }
}

/// The notes that begin between two moments, shortened to end at the second.
fn cut(notes: &[Note], from: Ticks, to: Ticks) -> Vec<Note> {
    let inside = notes.iter().filter(|note| (from..to).contains(&note.onset));
    inside.map(|note| Note { duration: note.duration.min(to - note.onset), ..*note }).collect()
}

/// Shortens the last notes to end a little before the bar line, so that the answer can begin there.
fn let_go(notes: &[Note], end: Ticks) -> Vec<Note> {
    const EARLY: i64 = 2;
    let last = |note: &Note| (end - note.onset).0 - EARLY;
    notes.iter().map(|note| Note { duration: Ticks(note.duration.0.min(last(note)).max(1)), ..*note }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Pitch, Velocity};

    const BAR: i64 = 192;

    /// A prompt with one note per bar.
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
            chart: String::new(),
            tempos: Vec::new(),
            sharps: None,
            has_upbeat: false,
            notices: Vec::new(),
        }
    }

    /// Checks the bars in which the player's notes begin, and the number of bars.
    fn check(mode: ModeChoice, segue_first: bool, bars: Option<i64>, wanted: &[i64], end: i64) {
        let layout = lay_out(&prompt(4), mode, 2, segue_first, bars);
        let begins: Vec<i64> = layout.notes.iter().map(|note| note.onset.0 / BAR).collect();
        assert_eq!((begins.as_slice(), layout.end.0), (wanted, end * BAR), "{mode:?} {bars:?}");
        assert!(layout.notes.iter().all(|note| note.duration.0 > 0 && note.onset + note.duration <= layout.end));
    }

    #[test]
    fn each_mode_gives_the_player_and_segue_their_bars() {
        check(ModeChoice::Answer, false, None, &[0, 1, 2, 3], 12);
        check(ModeChoice::Answer, false, Some(3), &[0, 1, 2, 3], 7);
        check(ModeChoice::Duet, false, None, &[0, 1, 2, 3], 4);
        check(ModeChoice::Duet, false, Some(2), &[0, 1], 2);
        check(ModeChoice::Trade, false, None, &[0, 1, 4, 5], 8);
        check(ModeChoice::Trade, true, None, &[2, 3, 6, 7], 8);
        check(ModeChoice::Trade, false, Some(2), &[0, 1], 4);
        check(ModeChoice::Trade, false, Some(99), &[0, 1, 4, 5], 8);
    }

    /// Segue plays its turns in the tempo in which the player's turn ended.
    #[test]
    fn in_a_trade_segue_keeps_the_tempo_of_the_turn_before() {
        let tempos = [(0, 120.0), (BAR, 60.0), (3 * BAR, 90.0)];
        let tempos = tempos.map(|(at, bpm)| Tempo::of_bpm(Ticks(at), bpm).unwrap()).to_vec();
        let check = |segue_first, expected: &[(i64, f64)]| {
            let layout =
                lay_out(&Prompt { tempos: tempos.clone(), ..prompt(4) }, ModeChoice::Trade, 2, segue_first, None);
            let found: Vec<_> = layout.tempos.iter().map(|tempo| (tempo.at.0 / BAR, tempo.bpm().round())).collect();
            assert_eq!(found, expected);
        };
        check(false, &[(0, 120.0), (1, 60.0), (5, 90.0)]);
        check(true, &[(0, 120.0), (3, 60.0), (7, 90.0)]);
    }

    #[test]
    fn an_answer_does_not_go_on_in_a_slowing_down() {
        let tempos = [(0, 120.0), (3 * BAR, 90.0), (3 * BAR + 96, 60.0)];
        let tempos = tempos.map(|(at, bpm)| Tempo::of_bpm(Ticks(at), bpm).unwrap()).to_vec();
        let layout = lay_out(&Prompt { tempos: tempos.clone(), ..prompt(4) }, ModeChoice::Answer, 2, false, None);
        assert_eq!(layout.tempos[..3], tempos);
        assert_eq!(layout.tempos[3..], [Tempo { at: Ticks(4 * BAR), ..tempos[0] }]);
    }

    #[test]
    fn in_a_trade_segues_bars_are_in_the_metre_of_the_tune_there() {
        let waltz = Metre::new(3, 4).unwrap();
        // Three bars of four beats, then five of three.
        let bars = vec![Bars { line: Ticks::ZERO, metre: Metre::COMMON }, Bars { line: Ticks(3 * BAR), metre: waltz }];
        let note =
            |onset| Note { onset: Ticks(onset), pitch: Pitch::MAX, duration: Ticks(48), velocity: Velocity::DEFAULT };
        let onsets = (0..3).map(|bar| bar * BAR).chain((0..5).map(|bar| 3 * BAR + bar * 144));
        let tune = Prompt { notes: onsets.map(note).collect(), bars, ..prompt(1) };
        let layout = lay_out(&tune, ModeChoice::Trade, 2, false, None);
        let lines: Vec<(i64, u8)> = layout.bars.iter().map(|bars| (bars.line.0, bars.metre.numerator)).collect();
        // Player 4 4, Segue 4 4, player 4 3, Segue 3 3, and then all bars have three beats.
        assert_eq!(lines, [(0, 4), (5 * BAR, 3)]);
        assert_eq!(layout.end, Ticks(5 * BAR + 11 * 144));
        let yours: Vec<i64> = layout.notes.iter().map(|note| note.onset.0).collect();
        let three = |bar: i64| 5 * BAR + bar * 144;
        assert_eq!(yours, [0, BAR, 4 * BAR, three(0), three(3), three(4), three(7), three(8)]);
        let layout = lay_out(&tune, ModeChoice::Trade, 2, true, None);
        let lines: Vec<(i64, u8)> = layout.bars.iter().map(|bars| (bars.line.0, bars.metre.numerator)).collect();
        assert_eq!(lines, [(0, 4), (7 * BAR, 3)]);
        assert_eq!(lay_out(&tune, ModeChoice::Duet, 2, false, Some(5)).end, Ticks(3 * BAR + 2 * 144));
    }
}
