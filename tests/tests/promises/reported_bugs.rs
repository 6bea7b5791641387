//! What users of other improvising programs complain about. None of it may happen here.
//!
//! The rest of that list is tested where it belongs: repeatable results in `same_notes`, projects that are opened again
//! in `states` and `bad_input`, a recording without the user's own notes, a missing first note and notes that never end
//! in `turns` and `random_host`, other hosts in `hosts`, windows in `editor`, sessions that slow down in `long_jam`,
//! the user's own style in `styles`, and controls other than temperature in `styles`, `chords` and `groove`.

use crate::support::{ALL_BLOCKS, Settings, instance, melody, notes, phrase, score, steady};
use segue_model::note::{Metre, Note, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::performance::{Sounded, difference};
use segue_tests::score::Score;
use segue_tests::timeline::Frame;

const STYLES: [&str; 5] = ["Jazz", "Blues", "Folk", "Irish", "Piano"];
const BAR: i64 = Metre::COMMON.bar().0;

fn answer(settings: Settings<'_>, score: &Score) -> Vec<Sounded> {
    // Many are played, and nobody listens to them.
    let silently = [settings, &[("Sound", "Off")]].concat();
    notes(&silently, score, Blocks::Of(512))
}

/// The phrase, this many semitones higher and played twice so that it has a key; then rest.
fn phrase_in_another_key(semitones: i8) -> Score {
    let mut score = score(steady(48_000.0), 10);
    score.strokes.clear();
    let moved = |note: Note| Note { pitch: note.pitch.transposed(semitones).expect("on the keyboard"), ..note };
    let again = |note: Note| Note { onset: note.onset + Ticks(BAR), ..note };
    let once: Vec<Note> = phrase().into_iter().map(moved).collect();
    let twice: Vec<Note> = once.iter().copied().chain(once.iter().copied().map(again)).collect();
    score.play(&twice, Ticks(2));
    score
}

#[test]
fn an_answer_keeps_to_the_key_of_what_was_played() {
    const D_MAJOR: [u8; 7] = [2, 4, 6, 7, 9, 11, 1];
    for style in ["Folk", "Irish"] {
        for semitones in [-5_i8, -2, 0, 1, 3, 6] {
            let score = phrase_in_another_key(semitones);
            let (mut inside, mut all) = (0_u32, 0_u32);
            for seed in ["1", "2", "3", "4", "5", "6"] {
                for note in answer(&[("Style", style), ("Seed", seed), ("Answer length", "8")], &score) {
                    let class = (i16::from(note.pitch.key()) - i16::from(semitones)).rem_euclid(12);
                    inside += u32::from(D_MAJOR.iter().any(|own| i16::from(*own) == class));
                    all += 1;
                }
            }
            let share = f64::from(inside) / f64::from(all);
            // Seven of twelve pitch classes would be 58 %.
            assert!(all > 100 && share > 0.85, "{style}, {semitones} semitones up: {inside} of {all} notes in the key");
        }
    }
}

/// At every temperature every style answers, and no note is repeated for ever.
#[test]
fn styles_answer_at_every_temperature_without_getting_stuck() {
    /// A longer run of one note is a fault; in tunes a note is repeated up to eight times.
    const LONGEST_RUN: usize = 16;
    for style in STYLES {
        for temperature in ["0.05", "0.2", "0.5", "1", "1.5", "2"] {
            for (top_p, memory) in [("1", "100 %"), ("0.1", "100 %"), ("0.95", "0 %")] {
                let settings = [
                    ("Style", style),
                    ("Temperature", temperature),
                    ("Top-p", top_p),
                    ("Memory", memory),
                    ("Answer length", "16"),
                ];
                let answer = answer(&settings, &score(steady(48_000.0), 18));
                assert!(answer.len() >= 16, "{settings:?}: {} notes in sixteen bars", answer.len());
                let runs = answer.chunk_by(|one, next| one.pitch == next.pitch).map(<[Sounded]>::len);
                let longest = runs.max().unwrap_or(0);
                assert!(longest <= LONGEST_RUN, "{settings:?}: {longest} times the same note");
                let mut pitches: Vec<_> = answer.iter().map(|note| note.pitch).collect();
                pitches.sort();
                pitches.dedup();
                assert!(pitches.len() >= 3, "{settings:?}: only {} different notes", pitches.len());
            }
        }
    }
}

/// A parameter that is swept as fast as possible changes what is decided, and nothing breaks.
#[test]
fn a_fast_sweep_of_a_parameter_breaks_nothing() {
    let swept = |steps: Frame| {
        let mut score = score(steady(48_000.0), 6);
        for step in 0..steps {
            // Up and down again, frame by frame: the host needs no report of it, and receives the same in all block
            // sizes.
            let value = 0.2 + 1.6 * (step as f64 / 500.0).sin().abs();
            score.turn("Temperature", 120_000 + step, value);
        }
        score
    };
    let score = swept(4_000);
    let first = notes(&[], &score, ALL_BLOCKS[1]);
    for blocks in [Blocks::Of(4096), Blocks::Random { seed: 4, largest: 1000 }] {
        assert_eq!(difference(&first, &notes(&[], &score, blocks)), None, "{blocks:?}");
    }
    assert!(first.len() > 8);
}

/// An answer to a prompt that runs up to the bar line has its first note.
#[test]
fn a_prompt_up_to_the_bar_line_does_not_cost_the_first_note() {
    // The last key goes up on the bar line itself, or one frame before or after it.
    for early in [0, 1, -1] {
        let mut score = score(steady(48_000.0), 6);
        score.strokes.clear();
        score.play(&melody(&[62, 66, 69, 66, 71, 69, 66, 64]), Ticks(0));
        let last = score.strokes.last_mut().expect("a phrase has a last note");
        last.up = last.up.checked_add_signed(early).expect("after the beginning");
        for start in ["Bar", "1/4", "1/8", "1/16"] {
            let answer = answer(&[("Response gap", "0"), ("Start", start)], &score);
            let bar_line = 96_000;
            let begin = answer.first().expect("an answer").on;
            let next = if score.last_key_up() <= bar_line { bar_line } else { 2 * bar_line };
            assert!((bar_line..=next).contains(&begin), "{start}, {early} frames early: it begins at {begin}");
        }
    }
}

#[test]
fn the_host_is_told_of_a_stereo_output_and_of_notes_both_ways() {
    let mut instance = instance(&[]);
    let ports = instance.ports();
    assert_eq!((ports.audio_in, ports.audio_out.as_slice()), (0, &[2][..]), "one output of two channels, and no input");
    assert_eq!((ports.notes_in, ports.notes_out), (1, 1));
}
