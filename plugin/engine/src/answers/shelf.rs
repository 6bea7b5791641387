//! The answers where all threads see them: the audio thread shows those that are kept, and another thread lays down
//! those of a saved song, which the audio thread takes with its next block. Nobody waits for the audio thread, and it
//! waits for nobody.

use super::{ANSWER_NOTES, ANSWERS, PastAnswer, SavedAnswer};
use crate::shared_words::{Look, WordPage};
use arrayvec::ArrayVec;
use segue_model::note::Ticks;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Words before the notes of an answer: its number, its place in the bar, and the count of its notes.
const HEAD: usize = 3;
const PAGE: usize = HEAD + ANSWER_NOTES;
/// How often a reader tries to read an answer while it is being written.
const TRIES: usize = 64;

type Pages = [WordPage<PAGE>; ANSWERS];

/// The answers of one instance, shared between its threads.
#[derive(Debug, Default)]
pub struct AnswerShelf {
    shown: Box<Pages>,
    laid: Box<Pages>,
    /// How often answers were laid down, and up to which of these times the audio thread has taken them.
    laid_count: AtomicU32,
    taken_count: AtomicU32,
    /// Held while answers are laid down. Never on the audio thread.
    writer: Mutex<()>,
}

impl AnswerShelf {
    /// The kept answers, the latest last: of the song that was opened, or those of the audio thread once it has taken
    /// them.
    /// Not for the audio thread.
    pub fn answers(&self) -> Vec<SavedAnswer> {
        let _guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = self.taken_count.load(Ordering::Acquire) == self.laid_count.load(Ordering::Acquire);
        let pages = if is_taken { &self.shown } else { &self.laid };
        let mut answers: Vec<PastAnswer> = pages.iter().filter_map(read).filter(|answer| !answer.is_empty()).collect();
        answers.sort_by_key(|answer| answer.number);
        let saved = |answer: &PastAnswer| SavedAnswer { place: answer.place, notes: answer.notes().collect() };
        answers.iter().map(saved).collect()
    }

    /// Lays down the answers of a song, the latest last; of too many, the latest count. Not for the audio thread.
    pub fn lay(&self, saved: &[SavedAnswer]) {
        let _guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = saved.get(saved.len().saturating_sub(ANSWERS)..).unwrap_or(saved);
        for (index, page) in self.laid.iter().enumerate() {
            let mut answer = PastAnswer::default();
            if let Some(SavedAnswer { place, notes }) = latest.get(index) {
                answer.restart(index as u64 + 1, *place);
                for note in notes {
                    answer.add(*note);
                }
            }
            write(page, &answer);
        }
        self.laid_count.fetch_add(1, Ordering::Release);
    }

    /// Takes the answers that were laid down. False when there are no new ones, or they are being laid down just now.
    /// The shelf then shows them, if they are kept.
    pub(super) fn take(&self, answers: &mut ArrayVec<PastAnswer, ANSWERS>, keeps: bool) -> bool {
        let count = self.laid_count.load(Ordering::Acquire);
        if self.taken_count.load(Ordering::Relaxed) == count {
            return false;
        }
        let is_readable = |page: &WordPage<PAGE>| !matches!(page.look(), Look::Overtaken);
        if !self.laid.iter().all(is_readable) {
            return false;
        }
        answers.clear();
        for page in self.laid.iter() {
            if let Some(answer) = answer_of(&page.look()).filter(|answer| !answer.is_empty()) {
                let _ = answers.try_push(answer);
            }
        }
        self.show(if keeps { answers } else { &[] });
        self.taken_count.store(count, Ordering::Release);
        true
    }

    /// Shows these answers. For the audio thread alone.
    pub(super) fn show(&self, answers: &[PastAnswer]) {
        let none = PastAnswer::default();
        for (index, page) in self.shown.iter().enumerate() {
            write(page, answers.get(index).unwrap_or(&none));
        }
    }
}

fn write(page: &WordPage<PAGE>, answer: &PastAnswer) {
    let head = [answer.number, answer.place.0.cast_unsigned(), answer.notes.len() as u64];
    page.write(head.into_iter().chain(answer.notes.iter().copied()));
}

fn read(page: &WordPage<PAGE>) -> Option<PastAnswer> {
    (0..TRIES).find_map(|_| answer_of(&page.look()))
}

fn answer_of(look: &Look<PAGE>) -> Option<PastAnswer> {
    let Look::Whole(words) = look else { return None };
    let ([number, place, count], notes) = words.split_first_chunk::<HEAD>()?;
    let count = usize::try_from(*count).unwrap_or(0);
    let mut answer = PastAnswer { number: *number, place: Ticks(place.cast_signed()), ..PastAnswer::default() };
    answer.notes.extend(notes.iter().take(count.min(ANSWER_NOTES)).copied());
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::AnswerNote;
    use segue_model::note::{Pitch, Velocity};

    /// A song's answers are there at once, also before the audio thread has taken them, and only once.
    #[test]
    fn answers_of_a_song_are_taken_once_and_shown_from_the_start() {
        let note = AnswerNote {
            onset: Ticks(7),
            duration: Ticks(12),
            pitch: Pitch::MAX,
            velocity: Velocity::DEFAULT,
            chord: None,
        };
        let saved: Vec<SavedAnswer> =
            (1..=3).map(|place| SavedAnswer { place: Ticks(place), notes: vec![note; 2] }).collect();
        let shelf = AnswerShelf::default();
        assert_eq!(shelf.answers(), []);
        let mut answers = ArrayVec::new();
        assert!(!shelf.take(&mut answers, true));
        shelf.lay(&saved);
        assert_eq!(shelf.answers(), saved);
        assert!(shelf.take(&mut answers, true) && !shelf.take(&mut answers, true));
        assert_eq!((answers.len(), shelf.answers()), (3, saved));
        shelf.lay(&[]);
        assert_eq!(shelf.answers(), []);
    }
}
