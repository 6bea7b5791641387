//! The host's side of one block, in the performer's words, and the built-in sound rendered between its notes.

use crate::Segue;
use crate::realtime::host::{Audible, ChannelMessage, FrameOffset, HostEvent, Key, KeyPattern, Message, Sent, Stage};
use crate::sound::Sound;
use arrayvec::ArrayVec;
use nice_plug::context::process::SendEventError;
use nice_plug::midi::{Channel, Key as NoteKey, VoiceID};
use nice_plug::prelude::*;
use segue_model::note::{Pitch, Velocity};

type Event = PluginNoteEvent<Segue>;

/// Events that the framework handed over with the block before the one in which they happen. It does so where a note
/// and a parameter change fall on one frame, the note first: the block is cut at the change, before the note.
#[derive(Debug, Default)]
pub struct Held {
    /// Frames from the start of the next block.
    events: ArrayVec<(u32, HostEvent), 64>,
}

impl Held {
    /// Forgets them.
    pub fn clear(&mut self) {
        self.events.clear();
    }
}

/// See the module.
pub struct HostStage<'a, C> {
    context: &'a mut C,
    held: &'a mut Held,
    sound: &'a mut Sound,
    left: &'a mut [f32],
    right: &'a mut [f32],
    /// How far the sound is rendered.
    rendered: usize,
    /// How many of the held events are for this block; what is held from now on is for the next.
    due: usize,
    sound_is_on: bool,
}

impl<'a, C: ProcessContext<Segue>> HostStage<'a, C> {
    /// The stage for one block with its two channels of audio.
    pub fn new(
        context: &'a mut C,
        held: &'a mut Held,
        sound: &'a mut Sound,
        left: &'a mut [f32],
        right: &'a mut [f32],
    ) -> Self {
        let due = held.events.len();
        Self { context, held, sound, left, right, rendered: 0, due, sound_is_on: true }
    }

    /// Turns the built-in sound on or off; off, nothing new is struck and what sounds fades.
    pub fn turn_sound(&mut self, on: bool) {
        self.sound_is_on = on;
        if !on {
            self.sound.silence();
        }
    }

    /// Renders what is left of the block.
    pub fn finish(&mut self) {
        self.render_until(self.left.len());
    }

    fn render_until(&mut self, end: usize) {
        let range = self.rendered..end;
        if let (Some(left), Some(right)) = (self.left.get_mut(range.clone()), self.right.get_mut(range))
            && !left.is_empty()
        {
            self.sound.render(left, right);
            self.rendered = end;
        }
    }
}

impl<C: ProcessContext<Segue>> Stage for HostStage<'_, C> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        let frames = u32::try_from(self.left.len()).unwrap_or(u32::MAX);
        if self.due > 0
            && let Some((at, event)) = self.held.events.pop_at(0)
        {
            self.due -= 1;
            return Some((FrameOffset(at.min(frames - 1)), event));
        }
        while let Some(event) = self.context.next_event() {
            let at = event.timing();
            let Some(event) = heard(event) else { continue };
            if at < frames {
                return Some((FrameOffset(at), event));
            }
            if self.held.events.try_push((at - frames, event)).is_err() {
                // More than can be held: a frame too early rather than never.
                return Some((FrameOffset(frames - 1), event));
            }
        }
        None
    }

    fn sound(&mut self, at: FrameOffset, what: Audible) {
        self.render_until(at.0 as usize);
        match what {
            Audible::Strike { .. } if !self.sound_is_on => {}
            Audible::Strike { who, pitch, velocity } => {
                self.sound.note_on(who, pitch.key(), Velocity::nearest(velocity * 127.0).value());
            }
            Audible::Damp { who, pitch } => self.sound.note_off(who, pitch.key()),
            Audible::Pedal { down } => self.sound.pedal(down),
            Audible::Hush => self.sound.silence(),
        }
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        match self.context.try_send_event(told(at.0, message)) {
            Ok(()) => Sent::Taken,
            Err((_, SendEventError::HostBufferFull)) => Sent::Refused,
            Err((_, SendEventError::NoOutputBuffer | SendEventError::InvalidEvent { .. })) => Sent::NobodyListens,
        }
    }
}

/// A host's event in our words; `None` for what means nothing here.
fn heard(event: Event) -> Option<HostEvent> {
    Some(match event {
        NoteEvent::NoteOn { voice_id, channel, key, velocity, .. } => {
            let key = Key { voice: voice_id.id(), channel: channel.number().unwrap_or(0), pitch: pitch(key)? };
            if velocity > 0.0 {
                HostEvent::Press { key, velocity: velocity.min(1.0) }
            } else {
                HostEvent::Release { keys: key.into(), velocity: 0.0 }
            }
        }
        NoteEvent::NoteOff { voice_id, channel, key, velocity, .. } => {
            HostEvent::Release { keys: pattern(voice_id, channel, key), velocity }
        }
        NoteEvent::Choke { voice_id, channel, key, .. } => {
            HostEvent::Release { keys: pattern(voice_id, channel, key), velocity: 0.0 }
        }
        NoteEvent::MidiCC { channel, cc, value, .. } => {
            HostEvent::Control(ChannelMessage::Controller { channel, number: cc, value })
        }
        NoteEvent::MidiPitchBend { channel, value, .. } => HostEvent::Control(ChannelMessage::Bend { channel, value }),
        NoteEvent::MidiChannelPressure { channel, pressure, .. } => {
            HostEvent::Control(ChannelMessage::Pressure { channel, value: pressure })
        }
        NoteEvent::MidiProgramChange { channel, program, .. } => {
            HostEvent::Control(ChannelMessage::Program { channel, number: program })
        }
        _ => return None,
    })
}

fn pitch(key: NoteKey) -> Option<Pitch> {
    key.number().and_then(Pitch::new)
}

fn pattern(voice: VoiceID, channel: Channel, key: NoteKey) -> KeyPattern {
    KeyPattern { voice: voice.id(), channel: channel.number(), pitch: pitch(key) }
}

/// Our message in the host's words.
fn told(timing: u32, message: Message) -> Event {
    let voice = |key: Key| key.voice.map_or(VoiceID::Wildcard, VoiceID::ID);
    match message {
        Message::On { key, velocity } => NoteEvent::NoteOn {
            timing,
            voice_id: voice(key),
            channel: Channel::Number(key.channel),
            key: NoteKey::Number(key.pitch.key()),
            velocity,
        },
        Message::Off { key, velocity } => NoteEvent::NoteOff {
            timing,
            voice_id: voice(key),
            channel: Channel::Number(key.channel),
            key: NoteKey::Number(key.pitch.key()),
            velocity,
        },
        Message::Control(ChannelMessage::Controller { channel, number, value }) => {
            NoteEvent::MidiCC { timing, channel, cc: number, value }
        }
        Message::Control(ChannelMessage::Bend { channel, value }) => {
            NoteEvent::MidiPitchBend { timing, channel, value }
        }
        Message::Control(ChannelMessage::Pressure { channel, value }) => {
            NoteEvent::MidiChannelPressure { timing, channel, pressure: value }
        }
        Message::Control(ChannelMessage::Program { channel, number }) => {
            NoteEvent::MidiProgramChange { timing, channel, program: number }
        }
    }
}
