//! Files as other programs write them, each with its correct reading and the source for it.
//!
//! SMF: *Standard MIDI Files 1.0* (MIDI Manufacturers Association). mido: the Python library, version 1.3.

use super::tests::raw;
use super::*;
use crate::tests_support::heard;
use segue_model::note::{Metre, Ticks};

const ALL: MidiOptions = MidiOptions { voices: Voices::All, clock: TickUnit::Beats, pedal: false, chords: false };

/// Reads bytes from hexadecimal numbers; quoted text stands for its letters.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in text.split_whitespace() {
        match word.strip_prefix('"') {
            Some(letters) => bytes.extend(letters.bytes()),
            None => bytes.push(u8::from_str_radix(word, 16).unwrap()),
        }
    }
    bytes
}

/// C4 and D4, a quarter each at 480 ticks, with something between the two notes.
fn two_notes_with(between: &str) -> Vec<u8> {
    raw(480, &[&bytes(&format!("00 90 3C 50 81 70 {between} 81 70 3C 00 00 3E 50 83 60 3E 00 00 FF 2F 00"))])
}

#[test]
fn running_status_goes_on_behind_what_is_no_channel_message() {
    for (between, source) in [
        ("FF 01 02 25 2B", "a text; mido, pretty_midi, Ardour, Java and music21 go on"),
        ("F0 03 7E 7F F7", "system exclusive; the same readers"),
        ("F7 02 F3 01", "an escape (SMF, system exclusive events)"),
        ("FF 51 03 07 A1 20", "a tempo"),
        ("F1 05", "a time code quarter frame: one data byte"),
        ("F2 05 06", "a song position: two data bytes"),
        ("F3 05", "a song selection: one data byte"),
        ("F6", "a tune request: no data"),
        ("F8 00 FE 00 FA 00 FB 00 FC", "real-time messages: no data"),
        ("F9 00 FD", "real-time messages without a meaning: no data, as all of their class"),
    ] {
        let tune = parse_midi(&two_notes_with(between), "file", ALL).unwrap();
        assert_eq!(heard(&tune.notes), "C4:48 D4:48", "{between}: {source}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_track_and_byte() {
    let track = |text: &str| raw(480, &[&bytes("00 FF 2F 00"), &bytes(text)]);
    // The second track begins at byte 34.
    for (text, expected) in [
        ("00 3C 50 00 FF 2F 00", "track 2, byte 35: an event has no status byte"),
        ("00 FF 01 01 61 00 3C 50", "track 2, byte 40: an event has no status byte"),
        (
            "00 90 3C 50 60 F4 60 80 3C 00",
            "track 2, byte 39: the system message F4 has no meaning, so its length is unknown",
        ),
        ("00 90 3C D0 60 80 3C 00", "track 2, byte 37: a data byte is 208, but 127 is the highest"),
        ("00 90 3C 50 81 82 83 84 05 80 3C 00", "track 2, byte 38: a time or length has more than four bytes"),
        ("00 90 3C 50 60 80 3C", "track 2, byte 41: the track ends in the middle of an event"),
        ("00 90 3C 50 60 FF 01 7F 61 62", "track 2, byte 41: a text or message is longer than its track"),
    ] {
        let refused = parse_midi(&track(text), "a.mid", ALL).unwrap_err().to_string();
        assert_eq!(refused, format!("a.mid, {expected}. Export the file again"), "{text}");
    }
}

#[test]
fn what_stands_behind_the_end_of_a_track_is_music_or_padding() {
    let notes = |tail: &str| {
        let track = bytes(&format!("00 90 3C 50 83 60 3C 00 00 FF 2F 00 {tail}"));
        parse_midi(&raw(480, &[&track]), "file", ALL).map(|tune| heard(&tune.notes)).map_err(|refused| refused.byte)
    };
    // mido reads on to the end of the chunk.
    assert_eq!(notes("00 90 3E 50 83 60 3E 00 00 FF 2F 00").as_deref(), Ok("C4:48 D4:48"));
    assert_eq!(notes("00 00 00 00 00").as_deref(), Ok("C4:48"));
    assert_eq!(notes("FF FF FF FF").as_deref(), Ok("C4:48"));
    assert_eq!(notes("00 90 3E 50 83 60 F5"), Err(Some(40)), "not in the middle of music");
}

#[test]
fn wrappers_are_taken_off() {
    let inside = raw(480, &[&bytes("00 90 3C 50 83 60 3C 00 00 FF 2F 00")]);
    let mac_binary = [&[0, 4][..], b"tune", &[0; 122]].concat();
    for (wrapper, source) in [
        (bytes("\"RIFF 40 0 0 0 \"RMIDdata 22 0 0 0"), "RP-029: the data first"),
        (bytes("\"RIFF 40 0 0 0 \"RMIDDISP 6 0 0 0 1 0 0 0 41 0 \"data 22 0 0 0"), "a title before them"),
        (
            bytes("\"RIFF 40 0 0 0 \"RMIDLIST 5 0 0 0 \"INFO 41 0 \"data 22 0 0 0"),
            "a chunk of odd length and its padding",
        ),
        (mac_binary, "MacBinary: 128 bytes, the first of them 0"),
    ] {
        let file = [wrapper, inside.clone()].concat();
        assert_eq!(heard(&parse_midi(&file, "file", ALL).unwrap().notes), "C4:48", "{source}");
    }
}

/// All-notes-off and all-sound-off end the notes of their channel.
#[test]
fn all_notes_off_ends_the_notes_of_its_channel() {
    // MIDI 1.0, channel mode messages: controllers 120 and 123.
    for controller in ["78", "7B"] {
        let track = bytes(&format!("00 90 3C 50 00 91 3E 50 83 60 B0 {controller} 00 83 60 81 3E 00 00 FF 2F 00"));
        let notes = parse_midi(&raw(480, &[&track]), "file", ALL).unwrap().notes;
        assert_eq!(notes.iter().map(|note| note.duration).collect::<Vec<_>>(), [Ticks(48), Ticks(96)]);
    }
}

#[test]
fn titles_are_read_in_every_usual_encoding() {
    for (track, title) in [
        ("00 FF 03 0A 46 FC 72 20 45 6C 69 73 65 00", "Für Elise"),
        ("00 FF 03 04 C3 BC 20 61", "ü a"),
        ("00 FF 03 05 \"Words 00 FF 01 04 \"@TLa", "La"),
    ] {
        let track = bytes(&format!("{track} 00 90 3C 50 83 60 3C 00 00 FF 2F 00"));
        assert_eq!(parse_midi(&raw(480, &[&track]), "file", ALL).unwrap().title, title);
    }
}

/// Bars as `24 4/4`: where they are counted from, and their metre. 480 ticks of the file are a quarter.
fn check_bars(signatures: &[(u32, u8, u8)], expected: &str, source: &str) {
    let mut track = Vec::new();
    let mut now = 0;
    for (at, numerator, power) in signatures {
        let delta = at - now;
        track.extend(
            [delta >> 14 & 0x7f | 0x80, delta >> 7 & 0x7f | 0x80, delta & 0x7f].map(|byte| u8::try_from(byte).unwrap()),
        );
        track.extend([0xff, 0x58, 4, *numerator, *power, 24, 8]);
        now = *at;
    }
    track.extend(bytes("00 90 3C 50 83 60 3C 00 00 FF 2F 00"));
    let bars = parse_midi(&raw(480, &[&track]), "file", ALL).unwrap().bars;
    let text = |metre: Metre| format!("{}/{}", metre.numerator, metre.denominator);
    let found: Vec<String> = bars.iter().map(|bars| format!("{} {}", bars.line.0, text(bars.metre))).collect();
    assert_eq!(found.join(", "), expected, "{source}");
}

#[test]
fn an_upbeat_that_is_a_bar_of_its_own_is_an_upbeat() {
    check_bars(&[(0, 1, 3), (240, 4, 2)], "24 4/4", "an eighth, then 4/4, as notation programs write it");
    check_bars(&[(0, 1, 2), (480, 3, 2)], "48 3/4", "a quarter, then 3/4");
    check_bars(&[(0, 4, 2), (1920, 3, 2)], "0 4/4, 192 3/4", "a longer bar is not an upbeat");
    check_bars(&[(0, 2, 2), (1920, 4, 2)], "0 2/4, 192 4/4", "two bars are not an upbeat");
    check_bars(
        &[(0, 1, 3), (240, 4, 2), (7_920, 7, 3), (9_600, 1, 3), (9_840, 4, 2)],
        "24 4/4",
        "a bar that a repeat sign divides: 7/8 and 1/8",
    );
    check_bars(&[(0, 4, 2), (1_920, 7, 3), (3_600, 4, 2)], "0 4/4, 192 7/8, 360 4/4", "a shorter bar alone is shorter");
}

#[test]
fn a_key_signature_has_at_most_seven_sharps_or_flats() {
    let sharps = |track: &str| {
        let track = bytes(&format!("{track} 00 90 3C 50 83 60 3C 00 00 FF 2F 00"));
        parse_midi(&raw(480, &[&track]), "file", ALL).unwrap().sharps
    };
    assert_eq!(sharps("00 FF 59 02 FD 00"), Some(-3));
    assert_eq!(sharps("00 FF 59 02 02 01"), Some(2));
    assert_eq!(sharps("00 FF 59 02 00 00"), None, "programs that know no key write C");
    assert_eq!(sharps("00 FF 59 02 00 00 60 FF 59 02 01 00"), Some(0), "C, before another key");
    assert_eq!(sharps("00 FF 59 02 80 00"), None, "128 flats are none");
    assert_eq!(sharps("00 FF 59 02 08 00"), None);
    assert_eq!(sharps("00 FF 59 00"), None);
}

#[test]
fn the_tempo_is_120_until_the_file_states_another() {
    // The specification: "if no tempo events are present, 120 beats per minute".
    let tempos = |track: &str| {
        let track = bytes(&format!("{track} 00 90 3C 50 83 60 3C 00 00 FF 2F 00"));
        let tempos = parse_midi(&raw(480, &[&track]), "file", ALL).unwrap().tempos;
        tempos.iter().map(|tempo| format!("{}:{:.0}", tempo.at.0, tempo.bpm())).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(tempos(""), "");
    assert_eq!(tempos("00 FF 51 03 0F 42 40"), "0:60");
    assert_eq!(tempos("8F 00 FF 51 03 0F 42 40"), "0:120 192:60");
    assert_eq!(tempos("00 FF 51 03 0F 42 40 8F 00 FF 51 03 0F 42 40 00 FF 51 03 07 A1 20"), "0:60 192:120");
    assert_eq!(tempos("00 FF 51 03 00 00 00"), "", "a tempo of zero is ignored");
}
