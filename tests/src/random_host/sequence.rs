//! What a random host does, as plain data that can be played again, cut into other blocks, and made smaller.

use super::param_map::ParamMap;
use crate::blocks::Blocks;
use crate::timeline::{Frame, Timeline, TransportReport};
use std::fmt;

/// One session: an instance is opened, set up, and played to in one or more activations.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// The seed that it was generated from.
    pub seed: u64,
    /// Settings before the first activation: places on the [`ParamMap`] and values.
    pub settings: Vec<(usize, f64)>,
    /// The project's chord chart.
    pub chart: &'static str,
    /// In order; between them the instance is deactivated and activated again.
    pub activations: Vec<Activation>,
}

/// What happens from one activation to the next.
#[derive(Debug, Clone)]
pub struct Activation {
    /// The transport.
    pub timeline: Timeline,
    /// How much of the transport the host reports.
    pub report: TransportReport,
    /// Whether changes of the transport come as events in mid-block; otherwise a new block begins there.
    pub mid_block: bool,
    /// The host's block sizes.
    pub blocks: Blocks,
    /// Whether the plugin's output is routed back to its input, and how.
    pub loops_back: Option<Return>,
    /// Whether the host renders offline and says so.
    pub offline: bool,
    /// In order of time; on each frame, actions between blocks come first.
    pub actions: Vec<(Frame, Action)>,
    /// How long it lasts.
    pub length: Frame,
}

/// When the plugin's output comes in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// At the first frame of the next block.
    WithTheNextBlock,
    /// One whole block later.
    ABlockLater,
}

/// One thing that the host does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// A key goes down.
    NoteOn {
        /// 0 to 15.
        channel: u8,
        /// 0 to 127.
        key: u8,
        /// 0 to 1; 0 is a release.
        velocity: f64,
        /// The host's note id.
        id: Option<u32>,
    },
    /// Keys go up; `None` means any.
    NoteOff {
        /// 0 to 15.
        channel: Option<u8>,
        /// 0 to 127.
        key: Option<u8>,
        /// The host's note id.
        id: Option<u32>,
        /// Whether the host chokes the note instead of releasing it.
        choke: bool,
    },
    /// Sounding notes are bent or shaped individually.
    NoteExpression {
        /// 0 to 15.
        channel: Option<u8>,
        /// 0 to 127.
        key: Option<u8>,
        /// The host's note id.
        id: Option<u32>,
        /// CLAP's number of the expression, 0 to 6.
        kind: u8,
        /// 0 to 1.
        value: f64,
    },
    /// A raw MIDI message.
    Midi([u8; 3]),
    /// A parameter is set.
    SetParam {
        /// Its place in the plugin's order of parameters.
        place: usize,
        /// In the host's scale.
        value: f64,
    },
    /// The playhead was moved, or the panic button was pressed.
    Reset,
    /// The host stops calling for a moment.
    Pause,
    /// The project is saved.
    Save,
    /// The project is opened as it was last saved, if it was saved.
    Load,
    /// From now on the host accepts this many events per block.
    OutputRoom(u32),
}

impl Action {
    /// Whether a new block begins there.
    pub const fn is_between_blocks(&self) -> bool {
        matches!(self, Self::Reset | Self::Pause | Self::Save | Self::Load | Self::OutputRoom(_))
    }
}

impl Activation {
    /// Sorts the actions.
    pub fn sort(&mut self) {
        self.actions.sort_by_key(|(at, action)| (*at, !action.is_between_blocks()));
    }

    /// When an event that left at this frame comes in again, for blocks that began at these frames.
    pub fn comes_back(&self, left: Frame, blocks: &[Frame]) -> Option<Frame> {
        match self.loops_back? {
            Return::WithTheNextBlock => blocks.get(blocks.partition_point(|block| *block <= left)).copied(),
            Return::ABlockLater => Some(left + Frame::from(self.blocks.largest())),
        }
    }

    /// Whether the host accepts every event.
    pub fn accepts_everything(&self) -> bool {
        !self.actions.iter().any(|(_, action)| matches!(action, Action::OutputRoom(room) if *room < u32::MAX))
    }
}

impl Sequence {
    /// The same in other blocks.
    #[must_use]
    pub fn cut_otherwise(&self, seed: u64) -> Self {
        let mut other = self.clone();
        for (activation, seed) in other.activations.iter_mut().zip(seed..) {
            let largest = activation.blocks.largest();
            activation.blocks = match seed % 3 {
                0 => Blocks::Of((largest / 7).max(1)),
                1 => Blocks::Random { seed, largest },
                _ => Blocks::Mixed { seed, largest },
            };
        }
        other
    }

    /// The length of the music in seconds.
    pub fn seconds(&self) -> f64 {
        self.activations.iter().map(|activation| activation.length as f64 / activation.timeline.sample_rate()).sum()
    }

    /// A description from which a person can repeat the sequence by hand.
    pub fn describe<'a>(&'a self, param_map: &'a ParamMap) -> impl fmt::Display + 'a {
        Description { sequence: self, param_map }
    }
}

struct Description<'a> {
    sequence: &'a Sequence,
    param_map: &'a ParamMap,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            |place: usize| self.param_map.parameters().get(place).map_or("?", |parameter| parameter.name.as_str());
        let Sequence { seed, settings, chart, activations } = self.sequence;
        writeln!(out, "sequence {seed}, chart {chart:?}")?;
        for (place, value) in settings {
            writeln!(out, "  {} = {value}", name(*place))?;
        }
        for activation in activations {
            writeln!(
                out,
                "activation of {} frames at {} Hz, {:?}, {}, reports {:?}, transport {}{}",
                activation.length,
                activation.timeline.sample_rate(),
                activation.blocks,
                if activation.offline { "rendering" } else { "live" },
                activation.report,
                if activation.mid_block { "in mid-block" } else { "between blocks" },
                match activation.loops_back {
                    None => "",
                    Some(Return::WithTheNextBlock) => ", output routed to the start of the next block",
                    Some(Return::ABlockLater) => ", output routed to the input a whole block later",
                },
            )?;
            write!(out, "{}", activation.timeline)?;
            for (at, action) in &activation.actions {
                match action {
                    Action::SetParam { place, value } => writeln!(out, "  {at}: {} = {value}", name(*place))?,
                    other => writeln!(out, "  {at}: {other:?}")?,
                }
            }
        }
        Ok(())
    }
}
