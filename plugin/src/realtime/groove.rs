//! How the beat is divided: ticks as they are written against ticks as they are played.
//!
//! The mind learnt from solos whose eighths are written straight, and thinks in straight ticks. Where the music swings,
//! the first eighth of each quarter note has more than half of it. Everything between two eighths moves in proportion,
//! quarters stay where they are; so what is heard is straightened by the very map, turned round, by which what is played
//! is swung, and neither direction changes the order of anything.

use segue_model::note::{Bars, Note, Pitch, TICKS_PER_QUARTER, Ticks};

/// A beat, and half of it, as numbers with a fraction.
#[allow(clippy::cast_precision_loss, reason = "48")]
const BEAT: f64 = TICKS_PER_QUARTER as f64;
const EIGHTH: f64 = BEAT / 2.0;
/// What the first eighth may have of its beat. Up to three quarters; there the second is a sixteenth.
const SHARES: std::ops::RangeInclusive<f32> = 0.5..=0.75;
const SEMITONES: i16 = 12;

/// One division of the beat. The two maps are each other's inverse, grow without end, and keep every beat in its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Groove {
    /// The part of the beat that its first eighth has; above a half, or else nothing is moved.
    share: f64,
    /// A beat.
    beat: Ticks,
}

impl Groove {
    /// Nothing is moved.
    pub const STRAIGHT: Self = Self { share: 0.5, beat: Ticks::ZERO };

    /// Eighths that have this part of the beat, in these bars. Metres that count eighths or less do not swing: in 6/8 the
    /// beat is divided otherwise, and in 7/8 eighths are what is counted.
    pub fn new(share: f32, bars: Bars) -> Self {
        let counts_quarters = bars.metre.denominator <= 4;
        if !counts_quarters || !SHARES.contains(&share) {
            return Self::STRAIGHT;
        }
        Self { share: f64::from(share), beat: bars.line }
    }

    /// When a straight moment is played.
    pub fn performed(self, straight: f64) -> f64 {
        self.moved(straight, [EIGHTH, self.share * BEAT])
    }

    /// Where a moment that was played belongs when it is written straight.
    pub fn straight(self, performed: f64) -> f64 {
        self.moved(performed, [self.share * BEAT, EIGHTH])
    }

    /// The note, no longer than this as it is played: of a beat that swings the first half lasts longer than it is written.
    #[must_use]
    pub fn no_longer(self, note: Note, longest: Ticks) -> Note {
        if self.share <= 0.5 {
            return Note { duration: note.duration.min(longest), ..note };
        }
        let onset = super::clock::float(note.onset);
        let end = self.straight(self.performed(onset) + super::clock::float(longest));
        #[allow(clippy::cast_possible_truncation, reason = "`as` saturates where there is no longest")]
        let most = Ticks((end - onset).floor() as i64);
        Note { duration: note.duration.min(most).max(Ticks(1)), ..note }
    }

    /// Moves the second eighth of the beat from one place to another, and all between in proportion.
    fn moved(self, moment: f64, [from, to]: [f64; 2]) -> f64 {
        if self.share <= 0.5 {
            return moment;
        }
        let line = super::clock::float(self.beat);
        let beat = line + ((moment - line) / BEAT).floor() * BEAT;
        let place = moment - beat;
        let place = if place < from { place * to / from } else { to + (place - from) * (BEAT - to) / (BEAT - from) };
        beat + place
    }
}

/// A pitch some octaves up or down, as far as the keyboard goes.
pub fn in_octave(pitch: Pitch, octaves: i8) -> Pitch {
    let mut key = i16::from(pitch.key()) + SEMITONES * i16::from(octaves);
    while key < 0 {
        key += SEMITONES;
    }
    while key > i16::from(Pitch::MAX.key()) {
        key -= SEMITONES;
    }
    u8::try_from(key).ok().and_then(Pitch::new).unwrap_or(pitch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use segue_model::note::Metre;

    fn bars(line: i64, metre: Metre) -> Bars {
        Bars { line: Ticks(line), metre }
    }

    #[test]
    fn the_second_eighth_comes_late_and_the_beats_stay() {
        let groove = Groove::new(0.625, bars(7, Metre::COMMON));
        for (straight, performed) in
            [(7.0, 7.0), (19.0, 22.0), (31.0, 37.0), (43.0, 46.0), (55.0, 55.0), (-17.0, -11.0), (48_007.0, 48_007.0)]
        {
            assert!((groove.performed(straight) - performed).abs() < 1e-9, "{straight}");
            assert!((groove.straight(performed) - straight).abs() < 1e-9, "{straight}");
        }
    }

    #[test]
    fn what_does_not_swing_is_not_moved_by_a_hair() {
        let odd = Metre::new(6, 8).unwrap();
        for groove in [
            Groove::STRAIGHT,
            Groove::new(0.5, bars(3, Metre::COMMON)),
            Groove::new(0.66, bars(0, odd)),
            Groove::new(f32::NAN, bars(0, Metre::COMMON)),
            Groove::new(7.0, bars(0, Metre::COMMON)),
        ] {
            let moment = 1_234.567_890_123;
            assert!(groove.performed(moment).to_bits() == moment.to_bits(), "{groove:?}");
            assert!(groove.straight(moment).to_bits() == moment.to_bits(), "{groove:?}");
        }
    }

    #[test]
    fn a_note_is_no_longer_played_than_is_asked_wherever_in_its_beat_it_begins() {
        let note = |onset, duration| Note {
            onset: Ticks(onset),
            pitch: Pitch::MAX,
            duration: Ticks(duration),
            velocity: segue_model::note::Velocity::DEFAULT,
        };
        let swung = Groove::new(0.66, bars(0, Metre::COMMON));
        for (onset, duration, longest) in
            [(0, 12, 12), (12, 12, 12), (24, 24, 12), (0, 24, 24), (6, 200, 96), (30, 1, 12)]
        {
            let cut = swung.no_longer(note(onset, duration), Ticks(longest));
            let at = |tick: Ticks| swung.performed(super::super::clock::float(tick));
            let played = at(cut.onset + cut.duration) - at(cut.onset);
            assert!(played <= super::super::clock::float(Ticks(longest)) + 1e-9, "{onset}: {played}");
            assert!(cut.duration.0 >= 1 && cut.duration.0 <= duration);
            let more = at(cut.onset + cut.duration + Ticks(1)) - at(cut.onset);
            assert!(
                cut.duration.0 == duration || more > super::super::clock::float(Ticks(longest)),
                "no shorter than it must be"
            );
        }
        for groove in [swung, Groove::STRAIGHT] {
            assert_eq!(groove.no_longer(note(7, 500), Ticks(i64::MAX)), note(7, 500));
        }
        assert_eq!(Groove::STRAIGHT.no_longer(note(7, 500), Ticks(24)), note(7, 24));
    }

    proptest! {
        #[test]
        fn the_map_turns_round_and_keeps_order(
            share in 0.5..=0.75_f32,
            line in -10_000..10_000_i64,
            one in -1e6..1e6_f64,
            step in 1e-3..500.0_f64,
        ) {
            let groove = Groove::new(share, bars(line, Metre::COMMON));
            for moment in [one, one + step] {
                // A frame at the slowest is a hundredth of a tick.
                prop_assert!((groove.straight(groove.performed(moment)) - moment).abs() < 1e-8);
                prop_assert!((groove.performed(groove.straight(moment)) - moment).abs() < 1e-8);
            }
            prop_assert!(groove.performed(one) < groove.performed(one + step));
            prop_assert!(groove.straight(one) < groove.straight(one + step));
        }
    }

    #[test]
    fn octaves_stay_on_the_keyboard() {
        let moved = |key, octaves| in_octave(Pitch::new(key).unwrap(), octaves).key();
        assert_eq!([moved(60, 1), moved(60, -3), moved(120, 1), moved(5, -2), moved(127, 3)], [72, 24, 120, 5, 127]);
    }
}
