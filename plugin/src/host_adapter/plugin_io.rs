//! nice-plug's event lists and transport in the engine's words.

use nice_plug::context::process::SendEventError;
use nice_plug::midi::{Channel, Key as NoteKey, VoiceID};
use nice_plug::prelude::*;
use segue_engine::host::{
    ChannelMessage, FrameOffset, HostEvent, HostEvents, Key, KeyPattern, Message, Sent, Shape,
    Transport as HostTransport,
};
use segue_model::note::{Metre, Pitch};
use std::marker::PhantomData;

type Event = NoteEvent<()>;

/// The event lists of one block, of any plugin without system-exclusive messages.
pub struct PluginIo<'a, P, C> {
    context: &'a mut C,
    last_frame: u32,
    plugin: PhantomData<P>,
}

impl<'a, P: Plugin<SysExMessage = ()>, C: ProcessContext<P>> PluginIo<'a, P, C> {
    /// Events behind the block's last frame count for that frame.
    pub fn new(context: &'a mut C, last_frame: u32) -> Self {
        Self { context, last_frame, plugin: PhantomData }
    }
}

impl<P: Plugin<SysExMessage = ()>, C: ProcessContext<P>> HostEvents for PluginIo<'_, P, C> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        while let Some(event) = self.context.next_event() {
            let at = event.timing().min(self.last_frame);
            if let Some(event) = heard(event) {
                return Some((FrameOffset(at), event));
            }
        }
        None
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        match self.context.try_send_event(event_of(at.0, message)) {
            Ok(()) => Sent::Accepted,
            Err((_, SendEventError::HostBufferFull)) => Sent::Refused,
            Err((_, SendEventError::NoOutputBuffer | SendEventError::InvalidEvent { .. })) => Sent::NoOutput,
        }
    }
}

/// The host's transport of one block.
pub fn host_transport(host: &Transport) -> HostTransport {
    let metre = host.time_sig_numerator.zip(host.time_sig_denominator);
    let byte = |value: i32| u8::try_from(value).ok();
    HostTransport {
        playing: host.playing,
        tempo_bpm: host.tempo,
        beats: host.pos_beats(),
        metre: metre.and_then(|(above, below)| Metre::new(byte(above)?, byte(below)?)),
        bar_beats: host.bar_start_pos_beats,
        loop_beats: host.loop_range_beats(),
    }
}

/// A host's event in our words; `None` for what means nothing here.
fn heard(event: Event) -> Option<HostEvent> {
    Some(match event {
        NoteEvent::NoteOn { voice_id, channel, key, velocity, .. } => {
            let key = Key { voice: voice_id.id(), channel: channel.number().unwrap_or(0), pitch: pitch(key)? };
            if velocity > 0.0 {
                HostEvent::NoteOn { key, velocity: velocity.min(1.0) }
            } else {
                HostEvent::NoteOff { keys: key.into(), velocity: 0.0 }
            }
        }
        NoteEvent::NoteOff { voice_id, channel, key, velocity, .. } => {
            HostEvent::NoteOff { keys: pattern(voice_id, channel, key), velocity }
        }
        NoteEvent::Choke { voice_id, channel, key, .. } => {
            HostEvent::NoteOff { keys: pattern(voice_id, channel, key), velocity: 0.0 }
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
        NoteEvent::PolyPressure { voice_id, channel, key, pressure, .. } => {
            shaped(pattern(voice_id, channel, key), Shape::Pressure(pressure))
        }
        NoteEvent::PolyVolume { voice_id, channel, key, gain, .. } => {
            shaped(pattern(voice_id, channel, key), Shape::Volume(gain))
        }
        NoteEvent::PolyPan { voice_id, channel, key, pan, .. } => {
            shaped(pattern(voice_id, channel, key), Shape::Pan(pan))
        }
        NoteEvent::PolyTuning { voice_id, channel, key, tuning, .. } => {
            shaped(pattern(voice_id, channel, key), Shape::Tuning(tuning))
        }
        NoteEvent::PolyVibrato { voice_id, channel, key, vibrato, .. } => {
            shaped(pattern(voice_id, channel, key), Shape::Vibrato(vibrato))
        }
        NoteEvent::PolyExpression { voice_id, channel, key, expression, .. } => {
            shaped(pattern(voice_id, channel, key), Shape::Expression(expression))
        }
        NoteEvent::PolyBrightness { voice_id, channel, key, brightness, .. } => {
            shaped(pattern(voice_id, channel, key), Shape::Brightness(brightness))
        }
        _ => return None,
    })
}

fn shaped(keys: KeyPattern, shape: Shape) -> HostEvent {
    HostEvent::Shape { keys, shape }
}

fn pitch(key: NoteKey) -> Option<Pitch> {
    key.number().and_then(Pitch::new)
}

fn pattern(voice: VoiceID, channel: Channel, key: NoteKey) -> KeyPattern {
    KeyPattern { voice: voice.id(), channel: channel.number(), pitch: pitch(key) }
}

/// Our message in the host's words.
fn event_of(timing: u32, message: Message) -> Event {
    let voice = |key: Key| key.voice.map_or(VoiceID::Wildcard, VoiceID::ID);
    match message {
        Message::Shape { keys, shape } => event_of_shape(timing, keys, shape),
        Message::NoteOn { key, velocity } => NoteEvent::NoteOn {
            timing,
            voice_id: voice(key),
            channel: Channel::Number(key.channel),
            key: NoteKey::Number(key.pitch.key()),
            velocity,
        },
        Message::NoteOff { key, velocity } => NoteEvent::NoteOff {
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

fn event_of_shape(timing: u32, keys: KeyPattern, shape: Shape) -> Event {
    let voice_id = keys.voice.map_or(VoiceID::Wildcard, VoiceID::ID);
    let channel = keys.channel.map_or(Channel::Wildcard, Channel::Number);
    let key = keys.pitch.map_or(NoteKey::Wildcard, |pitch| NoteKey::Number(pitch.key()));
    match shape {
        Shape::Pressure(pressure) => NoteEvent::PolyPressure { timing, voice_id, channel, key, pressure },
        Shape::Volume(gain) => NoteEvent::PolyVolume { timing, voice_id, channel, key, gain },
        Shape::Pan(pan) => NoteEvent::PolyPan { timing, voice_id, channel, key, pan },
        Shape::Tuning(tuning) => NoteEvent::PolyTuning { timing, voice_id, channel, key, tuning },
        Shape::Vibrato(vibrato) => NoteEvent::PolyVibrato { timing, voice_id, channel, key, vibrato },
        Shape::Expression(expression) => NoteEvent::PolyExpression { timing, voice_id, channel, key, expression },
        Shape::Brightness(brightness) => NoteEvent::PolyBrightness { timing, voice_id, channel, key, brightness },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Segue;
    use std::collections::VecDeque;

    /// A fake of nice-plug that hands over these events and takes a limited number.
    struct FakeContext {
        events: VecDeque<Event>,
        takes: usize,
        sent: Vec<Event>,
        transport: Transport,
    }

    impl FakeContext {
        fn new(events: impl IntoIterator<Item = Event>) -> Self {
            let events = events.into_iter().collect();
            Self { events, takes: usize::MAX, sent: Vec::new(), transport: Transport::new(48_000.0) }
        }
    }

    impl ProcessContext<Segue> for FakeContext {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Clap
        }
        fn execute_background(&self, (): ()) {}
        fn execute_gui(&self, (): ()) {}
        fn transport(&self) -> &Transport {
            &self.transport
        }
        fn next_event(&mut self) -> Option<Event> {
            self.events.pop_front()
        }
        fn try_send_event(&mut self, event: Event) -> Result<(), (Event, SendEventError)> {
            if self.sent.len() >= self.takes {
                return Err((event, SendEventError::HostBufferFull));
            }
            self.sent.push(event);
            Ok(())
        }
        fn set_latency_samples(&self, _: u32) {}
        fn request_restart(&self) {}
        fn set_current_voice_capacity(&self, _: u32) {}
    }

    fn on(timing: u32, key: u8, velocity: f32) -> Event {
        NoteEvent::NoteOn {
            timing,
            voice_id: VoiceID::ID(7),
            channel: Channel::Number(2),
            key: NoteKey::Number(key),
            velocity,
        }
    }

    /// A note-on with velocity zero is a release, and a note without a key is ignored.
    #[test]
    fn a_note_on_without_velocity_is_a_release() {
        let release = heard(on(0, 60, 0.0));
        assert!(matches!(release, Some(HostEvent::NoteOff { keys, .. }) if keys.pitch == Pitch::new(60)));
        let any_key = NoteEvent::NoteOn {
            timing: 0,
            voice_id: VoiceID::Wildcard,
            channel: Channel::Wildcard,
            key: NoteKey::Wildcard,
            velocity: 0.5,
        };
        assert_eq!(heard(any_key), None);
    }

    #[test]
    fn what_is_passed_through_comes_out_as_it_went_in() {
        let bend = NoteEvent::MidiPitchBend { timing: 9, channel: 3, value: 0.7 };
        let pedal = NoteEvent::MidiCC { timing: 9, channel: 3, cc: 64, value: 1.0 };
        for event in [bend, pedal] {
            let Some(HostEvent::Control(message)) = heard(event) else { panic!("{event:?} is a control") };
            assert_eq!(event_of(9, Message::Control(message)), event);
        }
        let note = (VoiceID::ID(7), Channel::Number(3), NoteKey::Number(61));
        let (timing, (voice_id, channel, key)) = (9, note);
        let shapes = [
            NoteEvent::PolyPressure { timing, voice_id, channel, key, pressure: 0.2 },
            NoteEvent::PolyVolume { timing, voice_id, channel, key, gain: 2.0 },
            NoteEvent::PolyPan { timing, voice_id, channel, key, pan: -0.5 },
            NoteEvent::PolyTuning { timing, voice_id: VoiceID::Wildcard, channel, key, tuning: 1.5 },
            NoteEvent::PolyVibrato { timing, voice_id, channel, key: NoteKey::Wildcard, vibrato: 0.3 },
            NoteEvent::PolyExpression { timing, voice_id, channel: Channel::Wildcard, key, expression: 0.4 },
            NoteEvent::PolyBrightness { timing, voice_id, channel, key, brightness: 0.6 },
        ];
        for event in shapes {
            let Some(HostEvent::Shape { keys, shape }) = heard(event) else { panic!("{event:?} shapes a note") };
            assert_eq!(event_of(9, Message::Shape { keys, shape }), event);
        }
        let off = NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.8 };
        let Some(HostEvent::NoteOff { keys, velocity }) = heard(off) else { panic!("it is a release") };
        assert_eq!((keys.voice, velocity), (Some(7), 0.8));
        let Some(HostEvent::NoteOn { key, velocity }) = heard(on(9, 61, 0.3)) else { panic!("it is a press") };
        assert_eq!(event_of(9, Message::NoteOn { key, velocity }), on(9, 61, 0.3));
    }

    /// A host whose event list is full refuses events, and an event behind the block counts for its last frame.
    #[test]
    fn a_full_host_refuses_and_late_events_come_at_the_end() {
        let mut context = FakeContext { takes: 1, ..FakeContext::new([on(99, 69, 1.0)]) };
        let mut io = PluginIo::new(&mut context, 63);
        assert!(matches!(io.next_event(), Some((FrameOffset(63), HostEvent::NoteOn { .. }))));
        let key = Key { voice: None, channel: 0, pitch: Pitch::new(69).unwrap() };
        let message = Message::NoteOn { key, velocity: 1.0 };
        assert_eq!(io.send(FrameOffset(20), message), Sent::Accepted);
        assert_eq!(io.send(FrameOffset(20), message), Sent::Refused);
    }
}
