//! When Segue begins and ends, and that it leaves no note on.

use crate::support::{ALL_BLOCKS, EIGHTH, Settings, instance, notes, onsets, performance, score, sound, steady};
use segue_model::note::{Metre, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::instance::Instance;
use segue_tests::performance::{TimedEvent, off_the_grid};
use segue_tests::score::Score;
use segue_tests::session::Session;
use segue_tests::timeline::{Frame, Timeline};

const SAMPLE_RATES: [f64; 3] = [44_100.0, 48_000.0, 96_000.0];
const BAR: Ticks = Metre::COMMON.bar();
/// A tenth of a second at 48 kHz.
const SOON: Frame = 4_800;

/// The turn rule: the first grid point at or after the last key-up plus the gap.
fn expected_begin(score: &Score, grid: Ticks, gap_ms: f64) -> Frame {
    let gap_beats = gap_ms / 1000.0 * score.timeline.tempo_bpm(0) / 60.0;
    let earliest = score.timeline.ticks(score.last_key_up()) + gap_beats * 48.0;
    let begin = (0..10_000).map(|index| Ticks(index * grid.0)).find(|point| point.0 as f64 >= earliest);
    begin.and_then(|point| score.timeline.frame_of(point)).expect("the transport runs")
}

/// Checks for each of these blocks that the answer begins where the rule says.
fn check_begin(timeline: Timeline, settings: Settings<'_>, grid: Ticks, gap_ms: f64, blocks: &[Blocks]) {
    let score = score(timeline, 3);
    for blocks in blocks {
        let answer = notes(settings, &score, *blocks);
        let begin = answer.first().map(|note| note.on);
        let wanted = expected_begin(&score, grid, gap_ms);
        assert_eq!(begin, Some(wanted), "{} Hz, {blocks:?}, {settings:?}", score.timeline.sample_rate());
        assert_eq!(off_the_grid(&answer, &score.timeline), [], "{blocks:?}");
    }
}

#[test]
fn the_answer_begins_where_the_turn_rule_says_to_the_sample() {
    for rate in SAMPLE_RATES {
        check_begin(steady(rate), &[("Response gap", "100")], EIGHTH, 100.0, &ALL_BLOCKS);
    }
}

#[test]
fn grid_gap_and_tempo_move_the_beginning_as_the_turn_rule_says() {
    let some_blocks = [Blocks::Of(64), Blocks::Random { seed: 3, largest: 2000 }];
    let grids = [("1/4", Ticks(48)), ("1/8", EIGHTH), ("1/16", Ticks(12)), ("Bar", BAR)];
    for (tempo, gap) in [(97.3, "0"), (133.7, "350")] {
        for (name, grid) in grids {
            let timeline = Timeline::steady(44_100.0, tempo, Metre::COMMON);
            let gap_ms = gap.parse().expect("a number");
            check_begin(timeline, &[("Response gap", gap), ("Start", name)], grid, gap_ms, &some_blocks);
        }
    }
}

#[test]
fn without_a_grid_the_answer_begins_a_gap_after_the_last_key_up() {
    let score = score(steady(48_000.0), 3);
    let gap = 7_200;
    for blocks in ALL_BLOCKS {
        let answer = notes(&[("Start", "Free"), ("Response gap", "150")], &score, blocks);
        assert_eq!(onsets(&answer).first(), Some(&(score.last_key_up() + gap)), "{blocks:?}");
    }
}

/// A key that is released on a grid point is answered on that very point.
#[test]
fn a_key_up_on_a_grid_point_is_answered_on_that_point() {
    let mut score = Score::silence(steady(48_000.0), 300_000);
    score.press(62, 0, 24_000).press(66, 24_000, 48_000);
    for blocks in ALL_BLOCKS {
        let answer = performance(&[("Response gap", "0")], &score, blocks).notes().0;
        assert_eq!(onsets(&answer).first(), Some(&48_000), "{blocks:?}");
    }
}

#[test]
fn the_answer_ends_with_its_last_bar() {
    for (length, bars) in [("1", 1), ("2", 2), ("4", 4)] {
        let score = score(steady(48_000.0), 8);
        let answer = notes(&[("Answer length", length)], &score, Blocks::Of(441));
        let begin = answer.first().expect("an answer").on;
        let limit = score.timeline.ticks(begin) + (bars * BAR.0) as f64;
        let last = answer.last().expect("an answer");
        assert!(score.timeline.ticks(last.on) < limit, "{length} bars: {last:?}");
        assert!(score.timeline.ticks(last.on) > limit - BAR.0 as f64, "{length} bars: it ends early");
    }
}

/// When the player starts again, Segue yields and ends its notes.
#[test]
fn segue_yields_when_the_player_comes_in_again() {
    let mut score = score(steady(48_000.0), 6);
    let again = score.timeline.frame_of(Ticks(2 * BAR.0 + 7)).expect("the transport runs");
    let held = 48_000;
    score.press(74, again, again + held);
    for blocks in ALL_BLOCKS {
        let answer = notes(&[("Answer length", "8")], &score, blocks);
        let in_the_way = answer.iter().find(|note| (again + 1..again + held).contains(&note.on));
        assert_eq!(in_the_way, None, "{blocks:?}");
        assert!(answer.iter().any(|note| note.on < again) && answer.iter().any(|note| note.on > again + held));
        let too_long = answer.iter().find(|note| note.on < again && note.off > again + 2 * held);
        assert_eq!(too_long, None, "{blocks:?}");
    }
}

/// Every note-on gets its note-off when the host stops, jumps or loops in mid-answer.
#[test]
fn notes_end_when_the_host_stops_jumps_or_loops() {
    let bar = 96_000;
    let mid = bar + bar / 2 + 12_345;
    let mut stops = steady(48_000.0);
    stops.playing(mid, false).playing(mid + bar, true);
    let mut jumps = steady(48_000.0);
    jumps.jump(mid, 64.0);
    let mut loops = steady(48_000.0);
    loops.show_loop(4.0, 8.0).jump(2 * bar, 4.0).jump(3 * bar, 4.0);
    let mut changes = steady(48_000.0);
    changes.tempo(mid, 87.0).metre(2 * bar, Metre::new(3, 4).expect("a metre"));
    for (name, timeline) in [("stop", stops), ("jump", jumps), ("loop", loops), ("change", changes)] {
        let mut timeline = timeline;
        timeline.playing(6 * bar, false);
        let mut score = Score::silence(timeline, 6 * bar + SOON);
        score.play(&crate::support::phrase(), Ticks(2));
        for blocks in ALL_BLOCKS {
            let (notes, faults) = performance(&[("Answer length", "2")], &score, blocks).notes();
            assert_eq!(faults, [], "{name}, {blocks:?}");
            assert!(!notes.is_empty(), "{name}, {blocks:?}: no answer");
        }
    }
}

/// What a host may do between two blocks.
type Disturbance = fn(&mut Instance);

/// Every note-on gets its note-off when the host resets, reactivates or loads a state in mid-answer.
#[test]
fn notes_end_when_the_host_resets_reactivates_or_loads() {
    const BLOCKS: Blocks = Blocks::Of(256);
    let disturbances: [(&str, Disturbance); 4] = [
        ("reset", Instance::reset),
        ("reactivation", |instance| {
            instance.deactivate();
            instance.activate(48_000.0, 256).expect("it activates");
        }),
        ("another sample rate", |instance| {
            instance.deactivate();
            instance.activate(96_000.0, 256).expect("it activates");
        }),
        ("a project loaded", |instance| {
            let saved = instance.save().expect("it saves");
            instance.load(&saved).expect("it loads what it saved");
        }),
    ];
    for (name, disturb) in disturbances {
        let mut instance = instance(&[("Answer length", "8")]);
        let mut first = score(steady(48_000.0), 8);
        first.length = cut_while_a_note_sounds(&first);
        let after = Score::silence(Timeline::stopped(48_000.0), 2 * SOON);
        instance.set_offline(true).expect("it renders");
        instance.activate(48_000.0, 256).expect("it activates");
        let mut played = Session::render(BLOCKS).play_active(&mut instance, &first).expect("it plays");
        disturb(&mut instance);
        let end = Session::render(BLOCKS).play_active(&mut instance, &after).expect("it plays");
        let later = end.events.iter().map(|event| TimedEvent { at: event.at + first.length, ..*event });
        played.events.extend(later);
        assert_eq!(played.notes().1, [], "{name}");
    }
}

/// A frame in the middle of a note of the answer.
fn cut_while_a_note_sounds(score: &Score) -> Frame {
    let answer = notes(&[("Answer length", "8")], score, Blocks::Of(256));
    let note = answer.get(5).expect("an answer of eight bars has more notes");
    note.on.midpoint(note.off)
}

#[test]
fn it_answers_on_its_own_clock_when_the_transport_stands_still() {
    let mut score = Score::silence(Timeline::stopped(48_000.0), 480_000);
    for (index, key) in [62, 66, 69, 74].into_iter().enumerate() {
        let down = 24_000 + 12_000 * index as Frame;
        score.press(key, down, down + 11_000);
    }
    for blocks in [Blocks::Of(64), Blocks::Of(1024)] {
        let answer = notes(&[], &score, blocks);
        assert!(answer.len() >= 4, "{answer:?}");
        assert!(answer[0].on > score.last_key_up());
    }
}

#[test]
fn the_players_own_notes_come_back_only_with_thru() {
    let score = score(steady(48_000.0), 1);
    assert_eq!(notes(&[("Response gap", "2000")], &score, Blocks::Of(64)), []);
    let thru = notes(&[("Response gap", "2000"), ("Thru", "On")], &score, Blocks::Of(64));
    let played: Vec<Frame> = score.strokes.iter().map(|stroke| stroke.down).collect();
    assert_eq!(onsets(&thru), played);
}

/// A host that suspends plugins which do not ask to stay active gets the same answer.
#[test]
fn a_host_that_suspends_plugins_gets_the_same_answer() {
    let score = score(steady(48_000.0), 4);
    let suspending = Session { suspends: true, ..Session::render(Blocks::Of(256)) };
    let answer = sound(&suspending.play(&mut instance(&[]), &score).expect("the plugin plays"));
    assert!(!answer.is_empty());
    assert_eq!(answer, notes(&[], &score, Blocks::Of(256)));
}
