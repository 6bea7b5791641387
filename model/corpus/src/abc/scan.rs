//! From the characters of a tune's body to what is written on the page.
//!
//! Lengths and pitches are settled here: unit, tuplets, broken rhythm, key, and accidentals, which last to the end of
//! their bar for their letter in their octave, as in print (ABC 2.1 calls that `propagate-accidentals octave`), and
//! through a tie into the next bar for the tied note alone.

use super::cursor::Cursor;
use super::exact::Exact;
use super::fields::{Time, time, unit};
use super::key::{Key, Spelled, letter_and_octave};
use super::written::{Bar, Item, Placed, Sound, WrittenNote};
use segue_model::chord::Chord;
use std::collections::HashMap;

/// Longer notes, in whole notes, are taken for slips.
const LONGEST_NOTE: i64 = 32;
/// Longer rests, in bars, are taken for slips.
const LONGEST_REST_BARS: i64 = 200;
/// The most notes a tuplet may have.
const LARGEST_TUPLET: i64 = 9;
/// `>>>` is as far as broken rhythm goes.
const MOST_BROKEN: u32 = 3;

/// Reads music lines, one after the other, into [`Placed`] items.
pub(super) struct Scanner {
    pub items: Vec<Placed>,
    /// Index of the last sound among the items.
    last_sound: Option<usize>,
    pub key: Key,
    pub time: Time,
    pub unit: Exact,
    /// Whether `L:` was given, so that a change of `M:` leaves the unit alone.
    pub unit_given: bool,
    /// Accidentals written in this bar, by letter and octave.
    accidentals: HashMap<(u8, i8), i8>,
    tuplet: Option<Tuplet>,
    /// What a `>` or `<` before it makes of the next sound, as a fraction.
    broken: Option<(i64, i64)>,
    voice: Voice,
}

/// `(p:q:r`: `notes` notes in the time of `time_of`.
struct Tuplet {
    notes: i64,
    time_of: i64,
    left: i64,
    begun: bool,
}

/// The first voice that has music is kept; others are passed over.
#[derive(Default)]
struct Voice {
    kept: Option<String>,
    other_now: bool,
}

type Outcome = Result<(), String>;

impl Scanner {
    pub fn new(key: Key, time: Time, unit_length: Option<Exact>) -> Self {
        Self {
            items: Vec::new(),
            last_sound: None,
            key,
            time,
            unit: unit_length.unwrap_or_else(|| time.default_unit()),
            unit_given: unit_length.is_some(),
            accidentals: HashMap::new(),
            tuplet: None,
            broken: None,
            voice: Voice::default(),
        }
    }

    /// One line of music, without its comment.
    pub fn music(&mut self, line: &str) -> Outcome {
        let mut cursor = Cursor::new(line);
        while let Some(next) = cursor.peek() {
            if self.voice.other_now {
                self.pass_over(&mut cursor)?;
            } else {
                self.thing(next, &mut cursor)?;
            }
        }
        Ok(())
    }

    /// A field inside the body, on its own line or in brackets. Fields that do not change the music are ignored.
    pub fn field(&mut self, name: char, value: &str) -> Outcome {
        match name {
            'V' => self.enter_voice(value),
            _ if self.voice.other_now => {}
            'K' => {
                self.key = self.key.changed(value)?;
                self.accidentals.clear();
            }
            'M' => {
                let (time, music) = time(value)?;
                self.set_time(time);
                // Some books go on with music on the line of the field.
                if music.contains('|') {
                    self.music(music)?;
                }
            }
            'L' => {
                self.unit = unit(value)?;
                self.unit_given = true;
            }
            'P' => {
                if let Some(name) = value.chars().find(|c| c.is_alphanumeric()) {
                    self.push(Item::Part(name));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// To be called behind the last line.
    pub fn finish(&self) -> Outcome {
        match &self.tuplet {
            Some(tuplet) if !tuplet.begun => Err("a tuplet has no notes".to_owned()),
            _ => Ok(()),
        }
    }

    fn push(&mut self, item: Item) {
        if matches!(item, Item::Sound(_)) {
            self.last_sound = Some(self.items.len());
        }
        self.items.push(Placed { item, metre: self.time.metre() });
    }

    fn has_sound(&self) -> bool {
        self.last_sound.is_some()
    }

    fn set_time(&mut self, time: Time) {
        self.time = time;
        if !self.unit_given && !self.has_sound() {
            self.unit = time.default_unit();
        }
    }

    fn enter_voice(&mut self, value: &str) {
        let name = value.split_whitespace().next().unwrap_or("").to_owned();
        if self.voice.kept.is_none() {
            // Music before the first `V:` belongs to a voice without a name.
            self.voice.kept = Some(if self.has_sound() { String::new() } else { name.clone() });
        }
        self.voice.other_now = self.voice.kept.as_deref() != Some(name.as_str());
    }

    /// Goes to the next change of voice on this line.
    fn pass_over(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        if cursor.skip_to("[V:") {
            self.bracket(cursor)
        } else {
            cursor.skip_all();
            Ok(())
        }
    }

    fn thing(&mut self, next: char, cursor: &mut Cursor<'_>) -> Outcome {
        match next {
            '|' => self.bar(cursor),
            ':' if cursor.second().is_some_and(|c| matches!(c, '|' | ':')) => self.bar(cursor),
            '[' => self.bracket(cursor),
            'A'..='G' | 'a'..='g' | '^' | '_' | '=' => self.note(cursor),
            'z' | 'x' | 'Z' | 'X' => self.rest(cursor),
            '(' => self.tuplet_or_slur(cursor),
            '>' | '<' => self.broken_rhythm(cursor),
            '-' => {
                cursor.bump();
                self.tie();
                Ok(())
            }
            '"' => {
                // Annotations (`^slowly`) and remarks (`Fine`) are no chords.
                if let Ok(chord) = Chord::parse(quoted(cursor)) {
                    self.push(Item::Symbol(chord));
                }
                Ok(())
            }
            '{' => cursor.take_through('}').map(|_| ()).ok_or_else(|| "grace notes are never closed".to_owned()),
            '+' => self.plus(cursor),
            '!' => {
                skip_decoration(cursor);
                Ok(())
            }
            '&' => {
                // An overlay is a second voice within the bar.
                cursor.skip_until(|c| matches!(c, '|' | ':'));
                Ok(())
            }
            'M' | 'L' => self.bare_field_or_ornament(next, cursor),
            'y' => {
                cursor.bump();
                cursor.skip_while(|c| c.is_ascii_digit());
                Ok(())
            }
            // Blanks, ends of slurs, ornaments of one letter, and what is unknown but harmless.
            _ => {
                cursor.bump();
                Ok(())
            }
        }
    }

    /// `M` and `L` are ornaments, except in books that write `M:4/4` into the music without its brackets.
    fn bare_field_or_ornament(&mut self, name: char, cursor: &mut Cursor<'_>) -> Outcome {
        cursor.bump();
        let field = cursor.rest().strip_prefix(':').map(str::trim_start);
        let word = field.and_then(|text| text.split_whitespace().next()).unwrap_or("");
        if word.starts_with(|c: char| c.is_ascii_digit()) || (name == 'M' && matches!(word, "C" | "C|")) {
            self.field(name, word)?;
            cursor.skip_to(word);
            cursor.advance(word.len());
        }
        Ok(())
    }

    /// A bar line with its repeat marks and the number of an ending right behind it.
    fn bar(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        let run = bar_run(cursor);
        let ending = if cursor.peek().is_some_and(|c| c.is_ascii_digit()) { endings(cursor)? } else { Vec::new() };
        self.push_bar(Bar { ending, ..bar_of(run) });
        Ok(())
    }

    fn push_bar(&mut self, bar: Bar) {
        self.accidentals.clear();
        self.push(Item::Bar(bar));
    }

    /// `[K:…]`, `[1`, `[|`, or a chord.
    fn bracket(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        let mut inside = cursor.rest().chars().skip(1);
        match (inside.next(), inside.next()) {
            (Some(name), Some(':')) if name.is_ascii_alphabetic() => {
                let text = cursor.take_through(']').ok_or("a field in brackets is never closed")?;
                self.field(name, text[3..text.len() - 1].trim())
            }
            (Some('|'), _) => self.bar(cursor),
            (Some('0'..='9'), _) => {
                cursor.bump();
                let ending = endings(cursor)?;
                self.push_bar(Bar { ending, ..Bar::default() });
                Ok(())
            }
            _ => {
                cursor.bump();
                self.chord(cursor, ']')
            }
        }
    }

    /// `+trill+`, or a chord of old: `+ce+`.
    fn plus(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        cursor.bump();
        let Some(end) = cursor.rest().find('+') else {
            return Ok(());
        };
        let inside = &cursor.rest()[..end];
        let letters = inside.chars().filter(|c| letter_and_octave(*c).is_some()).count();
        let is_chord =
            inside.chars().all(|c| matches!(c, 'A'..='G' | 'a'..='g' | '^' | '_' | '=' | ',' | '\'' | '/' | '0'..='9'));
        let is_loudness = inside.chars().all(|c| c == 'f');
        if is_chord && letters >= 2 && !is_loudness {
            return self.chord(cursor, '+');
        }
        if !inside.contains(|c: char| c.is_whitespace() || c == '|') {
            cursor.advance(end + 1);
        }
        Ok(())
    }

    /// The inside of a chord, to its closing sign and the length that follows.
    fn chord(&mut self, cursor: &mut Cursor<'_>, close: char) -> Outcome {
        let mut notes: Vec<WrittenNote> = Vec::new();
        loop {
            let Some(next) = cursor.peek() else {
                return Err("a chord is never closed".to_owned());
            };
            match next {
                _ if next == close => break,
                '|' => return Err("a chord is never closed".to_owned()),
                'A'..='G' | 'a'..='g' | '^' | '_' | '=' => {
                    if let Some(note) = self.one_note(cursor)? {
                        notes.push(note);
                    }
                }
                '-' => {
                    cursor.bump();
                    if let Some(note) = notes.last_mut() {
                        note.tied = true;
                    }
                }
                '"' => self.thing(next, cursor)?,
                _ => cursor.bump(),
            }
        }
        cursor.bump();
        let (numerator, denominator) = length(cursor)?;
        if notes.is_empty() {
            return Ok(());
        }
        for note in &mut notes {
            note.length = note.length.scaled(numerator, denominator);
        }
        notes.sort_by_key(|note| note.pitch);
        self.sound(Sound { advance: notes[0].length, notes })
    }

    fn note(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        match self.one_note(cursor)? {
            Some(note) => self.sound(Sound { advance: note.length, notes: vec![note] }),
            None => Ok(()),
        }
    }

    /// A note without tuplet and broken rhythm; `None` for an accidental that no note follows.
    fn one_note(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<WrittenNote>, String> {
        let accidental = accidental(cursor);
        let Some((letter, octave)) = cursor.peek().and_then(letter_and_octave) else {
            return Ok(None);
        };
        cursor.bump();
        let octave = octave.saturating_add(octave_marks(cursor));
        let (numerator, denominator) = length(cursor)?;
        let spelled = Spelled { letter, octave, accidental: self.accidental_in_force(letter, octave, accidental) };
        let pitch = self.key.sounding(spelled).ok_or("a note lies outside the keyboard")?;
        Ok(Some(WrittenNote { spelled, pitch, length: self.unit.scaled(numerator, denominator), tied: false }))
    }

    fn accidental_in_force(&mut self, letter: u8, octave: i8, written: Option<i8>) -> i8 {
        if let Some(accidental) = written {
            self.accidentals.insert((letter, octave), accidental);
            return accidental;
        }
        let in_bar = self.accidentals.get(&(letter, octave)).copied();
        in_bar.or_else(|| self.tied_over(letter, octave)).unwrap_or_else(|| self.key.accidental(letter))
    }

    /// The accidental of the note that is tied to one that comes now.
    fn tied_over(&self, letter: u8, octave: i8) -> Option<i8> {
        let tied = self
            .last_sound()?
            .notes
            .iter()
            .find(|note| note.tied && note.spelled.letter == letter && note.spelled.octave == octave)?;
        Some(tied.spelled.accidental)
    }

    fn last_sound(&self) -> Option<&Sound> {
        match &self.items.get(self.last_sound?)?.item {
            Item::Sound(sound) => Some(sound),
            _ => None,
        }
    }

    fn last_sound_mut(&mut self) -> Option<&mut Sound> {
        match &mut self.items.get_mut(self.last_sound?)?.item {
            Item::Sound(sound) => Some(sound),
            _ => None,
        }
    }

    fn rest(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        let bars = cursor.peek().is_some_and(|c| c.is_ascii_uppercase());
        cursor.bump();
        let (numerator, denominator) = length(cursor)?;
        if !bars {
            return self.sound(Sound { notes: Vec::new(), advance: self.unit.scaled(numerator, denominator) });
        }
        if numerator > LONGEST_REST_BARS * denominator {
            return Err(format!("a rest is longer than {LONGEST_REST_BARS} bars"));
        }
        let bar = self.time.metre().map_or(Exact::WHOLE_NOTE, Exact::bar);
        self.push(Item::Sound(Sound { notes: Vec::new(), advance: bar.scaled(numerator, denominator) }));
        Ok(())
    }

    /// Takes a sound in, as tuplet and broken rhythm have it.
    fn sound(&mut self, mut sound: Sound) -> Outcome {
        let (broken_by, broken_to) = self.broken.take().unwrap_or((1, 1));
        sound.scale(broken_by, broken_to);
        if let Some(tuplet) = &mut self.tuplet {
            sound.scale(tuplet.time_of, tuplet.notes);
            tuplet.begun = true;
            tuplet.left -= 1;
            if tuplet.left == 0 {
                self.tuplet = None;
            }
        }
        let longest = Exact::WHOLE_NOTE.scaled(LONGEST_NOTE, 1);
        if sound.advance > longest || sound.notes.iter().any(|note| note.length > longest) {
            return Err(format!("a note is longer than {LONGEST_NOTE} whole notes"));
        }
        self.push(Item::Sound(sound));
        Ok(())
    }

    /// Ties the notes just written to what comes next; a bar line may stand between.
    fn tie(&mut self) {
        if let Some(sound) = self.last_sound_mut() {
            for note in &mut sound.notes {
                note.tied = true;
            }
        }
    }

    fn broken_rhythm(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        let sign = cursor.peek().unwrap_or('>');
        let count = u32::try_from(cursor.skip_while(|c| c == sign)).unwrap_or(u32::MAX);
        if count > MOST_BROKEN {
            return Err(format!("a broken rhythm has {count} signs"));
        }
        let whole = 1 << count;
        let (long, short) = ((2 * whole - 1, whole), (1, whole));
        let (before, after) = if sign == '>' { (long, short) } else { (short, long) };
        // A sign at the start of a tune breaks nothing.
        if let Some(sound) = self.last_sound_mut() {
            sound.scale(before.0, before.1);
            self.broken = Some(after);
        }
        Ok(())
    }

    fn tuplet_or_slur(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        cursor.bump();
        if !cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Ok(());
        }
        let notes = number(cursor)?.unwrap_or(0);
        if !(2..=LARGEST_TUPLET).contains(&notes) {
            return Err(format!("a tuplet has {notes} notes (2 to {LARGEST_TUPLET} are possible)"));
        }
        let time_of = tuplet_argument(cursor)?.unwrap_or_else(|| self.usual_time_of(notes));
        let left = tuplet_argument(cursor)?.unwrap_or(notes);
        if time_of > LARGEST_TUPLET * 2 || left > LARGEST_TUPLET * 2 {
            return Err("a tuplet is beyond all measure".to_owned());
        }
        // The same sign twice, `(3(3abc`, is a slip of the pen.
        if self.tuplet.as_ref().is_some_and(|open| !open.begun && open.notes != notes) {
            return Err("a tuplet has no notes".to_owned());
        }
        self.tuplet = Some(Tuplet { notes, time_of, left, begun: false });
        Ok(())
    }

    /// In the time of how many notes a tuplet of `notes` is played when it does not say.
    fn usual_time_of(&self, notes: i64) -> i64 {
        let compound = self.time.metre().is_some_and(|metre| metre.numerator % 3 == 0 && metre.numerator > 3);
        match notes {
            2 | 4 | 8 => 3,
            3 | 6 => 2,
            _ if compound => 3,
            _ => 2,
        }
    }
}

impl Sound {
    fn scale(&mut self, numerator: i64, denominator: i64) {
        self.advance = self.advance.scaled(numerator, denominator);
        for note in &mut self.notes {
            note.length = note.length.scaled(numerator, denominator);
        }
    }
}

/// `:2`; a colon without a number asks for the usual value, as does 0.
fn tuplet_argument(cursor: &mut Cursor<'_>) -> Result<Option<i64>, String> {
    if cursor.peek() != Some(':') || cursor.second() == Some('|') {
        return Ok(None);
    }
    cursor.bump();
    Ok(number(cursor)?.filter(|value| *value > 0))
}

/// A number of at most four digits.
fn number(cursor: &mut Cursor<'_>) -> Result<Option<i64>, String> {
    const MOST_DIGITS: usize = 4;
    let digits = cursor.take_while(|c| c.is_ascii_digit());
    if digits.len() > MOST_DIGITS {
        return Err(format!("the number {} is beyond all measure", digits.chars().take(12).collect::<String>()));
    }
    Ok(digits.parse().ok())
}

/// `3/2`, `/`, `//`: a multiple of the unit.
fn length(cursor: &mut Cursor<'_>) -> Result<(i64, i64), String> {
    const FINEST: i64 = 1024;
    let numerator = number(cursor)?.unwrap_or(1);
    let mut denominator: i64 = 1;
    while cursor.peek() == Some('/') {
        cursor.bump();
        denominator = denominator.saturating_mul(number(cursor)?.unwrap_or(2));
        if !(1..=FINEST).contains(&denominator) {
            return Err("a note is divided beyond all measure".to_owned());
        }
    }
    Ok((numerator, denominator))
}

/// `^`, `__`, `=`; `None` when there is none.
fn accidental(cursor: &mut Cursor<'_>) -> Option<i8> {
    let signs = cursor.take_while(|c| matches!(c, '^' | '_' | '='));
    cursor.skip_while(char::is_whitespace);
    let sharps = signs.chars().filter(|c| *c == '^').count();
    let flats = signs.chars().filter(|c| *c == '_').count();
    let accidental = i8::try_from(sharps.min(2)).unwrap_or(2) - i8::try_from(flats.min(2)).unwrap_or(2);
    (!signs.is_empty()).then_some(accidental)
}

/// `'` and `,` behind a letter, in octaves.
fn octave_marks(cursor: &mut Cursor<'_>) -> i8 {
    let marks = cursor.take_while(|c| matches!(c, '\'' | ','));
    marks.chars().fold(0, |octave: i8, mark| octave.saturating_add(if mark == ',' { -1 } else { 1 }))
}

/// The text between two quotation marks; one that is never closed reaches to the end of the line.
fn quoted<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    cursor.bump();
    let text = cursor.take_while(|c| c != '"');
    cursor.bump();
    text.trim()
}

/// `!trill!`, or a lone `!`, which is a break of the line on paper.
fn skip_decoration(cursor: &mut Cursor<'_>) {
    cursor.bump();
    let name = cursor.rest().find('!').map(|end| &cursor.rest()[..end]);
    let is_name = |name: &str| !name.contains(|c: char| c.is_whitespace() || matches!(c, '|' | '[' | ']'));
    if let Some(name) = name.filter(|name| is_name(name)) {
        cursor.advance(name.len() + 1);
    }
}

/// The characters of one bar line: `:|`, `|]`, `:||:`, `[|`, `::`.
fn bar_run<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    let start = cursor.rest();
    while let Some(next) = cursor.peek() {
        let opens_thick = next == '[' && cursor.second() == Some('|');
        if !matches!(next, '|' | ':' | ']') && !opens_thick {
            break;
        }
        cursor.bump();
    }
    &start[..start.len() - cursor.rest().len()]
}

/// What a run of bar line characters says. Colons before a line close a repeat, colons behind the last one open one.
fn bar_of(run: &str) -> Bar {
    const MOST_AGAIN: usize = 3;
    let strokes = run.chars().filter(|c| matches!(c, '|' | '[' | ']')).count();
    let (again, opens) = match (run.find('|'), run.rfind('|')) {
        (Some(first), Some(last)) => {
            let before = run[..first].matches(':').count();
            let opens = run[last..].contains(':');
            // `|:|` closes a repeat; in `|:||:` the first colon adds nothing.
            let between = !opens && run[first..last].contains(':');
            (before.max(usize::from(between)), opens)
        }
        // `::`
        _ => (1, true),
    };
    Bar { again: u8::try_from(again.min(MOST_AGAIN)).unwrap_or(1), opens, section: strokes > 1, ending: Vec::new() }
}

/// `1`, `1,3`, `1-3`, `1.`: the passes at which an ending is played.
fn endings(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, String> {
    const MOST_PASSES: i64 = 16;
    let mut passes = Vec::new();
    let mut from = None;
    while let Some(pass) = number(cursor)? {
        if !(1..=MOST_PASSES).contains(&pass) {
            return Err(format!("an ending for pass {pass} (1 to {MOST_PASSES} are possible)"));
        }
        passes.extend((from.unwrap_or(pass)..=pass).filter_map(|pass| u8::try_from(pass).ok()));
        let more = cursor.second().is_some_and(|c| c.is_ascii_digit());
        from = match cursor.peek() {
            Some('-') if more => Some(pass + 1),
            Some(',') if more => None,
            _ => break,
        };
        cursor.bump();
    }
    passes.sort_unstable();
    passes.dedup();
    Ok(passes)
}
