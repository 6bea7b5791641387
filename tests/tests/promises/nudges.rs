//! Hosts with a jittering clock, songs that are nudged, and settings that change during an answer: Segue plays on.

use crate::support::{AFTERWARDS, ALL_BLOCKS, Settings, notes, onsets, phrase, steady};
use segue_model::note::Metre;
use segue_tests::blocks::Blocks;
use segue_tests::performance::Sounded;
use segue_tests::rng::Rng;
use segue_tests::score::Score;
use segue_tests::timeline::{Frame, Timeline};

/// At 120 bpm and 48 kHz.
const BEAT: Frame = 24_000;
const BAR: Frame = 4 * BEAT;
/// Five milliseconds: such a short note is a click.
const CLICK: Frame = 240;
const BARS: Frame = 10;
const MODES: [Settings<'static>; 3] =
    [&[("Mode", "Answer"), ("Answer length", "8")], &[("Mode", "Trade"), ("Trade", "1 bar")], &[("Mode", "Duet")]];

/// The phrase, and time in which the transport does something.
fn jam(mut timeline: Timeline) -> Score {
    timeline.playing(BARS * BAR - AFTERWARDS, false);
    let mut score = Score::silence(timeline, BARS * BAR);
    for (index, note) in (0..).zip(phrase()) {
        let down = index * BEAT / 2;
        score.press(note.pitch.key(), down, down + 11_000);
    }
    score
}

fn check(settings: Settings<'_>, score: &Score, blocks: Blocks, plain: usize, case: &str) -> Vec<Sounded> {
    let heard = notes(settings, score, blocks);
    // The host stops before the end, which cuts off sounding notes.
    let stops = BARS * BAR - AFTERWARDS;
    let click = heard.iter().find(|note| note.off - note.on < CLICK && note.off < stops);
    assert_eq!(click, None, "{case}");
    // When a note falls on another frame, other notes may follow; only their number is compared.
    assert!(heard.len().abs_diff(plain) * 4 <= plain, "{case}: {} notes instead of {plain}", heard.len());
    heard
}

/// In every mode, a song position that is nudged by up to 50 ms keeps the answer.
#[test]
fn a_nudge_of_up_to_50_ms_keeps_the_answer() {
    for settings in MODES {
        let plain = notes(settings, &jam(steady(48_000.0)), Blocks::Of(256));
        for nudge_ms in [-50.0, -22.0, 20.0, 22.0, 35.0, 50.0] {
            let at = 438_000;
            let mut timeline = steady(48_000.0);
            timeline.jump(at, (at as f64 + nudge_ms * 48.0) / BEAT as f64);
            let score = jam(timeline);
            for blocks in [64, 256, 1024].map(Blocks::Of) {
                let case = format!("{settings:?}, {nudge_ms} ms, {blocks:?}");
                let heard = check(settings, &score, blocks, plain.len(), &case);
                assert!(heard.iter().any(|note| note.on > at + BAR), "{case}: nothing after it");
                let before = |notes: &[Sounded]| onsets(notes).into_iter().filter(|on| *on < at).collect::<Vec<_>>();
                assert_eq!(before(&heard), before(&plain), "{case}");
            }
        }
    }
}

#[test]
fn a_position_that_jitters_keeps_the_answer_in_every_mode() {
    for settings in MODES {
        let plain = notes(settings, &jam(steady(48_000.0)), Blocks::Of(256)).len();
        for (noise_ms, tempo_noise, frames) in [(10.0, 0.0, 256), (10.0, 5.0, 1024), (25.0, 0.0, 512), (50.0, 5.0, 256)]
        {
            let mut rng = Rng::new(7);
            let mut timeline = steady(48_000.0);
            for block in 1..(BARS * BAR - BAR / 2) / frames {
                let at = block * frames;
                let beside = rng.real(-noise_ms, noise_ms) * 48.0;
                timeline.tempo(at, 120.0 + rng.real(-1.0, 1.0) * tempo_noise);
                timeline.jump(at, (at as f64 + beside) / BEAT as f64);
            }
            let blocks = Blocks::Of(u32::try_from(frames).expect("small"));
            let case = format!("{settings:?}, {noise_ms} ms and {tempo_noise} bpm in blocks of {frames}");
            check(settings, &jam(timeline), blocks, plain, &case);
        }
    }
}

/// Settings without a meaning in *Answer* change nothing there, and another style continues the answer.
#[test]
fn settings_of_other_modes_keep_the_answer() {
    let settings: Settings<'_> = &[("Answer length", "8"), ("Style", "Irish")];
    let plain = notes(settings, &jam(steady(48_000.0)), Blocks::Of(256));
    for blocks in ALL_BLOCKS {
        let mut score = jam(steady(48_000.0));
        score.turn("Trade", 200_000, "1 bar").turn("First", 300_000, "Segue");
        assert_eq!(notes(settings, &score, blocks), plain, "{blocks:?}");
    }
    for style in ["Jazz", "Blues", "Folk", "Piano"] {
        let mut score = jam(steady(48_000.0));
        score.turn("Style", 300_007, style);
        let heard = notes(settings, &score, Blocks::Of(256));
        let before = |notes: &[Sounded]| onsets(notes).into_iter().filter(|on| *on < 300_007).collect::<Vec<_>>();
        assert_eq!(before(&heard), before(&plain), "{style}");
        let over = heard[0].on + 8 * BAR;
        assert!(heard.iter().filter(|note| note.on > 4 * BAR).count() > 6, "{style}: {heard:?}");
        assert!(heard.iter().any(|note| (over - 2 * BAR..over).contains(&note.on)), "{style}: {heard:?}");
        assert!(heard.iter().all(|note| note.on < over), "{style}: {heard:?}");
        // New notes begin after those that sound, even if the new style divides the beat differently.
        let line = heard.windows(2).find(|pair| pair[1].on < pair[0].off && pair[0].on < 300_007 && style != "Piano");
        assert_eq!(line, None, "{style}: two notes at once");
        for blocks in ALL_BLOCKS {
            assert_eq!(notes(settings, &score, blocks), heard, "{style}, {blocks:?}");
        }
    }
}

#[test]
fn a_metre_that_changes_on_segues_first_bar_does_not_delay_it() {
    for (start, bars, name) in [("Bar", 4, "4 bars"), ("1/8", 4, "4 bars"), ("Free", 2, "2 bars"), ("1/4", 1, "1 bar")]
    {
        let line = bars * BAR;
        let mut timeline = steady(48_000.0);
        timeline.metre(line, Metre::new(3, 4).expect("a metre"));
        let score = jam(timeline);
        let settings: Settings<'_> = &[("Mode", "Trade"), ("Trade", name), ("Start", start), ("Style", "Irish")];
        for blocks in ALL_BLOCKS {
            let first = onsets(&notes(settings, &score, blocks)).first().copied();
            assert_eq!(first, Some(line), "{start}, {name}, {blocks:?}");
        }
    }
}
