//! Sound and MIDI devices in the window of the program without a host: what is missing, who plays, and the lists to
//! choose from.

use super::controls::{LINE, card, label, raised};
use super::theme;
use super::ui_context::UiContext;
use crate::devices::{DeviceList, DeviceListKind, Devices};
use egui::{Popup, PopupCloseBehavior, Rect, ScrollArea, pos2, vec2};

/// The distance from the left edge of the roll, where the names of the octaves stand, and from its foot, where the
/// numbers of the bars stand.
const INDENT: egui::Vec2 = vec2(44.0, 22.0);
/// The distance between two sentences.
const APART: f32 = 4.0;
/// The height of the card with the lists.
pub const HEIGHT: f32 = LINE + 10.0;
/// The width of a list's name.
const LIST_NAME: f32 = 58.0;
const LONGEST_LIST: f32 = 300.0;

/// Draws the sentences about devices at the foot of the roll: warnings always, hints as long as nothing was played.
pub fn notes(cx: &mut UiContext<'_>, roll: Rect, devices: &dyn Devices, is_unplayed: bool) {
    let view = devices.view();
    let mut bottom = roll.bottom() - INDENT.y;
    for note in view.notes.iter().rev().filter(|note| note.is_warning || is_unplayed) {
        let colour = if note.is_warning { theme::WRONG } else { theme::DIM };
        let painter = cx.ui.painter();
        let words = painter.layout(note.text.clone(), theme::body(), colour, roll.width() - 2.0 * INDENT.x);
        let place = Rect::from_min_size(pos2(roll.left() + INDENT.x, bottom - words.size().y), words.size());
        painter.rect_filled(place.expand2(vec2(6.0, 1.0)), theme::RADIUS, theme::PAPER);
        painter.galley(place.min, words, colour);
        cx.mark(&format!("Devices: {}", note.text), place);
        bottom = place.top() - APART;
    }
}

/// Draws the lists of devices side by side.
pub fn lists(cx: &mut UiContext<'_>, rect: Rect, devices: &dyn Devices) {
    card(cx, rect, "");
    let inside = rect.shrink2(vec2(12.0, (rect.height() - LINE) / 2.0));
    let view = devices.view();
    let mut left = inside.left();
    for (index, list) in view.lists.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let width = (inside.right() - left + theme::GAP) / (view.lists.len() - index) as f32 - theme::GAP;
        let place = Rect::from_min_size(pos2(left, inside.top()), vec2(width, LINE));
        if let Some(name) = self::list(cx, place, list) {
            devices.choose(list.kind, &name);
        }
        left += width + theme::GAP;
    }
}

/// Draws one list. Returns the row that was clicked.
fn list(cx: &mut UiContext<'_>, rect: Rect, list: &DeviceList) -> Option<String> {
    let (name, tip) = match list.kind {
        DeviceListKind::Audio => {
            ("Audio", "What makes the sound. One that is chosen and gone is used again when it is back.")
        }
        DeviceListKind::MidiInput => ("MIDI in", "The keyboards that Segue hears. Several may be chosen."),
        DeviceListKind::MidiOutput => ("MIDI out", "Where Segue's notes go, too. Several may be chosen."),
    };
    label(cx, Rect::from_min_size(rect.min, vec2(LIST_NAME, rect.height())), name);
    let field = Rect::from_min_max(rect.min + vec2(LIST_NAME, 1.0), rect.max - vec2(0.0, 1.0));
    let response = raised(cx, &format!("{name} devices"), field, &list.shown, &format!("{}\n{tip}", list.shown));
    let (mut clicked, mut drawn) = (None, Vec::new());
    let closes = if list.kind == DeviceListKind::Audio {
        PopupCloseBehavior::CloseOnClick
    } else {
        PopupCloseBehavior::CloseOnClickOutside
    };
    Popup::menu(&response).width(field.width()).gap(2.0).close_behavior(closes).show(|ui| {
        ui.set_min_width(field.width() - 2.0 * theme::GAP);
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        ScrollArea::vertical().max_height(LONGEST_LIST).show(ui, |ui| {
            for row in &list.rows {
                let line = ui.selectable_label(row.is_chosen, &row.name);
                drawn.push((format!("{name}: {}", row.name), line.rect));
                if line.clicked() {
                    clicked = Some(row.name.clone());
                }
            }
        });
    });
    for (row, place) in drawn {
        cx.mark(&row, place);
    }
    clicked
}
