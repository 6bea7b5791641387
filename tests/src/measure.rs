//! Measures recordings: their level, and whether notes begin where they should.

use crate::timeline::Frame;
use anyhow::{Context, Result};
use std::path::Path;

/// The level of a stereo recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The greatest amplitude, 1 being full scale.
    pub peak: f32,
    /// Root of the mean square.
    pub rms: f64,
    /// The mean: how far the sound is off centre.
    pub offset: f64,
    /// Samples at or beyond full scale.
    pub clipped: usize,
    /// Samples that are not numbers.
    pub broken: usize,
}

/// Measures both channels together.
pub fn level(audio: &[Vec<f32>; 2]) -> Level {
    let mut level = Level { peak: 0.0, rms: 0.0, offset: 0.0, clipped: 0, broken: 0 };
    let mut count = 0.0;
    for &sample in audio.iter().flatten() {
        if !sample.is_finite() {
            level.broken += 1;
            continue;
        }
        count += 1.0;
        level.peak = level.peak.max(sample.abs());
        level.rms += f64::from(sample) * f64::from(sample);
        level.offset += f64::from(sample);
        level.clipped += usize::from(sample.abs() >= 1.0);
    }
    if count > 0.0 {
        level.rms = (level.rms / count).sqrt();
        level.offset /= count;
    }
    level
}

/// The stretch over which loudness is taken, in seconds: shorter than the shortest note, longer than a low tone's wave.
const WINDOW_SECONDS: f64 = 0.005;

/// How much stronger the edges of the sound must get where a note begins, compared with just before it.
const RISE: f64 = 1.6;

/// Whether a note is heard to begin within a few milliseconds of each of these frames.
pub fn onsets_heard(audio: &[Vec<f32>; 2], sample_rate: f64, onsets: &[Frame]) -> Vec<bool> {
    let edges = edges(audio);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred frames")]
    let window = (WINDOW_SECONDS * sample_rate) as usize;
    let loudness = |from: usize| {
        let stretch = edges.get(from..(from + window).min(edges.len())).unwrap_or_default();
        stretch.iter().sum::<f64>()
    };
    let heard = |onset: &Frame| {
        let Ok(onset) = usize::try_from(*onset) else {
            return false;
        };
        let before = loudness(onset.saturating_sub(window));
        // The attack may take a few windows to rise.
        let after = (0..4).map(|later| loudness(onset + later * window)).fold(0.0, f64::max);
        let silence = f64::EPSILON;
        if onset < window { after > silence } else { after > before.mul_add(RISE, silence) }
    };
    onsets.iter().map(heard).collect()
}

/// The energy of the difference between neighbouring samples: large at strikes, small in held tones.
fn edges([left, right]: &[Vec<f32>; 2]) -> Vec<f64> {
    let mono: Vec<f64> = left.iter().zip(right).map(|(left, right)| f64::from(*left) + f64::from(*right)).collect();
    let steps = mono.windows(2).map(|pair| (pair[1] - pair[0]).powi(2));
    std::iter::once(0.0).chain(steps).collect()
}

/// Writes a 16-bit stereo file.
///
/// # Errors
/// When the file cannot be written.
pub fn write_wav(path: &Path, [left, right]: &[Vec<f32>; 2], sample_rate: u32) -> Result<()> {
    const BITS: u16 = 16;
    let spec =
        hound::WavSpec { channels: 2, sample_rate, bits_per_sample: BITS, sample_format: hound::SampleFormat::Int };
    let cannot = || format!("{}: cannot be written", path.display());
    let mut file = hound::WavWriter::create(path, spec).with_context(cannot)?;
    for (left, right) in left.iter().zip(right) {
        for sample in [left, right] {
            #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of 16 bits")]
            let whole = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
            file.write_sample(whole).with_context(cannot)?;
        }
    }
    file.finalize().with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pling(at: usize, length: usize) -> [Vec<f32>; 2] {
        let tone = |frame: usize| {
            let Some(age) = frame.checked_sub(at) else {
                return 0.0;
            };
            let seconds = age as f32 / 48_000.0;
            0.5 * (-4.0 * seconds).exp() * (440.0 * std::f32::consts::TAU * seconds).sin()
        };
        let channel: Vec<f32> = (0..length).map(tone).collect();
        [channel.clone(), channel]
    }

    #[test]
    fn a_struck_tone_is_heard_where_it_begins_and_nowhere_else() {
        assert_eq!(onsets_heard(&pling(9_600, 48_000), 48_000.0, &[9_600, 4_800, 24_000]), [true, false, false]);
    }

    #[test]
    fn silence_clipping_offset_and_broken_samples_show_in_the_level() {
        let measured = |samples: &[f32]| level(&[samples.to_vec(), samples.to_vec()]);
        assert_eq!((measured(&[]).rms, measured(&[0.0; 9]).peak), (0.0, 0.0));
        assert_eq!(measured(&[1.0, -1.5, 0.9]).clipped, 4);
        assert_eq!(measured(&[f32::NAN, 0.5]).broken, 2);
        assert!((measured(&[0.25; 8]).offset - 0.25).abs() < 1e-9);
    }
}
