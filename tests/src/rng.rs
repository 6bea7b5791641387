//! Repeatable random numbers: the same seed gives the same numbers on every machine and in every version of this crate.

use segue_model::hash::{SPLITMIX64_INCREMENT, splitmix64};

/// The generator splitmix64, which is enough to invent what a host does.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator with this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any 64-bit number.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(SPLITMIX64_INCREMENT);
        splitmix64(self.0)
    }

    /// A separate generator, so that more draws in one place change nothing in another.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self(self.next_u64())
    }

    /// From 0 to below `sides`; 0 when `sides` is 0.
    pub const fn below(&mut self, sides: u64) -> u64 {
        if sides == 0 { 0 } else { self.next_u64() % sides }
    }

    /// From `least` to `most`, both included.
    pub const fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        const BITS: u32 = 53;
        (self.next_u64() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
    }

    /// From `least` up to `most`.
    pub fn real(&mut self, least: f64, most: f64) -> f64 {
        self.unit().mul_add(most - least, least)
    }

    /// True with this probability in per cent.
    pub const fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Picks one element.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap_or(0)]
    }

    /// Picks one element, with a probability in proportion to its weight.
    ///
    /// # Panics
    /// When there are none, or all weights are 0.
    pub fn weigh<T: Copy>(&mut self, of: &[(u64, T)]) -> T {
        let mut left = self.below(of.iter().map(|(weight, _)| weight).sum());
        let chosen = of.iter().find(|(weight, _)| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found
        });
        chosen.expect("one weight is above 0").1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same_for_ever() {
        let mut rng = Rng::new(1);
        assert_eq!([rng.next_u64(), rng.next_u64()], [0x910A_2DEC_8902_5CC1, 0xBEEB_8DA1_658E_EC67]);
    }

    #[test]
    fn weights_count_and_what_weighs_nothing_never_comes() {
        let mut rng = Rng::new(2);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[rng.weigh(&[(1, 0), (0, 1), (3, 2)])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
    }
}
