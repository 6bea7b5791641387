//! Faults put into a good recording on purpose, to see that the rules find them.

use super::param_map::{Param, ParamMap};
use super::play::{Recording, Take};
use super::rules::Rule;
use super::sequence::{Action, Activation, Sequence};
use crate::performance::{Sent, TimedEvent};
use crate::rng::Rng;
use crate::timeline::Frame;

/// Faults that plugins typically have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A note-off is dropped.
    LostNoteOff,
    /// A note-on is sent at the start of its block instead of on its frame.
    BlockEdge,
    /// A planned note is played although the player has come in.
    StalePlan,
}

/// All faults.
pub const FAULTS: [Fault; 3] = [Fault::LostNoteOff, Fault::BlockEdge, Fault::StalePlan];

impl Fault {
    /// Whether a broken rule reveals this fault.
    pub const fn is_known_by(self, rule: &Rule) -> bool {
        match self {
            Self::LostNoteOff => matches!(rule, Rule::NeverEnds(_) | Rule::OnTwice(_)),
            Self::BlockEdge => matches!(rule, Rule::OffTheGrid { .. }),
            Self::StalePlan => matches!(rule, Rule::OverThePlayer { .. }),
        }
    }

    /// The recording with this fault at one of the places where it could happen; `None` if there is no such place.
    pub fn plant(
        self,
        sequence: &Sequence,
        recording: &Recording,
        param_map: &ParamMap,
        rng: &mut Rng,
    ) -> Option<Recording> {
        let mut planted = recording.clone();
        let activations = sequence.activations.iter().zip(&mut planted.takes);
        let mut places: Vec<(&Activation, &mut Take, Site)> = Vec::new();
        for (activation, take) in activations {
            let found = match self {
                Self::LostNoteOff => note_offs(take),
                Self::BlockEdge => note_ons_within_blocks(take),
                Self::StalePlan => interruptions(activation, take),
            };
            if let Some(place) = (!found.is_empty()).then(|| *rng.pick(&found)) {
                places.push((activation, take, place));
            }
        }
        let chosen = usize::try_from(rng.below(places.len() as u64)).unwrap_or(0);
        let (activation, take, place) = places.into_iter().nth(chosen)?;
        match place {
            Site::Drop(index) => {
                take.events.remove(index);
            }
            Site::Move(index, to) => {
                let event = take.events.remove(index);
                let at = take.events.partition_point(|other| other.at < to);
                take.events.insert(at, TimedEvent { at: to, ..event });
            }
            Site::Add(from) => {
                let rate = activation.timeline.sample_rate();
                add_note(take, channel(sequence, param_map), from, from + seconds(0.05, rate), activation.length);
            }
        }
        Some(planted)
    }
}

/// Where a fault can be planted.
#[derive(Debug, Clone, Copy)]
enum Site {
    /// Leave out this event.
    Drop(usize),
    /// Move this event to another frame.
    Move(usize, Frame),
    /// Add a note.
    Add(Frame),
}

fn note_offs(take: &Take) -> Vec<Site> {
    let is_off = |(_, event): &(usize, &TimedEvent)| matches!(event.sent, Sent::Off { .. });
    take.events.iter().enumerate().filter(is_off).map(|(index, _)| Site::Drop(index)).collect()
}

fn note_ons_within_blocks(take: &Take) -> Vec<Site> {
    let block_of = |at| take.blocks[take.blocks.partition_point(|block| *block <= at).saturating_sub(1)];
    let ons = take.events.iter().enumerate().filter(|(_, event)| matches!(event.sent, Sent::On { .. }));
    let moves = ons.map(|(index, event)| (index, event.at, block_of(event.at)));
    moves.filter(|(_, at, block)| block < at).map(|(index, _, block)| Site::Move(index, block)).collect()
}

/// Moments shortly after the player has struck a key, if something was played within the seconds before.
fn interruptions(activation: &Activation, take: &Take) -> Vec<Site> {
    let rate = activation.timeline.sample_rate();
    let (recently, soon) = (seconds(1.0, rate), seconds(0.01, rate));
    let strokes = activation
        .actions
        .iter()
        .filter(|(_, action)| matches!(action, Action::NoteOn { velocity, .. } if *velocity > 0.0));
    let played_before = |at: Frame| {
        let from = take.events.partition_point(|event| event.at < at.saturating_sub(recently));
        take.events.get(from).is_some_and(|event| event.at < at)
    };
    strokes.filter(|(at, _)| played_before(*at)).map(|(at, _)| Site::Add(at + soon)).collect()
}

fn channel(sequence: &Sequence, param_map: &ParamMap) -> u16 {
    let place = param_map.place(Param::OutputChannel);
    let set = sequence.settings.iter().find(|(of, _)| *of == place).map_or(0.0, |(_, value)| *value);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 15")]
    let channel = set as u16;
    channel
}

/// Adds a note on a key that nobody plays, so that no other rule is broken.
fn add_note(take: &mut Take, channel: u16, on: Frame, off: Frame, length: Frame) {
    const KEY: u16 = 1;
    let off = off.min(length - 1);
    for (at, sent) in [(on, Sent::On { channel, key: KEY, velocity: 0.5 }), (off, Sent::Off { channel, key: KEY })] {
        let index = take.events.partition_point(|event| event.at <= at);
        take.events.insert(index, TimedEvent { at, sent });
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand frames")]
fn seconds(seconds: f64, rate: f64) -> Frame {
    (seconds * rate) as Frame
}
