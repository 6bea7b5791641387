//! How long the model alone takes to decide a note: the plugin's weights without host, link or threads.

use crate::performance::Times;
use crate::prompt::Prompt;
use anyhow::Result;
use segue_model::improviser::{Begin, DecisionRequest, HeardKey, Improviser};
use segue_model::lstm::Model;
use segue_model::note::{Bars, Ticks};
use segue_model::sampling::SamplingParameters;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The weights of a style that is built into the plugin.
pub fn shipped_weights(style: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../presets").join(style).with_extension("segue")
}

/// Gives a prompt to a model with these weights, and times the `count` notes that it decides next.
///
/// # Errors
/// When the weights cannot be read.
pub fn decision_times(weights: &Path, prompt: &Prompt, count: usize) -> Result<Times> {
    let mut improviser = Improviser::new(Arc::new(Model::from_file(weights)?));
    let bars = Some(Bars { line: Ticks::ZERO, metre: prompt.metre });
    for (id, note) in (0..).zip(&prompt.notes) {
        let (onset, pitch, velocity) = (note.onset, note.pitch, note.velocity);
        let key = HeardKey {
            id,
            onset,
            pitch,
            velocity,
            bars,
            together: Ticks(1),
            form: Ticks::ZERO,
            gate_percent: 100,
            memory: 1.0,
            seed: 0,
        };
        improviser.hear(key);
        improviser.amend(id, note.duration);
    }
    improviser.catch_up();
    let mut begin = Begin::At(prompt.end);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let ask = DecisionRequest {
            turn: 0,
            begin,
            bars,
            form: Ticks::ZERO,
            ends: None,
            along: false,
            parameters: SamplingParameters::default(),
        };
        let asked = Instant::now();
        let note = improviser.decide(&ask);
        times.push(asked.elapsed());
        begin = Begin::NotBefore(note.onset);
    }
    Ok(Times::of(times))
}
