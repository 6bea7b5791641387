//! The plugin in nice-plug's standalone wrapper, which opens the window and moves the parameters.
//!
//! Sound and MIDI belong to [`SoundSystem`], because nice-plug's own devices are chosen once, at the start, and a lost
//! one stays lost. So nice-plug is started with its backend `dummy`, which asks for blocks without sound or MIDI.

use super::choice::DeviceChoice;
use super::instrument::SharedInstrument;
use super::last_state::{Keeper, LastState, Restored};
use super::shutdown::Shutdown;
use super::sound::{SilentPlayer, SoundSystem, StreamTiming};
use super::window::{self, StandaloneEditor};
use anyhow::{Result, anyhow, ensure};
use nice_plug::prelude::*;
use segue::Segue;
use segue::devices::DeviceNote;
use segue::params::{Gestures, SegueParams, Unhosted};
use segue::preset::{self, Preset, Shelf};
use std::sync::{Arc, OnceLock};

/// How the first instance starts.
pub static STARTUP_OPTIONS: OnceLock<StartupOptions> = OnceLock::new();

/// Options of the command line that affect how Segue starts.
#[derive(Debug, Clone)]
pub struct StartupOptions {
    /// What the last start has left; `None` if nothing is remembered.
    pub last_state: Option<LastState>,
    pub preset: Option<Preset>,
    pub style: Option<String>,
    pub tempo_bpm: Option<f64>,
    /// Whether the metronome is switched on.
    pub click: bool,
    /// Pixels per point of the window, if the system does not report it.
    pub scale: f64,
    /// The devices that the command line names, over those that are remembered.
    pub devices: DeviceChoice,
    pub timing: StreamTiming,
}

impl StartupOptions {
    /// Looks up preset and style. Nothing is remembered, and the devices are found by themselves.
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
        Ok(Self {
            last_state: None,
            preset: preset.transpose()?,
            style,
            tempo_bpm,
            click: false,
            scale,
            devices: DeviceChoice::default(),
            timing: StreamTiming::default(),
        })
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
    params: Arc<SegueParams>,
    instrument: SharedInstrument,
    /// `None` until the window is made.
    silent: Option<SilentPlayer>,
    /// What to tell the musician about the remembered state.
    lost: Option<String>,
}

impl Default for Standalone {
    fn default() -> Self {
        let instrument = SharedInstrument::default();
        let params = instrument.wait().parameters();
        let lost = STARTUP_OPTIONS.get().and_then(|options| options.set(&params));
        if let Some(lost) = &lost {
            eprintln!("segue: {lost}");
        }
        Self { params, instrument, silent: None, lost }
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
        Arc::<SegueParams>::clone(&self.params)
    }

    fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<StandaloneEditor> {
        let options = STARTUP_OPTIONS.get()?;
        let (editor, signals) = {
            let mut instrument = self.instrument.wait();
            (instrument.editor()?, instrument.signals())
        };
        let also = self.lost.take().map(DeviceNote::warning).into_iter().collect();
        let remembered = options.last_state.as_ref().map(LastState::devices).unwrap_or_default();
        let sound =
            SoundSystem::new(options.devices.clone(), remembered, also, Arc::clone(&signals), window::has_screen());
        self.silent = Some(sound.silent_player(self.instrument.clone()));
        sound.start(self.instrument.clone(), options.timing);
        let (params, kept_sound) = (Arc::clone(&self.params), sound.clone());
        let keeper = options.last_state.clone().map(|state| Keeper { state, params, sound: kept_sound });
        if let Some(keeper) = keeper.clone() {
            keeper.follow();
        }
        Some(StandaloneEditor {
            editor: editor.with_devices(Arc::new(sound.clone())),
            shutdown: Shutdown::when_told(signals),
            scale: options.scale,
            keeper,
            sound,
        })
    }

    fn deactivate(&mut self) {
        self.instrument.stop();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        if let ([left, right], Some(silent)) = (buffer.as_slice(), &mut self.silent) {
            silent.play(left, right);
        }
        ProcessStatus::KeepAlive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_on_the_command_line_is_there_from_the_beginning() {
        let params = SegueParams::default();
        let shelf = Shelf::open_at(None);
        let name = &shelf.entries()[0].preset.name;
        StartupOptions::new(Some(name), Some("jazz"), Some(77.0), 1.0).unwrap().set(&params);
        assert!((params.timing.tempo.value() - 77.0).abs() < 0.1 && !params.sound.click.value());
        let clicks = StartupOptions::new(None, None, None, 1.0).unwrap();
        StartupOptions { click: true, ..clicks }.set(&params);
        assert!(params.sound.click.value());
        assert_eq!(preset::of(&params).style, "Jazz");
        let unknown = StartupOptions::new(None, Some("polka"), None, 1.0).unwrap_err();
        assert!(unknown.to_string().contains("there are "));
        assert!(StartupOptions::new(Some("Nobody"), None, None, 1.0).unwrap_err().to_string().contains("there are "));
        assert!(StartupOptions::new(None, None, Some(7.0), 1.0).is_err());
        assert!(StartupOptions::new(None, None, None, 0.0).is_err());
    }
}
