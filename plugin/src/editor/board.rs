//! What every control stands on: gestures that begin and end, values that are typed, tooltips, and the place where a
//! control is.
//!
//! Drag to change, Ctrl for fine, double click for the default, the wheel for a step, a click on the number to type it.

use super::landmarks::Landmarks;
use super::status::Notice;
use super::{controls, theme};
use egui::{Align2, Id, Key, Modifiers, Pos2, Rect, Response, Sense, TextEdit, Ui, vec2};
use nice_plug::context::gui::{GuiContext, ParamSetter};
use nice_plug::params::internals::ParamPtr;
use nice_plug::prelude::Param;
use std::time::{Duration, Instant};

/// The whole range is this many points of a drag.
const DRAG_POINTS: f32 = 180.0;
/// How much less a drag with Ctrl moves.
const FINE: f32 = 0.1;
/// One notch of the wheel, as a part of the range, when the parameter has no steps.
const NOTCH: f32 = 0.02;
/// A double click is over by then.
const SECOND_CLICK: Duration = Duration::from_millis(900);
/// How long a momentary switch stays on: longer than the longest block, so that the audio thread sees it.
const PULSE: Duration = Duration::from_millis(250);

/// What is in progress from one frame to the next.
#[derive(Default)]
pub struct Held {
    /// Gestures that have begun and not ended.
    open: Vec<ParamPtr>,
    /// A control under the pointer's drag, and where it stands.
    drag: Option<(Id, f32)>,
    typing: Option<Typing>,
    /// Ctrl is held. Not what egui says: it forgets the keys that are held whenever the keyboard goes back to the host.
    is_fine: bool,
    /// Momentary switches that are on, and since when.
    pulses: Vec<(ParamPtr, Instant)>,
}

struct Typing {
    id: Id,
    text: String,
    fresh: bool,
    since: Instant,
}

impl Held {
    /// Ends everything that is in progress.
    pub fn let_go(&mut self, context: &GuiContext) {
        for (switch, _) in self.pulses.drain(..) {
            // SAFETY: the pointer was made from a parameter of this instance, whose parameters its wrapper keeps alive;
            // the wrapper looks it up among them before it uses it.
            unsafe { context.raw_set_parameter_normalized(switch, 0.0) };
        }
        for param in self.open.drain(..) {
            // SAFETY: as above.
            unsafe { context.raw_end_set_parameter(param) };
        }
    }

    fn end_pulses(&mut self, context: &GuiContext) {
        let over: Vec<ParamPtr> =
            self.pulses.iter().filter(|(_, since)| since.elapsed() >= PULSE).map(|(switch, _)| *switch).collect();
        self.pulses.retain(|(switch, _)| !over.contains(switch));
        for switch in over {
            // SAFETY: as above.
            unsafe {
                context.raw_set_parameter_normalized(switch, 0.0);
                context.raw_end_set_parameter(switch);
            }
            self.open.retain(|open| *open != switch);
        }
    }
}

/// One frame's board.
pub struct Board<'a> {
    /// Where it is drawn.
    pub ui: &'a mut Ui,
    /// What the names in front of controls take here, so that the controls below each other stand in line.
    pub names: f32,
    context: &'a GuiContext,
    held: &'a mut Held,
    notice: &'a mut Notice,
    landmarks: &'a mut Landmarks,
}

impl<'a> Board<'a> {
    /// A board for one frame.
    pub fn new(
        ui: &'a mut Ui,
        context: &'a GuiContext,
        held: &'a mut Held,
        notice: &'a mut Notice,
        landmarks: &'a mut Landmarks,
    ) -> Self {
        held.is_fine = ui.input(|input| {
            let told = input.events.iter().rev().find_map(|event| match event {
                egui::Event::ModifiersChanged(modifiers) | egui::Event::PointerButton { modifiers, .. } => {
                    Some(modifiers.ctrl || modifiers.command)
                }
                _ => None,
            });
            told.unwrap_or(held.is_fine)
        });
        Self { ui, names: controls::NAME, context, held, notice, landmarks }
    }

    /// Ends the frame; says after what time there is something to do at the latest.
    pub fn finish(&mut self) -> Option<Duration> {
        self.held.end_pulses(self.context);
        let notice = self.notice.remaining();
        let pulse = self.held.pulses.iter().map(|(_, since)| PULSE.saturating_sub(since.elapsed())).min();
        [notice, pulse].into_iter().flatten().min()
    }

    /// Says something in the status line for a while.
    pub fn say(&mut self, words: impl Into<String>) {
        self.notice.say(words.into());
    }

    /// What is said at the moment.
    pub fn notice(&self) -> Option<&str> {
        self.notice.words()
    }

    /// An area that reacts to the pointer.
    pub fn area(&mut self, name: &str, rect: Rect, sense: Sense, tip: &str) -> Response {
        self.landmarks.note(name, rect);
        let response = self.ui.interact(rect, id_of(name), sense);
        if tip.is_empty() { response } else { response.on_hover_text(tip) }
    }

    /// Tells the tests where something is that is not made here.
    pub fn mark(&mut self, name: &str, rect: Rect) {
        self.landmarks.note(name, rect);
    }

    /// For whoever moves several parameters at once.
    pub fn setter(&self) -> ParamSetter<'a> {
        self.context.param_setter()
    }

    /// A whole gesture: begin, set, end. The value is normalized.
    pub fn set<P: Param>(&mut self, param: &P, normalized: f32) {
        self.begin(param);
        self.to(param, normalized);
        self.end(param);
    }

    fn begin<P: Param>(&mut self, param: &P) {
        if !self.held.open.contains(&param.as_ptr()) {
            self.held.open.push(param.as_ptr());
            self.setter().begin_set_parameter(param);
        }
    }

    fn to<P: Param>(&mut self, param: &P, normalized: f32) {
        // To the value that it will really have, so that host and plugin agree.
        let plain = param.preview_plain(normalized.clamp(0.0, 1.0));
        self.setter().set_parameter(param, plain);
    }

    fn end<P: Param>(&mut self, param: &P) {
        if self.held.open.contains(&param.as_ptr()) {
            self.held.open.retain(|open| *open != param.as_ptr());
            self.setter().end_set_parameter(param);
        }
    }

    /// Says once more what a parameter is, so that the host knows that the song has changed. What a song saves beside
    /// its parameters has no other way to tell.
    pub fn touch<P: Param>(&mut self, param: &P) {
        self.set(param, param.unmodulated_normalized_value());
    }

    /// Switches something on that springs back by itself.
    pub fn pulse<P: Param>(&mut self, param: &P) {
        let switch = param.as_ptr();
        if self.held.pulses.iter().any(|(other, _)| *other == switch) {
            // Pressed again before it sprang back: it has to be seen to go down in between.
            self.to(param, 0.0);
        }
        self.held.pulses.retain(|(other, _)| *other != switch);
        self.held.pulses.push((switch, Instant::now()));
        self.begin(param);
        self.to(param, 1.0);
    }

    /// Where a control stands: under the pointer what it is dragged to, else what the host knows.
    pub fn value<P: Param>(&self, param: &P) -> f32 {
        match self.held.drag {
            Some((id, value)) if id == id_of(param.name()) => value,
            _ => param.modulated_normalized_value(),
        }
    }

    /// Whether something is being set by hand now.
    pub fn is_dragged<P: Param>(&self, param: &P) -> bool {
        self.held.drag.is_some_and(|(id, _)| id == id_of(param.name()))
    }

    /// An area whose drag, wheel and double click change a parameter. `along` says how far a drag went.
    pub fn draggable<P: Param>(
        &mut self,
        param: &P,
        rect: Rect,
        tip: &str,
        along: impl Fn(egui::Vec2) -> f32,
    ) -> Response {
        let text = format!("{tip}\n{HOW}");
        let response = self.area(param.name(), rect, Sense::click_and_drag(), &text);
        let id = id_of(param.name());
        if response.drag_started() {
            self.begin(param);
            self.held.drag = Some((id, param.unmodulated_normalized_value()));
        }
        if let Some((dragged, value)) = self.held.drag
            && dragged == id
        {
            let fine = if self.held.is_fine { FINE } else { 1.0 };
            let moved = along(response.drag_delta()) * fine / DRAG_POINTS;
            if response.dragged() && moved != 0.0 {
                let value = (value + moved).clamp(0.0, 1.0);
                self.held.drag = Some((id, value));
                self.to(param, value);
            }
            if response.drag_stopped() || !response.is_pointer_button_down_on() && !response.dragged() {
                self.held.drag = None;
                self.end(param);
            }
        }
        if response.double_clicked() {
            self.set(param, param.default_normalized_value());
        }
        if response.hovered() {
            self.wheel(param);
        }
        response
    }

    fn wheel<P: Param>(&mut self, param: &P) {
        let notches: f32 = self.ui.input(|input| {
            let turned = input.events.iter().map(|event| match event {
                egui::Event::MouseWheel { delta, .. } => delta.y,
                _ => 0.0,
            });
            turned.sum()
        });
        if notches == 0.0 || self.held.drag.is_some() {
            return;
        }
        let fine = if self.held.is_fine { FINE } else { 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "at most ten thousand steps")]
        let step = param.step_count().map_or(NOTCH * fine, |steps| (1.0 / steps as f32).max(f32::EPSILON));
        self.set(param, param.unmodulated_normalized_value() + step * notches.signum());
    }

    /// The text of a parameter, which a click makes a field to type into.
    pub fn number<P: Param>(&mut self, param: &P, rect: Rect, font: egui::FontId) {
        self.number_in(param, rect, font, theme::DIM);
    }

    /// The same where it is what one looks at first.
    pub fn large_number<P: Param>(&mut self, param: &P, rect: Rect, font: egui::FontId) {
        self.number_in(param, rect, font, theme::TEXT);
    }

    fn number_in<P: Param>(&mut self, param: &P, rect: Rect, font: egui::FontId, quiet: egui::Color32) {
        let id = id_of(param.name()).with("typed");
        if self.typed(param, id, rect) {
            return;
        }
        let name = format!("{} value", param.name());
        let response = self.area(&name, rect, Sense::click(), "Click to type a value.");
        let response = response.on_hover_cursor(egui::CursorIcon::Text);
        let colour = if response.hovered() { theme::TEXT } else { quiet };
        let text = param.normalized_value_to_string(self.value(param), true);
        self.ui.painter().text(rect.center(), Align2::CENTER_CENTER, &text, font, colour);
        if response.double_clicked() {
            self.set(param, param.default_normalized_value());
        } else if response.clicked() {
            self.held.typing = Some(Typing { id, text, fresh: true, since: Instant::now() });
            self.ui.ctx().request_repaint();
        }
    }

    /// True while a field to type into stands there.
    fn typed<P: Param>(&mut self, param: &P, id: Id, rect: Rect) -> bool {
        let Some(mut typing) = self.held.typing.take_if(|typing| typing.id == id) else { return false };
        let field = TextEdit::singleline(&mut typing.text)
            .id(id)
            .font(theme::small())
            .align(Align2::CENTER_CENTER)
            .margin(vec2(4.0, 1.0));
        let response = self.ui.put(rect.expand2(vec2(6.0, 1.0)), field);
        if self.was_double_click(rect) && typing.since.elapsed() < SECOND_CLICK {
            // The first click of a double click has opened the field.
            response.surrender_focus();
            self.set(param, param.default_normalized_value());
            return true;
        }
        if std::mem::take(&mut typing.fresh) {
            response.request_focus();
            select_all(self.ui, id, &typing.text);
            self.held.typing = Some(typing);
            return true;
        }
        if !response.lost_focus() {
            self.held.typing = Some(typing);
            return true;
        }
        let given_up = self.ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        if !given_up {
            match param.string_to_normalized_value(typing.text.trim()) {
                Some(value) => self.set(param, value),
                None => self.say(format!("{}: “{}” is no value for it.", param.name(), typing.text.trim())),
            }
        }
        true
    }

    /// Whether the pointer has just clicked twice here, on whatever was here.
    fn was_double_click(&self, rect: Rect) -> bool {
        self.ui.input(|input| {
            let is_double = input.pointer.button_double_clicked(egui::PointerButton::Primary);
            is_double && input.pointer.interact_pos().is_some_and(|at| rect.contains(at))
        })
    }

    /// Letters at a place.
    pub fn text(
        &self,
        at: Pos2,
        align: Align2,
        text: impl ToString,
        font: egui::FontId,
        colour: egui::Color32,
    ) -> Rect {
        self.ui.painter().text(at, align, text, font, colour)
    }
}

/// By which the window knows a control from one frame to the next.
fn id_of(name: &str) -> Id {
    Id::unique(("segue", name))
}

/// Said under every tooltip of something that is dragged.
const HOW: &str = "Drag; Ctrl for fine; double click for the default.";

fn select_all(ui: &Ui, id: Id, text: &str) {
    use egui::text::{CCursor, CCursorRange};
    let mut state = egui::text_edit::TextEditState::load(ui.ctx(), id).unwrap_or_default();
    let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
    state.cursor.set_char_range(Some(all));
    state.store(ui.ctx(), id);
}
