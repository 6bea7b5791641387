//! The engine against a fake host and a fake model. Fixtures: `fake_host`, `fake_worker`.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "made-up frames and draws below a million"
)]

mod answers;
mod capture;
mod chord_window;
mod chords;
mod comping;
mod detached;
mod duets;
mod fake_host;
mod fake_worker;
mod loops;
mod memory;
mod midi;
mod modes;
mod nudges;
mod parts;
mod random_hosts;
mod stage;
mod styles;
mod swing;
mod time;
mod trades;

pub(crate) use fake_host::settings;

use fake_host::*;
use fake_worker::*;

use crate::Performer;

use crate::host::{
    Block, ChannelMessage, FrameOffset, Harmony, HostEvent, HostEvents, HostIo, Key, KeyPattern, Message, Mode,
    NoteSource, Sent, Settings, StartGrid, StyleNumber, SynthEvent, TempoFrom, Trade, Transport, Yield,
};
use crate::link::{AudioEnd, Command, Reply, SharedChart, WorkerEnd, WorkerPort, link};
use crate::output::thru::{ALL_NOTES_OFF, ALL_SOUND_OFF, RESET_CONTROLLERS, SUSTAIN};
use crate::recorder::{EventLog, RecordedIo, Recorder};
use crate::stats::Stats;
use crate::time::tick_map::FramePosition;
use crate::worker::{Improvise, WorkerState};
use segue_model::chart::Chart;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::improviser::{Begin, DecisionRequest, HeardKey};
use segue_model::note::{Metre, Note, Pitch, Ticks, Velocity};
use std::sync::Arc;

const RATE: f64 = 48_000.0;
/// A quarter note at 120 bpm.
const BEAT: i64 = 24_000;
