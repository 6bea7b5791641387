//! Tests of hearing, retracting and replaying.

use super::super::history::{HISTORY, MEMORY_STRETCH};
use super::*;
use crate::hash::{SPLITMIX64_INCREMENT, splitmix64};
use crate::lookback::LookBack;

#[test]
fn hearing_note_by_note_equals_hearing_in_one_go_to_the_bit() {
    let mut in_one_go = new_improviser();
    hear_phrase(&mut in_one_go);
    let mut eager = new_improviser();
    let mut late_releases = new_improviser();
    for (id, (onset, pitch, held)) in (0..).zip(PHRASE) {
        eager.hear(key(id, onset, pitch));
        eager.catch_up();
        eager.amend(id, Ticks(held));
        eager.catch_up();
        late_releases.hear(key(id, onset, pitch));
        late_releases.catch_up();
    }
    for (id, (_, _, held)) in (0..8).zip(PHRASE).rev() {
        late_releases.amend(id, Ticks(held));
        late_releases.catch_up();
    }
    assert_eq!(in_one_go.state(), eager.state());
    assert_eq!(in_one_go.state(), late_releases.state());
}

/// After notes are retracted, state and draws are bit-identical to those of a session without them.
#[test]
fn retracting_and_replaying_gives_the_state_of_a_fresh_run() {
    let mut fresh = new_improviser();
    hear_phrase(&mut fresh);
    let mut other = new_improviser();
    hear_phrase(&mut other);
    let planned: Vec<_> = (0..6)
        .map(|note| {
            let begin = if note == 0 { Begin::At(Ticks(288)) } else { Begin::NotBefore(Ticks(288)) };
            other.decide(&request(begin, 1.0, 4))
        })
        .collect();
    other.retract(planned[3].onset);
    let kept = other.state().clone();
    assert_eq!(other.decide(&request(Begin::NotBefore(Ticks(288)), 1.0, 4)), planned[3], "the draw is the same again");
    other.retract(planned[3].onset);
    assert_eq!(other.state(), &kept);
    other.retract(Ticks(0));
    assert_eq!(other.state(), fresh.state());
    other.amend(7, Ticks(12));
    assert_ne!(other.state(), fresh.state(), "an amend must change what is remembered");
}

/// A decided note that never sounded leaves the history as if it had been retracted; notes decided after it remain.
#[test]
fn an_unplayed_note_is_removed_and_its_successors_stay() {
    // In another octave than the style's.
    let limits = Limits { lowest: Pitch::new(96).unwrap(), highest: Pitch::new(120).unwrap(), ..Limits::NONE };
    let parameters = SamplingParameters { temperature: 1.0, seed: 4, limits, ..SamplingParameters::default() };
    let mut improviser = new_improviser();
    hear_phrase(&mut improviser);
    let mut states = vec![improviser.state().clone()];
    let decide = |improviser: &mut Improviser, begin| {
        let note = improviser.decide(&DecisionRequest { parameters, ..request(begin, 1.0, 4) });
        (note, improviser.state().clone())
    };
    let mut decided = Vec::new();
    for index in 0..6 {
        let begin = if index == 0 { Begin::At(Ticks(288)) } else { Begin::NotBefore(Ticks(289)) };
        let (note, state) = decide(&mut improviser, begin);
        decided.push(note);
        states.push(state);
    }
    assert!(decided.iter().all(|note| note.pitch.key() >= 96), "{decided:?}");
    improviser.forget_unplayed(decided[5].onset, decided[5].pitch);
    assert_eq!(improviser.state(), &states[5], "the last one");
    improviser.forget_unplayed(decided[5].onset, decided[5].pitch);
    improviser.forget_unplayed(Ticks(97), decided[0].pitch);
    assert_eq!(improviser.state(), &states[5], "nothing else");
    let before: Vec<Note> = improviser.recent().collect();
    improviser.forget_unplayed(decided[2].onset, decided[2].pitch);
    let after: Vec<Note> = improviser.recent().collect();
    assert_eq!(after.len() + 1, before.len());
    assert_eq!(after[..], [&before[..10], &before[11..]].concat()[..]);
    let mut again = improviser.checkpoint();
    assert_eq!(improviser.state(), again.state(), "processing again gives the same state");
    for index in [0, 4, 3, 1] {
        improviser.forget_unplayed(decided[index].onset, decided[index].pitch);
    }
    assert_eq!(improviser.state(), &states[0], "all of them");
}

#[test]
fn a_single_line_hears_the_top_voice_of_a_chord() {
    let mut top_alone = new_improviser();
    top_alone.hear(key(1, 48, 76));
    let mut chord = new_improviser();
    for (id, pitch) in [(1, 60), (2, 76), (3, 67)] {
        chord.hear(key(id, 48 + i64::from(id), pitch));
    }
    assert_eq!(chord.state(), top_alone.state());
    assert_eq!(chord.recent().count(), 1);
}

#[test]
fn a_chord_known_late_counts_from_its_first_finger_on() {
    let chord = Chord::parse("Eb7").unwrap().unwrap();
    let heard = |from| HeardChord { from: Ticks(from), bars: Some(BARS), chord };
    let model = Arc::new(Model::random(Vocabulary::song(), SIZES));
    let play = |chords_first: bool| {
        let mut improviser = Improviser::new(Arc::clone(&model));
        improviser.set_source(HarmonySource::Hands);
        for (id, (onset, pitch, held)) in (0..).zip(PHRASE) {
            if chords_first && onset == 97 {
                improviser.hear_chord(heard(97));
            }
            improviser.hear(key(id, onset, pitch));
            improviser.amend(id, Ticks(held));
            improviser.catch_up();
        }
        if !chords_first {
            improviser.hear_chord(heard(97));
        }
        improviser
    };
    assert_eq!(play(true).state(), play(false).state());
    let mut without = Improviser::new(Arc::clone(&model));
    hear_phrase(&mut without);
    assert_ne!(play(true).state(), without.state(), "the chord is heard");
    let mut taken_back = play(true);
    let before = taken_back.state().clone();
    let first = taken_back.decide(&request(Begin::At(Ticks(300)), 1.0, 4));
    taken_back.retract(first.onset);
    assert_eq!(taken_back.state(), &before);
    assert_eq!(taken_back.decide(&request(Begin::At(Ticks(300)), 1.0, 4)), first);
}

/// A key below a held one is accompaniment: a single line ignores it, a piano hears it.
#[test]
fn below_a_held_key_only_a_polyphonic_style_hears() {
    for (vocabulary, count) in [(Vocabulary::song(), 0), (Vocabulary::piano(), 1)] {
        let mut improviser = Improviser::new(Arc::new(Model::random(vocabulary, SIZES)));
        improviser.hear_below(key(1, 0, 48));
        assert_eq!(improviser.recent().count(), count);
    }
}

#[test]
fn a_chord_is_one_stroke_also_where_its_own_note_falls_into_it() {
    for own in [94, 96, 98, 101] {
        let together = |strokes: &[(u32, i64, u8)]| {
            let mut improviser = new_improviser();
            hear_phrase(&mut improviser);
            improviser.decide(&request(Begin::At(Ticks(300 + own)), 1.0, 1));
            for &(id, onset, pitch) in strokes {
                improviser.hear(key(id, 300 + onset, pitch));
            }
            improviser
        };
        let mut chord = together(&[(21, 96, 60), (22, 97, 76), (23, 98, 67)]);
        let mut top_alone = together(&[(22, 96, 76)]);
        assert_eq!(chord.recent().count(), PHRASE.len() + 2, "its own at {own}");
        assert_eq!(chord.state(), top_alone.state(), "its own at {own}");
    }
}

/// The history is bounded, and notes can still be retracted when it is full.
#[test]
fn a_long_jam_keeps_a_bounded_history() {
    let mut improviser = new_improviser();
    for id in 0..2_000 {
        improviser.hear(key(id, i64::from(id) * 24, 60 + u8::try_from(id % 12).unwrap()));
        improviser.amend(id, Ticks(24));
    }
    assert_eq!(improviser.recent().count(), HISTORY);
    improviser.amend(3, Ticks(96));
    let before = improviser.state().clone();
    for _ in 0..50 {
        improviser.decide(&request(Begin::NotBefore(Ticks(48_000)), 1.0, 1));
    }
    improviser.retract(Ticks(0));
    assert_eq!(improviser.state(), &before);
}

#[test]
fn no_memory_is_exactly_a_network_that_is_shown_nothing() {
    let decide = |memory: f32, look_back: bool| {
        let model = if look_back { &models().0 } else { &models().1 };
        let mut improviser = Improviser::new(Arc::clone(model));
        let again = PHRASE.map(|(onset, pitch, held)| (onset + 384, pitch, held));
        for (id, (onset, pitch, held)) in (0..).zip(PHRASE.into_iter().chain(again)) {
            improviser.hear(HeardKey { memory, ..key(id, onset, pitch) });
            improviser.amend(id, Ticks(held));
        }
        let request = request(Begin::NotBefore(Ticks(700)), 1.0, 5);
        let request = DecisionRequest { parameters: SamplingParameters { memory, ..request.parameters }, ..request };
        (0..20).map(|_| improviser.decide(&request)).collect::<Vec<_>>()
    };
    assert_eq!(decide(0.0, true), decide(1.0, false));
    assert_ne!(decide(1.0, true), decide(0.0, true), "what was played must change what follows");
}

/// With memory between 0 and 1, the seed decides in which stretches look-back is shown.
#[test]
fn the_seed_decides_which_stretches_see_the_session() {
    let stretches = |share, seed| {
        let look_back = LookBackShare { share, seed };
        let mut session = LookBack::default();
        let mut key = 0_u64;
        let mut next = |_| {
            let shown = look_back.shows(&models().0, &session);
            for _ in 0..MEMORY_STRETCH {
                key = splitmix64(key.wrapping_add(SPLITMIX64_INCREMENT));
                let pitch = Pitch::new(60 + u8::try_from(key % 12).unwrap()).unwrap();
                let (onset, duration) = (Ticks(i64::try_from(session.count()).unwrap() * 24), Ticks(24));
                session.push(&Note { onset, pitch, duration, velocity: Velocity::DEFAULT });
            }
            shown
        };
        (0..100).map(&mut next).collect::<Vec<_>>()
    };
    for share in [0.25, 0.5, 0.75] {
        let shown = stretches(share, 1);
        assert_eq!(shown, stretches(share, 1));
        assert_ne!(shown, stretches(share, 2));
        #[expect(clippy::cast_precision_loss, reason = "one hundred")]
        let found = shown.iter().filter(|shown| **shown).count() as f32 / 100.0;
        // Three standard deviations of a share of 100 draws.
        assert!((found - share).abs() < 0.15, "{found} of the stretches, not {share}");
    }
    assert!(stretches(1.0, 3).iter().all(|shown| *shown) && !stretches(0.0, 3).contains(&true));
}

#[test]
fn a_checkpoint_goes_on_as_its_original() {
    let mut long = new_improviser();
    for id in 0..1_000 {
        long.hear(key(id, i64::from(id) * 24, 60 + u8::try_from(id % 11).unwrap()));
        long.amend(id, Ticks(24));
    }
    let mut planned = new_improviser();
    hear_phrase(&mut planned);
    planned.decide(&request(Begin::At(Ticks(288)), 1.0, 4));
    planned.hear(key(99, 300, 70));
    for mut improviser in [new_improviser(), planned, long] {
        let mut spares = [improviser.checkpoint(), improviser.checkpoint().checkpoint()];
        improviser.catch_up();
        let mut caught_up = improviser.checkpoint();
        let from = Ticks(100_000);
        let plan = |improviser: &mut Improviser| {
            let notes: Vec<_> = (0..20).map(|_| improviser.decide(&request(Begin::NotBefore(from), 1.0, 4))).collect();
            improviser.retract(notes[10].onset);
            improviser.amend(990, Ticks(7));
            (notes, improviser.decide(&request(Begin::NotBefore(from), 1.0, 5)), improviser.state().clone())
        };
        let expected = plan(&mut improviser);
        for checkpoint in spares.iter_mut().chain([&mut caught_up]) {
            assert_eq!(plan(checkpoint), expected);
        }
    }
}

#[test]
fn another_model_replays_the_history() {
    let other = Arc::new(Model::random(Vocabulary::song(), SIZES));
    let mut changed = new_improviser();
    hear_phrase(&mut changed);
    changed.catch_up();
    changed.change_model(Arc::clone(&other));
    let mut fresh = Improviser::new(other);
    hear_phrase(&mut fresh);
    assert_eq!(changed.state(), fresh.state());
    changed.change_model(Arc::new(Model::random(Vocabulary::piano(), SIZES)));
    assert_eq!(changed.recent().count(), 0, "ticks of free time are no beats");
}

/// Plays a phrase from notation, with each key held for part of its note.
fn hear_detached(improviser: &mut Improviser, percent: &[i64]) {
    let notes = [(0, 62, 24), (24, 64, 24), (48, 66, 48), (96, 69, 24), (120, 66, 12), (132, 64, 12), (144, 62, 96)];
    for ((id, (onset, pitch, length)), percent) in (0..).zip(notes).zip(percent.iter().cycle()) {
        let gate_percent = u8::try_from(*percent).unwrap().min(LEGATO_PERCENT);
        improviser.hear(HeardKey { gate_percent, ..key(id, onset, pitch) });
        improviser.catch_up();
        improviser.amend(id, Ticks((length * percent / 100).max(1)));
        improviser.catch_up();
    }
    improviser.hear(key(99, 240, 57));
}

/// A style of notation hears the same lengths from staccato and from legato playing.
#[test]
fn notation_hears_the_same_however_short_keys_are_held() {
    let mut legato = new_improviser();
    hear_detached(&mut legato, &[100]);
    for percent in [&[30][..], &[50], &[80], &[95], &[105], &[80, 60, 95, 40, 70]] {
        let mut detached = new_improviser();
        hear_detached(&mut detached, percent);
        assert_eq!(detached.state(), legato.state(), "held for {percent:?} % of their notes");
    }
    // A style trained on recordings hears the difference.
    let model = Arc::new(Model::random(Vocabulary::piano(), SIZES));
    let states = [&[100][..], &[50]].map(|percent| {
        let mut improviser = Improviser::new(Arc::clone(&model));
        hear_detached(&mut improviser, percent);
        improviser.state().clone()
    });
    assert_ne!(states[0], states[1]);
}

#[test]
fn the_pedal_lengthens_what_a_piano_hears_and_no_single_line() {
    for (vocabulary, is_pedalled) in
        [(Vocabulary::dance(), false), (Vocabulary::solo(), false), (Vocabulary::piano(), true)]
    {
        let model = Arc::new(Model::random(vocabulary, SIZES));
        let play = |pedalled: bool| {
            let mut improviser = Improviser::new(Arc::clone(&model));
            improviser.hear(key(0, 0, 62));
            if pedalled {
                improviser.release_key(0, Ticks(20));
                improviser.release_pedal(0, Ticks(190));
            } else {
                improviser.amend(0, Ticks(20));
            }
            improviser.state().clone()
        };
        assert_eq!(play(true) != play(false), is_pedalled);
    }
}
