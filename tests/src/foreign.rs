//! What this host does with the plugin that no compiler can check. Beside `vst3_host`, where the interface of VST3 is
//! spoken, this is the only file of the crate with unsafe code.

#![allow(unsafe_code, reason = "plugins are foreign code behind an interface in C")]

use clack_extensions::gui::{PluginGui, Window};
use clack_host::entry::{EntryDescriptor, PluginEntryError};
use clack_host::events::UnknownEvent;
use clack_host::prelude::*;
use std::path::Path;

/// Loads a plugin file.
///
/// # Errors
/// When the system cannot load it, or it is no CLAP.
pub(crate) fn load(path: &Path) -> Result<PluginEntry, PluginEntryError> {
    // SAFETY: what is loaded is the plugin that this workspace has built, or one that the user names to try it; loading
    // a library runs its code, and no host can check that.
    unsafe { PluginEntry::load(path) }
}

/// The plugin that this program is linked with.
///
/// # Errors
/// When the plugin refuses.
///
/// # Safety
/// `entry` is that of a plugin which keeps to the rules of CLAP.
pub unsafe fn linked(entry: &'static EntryDescriptor) -> Result<PluginEntry, PluginEntryError> {
    // SAFETY: by this function's own condition.
    unsafe { PluginEntry::load_from_raw(entry, c"") }
}

/// Puts an editor into a window.
///
/// # Errors
/// When the plugin refuses.
pub(crate) fn set_parent(
    gui: PluginGui,
    handle: PluginMainThreadHandle<'_>,
    window: Window<'_, '_>,
) -> Result<(), clack_extensions::gui::GuiError> {
    // SAFETY: the windows of this host's tests outlive the editors in them, which are closed before them.
    unsafe { gui.set_parent(&handle, window) }
}

/// Asks an instance that is not active for an activation that no sane host asks for, and takes it back if it is
/// granted. True when it was.
pub(crate) fn activate_and_deactivate<H: HostHandlers>(
    instance: &mut PluginInstance<H>,
    sample_rate: f64,
    least_block: u32,
    largest_block: u32,
) -> bool {
    let is_active = instance.is_active();
    let plugin = instance.raw_instance();
    let (Some(activate), Some(deactivate)) = (plugin.activate, plugin.deactivate) else {
        return false;
    };
    // SAFETY: the instance is alive and initialised, this is its main thread, and it is not active; the pointers are
    // the plugin's own.
    unsafe {
        let granted = !is_active && activate(plugin, sample_rate, least_block, largest_block);
        if granted {
            deactivate(plugin);
        }
        granted
    }
}

/// An event of a space and a kind that no plugin need know, with four words of payload.
#[repr(C, align(8))]
#[derive(Debug, Clone, Copy)]
pub struct StrangeEvent {
    size: u32,
    time: u32,
    space: u16,
    kind: u16,
    flags: u32,
    payload: [u32; 4],
}

impl StrangeEvent {
    /// In a space and of a kind; 0 is the space of CLAP's own events.
    pub fn new(time: u32, space: u16, kind: u16) -> Self {
        let size = u32::try_from(size_of::<Self>()).unwrap_or(0);
        Self { size, time, space, kind, flags: 0, payload: [u32::MAX, 0, 0x4090_3C7F, 1] }
    }

    /// Adds it to the events of a block.
    pub fn push_to(&self, events: &mut EventBuffer) {
        // SAFETY: it begins with the fields of `clap_event_header`, and `size` is its own; no byte of it is padding.
        events.push(unsafe { UnknownEvent::from_raw(std::ptr::from_ref(self).cast()) });
    }
}

/// The memory in bytes that this process has allocated and not freed: its own, and that of the plugins in it, which
/// share the system's allocator. Other than the resident memory, it does not depend on how the allocator keeps what is
/// free.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[must_use]
pub fn allocated() -> usize {
    // SAFETY: it takes nothing, and locks what it reads.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}
