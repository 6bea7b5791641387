//! The last answers: Segue's turns as they sounded, so that one can be played again and saved with a song.
//!
//! The audio thread keeps them in `memory`, and shows those that the musician keeps on an [`AnswerShelf`], from which
//! other threads read them and on which they lay those of a saved song. `repeat` plays one again. Knows nothing of
//! turns, of the worker, and of how a song is written.

pub mod fitted;
pub mod memory;
pub mod repeat;
mod shelf;

pub use shelf::AnswerShelf;

use arrayvec::ArrayVec;
use segue_model::chord::{Chord, ChordKind};
use segue_model::note::{Pitch, Ticks, Velocity};

/// The answers that are remembered.
pub const ANSWERS: usize = 8;
/// The most notes of one answer; the notes after them are not remembered.
pub const ANSWER_NOTES: usize = 512;

/// A note of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerNote {
    /// The onset, counted from the start of the answer; less than [`Self::MOST_ONSET`].
    pub onset: Ticks,
    /// How long it was meant to last; less than [`Self::MOST_DURATION`].
    pub duration: Ticks,
    /// The pitch as it sounded.
    pub pitch: Pitch,
    /// The velocity.
    pub velocity: Velocity,
    /// The chord that it was played to, if any.
    pub chord: Option<Chord>,
}

/// An answer that is kept in a song.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SavedAnswer {
    /// Where in its bar it began.
    pub place: Ticks,
    /// Its notes, in order of onset.
    pub notes: Vec<AnswerNote>,
}

impl AnswerNote {
    /// One more than the greatest onset: more than 16 bars have.
    pub const MOST_ONSET: i64 = 1 << 20;
    /// One more than the greatest duration.
    pub const MOST_DURATION: i64 = 1 << 16;

    /// Whether its numbers are within their ranges.
    pub fn is_sound(&self) -> bool {
        (0..Self::MOST_ONSET).contains(&self.onset.0) && (1..Self::MOST_DURATION).contains(&self.duration.0)
    }

    /// One word of 63 bits.
    fn pack(self) -> u64 {
        let clamped = |ticks: Ticks, most: i64| ticks.0.clamp(0, most - 1).cast_unsigned();
        let chord = self.chord.map_or(0, |chord| {
            1 | u64::from(chord.root()) << 1 | (chord.kind() as u64) << 5 | u64::from(chord.bass()) << 9
        });
        clamped(self.onset, Self::MOST_ONSET)
            | clamped(self.duration, Self::MOST_DURATION) << 20
            | u64::from(self.pitch.key()) << 36
            | u64::from(self.velocity.value()) << 43
            | chord << 50
    }

    fn unpack(word: u64) -> Option<Self> {
        let bits = |from: u32, count: u32| (word >> from) & ((1 << count) - 1);
        let byte = |from, count| u8::try_from(bits(from, count)).unwrap_or(0);
        let ticks = |from, count| Ticks(bits(from, count).cast_signed());
        let kind = ChordKind::ALL.get(usize::from(byte(55, 4)));
        let chord = kind.filter(|_| bits(50, 1) == 1).map(|kind| Chord::new(byte(51, 4), *kind, byte(59, 4)));
        let note = Self {
            onset: ticks(0, 20),
            duration: ticks(20, 16),
            pitch: Pitch::new(byte(36, 7))?,
            velocity: Velocity::nearest(f32::from(byte(43, 7))),
            chord,
        };
        note.is_sound().then_some(note)
    }
}

/// One answer in plain words, as it lies in memory and crosses threads.
#[derive(Debug, Clone, Default)]
pub struct PastAnswer {
    /// Counts the answers of an instance; 0 is none.
    number: u64,
    /// Where in its bar it began.
    place: Ticks,
    notes: ArrayVec<u64, ANSWER_NOTES>,
}

impl PastAnswer {
    /// Where in its bar it began.
    pub fn place(&self) -> Ticks {
        self.place
    }

    /// Whether it has no notes.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// When its last note ends, counted from its start.
    pub fn length(&self) -> Ticks {
        self.notes().map(|note| note.onset + note.duration).max().unwrap_or(Ticks::ZERO)
    }

    /// Its notes, in order of onset.
    pub fn notes(&self) -> impl Iterator<Item = AnswerNote> {
        self.notes.iter().filter_map(|word| AnswerNote::unpack(*word))
    }

    /// The note of this index.
    fn note(&self, index: usize) -> Option<AnswerNote> {
        self.notes.get(index).and_then(|word| AnswerNote::unpack(*word))
    }

    /// Begins again, without notes.
    fn restart(&mut self, number: u64, place: Ticks) {
        self.number = number;
        self.place = place;
        self.notes.clear();
    }

    /// Adds a note. Nothing happens when there is no room.
    fn add(&mut self, note: AnswerNote) {
        if note.is_sound() {
            let _ = self.notes.try_push(note.pack());
        }
    }

    /// Becomes the same as another one.
    fn copy_from(&mut self, other: &Self) {
        (self.number, self.place) = (other.number, other.place);
        self.notes.clear();
        self.notes.extend(other.notes.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every note comes out of its word as it went in, with and without a chord.
    #[test]
    fn a_note_comes_out_of_its_word_as_it_went_in() {
        for (index, kind) in ChordKind::ALL.into_iter().enumerate() {
            let step = i64::try_from(index).unwrap();
            let note = AnswerNote {
                onset: Ticks(step * 87_000),
                duration: Ticks(1 + step * 5_900),
                pitch: Pitch::new(u8::try_from(127 - index).unwrap()).unwrap(),
                velocity: Velocity::nearest(f32::from(u8::try_from(1 + index * 11).unwrap())),
                chord: (index != 3).then(|| Chord::new(11, kind, u8::try_from(index).unwrap())),
            };
            assert_eq!(AnswerNote::unpack(note.pack()), Some(note));
        }
    }
}
