//! From the text of a chart to its bars, with all repeats written out.

use super::token::{Token, is_metre, token};
use super::{Bar, Chart};
use crate::chord::{Chord, ChordError};
use crate::note::Metre;

/// Each repeat of a bar copies it, so a bar must not be as long as a file.
const MOST_SHARES: usize = 64;
/// As many endings as any song book has.
const MOST_ENDINGS: usize = 8;

/// Why a chart cannot be read. The display is one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages describe them")]
pub enum ChartError {
    #[error("bar {bar}: {reason}")]
    Symbol { bar: usize, reason: ChordError },
    #[error("bar {bar}: % repeats the bar before it, but there is none")]
    NothingToRepeat { bar: usize },
    #[error("bar {bar}: % stands for a whole bar; write / for a beat on which the chord goes on")]
    RepeatWithin { bar: usize },
    #[error("bar {bar}: the chord before continues here, but there is none; write N.C. for no chord")]
    NothingToHold { bar: usize },
    #[error("bar {bar}: the metre {metre} is inside the bar; write it at the beginning of a bar")]
    MetreWithin { bar: usize, metre: String },
    #[error("bar {bar}: the metre changes, but the chart does not say with which one it begins; write it before bar 1")]
    NoFirstMetre { bar: usize },
    #[error("bar {bar}: {metre} is not a metre; write one such as 3/4")]
    NoMetre { bar: usize, metre: String },
    #[error("bar {bar}: |: begins a repeat within another one; write :| where that one ends")]
    RepeatInRepeat { bar: usize },
    #[error("bar {bar}: :| ends an empty repeat")]
    NothingToClose { bar: usize },
    #[error("bar {bar}: |: begins a repeat that never ends; write :| where it ends")]
    NeverClosed { bar: usize },
    #[error(
        "bar {bar}: [{name}] is read as the name of a section, but no chord follows; write chords without brackets"
    )]
    OnlyName { bar: usize, name: String },
    #[error("bar {bar}: next to H, B may mean B flat; write Bb for B flat and B for B natural")]
    GermanNames { bar: usize },
    #[error("bar {bar}: an ending cannot have the number {number}; write |1 and |2")]
    NoEnding { bar: usize, number: String },
    #[error("bar {bar} has more than {MOST_SHARES} chords and beats; part it with |")]
    CrowdedBar { bar: usize },
    #[error("a chart has at most {most} bars, but this one has more", most = Chart::MOST_BARS)]
    TooLong,
}

impl ChartError {
    /// The number of the bar with the mistake, counted as written from 1.
    pub const fn bar(&self) -> Option<usize> {
        match self {
            Self::Symbol { bar, .. }
            | Self::NothingToRepeat { bar }
            | Self::RepeatWithin { bar }
            | Self::NothingToHold { bar }
            | Self::MetreWithin { bar, .. }
            | Self::NoFirstMetre { bar }
            | Self::NoMetre { bar, .. }
            | Self::RepeatInRepeat { bar }
            | Self::NothingToClose { bar }
            | Self::NeverClosed { bar }
            | Self::OnlyName { bar, .. }
            | Self::GermanNames { bar }
            | Self::CrowdedBar { bar }
            | Self::NoEnding { bar, .. } => Some(*bar),
            Self::TooLong => None,
        }
    }
}

/// The bars of a chart in the order of playing.
pub(super) fn bars(text: &str) -> Result<Vec<Bar>, ChartError> {
    let mut writer = BarWriter::default();
    for line in text.lines() {
        writer.line(line)?;
    }
    writer.finish()
}

/// Writes out the bars while they are read.
#[derive(Default)]
struct BarWriter {
    bars: Vec<Bar>,
    /// How many bars were written.
    written: usize,
    /// What the bar contains so far.
    open_bar: OpenBar,
    metre: Option<Metre>,
    /// Where a `:|` without a `|:` goes back to.
    section: usize,
    /// Where an open repeat began, among the played and among the written bars.
    repeat: Option<(usize, usize)>,
    /// Its endings, once the first has begun.
    endings: Option<Endings>,
    /// A closed repeat, which may be played more often: `:| x3`.
    closed: Option<(usize, usize)>,
    /// The bars in which `H` and `B` are roots.
    german: (Option<usize>, Option<usize>),
}

#[derive(Default)]
struct OpenBar {
    shares: usize,
    changes: Vec<(usize, Option<Chord>)>,
    /// The last word that was a chord, for what follows a space: `C7 b9`.
    word: String,
    /// Whether it contains `%`.
    repeats: bool,
    /// Whether it contains `x3`, which belongs to the bar line before.
    is_of_line: bool,
    /// The name of a section in it.
    name: Option<String>,
}

struct Endings {
    /// The bars before the first ending.
    body: (usize, usize),
    /// Where the present ending began, and how often it is played.
    begins: usize,
    times: usize,
    /// Whether the ending was closed with `:|`, so that the body is played again before another one.
    is_closed: bool,
    is_first: bool,
}

impl BarWriter {
    /// The number of the bar that is being read.
    fn number(&self) -> usize {
        self.written + 1
    }

    fn line(&mut self, line: &str) -> Result<(), ChartError> {
        let line = match directive(line) {
            Some(("time", metre)) => return self.metre(metre),
            Some(_) => return Ok(()),
            None => line,
        };
        let (mut rest, mut behind_line) = (line, false);
        // Whether a stroke came before on this line, so that the text before the first stroke is not an empty bar.
        let mut has_stroke = false;
        while let Some(token) = token(&mut rest, behind_line) {
            behind_line = matches!(token, Token::Line { .. });
            match token {
                Token::Line { closes, opens, double } => {
                    self.end_bar(has_stroke)?;
                    has_stroke = true;
                    self.repeat_signs(closes, opens, double)?;
                }
                Token::Ending(numbers) => self.ending(numbers)?,
                Token::Name(name) => self.open_bar.name = Some(name.trim().to_owned()),
                Token::Word(word) => self.word(word)?,
            }
        }
        self.end_bar(false)
    }

    fn repeat_signs(&mut self, closes: bool, opens: bool, double: bool) -> Result<(), ChartError> {
        if closes {
            self.close()?;
        }
        if double && self.repeat.is_none() && self.endings.as_ref().is_none_or(|endings| !endings.is_first) {
            self.endings = None;
            self.section = self.bars.len();
        }
        if opens {
            self.end_endings();
            if self.repeat.is_some() {
                return Err(ChartError::RepeatInRepeat { bar: self.number() });
            }
            self.repeat = Some((self.bars.len(), self.number()));
        }
        Ok(())
    }

    /// Reads `:|`.
    fn close(&mut self) -> Result<(), ChartError> {
        let bar = self.written.max(1);
        if let Some(endings) = &mut self.endings {
            endings.is_closed = true;
            let (begins, times, is_first) = (endings.begins, endings.times, endings.is_first);
            let body = endings.body;
            let end = self.bars.len();
            for _ in 1..times {
                self.copy(body.0, body.1)?;
                self.copy(begins, end)?;
            }
            if is_first {
                self.copy(body.0, body.1)?;
            }
            self.repeat = None;
            self.section = self.bars.len();
            return Ok(());
        }
        let from = self.repeat.take().map_or(self.section, |(from, _)| from);
        let to = self.bars.len();
        if from == to {
            return Err(ChartError::NothingToClose { bar });
        }
        self.copy(from, to)?;
        self.closed = Some((from, to));
        self.section = self.bars.len();
        Ok(())
    }

    fn copy(&mut self, from: usize, to: usize) -> Result<(), ChartError> {
        self.bars.extend_from_within(from..to);
        self.check_length()
    }

    fn check_length(&self) -> Result<(), ChartError> {
        if self.bars.len() > Chart::MOST_BARS { Err(ChartError::TooLong) } else { Ok(()) }
    }

    fn ending(&mut self, numbers: &str) -> Result<(), ChartError> {
        let bar = self.number();
        let no_ending = || ChartError::NoEnding { bar, number: numbers.to_owned() };
        let numbers = ending_numbers(numbers).ok_or_else(no_ending)?;
        let first = *numbers.first().ok_or_else(no_ending)?;
        let here = self.bars.len();
        match self.endings.take() {
            None if first == 1 => {
                let from = self.repeat.take().map_or(self.section, |(from, _)| from);
                self.endings = Some(Endings {
                    body: (from, here),
                    begins: here,
                    times: numbers.len(),
                    is_closed: false,
                    is_first: true,
                });
                Ok(())
            }
            // Closing the first ending has played the body again; an ending without `:|` has not.
            Some(before) if first > 1 => {
                if !before.is_first || !before.is_closed {
                    self.copy(before.body.0, before.body.1)?;
                }
                let begins = self.bars.len();
                self.endings =
                    Some(Endings { begins, times: numbers.len(), is_closed: false, is_first: false, ..before });
                Ok(())
            }
            _ => Err(no_ending()),
        }
    }

    fn end_endings(&mut self) {
        self.endings = None;
    }

    fn word(&mut self, word: &str) -> Result<(), ChartError> {
        let bar = self.number();
        if let Some(metre) = metre_word(word) {
            if self.open_bar.shares > 0 {
                return Err(ChartError::MetreWithin { bar, metre });
            }
            return self.metre(&metre);
        }
        if let Some(ending) = word.strip_suffix('.').filter(|digits| matches!(*digits, "1" | "2" | "3" | "4"))
            && self.open_bar.shares == 0
        {
            return self.ending(ending);
        }
        if let Some(times) = times(word)
            && self.open_bar.shares == 0
            && let Some((from, to)) = self.closed.take()
        {
            for _ in 2..times {
                self.copy(from, to)?;
            }
            self.section = self.bars.len();
            self.open_bar.is_of_line = true;
            return Ok(());
        }
        match word {
            "%" | "x" if self.open_bar.shares > 0 => Err(ChartError::RepeatWithin { bar }),
            "%" | "x" => {
                self.open_bar.repeats = true;
                Ok(())
            }
            _ if self.open_bar.repeats => Err(ChartError::RepeatWithin { bar }),
            "n" => {
                self.chord(None, word);
                Ok(())
            }
            _ if word.chars().all(|c| matches!(c, '/' | '.')) => word.chars().try_for_each(|_| self.hold()),
            _ => self.symbol(word),
        }
    }

    /// Reads a share on which the chord before continues.
    fn hold(&mut self) -> Result<(), ChartError> {
        if self.open_bar.shares == 0 {
            let before = self.bars.last().ok_or(ChartError::NothingToHold { bar: self.number() })?;
            self.open_bar.changes.push((0, before.last_chord()));
        }
        self.open_bar.shares += 1;
        Ok(())
    }

    fn chord(&mut self, chord: Option<Chord>, word: &str) {
        self.open_bar.changes.push((self.open_bar.shares, chord));
        self.open_bar.shares += 1;
        word.clone_into(&mut self.open_bar.word);
    }

    fn symbol(&mut self, word: &str) -> Result<(), ChartError> {
        let bar = self.number();
        match word.chars().next() {
            Some('H') => _ = self.german.0.get_or_insert(bar),
            Some('B') if !word[1..].starts_with(['b', '♭', '#', '♯']) => _ = self.german.1.get_or_insert(bar),
            _ => {}
        }
        let reason = match Chord::parse(word) {
            Ok(chord) => {
                self.chord(chord, word);
                return Ok(());
            }
            Err(reason) => reason,
        };
        // What follows a space belongs to the chord before it: `C7 b9`, `G7 sus4`.
        let whole = format!("{} {word}", self.open_bar.word);
        let is_behind = !self.open_bar.word.is_empty() && is_continuation(word);
        match (Chord::parse(&whole), self.open_bar.changes.last_mut()) {
            (Ok(chord), Some(last)) if is_behind && last.0 + 1 == self.open_bar.shares => {
                last.1 = chord;
                self.open_bar.word = whole;
                Ok(())
            }
            _ => Err(ChartError::Symbol { bar, reason }),
        }
    }

    fn metre(&mut self, text: &str) -> Result<(), ChartError> {
        let metre = text.split_once('/').and_then(|(numerator, denominator)| {
            Metre::new(numerator.trim().parse().ok()?, denominator.trim().parse().ok()?)
        });
        let no_metre = || ChartError::NoMetre { bar: self.number(), metre: text.to_owned() };
        let metre = metre.ok_or_else(no_metre)?;
        if self.written > 0 && self.metre.is_none() {
            return Err(ChartError::NoFirstMetre { bar: self.number() });
        }
        self.metre = Some(metre);
        Ok(())
    }

    /// Ends the bar at a stroke or at the end of a line. Between two strokes even nothing is a bar.
    fn end_bar(&mut self, is_between_strokes: bool) -> Result<(), ChartError> {
        let bar = self.number();
        let open = std::mem::take(&mut self.open_bar);
        let metre = self.metre;
        let new = match (open.shares, open.repeats) {
            (0, true) => {
                let before = self.bars.last().ok_or(ChartError::NothingToRepeat { bar })?;
                Bar { metre, ..before.clone() }
            }
            (0, false) => {
                if let Some(name) = open.name.filter(|_| is_between_strokes) {
                    return Err(ChartError::OnlyName { bar, name });
                }
                if !is_between_strokes
                    || open.is_of_line
                    || self.repeat.is_some_and(|(_, begun)| begun == bar && self.bars.is_empty())
                {
                    return Ok(());
                }
                let before = self.bars.last().ok_or(ChartError::NothingToHold { bar })?;
                Bar { metre, shares: 1, changes: vec![(0, before.last_chord())] }
            }
            (shares, _) if shares > MOST_SHARES => return Err(ChartError::CrowdedBar { bar }),
            (shares, _) => Bar { metre, shares, changes: open.changes },
        };
        self.bars.push(new);
        self.written += 1;
        self.closed = None;
        self.check_length()
    }

    fn finish(self) -> Result<Vec<Bar>, ChartError> {
        if let Some((_, bar)) = self.repeat {
            return Err(ChartError::NeverClosed { bar });
        }
        match self.german {
            (Some(_), Some(bar)) => Err(ChartError::GermanNames { bar }),
            _ => Ok(self.bars),
        }
    }
}

/// The name and value of a line such as `{title: Blues}` or `{start_of_grid}`.
fn directive(line: &str) -> Option<(&str, &str)> {
    let inside = line.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (name, value) = inside.split_once(':').unwrap_or((inside, ""));
    let is_name = name.len() > 1 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_name.then(|| (name, value.trim()))
}

/// Reads `3/4`, `3/4:` and iReal Pro's `T34` as `3/4`.
fn metre_word(word: &str) -> Option<String> {
    if is_metre(word) {
        return Some(word.trim_end_matches(':').to_owned());
    }
    match word.strip_prefix('T')? {
        "12" => Some("12/8".to_owned()),
        digits if digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some(format!("{}/{}", &digits[..1], &digits[1..]))
        }
        _ => None,
    }
}

/// The numbers of `1`, `1,2` and `1-3`, in ascending order. `None` if the text is something else.
fn ending_numbers(text: &str) -> Option<Vec<usize>> {
    let mut numbers: Vec<usize> = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let range = from.parse().ok()?..=to.parse().ok()?;
        // Checked before the range is written out, because a range can be as long as the largest number.
        let follows = numbers.last().is_none_or(|last| last < range.start());
        if !follows || range.is_empty() || *range.start() < 1 || *range.end() > MOST_ENDINGS {
            return None;
        }
        numbers.extend(range);
    }
    Some(numbers)
}

/// Reads `x3`, `3x` and `(3x)`.
fn times(word: &str) -> Option<usize> {
    let word = word.trim_matches(['(', ')', '<', '>']);
    let digits = word.strip_prefix('x').or_else(|| word.strip_suffix('x'))?;
    digits.parse().ok().filter(|times| (2..=16).contains(times))
}

/// Whether a word continues a chord: an alteration, a bracket, a number or a quality.
fn is_continuation(word: &str) -> bool {
    let plain = word.trim_start_matches(['(', 'b', '#', '♭', '♯', '+', '-']);
    plain.starts_with(|c: char| c.is_ascii_digit())
        || word.starts_with('(')
        || ["sus", "maj", "min", "alt", "add", "dim", "aug", "no"].iter().any(|quality| word.starts_with(quality))
}
