//! The host's side of one block, in the performer's words, and the built-in sound rendered between its notes.

use crate::Segue;
use nice_plug::context::process::SendEventError;
use nice_plug::midi::{Channel, Key as NoteKey, VoiceID};
use nice_plug::prelude::*;
use segue_engine::host::{
    ChannelMessage, FrameOffset, HostEvent, HostIo, Key, KeyPattern, Message, Sent, Shape, SynthEvent,
};
use segue_engine::synth::Sound;
use segue_model::note::{Pitch, Velocity};

type Event = PluginNoteEvent<Segue>;

/// One block of the host, as the engine sees it.
pub struct PluginIo<'a, C> {
    context: &'a mut C,
    sound: &'a mut Sound,
    left: &'a mut [f32],
    right: &'a mut [f32],
    /// How far the sound is rendered.
    rendered: usize,
    sound_is_on: bool,
}

impl<'a, C: ProcessContext<Segue>> PluginIo<'a, C> {
    /// The host's side of one block with its two channels of audio.
    pub fn new(context: &'a mut C, sound: &'a mut Sound, left: &'a mut [f32], right: &'a mut [f32]) -> Self {
        Self { context, sound, left, right, rendered: 0, sound_is_on: true }
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

impl<C: ProcessContext<Segue>> HostIo for PluginIo<'_, C> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        let last = u32::try_from(self.left.len()).unwrap_or(u32::MAX).saturating_sub(1);
        while let Some(event) = self.context.next_event() {
            let at = event.timing().min(last);
            if let Some(event) = heard(event) {
                return Some((FrameOffset(at), event));
            }
        }
        None
    }

    fn play(&mut self, at: FrameOffset, what: SynthEvent) {
        self.render_until(at.0 as usize);
        match what {
            SynthEvent::NoteOn { .. } if !self.sound_is_on => {}
            SynthEvent::NoteOn { source, channel, pitch, velocity } => {
                self.sound.note_on(source, channel, pitch.key(), Velocity::nearest(velocity * 127.0).value());
            }
            SynthEvent::NoteOff { source, channel, pitch } => self.sound.note_off(source, channel, pitch.key()),
            SynthEvent::Pedal { channel, down } => self.sound.pedal(channel, down),
            SynthEvent::AllSoundOff => self.sound.silence(),
        }
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        match self.context.try_send_event(told(at.0, message)) {
            Ok(()) => Sent::Accepted,
            Err((_, SendEventError::HostBufferFull)) => Sent::Refused,
            Err((_, SendEventError::NoOutputBuffer | SendEventError::InvalidEvent { .. })) => Sent::NoOutput,
        }
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
fn told(timing: u32, message: Message) -> Event {
    let voice = |key: Key| key.voice.map_or(VoiceID::Wildcard, VoiceID::ID);
    match message {
        Message::Shape { keys, shape } => told_shape(timing, keys, shape),
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

fn told_shape(timing: u32, keys: KeyPattern, shape: Shape) -> Event {
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
    use segue_engine::host::NoteSource;
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
            assert_eq!(told(9, Message::Control(message)), event);
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
            assert_eq!(told(9, Message::Shape { keys, shape }), event);
        }
        let off = NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.8 };
        let Some(HostEvent::NoteOff { keys, velocity }) = heard(off) else { panic!("it is a release") };
        assert_eq!((keys.voice, velocity), (Some(7), 0.8));
        let Some(HostEvent::NoteOn { key, velocity }) = heard(on(9, 61, 0.3)) else { panic!("it is a press") };
        assert_eq!(told(9, Message::NoteOn { key, velocity }), on(9, 61, 0.3));
    }

    /// A host whose event list is full refuses events; the built-in sound still starts on the frame of the note.
    #[test]
    fn a_full_host_refuses_and_sound_starts_on_the_note_frame() {
        let (mut sound, mut left, mut right) = (Sound::new(48_000.0), [1.0; 64], [1.0; 64]);
        let mut context = FakeContext { takes: 1, ..FakeContext::new([]) };
        let mut stage = PluginIo::new(&mut context, &mut sound, &mut left, &mut right);
        let pitch = Pitch::new(69).unwrap();
        let message = Message::NoteOn { key: Key { voice: None, channel: 0, pitch }, velocity: 1.0 };
        assert_eq!(stage.send(FrameOffset(20), message), Sent::Accepted);
        assert_eq!(stage.send(FrameOffset(20), message), Sent::Refused);
        stage
            .play(FrameOffset(20), SynthEvent::NoteOn { source: NoteSource::Player, channel: 0, pitch, velocity: 1.0 });
        stage.finish();
        assert!(left[..20].iter().all(|sample| *sample == 0.0), "silent before the note");
        assert!(left[20..].iter().any(|sample| *sample != 0.0), "heard from then on");
    }
}
