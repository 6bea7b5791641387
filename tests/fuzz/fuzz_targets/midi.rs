//! MIDI files, read in every way: melody, one part or all, in beats or seconds, with pedal and chords.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_corpus::midi::{MidiOptions, TickUnit, Voices, parse_pieces};

fuzz_target!(|bytes: &[u8]| {
    for voices in [Voices::Melody, Voices::All, Voices::Chosen { track: Some(1), channel: None }] {
        for (clock, pedal) in [(TickUnit::Beats, true), (TickUnit::Seconds, false)] {
            let options = MidiOptions { voices, clock, pedal, chords: true };
            for piece in parse_pieces(bytes, "fuzz.mid", options).unwrap_or_default() {
                assert!(piece.tune.notes.is_sorted(), "notes are in order");
                assert!(piece.tune.notes.iter().all(|note| note.duration.0 > 0), "a note has a length");
            }
        }
    }
});
