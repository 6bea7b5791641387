//! The rule of the audio thread that a host can see: it allocates nothing, and the check for that works.

use crate::support::{in_a_process_of_its_own, passes_in_a_process_of_its_own, performance, score, steady};
use segue_tests::blocks::Blocks;

/// Makes `process()` of a bundle under test allocate once.
const ALLOCATE: &str = "SEGUE_ALLOCATE_ON_PURPOSE";

#[test]
#[ignore = "runs in a process of its own, because the check aborts the process"]
fn a_jam() {
    let mut score = score(steady(48_000.0), 6);
    for (index, key) in (0..).zip([60, 64, 67, 72, 76, 79]) {
        score.press(key, 300_000 + 3_000 * index, 330_000 + 1_500 * index);
        score.turn("Temperature", 290_000 + 977 * index, 0.5 + 0.2 * index as f64);
    }
    score.turn("Thru", 310_000, "On").turn("Segue level", 320_000, "-6").turn("Seed", 330_000, 5);
    for blocks in [Blocks::Of(64), Blocks::Random { seed: 9, largest: 1000 }] {
        assert!(!performance(&[], &score, blocks).events.is_empty());
    }
}

#[test]
fn process_allocates_nothing_while_it_jams() {
    passes_in_a_process_of_its_own("real_time::a_jam");
}

/// An allocation on the audio thread is caught in this very bundle.
#[test]
fn an_allocation_on_the_audio_thread_is_caught() {
    let output = in_a_process_of_its_own("real_time::a_jam", &[(ALLOCATE, "1")]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "process() allocated and nobody saw it: {said}");
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        const SIGABRT: i32 = 6;
        assert_eq!(output.status.signal(), Some(SIGABRT), "the check aborts: {said}");
    }
    assert!(said.to_lowercase().contains("alloc"), "it failed for another reason: {said}");
}
