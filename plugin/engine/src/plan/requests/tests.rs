use super::*;
use crate::host::{Mode, Transport};
use crate::time::clock::Clock;
use segue_model::note::{Metre, Pitch, Velocity};

const BARS: Bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
const DUET: Part = Part { mode: Mode::Duet, start: Ticks(96), end: None, ring: Ticks::ZERO, lag: 0.0, is_again: false };

fn note(generation: Generation, onset: i64) -> Reply {
    let note = Note { onset: Ticks(onset), pitch: Pitch::MAX, duration: Ticks(1), velocity: Velocity::DEFAULT };
    Reply::Note { generation, note }
}

fn until(generation: Generation, earliest_next: i64) -> Reply {
    Reply::Done { generation, earliest_next: Ticks(earliest_next), elapsed_ns: 0 }
}

/// Requests with the draft of a duet, of which the first note is requested.
fn requested() -> (Requests, Generation) {
    let mut requests = Requests::default();
    requests.note_sampling(FramePosition(0), SamplingParameters::default());
    requests.begin(DUET, FramePosition(0));
    let generation = request_due(&mut requests).generation;
    (requests, generation)
}

fn request_due(requests: &mut Requests) -> Request {
    let request = requests.make(FramePosition(0), Ticks::ZERO, (BARS, Ticks::ZERO), Swing::STRAIGHT).unwrap();
    requests.requested();
    request
}

/// The onset of the note to schedule, if the reply brings one.
fn scheduled(requests: &mut Requests, reply: Reply) -> Option<i64> {
    if let Accepted::Note(note) = requests.accept(reply) { Some(note.onset.0) } else { None }
}

/// When what follows a cut is decided again, notes before the cut still count although their reply arrives late, and
/// what follows is requested again.
#[test]
fn a_late_reply_counts_up_to_the_cut() {
    let (mut requests, first) = requested();
    assert_eq!(scheduled(&mut requests, note(first, 96)), Some(96));
    assert_eq!(scheduled(&mut requests, until(first, 96)), None);
    let second = request_due(&mut requests).generation;
    assert!(requests.redecide_from(Ticks(110), Ticks(120), FramePosition(9)));
    assert!(!requests.redecide_from(Ticks(130), Ticks(130), FramePosition(19)), "nothing was requested since");
    let third = request_due(&mut requests);
    assert_eq!(third.begin, Begin::NotBefore(Ticks(130)));
    assert_eq!(scheduled(&mut requests, note(second, 109)), Some(109));
    assert_eq!(scheduled(&mut requests, note(second, 110)), None, "the earlier cut holds");
    assert_eq!(scheduled(&mut requests, until(second, 110)), None);
    assert!(requests.is_requested(), "the present request is still open");
    assert_eq!(scheduled(&mut requests, note(third.generation, 131)), Some(131));
    assert_eq!(scheduled(&mut requests, until(third.generation, 131)), None);
    assert!(!requests.is_requested());
}

#[test]
fn no_reply_to_a_dropped_plan_counts() {
    let (mut requests, first) = requested();
    assert_eq!(requests.drop_draft(), Some(Ticks(96)));
    assert_eq!(scheduled(&mut requests, note(first, 96)), None);
    requests.begin(DUET, FramePosition(5));
    assert_eq!(scheduled(&mut requests, note(first, 96)), None, "nor for the next plan");
    let second = request_due(&mut requests).generation;
    assert_eq!(scheduled(&mut requests, until(first, 96)), None);
    assert_eq!(scheduled(&mut requests, note(second, 96)), Some(96));
}

/// A note that no longer counts is reported as unplayed unless it has already been retracted from the model's context.
#[test]
fn a_note_that_was_retracted_is_not_reported_as_unplayed() {
    let (mut requests, first) = requested();
    assert_eq!(requests.drop_draft(), Some(Ticks(96)));
    requests.retracted(Ticks(100));
    let Reply::Note { note: early, .. } = note(first, 99) else { return };
    assert_eq!(requests.accept(note(first, 99)), Accepted::Unplayed(early));
    assert_eq!(requests.accept(note(first, 100)), Accepted::Nothing);
    assert_eq!(requests.accept(until(first, 100)), Accepted::Nothing);
    assert_eq!(requests.accept(note(first, 99)), Accepted::Nothing, "its reply is complete");
}

/// A part that is drafted beside another one begins at its own start, whatever still arrives of the other.
#[test]
fn two_parts_are_drafted_side_by_side() {
    let (mut requests, first) = requested();
    let later = Part { start: Ticks(300), ..DUET };
    requests.begin_after(Ticks(300), later, FramePosition(9));
    let second = request_due(&mut requests);
    assert_eq!((second.begin, scheduled(&mut requests, note(first, 96))), (Begin::At(Ticks(300)), Some(96)));
    assert_eq!(scheduled(&mut requests, note(first, 300)), None);
    assert_eq!(requests.drop_draft(), Some(Ticks(97)), "notes of the first part may still arrive");
    let (mut requests, first) = requested();
    requests.begin_after(Ticks(300), later, FramePosition(9));
    let _ = (requests.accept(note(first, 96)), requests.accept(until(first, 310)));
    assert_eq!(request_due(&mut requests).begin, Begin::At(Ticks(300)));
    assert_eq!(requests.drop_draft(), Some(Ticks(300)));
}

#[test]
fn what_is_not_requested_yet_is_not_requested_again() {
    let (mut requests, first) = requested();
    let _ = (requests.accept(note(first, 96)), requests.accept(until(first, 400)));
    // The note is long, so the next one is requested when it is nearly over.
    assert!(!requests.redecide_from(Ticks(110), Ticks(120), FramePosition(9)));
    assert_eq!(request_due(&mut requests).begin, Begin::NotBefore(Ticks(400)));
}

/// Notes that arrived before the model failed still count, and are retracted with the rest of the part.
#[test]
fn notes_before_a_failure_count_until_the_part_is_withdrawn() {
    let (mut requests, first) = requested();
    assert_eq!(scheduled(&mut requests, note(first, 96)), Some(96));
    assert_eq!(scheduled(&mut requests, note(first, 120)), Some(120));
    let _ = requests.accept(Reply::Failed { generation: first });
    assert_eq!(requests.failed(), Some((DUET, Ticks(120))));
    assert!(!requests.is_requested());
    let (map, _) = Clock::new(48_000.0).enter(&Transport::default(), FramePosition(0), 64, 120.0);
    assert_eq!(requests.due(&map, FramePosition(0), 960), None, "the rest of the part is lost");
    assert!(!requests.redecide_from(Ticks(121), Ticks(121), FramePosition(9)), "every note is kept");
    assert!(requests.redecide_from(Ticks(120), Ticks(120), FramePosition(9)), "one note is not kept");
    assert!(requests.failed().is_some());
    assert_eq!(requests.drop_draft(), Some(LATEST), "the model has decided no note that did not arrive");
    // A draft that failed before its first note has nothing to retract, and draws other notes when it restarts.
    let (mut requests, first) = requested();
    let _ = requests.accept(Reply::Failed { generation: first });
    let failed = requests.draft.unwrap().turn;
    requests.restart(EARLIEST, DUET, FramePosition(9));
    assert_ne!(request_due(&mut requests).turn, failed);
    let _ = requests.accept(Reply::Failed { generation: requests.generation });
    assert_eq!(requests.drop_draft(), None);
}

#[test]
fn earliest_next_a_skip_is_requested() {
    let (mut requests, first) = requested();
    requests.skip_to(Ticks(200));
    let _ = (requests.accept(note(first, 96)), requests.accept(until(first, 130)));
    requests.skip_to(Ticks(120));
    assert_eq!(request_due(&mut requests).begin, Begin::NotBefore(Ticks(130)));
    let (mut requests, first) = requested();
    let _ = (requests.accept(note(first, 96)), requests.accept(until(first, 130)));
    requests.skip_to(Ticks(134));
    assert_eq!(request_due(&mut requests).begin, Begin::NotBefore(Ticks(134)));
    let mut requests = Requests::default();
    requests.note_sampling(FramePosition(0), SamplingParameters::default());
    requests.begin(DUET, FramePosition(0));
    requests.skip_to(Ticks(99));
    assert_eq!(request_due(&mut requests).begin, Begin::At(Ticks(99)));
}

#[test]
fn no_request_is_made_while_the_most_are_open() {
    let (mut requests, _) = requested();
    for count in 1..OPEN_REQUESTS {
        assert!(requests.redecide_from(Ticks(200), Ticks(200), FramePosition(9)), "{count}");
        let _ = request_due(&mut requests);
    }
    assert!(requests.redecide_from(Ticks(200), Ticks(200), FramePosition(9)));
    let (map, _) = Clock::new(48_000.0).enter(&Transport::default(), FramePosition(0), 64, 120.0);
    assert_eq!(requests.due(&map, FramePosition(0), 960), None);
}
