//! The free vibration of a struck tine, as its pickup hears it, made in blocks.
//!
//! The strike alone determines it. Does not know keys, dampers or other tines.

use fundsp::audionode::AudioNode;
use fundsp::buffer::BufferArray;
use fundsp::oscillator::Sine;
use fundsp::typenum::U1;
use fundsp::{F32x, SIMD_LEN, SIMD_N};
use std::f32::consts::{PI, TAU};

use super::decay::{BLOCK, Decay, STILL, block_s};

/// The amplitude of the hardest strike of middle C. A melody at velocity 100 then peaks near -14 dBFS.
const HARDEST: f32 = 0.38;

const MIDDLE_C_HZ: f32 = 261.625_58;

/// The number of octaves upwards over which each property halves. Low tines are loud, rich and long; high ones are
/// nearly pure.
const LOUDNESS_HALVES: f32 = 6.0;
const BARK_HALVES: f32 = 4.5;
const BELL_HALVES: f32 = 2.5;
const BELL_DECAY_HALVES: f32 = 2.0;
const DECAY_HALVES: f32 = 1.7;

/// The smallest and the largest factor by which the key's position changes its loudness.
const KEY_GAIN: (f32, f32) = (0.6, 1.35);

/// The time constant of the sustained sound at middle C, and the shortest and longest of all keys.
const MIDDLE_DECAY_S: f32 = 1.6;
const DECAY_S: (f32, f32) = (0.1, 5.0);

/// The share of the sound that decays soon after the strike, and its time constant relative to the rest.
const TINE_SHARE: f32 = 0.3;
const TINE_DECAY: f32 = 0.2;

/// The shortest and the longest strike.
const STRIKE_S: (f32, f32) = (0.001, 0.004);

/// The share of the bark that remains when the vibration has become small.
const LASTING_BARK: f32 = 0.4;

/// A larger bend folds the wave over, and the fundamental is lost.
const MAX_BARK: f32 = 1.1;

/// The bend allowed for each harmonic that fits below half the sample rate beyond these; aliasing then stays under -80
/// dB.
const BARK_PER_HARMONIC: f32 = 0.14;
const HARMONICS_WITHOUT_BARK: f32 = 3.0;

/// The amplitude of velocity 127 over velocity 1: 40 dB, because an electric piano answers a wide range of touch.
const DYNAMIC_RANGE: f32 = 100.0;

/// A mode of the tine above its fundamental.
struct VibrationMode {
    /// Frequency over the fundamental's: the bending modes of a bar clamped at one end, (4.694 / 1.875)² and
    /// (7.855 / 1.875)² (Fletcher and Rossing, *The Physics of Musical Instruments*, bars).
    ratio: f32,
    /// Amplitude over the fundamental's at the hardest strike of middle C.
    level: f32,
    /// Time constant at middle C.
    decay_s: f32,
}

/// What sounds beside the fundamental: the bell, and the click of the hammer tip.
const BELL: VibrationMode = VibrationMode { ratio: 6.267, level: 0.24, decay_s: 0.16 };
const TIP: VibrationMode = VibrationMode { ratio: 17.55, level: 0.10, decay_s: 0.03 };

/// How one player's instrument differs from another's.
#[derive(Clone, Copy)]
pub(super) struct Tone {
    /// How far the pickup bends the wave of the hardest strike, in radians; beyond 1 the wave folds over.
    pub bark: f32,
    /// The gain of the bell and the tip.
    pub bell: f32,
    /// The length of the strike relative to the usual one.
    pub softness: f32,
}

/// A mode while it sounds.
struct Ringing {
    fall: Decay,
    frequency: f32,
    oscillator: Sine<f64>,
}

impl Ringing {
    /// Silent from the start if the sample rate cannot carry `frequency`.
    fn new(mut fall: Decay, frequency: f32, sample_rate: f32) -> Self {
        fall.level *= headroom(frequency, sample_rate);
        // At phase zero a sine begins without a step.
        let mut oscillator = Sine::with_phase(0.0);
        oscillator.set_sample_rate(f64::from(sample_rate));
        Self { fall, frequency, oscillator }
    }

    /// Adds its next block to `made`.
    fn add_to(&mut self, made: &mut [f32; BLOCK]) {
        let (start, end) = self.fall.next();
        if start <= 0.0 {
            return;
        }
        let mut frequency = BufferArray::<U1>::new();
        frequency.channel_mut(0).fill(F32x::splat(self.frequency));
        let mut wave = BufferArray::<U1>::new();
        self.oscillator.process(BLOCK, &frequency.buffer_ref(), &mut wave.buffer_mut());
        let level = line((start, end));
        for (i, made) in made.chunks_exact_mut(SIMD_N).enumerate() {
            let ringing = level(i) * wave.at(0, i);
            made.iter_mut().zip(ringing.as_array()).for_each(|(made, ringing)| *made += ringing);
        }
    }
}

/// The contact of the hammer, which softens the first frames.
struct Hammer {
    /// Frames made so far, not counted beyond the strike.
    age: usize,
    /// The length of the strike, in frames.
    strike: usize,
}

impl Hammer {
    /// The contact takes time, so the first period rises along a raised cosine.
    fn soften(&mut self, made: &mut [f32; BLOCK]) {
        for made in made.iter_mut().take(self.strike - self.age) {
            #[allow(clippy::cast_precision_loss, reason = "a strike is a few thousand frames at most")]
            let way = self.age as f32 / self.strike as f32;
            *made *= 0.5 - 0.5 * (PI * way).cos();
            self.age += 1;
        }
    }
}

/// A struck tine.
pub(super) struct Tine {
    sample_rate: f32,
    frequency: f32,
    /// The phase of the fundamental, 0 to 1.
    phase: f64,
    /// The amplitude of the strike.
    amplitude: f32,
    /// The bend by the pickup at the largest displacement, in radians.
    bark: f32,
    /// The tine loses its energy quickly and the tone bar keeps the rest; their sum starts at 1.
    quick: Decay,
    bar: Decay,
    bell: Ringing,
    tip: Ringing,
    hammer: Hammer,
}

impl Tine {
    /// `None` if `pitch` is too high for this sample rate.
    pub fn strike(pitch: u8, velocity: u8, tone: Tone, sample_rate: f32) -> Option<Self> {
        let octaves = (f32::from(pitch) - 60.0) / 12.0; // above middle C
        let frequency = MIDDLE_C_HZ * octaves.exp2();
        let room = headroom(frequency, sample_rate);
        if room <= 0.0 {
            return None;
        }
        let strength = strength(velocity);
        let (quietest, loudest) = KEY_GAIN;
        let key_gain = fading(octaves, LOUDNESS_HALVES).clamp(quietest, loudest);
        let amplitude = HARDEST * strength * room * key_gain;
        let bell_gain = tone.bell * strength * fading(octaves, BELL_HALVES).min(1.0);
        let mode = |mode: &VibrationMode| {
            let level = amplitude * bell_gain * mode.level;
            let decay_s = mode.decay_s * fading(octaves, BELL_DECAY_HALVES);
            let fall = Decay::new(level, decay_s, sample_rate);
            Ringing::new(fall, frequency * mode.ratio, sample_rate)
        };
        // Harmonics above half the sample rate would alias into false tones, so the bend is limited.
        let harmonics = 0.5 * sample_rate / frequency;
        let most_bark = MAX_BARK.min(BARK_PER_HARMONIC * (harmonics - HARMONICS_WITHOUT_BARK)).max(0.0);
        // All touches are reduced in proportion to the limit of the hardest one; otherwise hard touches would sound
        // alike.
        let bark = (tone.bark * fading(octaves, BARK_HALVES)).min(most_bark) * strength.sqrt();
        let (shortest, longest) = DECAY_S;
        let decay_s = (MIDDLE_DECAY_S * fading(octaves, DECAY_HALVES)).clamp(shortest, longest);
        // The hammer stays on the tine for half a period.
        let (shortest, longest) = STRIKE_S;
        let strike_s = (0.5 / frequency).clamp(shortest, longest) * tone.softness;
        Some(Self {
            sample_rate,
            frequency,
            phase: 0.0,
            amplitude,
            bark,
            quick: Decay::new(TINE_SHARE, decay_s * TINE_DECAY, sample_rate),
            bar: Decay::new(1.0 - TINE_SHARE, decay_s, sample_rate),
            bell: mode(&BELL),
            tip: mode(&TIP),
            hammer: Hammer { age: 0, strike: frames(strike_s, sample_rate) },
        })
    }

    /// The present amplitude of the fundamental.
    pub fn level(&self) -> f32 {
        self.amplitude * (self.quick.level + self.bar.level)
    }

    /// Whether no block has been made yet.
    pub fn is_unheard(&self) -> bool {
        self.hammer.age == 0
    }

    /// Makes the next block. False if the tine has become still; then the block is silent.
    pub fn make(&mut self, made: &mut [f32; BLOCK]) -> bool {
        if self.level() < STILL {
            made.fill(0.0);
            return false;
        }
        let swing = line(sum(self.quick.next(), self.bar.next()));
        let turns = line(self.next_turns());
        for (i, made) in made.chunks_exact_mut(SIMD_N).enumerate() {
            // The tine moves unevenly past the pickup, which bends the phase of the induced voltage; the wider the
            // vibration, the more. Bending the bend half as much again keeps the harmonics in falling order at every
            // touch. All terms are odd in time, so their mean is zero and there is no direct current.
            let angle = turns(i) * TAU;
            let bend = (swing(i) * (1.0 - LASTING_BARK) + LASTING_BARK) * self.bark;
            let passing = (angle + bend * 0.5 * angle.sin()).sin();
            let body = swing(i) * (angle + bend * passing).sin();
            made.copy_from_slice((body * self.amplitude).as_array());
        }
        self.bell.add_to(made);
        self.tip.add_to(made);
        if self.hammer.age < self.hammer.strike {
            self.hammer.soften(made);
        }
        true
    }

    /// The phase of the fundamental at the start of the block and at its end, in turns.
    #[allow(clippy::cast_possible_truncation, reason = "a phase of f32 is -100 dB exact, even in the highest octave")]
    fn next_turns(&mut self) -> (f32, f32) {
        let start = self.phase;
        let end = start + f64::from(self.frequency) * f64::from(block_s(self.sample_rate));
        self.phase = end.fract();
        (start as f32, end as f32)
    }
}

/// Maps touch to amplitude, 0 to 1: the square law of Dannenberg, *The Interpretation of MIDI Velocity* (2006).
fn strength(velocity: u8) -> f32 {
    let softest = 1.0 / DYNAMIC_RANGE.sqrt();
    let way = (f32::from(velocity.clamp(1, 127)) - 1.0) / 126.0;
    (softest + (1.0 - softest) * way).powi(2)
}

/// 1 at middle C, halved every `halves` octaves upwards, doubled downwards.
fn fading(octaves: f32, halves: f32) -> f32 {
    (-octaves / halves).exp2()
}

/// 1 for frequencies that the sample rate carries well, 0 for those it cannot carry, with a slope between.
fn headroom(frequency: f32, sample_rate: f32) -> f32 {
    ((0.45 - frequency / sample_rate) / 0.1).clamp(0.0, 1.0)
}

fn sum(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (a.0 + b.0, a.1 + b.1)
}

/// A straight line over a block, eight frames at a time.
fn line((start, end): (f32, f32)) -> impl Fn(usize) -> F32x {
    #[allow(clippy::cast_precision_loss, reason = "both are below 100")]
    move |i| {
        let slope = (end - start) / (SIMD_LEN * SIMD_N) as f32;
        let first = start + slope * (i * SIMD_N) as f32;
        F32x::new([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) * slope + first
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds at a sample rate above zero")]
fn frames(seconds: f32, sample_rate: f32) -> usize {
    (seconds * sample_rate).round() as usize
}
