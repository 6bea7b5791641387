//! What the chords say of form: a bar over the chords of an earlier one probably repeats it.

use crate::chord::Chord;
use crate::note::{Metre, Ticks};

/// How well the chords of two bars agree: unknown, on no beat, on some beats, on all beats.
pub const AGREEMENTS: usize = 4;

/// For each agreement, the summand on the log probability of a lag. That of the unknown one is 0.
pub type ChordEvidence = [f32; AGREEMENTS];

/// How well the chords of the bar that begins at `line` agree with those `back` earlier.
pub fn agreement(chord_at: impl Fn(Ticks) -> Option<Chord>, metre: Metre, line: Ticks, back: Ticks) -> usize {
    let beats = (0..).map(|beat| Ticks(beat * metre.beat().0)).take_while(|place| *place < metre.bar());
    let (mut equal, mut all) = (0, 0);
    for place in beats {
        let (Some(here), Some(there)) = (chord_at(line + place), chord_at(line + place - back)) else { return 0 };
        equal += usize::from(here == there);
        all += 1;
    }
    match equal {
        0 => 1,
        _ if equal < all => 2,
        _ => 3,
    }
}
