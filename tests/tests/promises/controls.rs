//! What each control does over its whole range, in every style: one table, each row of which is checked.
//!
//! Two bars are played and eight answered, repeatedly. Only what sounds during the answers is counted.

use crate::support::{Settings, instance, notes};
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::people::figures::{Figures, Ground, Timed};
use segue_tests::people::trial::{Mode, Trial};
use segue_tests::people::{Music, Player};
use segue_tests::performance::Sounded;
use segue_tests::score::Score;
use std::fmt;
use std::ops::Range;

/// Each style, the tunes that are played to it, and the place of its second eighth in the beat by default.
const STYLES: [(&str, &str, [u32; 2], f64); 5] = [
    ("Jazz", "jazz", [1, 2], 0.62),
    ("Blues", "blues", [1, 2], 0.62),
    ("Folk", "folk", [1, 2], 0.5),
    ("Irish", "oneills", [1348, 946], 0.5),
    ("Piano", "piano", [1, 2], 0.5),
];
const PLAYED_BARS: i64 = 2;
const ANSWERED_BARS: i64 = 8;
/// The number of answers to each tune, which is also the number of seeds.
const ROUNDS: i64 = 3;
const SEEDS: u32 = 2;

/// The figures of the answers at one value.
struct Row {
    style: &'static str,
    control: &'static str,
    value: &'static str,
    figures: Figures,
}

impl Row {
    fn density(&self) -> f64 {
        self.figures.density()
    }

    fn longest_note(&self) -> f64 {
        self.figures.lengths.iter().copied().fold(0.0, f64::max)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, control, value, figures } = self;
        write!(out, "{style:<6} {control:<14} {value:>16} {:>8.2} {:>8.1}", self.density(), figures.longest_silence())?;
        write!(out, " {:>8.1} {:>8.1}", figures.off_grid_percent(), figures.blips_percent())?;
        write!(out, " {:>8.2} {:>8.2}", figures.median_length(), self.longest_note())?;
        write!(out, " {:>8.1} {:>3}", figures.velocity_step(), figures.empty_rooms + figures.poor_rooms)
    }
}

const HEADER: &str = concat!(
    "style  control                   value    notes  longest      off  shorter   middle  longest   step to answers\n",
    "                                      a beat  silence     grid  than 1/8   length     note   velocity under 4",
);

/// Two bars of a tune, then eight of rest, repeatedly.
fn music(book: &str, number: u32) -> Music {
    Music::shipped(book, number).expect("a tune").for_bars(PLAYED_BARS * ROUNDS).in_turns(PLAYED_BARS, ANSWERED_BARS)
}

fn rooms(music: &Music) -> Vec<Range<f64>> {
    let bar = music.bar().0 as f64 / 48.0;
    let turn = (PLAYED_BARS + ANSWERED_BARS) as f64 * bar;
    let room = |round: u32| {
        let from = f64::from(round) * turn;
        from + PLAYED_BARS as f64 * bar..from + turn
    };
    (0..u32::try_from(ROUNDS).expect("few")).map(room).collect()
}

/// The figures of a style's answers with these settings.
fn answers((style, book, tunes, swing): (&str, &str, [u32; 2], f64), settings: Settings<'_>) -> Figures {
    let mut figures = Figures::default();
    for (tune, seed) in tunes.into_iter().flat_map(|tune| (0..SEEDS).map(move |seed| (tune, seed))) {
        let music = music(book, tune).swung(swing);
        let score: Score = Player::exact(1).gate(95.0, 0.0).plays(&music).score();
        let (seed, length) = (seed.to_string(), ANSWERED_BARS.to_string());
        let usual = [("Style", style), ("Answer length", &*length), ("Sound", "Off"), ("Seed", &seed)];
        let played: Vec<Sounded> = notes(&[&usual, settings].concat(), &score, Blocks::Of(512));
        let line: Vec<Timed> = played.iter().map(|note| Timed::sounded(note, &score.timeline)).collect();
        let beat = music.metre.beat().0 as f64 / 48.0;
        let ground =
            Ground { rooms: &rooms(&music), begins: &[], seams: &[], steady: &[], swing, beat, chord_at: &|_| None };
        figures += Figures::of(&line, &ground);
    }
    figures
}

/// The rows of one control.
fn rows(
    control: &'static str,
    values: &[&'static str],
    set: impl Fn(&'static str) -> Vec<(&'static str, &'static str)>,
) -> Vec<Row> {
    println!("{HEADER}");
    let mut rows = Vec::new();
    for style in STYLES {
        // Keeps the weights loaded meanwhile.
        let _keeps = instance(&[("Style", style.0)]);
        for value in values {
            let row = Row { style: style.0, control, value, figures: answers(style, &set(value)) };
            println!("{row}");
            rows.push(row);
        }
    }
    rows
}

/// A longer silence is no rest any more. One in a hundred stretches of eight bars of a recorded solo has a silence of
/// 8.8 beats (blues) or 11.6 beats (jazz).
const LONGEST_SILENCE: f64 = 10.0;

/// Checks what holds in every row: there is an answer, it continues, and it leaves the grid no more often than with the
/// default settings.
fn check(row: &Row, usual: &Row) {
    const MORE_OFF_GRID: f64 = 12.0;
    assert_eq!(row.figures.empty_rooms + row.figures.poor_rooms, 0, "answers with fewer than four notes: {row}");
    assert!(row.figures.longest_silence() <= LONGEST_SILENCE, "a long silence: {row}");
    let most = usual.figures.off_grid_percent() + MORE_OFF_GRID;
    assert!(row.style == "Piano" || row.figures.off_grid_percent() <= most, "off the grid: {row}");
}

/// Checks that the density of each row is within these parts of the density at the usual value.
fn check_density(rows: &[Row], usual: &str, (least, most): (f64, f64)) {
    for row in rows {
        let usual =
            rows.iter().find(|other| other.style == row.style && other.value == usual).expect("the usual value");
        check(row, usual);
        let part = row.density() / usual.density();
        assert!((least..=most).contains(&part), "{part:.2} of the usual density: {row}");
    }
}

/// At every temperature there are about as many notes as at 1, within three tenths. (A dozen answers of eight bars give
/// a mean to within a tenth; in Piano, which plays chords or single notes, to within two tenths.)
#[test]
fn temperature_changes_the_notes_and_not_how_many() {
    let rows =
        rows("Temperature", &["0.05", "0.2", "0.5", "0.75", "1", "1.5", "2"], |value| vec![("Temperature", value)]);
    check_density(&rows, "1", (0.7, 1.3));
}

/// *Longest note* shortens notes and adds none, and no note sounds longer than it says.
#[test]
fn a_shorter_longest_note_makes_no_more_notes() {
    let rows = rows("Longest note", &["0.25", "0.5", "1", "2", "4", "16"], |value| vec![("Longest note", value)]);
    check_density(&rows, "16", (1.0, 1.0));
    for row in rows {
        let longest: f64 = row.value.parse().expect("a number");
        assert!(row.longest_note() <= longest + 0.001, "a longer note: {row}");
    }
}

#[test]
fn more_density_is_more_notes() {
    let rows = rows("Density", &["0 %", "25 %", "50 %", "75 %", "100 %"], |value| vec![("Density", value)]);
    for pair in rows.windows(2).filter(|pair| pair[0].style == pair[1].style) {
        let (less, more) = (&pair[0], &pair[1]);
        assert!(less.density() < more.density(), "more notes at less density: {less}, {more}");
        assert_eq!(less.figures.empty_rooms, 0, "no answer: {less}");
    }
}

/// Controls that limit the choice of pitches leave the rhythm alone: no value silences a style, doubles its notes, or
/// takes them off the grid.
#[test]
fn other_controls_neither_mute_nor_stutter() {
    const ABOUT: (f64, f64) = (0.6, 1.5);
    check_density(&rows("Memory", &["0 %", "50 %", "100 %"], |value| vec![("Memory", value)]), "100 %", ABOUT);
    check_density(&rows("Top-p", &["0.1", "0.5", "0.98", "1"], |value| vec![("Top-p", value)]), "0.98", ABOUT);
    let ranges = rows("Range", &["C-1 G9", "C-1 C3", "C4 C5", "C6 G9", "C4 C4"], |value| {
        let (low, high) = value.split_once(' ').expect("two keys");
        vec![("Lowest key", low), ("Highest key", high)]
    });
    // A single key cannot form a chord.
    let is_chords_of_one_key = |row: &Row| row.style == "Piano" && row.value == "C4 C4";
    let (one_key, ranges): (Vec<Row>, Vec<Row>) = ranges.into_iter().partition(is_chords_of_one_key);
    assert!(one_key[0].density() > 1.5, "{}", one_key[0]);
    check_density(&ranges, "C-1 G9", ABOUT);
    let scales =
        rows("Scale", &["Chromatic", "Major", "Locrian", "Minor pentatonic", "Blues"], |value| vec![("Scale", value)]);
    check_density(&scales, "Chromatic", ABOUT);
    let voices = rows("Polyphony", &["1", "2", "4", "16"], |value| vec![("Polyphony", value)]);
    check_density(&voices, "16", (0.65, 1.5));
}

/// Every scale, and not only the few of the table above.
#[test]
fn no_scale_mutes_segue_or_makes_it_stutter() {
    const SCALES: [&str; 13] = [
        "Chromatic",
        "Major",
        "Minor",
        "Harmonic minor",
        "Melodic minor",
        "Dorian",
        "Phrygian",
        "Lydian",
        "Mixolydian",
        "Locrian",
        "Major pentatonic",
        "Minor pentatonic",
        "Blues",
    ];
    for style in [STYLES[0], STYLES[3]] {
        let row = |value| Row { style: style.0, control: "Scale", value, figures: answers(style, &[("Scale", value)]) };
        let rows = SCALES.map(row);
        for row in &rows {
            println!("{row}");
        }
        check_density(&rows, "Chromatic", (0.6, 1.5));
    }
}

/// The same in trades of four bars and in duets, at the values that change most.
#[test]
fn in_trades_and_duets_controls_leave_the_rhythm_alone() {
    const BARS: i64 = 16;
    const TURN: i64 = 4;
    /// The share of the notes of recorded pianists that are shorter than a thirty-second, in percent.
    const SHORT_OF_PIANISTS: f64 = 31.3;
    let settings = [
        ("Temperature", "1"),
        ("Temperature", "0.05"),
        ("Temperature", "2"),
        ("Memory", "0 %"),
        ("Top-p", "0.1"),
        ("Scale", "Minor pentatonic"),
        ("Longest note", "0.5"),
        ("Polyphony", "1"),
    ];
    let bundle = Bundle::checked();
    println!("{HEADER}");
    for mode in [Mode::Trade, Mode::Duet] {
        for (style, book, tunes, swing) in STYLES {
            let _keeps = instance(&[("Style", style)]);
            let figures = |(control, value): (&str, &str)| {
                let mut figures = Figures::default();
                for seed in 0..2 * SEEDS {
                    let tune =
                        Music::shipped(book, tunes[seed as usize % 2]).expect("a tune").for_bars(BARS).swung(swing);
                    let played = Player::exact(seed.into()).gate(95.0, 0.0).plays(&tune);
                    let trial = match mode {
                        Mode::Trade => Trial::trade(style, &played, TURN),
                        Mode::Answer | Mode::Duet => Trial::duet(style, played),
                    };
                    let trial = trial.set(control, value).set("Seed", seed);
                    let line = trial.play(&bundle).unwrap_or_else(|error| panic!("{error:#}"));
                    figures += trial.figures(&line, swing);
                }
                figures
            };
            let rows =
                settings.map(|(control, value)| Row { style, control, value, figures: figures((control, value)) });
            for row in &rows {
                println!("{} {row}", mode.name());
                let most = if style == "Piano" { SHORT_OF_PIANISTS } else { 0.0 };
                assert!(row.figures.blips_percent() <= most, "clicks: {} {row}", mode.name());
            }
            check_density(&rows, "1", (0.6, 1.5));
        }
    }
}

/// The later an answer begins, the fewer notes it has; the longer it lasts, the more.
#[test]
fn gap_and_length_say_when_an_answer_begins_and_ends() {
    for row in rows("Response gap", &["0", "100", "500", "2000"], |value| vec![("Response gap", value)]) {
        // The longest gap is a bar at this tempo.
        assert_eq!(row.figures.empty_rooms + row.figures.poor_rooms, 0, "{row}");
        assert!(row.figures.longest_silence() <= LONGEST_SILENCE, "{row}");
    }
    let rows = rows("Answer length", &["1", "2", "4", "8"], |value| vec![("Answer length", value)]);
    for row in &rows {
        assert_eq!(row.figures.empty_rooms, 0, "no answer: {row}");
        assert!(row.value == "1" || row.figures.poor_rooms <= 3, "hardly an answer: {row}");
    }
    for pair in rows.windows(2).filter(|pair| pair[0].style == pair[1].style) {
        assert!(pair[1].density() > 1.4 * pair[0].density(), "{}, {}", pair[0], pair[1]);
    }
}
