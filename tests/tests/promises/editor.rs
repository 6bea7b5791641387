//! The editor in a real window: what one sees, and what one can do with it.

use crate::support::{Settings, instance, steady};
use segue_model::note::{Metre, Pitch, Ticks, Velocity};
use segue_tests::instance::Instance;
use segue_tests::score::Score;
use segue_tests::window::{Desktop, ENTER, ESCAPE, Gestures, Jam, LANDMARKS_VARIABLE, Screen, pause, wait_until};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const RATE: f64 = 48_000.0;
const BLOCK: u32 = 256;
/// Where the pictures go, beside the bundles under test.
fn pictures() -> PathBuf {
    segue_tests::bundle::checked_folder().join("../pictures")
}

/// Runs a test of this file that is marked to be ignored, in a process of its own, with a screen and a home of its own.
fn passes_on_a_screen_of_its_own(test: &str) {
    let screen = Screen::start().expect("a screen");
    let home = std::env::temp_dir().join(format!("segue-{}-{}", test.replace("::", "-"), std::process::id()));
    std::fs::create_dir_all(&home).expect("a home");
    let this = std::env::current_exe().expect("a test knows its own file");
    let output = Command::new(this)
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("DISPLAY", &screen.display)
        .env("HOME", &home)
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env(LANDMARKS_VARIABLE, home.join("landmarks"))
        .output()
        .expect("the test file can be started once more");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success() && said.contains("1 passed"), "{test}: {}\n{said}\n{complained}", output.status);
    assert!(!complained.contains("panicked"), "{test}: {complained}");
    std::fs::remove_dir_all(&home).expect("the home can go");
}

/// Four bars of a blues at 132 bpm with chords in the left hand, and then four bars of room, round and round.
fn jam_score() -> Score {
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

fn note(score: &mut Score, key: u8, loud: u8, onset: i64, duration: i64) {
    let pitch = Pitch::new(key).expect("a key");
    let velocity = Velocity::new(loud).expect("a velocity");
    score
        .play(&[segue_model::note::Note { onset: Ticks(onset), pitch, velocity, duration: Ticks(duration) }], Ticks(0));
}

/// An instance with its editor in a host's window, playing.
struct Stage {
    instance: Instance,
    desktop: Desktop,
    jam: Option<Jam>,
}

impl Stage {
    fn set_up(settings: Settings<'_>, corner: (i16, i16), scale: f32) -> Self {
        let mut instance = instance(settings);
        instance.set_offline(false).expect("it plays live");
        instance.activate(RATE, BLOCK).expect("it can be activated");
        let size = (points(980.0, scale), points(690.0, scale));
        let desktop = Desktop::new(corner, size, scale).expect("a window");
        let jam = Jam::begin(&mut instance, jam_score(), BLOCK).expect("it plays");
        let mut stage = Self { instance, desktop, jam: Some(jam) };
        stage.open();
        stage
    }

    fn open(&mut self) {
        let scale = (self.desktop.scale > 1.0).then_some(f64::from(self.desktop.scale));
        self.instance.open_editor(self.desktop.window, scale).expect("the editor opens");
        self.desktop.find("Temperature").expect("the editor draws");
    }

    fn text(&mut self, name: &str) -> String {
        self.instance.text(name).expect("the parameter has a text")
    }

    fn becomes(&mut self, name: &str, text: &str) {
        let mut found = String::new();
        let reached = wait_until(name, || {
            found = self.instance.text(name).expect("the parameter has a text");
            found == text
        });
        assert!(reached.is_ok(), "{name} is {found}, not {text}");
    }

    fn photograph(&self, name: &str) {
        pause();
        self.desktop.photograph(&pictures().join(name)).expect("it can be seen");
    }

    /// Closes everything; says what was done to the parameters, by name.
    fn close(mut self) -> BTreeMap<String, Gestures> {
        self.instance.close_editor().expect("it closes");
        let jam = self.jam.take().expect("it plays");
        let gestures = jam.end(&mut self.instance).expect("it played without an error");
        let name = |id: u32| {
            self.instance.parameters().iter().find(|parameter| parameter.id == id).map(|found| found.name.clone())
        };
        gestures.into_iter().map(|(id, gestures)| (name(id).unwrap_or_default(), gestures)).collect()
    }
}

fn points(points: f32, scale: f32) -> u16 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size on a screen")]
    let pixels = (points * scale) as u16;
    pixels
}

#[test]
fn one_sees_the_jam() {
    passes_on_a_screen_of_its_own("editor::a_look");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn a_look() {
    let mut stage = Stage::set_up(&[("Style", "Blues"), ("Comping", "On")], (0, 0), 1.0);
    std::thread::sleep(Duration::from_secs(12));
    stage.photograph("playing.png");
    stage.desktop.click("Page Set up").unwrap();
    stage.photograph("set-up.png");
    stage.close();
}
