//! The arithmetic of inference: embedding rows, packed matrix products and the LSTM cell.

use super::half::{HalfWeights, LANES};
use crate::lookback::PROFILE;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use multiversion::multiversion;

/// An embedding table. Looked-up rows are added to a sum.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub width: usize,
    pub numbers: Vec<f32>,
}

impl Rows {
    pub(super) fn add(&self, rows: impl Iterator<Item = usize>, sum: &mut [f32]) {
        for row in rows {
            sum.iter_mut().zip(self.row(row)).for_each(|(sum, number)| *sum += number);
        }
    }

    /// Adds each row times its share.
    pub(super) fn add_shares(&self, shares: &[f32; PROFILE], sum: &mut [f32]) {
        for (row, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            sum.iter_mut().zip(self.row(row)).for_each(|(sum, number)| *sum += share * number);
        }
    }

    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.numbers[row * self.width..(row + 1) * self.width]
    }
}

/// A linear map.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub outputs: usize,
    inputs: usize,
    product: Product,
}

/// Where the matrix product is computed.
#[derive(Debug, Clone)]
pub(super) enum Product {
    /// On this processor.
    Packed {
        weights: PackedWeights,
        /// One per output, padded with zeros to whole blocks.
        bias: Vec<f32>,
    },
    /// On a graphics card.
    OnDevice(Box<OnDevice>),
}

/// For each block of [`LANES`] outputs, the weights of one input after another.
#[derive(Debug, Clone)]
pub(super) enum PackedWeights {
    Single(Vec<f32>),
    Half(HalfWeights),
}

/// A linear map on a device: weights `[inputs, outputs]` and bias `[1, outputs]`.
#[derive(Debug, Clone)]
pub(super) struct OnDevice {
    weights: Tensor<2>,
    bias: Tensor<2>,
    device: Device,
}

impl Matrix {
    pub(super) fn of(device: Option<&Device>, linear: &Linear) -> Self {
        let (weight, bias) = numbers(linear);
        Self::new(device, &weight, &bias, linear.weight.dims()[1])
    }

    /// `weight` is `[inputs, outputs]`, row-major. An empty bias is zero.
    pub(super) fn new(device: Option<&Device>, weight: &[f32], bias: &[f32], outputs: usize) -> Self {
        let inputs = weight.len() / outputs;
        let mut bias = bias.to_vec();
        let product = if let Some(device) = device {
            bias.resize(outputs, 0.0);
            let sent = |numbers: Vec<f32>, rows| Tensor::from_data(TensorData::new(numbers, [rows, outputs]), device);
            let (weights, bias) = (sent(weight.to_vec(), inputs), sent(bias, 1));
            Product::OnDevice(Box::new(OnDevice { weights, bias, device: device.clone() }))
        } else {
            let blocks = outputs.div_ceil(LANES);
            let mut weights = vec![0.0; blocks * inputs * LANES];
            for (input, row) in weight.chunks_exact(outputs).enumerate() {
                for (block, part) in row.chunks(LANES).enumerate() {
                    let to = (block * inputs + input) * LANES;
                    weights[to..to + part.len()].copy_from_slice(part);
                }
            }
            bias.resize(blocks * LANES, 0.0);
            let weights = HalfWeights::of(&weights).map_or(PackedWeights::Single(weights), PackedWeights::Half);
            Product::Packed { weights, bias }
        };
        Self { outputs, inputs, product }
    }

    pub(super) fn times(&self, input: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; self.outputs];
        self.apply(input, &mut out);
        out
    }

    pub(super) fn apply(&self, input: &[f32], out: &mut [f32]) {
        let input = &input[..self.inputs];
        match &self.product {
            Product::Packed { weights: PackedWeights::Single(weights), bias } => multiply(weights, bias, input, out),
            Product::Packed { weights: PackedWeights::Half(weights), bias } => weights.multiply(bias, input, out),
            Product::OnDevice(remote) => {
                let input = Tensor::<2>::from_data(TensorData::new(input.to_vec(), [1, self.inputs]), &remote.device);
                let sum = input.matmul(remote.weights.clone()) + remote.bias.clone();
                out[..self.outputs].copy_from_slice(&floats(&sum));
            }
        }
    }
}

/// `out = bias + input × weights`, with weights packed as in [`PackedWeights`].
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2", "x86_64+avx"))]
pub(super) fn multiply(weights: &[f32], bias: &[f32], input: &[f32], out: &mut [f32]) {
    let blocks = weights.chunks_exact(input.len() * LANES).zip(bias.chunks_exact(LANES));
    for ((block, bias), out) in blocks.zip(out.chunks_mut(LANES)) {
        let mut sums = [0.0; LANES];
        sums.copy_from_slice(bias);
        for (row, input) in block.chunks_exact(LANES).zip(input) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += weight * input;
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
    }
}

/// Updates hidden and cell state from the gates, as `network::lstm` does. `gates` is `[4 × hidden]`: input, forget,
/// output, candidate.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2", "x86_64+avx"))]
pub(super) fn lstm_cell(gates: &[f32], outputs: &mut [f32], cells: &mut [f32]) {
    let width = outputs.len();
    let (open, candidate) = gates.split_at(3 * width);
    let (input, rest) = open.split_at(width);
    let (forget, output) = rest.split_at(width);
    for unit in 0..width {
        let cell = sigmoid(forget[unit]) * cells[unit] + sigmoid(input[unit]) * tanh(candidate[unit]);
        cells[unit] = cell;
        outputs[unit] = sigmoid(output[unit]) * tanh(cell);
    }
}

#[inline]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline]
pub(super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// e^x within 3 units in the last place, without branches, so that loops over it are vectorised.
///
/// x = n ln 2 + r. e^r is the degree-6 polynomial of `expf` in the [Cephes library](https://www.netlib.org/cephes/),
/// and 2^n is written into the exponent bits.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 × 2^23 rounds to an integer.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut polynomial = 1.987_569_2e-4;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5] {
        polynomial = polynomial * r + coefficient;
    }
    let of_r = polynomial * r * r + r + 1.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "n lies in -126..=126, so n + 127 is an exponent"
    )]
    let power = f32::from_bits(((n as i32 + 127) as u32) << 23);
    of_r * power
}

/// The weight `[inputs, outputs]`, row-major, and the bias.
pub(super) fn numbers(linear: &Linear) -> (Vec<f32>, Vec<f32>) {
    (floats(&linear.weight.val()), linear.bias.as_ref().map_or_else(Vec::new, |bias| floats(&bias.val())))
}

pub(super) fn floats<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().convert::<f32>().try_into_vec().unwrap_or_default()
}
