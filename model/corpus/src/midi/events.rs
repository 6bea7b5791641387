//! Reads the bytes of one track as events.
//!
//! Running status continues after meta events, system-exclusive messages and stray system messages. The specification
//! ends it there, but many sequencers write files in which it continues.

use super::MidiFault;

/// An event of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileEvent<'a> {
    /// Ticks of the file since the start of the track.
    pub at: u64,
    pub kind: EventKind<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind<'a> {
    Channel {
        /// The channel, 0 to 15.
        channel: u8,
        message: VoiceMessage,
    },
    Meta {
        /// One of [`meta`], or another number.
        kind: u8,
        data: &'a [u8],
    },
}

/// The channel messages that affect notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VoiceMessage {
    /// A note-on; `velocity` is above 0.
    NoteOn {
        key: u8,
        velocity: u8,
    },
    NoteOff {
        key: u8,
    },
    Controller {
        number: u8,
        value: u8,
    },
    Program(u8),
    /// Pressure or pitch bend.
    Other,
}

/// The numbers of the meta events that are used.
pub(super) mod meta {
    pub const TEXT: u8 = 0x01;
    pub const TRACK_NAME: u8 = 0x03;
    pub const INSTRUMENT: u8 = 0x04;
    pub const LYRIC: u8 = 0x05;
    pub const END_OF_TRACK: u8 = 0x2f;
    pub const TEMPO: u8 = 0x51;
    pub const TIME_SIGNATURE: u8 = 0x58;
}

const META: u8 = 0xff;
const SYSTEM_EXCLUSIVE: u8 = 0xf0;
const SYSTEM_EXCLUSIVE_ESCAPE: u8 = 0xf7;
const FIRST_STATUS: u8 = 0x80;
const FIRST_SYSTEM_STATUS: u8 = 0xf0;

/// Reads the events of the track at bytes `from..to` of the file.
///
/// # Errors
/// With the byte at which an event cannot be read.
pub(super) fn events(file: &[u8], from: usize, to: usize) -> Result<Vec<FileEvent<'_>>, MidiFault> {
    let mut reader = TrackReader { file: &file[..to], at: from, status: None, now: 0 };
    let mut events = Vec::new();
    while let Some(event) = reader.event()? {
        if matches!(event.kind, EventKind::Meta { kind: meta::END_OF_TRACK, .. }) {
            events.push(event);
            events.extend(behind_the_end(reader)?);
            break;
        }
        events.push(event);
    }
    Ok(events)
}

/// Reads what follows the end of a track: padding, or music that a program has put there and that other readers play.
fn behind_the_end(mut reader: TrackReader<'_>) -> Result<Vec<FileEvent<'_>>, MidiFault> {
    let mut events = Vec::new();
    let is_note =
        |event: &FileEvent| matches!(event.kind, EventKind::Channel { message: VoiceMessage::NoteOn { .. }, .. });
    loop {
        match reader.event() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return Ok(events),
            Err(fault) if events.iter().any(is_note) => return Err(fault),
            Err(_) => return Ok(Vec::new()),
        }
    }
}

struct TrackReader<'a> {
    /// The file up to the end of the track.
    file: &'a [u8],
    at: usize,
    /// The status byte of the last channel message.
    status: Option<u8>,
    now: u64,
}

impl<'a> TrackReader<'a> {
    /// The next event; `None` at the end of the track.
    fn event(&mut self) -> Result<Option<FileEvent<'a>>, MidiFault> {
        while self.at < self.file.len() {
            self.now += u64::from(self.variable_length()?);
            let begin = self.at;
            let first = self.byte()?;
            let kind = match first {
                META => {
                    let kind = self.byte()?;
                    let data = self.block()?;
                    Some(EventKind::Meta { kind, data })
                }
                SYSTEM_EXCLUSIVE | SYSTEM_EXCLUSIVE_ESCAPE => {
                    self.block()?;
                    None
                }
                FIRST_SYSTEM_STATUS.. => {
                    self.stray_system_message(first, begin)?;
                    None
                }
                FIRST_STATUS.. => {
                    self.status = Some(first);
                    Some(self.channel_message(first)?)
                }
                _ => {
                    self.at = begin;
                    let status = self.status.ok_or_else(|| fault(begin, "an event has no status byte"))?;
                    Some(self.channel_message(status)?)
                }
            };
            if let Some(kind) = kind {
                return Ok(Some(FileEvent { at: self.now, kind }));
            }
        }
        Ok(None)
    }

    /// Skips a message that does not belong in a file. The number of its data bytes is known, so the next event can be
    /// found.
    fn stray_system_message(&mut self, status: u8, at: usize) -> Result<(), MidiFault> {
        let data = match status {
            0xf1 | 0xf3 => 1,
            0xf2 => 2,
            0xf6 | 0xf8..=0xfe => 0,
            _ => {
                return Err(fault(
                    at,
                    &format!("the system message {status:X} has no meaning, so its length is unknown"),
                ));
            }
        };
        for _ in 0..data {
            self.byte()?;
        }
        Ok(())
    }

    fn channel_message(&mut self, status: u8) -> Result<EventKind<'a>, MidiFault> {
        let first = self.data_byte()?;
        let message = match status & 0xf0 {
            0x80 => {
                self.data_byte()?;
                VoiceMessage::NoteOff { key: first }
            }
            0x90 => match self.data_byte()? {
                0 => VoiceMessage::NoteOff { key: first },
                velocity => VoiceMessage::NoteOn { key: first, velocity },
            },
            0xb0 => VoiceMessage::Controller { number: first, value: self.data_byte()? },
            0xc0 => VoiceMessage::Program(first),
            0xd0 => VoiceMessage::Other,
            _ => {
                self.data_byte()?;
                VoiceMessage::Other
            }
        };
        Ok(EventKind::Channel { channel: status & 0x0f, message })
    }

    fn byte(&mut self) -> Result<u8, MidiFault> {
        let byte = self.file.get(self.at).copied();
        let byte = byte.ok_or_else(|| fault(self.at, "the track ends in the middle of an event"))?;
        self.at += 1;
        Ok(byte)
    }

    fn data_byte(&mut self) -> Result<u8, MidiFault> {
        let at = self.at;
        match self.byte()? {
            byte if byte < FIRST_STATUS => Ok(byte),
            byte => Err(fault(at, &format!("a data byte is {byte}, but 127 is the highest"))),
        }
    }

    /// Reads a number in groups of seven bits, the highest first, in at most four bytes.
    fn variable_length(&mut self) -> Result<u32, MidiFault> {
        const MOST_BYTES: usize = 4;
        let begin = self.at;
        let mut number = 0;
        for _ in 0..MOST_BYTES {
            let byte = self.byte()?;
            number = (number << 7) | u32::from(byte & 0x7f);
            if byte < FIRST_STATUS {
                return Ok(number);
            }
        }
        Err(fault(begin, "a time or length has more than four bytes"))
    }

    /// Reads a length and as many bytes.
    fn block(&mut self) -> Result<&'a [u8], MidiFault> {
        let begin = self.at;
        let length = usize::try_from(self.variable_length()?).unwrap_or(usize::MAX);
        let block = self.file.get(self.at..).and_then(|rest| rest.get(..length));
        let block = block.ok_or_else(|| fault(begin, "a text or message is longer than its track"))?;
        self.at += length;
        Ok(block)
    }
}

fn fault(byte: usize, what: &str) -> MidiFault {
    MidiFault { track: None, byte: Some(byte), reason: format!("{what}. {}", super::EXPORT_AGAIN) }
}
