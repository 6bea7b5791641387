//! In a duet Segue plays along, whatever the player plays, although each key makes it decide its next note again.

use crate::support::{ALL_BLOCKS, notes};
use segue_tests::bundle::Bundle;
use segue_tests::people::cases::Part;
use segue_tests::people::figures::{Figures, mean};
use segue_tests::people::repertoire::{Style, numbers};
use segue_tests::people::sessions::{self, Case};
use segue_tests::people::table::Row;
use segue_tests::people::trial::Trial;
use segue_tests::people::{Music, Player, patterns};
use segue_tests::performance::difference;
use std::ops::Range;

const BARS: i64 = 16;
const SEEDS: Range<u64> = 0..3;

fn play(cases: &[Case]) -> Vec<Row> {
    let plugin = segue_tests::bundle::checked_folder().join("Segue.clap");
    sessions::play(&plugin, cases, sessions::threads()).unwrap_or_else(|error| panic!("{error:#}"))
}

fn describe(row: &Row) -> String {
    let Row { style, mode, number, figures, .. } = row;
    let (density, silence) = (figures.density(), figures.longest_silence());
    let [off, short] = [figures.off_grid_percent(), figures.blips_percent()];
    format!(
        "{style}, {mode}, {number}: {density:.2} notes a beat, {silence:.1} beats of silence, {off:.1} % off the grid, \
         {short:.1} % under a thirty-second"
    )
}

/// Every key makes Segue decide its next note again. The decision not to play now must not be repeated at every key,
/// and a wait that was drawn must not end at the next key.
#[test]
fn segue_plays_along_in_every_style_whatever_the_player_plays() {
    let mut cases = Vec::new();
    for style in Style::ALL {
        for number in numbers(style, BARS).expect("all of it ships") {
            if ["quarters", "swung eighths", "tune", "ostinato", "held note"].contains(&number.name) {
                let trial = |player| Trial::duet(style.name(), number.played_by(player));
                cases.push(Case::new(style, "Duet", number.name, &SEEDS, trial));
            }
        }
    }
    let rows = play(&cases);
    for row in &rows {
        println!("{}", describe(row));
    }
    assert_eq!(rows.len(), 25);
    for row in &rows {
        let figures: &Figures = &row.figures;
        // Of the stretches of 24 bars in the solos that the styles were trained on, one in fourteen (Jazz) or twenty
        // (Blues) has a silence of more than eight beats, and one in a hundred of more than eleven.
        let longest = if ["Jazz", "Blues"].contains(&row.style.as_str()) { 11.0 } else { 8.0 };
        assert!(figures.longest_silence() <= longest, "{}", describe(row));
        // Notes for each beat in that music, give or take a third: three seeds are few.
        let own = match row.style.as_str() {
            "Jazz" => 1.51,
            "Blues" => 1.56,
            "Folk" => 1.49,
            "Irish" => 1.85,
            _ => 4.86,
        };
        assert!((figures.density() / own - 1.0).abs() < 0.34, "{}, its music {own}", describe(row));
    }
}

/// Over an ostinato Segue's notes do not get shorter and shorter.
/// Straight eighths under a style that swings used to be heard as other lengths, and each round of them was answered
/// with shorter notes.
#[test]
fn over_an_ostinato_notes_do_not_get_shorter_and_shorter() {
    let riffs: [&[u8]; 3] =
        [&[62, 69, 74, 69, 65, 69, 74, 69], &[60, 63, 67, 63, 70, 67, 63, 60], &[62, 69, 66, 69, 71, 69, 66, 64]];
    let mut cases = Vec::new();
    for style in [Style::Irish, Style::Folk, Style::Jazz, Style::Blues] {
        for (index, riff) in riffs.iter().enumerate() {
            let music = patterns::row("ostinato", riff, segue_model::note::Ticks(24), 24);
            let trial = |player: Player| Trial::duet(style.name(), player.plays(&music));
            cases.push(Case::new(style, "Duet", &format!("riff {index}"), &(0..2), trial));
        }
    }
    for row in play(&cases) {
        println!("{}", describe(&row));
        // Eighths are two for each beat. In solos one note in twenty is shorter than a thirty-second, and as many are
        // off the grid.
        assert!(row.figures.density() < 2.3, "{}", describe(&row));
        let most = if ["Irish", "Folk"].contains(&row.style.as_str()) { 0.5 } else { 5.0 };
        assert!(row.figures.blips_percent() <= most, "{}", describe(&row));
    }
}

/// Segue leaves room for a run of the player; a run that never ended used to silence it for good.
#[test]
fn a_player_who_never_stops_running_is_played_along_with() {
    let mut cases = Vec::new();
    for style in [Style::Irish, Style::Folk, Style::Jazz] {
        for (name, each) in [("sixteenths", 12), ("triplets", 16)] {
            let keys = [62, 64, 66, 67, 69, 71, 73, 74, 73, 71, 69, 67, 66, 64];
            let music = patterns::row(name, &keys, segue_model::note::Ticks(each), BARS);
            cases.push(Case::new(style, "Duet", name, &(0..2), |player: Player| {
                Trial::duet(style.name(), player.plays(&music))
            }));
        }
    }
    for row in play(&cases) {
        println!("{}", describe(&row));
        assert!(row.figures.longest_silence() <= 16.0 && row.figures.density() > 0.3, "{}", describe(&row));
    }
}

/// A player who repeats two bars gets other answers in turn. Segue used to find its last answer in its memory and to
/// play it again: of the answers in Irish and Folk, 76 % and 89 % had the rhythm of the one before.
#[test]
fn a_phrase_that_comes_again_is_answered_in_other_rhythms() {
    let bundle = Bundle::checked();
    for style in [Style::Irish, Style::Folk] {
        let (mut alike, mut pairs) = (0, 0);
        for seed in 0..4 {
            let played = Player::person(seed).plays(&patterns::steady_quarters(24));
            let trial = Trial::trade(style.name(), &played, 2).set("Seed", seed);
            let line = trial.play(&bundle).unwrap_or_else(|error| panic!("{error:#}"));
            let rhythm = |room: &Range<f64>| -> Vec<i64> {
                #[expect(clippy::cast_possible_truncation, reason = "two bars")]
                let ticks = |onset: f64| ((onset - room.start) * 48.0).round() as i64;
                line.iter().map(|note| ticks(note.onset)).filter(|tick| (0..384).contains(tick)).collect()
            };
            let rhythms: Vec<Vec<i64>> = trial.rooms.iter().map(rhythm).collect();
            alike += rhythms.windows(2).filter(|pair| pair[0] == pair[1]).count();
            pairs += rhythms.len() - 1;
        }
        println!("{style:?}: {alike} of {pairs} answers have the rhythm of the one before");
        assert!(alike * 100 <= pairs * 55, "{style:?}: {alike} of {pairs}");
    }
}

#[test]
fn presets_that_play_along_are_about_as_dense_with_every_seed() {
    let cases = Part::Presets.cases(&Style::ALL, None, &(0..8)).expect("they ship");
    let rows = play(&cases);
    assert_eq!(rows.len(), 2);
    for row in rows {
        let densities = &row.figures.densities;
        println!("{}: {densities:.2?}", describe(&row));
        for density in densities {
            let beside = (density / mean(densities) - 1.0).abs();
            assert!(beside <= 0.4, "{}: {density:.2} notes a beat with one seed", describe(&row));
        }
    }
}

#[test]
fn a_duet_with_a_person_is_the_same_in_all_blocks() {
    let music = Music::shipped("jazz", 1).expect("it ships").for_bars(6);
    let score = Player::person(3).gate(70.0, 15.0).timing(25.0).overlaps(20).plays(&music).score();
    for style in ["Jazz", "Folk", "Piano"] {
        let settings = [("Style", style), ("Mode", "Duet"), ("Seed", "5")];
        let first = notes(&settings, &score, ALL_BLOCKS[0]);
        assert!(first.len() > 8, "{style}: {} notes", first.len());
        for blocks in ALL_BLOCKS {
            assert_eq!(difference(&first, &notes(&settings, &score, blocks)), None, "{style}, {blocks:?}");
        }
    }
}
