//! Tunes as people write them, each with its correct reading and the source for it.
//!
//! "Both" means that abc2midi 4.84 and abcjs 6 agree. Section numbers are those of *The abc music standard 2.1*.

use super::tests::{check, check_bars, check_order, check_refused, tune};
use super::*;
use crate::tests_support::heard;
use segue_model::chord::Chord;

/// Each row: the tune, its correct reading, and the source.
fn check_all(rows: &[(&str, &str, &str)]) {
    for (abc, expected, source) in rows {
        assert_eq!(heard(&tune(abc).notes), *expected, "{abc}\n{source}");
    }
}

#[test]
fn what_is_no_note_within_a_chord_is_passed_over() {
    const RIGHT: &str = "C4+E4:96 G4:96";
    check_all(&[
        ("[!slide!CE]4 G4|", RIGHT, "both"),
        ("[+slide+CE]4 G4|", RIGHT, "both"),
        ("[C!f!E]4 G4|", RIGHT, "both"),
        ("[!accent!C!fermata!E]4 G4|", RIGHT, "4.14, 4.20: decorations come before their note"),
        ("[{ga}CE]4 G4|", RIGHT, "grace notes within a chord"),
        ("[vC(E)]4 G4|", RIGHT, "ornaments and slurs"),
        ("[C\"^edge\"E]4 G4|", RIGHT, "annotations"),
    ]);
}

#[test]
fn a_chord_lasts_as_long_as_its_first_note() {
    check_all(&[
        ("[e C4]d c2|", "C4:96+E5:24 D5:24 C5:48", "4.17; both: d at 24"),
        ("[C4 e]d c2|", "C4:96+E5:24 -:72 D5:24 C5:48", "4.17; both: d at 96"),
        ("[e2C4]2d|", "C4:192+E5:96 D5:24", "the length after the chord multiplies"),
        ("(3[eC2]dc|", "C4:32+E5:16 D5:16 C5:16", "in a triplet"),
    ]);
}

#[test]
fn text_blocks_are_no_music() {
    const RIGHT: &str = "C4:96 D4:96 E4:96 F4:96";
    for kind in ["text", "ps", "svg", "ml"] {
        let abc = format!("C4 D4|\n%%begin{kind}\nBe Gentle and feed cabbage\n\nG8|\n%%end{kind}\nE4 F4|");
        check(&abc, RIGHT);
    }
    check("C4 D4|\n%%begintext align\nA\n%% endtext\nE4 F4|", RIGHT);
    let preface = "%%begintext\nX:9\n%%endtext\nX:1\nK:C\nC|\n";
    assert_eq!(parse_book(preface, "book").tunes.len(), 1);
    let reason = "the text that %%begintext begins never ends; write %%endtext after it";
    check_refused("X:1\nK:C\nC|\n%%begintext\nA\n", Some(4), reason);
}

#[test]
fn a_label_of_a_part_moves_no_repeat() {
    for (abc, expected, source) in [
        ("|:AB|\nP:x\ncd:|", "ABcdABcd", "both"),
        ("|:AB|\nP:B\ncd:|", "ABcdABcd", "both: a letter within an open repeat"),
        ("|:AB|\nP:3\ncd:|e", "ABcdABcde", "Nottingham writes 3 over triplets"),
        ("M:3/4\nL:1/8\nK:C\nG2|\\\nP:A\nc4d2|e4:|", "GcdeGcde", "both: the upbeat is repeated"),
        ("M:3/4\nL:1/8\nK:C\nG2|\nP:A\nc4d2|e4:|\nf2|\nP:B\ng4a2|b4:|", "GcdeGcdefgabfgab", "at each part"),
        ("P:A\nABcdefga|\nP:B\nb8:|", "ABcdefgabb", "a whole part is none"),
    ] {
        let letters: String = heard(&tune(abc).notes).split(' ').filter_map(|note| note.chars().next()).collect();
        assert_eq!(letters, expected.to_uppercase(), "{abc}\n{source}");
    }
}

#[test]
fn no_music_is_lost_between_the_parts() {
    check_order("P:AB\nM:4/4\nL:1/8\nK:C\nP:A\nAB|\nP:segno\ncd|\nP:B\ne|", "ABcde");
    check_order("P:AB\nK:C\nP:A\nA|\nP:Bridge\nc|\nP:B\ne|", "Ace");
    check_order("P:AB\nK:C\nP:A\nA|\nP:C\nc|\nP:B\ne|", "Ace");
    check_order("P:ABA\nK:C\nP:A\nA|\nP:B\nB|\nP:A\nc|", "ABc");
    check_order("P:AABA last time\nK:C\nP:A\nA|\nP:B\nB|", "AABA");
    check_order("P:A.B.A (fade out)\nK:C\nP:A\nA|\nP:B\nB|", "ABA");
    check_order("P:aab\nK:C\nP:a\nA|\nP:b\nB|", "AAB");
    check_order("P:BA\nK:C\nP:Part A\nA|\nP:B.\nB|", "BA");
    // Part labels belong to the tune, whichever voice is being written.
    check_order("P:AB\nK:C\nP:A\n[V:1]C|\n[V:2]E|\nP:B\n[V:1]D|", "CD");
    check_order("P:BA\nK:C\nV:1\nP:A\nC|\nP:B\nD|\nV:2\nP:A\nE|\nP:B\nF|", "DC");
}

#[test]
fn a_voice_may_sound_in_another_octave_or_key() {
    for (abc, expected) in [
        ("V:1 octave=-1\nC", "C3:24"),
        ("V:T clef=treble-8\nC", "C3:24"),
        ("V:T treble+8\nC", "C5:24"),
        ("V:B transpose=-12\nC", "C3:24"),
        ("V:1 name=\"octave=1\" octave=-1 clef=bass\nC", "C3:24"),
        ("V:1 clef=bass\nC", "C4:24"),
        ("K:C octave=-1\nV:1 octave=-1\nC", "C2:24"),
        ("V:1 octave=-1\nC\nV:2\nE\nV:1\nD", "C3:24 D3:24"),
        ("[V:1 octave=1]C", "C5:24"),
        ("%%MIDI transpose -12\nC", "C3:24"),
        ("C\n%%MIDI transpose -12\nC", "C4:24 C3:24"),
        ("I:MIDI transpose 2\nC", "D4:24"),
        ("[I:MIDI=transpose -12]C", "C3:24"),
    ] {
        check(abc, expected);
    }
    // In the header, for one voice and for the whole tune. 4.6; both.
    check("V:1 octave=-1\nK:C\n[V:1]C", "C3:24");
    check("V:1 octave=-1\nK:C\nC", "C3:24");
    check("%%MIDI transpose -12\nK:C\nC", "C3:24");
}

#[test]
fn what_the_header_of_a_book_says_holds_for_its_tunes() {
    let tune = |header: &str, tune: &str| {
        let mut book = parse_book(&format!("{header}\n\n{tune}"), "book");
        assert_eq!(book.refused, []);
        let tune = book.tunes.remove(0).1;
        (heard(&tune.notes), tune.bars.len())
    };
    // 2.2.2; both.
    let header = "%abc-2.1\nM:4/4\nL:1/4";
    assert_eq!(tune(header, "X:1\nK:C\nCDEF|"), ("C4:48 D4:48 E4:48 F4:48".to_owned(), 1));
    assert_eq!(tune(header, "X:1\nL:1/8\nK:C\nC"), ("C4:24".to_owned(), 1), "a tune may say otherwise");
    assert_eq!(tune("%%MIDI transpose 12\nL:1/4", "X:1\nK:C\nC"), ("C5:48".to_owned(), 0));
    assert_eq!(
        tune("A letter to a friend.\nL:1/4", "X:1\nK:C\nC"),
        ("C4:24".to_owned(), 0),
        "free text is not a header"
    );
}

#[test]
fn numbers_of_tunes_are_read_with_what_follows_them() {
    let numbers = |text: &str| parse_book(text, "book").tunes.iter().map(|(number, _)| *number).collect::<Vec<_>>();
    assert_eq!(
        numbers("X:1   % tune no 1\nK:C\nC\n\nX: 2\nK:C\nC\n\nX:3b\nK:C\nC\n\nX:\nK:C\nC"),
        [Some(1), Some(2), Some(3), None]
    );
    let refused = parse_book("X:4 % a comment\nK:C\n[CE", "book").refused;
    assert_eq!(refused[0].to_string(), "book, tune 4, line 3: a chord is never closed");
}

#[test]
fn tempos_are_heard() {
    for (field, bpm, source) in [
        ("Q:1/4=180", "0:180", "3.1.8"),
        ("Q:3/8=80", "0:120", "a dotted quarter"),
        ("Q:1/2=60", "0:120", "3.1.8"),
        ("Q:1/4 3/8 1/4 3/8=40", "0:200", "3.1.8: up to four beats"),
        ("Q:\"Allegro\" 1/4=90", "0:90", "3.1.8"),
        ("Q:3/8=50 \"Slowly\"", "0:75", "3.1.8"),
        ("Q:\"Andante\"", "", "words alone are no tempo"),
        ("Q:C=100", "0:50", "10.1: so many units, which are eighths here"),
        ("Q:C3=40", "0:60", "10.1"),
        ("Q:120", "0:60", "10.1"),
        ("Q:fast", "", "no tempo"),
        ("", "", "none is stated"),
    ] {
        let tempos = tune(&format!("M:4/4\nL:1/8\n{field}\nK:C\nC8|")).tempos;
        let text: Vec<String> = tempos.iter().map(|tempo| format!("{}:{:.0}", tempo.at.0, tempo.bpm())).collect();
        assert_eq!(text.join(" "), bpm, "{field}: {source}");
    }
    let tempos = tune("Q:1/4=90\nL:1/8\nK:C\nC8|[Q:1/4=60]|:D8|\nQ:1/4=120\nE8:|").tempos;
    let found: Vec<(i64, f64)> = tempos.iter().map(|tempo| (tempo.at.0, tempo.bpm().round())).collect();
    assert_eq!(found, [(0, 90.0), (192, 60.0), (384, 120.0)], "as played: 60 is not stated again");
    let book = parse_book("X:1\nQ:fast\nK:C\nC|", "book");
    assert_eq!(book.skipped[0].reason, "“fast” is not a tempo; write Q:1/4=120");
}

#[test]
fn the_first_voice_that_has_notes_is_kept() {
    check("V:1\nz8|\nV:2\nC8|", "C4:192");
    check("V:1\nz8|\nV:2\nC8|\nV:1\nD8|", "-:192 D4:192");
    check("V:1\nV:2\n[V:1]C[V:2]E", "C4:24");
    check("[V:1]z8|[V:2]C8|", "C4:192");
    // An error in a voice that is not used does no harm; an error in a voice before the used one is reported.
    check("V:1\nC|\nV:2\n[CE|", "C4:24");
    check_refused("X:1\nK:C\nV:1\n[CE|\nV:2\nC|", Some(4), "a chord is never closed");
}

#[test]
fn another_voice_is_read_where_the_first_is_no_melody() {
    const TUNE: &str = "C4:24 D4:24 E4:24 F4:24 G4:24 A4:24 B4:24 C5:24";
    const NOTES: &str = "CDEF GABc|";
    for (first, second, why) in [
        ("V:1\nC,,D,,E,,F,, G,,A,,B,,C,|", "V:2", "a bass"),
        ("V:1\n[CEG]2[CEG]2 [DFA]2[DFA]2|", "V:2", "chords"),
        ("V:1 nm=\"Accomp.\"\nEGEG EGEG|", "V:2", "its name"),
        ("V:1\nEGEG EGEG|", "V:2 name=\"Melody\"", "the other one's name"),
        ("[V:1]EGEG EGEG|", "V:2\nw:la la la la la la la la", "words"),
    ] {
        check(&format!("{first}\n{second}\n{NOTES}"), TUNE);
        let declared = format!("X:1\nV:1\nV:2\nL:1/8\nK:C\n{first}\n{second}\n{NOTES}\n");
        let book = parse_book(&declared, "book");
        assert_eq!(book.tunes[0].1.notes.len(), 8, "{why}");
        let said = &book.skipped.last().unwrap().reason;
        assert_eq!(said, "of its 2 voices the one that is most like a melody is read, V:2", "{why}");
    }
    // A second voice that is higher, that has words too, that has chords.
    check(&format!("V:1\n{NOTES}\nV:2\nc'd'e'f' g'a'b'c''|"), TUNE);
    check(&format!("V:1\n{NOTES}\nw:la la la la la la la la\nV:2\nc8|\nw:la"), TUNE);
    check(&format!("V:1\n{NOTES}\nV:2\n[ceg]8|"), TUNE);
}

#[test]
fn books_of_every_encoding_and_line_end_are_read() {
    const BOOK: &str = "X:1\nT:Café\nK:C\nABc|\n\nX:2\nK:C\nde|\n";
    let utf16 = |mark: [u8; 2], order: fn(u16) -> [u8; 2]| {
        let units = BOOK.encode_utf16().flat_map(order);
        mark.into_iter().chain(units).collect::<Vec<u8>>()
    };
    let indented: String = BOOK.lines().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat();
    for (bytes, what) in [
        (BOOK.replace('\n', "\r").into_bytes(), "CR alone: old Macintosh"),
        (BOOK.replace('\n', "\r\n").into_bytes(), "CR LF"),
        (BOOK.replace('\n', "\r\r\n").into_bytes(), "CR CR LF"),
        ([b"\xef\xbb\xbf", BOOK.as_bytes()].concat(), "UTF-8 with its mark"),
        (utf16([0xff, 0xfe], u16::to_le_bytes), "Windows Notepad's Unicode"),
        (utf16([0xfe, 0xff], u16::to_be_bytes), "UTF-16, big end first"),
        (indented.into_bytes(), "lines that begin with blanks"),
    ] {
        let folder = crate::tests_support::Folder::new("encoding").with("a.abc", bytes);
        let book = read_book(&folder.path().join("a.abc")).unwrap();
        let read: Vec<_> = book.tunes.iter().map(|(number, tune)| (number.unwrap(), tune.notes.len())).collect();
        assert_eq!((read.as_slice(), book.tunes[0].1.title.as_str()), ([(1, 3), (2, 2)].as_slice(), "Café"), "{what}");
    }
}

#[test]
fn decorations_and_chords_of_old_are_read() {
    check_all(&[
        ("!D.C. al Fine!C4", "C4:96", "both skip it"),
        ("!To Coda!C4", "C4:96", "a direction in words"),
        ("!dal segno!C4", "C4:96", "a direction in words"),
        ("C2!D2 E2!F2", "C4:48 D4:48 E4:48 F4:48", "breaks of the line, between which is music"),
        ("C!uD vE!F", "C4:24 D4:24 E4:24 F4:24", "the same, with ornaments"),
        ("+C2 E2+G2", "C4+E4:48 G4:48", "Nottingham: blanks in a chord of ABC 1.6"),
        ("+C2E2+G2", "C4+E4:48 G4:48", "without blanks"),
        ("+ C E G +c", "C4+E4+G4:24 C5:24", "more blanks"),
        ("+f+C +fermata+D", "C4:24 D4:24", "decorations of ABC 2.0"),
    ]);
}

#[test]
fn endings_may_be_named_in_words() {
    check_order("|:A|[\"first time\"B:|[\"last time\"c|]", "ABAc");
    check_order("|:A[\"1st\" B:|[\"2nd\" c|]d", "ABAcd");
    check_order("|:A[1,2B:|[\"last time\"c|]", "ABABAc");
    check_order("|:A:|[\"last time\"c|]", "AAc");
    check_order("A|[\"last time\"B|]", "AB");
    check_order("|:A[\"1.\"[Bd]:|[\"2.\"c|]", "ABAc");
    check("[\"Am\"Ac]2B", "A4+C5:48 B4:24");
}

#[test]
fn metres_may_be_sums_or_one_number() {
    for (metre, expected) in [
        ("3/8+2/8+3/8", "0 8/8"),
        ("2/4+3/8", "0 7/8"),
        ("(2+3+2)/8", "0 7/8"),
        ("2+3/8", "0 5/8"),
        ("2+2+3/16", "0 7/16"),
        ("3", "0 3/4"),
        ("2", "0 2/2"),
        ("C|", "0 2/2"),
    ] {
        check_bars(&format!("M:{metre}\nL:1/8\nK:C\nC"), expected);
    }
    for metre in ["5", "3/5", "3+", "3/8+2", "+", "300/4", "64/4+64/4"] {
        check_refused(&format!("X:1\nM:{metre}\nK:C\nC"), Some(2), &format!("“{metre}” is not a metre"));
    }
}

#[test]
fn keys_may_have_accidentals_right_behind_their_mode() {
    for (key, expected) in [
        ("Dm^c", "C#4:24 F4:24 A#4:24"),
        ("Dm ^c", "C#4:24 F4:24 A#4:24"),
        ("C♯m", "C#4:24 F#4:24 B4:24"),
        ("B♭", "C4:24 F4:24 A#4:24"),
        ("Ador^g", "C4:24 F#4:24 B4:24"),
        ("G_b", "C4:24 F#4:24 A#4:24"),
        ("D=c", "C4:24 F#4:24 B4:24"),
        ("Gm clef=bass", "C4:24 F4:24 A#4:24"),
        ("Am octave=1", "C5:24 F5:24 B5:24"),
    ] {
        check(&format!("K:{key}\nCFB"), expected);
    }
    check("K:Ador^g\nG", "G#4:24");
}

#[test]
fn tuplets_of_any_size_are_read() {
    check_all(&[
        ("(1:2:2CD", "C4:48 D4:48", "both"),
        ("(12CDEFGABcdefg", "C4:24 D4:24 E4:24 F4:24 G4:24 A4:24 B4:24 C5:24 D5:24 E5:24 F5:24 G5:24", "abc2midi"),
        ("(12:8:3CDEF", "C4:16 D4:16 E4:16 F4:24", "4.13: 12 in the time of 8, for 3 notes"),
        ("(3::2CDE", "C4:16 D4:16 E4:24", "4.13"),
    ]);
}

#[test]
fn accidentals_reach_as_far_as_the_book_says() {
    let abc = |reach: &str| format!("%%propagate-accidentals {reach}\nK:C\n^FFf|F");
    check(&abc("not"), "F#4:24 F4:24 F5:24 F4:24");
    check(&abc("octave"), "F#4:24 F#4:24 F5:24 F4:24");
    check(&abc("pitch"), "F#4:24 F#4:24 F#5:24 F4:24");
    // The default of section 11.3; abc2midi.
    check("^FFf|F", "F#4:24 F#4:24 F#5:24 F4:24");
    check("K:D\nG=cG ECE|", "G4:24 C5:24 G4:24 E4:24 C4:24 E4:24");
}

#[test]
fn overlays_are_a_second_voice_whatever_they_hold() {
    check_all(&[
        ("C4D4 & E4F4|G8|", "C4:96 D4:96 G4:192", "7.4"),
        ("C4D4 & (3:2:2E4F4|G8|", "C4:96 D4:96 G4:192", "a tuplet with colons"),
        ("C4D4 & [K:D]F4[M:3/4]F4|G8|", "C4:96 D4:96 G4:192", "fields"),
        ("C4D4|E8 && F8|F8|G8|", "C4:96 D4:96 E4:192 G4:192", "7.4: back by two bars"),
        ("C4- & E4-|C4 G4|", "C4:192 G4:96", "ties of the first voice"),
    ]);
}

#[test]
fn symbols_that_are_no_chords_are_said_and_end_the_one_before() {
    let chords = |abc: &str| {
        let name = |chord: Option<Chord>| chord.map_or_else(|| "none".to_owned(), |chord| chord.to_string());
        let chords = tune(abc).chords;
        chords.iter().map(|(at, chord)| format!("{}:{}", at.0, name(*chord))).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(chords("\"G7\"C4\"C7x\"D4|"), "0:G7 96:none");
    // Remarks and section names are not chords.
    assert_eq!(chords("\"G7\"C4\"A1\"D4\"Coda\"E4\"Fine\"F4\"^C7x\"G4|"), "0:G7");
    let skipped = parse_book("X:5\nK:C\n\"G7\"C4\"C7x\"D4|", "book").skipped;
    assert_eq!(skipped.len(), 1);
    assert!(skipped[0].to_string().starts_with("book, tune 5, line 3: “C7x” is not a chord; write"), "{}", skipped[0]);
}
