//! The scale of the window, which the musician chooses and which holds for all songs.

use super::fixture::{Fixture, passes_on_a_screen_of_its_own};
use segue_tests::window::wait_until;

#[test]
fn a_window_grows_with_its_scale_and_opens_with_it_again() {
    passes_on_a_screen_of_its_own("editor::scale::one_and_a_half");
}

/// Chooses a scale in the open window, and does what a host does when it is asked for a size.
fn choose(editor: &mut Fixture, percent: u16, size: (u16, u16)) {
    let row = format!("Window scale: {percent} %");
    editor.window.open_list("Window scale", &row).unwrap();
    editor.window.click_row(&row).unwrap();
    let (width, height) = (u32::from(size.0), u32::from(size.1));
    let asked = wait_until("the host is asked", || {
        editor.instance.serve();
        editor.instance.take_asked_size() == Some((width, height))
    });
    asked.unwrap();
    editor.window.resize(width, height).unwrap();
    has_size(editor, size);
    // The places of controls are reported in points.
    editor.window.scale = f32::from(percent) / 100.0;
    editor.photograph(&format!("scale-{percent}.png"));
    has_size(editor, size);
    assert_eq!(editor.saved("window"), "[980.0,690.0]", "a song keeps points");
}

fn has_size(editor: &Fixture, size: (u16, u16)) {
    let reached = wait_until("its size", || editor.window.editor_size().unwrap() == Some(size));
    assert!(reached.is_ok(), "the editor has {:?} pixels, not {size:?}", editor.window.editor_size());
}

#[test]
#[ignore = "runs on a screen of its own"]
fn one_and_a_half() {
    let mut editor = Fixture::set_up(&[("Style", "Jazz")], (0, 0), 1.0);
    editor.window.click("Page Set up").unwrap();
    choose(&mut editor, 150, (1470, 1035));
    editor.close();
    // The system's own scale stays as it is.
    editor.window.scale = 1.0;
    editor.open();
    editor.window.scale = 1.5;
    has_size(&editor, (1470, 1035));
    editor.window.click("Page Set up").unwrap();
    choose(&mut editor, 100, (980, 690));
    choose(&mut editor, 200, (1960, 1380));
    editor.close();
    editor.end();
}
