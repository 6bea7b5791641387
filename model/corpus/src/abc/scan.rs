//! From the characters of a tune's body to the items on the page.
//!
//! Lengths and pitches are determined here: unit length, tuplets, broken rhythm, key, transposition and accidentals.
//! Accidentals last to the end of their bar as `propagate-accidentals` says; a tie carries one into the next bar for
//! the tied note only.

use super::accidentals::{Accidentals, Reach};
use super::cursor::Cursor;
use super::exact::Exact;
use super::fields::{self, MetreField, time, unit};
use super::key::{KeySignature, Spelled, letter_and_octave};
use super::overlay::Overlays;
use super::rhythm::Rhythm;
use super::tokens::{
    accidental, bar_of, bar_run, endings, is_meant_as_chord, is_named_ending, jump_notice, length, octave_marks,
    quoted, skip_decoration, skip_plus_decoration,
};
use super::written::{BarLine, Ending, Item, VoicePage, WrittenNote, WrittenSound};
use segue_model::chord::Chord;

/// Longer notes, in whole notes, are taken for mistakes.
const LONGEST_NOTE: i64 = 32;
/// Longer rests, in bars, are taken for mistakes.
const LONGEST_REST_BARS: i64 = 200;
/// The most remarks about one voice.
pub(super) const MOST_REMARKS: usize = 1_000;

/// Reads the music lines of one voice into [`Placed`] items.
#[derive(Clone)]
pub(super) struct Scanner {
    pub page: VoicePage,
    pub key: KeySignature,
    /// The sharps of the key in which the music begins.
    pub sharps: Option<i8>,
    pub time: MetreField,
    pub unit: Exact,
    /// Whether `L:` was given, so that a change of `M:` leaves the unit alone.
    pub unit_given: bool,
    /// Semitones by which the voice sounds higher than its key says (`V:1 octave=-1`).
    pub voice_shift: i8,
    /// The same from a directive (`%%MIDI transpose`).
    pub transpose: i8,
    pub accidentals: Accidentals,
    /// What was skipped although it may have been meant as music.
    pub skipped: Vec<String>,
    rhythm: Rhythm,
    overlays: Overlays,
}

type Outcome = Result<(), String>;

impl Scanner {
    pub fn new(key: KeySignature, time: MetreField, unit_length: Option<Exact>) -> Self {
        Self {
            page: VoicePage::default(),
            key,
            sharps: None,
            time,
            unit: unit_length.unwrap_or_else(|| time.default_unit()),
            unit_given: unit_length.is_some(),
            voice_shift: 0,
            transpose: 0,
            accidentals: Accidentals::default(),
            skipped: Vec::new(),
            rhythm: Rhythm::default(),
            overlays: Overlays::default(),
        }
    }

    /// Reads one line of music without its comment.
    pub fn music(&mut self, line: &str) -> Outcome {
        let mut cursor = Cursor::new(line);
        while let Some(next) = cursor.peek() {
            self.thing(next, &mut cursor)?;
            // The tune is refused when its line is over.
            if self.page.is_full() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads a field in the body, on its own line or in brackets. Fields that do not change the music are ignored.
    pub fn field(&mut self, name: char, value: &str) -> Outcome {
        match name {
            'K' => {
                self.key = self.key.changed(value)?;
                self.accidentals.clear();
            }
            'M' => {
                let (time, music) = time(value)?;
                self.set_time(time);
                // Some books continue with music on the line of the field.
                if music.contains('|') {
                    self.music(music)?;
                }
            }
            'L' => {
                self.unit = unit(value)?;
                self.unit_given = true;
            }
            'P' => self.label(value),
            'Q' => self.tempo(value),
            'I' => self.directive(value),
            _ => {}
        }
        Ok(())
    }

    /// Reads a part label such as `P:A`. A value with more than one letter is text and names no part.
    pub fn label(&mut self, value: &str) {
        if let Some(name) = fields::part_name(value) {
            self.push(Item::Part(name));
        }
    }

    pub fn tempo(&mut self, value: &str) {
        match fields::tempo(value, self.unit) {
            Ok(Some(quarter_us)) => self.push(Item::Tempo(quarter_us)),
            Ok(None) => {}
            Err(reason) => self.say([reason]),
        }
    }

    /// Reads a directive such as `%%propagate-accidentals octave` or `I:MIDI transpose -12`. Layout directives are
    /// ignored.
    pub fn directive(&mut self, text: &str) {
        let words: Vec<&str> = text.split([' ', '\t', '=']).filter(|word| !word.is_empty()).collect();
        let semitones = |text: &str| text.parse().unwrap_or(0);
        match words.as_slice() {
            ["MIDI", "transpose", value, ..] => self.transpose = semitones(value),
            ["MIDI", "rtranspose", value, ..] => self.transpose = self.transpose.saturating_add(semitones(value)),
            ["propagate-accidentals", "not", ..] => self.accidentals.reach = Reach::Note,
            ["propagate-accidentals", "octave", ..] => self.accidentals.reach = Reach::Octave,
            ["propagate-accidentals", "pitch", ..] => self.accidentals.reach = Reach::AllOctaves,
            _ => {}
        }
    }

    /// Adds a remark, unless there are very many.
    fn say(&mut self, what: impl IntoIterator<Item = String>) {
        let left = MOST_REMARKS.saturating_sub(self.skipped.len());
        self.skipped.extend(what.into_iter().take(left));
    }

    /// Checks the voice after the last line.
    pub fn finish(&mut self) -> Outcome {
        self.overlays.drop(&mut self.page, &mut self.rhythm);
        self.rhythm.finish()
    }

    fn push(&mut self, item: Item) {
        if matches!(item, Item::Sound(_)) && !self.page.has_sound() {
            self.sharps = self.key.sharps(self.voice_shift.saturating_add(self.transpose));
        }
        self.page.push(item, self.time.metre());
    }

    fn set_time(&mut self, time: MetreField) {
        self.time = time;
        if !self.unit_given && !self.page.has_sound() {
            self.unit = time.default_unit();
        }
    }

    fn thing(&mut self, next: char, cursor: &mut Cursor<'_>) -> Outcome {
        match next {
            '|' => self.bar(cursor),
            ':' if cursor.second().is_some_and(|c| matches!(c, '|' | ':')) => self.bar(cursor),
            '[' => self.bracket(cursor),
            'A'..='G' | 'a'..='g' | '^' | '_' | '=' => self.note(cursor),
            'z' | 'x' | 'Z' | 'X' => self.rest(cursor),
            '(' if cursor.second() == Some('&') => {
                self.overlays.begin_long(cursor);
                Ok(())
            }
            '(' => self.rhythm.tuplet_or_slur(cursor, self.time),
            '>' | '<' => {
                let broken = self.rhythm.broken(cursor, self.page.has_sound())?;
                if let Some((sound, (numerator, denominator))) = self.page.last_sound_mut().zip(broken) {
                    sound.scale(numerator, denominator);
                }
                Ok(())
            }
            '-' => {
                cursor.bump();
                self.tie();
                Ok(())
            }
            '"' => {
                self.symbol(quoted(cursor));
                Ok(())
            }
            '{' => cursor.take_through('}').map(|_| ()).ok_or_else(|| "grace notes are never closed".to_owned()),
            '+' => self.plus(cursor),
            '!' => {
                self.say(skip_decoration(cursor).and_then(jump_notice));
                Ok(())
            }
            '&' => {
                let begins = self.overlays.sign(cursor, &mut self.page, &mut self.rhythm);
                self.say(begins.then(|| "of several voices in a bar (&) the first is read".to_owned()));
                Ok(())
            }
            'M' | 'L' => self.bare_field_or_ornament(next, cursor),
            'y' => {
                cursor.bump();
                cursor.skip_while(|c| c.is_ascii_digit());
                Ok(())
            }
            // Spaces, ends of slurs, one-letter ornaments, and harmless unknown characters.
            _ => {
                cursor.bump();
                Ok(())
            }
        }
    }

    /// Reads a chord symbol. Annotations (`^slowly`) and remarks (`Fine`) are not chords, except `^N.C.`
    fn symbol(&mut self, text: &str) {
        match Chord::parse(text) {
            Ok(chord) => self.push(Item::Symbol(chord)),
            Err(_) if Chord::parse(text.trim_start_matches(['^', '_', '<', '>', '@'])) == Ok(None) => {
                self.push(Item::Symbol(None));
            }
            Err(error) if is_meant_as_chord(text) => {
                // The chord before ends here, because another one was written.
                self.push(Item::Symbol(None));
                self.say([error.to_string()]);
            }
            Err(_) => self.say(jump_notice(text)),
        }
    }

    /// `M` and `L` are ornaments, except in books that write `M:4/4` into the music without brackets.
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

    /// Reads a bar line with its repeat marks and the number of an ending directly after it.
    fn bar(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        let run = bar_run(cursor);
        self.overlays.bar_line(&mut self.page, &mut self.rhythm);
        let has_ending = cursor.peek().is_some_and(|c| c.is_ascii_digit());
        let ending = if has_ending { Some(Ending::Passes(endings(cursor)?)) } else { None };
        self.push_bar(BarLine { ending, ..bar_of(run) });
        Ok(())
    }

    fn push_bar(&mut self, bar: BarLine) {
        self.accidentals.clear();
        self.push(Item::Bar(bar));
    }

    /// Reads `[K:…]`, `[1`, `[|`, or a chord.
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
                self.push_bar(BarLine { ending: Some(Ending::Passes(ending)), ..BarLine::default() });
                Ok(())
            }
            (Some('"'), _) if is_named_ending(cursor) => {
                cursor.bump();
                let name = quoted(cursor).to_owned();
                self.push_bar(BarLine { ending: Some(Ending::Named(name)), ..BarLine::default() });
                Ok(())
            }
            _ => {
                cursor.bump();
                self.chord(cursor, ']')
            }
        }
    }

    /// Reads `+trill+`, or a chord in the old notation: `+ce+`.
    fn plus(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        cursor.bump();
        let Some(end) = cursor.rest().find('+') else {
            return Ok(());
        };
        let inside = &cursor.rest()[..end];
        let letters = inside.chars().filter(|c| letter_and_octave(*c).is_some()).count();
        let is_chord =
            inside.chars().all(|c| c == ' ' || letter_and_octave(c).is_some() || "^_=,'/0123456789".contains(c));
        let is_loudness = inside.chars().all(|c| c == 'f');
        if is_chord && letters >= 2 && !is_loudness {
            return self.chord(cursor, '+');
        }
        if !inside.contains(|c: char| c.is_whitespace() || c == '|') {
            self.say(jump_notice(inside));
            cursor.advance(end + 1);
        }
        Ok(())
    }

    /// Reads a chord up to its closing sign, and its length.
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
                '"' | '!' | '{' => self.thing(next, cursor)?,
                '+' => skip_plus_decoration(cursor),
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
        // "The chord duration is that of the first note" (ABC 2.1, section 4.17): the first one written.
        let advance = notes[0].length;
        notes.sort_by_key(|note| note.pitch);
        self.sound(WrittenSound { notes, advance })
    }

    fn note(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        match self.one_note(cursor)? {
            Some(note) => self.sound(WrittenSound { advance: note.length, notes: vec![note] }),
            None => Ok(()),
        }
    }

    /// A note without tuplet and broken rhythm; `None` for an accidental that no note follows.
    fn one_note(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<WrittenNote>, String> {
        let written = accidental(cursor);
        let Some((letter, octave)) = cursor.peek().and_then(letter_and_octave) else {
            return Ok(None);
        };
        cursor.bump();
        let octave = octave.saturating_add(octave_marks(cursor));
        let (numerator, denominator) = length(cursor)?;
        let in_bar = self.accidentals.in_force(letter, octave, written);
        let accidental =
            in_bar.or_else(|| self.tied_over(letter, octave)).unwrap_or_else(|| self.key.accidental(letter));
        let spelled = Spelled { letter, accidental, octave };
        let shift = self.voice_shift.saturating_add(self.transpose);
        let pitch = self.key.sounding(spelled).and_then(|pitch| pitch.transposed(shift));
        let pitch = pitch.ok_or("a note lies outside the keyboard")?;
        Ok(Some(WrittenNote { spelled, pitch, length: self.unit.scaled(numerator, denominator), tied: false }))
    }

    /// The accidental of a note that is tied to the one that comes now.
    fn tied_over(&self, letter: u8, octave: i8) -> Option<i8> {
        let tied = self
            .page
            .last_sound()?
            .notes
            .iter()
            .find(|note| note.tied && note.spelled.letter == letter && note.spelled.octave == octave)?;
        Some(tied.spelled.accidental)
    }

    fn rest(&mut self, cursor: &mut Cursor<'_>) -> Outcome {
        let bars = cursor.peek().is_some_and(|c| c.is_ascii_uppercase());
        cursor.bump();
        let (numerator, denominator) = length(cursor)?;
        if !bars {
            return self.sound(WrittenSound { notes: Vec::new(), advance: self.unit.scaled(numerator, denominator) });
        }
        if numerator > LONGEST_REST_BARS * denominator {
            return Err(format!("a rest is longer than {LONGEST_REST_BARS} bars"));
        }
        let bar = self.time.metre().map_or(Exact::WHOLE_NOTE, Exact::bar);
        self.push(Item::Sound(WrittenSound { notes: Vec::new(), advance: bar.scaled(numerator, denominator) }));
        Ok(())
    }

    /// Adds a sound, with tuplet and broken rhythm applied.
    fn sound(&mut self, mut sound: WrittenSound) -> Outcome {
        self.rhythm.apply(&mut sound);
        let longest = Exact::WHOLE_NOTE.scaled(LONGEST_NOTE, 1);
        if sound.advance > longest || sound.notes.iter().any(|note| note.length > longest) {
            return Err(format!("a note is longer than {LONGEST_NOTE} whole notes"));
        }
        self.push(Item::Sound(sound));
        Ok(())
    }

    /// Ties the notes just written to what follows; a bar line may come between.
    fn tie(&mut self) {
        if let Some(sound) = self.page.last_sound_mut() {
            for note in &mut sound.notes {
                note.tied = true;
            }
        }
    }
}

/// Whether a directive is one that [`Scanner::directive`] reads.
pub(super) fn is_heard(directive: &str) -> bool {
    directive.starts_with("MIDI") || directive.starts_with("propagate-accidentals")
}
