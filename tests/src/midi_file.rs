//! A session as a MIDI file: one track for the player, one for Segue.

use crate::performance::Sounded;
use crate::score::Score;
use crate::timeline::{Frame, Timeline};
use anyhow::{Context, Result};
use segue_midi::{FileNote, FileTrack};
use std::path::Path;

/// Ticks of a quarter note in the file, twenty for each of Segue's, so that small shifts of the player's keys survive.
const FILE_TICKS_PER_QUARTER: u16 = 960;

/// Writes both parts with tempo and time signature. The transport must keep to one tempo and metre.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, score: &Score, answer: &[Sounded]) -> Result<()> {
    let timeline = &score.timeline;
    let time = [segue_midi::tempo(timeline.tempo_bpm(0)), segue_midi::signature(timeline.metre_at(0))];
    let notes = |notes: &[Sounded]| notes.iter().map(|note| file_note(timeline, note)).collect();
    let player = FileTrack {
        name: "Player",
        channel: 0,
        heading: time.into_iter().map(|meta| (0, meta)).collect(),
        notes: notes(&strokes_as_notes(score)),
    };
    let segue = FileTrack { name: "Segue", channel: 1, heading: Vec::new(), notes: notes(answer) };
    let bytes = segue_midi::bytes(FILE_TICKS_PER_QUARTER, &[player, segue])?;
    std::fs::write(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
}

/// The player's keys, as notes.
pub fn strokes_as_notes(score: &Score) -> Vec<Sounded> {
    let note = |stroke: &crate::score::Stroke| Sounded {
        on: stroke.down,
        off: stroke.up,
        pitch: stroke.pitch,
        velocity: stroke.velocity,
        channel: u16::from(stroke.channel),
    };
    let mut notes: Vec<Sounded> = score.strokes.iter().map(note).collect();
    notes.sort_by_key(|note| (note.on, note.pitch));
    notes
}

fn file_note(timeline: &Timeline, note: &Sounded) -> FileNote {
    let [on, off] = [note.on, note.off].map(|frame| file_tick(timeline, frame));
    FileNote { on, off, pitch: note.pitch, velocity: note.velocity }
}

fn file_tick(timeline: &Timeline, at: Frame) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a demo is short and starts at 0")]
    let tick = (timeline.beats(at) * f64::from(FILE_TICKS_PER_QUARTER)).round() as u32;
    tick
}

#[cfg(test)]
mod tests {
    use super::*;
    use midly::num::u24;
    use midly::{MetaMessage, Smf, TrackEventKind};
    use segue_model::note::Metre;

    #[test]
    fn what_is_written_is_read_back_with_both_tracks_and_the_time() {
        let mut score = Score::silence(Timeline::steady(48_000.0, 100.0, Metre::new(6, 8).unwrap()), 96_000);
        score.press(60, 0, 14_400).press(60, 14_400, 28_800);
        let answer = strokes_as_notes(&score);
        let folder = std::env::temp_dir().join(format!("segue-midi-file-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("both.mid");
        write(&path, &score, &answer).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let smf = Smf::parse(&bytes).unwrap();
        assert_eq!(smf.tracks.len(), 2);
        assert!(
            smf.tracks[0]
                .iter()
                .any(|event| event.kind == TrackEventKind::Meta(MetaMessage::TimeSignature(6, 3, 24, 8)))
        );
        assert!(
            smf.tracks[0]
                .iter()
                .any(|event| event.kind == TrackEventKind::Meta(MetaMessage::Tempo(u24::from(600_000))))
        );
        let deltas: Vec<u32> = smf.tracks[1].iter().map(|event| event.delta.as_int()).collect();
        assert_eq!(deltas, [0, 0, 480, 0, 480, 0], "name, on, off, on, off, end");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
