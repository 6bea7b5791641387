//! Reading standard MIDI files.
//!
//! Positions are computed exactly and rounded once, so that nothing drifts at any resolution. Channel 10 is percussion
//! and never read.

mod harmony;

use super::Tune;
use midly::{Format, Fps, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use std::collections::HashMap;
use std::path::Path;

/// What is taken from a file, and how time is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Which notes.
    pub voices: Voices,
    /// What a tick is.
    pub clock: Clock,
    /// Notes released while the sustain pedal is down sound until it goes up or their key is struck again.
    pub pedal: bool,
    /// Chords are recognised in what sounds together outside the melody, as in files that have a track of chords.
    pub chords: bool,
}

/// Which notes of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Voices {
    /// The first channel that has notes in the first track that has any.
    Melody,
    /// All tracks and channels.
    #[default]
    All,
}

/// What the ticks of a tune are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// Beats of the file, whatever its tempo. A file in SMPTE time has none and is read in seconds.
    #[default]
    Beats,
    /// Seconds by the tempo of the file, at 120 quarter notes a minute. The tune has no bars.
    Seconds,
}

/// Why a MIDI file was not read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum MidiError {
    #[error("{path}: cannot be read ({source})")]
    Unreadable { path: String, source: std::io::Error },
    #[error("{path}: is larger than {MOST_MEBIBYTES} MiB, which no piece of music is")]
    TooLarge { path: String },
    #[error("{path}: is no MIDI file")]
    NotMidi { path: String },
    #[error("{path}: is cut off ({what})")]
    CutOff { path: String, what: &'static str },
    #[error("{path}: is damaged ({what})")]
    Damaged { path: String, what: &'static str },
    #[error("{path}: has no notes")]
    NoNotes { path: String },
    #[error(
        "{path}: all its notes are on channel 10, which is drums and is not read; move what is melody to another channel"
    )]
    OnlyDrums { path: String },
}

/// Ticks in one second of [`Clock::Seconds`]: 120 quarter notes a minute.
const TICKS_PER_SECOND: i128 = 2 * segue_model::note::TICKS_PER_QUARTER as i128;
/// So that one wrong file does not fill the memory; the longest of MAESTRO has less than one.
const MOST_MEBIBYTES: u64 = 64;
const MICROSECONDS: i128 = 1_000_000;
/// 120 quarter notes a minute, which is what a file means that states no tempo.
const USUAL_TEMPO_MICROSECONDS: u32 = 500_000;
/// The pedal is down from here.
const PEDAL_DOWN: u8 = 64;
const SUSTAIN: u8 = 64;
const PERCUSSION_CHANNEL: u8 = 9;

/// Reads a file of format 0, 1 or 2 (of the last, the first piece that has notes).
///
/// # Errors
/// One sentence that names the file and what is wrong with it.
pub fn read_midi(path: &Path, reading: Reading) -> Result<Tune, MidiError> {
    let name = path.display().to_string();
    let unreadable = |source| MidiError::Unreadable { path: name.clone(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MOST_MEBIBYTES << 20 {
        return Err(MidiError::TooLarge { path: name });
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    parse_midi(&bytes, &name, reading)
}

/// Reads the bytes of a MIDI file; `name` is what errors call it.
///
/// # Errors
/// See [`read_midi`].
pub fn parse_midi(bytes: &[u8], name: &str, reading: Reading) -> Result<Tune, MidiError> {
    let path = || name.to_owned();
    let bytes = unwrapped(bytes);
    check_chunks(bytes).map_err(|fault| fault.named(path()))?;
    let file = midly::Smf::parse(bytes).map_err(|_| MidiError::NotMidi { path: path() })?;
    let pieces: Vec<&[Vec<TrackEvent<'_>>]> = match file.header.format {
        Format::Sequential => file.tracks.chunks(1).collect(),
        Format::SingleTrack | Format::Parallel => vec![&file.tracks],
    };
    let has_drums = file.tracks.iter().flatten().any(is_stroke);
    let no_notes =
        || if has_drums { MidiError::OnlyDrums { path: path() } } else { MidiError::NoNotes { path: path() } };
    let piece = pieces.into_iter().find(|tracks| has_notes(tracks)).ok_or_else(no_notes)?;
    let scale = Scale::new(file.header.timing, piece, reading.clock)
        .ok_or(MidiError::Damaged { path: path(), what: "a quarter note has no ticks" })?;
    let melody = melody(piece);
    let (events, end) = merged(piece);
    let wanted = |event: &&Event| reading.voices == Voices::All || melody == Some(event.voice());
    let heard = Listener::hear_all(events.iter().filter(wanted), end, reading.pedal);
    let mut notes: Vec<Note> = heard.iter().map(|heard| heard.note(&scale)).collect();
    notes.sort_unstable();
    notes.dedup_by_key(|note| (note.onset, note.pitch));
    let bars = if scale.has_bars() { bars(piece, &scale) } else { Vec::new() };
    let mut chords = Vec::new();
    if reading.chords {
        // Without the pedal, which would let one chord run into the next.
        let others = events.iter().filter(|event| melody != Some(event.voice()));
        chords = harmony::chords(&Listener::hear_all(others, end, false), &scale);
    }
    Ok(Tune { title: title(&file.tracks), notes, bars, chords })
}

/// Without the wrapper (`RIFF`) that few files have.
fn unwrapped(bytes: &[u8]) -> &[u8] {
    const WRAPPER: usize = 20;
    let inside = bytes.strip_prefix(b"RIFF").and_then(|_| bytes.get(WRAPPER..));
    inside.filter(|inside| inside.starts_with(b"MThd")).unwrap_or(bytes)
}

/// What is wrong with the outer shape of a file.
enum Fault {
    NotMidi,
    CutOff(&'static str),
    Damaged(&'static str),
}

impl Fault {
    fn named(self, path: String) -> MidiError {
        match self {
            Self::NotMidi => MidiError::NotMidi { path },
            Self::CutOff(what) => MidiError::CutOff { path, what },
            Self::Damaged(what) => MidiError::Damaged { path, what },
        }
    }
}

/// The parser reads on past missing bytes and says nothing; music that ends in the middle is not to be learnt from.
fn check_chunks(bytes: &[u8]) -> Result<(), Fault> {
    const CHUNK_HEADER: usize = 8;
    if !bytes.starts_with(b"MThd") {
        return Err(Fault::NotMidi);
    }
    let declared = bytes.get(10..12).ok_or(Fault::CutOff("in its header"))?;
    let declared = u16::from_be_bytes([declared[0], declared[1]]);
    // The parser negates this byte, which overflows.
    if bytes.get(12) == Some(&0x80) {
        return Err(Fault::Damaged("there are no 128 frames in a second"));
    }
    let mut tracks: u16 = 0;
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_at_checked(CHUNK_HEADER) {
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let is_track = header.starts_with(b"MTrk");
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match after.split_at_checked(length) {
            Some((_, next)) => rest = next,
            None if is_track || tracks < declared => return Err(Fault::CutOff("in the middle of a track")),
            None => break,
        }
        tracks = tracks.saturating_add(u16::from(is_track));
    }
    if tracks < declared { Err(Fault::CutOff("tracks are missing")) } else { Ok(()) }
}

fn has_notes(tracks: &[Vec<TrackEvent<'_>>]) -> bool {
    tracks.iter().any(|track| first_channel(track).is_some())
}

/// Whether a note begins, on any channel.
fn is_stroke(event: &TrackEvent<'_>) -> bool {
    matches!(event.kind, TrackEventKind::Midi { message: MidiMessage::NoteOn { vel, .. }, .. } if vel > 0)
}

/// The channel of a track's first note.
fn first_channel(track: &[TrackEvent<'_>]) -> Option<u8> {
    track.iter().find_map(|event| match event.kind {
        TrackEventKind::Midi { channel, message: MidiMessage::NoteOn { vel, .. } } => {
            (vel > 0 && channel != PERCUSSION_CHANNEL).then_some(channel.as_int())
        }
        _ => None,
    })
}

/// The first text that names a track of the piece.
fn title(tracks: &[Vec<TrackEvent<'_>>]) -> String {
    let name = tracks.iter().flatten().find_map(|event| match event.kind {
        TrackEventKind::Meta(MetaMessage::TrackName(name)) if !name.trim_ascii().is_empty() => Some(name),
        _ => None,
    });
    String::from_utf8_lossy(name.unwrap_or_default().trim_ascii()).into_owned()
}

/// A message with its track and the file's own time.
#[derive(Clone, Copy)]
struct Event {
    at: u64,
    track: usize,
    channel: u8,
    message: MidiMessage,
}

impl Event {
    /// Track and channel.
    fn voice(&self) -> (usize, u8) {
        (self.track, self.channel)
    }
}

/// Track and channel of [`Voices::Melody`].
fn melody(tracks: &[Vec<TrackEvent<'_>>]) -> Option<(usize, u8)> {
    tracks.iter().enumerate().find_map(|(track, events)| Some((track, first_channel(events)?)))
}

/// All messages in order of time (of track, at one time), and the time at which the piece ends.
fn merged(tracks: &[Vec<TrackEvent<'_>>]) -> (Vec<Event>, u64) {
    let mut merged = Vec::new();
    let mut end = 0;
    for (track, events) in tracks.iter().enumerate() {
        for (at, kind) in timed(events) {
            end = end.max(at);
            let TrackEventKind::Midi { channel, message } = kind else {
                continue;
            };
            let channel = channel.as_int();
            if channel != PERCUSSION_CHANNEL {
                merged.push(Event { at, track, channel, message });
            }
        }
    }
    // Stable: messages at one time keep the order of their track.
    merged.sort_by_key(|event| event.at);
    (merged, end)
}

/// Events with the time from the start of the track.
fn timed<'a, 'b>(events: &'b [TrackEvent<'a>]) -> impl Iterator<Item = (u64, TrackEventKind<'a>)> + use<'a, 'b> {
    events.iter().scan(0u64, |now, event| {
        *now += u64::from(event.delta.as_int());
        Some((*now, event.kind))
    })
}

/// From messages to notes, in the file's own time.
#[derive(Default)]
struct Listener {
    /// Whether the pedal is listened to.
    pedal: bool,
    done: Vec<Heard>,
    /// By track, channel and key. A key sounds once at most.
    sounding: HashMap<(usize, u8, u8), Sounding>,
    /// By channel: the pedal may stand in another track than the notes.
    pedal_down: [bool; 16],
}

#[derive(Clone, Copy)]
struct Sounding {
    onset: u64,
    velocity: u8,
    /// Held by the pedal alone.
    released: bool,
    /// A release at `onset` that belongs to the note before, which this one cut off.
    owed_release: bool,
}

struct Heard {
    onset: u64,
    end: u64,
    key: u8,
    velocity: u8,
}

impl Listener {
    fn hear_all<'a>(events: impl Iterator<Item = &'a Event>, end: u64, pedal: bool) -> Vec<Heard> {
        let mut listener = Self { pedal, ..Self::default() };
        events.for_each(|event| listener.hear(*event));
        listener.finish(end)
    }

    fn hear(&mut self, event: Event) {
        let place = |key: midly::num::u7| (event.track, event.channel, key.as_int());
        match event.message {
            MidiMessage::NoteOn { key, vel } if vel > 0 => self.strike(place(key), vel.as_int(), event.at),
            MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => self.release(place(key), event.at),
            MidiMessage::Controller { controller, value } if self.pedal && controller == SUSTAIN => {
                self.pedal(event.channel, value >= PEDAL_DOWN, event.at);
            }
            _ => {}
        }
    }

    fn strike(&mut self, place: (usize, u8, u8), velocity: u8, at: u64) {
        let before = self.end(place, at);
        let owed_release = before.is_some_and(|before| !before.released);
        self.sounding.insert(place, Sounding { onset: at, velocity, released: false, owed_release });
    }

    fn release(&mut self, place: (usize, u8, u8), at: u64) {
        let down = self.pedal && self.pedal_down.get(usize::from(place.1)).copied().unwrap_or(false);
        match self.sounding.get_mut(&place) {
            Some(sounding) if sounding.owed_release && sounding.onset == at => sounding.owed_release = false,
            Some(sounding) if down => sounding.released = true,
            _ => {
                self.end(place, at);
            }
        }
    }

    fn pedal(&mut self, channel: u8, down: bool, at: u64) {
        if let Some(pedal_down) = self.pedal_down.get_mut(usize::from(channel)) {
            *pedal_down = down;
        }
        if !down {
            let held = self.sounding.iter().filter(|((_, of, _), sounding)| *of == channel && sounding.released);
            let held: Vec<_> = held.map(|(place, _)| *place).collect();
            for place in held {
                self.end(place, at);
            }
        }
    }

    fn end(&mut self, place: (usize, u8, u8), at: u64) -> Option<Sounding> {
        let sounding = self.sounding.remove(&place)?;
        self.done.push(Heard { onset: sounding.onset, end: at, key: place.2, velocity: sounding.velocity });
        Some(sounding)
    }

    /// What still sounds ends with the piece.
    fn finish(mut self, end: u64) -> Vec<Heard> {
        let hanging: Vec<_> = self.sounding.keys().copied().collect();
        for place in hanging {
            self.end(place, end);
        }
        self.done
    }
}

impl Heard {
    fn note(&self, scale: &Scale) -> Note {
        let (onset, end) = (scale.ticks(self.onset), scale.ticks(self.end));
        Note {
            onset,
            // MIDI has seven bits for both; the parser has seen to that.
            pitch: Pitch::new(self.key).unwrap_or(Pitch::MAX),
            // The shortest note is a tick, because a note has a length.
            duration: Ticks((end - onset).0.max(1)),
            velocity: Velocity::new(self.velocity).unwrap_or(Velocity::DEFAULT),
        }
    }
}

/// From the file's own time to ticks.
enum Scale {
    /// Ticks are `numerator / denominator` of the file's.
    Even { numerator: i128, denominator: i128, beats: bool },
    /// Stretches of one tempo each, in order.
    Tempi { per_quarter: i128, stretches: Vec<Stretch> },
}

struct Stretch {
    from: u64,
    /// Microseconds, times ticks of the file per quarter note, from the start of the piece to `from`.
    before: i128,
    /// Microseconds of a quarter note.
    quarter: u32,
}

impl Scale {
    /// `None` when the file's time stands still.
    fn new(timing: Timing, tracks: &[Vec<TrackEvent<'_>>], clock: Clock) -> Option<Self> {
        match timing {
            Timing::Metrical(per_quarter) => {
                let denominator = i128::from(per_quarter.as_int());
                let numerator = i128::from(segue_model::note::TICKS_PER_QUARTER);
                (denominator > 0).then(|| match clock {
                    Clock::Beats => Self::Even { numerator, denominator, beats: true },
                    Clock::Seconds => Self::Tempi { per_quarter: denominator, stretches: stretches(tracks) },
                })
            }
            Timing::Timecode(frames, per_frame) => {
                // 29 stands for 30,000 frames in 1,001 seconds.
                let (frames, seconds) = match frames {
                    Fps::Fps29 => (30_000, 1_001),
                    whole => (i128::from(whole.as_int()), 1),
                };
                let denominator = frames * i128::from(per_frame);
                let numerator = TICKS_PER_SECOND * seconds;
                (denominator > 0).then_some(Self::Even { numerator, denominator, beats: false })
            }
        }
    }

    fn has_bars(&self) -> bool {
        matches!(self, Self::Even { beats: true, .. })
    }

    /// The nearest tick.
    fn ticks(&self, at: u64) -> Ticks {
        let (numerator, denominator) = match self {
            Self::Even { numerator, denominator, .. } => (i128::from(at) * numerator, *denominator),
            Self::Tempi { per_quarter, stretches } => {
                let index = stretches.partition_point(|stretch| stretch.from <= at).saturating_sub(1);
                (stretches[index].elapsed(at) * TICKS_PER_SECOND, per_quarter * MICROSECONDS)
            }
        };
        let ticks = (numerator + denominator / 2).div_euclid(denominator);
        Ticks(i64::try_from(ticks).unwrap_or(i64::MAX))
    }
}

impl Stretch {
    fn elapsed(&self, at: u64) -> i128 {
        self.before + i128::from(at.saturating_sub(self.from)) * i128::from(self.quarter)
    }
}

/// At least one stretch, from the start on.
fn stretches(tracks: &[Vec<TrackEvent<'_>>]) -> Vec<Stretch> {
    let mut changes: Vec<(u64, u32)> = tracks
        .iter()
        .flat_map(|track| timed(track))
        .filter_map(|(at, kind)| match kind {
            TrackEventKind::Meta(MetaMessage::Tempo(quarter)) => Some((at, quarter.as_int())),
            _ => None,
        })
        .collect();
    changes.sort_by_key(|(at, _)| *at);
    let mut stretches = vec![Stretch { from: 0, before: 0, quarter: USUAL_TEMPO_MICROSECONDS }];
    for (from, quarter) in changes {
        let before = stretches.last().map_or(0, |stretch| stretch.elapsed(from));
        stretches.push(Stretch { from, before, quarter });
    }
    stretches
}

/// Every time signature begins a bar. Before the first, and without any, MIDI means 4/4.
fn bars(tracks: &[Vec<TrackEvent<'_>>], scale: &Scale) -> Vec<Bars> {
    let mut bars: Vec<Bars> = tracks
        .iter()
        .flat_map(|track| timed(track))
        .filter_map(|(at, kind)| match kind {
            TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, power, _, _)) => {
                let metre = Metre::new(numerator, 1u8.checked_shl(u32::from(power))?)?;
                Some(Bars { line: scale.ticks(at), metre })
            }
            _ => None,
        })
        .collect();
    bars.sort_by_key(|entry| entry.line);
    if bars.first().is_none_or(|first| first.line > Ticks::ZERO) {
        bars.insert(0, Bars { line: Ticks::ZERO, metre: Metre::COMMON });
    }
    // Of several at one moment the last one holds; one that says what is so already says nothing.
    let mut kept: Vec<Bars> = Vec::new();
    for entry in bars {
        match kept.last_mut() {
            Some(last) if last.line == entry.line => *last = entry,
            Some(last) if last.metre == entry.metre && last.place(entry.line) == Ticks::ZERO => {}
            _ => kept.push(entry),
        }
    }
    kept
}

#[cfg(test)]
mod tests;
