//! A little notation for what a tune sounds like.

use super::Tune;
use crate::note::{Note, Ticks};

/// Notes as `C4:24` (with its length in ticks), chords as `C4+E4:24`, silence as `-:24`.
pub(super) fn heard(notes: &[Note]) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    let name = |note: &Note| {
        let key = usize::from(note.pitch.key());
        format!("{}{}", NAMES[key % 12], key / 12 - 1)
    };
    let mut words = Vec::new();
    let mut now = Ticks::ZERO;
    for chord in notes.chunk_by(|one, next| one.onset == next.onset) {
        if chord[0].onset > now {
            words.push(format!("-:{}", (chord[0].onset - now).0));
        }
        let alike = chord.iter().all(|note| note.duration == chord[0].duration);
        let names: Vec<String> = chord
            .iter()
            .map(|note| if alike { name(note) } else { format!("{}:{}", name(note), note.duration.0) })
            .collect();
        words.push(if alike { format!("{}:{}", names.join("+"), chord[0].duration.0) } else { names.join("+") });
        let shortest = chord.iter().map(|note| note.duration).min().unwrap_or(Ticks::ZERO);
        now = now.max(chord[0].onset + shortest);
    }
    words.join(" ")
}

/// The place in its bar of every note, in ticks.
pub(super) fn places(tune: &Tune) -> Vec<i64> {
    tune.notes.iter().filter_map(|note| Some(tune.bars_at(note.onset)?.place(note.onset).0)).collect()
}
