//! Notes, musical time and metres: the types that playing and training share.
//!
//! Knows nothing of classes, tensors, hosts or frames.

use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Sub};

/// Ticks in a quarter note.
pub const TICKS_PER_QUARTER: i64 = 48;

/// A point or length of musical time, independent of tempo: [`TICKS_PER_QUARTER`] ticks are one quarter note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(pub i64);

impl Ticks {
    /// Length zero, and the beginning of a tune.
    pub const ZERO: Self = Self(0);

    /// The length of `count` quarter notes.
    pub const fn quarters(count: i64) -> Self {
        Self(count * TICKS_PER_QUARTER)
    }

    /// The number of ticks, for arithmetic with fractions. Exact below 2⁵³ ticks, about three million years at 120 bpm.
    #[expect(clippy::cast_precision_loss, reason = "exact for every moment that a session can reach")]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// The same in single precision: for lengths of a few bars, which are exact below 2²⁴ ticks.
    #[expect(clippy::cast_precision_loss, reason = "exact for lengths below 2^24 ticks")]
    pub const fn as_f32(self) -> f32 {
        self.0 as f32
    }

    /// The number of quarter notes, with fractions.
    pub const fn as_quarters(self) -> f64 {
        self.as_f64() / Self::quarters(1).as_f64()
    }
}

impl Add for Ticks {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Ticks {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Ticks {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

/// A MIDI key, 0 to 127; 60 is middle C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Pitch(u8);

impl Pitch {
    /// The lowest MIDI key.
    pub const MIN: Self = Self(0);
    /// The highest MIDI key.
    pub const MAX: Self = Self(127);

    /// The pitch of a MIDI key; `None` above 127.
    pub const fn new(key: u8) -> Option<Self> {
        if key <= 127 { Some(Self(key)) } else { None }
    }

    /// The MIDI key number, 0 to 127.
    pub const fn key(self) -> u8 {
        self.0
    }

    /// Transposed by semitones; `None` when that leaves the keyboard.
    pub fn transposed(self, semitones: i8) -> Option<Self> {
        self.0.checked_add_signed(semitones).and_then(Self::new)
    }
}

impl TryFrom<u8> for Pitch {
    type Error = String;
    fn try_from(key: u8) -> Result<Self, String> {
        Self::new(key).ok_or_else(|| format!("{key} is not a MIDI key (0 to 127)"))
    }
}

impl From<Pitch> for u8 {
    fn from(pitch: Pitch) -> Self {
        pitch.0
    }
}

/// A MIDI note-on velocity, 1 to 127. (0 means note-off in MIDI and cannot be made.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Velocity(u8);

impl Velocity {
    /// The velocity of a note whose velocity is unknown.
    pub const DEFAULT: Self = Self(80);

    /// The velocity of a MIDI value; `None` for 0 and above 127.
    pub const fn new(value: u8) -> Option<Self> {
        if value >= 1 && value <= 127 { Some(Self(value)) } else { None }
    }

    /// The nearest velocity to any number; NaN gives 1.
    pub fn nearest(value: f32) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 1..=127 first; NaN becomes 0 and then 1"
        )]
        Self((value.round().clamp(1.0, 127.0) as u8).max(1))
    }

    /// The MIDI value, 1 to 127.
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Velocity {
    type Error = String;
    fn try_from(value: u8) -> Result<Self, String> {
        Self::new(value).ok_or_else(|| format!("{value} is not a velocity (1 to 127)"))
    }
}

impl From<Velocity> for u8 {
    fn from(velocity: Velocity) -> Self {
        velocity.0
    }
}

/// One note. Playing and training use the same type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Note {
    /// The onset, on the time line of its tune or session.
    pub onset: Ticks,
    /// The key.
    pub pitch: Pitch,
    /// The length; above zero.
    pub duration: Ticks,
    /// The note-on velocity.
    pub velocity: Velocity,
}

/// A time signature, such as 6/8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Metre {
    /// Beats in a bar, 1 to 64.
    pub numerator: u8,
    /// The note value of a beat: a power of two, 1 to 64.
    pub denominator: u8,
}

impl Metre {
    /// 4/4.
    pub const COMMON: Self = Self { numerator: 4, denominator: 4 };

    /// A time signature; `None` when the numerator is not 1 to 64, or the denominator is not a power of two up to 64.
    pub const fn new(numerator: u8, denominator: u8) -> Option<Self> {
        if numerator >= 1 && numerator <= 64 && denominator <= 64 && denominator.is_power_of_two() {
            Some(Self { numerator, denominator })
        } else {
            None
        }
    }

    /// The length of a felt beat: three written beats in compound metres such as 6/8, else one.
    pub const fn beat(self) -> Ticks {
        let written = TICKS_PER_QUARTER * 4 / self.denominator as i64;
        Ticks(if self.is_compound() { 3 * written } else { written })
    }

    /// Whether three written beats make one felt beat.
    pub const fn is_compound(self) -> bool {
        self.denominator >= 8 && self.numerator > 3 && self.numerator.is_multiple_of(3)
    }

    /// The length of a bar; above zero.
    pub const fn bar(self) -> Ticks {
        Ticks(TICKS_PER_QUARTER * 4 * self.numerator as i64 / self.denominator as i64)
    }
}

/// Bars of one metre, counted from a bar line. They hold until the next `Bars`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bars {
    /// A bar line.
    pub line: Ticks,
    /// The metre of the bars from there on.
    pub metre: Metre,
}

impl Bars {
    /// The time since the last bar line before `moment`: from 0 to less than a bar.
    pub const fn place(self, moment: Ticks) -> Ticks {
        Ticks((moment.0 - self.line.0).rem_euclid(self.metre.bar().0))
    }

    /// Whether a felt beat begins at `moment`.
    pub const fn is_on_beat(self, moment: Ticks) -> bool {
        self.place(moment).0 % self.metre.beat().0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_values_cannot_be_made() {
        assert!(Pitch::new(127).is_some() && Pitch::new(128).is_none());
        assert!(Velocity::new(0).is_none() && Velocity::new(127).is_some());
        assert!(Metre::new(0, 4).is_none() && Metre::new(3, 3).is_none() && Metre::new(4, 0).is_none());
        assert_eq!(Velocity::nearest(f32::NAN).value(), 1);
    }

    #[test]
    fn ticks_become_numbers_of_ticks_and_of_quarters() {
        for ticks in [-120_i64, -1, 0, 1, 47, 48, 72, 1 << 52] {
            assert_eq!(format!("{:.0}", Ticks(ticks).as_f64()), ticks.to_string());
        }
        assert_eq!([72, -12, 0].map(|ticks| Ticks(ticks).as_quarters().to_bits()), [1.5, -0.25, 0.0].map(f64::to_bits));
        assert_eq!(Ticks(72).as_f32().to_bits(), 72.0_f32.to_bits());
    }

    #[test]
    fn beats_are_counted_from_the_bar_line() {
        let bars = Bars { line: Ticks(7), metre: Metre::COMMON };
        let on_beat: Vec<i64> = (-41..110).filter(|moment| bars.is_on_beat(Ticks(*moment))).collect();
        assert_eq!(on_beat, [-41, 7, 55, 103]);
    }

    #[test]
    fn the_place_in_the_bar_is_right_before_the_first_bar_line_too() {
        let jig = Bars { line: Ticks(24), metre: Metre::new(6, 8).unwrap() };
        assert_eq!(jig.metre.bar(), Ticks(144));
        for (moment, place) in [(24, 0), (0, 120), (24 + 144, 0), (24 + 143, 143), (-120, 0)] {
            assert_eq!(jig.place(Ticks(moment)), Ticks(place), "at {moment}");
        }
    }
}
