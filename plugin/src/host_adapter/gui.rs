//! The window's functions of CLAP: `nice-plug`'s, with three of ours in front.
//!
//! WORKAROUND(clap-wrapper 0.3.1): a VST3 view that is released after its instance has ended closes the window of a
//! freed instance. So an instance that ends with its window open stays until then, as a shell that does nothing. Not
//! reported, see <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/wrapasvst3.cpp#L161>.
//! Tested by `an_instance_may_end_with_its_window_open`. Delete when `ClapAsVst3::terminate` closes the window.
//!
//! WORKAROUND(clap-wrapper 0.3.1): it does not tell the plugin when a view leaves its window, and only sets another
//! parent when the view enters the next; by then the first has taken the plugin's window with it. Not reported, see
//! <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/detail/vst3/plugview.cpp#L136>. Tested by
//! `a_view_may_move_to_another_window`. Delete when `WrappedView::removed` destroys the window.
//!
//! WORKAROUND(nice-plug 0.4.2): a window in a host that offers nothing for windows panics in a C function. Not
//! reported, see <https://docs.rs/crate/nice-plug/0.4.2/source/src/wrapper/clap/wrapper.rs#L2753>. Tested by
//! `a_host_that_offers_nothing_for_windows_gets_none`. Delete when `ext_gui_create` refuses it.

#![allow(unsafe_code, reason = "CLAP is an interface in C")]

use super::instance::{inner_extension, instance, release};
use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_host_gui, clap_plugin_gui, clap_window};
use clap_sys::plugin::clap_plugin;
use std::ffi::c_char;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;

/// # Safety
/// `plugin` is an instance that is alive, or null.
unsafe fn inner(plugin: *const clap_plugin) -> Option<&'static clap_plugin_gui> {
    // SAFETY: by this function's own condition; `nice-plug` gives its own table for its own name.
    unsafe { inner_extension(instance(plugin)?, CLAP_EXT_GUI) }
}

/// The table for this instance; there is none in a build without windows.
///
/// # Safety
/// `plugin` is an instance that is alive, or null.
pub unsafe fn table(plugin: *const clap_plugin) -> Option<&'static clap_plugin_gui> {
    static TABLE: OnceLock<clap_plugin_gui> = OnceLock::new();
    // SAFETY: by this function's own condition.
    let inner = unsafe { inner(plugin) }?;
    let (create, destroy, set_parent) = (Some(create as _), Some(destroy as _), Some(set_parent as _));
    Some(TABLE.get_or_init(|| clap_plugin_gui { create, destroy, set_parent, ..*inner }))
}

unsafe extern "C" fn create(plugin: *const clap_plugin, api: *const c_char, is_floating: bool) -> bool {
    // SAFETY: the host gives what it was given.
    let (Some(ours), Some(inner)) = (unsafe { instance(plugin) }, unsafe { inner(plugin) }) else { return false };
    // SAFETY: the host gives its own table for this name.
    if unsafe { ours.host_extension::<clap_host_gui>(CLAP_EXT_GUI) }.is_none() {
        return false;
    }
    // SAFETY: as the host's own call.
    let is_made = inner.create.is_some_and(|create| unsafe { create(plugin, api, is_floating) });
    if is_made {
        ours.gui.is_open.store(true, Relaxed);
        ours.gui.has_parent.store(false, Relaxed);
    }
    is_made
}

/// Also called by `destroy` of an instance whose window is open.
pub unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: the host gives what it was given.
    let Some(ours) = (unsafe { instance(plugin) }) else { return };
    if ours.gui.outlives.load(Relaxed) {
        // SAFETY: the instance has ended, and this was the last that its host had of it.
        unsafe { release(plugin) };
        return;
    }
    ours.gui.is_open.store(false, Relaxed);
    // SAFETY: the instance is alive.
    if let Some(destroy) = unsafe { inner(plugin) }.and_then(|inner| inner.destroy) {
        // SAFETY: as the host's own call.
        unsafe { destroy(plugin) };
    }
}

unsafe extern "C" fn set_parent(plugin: *const clap_plugin, window: *const clap_window) -> bool {
    // SAFETY: the host gives what it was given.
    let (Some(ours), Some(inner)) = (unsafe { instance(plugin) }, unsafe { inner(plugin) }) else { return false };
    // SAFETY: the host gives a window, or null.
    let Some(parent) = (unsafe { window.as_ref() }) else { return false };
    if ours.gui.has_parent.load(Relaxed) {
        // SAFETY: as the host's own calls; the name of the window system outlives this one.
        let is_made = unsafe {
            destroy(plugin);
            create(plugin, parent.api, false)
        };
        if !is_made {
            return false;
        }
    }
    ours.gui.has_parent.store(true, Relaxed);
    // SAFETY: as the host's own call.
    inner.set_parent.is_some_and(|set_parent| unsafe { set_parent(plugin, window) })
}
