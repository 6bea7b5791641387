//! What goes wrong around Segue, and what is kept: a worker that panics, files that vanish, blocks that come late.
//!
//! - **The worker panics.** The status line says *1 restarts*. The jam goes on; at most the notes of one request
//!   are missing.
//! - **The weights file is deleted, cut or replaced in mid-jam.** Nobody sees anything, and no note changes. When
//!   such a song is opened again, the status line says *My own is missing; Jazz plays instead*, or that it is another
//!   file. The song keeps the file's name.
//! - **Blocks come 100 ms late.** The host's sound has a gap. Every note-off comes, and so does the answer.
//! - **64 instances play at once; blocks have 1 or 65,536 frames.** Nobody sees or hears anything.
//! - **The host offers nothing for windows.** It gets none, and the instance plays.
//! - **A state of a later version.** What this version knows is set; a chart that it cannot read stays in the song.
//!
//! Full disks and folders that cannot be written to are tested beside the code that writes, in `plugin/src/capture.rs`
//! and `plugin/src/preset/shelf.rs`; strange events in `faults_events`.

use crate::support::{
    Settings, in_a_process_of_its_own, instance, notes, passes_in_a_process_of_its_own, score, sound, steady,
};
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::decision_time::shipped_weights;
use segue_tests::performance::Sounded;
use segue_tests::session::Session;
use segue_tests::stats::{STATS_VARIABLE, Stats};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// The number of the decision at which the worker of a bundle under test panics.
const PANIC_AT: &str = "SEGUE_PANIC_AT";

/// A worker that panics in the middle of an answer is started again, and the jam goes on with the same memory.
#[test]
fn a_worker_that_panics_costs_a_few_notes_and_no_more() {
    let counts = std::env::temp_dir().join(format!("segue-panics-{}", std::process::id()));
    for decision in ["1", "9"] {
        let environment = [(PANIC_AT, decision), (STATS_VARIABLE, counts.to_str().expect("its name is text"))];
        let output = in_a_process_of_its_own("faults::a_jam_with_a_panic", &environment);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{decision}: {}\n{said}", String::from_utf8_lossy(&output.stdout));
        assert!(said.contains("a test has asked for this panic"), "{decision}: it was planted\n{said}");
    }
    std::fs::remove_file(counts).expect("the plugin wrote its counts");
}

#[test]
#[ignore = "runs in a process of its own: the panic counts decisions of all instances"]
fn a_jam_with_a_panic() {
    // The panic comes in the first answer; the second one is heard and answered as if nothing had been.
    let mut jam = score(steady(48_000.0), 8);
    for (index, key) in (0..).zip([62, 66, 69, 71]) {
        jam.press(key, 480_000 + 12_000 * index, 490_000 + 12_000 * index);
    }
    let played = notes(&[("Answer length", "2")], &jam, Blocks::Of(256));
    let counted = Stats::read().expect("they can be read").expect("a variable names the file");
    assert_eq!(counted.panics, 1);
    let undisturbed = notes(&[("Answer length", "2")], &jam, Blocks::Of(256));
    let first = |notes: &[Sounded]| notes.iter().filter(|note| note.on < 480_000).count();
    let second = |notes: &[Sounded]| notes.iter().filter(|note| note.on > 480_000).count();
    assert!(first(&played) * 2 >= first(&undisturbed), "{} of {} notes", first(&played), first(&undisturbed));
    assert!(second(&played) * 2 >= second(&undisturbed), "{} of {} notes", second(&played), second(&undisturbed));
}

/// A host may make instances and have no windows for them.
#[cfg(target_os = "linux")]
#[test]
fn a_host_that_offers_nothing_for_windows_gets_none() {
    passes_in_a_process_of_its_own("faults::a_window_in_a_host_without_windows");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "runs in a process of its own, because it may crash"]
fn a_window_in_a_host_without_windows() {
    let mut instance = Bundle::checked().open_without_windows().expect("an instance");
    instance.touch_editor(Duration::ZERO).expect_err("there is no window");
    let played = Session::render(Blocks::Of(256)).play(&mut instance, &score(steady(48_000.0), 3)).expect("it plays");
    assert!(!sound(&played).is_empty());
}

/// A folder of a test's own, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("segue-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("it can be made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What may become of a weights file while it plays.
type Mishap = fn(&PathBuf);

const MISHAPS: [(&str, Mishap); 3] = [
    ("deleted", |file| std::fs::remove_file(file).expect("it is ours")),
    ("cut", |file| {
        let whole = std::fs::read(file).expect("it is there");
        std::fs::write(file, &whole[..whole.len() / 2]).expect("it is ours");
    }),
    ("replaced", |file| _ = std::fs::copy(shipped_weights("irish"), file).expect("it ships")),
];

/// A weights file that is deleted, cut or replaced while it plays changes no note. A song that is opened then plays the
/// usual style, or the new file, and still names its own.
#[test]
fn a_weights_file_that_changes_in_mid_jam_changes_no_note() {
    let folder = Folder::new("mishaps");
    let jam = score(steady(48_000.0), 3);
    let session = Session::render(Blocks::Of(256));
    for (name, mishap) in MISHAPS {
        let file = folder.0.join(format!("{name}.segue"));
        std::fs::copy(shipped_weights("folk"), &file).expect("it ships");
        let mut song = instance(&[("Style", "My own")]);
        song.load_field("own_style", file.to_str().expect("its name is text")).expect("it opens");
        song.set_offline(true).expect("it renders");
        song.activate(48_000.0, 256).expect("it activates");
        let first = session.play_active(&mut song, &jam).expect("it plays");
        let saved = song.save().expect("it saves");
        mishap(&file);
        let second = session.play_active(&mut song, &jam).expect("it plays on");
        song.deactivate();
        assert_eq!(sound(&first), notes(&[("Style", "Folk")], &jam, Blocks::Of(256)), "{name}");
        assert!(!sound(&second).is_empty(), "{name}");
        let mut undisturbed = instance(&[("Style", "Folk")]);
        undisturbed.set_offline(true).expect("it renders");
        undisturbed.activate(48_000.0, 256).expect("it activates");
        let _first = session.play_active(&mut undisturbed, &jam).expect("it plays");
        let wanted = session.play_active(&mut undisturbed, &jam).expect("it plays");
        undisturbed.deactivate();
        assert_eq!(sound(&second), sound(&wanted), "{name}: it plays on with what it has in memory");

        let mut opened = instance(&[]);
        opened.load(&saved).expect("the song opens");
        let style: Settings<'_> = if name == "replaced" { &[("Style", "Irish")] } else { &[] };
        let played = session.play(&mut opened, &jam).expect("it plays");
        assert_eq!(sound(&played), notes(style, &jam, Blocks::Of(256)), "{name}: opened again");
        let again = String::from_utf8_lossy(&opened.save().expect("it saves")).into_owned();
        assert!(again.contains(&format!("{name}.segue")), "{name}: the song still names its file");
    }
}

/// A live host whose blocks come 100 ms late now and then gets its answer, on time by its own clock.
#[test]
fn blocks_that_come_a_tenth_of_a_second_late_lose_no_note_off() {
    let jam = score(steady(48_000.0), 4);
    let mut host = instance(&[("Answer length", "2")]);
    host.activate(48_000.0, 512).expect("it activates");
    let mut blocks = 0_u32;
    let late = |_, _: &mut _| {
        blocks += 1;
        if blocks.is_multiple_of(40) {
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let played = Session::live(Blocks::Of(512)).play_active_with(&mut host, &jam, late).expect("it plays");
    host.deactivate();
    let wanted = notes(&[("Answer length", "2")], &jam, Blocks::Of(512));
    let answer = sound(&played);
    assert!(!answer.is_empty() && answer.len() * 2 >= wanted.len(), "{} of {} notes", answer.len(), wanted.len());
    assert!(answer[0].on <= wanted[0].on + 4_800, "it begins at {} and not at {}", answer[0].on, wanted[0].on);
}

/// Sixty-four instances that play at the same time play as each does alone.
#[test]
fn sixty_four_instances_play_as_each_does_alone() {
    const INSTANCES: usize = 64;
    let jam = score(steady(48_000.0), 2);
    let wanted = notes(&[("Sound", "Off")], &jam, Blocks::Of(512));
    let play = || {
        let mut host = instance(&[("Sound", "Off")]);
        host.set_offline(true).expect("it renders");
        host.activate(48_000.0, 512).expect("it activates");
        // All are open before one has played.
        let played = Session::render(Blocks::Of(512)).play_active(&mut host, &jam).expect("it plays");
        host.deactivate();
        sound(&played)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..INSTANCES).map(|_| scope.spawn(play)).collect();
        for thread in threads {
            assert_eq!(thread.join().expect("it plays"), wanted);
        }
    });
}

/// Blocks of one frame and of 65,536 give the same notes, in an answer, a trade and a duet.
#[test]
fn the_smallest_and_largest_blocks_give_the_same_notes() {
    for mode in ["Answer", "Trade", "Duet"] {
        let settings: Settings<'_> = &[("Mode", mode), ("Trade", "1 bar"), ("Sound", "Off")];
        let jam = score(steady(48_000.0), 4);
        let wanted = notes(settings, &jam, Blocks::Of(256));
        assert!(!wanted.is_empty(), "{mode}");
        for blocks in [Blocks::Of(1), Blocks::Of(65_536)] {
            assert_eq!(notes(settings, &jam, blocks), wanted, "{mode}, {blocks:?}");
        }
    }
}

/// What a later version has saved: settings, choices and fields that this one does not know.
fn of_a_later_version(saved: &[u8]) -> Vec<u8> {
    /// The length of the JSON stands before it.
    const HEAD: usize = size_of::<u64>();
    let mut state: Value = serde_json::from_slice(&saved[HEAD..]).expect("a state is JSON");
    state["version"] = json!("9.1.0");
    state["later"] = json!({ "deep": [1, 2, { "deeper": null }] });
    state["params"]["later_knob"] = json!({ "f32": 0.3 });
    state["params"]["later_list"] = json!({ "string": "third" });
    state["params"]["mode"] = json!({ "string": "dream" });
    state["params"]["style"] = json!({ "i32": 99 });
    state["params"]["top_p"] = json!({ "f32": 7.0 });
    state["params"]["octave"] = json!({ "f32": 0.5 });
    state["fields"]["later_field"] = json!("\"text\"");
    state["fields"]["chart"] = json!("\"C7 | later:Q9\"");
    let json = serde_json::to_vec(&state).expect("it is JSON");
    [&(json.len() as u64).to_le_bytes(), json.as_slice()].concat()
}

/// Of a song that a later version has saved, everything counts that this one knows. Values beyond the range are moved
/// into it, what has another type stays as it was, and a chart that cannot be read stays in the song.
#[test]
fn a_song_of_a_later_version_opens_with_what_is_known() {
    let settings = [("Temperature", "1.300"), ("Answer length", "2 bars"), ("Thru", "On"), ("Swing", "60 %")];
    let saved = instance(&settings).save().expect("it saves");
    let mut opened = instance(&[("Octave", "1")]);
    opened.load(&of_a_later_version(&saved)).expect("it opens");
    let beyond = [("Octave", "1"), ("Top-p", "1.000"), ("Mode", "Answer"), ("Style", "My own")];
    for (name, value) in settings.into_iter().chain(beyond) {
        assert_eq!(opened.text(name).expect("it has a text"), value, "{name}");
    }
    let again = String::from_utf8_lossy(&opened.save().expect("it saves")).into_owned();
    assert!(again.contains("later:Q9"), "{again}");
    let jam = score(steady(48_000.0), 3);
    let played = sound(&Session::render(Blocks::Of(256)).play(&mut opened, &jam).expect("it plays"));
    assert!(played.len() > jam.strokes.len(), "it answers, and passes on what was played");
}
