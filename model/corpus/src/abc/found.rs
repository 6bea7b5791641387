//! The smallest inputs of what was once read wrongly in books from elsewhere, each with its right reading.
//!
//! Where it is not said otherwise, abc2midi 4.84 and abcjs 6 agree on it.

use super::tests::{check, check_bars, check_refused, tune};
use super::*;
use segue_model::chord::Chord;

/// What is skipped in a tune, in words.
fn skipped(abc: &str) -> Vec<String> {
    parse_book(&format!("X:1\nM:4/4\nL:1/8\nK:C\n{abc}"), "book").skipped.iter().map(ToString::to_string).collect()
}

#[test]
fn each_input_that_was_read_wrongly_is_read_right() {
    for (abc, expected) in [
        // Decorations within chords.
        ("[!slide!CE]4 G4|", "C4+E4:96 G4:96"),
        ("[+slide+CE]4 G4|", "C4+E4:96 G4:96"),
        // A chord of unequal lengths.
        ("[e C4]d c2 B2 A2|", "C4:96+E5:24 D5:24 C5:48 B4:48 A4:48"),
        // Text blocks.
        ("C4 D4|\n%%begintext\nBe Gentle and feed cabbage\n%%endtext\nE4 F4|", "C4:96 D4:96 E4:96 F4:96"),
        ("C4 D4|\n%%beginps\nBe Gentle\n%%endps\nE4 F4|", "C4:96 D4:96 E4:96 F4:96"),
        ("C4 D4|\n%%beginsvg\nBe Gentle\n%%endsvg\nE4 F4|", "C4:96 D4:96 E4:96 F4:96"),
        // Labels of parts: in an open repeat, behind an upbeat, not in the order, and with words in the order.
        ("|:C4 D4|\nP:x\nE4 F4:|", "C4:96 D4:96 E4:96 F4:96 C4:96 D4:96 E4:96 F4:96"),
        ("M:3/4\nL:1/8\nK:C\nG2|\\\nP:A\nc4 d2|e4:|", "G4:48 C5:96 D5:48 E5:96 G4:48 C5:96 D5:48 E5:96"),
        ("P:AB\nL:1/8\nK:C\nP:A\nC4 D4|\nP:segno\nE4 F4|\nP:B\nG8|", "C4:96 D4:96 E4:96 F4:96 G4:192"),
        ("P:AB\nL:1/8\nK:C\nP:A\n[V:1]C8|\n[V:2]E8|\nP:B\n[V:1]D8|", "C4:192 D4:192"),
        ("P:AABA last time\nL:1/8\nK:C\nP:A\nC4|\nP:B\nD4|", "C4:96 C4:96 D4:96 C4:96"),
        // Octave and transposition of a voice.
        ("V:1 octave=-1\nC", "C3:24"),
        ("V:T clef=treble-8\nC", "C3:24"),
        ("V:B transpose=-12\nC", "C3:24"),
        ("%%MIDI transpose -12\nC", "C3:24"),
        // The first voice only rests.
        ("V:1\nz8|\nV:2\nC8|", "C4:192"),
        // Decorations and chords of old.
        ("!D.C. al Fine!C4", "C4:96"),
        ("+C2 E2+G2", "C4+E4:48 G4:48"),
        ("+C2E2+G2", "C4+E4:48 G4:48"),
        // Endings in words, keys with accidentals, tuplets of any size.
        ("C4|[\"last time\"A2B2|]", "C4:96 A4:48 B4:48"),
        ("K:Dm^c\nCB", "C#4:24 A#4:24"),
        ("K:C♯m\nCB", "C#4:24 B4:24"),
        ("K:Ador^g\nGF", "G#4:24 F#4:24"),
        ("(1:2:2CD", "C4:48 D4:48"),
        ("(10CDEFGABcde", "C4:24 D4:24 E4:24 F4:24 G4:24 A4:24 B4:24 C5:24 D5:24 E5:24"),
        // An accidental holds in all octaves (ABC 2.1, section 11.3; abc2midi).
        ("K:D\nG=cG ECE|", "G4:24 C5:24 G4:24 E4:24 C4:24 E4:24"),
    ] {
        check(abc, expected);
    }
    for (metre, expected) in [("3/8+2/8+3/8", "0 8/8"), ("2/4+3/8", "0 7/8"), ("3", "0 3/4"), ("2", "0 2/2")] {
        check_bars(&format!("M:{metre}\nL:1/8\nK:C\nC"), expected);
    }
    let tune = tune("Q:1/4=180\nL:1/4\nK:C\nC");
    assert_eq!(tune.tempos.iter().map(|tempo| tempo.bpm().round()).collect::<Vec<_>>(), [180.0]);
    assert_eq!(tune.sharps, Some(0));
}

#[test]
fn a_symbol_that_is_passed_over_is_never_the_one_before() {
    let chords = |abc: &str| {
        let name = |chord: &Option<Chord>| chord.map_or_else(|| "none".to_owned(), |chord| chord.to_string());
        let chords = tune(abc).chords;
        chords.iter().map(|(at, chord)| format!("{}:{}", at.0, name(chord))).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(chords("\"G7\"z4\"C7m\"C4|"), "0:G7 96:Cm7", "which is a symbol");
    assert_eq!(chords("\"G7\"z4\"C7mm\"C4|"), "0:G7 96:none", "which is none, and said");
    assert_eq!(chords("\"G7\"z4\"^N.C.\"C4|"), "0:G7 96:none", "as abc2midi takes it without a complaint");
    assert!(skipped("\"G7\"z4\"C7mm\"C4|")[0].starts_with("book, tune 1, line 5: “C7mm” is not a chord; write"));
}

/// Overlays of one bar, of several (`&&`), and between `(&` and `&)`, also at the end of a tune.
#[test]
fn overlays_of_any_length_are_left_out_with_a_word() {
    for (abc, expected) in [
        ("C4D4 & E4F4|G8|", "C4:96 D4:96 G4:192"),
        ("C4D4|E8 && F8|F8|G8|", "C4:96 D4:96 E4:192 G4:192"),
        ("C4D4|E8 &&\nF8|F8|G8|", "C4:96 D4:96 E4:192 G4:192"),
        ("C4D4|E8|F8 &&& c8|c8|c8|G8|", "C4:96 D4:96 E4:192 F4:192 G4:192"),
        ("C4D4 & E4F4 & G4A4|G8|", "C4:96 D4:96 G4:192"),
        ("C4D4 & E4F4", "C4:96 D4:96"),
        ("|:C4D4|E8 && F8|F8:|G8|", "C4:96 D4:96 E4:192 C4:96 D4:96 E4:192 G4:192"),
        ("(& C8|D8 & E8|F8 &) G8|", "C4:192 D4:192 G4:192"),
        ("A8|(& C8|D8 & E8|F8 & c8|c8 &)|G8|", "A4:192 C4:192 D4:192 G4:192"),
        ("(& C8|D8 & E8|F8", "C4:192 D4:192"),
    ] {
        check(abc, expected);
        assert_eq!(
            skipped(abc)[0],
            format!("book, tune 1, line {}: of several voices in a bar (&) the first is read", 5)
        );
    }
}

/// Jumps are for players: abc2midi and abcjs read past them, and so does Segue, but not without a word.
#[test]
fn jumps_are_not_followed_and_that_is_said() {
    const SAID: &str = "a jump is not followed, and the music is read once as it stands: ";
    for (abc, jump) in [
        ("C4!D.C.!|", "D.C."),
        ("C4!D.S.!|", "D.S."),
        ("C4!dacapo!|", "dacapo"),
        ("C4!dacoda!|", "dacoda"),
        ("C4!D.C.alcoda!|", "D.C.alcoda"),
        ("C4!D.S.alfine!|", "D.S.alfine"),
        ("C4!D.C. al Fine!|", "D.C. al Fine"),
        ("C4+D.C.+|", "D.C."),
        ("\"D.S. al Coda\"C4|", "D.S. al Coda"),
        ("\"^Da Capo\"C4|", "^Da Capo"),
        ("\"To Coda\"C4|", "To Coda"),
    ] {
        check(abc, "C4:96");
        let expected = format!(
            "book, tune 1, line 5: {SAID}“{jump}”; write the music out, or give the order of its parts with P:"
        );
        assert_eq!(skipped(abc), [expected], "{abc}");
    }
    for abc in ["!fine!C4|", "!segno!C4|", "!coda!C4|", "\"Fine\"C4|", "\"D\"C4|", "\"Dsus\"C4|", "\"slowly\"C4|"] {
        assert_eq!(skipped(abc), Vec::<String>::new(), "a place and no jump: {abc}");
    }
}

#[test]
fn which_of_several_voices_is_read_is_said() {
    assert_eq!(
        skipped("V:1\nz8|\nV:S\nC8|\nV:3\nE8|"),
        ["book, tune 1, line 8: of its 2 voices the first one is read, V:S"]
    );
    assert_eq!(skipped("V:1\nC8|\nV:2\nz8|"), Vec::<String>::new(), "one with notes");
    check_refused("X:1\nK:C\nV:1\n[CE|\nV:2\nC|", Some(4), "a chord is never closed");
}
