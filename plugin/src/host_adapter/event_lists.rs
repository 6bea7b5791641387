//! The event lists of one block, between the host and `nice-plug`.
//!
//! - [`BlockEvents`] is what the host gives: read as if every event lay inside the block, and none before the one in
//!   front of it, and cut into pieces where a parameter or the transport changes.
//!   WORKAROUND(nice-plug 0.4.2): it cuts a block at each parameter change, even beyond the end of the audio; it gives
//!   notes at the frame of a cut to the piece before; after a transport event it counts the frames before the cut
//!   twice, and works out bar lines by itself. Not reported, see
//!   <https://docs.rs/crate/nice-plug/0.4.2/source/src/wrapper/clap/wrapper.rs#L1967>. Tested by
//!   `events_beyond_the_end_of_the_block_do_no_harm` and `jumps_and_stops_in_mid_block_are_the_same_at_all_blocks`.
//!   Delete when it does none of these.
//! - [`PieceEvents`] is one piece, as `nice-plug` gets it. Transport events are left out: the piece has its own
//!   transport.
//! - [`OutputEvents`] is what leaves a piece, moved to its place in the block. Values of parameters with steps are
//!   whole numbers, see [`super::stepped`]. In VST3 at most [`EVENTS_PER_BLOCK`] leave a block, and note-offs find room
//!   when note-ons do not.
//!   WORKAROUND(clap-wrapper 0.3.1): it does not check whether the host took an event. Not reported, see
//!   <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/detail/vst3/process.cpp#L707>. Tested
//!   by `at_most_32_events_leave_a_block_and_note_offs_come_first`. Delete when it returns that.

#![allow(unsafe_code, reason = "CLAP's lists are tables of C functions")]
#![allow(clippy::cast_ptr_alignment, reason = "an event begins with its header, and is aligned as a whole")]

use super::stepped;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_PARAM_VALUE,
    CLAP_EVENT_TRANSPORT, clap_event_header, clap_event_param_value, clap_event_transport, clap_input_events,
    clap_output_events,
};
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::ptr::NonNull;

/// Hosts have lists of as few as 50 events, and what does not fit is lost without a word.
pub const EVENTS_PER_BLOCK: u32 = 32;
/// So many of them may be note-ons; what is left is for note-offs.
pub const NOTE_ONS_PER_BLOCK: u32 = 24;

/// The largest event that CLAP defines has 112 bytes.
const LARGEST_EVENT: usize = 256;

/// Place for a copy of any event.
#[repr(C, align(16))]
struct Scratch([MaybeUninit<u8>; LARGEST_EVENT]);

impl Scratch {
    const fn new() -> Self {
        Self([MaybeUninit::uninit(); LARGEST_EVENT])
    }

    /// A copy of the event at another time; `None` where it is not as large as it says.
    ///
    /// # Safety
    /// `place` is valid, and nobody reads what was copied there before; the event is as long as it says.
    unsafe fn at_time(
        place: *mut Self,
        event: *const clap_event_header,
        time: u32,
    ) -> Option<*const clap_event_header> {
        // SAFETY: an event begins with its header.
        let size = unsafe { (*event).size } as usize;
        if !(size_of::<clap_event_header>()..=LARGEST_EVENT).contains(&size) {
            return None;
        }
        let copy = place.cast::<clap_event_header>();
        // SAFETY: it fits, and the place is aligned for any event.
        unsafe {
            std::ptr::copy_nonoverlapping(event.cast::<u8>(), place.cast::<u8>(), size);
            (*copy).time = time;
        }
        Some(copy)
    }
}

/// The host's events of one block.
pub struct BlockEvents {
    host: *const clap_input_events,
    /// The last frame of the block.
    last: u32,
}

/// A piece of a block that nothing cuts: its first frame and event, and those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPiece {
    /// Its first frame.
    pub start: u32,
    /// The first frame after it.
    pub end: u32,
    /// Its first event.
    first: u32,
    /// The first event after it.
    next: u32,
}

impl BlockEvents {
    /// The events of a block of so many frames.
    pub fn new(host: *const clap_input_events, frames: u32) -> Self {
        Self { host, last: frames.saturating_sub(1) }
    }

    /// The last frame of the block.
    pub const fn last_frame(&self) -> u32 {
        self.last
    }

    /// The whole block in one piece.
    pub fn whole(&self) -> BlockPiece {
        BlockPiece { start: 0, end: self.last.saturating_add(1), first: 0, next: self.len() }
    }

    /// The piece after this one, or the first.
    pub fn piece_after(&self, before: Option<BlockPiece>) -> Option<BlockPiece> {
        let (start, first) = before.map_or((0, 0), |piece| (piece.end, piece.next));
        if start > self.last {
            return None;
        }
        let (mut time, mut first_at_time) = (start, first);
        for index in first..self.len() {
            let Some(event) = self.event(index) else { continue };
            let at = event.time.max(time).min(self.last);
            if at > time {
                (time, first_at_time) = (at, index);
            }
            if at > start && cuts(&event) {
                // Events in front of it on the same frame belong to the next piece too.
                return Some(BlockPiece { start, end: at, first, next: first_at_time });
            }
        }
        Some(BlockPiece { start, end: self.last.saturating_add(1), first, next: self.len() })
    }

    /// What the host says of its transport at the start of the piece, if it says anything there.
    pub fn transport_at(&self, piece: BlockPiece) -> Option<clap_event_transport> {
        let is_transport = |event: &ClapEvent<'_>| is_core(event, CLAP_EVENT_TRANSPORT);
        let last = (piece.first..piece.next).rev().filter_map(|index| self.event(index)).find(is_transport)?;
        let is_whole = last.size as usize >= size_of::<clap_event_transport>();
        // SAFETY: an event of this kind and size.
        is_whole.then(|| unsafe { *last.as_ptr().cast::<clap_event_transport>() })
    }

    /// All of them, in the host's order.
    pub fn iter(&self) -> impl Iterator<Item = ClapEvent<'_>> {
        (0..self.len()).filter_map(|index| self.event(index))
    }

    fn len(&self) -> u32 {
        // SAFETY: the host's list is valid during its block, or null.
        let Some(host) = (unsafe { self.host.as_ref() }) else { return 0 };
        // SAFETY: the list gets itself.
        host.size.map_or(0, |size| unsafe { size(self.host) })
    }

    fn event(&self, index: u32) -> Option<ClapEvent<'_>> {
        // SAFETY: the host's list is valid during its block, or null.
        let get = unsafe { self.host.as_ref() }?.get?;
        // SAFETY: the list gets itself.
        let event = NonNull::new(unsafe { get(self.host, index) }.cast_mut())?;
        Some(ClapEvent { event, block: PhantomData })
    }
}

/// An event of the host's, as long as its header says. A reference to the header would be good for the header alone.
#[derive(Clone, Copy)]
pub struct ClapEvent<'a> {
    event: NonNull<clap_event_header>,
    block: PhantomData<&'a BlockEvents>,
}

impl ClapEvent<'_> {
    /// The whole event.
    pub const fn as_ptr(self) -> *const clap_event_header {
        self.event.as_ptr()
    }
}

impl Deref for ClapEvent<'_> {
    type Target = clap_event_header;

    fn deref(&self) -> &clap_event_header {
        // SAFETY: the events of a host's list are valid during its block, and begin with their header.
        unsafe { self.event.as_ref() }
    }
}

fn is_core(event: &clap_event_header, kind: u16) -> bool {
    event.space_id == CLAP_CORE_EVENT_SPACE_ID && event.type_ == kind
}

/// What holds still during a piece changes here.
fn cuts(event: &clap_event_header) -> bool {
    [CLAP_EVENT_PARAM_VALUE, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_TRANSPORT].into_iter().any(|kind| is_core(event, kind))
}

/// The events of one piece, counted from its start.
pub struct PieceEvents<'a> {
    events: &'a BlockEvents,
    piece: BlockPiece,
    /// The latest time that was handed out, counted from the block's start.
    latest: Cell<u32>,
    /// An event whose time had to be changed: read before the next one is asked for.
    moved: UnsafeCell<Scratch>,
}

impl<'a> PieceEvents<'a> {
    /// The events of this piece.
    pub const fn new(events: &'a BlockEvents, piece: BlockPiece) -> Self {
        Self { events, piece, latest: Cell::new(piece.start), moved: UnsafeCell::new(Scratch::new()) }
    }

    /// The list to pass on. It must not outlive this.
    pub fn list(&self) -> clap_input_events {
        clap_input_events { ctx: (&raw const *self).cast_mut().cast(), size: Some(piece_size), get: Some(piece_get) }
    }

    fn len(&self) -> u32 {
        self.piece.next.saturating_sub(self.piece.first)
    }

    /// Null where there is nothing for `nice-plug`, which passes over it.
    fn get(&self, index: u32) -> *const clap_event_header {
        let BlockPiece { start, end, first, .. } = self.piece;
        let event = self.events.event(first.saturating_add(index));
        let Some(event) = event.filter(|event| !is_core(event, CLAP_EVENT_TRANSPORT)) else { return std::ptr::null() };
        let time = event.time.max(self.latest.get()).min(end.saturating_sub(1));
        self.latest.set(time);
        let time = time.saturating_sub(start);
        if time == event.time {
            return event.as_ptr();
        }
        // SAFETY: `nice-plug` has done with an event before it asks for the next.
        unsafe { Scratch::at_time(self.moved.get(), event.as_ptr(), time) }.unwrap_or(std::ptr::null())
    }
}

unsafe extern "C" fn piece_size(list: *const clap_input_events) -> u32 {
    // SAFETY: `list` was made by `PieceEvents::list`, which it does not outlive.
    unsafe { &*(*list).ctx.cast_const().cast::<PieceEvents<'_>>() }.len()
}

unsafe extern "C" fn piece_get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: `list` was made by `PieceEvents::list`, which it does not outlive.
    unsafe { &*(*list).ctx.cast_const().cast::<PieceEvents<'_>>() }.get(index)
}

/// The host's list for what leaves a block.
pub struct OutputEvents {
    host: *const clap_output_events,
    /// So many notes have begun and ended in this block; `None` where there is no bound.
    sent: Option<Cell<u32>>,
    /// Where the present piece begins.
    start: Cell<u32>,
    has_values: Cell<bool>,
}

impl OutputEvents {
    /// In front of the host's list, for one block; with the bound of VST3, or without.
    pub fn new(host: *const clap_output_events, is_bounded: bool) -> Self {
        Self { host, sent: is_bounded.then(|| Cell::new(0)), start: Cell::new(0), has_values: Cell::new(false) }
    }

    /// What is pushed from now on is counted from here.
    pub fn begin_piece(&self, start: u32) {
        self.start.set(start);
    }

    /// Whether values of parameters were among what has left.
    pub fn has_values(&self) -> bool {
        self.has_values.get()
    }

    /// The list to pass on. It must not outlive this.
    pub fn list(&self) -> clap_output_events {
        clap_output_events { ctx: (&raw const *self).cast_mut().cast(), try_push: Some(output_try_push) }
    }

    /// Gives the host an event as it is.
    ///
    /// # Safety
    /// `event` points to an event as long as it says.
    pub unsafe fn push_to_host(&self, event: *const clap_event_header) -> bool {
        // SAFETY: the host's list is valid during its block, or null.
        let Some(push) = (unsafe { self.host.as_ref() }).and_then(|host| host.try_push) else { return false };
        // SAFETY: the list gets itself, and a whole event.
        unsafe { push(self.host, event) }
    }

    /// # Safety
    /// `event` points to an event as long as it says.
    unsafe fn push(&self, event: *const clap_event_header) -> bool {
        // SAFETY: an event begins with its header.
        let header = unsafe { &*event };
        let kind = (header.space_id == CLAP_CORE_EVENT_SPACE_ID).then_some(header.type_);
        let bound = match kind {
            Some(CLAP_EVENT_NOTE_ON) => NOTE_ONS_PER_BLOCK,
            Some(CLAP_EVENT_NOTE_OFF) => EVENTS_PER_BLOCK,
            // The VST3 wrapper takes all others and sends none of them on.
            _ => u32::MAX,
        };
        if self.sent.as_ref().is_some_and(|sent| sent.get() >= bound) {
            return false;
        }
        let mut moved = Scratch::new();
        // SAFETY: the copy is made here.
        let Some(copy) = (unsafe { Scratch::at_time(&raw mut moved, event, self.start.get() + header.time) }) else {
            // SAFETY: by this function's own condition.
            return unsafe { self.push_to_host(event) };
        };
        if kind == Some(CLAP_EVENT_PARAM_VALUE) {
            // SAFETY: a copy of an event of this kind, which nobody else has.
            let value = unsafe { &mut *copy.cast_mut().cast::<clap_event_param_value>() };
            value.value = stepped::whole(value.param_id, value.value);
            self.has_values.set(true);
        }
        // SAFETY: a whole event.
        let taken = unsafe { self.push_to_host(copy) };
        if let Some(sent) = self.sent.as_ref().filter(|_| taken && bound != u32::MAX) {
            sent.set(sent.get() + 1);
        }
        taken
    }
}

unsafe extern "C" fn output_try_push(list: *const clap_output_events, event: *const clap_event_header) -> bool {
    // SAFETY: `list` was made by `OutputEvents::list`, which it does not outlive; `nice-plug` pushes whole events.
    unsafe { (&*(*list).ctx.cast_const().cast::<OutputEvents>()).push(event) }
}

#[cfg(test)]
pub mod tests;
