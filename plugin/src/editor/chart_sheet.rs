//! The chart as a sheet, as musicians read it: four bars a line, and the bar that sounds is lit.

use super::theme;
use super::ui_context::UiContext;
use egui::{Align2, Color32, FontId, Painter, Rect, Stroke, StrokeKind, pos2, vec2};
use segue_engine::snapshot::Snapshot;
use segue_model::chart::Chart;
use segue_model::note::{Metre, Ticks};

/// The bars of a line.
const BARS: usize = 4;
/// The least and the greatest height of a line.
const LINE: (f32, f32) = (30.0, 56.0);
/// A line below this height has no room for a number above the chords.
const LOW: f32 = 42.0;
/// The least and the greatest size of a chord's letters.
const LETTERS: (f32, f32) = (13.5, 24.0);
/// The distance between the sheet and its edge.
const MARGIN: f32 = 10.0;

/// A bar of the sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetBar {
    /// What stands in it, each with its place in the bar, from 0 to 1.
    chords: Vec<(f32, String)>,
    /// The metre, where it begins or changes.
    metre: Option<Metre>,
    /// Whether it has a mistake.
    pub is_wrong: bool,
}

impl SheetBar {
    /// A bar as it was typed.
    pub fn written(text: &str, is_wrong: bool) -> Self {
        // The dots of a repeat sign are no chord.
        let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == ':');
        Self { chords: vec![(0.0, text.to_owned())], metre: None, is_wrong }
    }
}

/// The bars of a chart in the order of playing; `metre` applies to those without their own.
pub fn played(chart: &Chart, metre: Metre) -> Vec<SheetBar> {
    let (mut begin, mut before) = (0, metre);
    let mut bar = |metre: Metre| {
        let (from, length) = (begin, metre.bar().0);
        begin += length;
        let mut chords: Vec<(f32, String)> = Vec::new();
        let mut at = from;
        while at < begin {
            let (chord, next) = chart.stretch_at(Ticks(at), metre);
            let name = chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string());
            if chords.last().is_none_or(|(_, last)| *last != name) {
                #[expect(clippy::cast_precision_loss, reason = "a part of a bar")]
                chords.push(((at - from) as f32 / length as f32, name));
            }
            at = next.0.max(at + 1);
        }
        let changes = std::mem::replace(&mut before, metre) != metre;
        SheetBar { chords, metre: changes.then_some(metre), is_wrong: false }
    };
    chart.metres(metre).into_iter().map(&mut bar).collect()
}

/// The bar that sounds, counted from 0.
pub fn sounding(chart: &Chart, metre: Metre, now: &Snapshot) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, reason = "no jam is that long")]
    let moment = now.now.floor() as i64 - now.form.0;
    let mut place = moment.rem_euclid(chart.length(metre)?.0.max(1));
    chart.metres(metre).iter().position(|metre| {
        place -= metre.bar().0;
        place < 0
    })
}

/// Draws the sheet. Where it has more lines than there is room, the line with the bar `shown` is among those that are
/// seen.
pub fn draw(cx: &mut UiContext<'_>, rect: Rect, bars: &[SheetBar], lit: Option<usize>, shown: Option<usize>) {
    let painter = cx.ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 0.0, theme::PAPER);
    let inside = rect.shrink(MARGIN);
    if bars.is_empty() {
        let words = "Write the chords below: C7 | F7 | C7 | G7";
        painter.text(inside.center(), Align2::CENTER_CENTER, words, theme::large(), theme::QUIET);
        return;
    }
    let lines = bars.len().div_ceil(BARS);
    #[expect(clippy::cast_precision_loss, reason = "at most 128")]
    let height = (inside.height() / lines as f32).clamp(LINE.0, LINE.1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few")]
    let seen = ((inside.height() / height) as usize).max(1);
    let first = (shown.unwrap_or(0) / BARS).saturating_sub(seen / 2).min(lines.saturating_sub(seen));
    let letters = FontId::proportional((height * 0.5).clamp(LETTERS.0, LETTERS.1));
    for (index, bar) in bars.iter().enumerate().skip(first * BARS).take(seen * BARS) {
        let (line, column) = (index / BARS - first, index % BARS);
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let corner = inside.min + vec2(column as f32 * inside.width() / BARS as f32, line as f32 * height);
        #[expect(clippy::cast_precision_loss, reason = "four")]
        let cell = Rect::from_min_size(corner, vec2(inside.width() / BARS as f32, height));
        let is_lit = lit == Some(index);
        draw_bar(&painter, cell, index + 1, bar, &letters, is_lit);
        let names: Vec<&str> = bar.chords.iter().map(|(_, name)| name.as_str()).collect();
        let state = match (is_lit, bar.is_wrong) {
            (_, true) => " (wrong)",
            (true, _) => " (now)",
            _ => "",
        };
        cx.mark(&format!("Bar {}: {}{state}", index + 1, names.join(" ")), cell);
    }
}

fn draw_bar(painter: &Painter, cell: Rect, number: usize, bar: &SheetBar, letters: &FontId, is_lit: bool) {
    let body = cell.shrink2(vec2(1.0, 2.0));
    if is_lit {
        painter.rect_filled(body, theme::RADIUS, theme::CHOSEN);
    } else if bar.is_wrong {
        painter.rect_stroke(body, theme::RADIUS, Stroke::new(1.0, theme::WRONG), StrokeKind::Inside);
    }
    painter.vline(cell.left(), body.y_range(), Stroke::new(1.0, theme::RIM));
    let (ink, quiet) = match (is_lit, bar.is_wrong) {
        (true, _) => (Color32::WHITE, Color32::WHITE),
        (_, true) => (theme::WRONG, theme::WRONG),
        _ => (theme::TEXT, theme::QUIET),
    };
    let head = match bar.metre {
        Some(metre) => format!("{number}   {}/{}", metre.numerator, metre.denominator),
        None => number.to_string(),
    };
    // In a low line the number stands before the chords, otherwise above them.
    let is_low = cell.height() < LOW;
    let (place, anchor) = if is_low {
        (pos2(body.left() + 5.0, body.center().y), Align2::LEFT_CENTER)
    } else {
        (body.min + vec2(5.0, 0.0), Align2::LEFT_TOP)
    };
    let head = painter.text(place, anchor, head, theme::tiny(), quiet);
    let left = if is_low { head.right().max(body.left() + 22.0) + 4.0 } else { body.left() + 6.0 };
    let room = body.right() - 4.0 - left;
    let ends = bar.chords.iter().skip(1).map(|(at, _)| *at).chain([1.0]);
    for ((at, name), end) in bar.chords.iter().zip(ends) {
        let width = (end - at) * room - 4.0;
        let wide = painter.layout_no_wrap(name.clone(), letters.clone(), ink).size().x;
        // A chord that is too long for its share is written smaller before it is cut.
        let size = (letters.size * (width / wide).min(1.0)).max(theme::tiny().size);
        let words = theme::elided(painter, name, FontId::proportional(size), ink, width);
        let y = if is_low { body.center().y - words.size().y / 2.0 } else { body.bottom() - 2.0 - words.size().y };
        painter.galley(pos2(left + at * room, y), words, ink);
    }
}
