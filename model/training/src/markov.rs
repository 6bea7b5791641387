//! The baseline: an interpolated Markov chain over pitches. Its order 0 is the unigram.

use fastrand::Rng;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// A chain whose orders are interpolated by the number of distinct successors of a context ([Witten and Bell
/// 1991](https://doi.org/10.1109/18.87000)), times an escape weight.
#[derive(Debug)]
pub struct Markov {
    order: usize,
    pitches: usize,
    escape_weight: f64,
    contexts: HashMap<ChainContext, Successors>,
}

/// The highest order that can be counted.
const LONGEST: usize = 7;
/// Up to [`LONGEST`] pitch classes, then their number.
type ChainContext = [u8; LONGEST + 1];

#[derive(Debug, Default)]
struct Successors {
    total: u32,
    of: Vec<(u8, u32)>,
}

impl Successors {
    fn count(&self, next: u8) -> u32 {
        self.of.iter().find(|(class, _)| *class == next).map_or(0, |(_, count)| *count)
    }

    fn add(&mut self, next: u8) {
        self.total += 1;
        match self.of.iter_mut().find(|(class, _)| *class == next) {
            Some((_, count)) => *count += 1,
            None => self.of.push((next, 1)),
        }
    }
}

impl Markov {
    /// An empty chain over pitch classes below `pitches`, with contexts of up to `order` notes, at most seven. The
    /// higher the `escape_weight` (from 1), the more often a context must be seen before it outweighs the shorter ones.
    pub fn empty(order: usize, pitches: usize, escape_weight: f64) -> Self {
        Self { order: order.min(LONGEST), pitches, escape_weight, contexts: HashMap::new() }
    }

    /// Counts `next` after `past`, whose last entry is the latest note.
    pub fn observe(&mut self, past: &[u8], next: u8) {
        for length in 0..=self.order.min(past.len()) {
            self.contexts.entry(context(past, length)).or_default().add(next);
        }
    }

    /// The probability of `next` after `past`, with contexts of at most `order` notes. Each order is interpolated with
    /// the one below it, and order 0 with a uniform distribution.
    pub fn probability(&self, past: &[u8], next: u8, order: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "there are at most some hundred pitches")]
        let even = 1.0 / self.pitches as f64;
        self.probability_above(even, past, next, 0..=order)
    }

    /// Draws the next class after `past`, with the probabilities of [`Self::probability`] at the highest order: from
    /// the successors of the longest context, or with the weight of the shorter ones from those.
    pub fn sample(&self, past: &[u8], rng: &mut Rng) -> u8 {
        for length in (0..=self.order.min(past.len())).rev() {
            let Some(seen) = self.contexts.get(&context(past, length)) else { continue };
            #[expect(clippy::cast_precision_loss, reason = "there are at most some hundred pitches")]
            let kinds = seen.of.len() as f64 * self.escape_weight;
            let mut left = rng.f64() * (f64::from(seen.total) + kinds);
            for (class, count) in &seen.of {
                left -= f64::from(*count);
                if left < 0.0 {
                    return *class;
                }
            }
        }
        rng.u8(..u8::try_from(self.pitches).unwrap_or(u8::MAX).max(1))
    }

    /// The probability with contexts of `orders` notes only, interpolated with the probability `base` of another model.
    pub fn probability_above(&self, base: f64, past: &[u8], next: u8, orders: RangeInclusive<usize>) -> f64 {
        let longest = (*orders.end()).min(self.order).min(past.len());
        (*orders.start()..=longest).fold(base, |lower, length| {
            let Some(seen) = self.contexts.get(&context(past, length)) else { return lower };
            #[expect(clippy::cast_precision_loss, reason = "there are at most some hundred pitches")]
            let kinds = seen.of.len() as f64 * self.escape_weight;
            (f64::from(seen.count(next)) + kinds * lower) / (f64::from(seen.total) + kinds)
        })
    }
}

/// The last `length` notes.
fn context(past: &[u8], length: usize) -> ChainContext {
    let mut context = [0; LONGEST + 1];
    context[..length].copy_from_slice(&past[past.len() - length..]);
    context[LONGEST] = u8::try_from(length).unwrap_or(u8::MAX);
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(order: usize, pitches: usize, melodies: &[&[u8]]) -> Markov {
        let mut chain = Markov::empty(order, pitches, 1.0);
        for melody in melodies {
            (0..melody.len()).for_each(|index| chain.observe(&melody[..index], melody[index]));
        }
        chain
    }

    #[test]
    fn probabilities_of_all_pitches_make_one_after_any_past() {
        let chain = learnt(5, 10, &[&[1, 2, 3, 1, 2, 3, 1, 2, 4], &[5, 5, 5]]);
        let own = learnt(5, 10, &[&[7, 1, 2, 9, 1, 2]]);
        for past in [&[][..], &[1], &[1, 2], &[9, 9], &[3, 1, 2, 3, 1, 2]] {
            for order in 0..=5 {
                let alone = |next| chain.probability(past, next, order);
                let mixed = |next| own.probability_above(alone(next), past, next, 1..=order);
                assert!(((0..10).map(alone).sum::<f64>() - 1.0).abs() < 1e-12, "{past:?} {order}");
                assert!(((0..10).map(mixed).sum::<f64>() - 1.0).abs() < 1e-12, "{past:?} {order}");
            }
        }
    }

    #[test]
    fn a_longer_context_that_was_seen_is_more_sure() {
        let chain = learnt(5, 10, &[&[1, 2, 3, 1, 2, 3, 1, 2, 3]]);
        let sure = |order| chain.probability(&[3, 1, 2], 3, order);
        assert!(sure(0) < sure(1) && sure(1) < sure(3));
    }

    /// Drawn often enough, each pitch comes as often as its probability says.
    #[test]
    fn pitches_are_drawn_with_their_probabilities() {
        let chain = learnt(3, 5, &[&[1, 2, 3, 1, 2, 4, 1, 2, 3], &[0, 1, 2]]);
        let (mut rng, mut drawn) = (Rng::with_seed(1), [0_u32; 5]);
        for past in [&[][..], &[1, 2], &[3, 1, 2], &[4, 4]] {
            drawn.fill(0);
            (0..20_000).for_each(|_| drawn[usize::from(chain.sample(past, &mut rng))] += 1);
            for (pitch, count) in (0..).zip(drawn) {
                let (share, probability) = (f64::from(count) / 20_000.0, chain.probability(past, pitch, 3));
                assert!((share - probability).abs() < 0.02, "{pitch} after {past:?}: {share}, {probability}");
            }
        }
    }

    #[test]
    fn witten_and_bell_by_hand() {
        // Counted: 0 twice and 1 once; two kinds. P(0) = (2 + 2 × 1/4) / (3 + 2).
        let chain = learnt(0, 4, &[&[0, 0, 1]]);
        assert!((chain.probability(&[], 0, 0) - 0.5).abs() < 1e-12);
    }
}
