//! What the recurrent discriminator sees of each note: its classes, whichever key the tune is in, and what stood whole
//! bars before it.
//!
//! Knows no networks.

use crate::style_metrics::{Passage, pitch_classes};
use segue_model::chord::OCTAVE;
use segue_model::note::{Note, Ticks};
use segue_model::vocabulary::Vocabulary;

/// The classes of one note as rows of one embedding table.
pub type NoteSymbols = Vec<u16>;

/// What the discriminator is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Notes, bars and chords. It has to remember what came before.
    Notes,
    /// Beside them, for each note, how long a run it ends that was played before, and whether it repeats what stood
    /// whole bars before. No repeat escapes it.
    NotesAndRepeats,
}

/// Lags at which the note before is compared, in bars.
const LAG_BARS: [i64; 7] = [1, 2, 3, 4, 6, 8, 12];
/// Larger intervals and distances count as this one, in semitones.
const WIDEST: i16 = 25;
const SEMITONES: usize = 2 * WIDEST.unsigned_abs() as usize + 1;
/// Places in the bar are counted in this unit, in ticks; later places than [`PLACES`] share the last class.
const PLACE_UNIT: i64 = 4;
const PLACES: usize = 72;
/// Velocity changes are counted in this unit, and larger ones than [`LARGEST_CHANGE`] units share a class.
const VELOCITY_UNIT: i16 = 6;
const LARGEST_CHANGE: i16 = 8;
/// Longer matches with earlier figures count as this one, in notes.
const LONGEST_MATCH: usize = 16;
/// Notes of one chord are numbered up to this one.
const CHORD_NOTES: usize = 8;
/// What stands a whole number of bars earlier: nothing known, a note that begins there or one that goes on, with the
/// same pitch or another.
const ECHOES: usize = 5;

impl Sight {
    /// The sizes of all kinds of classes. Each kind has its own rows in the embedding table, one kind after the other.
    fn sizes(self, vocabulary: &Vocabulary) -> Vec<usize> {
        let counts = vocabulary.counts();
        let octave = usize::from(OCTAVE);
        let of_note = [
            1 + SEMITONES,
            SEMITONES,
            octave + 1,
            counts.step,
            counts.duration,
            1 + PLACES,
            1 + octave,
            usize::from((2 * LARGEST_CHANGE + 1).unsigned_abs()),
            CHORD_NOTES,
            2,
        ];
        let of_repeats = [1 + LONGEST_MATCH; 2].into_iter().chain([ECHOES; LAG_BARS.len()]);
        of_note.into_iter().chain(of_repeats.filter(|_| self == Self::NotesAndRepeats)).collect()
    }

    /// The number of kinds: the length of each [`NoteSymbols`].
    pub fn kinds(self, vocabulary: &Vocabulary) -> usize {
        self.sizes(vocabulary).len()
    }

    /// The number of rows of the embedding table.
    pub fn rows(self, vocabulary: &Vocabulary) -> usize {
        self.sizes(vocabulary).iter().sum()
    }

    /// The symbols of prompt and continuation, one note after the other.
    pub fn symbols(self, passage: &Passage, vocabulary: &Vocabulary) -> Vec<NoteSymbols> {
        let notes: Vec<Note> = passage.prompt.iter().chain(passage.notes).copied().collect();
        let sizes = self.sizes(vocabulary);
        let of_note = NoteClasses { passage, vocabulary, notes: &notes, prompt: PromptProfile::of(passage.prompt) };
        let repeats = match self {
            Self::Notes => vec![Vec::new(); notes.len()],
            Self::NotesAndRepeats => repeats(passage, &notes),
        };
        let in_table = |(index, repeats): (usize, Vec<usize>)| {
            let mut first = 0;
            let row = |(class, size): (usize, &usize)| {
                let row = u16::try_from(first + class.min(size - 1)).unwrap_or(u16::MAX);
                first += size;
                row
            };
            of_note.of(index).into_iter().chain(repeats).zip(&sizes).map(row).collect()
        };
        repeats.into_iter().enumerate().map(in_table).collect()
    }
}

/// The classes of single notes.
struct NoteClasses<'a> {
    passage: &'a Passage<'a>,
    vocabulary: &'a Vocabulary,
    notes: &'a [Note],
    prompt: PromptProfile,
}

impl NoteClasses<'_> {
    fn of(&self, index: usize) -> [usize; 10] {
        let (notes, note) = (self.notes, &self.notes[index]);
        let bars = (self.passage.bars)(note.onset);
        let chord = (self.passage.chord)(note.onset);
        let before = index.checked_sub(1).map(|before| notes[before]);
        let over = |root: u8| usize::from((note.pitch.key() + OCTAVE - root) % OCTAVE);
        let change = before.map_or(0, |before| velocity(note) - velocity(&before)) / VELOCITY_UNIT;
        [
            before.map_or(0, |_| 1 + shifted(interval(notes, index), WIDEST)),
            shifted(i16::from(note.pitch.key()) - self.prompt.middle, WIDEST),
            self.prompt.ranks[over(0)],
            self.vocabulary.step_class(step(notes, index)).into(),
            self.vocabulary.duration_class(note.duration).into(),
            bars.map_or(0, |bars| 1 + usize::try_from(bars.place(note.onset).0 / PLACE_UNIT).unwrap_or(0)),
            chord.map_or(0, |chord| 1 + over(chord.root())),
            shifted(change, LARGEST_CHANGE),
            notes[..index].iter().rev().take_while(|other| other.onset == note.onset).count(),
            usize::from(index >= self.passage.prompt.len()),
        ]
    }
}

/// What pitches are measured against, so that register and degree count, and the key does not.
struct PromptProfile {
    /// The mean pitch, as a key number.
    middle: i16,
    /// For each pitch class, how many others are more frequent in the prompt; 12 for those that it lacks.
    ranks: [usize; OCTAVE as usize],
}

impl PromptProfile {
    fn of(prompt: &[Note]) -> Self {
        let sum: i32 = prompt.iter().map(|note| i32::from(note.pitch.key())).sum();
        let middle = i16::try_from(sum / i32::try_from(prompt.len().max(1)).unwrap_or(1)).unwrap_or(0);
        let shares = pitch_classes(prompt);
        let share = |class: usize| shares.share(i64::try_from(class).unwrap_or(0));
        let rank = |class: usize| {
            let is_before = |other: &usize| share(*other) > share(class);
            if share(class) > 0.0 { (0..OCTAVE.into()).filter(is_before).count() } else { OCTAVE.into() }
        };
        Self { middle, ranks: std::array::from_fn(rank) }
    }
}

/// For each note, how long a run it ends that was played before, with and without the rhythm, and what stood whole bars
/// before.
fn repeats(passage: &Passage, notes: &[Note]) -> Vec<Vec<usize>> {
    let figures = matches(notes, |index| (interval(notes, index), 0));
    let quotations = matches(notes, |index| (interval(notes, index), step(notes, index).0));
    let runs = figures.into_iter().zip(quotations).enumerate();
    runs.map(|(index, (figure, quotation))| {
        let bar = (passage.bars)(notes[index].onset).map(|bars| bars.metre.bar().0);
        let echo = |lag| bar.map_or(0, |bar| echo(&notes[..index], &notes[index], Ticks(lag * bar)));
        [figure, quotation].into_iter().chain(LAG_BARS.map(echo)).collect()
    })
    .collect()
}

fn velocity(note: &Note) -> i16 {
    i16::from(note.velocity.value())
}

fn interval(notes: &[Note], index: usize) -> i16 {
    let key = |index: usize| i16::from(notes[index].pitch.key());
    index.checked_sub(1).map_or(0, |before| key(index) - key(before))
}

fn step(notes: &[Note], index: usize) -> Ticks {
    index.checked_sub(1).map_or(Ticks::ZERO, |before| notes[index].onset - notes[before].onset)
}

/// A number from `-most` to `most` as a class.
fn shifted(value: i16, most: i16) -> usize {
    (value.clamp(-most, most) + most).unsigned_abs().into()
}

/// For each note, the number of moves up to it that occurred in the same order before.
fn matches(notes: &[Note], figure: impl Fn(usize) -> (i16, i64)) -> Vec<usize> {
    let mut lengths = vec![0; notes.len()];
    let figures: Vec<(i16, i64)> = (0..notes.len()).map(figure).collect();
    // `upto[other]` is the length of the match that ends at `other` and at the note before the present one.
    let mut upto = vec![0; notes.len()];
    for index in 1..notes.len() {
        for other in (1..index).rev() {
            upto[other] = if figures[other] == figures[index] { 1 + upto[other - 1] } else { 0 };
        }
        lengths[index] = upto[1..index].iter().copied().max().unwrap_or(0).min(LONGEST_MATCH);
        upto[index] = 0;
    }
    lengths
}

/// What stood `lag` before a note, as a class.
fn echo(before: &[Note], note: &Note, lag: Ticks) -> usize {
    let moment = note.onset - lag;
    let there = before.iter().rev().find(|other| other.onset <= moment);
    there.map_or(0, |there| 1 + 2 * usize::from(there.onset != moment) + usize::from(there.pitch != note.pitch))
}
