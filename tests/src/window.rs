//! A screen that nobody sees, a host's window on it, and a hand with a mouse and a keyboard.
//!
//! The screen is an X server of our own (Xvfb) on a free display, so no test depends on one that runs already. The hand
//! finds the controls by their names: the bundle under test says where they are.

use crate::instance::{AudioSide, Instance};
use crate::score::Score;
use crate::timeline::Frame;
use anyhow::{Context, Result, bail, ensure};
use clack_host::events::event_types::{NoteOffEvent, NoteOnEvent};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::prelude::*;
use image::RgbImage;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event as XEvent;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux,
    EventMask, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, MapState, PropMode,
    WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The variable with which the bundle under test is asked to say where its controls are.
pub const LANDMARKS_VARIABLE: &str = "SEGUE_LANDMARKS";

/// How long anything in a window may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// An X server of our own; it goes when this is dropped.
pub struct Screen {
    server: Child,
    /// By what programs find it: the value of `DISPLAY`.
    pub display: String,
    /// Whoever owns the desktop's settings stays connected.
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
        let said = server.stdout.take().context("Xvfb says nothing")?;
        BufReader::new(said).read_line(&mut number)?;
        let display = format!(":{}", number.trim());
        match furnish(&display) {
            Ok(furniture) => Ok(Self { server, display, _furniture: furniture }),
            Err(error) => {
                let _ = server.kill();
                let _ = server.wait();
                Err(error.context("Xvfb does not serve"))
            }
        }
    }
}

/// Puts up what every desktop has and a bare X server has not. Hosts made with JUCE take it for granted: they ask the
/// owner of the settings without looking whether there is one, and write to their windows in a window manager's words
/// without looking whether the server knows them; and the server's refusal ends them.
fn furnish(display: &str) -> Result<RustConnection> {
    /// The byte order, a serial number, and that there are no settings.
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
        // It may have ended by itself; nobody is left to tell.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A place, in pixels of the screen.
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

/// A host's window with a hand before it.
pub struct Desktop {
    connection: RustConnection,
    root: u32,
    /// The window into which an editor goes.
    pub window: u32,
    /// Whether it was made here, and is to go from here.
    is_ours: bool,
    /// Pixels to a point.
    pub scale: f32,
    corner: (i16, i16),
    landmarks: PathBuf,
}

impl Desktop {
    /// A window of this many pixels at this corner of the screen that `DISPLAY` names.
    ///
    /// # Errors
    /// When there is no screen, or the variable with the landmarks is not set.
    pub fn new(corner: (i16, i16), (width, height): (u16, u16), scale: f32) -> Result<Self> {
        let landmarks = std::env::var_os(LANDMARKS_VARIABLE).context("nobody has said where the landmarks go")?;
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
        Ok(Self { connection, root, window, is_ours: true, scale, corner, landmarks: landmarks.into() })
    }

    /// The window of another program, into which it has put an editor of this title; waits until it is there.
    ///
    /// # Errors
    /// When there is no screen or no such editor, or the variable with the landmarks is not set.
    pub fn of_another_program(title: &str) -> Result<Self> {
        let landmarks = std::env::var_os(LANDMARKS_VARIABLE).context("nobody has said where the landmarks go")?;
        let (connection, screen) = x11rb::connect(None).context("there is no X server")?;
        let root = connection.setup().roots.get(screen).context("the X server has no screen")?.root;
        let mut found = None;
        wait_until(&format!("a window {title:?} is there"), || {
            found = titled(&connection, root, title).ok().flatten();
            found.is_some()
        })?;
        let editor = found.context("it has gone again")?;
        let window = connection.query_tree(editor)?.reply()?.parent;
        let place = connection.translate_coordinates(editor, root, 0, 0)?.reply()?;
        let corner = (place.dst_x, place.dst_y);
        Ok(Self { connection, root, window, is_ours: false, scale: 1.0, corner, landmarks: landmarks.into() })
    }

    /// Takes the window away with all that is in it, as a host does whose window is closed by its user.
    ///
    /// # Errors
    /// When the X server does not.
    pub fn take_away(&mut self) -> Result<()> {
        self.is_ours = false;
        self.connection.destroy_window(self.window)?.check()?;
        Ok(())
    }

    /// Gives the window another size, as a host does when its user drags the edge.
    ///
    /// # Errors
    /// When the X server does not.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(self.window, &size)?.check()?;
        Ok(())
    }

    /// The size of the window, in pixels.
    ///
    /// # Errors
    /// When it has gone.
    pub fn size(&self) -> Result<(u16, u16)> {
        let size = self.connection.get_geometry(self.window)?.reply()?;
        Ok((size.width, size.height))
    }

    /// The size of the editor that is in the window, in pixels, or nothing when there is none.
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
    pub fn landmarks(&self) -> BTreeMap<String, Place> {
        let text = std::fs::read_to_string(&self.landmarks).unwrap_or_default();
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

    /// How many frames the window has drawn, to the quarter of a second.
    pub fn frames(&self) -> u64 {
        let text = std::fs::read_to_string(&self.landmarks).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("frames\t"));
        line.and_then(|line| line.split('\t').next()?.parse().ok()).unwrap_or(0)
    }

    /// Where a control is; waits until it is there.
    ///
    /// # Errors
    /// When it does not appear; the message lists those that are there.
    pub fn find(&self, name: &str) -> Result<Place> {
        let begun = Instant::now();
        loop {
            let all = self.landmarks();
            if let Some(place) = all.get(name) {
                return Ok(*place);
            }
            let names: Vec<&String> = all.keys().collect();
            ensure!(begun.elapsed() < PATIENCE, "the window has no {name:?}; it has {names:?}");
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<()> {
        self.connection.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, self.root, x, y, 0)?.check()?;
        Ok(())
    }

    /// Moves the mouse to a place on the screen.
    ///
    /// # Errors
    /// When the X server does not.
    pub fn point(&self, (x, y): (f32, f32)) -> Result<()> {
        #[expect(clippy::cast_possible_truncation, reason = "a pixel of the screen")]
        self.fake(MOTION_NOTIFY_EVENT, 0, (x.round() as i16, y.round() as i16))?;
        self.pause();
        Ok(())
    }

    /// A frame or two of the window, as software draws them.
    pub fn pause(&self) {
        const FRAMES: Duration = Duration::from_millis(70);
        std::thread::sleep(FRAMES.mul_f32(self.scale * self.scale));
    }

    /// Presses the left button and holds it.
    ///
    /// # Errors
    /// When the X server does not.
    pub fn press(&self) -> Result<()> {
        self.fake(BUTTON_PRESS_EVENT, 1, (0, 0))?;
        self.pause();
        Ok(())
    }

    /// Lets the left button go.
    ///
    /// # Errors
    /// When the X server does not.
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

    /// Opens a list that has this row. A machine that is too busy may lose a click, as it does for everybody.
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
                if self.landmarks().contains_key(row) {
                    return Ok(());
                }
                std::thread::sleep(LOOK_AGAIN);
            }
        }
        self.find(row).map(|_| ())
    }

    /// Clicks on a row of a list that is opening: waits until it stands still.
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

    /// Drags a control by so many pixels.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn drag(&self, name: &str, by: (f32, f32)) -> Result<()> {
        self.pull(name, by)?;
        self.release()
    }

    /// Drags a control by so many pixels, and does not let it go.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn pull(&self, name: &str, (dx, dy): (f32, f32)) -> Result<()> {
        const STEPS: u8 = 8;
        /// The window must have seen the button go down before the mouse is elsewhere, also on a busy machine.
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
        self.point(self.find(name)?.middle())?;
        let button = if up { 4 } else { 5 };
        self.fake(BUTTON_PRESS_EVENT, button, (0, 0))?;
        self.fake(BUTTON_RELEASE_EVENT, button, (0, 0))?;
        self.pause();
        Ok(())
    }

    /// Waits until the keyboard is the editor's, or the host's again.
    ///
    /// # Errors
    /// When it does not become so.
    pub fn keyboard_is_the_hosts(&self, hosts: bool) -> Result<()> {
        let focus = || self.connection.get_input_focus().ok()?.reply().ok();
        let whose = if hosts { "the host" } else { "the editor" };
        wait_until(&format!("{whose} has the keyboard"), || {
            focus().is_some_and(|focus| (focus.focus == self.window) == hosts)
        })
    }

    /// Types letters into the editor.
    ///
    /// # Errors
    /// When the keyboard has no such letter, or the editor does not want it.
    pub fn type_text(&self, text: &str) -> Result<()> {
        /// A field that was clicked opens with one of the next frames.
        const OPENS: Duration = Duration::from_millis(600);
        self.keyboard_is_the_hosts(false)?;
        std::thread::sleep(OPENS);
        self.type_anywhere(text)
    }

    /// Types letters into whatever has the keyboard.
    ///
    /// # Errors
    /// When the keyboard has no such letter.
    pub fn type_anywhere(&self, text: &str) -> Result<()> {
        text.chars().try_for_each(|letter| self.key(u32::from(letter)))
    }

    /// Presses and releases the key of a symbol of the X window system.
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

    /// Holds Ctrl, or lets it go.
    ///
    /// # Errors
    /// When the keyboard has none.
    pub fn hold_ctrl(&self, down: bool) -> Result<()> {
        let (code, _) = self.code(CTRL)?;
        self.fake(if down { KEY_PRESS_EVENT } else { KEY_RELEASE_EVENT }, code, (0, 0))?;
        self.pause();
        Ok(())
    }

    /// Chooses everything in the field that is typed into.
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

    /// How many keys have been typed into the host's own window since this was asked last.
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

    /// What is seen in the window.
    ///
    /// # Errors
    /// When the X server does not show it.
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
        RgbImage::from_raw(width.into(), height.into(), rgb).context("a picture of another size")
    }

    /// Writes what is seen in the window into a file.
    ///
    /// # Errors
    /// When it is not seen, or cannot be written.
    pub fn photograph(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        self.picture()?.save(path).with_context(|| format!("{}: cannot be written", path.display()))
    }
}

/// The window of this title that is seen, among a window and what is in it.
fn titled(connection: &RustConnection, window: u32, title: &str) -> Result<Option<u32>> {
    /// In units of four bytes; longer than any title.
    const LONGEST: u32 = 256;
    let name = connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, LONGEST)?.reply()?;
    let is_seen = connection.get_window_attributes(window)?.reply()?.map_state == MapState::VIEWABLE;
    if is_seen && name.value == title.as_bytes() {
        return Ok(Some(window));
    }
    // A window that goes while it is looked at has no title any more.
    let children = connection.query_tree(window)?.reply()?.children;
    Ok(children.into_iter().find_map(|child| titled(connection, child, title).ok().flatten()))
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if !self.is_ours {
            return;
        }
        // The server may be gone; then the window is too.
        let _ = self.connection.destroy_window(self.window);
        let _ = self.connection.flush();
    }
}

const SHIFT: u32 = 0xFFE1;
const CTRL: u32 = 0xFFE3;
/// Ends a line.
pub const ENTER: u32 = 0xFF0D;
/// Gives up.
pub const ESCAPE: u32 = 0xFF1B;

/// Waits until something is so.
///
/// # Errors
/// When it does not become so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !is_so() {
        ensure!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// What the editor did to a parameter, as a host hears it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gestures {
    /// Gestures that began.
    pub begun: usize,
    /// Values that came within one.
    pub values: usize,
    /// Values that came outside of one.
    pub stray: usize,
    /// Gestures that ended.
    pub ended: usize,
}

/// What a host has noted while it played.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    /// What the editor did to the parameters, by their numbers.
    pub gestures: BTreeMap<u32, Gestures>,
    /// Messages that all notes of a channel are off.
    pub all_notes_off: usize,
}

/// An audio thread at work: it plays a score at an instance, round and round, in real time.
pub struct Jam {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(AudioSide, Noted)>>,
}

impl Jam {
    /// The name of its thread.
    pub const THREAD: &str = "host audio";

    /// Begins to play at an instance that is active.
    ///
    /// # Errors
    /// When the instance is not active.
    pub fn begin(instance: &mut Instance, score: Score, block: u32) -> Result<Self> {
        let audio = instance.take_audio().context("the instance is not active")?;
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name(Self::THREAD.into());
        let thread = thread.spawn(move || play(audio, &score, block, &flag))?;
        Ok(Self { stop, thread })
    }

    /// Ends it, and says what the editor did meanwhile, by the parameters' numbers.
    ///
    /// # Errors
    /// When the plugin reported an error.
    pub fn end(self, instance: &mut Instance) -> Result<Noted> {
        self.stop.store(true, Ordering::Release);
        let Ok(ended) = self.thread.join() else { bail!("the audio thread panicked") };
        let (audio, noted) = ended?;
        instance.give_audio(audio);
        Ok(noted)
    }
}

fn play(mut audio: AudioSide, score: &Score, block: u32, stop: &AtomicBool) -> Result<(AudioSide, Noted)> {
    let rate = score.timeline.sample_rate();
    let length = usize::try_from(block)?;
    let (mut left, mut right) = (vec![0.0; length], vec![0.0; length]);
    let mut noted = Noted::default();
    let begun = Instant::now();
    let mut at: Frame = 0;
    while !stop.load(Ordering::Acquire) {
        let heard = strokes_between(score, at, at + Frame::from(block))?;
        let mut played = EventBuffer::new();
        let event = score.timeline.event(at);
        audio.process(at, Some(&event), &heard, [&mut left, &mut right], &mut played)?;
        played.iter().for_each(|event| noted.take(event));
        at += Frame::from(block);
        let due = begun + Duration::from_secs_f64(crate::timeline::frames(at) / rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok((audio, noted))
}

/// What the player does in a block; after its end the score begins anew.
fn strokes_between(score: &Score, from: Frame, to: Frame) -> Result<EventBuffer> {
    let mut events: Vec<(u32, bool, u16, f64)> = Vec::new();
    for stroke in &score.strokes {
        for (at, is_down) in [(stroke.down, true), (stroke.up, false)] {
            let round = from.saturating_sub(at).div_ceil(score.length) * score.length;
            let at = at + round;
            if (from..to).contains(&at) {
                let velocity = f64::from(stroke.velocity.value()) / 127.0;
                events.push((u32::try_from(at - from)?, is_down, u16::from(stroke.pitch.key()), velocity));
            }
        }
    }
    events.sort_by_key(|(offset, is_down, ..)| (*offset, *is_down));
    let mut heard = EventBuffer::new();
    for (offset, is_down, key, velocity) in events {
        let key = Pckn::new(0u16, 0u16, key, clack_host::events::Match::All);
        if is_down {
            heard.push(&NoteOnEvent::new(offset, key, velocity));
        } else {
            heard.push(&NoteOffEvent::new(offset, key, 0.0));
        }
    }
    Ok(heard)
}

impl Noted {
    fn take(&mut self, event: &UnknownEvent) {
        /// A controller, on any channel.
        const CONTROLLER: u8 = 0xB0;
        const ALL_NOTES_OFF: u8 = 123;
        let id = |id: Option<ClapId>| id.map_or(u32::MAX, ClapId::get);
        match event.as_core_event() {
            Some(CoreEventSpace::ParamGestureBegin(begin)) => {
                self.gestures.entry(id(begin.param_id())).or_default().begun += 1;
            }
            Some(CoreEventSpace::ParamGestureEnd(end)) => {
                self.gestures.entry(id(end.param_id())).or_default().ended += 1;
            }
            Some(CoreEventSpace::ParamValue(value)) => {
                let gestures = self.gestures.entry(id(value.param_id())).or_default();
                if gestures.begun > gestures.ended { gestures.values += 1 } else { gestures.stray += 1 }
            }
            Some(CoreEventSpace::Midi(midi)) => {
                let [status, number, _] = midi.data();
                self.all_notes_off += usize::from(status & 0xF0 == CONTROLLER && number == ALL_NOTES_OFF);
            }
            _ => {}
        }
    }
}
