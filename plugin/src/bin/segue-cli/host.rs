//! A host for one instance in this very process: it plays a session at the plugin and writes down what came back.
//!
//! It renders: nothing is late, and the same session gives the same notes every time.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a session begins at 0 and is shorter than 2^52 frames or ticks; a block has some hundred frames"
)]

use anyhow::{Result, bail, ensure};
use nice_plug::midi::{Channel, Key as NoteKey, VoiceID};
use nice_plug::prelude::*;
use segue::Segue;
use segue::host_adapter::with_stereo;
use segue_model::note::{Bars, Note, Pitch, TICKS_PER_QUARTER, Ticks, Velocity};
use std::collections::{BTreeMap, VecDeque};

/// Frames in a second.
pub const SAMPLE_RATE: u32 = 48_000;
const RATE: f64 = SAMPLE_RATE as f64;
const BLOCK: u64 = 256;
/// For the last tones to fade.
const TAIL_SECONDS: f64 = 1.5;

/// What is played at the plugin.
#[derive(Debug, Clone)]
pub struct Session {
    /// The player's notes.
    pub notes: Vec<Note>,
    /// From which lines bars are counted.
    pub bars: Vec<Bars>,
    /// Quarter notes a minute.
    pub tempo_bpm: f64,
    /// Where the transport stops.
    pub stop: Ticks,
    /// How many frames after the last of the player's keys goes up the musician turns a control; negative is before.
    pub turn_after: i64,
    /// Whether the sound is wanted: a long tune's fills the memory.
    pub keeps_sound: bool,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Played {
    /// Segue's notes, in order.
    pub notes: Vec<Note>,
    /// Stereo.
    pub audio: [Vec<f32>; 2],
}

/// What happens at a frame.
enum Happens {
    Off(Pitch),
    On(Pitch, Velocity),
    /// Something that the musician does to the controls.
    Turn,
}

impl Session {
    /// Plays the session at a new instance. When the last of the player's keys goes up, or
    /// so many frames beside it as was said, but not before the last key is down, `turn` is called.
    ///
    /// # Errors
    /// When the plugin refuses, or its worker does not answer.
    pub fn play(&self, plugin: &mut Segue, mut turn: impl FnMut()) -> Result<Played> {
        let layout = *Segue::AUDIO_IO_LAYOUTS.first().unwrap_or(&AudioIOLayout::const_default());
        let config = BufferConfig {
            sample_rate: SAMPLE_RATE as f32,
            min_buffer_size: None,
            max_buffer_size: BLOCK as u32,
            process_mode: ProcessMode::Offline,
        };
        let mut host = HostContext::new();
        ensure!(plugin.activate(&layout, &config, &mut host), "the plugin does not start at {SAMPLE_RATE} Hz");
        plugin.reset();
        let mut events: VecDeque<(u64, Happens)> = self.events().into();
        let (stop, end) = (self.frame(self.stop), self.frame(self.stop) + (TAIL_SECONDS * RATE) as u64);
        let mut played = Played::default();
        let mut sent: Vec<(u64, PluginNoteEvent<Segue>)> = Vec::new();
        let mut now = 0;
        while now < end {
            let until = self.next_cut(now, stop, end, &events);
            while let Some((at, happens)) = events.pop_front_if(|(at, _)| *at < until) {
                let timing = u32::try_from(at.saturating_sub(now)).unwrap_or(0);
                match happens {
                    Happens::On(pitch, velocity) => host.heard.push_back(on(timing, pitch, velocity)),
                    Happens::Off(pitch) => host.heard.push_back(off(timing, pitch)),
                    Happens::Turn => turn(),
                }
            }
            self.set_transport(&mut host.transport, now, stop);
            let audio = self.keeps_sound.then_some(&mut played.audio);
            play_block(plugin, &mut host, (until - now) as usize, audio)?;
            sent.extend(host.played.drain(..).map(|event| (now + u64::from(event.timing()), event)));
            now = until;
        }
        plugin.deactivate();
        played.notes = self.notes_of(&sent);
        Ok(played)
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
        // A key goes up before it goes down again. Stable.
        events.sort_by_key(|(at, happens)| (*at, matches!(happens, Happens::On(..))));
        events
    }

    /// Where the block that begins now ends: nothing about transport and controls changes within.
    fn next_cut(&self, now: u64, stop: u64, end: u64, events: &VecDeque<(u64, Happens)>) -> u64 {
        let turn = events.iter().find(|(_, happens)| matches!(happens, Happens::Turn)).map(|(at, _)| *at);
        let lines = self.bars.iter().map(|bars| self.frame(bars.line));
        let cuts = lines.chain(turn).chain([stop, end, now + BLOCK]);
        cuts.filter(|cut| *cut > now).min().unwrap_or(end)
    }

    fn set_transport(&self, transport: &mut Transport, now: u64, stop: u64) {
        let tick = now as f64 / RATE * self.tempo_bpm / 60.0 * TICKS_PER_QUARTER as f64;
        let moment = Ticks(tick.round() as i64);
        let later = self.bars.partition_point(|bars| bars.line <= moment);
        let bars = later.checked_sub(1).and_then(|index| self.bars.get(index)).or(self.bars.first());
        transport.playing = now < stop;
        transport.tempo = Some(self.tempo_bpm);
        transport.pos_beats = Some(tick / TICKS_PER_QUARTER as f64);
        transport.time_sig_numerator = bars.map(|bars| i32::from(bars.metre.numerator));
        transport.time_sig_denominator = bars.map(|bars| i32::from(bars.metre.denominator));
        transport.bar_start_pos_beats =
            bars.map(|bars| (moment - bars.place(moment)).0 as f64 / TICKS_PER_QUARTER as f64);
    }

    fn frame(&self, at: Ticks) -> u64 {
        (at.0 as f64 / TICKS_PER_QUARTER as f64 * 60.0 / self.tempo_bpm * RATE).round().max(0.0) as u64
    }

    fn tick(&self, frame: u64) -> Ticks {
        Ticks((frame as f64 / RATE * self.tempo_bpm / 60.0 * TICKS_PER_QUARTER as f64).round() as i64)
    }

    /// A note that is not over at the end ends there.
    fn notes_of(&self, sent: &[(u64, PluginNoteEvent<Segue>)]) -> Vec<Note> {
        let mut down: BTreeMap<(Option<u8>, u8), (u64, f32)> = BTreeMap::new();
        let mut notes = Vec::new();
        let mut over = |key: u8, (begun, velocity): (u64, f32), at: u64| {
            let Some(pitch) = Pitch::new(key) else { return };
            let onset = self.tick(begun);
            let duration = Ticks((self.tick(at) - onset).0.max(1));
            notes.push(Note { onset, pitch, duration, velocity: Velocity::nearest(velocity * 127.0) });
        };
        for (at, event) in sent {
            match *event {
                NoteEvent::NoteOn { channel, key, velocity, .. } => {
                    if let Some(key) = key.number() {
                        down.insert((channel.number(), key), (*at, velocity));
                    }
                }
                NoteEvent::NoteOff { channel, key, .. } => {
                    if let Some(key) = key.number()
                        && let Some(begun) = down.remove(&(channel.number(), key))
                    {
                        over(key, begun, *at);
                    }
                }
                _ => {}
            }
        }
        let last = sent.last().map_or(0, |(at, _)| *at);
        for ((_, key), begun) in down {
            over(key, begun, last);
        }
        notes.sort_unstable();
        notes
    }
}

fn play_block(
    plugin: &mut Segue,
    host: &mut HostContext,
    frames: usize,
    audio: Option<&mut [Vec<f32>; 2]>,
) -> Result<()> {
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
    let status = with_stereo(&mut left, &mut right, |buffer| plugin.process(buffer, &mut aux, host));
    if let ProcessStatus::Error(reason) = status {
        bail!("the plugin stops: {reason}");
    }
    for (whole, part) in audio.into_iter().flatten().zip([left, right]) {
        whole.extend(part);
    }
    Ok(())
}

fn on(timing: u32, pitch: Pitch, velocity: Velocity) -> PluginNoteEvent<Segue> {
    NoteEvent::NoteOn {
        timing,
        voice_id: VoiceID::Wildcard,
        channel: Channel::Number(0),
        key: NoteKey::Number(pitch.key()),
        velocity: f32::from(velocity.value()) / 127.0,
    }
}

fn off(timing: u32, pitch: Pitch) -> PluginNoteEvent<Segue> {
    NoteEvent::NoteOff {
        timing,
        voice_id: VoiceID::Wildcard,
        channel: Channel::Number(0),
        key: NoteKey::Number(pitch.key()),
        velocity: 0.0,
    }
}

/// The host as the plugin meets it.
struct HostContext {
    transport: Transport,
    heard: VecDeque<PluginNoteEvent<Segue>>,
    played: Vec<PluginNoteEvent<Segue>>,
}

impl HostContext {
    fn new() -> Self {
        Self { transport: Transport::new(SAMPLE_RATE as f32), heard: VecDeque::new(), played: Vec::new() }
    }
}

impl ActivateContext<Segue> for HostContext {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Standalone
    }
    fn execute(&self, (): ()) {}
    fn set_latency_samples(&self, _: u32) {}
    fn set_current_voice_capacity(&self, _: u32) {}
}

impl ProcessContext<Segue> for HostContext {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Standalone
    }
    fn execute_background(&self, (): ()) {}
    fn execute_gui(&self, (): ()) {}
    fn transport(&self) -> &Transport {
        &self.transport
    }
    fn next_event(&mut self) -> Option<PluginNoteEvent<Segue>> {
        self.heard.pop_front()
    }
    fn try_send_event(
        &mut self,
        event: PluginNoteEvent<Segue>,
    ) -> Result<(), (PluginNoteEvent<Segue>, nice_plug::context::process::SendEventError)> {
        self.played.push(event);
        Ok(())
    }
    fn set_latency_samples(&self, _: u32) {}
    fn request_restart(&self) {}
    fn set_current_voice_capacity(&self, _: u32) {}
}
