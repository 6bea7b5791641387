//! Styles trained by users: guesses the kind of music, and plans a training on little data.
//!
//! Knows no files: it looks at tunes.

use super::TrainingPlan;
use super::statistics::{count, mean, share, spread};
use super::styles::plan;
use segue_corpus::Tune;
use segue_model::note::Note;
use segue_model::vocabulary::Vocabulary;
use std::fmt;

/// The kinds of music that a style can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StyleKind {
    /// One line in beats and bars.
    Melody,
    /// One line over chords.
    Song,
    /// One line over chords, with dynamics and a fine rhythm.
    Solo,
    /// Chords, dynamics and pedal in free time.
    Piano,
}

impl StyleKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Melody, Self::Song, Self::Solo, Self::Piano];

    /// The classes of such a style.
    pub fn vocabulary(self) -> Vocabulary {
        match self {
            Self::Melody => Vocabulary::dance(),
            Self::Song => Vocabulary::song(),
            Self::Solo => Vocabulary::solo(),
            Self::Piano => Vocabulary::piano(),
        }
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Melody => "melody",
            Self::Song => "song",
            Self::Solo => "solo",
            Self::Piano => "piano",
        }
    }
}

impl fmt::Display for StyleKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Guesses the kind of music and says why. The tunes must be read as melodies with chords.
pub fn guess<'tunes>(tunes: impl IntoIterator<Item = &'tunes Tune>) -> (StyleKind, String) {
    /// With a larger share of overlapping notes, a tune is not a single line.
    const MOST_OVERLAPS: f64 = 0.15;
    /// The standard deviation of velocity, in MIDI steps, from which a tune has dynamics. Notes that were typed in have
    /// less.
    const LEAST_SPREAD: f64 = 8.0;
    let tunes: Vec<&Tune> = tunes.into_iter().collect();
    let share_of = |of: &dyn Fn(&Tune) -> bool| share(tunes.iter().filter(|tune| of(tune)).count(), tunes.len());
    let lines = share_of(&|tune| overlaps(&tune.notes) <= MOST_OVERLAPS);
    let dynamic = share_of(&|tune| spread(velocities(&tune.notes)) >= LEAST_SPREAD);
    let chords = share_of(&|tune| !tune.chords.is_empty());
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let of_lines = format!("{} of the tunes are single lines", percent(lines));
    let of_dynamics = format!("{} have dynamics", percent(dynamic));
    let of_chords = format!("{} have chords", percent(chords));
    if lines < 0.5 {
        (StyleKind::Piano, format!("only {of_lines}"))
    } else if dynamic >= 0.5 {
        (StyleKind::Solo, format!("{of_lines} and {of_dynamics}"))
    } else if chords >= 0.5 {
        (StyleKind::Song, format!("{of_lines} and {of_chords}; only {of_dynamics}"))
    } else {
        (StyleKind::Melody, format!("{of_lines}; only {of_chords} and {of_dynamics}"))
    }
}

/// Share of notes that begin before half of the previous note is over.
fn overlaps(notes: &[Note]) -> f64 {
    let runs_over = |pair: &&[Note]| 2 * (pair[1].onset - pair[0].onset).0 <= pair[0].duration.0;
    share(notes.windows(2).filter(runs_over).count(), notes.len().saturating_sub(1))
}

fn velocities(notes: &[Note]) -> impl Iterator<Item = f64> + Clone {
    notes.iter().map(|note| f64::from(note.velocity.value()))
}

/// With fewer optimiser steps, a style is not fully trained.
const STEPS_ENOUGH: usize = 2_000;
/// Fine-tuning needs fewer.
const STEPS_ENOUGH_FINE_TUNING: usize = 600;
/// However few tunes there are.
const MOST_EPOCHS: usize = 120;
/// With fewer notes, batches are smaller and dropout is higher.
const SMALL_NOTES: usize = 60_000;
/// With fewer still, batches are the smallest.
const TINY_NOTES: usize = 4_000;

/// The plan for a user's style with this many `notes`.
pub fn plan_for(style: &str, vocabulary: Vocabulary, notes: usize, is_fine_tuning: bool) -> TrainingPlan {
    let plan = TrainingPlan { vocabulary, ..plan(style) };
    let small = |rows| TrainingPlan { rows, steps: 32, dropout: 0.4, ..plan.clone() };
    let plan = match notes {
        0..TINY_NOTES => small(2),
        TINY_NOTES..SMALL_NOTES => small(8),
        SMALL_NOTES.. => plan,
    };
    let enough = if is_fine_tuning { STEPS_ENOUGH_FINE_TUNING } else { STEPS_ENOUGH };
    let in_an_epoch = notes.div_ceil(plan.rows * plan.steps).max(1);
    let fewest = if is_fine_tuning { 4 } else { plan.epochs };
    let epochs = enough.div_ceil(in_an_epoch).clamp(fewest, MOST_EPOCHS);
    let learning_rate = if is_fine_tuning { FINE_TUNING_RATE } else { plan.learning_rate };
    TrainingPlan { epochs, patience: patience(epochs), learning_rate, ..plan }
}

/// The highest learning rate for fine-tuning weights of another style.
pub const FINE_TUNING_RATE: f64 = 5e-4;

/// The validation loss of short epochs is noisy, so training waits for more of them.
const fn patience(epochs: usize) -> usize {
    let sixth = epochs / 6;
    if sixth < 4 { 4 } else { sixth }
}

/// A warning about too little data; `None` when there is enough.
pub fn warning(tunes: &[&Tune]) -> Option<String> {
    const FEW_TUNES: usize = 20;
    const FEW_NOTES: usize = 2_000;
    let notes: usize = tunes.iter().map(|tune| tune.notes.len()).sum();
    if tunes.len() >= FEW_TUNES && notes >= FEW_NOTES {
        return None;
    }
    let length = mean(tunes.iter().map(|tune| count(tune.notes.len())));
    Some(format!(
        "this is little data: {} with {length:.0} notes each. Expect the right rhythm and scale, but melodies that \
         wander or are copied. Add tunes: {FEW_TUNES} tunes and {FEW_NOTES} notes are a beginning, 50 tunes give \
         something. Or start from the weights of a similar style, for example --from jazz",
        if tunes.len() == 1 { "1 tune".to_owned() } else { format!("{} tunes", tunes.len()) }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_corpus::abc::parse_book;
    use segue_model::chord::{Chord, ChordKind};
    use segue_model::note::{Ticks, Velocity};

    const BOOK: &str = include_str!("../../../tests/tunes/oneills.abc");

    fn changed(change: impl Fn(&mut Tune)) -> Vec<Tune> {
        let mut tunes: Vec<Tune> = parse_book(BOOK, "oneills.abc").tunes.into_iter().map(|(_, tune)| tune).collect();
        tunes.iter_mut().for_each(change);
        tunes
    }

    fn check(tunes: &[Tune], kind: StyleKind, reason: &str) {
        let (guessed, said) = guess(tunes);
        assert_eq!(guessed, kind, "{said}");
        assert!(said.contains(reason), "{said}");
    }

    #[test]
    fn a_corpus_is_guessed_by_its_lines_dynamics_and_chords() {
        let louder = |tune: &mut Tune| {
            for (note, value) in tune.notes.iter_mut().zip((30..110).cycle()) {
                note.velocity = Velocity::new(value).unwrap();
            }
        };
        let chord = |tune: &mut Tune| tune.chords = vec![(Ticks::ZERO, Some(Chord::new(0, ChordKind::Major, 0)))];
        check(&changed(|_| ()), StyleKind::Melody, "0 % have chords");
        check(&changed(chord), StyleKind::Song, "100 % have chords");
        check(&changed(louder), StyleKind::Solo, "100 % have dynamics");
        let held = |tune: &mut Tune| tune.notes.iter_mut().for_each(|note| note.duration = Ticks(200));
        check(&changed(held), StyleKind::Piano, "only 0 % of the tunes are single lines");
    }

    /// A large one gets as many as a shipped style.
    #[test]
    fn a_small_corpus_gets_more_epochs() {
        let epochs = |notes, is_fine_tuning| plan_for("mine", Vocabulary::dance(), notes, is_fine_tuning).epochs;
        assert_eq!(epochs(7_600, false), 67);
        assert_eq!(epochs(100, false), MOST_EPOCHS);
        assert_eq!(epochs(1_000_000, false), 14);
        assert_eq!(epochs(7_600, true), 20);
        assert_eq!(epochs(1_000_000, true), 4);
    }

    #[test]
    fn too_little_is_said() {
        let tunes = changed(|_| ());
        let tunes: Vec<&Tune> = tunes.iter().collect();
        assert!(warning(&tunes[..1]).unwrap().contains("1 tune with"));
        let many: Vec<&Tune> = tunes.iter().copied().cycle().take(100).collect();
        assert_eq!(warning(&many), None);
    }
}
