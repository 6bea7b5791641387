//! The event lists of one block, between the host and `nice-plug`.
//!
//! - [`InputEvents`]: every event lies inside the block, and none before the one in front of it.
//!   WORKAROUND(nice-plug 0.4.2): it cuts the block at a parameter change wherever that lies, also beyond the end of the
//!   audio. Delete when it clamps such times as it does those of notes.
//! - [`OutputEvents`], VST3 alone: at most [`EVENTS_PER_BLOCK`] leave a block, and note-offs find room when note-ons do not.
//!   WORKAROUND(clap-wrapper 0.3.1): it does not look whether the host took an event. Delete when it says so.
//!   Values of parameters with steps are whole numbers, see [`super::stepped`].
//! - [`NoteEnds`], VST3 alone: each heard note is reported as ended when its key is up.
//!   WORKAROUND(clap-wrapper 0.3.1): it keeps a list of heard notes, which shrinks by such reports alone. Delete when it
//!   forgets a note at its note-off.

#![allow(unsafe_code, reason = "CLAP's lists are tables of C functions")]
#![allow(clippy::cast_ptr_alignment, reason = "an event begins with its header, and is aligned as a whole")]

use super::stepped;
use arrayvec::ArrayVec;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_CHOKE, CLAP_EVENT_NOTE_END, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON,
    CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_note, clap_event_param_value, clap_event_type,
    clap_input_events, clap_output_events,
};
use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;

/// Hosts have lists of as few as 50 events, and what does not fit is lost without a word.
pub const EVENTS_PER_BLOCK: u32 = 32;
/// So many of them may be note-ons; what is left is for note-offs.
pub const NOTE_ONS_PER_BLOCK: u32 = 24;

/// The largest event that CLAP defines has 112 bytes.
const LARGEST_EVENT: usize = 256;

#[repr(C, align(16))]
struct Scratch([MaybeUninit<u8>; LARGEST_EVENT]);

/// The host's events, moved into the block where they lie outside.
pub struct InputEvents {
    host: *const clap_input_events,
    /// The last frame of the block.
    last: u32,
    /// The latest time that was handed out.
    latest: Cell<u32>,
    /// An event whose time had to be changed: read before the next one is asked for.
    moved: UnsafeCell<Scratch>,
}

impl InputEvents {
    /// The events of a block of so many frames.
    pub fn new(host: *const clap_input_events, frames: u32) -> Self {
        let moved = UnsafeCell::new(Scratch([MaybeUninit::uninit(); LARGEST_EVENT]));
        Self { host, last: frames.saturating_sub(1), latest: Cell::new(0), moved }
    }

    /// The list to pass on. It must not outlive this.
    pub fn list(&self) -> clap_input_events {
        clap_input_events { ctx: (&raw const *self).cast_mut().cast(), size: Some(input_size), get: Some(input_get) }
    }

    fn len(&self) -> u32 {
        // SAFETY: the host's list is valid during its block, or null.
        let Some(host) = (unsafe { self.host.as_ref() }) else { return 0 };
        // SAFETY: the list gets itself.
        host.size.map_or(0, |size| unsafe { size(self.host) })
    }

    fn host_event(&self, index: u32) -> Option<&clap_event_header> {
        // SAFETY: the host's list is valid during its block, or null.
        let get = unsafe { self.host.as_ref() }?.get?;
        // SAFETY: the list gets itself; its events are valid during its block.
        unsafe { get(self.host, index).as_ref() }
    }

    /// Null where there is no event, or none that is as large as it says: `nice-plug` passes over both.
    fn get(&self, index: u32) -> *const clap_event_header {
        let Some(event) = self.host_event(index) else { return std::ptr::null() };
        let time = event.time.max(self.latest.get()).min(self.last);
        self.latest.set(time);
        if time == event.time {
            return event;
        }
        let size = event.size as usize;
        if !(size_of::<clap_event_header>()..=LARGEST_EVENT).contains(&size) {
            return std::ptr::null();
        }
        let moved = self.moved.get().cast::<u8>();
        // SAFETY: the event is as long as it says, and fits; the scratch is aligned like any event. Nobody reads what was in
        // it: `nice-plug` has done with an event before it asks for the next.
        unsafe {
            std::ptr::copy_nonoverlapping((&raw const *event).cast::<u8>(), moved, size);
            (*moved.cast::<clap_event_header>()).time = time;
        }
        moved.cast_const().cast()
    }

    /// The notes that begin or end, in order.
    fn notes(&self) -> impl Iterator<Item = (clap_event_type, Note)> {
        (0..self.len()).filter_map(|index| self.host_event(index)).filter_map(note)
    }
}

unsafe extern "C" fn input_size(list: *const clap_input_events) -> u32 {
    // SAFETY: `list` was made by `InputEvents::list`, which it does not outlive.
    unsafe { &*(*list).ctx.cast_const().cast::<InputEvents>() }.len()
}

unsafe extern "C" fn input_get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: `list` was made by `InputEvents::list`, which it does not outlive.
    unsafe { &*(*list).ctx.cast_const().cast::<InputEvents>() }.get(index)
}

/// The host's list for what leaves a block, with a bound.
pub struct OutputEvents {
    host: *const clap_output_events,
    sent: Cell<u32>,
}

impl OutputEvents {
    /// In front of the host's list, for one block.
    pub fn new(host: *const clap_output_events) -> Self {
        Self { host, sent: Cell::new(0) }
    }

    /// The list to pass on. It must not outlive this.
    pub fn list(&self) -> clap_output_events {
        clap_output_events { ctx: (&raw const *self).cast_mut().cast(), try_push: Some(output_try_push) }
    }

    /// # Safety
    /// `event` points to an event as long as it says.
    unsafe fn push(&self, event: *const clap_event_header) -> bool {
        // SAFETY: the host's list is valid during its block, or null.
        let Some(push) = (unsafe { self.host.as_ref() }).and_then(|host| host.try_push) else { return false };
        // SAFETY: the list gets itself, and a whole event.
        unsafe { push(self.host, event) }
    }

    /// # Safety
    /// `event` points to an event as long as it says.
    unsafe fn push_within_bound(&self, event: *const clap_event_header) -> bool {
        // SAFETY: an event begins with its header.
        let header = unsafe { &*event };
        let bound = match (header.space_id, header.type_) {
            (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE) => {
                // SAFETY: an event of this kind, as long as it says.
                let mut event = unsafe { *event.cast::<clap_event_param_value>() };
                event.value = stepped::whole(event.param_id, event.value);
                // SAFETY: a whole event.
                return unsafe { self.push((&raw const event).cast()) };
            }
            (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_ON) => NOTE_ONS_PER_BLOCK,
            (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_OFF) => EVENTS_PER_BLOCK,
            // The wrapper takes all others and sends none of them on.
            _ => u32::MAX,
        };
        if self.sent.get() >= bound {
            return false;
        }
        // SAFETY: by this function's own condition.
        let taken = unsafe { self.push(event) };
        if taken && bound != u32::MAX {
            self.sent.set(self.sent.get() + 1);
        }
        taken
    }
}

unsafe extern "C" fn output_try_push(list: *const clap_output_events, event: *const clap_event_header) -> bool {
    // SAFETY: `list` was made by `OutputEvents::list`, which it does not outlive; `nice-plug` pushes whole events.
    unsafe { (&*(*list).ctx.cast_const().cast::<OutputEvents>()).push_within_bound(event) }
}

/// A heard note, in the host's numbers: -1 stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    id: i32,
    port: i16,
    channel: i16,
    key: i16,
}

impl Note {
    /// Whether a key-up means this note. Some hosts name a note at its start and not at its end.
    fn is_ended_by(self, end: Self) -> bool {
        let same = |a: i32, b: i32| a == b || a < 0 || b < 0;
        same(self.id, end.id) && same(self.channel.into(), end.channel.into()) && same(self.key.into(), end.key.into())
    }
}

fn note(header: &clap_event_header) -> Option<(clap_event_type, Note)> {
    let is_note = matches!(header.type_, CLAP_EVENT_NOTE_ON | CLAP_EVENT_NOTE_OFF | CLAP_EVENT_NOTE_CHOKE);
    if header.space_id != CLAP_CORE_EVENT_SPACE_ID || !is_note || (header.size as usize) < size_of::<clap_event_note>()
    {
        return None;
    }
    // SAFETY: a note event of this size is a `clap_event_note`, which begins with its header.
    let event = unsafe { &*(&raw const *header).cast::<clap_event_note>() };
    Some((header.type_, Note { id: event.note_id, port: event.port_index, channel: event.channel, key: event.key }))
}

/// Reports heard notes as ended.
#[derive(Debug, Default)]
pub struct NoteEnds {
    /// The notes whose keys are down. When it is full, the oldest makes room.
    down: ArrayVec<Note, 256>,
}

impl NoteEnds {
    /// Follows the keys of one block, and reports the notes that ended in it.
    pub fn follow(&mut self, input: &InputEvents, output: &OutputEvents) {
        for (kind, note) in input.notes() {
            if kind != CLAP_EVENT_NOTE_ON {
                self.down.retain(|down| {
                    let ended = down.is_ended_by(note);
                    if ended {
                        report(*down, input.last, output);
                    }
                    !ended
                });
                continue;
            }
            if self.down.is_full()
                && let Some(oldest) = self.down.pop_at(0)
            {
                report(oldest, input.last, output);
            }
            self.down.push(note);
        }
    }
}

fn report(note: Note, time: u32, output: &OutputEvents) {
    let header = clap_event_header {
        size: u32::try_from(size_of::<clap_event_note>()).unwrap_or(0),
        time,
        space_id: CLAP_CORE_EVENT_SPACE_ID,
        type_: CLAP_EVENT_NOTE_END,
        flags: 0,
    };
    let Note { id: note_id, port: port_index, channel, key } = note;
    let event = clap_event_note { header, note_id, port_index, channel, key, velocity: 0.0 };
    // The wrapper always takes it. SAFETY: a whole event.
    let _taken = unsafe { output.push((&raw const event).cast()) };
}

#[cfg(test)]
mod tests;
