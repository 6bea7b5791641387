//! Hosts that render much faster than real time, whether they say so or not.

use crate::support::{in_a_process_of_its_own, instance, notes, score, sound, steady};
use segue_tests::blocks::Blocks;
use segue_tests::session::Session;
use segue_tests::stats::{STATS_VARIABLE, Stats};

/// Long blocks: Segue waits at most the duration of a block, and a busy machine may need that.
const BLOCKS: Blocks = Blocks::Of(2048);

/// How many notes come back to a host that calls as fast as it can, and how often Segue waited there. The host says
/// whether it renders, or nothing.
fn answer(rendering: Option<bool>) -> (usize, u32) {
    let score = score(steady(48_000.0), 8);
    let mut instance = instance(&[]);
    if let Some(rendering) = rendering {
        instance.set_offline(rendering).expect("it takes the render mode");
    }
    instance.activate(48_000.0, BLOCKS.largest()).expect("it activates");
    let performance = Session::render(BLOCKS).play_active(&mut instance, &score).expect("it plays");
    instance.deactivate();
    let stats = Stats::read().expect("it has written its counts").expect("they are asked for");
    (sound(&performance).len(), stats.waits)
}

fn passes(test: &str) {
    let stats = std::env::temp_dir().join(format!("segue-stats-{}-{}", test.replace(':', "-"), std::process::id()));
    let environment = [(STATS_VARIABLE, stats.to_str().expect("a folder with a plain name"))];
    let output = in_a_process_of_its_own(test, &environment);
    let _gone = std::fs::remove_file(&stats);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// A host that does not know the render extension gets its answer, because Segue waits for its worker.
#[test]
fn a_hasty_host_that_says_nothing_gets_its_answer() {
    passes("fast_hosts::without_a_word");
}

#[test]
#[ignore = "runs in a process of its own, because its counts are written to a file"]
fn without_a_word() {
    let rendered = notes(&[], &score(steady(48_000.0), 8), BLOCKS).len();
    let (heard, waits) = answer(None);
    assert!(2 * heard >= rendered && rendered > 0, "{heard} of {rendered} notes");
    assert!(waits > 0);
}

/// A host that has said that it plays live is treated as live, however fast it is.
#[test]
fn a_hasty_host_that_says_live_is_never_waited_for() {
    passes("fast_hosts::with_a_word");
}

#[test]
#[ignore = "runs in a process of its own, because its counts are written to a file"]
fn with_a_word() {
    assert_eq!(answer(Some(false)).1, 0);
    let (heard, waits) = answer(Some(true));
    assert!(heard > 0);
    assert_eq!(waits, 0, "a rendering waits in its own way");
}
