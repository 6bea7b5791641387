//! One struck key: a tine that vibrates freely, and the damper that ends it.
//!
//! Invariant: the strike alone determines what the tine does, so its sound is made ahead, in blocks. What the player
//! does later acts only on the damper, a gain applied frame by frame. The samples are therefore the same however the
//! host cuts its blocks. A voice does not know levels, stereo or other voices.

use super::NoteSource;
use super::decay::BLOCK;
use super::tine::{Tine, Tone};

/// A damper below this gain (-120 dB) counts as closed.
const CLOSED: f32 = 1e-6;

/// The seconds in which the damper falls to -60 dB, for the lowest key and for the highest.
const RELEASE_S: (f32, f32) = (0.15, 0.08);

/// The same for a voice that must make room: short, but long enough not to be heard as a click.
const LEAVE_S: f32 = 0.02;

/// The x at which a critically damped gain, (1 + x) e^-x, reaches -60 dB.
const X_AT_MINUS_60_DB: f32 = 9.233;

/// A key of one of the keyboards: the player, the channel, and the pitch.
pub(super) type VoiceKey = (NoteSource, u8, u8);

/// What keeps this voice sounding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// The key is down.
    Key,
    /// The key is up and the pedal is down.
    Pedal,
    /// Nothing: the damper is on the tine.
    Released,
    /// The place is needed: it fades quickly.
    Leaving,
}

/// The damper's gain: 1, or on its way to 0 without a corner, because a corner is heard as a click.
struct Damper {
    gain: f32,
    ahead: f32,
    target: f32,
    /// The share of the way that one frame covers.
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
            // Becomes exactly zero on a frame that does not depend on block borders.
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
    tine: Tine,
    made: [f32; BLOCK],
    /// How many frames of `made` have been added to a bus.
    heard: usize,
    still: bool,
}

impl Voice {
    /// `None` if `pitch` is too high for this sample rate.
    pub fn strike((who, channel, pitch): VoiceKey, velocity: u8, tone: Tone, sample_rate: f32) -> Option<Self> {
        let struck = Tine::strike(pitch, velocity, tone, sample_rate)?;
        let (hold, damper) = (Hold::Key, Damper::OPEN);
        let (made, heard, still) = ([0.0; BLOCK], BLOCK, false);
        Some(Self { who, channel, pitch, hold, damper, sample_rate, tine: struck, made, heard, still })
    }

    fn place(&self) -> VoiceKey {
        (self.who, self.channel, self.pitch)
    }

    /// Whether a note-off for this key means this voice.
    pub fn is_key(&self, place: VoiceKey) -> bool {
        self.hold == Hold::Key && self.place() == place
    }

    /// Whether this key's tine vibrates undamped.
    pub fn is_undamped(&self, place: VoiceKey) -> bool {
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

    /// Whether the voice has ended.
    pub fn is_over(&self) -> bool {
        self.still || self.damper.is_closed()
    }

    /// The present amplitude, accurate enough to find the quietest voice.
    pub fn loudness(&self) -> f32 {
        self.tine.level() * self.damper.gain
    }

    /// The key goes up while the pedal is down.
    pub fn keep_by_pedal(&mut self) {
        self.hold = Hold::Pedal;
    }

    /// The damper falls onto the tine.
    pub fn release(&mut self) {
        let (low, high) = RELEASE_S;
        self.hold = Hold::Released;
        self.damper.close(low + (high - low) * f32::from(self.pitch) / 127.0, self.sample_rate);
    }

    /// The voice must make room. A voice that was never heard ends at once.
    pub fn leave(&mut self) {
        self.hold = Hold::Leaving;
        self.damper.close(LEAVE_S, self.sample_rate);
        self.still |= self.tine.is_unheard();
    }

    /// Adds the next frames to `bus`.
    pub fn add_to(&mut self, mut bus: &mut [f32]) {
        while !bus.is_empty() && !self.is_over() {
            if self.heard >= BLOCK {
                self.heard = 0;
                self.still = !self.tine.make(&mut self.made);
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
}
