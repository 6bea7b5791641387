//! Capture: into the music folder at once, or where the musician says.

use super::Scene;
use super::board::Board;
use super::chooser::{Answer, Chooser, LOOK_AGAIN, Question};
use super::controls::button;
use crate::capture::{self, CaptureError};
use egui::Rect;
use segue_engine::recorder::midi_file::{file, history};
use std::path::PathBuf;

/// What is remembered of it while the window is open.
#[derive(Default)]
pub struct Capturing {
    /// What had been played when the dialog was opened.
    dialog: Option<(Chooser, Vec<u8>)>,
}

impl Capturing {
    /// Draws the button.
    pub fn draw(&mut self, board: &mut Board<'_>, rect: Rect, scene: &Scene) {
        let tip = "Writes the last ten minutes, yours and Segue's, as a MIDI file into the folder Segue of your music \
                   folder. What was played is always kept: press it when something good has happened. With the right \
                   button you say where.";
        let response = button(board, rect, "Capture", None, tip);
        if response.clicked() {
            let saved = capture::folder().and_then(|folder| {
                let bytes = last_minutes(scene)?;
                capture::save(&bytes, &folder, &style(scene))
            });
            board.say(said(saved));
        }
        if response.secondary_clicked() && self.dialog.is_none() {
            self.ask(board, scene);
        }
    }

    fn ask(&mut self, board: &mut Board<'_>, scene: &Scene) {
        let bytes = match last_minutes(scene) {
            Ok(bytes) => bytes,
            Err(error) => {
                board.say(error.to_string());
                return;
            }
        };
        let question = Question {
            title: "Capture",
            kind: ("MIDI files", "mid"),
            folder: capture::folder().unwrap_or_default(),
            write_as: Some(capture::file_name(&style(scene))),
        };
        match Chooser::open(&question) {
            Ok(dialog) => self.dialog = Some((dialog, bytes)),
            Err(error) => board.say(format!("{error} The left button captures into your music folder.")),
        }
    }

    /// Looks whether the dialog has an answer.
    pub fn look(&mut self, board: &mut Board<'_>) {
        let Some((dialog, bytes)) = &mut self.dialog else { return };
        match dialog.look() {
            Answer::Waits => {
                board.ui.ctx().request_repaint_after(LOOK_AGAIN);
                return;
            }
            Answer::File(path) => board.say(said(capture::write(bytes, &path))),
            Answer::Nothing => {}
        }
        self.dialog = None;
    }
}

fn last_minutes(scene: &Scene) -> Result<Vec<u8>, CaptureError> {
    let params = &scene.params;
    let charts = |version, style| params.chart.chart_of(version, style);
    file(&history(&scene.pages), &charts).ok_or(CaptureError::Nothing)
}

/// The style's name, for that of the file.
fn style(scene: &Scene) -> String {
    scene.params.mind.style.to_string()
}

fn said(saved: Result<PathBuf, CaptureError>) -> String {
    match saved {
        Ok(path) => format!("Captured: {}", path.display()),
        Err(error) => error.to_string(),
    }
}
