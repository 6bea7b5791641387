//! The player's own events on their way through: which are heard at all, and that no pedal is left down behind them.

use super::host::{ChannelMessage, FrameOffset, Harmony, HostEvent, Message, Sent, Settings, Stage};
use super::ledger::Ledger;
use super::player::{ALL_NOTES_OFF, ALL_SOUND_OFF, PEDAL_DOWN, RESET_CONTROLLERS, SUSTAIN};

/// Whether an event is meant for us: on the channel that is heard, or on that of the chords. What lets go is heard from
/// everywhere, because what it lets go of may have begun before the channel was chosen; it does nothing else.
pub fn is_heard(settings: &Settings, event: &HostEvent) -> bool {
    let hears = |channel| hears(settings, channel);
    match *event {
        HostEvent::Press { key, .. } => hears(key.channel),
        HostEvent::Release { .. } => true,
        HostEvent::Control(message) => hears(message.channel()) || lets_go(message),
        HostEvent::Shape { keys, .. } => keys.channel.is_none_or(hears),
    }
}

/// Whether a channel is heard.
pub fn hears(settings: &Settings, channel: u8) -> bool {
    let has_the_chords = settings.harmony == Harmony::Channel(channel);
    has_the_chords || settings.in_channel.is_none_or(|only| only == channel)
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

/// Pedals that were passed on and must come up again. One bit a channel.
#[derive(Debug, Default)]
pub struct Thru {
    down: u16,
    /// To be let up, because nothing is passed on any more or because the host would not hear of it.
    owed: u16,
}

impl Thru {
    /// Passes a control on. A pedal comes up whether or not things are passed on by now.
    pub fn pass(
        &mut self,
        message: ChannelMessage,
        is_on: bool,
        at: FrameOffset,
        stage: &mut impl Stage,
        ledger: &mut Ledger,
    ) -> Sent {
        let bit = 1 << (message.channel() & 15);
        let pedal = match message {
            ChannelMessage::Controller { number: SUSTAIN, value, .. } => Some(value >= PEDAL_DOWN),
            ChannelMessage::Controller { number: RESET_CONTROLLERS, .. } => Some(false),
            _ => None,
        };
        let lets_up = pedal == Some(false) && self.down & bit != 0;
        if !is_on && !lets_up {
            return Sent::NobodyListens;
        }
        let sent = ledger.pass(stage, at, Message::Control(message));
        match (pedal, sent) {
            (Some(true), Sent::Taken) => {
                self.down |= bit;
                self.owed &= !bit;
            }
            (Some(false), Sent::Refused) => self.owed |= self.down & bit,
            (Some(false), _) => {
                self.down &= !bit;
                self.owed &= !bit;
            }
            _ => {}
        }
        sent
    }

    /// Lets up what is owed; with nothing passed on any more, everything is.
    pub fn pay(&mut self, is_on: bool, at: FrameOffset, stage: &mut impl Stage, ledger: &mut Ledger) {
        if !is_on {
            self.all_owed();
        }
        for channel in 0..16 {
            let bit = 1 << channel;
            let up = ChannelMessage::Controller { channel, number: SUSTAIN, value: 0.0 };
            if self.owed & bit != 0 && ledger.pass(stage, at, Message::Control(up)) != Sent::Refused {
                self.owed &= !bit;
                self.down &= !bit;
            }
        }
    }

    /// Every pedal is to come up when there is a host to tell.
    pub fn all_owed(&mut self) {
        self.owed |= self.down;
    }
}
