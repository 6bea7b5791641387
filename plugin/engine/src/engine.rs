//! One whole instance without a plugin around it: performer, built-in sound, recorder, and the worker thread.
//!
//! The plugin and the programs without a host hand over blocks and get notes and sound. Only [`Engine::play`],
//! [`Engine::reset`], [`Engine::panic`] and [`Engine::catch_up`] may be called on the audio thread.

use crate::answers::AnswerShelf;
use crate::host::{
    Block, ChannelMessage, FrameOffset, HostEvent, HostEvents, HostIo, Message, Sent, StyleNumber, SynthEvent,
};
use crate::link::{AudioEnd, WorkerEnd, link};
use crate::performer::Performer;
use crate::recorder::{EventLog, RecordedIo, Recorder};
use crate::stats::{Stats, WorkerStatus};
use crate::synth::{SAMPLE_RATES, Sound};
use crate::worker::{Improvise, Worker};
use segue_model::note::Velocity;
use std::sync::Arc;
use std::time::Duration;

/// Before the first activation, when nothing is played.
const NO_RATE: f32 = 48_000.0;
const CHANNELS: u8 = 16;
const ALL_NOTES_OFF: u8 = 123;

/// One instance of Segue.
pub struct Engine {
    stats: Arc<Stats>,
    performer: Performer,
    recorder: Recorder,
    sound: Sound,
    sample_rate: f32,
    audio: AudioEnd,
    /// Taken by the worker when it starts.
    worker_end: Option<WorkerEnd>,
    /// Started by the first activation, so that scanning starts no thread.
    worker: Option<Worker>,
    /// The next block tells the host that all notes are off.
    tells_all_off: bool,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// Without memory and without a worker.
    pub fn new() -> Self {
        Self::with_answers(Arc::default())
    }

    /// The same, with its answers on this shelf, where other threads find them.
    pub fn with_answers(shelf: Arc<AnswerShelf>) -> Self {
        let stats = Arc::new(Stats::default());
        let (audio, worker_end) = link();
        Self {
            performer: Performer::with_answers(f64::from(NO_RATE), Arc::clone(&stats), shelf),
            stats,
            recorder: Recorder::default(),
            sound: Sound::new(NO_RATE),
            sample_rate: NO_RATE,
            audio,
            worker_end: Some(worker_end),
            worker: None,
            tells_all_off: false,
        }
    }

    /// The counters, for readers on other threads.
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// What has sounded, for readers on other threads.
    pub fn event_log(&self) -> Arc<EventLog> {
        self.recorder.pages()
    }

    /// Whether the last block brought something to draw and a window watches.
    pub fn has_news(&self) -> bool {
        self.recorder.has_news()
    }

    /// Starts the worker; only the first call does. `make` is called on the worker's thread: see [`Worker::start`].
    pub fn start_worker<M: Improvise>(&mut self, make: impl Fn(StyleNumber, Option<M>) -> Option<M> + Send + 'static) {
        let Some(end) = self.worker_end.take() else { return };
        self.worker = Worker::start(end, Arc::clone(&self.stats), make);
        match self.worker.as_ref().and_then(Worker::thread) {
            Some(thread) => self.audio.set_worker(thread),
            None => self.stats.set_worker_status(WorkerStatus::NoThread),
        }
    }

    /// Prepares for blocks at a rate in frames per second. At one outside [`SAMPLE_RATES`] nothing is played.
    pub fn activate(&mut self, sample_rate: f32) {
        self.sample_rate = sample_rate;
        // Also at the same rate, because a rendering must not begin with what was fading before it.
        self.sound = Sound::new(sample_rate);
        self.performer.activate(f64::from(sample_rate));
    }

    /// Ends all notes. An offline rendering also forgets everything, so that nothing before it has an influence.
    pub fn reset(&mut self, offline: bool) {
        self.sound.silence();
        self.recorder.silence();
        if offline {
            self.performer.start_afresh();
        } else {
            self.performer.reset();
        }
    }

    /// Ends all notes after the last block.
    pub fn deactivate(&mut self) {
        self.recorder.silence();
        self.performer.reset();
        #[cfg(feature = "write_stats")]
        self.stats.write_to_file();
    }

    /// Ends all notes, and with the next block those that sound elsewhere and that nobody here knows of.
    pub fn panic(&mut self) {
        self.reset(false);
        self.tells_all_off = true;
    }

    /// Plays one block: its events in, notes and stereo sound out. Both channels have the block's length.
    pub fn play(&mut self, block: &Block, events: &mut impl HostEvents, left: &mut [f32], right: &mut [f32]) {
        if !SAMPLE_RATES.contains(&self.sample_rate) {
            // No host plays at such a rate; it may ask for one, and gets silence.
            left.fill(0.0);
            right.fill(0.0);
            return;
        }
        let sound = &block.settings.sound;
        self.sound.set_levels(sound.player_level, sound.segue_level, sound.comping_level);
        if std::mem::take(&mut self.tells_all_off) {
            all_notes_off(events);
        }
        let mut io = SoundedIo::new(events, &mut self.sound, left, right, sound.is_on);
        self.performer.perform(block, &mut RecordedIo::new(&mut io, &mut self.recorder), &mut self.audio);
        io.finish();
        self.stats.peaks.raise(self.sound.take_peaks());
        let song_beats = block.transport.beats.filter(|_| block.transport.playing);
        let (snapshot, chords) = (self.performer.snapshot(self.recorder.is_watched()), self.performer.chords());
        self.recorder.end_block(block.frames, f64::from(self.sample_rate), &snapshot, chords, song_beats);
        self.audio.wake();
    }

    /// Waits until the worker has answered all that was sent, but not longer than this. For hosts that render without
    /// saying so.
    pub fn catch_up(&mut self, limit: Duration) {
        if self.audio.catch_up(limit) {
            self.stats.waits.add_one();
        }
    }
}

fn all_notes_off(events: &mut impl HostEvents) {
    for channel in 0..CHANNELS {
        let message = ChannelMessage::Controller { channel, number: ALL_NOTES_OFF, value: 0.0 };
        // A host that refuses it has no room for anything: the note-offs are offered again, this is not.
        let _ = events.send(FrameOffset(0), Message::Control(message));
    }
}

/// The host's event lists, and the built-in sound rendered between the notes.
struct SoundedIo<'a, E> {
    events: &'a mut E,
    sound: &'a mut Sound,
    left: &'a mut [f32],
    right: &'a mut [f32],
    /// How far the sound is rendered.
    rendered: usize,
    is_on: bool,
}

impl<'a, E> SoundedIo<'a, E> {
    /// Off, no new note is struck and what sounds fades.
    fn new(events: &'a mut E, sound: &'a mut Sound, left: &'a mut [f32], right: &'a mut [f32], is_on: bool) -> Self {
        if !is_on {
            sound.silence();
        }
        Self { events, sound, left, right, rendered: 0, is_on }
    }

    /// Renders what is left of the block.
    fn finish(&mut self) {
        self.render_until(self.left.len());
    }

    fn render_until(&mut self, end: usize) {
        let range = self.rendered..end;
        if let (Some(left), Some(right)) = (self.left.get_mut(range.clone()), self.right.get_mut(range))
            && !left.is_empty()
        {
            self.sound.render(left, right);
            self.rendered = end;
        }
    }
}

impl<E: HostEvents> HostEvents for SoundedIo<'_, E> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        self.events.next_event()
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        self.events.send(at, message)
    }
}

impl<E: HostEvents> HostIo for SoundedIo<'_, E> {
    fn play(&mut self, at: FrameOffset, what: SynthEvent) {
        self.render_until(at.0 as usize);
        match what {
            SynthEvent::NoteOn { .. } if !self.is_on => {}
            SynthEvent::NoteOn { source, channel, pitch, velocity } => {
                self.sound.note_on(source, channel, pitch.key(), Velocity::nearest(velocity * 127.0).value());
            }
            SynthEvent::NoteOff { source, channel, pitch } => self.sound.note_off(source, channel, pitch.key()),
            SynthEvent::Pedal { channel, down } => self.sound.pedal(channel, down),
            SynthEvent::AllSoundOff => self.sound.silence(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Key, Settings, Transport};
    use segue_model::note::Pitch;

    /// A fake host that sends one event and counts what it gets.
    struct FakeHost {
        event: Option<HostEvent>,
        sent: Vec<Message>,
    }

    impl HostEvents for FakeHost {
        fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
            Some((FrameOffset(20), self.event.take()?))
        }
        fn send(&mut self, _: FrameOffset, message: Message) -> Sent {
            self.sent.push(message);
            Sent::Accepted
        }
    }

    const PITCH: Pitch = match Pitch::new(69) {
        Some(pitch) => pitch,
        None => Pitch::MAX,
    };

    fn key_down() -> FakeHost {
        let key = Key { voice: None, channel: 0, pitch: PITCH };
        FakeHost { event: Some(HostEvent::NoteOn { key, velocity: 1.0 }), sent: Vec::new() }
    }

    fn block() -> Block {
        Block { frames: 64, into: 0, transport: Transport::default(), settings: Settings::default(), offline: false }
    }

    fn engine(sample_rate: f32) -> Engine {
        let mut engine = Engine::new();
        engine.activate(sample_rate);
        engine.reset(false);
        engine
    }

    /// The built-in sound starts on the frame of the note, and not at all where it is turned off.
    #[test]
    fn sound_starts_on_the_frame_of_the_note() {
        let (mut left, mut right) = ([1.0; 64], [1.0; 64]);
        engine(48_000.0).play(&block(), &mut key_down(), &mut left, &mut right);
        assert!(left[..20].iter().all(|sample| *sample == 0.0), "silent before the note");
        assert!(left[20..].iter().any(|sample| *sample != 0.0), "heard from then on");
        let mut off = block();
        off.settings.sound.is_on = false;
        engine(48_000.0).play(&off, &mut key_down(), &mut left, &mut right);
        assert!(left.iter().chain(&right).all(|sample| *sample == 0.0));
    }

    /// Beyond what the sound is made for the block is silent, and no event is read.
    #[test]
    fn at_an_absurd_sample_rate_nothing_is_played() {
        for sample_rate in [4_000.0, 3e6] {
            let (mut left, mut right) = ([1.0; 64], [1.0; 64]);
            let mut host = key_down();
            engine(sample_rate).play(&block(), &mut host, &mut left, &mut right);
            assert!(left.iter().chain(&right).all(|sample| *sample == 0.0), "{sample_rate} Hz");
            assert!(host.event.is_some());
        }
    }

    /// A panic tells every channel once that all notes are off, and what sounds fades.
    #[test]
    fn a_panic_ends_notes_that_nobody_here_knows_of() {
        let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
        let (mut engine, mut host) = (engine(48_000.0), key_down());
        engine.play(&block(), &mut host, &mut left, &mut right);
        engine.panic();
        engine.play(&block(), &mut host, &mut left, &mut right);
        let off = |message: &Message| {
            matches!(message, Message::Control(ChannelMessage::Controller { number: ALL_NOTES_OFF, .. }))
        };
        assert_eq!(host.sent.iter().filter(|message| off(message)).count(), usize::from(CHANNELS));
        engine.play(&block(), &mut host, &mut left, &mut right);
        assert_eq!(host.sent.iter().filter(|message| off(message)).count(), usize::from(CHANNELS), "once");
        for _ in 0..50 {
            engine.play(&block(), &mut host, &mut left, &mut right);
        }
        assert!(left.iter().all(|sample| sample.abs() < 1e-4), "faded within 67 ms");
    }
}
