//! Every letter that the window can show is in its fonts.

use super::*;
use std::collections::BTreeMap;
use std::path::Path;

/// The letters that none of the window's fonts has, with what they were found in.
fn missing(texts: impl IntoIterator<Item = (String, String)>) -> BTreeMap<char, String> {
    let screen = FakeScreen::open("letters");
    let fonts = [theme::body(), theme::chart()];
    let mut missing = BTreeMap::new();
    screen.ctx.fonts_mut(|view| {
        for (place, text) in texts {
            for letter in text.chars().filter(|letter| !letter.is_control()) {
                if !fonts.iter().all(|font| view.has_glyph(font, letter)) {
                    missing.entry(letter).or_insert(place.clone());
                }
            }
        }
    });
    missing
}

/// The lines of the sources in a folder, without comments.
fn code(folder: &Path, lines: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code(&path, lines);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("letters.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let is_code = |line: &&str| !line.trim_start().starts_with("//");
            lines.extend(text.lines().filter(is_code).map(|line| (path.display().to_string(), line.to_owned())));
        }
    }
}

#[test]
fn every_letter_of_the_window_is_in_its_fonts() {
    let mut texts = Vec::new();
    let params = SegueParams::default();
    for (id, setting) in params.each() {
        texts.push((id.clone(), setting.name()));
        texts.extend((0..=127_u8).map(|step| (id.clone(), setting.text(f32::from(step) / 127.0))));
    }
    for entry in crate::preset::Shelf::open_at(None).entries() {
        texts.push((entry.preset.name.clone(), entry.preset.text()));
    }
    // What the window and the presets say stands in the code; musicians write flats and sharps into charts.
    texts.push(("charts".to_owned(), "♭♯♮°–—…“”‘’äöüßéèñçåø".to_owned()));
    code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    assert_eq!(missing(texts), BTreeMap::new());
    let found = missing([("a script that nobody expects here".to_owned(), "C漢".to_owned())]);
    assert_eq!(found.keys().collect::<Vec<_>>(), [&'漢'], "a letter that is missing is found");
}
