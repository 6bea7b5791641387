//! The button *Capture*: saves what was played into the music folder at once, or, from its menu, a part of it, into a
//! file that the musician chooses.

mod extent;

use super::EditorData;
use super::controls::{button, menu_arrow};
use super::file_dialog::{Answer, FileDialog, LOOK_AGAIN, Question};
use super::theme;
use super::ui_context::UiContext;
use crate::capture::{self, CaptureError};
use egui::{OpenUrl, Popup, Rect, vec2};
use extent::CaptureExtent;
use segue_engine::recorder::midi_file::{file, history};
use std::path::PathBuf;

/// The width of the button that opens the menu.
const ARROW: f32 = 22.0;

/// The dialog that is open, if any, and where captures go.
pub struct CaptureButton {
    /// The dialog, and the MIDI file of what had been played when it was opened.
    dialog: Option<(FileDialog, Vec<u8>)>,
    folder: Option<PathBuf>,
}

impl Default for CaptureButton {
    fn default() -> Self {
        Self { dialog: None, folder: capture::folder().ok() }
    }
}

/// What the menu offers.
#[derive(Debug, Clone, Copy)]
enum CaptureRow {
    Save(CaptureExtent),
    SaveAs,
    OpenFolder,
}

impl CaptureButton {
    /// Keeps captures in another folder.
    #[cfg(test)]
    pub fn keep_in(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    /// Draws the button, and beside it the one that opens the menu.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, rect: Rect, data: &EditorData) {
        let face = Rect::from_min_max(rect.min, rect.max - vec2(ARROW + 2.0, 0.0));
        let arrow = Rect::from_min_max(rect.max - vec2(ARROW, rect.height()), rect.max);
        let tip = "Writes the last ten minutes, yours and Segue's, as a MIDI file into the folder Segue of your music \
                   folder. What was played is always kept: press it when something good has happened. The arrow and \
                   the right button have more.";
        let response = button(cx, face, "Capture", Some(theme::SEGUE_TEXT), tip);
        let mut row = response.clicked().then_some(CaptureRow::Save(CaptureExtent::All));
        let opener = menu_arrow(cx, "Capture menu", arrow, "Captures a part, or in another place; opens the folder.");
        let mut places = Vec::new();
        let (mut from_arrow, mut from_right) = (None, None);
        Popup::menu(&opener).gap(2.0).show(|ui| from_arrow = menu(ui, &mut places));
        Popup::context_menu(&response).show(|ui| from_right = menu(ui, &mut places));
        for (name, rect) in places {
            cx.mark(&name, rect);
        }
        row = row.or(from_arrow).or(from_right);
        match row {
            Some(CaptureRow::Save(extent)) => self.save(cx, data, extent),
            Some(CaptureRow::SaveAs) if self.dialog.is_none() => self.ask(cx, data),
            Some(CaptureRow::OpenFolder) => self.open_folder(cx),
            Some(CaptureRow::SaveAs) | None => {}
        }
    }

    fn save(&self, cx: &mut UiContext<'_>, data: &EditorData, extent: CaptureExtent) {
        let saved = self.folder.as_ref().ok_or(CaptureError::NoFolder).and_then(|folder| {
            let bytes = played(data, extent)?;
            capture::save(&bytes, folder, &style(data))
        });
        say(cx, saved);
    }

    fn open_folder(&self, cx: &mut UiContext<'_>) {
        let opened = self.folder.as_ref().ok_or(CaptureError::NoFolder).and_then(|folder| {
            capture::make(folder)?;
            cx.ui.ctx().open_url(OpenUrl::new_tab(folder.display()));
            Ok(())
        });
        if let Err(error) = opened {
            cx.warn(error.to_string());
        }
    }

    fn ask(&mut self, cx: &mut UiContext<'_>, data: &EditorData) {
        let bytes = match played(data, CaptureExtent::All) {
            Ok(bytes) => bytes,
            Err(error) => {
                cx.warn(error.to_string());
                return;
            }
        };
        let question = Question {
            title: "Capture",
            kind: ("MIDI files", "mid"),
            folder: self.folder.clone().unwrap_or_default(),
            write_as: Some(capture::file_name(&style(data))),
        };
        match FileDialog::open(&question) {
            Ok(dialog) => self.dialog = Some((dialog, bytes)),
            Err(error) => cx.warn(format!("{error} The button Capture saves into your music folder.")),
        }
    }

    /// Checks whether the dialog has been answered.
    pub fn look(&mut self, cx: &mut UiContext<'_>) {
        let Some((dialog, bytes)) = &mut self.dialog else { return };
        match dialog.look() {
            Answer::Waits => {
                cx.ui.ctx().request_repaint_after(LOOK_AGAIN);
                return;
            }
            Answer::File(path) => say(cx, capture::write(bytes, &path)),
            Answer::Nothing => {}
        }
        self.dialog = None;
    }
}

/// The rows of the menu.
fn menu(ui: &mut egui::Ui, places: &mut Vec<(String, Rect)>) -> Option<CaptureRow> {
    let mut chosen = None;
    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
    for (words, row) in [
        ("The last answer", CaptureRow::Save(CaptureExtent::LastAnswer)),
        ("The last sixteen bars", CaptureRow::Save(CaptureExtent::SixteenBars)),
        ("All, up to ten minutes", CaptureRow::Save(CaptureExtent::All)),
        ("All, in another place…", CaptureRow::SaveAs),
        ("Open the folder", CaptureRow::OpenFolder),
    ] {
        let response = ui.button(words);
        places.push((format!("Capture: {words}"), response.rect));
        if response.clicked() {
            chosen = Some(row);
            ui.close();
        }
    }
    chosen
}

/// What was played, as a MIDI file.
fn played(data: &EditorData, extent: CaptureExtent) -> Result<Vec<u8>, CaptureError> {
    let params = &data.params;
    let charts = |version, style| params.chart.chart_of(version, style);
    let mut history = history(&data.pages);
    if history.notes.is_empty() {
        return Err(CaptureError::Nothing);
    }
    extent.cut(&mut history);
    file(&history, &charts).ok_or(CaptureError::NoAnswer)
}

/// The style's name, which becomes part of the file name.
fn style(data: &EditorData) -> String {
    data.params.model.style.to_string()
}

fn say(cx: &mut UiContext<'_>, saved: Result<PathBuf, CaptureError>) {
    match saved {
        Ok(path) => cx.say(format!("Captured: {}", path.display())),
        Err(error) => cx.warn(error.to_string()),
    }
}
