//! What a musician forbids: keys of the piano, lengths, voices. Plain data, and what it leaves of a style's vocabulary.
//!
//! What is forbidden gets no probability. Something is always left: where the limits exclude each other, or the style,
//! the nearest thing is. Knows nothing of scores and of how a class is drawn.

use crate::chord::OCTAVE;
use crate::note::{Bars, Pitch, Ticks};
use crate::vocabulary::Vocabulary;

/// What may be decided. None of it changes what is heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The scale. The range gives way to it by a tone or two where they have no pitch in common, because a note that is
    /// a little too low disturbs less than a wrong one.
    pub classes: PitchClasses,
    /// One end of the range.
    pub lowest: Pitch,
    /// The other end. Which of both is the lower one does not matter.
    pub highest: Pitch,
    /// How many notes of one turn sound together at most; the style's own limit stays in force.
    pub polyphony: u8,
    /// The longest note.
    pub longest: Ticks,
    /// How many notes there are, 1 being as many as the style has and 0 very few.
    pub density: f32,
    /// Notes begin on points that lie so far from each other, counted from every bar line, but the first of a turn, which
    /// begins where the turn does. `None` is anywhere; in free time there are no bars and no such points.
    pub grid: Option<Ticks>,
}

/// A set of pitch classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PitchClasses(u16);

/// What may be played in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Every pitch.
    Chromatic,
    /// Ionian.
    Major,
    /// Natural minor, aeolian.
    Minor,
    /// With the leading note.
    HarmonicMinor,
    /// As it rises.
    MelodicMinor,
    /// The second mode.
    Dorian,
    /// The third mode.
    Phrygian,
    /// The fourth mode.
    Lydian,
    /// The fifth mode.
    Mixolydian,
    /// The seventh mode.
    Locrian,
    /// Five notes without a half step.
    MajorPentatonic,
    /// The same from its sixth.
    MinorPentatonic,
    /// Minor pentatonic with the flat fifth.
    Blues,
}

/// The pitches of a style that are left, as classes of its vocabulary; never none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedPitches {
    /// A bit for each class.
    left: u128,
    /// What is said sounds so many octaves higher.
    octaves: i8,
}

/// Of the notes that a style has, this share is left at the lowest density: a note a bar instead of eighths.
const SPARSEST: f32 = 0.125;

impl Limits {
    /// No limits at all.
    pub const NONE: Self = Self {
        classes: PitchClasses::ALL,
        lowest: Pitch::MIN,
        highest: Pitch::MAX,
        polyphony: u8::MAX,
        longest: Ticks(i64::MAX),
        density: 1.0,
        grid: None,
    };

    /// The pitches that are left.
    ///
    /// A range in which the style has less than an octave to say is served from another octave, so that a bass can play
    /// what was learnt from fiddles.
    pub fn pitches(&self, vocabulary: &Vocabulary) -> AllowedPitches {
        let count = vocabulary.counts().pitch;
        let octaves = self.octaves_to(vocabulary);
        // At the ends of the keyboard a part of what the style says has no key there.
        let sounds = |key: i16| (0..=i16::from(Pitch::MAX.key())).contains(&(key + octaves * i16::from(OCTAVE)));
        let said = (0..count).map(|class| (class, i16::from(vocabulary.pitch(class).key())));
        let keys = || said.clone().filter(|(_, key)| sounds(*key));
        let (low, high) = self.range();
        let (low, high) = (low - octaves * i16::from(OCTAVE), high - octaves * i16::from(OCTAVE));
        let outside = |key: i16| (low - key).max(key - high).max(0);
        let in_scale = |key: i16| self.classes.has(key);
        let any_in_scale = keys().any(|(_, key)| in_scale(key));
        // A style may have so few pitches that none of them is in the scale.
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

    /// By what the time from note to note is multiplied.
    pub fn stretch(&self) -> f32 {
        // Not a clamp: what is no number is no limit.
        if self.density < 1.0 { 1.0 / (SPARSEST + (1.0 - SPARSEST) * self.density.max(0.0)) } else { 1.0 }
    }

    /// The first moment at or after this one on which a note may begin, in these bars.
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

    /// By how many octaves what is said is moved, as few as possible, so that an octave of the range can be said, or all of
    /// it where it is smaller; as much as possible where not even that can.
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
        // The nearest first, and of two that are equally near the lower one.
        let nearest_first = || (0..=MOST).flat_map(|far| [-far, far]);
        let best = || nearest_first().rev().max_by_key(|octaves| common(*octaves));
        nearest_first().find(|octaves| common(*octaves) >= enough).or_else(best).unwrap_or(0)
    }
}

impl PitchClasses {
    /// Every one.
    pub const ALL: Self = Self((1 << OCTAVE) - 1);

    /// The set of these classes, 0 (C) to 11 (B), taken modulo the octave. A set of none forbids none, because
    /// something has to be played.
    pub fn of(classes: impl IntoIterator<Item = u8>) -> Self {
        let set = classes.into_iter().fold(0, |set, class| set | 1 << (class % OCTAVE));
        if set == 0 { Self::ALL } else { Self(set) }
    }

    /// Whether a pitch is one of them, in any octave.
    pub fn contains(self, pitch: Pitch) -> bool {
        self.has(pitch.key().into())
    }

    fn has(self, key: i16) -> bool {
        self.0 >> key.rem_euclid(OCTAVE.into()) & 1 == 1
    }
}

impl Scale {
    /// All of them.
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

    /// Its pitch classes in a key, 0 (C) to 11 (B).
    pub fn on(self, key: u8) -> PitchClasses {
        PitchClasses::of(self.degrees().iter().map(|degree| degree + key % OCTAVE))
    }

    /// In semitones over the key note.
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
    /// Whether this class is one of them.
    pub const fn has(self, class: usize) -> bool {
        class < u128::BITS as usize && self.left >> class & 1 == 1
    }

    /// Whether one of them lies above this class.
    pub const fn has_above(self, class: u8) -> bool {
        class < 127 && self.left >> (class + 1) != 0
    }

    /// Those that satisfy a wish; all of them when none does.
    #[must_use]
    pub fn preferring(self, wish: impl Fn(usize) -> bool) -> Self {
        let wished = (0..128).filter(|class| self.has(*class) && wish(*class)).fold(0, |left, class| left | bit(class));
        if wished == 0 { self } else { Self { left: wished, ..self } }
    }

    /// The pitch that sounds when this one is said.
    #[must_use]
    pub fn sounding(self, said: Pitch) -> Pitch {
        said.transposed(self.octaves * OCTAVE.cast_signed()).unwrap_or(said)
    }
}

const fn bit(class: usize) -> u128 {
    1 << class
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Metre;
    use crate::vocabulary::Vocabulary;

    fn pitch(key: u8) -> Pitch {
        Pitch::new(key).unwrap()
    }

    /// The keys that sound in a style of these limits.
    fn keys(limits: &Limits, vocabulary: &Vocabulary) -> Vec<u8> {
        let pitches = limits.pitches(vocabulary);
        (0..128)
            .filter(|class| pitches.has(*class))
            .map(|class| pitches.sounding(vocabulary.pitch(class)).key())
            .collect()
    }

    fn ranged(scale: Scale, lowest: u8, highest: u8) -> Limits {
        Limits { classes: scale.on(0), lowest: pitch(lowest), highest: pitch(highest), ..Limits::NONE }
    }

    fn check(scale: Scale, range: (u8, u8), expected: &[u8]) {
        for (low, high) in [range, (range.1, range.0)] {
            assert_eq!(keys(&ranged(scale, low, high), &Vocabulary::dance()), expected, "{scale:?} {low}-{high}");
        }
    }

    #[test]
    fn each_scale_has_the_notes_that_its_name_says() {
        const NAMES: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];
        let table = [
            (Scale::Chromatic, "C", "C Db D Eb E F Gb G Ab A Bb B"),
            (Scale::Major, "D", "D E Gb G A B Db"),
            (Scale::Minor, "A", "A B C D E F G"),
            (Scale::HarmonicMinor, "A", "A B C D E F Ab"),
            (Scale::MelodicMinor, "A", "A B C D E Gb Ab"),
            (Scale::Dorian, "D", "D E F G A B C"),
            (Scale::Phrygian, "E", "E F G A B C D"),
            (Scale::Lydian, "F", "F G A B C D E"),
            (Scale::Mixolydian, "G", "G A B C D E F"),
            (Scale::Locrian, "B", "B C D E F G A"),
            (Scale::MajorPentatonic, "G", "G A B D E"),
            (Scale::MinorPentatonic, "E", "E G A B D"),
            (Scale::Blues, "C", "C Eb F Gb G Bb"),
        ];
        assert_eq!(table.map(|(scale, _, _)| scale), Scale::ALL);
        let class = |name: &str| u8::try_from(NAMES.iter().position(|other| *other == name).unwrap()).unwrap();
        for (scale, key, notes) in table {
            let expected = PitchClasses::of(notes.split(' ').map(class));
            assert_eq!(scale.on(class(key)), expected, "{key} {scale:?}");
        }
    }

    #[test]
    fn no_limits_leave_every_pitch_where_it_is() {
        for vocabulary in [Vocabulary::dance(), Vocabulary::song(), Vocabulary::solo(), Vocabulary::piano()] {
            let every: Vec<u8> = (0..vocabulary.counts().pitch).map(|class| vocabulary.pitch(class).key()).collect();
            assert_eq!(keys(&Limits::NONE, &vocabulary), every);
        }
    }

    /// Where range and scale have no pitch in common, the nearest pitch of the scale remains.
    #[test]
    fn a_range_holds_or_gives_way_to_the_nearest_scale_pitch() {
        check(Scale::Chromatic, (60, 63), &[60, 61, 62, 63]);
        check(Scale::Major, (60, 67), &[60, 62, 64, 65, 67]);
        // C sharp alone: of C and D, equally near, the lower one.
        check(Scale::Major, (61, 61), &[60]);
        check(Scale::MinorPentatonic, (68, 69), &[67]);
    }

    #[test]
    fn a_range_beyond_the_style_is_served_from_another_octave() {
        // The style says 43 to 103.
        check(Scale::MajorPentatonic, (24, 36), &[24, 26, 28, 31, 33, 36]);
        check(Scale::Chromatic, (12, 13), &[12, 13]);
        check(Scale::Chromatic, (126, 127), &[126, 127]);
        // What the style can say of it is enough, and it stays where it is.
        check(Scale::Major, (30, 55), &[43, 45, 47, 48, 50, 52, 53, 55]);
    }

    /// A bar line itself is a grid point, also in bars that the grid does not divide.
    #[test]
    fn grid_points_are_counted_from_every_bar_line() {
        let bars = Bars { line: Ticks(7), metre: Metre::new(7, 8).unwrap() };
        let limits = Limits { grid: Some(Ticks(48)), ..Limits::NONE };
        for (moment, point) in [(7, 7), (8, 55), (151, 151), (152, 175), (175, 175), (0, 7), (-10, -10 + 17)] {
            assert_eq!(limits.begin_from(Ticks(moment), Some(bars)), Ticks(point), "from {moment}");
        }
        assert_eq!(limits.begin_from(Ticks(3), None), Ticks(3));
        assert_eq!(Limits::NONE.begin_from(Ticks(8), Some(bars)), Ticks(8));
    }

    #[test]
    fn a_share_of_the_notes_is_left_at_every_density() {
        let stretch = |density| Limits { density, ..Limits::NONE }.stretch();
        assert!((stretch(1.0), stretch(2.0), stretch(f32::NAN)) == (1.0, 1.0, 1.0));
        assert!((stretch(0.0) - 8.0).abs() < 1e-6 && (stretch(-1.0) - 8.0).abs() < 1e-6);
        assert!((stretch(0.5) - 1.0 / 0.5625).abs() < 1e-6);
    }

    /// For every scale, key and range some pitch remains, in the scale and within two semitones of the range.
    #[test]
    fn there_is_always_a_pitch_in_the_scale_near_the_range() {
        /// The widest gap in a scale is an augmented second, or a minor third: the middle of it is so far from both sides.
        const NEAR: u8 = 2;
        let vocabularies = [Vocabulary::dance(), Vocabulary::song(), Vocabulary::solo(), Vocabulary::piano()];
        let ranges = || (0..128_u8).flat_map(|low| (low..=(low + 13).min(127)).map(move |high| (low, high)));
        for (scale, key) in Scale::ALL.into_iter().flat_map(|scale| (0..OCTAVE).map(move |key| (scale, key))) {
            for ((low, high), vocabulary) in ranges().flat_map(|range| vocabularies.iter().map(move |own| (range, own)))
            {
                let limits =
                    Limits { classes: scale.on(key), lowest: pitch(low), highest: pitch(high), ..Limits::NONE };
                let keys = keys(&limits, vocabulary);
                assert!(!keys.is_empty());
                for sounding in keys {
                    assert!(limits.classes.contains(pitch(sounding)), "{scale:?} on {key}, {low}-{high}: {sounding}");
                    let is_near = sounding + NEAR >= low && sounding <= high + NEAR;
                    assert!(is_near, "{scale:?} on {key}, {low}-{high}: {sounding}");
                }
            }
        }
    }
}
