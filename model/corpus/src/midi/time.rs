//! Converts the ticks of a file to ours: tempo, bars, SMPTE time.

use super::TickUnit;
use super::events::{MetaEvent, TrackEvents, meta};
use super::file::Timing;
use crate::Tempo;
use segue_model::note::{Bars, Metre, TICKS_PER_QUARTER, Ticks};

/// Ticks in one second of [`TickUnit::Seconds`]: 120 quarter notes per minute.
const TICKS_PER_SECOND: i128 = 2 * TICKS_PER_QUARTER as i128;
const MICROSECONDS: i128 = 1_000_000;

/// Converts the file's own time to ticks.
pub(super) enum TimeScale {
    /// Our ticks are `numerator / denominator` of the file's.
    Even { numerator: i128, denominator: i128, beats: bool },
    /// Stretches of one tempo each, in order.
    Tempi { per_quarter: i128, stretches: Vec<Stretch> },
}

pub(super) struct Stretch {
    from: u64,
    /// Microseconds times the file's ticks per quarter note, from the start of the piece to `from`.
    before: i128,
    /// Microseconds per quarter note.
    quarter_us: u32,
}

impl TimeScale {
    pub fn new(timing: Timing, tracks: &[TrackEvents<'_>], clock: TickUnit) -> Self {
        match (timing, clock) {
            (Timing::PerQuarter(ticks), TickUnit::Beats) => {
                Self::Even { numerator: i128::from(TICKS_PER_QUARTER), denominator: i128::from(ticks), beats: true }
            }
            (Timing::PerQuarter(ticks), TickUnit::Seconds) => {
                Self::Tempi { per_quarter: i128::from(ticks), stretches: stretches(tracks) }
            }
            (Timing::Frames { per_second, ticks }, _) => {
                // 29 stands for 30,000 frames in 1,001 seconds.
                let (frames, seconds) = if per_second == 29 { (30_000, 1_001) } else { (i128::from(per_second), 1) };
                let (numerator, denominator) = (TICKS_PER_SECOND * seconds, frames * i128::from(ticks));
                Self::Even { numerator, denominator, beats: false }
            }
        }
    }

    pub fn has_bars(&self) -> bool {
        matches!(self, Self::Even { beats: true, .. })
    }

    /// The nearest tick.
    pub fn ticks(&self, at: u64) -> Ticks {
        let (numerator, denominator) = match self {
            Self::Even { numerator, denominator, .. } => (i128::from(at) * numerator, *denominator),
            Self::Tempi { per_quarter, stretches } => {
                let index = stretches.partition_point(|stretch| stretch.from <= at).saturating_sub(1);
                (stretches[index].elapsed(at) * TICKS_PER_SECOND, per_quarter * MICROSECONDS)
            }
        };
        let ticks = (numerator + denominator / 2).div_euclid(denominator);
        Ticks(i64::try_from(ticks).unwrap_or(i64::MAX))
    }
}

impl Stretch {
    fn elapsed(&self, at: u64) -> i128 {
        self.before + i128::from(at.saturating_sub(self.from)) * i128::from(self.quarter_us)
    }
}

/// Changes of tempo anywhere in the file, in order of time: the file's tick, and microseconds per quarter note.
fn tempo_changes(tracks: &[TrackEvents<'_>]) -> Vec<(u64, u32)> {
    let change = |event: &MetaEvent<'_>| match (event.kind, event.data) {
        (meta::TEMPO, [high, middle, low, ..]) => {
            let quarter_us = u32::from_be_bytes([0, *high, *middle, *low]);
            (quarter_us > 0).then_some((event.at, quarter_us))
        }
        _ => None,
    };
    let metas = tracks.iter().flat_map(|track| &track.metas);
    let mut changes: Vec<(u64, u32)> = metas.filter_map(change).collect();
    changes.sort_by_key(|(at, _)| *at);
    changes
}

/// The stretches; there is at least one, which begins at the start.
fn stretches(tracks: &[TrackEvents<'_>]) -> Vec<Stretch> {
    let mut stretches = vec![Stretch { from: 0, before: 0, quarter_us: Tempo::USUAL_QUARTER_US }];
    for (from, quarter_us) in tempo_changes(tracks) {
        let before = stretches.last().map_or(0, |stretch| stretch.elapsed(from));
        stretches.push(Stretch { from, before, quarter_us });
    }
    stretches
}

/// Changes of tempo on our time line. Before its first change of tempo, a file is at 120.
pub(super) fn tempos(tracks: &[TrackEvents<'_>], scale: &TimeScale) -> Vec<Tempo> {
    let mut tempos: Vec<Tempo> = Vec::new();
    for (at, quarter_us) in tempo_changes(tracks) {
        let at = scale.ticks(at);
        if tempos.is_empty() && at > Ticks::ZERO {
            tempos.push(Tempo { at: Ticks::ZERO, quarter_us: Tempo::USUAL_QUARTER_US });
        }
        crate::push_tempo(&mut tempos, Tempo { at, quarter_us });
    }
    tempos
}

/// Every time signature begins a bar. Before the first one, and without any, MIDI files are in 4/4.
pub(super) fn bars(tracks: &[TrackEvents<'_>], scale: &TimeScale) -> Vec<Bars> {
    let entry = |event: &MetaEvent<'_>| match (event.kind, event.data) {
        (meta::TIME_SIGNATURE, [numerator, power, ..]) => {
            let metre = Metre::new(*numerator, 1u8.checked_shl(u32::from(*power))?)?;
            Some(Bars { line: scale.ticks(event.at), metre })
        }
        _ => None,
    };
    let mut bars: Vec<Bars> = tracks.iter().flat_map(|track| &track.metas).filter_map(entry).collect();
    bars.sort_by_key(|entry| entry.line);
    if bars.first().is_none_or(|first| first.line > Ticks::ZERO) {
        bars.insert(0, Bars { line: Ticks::ZERO, metre: Metre::COMMON });
    }
    // Of several at one moment the last counts, and one that changes nothing is left out.
    let mut kept: Vec<Bars> = Vec::new();
    for entry in bars {
        match kept.last_mut() {
            Some(last) if last.line == entry.line => *last = entry,
            Some(last) if last.metre == entry.metre && last.place(entry.line) == Ticks::ZERO => {}
            _ => kept.push(entry),
        }
    }
    join_divided_bars(&mut kept);
    begin_behind_the_upbeat(&mut kept);
    kept
}

/// Notation programs write a bar that a repeat sign divides as two shorter bars, such as 7/8 and 1/8 within 4/4.
fn join_divided_bars(bars: &mut Vec<Bars>) {
    let mut joined: Vec<Bars> = Vec::with_capacity(bars.len());
    let mut index = 0;
    while let Some(entry) = bars.get(index) {
        let again = joined.last().and_then(|before| metre_again(*before, &bars[index..]));
        index += again.map_or(1, |parts| parts + 1);
        if again.is_none() {
            joined.push(*entry);
        }
    }
    *bars = joined;
}

/// The index of the entry that states the metre before these entries again, if those before it divide one bar of it.
fn metre_again(before: Bars, entries: &[Bars]) -> Option<usize> {
    let whole_bar = Ticks(entries[0].line.0 + before.metre.bar().0);
    let again = entries.binary_search_by_key(&whole_bar, |entry| entry.line).ok().filter(|again| *again > 1)?;
    let is_divided = entries[again].metre == before.metre
        && before.place(entries[0].line) == Ticks::ZERO
        && entries[..=again].windows(2).all(|pair| pair[1].line - pair[0].line == pair[0].metre.bar());
    is_divided.then_some(again)
}

/// Notation programs write an upbeat as a bar of a shorter metre; the bars of the piece begin after it.
fn begin_behind_the_upbeat(bars: &mut Vec<Bars>) {
    if let [first, second, ..] = bars.as_slice()
        && second.line - first.line == first.metre.bar()
        && first.metre.bar() < second.metre.bar()
    {
        bars.remove(0);
    }
}
