//! The MIDI messages of one block, in bytes on the side of the devices and as events on the side of the engine.

use nice_plug::context::process::SendEventError;
use nice_plug::midi::MidiResult;
use nice_plug::prelude::*;
use segue::Segue;

type DeviceEvent = NoteEvent<()>;

/// The most messages in one block and direction.
pub const MOST: usize = 2_048;

/// The messages of one block. Allocates only when it is made.
pub struct MidiBlock {
    heard: Vec<DeviceEvent>,
    /// How many of them have been read.
    read: usize,
    sent: Vec<DeviceEvent>,
    transport: Transport,
}

impl MidiBlock {
    /// No messages.
    pub fn new(sample_rate: f32) -> Self {
        Self {
            heard: Vec::with_capacity(MOST),
            read: 0,
            sent: Vec::with_capacity(MOST),
            transport: Transport::new(sample_rate),
        }
    }

    /// Begins a block.
    pub fn clear(&mut self) {
        self.heard.clear();
        self.read = 0;
        self.sent.clear();
    }

    /// Adds a message from a device. System messages and those that find no room are left out.
    pub fn hear(&mut self, frame: u32, bytes: &[u8]) {
        if self.heard.len() < MOST
            && let Ok(event) = DeviceEvent::from_midi(frame, bytes)
        {
            self.heard.push(event);
        }
    }

    /// The messages for the devices, with their frames.
    pub fn sent(&self) -> impl Iterator<Item = (u32, ShortMessage)> + '_ {
        self.sent.iter().filter_map(|event| match event.as_midi()? {
            MidiResult::Basic(bytes) => Some((event.timing(), ShortMessage(bytes))),
            MidiResult::SysEx(..) => None,
        })
    }
}

/// A message of two or three bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortMessage([u8; 3]);

impl ShortMessage {
    /// The message in these bytes; `None` if it is a longer one.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut all = [0; 3];
        all.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self(all))
    }

    /// As many bytes as its kind has.
    pub fn bytes(&self) -> &[u8] {
        const PROGRAM: u8 = 0xC0;
        const PRESSURE: u8 = 0xD0;
        let [status, ..] = self.0;
        let length = if matches!(status & 0xF0, PROGRAM | PRESSURE) { 2 } else { 3 };
        self.0.get(..length).unwrap_or_default()
    }
}

impl ProcessContext<Segue> for MidiBlock {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Standalone
    }

    fn execute_background(&self, (): ()) {}

    fn execute_gui(&self, (): ()) {}

    fn transport(&self) -> &Transport {
        &self.transport
    }

    fn next_event(&mut self) -> Option<DeviceEvent> {
        let event = *self.heard.get(self.read)?;
        self.read += 1;
        Some(event)
    }

    fn try_send_event(&mut self, event: DeviceEvent) -> Result<(), (DeviceEvent, SendEventError)> {
        if self.sent.len() >= MOST {
            return Err((event, SendEventError::HostBufferFull));
        }
        self.sent.push(event);
        Ok(())
    }

    fn set_latency_samples(&self, _: u32) {}

    fn request_restart(&self) {}

    fn set_current_voice_capacity(&self, _: u32) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue::host_adapter::PluginIo;
    use segue_engine::host::{ChannelMessage, FrameOffset, HostEvent, HostEvents, Key, Message, Sent};
    use segue_model::note::Pitch;

    /// What a keyboard sends is heard at its frame, and what the engine sends leaves in as many bytes as MIDI has.
    #[test]
    fn messages_pass_in_both_directions() {
        let mut block = MidiBlock::new(48_000.0);
        block.hear(7, &[0x91, 60, 100]);
        block.hear(7, &[0xF8]);
        block.hear(99, &[0x81, 60, 0]);
        let mut io = PluginIo::new(&mut block, 63);
        assert!(matches!(io.next_event(), Some((FrameOffset(7), HostEvent::NoteOn { .. }))));
        assert!(matches!(io.next_event(), Some((FrameOffset(63), HostEvent::NoteOff { .. }))));
        assert!(io.next_event().is_none());
        let key = Key { voice: None, channel: 2, pitch: Pitch::new(61).unwrap() };
        assert_eq!(io.send(FrameOffset(5), Message::NoteOn { key, velocity: 1.0 }), Sent::Accepted);
        let program = ChannelMessage::Program { channel: 1, number: 9 };
        assert_eq!(io.send(FrameOffset(6), Message::Control(program)), Sent::Accepted);
        let sent: Vec<(u32, Vec<u8>)> =
            block.sent().map(|(frame, message)| (frame, message.bytes().to_vec())).collect();
        assert_eq!(sent, [(5, vec![0x92, 61, 127]), (6, vec![0xC1, 9])]);
        block.clear();
        assert_eq!((block.sent().count(), block.heard.len()), (0, 0));
    }
}
