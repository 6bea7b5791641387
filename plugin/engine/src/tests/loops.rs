//! Loops of the song: Segue's notes after the wrap are ready on the first frame, and follow the chords there.

use super::modes::{BAR, alone};
use super::*;
use crate::link::Request;

/// The bar in which the loop begins, and how often it repeats.
const FROM: i64 = 4;
const ROUNDS: i64 = 3;

/// A song at this tempo that loops this many bars from its beginning on, and reports the loop.
fn going_round(mode: Mode, bars: i64, tempo: f64) -> FakeHost {
    let mut host = alone(mode);
    host.settings.turn.trade.segue_first = true;
    host.tempos = vec![(0, tempo)];
    host.loop_beats = Some((4.0 * FROM as f64, 4.0 * (FROM + bars) as f64));
    host.song = (0..ROUNDS).map(|pass| (round(pass, bars, tempo), Some(4.0 * FROM as f64))).collect();
    host
}

/// The frame on which a pass begins: the nearest one, as hosts loop.
fn round(pass: i64, bars: i64, tempo: f64) -> i64 {
    ((pass * bars * BAR) as f64 * 120.0 / tempo).round() as i64
}

/// The bar of the chart that a request is for.
fn bar_in_chart(request: &Request) -> i64 {
    let (Begin::At(onset) | Begin::NotBefore(onset)) = request.begin;
    (onset - request.form).0.div_euclid(192)
}

/// How many of the notes that began before a frame still sound after it.
fn sounding_across(heard: &Heard, frame: i64) -> i64 {
    let before = heard.messages.iter().filter(|(at, _)| *at <= frame);
    let is_on = |(at, message): &(i64, Message)| match message {
        Message::NoteOn { .. } if *at < frame => 1,
        Message::NoteOff { .. } => -1,
        _ => 0,
    };
    before.map(is_on).sum()
}

/// In a loop Segue begins on its first frame, even where it played up to the end of it.
#[test]
fn in_a_loop_segue_begins_on_its_first_frame() {
    // Two bars each. Segue's bars end with the loop, are cut by it, or are not the last ones.
    for (mode, bars) in [(Mode::Trade, 6), (Mode::Trade, 5), (Mode::Trade, 3), (Mode::Trade, 4), (Mode::Duet, 3)] {
        for tempo in [120.0, 97.3] {
            let host = going_round(mode, bars, tempo);
            let heard = host.play_in_any_blocks(round(ROUNDS, bars, tempo) - 10);
            let case = format!("{mode:?}, {bars} bars at {tempo} bpm");
            for pass in 1..ROUNDS {
                let begin = round(pass, bars, tempo);
                assert!(heard.ons().contains(&begin), "{case}, round {pass}: {:?}", heard.ons());
                assert_eq!(sounding_across(&heard, begin), 0, "{case}, round {pass}: sounding notes end");
            }
            for on in heard.ons() {
                let is_segues = host.bar_of(on) / 2 % 2 == 0;
                assert!(is_segues || mode == Mode::Duet, "{case}: {on}");
            }
            assert_eq!((heard.stats.late.get(), heard.stats.dropped.get()), (0, 0), "{case}");
        }
    }
}

#[test]
fn live_a_round_begins_as_it_does_offline() {
    for (mode, bars) in [(Mode::Trade, 6), (Mode::Trade, 5), (Mode::Duet, 3)] {
        let mut host = going_round(mode, bars, 120.0);
        let until = round(ROUNDS, bars, 120.0) - 10;
        let offline = host.play(until, &[256]);
        host.offline = false;
        for lengths in [&[64_u32][..], &[256], &[480], &[13, 300, 1, 77]] {
            let live = host.play(until, lengths);
            let pairs = live.messages.iter().zip(&offline.messages);
            assert_eq!(pairs.filter(|(at, _)| at.0 < until).find(|(one, other)| one != other), None, "{lengths:?}");
            assert_eq!((live.stats.late.get(), live.stats.dropped.get()), (0, 0), "{lengths:?}");
        }
        for length in [1_024, 4_096] {
            let live = host.play(until, &[length]);
            assert_eq!((live.stats.late.get(), live.stats.dropped.get()), (0, 0), "{length}");
            assert!(live.ons().contains(&round(2, bars, 120.0)), "{length}");
        }
    }
}

/// Notes after the wrap that are decided before it follow the bars and chords there.
#[test]
fn a_part_planned_across_a_loop_has_the_bars_and_chords_there() {
    for (mode, bars) in [(Mode::Trade, 6), (Mode::Trade, 5), (Mode::Trade, 4), (Mode::Duet, 3)] {
        let heard = going_round(mode, bars, 120.0).play(round(ROUNDS, bars, 120.0) - 10, &[64]);
        let firsts = heard.requests();
        let firsts =
            firsts.iter().filter(|request| matches!(request.begin, Begin::At(onset) if onset.0 % (bars * 192) == 0));
        let requested_bars: Vec<i64> = firsts.clone().map(bar_in_chart).collect();
        assert_eq!(requested_bars, vec![FROM; ROUNDS as usize], "{mode:?}, {bars} bars");
        for request in firsts {
            let Begin::At(onset) = request.begin else { continue };
            assert_eq!(request.bars.unwrap().place(onset), Ticks::ZERO);
            let end = (mode == Mode::Trade).then(|| onset + Ticks(2 * 192));
            assert_eq!(request.ends, end, "{mode:?}, {bars} bars");
        }
    }
}

#[test]
fn keys_during_the_planning_of_the_next_pass_are_heard_in_it() {
    const LOOK_AHEAD: i64 = 960;
    for (mode, bars) in [(Mode::Trade, 6), (Mode::Duet, 3)] {
        let begin = round(2, bars, 120.0);
        for before in [2 * LOOK_AHEAD, LOOK_AHEAD, LOOK_AHEAD - 1, LOOK_AHEAD / 2, 1] {
            let mut host = going_round(mode, bars, 120.0);
            host.key(70, begin - before, 5_000);
            let heard = host.play_in_any_blocks(round(3, bars, 120.0) - 10);
            let across = sounding_across(&heard, begin);
            assert_eq!(across, 0, "{mode:?}, {before}");
            assert!(heard.ons().contains(&begin), "{mode:?}, {before} frames before: {:?}", heard.ons());
        }
    }
}

#[test]
fn a_wrap_that_does_not_come_withdraws_the_planned_pass() {
    for (mode, bars) in [(Mode::Trade, 6), (Mode::Trade, 5), (Mode::Trade, 4), (Mode::Duet, 3)] {
        let end = round(1, bars, 120.0);
        for jump in [None, Some(0.0), Some(33.0), Some(18.5)] {
            let mut host = going_round(mode, bars, 120.0);
            host.song.truncate(1);
            host.song.extend(jump.map(|beats| (end, Some(beats))));
            let until = end + 8 * BAR;
            let heard = host.play_in_any_blocks(until);
            let across = sounding_across(&heard, end);
            assert!(across == 0 || jump.is_none(), "{mode:?}, {bars} bars, {jump:?}");
            for on in heard.ons() {
                let is_segues = host.bar_of(on) / 2 % 2 == 0;
                assert!(is_segues || mode == Mode::Duet, "{mode:?}, {bars} bars, {jump:?}: {on}");
            }
            assert!(heard.ons().iter().any(|on| *on > end + 2 * BAR), "{mode:?}, {bars} bars, {jump:?}: it goes on");
            if jump.is_none() && (mode, bars) != (Mode::Trade, 6) {
                let joined = heard.ons().iter().any(|on| (end + 1..=end + BEAT / 2).contains(on));
                assert!(joined, "{mode:?}, {bars} bars: {:?}", heard.ons());
            }
        }
    }
}

/// If the song does not wrap as planned, sounding notes end where the part goes on.
#[test]
fn without_the_wrap_notes_end_where_the_part_goes_on() {
    for (bars, tempo) in [(2, 97.3), (3, 97.3), (3, 120.0), (4, 133.0), (5, 120.0), (6, 88.0), (7, 120.0)] {
        let mut host = going_round(Mode::Duet, bars, tempo);
        host.single_line = true;
        host.song.truncate(1);
        let heard = host.play_in_any_blocks(round(1, bars, tempo) + 4 * BAR);
        let mut sounding = 0;
        for (at, message) in &heard.messages {
            sounding += match message {
                Message::NoteOn { .. } => 1,
                Message::NoteOff { .. } => -1,
                _ => 0,
            };
            assert!(sounding <= 1, "{bars} bars at {tempo} bpm: two notes at {at}");
        }
    }
}

/// The context holds the notes that sounded in each pass of a loop, even if replies were late or the song did not wrap.
#[test]
fn the_context_holds_what_sounded_in_each_pass_of_a_loop() {
    for (mode, bars) in [(Mode::Trade, 6), (Mode::Trade, 5), (Mode::Duet, 3)] {
        let mut host = going_round(mode, bars, 120.0);
        host.song.truncate(2);
        let stops = round(ROUNDS, bars, 120.0) + 12_345;
        host.song.push((stops, None));
        host.key(70, round(1, bars, 120.0) - 500, 9_000);
        for (offline, speed) in
            [(true, Speed::Quick), (false, Speed::Quick), (false, Speed::Slow(3)), (false, Speed::Slow(29))]
        {
            (host.offline, host.speed) = (offline, speed);
            for length in [64, 441, 4_096] {
                let heard = host.play(stops + 100 * i64::from(length), &[length]);
                assert_eq!(heard.remembered(), heard.sounded(), "{mode:?}, {bars} bars, {speed:?}, {length}");
            }
        }
    }
}

/// An unreported loop keeps a part of Segue's whose bars would have begun on that frame.
#[test]
fn an_unreported_loop_keeps_bars_that_begin_on_that_frame() {
    let mut host = going_round(Mode::Trade, 4, 120.0);
    host.loop_beats = None;
    let heard = host.play_in_any_blocks(round(ROUNDS, 4, 120.0) - 10);
    for pass in 1..ROUNDS {
        assert!(heard.ons().contains(&round(pass, 4, 120.0)), "round {pass}: {:?}", heard.ons());
    }
    // A render decides the first note again once it knows where the song is.
    let places: Vec<i64> = heard
        .requests()
        .iter()
        .filter(|request| matches!(request.begin, Begin::At(onset) if onset.0 > 0 && onset.0 % (4 * 192) == 0))
        .map(bar_in_chart)
        .collect();
    assert_eq!(places[..2 * (ROUNDS as usize - 1)], [FROM + 4, FROM].repeat(ROUNDS as usize - 1));
}

/// A phrase of eighths in a loop of this many bars from bar 4 on, at this beat of the loop, in these passes.
fn phrase_in_loop(bars: i64, beat: i64, notes: i64, rounds: impl Iterator<Item = i64>) -> FakeHost {
    let mut host = going_round(Mode::Answer, bars, 120.0);
    host.song = (0..6).map(|pass| (round(pass, bars, 120.0), Some(4.0 * FROM as f64))).collect();
    for pass in rounds {
        for index in 0..notes {
            let at = round(pass, bars, 120.0) + beat * BEAT + index * BEAT / 2;
            host.key(60 + index as u8, at, BEAT / 2 - 1_000);
        }
    }
    host
}

/// In a loop, each pass that leaves room gets an answer, wherever the phrase lies.
#[test]
fn each_pass_of_a_loop_with_a_pause_gets_an_answer() {
    for bars in [1, 2, 4, 8] {
        for (notes, beats) in [(2, 0..bars * 4 - 1), (4, 0..bars * 4 - 2), (7, 0..bars * 4 - 3)] {
            for beat in beats.step_by(if bars > 2 { 3 } else { 1 }) {
                let mut host = phrase_in_loop(bars, beat, notes, 0..4);
                host.settings.turn.answer_bars = 1;
                let end = round(4, bars, 120.0) - 10;
                let case = format!("{bars} bars, {notes} notes at beat {beat}");
                let heard = if beat % 4 == 1 { host.play_in_any_blocks(end) } else { host.play(end, &[441]) };
                for pass in 0..3 {
                    let up = round(pass, bars, 120.0) + beat * BEAT + notes * BEAT / 2 - 1_000;
                    // The first eighth after the gap, counted across the end of the loop.
                    let begins = (up + 4_800 + BEAT / 2 - 1) / (BEAT / 2) * (BEAT / 2);
                    let first = heard.ons().into_iter().find(|on| *on >= up && *on < end);
                    let next = round(pass + 1, bars, 120.0) + beat * BEAT;
                    // If the phrase begins again on that very frame, there is no answer.
                    let begins = (begins < next).then_some(begins);
                    assert_eq!(first.filter(|on| *on < next), begins, "{case}, round {pass}: {:?}", heard.ons());
                    let end = begins.map_or(0, |begins| (begins + BAR).min(next));
                    let last = heard.ons().into_iter().filter(|on| *on < end).max();
                    assert!(last.is_none_or(|last| begins.is_none() || end - last <= 2 * BEAT), "{case}, round {pass}");
                    assert!(!heard.ons().iter().any(|on| (end..next).contains(on)), "{case}, round {pass}");
                }
            }
        }
    }
}

/// An answer keeps its length across the end of a loop and goes on on the loop's first frame.
#[test]
fn an_answer_keeps_its_length_over_the_end_of_a_loop() {
    for (bars, beat) in [(1, 1), (2, 3), (2, 6), (4, 9), (4, 13)] {
        for free_time in [false, true] {
            let mut host = phrase_in_loop(bars, beat, 4, 0..1);
            host.settings.turn.answer_bars = 3;
            host.settings.style.free_time = free_time;
            let end = round(5, bars, 120.0) - 10;
            let heard = host.play_in_any_blocks(end);
            let case = format!("{bars} bars, beat {beat}, free time {free_time}");
            let ons = heard.ons();
            let over = ons[0] + 3 * BAR;
            for pass in 1..5 {
                let begin = round(pass, bars, 120.0);
                if ons[0] <= begin && begin + BEAT <= over {
                    assert!(ons.contains(&begin), "{case}, round {pass}: {ons:?}");
                }
                assert_eq!(sounding_across(&heard, begin), 0, "{case}, round {pass}: sounding notes end");
            }
            assert!(ons.iter().all(|on| *on < over), "{case}: {ons:?}");
            assert!(ons.iter().any(|on| over - on <= 2 * BEAT) || over > end, "{case}: {ons:?}");
        }
    }
}

#[test]
fn live_an_answer_goes_through_a_loop_as_it_does_offline() {
    for (bars, beat) in [(1, 1), (2, 6), (4, 13)] {
        let mut host = phrase_in_loop(bars, beat, 4, 0..2);
        host.settings.turn.answer_bars = 2;
        let until = round(4, bars, 120.0) - 10;
        let offline = host.play(until, &[256]);
        host.offline = false;
        for lengths in [&[64_u32][..], &[256], &[480], &[13, 300, 1, 77]] {
            let live = host.play(until, lengths);
            let pairs = live.messages.iter().zip(&offline.messages);
            assert_eq!(pairs.filter(|(at, _)| at.0 < until).find(|(one, other)| one != other), None, "{lengths:?}");
            assert_eq!((live.stats.late.get(), live.stats.dropped.get()), (0, 0), "{lengths:?}");
        }
        for length in [1_024, 4_096] {
            let live = host.play(until, &[length]);
            assert_eq!((live.stats.late.get(), live.stats.dropped.get()), (0, 0), "{length}");
            assert_eq!(live.ons()[0], offline.ons()[0], "{length}");
        }
    }
}

/// A duet that was joined off the grid has its notes a part of a tick beside it; those of the next round are on it.
#[test]
fn a_round_after_a_duet_off_the_grid_is_not_late() {
    const BARS: i64 = 1;
    // Frames that lie a little before a tick, and a little after one.
    for joins in [20_250, 20_260, 20_490, 20_010] {
        for bpm in [120.0, 75.0] {
            let mut host = going_round(Mode::Answer, BARS, bpm);
            // Shorter than a part of a tick.
            host.settings.timing.look_ahead_ms = 1.0;
            host.settings.turn.start_grid = StartGrid::Free;
            host.turns = vec![(joins, |settings| settings.turn.mode = Mode::Duet)];
            let heard = host.play(round(ROUNDS, BARS, bpm) - 10, &[441]);
            assert_eq!((heard.stats.late.get(), heard.stats.dropped.get()), (0, 0), "from {joins} on at {bpm} bpm");
            assert!(heard.ons().contains(&round(1, BARS, bpm)), "from {joins} on at {bpm} bpm: {:?}", heard.ons());
        }
    }
}
