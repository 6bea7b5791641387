//! The button *Forget*, which asks first, because what is forgotten cannot be had back.

use super::controls::button_as;
use super::theme;
use super::ui_context::UiContext;
use egui::Rect;
use nice_plug::prelude::{BoolParam, Param};
use std::time::{Duration, Instant};

/// How long the button asks.
const ASKS: Duration = Duration::from_secs(4);

/// The button, and since when it asks.
#[derive(Default)]
pub struct ForgetButton {
    asked: Option<Instant>,
}

impl ForgetButton {
    /// Draws the button.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, rect: Rect, param: &BoolParam) {
        let remaining = self.asked.and_then(|asked| ASKS.checked_sub(asked.elapsed()));
        let (face, accent) = if remaining.is_some() { ("Sure?", Some(theme::WRONG)) } else { (param.name(), None) };
        let tip =
            "Segue forgets what was played in this session; that cannot be undone. The tunes that it learnt stay.";
        let is_pressed = button_as(cx, rect, param.name(), face, accent, tip).clicked();
        match (is_pressed, remaining) {
            (true, Some(_)) => {
                self.asked = None;
                cx.pulse(param);
                cx.say("Forgotten. Segue's memory of this session is empty.");
            }
            (true, None) => self.asked = Some(Instant::now()),
            (false, Some(remaining)) => cx.ui.ctx().request_repaint_after(remaining),
            (false, None) => self.asked = None,
        }
    }
}
