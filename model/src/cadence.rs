//! The cadence: an answer ends as a phrase does, and not because its time is over.
//!
//! In the last bar chord tones are favoured, and long notes too, in a short answer in its last quarter only: more and
//! more towards the end. No note crosses the end, and none begins so late that it could not be the last. All of this is
//! added to the logits before anything is drawn, so an unknown end changes nothing. Knows nothing of networks and
//! sampling.

use crate::chord::Chord;
use crate::lookback::PROFILE;
use crate::note::{Bars, Metre, Ticks};
use crate::vocabulary::Vocabulary;

/// The end of an answer, and the time before it that leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    at: Ticks,
    bar: Ticks,
    /// How long before the end the lean towards long notes begins.
    reach: Ticks,
    /// The shortest last note.
    last: Ticks,
}

/// A longer beat does not set the length of the last note.
const LONGEST_BEAT: Ticks = Ticks(Ticks::quarters(3).0 / 2);
/// At the very end, the summand on the logit of a note for each doubling of its length.
const LONGER: f32 = 4.0;
/// At the very end, the summand on a chord tone, or on the most frequent pitch class without a chord.
const FITTING: f32 = 5.0;
/// The additional summand on the root.
const ROOT: f32 = 1.5;
/// The penalty on what would spoil the end. No other summand outweighs it.
const PENALTY: f32 = 30.0;
/// The part of the remaining time that a last note must fill.
const FILLED: (i64, i64) = (3, 4);
/// The lean towards long notes takes at most one part in so many of an answer. It took half of one of two bars: after a
/// player's quarters, Folk had 3.5 notes in the first bar and 2.7 in the second.
const PARTS: i64 = 4;

impl Cadence {
    /// A cadence that ends `at` this moment, in these bars.
    pub fn new(at: Ticks, bars: Option<Bars>) -> Self {
        let metre = bars.map_or(Metre::COMMON, |bars| bars.metre);
        let last = Some(metre.beat()).filter(|beat| *beat <= LONGEST_BEAT).unwrap_or(Ticks::quarters(1));
        Self { at, bar: metre.bar(), reach: metre.bar(), last }
    }

    /// The cadence of an answer of this length.
    #[must_use]
    pub fn of_answer(self, length: Ticks) -> Self {
        Self { reach: self.bar.min(Ticks(length.0 / PARTS)), ..self }
    }

    /// How long a note that begins at `onset` may last; `None` after the end.
    pub fn left(self, onset: Ticks) -> Option<Ticks> {
        Some(self.at - onset).filter(|left| *left > Ticks::ZERO)
    }

    /// Biases the steps from the onset `last` to the next one.
    pub fn bias_steps(self, logits: &mut [f32], last: Ticks, vocabulary: &Vocabulary) {
        for (class, logit) in logits.iter_mut().enumerate() {
            let step = vocabulary.step(class);
            // A note that joins a chord lasts as long as the chord.
            let is_too_late = self.left(last + step).is_some_and(|left| left < self.last) && step > Ticks::ZERO;
            if is_too_late {
                *logit -= PENALTY;
            }
        }
    }

    /// Biases the pitches of a note at `onset`. `profile` holds the shares of recent pitch classes.
    pub fn bias_pitches(
        self,
        logits: &mut [f32],
        onset: Ticks,
        vocabulary: &Vocabulary,
        chord: Option<Chord>,
        profile: &[f32; PROFILE],
    ) {
        let nearness = self.nearness(onset, self.bar);
        if nearness <= 0.0 {
            return;
        }
        let fits = fitting(chord, profile);
        for (class, logit) in logits.iter_mut().enumerate() {
            *logit += nearness * fits[usize::from(vocabulary.pitch(class).key()) % PROFILE];
        }
    }

    /// Biases the durations of a note at `onset`: each must leave room for another note, or fill the remaining time.
    pub fn bias_durations(self, logits: &mut [f32], onset: Ticks, vocabulary: &Vocabulary) {
        let Some(left) = self.left(onset).filter(|left| *left < self.bar) else { return };
        let nearness = self.nearness(onset, self.reach);
        for (class, logit) in logits.iter_mut().enumerate() {
            let duration = vocabulary.duration(class);
            let doublings = duration.as_f32().log2();
            *logit += nearness * LONGER * doublings;
            if left - duration < self.last && duration.0 * FILLED.1 < left.0 * FILLED.0 {
                *logit -= PENALTY;
            }
        }
    }

    /// 0 up to `reach` before the end, then rising to 1; 0 after the end.
    fn nearness(self, onset: Ticks, reach: Ticks) -> f32 {
        let near = |left: Ticks| 1.0 - left.as_f32() / reach.as_f32().max(1.0);
        self.left(onset).map_or(0.0, near).max(0.0)
    }
}

/// The summand on each pitch class at the very end.
fn fitting(chord: Option<Chord>, profile: &[f32; PROFILE]) -> [f32; PROFILE] {
    let mut fits = [0.0; PROFILE];
    if let Some(chord) = chord {
        for tone in chord.tones() {
            fits[usize::from(tone)] = FITTING;
        }
        fits[usize::from(chord.root())] += ROOT;
        return fits;
    }
    let most = profile.iter().copied().fold(0.0, f32::max);
    if most > 0.0 {
        for (fit, share) in fits.iter_mut().zip(profile) {
            *fit = FITTING * share / most;
        }
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::argmax;

    const END: Ticks = Ticks(960);
    const COMMON: Option<Bars> = Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON });

    fn cadence() -> Cadence {
        Cadence::new(END, COMMON)
    }

    /// The most probable duration of a note that begins `left` ticks before the end, from uniform logits.
    fn lasts(left: i64) -> i64 {
        let vocabulary = Vocabulary::dance();
        let mut logits = vec![0.0; vocabulary.counts().duration];
        cadence().bias_durations(&mut logits, Ticks(END.0 - left), &vocabulary);
        for (class, logit) in logits.iter_mut().enumerate() {
            if vocabulary.duration(class) > Ticks(left) {
                *logit = f32::NEG_INFINITY;
            }
        }
        vocabulary.duration(argmax(&logits)).0
    }

    /// A duration fills the remaining time or leaves enough for another note.
    #[test]
    fn a_note_in_the_last_bar_fills_it_or_leaves_room() {
        let vocabulary = Vocabulary::dance();
        for left in [48, 72, 96, 144] {
            assert_eq!(lasts(left), left);
        }
        let mut logits = vec![0.0; vocabulary.counts().duration];
        cadence().bias_durations(&mut logits, Ticks(END.0 - 72), &vocabulary);
        let penalised = |ticks| logits[usize::from(vocabulary.duration_class(Ticks(ticks)))] < -PENALTY / 2.0;
        // Of 72 ticks, 24 leave a quarter note and 54 nearly fill them; the durations between do neither.
        assert_eq!([12, 24, 32, 48, 54, 72].map(penalised), [false, false, true, true, false, false]);
    }

    /// Only a note that joins a chord may begin so late that too little time is left.
    #[test]
    fn no_note_begins_too_late_to_be_the_last() {
        let vocabulary = Vocabulary::dance();
        let mut logits = vec![0.0; vocabulary.counts().step];
        cadence().bias_steps(&mut logits, Ticks(END.0 - 96), &vocabulary);
        let is_penalised = |ticks| logits[usize::from(vocabulary.step_class(Ticks(ticks)))] < 0.0;
        assert_eq!([0, 24, 48, 54, 72, 96, 192].map(is_penalised), [false, false, false, true, true, false, false]);
        let jig = Some(Bars { line: Ticks::ZERO, metre: Metre::new(6, 8).unwrap() });
        assert_eq!(Cadence::new(END, jig).last, Ticks(72));
        assert_eq!(Cadence::new(END, None).last, Ticks(48));
    }

    #[test]
    fn a_short_answer_has_longer_notes_in_its_last_quarter_only() {
        let vocabulary = Vocabulary::dance();
        let leans = |bars: i64, left: i64| {
            let mut logits = vec![0.0; vocabulary.counts().duration];
            cadence().of_answer(Ticks(192 * bars)).bias_durations(&mut logits, END - Ticks(left), &vocabulary);
            logits.iter().any(|logit| *logit > 0.0)
        };
        for (bars, from) in [(1, 48), (2, 96), (3, 144), (4, 192), (8, 192)] {
            assert!(!leans(bars, from) && leans(bars, from - 1), "{bars} bars");
        }
        // However short it is, no note is left too little time.
        let mut logits = vec![0.0; vocabulary.counts().duration];
        cadence().of_answer(Ticks(192)).bias_durations(&mut logits, END - Ticks(72), &vocabulary);
        assert!(logits[usize::from(vocabulary.duration_class(Ticks(36)))] < -PENALTY / 2.0);
    }

    /// Tones of the chord, or of the recent profile without one, gain more the nearer the end is.
    #[test]
    fn chord_tones_are_favoured_more_towards_the_end() {
        let vocabulary = Vocabulary::dance();
        let chord = Chord::parse("F").unwrap();
        let mut profile = [0.0; PROFILE];
        (profile[2], profile[9]) = (0.5, 0.25);
        let lean = |left: i64, chord, key: u8| {
            let mut logits = vec![0.0; vocabulary.counts().pitch];
            cadence().bias_pitches(&mut logits, Ticks(END.0 - left), &vocabulary, chord, &profile);
            logits[usize::from(vocabulary.pitch_class(crate::note::Pitch::new(key).unwrap()))]
        };
        for left in [0, 192, 400] {
            assert!(lean(left, chord, 65) == 0.0, "neither at the end nor a bar before it");
        }
        assert!(lean(48, chord, 65) > lean(48, chord, 69) && lean(48, chord, 69) > lean(96, chord, 69));
        assert!(lean(48, chord, 62) == 0.0 && lean(48, None, 62) > lean(48, None, 69) && lean(48, None, 69) > 0.0);
    }
}
