//! Into which blocks a host cuts time.

/// The size of every block, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// All of one size, above zero.
    Of(u32),
    /// From one frame up to this many, as the seed has it.
    Random {
        /// The same seed gives the same sizes.
        seed: u64,
        /// The largest block, above zero.
        largest: u32,
    },
}

impl Blocks {
    /// What a host announces when it activates the plugin.
    pub const fn largest(self) -> u32 {
        match self {
            Self::Of(frames) => frames,
            Self::Random { largest, .. } => largest,
        }
    }

    /// The sizes, without end.
    pub fn sizes(self) -> impl Iterator<Item = u32> {
        let mut state = match self {
            Self::Of(_) => 0,
            Self::Random { seed, .. } => seed,
        };
        std::iter::repeat_with(move || match self {
            Self::Of(frames) => frames,
            Self::Random { largest, .. } => {
                #[expect(clippy::cast_possible_truncation, reason = "the remainder is below a u32")]
                let beyond_one = (next_random(&mut state) % u64::from(largest)) as u32;
                1 + beyond_one
            }
        })
    }
}

/// The generator splitmix64: enough to cut blocks, and the same on every machine.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_blocks_stay_within_their_bounds_and_repeat_with_their_seed() {
        let blocks = Blocks::Random { seed: 7, largest: 300 };
        let sizes: Vec<u32> = blocks.sizes().take(2000).collect();
        assert!(sizes.iter().all(|size| (1..=300).contains(size)));
        assert!(sizes.contains(&1) && sizes.iter().any(|size| *size > 290));
        assert_eq!(sizes, blocks.sizes().take(2000).collect::<Vec<_>>());
    }
}
