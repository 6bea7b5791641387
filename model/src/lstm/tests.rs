use super::half::{HalfWeights, LANES};
use super::kernel::{exp, multiply, tanh};
use super::*;
use crate::lookback::RepeatFeatures;
use crate::lookback::{MOTIF_LENGTHS, MotifMatch};
use crate::network::{Batch, SequenceStep, Sizes};
use crate::note::Ticks;
use crate::weights::{ModelCard, Provenance};
use burn::tensor::Device;

const NOTES: u8 = 40;

/// Steps with every kind of class and feature in them.
fn steps(vocabulary: &Vocabulary) -> Vec<SequenceStep> {
    let counts = vocabulary.counts();
    let class = |number: u8, of: usize| u8::try_from((usize::from(number).pow(2) + 3) % of).unwrap();
    let note = |number: u8| Tokens {
        step: class(number, counts.step),
        pitch: class(number + 1, counts.pitch),
        duration: class(number + 2, counts.duration),
        velocity: class(number + 3, counts.velocity),
        place: class(number + 4, counts.place),
        metre: class(number, counts.metre),
        chord: class(number + 5, counts.chord),
        bass: class(number + 6, counts.bass),
    };
    let features = |number: u8| LookBackFeatures {
        figure: MotifMatch {
            length: class(number, MOTIF_LENGTHS),
            pitch: class(number + 1, counts.pitch + 1),
            step: class(number + 2, counts.step + 1),
            duration: class(number + 3, counts.duration + 1),
        },
        steps: std::array::from_fn(|place| class(number * 4 + u8::try_from(place).unwrap(), counts.step + 1)),
        profile: std::array::from_fn(|tone| f32::from(class(number, tone + 2)) / 12.0),
    };
    let repeats = |number: u8| RepeatFeatures {
        pitches: std::array::from_fn(|place| class(number * 3 + u8::try_from(place).unwrap(), counts.pitch + 1)),
        durations: std::array::from_fn(|place| class(number * 5 + u8::try_from(place).unwrap(), counts.duration + 1)),
    };
    let step = |number| SequenceStep {
        heard: note(number),
        features: features(number),
        next: Some(note(number + 1)),
        repeats: repeats(number),
        begins: false,
    };
    (0..NOTES).map(step).collect()
}

#[test]
fn note_by_note_it_says_what_the_network_in_burn_says() {
    for vocabulary in [Vocabulary::dance(), Vocabulary::solo(), Vocabulary::piano()] {
        check_against_burn(vocabulary);
    }
}

fn check_against_burn(vocabulary: Vocabulary) {
    let device = Device::flex();
    let sizes = Sizes { layers: 2, hidden: 48, event: 32, head: 80 };
    let network = Network::seeded(&vocabulary, sizes, 0);
    let steps = steps(&vocabulary);
    let model = Model::new(ModelCard::new("test", vocabulary, sizes, Provenance::default()), &network);
    let batch = Batch::of(std::slice::from_ref(&steps), model.vocabulary(), &device);
    let (logits, _) = network.forward(&batch, network.initial_state(1, &device));
    let (mut state, mut buffers) = (model.initial_state(), InferenceBuffers::default());
    // Sums of some hundred terms in another order differ in the last of seven digits.
    let same = |ours: &[f32], theirs: &Tensor<2>, note: usize| {
        let theirs = floats(&theirs.clone().narrow(0, note, 1));
        assert_eq!(ours.len(), theirs.len());
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-5, "note {note}: {worst}");
    };
    for (index, step) in steps.iter().enumerate() {
        let next = step.next.unwrap();
        model.step(step.heard, step.features, &mut state, &mut buffers);
        let mut heads = model.heads(&state, &mut buffers);
        same(heads.step_logits(), &logits.step, index);
        same(heads.pitch_logits(next, step.repeats), &logits.pitch, index);
        same(heads.duration_logits(next, step.repeats), &logits.duration, index);
        match (heads.velocity_logits(next), &logits.velocity) {
            (Some(ours), Some(theirs)) => same(ours, theirs, index),
            (None, None) => {}
            _ => panic!("one of the two has no velocity"),
        }
    }
    check_ngram(model, &steps, &logits.pitch);
}

/// With an n-gram model the pitch logits are the sum of both; the other heads do not change.
fn check_ngram(model: Model, steps: &[SequenceStep], pitches: &Tensor<2>) {
    let ngram = NgramModel::with_two_figures();
    let model = model.with_ngram(Some(ngram.clone()));
    let (mut state, mut buffers, mut past, mut context) =
        (model.initial_state(), InferenceBuffers::default(), PitchHistory::default(), Vec::new());
    let mut most = 0.0;
    for (index, step) in steps.iter().enumerate() {
        model.step(step.heard, step.features, &mut state, &mut buffers);
        past.push(step.heard.pitch);
        let mut heads = model.heads(&state, &mut buffers);
        let ours = heads.pitch_logits(step.next.unwrap(), step.repeats);
        let theirs = floats(&pitches.clone().narrow(0, index, 1));
        let weight = ngram.mixing_weights()[usize::from(step.features.figure.length)];
        assert!(ngram.log_ratios(&past, theirs.len(), &mut context));
        for (class, (our, their)) in ours.iter().zip(&theirs).enumerate() {
            assert!((our - (their + weight * context[class])).abs() < 2e-5, "note {index}");
            most = context[class].max(most);
        }
    }
    assert!(most > 1.0, "the n-gram model must have an effect");
}

#[test]
fn the_exponential_is_right_to_six_digits_and_never_overflows() {
    for step in -8000i16..=8000 {
        let x = f32::from(step) / 100.0;
        let error = (f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs();
        assert!(error < 1e-6, "exp({x}): {error}");
    }
    assert!(exp(f32::INFINITY).is_finite() && exp(f32::NEG_INFINITY) >= 0.0);
    assert!((tanh(20.0) - 1.0).abs() < 1e-6 && (tanh(-20.0) + 1.0).abs() < 1e-6 && tanh(0.0).abs() < 1e-6);
}

#[test]
fn a_grid_point_has_a_class_for_each_of_its_ticks() {
    // Places have a resolution of four ticks, which must keep sixteenths and triplets apart.
    let vocabulary = Vocabulary::dance();
    let bars = Some(crate::note::Bars { line: Ticks::ZERO, metre: crate::note::Metre::COMMON });
    let places: Vec<_> = [0, 12, 16, 24, 32, 36, 48].map(|tick| vocabulary.place_class(Ticks(tick), bars)).to_vec();
    assert!(places.is_sorted_by(|a, b| a < b) && places[0] > 0, "{places:?}");
}

/// Weights in half precision give the same bits as in single precision, in every size, also with the smallest numbers.
#[test]
fn half_precision_gives_the_same_bits() {
    let mut state = 1_u32;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ::half::f16::from_bits(u16::try_from(state >> 16).unwrap()).to_f32()
    };
    let mut finite = || std::iter::repeat_with(&mut number).find(|number| number.is_finite()).unwrap();
    for (inputs, outputs) in [(1, 1), (3, 64), (256, 1024), (17, 200)] {
        let blocks = usize::div_ceil(outputs, LANES);
        let weights: Vec<f32> = (0..blocks * inputs * LANES).map(|_| finite()).collect();
        let bias: Vec<f32> = (0..blocks * LANES).map(|_| finite()).collect();
        let input: Vec<f32> = (0..inputs).map(|_| finite() / 3.0).collect();
        let (mut single, mut half) = (vec![0.0; outputs], vec![1.0; outputs]);
        multiply(&weights, &bias, &input, &mut single);
        let Some(halved) = HalfWeights::of(&weights) else {
            println!("this processor does not widen halves");
            return;
        };
        halved.multiply(&bias, &input, &mut half);
        let as_bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        assert_eq!(as_bits(&half), as_bits(&single), "{inputs} inputs, {outputs} outputs");
        let finer = [&weights[1..], &[0.1]].concat();
        assert!(HalfWeights::of(&finer).is_none(), "a weight that would change stays as it is");
    }
}
