//! Tunes as classes, and an epoch of them laid out in rows.

use crate::corpus::Tune;
use crate::network::Moment;
use crate::note::Pitch;
use crate::vocabulary::{Classes, Vocabulary};
use fastrand::Rng;
use std::ops::RangeInclusive;

/// A tune as a style sees it.
#[derive(Debug, Clone)]
pub struct Piece {
    notes: Vec<Classes>,
    keys: Vec<Pitch>,
}

/// Transpositions in training, in semitones: every key once.
const TRANSPOSITIONS: RangeInclusive<i8> = -6..=5;

impl Piece {
    /// A tune's notes as classes.
    pub fn of(tune: &Tune, vocabulary: &Vocabulary) -> Self {
        let onsets = tune.notes.iter().map(|note| note.onset);
        let before = std::iter::once(None).chain(onsets.map(Some));
        let classes =
            |(note, before): (&crate::note::Note, _)| vocabulary.classes(note, before, tune.bars_at(note.onset));
        Self {
            notes: tune.notes.iter().zip(before).map(classes).collect(),
            keys: tune.notes.iter().map(|note| note.pitch).collect(),
        }
    }

    /// The notes as classes, in order.
    pub fn notes(&self) -> &[Classes] {
        &self.notes
    }

    /// The notes moved by a random number of semitones that the style's range bears; as they are if there is none.
    fn transposed(&self, vocabulary: &Vocabulary, random: &mut Rng) -> Vec<Classes> {
        const TRIES: usize = 4;
        let moved = |semitones: i8| -> Option<Vec<Classes>> {
            let note = |(note, key): (&Classes, &Pitch)| {
                let key = key.transposed(semitones)?;
                let pitch = vocabulary.pitch_class(key);
                (vocabulary.pitch(pitch.into()) == key).then_some(Classes { pitch, ..*note })
            };
            self.notes.iter().zip(&self.keys).map(note).collect()
        };
        (0..TRIES).find_map(|_| moved(random.i8(TRANSPOSITIONS))).unwrap_or_else(|| self.notes.clone())
    }
}

/// Moments of a whole tune.
pub fn moments(notes: &[Classes]) -> Vec<Moment> {
    let next = notes.iter().skip(1).copied().map(Some).chain([None]);
    let moment = |(index, (heard, next)): (usize, (&Classes, _))| Moment { heard: *heard, next, begins: index == 0 };
    notes.iter().zip(next).enumerate().map(moment).collect()
}

/// How an epoch is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Tunes side by side.
    pub rows: usize,
    /// Notes of each in one optimizer step.
    pub steps: usize,
}

/// All pieces in random order, each in one row after another, cut into blocks of `rows × steps`.
/// A row goes on in the next block where it stopped, so context is carried through a tune.
/// `random` also transposes; `None` leaves order and keys alone.
pub fn laid_out(
    pieces: &[Piece],
    layout: Layout,
    vocabulary: &Vocabulary,
    mut random: Option<&mut Rng>,
) -> Vec<Vec<Vec<Moment>>> {
    let mut order: Vec<&Piece> = pieces.iter().collect();
    if let Some(random) = random.as_deref_mut() {
        random.shuffle(&mut order);
    }
    let mut rows = vec![Vec::new(); layout.rows];
    for piece in order {
        let notes =
            random.as_deref_mut().map_or_else(|| piece.notes.clone(), |random| piece.transposed(vocabulary, random));
        if let Some(shortest) = rows.iter_mut().min_by_key(|row| row.len()) {
            shortest.extend(moments(&notes));
        }
    }
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0).next_multiple_of(layout.steps);
    for row in &mut rows {
        row.resize(longest, Moment { begins: true, ..Moment::default() });
    }
    (0..longest / layout.steps)
        .map(|block| rows.iter().map(|row| row[block * layout.steps..][..layout.steps].to_vec()).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_but_a_tunes_first_is_asked_for_once_in_an_epoch() {
        let vocabulary = Vocabulary::dance();
        let piece = |length: u8| Piece {
            notes: (0..length).map(|pitch| Classes { pitch, ..Classes::default() }).collect(),
            keys: (0..length).map(|class| vocabulary.pitch(class.into())).collect(),
        };
        let pieces = [piece(5), piece(17), piece(1), piece(9), piece(30)];
        let blocks = laid_out(&pieces, Layout { rows: 2, steps: 8 }, &vocabulary, Some(&mut Rng::with_seed(1)));
        let asked = blocks.iter().flatten().flatten().filter(|moment| moment.next.is_some()).count();
        assert_eq!(asked, 5 + 17 + 1 + 9 + 30 - pieces.len());
        for (row, block) in (0..2).flat_map(|row| blocks.iter().map(move |block| (row, block))) {
            assert_eq!(block[row].len(), 8);
            for pair in block[row].windows(2) {
                assert!(pair[1].begins || pair[0].next == Some(pair[1].heard));
            }
        }
    }
}
