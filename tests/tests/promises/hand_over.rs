//! How turns change, in every mode: when Segue's first note comes, how the player hands over, and how Segue yields.
//!
//! Each figure is the difference from the promised sample, and must be 0.

use crate::support::{AFTERWARDS, ALL_BLOCKS, Settings, jam, notes, onsets, performance, steady};
use segue_model::note::Metre;
use segue_tests::blocks::Blocks;
use segue_tests::performance::Sounded;
use segue_tests::score::Score;
use segue_tests::timeline::{Frame, Timeline};

/// At 120 bpm and 48 kHz.
const BEAT: Frame = 24_000;
const BAR: Frame = 4 * BEAT;
/// The usual look-ahead: a note that is requested now cannot sound sooner.
const LOOK_AHEAD: Frame = 960;
/// The possible starts, as hosts show them, with the distance of their grid in frames.
const STARTS: [(&str, Frame); 5] = [("Free", 1), ("1/16", BEAT / 4), ("1/8", BEAT / 2), ("1/4", BEAT), ("Bar", BAR)];

/// The blocks for a case; the kinds take turns.
fn blocks_of_case(case: usize) -> Blocks {
    ALL_BLOCKS[1 + case % (ALL_BLOCKS.len() - 1)]
}

fn with<'a>(settings: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().chain(more).copied().collect()
}

/// Counts what came at its promised sample, and keeps the largest difference.
#[derive(Default)]
struct Tally {
    count: usize,
    worst: Frame,
}

impl Tally {
    fn see(&mut self, found: Option<Frame>, promised: Frame, case: &str) {
        let found = found.unwrap_or_else(|| panic!("{case}: nothing came, though it was promised at {promised}"));
        assert_eq!(found, promised, "{case}");
        (self.count, self.worst) = (self.count + 1, self.worst.max(found.abs_diff(promised)));
    }

    fn tell(&self, what: &str) {
        println!("{what}: {} of them, at most {} samples from the promised one", self.count, self.worst);
    }
}

/// Two keys, the last of which is released at `up`.
fn two_keys(up: Frame, length: Frame) -> Score {
    let mut score = Score::silence(steady(48_000.0), length);
    score.press(62, 1_000, 20_000).press(66, 24_000, up);
    score.timeline.playing(length - AFTERWARDS, false);
    score
}

/// An answer starts at the end of the gap where the start is free, and otherwise on the next point of the grid.
#[test]
fn an_answer_starts_after_the_gap_on_the_start_grid() {
    let mut tally = Tally::default();
    // The second key is held until the next note would be due, or longer; a shorter one could be followed by a row.
    for (case, up) in (46_000..).step_by(7_919).take(12).enumerate() {
        let score = two_keys(up, 3 * BAR);
        for blocks in [Blocks::Of(64), blocks_of_case(case)] {
            for (start, grid) in STARTS {
                let promised = (up + 7_200).div_ceil(grid) * grid;
                let answer = notes(&[("Start", start), ("Response gap", "150")], &score, blocks);
                let first = onsets(&answer).first().copied();
                tally.see(first, promised, &format!("start {start}, key up at {up}, {blocks:?}"));
            }
        }
    }
    tally.tell("First notes of answers after the last key-up");
}

/// Traded bars start on their bar line; a part that Segue joins late starts on the next possible point of the grid.
#[test]
fn traded_bars_start_on_the_line_and_joined_ones_on_the_grid() {
    let trade: Settings<'_> = &[("Mode", "Trade"), ("Trade", "1 bar")];
    let duet: Settings<'_> = &[("Mode", "Duet")];
    let song = steady(48_000.0);
    // Into the middle of Segue's second bar, where the song is at beat 5.3.
    let jump = 31_111;
    let mut jumped = song.clone();
    jumped.jump(jump, 5.3);
    let (into, from_line) = (jump + LOOK_AHEAD, jump - BEAT * 13 / 10);
    let own = Timeline::stopped(48_000.0);
    let key = 33_333;
    let mut tally = Tally::default();
    for (case, (start, grid)) in STARTS.into_iter().enumerate() {
        // A turn that has already begun does not wait for the next bar.
        let grid = grid.min(BEAT);
        let on_grid = |soonest: Frame, line: Frame| line + (soonest - line).div_ceil(grid) * grid;
        let cases = [
            ("a trade", trade, &song, None, BAR),
            ("a trade that the song jumps into", trade, &jumped, None, on_grid(into, from_line)),
            ("a trade without a song", trade, &own, Some(key), key + BAR),
            ("a duet", duet, &song, None, on_grid(LOOK_AHEAD, 0)),
            ("a duet without a song", duet, &own, Some(key), on_grid(key + LOOK_AHEAD, key)),
        ];
        for (name, settings, timeline, played, promised) in cases {
            let mut timeline = timeline.clone();
            timeline.playing(3 * BAR - AFTERWARDS, false);
            let mut score = Score::silence(timeline, 3 * BAR);
            if let Some(down) = played {
                score.press(62, down, down + 20_000);
            }
            for blocks in [Blocks::Of(64), blocks_of_case(case)] {
                // Notes that are played without a song still sound when the session ends.
                let heard = performance(&with(settings, &[("Start", start)]), &score, blocks).notes().0;
                // Before the jump, the song plays a duet.
                let first = onsets(&heard).into_iter().find(|on| *on >= if name.contains("jumps") { jump } else { 0 });
                tally.see(first, promised, &format!("{name}, start {start}, {blocks:?}"));
            }
        }
    }
    tally.tell("First notes of trades and duets");
}

/// *Your turn* starts Segue on the next point of the grid, whatever the player does.
#[test]
fn your_turn_starts_segue_on_the_next_grid_point() {
    /// What the player does.
    type Playing = fn(&mut Score);
    let nobody: Playing = |_| {};
    let holds_a_key: Playing = |score| {
        score.press(62, 10, 8 * BAR);
    };
    let has_played: Playing = |score| {
        score.press(62, 1_000, 20_000).press(66, 24_000, 60_000);
    };
    let answer: Settings<'_> = &[("Mode", "Answer"), ("Answer length", "1")];
    let patient: Settings<'_> = &[("Mode", "Answer"), ("Answer length", "1"), ("Response gap", "2000")];
    let trade: Settings<'_> = &[("Mode", "Trade"), ("Trade", "2 bars")];
    let trade_soon: Settings<'_> = &[("Mode", "Trade"), ("Trade", "1 bar")];
    let duet: Settings<'_> = &[("Mode", "Duet")];
    let (song, own) = (steady(48_000.0), Timeline::stopped(48_000.0));
    let mut tally = Tally::default();
    for (case, at) in (70_001..).step_by(4_447).take(6).enumerate() {
        for (start, grid) in STARTS {
            let on_grid = |grid: Frame| (at + LOOK_AHEAD).div_ceil(grid) * grid;
            let cases = [
                ("nobody has played", answer, &song, nobody, on_grid(grid)),
                ("nobody has played and the song stands", answer, &own, nobody, on_grid(grid)),
                ("the player holds a key", answer, &song, holds_a_key, on_grid(grid)),
                ("the gap is not over", patient, &song, has_played, on_grid(grid)),
                ("the next bars of a trade were the player's", trade, &song, nobody, on_grid(BAR)),
                ("the next bars of a trade are Segue's anyway", trade_soon, &song, nobody, BAR),
                ("a duet without a song", duet, &own, nobody, on_grid(grid.min(BEAT))),
            ];
            for (name, settings, timeline, play, promised) in cases {
                let mut score = Score::silence(timeline.clone(), 4 * BAR);
                score.timeline.playing(4 * BAR - AFTERWARDS, false);
                play(&mut score);
                score.turn("Your turn", at, "On").turn("Your turn", at + 4_800, "Off");
                let blocks = blocks_of_case(case);
                let heard = performance(&with(settings, &[("Start", start)]), &score, blocks).notes().0;
                let case = format!("{name}, start {start}, pressed at {at}, {blocks:?}");
                tally.see(onsets(&heard).first().copied(), promised, &case);
            }
        }
    }
    tally.tell("First notes after *Your turn*");
}

/// *Your turn* counts at the moment it is pressed; while Segue plays an answer, it takes the turn back.
#[test]
fn your_turn_counts_when_pressed_and_ends_a_running_answer() {
    let score = jam(steady(48_000.0), 6 * BAR);
    let answer = notes(&[], &score, Blocks::Of(256));
    let before: Vec<Frame> = onsets(&answer).into_iter().filter(|on| *on < 2 * BAR + 77).collect();
    assert!(!before.is_empty() && before.len() < onsets(&answer).len(), "it is pressed within the answer");
    let mut pressed_in_it = score.clone();
    pressed_in_it.turn("Your turn", 2 * BAR + 77, "On").turn("Your turn", 2 * BAR + 9_000, "Off");
    for blocks in ALL_BLOCKS {
        assert_eq!(onsets(&notes(&[], &pressed_in_it, blocks)), before, "{blocks:?}");
        let silence = Score::silence(steady(48_000.0), 4 * BAR);
        assert_eq!(notes(&[("Your turn", "On")], &silence, blocks), [], "it was down before anything began");
    }
}

/// The phrase, with a low key beside it.
struct Low {
    what: &'static str,
    settings: Settings<'static>,
    key: u8,
    down: Frame,
    up: Frame,
    /// Whether Segue answers as if the key were not there.
    is_a_drone: bool,
}

/// A low key that is held under the phrase is a drone and does not keep the turn.
#[test]
fn a_low_key_held_under_the_phrase_is_a_drone() {
    const RAISED: Settings<'static> = &[("Drone below", "C4")];
    const LOWERED: Settings<'static> = &[("Drone below", "C2")];
    const LAST: Frame = 84_000;
    let cases = [
        Low { what: "held from the beginning", settings: &[], key: 36, down: 0, up: 8 * BAR, is_a_drone: true },
        Low { what: "with the last note", settings: &[], key: 47, down: LAST, up: 8 * BAR, is_a_drone: true },
        Low { what: "too high", settings: &[], key: 48, down: 0, up: 8 * BAR, is_a_drone: false },
        Low { what: "high, but below the split", settings: RAISED, key: 59, down: 0, up: 8 * BAR, is_a_drone: true },
        Low { what: "low, but above the split", settings: LOWERED, key: 36, down: 0, up: 8 * BAR, is_a_drone: false },
        Low { what: "after the last note", settings: &[], key: 36, down: LAST + 4_000, up: 8 * BAR, is_a_drone: false },
    ];
    let plain = jam(steady(48_000.0), 6 * BAR);
    let promised = notes(&[], &plain, Blocks::Of(256)).first().expect("an answer").on;
    let mut tally = Tally::default();
    for Low { what, settings, key, down, up, is_a_drone } in cases {
        let mut score = plain.clone();
        score.press(key, down, up);
        for blocks in ALL_BLOCKS {
            let answer = notes(settings, &score, blocks);
            if is_a_drone {
                tally.see(onsets(&answer).first().copied(), promised, &format!("{what}, {blocks:?}"));
                let last = answer.last().expect("an answer").on;
                assert!(last > promised + 3 * BAR, "{what}, {blocks:?}: it goes on under the answer, too");
            } else {
                assert_eq!(answer, [], "{what}, {blocks:?}");
            }
        }
    }
    tally.tell("First notes of answers over a drone");
}

/// Releasing a drone changes nothing, and striking it again takes the turn.
#[test]
fn lifting_a_drone_changes_nothing_and_striking_it_takes_over() {
    let mut drone = jam(steady(48_000.0), 6 * BAR);
    drone.press(36, 0, 3 * BAR);
    let mut held = drone.clone();
    held.strokes.pop();
    held.press(36, 0, 8 * BAR);
    let mut again = drone.clone();
    let at = 3 * BAR + 2_000;
    again.press(36, at, 8 * BAR);
    for blocks in ALL_BLOCKS {
        let lifted = notes(&[], &drone, blocks);
        let until_lifted = |notes: &[Sounded]| onsets(notes).into_iter().filter(|on| *on < 3 * BAR).collect::<Vec<_>>();
        assert_eq!(until_lifted(&lifted), until_lifted(&notes(&[], &held, blocks)), "{blocks:?}");
        assert!(lifted.iter().any(|note| note.on > at), "{blocks:?}: Segue plays on");
        let taken = notes(&[], &again, blocks);
        assert!(taken.iter().all(|note| note.on < at && note.off <= at), "{blocks:?}: Segue gives way to it");
        assert!(taken.iter().any(|note| note.off > at - BEAT), "{blocks:?}: and not sooner");
    }
}

/// When a note ends that would have ended at `natural`, if the player starts again at `again` and a beat is this long.
type Ends = fn(natural: Frame, again: Frame, beat: Frame) -> Frame;

/// The ways of yielding, as hosts show them.
const WAYS: [(&str, Ends); 3] = [
    ("At once", |_, again, _| again),
    ("After the note", |natural, _, _| natural),
    ("At the beat", |natural, again, beat| natural.min((again / beat + 1) * beat)),
];

/// When the player starts again, each note of Segue ends on the exact sample that *Yield* sets.
#[test]
fn segue_yields_on_the_exact_sample_that_is_set() {
    const ANSWER: Settings<'static> = &[("Mode", "Answer"), ("Answer length", "16")];
    const TRADE: Settings<'static> = &[("Mode", "Trade"), ("Trade", "1 bar")];
    let jig = Metre::new(6, 8).expect("a metre");
    let cases = [
        (ANSWER, "Irish", Metre::COMMON, BEAT),
        (ANSWER, "Irish", jig, BEAT * 3 / 2),
        (ANSWER, "Jazz", Metre::COMMON, BEAT),
        (ANSWER, "Piano", Metre::COMMON, BEAT),
        (TRADE, "Irish", Metre::COMMON, BEAT),
        (TRADE, "Piano", Metre::COMMON, BEAT),
    ];
    for (yields, ends) in WAYS {
        let (mut tally, mut longer) = (Tally::default(), 0);
        for (settings, style, metre, beat) in cases {
            let settings = with(settings, &[("Style", style), ("Yield", yields), ("Sound", "Off")]);
            let base = jam(Timeline::steady(48_000.0, 120.0, metre), 4 * BAR);
            let before = notes(&settings, &base, Blocks::Of(256));
            // In Segue's second bar, but away from the bar lines, so that the key does not belong to a neighbouring
            // bar.
            let segues = BAR + 6_500..2 * BAR - 1_000;
            let moments = before.iter().flat_map(|note| [note.on + 1, note.on.midpoint(note.off), note.off - 1]);
            let moments = moments.filter(|moment| segues.contains(moment));
            for (case, again) in moments.take(24).enumerate() {
                let mut score = base.clone();
                score.press(74, again, again + 2 * BAR);
                let blocks = blocks_of_case(case);
                let case = format!("{yields}, {settings:?}, {blocks:?}, the player comes in at {again}");
                let heard = notes(&settings, &score, blocks);
                let bars_end = 2 * BAR;
                assert_eq!(heard.iter().find(|note| (again..bars_end).contains(&note.on)), None, "{case}");
                let sounds = |note: &&Sounded| note.on < again && note.off > again;
                // Where Segue strikes a key again its note was cut short, and may ring longer once Segue yields.
                let is_struck_anew =
                    |note: &Sounded| before.iter().any(|next| (next.on, next.pitch) == (note.off, note.pitch));
                for note in before.iter().filter(sounds).filter(|note| !is_struck_anew(note)) {
                    let same = |found: &&Sounded| (found.on, found.pitch) == (note.on, note.pitch);
                    let promised = ends(note.off, again, beat);
                    tally.see(heard.iter().find(same).map(|note| note.off), promised, &case);
                    longer += usize::from(promised > again);
                }
            }
        }
        tally.tell(&format!("Notes of Segue that end when the player comes in, *{yields}*"));
        assert!(tally.count > 60 && (yields == "At once" || longer > 30), "{yields}: too little to see");
    }
}
