//! Drift: a line that hears only itself plays some things more often than its music does, and others less.
//!
//! A network is trained on other people's notes. After its own notes it leaps more, sinks, stays on some durations, and
//! each of these brings more of the same. Here each choice has *features*: the interval, the height above what was
//! played before, the place in the beat at which a note begins or ends, how much of the session was like this. Each
//! feature has a summand on the logits, found such that the line has the feature as often as the music does
//! ([feature matching, Abbeel and Ng 2004](https://doi.org/10.1145/1015330.1015430)). `segue_training::drift` finds
//! them. Knows nothing of networks and sampling.

mod session;
#[cfg(test)]
mod tests;

use crate::chord::{Chord, OCTAVE};
use crate::lookback::LookBack;
use crate::note::{Bars, Note, Pitch, Ticks};
use crate::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};
use session::{BOUNDS, SessionCounts};

/// The summands of all features, in nats: a table for each part of a note, which the features of this module index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftCorrection {
    /// For steps.
    pub step: Vec<f32>,
    /// For pitches.
    pub pitch: Vec<f32>,
    /// For durations.
    pub duration: Vec<f32>,
    /// The factor on differences of velocity, 1 to [`MOST_GAIN`].
    pub velocity_gain: f32,
}

/// The greatest summand, in nats, in either direction.
pub const MOST: f32 = 4.0;
/// The greatest factor on differences of velocity.
pub const MOST_GAIN: f32 = 1.2;

/// The features of a choice, as indices of a table. Index 0 means none, and its summand is always 0.
pub type Features<const COUNT: usize> = [usize; COUNT];

/// Intervals from −13 to 13 semitones; wider ones count as these.
const WIDEST: i16 = 13;
const INTERVALS: usize = 2 * WIDEST.unsigned_abs() as usize + 1;
/// Where a note begins: on a beat, between beats, or in a chord.
const BEGINNINGS: usize = 3;
/// Heights above what was played before, in steps of three semitones from −24 to 24; further ones count as these.
const HEIGHT_STEP: f32 = 3.0;
const HEIGHTS: usize = 17;
/// A tone of the chord or none, on a beat or not.
const CHORD_TONES: usize = 4;
/// An interval is a leap down, a step down, none, a step up or a leap up.
const MOTIONS: usize = 5;
/// The widest interval of a step, in semitones.
const WIDEST_STEP: i16 = 2;
/// A figure of two intervals is new, or was played before; then one of three, too, or not.
const FIGURES: usize = 3;
/// Moments on a beat, halfway between two, or elsewhere.
const MOMENTS: usize = 3;
/// How much of the session was like this.
const SHARES: usize = BOUNDS.len() + 1;

const OF_INTERVALS: usize = 1;
const OF_HEIGHTS: usize = OF_INTERVALS + BEGINNINGS * INTERVALS;
const OF_CHORD_TONES: usize = OF_HEIGHTS + HEIGHTS;
const OF_PITCH_CLASSES: usize = OF_CHORD_TONES + CHORD_TONES;
const OF_PITCHES: usize = OF_PITCH_CLASSES + SHARES;
const OF_MOTIONS: usize = OF_PITCHES + SHARES;
const OF_FIGURES: usize = OF_MOTIONS + MOTIONS * MOTIONS;
const PITCH_FEATURES: usize = OF_FIGURES + FIGURES;

/// The tables of steps and durations begin alike: moments, shares, and whether there is a rest, or the same duration
/// again. Then each class has two features: after or at a beat, or not.
const OF_MOMENTS: usize = 1;
const OF_SHARES: usize = OF_MOMENTS + MOMENTS;
const OF_RESTS: usize = OF_SHARES + SHARES;
const OF_CLASSES: usize = OF_RESTS + 2;

impl DriftCorrection {
    /// No correction, with tables of the right lengths.
    pub fn none(vocabulary: &Vocabulary) -> Self {
        let counts = vocabulary.counts();
        let classes = |count: usize| vec![0.0; OF_CLASSES + 2 * count];
        let (step, duration) = (classes(counts.step), classes(counts.duration));
        Self { step, pitch: vec![0.0; PITCH_FEATURES], duration, velocity_gain: 1.0 }
    }

    /// Whether this build can play it with such a vocabulary.
    pub(crate) fn fits(&self, vocabulary: &Vocabulary) -> bool {
        let none = Self::none(vocabulary);
        let tables = [(&self.step, &none.step), (&self.pitch, &none.pitch), (&self.duration, &none.duration)];
        let is_possible = |table: &[f32], none: &[f32]| {
            table.len() == none.len()
                && table[0].abs() <= 0.0
                && table.iter().all(|summand| (-MOST..=MOST).contains(summand))
        };
        (1.0..=MOST_GAIN).contains(&self.velocity_gain)
            && tables.into_iter().all(|(table, none)| is_possible(table, none))
    }
}

/// Adds to each logit the summands of its features, `times` each.
pub fn correct<const COUNT: usize>(
    logits: &mut [f32],
    (table, times): (&[f32], f32),
    features: impl Fn(usize) -> Features<COUNT>,
) {
    for (class, logit) in logits.iter_mut().enumerate() {
        *logit += times * features(class).iter().filter_map(|feature| table.get(*feature)).sum::<f32>();
    }
}

/// What was played before a note.
#[derive(Debug, Clone)]
pub struct Before<'a> {
    vocabulary: &'a Vocabulary,
    /// The last note; `None` before the first.
    last: Option<Note>,
    /// The interval to the last pitch.
    interval: Option<i16>,
    /// The mean pitch, in MIDI keys.
    height: f32,
    /// `None` where nothing of the session is to be taken up.
    session: Option<SessionCounts>,
}

/// The moment at which a note begins, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Beginning {
    /// The onset.
    pub onset: Ticks,
    /// The bars there.
    pub bars: Option<Bars>,
    /// The chord there.
    pub chord: Option<Chord>,
}

impl Beginning {
    fn is_on_beat(&self) -> bool {
        self.bars.is_some_and(|bars| bars.is_on_beat(self.onset))
    }
}

impl<'a> Before<'a> {
    /// What this session has played. Features that say how much of the session was like this are there only if the line
    /// `remembers`.
    pub fn of(vocabulary: &'a Vocabulary, session: &LookBack, remembers: bool) -> Self {
        let mut latest = session.latest();
        let last = latest.next();
        let interval = last.zip(latest.next()).map(|(last, before)| interval(before.pitch, last.pitch));
        let counts = remembers.then(|| SessionCounts::of(vocabulary, session));
        Self { vocabulary, last, interval, height: session.height(), session: counts }
    }

    /// The features of a class of steps. `bars` are those at the last note.
    pub fn step(&self, class: usize, bars: Option<Bars>) -> Features<4> {
        let Some(last) = self.last else { return [0; 4] };
        let step = self.vocabulary.step(class);
        let is_line = self.vocabulary.polyphony == 1;
        let on_beat = bars.is_some_and(|bars| bars.is_on_beat(last.onset));
        [
            of_moment(last.onset + step, bars),
            self.session.as_ref().map_or(0, |session| OF_SHARES + session.steps(class)),
            if is_line { OF_RESTS + usize::from(step > last.duration) } else { 0 },
            OF_CLASSES + 2 * class + usize::from(on_beat),
        ]
    }

    /// The features of a pitch.
    pub fn pitch(&self, pitch: Pitch, at: &Beginning) -> Features<7> {
        let Some(last) = self.last else { return [0; 7] };
        let by = interval(last.pitch, pitch);
        let on_beat = usize::from(at.is_on_beat());
        let beginning = if last.onset == at.onset { BEGINNINGS - 1 } else { on_beat };
        let of_interval = usize::try_from(by.clamp(-WIDEST, WIDEST) + WIDEST).unwrap_or(0);
        // A style that learnt without chords does not follow them, whatever the chart says.
        let chord = at.chord.filter(|_| self.vocabulary.chords);
        let is_tone = |chord: Chord| usize::from(chord.tones().any(|tone| tone == pitch.key() % OCTAVE));
        let of_session = |first: usize, share: fn(&SessionCounts, Pitch) -> usize| {
            self.session.as_ref().map_or(0, |session| first + share(session, pitch))
        };
        [
            OF_INTERVALS + INTERVALS * beginning + of_interval,
            OF_HEIGHTS + of_height(f32::from(pitch.key()) - self.height),
            chord.map_or(0, |chord| OF_CHORD_TONES + 2 * on_beat + is_tone(chord)),
            of_session(OF_PITCH_CLASSES, SessionCounts::pitch_classes),
            of_session(OF_PITCHES, SessionCounts::pitches),
            self.interval.map_or(0, |before| OF_MOTIONS + MOTIONS * motion(before) + motion(by)),
            self.session.as_ref().map_or(0, |session| OF_FIGURES + session.figure(by)),
        ]
    }

    /// The features of a class of durations.
    pub fn duration(&self, class: usize, at: &Beginning) -> Features<4> {
        let Some(last) = self.last else { return [0; 4] };
        let is_same = usize::from(self.vocabulary.duration_class(last.duration)) == class;
        [
            of_moment(at.onset + self.vocabulary.duration(class), at.bars),
            self.session.as_ref().map_or(0, |session| OF_SHARES + session.durations(class)),
            OF_RESTS + usize::from(is_same),
            OF_CLASSES + 2 * class + usize::from(at.is_on_beat()),
        ]
    }
}

fn interval(from: Pitch, to: Pitch) -> i16 {
    i16::from(to.key()) - i16::from(from.key())
}

fn motion(interval: i16) -> usize {
    match interval {
        0 => 2,
        up @ 1.. => 3 + usize::from(up > WIDEST_STEP),
        down => usize::from(down >= -WIDEST_STEP),
    }
}

fn of_height(above: f32) -> usize {
    const HIGHEST: f32 = 8.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 16 after clamping")]
    let index = ((above / HEIGHT_STEP).round().clamp(-HIGHEST, HIGHEST) + HIGHEST) as usize;
    index
}

fn of_moment(moment: Ticks, bars: Option<Bars>) -> usize {
    let Some(bars) = bars else { return 0 };
    let half = Ticks(bars.metre.beat().0 / 2);
    let kind = match () {
        () if bars.is_on_beat(moment) => 0,
        () if bars.is_on_beat(moment + half) => 1,
        () => 2,
    };
    OF_MOMENTS + kind
}
