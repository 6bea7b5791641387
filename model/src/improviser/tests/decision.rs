//! Tests of decisions.

use super::super::history::HISTORY;
use super::*;
use crate::drift::DriftCorrection;

/// The first note of a turn has the requested onset, and a single line never overlaps.
#[test]
fn a_turn_begins_on_time_and_its_notes_go_forward() {
    for seed in 0..20 {
        let mut improviser = new_improviser();
        hear_phrase(&mut improviser);
        let mut last = improviser.decide(&request(Begin::At(Ticks(300)), 2.0, seed));
        assert_eq!(last.onset, Ticks(300));
        for _ in 0..40 {
            let note = improviser.decide(&request(Begin::NotBefore(Ticks(300)), 2.0, seed));
            assert!(note.onset >= last.onset + last.duration, "a single line does not overlap");
            last = note;
        }
    }
}

#[test]
fn a_note_is_never_planned_before_the_moment_that_is_given() {
    let mut improviser = new_improviser();
    hear_phrase(&mut improviser);
    for bound in [300, 5_000, 5_001, 100_000] {
        assert!(improviser.decide(&request(Begin::NotBefore(Ticks(bound)), 1.0, 1)).onset >= Ticks(bound));
    }
    assert_eq!(
        new_improviser().decide(&request(Begin::NotBefore(Ticks(7)), 1.0, 1)).onset,
        Ticks(7),
        "an empty memory too"
    );
}

/// The same seed gives the same notes; at the lowest temperature every seed gives the same ones.
#[test]
fn the_seed_decides_the_notes_except_at_the_coldest() {
    let play = |temperature, seed| {
        let mut improviser = new_improviser();
        hear_phrase(&mut improviser);
        (0..30)
            .map(|_| improviser.decide(&request(Begin::NotBefore(Ticks(300)), temperature, seed)))
            .collect::<Vec<_>>()
    };
    assert_eq!(play(1.0, 1), play(1.0, 1));
    assert_ne!(play(1.0, 1), play(1.0, 2));
    assert_eq!(play(0.05, 1), play(0.05, 2));
}

#[test]
fn no_figure_comes_four_times_in_a_row_even_at_the_coldest() {
    let mut improviser = new_improviser();
    hear_phrase(&mut improviser);
    let notes: Vec<_> = (0..400).map(|_| improviser.decide(&request(Begin::NotBefore(Ticks(300)), 0.05, 1))).collect();
    let figure = |from: usize, length: usize| {
        notes[from..from + length].iter().zip(&notes[from - 1..]).map(|(new, old)| (new.pitch, new.onset - old.onset))
    };
    for length in 1..=LONGEST_FIGURE {
        for from in 1..notes.len() - 4 * length {
            let again = (1..4).all(|turn| figure(from, length).eq(figure(from + turn * length, length)));
            assert!(!again, "{length} notes from note {from} came four times");
        }
    }
}

/// The player's level is kept even when all of the player's notes have left the history.
#[test]
fn segue_stays_as_loud_as_the_player_was() {
    let mut improviser = new_improviser();
    let soft = Velocity::nearest(40.0);
    for (id, (onset, pitch, held)) in (0..).zip(PHRASE) {
        improviser.hear(HeardKey { velocity: soft, ..key(id, onset, pitch) });
        improviser.amend(id, Ticks(held));
    }
    let mut notes = Vec::new();
    for _ in 0..2 * HISTORY {
        notes.push(improviser.decide(&request(Begin::NotBefore(Ticks(300)), 1.0, 1)));
    }
    let loudest = notes.iter().map(|note| note.velocity.value()).max();
    assert!(loudest < Some(52), "{loudest:?} although the player's are 40");
    improviser.reset();
    assert_eq!(Velocity::nearest(improviser.history.dynamics().level()), Velocity::DEFAULT);
}

/// Steps and durations are rounded to classes, and their errors must not add up.
#[test]
fn a_line_of_solos_stays_on_the_grid() {
    let mut improviser = Improviser::new(Arc::new(Model::random(Vocabulary::solo(), SIZES)));
    let bars = Some(BARS);
    let mut earliest = Ticks(0);
    for _ in 0..300 {
        let request = DecisionRequest { bars, ..request(Begin::NotBefore(earliest), 1.0, 1) };
        let note = improviser.decide(&request);
        let place = Ticks(note.onset.0.rem_euclid(48));
        assert!(Vocabulary::solo().grid().contains(&place), "{note:?}");
        earliest = improviser.earliest_after(&note);
    }
}

/// Notes of one onset are decided in ascending order, and no key twice.
#[test]
fn chords_are_played_from_low_to_high_each_key_once() {
    let mut improviser = Improviser::new(Arc::new(Model::random(Vocabulary::piano(), SIZES)));
    let mut last = improviser.decide(&request(Begin::At(Ticks(100)), 2.0, 1));
    let mut together = 1;
    for _ in 0..300 {
        let note = improviser.decide(&request(Begin::NotBefore(last.onset), 2.0, 1));
        assert!(note.onset > last.onset || note.pitch > last.pitch, "{last:?} {note:?}");
        together = if note.onset == last.onset { together + 1 } else { 1 };
        assert!(together <= Vocabulary::piano().polyphony);
        last = note;
    }
}

/// Printed tunes have none. Solos have some as ornaments, but when a short note is decided, nothing says that the next
/// note will follow at once.
#[test]
fn no_note_of_a_line_is_shorter_than_a_thirty_second() {
    // An untrained network chooses every duration.
    let shortest = |model: Arc<Model>| {
        let mut improviser = Improviser::new(model);
        hear_phrase(&mut improviser);
        let notes = (0..300).map(|_| improviser.decide(&request(Begin::NotBefore(Ticks(300)), 2.0, 1)));
        notes.map(|note| note.duration.0).min()
    };
    assert_eq!(shortest(Arc::clone(&models().0)), Some(6));
    assert_eq!(shortest(Arc::new(Model::random(Vocabulary::solo(), SIZES))), Some(6));
}

/// A duet, in which the player goes on playing.
fn along(begin: Begin, seed: u64) -> DecisionRequest {
    DecisionRequest { along: true, ..request(begin, 1.0, seed) }
}

/// In a duet, the player's notes are among those that were played before, and they do not drift.
#[test]
fn drift_is_corrected_only_where_segue_plays_alone() {
    let mut drift = DriftCorrection::none(models().0.vocabulary());
    for table in [&mut drift.step, &mut drift.pitch, &mut drift.duration] {
        table.iter_mut().skip(1).step_by(2).for_each(|summand| *summand = 2.0);
    }
    let play = |drift: Option<&DriftCorrection>, request: &DecisionRequest| {
        let mut improviser = Improviser::new(Arc::new(models().0.as_ref().clone().with_drift(drift.cloned())));
        hear_phrase(&mut improviser);
        (0..30).map(|_| improviser.decide(request)).collect::<Vec<_>>()
    };
    let begin = Begin::NotBefore(Ticks(300));
    let (alone, in_duet) = (request(begin, 1.0, 1), along(begin, 1));
    assert_ne!(play(None, &alone), play(Some(&drift), &alone));
    assert_eq!(play(None, &in_duet), play(Some(&drift), &in_duet));
    let none = DriftCorrection::none(models().0.vocabulary());
    assert_eq!(play(None, &alone), play(Some(&none), &alone), "no summand changes nothing");
}

#[test]
fn in_a_duet_a_wait_goes_on_over_the_keys_that_are_heard_in_it() {
    let (mut kept, mut other_pitches) = (0, 0);
    for seed in 0..60 {
        let mut improviser = new_improviser();
        hear_phrase(&mut improviser);
        improviser.decide(&along(Begin::At(Ticks(288)), seed));
        let planned = improviser.decide(&along(Begin::NotBefore(Ticks(288)), seed));
        // Nothing is heard in between, so the same note is decided.
        improviser.retract(planned.onset);
        assert_eq!(improviser.decide(&along(Begin::NotBefore(Ticks(288)), seed)), planned);
        improviser.retract(planned.onset);
        let struck = Ticks(planned.onset.0 - 5).max(Ticks(289));
        improviser.hear(key(50, struck.0, 64));
        let again = improviser.decide(&along(Begin::NotBefore(struck), seed));
        if planned.onset >= struck {
            assert_eq!(again.onset, planned.onset, "seed {seed}");
            kept += 1;
            other_pitches += u32::from(again.pitch != planned.pitch);
        }
    }
    assert!(kept > 40 && other_pitches > kept / 2, "{kept} kept, {other_pitches} of them with another pitch");
}

/// A planned onset that has passed is drawn again, with a draw that depends on the last heard key.
#[test]
fn in_a_duet_an_impossible_onset_is_drawn_again() {
    let steps = |heard: i64| -> Vec<Ticks> {
        (0..40)
            .map(|seed| {
                let mut improviser = new_improviser();
                hear_phrase(&mut improviser);
                improviser.decide(&along(Begin::At(Ticks(288)), seed));
                let planned = improviser.decide(&along(Begin::NotBefore(Ticks(288)), seed));
                improviser.retract(planned.onset);
                improviser.hear(key(50, 2_000 + heard, 64));
                let next = improviser.decide(&along(Begin::NotBefore(Ticks(2_000 + heard)), seed));
                assert!(next.onset >= Ticks(2_000 + heard));
                next.onset - Ticks(heard)
            })
            .collect()
    };
    // The same music a bar later differs only in the keys of its draws.
    assert_eq!(steps(0), steps(0));
    assert_ne!(steps(0), steps(192));
}
