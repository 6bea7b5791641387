//! Temperature: what its automation changes, and what its extremes mean.

use crate::support::{ALL_BLOCKS, notes, score, steady};
use segue_tests::blocks::Blocks;
use segue_tests::performance::Sounded;
use segue_tests::timeline::Frame;

const COOL: (&str, &str) = ("Temperature", "0.4");
const LENGTH: (&str, &str) = ("Answer length", "8");

/// The first note that differs.
fn first_change(one: &[Sounded], other: &[Sounded]) -> Option<Frame> {
    let onset = |note: Option<&Sounded>| note.map_or(Frame::MAX, |note| note.on);
    (0..one.len().max(other.len()))
        .find(|index| one.get(*index) != other.get(*index))
        .map(|index| onset(one.get(index)).min(onset(other.get(index))))
}

/// A temperature that is raised during an answer changes the notes decided after that sample, and none before.
#[test]
fn temperature_acts_from_its_sample_on() {
    const LOOK_AHEAD: Frame = 960; // 20 ms at 48 kHz
    let cool = score(steady(48_000.0), 9);
    let steady_notes = notes(&[COOL, LENGTH], &cool, Blocks::Of(256));
    for raised_at in [250_001, 333_333, 480_000] {
        let mut warmed = cool.clone();
        warmed.turn("Temperature", raised_at, 2);
        for blocks in ALL_BLOCKS {
            let warm_notes = notes(&[COOL, LENGTH], &warmed, blocks);
            let change = first_change(&steady_notes, &warm_notes).expect("a higher temperature gives other notes");
            assert!(change >= raised_at + LOOK_AHEAD, "{blocks:?}: raised at {raised_at}, changed at {change}");
        }
    }
}

/// At the lowest temperature different seeds give the same answer.
#[test]
fn at_the_lowest_temperature_seeds_do_not_matter() {
    let score = score(steady(48_000.0), 6);
    let answer = |seed| notes(&[("Temperature", "0.05"), ("Seed", seed)], &score, Blocks::Of(512));
    assert!(!answer("1").is_empty());
    assert_eq!(answer("1"), answer("2"));
    assert_eq!(answer("1"), answer("4711"));
}

#[test]
fn at_temperature_one_different_seeds_give_different_answers() {
    let score = score(steady(48_000.0), 6);
    let answer = |seed| notes(&[("Temperature", "1"), ("Seed", seed)], &score, Blocks::Of(512));
    assert_ne!(answer("1"), answer("2"));
    assert_eq!(answer("1"), answer("1"));
}
