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

    /// Whether there is a window with this title.
    fn has(&self, title: &str) -> bool {
        let (connection, screen) = RustConnection::connect(Some(&self.display)).expect("it serves");
        let root = connection.setup().roots[screen].root;
        let windows = connection.query_tree(root).expect("it is asked").reply().expect("it answers").children;
        windows.into_iter().any(|window| {
            let name = connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 100);
            let name = name.ok().and_then(|name| name.reply().ok());
            name.is_some_and(|name| name.value == title.as_bytes())
        })
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
    assert!(device_notes(&probe).iter().any(|note| note.contains("on the computer's")), "{:?}", device_notes(&probe));
    end(&mut running.0, "-TERM");
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
