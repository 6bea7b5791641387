//! The tempo of our own clock: the setting, a tapped tempo, or a tempo read from the player's phrase.
//!
//! While the host's transport plays, none of this counts. While it stands, a tapped or read tempo takes priority over
//! the one that the host shows, because the musician has just played it, and the host's tempo takes priority over the
//! setting.
//!
//! Reading a phrase: every interval between note-ons gives a few candidates for the quarter note (the interval was a
//! quarter, an eighth, a third of one …). A candidate costs less the nearer all note-ons fall to simple parts of it,
//! the simpler these parts are, the nearer its beat is to the tempo that people prefer, and the nearer it is to the
//! tempo before. An even row of notes could be quarters or eighths, and only the last two costs decide: it is read as
//! quarters up to about 155 notes a minute, and as eighths above; slow eighths and quick quarters are misread. Where
//! the music swings, a long and a short interval that make a quarter are two eighths; elsewhere they are a quarter and
//! an eighth.
//!
//! Knows nothing of ticks, bars and turns.

use crate::host::{Settings, TempoFrom};
use crate::time::tick_map::FramePosition;
use arrayvec::ArrayVec;
use segue_model::note::{Metre, Ticks};

/// Tempos that may be tapped or read, in quarter notes per minute.
const TEMPO_BPM: std::ops::RangeInclusive<f64> = 40.0..=300.0;
/// A tap after a longer time than this, in seconds, is the first of a new row; a little more than the slowest beat.
const TAP_SECONDS: f64 = 2.0;
/// The setting of the tempo is rounded by less than this.
const ROUNDED_BPM: f64 = 0.06;
/// How many taps count.
const TAPS: usize = 5;
/// How many of the latest note-ons of a phrase count.
const NOTE_ONS: usize = 10;
/// How many of the latest intervals give candidates. More of them find no other candidates.
const GUESSING_INTERVALS: usize = 4;
/// With fewer note-ons than this no tempo is read.
const FEWEST_NOTE_ONS: usize = 4;
/// Note-ons closer than this, in seconds, are one chord.
const TOGETHER_SECONDS: f64 = 0.030;
/// A longer interval, in seconds, is a rest that nobody counted.
const LONGEST_SECONDS: f64 = 3.0;
/// The usual deviation of a note-on from its place, in seconds.
const LOOSE_SECONDS: f64 = 0.020;
/// The most that one misplaced note-on costs, so that a slip does not decide.
const MAX_COST: f64 = 6.0;
/// The tempo that people prefer, in beats per minute, and the cost of a tempo that is a factor of e away from it. When
/// people tap to music, the most frequent tempo lies between 100 (Parncutt 1994, *A Perceptual Model of Pulse Salience
/// and Metrical Accent in Musical Rhythms*, <https://doi.org/10.2307/40285633>) and 120 to 130 (van Noorden and
/// Moelants 1999, *Resonance in the Perception of Musical Pulse*, <https://doi.org/10.1076/jnmr.28.1.43.3122>), and
/// falls off on a scale of octaves. The lower one reads the phrases of the tests best.
const USUAL_BPM: f64 = 100.0;
const USUAL_WEIGHT: f64 = 3.0;
/// The cost of a tempo that is a factor of e away from the tempo before: where the musician tapped or set that one,
/// where it was read from the same phrase, and where it is the default.
const TAPPED_WEIGHT: f64 = 6.0;
const READ_WEIGHT: f64 = 2.0;
const SET_WEIGHT: f64 = 0.5;
/// The default of the tempo setting.
pub const UNTOUCHED_BPM: f64 = 120.0;

/// The tempo of our own clock, and the note-ons and taps that it is read from.
#[derive(Debug, Default)]
pub struct OwnTempo {
    /// The setting in the block before.
    set_bpm: Option<f64>,
    tapped_bpm: Option<f64>,
    taps: ArrayVec<FramePosition, TAPS>,
    read_bpm: Option<f64>,
    /// In seconds from the activation.
    note_ons: ArrayVec<f64, NOTE_ONS>,
    /// How far into the bars, in quarter notes, the first of the counted note-ons is.
    origin: f64,
    /// How far the last note-on is, in quarter notes, once there is a tempo.
    place: Option<f64>,
    /// Whether more note-ons have come since then than are kept.
    is_long: bool,
}

/// Tempo and place after a note-on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TempoReading {
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// The place of the note-on, in quarter notes from the bar line.
    pub quarters: f64,
}

impl OwnTempo {
    /// The tempo of our own clock during a block.
    pub fn of_block(&mut self, settings: &Settings, host_bpm: Option<f64>) -> f64 {
        #[allow(clippy::float_cmp, reason = "an unchanged setting is exactly the same number")]
        let is_set = self.set_bpm.is_some_and(|before| before != settings.timing.tempo_bpm);
        // The window writes the tapped tempo into the setting, which has one decimal; the taps stay exact.
        let is_as_tapped = |tapped: f64| (tapped - settings.timing.tempo_bpm).abs() <= ROUNDED_BPM;
        if is_set && !self.tapped_bpm.is_some_and(is_as_tapped) {
            self.tapped_bpm = None;
            self.read_bpm = None;
        }
        self.set_bpm = Some(settings.timing.tempo_bpm);
        let read = self.read_bpm.filter(|_| settings.timing.tempo_from == TempoFrom::Phrase);
        read.or(self.tapped_bpm).or(host_bpm).unwrap_or(settings.timing.tempo_bpm)
    }

    /// The tempo that was read from the player's phrase, if any.
    pub fn read_bpm(&self) -> Option<f64> {
        self.read_bpm
    }

    /// The musician taps at a position.
    pub fn tap(&mut self, at: FramePosition, sample_rate: f64) {
        if self.taps.last().is_some_and(|last| seconds(at, sample_rate) - seconds(*last, sample_rate) > TAP_SECONDS) {
            self.taps.clear();
        }
        if self.taps.is_full() {
            let _ = self.taps.pop_at(0);
        }
        let _ = self.taps.try_push(at);
        let taps: ArrayVec<f64, TAPS> = self.taps.iter().map(|tap| seconds(*tap, sample_rate)).collect();
        let mut between = between(&taps);
        between.sort_by(f64::total_cmp);
        // The median, so that one misplaced tap does not count.
        let Some(middle) = between.get(between.len() / 2) else { return };
        self.tapped_bpm = Some((60.0 / middle).clamp(*TEMPO_BPM.start(), *TEMPO_BPM.end()));
        self.read_bpm = None;
    }

    /// Begins a new phrase: the next note is the first after a silence.
    pub fn begin_phrase(&mut self) {
        self.note_ons.clear();
        self.place = None;
    }

    /// The tempo and place that follow from a note-on at a position, `place` quarter notes after the bar line, if they
    /// can be read. `tempo_bpm` is the present tempo.
    pub fn hear(
        &mut self,
        at: FramePosition,
        sample_rate: f64,
        beat: Beat,
        tempo_bpm: f64,
        place: f64,
    ) -> Option<TempoReading> {
        let at = seconds(at, sample_rate);
        let since = self.note_ons.last().map(|last| at - last);
        match since {
            Some(since) if since < TOGETHER_SECONDS => return None,
            Some(since) if since <= LONGEST_SECONDS => {}
            // After a long rest only our clock knows the place.
            _ => {
                self.note_ons.clear();
                self.origin = (place * 4.0).round() / 4.0;
                self.place = None;
                self.is_long = false;
            }
        }
        if self.note_ons.is_full() {
            self.is_long = true;
            let _ = self.note_ons.pop_at(0);
        }
        let _ = self.note_ons.try_push(at);
        let quarter = read(&self.note_ons, beat, (60.0 / tempo_bpm, self.weight()))?;
        let (places, _) = placed(quarter, &self.note_ons, beat);
        let &[.., before, last] = places.as_slice() else { return None };
        let quarters = match self.place {
            Some(place) if self.is_long => place + (last - before),
            // A reading from few note-ons may have been wrong, so the place is counted again from the first of them.
            _ => self.origin + last,
        };
        self.place = Some(quarters);
        self.read_bpm = Some(60.0 / quarter);
        Some(TempoReading { tempo_bpm: 60.0 / quarter, quarters })
    }

    /// How much the tempo before counts.
    fn weight(&self) -> f64 {
        match (self.read_bpm, self.tapped_bpm) {
            (Some(_), _) => READ_WEIGHT,
            (None, Some(_)) => TAPPED_WEIGHT,
            (None, None) if self.is_set() => TAPPED_WEIGHT,
            (None, None) => SET_WEIGHT,
        }
    }

    /// Whether the musician or a preset has set a tempo.
    fn is_set(&self) -> bool {
        #[allow(clippy::float_cmp, reason = "an unchanged setting is exactly the same number")]
        self.set_bpm.is_some_and(|set_bpm| set_bpm != UNTOUCHED_BPM)
    }

    /// Forgets all positions, because frames are counted from zero again.
    pub fn forget_positions(&mut self) {
        self.taps.clear();
        self.note_ons.clear();
        self.place = None;
    }
}

#[allow(clippy::cast_precision_loss, reason = "2^53 frames last 1,500 years at 192 kHz")]
fn seconds(at: FramePosition, sample_rate: f64) -> f64 {
    at.0 as f64 / sample_rate
}

/// The parts of a quarter note that an interval may be, each of which gives a candidate.
const CANDIDATES: [f64; 8] = [0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 0.75, 1.0, 1.5, 2.0];
/// The parts that note-ons fall on: of a quarter note, and of a dotted beat, which is not divided by three again.
const PLAIN: [f64; 4] = [1.0, 0.5, 0.25, 1.0 / 3.0];
const DOTTED: [f64; 4] = [1.5, 0.5, 0.25, 0.125];
/// The part of a quarter note that the first of two swung eighths may have, and the cost of each of the two.
const SWING: std::ops::RangeInclusive<f64> = 0.55..=0.75;
const SWUNG: f64 = 0.1;
/// The usual deviation from such a part, in quarter notes.
const DEVIATION: f64 = 0.06;

/// The cost of an interval of `times` times the part with this index. The beat itself costs nothing.
fn cost_of_part(part: usize, times: f64, is_dotted: bool) -> f64 {
    match (part, is_dotted) {
        (0, _) if times <= 1.0 => 0.0,
        (0, _) => 0.8,
        (1, true) => 0.3,
        (1, false) if times <= 1.0 => 0.4,
        // A dotted note.
        (1, false) => 1.1,
        (2, false) if times <= 3.0 => 1.2,
        (2, false) => 1.5,
        (2, true) => 1.6,
        (_, false) if times < 3.0 => 1.8,
        _ => 3.0,
    }
}

/// The division of the beat.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    /// The metre.
    pub metre: Metre,
    /// Whether the first of two eighths may be the longer one.
    pub swings: bool,
}

impl Beat {
    /// The length of a quarter note, in seconds, at the tempo that people prefer.
    fn usual_quarter(self) -> f64 {
        let quarter = Ticks::quarters(1);
        60.0 / USUAL_BPM * quarter.as_f64() / self.metre.beat().max(quarter).as_f64()
    }

    /// The part of a quarter note that the first of two intervals has, if they are swung eighths.
    fn swung(self, first: f64, second: f64) -> Option<f64> {
        let both = first + second;
        let share = first / both;
        (self.swings && (both - 1.0).abs() < 2.0 * DEVIATION && SWING.contains(&share)).then_some(share)
    }
}

/// The simple number of quarter notes nearest to an exact one, and its cost.
fn nearest(exact: f64, metre: Metre) -> (f64, f64) {
    let is_dotted = metre.is_compound();
    let parts = if is_dotted { DOTTED } else { PLAIN };
    let mut best = (exact, f64::INFINITY);
    let mut least = f64::INFINITY;
    for (index, part) in parts.into_iter().enumerate() {
        let times = (exact / part).round().max(1.0);
        let part_costs = cost_of_part(index, times, is_dotted);
        let cost = part_costs + ((times * part - exact) / DEVIATION).powi(2);
        if cost < least {
            (best, least) = ((times * part, part_costs), cost);
        }
    }
    best
}

/// The intervals between note-ons, in seconds.
fn between(note_ons: &[f64]) -> ArrayVec<f64, NOTE_ONS> {
    note_ons.iter().zip(note_ons.iter().skip(1)).map(|(one, next)| next - one).take(NOTE_ONS).collect()
}

/// The squared logarithm of a ratio: 0 for equal lengths, 1 for a factor of e either way.
fn apart(one: f64, other: f64) -> f64 {
    (one / other).ln().powi(2)
}

/// The length of a quarter note in seconds, if it can be read. `before` is the length before, `weight` how much it
/// counts.
fn read(note_ons: &[f64], beat: Beat, (before, weight): (f64, f64)) -> Option<f64> {
    if note_ons.len() < FEWEST_NOTE_ONS {
        return None;
    }
    let between = between(note_ons);
    let slowest = 60.0 / TEMPO_BPM.start();
    let quickest = 60.0 / TEMPO_BPM.end();
    let can_be = |quarter: &f64| (quickest..=slowest).contains(quarter);
    let candidates = between.iter().rev().take(GUESSING_INTERVALS).flat_map(|time| CANDIDATES.map(|part| time / part));
    candidates
        .filter(can_be)
        .filter_map(|candidate| fitted(candidate, note_ons, beat))
        .filter(|(quarter, _)| can_be(quarter))
        .map(|(quarter, cost)| {
            (cost + USUAL_WEIGHT * apart(quarter, beat.usual_quarter()) + weight * apart(quarter, before), quarter)
        })
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, quarter)| quarter)
}

/// The candidate fitted to all note-ons by least squares, and its cost; the length is in seconds.
fn fitted(candidate: f64, note_ons: &[f64], beat: Beat) -> Option<(f64, f64)> {
    let (places, part_costs) = placed(candidate, note_ons, beat);
    // A straight line through the note-ons over their places.
    let (mean_place, mean_note_on) = (mean(&places), mean(note_ons));
    let pairs =
        || places.iter().map(|place| place - mean_place).zip(note_ons.iter().map(|note_on| note_on - mean_note_on));
    let spread: f64 = pairs().map(|(place, _)| place * place).sum();
    let quarter = pairs().map(|(place, note_on)| place * note_on).sum::<f64>() / spread;
    let beside = |(place, note_on): (f64, f64)| ((note_on - quarter * place) / LOOSE_SECONDS).powi(2).min(MAX_COST);
    let costs = pairs().map(beside).sum::<f64>() / count(&places) + part_costs / (count(note_ons) - 1.0).max(1.0);
    (spread > 0.0 && quarter > 0.0).then_some((quarter, costs))
}

/// The simple place of each note-on in quarter notes after the first, and the cost of all of them.
fn placed(quarter: f64, note_ons: &[f64], beat: Beat) -> (ArrayVec<f64, NOTE_ONS>, f64) {
    let between = between(note_ons);
    let mut places: ArrayVec<f64, NOTE_ONS> = ArrayVec::new();
    let _ = places.try_push(0.0);
    let (mut place, mut part_costs) = (0.0, 0.0);
    let mut times = between.iter().map(|time| time / quarter).peekable();
    while let Some(time) = times.next() {
        let share = times.peek().and_then(|next| beat.swung(time, *next));
        if let Some(share) = share {
            let _ = places.try_push(place + share);
            let _ = times.next();
            place += 1.0;
            part_costs += 2.0 * SWUNG;
        } else {
            let (simple, cost_of_part) = nearest(time, beat.metre);
            place += simple;
            part_costs += cost_of_part;
        }
        let _ = places.try_push(place);
    }
    (places, part_costs)
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / count(numbers)
}

/// The count as a number with a fraction; at least 1.
#[allow(clippy::cast_precision_loss, reason = "a dozen")]
fn count(numbers: &[f64]) -> f64 {
    numbers.len().max(1) as f64
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "what is counted in quarters and eighths is exact")]
mod tests;
