//! Look-back: what this session has played, as features of the next note.
//!
//! Two memories: a *motif*, the last run of intervals in any key, is searched in what was played before; and *lags* of
//! one, two, four and eight bars are looked up. Beside them stands a profile of recent pitch classes. Notes of all
//! players count alike. The cost per note is bounded however long the session is, and the latest notes can be
//! retracted. Knows nothing of networks or of who played what.

use crate::note::{Bars, Note, Pitch, Ticks, Velocity};
use crate::vocabulary::Vocabulary;

/// The lags that are looked up, in bars.
pub const LAG_BARS: [i64; LAGS] = [1, 2, 4, 8];
/// The number of lags.
pub const LAGS: usize = 4;
/// The pitch classes of a profile.
pub const PROFILE: usize = 12;
/// The classes of a motif's length: none, then two to eight intervals.
pub const MOTIF_LENGTHS: usize = LONGEST - SHORTEST + 2;

/// The fewest intervals of a motif.
const SHORTEST: usize = 2;
/// The most intervals that are compared.
const LONGEST: usize = 8;
/// Notes that are remembered: about an hour of melody.
const WINDOW: usize = 1 << 14;
/// So many notes can be retracted without losing older ones.
const SLACK: usize = 1 << 9;
/// The most candidates that are compared. This bounds the time when one figure is repeated for ever.
const MOST_COMPARED: usize = 64;
/// The most notes to walk back for a lag: eight bars of sixteenths, twice.
const MOST_WALKED: usize = 256;
/// The weight of a note in the profile is multiplied by this for each later note.
const FADING: f32 = 0.97;
/// Notes in the profile; the next older one would have a weight of 2 %.
const PROFILED: usize = 128;
/// The fewest and the most notes of a round.
const ROUNDS: std::ops::RangeInclusive<usize> = 6..=64;
/// One note in this many may differ from the round before: a new last note, or a slip.
pub const ONE_DIFFERS_IN: usize = 7;
/// Scales the shares of a profile, so that a tone of the scale has about one half.
const PROFILE_SCALE: f32 = 4.0;

/// What followed the current motif when it last occurred; all zero when it never did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MotifMatch {
    /// 0 without a match, else the class of the number of equal intervals: below [`MOTIF_LENGTHS`].
    pub length: u8,
    /// 1 + the class of the pitch that the same interval leads to.
    pub pitch: u8,
    /// 1 + the class of the step that followed.
    pub step: u8,
    /// 1 + the class of the duration of the note that followed.
    pub duration: u8,
}

/// The look-back features after a note.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LookBackFeatures {
    /// What followed the current motif.
    pub figure: MotifMatch,
    /// For each lag, 1 + the class of the step that led on from there; 0 for none.
    pub steps: [u8; LAGS],
    /// Weighted shares of the pitch classes from C, the latest notes weighing most; all zero before the first note.
    pub profile: [f32; PROFILE],
}

/// The look-back features once the next onset is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RepeatFeatures {
    /// For each lag, 1 + the class of the pitch that sounded there; 0 for none.
    pub pitches: [u8; LAGS],
    /// For each lag, 1 + the class of the duration of the note that began there; 0 for none.
    pub durations: [u8; LAGS],
}

/// The memory of a session.
#[derive(Debug, Clone, Default)]
pub struct LookBack {
    /// A ring: position `p` is stored at `p` modulo its full length.
    ring: Vec<RingNote>,
    /// All notes so far, including those that have left the ring: the next position.
    count: usize,
    /// 1 + the latest position with the same last two intervals; see [`Self::bucket`]. Empty before the first note.
    latest: Vec<u32>,
}

/// A note without classes, so that the memory outlives a change of style.
#[derive(Debug, Clone, Copy)]
struct RingNote {
    onset: Ticks,
    duration: Ticks,
    pitch: Pitch,
    /// 1 + the previous position with the same last two intervals.
    previous: u32,
}

impl RingNote {
    fn note(&self) -> Note {
        let Self { onset, duration, pitch, .. } = *self;
        Note { onset, pitch, duration, velocity: Velocity::DEFAULT }
    }
}

const RING: usize = WINDOW + SLACK;
/// Intervals from −24 to 24 have a bucket each; larger ones share them.
const INTERVALS: usize = 49;

impl LookBack {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.ring.clear();
        self.latest.clear();
        self.count = 0;
    }

    /// The number of notes so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds the next note. Its onset is not before the last one's, unless time has jumped.
    pub fn push(&mut self, note: &Note) {
        if self.latest.is_empty() {
            self.latest.resize(INTERVALS * INTERVALS, 0);
        }
        let position = self.count;
        let played = RingNote { onset: note.onset, duration: note.duration, pitch: note.pitch, previous: 0 };
        if position % RING == self.ring.len() {
            self.ring.push(played);
        } else {
            self.ring[position % RING] = played;
        }
        self.count += 1;
        if let Some(bucket) = self.bucket(position) {
            let named = u32::try_from(position + 1).unwrap_or(0);
            self.ring[position % RING].previous = std::mem::replace(&mut self.latest[bucket], named);
        }
    }

    /// Retracts all notes after the first `count`. Retracting more than some hundred notes at once also forgets old
    /// ones.
    pub fn truncate(&mut self, count: usize) {
        while self.count > count {
            let last = self.count - 1;
            if let Some(bucket) = self.bucket(last) {
                self.latest[bucket] = self.at(last).previous;
            }
            self.count = last;
        }
    }

    /// The features before anything of the next note is known, as classes of `vocabulary`. `bars` are those at the last
    /// note; without them no lag is looked up.
    pub fn features(&self, vocabulary: &Vocabulary, bars: Option<Bars>) -> LookBackFeatures {
        LookBackFeatures {
            figure: self.figure(vocabulary),
            steps: self.steps(vocabulary, bars),
            profile: self.profile(),
        }
    }

    /// The features once the `onset` of the next note is known.
    pub fn repeats(&self, vocabulary: &Vocabulary, onset: Ticks, bars: Option<Bars>) -> RepeatFeatures {
        let mut repeats = RepeatFeatures::default();
        let Some(bars) = bars else { return repeats };
        let mut walk = self.backwards();
        for (place, back) in LAG_BARS.into_iter().enumerate() {
            let moment = Ticks(onset.0 - back * bars.metre.bar().0);
            // Each lag lies further back, so the walk continues where it stopped.
            let Some(there) = walk.clone().position(|note| note.onset <= moment) else { break };
            walk = skipped(walk, there);
            let Some(note) = walk.clone().next() else { break };
            repeats.pitches[place] = 1 + vocabulary.pitch_class(note.pitch);
            if note.onset == moment {
                repeats.durations[place] = 1 + vocabulary.duration_class(note.duration);
            }
        }
        repeats
    }

    /// Whether the latest notes are, but for a few, the third round of the same ones: a player repeats a phrase, and
    /// has been answered in the same way each time. Tunes repeat a part twice.
    pub fn comes_round(&self) -> bool {
        let oldest = self.count - self.count.min(self.ring.len());
        let step = |position: usize| self.at(position).onset - self.at(position - 1).onset;
        let differ = |one: usize, other: usize| self.at(one).pitch != self.at(other).pitch || step(one) != step(other);
        ROUNDS.into_iter().any(|length| {
            let compared = 2 * length;
            let latest = self.count.saturating_sub(compared)..self.count;
            let reaches = latest.start > oldest + length;
            let most = compared / ONE_DIFFERS_IN;
            reaches && latest.rev().filter(|now| differ(*now, now - length)).take(most + 1).count() <= most
        })
    }

    /// The latest notes, the last first.
    fn backwards(&self) -> impl Iterator<Item = &RingNote> + Clone {
        let oldest = self.count - self.count.min(self.ring.len()).min(MOST_WALKED);
        (oldest..self.count).rev().map(|position| self.at(position))
    }

    /// The latest notes, the last first. Here they have no velocity of their own.
    pub fn latest(&self) -> impl Iterator<Item = Note> {
        self.backwards().map(RingNote::note)
    }

    /// The weighted mean of the pitches, the latest notes weighing most, in MIDI keys; 0 before the first note.
    pub fn height(&self) -> f32 {
        let (mut weight, mut sum, mut all) = (1.0, 0.0, 0.0);
        for note in self.backwards().take(PROFILED) {
            sum += weight * f32::from(note.pitch.key());
            all += weight;
            weight *= FADING;
        }
        if all > 0.0 { sum / all } else { 0.0 }
    }

    /// The notes after the first `count`, as far as they are remembered, in order. Here they have no velocity of their
    /// own.
    pub fn notes_from(&self, count: usize) -> impl Iterator<Item = Note> {
        let oldest = self.count - self.count.min(self.ring.len());
        (count.max(oldest)..self.count).map(|position| self.at(position).note())
    }

    fn at(&self, position: usize) -> &RingNote {
        &self.ring[position % RING]
    }

    fn interval(&self, position: usize) -> i16 {
        i16::from(self.at(position).pitch.key()) - i16::from(self.at(position - 1).pitch.key())
    }

    /// The bucket of the last two intervals at a position; `None` for the first two notes.
    fn bucket(&self, position: usize) -> Option<usize> {
        let index = |interval: i16| (2 * usize::from(interval.unsigned_abs()) + usize::from(interval < 0)) % INTERVALS;
        let last = |back: usize| index(self.interval(position - back));
        (position >= SHORTEST).then(|| last(0) * INTERVALS + last(1))
    }

    /// How many intervals up to `then` equal those up to `now`.
    fn agreement(&self, then: usize, now: usize) -> usize {
        let most = LONGEST.min(then);
        (0..most).take_while(|back| self.interval(then - back) == self.interval(now - back)).count()
    }

    fn figure(&self, vocabulary: &Vocabulary) -> MotifMatch {
        let Some(now) = self.count.checked_sub(1).filter(|now| *now >= SHORTEST) else { return MotifMatch::default() };
        // Before the oldest candidate there must be enough notes to compare.
        let oldest = (self.count + LONGEST).saturating_sub(WINDOW);
        let mut best: Option<(usize, usize)> = None;
        let mut then = self.at(now).previous as usize;
        for _ in 0..MOST_COMPARED {
            let Some(position) = then.checked_sub(1).filter(|position| *position >= oldest) else { break };
            let length = self.agreement(position, now);
            // Of equally long matches, the latest.
            if length >= SHORTEST && best.is_none_or(|(longest, _)| length > longest) {
                best = Some((length, position));
            }
            if length == LONGEST {
                break;
            }
            then = self.at(position).previous as usize;
        }
        let Some((length, position)) = best else { return MotifMatch::default() };
        let (then, next) = (self.at(position), self.at(position + 1));
        let led = i8::try_from(self.interval(position + 1)).ok().and_then(|by| self.at(now).pitch.transposed(by));
        let class = |pitch| (pitch, vocabulary.pitch_class(pitch));
        // A pitch outside the style's range is no information.
        let pitch = led.map(class).filter(|(led, class)| vocabulary.pitch((*class).into()) == *led);
        MotifMatch {
            length: u8::try_from(length + 1 - SHORTEST).unwrap_or(0),
            pitch: pitch.map_or(0, |(_, class)| class + 1),
            step: 1 + vocabulary.step_class(next.onset - then.onset),
            duration: 1 + vocabulary.duration_class(next.duration),
        }
    }

    fn steps(&self, vocabulary: &Vocabulary, bars: Option<Bars>) -> [u8; LAGS] {
        let mut steps = [0; LAGS];
        let (Some(bars), Some(last)) = (bars, self.count.checked_sub(1)) else { return steps };
        let last = self.at(last).onset;
        let mut walk = self.backwards();
        let mut after = None;
        'places: for (place, back) in LAG_BARS.into_iter().enumerate() {
            let moment = Ticks(last.0 - back * bars.metre.bar().0);
            loop {
                match walk.clone().next() {
                    Some(note) if note.onset <= moment => break,
                    Some(note) => after = Some(note.onset),
                    // Nothing was played that long ago.
                    None => break 'places,
                }
                walk = skipped(walk, 1);
            }
            if let Some(after) = after {
                steps[place] = 1 + vocabulary.step_class(after - moment);
            }
        }
        steps
    }

    /// Weighted shares of the pitch classes from C, the latest notes weighing most; all zero before the first note.
    pub fn profile(&self) -> [f32; PROFILE] {
        let mut profile = [0.0; PROFILE];
        let (mut weight, mut sum) = (1.0, 0.0);
        for note in self.backwards().take(PROFILED) {
            profile[usize::from(note.pitch.key()) % PROFILE] += weight;
            sum += weight;
            weight *= FADING;
        }
        if sum > 0.0 {
            for share in &mut profile {
                *share *= PROFILE_SCALE / sum;
            }
        }
        profile
    }
}

/// The same walk, some notes further on.
fn skipped<I: Iterator>(mut walk: I, notes: usize) -> I {
    if let Some(last) = notes.checked_sub(1) {
        walk.nth(last);
    }
    walk
}

#[cfg(test)]
mod tests;
