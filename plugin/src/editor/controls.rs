//! The controls themselves: knobs, faders, pickers, switches and buttons, each at its place.

use super::board::Board;
use super::theme;
use egui::emath::GuiRounding;
use egui::{Align2, Color32, CornerRadius, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, pos2, vec2};
use nice_plug::prelude::{BoolParam, Enum, EnumParam, Param};
use std::f32::consts::PI;

/// A knob begins and ends this far from straight down.
const OPEN: f32 = PI * 0.25;
/// Pieces of a knob's arc: round at twice the size too.
const ARC: u16 = 48;

/// What a name in front of a control takes, where the names are short.
pub const NAME: f32 = 56.0;
/// The control behind a name is no wider than this, whatever it is, so that those below each other stand in line.
const FIELD: f32 = 130.0;
/// As wide as a scale's name at least.
const LEAST_LIST: f32 = 150.0;
/// The height of anything with one line of text.
pub const LINE: f32 = 28.0;
/// A knob with its name above and its number below, in the middle of `rect`.
pub fn knob<P: Param>(board: &mut Board<'_>, rect: Rect, param: &P, name: &str, tip: &str) {
    let radius = ((rect.height() - 38.0) / 2.0).min(rect.width() / 2.0);
    let centre = pos2(rect.center().x, rect.top() + 18.0 + radius);
    board.text(pos2(centre.x, rect.top()), Align2::CENTER_TOP, name, theme::small(), theme::DIM);
    let face = Rect::from_center_size(centre, vec2(2.0 * radius, 2.0 * radius));
    let response = board.draggable(param, face.expand(2.0), tip, |moved| moved.x - moved.y);
    paint_knob(board, centre, radius, board.value(param), origin(param), &response);
    let number = Rect::from_center_size(pos2(centre.x, centre.y + radius + 11.0), vec2(rect.width().min(96.0), 18.0));
    board.number(param, number, theme::small());
}

/// The large one: its number stands in the middle.
pub fn large_knob<P: Param>(board: &mut Board<'_>, rect: Rect, param: &P, name: &str, tip: &str) {
    let radius = (rect.height().min(rect.width()) / 2.0 - 4.0).max(10.0);
    let centre = pos2(rect.center().x, rect.center().y);
    let face = Rect::from_center_size(centre, vec2(2.0 * radius, 2.0 * radius));
    let response = board.draggable(param, face, tip, |moved| moved.x - moved.y);
    paint_knob(board, centre, radius, board.value(param), origin(param), &response);
    board.text(pos2(centre.x, centre.y - 11.0), Align2::CENTER_CENTER, name, theme::small(), theme::DIM);
    let number = Rect::from_center_size(pos2(centre.x, centre.y + 10.0), vec2(72.0, 24.0));
    board.large_number(param, number, theme::large());
}

/// Where the arc begins: at zero for what goes both ways.
fn origin<P: Param>(param: &P) -> f32 {
    let text = param.normalized_value_to_string(param.default_normalized_value(), false);
    let goes_both_ways = text == "0" && param.default_normalized_value() > 0.0;
    if goes_both_ways { param.default_normalized_value() } else { 0.0 }
}

fn paint_knob(board: &Board<'_>, centre: Pos2, radius: f32, value: f32, origin: f32, response: &Response) {
    let painter = board.ui.painter();
    let width = (radius * 0.11).clamp(3.0, 7.0);
    let track = radius - width / 2.0;
    let angle = |value: f32| OPEN + value.clamp(0.0, 1.0) * (2.0 * PI - 2.0 * OPEN);
    // Clockwise from straight down.
    let at = |angle: f32, radius: f32| centre + vec2(-angle.sin(), angle.cos()) * radius;
    let arc = |from: f32, to: f32, colour: Color32| {
        let points = (0..=ARC).map(|i| at(from + (to - from) * f32::from(i) / f32::from(ARC), track)).collect();
        Shape::line(points, Stroke::new(width, colour))
    };
    let is_lit = response.hovered() || response.dragged();
    painter.circle_filled(centre, radius - width - 3.0, if is_lit { theme::LIT } else { theme::RAISED });
    painter.add(arc(angle(0.0), angle(1.0), theme::EDGE));
    if (value - origin).abs() > f32::EPSILON {
        painter.add(arc(angle(origin), angle(value), theme::SEGUE));
    }
    let tip = angle(value);
    let inner = radius - width - 5.0;
    painter.line_segment([at(tip, inner * 0.62), at(tip, inner)], Stroke::new((width * 0.6).max(2.0), theme::TEXT));
}

/// A fader that is pushed up, with its name below and its number under that.
pub fn fader<P: Param>(board: &mut Board<'_>, rect: Rect, param: &P, name: &str, colour: Color32, tip: &str) {
    let slot = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - 36.0));
    let response = board.draggable(param, slot, tip, |moved| -moved.y * 1.4);
    let value = board.value(param);
    let painter = board.ui.painter();
    let x = slot.center().x;
    let track = Rect::from_x_y_ranges(x - 3.0..=x + 3.0, slot.y_range());
    painter.rect_filled(track, 3.0, theme::EDGE);
    let y = track.bottom() - value * track.height();
    painter.rect_filled(Rect::from_min_max(pos2(track.left(), y), track.max), 3.0, colour.gamma_multiply(0.85));
    let grip = Rect::from_center_size(pos2(x, y.clamp(slot.top() + 4.0, slot.bottom() - 4.0)), vec2(26.0, 9.0));
    let fill = if response.hovered() || response.dragged() { theme::TEXT } else { theme::DIM };
    painter.rect_filled(grip, 3.0, fill);
    board.text(pos2(x, rect.bottom() - 20.0), Align2::CENTER_BOTTOM, name, theme::small(), theme::DIM);
    let number = Rect::from_center_size(pos2(x, rect.bottom() - 9.0), vec2(rect.width(), 18.0));
    board.number(param, number, theme::small());
}

/// One of a few, side by side.
pub fn segments<T: Enum + PartialEq + 'static>(board: &mut Board<'_>, rect: Rect, param: &EnumParam<T>, tips: &[&str]) {
    let names = T::variants();
    board.ui.painter().rect_filled(rect, theme::RADIUS, theme::RAISED);
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let (width, last) = (rect.width() / names.len() as f32, (names.len().max(2) - 1) as f32);
    let chosen = param.modulated_normalized_value() * last;
    for ((index, name), tip) in (0_u8..).zip(names).zip(tips) {
        let index = f32::from(index);
        let left = rect.left() + index * width;
        let part = Rect::from_x_y_ranges(left..=left + width, rect.y_range());
        let response = board.area(&format!("{} {name}", param.name()), part, Sense::click(), tip);
        let is_chosen = (chosen - index).abs() < 0.5;
        let painter = board.ui.painter();
        if is_chosen {
            painter.rect_filled(part.shrink(2.0), theme::RADIUS - 1, theme::CHOSEN);
        } else if response.hovered() {
            painter.rect_filled(part.shrink(2.0), theme::RADIUS - 1, theme::LIT);
        }
        let colour = if is_chosen { Color32::WHITE } else { theme::DIM };
        painter.text(part.center(), Align2::CENTER_CENTER, name, theme::body(), colour);
        if response.clicked() && !is_chosen {
            board.set(param, index / last);
        }
    }
}

/// A button that shows what is chosen and opens a list. `choices` are normalized values.
pub fn picker<P: Param>(board: &mut Board<'_>, rect: Rect, param: &P, choices: &[f32], tip: &str) {
    let text = param.normalized_value_to_string(param.modulated_normalized_value(), true);
    let response = raised(board, param.name(), rect, &text, tip);
    let name = param.name().to_owned();
    let mut picked = None;
    let mut rows = Vec::new();
    let popup = egui::Popup::menu(&response).width(rect.width().max(LEAST_LIST)).gap(2.0);
    popup.show(|ui| {
        ui.set_max_height(420.0);
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        egui::ScrollArea::vertical().show(ui, |ui| {
            for &choice in choices {
                let words = param.normalized_value_to_string(choice, true);
                let row = ui.selectable_label(words == text, &words);
                rows.push((format!("{name}: {words}"), row.rect));
                if row.clicked() {
                    picked = Some(choice);
                    ui.close();
                }
            }
        });
    });
    for (row, rect) in rows {
        board.mark(&row, rect);
    }
    if let Some(choice) = picked {
        board.set(param, choice);
    }
}

/// Every value of a parameter with steps.
pub fn all_choices<P: Param>(param: &P) -> Vec<f32> {
    let steps = u16::try_from(param.step_count().unwrap_or(1)).unwrap_or(1).max(1);
    (0..=steps).map(|step| f32::from(step) / f32::from(steps)).collect()
}

/// The face of something that opens a list.
pub fn raised(board: &mut Board<'_>, name: &str, rect: Rect, text: &str, tip: &str) -> Response {
    let response = board.area(name, rect, Sense::click(), tip);
    let painter = board.ui.painter();
    let fill = if response.hovered() { theme::LIT } else { theme::RAISED };
    painter.rect_filled(rect, theme::RADIUS, fill);
    let words = theme::elided(painter, text, theme::body(), theme::TEXT, rect.width() - 27.0);
    painter.galley(pos2(rect.left() + 8.0, rect.center().y - words.size().y / 2.0), words, theme::TEXT);
    let tip = pos2(rect.right() - 12.0, rect.center().y + 2.0);
    let arrow = vec![tip + vec2(-4.0, -4.0), tip + vec2(4.0, -4.0), tip];
    painter.add(Shape::convex_polygon(arrow, theme::DIM, Stroke::NONE));
    response
}

/// A switch with its name beside it.
pub fn toggle(board: &mut Board<'_>, rect: Rect, param: &BoolParam, name: &str, tip: &str) {
    let is_on = param.value();
    let response = switch(board, param.name(), rect, name, is_on, tip);
    if response.double_clicked() {
        board.set(param, param.default_normalized_value());
    } else if response.clicked() {
        board.set(param, if is_on { 0.0 } else { 1.0 });
    }
}

/// A switch of the editor's own.
pub fn switch(board: &mut Board<'_>, id: &str, rect: Rect, name: &str, is_on: bool, tip: &str) -> Response {
    let response = board.area(id, rect, Sense::click(), tip);
    let painter = board.ui.painter();
    let body = Rect::from_min_size(pos2(rect.left(), rect.center().y - 8.0), vec2(30.0, 16.0));
    let fill = if is_on { theme::SEGUE } else { theme::EDGE };
    painter.rect_filled(body, CornerRadius::same(8), fill);
    let x = if is_on { body.right() - 8.0 } else { body.left() + 8.0 };
    painter.circle_filled(pos2(x, body.center().y), 6.0, if is_on { Color32::WHITE } else { theme::DIM });
    let colour = if response.hovered() { theme::TEXT } else { theme::DIM };
    painter.text(pos2(body.right() + 6.0, rect.center().y), Align2::LEFT_CENTER, name, theme::small(), colour);
    response
}

/// A button.
pub fn button(board: &mut Board<'_>, rect: Rect, name: &str, accent: Option<Color32>, tip: &str) -> Response {
    let response = board.area(name, rect, Sense::click(), tip);
    let painter = board.ui.painter();
    let is_down = response.is_pointer_button_down_on();
    let fill = if is_down {
        theme::CHOSEN
    } else if response.hovered() {
        theme::LIT
    } else {
        theme::RAISED
    };
    painter.rect_filled(rect, theme::RADIUS, fill);
    if let Some(colour) = accent {
        painter.rect_stroke(rect, theme::RADIUS, Stroke::new(1.0, colour), StrokeKind::Inside);
    }
    let colour = if is_down { Color32::WHITE } else { accent.unwrap_or(theme::TEXT) };
    let words = painter.layout_no_wrap(name.to_owned(), theme::body(), colour);
    // Where there is no room for all of it, its first word must do.
    let fits = words.size().x <= rect.width() - 12.0;
    let shown = if fits { name } else { name.split(' ').next().unwrap_or(name) };
    painter.text(rect.center(), Align2::CENTER_CENTER, shown, theme::body(), colour);
    response
}

/// A momentary parameter as a button; it acts when the button goes down.
pub fn trigger(board: &mut Board<'_>, rect: Rect, param: &BoolParam, name: &str, tip: &str) {
    let response = button(board, rect, name, None, tip);
    // A quick click may go down and up within one frame.
    let is_hit = response.is_pointer_button_down_on() || response.clicked();
    let goes_down = is_hit && board.ui.input(|input| input.pointer.any_pressed());
    if goes_down {
        board.pulse(param);
    }
}

/// A group of controls.
pub fn card(board: &mut Board<'_>, rect: Rect, title: &str) -> Rect {
    let rect = rect.round_to_pixels(board.ui.pixels_per_point());
    let painter = board.ui.painter();
    painter.rect(rect, theme::RADIUS + 2, theme::CARD, Stroke::new(1.0, theme::EDGE), StrokeKind::Inside);
    if title.is_empty() {
        return rect.shrink(12.0);
    }
    painter.text(rect.min + vec2(12.0, 9.0), Align2::LEFT_TOP, title, theme::small(), theme::QUIET);
    Rect::from_min_max(rect.min + vec2(12.0, 30.0), rect.max - vec2(12.0, 10.0))
}

/// The name of what stands to the right.
pub fn label(board: &Board<'_>, rect: Rect, name: &str) {
    board.text(pos2(rect.left(), rect.center().y), Align2::LEFT_CENTER, name, theme::small(), theme::DIM);
}

/// A number in a line: its name at the left, a value to drag or type at the right.
pub fn stepper<P: Param>(board: &mut Board<'_>, rect: Rect, param: &P, name: &str, tip: &str) {
    let width = if name.is_empty() { rect.width() } else { (rect.width() - board.names).clamp(46.0, FIELD) };
    let field = Rect::from_min_max(pos2(rect.right() - width, rect.top() + 1.0), rect.max - vec2(0.0, 1.0));
    label(board, rect, name);
    let response = board.draggable(param, field, tip, |moved| moved.x - moved.y);
    let painter = board.ui.painter();
    let fill = if response.hovered() || response.dragged() { theme::LIT } else { theme::RAISED };
    painter.rect_filled(field, theme::RADIUS, fill);
    let filled = Rect::from_min_size(
        pos2(field.left() + 4.0, field.bottom() - 3.0),
        vec2((field.width() - 8.0) * board.value(param), 2.0),
    );
    painter.rect_filled(filled, 1.0, theme::SEGUE);
    let number = Rect::from_center_size(field.center(), vec2(field.width() - 40.0, 18.0));
    board.number(param, number, theme::small());
}

/// A list in a line: its name at the left, the picker at the right.
pub fn choice<P: Param>(board: &mut Board<'_>, rect: Rect, param: &P, name: &str, tip: &str) {
    label(board, rect, name);
    let width = (rect.width() - board.names).clamp(60.0, FIELD);
    let field = Rect::from_min_max(pos2(rect.right() - width, rect.top() + 1.0), rect.max - vec2(0.0, 1.0));
    let choices = all_choices(param);
    picker(board, field, param, &choices, tip);
}
