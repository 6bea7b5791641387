//! Files are chosen by the system's dialog: a style of one's own, which may be chosen otherwise too, and where a capture goes.

use super::{Stage, home, passes_on_a_screen_of_its_own};
use crate::support::Settings;
use segue_tests::thinking::shipped_weights;
use segue_tests::window::{ENTER, wait_until};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const IRISH: Settings<'static> = &[("Style", "Irish")];
/// Stands for the system's dialog: says who it is and what it was asked, and waits for the musician.
const DIALOG: &str = r#"#!/bin/sh
printf '%s\n' "$@" > "$HOME/asked"
echo $$ > "$HOME/dialog"
while [ ! -e "$HOME/answer" ]; do sleep 0.05; done
cat "$HOME/answer"
"#;

#[test]
fn a_style_of_ones_own_is_chosen_by_a_dialog_from_a_list_and_by_its_path() {
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

fn plays(stage: &mut Stage, path: &Path) {
    let wanted = serde_json::to_string(path).expect("a text");
    let mut found = String::new();
    let reached = wait_until("the file plays", || {
        found = stage.saved("own_style");
        found == wanted
    });
    assert!(reached.is_ok(), "{found} plays and not {wanted}");
    stage.becomes("Style", "My own");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn a_style_is_chosen() {
    let (elsewhere, kept) = (home().join("with space/mine.segue"), home().join(".local/share/Segue/waltzes.segue"));
    put("folk", &elsewhere);
    put("jazz", &kept);
    install_the_dialog();
    let mut stage = Stage::set_up(IRISH, (0, 0), 1.0);
    stage.desktop.click("Page Set up").unwrap();
    stage.desktop.click("Load model…").unwrap();
    wait_until("the dialog is open", || read("dialog").is_some()).unwrap();
    assert!(read("asked").is_some_and(|asked| asked.contains("*.segue")));
    stage.desktop.click("Mode Trade").unwrap();
    stage.becomes("Mode", "Trade");
    stage.desktop.click("Page Play").unwrap();
    std::fs::write(home().join("answer"), format!("{}\n", elsewhere.display())).expect("it can be written");
    plays(&mut stage, &elsewhere);

    stage.desktop.click("Page Set up").unwrap();
    stage.desktop.open_list("Found styles", "Found waltzes").unwrap();
    stage.desktop.click_row("Found waltzes").unwrap();
    plays(&mut stage, &kept);

    stage.desktop.click("Own style").unwrap();
    stage.desktop.select_all().unwrap();
    stage.desktop.type_text(&format!("file://{}", elsewhere.display()).replace(' ', "%20")).unwrap();
    stage.desktop.key(ENTER).unwrap();
    plays(&mut stage, &elsewhere);

    // What a song finds when the file has been trained anew meanwhile.
    let song = stage.instance.save().expect("it saves");
    put("piano", &elsewhere);
    stage.instance.load(&song).expect("it opens");
    stage.photograph("changed.png");
    let mark = stage.saved("own_style_mark");
    stage.desktop.click("Load").unwrap();
    wait_until("the new one is kept", || stage.saved("own_style_mark") != mark).unwrap();

    std::fs::remove_file(home().join("answer")).expect("it is ours");
    std::fs::remove_file(home().join("dialog")).expect("it is ours");
    stage.desktop.click("Load model…").unwrap();
    wait_until("the dialog is open", || read("dialog").is_some()).unwrap();
    let id = read("dialog").expect("it is open");
    let runs = || Command::new("kill").args(["-0", id.trim()]).stderr(Stdio::null()).status().unwrap().success();
    assert!(runs());
    stage.close();
    wait_until("the dialog goes with the window", || !runs()).unwrap();
    stage.end();
}

#[test]
fn a_capture_goes_where_the_musician_says() {
    passes_on_a_screen_of_its_own("editor::dialogs::a_place_is_chosen");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn a_place_is_chosen() {
    install_the_dialog();
    let mut stage = Stage::set_up(IRISH, (0, 0), 1.0);
    // Some notes of the player's.
    std::thread::sleep(Duration::from_secs(3));
    stage.desktop.click_right("Capture").unwrap();
    wait_until("the dialog is open", || read("dialog").is_some()).unwrap();
    let asked = read("asked").expect("it was asked");
    assert!(asked.contains("--save") && asked.contains(" Irish.mid"), "{asked}");
    let file = home().join("take one.mid");
    std::fs::write(home().join("answer"), format!("{}\n", file.display())).expect("it can be written");
    wait_until("it is written", || std::fs::read(&file).is_ok_and(|bytes| midly::Smf::parse(&bytes).is_ok())).unwrap();
    assert!(!home().join("Music/Segue").exists(), "and nowhere else");
    stage.close();
    stage.end();
}
