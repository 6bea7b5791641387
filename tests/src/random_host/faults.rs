//! Faults put into a sound recording on purpose, so that the rules are seen to find them.

use super::board::{Board, Knob};
use super::play::{Recording, Take};
use super::rules::Rule;
use super::sequence::{Act, Deed, Sequence};
use crate::dice::Dice;
use crate::performance::{Answered, Sent};
use crate::timeline::Frame;

/// What can go wrong, as it goes wrong in plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A note-off is dropped.
    LostNoteOff,
    /// A note-on is sent at the start of its block instead of on its frame.
    BlockEdge,
    /// A note that was planned is played although the player has come in.
    StalePlan,
}

/// All of them.
pub const FAULTS: [Fault; 3] = [Fault::LostNoteOff, Fault::BlockEdge, Fault::StalePlan];

impl Fault {
    /// Whether a broken rule is what this fault is known by.
    pub const fn is_known_by(self, rule: &Rule) -> bool {
        match self {
            Self::LostNoteOff => matches!(rule, Rule::NeverEnds(_) | Rule::OnTwice(_)),
            Self::BlockEdge => matches!(rule, Rule::OffTheGrid { .. }),
            Self::StalePlan => matches!(rule, Rule::OverThePlayer { .. }),
        }
    }

    /// The recording with this fault at one place of those where it could have happened; `None` when there is none.
    pub fn plant(
        self,
        sequence: &Sequence,
        recording: &Recording,
        board: &Board,
        dice: &mut Dice,
    ) -> Option<Recording> {
        let mut planted = recording.clone();
        let acts = sequence.acts.iter().zip(&mut planted.takes);
        let mut places: Vec<(&Act, &mut Take, Place)> = Vec::new();
        for (act, take) in acts {
            let found = match self {
                Self::LostNoteOff => note_offs(take),
                Self::BlockEdge => note_ons_within_blocks(take),
                Self::StalePlan => interruptions(act, take),
            };
            if let Some(place) = (!found.is_empty()).then(|| *dice.pick(&found)) {
                places.push((act, take, place));
            }
        }
        let chosen = usize::try_from(dice.below(places.len() as u64)).unwrap_or(0);
        let (act, take, place) = places.into_iter().nth(chosen)?;
        match place {
            Place::Drop(index) => {
                take.events.remove(index);
            }
            Place::Move(index, to) => {
                let event = take.events.remove(index);
                let at = take.events.partition_point(|other| other.at < to);
                take.events.insert(at, Answered { at: to, ..event });
            }
            Place::Add(from) => {
                let rate = act.timeline.sample_rate();
                add_note(take, channel(sequence, board), from, from + seconds(0.05, rate), act.length);
            }
        }
        Some(planted)
    }
}

/// Where a fault can be planted.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// This event is left out.
    Drop(usize),
    /// This event comes at another frame.
    Move(usize, Frame),
    /// A note comes on top.
    Add(Frame),
}

fn note_offs(take: &Take) -> Vec<Place> {
    let is_off = |(_, event): &(usize, &Answered)| matches!(event.sent, Sent::Off { .. });
    take.events.iter().enumerate().filter(is_off).map(|(index, _)| Place::Drop(index)).collect()
}

fn note_ons_within_blocks(take: &Take) -> Vec<Place> {
    let block_of = |at| take.blocks[take.blocks.partition_point(|block| *block <= at).saturating_sub(1)];
    let ons = take.events.iter().enumerate().filter(|(_, event)| matches!(event.sent, Sent::On { .. }));
    let moves = ons.map(|(index, event)| (index, event.at, block_of(event.at)));
    moves.filter(|(_, at, block)| block < at).map(|(index, _, block)| Place::Move(index, block)).collect()
}

/// A little after the player has struck a key, where something was played within the seconds before.
fn interruptions(act: &Act, take: &Take) -> Vec<Place> {
    let rate = act.timeline.sample_rate();
    let (recently, soon) = (seconds(1.0, rate), seconds(0.01, rate));
    let strokes = act.deeds.iter().filter(|(_, deed)| matches!(deed, Deed::Down { velocity, .. } if *velocity > 0.0));
    let played_before = |at: Frame| {
        let from = take.events.partition_point(|event| event.at < at.saturating_sub(recently));
        take.events.get(from).is_some_and(|event| event.at < at)
    };
    strokes.filter(|(at, _)| played_before(*at)).map(|(at, _)| Place::Add(at + soon)).collect()
}

fn channel(sequence: &Sequence, board: &Board) -> u16 {
    let place = board.place(Knob::OutputChannel);
    let set = sequence.settings.iter().find(|(of, _)| *of == place).map_or(0.0, |(_, value)| *value);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 15")]
    let channel = set as u16;
    channel
}

/// On a key that nobody plays, so that nothing else is broken.
fn add_note(take: &mut Take, channel: u16, on: Frame, off: Frame, length: Frame) {
    const KEY: u16 = 1;
    let off = off.min(length - 1);
    for (at, sent) in [(on, Sent::On { channel, key: KEY, velocity: 0.5 }), (off, Sent::Off { channel, key: KEY })] {
        let index = take.events.partition_point(|event| event.at <= at);
        take.events.insert(index, Answered { at, sent });
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand frames")]
fn seconds(seconds: f64, rate: f64) -> Frame {
    (seconds * rate) as Frame
}
