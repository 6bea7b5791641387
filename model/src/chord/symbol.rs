//! Chord symbols: from `Dm7` or `D-7` to a chord and back.
//!
//! One grammar for lead sheets, for the Weimar Jazz Database (`D79b`, `Ebj7911#`) and for Nottingham's books (`D/f+`,
//! `Gd`).

use super::{Chord, ChordKind, OCTAVE};
use std::fmt;

/// A text that is no chord symbol. Its display is one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{symbol}” is no chord; write a root, what stands over it and perhaps a bass, such as C, F#m7, Bb7, Ebmaj7, \
     Dm7b5, G7alt, C7sus4, Bdim7, Caug or G7/B, or NC for no chord"
)]
pub struct ChordError {
    /// What was written.
    pub symbol: String,
}

/// The usual names of the twelve pitch classes.
const ROOTS: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

impl Chord {
    /// Reads a chord symbol; `None` is a symbol that says that there is no chord: `NC`, `N.C.`
    ///
    /// # Errors
    /// When the text is no chord symbol.
    pub fn parse(text: &str) -> Result<Option<Self>, ChordError> {
        let trimmed = text.trim();
        if matches!(trimmed, "NC" | "N.C." | "NC." | "N.C") {
            return Ok(None);
        }
        // A chord in brackets may be left out by the player; it is a chord all the same.
        let inside = trimmed.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(trimmed);
        whole(inside.trim()).map(Some).ok_or_else(|| ChordError { symbol: text.to_owned() })
    }
}

fn whole(text: &str) -> Option<Chord> {
    let (root, rest) = note_name(text, false)?;
    let with_bass = rest.rsplit_once('/').and_then(|(kind, bass)| match note_name(bass.trim(), true)? {
        (bass, "") => Some((kind, bass)),
        _ => None,
    });
    let (kind, bass) = with_bass.unwrap_or((rest, root));
    Some(Chord::new(root, Words::read(kind)?.kind(), bass))
}

/// A pitch class and what follows its name. In the bass Nottingham's books write small letters, and `+` for sharp.
fn note_name(text: &str, in_bass: bool) -> Option<(u8, &str)> {
    let letter = text.chars().next()?;
    let natural = match if in_bass { letter.to_ascii_uppercase() } else { letter } {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    let mut pitch_class: u8 = natural;
    let mut rest = text.get(1..)?;
    loop {
        let after = |signs: &[char]| rest.strip_prefix(signs);
        if let Some(after) = after(&['#', '♯']).or_else(|| after(&['+']).filter(|_| in_bass)) {
            (pitch_class, rest) = ((pitch_class + 1) % OCTAVE, after);
        } else if let Some(after) = after(&['b', '♭']) {
            (pitch_class, rest) = ((pitch_class + OCTAVE - 1) % OCTAVE, after);
        } else {
            return Some((pitch_class, rest));
        }
    }
}

/// What the word behind the root says of the third and the fifth. A symbol has one such word at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quality {
    Minor,
    /// Alone it says nothing; before a number it makes the seventh a major one.
    Major,
    /// `j` and the triangle have the major seventh in themselves.
    MajorSeventh,
    Diminished,
    HalfDiminished,
    Augmented,
}

/// Longer words stand before those that they begin with.
const QUALITIES: [(&str, Quality); 27] = [
    ("major", Quality::Major),
    ("maj", Quality::Major),
    ("Maj", Quality::Major),
    ("MAJ", Quality::Major),
    ("minor", Quality::Minor),
    ("min", Quality::Minor),
    ("Min", Quality::Minor),
    ("MIN", Quality::Minor),
    ("mi", Quality::Minor),
    ("Ma", Quality::Major),
    ("M", Quality::Major),
    ("j", Quality::MajorSeventh),
    ("Δ", Quality::MajorSeventh),
    ("∆", Quality::MajorSeventh),
    ("△", Quality::MajorSeventh),
    ("ma7", Quality::MajorSeventh),
    ("ma9", Quality::MajorSeventh),
    ("m", Quality::Minor),
    ("dim", Quality::Diminished),
    ("°", Quality::Diminished),
    ("º", Quality::Diminished),
    ("o", Quality::Diminished),
    ("d", Quality::Diminished),
    ("ø", Quality::HalfDiminished),
    ("Ø", Quality::HalfDiminished),
    ("aug", Quality::Augmented),
    ("a", Quality::Augmented),
];

/// Numbers that stand in symbols; longer ones first, because Weimar runs them together: `7911#`.
const NUMBERS: [(&str, Degree); 10] =
    [("13", 13), ("11", 11), ("10", 10), ("69", 6), ("9", 9), ("7", 7), ("6", 6), ("5", 5), ("4", 4), ("2", 2)];

type Degree = u8;

/// What is written over a root, word by word.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that may stand there or not")]
struct Words {
    qualities: Vec<Quality>,
    /// A seventh, or a number that implies one; whether it is major lies with the qualities.
    seventh: bool,
    sixth: bool,
    suspended: bool,
    altered: bool,
    flat_fifth: bool,
    sharp_fifth: bool,
    /// Numbers so far: the first says how far the chord reaches, those behind it are tensions.
    numbers: usize,
    /// Weimar's way: accidentals stand behind their numbers.
    accidental_behind: bool,
}

impl Words {
    fn read(text: &str) -> Option<Self> {
        let mut words = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            rest = words.word(rest)?;
        }
        Some(words)
    }

    /// Takes one word off the text.
    fn word<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix([' ', '(', ')', ',']) {
            return Some(rest);
        }
        if let Some(rest) = text.strip_prefix("sus") {
            self.suspended = true;
            return Some(rest.strip_prefix(['2', '4']).unwrap_or(rest));
        }
        if let Some(rest) = text.strip_prefix("alt") {
            self.altered = true;
            return Some(rest);
        }
        if let Some(rest) = text.strip_prefix("madd") {
            self.quality(Quality::Minor)?;
            return silent_number(rest);
        }
        for silent in ["add", "omit", "no"] {
            if let Some(rest) = text.strip_prefix(silent) {
                return silent_number(rest);
            }
        }
        if let Some(rest) = text.strip_prefix("6/9") {
            self.number(6);
            return Some(rest);
        }
        if let Some((raised, rest)) = self.accidental(text) {
            let (degree, rest) = number(rest)?;
            self.tension(degree, raised);
            return Some(rest);
        }
        if let Some((degree, rest)) = number(text) {
            return Some(self.plain_or_altered_number(degree, rest));
        }
        if let Some(rest) = text.strip_prefix(['-', '−']) {
            self.quality(Quality::Minor)?;
            return Some(rest);
        }
        if let Some(rest) = text.strip_prefix('+') {
            self.quality(Quality::Augmented)?;
            return Some(rest);
        }
        let (word, quality) = QUALITIES.iter().find(|(word, _)| text.starts_with(word))?;
        self.quality(*quality)?;
        text.strip_prefix(word)
    }

    /// `maj` may follow minor, diminished and augmented, and tells of their seventh; other pairs contradict each other.
    fn quality(&mut self, quality: Quality) -> Option<()> {
        let tells_of_seventh = matches!(quality, Quality::Major | Quality::MajorSeventh);
        let fits = match self.qualities.as_slice() {
            [] => true,
            [Quality::Minor | Quality::Diminished | Quality::Augmented] => tells_of_seventh,
            _ => false,
        };
        // `7M` is a major seventh too, and `7+` a raised fifth.
        let in_place = self.numbers == 0 || tells_of_seventh || quality == Quality::Augmented;
        self.qualities.push(quality);
        (fits && in_place).then_some(())
    }

    /// An accidental before its number. `-` and `+` are accidentals behind the first number only: `C-7`, but `C7-9`.
    fn accidental<'a>(&self, text: &'a str) -> Option<(bool, &'a str)> {
        let is_tension = |rest: &&str| self.numbers > 0 && rest.starts_with(|c: char| c.is_ascii_digit());
        let sharp = text.strip_prefix(['#', '♯']).or_else(|| text.strip_prefix('+').filter(is_tension));
        let flat = text.strip_prefix(['b', '♭']).or_else(|| text.strip_prefix('-').filter(is_tension));
        sharp.map(|rest| (true, rest)).or_else(|| flat.map(|rest| (false, rest)))
    }

    fn plain_or_altered_number<'a>(&mut self, degree: Degree, rest: &'a str) -> &'a str {
        let is_tension = self.numbers > 0;
        self.accidental_behind |= is_tension;
        let behind = if self.accidental_behind { rest } else { "" };
        if let Some(after) = behind.strip_prefix('#') {
            self.tension(degree, true);
            return after;
        }
        if let Some(after) = behind.strip_prefix('b') {
            self.tension(degree, false);
            return after;
        }
        if is_tension && degree != 7 {
            self.numbers += 1;
        } else {
            self.number(degree);
        }
        rest
    }

    fn number(&mut self, degree: Degree) {
        match degree {
            6 => self.sixth = true,
            4 => self.suspended = true,
            7..=13 => self.seventh = true,
            _ => {}
        }
        self.numbers += 1;
    }

    fn tension(&mut self, degree: Degree, raised: bool) {
        match (degree, raised) {
            (5, true) => self.sharp_fifth = true,
            (5, false) => self.flat_fifth = true,
            (9 | 10, _) | (13, false) => self.altered = true,
            _ => {}
        }
        self.numbers += 1;
    }

    fn kind(&self) -> ChordKind {
        let has = |quality| self.qualities.contains(&quality);
        let major_seventh = has(Quality::MajorSeventh) || (has(Quality::Major) && self.seventh);
        match self.qualities.first() {
            Some(Quality::Diminished) => ChordKind::Diminished,
            Some(Quality::HalfDiminished) => ChordKind::HalfDiminished,
            Some(Quality::Minor) => self.minor_kind(major_seventh),
            _ if self.suspended => ChordKind::Suspended,
            _ if major_seventh && (self.sharp_fifth || has(Quality::Augmented)) => ChordKind::Augmented,
            _ if major_seventh => ChordKind::MajorSeventh,
            _ => self.dominant_or_plain_kind(has(Quality::Augmented)),
        }
    }

    fn minor_kind(&self, major_seventh: bool) -> ChordKind {
        match (self.flat_fifth, major_seventh, self.seventh, self.sixth) {
            (true, _, true, _) => ChordKind::HalfDiminished,
            (true, _, false, _) => ChordKind::Diminished,
            (false, true, _, _) | (false, false, false, true) => ChordKind::MinorSixth,
            (false, false, true, _) => ChordKind::MinorSeventh,
            (false, false, false, false) => ChordKind::Minor,
        }
    }

    fn dominant_or_plain_kind(&self, augmented: bool) -> ChordKind {
        let other_fifth = augmented || self.sharp_fifth || self.flat_fifth;
        match (self.seventh, self.sixth) {
            (true, _) if self.altered || other_fifth => ChordKind::Altered,
            (true, _) => ChordKind::Seventh,
            (false, true) => ChordKind::Sixth,
            (false, false) if self.altered => ChordKind::Altered,
            (false, false) if augmented || self.sharp_fifth => ChordKind::Augmented,
            (false, false) => ChordKind::Major,
        }
    }
}

fn number(text: &str) -> Option<(Degree, &str)> {
    NUMBERS.iter().find_map(|(digits, degree)| Some((*degree, text.strip_prefix(digits)?)))
}

/// The number behind `add` or `no`, of which the kinds know nothing.
fn silent_number(text: &str) -> Option<&str> {
    let bare = text.strip_prefix(['#', 'b']).unwrap_or(text);
    number(bare).or_else(|| Some((3, bare.strip_prefix('3')?))).map(|(_, rest)| rest)
}

impl ChordKind {
    /// What is written behind the root: nothing, `m7`, `maj7`.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Major => "",
            Self::Sixth => "6",
            Self::MajorSeventh => "maj7",
            Self::Seventh => "7",
            Self::Altered => "7alt",
            Self::Suspended => "7sus4",
            Self::Augmented => "aug",
            Self::Minor => "m",
            Self::MinorSixth => "m6",
            Self::MinorSeventh => "m7",
            Self::HalfDiminished => "m7b5",
            Self::Diminished => "dim7",
        }
    }
}

/// As on a lead sheet: `Dm7`, `G7/B`.
impl fmt::Display for Chord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |pitch_class: u8| ROOTS[usize::from(pitch_class % OCTAVE)];
        write!(formatter, "{}{}", name(self.root), self.kind.symbol())?;
        if self.bass == self.root { Ok(()) } else { write!(formatter, "/{}", name(self.bass)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Symbols, and what the first of them is written as again.
    fn check(symbols: &str, expected: &str) {
        for symbol in symbols.split('|') {
            let read =
                Chord::parse(symbol).map(|chord| chord.map_or_else(|| "NC".to_owned(), |chord| chord.to_string()));
            assert_eq!(read, Ok(expected.to_owned()), "{symbol}");
        }
    }

    #[test]
    fn every_chord_comes_back_as_it_was_written() {
        for kind in ChordKind::ALL {
            for (root, bass) in (0..OCTAVE).flat_map(|root| (0..OCTAVE).map(move |bass| (root, bass))) {
                let chord = Chord::new(root, kind, bass);
                assert_eq!(Chord::parse(&chord.to_string()), Ok(Some(chord)), "{chord}");
            }
        }
    }

    #[test]
    fn lead_sheets_are_read() {
        check("C|CM|Cmaj|C(add9)|C5|C2|Cadd9|C no3|(C)| C ", "C");
        check("C6|C6/9|C69|Cmaj6|C6(9)", "C6");
        check("Cmaj7|CM7|CΔ7|CΔ|Cj7|Cma7|CMa7|Cmaj9|Cmaj7#11|Cmaj7(#11)|C7M|Cmaj13", "Cmaj7");
        check("C7|C9|C13|C11|C7#11|C9#11|C7(13)|C7(9,#11)|C7add13", "C7");
        check(
            "C7b9|C7(b9)|C7#9|C7#5|C7b5|C7alt|Calt|C7b9b13|C7(b9,#11)|C7-9|C7+9|C7+5|C7+|C+7|Caug7|C7b13|C+9",
            "C7alt",
        );
        check("Csus|Csus4|Csus2|C7sus|C7sus4|C9sus4|C13sus|C7sus4(b9)|C4", "C7sus4");
        check("Caug|C+|C(#5)|Cmaj7#5|C+j7", "Caug");
        check("Cm|Cmin|C-|Cmi|Cmadd9|Cm(add9)|C minor|Cm5", "Cm");
        check("Cm6|Cm69|Cm6/9|C-6|Cm(maj7)|CmM7|Cmmaj7|C-j7|C-Δ7|Cminmaj7", "Cm6");
        check("Cm7|C-7|Cmin7|Cmi7|Cm9|Cm11|Cm7(11)|C-7911|Cm7add11", "Cm7");
        check("Cm7b5|C-7b5|Cm7(b5)|Cø|Cø7|CØ7|Cm9b5|Cm7-5|Cmin7(b5)", "Cm7b5");
        check("Cdim|Cdim7|Co|Co7|C°|C°7|Cmb5|Cm(b5)", "Cdim7");
        check("NC|N.C.|NC.|N.C| NC", "NC");
    }

    #[test]
    fn roots_and_basses_are_read_with_all_their_accidentals() {
        for (symbol, expected) in [
            ("F#dim", "F#dim7"),
            ("Gb7", "F#7"),
            ("Cb", "B"),
            ("E#m", "Fm"),
            ("Bbb6", "A6"),
            ("B♭maj7", "Bbmaj7"),
            ("F♯m7", "F#m7"),
            ("Am/G", "Am/G"),
            ("G7/B", "G7/B"),
            ("C6/9/E", "C6/E"),
            ("D/F#", "D/F#"),
            ("C/C", "C"),
        ] {
            check(symbol, expected);
        }
    }

    #[test]
    fn the_symbols_of_the_weimar_database_are_read() {
        for (symbols, expected) in [
            ("D-7|D-7911|D-79|D-7913|D-79b", "Dm7"),
            ("Fj7|Fj79|Fj7911#|Fj79#", "Fmaj7"),
            ("Ebj7911#", "Ebmaj7"),
            ("G7|G79|G7911#|G7913|G7911", "G7"),
            ("D79b|D79#|D79#11#|D79b13b|D7alt|D7913b|D79b13|D79#13|D+7|D+79#|D+7911#|D+79b|D+79", "D7alt"),
            ("Bbsus|Bbsus7|Bbsus79|Bbsus7913", "Bb7sus4"),
            ("C-j7|C-j7913|C-j7911#|C-6|C-69", "Cm6"),
            ("F69|F6|F6911#", "F6"),
            ("Am7b5", "Am7b5"),
            ("Ao|Ao7", "Adim7"),
            ("F+j7|F+", "Faug"),
            ("A#79b", "Bb7alt"),
            ("C#sus79", "Db7sus4"),
            ("Fb-7", "Em7"),
            ("C-/Bb", "Cm/Bb"),
            ("Dbj7911#/C", "Dbmaj7/C"),
            ("Bj7/A#", "Bmaj7/Bb"),
            ("F+/Ab", "Faug/Ab"),
            ("Db-69/Ab", "Dbm6/Ab"),
        ] {
            check(symbols, expected);
        }
    }

    #[test]
    fn the_symbols_of_nottingham_are_read() {
        for (symbol, expected) in [
            ("D/f+", "D/F#"),
            ("Gm/bb", "Gm/Bb"),
            ("Gd", "Gdim7"),
            ("D#d", "Ebdim7"),
            ("Ea", "Eaug"),
            ("Fa7", "F7alt"),
            ("(E7)", "E7"),
            ("D m", "Dm"),
            (" B7", "B7"),
            ("Em/d+", "Em/Eb"),
        ] {
            check(symbol, expected);
        }
    }

    #[test]
    fn what_is_no_chord_is_refused_with_what_could_be_written() {
        for text in [
            "",
            " ",
            "Fine",
            "D.C.",
            "D.S.",
            "Coda",
            "Bridge",
            "Add",
            "Dad",
            "H7",
            "c",
            "dm7",
            "C8",
            "C7x",
            "Cmdim",
            "C/H",
            "C//E",
            "C#9b",
            "C7/",
            "Da Capo",
            "End",
            "Cmm",
            "C7m",
            "^C",
            "Emajor scale",
            "C1",
            "(C",
            "Gadd",
        ] {
            assert_eq!(Chord::parse(text), Err(ChordError { symbol: text.to_owned() }), "{text}");
        }
        let sentence = Chord::parse("Fine").unwrap_err().to_string();
        assert!(sentence.starts_with("“Fine” is no chord; write a root") && sentence.contains("NC"), "{sentence}");
    }

    #[test]
    fn no_text_makes_the_reader_panic() {
        let letters: Vec<char> = "CGb#♭-+79156/()jmadsuoΔ .é".chars().collect();
        let mut dice: usize = 1;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..dice % 8 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push(letters[(dice >> 33) % letters.len()]);
            }
            dice = dice.wrapping_add(1).wrapping_mul(2_862_933_555_777_941_757);
            if let Ok(Some(chord)) = Chord::parse(&text) {
                assert_eq!(Chord::parse(&chord.to_string()), Ok(Some(chord)), "{text}");
            }
        }
    }
}
