//! The tempo of our own clock: as it is set, as it was tapped, or as it is read from the player's phrase.
//!
//! Where the host's song runs, none of this counts. While it stands, what was tapped or read comes before the tempo that
//! the host shows, because the musician has just played it; and that comes before the setting.
//!
//! Reading a phrase: every stroke gives a few guesses of what a quarter note is (this stroke was a quarter, an eighth, a
//! third of one …). A guess is the better the nearer all strokes fall to simple parts of it, the simpler these parts are,
//! the nearer the beat is to one that people like, and the nearer it is to the tempo of before: an even row of notes is
//! quarters as well as eighths, and only these two tell. So a row is read as quarters up to about 155 of them a minute, and
//! as eighths when it is quicker; slow eighths and quick quarters are read as the other. Where the music swings, a long and
//! a short time that make a quarter are two eighths; where it does not, they are a quarter and an eighth.

use crate::host::{Settings, TempoFrom};
use crate::time::clock::FramePosition;
use arrayvec::ArrayVec;
use segue_model::note::{Metre, Ticks};

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
/// The beat that people like best, per minute, and how much it costs to be a factor of e beside it. When people tap to
/// music it is found between 100 (Parncutt, 1994) and 120 to 130 (van Noorden and Moelants, 1999), and falls off on a scale
/// of octaves; the lower one tells the phrases of the test below best.
const USUAL_BPM: f64 = 100.0;
const USUAL: f64 = 3.0;
/// How much it costs to be a factor of e beside the tempo of before: one that the musician has tapped or set, one that was
/// read from the same playing, and one that only is where the knob stands when nobody has touched it.
const TAPPED_FAITH: f64 = 6.0;
const READ_FAITH: f64 = 2.0;
const SET_FAITH: f64 = 0.5;
/// Where the knob stands when nobody has touched it.
pub const UNTOUCHED_BPM: f64 = 120.0;

/// See the module.
#[derive(Debug, Default)]
pub struct OwnTempo {
    /// The setting of late.
    set_bpm: Option<f64>,
    tapped_bpm: Option<f64>,
    taps: ArrayVec<FramePosition, TAPS>,
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
        if self.set_bpm.is_some_and(|before| before != settings.timing.tempo_bpm) {
            self.tapped_bpm = None;
            self.read_bpm = None;
        }
        self.set_bpm = Some(settings.timing.tempo_bpm);
        let read = self.read_bpm.filter(|_| settings.timing.tempo_from == TempoFrom::Phrase);
        read.or(self.tapped_bpm).or(host_bpm).unwrap_or(settings.timing.tempo_bpm)
    }

    /// A tap at a position.
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
        at: FramePosition,
        sample_rate: f64,
        beat: Beat,
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
        let quarter = read(&self.strokes, beat, (60.0 / tempo_bpm, self.faith()))?;
        let (places, _) = placed(quarter, &self.strokes, beat);
        let &[.., before, last] = places.as_slice() else { return None };
        let quarters = match self.place {
            Some(place) if self.is_long => place + (last - before),
            // What was read from few strokes may have been wrong.
            _ => self.origin + last,
        };
        self.place = Some(quarters);
        self.read_bpm = Some(60.0 / quarter);
        Some(Reading { tempo_bpm: 60.0 / quarter, quarters })
    }

    /// How much the tempo of before counts.
    fn faith(&self) -> f64 {
        match (self.read_bpm, self.tapped_bpm) {
            (Some(_), _) => READ_FAITH,
            (None, Some(_)) => TAPPED_FAITH,
            (None, None) if self.is_set() => TAPPED_FAITH,
            (None, None) => SET_FAITH,
        }
    }

    /// Whether the musician, or a preset, has set a tempo.
    fn is_set(&self) -> bool {
        #[allow(clippy::float_cmp, reason = "a setting that was not touched is the very same number")]
        self.set_bpm.is_some_and(|set_bpm| set_bpm != UNTOUCHED_BPM)
    }

    /// Frames are counted from zero again.
    pub fn forget_positions(&mut self) {
        self.taps.clear();
        self.strokes.clear();
        self.place = None;
    }
}

#[allow(clippy::cast_precision_loss, reason = "2^53 frames last 1,500 years at 192 kHz")]
fn seconds(at: FramePosition, sample_rate: f64) -> f64 {
    at.0 as f64 / sample_rate
}

/// What a stroke may be of a quarter note, so that it gives a guess.
const GUESSES: [f64; 8] = [0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 0.75, 1.0, 1.5, 2.0];
/// The parts that strokes fall on: of a quarter note, and where the beat is a dotted one. That is not divided by three,
/// because it is already.
const PLAIN: [f64; 4] = [1.0, 0.5, 0.25, 1.0 / 3.0];
const DOTTED: [f64; 4] = [1.5, 0.5, 0.25, 0.125];
/// The part of a quarter note that the first of two swung eighths has, and how far-fetched each of them is.
const SWING: std::ops::RangeInclusive<f64> = 0.55..=0.75;
const SWUNG: f64 = 0.1;
/// How far beside such a part another one becomes likelier, in quarter notes.
const BESIDE: f64 = 0.06;

/// How far-fetched it is that a stroke lasts so many of the parts of this number: the beat itself is not at all.
fn far_fetched(part: usize, times: f64, is_dotted: bool) -> f64 {
    match (part, is_dotted) {
        (0, _) if times <= 1.0 => 0.0,
        (0, _) => 0.8,
        (1, true) => 0.3,
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

/// How the beat may be divided.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    /// The metre.
    pub metre: Metre,
    /// The first of two eighths may be the longer one.
    pub swings: bool,
}

impl Beat {
    /// The length of a quarter note, in seconds, where the felt beat is the one that people like best.
    fn usual_quarter(self) -> f64 {
        let quarter = Ticks::quarters(1);
        60.0 / USUAL_BPM * quarter.as_f64() / self.metre.beat().max(quarter).as_f64()
    }

    /// The part of a quarter note that the first of two times has, when they are swung eighths.
    fn swung(self, first: f64, second: f64) -> Option<f64> {
        let both = first + second;
        let share = first / both;
        (self.swings && (both - 1.0).abs() < 2.0 * BESIDE && SWING.contains(&share)).then_some(share)
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

/// How much one length is another one: nothing when it is the same, and 1 when it is e times as long, or the other way
/// round.
fn apart(one: f64, other: f64) -> f64 {
    (one / other).ln().powi(2)
}

/// The length of a quarter note in seconds, as far as the strokes tell. `before` is what it was, with how much faith there
/// is in it.
fn read(strokes: &[f64], beat: Beat, (before, faith): (f64, f64)) -> Option<f64> {
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
        .filter_map(|guess| fitted(guess, strokes, beat))
        .filter(|(quarter, _)| can_be(quarter))
        .map(|(quarter, cost)| {
            (cost + USUAL * apart(quarter, beat.usual_quarter()) + faith * apart(quarter, before), quarter)
        })
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, quarter)| quarter)
}

/// The guess moved to where the strokes fit it best, all of them together, and how badly they do.
fn fitted(guess: f64, strokes: &[f64], beat: Beat) -> Option<(f64, f64)> {
    let (places, fetched) = placed(guess, strokes, beat);
    // A straight line through the strokes over their places.
    let (mean_place, mean_stroke) = (mean(&places), mean(strokes));
    let pairs = || places.iter().map(|place| place - mean_place).zip(strokes.iter().map(|stroke| stroke - mean_stroke));
    let spread: f64 = pairs().map(|(place, _)| place * place).sum();
    let quarter = pairs().map(|(place, stroke)| place * stroke).sum::<f64>() / spread;
    let beside = |(place, stroke): (f64, f64)| ((stroke - quarter * place) / LOOSE_SECONDS).powi(2).min(SLIP);
    let costs = pairs().map(beside).sum::<f64>() / count(&places) + fetched / (count(strokes) - 1.0).max(1.0);
    (spread > 0.0 && quarter > 0.0).then_some((quarter, costs))
}

/// How many quarter notes each stroke lies behind the first, most simply, and how far-fetched all of that is.
fn placed(quarter: f64, strokes: &[f64], beat: Beat) -> (ArrayVec<f64, STROKES>, f64) {
    let between = between(strokes);
    let mut places: ArrayVec<f64, STROKES> = ArrayVec::new();
    let _ = places.try_push(0.0);
    let (mut place, mut fetched) = (0.0, 0.0);
    let mut times = between.iter().map(|time| time / quarter).peekable();
    while let Some(time) = times.next() {
        let share = times.peek().and_then(|next| beat.swung(time, *next));
        if let Some(share) = share {
            let _ = places.try_push(place + share);
            let _ = times.next();
            place += 1.0;
            fetched += 2.0 * SWUNG;
        } else {
            let (simple, far_fetched) = nearest(time, beat.metre);
            place += simple;
            fetched += far_fetched;
        }
        let _ = places.try_push(place);
    }
    (places, fetched)
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
    use crate::host::TimingSettings;

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

    fn straight(metre: Metre) -> Beat {
        Beat { metre, swings: false }
    }

    fn check(name: &str, quarters: &[f64], metre: Metre, tempos: &[f64]) {
        for &tempo_bpm in tempos {
            for uneven_ms in [0.0, 8.0, 16.0] {
                let strokes = played(quarters, tempo_bpm, uneven_ms);
                let last = &strokes[strokes.len().saturating_sub(STROKES)..];
                let found = 60.0 / read(last, straight(metre), (0.5, SET_FAITH)).unwrap();
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

    /// What becomes of the tempo when this is played, from a setting of 120 on.
    fn followed(quarters: &[f64], beat: Beat, tempo_bpm: f64, uneven_ms: f64) -> f64 {
        let mut tempo = OwnTempo::default();
        tempo.begin_phrase();
        let mut found = 120.0;
        for stroke in played(quarters, tempo_bpm, uneven_ms) {
            #[allow(clippy::cast_possible_truncation, reason = "some seconds")]
            let at = FramePosition((stroke * RATE).round() as i64);
            if let Some(reading) = tempo.hear(at, RATE, beat, found, 0.0) {
                found = reading.tempo_bpm;
            }
        }
        found
    }

    #[test]
    fn most_phrases_are_read_as_they_are_played_at_any_usual_tempo() {
        let jig = Metre::new(6, 8).unwrap();
        let two = Metre::new(2, 4).unwrap();
        let (long, short) = (2.0 / 3.0, 1.0 / 3.0);
        let phrases: &[(&str, Metre, &[f64])] = &[
            ("quarters", Metre::COMMON, &[1.0; 11]),
            ("eighths", Metre::COMMON, &[0.5; 15]),
            ("sixteenths", Metre::COMMON, &[0.25; 15]),
            ("swung eighths, two to one", Metre::COMMON, &[long, short].repeat(7)),
            ("swung eighths, three to two", Metre::COMMON, &[0.6, 0.4].repeat(7)),
            ("eighths and a quarter", Metre::COMMON, &[0.5, 0.5, 1.0].repeat(4)),
            ("a quarter and eighths", Metre::COMMON, &[1.0, 0.5, 0.5, 1.0, 1.0].repeat(3)),
            (
                "eighths that end in a long note",
                Metre::COMMON,
                &[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 2.5, 0.5, 0.5, 0.5, 0.5],
            ),
            ("swung, with quarters", Metre::COMMON, &[1.0, long, short, 1.0, long, short, long, short, 1.0, 1.0]),
            ("syncopated", Metre::COMMON, &[0.5, 1.0, 0.5, 1.0, 1.0, 0.5, 1.0, 0.5, 1.0, 1.0]),
            ("dotted", Metre::COMMON, &[0.75, 0.25, 1.0, 0.75, 0.25, 0.5, 0.5, 1.0, 1.0]),
            ("Greensleeves", jig, &[0.5, 1.0, 0.5, 0.75, 0.25, 0.5, 1.0, 0.5, 0.75, 0.25, 0.5, 1.0, 0.5]),
            ("The Keel Row", Metre::COMMON, &[1.0, 1.5, 0.5, 1.0, 1.0, 1.5, 0.5, 1.0, 1.0, 1.5, 0.5, 1.0, 1.0]),
            (
                "Thanksgiving",
                two,
                &[0.75, 0.25, 0.5, 0.5, 0.5, 0.5, 0.75, 0.25, 0.5, 0.5, 1.0, 0.75, 0.25, 1.0, 0.5, 0.5],
            ),
            (
                "The Blooming Meadows",
                jig,
                &[0.25, 0.25, 1.0, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5],
            ),
            ("Two, Five, One", Metre::COMMON, &[0.5; 15]),
            ("Corner Table", Metre::COMMON, &[1.5, 2.5, 1.0, 0.5, 0.5, 0.5, 1.5, 1.0, 1.0, 1.0, 0.5, 0.5, 1.0]),
            ("Twelve Bars", Metre::COMMON, &[0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 2.5, 0.5, 0.5, 0.5]),
            ("Late Bus", Metre::COMMON, &[1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 0.5, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5]),
        ];
        let tempos: Vec<f64> = (0..=25).map(|step| 60.0 + 4.0 * f64::from(step)).collect();
        let (mut hits, mut all) = (0, 0);
        for (name, metre, quarters) in phrases {
            let mut missed = Vec::new();
            let beat = Beat { metre: *metre, swings: name.starts_with("swung") };
            for (beats_a_minute, uneven_ms) in
                tempos.iter().flat_map(|tempo| [0.0, 8.0, 16.0].map(|uneven| (*tempo, uneven)))
            {
                let tempo_bpm = if metre.is_compound() { beats_a_minute * 1.5 } else { beats_a_minute };
                let found = followed(quarters, beat, tempo_bpm, uneven_ms);
                let is_hit = (found / tempo_bpm - 1.0).abs() < 0.04;
                // Three to two, played unevenly, is as much like even eighths. In a jig, beats of this tempo are quick.
                let is_clear = (92.0..=144.0).contains(&beats_a_minute)
                    && !metre.is_compound()
                    && !(name.contains("three to two") && uneven_ms > 8.0);
                assert!(is_hit || !is_clear, "{name} at {tempo_bpm}, {uneven_ms} ms uneven: {found}");
                if !is_hit && uneven_ms == 0.0 {
                    missed.push(format!("{tempo_bpm} as {found:.0}"));
                }
                (hits, all) = (hits + usize::from(is_hit), all + 1);
            }
            println!("{name}, played evenly: missed {}", missed.join(", "));
        }
        println!("{hits} of {all} phrases at 60 to 160 beats a minute are read as they were played");
        // With nothing but the tempo of before to tell octaves apart there were 896.
        assert!(hits >= 1_200, "{hits} of {all}");
    }

    #[test]
    fn one_slip_does_not_change_the_tempo() {
        let mut strokes = played(&[1.0; 8], 108.0, 5.0);
        strokes[5] += 0.09;
        let found = 60.0 / read(&strokes, straight(Metre::COMMON), (0.5, SET_FAITH)).unwrap();
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
            if let Some(quarter) = read(&strokes, straight(Metre::COMMON), (0.5, SET_FAITH)) {
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
            let at = FramePosition((stroke * RATE).round() as i64);
            found.extend(tempo.hear(at, RATE, straight(Metre::COMMON), 120.0, 0.0));
        }
        assert_eq!(found.len(), 25 - 3, "from the fourth stroke on");
        let quarters: Vec<f64> = found.iter().map(|reading| reading.quarters).collect();
        assert_eq!(quarters[4], 5.0);
        assert_eq!(quarters[21], 16.0);
    }

    fn settings(tempo_bpm: f64) -> Settings {
        let settings = crate::tests::settings();
        Settings { timing: TimingSettings { tempo_bpm, ..settings.timing }, ..settings }
    }

    #[test]
    fn the_tapped_tempo_holds_until_the_setting_moves() {
        let mut tempo = OwnTempo::default();
        assert_eq!(tempo.of_block(&settings(120.0), None), 120.0);
        assert_eq!(tempo.of_block(&settings(120.0), Some(97.0)), 97.0, "a host that stands may tell a tempo");
        for tap in [0, 30_000, 60_000, 91_000] {
            tempo.tap(FramePosition(tap), RATE);
        }
        // One of the taps came late.
        assert_eq!(tempo.of_block(&settings(120.0), Some(97.0)), 96.0);
        // After a long time a single tap says nothing.
        tempo.tap(FramePosition(900_000), RATE);
        assert_eq!(tempo.of_block(&settings(120.0), None), 96.0);
        assert_eq!(tempo.of_block(&settings(121.0), None), 121.0);
    }

    #[test]
    fn taps_beyond_reason_stay_within_bounds() {
        let mut tempo = OwnTempo::default();
        for tap in [0, 0, 1, 1, 2] {
            tempo.tap(FramePosition(tap), RATE);
        }
        assert!(TEMPO_BPM.contains(&tempo.of_block(&settings(120.0), None)));
    }
}
