//! A host at work: it cuts a score into blocks, plays them to an instance and collects what comes back.

use crate::blocks::Blocks;
use crate::instance::Instance;
use crate::performance::{Call, Performance, Sent, TimedEvent, seconds};
use crate::score::Score;
use crate::timeline::{Frame, TransportReport, frames};
use anyhow::{Context, Result};
use clack_host::events::event_types::{MidiEvent, NoteOffEvent, NoteOnEvent, ParamValueEvent};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::prelude::*;
use std::ops::Range;
use std::time::{Duration, Instant};
#[cfg(unix)]
use thread_priority::ThreadPriority;
#[cfg(unix)]
use thread_priority::unix::{
    NormalThreadSchedulePolicy, RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

/// How time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The host renders a file and says so; the plugin may make it wait.
    Render,
    /// The host plays live: each block begins when the previous one has been heard. If the host is late for a block,
    /// all later ones move, as on a sound card after a dropout.
    Live,
}

/// What kind of host plays.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// The sizes of its blocks. A block also ends where the transport changes.
    pub blocks: Blocks,
    /// How time passes.
    pub pace: Pace,
    /// How much of its transport it reports.
    pub report: TransportReport,
    /// Whether it stops calling a plugin that does not ask to be called, until there is new input.
    pub suspends: bool,
}

impl Session {
    /// A host that renders in these blocks.
    pub const fn render(blocks: Blocks) -> Self {
        Self { blocks, pace: Pace::Render, report: TransportReport::Everything, suspends: false }
    }

    /// A host that plays live in these blocks.
    pub const fn live(blocks: Blocks) -> Self {
        Self { pace: Pace::Live, ..Self::render(blocks) }
    }

    /// Activates the instance, plays the whole score and deactivates it.
    ///
    /// # Errors
    /// When the plugin refuses or reports an error.
    pub fn play(self, instance: &mut Instance, score: &Score) -> Result<Performance> {
        for (name, text) in &score.fields {
            instance.load_field(name, text)?;
        }
        instance.set_offline(self.pace == Pace::Render)?;
        instance.activate(score.timeline.sample_rate(), self.blocks.largest())?;
        let performance = self.play_active(instance, score);
        instance.deactivate();
        performance
    }

    /// Plays the whole score to an instance that is active.
    ///
    /// # Errors
    /// When the plugin reports an error.
    pub fn play_active(self, instance: &mut Instance, score: &Score) -> Result<Performance> {
        self.play_active_with(instance, score, |_, _| ())
    }

    /// The same with what no score has: before each block `meddle` gets its frames and may add to its events, or wait.
    ///
    /// # Errors
    /// When the plugin reports an error.
    pub fn play_active_with(
        self,
        instance: &mut Instance,
        score: &Score,
        mut meddle: impl FnMut(Range<Frame>, &mut EventBuffer),
    ) -> Result<Performance> {
        let cues = Cues::of(score, instance)?;
        let silence = vec![0.0; usize::try_from(score.length).context("a session that fits in memory")?];
        let mut performance = Performance { audio: [silence.clone(), silence], ..Performance::default() };
        let mut clock = (self.pace == Pace::Live).then(|| Clock::start(score.timeline.sample_rate()));
        let _urgent = (self.pace == Pace::Live).then(RaisedPriority::begin);
        let mut sizes = self.blocks.sizes();
        let mut at: Frame = 0;
        let mut asleep = false;
        while at < score.length {
            let wanted = at + Frame::from(sizes.next().context("blocks have no end")?);
            let end = score.timeline.next_change(at).unwrap_or(score.length).min(wanted).min(score.length);
            if let Some(clock) = &mut clock {
                clock.wait_for(at);
            }
            let mut heard = cues.between(at, end);
            let from_the_score = heard.len();
            meddle(at..end, &mut heard);
            if heard.len() > from_the_score {
                heard.sort();
            }
            asleep &= heard.is_empty();
            if !asleep {
                let status = self.play_block(instance, score, (at, end), &heard, &mut performance)?;
                asleep = self.suspends && status != ProcessStatus::Continue;
            }
            at = end;
        }
        Ok(performance)
    }

    fn play_block(
        self,
        instance: &mut Instance,
        score: &Score,
        (at, end): (Frame, Frame),
        heard: &EventBuffer,
        performance: &mut Performance,
    ) -> Result<ProcessStatus> {
        let range = usize::try_from(at)?..usize::try_from(end)?;
        let [left, right] = &mut performance.audio;
        let audio = [&mut left[range.clone()], &mut right[range]];
        let mut played = EventBuffer::new();
        let told = self.report.apply(score.timeline.event(at));
        let (status, took) = instance.audio()?.process(at, told.as_ref(), heard, audio, &mut played)?;
        let answered =
            |event: &UnknownEvent| Some(TimedEvent { at: at + Frame::from(event.header().time()), sent: read(event)? });
        performance.events.extend(played.iter().filter_map(answered));
        performance.calls.push(Call { at, frames: u32::try_from(end - at)?, took, status });
        instance.serve();
        Ok(status)
    }
}

/// While it exists, its thread has the priority of a live host's audio thread. A system that does not allow this leaves
/// the thread as it was. Unix only.
struct RaisedPriority;

impl RaisedPriority {
    /// Called after the activation; otherwise the plugin's own threads would inherit the priority.
    fn begin() -> Self {
        #[cfg(unix)]
        go_by(ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin));
        Self
    }
}

impl Drop for RaisedPriority {
    fn drop(&mut self) {
        #[cfg(unix)]
        go_by(ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other));
    }
}

#[cfg(unix)]
fn go_by(policy: ThreadSchedulePolicy) {
    /// A middle priority: for real-time threads the one that audio servers use, for others the ordinary one.
    const MIDDLE: u8 = 50;
    if let Ok(priority) = MIDDLE.try_into() {
        let _allowed =
            set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(priority), policy);
    }
}

/// Reads notes and MIDI; parameters that the plugin changes itself are not part of a performance.
pub(crate) fn read(event: &UnknownEvent) -> Option<Sent> {
    let raw = |number: &clack_host::events::Match<u16>| number.as_specific().copied().unwrap_or(u16::MAX);
    match event.as_core_event()? {
        CoreEventSpace::NoteOn(on) => {
            Some(Sent::On { channel: raw(&on.channel()), key: raw(&on.key()), velocity: on.velocity() })
        }
        CoreEventSpace::NoteOff(off) => Some(Sent::Off { channel: raw(&off.channel()), key: raw(&off.key()) }),
        CoreEventSpace::NoteChoke(choke) => Some(Sent::Off { channel: raw(&choke.channel()), key: raw(&choke.key()) }),
        CoreEventSpace::Midi(midi) => Some(Sent::Midi(midi.data())),
        _ => None,
    }
}

/// What an instance receives, in order of time; on one frame parameters come first, then keys up, messages and keys
/// down.
struct Cues(Vec<(Frame, Cue)>);

#[derive(Clone, Copy)]
enum Cue {
    Param(ParamValueEvent),
    Up(NoteOffEvent),
    Midi([u8; 3]),
    Down(NoteOnEvent),
}

impl Cues {
    fn of(score: &Score, instance: &mut Instance) -> Result<Self> {
        let mut cues = Vec::new();
        for change in &score.automation {
            cues.push((change.at, Cue::Param(instance.param_event(&change.parameter, &change.text, 0)?)));
        }
        cues.extend(score.messages.iter().map(|(at, message)| (*at, Cue::Midi(*message))));
        for (index, stroke) in score.strokes.iter().enumerate() {
            let key = Pckn::new(0u16, u16::from(stroke.channel), u16::from(stroke.pitch.key()), u32::try_from(index)?);
            let velocity = f64::from(stroke.velocity.value()) / 127.0;
            cues.push((stroke.down, Cue::Down(NoteOnEvent::new(0, key, velocity))));
            cues.push((stroke.up, Cue::Up(NoteOffEvent::new(0, key, 0.0))));
        }
        cues.sort_by_key(|(at, cue)| (*at, cue.rank()));
        Ok(Self(cues))
    }

    /// The events of the block from `at` to before `end`.
    fn between(&self, at: Frame, end: Frame) -> EventBuffer {
        let first = self.0.partition_point(|(frame, _)| *frame < at);
        let mut events = EventBuffer::new();
        for (frame, cue) in self.0[first..].iter().take_while(|(frame, _)| *frame < end) {
            let offset = u32::try_from(frame - at).unwrap_or(u32::MAX);
            cue.push_at(offset, &mut events);
        }
        events
    }
}

impl Cue {
    const fn rank(&self) -> u8 {
        match self {
            Self::Param(_) => 0,
            Self::Up(_) => 1,
            Self::Midi(_) => 2,
            Self::Down(_) => 3,
        }
    }

    fn push_at(self, offset: u32, events: &mut EventBuffer) {
        match self {
            Self::Param(event) => events.push(&event.with_time(offset)),
            Self::Up(event) => events.push(&event.with_time(offset)),
            Self::Midi(message) => events.push(&MidiEvent::new(offset, 0, message)),
            Self::Down(event) => events.push(&event.with_time(offset)),
        }
    }
}

/// The clock of a sound card.
struct Clock {
    started: Instant,
    sample_rate: f64,
}

impl Clock {
    /// A shorter delay is not a dropout, because a sound card has a buffer.
    const BUFFERED: Duration = Duration::from_millis(1);

    fn start(sample_rate: f64) -> Self {
        Self { started: Instant::now(), sample_rate }
    }

    fn wait_for(&mut self, at: Frame) {
        let due = self.started + Duration::from_secs_f64(frames(at) / self.sample_rate);
        let now = Instant::now();
        if let Some(early) = due.checked_duration_since(now) {
            std::thread::sleep(early);
        }
        let late = Instant::now().saturating_duration_since(due);
        if late > Self::BUFFERED {
            self.started += late;
        }
    }
}

/// How long Segue took to decide its notes, one figure for each. In a render the plugin waits for its worker inside a
/// call, so this is the longest call since the previous note, counted from the block of the last key-up.
pub fn waits_for_notes(performance: &Performance, from: Frame) -> Vec<Duration> {
    let mut ons: Vec<Frame> = performance
        .events
        .iter()
        .filter(|event| matches!(event.sent, Sent::On { .. }) && event.at >= from)
        .map(|event| event.at)
        .collect();
    ons.dedup();
    let mut calls = performance.calls.iter().skip_while(|call| call.at + Frame::from(call.frames) <= from).peekable();
    let mut longest = |until: Frame| {
        let mut wait = Duration::ZERO;
        while let Some(call) = calls.next_if(|call| call.at <= until) {
            wait = wait.max(call.took);
        }
        wait
    };
    ons.into_iter().map(&mut longest).filter(|wait| !wait.is_zero()).collect()
}

/// The time for which a block sounds.
pub fn block_time(blocks: Blocks, sample_rate: f64) -> Duration {
    seconds(blocks.largest(), sample_rate)
}
