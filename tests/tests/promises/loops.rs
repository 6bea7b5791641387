//! A part of the song is looped, and Segue answers in each round that leaves room, even across the end of the loop.

use crate::support::{AFTERWARDS, ALL_BLOCKS, Settings, instance, notes, onsets, sound};
use segue_model::note::Metre;
use segue_tests::blocks::Blocks;
use segue_tests::performance::Sounded;
use segue_tests::score::Score;
use segue_tests::session::Session;
use segue_tests::timeline::{Frame, Timeline};

/// At 120 bpm and 48 kHz.
const BEAT: Frame = 24_000;
const BAR: Frame = 4 * BEAT;
const EIGHTH: Frame = BEAT / 2;
/// The usual gap.
const GAP: Frame = 4_800;

/// This many rounds of a loop that begins in bar 4 of the song.
fn going_round(bars: Frame, rounds: Frame) -> Score {
    let (from, length) = (16.0, rounds * bars * BAR);
    let mut timeline = Timeline::steady(48_000.0, 120.0, Metre::COMMON);
    timeline.jump(0, from);
    timeline.show_loop(from, from + (bars * 4) as f64);
    for round in 1..rounds {
        timeline.jump(round * bars * BAR, from);
    }
    timeline.playing(length - AFTERWARDS, false);
    Score::silence(timeline, length)
}

/// Eighths that are held for almost their whole length.
fn phrase(score: &mut Score, from: Frame, count: Frame) -> Frame {
    for index in 0..count {
        let key = [62, 66, 69, 66, 71, 69, 66, 64][usize::try_from(index).expect("small") % 8];
        score.press(key, from + index * EIGHTH, from + index * EIGHTH + 11_000);
    }
    from + count * EIGHTH - 1_000
}

/// The first point of the grid after the gap. The beginning of the loop is a grid point too.
fn begins(up: Frame) -> Frame {
    (up + GAP).div_ceil(EIGHTH) * EIGHTH
}

/// In every round of a loop that leaves room, the answer starts on the exact frame.
#[test]
fn each_loop_pass_with_room_gets_an_answer_on_time() {
    const ROUNDS: Frame = 4;
    let (mut count, mut case) = (0, 0);
    for bars in [1, 2, 4, 8] {
        for (beat, eighths) in [(0, 3), (1, 4), (4 * bars - 3, 4), (4 * bars - 2, 3), (4 * bars - 2, 4), (2 * bars, 2)]
        {
            let style = ["Irish", "Folk"][case % 2];
            let settings: Settings<'_> = &[("Style", style), ("Answer length", "1")];
            let mut score = going_round(bars, ROUNDS);
            let ups: Vec<Frame> =
                (0..ROUNDS).map(|round| phrase(&mut score, round * bars * BAR + beat * BEAT, eighths)).collect();
            let heard = notes(settings, &score, ALL_BLOCKS[1 + case % 6]);
            for (round, up) in (0..).zip(&ups).take(ups.len() - 1) {
                let next = (round + 1) * bars * BAR + beat * BEAT;
                let first = onsets(&heard).into_iter().find(|on| (*up..next).contains(on));
                let wanted = Some(begins(*up)).filter(|begins| *begins < next);
                assert_eq!(first, wanted, "{bars} bars, {eighths} eighths at beat {beat}, round {round}, {style}");
                count += usize::from(wanted.is_some());
            }
            case += 1;
        }
    }
    println!("{count} answers in loops began on their frame");
    assert!(count > 60);
}

/// An answer keeps its length across the end of a loop and continues on the loop's first frame.
#[test]
fn an_answer_continues_over_the_end_of_a_loop() {
    for style in ["Irish", "Jazz", "Blues", "Folk", "Piano"] {
        for (bars, beat, eighths) in [(4, 8, 15), (4, 0, 16), (2, 2, 4), (1, 1, 2)] {
            let rounds = 24 / bars;
            let settings: Settings<'_> = &[("Style", style), ("Answer length", "4")];
            let mut score = going_round(bars, rounds);
            let up = phrase(&mut score, beat * BEAT, eighths);
            let whole = notes(settings, &score, Blocks::Of(256));
            for blocks in ALL_BLOCKS {
                assert_eq!(notes(settings, &score, blocks), whole, "{style}, {bars} bars, {blocks:?}");
            }
            let case = format!("{style}, {bars} bars, {eighths} eighths at beat {beat}");
            let first = whole.first().unwrap_or_else(|| panic!("{case}: no answer")).on;
            match style {
                "Piano" => assert_eq!(first, up + GAP, "{case}"),
                // These styles swing.
                "Jazz" | "Blues" => assert!((begins(up)..begins(up) + EIGHTH / 2).contains(&first), "{case}: {first}"),
                _ => assert_eq!(first, begins(up), "{case}"),
            }
            let over = first + 4 * BAR;
            for seam in (1..rounds).map(|round| round * bars * BAR).filter(|seam| (first..=over - BEAT).contains(seam))
            {
                assert!(
                    whole.iter().any(|note| note.on == seam),
                    "{case}: nothing begins on the loop's first frame {seam}"
                );
                let across = |note: &&Sounded| note.on < seam && note.off > seam;
                assert_eq!(whole.iter().find(across), None, "{case}: it sounds across the end of the loop");
            }
            let last = whole.last().expect("an answer").on;
            assert!(last < over && over - last <= 2 * BAR, "{case}: the last note is at {last}, the end at {over}");
        }
    }
}

#[test]
fn live_the_answer_goes_round_as_it_does_in_a_rendering() {
    let mut score = going_round(2, 4);
    phrase(&mut score, 4 * BEAT, 6);
    let settings: Settings<'_> = &[("Answer length", "3")];
    let rendered = notes(settings, &score, Blocks::Of(256));
    // A busy machine may be late; a plugin that is late for another reason is late every time.
    let missed: Vec<Vec<Frame>> = (0..3)
        .map_while(|_| {
            let live = Session::live(Blocks::Of(256)).play(&mut instance(settings), &score).expect("the plugin plays");
            let begun = onsets(&sound(&live));
            (begun != onsets(&rendered)).then_some(begun)
        })
        .collect();
    assert!(missed.len() < 3, "{missed:?}");
    assert!(rendered.iter().any(|note| note.on == 4 * BAR));
}
