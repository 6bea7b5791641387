//! Looking back in the roll: scrolling through what is kept, the way back to now, and what lies under the pointer.

use super::RollView;
use crate::editor::controls::button_as;
use crate::editor::theme;
use crate::editor::ui_context::UiContext;
use egui::{Align2, Event, MouseWheelUnit, Painter, Pos2, Rect, Ui, pos2, vec2};
use nice_plug::formatters;
use segue_engine::host::NoteSource;
use segue_engine::recorder::{History, Present};

/// How far one notch of the wheel scrolls, in points.
const NOTCH: f32 = 60.0;
/// How the roll is zoomed and scrolled.
const HINT: &str = "Wheel: zoom. Shift and wheel: back in time.";

/// The moment at the playhead's place while the musician looks back.
#[derive(Debug, Default)]
pub struct ScrollBack(Option<f64>);

impl ScrollBack {
    /// The moment at the playhead's place: now, unless the musician looks back.
    pub fn at(&self, now: f64) -> f64 {
        self.0.map_or(now, |back| back.min(now))
    }

    /// Scrolls as the wheel says, but not beyond the first note or into the future.
    pub fn turn(&mut self, ui: &Ui, ticks_per_point: f64, first: f64, now: f64) {
        let points: f32 = ui.input(|input| input.events.iter().map(scrolled).sum());
        let at = self.at(now);
        let back = at - f64::from(points) * ticks_per_point;
        if points != 0.0 {
            self.0 = (back < now).then_some(back.max(first.min(now)));
        } else if self.0.is_some() {
            // The notes at the left end may have been forgotten in the meantime.
            self.0 = Some(at.max(first.min(now)));
        }
    }

    /// The button that goes back to now; only while the musician looks back.
    pub fn button(&mut self, cx: &mut UiContext<'_>, past: Rect) {
        if self.0.is_none() {
            return;
        }
        let place = Rect::from_min_size(pos2(past.right() - 112.0, past.top() + 8.0), vec2(104.0, 24.0));
        let tip = "You are looking at what was played before. This follows the music again.";
        if button_as(cx, place, "Back to now", "Back to now", None, tip).clicked() {
            self.0 = None;
        }
    }
}

/// How far an event scrolls back, in points.
fn scrolled(event: &Event) -> f32 {
    // WORKAROUND(baseview 0.4.2): on X11 a wheel that is turned to the left reports a negative distance, and everywhere
    // else a positive one. Not reported, see
    // <https://docs.rs/crate/baseview/0.4.2/source/src/platform/x11/mouse.rs#L60>. Tested by
    // `every_state_of_the_window_is_photographed`. Delete when button 6 gives a positive distance.
    const TO_THE_LEFT: f32 = if cfg!(target_os = "linux") { -1.0 } else { 1.0 };
    let Event::MouseWheel { unit, delta, modifiers, .. } = event else { return 0.0 };
    let turned = if modifiers.shift && delta.x == 0.0 { delta.y } else { delta.x * TO_THE_LEFT };
    match unit {
        MouseWheelUnit::Point => turned,
        MouseWheelUnit::Line | MouseWheelUnit::Page => turned * NOTCH,
    }
}

/// Names the note under the pointer; where there is none, says how to zoom and scroll.
pub fn point_out(painter: &Painter, sheet: &RollView, history: &History, present: Option<&Present>, place: Pos2) {
    let hint = |words: &str, at: Pos2, align: Align2, colour| {
        let galley = painter.layout_no_wrap(words.to_owned(), theme::small(), colour);
        let place = align.anchor_size(at, galley.size());
        // It stays within the roll.
        let shift = (sheet.field.right() - 6.0 - place.right()).min(0.0);
        let place = place.translate(vec2(shift, 0.0));
        painter.rect(
            place.expand2(vec2(5.0, 3.0)),
            theme::RADIUS,
            theme::CARD,
            theme::rim(),
            egui::StrokeKind::Outside,
        );
        painter.galley(place.min, galley, colour);
    };
    match under(sheet, history, present, place) {
        Some(words) => {
            let is_high = place.y < sheet.field.top() + 40.0;
            let (shift, align) = if is_high { (18.0, Align2::LEFT_TOP) } else { (-10.0, Align2::LEFT_BOTTOM) };
            hint(&words, place + vec2(10.0, shift), align, theme::TEXT);
        }
        None => hint(HINT, sheet.field.min + vec2(36.0, 10.0), Align2::LEFT_TOP, theme::DIM),
    }
}

/// The note under the pointer in words.
fn under(sheet: &RollView, history: &History, present: Option<&Present>, place: Pos2) -> Option<String> {
    let is_here = |onset: f64, end: f64, key: u8| sheet.body(onset, end, f32::from(key)).expand(1.0).contains(place);
    let words = |key: u8, velocity: u8, who: &str| {
        let name = formatters::v2s_i32_key_formatter()(i32::from(key));
        format!("{name}, velocity {velocity}, {who}")
    };
    // Of two notes on the same place, the later one and the player's lie on top.
    let seen = history.notes.iter().rev().filter(|note| note.onset <= sheet.to());
    let seen = seen.take_while(|note| note.onset >= sheet.from - super::LONGEST);
    let mut here = seen.filter(|note| is_here(note.onset, note.end.unwrap_or(sheet.now), note.pitch.key()));
    let sounded = here.clone().find(|note| note.who == NoteSource::Player).or_else(|| here.next());
    if let Some(note) = sounded {
        let who = if note.who == NoteSource::Player { "you" } else { "Segue" };
        return Some(words(note.pitch.key(), note.velocity, who));
    }
    let mut planned = present.into_iter().flat_map(|present| &present.snapshot.planned);
    let note = planned.find(|note| is_here(note.onset.max(sheet.now), note.onset + note.length, note.key))?;
    Some(words(note.key, note.velocity, "planned by Segue"))
}
