//! Writes a tune as ABC, so that what Segue plays can be read, printed and sent to friends.

use super::key::{KeySignature, Spelled};
use crate::Tune;
use segue_model::note::{Bars, Metre, Note, Ticks};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The unit length: `L:1/8`.
const UNIT: Ticks = Ticks(24);
/// Longer notes are written as several tied ones.
const LONGEST: Ticks = Ticks::quarters(16);
const BARS_IN_A_LINE: usize = 4;
/// The number of sounds in a line if there are no bars.
const SOUNDS_IN_A_LINE: usize = 24;

/// Writes one tune, `X:1`, in one voice: overlapping notes become tied chords. `key` is the value of `K:`. Velocities
/// are lost, because ABC has none.
///
/// # Errors
/// If `key` is not a key.
pub fn write_abc(tune: &Tune, key: &str) -> Result<String, String> {
    let signature = KeySignature::parse(key)?;
    let metre = tune.bars.first().map(|bars| bars.metre);
    let mut writer =
        AbcWriter { text: String::new(), key: signature, written: HashMap::new(), tied: Vec::new(), in_line: 0 };
    writer.header(tune, metre, key);
    writer.body(tune, metre);
    Ok(writer.text)
}

struct AbcWriter {
    text: String,
    key: KeySignature,
    /// The accidentals in this bar by letter and octave. They are written wherever readers might differ.
    written: HashMap<(u8, i8), i8>,
    /// Notes that are tied to the next sound: they carry their accidental over a bar line.
    tied: Vec<Spelled>,
    /// Bars, or sounds, since the last line break.
    in_line: usize,
}

impl AbcWriter {
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
            while let Some((_, chord)) = chords.next_if(|(at, _)| at <= from) {
                let symbol = chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string());
                self.push(&format!("\"{symbol}\""));
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

    /// Writes what sounds up to `to`; notes that sound longer are tied to themselves.
    fn sound(&mut self, sounding: &[Note], to: Ticks, length: Ticks) {
        let length = length_text(length);
        let mut notes: Vec<&Note> = sounding.iter().collect();
        notes.sort_unstable_by_key(|note| note.pitch);
        if notes.is_empty() {
            self.tied.clear();
            self.push(&format!("z{length} "));
            return;
        }
        let (open, close) = if notes.len() > 1 { ("[", "]") } else { ("", "") };
        let mut tied = Vec::new();
        self.push(open);
        for note in notes {
            let spelled = self.key.spelled(note.pitch);
            let name = self.name(spelled);
            let goes_on = end_of(note) > to;
            self.push(&format!("{name}{length}{}", if goes_on { "-" } else { "" }));
            tied.extend(goes_on.then_some(spelled));
        }
        self.tied = tied;
        self.push(close);
        self.push(" ");
    }

    /// The accidental, letter and octave marks of a note.
    fn name(&mut self, note: Spelled) -> String {
        let Spelled { letter, accidental, octave } = note;
        let signature = self.key.accidental(letter);
        let here = self.written.get(&(letter, octave)).copied().unwrap_or(signature);
        let in_other_octave =
            self.written.iter().any(|((other, _), written)| *other == letter && *written != accidental);
        let same_place =
            |tied: &Spelled| tied.letter == letter && tied.octave == octave && tied.accidental != accidental;
        let sign = match accidental {
            _ if here == accidental && !in_other_octave && !self.tied.iter().any(same_place) => "",
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

/// A key that is struck again ends its previous note.
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

/// Every bar line from the start to before `end`, with the metre of the bar after it.
fn bar_lines(bars: &[Bars], end: Ticks) -> BTreeMap<Ticks, Metre> {
    let mut lines = BTreeMap::new();
    for (index, entry) in bars.iter().enumerate() {
        let until = bars.get(index + 1).map_or(end, |next| next.line.min(end));
        let bar = entry.metre.bar();
        // The first entry may lie several bars after the start.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abc::parse_book;
    use crate::abc::tests::{Dice, ONEILLS};
    use crate::tests_support::places;
    use segue_model::chord::Chord;
    use segue_model::note::{Pitch, Velocity};

    fn read(text: &str) -> Tune {
        let mut book = parse_book(text, "written");
        assert_eq!(book.refused, [], "{text}");
        assert_eq!(book.tunes.len(), 1, "{text}");
        book.tunes.remove(0).1
    }

    fn check_round_trip(tune: &Tune, key: &str) {
        let text = write_abc(tune, key).unwrap();
        let back = read(&text);
        let other = tune.notes.iter().zip(&back.notes).find(|(one, other)| one != other);
        assert_eq!(other, None, "{text}");
        assert_eq!(back.notes.len(), tune.notes.len(), "{text}");
        assert_eq!(back.chords, tune.chords, "{text}");
        assert_eq!(places(&back), places(tune), "{text}");
        assert_eq!(back.title, tune.title, "{text}");
    }

    #[test]
    fn a_tune_is_written_as_a_musician_would_write_it() {
        let abc = "X:1\nT:Short\nM:6/8\nL:1/8\nK:Gm\nD|G3 \"Cm\"^FGA|[GB]2z G3-|G3|]";
        let written = write_abc(&read(abc), "Gm").unwrap();
        let expected = "X:1\nT:Short\nM:6/8\nL:1/8\nK:Gm\nD | G3 \"Cm\"^F G A | [G2B2] z G3- | G3 |]\n";
        assert_eq!(written, expected);
    }

    #[test]
    fn old_tunes_come_back_as_they_were() {
        for (_, tune) in parse_book(ONEILLS, "oneills.abc").tunes {
            for key in ["G", "Ebm", "none"] {
                check_round_trip(&tune, key);
            }
        }
    }

    #[test]
    fn changes_of_metre_and_long_notes_come_back() {
        let abc = "X:1\nM:4/4\nL:1/8\nK:D\nA|\"D\"f8-|f8-|[M:3/4]f6|[M:2/2]D16|d4|e8|";
        check_round_trip(&read(abc), "D");
        check_round_trip(&read("X:1\nT:50 \\% free\nM:none\nL:1/1\nK:C\nC32 z32 [C32E]"), "C");
    }

    #[test]
    fn music_in_many_voices_comes_back() {
        const TUNES: u64 = 300;
        for seed in 0..TUNES {
            let mut dice = Dice(seed);
            let tune = any_tune(&mut dice);
            check_round_trip(&tune, ["C", "F#", "Db", "A dor", "Bb exp _b ^c"][dice.below(5)]);
        }
    }

    /// Notes of all lengths that may overlap, but never with another note of the same key.
    fn any_tune(dice: &mut Dice) -> Tune {
        let ticks = |number: usize| Ticks(i64::try_from(number).unwrap());
        let mut notes: Vec<Note> = Vec::new();
        for _ in 0..=dice.below(40) {
            let pitch = Pitch::new(u8::try_from(12 + dice.below(110)).unwrap()).unwrap();
            let onset = ticks(dice.below(1_500));
            let duration = ticks(1 + dice.below(400));
            let note = Note { onset, pitch, duration, velocity: Velocity::DEFAULT };
            if notes.iter().all(|other| other.pitch != pitch || end_of(other) <= onset || end_of(&note) <= other.onset)
            {
                notes.push(note);
            }
        }
        notes.sort_unstable();
        let metre = [Metre::COMMON, Metre::new(6, 8).unwrap(), Metre::new(5, 16).unwrap()][dice.below(3)];
        let first = Bars { line: ticks(dice.below(usize::try_from(metre.bar().0).unwrap())), metre };
        let bars = if dice.below(4) == 0 { Vec::new() } else { vec![first] };
        let chords = ["Dm7", "NC", "G7/B"].map(|symbol| Chord::parse(symbol).unwrap());
        let chords = notes.iter().map(|note| note.onset).collect::<BTreeSet<_>>().into_iter().zip(chords).collect();
        Tune { title: "Any".to_owned(), notes, bars, chords, ..Tune::default() }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(write_abc(&Tune::default(), "H flat"), Err("“H flat” is not a key".to_owned()));
    }

    #[test]
    fn a_tune_without_notes_is_written_all_the_same() {
        assert_eq!(write_abc(&Tune::default(), "C").unwrap(), "X:1\nT:\nM:none\nL:1/8\nK:C\n|]\n");
    }
}
