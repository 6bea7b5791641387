//! How loud each part is, for the meters.

use super::*;

/// The peak of a part is that of its notes alone and grows with its level.
#[test]
fn a_part_has_the_peak_of_its_own_notes() {
    let is_silent = |peaks: [f32; 3]| peaks.iter().all(|peak| *peak == 0.0);
    let peaks = |score: &[(usize, Gesture)]| {
        let mut sound = Sound::new(RATE);
        play(&mut sound, score, 4_800, |_| 64);
        let peaks = sound.take_peaks();
        assert!(is_silent(sound.take_peaks()), "they are taken once");
        peaks
    };
    assert!(is_silent(peaks(&[])));
    assert!(is_silent(peaks(&[(0, On(NoteSource::Click, 60, 100))])), "the click has no fader");
    for (part, who) in EVERYBODY.into_iter().take(3).enumerate() {
        let loud = peaks(&[(0, On(who, 60, 100))]);
        let mut levels = [1.0; 3];
        levels[part] = 0.5;
        let soft = peaks(&[(0, Gesture::Levels(levels[0], levels[1], levels[2])), (0, On(who, 60, 100))]);
        for other in 0..3 {
            assert_eq!(loud[other] > 0.01, other == part, "{who:?}: {loud:?}");
        }
        assert!((soft[part] / loud[part] - 0.5).abs() < 0.05, "{who:?}: {soft:?} and {loud:?}");
    }
}
