//! Chord symbols: from `Dm7` or `D-7` to a chord and back.
//!
//! One grammar for lead sheets, for the Weimar Jazz Database (`D79b`, `Ebj7911#`) and for Nottingham's books (`D/f+`,
//! `Gd`).

mod words;

use super::{Chord, ChordKind, OCTAVE};
use std::fmt;
use words::Words;

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

/// What says that there is no chord, in any case.
const NO_CHORD: [&str; 6] = ["NC", "N.C.", "NC.", "N.C", "no chord", "tacet"];

/// The usual names of the twelve pitch classes.
const ROOTS: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

impl Chord {
    /// Reads a chord symbol; `None` is a symbol that says that there is no chord: `NC`, `N.C.`
    ///
    /// # Errors
    /// When the text is no chord symbol.
    pub fn parse(text: &str) -> Result<Option<Self>, ChordError> {
        let trimmed = text.trim();
        if NO_CHORD.iter().any(|text| trimmed.eq_ignore_ascii_case(text)) {
            return Ok(None);
        }
        // A chord in brackets may be left out by the player; it is a chord all the same.
        let inside = trimmed.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(trimmed);
        let chord = whole(inside.trim()).or_else(|| whole(without_alternative(trimmed)?));
        chord.map(Some).ok_or_else(|| ChordError { symbol: text.to_owned() })
    }
}

/// `Dm7(Em7)`: a chord in brackets behind another one is what may be played instead of it.
fn without_alternative(text: &str) -> Option<&str> {
    // Of these nobody knows whether a flat is meant.
    const DOUBTFUL: [&str; 4] = ["B5", "B9", "B13", "B6"];
    let (chord, inside) = text.strip_suffix(')')?.split_once('(')?;
    (!DOUBTFUL.contains(&inside) && whole(inside.trim()).is_some()).then_some(chord.trim_end())
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
        // In German-speaking countries.
        'B' | 'H' => 11,
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
mod tests;
