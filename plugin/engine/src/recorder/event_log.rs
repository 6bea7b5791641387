//! The recorder's memory: the audio thread writes it and other threads read it.
//!
//! It is allocated with the instance: a ring of the last [`ENTRIES`] entries, and one page with the present state. The
//! writer only stores numbers (`shared_words`); it never waits, allocates or wakes a thread.
//!
//! When the ring is full, new entries replace the oldest. Ten minutes fit as long as the player and Segue together play
//! fewer than 27 notes a second.

use crate::host::{NoteSource, StyleNumber};
use crate::shared_words::{Look, WordPage, WordRing};
use crate::snapshot::{Chords, PlannedNote, SHOWN_PLANS, ShownPart, Snapshot};
use segue_model::chord::{Chord, ChordKind};
use segue_model::note::{Bars, Metre, Pitch, Ticks};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// Entries in the ring; a note takes two of them.
pub const ENTRIES: usize = 1 << 15;
/// 64-bit words in an entry.
const WIDTH: usize = 3;
/// Words of the page with the present state: its head, and two for each planned note.
const PAGE: usize = HEAD + 2 * SHOWN_PLANS;
/// Words of its head.
const HEAD: usize = 10;
/// How often a reader tries to read the present state while it is being written.
const TRIES: usize = 64;

/// One thing that happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogEntry {
    /// When it happened, in nanoseconds of audio that this instance has played.
    pub at_ns: u64,
    /// When it happened, in ticks of the beats. [`LogEvent::Bars`], [`LogEvent::Form`] and [`LogEvent::Chords`] give
    /// the tick from which they hold instead.
    pub tick: f64,
    /// What happened.
    pub event: LogEvent,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LogEvent {
    /// A note begins.
    NoteOn {
        /// Who plays it.
        who: NoteSource,
        /// The key.
        pitch: Pitch,
        /// 1 to 127.
        velocity: u8,
    },
    /// A note ends.
    NoteOff {
        /// Who played it.
        who: NoteSource,
        /// The key.
        pitch: Pitch,
    },
    /// All notes end.
    Silence,
    /// The tempo from here on.
    Tempo {
        /// Quarter notes per minute.
        bpm: f32,
    },
    /// Bars of this metre are counted from the entry's tick, which is a bar line.
    Bars(Metre),
    /// A chart begins at the entry's tick.
    Form,
    /// Notes are played to these chords from the entry's tick on.
    Chords(Chords),
    /// The host's song started, stopped or jumped.
    Cut {
        /// Whether the song moves from here on.
        plays: bool,
    },
}

impl LogEntry {
    fn pack(self) -> [u64; WIDTH] {
        let note = |kind, who: NoteSource, pitch: Pitch, velocity| bytes([kind, who as u8, pitch.key(), velocity]);
        let word = match self.event {
            LogEvent::NoteOn { who, pitch, velocity } => note(1, who, pitch, velocity),
            LogEvent::NoteOff { who, pitch } => note(2, who, pitch, 0),
            LogEvent::Silence => 3,
            LogEvent::Tempo { bpm } => 4 | u64::from(bpm.to_bits()) << 32,
            LogEvent::Bars(Metre { numerator, denominator }) => bytes([5, 0, numerator, denominator]),
            LogEvent::Form => 6,
            LogEvent::Cut { plays } => bytes([7, u8::from(plays), 0, 0]),
            LogEvent::Chords(Chords::Chart { version, style }) => bytes([8, style.0, 0, 0]) | u64::from(version) << 32,
            LogEvent::Chords(Chords::Heard(Some(chord))) => bytes([9, chord.root(), chord.kind() as u8, chord.bass()]),
            LogEvent::Chords(Chords::Heard(None)) => 10,
            LogEvent::Chords(Chords::Off) => 11,
        };
        [self.at_ns, self.tick.to_bits(), word]
    }

    fn unpack([at_ns, tick, word]: [u64; WIDTH]) -> Option<Self> {
        let [kind, a, b, c, ..] = word.to_le_bytes();
        let who = if a == NoteSource::Player as u8 { NoteSource::Player } else { NoteSource::Segue };
        let event = match kind {
            1 => LogEvent::NoteOn { who, pitch: Pitch::new(b)?, velocity: c },
            2 => LogEvent::NoteOff { who, pitch: Pitch::new(b)? },
            3 => LogEvent::Silence,
            4 => LogEvent::Tempo { bpm: f32::from_bits((word >> 32) as u32) },
            5 => LogEvent::Bars(Metre::new(b, c)?),
            6 => LogEvent::Form,
            7 => LogEvent::Cut { plays: a != 0 },
            8 => LogEvent::Chords(Chords::Chart { version: (word >> 32) as u32, style: StyleNumber(a) }),
            9 => {
                let kind = *ChordKind::ALL.get(usize::from(b))?;
                LogEvent::Chords(Chords::Heard(Some(Chord::new(a, kind, c))))
            }
            10 => LogEvent::Chords(Chords::Heard(None)),
            11 => LogEvent::Chords(Chords::Off),
            _ => return None,
        };
        Some(Self { at_ns, tick: f64::from_bits(tick), event })
    }
}

fn bytes([a, b, c, d]: [u8; 4]) -> u64 {
    u64::from(u32::from_le_bytes([a, b, c, d]))
}

/// The memory that both sides share.
#[derive(Debug)]
pub struct EventLog {
    ring: WordRing<WIDTH>,
    page: WordPage<PAGE>,
    /// How many readers are watching the present state.
    watchers: AtomicU32,
}

impl Default for EventLog {
    fn default() -> Self {
        Self { ring: WordRing::new(ENTRIES), page: WordPage::default(), watchers: AtomicU32::new(0) }
    }
}

/// The present state, as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Present {
    /// How much audio this instance has played, in nanoseconds.
    pub at_ns: u64,
    /// What the engine shows.
    pub snapshot: Snapshot,
    /// Where the host's song is, in quarter notes, if the host reports it.
    pub song_beats: Option<f64>,
}

/// Planned notes are written for as long as one of these lives.
#[derive(Debug)]
pub struct Watch(Arc<EventLog>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Relaxed);
    }
}

impl EventLog {
    /// Asks for planned notes in the present state, from the next block on.
    #[must_use]
    pub fn watch(self: &Arc<Self>) -> Watch {
        self.watchers.fetch_add(1, Relaxed);
        Watch(Arc::clone(self))
    }

    /// Whether anyone is watching the present state.
    pub fn is_watched(&self) -> bool {
        self.watchers.load(Relaxed) > 0
    }

    /// Everything that was written since `seen`, and where the next call continues. Entries that were overwritten in
    /// the meantime are left out.
    pub fn since(&self, seen: u64) -> (Vec<LogEntry>, u64) {
        let (read, written) = self.ring.since(seen);
        (read.into_iter().filter_map(LogEntry::unpack).collect(), written)
    }

    /// The present state; `None` before the first block, and if the writer was busy on every try.
    pub fn present(&self) -> Option<Present> {
        for _ in 0..TRIES {
            match self.page.look() {
                Look::Empty => return None,
                Look::Whole(words) => return Present::unpack(&words),
                Look::Overtaken => std::hint::spin_loop(),
            }
        }
        None
    }

    /// Writes an entry. Only one thread may write.
    pub fn write(&self, entry: LogEntry) {
        self.ring.write(entry.pack());
    }

    /// Replaces the present state. Only one thread may write.
    pub fn show(&self, at_ns: u64, snapshot: &Snapshot, song_beats: Option<f64>) {
        self.page.write(Present::pack(at_ns, snapshot, song_beats));
    }
}

impl Present {
    fn pack(at_ns: u64, snapshot: &Snapshot, song_beats: Option<f64>) -> impl Iterator<Item = u64> {
        let Metre { numerator, denominator } = snapshot.bars.metre;
        let flags = u8::from(snapshot.follows_host)
            | u8::from(snapshot.is_segues_turn) << 1
            | u8::from(song_beats.is_some()) << 2
            | u8::from(snapshot.part.is_some()) << 3
            | u8::from(snapshot.part.is_some_and(|part| part.plays)) << 4
            | u8::from(snapshot.tempo_is_read) << 5;
        let part = snapshot.part.map_or([0.0; 2], |part| [part.start, part.end]);
        #[expect(clippy::cast_possible_truncation, reason = "at most 16")]
        let planned = snapshot.planned.len() as u8;
        let head = [
            at_ns,
            snapshot.now.to_bits(),
            snapshot.tempo_bpm.to_bits(),
            snapshot.bars.line.0.cast_unsigned(),
            snapshot.form.0.cast_unsigned(),
            bytes([flags, planned, numerator, denominator]),
            song_beats.unwrap_or(0.0).to_bits(),
            0,
            part[0].to_bits(),
            part[1].to_bits(),
        ];
        let notes = snapshot.planned.iter().flat_map(|note| {
            #[expect(clippy::cast_possible_truncation, reason = "a length that is only drawn")]
            let length = note.length as f32;
            [note.onset.to_bits(), u64::from(length.to_bits()) << 32 | bytes([note.key, note.velocity, 0, 0])]
        });
        head.into_iter().chain(notes)
    }

    fn unpack(words: &[u64; PAGE]) -> Option<Self> {
        let (head, notes) = words.split_first_chunk::<HEAD>()?;
        let &[at_ns, now, tempo_bpm, line, form, small, song_beats, _, start, end] = head;
        let [flags, planned, numerator, denominator, ..] = small.to_le_bytes();
        let (pairs, _) = notes.as_chunks::<2>();
        let note = |&[onset, rest]: &[u64; 2]| {
            let [key, velocity, _, _, length @ ..] = rest.to_le_bytes();
            let length = f64::from(f32::from_le_bytes(length));
            PlannedNote { onset: f64::from_bits(onset), length, key, velocity }
        };
        let bars = Bars { line: Ticks(line.cast_signed()), metre: Metre::new(numerator, denominator)? };
        let snapshot = Snapshot {
            now: f64::from_bits(now),
            tempo_bpm: f64::from_bits(tempo_bpm),
            tempo_is_read: flags & 32 != 0,
            bars,
            form: Ticks(form.cast_signed()),
            follows_host: flags & 1 != 0,
            is_segues_turn: flags & 2 != 0,
            part: (flags & 8 != 0).then_some(ShownPart {
                start: f64::from_bits(start),
                end: f64::from_bits(end),
                plays: flags & 16 != 0,
            }),
            planned: pairs.iter().take(planned.into()).map(note).take(SHOWN_PLANS).collect(),
        };
        Some(Self { at_ns, snapshot, song_beats: (flags & 4 != 0).then_some(f64::from_bits(song_beats)) })
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "made-up numbers"
)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_is_overtaken_sees_no_half_entry() {
        let pages = Arc::new(EventLog::default());
        let (writer, done) = (Arc::clone(&pages), Arc::new(std::sync::atomic::AtomicBool::new(false)));
        let stop = Arc::clone(&done);
        let thread = std::thread::spawn(move || {
            let mut number = 0_u32;
            while !stop.load(Relaxed) {
                let tick = f64::from(number);
                writer.write(LogEntry {
                    at_ns: number.into(),
                    tick,
                    event: LogEvent::Tempo { bpm: (number % 999) as f32 },
                });
                writer.page.write(std::iter::repeat_n(u64::from(number), PAGE));
                number += 1;
            }
        });
        for _ in 0..200 {
            let (entries, _) = pages.since(0);
            for LogEntry { at_ns, tick, event } in entries {
                assert!(u64::from(tick as u32) == at_ns, "{at_ns} at {tick}");
                assert_eq!(event, LogEvent::Tempo { bpm: (at_ns % 999) as f32 });
            }
        }
        done.store(true, Relaxed);
        thread.join().unwrap();
    }
}
