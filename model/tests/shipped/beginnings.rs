//! What is played when next to nothing was heard.

use super::jam::{STYLES, ShippedJam};
use segue_model::sampling::SamplingParameters;

/// Of so many beginnings, at most [`MOST`] stay on one pitch class.
const SEEDS: u64 = 20;
const MOST: usize = 10;
const NOTES: usize = 32;

/// Whether more than half of the notes have one pitch class.
fn stays(style: &str, keys: &[u8], temperature: f32, seed: u64) -> bool {
    let parameters = SamplingParameters { temperature, seed, ..SamplingParameters::default() };
    let mut jam = ShippedJam::after_keys(style, parameters, keys);
    let mut counts = [0; 12];
    (0..NOTES).for_each(|_| counts[usize::from(jam.decide(None).pitch.key() % 12)] += 1);
    counts.iter().any(|count| 2 * count > NOTES)
}

/// A player who presses *Your turn* at once, or after one key or two, hears a beginning and no octaves for bars.
#[test]
fn a_beginning_does_not_stay_on_one_pitch_class() {
    for (style, _) in STYLES {
        for keys in [&[][..], &[62], &[62, 69]] {
            for temperature in [0.6, 1.0] {
                let stays = (0..SEEDS).filter(|seed| stays(style, keys, temperature, *seed)).count();
                assert!(stays <= MOST, "{style} after {} keys at {temperature}: {stays} of {SEEDS}", keys.len());
            }
        }
    }
}
