//! The library's CLAP entry: `nice-plug`'s plugin, with a few functions put in front of it.
//!
//! WORKAROUND(nice-plug 0.4.2): `nice_export_clap!` offers the CLAP plugin factory only, so `clap-wrapper` learns
//! neither the VST3 class id nor the note expressions. Not reported, see
//! <https://docs.rs/crate/nice-plug/0.4.2/source/src/wrapper/clap.rs#L165>. Tested by
//! `the_class_id_the_category_and_the_vendor_are_frozen`. Delete when the macro takes further factories and extensions.
//!
//! Each instance that a host gets is an `Instance`: a copy of `nice-plug`'s table of functions in which `destroy`,
//! `activate`, `process` and `get_extension` are ours. `process` passes each block on in pieces, see `event_lists`.

// The one place of the crate where the interface of CLAP in C is spoken.
#![allow(unsafe_code, reason = "CLAP is an interface in C")]

use super::event_lists::{BlockEvents, OutputEvents};
use super::host_facts::HostFacts;
use super::instance::{GuiState, Instance, inner_extension, instance, release};
use super::{gui, params, vst3_info};
use crate::Segue;
use clap_sys::entry::clap_plugin_entry;
use clap_sys::ext::gui::CLAP_EXT_GUI;
use clap_sys::ext::latency::CLAP_EXT_LATENCY;
use clap_sys::ext::params::{CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_VALUES, clap_host_params};
use clap_sys::ext::render::{CLAP_EXT_RENDER, CLAP_RENDER_OFFLINE, clap_plugin_render, clap_plugin_render_mode};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::{clap_plugin, clap_plugin_descriptor};
use clap_sys::process::{CLAP_PROCESS_CONTINUE, CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use clap_sys::version::CLAP_VERSION;
use nice_plug::wrapper::clap::{PluginDescriptor, Wrapper};
use nice_plug::wrapper::setup_logger;
use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The library's entry, found by its name.
#[unsafe(no_mangle)]
#[used]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};

extern "C" fn init(_path: *const c_char) -> bool {
    #[cfg(all(windows, target_env = "gnu"))]
    super::kept_library::keep();
    setup_logger::<Segue>();
    true
}

extern "C" fn deinit() {}

unsafe extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: the host gives a C string or null.
    match unsafe { text(id) } {
        Some(id) if id == CLAP_PLUGIN_FACTORY_ID => (&raw const FACTORY).cast(),
        Some(id) if id == vst3_info::FACTORY_ID => vst3_info::of_the_factory(),
        _ => std::ptr::null(),
    }
}

/// # Safety
/// `id` is a C string that outlives the call, or null.
unsafe fn text<'a>(id: *const c_char) -> Option<&'a CStr> {
    // SAFETY: not null, and a C string by this function's own condition.
    (!id.is_null()).then(|| unsafe { CStr::from_ptr(id) })
}

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(get_plugin_count),
    get_plugin_descriptor: Some(get_plugin_descriptor),
    create_plugin: Some(create_plugin),
};

fn descriptor() -> &'static PluginDescriptor {
    static DESCRIPTOR: OnceLock<PluginDescriptor> = OnceLock::new();
    DESCRIPTOR.get_or_init(PluginDescriptor::for_plugin::<Segue>)
}

extern "C" fn get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    1
}

extern "C" fn get_plugin_descriptor(_factory: *const clap_plugin_factory, index: u32) -> *const clap_plugin_descriptor {
    if index == 0 { descriptor().clap_plugin_descriptor() } else { std::ptr::null() }
}

unsafe extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    // SAFETY: the host gives a C string or null.
    if host.is_null() || unsafe { text(id) } != Some(descriptor().clap_id()) {
        return std::ptr::null();
    }
    let facts = Arc::new(HostFacts::default());
    // SAFETY: the host's pointer is valid until the instance is destroyed, as CLAP promises.
    let wrapper = facts.with_next(|| unsafe { Wrapper::<Segue>::new(host) });
    // The reference that `nice-plug` gives back in its `destroy`.
    let inner = wrapper.clap_plugin.as_ptr().cast_const();
    let _kept = Arc::into_raw(wrapper);
    // SAFETY: `inner` lies in the wrapper, which lives until its `destroy` is called, by ours.
    let functions = unsafe { *inner };
    let plugin = clap_plugin {
        destroy: Some(destroy),
        activate: Some(activate),
        process: Some(process),
        on_main_thread: Some(on_main_thread),
        get_extension: Some(get_extension),
        ..functions
    };
    let instance = Instance {
        plugin,
        inner,
        facts,
        host,
        gui: GuiState::default(),
        has_unheard_values: AtomicBool::new(false),
        sample_rate: AtomicU64::new(0),
        note_ends: UnsafeCell::default(),
    };
    Box::into_raw(Box::new(instance)).cast_const().cast()
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: a host destroys what it was given, once.
    let Some(ours) = (unsafe { instance(plugin) }) else { return };
    let has_window = ours.gui.is_open.load(Ordering::Relaxed);
    if has_window {
        // SAFETY: the instance is still alive.
        unsafe { gui::destroy(plugin) };
    }
    // SAFETY: `inner` is alive until this call.
    if let Some(destroy) = unsafe { (*ours.inner).destroy } {
        // SAFETY: `nice-plug` reads `plugin_data` alone, which is its own.
        unsafe { destroy(plugin) };
    }
    if has_window && ours.facts.is_vst3() {
        ours.gui.outlives.store(true, Ordering::Relaxed);
        // SAFETY: nobody else uses it now; without this `nice-plug`'s functions do nothing.
        unsafe { (*plugin.cast_mut()).plugin_data = std::ptr::null_mut() };
        return;
    }
    // SAFETY: nobody uses it after `destroy`.
    unsafe { release(plugin) };
}

/// WORKAROUND(clap-wrapper 0.3.1): while the host asks for no sound, values that the window sets do not reach it. Here
/// the host is asked to read all values again. Not reported, see
/// <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/wrapasvst3.cpp#L1361>. Tested by
/// `edits_in_the_window_of_a_resting_plugin_reach_the_host`. Delete when `ClapAsVst3::onIdle` gives its flush an
/// `IAutomation`.
unsafe extern "C" fn on_main_thread(plugin: *const clap_plugin) {
    // SAFETY: the host gives what it was given.
    let Some(ours) = (unsafe { instance(plugin) }) else { return };
    if ours.has_unheard_values.swap(false, Ordering::Relaxed) {
        // SAFETY: the host gives its own tables for these names.
        let (params, state) = unsafe { (ours.host_extension(CLAP_EXT_PARAMS), ours.host_extension(CLAP_EXT_STATE)) };
        if let Some(rescan) = params.and_then(|params: &clap_host_params| params.rescan) {
            // SAFETY: this is the main thread.
            unsafe { rescan(ours.host, CLAP_PARAM_RESCAN_VALUES) };
        }
        if let Some(mark_dirty) = state.and_then(|state: &clap_host_state| state.mark_dirty) {
            // SAFETY: this is the main thread.
            unsafe { mark_dirty(ours.host) };
        }
    }
    // SAFETY: `inner` is alive until `destroy`.
    if let Some(on_main_thread) = unsafe { (*ours.inner).on_main_thread } {
        // SAFETY: as the host's own call.
        unsafe { on_main_thread(plugin) };
    }
}

unsafe extern "C" fn activate(plugin: *const clap_plugin, sample_rate: f64, least: u32, largest: u32) -> bool {
    // SAFETY: the host gives what it was given.
    let Some(ours) = (unsafe { instance(plugin) }) else { return false };
    ours.sample_rate.store(sample_rate.to_bits(), Ordering::Relaxed);
    // SAFETY: `inner` is alive until `destroy`.
    let activate = unsafe { (*ours.inner).activate };
    // SAFETY: as the host's own call.
    activate.is_some_and(|activate| unsafe { activate(plugin, sample_rate, least, largest) })
}

/// One block of the host, in the pieces that it is cut into; see `event_lists`. A block of no frames carries
/// parameters only: `nice-plug` asserts that there are frames.
unsafe extern "C" fn process(plugin: *const clap_plugin, process: *const clap_process) -> clap_process_status {
    // SAFETY: the host gives what it was given and a block, or null.
    let (Some(ours), Some(block)) = (unsafe { instance(plugin) }, unsafe { process.as_ref() }) else {
        return CLAP_PROCESS_ERROR;
    };
    if block.frames_count == 0 {
        // SAFETY: as the host's own call.
        unsafe { params::flush(plugin, block.in_events, block.out_events) };
        return CLAP_PROCESS_CONTINUE;
    }
    let events = BlockEvents::new(block.in_events, block.frames_count);
    let output = OutputEvents::new(block.out_events, ours.facts.is_vst3());
    // SAFETY: the host's block is valid during this call.
    let status = unsafe { ours.process_pieces(block, &events, &output) };
    if ours.facts.is_vst3() {
        // SAFETY: a host calls `process` from one thread at a time, and nothing else touches it.
        unsafe { &mut *ours.note_ends.get() }.follow(&events, &output);
    }
    status
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    // SAFETY: the host gives what it was given, and a C string or null.
    let (Some(ours), Some(name)) = (unsafe { instance(plugin) }, unsafe { text(id) }) else {
        return std::ptr::null();
    };
    if name == vst3_info::PLUGIN_ID {
        // Nobody but the VST3 wrapper asks for this, and it does so before it activates the plugin.
        ours.facts.set_vst3();
        return vst3_info::of_an_instance();
    }
    if name == CLAP_EXT_RENDER {
        return (&raw const RENDER).cast();
    }
    if name == CLAP_EXT_TAIL {
        return (&raw const TAIL).cast();
    }
    if name == CLAP_EXT_LATENCY {
        // Segue delays nothing.
        // WORKAROUND(clap-wrapper 0.3.1): if a host asks for the latency before it activates, each activation asks the
        // host to restart. Not reported, see
        // <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/wrapasvst3.cpp#L201>. Tested by
        // `no_latency_an_endless_tail_and_no_restart`. Delete when it does so only for a latency that has changed.
        return std::ptr::null();
    }
    if name == CLAP_EXT_PARAMS {
        // SAFETY: `nice-plug` gives its own table for its own name.
        return unsafe { params::table(plugin, ours) }.map_or(std::ptr::null(), |params| (&raw const *params).cast());
    }
    if name == CLAP_EXT_GUI {
        // SAFETY: the instance is alive.
        return unsafe { gui::table(plugin) }.map_or(std::ptr::null(), |gui| (&raw const *gui).cast());
    }
    // SAFETY: `inner` is alive until `destroy`.
    let get = unsafe { (*ours.inner).get_extension };
    // SAFETY: as the host's own call.
    get.map_or(std::ptr::null(), |get| unsafe { get(plugin, id) })
}

/// Segue may play at any time, so a host must never put it to sleep.
///
/// WORKAROUND(nice-plug 0.4.2): until the first block it reports no tail, and that is when VST3 hosts ask. Not
/// reported, see <https://docs.rs/crate/nice-plug/0.4.2/source/src/wrapper/clap/wrapper.rs#L3494>. Tested by
/// `no_latency_an_endless_tail_and_no_restart`. Delete when its tail is known from the start.
static TAIL: clap_plugin_tail = clap_plugin_tail { get: Some(endless_tail) };

extern "C" fn endless_tail(_plugin: *const clap_plugin) -> u32 {
    u32::MAX
}

static RENDER: clap_plugin_render = clap_plugin_render {
    has_hard_realtime_requirement: Some(has_hard_realtime_requirement),
    set: Some(set_render_mode),
};

extern "C" fn has_hard_realtime_requirement(_plugin: *const clap_plugin) -> bool {
    false
}

unsafe extern "C" fn set_render_mode(plugin: *const clap_plugin, mode: clap_plugin_render_mode) -> bool {
    // SAFETY: the host gives what it was given.
    let Some(ours) = (unsafe { instance(plugin) }) else { return false };
    ours.facts.note_render_mode(mode == CLAP_RENDER_OFFLINE);
    // SAFETY: `nice-plug` gives its own table for its own name.
    let set = unsafe { inner_extension::<clap_plugin_render>(ours, CLAP_EXT_RENDER) }.and_then(|render| render.set);
    // SAFETY: as the host's own call.
    set.is_some_and(|set| unsafe { set(plugin, mode) })
}
