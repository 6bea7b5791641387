//! How a host cuts time into blocks.

use crate::rng::Rng;

/// How large each block is, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// All blocks have this size, above zero.
    Of(u32),
    /// From one frame up to `largest`, at random.
    Random {
        /// The same seed gives the same sizes.
        seed: u64,
        /// The largest block, above zero.
        largest: u32,
    },
    /// Runs of similar blocks: powers of two, single frames, the largest, and sizes that no host would choose.
    Mixed {
        /// The same seed gives the same sizes.
        seed: u64,
        /// The largest block, above zero.
        largest: u32,
    },
}

impl Blocks {
    /// The largest block, which a host announces when it activates the plugin.
    pub const fn largest(self) -> u32 {
        match self {
            Self::Of(frames) => frames,
            Self::Random { largest, .. } | Self::Mixed { largest, .. } => largest,
        }
    }

    /// The sizes, an endless sequence.
    pub fn sizes(self) -> impl Iterator<Item = u32> {
        let mut rng = match self {
            Self::Of(_) => Rng::new(0),
            Self::Random { seed, .. } | Self::Mixed { seed, .. } => Rng::new(seed),
        };
        let mut run = Run { mood: Pattern::Largest, left: 0 };
        std::iter::repeat_with(move || match self {
            Self::Of(frames) => frames,
            Self::Random { largest, .. } => any_size(&mut rng, largest),
            Self::Mixed { largest, .. } => run.next(&mut rng, largest),
        })
    }
}

fn any_size(rng: &mut Rng, largest: u32) -> u32 {
    1 + u32::try_from(rng.below(largest.into())).unwrap_or(0)
}

#[derive(Debug, Clone, Copy)]
enum Pattern {
    Power(u32),
    Single,
    Largest,
    Any,
}

/// A run of similar blocks.
struct Run {
    mood: Pattern,
    left: u64,
}

impl Run {
    fn next(&mut self, rng: &mut Rng, largest: u32) -> u32 {
        if self.left == 0 {
            // Few single frames, because a second of them is very many blocks.
            let (mood, most) = match rng.below(8) {
                0 => (Pattern::Single, 40),
                1 | 2 => (Pattern::Largest, 200),
                3 | 4 => (Pattern::Any, 100),
                _ => (Pattern::Power(1 << rng.between(4, 12)), 200),
            };
            *self = Self { mood, left: rng.between(1, most) };
        }
        self.left -= 1;
        match self.mood {
            Pattern::Power(frames) => frames.min(largest),
            Pattern::Single => 1,
            Pattern::Largest => largest,
            Pattern::Any => any_size(rng, largest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random block sizes stay within their bounds, and the same seed gives the same sizes.
    #[test]
    fn random_blocks_keep_their_bounds_and_repeat_by_seed() {
        let blocks = Blocks::Random { seed: 7, largest: 300 };
        let sizes: Vec<u32> = blocks.sizes().take(2000).collect();
        assert!(sizes.iter().all(|size| (1..=300).contains(size)));
        assert!(sizes.contains(&1) && sizes.iter().any(|size| *size > 290));
        assert_eq!(sizes, blocks.sizes().take(2000).collect::<Vec<_>>());
    }

    /// Mixed block sizes include single frames, powers of two and anything up to the largest.
    #[test]
    fn mixed_blocks_hold_single_frames_powers_of_two_and_the_rest() {
        let sizes: Vec<u32> = Blocks::Mixed { seed: 5, largest: 1000 }.sizes().take(20_000).collect();
        assert!(sizes.iter().all(|size| (1..=1000).contains(size)));
        for size in [1, 16, 64, 512, 1000] {
            assert!(sizes.windows(2).any(|pair| pair == [size, size]), "{size}");
        }
        assert!(sizes.iter().any(|size| !size.is_power_of_two() && *size < 1000));
    }
}
