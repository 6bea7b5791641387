//! Changes of tempo, and seconds along them.

use segue_model::note::Ticks;

/// A change of tempo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tempo {
    /// Where the tempo begins.
    pub at: Ticks,
    /// The length of a quarter note in microseconds; above zero.
    pub quarter_us: u32,
}

impl Tempo {
    /// 120 quarter notes per minute: the tempo of a MIDI file that states none.
    pub const USUAL_QUARTER_US: u32 = 500_000;
    const MINUTE_US: f64 = 60_000_000.0;

    /// The tempo in quarter notes per minute.
    pub fn bpm(self) -> f64 {
        Self::MINUTE_US / f64::from(self.quarter_us)
    }

    /// A tempo in quarter notes per minute; `None` if it is impossible: not above zero, or not a number.
    pub fn of_bpm(at: Ticks, bpm: f64) -> Option<Self> {
        let quarter_us = (Self::MINUTE_US / bpm).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
        let quarter_us = (1.0..=f64::from(u32::MAX)).contains(&quarter_us).then_some(quarter_us as u32)?;
        Some(Self { at, quarter_us })
    }
}

/// Appends a change of tempo. Of several at one moment the last counts, and a change to the same tempo is left out.
pub(crate) fn push_tempo(tempos: &mut Vec<Tempo>, tempo: Tempo) {
    tempos.pop_if(|last| last.at == tempo.at);
    if tempos.last().is_none_or(|last| last.quarter_us != tempo.quarter_us) {
        tempos.push(tempo);
    }
}

/// The tempo in which to go on after a tune that ends at `end`. One that slows down in its last bars has no new tempo:
/// the one before returns. `None` when there are no tempos.
pub fn tempo_after(tempos: &[Tempo], end: Ticks) -> Option<Tempo> {
    /// The longest slowing-down: four bars of four quarters, but no more than a quarter of the tune.
    const LONGEST: Ticks = Ticks::quarters(16);
    let longest = LONGEST.min(Ticks(end.0 / 4));
    let before_end = &tempos[..tempos.partition_point(|tempo| tempo.at < end)];
    let is_slower = |pair: &&[Tempo]| pair[0].quarter_us < pair[1].quarter_us;
    let slower = before_end.windows(2).rev().take_while(is_slower).count();
    let last = before_end.len().checked_sub(1)?;
    let first_slower = before_end.get(last + 1 - slower).filter(|first| slower > 0 && end - first.at <= longest);
    let holding = before_end[if first_slower.is_some() { last - slower } else { last }];
    Some(Tempo { at: end, ..holding })
}

/// The seconds at each moment of music whose tempo may change.
#[derive(Debug, Clone, PartialEq)]
pub struct TempoMap {
    /// In order of time; never empty. The first tempo also holds before its beginning.
    stretches: Vec<TempoStretch>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct TempoStretch {
    tempo: Tempo,
    /// The moment at which it begins.
    seconds: f64,
}

impl TempoStretch {
    fn tick_seconds(self) -> f64 {
        60.0 / self.tempo.bpm() / Ticks::quarters(1).as_f64()
    }

    fn seconds_at(self, at: Ticks) -> f64 {
        self.seconds + (at - self.tempo.at).as_f64() * self.tick_seconds()
    }
}

impl TempoMap {
    /// Second 0 is at tick 0. `tempos` are in order of time; without any, the tempo is 120.
    pub fn new(tempos: &[Tempo]) -> Self {
        let usual = Tempo { at: Ticks::ZERO, quarter_us: Tempo::USUAL_QUARTER_US };
        let first = tempos.first().copied().unwrap_or(usual);
        let begin = TempoStretch { tempo: Tempo { at: Ticks::ZERO, ..first }, seconds: 0.0 };
        let mut stretches = vec![TempoStretch { tempo: first, seconds: begin.seconds_at(first.at) }];
        for tempo in tempos.iter().skip(1) {
            let seconds = stretches.last().map_or(0.0, |last| last.seconds_at(tempo.at));
            stretches.push(TempoStretch { tempo: *tempo, seconds });
        }
        Self { stretches }
    }

    /// The changes of tempo, the first of which is the tempo at the start.
    pub fn tempos(&self) -> Vec<Tempo> {
        self.stretches.iter().map(|stretch| stretch.tempo).collect()
    }

    /// Where the tempo changes.
    pub fn changes(&self) -> impl Iterator<Item = Ticks> {
        self.stretches.iter().skip(1).map(|stretch| stretch.tempo.at)
    }

    /// The tempo at a moment.
    pub fn tempo(&self, at: Ticks) -> Tempo {
        self.stretch(|stretch| stretch.tempo.at <= at).tempo
    }

    /// The seconds from tick 0 to a moment.
    pub fn seconds(&self, at: Ticks) -> f64 {
        self.stretch(|stretch| stretch.tempo.at <= at).seconds_at(at)
    }

    /// The moment so many seconds after tick 0, in ticks.
    pub fn ticks(&self, seconds: f64) -> f64 {
        let stretch = self.stretch(|stretch| stretch.seconds <= seconds);
        stretch.tempo.at.as_f64() + (seconds - stretch.seconds) / stretch.tick_seconds()
    }

    /// The last stretch that has begun, or the first.
    fn stretch(&self, has_begun: impl Fn(&TempoStretch) -> bool) -> TempoStretch {
        let index = self.stretches.partition_point(has_begun).saturating_sub(1);
        self.stretches[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tune_that_slows_down_at_its_end_goes_on_as_before() {
        const BAR: i64 = Ticks::quarters(4).0;
        let after = |tempos: &[(i64, f64)]| {
            let tempos: Vec<Tempo> = tempos.iter().map(|(at, bpm)| Tempo::of_bpm(Ticks(*at), *bpm).unwrap()).collect();
            tempo_after(&tempos, Ticks(16 * BAR)).map(|tempo| (tempo.at.0 / BAR, tempo.bpm().round()))
        };
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[(0, 100.0)]), Some((16, 100.0)));
        assert_eq!(after(&[(0, 100.0), (14 * BAR, 90.0), (15 * BAR, 70.0), (15 * BAR + 96, 50.0)]), Some((16, 100.0)));
        assert_eq!(after(&[(0, 100.0), (15 * BAR, 60.0), (16 * BAR, 120.0)]), Some((16, 100.0)), "later ones");
        assert_eq!(after(&[(0, 100.0), (8 * BAR, 60.0)]), Some((16, 60.0)), "a slow part");
        assert_eq!(after(&[(0, 100.0), (14 * BAR, 60.0), (15 * BAR, 140.0)]), Some((16, 140.0)), "a quick end");
        assert_eq!(after(&[(0, 80.0), (8 * BAR, 120.0), (15 * BAR, 90.0)]), Some((16, 120.0)), "the part before");
        let two_bars = [(0, 120.0), (192, 60.0)].map(|(at, bpm)| Tempo::of_bpm(Ticks(at), bpm).unwrap());
        assert_eq!(tempo_after(&two_bars, Ticks(2 * BAR)).map(|tempo| tempo.bpm().round()), Some(60.0), "half a tune");
    }

    #[test]
    fn seconds_and_ticks_follow_the_changes_of_tempo() {
        let tempos = [(0, 120.0), (192, 60.0), (384, 240.0)];
        let tempos = tempos.map(|(at, bpm)| Tempo::of_bpm(Ticks(at), bpm).unwrap());
        let map = TempoMap::new(&tempos);
        for (at, seconds, bpm) in
            [(0, 0.0, 120.0), (96, 1.0, 120.0), (192, 2.0, 60.0), (240, 3.0, 60.0), (480, 6.5, 240.0)]
        {
            assert!((map.seconds(Ticks(at)) - seconds).abs() < 1e-9, "{at}");
            assert!((map.ticks(seconds) - Ticks(at).as_f64()).abs() < 1e-6, "{seconds}");
            assert!((map.tempo(Ticks(at)).bpm() - bpm).abs() < 1e-9, "{at}");
        }
        let late = TempoMap::new(&[Tempo::of_bpm(Ticks(96), 60.0).unwrap()]);
        assert!((late.seconds(Ticks(96)) - 2.0).abs() < 1e-9, "the first tempo holds from the start");
        assert!((TempoMap::new(&[]).seconds(Ticks(48)) - 0.5).abs() < 1e-9);
    }
}
