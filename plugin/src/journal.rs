//! What has sounded and what is about to: written by the audio thread, read by whoever looks.
//!
//! The audio thread writes into memory that was set aside when the instance was made: a ring of the last
//! [`ENTRIES`] entries, the oldest of which are overwritten, and one page with the present. It only stores numbers; it
//! never waits, allocates or wakes anybody, and capture can look back ten minutes at any time. A reader that is overtaken
//! notices: it throws away what was overwritten while it read. Nobody can hold the writer up.
//!
//! A block in which nothing happens costs a handful of stores. What is planned is only worked out and shown while somebody
//! watches, so a window that is closed costs nothing more.
//!
//! Two questions that every bounded list has to answer:
//! - The ring is full: the oldest entries go. Ten minutes fit as long as both together play less than 27 notes a second
//!   all the time.
//! - One block brings more than `BLOCK_ENTRIES` entries: the rest of them is not written, and everything is written
//!   as over, so that no note hangs on the paper.
//!
//! Knows nothing of what is done with it.

mod history;

pub use history::{Change, History, Played};

use crate::realtime::glimpse::{Chords, Glimpse, PlannedNote, SHOWN_PLANS};
use crate::realtime::host::{Audible, FrameOffset, HostEvent, Message, Sent, Stage, StyleNumber, Who};
use arrayvec::ArrayVec;
use segue_model::chord::{Chord, ChordKind};
use segue_model::note::{Bars, Metre, Pitch, TICKS_PER_QUARTER, Ticks};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64, fence};

/// What the ring holds; a note is two of them.
pub const ENTRIES: usize = 1 << 15;
/// What one block may bring.
const BLOCK_ENTRIES: usize = 256;
/// Words of 64 bits in an entry.
const WIDTH: usize = 3;
/// Words of the page with the present: its head, and two for each planned note.
const PAGE: usize = 8 + 2 * SHOWN_PLANS;
/// How often a reader tries to see the present while it is being written.
const TRIES: usize = 64;
/// A tempo is written again when the line that it makes is off by this much: less than a tick of a captured file.
const OFF_TICKS: f64 = 0.04;
const NANOSECONDS: f64 = 1e9;

/// One thing that happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// When, in nanoseconds of audio that this instance has played.
    pub at_ns: u64,
    /// When, in ticks of the beats. For [`Event::Bars`], [`Event::Form`] and [`Event::Chords`], which moment is meant.
    pub tick: f64,
    /// What.
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A note begins.
    Strike {
        /// Whose.
        who: Who,
        /// Which key.
        pitch: Pitch,
        /// 1 to 127.
        velocity: u8,
    },
    /// A note ends.
    Damp {
        /// Whose.
        who: Who,
        /// Which key.
        pitch: Pitch,
    },
    /// Everything ends.
    Silence,
    /// From here on time moves at this tempo.
    Tempo {
        /// Quarter notes per minute.
        bpm: f32,
    },
    /// The entry's tick is a bar line, from which bars of this metre are counted.
    Bars(Metre),
    /// The entry's tick is where a chart begins.
    Form,
    /// From the entry's tick on this is what notes are played to.
    Chords(Chords),
    /// The song started, stopped or jumped.
    Cut {
        /// The host's song moves from here on.
        plays: bool,
    },
}

impl Entry {
    fn pack(self) -> [u64; WIDTH] {
        let note = |kind, who: Who, pitch: Pitch, velocity| bytes([kind, who as u8, pitch.key(), velocity]);
        let word = match self.event {
            Event::Strike { who, pitch, velocity } => note(1, who, pitch, velocity),
            Event::Damp { who, pitch } => note(2, who, pitch, 0),
            Event::Silence => 3,
            Event::Tempo { bpm } => 4 | u64::from(bpm.to_bits()) << 32,
            Event::Bars(Metre { numerator, denominator }) => bytes([5, 0, numerator, denominator]),
            Event::Form => 6,
            Event::Cut { plays } => bytes([7, u8::from(plays), 0, 0]),
            Event::Chords(Chords::Chart { version, style }) => bytes([8, style.0, 0, 0]) | u64::from(version) << 32,
            Event::Chords(Chords::Heard(Some(chord))) => bytes([9, chord.root(), chord.kind() as u8, chord.bass()]),
            Event::Chords(Chords::Heard(None)) => 10,
            Event::Chords(Chords::Off) => 11,
        };
        [self.at_ns, self.tick.to_bits(), word]
    }

    fn unpack([at_ns, tick, word]: [u64; WIDTH]) -> Option<Self> {
        let [kind, a, b, c, ..] = word.to_le_bytes();
        let who = if a == Who::Player as u8 { Who::Player } else { Who::Segue };
        let event = match kind {
            1 => Event::Strike { who, pitch: Pitch::new(b)?, velocity: c },
            2 => Event::Damp { who, pitch: Pitch::new(b)? },
            3 => Event::Silence,
            4 => Event::Tempo { bpm: f32::from_bits((word >> 32) as u32) },
            5 => Event::Bars(Metre::new(b, c)?),
            6 => Event::Form,
            7 => Event::Cut { plays: a != 0 },
            8 => Event::Chords(Chords::Chart { version: (word >> 32) as u32, style: StyleNumber(a) }),
            9 => {
                let kind = *ChordKind::ALL.get(usize::from(b))?;
                Event::Chords(Chords::Heard(Some(Chord::new(a, kind, c))))
            }
            10 => Event::Chords(Chords::Heard(None)),
            11 => Event::Chords(Chords::Off),
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
pub struct Pages {
    ring: Box<[[AtomicU64; WIDTH]]>,
    /// Entries that are written or being written.
    claimed: AtomicU64,
    /// Entries that are written.
    written: AtomicU64,
    /// Odd while the page is being written.
    version: AtomicU64,
    page: [AtomicU64; PAGE],
    /// How many look at the page.
    watchers: AtomicU32,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            ring: (0..ENTRIES).map(|_| <[AtomicU64; WIDTH]>::default()).collect(),
            claimed: AtomicU64::new(0),
            written: AtomicU64::new(0),
            version: AtomicU64::new(0),
            page: std::array::from_fn(|_| AtomicU64::new(0)),
            watchers: AtomicU32::new(0),
        }
    }
}

/// The present, as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Present {
    /// The audio that this instance has played, in nanoseconds.
    pub at_ns: u64,
    /// What the hands show.
    pub glimpse: Glimpse,
    /// Where the host's song is, in quarter notes, when it says so.
    pub song_beats: Option<f64>,
}

/// As long as it lives somebody watches.
#[derive(Debug)]
pub struct Watch(Arc<Pages>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Relaxed);
    }
}

impl Pages {
    /// From the next block on the present shows what is planned too.
    #[must_use]
    pub fn watch(self: &Arc<Self>) -> Watch {
        self.watchers.fetch_add(1, Relaxed);
        Watch(Arc::clone(self))
    }

    fn is_watched(&self) -> bool {
        self.watchers.load(Relaxed) > 0
    }

    /// Everything that was written since `seen`, and from where to go on. Entries that were overwritten in the meantime
    /// are left out.
    pub fn since(&self, seen: u64) -> (Vec<Entry>, u64) {
        let written = self.written.load(Acquire);
        let oldest = written.saturating_sub(ENTRIES as u64);
        let first = seen.clamp(oldest, written);
        let mut read: Vec<(u64, [u64; WIDTH])> = Vec::with_capacity(usize::try_from(written - first).unwrap_or(0));
        for number in first..written {
            let Some(slot) = self.slot(number) else { continue };
            read.push((number, slot.each_ref().map(|word| word.load(Relaxed))));
        }
        // Whoever saw a word of a newer entry sees the claim for it too.
        fence(Acquire);
        let oldest = self.claimed.load(Relaxed).saturating_sub(ENTRIES as u64);
        let whole = read.into_iter().filter(|(number, _)| *number >= oldest);
        (whole.filter_map(|(_, words)| Entry::unpack(words)).collect(), written)
    }

    /// The present; `None` before the first block, or when it cannot be seen for all the writing.
    pub fn present(&self) -> Option<Present> {
        for _ in 0..TRIES {
            let version = self.version.load(Acquire);
            if version == 0 {
                return None;
            }
            let words = self.page.each_ref().map(|word| word.load(Relaxed));
            fence(Acquire);
            if version.is_multiple_of(2) && self.version.load(Relaxed) == version {
                return Present::unpack(&words);
            }
            std::hint::spin_loop();
        }
        None
    }

    fn slot(&self, number: u64) -> Option<&[AtomicU64; WIDTH]> {
        self.ring.get(usize::try_from(number % ENTRIES as u64).ok()?)
    }

    fn write(&self, entry: Entry) {
        let number = self.written.load(Relaxed);
        self.claimed.store(number + 1, Relaxed);
        fence(Release);
        if let Some(slot) = self.slot(number) {
            for (word, value) in slot.iter().zip(entry.pack()) {
                word.store(value, Relaxed);
            }
        }
        self.written.store(number + 1, Release);
    }

    fn show(&self, words: impl IntoIterator<Item = u64>) {
        let version = self.version.load(Relaxed);
        self.version.store(version + 1, Relaxed);
        fence(Release);
        for (word, value) in self.page.iter().zip(words) {
            word.store(value, Relaxed);
        }
        self.version.store(version + 2, Release);
    }
}

impl Present {
    fn pack(at_ns: u64, glimpse: &Glimpse, song_beats: Option<f64>) -> impl Iterator<Item = u64> {
        let Metre { numerator, denominator } = glimpse.bars.metre;
        let flags = u8::from(glimpse.follows_host)
            | u8::from(glimpse.is_segues_turn) << 1
            | u8::from(song_beats.is_some()) << 2;
        #[expect(clippy::cast_possible_truncation, reason = "at most 16")]
        let planned = glimpse.planned.len() as u8;
        let head = [
            at_ns,
            glimpse.now.to_bits(),
            glimpse.tempo_bpm.to_bits(),
            glimpse.bars.line.0.cast_unsigned(),
            glimpse.form.0.cast_unsigned(),
            bytes([flags, planned, numerator, denominator]),
            song_beats.unwrap_or(0.0).to_bits(),
            0,
        ];
        let notes = glimpse.planned.iter().flat_map(|note| {
            #[expect(clippy::cast_possible_truncation, reason = "a length to look at")]
            let length = note.length as f32;
            [note.onset.to_bits(), u64::from(length.to_bits()) << 32 | bytes([note.key, note.velocity, 0, 0])]
        });
        head.into_iter().chain(notes)
    }

    fn unpack(words: &[u64; PAGE]) -> Option<Self> {
        let (head, notes) = words.split_first_chunk::<8>()?;
        let &[at_ns, now, tempo_bpm, line, form, small, song_beats, _] = head;
        let [flags, planned, numerator, denominator, ..] = small.to_le_bytes();
        let (pairs, _) = notes.as_chunks::<2>();
        let note = |&[onset, rest]: &[u64; 2]| {
            let [key, velocity, _, _, length @ ..] = rest.to_le_bytes();
            let length = f64::from(f32::from_le_bytes(length));
            PlannedNote { onset: f64::from_bits(onset), length, key, velocity }
        };
        let bars = Bars { line: Ticks(line.cast_signed()), metre: Metre::new(numerator, denominator)? };
        let glimpse = Glimpse {
            now: f64::from_bits(now),
            tempo_bpm: f64::from_bits(tempo_bpm),
            bars,
            form: Ticks(form.cast_signed()),
            follows_host: flags & 1 != 0,
            is_segues_turn: flags & 2 != 0,
            planned: pairs.iter().take(planned.into()).map(note).take(SHOWN_PLANS).collect(),
        };
        Some(Self { at_ns, glimpse, song_beats: (flags & 4 != 0).then_some(f64::from_bits(song_beats)) })
    }
}

/// The audio thread's pen. It has no method that can wait.
#[derive(Debug, Default)]
pub struct Journal {
    pages: Arc<Pages>,
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

impl Journal {
    /// For those who read.
    pub fn pages(&self) -> Arc<Pages> {
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
        glimpse: &Glimpse,
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
        let ticks_per_frame = glimpse.tempo_bpm * PER_QUARTER / 60.0 / sample_rate;
        let start = glimpse.now - f64::from(frames) * ticks_per_frame;
        let brings = self.lost || !self.block.is_empty() || !glimpse.planned.is_empty() || glimpse.follows_host;
        self.news = brings && self.is_watched();

        self.note_time(began_ns, start, glimpse);
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
            self.pages.write(Entry { at_ns: self.at_ns, tick: glimpse.now, event: Event::Silence });
        }
        self.pages.show(Present::pack(self.at_ns, glimpse, song_beats));
    }

    /// Writes tempo, bars and jumps where they are not as they were.
    fn note_time(&mut self, at_ns: u64, tick: f64, glimpse: &Glimpse) {
        let bpm = glimpse.tempo_bpm;
        if self.follows_host != glimpse.follows_host {
            self.follows_host = glimpse.follows_host;
            self.pages.write(Entry { at_ns, tick, event: Event::Cut { plays: glimpse.follows_host } });
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
        if self.bars != Some(glimpse.bars) || self.is_fresh(at_ns) {
            self.bars = Some(glimpse.bars);
            let event = Event::Bars(glimpse.bars.metre);
            self.pages.write(Entry { at_ns, tick: float(glimpse.bars.line), event });
        }
        if self.form != Some(glimpse.form) || self.is_fresh(at_ns) {
            self.form = Some(glimpse.form);
            self.pages.write(Entry { at_ns, tick: float(glimpse.form), event: Event::Form });
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

    fn note(&mut self, at: FrameOffset, what: Audible) {
        let event = match what {
            // They follow from the chart and the clock.
            Audible::Strike { who: Who::Comping | Who::Click, .. }
            | Audible::Damp { who: Who::Comping | Who::Click, .. } => {
                return;
            }
            Audible::Strike { who, pitch, velocity } => Event::Strike { who, pitch, velocity: midi(velocity) },
            Audible::Damp { who, pitch } => Event::Damp { who, pitch },
            Audible::Hush => Event::Silence,
            // It lengthens what is heard, and is part of no note on paper.
            Audible::Pedal { .. } => return,
        };
        self.lost |= self.block.try_push((at.0, event)).is_err();
    }
}

#[expect(clippy::cast_precision_loss, reason = "48")]
const PER_QUARTER: f64 = TICKS_PER_QUARTER as f64;

#[expect(clippy::cast_precision_loss, reason = "a jam of 2^53 ticks lasts millions of years")]
fn float(ticks: Ticks) -> f64 {
    ticks.0 as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to 127")]
fn midi(velocity: f32) -> u8 {
    (velocity * 127.0).round().clamp(1.0, 127.0) as u8
}

/// A stage whose sounds are written down.
pub struct Observed<'a, S> {
    stage: &'a mut S,
    journal: &'a mut Journal,
}

impl<'a, S> Observed<'a, S> {
    /// Writes down what sounds on `stage`.
    pub fn new(stage: &'a mut S, journal: &'a mut Journal) -> Self {
        Self { stage, journal }
    }
}

impl<S: Stage> Stage for Observed<'_, S> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        self.stage.next_event()
    }

    fn sound(&mut self, at: FrameOffset, what: Audible) {
        self.journal.note(at, what);
        self.stage.sound(at, what);
    }

    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        self.stage.send(at, message)
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "made-up numbers below a million"
)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;
    const UNKNOWN: (Chords, Option<f64>) = (Chords::Off, None);

    fn glimpse(now: f64, tempo_bpm: f64) -> Glimpse {
        Glimpse {
            now,
            tempo_bpm,
            bars: Bars { line: Ticks(0), metre: Metre::COMMON },
            form: Ticks(0),
            follows_host: false,
            is_segues_turn: false,
            planned: ArrayVec::new(),
        }
    }

    fn strike(key: u8) -> Audible {
        Audible::Strike { who: Who::Segue, pitch: Pitch::new(key).unwrap(), velocity: 0.5 }
    }

    fn strikes(entries: &[Entry]) -> Vec<&Entry> {
        entries.iter().filter(|entry| matches!(entry.event, Event::Strike { .. })).collect()
    }

    #[test]
    fn a_note_is_written_at_its_tick_wherever_the_blocks_are_cut() {
        // 120 bpm: a tick is 250 frames.
        for size in [1, 64, 441, 4_096] {
            let mut journal = Journal::default();
            for start in (0..8_192).step_by(size) {
                if (start..start + size).contains(&2_500) {
                    journal.note(FrameOffset(u32::try_from(2_500 - start).unwrap()), strike(60));
                }
                let (frames, end) = (u32::try_from(size).unwrap(), f64::from(u32::try_from(start + size).unwrap()));
                journal.end_block(frames, RATE, &glimpse(end / 500.0, 120.0), UNKNOWN, None);
            }
            let (entries, _) = journal.pages.since(0);
            let [note] = strikes(&entries)[..] else { panic!("one note: {entries:?}") };
            assert!((note.tick - 5.0).abs() < 1e-6, "blocks of {size}: {note:?}");
            assert!(note.at_ns.abs_diff(52_083_333) < 100, "blocks of {size}: {note:?}");
            assert_eq!(entries.len(), 5, "time and chords are written once: {entries:?}");
        }
    }

    #[test]
    fn a_full_ring_keeps_the_newest_and_a_reader_goes_on_where_it_was() {
        let mut journal = Journal::default();
        let mut seen = 0;
        let mut read = 0;
        let blocks = u32::try_from(ENTRIES).unwrap() + 1_000;
        for block in 0..blocks {
            journal.note(FrameOffset(0), strike(60));
            journal.end_block(480, RATE, &glimpse(f64::from(block + 1) * 0.96, 120.0), UNKNOWN, None);
            if block.is_multiple_of(1_000) {
                let (entries, next) = journal.pages.since(seen);
                (seen, read) = (next, read + strikes(&entries).len());
            }
        }
        read += strikes(&journal.pages.since(seen).0).len();
        assert_eq!(read, usize::try_from(blocks).unwrap(), "a reader that comes in time loses nothing");
        let (kept, _) = journal.pages.since(0);
        assert_eq!(kept.len(), ENTRIES);
        assert!(kept.is_sorted_by_key(|entry| entry.at_ns));
        let has_time = kept.iter().any(|entry| matches!(entry.event, Event::Tempo { .. }));
        assert!(has_time, "the tempo is not among what is lost, however long ago it changed");
    }

    #[test]
    fn a_reader_that_is_overtaken_sees_no_half_entry() {
        let pages = Arc::new(Pages::default());
        let (writer, done) = (Arc::clone(&pages), Arc::new(std::sync::atomic::AtomicBool::new(false)));
        let stop = Arc::clone(&done);
        let thread = std::thread::spawn(move || {
            let mut number = 0_u32;
            while !stop.load(Relaxed) {
                let tick = f64::from(number);
                writer.write(Entry { at_ns: number.into(), tick, event: Event::Tempo { bpm: (number % 999) as f32 } });
                writer.show(std::iter::repeat_n(u64::from(number), PAGE));
                number += 1;
            }
        });
        for _ in 0..200 {
            let (entries, _) = pages.since(0);
            for Entry { at_ns, tick, event } in entries {
                assert!(u64::from(tick as u32) == at_ns, "{at_ns} at {tick}");
                assert_eq!(event, Event::Tempo { bpm: (at_ns % 999) as f32 });
            }
        }
        done.store(true, Relaxed);
        thread.join().unwrap();
    }

    #[test]
    fn a_block_that_brings_too_much_leaves_no_note_hanging() {
        let mut journal = Journal::default();
        for offset in 0..300 {
            journal.note(FrameOffset(offset), strike(60));
        }
        journal.end_block(4_800, RATE, &glimpse(9.6, 120.0), UNKNOWN, None);
        let mut history = History::default();
        history.extend(journal.pages.since(0).0);
        assert_eq!(history.notes.len(), BLOCK_ENTRIES);
        assert!(!history.is_sounding());
    }

    #[test]
    fn the_present_is_read_as_it_was_written() {
        let mut journal = Journal::default();
        assert_eq!(journal.pages.present(), None, "before the first block");
        let planned = PlannedNote { onset: 7.25, length: 12.0, key: 64, velocity: 90 };
        let mut shown = glimpse(-3.5, 133.0);
        shown.bars = Bars { line: Ticks(-72), metre: Metre::new(6, 8).unwrap() };
        shown.is_segues_turn = true;
        shown.planned.extend([planned; SHOWN_PLANS]);
        journal.end_block(64, RATE, &shown, UNKNOWN, Some(17.5));
        let present = journal.pages.present().unwrap();
        assert_eq!((present.glimpse, present.song_beats), (shown, Some(17.5)));
    }

    #[test]
    fn what_sounds_is_written_whoever_looks_and_there_is_news_only_for_those_who_watch() {
        let mut journal = Journal::default();
        let play = |journal: &mut Journal, watched: bool| {
            journal.note(FrameOffset(0), strike(60));
            journal.end_block(64, RATE, &glimpse(0.1, 120.0), UNKNOWN, None);
            assert_eq!((journal.is_watched(), journal.has_news()), (watched, watched));
        };
        play(&mut journal, false);
        let pages = journal.pages();
        let (one, other) = (pages.watch(), pages.watch());
        play(&mut journal, true);
        drop(one);
        play(&mut journal, true);
        drop(other);
        play(&mut journal, false);
        assert_eq!(strikes(&pages.since(0).0).len(), 4);
    }

    #[test]
    fn a_rendering_that_begins_anew_goes_on_after_what_was_written() {
        let mut history = History::default();
        let note = |tick, event| Entry { at_ns: 0, tick, event };
        let pitch = Pitch::new(60).unwrap();
        let on = Event::Strike { who: Who::Player, pitch, velocity: 1 };
        history.extend([note(100.0, on), note(0.0, Event::Tempo { bpm: 120.0 }), note(10.0, on)]);
        let found: Vec<_> = history.notes.iter().map(|note| (note.onset, note.end)).collect();
        assert_eq!(found, [(100.0, Some(100.0)), (110.0, None)]);
    }
}
