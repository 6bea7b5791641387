//! The status line: the state of the instance, and for a while the result of the last action.

use super::ui_context::UiContext;
use super::{EditorData, theme};
use crate::params::SegueParams;
use crate::styles::{self, News};
use egui::{Align2, Color32, Rect, pos2};
use segue_engine::recorder::Present;
use segue_engine::stats::{Stats, WorkerStatus};
use segue_model::note::Ticks;
use std::sync::atomic::Ordering::Relaxed;

/// Draws the line.
pub fn line(cx: &mut UiContext<'_>, rect: Rect, data: &EditorData, present: Option<&Present>) {
    cx.ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, theme::EDGE));
    let y = rect.center().y;
    if let Some(words) = cx.notice() {
        let painter = cx.ui.painter();
        // Leaves room for the resize handle.
        let width = rect.width() - 3.0 * theme::MARGIN;
        let words = theme::elided(painter, words, theme::small(), theme::PLAYER, width);
        painter.galley(pos2(rect.left() + theme::MARGIN, y - words.size().y / 2.0), words, theme::PLAYER);
        return;
    }
    let mut x = rect.left() + theme::MARGIN;
    let mut cell = |cx: &mut UiContext<'_>, name: &str, text: String, colour: Color32, tip: &str| {
        let drawn = cx.text(pos2(x, y), Align2::LEFT_CENTER, text, theme::small(), colour);
        cx.area(name, drawn.expand2(egui::vec2(4.0, 6.0)), egui::Sense::hover(), tip);
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
    let micros = stats.elapsed_ns.load(Relaxed) / 1_000;
    if micros > 0 {
        let tip =
            "How long Segue took to decide its last notes. It decides ahead, so a few milliseconds are not heard.";
        cell(cx, "Status thinking", thinking(micros), theme::DIM, tip);
    }
    let mut count = |name: &str, words: &str, number: u32, tip: &str| {
        if number > 0 {
            cell(cx, name, format!("{number} {words}"), theme::WRONG, tip);
        }
    };
    let tip = "Notes that were decided after their moment: the machine is too busy. A longer look-ahead helps.";
    count("Status late", "late", stats.late.get(), tip);
    let tip = "Notes that were not played at all, because they came much too late.";
    count("Status dropped", "dropped", stats.dropped.get(), tip);
    count("Status refused", "refused", stats.refused.get(), "Notes that the host would not take.");
    count(
        "Status unheard",
        "not heard",
        stats.unheard.get(),
        "Notes of yours that never reached the model, because it was too far behind.",
    );
    count("Status waits", "time-outs", stats.time_outs.get(), "Times that a rendering waited for Segue and gave up.");
    count("Status restarts", "restarts", stats.panics.get(), "Times that Segue's model failed and was started again.");
    if let Some(problem) = styles::device_problem() {
        cell(cx, "Status device", "runs on the processor".to_owned(), theme::WRONG, problem);
    }
}

fn thinking(micros: u64) -> String {
    if micros < 1_000 {
        format!("thinks {micros} µs")
    } else {
        format!("thinks {}.{} ms", micros / 1_000, micros % 1_000 / 100)
    }
}

/// The style that plays, and whether it is the chosen one.
fn playing(params: &SegueParams, stats: &Stats) -> (String, Color32) {
    let chosen = params.model.style.to_string();
    match stats.worker_status() {
        WorkerStatus::NoWeights => return (format!("{chosen}: cannot be read, Segue is silent"), theme::WRONG),
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
    let tempo = format!("{:.1} bpm", snapshot.tempo_bpm);
    if song_beats.is_none() || !snapshot.follows_host {
        return format!("own time   {sign}   {tempo}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "no song is that long")]
    let now = Ticks(snapshot.now.floor() as i64);
    let bar = (now - snapshot.form).0.div_euclid(metre.bar().0) + 1;
    let beat = snapshot.bars.place(now).0 / metre.beat().0.max(1) + 1;
    format!("host   {bar}.{beat}   {sign}   {tempo}")
}
