//! A session as a MIDI file: one track for the player, one for Segue.

use crate::performance::Sounded;
use crate::score::Score;
use crate::timeline::{Frame, Timeline};
use anyhow::{Context, Result};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};
use std::path::Path;

/// Ticks of a quarter note in the file: twenty to one of Segue's, so that the fingers' small shifts survive.
const FILE_TICKS_PER_QUARTER: u16 = 960;

/// One track: its name, its channel in the file, and its notes.
struct Part<'a> {
    name: &'a str,
    channel: u4,
    notes: &'a [Sounded],
}

/// Writes both parts with tempo and time signature. The transport must keep to one tempo and metre.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, score: &Score, answer: &[Sounded]) -> Result<()> {
    let player: Vec<Sounded> = strokes_as_notes(score);
    let mut smf = Smf::new(Header::new(Format::Parallel, Timing::Metrical(u15::from(FILE_TICKS_PER_QUARTER))));
    let player = Part { name: "Player", channel: u4::from(0), notes: &player };
    let segue = Part { name: "Segue", channel: u4::from(1), notes: answer };
    smf.tracks.push(track(&player, &time(&score.timeline), &score.timeline));
    smf.tracks.push(track(&segue, &[], &score.timeline));
    smf.save(path).with_context(|| format!("{}: cannot be written", path.display()))
}

/// What the player did, as notes.
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

fn time(timeline: &Timeline) -> [MetaMessage<'static>; 2] {
    const MICROSECONDS_PER_MINUTE: f64 = 60_000_000.0;
    const MIDI_CLOCKS_PER_CLICK: u8 = 24;
    const THIRTY_SECONDS_PER_QUARTER: u8 = 8;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tempos lie between 20 and 999")]
    let quarter = (MICROSECONDS_PER_MINUTE / timeline.tempo_bpm(0)).round() as u32;
    let metre = timeline.metre_at(0);
    #[expect(clippy::cast_possible_truncation, reason = "a denominator is at most 64")]
    let power = metre.denominator.trailing_zeros() as u8;
    [
        MetaMessage::Tempo(u24::from(quarter)),
        MetaMessage::TimeSignature(metre.numerator, power, MIDI_CLOCKS_PER_CLICK, THIRTY_SECONDS_PER_QUARTER),
    ]
}

fn track<'a>(part: &Part<'a>, heading: &[MetaMessage<'a>], timeline: &Timeline) -> Track<'a> {
    let mut events: Vec<(u32, TrackEventKind<'a>)> = vec![(0, name(part.name))];
    events.extend(heading.iter().map(|meta| (0, TrackEventKind::Meta(*meta))));
    let mut strokes: Vec<(u32, bool, &Sounded)> = Vec::new();
    for note in part.notes {
        strokes.push((file_tick(timeline, note.on), true, note));
        strokes.push((file_tick(timeline, note.off), false, note));
    }
    // Off before on, because a repeated note ends where it begins again.
    strokes.sort_by_key(|(tick, on, note)| (*tick, *on, note.pitch));
    events.extend(strokes.into_iter().map(|(tick, on, note)| (tick, message(part.channel, on, note))));
    let mut now = 0;
    let mut track: Track<'a> = Vec::with_capacity(events.len() + 1);
    for (tick, kind) in events {
        track.push(TrackEvent { delta: u28::from(tick - now), kind });
        now = tick;
    }
    track.push(TrackEvent { delta: u28::from(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}

fn name(name: &str) -> TrackEventKind<'_> {
    TrackEventKind::Meta(MetaMessage::TrackName(name.as_bytes()))
}

fn message(channel: u4, on: bool, note: &Sounded) -> TrackEventKind<'static> {
    let key = u7::from(note.pitch.key());
    let message = if on {
        MidiMessage::NoteOn { key, vel: u7::from(note.velocity.value()) }
    } else {
        MidiMessage::NoteOff { key, vel: u7::from(0) }
    };
    TrackEventKind::Midi { channel, message }
}

fn file_tick(timeline: &Timeline, at: Frame) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a demo is short and starts at 0")]
    let tick = (timeline.beats(at) * f64::from(FILE_TICKS_PER_QUARTER)).round() as u32;
    tick
}

#[cfg(test)]
mod tests {
    use super::*;
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
