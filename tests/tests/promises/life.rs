//! Opening and closing: nothing is leaked.

use crate::support::{instance, passes_in_a_process_of_its_own, score, sound, steady};
use segue_tests::blocks::Blocks;
use segue_tests::foreign::allocated;
use segue_tests::score::Score;
use segue_tests::session::Session;
use std::time::Duration;

#[test]
fn no_thread_is_left_and_none_of_a_thread_pool_is_started() {
    passes_in_a_process_of_its_own("life::threads_of_one_jam");
}

#[test]
fn a_hundred_instances_leave_no_thread_and_no_memory_behind() {
    passes_in_a_process_of_its_own("life::a_hundred_instances");
}

#[test]
fn an_idle_instance_never_wakes_its_mind() {
    passes_in_a_process_of_its_own("life::an_idle_instance");
}

/// The name of the worker thread.
const WORKER: &str = "segue worker";
/// The thread that the plugin framework keeps for background tasks.
const FRAMEWORK: &str = "bg-worker";

/// The names of all threads of this process.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists the threads of a process");
    let mut names: Vec<String> = tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect();
    names.sort();
    names
}

/// The kernel needs a moment to remove a joined thread.
fn threads_become(wanted: &[String]) -> bool {
    const TRIES: u32 = 100;
    (0..TRIES).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        threads() == wanted
    })
}

#[test]
#[ignore = "runs in a process of its own, because it counts threads"]
fn threads_of_one_jam() {
    let before = threads();
    let score = score(steady(48_000.0), 3);
    let mut instance = instance(&[]);
    for session in [Session::render(Blocks::Of(256)), Session::live(Blocks::Of(256))] {
        session.play(&mut instance, &score).expect("it plays");
    }
    let mut during = threads();
    for name in before.iter().chain([WORKER, FRAMEWORK].map(str::to_owned).iter()) {
        if let Some(index) = during.iter().position(|thread| thread == name) {
            during.remove(index);
        }
    }
    assert!(during.is_empty(), "besides its own two an instance has started {during:?}");
    drop(instance);
    assert!(threads_become(&before), "before {before:?}, after {:?}", threads());
}

#[test]
#[ignore = "runs in a process of its own, because it counts how often a thread wakes"]
fn an_idle_instance() {
    const RATE: u32 = 48_000;
    const BLOCK: u32 = 64;
    let mut instance = instance(&[]);
    instance.activate(f64::from(RATE), BLOCK).expect("it can be activated");
    let session = Session::live(Blocks::Of(BLOCK));
    let silence = Score::silence(steady(f64::from(RATE)), u64::from(RATE) / 2);
    let mut wakes_during = |score: &Score| {
        let before = wakes();
        session.play_active(&mut instance, score).expect("it plays");
        wakes() - before
    };
    // The thread gets its name; in the first block the worker receives the style and reads its weights.
    let settle = || std::thread::sleep(Duration::from_secs(1));
    settle();
    wakes_during(&silence);
    settle();
    assert_eq!(wakes_during(&silence), 0, "nothing was played, so there is nothing to decide");
    let mut note = silence.clone();
    note.press(62, 0, 4_800);
    assert!(wakes_during(&note) > 0, "or else this count sees nothing");
}

/// How often the worker has gone to sleep and woken.
fn wakes() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists the threads of a process");
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let worker = statuses.into_iter().find(|status| status.starts_with(&format!("Name:\t{WORKER}\n")));
    let worker = worker.expect("an active instance has a worker");
    let switches = worker.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    switches.and_then(|count| count.trim().parse().ok()).expect("Linux counts them")
}

fn open_jam_close() {
    let mut instance = instance(&[]);
    let played = Session::render(Blocks::Of(512)).play(&mut instance, &score(steady(48_000.0), 2)).expect("it plays");
    assert!(!sound(&played).is_empty());
}

#[test]
#[ignore = "runs under valgrind: cargo xtask test --leaks"]
fn instances_one_after_the_other() {
    let bundle = segue_tests::bundle::Bundle::checked();
    for _ in 0..100 {
        open_jam_close();
    }
    drop(bundle);
}

#[test]
#[ignore = "runs in a process of its own, because it measures memory"]
fn a_hundred_instances() {
    /// A leaked instance keeps its histories, queues and voices, more than 100 kB, and leaked weights far more. Of each
    /// of a hundred instances 300 bytes stay, in tables that grow ever more slowly.
    const BOUND: usize = 256 << 10;
    let bundle = segue_tests::bundle::Bundle::checked();
    // What is loaded once, and stays, is loaded first.
    for _ in 0..10 {
        open_jam_close();
    }
    let (threads_before, before) = (threads(), allocated());
    for _ in 0..100 {
        open_jam_close();
    }
    assert!(threads_become(&threads_before), "before {threads_before:?}, after {:?}", threads());
    let grown = allocated().saturating_sub(before);
    println!("{grown} bytes more");
    assert!(grown < BOUND, "{grown} bytes are left");
    drop(bundle);
}
