//! The tempo: the setting, or what gives another tempo at the moment.

use super::controls::number_field_as;
use super::ui_context::UiContext;
use crate::params::SegueParams;
use egui::Rect;
use segue_engine::recorder::Present;

/// Tempos that differ by less look the same.
const SAME_BPM: f64 = 0.05;

/// Draws the field. While something else gives the tempo, that tempo is shown, and the setting may still be changed.
pub fn draw(cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams, present: Option<&Present>, is_tapping: bool) {
    let tempo = &params.timing.tempo;
    let tip = "Tempo without host: how fast Segue plays while no song of a host does. Set it here, or tap it.";
    let other = present.and_then(|present| other_tempo(present, tempo.value().into(), cx.is_program(), is_tapping));
    let Some((source, bpm)) = other else {
        return number_field_as(cx, rect, tempo, None, tip);
    };
    let (word, why) = match source {
        Source::Host => ("host", "your DAW gives it"),
        Source::Phrase => ("heard", "read from your phrase"),
    };
    let tip = format!("{bpm:.1} bpm, {why}. Your setting is {tempo}.\n{tip}");
    number_field_as(cx, rect, tempo, Some(&format!("{word} {bpm:.1}")), &tip);
}

/// What gives the tempo instead of the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Host,
    Phrase,
}

/// The tempo that holds instead of the setting, if another one does.
fn other_tempo(present: &Present, set_bpm: f64, is_program: bool, is_tapping: bool) -> Option<(Source, f64)> {
    let snapshot = &present.snapshot;
    let bpm = snapshot.tempo_bpm;
    // A tempo that is being tapped is written into the setting soon. A host whose song stands may report a tempo too.
    let is_hosts = !is_program && !is_tapping && (bpm - set_bpm).abs() > SAME_BPM;
    if snapshot.tempo_is_read {
        return Some((Source::Phrase, bpm));
    }
    (snapshot.follows_host || is_hosts).then_some((Source::Host, bpm))
}
