//! Reports heard notes as ended when their keys are up, in VST3 alone.
//!
//! WORKAROUND(clap-wrapper 0.3.1): its list of the notes that it has heard shrinks by such reports alone. Not reported,
//! see <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/detail/vst3/process.cpp#L830>. Tested
//! by `a_hundred_thousand_notes_leave_nothing_behind`. Delete when it forgets a note at its note-off.

#![allow(unsafe_code, reason = "CLAP's events are structures of C")]
#![allow(clippy::cast_ptr_alignment, reason = "an event begins with its header, and is aligned as a whole")]

use super::event_lists::{BlockEvents, ClapEvent, OutputEvents};
use arrayvec::ArrayVec;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_CHOKE, CLAP_EVENT_NOTE_END, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON,
    clap_event_header, clap_event_note, clap_event_type,
};

/// A heard note, in the host's numbers: -1 stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HostNote {
    id: i32,
    port: i16,
    channel: i16,
    key: i16,
}

impl HostNote {
    /// Whether a key-up means this note. Some hosts name a note at its start and not at its end.
    fn is_ended_by(self, end: Self) -> bool {
        let same = |a: i32, b: i32| a == b || a < 0 || b < 0;
        same(self.id, end.id) && same(self.channel.into(), end.channel.into()) && same(self.key.into(), end.key.into())
    }
}

fn note(header: ClapEvent<'_>) -> Option<(clap_event_type, HostNote)> {
    let is_note = matches!(header.type_, CLAP_EVENT_NOTE_ON | CLAP_EVENT_NOTE_OFF | CLAP_EVENT_NOTE_CHOKE);
    if header.space_id != CLAP_CORE_EVENT_SPACE_ID || !is_note || (header.size as usize) < size_of::<clap_event_note>()
    {
        return None;
    }
    // SAFETY: a note event of this size is a `clap_event_note`, which begins with its header.
    let event = unsafe { &*header.as_ptr().cast::<clap_event_note>() };
    Some((header.type_, HostNote { id: event.note_id, port: event.port_index, channel: event.channel, key: event.key }))
}

/// Reports heard notes as ended.
#[derive(Debug, Default)]
pub struct NoteEnds {
    /// The notes whose keys are down. When it is full, the oldest makes room.
    down: ArrayVec<HostNote, 256>,
}

impl NoteEnds {
    /// Follows the keys of one block, and reports the notes that ended in it.
    pub fn follow(&mut self, input: &BlockEvents, output: &OutputEvents) {
        for (kind, note) in input.iter().filter_map(note) {
            if kind != CLAP_EVENT_NOTE_ON {
                self.down.retain(|down| {
                    let ended = down.is_ended_by(note);
                    if ended {
                        report(*down, input.last_frame(), output);
                    }
                    !ended
                });
                continue;
            }
            if self.down.is_full()
                && let Some(oldest) = self.down.pop_at(0)
            {
                report(oldest, input.last_frame(), output);
            }
            self.down.push(note);
        }
    }
}

fn report(note: HostNote, time: u32, output: &OutputEvents) {
    let header = clap_event_header {
        size: u32::try_from(size_of::<clap_event_note>()).unwrap_or(0),
        time,
        space_id: CLAP_CORE_EVENT_SPACE_ID,
        type_: CLAP_EVENT_NOTE_END,
        flags: 0,
    };
    let HostNote { id: note_id, port: port_index, channel, key } = note;
    let event = clap_event_note { header, note_id, port_index, channel, key, velocity: 0.0 };
    // The wrapper always takes it. SAFETY: a whole event.
    let _taken = unsafe { output.push_to_host((&raw const event).cast()) };
}

#[cfg(test)]
mod tests {
    use super::super::event_lists::tests::{HostList, HostOutput, event};
    use super::*;

    fn ends_after(blocks: &[&[clap_event_note]]) -> Vec<(i32, i16)> {
        let mut host = HostOutput { taken: Vec::new(), room: usize::MAX };
        let mut ends = NoteEnds::default();
        for block in blocks {
            let events = HostList(block.to_vec());
            let events = events.list();
            let host_list = HostOutput::list(&raw mut host);
            ends.follow(&BlockEvents::new(&raw const events, 64), &OutputEvents::new(&raw const host_list, true));
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
        assert_eq!(
            ends_after(&[&[event(on, 0, 1, 60), event(on, 1, 2, 60), event(choke, 3, -1, -1)]]),
            [(1, 60), (2, 60)]
        );
        assert_eq!(ends_after(&[&[event(off, 3, 2, 60)]]), []);
    }

    /// Note-ons whose key-ups never come are ended too, oldest first, so the host's list of notes stays bounded.
    #[test]
    fn notes_that_are_never_released_end_when_there_are_too_many() {
        let ons: Vec<_> = (0..300).map(|id| event(CLAP_EVENT_NOTE_ON, 0, id, 60)).collect();
        let ends = ends_after(&[&ons]);
        assert_eq!(ends, (0..44).map(|id| (id, 60)).collect::<Vec<_>>());
    }
}
