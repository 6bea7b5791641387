//! The LSTM cell ([Hochreiter and Schmidhuber 1997](https://doi.org/10.1162/neco.1997.9.8.1735), with forget gates) for
//! one step, with one matrix product for all four gates.

use burn::module::Param;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{sigmoid, tanh};
use burn::tensor::{Device, Tensor};

/// The gates of a cell: input, forget, output, candidate.
pub(crate) const GATES: usize = 4;

/// A layer with random weights as one linear map, `[input + hidden → 4 × hidden]`. The forget gates start open
/// ([Jozefowicz et al. 2015](https://proceedings.mlr.press/v37/jozefowicz15.html)).
pub fn layer(input: usize, hidden: usize, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(input + hidden, GATES * hidden).init(device);
    let open = Tensor::cat(
        vec![Tensor::zeros([hidden], device), Tensor::ones([hidden], device), Tensor::zeros([2 * hidden], device)],
        0,
    );
    linear.bias = Some(Param::from_tensor(open));
    linear
}

/// The hidden and the cell state after one step, from the input and the states before it; `[batch, width]` each.
pub fn step(layer: &Linear, input: Tensor<2>, (hidden, memory): (Tensor<2>, Tensor<2>)) -> (Tensor<2>, Tensor<2>) {
    let width = hidden.dims()[1];
    let gates = layer.forward(Tensor::cat(vec![input, hidden], 1)); // [batch, 4 hidden]
    let open = sigmoid(gates.clone().narrow(1, 0, 3 * width));
    let candidate = tanh(gates.narrow(1, 3 * width, width));
    let gate = |index: usize| open.clone().narrow(1, index * width, width);
    let memory = gate(1) * memory + gate(0) * candidate;
    (gate(2) * tanh(memory.clone()), memory)
}
