//! What a random host does: plain data, which can be played again, cut otherwise and made smaller.

use super::board::Board;
use crate::blocks::Blocks;
use crate::timeline::{Frame, Telling, Timeline};
use std::fmt;

/// One session: an instance is opened, set, and played at in one or more acts.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// It was made of this seed.
    pub seed: u64,
    /// What is set before the first act: places on the [`Board`] and values.
    pub settings: Vec<(usize, f64)>,
    /// The chord chart in the project.
    pub chart: &'static str,
    /// In order; between them the instance is deactivated and activated.
    pub acts: Vec<Act>,
}

/// From one activation to the next.
#[derive(Debug, Clone)]
pub struct Act {
    /// The transport.
    pub timeline: Timeline,
    /// What the plugin is told of it.
    pub telling: Telling,
    /// Changes of the transport come as events in mid-block; else a new block begins there.
    pub mid_block: bool,
    /// The blocks into which the host cuts time.
    pub blocks: Blocks,
    /// What the plugin plays is routed back to its input.
    pub loops_back: Option<Return>,
    /// The host renders, and says so.
    pub offline: bool,
    /// In order of time; at one frame, what happens between blocks comes first.
    pub deeds: Vec<(Frame, Deed)>,
    /// How long it lasts.
    pub length: Frame,
}

/// When what the plugin has played comes in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// At the first frame of the next block.
    WithTheNextBlock,
    /// After the time of a whole block.
    ABlockLater,
}

/// One thing that the host does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Deed {
    /// A key goes down.
    Down {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
        /// 0 to 1; at 0 it is a release.
        velocity: f64,
        /// The host's name for the note.
        id: Option<u32>,
    },
    /// Keys go up; `None` is any.
    Up {
        /// 0 to 15.
        channel: Option<u8>,
        /// 0 to 127.
        key: Option<u8>,
        /// The host's name for the note.
        id: Option<u32>,
        /// The host cuts the note off instead of releasing it.
        choke: bool,
    },
    /// Sounding notes are bent one by one, or coloured.
    Shape {
        /// 0 to 15.
        channel: Option<u8>,
        /// 0 to 127.
        key: Option<u8>,
        /// The host's name for the note.
        id: Option<u32>,
        /// CLAP's number of what is shaped, 0 to 6.
        kind: u8,
        /// 0 to 1.
        value: f64,
    },
    /// A raw MIDI message.
    Midi([u8; 3]),
    /// A parameter is set.
    Turn {
        /// Its place on the board.
        place: usize,
        /// In the host's scale.
        value: f64,
    },
    /// The play head was moved, or panic was pressed.
    Reset,
    /// The host stops calling for a moment.
    Pause,
    /// The project is saved.
    Save,
    /// The project is opened as it was last saved, if it was.
    Load,
    /// From now on the host takes so many events a block.
    Room(u32),
}

impl Deed {
    /// Whether a new block begins there.
    pub const fn is_between_blocks(&self) -> bool {
        matches!(self, Self::Reset | Self::Pause | Self::Save | Self::Load | Self::Room(_))
    }
}

impl Act {
    /// Puts the deeds into their order.
    pub fn sort(&mut self) {
        self.deeds.sort_by_key(|(at, deed)| (*at, !deed.is_between_blocks()));
    }

    /// When what left at a frame comes in again, where blocks began at these frames.
    pub fn comes_back(&self, left: Frame, blocks: &[Frame]) -> Option<Frame> {
        match self.loops_back? {
            Return::WithTheNextBlock => blocks.get(blocks.partition_point(|block| *block <= left)).copied(),
            Return::ABlockLater => Some(left + Frame::from(self.blocks.largest())),
        }
    }

    /// Whether the host takes everything that it is given.
    pub fn is_all_ears(&self) -> bool {
        !self.deeds.iter().any(|(_, deed)| matches!(deed, Deed::Room(room) if *room < u32::MAX))
    }
}

impl Sequence {
    /// The same in other blocks.
    #[must_use]
    pub fn cut_otherwise(&self, seed: u64) -> Self {
        let mut other = self.clone();
        for (act, seed) in other.acts.iter_mut().zip(seed..) {
            let largest = act.blocks.largest();
            act.blocks = match seed % 3 {
                0 => Blocks::Of((largest / 7).max(1)),
                1 => Blocks::Random { seed, largest },
                _ => Blocks::Moody { seed, largest },
            };
        }
        other
    }

    /// How long the music is.
    pub fn seconds(&self) -> f64 {
        self.acts.iter().map(|act| act.length as f64 / act.timeline.sample_rate()).sum()
    }

    /// Told so that a person can play it again by hand.
    pub fn tell<'a>(&'a self, board: &'a Board) -> impl fmt::Display + 'a {
        Told { sequence: self, board }
    }
}

struct Told<'a> {
    sequence: &'a Sequence,
    board: &'a Board,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |place: usize| self.board.parameters().get(place).map_or("?", |parameter| parameter.name.as_str());
        let Sequence { seed, settings, chart, acts } = self.sequence;
        writeln!(out, "sequence {seed}, chart {chart:?}")?;
        for (place, value) in settings {
            writeln!(out, "  {} = {value}", name(*place))?;
        }
        for act in acts {
            writeln!(
                out,
                "act of {} frames at {} Hz, {:?}, {}, tells {:?}, transport {}{}",
                act.length,
                act.timeline.sample_rate(),
                act.blocks,
                if act.offline { "rendering" } else { "live" },
                act.telling,
                if act.mid_block { "in mid-block" } else { "between blocks" },
                match act.loops_back {
                    None => "",
                    Some(Return::WithTheNextBlock) => ", output routed to the start of the next block",
                    Some(Return::ABlockLater) => ", output routed to the input a whole block later",
                },
            )?;
            write!(out, "{}", act.timeline)?;
            for (at, deed) in &act.deeds {
                match deed {
                    Deed::Turn { place, value } => writeln!(out, "  {at}: {} = {value}", name(*place))?,
                    other => writeln!(out, "  {at}: {other:?}")?,
                }
            }
        }
        Ok(())
    }
}
