//! Styles, chords and memory: each changes what is heard, and none leaves a note on.

use crate::support::{ALL_BLOCKS, Settings, melody, notes, performance, phrase, score, steady};
use segue_model::note::{Metre, Note, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::decision_time::shipped_weights;
use segue_tests::performance::Sounded;
use segue_tests::score::Score;
use segue_tests::timeline::Timeline;

const STYLES: [&str; 5] = ["Jazz", "Blues", "Folk", "Irish", "Piano"];
const BAR: i64 = 192;

fn answer(settings: Settings<'_>, score: &Score) -> Vec<Sounded> {
    notes(settings, score, Blocks::Of(512))
}

fn with_field(name: &str, text: &str) -> Score {
    let mut score = score(steady(48_000.0), 6);
    score.fields.push((name.into(), text.into()));
    score
}

/// Every style answers in its own way, and with the same notes at all block sizes.
#[test]
fn styles_answer_differently_and_the_same_at_all_blocks() {
    let score = score(steady(48_000.0), 4);
    let mut answers: Vec<Vec<Sounded>> = Vec::new();
    for style in STYLES {
        let settings = [("Style", style)];
        let answer = answer(&settings, &score);
        assert!(answer.len() >= 4, "{style} plays {} notes in three bars", answer.len());
        for blocks in ALL_BLOCKS {
            assert_eq!(notes(&settings, &score, blocks), answer, "{style} in {blocks:?}");
        }
        assert!(!answers.contains(&answer), "{style} plays what another style plays");
        answers.push(answer);
    }
}

/// A change of style during an answer ends the sounding notes, and the next answer is in the new style.
#[test]
fn a_style_change_in_mid_answer_takes_effect_cleanly() {
    for (from, to) in [("Irish", "Jazz"), ("Jazz", "Piano"), ("Piano", "Folk"), ("Folk", "Blues")] {
        let mut score = score(steady(48_000.0), 8);
        let change = score.timeline.frame_of(Ticks(2 * BAR + 50)).expect("the transport runs");
        score.turn("Style", change, to);
        let again: Vec<Note> =
            phrase().into_iter().map(|note| Note { onset: note.onset + Ticks(4 * BAR), ..note }).collect();
        score.play(&again, Ticks(2));
        let answer = answer(&[("Style", from), ("Answer length", "2")], &score);
        assert!(answer.iter().any(|note| note.on < change), "{from} plays before the change");
        assert!(answer.iter().all(|note| note.on >= change || note.off <= change), "{from} ends with the change");
        let second = score.timeline.frame_of(Ticks(5 * BAR)).expect("the transport runs");
        assert!(answer.iter().any(|note| note.on >= second), "{to} answers the second phrase");
    }
}

/// A style in free time plays in seconds, whatever the tempo, and the other styles do not.
#[test]
fn free_time_styles_ignore_the_tempo_and_others_do_not() {
    let played = score(steady(48_000.0), 8);
    // Turns end with the host's bars, and lead to their ends; so these are long.
    let begins = |style: &str, tempo: f64| -> Vec<_> {
        let mut score = Score::silence(Timeline::steady(48_000.0, tempo, Metre::COMMON), 6 * 48_000);
        score.strokes.clone_from(&played.strokes);
        let (notes, _) = performance(&[("Style", style), ("Answer length", "16")], &score, Blocks::Of(512)).notes();
        notes.iter().filter(|note| note.on < 5 * 48_000).map(|note| (note.on, note.pitch)).collect()
    };
    for tempo in [60.0, 90.0, 150.0] {
        assert_eq!(begins("Piano", tempo), begins("Piano", 120.0), "at {tempo} bpm");
    }
    assert!(begins("Piano", 120.0).len() >= 4);
    assert_ne!(begins("Irish", 90.0), begins("Irish", 120.0));
}

/// A chord chart changes what is played, and one with a mistake changes nothing.
#[test]
fn a_chart_changes_the_notes_and_a_bad_one_changes_nothing() {
    let settings = [("Style", "Jazz")];
    let play = |chart: &str| answer(&settings, &with_field("chart", chart));
    assert_ne!(play("C7 | F7"), play("Ebm7 | Ab7"));
    assert_eq!(play("Ebm7 | Qb7"), play(""));
}

#[test]
fn memory_changes_what_follows_a_motif() {
    let mut score = score(steady(48_000.0), 8);
    // The same bar twice, then its beginning: a memory of it shows how it continues.
    let motif = [62, 66, 69, 66, 71, 69, 66, 64];
    score.strokes.clear();
    score.play(&melody(&[&motif[..], &motif[..], &motif[..4]].concat()), Ticks(2));
    let play = |memory| answer(&[("Memory", memory), ("Temperature", "0.05")], &score);
    assert_ne!(play("0 %"), play("100 %"));
}

/// The user's own style plays from its file; without a file the usual style plays.
#[test]
fn an_own_style_plays_from_its_file_or_the_usual_one_does() {
    let file = shipped_weights("folk").canonicalize().expect("it ships");
    let own = [("Style", "My own")];
    let folk = answer(&[("Style", "Folk")], &score(steady(48_000.0), 6));
    assert_eq!(answer(&own, &with_field("own_style", &file.display().to_string())), folk);
    let usual = answer(&[], &score(steady(48_000.0), 6));
    assert_eq!(answer(&own, &with_field("own_style", "/no/such/file.segue")), usual);
    assert_eq!(answer(&[("Style", "Style 40")], &score(steady(48_000.0), 6)), usual, "a style of a later Segue");
}
