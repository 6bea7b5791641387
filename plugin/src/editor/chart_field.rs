//! The chord chart as text. Mistakes are shown while the musician types, and the last chart without a mistake stays in
//! force.

use super::chart_sheet::{self, SheetBar};
use super::roll::usual_chart;
use super::ui_context::UiContext;
use super::{controls, theme};
use crate::params::{ChordSource, SegueParams};
use crate::styles;
use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Color32, Id, Rect, Sense, Stroke, StrokeKind, TextBuffer, TextEdit, Ui, pos2, vec2};
use nice_plug::params::persist::PersistentField;
use segue_engine::snapshot::Snapshot;
use segue_model::chart::{Chart, ChartError};
use segue_model::note::Metre;

/// The width of the button that shows the sheet.
const SHEET: f32 = 58.0;

const TIP: &str = "The chords that Segue plays to, bar by bar: C7 | F7 | C7 | G7. % repeats a bar, / is a beat on \
                   which the chord goes on, |: and :| repeat a part, 3/4 is a metre, NC is no chord. The chart \
                   goes round and round from the start of the song. Empty: the style's own.";

/// The text being typed, and its mistake, if any.
#[derive(Default)]
pub struct ChartField {
    draft: String,
    /// The version of the chart that the draft came from or last became.
    version: Option<u32>,
    mistake: Option<ChartError>,
    /// Whether the chart was changed here and the host has not been told yet.
    owes_word: bool,
    /// Whether what was there before this text was typed can be undone.
    is_kept: bool,
    /// Whether the chart is shown as a sheet.
    shows_sheet: bool,
}

impl ChartField {
    /// Draws the field, and at its right the button that shows the sheet.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, all: Rect, params: &SegueParams) {
        let rect = all.with_max_x(all.right() - SHEET - theme::GAP);
        let button = all.with_min_x(all.right() - SHEET);
        let tip = "The chart with four bars a line, over the notes; the bar that sounds is lit.";
        let accent = self.shows_sheet.then_some(theme::SEGUE_TEXT);
        if controls::button(cx, button, "Sheet", accent, tip).clicked() {
            self.shows_sheet = !self.shows_sheet;
        }
        let id = Id::unique("segue chart");
        let has_focus = cx.ui.memory(|memory| memory.has_focus(id));
        self.follow(params, has_focus);
        cx.mark("Chart", rect);
        let mistake = self.mistake.as_ref().and_then(ChartError::bar);
        let mut letters = |ui: &Ui, text: &dyn TextBuffer, _: f32| {
            ui.fonts_mut(|fonts| fonts.layout_job(coloured(text.as_str(), mistake)))
        };
        let field = TextEdit::singleline(&mut self.draft)
            .id(id)
            .font(theme::chart())
            .layouter(&mut letters)
            .hint_text(hint(params))
            .align(Align2::LEFT_CENTER)
            .margin(vec2(10.0, 5.0));
        let response = cx.ui.put(rect, field);
        let response = if has_focus { response } else { response.on_hover_text(TIP) };
        if response.changed() {
            if Chart::parse(&self.draft).is_ok() && !std::mem::replace(&mut self.is_kept, true) {
                cx.remember("chart");
            }
            self.take(params);
        }
        if response.lost_focus() {
            self.is_kept = false;
        }
        if response.lost_focus() && std::mem::take(&mut self.owes_word) {
            cx.touch(&params.harmony.source);
        }
        if self.mistake.is_some() {
            cx.ui.painter().rect_stroke(rect, theme::RADIUS, Stroke::new(1.0, theme::WRONG), StrokeKind::Inside);
        }
    }

    /// Draws the chart as a sheet over the notes, if that is wanted.
    pub fn draw_sheet(&self, cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams, now: Option<&Snapshot>) {
        if !self.shows_sheet {
            return;
        }
        let metre = now.map_or(Metre::COMMON, |now| now.bars.metre);
        if let Some(mistake) = &self.mistake {
            let wrong = mistake.bar();
            let bars = parts(&self.draft).into_iter().filter_map(|(text, bar)| bar.map(|bar| (text, bar)));
            let bars: Vec<SheetBar> = bars.map(|(text, bar)| SheetBar::written(text, wrong == Some(bar))).collect();
            let shown = bars.iter().position(|bar| bar.is_wrong);
            chart_sheet::draw(cx, rect, &bars, None, shown);
        } else if let Some(chart) = params.chart.chart().or_else(|| usual_chart(params)) {
            let bars = chart_sheet::played(&chart, metre);
            let is_played = params.harmony.source.value() == ChordSource::Chart;
            let lit = now.filter(|_| is_played).and_then(|now| chart_sheet::sounding(&chart, metre, now));
            chart_sheet::draw(cx, rect, &bars, lit, lit);
        } else {
            chart_sheet::draw(cx, rect, &[], None, None);
        }
    }

    /// Shows in one line the mistake, or the chart in force. A long line begins further left than the field; the
    /// tooltip has the whole text.
    pub fn explain(&self, cx: &mut UiContext<'_>, rect: Rect, left: f32, params: &SegueParams) {
        let (words, colour) = match &self.mistake {
            Some(mistake) => (format!("Still playing the last valid chart; {mistake}."), theme::WRONG),
            None => match self.standing(params) {
                Some(words) => (words, theme::QUIET),
                None => return,
            },
        };
        let painter = cx.ui.painter().with_clip_rect(rect);
        let galley = theme::elided(&painter, &words, theme::small(), colour, rect.width());
        let furthest = (rect.right() - galley.size().x).max(rect.left());
        let at = pos2((left + 10.0).min(furthest), rect.center().y - galley.size().y / 2.0);
        painter.galley(at, galley, colour);
        if self.mistake.is_some() {
            cx.area("Mistake", rect, Sense::hover(), &words);
        }
    }

    /// What becomes of the chart, if that is not plain.
    fn standing(&self, params: &SegueParams) -> Option<String> {
        let is_empty = self.draft.trim().is_empty();
        let source = params.harmony.source.value();
        if source != ChordSource::Chart {
            let from = match source {
                ChordSource::Off => "Chords is Off: Segue plays to no chords",
                _ => "The chords come from what you hold",
            };
            return Some(if is_empty { format!("{from}.") } else { format!("{from}, and not from this chart.") });
        }
        let playing = params.settings().style.number;
        if !is_empty && styles::style(playing).is_some_and(|style| !style.plays_chords) {
            let style = styles::style(playing).map_or("This style", |style| style.name);
            let is_comping = params.harmony.comping.value();
            let comping = if is_comping { "only the comping plays them" } else { "only Comping would play them" };
            return Some(format!("{style} does not play over chords; {comping}."));
        }
        (is_empty && usual_chart(params).is_some())
            .then(|| "The style's own chords, whatever Key says; write others to play to those.".to_owned())
    }

    /// Follows a chart that a song or a preset has brought.
    fn follow(&mut self, params: &SegueParams, has_focus: bool) {
        let version = params.chart.version();
        if self.version != Some(version) && !has_focus {
            self.version = Some(version);
            self.draft = params.chart.map(|text| text.replace("\r\n", "\n").replace('\n', " | "));
            self.mistake = Chart::parse(&self.draft).err();
        }
    }

    fn take(&mut self, params: &SegueParams) {
        match Chart::parse(&self.draft) {
            Ok(_) => {
                self.mistake = None;
                params.chart.set(self.draft.clone());
                self.version = Some(params.chart.version());
                self.owes_word = true;
            }
            Err(mistake) => self.mistake = Some(mistake),
        }
    }
}

/// What the empty field says.
fn hint(params: &SegueParams) -> &'static str {
    let playing = styles::style(params.settings().style.number);
    if playing.is_some_and(|style| !style.plays_chords) {
        "Chords for the comping: C | F | C | G7"
    } else {
        "Chords: C7 | F7 | C7 | G7"
    }
}

/// The text between the strokes, each part with its number if it is a bar, counted as mistakes count it.
fn parts(text: &str) -> Vec<(&str, Option<usize>)> {
    let mut bar = 0;
    let last = text.split('|').count() - 1;
    let number = |(index, part): (usize, _)| {
        let part: &str = part;
        // The dots of a repeat sign are not a bar.
        let has_letters = part.chars().any(|letter| !letter.is_whitespace() && letter != ':');
        // An empty bar between two bar lines continues the chord before it.
        let is_empty_bar = index > 0 && index < last && !part.is_empty() && part.trim().is_empty();
        let is_bar = has_letters || is_empty_bar;
        bar += usize::from(is_bar);
        (part, is_bar.then_some(bar))
    };
    text.split('|').enumerate().map(number).collect()
}

/// Lays out a chart: bar lines are faint, and a bar with a mistake is highlighted.
fn coloured(text: &str, wrong: Option<usize>) -> LayoutJob {
    let mut job = LayoutJob::default();
    let letters = |colour: Color32, is_wrong: bool| TextFormat {
        underline: if is_wrong { Stroke::new(1.0, theme::WRONG) } else { Stroke::NONE },
        ..TextFormat::simple(theme::chart(), colour)
    };
    for (index, (part, bar)) in parts(text).into_iter().enumerate() {
        if index > 0 {
            job.append("|", 0.0, letters(theme::FAINT, false));
        }
        let is_wrong = bar.is_some() && wrong == bar;
        job.append(part, 0.0, letters(if is_wrong { theme::WRONG } else { theme::CHORD }, is_wrong));
    }
    job.wrap.max_width = f32::INFINITY;
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    /// While the text has a mistake, the last valid chart stays in force.
    #[test]
    fn a_chart_with_a_mistake_leaves_the_old_one_in_force() {
        let params = SegueParams::default();
        let mut field = ChartField::default();
        let mut write = |text: &str| {
            field.follow(&params, true);
            text.clone_into(&mut field.draft);
            field.take(&params);
            (field.mistake.is_some(), params.chart.map(String::clone))
        };
        assert_eq!(write("C7 | F7"), (false, "C7 | F7".to_owned()));
        assert_eq!(write("C7 | Q7"), (true, "C7 | F7".to_owned()));
        assert_eq!(write("C7 | G7"), (false, "C7 | G7".to_owned()));
        assert_eq!(write(""), (false, String::new()), "an empty chart is valid too");
    }

    #[test]
    fn the_wrong_bar_is_the_one_that_stands_out() {
        for (text, bar) in [("C | Q | F", " Q "), ("| C | D |: Qx :|", ": Qx :"), ("Q", "Q")] {
            let mistake = Chart::parse(text).unwrap_err();
            let job = coloured(text, mistake.bar());
            let wrong = job.sections.iter().find(|section| section.format.color == theme::WRONG).unwrap();
            assert_eq!(text.get(wrong.byte_range.start.0..wrong.byte_range.end.0), Some(bar));
        }
    }
}
