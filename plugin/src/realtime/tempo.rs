//! The tempo of our own clock: as it is set, as it was tapped, or as it is read from the player's phrase.
//!
//! Where the host's song runs, none of this counts. While it stands, what was tapped or read comes before the tempo that
//! the host shows, because the musician has just played it; and that comes before the setting.
//!
//! Reading a phrase: every stroke gives a few guesses of what a quarter note is (this stroke was a quarter, an eighth, a
//! third of one …). A guess is the better the nearer all strokes fall to simple parts of it, the simpler these parts are,
//! and the nearer it is to the tempo of before: an even row of notes is quarters as well as eighths, and only that tells.

use super::clock::Position;
use super::host::{Settings, TempoFrom};
use arrayvec::ArrayVec;
use segue_model::note::Metre;

/// What may be tapped or read, in quarter notes per minute.
const TEMPO_BPM: std::ops::RangeInclusive<f64> = 40.0..=300.0;
/// A tap after a longer time than this begins anew, in seconds; a little more than the slowest beat.
const TAP_SECONDS: f64 = 2.0;
/// So many taps count.
const TAPS: usize = 5;
/// So many strokes of a phrase are looked at.
const STROKES: usize = 10;
/// So many of the latest times between them give guesses: looking at more finds nothing else.
const GUESSING: usize = 4;
/// With fewer strokes than this nothing is read.
const FEWEST_STROKES: usize = 4;
/// Strokes closer than this are one: a chord, in seconds.
const TOGETHER_SECONDS: f64 = 0.030;
/// A longer time between two strokes says nothing, in seconds.
const LONGEST_SECONDS: f64 = 3.0;
/// What a stroke may be beside its place without meaning anything, in seconds.
const LOOSE_SECONDS: f64 = 0.020;
/// What a stroke far beside its place costs at most: then it was a slip.
const SLIP: f64 = 6.0;
/// How much another tempo than the one of before costs: a factor of e costs as much as if every stroke were a slip.
const FAITH: f64 = 6.0;

/// See the module.
#[derive(Debug, Default)]
pub struct OwnTempo {
    /// The setting of late.
    set_bpm: Option<f64>,
    tapped_bpm: Option<f64>,
    taps: ArrayVec<Position, TAPS>,
    read_bpm: Option<f64>,
    /// In seconds from the activation.
    strokes: ArrayVec<f64, STROKES>,
    /// How far into the phrase, in quarter notes, the first stroke since nothing was looked at is.
    origin: f64,
    /// How far the last one is, since there is a tempo to tell.
    place: Option<f64>,
    /// There were more strokes since then than are looked at.
    is_long: bool,
}

/// What is known of the beat after a stroke.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// How far the phrase has come, in quarter notes.
    pub quarters: f64,
}

impl OwnTempo {
    /// The tempo of our own clock during a block.
    pub fn of_block(&mut self, settings: &Settings, host_bpm: Option<f64>) -> f64 {
        #[allow(clippy::float_cmp, reason = "a setting that was not touched is the very same number")]
        if self.set_bpm.is_some_and(|before| before != settings.tempo_bpm) {
            self.tapped_bpm = None;
            self.read_bpm = None;
        }
        self.set_bpm = Some(settings.tempo_bpm);
        let read = self.read_bpm.filter(|_| settings.tempo_from == TempoFrom::Phrase);
        read.or(self.tapped_bpm).or(host_bpm).unwrap_or(settings.tempo_bpm)
    }

    /// A tap at a position.
    pub fn tap(&mut self, at: Position, sample_rate: f64) {
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
        // The middle one, so that one tap that went astray does not count.
        let Some(middle) = between.get(between.len() / 2) else { return };
        self.tapped_bpm = Some((60.0 / middle).clamp(*TEMPO_BPM.start(), *TEMPO_BPM.end()));
        self.read_bpm = None;
    }

    /// The first note after a silence: a new phrase begins on its first beat.
    pub fn begin_phrase(&mut self) {
        self.strokes.clear();
        self.place = None;
    }

    /// A stroke of the phrase at a position, `place` quarter notes into the bars that run. What is read from it, if
    /// anything.
    pub fn hear(
        &mut self,
        at: Position,
        sample_rate: f64,
        metre: Metre,
        tempo_bpm: f64,
        place: f64,
    ) -> Option<Reading> {
        let at = seconds(at, sample_rate);
        let since = self.strokes.last().map(|last| at - last);
        match since {
            Some(since) if since < TOGETHER_SECONDS => return None,
            Some(since) if since <= LONGEST_SECONDS => {}
            // The phrase goes on after a rest in which nobody counted but our clock.
            _ => {
                self.strokes.clear();
                self.origin = (place * 4.0).round() / 4.0;
                self.place = None;
                self.is_long = false;
            }
        }
        if self.strokes.is_full() {
            self.is_long = true;
            let _ = self.strokes.pop_at(0);
        }
        let _ = self.strokes.try_push(at);
        let quarter = read(&self.strokes, metre, 60.0 / tempo_bpm)?;
        let of = |between: f64| nearest(between / quarter, metre).0;
        let quarters = match (self.place, since) {
            (Some(place), Some(since)) if self.is_long => place + of(since),
            // What was read from few strokes may have been wrong.
            _ => self.origin + between(&self.strokes).iter().map(|between| of(*between)).sum::<f64>(),
        };
        self.place = Some(quarters);
        self.read_bpm = Some(60.0 / quarter);
        Some(Reading { tempo_bpm: 60.0 / quarter, quarters })
    }

    /// Frames are counted from zero again.
    pub fn forget_positions(&mut self) {
        self.taps.clear();
        self.strokes.clear();
        self.place = None;
    }
}

#[allow(clippy::cast_precision_loss, reason = "2^53 frames last 1,500 years at 192 kHz")]
fn seconds(at: Position, sample_rate: f64) -> f64 {
    at.0 as f64 / sample_rate
}

/// What a stroke may be of a quarter note, so that it gives a guess.
const GUESSES: [f64; 8] = [0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 0.75, 1.0, 1.5, 2.0];
/// The parts that strokes fall on: of a quarter note, and where the beat is a dotted one. That is not divided by three,
/// because it is already.
const PLAIN: [f64; 4] = [1.0, 0.5, 0.25, 1.0 / 3.0];
const DOTTED: [f64; 4] = [1.5, 0.5, 0.25, 0.125];
/// How far beside such a part another one becomes likelier, in quarter notes.
const BESIDE: f64 = 0.06;

/// How far-fetched it is that a stroke lasts so many of the parts of this number: the beat itself is not at all.
fn far_fetched(part: usize, times: f64, is_dotted: bool) -> f64 {
    match (part, is_dotted) {
        (0, _) if times <= 1.0 => 0.0,
        (0, _) | (1, true) => 0.3,
        (1, false) if times <= 1.0 => 0.4,
        // Dotted.
        (1, false) => 1.1,
        (2, false) if times <= 3.0 => 1.2,
        (2, false) => 1.5,
        (2, true) => 1.6,
        (_, false) if times < 3.0 => 1.8,
        _ => 3.0,
    }
}

/// How many quarter notes a time is most simply, given how many it is exactly; and how far-fetched that is.
fn nearest(exact: f64, metre: Metre) -> (f64, f64) {
    let is_dotted = metre.is_compound();
    let parts = if is_dotted { DOTTED } else { PLAIN };
    let mut best = (exact, f64::INFINITY);
    let mut least = f64::INFINITY;
    for (index, part) in parts.into_iter().enumerate() {
        let times = (exact / part).round().max(1.0);
        let fetched = far_fetched(index, times, is_dotted);
        let cost = fetched + ((times * part - exact) / BESIDE).powi(2);
        if cost < least {
            (best, least) = ((times * part, fetched), cost);
        }
    }
    best
}

/// The times between strokes.
fn between(strokes: &[f64]) -> ArrayVec<f64, STROKES> {
    strokes.iter().zip(strokes.iter().skip(1)).map(|(one, next)| next - one).take(STROKES).collect()
}

/// The length of a quarter note in seconds, as far as the strokes tell. `before` is what it was.
fn read(strokes: &[f64], metre: Metre, before: f64) -> Option<f64> {
    if strokes.len() < FEWEST_STROKES {
        return None;
    }
    let between = between(strokes);
    let slowest = 60.0 / TEMPO_BPM.start();
    let quickest = 60.0 / TEMPO_BPM.end();
    let can_be = |quarter: &f64| (quickest..=slowest).contains(quarter);
    let guesses = between.iter().rev().take(GUESSING).flat_map(|time| GUESSES.map(|part| time / part));
    guesses
        .filter(can_be)
        .filter_map(|guess| fitted(guess, strokes, metre))
        .filter(|(quarter, _)| can_be(quarter))
        .map(|(quarter, cost)| (cost + FAITH * (quarter / before).ln().powi(2), quarter))
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, quarter)| quarter)
}

/// The guess moved to where the strokes fit it best, all of them together, and how badly they do.
fn fitted(guess: f64, strokes: &[f64], metre: Metre) -> Option<(f64, f64)> {
    let between = between(strokes);
    let mut place = 0.0;
    let mut fetched = 0.0;
    let mut places: ArrayVec<f64, STROKES> = ArrayVec::new();
    let _ = places.try_push(place);
    for time in &between {
        let (simple, far_fetched) = nearest(time / guess, metre);
        place += simple;
        fetched += far_fetched;
        let _ = places.try_push(place);
    }
    // A straight line through the strokes over their places.
    let (mean_place, mean_stroke) = (mean(&places), mean(strokes));
    let pairs = || places.iter().map(|place| place - mean_place).zip(strokes.iter().map(|stroke| stroke - mean_stroke));
    let spread: f64 = pairs().map(|(place, _)| place * place).sum();
    let quarter = pairs().map(|(place, stroke)| place * stroke).sum::<f64>() / spread;
    let beside = |(place, stroke): (f64, f64)| ((stroke - quarter * place) / LOOSE_SECONDS).powi(2).min(SLIP);
    let costs = pairs().map(beside).sum::<f64>() / count(&places) + fetched / count(&between);
    (spread > 0.0 && quarter > 0.0).then_some((quarter, costs))
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / count(numbers)
}

/// How many; never zero.
#[allow(clippy::cast_precision_loss, reason = "a dozen")]
fn count(numbers: &[f64]) -> f64 {
    numbers.len().max(1) as f64
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "what is counted in quarters and eighths is exact")]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;

    /// Strokes that are so many quarter notes apart, played unevenly by up to so many milliseconds.
    fn played(quarters: &[f64], tempo_bpm: f64, uneven_ms: f64) -> Vec<f64> {
        let mut at = 1.0;
        let mut strokes = vec![at];
        for (index, quarters) in quarters.iter().enumerate() {
            at += quarters * 60.0 / tempo_bpm;
            // Five steps from the earliest to the latest, in no order.
            let uneven = [0.3, -1.0, 0.6, 1.0, -0.5, 0.0, -0.8][index % 7] * uneven_ms / 1000.0;
            strokes.push(at + uneven);
        }
        strokes
    }

    fn check(name: &str, quarters: &[f64], metre: Metre, tempos: &[f64]) {
        for &tempo_bpm in tempos {
            for uneven_ms in [0.0, 8.0, 16.0] {
                let strokes = played(quarters, tempo_bpm, uneven_ms);
                let last = &strokes[strokes.len().saturating_sub(STROKES)..];
                let found = 60.0 / read(last, metre, 0.5).unwrap();
                let away = (found / tempo_bpm - 1.0).abs();
                assert!(away < 0.002 + uneven_ms * 0.0015, "{name} at {tempo_bpm}, {uneven_ms} ms uneven: {found}");
            }
        }
    }

    #[test]
    fn the_tempo_of_real_rhythms_is_read() {
        let jig = Metre::new(6, 8).unwrap();
        let third = 1.0 / 3.0;
        let triplet = [1.0, 1.0, third, third, third, 1.0, 1.0, 1.0];
        check("quarters", &[1.0; 8], Metre::COMMON, &[90.0, 97.3, 120.0, 150.0]);
        check("quarters and eighths", &[1.0, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 2.0], Metre::COMMON, &[90.0, 100.0, 132.0]);
        check("eighths", &[0.5; 11], Metre::COMMON, &[94.0, 104.0, 120.0, 138.0]);
        check("off the beat", &[0.5, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0], Metre::COMMON, &[92.0, 120.0, 140.0]);
        check("dotted", &[0.75, 0.25, 1.0, 0.75, 0.25, 1.0, 1.0], Metre::COMMON, &[96.0, 110.0, 126.0]);
        check("tango", &[0.75, 0.75, 0.5, 0.75, 0.75, 0.5, 1.0], Metre::COMMON, &[110.0, 120.0, 130.0]);
        check("a triplet", &triplet, Metre::COMMON, &[112.0, 120.0, 132.0]);
        check("waltz", &[1.0, 1.0, 1.0, 2.0, 1.0, 3.0, 1.0], Metre::new(3, 4).unwrap(), &[96.0, 120.0, 144.0]);
        check("jig", &[0.5; 11], jig, &[150.0, 174.0]);
        check("jig, long and short", &[1.0, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 1.5], jig, &[140.0, 165.0, 180.0]);
        check("slip jig", &[1.0, 0.5, 0.5, 0.5, 0.5, 1.0, 0.5, 1.5], Metre::new(9, 8).unwrap(), &[150.0, 170.0]);
    }

    #[test]
    fn one_slip_does_not_change_the_tempo() {
        let mut strokes = played(&[1.0; 8], 108.0, 5.0);
        strokes[5] += 0.09;
        let found = 60.0 / read(&strokes, Metre::COMMON, 0.5).unwrap();
        assert!((found - 108.0).abs() < 3.0, "{found}");
    }

    #[test]
    fn whatever_is_played_the_tempo_stays_within_its_bounds() {
        let mut state = 1_u64;
        for _ in 0..2_000 {
            let mut at = 0.0;
            let strokes: Vec<f64> = (0..STROKES)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    at += f64::from((state >> 40) as u32) / f64::from(1_u32 << 24) * 3.0 + 0.001;
                    at
                })
                .collect();
            if let Some(quarter) = read(&strokes, Metre::COMMON, 0.5) {
                assert!(TEMPO_BPM.contains(&(60.0 / quarter).round()), "{quarter}");
            }
        }
    }

    #[test]
    fn the_first_stroke_is_beat_one_and_the_place_in_the_phrase_is_counted() {
        let mut tempo = OwnTempo::default();
        tempo.begin_phrase();
        let figure = [1.0, 0.5, 0.5, 1.0, 0.5, 0.5];
        let mut found = Vec::new();
        for stroke in played(&figure.repeat(4), 90.0, 8.0) {
            #[allow(clippy::cast_possible_truncation, reason = "some seconds")]
            let at = Position((stroke * RATE).round() as i64);
            found.extend(tempo.hear(at, RATE, Metre::COMMON, 120.0, 0.0));
        }
        assert_eq!(found.len(), 25 - 3, "from the fourth stroke on");
        let quarters: Vec<f64> = found.iter().map(|reading| reading.quarters).collect();
        assert_eq!(quarters[4], 5.0);
        assert_eq!(quarters[21], 16.0);
    }

    fn settings(tempo_bpm: f64) -> Settings {
        Settings { tempo_bpm, ..super::super::tests::settings() }
    }

    #[test]
    fn the_tapped_tempo_holds_until_the_setting_moves() {
        let mut tempo = OwnTempo::default();
        assert_eq!(tempo.of_block(&settings(120.0), None), 120.0);
        assert_eq!(tempo.of_block(&settings(120.0), Some(97.0)), 97.0, "a host that stands may tell a tempo");
        for tap in [0, 30_000, 60_000, 91_000] {
            tempo.tap(Position(tap), RATE);
        }
        // One of the taps came late.
        assert_eq!(tempo.of_block(&settings(120.0), Some(97.0)), 96.0);
        // After a long time a single tap says nothing.
        tempo.tap(Position(900_000), RATE);
        assert_eq!(tempo.of_block(&settings(120.0), None), 96.0);
        assert_eq!(tempo.of_block(&settings(121.0), None), 121.0);
    }

    #[test]
    fn taps_beyond_reason_stay_within_bounds() {
        let mut tempo = OwnTempo::default();
        for tap in [0, 0, 1, 1, 2] {
            tempo.tap(Position(tap), RATE);
        }
        assert!(TEMPO_BPM.contains(&tempo.of_block(&settings(120.0), None)));
    }
}
