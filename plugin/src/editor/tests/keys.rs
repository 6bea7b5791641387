//! The window by keys alone, and what a screen reader hears of it.

use super::*;
use egui::WidgetInfo;

impl FakeScreen {
    /// Presses Tab until a control has the focus.
    fn tab_to(&mut self, name: &str) {
        for _ in 0..80 {
            self.told.clear();
            self.key(Key::Tab);
            if self.focused().is_some_and(|info| info.label.as_deref() == Some(name)) {
                return;
            }
        }
        panic!("Tab does not lead to {name}");
    }

    /// What a screen reader hears of the control that got the focus last.
    fn focused(&self) -> Option<WidgetInfo> {
        self.told.iter().rev().find_map(|event| match event {
            OutputEvent::FocusGained(info) => Some(info.clone()),
            _ => None,
        })
    }
}

/// Tab goes once through the page, and every control has its name, and its value where it has one.
#[test]
fn tab_reaches_every_control_and_each_has_a_name() {
    let mut screen = FakeScreen::open("tab");
    for (page, wanted) in [
        (
            "Play",
            &[
                "Presets",
                "Undo",
                "Panic",
                "Mode Trade",
                "Your turn",
                "Temperature",
                "Memory",
                "Tap tempo",
                "Lowest key",
            ][..],
        ),
        ("Set up", &["Tempo from", "Window scale", "Seed", "Look-ahead", "Input channel", "Top-p"]),
    ] {
        screen.click(&format!("Page {page}"));
        let mut names: Vec<String> = Vec::new();
        for _ in 0..60 {
            screen.told.clear();
            screen.key(Key::Tab);
            let Some(info) = screen.focused() else { continue };
            let name = info.label.or(info.hint_text).unwrap_or_default();
            assert!(!name.is_empty(), "a control without a name after {names:?}");
            names.push(name);
        }
        for name in wanted {
            assert!(names.iter().any(|found| found == name), "{page}: no {name} in {names:?}");
        }
    }
    screen.click("Page Play");
    screen.tab_to("Temperature");
    assert_eq!(screen.focused().unwrap().current_text_value.as_deref(), Some("1.000"));
}

#[test]
fn arrows_move_a_control_and_never_the_focus() {
    let mut screen = FakeScreen::open("arrows");
    screen.tab_to("Temperature");
    let focus = screen.ctx.memory(egui::Memory::focused);
    let number = |screen: &FakeScreen| screen.text("temperature").parse::<f32>().unwrap();
    screen.key(Key::ArrowUp);
    let up = number(&screen);
    assert!(up > 1.0);
    screen.hold(Modifiers::SHIFT);
    screen.key(Key::ArrowRight);
    screen.hold(Modifiers::NONE);
    let fine = number(&screen);
    assert!(fine > up && fine - up < (up - 1.0) / 4.0, "{up}, then {fine}");
    screen.key(Key::Home);
    assert_eq!(screen.text("temperature"), "0.050");
    screen.key(Key::Delete);
    assert_eq!(screen.text("temperature"), "1.000");
    assert_eq!(screen.ctx.memory(egui::Memory::focused), focus);
    screen.key(Key::Enter);
    screen.write("0,7");
    screen.key(Key::Enter);
    assert_eq!(screen.text("temperature"), "0.700", "typed with a comma");
    screen.key(Key::Escape);
    assert_eq!(screen.ctx.memory(egui::Memory::focused), None, "Escape gives the keys back");
}

#[test]
fn shift_and_ctrl_are_both_fine() {
    let dragged = |held| {
        let mut screen = FakeScreen::open("fine");
        screen.hold(held);
        screen.drag_up("Temperature", 40.0);
        screen.text("temperature").parse::<f32>().unwrap() - 1.0
    };
    let coarse = dragged(Modifiers::NONE);
    assert!(coarse > 0.1, "{coarse}");
    for held in [Modifiers::SHIFT, Modifiers::CTRL] {
        let fine = dragged(held);
        assert!(fine > 0.0 && fine < coarse / 4.0, "{held:?}: {fine}, without {coarse}");
    }
}

#[test]
fn a_right_click_types_a_value_or_resets() {
    let mut screen = FakeScreen::open("right");
    let right_click = |screen: &mut FakeScreen| {
        screen.click_with("Temperature", PointerButton::Secondary);
        assert_eq!(screen.text("temperature").len(), 5, "a right click changes nothing");
    };
    right_click(&mut screen);
    screen.write("0.5");
    screen.key(Key::Enter);
    assert_eq!(screen.text("temperature"), "0.500");
    right_click(&mut screen);
    screen.write("5");
    screen.key(Key::Enter);
    assert_eq!(screen.text("temperature"), "0.500");
    assert!(screen.notice().contains("must be between 0.050 and 2.000"), "{}", screen.notice());
    right_click(&mut screen);
    screen.click("Temperature reset");
    assert_eq!(screen.text("temperature"), "1.000");
    assert!(!screen.has("Temperature reset"), "the menu is closed");
    screen.click("Undo");
    assert_eq!(screen.text("temperature"), "0.500");
}

/// In the program the piano keys play on while a knob has the focus, but not while one types.
#[test]
fn piano_keys_play_unless_one_types() {
    let mut screen = FakeScreen::open("piano");
    screen.tab_to("Temperature");
    let plays = |screen: &mut FakeScreen| {
        let down = |pressed| Event::Key {
            key: Key::A,
            physical_key: Some(Key::A),
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        screen.frame(vec![down(true)]);
        let is_down = screen.app.data.keys.down() != 0;
        screen.frame(vec![down(false)]);
        is_down
    };
    assert!(plays(&mut screen));
    screen.click("Chart");
    assert!(!plays(&mut screen));
}

/// In the program the space bar is *Your turn*, unless a control or a text field has the keyboard. In a host it is the
/// host's.
#[test]
fn the_space_bar_gives_the_turn_in_the_program_alone() {
    for (api, wanted) in [(PluginApi::Standalone, "On"), (PluginApi::Clap, "Off"), (PluginApi::Vst3, "Off")] {
        let mut screen = FakeScreen::open_in("space", api);
        screen.key(Key::Space);
        assert_eq!(screen.text("your_turn"), wanted, "{api:?}");
        std::thread::sleep(Duration::from_millis(300));
        screen.rest();
        assert_eq!(screen.text("your_turn"), "Off", "it springs back");
    }
    let mut screen = FakeScreen::open("space");
    screen.click("Chart");
    screen.key(Key::Space);
    assert_eq!(screen.text("your_turn"), "Off", "a space in a text");
    screen.key(Key::Escape);
    screen.tab_to("Comping");
    screen.key(Key::Space);
    assert_eq!((screen.text("your_turn"), screen.text("comping")), ("Off".to_owned(), "On".to_owned()));
    screen.key(Key::Escape);
    screen.hold(Modifiers::CTRL);
    screen.key(Key::Space);
    assert_eq!(screen.text("your_turn"), "Off", "a shortcut of the system");
}

/// The pointer reaches only one of two controls of the same name, so there are never two.
#[test]
fn no_page_has_two_controls_of_one_name() {
    let mut screen = FakeScreen::open("twice");
    for page in ["Play", "Stage", "Set up"] {
        screen.click(&format!("Page {page}"));
        for mode in ["Answer", "Trade", "Duet"] {
            screen.click(&format!("Mode {mode}"));
            assert!(screen.app.test_probe.twice.is_empty(), "{page}, {mode}: {:?}", screen.app.test_probe.twice);
        }
    }
}

/// After some taps there is one tempo on the screen, and the parameter has it.
#[test]
fn a_tapped_tempo_is_written_into_tempo() {
    let mut screen = FakeScreen::open("tapped");
    let snapshot = segue_engine::snapshot::Snapshot {
        now: 0.0,
        tempo_bpm: 85.2,
        tempo_is_read: false,
        bars: segue_model::note::Bars { line: segue_model::note::Ticks::ZERO, metre: segue_model::note::Metre::COMMON },
        form: segue_model::note::Ticks::ZERO,
        follows_host: false,
        is_segues_turn: false,
        part: None,
        planned: std::iter::empty().collect(),
    };
    screen.app.data.pages.show(1, &snapshot, None);
    let tap = |screen: &mut FakeScreen, times: u8| {
        for _ in 0..times {
            screen.click("Tap tempo");
            std::thread::sleep(Duration::from_millis(300));
            screen.rest();
        }
        std::thread::sleep(Duration::from_secs(1));
        screen.rest();
        screen.text("tempo")
    };
    assert_eq!(tap(&mut screen, 1), "120.0 bpm", "one tap gives no tempo");
    assert_eq!(tap(&mut screen, 3), "85.2 bpm");
}
