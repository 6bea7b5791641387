//! Every order in which a writer and a reader of the engine's shared words can see each other's stores, by loom.
//!
//! A crate of its own, because loom's packages ask others for features with which half of the workspace would be built
//! a second time.
#![cfg(test)]

use loom::sync::Arc;
use loom::thread;
use shared_words::{Look, WordPage, WordRing};
use std::collections::BTreeSet;
use std::sync::Mutex;

mod atomic {
    pub use loom::sync::atomic::{AtomicU64, Ordering, fence};
}
/// The engine's own source, with loom's atomics.
#[path = "../../../plugin/engine/src/recorder/shared_words.rs"]
mod shared_words;

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
