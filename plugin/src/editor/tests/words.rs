//! What the window says, and what it asks.

use super::*;

/// The line under the chart says what becomes of the chords that were written.
#[test]
fn what_becomes_of_the_chart_stands_below_it() {
    let only_comping = "Irish does not play over chords; only Comping would play them.";
    let comping = "Irish does not play over chords; only the comping plays them.";
    for (settings, chart, words) in [
        (&[("style", "Irish")][..], "C | G7", Some(only_comping)),
        (&[("style", "Irish"), ("comping", "On")], "C | G7", Some(comping)),
        (&[("style", "Piano")], "C | G7", Some("Piano does not play over chords")),
        (&[("style", "Jazz")], "C | G7", None),
        (&[("style", "Irish")], "", None),
        (&[("style", "Blues")], "", Some("The style's own chords")),
        (&[("style", "Jazz"), ("chords", "Off")], "C | G7", Some("Chords is Off: Segue plays to no chords, and not")),
        (&[("style", "Jazz"), ("chords", "What you hold")], "", Some("The chords come from what you hold.")),
    ] {
        let mut screen = FakeScreen::open("chart-words");
        for (id, text) in settings {
            screen.set(id, text);
        }
        screen.fill("Chart", chart);
        let all = [only_comping, comping, "does not play over chords", "The style's own chords", "Segue plays to no"];
        match words {
            Some(words) => assert!(screen.says(words), "{settings:?}, {chart:?}: {words}"),
            None => assert!(!all.iter().any(|words| screen.says(words)), "{settings:?}, {chart:?}"),
        }
    }
}

/// What is forgotten cannot be had back, so a single press only asks.
#[test]
fn forget_asks_before_it_forgets() {
    let mut screen = FakeScreen::open("forget");
    screen.click("Forget");
    assert!(screen.says("Sure?") && screen.text("forget") == "Off");
    screen.click("Forget");
    assert_eq!(
        (screen.text("forget"), screen.notice()),
        ("On".to_owned(), "Forgotten. Segue's memory of this session is empty.")
    );
    assert!(!screen.says("Sure?"));
}

/// Where notes come late, one press gives Segue more time, until there is no more.
#[test]
fn late_notes_bring_a_button_for_a_longer_look_ahead() {
    let mut screen = FakeScreen::open("late");
    assert!(!screen.has("Longer look-ahead"));
    screen.app.data.stats.late.add(3);
    screen.rest();
    assert!(screen.says("3 late"));
    for wanted in ["40 ms", "80 ms", "100 ms"] {
        assert!(screen.says(&format!("Look-ahead {wanted}")));
        screen.click("Longer look-ahead");
        assert_eq!(screen.text("look_ahead"), wanted);
    }
    assert!(!screen.has("Longer look-ahead"));
}

/// A style that cannot be opened is named with what to do, and what played keeps playing.
#[test]
fn a_style_that_is_none_leaves_the_one_that_plays() {
    let folder = std::env::temp_dir();
    for (path, words) in [
        ("/nowhere/mine.segue".to_owned(), "there is no such file"),
        (folder.display().to_string(), "it is a folder"),
        (concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned(), "is not a style of Segue, or is damaged"),
    ] {
        let mut screen = FakeScreen::open("no-style");
        screen.set("style", "Jazz");
        screen.click("Page Set up");
        screen.fill("Own style", &path);
        screen.key(Key::Enter);
        let said = screen.notice().to_owned();
        assert!(said.contains(words) && said.ends_with("Jazz keeps playing."), "{said}");
        assert!(!said.contains("os error") && screen.app.notice.is_warning(), "{said}");
        assert_eq!(screen.text("style"), "Jazz");
    }
}
