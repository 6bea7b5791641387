//! Books of tunes in ABC; what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_corpus::abc::parse_book;

fuzz_target!(|text: &str| {
    for (_, tune) in parse_book(text, "fuzz.abc").tunes {
        assert!(tune.notes.is_sorted(), "notes are in order");
        assert!(tune.notes.iter().all(|note| note.duration.0 > 0), "a note has a length");
    }
});
