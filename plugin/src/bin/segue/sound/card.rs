//! Segue on a sound card, through the system's own sound.

use super::block_player::{BlockCount, BlockPlayer};
use super::direct_midi::DirectMidi;
use crate::instrument::SharedInstrument;
use anyhow::{Context, Result, bail};
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, Device, FromSample, SampleFormat, SizedSample, Stream, StreamConfig, SupportedBufferSize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The most frames that are played at once; a longer block is played in parts.
const CHUNK: usize = 1_024;

/// Samples per second and per period, where the card lets us choose.
#[derive(Debug, Clone, Copy)]
pub struct StreamTiming {
    /// Samples per second.
    pub sample_rate: u32,
    /// Samples per period.
    pub period_size: u32,
}

impl Default for StreamTiming {
    fn default() -> Self {
        Self { sample_rate: 48_000, period_size: 256 }
    }
}

/// A stream to a sound card, with the system's MIDI ports; dropping it ends it.
pub struct CardStream {
    _stream: Stream,
    midi: DirectMidi,
    is_lost: Arc<AtomicBool>,
}

impl CardStream {
    /// Plays the instrument on the card of this name, or on the system's usual card.
    ///
    /// # Errors
    /// If there is no such card, or it refuses.
    pub fn start(
        name: Option<&str>,
        timing: StreamTiming,
        instrument: &SharedInstrument,
        count: &BlockCount,
    ) -> Result<(Self, u32)> {
        let device = device(name)?;
        let (config, format) = config(&device, timing)?;
        let (midi, ports) = DirectMidi::new();
        #[expect(clippy::cast_precision_loss, reason = "a sample rate")]
        let sample_rate = config.sample_rate as f32;
        let player = BlockPlayer::new(instrument.clone(), count.clone(), sample_rate);
        let filler =
            Filler { player, ports, channels: config.channels.into(), left: [0.0; CHUNK], right: [0.0; CHUNK] };
        instrument.start(sample_rate);
        let is_lost = Arc::new(AtomicBool::new(false));
        let stream = match format {
            SampleFormat::F32 => open::<f32>(&device, config, filler, &is_lost),
            SampleFormat::F64 => open::<f64>(&device, config, filler, &is_lost),
            SampleFormat::I8 => open::<i8>(&device, config, filler, &is_lost),
            SampleFormat::I16 => open::<i16>(&device, config, filler, &is_lost),
            SampleFormat::I24 => open::<cpal::I24>(&device, config, filler, &is_lost),
            SampleFormat::I32 => open::<i32>(&device, config, filler, &is_lost),
            SampleFormat::U8 => open::<u8>(&device, config, filler, &is_lost),
            SampleFormat::U16 => open::<u16>(&device, config, filler, &is_lost),
            SampleFormat::U32 => open::<u32>(&device, config, filler, &is_lost),
            other => bail!("its samples ({other}) are of a kind that Segue cannot write"),
        }?;
        match stream.play() {
            Err(error) if error.kind() != cpal::ErrorKind::RealtimeDenied => return Err(error.into()),
            // Without a high priority it may crackle, but it plays.
            _ => {}
        }
        Ok((Self { _stream: stream, midi, is_lost }, config.sample_rate))
    }

    /// The system's MIDI ports.
    pub fn midi(&mut self) -> &mut DirectMidi {
        &mut self.midi
    }

    /// Whether the card has gone.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }
}

fn device(name: Option<&str>) -> Result<Device> {
    let Some(name) = name else {
        return cpal::default_host().default_output_device().context("there is no sound card");
    };
    for id in cpal::available_hosts() {
        let Ok(host) = cpal::host_from_id(id) else { continue };
        let Ok(mut devices) = host.output_devices() else { continue };
        let is_it = |device: &Device| device.description().is_ok_and(|known| known.name() == name);
        if let Some(device) = devices.find(is_it) {
            return Ok(device);
        }
    }
    bail!("it is not connected")
}

/// The card's own way of playing two channels that is nearest to what is asked for.
fn config(device: &Device, timing: StreamTiming) -> Result<(StreamConfig, SampleFormat)> {
    let StreamTiming { sample_rate, period_size } = timing;
    let plays_at = |config: &cpal::SupportedStreamConfigRange| {
        (config.min_sample_rate()..=config.max_sample_rate()).contains(&sample_rate)
    };
    // Two channels before more, more before one, and floating point before whole numbers.
    let distance = |config: &cpal::SupportedStreamConfigRange| {
        let (channels, is_float) = (config.channels(), config.sample_format() == SampleFormat::F32);
        (channels < 2, channels.abs_diff(2), !is_float)
    };
    let offered = device.supported_output_configs()?.filter(plays_at).min_by_key(distance);
    let chosen = match offered {
        Some(range) => range.with_sample_rate(sample_rate),
        None => device.default_output_config()?,
    };
    let buffer_size = match chosen.buffer_size() {
        SupportedBufferSize::Range { min, max } => BufferSize::Fixed(period_size.clamp(*min, (*max).max(*min))),
        SupportedBufferSize::Unknown => BufferSize::Default,
    };
    Ok((StreamConfig { buffer_size, ..chosen.config() }, chosen.sample_format()))
}

fn open<T: SizedSample + FromSample<f32>>(
    device: &Device,
    config: StreamConfig,
    mut filler: Filler,
    is_lost: &Arc<AtomicBool>,
) -> Result<Stream> {
    let is_lost = Arc::clone(is_lost);
    let failed = move |error: cpal::Error| {
        // The other kinds pass by themselves.
        if !matches!(error.kind(), cpal::ErrorKind::DeviceChanged | cpal::ErrorKind::Xrun) {
            is_lost.store(true, Ordering::Relaxed);
        }
    };
    Ok(device.build_output_stream(config, move |samples: &mut [T], _| filler.fill(samples), failed, None)?)
}

/// Writes what is played into the card's buffers.
struct Filler {
    player: BlockPlayer,
    ports: super::direct_midi::MidiQueues,
    channels: usize,
    left: [f32; CHUNK],
    right: [f32; CHUNK],
}

impl Filler {
    fn fill<T: SizedSample + FromSample<f32>>(&mut self, samples: &mut [T]) {
        let channels = self.channels.max(1);
        for samples in samples.chunks_mut(CHUNK * channels) {
            let frames = samples.len() / channels;
            let (left, right) = (&mut self.left[..frames], &mut self.right[..frames]);
            self.ports.receive(&mut self.player.midi);
            self.player.play(left, right);
            self.ports.send(&self.player.midi);
            for ((frame, left), right) in samples.chunks_mut(channels).zip(left).zip(right) {
                frame.fill(T::EQUILIBRIUM);
                match frame {
                    [only] => *only = T::from_sample(left.midpoint(*right)),
                    [first, second, ..] => {
                        *first = T::from_sample(*left);
                        *second = T::from_sample(*right);
                    }
                    [] => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of any length and number of channels are filled, and what a card has beyond two channels stays silent.
    #[test]
    fn a_card_with_any_number_of_channels_is_filled() {
        for channels in [1_usize, 2, 6] {
            let (_midi, ports) = DirectMidi::new();
            let instrument = SharedInstrument::default();
            instrument.start(48_000.0);
            let count = BlockCount::default();
            let player = BlockPlayer::new(instrument, count.clone(), 48_000.0);
            let mut filler = Filler { player, ports, channels, left: [0.0; CHUNK], right: [0.0; CHUNK] };
            let mut samples = vec![7_i16; channels * (CHUNK + 100)];
            filler.fill(&mut samples);
            assert_eq!(count.get(), 2, "in two parts");
            assert!(samples.iter().all(|sample| *sample == 0), "{channels} channels: nobody plays");
        }
    }
}
