//! The player's events that pass through: which of them are heard, and the rule that no controller is left away from
//! rest when nothing passes through any more.
//!
//! Knows nothing of notes.

use crate::host::{ChannelMessage, FrameOffset, Harmony, HostEvent, HostEvents, Message, Sent, Settings};
use crate::output::active_notes::ActiveNotes;

/// Numbers of the MIDI controllers that the engine interprets.
pub const SUSTAIN: u8 = 64;
pub const ALL_SOUND_OFF: u8 = 120;
pub const RESET_CONTROLLERS: u8 = 121;
/// From here to 127: the channel mode messages, which all imply all-notes-off.
pub const ALL_NOTES_OFF: u8 = 123;
/// A pedal is down from this value on.
pub const PEDAL_DOWN: f32 = 0.5;
/// Controllers that only downstream instruments interpret.
const MODULATION: u8 = 1;
const SOSTENUTO: u8 = 66;
/// No bend. Fourteen bits have no exact middle, so a controller at rest may be half a step away from it.
const NO_BEND: f32 = 0.5;
const BEND_STEP: f32 = 1.0 / 16_384.0;

/// Whether an event is on the channel that is heard, or on the channel of the chords. Releases are heard from every
/// channel, because the notes that they end may have begun before the channel was chosen.
pub fn is_heard(settings: &Settings, event: &HostEvent) -> bool {
    let hears = |channel| hears(settings, channel);
    match *event {
        HostEvent::NoteOn { key, .. } => hears(key.channel),
        HostEvent::NoteOff { .. } => true,
        HostEvent::Control(message) => hears(message.channel()) || is_release(message),
        HostEvent::Shape { keys, .. } => keys.channel.is_none_or(hears),
    }
}

/// Whether note-ons of a channel are heard.
pub fn hears(settings: &Settings, channel: u8) -> bool {
    let has_the_chords = settings.harmony == Harmony::Channel(channel);
    has_the_chords || settings.midi.in_channel.is_none_or(|only| only == channel)
}

fn is_release(message: ChannelMessage) -> bool {
    match message {
        ChannelMessage::Controller { number: SUSTAIN, value, .. } => value < PEDAL_DOWN,
        ChannelMessage::Controller { number, .. } => {
            matches!(number, ALL_SOUND_OFF | RESET_CONTROLLERS | ALL_NOTES_OFF..)
        }
        _ => false,
    }
}

/// A controller that keeps its value until the player moves it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Controller {
    Sustain,
    Sostenuto,
    Modulation,
    Pressure,
    Bend,
}

impl Controller {
    const ALL: [Self; 5] = [Self::Sustain, Self::Sostenuto, Self::Modulation, Self::Pressure, Self::Bend];

    /// Which controller a message moves, and whether away from rest.
    fn moved_by(message: ChannelMessage) -> Option<(Self, bool)> {
        match message {
            ChannelMessage::Controller { number: SUSTAIN, value, .. } => Some((Self::Sustain, value >= PEDAL_DOWN)),
            ChannelMessage::Controller { number: SOSTENUTO, value, .. } => Some((Self::Sostenuto, value >= PEDAL_DOWN)),
            ChannelMessage::Controller { number: MODULATION, value, .. } => Some((Self::Modulation, value > 0.0)),
            ChannelMessage::Pressure { value, .. } => Some((Self::Pressure, value > 0.0)),
            ChannelMessage::Bend { value, .. } => Some((Self::Bend, (value - NO_BEND).abs() > BEND_STEP)),
            ChannelMessage::Controller { .. } | ChannelMessage::Program { .. } => None,
        }
    }

    fn to_rest(self, channel: u8) -> ChannelMessage {
        let controller = |number| ChannelMessage::Controller { channel, number, value: 0.0 };
        match self {
            Self::Sustain => controller(SUSTAIN),
            Self::Sostenuto => controller(SOSTENUTO),
            Self::Modulation => controller(MODULATION),
            Self::Pressure => ChannelMessage::Pressure { channel, value: 0.0 },
            Self::Bend => ChannelMessage::Bend { channel, value: NO_BEND },
        }
    }
}

/// One controller on all channels; one bit for each channel.
#[derive(Debug, Default)]
struct ControllerStates {
    /// Passed through, and away from rest.
    away: u16,
    /// To be sent back to rest: nothing passes through any more, or the host's event list was full.
    pending: u16,
}

/// The controllers that were passed through and are away from rest.
#[derive(Debug, Default)]
pub struct Thru {
    controllers: [ControllerStates; Controller::ALL.len()],
}

impl Thru {
    /// Passes a controller through if `is_on`. A controller that was passed through returns to rest in any case.
    pub fn pass(
        &mut self,
        message: ChannelMessage,
        is_on: bool,
        at: FrameOffset,
        host: &mut impl HostEvents,
        active_notes: &mut ActiveNotes,
    ) -> Sent {
        let bit = 1 << (message.channel() & 15);
        let all_rest = matches!(message, ChannelMessage::Controller { number: RESET_CONTROLLERS, .. });
        let moved = Controller::moved_by(message);
        let is_moved = |controller| all_rest || moved.is_some_and(|(moved, _)| moved == controller);
        let goes_away = moved.is_some_and(|(_, away)| away);
        let mut touched =
            Controller::ALL.into_iter().zip(&self.controllers).filter(|(controller, _)| is_moved(*controller));
        let to_rest = !goes_away && touched.any(|(_, states)| states.away & bit != 0);
        if !is_on && !to_rest {
            return Sent::NoOutput;
        }
        let sent = active_notes.pass(host, at, Message::Control(message));
        for (_, states) in
            Controller::ALL.into_iter().zip(&mut self.controllers).filter(|(controller, _)| is_moved(*controller))
        {
            match (goes_away, sent) {
                (true, Sent::Accepted) => {
                    states.away |= bit;
                    states.pending &= !bit;
                }
                (true, _) => {}
                (false, Sent::Refused) => states.pending |= states.away & bit,
                (false, _) => {
                    states.away &= !bit;
                    states.pending &= !bit;
                }
            }
        }
        sent
    }

    /// Sends the pending controllers to rest. All are pending once nothing passes through any more, and so are those of
    /// a channel that is no longer heard; except the sustain pedal, whose release is heard from every channel.
    pub fn send_pending(
        &mut self,
        settings: &Settings,
        at: FrameOffset,
        host: &mut impl HostEvents,
        active_notes: &mut ActiveNotes,
    ) {
        if !settings.midi.thru {
            self.all_pending();
        }
        for (controller, states) in
            Controller::ALL.into_iter().zip(&mut self.controllers).filter(|(_, states)| states.away != 0)
        {
            for channel in 0..16 {
                let bit = 1 << channel;
                let is_lost = controller != Controller::Sustain && !hears(settings, channel);
                states.pending |= if is_lost { states.away & bit } else { 0 };
                let rest = Message::Control(controller.to_rest(channel));
                if states.pending & bit != 0 && active_notes.pass(host, at, rest) != Sent::Refused {
                    states.pending &= !bit;
                    states.away &= !bit;
                }
            }
        }
    }

    /// Marks all controllers that are away from rest as pending.
    pub fn all_pending(&mut self) {
        for states in &mut self.controllers {
            states.pending |= states.away;
        }
    }
}
