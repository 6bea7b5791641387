//! An audio thread that plays while the host's main thread does something else.

use super::block::{Block, Moment, Out, Point, Sent};
use super::plugin::Plugin;
use super::processor::{Audio, Processor};
use anyhow::{Context, Result, bail, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What the audio thread has recorded.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    /// Blocks that were played.
    pub blocks: u64,
    /// Notes that have left.
    pub notes: usize,
    /// Values that the plugin has changed by itself.
    pub points: Vec<Point>,
}

/// An audio thread that plays blocks to an instance while the transport runs, with every parameter automated in each.
pub struct Jam {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Noted>>,
}

/// How an audio thread plays.
#[derive(Debug, Clone)]
pub struct Playing {
    /// Frames of a block.
    pub block: u32,
    /// Frames a second.
    pub sample_rate: f64,
    /// The parameters that change in every block.
    pub automated: Vec<u32>,
}

impl Jam {
    /// Begins to play to an active instance.
    ///
    /// # Errors
    /// When the instance is not active.
    pub fn begin(plugin: &Plugin, playing: Playing) -> Result<Self> {
        let processor = plugin.processor()?;
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("host audio".into());
        let thread = thread.spawn(move || play(processor, &playing, &flag))?;
        Ok(Self { stop, thread })
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the plugin refused a block.
    pub fn end(self) -> Result<Noted> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().ok().context("the audio thread panicked")?
    }
}

fn play(mut processor: Processor, playing: &Playing, stop: &AtomicBool) -> Result<Noted> {
    /// Gives each block values that differ from those of its neighbours, over the whole range.
    const STEP: f64 = 0.618_034;
    let length = usize::try_from(playing.block)?;
    let (mut left, mut right) = (vec![0.0; length], vec![0.0; length]);
    let mut noted = Noted::default();
    let seconds = f64::from(playing.block) / playing.sample_rate;
    let mut phase = 0.0_f64;
    while !stop.load(Ordering::Acquire) {
        let at = noted.blocks * u64::from(playing.block);
        #[expect(clippy::cast_precision_loss, reason = "a jam is shorter than 2^52 frames")]
        let beats = at as f64 / playing.sample_rate * 2.0;
        phase = (phase + STEP).fract();
        let set: Vec<Point> = (0_i32..)
            .zip(&playing.automated)
            .map(|(index, parameter)| {
                let offset = index % i32::try_from(playing.block).unwrap_or(1);
                Point { parameter: *parameter, offset, value: (phase + f64::from(index) * STEP).fract() }
            })
            .collect();
        let moment = Moment { playing: true, tempo_bpm: Some(120.0), beats: Some(beats), ..Moment::default() };
        let block = Block::of(at, playing.block).set(&set).during(Moment { metre: Some((4, 4)), ..moment });
        let played = processor.process(block, Audio::Stereo([&mut left, &mut right]))?;
        ensure!(played.ok, "the plugin refused a block");
        for Sent { out, .. } in played.sent {
            match out {
                Out::On { .. } => noted.notes += 1,
                Out::Off { .. } => {}
                Out::Other(kind) => bail!("an event of kind {kind} has left the plugin"),
            }
        }
        noted.points.extend(played.points);
        noted.blocks += 1;
        std::thread::sleep(Duration::from_secs_f64(seconds));
    }
    Ok(noted)
}
