//! The scale of the window, which belongs to the musician.

use super::*;

impl FakeScreen {
    fn scale(&mut self, percent: u16) {
        self.click("Page Set up");
        self.click("Window scale");
        self.click(&format!("Window scale: {percent} %"));
        self.rest();
    }

    /// The size of the window in points, and how many points of the system each of them has.
    fn points(&self) -> (Vec2, f32) {
        let zoom = self.ctx.zoom_factor();
        ((self.size / zoom).round(), zoom)
    }
}

/// The window and everything in it has the chosen scale, now and after it was opened again, whatever the song.
#[test]
fn the_window_has_the_scale_that_was_chosen() {
    let mut screen = FakeScreen::open("scale");
    for percent in [150, 75, 200, 100, 125] {
        screen.scale(percent);
        assert_eq!(screen.points(), (vec2(980.0, 690.0), window_scale::factor(percent)), "{percent} %");
    }
    let again = FakeScreen::open_with(screen.folder.clone(), PluginApi::Clap);
    assert_eq!(again.points(), (vec2(980.0, 690.0), 1.25));
}

/// A window that is too small for its scale shows everything smaller, and keeps its size.
#[test]
fn no_control_covers_another_in_a_window_that_is_too_small() {
    let mut screen = FakeScreen::open("small");
    screen.scale(200);
    screen.size = vec2(1290.0, 960.0);
    screen.rest();
    std::thread::sleep(Duration::from_millis(500));
    screen.rest();
    let (points, zoom) = screen.points();
    assert_eq!(screen.size.round(), vec2(1290.0, 960.0));
    assert!((zoom - 1.5).abs() < 0.01 && points.x >= 859.0 && points.y >= 599.0, "{points} at {zoom}");
    screen.size = vec2(2000.0, 1400.0);
    screen.rest();
    std::thread::sleep(Duration::from_millis(500));
    screen.rest();
    assert!((screen.points().1 - 2.0).abs() < 0.01, "with room it has its scale again");
}

#[test]
fn the_program_has_keys_for_the_scale() {
    let percent_after = |api, keys: &[Key]| {
        let mut screen = FakeScreen::open_in("scale-keys", api);
        screen.hold(Modifiers::COMMAND);
        for key in keys {
            screen.key(*key);
        }
        (screen.points().1 * 100.0).round()
    };
    for (keys, wanted) in [
        (&[Key::Plus][..], 125.0),
        (&[Key::Plus, Key::Plus], 150.0),
        (&[Key::Minus], 75.0),
        (&[Key::Minus, Key::Minus], 75.0),
        (&[Key::Plus, Key::Num0], 100.0),
    ] {
        let found: f32 = percent_after(PluginApi::Standalone, keys);
        assert!((found - wanted).abs() < 0.5, "{keys:?}: {found}");
    }
    let found = percent_after(PluginApi::Clap, &[Key::Plus]);
    assert!((found - 100.0).abs() < 0.5, "in a host the keys are the host's: {found}");
}
