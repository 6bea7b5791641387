use super::*;
use crate::snapshot::{PlannedNote, SHOWN_PLANS, ShownPart};
use segue_model::note::{Metre, Pitch};

const RATE: f64 = 48_000.0;
const UNKNOWN: (Chords, Option<f64>) = (Chords::Off, None);

fn snapshot(now: f64, tempo_bpm: f64) -> Snapshot {
    Snapshot {
        now,
        tempo_bpm,
        tempo_is_read: false,
        bars: Bars { line: Ticks(0), metre: Metre::COMMON },
        form: Ticks(0),
        follows_host: false,
        is_segues_turn: false,
        part: None,
        planned: ArrayVec::new(),
    }
}

fn strike(key: u8) -> SynthEvent {
    SynthEvent::NoteOn { source: NoteSource::Segue, channel: 0, pitch: Pitch::new(key).unwrap(), velocity: 0.5 }
}

fn strikes(entries: &[LogEntry]) -> Vec<&LogEntry> {
    entries.iter().filter(|entry| matches!(entry.event, LogEvent::NoteOn { .. })).collect()
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

/// A full ring keeps the newest entries, and a reader continues where it stopped.
#[test]
fn a_full_ring_keeps_the_newest() {
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
    assert_eq!(read, usize::try_from(blocks).unwrap(), "a reader in time loses nothing");
    let (kept, _) = recorder.pages.since(0);
    assert_eq!(kept.len(), ENTRIES);
    assert!(kept.is_sorted_by_key(|entry| entry.at_ns));
    let has_time = kept.iter().any(|entry| matches!(entry.event, LogEvent::Tempo { .. }));
    assert!(has_time, "the tempo is never lost, however long ago it changed");
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
    shown.part = Some(ShownPart { start: -1.25, end: f64::INFINITY, plays: true });
    shown.planned.extend([planned; SHOWN_PLANS]);
    recorder.end_block(64, RATE, &shown, UNKNOWN, Some(17.5));
    let present = recorder.pages.present().unwrap();
    assert_eq!((present.snapshot, present.song_beats), (shown, Some(17.5)));
}

/// What sounds is recorded whether or not a window watches; only watching readers get news.
#[test]
fn what_sounds_is_recorded_whether_or_not_anybody_looks() {
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
    let note = |tick, event| LogEntry { at_ns: 0, tick, event };
    let pitch = Pitch::new(60).unwrap();
    let on = LogEvent::NoteOn { who: NoteSource::Player, pitch, velocity: 1 };
    history.extend([note(100.0, on), note(0.0, LogEvent::Tempo { bpm: 120.0 }), note(10.0, on)]);
    let found: Vec<_> = history.notes.iter().map(|note| (note.onset, note.end)).collect();
    assert_eq!(found, [(100.0, Some(100.0)), (110.0, None)]);
}
