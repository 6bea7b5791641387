//! Chords: what the network knows of the harmony at a note, how chords are written, and how they are recognised.
//!
//! Does not know charts, bars or who plays a chord.

mod recognition;
mod symbol;

pub use symbol::ChordError;

/// A chord as the network sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chord {
    /// The pitch class of the root, 0 (C) to 11 (B).
    root: u8,
    /// The tones above the root.
    kind: ChordKind,
    /// The pitch class of the lowest tone, 0 to 11; the root's unless another one is written (`C/E`).
    bass: u8,
}

/// The tones above the root. Chords of one kind sound alike enough under an improvised line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChordKind {
    /// C
    Major,
    /// C6, C69
    Sixth,
    /// Cj7, Cmaj7
    MajorSeventh,
    /// C7, C9, C13
    Seventh,
    /// C7alt, C7b9, C7#9, C7#5
    Altered,
    /// Csus, C7sus
    Suspended,
    /// C+
    Augmented,
    /// Cm
    Minor,
    /// Cm6, Cm(maj7)
    MinorSixth,
    /// Cm7
    MinorSeventh,
    /// Cm7b5
    HalfDiminished,
    /// Co, Co7
    Diminished,
}

impl ChordKind {
    /// All kinds; the order is that of the network's classes and never changes.
    pub const ALL: [Self; 12] = [
        Self::Major,
        Self::Sixth,
        Self::MajorSeventh,
        Self::Seventh,
        Self::Altered,
        Self::Suspended,
        Self::Augmented,
        Self::Minor,
        Self::MinorSixth,
        Self::MinorSeventh,
        Self::HalfDiminished,
        Self::Diminished,
    ];

    /// Its tones in semitones above the root, ascending from 0.
    pub const fn tones(self) -> &'static [u8] {
        match self {
            Self::Major => &[0, 4, 7],
            Self::Sixth => &[0, 4, 7, 9],
            Self::MajorSeventh => &[0, 4, 7, 11],
            Self::Seventh => &[0, 4, 7, 10],
            Self::Altered => &[0, 1, 4, 8, 10],
            Self::Suspended => &[0, 5, 7, 10],
            Self::Augmented => &[0, 4, 8],
            Self::Minor => &[0, 3, 7],
            Self::MinorSixth => &[0, 3, 7, 9],
            Self::MinorSeventh => &[0, 3, 7, 10],
            Self::HalfDiminished => &[0, 3, 6, 10],
            Self::Diminished => &[0, 3, 6, 9],
        }
    }
}

/// Pitch classes in an octave.
pub const OCTAVE: u8 = 12;

impl Chord {
    /// A chord by its pitch classes, counted from C and taken modulo the octave.
    pub const fn new(root: u8, kind: ChordKind, bass: u8) -> Self {
        Self { root: root % OCTAVE, kind, bass: bass % OCTAVE }
    }

    /// The pitch class of the root, 0 (C) to 11 (B).
    pub const fn root(self) -> u8 {
        self.root
    }

    /// The tones above the root.
    pub const fn kind(self) -> ChordKind {
        self.kind
    }

    /// The pitch class of the lowest tone, 0 to 11.
    pub const fn bass(self) -> u8 {
        self.bass
    }

    /// The pitch classes of its tones, the root first. The bass may be another one.
    pub fn tones(self) -> impl Iterator<Item = u8> {
        self.kind.tones().iter().map(move |tone| (self.root + tone) % OCTAVE)
    }

    /// The chord moved by semitones.
    #[must_use]
    pub fn transposed(self, semitones: i8) -> Self {
        let up = semitones.rem_euclid(12).unsigned_abs();
        Self::new(self.root + up, self.kind, self.bass + up)
    }
}
