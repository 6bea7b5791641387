//! A VST3 host at work: it plays the same scores as the CLAP host, and returns the same kind of performance.

use super::block::{Block, Cue, Event, Moment, Point};
use super::plugin::{Plugin, Setup};
use super::processor::{Audio, Processor};
use crate::blocks::Blocks;
use crate::performance::{Call, Performance};
use crate::score::Score;
use crate::timeline::{Frame, TransportReport};
use anyhow::{Context, Result, ensure};
use clack_host::prelude::ProcessStatus;
use std::time::Instant;

/// A host that renders.
#[derive(Debug, Clone, Copy)]
pub struct Vst3Session {
    /// The sizes of its blocks. A block also ends where the transport changes.
    pub blocks: Blocks,
    /// Whether it says that it renders a file.
    pub offline: bool,
    /// How much of its transport it reports.
    pub report: TransportReport,
    /// How many events fit into its list for what leaves a block.
    pub room: usize,
}

/// What an instance receives, in order of time; on one frame keys go up before others go down.
struct Cues {
    events: Vec<(Frame, Event)>,
    points: Vec<(Frame, u32, f64)>,
}

impl Vst3Session {
    /// A host that renders in these blocks.
    pub const fn render(blocks: Blocks) -> Self {
        Self { blocks, offline: true, report: TransportReport::Everything, room: usize::MAX }
    }

    /// Activates the instance, plays the whole score and deactivates it.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn play(self, plugin: &mut Plugin, score: &Score) -> Result<Performance> {
        ensure!(score.fields.is_empty(), "this host cannot load fields");
        let largest_block = self.blocks.largest();
        let setup = Setup { sample_rate: score.timeline.sample_rate(), largest_block, offline: self.offline };
        plugin.activate(setup)?;
        let performance = self.play_active(plugin, score);
        plugin.deactivate();
        performance
    }

    /// Plays the whole score to an active instance.
    ///
    /// # Errors
    /// When the plugin refuses a block.
    pub fn play_active(self, plugin: &Plugin, score: &Score) -> Result<Performance> {
        let cues = Cues::of(score, plugin)?;
        let mut processor = plugin.processor()?;
        let silence = vec![0.0; usize::try_from(score.length)?];
        let mut performance = Performance { audio: [silence.clone(), silence], ..Performance::default() };
        let mut sizes = self.blocks.sizes();
        let mut at: Frame = 0;
        while at < score.length {
            let wanted = at + Frame::from(sizes.next().context("blocks have no end")?);
            let end = score.timeline.next_change(at).unwrap_or(score.length).min(wanted).min(score.length);
            self.play_block(&mut processor, score, (at, end), &cues, &mut performance)?;
            at = end;
        }
        Ok(performance)
    }

    fn play_block(
        self,
        processor: &mut Processor,
        score: &Score,
        (at, end): (Frame, Frame),
        cues: &Cues,
        performance: &mut Performance,
    ) -> Result<()> {
        let range = usize::try_from(at)?..usize::try_from(end)?;
        let [left, right] = &mut performance.audio;
        let audio = Audio::Stereo([&mut left[range.clone()], &mut right[range]]);
        let (heard, set) = cues.between(at, end);
        let frames = u32::try_from(end - at)?;
        let moment = self.report.apply(score.timeline.event(at)).map(|event| Moment::of(&event));
        let block = Block { moment, room: self.room, ..Block::of(at, frames).hear(&heard).set(&set) };
        let begun = Instant::now();
        let played = processor.process(block, audio)?;
        let took = begun.elapsed();
        ensure!(played.ok, "the plugin refused the block at frame {at}");
        performance.events.extend(played.sent.into_iter().map(|sent| sent.answered(at)));
        performance.calls.push(Call { at, frames, took, status: ProcessStatus::Continue });
        Ok(())
    }
}

impl Cues {
    fn of(score: &Score, plugin: &Plugin) -> Result<Self> {
        let mut points = Vec::new();
        for knob in &score.automation {
            let parameter = plugin.parameter(&knob.parameter)?;
            let value = plugin.value_of_text(parameter.id, &knob.text);
            points.push((knob.at, parameter.id, value.with_context(|| format!("it cannot read {:?}", knob.text))?));
        }
        for (at, [status, number, value]) in &score.messages {
            let (kind, channel) = (status & 0xF0, i16::from(status & 0x0F));
            ensure!(kind == 0xB0, "only controllers can be sent here");
            let parameter = plugin.midi_parameter(channel, (*number).into()).context("it has no such controller")?;
            points.push((*at, parameter, f64::from(*value) / 127.0));
        }
        points.sort_by_key(|(at, ..)| *at);
        let mut events = Vec::new();
        for (index, stroke) in score.strokes.iter().enumerate() {
            let (id, channel, key) = (i32::try_from(index)?, stroke.channel.into(), i16::from(stroke.pitch.key()));
            let velocity = f32::from(stroke.velocity.value()) / 127.0;
            events.push((stroke.down, Event::On { id, channel, key, velocity }));
            events.push((stroke.up, Event::Off { id, channel, key }));
        }
        events.sort_by_key(|(at, event)| (*at, matches!(event, Event::On { .. })));
        Ok(Self { events, points })
    }

    /// What lies from `at` to before `end`.
    fn between(&self, at: Frame, end: Frame) -> (Vec<Cue>, Vec<Point>) {
        let offset = |frame: Frame| i32::try_from(frame - at).unwrap_or(i32::MAX);
        let within = |frame: Frame| (at..end).contains(&frame);
        let cue = |(frame, event): &(Frame, Event)| Cue { offset: offset(*frame), event: *event };
        let cues = self.events.iter().filter(|(frame, _)| within(*frame)).map(cue).collect();
        let point =
            |(frame, id, value): &(Frame, u32, f64)| Point { parameter: *id, offset: offset(*frame), value: *value };
        let points = self.points.iter().filter(|(frame, ..)| within(*frame)).map(point).collect();
        (cues, points)
    }
}
