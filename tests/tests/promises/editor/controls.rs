//! Every control of the window, moved by hand while a jam plays.

use super::fixture::{Fixture, files, home, passes_on_a_screen_of_its_own, pictures};
use segue_tests::window::{ENTER, ESCAPE, wait_until};
use std::time::Duration;

#[test]
fn every_control_is_played_by_hand_and_the_host_hears_of_it() {
    passes_on_a_screen_of_its_own("editor::controls::a_tour");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn a_tour() {
    let mut editor = Fixture::set_up(&[("Style", "Irish")], (0, 0), 1.0);
    turn_knobs(&mut editor);
    choose(&mut editor);
    write_a_chart(&mut editor);
    give_the_keys_back(&mut editor);
    load_and_keep_a_preset(&mut editor);
    editor.window.click("Mode Answer").unwrap();
    editor.becomes("Mode", "Answer");
    std::thread::sleep(Duration::from_secs(12));
    editor.photograph("playing.png");
    capture(&mut editor);
    resize(&mut editor);
    click_everything(&mut editor);
    editor.window.click("Panic").unwrap();
    editor.window.pause();
    let turn = editor.instance.parameter("Your turn").expect("there is one").id;
    editor.close();
    let noted = editor.end();
    let turns = noted.gestures.get(&turn).map_or(0, |gestures| gestures.values);
    assert!(turns >= 2 && turns.is_multiple_of(2), "Your turn springs back: {turns} values");
    assert!(noted.all_notes_off >= 16, "Panic reaches every channel: {}", noted.all_notes_off);
    // A knob that is only clicked keeps its value; lists, switches, drags and a preset change the others.
    assert!(noted.gestures.len() >= 20, "so many parameters were moved: {}", noted.gestures.len());
}

fn turn_knobs(editor: &mut Fixture) {
    let heat = |editor: &mut Fixture, not: &str| editor.settles("Temperature", not).parse::<f64>().expect("a number");
    editor.window.drag("Temperature", (0.0, -40.0)).unwrap();
    let coarse = heat(editor, "1.000") - 1.0;
    assert!(coarse > 0.1, "dragged up: {coarse}");
    editor.reset("Temperature", "1.000");
    editor.window.hold_ctrl(true).unwrap();
    editor.window.drag("Temperature", (0.0, -40.0)).unwrap();
    editor.window.hold_ctrl(false).unwrap();
    let fine = heat(editor, "1.000") - 1.0;
    assert!(fine > 0.0 && fine < coarse / 4.0, "with Ctrl {fine}, without {coarse}");
    let before = editor.text("Temperature");
    editor.window.wheel("Temperature", false).unwrap();
    assert!(heat(editor, &before) < 1.0 + fine, "the wheel");
    for (typed, becomes) in [("1.25", "1.250"), ("nonsense", "1.250")] {
        editor.window.click("Temperature value").unwrap();
        editor.window.type_text(typed).unwrap();
        editor.window.key(ENTER).unwrap();
        editor.becomes("Temperature", becomes);
    }
    editor.window.click("Temperature value").unwrap();
    editor.window.type_text("0.1").unwrap();
    editor.window.key(ESCAPE).unwrap();
    editor.window.pause();
    editor.becomes("Temperature", "1.250");
    editor.window.drag("Segue level", (0.0, 30.0)).unwrap();
    editor.settles("Segue level", "0.0 dB");
    editor.window.drag("Lowest key", (120.0, 0.0)).unwrap();
    editor.settles("Lowest key", "C-1");
    editor.window.drag("Highest key", (-900.0, 0.0)).unwrap();
    let highest = editor.settles("Highest key", "G9");
    assert_eq!(editor.settles("Lowest key", ""), highest, "a handle takes the other one along");
    for (name, text) in
        [("Lowest key", "C-1"), ("Highest key", "G9"), ("Segue level", "0.0 dB"), ("Temperature", "1.000")]
    {
        editor.reset(name, text);
    }
}

fn choose(editor: &mut Fixture) {
    for (mode, picture) in [("Trade", "trade.png"), ("Duet", "duet.png"), ("Answer", "answer.png")] {
        editor.window.click(&format!("Mode {mode}")).unwrap();
        editor.becomes("Mode", mode);
        editor.photograph(picture);
    }
    for (list, row, text) in [
        ("Style", "Style: Jazz", "Jazz"),
        ("Key", "Key: D", "D"),
        ("Scale", "Scale: Dorian", "Dorian"),
        ("Quantise", "Quantise: 1/16", "1/16"),
        ("Yield", "Yield: At the beat", "At the beat"),
        ("Start", "Start: Bar", "Bar"),
        ("Chords", "Chords: What you hold", "What you hold"),
        ("Chords", "Chords: Chart", "Chart"),
    ] {
        editor.window.open_list(list, row).unwrap();
        if list == "Scale" {
            editor.photograph("list.png");
        }
        editor.window.click_row(row).unwrap();
        editor.becomes(list, text);
    }
    for switch in ["Comping", "Sound"] {
        let before = editor.text(switch);
        editor.window.click(switch).unwrap();
        editor.becomes(switch, if before == "On" { "Off" } else { "On" });
        editor.window.click(switch).unwrap();
        editor.becomes(switch, &before);
    }
    editor.window.click("Your turn").unwrap();
    let before = editor.text("Seed");
    editor.window.click("Page Set up").unwrap();
    editor.window.click("New seed").unwrap();
    // One of ten thousand seeds equals the previous one.
    wait_until("there is another seed", || editor.instance.text("Seed").unwrap() != before).unwrap();
    editor.window.click("Page Play").unwrap();
}

fn write_a_chart(editor: &mut Fixture) {
    editor.window.click("Chart").unwrap();
    editor.window.type_text("C7 | F7").unwrap();
    let taken = wait_until("what is right is taken", || editor.saved("chart").contains("F7"));
    assert!(taken.is_ok(), "the chart is {}", editor.saved("chart"));
    editor.window.type_text(" | Q7 | G7").unwrap();
    editor.window.pause();
    editor.photograph("mistake.png");
    let chart = editor.saved("chart");
    assert!(chart.starts_with("\"C7 | F7") && !chart.contains('Q'), "what was there before the mistake holds: {chart}");
    assert_eq!(editor.window.keys_for_the_host().unwrap(), 0, "what is typed here does not play the host's keys");
    editor.window.select_all().unwrap();
    editor.window.type_text("Dm7 | G7 | Cmaj7 | %").unwrap();
    editor.window.key(ENTER).unwrap();
    wait_until("the chart is taken", || editor.saved("chart") == "\"Dm7 | G7 | Cmaj7 | %\"").unwrap();
}

fn give_the_keys_back(editor: &mut Fixture) {
    editor.window.keys_for_the_host().unwrap();
    editor.window.drag("Memory", (0.0, 12.0)).unwrap();
    editor.window.keyboard_is_the_hosts(true).unwrap();
    // With the pointer over the editor, the X server itself would send the keys to it.
    editor.window.point((1300.0, 1000.0)).unwrap();
    editor.window.type_anywhere("z m").unwrap();
    assert_eq!(editor.window.keys_for_the_host().unwrap(), 3, "the host has its keys and its space bar");
}

fn load_and_keep_a_preset(editor: &mut Fixture) {
    editor.window.open_list("Presets", "Preset Slow blues").unwrap();
    editor.photograph("presets.png");
    editor.window.click_row("Preset Slow blues").unwrap();
    editor.becomes("Style", "Blues");
    editor.window.open_list("Presets", "Preset name").unwrap();
    editor.window.click_row("Preset name").unwrap();
    editor.window.type_text("Late at home").unwrap();
    editor.window.click_row("Save preset").unwrap();
    let folder = home().join(".local/share/Segue/presets");
    wait_until("the preset is kept", || !files(&folder, "toml").is_empty()).unwrap();
    editor.window.click_row("Search presets").unwrap();
    editor.window.type_text("Late at home").unwrap();
    editor.window.find("Delete preset Late at home").unwrap();
    editor.photograph("own-preset.png");
    editor.window.key(ESCAPE).unwrap();
    editor.window.key(ESCAPE).unwrap();
    editor.window.pause();
}

fn capture(editor: &mut Fixture) {
    editor.window.click("Capture").unwrap();
    let folder = home().join("Music/Segue");
    wait_until("there is a file", || !files(&folder, "mid").is_empty()).unwrap();
    editor.photograph("captured.png");
    let path = files(&folder, "mid").pop().expect("a file");
    let bytes = std::fs::read(&path).expect("it can be read");
    let smf = midly::Smf::parse(&bytes).expect("it is a MIDI file");
    let notes = |track: usize| {
        let is_note = |event: &&midly::TrackEvent<'_>| {
            matches!(event.kind, midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { .. }, .. })
        };
        smf.tracks[track].iter().filter(is_note).count()
    };
    assert_eq!(smf.tracks.len(), 3, "time, the player, Segue");
    assert!(notes(1) > 20 && notes(2) > 0, "{} and {} notes", notes(1), notes(2));
    std::fs::copy(&path, pictures().join("captured.mid")).expect("it can be kept");
}

fn resize(editor: &mut Fixture) {
    let wanted = (1240, 840);
    editor.window.resize(wanted.0, wanted.1).unwrap();
    let size = editor.instance.resize_editor(wanted.0, wanted.1).expect("it can be resized");
    assert_eq!(size, wanted);
    wait_until("the editor is as large", || editor.window.editor_size().unwrap() == Some((1240, 840))).unwrap();
    editor.window.pause();
    editor.photograph("large.png");
    let least = editor.instance.resize_editor(100, 100).expect("it can be resized");
    assert!(least.0 >= 800 && least.1 >= 500, "no smaller than its controls need: {least:?}");
    editor.window.resize(least.0, least.1).unwrap();
    editor.window.pause();
    editor.window.pause();
    editor.photograph("small.png");
    editor.instance.resize_editor(wanted.0, wanted.1).unwrap();
    editor.window.resize(wanted.0, wanted.1).unwrap();
    editor.window.pause();
    editor.close();
    let saved = editor.saved("window");
    assert_eq!(saved, "[1240.0,840.0]", "a song keeps the size");
    editor.open();
    wait_until("it has that size again", || editor.window.editor_size().unwrap() == Some((1240, 840))).unwrap();
    pull_the_corner(editor);
}

/// The host is asked before the window grows.
fn pull_the_corner(editor: &mut Fixture) {
    editor.window.drag("Corner", (-40.0, -30.0)).unwrap();
    editor.instance.serve();
    let asked = editor.instance.take_asked_size();
    assert_eq!(asked, Some((1200, 810)), "the host is asked for the size");
    wait_until("the editor has that size", || editor.window.editor_size().unwrap() == Some((1200, 810))).unwrap();
    editor.window.resize(1200, 810).unwrap();
    editor.window.pause();
}

/// Clicks on everything, on all pages and in all modes; nothing may break.
fn click_everything(editor: &mut Fixture) {
    let leave = ["Corner", "Capture", "Panic", "Open style…", "frames"];
    for page in ["Play", "Stage", "Set up"] {
        for mode in ["Answer", "Trade", "Duet"] {
            editor.window.click(&format!("Mode {mode}")).unwrap();
            editor.window.click(&format!("Page {page}")).unwrap();
            editor.window.pause();
            for name in editor.window.controls().into_keys().filter(|name| !leave.contains(&name.as_str())) {
                // A list that has opened may hide other controls, and a closed page takes its controls with it.
                if let Some(place) = editor.window.controls().get(&name) {
                    editor.window.point(place.middle()).unwrap();
                    editor.window.press().unwrap();
                    editor.window.release().unwrap();
                    editor.window.key(ESCAPE).unwrap();
                }
                if !editor.window.controls().contains_key(&format!("Page {page}")) {
                    break;
                }
            }
            editor.window.key(ESCAPE).unwrap();
        }
        editor.window.click(&format!("Page {page}")).unwrap();
        if page == "Set up" {
            editor.photograph("set-up.png");
        }
    }
}
