//! The same seed and the same input give the same notes.

use crate::support::{ALL_BLOCKS, instance, live_difference, melody, notes, performance, score, steady};
use segue_model::note::Ticks;
use segue_tests::blocks::Blocks;
use segue_tests::performance::{difference, melody as played_melody};
use segue_tests::session::Session;

#[test]
fn a_render_gives_the_same_notes_in_blocks_of_every_size() {
    let mut score = score(steady(44_100.0), 6);
    score.turn("Temperature", 130_000, 1.4).turn("Top-p", 200_001, 0.8);
    let first = notes(&[("Seed", "7")], &score, ALL_BLOCKS[0]);
    assert!(first.len() > 8);
    for blocks in ALL_BLOCKS {
        let other = notes(&[("Seed", "7")], &score, blocks);
        assert_eq!(difference(&first, &other), None, "{blocks:?}");
    }
}

#[test]
fn a_render_is_the_same_to_the_bit_from_one_to_the_next() {
    let score = score(steady(48_000.0), 4);
    let [one, other] = [(); 2].map(|()| performance(&[], &score, Blocks::Of(512)));
    assert!(one.audio == other.audio, "the sound differs");
    assert_eq!(one.events, other.events);
}

#[test]
fn a_render_sounds_the_same_in_blocks_of_every_size() {
    let score = score(steady(48_000.0), 3);
    let first = performance(&[], &score, ALL_BLOCKS[1]);
    for blocks in ALL_BLOCKS {
        assert!(performance(&[], &score, blocks).audio == first.audio, "{blocks:?}");
    }
}

#[test]
fn an_instance_renders_the_same_again_after_it_has_rendered() {
    let score = score(steady(48_000.0), 3);
    let mut instance = instance(&[]);
    let [one, other] =
        [(); 2].map(|()| Session::render(Blocks::Of(512)).play(&mut instance, &score).expect("it plays"));
    assert_eq!(one.events, other.events, "a render starts without memory");
}

#[test]
fn live_gives_what_a_render_gives_when_blocks_are_short() {
    let score = score(steady(48_000.0), 3);
    assert_eq!(live_difference(&[], &score), None);
}

#[test]
fn different_prompts_get_different_answers() {
    let ours = score(steady(48_000.0), 4);
    let mut other = ours.clone();
    other.strokes.clear();
    other.play(&melody(&[67, 67, 71, 74, 79, 78, 76, 74]), Ticks(2));
    let answer = |score| played_melody(&notes(&[], score, Blocks::Of(256)), &ours.timeline);
    assert_ne!(answer(&ours), answer(&other));
}
