//! Finds passages that are copied from the training set.

use segue_model::note::Note;

/// All that was learnt from, so that copies of it are found: a suffix array (Manber and Myers 1993) over pairs of
/// interval and step. 8 bytes a note.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyIndex {
    /// The tunes one after another, each with [`END`] behind it.
    text: Vec<u32>,
    /// Where suffixes begin, in the order of the suffixes' first [`LONGEST_RUN`] symbols.
    suffixes: Vec<u32>,
}

/// Longer copies are not told apart from copies of this length, in notes.
const LONGEST_RUN: usize = 256;
/// Ends a tune; no pair of notes makes it.
const END: u32 = u32::MAX;
/// Longer steps are taken for this one.
const LONGEST_STEP: i64 = 0xffff;

impl CopyIndex {
    /// From the notes of each tune, on the same grid of time as those that will be looked up.
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

    /// The longest run of notes that was learnt in some key with the same steps, in notes: 0, or 2 up to 257.
    pub fn longest_run(&self, notes: &[Note]) -> usize {
        let moves: Vec<u32> = moves(notes).collect();
        let longest = (0..moves.len()).map(|from| self.longest_match(&moves[from..])).max().unwrap_or(0);
        if longest == 0 { 0 } else { longest + 1 }
    }

    /// Moves that stand at the beginning of some suffix. The suffix that shares most of them is a neighbour of the place
    /// where they would be sorted in.
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

/// Interval and step from each note to the next, as one number.
pub(super) fn moves(notes: &[Note]) -> impl Iterator<Item = u32> {
    notes.windows(2).map(|pair| {
        let interval = 128 + u32::from(pair[1].pitch.key()) - u32::from(pair[0].pitch.key());
        let step = (pair[1].onset - pair[0].onset).0.clamp(0, LONGEST_STEP);
        interval << 16 | u32::try_from(step).unwrap_or(0)
    })
}
