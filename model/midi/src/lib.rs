//! Writes a standard MIDI file from tracks of notes and meta events. The capture and all programs use it.
//!
//! Does not know files, hosts or networks.
//!
//! ```
//! use segue_midi::{FileNote, FileTrack, tempo};
//! use segue_model::note::{Pitch, Velocity};
//!
//! let note = FileNote { on: 0, off: 480, pitch: Pitch::new(60).unwrap(), velocity: Velocity::DEFAULT };
//! let track = FileTrack { name: "Player", channel: 0, heading: vec![(0, tempo(120.0))], notes: vec![note] };
//! let bytes = segue_midi::bytes(480, &[track])?;
//! assert!(bytes.starts_with(b"MThd"));
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};
use segue_model::note::{Metre, Pitch, Velocity};
use std::io;

/// One track of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileTrack<'a> {
    /// Its name.
    pub name: &'a str,
    /// The MIDI channel of its notes, 0 to 15.
    pub channel: u8,
    /// Tempo, time signatures and markers, at their ticks of the file.
    pub heading: Vec<(u32, MetaMessage<'a>)>,
    /// The notes. Of those that begin or end on one tick, the first in this list comes first.
    pub notes: Vec<FileNote>,
}

/// A note of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileNote {
    /// The tick of the file at which it begins.
    pub on: u32,
    /// The tick of the file at which it ends.
    pub off: u32,
    /// The key.
    pub pitch: Pitch,
    /// The velocity.
    pub velocity: Velocity,
}

/// The tracks as the bytes of one file.
///
/// # Errors
/// If a track is too long for a MIDI file.
pub fn bytes(ticks_per_quarter: u16, tracks: &[FileTrack<'_>]) -> io::Result<Vec<u8>> {
    let mut smf = Smf::new(Header::new(Format::Parallel, Timing::Metrical(u15::from(ticks_per_quarter))));
    smf.tracks.extend(tracks.iter().map(track));
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes)?;
    Ok(bytes)
}

/// A tempo in quarter notes per minute.
pub fn tempo(bpm: f64) -> MetaMessage<'static> {
    const MICROSECONDS_PER_MINUTE: f64 = 60_000_000.0;
    /// The largest number that three bytes hold: microseconds per quarter note.
    const SLOWEST: f64 = 16_777_215.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let quarter = (MICROSECONDS_PER_MINUTE / bpm).round().clamp(1.0, SLOWEST) as u32;
    MetaMessage::Tempo(u24::from(quarter))
}

/// A time signature.
pub fn signature(metre: Metre) -> MetaMessage<'static> {
    const CLOCKS_PER_CLICK: u8 = 24;
    const THIRTY_SECONDS_PER_QUARTER: u8 = 8;
    let power = u8::try_from(metre.denominator.trailing_zeros()).unwrap_or(2);
    MetaMessage::TimeSignature(metre.numerator, power, CLOCKS_PER_CLICK, THIRTY_SECONDS_PER_QUARTER)
}

fn track<'a>(written: &FileTrack<'a>) -> Track<'a> {
    /// The order of events on one tick. A note ends before another begins, because a repeated note ends where it begins
    /// again.
    const HEADING: u8 = 0;
    const OFF: u8 = 1;
    const ON: u8 = 2;
    let channel = u4::from(written.channel);
    let heading = written.heading.iter().map(|(tick, meta)| (*tick, HEADING, TrackEventKind::Meta(*meta)));
    let mut events: Vec<(u32, u8, TrackEventKind<'a>)> = heading.collect();
    for note in &written.notes {
        let key = u7::from(note.pitch.key());
        let on = MidiMessage::NoteOn { key, vel: u7::from(note.velocity.value()) };
        let off = MidiMessage::NoteOff { key, vel: u7::from(0) };
        events.push((note.on, ON, TrackEventKind::Midi { channel, message: on }));
        events.push((note.off, OFF, TrackEventKind::Midi { channel, message: off }));
    }
    // The sort is stable.
    events.sort_by_key(|(tick, rank, _)| (*tick, *rank));
    let meta = |meta| TrackEvent { delta: u28::from(0), kind: TrackEventKind::Meta(meta) };
    let mut track: Track<'a> = vec![meta(MetaMessage::TrackName(written.name.as_bytes()))];
    let mut now = 0;
    for (tick, _, kind) in events {
        track.push(TrackEvent { delta: u28::from(tick - now), kind });
        now = tick;
    }
    track.push(meta(MetaMessage::EndOfTrack));
    track
}
