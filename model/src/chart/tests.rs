use super::*;

const BAR: i64 = 192;

/// Checks the chords at each half bar from `from` on, as written.
fn check(text: &str, from: i64, expected: &[&str]) {
    let chart = Chart::parse(text).unwrap().unwrap();
    let name = |half: usize| {
        let chord = chart.at(Ticks(from + BAR / 2 * i64::try_from(half).unwrap()), Metre::COMMON);
        chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string())
    };
    assert_eq!((0..expected.len()).map(name).collect::<Vec<_>>(), expected, "{text}");
}

/// A chart begins again after its length in any metre; a chart that is played once has no length.
#[test]
fn a_chart_repeats_after_its_length_in_any_metre() {
    let waltz = Metre::new(3, 4).unwrap();
    let chart = Chart::parse("|: C F :| G | N.C.").unwrap().unwrap();
    for (metre, length) in [(Metre::COMMON, 4 * 192), (waltz, 4 * 144)] {
        assert_eq!(chart.length(metre), Some(Ticks(length)));
        for place in -30..30 {
            let place = place * 36;
            assert_eq!(chart.at(Ticks(place), metre), chart.at(Ticks(place + length), metre), "{place}");
        }
    }
    assert_eq!(Chart::once(Vec::new()).length(Metre::COMMON), None);
}

/// Bars are shared by their chords, and the chart begins again after the last one.
#[test]
fn bars_are_shared_by_their_chords() {
    let chart = "| Dm7 G7 | Cmaj7 |";
    check(chart, 0, &["Dm7", "G7", "Cmaj7", "Cmaj7", "Dm7", "G7"]);
    check(chart, -BAR, &["Cmaj7", "Cmaj7", "Dm7"]);
    check(chart, -5 * BAR, &["Cmaj7", "Cmaj7", "Dm7"]);
    check("C7 | N.C. F7/A", 0, &["C7", "C7", "N.C.", "F7/A"]);
}

#[test]
fn repeats_and_repeated_bars_are_played_out() {
    check("|: C | % :| G7 |", 0, &["C", "C", "C", "C", "C", "C", "C", "C", "G7", "G7", "C"]);
    check("F\nG |: C :|\n", 0, &["F", "F", "G", "G", "C", "C", "C", "C", "F"]);
}

#[test]
fn a_stretch_reaches_up_to_the_next_chord_or_bar() {
    for (text, metre) in [("C7 | F7 G7 | C7 A7 D7 | N.C. |", (4, 4)), ("C G Am F C | E", (7, 8)), ("C F G", (2, 4))] {
        let chart = Chart::parse(text).unwrap().unwrap();
        let metre = Metre::new(metre.0, metre.1).unwrap();
        let mut at = Ticks(-3 * metre.bar().0);
        while at < Ticks(9 * metre.bar().0) {
            let (chord, until) = chart.stretch_at(at, metre);
            assert!(until > at && until - at <= metre.bar());
            for moment in at.0..until.0 {
                assert_eq!(chart.at(Ticks(moment), metre), chord, "{text}: {moment} from {at:?}");
                assert_eq!(chart.stretch_at(Ticks(moment), metre).1, until);
            }
            let bars = until.0.div_euclid(metre.bar().0) - at.0.div_euclid(metre.bar().0);
            assert!(bars == 0 || until.0 % metre.bar().0 == 0, "{text}: a stretch ends with its bar");
            at = until;
        }
    }
}

#[test]
fn a_mistake_is_said_with_its_bar() {
    let sentence = |text: &str| Chart::parse(text).unwrap_err().to_string();
    assert!(sentence("| C | Dm7 Hx7 |").starts_with("bar 2: "), "{}", sentence("| C | Dm7 Hx7 |"));
    assert!(sentence("| % | C |").starts_with("bar 1: %"));
    assert!(sentence(":| D").starts_with("bar 1: :|"));
    assert!(sentence("| C |: D | E").starts_with("bar 2: |:"));
    assert_eq!(Chart::parse(" | \n "), Ok(None));
    let long = format!("|: {} :|", "C | ".repeat(400));
    assert_eq!(Chart::parse(&long), Err(ChartError::TooLong));
}

#[test]
fn a_chord_that_is_played_once_holds_until_the_next() {
    let chord = |text| Chord::parse(text).unwrap();
    let chart = Chart::once(vec![(Ticks(0), chord("C")), (Ticks(96), chord("F")), (Ticks(144), None)]);
    for (moment, expected) in [(-1, "NC"), (0, "C"), (95, "C"), (96, "F"), (144, "NC"), (900, "NC")] {
        assert_eq!(chart.at(Ticks(moment), Metre::COMMON), chord(expected), "at {moment}");
    }
}

/// Each bar as it is played, as it would be written again.
fn played(text: &str) -> String {
    Chart::parse(text)
        .map_or_else(|error| error.to_string(), |chart| chart.map_or_else(String::new, |chart| chart.to_string()))
}

/// Each row: a chart, its bars as they are played, and the source of the notation.
#[test]
fn charts_are_read_as_musicians_write_them() {
    for (text, expected, source) in [
        ("C7 | | F7", "C7 | C7 | F7", "an empty bar goes on with the chord"),
        ("C7 |   |   | F7 |", "C7 | C7 | C7 | F7", "three of them"),
        ("C7 || F7 |]", "C7 | F7", "a double line is one line"),
        ("| C7 |\n| F7 |\n", "C7 | F7", "each line begins and ends with a stroke"),
        ("C7 |\n\n| F7", "C7 | F7", "lines in between are no bars"),
        ("C :| D", "C | C | D", "without its beginning"),
        ("A | B :| C :| D", "A | B | A | B | C | C | D", "back to the last repeat"),
        ("A || B :| C", "A | B | B | C", "back to the double line"),
        ("|: A :| x3 B", "A | A | A | B", "three times"),
        ("|: A :| 3x | B", "A | A | A | B", "three times"),
        ("{A | B} C", "A | B | A | B | C", "iReal Pro"),
        ("|: A |1 B :|2 C | D", "A | B | A | C | D", "two endings"),
        ("A |1 B :|2 C || D", "A | B | A | C | D", "without the beginning"),
        ("|: A |1,2 B :|3 C |", "A | B | A | B | A | C", "an ending for two passes"),
        ("|: A | [1 B :| [2 C :| D", "A | B | A | C | D", "with brackets; the last one closed too"),
        ("|: A | 1. B :| 2. C |", "A | B | A | C", "with points"),
        ("|: A |1 B |2 C | D", "A | B | A | C | D", "the repeat sign left out"),
        ("|: A |1 B :| C", "A | B | A | C", "one ending only"),
        ("G / D7 | C", "G / D7 | C", "a slash is a beat"),
        ("| Am . . . | C . G . |", "Am / / / | C / G /", "ChordPro's grid"),
        ("C //// | F", "C / / / / | F", "slashes together"),
        ("C | / / G7 / | F", "C | C / G7 / | F", "the chord goes on over the line"),
        ("C | % | x", "C | C | C", "the bar before again"),
        ("3/4 C | F | 4/4 G | %", "3/4 C | F | 4/4 G | G", "metres"),
        ("4/4: C | 3/4: F G A | G", "4/4 C | 3/4 F G A | G", "with a colon"),
        ("T34 C | T44 F | T12 G", "3/4 C | 4/4 F | 12/8 G", "iReal Pro"),
        ("{time: 6/8}\n| C | F", "6/8 C | F", "ChordPro"),
        ("{title: Blues}\n{start_of_grid}\n| C | F |\n{end_of_grid}", "C | F", "ChordPro"),
        ("[A] C | F | [B1] G", "C | F | G", "names of sections"),
        ("*A C | F *B| G", "C | F | G", "iReal Pro"),
        ("[Verse]\nC | F\n[Bridge]\nG", "C | F | G", "on lines of their own"),
        ("[| C | F |]", "C | F", "thick lines"),
        ("C7 b9 | G7 sus4 | C 7", "C7alt | G7sus4 | C7", "written apart"),
        ("Dm7(Em7) | Dm7 (G7)", "Dm7 | Dm7 G7", "instead, and behind"),
        ("C^7 A-7 | Dh7 | n", "Cmaj7 Am7 | Dm7b5 | N.C.", "iReal Pro"),
        ("H7 | E | Bb", "B7 | E | Bb", "German"),
    ] {
        assert_eq!(played(text), expected, "{text}: {source}");
        assert_eq!(played(expected), expected, "{text}: read again");
    }
}

#[test]
fn what_is_wrong_in_a_chart_is_said_with_its_bar() {
    for (text, expected) in [
        ("|: C | |: F :| G :|", "bar 3: |: begins a repeat within another one; write :| where that one ends"),
        ("|: C |: F :| G", "bar 2: |: begins a repeat within another one; write :| where that one ends"),
        ("| | C", "bar 1: the chord before continues here, but there is none; write N.C. for no chord"),
        ("/ C", "bar 1: the chord before continues here, but there is none; write N.C. for no chord"),
        ("C | % G", "bar 2: % stands for a whole bar; write / for a beat on which the chord goes on"),
        ("C | G %", "bar 2: % stands for a whole bar; write / for a beat on which the chord goes on"),
        ("C | F 3/4 G", "bar 2: the metre 3/4 is inside the bar; write it at the beginning of a bar"),
        (
            "C | 3/4 G",
            "bar 2: the metre changes, but the chart does not say with which one it begins; write it before bar 1",
        ),
        ("C | 3/5 G", "bar 2: 3/5 is not a metre; write one such as 3/4"),
        (
            "| C | [F] | G",
            "bar 2: [F] is read as the name of a section, but no chord follows; write chords without brackets",
        ),
        ("H7 | E | B7", "bar 3: next to H, B may mean B flat; write Bb for B flat and B for B natural"),
        ("C |2 F", "bar 2: an ending cannot have the number 2; write |1 and |2"),
        ("|: C |9 F :|", "bar 2: an ending cannot have the number 9; write |1 and |2"),
    ] {
        assert_eq!(played(text), expected, "{text}");
    }
    for text in ["C | D.C. al Fine", "C | Coda", "C | r", "C | %%", "C ~ F"] {
        let bar = if text == "C ~ F" { "bar 1: " } else { "bar 2: " };
        assert!(played(text).starts_with(bar) && played(text).contains("is not a chord"), "{text}: {}", played(text));
    }
}

#[test]
fn bars_keep_their_own_metre_in_any_song() {
    let chart = Chart::parse("4/4 C | F | 3/4 G A B | 6/8 Am").unwrap().unwrap();
    for metre in [Metre::COMMON, Metre::new(7, 8).unwrap()] {
        assert_eq!(chart.length(metre), Some(Ticks(192 + 192 + 144 + 144)));
        for (moment, name) in
            [(0, "C"), (191, "C"), (192, "F"), (384, "G"), (432, "A"), (480, "B"), (528, "Am"), (672, "C"), (-1, "Am")]
        {
            assert_eq!(chart.at(Ticks(moment), metre).unwrap().to_string(), name, "at {moment}");
        }
    }
    let metres = chart.metres(Metre::COMMON).iter().map(|metre| metre.numerator).collect::<Vec<_>>();
    assert_eq!(metres, [4, 4, 3, 6]);
    assert_eq!(chart.later_by(1).to_string(), "6/8 Am | 4/4 C | F | 3/4 G A B");
    assert_eq!(chart.later_by(5), chart.later_by(1));
    let waltz = Metre::new(3, 4).unwrap();
    let arranged = chart.arranged(&[(0, Metre::COMMON), (2, waltz), (0, Metre::COMMON), (6, waltz)]);
    assert_eq!(arranged.to_string(), "4/4 C | 3/4 G A B | 4/4 C | 3/4 G A B");
}

#[test]
fn no_text_makes_the_reader_of_charts_panic() {
    let words = [
        "C", "|", ":", "|:", ":|", "[", "]", "{", "}", "1", "2.", "%", "/", ".", "3/4", "T34", "*", " ", "\n", "x3",
        "b9", "é", "‖", "(", "H",
    ];
    let mut dice: u64 = 1;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..(dice >> 60) + 3 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(words[usize::try_from(dice >> 40).unwrap() % words.len()]);
        }
        if let Ok(Some(chart)) = Chart::parse(&text) {
            let again = chart.to_string();
            assert_eq!(Chart::parse(&again), Ok(Some(chart)), "{text:?} as {again:?}");
        }
    }
}

/// The numbers of endings ascend from 1 to 8. A range is checked before it is written out: it may be as long as the
/// largest number.
#[test]
fn endings_have_numbers_from_one_to_eight() {
    for good in ["|: C |1 F :|2 G |", "|: C |1,2 F :|3 G |", "|: C |1-3 F :|4 G |", "|: C |1,2-4 F :|5-8 G :|"] {
        assert!(Chart::parse(good).is_ok(), "{good}");
    }
    for bad in ["1-0555555555555555", "1-9", "0", "2-1", "1,1", "1,3-2", "1-18446744073709551615", "1,2,2"] {
        let text = format!("|: C |{bad}m F :|");
        assert!(Chart::parse(&text).is_err(), "{text}");
        let text = format!("|: C |{bad} F :|");
        assert!(Chart::parse(&text).is_err(), "{text}");
    }
}

/// A bar that would be copied five hundred times is not as long as a file.
#[test]
fn a_bar_has_at_most_sixty_four_chords_and_beats() {
    let bar = |chords: usize| format!("{} | %", "C ".repeat(chords));
    assert!(Chart::parse(&bar(64)).is_ok());
    let sentence = Chart::parse(&bar(65)).unwrap_err().to_string();
    assert_eq!(sentence, "bar 1 has more than 64 chords and beats; part it with |");
    assert!(Chart::parse(&"/".repeat(100_000)).is_err());
}
