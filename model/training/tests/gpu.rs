//! The graphics card computes what the processor computes. Any Vulkan driver will do, Mesa's software driver too.

use segue_corpus::abc::parse_book;
use segue_model::device::ComputeDevice;
use segue_model::improviser::{Begin, DecisionRequest, HeardKey, Improviser};
use segue_model::lstm::{InferenceBuffers, Model};
use segue_model::note::{Bars, Metre, Pitch, Ticks, Velocity};
use segue_model::sampling::SamplingParameters;
use segue_model::weights;
use segue_training::dataset::EncodedTune;
use segue_training::{Splits, TrainingPlan, styles, train};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DECISIONS: u32 = 100;
/// Sums of some hundred products in another order, 100 notes long.
const SCORES_DIFFER: f32 = 1e-3;
/// The same after ten optimiser steps, each of which divides by the root of small squared gradients; in nats per note.
const LOSSES_DIFFER: f64 = 1e-4;
const BARS: Bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };

fn irish() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../presets/irish.segue")
}

#[test]
fn a_hundred_decisions_are_those_of_the_processor() {
    let bytes = std::fs::read(irish()).unwrap();
    let mut sides = [ComputeDevice::Cpu, ComputeDevice::Gpu].map(|place| {
        let model = Arc::new(Model::at(place, &bytes, "irish").unwrap());
        let mut improviser = Improviser::new(Arc::clone(&model));
        for (id, pitch) in (0..).zip([62, 64, 66, 69, 66, 64, 62, 57]) {
            let key = HeardKey {
                id,
                onset: Ticks(24 * i64::from(id)),
                pitch: Pitch::new(pitch).unwrap(),
                velocity: Velocity::DEFAULT,
                bars: Some(BARS),
                together: Ticks(3),
                form: Ticks::ZERO,
                gate_percent: 100,
                memory: 1.0,
                seed: 0,
            };
            improviser.hear(key);
            improviser.amend(id, Ticks(22));
        }
        (model, improviser)
    });
    let (mut begin, mut worst) = (Begin::At(Ticks(192)), 0.0_f32);
    for number in 0..DECISIONS {
        let ask = DecisionRequest {
            turn: 1,
            begin,
            bars: Some(BARS),
            form: Ticks::ZERO,
            ends: None,
            along: false,
            parameters: SamplingParameters::default(),
        };
        let [(note, scores), (other, others)] = sides.each_mut().map(|(model, improviser)| {
            let note = improviser.decide(&ask);
            let mut buffers = InferenceBuffers::default();
            (note, model.heads(improviser.state(), &mut buffers).step_logits().to_vec())
        });
        assert_eq!(note, other, "decision {number}");
        worst = scores.iter().zip(&others).map(|(one, other)| (one - other).abs()).fold(worst, f32::max);
        begin = Begin::NotBefore(note.onset);
    }
    println!("the scores differ by {worst:.1e} at most");
    assert!(worst < SCORES_DIFFER && worst > 0.0, "{worst}: too much, or the card was not asked at all");
}

#[test]
fn some_training_steps_lead_where_those_of_the_processor_lead() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tunes/oneills.abc");
    let book = std::fs::read_to_string(book).unwrap();
    let card = weights::card_of(&irish()).unwrap();
    let plan = TrainingPlan {
        vocabulary: card.vocabulary.clone(),
        sizes: card.sizes,
        from: Some(irish()),
        epochs: 1,
        rows: 2,
        steps: 16,
        dropout: 0.0,
        ..styles::plan("irish")
    };
    let pieces = || -> Vec<EncodedTune> {
        let tunes = parse_book(&book, "oneills.abc").tunes;
        tunes.iter().map(|(_, tune)| EncodedTune::of(tune, &plan.vocabulary)).collect()
    };
    let splits = Splits { train: pieces(), valid: pieces(), test: pieces() };
    let folder = std::env::temp_dir().join(format!("segue-gpu-{}", std::process::id()));
    let [cpu, gpu] = [ComputeDevice::Cpu, ComputeDevice::Gpu].map(|place| {
        let folder = folder.join(format!("{place:?}"));
        train(&plan, &splits, place, &folder, &folder.join("out.segue"), "test").unwrap().test.full_context.pitch
    });
    std::fs::remove_dir_all(folder).unwrap();
    println!("after one epoch {cpu} on the processor and {gpu} on the card");
    assert!((cpu - gpu).abs() < LOSSES_DIFFER, "{cpu} and {gpu}");
}
