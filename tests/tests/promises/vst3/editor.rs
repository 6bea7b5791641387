//! The window of the VST3, opened, used and closed as hosts do it, and as they should not.

use super::states::own_parameters;
use super::{RATE, active, play, plugin};
use crate::editor::passes_on_a_screen_of_its_own;
use segue_tests::vst3_host::{Block, Cue, Edit, Event, Jam, Moment, Noted, Out, Playing, Plugin, View};
use segue_tests::window::{HostWindow, wait_until};
use std::collections::BTreeSet;
use std::time::Duration;

const BLOCK: u32 = 256;

fn window(corner: (i16, i16)) -> HostWindow {
    HostWindow::new(corner, (980, 690), 1.0).expect("a window")
}

fn open(plugin: &Plugin, window: &HostWindow) -> View {
    let view = View::create(plugin).expect("there is an editor");
    assert!(view.size().expect("it has a size") > (100, 100));
    view.attach(window.window).expect("it goes into the window");
    view
}

fn shows(view: &View, window: &HostWindow) {
    view.run(Duration::from_millis(100));
    wait_until("the editor is in the window", || window.editor_size().is_ok_and(|size| size.is_some())).unwrap();
}

fn close(view: View) {
    view.remove().expect("it leaves the window");
    assert!(view.timers() > 0, "the wrapper uses the host's loop");
    drop(view);
}

fn jam(plugin: &Plugin, automated: Vec<u32>) -> Jam {
    Jam::begin(plugin, Playing { block: BLOCK, sample_rate: RATE, automated }).expect("it plays")
}

/// The window opens and closes while the audio thread changes every parameter. nice-plug's own VST3 aborted the host
/// here.
#[test]
fn a_hundred_openings_while_everything_is_automated() {
    passes_on_a_screen_of_its_own("vst3::editor::openings");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn openings() {
    let plugin = active(&[], BLOCK, false);
    let window = window((0, 0));
    let automated = own_parameters(&plugin).iter().map(|parameter| parameter.id).collect();
    let jam = jam(&plugin, automated);
    for opening in 0..100_u64 {
        let view = open(&plugin, &window);
        view.run(Duration::from_millis(opening % 5 * 20));
        close(view);
    }
    let noted = jam.end().expect("it played to the end");
    assert!(noted.blocks > 100, "{}", noted.blocks);
}

/// A change in the window reaches the host as a gesture, with its beginning, values and end; the song keeps the last
/// value.
#[test]
fn what_is_done_in_the_window_reaches_the_host_as_edits() {
    passes_on_a_screen_of_its_own("vst3::editor::edits");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn edits() {
    let plugin = active(&[], BLOCK, false);
    let window = window((0, 0));
    let temperature = plugin.parameter("Temperature").expect("there is one");
    let jam = jam(&plugin, Vec::new());
    let view = open(&plugin, &window);
    window.drag("Temperature", (0.0, -40.0)).expect("it can be dragged");
    window.open_list("Style", "Style: Jazz").expect("the list opens");
    window.click_row("Style: Jazz").expect("there is Jazz");
    view.run(Duration::from_millis(500));
    close(view);
    let Noted { points, .. } = jam.end().expect("it played");
    let edits = plugin.take_edits();
    let (last, set) = check_gestures(&edits, temperature.id);
    assert!(set > 1, "it was dragged: {edits:?}");
    assert!(last > plugin.value(temperature.id) + 0.05 || last > temperature.default + 0.05, "upwards: {last}");
    let heard = points.iter().rfind(|point| point.parameter == temperature.id).expect("the host hears the values too");
    assert!((heard.value - last).abs() < 1e-6, "{} and {last}", heard.value);
    let style = plugin.parameter("Style").expect("there is one");
    let (jazz, _) = check_gestures(&edits, style.id);
    assert_eq!(plugin.text(style.id, jazz), "Jazz");
    let mut other = super::plugin(&[]);
    other.load(&plugin.save().expect("it saves")).expect("it loads");
    assert!((other.value(temperature.id) - last).abs() < 1e-4, "{} and {last}", other.value(temperature.id));
    assert_eq!(other.text(style.id, other.value(style.id)), "Jazz");
}

/// The last value of a parameter and the number of values, each of which must lie within a gesture that ends.
fn check_gestures(edits: &[Edit], id: u32) -> (f64, usize) {
    let (mut is_held, mut last, mut count) = (false, None, 0);
    for edit in edits {
        match *edit {
            Edit::Begin(parameter) if parameter == id => assert!(!std::mem::replace(&mut is_held, true)),
            Edit::End(parameter) if parameter == id => assert!(std::mem::take(&mut is_held)),
            Edit::Set(parameter, value) if parameter == id => {
                assert!(is_held, "a value lies within a gesture: {edits:?}");
                last = Some(value);
                count += 1;
            }
            _ => {}
        }
    }
    assert!(!is_held, "every gesture ends: {edits:?}");
    (last.unwrap_or_else(|| panic!("it was moved: {edits:?}")), count)
}

/// A change in the window of a resting plugin reaches the host.
/// It does even if the host does not play: the host is asked to read all values, and has unsaved changes.
#[test]
fn edits_in_the_window_of_a_resting_plugin_reach_the_host() {
    passes_on_a_screen_of_its_own("vst3::editor::resting");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn resting() {
    const VALUES_CHANGED: i32 = 4;
    let plugin = plugin(&[]);
    let window = window((0, 0));
    let temperature = plugin.parameter("Temperature").expect("there is one");
    let view = open(&plugin, &window);
    shows(&view, &window);
    window.drag("Temperature", (0.0, -40.0)).expect("it can be dragged");
    view.run(Duration::from_millis(500));
    let shown = plugin.value(temperature.id);
    assert!(shown > temperature.default + 0.05, "the host shows {shown}");
    let edits = plugin.take_edits();
    assert!(edits.contains(&Edit::Restart(VALUES_CHANGED)), "{edits:?}");
    assert!(edits.contains(&Edit::Dirty), "{edits:?}");
    close(view);
}

/// *Panic* ends every sounding note with a note-off; no host needs to know controller 123, which a VST3 cannot send.
#[test]
fn the_windows_panic_ends_every_note() {
    passes_on_a_screen_of_its_own("vst3::editor::panic");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn panic() {
    let plugin = active(&[("Mode", "Duet"), ("Thru", "On"), ("Density", "100 %"), ("Style", "Folk")], BLOCK, true);
    let window = window((0, 0));
    let mut processor = plugin.processor().expect("it is active");
    let view = open(&plugin, &window);
    window.find("Panic").expect("the editor draws");
    let mut down = BTreeSet::new();
    let keys = [60, 64, 67, 71];
    let cues = keys.map(|key| Cue { offset: 0, event: Event::On { id: -1, channel: 0, key, velocity: 0.6 } });
    let mut at = 0;
    let mut block = |cues: &[Cue], down: &mut BTreeSet<i16>, playing: bool| {
        #[expect(clippy::cast_precision_loss, reason = "a short session")]
        let beats = Some(at as f64 / RATE * 2.0);
        let moment = Moment { playing, tempo_bpm: Some(120.0), beats, ..Moment::default() };
        let played = play(&mut processor, Block::of(at, BLOCK).hear(cues).during(moment));
        at += u64::from(BLOCK);
        let mut ended = 0;
        for sent in played.sent {
            match sent.out {
                Out::On { key, .. } => assert!(down.insert(key)),
                Out::Off { key, .. } => {
                    assert!(down.remove(&key));
                    ended += 1;
                }
                Out::Other(kind) => panic!("an event of kind {kind}"),
            }
        }
        ended
    };
    block(&cues, &mut down, true);
    for _ in 0..4_000 {
        if down.len() > keys.len() {
            break;
        }
        block(&[], &mut down, true);
    }
    assert!(down.len() > keys.len(), "the player's keys and Segue's: {down:?}");
    let sounding = down.len();
    window.click("Panic").expect("it can be clicked");
    view.run(Duration::from_millis(300));
    assert_eq!(block(&[], &mut down, false), sounding, "each note ends in the next block");
    for _ in 0..100 {
        block(&[], &mut down, false);
    }
    assert_eq!(down, BTreeSet::new());
    close(view);
}

/// A host may end an instance whose window is open, in any order, and take its own window away first.
#[test]
fn an_instance_may_end_with_its_window_open() {
    passes_on_a_screen_of_its_own("vst3::editor::ends");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn ends() {
    type Ending = fn(Plugin, View, HostWindow);
    let endings: [Ending; 6] = [
        |plugin, view, window| {
            close(view);
            drop((plugin, window));
        },
        |plugin, view, window| {
            // Released while it is still attached.
            drop(view);
            drop((plugin, window));
        },
        |mut plugin, view, window| {
            plugin.terminate();
            close(view);
            drop((plugin, window));
        },
        |mut plugin, view, window| {
            plugin.abandon();
            drop(view);
            drop((plugin, window));
        },
        |plugin, view, mut window| {
            window.take_away().expect("the window goes");
            view.run(Duration::from_millis(200));
            drop(view);
            drop(plugin);
        },
        |mut plugin, view, mut window| {
            view.remove().expect("it leaves the window");
            window.take_away().expect("the window goes");
            plugin.terminate();
            view.run(Duration::from_millis(100));
            drop(view);
        },
    ];
    for (index, end) in endings.into_iter().enumerate() {
        for playing in [false, true] {
            println!("ending {index}, playing {playing}");
            let plugin = active(&[], BLOCK, false);
            let mut processor = plugin.processor().expect("it is active");
            let moment = Moment { playing, tempo_bpm: Some(120.0), beats: Some(0.0), ..Moment::default() };
            play(&mut processor, Block::of(0, BLOCK).during(moment));
            drop(processor);
            let window = window((0, 0));
            let view = open(&plugin, &window);
            shows(&view, &window);
            end(plugin, view, window);
        }
    }
}

/// Some hosts take a view out of one window and put it into another.
#[test]
fn a_view_may_move_to_another_window() {
    passes_on_a_screen_of_its_own("vst3::editor::moves");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn moves() {
    let plugin = active(&[], BLOCK, false);
    let (first, second) = (window((0, 0)), window((1_000, 0)));
    let view = open(&plugin, &first);
    shows(&view, &first);
    view.remove().expect("it leaves the window");
    drop(first);
    view.run(Duration::from_millis(100));
    view.attach(second.window).expect("it goes into the other");
    shows(&view, &second);
    second.drag("Temperature", (0.0, -40.0)).expect("it can be dragged");
    view.run(Duration::from_millis(500));
    let temperature = plugin.parameter("Temperature").expect("there is one");
    assert!(plugin.value(temperature.id) > temperature.default + 0.05, "it works in the second window");
    close(view);
}
