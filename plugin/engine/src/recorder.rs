//! The event recorder: what has sounded and what is planned. The audio thread writes it; other threads read it.
//!
//! A block in which nothing happens costs a handful of stores. Planned notes are written only while a window watches.
//! If a block brings more than `BLOCK_ENTRIES` events, the recorder drops the rest of them and records that all notes
//! have ended, so that no note hangs in the recording.
//!
//! Does not know what the recording is used for: `event_log` is the memory, `history` puts the notes together.

mod event_log;
mod history;
pub mod midi_file;

pub use event_log::{ENTRIES, EventLog, LogEntry, LogEvent, Present, Watch};
pub use history::{Change, History, RecordedNote};

use crate::host::{FrameOffset, HostEvent, HostEvents, HostIo, Message, NoteSource, Sent, SynthEvent};
use crate::snapshot::{Chords, Snapshot};
use arrayvec::ArrayVec;
use segue_model::note::{Bars, TICKS_PER_QUARTER, Ticks};
use std::sync::Arc;

/// The most events that one block can record.
const BLOCK_ENTRIES: usize = 256;
/// The tempo is written again when the line through the last one is off by this much: less than a tick of a captured
/// file.
const OFF_TICKS: f64 = 0.04;
const NANOSECONDS: f64 = 1e9;

/// The audio thread's end of the recorder. It has no method that can wait.
#[derive(Debug, Default)]
pub struct Recorder {
    pages: Arc<EventLog>,
    /// The audio played so far, in nanoseconds.
    at_ns: u64,
    /// The fraction of a nanosecond that the last block left over; the next block adds it.
    rest_ns: f64,
    /// The events of this block.
    block: ArrayVec<(u32, LogEvent), BLOCK_ENTRIES>,
    lost: bool,
    /// The last written tempo: its tick, its nanosecond, and quarter notes per minute.
    line: Option<(f64, u64, f64)>,
    bars: Option<Bars>,
    form: Option<Ticks>,
    chords: Option<Chords>,
    follows_host: bool,
    /// Whether the last block changed what the window draws.
    news: bool,
}

impl Recorder {
    /// The event log, for readers.
    pub fn pages(&self) -> Arc<EventLog> {
        Arc::clone(&self.pages)
    }

    /// Records that all notes have ended outside a block.
    pub fn silence(&mut self) {
        self.block.clear();
        self.lost = true;
    }

    /// Whether a window is watching.
    pub fn is_watched(&self) -> bool {
        self.pages.is_watched()
    }

    /// Whether the last block changed what the window draws, and a window is watching.
    pub fn has_news(&self) -> bool {
        self.news
    }

    /// Ends a block of `frames`: writes its events, where the engine is now, and the chords that notes are played to.
    /// For a chord that was heard, the number is the beat moment since which it holds.
    pub fn end_block(
        &mut self,
        frames: u32,
        sample_rate: f64,
        snapshot: &Snapshot,
        chords: (Chords, Option<f64>),
        song_beats: Option<f64>,
    ) {
        let began_ns = self.at_ns;
        let length_ns = f64::from(frames) / sample_rate * NANOSECONDS + self.rest_ns;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a block is short and not negative"
        )]
        let whole = length_ns as u64;
        #[expect(clippy::cast_precision_loss, reason = "a block is short")]
        let rest = length_ns - whole as f64;
        (self.at_ns, self.rest_ns) = (began_ns.saturating_add(whole), rest);
        let ticks_per_frame = snapshot.tempo_bpm * PER_QUARTER / 60.0 / sample_rate;
        let start = snapshot.now - f64::from(frames) * ticks_per_frame;
        let brings = self.lost || !self.block.is_empty() || !snapshot.planned.is_empty() || snapshot.follows_host;
        self.news = brings && self.is_watched();

        self.note_time(began_ns, start, snapshot);
        self.note_chords(began_ns, start, chords);
        // Read in place, because taking the list would copy all of it in every block.
        for &(offset, event) in &self.block {
            let into = f64::from(offset);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within a block")]
            let at_ns = began_ns + (into / sample_rate * NANOSECONDS) as u64;
            self.pages.write(LogEntry { at_ns, tick: start + into * ticks_per_frame, event });
        }
        self.block.clear();
        if std::mem::take(&mut self.lost) {
            self.pages.write(LogEntry { at_ns: self.at_ns, tick: snapshot.now, event: LogEvent::Silence });
        }
        self.pages.show(self.at_ns, snapshot, song_beats);
    }

    /// Writes tempo, bars and transport changes if they have changed.
    fn note_time(&mut self, at_ns: u64, tick: f64, snapshot: &Snapshot) {
        let bpm = snapshot.tempo_bpm;
        if self.follows_host != snapshot.follows_host {
            self.follows_host = snapshot.follows_host;
            self.pages.write(LogEntry { at_ns, tick, event: LogEvent::Cut { plays: snapshot.follows_host } });
        }
        #[expect(clippy::cast_precision_loss, reason = "2^53 nanoseconds are a hundred days")]
        let expected = self.line.map(|(from, since_ns, bpm)| {
            from + (at_ns.saturating_sub(since_ns)) as f64 / NANOSECONDS * bpm * PER_QUARTER / 60.0
        });
        if expected.is_none_or(|expected| (expected - tick).abs() > OFF_TICKS) || self.is_old(at_ns) {
            self.line = Some((tick, at_ns, bpm));
            #[expect(clippy::cast_possible_truncation, reason = "seven digits of a tempo are plenty")]
            self.pages.write(LogEntry { at_ns, tick, event: LogEvent::Tempo { bpm: bpm as f32 } });
        }
        if self.bars != Some(snapshot.bars) || self.is_fresh(at_ns) {
            self.bars = Some(snapshot.bars);
            let event = LogEvent::Bars(snapshot.bars.metre);
            self.pages.write(LogEntry { at_ns, tick: snapshot.bars.line.as_f64(), event });
        }
        if self.form != Some(snapshot.form) || self.is_fresh(at_ns) {
            self.form = Some(snapshot.form);
            self.pages.write(LogEntry { at_ns, tick: snapshot.form.as_f64(), event: LogEvent::Form });
        }
    }

    /// Writes the chords if they have changed.
    fn note_chords(&mut self, at_ns: u64, tick: f64, (chords, since): (Chords, Option<f64>)) {
        let before = self.chords.replace(chords);
        if before != Some(chords) || self.is_fresh(at_ns) {
            // Chords count from the moment at which they were heard only if chords were heard before them as well;
            // otherwise from now.
            let tick = since.filter(|_| matches!(before, Some(Chords::Heard(_)))).unwrap_or(tick);
            self.pages.write(LogEntry { at_ns, tick, event: LogEvent::Chords(chords) });
        }
    }

    /// Tempo and bars are written again every 20 s, so that the ring always holds them.
    fn is_old(&self, at_ns: u64) -> bool {
        const AGAIN_NS: u64 = 20_000_000_000;
        self.line.is_none_or(|(_, since_ns, _)| at_ns >= since_ns.saturating_add(AGAIN_NS))
    }

    /// Whether the tempo has just been written.
    fn is_fresh(&self, at_ns: u64) -> bool {
        self.line.is_some_and(|(_, since_ns, _)| since_ns == at_ns)
    }

    fn note(&mut self, at: FrameOffset, what: SynthEvent) {
        let event = match what {
            // The chart and the clock determine these, so they are not recorded.
            SynthEvent::NoteOn { source: NoteSource::Comping | NoteSource::Click, .. }
            | SynthEvent::NoteOff { source: NoteSource::Comping | NoteSource::Click, .. } => {
                return;
            }
            SynthEvent::NoteOn { source: who, pitch, velocity, channel: _ } => {
                LogEvent::NoteOn { who, pitch, velocity: midi(velocity) }
            }
            SynthEvent::NoteOff { source: who, pitch, channel: _ } => LogEvent::NoteOff { who, pitch },
            SynthEvent::AllSoundOff => LogEvent::Silence,
            // The pedal makes a note sound longer, but does not change its written length.
            SynthEvent::Pedal { .. } => return,
        };
        self.lost |= self.block.try_push((at.0, event)).is_err();
    }
}

#[expect(clippy::cast_precision_loss, reason = "48")]
const PER_QUARTER: f64 = TICKS_PER_QUARTER as f64;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to 127")]
fn midi(velocity: f32) -> u8 {
    (velocity * 127.0).round().clamp(1.0, 127.0) as u8
}

/// A host whose sounding notes are recorded.
pub struct RecordedIo<'a, S> {
    host: &'a mut S,
    recorder: &'a mut Recorder,
}

impl<'a, S> RecordedIo<'a, S> {
    /// Records what is sent to `host`.
    pub fn new(host: &'a mut S, recorder: &'a mut Recorder) -> Self {
        Self { host, recorder }
    }
}

impl<S: HostEvents> HostEvents for RecordedIo<'_, S> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        self.host.next_event()
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        self.host.send(at, message)
    }
}

impl<S: HostIo> HostIo for RecordedIo<'_, S> {
    fn play(&mut self, at: FrameOffset, what: SynthEvent) {
        self.recorder.note(at, what);
        self.host.play(at, what);
    }
}

#[cfg(test)]
mod tests;
