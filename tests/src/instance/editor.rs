//! The editor of an instance, opened in a window of the host.

use super::Instance;
use super::host::HostShared;
use crate::foreign;
use anyhow::{Context, Result, bail};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, PluginGui, Window};
use clack_host::prelude::*;
use std::sync::PoisonError;
use std::time::Duration;

/// The kind of window that an editor goes into.
const HOW: GuiConfiguration<'static> = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };

impl Instance {
    /// Opens the editor in a window of the X window system; returns its size in pixels.
    ///
    /// # Errors
    /// When the plugin has no editor for such windows, or cannot open it.
    pub fn open_editor(&mut self, window: u32, scale: Option<f64>) -> Result<(u32, u32)> {
        self.open_editor_slowly(window, scale, Duration::ZERO)
    }

    /// The same in a host that pauses this long between two steps.
    ///
    /// # Errors
    /// When the plugin has no editor, or cannot open it.
    pub fn open_editor_slowly(&mut self, window: u32, scale: Option<f64>, pause: Duration) -> Result<(u32, u32)> {
        let handle = self.plugin.plugin_handle();
        let gui = gui(handle)?;
        if !gui.is_api_supported(&handle, HOW) {
            bail!("the plugin has no editor for X11");
        }
        gui.create(&handle, HOW)?;
        std::thread::sleep(pause);
        if let Some(scale) = scale {
            gui.set_scale(&handle, scale)?;
        }
        let size = gui.get_size(&handle).context("the editor has no size")?;
        #[allow(clippy::useless_conversion, reason = "as wide as the system's own long")]
        let parent = Window::from_x11_handle(window.into());
        foreign::set_parent(gui, handle, parent)?;
        std::thread::sleep(pause);
        gui.show(&handle)?;
        Ok((size.width, size.height))
    }

    /// Makes an editor, and closes it after a while without having shown it.
    ///
    /// # Errors
    /// When the plugin has no editor.
    pub fn touch_editor(&mut self, pause: Duration) -> Result<()> {
        let handle = self.plugin.plugin_handle();
        let gui = gui(handle)?;
        gui.create(&handle, HOW)?;
        std::thread::sleep(pause);
        gui.destroy(&handle);
        Ok(())
    }

    /// Resizes the editor, in pixels; returns the size that it takes.
    ///
    /// # Errors
    /// When there is no editor, or it cannot be resized.
    pub fn resize_editor(&mut self, width: u32, height: u32) -> Result<(u32, u32)> {
        let handle = self.plugin.plugin_handle();
        let gui = gui(handle)?;
        if !gui.can_resize(&handle) {
            bail!("the editor cannot be resized");
        }
        let size = gui.adjust_size(&handle, GuiSize { width, height }).context("the editor takes no size")?;
        gui.set_size(&handle, size)?;
        Ok((size.width, size.height))
    }

    /// The size, in pixels, that the editor has asked for since the last call.
    pub fn take_asked_size(&self) -> Option<(u32, u32)> {
        let asked = |host: &HostShared| host.size_requested.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.plugin.access_shared_handler(asked).map(|size| (size.width, size.height))
    }

    /// Closes the editor.
    ///
    /// # Errors
    /// When the plugin has none.
    pub fn close_editor(&mut self) -> Result<()> {
        let handle = self.plugin.plugin_handle();
        gui(handle)?.destroy(&handle);
        Ok(())
    }
}

fn gui(handle: PluginMainThreadHandle<'_>) -> Result<PluginGui> {
    handle.get_extension::<PluginGui>().context("the plugin has no editor")
}
