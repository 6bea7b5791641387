//! The button *Capture*: saves into the music folder at once, or into a file that the musician chooses.

use super::EditorData;
use super::controls::button;
use super::file_dialog::{Answer, FileDialog, LOOK_AGAIN, Question};
use super::ui_context::UiContext;
use crate::capture::{self, CaptureError};
use egui::Rect;
use segue_engine::recorder::midi_file::{file, history};
use std::path::PathBuf;

/// The dialog that is open, if any.
#[derive(Default)]
pub struct CaptureButton {
    /// The dialog, and the MIDI file of what had been played when it was opened.
    dialog: Option<(FileDialog, Vec<u8>)>,
}

impl CaptureButton {
    /// Draws the button.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, rect: Rect, data: &EditorData) {
        let tip = "Writes the last ten minutes, yours and Segue's, as a MIDI file into the folder Segue of your music \
                   folder. What was played is always kept: press it when something good has happened. With the right \
                   button you say where.";
        let response = button(cx, rect, "Capture", None, tip);
        if response.clicked() {
            let saved = capture::folder().and_then(|folder| {
                let bytes = last_minutes(data)?;
                capture::save(&bytes, &folder, &style(data))
            });
            cx.say(said(saved));
        }
        if response.secondary_clicked() && self.dialog.is_none() {
            self.ask(cx, data);
        }
    }

    fn ask(&mut self, cx: &mut UiContext<'_>, data: &EditorData) {
        let bytes = match last_minutes(data) {
            Ok(bytes) => bytes,
            Err(error) => {
                cx.say(error.to_string());
                return;
            }
        };
        let question = Question {
            title: "Capture",
            kind: ("MIDI files", "mid"),
            folder: capture::folder().unwrap_or_default(),
            write_as: Some(capture::file_name(&style(data))),
        };
        match FileDialog::open(&question) {
            Ok(dialog) => self.dialog = Some((dialog, bytes)),
            Err(error) => cx.say(format!("{error} The left button captures into your music folder.")),
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
            Answer::File(path) => cx.say(said(capture::write(bytes, &path))),
            Answer::Nothing => {}
        }
        self.dialog = None;
    }
}

fn last_minutes(data: &EditorData) -> Result<Vec<u8>, CaptureError> {
    let params = &data.params;
    let charts = |version, style| params.chart.chart_of(version, style);
    file(&history(&data.pages), &charts).ok_or(CaptureError::Nothing)
}

/// The style's name, which becomes part of the file name.
fn style(data: &EditorData) -> String {
    data.params.model.style.to_string()
}

fn said(saved: Result<PathBuf, CaptureError>) -> String {
    match saved {
        Ok(path) => format!("Captured: {}", path.display()),
        Err(error) => error.to_string(),
    }
}
