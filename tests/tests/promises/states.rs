//! What a song stores: it is restored exactly, even from earlier versions of Segue and in the middle of a jam.

use crate::support::{Settings, instance, notes, score, sound, steady};
use segue_tests::blocks::Blocks;
use segue_tests::decision_time::shipped_weights;
use segue_tests::instance::Instance;
use segue_tests::performance::{Performance, TimedEvent};
use segue_tests::score::Score;
use segue_tests::session::Session;
use serde_json::Value;

/// A state that an earlier version of Segue saved; never to be written again.
struct Frozen {
    bytes: &'static [u8],
    settings: Settings<'static>,
    chart: &'static str,
}

/// All settings from before Segue had modes, each different from its default.
const BEFORE_MODES: Settings<'static> = &[
    ("Style", "Jazz"),
    ("Temperature", "1.300"),
    ("Memory", "50 %"),
    ("Top-p", "0.900"),
    ("Response gap", "230 ms"),
    ("Answer length", "2 bars"),
    ("Start", "1/16"),
    ("Thru", "On"),
    ("Seed", "12"),
    ("Sound", "Off"),
    ("Player level", "-6.0 dB"),
    ("Segue level", "-3.0 dB"),
    ("Tempo without host", "90.0 bpm"),
    ("Output channel", "3"),
    ("Look-ahead", "40 ms"),
    ("Render", "Offline"),
];

/// The settings that were added with the modes.
const SINCE_MODES: Settings<'static> = &[
    ("Mode", "Trade"),
    ("Trade", "2 bars"),
    ("First", "Segue"),
    ("Ring over", "On"),
    ("Yield", "At the beat"),
    ("Density", "70 %"),
    ("Drone below", "C2"),
    ("Tempo from", "Phrase"),
    ("Key", "E♭"),
    ("Scale", "Mixolydian"),
    ("Lowest key", "C3"),
    ("Highest key", "C6"),
    ("Polyphony", "4"),
    ("Longest note", "2.00 beats"),
    ("Swing", "60 %"),
    ("Quantise", "1/8"),
    ("Octave", "1"),
    ("Chords", "Left hand"),
    ("Chords below", "E4"),
    ("Chord channel", "5"),
    ("Comping", "On"),
    ("Comping level", "-9.0 dB"),
    ("Comping channel", "7"),
    ("Click", "On"),
    ("Input channel", "1"),
];

const CHART: &str = "Dm7 | G7 | Cmaj7 | %";

fn frozen() -> [Frozen; 2] {
    [
        Frozen { bytes: include_bytes!("../../states/before-modes.state"), settings: BEFORE_MODES, chart: CHART },
        Frozen { bytes: include_bytes!("../../states/with-modes.state"), settings: SINCE_MODES, chart: CHART },
    ]
}

fn field(instance: &mut Instance, name: &str) -> String {
    /// The length of the JSON stands before it.
    const HEAD: usize = size_of::<u64>();
    let saved = instance.save().expect("it saves");
    let state: Value = serde_json::from_slice(&saved[HEAD..]).expect("it is JSON");
    serde_json::from_str(state["fields"][name].as_str().unwrap_or("\"\"")).expect("the field is a text")
}

#[test]
fn songs_of_earlier_versions_open_as_they_were_saved() {
    for Frozen { bytes, settings, chart } in frozen() {
        let mut opened = instance(&[]);
        let defaults: Vec<(String, String)> = texts(&mut opened);
        opened.load(bytes).expect("it opens");
        for (name, default) in defaults {
            let saved = settings.iter().find(|(saved, _)| *saved == name).map(|(_, text)| *text);
            let in_both = BEFORE_MODES.iter().find(|(saved, _)| *saved == name).map(|(_, text)| *text);
            let wanted = saved.or(in_both).unwrap_or(&default);
            assert_eq!(opened.text(&name).expect("it has a text"), wanted, "{name}");
        }
        assert_eq!(field(&mut opened, "chart"), chart);
    }
}

fn texts(instance: &mut Instance) -> Vec<(String, String)> {
    // The framework's own parameters for pedal and bend are no settings of ours.
    let ours = |name: &String| !name.starts_with("MIDI ");
    let names: Vec<String> =
        instance.parameters().iter().map(|parameter| parameter.name.clone()).filter(ours).collect();
    names.into_iter().map(|name| (name.clone(), instance.text(&name).expect("it has a text"))).collect()
}

#[test]
fn a_song_of_an_earlier_version_plays_as_its_settings_say() {
    let mut score = score(steady(48_000.0), 4);
    let play = |instance: &mut Instance, score: &Score| {
        sound(&Session::render(Blocks::Of(256)).play(instance, score).expect("it plays"))
    };
    let mut opened = instance(&[]);
    opened.load(frozen()[0].bytes).expect("it opens");
    let song = play(&mut opened, &score);
    score.fields.push(("chart".into(), CHART.into()));
    assert!(!song.is_empty());
    assert_eq!(song, notes(BEFORE_MODES, &score, Blocks::Of(256)));
}

/// Writes what this version saves to the file that `SEGUE_FREEZE` names, to be kept for later versions.
#[test]
#[ignore = "is run by hand, once in a version with a new setting"]
fn freeze_what_this_version_saves() {
    let path = std::env::var("SEGUE_FREEZE").expect("SEGUE_FREEZE names the file to write");
    let mut instance = instance(&[]);
    instance.load_field("chart", CHART).expect("it takes a chart");
    for (name, text) in BEFORE_MODES.iter().chain(SINCE_MODES) {
        if instance.parameter(name).is_ok() {
            instance.set(name, text).expect("it takes the setting");
        }
    }
    std::fs::write(&path, instance.save().expect("it saves")).expect("the file can be written");
}

/// Joins two performances of one instance.
fn joined(first: Performance, second: &Performance, length: u64) -> Performance {
    let later = second.events.iter().map(|event| TimedEvent { at: event.at + length, ..*event });
    let events = first.events.iter().copied().chain(later).collect();
    Performance { events, ..first }
}

/// A song saved in mid-jam is the same song, and opening a song in mid-jam leaves no note on.
#[test]
fn a_song_can_be_saved_and_opened_in_mid_jam() {
    let mut jam = score(steady(48_000.0), 4);
    // The host does not stop between the two songs: the first ends during an answer.
    jam.length = jam.timeline.frame_of(segue_model::note::Ticks(2 * 192 + 50)).expect("the transport runs");
    let whole = score(steady(48_000.0), 4);
    let mut one = instance(&[("Style", "Folk"), ("Seed", "5")]);
    let session = Session::render(Blocks::Of(256));
    one.set_offline(true).expect("it renders");
    let before = one.save().expect("it saves");
    one.activate(48_000.0, 256).expect("it activates");
    let first = session.play_active(&mut one, &jam).expect("it plays");
    assert!(!first.events.is_empty() && !first.notes().1.is_empty(), "a note sounds when the song is opened");
    assert_eq!(one.save().expect("it saves"), before, "saved in mid-jam");
    one.load(&before).expect("it opens in mid-jam");
    let second = session.play_active(&mut one, &whole).expect("it plays on");
    let notes = sound(&joined(first, &second, jam.length));
    assert!(notes.iter().any(|note| note.on > jam.length), "it plays on");
    one.deactivate();
}

/// A song whose own style is missing reports its name, and the usual style plays.
#[test]
fn a_song_with_a_missing_own_style_plays_the_usual_one() {
    let mut opened = instance(&[("Style", "My own")]);
    opened.load_field("own_style", "/no/such/mine.segue").expect("it opens");
    let again = opened.save().expect("it saves");
    let mut moved = instance(&[]);
    moved.load(&again).expect("it opens elsewhere");
    assert_eq!(field(&mut moved, "own_style"), "/no/such/mine.segue", "the song still knows what it wants");
    let score = score(steady(48_000.0), 4);
    let played = sound(&Session::render(Blocks::Of(256)).play(&mut moved, &score).expect("it plays"));
    assert_eq!(played, notes(&[], &score, Blocks::Of(256)), "the usual style");
    let there = shipped_weights("folk").canonicalize().expect("it ships");
    moved.load_field("own_style", &there.display().to_string()).expect("it is found again");
    let played = sound(&Session::render(Blocks::Of(256)).play(&mut moved, &score).expect("it plays"));
    assert_eq!(played, notes(&[("Style", "Folk")], &score, Blocks::Of(256)));
}

/// A song finds its own style again after the file was renamed, and plays the same notes.
#[test]
fn a_song_finds_its_renamed_style_and_plays_the_same() {
    let folder = std::env::temp_dir().join(format!("segue-renamed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("it can be made");
    let (before, after) = (folder.join("mine.segue"), folder.join("waltzes.segue"));
    std::fs::copy(shipped_weights("folk"), &before).expect("it ships");
    let mut song = instance(&[("Style", "My own")]);
    song.load_field("own_style", &before.display().to_string()).expect("it opens");
    let saved = song.save().expect("it saves");
    std::fs::rename(&before, &after).expect("it is ours");
    let mut opened = instance(&[]);
    opened.load(&saved).expect("it opens");
    assert_eq!(field(&mut opened, "own_style"), after.display().to_string());
    assert_eq!(field(&mut opened, "own_style_mark"), field(&mut song, "own_style_mark"));
    let score = score(steady(48_000.0), 4);
    let played = sound(&Session::render(Blocks::Of(256)).play(&mut opened, &score).expect("it plays"));
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert_eq!(played, notes(&[("Style", "Folk")], &score, Blocks::Of(256)));
}
