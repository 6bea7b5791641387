//! The keys, the wheel and the right button on a control that can be dragged.

use super::super::theme;
use super::{FINE, NOTCH, Typing, UiContext, id_of, select_all};
use egui::{Event, EventFilter, Key, Popup, PopupCloseBehavior, Response, TextEdit};
use nice_plug::prelude::Param;
use std::time::Instant;

/// The notches of a page key.
const PAGE: f32 = 10.0;

impl UiContext<'_> {
    /// Whether fine steps are asked for: Shift or Ctrl is held.
    fn step<P: Param>(&self, param: &P) -> f32 {
        let fine = if self.interaction.is_fine { FINE } else { 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "at most ten thousand steps")]
        param.step_count().map_or(NOTCH * fine, |steps| (1.0 / steps as f32).max(f32::EPSILON))
    }

    /// The wheel over a control.
    pub(super) fn wheel<P: Param>(&mut self, param: &P) {
        let notches: f32 = self.ui.input(|input| {
            let turned = input.events.iter().map(|event| match event {
                // With Shift some systems report the wheel as sideways.
                Event::MouseWheel { delta, .. } => {
                    if delta.y == 0.0 {
                        delta.x
                    } else {
                        delta.y
                    }
                }
                _ => 0.0,
            });
            turned.sum()
        });
        if notches == 0.0 || self.interaction.drag.is_some() {
            return;
        }
        self.set(param, param.unmodulated_normalized_value() + self.step(param) * notches.signum());
    }

    /// The keys of a control that has the focus: arrows and page keys move it, Home and End go to the ends, Delete
    /// resets it, and Enter opens its number for typing.
    pub(super) fn keys<P: Param>(&mut self, param: &P, response: &Response) {
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        self.ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let pressed: Vec<Key> = self.ui.input(|input| {
            let down = input.events.iter().filter_map(|event| match event {
                Event::Key { key, pressed: true, .. } => Some(*key),
                _ => None,
            });
            down.collect()
        });
        let mut value = param.unmodulated_normalized_value();
        let before = value;
        for key in pressed {
            let step = self.step(param);
            value = match key {
                Key::ArrowUp | Key::ArrowRight => value + step,
                Key::ArrowDown | Key::ArrowLeft => value - step,
                Key::PageUp => value + PAGE * step,
                Key::PageDown => value - PAGE * step,
                Key::Home => 0.0,
                Key::End => 1.0,
                Key::Delete | Key::Backspace => param.default_normalized_value(),
                Key::Enter => {
                    let text = param.normalized_value_to_string(value, true);
                    let id = id_of(param.name()).with("typed");
                    self.interaction.typing = Some(Typing { id, text, fresh: true, since: Instant::now() });
                    value
                }
                _ => value,
            };
        }
        #[allow(clippy::float_cmp, reason = "a value that was not touched is the very same number")]
        if value != before {
            self.set(param, value);
        }
    }

    /// The menu of the right button: a field for typing a value, and the default.
    pub(super) fn menu<P: Param>(&mut self, param: &P, response: &Response) {
        let id = response.id.with("menu");
        if response.secondary_clicked() {
            let text = param.normalized_value_to_string(self.value(param), true);
            self.interaction.menu = Some(Typing { id, text, fresh: true, since: Instant::now() });
        }
        let Some(mut typing) = self.interaction.menu.take_if(|typing| typing.id == id) else { return };
        let default = param.default_normalized_value();
        let (mut typed, mut resets) = (None, false);
        let mut places = Vec::new();
        let popup = Popup::context_menu(response).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let shown = popup.show(|ui| {
            theme::raise_buttons(ui);
            ui.label(param.name());
            let field = ui.add(TextEdit::singleline(&mut typing.text).id(id.with("text")).desired_width(130.0));
            places.push((format!("{} typed", param.name()), field.rect));
            if typing.fresh {
                // The first frame only measures the menu.
                typing.fresh = !field.has_focus();
                field.request_focus();
                select_all(ui, field.id, &typing.text);
            } else if field.lost_focus() {
                if ui.input(|input| input.key_pressed(Key::Enter)) {
                    typed = Some(typing.text.clone());
                }
                ui.close();
            }
            let button = ui.button(format!("Reset to {}", param.normalized_value_to_string(default, true)));
            places.push((format!("{} reset", param.name()), button.rect));
            if button.clicked() {
                resets = true;
                ui.close();
            }
        });
        for (name, rect) in places {
            self.mark(&name, rect);
        }
        if resets {
            self.reset(param);
        } else if let Some(text) = typed {
            self.take_text(param, &text);
        } else if shown.is_some() {
            self.interaction.menu = Some(typing);
        }
    }

    /// Sets a parameter to its default; that can be undone.
    pub(super) fn reset<P: Param>(&mut self, param: &P) {
        let default = param.default_normalized_value();
        #[allow(clippy::float_cmp, reason = "a value that was not touched is the very same number")]
        if param.unmodulated_normalized_value() != default {
            self.remember(format!("reset of {}", param.name()));
        }
        self.set(param, default);
    }

    /// Sets a parameter to what was typed, or says why it cannot be.
    pub(super) fn take_text<P: Param>(&mut self, param: &P, text: &str) {
        let Some(setting) = self.params.setting_at(param.as_ptr()) else { return };
        // Half of the world writes a decimal comma.
        let read = setting.read(text).or_else(|why| setting.read(&text.replace(',', ".")).map_err(|_| why));
        match read {
            Ok(value) => self.set(param, value),
            Err(why) => self.warn(format!("{} {why}.", param.name())),
        }
    }
}
