use super::*;
use clap_sys::events::{CLAP_EVENT_PARAM_VALUE, clap_event_param_value};
use proptest::prelude::*;

/// A list of notes as a host gives it.
struct HostList(Vec<clap_event_note>);

impl HostList {
    fn list(&self) -> clap_input_events {
        unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
            let events = unsafe { &*(*list).ctx.cast_const().cast::<HostList>() };
            u32::try_from(events.0.len()).unwrap()
        }
        unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
            let events = unsafe { &*(*list).ctx.cast_const().cast::<HostList>() };
            events.0.get(index as usize).map_or(std::ptr::null(), |event| &raw const event.header)
        }
        clap_input_events { ctx: (&raw const *self).cast_mut().cast(), size: Some(size), get: Some(get) }
    }
}

/// What arrives at a host that takes so many events.
struct HostOutput {
    taken: Vec<clap_event_note>,
    room: usize,
}

impl HostOutput {
    fn list(this: *mut Self) -> clap_output_events {
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

fn event(kind: clap_event_type, time: u32, id: i32, key: i16) -> clap_event_note {
    let size = u32::try_from(size_of::<clap_event_note>()).unwrap();
    let header = clap_event_header { size, time, space_id: CLAP_CORE_EVENT_SPACE_ID, type_: kind, flags: 0 };
    clap_event_note { header, note_id: id, port_index: 0, channel: 0, key, velocity: 0.5 }
}

fn through(times: &[u32], frames: u32) -> Vec<(u32, i16)> {
    let keys = 0_i16..;
    let host = HostList(times.iter().zip(keys).map(|(time, key)| event(CLAP_EVENT_NOTE_ON, *time, -1, key)).collect());
    let host_list = host.list();
    let input = InputEvents::new(&raw const host_list, frames);
    let list = input.list();
    let read = |index| {
        let event = unsafe { &*list.get.unwrap()(&raw const list, index).cast::<clap_event_note>() };
        (event.header.time, event.key)
    };
    (0..unsafe { list.size.unwrap()(&raw const list) }).map(read).collect()
}

/// Events inside a block and in order are passed on as they are; others are moved to the nearest place.
#[test]
fn events_lie_inside_the_block_and_in_order() {
    assert_eq!(through(&[0, 3, 63], 64), [(0, 0), (3, 1), (63, 2)]);
    assert_eq!(through(&[64, 1_000, u32::MAX], 64), [(63, 0), (63, 1), (63, 2)]);
    assert_eq!(through(&[9, 5, 20], 64), [(9, 0), (9, 1), (20, 2)]);
    assert_eq!(through(&[5], 0), [(0, 0)]);
    assert_eq!(through(&[], 64), []);
}

proptest! {
    #[test]
    fn whatever_times_a_host_gives_they_are_in_order(times in prop::collection::vec(any::<u32>(), 0..20), frames in 1_u32..100) {
        let passed = through(&times, frames);
        prop_assert_eq!(passed.len(), times.len());
        prop_assert!(passed.iter().all(|(time, _)| *time < frames));
        prop_assert!(passed.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
}

/// An event that is moved and says that it is larger than any is passed over, not read beyond its end.
#[test]
fn an_event_of_absurd_size_outside_the_block_is_passed_over() {
    for size in [0, 15, 257, u32::MAX] {
        let mut absurd = event(CLAP_EVENT_NOTE_ON, 99, -1, 60);
        absurd.header.size = size;
        let host = HostList(vec![absurd]);
        let host_list = host.list();
        let input = InputEvents::new(&raw const host_list, 64);
        assert!(input.get(0).is_null(), "{size}");
    }
    const { assert!(size_of::<clap_event_param_value>() <= LARGEST_EVENT) };
    assert_eq!(CLAP_EVENT_PARAM_VALUE, 5);
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
    let output = OutputEvents::new(&raw const host_list);
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
    let output = OutputEvents::new(&raw const host_list);
    assert_eq!((0..5).filter(|_| push(&output, CLAP_EVENT_NOTE_ON)).count(), 2);
    assert_eq!(output.sent.get(), 2);
}

fn ends_after(blocks: &[&[clap_event_note]]) -> Vec<(i32, i16)> {
    let mut host = HostOutput { taken: Vec::new(), room: usize::MAX };
    let mut ends = NoteEnds::default();
    for block in blocks {
        let events = HostList(block.to_vec());
        let events = events.list();
        let host_list = HostOutput::list(&raw mut host);
        ends.follow(&InputEvents::new(&raw const events, 64), &OutputEvents::new(&raw const host_list));
    }
    assert!(host.taken.iter().all(|event| event.header.type_ == CLAP_EVENT_NOTE_END && event.header.time == 63));
    host.taken.iter().map(|event| (event.note_id, event.key)).collect()
}

/// A note is reported once, when its key is up: with its name, without one, or named at its start alone.
#[test]
fn every_heard_note_ends_once_when_its_key_is_up() {
    let (on, off, choke) = (CLAP_EVENT_NOTE_ON, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_CHOKE);
    assert_eq!(ends_after(&[&[event(on, 0, 7, 60)], &[event(off, 3, 7, 60)], &[event(off, 0, 7, 60)]]), [(7, 60)]);
    assert_eq!(ends_after(&[&[event(on, 0, 7, 60), event(off, 3, -1, 60)]]), [(7, 60)]);
    assert_eq!(ends_after(&[&[event(on, 0, -1, 60), event(on, 1, -1, 62), event(off, 3, -1, 62)]]), [(-1, 62)]);
    assert_eq!(ends_after(&[&[event(on, 0, 1, 60), event(on, 1, 2, 60), event(off, 3, 2, 60)]]), [(2, 60)]);
    assert_eq!(ends_after(&[&[event(on, 0, 1, 60), event(on, 1, 2, 60), event(choke, 3, -1, -1)]]), [(1, 60), (2, 60)]);
    assert_eq!(ends_after(&[&[event(off, 3, 2, 60)]]), []);
}

/// Note-ons whose key-ups never come are ended too, oldest first, so the host's list of notes stays bounded.
#[test]
fn notes_that_are_never_released_end_when_there_are_too_many() {
    let ons: Vec<_> = (0..300).map(|id| event(CLAP_EVENT_NOTE_ON, 0, id, 60)).collect();
    let ends = ends_after(&[&ons]);
    assert_eq!(ends, (0..44).map(|id| (id, 60)).collect::<Vec<_>>());
}
