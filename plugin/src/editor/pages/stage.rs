//! The page *Stage*: answers that are played again, and who plays what. *Again* and *Mute* themselves stand under the
//! roll on every page.

use super::super::ui_context::{NAME, UiContext};
use super::{MIDI_NAME, chosen, columns, section, stepped, toggled};
use crate::params::SegueParams;
use egui::Rect;

/// Draws the page.
pub fn draw(cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams) {
    let (turns, midi, harmony) = (&params.turns, &params.midi, &params.harmony);
    let [again, parts, chords] = columns(rect, [1.2, 1.2, 1.0]);
    cx.names = MIDI_NAME;
    let rows = vec![
        stepped(&turns.recall, "Which of the last eight answers Again plays: 1 is the last."),
        chosen(&turns.again_to, "As it was: note for note. Present chords: fitted to the chords in force now."),
        toggled(&turns.keep_answers, "The eight answers stay as they are, in a bounce too. The song saves them."),
    ];
    section(cx, again, "Again", rows);
    let rows = vec![
        chosen(&midi.sends, "Which of Segue's parts leave for other instruments: its line, the comping, or both."),
        stepped(&midi.out_channel, "The channel of Segue's line."),
        stepped(&harmony.comping_channel, "The channel of the comping, if it leaves."),
        toggled(
            &midi.mpe,
            "Each key of yours has a channel of its own. Off, channel 10 is drums, which Segue ignores.",
        ),
        stepped(&midi.in_channel, "The channel that Segue listens to."),
    ];
    section(cx, parts, "Who plays what", rows);
    let rows = vec![
        chosen(&harmony.source, "Where the chords come from: the chart, your hands, a MIDI channel, or nowhere."),
        stepped(&harmony.chord_window, "A note on a beat waits so long at most for a chord that you strike there."),
    ];
    section(cx, chords, "Chords of yours", rows);
    cx.names = NAME;
}
