//! Which device runs the models. That depends on the machine and not on the song, so an environment variable decides:
//! `SEGUE_DEVICE=gpu`.

use segue_model::device::{ComputeDevice, DeviceError};
use std::sync::OnceLock;

/// The variable; its value is `cpu` or `gpu`.
const VARIABLE: &str = "SEGUE_DEVICE";

/// Determined once per process, because graphics cards do not come and go.
static CHOICE: OnceLock<(ComputeDevice, Option<String>)> = OnceLock::new();

/// The device for models: the CPU, unless another one is asked for and works. Opening a graphics card takes long: not
/// for the audio thread.
pub(super) fn chosen() -> ComputeDevice {
    CHOICE.get_or_init(|| choice(std::env::var(VARIABLE).ok().as_deref())).0
}

/// Why the requested device is not used, as a sentence; `None` if it is used, or before the first use.
pub fn problem() -> Option<&'static str> {
    CHOICE.get()?.1.as_deref()
}

fn choice(requested: Option<&str>) -> (ComputeDevice, Option<String>) {
    let there = |place: ComputeDevice| -> Result<ComputeDevice, DeviceError> { place.open().map(|_| place) };
    match requested.map_or(Ok(ComputeDevice::Cpu), |name| name.parse().and_then(there)) {
        Ok(place) => (place, None),
        Err(error) => (ComputeDevice::Cpu, Some(format!("{VARIABLE}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::styles;
    use segue_engine::link::{Command, Generation, Reply, Request, TurnNumber, WorkerPort, link};
    use segue_engine::time::swing::Swing;
    use segue_engine::worker::Worker;
    use segue_model::improviser::{Begin, Improviser};
    use segue_model::lstm::Model;
    use segue_model::note::{Bars, Metre, Note, Ticks};
    use segue_model::sampling::SamplingParameters;
    use std::sync::Arc;

    #[test]
    fn what_cannot_be_had_is_said_and_the_processor_thinks() {
        assert_eq!(choice(None), (ComputeDevice::Cpu, None));
        assert_eq!(choice(Some("cpu")), (ComputeDevice::Cpu, None));
        let (place, problem) = choice(Some("tpu"));
        assert_eq!(place, ComputeDevice::Cpu);
        assert!(problem.is_some_and(|problem| problem.contains("tpu") && problem.starts_with(VARIABLE)));
        if !cfg!(feature = "gpu") {
            assert!(choice(Some("gpu")).1.is_some_and(|problem| problem.contains("without")));
        }
    }

    /// A worker decides the same notes on the graphics card and on the processor.
    ///
    /// Any Vulkan driver will do, even Mesa's for the processor. Without the feature `gpu` the processor decides twice,
    /// so that this test is compiled with all others.
    #[test]
    fn the_graphics_card_decides_the_notes_of_the_processor() {
        let (other, problem) = choice(cfg!(feature = "gpu").then_some("gpu"));
        assert_eq!((problem, other != ComputeDevice::Cpu), (None, cfg!(feature = "gpu")));
        let expected = decided_notes(ComputeDevice::Cpu);
        assert!(expected.len() > 8);
        assert_eq!(expected, decided_notes(other));
    }

    /// The first two bars of an answer in a style of ours.
    fn decided_notes(place: ComputeDevice) -> Vec<Note> {
        let weights = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/irish.segue")).unwrap();
        let model = Arc::new(Model::at(place, &weights, "irish").unwrap());
        let make = move |_, before: Option<Improviser>| before.or_else(|| Some(Improviser::new(Arc::clone(&model))));
        let (mut audio, end) = link();
        let worker = Worker::start(end, Arc::default(), make).unwrap();
        audio.set_worker(worker.thread().unwrap());
        let request = Request {
            generation: Generation(1),
            turn: TurnNumber(1),
            begin: Begin::At(Ticks::ZERO),
            horizon: Ticks::quarters(8),
            bars: Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON }),
            form: Ticks::ZERO,
            ends: None,
            along: false,
            sampling: SamplingParameters::default(),
            swing: Swing::STRAIGHT,
        };
        assert!(audio.send(Command::Style(styles::DEFAULT)) && audio.send(Command::Request(request)));
        let mut notes = Vec::new();
        while let Some(Reply::Note { note, .. }) = audio.wait_for_reply_offline() {
            notes.push(note);
        }
        notes
    }
}
