//! From a tune back to letters, so that what Segue plays can be read, printed and sent to friends.

use super::key::{Key, Spelled};
use crate::corpus::Tune;
use crate::note::{Bars, Metre, Note, Ticks};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// `L:1/8`.
const UNIT: Ticks = Ticks(24);
/// Longer notes are written as several tied ones.
const LONGEST: Ticks = Ticks::quarters(16);
const BARS_IN_A_LINE: usize = 4;
/// Where there are no bars.
const SOUNDS_IN_A_LINE: usize = 24;

/// Writes one tune, `X:1`, in one voice: notes that overlap become tied chords. `key` is what `K:` is to say.
/// Velocities are lost, for ABC has none.
///
/// # Errors
/// When `key` is no key.
pub fn write_abc(tune: &Tune, key: &str) -> Result<String, String> {
    let signature = Key::parse(key)?;
    let metre = tune.bars.first().map(|bars| bars.metre);
    let mut writer = Writer { text: String::new(), key: signature, written: HashMap::new(), in_line: 0 };
    writer.header(tune, metre, key);
    writer.body(tune, metre);
    Ok(writer.text)
}

struct Writer {
    text: String,
    key: Key,
    /// Accidentals in this bar by letter and octave; they are written wherever some reader might take them otherwise.
    written: HashMap<(u8, i8), i8>,
    /// Bars, or sounds, since the last break.
    in_line: usize,
}

impl Writer {
    fn header(&mut self, tune: &Tune, metre: Option<Metre>, key: &str) {
        let title = one_line(&tune.title).replace('%', "\\%");
        let metre = metre.map_or_else(|| "none".to_owned(), metre_text);
        self.push(&format!("X:1\nT:{title}\nM:{metre}\nL:1/8\nK:{}\n", one_line(key)));
    }

    fn body(&mut self, tune: &Tune, mut metre: Option<Metre>) {
        let notes = without_overlap_of_one_key(&tune.notes);
        let end = notes.iter().map(end_of).max().unwrap_or(Ticks::ZERO);
        let lines = bar_lines(&tune.bars, end);
        let mut chords = tune.chords.iter().filter(|(at, _)| *at >= Ticks::ZERO && *at < end).peekable();
        let moments = moments(&notes, &lines, tune, end);
        let mut starting = notes.iter().peekable();
        let mut sounding: Vec<Note> = Vec::new();
        for (from, to) in moments.iter().zip(moments.iter().skip(1)) {
            if let Some(new_metre) = lines.get(from).filter(|_| *from > Ticks::ZERO) {
                self.bar_line();
                if metre != Some(*new_metre) {
                    metre = Some(*new_metre);
                    self.push(&format!("[M:{}] ", metre_text(*new_metre)));
                }
            }
            sounding.retain(|note| end_of(note) > *from);
            while let Some(note) = starting.next_if(|note| note.onset <= *from) {
                sounding.push(*note);
            }
            while let Some((_, symbol)) = chords.next_if(|(at, _)| at <= from) {
                self.push(&format!("\"{}\"", one_line(symbol).replace(['"', '%'], "")));
            }
            self.sound(&sounding, *to, *to - *from);
            self.break_free_line(lines.is_empty());
        }
        self.push("|]\n");
    }

    fn bar_line(&mut self) {
        self.written.clear();
        self.in_line += 1;
        let full = self.in_line == BARS_IN_A_LINE;
        self.push(if full { "|\n" } else { "| " });
        self.in_line %= BARS_IN_A_LINE;
    }

    fn break_free_line(&mut self, free: bool) {
        if free {
            self.in_line += 1;
            if self.in_line.is_multiple_of(SOUNDS_IN_A_LINE) {
                self.push("\n");
            }
        }
    }

    /// What sounds up to `to`; notes that sound longer are tied to themselves.
    fn sound(&mut self, sounding: &[Note], to: Ticks, length: Ticks) {
        let length = length_text(length);
        let mut notes: Vec<&Note> = sounding.iter().collect();
        notes.sort_unstable_by_key(|note| note.pitch);
        if notes.is_empty() {
            self.push(&format!("z{length} "));
            return;
        }
        let (open, close) = if notes.len() > 1 { ("[", "]") } else { ("", "") };
        self.push(open);
        for note in notes {
            let name = self.name(self.key.spelled(note.pitch));
            let tie = if end_of(note) > to { "-" } else { "" };
            self.push(&format!("{name}{length}{tie}"));
        }
        self.push(close);
        self.push(" ");
    }

    /// Accidental, letter and octave marks.
    fn name(&mut self, note: Spelled) -> String {
        let Spelled { letter, accidental, octave } = note;
        let signature = self.key.accidental(letter);
        let here = self.written.get(&(letter, octave)).copied().unwrap_or(signature);
        let in_other_octave =
            self.written.iter().any(|((other, _), written)| *other == letter && *written != accidental);
        let sign = match accidental {
            _ if here == accidental && !in_other_octave => "",
            -1 => "_",
            0 => "=",
            _ => "^",
        };
        if !sign.is_empty() {
            self.written.insert((letter, octave), accidental);
        }
        let name = char::from(b"CDEFGAB"[usize::from(letter)]);
        let name = if octave > 0 { name.to_ascii_lowercase() } else { name };
        let (mark, count) = if octave > 0 { ("'", octave - 1) } else { (",", -octave) };
        format!("{sign}{name}{}", mark.repeat(usize::try_from(count).unwrap_or(0)))
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

/// A key struck again ends the note that it still sounded.
fn without_overlap_of_one_key(notes: &[Note]) -> Vec<Note> {
    let mut notes: Vec<Note> = notes.iter().copied().filter(|note| note.onset >= Ticks::ZERO).collect();
    notes.sort_unstable_by_key(|note| (note.pitch, note.onset, std::cmp::Reverse(note.duration)));
    notes.dedup_by_key(|note| (note.pitch, note.onset));
    for index in 1..notes.len() {
        let next = notes[index];
        let note = &mut notes[index - 1];
        if note.pitch == next.pitch {
            note.duration = note.duration.min(next.onset - note.onset);
        }
    }
    notes.sort_unstable();
    notes
}

/// Every bar line from the start to before `end`, with the metre of the bar behind it.
fn bar_lines(bars: &[Bars], end: Ticks) -> BTreeMap<Ticks, Metre> {
    let mut lines = BTreeMap::new();
    for (index, entry) in bars.iter().enumerate() {
        let until = bars.get(index + 1).map_or(end, |next| next.line.min(end));
        let bar = entry.metre.bar();
        // The first entry may stand bars behind the start.
        let mut line = if index == 0 { Ticks::ZERO - entry.place(Ticks::ZERO) } else { entry.line };
        while line < until {
            if line >= Ticks::ZERO {
                lines.insert(line, entry.metre);
            }
            line += bar;
        }
    }
    lines
}

/// Every moment at which something begins, ends or must be cut, from the start to `end`.
fn moments(notes: &[Note], lines: &BTreeMap<Ticks, Metre>, tune: &Tune, end: Ticks) -> Vec<Ticks> {
    let mut moments: BTreeSet<Ticks> = notes.iter().flat_map(|note| [note.onset, end_of(note)]).collect();
    moments.extend(lines.keys());
    moments.extend(tune.chords.iter().map(|(at, _)| *at));
    moments.extend([Ticks::ZERO, end]);
    moments.retain(|moment| *moment >= Ticks::ZERO && *moment <= end);
    let mut cut: Vec<Ticks> = Vec::new();
    for moment in moments {
        while let Some(last) = cut.last().copied().filter(|last| moment - *last > LONGEST) {
            cut.push(last + LONGEST);
        }
        cut.push(moment);
    }
    cut
}

/// A length as a multiple of the unit: nothing for one, `2`, `/`, `3/2`.
fn length_text(length: Ticks) -> String {
    let divisor = greatest_common_divisor(length.0, UNIT.0);
    let (numerator, denominator) = (length.0 / divisor, UNIT.0 / divisor);
    let mut text = if numerator == 1 { String::new() } else { numerator.to_string() };
    match denominator {
        1 => {}
        2 => text.push('/'),
        _ => text = format!("{text}/{denominator}"),
    }
    text
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { greatest_common_divisor(b, a % b) }
}

fn metre_text(metre: Metre) -> String {
    format!("{}/{}", metre.numerator, metre.denominator)
}

fn end_of(note: &Note) -> Ticks {
    note.onset + note.duration
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ").trim().to_owned()
}
