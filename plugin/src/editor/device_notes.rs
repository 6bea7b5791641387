//! Sound and MIDI devices in the window of the program without a host: what is missing, and who plays.

use super::theme;
use super::ui_context::UiContext;
use crate::devices::Devices;
use egui::{Rect, pos2};

/// The height of one sentence.
const NOTE_LINE: f32 = 18.0;
/// The distance from the left edge of the roll, where the names of the octaves stand.
const INDENT: f32 = 44.0;

/// Draws the sentences about devices at the foot of the roll.
pub fn draw(cx: &mut UiContext<'_>, roll: Rect, devices: &dyn Devices) {
    let view = devices.view();
    let width = roll.width() - 2.0 * INDENT;
    let mut bottom = roll.bottom() - 6.0;
    for note in view.notes.iter().rev() {
        let colour = if note.is_warning { theme::WRONG } else { theme::DIM };
        let painter = cx.ui.painter();
        let words = theme::elided(painter, &note.text, theme::body(), colour, width);
        let place = Rect::from_min_size(pos2(roll.left() + INDENT, bottom - NOTE_LINE), words.size());
        painter.rect_filled(place.expand2(egui::vec2(6.0, 1.0)), theme::RADIUS, theme::PAPER);
        painter.galley(place.min, words, colour);
        cx.mark(&format!("Devices: {}", note.text), place);
        bottom -= NOTE_LINE + 4.0;
    }
}
