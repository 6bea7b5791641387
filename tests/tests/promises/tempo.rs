//! The tempo without a song: tapped, or detected from the player's notes.

use crate::support::{ALL_BLOCKS, Settings, instance, notes, onsets, steady};
use segue_tests::blocks::Blocks;
use segue_tests::performance::Sounded;
use segue_tests::score::Score;
use segue_tests::session::Session;
use segue_tests::timeline::{Frame, Timeline, TransportReport};

const RATE: f64 = 48_000.0;
/// The first key goes down here: it is beat 1 of a bar.
const FIRST: Frame = 333_333;
/// The two kinds of hosts without a song: one whose transport stands still at 120 bpm, and one that reports nothing.
const ALONE: [TransportReport; 2] = [TransportReport::Everything, TransportReport::Nothing];
const ANSWER: Settings<'static> = &[("Mode", "Answer"), ("Start", "1/4"), ("Answer length", "2")];
const DUET: Settings<'static> = &[("Mode", "Duet"), ("Start", "1/4")];

/// Plays a score to a new instance without a song; notes that still sound at the end count too.
fn alone(settings: Settings<'_>, report: TransportReport, score: &Score, blocks: Blocks) -> Vec<Sounded> {
    let session = Session { report, ..Session::render(blocks) };
    session.play(&mut instance(settings), score).expect("the plugin plays").notes().0
}

/// Time without a song.
fn no_song(length: Frame) -> Score {
    Score::silence(Timeline::stopped(RATE), length)
}

/// The frame that is this many quarter notes after the first key, at a tempo.
fn after(quarters: f64, tempo_bpm: f64) -> f64 {
    quarters * 60.0 / tempo_bpm * RATE + FIRST as f64
}

fn frame(at: f64) -> Frame {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some seconds")]
    let frame = at.round() as Frame;
    frame
}

/// How far a frame is from the nearest tick, counted from the first key, in frames.
fn beside(at: Frame, tempo_bpm: f64) -> f64 {
    let ticks = (at as f64 - FIRST as f64) / RATE * tempo_bpm / 60.0 * 48.0;
    (ticks - ticks.round()) * RATE * 60.0 / tempo_bpm / 48.0
}

fn tap(score: &mut Score, taps: &[Frame]) {
    for at in taps {
        score.turn("Tap tempo", *at, "On").turn("Tap tempo", at + 3_000, "Off");
    }
}

/// In every mode, a tapped tempo sets the tempo of what follows, to the sample.
#[test]
fn a_tapped_tempo_holds_to_the_sample_in_every_mode() {
    const TRADE: Settings<'static> = &[("Mode", "Trade"), ("Trade", "1 bar")];
    // The taps, the tempo that they give, and what the musician sets afterwards.
    let cases: [(&[Frame], f64, Option<&str>); 6] = [
        (&[1, 30_001, 60_001], 96.0, None),
        (&[50_000, 66_000, 82_000, 98_000], 180.0, None),
        (&[50_000, 90_000], 72.0, None),
        // One of them comes late.
        (&[1, 30_001, 60_001, 91_001], 96.0, None),
        // A tap after a long pause is the first of a new series.
        (&[1, 30_001, 60_001, 280_000], 96.0, None),
        (&[1, 30_001, 60_001], 150.0, Some("150")),
    ];
    let (mut count, mut worst) = (0, 0.0_f64);
    for (case, (taps, tempo_bpm, set)) in cases.into_iter().enumerate() {
        let mut score = no_song(FIRST + 480_000);
        score.press(62, FIRST, FIRST + 6_000);
        tap(&mut score, taps);
        if let Some(tempo) = set {
            score.turn("Tempo without host", 150_000, tempo);
        }
        // A stopped transport keeps its own tempo when Segue's is set, so here the host reports nothing.
        let reports = if set.is_some() { &ALONE[1..] } else { &ALONE[..] };
        // After a single short note, Segue answers only when the next beat has brought no other.
        for (settings, quarters) in [(ANSWER, 2.0), (DUET, 1.0), (TRADE, 4.0)] {
            for report in reports {
                for blocks in [Blocks::Of(64), ALL_BLOCKS[1 + case]] {
                    let case = format!("taps at {taps:?}, {settings:?}, {report:?}, {blocks:?}");
                    let heard = alone(settings, *report, &score, blocks);
                    let promised = frame(after(quarters, tempo_bpm));
                    assert_eq!(onsets(&heard).first(), Some(&promised), "{case}");
                    let most = heard.iter().map(|note| beside(note.on, tempo_bpm).abs()).fold(0.0, f64::max);
                    assert!(most <= 0.5001, "{case}: a note is {most} frames beside its tick");
                    assert!(heard.len() > 3, "{case}: {heard:?}");
                    (count, worst) = (count + heard.len(), worst.max(most));
                }
            }
        }
    }
    println!("After taps: {count} notes, the worst {worst:.3} frames beside its tick (0.5 is rounding)");
}

#[test]
fn in_a_song_taps_change_nothing() {
    let mut score = Score::silence(steady(RATE), 480_000);
    score.press(62, 1_000, 20_000).press(66, 24_000, 90_000);
    score.timeline.playing(470_000, false);
    let untapped = notes(&[], &score, Blocks::Of(256));
    assert!(untapped.len() > 8);
    tap(&mut score, &[1, 30_001, 60_001, 200_001, 230_001]);
    for blocks in ALL_BLOCKS {
        assert_eq!(notes(&[], &score, blocks), untapped, "{blocks:?}");
    }
}

/// A phrase given by its rhythm: the distances between its keys, in quarter notes.
struct Phrase {
    name: &'static str,
    rhythm: &'static [f64],
}

const PHRASES: [Phrase; 4] = [
    Phrase { name: "quarters", rhythm: &[1.0; 7] },
    Phrase { name: "quarters and eighths", rhythm: &[1.0, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0] },
    Phrase { name: "eighths", rhythm: &[0.5; 14] },
    Phrase { name: "dotted", rhythm: &[0.75, 0.25, 1.0, 0.75, 0.25, 1.0, 1.0, 1.0, 1.0] },
];

impl Phrase {
    /// When each key goes down, in quarter notes.
    fn places(&self) -> Vec<f64> {
        let mut place = 0.0;
        let later = self.rhythm.iter().map(|quarters| {
            place += quarters;
            place
        });
        std::iter::once(0.0).chain(later).collect()
    }

    /// Plays the phrase at a tempo. Each key is off by one of the times in `uneven`, in frames, and held until the
    /// next.
    fn played(&self, tempo_bpm: f64, uneven: [f64; 5], length: Frame) -> Score {
        let places = self.places().into_iter().enumerate();
        let beside = |index: usize| if index == 0 { 0.0 } else { uneven[index % uneven.len()] };
        let downs: Vec<Frame> = places.map(|(index, place)| frame(after(place, tempo_bpm) + beside(index))).collect();
        let mut score = no_song(length);
        for (index, down) in downs.iter().enumerate() {
            let up = downs.get(index + 1).map_or(down + 5_000, |next| next - 500);
            score.press([62, 66, 69, 74, 71, 69, 66, 64][index % 8], *down, up);
        }
        score
    }
}

/// How unevenly the phrase is played, and how far Segue's notes may then be from the phrase's beat.
struct Touch {
    name: &'static str,
    uneven_ms: [f64; 5],
    bound: f64,
}

/// Segue detects the tempo of the player's phrase, and starts and continues in it.
#[test]
fn segue_takes_the_tempo_of_the_players_phrase() {
    const TRADE: Settings<'static> = &[("Mode", "Trade"), ("Trade", "2 bars")];
    let touches = [
        // Keys fall on whole frames, so a tempo that is detected from some of them is slightly off.
        Touch { name: "even", uneven_ms: [0.0; 5], bound: 2.0 },
        // Segue takes the beat from the last key; the errors of the other keys affect the tempo.
        Touch { name: "uneven by up to 6 ms", uneven_ms: [0.0, 4.0, -5.0, 2.0, -6.0], bound: 0.008 * RATE },
    ];
    for Touch { name: touch, uneven_ms, bound } in touches {
        let uneven = uneven_ms.map(|ms| ms / 1000.0 * RATE);
        let (mut count, mut worst_first, mut worst) = (0, 0.0_f64, 0.0_f64);
        for (number, tempo_bpm) in [92.0, 97.3, 112.0, 138.0].into_iter().enumerate() {
            for (other, phrase) in PHRASES.iter().enumerate() {
                let last = phrase.places().last().copied().unwrap_or(0.0);
                let score = phrase.played(tempo_bpm, uneven, frame(after(16.0, tempo_bpm)));
                for (settings, begins) in [(ANSWER, Some(last + 1.0)), (TRADE, Some(8.0)), (DUET, None)] {
                    let (report, blocks) = (ALONE[number % 2], ALL_BLOCKS[1 + (number + other) % 6]);
                    let case = format!("{} at {tempo_bpm}, {touch}, {settings:?}, {report:?}, {blocks:?}", phrase.name);
                    let mut heard = alone(settings, report, &score, blocks);
                    match begins {
                        Some(quarters) => {
                            let first = heard.first().unwrap_or_else(|| panic!("{case}: no note")).on;
                            let away = (first as f64 - after(quarters, tempo_bpm)).abs();
                            assert!(away <= bound, "{case}: the first note is {away} frames beside its beat");
                            worst_first = worst_first.max(away);
                        }
                        // A duet has begun before there is a tempo to detect; from the last key on it keeps to that
                        // tempo.
                        None => heard.retain(|note| note.on as f64 > after(last, tempo_bpm) + 2_000.0),
                    }
                    let most = heard.iter().map(|note| beside(note.on, tempo_bpm).abs()).fold(0.0, f64::max);
                    assert!(most <= bound, "{case}: a note is {most} frames beside its tick");
                    assert!(heard.len() > 3, "{case}: {heard:?}");
                    (count, worst) = (count + 1, worst.max(most));
                }
            }
        }
        println!(
            "{count} phrases, {touch}: the first note at most {worst_first:.1} frames beside the phrase's beat, \
             the others {worst:.1}"
        );
    }
}
