//! Plays a session to the engine and records what comes back.
//!
//! It renders offline, so no note is late and the same session always gives the same notes.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a session begins at 0 and is shorter than 2^52 frames or ticks; a block has some hundred frames"
)]

use anyhow::Result;
use segue::params::SegueParams;
use segue::styles;
use segue_corpus::TempoMap;
use segue_engine::Engine;
use segue_engine::host::{Block, FrameOffset, HostEvent, HostEvents, Key, Message, Sent, Transport};
use segue_model::note::{Bars, Note, Pitch, TICKS_PER_QUARTER, Ticks, Velocity};
use std::collections::{BTreeMap, VecDeque};

/// Frames per second.
pub const SAMPLE_RATE: u16 = 48_000;
const RATE: f64 = SAMPLE_RATE as f64;
const BLOCK: u64 = 256;
/// Frames in a block where nobody hears the sound. The notes are the same at every block size.
const SILENT_BLOCK: u64 = 4096;
/// Time for the last notes to fade.
const TAIL_SECONDS: f64 = 1.5;

/// What is played to Segue.
#[derive(Debug, Clone)]
pub struct Session {
    /// The player's notes.
    pub notes: Vec<Note>,
    /// The bars, each with the line from which it is counted.
    pub bars: Vec<Bars>,
    /// Quarter notes per minute, with all changes.
    pub tempos: TempoMap,
    /// Where the piece ends: notes and chords from here on are not part of it.
    pub end: Ticks,
    /// Where the transport stops.
    pub stop: Ticks,
    /// How many frames after the last key-up of the player a control is turned; negative is before it.
    pub turn_after: i64,
}

/// Takes the sound as it is made, left and right: that of a long tune would fill the memory.
pub type SoundSink<'a> = &'a mut dyn FnMut(&[f32], &[f32]) -> Result<()>;

/// What happens at a frame.
enum Happens {
    Off(Pitch),
    On(Pitch, Velocity),
    /// The musician turns a control.
    Turn,
}

impl Session {
    /// Plays the session to a new engine with these parameters, and returns Segue's notes in order. `turn` is called
    /// [`Self::turn_after`] frames after the player's last key-up, but not before the last key is down. Without a sink
    /// no sound is made.
    ///
    /// # Errors
    /// If the sink fails.
    pub fn play(
        &self,
        params: &SegueParams,
        mut turn: impl FnMut(),
        mut sink: Option<SoundSink<'_>>,
    ) -> Result<Vec<Note>> {
        let mut engine = Engine::new();
        engine.start_worker(styles::improviser_maker(&params.chart, &params.own));
        engine.activate(f32::from(SAMPLE_RATE));
        engine.reset(true);
        let mut events: VecDeque<(u64, Happens)> = self.events().into();
        let (stop, end) = (self.frame(self.stop), self.frame(self.stop) + (TAIL_SECONDS * RATE) as u64);
        let mut cuts: VecDeque<u64> = self.cuts(stop, end, &events).into();
        let largest = if sink.is_some() { BLOCK } else { SILENT_BLOCK };
        let mut lists = EventLists::default();
        let (mut left, mut right) = ([0.0; SILENT_BLOCK as usize], [0.0; SILENT_BLOCK as usize]);
        while lists.block_start < end {
            let now = lists.block_start;
            while cuts.pop_front_if(|cut| *cut <= now).is_some() {}
            let until = cuts.front().map_or(end, |cut| *cut).min(now + largest);
            while let Some((at, happens)) = events.pop_front_if(|(at, _)| *at < until) {
                let at = FrameOffset(u32::try_from(at.saturating_sub(now)).unwrap_or(0));
                match happens {
                    Happens::On(pitch, velocity) => lists.heard.push_back((at, note_on(pitch, velocity))),
                    Happens::Off(pitch) => lists.heard.push_back((at, note_off(pitch))),
                    Happens::Turn => turn(),
                }
            }
            let frames = (until - now).min(largest) as usize;
            let (left, right) = (&mut left[..frames], &mut right[..frames]);
            let (transport, mut settings) = (self.transport(now, stop), params.settings());
            settings.sound.is_on &= sink.is_some();
            let block = Block { frames: frames as u32, into: 0, transport, settings, offline: true };
            engine.play(&block, &mut lists, left, right);
            if let Some(sink) = &mut sink {
                sink(left, right)?;
            }
            lists.block_start = until;
        }
        engine.deactivate();
        let mut notes = self.notes_of(&lists.sent);
        notes.retain(|note| note.onset < self.end);
        Ok(notes)
    }

    fn events(&self) -> Vec<(u64, Happens)> {
        let mut events: Vec<(u64, Happens)> = Vec::new();
        for note in &self.notes {
            events.push((self.frame(note.onset), Happens::On(note.pitch, note.velocity)));
            events.push((self.frame(note.onset + note.duration), Happens::Off(note.pitch)));
        }
        let up = self.notes.iter().map(|note| self.frame(note.onset + note.duration)).max();
        let down = self.notes.iter().map(|note| self.frame(note.onset)).max();
        if let Some((up, down)) = up.zip(down) {
            events.push((up.saturating_add_signed(self.turn_after).max(down + 1), Happens::Turn));
        }
        // A key goes up before it goes down again; the sort is stable.
        events.sort_by_key(|(at, happens)| (*at, matches!(happens, Happens::On(..))));
        events
    }

    /// Where blocks must end, in order: transport and controls must not change within a block.
    fn cuts(&self, stop: u64, end: u64, events: &VecDeque<(u64, Happens)>) -> Vec<u64> {
        let turns = events.iter().filter(|(_, happens)| matches!(happens, Happens::Turn)).map(|(at, _)| *at);
        let changes = self.bars.iter().map(|bars| bars.line).chain(self.tempos.changes());
        let mut cuts: Vec<u64> = changes.map(|at| self.frame(at)).chain(turns).chain([stop, end]).collect();
        cuts.sort_unstable();
        cuts
    }

    fn transport(&self, now: u64, stop: u64) -> Transport {
        let tick = self.tempos.ticks(now as f64 / RATE);
        let moment = Ticks(tick.round() as i64);
        let later = self.bars.partition_point(|bars| bars.line <= moment);
        let bars = later.checked_sub(1).and_then(|index| self.bars.get(index)).or(self.bars.first());
        Transport {
            playing: now < stop,
            tempo_bpm: Some(self.tempos.tempo(moment).bpm()),
            beats: Some(tick / TICKS_PER_QUARTER as f64),
            metre: bars.map(|bars| bars.metre),
            bar_beats: bars.map(|bars| (moment - bars.place(moment)).0 as f64 / TICKS_PER_QUARTER as f64),
            loop_beats: None,
        }
    }

    fn frame(&self, at: Ticks) -> u64 {
        (self.tempos.seconds(at) * RATE).round().max(0.0) as u64
    }

    fn tick(&self, frame: u64) -> Ticks {
        Ticks(self.tempos.ticks(frame as f64 / RATE).round() as i64)
    }

    /// A note that has not ended by then ends there.
    fn notes_of(&self, sent: &[(u64, Message)]) -> Vec<Note> {
        let mut down: BTreeMap<(u8, Pitch), (u64, f32)> = BTreeMap::new();
        let mut notes = Vec::new();
        let mut over = |pitch: Pitch, (begun, velocity): (u64, f32), at: u64| {
            let onset = self.tick(begun);
            let duration = Ticks((self.tick(at) - onset).0.max(1));
            notes.push(Note { onset, pitch, duration, velocity: Velocity::nearest(velocity * 127.0) });
        };
        for (at, message) in sent {
            match *message {
                Message::NoteOn { key, velocity } => {
                    down.insert((key.channel, key.pitch), (*at, velocity));
                }
                Message::NoteOff { key, .. } => {
                    if let Some(begun) = down.remove(&(key.channel, key.pitch)) {
                        over(key.pitch, begun, *at);
                    }
                }
                Message::Control(_) | Message::Shape { .. } => {}
            }
        }
        let last = sent.last().map_or(0, |(at, _)| *at);
        for ((_, pitch), begun) in down {
            over(pitch, begun, last);
        }
        notes.sort_unstable();
        notes
    }
}

fn note_on(pitch: Pitch, velocity: Velocity) -> HostEvent {
    HostEvent::NoteOn { key: key(pitch), velocity: f32::from(velocity.value()) / 127.0 }
}

fn note_off(pitch: Pitch) -> HostEvent {
    HostEvent::NoteOff { keys: key(pitch).into(), velocity: 0.0 }
}

fn key(pitch: Pitch) -> Key {
    Key { voice: None, channel: 0, pitch }
}

/// The events of the present block, and everything that was sent, each with its frame.
#[derive(Default)]
struct EventLists {
    block_start: u64,
    heard: VecDeque<(FrameOffset, HostEvent)>,
    sent: Vec<(u64, Message)>,
}

impl HostEvents for EventLists {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        self.heard.pop_front()
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        self.sent.push((self.block_start + u64::from(at.0), message));
        Sent::Accepted
    }
}
