//! The list of presets: a search field, a row of two lines for each, and the fields for saving a new one.

use super::super::theme;
use super::{Confirmation, Deed, PresetMenu, init};
use crate::params::SegueParams;
use crate::preset::{Preset, ShelfEntry};
use egui::{Align2, Button, Id, Key, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, TextEdit, Ui, pos2, vec2};
use nice_plug::params::persist::PersistentField;
use std::f32::consts::PI;

/// The height of a row.
const ROW: f32 = 38.0;
/// The height of the rows that are seen at once.
const SEEN: f32 = 340.0;
/// The width of the button that deletes a preset.
const DELETE: f32 = 56.0;

/// The width of the star.
const STAR: f32 = 28.0;

/// The room around the text in a field.
const FIELD: egui::Margin = egui::Margin::symmetric(8, 5);

/// The places of what can be pressed, for the tests.
type Places = Vec<(String, Rect)>;

impl PresetMenu {
    pub(super) fn list(&mut self, ui: &mut Ui, places: &mut Places, params: &SegueParams) -> Option<Deed> {
        let mut deed = None;
        theme::raise_buttons(ui);
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.search)
                .id(Id::unique("segue preset search"))
                .hint_text("Search")
                .margin(FIELD)
                .desired_width(ui.available_width() - 64.0);
            places.push(("Search presets".to_owned(), ui.add(field).rect));
            let button = ui
                .add(Button::new("Init").frame(true))
                .on_hover_text("Sets everything that presets set to its default.");
            places.push(("Init".to_owned(), button.rect));
            if button.clicked() {
                deed = Some(Deed::Apply(Box::new(init(params))));
                ui.close();
            }
        });
        let now = params.preset.map(String::clone);
        ScrollArea::vertical().max_height(SEEN).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let mut heading = "";
            let is_favourite = |entry: &ShelfEntry| self.favourites.contains(&entry.preset.name);
            let found = self.presets.entries().iter().filter(|entry| is_found(&entry.preset, &self.search));
            let (favourites, others): (Vec<_>, Vec<_>) = found.partition(|entry| is_favourite(entry));
            for entry in favourites.into_iter().chain(others) {
                let above = match entry {
                    entry if is_favourite(entry) => "Favourites",
                    entry if entry.file.is_some() => "Yours",
                    entry => &entry.preset.style,
                };
                if heading != above {
                    ui.add_space(4.0);
                    ui.colored_label(theme::QUIET, above);
                    heading = above;
                }
                let done = match &self.question {
                    Some(Confirmation::Delete(name)) if *name == entry.preset.name => {
                        asked(ui, places, &format!("Delete “{name}”?"), "Delete", || Deed::Delete(name.clone()))
                    }
                    _ => row(ui, places, entry, now == entry.preset.name, is_favourite(entry)),
                };
                deed = done.or(deed.take());
            }
        });
        for refused in self.presets.refused() {
            ui.colored_label(theme::WRONG, refused.to_string());
        }
        ui.separator();
        self.fields(ui, places).or(deed)
    }

    /// The fields for saving a preset.
    fn fields(&mut self, ui: &mut Ui, places: &mut Places) -> Option<Deed> {
        if let Some(Confirmation::Replace(name)) = &self.question {
            return asked(ui, places, &format!("Replace “{name}”?"), "Replace", || Deed::Save(name.clone()));
        }
        let mut is_entered = false;
        let purpose = TextEdit::singleline(&mut self.purpose)
            .id(Id::unique("segue preset purpose"))
            .hint_text("What it is for, if you like")
            .margin(FIELD);
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.name)
                .id(Id::unique("segue preset name"))
                .hint_text("Save as…")
                .margin(FIELD)
                .align(Align2::LEFT_CENTER)
                .desired_width(ui.available_width() - 70.0);
            let field = ui.add(field);
            places.push(("Preset name".to_owned(), field.rect));
            let save = ui
                .add(Button::new("Save").frame(true))
                .on_hover_text("Keeps how Segue plays now as a preset of yours.");
            places.push(("Save preset".to_owned(), save.rect));
            is_entered = save.clicked() || field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        });
        let mut shows_folder = false;
        ui.horizontal(|ui| {
            let purpose = purpose.desired_width(ui.available_width() - 108.0);
            places.push(("Preset purpose".to_owned(), ui.add(purpose).rect));
            let tip = "Opens the folder of your presets. A preset file that you put there is in this list.";
            let button = ui.add(Button::new("Show folder").frame(true)).on_hover_text(tip);
            places.push(("Show presets folder".to_owned(), button.rect));
            shows_folder = button.clicked();
        });
        if shows_folder {
            ui.close();
            return Some(Deed::ShowFolder);
        }
        let name = self.name.trim();
        if !is_entered || name.is_empty() {
            return None;
        }
        // One of Segue's own is refused, with a sentence that says so.
        match self.presets.find(name).filter(|entry| entry.file.is_some()) {
            Some(entry) => Some(Deed::Ask(Confirmation::Replace(entry.preset.name.clone()))),
            None => Some(Deed::Save(name.to_owned())),
        }
    }
}

/// Whether a preset has what is searched for in its name, its style or its sentence.
fn is_found(preset: &Preset, search: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(&search.trim().to_lowercase());
    has(&preset.name) || has(&preset.style) || has(&preset.purpose)
}

/// A preset's row: its name, and below it what it is for.
fn row(ui: &mut Ui, places: &mut Places, entry: &ShelfEntry, is_chosen: bool, is_favourite: bool) -> Option<Deed> {
    let preset = &entry.preset;
    let is_own = entry.file.is_some();
    let size = vec2(ui.available_width(), ROW);
    let (all, _) = ui.allocate_exact_size(size, Sense::hover());
    let behind = STAR + if is_own { DELETE + 4.0 } else { 0.0 };
    let place = all.with_max_x(all.right() - behind);
    let name = format!("Preset {}", preset.name);
    let response = ui.interact(place, Id::unique(("segue", &name)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_chosen, &name));
    let painter = ui.painter().clone();
    let painter = &painter;
    let fill = match (is_chosen, response.hovered()) {
        (true, _) => theme::CHOSEN,
        (false, true) => theme::LIT,
        (false, false) => egui::Color32::TRANSPARENT,
    };
    painter.rect_filled(place, theme::RADIUS, fill);
    let (bright, dim) =
        if is_chosen { (egui::Color32::WHITE, egui::Color32::WHITE) } else { (theme::TEXT, theme::DIM) };
    let width = place.width() - 16.0;
    let title = theme::elided(painter, &preset.name, theme::body(), bright, width);
    painter.galley(place.min + vec2(8.0, 3.0), title, bright);
    let below = match (is_own, preset.purpose.as_str()) {
        (true, "") => preset.style.clone(),
        (true, purpose) => format!("{} · {purpose}", preset.style),
        (false, purpose) => purpose.to_owned(),
    };
    let words = theme::elided(painter, &below, theme::small(), dim, width);
    let is_cut = words.elided;
    painter.galley(pos2(place.left() + 8.0, place.bottom() - 4.0 - words.size().y), words, dim);
    if response.has_focus() {
        theme::ring(painter, place.shrink(2.0));
    }
    let response = if is_cut { response.on_hover_text_at_pointer(below) } else { response };
    let clip = ui.clip_rect();
    let seen = |rect: Rect| clip.contains(rect.center());
    if seen(place) {
        places.push((name, place));
    }
    if response.clicked() {
        ui.close();
        return Some(Deed::Apply(Box::new(preset.clone())));
    }
    let place = Rect::from_x_y_ranges(place.right()..=place.right() + STAR, all.y_range());
    if seen(place) {
        places.push((format!("Favourite {}", preset.name), place));
    }
    if star(ui, place, &preset.name, is_favourite) {
        return Some(Deed::Favour(preset.name.clone()));
    }
    if is_own {
        let place = Rect::from_min_max(pos2(all.right() - DELETE, all.top() + 6.0), all.max - vec2(0.0, 6.0));
        let name = format!("Delete preset {}", preset.name);
        let response = ui.interact(place, Id::unique(("segue", &name)), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let fill = if response.hovered() { theme::LIT } else { theme::RAISED };
        painter.rect(place, theme::RADIUS, fill, theme::rim(), egui::StrokeKind::Inside);
        painter.text(place.center(), Align2::CENTER_CENTER, "Delete", theme::small(), theme::TEXT);
        if response.has_focus() {
            theme::ring(painter, place.shrink(2.0));
        }
        if seen(place) {
            places.push((name, place));
        }
        if response.on_hover_text("Asks first.").clicked() {
            return Some(Deed::Ask(Confirmation::Delete(preset.name.clone())));
        }
    }
    None
}

/// A star that is filled for favourites. True when it is clicked.
fn star(ui: &Ui, place: Rect, preset: &str, is_favourite: bool) -> bool {
    /// The corners of a star, outer and inner ones.
    const CORNERS: u8 = 10;
    let name = format!("Favourite {preset}");
    let response = ui.interact(place, Id::unique(("segue", &name)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_favourite, &name));
    let corner = |index: u8| {
        let (angle, radius) = (f32::from(index) * PI / 5.0, if index.is_multiple_of(2) { 8.0 } else { 3.6 });
        place.center() + vec2(angle.sin(), -angle.cos()) * radius
    };
    let corners: Vec<Pos2> = (0..CORNERS).map(corner).collect();
    let colour = match (is_favourite, response.hovered()) {
        (true, _) => theme::PLAYER,
        (false, true) => theme::TEXT,
        (false, false) => theme::RIM,
    };
    if is_favourite {
        // The star is not convex, so it is filled point by point.
        for point in (0..CORNERS).step_by(2) {
            let before = (point + CORNERS - 1) % CORNERS;
            let triangle = vec![corner(before), corner(point), corner(point + 1)];
            ui.painter().add(Shape::convex_polygon(triangle, colour, Stroke::NONE));
        }
        let inner = (0..CORNERS).filter(|index| index % 2 == 1).map(corner).collect();
        ui.painter().add(Shape::convex_polygon(inner, colour, Stroke::NONE));
    } else {
        ui.painter().add(Shape::closed_line(corners, Stroke::new(1.0, colour)));
    }
    if response.has_focus() {
        theme::ring(ui.painter(), place.shrink(4.0));
    }
    let tip = if is_favourite { "One of your favourites." } else { "Makes it one of your favourites, at the top." };
    response.on_hover_text(tip).clicked()
}

/// A question with two answers.
fn asked(ui: &mut Ui, places: &mut Places, words: &str, yes: &str, deed: impl Fn() -> Deed) -> Option<Deed> {
    let mut done = None;
    ui.horizontal(|ui| {
        ui.colored_label(theme::PLAYER, words);
        for (name, is_yes) in [(yes, true), ("Keep", false)] {
            let button = ui.add(Button::new(name).frame(true));
            places.push((format!("Answer {name}"), button.rect));
            if button.clicked() {
                done = Some(if is_yes { deed() } else { Deed::Keep });
            }
        }
    });
    done
}
