//! What can be wrong, and the message for it.

use crate::stats::Stats;
use crate::timeline::Frame;
use std::fmt;

/// A rule that was broken, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Violation {
    /// The activation, counted from 0.
    pub activation: usize,
    /// The frame within it.
    pub at: Frame,
    /// The rule.
    pub rule: Rule,
}

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// An event lies outside its block.
    Outside {
        /// Its offset.
        offset: u32,
    },
    /// An event came after a later one.
    OutOfOrder,
    /// A note-off without its note-on.
    OffWithoutOn(Key),
    /// A note-on of a key that was down.
    OnTwice(Key),
    /// A note-on whose note-off never came.
    NeverEnds(Key),
    /// A note of Segue's that takes no time.
    NoLength(Key),
    /// A note of Segue's that sounds longer than any music.
    TooLong(Key),
    /// A key, channel or velocity that MIDI does not have.
    NoMidi(Key),
    /// A note that is neither the player's, passed through, nor on Segue's channel.
    WrongChannel {
        /// The note.
        key: Key,
        /// Segue's channel.
        wanted: u16,
    },
    /// A note-on that is not on the rounded frame of a tick.
    OffTheGrid {
        /// The note.
        key: Key,
        /// How far, in frames.
        away: f64,
    },
    /// Segue begins a note while the player holds a key: a plan that should have been withdrawn.
    OverThePlayer {
        /// The note.
        key: Key,
        /// The player's.
        held: Key,
    },
    /// Segue begins a note although nothing was played that could be answered.
    Unasked(Key),
    /// A note of Segue's sounds on when the player comes in and it must yield at once.
    DoesNotYield(Key),
    /// A note of Segue's sounds on when the song starts, stops or jumps.
    OverABreak(Key),
    /// A note sounds on after the host's reset or a new activation.
    OverAReset(Key),
    /// A note that was passed through sounds on after its release.
    OverARelease(Key),
    /// A key of the player's that should have been passed through was not.
    NotPassed(Key),
    /// A note that was passed through ends while its key is down.
    CutShort(Key),
    /// A note that came back by a routing loop was passed through once more, and that came back and was, too.
    GoesRound(Key),
    /// What was passed through and moved a pedal, a wheel or the bend is left so when nothing is passed through any
    /// more.
    LeftAway {
        /// The controller.
        controller: Controller,
        /// 0 to 15.
        channel: u8,
    },
    /// More notes of Segue's at once than are allowed.
    TooMany {
        /// How many.
        count: usize,
        /// How many may be.
        most: usize,
    },
    /// A note of Segue's outside the scale or the range that is set.
    OutOfBounds(Key),
    /// A note of Segue's longer than the longest that is set.
    TooLongForTheSetting {
        /// The note.
        key: Key,
        /// Its length in beats.
        beats: f64,
    },
    /// Where bars are traded, a note of Segue's begins in the player's.
    InThePlayersBars(Key),
    /// Where bars are traded, a note of Segue's rings into the player's, and may not.
    RingsOver(Key),
    /// The worker panicked.
    Panicked,
    /// Something was late or lost although the host waited for the worker and took every event.
    Lost {
        /// What was counted in this activation.
        counts: Stats,
    },
    /// Audio at or beyond full scale.
    TooLoud {
        /// The peak.
        peak: f32,
    },
    /// Audio that is no number.
    NoNumber,
    /// Audio although the sound is off.
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

/// What stays where a message has left it.
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
    /// The controller that a message moves, and whether it is away from rest then.
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
    /// The same for faults of one kind, whatever their figures.
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
            Rule::Outside { offset } => write!(out, "an event at offset {offset}, which is beyond its block"),
            Rule::OutOfOrder => write!(out, "an event came after a later one"),
            Rule::OffWithoutOn(key) => write!(out, "the note-off of {key} has no note-on"),
            Rule::OnTwice(key) => write!(out, "{key} was struck while it was down"),
            Rule::NeverEnds(key) => write!(out, "the note of {key} never ends"),
            Rule::NoLength(key) => write!(out, "the note of {key} has no length"),
            Rule::TooLong(key) => write!(out, "the note of {key} sounded longer than any music"),
            Rule::NoMidi(key) => write!(out, "the note of {key} is no MIDI note"),
            Rule::WrongChannel { key, wanted } => {
                write!(out, "{key} is neither the player's nor on Segue's channel, which is {}", wanted + 1)
            }
            Rule::OffTheGrid { key, away } => write!(out, "{key} begins {away:.2} frames away from the nearest tick"),
            Rule::OverThePlayer { key, held } => write!(out, "{key} begins while the player holds {held}"),
            Rule::Unasked(key) => write!(out, "{key} begins, and nobody has played anything to answer"),
            Rule::DoesNotYield(key) => write!(out, "{key} sounds on although the player has come in"),
            Rule::OverABreak(key) => write!(out, "{key} sounds on although the song starts, stops or jumps"),
            Rule::OverAReset(key) => write!(out, "{key} sounds on after a reset"),
            Rule::OverARelease(key) => write!(out, "{key} was passed through and sounds on after its release"),
            Rule::NotPassed(key) => write!(out, "{key} was struck and not passed through"),
            Rule::CutShort(key) => write!(out, "{key} was passed through and ends while it is down"),
            Rule::GoesRound(key) => {
                write!(out, "{key} comes back by the routing loop and is passed through every time")
            }
            Rule::LeftAway { controller, channel } => {
                write!(out, "on channel {}, {controller:?} was passed through and is left away from rest", channel + 1)
            }
            Rule::TooMany { count, most } => write!(out, "{count} notes of Segue's sound at once, and {most} may"),
            Rule::OutOfBounds(key) => write!(out, "{key} lies outside the scale or the range that is set"),
            Rule::TooLongForTheSetting { key, beats } => write!(out, "{key} lasts {beats:.3} beats, which is too long"),
            Rule::InThePlayersBars(key) => write!(out, "{key} begins in the player's bars"),
            Rule::RingsOver(key) => write!(out, "{key} rings into the player's bars"),
            Rule::Panicked => write!(out, "the worker panicked"),
            Rule::Lost { counts } => write!(out, "although the host waited for the worker, there is {counts:?}"),
            Rule::TooLoud { peak } => write!(out, "a peak of {peak} within a second from there"),
            Rule::NoNumber => write!(out, "samples that are no numbers within a second from there"),
            Rule::SoundWhenOff { peak } => write!(out, "the sound is off, and there is a peak of {peak}"),
        }
    }
}
