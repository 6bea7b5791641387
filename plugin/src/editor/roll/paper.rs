//! What lies under and beside the notes: the rows of the keys, their names, and whose colour is whose.

use super::RollView;
use crate::editor::theme;
use egui::{Align2, Painter, Rect, Stroke, pos2, vec2};

/// The width of the strip with the names of the keys, as wide as the longest name.
pub(super) const STRIP: f32 = 26.0;

impl RollView {
    pub(super) fn rows(&self, painter: &Painter) {
        painter.rect_filled(self.rect, 0.0, theme::PAPER);
        for key in 0..=127_u8 {
            let at = f32::from(key);
            if at < self.keys.0 - 1.0 || at > self.keys.1 + 1.0 {
                continue;
            }
            let row = Rect::from_min_size(pos2(self.rect.left(), self.y(at)), vec2(self.rect.width(), self.row()));
            if matches!(key % 12, 1 | 3 | 6 | 8 | 10) {
                painter.rect_filled(row.intersect(self.field), 0.0, theme::PAPER_DARK);
            }
        }
        for octave in 0..=10_u8 {
            let y = self.y(f32::from(octave * 12)) + self.row();
            if self.field.y_range().contains(y) {
                painter.hline(self.field.x_range(), y, Stroke::new(1.0, theme::CARD));
            }
        }
        let head = Rect::from_min_max(self.rect.min, pos2(self.rect.right(), self.field.top()));
        painter.rect_filled(head, 0.0, theme::GROUND);
    }

    /// The strip with the names of the keys, at the left edge.
    pub(super) fn octaves(&self, painter: &Painter) {
        let strip = Rect::from_min_size(self.field.min, vec2(STRIP, self.field.height()));
        painter.rect_filled(strip, 0.0, theme::PAPER);
        painter.vline(strip.right(), strip.y_range(), Stroke::new(1.0, theme::CARD));
        for octave in 0..=10_u8 {
            let y = self.y(f32::from(octave * 12)) + self.row();
            let name = format!("C{}", i16::from(octave) - 1);
            let galley = painter.layout_no_wrap(name, theme::tiny(), theme::QUIET);
            let place = Align2::RIGHT_BOTTOM.anchor_size(pos2(strip.right() - 4.0, y - 1.0), galley.size());
            if strip.contains_rect(place) {
                painter.hline(strip.x_range(), y, Stroke::new(1.0, theme::CARD));
                painter.galley(place.min, galley, theme::QUIET);
            }
        }
    }

    pub(super) fn legend(&self, painter: &Painter) {
        let mut x = self.rect.right() - 10.0;
        let y = self.rect.bottom() - 12.0;
        let behind = Rect::from_min_max(self.rect.max - vec2(112.0, 22.0), self.rect.max);
        painter.rect_filled(behind, 0.0, theme::PAPER);
        for (name, colour) in [("Segue", theme::SEGUE), ("You", theme::PLAYER)] {
            let drawn = painter.text(pos2(x, y), Align2::RIGHT_CENTER, name, theme::small(), theme::DIM);
            let dot = Rect::from_center_size(pos2(drawn.left() - 9.0, y), vec2(10.0, 6.0));
            painter.rect_filled(dot, 2.0, colour);
            x = dot.left() - 14.0;
        }
    }
}
