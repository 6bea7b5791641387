//! Promises of the reader, as pairs of ABC text and notes.
//!
//! A note is `C4:24` (middle C for 24 ticks, an eighth), a chord `C4+E4:24`, a silence `-:24`.

use super::*;
use crate::tests_support::{heard, places};
use segue_model::chord::Chord;
use segue_model::note::Ticks;

/// Reads `abc`, in C, 4/4 and eighths unless it has its own header (which ends with `K:`).
pub(super) fn tune(abc: &str) -> Tune {
    let has_header = abc.get(1..2) == Some(":") && abc.contains("K:");
    let header = if has_header { "X:1\n" } else { "X:1\nM:4/4\nL:1/8\nK:C\n" };
    let mut book = parse_book(&format!("{header}{abc}\n"), "book");
    assert_eq!(book.refused, [], "{abc}");
    book.tunes.remove(0).1
}

pub(super) fn check(abc: &str, expected: &str) {
    assert_eq!(heard(&tune(abc).notes), expected, "{abc}");
}

/// `bars` are entries such as `24 6/8`: where bars are counted from, and their metre.
pub(super) fn check_bars(abc: &str, expected: &str) {
    let tune = tune(abc);
    let bars: Vec<_> = tune
        .bars
        .iter()
        .map(|bars| format!("{} {}/{}", bars.line.0, bars.metre.numerator, bars.metre.denominator))
        .collect();
    assert_eq!(bars.join(", "), expected, "{abc}");
}

pub(super) fn check_refused(abc: &str, line: Option<usize>, reason: &str) {
    let book = parse_book(abc, "book.abc");
    let refused = book.refused.first().unwrap_or_else(|| panic!("was read: {abc}"));
    assert_eq!((refused.line, refused.reason.as_str()), (line, reason), "{abc}");
}

/// Checks the letters only, in the order of playing.
pub(super) fn check_order(abc: &str, expected: &str) {
    let letters: String = heard(&tune(abc).notes).split(' ').filter_map(|note| note.chars().next()).collect();
    assert_eq!(letters, expected.to_uppercase(), "{abc}");
}

#[test]
fn letters_octaves_and_lengths_are_read() {
    check("C c C, c' c,", "C4:24 C5:24 C3:24 C6:24 C4:24");
    check("A2 A/2 A/ A// A3/2 A/4", "A4:48 A4:12 A4:12 A4:6 A4:36 A4:6");
    check("z2 C x C", "-:48 C4:24 -:24 C4:24");
    check("C Z C | Z2 C", "C4:24 -:192 C4:24 -:384 C4:24");
}

#[test]
fn the_unit_follows_from_the_metre_where_it_is_not_given() {
    check("M:6/8\nK:C\nC", "C4:24");
    check("M:2/4\nK:C\nC", "C4:12");
    check("M:C|\nK:C\nC", "C4:24");
    check("K:C\nC", "C4:24");
    check("K:C\nM:2/4\nC", "C4:12");
    check("M:2/4\nL:1/4\nK:C\nC", "C4:48");
}

#[test]
fn every_mode_has_its_signature() {
    let scale = "CDEFGAB";
    let sharps = "C#4:24 D4:24 E4:24 F#4:24 G4:24 A4:24 B4:24";
    for key in [
        "D",
        "Dmaj",
        "D Major",
        "D maj",
        "D ionian",
        "AMix",
        "A Mixolydian",
        "Bm",
        "B min",
        "E Dorian",
        "Edor",
        "F# phr",
        "G Lydian",
        "Glyd",
        "C# Locrian",
        "HP",
        "Hp",
        "C exp ^f ^c",
        "G ^c",
        "D treble",
    ] {
        check(&format!("K:{key}\n{scale}"), sharps);
    }
    let flats = "C4:24 D4:24 D#4:24 F4:24 G4:24 A4:24 A#4:24";
    for key in ["Bb", "Bb Major", "Gm", "G Minor", "C Dorian", "D phrygian", "F mix", "C _b_e"] {
        check(&format!("K:{key}\n{scale}"), flats);
    }
    for key in ["C", "none", "", "Am", "D dor"] {
        check(&format!("K:{key}\nFB"), "F4:24 B4:24");
    }
    check("K:C octave=-1\nC", "C3:24");
    check("K:C treble-8\nC", "C3:24");
    check("K:C transpose=2\nC", "D4:24");
}

#[test]
fn accidentals_last_through_the_bar_and_no_further() {
    check("^FF fF | F", "F#4:24 F#4:24 F#5:24 F#4:24 F4:24");
    check("K:D\n=FF ^F | F", "F4:24 F4:24 F#4:24 F#4:24");
    check("__B ^^C _B", "A4:24 D4:24 A#4:24");
    check("^F|]F", "F#4:24 F4:24");
}

#[test]
fn grace_notes_are_passed_over_and_leave_no_accidental() {
    check("{^fg}f {/a}a", "F5:24 A5:24");
    check("(3A{b}Bc", "A4:16 B4:16 C5:16");
}

#[test]
fn ties_join_notes_of_one_pitch_across_bar_lines_and_lines() {
    check("A2-A2", "A4:96");
    check("A2-|A2 A", "A4:96 A4:24");
    check("A2 -|\nA", "A4:72");
    check("A-A-A", "A4:72");
    check("^F2-|F F", "F#4:72 F4:24");
    check("[CE]-[CE]", "C4+E4:48");
    check("[C-E][CE]", "C4:48+E4:24 E4:24");
}

#[test]
fn a_tie_between_different_pitches_is_a_slur() {
    check("G3-A", "G4:72 A4:24");
    check("A-zA", "A4:24 -:24 A4:24");
}

#[test]
fn a_tie_into_a_second_ending_is_kept() {
    check("|:c A-|1 A B:|2 A c|]", "C5:24 A4:48 B4:24 C5:24 A4:48 C5:24");
}

#[test]
fn tuplets_take_the_time_that_they_say_or_that_is_usual() {
    check("(3ABc d", "A4:16 B4:16 C5:16 D5:24");
    check("(3 A/B/c/ d", "A4:8 B4:8 C5:8 D5:24");
    check("(3(A2B2c2)", "A4:32 B4:32 C5:32");
    check("(2AB", "A4:36 B4:36");
    check("(4ABcd", "A4:18 B4:18 C5:18 D5:18");
    check("M:6/8\nK:C\n(5ABcde f", "A4:14 B4:15 C5:14 D5:15 E5:14 F5:24");
    check("(3:2:2A2B c", "A4:32 B4:16 C5:24");
    check("(3::2A2B c", "A4:32 B4:16 C5:24");
    check("(5:4ABcde", "A4:19 B4:19 C5:20 D5:19 E5:19");
    check("(3zAB c", "-:16 A4:16 B4:16 C5:24");
    check("(3[CE]DE", "C4+E4:16 D4:16 E4:16");
    check("(3(3ABc d", "A4:16 B4:16 C5:16 D5:24");
}

#[test]
fn positions_that_are_no_whole_ticks_do_not_drift() {
    let sevenths = "(7:4ABcdefg".repeat(30);
    let last = tune(&format!("{sevenths}|C")).notes.pop().unwrap();
    assert_eq!(last.onset, Ticks(30 * 96));
}

#[test]
fn broken_rhythm_gives_one_note_what_it_takes_from_the_other() {
    check("A>B c<d", "A4:36 B4:12 C5:12 D5:36");
    check("A>>B c<<<d", "A4:42 B4:6 C5:3 D5:45");
    check("A > B", "A4:36 B4:12");
    check("A>{d}B g<-ag", "A4:36 B4:12 G5:12 A5:36 G5:24");
    check("[CE]>z C", "C4+E4:36 -:12 C4:24");
    check("A2>B2 (3A>Bc", "A4:72 B4:24 A4:24 B4:8 C5:16");
    check(">A", "A4:24");
}

#[test]
fn chords_have_lengths_inside_and_outside() {
    check("[CEG]2 C", "C4+E4+G4:48 C4:24");
    check("[C2E2]/ C", "C4+E4:24 C4:24");
    check("[\"Am\"Ac-]c", "A4:24+C5:48");
    check("+ce+ +trill+d", "C5+E5:24 D5:24");
    check("[CC]C", "C4:24 C4:24");
}

#[test]
fn repeats_are_played_out() {
    check_order("|:AB:|cd", "ABABcd");
    check_order("|:A:||:B:|", "AABB");
    check_order("|:A::B:|", "AABB");
    check_order("|:A:|:B:|", "AABB");
    check_order("|:A:||B|]", "AAB");
    check_order("|:A|||:B:|", "ABB");
    check_order("A|:||:B:|", "ABB");
    check_order("A|B |:|c", "ABABc");
    check_order("|::A::|B", "AAAB");
}

/// A repeat without a beginning goes back to the start of its section.
#[test]
fn a_repeat_without_a_beginning_repeats_its_section() {
    check_order("AB:|cd:|", "ABABcdcd");
    check_order("M:1/8\nL:1/8\nK:C\nA||B:|c", "ABBc");
    check_order("M:1/8\nL:1/8\nK:C\nA|]B:|c", "ABBc");
    check_order("A|B:|c", "ABABc");
    check_order("|:A||B:|c", "ABABc");
    check_order("M:1/8\nL:1/8\nK:C\nP:A\nA|\nP:B\nB:|", "ABB");
    // The double line stands between an upbeat and its bar, and does not part them.
    check_order("M:2/8\nL:1/8\nK:C\nA||Bc|d:|e||fg|a:|", "ABcdABcdefgaefga");
}

#[test]
fn endings_are_played_at_their_passes() {
    check_order("|:A|1B:|2c|]d", "ABAcd");
    check_order("|:A[1B:|[2c|]d", "ABAcd");
    check_order("|:A|1 B :|2 c :|d", "ABAcd");
    check_order("M:1/8\nL:1/8\nK:C\nA|[1B:|[2c||d:|", "ABAcdd");
    check_order("|:A[1,3B:|[2c:|d", "ABAcABd");
    check_order("|:A[1-3B:|[4c|]", "ABABABAc");
    check_order("|:A|1B:|c", "ABAc");
    check_order("|:A|1B|2c||d", "ABAcd");
    check_order("|:A|1B:|\n|2c|:d:|", "ABAcdd");
}

#[test]
fn parts_are_played_in_their_order() {
    check_order("P:ABA\nM:4/4\nL:1/8\nK:C\nP:A\nAB|\nP:B\ncd|", "ABcdAB");
    check_order("P:A2(BA)2\nK:C\n[P:A]A|[P:B]B|", "AABABA");
    check_order("Y:AAB\nK:C\nc|\nP:A\nA:|\nP:B\nB|", "cAAAAB");
    check_order("Y:BA\nP:A\nK:C\nA|\nP:B\nB|", "BA");
    check_order("P:AB\nK:C\nAB", "AB");
}

#[test]
fn fields_change_the_music_in_mid_tune() {
    check("F[K:D]F", "F4:24 F#4:24");
    check("F|\nK:G\nF|\nL:1/16\nF", "F4:24 F#4:24 F#4:12");
    check("C[L:1/4]C", "C4:24 C4:48");
    check("C[r:a remark]C", "C4:24 C4:24");
}

#[test]
fn metres_written_into_the_music_without_brackets_are_read() {
    check_bars("ABcd ABcd|\nM:3/4 ABcdef| M:4/4 ABcd ABcd|!", "0 4/4, 192 3/4, 336 4/4");
    check("M:3/4 AB| M:4/4 c", "A4:24 B4:24 C5:24");
}

#[test]
fn marks_that_do_not_sound_are_passed_over() {
    let plain = "A4:24 B4:24 C5:24 D5:24";
    for abc in [
        "!trill!A +accent+B .c ~d",
        "HALB McPd",
        "TAuBvcSd",
        "(AB)(cd)",
        "A\"^slowly\"B\"_x\"c\"Fine\"d",
        "AB\\\ncd",
        "AB!\ncd!",
        "AB % cd\ncd",
        "AB\nw:la la\nW:verse\ncd",
        "AB\n%%midi program 3\nI:x\nm:~=a\nQ:1/4=90\ncd",
        "AB & CD | cd",
        "A`B`cd",
        "A y2 B|] c*d",
        "AB[|]cd",
    ] {
        check(abc, plain);
    }
}

#[test]
fn the_first_voice_is_kept() {
    check("V:1\nAB\nV:2\nCD\nV:1\ncd", "A4:24 B4:24 C5:24 D5:24");
    check("[V:S]AB[V:T]CD[V:S]cd", "A4:24 B4:24 C5:24 D5:24");
    check("A\nV:2\nC", "A4:24");
}

#[test]
fn chord_symbols_are_kept_with_their_onsets_and_played_out() {
    let chords = |abc: &str| {
        let chords = tune(abc).chords;
        let text = |chord: Option<Chord>| chord.map_or_else(|| "none".to_owned(), |chord| chord.to_string());
        chords.iter().map(|(at, chord)| format!("{}:{}", at.0, text(*chord))).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(chords("\"Dm7\"A2 \"G7/B\"B2|\"C\"c"), "0:Dm7 48:G7/B 96:C");
    assert_eq!(chords("|:\"F#m\"A:|"), "0:F#m");
    assert_eq!(chords("\"^up\"A\"D.C.\"B\"Bridge\"c\"N.C.\"d\"(Bb)\"e"), "96:Bb");
    assert_eq!(chords("\"A\"A\"N.C.\"B\"d\"c\"D/f+\"d"), "0:A 24:none 72:D/F#");
}

#[test]
fn bars_are_counted_from_the_first_full_bar() {
    check_bars("ABcd ABcd|ABcd ABcd|", "0 4/4");
    check_bars("A|ABcd ABcd|ABcd ABcd|", "24 4/4");
    check_bars("M:6/8\nK:C\nA|ABc def|ABc def|", "24 6/8");
    check_bars("M:none\nK:C\nA|ABcd|", "");
    check_bars("K:C\nA|ABcd|", "");
}

#[test]
fn a_pickup_at_a_repeat_makes_no_new_bars() {
    let jig = "M:6/8\nK:C\nA|ABc def|ABc de:|\nc|def def|def de:|";
    check_bars(jig, "24 6/8");
    let places = places(&tune(jig));
    assert_eq!(places[..8], [120, 0, 24, 48, 72, 96, 120, 0]);
    assert_eq!(places.iter().filter(|place| **place == 120).count(), 8, "four pickups, four last quavers");
}

#[test]
fn bar_lines_that_fall_elsewhere_are_followed() {
    check_bars("ABcd ABcd|ABcd|ABcd ABcd|ABcd ABcd|", "0 4/4, 288 4/4");
    check_bars("ABcd ABcd|[M:3/4]ABcdef|ABcdef|M:4/4\nABcd ABcd|", "0 4/4, 192 3/4, 480 4/4");
    // At the repeat, the first metre applies again.
    check_bars("|:ABcd ABcd|[M:2/4]ABcd:|", "0 4/4, 192 2/4, 288 4/4, 480 2/4");
}

#[test]
fn a_bad_tune_is_refused_with_its_place_and_the_book_is_read_on() {
    let book = parse_book("preface\n\nX:3\nT:Good\nK:C\nABc|\n\nX:7\nT:Bad\nK:C\nA[Bc|\n\nX:8\nK:D\nf|\n", "book.abc");
    let read: Vec<_> =
        book.tunes.iter().map(|(number, tune)| (*number, tune.title.as_str(), tune.notes.len())).collect();
    assert_eq!(read, [(Some(3), "Good", 3), (Some(8), "", 1)]);
    assert_eq!(book.refused[0].to_string(), "book.abc, tune 7, line 11: a chord is never closed");
}

#[test]
fn music_that_would_come_out_wrong_is_refused() {
    check_refused("X:1\nK:C\nA[Bc", Some(3), "a chord is never closed");
    check_refused("X:1\nK:C\nA(3", None, "a tuplet has no notes");
    check_refused("X:1\nK:C\nA(3(2AB", Some(3), "a tuplet has no notes");
    check_refused("X:1\nK:C\n(99999:AB", Some(3), "the number 99999 is too large");
    check_refused("X:1\nK:C\n(65AB", Some(3), "a tuplet has 65 notes (1 to 64 are possible)");
    check_refused("X:1\nK:C\nA99999999999", Some(3), "the number 99999999999 is too large");
    check_refused("X:1\nK:C\nA9999", Some(3), "a note is longer than 32 whole notes");
    check_refused("X:1\nK:C\nA/////////////", Some(3), "a note is divided too often");
    check_refused("X:1\nK:C\nA/0", Some(3), "a note is divided too often");
    check_refused("X:1\nK:C\nZ999", Some(3), "a rest is longer than 200 bars");
    check_refused("X:1\nK:C\nA,,,,,,,", Some(3), "a note lies outside the keyboard");
    check_refused("X:1\nK:C\nA''''''''''''''", Some(3), "a note lies outside the keyboard");
    check_refused("X:1\nK:C\nA>>>>B", Some(3), "a broken rhythm has 4 signs");
    check_refused("X:1\nK:C\nA{gfa", Some(3), "grace notes are never closed");
    check_refused("X:1\nK:C\nA[K:D", Some(3), "a field in brackets is never closed");
    check_refused("X:1\nK:C\nA[99B", Some(3), "an ending for pass 99 (1 to 16 are possible)");
    check_refused("X:1\nK:C\nzzz", Some(1), "it has no notes");
    check_refused(
        "X:1\nT:Words only",
        Some(1),
        "it has no key; write K:C, or the key that it is in, after its other fields",
    );
    check_refused("X:1\nK:Bn\nA", Some(2), "“Bn” is not a key: the mode “n” is unknown");
    check_refused("X:1\nM:4/0\nK:C\nA", Some(2), "“4/0” is not a metre");
    check_refused("X:1\nL:1/0\nK:C\nA", Some(2), "“1/0” is not a unit length");
    check_refused("X:1\nP:AB\nK:C\nP:A\nA", Some(2), "there is no part B");
    check_refused("X:1\nP:((((((((((A\nK:C\nA", Some(2), "the part order is nested too deep");
    check_refused("X:1\nP:(((A9)9)9)9\nK:C\nA", Some(2), "the part order is longer than 256 parts");
}

#[test]
fn files_that_are_not_utf8_are_read_as_latin_1() {
    let path = std::env::temp_dir().join(format!("segue-latin-1-{}.abc", std::process::id()));
    std::fs::write(&path, b"X:1\nT:Caf\xe9\nK:C\nABc|\n").unwrap();
    let book = read_book(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(book.unwrap().tunes[0].1.title, "Café");
}

#[test]
fn a_file_without_a_tune_is_refused_in_one_sentence() {
    let missing = read_book(Path::new("/nowhere/tunes.abc")).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/tunes.abc: cannot be read ("), "{missing}");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(
        read_book(&here)
            .unwrap_err()
            .to_string()
            .ends_with("Cargo.toml: it has no tune: no line begins with X: (its number) or K: (its key)")
    );
}

/// A single tune needs no number, and free text between tunes is skipped.
#[test]
fn a_single_tune_needs_no_number() {
    let book = parse_book("T:Alone\nK:C\nABc\n\nABC is fun: [\n", "book");
    assert_eq!((book.tunes.len(), book.tunes[0].0, book.tunes[0].1.notes.len()), (1, None, 3));
    assert_eq!(parse_book("just a letter\nto a friend", "letter"), Book::default());
    assert_eq!(parse_book("", "nothing"), Book::default());
}

pub(super) const ONEILLS: &str = include_str!("../../../../tests/tunes/oneills.abc");

#[test]
fn whole_tunes_of_the_old_book_are_read() {
    let book = parse_book(ONEILLS, "oneills.abc");
    assert_eq!(book.refused, []);
    let read: Vec<_> = book
        .tunes
        .iter()
        .map(|(number, tune)| (number.unwrap(), tune.title.as_str(), tune.notes.len(), tune.bars.len()))
        .collect();
    assert_eq!(
        read,
        [
            (55, "THANKSGIVING", 97, 1),
            (946, "The Blooming Meadows. 1st Setting.", 170, 1),
            (1348, "The Woman of the House", 178, 1),
        ]
    );
    let air = heard(&book.tunes[0].1.notes[..15]);
    assert_eq!(air, "G5:36 F#5:12 E5:24 D5:24 B4:24 A4:24 G4:12 E4:36 D4:24 E4:24 G4:48 G4:36 A4:12 G4:48 G4:24");
    let places_of_jig = places(&book.tunes[1].1);
    assert_eq!(places_of_jig[..5], [120, 132, 0, 48, 72]);
}

/// Pseudo-random numbers, the same on every run.
pub(super) struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound.max(1)
    }
}
