//! The last answers of an instance as text, which songs save.
//!
//! One line for each answer, the latest last: where it began in its bar, then its notes, each as onset, duration, key,
//! velocity and, if there was a chord, its root, kind and bass. Times are in ticks, 48 to a quarter note.

use nice_plug::params::persist::PersistentField;
use segue_engine::answers::{ANSWER_NOTES, AnswerNote, AnswerShelf, SavedAnswer};
use segue_model::chord::{Chord, ChordKind};
use segue_model::note::{Pitch, Ticks, Velocity};
use std::sync::Arc;

/// No bar is longer.
const LONGEST_BAR: i64 = 1 << 16;

/// The last answers of an instance. Not for the audio thread.
#[derive(Debug, Default)]
pub struct SavedAnswers(Arc<AnswerShelf>);

impl SavedAnswers {
    /// Where the engine shows its answers.
    pub fn shelf(&self) -> Arc<AnswerShelf> {
        Arc::clone(&self.0)
    }
}

impl PersistentField<'_, String> for SavedAnswers {
    /// What cannot be read, perhaps from a later Segue, is left out.
    fn set(&self, text: String) {
        // A host that opens the same song again in mid-jam must not take away what was just played.
        let answers: Vec<SavedAnswer> = text.lines().filter_map(read).collect();
        if !answers.is_empty() {
            self.0.lay(&answers);
        }
    }

    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        let lines: Vec<String> = self.0.answers().iter().map(written).collect();
        look(&lines.join("\n"))
    }
}

fn written(answer: &SavedAnswer) -> String {
    let note = |note: &AnswerNote| {
        let AnswerNote { onset, duration, pitch, velocity, chord } = note;
        let chord = chord
            .map_or_else(String::new, |chord| format!(" {} {} {}", chord.root(), chord.kind() as u8, chord.bass()));
        format!("; {} {} {} {}{chord}", onset.0, duration.0, pitch.key(), velocity.value())
    };
    let notes: String = answer.notes.iter().map(note).collect();
    format!("{}{notes}", answer.place.0)
}

/// An answer from its line; `None` if it is none.
fn read(line: &str) -> Option<SavedAnswer> {
    let mut parts = line.split(';');
    let place: i64 = parts.next()?.trim().parse().ok()?;
    let notes = parts.take(ANSWER_NOTES).map(read_note).collect::<Option<Vec<AnswerNote>>>()?;
    let is_in_order = notes.is_sorted_by_key(|note| note.onset);
    let is_sound = (0..LONGEST_BAR).contains(&place) && is_in_order && !notes.is_empty();
    is_sound.then_some(SavedAnswer { place: Ticks(place), notes })
}

fn read_note(text: &str) -> Option<AnswerNote> {
    let numbers = text.split_whitespace().map(|number| number.parse().ok()).collect::<Option<Vec<i64>>>()?;
    let (&[onset, duration, key, velocity], chord) = numbers.split_first_chunk::<4>()?;
    let byte = |number: i64| u8::try_from(number).ok();
    let chord = match *chord {
        [] => None,
        [root, kind, bass] => {
            let kind = *ChordKind::ALL.get(usize::from(byte(kind)?))?;
            Some(Chord::new(byte(root)?, kind, byte(bass)?))
        }
        _ => return None,
    };
    let velocity = byte(velocity).filter(|velocity| (1..128).contains(velocity))?;
    let note = AnswerNote {
        onset: Ticks(onset),
        duration: Ticks(duration),
        pitch: Pitch::new(byte(key)?)?,
        velocity: Velocity::nearest(f32::from(velocity)),
        chord,
    };
    note.is_sound().then_some(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A song gets its answers back as they were written, and a line that is none is left out.
    #[test]
    fn answers_come_out_of_a_song_as_they_went_in() {
        let answers = SavedAnswers::default();
        let text = "0; 0 24 60 80; 24 12 64 127 0 0 0; 24 12 67 1 11 9 3\n96; 7 1 0 64";
        answers.set(text.to_owned());
        assert_eq!(answers.map(String::clone), text);
        let faults = [
            "",
            "0",
            "x; 0 24 60 80",
            "-1; 0 24 60 80",
            "0; 0 24 60",
            "0; 0 24 128 80",
            "0; 0 0 60 80",
            "0; 0 24 60 0",
            "0; 0 24 60 80 0 12 0",
            "0; 0 24 60 80 0 1",
            "0; 24 24 60 80; 0 24 60 80",
            "0; 9999999 24 60 80",
        ];
        for fault in faults {
            answers.set(format!("{fault}\n96; 7 1 0 64"));
            assert_eq!(answers.map(String::clone), "96; 7 1 0 64", "{fault:?}");
        }
    }
}
