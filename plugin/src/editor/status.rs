//! The line at the foot: how the instance is, and for a while what has just been done.

use super::board::Board;
use super::{Scene, theme};
use crate::params::SegueParams;
use crate::preset::{self, News};
use egui::{Align2, Color32, Rect, pos2};
use segue_engine::recorder::Present;
use segue_engine::stats::{Stats, WorkerStatus};
use segue_model::note::Ticks;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How long something is said.
const SPOKEN: Duration = Duration::from_secs(8);

/// Something that is said for a while.
#[derive(Default)]
pub struct Notice(Option<(String, Instant)>);

impl Notice {
    /// Says it from now on.
    pub fn say(&mut self, words: String) {
        self.0 = Some((words, Instant::now()));
    }

    /// What is said now.
    pub fn words(&self) -> Option<&str> {
        self.0.as_ref().filter(|(_, since)| since.elapsed() < SPOKEN).map(|(words, _)| words.as_str())
    }

    /// How long it is still said.
    pub fn remaining(&self) -> Option<Duration> {
        let (_, since) = self.0.as_ref()?;
        SPOKEN.checked_sub(since.elapsed())
    }
}

/// Draws the line.
pub fn line(board: &mut Board<'_>, rect: Rect, scene: &Scene, present: Option<&Present>) {
    board.ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, theme::EDGE));
    let y = rect.center().y;
    if let Some(words) = board.notice() {
        let painter = board.ui.painter();
        // The corner is to be seen beside it.
        let width = rect.width() - 3.0 * theme::MARGIN;
        let words = theme::elided(painter, words, theme::small(), theme::PLAYER, width);
        painter.galley(pos2(rect.left() + theme::MARGIN, y - words.size().y / 2.0), words, theme::PLAYER);
        return;
    }
    let mut x = rect.left() + theme::MARGIN;
    let mut cell = |board: &mut Board<'_>, name: &str, text: String, colour: Color32, tip: &str| {
        let drawn = board.text(pos2(x, y), Align2::LEFT_CENTER, text, theme::small(), colour);
        board.area(name, drawn.expand2(egui::vec2(4.0, 6.0)), egui::Sense::hover(), tip);
        x = drawn.right() + 22.0;
    };
    if scene.signals.is_mute() {
        let words = "No sound: the JACK server or the sound card is gone".to_owned();
        let tip = "Capture still writes what was played. Start Segue again when the sound is back.";
        cell(board, "Status mute", words, theme::WRONG, tip);
    }
    let (style, colour) = playing(&scene.params, &scene.stats);
    let tip = own_fault(&scene.params).unwrap_or_else(|| "What plays. It says so when a file is missing.".to_owned());
    cell(board, "Status style", style, colour, &tip);
    let tip = "Where the time comes from, the bar and beat, and the tempo.";
    cell(board, "Status time", transport(present), theme::DIM, tip);
    let stats = &scene.stats;
    let micros = stats.think_ns.load(Relaxed) / 1_000;
    if micros > 0 {
        let tip = "How long Segue took over its last notes. It thinks ahead, so up to some milliseconds are not heard.";
        cell(board, "Status thinking", thinking(micros), theme::DIM, tip);
    }
    let mut count = |name: &str, words: &str, number: u32, tip: &str| {
        if number > 0 {
            cell(board, name, format!("{number} {words}"), theme::WRONG, tip);
        }
    };
    let tip = "Notes that were decided after their moment: the machine is too busy. A longer look-ahead helps.";
    count("Status late", "late", stats.late.get(), tip);
    let tip = "Notes that were not played at all, because they came much too late.";
    count("Status dropped", "dropped", stats.dropped.get(), tip);
    count("Status refused", "refused", stats.refused.get(), "Notes that the host would not take.");
    count(
        "Status unheard",
        "unheard",
        stats.unheard.get(),
        "Notes of yours that Segue never got: it was too far behind.",
    );
    count("Status waits", "waits in vain", stats.time_outs.get(), "Times that a rendering waited for Segue in vain.");
    count("Status restarts", "restarts", stats.panics.get(), "Times that Segue's mind broke and was made anew.");
    if let Some(problem) = preset::device_problem() {
        cell(board, "Status device", "thinks on the processor".to_owned(), theme::WRONG, problem);
    }
}

fn thinking(micros: u64) -> String {
    if micros < 1_000 {
        format!("thinks {micros} µs")
    } else {
        format!("thinks {}.{} ms", micros / 1_000, micros % 1_000 / 100)
    }
}

/// What plays, and whether that is what was asked for.
fn playing(params: &SegueParams, stats: &Stats) -> (String, Color32) {
    let wished = params.mind.style.to_string();
    match stats.mind() {
        WorkerStatus::NoWeights => return (format!("{wished}: cannot be read, Segue is silent"), theme::WRONG),
        WorkerStatus::NoThread => return ("The system gives Segue no thread to think in".to_owned(), theme::WRONG),
        WorkerStatus::Loading | WorkerStatus::Ready => {}
    }
    let playing = params.settings().style;
    if i32::from(playing.0) == params.mind.style.value() {
        return match own_fault(params) {
            Some(_) => (format!("{wished}: not the file of this song"), theme::WRONG),
            None => (wished, theme::TEXT),
        };
    }
    let instead = preset::style(playing).map_or("nothing", |style| style.name);
    (format!("{wished}: not there, {instead} plays"), theme::WRONG)
}

/// What is wrong with the file of the musician's own style, where that is to play.
fn own_fault(params: &SegueParams) -> Option<String> {
    if params.mind.style.value() != i32::from(preset::OWN.0) {
        return None;
    }
    let changed = || params.own.news().filter(|news| matches!(news, News::Changed { .. }));
    params.own.problem().or_else(|| Some(changed()?.to_string()))
}

fn transport(present: Option<&Present>) -> String {
    let Some(Present { snapshot, song_beats, .. }) = present else { return "waits for the host".to_owned() };
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
