//! Gives the computer's keyboard back to the host.
//!
//! WORKAROUND(nice-plug-egui 0.6.0): with the X window system a window that is clicked takes the keyboard and passes no
//! key on, so the space bar no longer starts the song. Here the window that embeds ours gets the keyboard back whenever
//! nobody types into ours. While the pointer rests on our window the X server still sends keys to it; they reach the
//! host as soon as the pointer is elsewhere. On other systems the window passes on the keys that it does not use.
//! Related: <https://github.com/RustAudio/baseview/issues/152>. Tested by
//! `every_control_is_played_by_hand_and_the_host_hears_of_it`. Delete when that passes without it.

use super::x11_map_delay;
use egui::Ui;
use nice_plug_egui::Frame;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::errors::ConnectError;
use x11rb::protocol::xproto::{ConnectionExt, InputFocus};
use x11rb::rust_connection::RustConnection;

/// How long a field that was clicked asks for the keyboard; later the musician may have chosen another window.
const LATE: Duration = Duration::from_millis(600);
/// What was clicked may be a field that opens with the next frame.
const WAIT: Duration = Duration::from_millis(120);

/// Since when the keyboard is wanted or not, and the connection to the X server.
#[derive(Default)]
pub struct FocusReturn {
    /// Since when nothing here wants to be typed into.
    unwanted: Option<Instant>,
    /// Since when something here wants to be typed into.
    wanted: Option<Instant>,
    /// Made when it is first needed.
    connection: Option<Result<RustConnection, ConnectError>>,
}

impl FocusReturn {
    /// Looks whether the keyboard should go back, and gives it.
    pub fn give(&mut self, ui: &Ui, frame: &Frame) {
        let window = frame.baseview_window();
        let wants = ui.ctx().egui_wants_keyboard_input();
        if !wants {
            self.wanted = None;
        } else if self.wanted.get_or_insert_with(Instant::now).elapsed() < LATE {
            if !window.has_focus() {
                // It was on its way back when the field was clicked.
                let _ = window.focus();
            }
            ui.ctx().request_repaint_after(WAIT);
        }
        if wants || ui.input(|input| input.pointer.any_down()) || !window.has_focus() {
            self.unwanted = None;
            return;
        }
        let waited = self.unwanted.get_or_insert_with(Instant::now).elapsed();
        if let Some(wait) = WAIT.checked_sub(waited) {
            ui.ctx().request_repaint_after(wait);
            return;
        }
        let id = x11_map_delay::number(window);
        let connection = self.connection.get_or_insert_with(|| Ok(x11rb::connect(None)?.0));
        if let (Some(id), Ok(connection)) = (id, connection) {
            // Best effort: a window that is going away cannot be asked.
            let _ = give(connection, id);
        }
    }
}

fn give(connection: &RustConnection, window: u32) -> Result<(), Box<dyn std::error::Error>> {
    let tree = connection.query_tree(window)?.reply()?;
    // A window of our own keeps the keyboard.
    if tree.parent != tree.root {
        connection.set_input_focus(InputFocus::PARENT, tree.parent, x11rb::CURRENT_TIME)?;
        connection.flush()?;
    }
    Ok(())
}
