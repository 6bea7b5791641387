//! Reads the bytes of one track as events.
//!
//! Running status continues after meta events, system-exclusive messages and stray system messages. The specification
//! ends it there, but many sequencers write files in which it continues.

use super::MidiFault;

/// What matters of a track. The longest files have millions of events, so they are small, and others are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TrackEvents<'a> {
    /// In order of time.
    pub messages: Vec<ChannelEvent>,
    /// In order of time.
    pub metas: Vec<MetaEvent<'a>>,
    /// The time of the last event of any kind.
    pub end: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChannelEvent {
    /// Ticks of the file since the start of the track.
    pub at: u64,
    /// The channel, 0 to 15.
    pub channel: u8,
    pub message: VoiceMessage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MetaEvent<'a> {
    /// Ticks of the file since the start of the track.
    pub at: u64,
    /// One of [`meta`].
    pub kind: u8,
    pub data: &'a [u8],
}

impl ChannelEvent {
    pub fn is_note_on(&self) -> bool {
        matches!(self.message, VoiceMessage::NoteOn { .. })
    }
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
    pub const KEY_SIGNATURE: u8 = 0x59;

    /// Whether events of this kind are used. Texts without a visible letter say nothing.
    pub fn is_used(kind: u8, data: &[u8]) -> bool {
        match kind {
            TEXT | TRACK_NAME | INSTRUMENT | LYRIC => !data.trim_ascii().is_empty(),
            TEMPO | TIME_SIGNATURE | KEY_SIGNATURE => true,
            _ => false,
        }
    }
}

const META: u8 = 0xff;
const SYSTEM_EXCLUSIVE: u8 = 0xf0;
const SYSTEM_EXCLUSIVE_ESCAPE: u8 = 0xf7;
const FIRST_STATUS: u8 = 0x80;
const FIRST_SYSTEM_STATUS: u8 = 0xf0;

/// The controllers that affect notes.
pub(super) mod controller {
    pub const SUSTAIN: u8 = 64;
    pub const ALL_SOUND_OFF: u8 = 120;
    pub const ALL_NOTES_OFF: u8 = 123;
}

/// Reads the events of the track at bytes `from..to` of the file.
///
/// # Errors
/// With the byte at which an event cannot be read.
pub(super) fn events(file: &[u8], from: usize, to: usize) -> Result<TrackEvents<'_>, MidiFault> {
    let mut reader = TrackReader { file: &file[..to], at: from, status: None, now: 0 };
    let mut track = TrackEvents::default();
    while let Some(event) = reader.event()? {
        track.end = reader.now;
        match event {
            TrackEvent::Channel(event) => track.messages.push(event),
            TrackEvent::Meta(event) => track.metas.push(event),
            TrackEvent::Unused => {}
            TrackEvent::End => {
                behind_the_end(reader, &mut track)?;
                break;
            }
        }
    }
    Ok(track)
}

/// Reads what follows the end of a track: padding, or music that a program has put there and that other readers play.
fn behind_the_end<'a>(mut reader: TrackReader<'a>, track: &mut TrackEvents<'a>) -> Result<(), MidiFault> {
    let (messages, metas, end) = (track.messages.len(), track.metas.len(), track.end);
    loop {
        let event = reader.event();
        match event {
            Ok(None) => return Ok(()),
            Ok(Some(TrackEvent::Channel(event))) => track.messages.push(event),
            Ok(Some(TrackEvent::Meta(event))) => track.metas.push(event),
            Ok(Some(TrackEvent::Unused | TrackEvent::End)) => {}
            Err(fault) if track.messages[messages..].iter().any(ChannelEvent::is_note_on) => return Err(fault),
            Err(_) => {
                track.messages.truncate(messages);
                track.metas.truncate(metas);
                track.end = end;
                return Ok(());
            }
        }
        track.end = reader.now;
    }
}

enum TrackEvent<'a> {
    Channel(ChannelEvent),
    Meta(MetaEvent<'a>),
    End,
    /// It affects neither notes nor bars.
    Unused,
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
    fn event(&mut self) -> Result<Option<TrackEvent<'a>>, MidiFault> {
        if self.at >= self.file.len() {
            return Ok(None);
        }
        self.now += u64::from(self.variable_length()?);
        let begin = self.at;
        let first = self.byte()?;
        let event = match first {
            META => {
                let kind = self.byte()?;
                let data = self.block()?;
                match kind {
                    meta::END_OF_TRACK => TrackEvent::End,
                    _ if meta::is_used(kind, data) => TrackEvent::Meta(MetaEvent { at: self.now, kind, data }),
                    _ => TrackEvent::Unused,
                }
            }
            SYSTEM_EXCLUSIVE | SYSTEM_EXCLUSIVE_ESCAPE => {
                self.block()?;
                TrackEvent::Unused
            }
            FIRST_SYSTEM_STATUS.. => {
                self.stray_system_message(first, begin)?;
                TrackEvent::Unused
            }
            FIRST_STATUS.. => {
                self.status = Some(first);
                self.channel_event(first)?
            }
            _ => {
                self.at = begin;
                let status = self.status.ok_or_else(|| fault(begin, "an event has no status byte"))?;
                self.channel_event(status)?
            }
        };
        Ok(Some(event))
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

    fn channel_event(&mut self, status: u8) -> Result<TrackEvent<'a>, MidiFault> {
        let message = self.channel_message(status)?;
        let event = |message| TrackEvent::Channel(ChannelEvent { at: self.now, channel: status & 0x0f, message });
        Ok(message.map_or(TrackEvent::Unused, event))
    }

    /// `None` for messages that do not affect notes.
    fn channel_message(&mut self, status: u8) -> Result<Option<VoiceMessage>, MidiFault> {
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
            0xb0 => match (first, self.data_byte()?) {
                (controller::SUSTAIN | controller::ALL_SOUND_OFF | controller::ALL_NOTES_OFF, value) => {
                    VoiceMessage::Controller { number: first, value }
                }
                _ => return Ok(None),
            },
            0xc0 => VoiceMessage::Program(first),
            0xd0 => return Ok(None),
            _ => {
                self.data_byte()?;
                return Ok(None);
            }
        };
        Ok(Some(message))
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
