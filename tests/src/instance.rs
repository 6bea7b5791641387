//! One instance of the plugin in its host: parameters, state, activation, blocks.

mod editor;
mod host;

use crate::foreign;
use anyhow::{Context, Result, anyhow, bail};
use clack_extensions::audio_ports::{AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::note_ports::PluginNotePorts;
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::events::event_types::{ParamValueEvent, TransportEvent};
use clack_host::events::io::OutputEventBuffer;
use clack_host::prelude::*;
use host::{HeadlessHost, HostMainThread, HostShared};
use serde_json::Value;
use std::ffi::{CStr, CString};
use std::fmt::Display;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A parameter as the plugin lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// What hosts store in projects.
    pub id: u32,
    /// What hosts show.
    pub name: String,
    /// The group under which hosts show it.
    pub group: String,
    /// The least value, in the host's own scale.
    pub min: f64,
    /// The greatest value, in the host's own scale.
    pub max: f64,
    /// The value of a new instance, in the host's own scale.
    pub default: f64,
    /// The host may automate it.
    pub automatable: bool,
    /// It has whole values only.
    pub stepped: bool,
    /// It is the host's own bypass button.
    pub bypass: bool,
}

/// The plugin's inputs and outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    /// Audio inputs.
    pub audio_in: u32,
    /// The channels of each audio output.
    pub audio_out: Vec<u32>,
    /// Inputs for notes.
    pub notes_in: u32,
    /// Outputs for notes.
    pub notes_out: u32,
}

/// One instance. It is created, activated and dropped on one thread, which in this host also plays the blocks.
pub struct Instance {
    // Dropped before `plugin`, because clack keeps an instance alive while it has a processor.
    audio: Option<AudioSide>,
    plugin: PluginInstance<HeadlessHost>,
    parameters: Vec<Parameter>,
}

impl Instance {
    /// Makes one from a loaded file, in a host that may offer nothing for windows.
    pub(crate) fn new(entry: &PluginEntry, id: &CStr, lacks_windows: bool) -> Result<Self> {
        let info = HostInfo::new("Segue's headless host", "Segue", "", env!("CARGO_PKG_VERSION"))?;
        let plugin = PluginInstance::<HeadlessHost>::new(
            |()| HostShared { lacks_windows, ..HostShared::default() },
            |_| HostMainThread,
            entry,
            id,
            &info,
        )?;
        let mut instance = Self { audio: None, plugin, parameters: Vec::new() };
        instance.parameters = instance.list_parameters();
        Ok(instance)
    }

    fn list_parameters(&mut self) -> Vec<Parameter> {
        let handle = self.plugin.plugin_handle();
        let Some(extension) = handle.get_extension::<PluginParams>() else {
            return Vec::new();
        };
        let mut buffer = ParamInfoBuffer::new();
        let read = |index| {
            let info = extension.get_info(&handle, index, &mut buffer)?;
            Some(Parameter {
                id: info.id.get(),
                name: String::from_utf8_lossy(info.name).into_owned(),
                group: String::from_utf8_lossy(info.module).into_owned(),
                min: info.min_value,
                max: info.max_value,
                default: info.default_value,
                automatable: info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE),
                bypass: info.flags.contains(ParamInfoFlags::IS_BYPASS),
                stepped: info.flags.contains(ParamInfoFlags::IS_STEPPED),
            })
        };
        (0..extension.count(&handle)).filter_map(read).collect()
    }

    /// All parameters, in the plugin's order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameter of this name.
    ///
    /// # Errors
    /// When there is none; the message lists those that exist.
    pub fn parameter(&self, name: &str) -> Result<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name).with_context(|| {
            let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            format!("the plugin has no parameter {name:?}; it has {}", names.join(", "))
        })
    }

    /// The parameter with this id, by which presets know it; hosts know the number that the framework derives from the
    /// id.
    ///
    /// # Errors
    /// When there is none.
    pub fn parameter_of_id(&self, id: &str) -> Result<&Parameter> {
        const FOR_THE_HOST: u32 = 1 << 31;
        let number = id.bytes().fold(0_u32, |number, byte| number.wrapping_mul(31).wrapping_add(byte.into()));
        let found = self.parameters.iter().find(|parameter| parameter.id == number & !FOR_THE_HOST);
        found.with_context(|| format!("the plugin has no parameter with the id {id}"))
    }

    /// Converts what a player would type into a value in the host's own scale.
    ///
    /// # Errors
    /// When the plugin has no such parameter or does not understand the text.
    pub fn value_of_text(&mut self, name: &str, text: &str) -> Result<f64> {
        let id = self.clap_id(name)?;
        let typed = CString::new(text).context("typed values have no zero byte")?;
        let handle = self.plugin.plugin_handle();
        params(handle)?
            .text_to_value(&handle, id, &typed)
            .with_context(|| format!("the plugin does not take {text:?} for {name}"))
    }

    /// The text by which the plugin shows a parameter's present value.
    ///
    /// # Errors
    /// When it has no such parameter or no text for it.
    pub fn text(&mut self, name: &str) -> Result<String> {
        let id = self.clap_id(name)?;
        let handle = self.plugin.plugin_handle();
        let value = params(handle)?.get_value(&handle, id).with_context(|| format!("{name} has no value"))?;
        self.text_of(name, value)
    }

    /// The text by which the plugin shows a value of a parameter, in the host's own scale.
    ///
    /// # Errors
    /// When it has no such parameter or no text for it.
    pub fn text_of(&mut self, name: &str, value: f64) -> Result<String> {
        const LONGEST: usize = 256;
        let id = self.clap_id(name)?;
        let handle = self.plugin.plugin_handle();
        let extension = params(handle)?;
        let mut buffer = [0; LONGEST];
        let text = extension
            .value_to_text(&handle, id, value, &mut buffer)
            .map_err(|_| anyhow!("the plugin has no text for {name}"))?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// Sets a parameter while the instance is not active.
    ///
    /// # Errors
    /// When it is active, or the plugin does not know the parameter or cannot read the text.
    pub fn set(&mut self, name: &str, value: impl Display) -> Result<()> {
        let event = self.param_event(name, &value.to_string(), 0)?;
        self.flush(event)
    }

    /// The same, with a value in the host's own scale.
    ///
    /// # Errors
    /// When it is active.
    pub fn set_raw(&mut self, id: u32, value: f64) -> Result<()> {
        let id = ClapId::from_raw(id).context("the plugin gives a parameter the id that CLAP forbids")?;
        self.flush(ParamValueEvent::new(0, id, Pckn::match_all(), value))
    }

    fn flush(&mut self, event: ParamValueEvent) -> Result<()> {
        let mut events = EventBuffer::new();
        events.push(&event);
        let handle = self.plugin.plugin_handle();
        let extension = params(handle)?;
        let mut inactive = self.plugin.inactive_plugin_handle().context("parameters are set before activation")?;
        extension.flush(&mut inactive, &events.as_input(), &mut EventBuffer::new().as_output());
        Ok(())
    }

    /// The event that sets a parameter at an offset into a block.
    ///
    /// # Errors
    /// When the plugin does not know the parameter or the text.
    pub fn param_event(&mut self, name: &str, text: &str, offset: u32) -> Result<ParamValueEvent> {
        let value = self.value_of_text(name, text)?;
        Ok(ParamValueEvent::new(offset, self.clap_id(name)?, Pckn::match_all(), value))
    }

    fn clap_id(&self, name: &str) -> Result<ClapId> {
        ClapId::from_raw(self.parameter(name)?.id).context("the plugin gives a parameter the id that CLAP forbids")
    }

    /// The inputs and outputs that it reports.
    pub fn ports(&mut self) -> Ports {
        let handle = self.plugin.plugin_handle();
        let audio = handle.get_extension::<PluginAudioPorts>();
        let notes = handle.get_extension::<PluginNotePorts>();
        let count = |is_input| audio.as_ref().map_or(0, |ports| ports.count(&handle, is_input));
        let note_count = |is_input| notes.as_ref().map_or(0, |ports| ports.count(&handle, is_input));
        let mut buffer = AudioPortInfoBuffer::new();
        let mut channels =
            |index| audio.as_ref()?.get(&handle, index, false, &mut buffer).map(|info| info.channel_count);
        let audio_out = (0..count(false)).filter_map(&mut channels).collect();
        Ports { audio_in: count(true), audio_out, notes_in: note_count(true), notes_out: note_count(false) }
    }

    /// The state, as a project stores it.
    ///
    /// # Errors
    /// When the plugin cannot save.
    pub fn save(&mut self) -> Result<Vec<u8>> {
        let handle = self.plugin.plugin_handle();
        let extension = handle.get_extension::<PluginState>().context("the plugin saves no state")?;
        let mut bytes = Vec::new();
        extension.save(&handle, &mut bytes)?;
        Ok(bytes)
    }

    /// Loads a state, as a project stores it.
    ///
    /// # Errors
    /// When the plugin refuses it.
    pub fn load(&mut self, mut bytes: &[u8]) -> Result<()> {
        let handle = self.plugin.plugin_handle();
        let extension = handle.get_extension::<PluginState>().context("the plugin loads no state")?;
        Ok(extension.load(&handle, &mut bytes)?)
    }

    /// Opens a project in which a field beside the parameters, such as the chord chart, holds this text.
    ///
    /// # Errors
    /// When the plugin's state is not the expected JSON, or the plugin refuses it.
    pub fn load_field(&mut self, name: &str, text: &str) -> Result<()> {
        /// The length of the JSON stands before it.
        const HEAD: usize = size_of::<u64>();
        let saved = self.save()?;
        let json = saved.get(HEAD..).context("the plugin's state is empty")?;
        let mut state: Value = serde_json::from_slice(json).context("the plugin's state is not JSON")?;
        state["fields"][name] = serde_json::to_string(text)?.into();
        let json = serde_json::to_vec(&state)?;
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json);
        self.load(&bytes)
    }

    /// Tells the plugin whether it renders a file or plays live.
    ///
    /// # Errors
    /// When the plugin does not support it.
    pub fn set_offline(&mut self, offline: bool) -> Result<()> {
        let handle = self.plugin.plugin_handle();
        let extension = handle.get_extension::<PluginRender>().context("the plugin has no render extension")?;
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        Ok(extension.set(&handle, mode)?)
    }

    /// Activates it for blocks of up to this many frames.
    ///
    /// # Errors
    /// When the plugin refuses, or is active already.
    pub fn activate(&mut self, sample_rate: f64, largest_block: u32) -> Result<()> {
        if largest_block == 0 {
            bail!("a block has at least one frame; `activate_raw` asks for less");
        }
        let wanted = PluginAudioConfiguration { sample_rate, min_frames_count: 1, max_frames_count: largest_block };
        let stopped = self.plugin.activate(|_, _| (), wanted)?;
        let started = stopped.start_processing().map_err(|_| anyhow!("the plugin does not start to process"))?;
        self.audio = Some(AudioSide(started));
        Ok(())
    }

    /// Asks for an activation that no sane host asks for, and undoes it if it succeeds. True when it succeeded.
    pub fn activate_raw(&mut self, sample_rate: f64, least_block: u32, largest_block: u32) -> bool {
        foreign::activate_and_deactivate(&mut self.plugin, sample_rate, least_block, largest_block)
    }

    /// The audio side.
    ///
    /// # Errors
    /// When the instance is not active.
    pub fn audio(&mut self) -> Result<&mut AudioSide> {
        self.audio.as_mut().context("the instance is not active")
    }

    /// Takes the audio side of an active instance, to be played on another thread; nothing else may play it until it is
    /// returned.
    pub fn take_audio(&mut self) -> Option<AudioSide> {
        self.audio.take()
    }

    /// Returns the audio side.
    pub fn give_audio(&mut self, audio: AudioSide) {
        self.audio = Some(audio);
    }

    /// Resets what sounds, as hosts do when the playhead is moved.
    pub fn reset(&mut self) {
        if let Some(audio) = &mut self.audio {
            audio.0.reset();
        }
    }

    /// Stops processing and starts it again, as hosts do around silence.
    ///
    /// # Errors
    /// When the instance is not active, or does not start again.
    pub fn pause(&mut self) -> Result<()> {
        let AudioSide(processor) = self.audio.take().context("the instance is not active")?;
        let started = processor.stop_processing().start_processing();
        let started = started.map_err(|_| anyhow!("the plugin does not start to process again"))?;
        self.audio = Some(AudioSide(started));
        Ok(())
    }

    /// Deactivates it, if it is active.
    pub fn deactivate(&mut self) {
        if let Some(AudioSide(processor)) = self.audio.take() {
            self.plugin.deactivate(processor.stop_processing());
        }
    }

    /// Does on the main thread what the plugin has requested.
    pub fn serve(&mut self) {
        if self.plugin.access_shared_handler(|host| host.callback_requested.swap(false, Ordering::AcqRel)) {
            self.plugin.call_on_main_thread_callback();
        }
    }

    /// Whether the plugin has asked to be activated again.
    pub fn wants_restart(&self) -> bool {
        self.plugin.access_shared_handler(|host| host.restart_requested.load(Ordering::Acquire))
    }

    /// The lines that the plugin has written to the host's log.
    pub fn messages(&self) -> Vec<String> {
        self.plugin.access_shared_handler(|host| host.messages.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The audio side of an active instance.
pub struct AudioSide(StartedPluginAudioProcessor<HeadlessHost>);

impl AudioSide {
    /// Plays one block: as many frames as `left` and `right` have.
    ///
    /// # Errors
    /// When the plugin reports an error.
    pub fn process(
        &mut self,
        steady_time: u64,
        transport: Option<&TransportEvent>,
        heard: &EventBuffer,
        [left, right]: [&mut [f32]; 2],
        played: &mut impl OutputEventBuffer,
    ) -> Result<(ProcessStatus, Duration)> {
        let Self(processor) = self;
        let mut ports = AudioPorts::with_capacity(2, 1);
        let mut outputs = ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only([left, right].into_iter()),
        }]);
        let inputs = InputAudioBuffers::empty();
        let heard = heard.as_input();
        let mut played = OutputEvents::from_buffer(played);
        let begun = Instant::now();
        let status = processor.process(&inputs, &mut outputs, &heard, &mut played, Some(steady_time), transport)?;
        Ok((status, begun.elapsed()))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.deactivate();
    }
}

fn params(handle: PluginMainThreadHandle<'_>) -> Result<PluginParams> {
    handle.get_extension::<PluginParams>().context("the plugin has no parameters")
}
