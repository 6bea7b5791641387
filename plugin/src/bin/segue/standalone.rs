//! The plugin without a host: it keeps its own time, and the computer's keyboard plays it.

use super::audio_watchdog::AudioWatchdog;
use super::last_state::{LastState, Restored};
use super::shutdown::Shutdown;
use super::window::StandaloneEditor;
use anyhow::{Result, anyhow, ensure};
use nice_plug::prelude::*;
use segue::Segue;
use segue::devices::{DeviceNote, Devices, DevicesView};
use segue::host_adapter::PluginIo;
use segue::keyboard::HeldKeys;
use segue::params::{Gestures, SegueParams, Unhosted};
use segue::preset::{self, Preset, Shelf};
use segue_engine::host::{FrameOffset, HostEvent, HostEvents, Key, Message, Sent, Transport};
use segue_model::note::Pitch;
use std::sync::{Arc, OnceLock};

/// The velocity of the computer's keys, which have no dynamics.
const VELOCITY: f32 = 0.7;

/// How the first instance starts.
pub static STARTUP_OPTIONS: OnceLock<StartupOptions> = OnceLock::new();

/// Options of the command line that affect how Segue starts.
#[derive(Debug, Clone)]
pub struct StartupOptions {
    /// What the last start has left; `None` if nothing is remembered.
    last_state: Option<LastState>,
    preset: Option<Preset>,
    style: Option<String>,
    tempo_bpm: Option<f64>,
    click: bool,
    /// Pixels per point of the window, if the system does not report it.
    scale: f64,
    devices: Arc<DevicesView>,
}

/// Devices that are chosen at the start.
struct FixedDevices(Arc<DevicesView>);

impl Devices for FixedDevices {
    fn view(&self) -> Arc<DevicesView> {
        Arc::clone(&self.0)
    }
}

impl StartupOptions {
    /// Looks up preset and style.
    ///
    /// # Errors
    /// If there is no preset or style with this name, or the tempo or scale is out of range.
    pub fn new(preset: Option<&str>, style: Option<&str>, tempo_bpm: Option<f64>, scale: f64) -> Result<Self> {
        const SLOWEST: f64 = 40.0;
        const FASTEST: f64 = 300.0;
        const SMALLEST: f64 = 0.5;
        const LARGEST: f64 = 4.0;
        ensure!(
            (SMALLEST..=LARGEST).contains(&scale),
            "--dpi-scale must be between {SMALLEST} and {LARGEST}, not {scale}"
        );
        if let Some(tempo) = tempo_bpm {
            ensure!(
                (SLOWEST..=FASTEST).contains(&tempo),
                "--tempo must be between {SLOWEST} and {FASTEST}, not {tempo}"
            );
        }
        let preset = preset.map(|name| Shelf::open().named(name).map(|entry| entry.preset.clone()));
        let style = style.map(|name| preset::style_named(name, &SegueParams::default()));
        let style = style.transpose().map_err(|error| anyhow!("--style: {error}"))?;
        let (preset, devices) = (preset.transpose()?, Arc::default());
        Ok(Self { last_state: None, preset, style, tempo_bpm, click: false, scale, devices })
    }

    /// The same with the metronome on.
    pub fn with_click(self) -> Self {
        Self { click: true, ..self }
    }

    /// The same with what the last start has left. Everything else that is said goes before it.
    pub fn with_last_state(self, state: LastState) -> Self {
        Self { last_state: Some(state), ..self }
    }

    /// The same with what the window shows about the devices.
    pub fn with_devices(self, view: DevicesView) -> Self {
        Self { devices: Arc::new(view), ..self }
    }

    /// Sets all that is remembered or said. Returns what to tell the musician about what is remembered.
    fn set(&self, params: &SegueParams) -> Option<String> {
        let restored = self.last_state.as_ref().map_or(Restored::Nothing, |state| state.restore(params));
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
        if let Some(style) = &self.style {
            turn("style", style);
        }
        if let Some(tempo) = self.tempo_bpm {
            turn("tempo", &tempo.to_string());
        }
        if self.click {
            turn("click", "On");
        }
        match restored {
            Restored::Nothing | Restored::Everything => None,
            Restored::InPart(Some(kept)) => Some(format!(
                "Some settings of the last time cannot be read and have their defaults. The file is kept as {}.",
                kept.display()
            )),
            Restored::InPart(None) => Some(
                "The settings of the last time cannot be read, and nothing is remembered this time. Check that Segue's \
                 data folder can be written to."
                    .to_owned(),
            ),
        }
    }
}

/// Segue with the computer's keyboard instead of a host.
pub struct Standalone {
    segue: Segue,
    keys: Arc<HeldKeys>,
    watchdog: AudioWatchdog,
    /// The keys that were down in the previous block.
    heard: u128,
    /// What to tell the musician about the remembered state.
    lost: Option<String>,
}

impl Default for Standalone {
    fn default() -> Self {
        let segue = Segue::default();
        let lost = STARTUP_OPTIONS.get().and_then(|options| options.set(&segue.parameters()));
        if let Some(lost) = &lost {
            eprintln!("segue: {lost}");
        }
        Self { keys: segue.keys(), segue, watchdog: AudioWatchdog::default(), heard: 0, lost }
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
        // Segue gives nice-plug no tasks to run.
        let editor = self.segue.editor(AsyncExecutor::new(Arc::new(|()| {}), Arc::new(|()| {})))?;
        let signals = self.segue.signals();
        self.watchdog.watch(Arc::clone(&signals));
        let options = STARTUP_OPTIONS.get();
        let mut view = options.map(|options| (*options.devices).clone()).unwrap_or_default();
        view.notes.extend(self.lost.take().map(DeviceNote::warning));
        let last_state = options.and_then(|options| options.last_state.clone());
        let params = self.segue.parameters();
        if let Some(state) = &last_state {
            state.follow(Arc::clone(&params));
        }
        Some(StandaloneEditor {
            editor: editor.with_devices(Arc::new(FixedDevices(Arc::new(view)))),
            shutdown: Shutdown::when_told(signals),
            scale: options.map_or(1.0, |options| options.scale),
            last_state: last_state.map(|state| (state, params)),
        })
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.segue.start(config)
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
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let last = u32::try_from(buffer.samples()).unwrap_or(u32::MAX).saturating_sub(1);
        self.play(buffer.as_slice(), &mut PluginIo::new(context, last));
        ProcessStatus::KeepAlive
    }
}

impl Standalone {
    /// Plays one block of two channels: the computer's keys and the MIDI devices.
    fn play(&mut self, channels: &mut [&mut [f32]], devices: &mut impl HostEvents) {
        self.watchdog.beat();
        let down = self.keys.down();
        let changes = down ^ self.heard;
        self.heard = down;
        // A stopped transport: there is no song, and Segue's own clock runs.
        self.segue.play(channels, Transport::default(), &mut KeysAndDevices { changes, down, devices });
    }
}

/// The events of one block. The computer's keys come first, because they lie at the start of the block.
struct KeysAndDevices<'a, E> {
    /// Keys that went down or up since the previous block and have not been reported yet.
    changes: u128,
    down: u128,
    devices: &'a mut E,
}

impl<E> KeysAndDevices<'_, E> {
    fn next_key(&mut self) -> Option<HostEvent> {
        let pitch = Pitch::new(u8::try_from(self.changes.trailing_zeros()).ok()?)?;
        let bit = 1 << pitch.key();
        self.changes &= !bit;
        let key = Key { voice: None, channel: 0, pitch };
        Some(if self.down & bit == 0 {
            HostEvent::NoteOff { keys: key.into(), velocity: 0.0 }
        } else {
            HostEvent::NoteOn { key, velocity: VELOCITY }
        })
    }
}

impl<E: HostEvents> HostEvents for KeysAndDevices<'_, E> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        self.next_key().map(|event| (FrameOffset(0), event)).or_else(|| self.devices.next_event())
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        self.devices.send(at, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RATE: f32 = 48_000.0;
    const FRAMES: u16 = 480;

    /// A fake of the MIDI devices: it sends nothing and counts the notes that it receives.
    #[derive(Default)]
    struct FakeDevices {
        notes: usize,
    }

    impl HostEvents for FakeDevices {
        fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
            None
        }
        fn send(&mut self, _: FrameOffset, message: Message) -> Sent {
            self.notes += usize::from(matches!(message, Message::NoteOn { .. }));
            Sent::Accepted
        }
    }

    /// Plays this many blocks and returns the peak amplitude.
    fn play(standalone: &mut Standalone, devices: &mut FakeDevices, blocks: usize) -> f32 {
        let mut peak = 0.0_f32;
        for _ in 0..blocks {
            let frames = usize::from(FRAMES);
            let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
            standalone.play(&mut [&mut left, &mut right], devices);
            peak = left.iter().fold(peak, |peak, sample| peak.max(sample.abs()));
            // Live: the worker needs a moment.
            std::thread::sleep(Duration::from_millis(1));
        }
        peak
    }

    #[test]
    fn the_computers_keys_are_heard_and_answered_without_a_song() {
        let (mut standalone, mut devices) = (Standalone::default(), FakeDevices::default());
        let config = BufferConfig {
            sample_rate: RATE,
            min_buffer_size: None,
            max_buffer_size: FRAMES.into(),
            process_mode: ProcessMode::Realtime,
        };
        assert!(standalone.segue.start(&config));
        standalone.reset();
        // Meanwhile the weights are loaded.
        play(&mut standalone, &mut devices, 200);
        assert_eq!(devices.notes, 0);
        for key in [62, 66, 69, 74] {
            standalone.keys.set(Pitch::new(key).unwrap(), true);
            assert!(play(&mut standalone, &mut devices, 25) > 0.01, "the piano sounds");
            standalone.keys.set(Pitch::new(key).unwrap(), false);
        }
        play(&mut standalone, &mut devices, 400);
        assert!(devices.notes >= 4, "Segue answers with {} notes", devices.notes);
        standalone.deactivate();
    }

    #[test]
    fn what_is_said_on_the_command_line_is_there_from_the_beginning() {
        let params = SegueParams::default();
        let shelf = Shelf::open_at(None);
        let name = &shelf.entries()[0].preset.name;
        StartupOptions::new(Some(name), Some("jazz"), Some(77.0), 1.0).unwrap().set(&params);
        assert!((params.timing.tempo.value() - 77.0).abs() < 0.1 && !params.sound.click.value());
        StartupOptions::new(None, None, None, 1.0).unwrap().with_click().set(&params);
        assert!(params.sound.click.value());
        assert_eq!(preset::of(&params).style, "Jazz");
        let unknown = StartupOptions::new(None, Some("polka"), None, 1.0).unwrap_err();
        assert!(unknown.to_string().contains("there are "));
        assert!(StartupOptions::new(Some("Nobody"), None, None, 1.0).unwrap_err().to_string().contains("there are "));
        assert!(StartupOptions::new(None, None, Some(7.0), 1.0).is_err());
        assert!(StartupOptions::new(None, None, None, 0.0).is_err());
    }
}
