//! On a stage and in a band: silence on request, answers that are played again, and who plays what.

use crate::support::{ALL_BLOCKS, Settings, instance, jam, live_difference, notes, score, sound, steady};
use segue_tests::blocks::Blocks;
use segue_tests::performance::{Sounded, difference};
use segue_tests::score::{Score, Stroke};
use segue_tests::session::Session;
use segue_tests::timeline::Frame;

/// At 120 bpm and 48 kHz.
const BEAT: Frame = 24_000;
const BAR: Frame = 4 * BEAT;
/// The drums' channel, 0 to 15.
const DRUMS: u8 = 9;

/// The phrase in the first bar, and these parameters turned later.
fn turned(bars: i64, turns: &[(&str, Frame, &str)]) -> Score {
    let mut score = score(steady(48_000.0), bars);
    for (parameter, at, value) in turns {
        score.turn(parameter, *at, value);
    }
    score
}

/// The same over a chart.
fn over_a_chart(mut score: Score) -> Score {
    score.fields.push(("chart".to_owned(), "C | F | G | C".to_owned()));
    score
}

/// The same notes in blocks of every size.
fn in_all_blocks(settings: Settings<'_>, score: &Score) -> Vec<Sounded> {
    let whole = notes(settings, score, ALL_BLOCKS[0]);
    for blocks in ALL_BLOCKS {
        assert_eq!(difference(&whole, &notes(settings, score, blocks)), None, "{blocks:?}");
    }
    whole
}

/// What begins between two frames: how long after the first, which key, how hard and for how long.
fn between(notes: &[Sounded], from: Frame, until: Frame) -> Vec<(Frame, u8, u8, Frame)> {
    let inside = notes.iter().filter(|note| (from..until).contains(&note.on));
    inside.map(|note| (note.on - from, note.pitch.key(), note.velocity.value(), note.off - note.on)).collect()
}

/// *Mute* ends Segue's notes and comping on that very frame and lets none begin; after it Segue goes on on the grid,
/// and what it plays shows that it has listened.
#[test]
fn mute_silences_at_once_and_segue_comes_back_on_the_grid() {
    let (from, until) = (2 * BAR + 31_111, 4 * BAR + 7_777);
    let usual: Settings<'_> =
        &[("Mode", "Duet"), ("Start", "1/8"), ("Comping", "On"), ("Comping channel", "4"), ("Style", "Folk")];
    let mut score = over_a_chart(turned(8, &[("Mute", from, "On"), ("Mute", until, "Off")]));
    let muted = in_all_blocks(usual, &score);
    for channel in [0, 3] {
        let plays = |from: Frame, until: Frame| {
            muted.iter().any(|note| note.channel == channel && (from..until).contains(&note.on))
        };
        assert!(plays(0, from) && plays(until, 8 * BAR), "channel {channel}");
    }
    let over = muted.iter().find(|note| note.on < until && note.off > from);
    assert_eq!(over, None, "nothing sounds while it is muted");
    let back = muted.iter().find(|note| note.on >= until && note.channel == 0).expect("it comes back").on;
    assert_eq!(back, 4 * BAR + BEAT / 2, "on the next eighth that can be decided");
    score.press(86, 3 * BAR, 3 * BAR + BEAT).press(88, 3 * BAR + BEAT, 3 * BAR + 2 * BEAT);
    let other = notes(usual, &score, Blocks::Of(256));
    assert_ne!(between(&muted, until, 8 * BAR), between(&other, until, 8 * BAR), "it has heard what was played");
}

/// The host's own bypass button is *Mute*.
#[test]
fn mute_is_the_bypass_of_hosts() {
    let instance = instance(&[]);
    let marked: Vec<&str> =
        instance.parameters().iter().filter(|param| param.bypass).map(|param| param.name.as_str()).collect();
    assert_eq!(marked, ["Mute"]);
}

/// *Again* plays the last answer note for note, at its place in the bar; an earlier one when that is chosen.
#[test]
fn again_plays_an_answer_note_for_note() {
    let usual: Settings<'_> = &[("Answer length", "1"), ("Start", "1/8"), ("Style", "Irish")];
    for (which, original) in [("1", 4), ("2", 1)] {
        let press = 7 * BAR - 5_000;
        let mut score =
            turned(10, &[("Which answer", 0, which), ("Again", press, "On"), ("Again", press + 900, "Off")]);
        score.press(74, 3 * BAR, 3 * BAR + BEAT).press(78, 3 * BAR + BEAT, 4 * BAR - 100);
        let all = in_all_blocks(usual, &score);
        let begins = all.iter().find(|note| note.on >= original * BAR).expect("an answer").on;
        let answer = between(&all, begins, original * BAR + BAR + BEAT);
        assert!(answer.len() > 3, "{answer:?}");
        let again = 7 * BAR + begins % BAR;
        assert_eq!(between(&all, again, 9 * BAR), answer, "answer {which}");
    }
}

#[test]
fn mute_and_again_are_the_same_live() {
    let usual: Settings<'_> = &[("Answer length", "2"), ("Start", "1/8"), ("Style", "Irish")];
    let again = 4 * BAR - 5_000;
    let turns =
        [("Mute", 2 * BAR, "On"), ("Mute", 3 * BAR, "Off"), ("Again", again, "On"), ("Again", again + 900, "Off")];
    let score = turned(6, &turns);
    let rendered = notes(usual, &score, Blocks::Of(128));
    let plays = |from: Frame, until: Frame| !between(&rendered, from, until).is_empty();
    assert!(plays(BAR, 2 * BAR) && !plays(2 * BAR, 3 * BAR) && plays(4 * BAR, 5 * BAR), "{rendered:?}");
    assert_eq!(live_difference(usual, &score), None);
}

/// Answers that are kept are saved with the song, are there again in another instance, and in a bounce.
#[test]
fn kept_answers_are_saved_with_the_song() {
    let usual: Settings<'_> = &[("Answer length", "1"), ("Style", "Irish")];
    let mut first = instance(usual);
    let jam = turned(4, &[("Keep answers", 3 * BAR, "On")]);
    let session = Session::live(Blocks::Of(512));
    let answer = sound(&session.play(&mut first, &jam).expect("it plays"));
    let begins = answer.first().expect("an answer").on;
    let wanted = between(&answer, begins, 4 * BAR);
    let song = first.save().expect("it saves");
    drop(first);
    let mut score = jam_without_phrase(4);
    score.turn("Again", 1_000, "On").turn("Again", 2_000, "Off");
    for _ in 0..2 {
        let mut opened = instance(&[]);
        opened.load(&song).expect("it opens");
        for blocks in [Blocks::Of(64), Blocks::Of(2048)] {
            let bounce = sound(&Session::render(blocks).play(&mut opened, &score).expect("it renders"));
            let from = bounce.first().expect("it plays again").on;
            assert_eq!(between(&bounce, from, 4 * BAR), wanted, "{blocks:?}");
        }
        assert_eq!(opened.save().expect("it saves").len(), song.len(), "and saved again");
    }
}

fn jam_without_phrase(bars: u64) -> Score {
    let mut score = jam(steady(48_000.0), bars * BAR + 4_800);
    score.strokes.clear();
    score
}

/// Fitted to the present chords, each tone of a chord becomes that tone of the chord that is in force now.
#[test]
fn an_answer_is_fitted_to_the_present_chords() {
    let usual: Settings<'_> =
        &[("Answer length", "1"), ("Style", "Folk"), ("Start", "Bar"), ("Again to", "Present chords")];
    let mut score = turned(8, &[("Again", 6 * BAR - 5_000, "On")]);
    score.fields.push(("chart".to_owned(), "C | C | C | C | C | C | F | F".to_owned()));
    let all = in_all_blocks(usual, &score);
    let begins = all.first().expect("an answer").on;
    let (answer, again) = (between(&all, begins, begins + BAR), between(&all, begins % BAR + 6 * BAR, 8 * BAR));
    let class = |key: u8| key % 12;
    let pairs: Vec<(u8, u8)> = answer.iter().zip(&again).map(|(old, new)| (class(old.1), class(new.1))).collect();
    assert_eq!(answer.len(), again.len());
    assert!(pairs.iter().any(|(old, _)| [0, 4, 7].contains(old)), "{pairs:?}");
    assert!(pairs.iter().all(|(old, new)| (old + 5) % 12 == *new), "{pairs:?}");
}

fn with_drums(score: &mut Score) {
    for eighth in 0..40 {
        let (down, up) = (eighth * BEAT / 2 + 50, eighth * BEAT / 2 + 5_000);
        score.press(42, down, up);
        if let Some(Stroke { channel, .. }) = score.strokes.last_mut() {
            *channel = DRUMS;
        }
    }
}

/// Drums on channel 10 do not keep Segue from its answer, which is the same as without them; with MPE they are keys.
#[test]
fn drums_on_channel_10_are_no_melody_unless_mpe_is_on() {
    let plain = score(steady(48_000.0), 6);
    let mut drummed = plain.clone();
    with_drums(&mut drummed);
    let without = notes(&[], &plain, Blocks::Of(256));
    assert!(!without.is_empty());
    for blocks in ALL_BLOCKS {
        assert_eq!(difference(&without, &notes(&[], &drummed, blocks)), None, "{blocks:?}");
    }
    let as_keys = notes(&[("MPE", "On")], &drummed, Blocks::Of(256));
    assert!(as_keys.iter().filter(|note| note.on < 5 * BAR).count() < without.len() / 2, "{as_keys:?}");
    // A keyboard that says itself that it has a channel for each key is believed.
    let mut said = drummed.clone();
    said.messages.extend([[0xB0, 101, 0], [0xB0, 100, 6], [0xB0, 6, 15]].map(|message| (0, message)));
    assert_eq!(difference(&as_keys, &notes(&[], &said, Blocks::Of(256))), None);
}

/// *Sends* chooses which of Segue's parts leave, each on its own channel.
#[test]
fn sends_chooses_which_parts_leave() {
    let channels = |sends: &str| {
        let settings =
            [("Sends", sends), ("Comping", "On"), ("Comping channel", "5"), ("Output channel", "3"), ("Style", "Folk")];
        let all = notes(&settings, &over_a_chart(score(steady(48_000.0), 4)), Blocks::Of(256));
        [2, 4].map(|channel| all.iter().filter(|note| note.channel == channel).count())
    };
    let [line, comping] = channels("Both");
    assert!(line > 0 && comping > 0);
    assert_eq!(channels("Line"), [line, 0]);
    assert_eq!(channels("Comping"), [0, comping]);
}
