//! The only module of the promises that touches the host's interface.

use segue_model::note::{Metre, Note, Pitch, Ticks, Velocity};
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::instance::Instance;
use segue_tests::performance::{Performance, Sounded, difference};
use segue_tests::score::Score;
use segue_tests::session::Session;
use segue_tests::timeline::{Frame, Timeline};
use std::process::{Command, Output};

/// An eighth note.
pub const EIGHTH: Ticks = Ticks(24);

/// For how many frames a host still calls after it has stopped: a tenth of a second at 48 kHz.
pub const AFTERWARDS: Frame = 4_800;

/// Block sizes of known hosts, from the smallest to one larger than any look-ahead, and random ones.
pub const ALL_BLOCKS: [Blocks; 7] = [
    Blocks::Of(1),
    Blocks::Of(64),
    Blocks::Of(441),
    Blocks::Of(1024),
    Blocks::Of(4096),
    Blocks::Random { seed: 1, largest: 700 },
    Blocks::Random { seed: 2, largest: 4096 },
];

/// The settings of a new instance.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// A bar of a D major reel in eighths. The last key goes up two ticks before the bar line.
pub fn phrase() -> Vec<Note> {
    melody(&[62, 66, 69, 66, 71, 69, 66, 64])
}

/// These keys in eighths, from beat 0 on.
pub fn melody(keys: &[u8]) -> Vec<Note> {
    let note = |(index, key): (i64, &u8)| Note {
        onset: Ticks(index * EIGHTH.0),
        pitch: Pitch::new(*key).expect("a MIDI key"),
        velocity: Velocity::DEFAULT,
        duration: EIGHTH,
    };
    (0..).zip(keys).map(note).collect()
}

/// The phrase at the beginning, then rest, up to this many frames in all. The host stops before the end, because
/// sounding notes must end soon then, which can only be seen while it still calls.
pub fn jam(mut timeline: Timeline, length: Frame) -> Score {
    timeline.playing(length - AFTERWARDS, false);
    let mut score = Score::silence(timeline, length);
    score.play(&phrase(), Ticks(2));
    score
}

/// The same, up to this many bars of 4/4.
pub fn score(timeline: Timeline, bars: i64) -> Score {
    let end = timeline.frame_of(Ticks(bars * Metre::COMMON.bar().0)).expect("the transport runs");
    jam(timeline, end + AFTERWARDS)
}

/// 120 bpm, 4/4.
pub fn steady(sample_rate: f64) -> Timeline {
    Timeline::steady(sample_rate, 120.0, Metre::COMMON)
}

/// A new instance with these settings.
pub fn instance(settings: Settings<'_>) -> Instance {
    let mut instance = Bundle::checked().open().expect("the plugin gives an instance");
    for (name, value) in settings {
        instance.set(name, value).expect("the plugin takes the setting");
    }
    instance
}

/// Plays a score to a new instance that renders.
pub fn performance(settings: Settings<'_>, score: &Score, blocks: Blocks) -> Performance {
    Session::render(blocks).play(&mut instance(settings), score).expect("the plugin plays")
}

/// The notes of the same, which must have no faults.
pub fn notes(settings: Settings<'_>, score: &Score, blocks: Blocks) -> Vec<Sounded> {
    sound(&performance(settings, score, blocks))
}

/// The notes of a performance, which must have no faults.
pub fn sound(performance: &Performance) -> Vec<Sounded> {
    performance.sound_notes().unwrap_or_else(|faults| panic!("{faults}"))
}

/// The frames at which notes begin.
pub fn onsets(notes: &[Sounded]) -> Vec<Frame> {
    notes.iter().map(|note| note.on).collect()
}

/// What differs between a render and a live session in short blocks. A busy machine may be late; a plugin that differs
/// for another reason differs every time.
pub fn live_difference(settings: Settings<'_>, score: &Score) -> Option<String> {
    const TRIES: usize = 3;
    let blocks = Blocks::Of(128);
    let rendered = notes(settings, score, blocks);
    let live = || sound(&Session::live(blocks).play(&mut instance(settings), score).expect("it plays"));
    (0..TRIES).map(|_| difference(&rendered, &live())).try_fold(None, |_, found| found.map(Some)).flatten()
}

/// Runs an ignored test of this file in a process of its own and waits for it.
pub fn in_a_process_of_its_own(test: &str, environment: &[(&str, &str)]) -> Output {
    let this = std::env::current_exe().expect("a test knows its own file");
    let mut child = Command::new(this);
    child.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    child.envs(environment.iter().copied()).output().expect("the test file can be started once more")
}

/// The same; it must pass.
pub fn passes_in_a_process_of_its_own(test: &str) {
    let output = in_a_process_of_its_own(test, &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test}: {}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Bytes of this process that are in memory.
pub fn resident() -> usize {
    memory_stats::memory_stats().expect("the system reports the size of a process").physical_mem
}
