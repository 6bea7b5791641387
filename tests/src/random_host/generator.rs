//! Turns a seed into a sequence: what a player, a host and someone at the controls may do in a minute.

mod player;
#[cfg(test)]
mod tests;
mod transport;

use super::param_map::{Param, ParamMap};
use super::sequence::{Action, Activation, Return, Sequence};
use crate::blocks::Blocks;
use crate::instance::Parameter;
use crate::rng::Rng;
use crate::timeline::{Frame, Timeline, TransportReport, frames};

/// The value of *Sends* for line and comping.
const SENDS_BOTH: f64 = 2.0;
/// The length of a sequence's music.
pub const SECONDS: f64 = 60.0;
/// This long before the end of a sequence, the song stops and every key goes up.
const CLOSING_SECONDS: f64 = 0.3;

/// How much happens at once. Calm sequences test the strict rules, wild ones the safety of everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intensity {
    Calm,
    Lively,
    Wild,
}

impl Intensity {
    const fn of<T: Copy>(self, [calm, lively, wild]: [T; 3]) -> T {
        match self {
            Self::Calm => calm,
            Self::Lively => lively,
            Self::Wild => wild,
        }
    }
}

/// The sequence for a seed.
pub fn sequence(seed: u64, param_map: &ParamMap) -> Sequence {
    let mut rng = Rng::new(seed);
    let intensity = rng.weigh(&[(45, Intensity::Calm), (35, Intensity::Lively), (20, Intensity::Wild)]);
    let settings = settings(&mut rng.fork(), param_map, intensity);
    let chart = *rng.pick(&["", "", "C7 | F7 | C7 | G7", "Dm7 G7 | Cmaj7 | Am7 D7 | Gmaj7", "Am | Am/G | F | E7"]);
    let count = rng.weigh(&[(6, 1_u32), (3, 2), (1, 4)]);
    let live = rng.chance(15);
    let activations = (1..=count).map(|index| {
        let seconds = SECONDS / f64::from(count);
        activation(&mut rng.fork(), param_map, intensity, seconds, index == count, !live || rng.chance(30))
    });
    let activations = activations.collect();
    Sequence { seed, settings, chart, activations }
}

fn settings(rng: &mut Rng, param_map: &ParamMap, intensity: Intensity) -> Vec<(usize, f64)> {
    let mut settings = Vec::new();
    for (place, parameter) in param_map.parameters().iter().enumerate() {
        let value = match param_map.param_at(place) {
            Some(Param::Mode) => rng.weigh(&[(4, 0.0), (3, 1.0), (3, 2.0)]),
            // Values that render fast, or are heard on a grid, come more often.
            Some(Param::Sound) => f64::from(u8::from(rng.chance(20))),
            Some(Param::Style) => rng.weigh(&[(2, 0.0), (2, 1.0), (4, 2.0), (4, 3.0), (3, 4.0)]),
            Some(Param::Render) => rng.weigh(&[(85, 0.0), (10, 1.0), (5, 2.0)]),
            // Notes that are passed through have rules of their own.
            Some(Param::Thru) => f64::from(u8::from(rng.chance(30))),
            Some(Param::Yield) if rng.chance(50) => 0.0,
            // A session without notes tests little.
            Some(Param::Mute) => f64::from(u8::from(rng.chance(2))),
            Some(Param::Sends) if rng.chance(70) => SENDS_BOTH,
            _ if rng.chance(intensity.of([8, 15, 35])) => any_value(rng, param_map, place, parameter),
            _ => continue,
        };
        settings.push((place, value));
    }
    settings
}

fn any_value(rng: &mut Rng, param_map: &ParamMap, place: usize, parameter: &Parameter) -> f64 {
    let between = |rng: &mut Rng, least, most| frames(rng.between(least, most));
    match param_map.param_at(place) {
        Some(Param::Style) if rng.chance(90) => between(rng, 0, 4),
        Some(Param::LowestKey) => between(rng, 0, 64),
        Some(Param::HighestKey) => between(rng, 60, 127),
        Some(Param::DroneBelow) => between(rng, 0, 72),
        _ if parameter.stepped => between(rng, 0, whole(parameter.max)),
        _ => match rng.below(8) {
            0 => parameter.min,
            1 => parameter.max,
            _ => rng.real(parameter.min, parameter.max),
        },
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "frames and steps, above zero and small")]
fn whole(number: f64) -> u64 {
    number as u64
}

fn activation(
    rng: &mut Rng,
    param_map: &ParamMap,
    intensity: Intensity,
    seconds: f64,
    last: bool,
    offline: bool,
) -> Activation {
    let rates = [(8, 44_100.0), (10, 48_000.0), (2, 88_200.0), (2, 96_000.0), (1, 192_000.0), (1, 22_050.0)];
    let rate = rng.weigh(&rates);
    let length = whole(seconds * rate);
    let largest = *rng.pick(&[64, 128, 256, 441, 480, 512, 777, 1024, 2048, 4096]);
    let seed = rng.next_u64();
    let blocks = match rng.below(10) {
        0..=3 => Blocks::Of(largest),
        4 | 5 => Blocks::Random { seed, largest },
        _ => Blocks::Mixed { seed, largest },
    };
    let tells = [
        (60, TransportReport::Everything),
        (12, TransportReport::WrongBars),
        (6, TransportReport::NoBars),
        (5, TransportReport::NoMetre),
        (8, TransportReport::OnlyTempo),
        (9, TransportReport::Nothing),
    ];
    let report = rng.weigh(&tells);
    let mut timeline = transport::timeline(&mut rng.fork(), intensity, rate, length);
    let end = if last { length - whole(CLOSING_SECONDS * rate) } else { length };
    let mut actions = player::actions(rng.fork(), param_map, intensity, rate, end);
    actions.retain(|(at, _)| *at < end);
    if last {
        close(&mut actions, &mut timeline, end, length);
    }
    let mid_block = rng.chance(25);
    let loops_back = rng.chance(8).then(|| match blocks {
        Blocks::Of(_) if rng.chance(50) => Return::ABlockLater,
        _ => Return::WithTheNextBlock,
    });
    let mut activation = Activation { timeline, report, mid_block, blocks, loops_back, offline, actions, length };
    activation.sort();
    activation
}

/// The song stops, every key and pedal goes up, and a little later the host releases everything once more.
fn close(actions: &mut Vec<(Frame, Action)>, timeline: &mut Timeline, end: Frame, length: Frame) {
    timeline.ends(end);
    actions.push((end, Action::OutputRoom(u32::MAX)));
    actions.extend((0..16).map(|channel| (end, Action::Midi([0xB0 | channel, 64, 0]))));
    actions.push((end, Action::NoteOff { channel: None, key: None, id: None, choke: false }));
    actions.push((end.midpoint(length), Action::Reset));
}
