//! Lets a model continue a prompt as it would in a jam, and maps tunes onto the classes of a style.
//!
//! Knows no files and no metrics.

use super::dataset::gather_chords;
use segue_corpus::Tune;
use segue_model::chart::Chart;
use segue_model::improviser::{Begin, DecisionRequest, HeardKey, Improviser, LEGATO_PERCENT};
use segue_model::lstm::Model;
use segue_model::note::{Note, Ticks, Velocity};
use segue_model::sampling::SamplingParameters;
use segue_model::vocabulary::{TimeBase, Vocabulary};
use std::sync::Arc;

/// Hears the prompt and plays `count` notes after it, ordered by onset, then pitch, on the prompt's time line.
///
/// Bars and chords are the tune's; its notes are not read. The prompt must consist of the style's classes: see
/// [`in_vocabulary`]. The same parameters, seed included, give the same notes.
pub fn continue_prompt(
    model: &Arc<Model>,
    tune: &Tune,
    prompt: &[Note],
    count: usize,
    parameters: &SamplingParameters,
) -> Vec<Note> {
    let mut improviser = Improviser::new(Arc::clone(model));
    improviser.set_chart(Some(Arc::new(Chart::once(tune.chords.clone()))));
    for (id, note) in (0..).zip(prompt) {
        improviser.hear(HeardKey {
            id,
            onset: note.onset,
            pitch: note.pitch,
            velocity: note.velocity,
            bars: tune.bars_at(note.onset),
            // The notes of a chord in the prompt begin on the same tick.
            together: Ticks::ZERO,
            form: Ticks::ZERO,
            gate_percent: LEGATO_PERCENT,
            memory: parameters.memory,
            seed: parameters.seed,
        });
        improviser.amend(id, note.duration);
    }
    let mut from = prompt.last().map_or(Ticks::ZERO, |last| earliest(model.vocabulary(), last));
    let mut decide = || {
        let bars = tune.bars_at(from);
        let note = improviser.decide(&DecisionRequest {
            turn: 0,
            begin: Begin::NotBefore(from),
            bars,
            form: Ticks::ZERO,
            ends: None,
            along: false,
            parameters: *parameters,
        });
        from = note.onset;
        with_default_velocity(note, model.vocabulary())
    };
    let mut notes: Vec<Note> = (0..count).map(|_| decide()).collect();
    notes.sort_unstable();
    notes
}

/// The earliest onset after the prompt: a single line waits for the end of the last note.
fn earliest(vocabulary: &Vocabulary, last: &Note) -> Ticks {
    if vocabulary.polyphony == 1 { last.onset + last.duration } else { last.onset }
}

/// A style without dynamics has no velocities of its own; in a jam it takes the player's.
fn with_default_velocity(note: Note, vocabulary: &Vocabulary) -> Note {
    if vocabulary.has_velocity() { note } else { Note { velocity: Velocity::DEFAULT, ..note } }
}

/// The tune with every step, duration, velocity and pitch replaced by its nearest class. Each onset is counted from the
/// replaced onset before it, so rounding errors do not add up. A rest longer than any step keeps its length. A
/// single-line style keeps the top voice, and each note ends when the next begins.
#[must_use]
pub fn in_vocabulary(tune: &Tune, vocabulary: &Vocabulary) -> Tune {
    let is_line = vocabulary.polyphony == 1;
    let mut notes = tune.notes.clone();
    if vocabulary.time_base == TimeBase::Free {
        gather_chords(&mut notes);
    }
    if is_line {
        notes = notes.chunk_by(|one, next| one.onset == next.onset).filter_map(|chord| chord.last().copied()).collect();
    }
    let mut before = None;
    for note in &mut notes {
        let onset = onset_in_vocabulary(note.onset, before, tune, vocabulary);
        before = Some(onset);
        *note = Note {
            onset,
            pitch: vocabulary.pitch(vocabulary.pitch_class(note.pitch).into()),
            duration: vocabulary.duration(vocabulary.duration_class(note.duration).into()),
            velocity: vocabulary.velocity(vocabulary.velocity_class(note.velocity).into()).unwrap_or(Velocity::DEFAULT),
        };
    }
    if is_line {
        for index in 1..notes.len() {
            let room = notes[index].onset - notes[index - 1].onset;
            let note = &mut notes[index - 1];
            note.duration = longest_within(room, note.duration, vocabulary);
        }
    }
    notes.sort_unstable();
    notes.dedup_by_key(|note| (note.onset, note.pitch));
    Tune { notes, ..tune.clone() }
}

fn onset_in_vocabulary(onset: Ticks, before: Option<Ticks>, tune: &Tune, vocabulary: &Vocabulary) -> Ticks {
    let Some(before) = before else {
        return vocabulary.quantised(onset, tune.bars_at(onset));
    };
    let longest = vocabulary.step(vocabulary.counts().step - 1);
    if onset - before > longest {
        return vocabulary.quantised(onset, tune.bars_at(onset)).max(before + longest);
    }
    // Notes of a single line never begin together.
    let shortest = usize::from(vocabulary.polyphony == 1);
    before + vocabulary.step(usize::from(vocabulary.step_class(onset - before)).max(shortest))
}

/// The duration, or the longest class that does not run into the next note.
pub(crate) fn longest_within(room: Ticks, duration: Ticks, vocabulary: &Vocabulary) -> Ticks {
    if duration <= room {
        return duration;
    }
    let durations = (0..vocabulary.counts().duration).map(|class| vocabulary.duration(class));
    durations.take_while(|class| *class <= room).last().unwrap_or(room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_corpus::abc::parse_book;
    use segue_model::network::{Network, Sizes};
    use segue_model::note::{Bars, Metre, Pitch};
    use segue_model::weights::{ModelCard, Provenance};

    const BOOK: &str = include_str!("../../../tests/tunes/oneills.abc");

    fn untrained(vocabulary: Vocabulary) -> Arc<Model> {
        let sizes = Sizes { layers: 1, hidden: 32, event: 32, head: 32 };
        let network = Network::seeded(&vocabulary, sizes, 0);
        Arc::new(Model::new(ModelCard::new("test", vocabulary, sizes, Provenance::default()), &network))
    }

    fn note(onset: i64, key: u8, duration: i64) -> Note {
        Note {
            onset: Ticks(onset),
            pitch: Pitch::new(key).unwrap(),
            duration: Ticks(duration),
            velocity: Velocity::new(33).unwrap(),
        }
    }

    fn summary_of(tune: &Tune) -> Vec<(i64, u8, i64)> {
        tune.notes.iter().map(|note| (note.onset.0, note.pitch.key(), note.duration.0)).collect()
    }

    #[test]
    fn a_tune_on_the_grid_is_said_as_it_is_written() {
        for (_, tune) in &parse_book(BOOK, "oneills.abc").tunes {
            assert_eq!(in_vocabulary(tune, &Vocabulary::dance()).notes, tune.notes, "{}", tune.title);
        }
    }

    #[test]
    fn a_line_has_one_note_at_a_time_and_roundings_do_not_add_up() {
        let bars = vec![Bars { line: Ticks::ZERO, metre: Metre::COMMON }];
        let notes = vec![note(0, 60, 48), note(0, 72, 30), note(23, 64, 8), note(47, 65, 9), note(71, 67, 2_000)];
        let tune = Tune { notes: [notes, vec![note(1_000, 20, 23)]].concat(), bars, ..Tune::default() };
        let mapped = in_vocabulary(&tune, &Vocabulary::dance());
        let expected = [(0, 72, 24), (24, 64, 8), (48, 65, 8), (72, 67, 288), (996, 44, 24)];
        assert_eq!(summary_of(&mapped), expected);
        assert!(mapped.notes.iter().all(|note| note.velocity == Velocity::DEFAULT), "a dance tune has no dynamics");
        assert_eq!(in_vocabulary(&mapped, &Vocabulary::dance()), mapped, "mapping again changes nothing");
    }

    #[test]
    fn hands_on_a_piano_sound_together() {
        let notes = vec![note(0, 60, 50), note(2, 64, 100), note(40, 67, 4), note(700, 72, 9)];
        let mapped = in_vocabulary(&Tune { notes, ..Tune::default() }, &Vocabulary::piano());
        assert_eq!(summary_of(&mapped), [(0, 60, 50), (0, 64, 97), (38, 67, 4), (700, 72, 10)]);
        assert!(mapped.notes.iter().all(|note| note.velocity.value() == 34));
    }

    /// It begins after the prompt, and the same seed gives the same notes.
    #[test]
    fn a_continuation_follows_the_prompt_and_its_seed() {
        let tune = &parse_book(BOOK, "oneills.abc").tunes[1].1;
        for vocabulary in [Vocabulary::dance(), Vocabulary::piano()] {
            let model = untrained(vocabulary);
            let tune = in_vocabulary(tune, model.vocabulary());
            let prompt = &tune.notes[..20];
            let play = |seed| {
                continue_prompt(
                    &model,
                    &tune,
                    prompt,
                    30,
                    &SamplingParameters { seed, ..SamplingParameters::default() },
                )
            };
            let notes = play(1);
            assert_eq!((notes.len(), &notes), (30, &play(1)));
            assert_ne!(notes, play(2));
            assert!(notes.is_sorted());
            let is_line = model.vocabulary().polyphony == 1;
            let end = prompt[19].onset + if is_line { prompt[19].duration } else { Ticks::ZERO };
            assert!(notes[0].onset >= end);
            assert!(!is_line || notes.windows(2).all(|pair| pair[0].onset + pair[0].duration <= pair[1].onset));
        }
    }
}
