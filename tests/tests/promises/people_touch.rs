//! How long keys are held, and with which pedal, is touch and not rhythm; and triplets sound as triplets.

use crate::support::{notes, score, steady};
use segue_model::note::Ticks;
use segue_tests::blocks::Blocks;
use segue_tests::people::cases::Part;
use segue_tests::people::figures::Figures;
use segue_tests::people::repertoire::Style;
use segue_tests::people::sessions;
use segue_tests::people::table::Row;
use segue_tests::people::{Player, patterns};
use segue_tests::performance::{Sounded, melody};
use segue_tests::score::Score;

const BLOCKS: Blocks = Blocks::Of(256);
/// A beat at 120 bpm and 48 kHz.
const BEAT: u64 = 24_000;

fn held_differently(styles: &[Style], seeds: u64) -> Vec<Row> {
    let plugin = segue_tests::bundle::checked_folder().join("Segue.clap");
    let cases = Part::Gates.cases(styles, None, &(0..seeds)).expect("all of it ships");
    sessions::play(&plugin, &cases, sessions::threads()).unwrap_or_else(|error| panic!("{error:#}"))
}

/// However short keys are held, the answer has the rhythm of the style.
#[test]
fn short_keys_are_answered_in_the_rhythm_of_the_style() {
    for row in held_differently(&[Style::Irish, Style::Folk, Style::Jazz, Style::Blues], 2).chunk_by(|one, other| {
        let name = |row: &Row| row.number.split(" at ").next().map(str::to_owned);
        (&one.style, name(one)) == (&other.style, name(other))
    }) {
        let written: &Figures = &row.last().expect("a row at 100 %").figures;
        for Row { style, number, figures, .. } in row {
            let (density, as_written) = (figures.density(), written.density());
            let (off, short) = (figures.off_grid_percent(), figures.blips_percent());
            let line = format!(
                "{style}, {number}: {density:.2} notes a beat, {as_written:.2} as written; {off:.1} % off the grid, \
                 {short:.1} % under a thirty-second"
            );
            println!("{line}");
            let is_notation = ["Irish", "Folk"].contains(&style.as_str());
            // Two seeds of solos differ by chance; the nightly table has twenty.
            let part = if is_notation { 0.1 } else { 0.2 };
            assert!((density / as_written - 1.0).abs() <= part, "{line}");
            assert!(!is_notation || (off <= 2.0 && short <= 0.5), "{line}");
        }
    }
}

/// A hand that pedals its chords used to lengthen the melody that Segue heard, and got half as many notes in answer.
#[test]
fn the_pedal_does_not_lengthen_what_is_heard_of_a_melody() {
    for style in ["Folk", "Irish", "Jazz"] {
        let answer = |pedalled: bool| {
            let player = Player::exact(1).gate(80.0, 0.0);
            let player = if pedalled { player.pedal(Ticks(96)) } else { player };
            let music = patterns::steady_eighths(8).in_turns(2, 2);
            let settings = [("Style", style), ("Mode", "Trade"), ("Trade", "2 bars"), ("Swing", "50 %")];
            notes(&settings, &player.plays(&music).score(), BLOCKS)
        };
        let without = answer(false);
        assert!(without.len() > 12, "{style}: {} notes", without.len());
        assert_eq!(answer(true), without, "{style}");
    }
}

/// A bar of triplets beside swung eighths, as they sound.
fn triplets(share: f64) -> Score {
    let mut score = score(steady(48_000.0), 8);
    score.strokes.clear();
    let keys = [62, 65, 69, 72, 71, 69, 67, 65, 64];
    let parts = [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0, 1.0 + 1.0 / 3.0, 1.0 + 2.0 / 3.0, 2.0, 2.0 + share, 3.0];
    for (key, part) in keys.into_iter().zip(parts) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above zero and short")]
        let frame = |beats: f64| (beats * BEAT as f64).round() as u64;
        score.press(key, frame(part), frame(if part < 3.0 { part + 0.25 } else { 3.9 }));
    }
    score
}

/// Triplets are heard as triplets, however much the eighths beside them swing.
#[test]
fn triplets_are_heard_as_triplets_beside_swung_eighths() {
    let answer = |swing: &str, share: f64| {
        let score = triplets(share);
        let settings = [("Style", "Irish"), ("Swing", swing), ("Mode", "Trade"), ("Trade", "1 bar")];
        // As written, beat by beat.
        notes(&settings, &score, BLOCKS).iter().map(|note| (note.on / BEAT, note.pitch)).collect::<Vec<_>>()
    };
    let straight = answer("50 %", 0.5);
    assert!(straight.len() > 12);
    assert_eq!(answer("62 %", 0.62), straight);
    assert_eq!(answer("58 %", 0.58), straight);
}

/// What Segue plays in triplets sounds in even triplets in styles that swing.
#[test]
fn triplets_sound_even_in_styles_that_swing() {
    let score = score(steady(48_000.0), 12);
    for style in ["Jazz", "Blues"] {
        let settings = [("Style", style), ("Quantise", "1/8 T"), ("Answer length", "12")];
        let answer = notes(&settings, &score, BLOCKS);
        let place = |note: &Sounded| (note.on % BEAT) as f64 / BEAT as f64;
        let count = |part: f64| answer.iter().filter(|note| (place(note) - part).abs() < 1e-3).count();
        let (first, second, third) = (count(0.0) + count(1.0), count(1.0 / 3.0), count(2.0 / 3.0));
        assert!(second > 2 && third > 2, "{style}: {first}, {second}, {third}");
        // The first note may begin on the eighth where the turn begins.
        assert!(first + second + third + 1 >= answer.len(), "{style}: {:?}", melody(&answer, &score.timeline));
    }
}
