//! The player plays detached notes, as people do: Segue does not answer between two notes of a row.

use crate::support::{ALL_BLOCKS, Settings, notes, onsets};
use segue_model::note::Metre;
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::people::trial::Trial;
use segue_tests::people::{Player, patterns};
use segue_tests::rng::Rng;
use segue_tests::score::Score;
use segue_tests::timeline::{Frame, Timeline};

const RATE: f64 = 48_000.0;
const FRAMES_PER_MS: i64 = 48;
/// How far a stroke may be from its time.
const BESIDE_MS: i64 = 30;
/// The keys of a reel.
const KEYS: [u8; 8] = [62, 66, 69, 66, 71, 69, 66, 64];

/// A row of notes of this length by a person who holds each key for this percentage of the note.
struct Row {
    time: i64,
    gate: i64,
    /// Whether the notes are eighths of the song, or else quarters.
    eighths: bool,
    /// The frame at which it begins.
    from: i64,
    count: i64,
}

impl Row {
    fn play(&self, score: &mut Score, rng: &mut Rng) {
        let wide = u64::try_from(2 * BESIDE_MS * FRAMES_PER_MS).expect("above zero");
        for index in 0..self.count {
            let beside = i64::try_from(rng.below(wide + 1)).expect("small") - BESIDE_MS * FRAMES_PER_MS;
            let down = self.from + index * self.time + beside;
            let up = down + self.time * self.gate / 100;
            let frame = |at: i64| Frame::try_from(at).expect("after the beginning");
            score.press(KEYS[usize::try_from(index).expect("small") % KEYS.len()], frame(down), frame(up));
        }
    }

    /// When the last key goes down, without the person's error.
    fn last(&self) -> i64 {
        self.from + (self.count - 1) * self.time
    }
}

/// Segue's first note, which must not come before the row is over.
fn answer_after(row: &Row, tempo_bpm: f64, settings: Settings<'_>, blocks: Blocks, seed: u64) -> i64 {
    let length = row.last() + 6 * 48_000;
    let mut timeline = Timeline::steady(RATE, tempo_bpm, Metre::COMMON);
    timeline.playing(Frame::try_from(length - 4_800).expect("above zero"), false);
    let mut score = Score::silence(timeline, Frame::try_from(length).expect("above zero"));
    row.play(&mut score, &mut Rng::new(seed));
    let last = score.strokes.iter().map(|stroke| stroke.down).max().expect("strokes");
    let mut heard = onsets(&notes(settings, &score, blocks));
    // After a single note nobody can know whether it is a long note that was held briefly.
    let second = row.from + row.time - BESIDE_MS * FRAMES_PER_MS;
    heard.retain(|on| row.gate >= 50 || row.eighths || i64::try_from(*on).expect("small") > second);
    let case = format!("{tempo_bpm} bpm, {} % of {} frames, {settings:?}, {blocks:?}, seed {seed}", row.gate, row.time);
    let first = *heard.first().unwrap_or_else(|| panic!("{case}: no answer"));
    assert!(first > last, "{case}: a note at {first} between the player's, the last of which is at {last}");
    i64::try_from(first).expect("small")
}

/// Segue is silent between detached notes, and answers soon after the last one.
#[test]
fn segue_waits_between_detached_notes_and_answers_after_them() {
    let mut worst = 0;
    for (case, tempo) in [60.0, 84.0, 90.0, 120.0, 141.0, 180.0, 220.0].into_iter().enumerate() {
        for gate in [30, 40, 50, 60, 70, 80, 90, 95, 100, 105] {
            #[expect(clippy::cast_possible_truncation, reason = "a second or so")]
            let eighth = (RATE * 30.0 / tempo) as i64;
            for (time, style) in [(eighth, "Irish"), (2 * eighth, "Jazz")] {
                let row = Row { time, gate, eighths: time == eighth, from: 4_800, count: 24 };
                let seed = u64::try_from(gate).expect("above zero") + case as u64;
                let first = answer_after(&row, tempo, &[("Style", style)], ALL_BLOCKS[1 + case % 6], seed);
                // The gap or the person's error, plus an eighth until the next point of the grid.
                let held = (time * gate / 100 + 4_800).max(time + (75 + 2 * BESIDE_MS) * FRAMES_PER_MS);
                let late = first - row.last() - held - BESIDE_MS * FRAMES_PER_MS;
                assert!(late <= eighth, "{tempo} bpm, {gate} % of {time}: {late} frames after the row is over");
                worst = worst.max(late);
            }
        }
    }
    println!(
        "Answers after detached rows begin at most {worst} frames after the next note was overdue (up to the \
         next eighth)"
    );
}

/// A detached row is no gap in free time, without a song, or on a finer grid either.
#[test]
fn detached_rows_in_free_time_or_on_a_fine_grid_are_no_gap() {
    let piano: Settings<'_> = &[("Style", "Piano")];
    for (settings, gate) in [(piano, 50), (piano, 80), (&[("Start", "1/16")], 40), (&[("Start", "1/4")], 60)] {
        for seed in 0..4 {
            let row = Row { time: 12_000, gate, eighths: true, from: 4_800, count: 32 };
            answer_after(&row, 120.0, settings, ALL_BLOCKS[1 + usize::try_from(seed).expect("small")], seed);
            let slower = Row { time: 16_000, gate, eighths: true, from: 4_800, count: 32 };
            answer_after(&slower, 120.0, settings, Blocks::Of(256), seed);
        }
    }
}

#[test]
fn four_notes_that_are_ten_milliseconds_late_get_one_answer() {
    let mut score = Score::silence(Timeline::steady(RATE, 120.0, Metre::COMMON), 300_000);
    score.timeline.playing(290_000, false);
    for (down, key) in [(0, 62), (12_480, 66), (24_480, 69), (36_480, 74)] {
        score.press(key, down, down + 6_000);
    }
    for blocks in ALL_BLOCKS {
        assert_eq!(onsets(&notes(&[], &score, blocks)).first(), Some(&60_000), "{blocks:?}");
    }
}

/// A row may begin with the second one of two swung eighths. The time to the next beat is short then, and a detached
/// key on that beat may be down for as long.
#[test]
fn a_swung_row_that_begins_with_an_upbeat_is_no_gap() {
    const BARS: i64 = 2;
    let bundle = Bundle::checked();
    for (style, gate) in [("Jazz", 50.0), ("Jazz", 80.0), ("Blues", 50.0), ("Blues", 65.0)] {
        for seed in 0..4 {
            let mut music = patterns::steady_eighths(BARS).swung(0.62);
            music.notes.remove(0);
            let played = Player::person(seed).gate(gate, 5.0).timing(10.0).plays(&music);
            let trial = Trial::answer_to_a_row(style, &played, BARS, BARS).set("Seed", seed);
            let line = trial.play(&bundle).unwrap_or_else(|error| panic!("{error:#}"));
            let figures = trial.figures(&line, 0.62);
            assert_eq!(figures.interrupting, 0, "{style}, {gate} %, seed {seed}: {line:?}");
            assert!(figures.notes > 3, "{style}, {gate} %, seed {seed}: no answer");
        }
    }
}
