//! What this session has played, as features of what may come next.
//!
//! Two kinds of memory: the last *figure* (a run of intervals, in any key) is searched for in what was played before,
//! and the *places* one, two, four and eight bars ago are looked up. Beside them stands a profile of the pitch classes
//! of late. Notes of all players count alike. Each note costs a bounded time however long the session is, and the
//! latest notes can be taken back. Knows nothing of networks or of who played what.

use crate::note::{Bars, Note, Pitch, Ticks};
use crate::vocabulary::Vocabulary;

/// How many bars back the places lie that are looked up.
pub const LAG_BARS: [i64; LAGS] = [1, 2, 4, 8];
/// How many places are looked up.
pub const LAGS: usize = 4;
/// Pitch classes in a profile.
pub const PROFILE: usize = 12;
/// Tokens of a figure's length: none, then two to eight intervals.
pub const MOTIF_LENGTHS: usize = LONGEST - SHORTEST + 2;

/// Intervals that make a figure, at least.
const SHORTEST: usize = 2;
/// Intervals that are compared, at most.
const LONGEST: usize = 8;
/// Notes that are remembered: about an hour of melody.
const WINDOW: usize = 1 << 14;
/// As many notes can be taken back without loss of what lies before them.
const SLACK: usize = 1 << 9;
/// Places of the same last intervals that are compared: bounds the time when one figure is played for ever.
const MOST_COMPARED: usize = 64;
/// Notes that are walked back for a place: eight bars of sixteenths, and as much again.
const MOST_WALKED: usize = 256;
/// What is left of a pitch class in the profile after each further note.
const FADING: f32 = 0.97;
/// Notes in the profile; the one before them would count 2 %.
const PROFILED: usize = 128;
/// The profile's shares are told this many times as large, so that a tone of the scale weighs about one half.
const PROFILE_SCALE: f32 = 4.0;

/// What followed the last figure when it last occurred; all zero when it never did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MotifMatch {
    /// 0 for none, else how many intervals agreed: below [`MOTIF_LENGTHS`].
    pub length: u8,
    /// 1 + the class of the pitch to which the interval leads that followed.
    pub pitch: u8,
    /// 1 + the class of the step that followed.
    pub step: u8,
    /// 1 + the class of the duration of the note that followed.
    pub duration: u8,
}

/// What is told once a note has been taken in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LookBackFeatures {
    /// What followed the last figure.
    pub figure: MotifMatch,
    /// Per place: 1 + the class of the step that led on from there; 0 for none.
    pub steps: [u8; LAGS],
    /// Shares of the pitch classes from C, the latest notes weighing most; all zero before the first note.
    pub profile: [f32; PROFILE],
}

/// What is told once the onset of the next note is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RepeatFeatures {
    /// Per place: 1 + the class of the pitch that sounded there; 0 for none.
    pub pitches: [u8; LAGS],
    /// Per place: 1 + the class of the duration of the note that began there; 0 for none.
    pub durations: [u8; LAGS],
}

/// The session's memory.
#[derive(Debug, Clone, Default)]
pub struct LookBack {
    /// A ring: the note at position `p` lies at `p` modulo its full length.
    ring: Vec<Played>,
    /// Notes so far, those that the ring no longer holds included: the next position.
    count: usize,
    /// 1 + the latest position with these last two intervals; see [`bucket`]. Empty before the first note.
    latest: Vec<u32>,
}

/// A note as it was played, in no style's classes, so that the memory outlives a change of style.
#[derive(Debug, Clone, Copy)]
struct Played {
    onset: Ticks,
    duration: Ticks,
    pitch: Pitch,
    /// 1 + the position before it with the same last two intervals.
    previous: u32,
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

    /// Notes that were taken in so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes in the next note; its onset is not before the last one's, unless time has jumped.
    pub fn push(&mut self, note: &Note) {
        if self.latest.is_empty() {
            self.latest.resize(INTERVALS * INTERVALS, 0);
        }
        let position = self.count;
        let played = Played { onset: note.onset, duration: note.duration, pitch: note.pitch, previous: 0 };
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

    /// Goes back to the first `count` notes, as if the others had never been. More than some hundred notes at once
    /// also shorten what is remembered.
    pub fn truncate(&mut self, count: usize) {
        while self.count > count {
            let last = self.count - 1;
            if let Some(bucket) = self.bucket(last) {
                self.latest[bucket] = self.at(last).previous;
            }
            self.count = last;
        }
    }

    /// What is told of the next note, as classes of `vocabulary`, before anything of it is known.
    /// `bars` at the last note; without them no place is looked up.
    pub fn features(&self, vocabulary: &Vocabulary, bars: Option<Bars>) -> LookBackFeatures {
        LookBackFeatures {
            figure: self.figure(vocabulary),
            steps: self.steps(vocabulary, bars),
            profile: self.profile(),
        }
    }

    /// What is told of the next note once its `onset` is known.
    pub fn repeats(&self, vocabulary: &Vocabulary, onset: Ticks, bars: Option<Bars>) -> RepeatFeatures {
        let mut repeats = RepeatFeatures::default();
        let Some(bars) = bars else { return repeats };
        let mut walk = self.backwards();
        for (place, back) in LAG_BARS.into_iter().enumerate() {
            let moment = Ticks(onset.0 - back * bars.metre.bar().0);
            // The walk goes on where it stopped, because each place lies further back.
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

    /// The latest notes, the last first.
    fn backwards(&self) -> impl Iterator<Item = &Played> + Clone {
        let oldest = self.count - self.count.min(self.ring.len()).min(MOST_WALKED);
        (oldest..self.count).rev().map(|position| self.at(position))
    }

    fn at(&self, position: usize) -> &Played {
        &self.ring[position % RING]
    }

    fn interval(&self, position: usize) -> i16 {
        i16::from(self.at(position).pitch.key()) - i16::from(self.at(position - 1).pitch.key())
    }

    /// Where the last two intervals at a position are looked up; `None` for the first two notes.
    fn bucket(&self, position: usize) -> Option<usize> {
        let index = |interval: i16| (2 * usize::from(interval.unsigned_abs()) + usize::from(interval < 0)) % INTERVALS;
        let last = |back: usize| index(self.interval(position - back));
        (position >= SHORTEST).then(|| last(0) * INTERVALS + last(1))
    }

    /// How many intervals up to `then` are those up to `now`.
    fn agreement(&self, then: usize, now: usize) -> usize {
        let most = LONGEST.min(then);
        (0..most).take_while(|back| self.interval(then - back) == self.interval(now - back)).count()
    }

    fn figure(&self, vocabulary: &Vocabulary) -> MotifMatch {
        let Some(now) = self.count.checked_sub(1).filter(|now| *now >= SHORTEST) else { return MotifMatch::default() };
        // Behind the oldest one that is remembered there must be room to compare.
        let oldest = (self.count + LONGEST).saturating_sub(WINDOW);
        let mut best: Option<(usize, usize)> = None;
        let mut then = self.at(now).previous as usize;
        for _ in 0..MOST_COMPARED {
            let Some(position) = then.checked_sub(1).filter(|position| *position >= oldest) else { break };
            let length = self.agreement(position, now);
            // The latest of equally long ones.
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
        // One that leads out of the style's range tells nothing of the pitch.
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

    /// Shares of the pitch classes from C, the latest notes weighing most; all zero before the first note.
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
mod tests {
    use super::*;
    use crate::note::{Metre, Velocity};

    const BARS: Option<Bars> = Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON });

    fn table() -> Vocabulary {
        Vocabulary::dance()
    }

    /// Eighths on these keys, from tick 0.
    fn played(keys: &[u8]) -> LookBack {
        let mut memory = LookBack::default();
        for key in keys {
            add(&mut memory, *key, 24, 24);
        }
        memory
    }

    /// One more note, `step` after the one before, `duration` long.
    fn add(memory: &mut LookBack, key: u8, step: i64, duration: i64) {
        let before = memory.count.checked_sub(1).map(|last| memory.at(last).onset);
        let onset = before.map_or(Ticks::ZERO, |before| before + Ticks(step));
        let note =
            Note { onset, pitch: Pitch::new(key).unwrap(), duration: Ticks(duration), velocity: Velocity::DEFAULT };
        memory.push(&note);
    }

    /// Intervals that agreed, and the key, the step and the duration that are told.
    fn figure(memory: &LookBack) -> Option<(usize, u8, i64, i64)> {
        let told = memory.features(&table(), BARS).figure;
        let class = |told: u8| usize::from(told) - 1;
        (told.length > 0).then(|| {
            let length = usize::from(told.length) + SHORTEST - 1;
            let key = table().pitch(class(told.pitch)).key();
            (length, key, table().step(class(told.step)).0, table().duration(class(told.duration)).0)
        })
    }

    /// The match says what followed the motif the last time.
    #[test]
    fn a_motif_is_found_again_in_another_key() {
        let mut memory = played(&[60, 64, 67]);
        add(&mut memory, 72, 48, 96);
        assert_eq!(figure(&memory), None);
        for key in [50, 54, 57] {
            add(&mut memory, key, 24, 24);
        }
        assert_eq!(figure(&memory), Some((2, 62, 48, 96)));
    }

    #[test]
    fn the_longest_agreement_wins_and_of_equal_ones_the_latest() {
        // Up 2, up 2 is followed by up 1, then (after down 5) by up 3, then by down 2.
        let memory = played(&[60, 62, 64, 65, 60, 62, 64, 67, 80, 82, 84, 82, 70, 65, 67, 69]);
        assert_eq!(figure(&memory).map(|told| (told.0, told.1)), Some((3, 72)));
        let memory = played(&[60, 62, 64, 65, 70, 72, 74, 77, 50, 52, 54]);
        assert_eq!(figure(&memory).map(|told| (told.0, told.1)), Some((2, 57)));
    }

    #[test]
    fn eight_intervals_are_the_most_that_count() {
        let scale = [60, 62, 65, 64, 67, 69, 66, 71, 72, 60, 55];
        let twice: Vec<u8> = scale.iter().chain(&scale[..10]).copied().collect();
        assert_eq!(figure(&played(&twice)).map(|told| (told.0, told.1)), Some((LONGEST, 55)));
    }

    #[test]
    fn a_place_tells_what_sounded_there_and_what_began_there() {
        // A bar of eighths, then two quarters: the third quarter of the second bar is about to be chosen.
        let mut memory = played(&[60, 62, 64, 65, 67, 69, 71, 72]);
        add(&mut memory, 74, 24, 48);
        add(&mut memory, 76, 48, 48);
        let repeats = |onset| {
            let told = memory.repeats(&table(), Ticks(onset), BARS);
            (table().pitch(usize::from(told.pitches[0]) - 1).key(), told.durations[0] > 0, told.pitches[1])
        };
        assert_eq!(repeats(192 + 96), (67, true, 0));
        assert_eq!(repeats(192 + 100), (67, false, 0));
        let steps = memory.features(&table(), BARS).steps;
        assert_eq!(table().step(usize::from(steps[0]) - 1), Ticks(24), "an eighth led on from there");
        assert_eq!(memory.repeats(&table(), Ticks(300), None), RepeatFeatures::default(), "no bars, no places");
        assert_eq!(steps[1..], [0; 3]);
    }

    #[test]
    fn the_profile_holds_the_shares_of_late() {
        let profile = played(&[60, 72, 67]).features(&table(), BARS).profile;
        assert!((profile.iter().sum::<f32>() - PROFILE_SCALE).abs() < 1e-5);
        assert!(profile[0] > profile[7] && profile[7] > profile[0] / 2.0 && profile[1] == 0.0);
    }

    #[test]
    fn taking_back_leaves_what_a_fresh_memory_would_hold() {
        let mut random = 1_u32;
        let mut key = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            60 + u8::try_from(random >> 30).unwrap()
        };
        let mut memory = LookBack::default();
        let mut keys = Vec::new();
        for round in 0..60 {
            keys.truncate(keys.len() - keys.len().min(round % 5));
            memory.truncate(keys.len());
            for _ in 0..round % 9 {
                keys.push(key());
                add(&mut memory, keys[keys.len() - 1], 24, 24);
            }
            assert_eq!(memory.features(&table(), BARS), played(&keys).features(&table(), BARS), "round {round}");
        }
        assert!(keys.len() > 10);
    }

    /// When the ring is full, old notes are forgotten and new ones can still be retracted.
    #[test]
    fn a_long_session_forgets_its_beginning() {
        let mut memory = played(&[60, 67, 61, 70]);
        let chain = |memory: &mut LookBack, notes: usize| {
            for note in 0..notes {
                add(memory, if note % 2 == 0 { 62 } else { 64 }, 24, 24);
            }
        };
        chain(&mut memory, RING + 100);
        let before = memory.features(&table(), BARS);
        let count = memory.count();
        chain(&mut memory, SLACK);
        memory.truncate(count);
        assert_eq!(memory.features(&table(), BARS), before);
        for key in [60, 67, 61] {
            add(&mut memory, key, 24, 24);
        }
        assert_eq!(figure(&memory), None, "that was too long ago");
    }
}
