//! Swing: maps written (straight) ticks to played ticks and back.
//!
//! The network learnt from solos whose eighths are written straight, and it counts straight ticks. Where the music
//! swings, the first eighth of each quarter note takes more than half of it. Triplets stay even: their notes lie at
//! thirds or sixths of the beat, next to a second eighth that comes late. Places in between move in proportion, and
//! quarters do not move. Both directions keep the order of all notes.
//!
//! Hearing is not simply the inverse map, because the place alone does not tell which note is meant: a note at two
//! thirds of a beat is the last note of a triplet if there was one at the first third, and a swung eighth otherwise. In
//! the swinging solos of the Weimar Jazz Database, nine of ten second eighths lie between 0.40 and 0.70 of the beat,
//! the second notes of triplets between 0.26 and 0.43, and their third notes between 0.62 and 0.80. Sixteenths are
//! even.

use segue_model::note::{Bars, Note, Pitch, TICKS_PER_QUARTER, Ticks};

/// A beat and half a beat, as floating-point numbers.
#[allow(clippy::cast_precision_loss, reason = "48")]
const BEAT: f64 = TICKS_PER_QUARTER as f64;
const EIGHTH: f64 = BEAT / 2.0;
const TRIPLET: f64 = BEAT / 3.0;
/// The limits, in played ticks, between which a note-on in a swinging beat counts as one note value or another. Before
/// the first limit it is a sixteenth or less, and those are even.
const FIRST_TRIPLET: f64 = 14.0;
const FIRST_EIGHTH: f64 = 20.0;
/// A note-on up to this far behind the second eighth's place still counts as that eighth.
const LATE: f64 = 4.75;
/// After the second note of a triplet, or after a sixteenth, the second eighth ends at the first limit, and the
/// triplet's third note at the second.
const AFTER_TRIPLET: f64 = 27.0;
const AFTER_SIXTEENTH: f64 = 30.0;
const SIXTEENTH: f64 = 38.0;
/// The shares of the beat that the first eighth may take. At three quarters the second eighth is a sixteenth.
const SHARES: std::ops::RangeInclusive<f32> = 0.5..=0.75;
const SEMITONES: i16 = 12;

/// One division of the beat. The two maps are inverse to each other, increase strictly, and keep every beat in place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swing {
    /// The share of the beat that its first eighth takes. It must be above one half; otherwise nothing moves.
    share: f64,
    /// A tick at which a beat begins.
    beat: Ticks,
}

impl Swing {
    /// Straight: nothing moves.
    pub const STRAIGHT: Self = Self { share: 0.5, beat: Ticks::ZERO };

    /// Eighths with this share of the beat, in these bars. Metres counted in eighths or shorter notes do not swing: in
    /// 6/8 the beat has three eighths, and in 7/8 the eighth itself is counted.
    pub fn new(share: f32, bars: Bars) -> Self {
        let counts_quarters = bars.metre.denominator <= 4;
        if !counts_quarters || !SHARES.contains(&share) {
            return Self::STRAIGHT;
        }
        Self { share: f64::from(share), beat: bars.line }
    }

    /// The moment at which a straight moment is played.
    pub fn performed(self, straight: f64) -> f64 {
        self.moved(straight, |[straight, performed]| (straight, performed))
    }

    /// The straight moment that is played at this one.
    pub fn straight(self, performed: f64) -> f64 {
        self.moved(performed, |[straight, performed]| (performed, straight))
    }

    /// The note, lengthened so that it is played no shorter than `shortest` where the beat swings. Between a second
    /// eighth that comes late and an even triplet there is little time, and a note that ended there would click.
    #[must_use]
    pub fn no_shorter(self, note: Note, shortest: Ticks) -> Note {
        if self.share <= 0.5 {
            return note;
        }
        let onset = note.onset.as_f64();
        let end = self.straight(self.performed(onset) + shortest.as_f64());
        #[allow(clippy::cast_possible_truncation, reason = "a note")]
        let least = Ticks((end - onset).ceil() as i64);
        Note { duration: note.duration.max(least), ..note }
    }

    /// The note, shortened so that it is played no longer than `longest`. In a swinging beat the first half takes
    /// longer than it is written.
    #[must_use]
    pub fn no_longer(self, note: Note, longest: Ticks) -> Note {
        if self.share <= 0.5 {
            return Note { duration: note.duration.min(longest), ..note };
        }
        let onset = note.onset.as_f64();
        let end = self.straight(self.performed(onset) + longest.as_f64());
        #[allow(clippy::cast_possible_truncation, reason = "`as` saturates where there is no limit")]
        let most = Ticks((end - onset).floor() as i64);
        Note { duration: note.duration.min(most).max(Ticks(1)), ..note }
    }

    /// The straight moment of a note-on that was played at this moment, given the written tick of the note-on before
    /// it.
    pub fn heard(self, performed: f64, before: Option<Ticks>) -> f64 {
        if self.share <= 0.5 {
            return performed;
        }
        let beat = self.beat_of(performed);
        let place = performed - beat;
        let before = before.map(|before| before.as_f64() - beat).filter(|before| *before > 0.0);
        let second = self.share * BEAT;
        let (eighth, triplet) = match before {
            Some(before) if is_near(before, TRIPLET) => (FIRST_EIGHTH..AFTER_TRIPLET, AFTER_TRIPLET..SIXTEENTH),
            Some(before) if before < TRIPLET => (FIRST_EIGHTH..AFTER_SIXTEENTH, AFTER_SIXTEENTH..AFTER_SIXTEENTH),
            _ => (FIRST_EIGHTH..second + LATE, second + LATE..second + LATE),
        };
        let written = if (FIRST_TRIPLET..FIRST_EIGHTH).contains(&place) {
            TRIPLET
        } else if eighth.contains(&place) {
            EIGHTH
        } else if triplet.contains(&place) {
            2.0 * TRIPLET
        } else {
            place
        };
        beat + written
    }

    /// The straight moment of a note-off that was played at this moment: each eighth is shortened or lengthened as a
    /// whole.
    pub fn lifted(self, performed: f64) -> f64 {
        let second = self.share * BEAT;
        let beat = self.beat_of(performed);
        beat + between(performed - beat, [[0.0, 0.0], [second, EIGHTH], [BEAT, BEAT]])
    }

    /// Moves a moment from one side of the table of places to the other.
    fn moved(self, moment: f64, sides: impl Fn([f64; 2]) -> (f64, f64)) -> f64 {
        if self.share <= 0.5 {
            return moment;
        }
        let beat = self.beat_of(moment);
        let places = self.places().map(|place| {
            let (from, to) = sides(place);
            [from, to]
        });
        beat + between(moment - beat, places)
    }

    /// Places in the beat, as written and as played.
    fn places(self) -> [[f64; 2]; 9] {
        let second = self.share * BEAT;
        let (sixteenth, last) = (second / 2.0, f64::midpoint(second, BEAT));
        // Up to a first eighth of two thirds of the beat there is room for even triplets. Beyond that, they give way.
        let behind = |place: f64, triplet: f64, next: f64, part: f64| triplet.max(place + (next - place) * part);
        [
            [0.0, 0.0],
            [TRIPLET / 2.0, TRIPLET / 2.0],
            [EIGHTH / 2.0, sixteenth],
            [TRIPLET, behind(sixteenth, TRIPLET, second, 1.0 / 24.0)],
            [EIGHTH, second],
            [2.0 * TRIPLET, behind(second, 2.0 * TRIPLET, last, 1.0 / 8.0)],
            [EIGHTH + EIGHTH / 2.0, last],
            [2.5 * TRIPLET, behind(last, 2.5 * TRIPLET, BEAT, 1.0 / 16.0)],
            [BEAT, BEAT],
        ]
    }

    fn beat_of(self, moment: f64) -> f64 {
        let line = self.beat.as_f64();
        line + ((moment - line) / BEAT).floor() * BEAT
    }
}

/// Maps a place in the beat through these points, which begin at 0.
fn between<const POINTS: usize>(place: f64, points: [[f64; 2]; POINTS]) -> f64 {
    let pairs = points.iter().zip(points.iter().skip(1));
    let mut pieces = pairs.filter(|(_, [end, _])| place < *end);
    let Some(([from, to], [end, moved_end])) = pieces.next() else { return place };
    to + (place - from) * (moved_end - to) / (end - from)
}

/// Whether a place is this tick.
fn is_near(place: f64, tick: f64) -> bool {
    (place - tick).abs() < 1.0
}

/// A pitch moved by octaves, as far as the keyboard reaches.
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
mod tests;
