//! Half precision by the instructions AVX and F16C, which processors have since 2012.

#![expect(unsafe_code, reason = "a function that is compiled for some processors only can be called on any")]

use super::{HalfWeights, LANES};
use half::f16;
use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{__m128i, __m256, _mm256_add_ps, _mm256_cvtph_ps, _mm256_mul_ps, _mm256_set1_ps};

/// Numbers in a register.
const REGISTER: usize = 8;

impl HalfWeights {
    /// Packs weights whose length is a multiple of [`LANES`]. `None` where that would change a weight, or where the
    /// processor does not widen them.
    pub fn of(weights: &[f32]) -> Option<Self> {
        if !(is_x86_feature_detected!("avx") && is_x86_feature_detected!("f16c")) {
            return None;
        }
        let narrowed = |row: &[f32; LANES]| {
            let halves = row.map(f16::from_f32);
            let same = |(half, weight): (&f16, &f32)| half.to_f32().to_bits() == weight.to_bits();
            halves.iter().zip(row).all(same).then(|| halves.map(f16::to_bits))
        };
        weights.as_chunks().0.iter().map(narrowed).collect::<Option<_>>().map(Self)
    }

    /// `out = bias + input × weights`, with one bias per output, padded to whole blocks of [`LANES`].
    pub fn multiply(&self, bias: &[f32], input: &[f32], out: &mut [f32]) {
        // SAFETY: a value of this type is made only after both features were found on this processor.
        unsafe { multiply(&self.0, bias.as_chunks().0, input, out) }
    }
}

#[target_feature(enable = "avx,f16c")]
fn multiply(weights: &[[u16; LANES]], bias: &[[f32; LANES]], input: &[f32], out: &mut [f32]) {
    let blocks = weights.chunks_exact(input.len()).zip(bias);
    for ((block, bias), out) in blocks.zip(out.chunks_mut(LANES)) {
        let mut sums: [__m256; LANES / REGISTER] = bytemuck::cast(*bias);
        for (row, input) in block.iter().zip(input) {
            let row: [__m128i; LANES / REGISTER] = bytemuck::cast(*row);
            let input = _mm256_set1_ps(*input);
            for (sum, weights) in sums.iter_mut().zip(row) {
                *sum = _mm256_add_ps(*sum, _mm256_mul_ps(_mm256_cvtph_ps(weights), input));
            }
        }
        let sums: [f32; LANES] = bytemuck::cast(sums);
        out.copy_from_slice(&sums[..out.len()]);
    }
}
