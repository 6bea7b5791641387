//! A jam in real time while a window is open: an audio thread plays a score and records what comes back.

use crate::instance::{AudioSide, Instance};
use crate::score::Score;
use crate::timeline::Frame;
use anyhow::{Context, Result, bail};
use clack_host::events::event_types::{NoteOffEvent, NoteOnEvent};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the editor did to a parameter, as a host hears it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gestures {
    /// Gestures that began.
    pub begun: usize,
    /// Values within a gesture.
    pub values: usize,
    /// Values outside a gesture.
    pub stray: usize,
    /// Gestures that ended.
    pub ended: usize,
}

/// What the host has recorded while it played.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    /// What the editor did to the parameters, by their numbers.
    pub gestures: BTreeMap<u32, Gestures>,
    /// Messages that all notes of a channel are off.
    pub all_notes_off: usize,
}

/// An audio thread that plays a score to an instance, repeatedly and in real time.
pub struct Jam {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(AudioSide, Noted)>>,
}

impl Jam {
    /// The name of its thread.
    pub const THREAD: &str = "host audio";

    /// Begins to play to an active instance.
    ///
    /// # Errors
    /// When the instance is not active.
    pub fn begin(instance: &mut Instance, score: Score, block: u32) -> Result<Self> {
        let audio = instance.take_audio().context("the instance is not active")?;
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name(Self::THREAD.into());
        let thread = thread.spawn(move || play(audio, &score, block, &flag))?;
        Ok(Self { stop, thread })
    }

    /// Ends it and returns what the editor did meanwhile, by the parameters' numbers.
    ///
    /// # Errors
    /// When the plugin reported an error.
    pub fn end(self, instance: &mut Instance) -> Result<Noted> {
        self.stop.store(true, Ordering::Release);
        let Ok(ended) = self.thread.join() else { bail!("the audio thread panicked") };
        let (audio, noted) = ended?;
        instance.give_audio(audio);
        Ok(noted)
    }
}

fn play(mut audio: AudioSide, score: &Score, block: u32, stop: &AtomicBool) -> Result<(AudioSide, Noted)> {
    let rate = score.timeline.sample_rate();
    let length = usize::try_from(block)?;
    let (mut left, mut right) = (vec![0.0; length], vec![0.0; length]);
    let mut noted = Noted::default();
    let begun = Instant::now();
    let mut at: Frame = 0;
    while !stop.load(Ordering::Acquire) {
        let heard = strokes_between(score, at, at + Frame::from(block))?;
        let mut played = EventBuffer::new();
        let event = score.timeline.event(at);
        audio.process(at, Some(&event), &heard, [&mut left, &mut right], &mut played)?;
        played.iter().for_each(|event| noted.take(event));
        at += Frame::from(block);
        let due = begun + Duration::from_secs_f64(crate::timeline::frames(at) / rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok((audio, noted))
}

/// The player's keys in a block. After its end the score starts again.
fn strokes_between(score: &Score, from: Frame, to: Frame) -> Result<EventBuffer> {
    let mut events: Vec<(u32, bool, u16, f64)> = Vec::new();
    for stroke in &score.strokes {
        for (at, is_down) in [(stroke.down, true), (stroke.up, false)] {
            let round = from.saturating_sub(at).div_ceil(score.length) * score.length;
            let at = at + round;
            if (from..to).contains(&at) {
                let velocity = f64::from(stroke.velocity.value()) / 127.0;
                events.push((u32::try_from(at - from)?, is_down, u16::from(stroke.pitch.key()), velocity));
            }
        }
    }
    events.sort_by_key(|(offset, is_down, ..)| (*offset, *is_down));
    let mut heard = EventBuffer::new();
    for (offset, is_down, key, velocity) in events {
        let key = Pckn::new(0u16, 0u16, key, clack_host::events::Match::All);
        if is_down {
            heard.push(&NoteOnEvent::new(offset, key, velocity));
        } else {
            heard.push(&NoteOffEvent::new(offset, key, 0.0));
        }
    }
    Ok(heard)
}

impl Noted {
    fn take(&mut self, event: &UnknownEvent) {
        /// A controller, on any channel.
        const CONTROLLER: u8 = 0xB0;
        const ALL_NOTES_OFF: u8 = 123;
        let id = |id: Option<ClapId>| id.map_or(u32::MAX, ClapId::get);
        match event.as_core_event() {
            Some(CoreEventSpace::ParamGestureBegin(begin)) => {
                self.gestures.entry(id(begin.param_id())).or_default().begun += 1;
            }
            Some(CoreEventSpace::ParamGestureEnd(end)) => {
                self.gestures.entry(id(end.param_id())).or_default().ended += 1;
            }
            Some(CoreEventSpace::ParamValue(value)) => {
                let gestures = self.gestures.entry(id(value.param_id())).or_default();
                if gestures.begun > gestures.ended { gestures.values += 1 } else { gestures.stray += 1 }
            }
            Some(CoreEventSpace::Midi(midi)) => {
                let [status, number, _] = midi.data();
                self.all_notes_off += usize::from(status & 0xF0 == CONTROLLER && number == ALL_NOTES_OFF);
            }
            _ => {}
        }
    }
}
