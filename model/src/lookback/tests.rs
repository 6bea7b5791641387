use super::*;
use crate::note::{Metre, Velocity};

const BARS: Option<Bars> = Some(Bars { line: Ticks::ZERO, metre: Metre::COMMON });

fn table() -> Vocabulary {
    Vocabulary::dance()
}

/// Eighths on these keys, from tick 0.
fn played(keys: &[u8]) -> LookBack {
    let mut memory = LookBack::default();
    for key in keys {
        add(&mut memory, *key, 24, 24);
    }
    memory
}

/// Adds a note `step` after the last one.
fn add(memory: &mut LookBack, key: u8, step: i64, duration: i64) {
    let before = memory.count.checked_sub(1).map(|last| memory.at(last).onset);
    let onset = before.map_or(Ticks::ZERO, |before| before + Ticks(step));
    let note = Note { onset, pitch: Pitch::new(key).unwrap(), duration: Ticks(duration), velocity: Velocity::DEFAULT };
    memory.push(&note);
}

/// The number of equal intervals, and the key, step and duration that followed.
fn figure(memory: &LookBack) -> Option<(usize, u8, i64, i64)> {
    let found = memory.features(&table(), BARS).figure;
    let class = |found: u8| usize::from(found) - 1;
    (found.length > 0).then(|| {
        let length = usize::from(found.length) + SHORTEST - 1;
        let key = table().pitch(class(found.pitch)).key();
        (length, key, table().step(class(found.step)).0, table().duration(class(found.duration)).0)
    })
}

/// The match says what followed the motif the last time.
#[test]
fn a_motif_is_found_again_in_another_key() {
    let mut memory = played(&[60, 64, 67]);
    add(&mut memory, 72, 48, 96);
    assert_eq!(figure(&memory), None);
    for key in [50, 54, 57] {
        add(&mut memory, key, 24, 24);
    }
    assert_eq!(figure(&memory), Some((2, 62, 48, 96)));
}

#[test]
fn the_longest_agreement_wins_and_of_equal_ones_the_latest() {
    // Up 2, up 2 is followed by up 1, later (after down 5) by up 3, then by down 2.
    let memory = played(&[60, 62, 64, 65, 60, 62, 64, 67, 80, 82, 84, 82, 70, 65, 67, 69]);
    assert_eq!(figure(&memory).map(|found| (found.0, found.1)), Some((3, 72)));
    let memory = played(&[60, 62, 64, 65, 70, 72, 74, 77, 50, 52, 54]);
    assert_eq!(figure(&memory).map(|found| (found.0, found.1)), Some((2, 57)));
}

#[test]
fn eight_intervals_are_the_most_that_count() {
    let scale = [60, 62, 65, 64, 67, 69, 66, 71, 72, 60, 55];
    let twice: Vec<u8> = scale.iter().chain(&scale[..10]).copied().collect();
    assert_eq!(figure(&played(&twice)).map(|found| (found.0, found.1)), Some((LONGEST, 55)));
}

#[test]
fn a_place_tells_what_sounded_there_and_what_began_there() {
    // A bar of eighths, then two quarters. The next note is the third quarter of the second bar.
    let mut memory = played(&[60, 62, 64, 65, 67, 69, 71, 72]);
    add(&mut memory, 74, 24, 48);
    add(&mut memory, 76, 48, 48);
    let repeats = |onset| {
        let found = memory.repeats(&table(), Ticks(onset), BARS);
        (table().pitch(usize::from(found.pitches[0]) - 1).key(), found.durations[0] > 0, found.pitches[1])
    };
    assert_eq!(repeats(192 + 96), (67, true, 0));
    assert_eq!(repeats(192 + 100), (67, false, 0));
    let steps = memory.features(&table(), BARS).steps;
    assert_eq!(table().step(usize::from(steps[0]) - 1), Ticks(24), "an eighth led on from there");
    assert_eq!(memory.repeats(&table(), Ticks(300), None), RepeatFeatures::default(), "no bars, no places");
    assert_eq!(steps[1..], [0; 3]);
}

#[test]
fn the_profile_holds_the_shares_of_late() {
    let profile = played(&[60, 72, 67]).features(&table(), BARS).profile;
    assert!((profile.iter().sum::<f32>() - PROFILE_SCALE).abs() < 1e-5);
    assert!(profile[0] > profile[7] && profile[7] > profile[0] / 2.0 && profile[1] == 0.0);
}

#[test]
fn taking_back_leaves_what_a_fresh_memory_would_hold() {
    let mut random = 1_u32;
    let mut key = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        60 + u8::try_from(random >> 30).unwrap()
    };
    let mut memory = LookBack::default();
    let mut keys = Vec::new();
    for round in 0..60 {
        keys.truncate(keys.len() - keys.len().min(round % 5));
        memory.truncate(keys.len());
        for _ in 0..round % 9 {
            keys.push(key());
            add(&mut memory, keys[keys.len() - 1], 24, 24);
        }
        assert_eq!(memory.features(&table(), BARS), played(&keys).features(&table(), BARS), "round {round}");
    }
    assert!(keys.len() > 10);
}

/// When the ring is full, old notes are forgotten and new ones can still be retracted.
#[test]
fn a_long_session_forgets_its_beginning() {
    let mut memory = played(&[60, 67, 61, 70]);
    let chain = |memory: &mut LookBack, notes: usize| {
        for note in 0..notes {
            add(memory, if note % 2 == 0 { 62 } else { 64 }, 24, 24);
        }
    };
    chain(&mut memory, RING + 100);
    let before = memory.features(&table(), BARS);
    let count = memory.count();
    chain(&mut memory, SLACK);
    memory.truncate(count);
    assert_eq!(memory.features(&table(), BARS), before);
    for key in [60, 67, 61] {
        add(&mut memory, key, 24, 24);
    }
    assert_eq!(figure(&memory), None, "that was too long ago");
}

#[test]
fn a_session_that_has_gone_round_three_times_is_noticed() {
    const PHRASE: [u8; 11] = [60, 64, 67, 69, 70, 69, 67, 64, 60, 64, 65];
    // A note, and these rounds of the phrase, in which the last `other` keys of each round are always new.
    let rounds = |rounds: u8, other: usize| {
        let mut memory = played(&[50]);
        for round in 0..rounds {
            for (place, key) in PHRASE.into_iter().enumerate() {
                let is_other = place + other >= PHRASE.len();
                add(&mut memory, if is_other { 80 + round } else { key }, 24, 24);
            }
        }
        memory
    };
    for (count, other, comes_round) in [(2, 0, false), (3, 0, true), (3, 1, true), (3, 2, false), (4, 2, false)] {
        assert_eq!(rounds(count, other).comes_round(), comes_round, "{count} rounds, {other} notes new in each");
    }
    // The same keys in another rhythm are something else.
    let mut memory = rounds(2, 0);
    for (key, step) in PHRASE.into_iter().zip([24, 12, 36, 24, 12, 12, 24, 48, 12, 24, 24]) {
        add(&mut memory, key, step, step);
    }
    assert!(!memory.comes_round());
    assert!(!played(&[60; 12]).comes_round(), "a note is no round");
}
