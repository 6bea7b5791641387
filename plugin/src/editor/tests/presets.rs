//! Presets through the window: chosen, stepped through, saved, replaced, deleted, undone.

use super::*;
use crate::preset::{Shelf, plays};
use nice_plug::params::persist::PersistentField;

impl FakeScreen {
    fn choose(&mut self, name: &str) {
        self.click("Presets");
        self.fill("Search presets", name);
        self.click(&format!("Preset {name}"));
        if self.has("Search presets") {
            self.key(Key::Escape);
        }
    }

    fn save(&mut self, name: &str) {
        self.click("Presets");
        self.fill("Search presets", "");
        self.fill("Preset name", name);
        self.click("Save preset");
    }

    fn close_list(&mut self) {
        self.click("Corner");
        assert!(!self.has("Search presets"), "the list is closed");
    }

    fn kept(&self) -> Vec<String> {
        let all = Shelf::open_at(Some(self.folder.clone()));
        all.entries().iter().filter(|entry| entry.file.is_some()).map(|entry| entry.preset.name.clone()).collect()
    }

    fn face(&self) -> String {
        self.app.shelf.face(&self.params)
    }
}

/// Every setting that a preset names is set, whatever was set before; the host applies changes after the frame.
#[test]
fn a_preset_chosen_in_the_window_sets_all_that_it_names() {
    for entry in Shelf::open_at(None).entries() {
        let preset = &entry.preset;
        for before in ["Off", "Chart", "Left hand"] {
            let mut screen = FakeScreen::open("all");
            screen.set("chords", before);
            screen.set("temperature", "1.7");
            screen.choose(&preset.name);
            for (id, text) in preset.settings() {
                assert_eq!(screen.text(id), text, "{}: {id}, after Chords: {before}", preset.name);
            }
            assert!(plays(preset, &screen.params), "{} after Chords: {before}", preset.name);
            assert_eq!(screen.face(), preset.name);
            screen.set("temperature", "1.9");
            assert_eq!(screen.face(), format!("{} *", preset.name));
        }
    }
}

#[test]
fn arrows_step_through_all_presets_and_around() {
    let mut screen = FakeScreen::open("step");
    let names: Vec<String> = Shelf::open_at(None).entries().iter().map(|entry| entry.preset.name.clone()).collect();
    for name in names.iter().chain([&names[0]]) {
        screen.click("Next preset");
        assert_eq!(screen.face(), *name);
    }
    screen.click("Previous preset");
    assert_eq!(screen.face(), names[names.len() - 1]);
}

#[test]
fn an_own_preset_is_deleted_only_after_the_question() {
    let mut screen = FakeScreen::open("delete");
    screen.save("Mine");
    assert_eq!(screen.kept(), ["Mine"]);
    screen.fill("Search presets", "Mine");
    screen.click("Delete preset Mine");
    screen.click("Answer Keep");
    assert_eq!(screen.kept(), ["Mine"]);
    screen.click("Delete preset Mine");
    screen.click("Answer Delete");
    assert_eq!(screen.kept(), [""; 0]);
    assert!(!screen.has("Preset Mine") && !screen.has("Delete preset Slow blues"));
}

#[test]
fn a_preset_is_replaced_only_after_the_question() {
    let mut screen = FakeScreen::open("replace");
    screen.click("Presets");
    screen.fill("Preset purpose", "For waltzes.");
    screen.fill("Preset name", "Mine");
    screen.click("Save preset");
    screen.close_list();
    screen.set("temperature", "0.5");
    let kept = |screen: &FakeScreen| {
        let shelf = Shelf::open_at(Some(screen.folder.clone()));
        let preset = &shelf.find("Mine").unwrap().preset;
        (preset.purpose.clone(), preset.get("temperature").map(str::to_owned))
    };
    screen.save("mine");
    assert_eq!(kept(&screen), ("For waltzes.".to_owned(), None), "it asks first");
    screen.click("Answer Replace");
    assert_eq!(kept(&screen), ("For waltzes.".to_owned(), Some("0.500".to_owned())));
    assert_eq!(screen.kept().len(), 1);
}

#[test]
fn the_window_can_go_back_and_forth_and_compare() {
    let mut screen = FakeScreen::open("undo");
    screen.params.chart.set("Am | E7".to_owned());
    screen.set("temperature", "0.4");
    screen.choose("Out there");
    assert_eq!(screen.text("mode"), "Duet");
    screen.click("Undo");
    let now = |screen: &FakeScreen| (screen.params.chart.map(String::clone), screen.text("temperature"));
    assert_eq!(now(&screen), ("Am | E7".to_owned(), "0.400".to_owned()));
    assert_eq!((screen.text("mode"), screen.face()), ("Answer".to_owned(), "Presets".to_owned()));
    screen.click("Redo");
    assert_eq!((screen.text("mode"), screen.face()), ("Duet".to_owned(), "Out there".to_owned()));
    screen.hold(Modifiers::COMMAND);
    screen.key(Key::Z);
    screen.hold(Modifiers::NONE);
    assert_eq!(screen.text("mode"), "Answer", "by keys");
    screen.click("A or B");
    screen.choose("Out there");
    screen.click("A or B");
    assert_eq!(now(&screen), ("Am | E7".to_owned(), "0.400".to_owned()));
    screen.click("A or B");
    assert_eq!(screen.text("mode"), "Duet");
    screen.click("Presets");
    screen.click("Init");
    for (id, setting) in screen.params.each() {
        assert_eq!(setting.text(setting.value()), setting.text(setting.default_value()), "{id}");
    }
    screen.click("Undo");
    assert_eq!(screen.text("mode"), "Duet");
}

/// Favourites stand at the top, and every window knows them.
#[test]
fn a_favourite_stands_first_until_it_is_none() {
    let mut screen = FakeScreen::open("favourite");
    let first = |screen: &mut FakeScreen| {
        screen.click("Presets");
        let rows = screen.app.test_probe.places.iter().filter(|(name, _)| name.starts_with("Preset "));
        let rows = rows.filter(|(name, _)| !["Preset name", "Preset purpose"].contains(&name.as_str()));
        let top = rows.min_by(|one, other| one.1.top().total_cmp(&other.1.top())).unwrap().0.clone();
        screen.close_list();
        top
    };
    let usual = first(&mut screen);
    let star = |screen: &mut FakeScreen| {
        screen.click("Presets");
        screen.fill("Search presets", "Slow air");
        screen.click("Favourite Slow air");
        screen.close_list();
    };
    star(&mut screen);
    assert_eq!(first(&mut screen), "Preset Slow air");
    let folder = screen.folder.clone();
    let mut other = FakeScreen::open_with(folder, PluginApi::Clap);
    assert_eq!(first(&mut other), "Preset Slow air");
    star(&mut other);
    assert_eq!(first(&mut screen), usual);
}

/// What can be pressed looks like it before the pointer is there.
#[test]
fn buttons_in_the_list_have_edges() {
    let mut screen = FakeScreen::open("edges");
    screen.save("Mine");
    screen.fill("Search presets", "Mine");
    for button in ["Init", "Save preset", "Delete preset Mine"] {
        let place = screen.place(button);
        let has_edge = screen.shapes.iter().any(|clipped| match &clipped.shape {
            Shape::Rect(shape) => {
                shape.stroke.color == theme::RIM && shape.rect.center().distance(place.center()) < 2.0
            }
            _ => false,
        });
        assert!(has_edge, "{button}");
    }
}
