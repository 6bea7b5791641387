//! Finds passages that are copied from the training set.

use segue_model::note::Note;

/// An index of the training set: a suffix array ([Manber and Myers 1993](https://doi.org/10.1137/0222058)) over pairs
/// of interval and step. It takes 8 bytes per note.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyIndex {
    /// The tunes one after another, each followed by [`END`].
    text: Vec<u32>,
    /// The starts of the suffixes, sorted by their first [`LONGEST_RUN`] symbols.
    suffixes: Vec<u32>,
}

/// Longer copies count as copies of this length, in notes.
const LONGEST_RUN: usize = 256;
/// Marks the end of a tune. No pair of interval and step has this value.
const END: u32 = u32::MAX;
/// Longer steps count as this one, in ticks.
const LONGEST_STEP: i64 = 0xffff;

impl CopyIndex {
    /// Indexes the notes of each tune. They must lie on the same grid as the notes that are looked up.
    pub fn from<'notes>(tunes: impl IntoIterator<Item = &'notes [Note]>) -> Self {
        let mut text = Vec::new();
        for notes in tunes {
            text.extend(moves(notes));
            text.push(END);
        }
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut suffixes: Vec<u32> = (0..end).collect();
        suffixes.sort_unstable_by(|one, other| head(&text, *one).cmp(head(&text, *other)));
        Self { text, suffixes }
    }

    /// The longest run that occurs in some key with the same steps, in notes: 0, or 2 to 257.
    pub fn longest_run(&self, notes: &[Note]) -> usize {
        let moves: Vec<u32> = moves(notes).collect();
        let longest = (0..moves.len()).map(|from| self.longest_match(&moves[from..])).max().unwrap_or(0);
        if longest == 0 { 0 } else { longest + 1 }
    }

    /// How many of the first `moves` begin some suffix. The suffix that shares most of them is a neighbour of the
    /// position where they would be inserted.
    fn longest_match(&self, moves: &[u32]) -> usize {
        let moves = &moves[..moves.len().min(LONGEST_RUN)];
        let place = self.suffixes.partition_point(|suffix| head(&self.text, *suffix) < moves);
        let neighbours = [place.checked_sub(1), Some(place)].into_iter().flatten();
        let shared = |suffix: &u32| head(&self.text, *suffix).iter().zip(moves).take_while(|(a, b)| a == b).count();
        neighbours.filter_map(|index| self.suffixes.get(index)).map(shared).max().unwrap_or(0)
    }
}

fn head(text: &[u32], from: u32) -> &[u32] {
    let suffix = text.get(from as usize..).unwrap_or_default();
    &suffix[..suffix.len().min(LONGEST_RUN)]
}

/// The interval and step from each note to the next, packed into one number.
pub(super) fn moves(notes: &[Note]) -> impl Iterator<Item = u32> {
    notes.windows(2).map(|pair| {
        let interval = 128 + u32::from(pair[1].pitch.key()) - u32::from(pair[0].pitch.key());
        let step = (pair[1].onset - pair[0].onset).0.clamp(0, LONGEST_STEP);
        interval << 16 | u32::try_from(step).unwrap_or(0)
    })
}
