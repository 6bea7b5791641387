//! The range of Segue's notes: a strip of keys with two handles. Keys that sound are lit, and in the program without a
//! host the keys can be played with the mouse.

use super::roll::colour_of;
use super::theme;
use super::ui_context::UiContext;
use crate::keyboard::HeldKeys;
use egui::{Align2, Pos2, Rect, Sense, Shape, Stroke, pos2, vec2};
use nice_plug::prelude::{IntParam, Param};
use segue_engine::host::NoteSource;
use segue_model::note::Pitch;

/// The highest key.
const TOP: f32 = 127.0;

/// The height of the names of the keys.
const NAMES: f32 = 12.0;

/// The key that the mouse plays.
#[derive(Debug, Default)]
pub struct KeyStrip {
    held: Option<Pitch>,
}

impl KeyStrip {
    /// Plays the keys of the strip with the mouse. To be called before the handles are drawn, which lie above the keys.
    pub fn play(&mut self, cx: &mut UiContext<'_>, rect: Rect, held: &HeldKeys) {
        let keys = keys_of(rect);
        let response =
            cx.area("Keys", keys, Sense::CLICK | Sense::DRAG, "Play a key. Drag a handle for Segue's range.");
        // A quick click may go down and up within one frame.
        let is_down = response.is_pointer_button_down_on() || response.clicked() && self.held.is_none();
        let pointer = response.interact_pointer_pos().filter(|_| is_down);
        let wanted = pointer.and_then(|pointer| key_at(keys, pointer));
        if wanted == self.held {
            return;
        }
        if let Some(before) = self.held {
            held.set(before, false);
        }
        if let Some(key) = wanted {
            held.set(key, true);
            cx.ui.ctx().request_repaint();
        }
        self.held = wanted;
    }
}

/// The part of the strip with the keys.
fn keys_of(rect: Rect) -> Rect {
    Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - NAMES))
}

/// The key at a point of the strip.
fn key_at(keys: Rect, point: Pos2) -> Option<Pitch> {
    let part = (point.x - keys.left()) / keys.width();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a key; `as` saturates")]
    let key = (part * (TOP + 1.0)) as u8;
    keys.expand(1.0).contains(point).then(|| Pitch::new(key)).flatten()
}

/// Draws the strip. A handle takes the other one along.
pub fn range(cx: &mut UiContext<'_>, rect: Rect, low: &IntParam, high: &IntParam, sounding: &[Option<NoteSource>]) {
    let key_width = rect.width() / (TOP + 1.0);
    let left_of = |key: f32| rect.left() + key * key_width;
    let keys = keys_of(rect);
    let (from, to) = (key(low, cx.value(low)), key(high, cx.value(high)));
    let painter = cx.ui.painter();
    painter.rect_filled(keys, 3.0, theme::GROUND);
    for number in 0..=Pitch::MAX.key() {
        let at = f32::from(number);
        let is_black = matches!(number % 12, 1 | 3 | 6 | 8 | 10);
        let is_in = at >= from && at <= to;
        let colour = match (sounding.get(usize::from(number)).copied().flatten(), is_in, is_black) {
            (Some(who), _, _) => colour_of(who),
            (None, true, false) => theme::IVORY,
            (None, false, false) => theme::EDGE,
            (None, _, true) => theme::GROUND,
        };
        let height = if is_black { keys.height() * 0.62 } else { keys.height() };
        let body = Rect::from_min_size(pos2(left_of(at), keys.top()), vec2(key_width - 0.8, height));
        painter.rect_filled(body, 0.0, colour);
        if number % 12 == 0 {
            let name = i16::from(number / 12) - 1;
            let at = pos2(left_of(at), rect.bottom() + 1.0);
            painter.text(at, Align2::LEFT_BOTTOM, format!("C{name}"), theme::tiny(), theme::QUIET);
        }
    }
    let reach = Rect::from_min_max(pos2(left_of(from), keys.bottom() - 3.0), pos2(left_of(to + 1.0), keys.bottom()));
    cx.ui.painter().rect_filled(reach, 0.0, theme::SEGUE);
    let points = rect.width() / 180.0;
    let bounds = [
        (low, left_of(from), Align2::RIGHT_TOP, "Segue plays no key below this one."),
        (high, left_of(to + 1.0), Align2::LEFT_TOP, "Segue plays no key above this one."),
    ];
    for (param, x, side, tip) in bounds {
        let resize_handle = Rect::from_center_size(pos2(x, keys.center().y), vec2(18.0, keys.height() + 8.0));
        // The strip covers the whole range, so the handle stays under the pointer.
        let response = cx.draggable(param, resize_handle, tip, |moved| moved.x / points);
        let lit = response.hovered() || response.dragged();
        let painter = cx.ui.painter();
        let colour = if lit { theme::PLAYER } else { theme::TEXT };
        painter.vline(x, keys.y_range(), Stroke::new(2.0, colour));
        let top = pos2(x, keys.top() - 1.0);
        let flag = vec![top + vec2(-6.0, -6.0), top + vec2(6.0, -6.0), top + vec2(0.0, 2.0)];
        painter.add(Shape::convex_polygon(flag, colour, Stroke::NONE));
        if lit {
            let name = param.normalized_value_to_string(cx.value(param), true);
            let shift = if side == Align2::RIGHT_TOP { -10.0 } else { 10.0 };
            cx.text(pos2(x + shift, keys.top() + 2.0), side, name, theme::small(), theme::TEXT);
        }
    }
    keep_apart(cx, low, high);
}

fn key(param: &IntParam, normalized: f32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a key")]
    let key = param.preview_plain(normalized) as f32;
    key
}

/// Keeps the handles in order: pushing one beyond the other moves both.
fn keep_apart(cx: &mut UiContext<'_>, low: &IntParam, high: &IntParam) {
    if cx.value(low) <= cx.value(high) {
        return;
    }
    if cx.is_dragged(low) {
        cx.set(high, cx.value(low));
    } else if cx.is_dragged(high) {
        cx.set(low, cx.value(high));
    }
}
