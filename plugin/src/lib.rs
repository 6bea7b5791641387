//! Segue, an instrument plugin that improvises with a musician.
//!
//! This file is the shell: it translates what the host says for the engine and back, and nothing else.
//!
//! ```text
//! host event → HostIo → Performer → link → worker: hear … decide → link → Performer → HostIo → host event
//! ```

// For the whole crate, because the sound and the shell run on the audio thread as much as the hands do.
#![deny(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests may")
)]

pub mod capture;
pub mod editor;
pub mod host_adapter;
pub mod keyboard;
pub mod params;
pub mod preset;
pub mod styles;

use editor::{EditorData, SegueEditor, Signals};
use host_adapter::PluginIo;
use host_adapter::{HostFacts, OfflineDetector};
use keyboard::HeldKeys;
use nice_plug::prelude::*;
use params::{Render, SegueParams};
use segue_engine::Performer;
use segue_engine::host::{Block, ChannelMessage, FrameOffset, HostIo, Message, Transport as HostTransport};
use segue_engine::link::{AudioEnd, WorkerEnd, link};
use segue_engine::recorder::{RecordedIo, Recorder};
use segue_engine::stats::{Stats, WorkerStatus};
use segue_engine::synth::{SAMPLE_RATES, Sound};
use segue_engine::worker::Worker;
use segue_model::improviser::Improviser;
use segue_model::note::Metre;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The rate before the first activation, when nothing is played.
const NO_RATE: f32 = 48_000.0;
/// What hosts can ask for in earnest; above lie mistakes.
const BLOCK_SIZES: std::ops::RangeInclusive<u32> = 1..=1 << 24;
/// The longest that one block waits for the worker where no host says that it renders.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// One instance of the plugin.
pub struct Segue {
    params: Arc<SegueParams>,
    stats: Arc<Stats>,
    performer: Performer,
    recorder: Recorder,
    signals: Arc<Signals>,
    /// The computer's keys, which only the program without a host plays.
    keys: Arc<HeldKeys>,
    audio: AudioEnd,
    /// Taken by the worker when it starts.
    mind_end: Option<WorkerEnd>,
    /// Started by the first activation, so that scanning starts no thread.
    worker: Option<Worker>,
    sound: Sound,
    sample_rate: f32,
    /// What is known of the host beside what nice-plug says.
    host: Arc<HostFacts>,
    /// The host said that it renders offline.
    host_renders: bool,
    offline_detector: OfflineDetector,
    born: Instant,
    /// A test wants to see that the check for allocations sees one.
    allocate_on_purpose: bool,
}

impl Default for Segue {
    fn default() -> Self {
        let stats = Arc::new(Stats::default());
        let (audio, mind_end) = link();
        Self {
            params: Arc::new(SegueParams::default()),
            performer: Performer::new(f64::from(NO_RATE), Arc::clone(&stats)),
            stats,
            recorder: Recorder::default(),
            signals: Arc::default(),
            keys: Arc::default(),
            audio,
            mind_end: Some(mind_end),
            worker: None,
            sound: Sound::new(NO_RATE),
            sample_rate: NO_RATE,
            host: HostFacts::adopt(),
            host_renders: false,
            offline_detector: OfflineDetector::default(),
            born: Instant::now(),
            allocate_on_purpose: cfg!(feature = "assert_process_allocs")
                && std::env::var_os("SEGUE_ALLOCATE_ON_PURPOSE").is_some_and(|value| value == "1"),
        }
    }
}

impl Segue {
    /// The parameters, for a program that takes the place of the host.
    pub fn parameters(&self) -> Arc<SegueParams> {
        Arc::clone(&self.params)
    }

    /// The keys of the computer's keyboard that are down in the window, where there is no host.
    pub fn keys(&self) -> Arc<HeldKeys> {
        Arc::clone(&self.keys)
    }

    /// The flags between the window and the audio thread, for a program that takes the place of the host.
    pub fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }

    fn start_worker(&mut self) {
        let Some(end) = self.mind_end.take() else { return };
        let (chart, own) = (self.params.chart.clone(), self.params.own.clone());
        let make = move |style, before: Option<Improviser>| {
            let mind = if style == styles::OWN { own.model() } else { styles::model(style) };
            let Some(mind) = mind else { return before };
            let mut improviser = match before {
                Some(mut improviser) if !Arc::ptr_eq(improviser.model(), &mind) => {
                    improviser.change_model(mind);
                    improviser
                }
                Some(improviser) => improviser,
                None => Improviser::new(mind),
            };
            improviser.set_chart(chart.chart().or_else(|| styles::style(style)?.chart()));
            Some(improviser)
        };
        self.worker = Worker::start(end, Arc::clone(&self.stats), make);
        match self.worker.as_ref().and_then(Worker::thread) {
            Some(thread) => self.audio.set_worker(thread),
            None => self.stats.set_worker_status(WorkerStatus::NoThread),
        }
    }

    /// Whether this is a rendering: it may wait for the worker without end, begins with a blank memory, and comes out
    /// the same at every block size.
    fn renders_offline(&self) -> bool {
        match self.params.timing.render.value() {
            Render::Offline => true,
            Render::Live => false,
            Render::Auto => self.host_renders,
        }
    }

    /// How long the audio thread may wait for the worker after this block: only where a host that never speaks of
    /// rendering asks for blocks much faster than time. Nothing else of a rendering follows from speed.
    fn may_wait_after(&mut self, frames: u32) -> Option<Duration> {
        let is_judged = self.params.timing.render.value() == Render::Auto && !self.host.speaks_of_rendering();
        let hurried = self.offline_detector.is_hurried(self.born.elapsed(), frames, f64::from(self.sample_rate));
        (is_judged && hurried).then(|| {
            // A host that waits for us is never held up for longer than its block lasts.
            Duration::from_secs_f64(f64::from(frames) / f64::from(self.sample_rate)).min(LONGEST_WAIT)
        })
    }
}

impl Plugin for Segue {
    const NAME: &'static str = "Segue";
    const VENDOR: &'static str = "Segue";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: None,
        main_output_channels: NonZeroU32::new(2),
        names: PortNames {
            layout: Some("Stereo"),
            // nice-plug calls the output by the input's name.
            main_input: Some("Output"),
            main_output: Some("Output"),
            ..PortNames::const_default()
        },
        ..AudioIOLayout::const_default()
    }];

    const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
    const MIDI_OUTPUT: MidiConfig = MidiConfig::MidiCCs;
    // The blocks are cut in `host_adapter`.
    const SAMPLE_ACCURATE_AUTOMATION: bool = false;

    type SysExMessage = ();
    type BackgroundTask = ();
    type Editor = SegueEditor;

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<Self::Editor> {
        Some(SegueEditor::new(EditorData {
            params: Arc::clone(&self.params),
            stats: Arc::clone(&self.stats),
            pages: self.recorder.pages(),
            signals: Arc::clone(&self.signals),
            keys: Arc::clone(&self.keys),
            host: Arc::clone(&self.host),
        }))
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let rate_is_real = config.sample_rate.is_finite() && config.sample_rate > 0.0;
        if !rate_is_real || !BLOCK_SIZES.contains(&config.max_buffer_size) {
            return false;
        }
        self.start_worker();
        self.sample_rate = config.sample_rate;
        // Also at the same rate, because a rendering must not begin with what was fading before it.
        self.sound = Sound::new(config.sample_rate);
        self.host_renders = config.process_mode == ProcessMode::Offline;
        self.offline_detector = OfflineDetector::default();
        self.performer.activate(f64::from(config.sample_rate));
        true
    }

    fn reset(&mut self) {
        self.sound.silence();
        self.recorder.silence();
        if self.renders_offline() {
            self.performer.start_afresh();
        } else {
            self.performer.reset();
        }
    }

    fn deactivate(&mut self) {
        self.recorder.silence();
        self.performer.reset();
        #[cfg(feature = "assert_process_allocs")]
        self.stats.write_to_file();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        if std::mem::take(&mut self.allocate_on_purpose) {
            std::hint::black_box(vec![0_u8; 1]);
        }
        let Ok(frames) = u32::try_from(buffer.samples()) else { return ProcessStatus::KeepAlive };
        let [left, right] = buffer.as_slice() else { return ProcessStatus::KeepAlive };
        if !SAMPLE_RATES.contains(&self.sample_rate) {
            // No host plays at such a rate; it may ask for one, and gets silence.
            left.fill(0.0);
            right.fill(0.0);
            return ProcessStatus::KeepAlive;
        }
        let panics = self.signals.take_panic();
        if panics {
            self.sound.silence();
            self.recorder.silence();
            self.performer.reset();
        }
        let transport = transport(context.transport());
        let (into, offline) = (self.host.piece_start(), self.renders_offline());
        let block = Block { frames, into, transport, settings: self.params.settings(), offline };
        let params = &self.params;
        self.sound.set_levels(
            params.sound.player_level.value(),
            params.sound.segue_level.value(),
            params.harmony.comping_level.value(),
        );
        let mut stage = PluginIo::new(context, &mut self.sound, left, right);
        stage.turn_sound(self.params.sound.on.value());
        if panics {
            // For what sounds elsewhere and nobody here knows of; what is known gets its note-off as always.
            all_notes_off(&mut stage);
        }
        self.performer.perform(&block, &mut RecordedIo::new(&mut stage, &mut self.recorder), &mut self.audio);
        stage.finish();
        let song_beats = block.transport.beats.filter(|_| block.transport.playing);
        let (snapshot, chords) = (self.performer.snapshot(self.recorder.is_watched()), self.performer.chords());
        self.recorder.end_block(frames, f64::from(self.sample_rate), &snapshot, chords, song_beats);
        if self.recorder.has_news() {
            self.signals.tell_news();
        }
        self.audio.wake();
        if let Some(limit) = self.may_wait_after(frames).filter(|_| !offline)
            && self.audio.catch_up(limit)
        {
            self.stats.waits.add_one();
        }
        // A host must not put us to sleep in the very gap before an answer.
        ProcessStatus::KeepAlive
    }
}

fn all_notes_off(stage: &mut impl HostIo) {
    const CHANNELS: u8 = 16;
    const ALL_NOTES_OFF: u8 = 123;
    for channel in 0..CHANNELS {
        let message = ChannelMessage::Controller { channel, number: ALL_NOTES_OFF, value: 0.0 };
        // A host that refuses it has no room for anything: the note-offs are offered again, this is not.
        let _ = stage.send(FrameOffset(0), Message::Control(message));
    }
}

fn transport(host: &Transport) -> HostTransport {
    let metre = host.time_sig_numerator.zip(host.time_sig_denominator);
    let byte = |value: i32| u8::try_from(value).ok();
    HostTransport {
        playing: host.playing,
        tempo_bpm: host.tempo,
        beats: host.pos_beats(),
        metre: metre.and_then(|(above, below)| Metre::new(byte(above)?, byte(below)?)),
        bar_beats: host.bar_start_pos_beats,
        loop_beats: host.loop_range_beats(),
    }
}

impl ClapPlugin for Segue {
    const CLAP_ID: &'static str = "org.segue.segue";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Improvises with a musician");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::Instrument, ClapFeature::NoteEffect, ClapFeature::Synthesizer, ClapFeature::Stereo];
}
