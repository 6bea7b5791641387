//! The presets: a list to search and choose from, fields for saving new ones, and the buttons that step through them.

mod list;

use super::ui_context::UiContext;
use super::{controls, theme};
use crate::params::SegueParams;
use crate::preferences::PreferencesFile;
use crate::preset::{self, Preset};
use egui::{OpenUrl, Rect, Sense, Shape, Stroke, pos2, vec2};
use nice_plug::params::persist::PersistentField;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The width of a button that steps through the presets.
const STEP: f32 = 22.0;

/// The presets in the list, and its text fields.
pub struct PresetMenu {
    presets: preset::Shelf,
    /// The folder of the musician's own.
    folder: Option<PathBuf>,
    /// The names of the favourites.
    favourites: BTreeSet<String>,
    /// What is searched for.
    search: String,
    /// The name in the field for a new preset, and what that is for.
    name: String,
    purpose: String,
    /// What the list asks before it does it.
    question: Option<Confirmation>,
}

/// What cannot be taken back, and so is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Confirmation {
    Delete(String),
    Replace(String),
}

/// What the musician did in the list.
enum Deed {
    Apply(Box<Preset>),
    Save(String),
    Delete(String),
    Ask(Confirmation),
    /// Makes a preset a favourite, or ends that.
    Favour(String),
    ShowFolder,
    /// The answer to the question was no.
    Keep,
}

impl Default for PresetMenu {
    fn default() -> Self {
        Self {
            presets: preset::Shelf::default(),
            folder: preset::folder(),
            favourites: BTreeSet::new(),
            search: String::new(),
            name: String::new(),
            purpose: String::new(),
            question: None,
        }
    }
}

impl PresetMenu {
    /// Reads the presets that exist now.
    pub fn read(&mut self) {
        self.presets = preset::Shelf::open_at(self.folder.clone());
    }

    /// Keeps the musician's own in another folder.
    #[cfg(test)]
    pub fn keep_in(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
        self.read();
    }

    /// The name of the preset that plays, with a star when a setting differs from it.
    pub fn face(&self, params: &SegueParams) -> String {
        let name = params.preset.map(String::clone);
        if name.is_empty() {
            return "Presets".to_owned();
        }
        let is_changed = self.presets.find(&name).is_some_and(|entry| !preset::plays(&entry.preset, params));
        if is_changed { format!("{name} *") } else { name }
    }

    /// Draws the button that opens the list, the list, and the buttons beside it.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams, preferences: &PreferencesFile) {
        let inner = rect.shrink2(vec2(STEP + 2.0, 0.0));
        let tip = "Ways of playing, ready made, and your own. Each sets style, chart and everything that is heard; \
                   levels, channels and seed stay. A star: a setting differs from the preset.";
        let face = self.face(params);
        let response = controls::raised(cx, "Presets", inner, &face, tip);
        if response.clicked() {
            // New files may have been added.
            self.read();
            self.favourites = preferences.read().favourites;
            self.question = None;
            self.search.clear();
        }
        let mut rows = Vec::new();
        let mut deed = None;
        let popup = egui::Popup::menu(&response).width(inner.width().max(420.0)).gap(2.0);
        let popup = popup.close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
        popup.show(|ui| deed = self.list(ui, &mut rows, params));
        for (name, rect) in rows {
            cx.mark(&name, rect);
        }
        let at = |left: f32| Rect::from_min_max(pos2(left, rect.top()), pos2(left + STEP, rect.bottom()));
        for (name, place, step) in
            [("Previous preset", at(rect.left()), -1), ("Next preset", at(rect.right() - STEP), 1)]
        {
            if arrow(cx, name, place, step) {
                deed = self.beside(params, step).map(|preset| Deed::Apply(Box::new(preset)));
            }
        }
        if let Some(Deed::Favour(name)) = deed {
            self.favour(cx, &name, preferences);
        } else if let Some(deed) = deed {
            self.perform(cx, deed, params);
        }
    }

    fn favour(&mut self, cx: &mut UiContext<'_>, name: &str, preferences: &PreferencesFile) {
        let was = self.favourites.contains(name);
        let (now, kept) = preferences.change(|preferences| {
            if was {
                preferences.favourites.remove(name);
            } else {
                preferences.favourites.insert(name.to_owned());
            }
        });
        self.favourites = now.favourites;
        if let Err(error) = kept {
            cx.warn(error.to_string());
        }
    }

    /// The preset after or before the one that plays.
    fn beside(&self, params: &SegueParams, step: isize) -> Option<Preset> {
        let all = self.presets.entries();
        let here = params.preset.map(|name| all.iter().position(|entry| entry.preset.name == *name));
        let last = all.len().checked_sub(1)?;
        let there = match (here, step) {
            (None, 1..) => 0,
            (None, _) => last,
            (Some(here), _) => here.checked_add_signed(step).map_or(last, |there| if there > last { 0 } else { there }),
        };
        Some(all.get(there)?.preset.clone())
    }

    fn perform(&mut self, cx: &mut UiContext<'_>, deed: Deed, params: &SegueParams) {
        self.question = None;
        match deed {
            Deed::Apply(preset) => {
                let what = if preset.name.is_empty() { "Init".to_owned() } else { format!("preset {}", preset.name) };
                cx.remember(what);
                cx.apply(&preset);
                cx.say(preset.purpose);
            }
            Deed::Save(name) => self.save(cx, name, params),
            Deed::Delete(name) => match self.presets.delete(&name) {
                Ok(()) => cx.say(format!("Deleted “{name}”.")),
                Err(error) => cx.warn(sentence(&error.to_string())),
            },
            Deed::ShowFolder => self.show_folder(cx),
            Deed::Ask(question) => self.question = Some(question),
            Deed::Keep | Deed::Favour(_) => {}
        }
    }

    /// Opens the folder of the musician's presets in the system's file manager.
    fn show_folder(&self, cx: &mut UiContext<'_>) {
        let Some(folder) = &self.folder else {
            return cx.warn("There is no folder for presets: this user has no data folder.");
        };
        match std::fs::create_dir_all(folder) {
            Ok(()) => cx.ui.ctx().open_url(OpenUrl::new_tab(folder.display())),
            Err(error) => cx.warn(format!("{} cannot be made: {}.", folder.display(), error.kind())),
        }
    }

    fn save(&mut self, cx: &mut UiContext<'_>, name: String, params: &SegueParams) {
        let before = self.presets.find(&name).map(|entry| &entry.preset);
        let mut fresh = preset::of(params);
        fresh.purpose = match (self.purpose.trim(), before) {
            ("", Some(before)) => before.purpose.clone(),
            (purpose, _) => purpose.to_owned(),
        };
        fresh.name = name;
        match self.presets.save(&fresh) {
            Ok(()) => {
                cx.say(format!("Saved “{}”.", fresh.name));
                params.preset.set(fresh.name);
                cx.touch(&params.harmony.source);
                self.name.clear();
                self.purpose.clear();
            }
            Err(error) => cx.warn(sentence(&error.to_string())),
        }
    }
}

/// A preset in which every setting has its default.
fn init(params: &SegueParams) -> Preset {
    let style = params.setting("style").map(|style| style.text(style.default_value())).unwrap_or_default();
    let mut preset = Preset::default();
    preset.style = style;
    "Every setting is at its default.".clone_into(&mut preset.purpose);
    preset
}

/// A button that steps through the presets. True when it is pressed.
fn arrow(cx: &mut UiContext<'_>, name: &str, rect: Rect, step: isize) -> bool {
    let tip = if step < 0 { "The preset before this one." } else { "The preset after this one." };
    let response = cx.area(name, rect, Sense::click(), tip);
    let painter = cx.ui.painter();
    painter.rect_filled(rect, theme::RADIUS, if response.hovered() { theme::LIT } else { theme::RAISED });
    painter.rect_stroke(rect, theme::RADIUS, Stroke::new(1.0, theme::RIM), egui::StrokeKind::Inside);
    let side = if step < 0 { -4.0 } else { 4.0 };
    let centre = rect.center();
    let points = vec![centre + vec2(side, 0.0), centre + vec2(-side * 0.8, 5.0), centre + vec2(-side * 0.8, -5.0)];
    painter.add(Shape::convex_polygon(points, theme::TEXT, Stroke::NONE));
    response.clicked()
}

/// The text with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
