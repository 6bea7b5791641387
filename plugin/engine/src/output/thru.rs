//! The player's own events on their way through: which are heard at all, and that no pedal is left down
//! behind them and no wheel turned.

use crate::host::{ChannelMessage, FrameOffset, Harmony, HostEvent, HostIo, Message, Sent, Settings};
use crate::output::active_notes::ActiveNotes;

/// MIDI controllers that mean something here.
pub const SUSTAIN: u8 = 64;
pub const ALL_SOUND_OFF: u8 = 120;
pub const RESET_CONTROLLERS: u8 = 121;
/// From here to the last: the messages that change the mode let go of all notes too.
pub const ALL_NOTES_OFF: u8 = 123;
/// From here on a pedal is down.
pub const PEDAL_DOWN: f32 = 0.5;
/// Controllers that only downstream instruments interpret.
const MODULATION: u8 = 1;
const SOSTENUTO: u8 = 66;
/// The middle of the bend; in fourteen bits it lies half a step beside.
const NO_BEND: f32 = 0.5;
const BEND_STEP: f32 = 1.0 / 16_384.0;

/// Whether an event is meant for us: on the channel that is heard, or on that of the chords. What lets go is heard from
/// everywhere, because what it lets go of may have begun before the channel was chosen; it does nothing else.
pub fn is_heard(settings: &Settings, event: &HostEvent) -> bool {
    let hears = |channel| hears(settings, channel);
    match *event {
        HostEvent::NoteOn { key, .. } => hears(key.channel),
        HostEvent::NoteOff { .. } => true,
        HostEvent::Control(message) => hears(message.channel()) || lets_go(message),
        HostEvent::Shape { keys, .. } => keys.channel.is_none_or(hears),
    }
}

/// Whether a channel is heard.
pub fn hears(settings: &Settings, channel: u8) -> bool {
    let has_the_chords = settings.harmony == Harmony::Channel(channel);
    has_the_chords || settings.midi.in_channel.is_none_or(|only| only == channel)
}

fn lets_go(message: ChannelMessage) -> bool {
    match message {
        ChannelMessage::Controller { number: SUSTAIN, value, .. } => value < PEDAL_DOWN,
        ChannelMessage::Controller { number, .. } => {
            matches!(number, ALL_SOUND_OFF | RESET_CONTROLLERS | ALL_NOTES_OFF..)
        }
        _ => false,
    }
}

/// What stays where the player leaves it until the player moves it back.
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

    /// Which lever a message moves, and whether away from rest.
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

/// One lever on every channel; one bit a channel.
#[derive(Debug, Default)]
struct ControllerStates {
    /// Passed on, and not at rest.
    away: u16,
    /// To be brought to rest, because nothing is passed on any more or because the host would not hear of it.
    pending: u16,
}

/// The controllers that were passed on and must come to rest.
#[derive(Debug, Default)]
pub struct Thru {
    levers: [ControllerStates; Controller::ALL.len()],
}

impl Thru {
    /// Passes a control on. A lever that was passed on comes to rest whether or not things are passed on by now.
    pub fn pass(
        &mut self,
        message: ChannelMessage,
        is_on: bool,
        at: FrameOffset,
        host: &mut impl HostIo,
        active_notes: &mut ActiveNotes,
    ) -> Sent {
        let bit = 1 << (message.channel() & 15);
        let all_rest = matches!(message, ChannelMessage::Controller { number: RESET_CONTROLLERS, .. });
        let moved = Controller::moved_by(message);
        let is_moved = |lever| all_rest || moved.is_some_and(|(moved, _)| moved == lever);
        let goes_away = moved.is_some_and(|(_, away)| away);
        let mut touched = Controller::ALL.into_iter().zip(&self.levers).filter(|(lever, _)| is_moved(*lever));
        let to_rest = !goes_away && touched.any(|(_, lever)| lever.away & bit != 0);
        if !is_on && !to_rest {
            return Sent::NoOutput;
        }
        let sent = active_notes.pass(host, at, Message::Control(message));
        for (_, lever) in Controller::ALL.into_iter().zip(&mut self.levers).filter(|(lever, _)| is_moved(*lever)) {
            match (goes_away, sent) {
                (true, Sent::Accepted) => {
                    lever.away |= bit;
                    lever.pending &= !bit;
                }
                (true, _) => {}
                (false, Sent::Refused) => lever.pending |= lever.away & bit,
                (false, _) => {
                    lever.away &= !bit;
                    lever.pending &= !bit;
                }
            }
        }
        sent
    }

    /// Brings to rest what is pending; of what is not passed on any more, everything is. A pedal is heard from everywhere when
    /// it comes up, so that one stays down with its keys until then.
    pub fn send_pending(
        &mut self,
        settings: &Settings,
        at: FrameOffset,
        host: &mut impl HostIo,
        active_notes: &mut ActiveNotes,
    ) {
        if !settings.midi.thru {
            self.all_pending();
        }
        for (lever, levers) in Controller::ALL.into_iter().zip(&mut self.levers).filter(|(_, levers)| levers.away != 0)
        {
            for channel in 0..16 {
                let bit = 1 << channel;
                let is_lost = lever != Controller::Sustain && !hears(settings, channel);
                levers.pending |= if is_lost { levers.away & bit } else { 0 };
                let rest = Message::Control(lever.to_rest(channel));
                if levers.pending & bit != 0 && active_notes.pass(host, at, rest) != Sent::Refused {
                    levers.pending &= !bit;
                    levers.away &= !bit;
                }
            }
        }
    }

    /// Everything is to come to rest when there is a host to tell.
    pub fn all_pending(&mut self) {
        for levers in &mut self.levers {
            levers.pending |= levers.away;
        }
    }
}
