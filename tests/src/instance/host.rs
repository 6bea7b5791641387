//! The callbacks of the CLAP interface that the host offers to the plugin.

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::log::{HostLog, HostLogImpl, LogSeverity};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamRescanFlags,
};
use clack_extensions::state::{HostState, HostStateImpl};
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The host as the plugin sees it, callable from any thread.
#[derive(Default)]
pub struct HostShared {
    /// Whether it offers nothing for windows.
    pub(super) lacks_windows: bool,
    pub(super) callback_requested: AtomicBool,
    pub(super) restart_requested: AtomicBool,
    /// The last size that the editor asked for.
    pub(super) size_requested: Mutex<Option<GuiSize>>,
    pub(super) messages: Mutex<Vec<String>>,
}

impl SharedHandler<'_> for HostShared {
    fn request_restart(&self) {
        self.restart_requested.store(true, Ordering::Release);
    }
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.callback_requested.store(true, Ordering::Release);
    }
}

impl HostLogImpl for HostShared {
    fn log(&self, severity: LogSeverity, message: &str) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{severity}: {message}"));
    }
}

impl HostParamsImplShared for HostShared {
    fn request_flush(&self) {}
}

impl HostGuiImpl for HostShared {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, size: GuiSize) -> Result<(), HostError> {
        *self.size_requested.lock().unwrap_or_else(PoisonError::into_inner) = Some(size);
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _: bool) {}
}

/// The part of the host that belongs to the main thread.
pub struct HostMainThread;

impl MainThreadHandler<'_> for HostMainThread {}

impl HostParamsImplMainThread for HostMainThread {
    fn rescan(&self, _: ParamRescanFlags) {}
    fn clear(&self, _: ClapId, _: ParamClearFlags) {}
}

impl HostStateImpl for HostMainThread {
    fn mark_dirty(&self) {}
}

/// Names the types of this host to `clack`.
pub struct HeadlessHost;

impl HostHandlers for HeadlessHost {
    type Shared<'a> = HostShared;
    type MainThread<'a> = HostMainThread;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, shared: &HostShared) {
        builder.register::<HostLog>().register::<HostParams>().register::<HostState>();
        if !shared.lacks_windows {
            builder.register::<HostGui>();
        }
    }
}
