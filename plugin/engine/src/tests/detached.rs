//! Detached playing: between two notes of a row there is no room for an answer.

use super::modes::without_song;
use super::*;

/// How far each onset is off its time, in milliseconds, as people play; the latest ones follow the earliest.
const BESIDE_MS: [i64; 12] = [0, -20, 25, 12, -17, 30, -30, 4, 30, -9, -30, 30];
const FRAMES_PER_MS: i64 = 48;

/// Eighths at this tempo, with keys held for `gate` percent of their time. Returns the last onset and where the last
/// key goes up.
fn eighths(host: &mut FakeHost, tempo: f64, gate: i64) -> (i64, i64) {
    let time = (BEAT as f64 * 60.0 / tempo).round() as i64;
    host.events.clear();
    let (mut last, mut up) = (0, 0);
    for (index, beside) in (0_i64..).zip(BESIDE_MS.into_iter().cycle().take(40)) {
        last = 4_800 + index * time + beside * FRAMES_PER_MS;
        host.key(60 + (index % 12) as u8, last, time * gate / 100);
        up = last + time * gate / 100;
    }
    (last, up)
}

#[test]
fn between_detached_notes_segue_is_silent() {
    for tempo in [60.0, 90.0, 120.0, 163.0, 200.0] {
        for gate in [30, 50, 60, 80, 95, 105] {
            let time = BEAT as f64 * 60.0 / tempo;
            for grid in [StartGrid::Eighth, StartGrid::Quarter, StartGrid::Sixteenth, StartGrid::Free] {
                let mut host = FakeHost::with_phrase();
                host.tempos = vec![(0, tempo)];
                host.settings.turn.start_grid = grid;
                let (last, up) = eighths(&mut host, tempo, gate);
                let ons = host.play(up + 4 * BEAT, &[512]).ons();
                let case = format!("{tempo} bpm, {gate} %, {grid:?}");
                assert!(ons.first().is_none_or(|on| *on > last), "{case}: {ons:?}");
                // A person's error, and the longest of three intervals for the last note.
                let late = last + time as i64 + 135 * FRAMES_PER_MS;
                let bound =
                    grid.at_or_after(Ticks((late.max(up + 4_800) as f64 * tempo / 60_000.0).ceil() as i64), BARS);
                let begins = ons.first().map(|on| (*on as f64 * tempo / 60_000.0).floor() as i64);
                assert!(begins.is_some_and(|begins| begins <= bound.0), "{case}: {begins:?}, {bound:?}");
            }
        }
    }
}

const BARS: segue_model::note::Bars = segue_model::note::Bars { line: Ticks::ZERO, metre: Metre::COMMON };

#[test]
fn without_a_song_and_in_free_time_detached_notes_get_no_answer() {
    for (tempo, gate) in [(90.0, 60), (120.0, 50), (141.0, 80)] {
        for free_time in [false, true] {
            let mut host = without_song(Mode::Answer);
            host.settings.style.free_time = free_time;
            let (last, up) = eighths(&mut host, tempo, gate);
            let heard = host.play_in_any_blocks(up + 4 * BEAT);
            assert!(heard.ons()[0] > last, "{tempo} bpm, {gate} %, {free_time}: {:?}", heard.ons());
        }
    }
}

#[test]
fn four_notes_ten_ms_late_get_one_answer() {
    for (late, lengths) in [(480, [6_000, 6_000]), (0, [6_000, 6_000]), (480, [3_600, 9_000])] {
        let mut host = FakeHost::with_phrase();
        host.events.clear();
        for index in 0..4 {
            let beside = if index == 0 { 0 } else { late };
            host.key(62 + index as u8, index * 12_000 + beside, lengths[index as usize % 2]);
        }
        let ons = host.play_in_any_blocks(8 * BEAT).ons();
        assert_eq!(ons[0], 60_000, "{late} frames late, held {lengths:?}");
    }
}

/// After the end of a phrase, the answer comes an eighth note later at most than with the gap alone.
#[test]
fn waiting_for_a_row_delays_an_answer_by_an_eighth_at_most() {
    // The gate in percent, and how many frames after the last onset's own time the answer begins.
    let table = [(30, 12_000), (50, 12_000), (80, 12_000), (95, 12_000), (105, 12_000)];
    for (time, name) in [(12_000, "eighths"), (24_000, "quarters")] {
        for (gate, later) in table {
            let mut host = FakeHost::with_phrase();
            host.events.clear();
            for index in 0..8 {
                host.key(60 + index as u8, index * time, time * gate / 100);
            }
            let begins = host.play_in_any_blocks(9 * time + 2 * BEAT).ons()[0];
            assert_eq!(begins, 8 * time + later, "{name}, {gate} %");
        }
    }
}
