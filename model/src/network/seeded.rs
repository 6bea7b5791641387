//! Random weights that depend on a seed alone.

use super::{Network, Sizes};
use crate::hash::{SPLITMIX64_INCREMENT, splitmix64};
use crate::vocabulary::Vocabulary;
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};

impl Network {
    /// A network for tests and examples, on the processor. Its weights are the same for the same seed, while burn draws
    /// those of [`Network::new`] from one generator for all threads.
    pub fn seeded(vocabulary: &Vocabulary, sizes: Sizes, seed: u64) -> Self {
        Self::new(vocabulary, sizes, 0.0, &Device::flex()).map(&mut Draws { state: splitmix64(seed) })
    }
}

struct Draws {
    state: u64,
}

impl Draws {
    /// From -1 to below 1.
    fn next(&mut self) -> f32 {
        /// So many bits of the generator fill the digits of a number in single precision.
        const BITS: u32 = 24;
        self.state = self.state.wrapping_add(SPLITMIX64_INCREMENT);
        #[expect(clippy::cast_precision_loss, reason = "24 bits")]
        let share = (splitmix64(self.state) >> (u64::BITS - BITS)) as f32 / (1_u32 << BITS) as f32;
        2.0 * share - 1.0
    }
}

impl ModuleMapper for Draws {
    /// The usual bound of a linear map, which has its inputs in the first dimension.
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.val().dims();
        #[expect(clippy::cast_precision_loss, reason = "widths are small")]
        let bound = 1.0 / (shape[0] as f32).sqrt();
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| bound * self.next()).collect();
        param.map(|old| Tensor::from_data(TensorData::new(numbers, shape), &old.device()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_weights_each_time() {
        let sizes = Sizes { layers: 2, hidden: 16, event: 16, head: 16 };
        let weights = |seed| {
            let network = Network::seeded(&Vocabulary::solo(), sizes, seed);
            let parts = [&network.event.weight, &network.cells[1].weight, &network.pitch.out.weight];
            parts.map(|part| part.val().to_data())
        };
        let (one, other) = (weights(1), weights(2));
        assert_eq!(one, weights(1));
        assert!(one.iter().zip(&other).all(|(one, other)| one != other));
    }
}
