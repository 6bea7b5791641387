//! What the latest notes of a session were like, counted.

use super::{FIGURES, OCTAVE};
use crate::lookback::LookBack;
use crate::note::{Pitch, Ticks};
use crate::vocabulary::Vocabulary;

/// Shares of the latest notes: features tell apart what lies below each of these, and above all.
pub const BOUNDS: [f32; 6] = [0.001, 0.03, 0.06, 0.12, 0.25, 0.5];

/// So many latest notes count.
const NOTES: usize = 64;
const KEYS: usize = 128;
/// Classes are one byte.
const CLASSES: usize = 256;
/// The widest interval that has a mark of its own, in semitones.
const WIDEST: i16 = 24;

/// How often the latest notes had each of something.
#[derive(Debug, Clone)]
pub struct SessionCounts {
    notes: u8,
    pitches: [u8; KEYS],
    pitch_classes: [u8; OCTAVE as usize],
    steps: [u8; CLASSES],
    durations: [u8; CLASSES],
    /// For each interval from [`WIDEST`] down to [`WIDEST`] up, which figure it would repeat: see [`Self::figure`].
    figures: [u8; 2 * WIDEST.unsigned_abs() as usize + 1],
}

impl SessionCounts {
    pub fn of(vocabulary: &Vocabulary, session: &LookBack) -> Self {
        let mut counts = Self {
            notes: 0,
            pitches: [0; KEYS],
            pitch_classes: [0; OCTAVE as usize],
            steps: [0; CLASSES],
            durations: [0; CLASSES],
            figures: [0; 2 * WIDEST.unsigned_abs() as usize + 1],
        };
        let mut keys = [0_i16; NOTES];
        let mut later: Option<Ticks> = None;
        for (note, key) in session.latest().zip(&mut keys) {
            *key = i16::from(note.pitch.key());
            counts.notes += 1;
            counts.pitches[usize::from(note.pitch.key()) % KEYS] += 1;
            counts.pitch_classes[usize::from(note.pitch.key() % OCTAVE)] += 1;
            counts.durations[usize::from(vocabulary.duration_class(note.duration))] += 1;
            if let Some(later) = later {
                counts.steps[usize::from(vocabulary.step_class(later - note.onset))] += 1;
            }
            later = Some(note.onset);
        }
        counts.mark_figures(&keys[..counts.notes.into()]);
        counts
    }

    /// Marks the intervals that followed where the last one or two intervals were the same. The latest key comes first.
    fn mark_figures(&mut self, keys: &[i16]) {
        let interval = |at: usize| Some(keys.get(at)? - keys.get(at + 1)?);
        let (Some(last), before) = (interval(0), interval(1)) else { return };
        for at in (1..keys.len()).filter(|at| interval(*at) == Some(last)) {
            let is_longer = before.is_some() && interval(at + 1) == before;
            if let Some(mark) = index(keys[at - 1] - keys[at]).and_then(|index| self.figures.get_mut(index)) {
                *mark = (1 + u8::from(is_longer)).max(*mark);
            }
        }
    }

    fn share(&self, count: u8) -> usize {
        let share = f32::from(count) / f32::from(self.notes.max(1));
        BOUNDS.iter().filter(|bound| share >= **bound).count()
    }

    /// How many notes had this pitch: the number of [`BOUNDS`] that their share reaches.
    pub fn pitches(&self, pitch: Pitch) -> usize {
        self.share(self.pitches[usize::from(pitch.key()) % KEYS])
    }

    /// The same for its pitch class.
    pub fn pitch_classes(&self, pitch: Pitch) -> usize {
        self.share(self.pitch_classes[usize::from(pitch.key() % OCTAVE)])
    }

    /// The same for a class of steps.
    pub fn steps(&self, class: usize) -> usize {
        self.share(self.steps.get(class).copied().unwrap_or(0))
    }

    /// The same for a class of durations.
    pub fn durations(&self, class: usize) -> usize {
        self.share(self.durations.get(class).copied().unwrap_or(0))
    }

    /// Which figure this interval would repeat: 0 for none, 1 for one of two intervals, 2 for one of three.
    pub fn figure(&self, interval: i16) -> usize {
        let mark = index(interval).and_then(|index| self.figures.get(index)).copied().unwrap_or(0);
        usize::from(mark).min(FIGURES - 1)
    }
}

fn index(interval: i16) -> Option<usize> {
    usize::try_from(interval + WIDEST).ok()
}
