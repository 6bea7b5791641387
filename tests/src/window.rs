//! A screen that nobody sees, a host's window on it, and a simulated mouse and keyboard.
//!
//! The screen is an X server of our own (Xvfb) on a free display, so no test depends on a running one. The mouse finds
//! the controls by their names, because the bundle under test reports where they are.

mod input;
mod jam;
mod screen;

use anyhow::{Context, Result, ensure};
use image::RgbImage;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat, InputFocus, MapState,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;

pub use input::{ENTER, ESCAPE};
pub use jam::{Gestures, Jam, Noted};
pub use screen::Screen;

/// The variable that makes the bundle under test report where its controls are.
pub const PROBE_VARIABLE: &str = "SEGUE_TEST_PROBE";

/// The longest that anything in a window may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// An area of the screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Left, top, right, bottom.
    pub edges: [f32; 4],
}

impl Place {
    /// Its middle.
    pub fn middle(self) -> (f32, f32) {
        let [left, top, right, bottom] = self.edges;
        (left.midpoint(right), top.midpoint(bottom))
    }
}

/// A host's window, with a mouse and a keyboard.
pub struct HostWindow {
    connection: RustConnection,
    root: u32,
    /// The window that an editor is put into.
    pub window: u32,
    /// Whether it was made here, and must be destroyed here.
    is_ours: bool,
    /// Pixels to a point.
    pub scale: f32,
    corner: (i16, i16),
    controls: PathBuf,
}

impl HostWindow {
    /// Opens a window of this size with its corner at this pixel of the screen named by `DISPLAY`.
    ///
    /// # Errors
    /// When there is no screen, or the variable that names the file of the controls is not set.
    pub fn new(corner: (i16, i16), (width, height): (u16, u16), scale: f32) -> Result<Self> {
        let controls = std::env::var_os(PROBE_VARIABLE)
            .context("SEGUE_TEST_PROBE does not name the file with the places of the controls")?;
        let (connection, screen) = x11rb::connect(None).context("there is no X server")?;
        let root = connection.setup().roots.get(screen).context("the X server has no screen")?.root;
        let window = connection.generate_id()?;
        let events = CreateWindowAux::new().event_mask(EventMask::KEY_PRESS).override_redirect(1);
        let (x, y) = corner;
        let depth = x11rb::COPY_DEPTH_FROM_PARENT;
        let visual = x11rb::COPY_FROM_PARENT;
        connection
            .create_window(depth, window, root, x, y, width, height, 0, WindowClass::INPUT_OUTPUT, visual, &events)?
            .check()?;
        connection.map_window(window)?.check()?;
        connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?.check()?;
        Ok(Self { connection, root, window, is_ours: true, scale, corner, controls: controls.into() })
    }

    /// The window of another program with an editor of this title; waits until it exists.
    ///
    /// # Errors
    /// When there is no screen or no such editor, or the variable that names the file of the controls is not set.
    pub fn of_another_program(title: &str) -> Result<Self> {
        let controls = std::env::var_os(PROBE_VARIABLE)
            .context("SEGUE_TEST_PROBE does not name the file with the places of the controls")?;
        let (connection, screen) = x11rb::connect(None).context("there is no X server")?;
        let root = connection.setup().roots.get(screen).context("the X server has no screen")?.root;
        let mut found = None;
        wait_until(&format!("a window {title:?} is there"), || {
            found = titled(&connection, root, title).ok().flatten();
            found.is_some()
        })?;
        let editor = found.context("it was closed again")?;
        let window = connection.query_tree(editor)?.reply()?.parent;
        let place = connection.translate_coordinates(editor, root, 0, 0)?.reply()?;
        let corner = (place.dst_x, place.dst_y);
        Ok(Self { connection, root, window, is_ours: false, scale: 1.0, corner, controls: controls.into() })
    }

    /// Destroys the window with everything in it, as a host does when its user closes it.
    ///
    /// # Errors
    /// When the X server cannot do it.
    pub fn take_away(&mut self) -> Result<()> {
        self.is_ours = false;
        self.connection.destroy_window(self.window)?.check()?;
        Ok(())
    }

    /// Resizes the window, as a host does when its user drags the edge.
    ///
    /// # Errors
    /// When the X server cannot do it.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(self.window, &size)?.check()?;
        Ok(())
    }

    /// The size of the window, in pixels.
    ///
    /// # Errors
    /// When it does not exist any more.
    pub fn size(&self) -> Result<(u16, u16)> {
        let size = self.connection.get_geometry(self.window)?.reply()?;
        Ok((size.width, size.height))
    }

    /// The size of the editor in the window, in pixels; `None` if there is none.
    ///
    /// # Errors
    /// When the X server is gone.
    pub fn editor_size(&self) -> Result<Option<(u16, u16)>> {
        let children = self.connection.query_tree(self.window)?.reply()?.children;
        let Some(&child) = children.first() else { return Ok(None) };
        let size = self.connection.get_geometry(child)?.reply()?;
        Ok(Some((size.width, size.height)))
    }

    /// Where every control is now.
    pub fn controls(&self) -> BTreeMap<String, Place> {
        let text = std::fs::read_to_string(&self.controls).unwrap_or_default();
        let place = |line: &str| {
            let mut parts = line.split('\t');
            let name = parts.next()?.to_owned();
            let mut edges = [0.0; 4];
            for (index, edge) in edges.iter_mut().enumerate() {
                let points: f32 = parts.next()?.parse().ok()?;
                let corner = if index % 2 == 0 { self.corner.0 } else { self.corner.1 };
                *edge = points * self.scale + f32::from(corner);
            }
            Some((name, Place { edges }))
        };
        text.lines().filter_map(place).collect()
    }

    /// How many frames the window has drawn, updated four times a second.
    pub fn frames(&self) -> u64 {
        let text = std::fs::read_to_string(&self.controls).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("frames\t"));
        line.and_then(|line| line.split('\t').next()?.parse().ok()).unwrap_or(0)
    }

    /// Finds a control; waits until it exists.
    ///
    /// # Errors
    /// When it does not appear; the message lists those that are there.
    pub fn find(&self, name: &str) -> Result<Place> {
        let begun = Instant::now();
        loop {
            let all = self.controls();
            if let Some(place) = all.get(name) {
                return Ok(*place);
            }
            let names: Vec<&String> = all.keys().collect();
            ensure!(begun.elapsed() < PATIENCE, "the window has no {name:?}; it has {names:?}");
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The picture in the window.
    ///
    /// # Errors
    /// When the X server cannot return it.
    pub fn picture(&self) -> Result<RgbImage> {
        let (width, height) = self.size()?;
        let (x, y) = self.corner;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, !0)?
            .reply()
            .context("the X server shows no picture")?;
        let (pixels, _) = image.data.as_chunks::<4>();
        let rgb = pixels.iter().flat_map(|&[blue, green, red, _]| [red, green, blue]).collect();
        RgbImage::from_raw(width.into(), height.into(), rgb).context("the picture has another size")
    }

    /// Writes the picture in the window to a file.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn photograph(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        self.picture()?.save(path).with_context(|| format!("{}: cannot be written", path.display()))
    }
}

/// Finds the visible window with this title, in a window and its children.
fn titled(connection: &RustConnection, window: u32, title: &str) -> Result<Option<u32>> {
    /// In units of four bytes; longer than any title.
    const LONGEST: u32 = 256;
    let name = connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, LONGEST)?.reply()?;
    let is_seen = connection.get_window_attributes(window)?.reply()?.map_state == MapState::VIEWABLE;
    if is_seen && name.value == title.as_bytes() {
        return Ok(Some(window));
    }
    // A window that is closed in between has no title any more.
    let children = connection.query_tree(window)?.reply()?.children;
    Ok(children.into_iter().find_map(|child| titled(connection, child, title).ok().flatten()))
}

impl Drop for HostWindow {
    fn drop(&mut self) {
        if !self.is_ours {
            return;
        }
        // The server may be gone; then the window is too.
        let _ = self.connection.destroy_window(self.window);
        let _ = self.connection.flush();
    }
}

/// Waits until a condition holds.
///
/// # Errors
/// When it does not hold in time.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !is_so() {
        ensure!(begun.elapsed() < PATIENCE, "{what}: this did not happen in time");
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}
