//! The plugin without a host: it keeps its own time, and the computer's keyboard plays into it.

use super::audio_watchdog::AudioWatchdog;
use super::shutdown::Shutdown;
use super::window::StandaloneEditor;
use anyhow::{Result, ensure};
use nice_plug::context::process::SendEventError;
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;
use segue::Segue;
use segue::keyboard::HeldKeys;
use segue::params::{Gestures, SegueParams, Unhosted};
use segue::preset::{self, Preset, Shelf};
use std::sync::{Arc, OnceLock};

/// The velocity of the computer's keys, which have no dynamics.
const VELOCITY: f32 = 0.7;
/// No piano has more keys.
const MOST_CHANGES: usize = 128;

/// What the first instance begins with.
pub static STARTUP_OPTIONS: OnceLock<StartupOptions> = OnceLock::new();

/// What was said on the command line about how it should play.
#[derive(Debug, Clone)]
pub struct StartupOptions {
    preset: Option<Preset>,
    tempo_bpm: Option<f64>,
    click: bool,
    /// Pixels to a point of the window, where the system does not say.
    scale: f64,
}

impl StartupOptions {
    /// Looks the preset up.
    ///
    /// # Errors
    /// When there is none of that name, or no such tempo, or no such window.
    pub fn new(preset: Option<&str>, tempo_bpm: Option<f64>, scale: f64) -> Result<Self> {
        const SLOWEST: f64 = 40.0;
        const FASTEST: f64 = 300.0;
        const SMALLEST: f64 = 0.5;
        const LARGEST: f64 = 4.0;
        ensure!(
            (SMALLEST..=LARGEST).contains(&scale),
            "--dpi-scale goes from {SMALLEST} to {LARGEST}, and this is {scale}"
        );
        if let Some(tempo) = tempo_bpm {
            ensure!(
                (SLOWEST..=FASTEST).contains(&tempo),
                "--tempo goes from {SLOWEST} to {FASTEST}, and this is {tempo}"
            );
        }
        let preset = preset.map(|name| Shelf::open().named(name).map(|entry| entry.preset.clone()));
        Ok(Self { preset: preset.transpose()?, tempo_bpm, click: false, scale })
    }

    /// The same with a click on the beats.
    pub fn with_click(self) -> Self {
        Self { click: true, ..self }
    }

    fn set(&self, params: &SegueParams) {
        let turn = |id: &str, text: &str| {
            if let Some(setting) = params.setting(id)
                && let Ok(value) = setting.read(text)
            {
                Unhosted.set(setting, value);
            }
        };
        if let Some(preset) = &self.preset {
            preset::apply(preset, params, &mut Unhosted);
        }
        if let Some(tempo) = self.tempo_bpm {
            turn("tempo", &tempo.to_string());
        }
        if self.click {
            turn("click", "On");
        }
    }
}

/// Segue with the computer's keyboard in place of a host.
pub struct Standalone {
    segue: Segue,
    keys: Arc<HeldKeys>,
    watchdog: AudioWatchdog,
    /// The keys that were down in the block before.
    heard: u128,
    /// It is stopped: there is no song, and Segue's own clock counts.
    transport: Transport,
}

impl Default for Standalone {
    fn default() -> Self {
        let segue = Segue::default();
        if let Some(options) = STARTUP_OPTIONS.get() {
            options.set(&segue.parameters());
        }
        Self { keys: segue.keys(), segue, watchdog: AudioWatchdog::default(), heard: 0, transport: Transport::new(0.0) }
    }
}

impl Plugin for Standalone {
    const NAME: &'static str = Segue::NAME;
    const VENDOR: &'static str = Segue::VENDOR;
    const URL: &'static str = Segue::URL;
    const EMAIL: &'static str = Segue::EMAIL;
    const VERSION: &'static str = Segue::VERSION;
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = Segue::AUDIO_IO_LAYOUTS;
    const MIDI_INPUT: MidiConfig = Segue::MIDI_INPUT;
    const MIDI_OUTPUT: MidiConfig = Segue::MIDI_OUTPUT;
    const SAMPLE_ACCURATE_AUTOMATION: bool = Segue::SAMPLE_ACCURATE_AUTOMATION;

    type SysExMessage = ();
    type BackgroundTask = ();
    type Editor = StandaloneEditor;

    fn params(&self) -> Arc<dyn Params> {
        Plugin::params(&self.segue)
    }

    fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<StandaloneEditor> {
        // Segue has no tasks for nice-plug.
        let editor = self.segue.editor(AsyncExecutor::new(Arc::new(|()| {}), Arc::new(|()| {})))?;
        let signals = self.segue.signals();
        self.watchdog.watch(Arc::clone(&signals));
        let scale = STARTUP_OPTIONS.get().map_or(1.0, |options| options.scale);
        Some(StandaloneEditor { editor, shutdown: Shutdown::when_told(signals), scale })
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.transport = Transport::new(config.sample_rate);
        self.segue.activate(layout, config, &mut Activating(context))
    }

    fn reset(&mut self) {
        self.heard = 0;
        self.segue.reset();
    }

    fn deactivate(&mut self) {
        self.segue.deactivate();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        self.watchdog.beat();
        let down = self.keys.down();
        let mut changes = down ^ self.heard;
        self.heard = down;
        let mut host = HostContext { context, transport: &self.transport, changes: &mut changes, down };
        self.segue.process(buffer, aux, &mut host)
    }
}

/// One block, as Segue meets it.
struct HostContext<'a, C> {
    context: &'a mut C,
    transport: &'a Transport,
    /// Keys that went down or up since the block before and that Segue has not heard of.
    changes: &'a mut u128,
    down: u128,
}

impl<C> HostContext<'_, C> {
    fn next_key(&mut self) -> Option<NoteEvent<()>> {
        let key = self.changes.trailing_zeros();
        if key as usize >= MOST_CHANGES {
            return None;
        }
        *self.changes &= !(1 << key);
        let is_down = self.down >> key & 1 == 1;
        let key = Key::Number(u8::try_from(key).ok()?);
        let (timing, voice_id, channel) = (0, VoiceID::Wildcard, Channel::Number(0));
        Some(if is_down {
            NoteEvent::NoteOn { timing, voice_id, channel, key, velocity: VELOCITY }
        } else {
            NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 }
        })
    }
}

impl<C: ProcessContext<Standalone>> ProcessContext<Segue> for HostContext<'_, C> {
    fn plugin_api(&self) -> PluginApi {
        self.context.plugin_api()
    }
    fn execute_background(&self, (): ()) {}
    fn execute_gui(&self, (): ()) {}
    fn transport(&self) -> &Transport {
        self.transport
    }
    fn next_event(&mut self) -> Option<NoteEvent<()>> {
        // The computer's keys first: they lie at the start of the block.
        self.next_key().or_else(|| self.context.next_event())
    }
    fn try_send_event(&mut self, event: NoteEvent<()>) -> Result<(), (NoteEvent<()>, SendEventError)> {
        self.context.try_send_event(event)
    }
    fn set_latency_samples(&self, samples: u32) {
        self.context.set_latency_samples(samples);
    }
    fn request_restart(&self) {
        self.context.request_restart();
    }
    fn set_current_voice_capacity(&self, _: u32) {}
}

struct Activating<'a, C>(&'a mut C);

impl<C: ActivateContext<Standalone>> ActivateContext<Segue> for Activating<'_, C> {
    fn plugin_api(&self) -> PluginApi {
        self.0.plugin_api()
    }
    fn execute(&self, (): ()) {}
    fn set_latency_samples(&self, samples: u32) {
        self.0.set_latency_samples(samples);
    }
    fn set_current_voice_capacity(&self, _: u32) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue::host_adapter::with_stereo;
    use segue_model::note::Pitch;
    use std::time::Duration;

    const RATE: f32 = 48_000.0;
    const FRAMES: u16 = 480;

    /// A fake host in which only the computer's keys play, and which reports a running song.
    struct FakeHost {
        transport: Transport,
        sent: Vec<NoteEvent<()>>,
    }

    impl FakeHost {
        fn new() -> Self {
            let mut transport = Transport::new(RATE);
            transport.playing = true;
            transport.tempo = Some(33.0);
            Self { transport, sent: Vec::new() }
        }
    }

    impl ActivateContext<Standalone> for FakeHost {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Standalone
        }
        fn execute(&self, (): ()) {}
        fn set_latency_samples(&self, _: u32) {}
        fn set_current_voice_capacity(&self, _: u32) {}
    }

    impl ProcessContext<Standalone> for FakeHost {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Standalone
        }
        fn execute_background(&self, (): ()) {}
        fn execute_gui(&self, (): ()) {}
        fn transport(&self) -> &Transport {
            &self.transport
        }
        fn next_event(&mut self) -> Option<NoteEvent<()>> {
            None
        }
        fn try_send_event(&mut self, event: NoteEvent<()>) -> Result<(), (NoteEvent<()>, SendEventError)> {
            self.sent.push(event);
            Ok(())
        }
        fn set_latency_samples(&self, _: u32) {}
        fn request_restart(&self) {}
        fn set_current_voice_capacity(&self, _: u32) {}
    }

    /// Plays so many blocks and returns how loud the loudest sample was.
    fn play(standalone: &mut Standalone, fake_host: &mut FakeHost, blocks: usize) -> f32 {
        let mut peak = 0.0_f32;
        for _ in 0..blocks {
            let frames = usize::from(FRAMES);
            let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
            let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
            with_stereo(&mut left, &mut right, |buffer| standalone.process(buffer, &mut aux, fake_host));
            peak = left.iter().fold(peak, |peak, sample| peak.max(sample.abs()));
            // Live: the worker needs a moment.
            std::thread::sleep(Duration::from_millis(1));
        }
        peak
    }

    #[test]
    fn the_computers_keys_are_heard_and_answered_without_a_song() {
        let mut standalone = Standalone::default();
        let mut fake_host = FakeHost::new();
        let layout = Standalone::AUDIO_IO_LAYOUTS[0];
        let config = BufferConfig {
            sample_rate: RATE,
            min_buffer_size: None,
            max_buffer_size: FRAMES.into(),
            process_mode: ProcessMode::Realtime,
        };
        assert!(standalone.activate(&layout, &config, &mut fake_host));
        standalone.reset();
        // The weights are read meanwhile.
        play(&mut standalone, &mut fake_host, 200);
        assert!(fake_host.sent.is_empty());
        for key in [62, 66, 69, 74] {
            standalone.keys.set(Pitch::new(key).unwrap(), true);
            assert!(play(&mut standalone, &mut fake_host, 25) > 0.01, "the piano sounds");
            standalone.keys.set(Pitch::new(key).unwrap(), false);
        }
        play(&mut standalone, &mut fake_host, 400);
        let ons = fake_host.sent.iter().filter(|event| matches!(event, NoteEvent::NoteOn { .. })).count();
        assert!(ons >= 4, "Segue answers with {ons} notes");
        standalone.deactivate();
    }

    #[test]
    fn what_is_said_on_the_command_line_is_there_from_the_beginning() {
        let params = SegueParams::default();
        let shelf = Shelf::open_at(None);
        let name = &shelf.entries()[0].preset.name;
        StartupOptions::new(Some(name), Some(77.0), 1.0).unwrap().set(&params);
        assert!((params.timing.tempo.value() - 77.0).abs() < 0.1 && !params.sound.click.value());
        StartupOptions::new(None, None, 1.0).unwrap().with_click().set(&params);
        assert!(params.sound.click.value());
        assert_eq!(preset::of(&params).style, shelf.entries()[0].preset.style);
        assert!(StartupOptions::new(Some("Nobody"), None, 1.0).unwrap_err().to_string().contains("there are "));
        assert!(StartupOptions::new(None, Some(7.0), 1.0).is_err());
        assert!(StartupOptions::new(None, None, 0.0).is_err());
    }
}
