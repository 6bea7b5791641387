//! Two small hash functions with fixed results: the same on every machine and in every version.

/// FNV-1a, 64 bits ([Fowler, Noll and Vo](http://www.isthe.com/chongo/tech/comp/fnv/)). Files and songs store its
/// results, so it must not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fnv1a(u64);

impl Fnv1a {
    /// The offset basis: the hash of nothing.
    pub const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    /// The multiplier of each step.
    pub const PRIME: u64 = 0x0000_0100_0000_01b3;

    /// The hash of some bytes.
    pub fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
        let mut hash = Self::default();
        hash.update(bytes);
        hash.finish()
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: impl IntoIterator<Item = u8>) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(Self::PRIME);
        }
    }

    /// The hash of all bytes so far.
    pub const fn finish(self) -> u64 {
        self.0
    }
}

impl Default for Fnv1a {
    fn default() -> Self {
        Self(Self::BASIS)
    }
}

/// The increment between two states of `SplitMix64`: 2⁶⁴ divided by the golden ratio.
pub const SPLITMIX64_INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output of the generator `SplitMix64` in one state
/// ([Steele, Lea and Flood 2014](https://doi.org/10.1145/2660193.2660195)). The next state is
/// [`SPLITMIX64_INCREMENT`] more. Every bit of the state affects every bit of the output, so it also mixes keys.
pub const fn splitmix64(state: u64) -> u64 {
    let mut mixed = state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors that the authors of FNV publish.
    #[test]
    fn fnv1a_gives_the_published_hashes() {
        let published = [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)];
        for (text, hash) in published {
            assert_eq!(Fnv1a::hash(text.bytes()), hash, "{text}");
        }
    }

    /// The first outputs for seed 1234567, as in the reference implementation's test vectors.
    #[test]
    fn splitmix64_gives_the_published_numbers() {
        let mut state = 1_234_567_u64;
        let next = || {
            state = state.wrapping_add(SPLITMIX64_INCREMENT);
            splitmix64(state)
        };
        let numbers: Vec<u64> = std::iter::repeat_with(next).take(3).collect();
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
