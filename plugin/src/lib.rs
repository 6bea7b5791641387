//! Segue, an instrument plugin that improvises with a musician.
//!
//! This file is the shell: it passes each block of the host and the parameters to the engine, and does nothing else.
//!
//! ```text
//! host event → PluginIo → Engine: Performer → link → worker: hear … decide → link → Performer → PluginIo → host event
//! ```

// For the whole crate, because this shell runs on the audio thread just as the engine does.
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
pub mod devices;
pub mod editor;
pub mod host_adapter;
pub mod keyboard;
pub mod params;
pub mod preferences;
pub mod preset;
mod remote_controls;
pub mod styles;
pub mod whole_file;

use editor::{EditorData, SegueEditor, Signals};
use host_adapter::{HostFacts, OfflineDetector, PluginIo, host_transport};
use keyboard::HeldKeys;
use nice_plug::prelude::*;
use params::{Render, SegueParams};
use segue_engine::Engine;
use segue_engine::host::{Block, HostEvents, Transport as HostTransport};
use segue_engine::synth::SAMPLE_RATES;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Block sizes that a host may reasonably ask for; larger ones are mistakes.
const BLOCK_SIZES: std::ops::RangeInclusive<u32> = 1..=1 << 24;
/// The longest that one block waits for the worker if the host does not say that it renders.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// One instance of the plugin.
pub struct Segue {
    params: Arc<SegueParams>,
    engine: Engine,
    signals: Arc<Signals>,
    /// The computer's keys, which only the program without a host plays.
    keys: Arc<HeldKeys>,
    sample_rate: f32,
    /// What is known about the host beyond what nice-plug reports.
    host: Arc<HostFacts>,
    /// Whether the host has said that it renders offline.
    host_renders: bool,
    offline_detector: OfflineDetector,
    born: Instant,
    /// Whether a test asks for an allocation, to check that the check for allocations finds it.
    allocate_on_purpose: bool,
}

impl Default for Segue {
    fn default() -> Self {
        let params = Arc::new(SegueParams::default());
        Self {
            engine: Engine::with_answers(params.answers.shelf()),
            params,
            signals: Arc::default(),
            keys: Arc::default(),
            sample_rate: 0.0,
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
    /// The parameters, for a program that replaces the host.
    pub fn parameters(&self) -> Arc<SegueParams> {
        Arc::clone(&self.params)
    }

    /// The keys of the computer's keyboard that are down in the window, where there is no host.
    pub fn keys(&self) -> Arc<HeldKeys> {
        Arc::clone(&self.keys)
    }

    /// The flags between the window and the audio thread, for a program that replaces the host.
    pub fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }

    /// Prepares for blocks. False if nothing can be played at this rate or in such blocks.
    pub fn start(&mut self, config: &BufferConfig) -> bool {
        let rate_is_real = config.sample_rate.is_finite() && config.sample_rate > 0.0;
        if !rate_is_real || !BLOCK_SIZES.contains(&config.max_buffer_size) {
            return false;
        }
        self.engine.start_worker(styles::improviser_maker(&self.params.chart, &self.params.own));
        self.sample_rate = config.sample_rate;
        self.host_renders = config.process_mode == ProcessMode::Offline;
        self.offline_detector = OfflineDetector::default();
        self.engine.activate(config.sample_rate);
        true
    }

    /// Plays one block; `buffer` has two channels.
    pub fn play(&mut self, buffer: &mut [&mut [f32]], transport: HostTransport, events: &mut impl HostEvents) {
        if std::mem::take(&mut self.allocate_on_purpose) {
            std::hint::black_box(vec![0_u8; 1]);
        }
        let [left, right] = buffer else { return };
        let Ok(frames) = u32::try_from(left.len()) else { return };
        if self.signals.take_panic() {
            self.engine.panic();
        }
        let (into, offline) = (self.host.piece_start(), self.renders_offline());
        let settings = self.params.settings();
        self.engine.play(&Block { frames, into, transport, settings, offline }, events, left, right);
        if self.engine.has_news() {
            self.signals.tell_news();
        }
        if let Some(limit) = self.may_wait_after(frames).filter(|_| !offline) {
            self.engine.catch_up(limit);
        }
    }

    /// Whether this is an offline render: it may wait for the worker, begins without memory, and comes out the same at
    /// every block size.
    fn renders_offline(&self) -> bool {
        match self.params.timing.render.value() {
            Render::Offline => true,
            Render::Live => false,
            Render::Auto => self.host_renders,
        }
    }

    /// How long the audio thread may wait for the worker after this block. It waits only if a host that never reports
    /// rendering asks for blocks much faster than real time; nothing else of a render depends on speed.
    fn may_wait_after(&mut self, frames: u32) -> Option<Duration> {
        if !SAMPLE_RATES.contains(&self.sample_rate) {
            // Nothing is played, and a block could be longer than a duration can be.
            return None;
        }
        let is_judged = self.params.timing.render.value() == Render::Auto && !self.host.speaks_of_rendering();
        let hurried = self.offline_detector.is_hurried(self.born.elapsed(), frames, f64::from(self.sample_rate));
        (is_judged && hurried).then(|| {
            // A live host is never held up for longer than its block lasts.
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
    // `host_adapter` splits the blocks.
    const SAMPLE_ACCURATE_AUTOMATION: bool = false;

    type SysExMessage = ();
    type BackgroundTask = ();
    type Editor = SegueEditor;

    fn filter_state(state: &mut PluginState) {
        SegueParams::keep_within_range(state);
    }

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<Self::Editor> {
        Some(SegueEditor::new(EditorData {
            params: Arc::clone(&self.params),
            stats: Arc::clone(self.engine.stats()),
            pages: self.engine.event_log(),
            signals: Arc::clone(&self.signals),
            keys: Arc::clone(&self.keys),
            host: Arc::clone(&self.host),
            preferences: preferences::PreferencesFile::of_user(),
            devices: None,
        }))
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.start(config)
    }

    fn reset(&mut self) {
        let offline = self.renders_offline();
        self.engine.reset(offline);
    }

    fn deactivate(&mut self) {
        self.engine.deactivate();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let transport = host_transport(context.transport());
        let last = u32::try_from(buffer.samples()).unwrap_or(u32::MAX).saturating_sub(1);
        self.play(buffer.as_slice(), transport, &mut PluginIo::new(context, last));
        // A host must not put us to sleep during the gap before an answer.
        ProcessStatus::KeepAlive
    }
}

impl ClapPlugin for Segue {
    const CLAP_ID: &'static str = "org.segue.segue";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Improvises with a musician");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::Instrument, ClapFeature::NoteEffect, ClapFeature::Synthesizer, ClapFeature::Stereo];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        remote_controls::describe(&self.params, context);
    }
}
