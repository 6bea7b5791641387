//! The side of an instance that plays, called as by a host's audio thread.

#![allow(unsafe_code, reason = "VST3 is an interface in C++")]

use super::block::{Block, Moment, Played};
use super::host_objects::{Changes, EventList};
use anyhow::{Result, ensure};
use std::ptr::null_mut;
use vst3::Steinberg::Vst::ProcessContext_::StatesAndFlags_ as State;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, IAudioProcessor, IAudioProcessorTrait, IEventList, IParameterChanges,
    ProcessContext, ProcessData,
};
use vst3::Steinberg::{int32, kResultOk};
use vst3::{Class, ComPtr, ComWrapper, Interface};

/// Played by one thread at a time.
pub struct Processor {
    plugin: ComPtr<IAudioProcessor>,
    process_mode: int32,
    sample_rate: f64,
}

// SAFETY: VST3 lets any single thread call `process`, and nothing else is called here.
unsafe impl Send for Processor {}

/// The output buffers of a block.
#[derive(Debug)]
pub enum Audio<'a> {
    /// As many frames as the block has, left and right.
    Stereo([&'a mut [f32]; 2]),
    /// The bus has no channels, as for a plugin that is bypassed.
    NoChannels,
}

impl Processor {
    pub(super) const fn new(plugin: ComPtr<IAudioProcessor>, process_mode: int32, sample_rate: f64) -> Self {
        Self { plugin, process_mode, sample_rate }
    }

    /// Plays one block.
    ///
    /// # Errors
    /// When the block is too long for a host to express.
    pub fn process(&mut self, block: Block<'_>, audio: Audio<'_>) -> Result<Played> {
        let mut channels = match audio {
            Audio::Stereo([left, right]) => {
                let frames = usize::try_from(block.frames)?;
                ensure!(left.len() >= frames && right.len() >= frames, "the buffers are shorter than the block");
                vec![left.as_mut_ptr(), right.as_mut_ptr()]
            }
            Audio::NoChannels => Vec::new(),
        };
        let buffers = AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() };
        let count = int32::try_from(channels.len())?;
        let mut outputs = AudioBusBuffers { numChannels: count, silenceFlags: 0, __field0: buffers };
        let (heard, values) = (EventList::of(block.cues), Changes::of(block.points));
        let (sent, changed) = (EventList::with_room(block.room), Changes::of(&[]));
        let mut context = block.moment.map(|moment| self.context(moment, block.at));
        let mut data = ProcessData {
            processMode: self.process_mode,
            symbolicSampleSize: 0,
            numSamples: int32::try_from(block.frames)?,
            numInputs: 0,
            numOutputs: 1,
            inputs: null_mut(),
            outputs: &raw mut outputs,
            inputParameterChanges: list::<_, IParameterChanges>(&values),
            outputParameterChanges: if block.has_outputs { list(&changed) } else { null_mut() },
            inputEvents: list::<_, IEventList>(&heard),
            outputEvents: if block.has_outputs { list(&sent) } else { null_mut() },
            processContext: context.as_mut().map_or(null_mut(), |context| &raw mut *context),
        };
        // SAFETY: everything that is passed lives until the call is over, and the channels have the block's frames.
        let ok = unsafe { self.plugin.process(&raw mut data) } == kResultOk;
        Ok(Played { ok, sent: sent.sent(), refused: sent.refused(), points: changed.points() })
    }

    fn context(&self, moment: Moment, at: u64) -> ProcessContext {
        // SAFETY: all zeros is a valid value of plain numbers.
        let mut context: ProcessContext = unsafe { std::mem::zeroed() };
        let mut state = 0;
        let mut flag = |is_set: bool, flag| state |= if is_set { flag } else { 0 };
        flag(moment.playing, State::kPlaying);
        flag(moment.tempo_bpm.is_some(), State::kTempoValid);
        flag(moment.beats.is_some(), State::kProjectTimeMusicValid);
        flag(moment.bar_beats.is_some(), State::kBarPositionValid);
        flag(moment.metre.is_some(), State::kTimeSigValid);
        flag(moment.cycle_active, State::kCycleActive);
        flag(moment.cycle_beats.is_some(), State::kCycleValid);
        #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "signed on some systems")]
        {
            context.state = state as u32;
        }
        context.sampleRate = self.sample_rate;
        context.projectTimeSamples = i64::try_from(at).unwrap_or(i64::MAX);
        context.projectTimeMusic = moment.beats.unwrap_or_default();
        context.barPositionMusic = moment.bar_beats.unwrap_or_default();
        context.tempo = moment.tempo_bpm.unwrap_or_default();
        (context.timeSigNumerator, context.timeSigDenominator) = moment.metre.unwrap_or_default();
        (context.cycleStartMusic, context.cycleEndMusic) = moment.cycle_beats.unwrap_or_default();
        context
    }
}

/// The plugin borrows the list for one call.
fn list<C: Class, I: Interface>(of: &ComWrapper<C>) -> *mut I {
    of.as_com_ref::<I>().map_or(null_mut(), |list| list.as_ptr())
}
