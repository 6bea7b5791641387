//! Broken chords: tones that are struck one after the other on keys that play only chords, as in an Alberti bass.
//!
//! A tone that the chord in force does not have begins a group, together with the tones before it on the same beat. The
//! group is a chord as soon as it has three tones. Knows nothing of the pedal: what counts is that keys are struck.

use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;
use segue_model::chord::{Chord, OCTAVE};
use segue_model::note::{Bars, Pitch, Ticks};

/// The most tones that are remembered.
const STROKES: usize = 8;
/// Tones that make a chord.
const TONES: u32 = 3;
/// A group whose first tone is older than this was no chord.
const LONGEST: Ticks = Ticks::quarters(2);

/// One tone.
#[derive(Debug, Clone, Copy)]
pub struct BrokenTone {
    /// The key.
    pub pitch: Pitch,
    /// When it was struck, as the model hears it.
    pub onset: Ticks,
    /// The same as a position.
    pub at: FramePosition,
}

/// The tones that may become a chord.
#[derive(Debug, Default)]
pub struct BrokenChord {
    strokes: ArrayVec<BrokenTone, STROKES>,
    /// Whether one of them is strange to the chord in force.
    is_group: bool,
}

impl BrokenChord {
    /// Forgets all tones.
    pub fn forget(&mut self) {
        self.strokes.clear();
        self.is_group = false;
    }

    /// A tone is struck while a chord is in force. The new chord and its first tone, if that is known now.
    pub fn strike(&mut self, tone: BrokenTone, now: Option<Chord>, bars: Bars) -> Option<(Chord, BrokenTone)> {
        let is_strange = now.is_none_or(|chord| !chord.tones().any(|class| class == tone.pitch.key() % OCTAVE));
        if self.is_group {
            if self.strokes.first().is_some_and(|first| tone.onset - first.onset > LONGEST) {
                self.forget();
            }
        } else if self.strokes.last().is_some_and(|last| beat_of(last.onset, bars) != beat_of(tone.onset, bars)) {
            self.strokes.clear();
        }
        self.is_group |= is_strange;
        if self.strokes.is_full() {
            let _ = self.strokes.pop_at(0);
        }
        let _ = self.strokes.try_push(tone);
        let pitches: ArrayVec<Pitch, STROKES> = self.strokes.iter().map(|stroke| stroke.pitch).collect();
        let tones = pitches.iter().fold(0_u16, |tones, pitch| tones | 1 << (pitch.key() % OCTAVE));
        if !self.is_group || tones.count_ones() < TONES {
            return None;
        }
        let first = self.strokes.first().copied()?;
        self.forget();
        Chord::heard(&pitches).map(|chord| (chord, first))
    }
}

/// The number of the beat in which a tick lies.
fn beat_of(tick: Ticks, bars: Bars) -> i64 {
    (tick - bars.line).0.div_euclid(bars.metre.beat().0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::Metre;

    /// Plays eighths from bar 0 on, and tells where chords are known: the eighth, the first tone's eighth, the chord.
    fn play(keys: &[u8]) -> Vec<(i64, i64, String)> {
        let bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
        let (mut broken, mut chord, mut found) = (BrokenChord::default(), None, Vec::new());
        for (eighth, key) in (0..).zip(keys) {
            let tone =
                BrokenTone { pitch: Pitch::new(*key).unwrap(), onset: Ticks(eighth * 24), at: FramePosition(eighth) };
            if let Some((heard, first)) = broken.strike(tone, chord, bars) {
                chord = Some(heard);
                found.push((eighth, first.at.0, heard.to_string()));
            }
        }
        found
    }

    fn named(expected: &[(i64, i64, &str)]) -> Vec<(i64, i64, String)> {
        expected.iter().map(|(at, first, name)| (*at, *first, (*name).to_owned())).collect()
    }

    /// Each new chord is known with its third tone, from its first tone on.
    #[test]
    fn an_alberti_bass_is_known_with_its_third_tone() {
        // C E G E is known with its G; F A C A and G B D B follow on their lines.
        let keys = [48, 52, 55, 52, 48, 52, 55, 52, 53, 57, 60, 57, 53, 57, 60, 57, 43, 47, 50, 47];
        assert_eq!(play(&keys), named(&[(2, 0, "C"), (10, 8, "F"), (18, 16, "G")]));
        // C G E G, and then A minor, whose first tones C has too.
        let keys = [48, 55, 52, 55, 48, 55, 52, 55, 57, 60, 64, 60, 57, 64, 60, 64];
        assert_eq!(play(&keys), named(&[(2, 0, "C"), (10, 8, "Am")]));
        // E minor after C: its B is strange, and its E stood on the same beat.
        assert_eq!(play(&[48, 52, 55, 52, 52, 59, 55, 59]), named(&[(2, 0, "C"), (6, 4, "Em")]));
    }

    /// A passing tone in a pattern makes no chord.
    #[test]
    fn a_passing_tone_is_no_chord() {
        let keys = [48, 52, 55, 52, 48, 50, 52, 48, 48, 52, 55, 52];
        assert!(play(&keys).len() <= 2, "{:?}", play(&keys));
        assert_eq!(play(&[48, 48, 55, 48, 48, 55]), []);
    }
}
