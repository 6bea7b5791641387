//! The words after a root: `m7b5`, `maj9`, `7(b9,#11)`.

use crate::chord::ChordKind;

/// What the word after the root says about the third and the fifth. A symbol has at most one such word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quality {
    Minor,
    /// Alone it has no effect; before a number it makes the seventh major.
    Major,
    /// `j` and the triangle include the major seventh.
    MajorSeventh,
    Diminished,
    HalfDiminished,
    Augmented,
}

/// Longer words come before shorter ones with the same beginning.
const QUALITIES: [(&str, Quality); 34] = [
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
    ("MA", Quality::Major),
    ("MI", Quality::Minor),
    ("Mi", Quality::Minor),
    ("M", Quality::Major),
    // iReal Pro.
    ("^", Quality::MajorSeventh),
    ("h", Quality::HalfDiminished),
    ("j", Quality::MajorSeventh),
    ("Δ", Quality::MajorSeventh),
    ("∆", Quality::MajorSeventh),
    ("△", Quality::MajorSeventh),
    ("ma7", Quality::MajorSeventh),
    ("ma9", Quality::MajorSeventh),
    ("ma", Quality::Major),
    ("m", Quality::Minor),
    ("dim", Quality::Diminished),
    ("°", Quality::Diminished),
    ("º", Quality::Diminished),
    ("o", Quality::Diminished),
    ("d", Quality::Diminished),
    ("ø", Quality::HalfDiminished),
    ("Ø", Quality::HalfDiminished),
    ("∅", Quality::HalfDiminished),
    ("aug", Quality::Augmented),
    ("a", Quality::Augmented),
];

/// The numbers in symbols; longer ones first, because Weimar writes them without spaces: `7911#`.
const NUMBERS: [(&str, Degree); 10] =
    [("13", 13), ("11", 11), ("10", 10), ("69", 6), ("9", 9), ("7", 7), ("6", 6), ("5", 5), ("4", 4), ("2", 2)];

type Degree = u8;

/// The words after a root.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that may occur or not")]
pub(super) struct Words {
    qualities: Vec<Quality>,
    /// A seventh, or a number that implies one; the qualities say whether it is major.
    seventh: bool,
    sixth: bool,
    suspended: bool,
    altered: bool,
    flat_fifth: bool,
    sharp_fifth: bool,
    /// The numbers so far: the first says how far the chord extends, the others are tensions.
    numbers: usize,
    /// Weimar's notation: accidentals follow their numbers.
    accidental_behind: bool,
}

impl Words {
    pub fn read(text: &str) -> Option<Self> {
        let mut words = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            rest = words.word(rest)?;
        }
        Some(words)
    }

    /// Takes one word from the text.
    fn word<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix([' ', '(', ')', ',']) {
            return Some(rest);
        }
        // A full stop abbreviates a word: `dim.`
        if let Some(rest) = text.strip_prefix('.').filter(|_| !self.qualities.is_empty() || self.suspended) {
            return Some(rest);
        }
        // As in `m(+7)`; elsewhere `+7` is an augmented chord with a seventh.
        if let Some(rest) = text.strip_prefix("+7").filter(|_| self.qualities == [Quality::Minor] && self.numbers == 0)
        {
            self.tension(7, true);
            return Some(rest);
        }
        if let Some(rest) = text.strip_prefix('/') {
            return self.behind_a_stroke(rest);
        }
        if let Some(rest) = text.strip_prefix('0').filter(|_| self.numbers == 0 && self.qualities.is_empty()) {
            self.quality(Quality::Diminished)?;
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
        // `7-` alone may be a minor seventh chord or a lowered tone.
        if let Some(rest) = text.strip_prefix(['-', '−', '–', '—']).filter(|_| self.numbers == 0) {
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

    /// Reads what follows a slash: `m/maj7`, `7/sus4`, and `/9`, which adds a tone.
    fn behind_a_stroke<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let is_word = ["maj", "Maj", "M", "sus", "add", "b", "#"].iter().any(|word| text.starts_with(word));
        match number(text) {
            Some((9 | 11 | 13, rest)) if self.numbers == 0 => {
                self.numbers += 1;
                Some(rest)
            }
            Some((degree, rest)) => Some(self.plain_or_altered_number(degree, rest)),
            None => is_word.then_some(text),
        }
    }

    /// `maj` may follow minor, diminished and augmented, and describes their seventh; other pairs contradict each
    /// other.
    fn quality(&mut self, quality: Quality) -> Option<()> {
        let tells_of_seventh = matches!(quality, Quality::Major | Quality::MajorSeventh);
        let fits = match self.qualities.as_slice() {
            [] => true,
            [Quality::Minor | Quality::Diminished | Quality::Augmented] => tells_of_seventh,
            _ => false,
        };
        // `7M` is a major seventh too, `7+` a raised fifth, and `7m` is `m7`.
        let is_minor_behind = quality == Quality::Minor && self.numbers == 1;
        let in_place = self.numbers == 0 || tells_of_seventh || is_minor_behind || quality == Quality::Augmented;
        self.qualities.push(quality);
        (fits && in_place).then_some(())
    }

    /// Reads an accidental before its number. `-` and `+` are accidentals only after the first number: `C-7`, but
    /// `C7-9`.
    fn accidental<'a>(&self, text: &'a str) -> Option<(bool, &'a str)> {
        let is_tension = |rest: &&str| self.numbers > 0 && rest.starts_with(|c: char| c.is_ascii_digit());
        let sharp = text.strip_prefix(['#', '♯']).or_else(|| text.strip_prefix('+').filter(is_tension));
        let flat = text.strip_prefix(['b', '♭']).or_else(|| text.strip_prefix(['-', '–']).filter(is_tension));
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
        if is_tension && degree != 7 && degree != 4 {
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
            (7, true) => {
                self.qualities.push(Quality::MajorSeventh);
                self.seventh = true;
            }
            (7, false) => self.seventh = true,
            (5, true) => self.sharp_fifth = true,
            (5, false) => self.flat_fifth = true,
            (9 | 10, _) | (13, false) => self.altered = true,
            _ => {}
        }
        self.numbers += 1;
    }

    pub fn kind(&self) -> ChordKind {
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

/// The number after `add` or `no`, which does not change the kind.
fn silent_number(text: &str) -> Option<&str> {
    let bare = text.strip_prefix(['#', 'b', '♯', '♭']).unwrap_or(text);
    number(bare).or_else(|| Some((3, bare.strip_prefix('3')?))).map(|(_, rest)| rest)
}
