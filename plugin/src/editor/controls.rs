//! The controls: knobs, faders, pickers, switches and buttons. Each shows the name that hosts show for its parameter.

use super::theme;
use super::ui_context::UiContext;
use egui::emath::GuiRounding;
use egui::{
    Align2, Color32, CornerRadius, Pos2, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, WidgetInfo, pos2, vec2,
};
use nice_plug::prelude::{BoolParam, Enum, EnumParam, Param};
use std::f32::consts::PI;

/// The angle that a knob's arc leaves open on both sides of straight down.
const OPEN: f32 = PI * 0.25;
/// Segments of a knob's arc, enough to look round even at twice the size.
const ARC: u16 = 48;

/// The greatest width of a control to the right of a name, so that controls in one column are aligned.
const FIELD: f32 = 130.0;
/// The least width of such a control.
const LEAST_FIELD: f32 = 46.0;
/// The least width of a list, enough for the longest name of a scale.
const LEAST_LIST: f32 = 150.0;
/// How much wider than its column the name of a knob may be, half of the gap between two of them on either side.
const NAME_SPARE: f32 = 8.0;
/// The height of each further line of a fader's name.
const NAME_LINE: f32 = 13.0;
/// The height of a control with one line of text.
pub const LINE: f32 = 28.0;
/// A knob in the middle of `rect`, with its name above and its value below.
pub fn knob<P: Param>(cx: &mut UiContext<'_>, rect: Rect, param: &P, tip: &str) {
    let radius = ((rect.height() - 38.0) / 2.0).min(rect.width() / 2.0);
    let centre = pos2(rect.center().x, rect.top() + 18.0 + radius);
    // A name that is too long for its column is written smaller.
    let width = |font| cx.ui.painter().layout_no_wrap(param.name().to_owned(), font, theme::DIM).size().x;
    let font = if width(theme::small()) <= rect.width() + NAME_SPARE { theme::small() } else { theme::tiny() };
    let name = theme::elided(cx.ui.painter(), param.name(), font, theme::DIM, rect.width() + NAME_SPARE);
    cx.ui.painter().galley(pos2(centre.x - name.size().x / 2.0, rect.top()), name, theme::DIM);
    let face = Rect::from_center_size(centre, vec2(2.0 * radius, 2.0 * radius));
    // No larger than the knob, so that the frame of the focus does not cross the name.
    let response = cx.draggable(param, face, tip, |moved| moved.x - moved.y);
    paint_knob(cx, centre, radius, cx.value(param), origin(param), &response);
    let number = Rect::from_center_size(pos2(centre.x, centre.y + radius + 11.0), vec2(rect.width().min(96.0), 18.0));
    cx.number(param, number, theme::small());
}

/// The large knob, with its value in the middle.
pub fn large_knob<P: Param>(cx: &mut UiContext<'_>, rect: Rect, param: &P, tip: &str) {
    let radius = (rect.height().min(rect.width()) / 2.0 - 4.0).max(10.0);
    let centre = pos2(rect.center().x, rect.center().y);
    let face = Rect::from_center_size(centre, vec2(2.0 * radius, 2.0 * radius));
    let response = cx.draggable(param, face, tip, |moved| moved.x - moved.y);
    paint_knob(cx, centre, radius, cx.value(param), origin(param), &response);
    cx.text(pos2(centre.x, centre.y - 11.0), Align2::CENTER_CENTER, param.name(), theme::small(), theme::DIM);
    let number = Rect::from_center_size(pos2(centre.x, centre.y + 10.0), vec2(72.0, 24.0));
    cx.large_number(param, number, theme::large());
}

/// Where the arc starts: at zero for parameters with negative values.
fn origin<P: Param>(param: &P) -> f32 {
    let text = param.normalized_value_to_string(param.default_normalized_value(), false);
    let goes_both_ways = text == "0" && param.default_normalized_value() > 0.0;
    if goes_both_ways { param.default_normalized_value() } else { 0.0 }
}

fn paint_knob(cx: &UiContext<'_>, centre: Pos2, radius: f32, value: f32, origin: f32, response: &Response) {
    let painter = cx.ui.painter();
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
    painter.add(arc(angle(0.0), angle(1.0), theme::RIM));
    if (value - origin).abs() > f32::EPSILON {
        painter.add(arc(angle(origin), angle(value), theme::SEGUE));
    }
    let tip = angle(value);
    let inner = radius - width - 5.0;
    painter.line_segment([at(tip, inner * 0.62), at(tip, inner)], Stroke::new((width * 0.6).max(2.0), theme::TEXT));
}

/// A vertical fader, with its name and its value below, and a meter at its right of which a part from 0 to 1 is lit.
pub fn fader<P: Param>(cx: &mut UiContext<'_>, rect: Rect, param: &P, (colour, lit): (Color32, f32), tip: &str) {
    /// Right of the cap.
    const METER: std::ops::RangeInclusive<f32> = 16.0..=20.0;
    let slot = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - 36.0 - NAME_LINE));
    let response = cx.draggable(param, slot, tip, |moved| -moved.y * 1.4);
    let value = cx.value(param);
    let painter = cx.ui.painter();
    let x = slot.center().x;
    let track = Rect::from_x_y_ranges(x - 3.0..=x + 3.0, slot.y_range());
    painter.rect_filled(track, 3.0, theme::RIM);
    let y = track.bottom() - value * track.height();
    painter.rect_filled(Rect::from_min_max(pos2(track.left(), y), track.max), 3.0, colour.gamma_multiply(0.85));
    let cap = Rect::from_center_size(pos2(x, y.clamp(slot.top() + 4.0, slot.bottom() - 4.0)), vec2(26.0, 9.0));
    let fill = if response.hovered() || response.dragged() { theme::TEXT } else { theme::DIM };
    painter.rect_filled(cap, 3.0, fill);
    let meter = Rect::from_x_y_ranges(x + METER.start()..=x + METER.end(), slot.y_range());
    painter.rect_filled(meter, 1.0, theme::EDGE);
    painter.rect_filled(meter.with_min_y(meter.bottom() - lit * meter.height()), 1.0, colour);
    cx.mark(&format!("{} meter", param.name()), meter);
    // Each word of the name has its own line, because a fader is narrow.
    for (line, word) in (0_u8..).zip(param.name().rsplit(' ')) {
        let bottom = rect.bottom() - 20.0 - NAME_LINE * f32::from(line);
        cx.text(pos2(x, bottom), Align2::CENTER_BOTTOM, word, theme::small(), theme::DIM);
    }
    let number = Rect::from_center_size(pos2(x, rect.bottom() - 9.0), vec2(rect.width(), 18.0));
    cx.number(param, number, theme::small());
}

/// A choice among a few values, drawn side by side.
pub fn segments<T: Enum + PartialEq + 'static>(
    cx: &mut UiContext<'_>,
    rect: Rect,
    param: &EnumParam<T>,
    tips: &[&str],
) {
    let names = T::variants();
    cx.ui.painter().rect(rect, theme::RADIUS, theme::RAISED, theme::rim(), StrokeKind::Inside);
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let (width, last) = (rect.width() / names.len() as f32, (names.len().max(2) - 1) as f32);
    let chosen = param.modulated_normalized_value() * last;
    for ((index, name), tip) in (0_u8..).zip(names).zip(tips) {
        let index = f32::from(index);
        let left = rect.left() + index * width;
        let part = Rect::from_x_y_ranges(left..=left + width, rect.y_range());
        let is_chosen = (chosen - index).abs() < 0.5;
        let full = format!("{} {name}", param.name());
        let info = WidgetInfo::selected(Role::RadioButton, true, is_chosen, &full);
        let response = cx.area_as(&info, &full, part, Sense::click(), tip);
        let painter = cx.ui.painter();
        if is_chosen {
            painter.rect_filled(part.shrink(2.0), theme::RADIUS - 1, theme::CHOSEN);
        } else if response.hovered() {
            painter.rect_filled(part.shrink(2.0), theme::RADIUS - 1, theme::LIT);
        }
        let colour = if is_chosen { Color32::WHITE } else { theme::DIM };
        painter.text(part.center(), Align2::CENTER_CENTER, name, theme::body(), colour);
        if response.clicked() && !is_chosen {
            cx.set(param, index / last);
        }
    }
}

/// A button that shows the present value and opens a list. `choices` are normalized values.
pub fn picker<P: Param>(cx: &mut UiContext<'_>, rect: Rect, param: &P, choices: &[f32], tip: &str) {
    picker_with_words(cx, rect, param, choices, &[], tip);
}

/// The same with a few words about each choice, in its order.
pub fn picker_with_words<P: Param>(
    cx: &mut UiContext<'_>,
    rect: Rect,
    param: &P,
    choices: &[f32],
    about: &[String],
    tip: &str,
) {
    let words = |choice: f32| param.normalized_value_to_string(choice, true);
    let face = words(param.modulated_normalized_value());
    let rows: Vec<(String, bool)> = choices.iter().map(|choice| (words(*choice), words(*choice) == face)).collect();
    let picked = list_with_words(cx, rect, (param.name(), &face), &rows, about, tip);
    if let Some(choice) = picked.and_then(|picked| choices.get(picked)) {
        cx.set(param, *choice);
    }
}

/// Every value of a parameter with steps.
pub fn all_choices<P: Param>(param: &P) -> Vec<f32> {
    let steps = u16::try_from(param.step_count().unwrap_or(1)).unwrap_or(1).max(1);
    (0..=steps).map(|step| f32::from(step) / f32::from(steps)).collect()
}

/// A button that opens a list. Each row has a text and may be the present one. Returns the row that was clicked.
pub fn list(
    cx: &mut UiContext<'_>,
    rect: Rect,
    name: &str,
    face: &str,
    rows: &[(String, bool)],
    tip: &str,
) -> Option<usize> {
    list_with_words(cx, rect, (name, face), rows, &[], tip)
}

/// The same with a second line for each row that has one.
fn list_with_words(
    cx: &mut UiContext<'_>,
    rect: Rect,
    (name, face): (&str, &str),
    rows: &[(String, bool)],
    about: &[String],
    tip: &str,
) -> Option<usize> {
    let response = raised(cx, name, rect, face, tip);
    let mut picked = None;
    let mut places = Vec::new();
    let popup = egui::Popup::menu(&response).width(rect.width().max(LEAST_LIST)).gap(2.0);
    popup.show(|ui| {
        ui.set_max_height(420.0);
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        egui::ScrollArea::vertical().show(ui, |ui| {
            for (index, (words, is_chosen)) in rows.iter().enumerate() {
                let row = match about.get(index) {
                    Some(about) => ui.selectable_label(*is_chosen, theme::two_lines(words, about)),
                    None => ui.selectable_label(*is_chosen, words),
                };
                places.push((format!("{name}: {words}"), row.rect));
                if row.clicked() {
                    picked = Some(index);
                    ui.close();
                }
            }
        });
    });
    for (row, rect) in places {
        cx.mark(&row, rect);
    }
    picked
}

/// A button with an arrow that opens a list.
pub fn raised(cx: &mut UiContext<'_>, name: &str, rect: Rect, text: &str, tip: &str) -> Response {
    let mut info = WidgetInfo::labeled(Role::ComboBox, true, name);
    info.current_text_value = Some(text.to_owned());
    let response = cx.area_as(&info, name, rect, Sense::click(), tip);
    let painter = cx.ui.painter();
    let fill = if response.hovered() { theme::LIT } else { theme::RAISED };
    painter.rect(rect, theme::RADIUS, fill, theme::rim(), StrokeKind::Inside);
    let width = rect.width() - 27.0;
    let wide = |font: &egui::FontId| painter.layout_no_wrap(text.to_owned(), font.clone(), theme::TEXT).size().x;
    // A text that is too long is written smaller before it is cut.
    let font = [theme::body(), theme::small()].into_iter().find(|font| wide(font) <= width).unwrap_or_else(theme::tiny);
    let words = theme::elided(painter, text, font, theme::TEXT, width);
    painter.galley(pos2(rect.left() + 8.0, rect.center().y - words.size().y / 2.0), words, theme::TEXT);
    let tip = pos2(rect.right() - 12.0, rect.center().y + 2.0);
    let arrow = vec![tip + vec2(-4.0, -4.0), tip + vec2(4.0, -4.0), tip];
    painter.add(Shape::convex_polygon(arrow, theme::DIM, Stroke::NONE));
    response
}

/// A narrow button that opens a menu.
pub fn menu_arrow(cx: &mut UiContext<'_>, name: &str, rect: Rect, tip: &str) -> Response {
    let response = cx.area_as(&WidgetInfo::labeled(Role::Button, true, name), name, rect, Sense::click(), tip);
    let painter = cx.ui.painter();
    let fill = if response.hovered() { theme::LIT } else { theme::RAISED };
    painter.rect(rect, theme::RADIUS, fill, theme::rim(), StrokeKind::Inside);
    let tip = rect.center() + vec2(0.0, 2.5);
    let arrow = vec![tip + vec2(-4.0, -4.5), tip + vec2(4.0, -4.5), tip];
    painter.add(Shape::convex_polygon(arrow, theme::TEXT, Stroke::NONE));
    response
}

/// A switch with its name beside it.
pub fn toggle(cx: &mut UiContext<'_>, rect: Rect, param: &BoolParam, tip: &str) {
    let is_on = param.value();
    let response = switch(cx, param.name(), rect, param.name(), is_on, tip);
    if response.double_clicked() {
        cx.set(param, param.default_normalized_value());
    } else if response.clicked() {
        cx.set(param, if is_on { 0.0 } else { 1.0 });
    }
}

/// A switch that belongs to the editor, not to a parameter.
pub fn switch(cx: &mut UiContext<'_>, id: &str, rect: Rect, name: &str, is_on: bool, tip: &str) -> Response {
    let info = WidgetInfo::selected(Role::Switch, true, is_on, name);
    let response = cx.area_as(&info, id, rect, Sense::click(), tip);
    let painter = cx.ui.painter();
    let body = Rect::from_min_size(pos2(rect.left(), rect.center().y - 8.0), vec2(30.0, 16.0));
    let fill = if is_on { theme::SEGUE } else { theme::EDGE };
    painter.rect(body, CornerRadius::same(8), fill, theme::rim(), StrokeKind::Inside);
    let x = if is_on { body.right() - 8.0 } else { body.left() + 8.0 };
    painter.circle_filled(pos2(x, body.center().y), 6.0, if is_on { Color32::WHITE } else { theme::DIM });
    let colour = if response.hovered() { theme::TEXT } else { theme::DIM };
    painter.text(pos2(body.right() + 6.0, rect.center().y), Align2::LEFT_CENTER, name, theme::small(), colour);
    response
}

/// A button.
pub fn button(cx: &mut UiContext<'_>, rect: Rect, name: &str, accent: Option<Color32>, tip: &str) -> Response {
    button_as(cx, rect, name, name, accent, tip)
}

/// A button with another word on it than its name.
pub fn button_as(
    cx: &mut UiContext<'_>,
    rect: Rect,
    name: &str,
    face: &str,
    accent: Option<Color32>,
    tip: &str,
) -> Response {
    let response = cx.area_as(&WidgetInfo::labeled(Role::Button, true, face), name, rect, Sense::click(), tip);
    let painter = cx.ui.painter();
    let is_down = response.is_pointer_button_down_on();
    let fill = if is_down {
        theme::CHOSEN
    } else if response.hovered() {
        theme::LIT
    } else {
        theme::RAISED
    };
    let rim = accent.map_or(theme::rim(), |colour| Stroke::new(1.0, colour));
    painter.rect(rect, theme::RADIUS, fill, rim, StrokeKind::Inside);
    let colour = if is_down { Color32::WHITE } else { accent.unwrap_or(theme::TEXT) };
    let words = painter.layout_no_wrap(face.to_owned(), theme::body(), colour);
    // A button that is too narrow for its name shows only the first word.
    let fits = words.size().x <= rect.width() - 12.0;
    let shown = if fits { face } else { face.split(' ').next().unwrap_or(face) };
    painter.text(rect.center(), Align2::CENTER_CENTER, shown, theme::body(), colour);
    response
}

/// A momentary parameter as a button; it acts when the button goes down.
pub fn trigger(cx: &mut UiContext<'_>, rect: Rect, param: &BoolParam, tip: &str) {
    trigger_as(cx, rect, param, param.name(), tip);
}

/// The same with another word on it.
pub fn trigger_as(cx: &mut UiContext<'_>, rect: Rect, param: &BoolParam, face: &str, tip: &str) {
    let response = button_as(cx, rect, param.name(), face, None, tip);
    if response.clicked() && cx.ui.input(|input| !input.pointer.any_released()) {
        // By a key, which has no moment of going down.
        cx.pulse(param);
    }
    // A quick click may go down and up within one frame.
    let is_hit = response.is_pointer_button_down_on() || response.clicked();
    let goes_down = is_hit && cx.ui.input(|input| input.pointer.any_pressed());
    if goes_down {
        cx.pulse(param);
    }
}

/// A card around a group of controls.
pub fn card(cx: &mut UiContext<'_>, rect: Rect, title: &str) -> Rect {
    let rect = rect.round_to_pixels(cx.ui.pixels_per_point());
    let painter = cx.ui.painter();
    painter.rect(rect, theme::RADIUS + 2, theme::CARD, Stroke::new(1.0, theme::EDGE), StrokeKind::Inside);
    if title.is_empty() {
        return rect.shrink(12.0);
    }
    painter.text(rect.min + vec2(12.0, 9.0), Align2::LEFT_TOP, title, theme::small(), theme::QUIET);
    Rect::from_min_max(rect.min + vec2(12.0, 30.0), rect.max - vec2(12.0, 10.0))
}

/// A name to the left of a control.
pub fn label(cx: &UiContext<'_>, rect: Rect, name: &str) {
    cx.text(pos2(rect.left(), rect.center().y), Align2::LEFT_CENTER, name, theme::small(), theme::DIM);
}

/// A number in a row: its name on the left, a value to drag or type on the right.
pub fn stepper<P: Param>(cx: &mut UiContext<'_>, rect: Rect, param: &P, tip: &str) {
    let field = named_field(cx, rect, param.name());
    number_field(cx, field, param, tip);
}

/// A value to drag or type, without its name.
fn number_field<P: Param>(cx: &mut UiContext<'_>, field: Rect, param: &P, tip: &str) {
    number_field_as(cx, field, param, None, tip);
}

/// The same, with other words than the parameter's value while it is not being changed.
pub fn number_field_as<P: Param>(cx: &mut UiContext<'_>, field: Rect, param: &P, words: Option<&str>, tip: &str) {
    let response = cx.draggable(param, field, tip, |moved| moved.x - moved.y);
    let painter = cx.ui.painter();
    let fill = if response.hovered() || response.dragged() { theme::LIT } else { theme::RAISED };
    painter.rect(field, theme::RADIUS, fill, theme::rim(), StrokeKind::Inside);
    let filled = Rect::from_min_size(
        pos2(field.left() + 4.0, field.bottom() - 3.0),
        vec2((field.width() - 8.0) * cx.value(param), 2.0),
    );
    painter.rect_filled(filled, 1.0, theme::SEGUE);
    let number = Rect::from_center_size(field.center(), vec2((field.width() - 40.0).max(40.0), 18.0));
    cx.number_as(param, number, words);
}

/// A list in a row: its name on the left, the picker on the right.
pub fn choice<P: Param>(cx: &mut UiContext<'_>, rect: Rect, param: &P, tip: &str) {
    let field = named_field(cx, rect, param.name());
    let choices = all_choices(param);
    picker(cx, field, param, &choices, tip);
}

/// Writes a name at the left of a row. Returns the place for a control at its right.
pub fn named_field(cx: &UiContext<'_>, rect: Rect, name: &str) -> Rect {
    label(cx, rect, name);
    let width = (rect.width() - cx.names).clamp(LEAST_FIELD, FIELD);
    Rect::from_min_max(pos2(rect.right() - width, rect.top() + 1.0), rect.max - vec2(0.0, 1.0))
}
