//! One instance, called as by a host's main thread.

#![allow(unsafe_code, reason = "VST3 is an interface in C++")]

use super::host_objects::{Application, Edit, Handler, Stream};
use super::loaded::Loaded;
use super::processor::Processor;
use anyhow::{Context, Result, bail, ensure};
use std::sync::Arc;
#[cfg(target_os = "linux")]
use vst3::Steinberg::IPlugView;
use vst3::Steinberg::Vst::{
    IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentHandler, IComponentTrait, IEditController,
    IEditControllerTrait, IHostApplication, IMidiMapping, IMidiMappingTrait, INoteExpressionController,
    INoteExpressionControllerTrait, IProcessContextRequirements, IProcessContextRequirementsTrait,
    NoteExpressionTypeInfo, ParameterInfo, ProcessModes_, ProcessSetup, String128,
};
use vst3::Steinberg::{FUnknown, IBStream, IPluginBase, IPluginBaseTrait, int32, kResultOk};
use vst3::{ComPtr, ComWrapper};

/// How an instance is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// As hosts with a window do.
    Usual,
    /// By a host that never sets a component handler.
    WithoutHandler,
}

/// VST3's numbers for the kinds of buses and their directions.
const AUDIO: i32 = 0;
const EVENTS: i32 = 1;
const IN: i32 = 0;
const OUT: i32 = 1;

/// A parameter as a VST3 host lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// What projects store.
    pub id: u32,
    /// What hosts show.
    pub title: String,
    /// The number of steps between the lowest and the highest value; 0 if it is continuous.
    pub steps: i32,
    /// The value of a new instance, 0 to 1.
    pub default: f64,
    /// The host may automate it.
    pub automatable: bool,
}

/// What the host sets before it activates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// Frames a second.
    pub sample_rate: f64,
    /// The largest block.
    pub largest_block: u32,
    /// Whether a file is rendered.
    pub offline: bool,
}

/// One instance. Its methods are called as by a host's main thread; [`Processor`] is its audio thread.
pub struct Plugin {
    component: ComPtr<IComponent>,
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
    handler: ComWrapper<Handler>,
    /// Present while it is active.
    setup: Option<Setup>,
    is_over: bool,
    host: ComPtr<IHostApplication>,
    _module: Arc<Loaded>,
}

impl Plugin {
    /// Initialises a new component, as a host does before anything else.
    pub(super) fn initialize(component: ComPtr<IComponent>, module: Arc<Loaded>, opening: Opening) -> Result<Self> {
        let application = ComWrapper::new(Application);
        let host = application.to_com_ptr::<IHostApplication>().context("no host")?;
        // SAFETY: the instance is new, and the host outlives it.
        ensure!(
            unsafe { component.initialize(host.as_ptr().cast::<FUnknown>()) } == kResultOk,
            "it cannot be initialised"
        );
        let processor = component.cast::<IAudioProcessor>().context("it has no processor")?;
        let controller = component.cast::<IEditController>().context("it has no controller")?;
        let handler = ComWrapper::new(Handler::default());
        if opening == Opening::Usual {
            let given = handler.to_com_ptr::<IComponentHandler>().context("no handler")?;
            // SAFETY: the plugin keeps its own reference.
            unsafe { controller.setComponentHandler(given.as_ptr()) };
        }
        for (media, direction) in [(AUDIO, OUT), (EVENTS, IN), (EVENTS, OUT)] {
            // SAFETY: the instance is initialised.
            unsafe { component.activateBus(media, direction, 0, 1) };
        }
        Ok(Plugin { component, processor, controller, handler, setup: None, is_over: false, host, _module: module })
    }

    /// All parameters, in the plugin's order; those that represent MIDI controllers come last.
    pub fn parameters(&self) -> Vec<Parameter> {
        const CAN_AUTOMATE: i32 = 1;
        let read = |index| {
            // SAFETY: all zeros is a valid value of plain numbers and letters.
            let mut info: ParameterInfo = unsafe { std::mem::zeroed() };
            // SAFETY: the controller writes into what is given.
            let found = unsafe { self.controller.getParameterInfo(index, &raw mut info) } == kResultOk;
            found.then(|| Parameter {
                id: info.id,
                title: wide_text(&info.title),
                steps: info.stepCount,
                default: info.defaultNormalizedValue,
                automatable: info.flags & CAN_AUTOMATE != 0,
            })
        };
        // SAFETY: the controller is alive.
        (0..unsafe { self.controller.getParameterCount() }).filter_map(read).collect()
    }

    /// The parameter with this title.
    ///
    /// # Errors
    /// When there is none.
    pub fn parameter(&self, title: &str) -> Result<Parameter> {
        let found = self.parameters().into_iter().find(|parameter| parameter.title == title);
        found.with_context(|| format!("the plugin has no parameter {title:?}"))
    }

    /// The value that the controller shows, 0 to 1.
    pub fn value(&self, id: u32) -> f64 {
        // SAFETY: the controller is alive.
        unsafe { self.controller.getParamNormalized(id) }
    }

    /// The text for a value from 0 to 1.
    pub fn text(&self, id: u32, value: f64) -> String {
        let mut letters: String128 = [0; 128];
        // SAFETY: the controller writes into what is given.
        unsafe { self.controller.getParamStringByValue(id, value, &raw mut letters) };
        wide_text(&letters)
    }

    /// The value, 0 to 1, for a text that a player would type.
    pub fn value_of_text(&self, id: u32, typed: &str) -> Option<f64> {
        let mut letters: Vec<u16> = typed.encode_utf16().chain([0]).collect();
        let mut value = 0.0;
        // SAFETY: the text ends with a zero, and the controller writes into what is given.
        let known = unsafe { self.controller.getParamValueByString(id, letters.as_mut_ptr(), &raw mut value) };
        (known == kResultOk).then_some(value)
    }

    /// The parameter that represents this controller of a channel.
    pub fn midi_parameter(&self, channel: i16, controller: i16) -> Option<u32> {
        let mapping = self.component.cast::<IMidiMapping>()?;
        let mut id = 0;
        // SAFETY: the plugin writes into what is given.
        let known = unsafe { mapping.getMidiControllerAssignment(0, channel, controller, &raw mut id) };
        (known == kResultOk).then_some(id)
    }

    /// The note expressions that the plugin supports, by VST3's numbers.
    pub fn expressions(&self) -> Vec<u32> {
        let Some(controller) = self.component.cast::<INoteExpressionController>() else { return Vec::new() };
        let read = |index| {
            // SAFETY: all zeros is a valid value of plain numbers, letters and a null pointer.
            let mut info: NoteExpressionTypeInfo = unsafe { std::mem::zeroed() };
            // SAFETY: the controller writes into what is given.
            (unsafe { controller.getNoteExpressionInfo(0, 0, index, &raw mut info) } == kResultOk)
                .then_some(info.typeId)
        };
        // SAFETY: the controller is alive.
        (0..unsafe { controller.getNoteExpressionCount(0, 0) }).filter_map(read).collect()
    }

    /// Which parts of a process context the plugin needs, by VST3's flags; `None` if it does not say.
    pub fn wanted_context(&self) -> Option<u32> {
        let wants = self.component.cast::<IProcessContextRequirements>()?;
        // SAFETY: the plugin is alive.
        Some(unsafe { wants.getProcessContextRequirements() })
    }

    /// The numbers of buses: audio inputs and outputs, event inputs and outputs.
    pub fn buses(&self) -> [i32; 4] {
        // SAFETY: the component is alive.
        [(AUDIO, IN), (AUDIO, OUT), (EVENTS, IN), (EVENTS, OUT)]
            .map(|(media, direction)| unsafe { self.component.getBusCount(media, direction) })
    }

    /// Sets it up and activates it.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn activate(&mut self, setup: Setup) -> Result<()> {
        let mut asked = ProcessSetup {
            processMode: process_mode(setup.offline),
            symbolicSampleSize: 0,
            maxSamplesPerBlock: i32::try_from(setup.largest_block)?,
            sampleRate: setup.sample_rate,
        };
        // SAFETY: the plugin reads what is given.
        ensure!(unsafe { self.processor.setupProcessing(&raw mut asked) } == kResultOk, "it refuses the set-up");
        // SAFETY: it is set up and not active.
        ensure!(unsafe { self.component.setActive(1) } == kResultOk, "it refuses the activation");
        self.setup = Some(setup);
        self.set_processing(true)
    }

    /// Announces the first block, or that no more blocks follow.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn set_processing(&mut self, on: bool) -> Result<()> {
        // SAFETY: the instance is active.
        let set = unsafe { self.processor.setProcessing(on.into()) };
        if set != kResultOk {
            bail!("it refuses to start or stop processing ({set})");
        }
        Ok(())
    }

    /// Deactivates it, if it is active.
    pub fn deactivate(&mut self) {
        if self.setup.take().is_some() {
            // SAFETY: it is active.
            unsafe {
                self.processor.setProcessing(0);
                self.component.setActive(0);
            }
        }
    }

    /// The side that plays, which may be moved to another thread.
    ///
    /// # Errors
    /// When the instance is not active.
    pub fn processor(&self) -> Result<Processor> {
        let setup = self.setup.context("the instance is not active")?;
        Ok(Processor::new(self.processor.clone(), process_mode(setup.offline), setup.sample_rate))
    }

    /// The latency in frames.
    pub fn latency(&self) -> u32 {
        // SAFETY: the processor is alive.
        unsafe { self.processor.getLatencySamples() }
    }

    /// How many frames it continues to sound; `u32::MAX` for ever.
    pub fn tail(&self) -> u32 {
        // SAFETY: the processor is alive.
        unsafe { self.processor.getTailSamples() }
    }

    /// The state, as a project stores it.
    ///
    /// # Errors
    /// When the plugin cannot save.
    pub fn save(&self) -> Result<Vec<u8>> {
        let stream = Stream::of(&[]);
        let given = stream.to_com_ptr::<IBStream>().context("no stream")?;
        // SAFETY: the stream outlives the call.
        ensure!(unsafe { self.component.getState(given.as_ptr()) } == kResultOk, "it cannot save");
        Ok(stream.bytes())
    }

    /// Loads a state as hosts do: into the component, and then into the controller.
    ///
    /// # Errors
    /// When the plugin refuses it.
    pub fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let stream = || Stream::of(bytes).to_com_ptr::<IBStream>().context("no stream");
        // SAFETY: the stream outlives the call.
        ensure!(unsafe { self.component.setState(stream()?.as_ptr()) } == kResultOk, "it refuses the state");
        // SAFETY: as above; a plugin that is a single object may have nothing more to do.
        unsafe { self.controller.setComponentState(stream()?.as_ptr()) };
        Ok(())
    }

    /// What the window did and what the plugin requested since the last call.
    pub fn take_edits(&self) -> Vec<Edit> {
        self.handler.take_edits()
    }

    /// A view of the editor.
    #[cfg(target_os = "linux")]
    pub(super) fn create_view(&self) -> Result<ComPtr<IPlugView>> {
        const EDITOR: &std::ffi::CStr = c"editor";
        // SAFETY: the caller owns the result.
        let view = unsafe { ComPtr::from_raw(self.controller.createView(EDITOR.as_ptr())) };
        view.context("the plugin has no editor")
    }

    /// Takes the component handler back, as hosts do before they end an instance.
    pub fn take_handler_back(&mut self) {
        // SAFETY: the instance is initialised.
        unsafe { self.controller.setComponentHandler(std::ptr::null_mut()) };
    }

    /// Ends the instance and initialises it again, without a handler, as Steinberg's validator does. Buses stay as they
    /// are, and it is not active afterwards.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn initialize_again(&mut self) -> Result<()> {
        self.deactivate();
        let base = self.component.cast::<IPluginBase>().context("it is no plugin base")?;
        // SAFETY: the instance is initialised, inactive, and the host outlives it.
        ensure!(unsafe { base.terminate() } == kResultOk, "it cannot be ended");
        // SAFETY: it has ended.
        let again = unsafe { base.initialize(self.host.as_ptr().cast::<FUnknown>()) };
        ensure!(again == kResultOk, "it cannot be initialised again");
        Ok(())
    }

    /// Ends the instance in the middle of its work, as hosts in a hurry do.
    pub fn abandon(&mut self) {
        self.setup = None;
        self.terminate();
    }

    /// Ends the instance, as hosts do before they release it; afterwards it may only be dropped.
    pub fn terminate(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        self.deactivate();
        self.take_handler_back();
        // SAFETY: the instance is initialised; afterwards only `release` is called on it.
        unsafe { self.component.terminate() };
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        self.terminate();
    }
}

const fn process_mode(offline: bool) -> int32 {
    #[allow(clippy::cast_possible_wrap, clippy::unnecessary_cast, reason = "0 to 2, signed on some systems")]
    if offline { ProcessModes_::kOffline as int32 } else { ProcessModes_::kRealtime as int32 }
}

fn wide_text(letters: &String128) -> String {
    let end = letters.iter().position(|letter| *letter == 0).unwrap_or(letters.len());
    String::from_utf16_lossy(&letters[..end])
}
