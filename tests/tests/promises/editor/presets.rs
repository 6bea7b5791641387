//! Every preset that ships, chosen in the window of an instance that plays.

use super::fixture::{Fixture, passes_on_a_screen_of_its_own};
use segue_tests::preset::{Preset, shipped};
use segue_tests::window::wait_until;

#[test]
fn a_preset_chosen_in_the_window_sets_all_that_it_names() {
    passes_on_a_screen_of_its_own("editor::presets::every_preset");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn every_preset() {
    let mut editor = Fixture::set_up(&[("Style", "Irish"), ("Chords", "Off")], (0, 0), 1.0);
    // The second round comes from other settings than the first.
    for preset in shipped().expect("they can be read").iter().chain(&shipped().expect("they can be read")[..2]) {
        choose(&mut editor, preset);
    }
    editor.photograph("preset.png");
    editor.close();
    editor.open();
    editor.photograph("preset-again.png");
    editor.close();
    editor.end();
}

fn choose(editor: &mut Fixture, preset: &Preset) {
    let row = format!("Preset {}", preset.name);
    println!("{}", preset.name);
    if let Err(error) = editor.window.open_list("Presets", "Search presets") {
        editor.photograph("failed.png");
        panic!("{error}; failed.png shows the window");
    }
    editor.window.click_row("Search presets").unwrap();
    editor.window.type_text(&preset.name).unwrap();
    editor.window.click_row(&row).unwrap();
    let name = serde_json::to_string(&preset.name).expect("a text");
    wait_until("the song keeps the preset's name", || editor.saved("preset") == name).unwrap();
    editor.becomes("Style", &preset.style);
    for (id, text) in &preset.settings {
        let parameter = editor.instance.parameter_of_id(id).expect("it is there").name.clone();
        let wanted = editor.instance.value_of_text(&parameter, text).expect("the plugin reads it");
        let mut found = 0.0;
        let reached = wait_until(id, || {
            let shown = editor.instance.text(&parameter).expect("it has a text");
            found = editor.instance.value_of_text(&parameter, &shown).expect("the plugin reads it");
            (found - wanted).abs() < 1e-6
        });
        assert!(reached.is_ok(), "{}: {id} = {text} is {found} and not {wanted}", preset.name);
    }
}
