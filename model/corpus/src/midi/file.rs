//! The outer structure of a MIDI file: wrappers, header and tracks.

use super::events::{TrackEvents, events};
use super::{EXPORT_AGAIN, MidiFault};

/// A file with all its tracks.
pub(super) struct MidiFile<'a> {
    pub format: TrackLayout,
    pub timing: Timing,
    pub tracks: Vec<TrackEvents<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrackLayout {
    /// Formats 0 and 1: all tracks sound together.
    Together,
    /// Format 2: each track is a separate piece.
    Pieces,
}

/// The meaning of a file's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// This many ticks are a quarter note.
    PerQuarter(u16),
    /// SMPTE time: frames per second (29 stands for 29.97) and ticks per frame.
    Frames { per_second: u8, ticks: u8 },
}

const HEADER: &[u8] = b"MThd";
const TRACK: &[u8] = b"MTrk";
const CHUNK_HEADER: usize = 8;
/// Format, number of tracks and timing.
const HEADER_BYTES: usize = 6;

impl<'a> MidiFile<'a> {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// With what is wrong, and in which track and at which byte.
    pub fn read(bytes: &'a [u8]) -> Result<Self, MidiFault> {
        let (begin, end) = inside_wrapper(bytes)?;
        let header = bytes.get(begin + CHUNK_HEADER..end).and_then(|rest| rest.get(..HEADER_BYTES));
        let header = header.ok_or_else(|| MidiFault::new(format!("is cut off in its header. {EXPORT_AGAIN}")))?;
        let two = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let format = match two(0) {
            0 | 1 => TrackLayout::Together,
            2 => TrackLayout::Pieces,
            other => {
                return Err(MidiFault::new(format!(
                    "has format {other}, but only 0, 1 and 2 are known. Export it again as format 1"
                )));
            }
        };
        let timing = timing(header[4], header[5])?;
        let places = tracks(bytes, begin, end, usize::from(two(2)))?;
        let read = |(index, (from, to)): (usize, &(usize, usize))| {
            events(bytes, *from, *to).map_err(|fault| MidiFault { track: Some(index + 1), ..fault })
        };
        let tracks = places.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { format, timing, tracks })
    }
}

fn timing(high: u8, low: u8) -> Result<Timing, MidiFault> {
    const SMPTE: u8 = 0x80;
    if high < SMPTE {
        let per_quarter = u16::from_be_bytes([high, low]);
        return match per_quarter {
            0 => Err(MidiFault::new(format!("is damaged: a quarter note has no ticks. {EXPORT_AGAIN}"))),
            _ => Ok(Timing::PerQuarter(per_quarter)),
        };
    }
    let per_second = high.wrapping_neg();
    match (per_second, low) {
        (24 | 25 | 29 | 30, 1..) => Ok(Timing::Frames { per_second, ticks: low }),
        _ => Err(MidiFault::new(format!(
            "is damaged: {per_second} frames per second with {low} ticks each are not a SMPTE time. {EXPORT_AGAIN}"
        ))),
    }
}

/// Finds the tracks. Chunks of other kinds are skipped.
fn tracks(bytes: &[u8], begin: usize, end: usize, declared: usize) -> Result<Vec<(usize, usize)>, MidiFault> {
    let mut found = Vec::new();
    let mut at = begin;
    while let Some(header) = bytes[..end].get(at..at + CHUNK_HEADER) {
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let is_track = header.starts_with(TRACK);
        let from = at + CHUNK_HEADER;
        let to = from.checked_add(length).filter(|to| *to <= end);
        match to {
            Some(to) => {
                if is_track {
                    found.push((from, to));
                }
                at = to;
            }
            None if is_track => {
                let missing = length - (end - from);
                return Err(MidiFault {
                    track: Some(found.len() + 1),
                    byte: Some(end),
                    reason: format!("the file ends here, and {missing} bytes of the track are missing. {EXPORT_AGAIN}"),
                });
            }
            None => break,
        }
    }
    if found.len() < declared {
        return Err(MidiFault::new(format!(
            "is cut off: its header announces {declared} tracks, but it has {}. {EXPORT_AGAIN}",
            found.len()
        )));
    }
    Ok(found)
}

/// Where the MIDI data begin and end: a few files have a wrapper around them.
fn inside_wrapper(bytes: &[u8]) -> Result<(usize, usize), MidiFault> {
    const MAC_BINARY: usize = 128;
    let has_header_at = |at: usize| bytes.get(at..).is_some_and(|rest| rest.starts_with(HEADER));
    let no_midi = |what: &str| MidiFault::new(format!("is not a MIDI file: {what}. Give a Standard MIDI File (.mid)"));
    if has_header_at(0) {
        return Ok((0, bytes.len()));
    }
    if bytes.is_empty() {
        return Err(no_midi("it is empty"));
    }
    if bytes.starts_with(b"RIFF") {
        let (from, to) = riff_data(bytes).ok_or_else(|| no_midi("it is a RIFF file with no MIDI data in it"))?;
        return if has_header_at(from) {
            Ok((from, to))
        } else {
            Err(no_midi("the data in its RIFF wrapper are not MIDI"))
        };
    }
    // Old Macintosh programs put the name and kind of a file before its data.
    if bytes[0] == 0 && has_header_at(MAC_BINARY) {
        return Ok((MAC_BINARY, bytes.len()));
    }
    Err(no_midi("it does not begin with the letters MThd"))
}

/// The chunk `data` of a RIFF file; other chunks, such as a title, may come before it. Lengths are little-endian, and a
/// chunk of odd length is followed by one more byte.
fn riff_data(bytes: &[u8]) -> Option<(usize, usize)> {
    const RIFF_HEADER: usize = 12;
    let mut at = RIFF_HEADER;
    loop {
        let header = bytes.get(at..at + CHUNK_HEADER)?;
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let from = at + CHUNK_HEADER;
        if header.starts_with(b"data") {
            // The length is often wrong; the tracks have their own.
            return Some((from, bytes.len()));
        }
        let length = usize::try_from(length).ok()?;
        at = from.checked_add(length)?.checked_add(length % 2)?;
    }
}
