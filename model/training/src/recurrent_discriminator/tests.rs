use super::*;
use crate::style_metrics::Passage;
use segue_corpus::Tune;
use segue_corpus::abc::parse_book;
use segue_model::lstm::Model;
use segue_model::network::Sizes;
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use segue_model::sampling::SamplingParameters;
use segue_model::vocabulary::Vocabulary;
use std::sync::Arc;

const BOOK: &str = include_str!("../../../../tests/tunes/oneills.abc");
const EIGHTH: i64 = 24;

fn eighths(keys: &[u8]) -> Vec<Note> {
    let note = |(index, key): (i64, &u8)| Note {
        onset: Ticks(index * EIGHTH),
        pitch: Pitch::new(*key).unwrap(),
        duration: Ticks(EIGHTH),
        velocity: Velocity::DEFAULT,
    };
    (0..).zip(keys).map(note).collect()
}

fn symbols(notes: &[Note], sight: Sight) -> Vec<NoteSymbols> {
    let (prompt, rest) = notes.split_at(4);
    let bars = |_| Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON });
    sight.symbols(&Passage { prompt, notes: rest, bars: &bars, chord: &|_| None }, &Vocabulary::dance())
}

#[test]
fn the_key_of_a_passage_is_not_seen_and_its_pitches_are() {
    let notes = eighths(&[60, 64, 67, 64, 62, 65, 69, 60, 64]);
    let moved = |by: i8| -> Vec<Note> {
        notes.iter().map(|note| Note { pitch: note.pitch.transposed(by).unwrap(), ..*note }).collect()
    };
    for sight in [Sight::Notes, Sight::NotesAndRepeats] {
        let seen = symbols(&notes, sight);
        assert_eq!(seen.len(), notes.len());
        assert!(seen.iter().all(|note| note.len() == sight.kinds(&Vocabulary::dance())));
        assert!(seen.iter().flatten().all(|row| usize::from(*row) < sight.rows(&Vocabulary::dance())));
        assert_eq!(seen, symbols(&moved(5), sight));
        let mut other = notes.clone();
        other[6].pitch = Pitch::new(70).unwrap();
        assert_ne!(seen, symbols(&other, sight));
    }
}

/// A bar of eight eighths that comes again a bar later, except for its last note.
#[test]
fn repeats_are_seen_where_they_begin_and_where_they_end() {
    let bar = [60, 62, 64, 65, 67, 65, 64, 62];
    let mut keys = [bar, bar].concat();
    keys[15] = 59;
    let seen = symbols(&eighths(&keys), Sight::NotesAndRepeats);
    let plain = Sight::Notes.kinds(&Vocabulary::dance());
    let kind =
        |kind: usize| -> Vec<u16> { seen.iter().map(|note| note[plain + kind] - seen[0][plain + kind]).collect() };
    // The run of intervals that was played before: the first note has none, and the ninth comes from another one.
    assert_eq!(kind(1), [0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 0]);
    // A bar before: nothing, the same pitch, another one.
    assert_eq!(kind(2), [[0; 8], [1, 1, 1, 1, 1, 1, 1, 2]].concat());
}

/// Random passages of four classes; in the generated ones, each class of the continuation comes twice.
fn passages(count: usize, seed: u64, stammers: bool) -> Vec<LabelledPassage> {
    let mut rng = Rng::with_seed(seed);
    let passage = |index: usize| {
        let mut notes: Vec<NoteSymbols> = (0..12).map(|_| vec![rng.u16(0..4)]).collect();
        let is_generated = index % 2 == 1;
        if is_generated && stammers {
            (2..12).step_by(2).for_each(|index| notes[index] = notes[index + 1].clone());
        }
        LabelledPassage { is_generated, notes }
    };
    (0..count).map(passage).collect()
}

/// The order of the notes alone tells them apart: each class is as frequent in both.
#[test]
fn a_difference_is_learnt_and_none_is_not_invented() {
    let plan = DiscriminatorPlan { rows: 4, kinds: 1, prompt: 2, epochs: 20, seed: 1 };
    let auc = |stammers| {
        let learnt = RecurrentDiscriminator::train(&passages(600, 1, stammers), &plan);
        learnt.auc(&passages(300, 2, stammers))
    };
    let (told, chance) = (auc(true), auc(false));
    assert!(told > 0.9, "{told}");
    assert!((0.4..0.6).contains(&chance), "{chance}");
}

#[test]
fn the_same_seed_gives_the_same_verdict() {
    let plan = DiscriminatorPlan { rows: 4, kinds: 1, prompt: 2, epochs: 1, seed: 1 };
    let scores = |seed| {
        let learnt = RecurrentDiscriminator::train(&passages(80, 1, true), &DiscriminatorPlan { seed, ..plan });
        learnt.scores(&passages(10, 2, true)).into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(scores(1), scores(1));
    assert_ne!(scores(1), scores(2));
}

/// Chains that have counted one scale can only go on with it.
#[test]
fn markov_chains_play_what_they_have_counted() {
    let vocabulary = Vocabulary::dance();
    let scale = eighths(&[60, 62, 64, 65, 67, 69, 71, 72].repeat(40));
    let chains = chains::NoteChains::of(std::iter::once(scale.as_slice()), &vocabulary);
    let (prompt, rest) = scale.split_at(8);
    let played = chains.continue_prompt(prompt, 24, &mut Rng::with_seed(1));
    let as_before = played.iter().zip(rest).filter(|(played, note)| played == note).count();
    assert!(as_before >= 20, "{as_before} of 24");
    assert!(played.windows(2).all(|pair| pair[0].onset + pair[0].duration <= pair[1].onset));
}

/// A network with random weights plays nothing like a tune.
#[test]
fn a_random_model_is_told_from_the_tunes() {
    let book = parse_book(BOOK, "oneills.abc");
    let tunes: Vec<(&str, &Tune)> = book.tunes.iter().map(|(_, tune)| (tune.title.as_str(), tune)).collect();
    let (asked, learnt) = tunes.split_at(tunes.len() / 3);
    let sizes = Sizes { layers: 1, hidden: 16, event: 16, head: 16 };
    let model = Arc::new(Model::random(Vocabulary::dance(), sizes));
    let request = TrialRequest {
        learnt: 100,
        places: 40,
        epochs: 6,
        sight: Sight::Notes,
        parameters: SamplingParameters::default(),
        seeds: 2,
        has_controls: false,
    };
    let trial = RecurrentTrial::of(&model, (learnt, asked), &request);
    assert_eq!((trial.model.len(), trial.real.len(), trial.markov.len()), (2, 0, 0));
    assert!(trial.model.iter().all(|auc| *auc > 0.9), "{trial}");
}
