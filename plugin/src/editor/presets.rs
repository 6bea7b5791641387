//! The presets: a list to choose from, and a field for saving new ones.

use super::ui_context::UiContext;
use super::{controls, theme};
use crate::params::SegueParams;
use crate::preset::{self, ShelfEntry};
use egui::{Align2, Id, Rect, TextEdit, Ui};

/// The presets in the list, and its text field.
#[derive(Default)]
pub struct PresetMenu {
    presets: preset::Shelf,
    /// The name of the preset that was chosen last.
    name: Option<String>,
    /// The name in the field for a new preset.
    fresh: String,
}

/// What the musician did in the list.
enum Deed {
    Apply(ShelfEntry),
    Save(String),
    Delete(String),
}

impl PresetMenu {
    /// Reads the presets that exist now.
    pub fn read(&mut self) {
        self.presets = preset::Shelf::open();
    }

    /// Draws the list.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams) {
        let face = self.name.clone().unwrap_or_else(|| "Presets".to_owned());
        let tip = "Ways of playing, ready made, and your own. Each sets style, chart and everything that is heard; \
                   levels, channels and seed stay.";
        let response = controls::raised(cx, "Presets", rect, &face, tip);
        if response.clicked() {
            // New files may have been added.
            self.read();
        }
        let mut rows = Vec::new();
        let mut deed = None;
        let popup = egui::Popup::menu(&response).width(rect.width().max(300.0)).gap(2.0);
        let popup = popup.close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
        popup.show(|ui| deed = self.list(ui, &mut rows));
        for (name, rect) in rows {
            cx.mark(&name, rect);
        }
        match deed {
            Some(Deed::Apply(entry)) => self.apply(cx, &entry, params),
            Some(Deed::Save(name)) => self.save(cx, name, params),
            Some(Deed::Delete(name)) => {
                let said = match self.presets.delete(&name) {
                    Ok(()) => format!("{name} is deleted."),
                    Err(error) => sentence(&error.to_string()),
                };
                cx.say(said);
            }
            None => {}
        }
    }

    fn list(&mut self, ui: &mut Ui, rows: &mut Vec<(String, Rect)>) -> Option<Deed> {
        let mut deed = None;
        egui::ScrollArea::vertical().max_height(330.0).show(ui, |ui| {
            let mut was_own = false;
            for entry in self.presets.entries() {
                let preset = &entry.preset;
                let is_own = entry.file.is_some();
                if is_own && !std::mem::replace(&mut was_own, is_own) {
                    ui.separator();
                }
                let is_chosen = self.name.as_ref() == Some(&preset.name);
                let tip = format!("{}\n{}", preset.purpose, preset.style);
                let row = ui.selectable_label(is_chosen, &preset.name).on_hover_text(tip);
                rows.push((format!("Preset {}", preset.name), row.rect));
                if row.clicked() {
                    deed = Some(Deed::Apply(entry.clone()));
                    ui.close();
                }
                row.context_menu(|ui| {
                    if is_own && ui.button("Delete").clicked() {
                        deed = Some(Deed::Delete(preset.name.clone()));
                        ui.close();
                    }
                });
            }
        });
        if let Some(refused) = self.presets.refused().first() {
            ui.colored_label(theme::WRONG, refused.to_string());
        }
        ui.separator();
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.fresh)
                .id(Id::unique("segue preset name"))
                .hint_text("Keep as…")
                .align(Align2::LEFT_CENTER)
                .desired_width(ui.available_width() - 70.0);
            let field = ui.add(field);
            rows.push(("Preset name".to_owned(), field.rect));
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            let save = ui.button("Save").on_hover_text("Keeps how Segue plays now. A right click on yours deletes it.");
            rows.push(("Save preset".to_owned(), save.rect));
            if (save.clicked() || entered) && !self.fresh.trim().is_empty() {
                deed = Some(Deed::Save(self.fresh.trim().to_owned()));
            }
        });
        deed
    }

    fn apply(&mut self, cx: &mut UiContext<'_>, entry: &ShelfEntry, params: &SegueParams) {
        preset::apply(&entry.preset, params, &mut cx.setter());
        // A preset that changes only the chart moves no parameter, so the host would not notice it.
        cx.touch(&params.harmony.source);
        self.name = Some(entry.preset.name.clone());
        cx.say(entry.preset.purpose.clone());
    }

    fn save(&mut self, cx: &mut UiContext<'_>, name: String, params: &SegueParams) {
        let mut fresh = preset::of(params);
        fresh.name = name;
        match self.presets.save(&fresh) {
            Ok(()) => {
                cx.say(format!("{} is kept.", fresh.name));
                self.name = Some(fresh.name);
                self.fresh.clear();
            }
            Err(error) => cx.say(sentence(&error.to_string())),
        }
    }
}

/// The text with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
