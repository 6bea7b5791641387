//! Writes down every event of a fixed set of offline renders, so that two builds can be compared note for note.
//!
//! The sequences are those of the random host that render from their first block to their last: all modes and styles,
//! loops, jumps, changes of tempo and metre, odd blocks. Started by `cargo xtask renders`, which builds the plugin
//! first.

use anyhow::{Context, Result, bail};
use segue_tests::bundle::Bundle;
use segue_tests::random_host::generator;
use segue_tests::random_host::param_map::{Param, ParamMap};
use segue_tests::random_host::play::play;
use segue_tests::random_host::sequence::{Action, Sequence};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Enough for every mode and style to meet every kind of transport.
const USUAL_COUNT: usize = 30;

/// The value of the parameter *Render* at which Segue never waits.
const LIVE: f64 = 2.0;

const USAGE: &str = "usage: cargo xtask renders --out FILE [--count N]";

fn main() -> ExitCode {
    match record(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("renders: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn record(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let (mut plugin, mut out, mut count) = (None, None, USUAL_COUNT);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{argument} needs a value; {USAGE}"))?;
        match argument.as_str() {
            "--plugin" => plugin = Some(PathBuf::from(value)),
            "--out" => out = Some(PathBuf::from(value)),
            "--count" => count = value.parse().with_context(|| format!("--count takes a number, not {value}"))?,
            other => bail!("there is no option {other}; {USAGE}"),
        }
    }
    let bundle = Bundle::load(&plugin.with_context(|| format!("--plugin names the built plugin; {USAGE}"))?)?;
    let out = out.with_context(|| format!("--out names the file to write; {USAGE}"))?;
    let param_map = ParamMap::new(bundle.open()?.parameters())?;
    let mut text = String::new();
    let sequences =
        (0..).map(|seed| generator::sequence(seed, &param_map)).filter(|sequence| renders(sequence, &param_map));
    for sequence in sequences.take(count) {
        let recording = play(&sequence, &bundle, &param_map)?;
        writeln!(text, "sequence {}: {} notes", sequence.seed, recording.count_notes())?;
        for (number, take) in recording.takes.iter().enumerate() {
            for event in &take.events {
                writeln!(text, "{number} {} {:?}", event.at, event.sent)?;
            }
        }
    }
    std::fs::write(&out, text).with_context(|| format!("{}: cannot be written", out.display()))
}

/// Whether the result of a sequence is independent of the speed of this machine.
fn renders(sequence: &Sequence, param_map: &ParamMap) -> bool {
    let render = param_map.place(Param::Render);
    let is_live = sequence.settings.iter().any(|(place, value)| *place == render && (*value - LIVE).abs() < 0.5);
    let is_turned = |action: &Action| matches!(action, Action::SetParam { place, .. } if *place == render);
    let all_render = sequence
        .activations
        .iter()
        .all(|activation| activation.offline && !activation.actions.iter().any(|(_, action)| is_turned(action)));
    all_render && !is_live
}
