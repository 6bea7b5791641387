//! Reads standard MIDI files.
//!
//! Positions are computed exactly and rounded once, so that nothing drifts at any resolution. Channel 10 is percussion
//! and is never read.
//!
//! Where readers disagree, this one does the following. The others are mido 1.3, music21 and midly.
//!
//! - Running status goes on behind a text or a system message, as sequencers write it. mido and music21: the same; the
//!   specification and midly end it.
//! - A stray system message is skipped by its known length; F4 and F5 have none, and refuse the file. mido: the same;
//!   midly ends the track.
//! - A file with an event that cannot be read is refused, with track and byte. midly ends the track.
//! - Events behind the end of a track are read if they are music. mido: the same.
//! - A key that is struck again ends its note; one that never goes up ends with the piece; two notes of one key at one
//!   moment are one note.
//! - Before its first tempo a file is at 120, and before its first metre in 4/4 (Standard MIDI Files 1.0).
//! - A short first bar before bars of a longer metre is an upbeat. music21: a bar.
//! - Each track of a file of format 2 is a piece of its own.

mod events;
mod file;
mod harmony;
mod notes;
mod part;
mod time;

use super::{Refused, Tune, text};
use events::{ChannelEvent, TrackEvents, meta};
use file::{MidiFile, TrackLayout};
use segue_model::bounded_file::SizeLimit;
use segue_model::note::Note;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use time::TimeScale;

/// What is read from a file, and how time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MidiOptions {
    /// Which notes are read.
    pub voices: Voices,
    /// What a tick is.
    pub clock: TickUnit,
    /// Whether notes that are released while the sustain pedal is down last until it goes up or their key is struck
    /// again.
    pub pedal: bool,
    /// Whether chords are recognised from what sounds together outside the melody, as in files with a track of chords.
    pub chords: bool,
}

/// Which notes of a file are read. Drums (channel 10) never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Voices {
    /// One channel of one track: the one that is most likely the melody, judged by register, share of single notes,
    /// name and lyrics; the first of equally likely ones.
    Melody,
    /// One track, one channel, or one channel of one track.
    Chosen {
        /// The number of the track in the file, from 1.
        track: Option<u16>,
        /// The number of the channel, from 1.
        channel: Option<u8>,
    },
    /// All tracks and channels.
    #[default]
    All,
}

/// What the ticks of a tune are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TickUnit {
    /// Beats of the file, whatever its tempo. A file in SMPTE time has no beats and is read in seconds.
    #[default]
    Beats,
    /// Seconds by the file's tempo, at 120 quarter notes per minute. The tune has no bars.
    Seconds,
}

/// A piece of music in a MIDI file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MidiPiece {
    /// The music.
    pub tune: Tune,
    /// Which part was taken; `None` if all parts were.
    pub taken: Option<Taken>,
}

/// The part of a file that was taken. The display is a phrase such as `track 2 (“Melody”), channel 1, of 5 parts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The number of its track in the file, from 1.
    pub track: usize,
    /// The number of its channel, from 1.
    pub channel: u8,
    /// The name of its track; may be empty.
    pub name: String,
    /// How many notes it has.
    pub notes: usize,
    /// How many parts the file has, not counting drums.
    pub parts: usize,
}

impl fmt::Display for Taken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "track {}", self.track)?;
        if !self.name.is_empty() {
            write!(formatter, " (“{}”)", self.name)?;
        }
        write!(formatter, ", channel {}, {} notes, of {} parts", self.channel, self.notes, self.parts)
    }
}

/// A channel of a track, both counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct TrackChannel {
    track: usize,
    channel: u8,
}

/// What is wrong with a file, and where.
struct MidiFault {
    /// The track, from 1.
    track: Option<usize>,
    /// The byte, from the start of the file.
    byte: Option<usize>,
    reason: String,
}

impl MidiFault {
    fn new(reason: String) -> Self {
        Self { track: None, byte: None, reason }
    }

    fn named(self, path: &str) -> Refused {
        Refused { track: self.track, byte: self.byte, ..Refused::new(path, self.reason) }
    }
}

/// Keeps one faulty file from filling the memory; the longest file of MAESTRO is smaller than one MiB.
const LARGEST: SizeLimit = SizeLimit::mebibytes("MIDI file", 64);
const PERCUSSION_CHANNEL: u8 = 9;
/// The advice that helps against most damage.
const EXPORT_AGAIN: &str = "Export the file again";

/// Reads the first piece of a file; only files of format 2 have several.
///
/// # Errors
/// With the file, what is wrong in it and where, and what to do.
pub fn read_midi(path: &Path, reading: MidiOptions) -> Result<Tune, Refused> {
    let no_pieces = || Refused::new(&path.display().to_string(), "has no notes".to_owned());
    read_pieces(path, reading)?.into_iter().next().map(|piece| piece.tune).ok_or_else(no_pieces)
}

/// Reads every piece with notes from a file of format 0, 1 or 2; there is at least one.
///
/// # Errors
/// As for [`read_midi`].
pub fn read_pieces(path: &Path, reading: MidiOptions) -> Result<Vec<MidiPiece>, Refused> {
    let name = path.display().to_string();
    let bytes = LARGEST.read(path).map_err(|error| Refused::new(&name, error.to_string()))?;
    parse_pieces(&bytes, &name, reading)
}

/// Reads the first piece from the bytes of a MIDI file; `name` is used in messages.
///
/// # Errors
/// As for [`read_midi`].
pub fn parse_midi(bytes: &[u8], name: &str, reading: MidiOptions) -> Result<Tune, Refused> {
    let no_pieces = || Refused::new(name, "has no notes".to_owned());
    parse_pieces(bytes, name, reading)?.into_iter().next().map(|piece| piece.tune).ok_or_else(no_pieces)
}

/// Reads the bytes of a MIDI file; `name` is used in messages. There is at least one piece.
///
/// # Errors
/// As for [`read_midi`].
pub fn parse_pieces(bytes: &[u8], name: &str, reading: MidiOptions) -> Result<Vec<MidiPiece>, Refused> {
    pieces(bytes, reading).map_err(|fault| fault.named(name))
}

fn pieces(bytes: &[u8], reading: MidiOptions) -> Result<Vec<MidiPiece>, MidiFault> {
    let file = MidiFile::read(bytes)?;
    let tracks_of_pieces: Vec<&[TrackEvents<'_>]> = match file.format {
        TrackLayout::Pieces => file.tracks.chunks(1).collect(),
        TrackLayout::Together => vec![&file.tracks],
    };
    let of_piece = |tracks: &[TrackEvents<'_>]| piece(tracks, &file, reading).transpose();
    let pieces = tracks_of_pieces.into_iter().filter_map(of_piece).collect::<Result<Vec<_>, _>>()?;
    if pieces.is_empty() { Err(no_notes(&file)) } else { Ok(pieces) }
}

/// `None` if no part has notes.
fn piece(
    tracks: &[TrackEvents<'_>],
    file: &MidiFile<'_>,
    reading: MidiOptions,
) -> Result<Option<MidiPiece>, MidiFault> {
    let parts = part::parts(tracks);
    let Some(melody) = part::melody(&parts) else { return Ok(None) };
    let chosen = match reading.voices {
        Voices::Melody | Voices::All => vec![melody],
        Voices::Chosen { track, channel } => part::chosen(&parts, track, channel),
    };
    if chosen.is_empty() {
        return Err(no_such_part(&parts));
    }
    let scale = TimeScale::new(file.timing, tracks, reading.clock);
    let end = notes::end(tracks);
    let wanted: BTreeSet<TrackChannel> = chosen.iter().map(|described| described.part).collect();
    let takes_all = reading.voices == Voices::All;
    let taken = notes::merged(tracks, |part| takes_all || wanted.contains(&part));
    // The notes take the place of the raw ones, of which the longest files have millions.
    let mut notes: Vec<Note> =
        notes::notes(taken, end, reading.pedal).into_iter().map(|note| note.note(&scale)).collect();
    notes.sort_unstable();
    notes.dedup_by_key(|note| (note.onset, note.pitch));
    let bars = if scale.has_bars() { time::bars(tracks, &scale) } else { Vec::new() };
    let tempos = if scale.has_bars() { time::tempos(tracks, &scale) } else { Vec::new() };
    let mut chords = Vec::new();
    if reading.chords {
        // Without the pedal, which would let one chord run into the next.
        let others = notes::merged(tracks, |part| !wanted.contains(&part));
        chords = harmony::chords(&notes::notes(others, end, false), &scale);
    }
    let tune = Tune { title: title(tracks), notes, bars, tempos, sharps: sharps(tracks), chords };
    Ok(Some(MidiPiece { tune, taken: if takes_all { None } else { part::taken(&chosen, parts.len()) } }))
}

fn no_notes(file: &MidiFile<'_>) -> MidiFault {
    MidiFault::new(if file.tracks.iter().any(|track| track.messages.iter().any(ChannelEvent::is_note_on)) {
        "all its notes are on channel 10, which is for drums and is not read; move the melody to another channel"
            .to_owned()
    } else {
        "has no notes".to_owned()
    })
}

fn no_such_part(parts: &[part::Described]) -> MidiFault {
    let part = |described: &part::Described| {
        let TrackChannel { track, channel } = described.part;
        format!("track {}, channel {} ({} notes)", track + 1, channel + 1, described.notes)
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    MidiFault::new(format!("has no notes on the track and channel that were asked for. There are {}", parts.join("; ")))
}

/// The first key signature. Programs that know no key write C, so it is taken for a key only where another follows.
fn sharps(tracks: &[TrackEvents<'_>]) -> Option<i8> {
    const MOST: i8 = 7;
    let metas = tracks.iter().flat_map(|track| &track.metas);
    let signatures = metas.filter(|event| event.kind == meta::KEY_SIGNATURE);
    let sharps: Vec<i8> = signatures.filter_map(|event| Some(event.data.first()?.cast_signed())).collect();
    sharps
        .first()
        .copied()
        .filter(|_| sharps.iter().any(|sharps| *sharps != 0))
        .filter(|sharps| (-MOST..=MOST).contains(sharps))
}

/// The first text that names a track of the piece. Karaoke files name the song in a text that begins with `@T`.
fn title(tracks: &[TrackEvents<'_>]) -> String {
    let metas = || tracks.iter().flat_map(|track| &track.metas);
    let texts = metas().filter(|event| event.kind == meta::TEXT);
    let of_karaoke = texts.filter_map(|event| event.data.strip_prefix(b"@T")).map(text::name);
    let of_track = metas().filter(|event| event.kind == meta::TRACK_NAME).map(|event| text::name(event.data));
    of_karaoke.chain(of_track).find(|name| !name.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
