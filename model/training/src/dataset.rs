//! Tunes encoded as classes, with data augmentation, laid out in batches.

use fastrand::Rng;
use segue_corpus::Tune;
use segue_model::chord::Chord;
use segue_model::lookback::{LAGS, LookBack, LookBackFeatures, MotifMatch, PROFILE, RepeatFeatures};
use segue_model::network::SequenceStep;
use segue_model::note::{Bars, Note, Pitch, Ticks};
use segue_model::vocabulary::{TimeBase, Tokens, Vocabulary};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// A tune as one style encodes it.
#[derive(Debug, Clone)]
pub struct EncodedTune {
    notes: Vec<AnnotatedNote>,
}

/// A note with the bars and the chord at its onset.
#[derive(Debug, Clone, Copy)]
struct AnnotatedNote {
    note: Note,
    bars: Option<Bars>,
    chord: Option<Chord>,
}

/// How often features are hidden in training, so that the same weights play without them. All are probabilities, 0 to
/// 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FeatureDropout {
    /// The probability that a stretch of notes has no chords.
    pub chords: f64,
    /// The probability that a stretch has no look-back features. 1 trains a network without look-back.
    pub look_back: f64,
    /// The probability that each single look-back feature is hidden elsewhere.
    pub hint: f64,
    /// The probability that a note is heard with another pitch than the tune has, while the tune's pitch stays the
    /// target. A network that plays on after its own notes must find its way back after a note that no tune would have.
    #[serde(default, alias = "slip")]
    pub pitch_noise: f64,
}

/// Nothing is hidden.
pub const NO_DROPOUT: FeatureDropout = FeatureDropout { chords: 0.0, look_back: 0.0, hint: 0.0, pitch_noise: 0.0 };

/// Transpositions in training, in semitones: every key once.
const TRANSPOSITIONS: RangeInclusive<i8> = -6..=5;
/// Notes of a stretch, over which chords and look-back features are shown or hidden together.
const STRETCH: usize = 64;
/// In free time, notes within this many ticks (31 ms) are one chord, as the improviser hears them.
const TOGETHER: Ticks = Ticks(3);

impl EncodedTune {
    /// Encodes a tune for a style.
    pub fn of(tune: &Tune, vocabulary: &Vocabulary) -> Self {
        let mut notes = tune.notes.clone();
        if vocabulary.time_base == TimeBase::Free {
            gather_chords(&mut notes);
        }
        let heard =
            |note: Note| AnnotatedNote { note, bars: tune.bars_at(note.onset), chord: tune.chord_at(note.onset) };
        Self { notes: notes.into_iter().map(heard).collect() }
    }

    /// The number of notes.
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// Whether the tune has no notes.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// The notes as classes, in order.
    pub fn tokens(&self, vocabulary: &Vocabulary) -> Vec<Tokens> {
        let mut before = None;
        let classes = |heard: &AnnotatedNote| {
            let before = before.replace(heard.note.onset);
            vocabulary.tokens(&heard.note, before, heard.bars, heard.chord)
        };
        self.notes.iter().map(classes).collect()
    }

    /// Transposed by semitones; `None` when a note would leave the style's range.
    fn transposed(&self, semitones: i8, vocabulary: &Vocabulary) -> Option<Self> {
        let moved = |heard: &AnnotatedNote| {
            let pitch = heard.note.pitch.transposed(semitones)?;
            let stays = vocabulary.pitch(vocabulary.pitch_class(pitch).into()) == pitch;
            let chord = heard.chord.map(|chord| chord.transposed(semitones));
            stays.then_some(AnnotatedNote { note: Note { pitch, ..heard.note }, chord, ..*heard })
        };
        Some(Self { notes: self.notes.iter().map(moved).collect::<Option<_>>()? })
    }

    /// Transposed at random within the style's range; unchanged when no transposition fits.
    fn transposed_at_random(&self, vocabulary: &Vocabulary, random: &mut Rng) -> Self {
        const TRIES: usize = 4;
        let moved = (0..TRIES).find_map(|_| self.transposed(random.i8(TRANSPOSITIONS), vocabulary));
        moved.unwrap_or_else(|| self.clone())
    }

    /// Cut in two at a random note, or whole. Half of all sessions begin in the middle of a tune, and the network must
    /// not take the beginning of a tune for the beginning of a session.
    fn split_at_random(&self, random: &mut Rng) -> Vec<Self> {
        const SHORTEST: usize = 16;
        if self.len() < 2 * SHORTEST || random.bool() {
            return vec![self.clone()];
        }
        let (before, after) = self.notes.split_at(random.usize(SHORTEST..=self.len() - SHORTEST));
        vec![Self { notes: before.to_vec() }, Self { notes: after.to_vec() }]
    }

    /// All steps of the tune, with every feature shown.
    pub fn steps(&self, vocabulary: &Vocabulary) -> Vec<SequenceStep> {
        self.steps_after(self, vocabulary)
    }

    /// The same with the pitches of `played` heard in place of the tune's; the targets stay the tune's.
    fn steps_after(&self, played: &Self, vocabulary: &Vocabulary) -> Vec<SequenceStep> {
        let mut session = LookBack::default();
        let classes = self.tokens(vocabulary);
        let step = |(index, heard): (usize, &AnnotatedNote)| {
            session.push(&heard.note);
            let next = self.notes.get(index + 1);
            SequenceStep {
                heard: Tokens { pitch: vocabulary.pitch_class(heard.note.pitch), ..classes[index] },
                features: session.features(vocabulary, heard.bars),
                next: classes.get(index + 1).copied(),
                repeats: next
                    .map_or(RepeatFeatures::default(), |next| session.repeats(vocabulary, next.note.onset, next.bars)),
                begins: index == 0,
            }
        };
        played.notes.iter().enumerate().map(step).collect()
    }

    /// Some pitches replaced by ones that an interval from elsewhere in the tune leads to.
    fn with_pitch_noise(&self, share: f64, vocabulary: &Vocabulary, random: &mut Rng) -> Self {
        let mut with_pitch_noise = self.clone();
        // Without noise nothing is drawn, so such a training is bit-identical to one from before noise was added.
        let places = if share > 0.0 { 1..self.len() } else { 0..0 };
        for index in places {
            if random.f64() < share {
                let elsewhere = random.usize(1..self.len());
                let key = |index: usize| i16::from(self.notes[index].note.pitch.key());
                let interval = i8::try_from(key(elsewhere) - key(elsewhere - 1)).unwrap_or(0);
                let reached = with_pitch_noise.notes[index - 1].note.pitch.transposed(interval);
                let inside = |pitch: &Pitch| vocabulary.pitch(vocabulary.pitch_class(*pitch).into()) == *pitch;
                if let Some(pitch) = reached.filter(inside) {
                    with_pitch_noise.notes[index].note.pitch = pitch;
                }
            }
        }
        with_pitch_noise
    }
}

/// Gives notes that begin almost together the onset of the first, and sorts them from low to high.
pub(super) fn gather_chords(notes: &mut [Note]) {
    let mut first = Ticks(i64::MIN / 2);
    for note in notes.iter_mut() {
        if note.onset - first > TOGETHER {
            first = note.onset;
        }
        note.onset = first;
    }
    notes.sort_unstable();
}

/// Hides chords and look-back features at random.
pub fn drop_features(steps: &mut [SequenceStep], dropout: FeatureDropout, random: &mut Rng) {
    let no_chord = |note: &mut Tokens| (note.chord, note.bass) = (0, 0);
    for stretch in steps.chunks_mut(STRETCH) {
        let (chords, look_back) = (random.f64() < dropout.chords, random.f64() < dropout.look_back);
        for step in stretch {
            if chords {
                no_chord(&mut step.heard);
                step.next.iter_mut().for_each(no_chord);
            }
            if look_back {
                (step.features, step.repeats) = (LookBackFeatures::default(), RepeatFeatures::default());
            } else if dropout.hint > 0.0 {
                hide_some(&mut step.features, &mut step.repeats, &mut || random.f64() < dropout.hint);
            }
        }
    }
}

fn hide_some(features: &mut LookBackFeatures, repeats: &mut RepeatFeatures, hide: &mut impl FnMut() -> bool) {
    if hide() {
        features.figure = MotifMatch::default();
    }
    if hide() {
        features.profile = [0.0; PROFILE];
    }
    for place in 0..LAGS {
        if hide() {
            features.steps[place] = 0;
            (repeats.pitches[place], repeats.durations[place]) = (0, 0);
        }
    }
}

/// The shape of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchLayout {
    /// Tunes side by side.
    pub rows: usize,
    /// Notes of each tune in one optimiser step.
    pub steps: usize,
}

/// Lays out all tunes in random order, one after another in each row, and cuts the rows into batches
/// `[batch][row][step]`. A row continues in the next batch where it stopped, so the network's state is carried through
/// a tune.
///
/// `random` also cuts, transposes and hides features. Without it, order and keys stay, every feature is shown, and the
/// pitch noise is the same every time.
pub fn batches(
    pieces: &[EncodedTune],
    layout: BatchLayout,
    vocabulary: &Vocabulary,
    dropout: FeatureDropout,
    mut random: Option<&mut Rng>,
) -> Vec<Vec<Vec<SequenceStep>>> {
    let mut order: Vec<Cow<'_, EncodedTune>> =
        pieces.iter().filter(|piece| !piece.is_empty()).map(Cow::Borrowed).collect();
    if let Some(random) = random.as_deref_mut() {
        order = order.iter().flat_map(|piece| piece.split_at_random(random)).map(Cow::Owned).collect();
        random.shuffle(&mut order);
    }
    let mut rows = vec![Vec::new(); layout.rows];
    for piece in order {
        let steps = if let Some(random) = random.as_deref_mut() {
            let tune = piece.transposed_at_random(vocabulary, random);
            let mut steps =
                tune.steps_after(&tune.with_pitch_noise(dropout.pitch_noise, vocabulary, random), vocabulary);
            drop_features(&mut steps, dropout, random);
            steps
        } else {
            let noise = &mut Rng::with_seed(piece.len() as u64);
            piece.steps_after(&piece.with_pitch_noise(dropout.pitch_noise, vocabulary, noise), vocabulary)
        };
        if let Some(shortest) = rows.iter_mut().min_by_key(|row| row.len()) {
            shortest.extend(steps);
        }
    }
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0).next_multiple_of(layout.steps);
    for row in &mut rows {
        row.resize(longest, SequenceStep { begins: true, ..SequenceStep::default() });
    }
    (0..longest / layout.steps)
        .map(|block| rows.iter().map(|row| row[block * layout.steps..][..layout.steps].to_vec()).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::Velocity;

    fn piece(length: u8) -> EncodedTune {
        let note = |index: u8| Note {
            onset: Ticks(24 * i64::from(index)),
            pitch: Pitch::new(50 + index).unwrap(),
            duration: Ticks(24),
            velocity: Velocity::DEFAULT,
        };
        EncodedTune {
            notes: (0..length).map(|index| AnnotatedNote { note: note(index), bars: None, chord: None }).collect(),
        }
    }

    #[test]
    fn every_note_but_a_tunes_first_is_asked_for_once_in_an_epoch() {
        let vocabulary = Vocabulary::dance();
        let pieces = [piece(5), piece(17), piece(1), piece(9), piece(30)];
        let layout = BatchLayout { rows: 2, steps: 8 };
        let blocks = batches(&pieces, layout, &vocabulary, NO_DROPOUT, Some(&mut Rng::with_seed(1)));
        let asked = blocks.iter().flatten().flatten().filter(|step| step.next.is_some()).count();
        // None of them is long enough to be cut.
        assert_eq!(asked, 5 + 17 + 1 + 9 + 30 - pieces.len());
        for (row, block) in (0..2).flat_map(|row| blocks.iter().map(move |block| (row, block))) {
            assert_eq!(block[row].len(), 8);
            for pair in block[row].windows(2) {
                assert!(pair[1].begins || pair[0].next == Some(pair[1].heard));
            }
        }
    }

    #[test]
    fn a_cut_tune_loses_nothing_but_the_question_at_the_cut() {
        let mut random = Rng::with_seed(2);
        let cuts: Vec<Vec<EncodedTune>> = (0..20).map(|_| piece(60).split_at_random(&mut random)).collect();
        assert!(cuts.iter().all(|parts| parts.iter().map(EncodedTune::len).sum::<usize>() == 60));
        assert!(cuts.iter().any(|parts| parts.len() == 1) && cuts.iter().any(|parts| parts.len() == 2));
    }

    #[test]
    fn what_is_to_be_left_out_is_left_out_and_nothing_else() {
        let shown = piece(40).steps(&Vocabulary::song());
        assert!(shown.iter().any(|step| step.features.figure.length > 0));
        let dropout = |dropped: FeatureDropout| {
            let mut steps = shown.clone();
            drop_features(&mut steps, dropped, &mut Rng::with_seed(3));
            steps
        };
        assert!(dropout(NO_DROPOUT).iter().zip(&shown).all(|(left, shown)| left.features == shown.features));
        let none = dropout(FeatureDropout { look_back: 1.0, ..NO_DROPOUT });
        assert!(
            none.iter()
                .all(|step| step.features == LookBackFeatures::default() && step.repeats == RepeatFeatures::default())
        );
        let some = dropout(FeatureDropout { hint: 0.5, ..NO_DROPOUT });
        let figures = |steps: &[SequenceStep]| steps.iter().filter(|step| step.features.figure.length > 0).count();
        assert!(figures(&some) > 0 && figures(&some) < figures(&shown));
    }

    #[test]
    fn after_a_slip_the_tune_is_still_what_is_asked_for() {
        let vocabulary = Vocabulary::dance();
        let mut tune = piece(40);
        for (index, heard) in (0u8..).zip(&mut tune.notes) {
            heard.note.pitch = Pitch::new(50 + index.wrapping_mul(index) % 23).unwrap();
        }
        let with_pitch_noise = tune.with_pitch_noise(0.5, &vocabulary, &mut Rng::with_seed(4));
        let pitches = |piece: &EncodedTune| piece.notes.iter().map(|heard| heard.note.pitch).collect::<Vec<_>>();
        let noise =
            pitches(&tune).iter().zip(pitches(&with_pitch_noise)).filter(|(tune, played)| *tune != played).count();
        assert!((5..35).contains(&noise), "{noise} of 40");
        let (clean, after) = (tune.steps(&vocabulary), tune.steps_after(&with_pitch_noise, &vocabulary));
        assert!(clean.iter().zip(&after).all(|(clean, after)| clean.next == after.next));
        assert_eq!(after.iter().map(|step| step.heard).collect::<Vec<_>>(), with_pitch_noise.tokens(&vocabulary));
        let mut random = Rng::with_seed(4);
        assert_eq!(pitches(&tune.with_pitch_noise(0.0, &vocabulary, &mut random)), pitches(&tune));
        assert_eq!(random, Rng::with_seed(4), "what does not happen draws nothing");
    }

    /// Within 31 ms they get one onset, and go from low to high.
    #[test]
    fn notes_almost_together_become_one_sorted_chord() {
        let note = |onset, key| Note {
            onset: Ticks(onset),
            pitch: Pitch::new(key).unwrap(),
            duration: Ticks(9),
            velocity: Velocity::DEFAULT,
        };
        let mut notes = [note(10, 67), note(12, 60), note(13, 64), note(14, 72), note(30, 50)];
        gather_chords(&mut notes);
        assert_eq!(
            notes.map(|note| (note.onset.0, note.pitch.key())),
            [(10, 60), (10, 64), (10, 67), (14, 72), (30, 50)]
        );
    }
}
