//! Writes a tune as ABC, so that what Segue plays can be read, printed and sent to friends.
//!
//! It is written as a musician would, and so that strict readers accept it: triplets as `(3`, no length in thirds,
//! beams by the beat, and every bar full except an upbeat and the last bar, which is short by the upbeat.

use super::key::{KeySignature, Spelled};
use super::written_lengths::{Group, grouped, length_text, pieces};
use crate::{Tempo, Tune};
use segue_model::note::{Bars, Metre, Note, TICKS_PER_QUARTER, Ticks};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let unit = unit(metre);
    let mut writer =
        AbcWriter { text: String::new(), key: signature, unit, written: HashMap::new(), tied: Vec::new(), in_line: 0 };
    writer.header(tune, metre, key);
    writer.body(tune, metre);
    Ok(writer.text)
}

/// The unit length, `L:`. ABC 2.1 (section 4.7): a sixteenth in metres below 3/4, otherwise an eighth.
fn unit(metre: Option<Metre>) -> Ticks {
    let is_short = metre.is_some_and(|metre| metre.bar() < Ticks::quarters(3));
    Ticks(TICKS_PER_QUARTER / if is_short { 4 } else { 2 })
}

/// What sounds between two moments at which something changes.
struct SoundingSpan {
    from: Ticks,
    to: Ticks,
    /// What is written before it, such as a chord symbol.
    before: String,
    /// Empty for a rest.
    notes: Vec<Note>,
}

impl SoundingSpan {
    /// Cut so that each piece has one note head.
    fn pieces(&self, in_tuplet: bool) -> impl Iterator<Item = Self> {
        let mut from = self.from;
        pieces(self.to - self.from, in_tuplet).into_iter().map(move |length| {
            let before = if from == self.from { self.before.clone() } else { String::new() };
            let piece = Self { from, to: from + length, before, notes: self.notes.clone() };
            from = piece.to;
            piece
        })
    }
}

fn lengths_of(stretches: &[SoundingSpan]) -> impl Iterator<Item = Ticks> {
    stretches.iter().map(|stretch| stretch.to - stretch.from)
}

struct AbcWriter {
    text: String,
    key: KeySignature,
    unit: Ticks,
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
        let unit = TICKS_PER_QUARTER * 4 / self.unit.0;
        let tempo = tune.tempo_at(Ticks::ZERO).map_or_else(String::new, |tempo| format!("{}\n", tempo_text(tempo)));
        self.push(&format!("X:1\nT:{title}\nM:{metre}\nL:1/{unit}\n{tempo}K:{}\n", one_line(key)));
    }

    fn body(&mut self, tune: &Tune, mut metre: Option<Metre>) {
        let notes = without_overlap_of_one_key(&tune.notes);
        let last = notes.iter().map(end_of).max().unwrap_or(Ticks::ZERO);
        let end = filled(&tune.bars, last);
        let lines = bar_lines(&tune.bars, end);
        let stretches = stretches(tune, &notes, &lines, end);
        for bar in stretches.chunk_by(|_, next| !lines.contains_key(&next.from)) {
            let Some(first) = bar.first() else { continue };
            if let Some(new_metre) = lines.get(&first.from).filter(|_| first.from > Ticks::ZERO) {
                self.bar_line();
                if metre != Some(*new_metre) {
                    metre = Some(*new_metre);
                    self.push(&format!("[M:{}] ", metre_text(*new_metre)));
                }
            }
            self.bar(bar, metre);
        }
        self.push(if self.text.ends_with([' ', '\n']) { "|]\n" } else { " |]\n" });
    }

    fn bar(&mut self, bar: &[SoundingSpan], metre: Option<Metre>) {
        let lengths: Vec<Ticks> = lengths_of(bar).collect();
        // The beats of an upbeat count back from the bar line behind it.
        let end = bar.last().map_or(Ticks::ZERO, |stretch| stretch.to);
        let mut rest = bar;
        for Group { count, is_tuplet } in grouped(&lengths) {
            let (group, behind) = rest.split_at(count);
            let group: Vec<SoundingSpan> = group.iter().flat_map(|stretch| stretch.pieces(is_tuplet)).collect();
            if is_tuplet {
                let is_plain = group.len() == 3 && lengths_of(&group).all(|it| Some(it) == lengths_of(&group).next());
                self.push(&if is_plain { "(3".to_owned() } else { format!("(3:2:{}", group.len()) });
            }
            for stretch in &group {
                self.stretch(stretch, is_tuplet);
                let joins = metre.is_some_and(|metre| {
                    let at_beat = (end - stretch.to).0 % beat(metre).0 == 0;
                    let is_short = stretch.to - stretch.from < Ticks::quarters(1) && !stretch.notes.is_empty();
                    is_short && !at_beat
                });
                if !joins {
                    self.push(" ");
                }
                self.break_free_line(metre.is_none());
            }
            rest = behind;
        }
        if metre.is_some() && !self.text.ends_with(' ') {
            self.push(" ");
        }
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

    /// What sounds in a stretch; notes that sound longer are tied to themselves.
    fn stretch(&mut self, stretch: &SoundingSpan, in_tuplet: bool) {
        let length = length_text(stretch.to - stretch.from, self.unit, in_tuplet);
        self.push(&stretch.before);
        if stretch.notes.is_empty() {
            self.tied.clear();
            self.push(&format!("z{length}"));
            return;
        }
        let (open, close) = if stretch.notes.len() > 1 { ("[", "]") } else { ("", "") };
        let mut tied = Vec::new();
        self.push(open);
        for note in &stretch.notes {
            let spelled = self.key.spelled(note.pitch);
            let name = self.name(spelled);
            let goes_on = end_of(note) > stretch.to;
            self.push(&format!("{name}{length}{}", if goes_on { "-" } else { "" }));
            tied.extend(goes_on.then_some(spelled));
        }
        self.tied = tied;
        self.push(close);
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

/// The end of the last bar, which is full or short by the upbeat.
fn filled(bars: &[Bars], end: Ticks) -> Ticks {
    let (Some(first), Some(last)) = (bars.first(), bars.iter().rfind(|bars| bars.line <= end)) else { return end };
    let upbeat = first.place(Ticks::ZERO);
    let place = last.place(end);
    if place == Ticks::ZERO {
        return end;
    }
    let makes_up = last.metre == first.metre && place <= upbeat;
    end - place + if makes_up { upbeat } else { last.metre.bar() }
}

/// Everything from the start to `end`, cut wherever something begins or ends, and where no note may be longer.
fn stretches(tune: &Tune, notes: &[Note], lines: &BTreeMap<Ticks, Metre>, end: Ticks) -> Vec<SoundingSpan> {
    let moments = moments(notes, lines, tune, end);
    let mut written_tempo = tune.tempo_at(Ticks::ZERO);
    let mut chords = tune.chords.iter().filter(|(at, _)| *at >= Ticks::ZERO && *at < end).peekable();
    let mut has_chord = false;
    let mut starting = notes.iter().peekable();
    let mut sounding: Vec<Note> = Vec::new();
    let pairs = moments.iter().zip(moments.iter().skip(1));
    let stretch = |(from, to): (&Ticks, &Ticks)| {
        sounding.retain(|note| end_of(note) > *from);
        while let Some(note) = starting.next_if(|note| note.onset <= *from) {
            sounding.push(*note);
        }
        let mut before = String::new();
        // Not within a bar, where abc2midi delays what is tied over the change.
        let is_line = lines.is_empty() || lines.contains_key(from);
        if let Some(tempo) = tune.tempo_at(*from).filter(|tempo| is_line && is_audible(*tempo, written_tempo)) {
            before = format!("[{}]", tempo_text(tempo));
            written_tempo = Some(tempo);
        }
        let mut symbol = String::new();
        while let Some((_, chord)) = chords.next_if(|(at, _)| at <= from) {
            symbol = match chord {
                Some(chord) => format!("\"{chord}\""),
                // As a text over the music, because abc2midi takes every symbol for a chord.
                None if has_chord => "\"^N.C.\"".to_owned(),
                None => String::new(),
            };
            has_chord = chord.is_some();
        }
        before.push_str(&symbol);
        let mut notes = sounding.clone();
        notes.sort_unstable_by_key(|note| note.pitch);
        SoundingSpan { from: *from, to: *to, before, notes }
    };
    pairs.map(stretch).collect()
}

/// The notes that a beam joins: a beat, which has three parts in compound metres.
fn beat(metre: Metre) -> Ticks {
    let part = TICKS_PER_QUARTER * 4 / i64::from(metre.denominator).max(1);
    let is_compound = metre.denominator >= 8 && metre.numerator.is_multiple_of(3);
    Ticks(if is_compound { 3 * part } else { part.max(TICKS_PER_QUARTER) })
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

fn tempo_text(tempo: Tempo) -> String {
    format!("Q:1/4={:.0}", tempo.bpm())
}

/// Whether a tempo is worth a mark after another one. What a player does within a phrase is not written.
fn is_audible(tempo: Tempo, before: Option<Tempo>) -> bool {
    /// As a share of the tempo before.
    const SMALLEST: f64 = 0.1;
    before.is_none_or(|before| (tempo.bpm() / before.bpm() - 1.0).abs() >= SMALLEST)
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
        let expected = "X:1\nT:Short\nM:6/8\nL:1/8\nK:Gm\nD | G3 \"Cm\"^FGA | [G2B2] z G3- | G3 z2 |]\n";
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

    /// A change of tempo is written at the beginning of a bar, if it is large enough to be heard.
    #[test]
    fn tempos_are_written_at_bar_lines() {
        let tune = read("X:1\nM:2/4\nL:1/4\nQ:1/4=100\nK:C\nC[Q:1/4=104]D|E[Q:1/4=60]F|[Q:1/4=90]G2|A2|");
        let written = write_abc(&tune, "C").unwrap();
        let expected = "X:1\nT:\nM:2/4\nL:1/16\nQ:1/4=100\nK:C\nC4 D4 | E4 F4 | [Q:1/4=90]G8 | A8 |]\n";
        assert_eq!(written, expected);
        assert_eq!(read(&written).tempos.len(), 2);
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
