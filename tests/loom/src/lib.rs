//! Every order in which threads can see each other's stores where they share them without a queue, by loom: the
//! recorder's words, the worker's sleep, the count of commands that are done, and what is known of a style's file.
//!
//! A crate of its own, because loom's packages ask others for features with which half of the workspace would be built
//! a second time.
#![cfg(test)]

use done_count::DoneCount;
use file_facts::{FileFacts, SharedFacts};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
use loom::thread;
use shared_words::{Look, WordPage, WordRing};
use sleep::{AfterLook, StopFlag};
use std::collections::BTreeSet;
use std::sync::Mutex;

mod atomic {
    pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}
mod sync {
    pub use loom::sync::atomic::{AtomicBool, Ordering};
    pub use loom::thread::{Thread, park};
}
// The engine's and the plugin's own sources, with loom's atomics and threads.
#[path = "../../../plugin/engine/src/link/done_count.rs"]
mod done_count;
#[path = "../../../plugin/src/styles/file_facts.rs"]
mod file_facts;
#[path = "../../../plugin/engine/src/shared_words.rs"]
mod shared_words;
#[path = "../../../plugin/engine/src/worker/sleep.rs"]
mod sleep;

/// A reader of the ring gets whole entries, in order, and misses only those that were overwritten.
#[test]
fn a_reader_of_the_ring_sees_whole_entries_in_order() {
    loom::model(|| {
        let ring = Arc::new(WordRing::<2>::new(2));
        let writer = Arc::clone(&ring);
        let thread = thread::spawn(move || {
            for number in 1..=3 {
                writer.write([number, 10 * number]);
            }
        });
        let (first, seen) = ring.since(0);
        let (second, _) = ring.since(seen);
        thread.join().unwrap();
        let (rest, end) = ring.since(seen);
        assert_eq!(end, 3);
        for entries in [&first, &second, &rest] {
            assert!(entries.iter().all(|[number, tenfold]| *number > 0 && *tenfold == 10 * number), "{entries:?}");
            assert!(entries.is_sorted(), "{entries:?}");
        }
        // Nobody writes any more, and the last two are there.
        let wanted: Vec<[u64; 2]> = (seen.max(1)..3).map(|index| [index + 1, 10 * (index + 1)]).collect();
        assert_eq!(rest, wanted);
    });
}

/// A reader of the page gets one writing, whole, or learns that it was overtaken. It is the reader that is a thread of
/// its own: loom misses orders where the writer's own load comes between another thread's load and the writer's store.
#[test]
fn a_reader_of_the_page_sees_one_writing_whole() {
    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    loom::model(|| {
        let page = Arc::new(WordPage::<2>::default());
        let read = Arc::clone(&page);
        let reader = thread::spawn(move || {
            let look = read.look();
            if let Look::Whole([number, tenfold]) = look {
                assert_eq!(tenfold, 10 * number);
            }
            look
        });
        for number in 1..=2 {
            page.write([number, 10 * number]);
        }
        SEEN.lock().unwrap().insert(format!("{:?}", reader.join().unwrap()));
        assert_eq!(page.look(), Look::Whole([2, 20]));
    });
    let all = ["Empty", "Overtaken", "Whole([1, 10])", "Whole([2, 20])"];
    assert!(SEEN.lock().unwrap().iter().eq(all), "or else not every order was tried");
}

/// A worker handles every command that it is woken for, whenever the wake-up comes. If one could be lost, it would
/// sleep for ever, which loom reports.
#[test]
fn a_worker_handles_what_it_is_woken_for() {
    const COMMANDS: u32 = 2;
    loom::model(|| {
        // Stands for the queue of commands, which has its own orders.
        let sent = Arc::new(AtomicU32::new(0));
        let queue = Arc::clone(&sent);
        let worker = thread::spawn(move || {
            let mut handled = 0;
            StopFlag::new().run(|| {
                if handled == COMMANDS {
                    AfterLook::End
                } else if queue.load(Relaxed) > handled {
                    handled += 1;
                    AfterLook::LookAgain
                } else {
                    AfterLook::Sleep
                }
            });
        });
        for _ in 0..COMMANDS {
            sent.fetch_add(1, Relaxed);
            worker.thread().unpark();
        }
        worker.join().unwrap();
    });
}

/// A worker that is told to end does, whether it sleeps, is about to, or is at work.
#[test]
fn a_worker_that_is_told_to_end_does() {
    loom::model(|| {
        let stop = Arc::new(StopFlag::new());
        let flag = Arc::clone(&stop);
        let mut work = [AfterLook::LookAgain].into_iter();
        let worker = thread::spawn(move || flag.run(|| work.next().unwrap_or(AfterLook::Sleep)));
        stop.set(worker.thread());
        worker.join().unwrap();
    });
}

/// When a command counts as done, the replies to it and to those before it are there.
#[test]
fn the_replies_to_done_commands_are_there() {
    loom::model(|| {
        let (replies, done) = (Arc::new(AtomicU32::new(0)), Arc::new(DoneCount::new()));
        let (queue, count) = (Arc::clone(&replies), Arc::clone(&done));
        let worker = thread::spawn(move || {
            for reply in 1..=2 {
                queue.store(reply, Relaxed);
                count.add_one();
            }
        });
        let seen = done.get();
        assert!(replies.load(Relaxed) >= seen, "{seen} commands are done");
        worker.join().unwrap();
        assert_eq!(done.get(), 2);
    });
}

/// Who asks about a style's file sees the facts of one moment, and what was written about the file before them.
#[test]
fn the_facts_of_a_file_are_of_one_moment() {
    loom::model(|| {
        let (facts, path) = (Arc::new(SharedFacts::default()), Arc::new(AtomicU32::new(0)));
        let (shared, written) = (Arc::clone(&facts), Arc::clone(&path));
        let audio = thread::spawn(move || {
            let FileFacts { is_playable, is_free_time, version } = shared.get();
            assert_eq!((is_playable, is_free_time), (version == 1, version == 1), "version {version}");
            assert!(written.load(Relaxed) >= version, "version {version} without its path");
        });
        for change in 1..=2 {
            path.store(change, Relaxed);
            facts.change(change == 1, change == 1);
        }
        audio.join().unwrap();
        facts.change(true, true);
        facts.refuse();
        assert_eq!(facts.get(), FileFacts { is_playable: false, is_free_time: true, version: 3 });
    });
}
