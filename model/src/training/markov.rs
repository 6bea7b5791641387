//! The yardstick: an interpolated Markov chain over pitches, and the unigram inside it.

use std::collections::HashMap;

/// A chain whose orders are mixed by how many different successors a context has had (Witten and Bell 1991).
#[derive(Debug)]
pub struct Markov {
    order: usize,
    pitches: usize,
    contexts: HashMap<Vec<u8>, Successors>,
}

#[derive(Debug, Default)]
struct Successors {
    total: u32,
    of: HashMap<u8, u32>,
}

impl Markov {
    /// Learns from melodies of classes below `pitches`; contexts of up to `order` notes are counted.
    pub fn learnt<'notes>(order: usize, pitches: usize, melodies: impl Iterator<Item = &'notes [u8]>) -> Self {
        let mut contexts: HashMap<Vec<u8>, Successors> = HashMap::new();
        for melody in melodies {
            for (index, next) in melody.iter().enumerate() {
                for length in 0..=order.min(index) {
                    let seen = contexts.entry(melody[index - length..index].to_vec()).or_default();
                    seen.total += 1;
                    *seen.of.entry(*next).or_default() += 1;
                }
            }
        }
        Self { order, pitches, contexts }
    }

    /// The probability of `next` after `past` (the latest last), with contexts of at most `order` notes.
    /// Each order is mixed with the one below it, the lowest with even chances.
    pub fn probability(&self, past: &[u8], next: u8, order: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "there are at most some hundred pitches")]
        let even = 1.0 / self.pitches as f64;
        (0..=order.min(self.order).min(past.len())).fold(even, |lower, length| {
            let Some(seen) = self.contexts.get(&past[past.len() - length..]) else { return lower };
            #[expect(clippy::cast_precision_loss, reason = "there are at most some hundred pitches")]
            let kinds = seen.of.len() as f64;
            let count = f64::from(seen.of.get(&next).copied().unwrap_or(0));
            (count + kinds * lower) / (f64::from(seen.total) + kinds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_all_pitches_make_one_after_any_past() {
        let chain = Markov::learnt(5, 10, [&[1, 2, 3, 1, 2, 3, 1, 2, 4][..], &[5, 5, 5]].into_iter());
        for past in [&[][..], &[1], &[1, 2], &[9, 9], &[3, 1, 2, 3, 1, 2]] {
            for order in 0..=5 {
                let sum: f64 = (0..10).map(|next| chain.probability(past, next, order)).sum();
                assert!((sum - 1.0).abs() < 1e-12, "{past:?} {order}");
            }
        }
    }

    #[test]
    fn a_longer_context_that_was_seen_is_more_sure() {
        let chain = Markov::learnt(5, 10, [&[1, 2, 3, 1, 2, 3, 1, 2, 3][..]].into_iter());
        let sure = |order| chain.probability(&[3, 1, 2], 3, order);
        assert!(sure(0) < sure(1) && sure(1) < sure(3));
    }

    #[test]
    fn witten_and_bell_by_hand() {
        // Seen: 0 twice and 1 once after nothing; two kinds. P(0) = (2 + 2 × 1/4) / (3 + 2).
        let chain = Markov::learnt(0, 4, [&[0, 0, 1][..]].into_iter());
        assert!((chain.probability(&[], 0, 0) - 0.5).abs() < 1e-12);
    }
}
