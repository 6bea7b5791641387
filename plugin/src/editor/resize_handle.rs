//! The corner with which the window is resized, for hosts whose windows cannot be.

use super::theme;
use super::ui_context::UiContext;
use crate::host_adapter::editor_window::SizeRequest;
use crate::params::LEAST_SIZE;
use egui::{CursorIcon, Rect, Sense, Stroke, Vec2, ViewportCommand, pos2, vec2};

const SIDE: f32 = 16.0;

/// The drag in progress, if any.
#[derive(Default)]
pub struct ResizeHandle {
    /// The window's size when the drag began.
    began: Option<Vec2>,
    /// The size that was requested last.
    asked: Option<Vec2>,
}

impl ResizeHandle {
    /// Draws the corner.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, size_request: &SizeRequest) {
        let all = cx.ui.max_rect();
        let corner = Rect::from_min_max(all.max - Vec2::splat(SIDE), all.max);
        let response = cx.area("Corner", corner, Sense::drag(), "").on_hover_cursor(CursorIcon::ResizeNwSe);
        let colour = if response.hovered() || response.dragged() { theme::DIM } else { theme::FAINT };
        for inset in [4.0, 8.0, 12.0] {
            let line = [
                pos2(corner.right() - 2.0, corner.bottom() - inset),
                pos2(corner.right() - inset, corner.bottom() - 2.0),
            ];
            cx.ui.painter().line_segment(line, Stroke::new(1.0, colour));
        }
        if let Some(moved) = response.total_drag_delta().filter(|_| response.dragged()) {
            let began = *self.began.get_or_insert(all.size());
            let wanted = (began + moved).max(vec2(LEAST_SIZE.0, LEAST_SIZE.1)).round();
            let zoom = cx.ui.ctx().zoom_factor();
            if self.asked.replace(wanted) != Some(wanted) && !size_request.ask((wanted * zoom).into()) {
                cx.ui.ctx().send_viewport_cmd(ViewportCommand::InnerSize(wanted));
            }
        } else {
            *self = Self::default();
        }
    }
}
