#![allow(clippy::undocumented_unsafe_blocks, reason = "the fake host reads lists that it made itself")]

use super::*;
use clap_sys::events::{CLAP_EVENT_NOTE_END, clap_event_note, clap_event_type};
use proptest::prelude::*;

/// A list of notes as a host gives it.
pub struct HostList(pub Vec<clap_event_note>);

impl HostList {
    pub fn list(&self) -> clap_input_events {
        unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
            let events = unsafe { &*(*list).ctx.cast_const().cast::<HostList>() };
            u32::try_from(events.0.len()).unwrap()
        }
        unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
            let events = unsafe { &*(*list).ctx.cast_const().cast::<HostList>() };
            events.0.get(index as usize).map_or(std::ptr::null(), |event| std::ptr::from_ref(event).cast())
        }
        clap_input_events { ctx: (&raw const *self).cast_mut().cast(), size: Some(size), get: Some(get) }
    }
}

/// A fake host that takes a limited number of events, and what has arrived.
pub struct HostOutput {
    pub taken: Vec<clap_event_note>,
    pub room: usize,
}

impl HostOutput {
    pub fn list(this: *mut Self) -> clap_output_events {
        unsafe extern "C" fn push(list: *const clap_output_events, event: *const clap_event_header) -> bool {
            let output = unsafe { &mut *(*list).ctx.cast::<HostOutput>() };
            let fits = output.taken.len() < output.room;
            if fits {
                output.taken.push(unsafe { *event.cast::<clap_event_note>() });
            }
            fits
        }
        clap_output_events { ctx: this.cast(), try_push: Some(push) }
    }
}

pub fn event(kind: clap_event_type, time: u32, id: i32, key: i16) -> clap_event_note {
    let size = u32::try_from(size_of::<clap_event_note>()).unwrap();
    let header = clap_event_header { size, time, space_id: CLAP_CORE_EVENT_SPACE_ID, type_: kind, flags: 0 };
    clap_event_note { header, note_id: id, port_index: 0, channel: 0, key, velocity: 0.5 }
}

/// A piece's first frame and length, and the time and key of each of its events.
type Read = ((u32, u32), Vec<(u32, i16)>);

/// What `nice-plug` reads of each piece of the block.
fn pieces(events: Vec<clap_event_note>, frames: u32) -> Vec<Read> {
    let host = HostList(events);
    let host_list = host.list();
    let events = BlockEvents::new(&raw const host_list, frames);
    let mut pieces = Vec::new();
    let mut piece = events.piece_after(None);
    while let Some(now) = piece {
        let input = PieceEvents::new(&events, now);
        let list = input.list();
        let read = |index| {
            let event = unsafe { list.get.unwrap()(&raw const list, index).cast::<clap_event_note>().as_ref() }?;
            Some((event.header.time, event.key))
        };
        let read = (0..unsafe { list.size.unwrap()(&raw const list) }).filter_map(read).collect();
        pieces.push(((now.start, now.end - now.start), read));
        piece = events.piece_after(piece);
    }
    pieces
}

fn notes_at(times: &[u32]) -> Vec<clap_event_note> {
    times.iter().zip(0_i16..).map(|(time, key)| event(CLAP_EVENT_NOTE_ON, *time, -1, key)).collect()
}

/// Events inside a block and in order are passed on as they are; others are moved to the nearest place.
#[test]
fn events_lie_inside_the_block_and_in_order() {
    let read = |times: &[u32]| pieces(notes_at(times), 64);
    assert_eq!(read(&[0, 3, 63]), [((0, 64), vec![(0, 0), (3, 1), (63, 2)])]);
    assert_eq!(read(&[64, 1_000, u32::MAX]), [((0, 64), vec![(63, 0), (63, 1), (63, 2)])]);
    assert_eq!(read(&[9, 5, 20]), [((0, 64), vec![(9, 0), (9, 1), (20, 2)])]);
    assert_eq!(read(&[]), [((0, 64), vec![])]);
}

/// A parameter cuts the block at its frame, also when it lies beyond the end; notes of the same frame are on the piece
/// that begins there, in the host's order.
#[test]
fn a_parameter_cuts_the_block_at_its_frame() {
    let (on, set) = (CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_VALUE);
    let cut = |at| {
        let events = vec![event(on, 2, -1, 1), event(on, at, -1, 2), event(set, at, -1, 3), event(on, at, -1, 4)];
        pieces(events, 64)
    };
    assert_eq!(cut(10), [((0, 10), vec![(2, 1)]), ((10, 54), vec![(0, 2), (0, 3), (0, 4)])]);
    assert_eq!(cut(63), [((0, 63), vec![(2, 1)]), ((63, 1), vec![(0, 2), (0, 3), (0, 4)])]);
    assert_eq!(cut(64), cut(63));
    assert_eq!(cut(u32::MAX), cut(63));
    let first = pieces(vec![event(set, 0, -1, 1), event(set, 5, -1, 2), event(set, 5, -1, 3)], 64);
    assert_eq!(first, [((0, 5), vec![(0, 1)]), ((5, 59), vec![(0, 2), (0, 3)])]);
}

/// `nice-plug` gets the transport with the block only: it would count the frames before the cut twice.
#[test]
fn a_transport_event_cuts_and_is_not_passed_on() {
    let events = vec![event(CLAP_EVENT_TRANSPORT, 8, -1, 1), event(CLAP_EVENT_NOTE_ON, 9, -1, 2)];
    assert_eq!(pieces(events, 64), [((0, 8), vec![]), ((8, 56), vec![(1, 2)])]);
}

proptest! {
    /// The pieces make up the block, and each event is read once, in order, inside its piece.
    #[test]
    fn whatever_times_a_host_gives_nothing_is_lost(
        events in prop::collection::vec((any::<u32>(), any::<bool>()), 0..20),
        frames in 1_u32..100,
    ) {
        let count = events.len();
        let kind = |is_note| if is_note { CLAP_EVENT_NOTE_ON } else { CLAP_EVENT_PARAM_VALUE };
        let events = events.into_iter().zip(0_i16..);
        let events = events.map(|((time, is_note), key)| event(kind(is_note), time % 128, -1, key)).collect();
        let pieces = pieces(events, frames);
        let mut next = 0;
        let mut keys = Vec::new();
        for ((start, length), read) in pieces {
            prop_assert_eq!(start, next);
            prop_assert!(length > 0);
            next += length;
            prop_assert!(read.iter().all(|(time, _)| *time < length));
            prop_assert!(read.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            keys.extend(read.into_iter().map(|(_, key)| usize::try_from(key).unwrap()));
        }
        prop_assert_eq!(next, frames);
        prop_assert_eq!(keys, (0..count).collect::<Vec<_>>());
    }
}

/// An event that is moved and is not as large as it says is passed over, not read beyond its end.
#[test]
fn an_event_of_absurd_size_outside_the_block_is_passed_over() {
    for size in [0, 15, 257, u32::MAX] {
        let mut absurd = event(CLAP_EVENT_NOTE_ON, 99, -1, 60);
        absurd.header.size = size;
        assert_eq!(pieces(vec![absurd], 64), [((0, 64), vec![])], "{size}");
    }
    const { assert!(size_of::<clap_event_param_value>() <= LARGEST_EVENT) };
    const { assert!(size_of::<clap_event_transport>() <= LARGEST_EVENT) };
}

/// What leaves a piece is counted from the start of the block.
#[test]
fn what_leaves_a_piece_is_moved_to_its_place_in_the_block() {
    let mut host = HostOutput { taken: Vec::new(), room: usize::MAX };
    let host_list = HostOutput::list(&raw mut host);
    let output = OutputEvents::new(&raw const host_list, false);
    for start in [0, 40] {
        output.begin_piece(start);
        let list = output.list();
        let event = event(CLAP_EVENT_NOTE_ON, 7, -1, 60);
        assert!(unsafe { list.try_push.unwrap()(&raw const list, (&raw const event).cast()) });
    }
    assert_eq!(host.taken.iter().map(|event| event.header.time).collect::<Vec<_>>(), [7, 47]);
}

fn push(output: &OutputEvents, kind: clap_event_type) -> bool {
    let list = output.list();
    let event = event(kind, 0, -1, 60);
    unsafe { list.try_push.unwrap()(&raw const list, (&raw const event).cast()) }
}

/// 24 note-ons leave a block and no more; then there is room for 8 note-offs; everything else goes by.
#[test]
fn at_most_32_events_leave_a_block_and_offs_find_room() {
    let mut host = HostOutput { taken: Vec::new(), room: usize::MAX };
    let host_list = HostOutput::list(&raw mut host);
    let output = OutputEvents::new(&raw const host_list, true);
    let ons = (0..100).filter(|_| push(&output, CLAP_EVENT_NOTE_ON)).count();
    let offs = (0..100).filter(|_| push(&output, CLAP_EVENT_NOTE_OFF)).count();
    assert_eq!((ons, offs), (24, 8));
    assert!(push(&output, CLAP_EVENT_NOTE_END), "it never reaches the host's own list");
    assert!(!push(&output, CLAP_EVENT_NOTE_OFF));
    assert_eq!(host.taken.len(), 33);
}

#[test]
fn what_the_host_refuses_is_refused_and_not_counted() {
    let mut host = HostOutput { taken: Vec::new(), room: 2 };
    let host_list = HostOutput::list(&raw mut host);
    let output = OutputEvents::new(&raw const host_list, true);
    assert_eq!((0..5).filter(|_| push(&output, CLAP_EVENT_NOTE_ON)).count(), 2);
    assert_eq!(output.sent.as_ref().map(Cell::get), Some(2));
}
