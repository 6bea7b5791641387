//! The scale of the window: everything in it grows, letters too, and the window grows with it. It belongs to the
//! musician, not to a song.

use super::controls;
use super::ui_context::UiContext;
use crate::host_adapter::editor_window::SizeRequest;
use crate::params::LEAST_SIZE;
use crate::preferences::{PreferencesFile, SCALES};
use egui::{Context, Key, Modifiers, Rect, Vec2, ViewportCommand};
use std::time::{Duration, Instant};

/// A window is too small or too large for its scale for this long before the scale follows: a host may still be about
/// to resize it.
const SETTLED: Duration = Duration::from_millis(200);
/// Scales that differ by less look the same.
const SAME: f32 = 0.005;

/// A scale in percent as a factor.
pub fn factor(percent: u16) -> f32 {
    f32::from(percent) / 100.0
}

/// The least size of a window at a scale in percent, in points of the system.
pub fn least(percent: u16) -> (f32, f32) {
    (LEAST_SIZE.0 * factor(percent), LEAST_SIZE.1 * factor(percent))
}

/// The scale that is wanted, and what the window allows.
#[derive(Debug)]
pub struct WindowScale {
    wanted: u16,
    /// Since when the window asks for another factor than it has.
    unfit: Option<Instant>,
    /// The size that the window shall have once the factor has changed, in points of the system.
    keeps: Option<Vec2>,
}

impl WindowScale {
    /// Begins with the scale that was chosen last, in percent.
    pub fn new(percent: u16) -> Self {
        Self { wanted: percent, unfit: None, keeps: None }
    }

    /// Where the window is too small for its scale, everything in it gets smaller, so that no control covers another.
    pub fn follow(&mut self, ctx: &Context, points: Vec2) {
        let now = ctx.zoom_factor();
        let size = points * now;
        if let Some(size) = self.keeps.take() {
            // egui-baseview resizes the window whenever the factor changes, from whatever size it has then.
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(size / now));
        }
        let fits = (size.x / LEAST_SIZE.0).min(size.y / LEAST_SIZE.1);
        let next = factor(self.wanted).min(fits).max(factor(SCALES[0]));
        if (next - now).abs() < SAME {
            self.unfit = None;
        } else if self.unfit.get_or_insert_with(Instant::now).elapsed() >= SETTLED {
            self.unfit = None;
            self.keeps = Some(size);
            ctx.set_zoom_factor(next);
        } else {
            ctx.request_repaint_after(SETTLED);
        }
    }

    /// Draws the list of scales in a row, and hears the keys that change the scale in the program.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, rect: Rect, file: &PreferencesFile, size_request: &SizeRequest) {
        let tip = "The size of everything in the window, for all songs. In the program also Ctrl and plus, minus or 0.";
        let face = format!("{} %", self.wanted);
        let rows: Vec<(String, bool)> =
            SCALES.iter().map(|percent| (format!("{percent} %"), *percent == self.wanted)).collect();
        let field = controls::named_field(cx, rect, "Window scale");
        let chosen = controls::list(cx, field, "Window scale", &face, &rows, tip);
        if let Some(percent) = chosen.and_then(|row| SCALES.get(row)) {
            self.choose(cx, *percent, file, size_request);
        }
    }

    /// Hears the keys, which are the program's alone: in a host they belong to the host.
    pub fn keys(&mut self, cx: &mut UiContext<'_>, file: &PreferencesFile, size_request: &SizeRequest) {
        if !cx.is_program() {
            return;
        }
        let pressed = |key| cx.ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, key));
        let up = pressed(Key::Plus) | pressed(Key::Equals);
        let (down, usual) = (pressed(Key::Minus), pressed(Key::Num0));
        let here = SCALES.iter().position(|percent| *percent == self.wanted).unwrap_or_default();
        let next = match (up, down, usual) {
            (true, ..) => SCALES.get(here + 1).copied(),
            (_, true, _) => here.checked_sub(1).and_then(|here| SCALES.get(here)).copied(),
            (_, _, true) => Some(100),
            _ => None,
        };
        if let Some(next) = next {
            self.choose(cx, next, file, size_request);
        }
    }

    /// Changes the scale. The window keeps its points, so it grows or shrinks.
    fn choose(&mut self, cx: &mut UiContext<'_>, percent: u16, file: &PreferencesFile, size_request: &SizeRequest) {
        self.wanted = percent;
        let (_, kept) = file.change(|preferences| preferences.set_scale_percent(percent));
        if let Err(error) = kept {
            cx.warn(error.to_string());
        }
        size_request.set_least(least(percent));
        let size = cx.ui.max_rect().size() * factor(percent);
        // A host owns the window around this one, so it is asked first, and the scale follows the size that it grants.
        if !size_request.ask(size.into()) {
            self.keeps = Some(size);
            cx.ui.ctx().set_zoom_factor(factor(percent));
        }
        self.unfit = None;
    }
}
