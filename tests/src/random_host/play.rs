//! Plays a sequence to the built plugin and records what comes back.

use super::param_map::ParamMap;
use super::sequence::{Action, Activation, Sequence};
use crate::bundle::Bundle;
use crate::instance::Instance;
use crate::performance::{Sent, TimedEvent};
use crate::session::read;
use crate::stats::Stats;
use crate::timeline::Frame;
use anyhow::{Context, Result};
use clack_host::events::event_types::{
    MidiEvent, NoteChokeEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent, NoteOnEvent, ParamValueEvent,
    TransportEvent,
};
use clack_host::events::io::{OutputEventBuffer, TryPushError};
use clack_host::events::{Match, UnknownEvent};
use clack_host::prelude::*;
use clack_host::utils::ClapId;

/// What the plugin returned for a sequence.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// One take for each activation.
    pub takes: Vec<Take>,
}

/// What the plugin returned for an activation.
#[derive(Debug, Clone, Default)]
pub struct Take {
    /// In the order in which the plugin sent them.
    pub events: Vec<TimedEvent>,
    /// The frames at which blocks began.
    pub blocks: Vec<Frame>,
    /// Events that the plugin placed outside their block: the block's first frame, and the offset.
    pub outside: Vec<(Frame, u32)>,
    /// The sound, second by second.
    pub sound: Vec<Second>,
    /// The instance's counters at its end, if the bundle was asked for them.
    pub stats: Option<Stats>,
}

/// The sound of one second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Second {
    /// The greatest amplitude of both channels; 1 is full scale.
    pub peak: f32,
    /// Samples that are not numbers.
    pub broken: usize,
    /// A hash that changes if a single bit of a single sample does.
    pub print: u64,
}

impl Recording {
    /// The number of notes that began.
    pub fn count_notes(&self) -> usize {
        self.takes.iter().map(Take::count_notes).sum()
    }
}

impl Take {
    /// The number of notes that began.
    pub fn count_notes(&self) -> usize {
        self.events.iter().filter(|event| matches!(event.sent, Sent::On { .. })).count()
    }
}

/// Plays the sequence to a new instance.
///
/// # Errors
/// If the plugin refuses what every host may ask for, or reports an error.
pub fn play(sequence: &Sequence, bundle: &Bundle, param_map: &ParamMap) -> Result<Recording> {
    let mut instance = bundle.open()?;
    if !sequence.chart.is_empty() {
        instance.load_field("chart", sequence.chart)?;
    }
    for (place, value) in &sequence.settings {
        instance.set_raw(param_map.parameters()[*place].id, *value)?;
    }
    let mut saved = None;
    let mut recording = Recording::default();
    for activation in &sequence.activations {
        instance.set_offline(activation.offline)?;
        instance.activate(activation.timeline.sample_rate(), activation.blocks.largest())?;
        let mut take = play_act(activation, &mut instance, param_map, &mut saved)?;
        instance.deactivate();
        take.stats = Stats::read()?;
        recording.takes.push(take);
    }
    Ok(recording)
}

/// Plays one activation to an active instance. A saved state is left in `saved`.
///
/// # Errors
/// If the plugin reports an error.
pub fn play_act(
    activation: &Activation,
    instance: &mut Instance,
    param_map: &ParamMap,
    saved: &mut Option<Vec<u8>>,
) -> Result<Take> {
    Playback { instance, param_map, activation, saved, output: OutputBuffer::default(), began: 0 }.play()
}

/// A host's buffer for the plugin's events, with limited room.
#[derive(Default)]
struct OutputBuffer {
    events: Vec<(u32, TimedEvent)>,
    room: usize,
}

impl OutputEventBuffer for OutputBuffer {
    fn try_push(&mut self, event: &UnknownEvent) -> Result<(), TryPushError> {
        if self.room == 0 {
            return Err(TryPushError::new());
        }
        self.room -= 1;
        let offset = event.header().time();
        if let Some(sent) = read(event) {
            self.events.push((offset, TimedEvent { at: 0, sent }));
        }
        Ok(())
    }
}

struct Playback<'a> {
    instance: &'a mut Instance,
    param_map: &'a ParamMap,
    activation: &'a Activation,
    saved: &'a mut Option<Vec<u8>>,
    output: OutputBuffer,
    /// The frame at which the rendering last began.
    began: Frame,
}

impl Playback<'_> {
    fn play(&mut self) -> Result<Take> {
        let activation = self.activation;
        let mut take = Take::default();
        let mut sizes = activation.blocks.sizes();
        let mut actions = activation.actions.as_slice();
        let mut room = usize::MAX;
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let mut heard = EventBuffer::new();
        let mut at: Frame = 0;
        while at < activation.length {
            while let [(when, action), rest @ ..] = actions
                && *when <= at
                && action.is_between_blocks()
            {
                self.between_blocks(at, *action, &mut room)?;
                actions = rest;
            }
            let end = self.end_of_block(at, sizes.next().context("blocks have no end")?, actions);
            let count = actions.partition_point(|(when, _)| *when < end);
            heard.clear();
            take.blocks.push(at);
            self.hear_oneself(&mut heard, &take, (at, end));
            self.hear(&mut heard, (at, end), &actions[..count]);
            // On each frame, events that come back are put in first, so they come first.
            heard.sort();
            actions = &actions[count..];
            let frames = usize::try_from(end - at)?;
            // The plugin must write every sample, so what was in the buffer must not matter.
            left.clear();
            left.resize(frames, f32::NAN);
            right.clear();
            right.resize(frames, f32::NAN);
            self.output.room = room;
            let told = activation.report.apply(activation.timeline.event(at));
            self.instance.audio()?.process(at, told.as_ref(), &heard, [&mut left, &mut right], &mut self.output)?;
            self.instance.serve();
            self.write_down(&mut take, (at, end), [&left, &right]);
            at = end;
        }
        Ok(take)
    }

    fn end_of_block(&self, at: Frame, size: u32, actions: &[(Frame, Action)]) -> Frame {
        let activation = self.activation;
        let interlude = actions.iter().find(|(_, action)| action.is_between_blocks()).map(|(when, _)| *when);
        let change = activation.timeline.next_change(at).filter(|_| !activation.mid_block);
        let bounds = [interlude, change, Some(at + Frame::from(size)), Some(activation.length)];
        bounds.into_iter().flatten().filter(|bound| *bound > at).min().unwrap_or(activation.length)
    }

    fn between_blocks(&mut self, at: Frame, action: Action, room: &mut usize) -> Result<()> {
        if matches!(action, Action::Reset | Action::Pause) && self.renders()? {
            self.began = at;
        }
        match action {
            Action::Reset => self.instance.reset(),
            Action::Pause => self.instance.pause()?,
            Action::Save => *self.saved = Some(self.instance.save()?),
            Action::Load => {
                if let Some(saved) = &self.saved {
                    self.instance.load(saved)?;
                }
            }
            Action::OutputRoom(events) => {
                *room = if events == u32::MAX { usize::MAX } else { usize::try_from(events)? }
            }
            Action::NoteOn { .. }
            | Action::NoteOff { .. }
            | Action::NoteExpression { .. }
            | Action::Midi(_)
            | Action::SetParam { .. } => {}
        }
        Ok(())
    }

    /// Whether the plugin is rendering, because the host or the musician says so.
    fn renders(&mut self) -> Result<bool> {
        Ok(self.activation.offline || self.instance.text("Render")? == "Offline")
    }

    /// With a routing loop, adds the plugin's own notes that come back in this block. A rendering that starts again
    /// hears nothing from the one before.
    fn hear_oneself(&self, heard: &mut EventBuffer, take: &Take, (at, end): (Frame, Frame)) {
        let recently = at.saturating_sub(Frame::from(self.activation.blocks.largest()));
        let first = take.events.partition_point(|event| event.at < recently.max(self.began));
        for event in &take.events[first..] {
            let back = self.activation.comes_back(event.at, &take.blocks).filter(|back| (at..end).contains(back));
            let Some(offset) = back.map(|back| offset(at, back)) else { continue };
            match event.sent {
                Sent::On { channel, key, velocity } => {
                    heard.push(&NoteOnEvent::new(offset, Pckn::new(0u16, channel, key, Match::All), velocity));
                }
                Sent::Off { channel, key } => {
                    heard.push(&NoteOffEvent::new(offset, Pckn::new(0u16, channel, key, Match::All), 0.5));
                }
                Sent::Midi(message) => heard.push(&MidiEvent::new(offset, 0, message)),
            }
        }
    }

    /// What the plugin receives during a block, in order; on each frame the transport comes first.
    fn hear(&self, heard: &mut EventBuffer, (at, end): (Frame, Frame), mut actions: &[(Frame, Action)]) {
        let mut changes = self
            .activation
            .mid_block
            .then(|| self.activation.timeline.changes_between(at + 1, end))
            .into_iter()
            .flatten();
        let mut change = changes.next();
        loop {
            match (change, actions) {
                (Some(when), [(first, _), ..]) if when <= *first => {
                    self.send_transport(heard, at, when);
                    change = changes.next();
                }
                (_, [(when, action), rest @ ..]) => {
                    self.send_action(heard, offset(at, *when), *action);
                    actions = rest;
                }
                (Some(when), []) => {
                    self.send_transport(heard, at, when);
                    change = changes.next();
                }
                (None, []) => return,
            }
        }
    }

    fn send_transport(&self, heard: &mut EventBuffer, at: Frame, when: Frame) {
        if let Some(mut event) = self.activation.report.apply(self.activation.timeline.event(when)) {
            event.header = event.header.with_time(offset(at, when));
            heard.push::<TransportEvent>(&event);
        }
    }

    fn send_action(&self, heard: &mut EventBuffer, offset: u32, action: Action) {
        let number = |number: Option<u8>| number.map_or(Match::All, |number| Match::Specific(u16::from(number)));
        let name = |id: Option<u32>| id.map_or(Match::All, Match::Specific);
        match action {
            Action::NoteOn { channel, key, velocity, id } => {
                let key = Pckn::new(0u16, u16::from(channel), u16::from(key), name(id));
                heard.push(&NoteOnEvent::new(offset, key, velocity));
            }
            Action::NoteOff { channel, key, id, choke } => {
                let keys = Pckn::new(0u16, number(channel), number(key), name(id));
                if choke {
                    heard.push(&NoteChokeEvent::new(offset, keys));
                } else {
                    heard.push(&NoteOffEvent::new(offset, keys, 0.5));
                }
            }
            Action::NoteExpression { channel, key, id, kind, value } => {
                let keys = Pckn::new(0u16, number(channel), number(key), name(id));
                if let Some(kind) = NoteExpressionType::from_raw(kind.into()) {
                    heard.push(&NoteExpressionEvent::new(offset, keys, kind, value));
                }
            }
            Action::Midi(message) => heard.push(&MidiEvent::new(offset, 0, message)),
            Action::SetParam { place, value } => {
                if let Some(id) = ClapId::from_raw(self.param_map.parameters()[place].id) {
                    heard.push(&ParamValueEvent::new(offset, id, Pckn::match_all(), value));
                }
            }
            Action::Reset | Action::Pause | Action::Save | Action::Load | Action::OutputRoom(_) => {}
        }
    }

    fn write_down(&mut self, take: &mut Take, (at, end): (Frame, Frame), audio: [&[f32]; 2]) {
        for (offset, event) in self.output.events.drain(..) {
            let when = at + Frame::from(offset);
            if when >= end {
                take.outside.push((at, offset));
            }
            take.events.push(TimedEvent { at: when, ..event });
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample rate")]
        let rate = self.activation.timeline.sample_rate() as Frame;
        for (frame, (left, right)) in (at..).zip(audio[0].iter().zip(audio[1])) {
            let index = usize::try_from(frame / rate).unwrap_or(usize::MAX);
            if take.sound.len() <= index {
                take.sound.push(Second::default());
            }
            let Some(second) = take.sound.last_mut() else { continue };
            second.add(*left);
            second.add(*right);
        }
    }
}

impl Second {
    fn add(&mut self, sample: f32) {
        self.broken += usize::from(!sample.is_finite());
        self.peak = self.peak.max(sample.abs());
        // The FNV constant; any odd number would do.
        self.print = (self.print ^ u64::from(sample.to_bits())).wrapping_mul(0x0000_0100_0000_01B3);
    }
}

fn offset(block: Frame, when: Frame) -> u32 {
    // An action whose time has passed before the block happens at once.
    u32::try_from(when.saturating_sub(block)).unwrap_or(u32::MAX)
}
