use super::*;

/// Checks symbols, and how the first one is written again.
fn check(symbols: &str, expected: &str) {
    for symbol in symbols.split('|') {
        let read = Chord::parse(symbol).map(|chord| chord.map_or_else(|| "NC".to_owned(), |chord| chord.to_string()));
        assert_eq!(read, Ok(expected.to_owned()), "{symbol}");
    }
}

#[test]
fn every_chord_comes_back_as_it_was_written() {
    for kind in ChordKind::ALL {
        for (root, bass) in (0..OCTAVE).flat_map(|root| (0..OCTAVE).map(move |bass| (root, bass))) {
            let chord = Chord::new(root, kind, bass);
            assert_eq!(Chord::parse(&chord.to_string()), Ok(Some(chord)), "{chord}");
        }
    }
}

#[test]
fn lead_sheets_are_read() {
    check("C|CM|Cmaj|C(add9)|C5|C2|Cadd9|C no3|(C)| C ", "C");
    check("C6|C6/9|C69|Cmaj6|C6(9)", "C6");
    check("Cmaj7|CM7|CΔ7|CΔ|Cj7|Cma7|CMa7|Cmaj9|Cmaj7#11|Cmaj7(#11)|C7M|Cmaj13", "Cmaj7");
    check("C7|C9|C13|C11|C7#11|C9#11|C7(13)|C7(9,#11)|C7add13", "C7");
    check("C7b9|C7(b9)|C7#9|C7#5|C7b5|C7alt|Calt|C7b9b13|C7(b9,#11)|C7-9|C7+9|C7+5|C7+|C+7|Caug7|C7b13|C+9", "C7alt");
    check("Csus|Csus4|Csus2|C7sus|C7sus4|C9sus4|C13sus|C7sus4(b9)|C4", "C7sus4");
    check("Caug|C+|C(#5)|Cmaj7#5|C+j7", "Caug");
    check("Cm|Cmin|C-|Cmi|Cmadd9|Cm(add9)|C minor|Cm5", "Cm");
    check("Cm6|Cm69|Cm6/9|C-6|Cm(maj7)|CmM7|Cmmaj7|C-j7|C-Δ7|Cminmaj7", "Cm6");
    check("Cm7|C-7|Cmin7|Cmi7|Cm9|Cm11|Cm7(11)|C-7911|Cm7add11", "Cm7");
    check("Cm7b5|C-7b5|Cm7(b5)|Cø|Cø7|CØ7|Cm9b5|Cm7-5|Cmin7(b5)", "Cm7b5");
    check("Cdim|Cdim7|Co|Co7|C°|C°7|Cmb5|Cm(b5)", "Cdim7");
    check("NC|N.C.|NC.|N.C| NC", "NC");
}

#[test]
fn roots_and_basses_are_read_with_all_their_accidentals() {
    for (symbol, expected) in [
        ("F#dim", "F#dim7"),
        ("Gb7", "F#7"),
        ("Cb", "B"),
        ("E#m", "Fm"),
        ("Bbb6", "A6"),
        ("B♭maj7", "Bbmaj7"),
        ("F♯m7", "F#m7"),
        ("Am/G", "Am/G"),
        ("G7/B", "G7/B"),
        ("C6/9/E", "C6/E"),
        ("D/F#", "D/F#"),
        ("C/C", "C"),
    ] {
        check(symbol, expected);
    }
}

#[test]
fn the_symbols_of_the_weimar_database_are_read() {
    for (symbols, expected) in [
        ("D-7|D-7911|D-79|D-7913|D-79b", "Dm7"),
        ("Fj7|Fj79|Fj7911#|Fj79#", "Fmaj7"),
        ("Ebj7911#", "Ebmaj7"),
        ("G7|G79|G7911#|G7913|G7911", "G7"),
        ("D79b|D79#|D79#11#|D79b13b|D7alt|D7913b|D79b13|D79#13|D+7|D+79#|D+7911#|D+79b|D+79", "D7alt"),
        ("Bbsus|Bbsus7|Bbsus79|Bbsus7913", "Bb7sus4"),
        ("C-j7|C-j7913|C-j7911#|C-6|C-69", "Cm6"),
        ("F69|F6|F6911#", "F6"),
        ("Am7b5", "Am7b5"),
        ("Ao|Ao7", "Adim7"),
        ("F+j7|F+", "Faug"),
        ("A#79b", "Bb7alt"),
        ("C#sus79", "Db7sus4"),
        ("Fb-7", "Em7"),
        ("C-/Bb", "Cm/Bb"),
        ("Dbj7911#/C", "Dbmaj7/C"),
        ("Bj7/A#", "Bmaj7/Bb"),
        ("F+/Ab", "Faug/Ab"),
        ("Db-69/Ab", "Dbm6/Ab"),
    ] {
        check(symbols, expected);
    }
}

#[test]
fn the_symbols_of_nottingham_are_read() {
    for (symbol, expected) in [
        ("D/f+", "D/F#"),
        ("Gm/bb", "Gm/Bb"),
        ("Gd", "Gdim7"),
        ("D#d", "Ebdim7"),
        ("Ea", "Eaug"),
        ("Fa7", "F7alt"),
        ("(E7)", "E7"),
        ("D m", "Dm"),
        (" B7", "B7"),
        ("Em/d+", "Em/Eb"),
    ] {
        check(symbol, expected);
    }
}

#[test]
fn what_is_no_chord_is_refused_with_what_could_be_written() {
    for text in [
        "",
        " ",
        "Fine",
        "D.C.",
        "D.S.",
        "Coda",
        "Bridge",
        "Add",
        "Dad",
        "c",
        "dm7",
        "C8",
        "C7x",
        "Cmdim",
        "C//E",
        "C#9b",
        "C7/",
        "Da Capo",
        "End",
        "Cmm",
        "^C",
        "Emajor scale",
        "C1",
        "(C",
        "Gadd",
    ] {
        assert_eq!(Chord::parse(text), Err(ChordError { symbol: text.to_owned() }), "{text}");
    }
    let sentence = Chord::parse("Fine").unwrap_err().to_string();
    assert!(sentence.starts_with("“Fine” is not a chord; write a root") && sentence.contains("NC"), "{sentence}");
}

#[test]
fn no_text_makes_the_reader_panic() {
    let letters: Vec<char> = "CGb#♭-+79156/()jmadsuoΔ .é".chars().collect();
    let mut dice: usize = 1;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..dice % 8 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push(letters[(dice >> 33) % letters.len()]);
        }
        dice = dice.wrapping_add(1).wrapping_mul(2_862_933_555_777_941_757);
        if let Ok(Some(chord)) = Chord::parse(&text) {
            assert_eq!(Chord::parse(&chord.to_string()), Ok(Some(chord)), "{text}");
        }
    }
}

/// Each row: the symbols, their meaning, and the source of the notation.
#[test]
fn the_symbols_of_ireal_and_of_fake_books_are_read() {
    for (symbols, expected, _source) in [
        ("C^|C^7|C^9|C^13|C^9#11|CMA7|CMA9|Cma13|CMaj7|Cmaj7/9", "Cmaj7", "iReal Pro; The New Real Book"),
        ("Ch|Ch7|Ch9|C∅7|Cmi7(b5)|CMI7(b5)", "Cm7b5", "iReal Pro: h is half-diminished"),
        (
            "C-^7|C-^9|Cm/maj7|Cm(#7)|Cm#7|Cmi(MA7)|CMI(MA7)|Cm(+7)",
            "Cm6",
            "the kind of chord with a minor third and a major seventh",
        ),
        ("CMI7|CMi7|Cmi9|C7m|C9m|C–7|C—7|Cm/7|Cm(b7)", "Cm7", "The New Real Book; with dashes of a word processor"),
        ("Cma6|CMA6|C6/9|C69", "C6", "The New Real Book"),
        ("CMI|CMi|C–", "Cm", "The New Real Book"),
        ("C0|C07|Cdim.|Cdim.7", "Cdim7", "a nought for the circle"),
        ("C/9|Cma", "C", "an added tone"),
        ("C7b9sus|C7susadd3|C7/sus4|C74|C7/4", "C7sus4", "iReal Pro; European song books"),
        ("C7–9|C7 b9|C7 (b9)|C13#9|C7b9#11", "C7alt", "with blanks and dashes"),
        ("H7|Cb7", "B7", "German"),
        ("Hm7b5/H", "Bm7b5", "German"),
        ("n.c.|N.c.|nc|No chord|tacet", "NC", "in any case"),
        ("Dm7(Em7)|Dm7 (G7/B)", "Dm7", "what may be played instead"),
    ] {
        check(symbols, expected);
    }
}

#[test]
fn what_may_mean_two_things_is_refused() {
    for text in ["C7-", "C7(B9)", "C/", "C7//9", "C0x", "Hx", "Cm0"] {
        assert!(Chord::parse(text).is_err(), "{text}");
    }
}
