//! The rules and their messages.

use crate::stats::Stats;
use crate::timeline::Frame;
use std::fmt;

/// A broken rule, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Violation {
    /// The activation, counted from 0.
    pub activation: usize,
    /// The frame within it.
    pub at: Frame,
    /// The rule.
    pub rule: Rule,
}

/// A rule that can be broken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// An event lies outside its block.
    Outside {
        /// Its offset.
        offset: u32,
    },
    /// An event came after a later one.
    OutOfOrder,
    /// A note-off has no note-on.
    OffWithoutOn(Key),
    /// A note-on came for a key that was down.
    OnTwice(Key),
    /// A note-on never got its note-off.
    NeverEnds(Key),
    /// A note of Segue's has no length.
    NoLength(Key),
    /// A note of Segue's is longer than any setting allows.
    TooLong(Key),
    /// A key, channel or velocity does not exist in MIDI.
    NoMidi(Key),
    /// A note is neither the player's, passed through, nor on Segue's channel.
    WrongChannel {
        /// The note.
        key: Key,
        /// Segue's channel.
        wanted: u16,
    },
    /// A note-on is not on the rounded frame of a tick.
    OffTheGrid {
        /// The note.
        key: Key,
        /// How far off it is, in frames.
        away: f64,
    },
    /// Segue begins a note while the player holds a key, so a plan was not withdrawn.
    OverThePlayer {
        /// The note.
        key: Key,
        /// The player's.
        held: Key,
    },
    /// Segue begins a note although nothing was played that it could answer.
    Unasked(Key),
    /// A note of Segue's goes on although the player has come in and Segue must yield at once.
    DoesNotYield(Key),
    /// A note of Segue's goes on although the song started, stopped or jumped.
    OverABreak(Key),
    /// A note of Segue's begins or goes on although it is muted.
    Muted(Key),
    /// A note belongs to a part that is not sent.
    WrongPart(Key),
    /// A note goes on after the host's reset or a new activation.
    OverAReset(Key),
    /// A note that was passed through goes on after its release.
    OverARelease(Key),
    /// A key of the player's was not passed through, but should have been.
    NotPassed(Key),
    /// A note that was passed through ends while its key is down.
    CutShort(Key),
    /// A note that came back through a routing loop was passed through, came back again, and was passed through once
    /// more.
    GoesRound(Key),
    /// Thru was switched off, and a pedal, wheel or bend that had been passed through was left away from rest.
    LeftAway {
        /// The controller.
        controller: Controller,
        /// 0 to 15.
        channel: u8,
    },
    /// More notes of Segue's sound at once than the setting allows.
    TooMany {
        /// How many.
        count: usize,
        /// How many are allowed.
        most: usize,
    },
    /// A note of Segue's lies outside the scale or the range.
    OutOfBounds(Key),
    /// A note of Segue's is longer than the setting allows.
    TooLongForTheSetting {
        /// The note.
        key: Key,
        /// Its length in beats.
        beats: f64,
    },
    /// In a trade, a note of Segue's begins in the player's bars.
    InThePlayersBars(Key),
    /// In a trade, a note of Segue's rings into the player's bars although it may not.
    RingsOver(Key),
    /// The worker panicked.
    Panicked,
    /// Something was late or lost although the host waited for the worker and accepted every event.
    Lost {
        /// The counts of this activation.
        counts: Stats,
    },
    /// The audio reaches full scale or more.
    TooLoud {
        /// The peak.
        peak: f32,
    },
    /// The audio has samples that are not numbers.
    NoNumber,
    /// There is audio although the sound is off.
    SoundWhenOff {
        /// The peak.
        peak: f32,
    },
}

/// A key on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// 0 to 15.
    pub channel: u16,
    /// 0 to 127.
    pub key: u16,
}

/// A controller: it stays where a message has left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are MIDI's")]
pub enum Controller {
    Sustain,
    Sostenuto,
    Modulation,
    Pressure,
    Bend,
}

impl Controller {
    /// The controller that a message moves, and whether that leaves it away from rest.
    pub(super) fn moved_by([status, first, second]: [u8; 3]) -> Option<(Self, bool)> {
        match (status & 0xF0, first) {
            (0xB0, 64) => Some((Self::Sustain, second >= 64)),
            (0xB0, 66) => Some((Self::Sostenuto, second >= 64)),
            (0xB0, 1) => Some((Self::Modulation, second > 0)),
            (0xD0, pressure) => Some((Self::Pressure, pressure > 0)),
            (0xE0, fine) => Some((Self::Bend, (fine, second) != (0, 64))),
            _ => None,
        }
    }
}

impl Rule {
    /// Identifies faults of one kind, whatever their figures.
    pub fn kind(&self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(self)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "key {} on channel {}", self.key, self.channel + 1)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "activation {}, frame {}: ", self.activation + 1, self.at)?;
        match self.rule {
            Rule::Outside { offset } => write!(out, "an event at offset {offset}, beyond its block"),
            Rule::OutOfOrder => write!(out, "an event came after a later one"),
            Rule::OffWithoutOn(key) => write!(out, "the note-off of {key} has no note-on"),
            Rule::OnTwice(key) => write!(out, "{key} was struck while it was down"),
            Rule::NeverEnds(key) => write!(out, "{key} never ends"),
            Rule::NoLength(key) => write!(out, "{key} has no length"),
            Rule::TooLong(key) => write!(out, "{key} sounded longer than any setting allows"),
            Rule::NoMidi(key) => write!(out, "{key} is not a valid MIDI note"),
            Rule::WrongChannel { key, wanted } => {
                write!(out, "{key} is neither the player's nor on Segue's channel, which is {}", wanted + 1)
            }
            Rule::OffTheGrid { key, away } => write!(out, "{key} begins {away:.2} frames away from the nearest tick"),
            Rule::OverThePlayer { key, held } => write!(out, "{key} begins while the player holds {held}"),
            Rule::Unasked(key) => write!(out, "{key} begins although nobody has played anything to answer"),
            Rule::DoesNotYield(key) => write!(out, "{key} goes on although the player has come in"),
            Rule::OverABreak(key) => write!(out, "{key} goes on although the song starts, stops or jumps"),
            Rule::Muted(key) => write!(out, "{key} sounds although Segue is muted"),
            Rule::WrongPart(key) => write!(out, "{key} belongs to a part that is not sent"),
            Rule::OverAReset(key) => write!(out, "{key} goes on after a reset"),
            Rule::OverARelease(key) => write!(out, "{key} was passed through and goes on after its release"),
            Rule::NotPassed(key) => write!(out, "{key} was struck but not passed through"),
            Rule::CutShort(key) => write!(out, "{key} was passed through but ends while it is down"),
            Rule::GoesRound(key) => {
                write!(out, "{key} comes back by the routing loop and is passed through every time")
            }
            Rule::LeftAway { controller, channel } => {
                write!(out, "on channel {}, {controller:?} was passed through and left away from rest", channel + 1)
            }
            Rule::TooMany { count, most } => write!(out, "{count} notes of Segue's sound at once, but only {most} may"),
            Rule::OutOfBounds(key) => write!(out, "{key} lies outside the scale or the range set"),
            Rule::TooLongForTheSetting { key, beats } => write!(out, "{key} lasts {beats:.3} beats, which is too long"),
            Rule::InThePlayersBars(key) => write!(out, "{key} begins in the player's bars"),
            Rule::RingsOver(key) => write!(out, "{key} rings into the player's bars"),
            Rule::Panicked => write!(out, "the worker panicked"),
            Rule::Lost { counts } => write!(out, "late or lost although the host waited for the worker: {counts:?}"),
            Rule::TooLoud { peak } => write!(out, "the peak within the next second is {peak}"),
            Rule::NoNumber => write!(out, "samples within the next second are not numbers"),
            Rule::SoundWhenOff { peak } => write!(out, "the sound is off, but there is a peak of {peak}"),
        }
    }
}
