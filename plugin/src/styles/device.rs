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

fn choice(wish: Option<&str>) -> (ComputeDevice, Option<String>) {
    let there = |place: ComputeDevice| -> Result<ComputeDevice, DeviceError> { place.open().map(|_| place) };
    match wish.map_or(Ok(ComputeDevice::Cpu), |name| name.parse().and_then(there)) {
        Ok(place) => (place, None),
        Err(error) => (ComputeDevice::Cpu, Some(format!("{VARIABLE}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    /// Any Vulkan driver will do, Mesa's for the processor too.
    #[cfg(feature = "gpu")]
    #[test]
    fn the_graphics_card_decides_the_notes_of_the_processor() {
        use crate::styles;
        use segue_engine::link::{Planned, ToMind, Wish, link};
        use segue_engine::worker::Room;
        use segue_model::improviser::{Begin, Improviser};
        use segue_model::lstm::Model;
        use segue_model::note::{Bars, Metre, Ticks};
        use segue_model::sampling::SamplingParameters;
        use std::sync::Arc;

        assert_eq!(choice(Some("gpu")), (ComputeDevice::Gpu, None));
        let weights = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/irish.segue")).unwrap();
        let notes = |place| {
            let model = Arc::new(Model::at(place, &weights, "irish").unwrap());
            let (mut audio, end) = link();
            let make =
                move |_, before: Option<Improviser>| before.or_else(|| Some(Improviser::new(Arc::clone(&model))));
            let mut room = Room::new(end, Arc::default(), make);
            let wish = Wish {
                generation: 1,
                turn: 1,
                begin: Begin::At(Ticks::ZERO),
                horizon: Ticks::quarters(8),
                bars: Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON }),
                form: Ticks::ZERO,
                ends: None,
                knobs: SamplingParameters::default(),
            };
            use segue_engine::link::Nerve;
            assert!(audio.tell(ToMind::Style(styles::DEFAULT)) && audio.tell(ToMind::Wish(wish)));
            room.work_off();
            let said: Vec<Planned> = std::iter::from_fn(|| audio.reply()).collect();
            said.into_iter().filter(|said| matches!(said, Planned::Note { .. })).collect::<Vec<_>>()
        };
        let (processor, card) = (notes(ComputeDevice::Cpu), notes(ComputeDevice::Gpu));
        assert!(processor.len() > 8);
        assert_eq!(processor, card);
    }
}
