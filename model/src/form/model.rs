//! A model of how labels go on: counts of which lag follows which runs of equal lags, backing off to shorter contexts.

use super::LAGS;
use crate::varint;
use std::collections::BTreeMap;

/// The runs of equal lags up to a bar, the latest first: each a lag and its number of bars.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormRuns {
    runs: Vec<(u8, u8)>,
    /// The number of bars so far. No lag reaches further back.
    bars: usize,
}

/// Runs longer than this count as this long, in bars.
const LONGEST_RUN: u8 = 32;
/// The runs of a context. The latest counts twice: by its lag alone, and with its length.
const MOST_RUNS: usize = 3;

impl FormRuns {
    /// Adds the lag of the next bar.
    pub fn push(&mut self, lag: u8) {
        self.bars += 1;
        match self.runs.first_mut() {
            Some((last, length)) if *last == lag => *length = (*length + 1).min(LONGEST_RUN),
            _ => {
                self.runs.insert(0, (lag, 1));
                self.runs.truncate(MOST_RUNS);
            }
        }
    }

    /// The lag of the last bar; `None` before the first.
    pub fn last(&self) -> Option<u8> {
        self.runs.first().map(|(lag, _)| *lag)
    }

    /// The contexts from the shortest to the longest: nothing, the present lag, with the length of its run, with the
    /// run before, and so on. They are all prefixes of one list of numbers.
    fn contexts(&self) -> (Vec<u8>, impl Iterator<Item = usize> + Clone) {
        let numbers: Vec<u8> = self.runs.iter().flat_map(|(lag, length)| [*lag, *length]).collect();
        let lengths = [0, 1].into_iter().chain((2..=numbers.len()).step_by(2));
        let known = numbers.len();
        (numbers, lengths.filter(move |length| *length <= known))
    }

    /// Whether a lag can hold in the next bar: what it repeats has sounded.
    fn allows(&self, lag: usize) -> bool {
        lag <= self.bars
    }
}

/// The counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormModel {
    /// For each context, how often each lag followed, ascending in the lag.
    counts: BTreeMap<Vec<u8>, Vec<(u8, u32)>>,
}

/// The escape weight of a context for each lag that was seen after it ([Witten and Bell
/// 1991](https://doi.org/10.1109/18.87000)).
const ESCAPE_WEIGHT: f32 = 1.0;

impl FormModel {
    /// Counts `lag` after `before`.
    pub fn observe(&mut self, before: &FormRuns, lag: u8) {
        let (numbers, lengths) = before.contexts();
        for length in lengths {
            let seen = self.counts.entry(numbers[..length].to_vec()).or_default();
            match seen.binary_search_by_key(&lag, |(lag, _)| *lag) {
                Ok(index) => seen[index].1 += 1,
                Err(index) => seen.insert(index, (lag, 1)),
            }
        }
    }

    /// The probability of each lag in the next bar. Lags that reach back before the first bar have none.
    pub fn probabilities(&self, before: &FormRuns) -> [f32; LAGS] {
        let mut probabilities = [0.0; LAGS];
        #[expect(clippy::cast_precision_loss, reason = "25 lags")]
        let even = 1.0 / LAGS as f32;
        probabilities.fill(even);
        let (numbers, lengths) = before.contexts();
        for seen in lengths.filter_map(|length| self.counts.get(&numbers[..length])) {
            #[expect(clippy::cast_precision_loss, reason = "a count is a weight here, and seven digits are enough")]
            let (total, kinds) = (seen.iter().map(|(_, count)| *count as f32).sum::<f32>(), seen.len() as f32);
            let whole = total + kinds * ESCAPE_WEIGHT;
            for probability in &mut probabilities {
                *probability *= kinds * ESCAPE_WEIGHT / whole;
            }
            for (lag, count) in seen {
                #[expect(clippy::cast_precision_loss, reason = "as above")]
                let share = *count as f32 / whole;
                probabilities[usize::from(*lag)] += share;
            }
        }
        for (lag, probability) in probabilities.iter_mut().enumerate() {
            if !before.allows(lag) {
                *probability = 0.0;
            }
        }
        let sum: f32 = probabilities.iter().sum();
        probabilities.map(|probability| probability / sum)
    }

    /// Draws the lag of the next bar: `drawn` is uniform from 0 to 1. `evidence` is added to the log probability of
    /// each lag.
    pub fn sample(&self, before: &FormRuns, evidence: &[f32; LAGS], drawn: f32) -> u8 {
        let mut probabilities = self.probabilities(before);
        for (probability, evidence) in probabilities.iter_mut().zip(evidence) {
            *probability *= evidence.exp();
        }
        let mut left = drawn * probabilities.iter().sum::<f32>();
        let chosen = probabilities.iter().position(|probability| {
            left -= probability;
            left < 0.0
        });
        chosen.and_then(|lag| u8::try_from(lag).ok()).unwrap_or(0)
    }

    /// The number of contexts.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Without contexts that were seen less than `fewest` times: the shorter ones speak for them.
    #[must_use]
    pub fn without_rare(mut self, fewest: u32) -> Self {
        self.counts
            .retain(|context, seen| context.is_empty() || seen.iter().map(|(_, count)| count).sum::<u32>() >= fewest);
        self
    }

    /// The bytes for a weights file: the number of contexts; for each its length and numbers, the number of lags, and
    /// each lag with its count as a varint.
    pub fn to_bytes(&self) -> Vec<u8> {
        let few = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        let mut bytes = u32::try_from(self.counts.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        for (context, seen) in &self.counts {
            bytes.push(few(context.len()));
            bytes.extend(context);
            bytes.push(few(seen.len()));
            for (lag, count) in seen {
                bytes.push(*lag);
                varint::write((*count).into(), &mut bytes);
            }
        }
        bytes
    }

    /// Reads the bytes of a weights file; `None` when they are invalid.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, mut rest) = bytes.split_first_chunk::<4>()?;
        let contexts = u32::from_le_bytes(*head);
        let mut counts = BTreeMap::new();
        for _ in 0..contexts {
            let (length, after) = rest.split_first()?;
            let (context, after) = after.split_at_checked(usize::from(*length))?;
            let (lags, after) = after.split_first()?;
            rest = after;
            let mut seen = Vec::new();
            for _ in 0..*lags {
                let (lag, after) = rest.split_first()?;
                rest = after;
                let count = u32::try_from(varint::read(&mut rest)?).ok()?;
                let is_next = seen.last().is_none_or(|(last, _)| last < lag);
                if usize::from(*lag) >= LAGS || count == 0 || !is_next {
                    return None;
                }
                seen.push((*lag, count));
            }
            if context.len() > 2 * MOST_RUNS || seen.is_empty() || counts.insert(context.to_vec(), seen).is_some() {
                return None;
            }
        }
        rest.is_empty().then_some(Self { counts })
    }
}
