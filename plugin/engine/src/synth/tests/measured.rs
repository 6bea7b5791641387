//! Measurements of the electric piano: it is in tune, gets brighter with touch, has no false tones, clicks or direct
//! current, and sounds the same at every sample rate.
//!
//! Each test prints what it measured, so that the figures can be quoted and a drift shows before it breaks a limit.

use super::*;
use std::f64::consts::TAU;

/// The usual sample rates of hosts.
const RATES: [f32; 4] = [44_100.0, 48_000.0, 96_000.0, 192_000.0];
/// The frequency of the bell over the fundamental's; `tine.rs` names the source.
const BELL_RATIO: f64 = 6.267;
const TIP_RATIO: f64 = 17.55;
/// The lowest and the highest key of a piano.
const PIANO: std::ops::RangeInclusive<u8> = 21..=108;

fn db(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

fn hz(pitch: u8) -> f64 {
    440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2()
}

/// The left channel of a score at a sample rate.
fn left(rate: f32, score: &[(usize, Gesture)], frames: usize) -> Vec<f64> {
    let frames = play(&mut Sound::new(rate), score, frames, |_| 512);
    frames.into_iter().map(|(left, _)| f64::from(left)).collect()
}

/// One key of the player, held down.
fn key(rate: f32, pitch: u8, velocity: u8, frames: usize) -> Vec<f64> {
    left(rate, &[(0, On(NoteSource::Player, pitch, velocity))], frames)
}

fn rms(samples: &[f64]) -> f64 {
    (samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len() as f64).sqrt()
}

fn in_frames(seconds: f32, rate: f32) -> usize {
    frames_of(f64::from(seconds), rate)
}

#[allow(clippy::cast_sign_loss, reason = "seconds after a key went down")]
fn frames_of(seconds: f64, rate: f32) -> usize {
    (seconds * f64::from(rate)).round() as usize
}

type Complex = (f64, f64);

/// The discrete Fourier transform of a power of two of samples.
fn transform(samples: &[Complex]) -> Vec<Complex> {
    if samples.len() < 2 {
        return samples.to_vec();
    }
    let half = |from: usize| transform(&samples.iter().copied().skip(from).step_by(2).collect::<Vec<_>>());
    let (even, odd) = (half(0), half(1));
    let turned = odd.iter().enumerate().map(|(i, (re, im))| {
        let (sin, cos) = (-TAU * i as f64 / samples.len() as f64).sin_cos();
        (re * cos - im * sin, re * sin + im * cos)
    });
    let turned: Vec<Complex> = turned.collect();
    let pairs = || even.iter().zip(&turned);
    pairs().map(|(e, t)| (e.0 + t.0, e.1 + t.1)).chain(pairs().map(|(e, t)| (e.0 - t.0, e.1 - t.1))).collect()
}

/// Samples under the Blackman-Harris window, whose side lobes lie at -92 dB.
fn windowed(samples: &[f64]) -> impl Iterator<Item = f64> {
    let turn = TAU / samples.len() as f64;
    samples.iter().enumerate().map(move |(i, sample)| {
        let angle = turn * i as f64;
        let window = 0.35875 - 0.48829 * angle.cos() + 0.14128 * (2.0 * angle).cos() - 0.01168 * (3.0 * angle).cos();
        sample * window
    })
}

/// The amplitude of each frequency in a stretch of sound.
struct Spectrum {
    amplitudes: Vec<f64>,
    bin_hz: f64,
}

impl Spectrum {
    /// Three quarters of a second at 44.1 kHz, enough to put even the lowest key's partials twenty bins apart.
    const SIZE: usize = 1 << 15;
    /// A partial spreads this many bins to either side: four from the window, the rest because it decays.
    const SKIRT: u8 = 6;

    /// The spectrum of [`Self::SIZE`] samples.
    fn of(samples: &[f64], rate: f32) -> Self {
        let bins = transform(&windowed(&samples[..Self::SIZE]).map(|sample| (sample, 0.0)).collect::<Vec<_>>());
        let amplitudes = bins[..Self::SIZE / 2].iter().map(|(re, im)| re.hypot(*im)).collect();
        Self { amplitudes, bin_hz: f64::from(rate) / Self::SIZE as f64 }
    }

    /// The amplitude of the partial at a frequency.
    fn at(&self, hz: f64) -> f64 {
        let near = |bin: &usize| (*bin as f64 - hz / self.bin_hz).abs() <= f64::from(Self::SKIRT);
        (0..self.amplitudes.len()).filter(near).map(|bin| self.amplitudes[bin]).fold(0.0, f64::max)
    }

    /// The loudest component that is none of these frequencies, and its frequency.
    fn beside(&self, partials: &[f64]) -> (f64, f64) {
        let is_one =
            |bin: usize| partials.iter().any(|hz| (bin as f64 - hz / self.bin_hz).abs() <= f64::from(Self::SKIRT));
        // Anything below the lowest tone is not a tone.
        let bins = (usize::from(Self::SKIRT)..self.amplitudes.len()).filter(|bin| !is_one(*bin));
        let found = bins.map(|bin| (self.amplitudes[bin], bin as f64 * self.bin_hz));
        found.max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((0.0, 0.0))
    }
}

/// The frequency at which a key sounds, from how fast the phase of its fundamental advances against the expected one.
fn heard_hz(samples: &[f64], expected_hz: f64, rate: f32) -> f64 {
    const LATER: usize = 1_000;
    // A few periods of the lowest key.
    let length = in_frames(0.35, rate);
    let turn = TAU * expected_hz / f64::from(rate);
    let phase = |from: usize| {
        let sum = windowed(&samples[from..from + length]).enumerate().fold((0.0, 0.0), |sum, (i, sample)| {
            let (sin, cos) = (turn * (from + i) as f64).sin_cos();
            (sum.0 + sample * cos, sum.1 - sample * sin)
        });
        sum.1.atan2(sum.0)
    };
    let ahead = (phase(LATER) - phase(0) + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
    expected_hz + ahead / TAU / LATER as f64 * f64::from(rate)
}

#[test]
fn every_key_is_in_tune_at_every_touch() {
    let mut worst = 0.0_f64;
    for rate in RATES {
        for pitch in PIANO.step_by(3) {
            for velocity in [20, 70, 127] {
                let samples = key(rate, pitch, velocity, in_frames(0.5, rate));
                let cents = 1200.0 * (heard_hz(&samples[in_frames(0.02, rate)..], hz(pitch), rate) / hz(pitch)).log2();
                assert!(cents.abs() < 1.0, "key {pitch}, velocity {velocity}, {rate} Hz: {cents} cents");
                worst = worst.max(cents.abs());
            }
        }
    }
    println!("Keys 21 to 108 at three touches and four sample rates: at most {worst:.4} cents out of tune");
}

/// A harder touch is louder, and its partials rise against the fundamental over the whole range.
#[test]
fn a_harder_touch_is_louder_and_brighter() {
    for pitch in [36, 60, 84] {
        let touch = |velocity| {
            let samples = key(RATE, pitch, velocity, 40_000);
            let spectrum = Spectrum::of(&samples[1_000..], RATE);
            let partials = (2..=6).map(|n| spectrum.at(f64::from(n) * hz(pitch)).powi(2)).sum::<f64>().sqrt();
            let fundamental = spectrum.at(hz(pitch));
            let loudness = rms(&samples[..in_frames(0.3, RATE)]);
            [loudness, partials / fundamental, spectrum.at(BELL_RATIO * hz(pitch)) / fundamental].map(db)
        };
        let touches = [1, 20, 50, 80, 110, 127];
        let found = touches.map(touch);
        for (index, what) in ["loudness", "partials 2 to 6", "bell"].into_iter().enumerate() {
            let levels = found.map(|levels| levels[index]);
            println!("Key {pitch}, touches {touches:?}: {what} {levels:.1?} dB");
            let rises = levels.windows(2).all(|pair| pair[1] > pair[0] + 0.3);
            assert!(rises && levels[5] > levels[0] + 6.0, "key {pitch}: {what} {levels:?}");
        }
    }
}

#[test]
fn no_tone_is_heard_that_no_partial_makes() {
    for rate in RATES {
        let mut worst = (f64::NEG_INFINITY, 0, 0.0);
        for pitch in PIANO.step_by(6).chain(90..=108) {
            let samples = key(rate, pitch, 127, Spectrum::SIZE + 1_000);
            let spectrum = Spectrum::of(&samples[1_000..], rate);
            let harmonics = (1..).map(|n| f64::from(n) * hz(pitch)).take_while(|hz| *hz < f64::from(rate) / 2.0);
            let partials: Vec<f64> = harmonics.chain([BELL_RATIO, TIP_RATIO].map(|ratio| ratio * hz(pitch))).collect();
            let (amplitude, at) = spectrum.beside(&partials);
            let beside = db(amplitude / spectrum.at(hz(pitch)));
            if beside > worst.0 {
                worst = (beside, pitch, at);
            }
        }
        let (beside, pitch, at) = worst;
        println!("At {rate} Hz the loudest false tone lies {beside:.1} dB under its key: {at:.0} Hz with key {pitch}");
        assert!(beside < -80.0, "key {pitch} at {rate} Hz: {beside} dB at {at} Hz");
    }
}

/// A key sounds at once, decays without rising, and is damped softly.
#[test]
fn a_key_speaks_at_once_and_dies_away() {
    for pitch in [28, 60, 96] {
        for velocity in [30, 127] {
            let period = frames_of(1.0 / hz(pitch), RATE);
            let up = frames_of(2.0, RATE);
            let score = [(0, On(NoteSource::Player, pitch, velocity)), (up, Off(NoteSource::Player, pitch))];
            let samples = left(RATE, &score, frames_of(2.5, RATE));
            let peak = samples.iter().fold(0.0_f64, |most, sample| most.max(sample.abs()));
            let reached = |share: f64| samples.iter().position(|sample| sample.abs() >= share * peak).unwrap();
            let in_ms = |frames: usize| frames as f64 / f64::from(RATE) * 1_000.0;
            let attack = in_ms(reached(0.9));
            // Whole periods; otherwise the level at the ends would rise and fall.
            let stretch = frames_of(0.1, RATE) / period * period;
            let loudness: Vec<f64> = samples[period..up].chunks_exact(stretch).map(rms).collect();
            let rise = loudness.windows(2).map(|pair| db(pair[1] / pair[0])).fold(f64::NEG_INFINITY, f64::max);
            let at_up = rms(&samples[up - stretch..up]);
            let window = period.max(48);
            let quiet = (up..samples.len() - window).find(|at| rms(&samples[*at..*at + window]) < at_up / 1_000.0);
            let release = in_ms(quiet.unwrap() - up);
            let after_2_s = db(at_up / loudness[0]);
            println!(
                "Key {pitch}, touch {velocity}: 90 % of its peak after {attack:.1} ms, {after_2_s:.1} dB after 2 s, \
                 -60 dB {release:.0} ms after the key is up"
            );
            assert!(attack < in_ms(period) + 5.0, "key {pitch}: {attack} ms");
            assert!(rise < 0.05, "key {pitch}: the level rises by {rise} dB");
            assert!((40.0..180.0).contains(&release), "key {pitch}: {release} ms");
        }
    }
}

#[test]
fn whatever_ends_a_note_is_no_sharper_than_the_note_itself() {
    /// The name of the case, what is played, and what ends it.
    type Case = (&'static str, Vec<(usize, Gesture)>, Vec<Gesture>);
    let player = |pitch, velocity| On(NoteSource::Player, pitch, velocity);
    let note = |pitch| vec![(0, player(pitch, 110))];
    // So soft that the limiter, which has corners of its own, does not act.
    let mut hands = vec![(0, Gesture::Levels(0.1, 0.1, 0.1))];
    hands.extend((0..32_u8).map(|i| (usize::from(i) * 97, player(30 + 2 * i, 100))));
    let pedalled: Vec<_> = [
        (0, Down),
        (0, player(45, 110)),
        (0, player(64, 110)),
        (9, Off(NoteSource::Player, 45)),
        (9, Off(NoteSource::Player, 64)),
    ]
    .into();
    let cases: [Case; 7] = [
        ("the key of a low note goes up", note(33), vec![Off(NoteSource::Player, 33)]),
        ("the key of a note goes up", note(60), vec![Off(NoteSource::Player, 60)]),
        ("the key of a high note goes up", note(96), vec![Off(NoteSource::Player, 96)]),
        ("the pedal goes up", pedalled, vec![Up]),
        // So soft that the sound is the end of the stolen note and not the strike of the new one.
        ("the 33rd note robs one of 32", hands.clone(), vec![player(29, 1)]),
        ("panic ends 32 notes", hands.clone(), vec![Silence]),
        ("the level goes to nothing", note(60), vec![Gesture::Levels(0.0, 0.0, 0.0)]),
    ];
    for (what, begin, end) in cases {
        let mut worst = f64::NEG_INFINITY;
        for rate in RATES {
            let before = in_frames(0.06, rate);
            for late in (0..10).map(|i| i * 37) {
                let at = in_frames(0.4, rate) + late;
                let mut score = begin.clone();
                score.extend(end.iter().map(|gesture| (at, *gesture)));
                let samples = play(&mut Sound::new(rate), &score, at + in_frames(0.3, rate), |_| 512);
                let samples: Vec<f32> = samples.into_iter().map(|(left, _)| left).collect();
                // Nobody hears anything under -100 dBFS.
                let own = sharpest(&samples[at - before..at]).max(1e-5);
                let over = db(f64::from(sharpest(&samples[at - 4..]) / own));
                assert!(over < 1.6, "{what} at {rate} Hz, frame {at}: {over} dB over its own");
                worst = worst.max(over);
            }
        }
        println!("When {what}: its sharpest corner is {worst:.2} dB over the sharpest of the note before");
    }
}

/// A handful of loud notes does not crackle while the limiter holds it below full scale.
#[test]
fn a_hand_of_loud_notes_does_not_crackle() {
    for (velocity, bound) in [(90, -60.0), (127, -50.0)] {
        let hands: Vec<_> =
            (0..32_u8).map(|i| (usize::from(i) * 97, On(NoteSource::Player, 28 + i, velocity))).collect();
        let samples = heard(&hands, 96_000);
        let (held, peak) = (&samples[12_000..], loudest(&samples));
        assert!(peak > 0.8, "the limiter has nothing to do: {peak}");
        let corner = db(f64::from(sharpest(held) / loudest(held)));
        println!("32 low notes, touch {velocity}: peak {peak:.3}, the sharpest corner {corner:.1} dB under it");
        assert!(corner < bound, "touch {velocity}: {corner} dB");
    }
}

#[test]
fn every_sample_rate_plays_the_same_instrument() {
    const DB: f64 = 1.0;
    /// Above this key the octave lies near 8 kHz, where at 44.1 kHz it is kept soft to avoid aliasing.
    const WITH_OCTAVE: u8 = 102;
    let mut worst = [0.0_f64; 3];
    for pitch in [21, 36, 48, 60, 72, 84, 96, WITH_OCTAVE, 108] {
        for velocity in [40, 110] {
            let levels = RATES.map(|rate| {
                let samples = key(rate, pitch, velocity, in_frames(0.3, rate));
                let (loudness, later) = (rms(&samples), &samples[in_frames(0.02, rate)..]);
                [loudness, tone(later, hz(pitch), rate), tone(later, 2.0 * hz(pitch), rate)].map(db)
            });
            for (what, worst) in worst.iter_mut().enumerate().take(if pitch <= WITH_OCTAVE { 3 } else { 2 }) {
                let levels = levels.map(|levels| levels[what]);
                let most = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let least = levels.iter().copied().fold(f64::INFINITY, f64::min);
                *worst = worst.max(most - least);
            }
        }
    }
    let [loudness, fundamental, octave] = worst;
    println!(
        "From 44.1 to 192 kHz keys 21 to 108 differ by {loudness:.2} dB at most, their fundamentals by \
         {fundamental:.2} dB, the octave over it up to key {WITH_OCTAVE} by {octave:.2} dB"
    );
    assert!(worst.iter().all(|differ| *differ < DB), "{worst:?}");
}

/// The amplitude of a tone.
fn tone(samples: &[f64], hz: f64, rate: f32) -> f64 {
    let turn = TAU * hz / f64::from(rate);
    let sum = windowed(samples).enumerate().fold((0.0, 0.0), |sum, (i, sample)| {
        let (sin, cos) = (turn * i as f64).sin_cos();
        (sum.0 + sample * cos, sum.1 + sample * sin)
    });
    sum.0.hypot(sum.1) / samples.len() as f64
}
