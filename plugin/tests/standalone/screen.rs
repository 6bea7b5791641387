//! Runs the program on a virtual screen.

use super::{Running, end, segue, without_devices};
use std::io::{BufRead, BufReader};
#[cfg(feature = "assert_process_allocs")]
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt};
use x11rb::rust_connection::RustConnection;
#[cfg(feature = "assert_process_allocs")]
use {
    super::segue_at_home,
    x11rb::protocol::xproto::{
        BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ButtonPressEvent, EventMask, KeyButMask, MOTION_NOTIFY_EVENT,
    },
};

const PATIENCE: Duration = Duration::from_secs(20);
/// Less than the program waits before it ends by force.
const BY_ITSELF: Duration = Duration::from_secs(3);

/// An X server; dropping this ends it.
struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb cannot be started; `apt-get install xvfb` brings it");
        let mut number = String::new();
        let mut said = BufReader::new(server.stdout.take().expect("it says its number"));
        said.read_line(&mut number).expect("it says its number");
        Self { server, display: format!(":{}", number.trim()) }
    }

    /// Clicks on a control once it is there. Without a window manager, the window lies in the corner of the screen.
    #[cfg(feature = "assert_process_allocs")]
    fn click(&self, control: impl Fn() -> Option<(i16, i16)>) {
        let mut place = None;
        wait_until("the control is there, and stays where it is", || {
            place = control();
            // A list is laid out before it is shown.
            sleep(Duration::from_millis(300));
            place.is_some() && place == control()
        });
        let (connection, screen) = RustConnection::connect(Some(&self.display)).expect("it serves");
        let root = connection.setup().roots[screen].root;
        let window = Self::windows(&connection).into_iter().find(|(_, title)| title == b"Segue").expect("it is open").0;
        let (x, y) = place.expect("it was there");
        let event = ButtonPressEvent {
            response_type: MOTION_NOTIFY_EVENT,
            detail: 0,
            sequence: 0,
            time: x11rb::CURRENT_TIME,
            root,
            event: window,
            child: x11rb::NONE,
            root_x: x,
            root_y: y,
            event_x: x,
            event_y: y,
            state: KeyButMask::default(),
            same_screen: true,
        };
        for (kind, mask) in [
            (MOTION_NOTIFY_EVENT, EventMask::POINTER_MOTION),
            (BUTTON_PRESS_EVENT, EventMask::BUTTON_PRESS),
            (BUTTON_RELEASE_EVENT, EventMask::BUTTON_RELEASE),
        ] {
            let detail = u8::from(kind != MOTION_NOTIFY_EVENT);
            let event = ButtonPressEvent { response_type: kind, detail, ..event };
            connection.send_event(true, window, mask, event).expect("it is asked").check().expect("it does it");
            sleep(Duration::from_millis(150));
        }
    }

    /// The windows with their titles.
    fn windows(connection: &RustConnection) -> Vec<(u32, Vec<u8>)> {
        let root = connection.setup().roots[0].root;
        let windows = connection.query_tree(root).expect("it is asked").reply().expect("it answers").children;
        let title = |window| {
            let name = connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 100);
            name.ok().and_then(|name| Some(name.reply().ok()?.value)).unwrap_or_default()
        };
        windows.into_iter().map(|window| (window, title(window))).collect()
    }

    /// The size in pixels of the window with this title.
    fn size_of(&self, title: &str) -> Option<(u16, u16)> {
        let (connection, _) = RustConnection::connect(Some(&self.display)).expect("it serves");
        let (window, _) = Self::windows(&connection).into_iter().find(|(_, other)| other == title.as_bytes())?;
        let place = connection.get_geometry(window).ok()?.reply().ok()?;
        Some((place.width, place.height))
    }

    /// Whether there is a window with this title.
    fn has(&self, title: &str) -> bool {
        let (connection, _) = RustConnection::connect(Some(&self.display)).expect("it serves");
        Self::windows(&connection).iter().any(|(_, other)| other == title.as_bytes())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The sentences about devices that the window shows: the bundle under test writes them to the probe's file.
#[cfg(feature = "assert_process_allocs")]
fn device_notes(probe: &Path) -> Vec<String> {
    let said = std::fs::read_to_string(probe).unwrap_or_default();
    let notes = said.lines().filter_map(|line| line.strip_prefix("Devices: ")?.split('\t').next());
    notes.map(str::to_owned).collect()
}

/// Waits until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        sleep(Duration::from_millis(50));
    }
}

/// Without a sound card, a JACK server and a keyboard the window opens and says what is missing and who plays.
#[cfg(feature = "assert_process_allocs")]
#[test]
fn without_devices_the_window_says_what_is_missing() {
    let (screen, folder) = (Screen::start(), tempfile::tempdir().expect("there is room"));
    let probe = folder.path().join("probe");
    let mut program = segue("");
    program.env("DISPLAY", &screen.display).env("SEGUE_TEST_PROBE", &probe);
    let mut running = Running::start(without_devices(&mut program));
    wait_until("the window says what is missing", || {
        device_notes(&probe).iter().any(|note| note.contains("no sound card and no JACK server"))
    });
    assert!(
        device_notes(&probe).iter().any(|note| note.contains("the computer's keys play")),
        "{:?}",
        device_notes(&probe)
    );
    end(&mut running.0, "-TERM");
}

/// The middle of a control, by the probe's file.
#[cfg(feature = "assert_process_allocs")]
fn middle(probe: &Path, control: &str) -> Option<(i16, i16)> {
    let said = std::fs::read_to_string(probe).ok()?;
    let edges = said.lines().find_map(|line| line.strip_prefix(control)?.strip_prefix('\t'))?;
    let edges: Vec<f32> = edges.split('\t').filter_map(|edge| edge.parse().ok()).collect();
    let [left, top, right, bottom] = edges[..] else { return None };
    #[expect(clippy::cast_possible_truncation, reason = "a pixel of the screen")]
    Some((left.midpoint(right) as i16, top.midpoint(bottom) as i16))
}

/// A device that is chosen in the window is used at once and at the next start.
#[cfg(feature = "assert_process_allocs")]
#[test]
fn a_device_chosen_in_the_window_stays_chosen() {
    let (screen, folder) = (Screen::start(), tempfile::tempdir().expect("there is room"));
    let probe = folder.path().join("probe");
    let start = || {
        let _ = std::fs::remove_file(&probe);
        let mut program = segue_at_home(folder.path(), "");
        program.env("DISPLAY", &screen.display).env("SEGUE_TEST_PROBE", &probe);
        Running::start(without_devices(&mut program))
    };
    let has_note = |words: &str| device_notes(&probe).iter().any(|note| note.contains(words));
    let mut running = start();
    wait_until("nothing is there", || has_note("no sound card and no JACK server"));
    screen.click(|| middle(&probe, "Page Set up"));
    screen.click(|| middle(&probe, "Audio devices"));
    screen.click(|| middle(&probe, "Audio: None"));
    wait_until("nothing is chosen", || has_note("no audio device is chosen"));
    end(&mut running.0, "-TERM");
    let mut running = start();
    wait_until("nothing is still chosen", || has_note("no audio device is chosen"));
    end(&mut running.0, "-TERM");
}

/// Where the system reports no scale, that of the command line counts for the first size of the window too.
#[test]
fn the_first_size_is_scaled() {
    for (scale, size) in [("1", (980, 690)), ("1.25", (1225, 863)), ("0.8", (784, 552))] {
        let screen = Screen::start();
        let mut program = segue(&format!("--backend dummy --dpi-scale {scale}"));
        let mut running = Running::start(program.env("DISPLAY", &screen.display));
        let mut found = None;
        let begun = Instant::now();
        while found != Some(size) {
            assert!(begun.elapsed() < PATIENCE, "{scale}: {found:?}");
            sleep(Duration::from_millis(100));
            found = screen.size_of("Segue").or(found);
        }
        // It stays as it is.
        sleep(Duration::from_millis(500));
        assert_eq!(screen.size_of("Segue"), Some(size), "{scale}");
        end(&mut running.0, "-TERM");
    }
}

#[test]
fn with_its_window_open_it_ends_all_the_same_when_it_is_told_to() {
    let screen = Screen::start();
    for signal in ["-INT", "-TERM"] {
        let mut running = segue("--backend dummy").env("DISPLAY", &screen.display).spawn().expect("it starts");
        let begun = Instant::now();
        while !screen.has("Segue") {
            assert_eq!(running.try_wait().expect("it can be asked"), None, "it runs");
            assert!(begun.elapsed() < PATIENCE, "the window does not open");
            sleep(Duration::from_millis(50));
        }
        let told = Instant::now();
        end(&mut running, signal);
        assert!(told.elapsed() < BY_ITSELF, "{signal}: it takes {:?}", told.elapsed());
    }
}
