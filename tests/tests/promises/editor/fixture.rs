//! A window with a jam, on an X server of its own.

use crate::support::{Settings, instance};
use segue_model::note::{Metre, Pitch, Ticks, Velocity};
use segue_tests::instance::Instance;
use segue_tests::score::Score;
use segue_tests::window::{ESCAPE, HostWindow, Jam, Noted, PROBE_VARIABLE, Screen, wait_until};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

pub const RATE: f64 = 48_000.0;
pub const BLOCK: u32 = 256;
/// The folder for pictures, beside the bundles under test.
pub fn pictures() -> PathBuf {
    segue_tests::bundle::checked_folder().join("../pictures")
}

/// The simulated mouse may be too quick for a busy machine; a faulty window fails every time.
pub const TRIES: usize = 3;

/// Runs an ignored test of this file in a process of its own, with its own screen and home folder.
pub fn passes_on_a_screen_of_its_own(test: &str) {
    let mut faults = Vec::new();
    while faults.len() < TRIES {
        match try_on_a_screen_of_its_own(test) {
            Ok(()) => return,
            Err(fault) => {
                println!("{fault}");
                faults.push(fault);
            }
        }
    }
    panic!("{}", faults.join("\n"));
}

pub fn try_on_a_screen_of_its_own(test: &str) -> Result<(), String> {
    let screen = Screen::start().expect("a screen");
    let home = std::env::temp_dir().join(format!("segue-{}-{}", test.replace("::", "-"), std::process::id()));
    std::fs::create_dir_all(&home).expect("a home");
    let this = std::env::current_exe().expect("a test knows its own file");
    let output = Command::new(this)
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("DISPLAY", &screen.display)
        .env("HOME", &home)
        .env("PATH", format!("{}:{}", home.join("bin").display(), std::env::var("PATH").unwrap_or_default()))
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CURRENT_DESKTOP")
        .env(PROBE_VARIABLE, home.join("controls"))
        .output()
        .expect("the test file can be started once more");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    std::fs::remove_dir_all(&home).expect("the home can go");
    let passed = output.status.success() && said.contains("1 passed") && !complained.contains("panicked");
    if passed { Ok(()) } else { Err(format!("{test}: {}\n{said}\n{complained}", output.status)) }
}

/// Four bars of a blues at 132 bpm with chords in the left hand, then four bars of rest, repeatedly.
pub fn jam_score() -> Score {
    let timeline = segue_tests::timeline::Timeline::steady(RATE, 132.0, Metre::COMMON);
    let end = timeline.frame_of(Ticks(8 * 192)).expect("the transport runs");
    let mut score = Score::silence(timeline, end);
    let melody = [65, 68, 70, 71, 72, 75, 77, 75, 72, 70, 68, 65, 63, 65, 68, 72, 70, 68, 65, 60];
    for (index, key) in (0_i64..).zip(melody) {
        let loud = 64 + u8::try_from(index * 37 % 60).unwrap_or(0);
        note(&mut score, key, loud, index * 36 + (index % 3) * 4, 26);
    }
    for (index, chord) in (0_i64..).zip([[53, 57, 63], [53, 58, 62], [53, 57, 63], [51, 57, 60]]) {
        for key in chord {
            note(&mut score, key, 58, index * 192, 40);
        }
    }
    score
}

pub fn note(score: &mut Score, key: u8, loud: u8, onset: i64, duration: i64) {
    let pitch = Pitch::new(key).expect("a key");
    let velocity = Velocity::new(loud).expect("a velocity");
    score
        .play(&[segue_model::note::Note { onset: Ticks(onset), pitch, velocity, duration: Ticks(duration) }], Ticks(0));
}

/// A playing instance with its editor in a host's window.
pub struct Fixture {
    pub instance: Instance,
    pub window: HostWindow,
    pub jam: Option<Jam>,
    pub is_open: bool,
}

impl Fixture {
    pub fn set_up(settings: Settings<'_>, corner: (i16, i16), scale: f32) -> Self {
        Self::with_score(settings, jam_score(), corner, scale)
    }

    /// The same with other music.
    pub fn with_score(settings: Settings<'_>, score: Score, corner: (i16, i16), scale: f32) -> Self {
        let mut instance = instance(settings);
        instance.set_offline(false).expect("it plays live");
        instance.activate(RATE, BLOCK).expect("it can be activated");
        let size = (points(980.0, scale), points(690.0, scale));
        let window = HostWindow::new(corner, size, scale).expect("a window");
        let jam = Jam::begin(&mut instance, score, BLOCK).expect("it plays");
        let mut editor = Self { instance, window, jam: Some(jam), is_open: false };
        editor.open();
        editor
    }

    pub fn open(&mut self) {
        let scale = (self.window.scale > 1.0).then_some(f64::from(self.window.scale));
        self.instance.open_editor(self.window.window, scale).expect("the editor opens");
        self.is_open = true;
        self.window.find("Temperature").expect("the editor draws");
    }

    pub fn text(&mut self, name: &str) -> String {
        self.instance.text(name).expect("the parameter has a text")
    }

    pub fn becomes(&mut self, name: &str, text: &str) {
        let mut found = String::new();
        let reached = wait_until(name, || {
            found = self.instance.text(name).expect("the parameter has a text");
            found == text
        });
        if reached.is_err() {
            self.photograph("failed.png");
        }
        assert!(reached.is_ok(), "{name} is {found}, not {text}; failed.png shows the window");
    }

    /// Double-clicks on a control, which restores its default. It tries again if the machine is so busy that the two
    /// clicks are too far apart.
    pub fn reset(&mut self, name: &str, text: &str) {
        const TRIES: usize = 5;
        for _ in 0..TRIES {
            self.window.double_click(name).expect("it is there");
            std::thread::sleep(Duration::from_millis(500));
            if self.text(name) == text {
                return;
            }
            // A single click has opened the field for typing its number.
            self.window.key(ESCAPE).expect("a key");
        }
        self.becomes(name, text);
    }

    /// The parameter's text once it no longer changes; it must differ from `not`.
    pub fn settles(&mut self, name: &str, not: &str) -> String {
        const STILL: Duration = Duration::from_millis(400);
        let (mut found, mut since) = (self.text(name), Instant::now());
        let reached = wait_until(name, || {
            let text = self.instance.text(name).expect("the parameter has a text");
            if text != found || text == not {
                (found, since) = (text, Instant::now());
            }
            since.elapsed() > STILL
        });
        if reached.is_err() {
            self.photograph("failed.png");
        }
        assert!(reached.is_ok(), "{name} is still {found}; failed.png shows the window");
        found
    }

    pub fn photograph(&self, name: &str) {
        // Time for some frames, even on a busy machine.
        std::thread::sleep(Duration::from_millis(800));
        self.window.photograph(&pictures().join(name)).expect("it can be seen");
    }

    /// The value of a field beside the parameters, as a song would save it.
    pub fn saved(&mut self, field: &str) -> String {
        let saved = self.instance.save().expect("it can be saved");
        let state: serde_json::Value = serde_json::from_slice(&saved[8..]).expect("the state is JSON");
        state["fields"][field].as_str().unwrap_or_default().to_owned()
    }

    pub fn close(&mut self) {
        self.is_open = false;
        self.instance.close_editor().expect("it closes");
    }

    /// Ends the jam and checks that every gesture has ended and no value came outside a gesture.
    pub fn end(mut self) -> Noted {
        let jam = self.jam.take().expect("it plays");
        let noted = jam.end(&mut self.instance).expect("it played without an error");
        for (id, gestures) in &noted.gestures {
            let parameter = self.instance.parameters().iter().find(|parameter| parameter.id == *id);
            let name = parameter.map_or("unknown", |parameter| parameter.name.as_str());
            assert_eq!(gestures.begun, gestures.ended, "{name}: {gestures:?}");
            assert_eq!(gestures.stray, 0, "{name}: {gestures:?}");
        }
        noted
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // A failed test must not destroy the host's window under an open editor.
        if self.is_open {
            let _ = self.instance.close_editor();
        }
        if let Some(jam) = self.jam.take() {
            let _ = jam.end(&mut self.instance);
        }
    }
}

pub fn points(points: f32, scale: f32) -> u16 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size on a screen")]
    let pixels = (points * scale) as u16;
    pixels
}

/// The files in a folder with this extension.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
}

pub fn home() -> PathBuf {
    PathBuf::from(std::env::var_os("HOME").expect("a home"))
}
