//! One struck key: a tine that swings by itself, and the damper that ends it.
//!
//! Invariant: what a tine does is settled when it is struck, so it is made ahead, in blocks; what the hands do later
//! is the damper's alone, a gain applied frame by frame. So the same samples come out however the host cuts its blocks.
//! A voice knows no levels, no stereo and no other voice.

use fundsp::audionode::AudioNode;
use fundsp::buffer::BufferArray;
use fundsp::oscillator::Sine;
use fundsp::typenum::U1;
use fundsp::{F32x, SIMD_LEN, SIMD_N};
use std::f32::consts::{PI, TAU};

use super::NoteSource;
use super::decay::{BLOCK, Decay, STILL, block_s};

/// Amplitude of the hardest strike of middle C. A melody at velocity 100 then peaks near -14 dBFS.
const HARDEST: f32 = 0.38;

const MIDDLE_C_HZ: f32 = 261.625_58;

/// Octaves upwards over which each thing halves. Low tines are loud, rich and long; high ones are near pure.
const LOUDNESS_HALVES: f32 = 6.0;
const BARK_HALVES: f32 = 4.5;
const BELL_HALVES: f32 = 2.5;
const BELL_DECAY_HALVES: f32 = 2.0;
const DECAY_HALVES: f32 = 1.7;

/// The least and the most that a key's place does to its loudness.
const KEY_GAIN: (f32, f32) = (0.6, 1.35);

/// Time constant of the sustained sound at middle C, and the shortest and longest of all keys.
const MIDDLE_DECAY_S: f32 = 1.6;
const DECAY_S: (f32, f32) = (0.1, 5.0);

/// Share of the sound that dies soon after the strike, and its time constant over the rest's.
const TINE_SHARE: f32 = 0.3;
const TINE_DECAY: f32 = 0.2;

/// The shortest and the longest strike.
const STRIKE_S: (f32, f32) = (0.001, 0.004);

/// Share of the bark that stays when the swing has died down.
const LASTING_BARK: f32 = 0.4;

/// Beyond this bend the swing folds over and the fundamental is lost.
const MAX_BARK: f32 = 1.1;

/// Bend allowed for each harmonic that half the sample rate carries beyond these: what folds back stays under -80 dB.
const BARK_PER_HARMONIC: f32 = 0.14;
const HARMONICS_WITHOUT_BARK: f32 = 3.0;

/// Amplitude of velocity 127 over velocity 1: 40 dB, because an electric piano answers a wide range of touch.
const DYNAMIC_RANGE: f32 = 100.0;

/// Below this gain (-120 dB) a damper has closed.
const CLOSED: f32 = 1e-6;

/// A damper on the tine: down to -60 dB in this many seconds, the lowest key and the highest.
const RELEASE_S: (f32, f32) = (0.15, 0.08);

/// The same for a voice that has to go: short, yet long enough not to be heard as a click.
const LEAVE_S: f32 = 0.02;

/// A critically damped gain, (1 + x) e^-x, is at -60 dB when x is this.
const X_AT_MINUS_60_DB: f32 = 9.233;

/// A key of one of the keyboards: whose, on which channel, and its pitch.
pub(super) type Place = (NoteSource, u8, u8);

/// A mode of the tine above its fundamental.
struct Mode {
    /// Frequency over the fundamental's: the bending modes of a bar clamped at one end, (4.694 / 1.875)² and
    /// (7.855 / 1.875)² (Fletcher and Rossing, *The Physics of Musical Instruments*, bars).
    ratio: f32,
    /// Amplitude over the fundamental's at the hardest strike of middle C.
    level: f32,
    /// Time constant at middle C.
    decay_s: f32,
}

/// What is heard of the tine beside its fundamental: the bell, and the click of the hammer's tip.
const BELL: Mode = Mode { ratio: 6.267, level: 0.24, decay_s: 0.16 };
const TIP: Mode = Mode { ratio: 17.55, level: 0.10, decay_s: 0.03 };

/// How one player's instrument differs from another's.
#[derive(Clone, Copy)]
pub(super) struct Tone {
    /// How far the pickup bends the swing of the hardest strike, in radians; 1 is the edge of folding over.
    pub bark: f32,
    /// Gain of bell and tip.
    pub bell: f32,
    /// Length of the strike over the usual.
    pub softness: f32,
}

/// Who still wants this voice to sound.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// The key is down.
    Key,
    /// The key is up, the pedal is down.
    Pedal,
    /// Nobody: the damper is on it.
    Released,
    /// Its place is wanted: it goes quickly.
    Leaving,
}

/// A mode while it rings.
struct Ringing {
    fall: Decay,
    frequency: f32,
    oscillator: Sine<f64>,
}

impl Ringing {
    /// Silent from the start when the sample rate cannot carry `frequency`.
    fn new(mut fall: Decay, frequency: f32, sample_rate: f32) -> Self {
        fall.level *= headroom(frequency, sample_rate);
        // At phase zero, where a sine begins without a step.
        let mut oscillator = Sine::with_phase(0.0);
        oscillator.set_sample_rate(f64::from(sample_rate));
        Self { fall, frequency, oscillator }
    }

    /// Adds its next block.
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

/// The gain of the damper: 1, or on its way to 0 without a corner, because a corner is a click.
struct Damper {
    gain: f32,
    ahead: f32,
    target: f32,
    /// Share of the way per frame.
    step: f32,
}

impl Damper {
    const OPEN: Self = Self { gain: 1.0, ahead: 1.0, target: 1.0, step: 0.0 };

    /// Lets the gain fall to -60 dB in `seconds`.
    fn close(&mut self, seconds: f32, sample_rate: f32) {
        self.target = 0.0;
        self.step = 1.0 - (-X_AT_MINUS_60_DB / (seconds * sample_rate)).exp();
    }

    fn is_open(&self) -> bool {
        self.target > 0.0
    }

    fn is_closed(&self) -> bool {
        self.gain <= 0.0
    }

    fn next(&mut self) -> f32 {
        self.ahead += (self.target - self.ahead) * self.step;
        self.gain += (self.ahead - self.gain) * self.step;
        if self.gain < CLOSED {
            // Exactly zero from a frame that no block border decides.
            (self.gain, self.ahead) = (0.0, 0.0);
        }
        self.gain
    }
}

/// One note, from its strike to its last sample.
pub(super) struct Voice {
    pub who: NoteSource,
    pub channel: u8,
    pub pitch: u8,
    hold: Hold,
    damper: Damper,
    sample_rate: f32,

    frequency: f32,
    /// Amplitude of the strike.
    amplitude: f32,
    /// Radians by which the pickup bends the swing when it is widest.
    bark: f32,
    /// The tine gives its energy away quickly, the tone bar keeps the rest; their sum starts at 1.
    tine: Decay,
    bar: Decay,
    /// Of the fundamental, 0 to 1.
    phase: f64,
    bell: Ringing,
    tip: Ringing,
    /// Frames made so far, no longer counted once the strike is over, and the strike's length.
    age: usize,
    strike: usize,

    made: [f32; BLOCK],
    /// How much of `made` has been heard.
    heard: usize,
    still: bool,
}

impl Voice {
    /// None when `pitch` lies so high that this sample rate cannot carry it.
    pub fn strike((who, channel, pitch): Place, velocity: u8, tone: Tone, sample_rate: f32) -> Option<Self> {
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
        let mode = |mode: &Mode| {
            let level = amplitude * bell_gain * mode.level;
            let decay_s = mode.decay_s * fading(octaves, BELL_DECAY_HALVES);
            let fall = Decay::new(level, decay_s, sample_rate);
            Ringing::new(fall, frequency * mode.ratio, sample_rate)
        };
        // Harmonics above half the sample rate would come back as false tones, so each needs its room.
        let harmonics = 0.5 * sample_rate / frequency;
        let most_bark = MAX_BARK.min(BARK_PER_HARMONIC * (harmonics - HARMONICS_WITHOUT_BARK)).max(0.0);
        // What the hardest touch may not pass all touches stay below in proportion, or hard ones would sound alike.
        let bark = (tone.bark * fading(octaves, BARK_HALVES)).min(most_bark) * strength.sqrt();
        let (shortest, longest) = DECAY_S;
        let decay_s = (MIDDLE_DECAY_S * fading(octaves, DECAY_HALVES)).clamp(shortest, longest);
        // The hammer stays on the tine for half a swing.
        let (shortest, longest) = STRIKE_S;
        let strike_s = (0.5 / frequency).clamp(shortest, longest) * tone.softness;
        Some(Self {
            who,
            channel,
            pitch,
            hold: Hold::Key,
            damper: Damper::OPEN,
            sample_rate,
            frequency,
            amplitude,
            bark,
            tine: Decay::new(TINE_SHARE, decay_s * TINE_DECAY, sample_rate),
            bar: Decay::new(1.0 - TINE_SHARE, decay_s, sample_rate),
            phase: 0.0,
            bell: mode(&BELL),
            tip: mode(&TIP),
            age: 0,
            strike: frames(strike_s, sample_rate),
            made: [0.0; BLOCK],
            heard: BLOCK,
            still: false,
        })
    }

    fn place(&self) -> Place {
        (self.who, self.channel, self.pitch)
    }

    /// True for the note that a key-up in this place means.
    pub fn is_key(&self, place: Place) -> bool {
        self.hold == Hold::Key && self.place() == place
    }

    /// True while the tine of this key swings undamped.
    pub fn is_undamped(&self, place: Place) -> bool {
        matches!(self.hold, Hold::Key | Hold::Pedal) && self.place() == place
    }

    pub fn is_pedalled(&self) -> bool {
        self.hold == Hold::Pedal
    }

    pub fn is_released(&self) -> bool {
        self.hold == Hold::Released
    }

    pub fn is_leaving(&self) -> bool {
        self.hold == Hold::Leaving
    }

    /// Nothing more comes from this voice.
    pub fn is_over(&self) -> bool {
        self.still || self.damper.is_closed()
    }

    /// Amplitude now, as good as it need be to find the quietest.
    pub fn loudness(&self) -> f32 {
        self.amplitude * (self.tine.level + self.bar.level) * self.damper.gain
    }

    /// The key is up, but the pedal holds.
    pub fn keep_by_pedal(&mut self) {
        self.hold = Hold::Pedal;
    }

    /// The damper falls on the tine.
    pub fn release(&mut self) {
        let (low, high) = RELEASE_S;
        self.hold = Hold::Released;
        self.damper.close(low + (high - low) * f32::from(self.pitch) / 127.0, self.sample_rate);
    }

    /// The voice has to go; one that was never heard goes at once.
    pub fn leave(&mut self) {
        self.hold = Hold::Leaving;
        self.damper.close(LEAVE_S, self.sample_rate);
        self.still |= self.age == 0;
    }

    /// Adds the next frames to `bus`.
    pub fn add_to(&mut self, mut bus: &mut [f32]) {
        while !bus.is_empty() && !self.is_over() {
            if self.heard >= BLOCK {
                self.make();
            }
            let count = bus.len().min(BLOCK - self.heard);
            let (now, later) = bus.split_at_mut(count);
            let made = self.made.iter().skip(self.heard);
            if self.damper.is_open() {
                now.iter_mut().zip(made).for_each(|(out, made)| *out += made);
            } else {
                now.iter_mut().zip(made).for_each(|(out, made)| *out += made * self.damper.next());
            }
            self.heard += count;
            bus = later;
        }
    }

    /// The next block of the free swing.
    fn make(&mut self) {
        self.heard = 0;
        if self.amplitude * (self.tine.level + self.bar.level) < STILL {
            self.made.fill(0.0);
            self.still = true;
            return;
        }
        let swing = line(sum(self.tine.next(), self.bar.next()));
        let turns = line(self.next_turns());
        for (i, made) in self.made.chunks_exact_mut(SIMD_N).enumerate() {
            // The tine does not pass the pickup evenly: it bends the phase of what it induces, the more the wider it
            // swings. Bending the bend half as much again keeps the harmonics in falling order at every touch.
            // All of it is odd in time, so its mean is zero and no direct current arises.
            let angle = turns(i) * TAU;
            let bend = (swing(i) * (1.0 - LASTING_BARK) + LASTING_BARK) * self.bark;
            let passing = (angle + bend * 0.5 * angle.sin()).sin();
            let body = swing(i) * (angle + bend * passing).sin();
            made.copy_from_slice((body * self.amplitude).as_array());
        }
        self.bell.add_to(&mut self.made);
        self.tip.add_to(&mut self.made);
        if self.age < self.strike {
            self.soften_strike();
        }
    }

    /// Phase of the fundamental at the start of the block and at its end, in turns.
    #[allow(clippy::cast_possible_truncation, reason = "a phase of f32 is -100 dB exact, even in the highest octave")]
    fn next_turns(&mut self) -> (f32, f32) {
        let start = self.phase;
        let end = start + f64::from(self.frequency) * f64::from(block_s(self.sample_rate));
        self.phase = end.fract();
        (start as f32, end as f32)
    }

    /// The hammer does not hit in no time: the first swing rises along a raised cosine.
    fn soften_strike(&mut self) {
        for made in self.made.iter_mut().take(self.strike - self.age) {
            #[allow(clippy::cast_precision_loss, reason = "a strike is a few thousand frames at most")]
            let way = self.age as f32 / self.strike as f32;
            *made *= 0.5 - 0.5 * (PI * way).cos();
            self.age += 1;
        }
    }
}

/// Touch to amplitude, 0 to 1: the square law of Dannenberg, *The Interpretation of MIDI Velocity* (2006).
fn strength(velocity: u8) -> f32 {
    let softest = 1.0 / DYNAMIC_RANGE.sqrt();
    let way = (f32::from(velocity.clamp(1, 127)) - 1.0) / 126.0;
    (softest + (1.0 - softest) * way).powi(2)
}

/// 1 at middle C, halved with every `halves` octaves upwards, doubled with as many downwards.
fn fading(octaves: f32, halves: f32) -> f32 {
    (-octaves / halves).exp2()
}

/// 1 for what the sample rate carries well, 0 for what it cannot, and a slope between.
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
