//! The VST3 plays the notes that the CLAP plays.

use super::plugin;
use crate::support::{Settings, notes, performance, phrase, score, sound, steady};
use segue_model::note::{Note, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::performance::{Sounded, difference};
use segue_tests::score::Score;
use segue_tests::timeline::Frame;
use segue_tests::vst3_host::Vst3Session;

const RATE: f64 = 44_100.0;
const BLOCKS: [Blocks; 4] = [Blocks::Of(1), Blocks::Of(16), Blocks::Of(441), Blocks::Of(4096)];

fn vst3(settings: Settings<'_>, score: &Score, blocks: Blocks) -> Vec<Sounded> {
    let played = Vst3Session::render(blocks).play(&mut plugin(settings), score).expect("the VST3 plays");
    sound(&played)
}

/// Compares the CLAP in small blocks with the VST3 in each block size.
fn check(settings: Settings<'_>, score: &Score, least: usize) {
    let clap = notes(settings, score, Blocks::Of(64));
    assert!(clap.len() >= least, "{} notes", clap.len());
    for blocks in BLOCKS {
        assert_eq!(difference(&clap, &vst3(settings, score, blocks)), None, "{blocks:?}");
    }
}

/// This many bars, with the phrase in every second one.
fn in_turns(bars: i64) -> Score {
    let mut score = score(steady(RATE), bars);
    for bar in (2..bars - 1).step_by(2) {
        let later = |note: &Note| Note { onset: note.onset + Ticks(bar * 192), ..*note };
        score.play(&phrase().iter().map(later).collect::<Vec<_>>(), Ticks(2));
    }
    score
}

#[test]
fn an_answer_has_the_notes_of_the_clap_in_blocks_of_every_size() {
    let mut score = score(steady(RATE), 6);
    // No block has two values of one parameter.
    score.turn("Temperature", 100_003, 1.4).turn("Density", 120_001, "80 %").turn("Temperature", 130_007, 0.7);
    check(&[("Seed", "7")], &score, 8);
}

/// At every block size, the VST3 trades bars with the same notes as the CLAP.
#[test]
fn the_vst3_trades_the_same_notes_as_the_clap() {
    let mut score = in_turns(8);
    score.turn("Temperature", 200_003, 1.3).timeline.tempo(150_000, 96.0);
    check(&[("Mode", "Trade"), ("Trade", "1 bar"), ("Style", "Folk")], &score, 8);
}

#[test]
fn a_duet_has_the_notes_of_the_clap_in_blocks_of_every_size() {
    check(&[("Mode", "Duet"), ("Style", "Folk"), ("Seed", "3")], &in_turns(6), 8);
}

/// A sustain pedal is heard through the parameters that VST3 hosts use for controllers.
#[test]
fn a_pedal_is_heard_as_in_the_clap() {
    let mut score = score(steady(RATE), 6);
    score.messages.push((1_003, [0xB0, 64, 127]));
    score.messages.push((120_007, [0xB0, 64, 0]));
    check(&[], &score, 4);
}

/// Of several points of a parameter in one block the last counts, and from its own frame on, not from the beginning of
/// the block or the first point. The sound shows it to the sample.
#[test]
fn the_last_point_of_a_block_counts_from_its_frame_on() {
    const BLOCK: Frame = 4_096;
    // During the phrase.
    let block = BLOCK * 5;
    let turned = |points: &[(Frame, &str)]| {
        let mut score = score(steady(RATE), 3);
        for (offset, value) in points {
            score.turn("Player level", block + offset, value);
        }
        score
    };
    let alone = |offset| performance(&[], &turned(&[(offset, "-12.0 dB")]), Blocks::Of(64)).audio;
    let several = turned(&[(200, "-30.0 dB"), (1_000, "0.0 dB"), (3_000, "-12.0 dB")]);
    let heard = Vst3Session::render(Blocks::Of(4_096)).play(&mut plugin(&[]), &several).expect("the VST3 plays");
    assert!(heard.audio == alone(3_000), "only the last point counts");
    for other in [0, 200, 1_000, 2_999, 3_001] {
        assert!(heard.audio != alone(other), "and stood at {other}");
    }
}

/// The same for decisions: Segue's next notes follow the last value of the temperature.
#[test]
fn the_last_temperature_of_a_block_warms_the_notes_after_it() {
    const BLOCK: Frame = 4_096;
    let settings: Settings<'_> = &[("Mode", "Duet"), ("Seed", "5"), ("Style", "Folk")];
    let turned = |points: &[(Frame, f64)]| {
        let mut score = score(steady(RATE), 6);
        for (offset, value) in points {
            score.turn("Temperature", BLOCK * 23 + offset, value);
        }
        score
    };
    let several = turned(&[(200, 0.05), (1_000, 0.1), (3_000, 2.0)]);
    let heard = vst3(settings, &several, Blocks::Of(4_096));
    let last = notes(settings, &turned(&[(3_000, 2.0)]), Blocks::Of(64));
    assert_eq!(difference(&last, &heard), None);
    let first = notes(settings, &turned(&[(200, 0.05)]), Blocks::Of(64));
    assert_ne!(difference(&last, &first), None, "otherwise the points do nothing");
}
