//! The editor in a real window: what one sees, and what one can do with it.

mod dialogs;
mod in_vst3;

use crate::support::{Settings, instance, resident, steady};
use segue_model::note::{Metre, Pitch, Ticks, Velocity};
use segue_tests::instance::Instance;
use segue_tests::score::Score;
use segue_tests::window::{Desktop, ENTER, ESCAPE, Jam, LANDMARKS_VARIABLE, Noted, Screen, wait_until};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const RATE: f64 = 48_000.0;
const BLOCK: u32 = 256;
/// Where the pictures go, beside the bundles under test.
fn pictures() -> PathBuf {
    segue_tests::bundle::checked_folder().join("../pictures")
}

/// A hand on a screen that is drawn in software may be too quick for a busy machine; a window that is at fault fails
/// every time.
const TRIES: usize = 3;

/// Runs a test of this file that is marked to be ignored, in a process of its own, with a screen and a home of its own.
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

fn try_on_a_screen_of_its_own(test: &str) -> Result<(), String> {
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
        .env(LANDMARKS_VARIABLE, home.join("landmarks"))
        .output()
        .expect("the test file can be started once more");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    std::fs::remove_dir_all(&home).expect("the home can go");
    let passed = output.status.success() && said.contains("1 passed") && !complained.contains("panicked");
    if passed { Ok(()) } else { Err(format!("{test}: {}\n{said}\n{complained}", output.status)) }
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
    is_open: bool,
}

impl Stage {
    fn set_up(settings: Settings<'_>, corner: (i16, i16), scale: f32) -> Self {
        let mut instance = instance(settings);
        instance.set_offline(false).expect("it plays live");
        instance.activate(RATE, BLOCK).expect("it can be activated");
        let size = (points(980.0, scale), points(690.0, scale));
        let desktop = Desktop::new(corner, size, scale).expect("a window");
        let jam = Jam::begin(&mut instance, jam_score(), BLOCK).expect("it plays");
        let mut stage = Self { instance, desktop, jam: Some(jam), is_open: false };
        stage.open();
        stage
    }

    fn open(&mut self) {
        let scale = (self.desktop.scale > 1.0).then_some(f64::from(self.desktop.scale));
        self.instance.open_editor(self.desktop.window, scale).expect("the editor opens");
        self.is_open = true;
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
        if reached.is_err() {
            self.photograph("failed.png");
        }
        assert!(reached.is_ok(), "{name} is {found}, not {text}; failed.png shows the window");
    }

    /// Double clicks on a control, which brings its default back. More than once when the machine is so busy that the
    /// two clicks lie too far apart.
    fn reset(&mut self, name: &str, text: &str) {
        const TRIES: usize = 5;
        for _ in 0..TRIES {
            self.desktop.double_click(name).expect("it is there");
            std::thread::sleep(Duration::from_millis(500));
            if self.text(name) == text {
                return;
            }
            // A single click has opened the field for its number.
            self.desktop.key(ESCAPE).expect("a key");
        }
        self.becomes(name, text);
    }

    /// The parameter's text when it has not changed for a while, which must not be this one.
    fn settles(&mut self, name: &str, not: &str) -> String {
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

    fn photograph(&self, name: &str) {
        // Some frames, also on a busy machine.
        std::thread::sleep(Duration::from_millis(800));
        self.desktop.photograph(&pictures().join(name)).expect("it can be seen");
    }

    /// What a song would save in a field beside the parameters.
    fn saved(&mut self, field: &str) -> String {
        let saved = self.instance.save().expect("it can be saved");
        let state: serde_json::Value = serde_json::from_slice(&saved[8..]).expect("the state is JSON");
        state["fields"][field].as_str().unwrap_or_default().to_owned()
    }

    fn close(&mut self) {
        self.is_open = false;
        self.instance.close_editor().expect("it closes");
    }

    /// Ends the jam; every gesture must have ended and no value have come outside of one.
    fn end(mut self) -> Noted {
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

impl Drop for Stage {
    fn drop(&mut self) {
        // A test that has failed must not pull the host's window from under the editor.
        if self.is_open {
            let _ = self.instance.close_editor();
        }
        if let Some(jam) = self.jam.take() {
            let _ = jam.end(&mut self.instance);
        }
    }
}

fn points(points: f32, scale: f32) -> u16 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size on a screen")]
    let pixels = (points * scale) as u16;
    pixels
}

/// The files in a folder with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
}

fn home() -> PathBuf {
    PathBuf::from(std::env::var_os("HOME").expect("a home"))
}

#[test]
fn every_control_is_played_by_hand_and_the_host_hears_of_it() {
    passes_on_a_screen_of_its_own("editor::a_tour");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn a_tour() {
    let mut stage = Stage::set_up(&[("Style", "Irish")], (0, 0), 1.0);
    turn_knobs(&mut stage);
    choose(&mut stage);
    write_a_chart(&mut stage);
    give_the_keys_back(&mut stage);
    load_and_keep_a_preset(&mut stage);
    stage.desktop.click("Mode Answer").unwrap();
    stage.becomes("Mode", "Answer");
    std::thread::sleep(Duration::from_secs(12));
    stage.photograph("playing.png");
    capture(&mut stage);
    resize(&mut stage);
    click_everything(&mut stage);
    stage.desktop.click("Panic").unwrap();
    stage.desktop.pause();
    let turn = stage.instance.parameter("Your turn").expect("there is one").id;
    stage.close();
    let noted = stage.end();
    let turns = noted.gestures.get(&turn).map_or(0, |gestures| gestures.values);
    assert!(turns >= 2 && turns.is_multiple_of(2), "Your turn springs back: {turns} values");
    assert!(noted.all_notes_off >= 16, "Panic tells every channel: {}", noted.all_notes_off);
    // A knob that is only clicked stays where it is; lists, switches, drags and a preset move the others.
    assert!(noted.gestures.len() >= 20, "so many parameters were moved: {}", noted.gestures.len());
}

fn turn_knobs(stage: &mut Stage) {
    let heat = |stage: &mut Stage, not: &str| stage.settles("Temperature", not).parse::<f64>().expect("a number");
    stage.desktop.drag("Temperature", (0.0, -40.0)).unwrap();
    let coarse = heat(stage, "1.000") - 1.0;
    assert!(coarse > 0.1, "dragged up: {coarse}");
    stage.reset("Temperature", "1.000");
    stage.desktop.hold_ctrl(true).unwrap();
    stage.desktop.drag("Temperature", (0.0, -40.0)).unwrap();
    stage.desktop.hold_ctrl(false).unwrap();
    let fine = heat(stage, "1.000") - 1.0;
    assert!(fine > 0.0 && fine < coarse / 4.0, "with Ctrl {fine}, without {coarse}");
    let before = stage.text("Temperature");
    stage.desktop.wheel("Temperature", false).unwrap();
    assert!(heat(stage, &before) < 1.0 + fine, "the wheel");
    for (typed, becomes) in [("1.25", "1.250"), ("nonsense", "1.250")] {
        stage.desktop.click("Temperature value").unwrap();
        stage.desktop.type_text(typed).unwrap();
        stage.desktop.key(ENTER).unwrap();
        stage.becomes("Temperature", becomes);
    }
    stage.desktop.click("Temperature value").unwrap();
    stage.desktop.type_text("0.1").unwrap();
    stage.desktop.key(ESCAPE).unwrap();
    stage.desktop.pause();
    stage.becomes("Temperature", "1.250");
    stage.desktop.drag("Segue level", (0.0, 30.0)).unwrap();
    stage.settles("Segue level", "0.0 dB");
    stage.desktop.drag("Lowest key", (120.0, 0.0)).unwrap();
    stage.settles("Lowest key", "C-1");
    stage.desktop.drag("Highest key", (-900.0, 0.0)).unwrap();
    let highest = stage.settles("Highest key", "G9");
    assert_eq!(stage.settles("Lowest key", ""), highest, "a handle takes the other one along");
    for (name, text) in
        [("Lowest key", "C-1"), ("Highest key", "G9"), ("Segue level", "0.0 dB"), ("Temperature", "1.000")]
    {
        stage.reset(name, text);
    }
}

fn choose(stage: &mut Stage) {
    for (mode, picture) in [("Trade", "trade.png"), ("Duet", "duet.png"), ("Answer", "answer.png")] {
        stage.desktop.click(&format!("Mode {mode}")).unwrap();
        stage.becomes("Mode", mode);
        stage.photograph(picture);
    }
    for (list, row, text) in [
        ("Style", "Style: Jazz", "Jazz"),
        ("Key", "Key: D", "D"),
        ("Scale", "Scale: Dorian", "Dorian"),
        ("Quantise", "Quantise: 1/16", "1/16"),
        ("Yield", "Yield: At the beat", "At the beat"),
        ("Start", "Start: Bar", "Bar"),
        ("Chords", "Chords: What you hold", "What you hold"),
        ("Chords", "Chords: Chart", "Chart"),
    ] {
        stage.desktop.open_list(list, row).unwrap();
        if list == "Scale" {
            stage.photograph("list.png");
        }
        stage.desktop.click_row(row).unwrap();
        stage.becomes(list, text);
    }
    for switch in ["Comping", "Sound"] {
        let before = stage.text(switch);
        stage.desktop.click(switch).unwrap();
        stage.becomes(switch, if before == "On" { "Off" } else { "On" });
        stage.desktop.click(switch).unwrap();
        stage.becomes(switch, &before);
    }
    stage.desktop.click("Your turn").unwrap();
    let before = stage.text("Seed");
    stage.desktop.click("Freeze seed").unwrap();
    stage.desktop.click("New seed").unwrap();
    stage.desktop.pause();
    assert_eq!(stage.text("Seed"), before, "frozen");
    stage.desktop.click("Freeze seed").unwrap();
    stage.desktop.click("New seed").unwrap();
    // One of ten thousand seeds is the one before.
    wait_until("there is another seed", || stage.instance.text("Seed").unwrap() != before).unwrap();
}

fn write_a_chart(stage: &mut Stage) {
    stage.desktop.click("Chart").unwrap();
    stage.desktop.type_text("C7 | F7").unwrap();
    let taken = wait_until("what is right is taken", || stage.saved("chart").contains("F7"));
    assert!(taken.is_ok(), "the chart is {}", stage.saved("chart"));
    stage.desktop.type_text(" | Q7 | G7").unwrap();
    stage.desktop.pause();
    stage.photograph("mistake.png");
    let chart = stage.saved("chart");
    assert!(chart.starts_with("\"C7 | F7") && !chart.contains('Q'), "what was there before the mistake holds: {chart}");
    assert_eq!(stage.desktop.keys_for_the_host().unwrap(), 0, "what is typed here does not play the host's keys");
    stage.desktop.select_all().unwrap();
    stage.desktop.type_text("Dm7 | G7 | Cmaj7 | %").unwrap();
    stage.desktop.key(ENTER).unwrap();
    wait_until("the chart is taken", || stage.saved("chart") == "\"Dm7 | G7 | Cmaj7 | %\"").unwrap();
}

fn give_the_keys_back(stage: &mut Stage) {
    stage.desktop.keys_for_the_host().unwrap();
    stage.desktop.drag("Memory", (0.0, 12.0)).unwrap();
    stage.desktop.keyboard_is_the_hosts(true).unwrap();
    // With the pointer over the editor the X server itself would hand the keys to it.
    stage.desktop.point((1300.0, 1000.0)).unwrap();
    stage.desktop.type_anywhere("z m").unwrap();
    assert_eq!(stage.desktop.keys_for_the_host().unwrap(), 3, "the host has its keys and its space bar");
}

fn load_and_keep_a_preset(stage: &mut Stage) {
    stage.desktop.open_list("Presets", "Preset Slow blues").unwrap();
    stage.photograph("presets.png");
    stage.desktop.click_row("Preset Slow blues").unwrap();
    stage.becomes("Style", "Blues");
    stage.desktop.open_list("Presets", "Preset name").unwrap();
    stage.desktop.click_row("Preset name").unwrap();
    stage.desktop.type_text("Late at home").unwrap();
    stage.desktop.click_row("Save preset").unwrap();
    let folder = home().join(".local/share/Segue/presets");
    wait_until("the preset is kept", || !files(&folder, "toml").is_empty()).unwrap();
    stage.desktop.find("Preset Late at home").unwrap();
    stage.desktop.key(ESCAPE).unwrap();
    stage.desktop.pause();
}

fn capture(stage: &mut Stage) {
    stage.desktop.click("Capture").unwrap();
    let folder = home().join("Music/Segue");
    wait_until("there is a file", || !files(&folder, "mid").is_empty()).unwrap();
    stage.photograph("captured.png");
    let path = files(&folder, "mid").pop().expect("a file");
    let bytes = std::fs::read(&path).expect("it can be read");
    let smf = midly::Smf::parse(&bytes).expect("it is a MIDI file");
    let notes = |track: usize| {
        let is_note = |event: &&midly::TrackEvent<'_>| {
            matches!(event.kind, midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { .. }, .. })
        };
        smf.tracks[track].iter().filter(is_note).count()
    };
    assert_eq!(smf.tracks.len(), 3, "time, the player, Segue");
    assert!(notes(1) > 20 && notes(2) > 0, "{} and {} notes", notes(1), notes(2));
    std::fs::copy(&path, pictures().join("captured.mid")).expect("it can be kept");
}

fn resize(stage: &mut Stage) {
    let wanted = (1240, 840);
    stage.desktop.resize(wanted.0, wanted.1).unwrap();
    let size = stage.instance.resize_editor(wanted.0, wanted.1).expect("it can be resized");
    assert_eq!(size, wanted);
    wait_until("the editor is as large", || stage.desktop.editor_size().unwrap() == Some((1240, 840))).unwrap();
    stage.desktop.pause();
    stage.photograph("large.png");
    let least = stage.instance.resize_editor(100, 100).expect("it can be resized");
    assert!(least.0 >= 800 && least.1 >= 500, "no smaller than its controls need: {least:?}");
    stage.desktop.resize(least.0, least.1).unwrap();
    stage.desktop.pause();
    stage.desktop.pause();
    stage.photograph("small.png");
    stage.instance.resize_editor(wanted.0, wanted.1).unwrap();
    stage.desktop.resize(wanted.0, wanted.1).unwrap();
    stage.desktop.pause();
    stage.close();
    let saved = stage.saved("window");
    assert_eq!(saved, "[1240.0,840.0]", "a song remembers the size");
    stage.open();
    wait_until("it has that size again", || stage.desktop.editor_size().unwrap() == Some((1240, 840))).unwrap();
    pull_the_corner(stage);
}

/// The host is asked before the window grows.
fn pull_the_corner(stage: &mut Stage) {
    stage.desktop.drag("Corner", (-40.0, -30.0)).unwrap();
    stage.instance.serve();
    let asked = stage.instance.take_asked_size();
    assert_eq!(asked, Some((1200, 810)), "the host is asked for the size");
    wait_until("the editor is so small", || stage.desktop.editor_size().unwrap() == Some((1200, 810))).unwrap();
    stage.desktop.resize(1200, 810).unwrap();
    stage.desktop.pause();
}

/// Presses all that can be pressed, on both pages and in all modes; nothing may break.
fn click_everything(stage: &mut Stage) {
    let leave = ["Corner", "Capture", "Panic", "Load model…", "frames"];
    for page in ["Play", "Set up"] {
        for mode in ["Answer", "Trade", "Duet"] {
            stage.desktop.click(&format!("Mode {mode}")).unwrap();
            stage.desktop.click(&format!("Page {page}")).unwrap();
            stage.desktop.pause();
            for name in stage.desktop.landmarks().into_keys().filter(|name| !leave.contains(&name.as_str())) {
                // A list that has opened may hide the others, and what has gone with a page is not there.
                if let Some(place) = stage.desktop.landmarks().get(&name) {
                    stage.desktop.point(place.middle()).unwrap();
                    stage.desktop.press().unwrap();
                    stage.desktop.release().unwrap();
                    stage.desktop.key(ESCAPE).unwrap();
                }
                if !stage.desktop.landmarks().contains_key(&format!("Page {page}")) {
                    break;
                }
            }
            stage.desktop.key(ESCAPE).unwrap();
        }
        stage.desktop.click(&format!("Page {page}")).unwrap();
        if page == "Set up" {
            stage.photograph("set-up.png");
        }
    }
}

#[test]
fn twice_as_many_pixels_are_twice_as_sharp() {
    passes_on_a_screen_of_its_own("editor::at_twice_the_size");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn at_twice_the_size() {
    let mut stage = Stage::set_up(&[("Style", "Blues"), ("Comping", "On")], (0, 0), 2.0);
    assert_eq!(stage.desktop.editor_size().unwrap(), Some((1960, 1380)));
    stage.desktop.drag("Temperature", (0.0, -60.0)).unwrap();
    stage.settles("Temperature", "1.000");
    std::thread::sleep(Duration::from_secs(6));
    stage.photograph("twice.png");
    let picture = stage.desktop.picture().unwrap();
    let (whole, fine) = (picture.width() / 2, picture.height() / 2);
    let sharp = (0..whole).flat_map(|x| (0..fine).map(move |y| (2 * x, 2 * y)));
    let differs = sharp.filter(|&(x, y)| picture.get_pixel(x, y) != picture.get_pixel(x + 1, y)).count();
    assert!(differs > 2_000, "not every point is two pixels of one colour: {differs}");
    stage.close();
    stage.end();
}

#[test]
fn two_windows_at_once_are_two_instances() {
    passes_on_a_screen_of_its_own("editor::two_at_once");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn two_at_once() {
    let mut left = Stage::set_up(&[("Style", "Jazz")], (0, 0), 1.0);
    let mut right = Stage::set_up(&[("Style", "Piano")], (1000, 0), 1.0);
    left.desktop.drag("Temperature", (0.0, -40.0)).unwrap();
    left.settles("Temperature", "1.000");
    assert_eq!(right.text("Temperature"), "1.000");
    right.desktop.drag("Memory", (0.0, 40.0)).unwrap();
    right.settles("Memory", "100 %");
    assert_eq!(left.text("Memory"), "100 %");
    left.close();
    right.reset("Memory", "100 %");
    right.close();
    left.end();
    right.end();
}

#[test]
fn two_hundred_openings_leave_nothing_behind() {
    passes_on_a_screen_of_its_own("editor::two_hundred_openings");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn two_hundred_openings() {
    /// A window that is left behind keeps its picture at least, 2.7 MB: a hundred of them far more than this. The graphics
    /// library's own heap comes and goes by half of it.
    const BOUND: usize = 64 << 20;
    let mut stage = Stage::set_up(&[], (0, 0), 1.0);
    stage.close();
    let open_and_close = |stage: &mut Stage| {
        stage.open();
        std::thread::sleep(Duration::from_millis(60));
        stage.close();
    };
    for _ in 0..40 {
        open_and_close(&mut stage);
    }
    let count = |folder: &str| std::fs::read_dir(folder).expect("Linux lists it").count();
    let (threads, files, memory) = (count("/proc/self/task"), count("/proc/self/fd"), resident());
    let mut unfinished = 0;
    // What the allocator keeps comes and goes; what is lost stays lost.
    let rounds = [1, 2, 3, 4].map(|round| {
        for _ in 0..50 {
            open_and_close(&mut stage);
            // A host may unload the plugin now, or end.
            unfinished += usize::from(event_loops() > 0);
        }
        println!("{} openings: {} kB more", 50 * round, resident().saturating_sub(memory) >> 10);
        resident()
    });
    let [first, second, third, last] = rounds;
    let grown = third.min(last).saturating_sub(first.min(second));
    wait_until("all threads have ended", || count("/proc/self/task") <= threads).unwrap();
    assert!(count("/proc/self/fd") <= files, "open files: {} before, {} after", files, count("/proc/self/fd"));
    assert_eq!(unfinished, 0, "so often a window's thread was still at work after it was closed");
    assert!(grown < BOUND, "memory grew by {grown} bytes");
    stage.end();
}

/// How many threads of this process wait for what happens in a window. Only they have such a file; a window's clipboard
/// has a thread too, which ends soon after it.
fn event_loops() -> usize {
    let files = std::fs::read_dir("/proc/self/fd").expect("Linux lists the open files of a process");
    let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().contains("eventpoll")).count()
}

#[test]
fn a_window_is_drawn_however_late_its_host_shows_it() {
    passes_on_a_screen_of_its_own("editor::shown_late");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn shown_late() {
    let mut stage = Stage::set_up(&[], (0, 0), 1.0);
    for pause in [5, 60, 400].map(Duration::from_millis) {
        stage.close();
        std::fs::remove_file(home().join("landmarks")).expect("it was drawn");
        stage.instance.open_editor_slowly(stage.desktop.window, None, pause).expect("the editor opens");
        stage.is_open = true;
        stage.desktop.find("Temperature").unwrap_or_else(|error| panic!("shown after {pause:?}: {error}"));
        stage.desktop.click("Mode Trade").unwrap();
        stage.becomes("Mode", "Trade");
        stage.desktop.click("Mode Duet").unwrap();
        stage.becomes("Mode", "Duet");
    }
    // A host that only asks for the window, as validators do.
    stage.close();
    stage.instance.touch_editor(Duration::from_millis(100)).expect("it is made and goes");
    stage.open();
    stage.close();
    stage.end();
}

#[test]
fn a_host_may_close_its_window_first_or_the_plugin_without_its_editor() {
    passes_on_a_screen_of_its_own("editor::closed_in_another_order");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn closed_in_another_order() {
    /// Long enough for what still happens in a window.
    const AFTERWARDS: Duration = Duration::from_millis(500);
    let mut stage = Stage::set_up(&[], (0, 0), 1.0);
    // With a gesture under way.
    stage.desktop.pull("Temperature", (0.0, -40.0)).unwrap();
    stage.settles("Temperature", "1.000");
    stage.desktop.take_away().unwrap();
    std::thread::sleep(AFTERWARDS);
    stage.close();
    assert_eq!(event_loops(), 0, "a window whose host's is gone has ended when it is closed");
    stage.desktop = Desktop::new((0, 0), (980, 690), 1.0).expect("a window");
    stage.desktop.release().unwrap();
    let landmarks = std::env::var_os(LANDMARKS_VARIABLE).expect("the tests ask for them");
    std::fs::remove_file(landmarks).expect("the first window has said where its controls are");
    stage.open();
    stage.reset("Temperature", "1.000");
    let Stage { jam, is_open, .. } = &mut stage;
    *is_open = false;
    let jam = jam.take().expect("it plays");
    let noted = jam.end(&mut stage.instance).expect("it played");
    assert!(noted.gestures.values().all(|gestures| gestures.begun == gestures.ended), "{noted:?}");
    drop(stage);
    assert_eq!(event_loops(), 0, "a window whose plugin is gone has ended");
    std::thread::sleep(AFTERWARDS);
}

#[test]
fn five_hundred_notes_are_drawn_in_time_and_an_idle_window_draws_nothing() {
    passes_on_a_screen_of_its_own("editor::many_notes");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn many_notes() {
    let timeline = steady(RATE);
    let end = timeline.frame_of(Ticks(4 * 192)).expect("the transport runs");
    let mut score = Score::silence(timeline, end);
    for step in 0_i64..64 {
        for voice in 0..8_u8 {
            note(&mut score, 40 + voice * 6 + u8::try_from(step % 5).unwrap_or(0), 90, step * 12, 10);
        }
    }
    let mut instance = instance(&[]);
    instance.set_offline(false).expect("it plays live");
    instance.activate(RATE, BLOCK).expect("it can be activated");
    let desktop = Desktop::new((0, 0), (980, 690), 1.0).expect("a window");
    let jam = Jam::begin(&mut instance, score, BLOCK).expect("it plays");
    let mut stage = Stage { instance, desktop, jam: Some(jam), is_open: false };
    stage.open();
    // 16 beats of 32 notes are 512; they have passed by after eight seconds.
    std::thread::sleep(Duration::from_secs(10));
    let measure = |stage: &Stage| {
        let (began, frames, cpu) = (Instant::now(), stage.desktop.frames(), drawing_seconds());
        std::thread::sleep(Duration::from_secs(6));
        let seconds = began.elapsed().as_secs_f64();
        let drawn = (stage.desktop.frames() - frames) as f64;
        (drawn / seconds, (drawing_seconds() - cpu) / drawn.max(1.0) * 1000.0)
    };
    let (rate, cost) = measure(&stage);
    stage.photograph("many-notes.png");
    println!("with 512 notes and GL in software: {rate:.1} frames a second, {cost:.1} ms of computing for each");
    // The counter is told four times a second.
    assert!(rate < 62.0, "no more than 60 frames a second: {rate}");
    assert!(rate > 1.0, "it still moves: {rate}");
    assert!(cost < 60.0, "a frame costs {cost} ms");
    let jam = stage.jam.take().expect("it plays");
    jam.end(&mut stage.instance).expect("it played");
    let silence = Score::silence(segue_tests::timeline::Timeline::stopped(RATE), 48_000);
    stage.jam = Some(Jam::begin(&mut stage.instance, silence, BLOCK).expect("it plays"));
    // The keys that were down when the music broke off.
    stage.desktop.click("Panic").unwrap();
    std::thread::sleep(Duration::from_secs(16));
    let (rate, _) = measure(&stage);
    assert!(rate < 0.5, "nothing moves, and {rate} frames a second are drawn");
    stage.close();
    stage.end();
}

/// What the threads of this process have computed so far that draw: all but those that play and think.
fn drawing_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists the threads of a process");
    let ticks = |stat: String| -> Option<f64> {
        let (name, rest) = stat.rsplit_once(')')?;
        let plays = name.ends_with(Jam::THREAD) || name.ends_with("segue mind");
        let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        (!plays).then_some(ticks)
    };
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    stats.filter_map(ticks).sum::<f64>() / TICKS_A_SECOND
}
