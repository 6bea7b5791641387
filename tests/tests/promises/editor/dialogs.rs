//! Files are chosen in the system's dialog: the user's own style, which can also be chosen in other ways, and the file
//! of a capture.

use super::fixture::{Fixture, home, passes_on_a_screen_of_its_own};
use crate::support::Settings;
use segue_tests::decision_time::shipped_weights;
use segue_tests::window::{ENTER, wait_until};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const IRISH: Settings<'static> = &[("Style", "Irish")];
/// A substitute for the system's dialog: it writes down its process id and its arguments, and waits for an answer.
const DIALOG: &str = r#"#!/bin/sh
printf '%s\n' "$@" > "$HOME/asked"
echo $$ > "$HOME/dialog"
while [ ! -e "$HOME/answer" ]; do sleep 0.05; done
cat "$HOME/answer"
"#;

/// The user's own style is chosen with a dialog, from the list, or by typing its path.
#[test]
fn an_own_style_is_chosen_by_dialog_list_or_path() {
    passes_on_a_screen_of_its_own("editor::dialogs::a_style_is_chosen");
}

fn install_the_dialog() {
    let dialog = home().join("bin/zenity");
    std::fs::create_dir_all(home().join("bin")).expect("a folder");
    std::fs::write(&dialog, DIALOG).expect("it can be written");
    std::fs::set_permissions(&dialog, PermissionsExt::from_mode(0o755)).expect("it is ours");
}

fn put(style: &str, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("it lies in a folder")).expect("a folder");
    std::fs::copy(shipped_weights(style), to).expect("it ships");
}

fn read(name: &str) -> Option<String> {
    std::fs::read_to_string(home().join(name)).ok().filter(|text| text.ends_with('\n'))
}

fn plays(editor: &mut Fixture, path: &Path) {
    let wanted = serde_json::to_string(path).expect("a text");
    let mut found = String::new();
    let reached = wait_until("the file plays", || {
        found = editor.saved("own_style");
        found == wanted
    });
    assert!(reached.is_ok(), "{found} plays and not {wanted}");
    editor.becomes("Style", "My own");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn a_style_is_chosen() {
    let (elsewhere, kept) = (home().join("with space/mine.segue"), home().join(".local/share/Segue/waltzes.segue"));
    put("folk", &elsewhere);
    put("jazz", &kept);
    install_the_dialog();
    let mut editor = Fixture::set_up(IRISH, (0, 0), 1.0);
    editor.window.click("Page Set up").unwrap();
    editor.window.click("Open style…").unwrap();
    wait_until("the dialog is open", || read("dialog").is_some()).unwrap();
    assert!(read("asked").is_some_and(|asked| asked.contains("*.segue")));
    editor.window.click("Mode Trade").unwrap();
    editor.becomes("Mode", "Trade");
    editor.window.click("Page Play").unwrap();
    std::fs::write(home().join("answer"), format!("{}\n", elsewhere.display())).expect("it can be written");
    plays(&mut editor, &elsewhere);

    editor.window.click("Page Set up").unwrap();
    editor.window.open_list("My styles", "My styles: waltzes").unwrap();
    editor.window.click_row("My styles: waltzes").unwrap();
    plays(&mut editor, &kept);

    editor.window.click("Own style").unwrap();
    editor.window.select_all().unwrap();
    editor.window.type_text(&format!("file://{}", elsewhere.display()).replace(' ', "%20")).unwrap();
    editor.window.key(ENTER).unwrap();
    plays(&mut editor, &elsewhere);

    // The song is opened after the file has been trained again.
    let song = editor.instance.save().expect("it saves");
    put("piano", &elsewhere);
    editor.instance.load(&song).expect("it opens");
    editor.photograph("changed.png");
    let mark = editor.saved("own_style_mark");
    editor.window.click("Own style").unwrap();
    editor.window.key(ENTER).unwrap();
    wait_until("the new one is kept", || editor.saved("own_style_mark") != mark).unwrap();

    std::fs::remove_file(home().join("answer")).expect("it is ours");
    std::fs::remove_file(home().join("dialog")).expect("it is ours");
    editor.window.click("Open style…").unwrap();
    wait_until("the dialog is open", || read("dialog").is_some()).unwrap();
    let id = read("dialog").expect("it is open");
    let runs = || Command::new("kill").args(["-0", id.trim()]).stderr(Stdio::null()).status().unwrap().success();
    assert!(runs());
    editor.close();
    wait_until("the dialog goes with the window", || !runs()).unwrap();
    editor.end();
}

#[test]
fn a_capture_goes_where_the_musician_says() {
    passes_on_a_screen_of_its_own("editor::dialogs::a_place_is_chosen");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn a_place_is_chosen() {
    install_the_dialog();
    let mut editor = Fixture::set_up(IRISH, (0, 0), 1.0);
    // Long enough for some of the player's notes.
    std::thread::sleep(Duration::from_secs(3));
    editor.window.click_right("Capture").unwrap();
    editor.window.click_row("Capture: All, in another place…").unwrap();
    wait_until("the dialog is open", || read("dialog").is_some()).unwrap();
    let asked = read("asked").expect("it was asked");
    assert!(asked.contains("--save") && asked.contains(" Irish.mid"), "{asked}");
    let file = home().join("take one.mid");
    std::fs::write(home().join("answer"), format!("{}\n", file.display())).expect("it can be written");
    wait_until("it is written", || std::fs::read(&file).is_ok_and(|bytes| midly::Smf::parse(&bytes).is_ok())).unwrap();
    assert!(!home().join("Music/Segue").exists(), "and nowhere else");
    editor.close();
    editor.end();
}
