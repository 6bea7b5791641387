//! What every control uses: gestures that begin and end, typed values, keys, tooltips, its name for screen readers, and
//! its place.
//!
//! Drag to change a value, Shift or Ctrl for fine steps, double click for the default, the wheel or the arrow keys for
//! a step, click the number to type it, the right button for a menu.

mod keys;

use super::notice::Notice;
use super::test_probe::TestProbe;
use super::theme;
use super::undo::Undo;
use crate::params::{Gestures, SegueParams};
use crate::preset::{self, Preset};
use egui::{Align2, Id, Key, Modifiers, Pos2, Rect, Response, Role, Sense, TextEdit, Ui, WidgetInfo, vec2};
use nice_plug::context::gui::{GuiContext, ParamSetter};
use nice_plug::params::internals::ParamPtr;
use nice_plug::prelude::{Param, PluginApi};
use std::time::{Duration, Instant};

/// How far a drag over the whole range goes, in points.
const DRAG_POINTS: f32 = 180.0;
/// The factor for a drag with Shift or Ctrl.
const FINE: f32 = 0.1;
/// One notch of the wheel as a share of the range, for parameters without steps.
const NOTCH: f32 = 0.02;
/// How much wider than a number's place the words in it may be before they are written smaller.
const WORDS_SPARE: f32 = 18.0;
/// A double click has ended by then.
const SECOND_CLICK: Duration = Duration::from_millis(900);
/// How long a momentary switch stays on: longer than the longest block, so that the audio thread sees it.
const PULSE: Duration = Duration::from_millis(250);

/// The width of short names to the left of controls.
pub const NAME: f32 = 56.0;

/// What is in progress from one frame to the next.
#[derive(Default)]
pub struct Interaction {
    /// Gestures that have begun but not ended.
    open: Vec<ParamPtr>,
    /// The control that is being dragged, and its value.
    drag: Option<(Id, f32)>,
    typing: Option<Typing>,
    /// The text in the open menu of a control.
    menu: Option<Typing>,
    /// What the window can take back.
    undo: Undo,
    /// Whether Shift or Ctrl is held. egui does not know, because it forgets held keys whenever the keyboard focus goes
    /// back to the host.
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

impl Interaction {
    /// Ends everything that is in progress.
    pub fn let_go(&mut self, context: &GuiContext, params: &SegueParams) {
        let mut host = context.param_setter();
        for (switch, _) in self.pulses.drain(..) {
            if let Some(switch) = params.setting_at(switch) {
                host.set(switch, 0.0);
            }
        }
        for param in self.open.drain(..) {
            if let Some(param) = params.setting_at(param) {
                host.end(param);
            }
        }
    }

    fn end_pulses(&mut self, context: &GuiContext, params: &SegueParams) {
        let is_over = |(_, since): &(ParamPtr, Instant)| since.elapsed() >= PULSE;
        let over: Vec<ParamPtr> =
            self.pulses.iter().filter(|pulse| is_over(pulse)).map(|(switch, _)| *switch).collect();
        self.pulses.retain(|(switch, _)| !over.contains(switch));
        for switch in over {
            self.open.retain(|open| *open != switch);
            if let Some(switch) = params.setting_at(switch) {
                let mut host = context.param_setter();
                host.set(switch, 0.0);
                host.end(switch);
            }
        }
    }
}

/// Everything that a control needs to draw itself and to change its parameter, for one frame.
pub struct UiContext<'a> {
    /// Where it is drawn.
    pub ui: &'a mut Ui,
    /// The width of the names to the left of controls, so that controls in one column are aligned.
    pub names: f32,
    context: &'a GuiContext,
    params: &'a SegueParams,
    interaction: &'a mut Interaction,
    notice: &'a mut Notice,
    test_probe: &'a mut TestProbe,
    /// The control that has the focus.
    focused: Option<Rect>,
}

impl<'a> UiContext<'a> {
    /// The context of one frame.
    pub fn new(
        ui: &'a mut Ui,
        context: &'a GuiContext,
        params: &'a SegueParams,
        interaction: &'a mut Interaction,
        notice: &'a mut Notice,
        test_probe: &'a mut TestProbe,
    ) -> Self {
        interaction.is_fine = ui.input(|input| {
            let told = input.events.iter().rev().find_map(|event| match event {
                egui::Event::ModifiersChanged(modifiers) | egui::Event::PointerButton { modifiers, .. } => {
                    Some(modifiers.shift || modifiers.ctrl || modifiers.command)
                }
                _ => None,
            });
            told.unwrap_or(interaction.is_fine)
        });
        Self { ui, names: NAME, context, params, interaction, notice, test_probe, focused: None }
    }

    /// Ends the frame. Returns how soon the next one is needed.
    pub fn finish(&mut self) -> Option<Duration> {
        if let Some(rect) = self.focused {
            theme::ring(self.ui.painter(), rect);
        }
        self.interaction.end_pulses(self.context, self.params);
        let notice = self.notice.remaining();
        let pulse = self.interaction.pulses.iter().map(|(_, since)| PULSE.saturating_sub(since.elapsed())).min();
        [notice, pulse].into_iter().flatten().min()
    }

    /// Shows a message in the status line for a while.
    pub fn say(&mut self, words: impl Into<String>) {
        self.notice.say(words.into());
    }

    /// Shows for a while that something went wrong, and what to do.
    pub fn warn(&mut self, words: impl Into<String>) {
        self.notice.warn(words.into());
    }

    /// The message that is shown now, and whether something went wrong.
    pub fn notice(&self) -> Option<(&str, bool)> {
        Some((self.notice.words()?, self.notice.is_warning()))
    }

    /// Whether this is the program without a host, to which all keys belong.
    pub fn is_program(&self) -> bool {
        self.context.plugin_api() == PluginApi::Standalone
    }

    /// An area that reacts to the pointer.
    pub fn area(&mut self, name: &str, rect: Rect, sense: Sense, tip: &str) -> Response {
        self.area_as(&WidgetInfo::labeled(Role::Button, true, name), name, rect, sense, tip)
    }

    /// An area that screen readers know as something else than a button. `info` tells them what it is.
    pub fn area_as(&mut self, info: &WidgetInfo, name: &str, rect: Rect, sense: Sense, tip: &str) -> Response {
        self.test_probe.note(name, rect);
        let response = self.ui.interact(rect, id_of(name), sense);
        if sense.interactive() {
            response.widget_info(|| info.clone());
        }
        if response.has_focus() {
            self.focused = Some(rect);
        }
        if tip.is_empty() { response } else { response.on_hover_text(tip) }
    }

    /// Tells the tests where something is that is not drawn through this context.
    pub fn mark(&mut self, name: &str, rect: Rect) {
        self.test_probe.note(name, rect);
    }

    fn setter(&self) -> ParamSetter<'a> {
        self.context.param_setter()
    }

    /// Makes the instance play as a preset says, and makes sure that the host knows.
    pub fn apply(&mut self, preset: &Preset) {
        if !preset::apply(preset, self.params, &mut self.setter()) {
            // The chart alone moves no parameter. What was moved is applied after this frame, and must not be touched.
            self.touch(&self.params.harmony.source);
        }
    }

    /// Keeps how the instance plays, before something is done that can be undone.
    pub fn remember(&mut self, what: impl Into<String>) {
        self.interaction.undo.remember(what, self.params);
    }

    /// What can be undone.
    pub fn undo(&mut self) -> &mut Undo {
        &mut self.interaction.undo
    }

    /// A whole gesture: begin, set, end. The value is normalized.
    pub fn set<P: Param>(&mut self, param: &P, normalized: f32) {
        self.begin(param);
        self.to(param, normalized);
        self.end(param);
    }

    fn begin<P: Param>(&mut self, param: &P) {
        if !self.interaction.open.contains(&param.as_ptr()) {
            self.interaction.open.push(param.as_ptr());
            self.setter().begin_set_parameter(param);
        }
    }

    fn to<P: Param>(&mut self, param: &P, normalized: f32) {
        // The value is rounded as the parameter rounds it, so that host and plugin agree.
        let plain = param.preview_plain(normalized.clamp(0.0, 1.0));
        self.setter().set_parameter(param, plain);
    }

    fn end<P: Param>(&mut self, param: &P) {
        if self.interaction.open.contains(&param.as_ptr()) {
            self.interaction.open.retain(|open| *open != param.as_ptr());
            self.setter().end_set_parameter(param);
        }
    }

    /// Sets a parameter to its present value, so that the host marks the song as changed. The host does not notice the
    /// other things that a song saves.
    pub fn touch<P: Param>(&mut self, param: &P) {
        self.set(param, param.unmodulated_normalized_value());
    }

    /// Presses a momentary switch, which releases itself.
    pub fn pulse<P: Param>(&mut self, param: &P) {
        let switch = param.as_ptr();
        if self.interaction.pulses.iter().any(|(other, _)| *other == switch) {
            // Pressed again before it was released: the audio thread must see it off in between.
            self.to(param, 0.0);
        }
        self.interaction.pulses.retain(|(other, _)| *other != switch);
        self.interaction.pulses.push((switch, Instant::now()));
        self.begin(param);
        self.to(param, 1.0);
    }

    /// The value that a control shows: the dragged one during a drag, otherwise the parameter's.
    pub fn value<P: Param>(&self, param: &P) -> f32 {
        match self.interaction.drag {
            Some((id, value)) if id == id_of(param.name()) => value,
            _ => param.modulated_normalized_value(),
        }
    }

    /// Whether this parameter is being dragged now.
    pub fn is_dragged<P: Param>(&self, param: &P) -> bool {
        self.interaction.drag.is_some_and(|(id, _)| id == id_of(param.name()))
    }

    /// An area in which dragging, the wheel and a double click change a parameter. `along` converts a drag to a
    /// distance.
    pub fn draggable<P: Param>(
        &mut self,
        param: &P,
        rect: Rect,
        tip: &str,
        along: impl Fn(egui::Vec2) -> f32,
    ) -> Response {
        let text = format!("{tip}\n{HOW}");
        let (value, shown) = (self.value(param), param.normalized_value_to_string(self.value(param), true));
        let info =
            WidgetInfo { current_text_value: Some(shown), ..WidgetInfo::slider(true, f64::from(value), param.name()) };
        let response = self.area_as(&info, param.name(), rect, Sense::click_and_drag(), &text);
        let id = id_of(param.name());
        if response.drag_started_by(egui::PointerButton::Primary) {
            self.begin(param);
            self.interaction.drag = Some((id, param.unmodulated_normalized_value()));
        }
        if let Some((dragged, value)) = self.interaction.drag
            && dragged == id
        {
            let fine = if self.interaction.is_fine { FINE } else { 1.0 };
            let moved = along(response.drag_delta()) * fine / DRAG_POINTS;
            if response.dragged() && moved != 0.0 {
                let value = (value + moved).clamp(0.0, 1.0);
                self.interaction.drag = Some((id, value));
                self.to(param, value);
            }
            if response.drag_stopped() || !response.is_pointer_button_down_on() && !response.dragged() {
                self.interaction.drag = None;
                self.end(param);
            }
        }
        if response.double_clicked() {
            self.reset(param);
        }
        if response.hovered() {
            self.wheel(param);
        }
        if response.has_focus() {
            self.keys(param, &response);
        }
        self.menu(param, &response);
        response
    }

    /// The value of a parameter as text; a click turns it into a text field.
    pub fn number<P: Param>(&mut self, param: &P, rect: Rect, font: egui::FontId) {
        self.number_in(param, rect, font, theme::DIM, None);
    }

    /// The same, showing other words while the value is not being changed.
    pub fn number_as<P: Param>(&mut self, param: &P, rect: Rect, words: Option<&str>) {
        let words = words.filter(|_| !self.is_dragged(param));
        // Longer words are written smaller.
        let width =
            |words: &str| self.ui.painter().layout_no_wrap(words.to_owned(), theme::small(), theme::DIM).size().x;
        let is_long = words.is_some_and(|words| width(words) > rect.width() + WORDS_SPARE);
        let font = if is_long { theme::tiny() } else { theme::small() };
        self.number_in(param, rect, font, theme::DIM, words);
    }

    /// The same in a brighter colour.
    pub fn large_number<P: Param>(&mut self, param: &P, rect: Rect, font: egui::FontId) {
        self.number_in(param, rect, font, theme::TEXT, None);
    }

    fn number_in<P: Param>(
        &mut self,
        param: &P,
        rect: Rect,
        font: egui::FontId,
        quiet: egui::Color32,
        words: Option<&str>,
    ) {
        let id = id_of(param.name()).with("typed");
        if self.typed(param, id, rect) {
            return;
        }
        let name = format!("{} value", param.name());
        let response = self.area(&name, rect, Sense::CLICK, "Click to type a value.");
        let response = response.on_hover_cursor(egui::CursorIcon::Text);
        self.menu(param, &response);
        let colour = if response.hovered() { theme::TEXT } else { quiet };
        let text = param.normalized_value_to_string(self.value(param), true);
        self.ui.painter().text(rect.center(), Align2::CENTER_CENTER, words.unwrap_or(&text), font, colour);
        if response.double_clicked() {
            self.reset(param);
        } else if response.clicked() {
            self.interaction.typing = Some(Typing { id, text, fresh: true, since: Instant::now() });
            self.ui.ctx().request_repaint();
        }
    }

    /// Draws the text field. True while it is open.
    fn typed<P: Param>(&mut self, param: &P, id: Id, rect: Rect) -> bool {
        let Some(mut typing) = self.interaction.typing.take_if(|typing| typing.id == id) else { return false };
        let field = TextEdit::singleline(&mut typing.text)
            .id(id)
            .font(theme::small())
            .align(Align2::CENTER_CENTER)
            .margin(vec2(4.0, 1.0));
        let response = self.ui.put(rect.expand2(vec2(6.0, 1.0)), field);
        if self.was_double_click(rect) && typing.since.elapsed() < SECOND_CLICK {
            // The first click of a double click has opened the field.
            response.surrender_focus();
            self.reset(param);
            return true;
        }
        if std::mem::take(&mut typing.fresh) {
            response.request_focus();
            select_all(self.ui, id, &typing.text);
            self.interaction.typing = Some(typing);
            return true;
        }
        if !response.lost_focus() {
            self.interaction.typing = Some(typing);
            return true;
        }
        let given_up = self.ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        if !given_up {
            self.take_text(param, &typing.text);
        }
        true
    }

    /// Whether the pointer has just double-clicked here, whatever control was here.
    fn was_double_click(&self, rect: Rect) -> bool {
        self.ui.input(|input| {
            let is_double = input.pointer.button_double_clicked(egui::PointerButton::Primary);
            is_double && input.pointer.interact_pos().is_some_and(|at| rect.contains(at))
        })
    }

    /// Draws a text.
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

/// Identifies a control from one frame to the next.
fn id_of(name: &str) -> Id {
    Id::unique(("segue", name))
}

/// The last line of every draggable control's tooltip.
const HOW: &str = "Drag, or turn the wheel; Shift for fine. Double click for the default, right click to type.";

fn select_all(ui: &Ui, id: Id, text: &str) {
    use egui::text::{CCursor, CCursorRange};
    let mut state = egui::text_edit::TextEditState::load(ui.ctx(), id).unwrap_or_default();
    let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
    state.cursor.set_char_range(Some(all));
    state.store(ui.ctx(), id);
}
