//! A player that knows nothing but what follows what: Markov chains, one for each part of a note. A discriminator that
//! cannot tell it from tunes is no judge.

use crate::markov::Markov;
use crate::rollout::longest_within;
use fastrand::Rng;
use segue_model::note::{Note, Velocity};
use segue_model::vocabulary::Vocabulary;

/// The order of the chains.
const ORDER: usize = 5;
const ESCAPE_WEIGHT: f64 = 1.0;

/// One chain each over the pitches, the steps, the durations and the velocities of a style, as written. They are drawn
/// independently of each other.
#[derive(Debug)]
pub struct NoteChains<'a> {
    vocabulary: &'a Vocabulary,
    pitch: Markov,
    step: Markov,
    duration: Markov,
    velocity: Markov,
}

/// The parts of a row of notes as classes.
struct Parts {
    pitch: Vec<u8>,
    step: Vec<u8>,
    duration: Vec<u8>,
    velocity: Vec<u8>,
}

impl<'a> NoteChains<'a> {
    /// Chains that have counted these tunes.
    pub fn of<'notes>(tunes: impl Iterator<Item = &'notes [Note]>, vocabulary: &'a Vocabulary) -> Self {
        let counts = vocabulary.counts();
        let chain = |classes| Markov::empty(ORDER, classes, ESCAPE_WEIGHT);
        let mut chains = Self {
            vocabulary,
            pitch: chain(counts.pitch),
            step: chain(counts.step),
            duration: chain(counts.duration),
            velocity: chain(counts.velocity),
        };
        for notes in tunes {
            let parts = Parts::of(notes, vocabulary);
            observe(&mut chains.pitch, &parts.pitch);
            observe(&mut chains.step, &parts.step);
            observe(&mut chains.duration, &parts.duration);
            observe(&mut chains.velocity, &parts.velocity);
        }
        chains
    }

    /// Plays `count` notes after the prompt. In a single line, a note that would run into the next one is shortened.
    pub fn continue_prompt(&self, prompt: &[Note], count: usize, rng: &mut Rng) -> Vec<Note> {
        let Some(mut last) = prompt.last().copied() else { return Vec::new() };
        let mut past = Parts::of(prompt, self.vocabulary);
        let is_line = self.vocabulary.polyphony == 1;
        let mut notes: Vec<Note> = Vec::with_capacity(count);
        while notes.len() < count {
            let pitch = drawn(&self.pitch, &mut past.pitch, rng);
            let step = drawn(&self.step, &mut past.step, rng).max(is_line.into());
            let duration = drawn(&self.duration, &mut past.duration, rng);
            let velocity = drawn(&self.velocity, &mut past.velocity, rng);
            let note = Note {
                onset: last.onset + self.vocabulary.step(step.into()),
                pitch: self.vocabulary.pitch(pitch.into()),
                duration: self.vocabulary.duration(duration.into()),
                velocity: self.vocabulary.velocity(velocity.into()).unwrap_or(Velocity::DEFAULT),
            };
            if let Some(before) = notes.last_mut().filter(|_| is_line) {
                before.duration = longest_within(note.onset - before.onset, before.duration, self.vocabulary);
            }
            last = note;
            notes.push(note);
        }
        notes.sort_unstable();
        notes
    }
}

impl Parts {
    fn of(notes: &[Note], vocabulary: &Vocabulary) -> Self {
        let steps = notes.windows(2).map(|pair| vocabulary.step_class(pair[1].onset - pair[0].onset));
        Self {
            pitch: notes.iter().map(|note| vocabulary.pitch_class(note.pitch)).collect(),
            step: steps.collect(),
            duration: notes.iter().map(|note| vocabulary.duration_class(note.duration)).collect(),
            velocity: notes.iter().map(|note| vocabulary.velocity_class(note.velocity)).collect(),
        }
    }
}

fn observe(chain: &mut Markov, classes: &[u8]) {
    (0..classes.len()).for_each(|index| chain.observe(&classes[..index], classes[index]));
}

fn drawn(chain: &Markov, past: &mut Vec<u8>, rng: &mut Rng) -> u8 {
    let class = chain.sample(past, rng);
    past.push(class);
    class
}
