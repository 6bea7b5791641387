//! An X server of our own (Xvfb) on a free display, so that no test depends on a running one.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateWindowAux, PropMode, WindowClass};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// An X server of our own, stopped when this is dropped.
pub struct Screen {
    server: Child,
    /// The value of `DISPLAY` by which programs find it.
    pub display: String,
    /// The owner of the desktop's settings while it stays connected.
    _furniture: RustConnection,
}

impl Screen {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no Xvfb, or it does not start.
    pub fn start() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "2400x1800x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb cannot be started; `apt-get install xvfb` brings it")?;
        let mut number = String::new();
        let said = server.stdout.take().context("Xvfb has no output")?;
        BufReader::new(said).read_line(&mut number)?;
        let display = format!(":{}", number.trim());
        match furnish(&display) {
            Ok(furniture) => Ok(Self { server, display, _furniture: furniture }),
            Err(error) => {
                let _ = server.kill();
                let _ = server.wait();
                Err(error.context("Xvfb does not answer"))
            }
        }
    }
}

/// Adds what every desktop has and a bare X server lacks. Hosts made with JUCE rely on it: they query the owner of the
/// settings without checking that there is one, and use a window manager's atoms without checking that the server knows
/// them; the server's error ends them.
fn furnish(display: &str) -> Result<RustConnection> {
    /// The byte order, a serial number, and the number of settings: none.
    const NO_SETTINGS: [u8; 12] = [0; 12];
    const WORDS: [&str; 9] = [
        "WM_PROTOCOLS",
        "WM_TAKE_FOCUS",
        "WM_DELETE_WINDOW",
        "WM_CHANGE_STATE",
        "WM_STATE",
        "_NET_WM_PING",
        "_NET_WM_WINDOW_TYPE",
        "_NET_WM_STATE",
        "_NET_WM_STATE_HIDDEN",
    ];
    let (connection, screen) = x11rb::connect(Some(display))?;
    let root = connection.setup().roots.get(screen).context("the X server has no screen")?.root;
    let atom = |name: &str| anyhow::Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom);
    WORDS.into_iter().try_for_each(|word| atom(word).map(|_| ()))?;
    let (selection, settings) = (atom(&format!("_XSETTINGS_S{screen}"))?, atom("_XSETTINGS_SETTINGS")?);
    let owner = connection.generate_id()?;
    let (class, nothing) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
    connection.create_window(0, owner, root, 0, 0, 1, 1, 0, class, x11rb::COPY_FROM_PARENT, &nothing)?.check()?;
    connection.change_property8(PropMode::REPLACE, owner, settings, settings, &NO_SETTINGS)?.check()?;
    connection.set_selection_owner(owner, selection, x11rb::CURRENT_TIME)?.check()?;
    Ok(connection)
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
