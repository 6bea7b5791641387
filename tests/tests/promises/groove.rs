//! Swing, grid, octave and loudness of Segue's notes.

use crate::support::{ALL_BLOCKS, notes, score, steady};
use segue_model::note::{Metre, Note, Ticks, Velocity};
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::people::figures::Figures;
use segue_tests::people::trial::Trial;
use segue_tests::people::{Player, patterns};
use segue_tests::performance::{Sounded, off_the_grid};
use segue_tests::timeline::Timeline;

const BLOCKS: Blocks = Blocks::Of(256);
/// A beat at 120 bpm and 48 kHz.
const BEAT: u64 = 24_000;

/// Where notes begin within their beats, from 0 to 1.
fn places(notes: &[Sounded]) -> Vec<f64> {
    notes.iter().map(|note| (note.on % BEAT) as f64 / BEAT as f64).collect()
}

/// How many notes begin within a frame of this place in the beat.
fn count_at(notes: &[Sounded], place: f64) -> usize {
    places(notes).iter().filter(|found| (*found - place).abs() <= 1.0 / BEAT as f64).count()
}

/// Jazz and Blues swing, the other styles do not, and the musician may choose otherwise.
#[test]
fn jazz_and_blues_swing_unless_told_otherwise() {
    let score = score(steady(48_000.0), 12);
    let play = |style, swing| notes(&[("Style", style), ("Swing", swing), ("Answer length", "12")], &score, BLOCKS);
    for (style, share) in [("Jazz", 0.62), ("Blues", 0.62), ("Folk", 0.5), ("Irish", 0.5)] {
        let answer = play(style, "By style");
        let other = if share > 0.5 { 0.5 } else { 0.62 };
        assert!(count_at(&answer, share) >= 4, "{style}: eighths at {share}, not {:?}", places(&answer));
        assert!(count_at(&answer, other) <= 1, "{style}: {:?}", places(&answer));
        let said = if share > 0.5 { "62 %" } else { "50 %" };
        assert_eq!(play(style, said), answer, "{style}");
    }
    let straight = play("Jazz", "50 %");
    assert_eq!(off_the_grid(&straight, &score.timeline), []);
    assert!(count_at(&straight, 0.5) >= 4);
}

/// Swung notes are the same at all block sizes, and at the right place at any tempo.
#[test]
fn swung_notes_are_the_same_at_all_blocks_and_tempos() {
    let timeline = Timeline::steady(44_100.0, 171.0, Metre::COMMON);
    let mut score = score(timeline, 6);
    score.turn("Swing", 150_000, "70 %").turn("Swing", 250_001, "54 %");
    let settings = [("Style", "Jazz"), ("Answer length", "4")];
    let first = notes(&settings, &score, ALL_BLOCKS[0]);
    assert!(first.len() > 8);
    for blocks in ALL_BLOCKS {
        assert_eq!(notes(&settings, &score, blocks), first, "{blocks:?}");
    }
}

#[test]
fn what_the_player_swings_is_heard_as_what_is_written() {
    // The same phrase, played straight and played with the swing of the setting: the answers are the same.
    let straight = score(steady(48_000.0), 6);
    let mut swung = straight.clone();
    for stroke in &mut swung.strokes {
        for frame in [&mut stroke.down, &mut stroke.up] {
            let (beat, place) = (*frame / BEAT * BEAT, *frame % BEAT);
            let half = BEAT / 2;
            let late = BEAT * 7 / 10;
            *frame =
                beat + if place < half { place * late / half } else { late + (place - half) * (BEAT - late) / half };
        }
    }
    let answer = |swing, score| -> Vec<_> {
        let notes = notes(&[("Style", "Irish"), ("Swing", swing)], score, BLOCKS);
        notes.iter().map(|note| (note.on / BEAT, note.pitch)).collect()
    };
    assert_eq!(answer("70 %", &swung), answer("50 %", &straight));
    assert_ne!(answer("50 %", &swung), answer("50 %", &straight));
}

/// Straight eighths do not fall on the off-beats of a style that swings. Segue's line stays on its own grid, after them
/// and beside them.
#[test]
fn straight_eighths_are_answered_in_the_swing_of_the_style() {
    const MOST_PERCENT: f64 = 9.0;
    let bundle = Bundle::checked();
    for style in ["Jazz", "Blues"] {
        let (mut after, mut beside) = (Figures::default(), Figures::default());
        for seed in 0..4 {
            let played = Player::person(seed).plays(&patterns::steady_eighths(8));
            let trials = [Trial::answer(style, &played, 2, 4), Trial::duet(style, played)];
            for (trial, figures) in trials.into_iter().zip([&mut after, &mut beside]) {
                let trial = trial.set("Seed", seed);
                let line = trial.play(&bundle).unwrap_or_else(|error| panic!("{error:#}"));
                *figures += trial.figures(&line, 0.62);
            }
        }
        for (figures, mode) in [(after, "Answer"), (beside, "Duet")] {
            let (notes, off) = (figures.notes, figures.off_grid_percent());
            println!("{style}, {mode}: {off:.1} % of {notes} notes off the grid");
            assert!(notes > 100 && off <= MOST_PERCENT, "{style}, {mode}: {off:.1} % of {notes} notes");
        }
    }
}

#[test]
fn quantised_notes_begin_on_the_grid_that_is_asked_for() {
    let score = score(steady(48_000.0), 8);
    for (grid, ticks) in [("1/8", 24), ("1/8 T", 16), ("1/16", 12), ("1/16 T", 8)] {
        for style in ["Jazz", "Irish"] {
            let settings = [("Style", style), ("Swing", "50 %"), ("Quantise", grid), ("Answer length", "8")];
            let answer = notes(&settings, &score, BLOCKS);
            assert!(answer.len() >= 8, "{style} on {grid}");
            // The first note begins with the turn.
            for note in &answer[1..] {
                let tick = score.timeline.ticks(note.on).round();
                assert!(tick % f64::from(ticks) == 0.0, "{style} on {grid}: a note at tick {tick}");
            }
            assert_eq!(off_the_grid(&answer, &score.timeline), [], "to the frame");
        }
    }
}

#[test]
fn octaves_move_every_note_and_nothing_else() {
    let score = score(steady(48_000.0), 5);
    let plain = notes(&[], &score, BLOCKS);
    let moved = notes(&[("Octave", "-1")], &score, BLOCKS);
    let expected: Vec<Sounded> =
        plain.iter().map(|note| Sounded { pitch: note.pitch.transposed(-12).expect("in range"), ..*note }).collect();
    assert_eq!(moved, expected);
}

/// A style without dynamics of its own is as loud as the player, and louder on beats.
#[test]
fn a_style_without_dynamics_follows_the_player() {
    for style in ["Irish", "Folk"] {
        let mut mean = Vec::new();
        for loudness in [40, 70, 100] {
            let mut score = score(steady(48_000.0), 12);
            score.strokes.clear();
            let velocity = Velocity::new(loudness).expect("a velocity");
            let phrase: Vec<Note> =
                crate::support::phrase().into_iter().map(|note| Note { velocity, ..note }).collect();
            score.play(&phrase, Ticks(2));
            let answer = notes(&[("Style", style), ("Answer length", "12")], &score, BLOCKS);
            let mean_where = |which: &dyn Fn(i64) -> bool| {
                let tick = |note: &&Sounded| {
                    #[expect(clippy::cast_possible_truncation, reason = "some bars")]
                    which(score.timeline.ticks(note.on).round() as i64)
                };
                let found: Vec<f64> = answer.iter().filter(tick).map(|note| f64::from(note.velocity.value())).collect();
                found.iter().sum::<f64>() / found.len() as f64
            };
            let (line, beat) =
                (mean_where(&|tick| tick % 192 == 0), mean_where(&|tick| tick % 48 == 0 && tick % 192 != 0));
            let between = mean_where(&|tick| tick % 48 != 0);
            assert!(line > beat + 2.0 && beat > between + 2.0, "{style}: {line}, {beat}, {between}");
            mean.push(mean_where(&|_| true));
        }
        for (mean, loudness) in mean.iter().zip([40.0, 70.0, 100.0]) {
            assert!((mean - loudness).abs() < 6.0, "{style}: {mean} where the player's is {loudness}");
        }
    }
}
