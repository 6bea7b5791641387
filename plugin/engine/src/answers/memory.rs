//! The last eight answers on the audio thread: the only writer of what is remembered of them.
//!
//! An offline rendering begins without answers, except for those that are kept; the others return after it. Knows
//! nothing of how an answer is played again.

use super::{ANSWERS, AnswerNote, AnswerShelf, PastAnswer};
use arrayvec::ArrayVec;
use segue_model::chord::Chord;
use segue_model::note::{Bars, Note, Ticks};
use std::sync::Arc;

/// The answer that is being remembered.
#[derive(Debug, Clone, Copy)]
struct OpenAnswer {
    /// The tick at which it began.
    start: Ticks,
    /// Where in its bar that was.
    place: Ticks,
    /// Its length, counted from the line of its first bar, after which the next one begins on a bar line; `None` when
    /// it lasts as long as Segue's part.
    length: Option<Ticks>,
    /// Whether a note of it is remembered.
    has_notes: bool,
}

/// A list of answers, the latest last.
type Answers = Box<ArrayVec<PastAnswer, ANSWERS>>;

/// The last answers.
#[derive(Debug, Default)]
pub struct AnswerMemory {
    answers: Answers,
    /// The answers of before a rendering, while it lasts.
    aside: Option<Answers>,
    /// An empty list for the next rendering, because none may be allocated then.
    spare: Option<Answers>,
    present: Option<OpenAnswer>,
    /// The number of the latest answer.
    number: u64,
    shelf: Arc<AnswerShelf>,
    /// Whether the answers stay as they are; then the shelf shows them.
    keeps: bool,
    /// Whether a rendering begins with the next block.
    starts_afresh: bool,
}

impl AnswerMemory {
    /// Without answers, shown on this shelf.
    pub fn new(shelf: Arc<AnswerShelf>) -> Self {
        Self { spare: Some(Box::default()), shelf, ..Self::default() }
    }

    /// A new performance begins, in which only kept answers are known.
    pub fn start_afresh(&mut self) {
        self.present = None;
        self.starts_afresh = true;
    }

    /// A block begins: takes over the answers of a song that was opened. `keeps` says whether the answers are kept.
    pub fn enter(&mut self, offline: bool, keeps: bool) {
        if !offline && let Some(mut before) = self.aside.take() {
            std::mem::swap(&mut self.answers, &mut before);
            before.clear();
            self.spare = Some(before);
        }
        if self.shelf.take(&mut self.answers, keeps) {
            self.number = self.answers.iter().map(|answer| answer.number).max().unwrap_or(0);
            self.present = None;
        }
        let forgets = std::mem::take(&mut self.starts_afresh) && offline && !keeps && self.aside.is_none();
        if forgets && let Some(empty) = self.spare.take() {
            self.aside = Some(std::mem::replace(&mut self.answers, empty));
        }
        if std::mem::replace(&mut self.keeps, keeps) != keeps {
            self.shelf.show(if keeps { &self.answers } else { &[] });
        }
        if keeps {
            self.present = None;
        }
    }

    /// An answer begins at a tick. After `length`, counted from the line of its first bar, the next one begins; `None`
    /// when it lasts as long as Segue's part.
    pub fn begin(&mut self, start: Ticks, length: Option<Ticks>, bars: Bars) {
        if self.keeps {
            return;
        }
        self.present = Some(OpenAnswer { start, place: bars.place(start), length, has_notes: false });
    }

    /// Nothing more belongs to the present answer.
    pub fn end(&mut self) {
        self.present = None;
    }

    /// A note of Segue begins.
    pub fn add(&mut self, note: Note, chord: Option<Chord>, bars: Bars) {
        let Some(present) = &mut self.present else { return };
        if present.length.is_some_and(|length| note.onset >= present.start - present.place + length) {
            let place = bars.place(note.onset);
            (present.start, present.place, present.has_notes) = (note.onset - place, Ticks::ZERO, false);
        }
        if !std::mem::replace(&mut present.has_notes, true) {
            self.number += 1;
            // The oldest answer makes room, and lends its place.
            let mut answer = if self.answers.is_full() { self.answers.remove(0) } else { PastAnswer::default() };
            answer.restart(self.number, present.place);
            self.answers.push(answer);
        }
        let Note { onset, duration, pitch, velocity } = note;
        if let Some(answer) = self.answers.last_mut() {
            answer.add(AnswerNote { onset: onset - present.start, duration, pitch, velocity, chord });
        }
    }

    /// The answer before the last `back` ones. Of the present answer, less than `least` is not counted.
    pub fn recall(&self, back: usize, least: Ticks) -> Option<&PastAnswer> {
        let is_too_short = self.present.is_some_and(|present| present.has_notes)
            && self.answers.len() > 1
            && self.answers.last().is_some_and(|last| last.length() < least);
        self.answers.iter().rev().skip(usize::from(is_too_short)).nth(back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Metre, Pitch, Velocity};

    const BARS: Bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };

    fn note(onset: i64) -> Note {
        Note { onset: Ticks(onset), pitch: Pitch::MAX, velocity: Velocity::DEFAULT, duration: Ticks(24) }
    }

    fn places(memory: &AnswerMemory) -> Vec<(i64, i64)> {
        memory.answers.iter().map(|answer| (answer.place.0, answer.length().0)).collect()
    }

    /// Eight answers are remembered; one without notes is none.
    #[test]
    fn the_last_eight_answers_are_remembered() {
        let mut memory = AnswerMemory::new(Arc::default());
        for index in 0..10 {
            memory.begin(Ticks(index * 200), None, BARS);
            if index != 5 {
                memory.add(note(index * 200 + index), None, BARS);
            }
        }
        let lengths: Vec<i64> = memory.answers.iter().map(|answer| answer.length().0 - 24).collect();
        assert_eq!(lengths, [1, 2, 3, 4, 6, 7, 8, 9]);
        memory.end();
        assert_eq!(memory.recall(0, Ticks(96)).map(|answer| answer.place), Some(Ticks(1800 % 192)));
        assert_eq!(memory.recall(7, Ticks(96)).map(|answer| answer.place), Some(Ticks(200 % 192)));
        assert!(memory.recall(8, Ticks(96)).is_none());
    }

    /// What is played without end is remembered in stretches of a given length, each from a bar line on.
    #[test]
    fn a_duet_is_remembered_in_stretches_of_whole_bars() {
        let mut memory = AnswerMemory::new(Arc::default());
        memory.begin(Ticks(48), Some(Ticks(384)), BARS);
        for onset in [48, 240, 431, 432, 500, 900] {
            memory.add(note(onset), None, BARS);
        }
        assert_eq!(places(&memory), [(48, 216), (0, 140), (0, 156)]);
        // Of the present stretch there is less than a bar.
        assert_eq!(memory.recall(0, Ticks(192)).map(|answer| answer.length().0), Some(140));
    }

    /// An offline rendering knows no answers unless they are kept, and afterwards they are there again.
    #[test]
    fn a_rendering_knows_only_kept_answers() {
        for keeps in [false, true] {
            let mut memory = AnswerMemory::new(Arc::default());
            memory.begin(Ticks(0), None, BARS);
            memory.add(note(0), None, BARS);
            memory.start_afresh();
            memory.enter(true, keeps);
            assert_eq!(memory.recall(0, Ticks::ZERO).is_some(), keeps);
            memory.begin(Ticks(0), None, BARS);
            memory.enter(false, keeps);
            assert_eq!(places(&memory), [(0, 24)]);
        }
    }
}
