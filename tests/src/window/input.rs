//! The simulated mouse and keyboard. The mouse finds the controls by name.

use super::{HostWindow, LOOK_AGAIN, wait_until};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event as XEvent;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;

const SHIFT: u32 = 0xFFE1;
const CTRL: u32 = 0xFFE3;
/// The key that ends a line.
pub const ENTER: u32 = 0xFF0D;
/// The key that cancels.
pub const ESCAPE: u32 = 0xFF1B;

impl HostWindow {
    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<()> {
        self.connection.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, self.root, x, y, 0)?.check()?;
        Ok(())
    }

    /// Moves the mouse to a point on the screen.
    ///
    /// # Errors
    /// When the X server cannot do it.
    pub fn point(&self, (x, y): (f32, f32)) -> Result<()> {
        #[expect(clippy::cast_possible_truncation, reason = "a pixel of the screen")]
        self.fake(MOTION_NOTIFY_EVENT, 0, (x.round() as i16, y.round() as i16))?;
        self.pause();
        Ok(())
    }

    /// Waits for a frame or two, at the speed of drawing in software.
    pub fn pause(&self) {
        const FRAMES: Duration = Duration::from_millis(70);
        std::thread::sleep(FRAMES.mul_f32(self.scale * self.scale));
    }

    /// Presses the left button and holds it.
    ///
    /// # Errors
    /// When the X server cannot do it.
    pub fn press(&self) -> Result<()> {
        self.fake(BUTTON_PRESS_EVENT, 1, (0, 0))?;
        self.pause();
        Ok(())
    }

    /// Releases the left button.
    ///
    /// # Errors
    /// When the X server cannot do it.
    pub fn release(&self) -> Result<()> {
        self.fake(BUTTON_RELEASE_EVENT, 1, (0, 0))?;
        self.pause();
        Ok(())
    }

    /// Clicks on a control.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn click(&self, name: &str) -> Result<()> {
        self.point(self.find(name)?.middle())?;
        self.press()?;
        self.release()
    }

    /// Clicks on a control with the right button.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn click_right(&self, name: &str) -> Result<()> {
        const RIGHT: u8 = 3;
        self.point(self.find(name)?.middle())?;
        for kind in [BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT] {
            self.fake(kind, RIGHT, (0, 0))?;
            self.pause();
        }
        Ok(())
    }

    /// Opens a list that has this row. It tries several times, because a busy machine may lose a click.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open_list(&self, list: &str, row: &str) -> Result<()> {
        const TRIES: usize = 4;
        const OPENS: Duration = Duration::from_secs(3);
        for _ in 0..TRIES {
            self.click(list)?;
            let begun = Instant::now();
            while begun.elapsed() < OPENS {
                if self.controls().contains_key(row) {
                    return Ok(());
                }
                std::thread::sleep(LOOK_AGAIN);
            }
        }
        self.find(row).map(|_| ())
    }

    /// Clicks on a row of a list that is opening, once the row no longer moves.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn click_row(&self, name: &str) -> Result<()> {
        const STILL: Duration = Duration::from_millis(500);
        let (mut place, mut since) = (self.find(name)?, Instant::now());
        while since.elapsed() < STILL {
            std::thread::sleep(LOOK_AGAIN);
            let now = self.find(name)?;
            if now != place {
                (place, since) = (now, Instant::now());
            }
        }
        self.click(name)
    }

    /// Clicks twice on a control.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn double_click(&self, name: &str) -> Result<()> {
        self.point(self.find(name)?.middle())?;
        for _ in 0..2 {
            self.fake(BUTTON_PRESS_EVENT, 1, (0, 0))?;
            std::thread::sleep(Duration::from_millis(40));
            self.fake(BUTTON_RELEASE_EVENT, 1, (0, 0))?;
            std::thread::sleep(Duration::from_millis(40));
        }
        self.pause();
        Ok(())
    }

    /// Drags a control by this many pixels.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn drag(&self, name: &str, by: (f32, f32)) -> Result<()> {
        self.pull(name, by)?;
        self.release()
    }

    /// Drags a control by this many pixels and keeps the button down.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn pull(&self, name: &str, (dx, dy): (f32, f32)) -> Result<()> {
        const STEPS: u8 = 8;
        /// The window must have seen the press before the mouse moves, even on a busy machine.
        const SEEN: Duration = Duration::from_millis(400);
        let (x, y) = self.find(name)?.middle();
        self.point((x, y))?;
        self.press()?;
        std::thread::sleep(SEEN);
        for step in 1..=STEPS {
            let part = f32::from(step) / f32::from(STEPS);
            self.point((x + dx * part, y + dy * part))?;
        }
        std::thread::sleep(SEEN);
        Ok(())
    }

    /// Turns the wheel over a control, upwards or downwards.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn wheel(&self, name: &str, up: bool) -> Result<()> {
        self.turn(name, if up { 4 } else { 5 })
    }

    /// Turns a sideways wheel to the left over a control.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn wheel_left(&self, name: &str) -> Result<()> {
        self.turn(name, 6)
    }

    fn turn(&self, name: &str, button: u8) -> Result<()> {
        self.point(self.find(name)?.middle())?;
        self.fake(BUTTON_PRESS_EVENT, button, (0, 0))?;
        self.fake(BUTTON_RELEASE_EVENT, button, (0, 0))?;
        self.pause();
        Ok(())
    }

    /// Waits until the keyboard belongs to the editor, or to the host again.
    ///
    /// # Errors
    /// When that does not happen.
    pub fn keyboard_is_the_hosts(&self, hosts: bool) -> Result<()> {
        let focus = || self.connection.get_input_focus().ok()?.reply().ok();
        let whose = if hosts { "the host" } else { "the editor" };
        wait_until(&format!("{whose} has the keyboard"), || {
            focus().is_some_and(|focus| (focus.focus == self.window) == hosts)
        })
    }

    /// Types text into the editor.
    ///
    /// # Errors
    /// When the keyboard has no such letter, or the editor does not take the keyboard.
    pub fn type_text(&self, text: &str) -> Result<()> {
        /// A field opens one or two frames after the click.
        const OPENS: Duration = Duration::from_millis(600);
        self.keyboard_is_the_hosts(false)?;
        std::thread::sleep(OPENS);
        self.type_anywhere(text)
    }

    /// Types text into whatever has the keyboard.
    ///
    /// # Errors
    /// When the keyboard has no such letter.
    pub fn type_anywhere(&self, text: &str) -> Result<()> {
        text.chars().try_for_each(|letter| self.key(u32::from(letter)))
    }

    /// Presses and releases the key with this X keysym.
    ///
    /// # Errors
    /// When the keyboard has no such key.
    pub fn key(&self, symbol: u32) -> Result<()> {
        let (code, shifted) = self.code(symbol)?;
        let (shift, _) = self.code(SHIFT)?;
        if shifted {
            self.fake(KEY_PRESS_EVENT, shift, (0, 0))?;
        }
        self.fake(KEY_PRESS_EVENT, code, (0, 0))?;
        self.fake(KEY_RELEASE_EVENT, code, (0, 0))?;
        if shifted {
            self.fake(KEY_RELEASE_EVENT, shift, (0, 0))?;
        }
        std::thread::sleep(Duration::from_millis(8));
        Ok(())
    }

    /// Presses or releases Ctrl.
    ///
    /// # Errors
    /// When the keyboard has no Ctrl.
    pub fn hold_ctrl(&self, down: bool) -> Result<()> {
        self.hold(CTRL, down)
    }

    /// Presses or releases Shift.
    ///
    /// # Errors
    /// When the keyboard has no such key.
    pub fn hold_shift(&self, down: bool) -> Result<()> {
        self.hold(SHIFT, down)
    }

    fn hold(&self, symbol: u32, down: bool) -> Result<()> {
        let (code, _) = self.code(symbol)?;
        self.fake(if down { KEY_PRESS_EVENT } else { KEY_RELEASE_EVENT }, code, (0, 0))?;
        self.pause();
        Ok(())
    }

    /// Selects everything in the field that has the keyboard.
    ///
    /// # Errors
    /// When the keyboard has no such key.
    pub fn select_all(&self) -> Result<()> {
        self.hold_ctrl(true)?;
        self.key(u32::from('a'))?;
        self.hold_ctrl(false)
    }

    fn code(&self, symbol: u32) -> Result<(u8, bool)> {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let keys = self.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let width = usize::from(keys.keysyms_per_keycode);
        for (code, symbols) in (first..=last).zip(keys.keysyms.chunks(width)) {
            if let Some(level @ 0..=1) = symbols.iter().position(|found| *found == symbol) {
                return Ok((code, level == 1));
            }
        }
        bail!("the keyboard has no key for {symbol:#x}")
    }

    /// How many keys have been typed into the host's own window since the last call.
    ///
    /// # Errors
    /// When the X server is gone.
    pub fn keys_for_the_host(&self) -> Result<usize> {
        self.pause();
        let mut keys = 0;
        while let Some(event) = self.connection.poll_for_event()? {
            keys += usize::from(matches!(event, XEvent::KeyPress(_)));
        }
        Ok(keys)
    }
}
