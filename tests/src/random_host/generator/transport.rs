//! What the transport of a generated sequence does.

use super::{Intensity, whole};
use crate::rng::Rng;
use crate::timeline::{Frame, Timeline, frames};
use segue_model::note::Metre;

fn any_tempo(rng: &mut Rng) -> f64 {
    match rng.below(4) {
        0 => *rng.pick(&[60.0, 90.0, 120.0, 140.0, 180.0, 240.0]),
        1 => rng.real(40.0, 300.0),
        _ => rng.real(70.0, 180.0).round(),
    }
}

fn any_metre(rng: &mut Rng) -> Metre {
    let metres = [(5, (4, 4)), (2, (3, 4)), (2, (6, 8)), (1, (5, 4)), (1, (7, 8)), (1, (2, 4)), (1, (12, 8))];
    let (numerator, denominator) = rng.weigh(&metres);
    Metre::new(numerator, denominator).unwrap_or(Metre::COMMON)
}

/// Usually a whole beat; it may be negative.
fn any_place(rng: &mut Rng) -> f64 {
    match rng.below(8) {
        0 => -rng.real(0.0, 40.0).round(),
        1 => rng.real(-20.0, 400.0),
        2 => rng.real(1_000.0, 20_000.0).round(),
        _ => rng.real(0.0, 200.0).round(),
    }
}

pub(super) fn timeline(rng: &mut Rng, intensity: Intensity, rate: f64, length: Frame) -> Timeline {
    let mut timeline = Timeline::steady(rate, any_tempo(rng), any_metre(rng));
    if rng.chance(30) {
        timeline.jump(0, any_place(rng));
    }
    if rng.chance(20) {
        // Begins after an upbeat of some eighths.
        timeline.bar_line(0, frames(rng.between(1, 7)) / 2.0, 0);
    }
    if rng.chance(15) {
        timeline.playing(0, false);
    }
    let pause = intensity.of([(8.0, 30.0), (2.0, 12.0), (0.2, 6.0)]);
    let mut at = whole(rng.real(0.0, pause.1) * rate);
    while at < length {
        at = change(rng, &mut timeline, at, rate) + 1 + whole(rng.real(pause.0, pause.1) * rate);
    }
    timeline
}

/// One change of the transport; returns where it ends.
fn change(rng: &mut Rng, timeline: &mut Timeline, at: Frame, rate: f64) -> Frame {
    match rng.below(12) {
        0..=2 => {
            timeline.tempo(at, any_tempo(rng));
            at
        }
        3 | 4 => ramp(rng, timeline, at, rate),
        5 | 6 => {
            let at = next_beat(timeline, at, rate);
            timeline.metre(at, any_metre(rng));
            at
        }
        7 | 8 => stop(rng, timeline, at, rate),
        9 => {
            timeline.jump(at, any_place(rng)).playing(at, true);
            at
        }
        _ => go_round(rng, timeline, at, rate),
    }
}

/// Steps of tempo, as hosts make them from a slope.
fn ramp(rng: &mut Rng, timeline: &mut Timeline, from: Frame, rate: f64) -> Frame {
    let (begin, end) = (timeline.tempo_bpm(from), any_tempo(rng));
    let steps = rng.between(4, 40);
    let every = rng.between(32, whole(rate / 8.0));
    for step in 1..=steps {
        timeline.tempo(from + step * every, begin + (end - begin) * frames(step) / frames(steps));
    }
    from + steps * every
}

fn stop(rng: &mut Rng, timeline: &mut Timeline, at: Frame, rate: f64) -> Frame {
    timeline.playing(at, false);
    let again = at + 1 + whole(rng.real(0.0, 4.0) * rate);
    if rng.chance(50) {
        timeline.jump(again, any_place(rng));
    }
    timeline.playing(again, true);
    again
}

/// A loop of a few beats, repeated a few times.
fn go_round(rng: &mut Rng, timeline: &mut Timeline, at: Frame, rate: f64) -> Frame {
    if !timeline.is_playing(at) {
        timeline.playing(at, true);
    }
    let from = next_beat(timeline, at, rate);
    let begin = timeline.beats(from);
    let beats = frames(rng.between(1, 16));
    let round = whole((beats * 60.0 / timeline.tempo_bpm(from) * rate).round()).max(1);
    timeline.show_loop(begin, begin + beats);
    let times = rng.between(1, 4);
    for time in 1..=times {
        timeline.jump(from + time * round, begin);
    }
    from + times * round
}

/// The frame of the next whole beat, or this frame if the song stands.
fn next_beat(timeline: &Timeline, at: Frame, rate: f64) -> Frame {
    if !timeline.is_playing(at) {
        return at;
    }
    let beats = timeline.beats(at);
    at + whole(((beats.ceil() - beats) * 60.0 / timeline.tempo_bpm(at) * rate).round())
}
