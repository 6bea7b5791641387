//! Recognises chords in what accompanies a melody.

use super::notes::RawNote;
use super::time::TimeScale;
use crate::push_chord;
use segue_model::chord::{Chord, OCTAVE};
use segue_model::note::{Pitch, Ticks};
use std::collections::BTreeSet;

/// Fewer different tones are a bass or a second voice: they belong to the chord that holds.
const FEWEST_TONES: usize = 3;

/// A chord at each moment at which notes are struck, made of everything that sounds then. A rest does not end a chord.
pub(super) fn chords(accompaniment: &[RawNote], scale: &TimeScale) -> Vec<(Ticks, Option<Chord>)> {
    let mut onsets: Vec<&RawNote> = accompaniment.iter().filter(|note| note.end > note.onset).collect();
    onsets.sort_by_key(|note| note.onset);
    let mut chords = Vec::new();
    let mut sounding: Vec<&RawNote> = Vec::new();
    for together in onsets.chunk_by(|one, next| one.onset == next.onset) {
        let now = together[0].onset;
        sounding.retain(|note| note.end > now);
        sounding.extend(together);
        let tones: BTreeSet<u8> = sounding.iter().map(|note| note.key % OCTAVE).collect();
        if tones.len() >= FEWEST_TONES {
            let keys: Vec<Pitch> = sounding.iter().filter_map(|note| Pitch::new(note.key)).collect();
            push_chord(&mut chords, scale.ticks(now), Chord::heard(&keys));
        }
    }
    chords
}
