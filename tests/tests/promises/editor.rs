//! The editor in a real window: what it shows, and what a user can do with it.

mod controls;
mod dialogs;
mod fixture;
mod in_vst3;
mod pictures;
mod presets;
mod scale;

use crate::support::{instance, resident, steady};
use segue_model::note::Ticks;
use segue_tests::score::Score;
use segue_tests::window::{HostWindow, Jam, PROBE_VARIABLE, wait_until};
use std::time::{Duration, Instant};

pub use fixture::passes_on_a_screen_of_its_own;
use fixture::{BLOCK, Fixture, RATE, home, note};

#[test]
fn twice_as_many_pixels_are_twice_as_sharp() {
    passes_on_a_screen_of_its_own("editor::at_twice_the_size");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn at_twice_the_size() {
    let mut editor = Fixture::set_up(&[("Style", "Blues"), ("Comping", "On")], (0, 0), 2.0);
    assert_eq!(editor.window.editor_size().unwrap(), Some((1960, 1380)));
    editor.window.drag("Temperature", (0.0, -60.0)).unwrap();
    editor.settles("Temperature", "1.000");
    std::thread::sleep(Duration::from_secs(6));
    editor.photograph("twice.png");
    let picture = editor.window.picture().unwrap();
    let (whole, fine) = (picture.width() / 2, picture.height() / 2);
    let sharp = (0..whole).flat_map(|x| (0..fine).map(move |y| (2 * x, 2 * y)));
    let differs = sharp.filter(|&(x, y)| picture.get_pixel(x, y) != picture.get_pixel(x + 1, y)).count();
    assert!(differs > 2_000, "not every point is two pixels of one colour: {differs}");
    editor.close();
    editor.end();
}

#[test]
fn two_windows_at_once_are_two_instances() {
    passes_on_a_screen_of_its_own("editor::two_at_once");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn two_at_once() {
    let mut left = Fixture::set_up(&[("Style", "Jazz")], (0, 0), 1.0);
    let mut right = Fixture::set_up(&[("Style", "Piano")], (1000, 0), 1.0);
    left.window.drag("Temperature", (0.0, -40.0)).unwrap();
    left.settles("Temperature", "1.000");
    assert_eq!(right.text("Temperature"), "1.000");
    right.window.drag("Memory", (0.0, 40.0)).unwrap();
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
    /// A window that is not freed keeps its picture at least, 2.7 MB, and a hundred of them far more than this. The
    /// graphics library's own memory varies by half of it.
    const BOUND: usize = 64 << 20;
    let mut editor = Fixture::set_up(&[], (0, 0), 1.0);
    editor.close();
    let open_and_close = |editor: &mut Fixture| {
        editor.open();
        std::thread::sleep(Duration::from_millis(60));
        editor.close();
    };
    for _ in 0..40 {
        open_and_close(&mut editor);
    }
    let count = |folder: &str| std::fs::read_dir(folder).expect("Linux lists it").count();
    let (threads, files, memory) = (count("/proc/self/task"), count("/proc/self/fd"), resident());
    let mut unfinished = 0;
    // What the allocator keeps varies from round to round; a leak grows in each.
    let rounds = [1, 2, 3, 4].map(|round| {
        for _ in 0..50 {
            open_and_close(&mut editor);
            // A host may unload the plugin or exit now.
            unfinished += usize::from(event_loops() > 0);
        }
        println!("{} openings: {} kB more", 50 * round, resident().saturating_sub(memory) >> 10);
        resident()
    });
    let [first, second, third, last] = rounds;
    let grown = third.min(last).saturating_sub(first.min(second));
    wait_until("all threads have ended", || count("/proc/self/task") <= threads).unwrap();
    assert!(count("/proc/self/fd") <= files, "open files: {} before, {} after", files, count("/proc/self/fd"));
    assert_eq!(unfinished, 0, "this many windows were closed while their thread was still at work");
    assert!(grown < BOUND, "memory grew by {grown} bytes");
    editor.end();
}

/// How many threads of this process wait for events of a window. Only they have such a file; a window's clipboard has a
/// thread too, which ends soon after it.
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
    let mut editor = Fixture::set_up(&[], (0, 0), 1.0);
    for pause in [5, 60, 400].map(Duration::from_millis) {
        editor.close();
        std::fs::remove_file(home().join("controls")).expect("it was drawn");
        editor.instance.open_editor_slowly(editor.window.window, None, pause).expect("the editor opens");
        editor.is_open = true;
        editor.window.find("Temperature").unwrap_or_else(|error| panic!("shown after {pause:?}: {error}"));
        editor.window.click("Mode Trade").unwrap();
        editor.becomes("Mode", "Trade");
        editor.window.click("Mode Duet").unwrap();
        editor.becomes("Mode", "Duet");
    }
    // A host that only asks for the window, as validators do.
    editor.close();
    editor.instance.touch_editor(Duration::from_millis(100)).expect("it is made and goes");
    editor.open();
    editor.close();
    editor.end();
}

/// A host may close its window before the editor, or the plugin without closing its editor.
#[test]
fn a_host_may_close_window_and_plugin_in_any_order() {
    passes_on_a_screen_of_its_own("editor::closed_in_another_order");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn closed_in_another_order() {
    /// Long enough for pending events in a window.
    const AFTERWARDS: Duration = Duration::from_millis(500);
    let mut editor = Fixture::set_up(&[], (0, 0), 1.0);
    // During a gesture.
    editor.window.pull("Temperature", (0.0, -40.0)).unwrap();
    editor.settles("Temperature", "1.000");
    editor.window.take_away().unwrap();
    std::thread::sleep(AFTERWARDS);
    editor.close();
    assert_eq!(event_loops(), 0, "a window ends with its host's window");
    editor.window = HostWindow::new((0, 0), (980, 690), 1.0).expect("a window");
    editor.window.release().unwrap();
    let controls = std::env::var_os(PROBE_VARIABLE).expect("the tests ask for them");
    std::fs::remove_file(controls).expect("the first window has said where its controls are");
    editor.open();
    editor.reset("Temperature", "1.000");
    let Fixture { jam, is_open, .. } = &mut editor;
    *is_open = false;
    let jam = jam.take().expect("it plays");
    let noted = jam.end(&mut editor.instance).expect("it played");
    assert!(noted.gestures.values().all(|gestures| gestures.begun == gestures.ended), "{noted:?}");
    drop(editor);
    assert_eq!(event_loops(), 0, "a window ends with its plugin");
    std::thread::sleep(AFTERWARDS);
}

/// Five hundred notes are drawn in time, and an idle window draws nothing.
#[test]
fn many_notes_are_drawn_in_time_and_an_idle_window_rests() {
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
    let window = HostWindow::new((0, 0), (980, 690), 1.0).expect("a window");
    let jam = Jam::begin(&mut instance, score, BLOCK).expect("it plays");
    let mut editor = Fixture { instance, window, jam: Some(jam), is_open: false };
    editor.open();
    // 512 notes are 16 beats of 32 notes; they have passed after eight seconds.
    std::thread::sleep(Duration::from_secs(10));
    let measure = |editor: &Fixture| {
        let (began, frames, cpu) = (Instant::now(), editor.window.frames(), drawing_seconds());
        std::thread::sleep(Duration::from_secs(6));
        let seconds = began.elapsed().as_secs_f64();
        let drawn = (editor.window.frames() - frames) as f64;
        (drawn / seconds, (drawing_seconds() - cpu) / drawn.max(1.0) * 1000.0)
    };
    let (rate, cost) = measure(&editor);
    editor.photograph("many-notes.png");
    println!("with 512 notes and GL in software: {rate:.1} frames a second, {cost:.1} ms of computing for each");
    // The counter is written four times a second.
    assert!(rate < 62.0, "no more than 60 frames a second: {rate}");
    assert!(rate > 1.0, "it still moves: {rate}");
    assert!(cost < 60.0, "a frame costs {cost} ms");
    let jam = editor.jam.take().expect("it plays");
    jam.end(&mut editor.instance).expect("it played");
    let silence = Score::silence(segue_tests::timeline::Timeline::stopped(RATE), 48_000);
    editor.jam = Some(Jam::begin(&mut editor.instance, silence, BLOCK).expect("it plays"));
    // Releases the keys that were down when the music broke off.
    editor.window.click("Panic").unwrap();
    std::thread::sleep(Duration::from_secs(16));
    let (rate, _) = measure(&editor);
    assert!(rate < 0.5, "nothing moves, and {rate} frames a second are drawn");
    editor.close();
    editor.end();
}

/// The processor time of the threads that draw: all but the audio thread and the worker.
fn drawing_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists the threads of a process");
    let ticks = |stat: String| -> Option<f64> {
        let (name, rest) = stat.rsplit_once(')')?;
        let plays = name.ends_with(Jam::THREAD) || name.ends_with("segue worker");
        let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        (!plays).then_some(ticks)
    };
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    stats.filter_map(ticks).sum::<f64>() / TICKS_A_SECOND
}
