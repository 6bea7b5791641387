//! Tests of bars that repeat earlier ones.

use super::*;
use crate::form::{ChordEvidence, FOLLOW_STATES, FollowRates, Form, FormModel, FormRuns};
use crate::improviser::history::BarLag;

const BAR: i64 = Metre::COMMON.bar().0;
/// Two bars, as keys and lengths.
const TWO_BARS: [(u8, i64); 12] = [
    (62, 48),
    (64, 24),
    (66, 24),
    (69, 48),
    (66, 48),
    (67, 24),
    (66, 24),
    (64, 24),
    (62, 24),
    (64, 48),
    (57, 24),
    (59, 24),
];

/// A style in which every bar repeats the one two bars before, and follows it as closely as `rate` says.
fn two_bar_form(rate: f32) -> Form {
    form_of_lag(2, rate)
}

/// The same with the bar `lag` bars before.
fn form_of_lag(lag: u8, rate: f32) -> Form {
    let mut lags = FormModel::default();
    for _ in 0..1000 {
        let mut before = FormRuns::default();
        for bar in 0..10 {
            let lag = if bar < lag { 0 } else { lag };
            lags.observe(&before, lag);
            before.push(lag);
        }
    }
    let rates = [rate; FOLLOW_STATES];
    let rates = FollowRates { step: rates, pitch: rates, duration: rates };
    Form { lags, rates, chord_evidence: ChordEvidence::default() }
}

fn with_form(form: Option<Form>) -> Improviser {
    Improviser::new(Arc::new((*models().1).clone().with_form(form)))
}

fn hear_two_bars(improviser: &mut Improviser) {
    let mut onset = 0;
    for (id, (pitch, length)) in (0..).zip(TWO_BARS) {
        improviser.hear(key(id, onset, pitch));
        improviser.amend(id, Ticks(length));
        onset += length;
    }
}

fn asked(from: i64, memory: f32, seed: u64) -> DecisionRequest {
    let request = request(Begin::NotBefore(Ticks(from)), 1.0, seed);
    DecisionRequest { parameters: SamplingParameters { memory, ..request.parameters }, ..request }
}

fn continued(improviser: &mut Improviser, count: usize, memory: f32, seed: u64) -> Vec<Note> {
    let mut from = 2 * BAR;
    let mut decide = |_| {
        let note = improviser.decide(&asked(from, memory, seed));
        from = note.onset.0 + note.duration.0;
        note
    };
    (0..count).map(&mut decide).collect()
}

fn line(notes: &[Note]) -> Vec<(i64, u8, i64)> {
    notes.iter().map(|note| (note.onset.0, note.pitch.key(), note.duration.0)).collect()
}

/// Of 12 notes with three parts each, one in 200 is drawn by the network, so four lines of five repeat all.
#[test]
fn a_line_repeats_the_bars_that_its_form_names() {
    const LINES: u64 = 40;
    let mut expected = Vec::new();
    let mut onset = 2 * BAR;
    for (pitch, length) in TWO_BARS {
        expected.push((onset, pitch, length));
        onset += length;
    }
    let repeated = |form: Option<Form>| {
        let repeats = |seed: &u64| {
            let mut improviser = with_form(form.clone());
            hear_two_bars(&mut improviser);
            let played = line(&continued(&mut improviser, expected.len(), 1.0, *seed));
            let last = improviser.history.notes().nth(TWO_BARS.len() - 1).map(|note| note.duration.0);
            assert_eq!(last, Some(TWO_BARS[11].1), "the network says how long the last key's note is");
            played == expected
        };
        (0..LINES).filter(repeats).count()
    };
    let with = repeated(Some(two_bar_form(0.995)));
    assert!(with >= 20 && repeated(None) == 0, "{with} of {LINES}");
}

/// Two bars of the player's, other ones in each turn, and what Segue answers in two more, since the turn began.
fn turn_of_two_bars(improviser: &mut Improviser, turn: u8, memory: f32, seed: u64) -> Vec<(i64, u8, i64)> {
    let begin = i64::from(turn) * 4 * BAR;
    for (index, pitch) in (0..8_u8).zip([60, 62, 64, 65, 67, 65, 64, 62]) {
        let (id, other) = (u32::from(8 * turn + index), turn * (3 + index % 2));
        improviser.hear(key(id, begin + 48 * i64::from(index), pitch + other));
        improviser.amend(id, Ticks(48));
    }
    let (mut from, mut played) = (begin + 2 * BAR, Vec::new());
    while from < begin + 4 * BAR {
        let note = improviser.decide(&DecisionRequest { turn: turn.into(), ..asked(from, memory, seed) });
        from = note.onset.0 + note.duration.0;
        played.push(Note { onset: note.onset - Ticks(begin), ..note });
    }
    improviser.retract(Ticks(begin + 4 * BAR));
    played.retain(|note| note.onset.0 < 4 * BAR);
    line(&played)
}

/// A trade in which each turn repeats the one before, four bars earlier.
fn three_turns(seed: u64) -> [Vec<(i64, u8, i64)>; 3] {
    let mut improviser = with_form(Some(form_of_lag(4, 0.995)));
    [0, 1, 2].map(|turn| turn_of_two_bars(&mut improviser, turn, 1.0, seed))
}

/// After a turn that repeated itself, look-back would bring it back as form does.
#[test]
fn the_turn_after_a_repeat_is_decided_without_memory() {
    let model = Arc::new((*models().0).clone().with_form(Some(form_of_lag(4, 0.995))));
    let mut remembered = 0;
    for seed in 0..40 {
        let mut improviser = Improviser::new(Arc::clone(&model));
        let turns = [0_u8, 1].map(|turn| turn_of_two_bars(&mut improviser, turn, 1.0, seed));
        let mut blind = improviser.checkpoint();
        let third =
            [(&mut improviser, 1.0), (&mut blind, 0.0)].map(|(of, memory)| turn_of_two_bars(of, 2, memory, seed));
        if turns[0] == turns[1] {
            assert_eq!(third[0], third[1], "seed {seed}");
            remembered += 1;
        }
    }
    assert!(remembered >= 2, "{remembered} repeats");
}

#[test]
fn two_turns_in_a_row_are_alike_and_no_third() {
    let pairs: Vec<_> = (0..100).map(three_turns).filter(|[first, second, _]| first == second).collect();
    assert!(pairs.len() >= 5, "{} pairs", pairs.len());
    assert!(pairs.iter().all(|[_, second, third]| second != third));
}

/// Without memory nothing is taken up, and a style without a form plays as it did.
#[test]
fn without_memory_or_form_counts_nothing_is_repeated() {
    let played = |form: Option<Form>, memory| {
        let mut improviser = with_form(form);
        hear_two_bars(&mut improviser);
        line(&continued(&mut improviser, 24, memory, 3))
    };
    assert_eq!(played(Some(two_bar_form(0.995)), 0.0), played(None, 0.0));
    assert_eq!(played(Some(two_bar_form(0.0)), 1.0), played(None, 1.0), "a rate of 0 changes nothing");
    assert_ne!(played(Some(two_bar_form(0.995)), 1.0), played(None, 1.0));
}

/// What was drawn for a bar of the turn in [`asked`].
fn drawn_for(improviser: &Improviser, bar: i64) -> Option<BarLag> {
    improviser.history.lag_in(asked(0, 1.0, 0).turn, Ticks(bar * BAR), Ticks((bar + 1) * BAR))
}

/// Bars 2 and 3 take up bars 0 and 1, and bars 4 and 5 would take them up once more.
#[test]
fn a_third_of_the_bars_that_would_come_again_is_kept_new() {
    let (mut again, mut new) = (0, 0);
    for seed in 0..100 {
        let mut improviser = with_form(Some(two_bar_form(0.995)));
        hear_two_bars(&mut improviser);
        continued(&mut improviser, 24, 1.0, seed);
        let [first, .., last] = [2, 3, 4, 5].map(|bar| drawn_for(&improviser, bar));
        assert!(first.is_some_and(|first| first.lag == 2), "seed {seed}");
        match last {
            Some(BarLag { lag: 0, is_kept_new: true }) => new += 1,
            Some(BarLag { lag: 2, is_kept_new: false }) => again += 1,
            _ => {}
        }
    }
    assert!(again + new >= 50 && (2 * new..=4 * new).contains(&(again + new)), "{new} new, {again} again");
}

/// Otherwise look-back would lead the line to what it avoids.
#[test]
fn a_bar_that_is_kept_new_is_decided_without_memory() {
    let model = Arc::new((*models().0).clone().with_form(Some(two_bar_form(0.995))));
    let (mut kept_new, mut remembered) = (0, 0);
    for seed in 0..120 {
        let mut improviser = Improviser::new(Arc::clone(&model));
        hear_two_bars(&mut improviser);
        let mut from = 2 * BAR;
        while from < 6 * BAR {
            let (mut blind, mut free) = (improviser.checkpoint(), improviser.checkpoint());
            let note = improviser.decide(&asked(from, 1.0, seed));
            let without = blind.decide(&asked(from, 0.0, seed));
            let bar = from.div_euclid(BAR);
            let is_kept_new = drawn_for(&improviser, bar).is_some_and(|drawn| drawn.is_kept_new);
            if is_kept_new && note.onset.0 < (bar + 1) * BAR {
                assert_eq!(note, without, "seed {seed}");
                free.model = Arc::clone(&models().0);
                remembered += usize::from(free.decide(&asked(from, 1.0, seed)) != without);
                kept_new += 1;
            }
            from = note.onset.0 + note.duration.0;
        }
    }
    assert!(kept_new > 60 && remembered >= 3, "of {kept_new} notes, look-back would change {remembered}");
}

/// A second voice that took up whole bars would double the player.
#[test]
fn in_a_duet_no_bar_is_taken_up() {
    let played = |form: Option<Form>| {
        let mut improviser = with_form(form);
        hear_two_bars(&mut improviser);
        let request = DecisionRequest { along: true, ..asked(2 * BAR, 1.0, 3) };
        (0..24).map(|_| improviser.decide(&request)).collect::<Vec<_>>()
    };
    assert_eq!(line(&played(Some(two_bar_form(0.995)))), line(&played(None)));
}

/// A note that is decided again after a retraction is the same, also in a bar whose lag was drawn already.
#[test]
fn a_retracted_bar_is_repeated_in_the_same_way() {
    for kept in [1, 5, 8, 13] {
        let mut improviser = with_form(Some(two_bar_form(0.7)));
        hear_two_bars(&mut improviser);
        let planned = continued(&mut improviser, 20, 1.0, 3);
        improviser.retract(planned[kept].onset);
        let from = planned[kept - 1].onset + planned[kept - 1].duration;
        assert_eq!(improviser.decide(&asked(from.0, 1.0, 3)), planned[kept], "{kept}");
        let mut fresh = with_form(Some(two_bar_form(0.7)));
        hear_two_bars(&mut fresh);
        improviser.retract(Ticks(0));
        assert_eq!(continued(&mut improviser, 20, 1.0, 3), continued(&mut fresh, 20, 1.0, 3));
    }
}

/// A copy of the session goes on in the same way.
#[test]
fn a_checkpoint_repeats_the_same_bars() {
    let mut improviser = with_form(Some(two_bar_form(0.7)));
    hear_two_bars(&mut improviser);
    continued(&mut improviser, 9, 1.0, 3);
    let mut copy = improviser.checkpoint();
    let next =
        |improviser: &mut Improviser| (0..12).map(|_| improviser.decide(&asked(3 * BAR, 1.0, 3))).collect::<Vec<_>>();
    assert_eq!(next(&mut copy), next(&mut improviser));
}
