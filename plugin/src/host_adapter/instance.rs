//! What a host holds of one instance, and how a block is passed on to it in pieces.

#![allow(unsafe_code, reason = "CLAP is an interface in C")]

use super::event_lists::{BlockEvents, BlockPiece, OutputEvents, PieceEvents};
use super::host_facts::HostFacts;
use super::note_ends::NoteEnds;
use super::transport;
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::clap_event_transport;
use clap_sys::host::clap_host;
use clap_sys::plugin::clap_plugin;
use clap_sys::process::{CLAP_PROCESS_CONTINUE, CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a host holds: the functions, and what ours need behind them.
#[repr(C)]
pub(super) struct Instance {
    /// First, so that a pointer to it is a pointer to the whole. Its `plugin_data` is `nice-plug`'s, whose functions
    /// get it.
    pub(super) plugin: clap_plugin,
    /// `nice-plug`'s own table.
    pub(super) inner: *const clap_plugin,
    pub(super) facts: Arc<HostFacts>,
    /// Who loaded it; alive until `destroy`.
    pub(super) host: *const clap_host,
    pub(super) gui: GuiState,
    /// The host does not know yet of values that the window has set.
    pub(super) has_unheard_values: AtomicBool,
    /// The bits of an `f64`.
    pub(super) sample_rate: AtomicU64,
    /// Used by `process` and, in VST3, by `flush`: never both at once.
    pub(super) note_ends: UnsafeCell<NoteEnds>,
}

/// # Safety
/// `plugin` came from `clap_entry` and is not destroyed yet, or is null.
pub(super) unsafe fn instance<'a>(plugin: *const clap_plugin) -> Option<&'a Instance> {
    // SAFETY: `create_plugin` hands out pointers to the first field of an `Instance`, made from a pointer to the whole.
    unsafe { plugin.cast::<Instance>().as_ref() }
}

/// The window of one instance, on the main thread.
#[derive(Debug, Default)]
pub(super) struct GuiState {
    pub(super) is_open: AtomicBool,
    pub(super) has_parent: AtomicBool,
    /// The instance has ended, and waits for its window to be closed.
    pub(super) outlives: AtomicBool,
}

/// # Safety
/// `plugin` came from `clap_entry`, `nice-plug` has destroyed its part, and nobody uses it any more.
pub(super) unsafe fn release(plugin: *const clap_plugin) {
    // SAFETY: made by `Box::into_raw` in `create_plugin`.
    drop(unsafe { Box::from_raw(plugin.cast_mut().cast::<Instance>()) });
}

/// Segue's output is one port of so many channels.
const CHANNELS: usize = 2;

impl Instance {
    /// # Safety
    /// `T` is the table that CLAP defines for this name.
    pub(super) unsafe fn host_extension<T>(&self, name: &CStr) -> Option<&T> {
        // SAFETY: the host is alive until `destroy`.
        let get = unsafe { (*self.host).get_extension }?;
        // SAFETY: the host gives null or a table that lives as long as itself.
        unsafe { get(self.host, name.as_ptr()).cast::<T>().as_ref() }
    }

    /// Notes in a block without time: a VST3 host's, of which the wrapper has taken note all the same.
    pub(super) fn flushed(&self, events: &BlockEvents, output: &OutputEvents) {
        if !self.facts.is_vst3() {
            return;
        }
        // SAFETY: the wrapper calls `flush` and `process` under one lock, and nothing else touches it.
        unsafe { &mut *self.note_ends.get() }.follow(events, output);
        if output.has_values() && !self.has_unheard_values.swap(true, Ordering::Relaxed) {
            // SAFETY: the host is alive until `destroy`.
            if let Some(request) = unsafe { (*self.host).request_callback } {
                // SAFETY: any thread may ask.
                unsafe { request(self.host) };
            }
        }
    }

    /// # Safety
    /// `block` is a block as CLAP has it.
    pub(super) unsafe fn process_pieces(
        &self,
        block: &clap_process,
        events: &BlockEvents,
        output: &OutputEvents,
    ) -> clap_process_status {
        // SAFETY: by this function's own condition.
        let channels = unsafe { channels_of(block) };
        let sample_rate = f64::from_bits(self.sample_rate.load(Ordering::Relaxed));
        // SAFETY: valid during the block, or null.
        let mut said = unsafe { block.transport.as_ref() }.map(|transport| (*transport, 0));
        let mut status = CLAP_PROCESS_CONTINUE;
        let mut piece = if channels.is_some() { events.piece_after(None) } else { Some(events.whole()) };
        while let Some(now) = piece {
            if let Some(transport) = events.transport_at(now) {
                said = Some((transport, now.start));
            }
            let transport = said.map(|(word, at)| transport::after(word, now.start - at, sample_rate));
            // SAFETY: by this function's own condition.
            status = unsafe { self.process_piece(block, events, output, now, transport.as_ref(), channels) };
            if status == CLAP_PROCESS_ERROR {
                return status;
            }
            piece = channels.and_then(|_| events.piece_after(piece));
        }
        status
    }

    /// # Safety
    /// `block` is a block as CLAP has it, `channels` are its own, and `piece` is part of it.
    unsafe fn process_piece(
        &self,
        block: &clap_process,
        events: &BlockEvents,
        output: &OutputEvents,
        piece: BlockPiece,
        transport: Option<&clap_event_transport>,
        channels: Option<[*mut f32; CHANNELS]>,
    ) -> clap_process_status {
        // SAFETY: `inner` is alive until `destroy`.
        let Some(process) = (unsafe { (*self.inner).process }) else { return CLAP_PROCESS_ERROR };
        // SAFETY: a piece begins inside its block, and so inside each channel.
        let mut moved = channels.map(|channels| channels.map(|channel| unsafe { channel.add(piece.start as usize) }));
        let mut port = moved.as_mut().map(|moved| {
            // SAFETY: there are channels, so there is a port.
            clap_audio_buffer { data32: moved.as_mut_ptr(), ..unsafe { *block.audio_outputs } }
        });
        let input = PieceEvents::new(events, piece);
        let (input_list, output_list) = (input.list(), output.list());
        output.begin_piece(piece.start);
        self.facts.set_piece_start(piece.start);
        let passed = clap_process {
            steady_time: if block.steady_time < 0 { -1 } else { block.steady_time + i64::from(piece.start) },
            frames_count: piece.end - piece.start,
            transport: transport.map_or(std::ptr::null(), |transport| &raw const *transport),
            audio_outputs: port.as_mut().map_or(block.audio_outputs, |port| &raw mut *port),
            in_events: &raw const input_list,
            out_events: if block.out_events.is_null() { block.out_events } else { &raw const output_list },
            ..*block
        };
        // SAFETY: as the host's own call, for a part of its block.
        unsafe { process(&raw const self.plugin, &raw const passed) }
    }
}

/// The channels of the one output, where the block is as Segue's ports ask for; otherwise it is not cut.
///
/// # Safety
/// `block` is a block as CLAP has it.
unsafe fn channels_of(block: &clap_process) -> Option<[*mut f32; CHANNELS]> {
    if block.audio_outputs_count != 1 {
        return None;
    }
    // SAFETY: as many ports as it says.
    let port = unsafe { block.audio_outputs.as_ref() }?;
    if port.channel_count as usize != CHANNELS || port.data32.is_null() {
        return None;
    }
    // SAFETY: as many channels as it says.
    let channels = unsafe { *port.data32.cast::<[*mut f32; CHANNELS]>() };
    channels.iter().all(|channel| !channel.is_null()).then_some(channels)
}

/// # Safety
/// `T` is the table that CLAP defines for this name.
pub(super) unsafe fn inner_extension<T>(ours: &Instance, name: &CStr) -> Option<&'static T> {
    // SAFETY: `inner` is alive until `destroy`.
    let get = unsafe { (*ours.inner).get_extension }?;
    // SAFETY: `nice-plug` gives null or a table that lives as long as the library.
    unsafe { get(ours.inner, name.as_ptr()).cast::<T>().as_ref() }
}
