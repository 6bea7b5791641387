//! Limits that a musician sets: pitches, lengths, voices, density. Plain data, and what it leaves of a style's
//! vocabulary.
//!
//! What is forbidden gets no probability. Something always remains: where limits exclude each other, or the style, the
//! nearest value does. Knows nothing of logits and sampling.

use crate::chord::OCTAVE;
use crate::note::{Bars, Pitch, Ticks};
use crate::vocabulary::Vocabulary;

/// The limits on what is decided. They do not change what is heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The scale. Where scale and range have no pitch in common, the range gives way by a tone or two: a note slightly
    /// out of range disturbs less than a wrong one.
    pub classes: PitchClasses,
    /// One end of the range.
    pub lowest: Pitch,
    /// The other end. Either may be the lower one.
    pub highest: Pitch,
    /// The most notes of one turn that sound together. The style's own limit holds too.
    pub polyphony: u8,
    /// The longest duration.
    pub longest: Ticks,
    /// The density: 1 is that of the style, 0 the sparsest.
    pub density: f32,
    /// Onsets lie on multiples of this, counted from every bar line, except the first of a turn, which has a moment of
    /// its own. `None` sets no grid; free time has none.
    pub grid: Option<Ticks>,
}

/// A set of pitch classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PitchClasses(u16);

/// A scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// All twelve pitch classes.
    Chromatic,
    /// Ionian.
    Major,
    /// Natural minor (aeolian).
    Minor,
    /// Minor with a raised seventh.
    HarmonicMinor,
    /// Ascending melodic minor.
    MelodicMinor,
    /// The second mode of the major scale.
    Dorian,
    /// The third mode.
    Phrygian,
    /// The fourth mode.
    Lydian,
    /// The fifth mode.
    Mixolydian,
    /// The seventh mode.
    Locrian,
    /// Five notes without semitones.
    MajorPentatonic,
    /// The same notes from the sixth on.
    MinorPentatonic,
    /// Minor pentatonic with the flat fifth.
    Blues,
}

/// The allowed pitches of a style, as classes of its vocabulary; never none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedPitches {
    /// One bit per class.
    left: u128,
    /// The transposition of what is decided, in octaves.
    octaves: i8,
}

/// At density 0, the part of the style's notes that remains: a note per bar instead of eighths.
const SPARSEST: f32 = 0.125;

impl Limits {
    /// No limits.
    pub const NONE: Self = Self {
        classes: PitchClasses::ALL,
        lowest: Pitch::MIN,
        highest: Pitch::MAX,
        polyphony: u8::MAX,
        longest: Ticks(i64::MAX),
        density: 1.0,
        grid: None,
    };

    /// The allowed pitches.
    ///
    /// Where the style has less than an octave of the range, the whole style is transposed by octaves, so that a bass
    /// can play what was learnt from fiddles.
    pub fn pitches(&self, vocabulary: &Vocabulary) -> AllowedPitches {
        let count = vocabulary.counts().pitch;
        let octaves = self.octaves_to(vocabulary);
        // At the ends of the keyboard, some pitches of the style cannot be transposed.
        let sounds = |key: i16| (0..=i16::from(Pitch::MAX.key())).contains(&(key + octaves * i16::from(OCTAVE)));
        let decided = (0..count).map(|class| (class, i16::from(vocabulary.pitch(class).key())));
        let keys = || decided.clone().filter(|(_, key)| sounds(*key));
        let (low, high) = self.range();
        let (low, high) = (low - octaves * i16::from(OCTAVE), high - octaves * i16::from(OCTAVE));
        let outside = |key: i16| (low - key).max(key - high).max(0);
        let in_scale = |key: i16| self.classes.has(key);
        let any_in_scale = keys().any(|(_, key)| in_scale(key));
        // A style may have so few pitches that none lies in the scale.
        let possible = || keys().filter(|(_, key)| in_scale(*key) || !any_in_scale);
        let nearest = possible().map(|(_, key)| outside(key)).min().unwrap_or(0);
        let lowest_nearest = possible().find(|(_, key)| outside(*key) == nearest).map(|(class, _)| class);
        let is_left = |(class, key): &(usize, i16)| match nearest {
            0 => outside(*key) == 0,
            _ => Some(*class) == lowest_nearest,
        };
        let left = possible().filter(is_left).fold(0, |left, (class, _)| left | bit(class));
        AllowedPitches { left, octaves: i8::try_from(octaves).unwrap_or(0) }
    }

    /// The factor on the time from note to note.
    pub fn stretch(&self) -> f32 {
        // Not a clamp, because NaN must not set a limit.
        if self.density < 1.0 { 1.0 / (SPARSEST + (1.0 - SPARSEST) * self.density.max(0.0)) } else { 1.0 }
    }

    /// The first grid point at or after `moment`.
    pub fn begin_from(&self, moment: Ticks, bars: Option<Bars>) -> Ticks {
        let Some((grid, bars)) = self.grid.filter(|grid| *grid > Ticks::ZERO).zip(bars) else { return moment };
        let place = bars.place(moment).0;
        let point = (place + grid.0 - 1) / grid.0 * grid.0;
        Ticks(moment.0 - place + point.min(bars.metre.bar().0))
    }

    fn range(&self) -> (i16, i16) {
        let (one, other) = (i16::from(self.lowest.key()), i16::from(self.highest.key()));
        (one.min(other), one.max(other))
    }

    /// The smallest transposition, in octaves, after which an octave of the range can be played, or all of a smaller
    /// one. Where that is impossible, the one that covers most.
    fn octaves_to(&self, vocabulary: &Vocabulary) -> i16 {
        /// From the lowest key to the highest.
        const MOST: i16 = 10;
        let (low, high) = self.range();
        let own_low = i16::from(vocabulary.pitch(0).key());
        let own_high = i16::from(vocabulary.pitch(vocabulary.counts().pitch - 1).key());
        let common = |octaves: i16| {
            let moved = octaves * i16::from(OCTAVE);
            high.min(own_high + moved) - low.max(own_low + moved)
        };
        let enough = (high - low).min(i16::from(OCTAVE)).min(own_high - own_low);
        // The nearest first, and of two equally near ones the lower.
        let nearest_first = || (0..=MOST).flat_map(|far| [-far, far]);
        let best = || nearest_first().rev().max_by_key(|octaves| common(*octaves));
        nearest_first().find(|octaves| common(*octaves) >= enough).or_else(best).unwrap_or(0)
    }
}

impl PitchClasses {
    /// All pitch classes.
    pub const ALL: Self = Self((1 << OCTAVE) - 1);

    /// The set of these pitch classes, 0 (C) to 11 (B), modulo the octave. An empty set allows all, because something
    /// must be playable.
    pub fn of(classes: impl IntoIterator<Item = u8>) -> Self {
        let set = classes.into_iter().fold(0, |set, class| set | 1 << (class % OCTAVE));
        if set == 0 { Self::ALL } else { Self(set) }
    }

    /// Whether a pitch belongs to the set, in any octave.
    pub fn contains(self, pitch: Pitch) -> bool {
        self.has(pitch.key().into())
    }

    fn has(self, key: i16) -> bool {
        self.0 >> key.rem_euclid(OCTAVE.into()) & 1 == 1
    }
}

impl Scale {
    /// All scales.
    pub const ALL: [Self; 13] = [
        Self::Chromatic,
        Self::Major,
        Self::Minor,
        Self::HarmonicMinor,
        Self::MelodicMinor,
        Self::Dorian,
        Self::Phrygian,
        Self::Lydian,
        Self::Mixolydian,
        Self::Locrian,
        Self::MajorPentatonic,
        Self::MinorPentatonic,
        Self::Blues,
    ];

    /// The pitch classes of the scale on a key note, 0 (C) to 11 (B).
    pub fn on(self, key: u8) -> PitchClasses {
        PitchClasses::of(self.degrees().iter().map(|degree| degree + key % OCTAVE))
    }

    /// The degrees in semitones above the key note.
    const fn degrees(self) -> &'static [u8] {
        match self {
            Self::Chromatic => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
            Self::Major => &[0, 2, 4, 5, 7, 9, 11],
            Self::Minor => &[0, 2, 3, 5, 7, 8, 10],
            Self::HarmonicMinor => &[0, 2, 3, 5, 7, 8, 11],
            Self::MelodicMinor => &[0, 2, 3, 5, 7, 9, 11],
            Self::Dorian => &[0, 2, 3, 5, 7, 9, 10],
            Self::Phrygian => &[0, 1, 3, 5, 7, 8, 10],
            Self::Lydian => &[0, 2, 4, 6, 7, 9, 11],
            Self::Mixolydian => &[0, 2, 4, 5, 7, 9, 10],
            Self::Locrian => &[0, 1, 3, 5, 6, 8, 10],
            Self::MajorPentatonic => &[0, 2, 4, 7, 9],
            Self::MinorPentatonic => &[0, 3, 5, 7, 10],
            Self::Blues => &[0, 3, 5, 6, 7, 10],
        }
    }
}

impl AllowedPitches {
    /// Whether a class is allowed.
    pub const fn has(self, class: usize) -> bool {
        class < u128::BITS as usize && self.left >> class & 1 == 1
    }

    /// Whether a class above this one is allowed.
    pub const fn has_above(self, class: u8) -> bool {
        class < 127 && self.left >> (class + 1) != 0
    }

    /// The allowed pitches that satisfy a preference; all of them when none does.
    #[must_use]
    pub fn preferring(self, preferred: impl Fn(usize) -> bool) -> Self {
        let chosen =
            (0..128).filter(|class| self.has(*class) && preferred(*class)).fold(0, |left, class| left | bit(class));
        if chosen == 0 { self } else { Self { left: chosen, ..self } }
    }

    /// The pitch that sounds when this one is decided.
    #[must_use]
    pub fn sounding(self, decided: Pitch) -> Pitch {
        decided.transposed(self.octaves * OCTAVE.cast_signed()).unwrap_or(decided)
    }
}

const fn bit(class: usize) -> u128 {
    1 << class
}

#[cfg(test)]
mod tests;
