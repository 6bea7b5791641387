//! The header, and the row under the roll with mode, style and chart.

use super::super::controls::{LINE, button, picker_with_words, segments, toggle, trigger, trigger_as};
use super::super::theme;
use super::super::ui_context::UiContext;
use super::{EXPLAINED, Page, ROW, View};
use crate::params::{ModeChoice, SegueParams};
use crate::styles::{self, Style};
use egui::{Align2, Event, Key, Modifiers, Rect, Role, Sense, WidgetInfo, pos2, vec2};
use nice_plug::params::persist::PersistentField;
use nice_plug::prelude::Param;
use segue_engine::host::StyleNumber;
use std::path::Path;

const YOUR_TURN: &str = "Gives Segue the turn now, even while you hold keys. While Segue plays, it takes it back. In \
                         the program the space bar does the same.";
/// The width of the presets' button with its arrows.
const PRESETS: f32 = 236.0;

impl View<'_> {
    pub(super) fn header(&mut self, cx: &mut UiContext<'_>, rect: Rect) {
        let y = rect.center().y;
        let line = |left: f32, width: f32| Rect::from_min_size(pos2(left, y - LINE / 2.0), vec2(width, LINE));
        let title =
            cx.text(pos2(rect.left() + theme::MARGIN, y), Align2::LEFT_CENTER, "Segue", theme::large(), theme::TEXT);
        let mut x = title.right() + 20.0;
        self.shelf.draw(cx, line(x, PRESETS), &self.data.params, &self.data.preferences);
        x += PRESETS + theme::GAP;
        compare(cx, line(x, 40.0), &self.data.params);
        x += 44.0;
        x = undo(cx, x, line, &self.data.params) + theme::GAP;
        for (page, name, tip) in [
            (Page::Play, "Play", "What one plays with."),
            (Page::Stage, "Stage", "Answers that are played again, and who plays what."),
            (Page::Setup, "Set up", "What is set once: time, MIDI, limits, seed, own styles."),
        ] {
            let place = line(x, 60.0);
            let is_here = *self.page == page;
            let info = WidgetInfo::selected(Role::Tab, true, is_here, name);
            let response = cx.area_as(&info, &format!("Page {name}"), place, Sense::click(), tip);
            let colour = if is_here || response.hovered() { theme::TEXT } else { theme::DIM };
            cx.text(place.center(), Align2::CENTER_CENTER, name, theme::body(), colour);
            if is_here {
                let under = Rect::from_center_size(pos2(place.center().x, place.bottom() - 1.0), vec2(34.0, 2.0));
                cx.ui.painter().rect_filled(under, 1.0, theme::SEGUE);
            }
            if response.clicked() {
                *self.page = page;
            }
            x += 60.0;
        }
        let right = rect.right() - theme::MARGIN;
        let tip = "Everything stops at once, here and in whatever hears Segue's notes.";
        if button(cx, line(right - 64.0, 64.0), "Panic", None, tip).clicked() {
            self.data.signals.ask_panic();
            cx.say("All notes are off.");
        }
        let place = line(right - 64.0 - theme::GAP - 104.0, 104.0);
        self.setup.capture_button.draw(cx, place, self.data);
    }

    pub(super) fn row(&mut self, cx: &mut UiContext<'_>, rect: Rect) {
        let params = &*self.data.params;
        let rect = rect.shrink2(vec2(theme::MARGIN, 0.0));
        let top = rect.top() + theme::GAP;
        let at = |left: f32, right: f32| Rect::from_min_max(pos2(left, top), pos2(right, top + ROW - 6.0));
        let mut x = rect.left();
        let tips = [
            "You play; when you lift your hands, Segue answers.",
            "So many bars you, so many bars Segue, on the bar line.",
            "Segue plays along with you all the time.",
        ];
        if is_space(cx) {
            cx.pulse(&params.turns.your_turn);
        }
        segments(cx, at(x, x + 222.0), &params.turns.mode, &tips);
        x += 222.0 + theme::GAP;
        // What the button will do: while Segue plays, the player takes the turn back with it.
        let part = self.roll.present().and_then(|present| present.snapshot.part);
        let stops = part.is_some_and(|part| part.plays) && params.turns.mode.value() != ModeChoice::Duet;
        let (face, tip) = if stops {
            ("Stop", "Takes the turn back: Segue stops, and you play on.")
        } else {
            ("Your turn", YOUR_TURN)
        };
        trigger_as(cx, at(x, x + 84.0), &params.turns.your_turn, face, tip);
        x += 84.0 + theme::GAP;
        let tip =
            "Plays an answer once more, at its place in the bar: the last one, or the one chosen on the page Stage.";
        trigger(cx, at(x, x + 58.0), &params.turns.again, tip);
        x += 58.0 + theme::GAP;
        let tip = "Segue is silent at once and goes on listening. Off, it comes back on the grid.";
        toggle(cx, at(x, x + 66.0), &params.turns.mute, tip);
        x += 66.0 + theme::GAP;
        let tip = "What Segue has learnt to play. Changed in mid-jam, it still remembers what was played.";
        let styles = available(params);
        let choices: Vec<f32> =
            styles.iter().map(|number| params.model.style.preview_normalized(i32::from(number.0))).collect();
        let about: Vec<String> = styles.iter().map(|number| about(*number, params)).collect();
        picker_with_words(cx, at(x, x + 116.0), &params.model.style, &choices, &about, tip);
        x += 116.0 + theme::GAP;
        let field = at(x, rect.right());
        self.chart.draw(cx, field, params);
        let below = Rect::from_min_max(
            pos2(rect.left(), field.bottom() + 1.0),
            pos2(rect.right(), field.bottom() + 1.0 + EXPLAINED),
        );
        self.chart.explain(cx, below, field.left(), params);
    }
}

/// Whether the space bar gives or takes the turn: in the program, while no control and no text field has the keyboard.
fn is_space(cx: &UiContext<'_>) -> bool {
    let is_free = cx.is_program() && cx.ui.memory(|memory| memory.focused().is_none());
    let pressed = |event: &Event| match event {
        Event::Key { key: Key::Space, pressed: true, repeat: false, modifiers, .. } => !modifiers.any(),
        _ => false,
    };
    is_free && cx.ui.input(|input| input.events.iter().any(pressed))
}

/// The button that changes between two settings.
fn compare(cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams) {
    let face = if cx.undo().is_b() { "B" } else { "A" };
    let tip = "Two settings to compare: the first press copies A to B, then each press changes to the other one.";
    let info = WidgetInfo::selected(Role::Switch, true, face == "B", "A or B");
    let response = cx.area_as(&info, "A or B", rect, Sense::click(), tip);
    let fill = if response.hovered() { theme::LIT } else { theme::RAISED };
    cx.ui.painter().rect(rect, theme::RADIUS, fill, theme::rim(), egui::StrokeKind::Inside);
    for (letter, side) in [("A", -0.25), ("B", 0.25)] {
        let colour = if letter == face { theme::TEXT } else { theme::FAINT };
        let at = rect.center() + vec2(side * rect.width(), 0.0);
        cx.text(at, Align2::CENTER_CENTER, letter, theme::body(), colour);
    }
    if response.clicked() {
        let other = cx.undo().switch(params);
        cx.apply(&other);
        let now = if cx.undo().is_b() { "B" } else { "A" };
        cx.say(format!("{now} plays."));
    }
}

/// The buttons and keys that undo and redo. Returns where the next control may begin.
fn undo(cx: &mut UiContext<'_>, mut x: f32, line: impl Fn(f32, f32) -> Rect, params: &SegueParams) -> f32 {
    let is_typing = cx.ui.ctx().text_edit_focused();
    let with_shift = Modifiers::COMMAND | Modifiers::SHIFT;
    let pressed = |modifiers, key| !is_typing && cx.ui.input_mut(|input| input.consume_key(modifiers, key));
    // The longer shortcut first, because the shorter one matches it too.
    let redoes = pressed(with_shift, Key::Z) || pressed(Modifiers::COMMAND, Key::Y);
    let undoes = pressed(Modifiers::COMMAND, Key::Z);
    for (name, is_undo, key) in [("Undo", true, undoes), ("Redo", false, redoes)] {
        let what = if is_undo { cx.undo().undoes() } else { cx.undo().redoes() };
        let tip = match what {
            Some(what) => format!("{name}: {what}."),
            None => format!("There is nothing to {}.", name.to_lowercase()),
        };
        let place = line(x, 46.0);
        let is_there = what.is_some();
        let response =
            cx.area_as(&WidgetInfo::labeled(Role::Button, is_there, name), name, place, Sense::click(), &tip);
        let colour = if !is_there {
            theme::FAINT
        } else if response.hovered() {
            theme::TEXT
        } else {
            theme::DIM
        };
        cx.text(place.center(), Align2::CENTER_CENTER, name, theme::body(), colour);
        if response.clicked() || key {
            let step = if is_undo { cx.undo().undo(params) } else { cx.undo().redo(params) };
            if let Some(step) = step {
                cx.apply(&step.was);
                let done = if is_undo { "Undone" } else { "Done again" };
                cx.say(format!("{done}: {}.", step.what));
            }
        }
        x += 46.0;
    }
    x
}

/// The available styles. The user's own style is included only if there is one.
fn available(params: &SegueParams) -> Vec<StyleNumber> {
    let built_in = styles::STYLES.iter().map(|style| style.number);
    let own = (!params.own.map(String::is_empty)).then_some(styles::OWN);
    built_in.chain(own).collect()
}

/// A few words about a style: for the user's own one, its file.
fn about(number: StyleNumber, params: &SegueParams) -> String {
    let file = || params.own.map(|path| Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned()));
    styles::style(number).map(Style::about).or_else(file).unwrap_or_default()
}
