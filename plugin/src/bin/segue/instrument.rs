//! Segue with the computer's keys, played by whichever audio thread is connected at the moment.

use nice_plug::prelude::*;
use segue::Segue;
use segue::editor::Signals;
use segue::keyboard::HeldKeys;
use segue::params::SegueParams;
use segue_engine::host::{FrameOffset, HostEvent, HostEvents, Key, Message, Sent, Transport};
use segue_model::note::Pitch;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::Duration;

/// The velocity of the computer's keys, which have no dynamics.
const VELOCITY: f32 = 0.7;
/// Longer than a block takes.
const A_MOMENT: Duration = Duration::from_millis(1);

/// Segue with the computer's keyboard instead of a host.
pub struct Instrument {
    segue: Segue,
    keys: Arc<HeldKeys>,
    /// The keys that were down in the previous block.
    heard: u128,
}

impl Default for Instrument {
    fn default() -> Self {
        let segue = Segue::default();
        Self { keys: segue.keys(), segue, heard: 0 }
    }
}

impl Instrument {
    /// The parameters.
    pub fn parameters(&self) -> Arc<SegueParams> {
        self.segue.parameters()
    }

    /// The flags between the window and the audio thread.
    pub fn signals(&self) -> Arc<Signals> {
        self.segue.signals()
    }

    /// The window's part of it.
    pub fn editor(&mut self) -> Option<segue::editor::SegueEditor> {
        // Segue gives nice-plug no tasks to run.
        self.segue.editor(AsyncExecutor::new(Arc::new(|()| {}), Arc::new(|()| {})))
    }

    /// Prepares for blocks at this rate. False if nothing can be played at it.
    fn start(&mut self, sample_rate: f32) -> bool {
        const LARGEST: u32 = 1 << 16;
        self.segue.deactivate();
        self.heard = 0;
        let config = BufferConfig {
            sample_rate,
            min_buffer_size: None,
            max_buffer_size: LARGEST,
            process_mode: ProcessMode::Realtime,
        };
        let starts = self.segue.start(&config);
        self.segue.reset();
        starts
    }

    /// Plays one block of two channels: the computer's keys and the MIDI devices.
    fn play(&mut self, channels: &mut [&mut [f32]], devices: &mut impl HostEvents) {
        let down = self.keys.down();
        let changes = down ^ self.heard;
        self.heard = down;
        // A stopped transport: there is no song, and Segue's own clock runs.
        self.segue.play(channels, Transport::default(), &mut KeysAndDevices { changes, down, devices });
    }
}

/// The instrument, which several audio threads may ask for. One plays it at a time, and none of them waits.
#[derive(Clone, Default)]
pub struct SharedInstrument(Arc<Mutex<Instrument>>);

impl SharedInstrument {
    /// Plays one block, or silence if the instrument is being prepared. For the audio thread.
    pub fn play(&self, left: &mut [f32], right: &mut [f32], devices: &mut impl HostEvents) {
        left.fill(0.0);
        right.fill(0.0);
        // `try_lock` never waits, and nobody else waits for this lock: see `wait`.
        match self.0.try_lock() {
            Ok(mut instrument) => instrument.play(&mut [left, right], devices),
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => {}
        }
    }

    /// Prepares for blocks at another rate. False if nothing can be played at it.
    pub fn start(&self, sample_rate: f32) -> bool {
        self.wait().start(sample_rate)
    }

    /// Ends after the last block.
    pub fn stop(&self) {
        self.wait().segue.deactivate();
    }

    /// Waits until no block is being played. It asks again and again, so that the audio thread has nobody to wake.
    pub fn wait(&self) -> MutexGuard<'_, Instrument> {
        loop {
            match self.0.try_lock() {
                Ok(instrument) => return instrument,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => thread::sleep(A_MOMENT),
            }
        }
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

    const RATE: f32 = 48_000.0;
    const FRAMES: usize = 480;

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

    /// Plays so many blocks; returns the loudest sample.
    fn play(instrument: &SharedInstrument, devices: &mut FakeDevices, blocks: usize) -> f32 {
        let (mut left, mut right, mut peak) = (vec![0.0; FRAMES], vec![0.0; FRAMES], 0.0_f32);
        for _ in 0..blocks {
            instrument.play(&mut left, &mut right, devices);
            peak = left.iter().fold(peak, |peak, sample| peak.max(sample.abs()));
            // Live: the worker needs a moment.
            thread::sleep(A_MOMENT);
        }
        peak
    }

    /// The computer's keys are heard and answered, and go on being heard after the instrument was started again.
    #[test]
    fn the_computers_keys_are_heard_and_answered_without_a_song() {
        let (instrument, mut devices) = (SharedInstrument::default(), FakeDevices::default());
        let keys = Arc::clone(&instrument.wait().keys);
        for rate in [RATE, 2.0 * RATE] {
            devices.notes = 0;
            assert!(instrument.start(rate));
            // Meanwhile the weights are loaded.
            play(&instrument, &mut devices, 200);
            assert_eq!(devices.notes, 0);
            for key in [62, 66, 69, 74] {
                keys.set(Pitch::new(key).unwrap(), true);
                assert!(play(&instrument, &mut devices, 25) > 0.01, "the piano sounds");
                keys.set(Pitch::new(key).unwrap(), false);
            }
            play(&instrument, &mut devices, 800);
            assert!(devices.notes >= 4, "Segue answers with {} notes", devices.notes);
        }
        instrument.stop();
    }

    /// While the instrument is being prepared, the audio thread plays silence and does not wait.
    #[test]
    fn an_audio_thread_plays_silence_rather_than_wait() {
        let instrument = SharedInstrument::default();
        let held = instrument.wait();
        let (mut left, mut right) = ([1.0; 8], [1.0; 8]);
        instrument.play(&mut left, &mut right, &mut FakeDevices::default());
        assert!(left.iter().chain(&right).all(|sample| *sample == 0.0));
        drop(held);
    }
}
