//! Sees to it that a window is drawn, however late its host shows it.
//!
//! WORKAROUND(baseview 0.4.2): it asks the X server for the time of the next frame, but asks to be told only when the
//! window is shown. If it wants a frame before that, as it does after some milliseconds, the answer is lost, it never
//! asks again, and the window stays blank. Here the window is shown at once, out of sight while it has no parent. Not
//! reported, see <https://docs.rs/crate/baseview/0.4.2/source/src/platform/x11/present.rs#L119>. Tested by
//! `a_window_is_drawn_however_late_its_host_shows_it`. Delete when that passes without it.

use nice_plug_egui::baseview::WindowContext;
use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use std::error::Error;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, WindowClass};
use x11rb::rust_connection::RustConnection;

/// The number by which the X server knows a window.
pub fn number(window: &WindowContext) -> Option<u32> {
    match window.window_handle().ok()?.as_raw() {
        RawWindowHandle::Xcb(handle) => Some(handle.window.get()),
        #[expect(clippy::cast_possible_truncation, reason = "window numbers have 32 bits")]
        RawWindowHandle::Xlib(handle) => Some(handle.window as u32),
        _ => None,
    }
}

/// A window that is shown, and where it waits out of sight.
pub struct MappedWindow {
    connection: RustConnection,
    window: u32,
    /// A parent that is not shown itself, for a window that will get another.
    holder: Option<u32>,
}

impl MappedWindow {
    /// Shows it; one that stands alone is in sight from now on.
    ///
    /// # Errors
    /// When the X server does not.
    pub fn at_once(window: u32, stands_alone: bool) -> Result<Self, Box<dyn Error>> {
        let (connection, _) = x11rb::connect(None)?;
        let tree = connection.query_tree(window)?.reply()?;
        let mut shown = Self { connection, window, holder: None };
        if !stands_alone && tree.parent == tree.root {
            let holder = shown.connection.generate_id()?;
            let (class, free) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new().override_redirect(1));
            let (depth, visual) = (x11rb::COPY_DEPTH_FROM_PARENT, x11rb::COPY_FROM_PARENT);
            shown.connection.create_window(depth, holder, tree.root, 0, 0, 1, 1, 0, class, visual, &free)?.check()?;
            shown.holder = Some(holder);
            shown.connection.reparent_window(window, holder, 0, 0)?.check()?;
        }
        shown.connection.map_window(window)?.check()?;
        Ok(shown)
    }

    /// The holder goes with the connection, and must not take the window with it, which nice-plug closes itself.
    fn let_go(&self) -> Result<(), Box<dyn Error>> {
        let tree = self.connection.query_tree(self.window)?.reply()?;
        if self.holder == Some(tree.parent) {
            self.connection.unmap_window(self.window)?.check()?;
            self.connection.reparent_window(self.window, tree.root, 0, 0)?.check()?;
        }
        Ok(())
    }
}

impl Drop for MappedWindow {
    fn drop(&mut self) {
        // One that has gone already needs nothing.
        let _ = self.let_go();
    }
}
