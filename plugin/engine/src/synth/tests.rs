//! Plays the instrument and checks the sound by its numbers.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "made-up keys below 128, frame numbers below a million"
)]

mod measured;
mod peaks;

use super::*;
use Gesture::{Down, Off, On, Silence, Up};

const RATE: f32 = 48_000.0;
const EVERYBODY: [NoteSource; NoteSource::COUNT] =
    [NoteSource::Player, NoteSource::Segue, NoteSource::Comping, NoteSource::Click];

/// The channel of all gestures that name no other.
const CHANNEL: u8 = 3;

/// What a test does to the instrument.
#[derive(Clone, Copy)]
enum Gesture {
    On(NoteSource, u8, u8),
    Off(NoteSource, u8),
    Down,
    Up,
    /// Levels of the player, of Segue and of the comping.
    Levels(f32, f32, f32),
    Silence,
}

fn make(sound: &mut Sound, gesture: Gesture) {
    match gesture {
        On(who, pitch, velocity) => sound.note_on(who, CHANNEL, pitch, velocity),
        Off(who, pitch) => sound.note_off(who, CHANNEL, pitch),
        Down => sound.pedal(CHANNEL, true),
        Up => sound.pedal(CHANNEL, false),
        Gesture::Levels(player, segue, comping) => sound.set_levels(player, segue, comping),
        Silence => sound.silence(),
    }
}

/// Renders `frames` in calls of at most `cut(call)` frames, with the gestures at their frames.
fn play(sound: &mut Sound, score: &[(usize, Gesture)], frames: usize, cut: impl Fn(usize) -> usize) -> Vec<(f32, f32)> {
    // The previous contents of the slices must not matter.
    let (mut left, mut right) = (vec![9.0; frames], vec![9.0; frames]);
    let (mut at, mut calls, mut score) = (0, 0, score.iter().peekable());
    while at < frames {
        while let Some((_, gesture)) = score.next_if(|(frame, _)| *frame <= at) {
            make(sound, *gesture);
        }
        let next = score.peek().map_or(frames, |(frame, _)| *frame).min(frames);
        let end = next.min(at + cut(calls));
        sound.render(&mut left[at..end], &mut right[at..end]);
        (at, calls) = (end, calls + 1);
    }
    left.into_iter().zip(right).collect()
}

fn heard(score: &[(usize, Gesture)], frames: usize) -> Vec<f32> {
    let frames = play(&mut Sound::new(RATE), score, frames, |_| 512);
    frames.into_iter().map(|(left, _)| left).collect()
}

fn loudest(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |most, sample| sample.abs().max(most))
}

/// The sharpest corner: the largest fourth difference. It weights 100 Hz at 48 kHz by 3e-8 and a step by 3.
fn sharpest(samples: &[f32]) -> f32 {
    let corners = samples.windows(5).map(|w| w[0] - 4.0 * w[1] + 6.0 * w[2] - 4.0 * w[3] + w[4]);
    corners.fold(0.0, |most, corner| corner.abs().max(most))
}

/// Every kind of gesture within 1.5 s, not aligned with any block.
fn busy_score() -> Vec<(usize, Gesture)> {
    let mut score = vec![(0, Gesture::Levels(0.8, 1.2, 0.9))];
    for i in 0..90_usize {
        let who =
            [NoteSource::Segue, NoteSource::Player, NoteSource::Comping, NoteSource::Player, NoteSource::Click][i % 5];
        let pitch = 30 + (i * 7 % 61) as u8;
        score.push((i * 701, On(who, pitch, 20 + (i * 13 % 107) as u8)));
        score.push((i * 701 + 2_311, Off(who, pitch)));
    }
    score.extend([(9_001, Down), (30_011, Up), (40_009, Gesture::Levels(0.1, 0.0, 0.5)), (66_666, Silence)]);
    score.extend([(70_001, On(NoteSource::Segue, 60, 90)), (70_100, Gesture::Levels(1.0, 0.3, 1.0))]);
    score.sort_by_key(|(frame, _)| *frame);
    score
}

#[test]
fn an_instrument_that_nobody_touches_is_silent() {
    let mut sound = Sound::new(RATE);
    let frames = play(&mut sound, &[(3, Down), (5, Off(NoteSource::Player, 60)), (9, Silence)], 999, |_| 64);
    assert!(sound.is_silent() && frames.iter().all(|frame| *frame == (0.0, 0.0)));
}

#[test]
fn the_same_samples_come_however_the_frames_are_cut() {
    let score = busy_score();
    let play = |cut: &dyn Fn(usize) -> usize| play(&mut Sound::new(RATE), &score, 72_000, cut);
    let whole = play(&|_| usize::MAX / 2);
    for size in [1, 7, 64, 65, 441, 4_096] {
        assert!(play(&|_| size) == whole, "calls of {size} frames");
    }
    assert!(play(&|call| 1 + call * 7_919 % 613) == whole, "calls of mixed lengths");
}

#[test]
fn a_phrase_after_silence_sounds_exactly_like_the_first() {
    let mut sound = Sound::new(RATE);
    let score = [(0, On(NoteSource::Segue, 64, 90)), (4_000, Off(NoteSource::Segue, 64))];
    let first = play(&mut sound, &score, 40_000, |_| 100);
    assert!(sound.is_silent());
    assert!(first == play(&mut sound, &score, 40_000, |_| 333));
}

#[test]
fn nothing_leaves_above_full_scale_whatever_is_played() {
    for rate in [8_000.0, 48_000.0, 192_000.0] {
        let mut sound = Sound::new(rate);
        let mut score = vec![(0, Gesture::Levels(MAX_LEVEL, MAX_LEVEL, MAX_LEVEL))];
        score.extend((0..64).map(|i| (0, On(NoteSource::Player, 28 + i, 127))));
        score.extend((0..64).map(|i| (2_000 + usize::from(i), On(NoteSource::Segue, 28 + i, 127))));
        score.extend((0..64).map(|i| (4_000 + usize::from(i), On(NoteSource::Comping, 28 + i, 127))));
        score.extend((0..64).map(|i| (6_000 + usize::from(i), On(NoteSource::Click, 28 + i, 127))));
        let frames = play(&mut sound, &score, 12_000, |_| 256);
        let most = frames.iter().fold(0.0_f32, |most, (l, r)| most.max(l.abs()).max(r.abs()));
        println!("All keys, as hard and as high in level as can be, at {rate} Hz: the loudest sample is {most:.4}");
        assert!((0.5..1.0).contains(&most), "{most} at {rate} Hz");
    }
}

#[test]
fn ordinary_playing_stays_below_the_limiter() {
    let chord = [48, 55, 64, 67, 71].map(|pitch| (0, On(NoteSource::Player, pitch, 80)));
    let samples = heard(&chord, 48_000);
    assert!(loudest(&samples) < 0.7, "{}", loudest(&samples));
}

/// A melody note peaks near -14 dB, and a chord is near -18 dB.
#[test]
fn a_melody_note_peaks_near_minus_14_db() {
    let db = |gain: f32| 20.0 * gain.log10();
    let peak = db(loudest(&heard(&[(0, On(NoteSource::Player, 64, 95))], 48_000)));
    assert!((-15.5..-12.5).contains(&peak), "{peak} dBFS");
    // Over the first half second: later it depends on how long the key is held.
    let mut sound = Sound::new(RATE);
    let chord = [48, 64, 67, 71].map(|pitch| (0, On(NoteSource::Player, pitch, 80)));
    let frames = play(&mut sound, &chord, 24_000, |_| 512);
    let power = frames.iter().map(|(l, r)| l * l + r * r).sum::<f32>() / 24_000.0;
    let level = db((power / 2.0).sqrt());
    assert!((-21.0..-17.0).contains(&level), "{level} dBFS");
}

#[test]
fn a_harder_touch_is_louder_and_brighter() {
    let touch = |velocity| heard(&[(0, On(NoteSource::Player, 60, velocity))], 24_000);
    let (soft, hard) = (touch(40), touch(110));
    let (soft_peak, hard_peak) = (loudest(&soft), loudest(&hard));
    assert!(hard_peak > 3.0 * soft_peak);
    assert!(sharpest(&hard) / hard_peak > 1.5 * sharpest(&soft) / soft_peak);
}

#[test]
fn a_note_ends_without_a_corner_sharper_than_its_own() {
    // The note's own corners are those of the 30 ms before. Nobody hears anything under 1e-5 (-100 dBFS).
    for (pitch, velocity) in [(28, 110), (40, 127), (55, 60), (60, 100), (72, 127), (90, 100)] {
        let end = 9_600 + usize::from(pitch) * 13;
        for gesture in [Off(NoteSource::Player, pitch), Silence] {
            let mut samples = heard(&[(0, On(NoteSource::Player, pitch, velocity)), (end, gesture)], 24_000);
            let own = sharpest(&samples[end - 1_440..end]).max(1e-5);
            let at_end = sharpest(&samples[end - 4..]);
            assert!(at_end < 1.2 * own, "key {pitch}: {at_end} after {own}");
            // Checks the checker: a hard cut at the peak of the last period must be found.
            let cut = (end - 960..end).max_by(|a, b| samples[*a].total_cmp(&samples[*b])).unwrap();
            samples[cut..].fill(0.0);
            assert!(sharpest(&samples[end - 1_440..]) > 3.0 * own, "key {pitch} cut");
        }
    }
}

#[test]
fn a_robbed_voice_and_a_key_struck_again_end_without_a_click() {
    let mut held: Vec<_> = (0..32).map(|i| (usize::from(i) * 97, On(NoteSource::Player, 28 + i, 90))).collect();
    let own = sharpest(&heard(&held, 48_000)[24_000..]);
    // Velocity 1, so that the sound is the end of the old note and not the strike of the new one.
    held.extend((0..20).map(|i| (30_000 + usize::from(i) * 301, On(NoteSource::Player, 61 + i, 1))));
    held.extend((0..12).map(|i| (40_000 + usize::from(i) * 301, On(NoteSource::Player, 40 + i, 1))));
    let samples = heard(&held, 48_000);
    assert!(sharpest(&samples[24_000..]) < 1.2 * own, "{} over {own}", sharpest(&samples[24_000..]));
}

#[test]
fn there_is_no_direct_current() {
    let chord = [40, 58, 64].map(|pitch| (0, On(NoteSource::Comping, pitch, 127)));
    let mut most = direct_current("a chord", &heard(&chord, 96_000));
    for (who, pitch) in [24, 40, 60, 84].into_iter().flat_map(|pitch| EVERYBODY.map(|who| (who, pitch))) {
        let samples = heard(&[(0, On(who, pitch, 127)), (60_000, Off(who, pitch))], 96_000);
        most = most.max(direct_current(&format!("{who:?}, key {pitch}"), &samples));
    }
    // Low notes close together: each strike swings to the same side first.
    let strikes = (0..60).flat_map(|i| {
        let key = 28 + (i * 7 % 24) as u8;
        [(i * 3_000, On(NoteSource::Player, key, 90)), (i * 3_000 + 2_900, Off(NoteSource::Player, key))]
    });
    most = most.max(direct_current("many strikes", &heard(&strikes.collect::<Vec<_>>(), 192_000)));
    println!("Direct current over a second: {:.1} dBFS at most", 20.0 * most.log10());
}

/// The largest mean of any second.
fn direct_current(what: &str, samples: &[f32]) -> f64 {
    let mut most = 0.0_f64;
    for second in samples.windows(48_000).step_by(12_000) {
        // Weighted with a raised cosine, so that half periods at the ends do not count; the mean of the weights is a
        // half.
        let weighed = second
            .iter()
            .enumerate()
            .map(|(i, sample)| f64::from(*sample) * (1.0 - (std::f64::consts::TAU * i as f64 / 48_000.0).cos()));
        let mean = weighed.sum::<f64>() / 48_000.0;
        assert!(mean.abs() < 3e-4, "{what}: {mean}");
        most = most.max(mean.abs());
    }
    most
}

#[test]
fn a_released_note_dies_within_300_ms_and_the_instrument_sleeps() {
    for pitch in [21, 60, 108] {
        let mut sound = Sound::new(RATE);
        play(
            &mut sound,
            &[(0, On(NoteSource::Player, pitch, 127)), (4_800, Off(NoteSource::Player, pitch))],
            4_900,
            |_| 64,
        );
        assert!(!sound.is_silent());
        let tail = play(&mut sound, &[], 14_400, |_| 64);
        assert!(sound.is_silent(), "key {pitch}");
        let zeros = tail.iter().rev().take_while(|frame| **frame == (0.0, 0.0)).count();
        println!("Key {pitch}: nothing but zeros {} ms after the key is up", (14_500 - zeros) / 48);
    }
}

#[test]
fn a_held_note_dies_by_itself_and_no_sample_is_subnormal() {
    for pitch in [60, 96] {
        let mut sound = Sound::new(RATE);
        let frames = play(&mut sound, &[(0, On(NoteSource::Segue, pitch, 127))], 48_000 * 25, |_| 512);
        assert!(sound.is_silent(), "key {pitch}");
        assert!(frames.iter().all(|(l, r)| !l.is_subnormal() && !r.is_subnormal()));
    }
}

#[test]
fn every_key_is_safe_at_every_sample_rate() {
    for rate in [f32::NAN, -1.0, 8_000.0, 22_050.0, 44_100.0, 192_000.0, 2_000_000.0, f32::INFINITY] {
        let mut sound = Sound::new(rate);
        sound.set_levels(f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
        for pitch in 0..=u8::MAX {
            for velocity in [1, 127, 255] {
                sound.note_on(NoteSource::Player, CHANNEL, pitch, velocity);
                let frames = play(&mut sound, &[], 90, |_| 64);
                assert!(frames.iter().all(|(l, r)| l.abs() <= 1.0 && r.abs() <= 1.0));
            }
            sound.note_off(NoteSource::Player, CHANNEL, pitch);
        }
    }
}

#[test]
fn the_pedal_holds_the_players_notes_and_not_segues() {
    let mut sound = Sound::new(RATE);
    let score = [
        (0, Down),
        (0, On(NoteSource::Player, 60, 90)),
        (0, On(NoteSource::Segue, 64, 90)),
        (100, Off(NoteSource::Player, 60)),
        (100, Off(NoteSource::Segue, 64)),
    ];
    play(&mut sound, &score, 20_000, |_| 64);
    let sounding: Vec<u8> = sound.voices.iter().map(|voice| voice.pitch).collect();
    assert_eq!(sounding, [60]);
    play(&mut sound, &[(0, Up)], 20_000, |_| 64);
    assert!(sound.is_silent());
}

#[test]
fn a_key_up_ends_only_the_key_of_its_own_player() {
    let mut sound = Sound::new(RATE);
    let score =
        [(0, On(NoteSource::Player, 60, 90)), (0, On(NoteSource::Segue, 60, 90)), (100, On(NoteSource::Segue, 60, 0))];
    play(&mut sound, &score, 20_000, |_| 64);
    let sounding: Vec<NoteSource> = sound.voices.iter().map(|voice| voice.who).collect();
    assert_eq!(sounding, [NoteSource::Player]);
}

/// The oldest released note is stolen first; if there is none, the quietest.
#[test]
fn the_oldest_released_note_is_stolen_first() {
    let mut sound = Sound::new(RATE);
    for pitch in 30..62 {
        sound.note_on(NoteSource::Player, CHANNEL, pitch, if pitch == 50 { 20 } else { 100 });
    }
    play(&mut sound, &[(0, Off(NoteSource::Player, 40)), (0, Off(NoteSource::Player, 33))], 64, |_| 64);
    for pitch in 70..73 {
        sound.note_on(NoteSource::Player, CHANNEL, pitch, 100);
    }
    let robbed = |voice: &&Voice| voice.is_leaving();
    let robbed: Vec<u8> = sound.voices.iter().filter(robbed).map(|voice| voice.pitch).collect();
    assert_eq!(robbed, [33, 40, 50]);
}

/// No more than 32 notes sound, and the list of voices never grows.
#[test]
fn no_more_than_32_notes_sound() {
    let mut sound = Sound::new(RATE);
    let capacity = sound.voices.capacity();
    for i in 0..500_usize {
        sound.note_on(NoteSource::Player, CHANNEL, (i * 37 % 128) as u8, 100);
        play(&mut sound, &[], i % 3, |_| 64);
        let sounding = sound.voices.iter().filter(|voice| !voice.is_leaving()).count();
        assert!(sounding <= POLYPHONY && sound.voices.len() <= PLACES);
    }
    assert_eq!(sound.voices.capacity(), capacity);
}

/// A chord every 24,000 frames, as the comping plays it.
fn comping() -> Vec<(usize, Gesture)> {
    let chords: [[u8; 3]; 4] = [[41, 57, 63], [46, 56, 62], [41, 57, 63], [48, 58, 64]];
    let keys = (0..).zip(chords).flat_map(|(bar, keys)| keys.map(|key| (bar * 24_000, key)));
    keys.flat_map(|(at, key)| [(at, On(NoteSource::Comping, key, 53)), (at + 21_000, Off(NoteSource::Comping, key))])
        .collect()
}

fn sorted(mut score: Vec<(usize, Gesture)>) -> Vec<(usize, Gesture)> {
    score.sort_by_key(|(frame, _)| *frame);
    score
}

#[test]
fn chords_change_without_a_click() {
    let samples = heard(&sorted(comping()), 96_000);
    // Strikes have the sharpest corners. Where keys go up there must be no corner beyond those of the sound itself.
    let strike = sharpest(&samples[..2_400]);
    for bar in 0..4 {
        let end = bar * 24_000 + 21_000;
        let own = sharpest(&samples[end - 1_440..end]).max(1e-5);
        assert!(sharpest(&samples[end - 4..end + 2_990]) < 1.2 * own, "bar {bar}: the keys go up");
        assert!(sharpest(&samples[bar * 24_000..end]) < 1.5 * strike, "bar {bar}: the keys go down");
    }
}

/// The comping is soft under the solo, and all voices together stay below the limiter.
#[test]
fn the_comping_is_soft_under_the_solo() {
    let power = |samples: &[f32]| samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32;
    let db = |one: f32, other: f32| 10.0 * (one / other).log10();
    let solo = |who, offset: usize| {
        (0..16_usize).flat_map(move |i| {
            let (at, key) = (offset + i * 6_000, 64 + (i * 5 % 13) as u8);
            [(at, On(who, key, 90)), (at + 5_000, Off(who, key))]
        })
    };
    let both = |score: Vec<_>| {
        let frames = play(&mut Sound::new(RATE), &sorted(score), 96_000, |_| 512);
        frames.into_iter().map(|(left, right)| left.midpoint(right)).collect::<Vec<f32>>()
    };
    let (chords, line) = (both(comping()), both(solo(NoteSource::Segue, 0).collect()));
    let under = db(power(&chords), power(&line));
    assert!((-12.0..-2.0).contains(&under), "the chords lie {under} dB from the solo");
    let mut all = comping();
    all.extend(solo(NoteSource::Segue, 0));
    all.extend(solo(NoteSource::Player, 3_000));
    all.extend((0..4).flat_map(|beat| {
        [(beat * 24_000, On(NoteSource::Click, 103, 114)), (beat * 24_000, Off(NoteSource::Click, 103))]
    }));
    let frames = play(&mut Sound::new(RATE), &sorted(all), 96_000, |_| 512);
    let most = frames.iter().fold(0.0_f32, |most, (l, r)| most.max(l.abs()).max(r.abs()));
    assert!(most < 0.7, "{most}");
}

#[test]
fn a_click_is_heard_at_once_and_is_over_before_the_next() {
    for (key, velocity) in [(103, 114), (96, 76)] {
        let samples = heard(&[(0, On(NoteSource::Click, key, velocity)), (0, Off(NoteSource::Click, key))], 24_000);
        let peak = samples.iter().position(|sample| sample.abs() >= 0.5 * loudest(&samples)).unwrap();
        // 240 frames are 5 ms; at 300 bpm there are 9,600 from beat to beat.
        assert!(peak < 240 && loudest(&samples) > 0.01, "key {key}: {} at {peak}", loudest(&samples));
        assert!(samples[9_600..].iter().all(|sample| *sample == 0.0), "key {key}");
    }
}

#[test]
fn each_level_moves_its_own_player_without_a_click() {
    let score = [(0, On(NoteSource::Player, 60, 100)), (24_000, Gesture::Levels(0.0, 1.0, 1.0))];
    let samples = heard(&score, 48_000);
    assert!(sharpest(&samples[24_000 - 4..]) < 1.2 * sharpest(&samples[20_000..24_000]));
    assert!(samples[40_000..].iter().all(|sample| *sample == 0.0));
    let segue = [(0, Gesture::Levels(0.0, 1.0, 1.0)), (0, On(NoteSource::Segue, 60, 100))];
    assert!(loudest(&heard(&segue, 24_000)) > 0.05);
    let comping = [(0, Gesture::Levels(1.0, 1.0, 0.0)), (0, On(NoteSource::Comping, 60, 100))];
    assert!(loudest(&heard(&comping, 24_000)) == 0.0);
}

/// The same key on two channels is two voices, and each has its own note-off and pedal.
#[test]
fn one_key_on_two_channels_is_two_voices() {
    const OTHER: u8 = CHANNEL + 1;
    /// What still sounds half a second after both keys were struck and this was done.
    fn left(then: impl Fn(&mut Sound)) -> f32 {
        let mut sound = Sound::new(RATE);
        sound.note_on(NoteSource::Player, CHANNEL, 60, 100);
        sound.note_on(NoteSource::Player, OTHER, 60, 100);
        let _ = play(&mut sound, &[], 4_800, |_| 512);
        then(&mut sound);
        let frames = play(&mut sound, &[], 24_000, |_| 512);
        frames[19_200..].iter().map(|(left, _)| left * left).sum()
    }
    let both = left(|_| {});
    let one = left(|sound| sound.note_off(NoteSource::Player, CHANNEL, 60));
    let other = left(|sound| sound.note_off(NoteSource::Player, OTHER, 60));
    // Struck together, both vibrate in phase: one has half the amplitude, a quarter of the power.
    assert!((one / both - 0.25).abs() < 0.01 && (other / both - 0.25).abs() < 0.01, "{one} and {other} of {both}");
    let pedalled = left(|sound| {
        sound.pedal(OTHER, true);
        sound.note_off(NoteSource::Player, CHANNEL, 60);
        sound.note_off(NoteSource::Player, OTHER, 60);
    });
    assert!((pedalled / both - 0.25).abs() < 0.01, "{pedalled} of {both}");
    let silent = left(|sound| {
        sound.note_off(NoteSource::Player, CHANNEL, 60);
        sound.note_off(NoteSource::Player, OTHER, 60);
    });
    assert!(silent < both * 1e-5, "{silent} of {both}");
}
