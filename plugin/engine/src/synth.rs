//! The built-in electric piano: notes in, stereo sound out.
//!
//! It knows keys, pedal and loudness, but not hosts, music or clocks: a note begins with the next frame rendered.
//!
//! Invariants: only [`Sound::new`] allocates; nothing here locks or can panic; the same notes at the same frames give
//! the same samples, however the frames are cut into calls; no sample leaves the range from -1 to 1.

mod centre;
mod decay;
mod limiter;
mod tine;
mod voice;

use crate::host::NoteSource;
use crate::stats::Peaks;
use centre::Centre;
use fundsp::audionode::AudioNode;
use fundsp::follow::Follow;
use fundsp::oscillator::Sine;
use limiter::Limiter;
use std::f32::consts::FRAC_PI_4;
use tine::Tone;
use voice::Voice;

/// The most notes that sound at once, of all players together.
const POLYPHONY: usize = 32;

/// Voices in all: those that sound, and as many that fade out because their place was needed.
const PLACES: usize = 2 * POLYPHONY;

/// Frames mixed in one go.
const SPAN: usize = 64;

/// Sample rates for which the instrument is calculated.
pub const SAMPLE_RATES: std::ops::RangeInclusive<f32> = 8_000.0..=2_000_000.0;

/// The seconds in which a level covers half the way to a new setting.
const LEVEL_S: f64 = 0.01;

/// A level this close (-100 dB) counts as arrived, because a follower never quite arrives.
const ARRIVED: f64 = 1e-5;

/// No level is higher (12 dB). For more, turn it up in the host.
const MAX_LEVEL: f32 = 4.0;

/// Periods of the slow tremolo per second, as on old stage pianos.
const TREMOLO_HZ: f32 = 4.2;

impl NoteSource {
    const COUNT: usize = 4;

    const fn index(self) -> usize {
        self as usize
    }

    const fn seat(self) -> Seat {
        let [player, segue, comping, click] = SEATS;
        match self {
            Self::Player => player,
            Self::Segue => segue,
            Self::Comping => comping,
            Self::Click => click,
        }
    }
}

/// Where a player's instrument is placed, and how it sounds.
struct Seat {
    tone: Tone,
    /// -1 is left, 1 is right.
    pan: f32,
    /// How far the tremolo moves it, as a share of the gain on either side.
    tremolo: f32,
}

/// In the order of [`NoteSource`]. The player is a little left and plain. Segue is a little right, mellower, and has a
/// tremolo. The comping is further left, dark and soft, so that both stand out from it. The click is in the middle and
/// consists of the bell alone.
const SEATS: [Seat; NoteSource::COUNT] = [
    Seat { tone: Tone { bark: 0.95, bell: 1.0, softness: 1.0 }, pan: -0.2, tremolo: 0.0 },
    Seat { tone: Tone { bark: 0.55, bell: 0.5, softness: 1.6 }, pan: 0.2, tremolo: 0.15 },
    Seat { tone: Tone { bark: 0.3, bell: 0.2, softness: 2.2 }, pan: -0.45, tremolo: 0.0 },
    Seat { tone: Tone { bark: 0.0, bell: 1.0, softness: 0.5 }, pan: 0.0, tremolo: 0.0 },
];

/// A level on its way to its setting.
struct Level {
    follow: Follow<f64>,
    target: f32,
}

impl Level {
    fn new(sample_rate: f32) -> Self {
        let mut follow = Follow::new(LEVEL_S);
        follow.set_sample_rate(f64::from(sample_rate));
        let mut level = Self { follow, target: 1.0 };
        // The follower jumps to its first value; here nobody hears it.
        level.follow.filter_mono(level.target);
        level
    }

    fn set(&mut self, gain: f32) {
        if gain.is_finite() {
            self.target = gain.clamp(0.0, MAX_LEVEL);
        }
    }

    fn arrive(&mut self) {
        self.follow.set_value(f64::from(self.target));
    }

    fn next(&mut self) -> f32 {
        if (self.follow.value() - f64::from(self.target)).abs() < ARRIVED {
            self.arrive();
            return self.target;
        }
        self.follow.filter_mono(self.target)
    }
}

/// The instrument. The module's invariants are its promises.
pub struct Sound {
    sample_rate: f32,
    /// In the order in which they were struck; never more than [`PLACES`], so the list never grows.
    voices: Vec<Voice>,
    /// The sustain pedals of the player's channels, one bit each.
    pedals: u16,
    levels: [Level; NoteSource::COUNT],
    tremolo: Sine<f64>,
    centre: Centre,
    limiter: Limiter,
    /// The loudest sample of each part since they were last taken.
    peaks: [f32; NoteSource::COUNT],
}

impl Sound {
    /// A silent instrument. A sample rate outside [`SAMPLE_RATES`] counts as the nearest one inside.
    pub fn new(sample_rate: f32) -> Self {
        let (lowest, highest) = (*SAMPLE_RATES.start(), *SAMPLE_RATES.end());
        let sample_rate = if sample_rate > lowest { sample_rate.min(highest) } else { lowest };
        let mut tremolo = Sine::with_phase(0.0);
        tremolo.set_sample_rate(f64::from(sample_rate));
        Self {
            sample_rate,
            voices: Vec::with_capacity(PLACES),
            pedals: 0,
            levels: std::array::from_fn(|_| Level::new(sample_rate)),
            tremolo,
            centre: Centre::new(sample_rate),
            limiter: Limiter::new(sample_rate),
            peaks: [0.0; NoteSource::COUNT],
        }
    }

    /// Strikes a key. Velocity 0 means note-off; pitches above 127 are ignored.
    pub fn note_on(&mut self, who: NoteSource, channel: u8, pitch: u8, velocity: u8) {
        if velocity == 0 {
            return self.note_off(who, channel, pitch);
        }
        let (tone, place) = (who.seat().tone, (who, channel, pitch));
        let struck = (pitch < 128).then(|| Voice::strike(place, velocity, tone, self.sample_rate));
        let Some(voice) = struck.flatten() else {
            return;
        };
        if self.is_silent() {
            self.wake();
        }
        // There is one tine per key of a channel, so the new strike ends the old vibration.
        self.voices.iter_mut().filter(|voice| voice.is_undamped(place)).for_each(Voice::leave);
        self.make_room();
        self.voices.push(voice);
    }

    /// Releases a key. The player's notes ring on while the pedal of their channel is down.
    pub fn note_off(&mut self, who: NoteSource, channel: u8, pitch: u8) {
        let pedalled = self.pedals & bit(channel) != 0 && who == NoteSource::Player;
        for voice in self.voices.iter_mut().filter(|voice| voice.is_key((who, channel, pitch))) {
            if pedalled {
                voice.keep_by_pedal();
            } else {
                voice.release();
            }
        }
    }

    /// The player's sustain pedal on a channel.
    pub fn pedal(&mut self, channel: u8, down: bool) {
        self.pedals = if down { self.pedals | bit(channel) } else { self.pedals & !bit(channel) };
        if !down {
            let held = |voice: &&mut Voice| voice.is_pedalled() && voice.channel == channel;
            self.voices.iter_mut().filter(held).for_each(Voice::release);
        }
    }

    /// Linear gains of the player, Segue and the comping, from 0 to 4, approached smoothly; the click has a fixed one.
    /// A value that is not a number changes nothing.
    pub fn set_levels(&mut self, player: f32, segue: f32, comping: f32) {
        for (level, gain) in self.levels.iter_mut().zip([player, segue, comping]) {
            level.set(gain);
        }
    }

    /// Fades everything within 40 ms and lifts the pedal, because its release may have been lost and the next notes
    /// would hang.
    pub fn silence(&mut self) {
        self.pedals = 0;
        self.voices.iter_mut().for_each(Voice::leave);
        self.voices.retain(|voice| !voice.is_over());
    }

    /// True when [`Self::render`] would write zeros.
    pub fn is_silent(&self) -> bool {
        self.voices.is_empty() && self.centre.is_at_rest()
    }

    /// The loudest samples of the player, Segue and the comping since the last call, with their levels and before they
    /// are mixed.
    pub fn take_peaks(&mut self) -> [f32; Peaks::PARTS] {
        let [player, segue, comping, _] = std::mem::take(&mut self.peaks);
        [player, segue, comping]
    }

    /// Overwrites both slices, which must have the same length, with the next frames.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        left.fill(0.0);
        right.fill(0.0);
        for (left, right) in left.chunks_mut(SPAN).zip(right.chunks_mut(SPAN)) {
            if self.is_silent() {
                return;
            }
            self.mix(left, right);
            self.voices.retain(|voice| !voice.is_over());
        }
    }

    /// Mixes at most [`SPAN`] frames.
    fn mix(&mut self, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len()).min(SPAN);
        let mut buses = [[0.0; SPAN]; NoteSource::COUNT];
        for voice in &mut self.voices {
            if let Some(bus) = buses.get_mut(voice.who.index()).and_then(|bus| bus.get_mut(..frames)) {
                voice.add_to(bus);
            }
        }
        let gains = SEATS.each_ref().map(Seat::gains);
        for (i, (left, right)) in left.iter_mut().zip(right).enumerate().take(frames) {
            let sway = self.tremolo.filter_mono(TREMOLO_HZ);
            let mut sum = (0.0, 0.0);
            let parts = buses.iter().zip(&mut self.levels).zip(&mut self.peaks);
            for (((bus, level), peak), (seat, gains)) in parts.zip(SEATS.iter().zip(gains)) {
                let sample = bus.get(i).map_or(0.0, |sample| sample * level.next());
                *peak = peak.max(sample.abs());
                let sway = seat.tremolo * sway;
                sum.0 += sample * gains.0 * (1.0 - sway);
                sum.1 += sample * gains.1 * (1.0 + sway);
            }
            let centred = self.centre.pass(sum.0, sum.1);
            (*left, *right) = self.limiter.limit(centred.0, centred.1);
        }
    }

    /// After silence nothing needs smoothing, and every phrase must start from the same state.
    fn wake(&mut self) {
        self.levels.iter_mut().for_each(Level::arrive);
        self.tremolo.reset();
        self.centre.reset();
        self.limiter.reset();
    }

    /// Makes sure that one more voice may sound, and that there is a place for it.
    fn make_room(&mut self) {
        let sounding = self.voices.iter().filter(|voice| !voice.is_leaving()).count();
        if sounding >= POLYPHONY {
            let released = self.voices.iter().position(Voice::is_released);
            let victim = released.or_else(|| self.quietest(|voice| !voice.is_leaving()));
            if let Some(victim) = victim.and_then(|i| self.voices.get_mut(i)) {
                victim.leave();
            }
        }
        self.voices.retain(|voice| !voice.is_over());
        // This happens only if more than 32 notes were stolen within 20 ms: the voice that has faded most is cut.
        if self.voices.len() >= PLACES
            && let Some(i) = self.quietest(Voice::is_leaving)
        {
            self.voices.remove(i);
        }
    }

    fn quietest(&self, of: impl Fn(&Voice) -> bool) -> Option<usize> {
        let candidates = self.voices.iter().enumerate().filter(|(_, voice)| of(voice));
        candidates.min_by(|(_, a), (_, b)| a.loudness().total_cmp(&b.loudness())).map(|(i, _)| i)
    }
}

fn bit(channel: u8) -> u16 {
    1 << (channel & 15)
}

impl Seat {
    /// Gains for left and right; their power is the same wherever the instrument is placed.
    fn gains(&self) -> (f32, f32) {
        let angle = (self.pan + 1.0) * FRAC_PI_4;
        (angle.cos(), angle.sin())
    }
}

#[cfg(test)]
mod tests;
