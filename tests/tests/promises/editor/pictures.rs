//! Pictures of the window: all pages at three sizes, and each state that a musician meets. They are made to be looked
//! at, in the folder `pictures` beside the bundles; the test checks that each state is there.

use super::fixture::{Fixture, RATE, passes_on_a_screen_of_its_own};
use crate::support::Settings;
use segue_tests::score::Score;
use segue_tests::timeline::{Frame, Timeline};
use segue_tests::window::{ENTER, ESCAPE, wait_until};
use std::time::Duration;

/// The smallest window, the usual one, and a large one.
const SIZES: [(&str, u32, u32); 3] = [("small", 860, 600), ("usual", 980, 690), ("large", 1400, 940)];
const TAB: u32 = 0xFF09;
const CHART: &str = "Dm7 | G7 | Cmaj7 | A7 | Dm7 | G7 | Em7 A7 | Dm7 G7";

#[test]
fn every_state_of_the_window_is_photographed() {
    passes_on_a_screen_of_its_own("editor::pictures::every_state");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn every_state() {
    pages();
    modes();
    look_back();
    without_song();
    charts();
    lists();
    messages();
}

fn open(settings: Settings<'_>) -> Fixture {
    Fixture::set_up(settings, (0, 0), 1.0)
}

fn finish(mut editor: Fixture) {
    editor.close();
    editor.end();
}

fn resize(editor: &mut Fixture, width: u32, height: u32) {
    editor.window.resize(width, height).unwrap();
    editor.instance.resize_editor(width, height).expect("it can be resized");
    editor.window.pause();
}

fn write_chart(editor: &mut Fixture, text: &str) {
    editor.window.click("Chart").unwrap();
    editor.window.select_all().unwrap();
    editor.window.type_text(text).unwrap();
    // Letters that come in the same frame as Escape are lost.
    std::thread::sleep(Duration::from_secs(1));
    editor.window.key(ESCAPE).unwrap();
}

fn pages() {
    let mut editor = open(&[("Style", "Jazz"), ("Comping", "On")]);
    editor.photograph("first.png");
    write_chart(&mut editor, CHART);
    std::thread::sleep(Duration::from_secs(12));
    for (size, width, height) in SIZES {
        resize(&mut editor, width, height);
        for (page, control) in [("Play", "Temperature"), ("Stage", "Keep answers"), ("Set up", "Window scale")] {
            editor.window.click(&format!("Page {page}")).unwrap();
            editor.window.find(control).unwrap();
            editor.photograph(&format!("{size}-{}.png", page.replace(' ', "-").to_lowercase()));
        }
    }
    finish(editor);
}

/// The roll looks back with Shift and the wheel, and the button goes back to now.
fn look_back() {
    let editor = open(&[("Style", "Jazz")]);
    std::thread::sleep(Duration::from_secs(12));
    editor.window.point(editor.window.find("Roll").unwrap().middle()).unwrap();
    editor.photograph("roll-hint.png");
    editor.window.hold_shift(true).unwrap();
    for _ in 0..6 {
        editor.window.wheel("Roll", true).unwrap();
    }
    editor.window.hold_shift(false).unwrap();
    editor.window.find("Back to now").unwrap();
    editor.photograph("roll-back.png");
    editor.window.click("Back to now").unwrap();
    let is_back = wait_until("the music is followed", || !editor.window.controls().contains_key("Back to now"));
    assert!(is_back.is_ok(), "the button has gone");
    editor.window.wheel_left("Roll").unwrap();
    editor.window.find("Back to now").unwrap();
    finish(editor);
}

/// Two phrases without a song, from which the tempo is read, with a silence between them.
fn without_song() {
    /// The frames at which the phrases begin, and of a quarter note in each: 90 and 107 a minute.
    const PHRASES: [(Frame, Frame); 2] = [(48_000, 32_000), (672_000, 27_000)];
    let mut score = Score::silence(Timeline::stopped(RATE), 1_440_000);
    for (first, quarter) in PHRASES {
        for (index, eighth) in (0_u8..).zip([0, 2, 3, 4, 6, 8, 10, 11, 12, 14]) {
            let uneven: Frame = [900, 1_800, 200, 1_400, 0][usize::from(index) % 5];
            let down = first + eighth * quarter / 2 + uneven;
            score.press(60 + index, down, down + 9_000);
        }
    }
    let editor = Fixture::with_score(&[("Style", "Irish")], score, (0, 0), 1.0);
    for moment in 1..=6 {
        std::thread::sleep(Duration::from_secs(3));
        editor.photograph(&format!("heard-{moment}.png"));
    }
    finish(editor);
}

fn modes() {
    for (name, settings) in [
        ("trade", &[("Mode", "Trade"), ("Style", "Blues"), ("Trade", "2 bars")][..]),
        ("duet", &[("Mode", "Duet"), ("Style", "Folk")]),
        ("held", &[("Style", "Jazz"), ("Chords", "What you hold")]),
        ("free", &[("Style", "Piano")]),
    ] {
        let editor = open(settings);
        for moment in 1..=4 {
            std::thread::sleep(Duration::from_secs(3));
            editor.photograph(&format!("{name}-{moment}.png"));
        }
        finish(editor);
    }
}

fn charts() {
    let mut editor = open(&[("Style", "Jazz")]);
    write_chart(&mut editor, "Dm7 | % | % | % | % | % | % | %");
    std::thread::sleep(Duration::from_secs(6));
    editor.photograph("one-chord.png");
    write_chart(&mut editor, CHART);
    editor.window.click("Sheet").unwrap();
    editor.window.find("Bar 8: Dm7 G7").unwrap();
    editor.photograph("sheet.png");
    write_chart(&mut editor, &format!("{CHART} | ").repeat(4));
    editor.photograph("sheet-long.png");
    resize(&mut editor, 860, 600);
    editor.photograph("sheet-small.png");
    write_chart(&mut editor, "Dm7 | Q7 | Cmaj7");
    editor.window.find("Bar 2: Q7 (wrong)").unwrap();
    editor.photograph("sheet-mistake.png");
    editor.window.click("Sheet").unwrap();
    editor.photograph("chart-mistake.png");
    resize(&mut editor, 980, 690);
    write_chart(&mut editor, CHART);
    editor.window.open_list("Style", "Style: Irish").unwrap();
    editor.photograph("style-list.png");
    editor.window.click_row("Style: Irish").unwrap();
    editor.becomes("Style", "Irish");
    editor.photograph("chordless-style.png");
    finish(editor);
}

fn lists() {
    let editor = open(&[("Style", "Jazz")]);
    editor.window.open_list("Presets", "Favourite Late set").unwrap();
    editor.window.click_row("Favourite Late set").unwrap();
    editor.window.click_row("Preset name").unwrap();
    editor.window.type_text("Late at home").unwrap();
    editor.window.click_row("Save preset").unwrap();
    editor.window.pause();
    editor.photograph("presets-favourite.png");
    editor.window.click_row("Search presets").unwrap();
    editor.window.type_text("home").unwrap();
    editor.window.click_row("Delete preset Late at home").unwrap();
    editor.window.find("Answer Keep").unwrap();
    editor.photograph("preset-question.png");
    editor.window.click_row("Answer Delete").unwrap();
    editor.window.key(ESCAPE).unwrap();
    editor.window.key(ESCAPE).unwrap();
    editor.window.open_list("Capture menu", "Capture: Open the folder").unwrap();
    editor.photograph("capture-menu.png");
    editor.window.key(ESCAPE).unwrap();
    editor.window.click_right("Temperature").unwrap();
    editor.window.find("Temperature reset").unwrap();
    editor.photograph("right-click.png");
    editor.window.key(ESCAPE).unwrap();
    editor.window.click("Page Set up").unwrap();
    editor.window.open_list("Window scale", "Window scale: 150 %").unwrap();
    editor.photograph("scale-list.png");
    editor.window.key(ESCAPE).unwrap();
    editor.window.click("Page Play").unwrap();
    finish(editor);
}

fn messages() {
    let editor = open(&[("Style", "Jazz")]);
    std::thread::sleep(Duration::from_secs(2));
    editor.window.click("Capture").unwrap();
    editor.photograph("message.png");
    editor.window.click("Temperature value").unwrap();
    editor.window.type_text("hot").unwrap();
    editor.window.key(ENTER).unwrap();
    editor.photograph("warning.png");
    editor.window.click("Page Set up").unwrap();
    editor.window.click("Own style").unwrap();
    editor.window.type_text("/nowhere/mine.segue").unwrap();
    editor.window.key(ENTER).unwrap();
    editor.photograph("no-such-style.png");
    editor.window.click("Page Play").unwrap();
    editor.window.click("Forget").unwrap();
    editor.photograph("forget.png");
    // The field that was typed into has the keyboard; from it Tab goes on.
    editor.window.click("Chart").unwrap();
    for _ in 0..3 {
        editor.window.key(TAB).unwrap();
    }
    editor.photograph("focus.png");
    editor.window.key(ESCAPE).unwrap();
    finish(editor);
}
