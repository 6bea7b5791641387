//! The plugin's library in memory: entered when it is loaded, left when it is no longer used.

#![allow(unsafe_code, reason = "VST3 is an interface in C++")]

use anyhow::{Result, ensure};
use libloading::Library;
#[cfg(target_os = "linux")]
use std::ffi::c_void;
use std::path::Path;
use vst3::ComPtr;
use vst3::Steinberg::IPluginFactory2;

/// What a host calls before it unloads the library.
#[cfg(target_os = "windows")]
const EXIT: &[u8] = b"ExitDll\0";
#[cfg(not(target_os = "windows"))]
const EXIT: &[u8] = b"ModuleExit\0";

/// An entered library. It is left when the module and its last instance are dropped.
pub(super) struct Loaded {
    /// Until the module is left.
    pub(super) factory: Option<ComPtr<IPluginFactory2>>,
    pub(super) library: Library,
}

impl Drop for Loaded {
    fn drop(&mut self) {
        self.factory = None;
        // SAFETY: the VST3 interface gives the function this shape.
        if let Ok(exit) = unsafe { self.library.get::<unsafe extern "C" fn() -> bool>(EXIT) } {
            // SAFETY: it is called once, after everything of the module has been released.
            unsafe { exit() };
        }
    }
}

pub(super) fn load(file: &Path) -> Result<Library> {
    #[cfg(target_os = "linux")]
    {
        use libloading::{Symbol, os::unix};
        // SAFETY: what is loaded is the plugin that this workspace has built, or one that the user names.
        let handle = unsafe { unix::Library::new(file) }?.into_raw();
        // SAFETY: the handle was just created, and nothing else owns it.
        let library: Library = unsafe { unix::Library::from_raw(handle) }.into();
        // SAFETY: the VST3 interface gives the function this shape.
        let enter: Symbol<'_, unsafe extern "C" fn(*mut c_void) -> bool> = unsafe { library.get(b"ModuleEntry\0") }?;
        // SAFETY: it is called once, before anything else, with the library's own handle.
        ensure!(unsafe { enter(handle) }, "the library refuses to be entered");
        Ok(library)
    }
    #[cfg(not(target_os = "linux"))]
    {
        // SAFETY: what is loaded is the plugin that this workspace has built, or one that the user names.
        let library = unsafe { Library::new(file) }?;
        // SAFETY: the VST3 interface gives the function this shape.
        if let Ok(enter) = unsafe { library.get::<unsafe extern "system" fn() -> bool>(b"InitDll\0") } {
            // SAFETY: it is called once, before anything else.
            ensure!(unsafe { enter() }, "the library refuses to be entered");
        }
        Ok(library)
    }
}
