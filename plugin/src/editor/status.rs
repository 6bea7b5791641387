//! The status line: the state of the instance, and for a while the result of the last action.

use super::controls::button_as;
use super::ui_context::UiContext;
use super::{EditorData, theme};
use crate::params::SegueParams;
use crate::styles::{self, News};
use egui::{Align2, Color32, Pos2, Rect, pos2, vec2};
use nice_plug::prelude::Param;
use segue_engine::recorder::Present;
use segue_engine::stats::{Stats, WorkerStatus};
use segue_model::note::Ticks;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Faults are shown for this long, so that one hiccup does not stay for the evening.
const SHOWN: Duration = Duration::from_secs(30);

/// A count that only grows, and how much it has grown of late.
#[derive(Debug, Default)]
struct RecentCount {
    seen: u32,
    /// When it grew and by how much, the oldest first.
    grown: VecDeque<(Instant, u32)>,
}

impl RecentCount {
    /// How much the count has grown within the last [`SHOWN`].
    fn of(&mut self, count: u32, now: Instant) -> u32 {
        let more = count.wrapping_sub(std::mem::replace(&mut self.seen, count));
        match self.grown.back_mut() {
            // One entry a second is enough.
            Some((since, sum)) if now.duration_since(*since) < Duration::from_secs(1) => *sum += more,
            _ if more > 0 => self.grown.push_back((now, more)),
            _ => {}
        }
        self.grown.retain(|(at, _)| now.duration_since(*at) < SHOWN);
        self.grown.iter().map(|(_, more)| more).sum()
    }
}

/// The status line, which remembers the faults of the last half minute.
#[derive(Debug, Default)]
pub struct StatusLine {
    late: RecentCount,
    dropped: RecentCount,
    refused: RecentCount,
    unheard: RecentCount,
}

impl StatusLine {
    /// Draws the line.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, rect: Rect, data: &EditorData, present: Option<&Present>) {
        let (stats, now) = (&data.stats, Instant::now());
        let recent = [
            self.late.of(stats.late.get(), now),
            self.dropped.of(stats.dropped.get(), now),
            self.refused.of(stats.refused.get(), now),
            self.unheard.of(stats.unheard.get(), now),
        ];
        if recent.iter().any(|count| *count > 0) {
            cx.ui.ctx().request_repaint_after(Duration::from_secs(1));
        }
        line(cx, rect, data, present, recent);
    }
}

fn line(
    cx: &mut UiContext<'_>,
    rect: Rect,
    data: &EditorData,
    present: Option<&Present>,
    [late, dropped, refused, unheard]: [u32; 4],
) {
    cx.ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, theme::EDGE));
    let y = rect.center().y;
    if let Some((words, is_warning)) = cx.notice() {
        let colour = if is_warning { theme::WRONG } else { theme::TEXT };
        let painter = cx.ui.painter();
        // Leaves room for the resize handle.
        let width = rect.width() - 3.0 * theme::MARGIN;
        let words = theme::elided(painter, words, theme::small(), colour, width);
        painter.galley(pos2(rect.left() + theme::MARGIN, y - words.size().y / 2.0), words, colour);
        return;
    }
    let mut x = rect.left() + theme::MARGIN;
    let mut cell = |cx: &mut UiContext<'_>, name: &str, text: String, colour: Color32, tip: &str| {
        let drawn = cx.text(pos2(x, y), Align2::LEFT_CENTER, text, theme::small(), colour);
        cx.area(name, drawn.expand2(vec2(4.0, 6.0)), egui::Sense::hover(), tip);
        x = drawn.right() + 22.0;
    };
    if data.signals.is_mute() {
        let words = "No sound: the JACK server or the sound card is gone".to_owned();
        let tip = "Capture still writes what was played. The sound comes back by itself with the server or card.";
        cell(cx, "Status mute", words, theme::WRONG, tip);
    }
    let (style, colour) = playing(&data.params, &data.stats);
    let tip =
        own_fault(&data.params).unwrap_or_else(|| "The style that plays. A missing file is shown here.".to_owned());
    cell(cx, "Status style", style, colour, &tip);
    let tip = "Where the time comes from, the bar and beat, and the tempo.";
    cell(cx, "Status time", transport(present), theme::DIM, tip);
    let stats = &data.stats;
    let mut count = |name: &str, words: &str, number: u32, tip: &str| {
        if number > 0 {
            cell(cx, name, format!("{number} {words}"), theme::WRONG, tip);
        }
    };
    let tip = "Notes that were decided after their moment: the machine is too busy. A longer look-ahead \
               helps. Counted over the last half minute.";
    count("Status late", "late", late, tip);
    let tip = "Notes that were not played at all, because they came much too late.";
    count("Status dropped", "dropped", dropped, tip);
    count("Status refused", "not taken", refused, "Notes of Segue that the host would not take.");
    count(
        "Status unheard",
        "not heard",
        unheard,
        "Notes of yours that Segue has not heard, because it was too far behind.",
    );
    count("Status waits", "too slow", stats.time_outs.get(), "Times that a rendering waited for Segue in vain.");
    count("Status restarts", "restarts", stats.panics.get(), "Times that Segue failed and was started again.");
    if let Some(problem) = styles::device_problem() {
        cell(cx, "Status device", "runs on the processor".to_owned(), theme::WRONG, problem);
    }
    if late + dropped > 0 {
        offer_longer_look_ahead(cx, pos2(x, y), &data.params);
    }
}

/// The button that gives a busy machine more time.
fn offer_longer_look_ahead(cx: &mut UiContext<'_>, left: Pos2, params: &SegueParams) {
    let look_ahead = &params.timing.look_ahead;
    let (now, longer) =
        (look_ahead.unmodulated_normalized_value(), look_ahead.preview_normalized(look_ahead.value() * 2.0));
    if longer <= now {
        return;
    }
    let face = format!("Look-ahead {}", look_ahead.normalized_value_to_string(longer, true));
    let rect = Rect::from_min_size(left - vec2(0.0, 10.0), vec2(140.0, 20.0));
    let tip = "Segue decides its notes earlier, so that they are in time on this machine.";
    if button_as(cx, rect, "Longer look-ahead", &face, None, tip).clicked() {
        cx.set(look_ahead, longer);
    }
}

/// The style that plays, and whether it is the chosen one.
fn playing(params: &SegueParams, stats: &Stats) -> (String, Color32) {
    let chosen = params.model.style.to_string();
    match stats.worker_status() {
        WorkerStatus::NoWeights => return (format!("{chosen} cannot be read, so Segue is silent"), theme::WRONG),
        WorkerStatus::NoThread => {
            return ("The system gives Segue no thread; restart the host".to_owned(), theme::WRONG);
        }
        WorkerStatus::Loading | WorkerStatus::Ready => {}
    }
    let playing = params.settings().style.number;
    if i32::from(playing.0) == params.model.style.value() {
        return match own_fault(params) {
            Some(_) => (format!("{chosen}: not the file that this song was saved with"), theme::WRONG),
            None => (chosen, theme::TEXT),
        };
    }
    let instead = styles::style(playing).map_or("nothing", |style| style.name);
    (format!("{chosen} is missing; {instead} plays instead"), theme::WRONG)
}

/// The problem with the user's own style, if that is the chosen one.
fn own_fault(params: &SegueParams) -> Option<String> {
    if params.model.style.value() != i32::from(styles::OWN.0) {
        return None;
    }
    let changed = || params.own.news().filter(|news| matches!(news, News::Changed { .. }));
    params.own.problem().or_else(|| Some(changed()?.to_string()))
}

fn transport(present: Option<&Present>) -> String {
    let Some(Present { snapshot, song_beats, .. }) = present else { return "waiting for the host".to_owned() };
    let metre = snapshot.bars.metre;
    let sign = format!("{}/{}", metre.numerator, metre.denominator);
    let heard = if snapshot.tempo_is_read { "heard " } else { "" };
    let tempo = format!("{heard}{:.1} bpm", snapshot.tempo_bpm);
    if song_beats.is_none() || !snapshot.follows_host {
        return format!("no song   {sign}   {tempo}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "no song is that long")]
    let now = Ticks(snapshot.now.floor() as i64);
    let bar = (now - snapshot.form).0.div_euclid(metre.bar().0) + 1;
    let beat = snapshot.bars.place(now).0 / metre.beat().0.max(1) + 1;
    format!("host   {bar}.{beat}   {sign}   {tempo}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_counted_for_half_a_minute() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut late = RecentCount::default();
        let counts = [(0, 0, 0), (1, 1, 1), (2, 3, 3), (29, 3, 3), (31, 3, 2), (32, 3, 0), (40, 4, 1), (90, 4, 0)];
        for (second, count, shown) in counts {
            assert_eq!(late.of(count, at(second)), shown, "after {second} s");
        }
    }
}
