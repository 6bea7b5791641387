//! The user's own style: choosing its weights file, and the state of that file.

use super::controls::{button, raised};
use super::file_dialog::{Answer, FileDialog, LOOK_AGAIN, Question};
use super::theme;
use super::ui_context::UiContext;
use crate::params::SegueParams;
use crate::styles::{self, News};
use egui::{Align2, Color32, Id, Rect, ScrollArea, TextEdit, pos2, vec2};
use nice_plug::params::persist::PersistentField;
use nice_plug::prelude::Param;
use std::path::{Path, PathBuf};

/// The text below the field.
const WHAT_IT_IS: &str = "Segue can learn from your own MIDI or ABC tunes: the guide says how. It makes a .segue file; \
                          open that here, and the jam goes on in its style.";
const LONGEST_LIST: f32 = 300.0;

/// The text field, the dialog and the list, while the window is open.
#[derive(Default)]
pub struct OwnStylePanel {
    path: String,
    /// The version of the own file whose path was shown.
    version: Option<u32>,
    found: Vec<PathBuf>,
    dialog: Option<FileDialog>,
}

impl OwnStylePanel {
    /// Checks whether the dialog has been answered. Called on every page.
    pub fn look(&mut self, cx: &mut UiContext<'_>, params: &SegueParams) {
        let Some(dialog) = &mut self.dialog else { return };
        match dialog.look() {
            Answer::Waits => {
                cx.ui.ctx().request_repaint_after(LOOK_AGAIN);
                return;
            }
            Answer::File(path) => load(cx, params, &path),
            Answer::Nothing => {}
        }
        self.dialog = None;
    }

    /// Draws the controls in three rows.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, [first, second, rest]: [Rect; 3], params: &SegueParams) {
        let version = params.own.facts().version;
        if self.version != Some(version) {
            self.version = Some(version);
            self.path = params.own.map(String::clone);
        }
        self.field(cx, first, params);
        let middle = second.center().x;
        let half = theme::GAP / 2.0;
        let left = Rect::from_min_max(second.min, pos2(middle - half, second.bottom()));
        let right = Rect::from_min_max(pos2(middle + half, second.top()), second.max);
        let tip = "Asks for a .segue file. Segue plays it at once, and goes on in its style.";
        if button(cx, left, "Open style…", None, tip).clicked() && self.dialog.is_none() {
            self.ask(cx, params);
        }
        self.list(cx, right, params);
        let (words, colour) = standing(params);
        let galley = cx.ui.painter().layout(words, theme::small(), colour, rest.width());
        cx.ui.painter().galley(rest.min + vec2(0.0, 4.0), galley, colour);
    }

    /// The field for a typed or pasted path.
    fn field(&mut self, cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams) {
        cx.mark("Own style", rect);
        let field = TextEdit::singleline(&mut self.path)
            .id(Id::unique("segue own style"))
            .font(theme::small())
            .hint_text("Or type where it is")
            .align(Align2::LEFT_CENTER)
            .margin(vec2(8.0, 4.0));
        let tip = "The .segue file that is open. Type or paste another path; Enter plays it, or plays it again if the \
                   file has changed.";
        let response = cx.ui.put(rect, field).on_hover_text(tip);
        if response.lost_focus() && cx.ui.input(|input| input.key_pressed(egui::Key::Enter)) {
            match written_path(&self.path) {
                Some(path) => load(cx, params, &path),
                None => cx.warn("Type where a .segue file is, or choose one by Open style… or My styles."),
            }
        }
    }

    fn ask(&mut self, cx: &mut UiContext<'_>, params: &SegueParams) {
        let now = PathBuf::from(params.own.map(String::clone));
        let folder = now.parent().filter(|folder| folder.is_dir()).map(Path::to_owned);
        let folder = folder.or_else(|| styles::weights_folders().into_iter().find(|folder| folder.is_dir()));
        let question = Question {
            title: "A style of your own",
            kind: ("Styles of Segue", "segue"),
            folder: folder.or_else(dirs::home_dir).unwrap_or_default(),
            write_as: None,
        };
        match FileDialog::open(&question) {
            Ok(dialog) => self.dialog = Some(dialog),
            Err(error) => cx.warn(format!("{error} Type where the file is, or choose it under My styles.")),
        }
    }

    /// The list of weights files in the folders where styles are searched for.
    fn list(&mut self, cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams) {
        let tip = "The .segue files in the folder Segue of your data folder and your music folder, and beside the one \
                   that is loaded.";
        let response = raised(cx, "My styles", rect, "My styles", tip);
        if response.clicked() {
            // New files may have been added.
            self.found = styles::weights_files(Path::new(&params.own.map(String::clone)));
        }
        let mut chosen = None;
        let mut rows = Vec::new();
        egui::Popup::menu(&response).gap(2.0).show(|ui| {
            if let (true, Some(folder)) = (self.found.is_empty(), styles::weights_folders().first()) {
                ui.label(format!("None yet. Put them into {}", folder.display()));
            }
            ScrollArea::vertical().max_height(LONGEST_LIST).show(ui, |ui| {
                for path in &self.found {
                    let name = name_of(path);
                    let row = ui.selectable_label(false, &name).on_hover_text(path.display().to_string());
                    rows.push((format!("My styles: {name}"), row.rect));
                    if row.clicked() {
                        chosen = Some(path.clone());
                        ui.close();
                    }
                }
            });
        });
        for (name, rect) in rows {
            cx.mark(&name, rect);
        }
        if let Some(path) = chosen {
            load(cx, params, &path);
        }
    }
}

/// Plays a weights file. If it is refused, the previous style stays.
fn load(cx: &mut UiContext<'_>, params: &SegueParams, path: &Path) {
    match segue_model::weights::card_of(path) {
        Ok(_) => {
            params.own.set(path.display().to_string());
            cx.set(&params.model.style, params.model.style.preview_normalized(i32::from(styles::OWN.0)));
            cx.say(format!("“{}” plays.", name_of(path)));
        }
        Err(error) => cx.warn(format!("{error}. {} keeps playing.", params.model.style)),
    }
}

/// The state of the file as a sentence.
fn standing(params: &SegueParams) -> (String, Color32) {
    if let Some(problem) = params.own.problem() {
        let folder = styles::weights_folders().first().map(|folder| folder.display().to_string());
        let there = folder.map(|folder| format!(", or into {folder}")).unwrap_or_default();
        return (format!("{problem}. Put it back{there}, under any name, and open it."), theme::WRONG);
    }
    match params.own.news() {
        Some(news @ News::Changed { .. }) => (news.to_string(), theme::WRONG),
        Some(news @ News::Moved { .. }) => (news.to_string(), theme::TEXT),
        None => {
            let path = PathBuf::from(params.own.map(String::clone));
            let place = path.parent().map(|folder| format!("{}, in {}.", name_of(&path), folder.display()));
            (place.unwrap_or_else(|| WHAT_IT_IS.to_owned()), theme::DIM)
        }
    }
}

/// The path in a text that was typed, or copied from a terminal or a file manager.
fn written_path(text: &str) -> Option<PathBuf> {
    let text = text.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let text = quoted.unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    if let Some(address) = text.strip_prefix("file://") {
        return Some(plain(address).into());
    }
    match (text.strip_prefix("~/"), dirs::home_dir()) {
        (Some(rest), Some(home)) => Some(home.join(rest)),
        _ => Some(text.into()),
    }
}

/// Decodes the percent signs of a file address.
fn plain(address: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = address.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = behind.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_understood_as_it_is_typed_and_as_it_is_copied() {
        let home = dirs::home_dir().unwrap();
        for (text, path) in [
            (" /a/b c.segue\n", Some("/a/b c.segue".into())),
            ("'/a/b c.segue'", Some("/a/b c.segue".into())),
            ("\"/a/b.segue\"", Some("/a/b.segue".into())),
            ("file:///a/b%20c%C3%BC.segue", Some("/a/b cü.segue".into())),
            ("file:///a/100%.segue", Some("/a/100%.segue".into())),
            ("~/mine.segue", Some(home.join("mine.segue"))),
            ("\"", Some("\"".into())),
            ("  ", None),
            ("''", None),
        ] {
            assert_eq!(written_path(text), path, "{text}");
        }
    }
}
