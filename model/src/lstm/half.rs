//! Matrix products whose weights stay in half precision, on processors that widen them as fast as they read them.
//!
//! The weights of a file are in half precision. Kept so, they take half the room: those of two layers of 256 units fit
//! the second cache of many processors, and in single precision they do not. Each weight is widened exactly, and
//! multiplied and added in the same order as in single precision, so every bit of the result is the same.

#[cfg(target_arch = "x86_64")]
mod x86;

/// Outputs computed side by side. Their sums fit the registers of every processor since AVX.
pub const LANES: usize = 64;

/// Packed weights in half precision. A value exists only where the processor widens them. On processors without such an
/// instruction, and where this build knows none, weights stay in single precision.
#[derive(Debug, Clone)]
pub struct HalfWeights(
    #[cfg(target_arch = "x86_64")] Vec<[u16; LANES]>,
    #[cfg(not(target_arch = "x86_64"))] std::convert::Infallible,
);

#[cfg(not(target_arch = "x86_64"))]
impl HalfWeights {
    /// Always `None`.
    pub fn of(_: &[f32]) -> Option<Self> {
        None
    }

    /// Never called, because there is no value.
    pub fn multiply(&self, _: &[f32], _: &[f32], _: &mut [f32]) {
        match self.0 {}
    }
}
