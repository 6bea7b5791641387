//! Tables of solos: that of the notes, a line with `--`, and that of the beats.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_corpus::solos::parse_solo;

fuzz_target!(|bytes: &[u8]| {
    const BETWEEN: &[u8] = b"\n--\n";
    let Some(at) = bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN) else { return };
    let (notes, beats) = (&bytes[..=at], &bytes[at + BETWEEN.len()..]);
    if let Ok(tune) = parse_solo(notes, "notes.tsv", beats, "beats.tsv") {
        assert!(tune.notes.windows(2).all(|pair| pair[0].onset < pair[1].onset), "notes are in order");
        assert!(tune.notes.iter().all(|note| note.duration.0 > 0), "a note has a length");
    }
});
