//! What has sounded and what is about to: written by the audio thread, read by whoever looks.
//!
//! A block in which nothing happens costs a handful of stores. What is planned is only worked out and shown while somebody
//! watches, so a window that is closed costs nothing more. When a block brings more than `BLOCK_ENTRIES` entries the rest
//! of them is not written, and everything is written as over, so that no note hangs on the paper.
//!
//! `pages` is the memory that both sides share, `history` what a reader makes of it. Knows nothing of what is done with it.

mod event_log;
mod history;
pub mod midi_file;

pub use event_log::{ENTRIES, Entry, Event, EventLog, Present, Watch};
pub use history::{Change, History, Played};

use crate::host::{FrameOffset, HostEvent, HostIo, Message, NoteSource, Sent, SynthEvent};
use crate::snapshot::{Chords, Snapshot};
use arrayvec::ArrayVec;
use segue_model::note::{Bars, TICKS_PER_QUARTER, Ticks};
use std::sync::Arc;

/// What one block may bring.
const BLOCK_ENTRIES: usize = 256;
/// A tempo is written again when the line that it makes is off by this much: less than a tick of a captured file.
const OFF_TICKS: f64 = 0.04;
const NANOSECONDS: f64 = 1e9;

/// The audio thread's pen. It has no method that can wait.
#[derive(Debug, Default)]
pub struct Recorder {
    pages: Arc<EventLog>,
    /// The audio played so far.
    at_ns: u64,
    /// What one frame adds may be no whole number of nanoseconds.
    rest_ns: f64,
    /// What this block has brought.
    block: ArrayVec<(u32, Event), BLOCK_ENTRIES>,
    lost: bool,
    /// What was written last, and where time was then.
    line: Option<(f64, u64, f64)>,
    bars: Option<Bars>,
    form: Option<Ticks>,
    chords: Option<Chords>,
    follows_host: bool,
    /// Whether the last block brought anything to see.
    news: bool,
}

impl Recorder {
    /// For those who read.
    pub fn pages(&self) -> Arc<EventLog> {
        Arc::clone(&self.pages)
    }

    /// Everything that sounded is over, and there is no block to say so in.
    pub fn silence(&mut self) {
        self.block.clear();
        self.lost = true;
    }

    /// Whether somebody wants to see what is planned.
    pub fn is_watched(&self) -> bool {
        self.pages.is_watched()
    }

    /// True when the last block brought something to look at, and somebody looks.
    pub fn has_news(&self) -> bool {
        self.news
    }

    /// Ends a block of `frames`: writes what it has brought, where the hands are now, and what they play to; where that is
    /// a chord that was heard, since which moment of the beats.
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
        // Read in place: taken out, the whole list would be copied in every block.
        for &(offset, event) in &self.block {
            let into = f64::from(offset);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within a block")]
            let at_ns = began_ns + (into / sample_rate * NANOSECONDS) as u64;
            self.pages.write(Entry { at_ns, tick: start + into * ticks_per_frame, event });
        }
        self.block.clear();
        if std::mem::take(&mut self.lost) {
            self.pages.write(Entry { at_ns: self.at_ns, tick: snapshot.now, event: Event::Silence });
        }
        self.pages.show(self.at_ns, snapshot, song_beats);
    }

    /// Writes tempo, bars and jumps where they are not as they were.
    fn note_time(&mut self, at_ns: u64, tick: f64, snapshot: &Snapshot) {
        let bpm = snapshot.tempo_bpm;
        if self.follows_host != snapshot.follows_host {
            self.follows_host = snapshot.follows_host;
            self.pages.write(Entry { at_ns, tick, event: Event::Cut { plays: snapshot.follows_host } });
        }
        #[expect(clippy::cast_precision_loss, reason = "2^53 nanoseconds are a hundred days")]
        let expected = self.line.map(|(from, since_ns, bpm)| {
            from + (at_ns.saturating_sub(since_ns)) as f64 / NANOSECONDS * bpm * PER_QUARTER / 60.0
        });
        if expected.is_none_or(|expected| (expected - tick).abs() > OFF_TICKS) || self.is_old(at_ns) {
            self.line = Some((tick, at_ns, bpm));
            #[expect(clippy::cast_possible_truncation, reason = "seven digits of a tempo are plenty")]
            self.pages.write(Entry { at_ns, tick, event: Event::Tempo { bpm: bpm as f32 } });
        }
        if self.bars != Some(snapshot.bars) || self.is_fresh(at_ns) {
            self.bars = Some(snapshot.bars);
            let event = Event::Bars(snapshot.bars.metre);
            self.pages.write(Entry { at_ns, tick: snapshot.bars.line.as_f64(), event });
        }
        if self.form != Some(snapshot.form) || self.is_fresh(at_ns) {
            self.form = Some(snapshot.form);
            self.pages.write(Entry { at_ns, tick: snapshot.form.as_f64(), event: Event::Form });
        }
    }

    /// Writes what is played to where it is not as it was.
    fn note_chords(&mut self, at_ns: u64, tick: f64, (chords, since): (Chords, Option<f64>)) {
        let before = self.chords.replace(chords);
        if before != Some(chords) || self.is_fresh(at_ns) {
            // What was heard before hands were listened to counts from then on.
            let tick = since.filter(|_| matches!(before, Some(Chords::Heard(_)))).unwrap_or(tick);
            self.pages.write(Entry { at_ns, tick, event: Event::Chords(chords) });
        }
    }

    /// Time is written again now and then, so that it is not among what the ring has lost.
    fn is_old(&self, at_ns: u64) -> bool {
        const AGAIN_NS: u64 = 20_000_000_000;
        self.line.is_none_or(|(_, since_ns, _)| at_ns >= since_ns.saturating_add(AGAIN_NS))
    }

    /// The tempo has just been written.
    fn is_fresh(&self, at_ns: u64) -> bool {
        self.line.is_some_and(|(_, since_ns, _)| since_ns == at_ns)
    }

    fn note(&mut self, at: FrameOffset, what: SynthEvent) {
        let event = match what {
            // They follow from the chart and the clock.
            SynthEvent::NoteOn { source: NoteSource::Comping | NoteSource::Click, .. }
            | SynthEvent::NoteOff { source: NoteSource::Comping | NoteSource::Click, .. } => {
                return;
            }
            SynthEvent::NoteOn { source: who, pitch, velocity, channel: _ } => {
                Event::Strike { who, pitch, velocity: midi(velocity) }
            }
            SynthEvent::NoteOff { source: who, pitch, channel: _ } => Event::Damp { who, pitch },
            SynthEvent::AllSoundOff => Event::Silence,
            // It lengthens what is heard, and is part of no note on paper.
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

/// A host whose sounds are written down.
pub struct RecordedIo<'a, S> {
    host: &'a mut S,
    recorder: &'a mut Recorder,
}

impl<'a, S> RecordedIo<'a, S> {
    /// Writes down what sounds on `host`.
    pub fn new(host: &'a mut S, recorder: &'a mut Recorder) -> Self {
        Self { host, recorder }
    }
}

impl<S: HostIo> HostIo for RecordedIo<'_, S> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        self.host.next_event()
    }

    fn play(&mut self, at: FrameOffset, what: SynthEvent) {
        self.recorder.note(at, what);
        self.host.play(at, what);
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        self.host.send(at, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{PlannedNote, SHOWN_PLANS};
    use segue_model::note::{Metre, Pitch};

    const RATE: f64 = 48_000.0;
    const UNKNOWN: (Chords, Option<f64>) = (Chords::Off, None);

    fn snapshot(now: f64, tempo_bpm: f64) -> Snapshot {
        Snapshot {
            now,
            tempo_bpm,
            bars: Bars { line: Ticks(0), metre: Metre::COMMON },
            form: Ticks(0),
            follows_host: false,
            is_segues_turn: false,
            planned: ArrayVec::new(),
        }
    }

    fn strike(key: u8) -> SynthEvent {
        SynthEvent::NoteOn { source: NoteSource::Segue, channel: 0, pitch: Pitch::new(key).unwrap(), velocity: 0.5 }
    }

    fn strikes(entries: &[Entry]) -> Vec<&Entry> {
        entries.iter().filter(|entry| matches!(entry.event, Event::Strike { .. })).collect()
    }

    #[test]
    fn a_note_is_written_at_its_tick_wherever_the_blocks_are_cut() {
        // 120 bpm: a tick is 250 frames.
        for size in [1, 64, 441, 4_096] {
            let mut recorder = Recorder::default();
            for start in (0..8_192).step_by(size) {
                if (start..start + size).contains(&2_500) {
                    recorder.note(FrameOffset(u32::try_from(2_500 - start).unwrap()), strike(60));
                }
                let (frames, end) = (u32::try_from(size).unwrap(), f64::from(u32::try_from(start + size).unwrap()));
                recorder.end_block(frames, RATE, &snapshot(end / 500.0, 120.0), UNKNOWN, None);
            }
            let (entries, _) = recorder.pages.since(0);
            let [note] = strikes(&entries)[..] else { panic!("one note: {entries:?}") };
            assert!((note.tick - 5.0).abs() < 1e-6, "blocks of {size}: {note:?}");
            assert!(note.at_ns.abs_diff(52_083_333) < 100, "blocks of {size}: {note:?}");
            assert_eq!(entries.len(), 5, "time and chords are written once: {entries:?}");
        }
    }

    #[test]
    fn a_full_ring_keeps_the_newest_and_a_reader_goes_on_where_it_was() {
        let mut recorder = Recorder::default();
        let mut seen = 0;
        let mut read = 0;
        let blocks = u32::try_from(ENTRIES).unwrap() + 1_000;
        for block in 0..blocks {
            recorder.note(FrameOffset(0), strike(60));
            recorder.end_block(480, RATE, &snapshot(f64::from(block + 1) * 0.96, 120.0), UNKNOWN, None);
            if block.is_multiple_of(1_000) {
                let (entries, next) = recorder.pages.since(seen);
                (seen, read) = (next, read + strikes(&entries).len());
            }
        }
        read += strikes(&recorder.pages.since(seen).0).len();
        assert_eq!(read, usize::try_from(blocks).unwrap(), "a reader that comes in time loses nothing");
        let (kept, _) = recorder.pages.since(0);
        assert_eq!(kept.len(), ENTRIES);
        assert!(kept.is_sorted_by_key(|entry| entry.at_ns));
        let has_time = kept.iter().any(|entry| matches!(entry.event, Event::Tempo { .. }));
        assert!(has_time, "the tempo is not among what is lost, however long ago it changed");
    }

    #[test]
    fn a_block_that_brings_too_much_leaves_no_note_hanging() {
        let mut recorder = Recorder::default();
        for offset in 0..300 {
            recorder.note(FrameOffset(offset), strike(60));
        }
        recorder.end_block(4_800, RATE, &snapshot(9.6, 120.0), UNKNOWN, None);
        let mut history = History::default();
        history.extend(recorder.pages.since(0).0);
        assert_eq!(history.notes.len(), BLOCK_ENTRIES);
        assert!(!history.is_sounding());
    }

    #[test]
    fn the_present_is_read_as_it_was_written() {
        let mut recorder = Recorder::default();
        assert_eq!(recorder.pages.present(), None, "before the first block");
        let planned = PlannedNote { onset: 7.25, length: 12.0, key: 64, velocity: 90 };
        let mut shown = snapshot(-3.5, 133.0);
        shown.bars = Bars { line: Ticks(-72), metre: Metre::new(6, 8).unwrap() };
        shown.is_segues_turn = true;
        shown.planned.extend([planned; SHOWN_PLANS]);
        recorder.end_block(64, RATE, &shown, UNKNOWN, Some(17.5));
        let present = recorder.pages.present().unwrap();
        assert_eq!((present.snapshot, present.song_beats), (shown, Some(17.5)));
    }

    #[test]
    fn what_sounds_is_written_whoever_looks_and_there_is_news_only_for_those_who_watch() {
        let mut recorder = Recorder::default();
        let play = |recorder: &mut Recorder, watched: bool| {
            recorder.note(FrameOffset(0), strike(60));
            recorder.end_block(64, RATE, &snapshot(0.1, 120.0), UNKNOWN, None);
            assert_eq!((recorder.is_watched(), recorder.has_news()), (watched, watched));
        };
        play(&mut recorder, false);
        let pages = recorder.pages();
        let (one, other) = (pages.watch(), pages.watch());
        play(&mut recorder, true);
        drop(one);
        play(&mut recorder, true);
        drop(other);
        play(&mut recorder, false);
        assert_eq!(strikes(&pages.since(0).0).len(), 4);
    }

    #[test]
    fn a_rendering_that_begins_anew_goes_on_after_what_was_written() {
        let mut history = History::default();
        let note = |tick, event| Entry { at_ns: 0, tick, event };
        let pitch = Pitch::new(60).unwrap();
        let on = Event::Strike { who: NoteSource::Player, pitch, velocity: 1 };
        history.extend([note(100.0, on), note(0.0, Event::Tempo { bpm: 120.0 }), note(10.0, on)]);
        let found: Vec<_> = history.notes.iter().map(|note| (note.onset, note.end)).collect();
        assert_eq!(found, [(100.0, Some(100.0)), (110.0, None)]);
    }
}
