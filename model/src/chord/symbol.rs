//! Chord symbols: reads and writes `Dm7`, `D-7` and the like.
//!
//! One grammar covers lead sheets, the Weimar Jazz Database (`D79b`, `Ebj7911#`) and Nottingham's books (`D/f+`, `Gd`).

mod words;

use super::{Chord, ChordKind, OCTAVE};
use std::fmt;
use words::Words;

/// A text that is not a chord symbol. The display is one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{symbol}” is not a chord; write a root and its kind, such as C, F#m7, Bb7, Dm7b5 or G7/B, or NC for no chord"
)]
pub struct ChordError {
    /// The text.
    pub symbol: String,
}

/// Texts that mean "no chord", in upper or lower case.
const NO_CHORD: [&str; 6] = ["NC", "N.C.", "NC.", "N.C", "no chord", "tacet"];

/// The usual names of the twelve pitch classes.
const ROOTS: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

impl Chord {
    /// Reads a chord symbol; `None` for a symbol that means "no chord": `NC`, `N.C.`
    ///
    /// # Errors
    /// If the text is not a chord symbol.
    pub fn parse(text: &str) -> Result<Option<Self>, ChordError> {
        let trimmed = text.trim();
        if NO_CHORD.iter().any(|text| trimmed.eq_ignore_ascii_case(text)) {
            return Ok(None);
        }
        // A chord in brackets may be left out by the player, but it is a chord.
        let inside = trimmed.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(trimmed);
        let chord = whole(inside.trim()).or_else(|| whole(without_alternative(trimmed)?));
        chord.map(Some).ok_or_else(|| ChordError { symbol: text.to_owned() })
    }
}

/// In `Dm7(Em7)`, the chord in brackets is an alternative.
fn without_alternative(text: &str) -> Option<&str> {
    // It is unclear whether these mean a flat.
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

/// A pitch class, and the text after its name. Nottingham's books write the bass in small letters, with `+` for sharp.
fn note_name(text: &str, in_bass: bool) -> Option<(u8, &str)> {
    let letter = text.chars().next()?;
    let natural = match if in_bass { letter.to_ascii_uppercase() } else { letter } {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        // H is used in German-speaking countries.
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
    /// The text after the root: nothing, `m7`, `maj7`.
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
