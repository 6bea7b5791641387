//! Runs the program on a virtual screen.

use super::{end, segue};
use std::io::{BufRead, BufReader};
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
